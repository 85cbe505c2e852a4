//! Signature algorithms and their `AlgorithmIdentifier` (RFC 4055, RFC 5754, RFC 5758, RFC 8410, RFC 8702, RFC 9881).

mod pss;

use self::pss::{pss_from_parameters, pss_parameters};
use crate::asn1::{self, Asn1Error, Element, NULL, Reader, Rules, tag};
use crate::digest::DigestAlgorithm;
use const_oid::ObjectIdentifier;

/// rsaEncryption (RFC 8017): names keys, and in CMS also PKCS#1 v1.5 signatures.
pub const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-RSASSA-PSS (RFC 4055).
pub const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
/// id-mgf1 (RFC 4055).
pub const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
/// id-Ed25519 (RFC 8410).
pub const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// An algorithm that makes and verifies signatures, with every parameter that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 8017 §8.1).
    RsaPss {
        /// Digest of the message.
        digest: DigestAlgorithm,
        /// Digest of the mask generation function MGF1.
        mgf1_digest: DigestAlgorithm,
        /// Length of the salt in bytes.
        salt_len: u32,
    },
    /// ECDSA (FIPS 186-5), the curve being the key's.
    Ecdsa(DigestAlgorithm),
    /// Ed25519 (RFC 8032), which takes the message itself.
    Ed25519,
    /// ML-DSA-44 (FIPS 204), which takes the message itself, without a context (RFC 9881 §3).
    MlDsa44,
    /// ML-DSA-65 (FIPS 204).
    MlDsa65,
    /// ML-DSA-87 (FIPS 204).
    MlDsa87,
}

/// `AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlgorithmIdentifier {
    /// The algorithm.
    pub oid: ObjectIdentifier,
    /// Its parameters as received, header included.
    pub parameters: Option<Vec<u8>>,
}

/// Why algorithm fields name no algorithm of ours, or contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmError {
    /// The signature algorithm is not one of ours.
    UnknownSignatureAlgorithm {
        /// Its object identifier.
        oid: ObjectIdentifier,
    },
    /// The digest algorithm is not one of ours.
    UnknownDigestAlgorithm {
        /// Its object identifier.
        oid: ObjectIdentifier,
    },
    /// The mask generation function is not MGF1.
    UnknownMaskGenerationFunction {
        /// Its object identifier.
        oid: ObjectIdentifier,
    },
    /// The parameters are missing, malformed or present where none may be.
    InvalidParameters {
        /// The algorithm they belong to.
        oid: ObjectIdentifier,
    },
    /// The digest algorithm named beside the signature is not the one inside the signature algorithm.
    DigestMismatch {
        /// digestAlgorithm of the SignerInfo.
        stated: DigestAlgorithm,
        /// Digest of the signature algorithm.
        required: DigestAlgorithm,
    },
}

impl core::fmt::Display for AlgorithmError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownSignatureAlgorithm { oid } => {
                write!(f, "unsupported signature algorithm {oid}")
            }
            Self::UnknownDigestAlgorithm { oid } => write!(f, "unsupported digest algorithm {oid}"),
            Self::UnknownMaskGenerationFunction { oid } => {
                write!(f, "unsupported mask generation function {oid}")
            }
            Self::InvalidParameters { oid } => write!(f, "invalid parameters of algorithm {oid}"),
            Self::DigestMismatch { stated, required } => write!(
                f,
                "digest algorithm {stated} contradicts the signature algorithm, which uses {required}"
            ),
        }
    }
}

impl core::error::Error for AlgorithmError {}

impl AlgorithmIdentifier {
    /// Without parameters.
    #[must_use]
    pub const fn new(oid: ObjectIdentifier) -> Self {
        Self { oid, parameters: None }
    }

    /// Reads the SEQUENCE.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        if element.tag() != tag::SEQUENCE {
            return Err(element.invalid());
        }
        let mut fields = element.children()?;
        let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        let parameters =
            if fields.is_empty() { None } else { Some(fields.element()?.to_der()?.into_owned()) };
        fields.finish()?;
        Ok(Self { oid, parameters })
    }

    /// Reads the DER of the SEQUENCE.
    ///
    /// # Errors
    /// When it is malformed or followed by more.
    pub fn from_der(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(der, Rules::Der);
        let element = reader.element()?;
        reader.finish()?;
        Self::from_element(&element)
    }

    /// DER of the SEQUENCE.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        match &self.parameters {
            None => asn1::sequence(&[asn1::oid(self.oid)]),
            Some(parameters) => asn1::sequence(&[asn1::oid(self.oid), parameters.clone()]),
        }
    }

    /// True when there are no parameters, or NULL, which old encoders write for none.
    #[must_use]
    pub fn has_no_parameters(&self) -> bool {
        self.parameters.as_ref().is_none_or(|parameters| *parameters == NULL)
    }

    /// The digest algorithm named here; NULL and absent parameters mean the same (RFC 5754 §2).
    ///
    /// # Errors
    /// When it is not one of ours or has parameters.
    pub fn to_digest_algorithm(&self) -> Result<DigestAlgorithm, AlgorithmError> {
        let algorithm = DigestAlgorithm::from_oid(self.oid)
            .ok_or(AlgorithmError::UnknownDigestAlgorithm { oid: self.oid })?;
        if self.has_no_parameters() {
            Ok(algorithm)
        } else {
            Err(AlgorithmError::InvalidParameters { oid: self.oid })
        }
    }
}

impl DigestAlgorithm {
    /// Its identifier with absent parameters, as RFC 5754 §2 has new ones written.
    #[must_use]
    pub const fn to_algorithm_identifier(self) -> AlgorithmIdentifier {
        AlgorithmIdentifier::new(self.oid())
    }
}

/// DER of `DigestInfo` (RFC 8017 §9.2) up to the digest itself: NULL parameters for every digest.
pub(crate) fn digest_info_prefix(algorithm: DigestAlgorithm) -> Vec<u8> {
    let len = algorithm.output_len();
    let identifier = asn1::sequence(&[asn1::oid(algorithm.oid()), NULL.to_vec()]);
    let mut whole = asn1::sequence(&[identifier, asn1::tlv(tag::OCTET_STRING, &vec![0; len])]);
    whole.truncate(whole.len() - len);
    whole
}

/// Object identifier, algorithm and name of those whose identifier says everything.
const NAMED: [(ObjectIdentifier, SignatureAlgorithm, &str); 17] = {
    use DigestAlgorithm::{
        Sha1ForLegacyUseOnly, Sha3_256, Sha3_384, Sha3_512, Sha256, Sha384, Sha512,
    };
    use SignatureAlgorithm::{Ecdsa, RsaPkcs1};
    const fn oid(dotted: &str) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(dotted)
    }
    [
        (oid("1.2.840.113549.1.1.5"), RsaPkcs1(Sha1ForLegacyUseOnly), "sha1WithRSAEncryption"),
        (oid("1.2.840.113549.1.1.11"), RsaPkcs1(Sha256), "sha256WithRSAEncryption"),
        (oid("1.2.840.113549.1.1.12"), RsaPkcs1(Sha384), "sha384WithRSAEncryption"),
        (oid("1.2.840.113549.1.1.13"), RsaPkcs1(Sha512), "sha512WithRSAEncryption"),
        (oid("2.16.840.1.101.3.4.3.14"), RsaPkcs1(Sha3_256), "id-rsassa-pkcs1-v1-5-with-sha3-256"),
        (oid("2.16.840.1.101.3.4.3.15"), RsaPkcs1(Sha3_384), "id-rsassa-pkcs1-v1-5-with-sha3-384"),
        (oid("2.16.840.1.101.3.4.3.16"), RsaPkcs1(Sha3_512), "id-rsassa-pkcs1-v1-5-with-sha3-512"),
        (oid("1.2.840.10045.4.1"), Ecdsa(Sha1ForLegacyUseOnly), "ecdsa-with-SHA1"),
        (oid("1.2.840.10045.4.3.2"), Ecdsa(Sha256), "ecdsa-with-SHA256"),
        (oid("1.2.840.10045.4.3.3"), Ecdsa(Sha384), "ecdsa-with-SHA384"),
        (oid("1.2.840.10045.4.3.4"), Ecdsa(Sha512), "ecdsa-with-SHA512"),
        (oid("2.16.840.1.101.3.4.3.10"), Ecdsa(Sha3_256), "id-ecdsa-with-sha3-256"),
        (oid("2.16.840.1.101.3.4.3.11"), Ecdsa(Sha3_384), "id-ecdsa-with-sha3-384"),
        (oid("2.16.840.1.101.3.4.3.12"), Ecdsa(Sha3_512), "id-ecdsa-with-sha3-512"),
        (oid("2.16.840.1.101.3.4.3.17"), SignatureAlgorithm::MlDsa44, "ML-DSA-44"),
        (oid("2.16.840.1.101.3.4.3.18"), SignatureAlgorithm::MlDsa65, "ML-DSA-65"),
        (oid("2.16.840.1.101.3.4.3.19"), SignatureAlgorithm::MlDsa87, "ML-DSA-87"),
    ]
};

impl SignatureAlgorithm {
    /// RSASSA-PSS as RFC 4055 §3.1 recommends it: one digest throughout, salt as long as the digest.
    #[must_use]
    pub fn rsa_pss(digest: DigestAlgorithm) -> Self {
        Self::RsaPss {
            digest,
            mgf1_digest: digest,
            // At most 64.
            salt_len: u32::try_from(digest.output_len()).unwrap_or(64),
        }
    }

    /// Digest of the message; `None` for Ed25519 and ML-DSA, which hash by themselves.
    #[must_use]
    pub const fn digest_algorithm(&self) -> Option<DigestAlgorithm> {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss { digest, .. } | Self::Ecdsa(digest) => {
                Some(*digest)
            }
            Self::Ed25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => None,
        }
    }

    /// Digest for the message-digest attribute and digestAlgorithm of CMS; SHA-512 for Ed25519
    /// (RFC 8419 §3.1) and for ML-DSA, of whose digests it is the one that all must have (RFC 9882 §3.3).
    #[must_use]
    pub const fn cms_digest_algorithm(&self) -> DigestAlgorithm {
        match self.digest_algorithm() {
            Some(digest) => digest,
            None => DigestAlgorithm::Sha512,
        }
    }

    /// The algorithm that a certificate's or signer's identifier names; the digest must be inside it.
    ///
    /// # Errors
    /// When it is not one of ours, or its parameters are not as its RFC writes them.
    pub fn from_algorithm_identifier(
        identifier: &AlgorithmIdentifier,
    ) -> Result<Self, AlgorithmError> {
        let oid = identifier.oid;
        if oid == RSASSA_PSS {
            return pss_from_parameters(identifier);
        }
        if oid == ED25519 {
            return match identifier.parameters {
                None => Ok(Self::Ed25519),
                Some(_) => Err(AlgorithmError::InvalidParameters { oid }),
            };
        }
        let (_, algorithm, _) = NAMED
            .iter()
            .find(|(named, ..)| *named == oid)
            .ok_or(AlgorithmError::UnknownSignatureAlgorithm { oid })?;
        let well_formed = match algorithm {
            // RFC 4055 §5: NULL; some encoders leave it out.
            Self::RsaPkcs1(_) => identifier.has_no_parameters(),
            // RFC 5758 §3.2, RFC 9881 §2: absent.
            _ => identifier.parameters.is_none(),
        };
        if well_formed { Ok(*algorithm) } else { Err(AlgorithmError::InvalidParameters { oid }) }
    }

    /// The algorithm that the two fields of a SignerInfo name together (RFC 5652 §5.3, RFC 3370 §3.2).
    ///
    /// rsaEncryption takes its digest from `digest_algorithm`; for every other the two must agree.
    ///
    /// # Errors
    /// When one is not ours, malformed, or they contradict each other.
    pub fn from_cms(
        digest_algorithm: &AlgorithmIdentifier,
        signature_algorithm: &AlgorithmIdentifier,
    ) -> Result<Self, AlgorithmError> {
        let stated = digest_algorithm.to_digest_algorithm()?;
        if signature_algorithm.oid == RSA_ENCRYPTION {
            return if signature_algorithm.has_no_parameters() {
                Ok(Self::RsaPkcs1(stated))
            } else {
                Err(AlgorithmError::InvalidParameters { oid: RSA_ENCRYPTION })
            };
        }
        let algorithm = Self::from_algorithm_identifier(signature_algorithm)?;
        let required = algorithm.cms_digest_algorithm();
        if stated == required {
            Ok(algorithm)
        } else {
            Err(AlgorithmError::DigestMismatch { stated, required })
        }
    }

    /// Its identifier, with the digest inside and parameters as its RFC writes them.
    #[must_use]
    pub fn to_algorithm_identifier(&self) -> AlgorithmIdentifier {
        match self {
            Self::RsaPss { digest, mgf1_digest, salt_len } => AlgorithmIdentifier {
                oid: RSASSA_PSS,
                parameters: Some(pss_parameters(*digest, *mgf1_digest, *salt_len)),
            },
            Self::Ed25519 => AlgorithmIdentifier::new(ED25519),
            named => {
                // Every digest of these families stands in the table: a test holds them together.
                let oid = NAMED
                    .iter()
                    .find(|(_, algorithm, _)| algorithm == named)
                    .map_or(RSA_ENCRYPTION, |(oid, ..)| *oid);
                AlgorithmIdentifier {
                    oid,
                    parameters: matches!(named, Self::RsaPkcs1(_)).then(|| NULL.to_vec()),
                }
            }
        }
    }
}

impl core::fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::RsaPss { digest, mgf1_digest, salt_len } => {
                write!(f, "RSASSA-PSS with {digest}")?;
                if mgf1_digest != digest {
                    write!(f, ", MGF1 with {mgf1_digest}")?;
                }
                if usize::try_from(*salt_len).ok() != Some(digest.output_len()) {
                    write!(f, ", salt of {salt_len} bytes")?;
                }
                Ok(())
            }
            Self::Ed25519 => f.write_str("Ed25519"),
            named => f.write_str(
                NAMED
                    .iter()
                    .find(|(_, algorithm, _)| algorithm == named)
                    .map_or("", |(.., name)| name),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<SignatureAlgorithm> {
        let mut all = vec![SignatureAlgorithm::Ed25519];
        all.extend(crate::MlDsaParameters::ALL.map(crate::MlDsaParameters::signature_algorithm));
        for digest in DigestAlgorithm::ALL {
            all.push(SignatureAlgorithm::RsaPkcs1(digest));
            all.push(SignatureAlgorithm::Ecdsa(digest));
            all.push(SignatureAlgorithm::rsa_pss(digest));
            all.push(SignatureAlgorithm::RsaPss {
                digest,
                mgf1_digest: DigestAlgorithm::Sha256,
                salt_len: 7,
            });
        }
        all
    }

    #[test]
    fn identifiers_round_trip_for_every_algorithm() {
        for algorithm in all() {
            let identifier = algorithm.to_algorithm_identifier();
            let read = AlgorithmIdentifier::from_der(&identifier.to_der()).unwrap();
            assert_eq!(SignatureAlgorithm::from_algorithm_identifier(&read), Ok(algorithm));
            let digest = algorithm.cms_digest_algorithm().to_algorithm_identifier();
            assert_eq!(SignatureAlgorithm::from_cms(&digest, &read), Ok(algorithm));
            assert!(!algorithm.to_string().is_empty());
        }
    }

    #[test]
    fn contradicting_digest_is_refused() {
        let signature =
            SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256).to_algorithm_identifier();
        let digest = DigestAlgorithm::Sha512.to_algorithm_identifier();
        assert_eq!(
            SignatureAlgorithm::from_cms(&digest, &signature),
            Err(AlgorithmError::DigestMismatch {
                stated: DigestAlgorithm::Sha512,
                required: DigestAlgorithm::Sha256,
            })
        );
    }

    #[test]
    fn pss_trailer_and_missing_parameters_are_refused() {
        let mut identifier = AlgorithmIdentifier::new(RSASSA_PSS);
        let invalid = Err(AlgorithmError::InvalidParameters { oid: RSASSA_PSS });
        assert_eq!(SignatureAlgorithm::from_algorithm_identifier(&identifier), invalid);
        identifier.parameters =
            Some(asn1::sequence(&[asn1::tlv(tag::context(3), &asn1::small_integer(2))]));
        assert_eq!(SignatureAlgorithm::from_algorithm_identifier(&identifier), invalid);
    }

    #[test]
    fn digest_info_is_that_of_rfc_8017() {
        let prefix = hex::encode(digest_info_prefix(DigestAlgorithm::Sha256));
        assert_eq!(prefix, "3031300d060960864801650304020105000420");
    }
}
