//! Why no path holds.

use crate::algorithm::{AlgorithmError, SignatureAlgorithm};
use crate::certificate::Validity;
use crate::extension::{ExtensionError, KeyUsage, NameForm};
use crate::name::Name;
use crate::public_key::{PublicKeyAlgorithm, PublicKeyError};
use crate::time::Time;
use const_oid::ObjectIdentifier;

/// Why no path led from a certificate to an anchor; `subject` is the certificate that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathError {
    /// Neither candidates nor anchors hold the issuer.
    UnknownIssuer {
        /// The certificate whose issuer is missing.
        subject: Name,
        /// The missing issuer.
        issuer: Name,
    },
    /// The validation time is after notAfter.
    Expired {
        /// The certificate.
        subject: Name,
        /// The validation time.
        time: Time,
        /// Last valid second.
        not_after: Time,
    },
    /// The validation time is before notBefore.
    NotYetValid {
        /// The certificate.
        subject: Name,
        /// The validation time.
        time: Time,
        /// First valid second.
        not_before: Time,
    },
    /// The validity periods of the path share no second.
    NoCommonValidity {
        /// The certificate whose period lies apart from those above it.
        subject: Name,
        /// Its period.
        validity: Validity,
    },
    /// keyUsage has neither digitalSignature nor nonRepudiation.
    NotForSigning {
        /// The certificate.
        subject: Name,
        /// What the key may do.
        key_usage: KeyUsage,
    },
    /// extKeyUsage names no purpose that fits.
    PurposeNotAccepted {
        /// The certificate.
        subject: Name,
        /// The purposes it names.
        found: Vec<ObjectIdentifier>,
    },
    /// extKeyUsage is missing where the purpose demands it.
    PurposeMissing {
        /// The certificate.
        subject: Name,
    },
    /// The issuer's signature on the certificate is wrong.
    SignatureInvalid {
        /// The certificate.
        subject: Name,
        /// The issuer by whose key it was tried.
        issuer: Name,
    },
    /// The two signature algorithm fields of the certificate differ.
    SignatureAlgorithmMismatch {
        /// The certificate.
        subject: Name,
    },
    /// The certificate is signed by an algorithm that is not ours.
    UnsupportedAlgorithm {
        /// The certificate.
        subject: Name,
        /// Which one.
        error: AlgorithmError,
    },
    /// The certificate is signed by a combination of key and algorithm that nobody here computes.
    UnsupportedSignature {
        /// The certificate.
        subject: Name,
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// The issuer's key.
        key: PublicKeyAlgorithm,
    },
    /// The certificate's key is not ours to use.
    UnusableKey {
        /// The certificate.
        subject: Name,
        /// Why.
        error: PublicKeyError,
    },
    /// The policy refuses the digest of the certificate's signature.
    WeakAlgorithm {
        /// The certificate.
        subject: Name,
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// The policy refuses so short a key.
    WeakKey {
        /// The certificate.
        subject: Name,
        /// Length of the modulus.
        bits: usize,
        /// Shortest accepted.
        minimum: usize,
    },
    /// The certificate issued another, yet basicConstraints do not make it an authority.
    NotACertificateAuthority {
        /// The certificate.
        subject: Name,
    },
    /// The certificate issued another, yet keyUsage lacks keyCertSign.
    NotForCertificateSigning {
        /// The certificate.
        subject: Name,
        /// What the key may do.
        key_usage: KeyUsage,
    },
    /// More intermediates follow than a pathLenConstraint allows.
    PathLenConstraint {
        /// The certificate that is one too many.
        subject: Name,
    },
    /// A critical extension that is not known here.
    UnknownCriticalExtension {
        /// The certificate.
        subject: Name,
        /// The extension.
        oid: ObjectIdentifier,
    },
    /// An extension that constrains paths is malformed.
    MalformedExtension {
        /// The certificate.
        subject: Name,
        /// Which one, and how.
        error: ExtensionError,
    },
    /// A name lies outside of what an authority's name constraints permit.
    NameNotPermitted {
        /// The certificate that bears the name.
        subject: Name,
        /// The form of the name.
        form: NameForm,
        /// The authority that constrains.
        authority: Name,
    },
    /// A name lies in what an authority's name constraints exclude, or cannot be shown to lie outside.
    NameExcluded {
        /// The certificate that bears the name.
        subject: Name,
        /// The form of the name.
        form: NameForm,
        /// The authority that constrains.
        authority: Name,
    },
    /// An authority constrains names of a form of which the certificate has one and whose subtrees nobody here knows.
    UnsupportedNameForm {
        /// The certificate that bears the name.
        subject: Name,
        /// The form of the name.
        form: NameForm,
        /// The authority that constrains.
        authority: Name,
    },
    /// A policy is demanded, and the path is valid for none that the caller accepts.
    PolicyNotAccepted {
        /// The certificate at which this became certain.
        subject: Name,
        /// The policies for which the path is valid.
        found: Vec<ObjectIdentifier>,
    },
    /// An authority maps anyPolicy, which RFC 5280 §6.1.4 (a) forbids.
    AnyPolicyMapped {
        /// The authority.
        subject: Name,
    },
    /// A certificate names more policies and mappings than is sensible.
    TooManyPolicies {
        /// The certificate.
        subject: Name,
        /// Most allowed.
        limit: usize,
    },
    /// The search was ended after so many comparisons of names with name constraints.
    TooManyNameComparisons {
        /// Most comparisons allowed.
        limit: usize,
    },
    /// The path would have more certificates than the policy allows.
    PathTooLong {
        /// Most certificates allowed.
        limit: usize,
    },
    /// The search was ended after so many signature checks.
    TooManySignatureChecks {
        /// Most checks allowed.
        limit: usize,
    },
}

impl PathError {
    /// The algorithm or curve that nobody here computes, where that is the reason: such a path is neither good nor bad.
    #[must_use]
    pub fn unsupported_algorithm(&self) -> Option<ObjectIdentifier> {
        match self {
            Self::UnsupportedAlgorithm {
                error:
                    AlgorithmError::UnknownSignatureAlgorithm { oid }
                    | AlgorithmError::UnknownDigestAlgorithm { oid }
                    | AlgorithmError::UnknownMaskGenerationFunction { oid },
                ..
            } => Some(*oid),
            Self::UnusableKey { error: PublicKeyError::UnsupportedAlgorithm { oid }, .. } => {
                Some(*oid)
            }
            Self::UnusableKey { error: PublicKeyError::UnsupportedCurve { oid }, .. } => *oid,
            Self::UnsupportedSignature { algorithm, .. } => {
                Some(algorithm.to_algorithm_identifier().oid)
            }
            _ => None,
        }
    }
}

impl core::fmt::Display for PathError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownIssuer { subject, issuer } => {
                write!(f, "the issuer [{issuer}] of [{subject}] is not known")
            }
            Self::Expired { subject, time, not_after } => {
                write!(f, "the certificate of [{subject}] expired at {not_after}, before {time}")
            }
            Self::NotYetValid { subject, time, not_before } => {
                write!(f, "the certificate of [{subject}] is valid from {not_before}, after {time}")
            }
            Self::NoCommonValidity { subject, validity: Validity { not_before, not_after } } => {
                write!(
                    f,
                    "the certificate of [{subject}], valid from {not_before} to {not_after}, was never valid together \
                 with those above it"
                )
            }
            Self::NotForSigning { subject, key_usage } => {
                write!(f, "the key of [{subject}] is not for signing, only for: {key_usage}")
            }
            Self::PurposeNotAccepted { subject, found } => {
                write!(f, "the certificate of [{subject}] is for other purposes:")?;
                found.iter().try_for_each(|purpose| write!(f, " {purpose}"))
            }
            Self::PurposeMissing { subject } => {
                write!(
                    f,
                    "the certificate of [{subject}] does not say what it is for (extKeyUsage)"
                )
            }
            Self::SignatureInvalid { subject, issuer } => {
                write!(f, "the signature of [{issuer}] on the certificate of [{subject}] is wrong")
            }
            Self::SignatureAlgorithmMismatch { subject } => {
                write!(f, "the certificate of [{subject}] names two different signature algorithms")
            }
            Self::UnsupportedAlgorithm { subject, error } => {
                write!(f, "the certificate of [{subject}]: {error}")
            }
            Self::UnsupportedSignature { subject, algorithm, key } => {
                write!(f, "the certificate of [{subject}]: {algorithm} with {key} is not supported")
            }
            Self::UnusableKey { subject, error } => write!(f, "the key of [{subject}]: {error}"),
            Self::WeakAlgorithm { subject, algorithm } => write!(
                f,
                "the certificate of [{subject}] is signed with {algorithm}, which is too weak"
            ),
            Self::WeakKey { subject, bits, minimum } => {
                write!(f, "the RSA key of [{subject}] has {bits} bits, fewer than {minimum}")
            }
            Self::NotACertificateAuthority { subject } => {
                write!(f, "[{subject}] is no certificate authority")
            }
            Self::NotForCertificateSigning { subject, key_usage } => write!(
                f,
                "the key of [{subject}] is not for signing certificates, only for: {key_usage}"
            ),
            Self::PathLenConstraint { subject } => {
                write!(f, "[{subject}] is one certificate authority more than its issuer allows")
            }
            Self::UnknownCriticalExtension { subject, oid } => {
                write!(f, "the certificate of [{subject}] has the unknown critical extension {oid}")
            }
            Self::MalformedExtension { subject, error } => {
                write!(f, "the certificate of [{subject}]: {error}")
            }
            Self::NameNotPermitted { subject, form, authority } => write!(
                f,
                "the certificate of [{subject}] bears a name ({form}) that the constraints of [{authority}] do not permit"
            ),
            Self::NameExcluded { subject, form, authority } => write!(
                f,
                "the certificate of [{subject}] bears a name ({form}) that the constraints of [{authority}] exclude"
            ),
            Self::UnsupportedNameForm { subject, form, authority } => write!(
                f,
                "[{authority}] constrains names of the form {form}, which is not supported, and the certificate of \
                 [{subject}] bears one"
            ),
            Self::PolicyNotAccepted { subject, found } if found.is_empty() => {
                write!(f, "the path is valid for no certificate policy, as [{subject}] shows")
            }
            Self::PolicyNotAccepted { subject, found } => {
                write!(f, "the path to [{subject}] is valid for other certificate policies:")?;
                found.iter().try_for_each(|policy| write!(f, " {policy}"))
            }
            Self::AnyPolicyMapped { subject } => {
                write!(f, "the certificate of [{subject}] maps anyPolicy, which is forbidden")
            }
            Self::TooManyPolicies { subject, limit } => {
                write!(f, "the certificate of [{subject}] names more than {limit} policies")
            }
            Self::TooManyNameComparisons { limit } => {
                write!(f, "no path found within {limit} comparisons with name constraints")
            }
            Self::PathTooLong { limit } => write!(f, "no path of at most {limit} certificates"),
            Self::TooManySignatureChecks { limit } => {
                write!(f, "no path found within {limit} signature checks")
            }
        }
    }
}

impl core::error::Error for PathError {}
