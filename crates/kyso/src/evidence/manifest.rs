//! The list of what a bundle holds (`manifest.json`).

use std::path::Path;

use kyso_validation::attempt::Attempt;
use kyso_x509::{Digest, DigestAlgorithm, Time};
use serde::{Deserialize, Serialize};

use super::{BundleError, BundledFile};

/// What the manifest calls itself.
pub(super) const FORM: &str = "kyso-evidence";

/// The form's number.
pub(super) const VERSION: u32 = 1;

/// Members are named by the SHA-256 of their bytes, in hexadecimal; lists keep the order of the evidence.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) form: String,
    pub(super) version: u32,
    pub(super) kyso: String,
    pub(super) validation_time: String,
    pub(super) policy: Option<String>,
    pub(super) stores: Vec<Store>,
    pub(super) candidates: Vec<String>,
    pub(super) certificates: Vec<String>,
    pub(super) crls: Vec<String>,
    pub(super) ocsp: Vec<String>,
    pub(super) files: Vec<File>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    pub(super) name: String,
    pub(super) policy: String,
    pub(super) anchors: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    name: String,
    sha256: String,
    content_sha256: Option<String>,
    attempts: Vec<Attempt>,
}

impl Manifest {
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        /// What says by which form the rest is to be read.
        #[derive(Deserialize)]
        struct Head {
            form: String,
            version: u32,
        }
        let malformed = |error| BundleError::Manifest { path: path.to_path_buf(), error };
        let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
        if head.form != FORM || head.version != VERSION {
            return Err(BundleError::Version { path: path.to_path_buf(), version: head.version });
        }
        serde_json::from_slice(bytes).map_err(malformed)
    }

    /// How many files it names.
    pub(super) fn members(&self) -> usize {
        let lists = [&self.candidates, &self.certificates, &self.crls, &self.ocsp];
        let lists: usize = lists.iter().map(|list| list.len()).sum();
        lists + self.stores.iter().map(|store| store.anchors.len() + 1).sum::<usize>()
    }
}

impl File {
    pub(super) fn of(file: &BundledFile) -> Self {
        Self {
            name: file.name.clone(),
            sha256: hex(&file.sha256),
            content_sha256: file.content_sha256.as_ref().map(hex),
            attempts: file.attempts.clone(),
        }
    }

    pub(super) fn parse(&self) -> Option<BundledFile> {
        let content_sha256 = match &self.content_sha256 {
            Some(text) => Some(digest(text)?),
            None => None,
        };
        Some(BundledFile {
            name: self.name.clone(),
            sha256: digest(&self.sha256)?,
            content_sha256,
            attempts: self.attempts.clone(),
        })
    }
}

/// RFC 3339 in UTC, as [`Time`] is shown.
pub(super) fn time(text: &str) -> Option<Time> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(Time::from_unix_seconds(timestamp.as_second()))
}

/// In small letters.
pub(super) fn hex(digest: &Digest) -> String {
    digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly what [`hex()`] writes for SHA-256.
pub(super) fn digest(text: &str) -> Option<Digest> {
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok())
        .collect();
    let digest = Digest::from_bytes(DigestAlgorithm::Sha256, &bytes?)?;
    (hex(&digest) == text).then_some(digest)
}
