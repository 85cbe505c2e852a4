//! `Bundle.signature` of HL7 FHIR R4 (datatypes §2.24.0.11 Signature, resource Bundle) as a detached JAdES signature.
//!
//! The payload is the bundle in the canonical form `http://hl7.org/fhir/canonicalization/json#document`: everything but
//! `id`, `meta` and `signature` of the bundle itself, which anybody may change without breaking the signature.

mod canonical;
mod error;
mod number;
mod read;

pub use canonical::{NumberForm, canonical_document};
pub use error::{BundleFailure, FhirError, SignatureElement};
pub use read::{CanonicalForms, Coding, SignedBundle, VerifiedBundle, Who, verify_bundle};

use crate::algorithm::JwsAlgorithm;
use crate::base64;
use crate::header::Commitment;
use crate::json::{Node, quoted};
use crate::jws::Serialization;
use crate::limits::Limits;
use crate::sign::{Form, Payload, SigningParameters, ToBeSigned, prepare};
use kyso_x509::{Certificate, DigestAlgorithm, EcdsaEncodingError, SignatureValue, Time};

/// `Signature.sigFormat` of a JSON Web Signature.
pub const SIG_FORMAT: &str = "application/jose";
/// `Signature.targetFormat`: what is signed, in which form.
pub const TARGET_FORMAT: &str =
    "application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#document";
/// The code system of signature types (ASTM E1762-95), to which `Signature.type` is bound.
pub const PURPOSE_SYSTEM: &str = "urn:iso-astm:E1762-95:2013";

/// A reason to sign: a code of [`PURPOSE_SYSTEM`], such as `1.2.840.10065.1.12.1.1` for an author's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The code, an object identifier in dotted form.
    pub code: String,
    /// What the code means, for people.
    pub display: String,
}

/// Who signs a bundle, and how.
#[derive(Clone, Debug)]
pub struct BundleSigningParameters {
    /// The signer's certificate.
    pub certificate: Certificate,
    /// Certificates behind it, each the issuer of the one before.
    pub issuers: Vec<Certificate>,
    /// The algorithm; the certificate's key must allow it.
    pub algorithm: JwsAlgorithm,
    /// The time claimed, in `sigT` and in `Signature.when`.
    pub signing_time: Time,
    /// Why it is signed, in `srCms` and in `Signature.type`; one at least.
    pub purposes: Vec<Purpose>,
    /// `Signature.who.reference`, such as `Practitioner/17`; the signature does not cover it.
    pub who: String,
    /// How numbers are written in the payload.
    pub numbers: NumberForm,
}

/// A bundle's signature that lacks only its value.
#[derive(Clone, Debug)]
pub struct BundleToBeSigned {
    to_be_signed: ToBeSigned,
    bundle: Vec<u8>,
    /// Offset of the bundle's closing brace; there are members before it.
    end: usize,
    /// `Signature` up to the content of `data`.
    element: String,
}

/// Makes the canonical form and the signature's header; the bundle must not be signed already.
///
/// # Errors
/// When it is no bundle, has a signature, or cannot be signed with these parameters.
pub fn prepare_bundle(
    bundle: &[u8],
    parameters: &BundleSigningParameters,
    limits: &Limits,
) -> Result<BundleToBeSigned, FhirError> {
    let root = Node::read(bundle, limits).map_err(FhirError::Json)?;
    let payload = canonical::document(&root, parameters.numbers)?;
    if root.member("signature").is_some() {
        return Err(FhirError::AlreadySigned);
    }
    if parameters.purposes.is_empty() {
        return Err(FhirError::NoPurpose);
    }
    let commitments = parameters.purposes.iter().map(|purpose| Commitment {
        id: commitment_id(&purpose.code),
        description: Some(purpose.display.clone()),
    });
    let to_be_signed = prepare(&SigningParameters {
        certificate: parameters.certificate.clone(),
        issuers: parameters.issuers.clone(),
        algorithm: parameters.algorithm,
        certificate_digest: DigestAlgorithm::Sha256,
        payload: Payload::Detached(payload.as_bytes()),
        base64_payload: true,
        content_type: Some("fhir+json".to_owned()),
        form: Form::Jades {
            signing_time: parameters.signing_time,
            commitments: commitments.collect(),
        },
        serialization: Serialization::Compact,
    })
    .map_err(FhirError::Prepare)?;
    let purposes: Vec<String> = parameters.purposes.iter().map(coding).collect();
    let (purposes, who) = (purposes.join(","), quoted(&parameters.who));
    let when = parameters.signing_time;
    let element = [
        format!("\"signature\":{{\"type\":[{purposes}],\"when\":\"{when}\","),
        format!("\"who\":{{\"reference\":{who}}},"),
        format!("\"targetFormat\":\"{TARGET_FORMAT}\",\"sigFormat\":\"{SIG_FORMAT}\",\"data\":"),
    ]
    .concat();
    let end = root.offset().saturating_add(root.text().len()).saturating_sub(1);
    Ok(BundleToBeSigned { to_be_signed, bundle: bundle.to_vec(), end, element })
}

fn coding(purpose: &Purpose) -> String {
    let (code, display) = (quoted(&purpose.code), quoted(&purpose.display));
    format!("{{\"system\":\"{PURPOSE_SYSTEM}\",\"code\":{code},\"display\":{display}}}")
}

/// An object identifier as `id` of `commId` has it (TS 119 182-1 §5.4.1).
fn commitment_id(code: &str) -> String {
    format!("urn:oid:{code}")
}

impl BundleToBeSigned {
    /// What is to be signed, and by which key and algorithm.
    #[must_use]
    pub const fn to_be_signed(&self) -> &ToBeSigned {
        &self.to_be_signed
    }

    /// Takes the signature value and gives the bundle with its signature as the last member, all else byte for byte.
    ///
    /// # Errors
    /// When the value of an elliptic curve is no `Ecdsa-Sig-Value` of that curve.
    pub fn finish(self, value: &SignatureValue) -> Result<Vec<u8>, EcdsaEncodingError> {
        let jws = self.to_be_signed.finish(value)?;
        let element = format!("{}\"{}\"}}", self.element, base64::encode(jws));
        let (before, after) = self.bundle.split_at_checked(self.end).unwrap_or((&self.bundle, &[]));
        Ok([before, b",", element.as_bytes(), after].concat())
    }
}
