//! Distinguished names to be asked for: read from a person's text, built, checked, compared.

mod diff;
mod limits;
mod parse;

pub use diff::{AttributeDiff, Change, DnDiff};
pub(crate) use limits::is_email;
pub use limits::{DnViolation, check, violations};
pub use parse::{DnParseError, DnSyntax, MAX_TEXT_CHARS, parse};

use kyso_x509::asn1::{Asn1Error, oid, sequence, set_of, tag, tlv};
use kyso_x509::name::{Attribute, COUNTRY, EMAIL_ADDRESS, SERIAL_NUMBER, short_name};
use kyso_x509::{Name, ObjectIdentifier};
use unicode_normalization::UnicodeNormalization as _;

/// domainComponent (RFC 4519), an IA5String.
const DOMAIN_COMPONENT: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25");

/// How an attribute type is shown: its short name, else its dotted number.
#[must_use]
pub fn attribute_label(oid: ObjectIdentifier) -> String {
    short_name(oid).map_or_else(|| oid.to_string(), str::to_owned)
}

/// An attribute with another text, in NFC and in the string type that RFC 5280 prescribes for it.
pub(crate) fn attribute(rdn: usize, oid: ObjectIdentifier, text: &str) -> Attribute {
    let text: String = text.nfc().collect();
    let string = if oid == EMAIL_ADDRESS || oid == DOMAIN_COMPONENT {
        tag::IA5_STRING
    } else if oid == COUNTRY || oid == SERIAL_NUMBER {
        tag::PRINTABLE_STRING
    } else {
        tag::UTF8_STRING
    };
    // A text outside the alphabet of its type is for `check` to refuse; here it must not be lost.
    let string = if text.is_ascii() { string } else { tag::UTF8_STRING };
    let der = tlv(string, text.as_bytes());
    Attribute { rdn, oid, text: Some(text), der }
}

/// The name that these attributes make, in their order.
///
/// # Errors
/// When the DER of an attribute is malformed.
pub(crate) fn name_of(attributes: &[Attribute]) -> Result<Name, Asn1Error> {
    let rdns: Vec<Vec<u8>> = attributes
        .chunk_by(|one, other| one.rdn == other.rdn)
        .map(|rdn| {
            let pair = |attribute: &Attribute| sequence(&[&oid(attribute.oid), &attribute.der]);
            set_of(rdn.iter().map(pair).collect())
        })
        .collect();
    Name::from_der(&sequence(&rdns))
}
