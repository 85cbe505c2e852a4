//! Certificate revocation lists (RFC 5280 §5): full, delta, indirect, partitioned.

use super::asn1::{self, constructed, context, context_primitive, sequence, tlv};
use super::certificate::{Entity, extension_list, signed};
use super::extension::{self, Extension};

/// CRLReason (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// unspecified.
    Unspecified = 0,
    /// keyCompromise.
    KeyCompromise = 1,
    /// cACompromise.
    CaCompromise = 2,
    /// affiliationChanged.
    AffiliationChanged = 3,
    /// superseded.
    Superseded = 4,
    /// cessationOfOperation.
    CessationOfOperation = 5,
    /// certificateHold.
    CertificateHold = 6,
    /// removeFromCRL, in delta CRLs.
    RemoveFromCrl = 8,
    /// privilegeWithdrawn.
    PrivilegeWithdrawn = 9,
    /// aACompromise.
    AaCompromise = 10,
}

/// issuingDistributionPoint (RFC 5280 §5.2.5).
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// distributionPoint: full names of the form URI.
    pub uris: Vec<String>,
    /// onlyContainsUserCerts.
    pub only_user_certificates: bool,
    /// onlyContainsCACerts.
    pub only_authority_certificates: bool,
    /// onlySomeReasons: the bits of ReasonFlags, first octet.
    pub only_reasons: Option<u8>,
    /// indirectCRL.
    pub indirect: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute_certificates: bool,
}

impl Scope {
    fn to_extension(&self) -> Extension {
        let mut fields = Vec::new();
        if !self.uris.is_empty() {
            let names: Vec<_> =
                self.uris.iter().map(|uri| extension::uniform_resource_identifier(uri)).collect();
            fields.push(extension::full_name(&names));
        }
        let flag = |number, set: bool| set.then(|| tlv(context_primitive(number), &[0xFF]));
        fields.extend(flag(1, self.only_user_certificates));
        fields.extend(flag(2, self.only_authority_certificates));
        fields.extend(self.only_reasons.map(|bits| {
            let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap_or(7);
            tlv(context_primitive(3), &[unused, bits])
        }));
        fields.extend(flag(4, self.indirect));
        fields.extend(flag(5, self.only_attribute_certificates));
        Extension::new("2.5.29.28", true, sequence(&fields))
    }
}

/// A CRL to be made.
#[derive(Clone, Debug)]
pub struct Crl {
    /// thisUpdate: Unix seconds.
    pub this_update: i64,
    /// nextUpdate: Unix seconds.
    pub next_update: Option<i64>,
    /// revokedCertificates, each entry in DER.
    pub entries: Vec<Vec<u8>>,
    /// crlExtensions.
    pub extensions: Vec<Extension>,
}

impl Crl {
    /// A list that names nobody.
    pub fn new(this_update: i64, next_update: i64) -> Self {
        Self {
            this_update,
            next_update: Some(next_update),
            entries: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// cRLNumber.
    pub fn number(self, number: u64) -> Self {
        self.with(Extension::new("2.5.29.20", false, asn1::integer(number)))
    }

    /// deltaCRLIndicator: the number of the base.
    pub fn delta_of(self, base: u64) -> Self {
        self.with(Extension::new("2.5.29.27", true, asn1::integer(base)))
    }

    /// issuingDistributionPoint.
    pub fn scope(self, scope: &Scope) -> Self {
        self.with(scope.to_extension())
    }

    /// expiredCertsOnCRL (X.509 §9.5.2.8): entries stay from this time on (Unix seconds).
    pub fn expired_since(self, time: i64) -> Self {
        self.with(Extension::new("2.5.29.60", false, asn1::generalized_time(time)))
    }

    /// Adds a crlExtension.
    pub fn with(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Revokes a serial number (content octets) at a time (Unix seconds); `None` leaves the reason out.
    pub fn revoke(self, serial: &[u8], date: i64, reason: Option<Reason>) -> Self {
        let extensions: Vec<_> = reason.map(reason_code).into_iter().collect();
        self.entry(serial, date, &extensions)
    }

    /// Adds an entry with these extensions.
    pub fn entry(mut self, serial: &[u8], date: i64, extensions: &[Extension]) -> Self {
        let mut fields = vec![tlv(asn1::INTEGER, serial), asn1::time(date)];
        if !extensions.is_empty() {
            fields.push(extension_list(extensions));
        }
        self.entries.push(sequence(&fields));
        self
    }

    /// The list, DER, in the name of its signer.
    pub fn signed_by(&self, issuer: &Entity) -> Vec<u8> {
        let mut extensions = self.extensions.clone();
        let key_identifier = extension::authority_key_identifier(&issuer.key.identifier());
        if extensions.iter().all(|one| one.id != key_identifier.id) {
            extensions.push(key_identifier);
        }
        let mut fields = vec![
            asn1::integer(1),
            issuer.key.algorithm_der().to_vec(),
            issuer.name.clone(),
            asn1::time(self.this_update),
        ];
        fields.extend(self.next_update.map(asn1::time));
        if !self.entries.is_empty() {
            fields.push(sequence(&self.entries));
        }
        fields.push(constructed(context(0), &[extension_list(&extensions)]));
        signed(sequence(&fields), &issuer.key, &[])
    }
}

/// reasonCode of an entry.
pub fn reason_code(reason: Reason) -> Extension {
    Extension::new("2.5.29.21", false, tlv(asn1::ENUMERATED, &[reason as u8]))
}

/// invalidityDate of an entry (Unix seconds).
pub fn invalidity_date(time: i64) -> Extension {
    Extension::new("2.5.29.24", false, asn1::generalized_time(time))
}

/// certificateIssuer of an entry of an indirect CRL: a Name, DER.
pub fn certificate_issuer(name: &[u8]) -> Extension {
    Extension::new("2.5.29.29", true, sequence(&[extension::directory_name(name)]))
}
