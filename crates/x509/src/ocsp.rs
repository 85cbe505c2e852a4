//! OCSP responses (RFC 6960) over the bytes that were received.

use crate::asn1::{Asn1Error, Reader, Rules, tag};
use std::sync::Arc;

/// A BasicOCSPResponse; cloning it copies a pointer.
#[derive(Clone)]
pub struct OcspResponse(Arc<Vec<u8>>);

impl OcspResponse {
    /// Reads an OCSPResponse or a bare BasicOCSPResponse in DER.
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

/// Equal responses have equal bytes.
impl PartialEq for OcspResponse {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for OcspResponse {}

impl core::fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "OcspResponse({} bytes)", self.0.len())
    }
}
