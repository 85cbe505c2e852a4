//! Digests of the content, computed while it passes by.

use kyso_x509::{Digest, DigestAlgorithm, Hasher};

/// Hashes content that streams past, under every algorithm that its signers name.
pub struct ContentHasher {
    hashers: Vec<Hasher>,
    start: Vec<u8>,
    len: u64,
}

/// What verification needs to know of the content: digests, and whether it could be taken for signed attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDigests {
    digests: Vec<Digest>,
    shape: Shape,
}

/// What the content looks like from its first bytes and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Begins and ends like a DER SET OF Attribute.
    SignedAttributes,
    /// Does not.
    Other,
    /// Nobody looked.
    Unknown,
}

/// Enough for the headers of the SET, of its first SEQUENCE and of the OBJECT IDENTIFIER in it.
const START_LEN: usize = 32;

impl ContentHasher {
    /// Starts one computation for each distinct algorithm.
    #[must_use]
    pub fn new(algorithms: &[DigestAlgorithm]) -> Self {
        let mut hashers: Vec<Hasher> = Vec::new();
        for algorithm in algorithms {
            if !hashers.iter().any(|one| one.algorithm() == *algorithm) {
                hashers.push(Hasher::new(*algorithm));
            }
        }
        Self { hashers, start: Vec::with_capacity(START_LEN), len: 0 }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let wanted = START_LEN.saturating_sub(self.start.len());
        self.start.extend_from_slice(&bytes[..wanted.min(bytes.len())]);
        self.len += bytes.len() as u64;
        for hasher in &mut self.hashers {
            hasher.update(bytes);
        }
    }

    /// Bytes added so far.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// True when no byte was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Ends the computation.
    #[must_use]
    pub fn finish(self) -> ContentDigests {
        let digests = self.hashers.into_iter().map(Hasher::finish).collect();
        ContentDigests::from_digests_and_start(digests, &self.start, self.len)
    }
}

impl ContentDigests {
    /// Hashes content that is all in memory.
    #[must_use]
    pub fn of_bytes(algorithms: &[DigestAlgorithm], content: &[u8]) -> Self {
        let mut hasher = ContentHasher::new(algorithms);
        hasher.update(content);
        hasher.finish()
    }

    /// Hashes what a reader gives, 64 KiB at a time.
    ///
    /// # Errors
    /// The reader's.
    pub fn of_reader(
        algorithms: &[DigestAlgorithm],
        content: &mut impl std::io::Read,
    ) -> std::io::Result<Self> {
        let mut hasher = ContentHasher::new(algorithms);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(len) => hasher.update(&buffer[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes digests computed elsewhere.
    ///
    /// Nobody has then seen what the content looks like, so a signature without signed attributes is refused.
    #[must_use]
    pub const fn from_digests(digests: Vec<Digest>) -> Self {
        Self { digests, shape: Shape::Unknown }
    }

    /// Takes digests computed elsewhere, with the first 32 bytes of the content (all, if shorter) and its length.
    #[must_use]
    pub fn from_digests_and_start(digests: Vec<Digest>, start: &[u8], len: u64) -> Self {
        let shape = if resembles_signed_attributes(start, len) {
            Shape::SignedAttributes
        } else {
            Shape::Other
        };
        Self { digests, shape }
    }

    /// The digest under one algorithm, if it was computed.
    #[must_use]
    pub fn find(&self, algorithm: DigestAlgorithm) -> Option<&Digest> {
        self.digests.iter().find(|digest| digest.algorithm() == algorithm)
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }
}

/// True for `SET { SEQUENCE { OBJECT IDENTIFIER …` of exactly this length: what a signature over attributes covers.
fn resembles_signed_attributes(start: &[u8], len: u64) -> bool {
    use kyso_x509::asn1::tag;
    let Some((header_len, value_len)) = header(start, tag::SET) else {
        return false;
    };
    if value_len.checked_add(header_len as u64) != Some(len) {
        return false;
    }
    let attribute = &start[header_len..];
    let Some((header_len, _)) = header(attribute, tag::SEQUENCE) else {
        return false;
    };
    attribute.get(header_len) == Some(&tag::OBJECT_IDENTIFIER)
}

/// Length of the header and of the value of an element with this tag; any length form.
fn header(bytes: &[u8], tag: u8) -> Option<(usize, u64)> {
    if bytes.first() != Some(&tag) {
        return None;
    }
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, u64::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count > 8 {
        return None;
    }
    let octets = bytes.get(2..2 + count)?;
    let value = octets.iter().fold(0, |sum, octet| (sum << 8) | u64::from(*octet));
    Some((2 + count, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_set_of_attributes_of_the_right_length_resembles_one() {
        let attributes = b"\x31\x0b\x30\x09\x06\x01\x2a\x31\x04\x02\x02\x01\x02";
        assert!(resembles_signed_attributes(attributes, 13));
        assert!(!resembles_signed_attributes(attributes, 14));
        assert!(!resembles_signed_attributes(b"%PDF-1.7 and more", 17));
        assert!(!resembles_signed_attributes(b"", 0));
        // A length that no addition survives.
        let endless = b"\x31\x88\xff\xff\xff\xff\xff\xff\xff\xff\x30\x09\x06";
        assert!(!resembles_signed_attributes(endless, 9));
    }
}
