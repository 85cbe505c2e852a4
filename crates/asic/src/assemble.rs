//! What creating and extending containers share: their errors, and what a signature file must look like.

use core::fmt;

use crate::error::{AsicError, ShapeFault};
use crate::kind::Kind;
use crate::limits::{Limit, Limits};
use crate::manifest::ASIC_NAMESPACE;
use crate::name::{EntryName, NameFault, PortabilityFault};
use crate::role::Role;
use crate::xml::{DS, elements, is, with_document};
use crate::zip::WriteError;

/// An empty `XAdESSignatures` document (EN 319 162-1 Annex A.5): signatures are put into its element.
pub const XADES_SIGNATURES: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
    "<asic:XAdESSignatures xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\"></asic:XAdESSignatures>\n"
);

/// Namespace of OpenDocument's `document-signatures`.
pub(crate) const OPEN_DOCUMENT_SIGNATURES: &str =
    "urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0";

/// Why a container cannot be created or extended.
#[derive(Debug)]
pub enum AssembleError {
    /// The container that is being extended cannot be read.
    Container(AsicError),
    /// Writing failed.
    Write(WriteError),
    /// A name is not lawful.
    Name {
        /// The name as given.
        name: Box<str>,
        /// What is wrong.
        fault: NameFault,
    },
    /// A name is not fit for every system.
    NotPortable {
        /// The name.
        name: EntryName,
        /// What is wrong.
        fault: PortabilityFault,
    },
    /// A name that containers use themselves: `mimetype`, `META-INF/`.
    ReservedName(EntryName),
    /// Another file has this name, or one that some system takes for the same.
    NameTaken(EntryName),
    /// There is nothing to sign.
    NoDataObject,
    /// ASiC-S holds exactly one data object.
    SeveralDataObjects,
    /// A file is not what it was when its digest was signed.
    Changed(EntryName),
    /// A limit is exceeded.
    LimitExceeded {
        /// Which.
        limit: Limit,
        /// What is allowed.
        allowed: u64,
    },
    /// Signatures cannot be added to this kind of container.
    NotExtensible(Kind),
    /// The container holds signatures or time-stamps of another form, such as this file.
    OtherForm(EntryName),
    /// The container is not the one that was prepared.
    OtherContainer,
    /// The file is no signature, time-stamp or evidence record.
    NotAProof(EntryName),
    /// The signature is empty or is not what its file must hold.
    Proof(ShapeFault),
    /// The signature file is not lawful XML, or a manifest of the container cannot be read.
    ProofXml(kyso_xades::XmlError),
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Name { name, fault } => {
                write!(f, "\"{}\": {fault}", kyso_x509::escape_for_display(name))
            }
            Self::NotPortable { name, fault } => write!(f, "\"{name}\": {fault}"),
            Self::ReservedName(name) => write!(f, "\"{name}\" is a name of the container's own"),
            Self::NameTaken(name) => write!(f, "another file is named \"{name}\""),
            Self::NoDataObject => f.write_str("there is no file to sign"),
            Self::SeveralDataObjects => f.write_str("a simple container holds exactly one file"),
            Self::Changed(name) => write!(f, "file \"{name}\" changed while it was being signed"),
            Self::LimitExceeded { limit, allowed } => {
                write!(f, "more than the {allowed} {limit} allowed")
            }
            Self::NotExtensible(_) => f.write_str("no container that takes signatures here"),
            Self::OtherForm(name) => write!(f, "the container has another form: \"{name}\""),
            Self::OtherContainer => f.write_str("the container is not the one that was prepared"),
            Self::NotAProof(name) => write!(f, "\"{name}\" is no signature or time-stamp"),
            Self::Proof(fault) => write!(f, "the signature: {fault}"),
            Self::ProofXml(_) => f.write_str("the signature file is not lawful XML"),
        }
    }
}

impl core::error::Error for AssembleError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Container(error) => error.source(),
            Self::Write(error) => error.source(),
            Self::Name { fault, .. } => Some(fault),
            Self::NotPortable { fault, .. } => Some(fault),
            Self::ProofXml(error) => Some(error),
            _ => None,
        }
    }
}

impl From<AsicError> for AssembleError {
    fn from(error: AsicError) -> Self {
        Self::Container(error)
    }
}

impl From<WriteError> for AssembleError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Changed(name) => Self::Changed(name),
            other => Self::Write(other),
        }
    }
}

impl From<std::io::Error> for AssembleError {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error.into())
    }
}

/// What may be written as a signature: something, and in a file for XAdES signatures the right document around them.
pub(crate) fn check_proof(
    file: &EntryName,
    proof: &[u8],
    limits: &Limits,
) -> Result<(), AssembleError> {
    if proof.is_empty() {
        return Err(AssembleError::Proof(ShapeFault::Missing("Signature")));
    }
    if proof.len() > limits.whole_bytes {
        let allowed = limits.whole_bytes as u64;
        return Err(AssembleError::LimitExceeded { limit: Limit::WholeBytes, allowed });
    }
    if Role::of(file) != Role::XadesSignatures {
        return Ok(());
    }
    let checked = with_document(file, proof, &limits.xml, |root| {
        if !is(root, ASIC_NAMESPACE, "XAdESSignatures")
            && !is(root, OPEN_DOCUMENT_SIGNATURES, "document-signatures")
        {
            return Err(ShapeFault::Root);
        }
        let children = elements(root)?;
        if children.is_empty() {
            return Err(ShapeFault::Missing("Signature"));
        }
        if children.iter().any(|child| !is(*child, DS, "Signature")) {
            return Err(ShapeFault::Unexpected);
        }
        Ok(())
    });
    checked.map_err(|error| match error {
        AsicError::Shape { fault, .. } => AssembleError::Proof(fault),
        AsicError::Xml { error, .. } => AssembleError::ProofXml(error),
        other => AssembleError::Container(other),
    })
}
