//! A CMS file of 1 GiB and a CRL of 10 MB.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::verify::verify_file;
use kyso_x509::{CertificateList, DigestAlgorithm, Hasher};

use super::samples::{Kind, Known, World};
use super::{passed, peers};
use crate::quiet;
use crate::table::{Goal, Table};

/// Bytes of content of the large file.
const LEN: u64 = 1 << 30;

/// Bytes that are written and read at once.
const PIECE: usize = 256 * 1024;

/// Most memory that verifying it may ever hold.
const MOST_KIB: f64 = 64.0 * 1024.0;

/// Entries of the large CRL: some 10 MB.
const ENTRIES: usize = 300_000;

const NAME: &str = "large.p7m";

/// Time and memory for an attached signature over a gibibyte.
pub(crate) fn file(table: &mut Table, folder: &Path) -> Result<()> {
    let world = World::new(Kind::Rsa2048, 1)?;
    make(&world, folder)?;
    let mut peak = 0.0f64;
    table.measure("1 GiB enveloping CMS: time / hashing it", Goal::AtMost(1.3), || {
        let bare = hash(&folder.join(NAME))?;
        let (ours, kib) = ask(folder)?;
        peak = peak.max(kib);
        Ok((ours / bare, format!("{ours:.2} s of {bare:.2} s")))
    })?;
    table.once("1 GiB enveloping CMS: peak memory / 64 MB", Goal::AtMost(1.0), || {
        Ok((peak / MOST_KIB, format!("VmHWM {:.1} MiB at most", peak / 1024.0)))
    })?;
    table.once("1 GiB enveloping CMS: openssl cms -verify / ours", Goal::AtLeast(1.0), || {
        let (ours, _) = ask(folder)?;
        let (theirs, kib) = peers::openssl_peak(folder, NAME)?;
        let note = format!("{ours:.2} s; theirs {theirs:.2} s, VmHWM {} MiB", kib / 1024);
        Ok((theirs / ours, note))
    })
}

/// Time to read a large CRL and to ask it for two serial numbers, against hashing it.
pub(crate) fn list(table: &mut Table) -> Result<()> {
    let world = World::new(Kind::P256, 1)?;
    let (der, last) = world.large_list(ENTRIES);
    let megabytes = der.len() as f64 / 1e6;
    table.measure("10 MB CRL: read and two lookups / hashing it", Goal::Unset, || {
        let started = Instant::now();
        std::hint::black_box(DigestAlgorithm::Sha256.digest(&der));
        let bare = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let list = CertificateList::from_der(&der)?;
        if list.find(list.issuer(), &last).is_none() || list.find(list.issuer(), &[1]).is_some() {
            bail!("a serial number is not found, or found where it is not");
        }
        let ours = started.elapsed().as_secs_f64();
        let note = format!("{megabytes:.1} MB: {:.1} ms of {:.1} ms", ours * 1e3, bare * 1e3);
        Ok((ours / bare, note))
    })
}

fn make(world: &World, folder: &Path) -> Result<()> {
    let block: Vec<u8> =
        (0..PIECE as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let pieces = LEN / block.len() as u64;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    (0..pieces).for_each(|_| hasher.update(&block));
    let (before, behind) = world.around(hasher.finish(), LEN)?;
    let mut out = BufWriter::new(File::create(folder.join(NAME))?);
    out.write_all(&before)?;
    for _ in 0..pieces {
        out.write_all(&block)?;
    }
    out.write_all(&behind)?;
    out.flush()?;
    world.known.save(folder)
}

/// Seconds to read and hash the file once.
pub(crate) fn hash(path: &Path) -> Result<f64> {
    let started = Instant::now();
    let mut source = File::open(path)?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut buffer = vec![0; PIECE];
    loop {
        match source.read(&mut buffer)? {
            0 => break,
            len => hasher.update(buffer.get(..len).unwrap_or_default()),
        }
    }
    std::hint::black_box(hasher.finish());
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds and the peak of memory in KiB, of a process of its own.
fn ask(folder: &Path) -> Result<(f64, f64)> {
    let output = std::process::Command::new(std::env::current_exe()?)
        .args(["--child", "large-cms"])
        .arg(folder)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let (seconds, kib) = answer.trim().split_once(' ').context("two figures")?;
    Ok((seconds.parse()?, kib.parse()?))
}

/// Verifies the file and prints seconds and the peak of memory in KiB.
pub(crate) fn child(arguments: &[&str]) -> Result<()> {
    let [folder] = arguments else { bail!("one argument was expected") };
    let folder = Path::new(folder);
    let started = Instant::now();
    let known = Known::load(folder)?;
    let options = known.options(&known.lists);
    passed(verify_file(&folder.join(NAME), &options)?.indication)?;
    println!("{} {}", started.elapsed().as_secs_f64(), quiet::peak_kib()?);
    Ok(())
}
