//! C2SP signed notes (`c2sp.org/signed-note`) with Ed25519 keys (RFC 8032), signature type 0x01.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// The signature type identifier of Ed25519 signatures.
const ED25519_TYPE: u8 = 1;

/// The specification wants at least 16; witnesses are few, so that more is hostile.
pub const MAX_SIGNATURES: usize = 64;

/// The longest note that is read: checkpoint text and [`MAX_SIGNATURES`] post-quantum signatures
/// of nearly 7 KiB in base64.
pub const MAX_NOTE_BYTES: usize = 512 * 1024;

/// A note's public key with its name: `<name>+<key ID in hex>+<base64(type || key)>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key's name; for a journal its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key ID: the first four bytes of `SHA-256(name || 0x0A || 0x01 || public key)`.
    pub fn id(&self) -> [u8; 4] {
        let mut input = Vec::with_capacity(self.name.len() + 34);
        input.extend_from_slice(self.name.as_bytes());
        input.extend_from_slice(&[b'\n', ED25519_TYPE]);
        input.extend_from_slice(&self.public);
        let mut id = [0; 4];
        id.copy_from_slice(&digest(&SHA256, &input).as_ref()[..4]);
        id
    }

    /// The note's text, line feed included, if this key signed it.
    ///
    /// # Errors
    /// [`NoteError`]: not a note, not signed by this key, or a signature that does not verify.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let id = self.id();
        let mut verified = false;
        for (number, line) in signatures.lines().enumerate() {
            if number == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            let (name, value) = line
                .strip_prefix("— ")
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteError::Malformed)?;
            let value = STANDARD.decode(value).map_err(NoteError::Base64)?;
            let (key_id, signature) = value.split_at_checked(4).ok_or(NoteError::Malformed)?;
            check_name(name)?;
            if name != self.name || key_id != id {
                continue;
            }
            if UnparsedPublicKey::new(&ED25519, &self.public)
                .verify(text.as_bytes(), signature)
                .is_err()
            {
                return Err(NoteError::BadSignature);
            }
            verified = true;
        }
        if verified { Ok(text) } else { Err(NoteError::UnknownKey) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.public);
        let id = hex::encode(self.id());
        write!(f, "{}+{id}+{}", self.name, STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        // The name has no plus; the base64 may.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Malformed);
        };
        check_name(name)?;
        let key = STANDARD.decode(key).map_err(NoteError::Base64)?;
        let Some((&ED25519_TYPE, public)) = key.split_first() else {
            return Err(NoteError::UnsupportedKey);
        };
        let public = public.try_into().map_err(|_| NoteError::UnsupportedKey)?;
        let key = Self { name: name.to_owned(), public };
        if id != hex::encode(key.id()) {
            return Err(NoteError::WrongKeyId);
        }
        Ok(key)
    }
}

/// An Ed25519 key that signs notes.
pub(crate) struct NoteKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl NoteKey {
    /// A new private key as PKCS#8 v2 (RFC 8410).
    pub(crate) fn generate() -> Result<Vec<u8>, ring::error::Unspecified> {
        Ok(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())?.as_ref().to_vec())
    }

    pub(crate) fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<Self, ring::error::KeyRejected> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8)?;
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let verifier = VerifierKey { name: name.to_owned(), public };
        Ok(Self { pair, verifier })
    }

    pub(crate) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signed note of `text`, which ends in a line feed.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut value = self.verifier.id().to_vec();
        value.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        let name = self.verifier.name();
        format!("{text}\n— {name} {}\n", STANDARD.encode(value))
    }
}

/// Text (with its final line feed) and signature lines.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong { length: note.len() });
    }
    if !note.ends_with('\n') || note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Malformed);
    }
    let blank = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
    if signatures.is_empty() {
        return Err(NoteError::Malformed);
    }
    Ok((text, signatures))
}

fn check_name(name: &str) -> Result<(), NoteError> {
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
        return Err(NoteError::Malformed);
    }
    Ok(())
}

/// Why a note or its key cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// Not of the form that `c2sp.org/signed-note` gives.
    Malformed,
    /// A signature or key that is not standard base64.
    Base64(base64::DecodeError),
    /// Longer than [`MAX_NOTE_BYTES`].
    TooLong {
        /// Length in bytes.
        length: usize,
    },
    /// More than [`MAX_SIGNATURES`].
    TooManySignatures,
    /// A verifier key that is not Ed25519 with signature type 0x01.
    UnsupportedKey,
    /// A verifier key whose key ID is not the one that its name and key give.
    WrongKeyId,
    /// No signature by the key asked for.
    UnknownKey,
    /// A signature by the key asked for that does not verify.
    BadSignature,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => write!(f, "not a signed note or verifier key"),
            Self::Base64(source) => write!(f, "bad base64 in a signed note or key: {source}"),
            Self::TooLong { length } => write!(f, "a signed note of {length} bytes is too long"),
            Self::TooManySignatures => write!(f, "more than {MAX_SIGNATURES} signatures on a note"),
            Self::UnsupportedKey => write!(f, "the verifier key is not an Ed25519 note key"),
            Self::WrongKeyId => write!(f, "the verifier key's ID does not fit its name and key"),
            Self::UnknownKey => write!(f, "the note is not signed by the given key"),
            Self::BadSignature => write!(f, "the note's signature does not verify"),
        }
    }
}

impl std::error::Error for NoteError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of Go's package golang.org/x/mod/sumdb/note.
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const SIGNATURE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_published_note_opens_and_is_made_again() {
        let key: VerifierKey = VKEY.parse().unwrap();
        assert_eq!(key.to_string(), VKEY);
        let note = format!("{TEXT}\n{SIGNATURE}");
        assert_eq!(key.open(&note), Ok(TEXT));

        let seed = STANDARD.decode(SEED).unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed[1..]).unwrap();
        let signer = NoteKey { pair, verifier: key };
        assert_eq!(signer.sign(TEXT), note);
    }

    #[test]
    fn foreign_signatures_are_passed_over_and_alone_not_enough() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let foreign = "— witness.example AAAAAHNpZ25hdHVyZQ==\n";
        let note = format!("{TEXT}\n{foreign}{SIGNATURE}{foreign}");
        assert_eq!(key.open(&note), Ok(TEXT));
        let note = format!("{TEXT}\n{foreign}");
        assert_eq!(key.open(&note), Err(NoteError::UnknownKey));
        let many = foreign.repeat(MAX_SIGNATURES + 1);
        let note = format!("{TEXT}\n{many}");
        assert_eq!(key.open(&note), Err(NoteError::TooManySignatures));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_refused(at in any::<proptest::sample::Index>(), flip in 1u8..=255) {
            let key: VerifierKey = VKEY.parse().unwrap();
            let mut note = format!("{TEXT}\n{SIGNATURE}").into_bytes();
            let at = at.index(note.len());
            note[at] ^= flip;
            if let Ok(note) = core::str::from_utf8(&note) {
                prop_assert!(key.open(note).is_err());
            }
        }

        #[test]
        fn any_changed_key_is_refused(at in any::<proptest::sample::Index>(), flip in 1u8..128) {
            let mut text = VKEY.as_bytes().to_vec();
            let at = at.index(text.len());
            text[at] ^= flip;
            if let Ok(text) = core::str::from_utf8(&text) {
                prop_assert!(text.parse::<VerifierKey>().is_err());
            }
        }
    }
}
