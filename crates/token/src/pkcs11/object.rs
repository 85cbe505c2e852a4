//! Templates of the objects written to a token.

use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use pkcs11::mechanism::Mechanism;
use pkcs11::object::{Attribute, CertificateType, KeyType as ObjectKeyType, ObjectClass};
use x509_cert::certificate::{CertificateInner, Raw};
use zeroize::{Zeroize as _, Zeroizing};

use crate::algorithm::RSA_BITS;
use crate::public_key::{Family, PublicKey, curve_oid, unwrap_point};
use crate::{Curve, KeyPairSpec, TokenError};

/// RSAPrivateKey (RFC 8017 §A.1.2), two primes.
#[derive(Sequence)]
struct RsaPrivateKey<'a> {
    version: u8,
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
    private_exponent: UintRef<'a>,
    prime1: UintRef<'a>,
    prime2: UintRef<'a>,
    exponent1: UintRef<'a>,
    exponent2: UintRef<'a>,
    coefficient: UintRef<'a>,
}

/// ECPrivateKey (RFC 5915 §3).
#[derive(Sequence)]
struct EcPrivateKey<'a> {
    version: u8,
    private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    parameters: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public_key: Option<der::asn1::BitStringRef<'a>>,
}

/// The mechanism and the public key's template of a new pair; CKA_ID and label are added by the caller.
pub(super) fn generation(
    key: KeyPairSpec,
) -> Result<(Mechanism<'static>, Vec<Attribute>), TokenError> {
    Ok(match key {
        KeyPairSpec::Rsa { bits } if !RSA_BITS.contains(&bits) => {
            return Err(TokenError::KeyUnsupported);
        }
        KeyPairSpec::Rsa { bits } => (
            Mechanism::RsaPkcsKeyPairGen,
            vec![
                Attribute::KeyType(ObjectKeyType::RSA),
                Attribute::ModulusBits(cryptoki_sys::CK_ULONG::from(bits).into()),
                Attribute::PublicExponent(vec![1, 0, 1]),
            ],
        ),
        KeyPairSpec::Ec(curve) => (
            Mechanism::EccKeyPairGen,
            vec![
                Attribute::KeyType(ObjectKeyType::EC),
                Attribute::EcParams(parameters(curve_oid(curve))?),
            ],
        ),
        KeyPairSpec::Ed25519 => (
            Mechanism::EccEdwardsKeyPairGen,
            vec![
                Attribute::KeyType(ObjectKeyType::EC_EDWARDS),
                Attribute::EcParams(parameters(ID_ED_25519)?),
            ],
        ),
    })
}

/// What every public key object of ours says.
pub(super) fn public_template(id: &[u8], label: &str) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::Id(id.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

/// What every private key object of ours says: it signs, and never leaves.
pub(super) fn private_template(
    id: &[u8],
    label: &str,
    always_authenticate: bool,
) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Id(id.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    if always_authenticate {
        template.push(Attribute::AlwaysAuthenticate(true));
    }
    template
}

/// A certificate object with the names PKCS#11 wants beside the value (2.40 §4.6.3).
pub(super) fn certificate_template(
    certificate: &[u8],
    id: &[u8],
    label: &str,
) -> Result<Vec<Attribute>, TokenError> {
    let malformed = |error: der::Error| TokenError::CertificateMalformed {
        offset: error.position().map(u32::from),
    };
    let parsed = CertificateInner::<Raw>::from_der(certificate).map_err(malformed)?;
    let tbs = parsed.tbs_certificate();
    Ok(vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Id(id.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Subject(tbs.subject().to_der().map_err(malformed)?),
        Attribute::Issuer(tbs.issuer().to_der().map_err(malformed)?),
        Attribute::SerialNumber(tbs.serial_number().to_der().map_err(malformed)?),
        Attribute::Value(certificate.to_vec()),
    ])
}

/// A private key on its way to a token, with its public half.
pub(super) struct ImportedKey {
    pub(super) public: PublicKey,
    secret: Vec<(Secret, Zeroizing<Vec<u8>>)>,
}

#[derive(Clone, Copy)]
enum Secret {
    Exponent,
    Prime1,
    Prime2,
    Exponent1,
    Exponent2,
    Coefficient,
    Value,
}

impl ImportedKey {
    /// Reads an unencrypted PrivateKeyInfo (RFC 5208, RFC 5958): RSA, EC on a prime curve, Ed25519.
    pub(super) fn of_pkcs8(pkcs8: &[u8]) -> Result<Self, TokenError> {
        let malformed = |_: der::Error| TokenError::PrivateKeyMalformed;
        let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8)
            .map_err(|_| TokenError::PrivateKeyMalformed)?;
        let bytes = info.private_key.as_bytes();
        match info.algorithm.oid {
            RSA_ENCRYPTION => {
                let key = RsaPrivateKey::from_der(bytes).map_err(malformed)?;
                if key.version != 0 {
                    return Err(TokenError::KeyUnsupported);
                }
                let part = |kind, integer: UintRef<'_>| {
                    (kind, Zeroizing::new(integer.as_bytes().to_vec()))
                };
                Ok(Self {
                    public: PublicKey::Rsa {
                        modulus: key.modulus.as_bytes().to_vec(),
                        exponent: key.public_exponent.as_bytes().to_vec(),
                    },
                    secret: vec![
                        part(Secret::Exponent, key.private_exponent),
                        part(Secret::Prime1, key.prime1),
                        part(Secret::Prime2, key.prime2),
                        part(Secret::Exponent1, key.exponent1),
                        part(Secret::Exponent2, key.exponent2),
                        part(Secret::Coefficient, key.coefficient),
                    ],
                })
            }
            ID_EC_PUBLIC_KEY => {
                let oid =
                    info.algorithm.parameters_oid().map_err(|_| TokenError::KeyUnsupported)?;
                let curve = crate::public_key::curve_of(oid).ok_or(TokenError::KeyUnsupported)?;
                let key = EcPrivateKey::from_der(bytes).map_err(malformed)?;
                let value = key.private_key.as_bytes();
                let point = point_of(curve, value).ok_or(TokenError::PrivateKeyMalformed)?;
                if key.public_key.is_some_and(|stated| {
                    stated.raw_bytes() != point && stated.raw_bytes()[..1] == [4]
                }) {
                    return Err(TokenError::PrivateKeyMalformed);
                }
                Ok(Self {
                    public: PublicKey::Ec { curve, point },
                    secret: vec![(Secret::Value, Zeroizing::new(value.to_vec()))],
                })
            }
            ID_ED_25519 => {
                let seed = <&OctetStringRef>::from_der(bytes).map_err(malformed)?.as_bytes();
                let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed)
                    .map_err(|_| TokenError::PrivateKeyMalformed)?;
                let point = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
                Ok(Self {
                    public: PublicKey::Ed25519 { point },
                    secret: vec![(Secret::Value, Zeroizing::new(seed.to_vec()))],
                })
            }
            _ => Err(TokenError::KeyUnsupported),
        }
    }

    /// The whole private key object.
    pub(super) fn private_object(
        &self,
        id: &[u8],
        label: &str,
        always_authenticate: bool,
    ) -> Result<SecretTemplate, TokenError> {
        let mut attributes = private_template(id, label, always_authenticate);
        attributes.extend(match &self.public {
            PublicKey::Rsa { modulus, exponent } => vec![
                Attribute::KeyType(ObjectKeyType::RSA),
                Attribute::Modulus(modulus.clone()),
                Attribute::PublicExponent(exponent.clone()),
            ],
            PublicKey::Ec { curve, .. } => vec![
                Attribute::KeyType(ObjectKeyType::EC),
                Attribute::EcParams(parameters(curve_oid(*curve))?),
            ],
            PublicKey::Ed25519 { .. } => vec![
                Attribute::KeyType(ObjectKeyType::EC_EDWARDS),
                Attribute::EcParams(parameters(ID_ED_25519)?),
            ],
        });
        attributes.extend(self.secret.iter().map(|(kind, bytes)| {
            let bytes = bytes.to_vec();
            match kind {
                Secret::Exponent => Attribute::PrivateExponent(bytes),
                Secret::Prime1 => Attribute::Prime1(bytes),
                Secret::Prime2 => Attribute::Prime2(bytes),
                Secret::Exponent1 => Attribute::Exponent1(bytes),
                Secret::Exponent2 => Attribute::Exponent2(bytes),
                Secret::Coefficient => Attribute::Coefficient(bytes),
                Secret::Value => Attribute::Value(bytes),
            }
        }));
        Ok(SecretTemplate(attributes))
    }
}

/// A private key's template. cryptoki's attributes own plain vectors; these are wiped with the template.
pub(super) struct SecretTemplate(Vec<Attribute>);

impl SecretTemplate {
    pub(super) fn attributes(&self) -> &[Attribute] {
        &self.0
    }

    fn wipe(&mut self) {
        for attribute in &mut self.0 {
            match attribute {
                Attribute::PrivateExponent(bytes)
                | Attribute::Prime1(bytes)
                | Attribute::Prime2(bytes)
                | Attribute::Exponent1(bytes)
                | Attribute::Exponent2(bytes)
                | Attribute::Coefficient(bytes)
                | Attribute::Value(bytes) => bytes.zeroize(),
                _ => {}
            }
        }
    }
}

impl Drop for SecretTemplate {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// The numbers of the public key object.
pub(super) fn public_numbers(public: &PublicKey) -> Result<Vec<Attribute>, TokenError> {
    let octets = |point: &[u8]| {
        let point = OctetStringRef::new(point).and_then(|point| point.to_der());
        point.map_err(|_| TokenError::PrivateKeyMalformed)
    };
    Ok(match public {
        PublicKey::Rsa { modulus, exponent } => vec![
            Attribute::KeyType(ObjectKeyType::RSA),
            Attribute::Modulus(modulus.clone()),
            Attribute::PublicExponent(exponent.clone()),
        ],
        PublicKey::Ec { curve, point } => vec![
            Attribute::KeyType(ObjectKeyType::EC),
            Attribute::EcParams(parameters(curve_oid(*curve))?),
            Attribute::EcPoint(octets(point)?),
        ],
        PublicKey::Ed25519 { point } => vec![
            Attribute::KeyType(ObjectKeyType::EC_EDWARDS),
            Attribute::EcParams(parameters(ID_ED_25519)?),
            Attribute::EcPoint(octets(point)?),
        ],
    })
}

/// The public key from what a key object shows of itself.
pub(super) fn public_of(attributes: &[Attribute], family: Family) -> Option<PublicKey> {
    let find = |pick: fn(&Attribute) -> Option<&Vec<u8>>| attributes.iter().find_map(pick);
    let modulus = find(|it| if let Attribute::Modulus(bytes) = it { Some(bytes) } else { None });
    let exponent =
        find(|it| if let Attribute::PublicExponent(bytes) = it { Some(bytes) } else { None });
    let point = find(|it| if let Attribute::EcPoint(bytes) = it { Some(bytes) } else { None });
    let strip = |bytes: &Vec<u8>| crate::public_key::strip_zeros(bytes).to_vec();
    match family {
        Family::Rsa => {
            Some(PublicKey::Rsa { modulus: strip(modulus?), exponent: strip(exponent?) })
        }
        Family::Ec(curve) => {
            let point = unwrap_point(point?, 1 + 2 * curve.field_len())?.to_vec();
            Some(PublicKey::Ec { curve, point })
        }
        Family::Ed25519 => Some(PublicKey::Ed25519 { point: unwrap_point(point?, 32)?.to_vec() }),
    }
}

fn parameters(oid: ObjectIdentifier) -> Result<Vec<u8>, TokenError> {
    oid.to_der().map_err(|_| TokenError::KeyUnsupported)
}

/// The uncompressed public point of a private scalar.
fn point_of(curve: Curve, scalar: &[u8]) -> Option<Vec<u8>> {
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    Some(match curve {
        Curve::P256 => p256::SecretKey::from_slice(scalar)
            .ok()?
            .public_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::P384 => p384::SecretKey::from_slice(scalar)
            .ok()?
            .public_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::P521 => p521::SecretKey::from_slice(scalar)
            .ok()?
            .public_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_template_wipes_every_secret_number() {
        let part = |kind| (kind, Zeroizing::new(vec![0xA5; 40]));
        let kinds = [
            Secret::Exponent,
            Secret::Prime1,
            Secret::Prime2,
            Secret::Exponent1,
            Secret::Exponent2,
            Secret::Coefficient,
            Secret::Value,
        ];
        let key = ImportedKey {
            public: PublicKey::Rsa { modulus: vec![1; 40], exponent: vec![3] },
            secret: kinds.map(part).into(),
        };
        let mut template = key.private_object(b"id", "label", false).unwrap();
        let secrets =
            |template: &SecretTemplate| format!("{:?}", template.0).matches("165").count();
        assert_eq!(secrets(&template), kinds.len() * 40);
        template.wipe();
        assert_eq!(secrets(&template), 0);
    }
}
