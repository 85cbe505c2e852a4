//! Algorithms as the API names them: by object identifier, with DER parameters (RFC 8017 §A.2, RFC 5758 §3.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{HashAlgorithm, KeyType, SigningAlgorithm};

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";

/// The digest's OID, dotted.
pub(super) const fn hash_oid(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
        HashAlgorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
        HashAlgorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
    }
}

/// The OID that names scheme and digest at once; PSS has its digest in the parameters.
const fn exact_oid(algorithm: SigningAlgorithm) -> Option<&'static str> {
    Some(match algorithm {
        SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256) => "1.2.840.113549.1.1.11",
        SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha384) => "1.2.840.113549.1.1.12",
        SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha512) => "1.2.840.113549.1.1.13",
        SigningAlgorithm::RsaPss(_) => RSASSA_PSS,
        SigningAlgorithm::Ecdsa(HashAlgorithm::Sha256) => "1.2.840.10045.4.3.2",
        SigningAlgorithm::Ecdsa(HashAlgorithm::Sha384) => "1.2.840.10045.4.3.3",
        SigningAlgorithm::Ecdsa(HashAlgorithm::Sha512) => "1.2.840.10045.4.3.4",
        SigningAlgorithm::Ed25519 => return None,
    })
}

/// `signAlgo` for an algorithm among those that the credential lists, the most exact one first.
///
/// Pure Ed25519 signs no hash: it is not to be had from `signHash`.
pub(super) fn sign_algo(algorithm: SigningAlgorithm, listed: &[String]) -> Option<&'static str> {
    let has = |oid: &&str| listed.iter().any(|one| one == oid);
    let exact = exact_oid(algorithm)?;
    let general = match algorithm {
        SigningAlgorithm::RsaPkcs1(_) => RSA_ENCRYPTION,
        SigningAlgorithm::Ecdsa(_) => EC_PUBLIC_KEY,
        SigningAlgorithm::RsaPss(_) | SigningAlgorithm::Ed25519 => exact,
    };
    // A general OID stands for every digest; the exact one says more and services that list keys' OIDs take it, too,
    // only where they list it.
    [exact, general].into_iter().find(has)
}

/// What the credential signs with here.
pub(super) fn algorithms(key: KeyType, listed: &[String]) -> Vec<SigningAlgorithm> {
    let kinds: &[fn(HashAlgorithm) -> SigningAlgorithm] = match key {
        KeyType::Rsa { .. } => &[SigningAlgorithm::RsaPkcs1, SigningAlgorithm::RsaPss],
        KeyType::Ec(_) => &[SigningAlgorithm::Ecdsa],
        KeyType::Ed25519 => &[],
    };
    let all = kinds.iter().flat_map(|kind| HashAlgorithm::ALL.into_iter().map(kind));
    all.filter(|algorithm| sign_algo(*algorithm, listed).is_some()).collect()
}

/// `signAlgoParams`: RSASSA-PSS-params (RFC 8017 §A.2.3) in base64, MGF1 with the same hash, salt as long as the digest.
pub(super) fn parameters(algorithm: SigningAlgorithm) -> Option<String> {
    let SigningAlgorithm::RsaPss(hash) = algorithm else { return None };
    let last = match hash {
        HashAlgorithm::Sha256 => 1,
        HashAlgorithm::Sha384 => 2,
        HashAlgorithm::Sha512 => 3,
    };
    // AlgorithmIdentifier { id-shaXXX, NULL }
    let digest = [
        &[0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last][..],
        &[0x05, 0x00],
    ]
    .concat();
    // [0] hashAlgorithm, [1] AlgorithmIdentifier { id-mgf1, hash }, [2] saltLength
    let mut der = vec![0x30, 0x34, 0xA0, 0x0F];
    der.extend_from_slice(&digest);
    der.extend_from_slice(&[0xA1, 0x1C, 0x30, 0x1A, 0x06, 0x09]);
    der.extend_from_slice(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08]);
    der.extend_from_slice(&digest);
    der.extend_from_slice(&[0xA2, 0x03, 0x02, 0x01, hash.output_len() as u8]);
    Some(STANDARD.encode(der))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Curve;

    #[test]
    fn pss_parameters_are_der_as_other_programs_write_it() {
        // OpenSSL 3: RSASSA-PSS with SHA-256, MGF1-SHA-256, salt 32.
        let expected = "MDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgEg";
        let got = parameters(SigningAlgorithm::RsaPss(HashAlgorithm::Sha256));
        assert_eq!(got.as_deref(), Some(expected));
        assert_eq!(parameters(SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256)), None);
        for hash in HashAlgorithm::ALL {
            let text = parameters(SigningAlgorithm::RsaPss(hash)).expect("parameters");
            let der = STANDARD.decode(text).expect("base64");
            assert_eq!(der[1] as usize + 2, der.len());
        }
    }

    #[test]
    fn the_listed_identifiers_say_what_can_be_signed() {
        use SigningAlgorithm as S;
        let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let rsa = KeyType::Rsa { bits: 2048 };
        let exact = list(&["1.2.840.113549.1.1.11"]);
        assert_eq!(algorithms(rsa, &exact), [S::RsaPkcs1(HashAlgorithm::Sha256)]);
        assert_eq!(algorithms(rsa, &list(&[RSA_ENCRYPTION, RSASSA_PSS])).len(), 6);
        assert_eq!(algorithms(KeyType::Ec(Curve::P256), &list(&[EC_PUBLIC_KEY])).len(), 3);
        assert!(algorithms(KeyType::Ec(Curve::P256), &exact).is_empty());
        assert!(algorithms(KeyType::Ed25519, &list(&["1.3.101.112"])).is_empty());
        let both = list(&[RSA_ENCRYPTION, "1.2.840.113549.1.1.11"]);
        assert_eq!(
            sign_algo(S::RsaPkcs1(HashAlgorithm::Sha256), &both),
            Some("1.2.840.113549.1.1.11")
        );
        assert_eq!(sign_algo(S::RsaPkcs1(HashAlgorithm::Sha384), &both), Some(RSA_ENCRYPTION));
    }
}
