//! `store.toml`: what a store is called, by what it vouches, and which of its certificates are anchors.

use std::path::Path;

use kyso_validation::policy::Policy;
use kyso_x509::Time;
use serde::{Deserialize, Serialize};

use super::error::hex;
use super::{InstalledBundle, TrustError, files, pins};

/// Name of the description in a store's folder.
pub(super) const DESCRIPTION: &str = "store.toml";

/// Longest name of a store: it is a folder's.
const LONGEST_NAME: usize = 64;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Description {
    pub(super) name: String,
    /// A built-in policy's name, or a file of this folder that ends in `.toml`.
    pub(super) policy: String,
    /// Whether anchors must match a pin; a store that the pins name demands it whatever stands here.
    #[serde(default)]
    pub(super) pins: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    /// SHA-256 of the anchors; where the key is absent, self-signed certificates are the anchors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) anchors: Option<Vec<Fingerprint>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bundle: Option<BundleMark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Fingerprint(#[serde(with = "hex::serde")] pub(super) [u8; 32]);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BundleMark {
    pub(super) made: Made,
    pub(super) signer: Fingerprint,
}

/// When a bundle was made: RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Made(pub(super) Time);

impl TryFrom<String> for Made {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let timestamp: jiff::Timestamp = text.parse()?;
        Ok(Self(Time::from_unix_seconds(timestamp.as_second())))
    }
}

impl From<Made> for String {
    fn from(Made(time): Made) -> Self {
        time.to_string()
    }
}

impl Description {
    /// What a store that is made now says, before it has anchors.
    pub(super) fn new(name: &str, policy: &str) -> Self {
        Self {
            name: name.to_owned(),
            policy: policy.to_owned(),
            pins: pins::is_pinned(name),
            comment: None,
            anchors: Some(Vec::new()),
            bundle: None,
        }
    }

    pub(super) fn read(folder: &Path) -> Result<Self, TrustError> {
        let path = folder.join(DESCRIPTION);
        let bytes = files::read(&path, files::MOST_TEXT_BYTES)?;
        // What is no UTF-8 is no TOML: the replacement characters make the parser say so.
        let text = String::from_utf8_lossy(&bytes);
        let description: Self = toml::from_str(&text).map_err(|error| TrustError::Description {
            line: error.span().map(|span| {
                text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
            }),
            path: path.clone(),
            error: Box::new(error),
        })?;
        let folder_name = folder.file_name().unwrap_or_default();
        if folder_name != description.name.as_str() {
            return Err(TrustError::Renamed { path, name: description.name });
        }
        check_name(&description.name)?;
        Ok(description)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), TrustError> {
        let path = folder.join(DESCRIPTION);
        let text = toml::to_string(self).map_err(|_| TrustError::Unwritable {
            path: path.clone(),
            error: std::io::ErrorKind::InvalidData.into(),
        })?;
        files::write(&path, text.as_bytes())
    }

    pub(super) fn demands_pins(&self) -> bool {
        self.pins || pins::is_pinned(&self.name)
    }

    pub(super) fn installed_bundle(&self) -> Option<InstalledBundle> {
        self.bundle
            .as_ref()
            .map(|mark| InstalledBundle { made: mark.made.0, signer: mark.signer.0 })
    }
}

/// The policy by which a store of this name vouches where nobody says otherwise.
pub(super) fn usual_policy(store: &str) -> &'static str {
    match store {
        "national" => "vn-public-ca",
        _ => Policy::OF_BARE_ANCHORS,
    }
}

/// Letters of ASCII, digits, `-` and `_`: it becomes a folder's name.
pub(super) fn check_name(name: &str) -> Result<(), TrustError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain);
    if fits { Ok(()) } else { Err(TrustError::StoreName { name: name.to_owned() }) }
}

/// The name of a certificate's file: its common name in plain letters, and the beginning of its fingerprint.
pub(super) fn file_name(certificate: &kyso_x509::Certificate) -> String {
    let name = certificate.subject().common_name().unwrap_or("certificate");
    let mut plain = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            plain.push(letter.to_ascii_lowercase());
        } else if !plain.ends_with('-') {
            plain.push('-');
        }
    }
    // Long enough to tell one from the other, short enough for any file system.
    const LONGEST: usize = 40;
    let plain: String = plain.chars().take(LONGEST).collect();
    let fingerprint = hex(certificate.sha256_fingerprint().as_bytes());
    let start: String = fingerprint.chars().take(16).collect();
    format!("{}-{}.pem", plain.trim_matches('-'), start.to_lowercase())
}
