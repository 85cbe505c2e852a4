//! Password-based encryption: PBES2 (RFC 8018) and the ciphers of RFC 7292 Appendix C.

use super::asn1::Pkcs12PbeParams;
use super::error::{KeyFileError, PfxPart};
use super::password::{Password, Purpose, Work};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, InnerIvInit, KeyIvInit};
use der::asn1::ObjectIdentifier;
use pkcs5::pbes2::{Kdf, Parameters};
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

/// pbeWithSHAAnd3-KeyTripleDES-CBC: keys of OpenSSL before 3 and of Windows before 10.
const SHA1_3KEY_TRIPLE_DES: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
/// pbeWithSHAAnd2-KeyTripleDES-CBC.
const SHA1_2KEY_TRIPLE_DES: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4");
/// pbeWithSHAAnd128BitRC2-CBC.
const SHA1_RC2_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5");
/// pbeWithSHAAnd40BitRC2-CBC: certificates of the same files.
const SHA1_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

/// Memory scrypt may take: four times what `openssl pkcs8 -scrypt` asks for.
const MAX_SCRYPT_MEMORY: u64 = 64 << 20;
/// scrypt's parallelization; programs write 1.
const MAX_SCRYPT_PARALLELIZATION: u16 = 4;

/// Decrypts `ciphertext`, counting its work first.
pub(super) fn decrypt(
    algorithm: AlgorithmIdentifierRef<'_>,
    ciphertext: &[u8],
    password: &Password,
    work: &mut Work,
    part: PfxPart,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = match algorithm.oid {
        pkcs5::pbes2::PBES2_OID => {
            let parameters = pbes2_parameters(algorithm)?;
            spend_pbes2(&parameters, work)?;
            let plaintext = parameters.decrypt_in_place(password.utf8(), &mut buffer);
            plaintext.map_err(|error| pbes2_error(error, part))?.len()
        }
        oid @ (SHA1_3KEY_TRIPLE_DES | SHA1_2KEY_TRIPLE_DES | SHA1_RC2_128 | SHA1_RC2_40) => {
            let parameters = algorithm.parameters.ok_or(KeyFileError::Malformed {
                part: PfxPart::EncryptionParameters,
                offset: None,
            })?;
            let parameters: Pkcs12PbeParams<'_> = parameters
                .decode_as()
                .map_err(|error| PfxPart::EncryptionParameters.malformed(error))?;
            decrypt_pkcs12(oid, &parameters, password, work, &mut buffer, part)?
        }
        oid => return Err(KeyFileError::AlgorithmUnsupported { oid: oid.to_string() }),
    };
    buffer.truncate(length);
    Ok(buffer)
}

fn pbes2_parameters(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Parameters, KeyFileError> {
    let malformed = |error: der::Error| match error.kind() {
        der::ErrorKind::OidUnknown { oid } => {
            KeyFileError::AlgorithmUnsupported { oid: oid.to_string() }
        }
        _ => PfxPart::EncryptionParameters.malformed(error),
    };
    let parameters = algorithm
        .parameters
        .ok_or(KeyFileError::Malformed { part: PfxPart::EncryptionParameters, offset: None })?;
    Parameters::try_from(parameters).map_err(malformed)
}

fn spend_pbes2(parameters: &Parameters, work: &mut Work) -> Result<(), KeyFileError> {
    match &parameters.kdf {
        Kdf::Pbkdf2(parameters) => work.spend(parameters.iteration_count.into()),
        Kdf::Scrypt(parameters) => {
            let blocks = parameters.cost_parameter.saturating_mul(parameters.block_size.into());
            if blocks.saturating_mul(128) > MAX_SCRYPT_MEMORY
                || parameters.parallelization > MAX_SCRYPT_PARALLELIZATION
            {
                return Err(KeyFileError::TooMuchWork {
                    iterations: blocks.saturating_mul(parameters.parallelization.into()),
                    limit: MAX_SCRYPT_MEMORY / 128,
                });
            }
            // Filling and reading a block are some four compressions of the other KDFs each.
            work.spend(blocks.saturating_mul(parameters.parallelization.into()).saturating_mul(4))
        }
        other => Err(KeyFileError::AlgorithmUnsupported { oid: other.oid().to_string() }),
    }
}

fn pbes2_error(error: pkcs5::Error, part: PfxPart) -> KeyFileError {
    match error {
        pkcs5::Error::UnsupportedAlgorithm { oid } => {
            KeyFileError::AlgorithmUnsupported { oid: oid.to_string() }
        }
        pkcs5::Error::AlgorithmParametersInvalid { .. } => {
            KeyFileError::Malformed { part: PfxPart::EncryptionParameters, offset: None }
        }
        _ => KeyFileError::DecryptionFailed { part },
    }
}

/// Decrypts in place; gives the length without padding.
fn decrypt_pkcs12(
    oid: ObjectIdentifier,
    parameters: &Pkcs12PbeParams<'_>,
    password: &Password,
    work: &mut Work,
    buffer: &mut [u8],
    part: PfxPart,
) -> Result<usize, KeyFileError> {
    let (salt, iterations) = (parameters.salt.as_bytes(), parameters.iterations);
    let key_len = match oid {
        SHA1_3KEY_TRIPLE_DES => 24,
        SHA1_2KEY_TRIPLE_DES | SHA1_RC2_128 => 16,
        _ => 5,
    };
    // Two blocks of SHA-1 for a key longer than 20 bytes, one for the initialization vector.
    work.spend(u64::from(iterations) * if key_len > 20 { 3 } else { 2 })?;
    let sha1 = &SHA1_FOR_LEGACY_USE_ONLY;
    let mut key = Zeroizing::new([0; 24]);
    password.derive(sha1, Purpose::EncryptionKey, salt, iterations, &mut key[..key_len]);
    let mut iv = [0; 8];
    password.derive(sha1, Purpose::InitializationVector, salt, iterations, &mut iv);

    let plaintext = match oid {
        SHA1_3KEY_TRIPLE_DES | SHA1_2KEY_TRIPLE_DES => {
            if oid == SHA1_2KEY_TRIPLE_DES {
                key.copy_within(..8, 16);
            }
            Decryptor::<des::TdesEde3>::new_from_slices(&*key, &iv)
                .map(|cipher| cipher.decrypt_padded::<Pkcs7>(buffer))
        }
        _ => {
            // The effective key length (RFC 2268 §2) is that of the key.
            let cipher = rc2::Rc2::new_with_eff_key_len(&key[..key_len], 8 * key_len);
            Decryptor::inner_iv_slice_init(cipher, &iv)
                .map(|cipher| cipher.decrypt_padded::<Pkcs7>(buffer))
        }
    };
    match plaintext {
        Ok(Ok(plaintext)) => Ok(plaintext.len()),
        Ok(Err(_)) | Err(_) => Err(KeyFileError::DecryptionFailed { part }),
    }
}
