//! The public key of a certificate, in the parts PKCS#11 objects show.

use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Sequence};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::certificate::{CertificateInner, Raw};

use crate::{Curve, KeyPairSpec, KeyType, TokenError};

/// What kind of public key an object holds, before its numbers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// RSA.
    Rsa,
    /// EC on this curve.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
}

impl From<KeyPairSpec> for Family {
    fn from(spec: KeyPairSpec) -> Self {
        match spec {
            KeyPairSpec::Rsa { .. } => Self::Rsa,
            KeyPairSpec::Ec(curve) => Self::Ec(curve),
            KeyPairSpec::Ed25519 => Self::Ed25519,
        }
    }
}

/// A public key by its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// Curve and uncompressed point (SEC 1 §2.3.3: 04‖x‖y).
    Ec { curve: Curve, point: Vec<u8> },
    /// The 32 bytes of RFC 8032.
    Ed25519 { point: Vec<u8> },
}

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1)
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// Reads the key of a certificate in DER.
    pub(crate) fn of_certificate(certificate: &[u8]) -> Result<Self, TokenError> {
        let certificate = CertificateInner::<Raw>::from_der(certificate).map_err(malformed)?;
        let spki = der::Encode::to_der(certificate.tbs_certificate().subject_public_key_info())
            .map_err(malformed)?;
        Self::of_spki(&spki)
    }

    /// Reads a SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7, RFC 8410, RFC 5480).
    pub(crate) fn of_spki(spki: &[u8]) -> Result<Self, TokenError> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(malformed)?;
        let bits = spki.subject_public_key.raw_bytes();
        match spki.algorithm.oid {
            RSA_ENCRYPTION => {
                let key = RsaPublicKey::from_der(bits).map_err(malformed)?;
                Ok(Self::Rsa {
                    modulus: key.modulus.as_bytes().to_vec(),
                    exponent: key.exponent.as_bytes().to_vec(),
                })
            }
            ID_EC_PUBLIC_KEY => {
                let parameters =
                    spki.algorithm.parameters_oid().map_err(|_| TokenError::KeyUnsupported)?;
                let curve = curve_of(parameters).ok_or(TokenError::KeyUnsupported)?;
                if bits.len() != 1 + 2 * curve.field_len() || bits[0] != 4 {
                    return Err(TokenError::KeyUnsupported);
                }
                Ok(Self::Ec { curve, point: bits.to_vec() })
            }
            ID_ED_25519 if bits.len() == 32 => Ok(Self::Ed25519 { point: bits.to_vec() }),
            _ => Err(TokenError::KeyUnsupported),
        }
    }

    /// The key's type.
    pub(crate) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { modulus, .. } => {
                let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
                KeyType::Rsa { bits: (modulus.len() as u32 * 8).saturating_sub(leading) }
            }
            Self::Ec { curve, .. } => KeyType::Ec(*curve),
            Self::Ed25519 { .. } => KeyType::Ed25519,
        }
    }

    /// Length of a signature by this key, in bytes.
    pub(crate) fn signature_len(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => modulus.len(),
            Self::Ec { curve, .. } => 2 * curve.field_len(),
            Self::Ed25519 { .. } => 64,
        }
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(crate) fn to_spki(&self) -> Result<Vec<u8>, TokenError> {
        let (algorithm, bits) = match self {
            Self::Rsa { modulus, exponent } => {
                let key = RsaPublicKey {
                    modulus: UintRef::new(modulus).map_err(malformed)?,
                    exponent: UintRef::new(exponent).map_err(malformed)?,
                };
                let bits = der::Encode::to_der(&key).map_err(malformed)?;
                let null = der::asn1::Any::null();
                (
                    spki::AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(null) },
                    bits,
                )
            }
            Self::Ec { curve, point } => {
                let oid = der::asn1::Any::from(curve_oid(*curve));
                (
                    spki::AlgorithmIdentifierOwned { oid: ID_EC_PUBLIC_KEY, parameters: Some(oid) },
                    point.clone(),
                )
            }
            Self::Ed25519 { point } => (
                spki::AlgorithmIdentifierOwned { oid: ID_ED_25519, parameters: None },
                point.clone(),
            ),
        };
        let spki = spki::SubjectPublicKeyInfoOwned {
            algorithm,
            subject_public_key: der::asn1::BitString::from_bytes(&bits).map_err(malformed)?,
        };
        der::Encode::to_der(&spki).map_err(malformed)
    }

    /// Whether a `CKA_MODULUS` is this key's.
    pub(crate) fn has_modulus(&self, modulus: &[u8]) -> bool {
        matches!(self, Self::Rsa { modulus: own, .. } if own == strip_zeros(modulus))
    }

    /// Whether a `CKA_EC_POINT` is this key's, in any of the encodings modules use.
    pub(crate) fn has_point(&self, ec_point: &[u8]) -> bool {
        match self {
            Self::Ec { point, .. } | Self::Ed25519 { point } => {
                unwrap_point(ec_point, point.len()) == Some(point)
            }
            Self::Rsa { .. } => false,
        }
    }
}

/// The curve of an EC parameters OID.
pub(crate) fn curve_of(oid: ObjectIdentifier) -> Option<Curve> {
    match oid {
        SECP_256_R_1 => Some(Curve::P256),
        SECP_384_R_1 => Some(Curve::P384),
        SECP_521_R_1 => Some(Curve::P521),
        _ => None,
    }
}

/// The OID of a curve.
pub(crate) fn curve_oid(curve: Curve) -> ObjectIdentifier {
    match curve {
        Curve::P256 => SECP_256_R_1,
        Curve::P384 => SECP_384_R_1,
        Curve::P521 => SECP_521_R_1,
    }
}

/// PKCS#11 2.40 wraps CKA_EC_POINT in an OCTET STRING; several modules leave the wrapper out.
pub(crate) fn unwrap_point(ec_point: &[u8], length: usize) -> Option<&[u8]> {
    if ec_point.len() == length {
        return Some(ec_point);
    }
    let inner = <&OctetStringRef>::from_der(ec_point).ok()?.as_bytes();
    (inner.len() == length).then_some(inner)
}

/// Big integers in PKCS#11 have no leading zero, but some modules put one.
pub(crate) fn strip_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}

fn malformed(error: der::Error) -> TokenError {
    TokenError::CertificateMalformed { offset: error.position().map(u32::from) }
}
