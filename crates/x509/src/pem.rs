//! PEM (RFC 7468): DER in base64 between labelled lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Why a text gave no block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PemError {
    /// The block that begins at this byte does not end under its label or is no base64.
    Block {
        /// Offset in bytes of the block.
        offset: usize,
    },
    /// No block bears one of the labels asked for.
    Missing,
}

impl core::fmt::Display for PemError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Block { offset } => write!(f, "malformed PEM block at offset {offset}"),
            Self::Missing => f.write_str("no PEM block of the kind that is needed"),
        }
    }
}

impl core::error::Error for PemError {}

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";

/// The contents of every block that bears one of the labels (`CERTIFICATE`, `PRIVATE KEY`, …), in order.
///
/// Other blocks and the text around blocks are passed over. A block may be a private key: nothing of it is left
/// in memory but what is returned, which the caller wipes.
///
/// # Errors
/// [`PemError::Block`] for a wanted block that is damaged, [`PemError::Missing`] where there is none.
pub fn decode(text: &[u8], labels: &[&str]) -> Result<Vec<Vec<u8>>, PemError> {
    let mut blocks = Vec::new();
    let mut position = 0;
    while let Some(begin) = find(&text[position..], BEGIN) {
        let offset = position + begin;
        position = offset + BEGIN.len();
        let line = &text[position..];
        let Some(label) = labels.iter().find(|label| {
            line.strip_prefix(label.as_bytes()).is_some_and(|rest| rest.starts_with(DASHES))
        }) else {
            continue;
        };
        let body = &line[label.len() + DASHES.len()..];
        let end = format!("-----END {label}-----");
        let len = find(body, end.as_bytes()).ok_or(PemError::Block { offset })?;
        // Room for all of it: a vector that grows would leave copies behind.
        let mut base64 = Zeroizing::new(Vec::with_capacity(len));
        base64.extend(body[..len].iter().filter(|byte| !byte.is_ascii_whitespace()));
        blocks.push(STANDARD.decode(&*base64).map_err(|_| PemError::Block { offset })?);
        position += label.len() + DASHES.len() + len + end.len();
    }
    if blocks.is_empty() { Err(PemError::Missing) } else { Ok(blocks) }
}

/// One block with 64 characters a line.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII, so every byte is a boundary.
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_labels_asked_for_are_read() {
        let text = [
            "a comment\n",
            &encode("CERTIFICATE", b"one"),
            &encode("PRIVATE KEY", b"two"),
            &encode("CERTIFICATE", b"three"),
        ]
        .concat();
        let found = decode(text.as_bytes(), &["CERTIFICATE"]);
        assert_eq!(found, Ok(vec![b"one".to_vec(), b"three".to_vec()]));
        assert_eq!(decode(text.as_bytes(), &["PRIVATE KEY"]), Ok(vec![b"two".to_vec()]));
        assert_eq!(decode(text.as_bytes(), &["CMS", "PKCS7"]), Err(PemError::Missing));
        // A label that only begins like the one asked for is another one.
        assert_eq!(decode(text.as_bytes(), &["CERT"]), Err(PemError::Missing));
    }

    #[test]
    fn a_damaged_block_is_named_by_its_place() {
        for damaged in [
            "xx-----BEGIN CMS-----\nAAAA\n",
            "xx-----BEGIN CMS-----\nAAAA\n-----END PKCS7-----\n",
            "xx-----BEGIN CMS-----\nProc-Type: 4,ENCRYPTED\n-----END CMS-----\n",
        ] {
            let found = decode(damaged.as_bytes(), &["CMS", "PKCS7"]);
            assert_eq!(found, Err(PemError::Block { offset: 2 }), "{damaged}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(der in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = encode("CMS", &der);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            prop_assert_eq!(decode(text.as_bytes(), &["CMS"]), Ok(vec![der]));
        }

        #[test]
        fn arbitrary_text_never_panics(text: Vec<u8>, label: String) {
            let _ = decode(&text, &[&label, ""]);
        }
    }
}
