//! The boundary as messages: what a worker process is told and what it answers.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::pkcs12::KeyFileUri;
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
    /// Answered by [`Reply::Done`], whatever else is under way.
    Ping,
    /// Takes back the questions for this token's PIN that stand now; answered by [`Reply::Done`], also where none does.
    Withdraw { label: String, serial: String },
    /// Loads what is allowed and reports it.
    ListModules,
    /// All slots of all modules.
    ListSlots,
    /// All credentials.
    ListCredentials,
    /// The mechanisms (CKM_ names) of a slot.
    ListMechanisms { module: PathBuf, slot_id: u64 },
    /// The credentials of a key file whose certificates are encrypted: asks for its password.
    RevealKeyFile { file: PathBuf, pin: PinSource },
    /// Finds a key file's credential and opens it with one question; answered by [`Reply::KeyFileAct`].
    OpenKeyFile { uri: KeyFileUri, pin: PinSource },
    /// Logs in; answered by [`Reply::Act`].
    OpenAct { credential: Box<Credential>, pin: PinSource },
    /// Signs a digest.
    SignDigest { act: ActId, algorithm: SigningAlgorithm, digest: Vec<u8> },
    /// Signs a message.
    SignMessage { act: ActId, algorithm: SigningAlgorithm, message: Vec<u8> },
    /// Signs several messages with one session, one after the other.
    SignMany { act: ActId, algorithm: SigningAlgorithm, messages: Vec<Vec<u8>> },
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
    /// To [`Request::ListCredentials`] and [`Request::RevealKeyFile`].
    Credentials(Vec<Credential>),
    /// To [`Request::ListMechanisms`].
    Mechanisms(Vec<String>),
    /// To [`Request::OpenAct`].
    Act(ActId),
    /// To [`Request::OpenKeyFile`].
    KeyFileAct(ActId, Box<Credential>),
    /// To [`Request::InitToken`].
    Token(TokenInfo),
    /// To [`Request::SignDigest`] and [`Request::SignMessage`].
    Signature(RawSignature),
    /// To [`Request::SignMany`]: one result for each message, in their order.
    Signatures(Vec<Result<RawSignature, crate::TokenError>>),
    /// To requests that make or import a key or a certificate.
    Key(KeyImport),
    /// Done.
    Done,
}

impl Request {
    /// The function the request comes down to, for an error that must name one: the standard's name, else ours.
    #[must_use]
    pub fn function(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Withdraw { .. } => "withdraw",
            Self::ListModules => "C_Initialize",
            Self::ListSlots => "C_GetSlotList",
            Self::ListCredentials => "C_FindObjects",
            Self::ListMechanisms { .. } => "C_GetMechanismList",
            Self::RevealKeyFile { .. } | Self::OpenKeyFile { .. } => "open-key-file",
            Self::OpenAct { .. } => "C_Login",
            Self::SignDigest { .. } | Self::SignMessage { .. } | Self::SignMany { .. } => "C_Sign",
            Self::CloseAct { .. } => "C_Logout",
            Self::InitToken { .. } => "C_InitToken",
            Self::ChangePin { .. } => "C_SetPIN",
            Self::UnblockPin { .. } => "C_InitPIN",
            Self::GenerateKeyPair { .. } => "C_GenerateKeyPair",
            Self::ImportCertificate { .. } | Self::ImportKey { .. } => "C_CreateObject",
        }
    }

    /// The module or key file the request is for, where it is for one.
    #[must_use]
    pub fn module(&self) -> Option<&Path> {
        match self {
            Self::OpenAct { credential, .. } => Some(&credential.module),
            Self::ListMechanisms { module, .. }
            | Self::InitToken { module, .. }
            | Self::ChangePin { module, .. }
            | Self::UnblockPin { module, .. }
            | Self::GenerateKeyPair { module, .. }
            | Self::ImportCertificate { module, .. }
            | Self::ImportKey { module, .. } => Some(module),
            Self::RevealKeyFile { file, .. } => Some(file),
            Self::OpenKeyFile { uri, .. } => Some(&uri.path),
            Self::Ping
            | Self::Withdraw { .. }
            | Self::ListModules
            | Self::ListSlots
            | Self::ListCredentials
            | Self::SignDigest { .. }
            | Self::SignMessage { .. }
            | Self::SignMany { .. }
            | Self::CloseAct { .. } => None,
        }
    }

    /// Where the request takes PINs from.
    pub(crate) fn pins_mut(&mut self) -> Vec<&mut PinSource> {
        match self {
            Self::OpenAct { pin, .. }
            | Self::RevealKeyFile { pin, .. }
            | Self::OpenKeyFile { pin, .. }
            | Self::GenerateKeyPair { pin, .. }
            | Self::ImportCertificate { pin, .. }
            | Self::ImportKey { pin, .. } => vec![pin],
            Self::InitToken { so_pin, user_pin, .. } => vec![so_pin, user_pin],
            Self::ChangePin { old, new, .. } => vec![old, new],
            Self::UnblockPin { so_pin, new, .. } => vec![so_pin, new],
            Self::Ping
            | Self::Withdraw { .. }
            | Self::ListModules
            | Self::ListSlots
            | Self::ListCredentials
            | Self::ListMechanisms { .. }
            | Self::SignDigest { .. }
            | Self::SignMessage { .. }
            | Self::SignMany { .. }
            | Self::CloseAct { .. } => Vec::new(),
        }
    }
}
