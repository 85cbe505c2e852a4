//! Whether a key is the certificate's when its object shows nothing to compare: its first signature tells.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::public_key::PublicKey;
use crate::{Curve, Input, SigningAlgorithm, TokenError};

/// A key still to be proven by its first signature.
///
/// Only EC and Ed25519 keys can be in doubt: a private EC key has no CKA_EC_POINT and the public key object beside it
/// may be missing, while every RSA private key shows its CKA_MODULUS.
pub(super) struct Proof {
    public: PublicKey,
    id: Vec<u8>,
    given: AtomicBool,
}

impl Proof {
    pub(super) fn new(public: PublicKey, id: Vec<u8>) -> Self {
        Self { public, id, given: AtomicBool::new(false) }
    }

    /// Verifies until one signature has held; one that does not is not let out.
    pub(super) fn check(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
        signature: &[u8],
    ) -> Result<(), TokenError> {
        if self.given.load(Ordering::Acquire) {
            return Ok(());
        }
        let holds = match (&self.public, algorithm.hash(), input) {
            (PublicKey::Ec { curve, point }, Some(_), Input::Digest(digest)) => {
                ecdsa_holds(*curve, point, digest, signature)
            }
            (PublicKey::Ec { curve, point }, Some(hash), Input::Message(message)) => {
                ecdsa_holds(*curve, point, &hash.digest(message), signature)
            }
            (PublicKey::Ed25519 { point }, _, Input::Message(message)) => {
                let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, point);
                key.verify(message, signature).is_ok()
            }
            // Compared at the login by its CKA_MODULUS, which every RSA private key shows.
            (PublicKey::Rsa { .. }, Some(_) | None, Input::Digest(_) | Input::Message(_)) => true,
            // No such signature is asked of a token: nothing that cannot be checked passes for proof.
            (PublicKey::Ec { .. }, None, Input::Digest(_) | Input::Message(_))
            | (PublicKey::Ed25519 { .. }, Some(_) | None, Input::Digest(_)) => false,
        };
        if !holds {
            return Err(TokenError::CertificateKeyMismatch { id: self.id.clone() });
        }
        self.given.store(true, Ordering::Release);
        Ok(())
    }
}

fn ecdsa_holds(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    macro_rules! by {
        ($curve:ident) => {{
            use $curve::ecdsa::signature::hazmat::PrehashVerifier as _;
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(point);
            let signature = $curve::ecdsa::Signature::from_slice(signature);
            key.is_ok_and(|key| signature.is_ok_and(|it| key.verify_prehash(digest, &it).is_ok()))
        }};
    }
    match curve {
        Curve::P256 => by!(p256),
        Curve::P384 => by!(p384),
        Curve::P521 => by!(p521),
    }
}
