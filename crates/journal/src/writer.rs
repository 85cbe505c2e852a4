//! One transaction: read the head, append leaves, write the head, commit.

mod reissue;

use kyso::recorder::{Intent, IntentId, Outcome, OutcomeReceipt};
use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::params;

use crate::canonical::MAX_INTEGER;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::error::{Damage, JournalError};
use crate::note::NoteKey;
use crate::owner::Owner;
use crate::record::{Leaf, Record, SALT_BYTES, Salt, name_hash};
use crate::reissuance::{Recorded, ReissuanceEvent};
use crate::store::{KIND_INTENT, KIND_INTERRUPTED, KIND_OUTCOME, Store};
use crate::tree::{Frontier, leaf_hash, range_hash};

/// What one caller wants written, whole or not at all.
pub(crate) enum Request {
    Intend(Vec<Intent>),
    Conclude(Vec<(IntentId, Outcome)>),
    Reissue(Vec<ReissuanceEvent>),
}

/// What was written for a [`Request`].
#[derive(Debug)]
pub(crate) enum Written {
    Intents(Vec<IntentId>),
    Outcomes(Vec<OutcomeReceipt>),
    Steps(Vec<Recorded>),
}

/// The journal's one writer within this process.
pub(crate) struct Writer {
    pub(crate) store: Store,
    pub(crate) clock: Box<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) owner: Owner,
    pub(crate) key: NoteKey,
    /// The tree as last seen; other processes may have gone on.
    pub(crate) frontier: Frontier,
    /// The last checkpoint's note, known to be continued by `frontier`.
    pub(crate) sealed: Option<String>,
    pub(crate) random: SystemRandom,
}

/// Leaves being appended within a transaction.
struct Append<'a> {
    store: &'a Store,
    frontier: Frontier,
    owner: &'a Owner,
    random: &'a SystemRandom,
    time: u64,
    leaf: Vec<u8>,
    nodes: Vec<u8>,
    /// Whether an act was ended or a request went on, which needs a checkpoint.
    ended: bool,
}

impl Writer {
    /// Writes all requests in one commit. A request that names an intent which is not open, or a step
    /// that may not follow, fails alone; any other failure fails them all.
    pub(crate) fn commit(
        &mut self,
        requests: &[&Request],
    ) -> Result<Vec<Result<Written, JournalError>>, JournalError> {
        self.append(|append| requests.iter().map(|request| append.request(request)).collect())
    }

    /// Appends `interrupted` for every open intent whose owner is dead; returns these intents.
    pub(crate) fn interrupt_orphans(&mut self) -> Result<Vec<u64>, JournalError> {
        // Nothing to write is the common case and needs no lock.
        if orphans(&self.store)?.is_empty() {
            return Ok(Vec::new());
        }
        self.append(|append| {
            let orphans = orphans(append.store)?;
            for intent in &orphans {
                append.close_one(*intent)?;
                append.interrupted(*intent)?;
            }
            Ok(orphans)
        })
    }

    fn append<T>(
        &mut self,
        act: impl FnOnce(&mut Append<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let Self { store, clock, owner, key, frontier, sealed, random } = self;
        let (value, grown, note) = store.write(|store| {
            let time = clock();
            if time > MAX_INTEGER {
                return Err(JournalError::TimeOutOfRange { time });
            }
            let before = current(store, frontier)?;
            let last = continued(store, key, frontier, &before, sealed.as_deref())?;
            let size = before.size();
            let mut append = Append {
                store,
                frontier: before,
                owner,
                random,
                time,
                leaf: Vec::with_capacity(1024),
                nodes: Vec::with_capacity(1024),
                ended: false,
            };
            let value = act(&mut append)?;
            let Append { frontier: grown, ended, .. } = append;
            if grown.size() == size {
                return Ok((value, grown, last));
            }
            store.set_head(&grown)?;
            // What ends an act is signed for in its own commit. An intent alone is not, but for the first:
            // records without any checkpoint are never this journal's doing.
            let note = if ended || last.is_none() { Some(seal(store, key, &grown)?) } else { last };
            Ok((value, grown, note))
        })?;
        self.frontier = grown;
        self.sealed = note;
        Ok(value)
    }

    /// Signs the tree as it is now and keeps the note; the last one again if nothing was added.
    pub(crate) fn checkpoint(&mut self) -> Result<SignedCheckpoint, JournalError> {
        let Self { store, key, frontier, .. } = self;
        let (signed, seen) = store.write(|store| {
            let seen = current(store, frontier)?;
            if let Some(last) = last_checkpoint(store, key.verifier(), seen.size())?
                && last.checkpoint().size == seen.size()
            {
                return Ok((last, seen));
            }
            let signed = sign(key, &seen);
            store.set_checkpoint(signed.note())?;
            Ok((signed, seen))
        })?;
        self.frontier = seen;
        self.sealed = Some(signed.note().to_owned());
        Ok(signed)
    }
}

fn sign(key: &NoteKey, frontier: &Frontier) -> SignedCheckpoint {
    let checkpoint = Checkpoint {
        origin: key.verifier().name().to_owned(),
        size: frontier.size(),
        root: frontier.root(),
    };
    SignedCheckpoint::sign(checkpoint, key)
}

fn seal(store: &Store, key: &NoteKey, frontier: &Frontier) -> Result<String, JournalError> {
    let signed = sign(key, frontier);
    store.set_checkpoint(signed.note())?;
    Ok(signed.note().to_owned())
}

/// The stored checkpoint's note, once the tree `before` is known to continue it: by memory, or by the nodes if another
/// process has gone on.
fn continued(
    store: &Store,
    key: &NoteKey,
    remembered: &Frontier,
    before: &Frontier,
    sealed: Option<&str>,
) -> Result<Option<String>, JournalError> {
    let unmoved = before.size() == remembered.size() && before.root() == remembered.root();
    if unmoved && let Some(note) = store.checkpoint()?.filter(|note| Some(note.as_str()) == sealed)
    {
        return Ok(Some(note));
    }
    let last = last_checkpoint(store, key.verifier(), before.size())?;
    Ok(last.map(|signed| signed.note().to_owned()))
}

/// The tree by the head row: the one remembered, or read again if another process has gone on.
fn current(store: &Store, remembered: &Frontier) -> Result<Frontier, JournalError> {
    let (size, root) = store.head()?;
    if size == remembered.size() && root == remembered.root() {
        return Ok(remembered.clone());
    }
    if size < remembered.size() {
        return Err(store.damaged(Damage::Head { size }));
    }
    store.frontier(size, &root)
}

/// The stored checkpoint, if the tree of `size` leaves continues it and it covers every end of an act. A log must never sign two
/// trees of which neither continues the other (`c2sp.org/tlog-checkpoint`).
pub(crate) fn last_checkpoint(
    store: &Store,
    key: &crate::note::VerifierKey,
    size: u64,
) -> Result<Option<SignedCheckpoint>, JournalError> {
    let Some(note) = store.checkpoint()? else {
        return match size {
            0 => Ok(None),
            _ => Err(store.damaged(Damage::Unsealed { index: 0 })),
        };
    };
    let last = SignedCheckpoint::verify(&note, key)
        .map_err(|_| store.damaged(Damage::Checkpoint { size: 0 }))?;
    let head = last.checkpoint();
    let damage = Damage::Checkpoint { size: head.size };
    if head.size > size {
        return Err(store.damaged(damage));
    }
    let root = range_hash(0, head.size, &mut |level, index| store.node(level, index))?;
    if root != head.root {
        return Err(store.damaged(damage));
    }
    if let Some(index) = store.first_end(head.size, size)? {
        return Err(store.damaged(Damage::Unsealed { index }));
    }
    Ok(Some(last))
}

/// Open intents whose owners are dead, by index.
fn orphans(store: &Store) -> Result<Vec<u64>, JournalError> {
    let mut orphans = Vec::new();
    let mut statement = store.sql(store.connection.prepare_cached(
        "SELECT o.sequence, e.leaf FROM open_intent AS o \
         LEFT JOIN entry AS e ON e.sequence = o.sequence ORDER BY o.sequence",
    ))?;
    let mut rows = store.sql(statement.query([]))?;
    while let Some(row) = store.sql(rows.next())? {
        let index: u64 = store.sql(row.get(0))?;
        let garbled = || store.damaged(Damage::Entry { index });
        let leaf: Vec<u8> = row.get(1).map_err(|_| garbled())?;
        let Some(Leaf { record: Record::Intent(intent), .. }) = Leaf::decode(&leaf) else {
            return Err(garbled());
        };
        if !intent.owner.lives(&store.path) {
            orphans.push(index);
        }
    }
    Ok(orphans)
}

impl Append<'_> {
    /// The outer error fails the transaction, the inner one this request alone.
    fn request(
        &mut self,
        request: &Request,
    ) -> Result<Result<Written, JournalError>, JournalError> {
        match request {
            Request::Intend(intents) => {
                let intents = self.intents(intents)?;
                Ok(Ok(Written::Intents(intents)))
            }
            Request::Conclude(outcomes) => {
                if let Some(not_open) = self.close(outcomes)? {
                    return Ok(Err(JournalError::NotOpen(not_open)));
                }
                let receipts: Result<_, _> = outcomes
                    .iter()
                    .map(|(intent, outcome)| self.outcome(*intent, outcome))
                    .collect();
                Ok(Ok(Written::Outcomes(receipts?)))
            }
            Request::Reissue(events) => self.reissue(events),
        }
    }

    fn intents(&mut self, intents: &[Intent]) -> Result<Vec<IntentId>, JournalError> {
        let mut salts = vec![0; intents.len() * SALT_BYTES];
        self.random.fill(&mut salts).map_err(|_| JournalError::NoRandomness)?;
        let (salts, _) = salts.as_chunks::<SALT_BYTES>();
        intents.iter().zip(salts).map(|(intent, salt)| self.intent(intent, salt)).collect()
    }

    fn intent(&mut self, intent: &Intent, salt: &Salt) -> Result<IntentId, JournalError> {
        let sequence = self.frontier.size();
        let name_hash = name_hash(salt, &intent.document_name);
        self.leaf.clear();
        Leaf::write_intent(&mut self.leaf, sequence, self.time, intent, &name_hash, self.owner);
        self.grow();
        let insert = self
            .store
            .connection
            .prepare_cached(
                "INSERT INTO entry (sequence, kind, leaf, nodes, salt, name) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    sequence,
                    KIND_INTENT,
                    self.leaf,
                    self.nodes,
                    salt,
                    intent.document_name
                ])
            });
        self.store.sql(insert)?;
        self.set_open(sequence)?;
        Ok(IntentId(sequence))
    }

    /// Takes the group's intents from those open; if one is not (unknown, ended, named twice), puts
    /// all back and returns it.
    fn close(&self, outcomes: &[(IntentId, Outcome)]) -> Result<Option<IntentId>, JournalError> {
        for (position, (id, _)) in outcomes.iter().enumerate() {
            if !self.close_one(id.0)? {
                for (closed, _) in &outcomes[..position] {
                    self.set_open(closed.0)?;
                }
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }

    fn close_one(&self, intent: u64) -> Result<bool, JournalError> {
        // Beyond SQLite's integers there is no intent.
        let Ok(intent) = i64::try_from(intent) else {
            return Ok(false);
        };
        let deleted = self
            .store
            .connection
            .prepare_cached("DELETE FROM open_intent WHERE sequence = ?1")
            .and_then(|mut statement| statement.execute([intent]));
        Ok(self.store.sql(deleted)? == 1)
    }

    fn set_open(&self, intent: u64) -> Result<(), JournalError> {
        let insert = self
            .store
            .connection
            .prepare_cached("INSERT INTO open_intent (sequence) VALUES (?1)")
            .and_then(|mut statement| statement.execute([intent]));
        self.store.sql(insert).map(|_| ())
    }

    fn outcome(
        &mut self,
        intent: IntentId,
        outcome: &Outcome,
    ) -> Result<OutcomeReceipt, JournalError> {
        let entry = self.frontier.size();
        self.leaf.clear();
        Leaf::write_outcome(&mut self.leaf, entry, self.time, intent.0, outcome);
        self.end(intent.0, KIND_OUTCOME)?;
        Ok(OutcomeReceipt { intent, entry, outcome: outcome.clone() })
    }

    fn interrupted(&mut self, intent: u64) -> Result<(), JournalError> {
        let sequence = self.frontier.size();
        self.leaf.clear();
        Leaf::write_interrupted(&mut self.leaf, sequence, self.time, intent);
        self.end(intent, KIND_INTERRUPTED)
    }

    /// Appends the leaf that ends `intent`.
    fn end(&mut self, intent: u64, kind: i64) -> Result<(), JournalError> {
        let sequence = self.frontier.size();
        self.ended = true;
        self.grow();
        let insert = self
            .store
            .connection
            .prepare_cached(
                "INSERT INTO entry (sequence, kind, leaf, nodes, intent) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                statement.execute(params![sequence, kind, self.leaf, self.nodes, intent])
            });
        self.store.sql(insert).map(|_| ())
    }

    /// Adds `self.leaf` to the tree and leaves the nodes it completes in `self.nodes`.
    fn grow(&mut self) {
        self.nodes.clear();
        self.frontier.append(leaf_hash(&self.leaf), &mut self.nodes);
    }
}
