//! Extensions of certificates, CRLs and OCSP responses, each as a value.

use super::asn1::{self, constructed, context, context_primitive, integer, sequence, tlv};
use const_oid::ObjectIdentifier;

/// `Extension` (RFC 5280 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// extnID.
    pub id: ObjectIdentifier,
    /// critical.
    pub critical: bool,
    /// DER inside extnValue.
    pub value: Vec<u8>,
}

impl Extension {
    /// Any extension.
    pub fn new(id: &str, critical: bool, value: Vec<u8>) -> Self {
        Self { id: ObjectIdentifier::new_unwrap(id), critical, value }
    }

    /// DER.
    pub fn to_der(&self) -> Vec<u8> {
        let mut fields = vec![asn1::oid(self.id)];
        if self.critical {
            fields.push(tlv(asn1::BOOLEAN, &[0xFF]));
        }
        fields.push(tlv(asn1::OCTET_STRING, &self.value));
        sequence(&fields)
    }
}

/// The bits of keyUsage (RFC 5280 §4.2.1.3), in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyUsage {
    /// digitalSignature.
    DigitalSignature = 0,
    /// nonRepudiation, also called contentCommitment.
    NonRepudiation = 1,
    /// keyEncipherment.
    KeyEncipherment = 2,
    /// dataEncipherment.
    DataEncipherment = 3,
    /// keyAgreement.
    KeyAgreement = 4,
    /// keyCertSign.
    KeyCertSign = 5,
    /// cRLSign.
    CrlSign = 6,
}

/// id-kp-timeStamping.
pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// id-kp-OCSPSigning.
pub const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
/// id-kp-emailProtection.
pub const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
/// anyExtendedKeyUsage.
pub const ANY_PURPOSE: &str = "2.5.29.37.0";

/// basicConstraints, critical.
pub fn basic_constraints(ca: bool, path_len: Option<u8>) -> Extension {
    let mut fields = Vec::new();
    if ca {
        fields.push(tlv(asn1::BOOLEAN, &[0xFF]));
    }
    fields.extend(path_len.map(|length| integer(length.into())));
    Extension::new("2.5.29.19", true, sequence(&fields))
}

/// keyUsage, critical.
pub fn key_usage(bits: &[KeyUsage]) -> Extension {
    let octet = bits.iter().fold(0u8, |sum, bit| sum | 0x80 >> (*bit as u8));
    let unused = u8::try_from(octet.trailing_zeros()).unwrap_or(0).min(7);
    Extension::new("2.5.29.15", true, tlv(asn1::BIT_STRING, &[unused, octet]))
}

/// extendedKeyUsage.
pub fn extended_key_usage(critical: bool, purposes: &[&str]) -> Extension {
    let purposes: Vec<_> = purposes.iter().map(|one| dotted(one)).collect();
    Extension::new("2.5.29.37", critical, sequence(&purposes))
}

/// subjectKeyIdentifier.
pub fn subject_key_identifier(identifier: &[u8]) -> Extension {
    Extension::new("2.5.29.14", false, tlv(asn1::OCTET_STRING, identifier))
}

/// authorityKeyIdentifier with a keyIdentifier alone.
pub fn authority_key_identifier(identifier: &[u8]) -> Extension {
    Extension::new("2.5.29.35", false, sequence(&[tlv(context_primitive(0), identifier)]))
}

/// certificatePolicies without qualifiers.
pub fn certificate_policies(critical: bool, policies: &[&str]) -> Extension {
    let policies: Vec<_> = policies.iter().map(|one| sequence(&[dotted(one)])).collect();
    Extension::new("2.5.29.32", critical, sequence(&policies))
}

/// cRLDistributionPoints: one point for each URI.
pub fn crl_distribution_points(uris: &[&str]) -> Extension {
    distribution_points("2.5.29.31", uris)
}

/// freshestCRL: where delta CRLs are (RFC 5280 §4.2.1.15).
pub fn freshest_crl(uris: &[&str]) -> Extension {
    distribution_points("2.5.29.46", uris)
}

/// cRLDistributionPoints with one point whose CRL another issuer (Name, DER) signs.
pub fn indirect_distribution_point(uri: &str, crl_issuer: &[u8]) -> Extension {
    let issuer = constructed(context(2), &[directory_name(crl_issuer)]);
    let point = sequence(&[full_name(&[uniform_resource_identifier(uri)]), issuer]);
    Extension::new("2.5.29.31", false, sequence(&[point]))
}

/// authorityInfoAccess: id-ad-ocsp and id-ad-caIssuers.
pub fn authority_information_access(ocsp: &[&str], ca_issuers: &[&str]) -> Extension {
    let ocsp = ocsp.iter().map(|uri| ("1.3.6.1.5.5.7.48.1", uri));
    let ca_issuers = ca_issuers.iter().map(|uri| ("1.3.6.1.5.5.7.48.2", uri));
    let descriptions: Vec<_> = ocsp
        .chain(ca_issuers)
        .map(|(method, uri)| sequence(&[dotted(method), uniform_resource_identifier(uri)]))
        .collect();
    Extension::new("1.3.6.1.5.5.7.1.1", false, sequence(&descriptions))
}

/// id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1).
pub fn ocsp_no_check() -> Extension {
    Extension::new("1.3.6.1.5.5.7.48.1.5", false, asn1::NULL.to_vec())
}

/// ext-qcStatements (ETSI EN 319 412-5): QcCompliance.
pub fn qualified() -> Extension {
    let statement = sequence(&[dotted("0.4.0.1862.1.1")]);
    Extension::new("1.3.6.1.5.5.7.1.3", false, sequence(&[statement]))
}

/// GeneralName of the form directoryName, from a Name in DER.
pub fn directory_name(name: &[u8]) -> Vec<u8> {
    tlv(context(4), name)
}

/// GeneralName of the form uniformResourceIdentifier.
pub fn uniform_resource_identifier(uri: &str) -> Vec<u8> {
    tlv(context_primitive(6), uri.as_bytes())
}

/// `[0]` distributionPoint with full names.
pub fn full_name(names: &[Vec<u8>]) -> Vec<u8> {
    constructed(context(0), &[constructed(context(0), names)])
}

fn distribution_points(id: &str, uris: &[&str]) -> Extension {
    let points: Vec<_> = uris
        .iter()
        .map(|uri| sequence(&[full_name(&[uniform_resource_identifier(uri)])]))
        .collect();
    Extension::new(id, false, sequence(&points))
}

fn dotted(id: &str) -> Vec<u8> {
    asn1::oid(ObjectIdentifier::new_unwrap(id))
}
