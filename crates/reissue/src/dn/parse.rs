//! A person's text to a name: RFC 4514, most specific attribute first, as certificates are shown.

use kyso_x509::asn1::{Asn1Error, Reader, Rules};
use kyso_x509::name::{Attribute, attribute_type};
use kyso_x509::{Name, ObjectIdentifier};

use super::{attribute, name_of};

/// Longest text read, in characters: all attributes at their limits fit.
pub const MAX_TEXT_CHARS: usize = 4_096;

/// Why a text is no distinguished name, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnParseError {
    /// Place of the fault, in characters from 0.
    pub position: usize,
    /// What is wrong there.
    pub kind: DnSyntax,
}

/// What is wrong with a text that should be a distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnSyntax {
    /// Nothing there at all.
    Empty,
    /// Longer than [`MAX_TEXT_CHARS`].
    TooLong {
        /// Characters found.
        length: usize,
    },
    /// An attribute without a type before its `=`.
    TypeMissing,
    /// No `=` after the attribute's type.
    EqualsMissing,
    /// A type that is neither a known short name nor a dotted number.
    TypeUnknown {
        /// The type as written.
        name: String,
    },
    /// A character that must be written with `\` before it.
    Unescaped {
        /// The character.
        character: char,
    },
    /// `\` before neither a special character nor two hexadecimal digits.
    Escape,
    /// Escaped bytes that are no UTF-8.
    Utf8 {
        /// Bytes of the value before the fault.
        valid_bytes: usize,
    },
    /// `#` not followed by the hexadecimal DER of one value.
    Hex,
    /// The attributes together are no name.
    Der(Asn1Error),
}

impl core::fmt::Display for DnParseError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "distinguished name, character {}: ", self.position + 1)?;
        match &self.kind {
            DnSyntax::Empty => f.write_str("it is empty"),
            DnSyntax::TooLong { length } => {
                write!(f, "{length} characters are too long, {MAX_TEXT_CHARS} are allowed")
            }
            DnSyntax::TypeMissing => f.write_str("an attribute's type is missing"),
            DnSyntax::EqualsMissing => f.write_str("`=` is missing after the attribute's type"),
            DnSyntax::TypeUnknown { name } => {
                write!(f, "unknown attribute type `{}`", kyso_x509::escape_for_display(name))
            }
            DnSyntax::Unescaped { character } => {
                write!(f, "write {character:?} within a value as `\\{}`", character.escape_debug())
            }
            DnSyntax::Escape => {
                f.write_str("`\\` stands before a special character or two hexadecimal digits")
            }
            DnSyntax::Utf8 { valid_bytes } => {
                write!(f, "the escaped bytes are no UTF-8 text after {valid_bytes} bytes")
            }
            DnSyntax::Der(error) => error.fmt(f),
            DnSyntax::Hex => f.write_str("`#` is followed by the hexadecimal DER of one value"),
        }
    }
}

impl core::error::Error for DnParseError {}

/// Reads a name as [`Name`]'s `Display` writes it: `CN=…, OU=…, O=…, L=…, C=VN`. Spaces around types and separators
/// are free; values become NFC; `E` is emailAddress. Nothing is said yet about lengths: see [`check`](super::check).
///
/// # Errors
/// The first fault, with its place.
pub fn parse(text: &str) -> Result<Name, DnParseError> {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len();
    if length > MAX_TEXT_CHARS {
        return Err(DnParseError { position: MAX_TEXT_CHARS, kind: DnSyntax::TooLong { length } });
    }
    let mut cursor = Cursor { characters, position: 0 };
    cursor.skip_spaces();
    if cursor.peek().is_none() {
        return Err(cursor.fault(DnSyntax::Empty));
    }
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut from_leaf = 0;
    loop {
        attributes.push(cursor.attribute(from_leaf)?);
        match cursor.next() {
            None => break,
            Some('+') => {}
            // The cursor stops a value at these two only.
            Some(_) => from_leaf += 1,
        }
    }
    for attribute in &mut attributes {
        attribute.rdn = from_leaf - attribute.rdn;
    }
    // The text begins with the leaf; inside one RDN the order of the text stays.
    attributes.sort_by_key(|attribute| attribute.rdn);
    let end = cursor.position;
    // Every value was checked to be one DER element.
    name_of(&attributes).map_err(|error| DnParseError { position: end, kind: DnSyntax::Der(error) })
}

struct Cursor {
    characters: Vec<char>,
    position: usize,
}

impl Cursor {
    fn fault(&self, kind: DnSyntax) -> DnParseError {
        DnParseError { position: self.position, kind }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += 1;
        Some(character)
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(' ') {
            self.position += 1;
        }
    }

    fn attribute(&mut self, rdn: usize) -> Result<Attribute, DnParseError> {
        let oid = self.attribute_type()?;
        self.skip_spaces();
        if self.peek() == Some('#') {
            let der = self.hex_value()?;
            // Read back by `Name`, which finds the text if the value is one.
            return Ok(Attribute { rdn, oid, text: None, der });
        }
        let text = self.value()?;
        Ok(attribute(rdn, oid, &text))
    }

    fn attribute_type(&mut self) -> Result<ObjectIdentifier, DnParseError> {
        self.skip_spaces();
        let start = self.position;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-')) {
            self.position += 1;
        }
        let name: String = self.characters[start..self.position].iter().collect();
        if name.is_empty() {
            return Err(self.fault(DnSyntax::TypeMissing));
        }
        self.skip_spaces();
        if self.peek() != Some('=') {
            return Err(self.fault(DnSyntax::EqualsMissing));
        }
        self.position += 1;
        let dotted = || ObjectIdentifier::new(&name).ok();
        let unknown = || DnSyntax::TypeUnknown { name: name.clone() };
        attribute_type(&name)
            .or_else(dotted)
            .ok_or_else(|| DnParseError { position: start, kind: unknown() })
    }

    /// A value up to the next separator, which stays; outer spaces that are not escaped are dropped.
    fn value(&mut self) -> Result<String, DnParseError> {
        let start = self.position;
        let mut bytes: Vec<u8> = Vec::new();
        let mut kept = 0;
        while let Some(character) = self.peek() {
            match character {
                ',' | '+' => break,
                '"' | ';' | '<' | '>' => {
                    return Err(self.fault(DnSyntax::Unescaped { character }));
                }
                '\\' => {
                    self.escape(&mut bytes)?;
                    kept = bytes.len();
                }
                _ => {
                    self.position += 1;
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    if character != ' ' {
                        kept = bytes.len();
                    }
                }
            }
        }
        bytes.truncate(kept);
        // Only escaped bytes can break UTF-8.
        String::from_utf8(bytes).map_err(|error| {
            let valid_bytes = error.utf8_error().valid_up_to();
            DnParseError { position: start, kind: DnSyntax::Utf8 { valid_bytes } }
        })
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), DnParseError> {
        let special =
            |c: char| matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#' | ' ');
        let at = |offset: usize| self.characters.get(self.position + offset).copied();
        let digit = |offset| at(offset).and_then(|c: char| c.to_digit(16));
        match (at(1), digit(1), digit(2)) {
            (Some(character), ..) if special(character) => {
                bytes.extend(character.to_string().bytes());
                self.position += 2;
            }
            (_, Some(high), Some(low)) => {
                bytes.extend((high * 16 + low).to_le_bytes().first());
                self.position += 3;
            }
            _ => return Err(self.fault(DnSyntax::Escape)),
        }
        Ok(())
    }

    fn hex_value(&mut self) -> Result<Vec<u8>, DnParseError> {
        let fault = self.fault(DnSyntax::Hex);
        self.position += 1;
        let start = self.position;
        while self.peek().is_some_and(|c| c.is_ascii_hexdigit()) {
            self.position += 1;
        }
        let digits: Vec<u32> =
            self.characters[start..self.position].iter().filter_map(|c| c.to_digit(16)).collect();
        self.skip_spaces();
        let ended = self.peek().is_none_or(|c| matches!(c, ',' | '+'));
        let bytes: Vec<u8> =
            digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]).to_le_bytes()[0]).collect();
        let mut reader = Reader::new(&bytes, Rules::Der);
        let one = reader.element().is_ok() && reader.finish().is_ok();
        if !ended || !digits.len().is_multiple_of(2) || !one { Err(fault) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_shown_is_read_back() {
        let text = "emailAddress=tyhv@quangngai.gov.vn, CN=Hà Văn Tý\\, BS, L=Đăk Hà+OU=TRƯỜNG THCS, O=A \\+ B, C=VN";
        let name = parse(text).unwrap();
        assert_eq!(name.to_string(), text);
        assert_eq!(name.attributes()[0].rdn, 0);
        assert_eq!(name.attributes()[0].text.as_deref(), Some("VN"));
        let loose = parse(
            "  e = tyhv@quangngai.gov.vn,cn=Hà Văn Tý\\2C BS ,OU=TRƯỜNG THCS + L=Đăk Hà,O=A \\2B B,C=VN",
        );
        assert_eq!(loose.unwrap().to_string(), text);
        assert_eq!(parse("CN=\\ a\\20, 1.2.3=#0c0141").unwrap().to_string(), "CN=\\ a\\ , 1.2.3=A");
        // NFD comes in, NFC goes out.
        assert_eq!(parse("CN=Ha\u{300}").unwrap().common_name(), Some("Hà"));
    }

    #[test]
    fn faults_are_named_with_their_place() {
        for (text, position, kind) in [
            ("", 0, DnSyntax::Empty),
            ("   ", 3, DnSyntax::Empty),
            ("CN=A,", 5, DnSyntax::TypeMissing),
            ("CN=Ý,, C=VN", 5, DnSyntax::TypeMissing),
            ("CN=A, Hà Nội", 9, DnSyntax::EqualsMissing),
            ("CN", 2, DnSyntax::EqualsMissing),
            ("CN=A, XX=B", 6, DnSyntax::TypeUnknown { name: "XX".to_owned() }),
            ("CN=Đ;C=VN", 4, DnSyntax::Unescaped { character: ';' }),
            ("CN=\"A\"", 3, DnSyntax::Unescaped { character: '"' }),
            ("CN=A\\z", 4, DnSyntax::Escape),
            ("CN=A\\", 4, DnSyntax::Escape),
            ("CN=\\c3\\28", 3, DnSyntax::Utf8 { valid_bytes: 0 }),
            ("CN=#zz", 3, DnSyntax::Hex),
            ("CN=#0c02", 3, DnSyntax::Hex),
        ] {
            assert_eq!(parse(text), Err(DnParseError { position, kind }), "{text}");
        }
        let long = format!("CN={}", "ậ".repeat(MAX_TEXT_CHARS));
        assert!(matches!(parse(&long).unwrap_err().kind, DnSyntax::TooLong { length: 4_099 }));
    }

    proptest! {
        #[test]
        fn any_value_survives(values in proptest::collection::vec("\\PC{1,20}", 1..6)) {
            let attributes: Vec<_> = values
                .iter()
                .enumerate()
                .map(|(rdn, value)| attribute(rdn, kyso_x509::name::ORGANIZATIONAL_UNIT, value))
                .collect();
            let name = name_of(&attributes).unwrap();
            let again = parse(&name.to_string()).unwrap();
            prop_assert_eq!(again.as_der(), name.as_der());
        }

        #[test]
        fn no_text_panics(text in "[A-Za-z=,+#\\\\ \"0-9à-ỹ]{0,40}") {
            let _ = parse(&text);
        }
    }
}
