//! Algorithms as XML names them: URIs (XML Signature 1.1 §6, RFC 9231) to and from those of `kyso-x509`.

use kyso_x509::{DigestAlgorithm, SignatureAlgorithm, escape_for_display};

/// RSASSA-PSS with its parameters in an `RSAPSSParams` element (RFC 9231 §2.3.9).
pub const RSA_PSS: &str = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";
/// The mask generation function MGF1 (RFC 9231 §2.3.9).
pub const MGF1: &str = "http://www.w3.org/2007/05/xmldsig-more#MGF1";

/// A URI where an algorithm was expected, as the document has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlgorithmUri(Box<str>);

/// Longest part of an unknown URI that is kept; those of the registries have under 80 characters.
const MAX_URI_CHARACTERS: usize = 200;

impl AlgorithmUri {
    pub(crate) fn new(uri: &str) -> Self {
        Self(uri.chars().take(MAX_URI_CHARACTERS).collect())
    }

    /// The URI, its first 200 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for AlgorithmUri {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&escape_for_display(&self.0))
    }
}

/// An algorithm that is known and not computed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusedAlgorithm {
    /// MD5, alone or within a signature.
    Md5,
    /// RIPEMD-160, alone or within a signature.
    Ripemd160,
    /// Whirlpool, alone or within a signature.
    Whirlpool,
    /// SHA-224 or SHA3-224, alone or within a signature.
    Sha224,
    /// DSA (XML Signature 1.1 §6.4.1).
    Dsa,
    /// A message authentication code, which whoever verifies could have made (XML Signature 1.1 §6.3).
    Hmac,
    /// Ed25519ctx, Ed25519ph, Ed448 or Ed448ph (RFC 9231 §2.3.12).
    EdDsaVariant,
    /// An XSLT stylesheet, a program that the message brings (XML Signature 1.1 §6.6.5).
    Xslt,
    /// An XPath expression other than the fixed forms (XML Signature 1.1 §6.6.3, XPath Filter 2.0).
    XPath,
    /// Canonical XML 2.0.
    CanonicalXml2,
}

impl core::fmt::Display for RefusedAlgorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Ripemd160 => "RIPEMD-160",
            Self::Whirlpool => "Whirlpool",
            Self::Sha224 => "a SHA of 224 bits",
            Self::Dsa => "DSA",
            Self::Hmac => "HMAC",
            Self::EdDsaVariant => "a variant of EdDSA other than Ed25519",
            Self::Xslt => "XSLT",
            Self::XPath => "an XPath expression other than the fixed forms",
            Self::CanonicalXml2 => "Canonical XML 2.0",
        })
    }
}

/// Why an algorithm is not computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum XmlAlgorithmError {
    /// It is known, and refused by its name.
    Refused(RefusedAlgorithm),
    /// The URI names nothing known here.
    Unknown(AlgorithmUri),
    /// Its parameters are missing, malformed or present where none may be.
    InvalidParameters(AlgorithmUri),
}

impl core::fmt::Display for XmlAlgorithmError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Refused(algorithm) => write!(f, "{algorithm} is not accepted"),
            Self::Unknown(uri) => write!(f, "unknown algorithm {uri}"),
            Self::InvalidParameters(uri) => write!(f, "invalid parameters of algorithm {uri}"),
        }
    }
}

impl core::error::Error for XmlAlgorithmError {}

/// The digest that the URI of a `DigestMethod` names.
///
/// # Errors
/// When it is refused or unknown.
pub fn digest_algorithm(uri: &str) -> Result<DigestAlgorithm, XmlAlgorithmError> {
    if let Some((_, algorithm)) = DIGESTS.iter().find(|(known, _)| *known == uri) {
        return Ok(*algorithm);
    }
    Err(refused_or_unknown(uri))
}

/// The URI of a digest (XML Signature 1.1 §6.2, RFC 9231 §2.1).
#[must_use]
pub fn digest_uri(algorithm: DigestAlgorithm) -> &'static str {
    // Every digest stands in the table: a test holds them together.
    DIGESTS.iter().find(|(_, known)| *known == algorithm).map_or("", |(uri, _)| uri)
}

/// The signature algorithm that the URI of a `SignatureMethod` names, where it says everything.
///
/// # Errors
/// When it is refused or unknown; [`RSA_PSS`] needs its parameters beside it.
pub fn signature_algorithm(uri: &str) -> Result<SignatureAlgorithm, XmlAlgorithmError> {
    if let Some((_, named)) = SIGNATURES.iter().find(|(known, _)| *known == uri) {
        return Ok(named.algorithm());
    }
    if uri == RSA_PSS {
        return Err(XmlAlgorithmError::InvalidParameters(AlgorithmUri::new(uri)));
    }
    Err(refused_or_unknown(uri))
}

/// The URI that says all of a signature algorithm; `None` where there is none, or where it needs parameters.
#[must_use]
pub fn signature_uri(algorithm: &SignatureAlgorithm) -> Option<&'static str> {
    SIGNATURES.iter().find(|(_, named)| named.algorithm() == *algorithm).map(|(uri, _)| *uri)
}

const DIGESTS: [(&str, DigestAlgorithm); 7] = [
    ("http://www.w3.org/2000/09/xmldsig#sha1", DigestAlgorithm::Sha1ForLegacyUseOnly),
    ("http://www.w3.org/2001/04/xmlenc#sha256", DigestAlgorithm::Sha256),
    ("http://www.w3.org/2001/04/xmldsig-more#sha384", DigestAlgorithm::Sha384),
    ("http://www.w3.org/2001/04/xmlenc#sha512", DigestAlgorithm::Sha512),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-256", DigestAlgorithm::Sha3_256),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-384", DigestAlgorithm::Sha3_384),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-512", DigestAlgorithm::Sha3_512),
];

#[derive(Clone, Copy)]
enum Named {
    Pkcs1(DigestAlgorithm),
    /// MGF1 and salt as RFC 9231 §2.3.10 fixes them: the digest's.
    Pss(DigestAlgorithm),
    Ecdsa(DigestAlgorithm),
    Ed25519,
}

impl Named {
    fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Pkcs1(digest) => SignatureAlgorithm::RsaPkcs1(digest),
            Self::Pss(digest) => SignatureAlgorithm::rsa_pss(digest),
            Self::Ecdsa(digest) => SignatureAlgorithm::Ecdsa(digest),
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }
}

/// XML Signature 1.1 §6.4; RFC 9231 §2.3.2–2.3.4, §2.3.6, §2.3.10, §2.3.12.
const SIGNATURES: [(&str, Named); 19] = {
    use DigestAlgorithm::{
        Sha1ForLegacyUseOnly, Sha3_256, Sha3_384, Sha3_512, Sha256, Sha384, Sha512,
    };
    use Named::{Ecdsa, Ed25519, Pkcs1, Pss};
    [
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", Pkcs1(Sha1ForLegacyUseOnly)),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Pkcs1(Sha256)),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", Pkcs1(Sha384)),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Pkcs1(Sha512)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1", Pss(Sha1ForLegacyUseOnly)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", Pss(Sha256)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", Pss(Sha384)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", Pss(Sha512)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1", Pss(Sha3_256)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1", Pss(Sha3_384)),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1", Pss(Sha3_512)),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", Ecdsa(Sha1ForLegacyUseOnly)),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", Ecdsa(Sha256)),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", Ecdsa(Sha384)),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", Ecdsa(Sha512)),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256", Ecdsa(Sha3_256)),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384", Ecdsa(Sha3_384)),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512", Ecdsa(Sha3_512)),
        ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", Ed25519),
    ]
};

/// Namespaces of algorithm URIs; what follows `#` in one of them is an algorithm's name.
const REGISTRIES: [&str; 7] = [
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2001/04/xmldsig-more#",
    "http://www.w3.org/2001/04/xmlenc#",
    "http://www.w3.org/2007/05/xmldsig-more#",
    "http://www.w3.org/2009/xmldsig11#",
    "http://www.w3.org/2021/04/xmldsig-more#",
    "http://www.w3.org/TR/1999/",
];

pub(crate) fn refused_or_unknown(uri: &str) -> XmlAlgorithmError {
    let name = REGISTRIES.iter().find_map(|registry| uri.strip_prefix(registry));
    let has = |part: &str| name.is_some_and(|name| name.contains(part));
    let starts = |part: &str| name.is_some_and(|name| name.starts_with(part));
    XmlAlgorithmError::Refused(if starts("hmac-") {
        RefusedAlgorithm::Hmac
    } else if starts("dsa-") {
        RefusedAlgorithm::Dsa
    } else if starts("eddsa-") {
        RefusedAlgorithm::EdDsaVariant
    } else if has("md5") {
        RefusedAlgorithm::Md5
    } else if has("ripemd") {
        RefusedAlgorithm::Ripemd160
    } else if has("whirlpool") {
        RefusedAlgorithm::Whirlpool
    } else if has("sha224") || has("sha3-224") {
        RefusedAlgorithm::Sha224
    } else if starts("REC-xslt-") {
        RefusedAlgorithm::Xslt
    } else if uri == "http://www.w3.org/2010/xml-c14n2" {
        RefusedAlgorithm::CanonicalXml2
    } else {
        return XmlAlgorithmError::Unknown(AlgorithmUri::new(uri));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digest_has_a_uri_that_leads_back() {
        for algorithm in DigestAlgorithm::ALL {
            assert_eq!(digest_algorithm(digest_uri(algorithm)), Ok(algorithm));
        }
    }

    #[test]
    fn signature_uris_lead_back() {
        for (uri, named) in SIGNATURES {
            assert_eq!(signature_algorithm(uri), Ok(named.algorithm()));
            assert_eq!(signature_uri(&named.algorithm()), Some(uri));
        }
        let other_salt = SignatureAlgorithm::RsaPss {
            digest: DigestAlgorithm::Sha256,
            mgf1_digest: DigestAlgorithm::Sha256,
            salt_len: 20,
        };
        assert_eq!(signature_uri(&other_salt), None);
    }

    #[test]
    fn what_is_refused_is_refused_by_its_name() {
        use RefusedAlgorithm as R;
        let more = "http://www.w3.org/2001/04/xmldsig-more#";
        for (uri, name) in [
            ("http://www.w3.org/2000/09/xmldsig#dsa-sha1".to_owned(), R::Dsa),
            ("http://www.w3.org/2009/xmldsig11#dsa-sha256".to_owned(), R::Dsa),
            ("http://www.w3.org/2000/09/xmldsig#hmac-sha1".to_owned(), R::Hmac),
            (format!("{more}hmac-md5"), R::Hmac),
            (format!("{more}rsa-md5"), R::Md5),
            (format!("{more}rsa-ripemd160"), R::Ripemd160),
            (format!("{more}ecdsa-sha224"), R::Sha224),
            ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-224".to_owned(), R::Sha224),
            ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448".to_owned(), R::EdDsaVariant),
        ] {
            assert_eq!(signature_algorithm(&uri), Err(XmlAlgorithmError::Refused(name)), "{uri}");
        }
        assert_eq!(
            digest_algorithm(&format!("{more}sha224")),
            Err(XmlAlgorithmError::Refused(R::Sha224))
        );
        let strange = "urn:example:hmac-sha1";
        assert_eq!(
            signature_algorithm(strange),
            Err(XmlAlgorithmError::Unknown(AlgorithmUri::new(strange)))
        );
    }
}
