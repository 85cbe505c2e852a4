//! From keys and certificates to a PFX.

use super::asn1::{
    self, Attribute, CertBag, ContentInfo, DigestInfo, EncryptedPrivateKeyInfo, MacData, Pfx,
    SafeBag,
};
use super::error::{KeyFileError, PfxPart};
use super::password::{MAX_ITERATIONS, Password, Purpose};
use super::read::{Certificate, Key, Names};
use const_oid::db::rfc5912::ID_SHA_256;
use der::asn1::{Any, AnyRef, ObjectIdentifier, OctetString, OctetStringRef};
use der::{Decode, Encode, Tag};
use pkcs5::pbes2::Parameters;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

/// Iterations for each key and for the MAC: as many as .NET's loader takes by default (300,000 each) with some room.
pub(super) const ITERATIONS: u32 = 250_000;

const _: () = assert!(ITERATIONS as u64 <= MAX_ITERATIONS);

/// Writes a PFX with the password; `iterations` for each key and the MAC.
pub(super) fn write(
    keys: &[Key],
    certificates: &[Certificate],
    password: &str,
    iterations: u32,
) -> Result<Vec<u8>, KeyFileError> {
    if password.is_empty() {
        return Err(KeyFileError::PasswordEmpty);
    }
    let [password] = &Password::forms(password)?[..] else {
        return Err(KeyFileError::PasswordEmpty);
    };
    let auth_safe = auth_safe(keys, certificates, password, iterations)
        .map_err(|failure| failure.at(PfxPart::AuthenticatedSafe))?;

    let salt: [u8; 16] = random()?;
    let mut key = Zeroizing::new([0; digest::SHA256_OUTPUT_LEN]);
    password.derive(&digest::SHA256, Purpose::MacKey, &salt, iterations, &mut *key);
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*key), &auth_safe);
    pfx(&auth_safe, &salt, mac.as_ref(), iterations).map_err(|error| PfxPart::Pfx.malformed(error))
}

/// Fills an array from the system's randomness.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeyFileError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyFileError::NoRandomness)?;
    Ok(bytes)
}

fn pfx(auth_safe: &[u8], salt: &[u8], mac: &[u8], iterations: u32) -> der::Result<Vec<u8>> {
    let content = OctetString::new(auth_safe)?.to_der()?;
    Pfx {
        version: 3,
        auth_safe: ContentInfo { content_type: asn1::DATA, content: AnyRef::from_der(&content)? },
        mac_data: Some(MacData {
            mac: DigestInfo {
                digest_algorithm: AlgorithmIdentifierRef {
                    oid: ID_SHA_256,
                    parameters: Some(AnyRef::NULL),
                },
                digest: OctetStringRef::new(mac)?,
            },
            mac_salt: OctetStringRef::new(salt)?,
            iterations,
        }),
    }
    .to_der()
}

/// AuthenticatedSafe: one Data with the certificates, one with the keys.
fn auth_safe(
    keys: &[Key],
    certificates: &[Certificate],
    password: &Password,
    iterations: u32,
) -> Result<Vec<u8>, Failure> {
    let mut cert_bags = Vec::new();
    for certificate in certificates {
        let value = OctetString::new(certificate.der.as_slice())?.to_der()?;
        let bag =
            CertBag { cert_id: asn1::X509_CERTIFICATE, cert_value: AnyRef::from_der(&value)? };
        cert_bags.push(safe_bag(asn1::CERT_BAG, &bag.to_der()?, &certificate.names)?);
    }
    let mut key_bags = Vec::new();
    for key in keys {
        key_bags.push(safe_bag(
            asn1::SHROUDED_KEY_BAG,
            &shroud(key, password, iterations)?,
            &key.names,
        )?);
    }
    let mut safes = Vec::new();
    for bags in [cert_bags, key_bags].into_iter().filter(|bags| !bags.is_empty()) {
        let content = OctetString::new(list(Tag::Sequence, bags)?)?.to_der()?;
        let info = ContentInfo { content_type: asn1::DATA, content: AnyRef::from_der(&content)? };
        safes.push(info.to_der()?);
    }
    Ok(list(Tag::Sequence, safes)?)
}

fn shroud(key: &Key, password: &Password, iterations: u32) -> Result<Vec<u8>, Failure> {
    let parameters =
        Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, &random::<16>()?, random()?)?;
    let ciphertext = parameters.encrypt(password.utf8(), &key.pkcs8)?;
    let algorithm = pkcs5::EncryptionScheme::from(parameters).to_der()?;
    Ok(EncryptedPrivateKeyInfo {
        encryption_algorithm: AlgorithmIdentifierRef::from_der(&algorithm)?,
        encrypted_data: OctetStringRef::new(&ciphertext)?,
    }
    .to_der()?)
}

fn safe_bag(bag_id: ObjectIdentifier, value: &[u8], names: &Names) -> der::Result<Vec<u8>> {
    let mut attributes = Vec::new();
    if let Some(name) = &names.friendly_name {
        let bmp: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        attributes.push(attribute(asn1::FRIENDLY_NAME, Tag::BmpString, &bmp)?);
    }
    if let Some(id) = &names.local_key_id {
        attributes.push(attribute(asn1::LOCAL_KEY_ID, Tag::OctetString, id)?);
    }
    // X.690 §11.6: SET OF in ascending order of encodings.
    attributes.sort();
    let attributes = list(Tag::Set, attributes)?;
    let bag_attributes = AnyRef::from_der(&attributes)?;
    SafeBag {
        bag_id,
        bag_value: AnyRef::from_der(value)?,
        bag_attributes: (!bag_attributes.value().is_empty()).then_some(bag_attributes),
    }
    .to_der()
}

fn attribute(id: ObjectIdentifier, tag: Tag, value: &[u8]) -> der::Result<Vec<u8>> {
    let values = list(Tag::Set, vec![Any::new(tag, value)?.to_der()?])?;
    Attribute { id, values: AnyRef::from_der(&values)? }.to_der()
}

/// A SEQUENCE OF or SET OF from its encoded members.
fn list(tag: Tag, members: Vec<Vec<u8>>) -> der::Result<Vec<u8>> {
    Any::new(tag, members.concat())?.to_der()
}

/// What encoding can fail by; all but the randomness are faults of the content, say a key beyond DER's lengths.
enum Failure {
    Asn1(der::Error),
    Encryption,
    KeyFile(KeyFileError),
}

impl Failure {
    fn at(self, part: PfxPart) -> KeyFileError {
        match self {
            Self::Asn1(error) => part.malformed(error),
            Self::Encryption => {
                KeyFileError::Malformed { part: PfxPart::EncryptionParameters, offset: None }
            }
            Self::KeyFile(error) => error,
        }
    }
}

impl From<der::Error> for Failure {
    fn from(error: der::Error) -> Self {
        Self::Asn1(error)
    }
}

impl From<pkcs5::Error> for Failure {
    fn from(_: pkcs5::Error) -> Self {
        Self::Encryption
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        Self::KeyFile(error)
    }
}
