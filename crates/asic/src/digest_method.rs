//! Digest algorithms by URI (XML Encryption 1.1, RFC 6931, RFC 9231).

use kyso_x509::digest::DigestAlgorithm;

/// The URI of an algorithm.
#[must_use]
pub const fn digest_method_uri(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Sha1ForLegacyUseOnly => "http://www.w3.org/2000/09/xmldsig#sha1",
        DigestAlgorithm::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        DigestAlgorithm::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
        DigestAlgorithm::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        DigestAlgorithm::Sha3_256 => "http://www.w3.org/2007/05/xmldsig-more#sha3-256",
        DigestAlgorithm::Sha3_384 => "http://www.w3.org/2007/05/xmldsig-more#sha3-384",
        DigestAlgorithm::Sha3_512 => "http://www.w3.org/2007/05/xmldsig-more#sha3-512",
    }
}

/// The algorithm of a URI, if it is one of ours.
#[must_use]
pub fn digest_method_from_uri(uri: &str) -> Option<DigestAlgorithm> {
    DigestAlgorithm::ALL.into_iter().find(|algorithm| digest_method_uri(*algorithm) == uri)
}
