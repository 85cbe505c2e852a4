//! The profiles of `hsm-config/`: where each PKCS#11 module lies, what it is known to do, and the trust pins.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::pkcs11::AllowList;

const PROFILES: [&str; 7] = [
    include_str!("../../../hsm-config/softhsm2.toml"),
    include_str!("../../../hsm-config/kryoptic.toml"),
    include_str!("../../../hsm-config/opensc.toml"),
    include_str!("../../../hsm-config/safenet-etoken.toml"),
    include_str!("../../../hsm-config/bit4id-tokenme.toml"),
    include_str!("../../../hsm-config/public-ca-token.toml"),
    include_str!("../../../hsm-config/network-hsm.toml"),
];
const PINS: &str = include_str!("../../../hsm-config/trust-pins.toml");

/// One PKCS#11 module as it is known in the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleProfile {
    /// Name people know it by.
    pub name: String,
    /// What stands behind it.
    pub kind: ModuleKind,
    /// Whether this project's suite has run over it.
    pub tested: bool,
    /// The version it ran over.
    #[serde(default)]
    pub tested_with: Option<String>,
    /// Signature mechanisms it is said to offer (CKM_ names); what the token lists decides.
    pub mechanisms: Vec<String>,
    /// What to know about it.
    pub quirks: Vec<String>,
    /// How it is configured outside this program.
    #[serde(default)]
    pub set_up: Option<String>,
    /// Where the library lies.
    #[serde(default)]
    pub paths: ModulePaths,
    /// What is known of its PINs.
    #[serde(default)]
    pub pin: PinRules,
}

/// What stands behind a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModuleKind {
    /// A token in software.
    Software,
    /// A card or USB token.
    Token,
    /// A network HSM.
    Network,
}

/// Absolute paths of a library on each system, the likeliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModulePaths {
    /// On Linux.
    pub linux: Vec<PathBuf>,
    /// On Windows.
    pub windows: Vec<PathBuf>,
    /// On macOS.
    pub macos: Vec<PathBuf>,
}

/// PIN rules as documented; CK_TOKEN_INFO decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PinRules {
    /// Shortest PIN in bytes.
    pub min: Option<u32>,
    /// Longest PIN in bytes.
    pub max: Option<u32>,
    /// Wrong PINs until it locks, as its documentation says.
    pub documented_tries: Option<u32>,
}

/// What a certificate must hash to before it may become a trust anchor or a known intermediate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustPin {
    /// Short name.
    pub name: String,
    /// The trust store that it belongs to; a store that is named here takes no other anchors.
    pub store: String,
    /// Subject, for people.
    pub subject: String,
    /// Root or intermediate.
    pub role: PinRole,
    /// SHA-256 of the certificate in DER.
    #[serde(with = "hex::serde")]
    pub sha256: [u8; 32],
    /// Where an administrator gets the file.
    pub source: String,
    /// Its key, for people.
    pub key: String,
    /// How it is signed, for people.
    pub signature: String,
    /// The day of its notAfter.
    pub until: String,
    /// What follows from its signature by SHA-1.
    #[serde(default)]
    pub sha1_era: Option<Sha1Era>,
}

/// What follows from a pinned certificate's signature by SHA-1, in the words of both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sha1Era {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

/// Where a pinned certificate stands in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinRole {
    /// Self-signed: may become a trust anchor.
    Root,
    /// Helps to build paths; never an anchor.
    Intermediate,
}

impl ModulePaths {
    /// The paths of the system this program runs on.
    #[must_use]
    pub fn here(&self) -> &[PathBuf] {
        if cfg!(windows) {
            &self.windows
        } else if cfg!(target_os = "macos") {
            &self.macos
        } else {
            &self.linux
        }
    }
}

impl ModuleProfile {
    /// The first of its paths that exists here.
    #[must_use]
    pub fn installed(&self) -> Option<PathBuf> {
        self.paths.here().iter().find(|path| path.is_file()).cloned()
    }
}

impl TrustPin {
    /// Whether a certificate in DER is the pinned one.
    #[must_use]
    pub fn matches(&self, certificate: &[u8]) -> bool {
        crate::HashAlgorithm::Sha256.digest(certificate) == self.sha256
    }
}

/// The built-in module profiles.
///
/// # Errors
/// None in a released program: the suite parses the same text.
pub fn module_profiles() -> Result<Vec<ModuleProfile>, toml::de::Error> {
    PROFILES.into_iter().map(toml::from_str).collect()
}

/// The built-in trust pins.
///
/// # Errors
/// None in a released program: the suite parses the same text.
pub fn trust_pins() -> Result<Vec<TrustPin>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pins {
        pin: Vec<TrustPin>,
    }
    Ok(toml::from_str::<Pins>(PINS)?.pin)
}

/// Every profiled module that is installed here; a configuration adds its own paths, or replaces the list.
///
/// # Errors
/// As [`module_profiles`].
pub fn installed_modules() -> Result<AllowList, toml::de::Error> {
    Ok(AllowList::of_paths(module_profiles()?.iter().filter_map(ModuleProfile::installed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_parse_and_name_absolute_paths_and_mechanisms() {
        let profiles = module_profiles().unwrap();
        assert_eq!(profiles.len(), PROFILES.len());
        for profile in &profiles {
            let paths = &profile.paths;
            assert!(paths.linux.iter().chain(&paths.macos).all(|path| path.starts_with("/")));
            let drive = |path: &PathBuf| path.to_string_lossy().starts_with("C:\\");
            assert!(paths.windows.iter().all(drive), "{}", profile.name);
            assert!(profile.mechanisms.iter().all(|name| name.starts_with("CKM_")));
            assert_eq!(profile.tested, profile.tested_with.is_some(), "{}", profile.name);
        }
        assert!(toml::from_str::<ModuleProfile>("name = \"x\"\ncolour = 1").is_err());
    }

    #[test]
    fn pins_have_names_of_their_own_and_match_only_their_certificate() {
        let pins = trust_pins().unwrap();
        assert_eq!(pins.len(), 6);
        for pin in &pins {
            assert_eq!(pins.iter().filter(|other| other.name == pin.name).count(), 1);
            assert_eq!(pins.iter().filter(|other| other.sha256 == pin.sha256).count(), 1);
            assert!(pin.subject.starts_with("C=VN, O="));
            assert!(!pin.matches(b"another certificate"));
        }
        let certificate = b"some bytes";
        let sha256 = crate::HashAlgorithm::Sha256.digest(certificate).try_into().unwrap();
        assert!(TrustPin { sha256, ..pins[0].clone() }.matches(certificate));
    }
}
