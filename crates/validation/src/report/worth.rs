//! What time-stamps are worth beside their verdicts: a level is not reached by one that proves nothing.

use kyso_x509::Digest;

use super::{Need, SignatureReport, TimestampReport};
use crate::indication::{IndeterminateReason, Indication};

/// What a time-stamp proves under the anchors and the policy that its signature is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It holds.
    Proves,
    /// What is missing may still be had, or there is no anchor to judge by.
    Open,
    /// It is wrong, or by somebody whom no anchor vouches for: anyone can add such a one.
    Nothing,
}

impl SignatureReport {
    /// What one of its time-stamps is worth.
    #[must_use]
    pub fn worth(&self, stamp: &TimestampReport) -> Worth {
        use IndeterminateReason as I;
        match stamp.indication {
            Indication::TotalPassed => Worth::Proves,
            Indication::TotalFailed(_) => Worth::Nothing,
            Indication::Indeterminate(_) if self.trust_store.is_none() => Worth::Open,
            // Lapsed, of a status that is not known, or of a time to come: other evidence or another time may settle it.
            Indication::Indeterminate(
                I::TryLater
                | I::SignedDataNotFound
                | I::OutOfBoundsNoPoe
                | I::OutOfBoundsNotRevoked
                | I::RevocationOutOfBoundsNoPoe
                | I::CryptoConstraintsFailureNoPoe
                | I::TimestampOrderFailure
                | I::NoPoe,
            ) => Worth::Open,
            Indication::Indeterminate(I::NoCertificateChainFound) => {
                let is_to_be_had = |need: &Need| matches!(need, Need::IssuerCertificate { sources, .. } if !sources.is_empty());
                if self.needs.iter().any(is_to_be_had) { Worth::Open } else { Worth::Nothing }
            }
            Indication::Indeterminate(_) => Worth::Nothing,
        }
    }

    /// The SHA-256 of each time-stamp token that proves nothing.
    #[must_use]
    pub fn worthless_timestamps(&self) -> Vec<Digest> {
        let worthless = |stamp: &&TimestampReport| self.worth(stamp) == Worth::Nothing;
        self.timestamps.iter().filter(worthless).map(|stamp| stamp.sha256).collect()
    }
}
