//! The encryption dictionary (ISO 32000-2 tables 20, 21 and 25).

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Name, Object, Reference};

/// Crypt filters read from one dictionary: names that matter are three.
const MOST_FILTERS: usize = 64;

/// What a crypt filter does (ISO 32000-2 table 25, `/CFM`, and table 26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptMethod {
    /// The predefined filter `Identity`: nothing.
    Identity,
    /// RC4 with a key for each object; deprecated in PDF 2.0.
    V2,
    /// AES-128 in CBC mode with a key for each object; deprecated in PDF 2.0.
    AesV2,
    /// AES-256 in CBC mode with the file's key.
    AesV3,
}

/// Why an encrypted document cannot be read, whatever the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsupportedEncryption {
    /// A security handler other than `Standard`, such as one for public keys (§7.6.5).
    Handler(Name),
    /// A `/V` that is none of 1, 2, 4, 5.
    Version(i64),
    /// An `/R` that does not go with `/V`.
    Revision(i64),
    /// A `/Length` that is no multiple of 8 from 40 to 128.
    KeyLength(i64),
    /// A `/CFM` that does not go with `/V`.
    Method(Name),
    /// A crypt filter that `/CF` does not have.
    NoSuchFilter(Name),
    /// More crypt filters than any writer has a use for.
    TooManyFilters,
}

impl core::fmt::Display for UnsupportedEncryption {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Handler(name) => write!(f, "security handler {:?}", name.to_string()),
            Self::Version(version) => write!(f, "version {version}"),
            Self::Revision(revision) => write!(f, "revision {revision}"),
            Self::KeyLength(bits) => write!(f, "key length {bits}"),
            Self::Method(name) => write!(f, "method {:?}", name.to_string()),
            Self::NoSuchFilter(name) => write!(f, "crypt filter {:?}", name.to_string()),
            Self::TooManyFilters => f.write_str("too many crypt filters"),
        }
    }
}

/// The standard security handler's parameters, checked in form.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) version: u8,
    pub(crate) revision: u8,
    /// Bytes of the file's key.
    pub(crate) key_len: usize,
    pub(crate) owner: Vec<u8>,
    pub(crate) user: Vec<u8>,
    pub(crate) owner_key: Vec<u8>,
    pub(crate) user_key: Vec<u8>,
    pub(crate) perms: Vec<u8>,
    pub(crate) permissions: u32,
    pub(crate) encrypt_metadata: bool,
    pub(crate) streams: CryptMethod,
    pub(crate) strings: CryptMethod,
    pub(crate) embedded_files: CryptMethod,
    /// Whether `/KDFSalt` says that the document carries integrity codes (ISO/TS 32004 §5).
    pub(super) integrity: bool,
    filters: Vec<(Name, CryptMethod)>,
    /// The first part of the trailer's `/ID`; empty where there is none.
    pub(crate) identifier: Vec<u8>,
}

impl Parameters {
    /// Reads a trailer's `/Encrypt`; no string here is encrypted.
    pub(super) fn read<R: Read + Seek>(
        document: &mut Document<R>,
        encrypt: &Object,
        id: Option<&Object>,
    ) -> Result<Self, Error> {
        let Object::Dictionary(dictionary) = document.plain(Some(encrypt))? else {
            return Err(Error::DamagedEncryption { key: "Encrypt" });
        };
        let mut reader = Reader { document, dictionary };
        match reader.value("Filter")? {
            Object::Name(name) if name.is("Standard") => {}
            Object::Name(name) => return Err(unsupported(UnsupportedEncryption::Handler(name))),
            _ => return Err(Error::DamagedEncryption { key: "Filter" }),
        }
        let version = reader.integer("V")?.unwrap_or(0);
        let revision = reader.integer("R")?.ok_or(Error::DamagedEncryption { key: "R" })?;
        let (version, revision) = match (version, revision) {
            (1 | 2, 2 | 3) | (4, 4) | (5, 5 | 6) => (version as u8, revision as u8),
            (1 | 2 | 4 | 5, _) => {
                return Err(unsupported(UnsupportedEncryption::Revision(revision)));
            }
            _ => return Err(unsupported(UnsupportedEncryption::Version(version))),
        };
        let filters = if version >= 4 { reader.filters(version)? } else { Vec::new() };
        let named = |name: &Object| find(&filters, name);
        let (streams, strings, embedded_files) = if version >= 4 {
            let streams = reader.value("StmF")?;
            let embedded = match reader.value("EFF")? {
                Object::Null => named(&streams)?,
                embedded => named(&embedded)?,
            };
            (named(&streams)?, named(&reader.value("StrF")?)?, embedded)
        } else {
            (CryptMethod::V2, CryptMethod::V2, CryptMethod::V2)
        };
        let key_len = match (version, revision) {
            (1, _) | (_, 2) => 5,
            (5, _) => 32,
            (_, 4) if [streams, strings, embedded_files].contains(&CryptMethod::AesV2) => 16,
            (_, default) => {
                let default = if default == 4 { 128 } else { 40 };
                let bits = reader.integer("Length")?.unwrap_or(default);
                // Some writers give the length in bytes.
                let bits = if (5..=16).contains(&bits) { bits * 8 } else { bits };
                if bits % 8 != 0 || !(40..=128).contains(&bits) {
                    return Err(unsupported(UnsupportedEncryption::KeyLength(bits)));
                }
                bits as usize / 8
            }
        };
        let new = revision >= 5;
        let hash_len = if new { 48 } else { 32 };
        let permissions = reader.integer("P")?.ok_or(Error::DamagedEncryption { key: "P" })?;
        Ok(Self {
            version,
            revision,
            key_len,
            owner: reader.string("O", hash_len)?,
            user: reader.string("U", hash_len)?,
            owner_key: if new { reader.string("OE", 32)? } else { Vec::new() },
            user_key: if new { reader.string("UE", 32)? } else { Vec::new() },
            perms: if new { reader.string("Perms", 16)? } else { Vec::new() },
            // Writers give the 32 bits with a sign or without.
            permissions: permissions as u32,
            encrypt_metadata: reader.value("EncryptMetadata")? != Object::Boolean(false),
            streams,
            strings,
            embedded_files,
            integrity: reader.value("KDFSalt")? != Object::Null,
            filters,
            identifier: identifier(document, id)?,
        })
    }

    /// What a stream is encrypted with, by its dictionary (§7.6.3.2, §7.6.6).
    pub(super) fn stream_method(
        &self,
        dictionary: &Dictionary,
        id: Reference,
    ) -> Result<CryptMethod, Error> {
        let typed = dictionary.value("Type").and_then(Object::as_name);
        let is = |wanted| typed.is_some_and(|name| name.is(wanted));
        if is("XRef") {
            return Ok(CryptMethod::Identity);
        }
        if self.version >= 4 && has_crypt_filter(dictionary) {
            let parameters = match dictionary.value("DecodeParms") {
                Some(Object::Array(array)) => array.items.first(),
                other => other,
            };
            return match parameters {
                None | Some(Object::Null) => Ok(CryptMethod::Identity),
                Some(Object::Dictionary(parameters)) => {
                    find(&self.filters, parameters.value("Name").unwrap_or(&Object::Null))
                }
                Some(_) => Err(Error::UnsupportedFilter(id)),
            };
        }
        if self.version >= 4 && !self.encrypt_metadata && is("Metadata") {
            return Ok(CryptMethod::Identity);
        }
        Ok(if is("EmbeddedFile") { self.embedded_files } else { self.streams })
    }
}

/// Whether a stream's first filter is `Crypt`.
pub(crate) fn has_crypt_filter(dictionary: &Dictionary) -> bool {
    let first = match dictionary.value("Filter") {
        Some(Object::Array(array)) => array.items.first(),
        other => other,
    };
    first.and_then(Object::as_name).is_some_and(|name| name.is("Crypt"))
}

const fn unsupported(what: UnsupportedEncryption) -> Error {
    Error::UnsupportedEncryption(what)
}

/// The method of a crypt filter's name; `Identity` is predefined and the default (tables 20 and 26).
fn find(filters: &[(Name, CryptMethod)], name: &Object) -> Result<CryptMethod, Error> {
    match name {
        Object::Null => Ok(CryptMethod::Identity),
        Object::Name(name) if name.is("Identity") => Ok(CryptMethod::Identity),
        Object::Name(name) => {
            let found = filters.iter().find(|filter| filter.0 == *name);
            let missing = || unsupported(UnsupportedEncryption::NoSuchFilter(name.clone()));
            found.map(|filter| filter.1).ok_or_else(missing)
        }
        _ => Err(Error::DamagedEncryption { key: "CF" }),
    }
}

fn identifier<R: Read + Seek>(
    document: &mut Document<R>,
    id: Option<&Object>,
) -> Result<Vec<u8>, Error> {
    Ok(match document.plain(id)? {
        Object::Array(array) => {
            let first = document.plain(array.items.first())?;
            first.as_string().map(<[u8]>::to_vec).unwrap_or_default()
        }
        _ => Vec::new(),
    })
}

/// Entries of the dictionary, as they stand in the file.
struct Reader<'a, R> {
    document: &'a mut Document<R>,
    dictionary: Dictionary,
}

impl<R: Read + Seek> Reader<'_, R> {
    fn value(&mut self, key: &str) -> Result<Object, Error> {
        self.document.plain(self.dictionary.value(key))
    }

    fn integer(&mut self, key: &'static str) -> Result<Option<i64>, Error> {
        match self.value(key)? {
            Object::Null => Ok(None),
            Object::Integer(value) => Ok(Some(value)),
            _ => Err(Error::DamagedEncryption { key }),
        }
    }

    /// A string of this length; some writers add zeros.
    fn string(&mut self, key: &'static str, len: usize) -> Result<Vec<u8>, Error> {
        match self.value(key)? {
            Object::String(mut string) if string.len() >= len => {
                string.truncate(len);
                Ok(string)
            }
            _ => Err(Error::DamagedEncryption { key }),
        }
    }

    fn filters(&mut self, version: u8) -> Result<Vec<(Name, CryptMethod)>, Error> {
        let damaged = || Error::DamagedEncryption { key: "CF" };
        let entries = match self.value("CF")? {
            Object::Null => return Ok(Vec::new()),
            Object::Dictionary(filters) => filters.entries,
            _ => return Err(damaged()),
        };
        if entries.len() > MOST_FILTERS {
            return Err(unsupported(UnsupportedEncryption::TooManyFilters));
        }
        let mut filters = Vec::with_capacity(entries.len());
        for entry in entries {
            let Object::Dictionary(filter) = self.document.plain(Some(&entry.value))? else {
                return Err(damaged());
            };
            let method = match (self.document.plain(filter.value("CFM"))?, version) {
                (Object::Name(name), 4) if name.is("V2") => CryptMethod::V2,
                (Object::Name(name), 4) if name.is("AESV2") => CryptMethod::AesV2,
                (Object::Name(name), 5) if name.is("AESV3") => CryptMethod::AesV3,
                (Object::Name(name), _) => {
                    return Err(unsupported(UnsupportedEncryption::Method(name)));
                }
                _ => return Err(damaged()),
            };
            filters.push((entry.key, method));
        }
        Ok(filters)
    }
}
