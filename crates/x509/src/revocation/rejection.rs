//! Why a CRL or an OCSP response tells nothing of a certificate.

use crate::algorithm::{AlgorithmError, SignatureAlgorithm};
use crate::asn1::Asn1Error;
use crate::crl::ReasonFlags;
use crate::extension::KeyUsage;
use crate::path::PathError;
use crate::public_key::PublicKeyError;
use const_oid::ObjectIdentifier;

/// Why a CRL or an OCSP response tells nothing of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The CRL is of another issuer, and no distribution point names that one (RFC 5280 §6.3.3 (b)(1)).
    OtherIssuer,
    /// No answer in the OCSP response is about this certificate: serial number or issuer's hashes differ.
    OtherCertificate,
    /// The distribution points of the certificate are malformed.
    DistributionPoints(Asn1Error),
    /// A distribution point names the CRL's issuer, but the CRL is not an indirect one (RFC 5280 §6.3.3 (b)(1)).
    NotIndirect,
    /// The CRL speaks for another distribution point (RFC 5280 §6.3.3 (b)(2)(i)).
    OtherDistributionPoint,
    /// onlyContainsUserCerts, and the certificate is a certificate authority's.
    OnlyUserCertificates,
    /// onlyContainsCACerts, and the certificate is an end entity's.
    OnlyCaCertificates,
    /// onlyContainsAttributeCerts.
    OnlyAttributeCertificates,
    /// The usable CRLs together leave out reasons for which the certificate may have been revoked.
    ReasonsNotCovered {
        /// What they cover.
        covered: ReasonFlags,
    },
    /// A delta CRL for which no complete CRL of its scope, number and key is at hand (RFC 5280 §6.3.3 (c)).
    DeltaWithoutBase,
    /// A critical extension of the list, of an entry, of the response or of the answer is not understood.
    UnknownCriticalExtension {
        /// Which.
        oid: ObjectIdentifier,
    },
    /// The two fields of the CRL name different signature algorithms (RFC 5280 §5.1.1.2).
    SignatureAlgorithmMismatch,
    /// The signature algorithm is not one of ours.
    UnsupportedAlgorithm(AlgorithmError),
    /// The signature algorithm does not go with the signer's key, or not here.
    UnsupportedSignature {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// The policy does not accept the signature algorithm's digest.
    WeakAlgorithm {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// The signer's key cannot be used.
    UnusableKey(PublicKeyError),
    /// No certificate at hand belongs to the one who signed.
    UnknownSigner,
    /// The signature value is wrong.
    SignatureInvalid,
    /// keyUsage of the CRL's signer lacks cRLSign (RFC 5280 §6.3.3 (f)).
    NotForCrlSigning {
        /// What the key is for.
        key_usage: KeyUsage,
    },
    /// The responder is neither the issuer nor one with id-kp-OCSPSigning (RFC 6960 §4.2.2.2).
    UnauthorizedResponder,
    /// The responder's certificate comes from another authority than the certificate in question.
    ResponderOfOtherIssuer,
    /// The signer's own path does not hold.
    SignerPath(PathError),
    /// As many signatures and signers' paths were wrong as the policy allows, so that not all was examined.
    TooManySignatureChecks {
        /// The limit.
        limit: usize,
    },
}

impl core::fmt::Display for Rejection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::OtherIssuer => f.write_str("the CRL is of another issuer"),
            Self::OtherCertificate => f.write_str("the OCSP response is about other certificates"),
            Self::DistributionPoints(error) => {
                write!(f, "the certificate's distribution points: {error}")
            }
            Self::NotIndirect => {
                f.write_str("the CRL is of another issuer and does not say that it is indirect")
            }
            Self::OtherDistributionPoint => {
                f.write_str("the CRL is for another distribution point")
            }
            Self::OnlyUserCertificates => f.write_str("the CRL is for end entities only"),
            Self::OnlyCaCertificates => f.write_str("the CRL is for certificate authorities only"),
            Self::OnlyAttributeCertificates => {
                f.write_str("the CRL is for attribute certificates only")
            }
            Self::ReasonsNotCovered { .. } => {
                f.write_str("the CRLs do not cover every reason for revocation")
            }
            Self::DeltaWithoutBase => {
                f.write_str("the delta CRL has no complete CRL that it belongs to")
            }
            Self::UnknownCriticalExtension { oid } => {
                write!(f, "the critical extension {oid} is not known")
            }
            Self::SignatureAlgorithmMismatch => {
                f.write_str("the CRL names two different signature algorithms")
            }
            Self::UnsupportedAlgorithm(error) => error.fmt(f),
            Self::UnsupportedSignature { algorithm } => {
                write!(f, "{algorithm} is not supported with the signer's key")
            }
            Self::WeakAlgorithm { algorithm } => {
                write!(f, "it is signed with {algorithm}, which is too weak")
            }
            Self::UnusableKey(error) => write!(f, "the signer's key: {error}"),
            Self::UnknownSigner => f.write_str("the certificate of the signer is not known"),
            Self::SignatureInvalid => f.write_str("its signature is wrong"),
            Self::NotForCrlSigning { key_usage } => {
                write!(f, "the key is not for signing CRLs, only for: {key_usage}")
            }
            Self::UnauthorizedResponder => {
                f.write_str("the responder is not authorized to answer for the issuer")
            }
            Self::ResponderOfOtherIssuer => {
                f.write_str("the responder's certificate is of another issuer")
            }
            Self::SignerPath(error) => write!(f, "the signer's certificate: {error}"),
            Self::TooManySignatureChecks { limit } => {
                write!(f, "{limit} signatures were wrong, and not all was examined")
            }
        }
    }
}

impl core::error::Error for Rejection {}
