//! Typed access to the unsigned attributes of CAdES (EN 319 122-1 §5.3, §5.5 and annex A) and to content-time-stamp.

use crate::attribute::Attribute;
use crate::oid;
use crate::signer_info::SignerInfo;
use crate::timestamp::{TimeStampToken, TokenError};
use kyso_x509::asn1::{Asn1Error, Reader, Rules, tag};
use kyso_x509::{Certificate, CertificateList, ObjectIdentifier, OcspResponse};

/// What revocation-values holds (EN 319 122-1 §A.1.2.2); what cannot be read is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationValues {
    /// crlVals.
    pub crls: Vec<CertificateList>,
    /// ocspVals.
    pub ocsp: Vec<OcspResponse>,
}

/// An archive time-stamp of a form that is not validated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegacyArchive {
    /// archive-time-stamp of TS 101 733 before v1.7.
    V1,
    /// archive-time-stamp, ATSv2 (EN 319 122-1 §A.2.4).
    V2,
    /// long-term-validation (EN 319 122-1 §A.2.5).
    LongTermValidation,
}

impl core::fmt::Display for LegacyArchive {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::V1 => "archive-time-stamp v1",
            Self::V2 => "archive-time-stamp v2",
            Self::LongTermValidation => "long-term-validation",
        })
    }
}

impl SignerInfo {
    /// The tokens of signature-time-stamp (§5.3), in order, or why one cannot be read.
    #[must_use]
    pub fn signature_time_stamps(&self) -> Vec<Result<TimeStampToken, TokenError>> {
        self.tokens(oid::SIGNATURE_TIME_STAMP)
    }

    /// The tokens of content-time-stamp (§5.2.8), a signed attribute, in order, or why one cannot be read.
    #[must_use]
    pub fn content_time_stamps(&self) -> Vec<Result<TimeStampToken, TokenError>> {
        let attributes = self.signed_attributes().map(|signed| signed.list()).unwrap_or_default();
        tokens(attributes, oid::CONTENT_TIME_STAMP)
    }

    /// The tokens of archive-time-stamp-v3 (§5.5.3), in order, or why one cannot be read.
    #[must_use]
    pub fn archive_time_stamps(&self) -> Vec<Result<TimeStampToken, TokenError>> {
        self.tokens(oid::ARCHIVE_TIME_STAMP_V3)
    }

    /// The tokens of CAdES-C-timestamp and time-stamped-certs-crls-references (§A.1.5); nothing here relies on them.
    #[must_use]
    pub fn reference_time_stamps(&self) -> Vec<Result<TimeStampToken, TokenError>> {
        let mut tokens = self.tokens(oid::CADES_C_TIME_STAMP);
        tokens.extend(self.tokens(oid::REFERENCES_TIME_STAMP));
        tokens
    }

    /// The archive time-stamps of older forms, which are recognised and not validated.
    #[must_use]
    pub fn legacy_archives(&self) -> Vec<LegacyArchive> {
        let form = |attribute: &Attribute| match attribute.oid {
            oid::ARCHIVE_TIME_STAMP_V1 => Some(LegacyArchive::V1),
            oid::ARCHIVE_TIME_STAMP_V2 => Some(LegacyArchive::V2),
            oid::LONG_TERM_VALIDATION => Some(LegacyArchive::LongTermValidation),
            _ => None,
        };
        self.unsigned_attributes().iter().filter_map(form).collect()
    }

    /// The certificates of certificate-values (§A.1.1.2) that can be read.
    #[must_use]
    pub fn certificate_values(&self) -> Vec<Certificate> {
        certificate_values(self.unsigned_attributes())
    }

    /// revocation-values (§A.1.2.2), all of them together.
    #[must_use]
    pub fn revocation_values(&self) -> RevocationValues {
        revocation_values(self.unsigned_attributes(), oid::REVOCATION_VALUES)
    }

    /// adbe-revocationInfoArchival (ISO 32000-2 §12.8.3.3.2), a signed attribute of PDF signatures.
    #[must_use]
    pub fn revocation_info_archival(&self) -> RevocationValues {
        let attributes = self.signed_attributes().map(|signed| signed.list()).unwrap_or_default();
        revocation_values(attributes, oid::REVOCATION_INFO_ARCHIVAL)
    }

    /// Whether complete-certificate-references and complete-revocation-references (§A.1) are there: CAdES-C.
    #[must_use]
    pub fn has_complete_references(&self) -> bool {
        let has = |oid| values_of(self.unsigned_attributes(), oid).next().is_some();
        has(oid::COMPLETE_CERTIFICATE_REFERENCES) && has(oid::COMPLETE_REVOCATION_REFERENCES)
    }

    fn tokens(&self, oid: ObjectIdentifier) -> Vec<Result<TimeStampToken, TokenError>> {
        tokens(self.unsigned_attributes(), oid)
    }
}

/// The values of all attributes of a type.
pub(crate) fn values_of(
    attributes: &[Attribute],
    oid: ObjectIdentifier,
) -> impl Iterator<Item = &Vec<u8>> {
    let of_type = move |attribute: &&Attribute| attribute.oid == oid;
    attributes.iter().filter(of_type).flat_map(|attribute| &attribute.values)
}

/// Most time-stamps of one kind that a signer may have: to check an archive time-stamp is to hash everything that is
/// there, and a renewal every other year makes 32 in the lifetime of a person.
pub const MAX_TIME_STAMPS: usize = 32;

/// The tokens of all attributes of a type; the one too many is an error, and those behind it are left out.
pub(crate) fn tokens(
    attributes: &[Attribute],
    oid: ObjectIdentifier,
) -> Vec<Result<TimeStampToken, TokenError>> {
    let of_type = attributes.iter().filter(|attribute| attribute.oid == oid);
    // Of each attribute as many are read as may be, so none is left out before the one too many.
    let mut all: Vec<_> =
        of_type.flat_map(Attribute::tokens).take(MAX_TIME_STAMPS).cloned().collect();
    if values_of(attributes, oid).count() > MAX_TIME_STAMPS {
        all.push(Err(TokenError::TooMany { limit: MAX_TIME_STAMPS }));
    }
    all
}

/// The certificates of certificate-values that can be read.
pub(crate) fn certificate_values(attributes: &[Attribute]) -> Vec<Certificate> {
    values_of(attributes, oid::CERTIFICATE_VALUES)
        .filter_map(|value| members(value).ok())
        .flatten()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect()
}

/// The values of revocation-values, or of an attribute of the same syntax.
pub(crate) fn revocation_values(
    attributes: &[Attribute],
    oid: ObjectIdentifier,
) -> RevocationValues {
    let mut values = RevocationValues::default();
    for value in values_of(attributes, oid) {
        values.add(value);
    }
    values
}

impl RevocationValues {
    /// Adds `SEQUENCE { crlVals [0] SEQUENCE OF …, ocspVals [1] SEQUENCE OF …, otherRevVals [2] … }`.
    fn add(&mut self, value: &[u8]) {
        let Ok(fields) = members_of(value, Reader::rest) else {
            return;
        };
        for field in fields {
            let list = || field.only_child()?.children()?.rest();
            match field.tag() {
                // Unreadable lists and members are as if they were not there.
                tag if tag == tag::context(0) => {
                    let read = |ber: &[u8]| CertificateList::from_der(ber).ok();
                    self.crls.extend(
                        list().unwrap_or_default().iter().filter_map(|one| read(one.raw())),
                    );
                }
                tag if tag == tag::context(1) => {
                    let read = |ber: &[u8]| OcspResponse::from_der(ber).ok();
                    self.ocsp.extend(
                        list().unwrap_or_default().iter().filter_map(|one| read(one.raw())),
                    );
                }
                // otherRevVals: no type is in use.
                _ => {}
            }
        }
    }
}

/// The members of a SEQUENCE OF, as received.
fn members(value: &[u8]) -> Result<Vec<&[u8]>, Asn1Error> {
    Ok(members_of(value, Reader::rest)?.iter().map(|element| element.raw()).collect())
}

fn members_of<'a, T>(
    value: &'a [u8],
    read: impl FnOnce(Reader<'a>) -> Result<T, Asn1Error>,
) -> Result<T, Asn1Error> {
    let mut outer = Reader::new(value, Rules::Ber);
    let sequence = outer.expect(tag::SEQUENCE)?;
    outer.finish()?;
    read(sequence.children()?)
}
