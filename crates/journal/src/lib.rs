//! The tamper-evident journal: intents, outcomes, RFC 6962 tree, receipts.
//!
//! [`Journal`] is kyso's [`Recorder`](kyso::recorder::Recorder): an intent is durable before the
//! token signs, its outcome before anything is released. Every record is a leaf ([`record`]) of a
//! Merkle tree ([`tree`], RFC 6962) whose head is signed as a C2SP checkpoint, in the very commit
//! that ends an act. From there on:
//!
//! - [`Reader`] lists and shows, [`Journal::prove`] gives a [`Receipt`] (`c2sp.org/tlog-proof@v1`),
//!   [`Journal::export`] one file ([`export`]) that [`verify_export`] checks offline.
//! - [`reissuance`] records what becomes of requests to have a certificate reissued.
//! - Several processes may write one journal. An intent bears its [`Owner`]; opening the journal
//!   ends those whose owner died with `interrupted` and leaves those of the living alone.
//! - Sealing does not stop whoever holds the key from writing another history: a checkpoint that
//!   left the machine does. Verification takes it as `earlier`.
//!
//! Storage is SQLite in WAL mode with `synchronous = FULL`. An append costs one row, whatever the
//! journal's age; calls that come while a commit runs share the next one.

mod canonical;
mod checkpoint;
mod error;
pub mod export;
mod follow;
mod group;
mod journal;
mod note;
mod owner;
mod reader;
mod receipt;
pub mod record;
pub mod reissuance;
mod store;
pub mod tree;
mod verify;
mod writer;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use error::{Damage, JournalError};
pub use export::ExportOptions;
pub use follow::{IntentEnd, IntentEntry, Pages};
pub use journal::{DEFAULT_BUSY, Journal, MAX_TEXT_BYTES, Options, key_path};
pub use note::{MAX_NOTE_BYTES, MAX_SIGNATURES, NoteError, VerifierKey};
pub use owner::Owner;
pub use reader::{Entry, Filter, KindFilter, Reader};
pub use receipt::{MAX_RECEIPT_BYTES, ProvenLeaf, Receipt, ReceiptError};
pub use record::{IntentRecord, Leaf, Record, ReissuanceRecord, UnitRecord};
pub use reissuance::{
    AttemptEnd, Recorded, ReissuanceEvent, ReissuanceReason, ReissuanceState, ReissuanceStep,
    ReissuanceTexts, ReissuanceTransition, ReissuanceUnit, member_salt,
};
pub use verify::{
    Finding, MAX_FINDINGS, MAX_LISTED, VerificationReport, verify_export, verify_in_place,
};
