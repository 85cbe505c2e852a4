//! Signatures that a service returned: verified under the certificate's key before anybody else sees them.

use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use ring::signature::{self, UnparsedPublicKey};

use crate::public_key::PublicKey;
use crate::{Curve, HashAlgorithm, RawSignature, SigningAlgorithm};

/// Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 §2.2.3)
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// RSAPublicKey (RFC 8017 §A.1.1), as ring reads it.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// The signature, typed, where it verifies over `message`.
pub(super) fn verified(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    message: &[u8],
    value: Vec<u8>,
) -> Option<RawSignature> {
    match (key, algorithm) {
        (PublicKey::Rsa { modulus, exponent }, _) => {
            let public = RsaPublicKey {
                modulus: UintRef::new(modulus).ok()?,
                exponent: UintRef::new(exponent).ok()?,
            };
            let public = public.to_der().ok()?;
            let scheme = rsa_scheme(algorithm)?;
            UnparsedPublicKey::new(scheme, public).verify(message, &value).ok()?;
            Some(RawSignature::Rsa(value))
        }
        (PublicKey::Ec { curve, point }, SigningAlgorithm::Ecdsa(hash)) => {
            // The API leaves the form open: most services answer DER, some r‖s. What verifies is right.
            let digest = hash.digest(message);
            [fixed_of_der(*curve, &value), Some(value)]
                .into_iter()
                .flatten()
                .find(|fixed| ecdsa_verifies(*curve, point, &digest, fixed))
                .map(RawSignature::EcdsaFixed)
        }
        _ => None,
    }
}

fn rsa_scheme(algorithm: SigningAlgorithm) -> Option<&'static signature::RsaParameters> {
    use HashAlgorithm as H;
    Some(match algorithm {
        SigningAlgorithm::RsaPkcs1(H::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        SigningAlgorithm::RsaPkcs1(H::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        SigningAlgorithm::RsaPkcs1(H::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        SigningAlgorithm::RsaPss(H::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
        SigningAlgorithm::RsaPss(H::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
        SigningAlgorithm::RsaPss(H::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
        SigningAlgorithm::Ecdsa(_) | SigningAlgorithm::Ed25519 => return None,
    })
}

/// `r‖s` of an Ecdsa-Sig-Value.
fn fixed_of_der(curve: Curve, der: &[u8]) -> Option<Vec<u8>> {
    let value = EcdsaSigValue::from_der(der).ok()?;
    let mut fixed = Vec::with_capacity(2 * curve.field_len());
    for number in [value.r.as_bytes(), value.s.as_bytes()] {
        let zeros = curve.field_len().checked_sub(number.len())?;
        fixed.resize(fixed.len() + zeros, 0);
        fixed.extend_from_slice(number);
    }
    Some(fixed)
}

fn ecdsa_verifies(curve: Curve, point: &[u8], digest: &[u8], fixed: &[u8]) -> bool {
    fn parts<S, K: PrehashVerifier<S>, E, F>(
        key: Result<K, E>,
        signature: Result<S, F>,
        digest: &[u8],
    ) -> bool {
        match (key, signature) {
            (Ok(key), Ok(signature)) => key.verify_prehash(digest, &signature).is_ok(),
            _ => false,
        }
    }
    match curve {
        Curve::P256 => parts(
            p256::ecdsa::VerifyingKey::from_sec1_bytes(point),
            p256::ecdsa::Signature::from_slice(fixed),
            digest,
        ),
        Curve::P384 => parts(
            p384::ecdsa::VerifyingKey::from_sec1_bytes(point),
            p384::ecdsa::Signature::from_slice(fixed),
            digest,
        ),
        Curve::P521 => parts(
            p521::ecdsa::VerifyingKey::from_sec1_bytes(point),
            p521::ecdsa::Signature::from_slice(fixed),
            digest,
        ),
    }
}
