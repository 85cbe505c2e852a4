//! Signature validation policies (EN 319 102-1 §5.1.4): what is demanded, as data; there is no default.

mod built_in;
mod file;

use std::collections::BTreeMap;

use kyso_x509::{DigestAlgorithm, EllipticCurve, ObjectIdentifier, Time};

pub use file::{PolicyError, PolicyFault};

/// By what a signature is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name, such as `vn-public-service`.
    pub name: String,
    /// What it rests on, for reports: law, standard.
    pub sources: Vec<String>,
    /// Constraints on the signature itself.
    pub signature: SignatureConstraints,
    /// X.509 validation constraints of the signer's path.
    pub path: PathConstraints,
    /// Whether revocation status is demanded, and how fresh.
    pub revocation: RevocationConstraints,
    /// Time-stamp constraints.
    pub timestamps: TimestampConstraints,
    /// Algorithms with the time until which each is held to be strong (ETSI TS 119 312).
    pub suites: CryptographicSuites,
    /// Bounds on work.
    pub limits: Limits,
}

/// Constraints on the signature itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureConstraints {
    /// The signing-certificate attribute is demanded: an AdES signature.
    pub require_signing_certificate: bool,
    /// Whether a path to an anchor is demanded even where no store has an anchor. False for `integrity-only`.
    pub require_path: bool,
    /// Flag a claimed signing time this many seconds ahead of the proven one instead of calling it disorder:
    /// some Vietnamese signers write local time as UTC (25,200 s).
    pub local_time_as_utc: Option<i64>,
    /// Last moment at which a document's own signature by RSASSA-PKCS1-v1_5 is taken, whatever its key's length:
    /// Circular 15/2025/TT-BKHCN demands RSASSA-PSS. Certificates, CRLs, OCSP responses and time-stamps are
    /// judged by the suites alone.
    pub rsa_pkcs1_until: Expiry,
}

/// X.509 validation constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathConstraints {
    /// Purposes of which extKeyUsage of the signer, where it is there, must name one; empty for any.
    pub purposes: Vec<ObjectIdentifier>,
    /// Whether keyUsage of the signer must hold digitalSignature or nonRepudiation.
    pub signing_key_usage: bool,
    /// user-initial-policy-set (RFC 5280 §6.1.1 (c)); empty for any-policy.
    pub policies: Vec<ObjectIdentifier>,
    /// initial-explicit-policy (RFC 5280 §6.1.1 (f)).
    pub explicit_policy: bool,
    /// Whether the anchor's own validity period counts.
    pub anchor_validity: bool,
}

/// Revocation constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationConstraints {
    /// Whether the status of every certificate below the anchor is demanded.
    pub required: bool,
    /// Freshness (EN 319 102-1 §5.2.5): greatest age in seconds of a status at the time of use, counted from its
    /// thisUpdate; `None`: until its nextUpdate.
    pub max_age: Option<i64>,
    /// Seconds by which clocks of responders and of this machine may differ.
    pub clock_skew: i64,
}

/// Time-stamp constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampConstraints {
    /// Greatest seconds between the claimed signing time and the signature time-stamp; `None` for any.
    pub max_delay: Option<i64>,
    /// Whether the revocation status of the authority's certificate is demanded.
    pub revocation_required: bool,
}

/// Algorithms and the last moment at which each is held to be strong; one that is not named is refused.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CryptographicSuites {
    /// Where the dates come from.
    pub source: String,
    /// Digests.
    pub digests: BTreeMap<DigestAlgorithm, Expiry>,
    /// RSA (PKCS#1 v1.5): shortest modulus in bits that each rule is about, longest rule that fits counts.
    pub rsa_pkcs1: Vec<KeyRule>,
    /// RSA-PSS.
    pub rsa_pss: Vec<KeyRule>,
    /// ECDSA by curve.
    pub ecdsa: Vec<(EllipticCurve, Expiry)>,
    /// Ed25519.
    pub ed25519: Option<Expiry>,
    /// ML-DSA by parameter set (44, 65, 87).
    pub ml_dsa: Vec<(u16, Expiry)>,
}

/// Until when an algorithm is held to be strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expiry {
    /// Until this moment, included.
    At(Time),
    /// No end is known.
    Never,
}

/// A key size with its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRule {
    /// Shortest modulus in bits.
    pub min_bits: usize,
    /// Until when.
    pub expiry: Expiry,
}

/// Bounds on work against hostile input; each says in the built-in policies where its number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most certificates in a path.
    pub max_path_len: usize,
    /// Most signature verifications in one path search.
    pub max_signature_checks: usize,
    /// Most signers of one document.
    pub max_signers: usize,
    /// Most time-stamps of one signature.
    pub max_timestamps: usize,
    /// Longest chain of signers of status of which each vouches for the one before; counts at present and in past
    /// certificate validation alike, whose recursion it bounds.
    pub max_status_depth: usize,
    /// Most rounds of gathering what a validation needs.
    pub max_rounds: usize,
}

impl Policy {
    /// True where a store may bring this policy along: it demands a path and revocation status. Any other, such as
    /// `integrity-only`, applies where the caller names it and nowhere else.
    #[must_use]
    pub const fn applies_unnamed(&self) -> bool {
        self.signature.require_path && self.revocation.required
    }
}

impl Expiry {
    /// True when the algorithm is still held to be strong at this time.
    #[must_use]
    pub fn covers(self, time: Time) -> bool {
        match self {
            Self::At(end) => time <= end,
            Self::Never => true,
        }
    }
}
