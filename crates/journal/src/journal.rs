//! The journal open for writing: kyso's recorder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use kyso::recorder::{Intent, IntentId, Outcome, OutcomeReceipt, Recorder, RecorderError};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::checkpoint::SignedCheckpoint;
use crate::error::{Damage, JournalError};
use crate::group::{Group, lock};
use crate::note::{NoteKey, VerifierKey};
use crate::owner::{Owner, Presence};
use crate::reader::Reader;
use crate::receipt::Receipt;
use crate::store::{Store, folder_of, private_file, sync_folder};
use crate::tree::Hash;
use crate::writer::{Request, Writer, Written, last_checkpoint};

/// The longest text of a record: a file name has 255 bytes at most on common systems, a requester
/// names a path and a user; longer is a mistake or an attack on the journal's size.
pub const MAX_TEXT_BYTES: usize = 4096;

/// How long another process's write is waited for: many commits of a slow disk.
pub const DEFAULT_BUSY: Duration = Duration::from_secs(10);

/// With what a journal is opened for writing.
pub struct Options {
    /// Gives Unix time in microseconds; the journal reads no other clock.
    pub clock: Box<dyn Fn() -> u64 + Send + Sync>,
    /// The process that owns the intents written.
    pub owner: Owner,
    /// How long another process's write is waited for.
    pub busy: Duration,
    /// Whether a journal that is absent is made; where it ought to be there, a new one would hide its loss.
    pub create: bool,
}

impl Options {
    /// This process as owner, [`DEFAULT_BUSY`]; an absent journal is made.
    ///
    /// # Errors
    /// [`JournalError::Inaccessible`] where the system does not tell who this process is.
    pub fn new(clock: impl Fn() -> u64 + Send + Sync + 'static) -> Result<Self, JournalError> {
        let owner = Owner::this_process().map_err(|error| JournalError::Inaccessible {
            path: PathBuf::from("/proc/self"),
            kind: error.kind(),
        })?;
        Ok(Self { clock: Box::new(clock), owner, busy: DEFAULT_BUSY, create: true })
    }
}

/// The journal, open for writing by this process and perhaps others.
pub struct Journal {
    reader: Reader,
    writer: Mutex<Writer>,
    group: Group,
    interrupted: Vec<u64>,
    created: bool,
    _presence: Presence,
}

impl Journal {
    /// Opens the journal at `path`, creating it (folder 0700, files 0600, a new checkpoint key in
    /// `<path>.key`) where it is absent and [`Options::create`] says so; appends `interrupted` for each open intent whose owner is
    /// dead. Intents of living processes are left alone.
    ///
    /// # Errors
    /// [`JournalError`], [`JournalError::NotAJournal`] where it is absent and not to be created;
    /// nothing may be signed then.
    pub fn open(path: &Path, options: Options) -> Result<Self, JournalError> {
        check_text("owner", &options.owner.boot)?;
        if options.create {
            Store::create_files(path)?;
        } else if !Store::open_read_only(path, options.busy)?.is_created()? {
            return Err(JournalError::NotAJournal { path: path.to_owned() });
        }
        let mut store = Store::open(path, options.busy)?;
        let created = !store.is_created()? && create(&mut store)?;
        let verifier = store.meta()?;
        store.upgrade()?;
        let key = load_key(path, &verifier)?;
        let presence =
            options.owner.appear(path).map_err(|error| JournalError::io(path, &error))?;
        // On one snapshot: another process may write between two reads, and its checkpoint would seem too large.
        let (frontier, sealed) = store.read(|| {
            let (size, root) = store.head()?;
            let frontier = store.frontier(size, &root)?;
            Ok((frontier, last_checkpoint(&store, key.verifier(), size)?))
        })?;
        let mut writer = Writer {
            store,
            clock: options.clock,
            owner: options.owner,
            key,
            frontier,
            sealed: sealed.map(|signed| signed.note().to_owned()),
            random: SystemRandom::new(),
        };
        let interrupted = writer.interrupt_orphans()?;
        Ok(Self {
            reader: Reader::open(path, options.busy)?,
            writer: Mutex::new(writer),
            group: Group::default(),
            interrupted,
            created,
            _presence: presence,
        })
    }

    /// Reads beside the writer: list, show, verify in place.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Whether opening made this journal: its key should then be noted elsewhere.
    pub fn was_created(&self) -> bool {
        self.created
    }

    /// Intents that opening found without outcome and with a dead owner.
    pub fn interrupted(&self) -> &[u64] {
        &self.interrupted
    }

    /// Looks again for open intents whose owner has died since; returns those now interrupted.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn interrupt_orphans(&self) -> Result<Vec<u64>, JournalError> {
        lock(&self.writer).interrupt_orphans()
    }

    /// Signs the tree as it stands; what should leave the machine.
    ///
    /// # Errors
    /// [`JournalError`]; [`Damage::Checkpoint`] where the tree does not continue the last one.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, JournalError> {
        lock(&self.writer).checkpoint()
    }

    /// The receipt of record `index`, its leaf included, under a checkpoint of now.
    ///
    /// # Errors
    /// [`JournalError::NoSuchEntry`], or what keeps the journal from being read or signed.
    pub fn prove(&self, index: u64) -> Result<Receipt, JournalError> {
        let signed = self.checkpoint()?;
        let size = signed.checkpoint().size;
        let missing = JournalError::NoSuchEntry { index, size };
        if index >= size {
            return Err(missing);
        }
        let entry = self.reader.entry(index)?.ok_or(missing)?;
        Ok(Receipt {
            leaf: Some(entry.bytes),
            index,
            proof: self.reader.inclusion(index, size)?,
            checkpoint: signed.note().to_owned(),
        })
    }

    /// The proof (RFC 6962 §2.1.2) that the tree of `signed` continues that of `old` leaves; to be
    /// checked by [`crate::tree::verify_consistency`]. Empty where `old` is 0 or the size itself.
    ///
    /// # Errors
    /// [`JournalError::NoSuchEntry`] where `old` is larger than the checkpoint's size or that
    /// larger than the journal.
    pub fn prove_consistency(
        &self,
        old: u64,
        signed: &SignedCheckpoint,
    ) -> Result<Vec<Hash>, JournalError> {
        let size = signed.checkpoint().size;
        let (stored, _) = self.reader.head()?;
        if old > size || size > stored {
            return Err(JournalError::NoSuchEntry { index: old.max(size), size: stored });
        }
        if old == 0 {
            return Ok(Vec::new());
        }
        self.reader.consistency(old, size)
    }

    pub(crate) fn submit(&self, request: Request) -> Result<Written, JournalError> {
        self.group.submit(&self.writer, request)
    }
}

impl Recorder for Journal {
    fn intend(&self, intents: &[Intent]) -> Result<Vec<IntentId>, RecorderError> {
        if intents.is_empty() {
            return Ok(Vec::new());
        }
        for intent in intents {
            check_text("requester", &intent.requester)?;
            check_text("document name", &intent.document_name)?;
            check_text("token serial", &intent.token_serial)?;
            check_text("mechanism", &intent.mechanism)?;
            check_text("format", &intent.format)?;
            check_text("operation", intent.operation.as_deref().unwrap_or_default())?;
            check_text("consent", intent.consent.as_deref().unwrap_or_default())?;
        }
        match self.submit(Request::Intend(intents.to_vec()))? {
            Written::Intents(ids) => Ok(ids),
            Written::Outcomes(_) | Written::Steps(_) => Ok(Vec::new()),
        }
    }

    fn conclude(
        &self,
        outcomes: &[(IntentId, Outcome)],
    ) -> Result<Vec<OutcomeReceipt>, RecorderError> {
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        for (_, outcome) in outcomes {
            if let Outcome::Failed { code } = outcome {
                check_text("code", code)?;
            }
        }
        match self.submit(Request::Conclude(outcomes.to_vec()))? {
            Written::Outcomes(receipts) => Ok(receipts),
            Written::Intents(_) | Written::Steps(_) => Ok(Vec::new()),
        }
    }
}

pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), JournalError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(JournalError::TextTooLong { field, length: text.len() });
    }
    Ok(())
}

/// Where the checkpoint key of the journal at `path` lies.
pub fn key_path(path: &Path) -> PathBuf {
    beside(path, ".key")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Makes key and tables, once, whoever else tries at the same time; tells whether it was here.
///
/// The key is written under a second name first and gets its own only when the tables are there:
/// a key without tables therefore means that the records were lost.
fn create(store: &mut Store) -> Result<bool, JournalError> {
    store.write(|store| {
        if store.is_created()? {
            return Ok(false);
        }
        if key_path(&store.path).exists() {
            return Err(store.damaged(Damage::Head { size: 0 }));
        }
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| JournalError::NoRandomness)?;
        let origin = format!("kyso.local/journal/{}", hex::encode(id));
        let pkcs8 = NoteKey::generate().map_err(|_| JournalError::NoRandomness)?;
        let path = beside(&store.path, ".key.new");
        let io = |error| JournalError::io(&path, &error);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let mut file = private_file(&path).map_err(io)?;
        std::io::Write::write_all(&mut file, &pkcs8).map_err(io)?;
        file.sync_all().map_err(io)?;
        let key = NoteKey::from_pkcs8(&origin, &pkcs8).map_err(|_| JournalError::NoRandomness)?;
        store.create_tables(key.verifier())?;
        Ok(true)
    })
}

/// Reads the key that fits `verifier`, giving it its own name if a creation was cut short.
fn load_key(path: &Path, verifier: &VerifierKey) -> Result<NoteKey, JournalError> {
    let (own, new) = (key_path(path), beside(path, ".key.new"));
    if !own.exists()
        && let Ok(key) = read_key(&new, verifier)
    {
        match fs::rename(&new, &own) {
            // Another process was faster.
            Err(_) if own.exists() => {}
            Err(error) => return Err(JournalError::io(&own, &error)),
            Ok(()) => {}
        }
        sync_folder(folder_of(&own))?;
        return Ok(key);
    }
    read_key(&own, verifier)
}

fn read_key(path: &Path, verifier: &VerifierKey) -> Result<NoteKey, JournalError> {
    let pkcs8 = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => JournalError::KeyMissing { path: path.to_owned() },
        _ => JournalError::io(path, &error),
    })?;
    let mismatch = || JournalError::KeyMismatch { path: path.to_owned() };
    let key = NoteKey::from_pkcs8(verifier.name(), &pkcs8).map_err(|_| mismatch())?;
    if key.verifier() != verifier {
        return Err(mismatch());
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify_in_place;

    #[test]
    fn a_full_disk_refuses_and_leaves_the_journal_true() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, Options::new(|| 1).unwrap()).unwrap();
        let intent = Intent {
            requester: "x".repeat(4000),
            document_sha256: [1; 32],
            document_name: "name".into(),
            certificate_sha256: [2; 32],
            token_serial: String::new(),
            mechanism: String::new(),
            format: String::new(),
            operation: None,
            consent: None,
        };
        // SQLite's own limit answers SQLITE_FULL, as a full disk does.
        let limit = |pages: u32| {
            let pragma = format!("PRAGMA max_page_count = {pages}");
            let writer = lock(&journal.writer);
            let set = writer.store.connection.query_row(&pragma, [], |_| Ok(()));
            set.unwrap();
        };
        limit(30);
        let mut recorded = 0;
        let refused = loop {
            match journal.intend(&[intent.clone(), intent.clone()]) {
                Ok(_) => recorded += 2,
                Err(error) => break error,
            }
        };
        let RecorderError::Unwritable(source) = refused else {
            panic!("{refused}");
        };
        let full = JournalError::Full { path };
        assert_eq!(source.downcast_ref::<JournalError>(), Some(&full));
        assert!(recorded > 0);
        assert_eq!(journal.reader().head().unwrap().0, recorded);
        limit(1_000_000);
        journal.intend(&[intent]).unwrap();
        let report = verify_in_place(journal.reader(), None, None).unwrap();
        assert!(report.is_intact() && report.intents == recorded + 1);
    }
}
