//! Measures kyso as ratios against bare operations of the same run.
//!
//! Every figure is the median of seven rounds in which the bare operation and ours alternate; a round during
//! which other processes used more than a quarter of a core is thrown away and run again.

mod big_pdf;
mod daemon;
mod desk;
mod journal;
mod local;
mod pades;
mod quiet;
mod signing;
mod table;
mod verification;

use anyhow::{Result, bail};

use table::Table;

fn main() {
    if let Err(error) = run() {
        eprintln!("bench: {error:#}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        // A child with a token of its own: SoftHSM reads its environment when it is loaded.
        ["--child", "signing", ref rest @ ..] => return signing::child(rest),
        ["--child", "daemon", ref rest @ ..] => return daemon::child(rest),
        ["--child", "big-pdf", ref rest @ ..] => return big_pdf::child(rest),
        ["--child", "pades", ref rest @ ..] => return pades::child(rest),
        ["--child", "large-cms", ref rest @ ..] => return verification::child(rest),
        _ => {}
    }
    let rough = words.contains(&"--rough");
    words.retain(|word| *word != "--rough");
    let parts = [
        "signing",
        "big-pdf",
        "journal",
        "daemon",
        "daemon-memory",
        "verify",
        "pades",
        "pades-page",
        "pades-many",
        "pades-changes",
        "pades-levels",
        "pades-large",
    ];
    if let Some(unknown) = words.iter().find(|word| !parts.contains(word)) {
        bail!("there is no part `{unknown}`; parts: {}", parts.join(", "));
    }
    let wanted = |part| words.is_empty() || words.contains(&part);
    let mut table = Table::new(rough);
    if wanted("journal") {
        journal::measure(&mut table)?;
    }
    if wanted("signing") {
        signing::measure(&mut table)?;
    }
    if wanted("big-pdf") {
        big_pdf::measure(&mut table)?;
    }
    if wanted("daemon") {
        daemon::measure(&mut table)?;
    }
    if wanted("daemon-memory") {
        daemon::memory(&mut table)?;
    }
    if wanted("verify") {
        verification::measure(&mut table)?;
    }
    if words.is_empty() || words.iter().any(|word| word.starts_with("pades")) {
        let all = wanted("pades");
        pades::measure(&mut table, |part| all || words.contains(&part))?;
    }
    table.finish()
}
