//! A certificate authority in memory: a root, one issuing intermediate, and whatever leaves a test asks for.

use crate::profile::Profile;
use crate::soft_key::{Curve, SoftKey, random};
use crate::subject::Subject;
use const_oid::AssociatedOid;
use const_oid::db::rfc5280::{ID_AD_CA_ISSUERS, ID_AD_OCSP};
use der::asn1::{Ia5String, OctetString};
use der::pem::LineEnding;
use der::{Decode, Encode};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use std::fmt;
use std::time::Duration;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::{Certificate, TbsCertificate};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

/// A root and an issuing intermediate whose keys live in memory and die with the process.
///
/// Never to be put among a release's trust anchors: both subjects begin with "kyso test".
#[derive(Debug)]
pub struct Authority {
    root: Issuer,
    issuing: Issuer,
}

/// Why a certificate could not be made.
#[derive(Debug)]
pub enum IssueError {
    /// The time cannot be written in a certificate: before 1970 or after 9999 (Unix seconds).
    Time(i64),
    /// The key's SubjectPublicKeyInfo, the subject or an extension does not encode.
    Asn1(der::Error),
    /// The builder refused.
    Builder(x509_cert::builder::Error),
}

impl Authority {
    /// A new root and intermediate on `curve`, both valid from `not_before` to `not_after` (Unix seconds, inclusive).
    pub fn new(curve: Curve, not_before: i64, not_after: i64) -> Result<Self, IssueError> {
        let validity = validity(not_before, not_after)?;
        let root_key = SoftKey::generate(curve);
        let root_name = authority_name("kyso test root CA").to_name()?;
        let root_der = build(
            CaCertificate { subject: root_name.clone(), issuer: root_name.clone(), path_len: None },
            validity,
            &root_key.spki_der(),
            &root_key,
        )?;
        let root = Issuer { key: root_key, name: root_name, der: root_der };

        let issuing_key = SoftKey::generate(curve);
        let issuing_name = authority_name("kyso test issuing CA").to_name()?;
        let issuing_der = build(
            CaCertificate {
                subject: issuing_name.clone(),
                issuer: root.name.clone(),
                path_len: Some(0),
            },
            validity,
            &issuing_key.spki_der(),
            &root.key,
        )?;
        let issuing = Issuer { key: issuing_key, name: issuing_name, der: issuing_der };
        Ok(Self { root, issuing })
    }

    /// A leaf signed by the intermediate for the key in `spki_der` (SubjectPublicKeyInfo, DER), wherever that key
    /// lives; gives the certificate, DER. The serial number is random, 16 bytes.
    pub fn issue(&self, profile: &Profile, spki_der: &[u8]) -> Result<Vec<u8>, IssueError> {
        let leaf = LeafCertificate {
            subject: profile.subject.to_name()?,
            issuer: self.issuing.name.clone(),
            profile,
        };
        build(leaf, validity(profile.not_before, profile.not_after)?, spki_der, &self.issuing.key)
    }

    /// The root certificate, DER.
    pub fn root_der(&self) -> &[u8] {
        &self.root.der
    }

    /// The root certificate, PEM.
    pub fn root_pem(&self) -> String {
        certificate_pem(&self.root.der)
    }

    /// The issuing intermediate's certificate, DER.
    pub fn intermediate_der(&self) -> &[u8] {
        &self.issuing.der
    }

    /// The issuing intermediate's certificate, PEM.
    pub fn intermediate_pem(&self) -> String {
        certificate_pem(&self.issuing.der)
    }

    /// The issuing intermediate's key, for a test that signs CRLs or forgeries itself.
    pub fn intermediate_key(&self) -> &SoftKey {
        &self.issuing.key
    }
}

/// A certificate in PEM (RFC 7468 §5), from its DER.
pub fn certificate_pem(der: &[u8]) -> String {
    der::pem::encode_string("CERTIFICATE", LineEnding::LF, der).expect("any bytes have a PEM form")
}

#[derive(Debug)]
struct Issuer {
    key: SoftKey,
    name: Name,
    der: Vec<u8>,
}

fn authority_name(common_name: &str) -> Subject {
    Subject::new().country("VN").organization("kyso test").common_name(common_name)
}

fn validity(not_before: i64, not_after: i64) -> Result<Validity, IssueError> {
    let time = |seconds: i64| {
        let since = u64::try_from(seconds).map_err(|_| IssueError::Time(seconds))?;
        let date = der::DateTime::from_unix_duration(Duration::from_secs(since))
            .map_err(|_| IssueError::Time(seconds))?;
        Ok::<_, IssueError>(Time::from(date))
    };
    Ok(Validity::new(time(not_before)?, time(not_after)?))
}

fn build<P: BuilderProfile>(
    profile: P,
    validity: Validity,
    spki_der: &[u8],
    signer: &SoftKey,
) -> Result<Vec<u8>, IssueError> {
    let mut serial = random::<16>();
    // RFC 5280 §4.1.2.2: positive, and here of one length always.
    serial[0] = serial[0] & 0x7F | 0x40;
    let spki = SubjectPublicKeyInfoOwned::from_der(spki_der)?;
    let builder = CertificateBuilder::new(profile, SerialNumber::new(&serial)?, validity, spki)?;
    let certificate: Certificate = match signer {
        SoftKey::P256(key) => builder.build::<_, p256::ecdsa::DerSignature>(key)?,
        SoftKey::P384(key) => builder.build::<_, p384::ecdsa::DerSignature>(key)?,
    };
    Ok(certificate.to_der()?)
}

struct CaCertificate {
    subject: Name,
    issuer: Name,
    path_len: Option<u8>,
}

impl BuilderProfile for CaCertificate {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        spk: SubjectPublicKeyInfoRef<'_>,
        issuer_spk: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(vec![
            extension(true, &BasicConstraints { ca: true, path_len_constraint: self.path_len })?,
            extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
            extension(false, &SubjectKeyIdentifier::try_from(spk)?)?,
            extension(false, &AuthorityKeyIdentifier::try_from(issuer_spk)?)?,
        ])
    }
}

struct LeafCertificate<'a> {
    subject: Name,
    issuer: Name,
    profile: &'a Profile,
}

impl BuilderProfile for LeafCertificate<'_> {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        spk: SubjectPublicKeyInfoRef<'_>,
        issuer_spk: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let mut extensions = vec![
            extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?,
            extension(false, &SubjectKeyIdentifier::try_from(spk)?)?,
            extension(false, &AuthorityKeyIdentifier::try_from(issuer_spk)?)?,
        ];
        if let Some(usage) = &self.profile.key_usage {
            extensions.push(extension(true, usage)?);
        }
        if !self.profile.extended_key_usage.is_empty() {
            extensions.push(extension(
                false,
                &ExtendedKeyUsage(self.profile.extended_key_usage.clone()),
            )?);
        }
        if let Some(uri) = &self.profile.crl_uri {
            extensions.push(extension(false, &crl_distribution_points(uri)?)?);
        }
        let mut access = Vec::new();
        for (access_method, uri) in
            [(ID_AD_OCSP, &self.profile.ocsp_uri), (ID_AD_CA_ISSUERS, &self.profile.ca_issuers_uri)]
        {
            if let Some(uri) = uri {
                access.push(AccessDescription { access_method, access_location: uri_name(uri)? });
            }
        }
        if !access.is_empty() {
            extensions.push(extension(false, &AuthorityInfoAccessSyntax(access))?);
        }
        Ok(extensions)
    }
}

fn extension<E: AssociatedOid + Encode>(critical: bool, value: &E) -> der::Result<Extension> {
    Ok(Extension { extn_id: E::OID, critical, extn_value: OctetString::new(value.to_der()?)? })
}

fn uri_name(uri: &str) -> der::Result<GeneralName> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?))
}

fn crl_distribution_points(uri: &str) -> der::Result<CrlDistributionPoints> {
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri_name(uri)?])),
        reasons: None,
        crl_issuer: None,
    }]))
}

impl From<der::Error> for IssueError {
    fn from(error: der::Error) -> Self {
        Self::Asn1(error)
    }
}

impl From<x509_cert::builder::Error> for IssueError {
    fn from(error: x509_cert::builder::Error) -> Self {
        Self::Builder(error)
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(seconds) => {
                write!(f, "a certificate cannot state the time {seconds} (Unix seconds)")
            }
            Self::Asn1(error) => write!(f, "a certificate's part does not encode: {error}"),
            Self::Builder(error) => write!(f, "the certificate was refused: {error}"),
        }
    }
}

impl std::error::Error for IssueError {}
