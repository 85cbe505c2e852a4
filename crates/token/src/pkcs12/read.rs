//! From a PFX to keys and certificates.

use super::asn1::{
    self, Attribute, CertBag, ContentInfo, EncryptedData, EncryptedPrivateKeyInfo, MacData,
    Pbmac1Params, Pfx, SafeBag,
};
use super::ber;
use super::cipher;
use super::error::{KeyFileError, PfxPart};
use super::password::{Password, Purpose, Work};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use pkcs5::pbes2;
use ring::{digest, hmac, pbkdf2};
use spki::AlgorithmIdentifierRef;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// Longest file read: a hundred keys with their chains.
pub(super) const MAX_FILE_LEN: u64 = 1 << 20;
/// Most bags read, keys and certificates alike.
const MAX_BAGS: u32 = 1_000;
/// Lengths of a PBMAC1 key in bytes.
const PBMAC1_KEY_LEN: RangeInclusive<usize> = 20..=64;
/// SafeContents within SafeContents; programs write none.
const MAX_SAFE_DEPTH: u32 = 4;

/// What the bags of a PFX hold.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<Key>,
    pub(super) certificates: Vec<Certificate>,
    /// Private keys that are there but were not decrypted: localKeyID of each.
    pub(super) locked_keys: Vec<Option<Vec<u8>>>,
    /// Encrypted SafeContents that were not decrypted.
    pub(super) locked_safes: u32,
    /// CRLs, secrets, and certificates that are not X.509.
    pub(super) other_bags: u32,
    /// Whether any password fits: the file has no MAC and a key that no cipher covers.
    pub(super) unprotected: bool,
    /// Keys in bags that no cipher covers.
    plain_keys: u32,
    bags: u32,
}

/// A private key: PrivateKeyInfo, DER, and its attributes.
pub(super) struct Key {
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    pub(super) names: Names,
}

/// A certificate, DER, and its attributes.
#[derive(Clone)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) names: Names,
}

/// The two attributes of a bag that matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) local_key_id: Option<Vec<u8>>,
    pub(super) friendly_name: Option<String>,
}

/// Whether SafeContents came out of EncryptedData.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    None,
    Encrypted,
}

/// Reads everything, with the password.
pub(super) fn read(file: &[u8], password: &str) -> Result<Contents, KeyFileError> {
    let file = normalized(file)?;
    let pfx = pfx(&file)?;
    let content = auth_safe(&pfx)?;
    let mut work = Work::default();
    let forms = Password::forms(password)?;
    let Some(mac_data) = &pfx.mac_data else {
        // Without a MAC only the padding tells a wrong password, so each form is tried on the whole.
        let mut failure = KeyFileError::MacMismatch;
        for form in &forms {
            match contents(content, Some(form), &mut work) {
                Ok(mut contents) => {
                    contents.unprotected = contents.plain_keys > 0;
                    return Ok(contents);
                }
                Err(error) => failure = error,
            }
        }
        return Err(failure);
    };
    for form in &forms {
        if mac_fits(mac_data, content, form, &mut work)? {
            return contents(content, Some(form), &mut work);
        }
    }
    Err(KeyFileError::MacMismatch)
}

/// Reads what shows without a password; nothing is authenticated then.
pub(super) fn peek(file: &[u8]) -> Result<Contents, KeyFileError> {
    let file = normalized(file)?;
    contents(auth_safe(&pfx(&file)?)?, None, &mut Work::default())
}

fn normalized(file: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let length = file.len() as u64;
    if length > MAX_FILE_LEN {
        return Err(KeyFileError::TooLong { length, limit: MAX_FILE_LEN });
    }
    // PFX begins with SEQUENCE { INTEGER 3, …: what does not is another kind of file.
    if file.first() != Some(&0x30) {
        return Err(KeyFileError::NotPkcs12);
    }
    ber::to_der(file, PfxPart::Pfx)
}

fn pfx(file: &[u8]) -> Result<Pfx<'_>, KeyFileError> {
    let version = || {
        let mut reader = SliceReader::new(AnyRef::from_der(file).ok()?.value()).ok()?;
        reader.decode::<u8>().ok()
    };
    if version() != Some(3) {
        return Err(KeyFileError::NotPkcs12);
    }
    Pfx::from_der(file).map_err(|error| PfxPart::Pfx.malformed(error))
}

/// The bytes of authSafe's content, over which the MAC goes. Integrity by a public key (SignedData) is used by nobody.
fn auth_safe<'a>(pfx: &Pfx<'a>) -> Result<&'a [u8], KeyFileError> {
    data(&pfx.auth_safe, PfxPart::Pfx)
}

fn data<'a>(content: &ContentInfo<'a>, part: PfxPart) -> Result<&'a [u8], KeyFileError> {
    if content.content_type != asn1::DATA {
        return Err(unsupported(content.content_type));
    }
    octets(content.content, part)
}

fn octets(any: AnyRef<'_>, part: PfxPart) -> Result<&[u8], KeyFileError> {
    let octets: &OctetStringRef = any.decode_as().map_err(|error| part.malformed(error))?;
    Ok(octets.as_bytes())
}

fn unsupported(oid: ObjectIdentifier) -> KeyFileError {
    KeyFileError::AlgorithmUnsupported { oid: oid.to_string() }
}

/// Checks the MAC in constant time: that of Appendix B.4, or PBMAC1 (RFC 9579).
fn mac_fits(
    mac_data: &MacData<'_>,
    content: &[u8],
    password: &Password,
    work: &mut Work,
) -> Result<bool, KeyFileError> {
    use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512};
    let algorithm = mac_data.mac.digest_algorithm;
    let (digest, hmac) = match algorithm.oid {
        ID_SHA_1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ID_SHA_256 => (&digest::SHA256, hmac::HMAC_SHA256),
        ID_SHA_384 => (&digest::SHA384, hmac::HMAC_SHA384),
        ID_SHA_512 => (&digest::SHA512, hmac::HMAC_SHA512),
        asn1::PBMAC1 => {
            let key = pbmac1_key(algorithm, password, work)?;
            return Ok(hmac::verify(&key, content, mac_data.mac.digest.as_bytes()).is_ok());
        }
        oid => return Err(unsupported(oid)),
    };
    work.spend(mac_data.iterations.into())?;
    let mut key = Zeroizing::new([0; digest::MAX_OUTPUT_LEN]);
    let key = &mut key[..digest.output_len()];
    let salt = mac_data.mac_salt.as_bytes();
    password.derive(digest, Purpose::MacKey, salt, mac_data.iterations, key);
    let key = hmac::Key::new(hmac, key);
    Ok(hmac::verify(&key, content, mac_data.mac.digest.as_bytes()).is_ok())
}

/// The key of PBMAC1 (RFC 8018 §7.1, RFC 9579 §5): PBKDF2 over the password in UTF-8; MacData's own salt and
/// iterations play no part.
fn pbmac1_key(
    algorithm: AlgorithmIdentifierRef<'_>,
    password: &Password,
    work: &mut Work,
) -> Result<hmac::Key, KeyFileError> {
    let part = PfxPart::MacData;
    let malformed = KeyFileError::Malformed { part, offset: None };
    let parameters = algorithm.parameters.ok_or(malformed.clone())?;
    let parameters: Pbmac1Params<'_> =
        parameters.decode_as().map_err(|error| part.malformed(error))?;
    // HMAC's identifiers are the same here as in PBKDF2.
    let hmac = pbes2::Pbkdf2Prf::try_from(parameters.message_auth_scheme)
        .map_err(|error| part.malformed(error))?;
    let hmac = match hmac {
        pbes2::Pbkdf2Prf::HmacWithSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        pbes2::Pbkdf2Prf::HmacWithSha256 => hmac::HMAC_SHA256,
        pbes2::Pbkdf2Prf::HmacWithSha384 => hmac::HMAC_SHA384,
        pbes2::Pbkdf2Prf::HmacWithSha512 => hmac::HMAC_SHA512,
        other => return Err(unsupported(other.oid())),
    };
    if parameters.key_derivation_func.oid != pbes2::PBKDF2_OID {
        return Err(unsupported(parameters.key_derivation_func.oid));
    }
    let kdf = pbes2::Kdf::try_from(parameters.key_derivation_func)
        .map_err(|error| part.malformed(error))?;
    let kdf = kdf.pbkdf2().ok_or(malformed.clone())?;
    let prf = match kdf.prf {
        pbes2::Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        pbes2::Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        pbes2::Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        pbes2::Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(unsupported(other.oid())),
    };
    // RFC 9579 §5: keyLength must be there; less than 20 bytes would be no key, more than 64 none that HMAC uses.
    let length = kdf.key_length.map(usize::from).filter(|length| PBMAC1_KEY_LEN.contains(length));
    let length = length.ok_or(malformed.clone())?;
    let iterations = NonZeroU32::new(kdf.iteration_count).ok_or(malformed)?;
    let blocks = length.div_ceil(digest::SHA1_OUTPUT_LEN) as u64;
    work.spend(u64::from(iterations.get()).saturating_mul(blocks))?;
    let mut key = Zeroizing::new([0; *PBMAC1_KEY_LEN.end()]);
    pbkdf2::derive(prf, iterations, kdf.salt.as_bytes(), password.utf8(), &mut key[..length]);
    Ok(hmac::Key::new(hmac, &key[..length]))
}

/// Reads AuthenticatedSafe; without a password, what is not encrypted.
fn contents(
    auth_safe: &[u8],
    password: Option<&Password>,
    work: &mut Work,
) -> Result<Contents, KeyFileError> {
    let part = PfxPart::AuthenticatedSafe;
    let auth_safe = ber::to_der(auth_safe, part)?;
    let mut contents = Contents::default();
    for_each(&auth_safe, Tag::Sequence, part, |content: ContentInfo<'_>| {
        match content.content_type {
            asn1::DATA => contents.safe(data(&content, part)?, password, work, Cover::None, 0),
            asn1::ENCRYPTED_DATA => {
                let encrypted: EncryptedData<'_> = content
                    .content
                    .decode_as()
                    .map_err(|error| PfxPart::EncryptedData.malformed(error))?;
                let Some(password) = password else {
                    contents.locked_safes += 1;
                    return Ok(());
                };
                let safe = decrypt_safe(&encrypted, password, work)?;
                contents.safe(&safe, Some(password), work, Cover::Encrypted, 0)
            }
            // EnvelopedData: encrypted to a certificate instead of a password; used by nobody.
            oid => Err(unsupported(oid)),
        }
    })?;
    Ok(contents)
}

fn decrypt_safe(
    encrypted: &EncryptedData<'_>,
    password: &Password,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let part = PfxPart::EncryptedData;
    let info = &encrypted.encrypted_content_info;
    let content = info.encrypted_content;
    let segments;
    let ciphertext = match content.tag() {
        Tag::ContextSpecific { constructed: false, number } if number.value() == 0 => {
            content.value()
        }
        Tag::ContextSpecific { constructed: true, number } if number.value() == 0 => {
            // An IMPLICIT OCTET STRING in segments; those are primitive by now.
            let mut joined = Vec::with_capacity(content.value().len());
            let mut reader =
                SliceReader::new(content.value()).map_err(|error| part.malformed(error))?;
            while !reader.is_finished() {
                let segment: &OctetStringRef =
                    reader.decode().map_err(|error| part.malformed(error))?;
                joined.extend_from_slice(segment.as_bytes());
            }
            segments = joined;
            &segments
        }
        _ => return Err(KeyFileError::Malformed { part, offset: None }),
    };
    cipher::decrypt(info.content_encryption_algorithm, ciphertext, password, work, part)
}

impl Contents {
    /// Reads SafeContents (§4.2).
    fn safe(
        &mut self,
        safe: &[u8],
        password: Option<&Password>,
        work: &mut Work,
        cover: Cover,
        depth: u32,
    ) -> Result<(), KeyFileError> {
        if depth >= MAX_SAFE_DEPTH {
            return Err(KeyFileError::NestedTooDeep { limit: MAX_SAFE_DEPTH });
        }
        let part = PfxPart::SafeContents;
        let safe = ber::to_der(safe, part)?;
        for_each(&safe, Tag::Sequence, part, |bag: SafeBag<'_>| {
            self.bag(&bag, password, work, cover, depth)
        })
    }

    fn bag(
        &mut self,
        bag: &SafeBag<'_>,
        password: Option<&Password>,
        work: &mut Work,
        cover: Cover,
        depth: u32,
    ) -> Result<(), KeyFileError> {
        self.bags += 1;
        if self.bags > MAX_BAGS {
            return Err(KeyFileError::TooManyBags { limit: MAX_BAGS });
        }
        let names = names(bag)?;
        match bag.bag_id {
            asn1::KEY_BAG => {
                let pkcs8 = der::Encode::to_der(&bag.bag_value)
                    .map_err(|error| PfxPart::SafeContents.malformed(error))?;
                self.plain_keys += u32::from(cover == Cover::None);
                self.keys.push(Key { pkcs8: Zeroizing::new(pkcs8), names });
            }
            asn1::SHROUDED_KEY_BAG => match password {
                Some(password) => {
                    let part = PfxPart::ShroudedKey;
                    let shrouded: EncryptedPrivateKeyInfo<'_> =
                        bag.bag_value.decode_as().map_err(|error| part.malformed(error))?;
                    let ciphertext = shrouded.encrypted_data.as_bytes();
                    let algorithm = shrouded.encryption_algorithm;
                    let pkcs8 = cipher::decrypt(algorithm, ciphertext, password, work, part)?;
                    self.keys.push(Key { pkcs8, names });
                }
                None => self.locked_keys.push(names.local_key_id),
            },
            asn1::CERT_BAG => {
                let part = PfxPart::CertBag;
                let cert: CertBag<'_> =
                    bag.bag_value.decode_as().map_err(|error| part.malformed(error))?;
                if cert.cert_id == asn1::X509_CERTIFICATE {
                    let der = octets(cert.cert_value, part)?.to_vec();
                    self.certificates.push(Certificate { der, names });
                } else {
                    self.other_bags += 1;
                }
            }
            asn1::SAFE_CONTENTS_BAG => {
                let inner = der::Encode::to_der(&bag.bag_value)
                    .map_err(|error| PfxPart::SafeContents.malformed(error))?;
                self.safe(&Zeroizing::new(inner), password, work, cover, depth + 1)?;
            }
            _ => self.other_bags += 1,
        }
        Ok(())
    }
}

/// Reads localKeyID and friendlyName; a value of another type than theirs is passed over, as every program does.
fn names(bag: &SafeBag<'_>) -> Result<Names, KeyFileError> {
    let mut names = Names::default();
    let Some(attributes) = bag.bag_attributes else { return Ok(names) };
    let part = PfxPart::SafeContents;
    let attributes = der::Encode::to_der(&attributes).map_err(|error| part.malformed(error))?;
    for_each(&attributes, Tag::Set, part, |attribute: Attribute<'_>| {
        let Ok(mut values) = SliceReader::new(attribute.values.value()) else { return Ok(()) };
        let Ok(value) = values.decode::<AnyRef<'_>>() else { return Ok(()) };
        match (attribute.id, value.tag()) {
            (asn1::LOCAL_KEY_ID, Tag::OctetString) => {
                names.local_key_id = Some(value.value().to_vec())
            }
            (asn1::FRIENDLY_NAME, Tag::BmpString) => {
                let units = value
                    .value()
                    .chunks_exact(2)
                    .map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
                names.friendly_name = Some(String::from_utf16_lossy(&units.collect::<Vec<_>>()));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(names)
}

/// Calls `each` for the members of a SEQUENCE OF or SET OF, in the order they are in.
fn for_each<'a, T>(
    der: &'a [u8],
    tag: Tag,
    part: PfxPart,
    mut each: impl FnMut(T) -> Result<(), KeyFileError>,
) -> Result<(), KeyFileError>
where
    T: Decode<'a, Error = der::Error>,
{
    let list = AnyRef::from_der(der).map_err(|error| part.malformed(error))?;
    if list.tag() != tag {
        return Err(KeyFileError::Malformed { part, offset: Some(0) });
    }
    let mut reader = SliceReader::new(list.value()).map_err(|error| part.malformed(error))?;
    while !reader.is_finished() {
        each(reader.decode().map_err(|error| part.malformed(error))?)?;
    }
    Ok(())
}
