//! A PDF of 300 MB: memory, and time against hashing, copying and flushing it.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::sign::{PadesOptions, SignatureFormat, Task, sign_batch};
use kyso_x509::{DigestAlgorithm, Hasher};

use crate::desk;
use crate::quiet;
use crate::table::{Goal, Table};

const LEN: usize = 300_000_000;
/// Most memory that signing it may ever hold.
const MOST_KIB: f64 = 64.0 * 1024.0;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench/big");
    let folder = desk::fresh(base)?;
    let environment = desk::make(&folder)?;
    make_pdf(&folder.join("big.pdf"), LEN)?;
    let module = environment.module().to_str().context("a UTF-8 path")?.to_owned();
    let at = folder.to_str().context("a UTF-8 path")?.to_owned();
    let mut peak = 0.0f64;
    table.measure("300 MB PDF: time / (hash + copy + fsync)", Goal::AtMost(2.0), || {
        let bare = hash_and_copy(&folder)?;
        let answer = desk::child(&environment, &["big-pdf", &at, &module])?;
        let (seconds, kib) = answer.split_once(' ').context("two figures")?;
        let (ours, kib): (f64, f64) = (seconds.parse()?, kib.parse()?);
        peak = peak.max(kib);
        Ok((ours / bare, format!("{ours:.2} s of {bare:.2} s")))
    })?;
    table.measure("300 MB PDF: peak memory / 64 MB", Goal::AtMost(1.0), || {
        Ok((peak / MOST_KIB, format!("VmHWM {:.1} MiB at most", peak / 1024.0)))
    })?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// One page and an attachment-like stream of so many bytes that fills the file.
pub(crate) fn make_pdf(path: &Path, len: usize) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut offsets = Vec::new();
    let mut at = 0u64;
    let mut put = |bytes: &[u8], at: &mut u64| -> Result<()> {
        *at += bytes.len() as u64;
        Ok(out.write_all(bytes)?)
    };
    put(b"%PDF-1.7\n", &mut at)?;
    for object in [
        "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
        "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
        "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n",
    ] {
        offsets.push(at);
        put(object.as_bytes(), &mut at)?;
    }
    offsets.push(at);
    put(format!("4 0 obj\n<< /Length {len} >>\nstream\n").as_bytes(), &mut at)?;
    let block: Vec<u8> =
        (0..1_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for _ in 0..len / block.len() {
        put(&block, &mut at)?;
    }
    put(b"\nendstream\nendobj\n", &mut at)?;
    let xref = at;
    put(b"xref\n0 5\n0000000000 65535 f \n", &mut at)?;
    for offset in offsets {
        put(format!("{offset:010} 00000 n \n").as_bytes(), &mut at)?;
    }
    put(
        format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n").as_bytes(),
        &mut at,
    )?;
    out.flush()?;
    // Else the first round would flush it, whichever side is first.
    Ok(out.get_ref().sync_all()?)
}

/// Seconds to read, hash, copy and flush the file once.
pub(crate) fn hash_and_copy(folder: &Path) -> Result<f64> {
    let copy = folder.join("copy.pdf");
    let started = Instant::now();
    let mut source = File::open(folder.join("big.pdf"))?;
    let mut target = File::create(&copy)?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        target.write_all(&buffer[..read])?;
    }
    target.sync_data()?;
    std::hint::black_box(hasher.finish());
    let seconds = started.elapsed().as_secs_f64();
    std::fs::remove_file(copy)?;
    Ok(seconds)
}

/// Signs the file and prints seconds and the peak of memory in KiB.
pub(crate) fn child(arguments: &[&str]) -> Result<()> {
    let [folder, module] = arguments else { bail!("two arguments were expected") };
    let folder = Path::new(folder);
    let journal = desk::journal(&desk::fresh(folder.join("journal"))?)?;
    let signer = desk::signer(folder, module, "rsa")?;
    let target = folder.join("signed.pdf");
    let task = Task {
        source: folder.join("big.pdf"),
        name: None,
        target: target.clone(),
        format: SignatureFormat::Pades(PadesOptions::default()),
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
