//! Vietnamese text for comparison: words without case, their marks apart, tones where nobody disputes their place.

use core::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

/// Where a tone mark is kept: a tone belongs to the syllable, so "hoà" and "hòa" are one.
const OF_SYLLABLE: usize = usize::MAX;

/// One word of a text.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
    /// Letters and digits without case and marks, NFD; `đ` is `d`.
    pub(crate) plain: String,
    /// Marks, each with the place of its letter in `plain`.
    marks: Vec<(usize, char)>,
    /// True when a comma, hyphen, bracket or the like stands before it.
    pub(crate) boundary_before: bool,
    /// True when a full stop follows at once: "P."
    pub(crate) dotted: bool,
}

/// How far two names agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exactness {
    /// But for case, Unicode form, the tone mark's place, hyphens and apostrophes they are one.
    Exact,
    /// One lacks diacritics that the other has: `DAK HA`, `Đăk Hà`, `Đắk Hà`.
    Marks,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut boundary = false;
    let mut open: Option<usize> = None;
    let end = [(text.len(), ' ')];
    for (at, character) in text.char_indices().chain(end) {
        let letter = character.is_alphanumeric() || canonical_combining_class(character) != 0;
        if letter || (open.is_some() && is_apostrophe(character)) {
            open.get_or_insert(at);
            continue;
        }
        if let Some(start) = open.take() {
            push(&mut words, &text[start..at], start, boundary);
            boundary = false;
            if let (Some(last), '.') = (words.last_mut(), character) {
                last.dotted = true;
            }
        }
        boundary |= !character.is_whitespace() && character != '.' && !is_apostrophe(character);
    }
    words
}

/// Compares two runs of words.
pub(crate) fn compare(one: &[Word], other: &[Word]) -> Option<Exactness> {
    if one.len() != other.len() {
        return None;
    }
    one.iter().zip(other).try_fold(Exactness::Exact, |so_far, (one, other)| {
        if one.plain != other.plain {
            None
        } else if one.marks == other.marks {
            Some(so_far)
        } else if subset(&one.marks, &other.marks) || subset(&other.marks, &one.marks) {
            Some(Exactness::Marks)
        } else {
            None
        }
    })
}

impl Word {
    /// True for the same word, or the word without any of its marks.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.plain == other.plain && (self.marks == other.marks || self.marks.is_empty())
    }
}

fn push(words: &mut Vec<Word>, text: &str, start: usize, boundary_before: bool) {
    let span = start..start + text.len();
    let mut word =
        Word { span, plain: String::new(), marks: Vec::new(), boundary_before, dotted: false };
    let mut letters = 0_usize;
    for character in text.nfd().flat_map(char::to_lowercase) {
        match character {
            'đ' | 'ð' => {
                word.marks.push((letters, 'đ'));
                word.plain.push('d');
                letters += 1;
            }
            // Grave, acute, tilde, hook, dot below.
            '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}' => {
                word.marks.push((OF_SYLLABLE, character));
            }
            _ if canonical_combining_class(character) != 0 => {
                word.marks.push((letters.saturating_sub(1), character));
            }
            _ if is_apostrophe(character) => {}
            _ => {
                word.plain.push(character);
                letters += 1;
            }
        }
    }
    word.marks.sort_unstable();
    if word.plain.bytes().all(|byte| byte.is_ascii_digit()) {
        // Phường 01 is Phường 1.
        let digits = word.plain.trim_start_matches('0');
        word.plain = if digits.is_empty() { "0".to_owned() } else { digits.to_owned() };
    }
    let expanded: &[&str] = match word.plain.as_str() {
        "hcm" => &["hồ", "chí", "minh"],
        "tphcm" => &["tp", "hồ", "chí", "minh"],
        _ => {
            words.push(word);
            return;
        }
    };
    for (index, part) in expanded.iter().enumerate() {
        let before = words.len();
        push(words, part, 0, boundary_before && index == 0);
        for word in &mut words[before..] {
            word.span = start..start + text.len();
        }
    }
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '`' | '´' | '‘' | '’' | 'ʼ')
}

fn subset(small: &[(usize, char)], large: &[(usize, char)]) -> bool {
    small.iter().all(|mark| large.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(one: &str, other: &str) -> Option<Exactness> {
        compare(&words(one), &words(other))
    }

    #[test]
    fn case_form_tone_place_and_apostrophes_do_not_distinguish() {
        for (one, other) in [
            ("HOÀ AN", "Hòa An"),
            ("Thuỷ Nguyên", "Thủy Nguyên"),
            ("ỦY BAN", "uỷ ban"),
            ("\u{110}a\u{306}\u{301}k", "Đắk"),
            ("Ðăk", "đăk"),
            ("Cư M’gar", "Cư M'Gar"),
            ("Bà Rịa-Vũng Tàu", "Bà Rịa – Vũng Tàu"),
            ("Phường 01", "Phường 1"),
            ("TPHCM", "TP. Hồ Chí Minh"),
        ] {
            assert_eq!(agree(one, other), Some(Exactness::Exact), "{one} / {other}");
        }
    }

    #[test]
    fn missing_marks_are_told_apart_from_other_marks() {
        assert_eq!(agree("DAK HA", "Đăk Hà"), Some(Exactness::Marks));
        assert_eq!(agree("Đăk Hà", "Đắk Hà"), Some(Exactness::Marks));
        assert_eq!(agree("Hòa An", "Hóa An"), None);
        assert_eq!(agree("Tân An", "Tấn An"), Some(Exactness::Marks));
        assert_eq!(agree("Tân An", "Tăn An"), None);
        assert_eq!(agree("Ea H'leo", "Ea H leo"), None);
    }

    #[test]
    fn spans_are_bytes_of_the_text() {
        let text = "UBND P. Hoà An, Q.5";
        let words = words(text);
        let shown: Vec<_> = words.iter().map(|word| &text[word.span.clone()]).collect();
        assert_eq!(shown, ["UBND", "P", "Hoà", "An", "Q", "5"]);
        assert!(words[1].dotted && words[4].dotted && !words[0].dotted);
        assert!(words[4].boundary_before && !words[2].boundary_before);
    }
}
