//! Batches and single documents against the bare loop over the same token.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::sign::{PadesOptions, SignatureFormat, Task, sign_batch};
use kyso_testkit::{pdf, softhsm};

use crate::desk;
use crate::table::{Goal, Table};

/// Documents of a batch.
const BATCH: usize = 1_000;
/// Documents signed one at a time in a round.
const SINGLES: usize = 200;
/// Commits timed in a round of single documents.
const COMMITS: usize = 400;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    // Beside the build, not in /tmp: that may be memory, and then nothing would be flushed.
    // A new folder each run, removed at its end: ext4 searches long for an inode where files were deleted in the
    // last minutes, so a second run within five minutes measures the first one's tidying.
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let folder = desk::fresh(base.join(format!("work-{}", std::process::id())))?;
    let environment = desk::make(&folder)?;
    for index in 0..BATCH {
        let title = format!("Công văn số {index}");
        std::fs::write(folder.join(format!("{index}.pdf")), pdf::one_page(&title))?;
        std::fs::write(folder.join(format!("{index}.csv")), format!("xã,số\nĐăk Hà,{index}\n"))?;
    }
    for (key, name, goal) in [("rsa", "RSA-2048", 0.9), ("ec", "P-256", 0.4)] {
        for format in ["pdf", "csv"] {
            let what = if format == "pdf" { "one-page PDFs" } else { "small CAdES files" };
            for threads in [1, 2] {
                let title = format!("{BATCH} {what}, {name}, {threads} thread(s)");
                table.measure(title, Goal::AtLeast(goal), || {
                    round(&folder, &environment, key, format, threads)
                })?;
            }
        }
    }
    for (key, name) in [("rsa", "RSA-2048"), ("ec", "P-256")] {
        let title = format!("one PDF at a time, durable, {name}");
        table.measure(title, Goal::AtLeast(0.8), || single(&folder, &environment, key))?;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// Bare loop and batch, one after the other.
fn round(
    folder: &Path,
    environment: &softhsm::Environment,
    key: &str,
    format: &str,
    threads: usize,
) -> Result<(f64, String)> {
    let bare = desk::bare(folder, environment, key, threads, BATCH)?;
    let ours = ask(folder, environment, &["batch", key, format, &threads.to_string()])?[0];
    let per_second = |seconds: f64| BATCH as f64 / seconds;
    Ok((bare / ours, format!("{:.0}/s of {:.0}/s", per_second(ours), per_second(bare))))
}

/// One document after another, each durable before the next begins.
fn single(folder: &Path, environment: &softhsm::Environment, key: &str) -> Result<(f64, String)> {
    let sign = desk::bare(folder, environment, key, 1, SINGLES)? / SINGLES as f64;
    let answer = ask(folder, environment, &["single", key, "pdf", "1"])?;
    let [each, commit] = answer[..] else { bail!("two figures were expected") };
    let ideal = 2.0f64.mul_add(commit, sign);
    let note = format!(
        "{:.0} µs; C_Sign {:.0} + 2 × commit {:.0} µs",
        each * 1e6,
        sign * 1e6,
        commit * 1e6
    );
    Ok((ideal / each, note))
}

fn ask(folder: &Path, environment: &softhsm::Environment, arguments: &[&str]) -> Result<Vec<f64>> {
    let module = environment.module().to_str().context("a UTF-8 path")?;
    let mut all = vec!["signing", folder.to_str().context("a UTF-8 path")?, module];
    all.extend(arguments);
    let answer = desk::child(environment, &all)?;
    answer.split_whitespace().map(|word| word.parse::<f64>().context("a figure")).collect()
}

/// Signs and prints seconds: of the batch, or of one document and of one commit.
pub(crate) fn child(arguments: &[&str]) -> Result<()> {
    let [folder, module, kind, key, format, threads] = arguments else {
        bail!("six arguments were expected");
    };
    let folder = Path::new(folder);
    let round = folder.join(format!("round-{}", std::process::id()));
    let out = desk::fresh(round.join("out"))?;
    let journal_folder = desk::fresh(round.join("journal"))?;
    let journal = desk::journal(&journal_folder)?;
    let signer = desk::signer(folder, module, key)?;
    let count = if *kind == "batch" { BATCH } else { SINGLES };
    let mut tasks: Vec<Task> = (0..count)
        .map(|index| Task {
            source: folder.join(format!("{index}.{format}")),
            name: None,
            target: out.join(format!("{index}.{format}.signed")),
            format: match *format {
                "pdf" => SignatureFormat::Pades(PadesOptions::default()),
                _ => SignatureFormat::Cades { detached: false },
            },
            operation: None,
        })
        .collect();
    let options = desk::options(threads.parse()?);
    let sign = |tasks: Vec<Task>| -> Result<()> {
        for result in sign_batch(tasks, &signer, &journal, &options, &|_, _| {}) {
            result?;
        }
        Ok(())
    };
    // The first signature loads the key and the pages of the program.
    sign(tasks.split_off(count - 1))?;
    let started = Instant::now();
    if *kind == "batch" {
        sign(tasks)?;
        println!("{}", started.elapsed().as_secs_f64() * BATCH as f64 / (BATCH - 1) as f64);
    } else {
        let documents = tasks.len();
        for task in tasks {
            sign(vec![task])?;
        }
        let each = started.elapsed().as_secs_f64() / documents as f64;
        println!("{each} {}", crate::journal::bare_commit(&journal_folder, COMMITS, 1)?);
    }
    Ok(())
}
