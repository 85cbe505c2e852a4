//! Signing in two phases: the header first, the signature value from wherever the key is, then the serialization.

mod error;
mod header;

pub use error::PrepareError;

use crate::algorithm::JwsAlgorithm;
use crate::base64;
use crate::header::Commitment;
use crate::json::quoted;
use crate::jws::Serialization;
use crate::verify::extend;
use kyso_x509::{
    Certificate, Digest, DigestAlgorithm, EcdsaEncodingError, PublicKey, SignatureAlgorithm,
    SignatureValue, Time, VerifyError,
};

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'p> {
    /// These octets, in the signature.
    Attached(&'p [u8]),
    /// These octets, beside the signature (RFC 7515 appendix F).
    Detached(&'p [u8]),
    /// Data objects that keep their places: ObjectIdByURIHash (TS 119 182-1 §5.2.8.3.3).
    Objects {
        /// The digest algorithm of their digests.
        digest: DigestAlgorithm,
        /// URI reference, media type and octets of each, one at least.
        objects: &'p [(&'p str, Option<&'p str>, &'p [u8])],
    },
}

/// Which header the signature gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A bare JSON Web Signature with `x5c` and the certificate's digest.
    Jws,
    /// JAdES (TS 119 182-1 v1.2.1 §6.3), level B.
    Jades {
        /// The time claimed in `sigT`.
        signing_time: Time,
        /// What the signer commits to, `srCms`.
        commitments: Vec<Commitment>,
    },
}

/// What is signed, by whom, and how.
#[derive(Clone, Debug)]
pub struct SigningParameters<'p> {
    /// The signer's certificate.
    pub certificate: Certificate,
    /// Certificates behind it in `x5c`, each the issuer of the one before (RFC 7515 §4.1.6).
    pub issuers: Vec<Certificate>,
    /// The algorithm; the certificate's key must allow it.
    pub algorithm: JwsAlgorithm,
    /// Digest of the certificate: SHA-256 makes `x5t#S256`, another `x5t#o`.
    pub certificate_digest: DigestAlgorithm,
    /// The content.
    pub payload: Payload<'p>,
    /// False for `"b64":false` (RFC 7797): the payload is signed, and attached, as it is.
    pub base64_payload: bool,
    /// `cty`: media type of the payload; not with data objects, which have theirs.
    pub content_type: Option<String>,
    /// The header's set of parameters.
    pub form: Form,
    /// What [`ToBeSigned::finish`] makes: compact or flattened.
    pub serialization: Serialization,
}

/// A signature that lacks only its value.
#[derive(Clone, Debug)]
pub struct ToBeSigned {
    certificate: Certificate,
    algorithm: JwsAlgorithm,
    key: PublicKey,
    serialization: Serialization,
    protected: String,
    /// As it stands in the result.
    payload: Option<String>,
    input: Vec<u8>,
}

/// Makes the protected header and the bytes to sign.
///
/// # Errors
/// When certificate and algorithm do not fit each other, or the payload cannot be carried in this form.
pub fn prepare(parameters: &SigningParameters<'_>) -> Result<ToBeSigned, PrepareError> {
    let SigningParameters {
        certificate, algorithm, payload, base64_payload, serialization, ..
    } = parameters;
    let (algorithm, unencoded) = (*algorithm, !base64_payload);
    let key = certificate.public_key().map_err(PrepareError::UnusableKey)?;
    if !algorithm.fits(&key) {
        return Err(PrepareError::AlgorithmMismatch { algorithm, key: key.algorithm() });
    }
    if *serialization == Serialization::General {
        return Err(PrepareError::GeneralSerialization);
    }
    let protected = base64::encode_url(header::write(parameters)?);
    let mut input = protected.clone().into_bytes();
    input.push(b'.');
    let mut carried = None;
    match payload {
        Payload::Attached(octets) if unencoded => {
            let text = core::str::from_utf8(octets)
                .map_err(|error| PrepareError::PayloadNotUtf8 { offset: error.valid_up_to() })?;
            if *serialization == Serialization::Compact {
                check_compact(octets)?;
            }
            carried = Some(text.to_owned());
            input.extend_from_slice(octets);
        }
        Payload::Attached(octets) => {
            let text = base64::encode_url(octets);
            input.extend_from_slice(text.as_bytes());
            carried = Some(text);
        }
        Payload::Detached(octets) => extend(&mut input, octets, unencoded),
        // Their digests stand in the header.
        Payload::Objects { .. } => {}
    }
    Ok(ToBeSigned {
        certificate: certificate.clone(),
        algorithm,
        key,
        serialization: *serialization,
        protected,
        payload: carried,
        input,
    })
}

/// RFC 7797 §5.2: space and what is printable but the dot; an empty payload would read as a detached one.
fn check_compact(octets: &[u8]) -> Result<(), PrepareError> {
    match octets.iter().position(|byte| !matches!(byte, 0x20..=0x2d | 0x2f..=0x7e)) {
        Some(offset) => Err(PrepareError::PayloadNotCompact { offset }),
        None => Ok(()),
    }
}

impl ToBeSigned {
    /// The bytes to sign: the JWS Signing Input (RFC 7515 §2).
    #[must_use]
    pub fn bytes_to_sign(&self) -> &[u8] {
        &self.input
    }

    /// Digest of [`Self::bytes_to_sign`]; `None` for Ed25519, which signs the bytes themselves.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        Some(self.algorithm().digest_algorithm()?.digest(&self.input))
    }

    /// The algorithm to sign with.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm.signature_algorithm()
    }

    /// The signer's certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Verifies a signature value against the certificate: a key that does not belong to it shows here.
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`] when the value is not by the certificate's key over these bytes.
    pub fn verify(&self, value: &SignatureValue) -> Result<(), VerifyError> {
        self.key.verify(&self.algorithm(), &self.input, value.as_bytes())
    }

    /// Takes the signature value and makes the signature, in the serialization that was asked for.
    ///
    /// # Errors
    /// When the value of an elliptic curve is no `Ecdsa-Sig-Value` of that curve.
    pub fn finish(self, value: &SignatureValue) -> Result<String, EcdsaEncodingError> {
        let signature = base64::encode_url(self.algorithm.to_octets(value)?);
        let Self { protected, payload, .. } = &self;
        Ok(match self.serialization {
            Serialization::Compact => {
                [protected, payload.as_deref().unwrap_or_default(), &signature].join(".")
            }
            Serialization::Flattened | Serialization::General => {
                let payload = payload.as_ref().map(|payload| {
                    let quoted = quoted(payload);
                    format!("\"payload\":{quoted},")
                });
                let payload = payload.unwrap_or_default();
                format!("{{{payload}\"protected\":\"{protected}\",\"signature\":\"{signature}\"}}")
            }
        })
    }
}
