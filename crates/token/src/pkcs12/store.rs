//! Key files behind the trait of every key store.

use super::error::KeyFileError;
use super::file::{KeyFile, bytes, key_id};
use super::key::{self, PrivateKey};
use super::read::{self, Certificate, Contents};
use super::uri::{KeyFileUri, absolute};
use crate::lock::lock;
use crate::pin_file::first_line;
use crate::public_key::PublicKey;
use crate::{
    Credential, Input, KeyMatch, KeyStore, PinPrompt, PinPurpose, PinRequest, PinSource, PinState,
    RawSignature, SigningAct, SigningAlgorithm, TokenError, TokenInfo,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Some key files, by path.
///
/// Files of our own making list their credentials without a password; of others, whose certificates are encrypted,
/// [`Pkcs12Store::reveal`] lists them once the password is given. Only certificates are remembered, no key.
#[derive(Debug, Default)]
pub struct Pkcs12Store {
    files: Vec<PathBuf>,
    revealed: Mutex<BTreeMap<PathBuf, Vec<Credential>>>,
}

impl Pkcs12Store {
    /// A store of these files, none of which is read yet.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let files = files.into_iter().map(|path| absolute(&path)).collect();
        Self { files, revealed: Mutex::default() }
    }

    /// Lists a file's credentials with its password, and remembers them for [`KeyStore::credentials`].
    ///
    /// # Errors
    /// Those of [`KeyStore::open`].
    pub fn reveal(
        &self,
        path: &Path,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Vec<Credential>, TokenError> {
        let path = absolute(path);
        let file = unlock(&path, source, prompt)?;
        let found = credentials(&path, &file.contents);
        self.revealed().insert(path, found.clone());
        Ok(found)
    }

    /// Finds the credential the URI names and opens it, with one question for the password, whichever program made
    /// the file.
    ///
    /// # Errors
    /// Those of [`KeyStore::open`]; [`TokenError::UriMatchesNothing`], [`TokenError::UriAmbiguous`].
    pub fn open_uri(
        &self,
        uri: &KeyFileUri,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<(Credential, Box<dyn SigningAct>), TokenError> {
        let path = absolute(&uri.path);
        let file = unlock(&path, source, prompt)?;
        let found = credentials(&path, &file.contents);
        if found.is_empty() && file.contents.keys.is_empty() {
            return Err(KeyFileError::NoKey.into());
        }
        let credential = uri.select(&found)?.clone();
        let act = act(&file, &credential)?;
        self.revealed().insert(path, found);
        Ok((credential, act))
    }

    fn revealed(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Vec<Credential>>> {
        lock(&self.revealed)
    }
}

impl KeyStore for Pkcs12Store {
    fn credentials(&self) -> Result<Vec<Credential>, TokenError> {
        let mut all = Vec::new();
        let mut failure = None;
        let mut any = self.files.is_empty();
        for path in &self.files {
            if let Some(found) = self.revealed().get(path) {
                any = true;
                all.extend_from_slice(found);
                continue;
            }
            match peek(path) {
                Ok(found) => {
                    any = true;
                    all.extend(found);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if !any => Err(error.into()),
            _ => Ok(all),
        }
    }

    fn open(
        &self,
        credential: &Credential,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError> {
        act(&unlock(&credential.module, source, prompt)?, credential)
    }
}

/// One unlocked key.
struct KeyFileAct {
    key: PrivateKey,
}

impl SigningAct for KeyFileAct {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        self.key.sign(algorithm, input)
    }

    fn close(self: Box<Self>) -> Result<(), TokenError> {
        Ok(())
    }
}

/// The key whose public half is the certificate's; nothing else counts, not even the localKeyID.
fn act(file: &KeyFile, credential: &Credential) -> Result<Box<dyn SigningAct>, TokenError> {
    let wanted = PublicKey::of_certificate(&credential.certificate)?;
    let mut same_id = false;
    for key in &file.contents.keys {
        same_id |= key.names.local_key_id.as_ref() == Some(&credential.id);
        let Ok(key) = PrivateKey::from_pkcs8(&key.pkcs8) else { continue };
        if key.public_key() == wanted {
            return Ok(Box::new(KeyFileAct { key }));
        }
    }
    let id = credential.id.clone();
    Err(if same_id {
        TokenError::CertificateKeyMismatch { id }
    } else {
        TokenError::KeyNotFound { id }
    })
}

/// What a file shows without its password.
fn peek(path: &Path) -> Result<Vec<Credential>, KeyFileError> {
    let contents = read::peek(&bytes(path)?)?;
    if contents.locked_safes > 0 && contents.certificates.is_empty() {
        return Err(KeyFileError::CertificatesEncrypted { path: path.to_owned() });
    }
    Ok(credentials(path, &contents))
}

/// The certificates that have a key in the file: by the key itself where it is unlocked, else by localKeyID.
fn credentials(path: &Path, contents: &Contents) -> Vec<Credential> {
    let public_keys = contents.public_keys();
    let mut found: Vec<(&Certificate, PublicKey, Vec<u8>, KeyMatch)> = Vec::new();
    for certificate in &contents.certificates {
        let Ok(public_key) = PublicKey::of_certificate(&certificate.der) else { continue };
        let own_id = &certificate.names.local_key_id;
        let same_id = |id: &Option<Vec<u8>>| id.is_some() && id == own_id;
        let matching = public_keys.iter().position(|known| known.as_ref() == Some(&public_key));
        let key_match = if matching.is_some() {
            KeyMatch::Matches
        } else if contents.keys.iter().any(|key| same_id(&key.names.local_key_id)) {
            KeyMatch::Mismatch
        } else if contents.locked_keys.iter().any(same_id) {
            KeyMatch::Unchecked
        } else {
            continue;
        };
        let key_names = matching.and_then(|at| contents.keys.get(at)).map(|key| &key.names);
        let id = own_id.clone().or_else(|| key_names.and_then(|names| names.local_key_id.clone()));
        let Some(id) = id.or_else(|| public_key.to_spki().ok().map(|spki| key_id(&spki))) else {
            continue;
        };
        found.push((certificate, public_key, id, key_match));
    }

    let mut credentials = Vec::with_capacity(found.len());
    for (certificate, public_key, id, key_match) in &found {
        let others = contents.certificates.iter().filter(|other| other.der != certificate.der);
        let (algorithms, needs_message) = key::algorithms(public_key.key_type());
        let ambiguous = found.len() > 1;
        let key = ambiguous.then(|| hex::encode(id));
        let uri = KeyFileUri { path: path.to_owned(), key, pin_source: None };
        credentials.push(Credential {
            uri: uri.to_string(),
            module: path.to_owned(),
            certificate: certificate.der.clone(),
            other_certificates: others.map(|other| other.der.clone()).collect(),
            key_type: public_key.key_type(),
            algorithms,
            needs_message,
            label: certificate.names.friendly_name.clone().unwrap_or_default(),
            id: id.clone(),
            token: token_info(path),
            always_authenticate: Some(false),
            key_match: *key_match,
        });
    }
    credentials
}

/// A key file as a token, for a prompt: its name is the label.
#[must_use]
pub fn token_info(path: &Path) -> TokenInfo {
    TokenInfo {
        label: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        manufacturer: String::new(),
        model: "PKCS#12".to_owned(),
        serial: String::new(),
        slot_id: 0,
        user_pin: PinState::default(),
        so_pin: PinState::default(),
        login_required: true,
        protected_authentication_path: false,
        initialized: true,
        user_pin_initialized: true,
        min_pin_len: 0,
        max_pin_len: super::password::MAX_PASSWORD_LEN as u64,
    }
}

/// Reads the file with the password from its source; a wrong password is a wrong PIN.
fn unlock(path: &Path, source: &PinSource, prompt: &dyn PinPrompt) -> Result<KeyFile, TokenError> {
    // The file first: nobody is asked for the password of a file that is not there, or is none.
    let file = bytes(path)?;
    read::peek(&file)?;
    let password = match source {
        PinSource::File(path) => first_line(path)?,
        PinSource::ProtectedPath => return Err(TokenError::PinSourceUnsuitable),
        _ => source
            .person(prompt)
            .pin(&PinRequest {
                purpose: PinPurpose::KeyFile,
                token: token_info(path),
                state: PinState::default(),
            })
            .map_err(TokenError::PinRefused)?,
    };
    let file = KeyFile::read(&file, &password).map_err(|error| match error {
        error if error.may_be_wrong_password() => {
            TokenError::PinIncorrect { state: PinState::default() }
        }
        error => error.into(),
    })?;
    // Whoever holds such a file could sign with any password at all; saving it anew under one mends that.
    if file.contents.unprotected { Err(KeyFileError::Unprotected.into()) } else { Ok(file) }
}
