//! Signing in two phases (XML Signature 1.1 §3.1): references and `SignedInfo` first, the value from wherever the key is,
//! then the document.
//!
//! The document's text is kept byte for byte; the signature is put into it.

mod error;
mod parameters;
mod place;

pub use error::PrepareError;
pub use parameters::{ObjectContent, ObjectToSign, ReferenceToSign, SigningParameters};
pub use place::Placement;

use super::element::is;
use super::failure::ReferenceFailure;
use super::signature::Signature;
use super::transform::{Covered, Target};
use super::verify::{External, digest_of};
use super::{NAMESPACE, write::Writer};
use crate::document::XmlDocument;
use crate::limits::Limits;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_x509::{
    Certificate, Digest, DigestAlgorithm, EcdsaEncodingError, PublicKey, PublicKeyAlgorithm,
    SignatureAlgorithm, SignatureValue, VerifyError, ecdsa_der_to_fixed,
};
use roxmltree::Node;

/// A signature that lacks only its value.
#[derive(Clone, Debug)]
pub struct ToBeSigned {
    /// The whole document with an empty `SignatureValue`.
    text: String,
    /// Where the value goes.
    value_at: usize,
    /// The canonical `SignedInfo`.
    octets: Vec<u8>,
    certificate: Certificate,
    key: PublicKey,
    algorithm: SignatureAlgorithm,
}

/// Makes a signature within a document: enveloped, or beside what it signs.
///
/// `external` gives the data of references that are not within the document.
///
/// # Errors
/// When the parameters do not fit each other, or a reference's data cannot be found or digested.
pub fn prepare<'e>(
    document: &XmlDocument<'_>,
    placement: &Placement<'_, '_>,
    parameters: &SigningParameters,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    limits: &Limits,
) -> Result<ToBeSigned, PrepareError> {
    let (before, after) = placement.around(document)?;
    prepare_between(&before, &after, parameters, external, limits)
}

/// As [`prepare`], with the text before and behind the place.
pub(crate) fn prepare_between<'e>(
    before: &str,
    after: &str,
    parameters: &SigningParameters,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    limits: &Limits,
) -> Result<ToBeSigned, PrepareError> {
    let key = parameters.check()?;
    let signature = parameters.write()?;
    let mut text = String::with_capacity(before.len() + signature.len() + after.len());
    text.push_str(before);
    let start = text.len();
    text.push_str(&signature);
    text.push_str(after);
    fill_in(&text, start, parameters, key, external, limits)
}

/// Makes a signature that is a document of its own: enveloping its objects, or over external data.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_alone<'e>(
    parameters: &SigningParameters,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    limits: &Limits,
) -> Result<ToBeSigned, PrepareError> {
    const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let key = parameters.check()?;
    let text = format!("{DECLARATION}{}", parameters.write()?);
    fill_in(&text, DECLARATION.len(), parameters, key, external, limits)
}

/// Computes the digests and puts them into the text and into the canonical `SignedInfo`.
fn fill_in<'e>(
    text: &str,
    start: usize,
    parameters: &SigningParameters,
    key: PublicKey,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    limits: &Limits,
) -> Result<ToBeSigned, PrepareError> {
    // The signature is read as everybody will read it: what is digested here is what will be verified.
    let document = XmlDocument::parse(text, limits)?;
    let node = document
        .tree()
        .descendants()
        .find(|node| node.range().start == start && is(*node, NAMESPACE, "Signature"))
        .ok_or(PrepareError::Displaced)?;
    let signature = Signature::read(&document, node, limits)?;

    // 1. Reference generation (§3.1.1).
    let mut digests = Vec::with_capacity(signature.signed_info.references.len());
    let mut digested = 0;
    for (index, reference) in signature.signed_info.references.iter().enumerate() {
        let failed = |failure| PrepareError::Reference { index, failure };
        let algorithm = match &reference.digest_method {
            Ok(algorithm) => *algorithm,
            Err(error) => return Err(failed(ReferenceFailure::DigestMethod(error.clone()))),
        };
        let given = if Target::of(reference.uri).is_external() {
            Some(
                external(reference.uri)
                    .ok_or_else(|| failed(ReferenceFailure::SignedDataNotFound))?,
            )
        } else {
            None
        };
        let octets = match given {
            Some(External::Digests(computed)) => {
                let digest = computed
                    .iter()
                    .find(|digest| {
                        digest.algorithm() == algorithm && reference.transforms.is_empty()
                    })
                    .ok_or_else(|| failed(ReferenceFailure::ExternalDigestMissing))?;
                digests.push(*digest);
                continue;
            }
            Some(External::Octets(octets)) => Some(octets),
            None => None,
        };
        let (digest, covered) =
            digest_of(&signature, reference, algorithm, octets, &mut digested).map_err(failed)?;
        // A digest that covers itself cannot be computed.
        if covers_one_of(&covered, &[signature.signed_info.node, signature.value_node]) {
            return Err(PrepareError::ReferenceCoversItself { index });
        }
        digests.push(digest);
    }

    // 2. Signature generation (§3.1.2): the canonical form with the digests in it.
    let empty = empty_element(parameters, "DigestValue");
    let octets = signature.signed_octets().map_err(PrepareError::SignedInfo)?;
    let octets = filled(&octets, empty.as_bytes(), &digests).ok_or(PrepareError::Displaced)?;

    // 3. The same in the text.
    let info = signature.signed_info.node.range();
    let (head, rest) = split(text, info.start)?;
    let (signed_info, tail) = split(rest, info.len())?;
    let signed_info = filled(signed_info.as_bytes(), empty.as_bytes(), &digests)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(PrepareError::Displaced)?;
    let value_tag = parameters.value_start();
    let value_at =
        signature.value_node.range().start + value_tag.len() + signed_info.len() - info.len();
    let mut filled_text = String::with_capacity(head.len() + signed_info.len() + tail.len());
    filled_text.push_str(head);
    filled_text.push_str(&signed_info);
    filled_text.push_str(tail);
    Ok(ToBeSigned {
        text: filled_text,
        value_at,
        octets,
        certificate: parameters.certificate.clone(),
        key,
        algorithm: parameters.algorithm,
    })
}

fn covers_one_of<'d, 'a>(covered: &Covered<'d, 'a>, nodes: &[Node<'d, 'a>]) -> bool {
    nodes.iter().any(|node| covered.contains(*node))
}

fn split(text: &str, at: usize) -> Result<(&str, &str), PrepareError> {
    text.split_at_checked(at).ok_or(PrepareError::Displaced)
}

fn empty_element(parameters: &SigningParameters, local: &str) -> String {
    let mut writer = Writer::new(parameters.prefix);
    writer.empty(local, &[]);
    writer.into_text()
}

/// Each empty element in turn with a digest in it; `None` where there are not as many as digests.
///
/// `<` stands in no value of markup that was written here or is canonical: what is found are elements.
fn filled(markup: &[u8], empty: &[u8], digests: &[Digest]) -> Option<Vec<u8>> {
    let inside = empty.iter().position(|byte| *byte == b'>')? + 1;
    let mut into = Vec::with_capacity(markup.len() + 100 * digests.len());
    let mut rest = markup;
    for digest in digests {
        let at = rest.windows(empty.len()).position(|window| window == empty)? + inside;
        let (before, after) = rest.split_at_checked(at)?;
        into.extend_from_slice(before);
        into.extend_from_slice(STANDARD.encode(digest.as_bytes()).as_bytes());
        rest = after;
    }
    if rest.windows(empty.len()).any(|window| window == empty) {
        return None;
    }
    into.extend_from_slice(rest);
    Some(into)
}

impl ToBeSigned {
    /// The bytes to sign: the canonical form of `SignedInfo`.
    #[must_use]
    pub fn bytes_to_sign(&self) -> &[u8] {
        &self.octets
    }

    /// Digest of [`Self::bytes_to_sign`]; `None` for Ed25519, which signs the bytes themselves.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        Some(self.algorithm.digest_algorithm()?.digest(&self.octets))
    }

    /// The algorithm to sign with.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
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
        self.key.verify(&self.algorithm, &self.octets, value.as_bytes())
    }

    /// Takes the signature value and gives the whole document; ECDSA becomes r‖s (§6.4.3).
    ///
    /// # Errors
    /// When the value of an ECDSA signature is no DER, or is of another curve.
    pub fn finish(self, value: &SignatureValue) -> Result<Vec<u8>, EcdsaEncodingError> {
        let value = match self.key.algorithm() {
            PublicKeyAlgorithm::Ec(curve) => {
                ecdsa_der_to_fixed(value.as_bytes(), curve.integer_len())?
            }
            _ => value.as_bytes().to_vec(),
        };
        let mut text = self.text;
        text.insert_str(self.value_at, &STANDARD.encode(value));
        Ok(text.into_bytes())
    }
}

/// The digest of new references where nothing else is asked for.
pub(crate) const fn is_weak(digest: DigestAlgorithm) -> bool {
    matches!(digest, DigestAlgorithm::Sha1ForLegacyUseOnly)
}
