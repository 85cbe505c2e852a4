//! Verification of one signature: certificate, algorithm, cryptographic value, data objects.
//!
//! The order is that of ETSI EN 319 102-1 v1.4.1 §5.2. Trust in the certificate is another question, which
//! [`kyso_x509::validate_path`] answers.

mod failure;

pub use failure::VerifyFailure;

use crate::algorithm::JwsAlgorithm;
use crate::base64;
use crate::header::{DetachedMechanism, DetachedObjects, ProtectedHeader};
use crate::jws::Jws;
use kyso_cades::SigningCertificateBinding;
use kyso_x509::{Certificate, Digest, DigestAlgorithm, SignatureAlgorithm, Time, VerifyError};
use std::borrow::Cow;

/// Where the signed data are.
#[derive(Clone, Copy)]
pub enum Content<'c> {
    /// In the signature itself.
    Attached,
    /// Beside it: a detached payload (RFC 7515 appendix F).
    Detached(&'c [u8]),
    /// Where `sigD` says: gives the octets of a data object by its URI reference, `None` for what is not at hand.
    Objects(&'c dyn Fn(&str) -> Option<&'c [u8]>),
}

impl core::fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Attached => "Attached",
            Self::Detached(_) => "Detached",
            Self::Objects(_) => "Objects",
        })
    }
}

/// Proof that a signature's value verifies over header and content; made by the verification alone.
#[derive(Clone, Debug)]
pub struct VerifiedJws<'c> {
    certificate: Certificate,
    algorithm: JwsAlgorithm,
    header: ProtectedHeader,
    content: VerifiedContent<'c>,
    content_digest: Digest,
    signing_certificate: SigningCertificateBinding,
}

/// What the signature covers beside its header: use this, and nothing that was read elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifiedContent<'c> {
    /// The payload's octets.
    Payload(Cow<'c, [u8]>),
    /// The octets of each data object of `sigD`, in its order.
    Objects(Vec<VerifiedObject<'c>>),
}

/// A data object that the signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedObject<'c> {
    /// The URI reference in `sigD`.
    pub uri: String,
    /// The octets.
    pub bytes: &'c [u8],
}

impl<'c> VerifiedJws<'c> {
    /// The certificate whose key verified the value; nothing is said about trust in it.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// `alg`, which the certificate's key allows.
    #[must_use]
    pub const fn jws_algorithm(&self) -> JwsAlgorithm {
        self.algorithm
    }

    /// The signature algorithm.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm.signature_algorithm()
    }

    /// The protected header, which the signature covers.
    #[must_use]
    pub const fn header(&self) -> &ProtectedHeader {
        &self.header
    }

    /// What the signature covers.
    #[must_use]
    pub const fn content(&self) -> &VerifiedContent<'c> {
        &self.content
    }

    /// The covered payload's octets; `None` where `sigD` names data objects.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        match &self.content {
            VerifiedContent::Payload(payload) => Some(payload),
            VerifiedContent::Objects(_) => None,
        }
    }

    /// Digest of the payload, or of all data objects one behind the other, under the signature's digest algorithm.
    #[must_use]
    pub const fn content_digest(&self) -> &Digest {
        &self.content_digest
    }

    /// The time that the signer claims; it proves nothing.
    #[must_use]
    pub const fn signing_time(&self) -> Option<Time> {
        self.header.signing_time
    }

    /// How the signature is bound to the certificate: by the strongest digest in its header.
    #[must_use]
    pub const fn signing_certificate(&self) -> SigningCertificateBinding {
        self.signing_certificate
    }
}

/// Verifies a signature over its content.
///
/// The certificate is the first of `x5c`, else one of `extra_certificates` that the header's digests name, else one of
/// them whose key verifies; `kid`, `jwk`, `jku` and `x5u` are never followed.
///
/// # Errors
/// A [`VerifyFailure`] is a result of verification; its [`VerifyFailure::indication`] is that of EN 319 102-1.
pub fn verify<'c>(
    jws: &'c Jws<'_>,
    content: Content<'c>,
    extra_certificates: &[Certificate],
) -> Result<VerifiedJws<'c>, VerifyFailure> {
    let header = jws.header();
    // 1. What the message calls its algorithm; whether it may is for the key to say.
    let algorithm = header.algorithm.map_err(VerifyFailure::AlgorithmRefused)?;

    // 2. The signer's certificate.
    let candidates = candidates(header, extra_certificates)?;

    // 3. The signing input (RFC 7515 §5.2 step 8, RFC 7797 §3).
    let content = gather(jws, content)?;
    let input = signing_input(jws, &content);

    // 4. The cryptographic value. Without a binding several certificates may be at hand.
    let mut failure = VerifyFailure::SigningCertificateNotFound;
    for certificate in candidates {
        match verify_value(jws, algorithm, &input, certificate) {
            Ok(()) => {
                // 5. What the header alone binds.
                check_digests(header, &content)?;
                return Ok(VerifiedJws {
                    certificate: certificate.clone(),
                    algorithm,
                    header: header.clone(),
                    content_digest: content_digest(algorithm, &content),
                    content,
                    signing_certificate: binding(header),
                });
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Most certificates that are tried on a signature that names none.
const MAX_CANDIDATES: usize = 4;

fn candidates<'k>(
    header: &'k ProtectedHeader,
    extra: &'k [Certificate],
) -> Result<Vec<&'k Certificate>, VerifyFailure> {
    let is_named = |certificate: &&Certificate| {
        let named = |digest: &Digest| certificate.fingerprint(digest.algorithm()) == *digest;
        header.thumbprints.iter().all(named)
    };
    // RFC 7515 §4.1.6: the first holds the key; another in its place is no mistake to be mended.
    if let Some(first) = header.certificates.first() {
        return match is_named(&first) {
            true => Ok(vec![first]),
            false => Err(VerifyFailure::SigningCertificateMismatch),
        };
    }
    let found: Vec<_> = extra.iter().filter(is_named).take(MAX_CANDIDATES).collect();
    if found.is_empty() { Err(VerifyFailure::SigningCertificateNotFound) } else { Ok(found) }
}

fn verify_value(
    jws: &Jws<'_>,
    algorithm: JwsAlgorithm,
    input: &[u8],
    certificate: &Certificate,
) -> Result<(), VerifyFailure> {
    let key = certificate.borrowed_public_key().map_err(VerifyFailure::UnusableKey)?;
    if !algorithm.fits(key) {
        return Err(VerifyFailure::KeyMismatch { algorithm, key: key.algorithm() });
    }
    let value = algorithm.from_octets(jws.signature()).ok_or(VerifyFailure::BadSignature)?;
    let signature_algorithm = algorithm.signature_algorithm();
    key.verify(&signature_algorithm, input, value.as_bytes()).map_err(|error| match error {
        VerifyError::BadSignature => VerifyFailure::BadSignature,
        VerifyError::KeyMismatch { key, .. } => VerifyFailure::KeyMismatch { algorithm, key },
        VerifyError::UnsupportedAlgorithm { key, .. } => {
            VerifyFailure::UnsupportedCombination { algorithm, key }
        }
        // No digest is given here.
        VerifyError::DigestMismatch { .. } => VerifyFailure::BadSignature,
    })
}

/// The content from where it is; one place alone may give it.
fn gather<'c>(
    jws: &'c Jws<'_>,
    content: Content<'c>,
) -> Result<VerifiedContent<'c>, VerifyFailure> {
    match (&jws.header().detached_objects, jws.payload(), content) {
        // Some write an empty payload for a detached one.
        (None, Some("") | None, Content::Detached(payload)) => {
            Ok(VerifiedContent::Payload(Cow::Borrowed(payload)))
        }
        (Some(objects), _, Content::Objects(find)) => {
            let find = |(index, uri): (usize, &String)| {
                let bytes = find(uri).ok_or(VerifyFailure::ObjectNotFound { index })?;
                Ok(VerifiedObject { uri: uri.clone(), bytes })
            };
            let uris = objects.objects.iter().map(|object| &object.uri);
            uris.enumerate().map(find).collect::<Result<_, _>>().map(VerifiedContent::Objects)
        }
        (Some(_), ..) => Err(VerifyFailure::ObjectNotFound { index: 0 }),
        (None, Some(_), Content::Detached(_) | Content::Objects(_)) => {
            Err(VerifyFailure::ContentAmbiguous)
        }
        (None, Some(payload), Content::Attached) if jws.header().unencoded_payload => {
            Ok(VerifiedContent::Payload(Cow::Borrowed(payload.as_bytes())))
        }
        (None, Some(payload), Content::Attached) => {
            let payload = base64::decode_url(payload).map_err(VerifyFailure::Payload)?;
            Ok(VerifiedContent::Payload(Cow::Owned(payload)))
        }
        (None, None, Content::Attached | Content::Objects(_)) => {
            Err(VerifyFailure::PayloadNotFound)
        }
    }
}

/// BASE64URL(protected header) `.` payload, the latter in the form that `b64` says.
fn signing_input(jws: &Jws<'_>, content: &VerifiedContent<'_>) -> Vec<u8> {
    let mut input = jws.protected().as_bytes().to_vec();
    input.push(b'.');
    let header = jws.header();
    match content {
        VerifiedContent::Payload(payload) => match jws.payload() {
            // The octets as they were received.
            Some(received) if !received.is_empty() => input.extend_from_slice(received.as_bytes()),
            _ => extend(&mut input, payload, header.unencoded_payload),
        },
        VerifiedContent::Objects(objects) => {
            let mechanism = header.detached_objects.as_ref().map(|objects| objects.mechanism);
            if mechanism == Some(DetachedMechanism::ObjectIdByUri) {
                for object in objects {
                    extend(&mut input, object.bytes, header.unencoded_payload);
                }
            }
        }
    }
    input
}

/// Octets as they are, or their base64url.
pub(crate) fn extend(input: &mut Vec<u8>, octets: &[u8], unencoded: bool) {
    if unencoded {
        input.extend_from_slice(octets);
    } else {
        input.extend_from_slice(base64::encode_url(octets).as_bytes());
    }
}

/// `hashV` (TS 119 182-1 §5.2.8.3.3): of each object in the form that `b64` says.
fn check_digests(
    header: &ProtectedHeader,
    content: &VerifiedContent<'_>,
) -> Result<(), VerifyFailure> {
    let (Some(stated), VerifiedContent::Objects(found)) = (&header.detached_objects, content)
    else {
        return Ok(());
    };
    let DetachedObjects { mechanism, objects } = stated;
    if *mechanism != DetachedMechanism::ObjectIdByUriHash {
        return Ok(());
    }
    for (index, (object, found)) in objects.iter().zip(found).enumerate() {
        let matches = object.digest.is_some_and(|digest| {
            object_digest(digest.algorithm(), found.bytes, header.unencoded_payload) == digest
        });
        if !matches {
            return Err(VerifyFailure::ObjectDigestMismatch { index });
        }
    }
    Ok(())
}

/// Digest of a data object for `hashV`.
pub(crate) fn object_digest(algorithm: DigestAlgorithm, octets: &[u8], unencoded: bool) -> Digest {
    let mut input = Vec::new();
    extend(&mut input, octets, unencoded);
    algorithm.digest(&input)
}

fn content_digest(algorithm: JwsAlgorithm, content: &VerifiedContent<'_>) -> Digest {
    let algorithm = algorithm.signature_algorithm().cms_digest_algorithm();
    let mut hasher = kyso_x509::Hasher::new(algorithm);
    match content {
        VerifiedContent::Payload(payload) => hasher.update(payload),
        VerifiedContent::Objects(objects) => {
            objects.iter().for_each(|object| hasher.update(object.bytes));
        }
    }
    hasher.finish()
}

fn binding(header: &ProtectedHeader) -> SigningCertificateBinding {
    // Ordered weakest first.
    match header.thumbprints.iter().map(Digest::algorithm).max() {
        None => SigningCertificateBinding::Missing,
        Some(DigestAlgorithm::Sha1ForLegacyUseOnly) => SigningCertificateBinding::V1,
        Some(algorithm) => SigningCertificateBinding::V2(algorithm),
    }
}
