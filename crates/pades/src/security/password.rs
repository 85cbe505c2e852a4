//! A document's password and the forms in which it is tried (ISO 32000-2 §7.6.4.3).

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::text::encode_pdf_doc;

/// Bytes of a password that count up to revision 4: the length of the padding string.
const OLD_LEN: usize = 32;
/// Bytes of a password that count from revision 5 on (algorithm 2.A, step b).
const NEW_LEN: usize = 127;

/// An owner's or user's password: zeroized when dropped, never printed.
///
/// ```compile_fail,E0277
/// println!("{:?}", kyso_pades::Password::new(b"1234".to_vec()));
/// ```
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// A password's bytes: UTF-8, or as they are where they are none.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The password's bytes, for another reader of the same document.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Forms that a writer of the revision may have made of the password, the standard's first.
    pub(super) fn forms(&self, revision: u8) -> Vec<Zeroizing<Vec<u8>>> {
        let text = core::str::from_utf8(&self.0).ok();
        let (standard, len) = if revision >= 5 {
            (text.map(prepare), NEW_LEN)
        } else {
            (text.and_then(encode_pdf_doc), OLD_LEN)
        };
        let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        // Many writers take the bytes that they are given.
        let given = Some(Zeroizing::new(self.0.to_vec()));
        for mut form in [standard.map(Zeroizing::new), given].into_iter().flatten() {
            form.truncate(len);
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }
}

/// SASLprep (RFC 4013) as far as it changes text: mappings (§2.1) and NFKC (§2.2).
///
/// What it prohibits (§2.3, §2.4) stays: no conforming writer has taken such a password, others may have.
fn prepare(text: &str) -> Vec<u8> {
    let mapped = text.chars().filter_map(|character| match character {
        // RFC 3454 table C.1.2, spaces beyond ASCII.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Some(' ')
        }
        // RFC 3454 table B.1, what is commonly mapped to nothing.
        '\u{ad}'
        | '\u{34f}'
        | '\u{1806}'
        | '\u{180b}'..='\u{180d}'
        | '\u{200c}'
        | '\u{200d}'
        | '\u{2060}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => None,
        other => Some(other),
    });
    let prepared: Zeroizing<String> = Zeroizing::new(mapped.nfkc().collect());
    prepared.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(password: &str, revision: u8) -> Vec<Vec<u8>> {
        Password::new(password).forms(revision).iter().map(|form| form.to_vec()).collect()
    }

    #[test]
    fn text_is_prepared_as_rfc_4013_has_it() {
        assert_eq!(forms("I\u{ad}X", 6)[0], b"IX");
        assert_eq!(forms("\u{aa}", 6)[0], b"a");
        assert_eq!(forms("\u{2168}", 6)[0], b"IX");
        assert_eq!(forms("m\u{a0}k", 6)[0], b"m k");
        // Decomposed Vietnamese becomes composed; the bytes as given come second.
        assert_eq!(forms("a\u{302}\u{301}", 6), ["ấ".as_bytes(), "a\u{302}\u{301}".as_bytes()]);
    }

    #[test]
    fn old_revisions_take_pdf_doc_encoding() {
        assert_eq!(forms("é€", 3), [b"\xe9\xa0".to_vec(), "é€".as_bytes().to_vec()]);
        assert_eq!(forms("mật khẩu", 4), ["mật khẩu".as_bytes()]);
        assert_eq!(forms("abc", 2), [b"abc"]);
        assert_eq!(forms(&"x".repeat(40), 4)[0].len(), 32);
        assert_eq!(forms(&"x".repeat(200), 6)[0].len(), 127);
        assert_eq!(Password::new(b"\xff\xfe".to_vec()).forms(6).len(), 1);
    }
}
