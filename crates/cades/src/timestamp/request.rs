//! TimeStampReq (RFC 3161 §2.4.1).

use super::error::ResponseMismatch;
use super::token::TimeStampToken;
use kyso_x509::asn1::{self, Reader, Rules, tag};
use kyso_x509::{Digest, ObjectIdentifier};

/// What is asked of a time-stamping authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampRequest {
    /// Digest of what is to be stamped.
    pub message_imprint: Digest,
    /// Random, big-endian, unsigned: shows that the answer is no old one. The caller draws it; 8 bytes are usual.
    pub nonce: Option<Vec<u8>>,
    /// The policy wanted; `None` leaves it to the authority.
    pub policy: Option<ObjectIdentifier>,
    /// True to have the authority's certificate in the token.
    pub cert_req: bool,
}

impl TimeStampRequest {
    /// DER of `TimeStampReq`, version 1.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let imprint = asn1::sequence(&[
            self.message_imprint.algorithm().to_algorithm_identifier().to_der(),
            asn1::tlv(tag::OCTET_STRING, self.message_imprint.as_bytes()),
        ]);
        let mut fields = vec![asn1::small_integer(1), imprint];
        fields.extend(self.policy.map(asn1::oid));
        fields.extend(self.nonce.as_deref().map(asn1::unsigned_integer));
        // DEFAULT FALSE.
        if self.cert_req {
            fields.push(asn1::tlv(tag::BOOLEAN, &[0xff]));
        }
        asn1::sequence(&fields)
    }

    /// Checks that a token answers this request; its signature is another question.
    ///
    /// # Errors
    /// When imprint, nonce, policy or the presence of certificates differ from what was asked for.
    pub fn check(&self, token: &TimeStampToken) -> Result<(), ResponseMismatch> {
        let info = token.info();
        if *info.message_imprint() != self.message_imprint {
            return Err(ResponseMismatch::Imprint { stamped: *info.message_imprint() });
        }
        if let Some(nonce) = &self.nonce {
            let requested = asn1::unsigned_integer(nonce);
            let requested = Reader::new(&requested, Rules::Der).element().ok();
            if requested.map(|element| element.value()) != info.nonce() {
                return Err(ResponseMismatch::Nonce);
            }
        }
        if let Some(requested) = self.policy
            && requested != info.policy()
        {
            return Err(ResponseMismatch::Policy { requested, applied: info.policy() });
        }
        let has_certificates = !token.signed_data().raw_certificates().is_empty();
        match (self.cert_req, has_certificates) {
            (true, false) => Err(ResponseMismatch::CertificatesMissing),
            (false, true) => Err(ResponseMismatch::CertificatesUnwanted),
            _ => Ok(()),
        }
    }
}
