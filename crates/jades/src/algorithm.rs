//! Signature algorithms of JOSE (RFC 7518 §3, RFC 8037 §3.1, RFC 9864 §2.2); the key decides which of them a message may name.

use kyso_x509::{
    DigestAlgorithm, EcdsaEncodingError, EllipticCurve, PublicKey, PublicKeyAlgorithm,
    SignatureAlgorithm, SignatureValue, ecdsa_der_to_fixed,
};

/// A value of `alg` that we make and verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JwsAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256 throughout and a salt of 32 bytes (RFC 7518 §3.5).
    Ps256,
    /// RSASSA-PSS with SHA-384 throughout and a salt of 48 bytes.
    Ps384,
    /// RSASSA-PSS with SHA-512 throughout and a salt of 64 bytes.
    Ps512,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// EdDSA (RFC 8037 §3.1), of whose curves we have Ed25519.
    EdDsa,
    /// Ed25519, the name that RFC 9864 §2.2 gives it; read, and written where asked for.
    Ed25519,
}

/// Why a value of `alg` is refused whatever key there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmRefusal {
    /// `none`: there is no signature (RFC 7518 §3.6).
    None,
    /// HMAC: who can verify can also sign, and a public key would be the secret (RFC 7518 §3.2).
    Hmac,
    /// ECDSA on secp256k1 (RFC 8812), which no certificate of ours has.
    Secp256k1,
    /// Ed448 (RFC 9864 §2.2).
    Ed448,
    /// A name that we do not know.
    Unknown,
}

impl JwsAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 11] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::Ed25519,
    ];

    /// Its name in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The algorithm of this name; names are compared byte for byte (RFC 7515 §4.1.1).
    ///
    /// # Errors
    /// For names that we do not know, and by name for those that we shall not know.
    pub fn from_name(name: &str) -> Result<Self, AlgorithmRefusal> {
        if let Some(found) = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name) {
            return Ok(found);
        }
        Err(match name {
            // Refused the same whatever the letters' case, in which others have been lenient.
            _ if name.eq_ignore_ascii_case("none") => AlgorithmRefusal::None,
            "HS256" | "HS384" | "HS512" => AlgorithmRefusal::Hmac,
            "ES256K" => AlgorithmRefusal::Secp256k1,
            "Ed448" => AlgorithmRefusal::Ed448,
            _ => AlgorithmRefusal::Unknown,
        })
    }

    /// The algorithm with every parameter that matters.
    #[must_use]
    pub fn signature_algorithm(self) -> SignatureAlgorithm {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        match self {
            Self::Rs256 => SignatureAlgorithm::RsaPkcs1(Sha256),
            Self::Rs384 => SignatureAlgorithm::RsaPkcs1(Sha384),
            Self::Rs512 => SignatureAlgorithm::RsaPkcs1(Sha512),
            Self::Ps256 => SignatureAlgorithm::rsa_pss(Sha256),
            Self::Ps384 => SignatureAlgorithm::rsa_pss(Sha384),
            Self::Ps512 => SignatureAlgorithm::rsa_pss(Sha512),
            Self::Es256 => SignatureAlgorithm::Ecdsa(Sha256),
            Self::Es384 => SignatureAlgorithm::Ecdsa(Sha384),
            Self::Es512 => SignatureAlgorithm::Ecdsa(Sha512),
            Self::EdDsa | Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }

    /// Whether a message signed by this key may name this algorithm: an elliptic curve has one (RFC 7518 §3.4), and
    /// an RSA key what its own parameters allow.
    #[must_use]
    pub fn fits(self, key: &PublicKey) -> bool {
        let curve = match (self, key.algorithm()) {
            (Self::Es256, PublicKeyAlgorithm::Ec(curve)) => curve == EllipticCurve::P256,
            (Self::Es384, PublicKeyAlgorithm::Ec(curve)) => curve == EllipticCurve::P384,
            (Self::Es512, PublicKeyAlgorithm::Ec(curve)) => curve == EllipticCurve::P521,
            _ => true,
        };
        curve && key.check_fit(&self.signature_algorithm()).is_ok()
    }

    /// The algorithm for signing with a key; RSA keys get `PS256` only where nothing else is allowed.
    #[must_use]
    pub fn for_key(key: &PublicKey) -> Option<Self> {
        [Self::Rs256, Self::Ps256, Self::Es256, Self::Es384, Self::Es512, Self::EdDsa]
            .into_iter()
            .find(|algorithm| algorithm.fits(key))
    }

    /// Bytes of each half of r‖s (RFC 7518 §3.4); `None` for other kinds.
    #[must_use]
    pub const fn integer_len(self) -> Option<usize> {
        match self {
            Self::Es256 => Some(32),
            Self::Es384 => Some(48),
            Self::Es512 => Some(66),
            _ => None,
        }
    }

    /// The octets of the JWS Signature: ECDSA as r‖s, the rest as it is.
    ///
    /// # Errors
    /// When the value is no `Ecdsa-Sig-Value` of this curve.
    pub fn to_octets(self, value: &SignatureValue) -> Result<Vec<u8>, EcdsaEncodingError> {
        match self.integer_len() {
            Some(len) => ecdsa_der_to_fixed(value.as_bytes(), len),
            None => Ok(value.as_bytes().to_vec()),
        }
    }

    /// The signature value that the octets of a JWS Signature are; `None` where r‖s has another length than the curve's.
    #[must_use]
    pub fn from_octets(self, octets: &[u8]) -> Option<SignatureValue> {
        match self.integer_len() {
            Some(len) if octets.len() != 2 * len => None,
            Some(_) => SignatureValue::from_ecdsa_fixed(octets).ok(),
            None => Some(SignatureValue::from_bytes(octets.to_vec())),
        }
    }
}

impl core::fmt::Display for JwsAlgorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl core::fmt::Display for AlgorithmRefusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::None => "alg is none: nothing is signed",
            Self::Hmac => "alg is an HMAC, which proves no signer",
            Self::Secp256k1 => "ECDSA on secp256k1 is not supported",
            Self::Ed448 => "Ed448 is not supported",
            Self::Unknown => "alg names no known algorithm",
        })
    }
}

impl core::error::Error for AlgorithmRefusal {}

/// Identifiers of digest algorithms in `digAlg` and `hashM` (TS 119 182-1 v1.2.1 §5.2.2.2, §5.2.8.1).
const DIGESTS: [(&str, DigestAlgorithm); 6] = [
    ("S256", DigestAlgorithm::Sha256),
    ("S384", DigestAlgorithm::Sha384),
    ("S512", DigestAlgorithm::Sha512),
    ("S3-256", DigestAlgorithm::Sha3_256),
    ("S3-384", DigestAlgorithm::Sha3_384),
    ("S3-512", DigestAlgorithm::Sha3_512),
];

/// The digest algorithm of an identifier.
pub(crate) fn digest_from_name(name: &str) -> Option<DigestAlgorithm> {
    DIGESTS.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
}

/// The identifier of a digest algorithm; SHA-1 has none.
pub(crate) fn digest_name(algorithm: DigestAlgorithm) -> Option<&'static str> {
    DIGESTS.iter().find(|(_, known)| *known == algorithm).map(|(name, _)| *name)
}
