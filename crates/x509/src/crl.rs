//! Certificate revocation lists (RFC 5280 §5) over the bytes that were received.

use crate::asn1::{Asn1Error, Reader, Rules, tag};
use crate::time::Time;
use std::sync::Arc;

/// A CRL; cloning it copies a pointer.
#[derive(Clone)]
pub struct CertificateList(Arc<Vec<u8>>);

/// Why a certificate was revoked (RFC 5280 §5.3.1, CRLReason).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationReason {
    /// 0, and where no reason is given.
    Unspecified,
    /// 1.
    KeyCompromise,
    /// 2.
    CaCompromise,
    /// 3: name or other information of the subject changed.
    AffiliationChanged,
    /// 4: another certificate took its place.
    Superseded,
    /// 5.
    CessationOfOperation,
    /// 6: suspended, and may return.
    CertificateHold,
    /// 8: in a delta CRL, no longer revoked.
    RemoveFromCrl,
    /// 9.
    PrivilegeWithdrawn,
    /// 10.
    AaCompromise,
}

/// One certificate's entry in a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedEntry {
    /// revocationDate.
    pub revocation_date: Time,
    /// reasonCode.
    pub reason: RevocationReason,
    /// invalidityDate: since when the key is suspected.
    pub invalidity_date: Option<Time>,
}

impl CertificateList {
    /// Reads one CRL in DER.
    ///
    /// # Errors
    /// When it is malformed or followed by more.
    pub fn from_der(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(der, Rules::Der);
        reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        Ok(Self(Arc::new(der.to_vec())))
    }

    /// The bytes received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

/// Equal lists have equal bytes.
impl PartialEq for CertificateList {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for CertificateList {}

impl core::fmt::Debug for CertificateList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "CertificateList({} bytes)", self.0.len())
    }
}
