//! A signer: an open act on a key, its certificate, and the path that was checked before signing.

use std::sync::atomic::{AtomicBool, Ordering};

use kyso_token::{Credential, Curve, HashAlgorithm, Input, KeyType, RawSignature, SigningAct};
use kyso_token::{KeyStore, PinPrompt, PinSource, SigningAlgorithm, TokenError};
use kyso_x509::path::{
    PathError, PathPolicy, TrustAnchor, ValidatedPath, check_end_entity, validate_path,
};
use kyso_x509::{
    Certificate, DigestAlgorithm, SignatureAlgorithm, SignatureValue, Time, VerifyError,
};

use crate::sign::SignError;

/// Which signature scheme RSA keys use; keys of other kinds have one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaScheme {
    /// RSASSA-PSS, which Circular 15/2025/TT-BKHCN demands.
    Pss,
    /// RSASSA-PKCS1-v1_5, which deployed public-service documents use.
    Pkcs1,
}

/// What to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference {
    /// Scheme of RSA keys.
    pub rsa: RsaScheme,
    /// Digest of content and signed attributes.
    pub digest: HashAlgorithm,
}

/// Certificates that a path may use.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Anchors; where there are none, no path is checked and that is reported.
    pub anchors: Vec<TrustAnchor>,
    /// Further certificates, untrusted.
    pub candidates: Vec<Certificate>,
}

/// What was found out about the signer's certificate before the PIN was asked for.
#[derive(Clone, Debug)]
pub enum PathStatus {
    /// A path to an anchor holds at the signing time; revocation status is not part of it.
    Validated(ValidatedPath),
    /// No anchors were given: only the certificate's own validity and usage were checked.
    NoAnchors,
}

/// How the key is reached.
pub enum Access<'a> {
    /// By logging in, once the certificate has been found fit.
    Store {
        /// The store that holds the key.
        store: &'a dyn KeyStore,
        /// Where the PIN comes from.
        source: &'a PinSource,
        /// Who is asked for it.
        prompt: &'a dyn PinPrompt,
    },
    /// The act is open already, for a key file that shows its certificates only when unlocked.
    Act(Box<dyn SigningAct>),
}

/// A certificate found fit to sign at one time, with all that a signature needs but the key: nobody was asked for anything yet.
#[derive(Clone, Debug)]
pub struct Fit {
    credential: Credential,
    algorithm: SigningAlgorithm,
    certificate: Certificate,
    intermediates: Vec<Certificate>,
    path: PathStatus,
    contents_size: usize,
}

impl Fit {
    /// Checks validity, usage and path of the certificate at `signing_time`, and that the key can sign as preferred.
    ///
    /// # Errors
    /// [`SignError::Certificate`] when the certificate may not sign now; [`SignError::Token`] when the token lacks the
    /// algorithm.
    pub fn check(
        credential: &Credential,
        preference: Preference,
        trust: &Trust,
        signing_time: Time,
    ) -> Result<Self, SignError> {
        let certificate =
            Certificate::from_der(&credential.certificate).map_err(SignError::CertificateSyntax)?;
        let algorithm = choose(credential, preference)?;
        let mut candidates: Vec<Certificate> = credential
            .other_certificates
            .iter()
            // A token may hold certificates that do not concern us; one that does not parse is no candidate.
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect();
        candidates.extend(trust.candidates.iter().cloned());
        let path = check(&certificate, &candidates, trust, signing_time)?;
        let intermediates = match &path {
            PathStatus::Validated(path) => path.certificates().iter().skip(1).cloned().collect(),
            PathStatus::NoAnchors => issuers_of(&certificate, &candidates),
        };
        let contents_size = kyso_cades::estimated_size(
            &certificate,
            &intermediates,
            formats_algorithm(algorithm),
            kyso_cades::Form::Pades,
        )
        .map_err(SignError::Cades)?;
        let credential = credential.clone();
        Ok(Self { credential, algorithm, certificate, intermediates, path, contents_size })
    }

    /// Logs in.
    ///
    /// # Errors
    /// The token's.
    pub fn open(self, access: Access<'_>) -> Result<Signer, TokenError> {
        let act = match access {
            Access::Store { store, source, prompt } => {
                store.open(&self.credential, source, prompt)?
            }
            Access::Act(act) => act,
        };
        Ok(Signer { act, fit: self, proven: AtomicBool::new(false) })
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The credential that was checked.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What was checked of the certificate's path.
    #[must_use]
    pub fn path(&self) -> &PathStatus {
        &self.path
    }

    /// Serial number of the token; empty for a key file.
    #[must_use]
    pub fn token_serial(&self) -> &str {
        &self.credential.token.serial
    }

    /// The signature algorithm in the formats' terms.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        formats_algorithm(self.algorithm)
    }
}

/// A key that is logged in and may sign; dropping it logs out.
pub struct Signer {
    act: Box<dyn SigningAct>,
    fit: Fit,
    proven: AtomicBool,
}

impl Signer {
    /// Checks the certificate at `signing_time`, then logs in.
    ///
    /// # Errors
    /// Those of [`Fit::check`], when nothing was asked of the person yet; [`SignError::Token`] from the token.
    pub fn open(
        credential: &Credential,
        access: Access<'_>,
        preference: Preference,
        trust: &Trust,
        signing_time: Time,
    ) -> Result<Self, SignError> {
        let fit = Fit::check(credential, preference, trust, signing_time)?;
        fit.open(access).map_err(SignError::Token)
    }

    /// Signs the bytes that a format asks for.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<SignatureValue, SignError> {
        value(self.act.sign(self.fit.algorithm, Input::Message(bytes)).map_err(SignError::Token)?)
    }

    /// Signs several; one result each, in their order.
    pub(crate) fn sign_many(&self, all: &[&[u8]]) -> Vec<Result<SignatureValue, SignError>> {
        let raw = self.act.sign_many(self.fit.algorithm, all);
        raw.into_iter().map(|raw| raw.map_err(SignError::Token).and_then(value)).collect()
    }

    /// How many messages one hand-over should bring together; `None` where the key's pace says it.
    pub(crate) fn together(&self) -> Option<usize> {
        self.act.together()
    }

    /// Verifies a signature under the certificate, by `verify`: every RSA signature, else the first of the act.
    ///
    /// A key that is not the certificate's, or a device that returns nonsense, shows here. With RSA that
    /// costs 3 % of signing; with EC it would cost more than signing, and the first shows the wrong key.
    ///
    /// # Errors
    /// [`SignError::SignatureRefused`].
    pub(crate) fn check(
        &self,
        verify: impl FnOnce() -> Result<(), VerifyError>,
    ) -> Result<(), SignError> {
        let every = match self.fit.algorithm {
            SigningAlgorithm::RsaPkcs1(_) | SigningAlgorithm::RsaPss(_) => true,
            SigningAlgorithm::Ecdsa(_) | SigningAlgorithm::Ed25519 => false,
        };
        if every || !self.proven.load(Ordering::Acquire) {
            verify().map_err(SignError::SignatureRefused)?;
            self.proven.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Ends the act and logs out.
    ///
    /// # Errors
    /// The device's at `C_Logout`; what was released stays released.
    pub fn close(self) -> Result<(), TokenError> {
        self.act.close()
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.fit.certificate
    }

    /// The intermediates that go into the signature, issuer of the signer's certificate first.
    #[must_use]
    pub fn intermediates(&self) -> &[Certificate] {
        &self.fit.intermediates
    }

    /// What was checked of the certificate's path.
    #[must_use]
    pub fn path(&self) -> &PathStatus {
        &self.fit.path
    }

    /// Serial number of the token.
    #[must_use]
    pub fn token_serial(&self) -> &str {
        self.fit.token_serial()
    }

    /// The signature algorithm in the formats' terms.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.fit.algorithm()
    }

    /// Upper bound in bytes of a PDF's message by this signer.
    pub(crate) const fn contents_size(&self) -> usize {
        self.fit.contents_size
    }

    /// The digest that hashes the content.
    #[must_use]
    pub fn content_digest(&self) -> DigestAlgorithm {
        self.algorithm().cms_digest_algorithm()
    }
}

/// Validity, usage and, where anchors are given, the path: before anybody types a PIN.
fn check(
    certificate: &Certificate,
    candidates: &[Certificate],
    trust: &Trust,
    signing_time: Time,
) -> Result<PathStatus, SignError> {
    let policy = PathPolicy::document_signing();
    if trust.anchors.is_empty() {
        check_end_entity(certificate, &policy, signing_time).map_err(refused)?;
        return Ok(PathStatus::NoAnchors);
    }
    validate_path(certificate, candidates, &trust.anchors, &policy, signing_time)
        .map(PathStatus::Validated)
        .map_err(refused)
}

fn refused(error: PathError) -> SignError {
    SignError::Certificate(Box::new(error))
}

/// Follows issuer names upwards; only for the certificates that a signature carries along.
fn issuers_of(certificate: &Certificate, candidates: &[Certificate]) -> Vec<Certificate> {
    let mut found: Vec<Certificate> = Vec::new();
    let mut current = certificate;
    while let Some(issuer) = candidates.iter().find(|candidate| {
        candidate.subject() == current.issuer()
            && !candidate.is_self_issued()
            && !found.contains(candidate)
    }) {
        found.push(issuer.clone());
        current = issuer;
    }
    found
}

/// The algorithm that the key, the token and the preference have in common.
fn choose(credential: &Credential, preference: Preference) -> Result<SigningAlgorithm, SignError> {
    let wanted = match credential.key_type {
        KeyType::Rsa { .. } => match preference.rsa {
            RsaScheme::Pss => SigningAlgorithm::RsaPss(preference.digest),
            RsaScheme::Pkcs1 => SigningAlgorithm::RsaPkcs1(preference.digest),
        },
        // A digest as long as the curve's order keeps the curve's strength (FIPS 186-5 §6.1.1).
        KeyType::Ec(Curve::P384) => {
            SigningAlgorithm::Ecdsa(preference.digest.max(HashAlgorithm::Sha384))
        }
        KeyType::Ec(Curve::P521) => SigningAlgorithm::Ecdsa(HashAlgorithm::Sha512),
        KeyType::Ec(Curve::P256) => SigningAlgorithm::Ecdsa(preference.digest),
        KeyType::Ed25519 => SigningAlgorithm::Ed25519,
    };
    if credential.algorithms.contains(&wanted) {
        Ok(wanted)
    } else {
        Err(SignError::Token(TokenError::MechanismNotOffered { algorithm: wanted }))
    }
}

fn formats_algorithm(algorithm: SigningAlgorithm) -> SignatureAlgorithm {
    match algorithm {
        SigningAlgorithm::RsaPkcs1(hash) => SignatureAlgorithm::RsaPkcs1(digest(hash)),
        SigningAlgorithm::RsaPss(hash) => SignatureAlgorithm::rsa_pss(digest(hash)),
        SigningAlgorithm::Ecdsa(hash) => SignatureAlgorithm::Ecdsa(digest(hash)),
        SigningAlgorithm::Ed25519 => SignatureAlgorithm::Ed25519,
    }
}

const fn digest(hash: HashAlgorithm) -> DigestAlgorithm {
    match hash {
        HashAlgorithm::Sha256 => DigestAlgorithm::Sha256,
        HashAlgorithm::Sha384 => DigestAlgorithm::Sha384,
        HashAlgorithm::Sha512 => DigestAlgorithm::Sha512,
    }
}

/// The device's encoding as the formats want it.
fn value(raw: RawSignature) -> Result<SignatureValue, SignError> {
    match raw {
        RawSignature::Rsa(value) | RawSignature::Ed25519(value) => {
            Ok(SignatureValue::from_bytes(value))
        }
        RawSignature::EcdsaFixed(fixed) => {
            SignatureValue::from_ecdsa_fixed(&fixed).map_err(SignError::EcdsaEncoding)
        }
    }
}
