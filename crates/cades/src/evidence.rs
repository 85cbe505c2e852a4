//! Everything inside a signature that validation can use: certificates, CRLs and OCSP responses.

use crate::attribute::Attribute;
use crate::oid;
use crate::signed_data::SignedData;
use crate::signer_info::SignerInfo;
use crate::timestamp::{TimeStampToken, TokenError};
use crate::unsigned::{certificate_values, revocation_values, tokens, values_of};
use kyso_x509::{Certificate, CertificateList, ObjectIdentifier, OcspResponse};
use std::collections::HashSet;

/// Evidence that a signature brings with it, each piece once; it proves nothing by being there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddedEvidence {
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// CRLs.
    pub crls: Vec<CertificateList>,
    /// OCSP responses.
    pub ocsp: Vec<OcspResponse>,
}

impl SignedData {
    /// The evidence of one signer: `certificates` and `crls`, its unsigned attributes, and its time-stamp tokens
    /// and counter-signatures with theirs.
    ///
    /// Empty for a signer that is not there.
    #[must_use]
    pub fn embedded_evidence(&self, index: usize) -> EmbeddedEvidence {
        let mut collection = Collection::default();
        if let Some(signer) = self.signer_infos().get(index) {
            collection.add_signed_data(self);
            collection.add_signer(signer, TOKEN_DEPTH);
        }
        collection.evidence
    }
}

/// A token's own signer may carry tokens, a counter-signature too, and no further: nothing in use nests deeper.
pub(crate) const TOKEN_DEPTH: u8 = 2;

/// The unsigned attributes that hold tokens.
pub(crate) const TOKEN_ATTRIBUTES: [ObjectIdentifier; 4] = [
    oid::SIGNATURE_TIME_STAMP,
    oid::CADES_C_TIME_STAMP,
    oid::REFERENCES_TIME_STAMP,
    oid::ARCHIVE_TIME_STAMP_V3,
];

/// Evidence under collection, and what of it is there already.
#[derive(Default)]
pub(crate) struct Collection {
    pub(crate) evidence: EmbeddedEvidence,
    seen: HashSet<Piece>,
}

impl Collection {
    fn add_signed_data(&mut self, signed_data: &SignedData) {
        self.add(&signed_data.certificates(), &signed_data.crls(), &signed_data.ocsp_responses());
    }

    fn add_signer(&mut self, signer: &SignerInfo, depth: u8) {
        let archival = signer.revocation_info_archival();
        self.add(&[], &archival.crls, &archival.ocsp);
        self.add_tokens(signer.content_time_stamps(), depth);
        self.add_attributes(signer.unsigned_attributes(), depth);
    }

    /// Adds what unsigned attributes hold, tokens as deep as `depth`.
    pub(crate) fn add_attributes(&mut self, attributes: &[Attribute], depth: u8) {
        let values = revocation_values(attributes, oid::REVOCATION_VALUES);
        self.add(&certificate_values(attributes), &values.crls, &values.ocsp);
        for oid in TOKEN_ATTRIBUTES {
            self.add_tokens(tokens(attributes, oid), depth);
        }
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        for value in values_of(attributes, oid::COUNTER_SIGNATURE) {
            if let Ok(counter) = SignerInfo::from_ber(value) {
                self.add_signer(&counter, depth);
            }
        }
    }

    fn add_tokens(&mut self, tokens: Vec<Result<TimeStampToken, TokenError>>, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        for token in tokens.into_iter().flatten() {
            self.add_signed_data(token.signed_data());
            for signer in token.signed_data().signer_infos() {
                self.add_signer(signer, depth);
            }
        }
    }

    pub(crate) fn add(
        &mut self,
        certificates: &[Certificate],
        crls: &[CertificateList],
        ocsp: &[OcspResponse],
    ) {
        let Self { evidence, seen } = self;
        for one in certificates {
            if seen.insert(Piece::Certificate(one.clone())) {
                evidence.certificates.push(one.clone());
            }
        }
        for one in crls {
            if seen.insert(Piece::Crl(one.clone())) {
                evidence.crls.push(one.clone());
            }
        }
        for one in ocsp {
            if seen.insert(Piece::Ocsp(one.clone())) {
                evidence.ocsp.push(one.clone());
            }
        }
    }
}

/// A piece of evidence, known by its bytes.
enum Piece {
    Certificate(Certificate),
    Crl(CertificateList),
    Ocsp(OcspResponse),
}

impl Piece {
    fn der(&self) -> &[u8] {
        match self {
            Self::Certificate(certificate) => certificate.as_der(),
            Self::Crl(crl) => crl.as_der(),
            // With or without what RFC 6960 puts around it.
            Self::Ocsp(response) => response.basic_der(),
        }
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Piece {}

impl core::hash::Hash for Piece {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}
