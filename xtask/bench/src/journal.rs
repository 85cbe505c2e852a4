//! The journal against bare inserts into a SQLite table with the same settings.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use kyso::recorder::{Intent, Recorder as _};
use rusqlite::Connection;

use crate::desk;
use crate::table::{Goal, Table};

/// Records of a round, one a commit.
const SINGLE: usize = 1_000;
/// Records of a round in groups.
const GROUPED: usize = 10_000;
/// Records of a group.
const GROUP: usize = 100;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench/journal");
    for (name, records, group, goal) in [
        ("journal record, one a commit", SINGLE, 1, 0.6),
        ("journal records, 100 a commit", GROUPED, GROUP, 0.3),
    ] {
        table.measure(name, Goal::AtLeast(goal), || {
            let folder = desk::fresh(base.clone())?;
            let bare = bare_commit(&folder, records / group, group)? / group as f64;
            let ours = ours(&folder, records, group)?;
            Ok((bare / ours, format!("{:.0}/s of {:.0}/s", 1.0 / ours, 1.0 / bare)))
        })?;
    }
    Ok(())
}

/// Seconds of one durable commit of `group` rows, each as long as a record.
pub(crate) fn bare_commit(folder: &Path, commits: usize, group: usize) -> Result<f64> {
    let mut connection = Connection::open(folder.join("bare.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; DROP TABLE IF EXISTS bare; \
         CREATE TABLE bare (id INTEGER PRIMARY KEY, record BLOB NOT NULL);",
    )?;
    let record = vec![7u8; 600];
    let started = Instant::now();
    for _ in 0..commits {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO bare (record) VALUES (?1)")?;
            for _ in 0..group {
                insert.execute([&record])?;
            }
        }
        transaction.commit()?;
    }
    Ok(started.elapsed().as_secs_f64() / commits as f64)
}

/// Seconds of one record.
fn ours(folder: &Path, records: usize, group: usize) -> Result<f64> {
    let journal = desk::journal(folder)?;
    let intent = Intent {
        requester: "cli user=hvty pid=4711".to_owned(),
        document_sha256: [1; 32],
        document_name: "cong-van-so-12.pdf".to_owned(),
        certificate_sha256: [2; 32],
        token_serial: "0123456789abcdef".to_owned(),
        mechanism: "sha256WithRSAEncryption".to_owned(),
        format: "PAdES-B-B".to_owned(),
        operation: None,
        consent: None,
    };
    let intents = vec![intent; group];
    let started = Instant::now();
    for _ in 0..records / group {
        journal.intend(&intents)?;
    }
    Ok(started.elapsed().as_secs_f64() / records as f64)
}
