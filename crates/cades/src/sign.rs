//! Signing in two phases: attributes first, the signature value from wherever the key is, then the structure.

use crate::attached::Attached;
use crate::attribute::Attribute;
use crate::augment::AugmentError;
use crate::oid;
use crate::signed_data::{Parts, version_for};
use crate::signer_info::{SignerIdentifier, SignerInfo};
use crate::signing_certificate::signing_certificate_v2;
use crate::timestamp::TimeStampToken;
use kyso_x509::asn1::{self, Asn1Error, tag};
use kyso_x509::{
    Certificate, Digest, DigestAlgorithm, ObjectIdentifier, PublicKey, PublicKeyError,
    SignatureAlgorithm, SignatureValue, Time, VerifyError,
};

/// Which set of signed attributes the signature carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CAdES (EN 319 122-1 §6.3), with cms-algorithm-protection (RFC 6211).
    Cades {
        /// The time claimed in signing-time; level B-B demands it.
        signing_time: Option<Time>,
    },
    /// PAdES (EN 319 142-1 v1.2.1 §6.3): no signing-time, which the PDF states in `/M`.
    Pades,
}

/// What is signed, by whom, and how.
#[derive(Clone, Debug)]
pub struct SigningParameters {
    /// The signer's certificate.
    pub certificate: Certificate,
    /// Certificates to embed beside it, such as its issuers.
    pub extra_certificates: Vec<Certificate>,
    /// The algorithm; it must fit the certificate's key.
    pub algorithm: SignatureAlgorithm,
    /// eContentType, [`oid::DATA`] for documents.
    pub content_type: ObjectIdentifier,
    /// Digest of the content under [`SignatureAlgorithm::cms_digest_algorithm`].
    pub message_digest: Digest,
    /// The set of attributes.
    pub form: Form,
}

/// Why nothing can be signed with these parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrepareError {
    /// The certificate's key is not one that we can sign for.
    UnusableKey(PublicKeyError),
    /// The algorithm does not fit the certificate's key.
    AlgorithmMismatch(VerifyError),
    /// The content was hashed under another algorithm than the signature uses.
    DigestMismatch {
        /// Algorithm of the digest given.
        given: DigestAlgorithm,
        /// Algorithm that the signature uses.
        required: DigestAlgorithm,
    },
    /// New signatures are not made with SHA-1.
    WeakDigest {
        /// The digest.
        digest: DigestAlgorithm,
    },
    /// The signing time lies outside of the years 0 to 9999.
    TimeOutOfRange {
        /// The time.
        time: Time,
    },
}

impl core::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnusableKey(error) => error.fmt(f),
            Self::AlgorithmMismatch(error) => error.fmt(f),
            Self::DigestMismatch { given, required } => {
                write!(f, "the content was hashed with {given}, the signature uses {required}")
            }
            Self::WeakDigest { digest } => write!(f, "{digest} is too weak for a new signature"),
            Self::TimeOutOfRange { time } => {
                write!(f, "the signing time {time} cannot be written")
            }
        }
    }
}

impl core::error::Error for PrepareError {}

/// A signature that lacks only its value.
#[derive(Clone, Debug)]
pub struct ToBeSigned {
    certificate: Certificate,
    extra_certificates: Vec<Certificate>,
    algorithm: SignatureAlgorithm,
    content_type: ObjectIdentifier,
    message_digest: Digest,
    key: PublicKey,
    /// DER SET OF Attribute.
    attributes: Vec<u8>,
}

/// Makes the signed attributes.
///
/// # Errors
/// When certificate, algorithm and digest do not fit each other, or the digest is too weak.
pub fn prepare(parameters: SigningParameters) -> Result<ToBeSigned, PrepareError> {
    let SigningParameters {
        certificate,
        extra_certificates,
        algorithm,
        content_type,
        message_digest,
        form,
    } = parameters;
    let key = certificate.public_key().map_err(PrepareError::UnusableKey)?;
    key.check_fit(&algorithm).map_err(PrepareError::AlgorithmMismatch)?;
    let required = algorithm.cms_digest_algorithm();
    if required == DigestAlgorithm::Sha1ForLegacyUseOnly {
        return Err(PrepareError::WeakDigest { digest: required });
    }
    if message_digest.algorithm() != required {
        return Err(PrepareError::DigestMismatch { given: message_digest.algorithm(), required });
    }
    let mut attributes = vec![
        Attribute::single_to_der(oid::CONTENT_TYPE, &asn1::oid(content_type)),
        Attribute::single_to_der(
            oid::MESSAGE_DIGEST,
            &asn1::tlv(tag::OCTET_STRING, message_digest.as_bytes()),
        ),
        Attribute::single_to_der(
            oid::SIGNING_CERTIFICATE_V2,
            &signing_certificate_v2(&certificate),
        ),
    ];
    if let Form::Cades { signing_time } = form {
        attributes.push(Attribute::single_to_der(
            oid::CMS_ALGORITHM_PROTECTION,
            &algorithm_protection(&algorithm),
        ));
        if let Some(time) = signing_time {
            let value = time.to_der().ok_or(PrepareError::TimeOutOfRange { time })?;
            attributes.push(Attribute::single_to_der(oid::SIGNING_TIME, &value));
        }
    }
    Ok(ToBeSigned {
        certificate,
        extra_certificates,
        algorithm,
        content_type,
        message_digest,
        key,
        attributes: asn1::set_of(attributes),
    })
}

/// Upper bound in bytes of the detached structure that these parameters lead to, whatever the content.
///
/// # Errors
/// As [`prepare`].
pub fn estimated_size(
    certificate: &Certificate,
    extra_certificates: &[Certificate],
    algorithm: SignatureAlgorithm,
    form: Form,
) -> Result<usize, PrepareError> {
    // Every attribute has the same length whatever the digest.
    let message_digest = algorithm.cms_digest_algorithm().digest(b"");
    let to_be_signed = prepare(SigningParameters {
        certificate: certificate.clone(),
        extra_certificates: extra_certificates.to_vec(),
        algorithm,
        content_type: oid::DATA,
        message_digest,
        form,
    })?;
    Ok(to_be_signed.estimated_size())
}

impl ToBeSigned {
    /// The bytes to sign: the signed attributes as a DER SET OF (RFC 5652 §5.4).
    #[must_use]
    pub fn bytes_to_sign(&self) -> &[u8] {
        &self.attributes
    }

    /// Digest of [`Self::bytes_to_sign`]; `None` for Ed25519, which signs the bytes themselves.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        let algorithm = self.algorithm.digest_algorithm()?;
        Some(algorithm.digest(&self.attributes))
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

    /// Upper bound in bytes of what [`Self::finish_detached`] makes.
    #[must_use]
    pub fn estimated_size(&self) -> usize {
        let value = SignatureValue::from_bytes(vec![0; self.key.max_signature_len()]);
        self.clone().finish_detached(&value).len()
    }

    /// Verifies a signature value against the certificate: a key that does not belong to it shows here.
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`] when the value is not by the certificate's key over these bytes.
    pub fn verify(&self, value: &SignatureValue) -> Result<(), VerifyError> {
        self.key.verify(&self.algorithm, &self.attributes, value.as_bytes())
    }

    /// Takes the signature value and makes the signer's part.
    #[must_use]
    pub fn finish(self, value: &SignatureValue) -> FinishedSigner {
        let sid = SignerIdentifier::IssuerAndSerialNumber {
            issuer: self.certificate.issuer().clone(),
            serial: self.certificate.serial().to_vec(),
        };
        let digest_algorithm =
            self.algorithm.cms_digest_algorithm().to_algorithm_identifier().to_der();
        let mut signed_attributes = self.attributes;
        if let Some(first) = signed_attributes.first_mut() {
            *first = tag::context(0);
        }
        let signer_info = asn1::sequence(&[
            asn1::small_integer(1),
            asn1::sequence(&[
                self.certificate.issuer().as_der().to_vec(),
                asn1::tlv(tag::INTEGER, self.certificate.serial()),
            ]),
            digest_algorithm.clone(),
            signed_attributes,
            self.algorithm.to_algorithm_identifier().to_der(),
            asn1::tlv(tag::OCTET_STRING, value.as_bytes()),
        ]);
        let mut certificates: Vec<_> = core::iter::once(&self.certificate)
            .chain(&self.extra_certificates)
            .map(|certificate| certificate.as_der().to_vec())
            .collect();
        certificates.sort();
        certificates.dedup();
        FinishedSigner {
            content_type: self.content_type,
            message_digest: self.message_digest,
            parts: Parts {
                version: version_for(self.content_type, &sid),
                digest_algorithms: vec![digest_algorithm],
                certificates,
                crls: Vec::new(),
                signer_infos: vec![signer_info],
            },
        }
    }

    /// Takes the signature value and makes a detached signature: ContentInfo in DER.
    #[must_use]
    pub fn finish_detached(self, value: &SignatureValue) -> Vec<u8> {
        self.finish(value).to_detached()
    }

    /// Takes the signature value and makes what goes before and behind content of `content_len` bytes.
    #[must_use]
    pub fn finish_attached(self, value: &SignatureValue, content_len: u64) -> Attached {
        self.finish(value).to_attached(content_len)
    }
}

/// One signer's finished part, to be put into a structure.
#[derive(Clone, Debug)]
pub struct FinishedSigner {
    content_type: ObjectIdentifier,
    message_digest: Digest,
    parts: Parts,
}

impl FinishedSigner {
    /// The content type that was signed.
    #[must_use]
    pub const fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// The content's digest that was signed.
    #[must_use]
    pub const fn message_digest(&self) -> &Digest {
        &self.message_digest
    }

    pub(crate) const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Imprint for a signature-time-stamp (EN 319 122-1 §5.3): digest of the signature value.
    ///
    /// # Errors
    /// Never for a signer's part that was made here.
    pub fn signature_imprint(&self, algorithm: DigestAlgorithm) -> Result<Digest, Asn1Error> {
        Ok(crate::archive::signature_imprint(&self.signer_info()?, algorithm))
    }

    /// The same part with a signature-time-stamp: level B-T as soon as it is written.
    ///
    /// # Errors
    /// When the token is about something else.
    pub fn with_signature_time_stamp(
        mut self,
        token: &TimeStampToken,
    ) -> Result<Self, AugmentError> {
        let stamped = *token.info().message_imprint();
        let required = self.signature_imprint(stamped.algorithm()).map_err(AugmentError::Asn1)?;
        if required != stamped {
            return Err(AugmentError::ImprintMismatch { required });
        }
        let attribute = Attribute::single_to_der(oid::SIGNATURE_TIME_STAMP, token.as_received());
        let signer = self.signer_info().map_err(AugmentError::Asn1)?;
        let signer = signer.with_unsigned_attribute(&attribute).map_err(AugmentError::Asn1)?;
        self.parts.signer_infos = vec![signer.as_received().to_vec()];
        Ok(self)
    }

    fn signer_info(&self) -> Result<SignerInfo, Asn1Error> {
        SignerInfo::from_ber(self.parts.signer_infos.first().map_or(&[], Vec::as_slice))
    }

    /// A detached signature: ContentInfo in DER, eContent absent.
    #[must_use]
    pub fn to_detached(&self) -> Vec<u8> {
        let signed_data = asn1::sequence(&[
            self.parts.head(),
            asn1::sequence(&[asn1::oid(self.content_type)]),
            self.parts.tail(),
        ]);
        asn1::sequence(&[asn1::oid(oid::SIGNED_DATA), asn1::tlv(tag::context(0), &signed_data)])
    }

    /// What goes before and behind content of `content_len` bytes in an attached signature in DER.
    #[must_use]
    pub fn to_attached(&self, content_len: u64) -> Attached {
        Attached::new(&self.parts, self.content_type, self.message_digest, content_len)
    }
}

/// DER of `CMSAlgorithmProtection` (RFC 6211 §2): the two fields of the SignerInfo, now signed.
fn algorithm_protection(algorithm: &SignatureAlgorithm) -> Vec<u8> {
    let digest = algorithm.cms_digest_algorithm().to_algorithm_identifier();
    let mut signature = algorithm.to_algorithm_identifier().to_der();
    if let Some(first) = signature.first_mut() {
        *first = tag::context(1);
    }
    asn1::sequence(&[digest.to_der(), signature])
}
