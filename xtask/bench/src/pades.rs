//! PDFs: signing them seen and unseen, large ones, many signatures, many pages and revisions, long-term levels.

mod changes;
mod large;
mod many;
mod page;
mod peers;
mod samples;

use std::path::Path;

use anyhow::{Result, bail};

use crate::desk;
use crate::table::Table;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let folder = desk::fresh(base.join(format!("pades-{}", std::process::id())))?;
    let measured = measure_in(table, &folder);
    // Also after a failure: a large file is in there.
    std::fs::remove_dir_all(folder)?;
    measured
}

fn measure_in(table: &mut Table, folder: &Path) -> Result<()> {
    let environment = desk::make(folder)?;
    page::measure(table, folder, &environment)?;
    many::measure(table)?;
    changes::measure(table)?;
    many::long_term(table, folder)?;
    large::measure(table, folder, &environment)
}

/// A process of its own, where a token or a peak of memory is at stake.
pub(crate) fn child(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["page", rest @ ..] => page::child(rest),
        ["sign-large", rest @ ..] => large::sign(rest),
        ["validate-large", rest @ ..] => large::validate(rest),
        _ => bail!("there is no such process"),
    }
}
