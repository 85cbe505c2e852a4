//! The ats-hash-index-v3 attribute (EN 319 122-1 §5.5.2).
//!
//! ```text
//! ATSHashIndexV3 ::= SEQUENCE {
//!     hashIndAlgorithm            AlgorithmIdentifier,
//!     certificatesHashIndex       SEQUENCE OF OCTET STRING,
//!     crlsHashIndex               SEQUENCE OF OCTET STRING,
//!     unsignedAttrValuesHashIndex SEQUENCE OF OCTET STRING }
//! ```

use super::failure::{ArchiveFailure, IndexedKind};
use crate::oid;
use crate::signed_data::SignedData;
use crate::signer_info::SignerInfo;
use crate::timestamp::TimeStampToken;
use kyso_x509::asn1::{self, Asn1Error, Reader, Rules, tag};
use kyso_x509::{AlgorithmIdentifier, Digest, DigestAlgorithm, Hasher, ObjectIdentifier};
use std::collections::HashSet;

/// A hash index, as received or as newly made.
pub(crate) struct HashIndex {
    der: Vec<u8>,
    algorithm: DigestAlgorithm,
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    attributes: Vec<Vec<u8>>,
}

impl HashIndex {
    /// The index in the unsigned attributes of a token.
    pub(crate) fn of_token(token: &TimeStampToken) -> Result<Self, ArchiveFailure> {
        let signers = token.signed_data().signer_infos();
        let attributes = signers.first().map(SignerInfo::unsigned_attributes).unwrap_or_default();
        let mut found = attributes.iter().filter(|one| one.oid == oid::ATS_HASH_INDEX_V3);
        let Some(attribute) = found.next() else {
            let is_legacy = |oid: &&ObjectIdentifier| {
                [oid::ATS_HASH_INDEX_V1, oid::ATS_HASH_INDEX_V2].contains(oid)
            };
            let legacy = attributes.iter().map(|one| &one.oid).find(is_legacy);
            return Err(legacy.map_or(ArchiveFailure::HashIndexMissing, |oid| {
                ArchiveFailure::LegacyHashIndex { oid: *oid }
            }));
        };
        let ([value], None) = (attribute.values.as_slice(), found.next()) else {
            return Err(ArchiveFailure::HashIndexNotSingleValued);
        };
        let index = Self::from_der(value)?;
        let imprint = token.info().message_imprint().algorithm();
        if index.algorithm != imprint {
            return Err(ArchiveFailure::AlgorithmMismatch { index: index.algorithm, imprint });
        }
        Ok(index)
    }

    pub(crate) fn from_der(der: &[u8]) -> Result<Self, ArchiveFailure> {
        let (algorithm, [certificates, crls, attributes]) =
            fields(der).map_err(ArchiveFailure::MalformedHashIndex)?;
        let algorithm =
            algorithm.to_digest_algorithm().map_err(ArchiveFailure::UnsupportedAlgorithm)?;
        Ok(Self { der: der.to_vec(), algorithm, certificates, crls, attributes })
    }

    /// An index over everything that is there now.
    pub(crate) fn over(
        signed_data: &SignedData,
        signer: &SignerInfo,
        algorithm: DigestAlgorithm,
    ) -> Self {
        let digests = |members: Vec<Digest>| -> Vec<Vec<u8>> {
            members.iter().map(|digest| digest.as_bytes().to_vec()).collect()
        };
        let certificates = digests(member_digests(signed_data.raw_certificates(), algorithm));
        let crls = digests(member_digests(signed_data.raw_crls(), algorithm));
        let attributes = digests(
            attribute_digests(signer, algorithm).into_iter().map(|(_, digest)| digest).collect(),
        );
        let list = |members: &[Vec<u8>]| {
            let octets: Vec<_> =
                members.iter().map(|hash| asn1::tlv(tag::OCTET_STRING, hash)).collect();
            asn1::sequence(&octets)
        };
        let der = asn1::sequence(&[
            algorithm.to_algorithm_identifier().to_der(),
            list(&certificates),
            list(&crls),
            list(&attributes),
        ]);
        Self { der, algorithm, certificates, crls, attributes }
    }

    /// The whole SEQUENCE.
    pub(crate) fn as_received(&self) -> &[u8] {
        &self.der
    }

    /// hashIndAlgorithm.
    pub(crate) const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// §5.5.2: every entry must be the digest of something that is there.
    pub(crate) fn check_members(
        &self,
        signed_data: &SignedData,
        signer: &SignerInfo,
    ) -> Result<(), ArchiveFailure> {
        let check = |kind, entries: &[Vec<u8>], present: Vec<Digest>| {
            let present: HashSet<&[u8]> = present.iter().map(Digest::as_bytes).collect();
            match entries.iter().position(|entry| !present.contains(entry.as_slice())) {
                None => Ok(()),
                Some(position) => Err(ArchiveFailure::MemberMissing { kind, position }),
            }
        };
        let algorithm = self.algorithm;
        let certificates = member_digests(signed_data.raw_certificates(), algorithm);
        check(IndexedKind::Certificate, &self.certificates, certificates)?;
        let crls = member_digests(signed_data.raw_crls(), algorithm);
        check(IndexedKind::RevocationInfo, &self.crls, crls)?;
        let attributes =
            attribute_digests(signer, algorithm).into_iter().map(|(_, digest)| digest).collect();
        check(IndexedKind::UnsignedAttributeValue, &self.attributes, attributes)
    }

    /// For each certificate of the SignedData whether it is covered.
    pub(crate) fn covers_certificates(&self, signed_data: &SignedData) -> Vec<bool> {
        covers(&self.certificates, &member_digests(signed_data.raw_certificates(), self.algorithm))
    }

    /// For each member of `crls` whether it is covered.
    pub(crate) fn covers_crls(&self, signed_data: &SignedData) -> Vec<bool> {
        covers(&self.crls, &member_digests(signed_data.raw_crls(), self.algorithm))
    }

    /// For each value of each unsigned attribute, as places of attribute and value, whether it is covered.
    pub(crate) fn covers_attributes(&self, signer: &SignerInfo) -> Vec<((usize, usize), bool)> {
        let (places, digests): (Vec<_>, Vec<_>) =
            attribute_digests(signer, self.algorithm).into_iter().unzip();
        places.into_iter().zip(covers(&self.attributes, &digests)).collect()
    }
}

fn covers(entries: &[Vec<u8>], present: &[Digest]) -> Vec<bool> {
    let entries: HashSet<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    present.iter().map(|digest| entries.contains(digest.as_bytes())).collect()
}

/// Digest of each member with tag, length and value.
fn member_digests(members: &[Vec<u8>], algorithm: DigestAlgorithm) -> Vec<Digest> {
    members.iter().map(|member| algorithm.digest(member)).collect()
}

/// Digest of attrType and each of its values, with the places of attribute and value.
fn attribute_digests(
    signer: &SignerInfo,
    algorithm: DigestAlgorithm,
) -> Vec<((usize, usize), Digest)> {
    let mut digests = Vec::new();
    for (place, attribute) in signer.unsigned_attributes().iter().enumerate() {
        let attribute_type = asn1::oid(attribute.oid);
        for (value_place, value) in attribute.values.iter().enumerate() {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(&attribute_type);
            hasher.update(value);
            digests.push(((place, value_place), hasher.finish()));
        }
    }
    digests
}

/// One list of the index.
type Digests = Vec<Vec<u8>>;

/// Algorithm and the three lists.
fn fields(der: &[u8]) -> Result<(AlgorithmIdentifier, [Digests; 3]), Asn1Error> {
    let mut outer = Reader::new(der, Rules::Der);
    let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
    outer.finish()?;
    let algorithm = AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
    let mut list = || -> Result<Digests, Asn1Error> {
        let members = fields.expect(tag::SEQUENCE)?.children()?.rest()?;
        members.iter().map(|member| Ok(member.octets()?.into_owned())).collect()
    };
    let lists = [list()?, list()?, list()?];
    fields.finish()?;
    Ok((algorithm, lists))
}
