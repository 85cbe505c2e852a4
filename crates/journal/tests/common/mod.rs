//! What the journal's tests share: sample records, a clock that only counts, a child process.
#![allow(dead_code)] // Each test binary uses its own part.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kyso::recorder::{Intent, Outcome};
use kyso_journal::{
    Journal, JournalError, Options, Owner, ReissuanceEvent, ReissuanceReason, ReissuanceStep,
    ReissuanceTransition, ReissuanceUnit,
};

/// A clock that gives 1, 2, 3 … milliseconds after a fixed day.
pub(crate) fn counting_clock() -> impl Fn() -> u64 + Send + Sync + 'static {
    let ticks = AtomicU64::new(1_800_000_000_000_000);
    move || ticks.fetch_add(1000, Ordering::Relaxed)
}

pub(crate) fn options() -> Options {
    Options::new(counting_clock()).unwrap()
}

pub(crate) fn open(path: &Path) -> Journal {
    Journal::open(path, options()).unwrap()
}

/// An owner that cannot be alive: of another boot.
pub(crate) fn dead_owner() -> Owner {
    Owner { boot: "00000000-0000-0000-0000-000000000000".into(), pid: 1, started: 1 }
}

pub(crate) fn open_as(path: &Path, owner: Owner) -> Result<Journal, JournalError> {
    let options = Options { owner, busy: Duration::from_secs(20), ..options() };
    Journal::open(path, options)
}

pub(crate) fn intent(number: u64) -> Intent {
    Intent {
        requester: format!("pid {number} uid 1000"),
        document_sha256: [number as u8; 32],
        document_name: format!("Quyết định {number}.pdf"),
        certificate_sha256: [0xcc; 32],
        token_serial: "0123456789abcdef".into(),
        mechanism: "ecdsa-with-SHA256".into(),
        format: "PAdES-B-B".into(),
        operation: None,
        consent: None,
    }
}

pub(crate) fn signed(number: u64) -> Outcome {
    Outcome::Signed { signature_sha256: [number as u8; 32], released_sha256: [!(number as u8); 32] }
}

pub(crate) const CREATED: ReissuanceStep = ReissuanceStep::Done(ReissuanceTransition::Created);
pub(crate) const SUBMITTED: ReissuanceStep = ReissuanceStep::Done(ReissuanceTransition::Submitted);

/// A step of request `number`, whose old unit is given in words and whose new one by its code.
pub(crate) fn step(number: u64, step: ReissuanceStep) -> ReissuanceEvent {
    ReissuanceEvent {
        request: request(number),
        step,
        requester: "pid 7 uid 1000".into(),
        consent: Some("pinentry 4".into()),
        certificate_sha256: [0xcc; 32],
        reason: ReissuanceReason::UnitMerged,
        old_unit: Some(ReissuanceUnit::Text("UBND xã Đắk Hà".into())),
        new_unit: Some(ReissuanceUnit::Code {
            code: "23500".into(),
            valid_from: "2025-07-01".into(),
        }),
        requested_subject: "CN=Nguyễn Văn An,O=UBND xã Đăk Hà,C=VN".into(),
        answer: None,
        document_sha256: None,
        issued_sha256: None,
        code: None,
    }
}

pub(crate) fn request(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}
