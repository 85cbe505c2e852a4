//! The last steps: write under a temporary name, flush, record the outcome, publish.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use kyso_x509::Digest;

use super::document::Signed;
use super::{InFlight, SignError, SignResult, SignedFile, failed, matching};
use crate::output::{self, PendingFile, Unpublished};
use crate::recorder::{IntentId, Outcome, OutcomeReceipt, Recorder, Released};
use crate::signer::Signer;

/// Most files that are flushed and recorded together; each holds an open file until it has its name.
pub(super) const GROUP: usize = 200;

/// Longest that a signed file waits for others to be flushed with.
const GROUP_WAIT: Duration = Duration::from_millis(250);

type Settle<'a> = &'a mut (dyn FnMut(usize, SignResult) + Send);

/// Collects written files and finishes them in groups.
pub(super) struct Finisher<'a> {
    recorder: &'a dyn Recorder,
    group: Vec<InFlight<Written>>,
}

/// A complete file that has no name yet.
pub(super) struct Written {
    pub(super) file: PendingFile,
    pub(super) len: u64,
    pub(super) signature_sha256: [u8; 32],
    pub(super) released: Digest,
}

/// Writes signed files under temporary names, so that flushing one group does not hold up the next.
pub(super) fn write_all(
    signed: &Receiver<InFlight<Signed>>,
    written: &SyncSender<InFlight<Written>>,
    signer: &Signer,
    overwrite: bool,
) {
    for InFlight { index, intent, item } in signed {
        let item = item.and_then(|item| item.write(signer, overwrite));
        if written.send(InFlight { index, intent, item }).is_err() {
            return;
        }
    }
}

impl<'a> Finisher<'a> {
    pub(super) fn new(recorder: &'a dyn Recorder) -> Self {
        Self { recorder, group: Vec::new() }
    }

    /// Takes written files until there are no more.
    pub(super) fn run(mut self, written: &Receiver<InFlight<Written>>, settle: Settle<'_>) {
        while let Ok(first) = written.recv() {
            let deadline = Instant::now() + GROUP_WAIT;
            self.group.push(first);
            while self.group.len() < GROUP {
                let left = deadline.saturating_duration_since(Instant::now());
                match written.recv_timeout(left) {
                    Ok(item) => self.group.push(item),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            self.end_group(settle);
        }
    }

    /// Finishes one file by itself.
    pub(super) fn finish(&mut self, written: InFlight<Written>, settle: Settle<'_>) {
        self.group.push(written);
        self.end_group(settle);
    }

    /// Flushes the group, records its outcomes, publishes its files.
    fn end_group(&mut self, settle: Settle<'_>) {
        let mut group = std::mem::take(&mut self.group);
        self.flush(&mut group);
        let outcomes: Vec<(IntentId, Outcome)> =
            group.iter().map(|entry| (entry.intent, outcome(&entry.item))).collect();
        let ids: Vec<IntentId> = outcomes.iter().map(|(id, _)| *id).collect();
        let receipts = match self.recorder.conclude(&outcomes) {
            Ok(receipts) => matching(receipts, &ids),
            Err(error) => {
                let error = SignError::Recorder(Arc::new(error));
                for entry in group {
                    // An item's own error says more than the journal's; neither releases anything.
                    settle(entry.index, Err(entry.item.err().unwrap_or_else(|| error.share())));
                }
                return;
            }
        };
        let Some(receipts) = receipts else {
            group.into_iter().for_each(|entry| settle(entry.index, Err(SignError::Interrupted)));
            return;
        };
        let mut released = Vec::with_capacity(group.len());
        for (entry, receipt) in group.into_iter().zip(receipts) {
            released.push((entry.index, entry.item.and_then(|file| publish(file, receipt))));
        }
        let named = released.iter().filter_map(|(_, result)| result.as_ref().ok());
        let flushed = output::flush_names(named.map(|file| file.value().path.as_path()));
        for (index, result) in released {
            settle(index, durable(result, &flushed));
        }
    }

    /// A flush that fails fails every file of the group: nobody knows which of them is on the disk.
    fn flush(&self, group: &mut [InFlight<Written>]) {
        let files = group.iter().filter_map(|entry| entry.item.as_ref().ok().map(|w| &w.file));
        let Err(error) = output::flush(files) else { return };
        for entry in group {
            if let Ok(written) = &entry.item {
                let path = written.file.target().to_path_buf();
                let error = std::io::Error::new(error.kind(), error.to_string());
                entry.item = Err(SignError::Unwritable { path, error });
            }
        }
    }
}

fn outcome(item: &Result<Written, SignError>) -> Outcome {
    match item {
        Ok(written) => Outcome::Signed {
            signature_sha256: written.signature_sha256,
            released_sha256: super::declare::sha256(&written.released),
        },
        Err(error) => failed(error),
    }
}

/// Gives the file its name, which only its receipt allows.
fn publish(written: Written, receipt: OutcomeReceipt) -> SignResult {
    let path = written.file.target().to_path_buf();
    let value = SignedFile { path: path.clone(), len: written.len };
    let released =
        Released::against(receipt, value, &written.released).map_err(SignError::NotRecorded)?;
    written
        .file
        .publish_or_keep()
        .map_err(|Unpublished { error, kept }| SignError::NotPublished { path, kept, error })?;
    Ok(released)
}

/// The file is there; if its name could not be flushed, a power cut may still take it.
fn durable(result: SignResult, flushed: &std::io::Result<()>) -> SignResult {
    match (result, flushed) {
        (Ok(file), Err(error)) => Err(SignError::NotDurable {
            path: file.value().path.clone(),
            error: std::io::Error::new(error.kind(), error.to_string()),
        }),
        (result, _) => result,
    }
}
