//! Indications and sub-indications of EN 319 102-1 v1.4.1 §5.1.3; only lawful pairs compile.

use core::fmt;

/// The verdict on one signature (EN 319 102-1 §5.1.3, tables 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indication {
    /// Everything that the policy demands was checked and holds.
    TotalPassed,
    /// The signature is wrong, whatever else becomes known.
    TotalFailed(FailedReason),
    /// What is known does not allow a verdict.
    Indeterminate(IndeterminateReason),
}

/// Sub-indications of TOTAL-FAILED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailedReason {
    /// FORMAT_FAILURE: the signature does not conform to its format.
    FormatFailure,
    /// HASH_FAILURE: a digest of signed data does not match.
    HashFailure,
    /// SIG_CRYPTO_FAILURE: the signature value does not verify.
    SigCryptoFailure,
    /// REVOKED: the certificate was revoked before the signature can have existed.
    Revoked,
    /// EXPIRED: the certificate had expired before the signature can have existed.
    Expired,
    /// NOT_YET_VALID: the signature is older than its certificate.
    NotYetValid,
}

/// Sub-indications of INDETERMINATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndeterminateReason {
    /// SIG_CONSTRAINTS_FAILURE: the policy demands of the signature something that it lacks.
    SigConstraintsFailure,
    /// CHAIN_CONSTRAINTS_FAILURE: the path does not meet the policy.
    ChainConstraintsFailure,
    /// CERTIFICATE_CHAIN_GENERAL_FAILURE: the path could not be checked for another reason.
    CertificateChainGeneralFailure,
    /// CRYPTO_CONSTRAINTS_FAILURE: an algorithm or key size is below the policy's demand.
    CryptoConstraintsFailure,
    /// NO_SIGNING_CERTIFICATE_FOUND: the signer's certificate cannot be identified.
    NoSigningCertificateFound,
    /// NO_CERTIFICATE_CHAIN_FOUND: no path leads to a trust anchor.
    NoCertificateChainFound,
    /// OUT_OF_BOUNDS_NO_POE: outside the certificate's validity, and nothing proves existence within.
    OutOfBoundsNoPoe,
    /// TRY_LATER: revocation status is not known yet.
    TryLater,
    /// SIGNED_DATA_NOT_FOUND: the signed content is not at hand.
    SignedDataNotFound,
    /// POLICY_PROCESSING_ERROR: the policy that the signature names could not be processed.
    PolicyProcessingError,
    /// SIGNATURE_POLICY_NOT_AVAILABLE: the policy that the signature names is not at hand.
    SignaturePolicyNotAvailable,
    /// TIMESTAMP_ORDER_FAILURE: time-stamps contradict each other or the signature.
    TimestampOrderFailure,
    /// REVOKED_NO_POE: the signer's certificate is revoked, and nothing proves that the signature is older.
    RevokedNoPoe,
    /// REVOKED_CA_NO_POE: a CA's certificate is revoked, and nothing proves that the signature is older.
    RevokedCaNoPoe,
    /// OUT_OF_BOUNDS_NOT_REVOKED: outside the certificate's validity, which was not revoked.
    OutOfBoundsNotRevoked,
    /// REVOCATION_OUT_OF_BOUNDS_NO_POE: no status is fresh enough for the time at which it is used.
    RevocationOutOfBoundsNoPoe,
    /// CRYPTO_CONSTRAINTS_FAILURE_NO_POE: an algorithm has lapsed, and nothing proves that its use is older.
    CryptoConstraintsFailureNoPoe,
    /// NO_POE: nothing proves that the signature existed before something that compromises it.
    NoPoe,
}

impl Indication {
    /// The main indication as the standard spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TotalPassed => "TOTAL-PASSED",
            Self::TotalFailed(_) => "TOTAL-FAILED",
            Self::Indeterminate(_) => "INDETERMINATE",
        }
    }

    /// The sub-indication as the standard spells it; none for TOTAL-PASSED.
    #[must_use]
    pub const fn sub_indication(self) -> Option<&'static str> {
        match self {
            Self::TotalPassed => None,
            Self::TotalFailed(reason) => Some(reason.as_str()),
            Self::Indeterminate(reason) => Some(reason.as_str()),
        }
    }

    /// The worse of two verdicts: TOTAL-FAILED before INDETERMINATE before TOTAL-PASSED.
    #[must_use]
    pub const fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::TotalPassed => 0,
            Self::Indeterminate(_) => 1,
            Self::TotalFailed(_) => 2,
        }
    }
}

impl FailedReason {
    /// The sub-indication as the standard spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FormatFailure => "FORMAT_FAILURE",
            Self::HashFailure => "HASH_FAILURE",
            Self::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
        }
    }
}

impl IndeterminateReason {
    /// The sub-indication as the standard spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SigConstraintsFailure => "SIG_CONSTRAINTS_FAILURE",
            Self::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            Self::CertificateChainGeneralFailure => "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            Self::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            Self::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            Self::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            Self::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            Self::TryLater => "TRY_LATER",
            Self::SignedDataNotFound => "SIGNED_DATA_NOT_FOUND",
            Self::PolicyProcessingError => "POLICY_PROCESSING_ERROR",
            Self::SignaturePolicyNotAvailable => "SIGNATURE_POLICY_NOT_AVAILABLE",
            Self::TimestampOrderFailure => "TIMESTAMP_ORDER_FAILURE",
            Self::RevokedNoPoe => "REVOKED_NO_POE",
            Self::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            Self::OutOfBoundsNotRevoked => "OUT_OF_BOUNDS_NOT_REVOKED",
            Self::RevocationOutOfBoundsNoPoe => "REVOCATION_OUT_OF_BOUNDS_NO_POE",
            Self::CryptoConstraintsFailureNoPoe => "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            Self::NoPoe => "NO_POE",
        }
    }
}

impl fmt::Display for Indication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self.sub_indication() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_counts() {
        let failed = Indication::TotalFailed(FailedReason::HashFailure);
        let open = Indication::Indeterminate(IndeterminateReason::TryLater);
        assert_eq!(Indication::TotalPassed.worse(open), open);
        assert_eq!(open.worse(failed), failed);
        assert_eq!(failed.worse(open), failed);
    }
}
