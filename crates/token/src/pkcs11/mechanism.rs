//! Which mechanism makes a signature, from what the token offers and what is asked.

use pkcs11::context::Pkcs11;
use pkcs11::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use pkcs11::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use pkcs11::mechanism::{Mechanism, MechanismType};
use pkcs11::slot::Slot;

use super::failure::failure;
use crate::algorithm::RSA_BITS;
use crate::{HashAlgorithm, Input, KeyType, SigningAlgorithm, TokenError};

/// What a token can sign with, for one key size.
#[derive(Clone, Debug, Default)]
pub(super) struct Offered(Vec<MechanismType>);

impl Offered {
    /// Reads C_GetMechanismList and C_GetMechanismInfo: only those that sign, with a key of this size.
    pub(super) fn read(context: &Pkcs11, slot: Slot, key: KeyType) -> Result<Self, TokenError> {
        let listed = context.get_mechanism_list(slot).map_err(failure)?;
        let mut usable = Vec::new();
        for mechanism in listed.into_iter().filter(|mechanism| SIGNING.contains(mechanism)) {
            let info = context.get_mechanism_info(slot, mechanism).map_err(failure)?;
            if info.sign() && size_fits(info.min_key_size(), info.max_key_size(), key) {
                usable.push(mechanism);
            }
        }
        Ok(Self(usable))
    }

    /// The way to sign so, best first: hashing outside where the token lets us.
    pub(super) fn plan(&self, algorithm: SigningAlgorithm, key: KeyType) -> Option<Plan> {
        if !algorithm.fits(key) {
            return None;
        }
        if let KeyType::Rsa { bits } = key
            && !RSA_BITS.contains(&bits)
        {
            return None;
        }
        let candidates = match algorithm {
            SigningAlgorithm::RsaPkcs1(hash) => {
                [Some(Plan::RsaPkcs(hash)), Some(Plan::HashRsaPkcs(hash))]
            }
            SigningAlgorithm::RsaPss(hash) => {
                [Some(Plan::RsaPss(hash)), Some(Plan::HashRsaPss(hash))]
            }
            SigningAlgorithm::Ecdsa(hash) => [Some(Plan::Ecdsa(hash)), Some(Plan::HashEcdsa(hash))],
            SigningAlgorithm::Ed25519 => [Some(Plan::Eddsa), None],
        };
        candidates
            .into_iter()
            .flatten()
            .find(|plan| self.0.contains(&plan.mechanism().mechanism_type()))
    }

    /// Everything the key can sign with, and what of it needs the message.
    pub(super) fn algorithms(
        &self,
        key: KeyType,
    ) -> (Vec<SigningAlgorithm>, Vec<SigningAlgorithm>) {
        let hashes = HashAlgorithm::ALL;
        let all = hashes
            .map(SigningAlgorithm::RsaPkcs1)
            .into_iter()
            .chain(hashes.map(SigningAlgorithm::RsaPss))
            .chain(hashes.map(SigningAlgorithm::Ecdsa))
            .chain([SigningAlgorithm::Ed25519]);
        let planned: Vec<_> =
            all.filter_map(|algorithm| Some((algorithm, self.plan(algorithm, key)?))).collect();
        let needs_message =
            planned.iter().filter(|(_, plan)| plan.hashes()).map(|(algorithm, _)| *algorithm);
        (planned.iter().map(|(algorithm, _)| *algorithm).collect(), needs_message.collect())
    }
}

const SIGNING: [MechanismType; 13] = [
    MechanismType::RSA_PKCS,
    MechanismType::RSA_PKCS_PSS,
    MechanismType::SHA256_RSA_PKCS,
    MechanismType::SHA384_RSA_PKCS,
    MechanismType::SHA512_RSA_PKCS,
    MechanismType::SHA256_RSA_PKCS_PSS,
    MechanismType::SHA384_RSA_PKCS_PSS,
    MechanismType::SHA512_RSA_PKCS_PSS,
    MechanismType::ECDSA,
    MechanismType::ECDSA_SHA256,
    MechanismType::ECDSA_SHA384,
    MechanismType::ECDSA_SHA512,
    MechanismType::EDDSA,
];

/// The standard gives RSA and EC sizes in bits; some modules leave them zero or write bytes, hence the second reading.
fn size_fits(min: usize, max: usize, key: KeyType) -> bool {
    let bits = match key {
        KeyType::Rsa { bits } => bits as usize,
        KeyType::Ec(crate::Curve::P256) => 256,
        KeyType::Ec(crate::Curve::P384) => 384,
        KeyType::Ec(crate::Curve::P521) => 521,
        // Modules write 255, 256, 32 or 448 here; the curve itself decides.
        KeyType::Ed25519 => return true,
    };
    max == 0 || (min..=max).contains(&bits) || (min..=max).contains(&bits.div_ceil(8))
}

/// One mechanism with its parameters, and who hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// CKM_RSA_PKCS over our DigestInfo.
    RsaPkcs(HashAlgorithm),
    /// CKM_SHA…_RSA_PKCS over the message.
    HashRsaPkcs(HashAlgorithm),
    /// CKM_RSA_PKCS_PSS over the digest.
    RsaPss(HashAlgorithm),
    /// CKM_SHA…_RSA_PKCS_PSS over the message.
    HashRsaPss(HashAlgorithm),
    /// CKM_ECDSA over the digest.
    Ecdsa(HashAlgorithm),
    /// CKM_ECDSA_SHA… over the message.
    HashEcdsa(HashAlgorithm),
    /// CKM_EDDSA over the message.
    Eddsa,
}

impl Plan {
    /// Whether the token hashes, and so needs the message.
    pub(super) fn hashes(self) -> bool {
        matches!(
            self,
            Self::HashRsaPkcs(_) | Self::HashRsaPss(_) | Self::HashEcdsa(_) | Self::Eddsa
        )
    }

    /// The mechanism; holds pointers and is therefore built on the session's own thread.
    pub(super) fn mechanism(self) -> Mechanism<'static> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        match self {
            Self::RsaPkcs(_) => Mechanism::RsaPkcs,
            Self::HashRsaPkcs(Sha256) => Mechanism::Sha256RsaPkcs,
            Self::HashRsaPkcs(Sha384) => Mechanism::Sha384RsaPkcs,
            Self::HashRsaPkcs(Sha512) => Mechanism::Sha512RsaPkcs,
            Self::RsaPss(hash) => Mechanism::RsaPkcsPss(pss(hash)),
            Self::HashRsaPss(Sha256) => Mechanism::Sha256RsaPkcsPss(pss(Sha256)),
            Self::HashRsaPss(Sha384) => Mechanism::Sha384RsaPkcsPss(pss(Sha384)),
            Self::HashRsaPss(Sha512) => Mechanism::Sha512RsaPkcsPss(pss(Sha512)),
            Self::Ecdsa(_) => Mechanism::Ecdsa,
            Self::HashEcdsa(Sha256) => Mechanism::EcdsaSha256,
            Self::HashEcdsa(Sha384) => Mechanism::EcdsaSha384,
            Self::HashEcdsa(Sha512) => Mechanism::EcdsaSha512,
            Self::Eddsa => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
        }
    }

    /// The bytes for C_Sign.
    pub(super) fn data(
        self,
        algorithm: SigningAlgorithm,
        key: KeyType,
        input: Input<'_>,
    ) -> Result<Vec<u8>, TokenError> {
        if self.hashes() {
            return match input {
                Input::Message(message) => Ok(message.to_vec()),
                Input::Digest(_) => Err(TokenError::MessageNeeded { algorithm }),
            };
        }
        let hash = algorithm.hash().ok_or(TokenError::MessageNeeded { algorithm })?;
        let digest = match input {
            Input::Message(message) => hash.digest(message),
            Input::Digest(digest) if digest.len() == hash.output_len() => digest.to_vec(),
            Input::Digest(digest) => {
                return Err(TokenError::DigestLength {
                    expected: hash.output_len(),
                    actual: digest.len(),
                });
            }
        };
        Ok(match (self, key) {
            (Self::RsaPkcs(hash), _) => [digest_info_prefix(hash), &digest].concat(),
            // FIPS 186-5 §6.4.1: the leftmost bits, as many as the order has; all orders here end on a byte boundary or
            // are longer than any digest.
            (Self::Ecdsa(_), KeyType::Ec(curve)) => {
                digest[..digest.len().min(curve.field_len())].to_vec()
            }
            _ => digest,
        })
    }
}

fn pss(hash: HashAlgorithm) -> PkcsPssParams {
    let (hash_alg, mgf) = match hash {
        HashAlgorithm::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        HashAlgorithm::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        HashAlgorithm::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
    };
    PkcsPssParams { hash_alg, mgf, s_len: (hash.output_len() as cryptoki_sys::CK_ULONG).into() }
}

/// DigestInfo ::= SEQUENCE { AlgorithmIdentifier { OID, NULL }, OCTET STRING } up to the digest (RFC 8017 §9.2 note 1).
fn digest_info_prefix(hash: HashAlgorithm) -> &'static [u8] {
    match hash {
        HashAlgorithm::Sha256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
        }
        HashAlgorithm::Sha384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
        }
        HashAlgorithm::Sha512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Curve;

    const RSA: KeyType = KeyType::Rsa { bits: 2048 };

    #[test]
    fn raw_mechanisms_come_first_and_hashing_ones_need_the_message() {
        let both = Offered(vec![MechanismType::SHA256_RSA_PKCS, MechanismType::RSA_PKCS]);
        let algorithm = SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);
        assert_eq!(both.plan(algorithm, RSA), Some(Plan::RsaPkcs(HashAlgorithm::Sha256)));

        let hashing = Offered(vec![MechanismType::SHA256_RSA_PKCS]);
        let plan = hashing.plan(algorithm, RSA).unwrap();
        assert_eq!(hashing.algorithms(RSA), (vec![algorithm], vec![algorithm]));
        assert_eq!(
            plan.data(algorithm, RSA, Input::Digest(&[0; 32])),
            Err(TokenError::MessageNeeded { algorithm })
        );
        assert_eq!(plan.data(algorithm, RSA, Input::Message(b"m")).unwrap(), b"m");
    }

    #[test]
    fn sizes_and_types_out_of_bounds_have_no_plan() {
        let offered = Offered(SIGNING.to_vec());
        let pkcs1 = SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);
        assert_eq!(offered.plan(pkcs1, KeyType::Rsa { bits: 1024 }), None);
        assert_eq!(offered.plan(pkcs1, KeyType::Rsa { bits: 8192 }), None);
        assert_eq!(offered.plan(pkcs1, KeyType::Ec(Curve::P256)), None);
        assert!(!size_fits(2048, 3072, KeyType::Rsa { bits: 4096 }));
    }

    #[test]
    fn a_long_digest_is_cut_to_the_order_and_a_wrong_one_refused() {
        let key = KeyType::Ec(Curve::P256);
        let algorithm = SigningAlgorithm::Ecdsa(HashAlgorithm::Sha512);
        let plan = Plan::Ecdsa(HashAlgorithm::Sha512);
        assert_eq!(plan.data(algorithm, key, Input::Digest(&[7; 64])).unwrap(), [7; 32]);
        assert_eq!(
            plan.data(algorithm, key, Input::Digest(&[7; 32])),
            Err(TokenError::DigestLength { expected: 64, actual: 32 })
        );
    }
}
