//! The entries of a CRL (RFC 5280 §5.3), found by serial number without holding a value for each.

use super::distribution::{GeneralName, general_names};
use crate::asn1::{Asn1Error, Element, Reader, Rules, tag};
use crate::name::Name;
use crate::time::Time;
use const_oid::ObjectIdentifier;

/// reasonCode (RFC 5280 §5.3.1).
pub const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
/// invalidityDate (RFC 5280 §5.3.2).
pub const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
/// certificateIssuer (RFC 5280 §5.3.3).
pub const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");

/// Why a certificate was revoked (RFC 5280 §5.3.1, CRLReason).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationReason {
    /// 0, and where no reason, or none that RFC 5280 knows, is given.
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

impl RevocationReason {
    /// The reason that `CRLReason ::= ENUMERATED` numbers so; unknown numbers say no more than that it is revoked.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => Self::Unspecified,
        }
    }

    /// Reads `CRLReason ::= ENUMERATED`.
    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        match (element.tag(), element.value()) {
            (ENUMERATED, [code]) => Ok(Self::from_code(*code)),
            _ => Err(element.invalid()),
        }
    }
}

/// Identifier octet of ENUMERATED.
pub(crate) const ENUMERATED: u8 = 0x0a;

/// One certificate's entry in a CRL, or the same told by an OCSP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedEntry {
    /// revocationDate.
    pub revocation_date: Time,
    /// reasonCode.
    pub reason: RevocationReason,
    /// invalidityDate: since when the key is suspected.
    pub invalidity_date: Option<Time>,
}

impl RevokedEntry {
    fn is_graver_than(&self, other: &Self) -> bool {
        let rank = |entry: &Self| match entry.reason {
            RevocationReason::RemoveFromCrl => 2,
            RevocationReason::CertificateHold => 1,
            _ => 0,
        };
        let since = |entry: &Self| {
            entry
                .invalidity_date
                .map_or(entry.revocation_date, |date| date.min(entry.revocation_date))
        };
        (rank(self), since(self)) < (rank(other), since(other))
    }
}

/// Where the entries lie in the list's bytes, and how to find one.
#[derive(Default)]
pub(super) struct Entries {
    /// For each entry the hash of its serial number above its offset, sorted: eight bytes an entry.
    index: Vec<u64>,
    /// Offsets of the entries that carry certificateIssuer, ascending.
    issuers: Vec<u32>,
    /// A critical extension of some entry that is not understood: the whole list must not be used (§5.3).
    pub(super) unknown_critical: Option<ObjectIdentifier>,
}

impl Entries {
    /// Reads `revokedCertificates`; offsets count from the start of the list.
    pub(super) fn read(list: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut entries = Self::default();
        let mut reader = list.children()?;
        while !reader.is_empty() {
            let element = reader.expect(tag::SEQUENCE)?;
            let entry = Entry::read(&element)?;
            // The list's length was compared with 32 bits before.
            let offset = u32::try_from(element.offset()).map_err(|_| element.invalid())?;
            entries.index.push(u64::from(hash(entry.serial)) << 32 | u64::from(offset));
            if entry.certificate_issuer.is_some() {
                entries.issuers.push(offset);
            }
            if entries.unknown_critical.is_none() {
                entries.unknown_critical = entry.unknown_critical;
            }
        }
        entries.index.sort_unstable();
        entries.index.shrink_to_fit();
        Ok(entries)
    }

    /// Number of entries.
    pub(super) const fn len(&self) -> usize {
        self.index.len()
    }

    /// The entry of a certificate, in the list `der` of this issuer.
    ///
    /// A list should name it once. Where it names it several times the gravest counts: a revocation before a suspension
    /// before what takes back, and of two alike the one that has held for longer.
    pub(super) fn find(
        &self,
        der: &[u8],
        crl_issuer: &Name,
        certificate_issuer: &Name,
        serial: &[u8],
    ) -> Option<RevokedEntry> {
        let wanted = hash(serial);
        let start = self.index.partition_point(|slot| slot >> 32 < u64::from(wanted));
        let mut found: Option<RevokedEntry> = None;
        for slot in self.index.get(start..)?.iter().take_while(|s| *s >> 32 == u64::from(wanted)) {
            // The lower half of a slot is the offset.
            let offset = (slot & 0xffff_ffff) as u32;
            let Some(entry) = entry_at(der, offset) else { continue };
            if shortest(entry.serial) != shortest(serial)
                || !self.is_of(der, offset, crl_issuer, certificate_issuer)
            {
                continue;
            }
            if found.is_none_or(|known| entry.revoked.is_graver_than(&known)) {
                found = Some(entry.revoked);
            }
        }
        found
    }

    /// §5.3.3: certificateIssuer holds until the next one; before the first it is the issuer of the list.
    fn is_of(&self, der: &[u8], offset: u32, crl_issuer: &Name, wanted: &Name) -> bool {
        let before = self.issuers.partition_point(|issuer| *issuer <= offset);
        let Some(last) = before.checked_sub(1).and_then(|index| self.issuers.get(index)) else {
            return crl_issuer == wanted;
        };
        let names = entry_at(der, *last)
            .and_then(|entry| entry.certificate_issuer)
            .and_then(|value| certificate_issuers(value).ok());
        names.is_some_and(|names| names.iter().any(|name| name.directory_name() == Some(wanted)))
    }
}

/// One entry as it stands.
struct Entry<'a> {
    serial: &'a [u8],
    revoked: RevokedEntry,
    /// Content of the certificateIssuer extension.
    certificate_issuer: Option<&'a [u8]>,
    unknown_critical: Option<ObjectIdentifier>,
}

impl<'a> Entry<'a> {
    /// `SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }`.
    fn read(element: &Element<'a>) -> Result<Self, Asn1Error> {
        let mut fields = element.children()?;
        let serial = fields.expect(tag::INTEGER)?;
        if serial.value().is_empty() {
            return Err(serial.invalid());
        }
        let mut entry = Self {
            serial: serial.value(),
            revoked: RevokedEntry {
                revocation_date: Time::from_element(&fields.element()?)?,
                reason: RevocationReason::Unspecified,
                invalidity_date: None,
            },
            certificate_issuer: None,
            unknown_critical: None,
        };
        if let Some(extensions) = fields.optional(tag::SEQUENCE)? {
            let mut extensions = extensions.children()?;
            while !extensions.is_empty() {
                entry.read_extension(&extensions.expect(tag::SEQUENCE)?)?;
            }
        }
        fields.finish()?;
        Ok(entry)
    }

    fn read_extension(&mut self, element: &Element<'a>) -> Result<(), Asn1Error> {
        let mut fields = element.children()?;
        let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        let critical = fields.optional(tag::BOOLEAN)?.map_or(Ok(false), |flag| flag.boolean())?;
        let value = fields.expect(tag::OCTET_STRING)?;
        fields.finish()?;
        let mut reader = Reader::new(value.value(), Rules::Der);
        match oid {
            REASON_CODE => {
                self.revoked.reason = RevocationReason::from_element(&reader.element()?)?;
            }
            INVALIDITY_DATE => {
                self.revoked.invalidity_date = Some(Time::from_element(&reader.element()?)?);
            }
            CERTIFICATE_ISSUER => {
                certificate_issuers(value.value())?;
                self.certificate_issuer = Some(value.value());
            }
            _ if critical => self.unknown_critical = Some(oid),
            _ => {}
        }
        Ok(())
    }
}

fn entry_at(der: &[u8], offset: u32) -> Option<Entry<'_>> {
    let bytes = der.get(usize::try_from(offset).ok()?..)?;
    // What was read once is read again.
    Entry::read(&Reader::new(bytes, Rules::Der).element().ok()?).ok()
}

/// `CertificateIssuer ::= GeneralNames`.
fn certificate_issuers(value: &[u8]) -> Result<Vec<GeneralName>, Asn1Error> {
    let mut reader = Reader::new(value, Rules::Der);
    let names = general_names(reader.expect(tag::SEQUENCE)?.children()?)?;
    reader.finish()?;
    Ok(names)
}

/// Two's complement without octets that say nothing: some authorities put superfluous zeros before.
pub(crate) fn shortest(mut integer: &[u8]) -> &[u8] {
    while let [0x00, next, ..] = integer
        && next & 0x80 == 0
    {
        integer = integer.get(1..).unwrap_or_default();
    }
    while let [0xff, next, ..] = integer
        && next & 0x80 != 0
    {
        integer = integer.get(1..).unwrap_or_default();
    }
    integer
}

/// FNV-1a: spreads serial numbers; equal hashes cost a comparison each and decide nothing.
fn hash(serial: &[u8]) -> u32 {
    shortest(serial)
        .iter()
        .fold(0x811c_9dc5, |sum: u32, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
