//! What a person or CI runs: `cargo xtask setup|test|demo|bench|invariants`.

mod invariants;
mod setup;
mod shell;
mod test;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  setup        install what the tests and the demo need (packages, a Python environment, kryoptic)
  test         set up, then run every check: formatting, clippy, docs, licences, invariants, tests
  demo         build kyso and run the whole story: token, signature, verification, journal
  bench        measure speed and memory as ratios of one run; also written to target/bench/
  fuzz [SECS]  run every fuzz target for SECS seconds each (default 30)
  invariants   check the invariants of ARCHITECTURE.md alone
";

fn main() {
    if let Err(error) = run() {
        eprintln!("xtask: {error:#}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match command.as_str() {
        "setup" => setup::everything(),
        "test" => test::all(),
        "demo" => {
            setup::softhsm_if_possible();
            shell::cargo(["run", "--quiet", "--release", "--package", "kyso-cli", "--", "demo"])
                .args(&rest)
                .run()
        }
        "bench" => {
            setup::softhsm_if_possible();
            shell::cargo(["build", "--quiet", "--release", "--package", "kyso-cli"]).run()?;
            shell::cargo(["run", "--quiet", "--release", "--package", "kyso-bench", "--"])
                .args(&rest)
                .run()
        }
        "fuzz" => test::fuzz(rest.first().map_or("30", String::as_str)),
        "invariants" => invariants::check(),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
}
