//! Signing files: declare, intent, prepare, sign, assemble, flush, outcome, publish; in this order.
//!
//! A batch is worked in chunks. The intents of a chunk are one commit; then preparing, signing and
//! finishing run beside each other, so that the token never waits for a disk. Files are flushed
//! together before their outcomes are committed together, and only then get their names. An item
//! that fails harms no other, unless the token says that the whole act has ended: the items in its
//! hands carry that error, those behind them end as cancelled.

mod course;
mod declare;
mod document;
mod error;
mod finish;
mod inspect;
mod rehearse;
mod xml;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::password::DocumentPassword;
use crate::recorder::{Intent, IntentId, Outcome, OutcomeReceipt, Recorder, Released};
use crate::signer::Signer;
use crate::visible::Visible;
use course::Course;
use declare::Declared;
use document::{Prepared, Signed};
use finish::{Finisher, Written};
use kyso_pades::{DocMdpPermission, FieldLock};
use kyso_xades::profile::Profile;

pub use course::Stop;
pub use error::{FirstSignature, SignError, XmlRefusal};
pub use inspect::{Inspection, inspect};
pub use rehearse::{Rehearsal, rehearse};

/// One file to sign.
#[derive(Clone, Debug)]
pub struct Task {
    /// The document.
    pub source: PathBuf,
    /// The document's name as it is recorded; else the file name of `source`.
    pub name: Option<String>,
    /// Where the signed file shall appear.
    pub target: PathBuf,
    /// How it is signed.
    pub format: SignatureFormat,
    /// The caller's name for this item, recorded in its intent.
    pub operation: Option<String>,
}

/// Format and its options; the level is B-B.
#[derive(Clone, Debug)]
pub enum SignatureFormat {
    /// PAdES (EN 319 142-1): a revision appended to a PDF.
    Pades(PadesOptions),
    /// CAdES (EN 319 122-1): a CMS file.
    Cades {
        /// Whether the content stays outside.
        detached: bool,
    },
    /// XAdES (EN 319 132-1) in an XML document, or a bare XML signature.
    Xades(XadesOptions),
}

impl SignatureFormat {
    /// Format and level as they are recorded and reported.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pades(_) => "PAdES-B-B",
            Self::Cades { detached: true } => "CAdES-B-B detached",
            Self::Cades { detached: false } => "CAdES-B-B attached",
            Self::Xades(XadesOptions { bare: false, .. }) => "XAdES-B-B",
            Self::Xades(XadesOptions { bare: true, .. }) => "XMLDSig",
        }
    }
}

/// What an XML document is, and whose.
#[derive(Clone, Debug, Default)]
pub struct XadesOptions {
    /// The kind of document; `None`: what its root element says.
    pub profile: Option<Profile>,
    /// Code of the facility whose documents are signed here; another's are refused.
    pub facility: Option<String>,
    /// Without the properties of XAdES, for readers that know none: nothing then binds the certificate.
    pub bare: bool,
}

/// What a PDF's signature dictionary says beside the signature.
#[derive(Clone, Debug, Default)]
pub struct PadesOptions {
    /// An existing empty signature field, or the name of the new one.
    pub field: Option<String>,
    /// `/Reason`.
    pub reason: Option<String>,
    /// `/Location`.
    pub location: Option<String>,
    /// Bytes to reserve beyond the signature for a time-stamp that is to come ([`crate::extend::STAMP_ROOM`]).
    pub time_stamp_room: usize,
    /// What an encrypted document is opened with; `None`: the empty password.
    pub password: Option<DocumentPassword>,
    /// What the signature shows; nothing where absent.
    pub visible: Option<Box<Visible>>,
    /// Makes it the document's certification, with what it permits afterwards.
    pub certify: Option<DocMdpPermission>,
    /// What a new field locks once it is signed.
    pub lock: Option<FieldLock>,
}

impl PadesOptions {
    /// A new invisible field, and nothing said.
    pub const PLAIN: Self = Self {
        field: None,
        reason: None,
        location: None,
        time_stamp_room: 0,
        password: None,
        visible: None,
        certify: None,
        lock: None,
    };
}

/// How a batch runs.
#[derive(Clone, Debug)]
pub struct BatchOptions {
    /// When the signatures are made: `/M` of PDFs, signing-time of CAdES.
    pub signing_time: jiff::Zoned,
    /// Who asks, as it is recorded.
    pub requester: String,
    /// How, and under which id, the person or a policy agreed, as it is recorded.
    pub consent: Option<String>,
    /// Threads that sign; more than the token's sessions gain nothing.
    pub sessions: usize,
    /// Whether existing targets may be replaced.
    pub overwrite: bool,
    /// Bytes to reserve for a PDF's signature; `None` takes an upper bound from the real chain.
    pub contents_size: Option<usize>,
    /// Ends the batch early, once somebody asks for it.
    pub stop: Stop,
}

/// A signed file under its final name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
}

/// What became of one task.
pub type SignResult = Result<Released<SignedFile>, SignError>;

/// Most items whose intents are one commit: bounds memory and what a crash leaves open.
const CHUNK: usize = 1_000;

/// Prepared documents that wait for the token; enough to bridge a slow read.
const PREPARED_AHEAD: usize = 64;

/// Time for which a key is given work at once: long against waking a thread (50 µs), short against a batch.
const HAND_OVER: Duration = Duration::from_millis(10);

/// Most documents given to a key at once, so that several sessions share the work evenly.
const MOST_AT_ONCE: usize = 16;

/// Signs `tasks` and gives one result each, in their order; `done` hears of each as it ends.
///
/// A signer serves any number of calls, one after the other or at once.
pub fn sign_batch(
    tasks: Vec<Task>,
    signer: &Signer,
    recorder: &dyn Recorder,
    options: &BatchOptions,
    done: &(dyn Fn(usize, &SignResult) + Sync),
) -> Vec<SignResult> {
    // Reading a large folder costs more than one signature; only batches tidy up after killed ones.
    if tasks.len() > 1 {
        crate::output::sweep(tasks.iter().map(|task| task.target.as_path()));
    }
    let mut results: Vec<Option<SignResult>> = tasks.iter().map(|_| None).collect();
    let mut queue: VecDeque<(usize, Task)> = tasks.into_iter().enumerate().collect();
    let course = Course::new(&options.stop);
    while !queue.is_empty() {
        if course.is_over() {
            for (index, _) in queue {
                settle(&mut results, done, index, Err(SignError::Cancelled));
            }
            break;
        }
        let (declared, refused) = declare::chunk(&mut queue, CHUNK, signer, options);
        for (index, error) in refused {
            settle(&mut results, done, index, Err(error));
        }
        if !declared.is_empty() {
            sign_chunk(declared, signer, recorder, options, &course, &mut |index, result| {
                settle(&mut results, done, index, result);
            });
        }
    }
    results.into_iter().map(|result| result.unwrap_or(Err(SignError::Interrupted))).collect()
}

fn settle(
    results: &mut [Option<SignResult>],
    done: &(dyn Fn(usize, &SignResult) + Sync),
    index: usize,
    result: SignResult,
) {
    done(index, &result);
    if let Some(place) = results.get_mut(index) {
        *place = Some(result);
    }
}

/// An item on its way: the intent is durable, the result is not known.
struct InFlight<T> {
    index: usize,
    intent: IntentId,
    item: Result<T, SignError>,
}

fn sign_chunk(
    declared: Vec<Declared>,
    signer: &Signer,
    recorder: &dyn Recorder,
    options: &BatchOptions,
    course: &Course<'_>,
    settle: &mut (dyn FnMut(usize, SignResult) + Send),
) {
    let intents: Vec<Intent> = declared.iter().map(|item| item.intent(signer, options)).collect();
    let ids = match recorder.intend(&intents) {
        Ok(ids) if ids.len() == declared.len() => ids,
        Ok(_) => return refuse_all(&declared, SignError::Interrupted, settle),
        Err(error) => return refuse_all(&declared, SignError::Recorder(Arc::new(error)), settle),
    };
    let mut finisher = Finisher::new(recorder);
    let inflight = ids.into_iter().zip(declared);
    if inflight.len() == 1 || options.sessions == 0 {
        // One document: threads would cost more than they bring.
        for (intent, item) in inflight {
            let index = item.index;
            let item = course
                .goes_on()
                .and_then(|()| item.prepare(signer, options))
                .and_then(|item| item.sign(signer, options, course))
                .and_then(|item| item.write(signer, options.overwrite));
            finisher.finish(InFlight { index, intent, item }, settle);
        }
        return;
    }
    std::thread::scope(|scope| {
        let (prepared, to_sign) = sync_channel::<InFlight<Prepared>>(PREPARED_AHEAD);
        let (signed, to_write) = sync_channel::<InFlight<Signed>>(finish::GROUP);
        let (written, to_finish) = sync_channel::<InFlight<Written>>(finish::GROUP);
        let to_sign = Arc::new(Mutex::new(to_sign));
        let left = Arc::new(AtomicUsize::new(inflight.len()));
        for _ in 0..options.sessions {
            let (to_sign, signed) = (Arc::clone(&to_sign), signed.clone());
            let left = Arc::clone(&left);
            scope.spawn(move || sign_prepared(&to_sign, &signed, &left, signer, options, course));
        }
        drop(signed);
        scope.spawn(move || finish::write_all(&to_write, &written, signer, options.overwrite));
        scope.spawn(move || finisher.run(&to_finish, settle));
        for (intent, item) in inflight {
            let index = item.index;
            let item = course.goes_on().and_then(|()| item.prepare(signer, options));
            if prepared.send(InFlight { index, intent, item }).is_err() {
                break;
            }
        }
    });
}

/// Takes prepared documents, as many at once as the key signs within [`HAND_OVER`], and passes them on.
fn sign_prepared(
    to_sign: &Mutex<Receiver<InFlight<Prepared>>>,
    signed: &SyncSender<InFlight<Signed>>,
    left: &AtomicUsize,
    signer: &Signer,
    options: &BatchOptions,
    course: &Course<'_>,
) {
    let mut fit = 1;
    loop {
        // A shrinking share of what is left, so that all sessions end at the same time.
        let share = left.load(Ordering::Relaxed) / (2 * options.sessions);
        let mut taken = match signer.together() {
            // Each hand-over costs an authorization: it waits until it is full.
            Some(most) => take_full(to_sign, most),
            None => take(to_sign, fit.min(share.max(1))),
        };
        if taken.is_empty() {
            return;
        }
        let count = taken.len();
        left.fetch_sub(count, Ordering::Relaxed);
        if course.is_over() {
            // An item's own error says more.
            for one in taken.iter_mut().filter(|one| one.item.is_ok()) {
                one.item = Err(SignError::Cancelled);
            }
        }
        let started = Instant::now();
        let values = {
            let ready = taken.iter().filter_map(|one| one.item.as_ref().ok());
            let bytes: Vec<&[u8]> = ready.map(Prepared::bytes_to_sign).collect();
            if bytes.is_empty() { Vec::new() } else { signer.sign_many(&bytes) }
        };
        values.iter().for_each(|value| course.note(value));
        fit = at_once(started.elapsed() / u32::try_from(count).unwrap_or(1));
        let mut values = values.into_iter();
        for InFlight { index, intent, item } in taken {
            let item = item.and_then(|item| {
                let value = values.next().unwrap_or(Err(SignError::Interrupted))?;
                item.complete(value, signer, options, course)
            });
            if signed.send(InFlight { index, intent, item }).is_err() {
                return;
            }
        }
    }
}

/// Waits for one and takes what else is there, up to `most`.
fn take<T>(channel: &Mutex<Receiver<T>>, most: usize) -> Vec<T> {
    let channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken: Vec<T> = channel.recv().into_iter().collect();
    if !taken.is_empty() {
        taken.extend(channel.try_iter().take(most - 1));
    }
    taken
}

/// Waits until `most` are there, or no more come.
fn take_full<T>(channel: &Mutex<Receiver<T>>, most: usize) -> Vec<T> {
    let channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
    channel.iter().take(most.max(1)).collect()
}

/// How many documents a key of this pace takes at once: a card one, so that its progress is seen.
fn at_once(each: Duration) -> usize {
    let fit = HAND_OVER.as_nanos() / each.as_nanos().max(1);
    usize::try_from(fit).unwrap_or(MOST_AT_ONCE).clamp(1, MOST_AT_ONCE)
}

fn refuse_all(
    declared: &[Declared],
    error: SignError,
    settle: &mut (dyn FnMut(usize, SignResult) + Send),
) {
    for item in declared {
        settle(item.index, Err(error.share()));
    }
}

/// The outcome of an item that was not signed.
fn failed(error: &SignError) -> Outcome {
    match error {
        SignError::Cancelled => Outcome::Cancelled,
        error => Outcome::Failed { code: error.code().to_owned() },
    }
}

/// Checks that a receipt is for the intent it was asked for.
fn matching(receipts: Vec<OutcomeReceipt>, ids: &[IntentId]) -> Option<Vec<OutcomeReceipt>> {
    let same = receipts.len() == ids.len()
        && receipts.iter().zip(ids).all(|(receipt, id)| receipt.intent == *id);
    same.then_some(receipts)
}
