//! The checks on the certificates of a path (RFC 5280 §6.1.3–6.1.5).

use super::names::{Comparisons, NamesAbove};
use super::policies::Policies;
use super::policy::ANY_EXTENDED_KEY_USAGE;
use super::{Moment, PathError, PathPolicy, TrustAnchor, signature_algorithm};
use crate::certificate::{Certificate, Validity};
use crate::extension;
use crate::extension::constraint::Constraints;
use crate::ocsp::NO_CHECK;
use crate::public_key::{PublicKey, PublicKeyAlgorithm};
use crate::time::Time;
use const_oid::ObjectIdentifier;

/// What a path that holds has shown.
pub(super) struct Checked {
    /// Intersection of the validity periods that count.
    pub(super) validity: Validity,
    /// The authorities-constrained policy set.
    pub(super) policies: Vec<ObjectIdentifier>,
}

pub(super) fn public_key(certificate: &Certificate) -> Result<&PublicKey, PathError> {
    certificate
        .borrowed_public_key()
        .map_err(|error| PathError::UnusableKey { subject: certificate.subject().clone(), error })
}

/// RFC 5280 §6.1.2–6.1.6 over a path whose signatures have been verified, from the anchor down.
pub(super) fn check_path(
    certificates: &[Certificate],
    anchor: &TrustAnchor,
    policy: &PathPolicy,
    moment: Moment,
    comparisons: &mut Comparisons,
) -> Result<Checked, PathError> {
    let mut period = Period { moment, common: None };
    if policy.anchor_validity {
        period.narrow(&anchor.certificate)?;
    }
    // §6.1.2: initialization. (b), (c): no names are constrained, but by the anchor where it says so (RFC 5937 §3.2).
    let mut names = NamesAbove::default();
    // An end entity that is trusted itself has no issuer here.
    if certificates.last() != Some(&anchor.certificate) {
        check_anchor(&anchor.certificate)?;
        let constraints = constraints(&anchor.certificate)?;
        names.add(anchor.certificate.subject(), constraints.names.as_ref());
    }
    let mut policies = Policies::new(policy, certificates.len());
    // (k): as many intermediates as the policy allows, or fewer where the anchor says so.
    let mut allowed = policy.max_path_len;
    if let Some(len) = path_len(&anchor.certificate) {
        allowed = allowed.min(len);
    }
    let (end_entity, authorities) =
        certificates.split_first().ok_or(PathError::PathTooLong { limit: 0 })?;
    for certificate in authorities.iter().rev() {
        // §6.1.3: basic processing; (a)(1) and (a)(4), signature and name, are the search's.
        check_each(certificate, anchor, policy, &mut period)?;
        let constraints = constraints(certificate)?;
        // (b), (c): self-issued certificates are spared.
        if !certificate.is_self_issued() {
            names.check(certificate, comparisons)?;
        }
        policies.process(certificate, constraints, false)?;
        // §6.1.4: preparation for the next certificate; (k), (n), then (a), (b), (h)–(j), (g), (l), (m).
        check_issuer(certificate)?;
        check_purposes_of_authority(certificate, policy)?;
        policies.prepare(certificate, constraints)?;
        names.add(certificate.subject(), constraints.names.as_ref());
        if !certificate.is_self_issued() {
            allowed = allowed.checked_sub(1).ok_or_else(|| PathError::PathLenConstraint {
                subject: certificate.subject().clone(),
            })?;
        }
        if let Some(len) = path_len(certificate) {
            allowed = allowed.min(len);
        }
    }
    // The last certificate.
    check_each(end_entity, anchor, policy, &mut period)?;
    let constraints = constraints(end_entity)?;
    names.check(end_entity, comparisons)?;
    policies.process(end_entity, constraints, true)?;
    check_usage(end_entity, policy)?;
    // §6.1.5: wrap-up.
    let policies = policies.wrap_up(end_entity, constraints, policy)?;
    let validity = period.common.unwrap_or_else(|| end_entity.validity());
    Ok(Checked { validity, policies })
}

/// The checks on a certificate by itself: validity, critical extensions, cryptography.
fn check_each(
    certificate: &Certificate,
    anchor: &TrustAnchor,
    policy: &PathPolicy,
    period: &mut Period,
) -> Result<(), PathError> {
    period.narrow(certificate)?;
    check_critical_extensions(certificate)?;
    check_algorithms(certificate, anchor, policy)
}

fn constraints(certificate: &Certificate) -> Result<&Constraints, PathError> {
    certificate.constraints().map_err(|error| PathError::MalformedExtension {
        subject: certificate.subject().clone(),
        error,
    })
}

/// The validity periods met so far.
struct Period {
    moment: Moment,
    common: Option<Validity>,
}

impl Period {
    /// §6.1.3 (a)(2) for a time; for [`Moment::WithinAll`] the periods must go on sharing a second.
    fn narrow(&mut self, certificate: &Certificate) -> Result<(), PathError> {
        if let Moment::At(time) = self.moment {
            check_validity(certificate, time)?;
        }
        let own = certificate.validity();
        let common = match self.common {
            None => own,
            Some(common) => Validity {
                not_before: common.not_before.max(own.not_before),
                not_after: common.not_after.min(own.not_after),
            },
        };
        if common.not_before > common.not_after {
            let subject = certificate.subject().clone();
            return Err(PathError::NoCommonValidity { subject, validity: own });
        }
        self.common = Some(common);
        Ok(())
    }
}

fn path_len(certificate: &Certificate) -> Option<usize> {
    let len = certificate.extensions().basic_constraints()?.path_len?;
    usize::try_from(len).ok()
}

pub(super) fn check_validity(certificate: &Certificate, time: Time) -> Result<(), PathError> {
    let validity = certificate.validity();
    if time < validity.not_before {
        return Err(PathError::NotYetValid {
            subject: certificate.subject().clone(),
            time,
            not_before: validity.not_before,
        });
    }
    if time > validity.not_after {
        return Err(PathError::Expired {
            subject: certificate.subject().clone(),
            time,
            not_after: validity.not_after,
        });
    }
    Ok(())
}

/// Critical extensions whose meaning is processed here or, for the last two and cRLDistributionPoints, with revocation.
const UNDERSTOOD: [ObjectIdentifier; 15] = [
    extension::SUBJECT_KEY_IDENTIFIER,
    extension::AUTHORITY_KEY_IDENTIFIER,
    extension::KEY_USAGE,
    extension::EXTENDED_KEY_USAGE,
    extension::BASIC_CONSTRAINTS,
    extension::SUBJECT_ALT_NAME,
    extension::ISSUER_ALT_NAME,
    extension::NAME_CONSTRAINTS,
    extension::CERTIFICATE_POLICIES,
    extension::POLICY_MAPPINGS,
    extension::POLICY_CONSTRAINTS,
    extension::INHIBIT_ANY_POLICY,
    extension::CRL_DISTRIBUTION_POINTS,
    extension::AUTHORITY_INFO_ACCESS,
    NO_CHECK,
];

pub(super) fn check_critical_extensions(certificate: &Certificate) -> Result<(), PathError> {
    let unknown = certificate
        .extensions()
        .all()
        .iter()
        .find(|extension| extension.critical && !UNDERSTOOD.contains(&extension.oid));
    match unknown {
        Some(extension) => Err(PathError::UnknownCriticalExtension {
            subject: certificate.subject().clone(),
            oid: extension.oid,
        }),
        None => Ok(()),
    }
}

/// An anchor given as a certificate vouches for others only as far as that certificate lets it: who trusts a person's
/// own certificate has not made that person an authority.
fn check_anchor(certificate: &Certificate) -> Result<(), PathError> {
    // Roots of version 1 have no extensions to say what they are.
    if certificate.version() == 1 && certificate.is_self_issued() {
        return Ok(());
    }
    check_issuer(certificate)
}

fn check_issuer(certificate: &Certificate) -> Result<(), PathError> {
    let subject = || certificate.subject().clone();
    // §6.1.4 (k): a certificate without basicConstraints is no certificate authority, whatever its version.
    if !certificate.is_certificate_authority() {
        return Err(PathError::NotACertificateAuthority { subject: subject() });
    }
    // §6.1.4 (n).
    match certificate.key_usage() {
        Some(usage) if !usage.key_cert_sign() => {
            Err(PathError::NotForCertificateSigning { subject: subject(), key_usage: usage })
        }
        _ => Ok(()),
    }
}

/// The policy's cryptographic limits; the signature on the anchor itself counts for nothing.
fn check_algorithms(
    certificate: &Certificate,
    anchor: &TrustAnchor,
    policy: &PathPolicy,
) -> Result<(), PathError> {
    check_key(certificate, policy)?;
    if *certificate == anchor.certificate {
        return Ok(());
    }
    let algorithm = signature_algorithm(certificate)?;
    match algorithm.digest_algorithm() {
        Some(digest) if !policy.digests.contains(&digest) => {
            Err(PathError::WeakAlgorithm { subject: certificate.subject().clone(), algorithm })
        }
        _ => Ok(()),
    }
}

pub(super) fn check_key(certificate: &Certificate, policy: &PathPolicy) -> Result<(), PathError> {
    match public_key(certificate)?.algorithm() {
        PublicKeyAlgorithm::Rsa { bits } if bits < policy.min_rsa_bits => Err(PathError::WeakKey {
            subject: certificate.subject().clone(),
            bits,
            minimum: policy.min_rsa_bits,
        }),
        _ => Ok(()),
    }
}

/// The end entity's keyUsage and extKeyUsage (RFC 5280 §4.2.1.3, §4.2.1.12).
pub(super) fn check_usage(certificate: &Certificate, policy: &PathPolicy) -> Result<(), PathError> {
    let subject = || certificate.subject().clone();
    if policy.signing_key_usage
        && let Some(key_usage) = certificate.key_usage()
        && !key_usage.digital_signature()
        && !key_usage.content_commitment()
    {
        return Err(PathError::NotForSigning { subject: subject(), key_usage });
    }
    match certificate.extended_key_usage() {
        Some(found) if !fits(found, &policy.purposes) => {
            Err(PathError::PurposeNotAccepted { subject: subject(), found: found.to_vec() })
        }
        None if policy.purpose_required => Err(PathError::PurposeMissing { subject: subject() }),
        _ => Ok(()),
    }
}

/// RFC 5280 gives extKeyUsage no meaning in authorities; practice narrows by it what they may issue.
fn check_purposes_of_authority(
    certificate: &Certificate,
    policy: &PathPolicy,
) -> Result<(), PathError> {
    match certificate.extended_key_usage() {
        Some(found)
            if policy.purposes_of_authorities
                && !found.contains(&ANY_EXTENDED_KEY_USAGE)
                && !fits(found, &policy.purposes) =>
        {
            let subject = certificate.subject().clone();
            Err(PathError::PurposeNotAccepted { subject, found: found.to_vec() })
        }
        _ => Ok(()),
    }
}

/// Whether one of the purposes is wanted; where none is wanted in particular, all are.
fn fits(found: &[ObjectIdentifier], wanted: &[ObjectIdentifier]) -> bool {
    wanted.is_empty() || found.iter().any(|purpose| wanted.contains(purpose))
}
