//! Adding what comes after signing: every byte that was there stays.

use super::{ETSI_U, Incorporation, SIG_TST};
use crate::base64;
use crate::json::{Node, quoted};
use crate::jws::{Jws, JwsError, Serialization};
use crate::limits::Limits;
use crate::unsigned::UnsignedError;
use kyso_cades::TimeStampToken;
use kyso_x509::{Digest, DigestAlgorithm};

/// Why nothing was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AugmentError {
    /// The document is no signature.
    Jws(JwsError),
    /// The document has several signatures (the general serialization), to which nothing is added here.
    GeneralSerialization,
    /// What is there already cannot be read.
    Unsigned(UnsignedError),
    /// `etsiU` has elements of the other form, and one array has one form.
    OtherIncorporation {
        /// The form that is there.
        found: Incorporation,
    },
    /// The token is about something else than this signature.
    ImprintMismatch {
        /// What it should be about.
        required: Digest,
    },
}

impl core::fmt::Display for AugmentError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Jws(error) => error.fmt(f),
            Self::GeneralSerialization => {
                f.write_str("nothing is added to documents of the general serialization")
            }
            Self::Unsigned(error) => error.fmt(f),
            Self::OtherIncorporation { .. } => {
                f.write_str("etsiU has elements of the other form already")
            }
            Self::ImprintMismatch { .. } => {
                f.write_str("the time-stamp is not about this signature")
            }
        }
    }
}

impl core::error::Error for AugmentError {}

impl Jws<'_> {
    /// Imprint for a time-stamp over the signature (TS 119 182-1 v1.2.1 §5.3.4): the digest of its base64url text.
    #[must_use]
    pub fn signature_imprint(&self, algorithm: DigestAlgorithm) -> Digest {
        algorithm.digest(self.signature_text().as_bytes())
    }
}

/// Adds a time-stamp over the signature: level T (TS 119 182-1 v1.2.1 §6.3) where the signature is of level B.
///
/// A flattened document keeps every byte; a compact one becomes flattened, with its parts as they were.
///
/// # Errors
/// When the document is no single signature, or the token is not about it.
pub fn add_signature_time_stamp(
    document: &[u8],
    token: &TimeStampToken,
    incorporation: Incorporation,
    limits: &Limits,
) -> Result<Vec<u8>, AugmentError> {
    let jws = Jws::read(document, limits).map_err(AugmentError::Jws)?;
    let stamped = *token.info().message_imprint();
    let required = jws.signature_imprint(stamped.algorithm());
    if required != stamped {
        return Err(AugmentError::ImprintMismatch { required });
    }
    let present = jws.unsigned().map_err(|error| AugmentError::Unsigned(error.clone()))?;
    if let Some(found) = present.first().map(|property| property.incorporation)
        && found != incorporation
    {
        return Err(AugmentError::OtherIncorporation { found });
    }
    let element = element(token, incorporation);
    match jws.serialization() {
        Serialization::General => Err(AugmentError::GeneralSerialization),
        Serialization::Compact => {
            let mut flattened = String::from("{");
            if let Some(payload) = jws.payload() {
                flattened.extend(["\"payload\":", &quoted(payload), ","]);
            }
            flattened.extend(["\"protected\":\"", jws.protected(), "\",\"header\":{\"etsiU\":["]);
            flattened.extend([&element, "]},\"signature\":\"", jws.signature_text(), "\"}"]);
            Ok(flattened.into_bytes())
        }
        Serialization::Flattened => {
            let root = Node::read(document, limits)
                .map_err(|error| AugmentError::Jws(JwsError::Json(error)))?;
            let (container, addition) = match root.member("header") {
                None => (&root, format!("\"header\":{{\"etsiU\":[{element}]}}")),
                Some(header) => match header.member(ETSI_U) {
                    None => (header, format!("\"etsiU\":[{element}]")),
                    Some(array) => (array, element),
                },
            };
            Ok(appended(document, container, &addition))
        }
    }
}

/// One element of `etsiU` around the token.
fn element(token: &TimeStampToken, incorporation: Incorporation) -> String {
    let value = base64::encode(token.as_received());
    let json = format!("{{\"{SIG_TST}\":{{\"tstTokens\":[{{\"val\":\"{value}\"}}]}}}}");
    match incorporation {
        Incorporation::Clear => json,
        Incorporation::Base64Url => format!("\"{}\"", base64::encode_url(json)),
    }
}

/// The document with one more member or element in front of the closing bracket of an object or array.
pub(crate) fn appended(document: &[u8], container: &Node<'_>, addition: &str) -> Vec<u8> {
    let end = container.offset().saturating_add(container.text().len()).saturating_sub(1);
    let (before, after) = document.split_at_checked(end).unwrap_or((document, &[]));
    let is_empty = container.members().is_some_and(<[_]>::is_empty)
        || container.elements().is_some_and(<[_]>::is_empty);
    let comma: &[u8] = if is_empty { b"" } else { b"," };
    [before, comma, addition.as_bytes(), after].concat()
}
