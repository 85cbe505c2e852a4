//! From a password to the file's key (ISO 32000-2 §7.6.4.3, §7.6.4.4).

use aes::Aes256;
use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use kyso_x509::DigestAlgorithm;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::Access;
use super::cipher::{mix, rc4, unwrap_key};
use super::dictionary::Parameters;
use super::password::Password;

/// What fills a password up to 32 bytes (algorithm 2, step a).
const PADDING: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08,
    0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];

/// A document's key, and whose password gave it.
pub(super) struct Opened {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) access: Access,
    /// Whether the permission bits are those that the key protects.
    pub(super) authentic: bool,
}

/// Tries a password as the owner's, then as the user's.
pub(super) fn open(parameters: &Parameters, password: &Password) -> Option<Opened> {
    for access in [Access::Owner, Access::User] {
        for form in password.forms(parameters.revision) {
            let key = match (parameters.revision, access) {
                (5.., _) => open_new(parameters, &form, access),
                (_, Access::Owner) => {
                    user_password(parameters, &form).and_then(|user| open_old(parameters, &user))
                }
                (_, Access::User) => open_old(parameters, &form),
            };
            if let Some(key) = key {
                let authentic = parameters.revision < 5 || is_authentic(parameters, &key);
                return Some(Opened { key, access, authentic });
            }
        }
    }
    None
}

/// Algorithm 2.A, steps c to e, for one of the two passwords.
fn open_new(
    parameters: &Parameters,
    password: &[u8],
    access: Access,
) -> Option<Zeroizing<Vec<u8>>> {
    let (hash, wrapped, user): (_, _, &[u8]) = match access {
        Access::Owner => (&parameters.owner, &parameters.owner_key, &parameters.user),
        Access::User => (&parameters.user, &parameters.user_key, &[]),
    };
    let expected = hash.get(..32)?;
    let (validation_salt, key_salt) = (hash.get(32..40)?, hash.get(40..48)?);
    let digest = |salt| match parameters.revision {
        5 => Some(sha(DigestAlgorithm::Sha256, &[password, salt, user])),
        _ => hash_2b(password, salt, user),
    };
    if digest(validation_salt)?.as_slice() != expected {
        return None;
    }
    unwrap_key(&digest(key_salt)?, wrapped)
}

/// Algorithm 2.A, step f: what the file's key says of `/P` and `/EncryptMetadata`.
fn is_authentic(parameters: &Parameters, key: &[u8]) -> bool {
    let Ok(cipher) = Aes256::new_from_slice(key) else {
        return false;
    };
    let Ok(mut block) = Array::try_from(parameters.perms.as_slice()) else {
        return false;
    };
    cipher.decrypt_block(&mut block);
    let metadata = if parameters.encrypt_metadata { b'T' } else { b'F' };
    block.starts_with(&parameters.permissions.to_le_bytes())
        && block.get(8..12) == Some(&[metadata, b'a', b'd', b'b'])
}

/// Algorithm 2.B; the 32 bytes that count.
fn hash_2b(password: &[u8], salt: &[u8], user: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = sha(DigestAlgorithm::Sha256, &[password, salt, user]);
    let mut round = 0u32;
    loop {
        // Step a: 64 repetitions of password, key and the owner's share.
        let once = Zeroizing::new([password, &key, user].concat());
        let mut data = Zeroizing::new(once.repeat(64));
        // Step b.
        mix(key.get(..16)?, key.get(16..32)?, &mut data)?;
        // Step c: 16 bytes as a number, modulo 3; 256 is 1 modulo 3, so the sum of the bytes has the same remainder.
        let sum: u32 = data.iter().take(16).map(|&byte| u32::from(byte)).sum();
        let algorithm = match sum % 3 {
            0 => DigestAlgorithm::Sha256,
            1 => DigestAlgorithm::Sha384,
            _ => DigestAlgorithm::Sha512,
        };
        // Step d.
        key = sha(algorithm, &[&data]);
        round += 1;
        // Steps e and f: at least 64 rounds, then until the last byte is small enough.
        if round >= 64 && u32::from(*data.last()?) <= round - 32 {
            key.truncate(32);
            return Some(key);
        }
    }
}

fn sha(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let input = Zeroizing::new(parts.concat());
    Zeroizing::new(algorithm.digest(&input).as_bytes().to_vec())
}

fn pad(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(password.iter().copied().chain(PADDING).collect::<Vec<u8>>());
    padded.truncate(PADDING.len());
    padded
}

/// MD5 over MD5: 50 times more from revision 3 on.
fn again(parameters: &Parameters, digest: Md5, len: usize) -> Zeroizing<Vec<u8>> {
    let mut digest = digest.finalize();
    if parameters.revision >= 3 {
        for _ in 0..50 {
            digest = Md5::digest(&digest[..len.min(16)]);
        }
    }
    Zeroizing::new(digest[..parameters.key_len.min(16)].to_vec())
}

/// Algorithm 2, then algorithm 6: the file's key if this is the user's password.
fn open_old(parameters: &Parameters, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Algorithm 2, steps a to f.
    let mut hasher = Md5::new();
    hasher.update(pad(password).as_slice());
    hasher.update(&parameters.owner);
    hasher.update(parameters.permissions.to_le_bytes());
    hasher.update(&parameters.identifier);
    if parameters.revision >= 4 && !parameters.encrypt_metadata {
        hasher.update([0xff; 4]);
    }
    // Steps g and h.
    let key = again(parameters, hasher, parameters.key_len);
    // Algorithm 4 for revision 2, algorithm 5 for 3 and 4; of the latter 16 bytes count.
    let (expected, len) = if parameters.revision == 2 {
        (rc4(&key, &PADDING)?, 32)
    } else {
        let mut hasher = Md5::new();
        hasher.update(PADDING);
        hasher.update(&parameters.identifier);
        let mut value = hasher.finalize().to_vec();
        for step in 0..20 {
            value = rc4(&turned(&key, step), &value)?;
        }
        (value, 16)
    };
    (expected.get(..len)? == parameters.user.get(..len)?).then_some(key)
}

/// Algorithm 7, steps a and b: the user's password, padded, that `/O` gives to the owner's.
fn user_password(parameters: &Parameters, owner: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Algorithm 3, steps a to d.
    let mut hasher = Md5::new();
    hasher.update(pad(owner).as_slice());
    let key = again(parameters, hasher, 16);
    let mut value = Zeroizing::new(parameters.owner.clone());
    let steps = if parameters.revision == 2 { 0..1 } else { 0..20 };
    for step in steps.rev() {
        value = Zeroizing::new(rc4(&turned(&key, step), &value)?);
    }
    Some(value)
}

/// A key with each byte combined with a counter (algorithm 5, step d).
fn turned(key: &[u8], step: u8) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(key.iter().map(|byte| byte ^ step).collect())
}
