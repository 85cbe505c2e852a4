//! The comparison of many revisions of a document of many pages.

use std::io::Cursor;
use std::time::Instant;

use anyhow::{Result, bail};
use kyso_pades::{DocMdpPermission, Document, Limits};

use super::samples;
use crate::table::{Goal, Table};
use crate::verification::samples::{Kind, World};

const PAGES: usize = 5_000;

/// Revisions behind the first signature: by turns a field filled in, a signature, evidence, a time-stamp.
const REVISIONS: usize = 20;

/// Most seconds that comparing them may take.
const MOST_SECONDS: f64 = 2.0;

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let file = make()?;
    let title = format!("changes of {REVISIONS} revisions, {PAGES} pages / 2 s");
    table.measure(title, Goal::AtMost(MOST_SECONDS / 2.0), || {
        let started = Instant::now();
        let mut document = Document::open(Cursor::new(file.as_slice()), Limits::standard())?;
        let signatures = document.signatures()?;
        let opened = started.elapsed().as_secs_f64();
        let comparison = document.compare_revisions(&signatures)?;
        let mut changes = 0;
        for signature in &signatures {
            let findings = comparison.judge(signature);
            if !findings.is_empty() {
                bail!("an honest revision is refused: {findings:#?}");
            }
            changes = changes.max(comparison.changes_after(signature).as_slice().len());
        }
        if changes < REVISIONS {
            bail!("only {changes} changes are found in {REVISIONS} revisions");
        }
        let ours = started.elapsed().as_secs_f64();
        let note = format!(
            "{:.0} ms, of which opening {:.0} ms; {changes} changes, {:.1} MB",
            ours * 1e3,
            opened * 1e3,
            file.len() as f64 / 1e6
        );
        Ok((ours / MOST_SECONDS, note))
    })
}

fn make() -> Result<Vec<u8>> {
    let world = World::new(Kind::P256, REVISIONS)?;
    let certify = Some(DocMdpPermission::FormFilling);
    let mut file = samples::signed(&world, 0, &samples::pages(PAGES), certify)?;
    for number in 0..REVISIONS {
        file = match number % 4 {
            0 => samples::filled(&file, PAGES, number / 4, 1_000 + number)?,
            1 => samples::signed(&world, number, &file, None)?,
            2 => samples::with_evidence(&world, number, &file, number as u64)?,
            _ => samples::archived(&world, &file, 400 - number as i64)?,
        };
    }
    Ok(file)
}
