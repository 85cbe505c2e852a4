//! A PDF of 500 MB signed and validated, each in a process of its own whose memory is watched.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::sign::{PadesOptions, SignatureFormat, Task, sign_batch};
use kyso::verify::verify_file;
use kyso_pades::{Document, Limits, SubFilter, copy_and_hash};
use kyso_testkit::softhsm;
use kyso_x509::DigestAlgorithm;

use super::samples;
use crate::table::{Goal, Table};
use crate::verification::samples::{Kind, Known, World};
use crate::verification::{large, passed};
use crate::{big_pdf, desk, quiet};

/// Bytes of its largest stream.
const LEN: usize = 500_000_000;

/// Most memory that either may ever hold.
const MOST_KIB: f64 = 32.0 * 1024.0;

/// The name that [`big_pdf::hash_and_copy`] takes.
const SOURCE: &str = "big.pdf";
const SIGNED: &str = "big-signed.pdf";

pub(super) fn measure(
    table: &mut Table,
    folder: &Path,
    environment: &softhsm::Environment,
) -> Result<()> {
    big_pdf::make_pdf(&folder.join(SOURCE), LEN)?;
    let module = environment.module().to_str().context("a UTF-8 path")?;
    let at = folder.to_str().context("a UTF-8 path")?;
    let ask = |words: &[&str]| -> Result<(f64, f64)> {
        let answer = desk::child(environment, &[&["pades"], words].concat())?;
        let (seconds, kib) = answer.split_once(' ').context("two figures")?;
        Ok((seconds.parse()?, kib.parse()?))
    };
    let mut peak = 0.0f64;
    table.measure("500 MB PDF signed / (hash + copy + fsync)", Goal::AtMost(1.5), || {
        let bare = big_pdf::hash_and_copy(folder)?;
        let (ours, kib) = ask(&["sign-large", at, module])?;
        peak = peak.max(kib);
        Ok((ours / bare, format!("{ours:.2} s of {bare:.2} s")))
    })?;
    memory(table, "500 MB PDF signed: peak memory / 32 MB", peak)?;
    make_signed(folder)?;
    std::fs::remove_file(folder.join(SOURCE))?;
    let mut peak = 0.0f64;
    table.measure("500 MB PDF validated / hashing it", Goal::AtMost(1.2), || {
        let bare = large::hash(&folder.join(SIGNED))?;
        let (ours, kib) = ask(&["validate-large", at])?;
        peak = peak.max(kib);
        Ok((ours / bare, format!("{ours:.2} s of {bare:.2} s")))
    })?;
    memory(table, "500 MB PDF validated: peak memory / 32 MB", peak)
}

fn memory(table: &mut Table, title: &str, peak: f64) -> Result<()> {
    table.once(title, Goal::AtMost(1.0), || {
        Ok((peak / MOST_KIB, format!("VmHWM {:.1} MiB at most", peak / 1024.0)))
    })
}

/// Signs it once more, by somebody whose status is known.
fn make_signed(folder: &Path) -> Result<()> {
    let world = World::new(Kind::Rsa2048, 1)?;
    let mut document = Document::open(File::open(folder.join(SOURCE))?, Limits::standard())?;
    let prepared = samples::prepare(&world, &mut document, SubFilter::EtsiCadesDetached, None)?;
    let len = prepared.original_len();
    let mut out = BufWriter::new(File::create(folder.join(SIGNED))?);
    let algorithm = DigestAlgorithm::Sha256;
    let hasher = copy_and_hash(document.reader_mut(), len, &mut out, algorithm)?;
    let message = world.pdf_message(0, prepared.digest(hasher))?;
    out.write_all(&prepared.embed(&message)?)?;
    out.flush()?;
    world.known.save(folder)
}

/// Signs it and prints seconds and the peak of memory in KiB.
pub(super) fn sign(arguments: &[&str]) -> Result<()> {
    let [folder, module] = arguments else { bail!("two arguments were expected") };
    let folder = Path::new(folder);
    let journal = desk::journal(&desk::fresh(folder.join("journal-large"))?)?;
    let signer = desk::signer(folder, module, "rsa")?;
    let target = folder.join("token-signed.pdf");
    let task = Task {
        source: folder.join(SOURCE),
        name: None,
        target: target.clone(),
        format: SignatureFormat::Pades(PadesOptions::PLAIN),
        operation: None,
    };
    let started = Instant::now();
    for result in sign_batch(vec![task], &signer, &journal, &desk::options(1), &|_, _| {}) {
        result?;
    }
    let seconds = started.elapsed().as_secs_f64();
    std::fs::remove_file(target)?;
    println!("{seconds} {}", quiet::peak_kib()?);
    Ok(())
}

/// Validates it, path and status included, and prints seconds and the peak of memory in KiB.
pub(super) fn validate(arguments: &[&str]) -> Result<()> {
    let [folder] = arguments else { bail!("one argument was expected") };
    let folder = Path::new(folder);
    let started = Instant::now();
    let known = Known::load(folder)?;
    let options = known.options(&known.lists);
    passed(verify_file(&folder.join(SIGNED), &options)?.indication)?;
    println!("{} {}", started.elapsed().as_secs_f64(), quiet::peak_kib()?);
    Ok(())
}
