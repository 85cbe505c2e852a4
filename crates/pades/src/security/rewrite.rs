//! Encrypts the strings of an object's text and leaves everything else as it stands.

use core::ops::Range;

use super::is_signature;
use crate::error::Error;
use crate::lexer::Lexer;
use crate::limits::Limits;
use crate::object::{Dictionary, Object};
use crate::parse::error_at;
use crate::text::write_string;

/// Where the `/Contents` of signature dictionaries stand in the text of a value.
pub(super) fn signature_contents(value: &Object, spans: &mut Vec<Range<usize>>) {
    match value {
        Object::Array(array) => {
            array.items.iter().for_each(|item| signature_contents(item, spans));
        }
        Object::Dictionary(dictionary) => of_dictionary(dictionary, spans),
        Object::Stream(stream) => of_dictionary(&stream.dictionary, spans),
        _ => {}
    }
}

fn of_dictionary(dictionary: &Dictionary, spans: &mut Vec<Range<usize>>) {
    let signature = is_signature(dictionary);
    for entry in &dictionary.entries {
        if signature && entry.key.is("Contents") {
            spans.push(entry.span.clone());
        } else {
            signature_contents(&entry.value, spans);
        }
    }
}

/// The text with every string replaced, but those that begin within `plain`.
pub(super) fn strings(
    text: &[u8],
    plain: &[Range<usize>],
    limits: &Limits,
    mut replace: impl FnMut(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let len = match rest {
            [b'%', ..] => {
                rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())
            }
            [b'<', b'<', ..] => 2,
            [b'(' | b'<', ..] => {
                let mut lexer = Lexer::new(rest, limits);
                let value = lexer.value().map_err(|failure| error_at(at as u64, failure))?;
                let len = lexer.position();
                if let Object::String(string) = value
                    && !plain.iter().any(|span| span.contains(&at))
                {
                    write_string(&mut out, &replace(&string)?);
                    at += len;
                    continue;
                }
                len
            }
            _ => 1,
        };
        out.extend(rest.get(..len).unwrap_or(rest));
        at += len;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str, plain: &[Range<usize>]) -> String {
        let replace = |string: &[u8]| Ok(string.to_ascii_uppercase());
        let out = strings(text.as_bytes(), plain, &Limits::standard(), replace).expect("text");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn strings_alone_change() {
        assert_eq!(
            rewritten("<< /A (a\\)b(c)) % (no)\n /B [<61> (x)] /C << /D<6162>>> >>", &[]),
            "<< /A (A\\)B\\(C\\)) % (no)\n /B [(A) (X)] /C << /D(AB)>> >>"
        );
        assert_eq!(rewritten("<6162> (cd) <61>", &[0..6, 12..16]), "<6162> (CD) <61>");
    }

    #[test]
    fn contents_of_signatures_are_found_wherever_they_stand() {
        let find = |text: &str| {
            let value = Lexer::new(text.as_bytes(), &Limits::standard()).value().expect("a value");
            let mut spans = Vec::new();
            signature_contents(&value, &mut spans);
            spans.into_iter().map(|span| text[span].to_owned()).collect::<Vec<_>>()
        };
        let inner = "<< /V << /ByteRange [0 1 2 3] /Contents <00> /Reason (x) >> >>";
        assert_eq!(find(inner), ["<00>"]);
        assert_eq!(find("<< /Type /Sig /ByteRange [] /Contents <00> >>"), ["<00>"]);
        assert!(find("<< /Type /Annot /ByteRange [] /Contents (x) >>").is_empty());
        assert!(find("<< /Type /Sig /Contents (x) >>").is_empty());
    }
}
