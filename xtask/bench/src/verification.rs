//! Verification: whole validations against the bare verifications in them, and large inputs.
//!
//! Every file is another document; no verdict on a signature is kept. "Warm" means what a service has after its first
//! minutes: the trust stores read once, and [`PathCache`], which keeps paths of certificates with their status.

pub(crate) mod large;
pub(crate) mod peers;
pub(crate) mod samples;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use kyso::validation::PathCache;
use kyso::validation::evidence::Evidence;
use kyso::validation::indication::Indication;
use kyso::verify::{Options, verify_bytes, verify_file};

use crate::desk;
use crate::table::{Goal, Table};
use samples::{Kind, Sample, World};

/// Files of a round.
const FILES: usize = 2_000;

/// Files of a round at level B-LT.
const LONG_TERM: usize = 500;

/// Files of a round of pyHanko, and of the OpenSSL program: they are slower.
const PYHANKO: usize = 100;
const OPENSSL: usize = 40;

/// People whose signatures are in the files.
const SIGNERS: usize = 20;

/// Signers of one structure.
const PARALLEL: usize = 50;

/// Structures with one signer in a round, so that both sides verify as many signatures.
const SINGLE: usize = 50;

/// Least share of the rate of bare verifications.
const LEAST_SHARE: f64 = 0.4;

/// Least validations of B-LT in a second.
const LEAST_LONG_TERM: f64 = 500.0;

pub(crate) use large::child;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let folder = desk::fresh(base.join(format!("verify-{}", std::process::id())))?;
    for kind in [Kind::Rsa2048, Kind::P256] {
        let world = World::new(kind, SIGNERS)?;
        basic(table, &folder, &world, kind)?;
        long_term(table, &world, kind)?;
    }
    parallel(table)?;
    large::list(table)?;
    large::file(table, &folder)?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn basic(table: &mut Table, folder: &Path, world: &World, kind: Kind) -> Result<()> {
    let samples = (0..FILES).map(|number| world.basic(number)).collect::<Result<Vec<_>>>()?;
    let cold = world.known.options(&world.known.lists);
    samples[0].expect_passed(&cold, "CAdES-B-B")?;
    let paths = PathCache::new();
    let warm = Options { paths: Some(&paths), ..cold };
    let name = kind.name();
    let title = format!("B-B {name} in memory, warm / bare verifications");
    table.measure(title, Goal::AtLeast(LEAST_SHARE), || in_memory(&samples, &warm))?;
    let files = write(folder, name, &samples)?;
    let title = format!("B-B {name} from disk, warm / bare verifications");
    table.measure(title, Goal::AtLeast(LEAST_SHARE), || {
        let bare = bare(&samples)?;
        let started = Instant::now();
        for file in &files {
            passed(verify_file(file, &warm)?.indication)?;
        }
        Ok(share(bare, started.elapsed().as_secs_f64(), files.len()))
    })?;
    let title = format!("B-B {name} in memory, every path anew / bare");
    table.measure(title, Goal::Unset, || in_memory(&samples[..SIGNERS * 10], &cold))?;
    world.known.save(folder)?;
    let title = format!("B-B {name} in memory, warm / pyHanko in process");
    if peers::python().is_some() {
        table.measure(title, Goal::AtLeast(1.0), || {
            let theirs = peers::pyhanko(folder, name, PYHANKO)?;
            Ok(times(theirs, one(&samples, &warm)?))
        })?;
    }
    let title = format!("B-B {name} in memory, warm / openssl cms -verify");
    table.measure(title, Goal::AtLeast(1.0), || {
        let theirs = peers::openssl(folder, name, OPENSSL)?;
        Ok(times(theirs, one(&samples, &warm)?))
    })
}

fn long_term(table: &mut Table, world: &World, kind: Kind) -> Result<()> {
    let samples =
        (0..LONG_TERM).map(|number| world.long_term(number)).collect::<Result<Vec<_>>>()?;
    // All that is needed is in the file.
    let nothing = Evidence::default();
    let cold = world.known.options(&nothing);
    samples[0].expect_passed(&cold, "CAdES-B-LT")?;
    let paths = PathCache::new();
    let warm = Options { paths: Some(&paths), ..cold };
    let title = format!("B-LT {} in memory / 500 a second", kind.name());
    table.measure(title, Goal::AtLeast(1.0), || {
        let rate = 1.0 / one(&samples, &warm)?;
        Ok((rate / LEAST_LONG_TERM, format!("{rate:.0}/s")))
    })
}

/// Time for one structure with many signers, against one with a single signer.
fn parallel(table: &mut Table) -> Result<()> {
    let world = World::new(Kind::P256, PARALLEL)?;
    let options = world.known.options(&world.known.lists);
    let many = world.parallel(PARALLEL)?;
    let singles = (0..SINGLE).map(|number| world.basic(number)).collect::<Result<Vec<_>>>()?;
    let title = format!("{PARALLEL} signers in one structure / one signer");
    table.measure(title, Goal::AtMost(60.0), || {
        let single = one(&singles, &options)?;
        let started = Instant::now();
        for _ in 0..ROUNDS_OF_MANY {
            let report = verify_bytes(&many, "sample", &options)?;
            passed(report.indication)?;
        }
        let whole = started.elapsed().as_secs_f64() / f64::from(ROUNDS_OF_MANY);
        let note = format!("{:.1} ms, one {:.2} ms", whole * 1e3, single * 1e3);
        Ok((whole / single, note))
    })
}

/// The structure with many signers, so many times in a round.
const ROUNDS_OF_MANY: u32 = 5;

fn in_memory(samples: &[Sample], options: &Options<'_>) -> Result<(f64, String)> {
    let bare = bare(samples)?;
    let ours = one(samples, options)? * samples.len() as f64;
    Ok(share(bare, ours, samples.len()))
}

/// Seconds for the bare verifications of all files.
fn bare(samples: &[Sample]) -> Result<f64> {
    let started = Instant::now();
    samples.iter().try_for_each(Sample::verify_bare)?;
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds for the validation of one file.
fn one(samples: &[Sample], options: &Options<'_>) -> Result<f64> {
    let started = Instant::now();
    for sample in samples {
        passed(verify_bytes(&sample.file, "sample", options)?.indication)?;
    }
    Ok(started.elapsed().as_secs_f64() / samples.len() as f64)
}

pub(crate) fn passed(indication: Indication) -> Result<()> {
    if indication != Indication::TotalPassed {
        bail!("a good sample ends as {indication}");
    }
    Ok(())
}

fn share(bare: f64, ours: f64, files: usize) -> (f64, String) {
    let rate = |seconds: f64| files as f64 / seconds;
    (bare / ours, format!("{:.0}/s of {:.0}/s", rate(ours), rate(bare)))
}

fn times(theirs: f64, ours: f64) -> (f64, String) {
    (theirs / ours, format!("{:.0}/s, theirs {:.0}/s", 1.0 / ours, 1.0 / theirs))
}

fn write(folder: &Path, name: &str, samples: &[Sample]) -> Result<Vec<PathBuf>> {
    let each = samples.iter().enumerate().map(|(number, sample)| {
        let path = folder.join(format!("{name}-{number}.p7m"));
        std::fs::write(&path, &sample.file)?;
        Ok(path)
    });
    each.collect()
}
