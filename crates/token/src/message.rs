//! The boundary as messages: what a worker process would be told and would answer.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Credential, Curve, PinSource, RawSignature, SigningAlgorithm, TokenInfo};

/// Number of an open act, unique within one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ActId(pub u64);

/// Which token an administrative request means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenSelector {
    /// The token with this serial number.
    Serial(String),
    /// The one token with this label; two of them are an error.
    Label(String),
    /// Whatever is in this slot, initialized or not.
    Slot(u64),
    /// The first slot whose token has never been initialized.
    Uninitialized,
}

/// A key pair to generate on a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyPairSpec {
    /// RSA with public exponent 65537.
    Rsa {
        /// 2048, 3072 or 4096.
        bits: u32,
    },
    /// ECDSA.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyImport {
    /// CKA_ID of the objects.
    pub id: Vec<u8>,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
}

/// A module that was loaded, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// Absolute path.
    pub path: PathBuf,
    /// Library description and version, from CK_INFO.
    pub description: String,
    /// Manufacturer, from CK_INFO.
    pub manufacturer: String,
    /// Library version.
    pub library_version: (u8, u8),
    /// PKCS#11 version.
    pub cryptoki_version: (u8, u8),
}

/// A slot and the token in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotInfo {
    /// Module that has the slot.
    pub module: PathBuf,
    /// Slot's number.
    pub slot_id: u64,
    /// Slot's description.
    pub description: String,
    /// The token, where one is present.
    pub token: Option<TokenInfo>,
}

/// What a service is asked; holds no PIN and no private key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields are of documented types and say what they are")]
pub enum Request {
    /// Loads what is allowed and reports it.
    ListModules,
    /// All slots of all modules.
    ListSlots,
    /// All credentials.
    ListCredentials,
    /// Logs in; answered by [`Reply::Act`].
    OpenAct { credential: Box<Credential>, pin: PinSource },
    /// Signs a digest.
    SignDigest { act: ActId, algorithm: SigningAlgorithm, digest: Vec<u8> },
    /// Signs a message.
    SignMessage { act: ActId, algorithm: SigningAlgorithm, message: Vec<u8> },
    /// Logs out.
    CloseAct { act: ActId },
    /// C_InitToken and C_InitPIN: erases the token.
    InitToken {
        module: PathBuf,
        token: TokenSelector,
        label: String,
        so_pin: PinSource,
        user_pin: PinSource,
    },
    /// Changes the user PIN.
    ChangePin { module: PathBuf, token: TokenSelector, old: PinSource, new: PinSource },
    /// Sets a new user PIN as security officer, which unlocks it.
    UnblockPin { module: PathBuf, token: TokenSelector, so_pin: PinSource, new: PinSource },
    /// Makes a key pair; answered by [`Reply::Key`].
    GenerateKeyPair {
        module: PathBuf,
        token: TokenSelector,
        pin: PinSource,
        key: KeyPairSpec,
        label: String,
    },
    /// Writes a certificate beside its key.
    ImportCertificate {
        module: PathBuf,
        token: TokenSelector,
        pin: PinSource,
        certificate: Vec<u8>,
        label: String,
    },
    /// Writes a private key from an unencrypted PKCS#8 file (DER or PEM) that the service reads itself.
    ImportKey {
        module: PathBuf,
        token: TokenSelector,
        pin: PinSource,
        file: PathBuf,
        label: String,
    },
}

/// What a service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::ListModules`]: each allowed module, loaded or not.
    Modules(Vec<Result<ModuleInfo, crate::TokenError>>),
    /// To [`Request::ListSlots`].
    Slots(Vec<SlotInfo>),
    /// To [`Request::ListCredentials`].
    Credentials(Vec<Credential>),
    /// To [`Request::OpenAct`].
    Act(ActId),
    /// To [`Request::InitToken`].
    Token(TokenInfo),
    /// To the two signing requests.
    Signature(RawSignature),
    /// To requests that make or import a key.
    Key(KeyImport),
    /// Done.
    Done,
}
