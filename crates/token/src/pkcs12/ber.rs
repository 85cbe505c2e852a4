//! BER to DER (X.690), as far as key files need it.
//!
//! Windows and NSS write indefinite lengths and OCTET STRINGs in segments. One pass makes them definite and primitive,
//! so that everything behind it reads DER. The content of an OCTET STRING stays as it is.

use super::error::{KeyFileError, PfxPart};
use zeroize::Zeroizing;

/// A PFX nests about ten deep, names and attributes included.
const MAX_DEPTH: u32 = 32;

const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// The first element of `input` in DER, with definite minimal lengths and primitive OCTET STRINGs; what follows it
/// is ignored. Order of SET OF and the forms of other types are left alone.
///
/// Reads once forwards into a list of marks and writes once backwards from it, where every length is known in time:
/// linear in the input, and no copy of a secret is left behind by a growing buffer.
pub(super) fn to_der(input: &[u8], part: PfxPart) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut reader = Reader { input, position: 0, part };
    let mut marks = Vec::new();
    reader.element(&mut marks, 0)?;

    // A header grows by two bytes at most, and only where its content has 128 or more.
    let mut reversed = Zeroizing::new(Vec::with_capacity(input.len() * 2 + 16));
    let mut open = Vec::new();
    for mark in marks.into_iter().rev() {
        match mark {
            Mark::End(tag) => open.push((tag, reversed.len())),
            Mark::Content(bytes) => reversed.extend(bytes.iter().rev()),
            Mark::Begin => {
                let Some((tag, mark)) = open.pop() else { return Err(reader.malformed()) };
                let length = reversed.len() - mark;
                write_header_reversed(&mut reversed, tag, length);
            }
        }
    }
    reversed.reverse();
    Ok(reversed)
}

struct Reader<'a> {
    input: &'a [u8],
    position: usize,
    part: PfxPart,
}

/// What was read, in order.
enum Mark<'a> {
    Begin,
    Content(&'a [u8]),
    /// With the tag that the element shall have.
    End(u8),
}

/// Length of an element's content, as its header says it.
enum ContentLength {
    Definite(usize),
    Indefinite,
}

impl<'a> Reader<'a> {
    fn element(&mut self, marks: &mut Vec<Mark<'a>>, depth: u32) -> Result<(), KeyFileError> {
        let tag = self.tag()?;
        marks.push(Mark::Begin);
        if tag == OCTET_STRING | CONSTRUCTED {
            self.content(tag, marks, depth, Self::segment)?;
            marks.push(Mark::End(OCTET_STRING));
        } else {
            self.content(tag, marks, depth, Self::element)?;
            marks.push(Mark::End(tag));
        }
        Ok(())
    }

    /// One segment of an OCTET STRING (§8.7.3): its bytes, or those of its own segments.
    fn segment(&mut self, marks: &mut Vec<Mark<'a>>, depth: u32) -> Result<(), KeyFileError> {
        let tag = self.tag()?;
        if tag & !CONSTRUCTED != OCTET_STRING {
            return Err(self.malformed());
        }
        self.content(tag, marks, depth, Self::segment)
    }

    /// Length and content of an element; `child` reads what is inside a constructed one.
    fn content(
        &mut self,
        tag: u8,
        marks: &mut Vec<Mark<'a>>,
        depth: u32,
        child: fn(&mut Self, &mut Vec<Mark<'a>>, u32) -> Result<(), KeyFileError>,
    ) -> Result<(), KeyFileError> {
        if depth >= MAX_DEPTH {
            return Err(KeyFileError::NestedTooDeep { limit: MAX_DEPTH });
        }
        match self.length()? {
            ContentLength::Definite(length) if tag & CONSTRUCTED == 0 => {
                marks.push(Mark::Content(self.take(length)?));
            }
            ContentLength::Indefinite if tag & CONSTRUCTED == 0 => return Err(self.malformed()),
            ContentLength::Definite(length) => {
                let end = self.position + length;
                if end > self.input.len() {
                    return Err(self.malformed());
                }
                let whole = self.input;
                self.input = &whole[..end];
                while self.position < end {
                    child(self, marks, depth + 1)?;
                }
                self.input = whole;
            }
            ContentLength::Indefinite => {
                while self.input.get(self.position..self.position + 2) != Some(&[0, 0]) {
                    child(self, marks, depth + 1)?;
                }
                self.position += 2;
            }
        }
        Ok(())
    }

    /// One identifier octet; the high-tag-number form (§8.1.2.4) occurs in no key file.
    fn tag(&mut self) -> Result<u8, KeyFileError> {
        match self.take(1)?[0] {
            tag if tag & 0x1F == 0x1F || tag == 0 => Err(self.malformed()),
            tag => Ok(tag),
        }
    }

    fn length(&mut self) -> Result<ContentLength, KeyFileError> {
        let first = self.take(1)?[0];
        if first == 0x80 {
            return Ok(ContentLength::Indefinite);
        }
        if first < 0x80 {
            return Ok(ContentLength::Definite(first.into()));
        }
        let mut length = 0usize;
        for byte in self.take((first & 0x7F).into())? {
            length = length.checked_mul(256).ok_or_else(|| self.malformed())? | usize::from(*byte);
        }
        // A length beyond the input is refused where the content is taken; the bound here keeps sums small.
        if length > self.input.len() {
            return Err(self.malformed());
        }
        Ok(ContentLength::Definite(length))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], KeyFileError> {
        let end = self.position.checked_add(length).ok_or_else(|| self.malformed())?;
        let bytes = self.input.get(self.position..end).ok_or_else(|| self.malformed())?;
        self.position = end;
        Ok(bytes)
    }

    fn malformed(&self) -> KeyFileError {
        KeyFileError::Malformed { part: self.part, offset: u32::try_from(self.position).ok() }
    }
}

fn write_header_reversed(reversed: &mut Vec<u8>, tag: u8, length: usize) {
    if length < 0x80 {
        reversed.push(length as u8);
    } else {
        let bytes = length.to_le_bytes();
        let significant = bytes.len() - length.leading_zeros() as usize / 8;
        reversed.extend_from_slice(&bytes[..significant]);
        reversed.push(0x80 | significant as u8);
    }
    reversed.push(tag);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn convert(hex_input: &str) -> Result<String, KeyFileError> {
        let der = to_der(&hex::decode(hex_input).unwrap(), PfxPart::Pfx)?;
        Ok(hex::encode(&*der))
    }

    #[test]
    fn indefinite_lengths_and_segments_become_definite() {
        // SEQUENCE { INTEGER 3, [0] { OCTET STRING "ab" "c" in two segments } }, all indefinite.
        let ber = "3080020103a080248004026162040163000000000000";
        assert_eq!(convert(ber).unwrap(), "300a020103a0050403616263");
        // Segments nest (§8.7.3.2), and a long form of a short length is shortened.
        assert_eq!(convert("24802481040402616204820001630000").unwrap(), "0403616263");
    }

    #[test]
    fn der_stays_as_it_is() {
        let der = "300a020103a0050403616263";
        assert_eq!(convert(der).unwrap(), der);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "3080".repeat(100_000);
        assert_eq!(convert(&deep).unwrap_err(), KeyFileError::NestedTooDeep { limit: MAX_DEPTH });
    }

    #[test]
    fn foreign_elements_in_a_segmented_string_are_refused() {
        assert!(convert("2480020103 0000".replace(' ', "").as_str()).is_err());
    }

    proptest! {
        #[test]
        fn conversion_is_idempotent_and_total(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(der) = to_der(&bytes, PfxPart::Pfx) {
                let again = to_der(&der, PfxPart::Pfx).unwrap();
                prop_assert_eq!(&*again, &*der);
            }
        }
    }
}
