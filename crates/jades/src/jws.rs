//! Reading the serializations of a JSON Web Signature (RFC 7515 §7, RFC 7797 §5).

mod error;

pub use error::{JwsError, Part};

use crate::base64;
use crate::header::ProtectedHeader;
use crate::json::{JsonError, Node, Value};
use crate::limits::{Limit, Limits};
use crate::unsigned::{UnsignedError, UnsignedProperty};
use std::borrow::Cow;

/// How a signature is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serialization {
    /// Three parts with dots between them (RFC 7515 §7.1); it has no room for what is added after signing.
    Compact,
    /// A JSON object with one signature (§7.2.2).
    Flattened,
    /// A JSON object with an array of signatures (§7.2.1); read only.
    General,
}

/// One signature as it was received; nothing of it is verified.
#[derive(Clone, Debug)]
pub struct Jws<'a> {
    serialization: Serialization,
    protected: Cow<'a, str>,
    header: ProtectedHeader,
    payload: Option<Cow<'a, str>>,
    signature_text: Cow<'a, str>,
    signature: Vec<u8>,
    unsigned: Result<Vec<UnsignedProperty>, UnsignedError>,
}

impl<'a> Jws<'a> {
    /// Reads a document with one signature, in whichever serialization.
    ///
    /// # Errors
    /// When it is none of them, has several signatures, or a header that is refused.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self, JwsError> {
        let mut all = Self::read_all(bytes, limits)?;
        match (all.pop(), all.len()) {
            (Some(only), 0) => Ok(only),
            (_, others) => Err(JwsError::SignatureCount { count: others.saturating_add(1) }),
        }
    }

    /// Reads every signature of a document, one at least.
    ///
    /// # Errors
    /// As [`Self::read`]; one signature that is refused refuses the document.
    pub fn read_all(bytes: &'a [u8], limits: &Limits) -> Result<Vec<Self>, JwsError> {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'{') {
            let document = Node::read(bytes, limits).map_err(JwsError::Json)?;
            return read_json(document, limits);
        }
        Ok(vec![read_compact(bytes, limits)?])
    }

    /// The serialization it was read from.
    #[must_use]
    pub const fn serialization(&self) -> Serialization {
        self.serialization
    }

    /// The protected header.
    #[must_use]
    pub const fn header(&self) -> &ProtectedHeader {
        &self.header
    }

    /// The protected header as received: base64url.
    #[must_use]
    pub fn protected(&self) -> &str {
        &self.protected
    }

    /// The payload as received: base64url, or as it is where `b64` is false; `None` for a detached one, which in the
    /// compact serialization an empty one cannot be told from.
    #[must_use]
    pub fn payload(&self) -> Option<&str> {
        self.payload.as_deref()
    }

    /// The octets of the JWS Signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The JWS Signature as received: base64url, over which signature time-stamps are made.
    #[must_use]
    pub fn signature_text(&self) -> &str {
        &self.signature_text
    }

    /// The elements of `etsiU` (TS 119 182-1 §5.3.1), which no signature covers.
    ///
    /// # Errors
    /// When they are malformed; the signature is none the worse for it.
    pub fn unsigned(&self) -> Result<&[UnsignedProperty], &UnsignedError> {
        self.unsigned.as_deref()
    }
}

/// BASE64URL(header) `.` payload `.` BASE64URL(signature).
fn read_compact<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Jws<'a>, JwsError> {
    if bytes.len() > limits.bytes {
        let error = JsonError::LimitExceeded { limit: Limit::Bytes, maximum: limits.bytes };
        return Err(JwsError::Json(error));
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|error| JwsError::Json(JsonError::NotUtf8 { offset: error.valid_up_to() }))?;
    let parts: Vec<&str> = text.splitn(4, '.').collect();
    let &[protected, payload, signature] = parts.as_slice() else {
        return Err(JwsError::PartCount { count: parts.len() });
    };
    let header = read_header(protected, limits)?;
    // RFC 7797 §5.2: space and what is printable.
    if header.unencoded_payload && !payload.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(JwsError::UnencodedPayload);
    }
    assemble(Pieces {
        serialization: Serialization::Compact,
        protected: Cow::Borrowed(protected),
        header,
        payload: Some(payload).filter(|payload| !payload.is_empty()).map(Cow::Borrowed),
        signature_text: Cow::Borrowed(signature),
        unprotected: None,
        limits,
    })
}

fn read_json<'a>(document: Node<'a>, limits: &Limits) -> Result<Vec<Jws<'a>>, JwsError> {
    let payload = match document.member("payload").map(Node::value) {
        None => None,
        Some(Value::String(payload)) => Some(payload.clone()),
        Some(_) => return Err(JwsError::MemberType { part: Part::Payload }),
    };
    let Some(signatures) = document.member("signatures") else {
        return Ok(vec![read_signature(&document, payload, Serialization::Flattened, limits)?]);
    };
    // RFC 7515 §7.2.2: the two forms exclude each other.
    if ["signature", "protected", "header"].iter().any(|name| document.member(name).is_some()) {
        return Err(JwsError::MixedSerializations);
    }
    let signatures =
        signatures.elements().ok_or(JwsError::MemberType { part: Part::Signatures })?;
    if signatures.len() > limits.signatures {
        let maximum = limits.signatures;
        return Err(JwsError::Json(JsonError::LimitExceeded { limit: Limit::Signatures, maximum }));
    }
    if signatures.is_empty() {
        return Err(JwsError::SignatureCount { count: 0 });
    }
    let all: Result<Vec<Jws<'a>>, JwsError> = signatures
        .iter()
        .map(|one| read_signature(one, payload.clone(), Serialization::General, limits))
        .collect();
    let all = all?;
    // RFC 7797 §3: b64 has one value for all signatures of a document.
    let unencoded = |jws: &Jws<'_>| jws.header.unencoded_payload;
    if all.iter().any(unencoded) && !all.iter().all(unencoded) {
        return Err(JwsError::PayloadEncodingsDiffer);
    }
    Ok(all)
}

fn read_signature<'a>(
    object: &Node<'a>,
    payload: Option<Cow<'a, str>>,
    serialization: Serialization,
    limits: &Limits,
) -> Result<Jws<'a>, JwsError> {
    let string = |name: &str, part| match object.member(name).map(Node::value) {
        None => Err(JwsError::Missing { part }),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(JwsError::MemberType { part }),
    };
    // alg may stand in `header` by RFC 7515 alone; TS 119 182-1 §5.1.2 and good sense want it signed.
    let protected = string("protected", Part::ProtectedHeader)?;
    let signature_text = string("signature", Part::Signature)?;
    let header = read_header(&protected, limits)?;
    let unprotected = object.member("header");
    assemble(Pieces {
        serialization,
        protected,
        header,
        payload,
        signature_text,
        unprotected,
        limits,
    })
}

fn read_header(protected: &str, limits: &Limits) -> Result<ProtectedHeader, JwsError> {
    if protected.len() > limits.header_bytes {
        let maximum = limits.header_bytes;
        return Err(JwsError::Json(JsonError::LimitExceeded {
            limit: Limit::HeaderBytes,
            maximum,
        }));
    }
    let json = base64::decode_url(protected)
        .map_err(|error| JwsError::Base64 { part: Part::ProtectedHeader, error })?;
    ProtectedHeader::read(&json, limits).map_err(JwsError::Header)
}

struct Pieces<'p, 'a> {
    serialization: Serialization,
    protected: Cow<'a, str>,
    header: ProtectedHeader,
    payload: Option<Cow<'a, str>>,
    signature_text: Cow<'a, str>,
    unprotected: Option<&'p Node<'a>>,
    limits: &'p Limits,
}

fn assemble<'a>(pieces: Pieces<'_, 'a>) -> Result<Jws<'a>, JwsError> {
    let Pieces { serialization, protected, header, payload, signature_text, unprotected, limits } =
        pieces;
    let signature = base64::decode_url(signature_text.as_ref())
        .map_err(|error| JwsError::Base64 { part: Part::Signature, error })?;
    if let Some(payload) = &payload {
        // TS 119 182-1 §5.2.8.1: what sigD names is outside.
        if header.detached_objects.is_some() && !payload.is_empty() {
            return Err(JwsError::PayloadBesideObjects);
        }
        if !header.unencoded_payload {
            base64::decode_url(payload.as_ref())
                .map_err(|error| JwsError::Base64 { part: Part::Payload, error })?;
        }
    }
    let unsigned = match unprotected {
        None => Ok(Vec::new()),
        Some(unprotected) => {
            check_unprotected(unprotected, &protected)?;
            crate::unsigned::read(unprotected, limits)
        }
    };
    Ok(Jws { serialization, protected, header, payload, signature_text, signature, unsigned })
}

/// RFC 7515 §4 and §4.1.11, RFC 7797 §3: names are in one of the two headers, and what decides about the signature is
/// protected.
fn check_unprotected(unprotected: &Node<'_>, protected: &str) -> Result<(), JwsError> {
    let members =
        unprotected.members().ok_or(JwsError::MemberType { part: Part::UnprotectedHeader })?;
    for member in members {
        let name = &*member.name;
        if matches!(name, "alg" | "crit" | "b64" | "sigD" | "sigT" | "iat" | "x5c" | "x5t#S256")
            || matches!(name, "x5t#o" | "sigX5ts" | "x5ts" | "x5t" | "srCms" | "cty")
        {
            return Err(JwsError::Unprotected { name: crate::ParameterName::new(name) });
        }
    }
    let json = base64::decode_url(protected).unwrap_or_default();
    let header = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&json);
    let header = header.unwrap_or_default();
    match members.iter().find(|member| header.contains_key(&*member.name)) {
        Some(both) => Err(JwsError::InBothHeaders { name: crate::ParameterName::new(&both.name) }),
        None => Ok(()),
    }
}
