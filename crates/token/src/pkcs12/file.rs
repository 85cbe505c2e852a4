//! A key file in memory: its keys and certificates, and what can be done with them.

use super::error::KeyFileError;
use super::key::PrivateKey;
use super::read::{self, Certificate, Contents, Key, MAX_FILE_LEN, Names};
use super::write::{self, ITERATIONS, random};
use crate::private_key::pkcs8_der;
use crate::public_key::PublicKey;
use crate::{Curve, KeyImport, KeyType, Pin, TokenError};
use der::Decode;
use ring::digest;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use x509_cert::certificate::{CertificateInner, Raw};
use zeroize::Zeroizing;

/// The unlocked contents of a PKCS#12 file; private keys are wiped when it is dropped and show in no `Debug`.
#[derive(Default)]
pub struct KeyFile {
    pub(super) contents: Contents,
}

/// A private key of a file, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// localKeyID, or the SHA-1 of the public key's bits where the file gives none.
    pub id: Vec<u8>,
    /// friendlyName.
    pub label: Option<String>,
    /// The key's type.
    pub key_type: KeyType,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// Certificates for this key, DER.
    pub certificates: Vec<Vec<u8>>,
}

impl KeyFile {
    /// A file with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a PFX (RFC 7292 §4, DER or BER) and decrypts all of it.
    ///
    /// # Errors
    /// [`KeyFileError::MacMismatch`] for a wrong password, [`KeyFileError::NotPkcs12`] for another kind of file, and
    /// what else reading can meet.
    pub fn read(pfx: &[u8], password: &Pin) -> Result<Self, KeyFileError> {
        Ok(Self { contents: read::read(pfx, password.expose())? })
    }

    /// Reads the file at `path` like [`KeyFile::read`].
    ///
    /// # Errors
    /// Those of [`KeyFile::read`]; [`KeyFileError::Missing`], [`KeyFileError::Unreadable`], [`KeyFileError::TooLong`].
    pub fn open(path: &Path, password: &Pin) -> Result<Self, KeyFileError> {
        Self::read(&bytes(path)?, password)
    }

    /// Writes a PFX: certificates in the clear, keys under PBES2 with AES-256, a MAC of HMAC-SHA256.
    ///
    /// # Errors
    /// [`KeyFileError::PasswordEmpty`], [`KeyFileError::PasswordTooLong`], [`KeyFileError::WouldLose`],
    /// [`KeyFileError::NoRandomness`].
    pub fn to_pfx(&self, password: &Pin) -> Result<Vec<u8>, KeyFileError> {
        let bags = self.contents.other_bags;
        if bags > 0 {
            return Err(KeyFileError::WouldLose { bags });
        }
        write::write(
            &self.contents.keys,
            &self.contents.certificates,
            password.expose(),
            ITERATIONS,
        )
    }

    /// Replaces the file at `path`, or makes it, in one step: a temporary file beside it, readable by its owner alone,
    /// is flushed and renamed. Saving under another password changes the password.
    ///
    /// # Errors
    /// Those of [`KeyFile::to_pfx`]; [`KeyFileError::Unwritable`].
    pub fn save(&self, path: &Path, password: &Pin) -> Result<(), KeyFileError> {
        replace(path, &self.to_pfx(password)?)
            .map_err(|error| KeyFileError::unwritable(path, &error))
    }

    /// Like [`KeyFile::save`], where there is no file yet.
    ///
    /// # Errors
    /// Those of [`KeyFile::save`]; [`KeyFileError::Exists`].
    pub fn create(&self, path: &Path, password: &Pin) -> Result<(), KeyFileError> {
        let pfx = self.to_pfx(password)?;
        // Claims the name first, so that of two processes one fails.
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(KeyFileError::Exists { path: path.to_owned() });
            }
            Err(error) => return Err(KeyFileError::unwritable(path, &error)),
        }
        replace(path, &pfx).map_err(|error| {
            let _ = fs::remove_file(path);
            KeyFileError::unwritable(path, &error)
        })
    }

    /// Generates a key pair.
    ///
    /// # Errors
    /// [`KeyFileError::NoRandomness`].
    pub fn generate(&mut self, curve: Curve, label: &str) -> Result<KeyImport, TokenError> {
        self.import_key(&generate(curve)?, label)
    }

    /// Takes in a private key: PKCS#8, DER or PEM, unencrypted. A key that is there already is only renamed.
    ///
    /// # Errors
    /// [`TokenError::PrivateKeyMalformed`], [`TokenError::KeyUnsupported`].
    pub fn import_key(&mut self, pkcs8: &[u8], label: &str) -> Result<KeyImport, TokenError> {
        let pkcs8 = pkcs8_der(pkcs8)?;
        let public_key = PrivateKey::from_pkcs8(&pkcs8)?.public_key();
        let spki = public_key.to_spki()?;
        let known = self.contents.public_keys();
        for (key, known) in self.contents.keys.iter_mut().zip(known) {
            if known.as_ref() == Some(&public_key) {
                let id = key.names.local_key_id.get_or_insert_with(|| key_id(&spki)).clone();
                key.names.friendly_name = Some(label.to_owned());
                return Ok(KeyImport { id, spki });
            }
        }
        let id = key_id(&spki);
        let names = Names { local_key_id: Some(id.clone()), friendly_name: Some(label.to_owned()) };
        self.contents.keys.push(Key { pkcs8, names });
        Ok(KeyImport { id, spki })
    }

    /// Takes in all keys and certificates of another file, save those that are here already.
    pub fn merge(&mut self, other: Self) {
        let known = self.contents.public_keys();
        let theirs = other.contents.public_keys();
        for (key, public_key) in other.contents.keys.into_iter().zip(theirs) {
            if public_key.is_none() || !known.contains(&public_key) {
                self.contents.keys.push(key);
            }
        }
        for certificate in other.contents.certificates {
            if !self.contents.certificates.iter().any(|known| known.der == certificate.der) {
                self.contents.certificates.push(certificate);
            }
        }
    }

    /// Adds a certificate (DER) to the key it certifies and gives that key's localKeyID.
    ///
    /// # Errors
    /// [`TokenError::KeyNotFound`] with the id such a key would have, [`TokenError::CertificateMalformed`].
    pub fn add_certificate(&mut self, der: &[u8]) -> Result<Vec<u8>, TokenError> {
        let public_key = PublicKey::of_certificate(der)?;
        let id = key_id(&public_key.to_spki()?);
        let known = self.contents.public_keys();
        let at = known.iter().position(|known| known.as_ref() == Some(&public_key));
        let key = at.and_then(|at| self.contents.keys.get_mut(at));
        let key = key.ok_or_else(|| TokenError::KeyNotFound { id: id.clone() })?;
        let id = key.names.local_key_id.get_or_insert(id).clone();
        let names = key.names.clone();
        self.contents.certificates.retain(|known| known.der != der);
        self.contents.certificates.push(Certificate { der: der.to_vec(), names });
        Ok(id)
    }

    /// Adds a certificate (DER) of no key here: an intermediate.
    ///
    /// # Errors
    /// [`TokenError::CertificateMalformed`].
    pub fn add_other_certificate(&mut self, der: &[u8]) -> Result<(), TokenError> {
        CertificateInner::<Raw>::from_der(der).map_err(|error| {
            TokenError::CertificateMalformed { offset: error.position().map(u32::from) }
        })?;
        if !self.contents.certificates.iter().any(|known| known.der == der) {
            self.contents
                .certificates
                .push(Certificate { der: der.to_vec(), names: Names::default() });
        }
        Ok(())
    }

    /// Gives the key with this localKeyID, and its certificates, another friendlyName.
    ///
    /// # Errors
    /// [`KeyFileError::KeyUnknown`].
    pub fn rename(&mut self, id: &[u8], label: &str) -> Result<(), KeyFileError> {
        let mut found = false;
        let keys = self.contents.keys.iter_mut().map(|key| (&mut key.names, true));
        let certificates =
            self.contents.certificates.iter_mut().map(|cert| (&mut cert.names, false));
        for (names, is_key) in keys.chain(certificates) {
            if names.local_key_id.as_deref() == Some(id) {
                names.friendly_name = Some(label.to_owned());
                found |= is_key;
            }
        }
        if found { Ok(()) } else { Err(KeyFileError::KeyUnknown { id: id.to_vec() }) }
    }

    /// The private keys of types that sign here, each with its certificates.
    #[must_use]
    pub fn keys(&self) -> Vec<KeySummary> {
        let mut summaries = Vec::new();
        for (key, public_key) in self.contents.keys.iter().zip(self.contents.public_keys()) {
            let Some(public_key) = public_key else { continue };
            let Ok(spki) = public_key.to_spki() else { continue };
            let mut certificates = Vec::new();
            for certificate in &self.contents.certificates {
                if PublicKey::of_certificate(&certificate.der).is_ok_and(|own| own == public_key) {
                    certificates.push(certificate.der.clone());
                }
            }
            summaries.push(KeySummary {
                id: key.names.local_key_id.clone().unwrap_or_else(|| key_id(&spki)),
                label: key.names.friendly_name.clone(),
                key_type: public_key.key_type(),
                spki,
                certificates,
            });
        }
        summaries
    }

    /// All certificates, DER, in the file's order.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.contents.certificates.iter().map(|certificate| certificate.der.as_slice())
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("keys", &self.contents.keys.len())
            .field("certificates", &self.contents.certificates.len())
            .finish_non_exhaustive()
    }
}

impl Contents {
    /// The public half of each key in order; `None` for a key that does not parse or cannot sign here.
    pub(super) fn public_keys(&self) -> Vec<Option<PublicKey>> {
        let parse = |key: &Key| Some(PrivateKey::from_pkcs8(&key.pkcs8).ok()?.public_key());
        self.keys.iter().map(parse).collect()
    }
}

/// Reads a key file's bytes.
pub(super) fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let unreadable = |error| KeyFileError::unreadable(path, &error);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN as usize + 1));
    // One byte more than is taken, to see that there is more.
    file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_LEN {
        return Err(KeyFileError::TooLong { length: bytes.len() as u64, limit: MAX_FILE_LEN });
    }
    Ok(bytes)
}

/// SHA-1 of the subjectPublicKey bits (RFC 5280 §4.2.1.2 method 1): a name, not a proof.
pub(super) fn key_id(spki: &[u8]) -> Vec<u8> {
    let bits = spki::SubjectPublicKeyInfoRef::from_der(spki)
        .map_or(spki, |spki| spki.subject_public_key.raw_bytes());
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec()
}

fn generate(curve: Curve) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    use p256::pkcs8::EncodePrivateKey;
    // A random string below the group's order is the key (FIPS 186-5 §A.2.2); P-521's has 521 bits of 528.
    let document = match curve {
        Curve::P256 => loop {
            let scalar = Zeroizing::new(random::<32>()?);
            if let Ok(key) = p256::SecretKey::from_slice(&*scalar) {
                break key.to_pkcs8_der();
            }
        },
        Curve::P384 => loop {
            let scalar = Zeroizing::new(random::<48>()?);
            if let Ok(key) = p384::SecretKey::from_slice(&*scalar) {
                break key.to_pkcs8_der();
            }
        },
        Curve::P521 => loop {
            let mut scalar = Zeroizing::new(random::<66>()?);
            scalar[0] &= 1;
            if let Ok(key) = p521::SecretKey::from_slice(&*scalar) {
                break key.to_pkcs8_der();
            }
        },
    };
    let document = document.map_err(|_| TokenError::PrivateKeyMalformed)?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

/// Writes `bytes` to a temporary file beside `path`, flushes it and renames it over `path`.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let unique: [u8; 8] = random().map_err(|_| std::io::ErrorKind::Other)?;
    name.push(format!(".{}.tmp", hex::encode(unique)));
    let temporary = Temporary(folder.join(name));

    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary.0)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary.0, path)?;
    std::mem::forget(temporary);
    // The rename itself is durable once the folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A file that goes away unless it was renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
