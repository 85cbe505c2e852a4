//! Elliptic-curve keys in memory, for the authority itself and for tests that need no token.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use ring::rand::{SecureRandom, SystemRandom};

/// A curve the authority can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1; certificates are signed with ecdsa-with-SHA256.
    P256,
    /// secp384r1; certificates are signed with ecdsa-with-SHA384.
    P384,
}

/// A private key in memory; not for keys that matter.
#[derive(Clone)]
pub enum SoftKey {
    /// On secp256r1.
    P256(p256::ecdsa::SigningKey),
    /// On secp384r1.
    P384(p384::ecdsa::SigningKey),
}

impl SoftKey {
    /// A fresh key from the system's randomness; panics where the system has none.
    pub fn generate(curve: Curve) -> Self {
        // A random string is a valid scalar but for a chance below 2^-32; then draw again.
        match curve {
            Curve::P256 => loop {
                if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&random::<32>()) {
                    break Self::P256(key);
                }
            },
            Curve::P384 => loop {
                if let Ok(key) = p384::ecdsa::SigningKey::from_slice(&random::<48>()) {
                    break Self::P384(key);
                }
            },
        }
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        match self {
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
        }
    }

    /// SubjectPublicKeyInfo, DER (RFC 5480).
    pub fn spki_der(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
        }
        .expect("a public key in memory encodes")
        .into_vec()
    }

    /// PrivateKeyInfo, DER (RFC 5208).
    pub fn pkcs8_der(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
        }
        .expect("a private key in memory encodes")
        .as_bytes()
        .to_vec()
    }

    /// PrivateKeyInfo, PEM.
    pub fn pkcs8_pem(&self) -> String {
        let pem = match self {
            Self::P256(key) => key.to_pkcs8_pem(Default::default()),
            Self::P384(key) => key.to_pkcs8_pem(Default::default()),
        };
        pem.expect("a private key in memory encodes").to_string()
    }

    /// Signs a digest of at least half the curve's length; gives Ecdsa-Sig-Value, DER (RFC 3279 §2.2.3).
    pub fn sign_digest(&self, digest: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: Result<p256::ecdsa::DerSignature, _> = key.sign_prehash(digest);
                signature.expect("a digest of sufficient length").as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: Result<p384::ecdsa::DerSignature, _> = key.sign_prehash(digest);
                signature.expect("a digest of sufficient length").as_bytes().to_vec()
            }
        }
    }
}

impl std::fmt::Debug for SoftKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftKey({:?})", self.curve())
    }
}

/// `N` bytes from the system's randomness.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
