//! Many signatures in one PDF, and signatures that bring their evidence along.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::validation::PathCache;
use kyso::validation::evidence::Evidence;
use kyso::validation::indication::Indication;
use kyso::verify::{Options, verify_bytes};
use kyso_testkit::pdf;

use super::peers::{self, Each};
use super::samples;
use crate::quiet;
use crate::table::{Goal, Table};
use crate::verification::passed;
use crate::verification::samples::{Kind, World};

/// Signatures of the smaller and the larger file.
const FEW: usize = 50;
const MANY: usize = 100;

/// Most milliseconds that the smaller file may take.
const MOST_MS: f64 = 100.0;

/// Most that twice as many signatures may cost.
const MOST_GROWTH: f64 = 2.3;

/// Validations of each file in a round.
const REPEATS: u32 = 10;

/// Files with their evidence, and those of them that pyHanko validates in a round.
const LONG_TERM: usize = 200;
const PYHANKO: usize = 40;

/// Each signature by another person, and no path or verdict kept from one validation to the next.
pub(super) fn measure(table: &mut Table) -> Result<()> {
    let world = World::new(Kind::P256, MANY)?;
    let mut many = pdf::one_page("Phiếu trình");
    let mut few = Vec::new();
    for number in 0..MANY {
        if number == FEW {
            few.clone_from(&many);
        }
        many = samples::signed(&world, number, &many, None)?;
    }
    let options = world.known.options(&world.known.lists);
    for (file, count) in [(&few, FEW), (&many, MANY)] {
        let report = verify_bytes(file, "sample", &options)?;
        if report.signatures.len() != count || report.indication != Indication::TotalPassed {
            bail!("a file of {count} signatures ends as {report:#?}");
        }
    }
    let milliseconds = |file: &[u8]| -> Result<f64> {
        let started = Instant::now();
        for _ in 0..REPEATS {
            passed(verify_bytes(file, "sample", &options)?.indication)?;
        }
        Ok(started.elapsed().as_secs_f64() * 1e3 / f64::from(REPEATS))
    };
    table.measure("50 signatures in one PDF / 100 ms", Goal::AtMost(1.0), || {
        let ours = milliseconds(&few)?;
        Ok((ours / MOST_MS, format!("{ours:.1} ms")))
    })?;
    table.measure("100 signatures in one PDF / 50", Goal::AtMost(MOST_GROWTH), || {
        let (half, whole) = (milliseconds(&few)?, milliseconds(&many)?);
        Ok((whole / half, format!("{whole:.1} ms, {half:.1} ms")))
    })
}

/// B-LT and B-LTA by what the files hold.
pub(super) fn long_term(table: &mut Table, folder: &Path) -> Result<()> {
    let world = World::new(Kind::Rsa2048, 10)?;
    world.known.save(folder)?;
    let mut lt = Vec::new();
    let mut lta = Vec::new();
    for number in 0..LONG_TERM {
        let title = format!("Công văn số {number}");
        let file = samples::stamped(&world, number, &pdf::one_page(&title))?;
        let file = samples::with_evidence(&world, number, &file, number as u64)?;
        std::fs::write(folder.join(format!("lt-{number}.pdf")), &file)?;
        lta.push(samples::archived(&world, &file, 100)?);
        lt.push(file);
    }
    let nothing = Evidence::default();
    let cold = world.known.options(&nothing);
    let paths = PathCache::new();
    let warm = Options { paths: Some(&paths), ..cold };
    for (name, files) in [("PAdES-B-LT", &lt), ("PAdES-B-LTA", &lta)] {
        let report = verify_bytes(files.first().context("a file")?, "sample", &cold)?;
        let found = report.signatures.first().and_then(|signature| signature.level);
        if report.indication != Indication::TotalPassed || found != Some(name) {
            bail!("a sample of level {name} is {found:?} and ends as {report:#?}");
        }
        let seconds = || -> Result<Each> {
            let (started, cpu) = (Instant::now(), quiet::cpu_seconds()?);
            for file in files {
                passed(verify_bytes(file, "sample", &warm)?.indication)?;
            }
            let (wall, cpu) = (started.elapsed().as_secs_f64(), quiet::cpu_seconds()? - cpu);
            let count = files.len() as f64;
            Ok(Each { wall: wall / count, cpu: cpu / count })
        };
        if name == "PAdES-B-LT" && peers::python().is_some() {
            table.measure(
                "PAdES-B-LT RSA-2048 / pyHanko in process",
                Goal::AtLeast(1.0),
                || {
                    let (theirs, ours) = (peers::validate(folder, PYHANKO)?, seconds()?);
                    Ok((theirs.wall / ours.wall, format!("{ours}, theirs {theirs}")))
                },
            )?;
            continue;
        }
        // What pyHanko reached on the machine of the first figures; it validates no B-LTA of another's in one call.
        table.measure(format!("{name} RSA-2048 / 37 a second"), Goal::AtLeast(1.0), || {
            let ours = seconds()?;
            Ok((1.0 / ours.wall / 37.0, ours.to_string()))
        })?;
    }
    Ok(())
}
