//! A time-stamp token (RFC 3161 §2.4.2): SignedData around a TSTInfo.

use super::error::TokenError;
use super::tst_info::TstInfo;
use crate::oid;
use crate::signed_data::SignedData;
use kyso_x509::asn1::{Reader, Rules};
use std::sync::Arc;

/// A time-stamp token as received; cloning it copies a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampToken(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    ber: Vec<u8>,
    signed_data: SignedData,
    info: TstInfo,
}

impl TimeStampToken {
    /// Reads a ContentInfo in BER or DER that fills all of the bytes.
    ///
    /// # Errors
    /// When it is malformed, or is no SignedData that holds a TSTInfo.
    pub fn from_ber(ber: &[u8]) -> Result<Self, TokenError> {
        Self::new(ber, SignedData::from_ber(ber)?)
    }

    /// As [`Self::from_ber`], for `/Contents` of a document time-stamp: zero bytes may follow.
    ///
    /// # Errors
    /// As [`Self::from_ber`].
    pub fn from_padded_ber(padded: &[u8]) -> Result<Self, TokenError> {
        let signed_data = SignedData::from_padded_ber(padded)?;
        let element = Reader::new(padded, Rules::Ber).element().map_err(TokenError::Asn1)?;
        Self::new(element.raw(), signed_data)
    }

    fn new(ber: &[u8], signed_data: SignedData) -> Result<Self, TokenError> {
        if signed_data.content_type() != oid::TST_INFO {
            return Err(TokenError::NotTstInfo { content_type: signed_data.content_type() });
        }
        let content = signed_data.content().ok_or(TokenError::ContentMissing)?;
        let info = TstInfo::from_der(content)?;
        Ok(Self(Arc::new(Inner { ber: ber.to_vec(), signed_data, info })))
    }

    /// The bytes received.
    #[must_use]
    pub fn as_received(&self) -> &[u8] {
        &self.0.ber
    }

    /// The SignedData around the TSTInfo.
    #[must_use]
    pub fn signed_data(&self) -> &SignedData {
        &self.0.signed_data
    }

    /// What the token says.
    #[must_use]
    pub fn info(&self) -> &TstInfo {
        &self.0.info
    }
}
