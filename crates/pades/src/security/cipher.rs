//! What strings and streams are encrypted with (ISO 32000-2 §7.6.3).

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes256};
use md5::{Digest as _, Md5};
use rc4::{KeyInit, Rc4, StreamCipher};
use zeroize::Zeroizing;

use super::dictionary::CryptMethod;
use super::vectors::Vectors;
use crate::error::Error;
use crate::object::Reference;

const BLOCK: usize = 16;

/// Algorithm 1, steps a to d: the key of one object; algorithm 1.A takes the file's key as it is.
pub(super) fn object_key(key: &[u8], method: CryptMethod, id: Reference) -> Zeroizing<Vec<u8>> {
    if matches!(method, CryptMethod::Identity | CryptMethod::AesV3) {
        return Zeroizing::new(key.to_vec());
    }
    let mut hasher = Md5::new();
    hasher.update(key);
    hasher.update(&id.number.to_le_bytes()[..3]);
    hasher.update(id.generation.to_le_bytes());
    if method == CryptMethod::AesV2 {
        hasher.update(b"sAlT");
    }
    let mut object_key = hasher.finalize().to_vec();
    object_key.truncate(key.len() + 5);
    Zeroizing::new(object_key)
}

/// Decrypts a string or stream; `None` for what is no ciphertext.
pub(super) fn decrypt(method: CryptMethod, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    match method {
        CryptMethod::Identity => Some(data.to_vec()),
        CryptMethod::V2 => rc4(key, data),
        CryptMethod::AesV2 | CryptMethod::AesV3 => {
            // Writers leave what is empty as it is, or write a vector alone.
            if data.is_empty() || data.len() == BLOCK {
                return Some(Vec::new());
            }
            let (vector, body) = data.split_at_checked(BLOCK)?;
            let mut body = body.to_vec();
            let plain = if method == CryptMethod::AesV2 {
                let mode = cbc::Decryptor::<Aes128>::new_from_slices(key, vector).ok()?;
                mode.decrypt_padded::<Pkcs7>(&mut body).ok()?.len()
            } else {
                let mode = cbc::Decryptor::<Aes256>::new_from_slices(key, vector).ok()?;
                mode.decrypt_padded::<Pkcs7>(&mut body).ok()?.len()
            };
            body.truncate(plain);
            Some(body)
        }
    }
}

/// Encrypts a string or stream; AES puts its initialization vector in front (§7.6.3.1).
pub(super) fn encrypt(
    method: CryptMethod,
    key: &[u8],
    data: &[u8],
    vectors: &mut Vectors,
) -> Result<Vec<u8>, Error> {
    match method {
        CryptMethod::Identity => Ok(data.to_vec()),
        CryptMethod::V2 => rc4(key, data).ok_or(Error::DamagedEncryption { key: "Length" }),
        CryptMethod::AesV2 | CryptMethod::AesV3 => {
            let vector = vectors.next()?;
            let mut out = vector.to_vec();
            out.extend(data);
            // Padding fills the last block, and a whole one where the data end with a block.
            out.resize(BLOCK + (data.len() / BLOCK + 1) * BLOCK, 0);
            let body = out.get_mut(BLOCK..).unwrap_or_default();
            let done = if method == CryptMethod::AesV2 {
                cbc::Encryptor::<Aes128>::new_from_slices(key, &vector).ok().and_then(|mode| {
                    mode.encrypt_padded::<Pkcs7>(body, data.len()).ok().map(<[u8]>::len)
                })
            } else {
                cbc::Encryptor::<Aes256>::new_from_slices(key, &vector).ok().and_then(|mode| {
                    mode.encrypt_padded::<Pkcs7>(body, data.len()).ok().map(<[u8]>::len)
                })
            };
            done.map(|_| out).ok_or(Error::DamagedEncryption { key: "Length" })
        }
    }
}

/// RC4, which is its own inverse.
pub(super) fn rc4(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = data.to_vec();
    Rc4::new_from_slice(key).ok()?.apply_keystream(&mut out);
    Some(out)
}

/// AES-256 in CBC mode with a vector of zeros and without padding, as keys are kept (algorithm 2.A).
pub(super) fn unwrap_key(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(wrapped.to_vec());
    let mode = cbc::Decryptor::<Aes256>::new_from_slices(key, &[0; BLOCK]).ok()?;
    mode.decrypt_padded::<NoPadding>(&mut out).ok()?;
    Some(out)
}

/// AES-128 in CBC mode without padding, in place (algorithm 2.B).
pub(super) fn mix(key: &[u8], vector: &[u8], data: &mut [u8]) -> Option<()> {
    let len = data.len();
    let mode = cbc::Encryptor::<Aes128>::new_from_slices(key, vector).ok()?;
    mode.encrypt_padded::<NoPadding>(data, len).ok()?;
    Some(())
}
