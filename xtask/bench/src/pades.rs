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

/// Measures the parts that are wanted by name.
pub(crate) fn measure(table: &mut Table, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let folder = desk::fresh(base.join(format!("pades-{}", std::process::id())))?;
    let measured = measure_in(table, &folder, wanted);
    // Also after a failure: a large file is in there.
    std::fs::remove_dir_all(folder)?;
    measured
}

fn measure_in(table: &mut Table, folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let environment = desk::make(folder)?;
    if wanted("pades-page") {
        page::measure(table, folder, &environment)?;
    }
    if wanted("pades-many") {
        many::measure(table)?;
    }
    if wanted("pades-changes") {
        changes::measure(table)?;
    }
    if wanted("pades-levels") {
        many::long_term(table, folder)?;
    }
    if wanted("pades-large") {
        large::measure(table, folder, &environment)?;
    }
    Ok(())
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
