//! What can be wrong with a PDF, as values.

use core::fmt;

use crate::document::Repair;
use crate::limits::Limit;
use crate::object::Reference;
use crate::security::UnsupportedEncryption;
use crate::seed::SeedDemand;

/// Why a PDF cannot be read or signed; offsets count from the file's first byte.
#[derive(Debug)]
pub enum Error {
    /// The passed-in reader or writer failed.
    Io(std::io::Error),
    /// The file has no byte.
    Empty,
    /// No `%PDF-` stands in the first `searched` bytes.
    NoHeader {
        /// Bytes looked at.
        searched: usize,
    },
    /// The bytes at an offset are not what the syntax wants (ISO 32000-2 §7.2, §7.3).
    Syntax {
        /// Where, from the file's first byte, or from the first byte of a decoded object stream.
        offset: u64,
        /// What is wrong there.
        fault: SyntaxFault,
    },
    /// The object at the place that the cross-reference names is another one.
    ObjectMismatch {
        /// The object looked for.
        expected: Reference,
        /// Where the cross-reference says it is.
        offset: u64,
    },
    /// Cross-reference sections lead back to one already read.
    XrefLoop {
        /// The section met twice.
        offset: u64,
    },
    /// The cross-reference is broken and a scan of the file found no document catalog.
    NoCatalog,
    /// The document is encrypted and does not open with the empty password.
    PasswordNeeded,
    /// The password is neither the owner's nor the user's.
    WrongPassword,
    /// The document is encrypted in a way that is not supported.
    UnsupportedEncryption(UnsupportedEncryption),
    /// An entry of the encryption dictionary (ISO 32000-2 tables 20 and 21) is absent, short or of the wrong type.
    DamagedEncryption {
        /// Its key.
        key: &'static str,
    },
    /// The trailers do not agree on how the document is encrypted, or whether it is: programs read it differently.
    EncryptionChanged,
    /// A string or stream of this object is not what its encryption makes.
    DamagedCiphertext(Reference),
    /// The document does not permit signing with the user's password; the owner's would.
    SigningNotPermitted {
        /// `/P` (ISO 32000-2 table 22).
        permissions: u32,
    },
    /// The encrypted document demands an integrity code of each revision (ISO/TS 32004), which is not made here.
    IntegrityCodeDemanded,
    /// A revision that AES encrypts was to be written without [`Document::set_vector_seed`](crate::Document::set_vector_seed).
    NoVectorSeed,
    /// A limit of [`Limits`](crate::Limits) was exceeded.
    LimitExceeded {
        /// Which one.
        limit: Limit,
        /// Its value.
        maximum: u64,
    },
    /// References lead back to one already followed.
    ReferenceCycle(Reference),
    /// A stream that must be decoded has a filter other than FlateDecode.
    UnsupportedFilter(Reference),
    /// A stream that must be decoded is damaged.
    DamagedStream(Reference),
    /// A value has the wrong type or is absent.
    WrongType {
        /// The object that holds the value, or should.
        object: Reference,
        /// Its key.
        key: &'static str,
    },
    /// A dictionary that must be changed holds a key twice, so its meaning differs between readers.
    DuplicateKey {
        /// The dictionary's object.
        object: Reference,
        /// The key.
        key: &'static str,
    },
    /// The page tree or field tree leads back to a node already visited.
    TreeLoop(Reference),
    /// The document has no page of this index, counted from 0.
    NoSuchPage {
        /// The index asked for.
        index: usize,
        /// How many pages there are.
        count: usize,
    },
    /// No field has this fully qualified name.
    NoSuchField {
        /// The name asked for.
        name: String,
    },
    /// The field is not a signature field.
    NotSignatureField(Reference),
    /// The field has not exactly one widget with an area on a page, so nothing can be shown in it.
    NoWidget(Reference),
    /// A widget should show something, but its appearance has no object.
    EmptyAppearance,
    /// A new object refers to one beyond the list it came with.
    DanglingPiece {
        /// The object.
        object: Reference,
    },
    /// The document is signed already: a certification must be its first signature (ISO 32000-2 §12.8.2.2).
    CertificationNotFirst,
    /// The signature field has a value already.
    AlreadySigned(Reference),
    /// A field of this name exists already.
    FieldNameTaken {
        /// The name asked for.
        name: String,
    },
    /// A new field's partial name is empty or has a full stop (ISO 32000-2 §12.7.4.2).
    InvalidFieldName {
        /// The name asked for.
        name: String,
    },
    /// The field carries a seed value dictionary (ISO 32000-2 §12.7.5.5), and nobody said who signs.
    FieldConstraint {
        /// The field.
        field: Reference,
        /// `SV`.
        key: &'static str,
    },
    /// The field demands something of its signature that this one does not have (ISO 32000-2 §12.7.5.5).
    SeedValue {
        /// The field.
        field: Reference,
        /// What it demands.
        demand: SeedDemand,
    },
    /// An earlier signature locks the field (FieldMDP, ISO 32000-2 §12.8.2.4): a value would break that.
    FieldLocked(Reference),
    /// The document is certified, or a signed field locked, with no changes permitted (P=1): a signature would
    /// break that.
    CertifiedNoChanges,
    /// The file had to be read over: programs show such a file differently, so it is not signed.
    NeedsRepair(Repair),
    /// The new revision would end beyond what the file's cross-reference form can address.
    OffsetTooLarge {
        /// The offset.
        offset: u64,
    },
}

/// What is wrong with the bytes at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxFault {
    /// The data ends within a value.
    UnexpectedEnd,
    /// A byte that no value begins with.
    UnexpectedByte(u8),
    /// A dictionary key that is no name.
    KeyNotName,
    /// A character in a hexadecimal string that is no hexadecimal digit.
    NotHexadecimal(u8),
    /// Not `N G obj`.
    NoObjectHeader,
    /// Neither `xref` nor a cross-reference stream.
    NoXref,
    /// No `trailer` with a dictionary after a cross-reference table.
    NoTrailer,
    /// A cross-reference entry that is not two numbers and `n` or `f`.
    BadXrefEntry,
    /// A cross-reference stream whose `/W`, `/Index` or data do not fit together.
    BadXrefStream,
    /// No `startxref` with a number near the file's end.
    NoStartxref,
    /// A trailer without a `/Root` reference.
    NoRoot,
    /// An object stream whose `/N`, `/First` or header do not fit together.
    BadObjectStream,
    /// A stream without `endstream`.
    NoEndstream,
}

impl fmt::Display for SyntaxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("the data ends within a value"),
            Self::UnexpectedByte(byte) => write!(f, "unexpected byte 0x{byte:02x}"),
            Self::KeyNotName => f.write_str("a dictionary key is not a name"),
            Self::NotHexadecimal(byte) => write!(f, "byte 0x{byte:02x} in a hexadecimal string"),
            Self::NoObjectHeader => f.write_str("no object begins here"),
            Self::NoXref => f.write_str("no cross-reference begins here"),
            Self::NoTrailer => f.write_str("the cross-reference table has no trailer"),
            Self::BadXrefEntry => f.write_str("malformed cross-reference entry"),
            Self::BadXrefStream => f.write_str("malformed cross-reference stream"),
            Self::NoStartxref => f.write_str("no startxref at the end"),
            Self::NoRoot => f.write_str("the trailer names no document catalog"),
            Self::BadObjectStream => f.write_str("malformed object stream"),
            Self::NoEndstream => f.write_str("the stream has no end"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "reading or writing failed: {error}"),
            Self::Empty => f.write_str("the file is empty"),
            Self::NoHeader { searched } => {
                write!(f, "not a PDF: no %PDF- in the first {searched} bytes")
            }
            Self::Syntax { offset, fault } => write!(f, "at byte {offset}: {fault}"),
            Self::ObjectMismatch { expected, offset } => {
                write!(f, "byte {offset} should begin object {expected}")
            }
            Self::XrefLoop { offset } => {
                write!(f, "the cross-reference at byte {offset} leads back to itself")
            }
            Self::NoCatalog => {
                f.write_str("the cross-reference is broken and no document catalog was found")
            }
            Self::PasswordNeeded => {
                f.write_str("the document is encrypted and no password was given")
            }
            Self::WrongPassword => f.write_str("the password does not open the document"),
            Self::UnsupportedEncryption(what) => {
                write!(f, "the document is encrypted in an unsupported way: {what}")
            }
            Self::DamagedEncryption { key } => {
                write!(f, "the encryption dictionary is damaged at /{key}")
            }
            Self::EncryptionChanged => {
                f.write_str("the trailers do not agree on how the document is encrypted")
            }
            Self::DamagedCiphertext(id) => write!(f, "object {id} cannot be decrypted"),
            Self::SigningNotPermitted { permissions } => {
                write!(f, "the document's permissions 0x{permissions:08x} forbid signing")
            }
            Self::IntegrityCodeDemanded => {
                f.write_str("the document demands an integrity code (PDF MAC) of each revision")
            }
            Self::NoVectorSeed => f.write_str("no random bytes were given to encrypt with"),
            Self::LimitExceeded { limit, maximum } => {
                write!(f, "{limit} exceed the limit of {maximum}")
            }
            Self::ReferenceCycle(id) => write!(f, "object {id} refers to itself"),
            Self::UnsupportedFilter(id) => write!(f, "stream {id} has an unsupported filter"),
            Self::DamagedStream(id) => write!(f, "stream {id} is damaged"),
            Self::WrongType { object, key } => {
                write!(f, "object {object}: /{key} is absent or of the wrong type")
            }
            Self::DuplicateKey { object, key } => write!(f, "object {object}: /{key} stands twice"),
            Self::TreeLoop(id) => write!(f, "the tree leads back to object {id}"),
            Self::NoSuchPage { index, count } => {
                write!(f, "there is no page {}: the document has {count}", index.saturating_add(1))
            }
            Self::NoSuchField { name } => write!(f, "there is no field named {name:?}"),
            Self::NotSignatureField(id) => write!(f, "field {id} is not a signature field"),
            Self::NoWidget(id) => write!(f, "field {id} has no single place on a page"),
            Self::EmptyAppearance => f.write_str("the appearance has no object"),
            Self::DanglingPiece { object } => {
                write!(f, "new object {object} refers to one that is not there")
            }
            Self::CertificationNotFirst => f.write_str(
                "a signed document cannot be certified: that must be the first signature",
            ),
            Self::AlreadySigned(id) => write!(f, "signature field {id} is signed already"),
            Self::FieldNameTaken { name } => write!(f, "a field named {name:?} exists already"),
            Self::InvalidFieldName { name } => write!(f, "{name:?} cannot name a field"),
            Self::FieldConstraint { field, key } => {
                write!(f, "field {field} carries /{key}, and the signer is not known")
            }
            Self::SeedValue { field, demand } => write!(f, "field {field} demands {demand}"),
            Self::FieldLocked(id) => write!(f, "an earlier signature locks field {id}"),
            Self::CertifiedNoChanges => {
                f.write_str("the document is certified and permits no change, not even a signature")
            }
            Self::NeedsRepair(repair) => {
                write!(f, "the file is damaged and programs would show it differently: {repair}")
            }
            Self::OffsetTooLarge { offset } => {
                write!(f, "byte {offset} is beyond what the cross-reference can address")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Error {
    /// Whether a scan of the file for its objects may still find what the error says is missing.
    pub(crate) const fn is_repairable(&self) -> bool {
        matches!(
            self,
            Self::Syntax { .. }
                | Self::ObjectMismatch { .. }
                | Self::WrongType { .. }
                | Self::DamagedStream(_)
        )
    }
}
