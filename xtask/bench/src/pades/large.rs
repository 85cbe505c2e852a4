//! A PDF of 500 MB signed and validated, each in a process of its own whose memory is watched.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::sign::{PadesOptions, SignatureFormat, Task, sign_batch};
use kyso::verify::verify_file;
use kyso_pades::{Document, Limits, SubFilter, copy_and_hash};
use kyso_testkit::softhsm;
use kyso_x509::DigestAlgorithm;

use super::peers::Each;
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
    let ask = |words: &[&str]| -> Result<(Each, f64)> {
        let answer = desk::child(environment, &[&["pades"], words].concat())?;
        let (each, kib) = answer.rsplit_once(' ').context("three figures")?;
        Ok((Each::read(each)?, kib.parse()?))
    };
    // The first copy takes memory from other files' caches, and the next ones find it free.
    big_pdf::hash_and_copy(folder)?;
    let mut peak = 0.0f64;
    table.measure("500 MB PDF signed / (hash + copy + fsync)", Goal::AtMost(1.5), || {
        let bare = timed(|| big_pdf::hash_and_copy(folder))?;
        let (ours, kib) = ask(&["sign-large", at, module])?;
        peak = peak.max(kib);
        Ok((ours.wall / bare.wall, of(ours, bare)))
    })?;
    memory(table, "500 MB PDF signed: peak memory / 32 MB", peak)?;
    let world = World::new(Kind::Rsa2048, 1)?;
    make_signed(&world, folder)?;
    std::fs::remove_file(folder.join(SOURCE))?;
    let mut validated = |what: &str| -> Result<()> {
        let mut peak = 0.0f64;
        let title = format!("500 MB PDF{what} validated / hashing it");
        table.measure(title, Goal::AtMost(1.2), || {
            let bare = timed(|| large::hash(&folder.join(SIGNED)))?;
            let (ours, kib) = ask(&["validate-large", at])?;
            peak = peak.max(kib);
            Ok((ours.wall / bare.wall, of(ours, bare)))
        })?;
        memory(table, &format!("500 MB PDF{what} validated: peak memory / 32 MB"), peak)
    };
    validated("")?;
    add_evidence(&world, &folder.join(SIGNED))?;
    validated(" with later evidence")
}

/// Seconds that an operation measures by itself, with the CPU time that it takes.
fn timed(operation: impl FnOnce() -> Result<f64>) -> Result<Each> {
    let cpu = quiet::cpu_seconds()?;
    let wall = operation()?;
    Ok(Each { wall, cpu: quiet::cpu_seconds()? - cpu })
}

fn of(ours: Each, bare: Each) -> String {
    format!("{:.2} s of {:.2} s, CPU {:.2} of {:.2} s", ours.wall, bare.wall, ours.cpu, bare.cpu)
}

/// Prints seconds by the clock and of CPU time, and the peak of memory in KiB.
fn tell(started: Instant) -> Result<()> {
    let wall = started.elapsed().as_secs_f64();
    println!("{wall} {} {}", quiet::cpu_seconds()?, quiet::peak_kib()?);
    Ok(())
}

fn memory(table: &mut Table, title: &str, peak: f64) -> Result<()> {
    table.once(title, Goal::AtMost(1.0), || {
        Ok((peak / MOST_KIB, format!("VmHWM {:.1} MiB at most", peak / 1024.0)))
    })
}

/// Signs it once more, by somebody whose status is known.
fn make_signed(world: &World, folder: &Path) -> Result<()> {
    let mut document = Document::open(File::open(folder.join(SOURCE))?, Limits::standard())?;
    let prepared = samples::prepare(world, &mut document, SubFilter::EtsiCadesDetached, None)?;
    let len = prepared.original_len();
    let mut out = BufWriter::new(File::create(folder.join(SIGNED))?);
    let algorithm = DigestAlgorithm::Sha256;
    let hasher = copy_and_hash(document.reader_mut(), len, &mut out, algorithm)?;
    let message = world.pdf_message(0, prepared.digest(hasher))?;
    out.write_all(&prepared.embed(&message)?)?;
    out.flush()?;
    world.known.save(folder)
}

/// Appends a revision, so that there is something to compare.
fn add_evidence(world: &World, path: &Path) -> Result<()> {
    let mut document = Document::open(File::open(path)?, Limits::standard())?;
    let revision = samples::evidence(world, 0, &mut document, 0)?;
    Ok(OpenOptions::new().append(true).open(path)?.write_all(&revision)?)
}

/// Signs it, and tells what that cost.
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
    tell(started)?;
    Ok(std::fs::remove_file(target)?)
}

/// Validates it, path and status included, and tells what that cost.
pub(super) fn validate(arguments: &[&str]) -> Result<()> {
    let [folder] = arguments else { bail!("one argument was expected") };
    let folder = Path::new(folder);
    let started = Instant::now();
    let known = Known::load(folder)?;
    let options = known.options(&known.lists);
    passed(verify_file(&folder.join(SIGNED), &options)?.indication)?;
    tell(started)
}
