//! Cryptographic constraints (EN 319 102-1 §5.2.8): which algorithm was used for what, and until when it is strong.
//!
//! Certificates that are validated alone, without an engine around them, are judged by the public functions here.

use kyso_x509::revocation::{StatusRecord, StatusSource};
use kyso_x509::{
    Certificate, DigestAlgorithm, MlDsaParameters, PublicKey, PublicKeyAlgorithm,
    SignatureAlgorithm, Time,
};

use crate::poe::ProofsOfExistence;
use crate::policy::{CryptographicSuites, Expiry, KeyRule};
use crate::report::{Algorithm, Material};

/// An algorithm that the suites do not hold to be strong at the time of judging, where nothing proves an earlier existence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeakAlgorithm {
    /// What it protects.
    pub material: Material,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Until when it was strong; `None` where the suites do not name it.
    pub until: Option<Expiry>,
}

/// The first signature of a chain (certificate first, anchor last) that is weak at a time (EN 319 102-1 §5.2.8); the
/// anchor's own is never relied upon.
#[must_use]
pub fn weak_in_chain(
    suites: &CryptographicSuites,
    chain: &[Certificate],
    time: Time,
) -> Option<WeakAlgorithm> {
    let pairs = chain.iter().zip(chain.iter().skip(1));
    let mut uses =
        pairs.filter_map(|(certificate, issuer)| certificate_use(suites, certificate, issuer));
    uses.find_map(|one| weak(one, time))
}

/// The first signature on revocation status that is weak at a time (EN 319 102-1 §5.2.8).
#[must_use]
pub fn weak_in_statuses(
    suites: &CryptographicSuites,
    records: &[StatusRecord],
    time: Time,
) -> Option<WeakAlgorithm> {
    records.iter().flat_map(|record| status_uses(suites, record)).find_map(|one| weak(one, time))
}

/// Whether the suites hold a key to be strong at a time for at least one signature algorithm; digests aside.
#[must_use]
pub fn is_strong_key(suites: &CryptographicSuites, key: PublicKeyAlgorithm, time: Time) -> bool {
    let expiry = match key {
        PublicKeyAlgorithm::Rsa { bits } => {
            rule_for(&suites.rsa_pkcs1, bits).max(rule_for(&suites.rsa_pss, bits))
        }
        PublicKeyAlgorithm::Ec(curve) => {
            suites.ecdsa.iter().find(|(named, _)| *named == curve).map(|named| named.1)
        }
        PublicKeyAlgorithm::Ed25519 => suites.ed25519,
        PublicKeyAlgorithm::MlDsa(MlDsaParameters::MlDsa44) => ml_dsa(suites, 44),
        PublicKeyAlgorithm::MlDsa(MlDsaParameters::MlDsa65) => ml_dsa(suites, 65),
        PublicKeyAlgorithm::MlDsa(MlDsaParameters::MlDsa87) => ml_dsa(suites, 87),
    };
    expiry.is_some_and(|expiry| expiry.covers(time))
}

fn weak(one: Use, time: Time) -> Option<WeakAlgorithm> {
    let strong = one.expiry.is_some_and(|expiry| expiry.covers(time));
    (!strong).then_some(WeakAlgorithm {
        material: one.material,
        algorithm: one.algorithm,
        until: one.expiry,
    })
}

/// One use of an algorithm: what it protects, and when it ceases to.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    /// What stands and falls with it.
    pub(crate) object: Object,
    pub(crate) material: Material,
    pub(crate) algorithm: Algorithm,
    /// `None` where the suites do not name it: it was never strong.
    pub(crate) expiry: Option<Expiry>,
}

/// The object whose existence, proven before the end of an algorithm, makes up for that end.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    /// The signature, or the token, that is being validated.
    Target,
    Certificate(Certificate),
    Status(Box<StatusRecord>),
}

impl Use {
    /// Whether the algorithm was strong when its object is known to have existed.
    pub(crate) fn holds(&self, target: Time, proofs: &ProofsOfExistence) -> bool {
        let Some(expiry) = self.expiry else {
            return false;
        };
        if expiry == Expiry::Never {
            return true;
        }
        expiry.covers(match &self.object {
            Object::Target => target,
            Object::Certificate(certificate) => proofs.of_certificate(certificate),
            Object::Status(record) => proofs.of_status(record),
        })
    }
}

/// A digest that protects the target.
pub(crate) fn digest_use(
    suites: &CryptographicSuites,
    material: Material,
    digest: DigestAlgorithm,
) -> Use {
    Use {
        object: Object::Target,
        material,
        algorithm: Algorithm::Digest(digest),
        expiry: suites.digests.get(&digest).copied(),
    }
}

/// A signature under a key, whatever it signs.
pub(crate) fn signature_use(
    suites: &CryptographicSuites,
    object: Object,
    material: Material,
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
) -> Use {
    Use {
        object,
        material,
        algorithm: Algorithm::Signature { algorithm, bits: key.bits() },
        expiry: signature_expiry(suites, algorithm, key),
    }
}

/// The issuer's signature on a certificate; `None` where it names no algorithm of ours, which no path passes.
pub(crate) fn certificate_use(
    suites: &CryptographicSuites,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Option<Use> {
    let algorithm = certificate.issuer_signature_algorithm().ok()?;
    let key = issuer.borrowed_public_key().ok()?;
    let object = Object::Certificate(certificate.clone());
    let material = Material::Certificate(certificate.subject().clone());
    Some(signature_use(suites, object, material, algorithm, key))
}

/// The signatures on a CRL or an OCSP response, on those that it goes with, and on its signer's certificates.
pub(crate) fn status_uses(suites: &CryptographicSuites, record: &StatusRecord) -> Vec<Use> {
    let identifiers = match &record.source {
        StatusSource::Crl(list) => vec![list.signature_algorithm()],
        StatusSource::Delta { base, delta } => {
            vec![base.signature_algorithm(), delta.signature_algorithm()]
        }
        StatusSource::Ocsp(response) => vec![response.signature_algorithm()],
    };
    let mut uses = Vec::new();
    for identifier in identifiers {
        if let Ok(algorithm) = SignatureAlgorithm::from_algorithm_identifier(identifier)
            && let Ok(key) = record.signer.borrowed_public_key()
        {
            let object = Object::Status(Box::new(record.clone()));
            let material = Material::RevocationStatus(record.signer.subject().clone());
            uses.push(signature_use(suites, object, material, algorithm, key));
        }
    }
    let pairs = record.signer_path.iter().zip(record.signer_path.iter().skip(1));
    uses.extend(
        pairs.filter_map(|(certificate, issuer)| certificate_use(suites, certificate, issuer)),
    );
    uses.extend(record.parts.iter().flat_map(|part| status_uses(suites, part)));
    uses
}

fn signature_expiry(
    suites: &CryptographicSuites,
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
) -> Option<Expiry> {
    let digest = |digest| suites.digests.get(&digest).copied();
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(one) => {
            Some(digest(one)?.min(rule_for(&suites.rsa_pkcs1, key.bits())?))
        }
        SignatureAlgorithm::RsaPss { digest: one, mgf1_digest, .. } => {
            let digests = digest(one)?.min(digest(mgf1_digest)?);
            Some(digests.min(rule_for(&suites.rsa_pss, key.bits())?))
        }
        SignatureAlgorithm::Ecdsa(one) => {
            let PublicKeyAlgorithm::Ec(curve) = key.algorithm() else {
                return None;
            };
            let named = suites.ecdsa.iter().find(|(named, _)| *named == curve)?;
            Some(digest(one)?.min(named.1))
        }
        SignatureAlgorithm::Ed25519 => suites.ed25519,
        SignatureAlgorithm::MlDsa44 => ml_dsa(suites, 44),
        SignatureAlgorithm::MlDsa65 => ml_dsa(suites, 65),
        SignatureAlgorithm::MlDsa87 => ml_dsa(suites, 87),
    }
}

fn ml_dsa(suites: &CryptographicSuites, parameters: u16) -> Option<Expiry> {
    let named = suites.ml_dsa.iter().find(|(named, _)| *named == parameters)?;
    Some(named.1)
}

/// The rule of the longest modulus that this one reaches.
fn rule_for(rules: &[KeyRule], bits: usize) -> Option<Expiry> {
    let fitting = rules.iter().filter(|rule| rule.min_bits <= bits);
    fitting.max_by_key(|rule| rule.min_bits).map(|rule| rule.expiry)
}
