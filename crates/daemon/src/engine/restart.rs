//! After any end of the daemon: what became of the operations that it cut short, by the journal's word.
//!
//! Opening the journal has ended the intents of dead owners. What it says was signed *and* lies under its name with exactly
//! the recorded bytes was released. What was signed but has no file never left, and everything else was not signed: the client
//! asks again under another key.

use std::path::Path;

use kyso::recorder::Outcome;
use kyso_journal::IntentEnd;
use kyso_protocol::{OperationKind, OperationState, Problem};
use kyso_x509::{DigestAlgorithm, Hasher};

use super::record::{DENIED, ENDED, TIMED_OUT};
use crate::app::App;
use crate::error::ApiError;
use crate::reissuance;
use crate::store::operations::{Intended, OperationRow, ResultFile};

/// Read buffer.
const BUFFER: usize = 64 * 1024;

/// Ends the operations that the daemon's end cut short; batches are taken up elsewhere.
///
/// # Errors
/// The tables' and the journal's.
pub(crate) fn at_start(app: &App) -> Result<usize, ApiError> {
    let mut ended = 0;
    loop {
        let rows = app.store.unfinished_but(OperationKind::Batch)?;
        if rows.is_empty() {
            return Ok(ended);
        }
        for mut row in rows {
            end(app, &mut row)?;
            reissuance::settle(app, &mut row)?;
            app.store.update_operation(&row)?;
            ended += 1;
        }
    }
}

fn end(app: &App, row: &mut OperationRow) -> Result<(), ApiError> {
    row.state = OperationState::Interrupted;
    row.pause = None;
    row.touch();
    let id = row.id.to_string();
    for found in app.journal.reader().intents_of(&id, row.from_entry) {
        let found = found?;
        if found.intent.operation.as_deref() != Some(&id) {
            continue;
        }
        let (entry, outcome) = match found.end {
            None => continue,
            Some(IntentEnd::Interrupted { entry }) => {
                row.detail.entry = Some(entry);
                continue;
            }
            Some(IntentEnd::Outcome { entry, outcome }) => (entry, outcome),
        };
        row.detail.entry = Some(entry);
        row.state = match outcome {
            Outcome::Signed { released_sha256, .. } | Outcome::Extended { released_sha256, .. } => {
                let path = app.result_path(&row.id, 0);
                match length_of(&path, &released_sha256) {
                    None => OperationState::Interrupted,
                    Some(len) => {
                        let Intended { name, format } =
                            row.detail.intended.clone().unwrap_or_default();
                        row.detail.format = Some(format);
                        row.detail.result = Some(ResultFile { name, sha256: released_sha256, len });
                        OperationState::Succeeded
                    }
                }
            }
            Outcome::Cancelled => OperationState::Cancelled,
            Outcome::Failed { code } if code == DENIED => OperationState::Denied,
            Outcome::Failed { code } if code == TIMED_OUT => OperationState::TimedOut,
            Outcome::Failed { code } if code == ENDED => OperationState::Interrupted,
            Outcome::Failed { code } => {
                row.detail.problem = Some(failed(&code, row));
                OperationState::Failed
            }
        };
    }
    Ok(())
}

/// A failure of which only the journal's code is left.
fn failed(code: &str, row: &OperationRow) -> Problem {
    let lang = row.lang;
    Problem::new(
        code,
        lang.pick("thao tác đã thất bại", "the operation failed"),
        lang.pick(
            "dịch vụ dừng ngay sau đó; nhật ký chỉ giữ mã lỗi",
            "the daemon ended right after; the journal keeps the code alone",
        ),
        lang.pick("gửi lại yêu cầu với khóa mới", "send the request again under a new key"),
    )
    .with_status(422)
    .about(format!("/v1/operations/{}", row.id))
}

/// The length of a file that holds exactly the bytes of this SHA-256; `None` where there is none such.
pub(crate) fn length_of(path: &Path, sha256: &[u8; 32]) -> Option<u64> {
    use std::io::Read as _;
    let mut file = kyso::input::open_regular(path).ok()?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // What cannot be read cannot be given out.
            Err(_) => return None,
        }
    }
    (hasher.finish().as_bytes() == sha256).then_some(length)
}
