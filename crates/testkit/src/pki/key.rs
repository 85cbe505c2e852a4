//! Keys of every kind an authority may have.

use super::asn1::{self, NULL, sequence};
use crate::soft_key::{Curve, SoftKey};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use std::fmt;
use std::sync::Arc;

/// A digest algorithm (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, for what must be refused and for OCSP's CertID.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The algorithm with this object identifier.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|hash| hash.oid() == oid)
    }

    /// The object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => rfc5912::ID_SHA_1,
            Self::Sha256 => rfc5912::ID_SHA_256,
            Self::Sha384 => rfc5912::ID_SHA_384,
            Self::Sha512 => rfc5912::ID_SHA_512,
        }
    }

    /// AlgorithmIdentifier without parameters (RFC 5754 §2).
    pub fn identifier(self) -> Vec<u8> {
        sequence(&[asn1::oid(self.oid())])
    }

    /// The digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1 => &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &ring::digest::SHA256,
            Self::Sha384 => &ring::digest::SHA384,
            Self::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(algorithm, bytes).as_ref().to_vec()
    }
}

/// Message in, signature value out.
type Sign = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// A signing key with the algorithm it signs by; cheap to clone.
#[derive(Clone)]
pub struct Key {
    spki: Vec<u8>,
    algorithm: Vec<u8>,
    hash: Hash,
    sign: Arc<Sign>,
}

impl Key {
    /// A fresh key on P-256 that signs by ecdsa-with-SHA256.
    pub fn p256() -> Self {
        SoftKey::generate(Curve::P256).into()
    }

    /// A fresh key on P-384 that signs by ecdsa-with-SHA384.
    pub fn p384() -> Self {
        SoftKey::generate(Curve::P384).into()
    }

    /// The key on P-256 whose scalar is `seed` in every byte: the same in every run.
    ///
    /// # Panics
    /// Where `seed` is 0 or 255, which are no scalars of the curve.
    pub fn seeded(seed: u8) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a scalar of the curve");
        SoftKey::P256(key).into()
    }

    /// An elliptic-curve key that signs by ECDSA with another digest than its curve's own.
    ///
    /// # Panics
    /// Signing panics where the digest has less than half the curve's length (SHA-1 on P-384).
    pub fn ecdsa(key: SoftKey, hash: Hash) -> Self {
        let algorithm = match hash {
            Hash::Sha1 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
            Hash::Sha256 => rfc5912::ECDSA_WITH_SHA_256,
            Hash::Sha384 => rfc5912::ECDSA_WITH_SHA_384,
            Hash::Sha512 => rfc5912::ECDSA_WITH_SHA_512,
        };
        Self {
            spki: key.spki_der(),
            algorithm: sequence(&[asn1::oid(algorithm)]),
            hash,
            sign: Arc::new(move |bytes| key.sign_digest(&hash.digest(bytes))),
        }
    }

    /// An RSA key of 2048 to 4096 bits (PrivateKeyInfo, DER) that signs by sha256WithRSAEncryption.
    ///
    /// # Panics
    /// Where the key cannot be read; [`Key::foreign`] takes the keys that ring refuses.
    #[track_caller]
    pub fn rsa(pkcs8_der: &[u8]) -> Self {
        let pair = RsaKeyPair::from_pkcs8(pkcs8_der).expect("an RSA key of 2048 bits or more");
        let spki = sequence(&[
            sequence(&[asn1::oid(rfc5912::RSA_ENCRYPTION).as_slice(), &NULL]),
            asn1::bit_string(pair.public_key().as_ref()),
        ]);
        Self {
            spki,
            algorithm: sequence(&[
                asn1::oid(rfc5912::SHA_256_WITH_RSA_ENCRYPTION).as_slice(),
                &NULL,
            ]),
            hash: Hash::Sha256,
            sign: Arc::new(move |bytes| {
                let mut value = vec![0; pair.public().modulus_len()];
                let padding = &ring::signature::RSA_PKCS1_SHA256;
                pair.sign(padding, &SystemRandom::new(), bytes, &mut value)
                    .expect("a digest fits the modulus");
                value
            }),
        }
    }

    /// A fresh Ed25519 key (RFC 8410).
    ///
    /// # Panics
    /// Where the system has no randomness.
    pub fn ed25519() -> Self {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the system is random");
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key just made");
        let algorithm = sequence(&[asn1::oid(rfc8410::ID_ED_25519)]);
        Self {
            spki: sequence(&[algorithm.clone(), asn1::bit_string(pair.public_key().as_ref())]),
            algorithm,
            // RFC 8419 §3: what CMS digests with beside Ed25519.
            hash: Hash::Sha512,
            sign: Arc::new(move |bytes| pair.sign(bytes).as_ref().to_vec()),
        }
    }

    /// A key that lives elsewhere: its SubjectPublicKeyInfo, its signature AlgorithmIdentifier (both DER), the
    /// digest for CMS, and what signs.
    pub fn foreign(
        spki_der: Vec<u8>,
        algorithm_der: Vec<u8>,
        hash: Hash,
        sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self { spki: spki_der, algorithm: algorithm_der, hash, sign: Arc::new(sign) }
    }

    /// Only a public key (SubjectPublicKeyInfo, DER): to be certified, never to sign.
    ///
    /// # Panics
    /// Signing panics.
    pub fn public(spki_der: &[u8]) -> Self {
        Self::foreign(spki_der.to_vec(), Vec::new(), Hash::Sha256, |_| {
            panic!("a public key does not sign")
        })
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The signature's AlgorithmIdentifier, DER.
    pub fn algorithm_der(&self) -> &[u8] {
        &self.algorithm
    }

    /// The digest of the signature, and of CMS around it.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Signs `bytes`: Ecdsa-Sig-Value in DER, or the plain octets of RSA and Ed25519.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        (self.sign)(bytes)
    }

    /// SHA-1 of the public key's bits: the key identifier of RFC 5280 §4.2.1.2 (1).
    pub fn identifier(&self) -> Vec<u8> {
        Hash::Sha1.digest(super::certificate::public_key_bits(&self.spki).unwrap_or_default())
    }
}

impl From<SoftKey> for Key {
    fn from(key: SoftKey) -> Self {
        let hash = match key.curve() {
            Curve::P256 => Hash::Sha256,
            Curve::P384 => Hash::Sha384,
        };
        Self::ecdsa(key, hash)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:02x?})", self.identifier())
    }
}
