//! Verification of one signer's signature: format, signer's certificate, digest, cryptographic value.
//!
//! The order is that of ETSI EN 319 102-1 v1.4.1 §5.2. Trust in the certificate is another question, which
//! [`kyso_x509::validate_path`] answers.

mod failure;

pub use failure::{FailureIndication, VerifyFailure};

use crate::attribute::{Attribute, SignedAttributes};
use crate::content::{ContentDigests, Shape};
use crate::oid;
use crate::signed_data::SignedData;
use crate::signer_info::SignerInfo;
use crate::signing_certificate::{CertificateId, SigningCertificateBinding};
use kyso_x509::asn1::{Asn1Error, Element, Reader, Rules, tag};
use kyso_x509::{
    AlgorithmError, AlgorithmIdentifier, Certificate, Digest, ObjectIdentifier, SignatureAlgorithm,
    Time, VerifyError,
};

/// Which baseline the signed attributes that are really there make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureLevel {
    /// A CMS signature whose signer's certificate is not bound: no advanced signature.
    Cms,
    /// The signer's certificate is bound (EN 319 122-2 CAdES-E-BES); what PAdES B-B asks of its CMS.
    CadesEBes,
    /// Also signing-time, and the certificate is embedded (EN 319 122-1 §6.3).
    CadesBB,
}

impl core::fmt::Display for SignatureLevel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Cms => "CMS",
            Self::CadesEBes => "CAdES-E-BES",
            Self::CadesBB => "CAdES-B-B",
        })
    }
}

/// Proof that a signer's value verifies over the content and its attributes; made by the verification alone.
#[derive(Clone, Debug)]
pub struct VerifiedSignature {
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    message_digest: Digest,
    signing_time: Option<Time>,
    signing_certificate: SigningCertificateBinding,
    has_signed_attributes: bool,
    level: SignatureLevel,
}

impl VerifiedSignature {
    /// The certificate whose key verified the value; nothing is said about trust in it.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The signature algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Digest of the content that is covered.
    #[must_use]
    pub const fn message_digest(&self) -> &Digest {
        &self.message_digest
    }

    /// The time that the signer claims; it proves nothing.
    #[must_use]
    pub const fn signing_time(&self) -> Option<Time> {
        self.signing_time
    }

    /// How the signature is bound to the certificate.
    #[must_use]
    pub const fn signing_certificate(&self) -> SigningCertificateBinding {
        self.signing_certificate
    }

    /// False for a signature over the bare content.
    #[must_use]
    pub const fn has_signed_attributes(&self) -> bool {
        self.has_signed_attributes
    }

    /// The level of what was verified; [`crate::level()`] also looks at what was added to it.
    #[must_use]
    pub const fn level(&self) -> SignatureLevel {
        self.level
    }
}

/// Verifies one signer of a SignedData over the digests of its content.
///
/// `extra_certificates` are looked through after the embedded ones for the signer's certificate.
///
/// # Errors
/// A [`VerifyFailure`] is a result of verification; its [`VerifyFailure::indication`] is that of EN 319 102-1.
pub fn verify_signer(
    signed_data: &SignedData,
    index: usize,
    content: &ContentDigests,
    extra_certificates: &[Certificate],
) -> Result<VerifiedSignature, VerifyFailure> {
    let signer = signer(signed_data.signer_infos(), index)?;
    Verification {
        signer,
        content,
        content_type: Some(signed_data.content_type()),
        embedded: &signed_data.readable_certificates,
        extra: extra_certificates,
    }
    .run()
}

/// Verifies a counter-signature (RFC 5652 §11.4), whose content is the signature value it counter-signs.
///
/// # Errors
/// As [`verify_signer`].
pub fn verify_counter_signature(
    signed_data: &SignedData,
    index: usize,
    counter_index: usize,
    extra_certificates: &[Certificate],
) -> Result<VerifiedSignature, VerifyFailure> {
    let signed = signer(signed_data.signer_infos(), index)?;
    let counters = signed.counter_signatures();
    let counter = signer(&counters, counter_index)?.as_ref().map_err(|error| {
        VerifyFailure::MalformedAttribute { oid: oid::COUNTER_SIGNATURE, error: *error }
    })?;
    let algorithm = counter
        .digest_algorithm()
        .to_digest_algorithm()
        .map_err(VerifyFailure::UnsupportedAlgorithm)?;
    Verification {
        signer: counter,
        content: &ContentDigests::of_bytes(&[algorithm], signed.signature()),
        content_type: None,
        embedded: &signed_data.readable_certificates,
        extra: extra_certificates,
    }
    .run()
}

fn signer<T>(signers: &[T], index: usize) -> Result<&T, VerifyFailure> {
    signers.get(index).ok_or(VerifyFailure::NoSuchSigner { index, count: signers.len() })
}

struct Verification<'a> {
    signer: &'a SignerInfo,
    content: &'a ContentDigests,
    /// `None` for a counter-signature, which has no content type.
    content_type: Option<ObjectIdentifier>,
    embedded: &'a [Certificate],
    extra: &'a [Certificate],
}

/// Most certificates of one name and serial number that are tried on a signature without a binding; an honest
/// structure has one.
const MAX_CANDIDATES: usize = 4;

/// What the signed attributes say, read and checked for their form.
#[derive(Default)]
struct Claims {
    message_digest: Option<Vec<u8>>,
    signing_time: Option<Time>,
    v1: Option<CertificateId>,
    v2: Option<CertificateId>,
}

impl Verification<'_> {
    fn run(self) -> Result<VerifiedSignature, VerifyFailure> {
        // 1. Format, the algorithm fields among it.
        let algorithm = self.signer.algorithm().map_err(|error| match error {
            AlgorithmError::DigestMismatch { stated, required } => {
                VerifyFailure::AlgorithmsDisagree { stated, required }
            }
            other => VerifyFailure::UnsupportedAlgorithm(other),
        })?;
        let claims = match self.signer.signed_attributes() {
            Some(attributes) => self.claims(attributes)?,
            None => self.check_bare_content()?,
        };

        // 2. The signer's certificate.
        let candidates = self.candidates(&claims)?;

        // 3. The digest of the content.
        let digest_algorithm = algorithm.cms_digest_algorithm();
        let digest = self
            .content
            .find(digest_algorithm)
            .ok_or(VerifyFailure::ContentDigestMissing { algorithm: digest_algorithm })?;
        if let Some(stated) = &claims.message_digest
            && stated != digest.as_bytes()
        {
            return Err(VerifyFailure::MessageDigestMismatch { computed: *digest });
        }

        // 4. The cryptographic value. Without a binding several certificates may bear the signer's name.
        let mut failure =
            VerifyFailure::SigningCertificateNotFound { sid: self.signer.sid().clone() };
        for certificate in candidates {
            match self.verify_value(&algorithm, digest, &certificate) {
                Ok(()) => return self.verified(algorithm, *digest, &claims, certificate),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Reads the attributes that decide; RFC 5652 §11 wants each at most once, with one value.
    fn claims(&self, attributes: &SignedAttributes) -> Result<Claims, VerifyFailure> {
        let content_type = single(attributes, oid::CONTENT_TYPE, |element| element.oid())?;
        match (content_type, self.content_type) {
            (Some(attribute), Some(encapsulated)) if attribute == encapsulated => {}
            (Some(attribute), Some(encapsulated)) => {
                return Err(VerifyFailure::ContentTypeMismatch { attribute, encapsulated });
            }
            (None, Some(_)) => {
                return Err(VerifyFailure::MissingAttribute { oid: oid::CONTENT_TYPE });
            }
            // RFC 5652 §11.4: a counter-signature must not have one.
            (Some(attribute), None) => {
                return Err(VerifyFailure::ContentTypeOfCounterSignature { attribute });
            }
            (None, None) => {}
        }
        let message_digest =
            single(attributes, oid::MESSAGE_DIGEST, |element| Ok(element.octets()?.into_owned()))?
                .ok_or(VerifyFailure::MissingAttribute { oid: oid::MESSAGE_DIGEST })?;
        self.check_algorithm_protection(attributes)?;
        Ok(Claims {
            message_digest: Some(message_digest),
            signing_time: single(attributes, oid::SIGNING_TIME, Time::from_element)?,
            v1: single(attributes, oid::SIGNING_CERTIFICATE, |element| {
                CertificateId::from_v1(element.raw())
            })?,
            v2: single(attributes, oid::SIGNING_CERTIFICATE_V2, |element| {
                CertificateId::from_v2(element.raw())
            })?,
        })
    }

    /// A signature over the bare content: RFC 5652 §5.3 allows it for plain data only.
    ///
    /// Content that is itself a SET OF Attribute may be what a signature with attributes covered: the signer
    /// then signed something else than this content.
    fn check_bare_content(&self) -> Result<Claims, VerifyFailure> {
        if let Some(content_type) = self.content_type
            && content_type != oid::DATA
        {
            return Err(VerifyFailure::SignedAttributesRequired { content_type });
        }
        match self.content.shape() {
            Shape::Other => Ok(Claims::default()),
            Shape::SignedAttributes => Err(VerifyFailure::ContentResemblesSignedAttributes),
            Shape::Unknown => Err(VerifyFailure::ContentNotInspected),
        }
    }

    /// RFC 6211 §2: the fields outside of the signature must be those inside.
    fn check_algorithm_protection(
        &self,
        attributes: &SignedAttributes,
    ) -> Result<(), VerifyFailure> {
        let protection = single(attributes, oid::CMS_ALGORITHM_PROTECTION, |element| {
            let mut fields = element.children()?;
            let digest = AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
            let signature = fields
                .optional(tag::context(1))?
                .map(|field| {
                    let mut der = field.raw().to_vec();
                    if let Some(first) = der.first_mut() {
                        *first = tag::SEQUENCE;
                    }
                    AlgorithmIdentifier::from_der(&der)
                })
                .transpose()?;
            // [2] macAlgorithm has no place in SignedData.
            fields.finish()?;
            Ok((digest, signature))
        })?;
        let Some((digest, signature)) = protection else {
            return Ok(());
        };
        let agrees = same_algorithm(&digest, self.signer.digest_algorithm())
            && signature.is_some_and(|signature| {
                same_algorithm(&signature, self.signer.signature_algorithm())
            });
        if agrees { Ok(()) } else { Err(VerifyFailure::AlgorithmProtectionMismatch) }
    }

    /// The certificates that sid names and, where there is a binding, that have its hash.
    fn candidates(&self, claims: &Claims) -> Result<Vec<Certificate>, VerifyFailure> {
        let sid = self.signer.sid();
        let mut named: Vec<Certificate> = Vec::new();
        for certificate in self.embedded.iter().chain(self.extra) {
            if !sid.matches(certificate) {
                continue;
            }
            match named.iter_mut().find(|known| *known == certificate) {
                // The caller's may remember its key and its hash.
                Some(known) => *known = certificate.clone(),
                None => named.push(certificate.clone()),
            }
        }
        if named.is_empty() {
            return Err(VerifyFailure::SigningCertificateNotFound { sid: sid.clone() });
        }
        for id in [&claims.v1, &claims.v2].into_iter().flatten() {
            let algorithm = id
                .hash_algorithm
                .to_digest_algorithm()
                .map_err(VerifyFailure::UnsupportedAlgorithm)?;
            named.retain(|certificate| id.matches(certificate, algorithm));
        }
        if named.is_empty() {
            return Err(VerifyFailure::SigningCertificateMismatch { sid: sid.clone() });
        }
        named.truncate(MAX_CANDIDATES);
        Ok(named)
    }

    fn verify_value(
        &self,
        algorithm: &SignatureAlgorithm,
        content: &Digest,
        certificate: &Certificate,
    ) -> Result<(), VerifyFailure> {
        let key = certificate.borrowed_public_key().map_err(VerifyFailure::UnusableKey)?;
        let value = self.signer.signature();
        match self.signer.signed_attributes() {
            Some(attributes) => key.verify(algorithm, attributes.as_der(), value),
            None => key.verify_digest(algorithm, content, value),
        }
        .map_err(|error| match error {
            VerifyError::BadSignature => VerifyFailure::BadSignature,
            VerifyError::KeyMismatch { algorithm, key } => {
                VerifyFailure::KeyMismatch { algorithm, key }
            }
            VerifyError::UnsupportedAlgorithm { algorithm, key } => {
                VerifyFailure::UnsupportedCombination { algorithm, key }
            }
            VerifyError::DigestMismatch { given, algorithm } => VerifyFailure::AlgorithmsDisagree {
                stated: given,
                required: algorithm.cms_digest_algorithm(),
            },
        })
    }

    fn verified(
        &self,
        algorithm: SignatureAlgorithm,
        message_digest: Digest,
        claims: &Claims,
        certificate: Certificate,
    ) -> Result<VerifiedSignature, VerifyFailure> {
        let signing_certificate = match (&claims.v1, &claims.v2) {
            (_, Some(id)) => SigningCertificateBinding::V2(
                id.hash_algorithm
                    .to_digest_algorithm()
                    .map_err(VerifyFailure::UnsupportedAlgorithm)?,
            ),
            (Some(_), None) => SigningCertificateBinding::V1,
            (None, None) => SigningCertificateBinding::Missing,
        };
        let bound = signing_certificate != SigningCertificateBinding::Missing;
        let level = if !bound {
            SignatureLevel::Cms
        } else if claims.signing_time.is_some() && self.embedded.contains(&certificate) {
            SignatureLevel::CadesBB
        } else {
            SignatureLevel::CadesEBes
        };
        Ok(VerifiedSignature {
            certificate,
            algorithm,
            message_digest,
            signing_time: claims.signing_time,
            signing_certificate,
            has_signed_attributes: claims.message_digest.is_some(),
            level,
        })
    }
}

/// The value of an attribute that may occur once, with one value.
fn single<T>(
    attributes: &SignedAttributes,
    oid: ObjectIdentifier,
    read: impl FnOnce(&Element<'_>) -> Result<T, Asn1Error>,
) -> Result<Option<T>, VerifyFailure> {
    let mut found = attributes.of_type(oid);
    let Some(Attribute { values, .. }) = found.next() else {
        return Ok(None);
    };
    let [value] = values.as_slice() else {
        return Err(VerifyFailure::NotSingleValued { oid });
    };
    if found.next().is_some() {
        return Err(VerifyFailure::NotSingleValued { oid });
    }
    let malformed = |error| VerifyFailure::MalformedAttribute { oid, error };
    let mut reader = Reader::new(value, Rules::Der);
    let element = reader.element().map_err(malformed)?;
    read(&element).map(Some).map_err(malformed)
}

/// Equal identifiers, where NULL and absent parameters count as the same.
fn same_algorithm(one: &AlgorithmIdentifier, other: &AlgorithmIdentifier) -> bool {
    one == other || (one.oid == other.oid && one.has_no_parameters() && other.has_no_parameters())
}
