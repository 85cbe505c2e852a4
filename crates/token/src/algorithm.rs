//! What a key is, what it signs with, and what goes in and comes out.

use serde::{Deserialize, Serialize};

/// A digest of FIPS 180-4, the ones PKCS#11 tokens and Vietnam's Circular 15/2025/TT-BKHCN share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// Every member, weakest first.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Length of a digest in bytes.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `message`.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &ring::digest::SHA256,
            Self::Sha384 => &ring::digest::SHA384,
            Self::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(algorithm, message).as_ref().to_vec()
    }
}

/// Modulus lengths in bits that sign here: below is too weak for ETSI TS 119 312 v1.5.1 and Circular 15/2025/TT-BKHCN,
/// above is no token's promise.
pub(crate) const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;

/// A prime curve of FIPS 186-5 (SP 800-186).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// Length in bytes of a coordinate, and of `r` and of `s` each in a fixed-length ECDSA signature.
    #[must_use]
    pub const fn field_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// What kind of key signs, read from the certificate's SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyType {
    /// RSA (RFC 8017).
    Rsa {
        /// Length of the modulus in bits.
        bits: u32,
    },
    /// ECDSA on a prime curve.
    Ec(Curve),
    /// Ed25519 (RFC 8032, RFC 8410).
    Ed25519,
}

/// A signature algorithm with all its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS (RFC 8017 §8.1), MGF1 with the same hash, salt as long as the digest.
    RsaPss(HashAlgorithm),
    /// ECDSA (FIPS 186-5 §6) over a digest, truncated to the curve's order where it is longer.
    Ecdsa(HashAlgorithm),
    /// Pure Ed25519 (RFC 8032 §5.1).
    Ed25519,
}

impl SigningAlgorithm {
    /// The digest the algorithm signs; Ed25519 hashes by itself and has none.
    #[must_use]
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519 => None,
        }
    }

    /// Whether a key of this type can sign so.
    #[must_use]
    pub const fn fits(self, key: KeyType) -> bool {
        matches!(
            (self, key),
            (Self::RsaPkcs1(_) | Self::RsaPss(_), KeyType::Rsa { .. })
                | (Self::Ecdsa(_), KeyType::Ec(_))
                | (Self::Ed25519, KeyType::Ed25519)
        )
    }
}

/// What is signed: a digest made by the caller, or the message itself.
///
/// A message works with every algorithm; a digest does not with Ed25519, nor on a token that only hashes by itself
/// ([`crate::Credential::needs_message`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The digest by the algorithm's hash, exactly as long.
    Digest(&'a [u8]),
    /// The whole message, hashed outside the token wherever the token lets us.
    Message(&'a [u8]),
}

/// A signature as the device yields it; the type says which encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RawSignature {
    /// An RSA signature, big-endian, as long as the modulus.
    Rsa(Vec<u8>),
    /// ECDSA `r‖s`, each as long as the curve's field (PKCS#11's form, not CMS's DER).
    EcdsaFixed(Vec<u8>),
    /// Ed25519 (64 bytes).
    Ed25519(Vec<u8>),
}

impl RawSignature {
    /// The bytes as the device gave them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Rsa(bytes) | Self::EcdsaFixed(bytes) | Self::Ed25519(bytes) => bytes,
        }
    }
}
