//! What a requested subject must keep to: the upper bounds of RFC 5280, Appendix A.1, and what Vietnam's profile adds.

use kyso_x509::name::{Attribute, COMMON_NAME, COUNTRY, EMAIL_ADDRESS, SERIAL_NUMBER, short_name};
use kyso_x509::{Name, ObjectIdentifier};
use unicode_normalization::UnicodeNormalization as _;

use super::attribute_label;

/// Upper bounds in characters, by short name (RFC 5280, Appendix A.1; `ub-…` in the comment).
const LIMITS: [(&str, usize); 10] = [
    ("CN", 64),            // ub-common-name
    ("O", 64),             // ub-organization-name
    ("OU", 64),            // ub-organizational-unit-name
    ("L", 128),            // ub-locality-name
    ("ST", 128),           // ub-state-name
    ("title", 64),         // ub-title
    ("serialNumber", 64),  // ub-serial-number
    ("emailAddress", 255), // ub-emailaddress-length
    ("SN", 32_768),        // ub-name
    ("GN", 32_768),        // ub-name
];

/// The country of every subject.
const VIETNAM: &str = "VN";

/// Why a subject cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnViolation {
    /// More characters than RFC 5280 allows, counted in NFC.
    TooLong {
        /// Attribute type.
        attribute: ObjectIdentifier,
        /// Place of the attribute in [`Name::attributes`].
        index: usize,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A value without a visible character.
    Empty {
        /// Attribute type.
        attribute: ObjectIdentifier,
        /// Place of the attribute.
        index: usize,
    },
    /// A control character, a line separator or a mark that changes the direction of writing.
    Control {
        /// Attribute type.
        attribute: ObjectIdentifier,
        /// Place of the attribute.
        index: usize,
        /// Place of the character in the value.
        position: usize,
        /// The character.
        character: char,
    },
    /// A character outside the alphabet of the attribute's string type: IA5 for e-mail addresses, PrintableString for
    /// country and serialNumber.
    Alphabet {
        /// Attribute type.
        attribute: ObjectIdentifier,
        /// Place of the attribute.
        index: usize,
        /// Place of the character in the value.
        position: usize,
        /// The character.
        character: char,
    },
    /// A value that is no text.
    NotText {
        /// Attribute type.
        attribute: ObjectIdentifier,
        /// Place of the attribute.
        index: usize,
    },
    /// A country other than `VN`, exactly two letters.
    Country {
        /// Place of the attribute.
        index: usize,
        /// The country found.
        found: String,
    },
    /// An e-mail address without exactly one `@` between non-empty parts.
    EmailForm {
        /// Place of the attribute.
        index: usize,
    },
    /// An attribute that every subject has is missing: commonName or country.
    Missing {
        /// Attribute type.
        attribute: ObjectIdentifier,
    },
}

impl core::fmt::Display for DnViolation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong { attribute, length, limit, .. } => write!(
                f,
                "{} has {length} characters, {limit} are allowed",
                attribute_label(*attribute)
            ),
            Self::Empty { attribute, .. } => write!(f, "{} is empty", attribute_label(*attribute)),
            Self::Control { attribute, position, character, .. } => write!(
                f,
                "character {} of {} is the control character {character:?}",
                position + 1,
                attribute_label(*attribute)
            ),
            Self::Alphabet { attribute, position, character, .. } => write!(
                f,
                "character {} of {} is {character:?}, which its type does not allow",
                position + 1,
                attribute_label(*attribute)
            ),
            Self::NotText { attribute, .. } => {
                write!(f, "{} is no text", attribute_label(*attribute))
            }
            Self::Country { found, .. } => {
                write!(f, "the country is {:?}, not {VIETNAM}", found.as_str())
            }
            Self::EmailForm { .. } => f.write_str("the e-mail address is no address"),
            Self::Missing { attribute } => {
                write!(f, "{} is missing", attribute_label(*attribute))
            }
        }
    }
}

impl core::error::Error for DnViolation {}

/// Checks a subject to be asked for.
///
/// # Errors
/// Every violation, from the root on.
pub fn check(name: &Name) -> Result<(), Vec<DnViolation>> {
    let found = violations(name);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Every violation, from the root on.
#[must_use]
pub fn violations(name: &Name) -> Vec<DnViolation> {
    let mut found = Vec::new();
    for (index, attribute) in name.attributes().iter().enumerate() {
        of_attribute(index, attribute, &mut found);
    }
    for required in [COUNTRY, COMMON_NAME] {
        if !name.attributes().iter().any(|attribute| attribute.oid == required) {
            found.push(DnViolation::Missing { attribute: required });
        }
    }
    found
}

fn of_attribute(index: usize, attribute: &Attribute, found: &mut Vec<DnViolation>) {
    let oid = attribute.oid;
    let Some(text) = &attribute.text else {
        found.push(DnViolation::NotText { attribute: oid, index });
        return;
    };
    let text: String = text.nfc().collect();
    if text.trim().is_empty() {
        found.push(DnViolation::Empty { attribute: oid, index });
        return;
    }
    let control = text.chars().enumerate().find(|(_, character)| is_control(*character));
    if let Some((position, character)) = control {
        found.push(DnViolation::Control { attribute: oid, index, position, character });
    }
    if oid == COUNTRY {
        if text != VIETNAM {
            found.push(DnViolation::Country { index, found: text });
        }
        return;
    }
    let printable =
        |character: char| character.is_ascii_alphanumeric() || " '()+,-./:=?".contains(character);
    let outside = |character: &char| match oid {
        _ if oid == EMAIL_ADDRESS => !character.is_ascii(),
        _ if oid == SERIAL_NUMBER => !printable(*character),
        _ => false,
    };
    if let Some((position, character)) = text.chars().enumerate().find(|(_, c)| outside(c)) {
        found.push(DnViolation::Alphabet { attribute: oid, index, position, character });
    }
    if oid == EMAIL_ADDRESS && !is_email(&text) {
        found.push(DnViolation::EmailForm { index });
    }
    let limit = short_name(oid)
        .and_then(|short| LIMITS.iter().find(|(known, _)| *known == short))
        .map(|(_, limit)| *limit);
    let length = text.chars().count();
    if let Some(limit) = limit.filter(|limit| length > *limit) {
        found.push(DnViolation::TooLong { attribute: oid, index, length, limit });
    }
}

fn is_control(character: char) -> bool {
    // The same set that must not move the text a name is shown in.
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    matches!(kyso_x509::escape_for_display(text), std::borrow::Cow::Owned(_))
}

/// One `@` between non-empty parts, no space, a dot within the domain: more is for the authority to judge.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty()
        && !domain.contains('@')
        && domain.split('.').count() > 1
        && domain.split('.').all(|label| !label.is_empty())
        && text.chars().all(|character| character.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dn::parse;

    #[test]
    fn characters_count_not_bytes() {
        // 64 characters, 85 bytes and more.
        let agency = "ỦY BAN NHÂN DÂN ".to_owned() + &"Ậ".repeat(48);
        assert!(agency.len() > 85);
        let name = |o: &str| parse(&format!("CN=A, O={o}, C=VN")).unwrap();
        assert_eq!(check(&name(&agency)), Ok(()));
        let long = DnViolation::TooLong {
            attribute: kyso_x509::name::ORGANIZATION,
            index: 1,
            length: 65,
            limit: 64,
        };
        assert_eq!(check(&name(&(agency + "B"))), Err(vec![long]));
    }

    #[test]
    fn a_decomposed_value_is_counted_composed() {
        use kyso_x509::asn1::{oid, sequence, set_of, tag, tlv};
        // 64 letters of three code points each, as some certificates have them.
        let value = "a\u{323}\u{302}".repeat(64);
        let rdn = |kind, string, text: &str| {
            set_of(vec![sequence(&[oid(kind), tlv(string, text.as_bytes())])])
        };
        let rdns =
            [rdn(COUNTRY, tag::PRINTABLE_STRING, "VN"), rdn(COMMON_NAME, tag::UTF8_STRING, &value)];
        let name = Name::from_der(&sequence(&rdns)).unwrap();
        assert_eq!(check(&name), Ok(()));
    }

    #[test]
    fn each_violation_is_named_and_all_are_found() {
        let name = parse("E=a@b, serialNumber=Đ1, CN=\\ , OU=A\\0aB, L=#0201ff, C=US").unwrap();
        let found = check(&name).unwrap_err();
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "the country is \"US\", not VN",
                "L is no text",
                "character 2 of OU is the control character '\\n'",
                "CN is empty",
                "character 1 of serialNumber is 'Đ', which its type does not allow",
                "the e-mail address is no address",
            ]
        );
        let bare = check(&parse("O=A").unwrap()).unwrap_err();
        assert_eq!(
            bare,
            [
                DnViolation::Missing { attribute: COUNTRY },
                DnViolation::Missing { attribute: COMMON_NAME }
            ]
        );
        assert!(check(&parse("CN=A, C=vn").unwrap()).is_err());
    }
}
