//! One round of a batch: up to a thousand items signed on one login.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use kyso::sign::{BatchOptions, SignError, SignResult, SignatureFormat, Stop, Task, sign_batch};
use kyso::signer::Signer;
use kyso_protocol::{Lang, Problem, SignatureOptions};

use super::ledger::{Facts, Ledger};
use super::recorder::{Noting, item_name};
use super::verdict::{Trouble, Verdict};
use crate::engine::signing::{self, SourceFile};
use crate::error::{ApiError, BatchError};
use crate::explain;
use crate::store::items::{End, Pending};

/// Items of one round: what kyso declares in one commit.
pub(super) const ITEMS: usize = 1_000;

/// Ended items that wait to be written down; the signing threads wait when there are more.
const WAITING: usize = 1_024;

/// Parallel sessions with the token: as the command line's default.
const SESSIONS: usize = 1;

/// An item with its files.
pub(super) struct Work {
    pub(super) item: Pending,
    pub(super) source: PathBuf,
    pub(super) target: PathBuf,
    pub(super) format: SignatureFormat,
}

/// Where a batch's files lie and how they are signed.
pub(super) struct Files<'a> {
    pub(super) documents: PathBuf,
    pub(super) results: PathBuf,
    pub(super) options: &'a SignatureOptions,
    pub(super) lang: Lang,
}

impl Files<'_> {
    /// The items with their files; those that the options do not fit end as failed, each recorded.
    ///
    /// # Errors
    /// Of journal and tables.
    pub(super) fn of(
        &self,
        pending: Vec<Pending>,
        ledger: &Ledger<'_>,
    ) -> Result<Vec<Work>, ApiError> {
        let mut works = Vec::with_capacity(pending.len());
        let (mut facts, mut ended) = (HashMap::new(), Vec::new());
        for item in pending {
            let file = SourceFile {
                path: self.documents.join(&item.document),
                name: item.name.clone().unwrap_or_default(),
            };
            match signing::format(&file, self.options) {
                Ok(format) => {
                    let target = self.results.join(item.number.to_string());
                    works.push(Work { item, source: file.path, target, format });
                }
                Err(error) => {
                    let problem = ApiError::from(error).document(self.lang);
                    facts.insert(item.number, Facts::unformatted(&item));
                    ended.push((item.number, failed(problem)));
                }
            }
        }
        if !ended.is_empty() {
            ledger.end(&facts, ended)?;
        }
        Ok(works)
    }
}

/// What a round left to do.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Items that were signed.
    pub(super) signed: usize,
    /// The weightiest trouble, with its text.
    pub(super) trouble: Option<(Trouble, Problem)>,
    /// Items in flight when the worker died.
    pub(super) suspects: BTreeSet<usize>,
    /// Whether the journal must be asked how an item ended.
    pub(super) ask_journal: bool,
}

/// Signs the items that are left, and writes down how each ended.
///
/// # Errors
/// Of journal and tables.
pub(super) fn sign(
    ledger: &Ledger<'_>,
    signer: &Signer,
    work: Vec<Work>,
    stop: &Stop,
    signing_time: jiff::Zoned,
) -> Result<Left, ApiError> {
    let lang = ledger.batch.lang;
    let facts: HashMap<usize, Facts> =
        work.iter().map(|one| (one.item.number, Facts::of(&one.item, &one.format))).collect();
    let numbers: Vec<usize> = work.iter().map(|one| one.item.number).collect();
    let tasks = work
        .into_iter()
        .map(|one| Task {
            source: one.source,
            name: Some(one.item.name.unwrap_or_default()),
            target: one.target,
            format: one.format,
            operation: Some(item_name(&ledger.batch.id, one.item.number)),
        })
        .collect();
    let options = BatchOptions {
        signing_time,
        requester: ledger.requester.clone(),
        consent: ledger.consent.clone(),
        sessions: SESSIONS,
        overwrite: false,
        contents_size: None,
        stop: stop.clone(),
    };
    let declared = facts.iter().map(|(number, facts)| (*number, facts.sha256)).collect();
    let noting = Noting::new(&*ledger.app.journal, declared);
    let left = Mutex::new(Left::default());
    let written = std::thread::scope(|scope| {
        let (ended, to_write) = sync_channel(WAITING);
        let writer = scope.spawn(|| {
            let to_write = to_write;
            ledger.run(&facts, &to_write, stop)
        });
        let hear = |index: usize, result: &SignResult| {
            let Some(number) = numbers.get(index).copied() else { return };
            let end = {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                heard(&mut left, number, result, &noting, lang)
            };
            if let Some(end) = end {
                // The writer ends early only on an error, which it reports itself.
                let _ = ended.send((number, end));
            }
        };
        sign_batch(tasks, signer, &noting, &options, &hear);
        drop(ended);
        writer.join()
    });
    match written {
        Ok(written) => written?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    let mut left = left.into_inner().unwrap_or_else(PoisonError::into_inner);
    let differing = noting.into_differing();
    if !differing.is_empty() {
        // The group that they were declared with was refused; the others are signed in the next round.
        left.trouble = None;
        let ends = differing.into_iter().map(|(item, sha256)| {
            let document = String::new();
            let error = BatchError::DocumentDiffers { item, document, sha256: hex::encode(sha256) };
            (item, failed(ApiError::from(error).document(lang)))
        });
        ledger.end(&facts, ends.collect())?;
    }
    Ok(left)
}

/// Notes one result; gives the item's end where it is one.
fn heard(
    left: &mut Left,
    number: usize,
    result: &SignResult,
    noting: &Noting<'_>,
    lang: Lang,
) -> Option<End> {
    match (Verdict::of(result), result) {
        (Verdict::Signed { entry, result }, _) => {
            left.signed += 1;
            Some(End::Signed { entry, result })
        }
        (Verdict::Failed, Err(error)) => Some(End::Failed {
            entry: noting.take(number),
            problem: Box::new(problem(error, lang)),
        }),
        (Verdict::Again(trouble), Err(error)) => {
            if trouble == Trouble::WorkerDied {
                left.suspects.insert(number);
            }
            if left.trouble.as_ref().is_none_or(|(known, _)| *known < trouble) {
                left.trouble = Some((trouble, problem(error, lang)));
            }
            None
        }
        (Verdict::AskJournal | Verdict::Failed | Verdict::Again(_), _) => {
            left.ask_journal = true;
            None
        }
    }
}

/// A signing error as an item's or the batch's problem.
pub(super) fn problem(error: &SignError, lang: Lang) -> Problem {
    let told = explain::sign::explain(error, lang);
    Problem::new(&told.code, told.what, told.why, told.remedy).with_status(422)
}

fn failed(problem: Problem) -> End {
    End::Failed { entry: None, problem: Box::new(problem) }
}
