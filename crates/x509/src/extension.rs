//! Certificate extensions (RFC 5280 §4.2): those that decide are read when the certificate is, the rest on demand.

pub(crate) mod constraint;

pub use constraint::NameForm;

use crate::asn1::{Asn1Error, Element, Reader, Rules, tag};
use const_oid::ObjectIdentifier;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints, SubjectAltName};

/// subjectKeyIdentifier.
pub const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
/// keyUsage.
pub const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// subjectAltName.
pub const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// issuerAltName.
pub const ISSUER_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.18");
/// basicConstraints.
pub const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// nameConstraints.
pub const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
/// cRLDistributionPoints.
pub const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
/// certificatePolicies.
pub const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
/// policyMappings.
pub const POLICY_MAPPINGS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.33");
/// authorityKeyIdentifier.
pub const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
/// policyConstraints.
pub const POLICY_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.36");
/// extKeyUsage.
pub const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// inhibitAnyPolicy.
pub const INHIBIT_ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.54");
/// authorityInfoAccess.
pub const AUTHORITY_INFO_ACCESS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");
/// id-ad-ocsp.
pub const ACCESS_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
/// id-ad-caIssuers.
pub const ACCESS_CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// Most extensions of one certificate; RFC 5280 defines fewer than twenty, and each is compared with each.
pub const MAX_EXTENSIONS: usize = 64;

/// One extension as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// extnID.
    pub oid: ObjectIdentifier,
    /// critical.
    pub critical: bool,
    /// Content of extnValue: the DER of the extension's own type.
    pub value: Vec<u8>,
}

/// The bits of keyUsage (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyUsage(u16);

/// basicConstraints (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The subject is a certificate authority.
    pub ca: bool,
    /// Most intermediates that may follow, self-issued ones not counted.
    pub path_len: Option<u32>,
}

/// The extensions of one certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    all: Vec<Extension>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<Vec<ObjectIdentifier>>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) subject_key_identifier: Option<Vec<u8>>,
    pub(crate) authority_key_identifier: Option<Vec<u8>>,
}

/// Why extensions were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionError {
    /// The list is malformed.
    Der(Asn1Error),
    /// One extension's value is malformed.
    Malformed {
        /// extnID.
        oid: ObjectIdentifier,
        /// What was wrong, counted from the start of the value.
        error: Asn1Error,
    },
    /// RFC 5280 §4.2: no more than one instance of an extension.
    Duplicate {
        /// extnID.
        oid: ObjectIdentifier,
    },
    /// There are more extensions than is sensible.
    TooMany {
        /// Most that are read.
        limit: usize,
    },
}

impl core::fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Der(error) => write!(f, "malformed extensions: {error}"),
            Self::Malformed { oid, error } => write!(f, "malformed extension {oid}: {error}"),
            Self::Duplicate { oid } => write!(f, "extension {oid} occurs twice"),
            Self::TooMany { limit } => write!(f, "more than {limit} extensions"),
        }
    }
}

impl core::error::Error for ExtensionError {}

impl From<Asn1Error> for ExtensionError {
    fn from(error: Asn1Error) -> Self {
        Self::Der(error)
    }
}

impl KeyUsage {
    /// Names of the bits, bit 0 first.
    const NAMES: [&str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    const fn has(self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// Whether the bit of this number is set; none beyond 8 is.
    #[must_use]
    pub const fn has_bit(self, bit: usize) -> bool {
        bit < Self::NAMES.len() && self.has(bit as u8)
    }

    /// Bit 0.
    #[must_use]
    pub const fn digital_signature(self) -> bool {
        self.has(0)
    }

    /// Bit 1, nonRepudiation, which X.509 now calls contentCommitment.
    #[must_use]
    pub const fn content_commitment(self) -> bool {
        self.has(1)
    }

    /// Bit 5.
    #[must_use]
    pub const fn key_cert_sign(self) -> bool {
        self.has(5)
    }

    /// Bit 6.
    #[must_use]
    pub const fn crl_sign(self) -> bool {
        self.has(6)
    }

    fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        // A BIT STRING counts from the most significant bit; trailing zero bits may be missing.
        match (element.tag(), element.value()) {
            (tag::BIT_STRING, [unused @ 0..=7, bits @ ..]) if bits.len() <= 2 => {
                let mut set = 0;
                for bit in 0..bits.len() * 8 {
                    let byte = bits[bit / 8];
                    if byte & (0x80 >> (bit % 8)) != 0 && bit < Self::NAMES.len() {
                        set |= 1 << bit;
                    }
                }
                let last = bits.last().copied().unwrap_or_default();
                let padding = (1_u16 << unused) - 1;
                if u16::from(last) & padding != 0 || (bits.is_empty() && *unused != 0) {
                    return Err(element.invalid());
                }
                Ok(Self(set))
            }
            _ => Err(element.invalid()),
        }
    }
}

impl core::fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut separator = "";
        for (bit, name) in (0..).zip(Self::NAMES) {
            if self.has(bit) {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl Extensions {
    /// Reads `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension`.
    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, ExtensionError> {
        if element.tag() != tag::SEQUENCE {
            return Err(element.invalid().into());
        }
        let mut extensions = Self::default();
        for item in element.children()?.rest()? {
            let mut fields = item.children()?;
            let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
            let critical =
                fields.optional(tag::BOOLEAN)?.map_or(Ok(false), |boolean| boolean.boolean())?;
            let value = fields.expect(tag::OCTET_STRING)?.value().to_vec();
            fields.finish()?;
            if extensions.all.len() >= MAX_EXTENSIONS {
                return Err(ExtensionError::TooMany { limit: MAX_EXTENSIONS });
            }
            if extensions.find(oid).is_some() {
                return Err(ExtensionError::Duplicate { oid });
            }
            extensions
                .read(oid, &value)
                .map_err(|error| ExtensionError::Malformed { oid, error })?;
            extensions.all.push(Extension { oid, critical, value });
        }
        Ok(extensions)
    }

    fn read(&mut self, oid: ObjectIdentifier, value: &[u8]) -> Result<(), Asn1Error> {
        let mut reader = Reader::new(value, Rules::Der);
        match oid {
            KEY_USAGE => {
                self.key_usage = Some(KeyUsage::from_element(&reader.element()?)?);
                reader.finish()
            }
            EXTENDED_KEY_USAGE => {
                let purposes = reader.expect(tag::SEQUENCE)?.children()?.rest()?;
                self.extended_key_usage =
                    Some(purposes.iter().map(Element::oid).collect::<Result<_, _>>()?);
                reader.finish()
            }
            BASIC_CONSTRAINTS => {
                let mut fields = reader.expect(tag::SEQUENCE)?.children()?;
                reader.finish()?;
                let ca = fields
                    .optional(tag::BOOLEAN)?
                    .map_or(Ok(false), |boolean| boolean.boolean())?;
                let path_len = fields
                    .optional(tag::INTEGER)?
                    .map(|integer| integer.small_integer())
                    .transpose()?;
                self.basic_constraints = Some(BasicConstraints { ca, path_len });
                fields.finish()
            }
            SUBJECT_KEY_IDENTIFIER => {
                let identifier = reader.expect(tag::OCTET_STRING)?;
                self.subject_key_identifier = Some(identifier.value().to_vec());
                reader.finish()
            }
            AUTHORITY_KEY_IDENTIFIER => {
                let mut fields = reader.expect(tag::SEQUENCE)?.children()?;
                self.authority_key_identifier = fields
                    .optional(tag::context_primitive(0))?
                    .map(|identifier| identifier.value().to_vec());
                reader.finish()
            }
            _ => Ok(()),
        }
    }

    /// Every extension, in the order received.
    #[must_use]
    pub fn all(&self) -> &[Extension] {
        &self.all
    }

    /// One extension, by its identifier.
    #[must_use]
    pub fn find(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.all.iter().find(|extension| extension.oid == oid)
    }

    /// basicConstraints.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    /// The URLs of cRLDistributionPoints, or of freshestCRL, which has the same form (RFC 5280 §4.2.1.15).
    ///
    /// URLs are hints where to fetch; a malformed list hints at nothing.
    pub(crate) fn crl_urls(&self, distribution_points: ObjectIdentifier) -> Vec<String> {
        let points = self
            .find(distribution_points)
            .and_then(|extension| CrlDistributionPoints::from_der(&extension.value).ok());
        let names = points.into_iter().flat_map(|points| points.0);
        names
            .filter_map(|point| match point.distribution_point {
                Some(DistributionPointName::FullName(names)) => Some(names),
                _ => None,
            })
            .flatten()
            .filter_map(|name| url(&name))
            .collect()
    }

    pub(crate) fn access_urls(&self, method: ObjectIdentifier) -> Vec<String> {
        let access = self
            .find(AUTHORITY_INFO_ACCESS)
            .and_then(|extension| AuthorityInfoAccessSyntax::from_der(&extension.value).ok());
        access
            .into_iter()
            .flat_map(|access| access.0)
            .filter(|description| description.access_method == method)
            .filter_map(|description| url(&description.access_location))
            .collect()
    }

    pub(crate) fn rfc822_name(&self) -> Option<String> {
        let names = self
            .find(SUBJECT_ALT_NAME)
            .and_then(|extension| SubjectAltName::from_der(&extension.value).ok())?;
        names.0.into_iter().find_map(|name| match name {
            GeneralName::Rfc822Name(address) => Some(address.as_str().to_owned()),
            _ => None,
        })
    }
}

fn url(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
        _ => None,
    }
}
