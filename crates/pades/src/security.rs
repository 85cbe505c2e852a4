//! Encrypted documents: the standard security handler (ISO 32000-2 §7.6).

mod cipher;
mod dictionary;
mod key;
mod password;
mod rewrite;
mod vectors;

use std::io::{Read, Seek};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::error::Error;
use crate::lexer::Lexer;
use crate::limits::Limits;
use crate::object::{Dictionary, IndirectObject, Object, Reference};
use crate::parse::error_at;

pub use dictionary::{CryptMethod, UnsupportedEncryption};
pub(crate) use dictionary::{Parameters, has_crypt_filter};
pub use password::Password;
pub(crate) use vectors::Vectors;

/// Whose password opened a document (ISO 32000-2 §7.6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner's: everything is permitted.
    Owner,
    /// The user's, which is often empty: the permission bits count.
    User,
}

/// What an encrypted document permits those who open it with the user's password (ISO 32000-2 table 22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    bits: u32,
    revision: u8,
    authentic: bool,
}

impl Permissions {
    /// `/P` as an unsigned number.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether `/Perms` repeats `/P` under the file's key (algorithm 13); there is none before revision 5.
    #[must_use]
    pub const fn are_authentic(self) -> bool {
        self.authentic
    }

    /// Whether an existing signature field may be signed: bit 6, or bit 9 from revision 3 on.
    #[must_use]
    pub const fn fill_fields(self) -> bool {
        self.authentic && (self.has(6) || self.revision >= 3 && self.has(9))
    }

    /// Whether a signature field may be made: bits 4 and 6.
    #[must_use]
    pub const fn create_fields(self) -> bool {
        self.authentic && self.has(4) && self.has(6)
    }

    /// Bits are counted from 1.
    const fn has(self, bit: u32) -> bool {
        self.bits >> (bit - 1) & 1 == 1
    }
}

/// How a document is encrypted, and how far it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptionInfo {
    /// `/V`: 1, 2, 4 or 5.
    pub version: u8,
    /// `/R`: 2, 3, 4, 5 or 6.
    pub revision: u8,
    /// Length of the file's key in bits.
    pub key_bits: usize,
    /// What strings are encrypted with.
    pub strings: CryptMethod,
    /// What streams are encrypted with.
    pub streams: CryptMethod,
    /// Whether the document's metadata are encrypted too.
    pub encrypts_metadata: bool,
    /// What the user's password permits.
    pub permissions: Permissions,
    /// Whose password was given.
    pub access: Access,
}

/// An encrypted document that was opened.
pub(crate) struct Security {
    pub(crate) parameters: Parameters,
    /// The encryption dictionary, whose own strings are not encrypted, where it is an indirect object.
    holder: Option<Reference>,
    key: Zeroizing<Vec<u8>>,
    access: Access,
    authentic: bool,
}

impl Security {
    pub(crate) fn open(
        parameters: Parameters,
        holder: Option<Reference>,
        password: Option<&Password>,
    ) -> Result<Self, Error> {
        let empty = Password::new(Vec::new());
        let refused = if password.is_some() { Error::WrongPassword } else { Error::PasswordNeeded };
        let opened = key::open(&parameters, password.unwrap_or(&empty)).ok_or(refused)?;
        let key::Opened { key, access, authentic } = opened;
        Ok(Self { parameters, holder, key, access, authentic })
    }

    fn info(&self) -> EncryptionInfo {
        let parameters = &self.parameters;
        EncryptionInfo {
            version: parameters.version,
            revision: parameters.revision,
            key_bits: parameters.key_len * 8,
            strings: parameters.strings,
            streams: parameters.streams,
            encrypts_metadata: parameters.encrypt_metadata,
            permissions: Permissions {
                bits: parameters.permissions,
                revision: parameters.revision,
                authentic: self.authentic,
            },
            access: self.access,
        }
    }

    /// Decrypts the strings of an object that stands in the file itself; those in object streams are not encrypted
    /// on their own (§7.6.2).
    pub(crate) fn decrypt_strings(&self, object: &mut IndirectObject) -> Result<(), Error> {
        let id = object.id;
        if self.parameters.strings == CryptMethod::Identity
            || self.holder == Some(id)
            || is_cross_reference(&object.value)
        {
            return Ok(());
        }
        let key = cipher::object_key(&self.key, self.parameters.strings, id);
        decrypt_value(&mut object.value, self.parameters.strings, &key)
            .ok_or(Error::DamagedCiphertext(id))
    }

    /// Decrypts a stream's data before its filters are undone.
    pub(crate) fn decrypt_stream(
        &self,
        dictionary: &Dictionary,
        id: Reference,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let method = self.parameters.stream_method(dictionary, id)?;
        if method == CryptMethod::Identity {
            return Ok(data);
        }
        let key = cipher::object_key(&self.key, method, id);
        cipher::decrypt(method, &key, &data).ok_or(Error::DamagedCiphertext(id))
    }

    /// A new object's value with its strings encrypted, and its stream's data likewise.
    pub(crate) fn encrypt_object(
        &self,
        id: Reference,
        text: &[u8],
        stream: Option<&[u8]>,
        vectors: &mut Vectors,
        limits: &Limits,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
        let value = Lexer::new(text, limits).value().map_err(|failure| error_at(0, failure))?;
        let stream = match (stream, &value) {
            (Some(data), Object::Dictionary(dictionary)) => {
                let method = self.parameters.stream_method(dictionary, id)?;
                let key = cipher::object_key(&self.key, method, id);
                Some(cipher::encrypt(method, &key, data, vectors)?)
            }
            (stream, _) => stream.map(<[u8]>::to_vec),
        };
        let mut plain = Vec::new();
        rewrite::signature_contents(&value, &mut plain);
        let text = self.encrypt_strings(id, text, &plain, vectors, limits)?;
        Ok((text, stream))
    }

    /// A part of an object's text, whole tokens, with its strings encrypted.
    pub(crate) fn encrypt_text(
        &self,
        id: Reference,
        text: &[u8],
        vectors: &mut Vectors,
        limits: &Limits,
    ) -> Result<Vec<u8>, Error> {
        self.encrypt_strings(id, text, &[], vectors, limits)
    }

    fn encrypt_strings(
        &self,
        id: Reference,
        text: &[u8],
        plain: &[core::ops::Range<usize>],
        vectors: &mut Vectors,
        limits: &Limits,
    ) -> Result<Vec<u8>, Error> {
        let method = self.parameters.strings;
        if method == CryptMethod::Identity {
            return Ok(text.to_vec());
        }
        let key = cipher::object_key(&self.key, method, id);
        rewrite::strings(text, plain, limits, |string| {
            cipher::encrypt(method, &key, string, vectors)
        })
    }
}

fn is_cross_reference(value: &Object) -> bool {
    let Object::Stream(stream) = value else {
        return false;
    };
    let typed = stream.dictionary.value("Type").and_then(Object::as_name);
    typed.is_some_and(|name| name.is("XRef"))
}

/// Whether a dictionary is a signature's, whose `/Contents` is never encrypted (§7.6.2); `/Type` is optional there.
fn is_signature(dictionary: &Dictionary) -> bool {
    let typed = match dictionary.value("Type") {
        None | Some(Object::Null) => true,
        Some(Object::Name(name)) => name.is("Sig") || name.is("DocTimeStamp"),
        Some(_) => false,
    };
    typed && dictionary.value("ByteRange").is_some()
}

fn decrypt_value(value: &mut Object, method: CryptMethod, key: &[u8]) -> Option<()> {
    match value {
        Object::String(string) => *string = cipher::decrypt(method, key, string)?,
        Object::Array(array) => {
            for item in &mut array.items {
                decrypt_value(item, method, key)?;
            }
        }
        Object::Dictionary(dictionary) => decrypt_entries(dictionary, method, key)?,
        Object::Stream(stream) => decrypt_entries(&mut stream.dictionary, method, key)?,
        _ => {}
    }
    Some(())
}

fn decrypt_entries(dictionary: &mut Dictionary, method: CryptMethod, key: &[u8]) -> Option<()> {
    let signature = is_signature(dictionary);
    for entry in &mut dictionary.entries {
        if !(signature && entry.key.is("Contents")) {
            decrypt_value(&mut entry.value, method, key)?;
        }
    }
    Some(())
}

impl<R: Read + Seek> Document<R> {
    /// How the document is encrypted; `None` where it is not.
    pub fn encryption(&self) -> Option<EncryptionInfo> {
        self.security.as_ref().map(|security| security.info())
    }

    /// Gives the random bytes that initialization vectors of new strings and streams come from (§7.6.3.1).
    ///
    /// A revision of a document that AES encrypts cannot be written without; draw fresh ones for each document.
    pub fn set_vector_seed(&mut self, seed: [u8; 32]) {
        self.vectors = Vectors::new(seed);
    }

    /// Refuses a further revision where readers demand an integrity code of it (ISO/TS 32004: bit 13 of `/P` is not
    /// set), which is not made here.
    pub(crate) fn check_integrity(&self) -> Result<(), Error> {
        let demanded = self.security.as_ref().is_some_and(|security| {
            security.parameters.integrity && security.parameters.permissions >> 12 & 1 == 0
        });
        if demanded { Err(Error::IntegrityCodeDemanded) } else { Ok(()) }
    }

    /// Refuses what the user's password does not permit.
    pub(crate) fn check_may_sign(&self, existing: bool) -> Result<(), Error> {
        let Some(info) = self.encryption() else {
            return Ok(());
        };
        let permitted = match existing {
            true => info.permissions.fill_fields(),
            false => info.permissions.create_fields(),
        };
        if info.access == Access::Owner || permitted {
            Ok(())
        } else {
            Err(Error::SigningNotPermitted { permissions: info.permissions.bits() })
        }
    }

    /// Finds the encryption dictionary of the newest trailer and opens the document with a password, or the empty one.
    pub(crate) fn find_encryption(&mut self, password: Option<&Password>) -> Result<(), Error> {
        // The dictionary and what it refers to are read as they stand.
        let kept = self.security.take();
        let encrypts = |trailer: &Dictionary| {
            trailer.value("Encrypt").filter(|value| **value != Object::Null).cloned()
        };
        let newest = self.newest_section()?.trailer.clone();
        let Some(value) = encrypts(&newest) else {
            // Programs that ask an older trailer would read another document.
            let older = self.section_trailers().any(|trailer| encrypts(trailer).is_some());
            return if older || kept.is_some() { Err(Error::EncryptionChanged) } else { Ok(()) };
        };
        let parameters = Parameters::read(self, &value, newest.value("ID"))?;
        let others: Vec<Object> = self.section_trailers().filter_map(encrypts).collect();
        for other in others {
            let same = matches!(other, Object::Reference(_)) && other == value;
            if !same && Parameters::read(self, &other, newest.value("ID"))? != parameters {
                return Err(Error::EncryptionChanged);
            }
        }
        self.security = match kept {
            Some(kept) if kept.parameters == parameters => Some(kept),
            Some(_) => return Err(Error::EncryptionChanged),
            None => {
                let holder = value.as_reference();
                Some(Arc::new(Security::open(parameters, holder, password)?))
            }
        };
        Ok(())
    }
}
