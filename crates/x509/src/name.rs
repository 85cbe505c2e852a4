//! Distinguished names (X.501, RFC 5280 §4.1.2.4): received bytes, comparison, display.

use crate::asn1::{Asn1Error, Element, Reader, Rules, tag};
use const_oid::ObjectIdentifier;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use unicode_normalization::UnicodeNormalization as _;

/// commonName (X.520).
pub const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// serialNumber (X.520).
pub const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
/// countryName (X.520).
pub const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
/// localityName (X.520).
pub const LOCALITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.7");
/// stateOrProvinceName (X.520).
pub const STATE_OR_PROVINCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
/// organizationName (X.520).
pub const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// organizationalUnitName (X.520).
pub const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
/// title.
pub const TITLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.12");
/// emailAddress (PKCS #9).
pub const EMAIL_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");

/// Short names that RFC 4514 §3 and common practice give to attribute types.
const SHORT_NAMES: [(&str, &str); 16] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("2.5.4.97", "organizationIdentifier"),
    ("2.5.4.20", "telephoneNumber"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// The short name of an attribute type, such as `OU`; `None` where it is shown as its dotted number.
#[must_use]
pub fn short_name(oid: ObjectIdentifier) -> Option<&'static str> {
    let dotted = oid.to_string();
    SHORT_NAMES.iter().find(|(known, _)| *known == dotted).map(|(_, short)| *short)
}

/// The attribute type of a short name in any case; `E` and `EMAIL` are emailAddress too, as many programs show it.
#[must_use]
pub fn attribute_type(short: &str) -> Option<ObjectIdentifier> {
    if short.eq_ignore_ascii_case("E") || short.eq_ignore_ascii_case("EMAIL") {
        return Some(EMAIL_ADDRESS);
    }
    let (oid, _) = SHORT_NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(short))?;
    ObjectIdentifier::new(oid).ok()
}

/// A distinguished name; equality follows RFC 5280 §7.1.
#[derive(Clone)]
pub struct Name(Arc<Inner>);

/// Most names are compared with their own bytes or with nothing, so all but these is made when it is first needed.
struct Inner {
    der: Vec<u8>,
    attributes: OnceLock<Vec<Attribute>>,
    /// What names are compared by, made once: a path search compares often.
    comparable: OnceLock<Vec<u8>>,
}

/// One `AttributeTypeAndValue` of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Index of the relative distinguished name that holds it, from the root.
    pub rdn: usize,
    /// Attribute type.
    pub oid: ObjectIdentifier,
    /// The value as text, exactly as certified; `None` where the value is no character string.
    pub text: Option<String>,
    /// DER of the value.
    pub der: Vec<u8>,
}

impl Name {
    /// Reads `Name ::= SEQUENCE OF SET OF AttributeTypeAndValue`.
    ///
    /// # Errors
    /// When the DER is malformed.
    pub fn from_der(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(der, Rules::Der);
        let element = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        Self::from_element(&element)
    }

    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        each_attribute(element, |_, _, _| {})?;
        Ok(Self(Arc::new(Inner {
            der: element.raw().to_vec(),
            attributes: OnceLock::new(),
            comparable: OnceLock::new(),
        })))
    }

    /// The DER as received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// Bytes that are equal for equal names, and a prefix where one name is a superior of the other.
    pub(crate) fn comparable(&self) -> &[u8] {
        self.0.comparable.get_or_init(|| comparable(self.attributes()))
    }

    /// True when this name lies in the subtree below `base`, which is its own subtree too (RFC 5280 §7.1).
    #[must_use]
    pub fn is_within(&self, base: &Self) -> bool {
        self.comparable().starts_with(base.comparable())
    }

    /// True when there is no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes().is_empty()
    }

    /// Every attribute, from the root of the directory.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        self.0.attributes.get_or_init(|| attributes(&self.0.der))
    }

    /// Text of the most specific attribute of a type.
    #[must_use]
    pub fn find(&self, oid: ObjectIdentifier) -> Option<&str> {
        self.attributes()
            .iter()
            .rev()
            .find(|attribute| attribute.oid == oid)
            .and_then(|attribute| attribute.text.as_deref())
    }

    /// The most specific commonName.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.find(COMMON_NAME)
    }

    /// What to call the holder in a line of text: the commonName, else the whole name; escaped for display.
    #[must_use]
    pub fn display_name(&self) -> String {
        match self.common_name() {
            Some(name) if !name.trim().is_empty() => escape_for_display(name).into_owned(),
            _ => self.to_string(),
        }
    }

    /// The most specific emailAddress of the name itself.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.find(EMAIL_ADDRESS)
    }
}

/// Equal structure with equal types, and values that match without case, doubled spaces and forms of Unicode.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // The same bytes say the same; most names that are equal are.
        self.0.der == other.0.der || self.comparable() == other.comparable()
    }
}

impl Eq for Name {}

impl core::hash::Hash for Name {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.comparable().hash(state);
    }
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Name({self})")
    }
}

/// RFC 4514 order and escapes: most specific first, `,` between RDNs, `+` inside one; text is not normalized.
impl core::fmt::Display for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let rdns = self.attributes().chunk_by(|one, other| one.rdn == other.rdn);
        for (position, rdn) in rdns.rev().enumerate() {
            for (index, attribute) in rdn.iter().enumerate() {
                match (position, index) {
                    (0, 0) => {}
                    (_, 0) => f.write_str(", ")?,
                    _ => f.write_str("+")?,
                }
                write_attribute(f, attribute)?;
            }
        }
        Ok(())
    }
}

/// Walks `SEQUENCE OF SET OF AttributeTypeAndValue`, giving each pair with the index of its RDN.
fn each_attribute<'a>(
    name: &Element<'a>,
    mut take: impl FnMut(usize, ObjectIdentifier, Element<'a>),
) -> Result<(), Asn1Error> {
    let mut rdns = name.children()?;
    let mut index = 0;
    while !rdns.is_empty() {
        let rdn = rdns.element()?;
        if rdn.tag() != tag::SET {
            return Err(rdn.invalid());
        }
        let mut pairs = rdn.children()?;
        while !pairs.is_empty() {
            let mut fields = pairs.element()?.children()?;
            let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
            let value = fields.element()?;
            fields.finish()?;
            take(index, oid, value);
        }
        index += 1;
    }
    Ok(())
}

/// The attributes of a name that was walked before, and is in order.
fn attributes(der: &[u8]) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    // Whatever rules it was read by, BER has the same elements.
    let walked = Reader::new(der, Rules::Ber).element().and_then(|name| {
        each_attribute(&name, |rdn, oid, value| {
            attributes.push(Attribute { rdn, oid, text: text(&value), der: value.raw().to_vec() });
        })
    });
    debug_assert!(walked.is_ok(), "a name is read before it is made");
    attributes
}

fn write_attribute(f: &mut core::fmt::Formatter<'_>, attribute: &Attribute) -> core::fmt::Result {
    match short_name(attribute.oid) {
        Some(short) => f.write_str(short)?,
        None => write!(f, "{}", attribute.oid)?,
    }
    f.write_str("=")?;
    let Some(text) = &attribute.text else {
        f.write_str("#")?;
        return attribute.der.iter().try_for_each(|byte| write!(f, "{byte:02x}"));
    };
    let end = text.chars().count();
    for (index, character) in text.chars().enumerate() {
        let edge_space = character == ' ' && (index == 0 || index + 1 == end);
        let first_hash = character == '#' && index == 0;
        if moves_text(character) {
            // A name must not move the cursor or turn the text of the line it is shown in.
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                write!(f, "\\{byte:02x}")?;
            }
            continue;
        }
        if edge_space || first_hash || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
        {
            f.write_str("\\")?;
        }
        write!(f, "{character}")?;
    }
    Ok(())
}

/// A text of somebody else's, fit to stand in a line of ours: control characters, line separators and marks that
/// change the direction of writing are written `\u{…}`, all other characters as they are.
#[must_use]
pub fn escape_for_display(text: &str) -> Cow<'_, str> {
    if !text.contains(moves_text) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if moves_text(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Characters that move the cursor, end the line or reorder the text around them.
fn moves_text(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Every RDN with its length before it, so that a name's superiors are its prefixes.
fn comparable(attributes: &[Attribute]) -> Vec<u8> {
    let mut whole = Vec::new();
    for rdn in attributes.chunk_by(|one, other| one.rdn == other.rdn) {
        let mut parts: Vec<Vec<u8>> = rdn.iter().map(comparable_attribute).collect();
        // The order inside an RDN, which is a set, says nothing.
        parts.sort_unstable();
        push_with_length(&mut whole, &parts.concat());
    }
    whole
}

/// Type and value: folded text, or DER where it is no text; no text is ever equal to a DER.
fn comparable_attribute(attribute: &Attribute) -> Vec<u8> {
    let mut part = Vec::new();
    push_with_length(&mut part, attribute.oid.as_bytes());
    match &attribute.text {
        Some(text) => {
            part.push(1);
            push_with_length(&mut part, folded(text).as_bytes());
        }
        None => {
            part.push(0);
            push_with_length(&mut part, &attribute.der);
        }
    }
    part
}

fn push_with_length(whole: &mut Vec<u8>, part: &[u8]) {
    whole.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    whole.extend_from_slice(part);
}

/// RFC 5280 §7.1 (RFC 4518): text matches without case, outer spaces and doubled spaces, and in any of Unicode's
/// compatible forms (Vietnamese letters are certified composed and decomposed).
fn folded(text: &str) -> String {
    let folded = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
    };
    let mut words = folded.split_whitespace();
    let mut joined = String::with_capacity(folded.len());
    joined.extend(words.next());
    for word in words {
        joined.push(' ');
        joined.push_str(word);
    }
    joined
}

/// The text of a character string; `None` for other types and for bytes that are no text of their type.
fn text(element: &Element<'_>) -> Option<String> {
    let value = element.value();
    match element.tag() {
        tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING => {
            std::str::from_utf8(value).ok().map(str::to_owned)
        }
        // T.61 in practice is ISO 8859-1, whose code points are those of Unicode.
        tag::TELETEX_STRING => Some(value.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP_STRING => {
            let units: Vec<u16> = value
                .chunks(2)
                .map(|pair| <[u8; 2]>::try_from(pair).map(u16::from_be_bytes))
                .collect::<Result<_, _>>()
                .ok()?;
            String::from_utf16(&units).ok()
        }
        tag::UNIVERSAL_STRING => value
            .chunks(4)
            .map(|four| {
                let units = <[u8; 4]>::try_from(four).ok()?;
                char::from_u32(u32::from_be_bytes(units))
            })
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{oid, sequence, set_of, tlv};

    fn name(parts: &[(ObjectIdentifier, u8, &[u8])]) -> Name {
        let rdns: Vec<_> = parts
            .iter()
            .map(|(kind, tag, value)| set_of(vec![sequence(&[oid(*kind), tlv(*tag, value)])]))
            .collect();
        Name::from_der(&sequence(&rdns)).unwrap()
    }

    #[test]
    fn vietnamese_text_is_kept_as_certified() {
        let person = "Nguyễn Thị Ánh, Sở Y tế";
        let shown = name(&[
            (ORGANIZATION, tag::UTF8_STRING, "UBND tỉnh Đắk Lắk".as_bytes()),
            (COMMON_NAME, tag::UTF8_STRING, person.as_bytes()),
        ]);
        assert_eq!(shown.common_name(), Some(person));
        assert_eq!(shown.to_string(), "CN=Nguyễn Thị Ánh\\, Sở Y tế, O=UBND tỉnh Đắk Lắk");
        let utf16: Vec<u8> = "Đặng".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(name(&[(COMMON_NAME, tag::BMP_STRING, &utf16)]).common_name(), Some("Đặng"));
    }

    #[test]
    fn case_and_spaces_do_not_distinguish_but_letters_do() {
        let one = name(&[(COMMON_NAME, tag::PRINTABLE_STRING, b"Root  CA")]);
        let two = name(&[(COMMON_NAME, tag::UTF8_STRING, b" root ca")]);
        let other = name(&[(COMMON_NAME, tag::UTF8_STRING, b"rootca")]);
        let kind = name(&[(ORGANIZATION, tag::UTF8_STRING, b"root ca")]);
        assert_eq!(one, two);
        assert_ne!(one, other);
        assert_ne!(one, kind);
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same_and_tones_are_not() {
        let composed = name(&[(COMMON_NAME, tag::UTF8_STRING, "Nguyễn Thị Ánh".as_bytes())]);
        let text: String = "NGUYỄN THỊ ÁNH".nfd().collect();
        let decomposed = name(&[(COMMON_NAME, tag::UTF8_STRING, text.as_bytes())]);
        let other = name(&[(COMMON_NAME, tag::UTF8_STRING, "Nguyễn Thị Anh".as_bytes())]);
        assert_eq!(composed, decomposed);
        assert_ne!(composed, other);
    }

    #[test]
    fn a_subtree_is_a_superior_of_whole_names() {
        let unit = (ORGANIZATION, tag::UTF8_STRING, "Sở Y tế".as_bytes());
        let base = name(&[unit]);
        let person = name(&[unit, (COMMON_NAME, tag::UTF8_STRING, b"An")]);
        let longer = name(&[(ORGANIZATION, tag::UTF8_STRING, "Sở Y tế 2".as_bytes())]);
        assert!(person.is_within(&base) && base.is_within(&base));
        assert!(!base.is_within(&person) && !longer.is_within(&base));
        assert!(person.is_within(&name(&[])));
    }

    #[test]
    fn an_rdn_of_two_attributes_is_a_set() {
        let pair = |kind, value: &[u8]| sequence(&[oid(kind), tlv(tag::UTF8_STRING, value)]);
        let two = |first: Vec<u8>, second: Vec<u8>| {
            let rdn = crate::asn1::constructed(tag::SET, &[first, second]);
            Name::from_der(&sequence(&[rdn])).unwrap()
        };
        let (person, unit) = (pair(COMMON_NAME, b"A"), pair(ORGANIZATIONAL_UNIT, b"B"));
        let one = two(person.clone(), unit.clone());
        assert_eq!(one.to_string(), "CN=A+OU=B");
        assert_eq!(one, two(unit, person));
        let apart = name(&[
            (COMMON_NAME, tag::UTF8_STRING, b"A"),
            (ORGANIZATIONAL_UNIT, tag::UTF8_STRING, b"B"),
        ]);
        assert_ne!(one, apart);
    }

    #[test]
    fn short_names_and_types_belong_together() {
        for (_, short) in SHORT_NAMES {
            let kind = attribute_type(&short.to_lowercase()).unwrap();
            assert_eq!(short_name(kind), Some(short));
        }
        assert_eq!(attribute_type("e"), Some(EMAIL_ADDRESS));
        assert_eq!(attribute_type("XYZ"), None);
        assert_eq!(short_name(ObjectIdentifier::new_unwrap("1.2.3")), None);
    }

    #[test]
    fn control_and_direction_characters_are_escaped() {
        let sly = name(&[(COMMON_NAME, tag::UTF8_STRING, "A\n\u{202e}B".as_bytes())]);
        assert_eq!(sly.to_string(), "CN=A\\0a\\e2\\80\\aeB");
    }

    #[test]
    fn a_holder_is_called_by_the_common_name_and_cannot_move_the_text_around() {
        let person = name(&[
            (ORGANIZATION, tag::UTF8_STRING, "Sở Y tế".as_bytes()),
            (COMMON_NAME, tag::UTF8_STRING, "Nguyễn Thị Ánh, BS\u{1b}[2J\u{202e}".as_bytes()),
        ]);
        assert_eq!(person.display_name(), "Nguyễn Thị Ánh, BS\\u{1b}[2J\\u{202e}");
        let unit = name(&[(ORGANIZATION, tag::UTF8_STRING, "Sở Y tế".as_bytes())]);
        assert_eq!(unit.display_name(), "O=Sở Y tế");
        let blank = name(&[(COMMON_NAME, tag::UTF8_STRING, b"  ")]);
        assert_eq!(blank.display_name(), "CN=\\ \\ ");
        assert!(matches!(escape_for_display("Đặng Văn Ký"), Cow::Borrowed("Đặng Văn Ký")));
        assert_eq!(escape_for_display("a\n\u{2028}b\u{9b}"), "a\\u{a}\\u{2028}b\\u{9b}");
    }
}
