//! `Content-Digest` (RFC 9530): what a client says its bytes are, checked while they stream past.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256, SHA512};

use crate::error::DocumentRefusal;

/// The digests that a client declared; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContentDigest {
    sha256: Option<[u8; 32]>,
    sha512: Option<[u8; 64]>,
}

impl ContentDigest {
    /// Reads the header; algorithms that are not known are left aside (RFC 9530 §2).
    ///
    /// # Errors
    /// [`DocumentRefusal::DigestMissing`], [`DocumentRefusal::DigestMalformed`].
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, DocumentRefusal> {
        let mut digest = Self::default();
        for value in headers.get_all("content-digest") {
            let Ok(text) = value.to_str() else { return Err(DocumentRefusal::DigestMalformed) };
            digest.read(text).ok_or(DocumentRefusal::DigestMalformed)?;
        }
        if digest == Self::default() {
            return Err(DocumentRefusal::DigestMissing);
        }
        Ok(digest)
    }

    /// One dictionary of byte sequences (RFC 8941 §3.2, §3.3.5); the last of two equal keys counts.
    fn read(&mut self, text: &str) -> Option<()> {
        for member in text.split(',') {
            let (algorithm, value) = member.trim().split_once('=')?;
            let value = value.split(';').next()?.trim_end();
            let bytes = STANDARD.decode(value.strip_prefix(':')?.strip_suffix(':')?).ok()?;
            match algorithm {
                "sha-256" => self.sha256 = Some(bytes.try_into().ok()?),
                "sha-512" => self.sha512 = Some(bytes.try_into().ok()?),
                _ => {}
            }
        }
        Some(())
    }

    /// The header's value for bytes with this SHA-256.
    pub(crate) fn header(sha256: &[u8; 32]) -> String {
        format!("sha-256=:{}:", STANDARD.encode(sha256))
    }
}

/// Hashes what streams past: always SHA-256, which names the document, and SHA-512 where it was declared.
pub(crate) struct Hashing {
    declared: ContentDigest,
    sha256: Context,
    sha512: Option<Context>,
}

impl Hashing {
    pub(crate) fn new(declared: ContentDigest) -> Self {
        let sha512 = declared.sha512.is_some().then(|| Context::new(&SHA512));
        Self { declared, sha256: Context::new(&SHA256), sha512 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
    }

    /// The SHA-256, where what was declared is true.
    ///
    /// # Errors
    /// [`DocumentRefusal::DigestMismatch`].
    pub(crate) fn finish(self) -> Result<[u8; 32], DocumentRefusal> {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.sha256.finish().as_ref());
        if self.declared.sha256.is_some_and(|declared| declared != sha256) {
            return Err(DocumentRefusal::DigestMismatch { algorithm: "sha-256" });
        }
        let sha512 = self.sha512.map(Context::finish);
        if let (Some(declared), Some(found)) = (self.declared.sha512, sha512)
            && declared.as_slice() != found.as_ref()
        {
            return Err(DocumentRefusal::DigestMismatch { algorithm: "sha-512" });
        }
        Ok(sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ContentDigest, DocumentRefusal> {
        let mut headers = HeaderMap::new();
        headers.insert("content-digest", text.parse().expect("a header value"));
        ContentDigest::of(&headers)
    }

    #[test]
    fn what_is_declared_must_be_true() {
        let sha256 = ring::digest::digest(&SHA256, b"abc");
        let sha512 = ring::digest::digest(&SHA512, b"abc");
        let (good256, good512) = (STANDARD.encode(sha256), STANDARD.encode(sha512));
        let check = |text: &str, bytes: &[u8]| {
            let mut hashing = Hashing::new(read(text).expect("a digest"));
            hashing.update(bytes);
            hashing.finish().is_ok()
        };
        let both = format!("md5=:AAAA:, sha-256=:{good256}:;q=1, sha-512=:{good512}:");
        assert!(check(&both, b"abc"));
        assert!(!check(&both, b"abd"));
        assert!(!check(&format!("sha-512=:{good512}:"), b"abd"));
    }

    #[test]
    fn what_is_no_digest_is_said_so() {
        for bad in ["sha-256=abc", "sha-256=:a:", "sha-256=:AAAA:", "sha-256", ":::", ""] {
            assert!(matches!(read(bad), Err(DocumentRefusal::DigestMalformed)), "{bad}");
        }
        assert!(matches!(read("md5=:AAAA:"), Err(DocumentRefusal::DigestMissing)));
        let none = ContentDigest::of(&HeaderMap::new());
        assert!(matches!(none, Err(DocumentRefusal::DigestMissing)));
    }
}
