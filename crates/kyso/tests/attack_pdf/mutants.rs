//! Every small change to every object that a reader meets.

use crate::file::{Revision, newest};

/// Objects of the letter that something leads to, and the signature's field; metadata and information included.
pub(crate) const REACHABLE: [u32; 22] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 21, 26, 15, 25];

/// How many of [`REACHABLE`] are: 15 is what an attacker prepares, 25 the signature itself, which covers itself.
pub(crate) const MET: usize = 20;

/// The file with one number raised, or one name spelled otherwise, or one entry more in one object; what was changed.
pub(crate) fn tokens(file: &[u8], object: u32) -> Vec<(String, Vec<u8>)> {
    let text = newest(file, object);
    let mut mutants = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (len, token) = if rest[0].is_ascii_digit() {
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let value: u64 =
                std::str::from_utf8(&rest[..len]).expect("digits").parse().unwrap_or(0);
            (len, format!("{}", value + 1).into_bytes())
        } else if rest[0] == b'/' {
            let inner = rest[1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            (inner + 1, [&rest[..=inner], b"q"].concat())
        } else {
            at += 1;
            continue;
        };
        let old = String::from_utf8_lossy(&text[at.saturating_sub(12)..at + len]).into_owned();
        let changed = [&text[..at], &token, &text[at + len..]].concat();
        mutants.push((old, Revision::new().object(object, changed).after(file)));
        at += len;
    }
    if text.starts_with(b"<<") {
        let more = [b"<< /Zq 15 0 R", &text[2..]].concat();
        mutants
            .push(("one entry more".to_owned(), Revision::new().object(object, more).after(file)));
    }
    mutants.push(("gone".to_owned(), Revision::new().free(object).after(file)));
    mutants
}

/// The file with one object's text in the place of another's.
pub(crate) fn swaps(file: &[u8], object: u32) -> Vec<(String, Vec<u8>)> {
    let own = newest(file, object);
    let others = REACHABLE.iter().map(|other| (other, newest(file, *other)));
    others
        .filter(|(_, text)| *text != own)
        .map(|(other, text)| (other.to_string(), Revision::new().object(object, text).after(file)))
        .collect()
}
