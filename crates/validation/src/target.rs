//! A verified signature as the blocks of EN 319 102-1 see it, whatever its format.

use kyso_cades::timestamp::TokenError;
use kyso_cades::{Coverage, EmbeddedEvidence, SigningCertificateBinding, TimeStampToken};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, SignatureAlgorithm};

use crate::evaluation::Named;
use crate::indication::FailedReason;
use crate::report::{Finding, TimestampKind};

/// A signature whose format, signing certificate and value hold (§5.2.2, §5.2.3, §5.2.7).
pub(crate) struct Target<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) algorithm: SignatureAlgorithm,
    /// What its value is called among the proofs of existence.
    pub(crate) name: Digest,
    /// The digest algorithms between what is signed and the value.
    pub(crate) digests: Vec<DigestAlgorithm>,
    pub(crate) binding: SigningCertificateBinding,
    pub(crate) policy: Option<Named>,
    pub(crate) timestamps: &'a dyn Timestamps,
}

/// The time-stamps of a signature. They are read only where the policy lets so many be looked at.
pub(crate) trait Timestamps {
    fn count(&self) -> usize;

    /// Each with what it covers; the outermost first, as they are validated (§5.6.3.4).
    fn outermost_first(&self) -> Vec<Attached>;

    /// What the signature itself protects beside its certificate, by the names that proofs know it by: who knew the
    /// value knew this.
    fn with_the_signature(&self) -> Vec<Digest>;
}

/// A time-stamp on a signature.
pub(crate) struct Attached {
    pub(crate) kind: TimestampKind,
    pub(crate) token: Result<TimeStampToken, TokenError>,
    pub(crate) imprint: Imprint,
    /// What it covers beside the value; none for those that cover nothing more.
    pub(crate) coverage: Option<Covered>,
}

/// Whether the imprint is that of what the time-stamp is attached to.
pub(crate) enum Imprint {
    Holds,
    Differs,
    /// What it covers is not at hand.
    Unknown,
    /// What it says of its coverage does not hold.
    Fails(FailedReason, Finding),
}

impl Imprint {
    pub(crate) fn compare(covered: Option<&Digest>, token: &TimeStampToken) -> Self {
        match covered.map(|digest| digest == token.info().message_imprint()) {
            Some(true) => Self::Holds,
            Some(false) => Self::Differs,
            None => Self::Unknown,
        }
    }
}

/// Evidence and time-stamps that a time-stamp covers.
pub(crate) struct Covered {
    pub(crate) evidence: EmbeddedEvidence,
    pub(crate) tokens: Vec<TimeStampToken>,
}

impl From<Coverage> for Covered {
    fn from(coverage: Coverage) -> Self {
        Self { evidence: coverage.evidence, tokens: coverage.tokens }
    }
}
