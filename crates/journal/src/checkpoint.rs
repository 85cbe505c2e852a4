//! C2SP checkpoints (`c2sp.org/tlog-checkpoint`): a tree head as the text of a signed note.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::note::{NoteError, NoteKey, VerifierKey};
use crate::tree::Hash;

/// A tree head: origin, number of leaves, RFC 6962 root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The journal's identity, such as `kyso.local/journal/<random id>`.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root hash over all leaves.
    pub root: Hash,
}

/// A checkpoint whose signature was verified (or made) under the key of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Verifies `note` under `key`.
    ///
    /// # Errors
    /// [`CheckpointError`]: not a note signed by `key`, not a checkpoint, or of another origin.
    pub fn verify(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = parse(key.open(note).map_err(CheckpointError::Note)?)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::ForeignOrigin { found: checkpoint.origin });
        }
        Ok(Self { checkpoint, note: note.to_owned() })
    }

    pub(crate) fn sign(checkpoint: Checkpoint, key: &NoteKey) -> Self {
        let note = key.sign(&checkpoint.to_string());
        Self { checkpoint, note }
    }

    /// Origin, size and root.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note: what is pushed to a witness and kept.
    pub fn note(&self) -> &str {
        &self.note
    }
}

impl fmt::Display for Checkpoint {
    /// The note's text: three lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root);
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

/// Reads a note's text; extension lines are refused, as their meaning is not known here.
fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
    let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
    let (Some(origin), Some(size), Some(root), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(CheckpointError::Malformed);
    };
    let root = STANDARD
        .decode(root)
        .ok()
        .and_then(|root| Hash::try_from(root).ok())
        .ok_or(CheckpointError::Malformed)?;
    if origin.is_empty() {
        return Err(CheckpointError::Malformed);
    }
    Ok(Checkpoint {
        origin: origin.to_owned(),
        size: decimal(size).ok_or(CheckpointError::Malformed)?,
        root,
    })
}

/// ASCII decimal without leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Why a checkpoint cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    /// The note is not one, or not signed by the key.
    Note(NoteError),
    /// The note's text is not a checkpoint of exactly three lines.
    Malformed,
    /// The origin is not the key's name.
    ForeignOrigin {
        /// The origin found.
        found: String,
    },
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(source) => write!(f, "{source}"),
            Self::Malformed => write!(f, "the note's text is not a checkpoint"),
            Self::ForeignOrigin { found } => {
                write!(f, "the checkpoint is of another journal, {found}")
            }
        }
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Note(source) => Some(source),
            Self::Malformed | Self::ForeignOrigin { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_text_is_read_and_written() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = parse(text).unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn sizes_have_one_spelling() {
        for bad in ["", "00", "01", "+1", "-1", "1 ", "18446744073709551616"] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
    }
}
