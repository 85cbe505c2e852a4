//! A private key out of a key file, ready to sign.

use crate::algorithm::RSA_BITS;
use crate::public_key::PublicKey;
use crate::{Curve, HashAlgorithm, Input, KeyType, RawSignature, SigningAlgorithm, TokenError};
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use const_oid::db::rfc8410::ID_ED_25519;
use der::{Decode, Reader, SliceReader};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use pkcs8::PrivateKeyInfoRef;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{self, Ed25519KeyPair, KeyPair as _, RsaKeyPair};

/// A parsed private key; its numbers are wiped by the libraries that hold them, as far as they do.
pub(super) enum PrivateKey {
    Rsa(Box<RsaKeyPair>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(Box<Ed25519KeyPair>),
}

impl PrivateKey {
    /// Parses PrivateKeyInfo (RFC 5208) or OneAsymmetricKey (RFC 5958), DER.
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, TokenError> {
        let malformed = |_| TokenError::PrivateKeyMalformed;
        let info = PrivateKeyInfoRef::from_der(der).map_err(malformed)?;
        let unparsed = |_| TokenError::PrivateKeyMalformed;
        match info.algorithm.oid {
            RSA_ENCRYPTION => {
                let key = info.private_key.as_bytes();
                // ring signs with the same lengths.
                if !RSA_BITS.contains(&modulus_bits(key).map_err(malformed)?) {
                    return Err(TokenError::KeyUnsupported);
                }
                let key = RsaKeyPair::from_der(key).map_err(|_| TokenError::PrivateKeyMalformed)?;
                Ok(Self::Rsa(Box::new(key)))
            }
            ID_EC_PUBLIC_KEY => {
                let curve =
                    info.algorithm.parameters_oid().map_err(|_| TokenError::KeyUnsupported)?;
                match crate::public_key::curve_of(curve).ok_or(TokenError::KeyUnsupported)? {
                    Curve::P256 => p256::ecdsa::SigningKey::from_pkcs8_der(der).map(Self::P256),
                    Curve::P384 => p384::ecdsa::SigningKey::from_pkcs8_der(der).map(Self::P384),
                    Curve::P521 => p521::ecdsa::SigningKey::from_pkcs8_der(der).map(Self::P521),
                }
                .map_err(unparsed)
            }
            ID_ED_25519 => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
                Ok(Self::Ed25519(Box::new(key.map_err(|_| TokenError::PrivateKeyMalformed)?)))
            }
            _ => Err(TokenError::KeyUnsupported),
        }
    }

    /// The public half.
    pub(super) fn public_key(&self) -> PublicKey {
        let ec = |curve, point: &[u8]| PublicKey::Ec { curve, point: point.to_vec() };
        match self {
            Self::Rsa(key) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::from(key.public());
                PublicKey::Rsa { modulus: n, exponent: e }
            }
            Self::P256(key) => ec(Curve::P256, key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::P384(key) => ec(Curve::P384, key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::P521(key) => ec(Curve::P521, key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::Ed25519(key) => PublicKey::Ed25519 { point: key.public_key().as_ref().to_vec() },
        }
    }

    /// Signs; RSA and Ed25519 take messages only, since ring hashes by itself.
    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        if !algorithm.fits(self.public_key().key_type()) {
            return Err(TokenError::MechanismNotOffered { algorithm });
        }
        let message = |input| match input {
            Input::Message(message) => Ok(message),
            Input::Digest(_) => Err(TokenError::MessageNeeded { algorithm }),
        };
        match (self, algorithm) {
            (Self::Rsa(key), SigningAlgorithm::RsaPkcs1(hash)) => {
                let padding: &dyn signature::RsaEncoding = match hash {
                    HashAlgorithm::Sha256 => &signature::RSA_PKCS1_SHA256,
                    HashAlgorithm::Sha384 => &signature::RSA_PKCS1_SHA384,
                    HashAlgorithm::Sha512 => &signature::RSA_PKCS1_SHA512,
                };
                sign_rsa(key, padding, message(input)?)
            }
            (Self::Rsa(key), SigningAlgorithm::RsaPss(hash)) => {
                let padding: &dyn signature::RsaEncoding = match hash {
                    HashAlgorithm::Sha256 => &signature::RSA_PSS_SHA256,
                    HashAlgorithm::Sha384 => &signature::RSA_PSS_SHA384,
                    HashAlgorithm::Sha512 => &signature::RSA_PSS_SHA512,
                };
                sign_rsa(key, padding, message(input)?)
            }
            (Self::Ed25519(key), SigningAlgorithm::Ed25519) => {
                Ok(RawSignature::Ed25519(key.sign(message(input)?).as_ref().to_vec()))
            }
            (_, SigningAlgorithm::Ecdsa(hash)) => self.sign_ecdsa(algorithm, hash, input),
            _ => Err(TokenError::MechanismNotOffered { algorithm }),
        }
    }

    fn sign_ecdsa(
        &self,
        algorithm: SigningAlgorithm,
        hash: HashAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        let hashed;
        let digest = match input {
            Input::Digest(digest) if digest.len() == hash.output_len() => digest,
            Input::Digest(digest) => {
                return Err(TokenError::DigestLength {
                    expected: hash.output_len(),
                    actual: digest.len(),
                });
            }
            Input::Message(message) => {
                hashed = hash.digest(message);
                &hashed
            }
        };
        // The nonce is RFC 6979's: no randomness can fail, and none can be bad.
        let refused = |_| TokenError::KeyUnsupported;
        let fixed = match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(digest).map_err(refused)?;
                signature.to_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(digest).map_err(refused)?;
                signature.to_bytes().to_vec()
            }
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature =
                    key.sign_prehash(digest).map_err(refused)?;
                signature.to_bytes().to_vec()
            }
            Self::Rsa(_) | Self::Ed25519(_) => {
                return Err(TokenError::MechanismNotOffered { algorithm });
            }
        };
        Ok(RawSignature::EcdsaFixed(fixed))
    }
}

/// What a key of this type signs with here, and which of it needs the message.
pub(super) fn algorithms(key: KeyType) -> (Vec<SigningAlgorithm>, Vec<SigningAlgorithm>) {
    let hashes = HashAlgorithm::ALL.into_iter();
    match key {
        KeyType::Rsa { .. } => {
            let pkcs1 = hashes.clone().map(SigningAlgorithm::RsaPkcs1);
            let all: Vec<_> = pkcs1.chain(hashes.map(SigningAlgorithm::RsaPss)).collect();
            (all.clone(), all)
        }
        KeyType::Ec(_) => (hashes.map(SigningAlgorithm::Ecdsa).collect(), Vec::new()),
        KeyType::Ed25519 => (vec![SigningAlgorithm::Ed25519], vec![SigningAlgorithm::Ed25519]),
    }
}

fn sign_rsa(
    key: &RsaKeyPair,
    padding: &'static dyn signature::RsaEncoding,
    message: &[u8],
) -> Result<RawSignature, TokenError> {
    let mut signature = vec![0; key.public().modulus_len()];
    // ring blinds with randomness and checks its result; it fails where either is not to be had.
    key.sign(padding, &SystemRandom::new(), message, &mut signature)
        .map_err(|_| super::KeyFileError::NoRandomness)?;
    Ok(RawSignature::Rsa(signature))
}

/// Bits of the modulus in RSAPrivateKey ::= SEQUENCE { version INTEGER, modulus INTEGER, … } (RFC 8017 §A.1.2).
fn modulus_bits(rsa_private_key: &[u8]) -> der::Result<u32> {
    let sequence = <&der::asn1::SequenceRef>::from_der(rsa_private_key)?;
    let mut reader = SliceReader::new(sequence.as_bytes())?;
    let _version: u8 = reader.decode()?;
    let modulus: der::asn1::UintRef<'_> = reader.decode()?;
    let bytes = modulus.as_bytes();
    Ok((8 * bytes.len() as u32)
        .saturating_sub(bytes.first().map_or(0, |byte| byte.leading_zeros())))
}
