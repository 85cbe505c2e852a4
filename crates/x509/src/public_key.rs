//! Public keys from SubjectPublicKeyInfo and the one place that verifies signature values.

mod error;
mod rsa_key;

pub use error::{PublicKeyError, VerifyError};

use self::rsa_key::RsaKey;
use crate::algorithm::{
    self, AlgorithmIdentifier, ED25519, RSA_ENCRYPTION, RSASSA_PSS, SignatureAlgorithm,
};
use crate::asn1::{Element, Reader, Rules, tag};
use crate::digest::{Digest, DigestAlgorithm};
use const_oid::ObjectIdentifier;
use signature::hazmat::PrehashVerifier as _;
use std::sync::Arc;

/// id-ecPublicKey (RFC 5480).
pub const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A curve of FIPS 186-5 or RFC 5639 that certificates name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EllipticCurve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// brainpoolP256r1 (RFC 5639 §3.4).
    BrainpoolP256r1,
    /// brainpoolP384r1 (RFC 5639 §3.6).
    BrainpoolP384r1,
}

impl EllipticCurve {
    /// Every curve.
    pub const ALL: [Self; 5] =
        [Self::P256, Self::P384, Self::P521, Self::BrainpoolP256r1, Self::BrainpoolP384r1];

    /// Object identifier (RFC 5480 §2.1.1.1, RFC 5639 §4.1).
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::P256 => const { ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7") },
            Self::P384 => const { ObjectIdentifier::new_unwrap("1.3.132.0.34") },
            Self::P521 => const { ObjectIdentifier::new_unwrap("1.3.132.0.35") },
            Self::BrainpoolP256r1 => const { ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7") },
            Self::BrainpoolP384r1 => {
                const { ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11") }
            }
        }
    }

    /// Length in bytes of a field element and of the order: half of r‖s.
    #[must_use]
    pub const fn integer_len(self) -> usize {
        match self {
            Self::P256 | Self::BrainpoolP256r1 => 32,
            Self::P384 | Self::BrainpoolP384r1 => 48,
            Self::P521 => 66,
        }
    }

    /// Length of the order in bits.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::P256 | Self::BrainpoolP256r1 => 256,
            Self::P384 | Self::BrainpoolP384r1 => 384,
            Self::P521 => 521,
        }
    }
}

impl core::fmt::Display for EllipticCurve {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::P256 | Self::P384 | Self::P521 => write!(f, "P-{}", self.bits()),
            Self::BrainpoolP256r1 => f.write_str("brainpoolP256r1"),
            Self::BrainpoolP384r1 => f.write_str("brainpoolP384r1"),
        }
    }
}

/// The kind of a public key and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublicKeyAlgorithm {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
    /// A key on an elliptic curve.
    Ec(EllipticCurve),
    /// Ed25519.
    Ed25519,
    /// ML-DSA (FIPS 204) with one of its parameter sets.
    MlDsa(MlDsaParameters),
}

/// The parameter sets of ML-DSA (FIPS 204 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MlDsaParameters {
    /// ML-DSA-44, security category 2.
    MlDsa44,
    /// ML-DSA-65, security category 3.
    MlDsa65,
    /// ML-DSA-87, security category 5.
    MlDsa87,
}

impl MlDsaParameters {
    /// Every parameter set.
    pub const ALL: [Self; 3] = [Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// Object identifier, of keys and of signatures (RFC 9881 §2).
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::MlDsa44 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17") },
            Self::MlDsa65 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18") },
            Self::MlDsa87 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19") },
        }
    }

    /// The signature algorithm, which is the key's.
    #[must_use]
    pub const fn signature_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::MlDsa44 => SignatureAlgorithm::MlDsa44,
            Self::MlDsa65 => SignatureAlgorithm::MlDsa65,
            Self::MlDsa87 => SignatureAlgorithm::MlDsa87,
        }
    }

    /// Length in bytes of a public key (FIPS 204 §4, table 2).
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }

    /// Length in bytes of a signature value (FIPS 204 §4, table 2).
    #[must_use]
    pub const fn signature_len(self) -> usize {
        match self {
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => 4627,
        }
    }
}

impl core::fmt::Display for MlDsaParameters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        })
    }
}

impl core::fmt::Display for PublicKeyAlgorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::MlDsa(parameters) => parameters.fmt(f),
        }
    }
}

/// A public key that can verify.
#[derive(Clone)]
pub struct PublicKey {
    spki: Arc<[u8]>,
    /// RSAPublicKey, EC point or Ed25519 key: the content of subjectPublicKey.
    bytes: Arc<[u8]>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Rsa { key: Arc<RsaKey>, restriction: RsaRestriction },
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(Box<p521::ecdsa::VerifyingKey>),
    BrainpoolP256r1(ecdsa::VerifyingKey<bp256::BrainpoolP256r1>),
    BrainpoolP384r1(ecdsa::VerifyingKey<bp384::BrainpoolP384r1>),
    Ed25519,
    // Expanded keys have tens of kilobytes.
    MlDsa44(Arc<ml_dsa::VerifyingKey<ml_dsa::MlDsa44>>),
    MlDsa65(Arc<ml_dsa::VerifyingKey<ml_dsa::MlDsa65>>),
    MlDsa87(Arc<ml_dsa::VerifyingKey<ml_dsa::MlDsa87>>),
}

/// What the key's own identifier allows (RFC 4055 §1.2, §3.3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum RsaRestriction {
    None,
    AnyPss,
    Pss { digest: DigestAlgorithm, mgf1_digest: DigestAlgorithm, min_salt_len: u32 },
}

/// Ed25519 public keys have 32 bytes (RFC 8032 §5.1.5).
const ED25519_LEN: usize = 32;

impl PublicKey {
    /// Reads `SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }`.
    ///
    /// # Errors
    /// When it is malformed, not one of ours, or no valid key.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let mut reader = Reader::new(der, Rules::Der);
        let element = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        Self::from_element(&element)
    }

    fn from_element(element: &Element<'_>) -> Result<Self, PublicKeyError> {
        let mut fields = element.children()?;
        let identifier = AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
        let bytes = fields.expect(tag::BIT_STRING)?.bit_string_bytes()?;
        fields.finish()?;
        let oid = identifier.oid;
        let invalid = PublicKeyError::InvalidKey { oid };
        let kind = match oid {
            RSA_ENCRYPTION | RSASSA_PSS => Kind::Rsa {
                key: RsaKey::from_der(bytes).ok_or(invalid)?.into(),
                restriction: rsa_restriction(&identifier).ok_or(invalid)?,
            },
            EC_PUBLIC_KEY => match named_curve(&identifier)? {
                EllipticCurve::P256 => Kind::P256(
                    p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| invalid)?,
                ),
                EllipticCurve::P384 => Kind::P384(
                    p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| invalid)?,
                ),
                EllipticCurve::P521 => Kind::P521(Box::new(
                    p521::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| invalid)?,
                )),
                EllipticCurve::BrainpoolP256r1 => Kind::BrainpoolP256r1(
                    ecdsa::VerifyingKey::<bp256::BrainpoolP256r1>::from_sec1_bytes(bytes)
                        .map_err(|_| invalid)?,
                ),
                EllipticCurve::BrainpoolP384r1 => Kind::BrainpoolP384r1(
                    ecdsa::VerifyingKey::<bp384::BrainpoolP384r1>::from_sec1_bytes(bytes)
                        .map_err(|_| invalid)?,
                ),
            },
            ED25519 if bytes.len() == ED25519_LEN && identifier.parameters.is_none() => {
                Kind::Ed25519
            }
            ED25519 => return Err(invalid),
            _ => {
                let parameters = MlDsaParameters::ALL
                    .into_iter()
                    .find(|parameters| parameters.oid() == oid)
                    .ok_or(PublicKeyError::UnsupportedAlgorithm { oid })?;
                // RFC 9881 §2: parameters are absent.
                if identifier.parameters.is_some() {
                    return Err(invalid);
                }
                ml_dsa_key(parameters, bytes).ok_or(invalid)?
            }
        };
        Ok(Self { spki: element.raw().into(), bytes: bytes.into(), kind })
    }

    /// Kind and size.
    #[must_use]
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        match &self.kind {
            Kind::Rsa { key, .. } => PublicKeyAlgorithm::Rsa { bits: key.bits },
            Kind::P256(_) => PublicKeyAlgorithm::Ec(EllipticCurve::P256),
            Kind::P384(_) => PublicKeyAlgorithm::Ec(EllipticCurve::P384),
            Kind::P521(_) => PublicKeyAlgorithm::Ec(EllipticCurve::P521),
            Kind::BrainpoolP256r1(_) => PublicKeyAlgorithm::Ec(EllipticCurve::BrainpoolP256r1),
            Kind::BrainpoolP384r1(_) => PublicKeyAlgorithm::Ec(EllipticCurve::BrainpoolP384r1),
            Kind::Ed25519 => PublicKeyAlgorithm::Ed25519,
            Kind::MlDsa44(_) => PublicKeyAlgorithm::MlDsa(MlDsaParameters::MlDsa44),
            Kind::MlDsa65(_) => PublicKeyAlgorithm::MlDsa(MlDsaParameters::MlDsa65),
            Kind::MlDsa87(_) => PublicKeyAlgorithm::MlDsa(MlDsaParameters::MlDsa87),
        }
    }

    /// Length in bits of modulus or order, of the key itself for ML-DSA; what is too short is policy.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self.algorithm() {
            PublicKeyAlgorithm::Rsa { bits } => bits,
            PublicKeyAlgorithm::Ec(curve) => curve.bits(),
            PublicKeyAlgorithm::Ed25519 => 256,
            PublicKeyAlgorithm::MlDsa(parameters) => 8 * parameters.public_key_len(),
        }
    }

    /// Length in bytes of the longest signature value that this key makes, DER of ECDSA included.
    #[must_use]
    pub fn max_signature_len(&self) -> usize {
        match self.algorithm() {
            PublicKeyAlgorithm::Rsa { bits } => bits.div_ceil(8),
            // SEQUENCE header of up to 3 bytes, twice INTEGER header and a sign byte.
            PublicKeyAlgorithm::Ec(curve) => 3 + 2 * (3 + curve.integer_len()),
            PublicKeyAlgorithm::Ed25519 => 64,
            PublicKeyAlgorithm::MlDsa(parameters) => parameters.signature_len(),
        }
    }

    /// Verifies a signature value over a message.
    ///
    /// # Errors
    /// [`VerifyError::BadSignature`] for a wrong value; the others say why nothing was verified.
    pub fn verify(
        &self,
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.check_fit(algorithm)?;
        if let Some(verification) = self.ring_verification(algorithm) {
            return ring::signature::UnparsedPublicKey::new(verification, &self.bytes)
                .verify(message, signature)
                .map_err(|_| VerifyError::BadSignature);
        }
        if let Some(digest) = algorithm.digest_algorithm() {
            return self.verify_digest(algorithm, &digest.digest(message), signature);
        }
        match &self.kind {
            Kind::MlDsa44(key) => verify_ml_dsa(key, message, signature),
            Kind::MlDsa65(key) => verify_ml_dsa(key, message, signature),
            Kind::MlDsa87(key) => verify_ml_dsa(key, message, signature),
            _ => Err(self.unsupported(algorithm)),
        }
    }

    /// Verifies a signature value over a message of which only the digest is known.
    ///
    /// # Errors
    /// As [`Self::verify`]; Ed25519 and ML-DSA take no digest and are [`VerifyError::UnsupportedAlgorithm`].
    pub fn verify_digest(
        &self,
        algorithm: &SignatureAlgorithm,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.check_fit(algorithm)?;
        match algorithm.digest_algorithm() {
            None => return Err(self.unsupported(algorithm)),
            Some(expected) if expected != digest.algorithm() => {
                return Err(VerifyError::DigestMismatch {
                    given: digest.algorithm(),
                    algorithm: *algorithm,
                });
            }
            Some(_) => {}
        }
        let bad = VerifyError::BadSignature;
        match (&self.kind, algorithm) {
            (Kind::Rsa { key, .. }, SignatureAlgorithm::RsaPkcs1(_)) => {
                let scheme = rsa::Pkcs1v15Sign {
                    hash_len: Some(digest.as_bytes().len()),
                    prefix: algorithm::digest_info_prefix(digest.algorithm()).into(),
                };
                let key = key.computing(&self.bytes).ok_or_else(|| self.unsupported(algorithm))?;
                key.verify(scheme, digest.as_bytes(), signature).map_err(|_| bad)
            }
            (Kind::Rsa { key, .. }, SignatureAlgorithm::RsaPss { mgf1_digest, salt_len, .. })
                if *mgf1_digest == digest.algorithm() =>
            {
                let key = key.computing(&self.bytes).ok_or_else(|| self.unsupported(algorithm))?;
                verify_pss(key, digest, *salt_len, signature)
            }
            (Kind::P256(key), _) => p256::ecdsa::Signature::from_der(signature)
                .and_then(|value| key.verify_prehash(&padded::<32>(digest), &value))
                .map_err(|_| bad),
            (Kind::P384(key), _) => p384::ecdsa::Signature::from_der(signature)
                .and_then(|value| key.verify_prehash(&padded::<48>(digest), &value))
                .map_err(|_| bad),
            (Kind::BrainpoolP256r1(key), _) => bp256::r1::ecdsa::Signature::from_der(signature)
                .and_then(|value| key.verify_prehash(&padded::<32>(digest), &value))
                .map_err(|_| bad),
            (Kind::BrainpoolP384r1(key), _) => bp384::r1::ecdsa::Signature::from_der(signature)
                .and_then(|value| key.verify_prehash(&padded::<48>(digest), &value))
                .map_err(|_| bad),
            (Kind::P521(key), _) => p521::ecdsa::Signature::from_der(signature)
                .and_then(|value| key.verify_prehash(&padded::<66>(digest), &value))
                .map_err(|_| bad),
            _ => Err(self.unsupported(algorithm)),
        }
    }

    fn unsupported(&self, algorithm: &SignatureAlgorithm) -> VerifyError {
        VerifyError::UnsupportedAlgorithm { algorithm: *algorithm, key: self.algorithm() }
    }

    /// Whether the algorithm is of this key's kind and within what the key's own parameters allow.
    ///
    /// # Errors
    /// [`VerifyError::KeyMismatch`] where it is not.
    pub fn check_fit(&self, algorithm: &SignatureAlgorithm) -> Result<(), VerifyError> {
        let fits = match (&self.kind, algorithm) {
            (Kind::Rsa { restriction, .. }, SignatureAlgorithm::RsaPkcs1(_)) => {
                *restriction == RsaRestriction::None
            }
            (
                Kind::Rsa { restriction, .. },
                SignatureAlgorithm::RsaPss { digest, mgf1_digest, salt_len },
            ) => match restriction {
                RsaRestriction::None | RsaRestriction::AnyPss => true,
                RsaRestriction::Pss { digest: own_digest, mgf1_digest: own_mgf1, min_salt_len } => {
                    digest == own_digest && mgf1_digest == own_mgf1 && salt_len >= min_salt_len
                }
            },
            (
                Kind::P256(_)
                | Kind::P384(_)
                | Kind::P521(_)
                | Kind::BrainpoolP256r1(_)
                | Kind::BrainpoolP384r1(_),
                SignatureAlgorithm::Ecdsa(_),
            )
            | (Kind::Ed25519, SignatureAlgorithm::Ed25519)
            | (Kind::MlDsa44(_), SignatureAlgorithm::MlDsa44)
            | (Kind::MlDsa65(_), SignatureAlgorithm::MlDsa65)
            | (Kind::MlDsa87(_), SignatureAlgorithm::MlDsa87) => true,
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(VerifyError::KeyMismatch { algorithm: *algorithm, key: self.algorithm() })
        }
    }

    /// Ring's algorithm for this key, where it has one.
    fn ring_verification(
        &self,
        algorithm: &SignatureAlgorithm,
    ) -> Option<&'static dyn ring::signature::VerificationAlgorithm> {
        use DigestAlgorithm::{Sha1ForLegacyUseOnly, Sha256, Sha384, Sha512};
        use ring::signature as ring;
        // Ring refuses shorter moduli, where RustCrypto's answer leaves the refusal to the policy.
        let long_rsa = matches!(self.algorithm(), PublicKeyAlgorithm::Rsa { bits } if bits >= 2048);
        // Ring reads uncompressed points only.
        let uncompressed = self.bytes.first() == Some(&4);
        Some(match (&self.kind, algorithm) {
            (Kind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(digest)) if long_rsa => match digest {
                Sha1ForLegacyUseOnly => &ring::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                Sha256 => &ring::RSA_PKCS1_2048_8192_SHA256,
                Sha384 => &ring::RSA_PKCS1_2048_8192_SHA384,
                Sha512 => &ring::RSA_PKCS1_2048_8192_SHA512,
                _ => return None,
            },
            (Kind::Rsa { .. }, pss) if long_rsa => {
                if *pss == SignatureAlgorithm::rsa_pss(Sha256) {
                    &ring::RSA_PSS_2048_8192_SHA256
                } else if *pss == SignatureAlgorithm::rsa_pss(Sha384) {
                    &ring::RSA_PSS_2048_8192_SHA384
                } else if *pss == SignatureAlgorithm::rsa_pss(Sha512) {
                    &ring::RSA_PSS_2048_8192_SHA512
                } else {
                    return None;
                }
            }
            (Kind::P256(_), SignatureAlgorithm::Ecdsa(Sha256)) if uncompressed => {
                &ring::ECDSA_P256_SHA256_ASN1
            }
            (Kind::P256(_), SignatureAlgorithm::Ecdsa(Sha384)) if uncompressed => {
                &ring::ECDSA_P256_SHA384_ASN1
            }
            (Kind::P384(_), SignatureAlgorithm::Ecdsa(Sha256)) if uncompressed => {
                &ring::ECDSA_P384_SHA256_ASN1
            }
            (Kind::P384(_), SignatureAlgorithm::Ecdsa(Sha384)) if uncompressed => {
                &ring::ECDSA_P384_SHA384_ASN1
            }
            (Kind::Ed25519, SignatureAlgorithm::Ed25519) => &ring::ED25519,
            _ => return None,
        })
    }
}

/// Equal keys have equal SubjectPublicKeyInfo bytes.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl core::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PublicKey({})", self.algorithm())
    }
}

fn named_curve(identifier: &AlgorithmIdentifier) -> Result<EllipticCurve, PublicKeyError> {
    let parameters =
        identifier.parameters.as_deref().ok_or(PublicKeyError::UnsupportedCurve { oid: None })?;
    let element = Reader::new(parameters, Rules::Der).element()?;
    if element.tag() != tag::OBJECT_IDENTIFIER {
        return Err(PublicKeyError::UnsupportedCurve { oid: None });
    }
    let oid = element.oid()?;
    EllipticCurve::ALL
        .into_iter()
        .find(|curve| curve.oid() == oid)
        .ok_or(PublicKeyError::UnsupportedCurve { oid: Some(oid) })
}

fn rsa_restriction(identifier: &AlgorithmIdentifier) -> Option<RsaRestriction> {
    if identifier.oid == RSA_ENCRYPTION {
        return identifier.has_no_parameters().then_some(RsaRestriction::None);
    }
    if identifier.parameters.is_none() {
        return Some(RsaRestriction::AnyPss);
    }
    match SignatureAlgorithm::from_algorithm_identifier(identifier) {
        Ok(SignatureAlgorithm::RsaPss { digest, mgf1_digest, salt_len }) => {
            Some(RsaRestriction::Pss { digest, mgf1_digest, min_salt_len: salt_len })
        }
        _ => None,
    }
}

/// FIPS 186-5 §6.4.2 takes the leftmost bits of a longer digest; a shorter one is a smaller integer.
fn padded<const LEN: usize>(digest: &Digest) -> Vec<u8> {
    let bytes = digest.as_bytes();
    let mut integer = vec![0; LEN.saturating_sub(bytes.len())];
    integer.extend_from_slice(bytes);
    integer
}

/// The key of a parameter set; `None` where the length is another's.
fn ml_dsa_key(parameters: MlDsaParameters, bytes: &[u8]) -> Option<Kind> {
    Some(match parameters {
        MlDsaParameters::MlDsa44 => {
            Kind::MlDsa44(Arc::new(ml_dsa::VerifyingKey::decode(&bytes.try_into().ok()?)))
        }
        MlDsaParameters::MlDsa65 => {
            Kind::MlDsa65(Arc::new(ml_dsa::VerifyingKey::decode(&bytes.try_into().ok()?)))
        }
        MlDsaParameters::MlDsa87 => {
            Kind::MlDsa87(Arc::new(ml_dsa::VerifyingKey::decode(&bytes.try_into().ok()?)))
        }
    })
}

/// FIPS 204 algorithm 3 with an empty context, as RFC 9881 §3 and RFC 9882 §3 have it.
fn verify_ml_dsa<P: ml_dsa::MlDsaParams>(
    key: &ml_dsa::VerifyingKey<P>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    ml_dsa::Signature::<P>::try_from(signature)
        .ok()
        .filter(|value| key.verify_with_context(message, &[], value))
        .map(|_| ())
        .ok_or(VerifyError::BadSignature)
}

fn verify_pss(
    key: &rsa::RsaPublicKey,
    digest: &Digest,
    salt_len: u32,
    signature: &[u8],
) -> Result<(), VerifyError> {
    use rsa::pss::{Signature, VerifyingKey};
    let bad = VerifyError::BadSignature;
    let salt_len = usize::try_from(salt_len).map_err(|_| bad)?;
    let value = Signature::try_from(signature).map_err(|_| bad)?;
    macro_rules! with {
        ($hash:ty) => {
            VerifyingKey::<$hash>::new_with_salt_len(key.clone(), salt_len)
                .verify_prehash(digest.as_bytes(), &value)
        };
    }
    match digest.algorithm() {
        DigestAlgorithm::Sha1ForLegacyUseOnly => with!(sha1::Sha1),
        DigestAlgorithm::Sha256 => with!(sha2::Sha256),
        DigestAlgorithm::Sha384 => with!(sha2::Sha384),
        DigestAlgorithm::Sha512 => with!(sha2::Sha512),
        DigestAlgorithm::Sha3_256 => with!(sha3::Sha3_256),
        DigestAlgorithm::Sha3_384 => with!(sha3::Sha3_384),
        DigestAlgorithm::Sha3_512 => with!(sha3::Sha3_512),
    }
    .map_err(|_| bad)
}
