//! A bundle: stores and their CRLs in one JSON text, which its maker signs as the content of a CAdES signature.
//!
//! The signature is made by the ordinary path (`kyso::sign`, with its journal entry); this module makes the content and
//! reads it back once the signature and its signer are found good.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kyso_cades::{
    ContentDigests, SignatureLevel, SignedData, SignedDataError, VerifyFailure, verify_signer,
};
use kyso_validation::policy::{Policy, PolicyError};
use kyso_x509::crl::CrlError;
use kyso_x509::{
    Certificate, CertificateError, CertificateList, DigestAlgorithm, PathError, PathPolicy, Time,
    TrustAnchor, check_end_entity, validate_path,
};
use serde::{Deserialize, Serialize};

use super::error::hex;
use super::store::Made;
use super::{Role, Store};

/// What the text says it is.
const FORMAT: &str = "kyso-trust-bundle-1";

/// Largest bundle: the CRLs of a national hierarchy in base64, several times over.
const MOST_BYTES: usize = 256 << 20;

/// Most stores, certificates and CRLs in one bundle.
const MOST_MEMBERS: usize = 10_000;

/// Seconds by which the maker's clock may be ahead (RFC 4120 §8.2 recommends five minutes).
const CLOCK_SKEW: i64 = 300;

/// By whom a bundle must be signed.
#[derive(Clone, Debug)]
pub enum SignerTrust {
    /// By the holder of the certificate with this SHA-256.
    Fingerprint([u8; 32]),
    /// By a holder whose path leads to one of these anchors; the network is away, so no revocation status is asked.
    Anchors {
        /// The anchors.
        anchors: Vec<TrustAnchor>,
        /// Further certificates for the path.
        candidates: Vec<Certificate>,
    },
}

/// A bundle whose signature and signer were found good.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(super) made: Time,
    pub(super) signer: Certificate,
    pub(super) stores: Vec<BundledStore>,
}

#[derive(Clone, Debug)]
pub(super) struct BundledStore {
    pub(super) name: String,
    pub(super) policy: BundledPolicy,
    pub(super) comment: Option<String>,
    pub(super) certificates: Vec<(Role, Certificate)>,
    pub(super) crls: Vec<CertificateList>,
}

#[derive(Clone, Debug)]
pub(super) enum BundledPolicy {
    BuiltIn(String),
    Own(Box<Policy>),
}

/// The content of a bundle that is about to be signed.
#[derive(Clone, Debug)]
pub struct Packed {
    /// JSON.
    pub json: Vec<u8>,
    /// Number of certificates.
    pub certificates: usize,
    /// Number of CRLs.
    pub crls: usize,
    /// CRLs that were left out, because their nextUpdate has passed.
    pub stale: Vec<CertificateList>,
    /// CRLs that were left out, because no store holds a certificate of their issuer's name.
    pub foreign: Vec<CertificateList>,
}

/// Why a bundle is refused.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum BundleError {
    /// More bytes than a bundle may have.
    TooLarge { most: usize },
    /// No CMS structure that can be read.
    Cms(SignedDataError),
    /// The signature holds no content.
    NoContent,
    /// A bundle has exactly one signer.
    SignerCount { count: usize },
    /// The signature does not hold: the bundle was changed, or never signed by this certificate.
    Signature(Box<VerifyFailure>),
    /// The signature does not bind its certificate, or states no signing time: no CAdES B-B.
    Level { level: SignatureLevel },
    /// The signature uses SHA-1.
    WeakDigest,
    /// Somebody else signed it than the caller trusts.
    OtherSigner { expected: [u8; 32], found: Box<Certificate> },
    /// The signer's certificate is not fit, or its path does not hold.
    SignerPath { signer: Box<Certificate>, error: Box<PathError> },
    /// The content is no bundle.
    Json { error: serde_json::Error },
    /// The content is of a format that this version does not know.
    Format { found: String },
    /// More members than a bundle may have.
    TooManyMembers { most: usize },
    /// A member's bytes do not have the hash that stands beside them.
    Hash { store: String, sha256: String },
    /// A member is no base64.
    Base64 { store: String },
    /// A member is no certificate.
    Certificate { store: String, error: CertificateError },
    /// A member is no CRL.
    Crl { store: String, error: CrlError },
    /// The policy that a store names is neither built in nor beside it.
    UnknownPolicy { store: String, name: String },
    /// A store's own policy is wrong.
    Policy { store: String, error: PolicyError },
    /// A role is neither `anchor` nor `intermediate`.
    UnknownRole { store: String, role: String },
    /// It says that it was made in the future.
    Future { made: Time, now: Time },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    made: Made,
    stores: Vec<ContentStore>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentStore {
    name: String,
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_toml: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    certificates: Vec<ContentCertificate>,
    crls: Vec<ContentCrl>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentCertificate {
    role: String,
    subject: String,
    sha256: String,
    der: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentCrl {
    issuer: String,
    this_update: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_update: Option<String>,
    sha256: String,
    der: String,
}

/// Makes the content of a bundle from stores, their CRLs and further ones; CRLs that would be refused are left out.
///
/// # Errors
/// [`BundleError::Policy`] for a policy that cannot be written.
pub fn pack(
    stores: &[Store],
    further: &[CertificateList],
    made: Time,
) -> Result<Packed, BundleError> {
    let mut packed = Packed {
        json: Vec::new(),
        certificates: 0,
        crls: 0,
        stale: Vec::new(),
        foreign: Vec::new(),
    };
    let stale = |crl: &CertificateList| crl.next_update().is_some_and(|next| next < made);
    for crl in further {
        if !stores.iter().any(|store| issues(store, crl)) {
            packed.foreign.push(crl.clone());
        }
    }
    let mut members = Vec::new();
    for store in stores {
        let own = store.evidence.crls.iter();
        let mut crls: Vec<CertificateList> = Vec::new();
        for crl in own.chain(further.iter().filter(|crl| issues(store, crl))) {
            if stale(crl) {
                packed.stale.push(crl.clone());
            } else if !crls.contains(crl) {
                crls.push(crl.clone());
            }
        }
        packed.certificates += store.certificates.len();
        packed.crls += crls.len();
        members.push(ContentStore {
            name: store.name.clone(),
            policy: store.policy_name.clone(),
            policy_toml: match Policy::built_in(&store.policy_name) {
                Some(_) => None,
                None => {
                    Some(store.policy.to_toml().map_err(|error| BundleError::Policy {
                        store: store.name.clone(),
                        error,
                    })?)
                }
            },
            comment: store.comment.clone(),
            certificates: store
                .certificates
                .iter()
                .map(|one| ContentCertificate {
                    role: one.role.as_str().to_owned(),
                    subject: one.certificate.subject().to_string(),
                    sha256: sha256(one.certificate.as_der()),
                    der: STANDARD.encode(one.certificate.as_der()),
                })
                .collect(),
            crls: crls
                .iter()
                .map(|crl| ContentCrl {
                    issuer: crl.issuer().to_string(),
                    this_update: crl.this_update().to_string(),
                    next_update: crl.next_update().map(|next| next.to_string()),
                    sha256: sha256(crl.as_der()),
                    der: STANDARD.encode(crl.as_der()),
                })
                .collect(),
        });
    }
    let content = Content { format: FORMAT.to_owned(), made: Made(made), stores: members };
    packed.json =
        serde_json::to_vec_pretty(&content).map_err(|error| BundleError::Json { error })?;
    Ok(packed)
}

fn issues(store: &Store, crl: &CertificateList) -> bool {
    store.certificates.iter().any(|one| one.certificate.subject() == crl.issuer())
}

impl Bundle {
    /// Reads a signed bundle; nothing of its content is looked at before signature and signer are found good.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn open(bytes: &[u8], trusted: &SignerTrust, now: Time) -> Result<Self, BundleError> {
        let too_large = BundleError::TooLarge { most: MOST_BYTES };
        if bytes.len() > MOST_BYTES {
            return Err(too_large);
        }
        let signed_data = SignedData::from_ber(bytes).map_err(BundleError::Cms)?;
        let content = signed_data.content().ok_or(BundleError::NoContent)?;
        let count = signed_data.signer_infos().len();
        if count != 1 {
            return Err(BundleError::SignerCount { count });
        }
        let signer = signer(&signed_data, content, trusted, now)?;
        let content: Content =
            serde_json::from_slice(content).map_err(|error| BundleError::Json { error })?;
        if content.format != FORMAT {
            return Err(BundleError::Format { found: content.format });
        }
        let Made(made) = content.made;
        if made.as_unix_seconds() > now.as_unix_seconds().saturating_add(CLOCK_SKEW) {
            return Err(BundleError::Future { made, now });
        }
        let members = content.stores.iter().map(|one| 1 + one.certificates.len() + one.crls.len());
        if members.sum::<usize>() > MOST_MEMBERS {
            return Err(BundleError::TooManyMembers { most: MOST_MEMBERS });
        }
        let stores =
            content.stores.into_iter().map(BundledStore::read).collect::<Result<_, _>>()?;
        Ok(Self { made, signer, stores })
    }

    /// When it was made, as its signer says.
    #[must_use]
    pub fn made(&self) -> Time {
        self.made
    }

    /// Who signed it.
    #[must_use]
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// The stores in it: name, number of certificates, number of CRLs.
    pub fn stores(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        let stores = self.stores.iter();
        stores.map(|store| (store.name.as_str(), store.certificates.len(), store.crls.len()))
    }
}

fn signer(
    signed_data: &SignedData,
    content: &[u8],
    trusted: &SignerTrust,
    now: Time,
) -> Result<Certificate, BundleError> {
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), content);
    let verified = verify_signer(signed_data, 0, &digests, &[])
        .map_err(|failure| BundleError::Signature(Box::new(failure)))?;
    if verified.level() != SignatureLevel::CadesBB {
        return Err(BundleError::Level { level: verified.level() });
    }
    let weak = Some(DigestAlgorithm::Sha1ForLegacyUseOnly);
    if Some(verified.message_digest().algorithm()) == weak
        || verified.algorithm().digest_algorithm() == weak
    {
        return Err(BundleError::WeakDigest);
    }
    let signer = verified.certificate().clone();
    let policy = PathPolicy::document_signing();
    let refuse = |error| BundleError::SignerPath {
        signer: Box::new(signer.clone()),
        error: Box::new(error),
    };
    match trusted {
        SignerTrust::Fingerprint(expected) => {
            if signer.sha256_fingerprint().as_bytes() != expected.as_slice() {
                let found = Box::new(signer);
                return Err(BundleError::OtherSigner { expected: *expected, found });
            }
            check_end_entity(&signer, &policy, now).map_err(refuse)?;
        }
        SignerTrust::Anchors { anchors, candidates } => {
            let mut all = signed_data.certificates();
            all.extend(candidates.iter().cloned());
            validate_path(&signer, &all, anchors, &policy, now).map_err(refuse)?;
        }
    }
    Ok(signer)
}

impl BundledStore {
    fn read(store: ContentStore) -> Result<Self, BundleError> {
        let ContentStore { name, policy, policy_toml, comment, certificates, crls } = store;
        let policy = match policy_toml {
            Some(text) => BundledPolicy::Own(Box::new(
                Policy::from_toml(&text)
                    .map_err(|error| BundleError::Policy { store: name.clone(), error })?,
            )),
            None if Policy::built_in(&policy).is_some() => BundledPolicy::BuiltIn(policy),
            None => return Err(BundleError::UnknownPolicy { store: name, name: policy }),
        };
        let mut read = Vec::new();
        for one in certificates {
            let role = match one.role.as_str() {
                "anchor" => Role::Anchor,
                "intermediate" => Role::Intermediate,
                _ => return Err(BundleError::UnknownRole { store: name, role: one.role }),
            };
            let der = member(&name, &one.der, &one.sha256)?;
            let certificate = Certificate::from_der(&der)
                .map_err(|error| BundleError::Certificate { store: name.clone(), error })?;
            read.push((role, certificate));
        }
        let mut lists = Vec::new();
        for one in crls {
            let der = member(&name, &one.der, &one.sha256)?;
            let crl = CertificateList::from_der(&der)
                .map_err(|error| BundleError::Crl { store: name.clone(), error })?;
            lists.push(crl);
        }
        Ok(Self { name, policy, comment, certificates: read, crls: lists })
    }
}

fn member(store: &str, base64: &str, hash: &str) -> Result<Vec<u8>, BundleError> {
    let der =
        STANDARD.decode(base64).map_err(|_| BundleError::Base64 { store: store.to_owned() })?;
    if sha256(&der) != hash {
        let (store, sha256) = (store.to_owned(), hash.to_owned());
        return Err(BundleError::Hash { store, sha256 });
    }
    Ok(der)
}

fn sha256(bytes: &[u8]) -> String {
    hex(DigestAlgorithm::Sha256.digest(bytes).as_bytes())
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { most } => write!(f, "more than {most} bytes"),
            Self::Cms(error) => error.fmt(f),
            Self::NoContent => f.write_str("the signature holds no content"),
            Self::SignerCount { count } => write!(f, "{count} signers, where one signs a bundle"),
            Self::Signature(failure) => failure.fmt(f),
            Self::Level { level } => write!(f, "signed at level {level}, not CAdES-B-B"),
            Self::WeakDigest => f.write_str("signed with SHA-1"),
            Self::OtherSigner { expected, found } => write!(
                f,
                "signed by {} with SHA-256 {}, not by {}",
                found.subject(),
                hex(found.sha256_fingerprint().as_bytes()),
                hex(expected),
            ),
            Self::SignerPath { signer, error } => write!(f, "{}: {error}", signer.subject()),
            Self::Json { error } => write!(f, "no bundle: {error}"),
            Self::Format { found } => write!(f, "of format {found:?}, not {FORMAT}"),
            Self::TooManyMembers { most } => write!(f, "more than {most} members"),
            Self::Hash { store, sha256 } => {
                write!(f, "store {store}: a member does not have the SHA-256 {sha256}")
            }
            Self::Base64 { store } => write!(f, "store {store}: a member is no base64"),
            Self::Certificate { store, error } => write!(f, "store {store}: {error}"),
            Self::Crl { store, error } => write!(f, "store {store}: {error}"),
            Self::UnknownPolicy { store, name } => {
                write!(f, "store {store}: there is no policy {name:?}")
            }
            Self::Policy { store, error } => write!(f, "store {store}: its policy, {error}"),
            Self::UnknownRole { store, role } => write!(f, "store {store}: no role {role:?}"),
            Self::Future { made, now } => write!(f, "made {made}, which is after {now}"),
        }
    }
}

impl std::error::Error for BundleError {}
