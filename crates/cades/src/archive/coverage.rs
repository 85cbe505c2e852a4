//! What an archive time-stamp proves the existence of.

use super::hash_index::HashIndex;
use crate::attribute::Attribute;
use crate::evidence::{Collection, EmbeddedEvidence, TOKEN_ATTRIBUTES, TOKEN_DEPTH};
use crate::signed_data::{RevocationInfo, SignedData};
use crate::signer_info::SignerInfo;
use crate::timestamp::TimeStampToken;
use crate::unsigned::tokens;
use kyso_x509::{Certificate, ObjectIdentifier};

/// One value of an unsigned attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CoveredAttribute {
    /// The attribute's type.
    pub oid: ObjectIdentifier,
    /// The attribute's place in [`SignerInfo::unsigned_attributes`].
    pub attribute: usize,
    /// The value's place in the attribute.
    pub value: usize,
}

/// What an archive-time-stamp-v3 covers beside content and signature, and what was added later or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Evidence that is covered: members of `certificates` and `crls`, and what lies in covered unsigned attributes.
    pub evidence: EmbeddedEvidence,
    /// Time-stamp tokens in covered unsigned attributes.
    pub tokens: Vec<TimeStampToken>,
    /// Values of unsigned attributes that are covered.
    pub unsigned_attributes: Vec<CoveredAttribute>,
    /// Places in [`SignedData::raw_certificates`] that are not covered.
    pub uncovered_certificates: Vec<usize>,
    /// Places in [`SignedData::raw_crls`] that are not covered.
    pub uncovered_crls: Vec<usize>,
    /// Values of unsigned attributes that are not covered, the time-stamp itself left out.
    pub uncovered_attributes: Vec<CoveredAttribute>,
}

impl Coverage {
    pub(super) fn new(
        signed_data: &SignedData,
        signer: &SignerInfo,
        hash_index: &HashIndex,
        token: &TimeStampToken,
    ) -> Self {
        let mut collection = Collection::default();
        let mut uncovered_certificates = Vec::new();
        let certificates = hash_index.covers_certificates(signed_data);
        for (place, (raw, covered)) in
            signed_data.raw_certificates().iter().zip(certificates).enumerate()
        {
            if !covered {
                uncovered_certificates.push(place);
            } else if let Ok(certificate) = Certificate::from_der(raw) {
                collection.add(&[certificate], &[], &[]);
            }
        }
        let mut uncovered_crls = Vec::new();
        let crls = hash_index.covers_crls(signed_data);
        for (place, (raw, covered)) in signed_data.raw_crls().iter().zip(crls).enumerate() {
            if !covered {
                uncovered_crls.push(place);
                continue;
            }
            match RevocationInfo::from_ber(raw) {
                Some(RevocationInfo::Crl(crl)) => collection.add(&[], &[crl], &[]),
                Some(RevocationInfo::Ocsp(response)) => collection.add(&[], &[], &[response]),
                None => {}
            }
        }

        let mut covered_values: Vec<Attribute> = Vec::new();
        let mut unsigned_attributes = Vec::new();
        let mut uncovered_attributes = Vec::new();
        let attributes = signer.unsigned_attributes();
        for ((place, value_place), covered) in hash_index.covers_attributes(signer) {
            let Some(Attribute { oid, values, .. }) = attributes.get(place) else {
                continue;
            };
            let Some(value) = values.get(value_place) else {
                continue;
            };
            let reference = CoveredAttribute { oid: *oid, attribute: place, value: value_place };
            if covered {
                unsigned_attributes.push(reference);
                covered_values.push(Attribute::new(*oid, vec![value.clone()]));
            } else if value.as_slice() != token.as_received() {
                uncovered_attributes.push(reference);
            }
        }
        collection.add_attributes(&covered_values, TOKEN_DEPTH);
        let tokens = TOKEN_ATTRIBUTES
            .into_iter()
            .flat_map(|oid| tokens(&covered_values, oid))
            .flatten()
            .collect();
        Self {
            evidence: collection.evidence,
            tokens,
            unsigned_attributes,
            uncovered_certificates,
            uncovered_crls,
            uncovered_attributes,
        }
    }

    /// True when the index leaves out nothing that is there now.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.uncovered_certificates.is_empty()
            && self.uncovered_crls.is_empty()
            && self.uncovered_attributes.is_empty()
    }
}
