//! The whole test command, in the order in which a failure is cheapest to learn of.

use std::time::Instant;

use anyhow::Result;

use crate::shell::{cargo, has, program, root};
use crate::{invariants, setup};

/// Every check that CI makes; the test runner speaks last, so that its closing line stands last.
pub(crate) fn all() -> Result<()> {
    let started = Instant::now();
    let step = |name: &str| eprintln!("== {name} ({} s)", started.elapsed().as_secs());

    step("set-up");
    setup::everything()?;
    step("formatting");
    cargo(["fmt", "--all", "--check"]).run()?;
    step("invariants");
    invariants::check()?;
    step("clippy");
    cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    step("docs");
    cargo(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    if program("cargo", ["deny", "--version"]).quiet_success() {
        step("licences, bans, sources");
        cargo(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]).run()?;
    } else {
        eprintln!("cargo-deny is not installed (cargo install cargo-deny): licences not checked");
    }
    step("documentation's examples");
    cargo(["test", "--quiet", "--workspace", "--doc"]).run()?;
    step("tests");
    if has("cargo-nextest") {
        cargo(["nextest", "run", "--workspace", "--no-fail-fast"]).run()
    } else {
        cargo(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]).run()
    }
}

/// Runs every fuzz target for a while; not part of [`all`].
pub(crate) fn fuzz(seconds: &str) -> Result<()> {
    let folder = root().join("fuzz");
    let listed = program("cargo", ["fuzz", "list"]).in_folder(&folder).quiet()?;
    for target in String::from_utf8_lossy(&listed).lines() {
        eprintln!("== {target}, {seconds} s");
        program("cargo", ["fuzz", "run", target, "--"])
            .args([format!("-max_total_time={seconds}"), "-rss_limit_mb=2048".to_owned()])
            .env("RUSTC_BOOTSTRAP", "1")
            .in_folder(&folder)
            .run()?;
    }
    Ok(())
}
