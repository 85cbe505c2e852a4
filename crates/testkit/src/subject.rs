//! Distinguished names as Vietnamese authorities write them.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc3280, rfc4519};
use der::asn1::{Any, Ia5StringRef, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Decode, Encode};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

/// A distinguished name (RFC 5280 §4.1.2.4), one attribute per RDN, in the order given.
///
/// Values are UTF8String, save countryName and serialNumber (PrintableString) and emailAddress (IA5String).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    attributes: Vec<(ObjectIdentifier, String)>,
}

impl Subject {
    /// The empty name.
    pub fn new() -> Self {
        Self::default()
    }

    /// An official of a province: C, L, O, OU, CN and emailAddress, with full Vietnamese diacritics.
    pub fn official() -> Self {
        Self::new()
            .country("VN")
            .locality("Quảng Ngãi")
            .organization("ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI")
            .unit("Văn phòng Ủy ban nhân dân tỉnh")
            .common_name("Hà Văn Tý")
            .email("hvty@quangngai.gov.vn")
    }

    /// The same official after the unit was merged away: another L, O and OU, the same person.
    pub fn official_of_merged_unit() -> Self {
        Self::new()
            .country("VN")
            .locality("Kon Tum")
            .organization("ỦY BAN NHÂN DÂN TỈNH KON TUM")
            .unit("Sở Nội vụ")
            .common_name("Hà Văn Tý")
            .email("hvty@kontum.gov.vn")
    }

    /// An organisation's seal: C, L, O and CN equal to O.
    pub fn seal() -> Self {
        let name = "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI";
        Self::new().country("VN").locality("Quảng Ngãi").organization(name).common_name(name)
    }

    /// Appends countryName (ISO 3166, two letters).
    pub fn country(self, value: &str) -> Self {
        self.attribute(rfc4519::COUNTRY_NAME, value)
    }

    /// Appends localityName.
    pub fn locality(self, value: &str) -> Self {
        self.attribute(rfc4519::LOCALITY_NAME, value)
    }

    /// Appends organizationName.
    pub fn organization(self, value: &str) -> Self {
        self.attribute(rfc4519::ORGANIZATION_NAME, value)
    }

    /// Appends organizationalUnitName.
    pub fn unit(self, value: &str) -> Self {
        self.attribute(rfc4519::ORGANIZATIONAL_UNIT_NAME, value)
    }

    /// Appends title.
    pub fn title(self, value: &str) -> Self {
        self.attribute(rfc4519::TITLE, value)
    }

    /// Appends commonName.
    pub fn common_name(self, value: &str) -> Self {
        self.attribute(rfc4519::COMMON_NAME, value)
    }

    /// Appends userId, where Vietnamese public authorities put `CCCD:` or `MST:` and the number.
    pub fn user_id(self, value: &str) -> Self {
        self.attribute(rfc4519::UID, value)
    }

    /// Appends emailAddress (PKCS #9).
    pub fn email(self, value: &str) -> Self {
        self.attribute(rfc3280::EMAIL_ADDRESS, value)
    }

    /// Appends any attribute.
    pub fn attribute(mut self, oid: ObjectIdentifier, value: &str) -> Self {
        self.attributes.push((oid, value.to_owned()));
        self
    }

    /// The `Name`; fails where a value does not fit its string type.
    pub fn to_name(&self) -> der::Result<Name> {
        let mut rdns = Vec::with_capacity(self.attributes.len());
        for (oid, value) in &self.attributes {
            let value = match *oid {
                rfc4519::COUNTRY_NAME | rfc4519::SERIAL_NUMBER => {
                    Any::from(PrintableStringRef::new(value)?)
                }
                rfc3280::EMAIL_ADDRESS | rfc4519::DOMAIN_COMPONENT => {
                    Any::from(Ia5StringRef::new(value)?)
                }
                _ => Any::from(Utf8StringRef::new(value)?),
            };
            let mut rdn = SetOfVec::new();
            rdn.insert(AttributeTypeAndValue { oid: *oid, value })?;
            rdns.push(rdn);
        }
        Name::from_der(&rdns.to_der()?)
    }
}
