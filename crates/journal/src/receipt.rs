//! C2SP proofs (`c2sp.org/tlog-proof@v1`): that a leaf is in the journal, verifiable offline.
//!
//! The optional `extra` line carries the leaf's bytes, so that a receipt stands alone; it is not
//! trusted but hashed, and the inclusion proof binds it to the signed root.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{CheckpointError, SignedCheckpoint, decimal};
use crate::note::{MAX_NOTE_BYTES, VerifierKey};
use crate::record::Leaf;
use crate::tree::{Hash, leaf_hash, verify_inclusion};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^64 leaves has paths of 64 hashes at most.
const MAX_PROOF_HASHES: usize = 64;

/// The longest receipt that is read: a checkpoint and a leaf in base64.
pub const MAX_RECEIPT_BYTES: usize = MAX_NOTE_BYTES + 512 * 1024;

/// An inclusion proof with its signed checkpoint: [`fmt::Display`] gives the file's text, to be
/// kept as `.tlog-proof`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The leaf's bytes, if they travel with the proof.
    pub leaf: Option<Vec<u8>>,
    /// Index of the leaf, from 0.
    pub index: u64,
    /// Sibling hashes from the leaf up (RFC 6962 §2.1.1).
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// A leaf that a verified receipt proves to be in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenLeaf {
    leaf: Leaf,
    checkpoint: SignedCheckpoint,
}

impl ProvenLeaf {
    /// The leaf, decoded.
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// The checkpoint whose tree holds the leaf.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
}

impl Receipt {
    /// Verifies the receipt of the leaf that it carries, under the journal's key, offline.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(&self, key: &VerifierKey) -> Result<ProvenLeaf, ReceiptError> {
        let leaf = self.leaf.as_deref().ok_or(ReceiptError::NoLeaf)?;
        self.verify_leaf(leaf, key)
    }

    /// Verifies the receipt of a `leaf` that came by another way.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify_leaf(&self, leaf: &[u8], key: &VerifierKey) -> Result<ProvenLeaf, ReceiptError> {
        // 1. Compute the leaf's hash.
        let hash = leaf_hash(leaf);
        // 2. The checkpoint must be of the key's origin and signed by it.
        let checkpoint =
            SignedCheckpoint::verify(&self.checkpoint, key).map_err(ReceiptError::Checkpoint)?;
        // 3. Cosignatures of witnesses: none is known here.
        // 4. The proof must bind the leaf to the signed root.
        let head = checkpoint.checkpoint();
        if !verify_inclusion(hash, self.index, head.size, &self.proof, &head.root) {
            return Err(ReceiptError::NotIncluded { index: self.index, size: head.size });
        }
        let leaf = Leaf::decode(leaf).ok_or(ReceiptError::UnreadableLeaf { index: self.index })?;
        if leaf.sequence != self.index {
            return Err(ReceiptError::UnreadableLeaf { index: self.index });
        }
        Ok(ProvenLeaf { leaf, checkpoint })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(leaf) = &self.leaf {
            writeln!(f, "extra {}", STANDARD.encode(leaf))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.proof {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::Malformed { line: 1 });
        }
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(ReceiptError::Malformed { line: 1 })?;
        let mut lines = head.split('\n').zip(1..).peekable();
        if lines.next().is_none_or(|(line, _)| line != HEADER) {
            return Err(ReceiptError::Malformed { line: 1 });
        }
        let mut leaf = None;
        if let Some((extra, line)) = lines.next_if(|(line, _)| line.starts_with("extra ")) {
            let extra = STANDARD.decode(&extra["extra ".len()..]);
            leaf = Some(extra.map_err(|_| ReceiptError::Malformed { line })?);
        }
        let index = lines
            .next()
            .and_then(|(line, _)| decimal(line.strip_prefix("index ")?))
            .ok_or(ReceiptError::Malformed { line: 2 })?;
        let mut proof = Vec::new();
        for (hash, line) in lines {
            let hash = STANDARD
                .decode(hash)
                .ok()
                .and_then(|hash| Hash::try_from(hash).ok())
                .filter(|_| proof.len() < MAX_PROOF_HASHES)
                .ok_or(ReceiptError::Malformed { line })?;
            proof.push(hash);
        }
        Ok(Self { leaf, index, proof, checkpoint: checkpoint.to_owned() })
    }
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptError {
    /// Not of the form of `c2sp.org/tlog-proof@v1`.
    Malformed {
        /// The first bad line, from 1.
        line: usize,
    },
    /// The receipt carries no leaf and none was given.
    NoLeaf,
    /// The checkpoint cannot be accepted.
    Checkpoint(CheckpointError),
    /// The proof does not lead from the leaf to the checkpoint's root.
    NotIncluded {
        /// The index claimed.
        index: u64,
        /// Size of the checkpoint's tree.
        size: u64,
    },
    /// The leaf is in the tree, but it is not a journal's record of that index.
    UnreadableLeaf {
        /// The index.
        index: u64,
    },
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { line } => write!(f, "not a tlog-proof (line {line})"),
            Self::NoLeaf => write!(f, "the receipt carries no record"),
            Self::Checkpoint(source) => write!(f, "the receipt's checkpoint fails: {source}"),
            Self::NotIncluded { index, size } => {
                write!(f, "the proof does not show record {index} in the tree of {size} records")
            }
            Self::UnreadableLeaf { index } => {
                write!(f, "record {index} is included but is not readable")
            }
        }
    }
}

impl std::error::Error for ReceiptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Checkpoint(source) => Some(source),
            _ => None,
        }
    }
}
