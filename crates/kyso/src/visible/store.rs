//! What visible signatures of a certificate usually show and where they stand, kept for the next one.
//!
//! One folder for each certificate, named by its SHA-256; in it one file for each profile, and the picture beside it.
//! Only the owner reads them: the picture is somebody's handwritten signature.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use kyso_appearance::{PictureLimits, Profile};
use serde::{Deserialize, Serialize};

use crate::input::read_at_most;

/// Longest description that is read; one is some hundred bytes, a text of a signature at most some thousand.
const MOST_BYTES: u64 = 64 * 1024;

/// What is kept for a certificate and a profile, in the words of the options of `kyso sign`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kept {
    /// Name of the picture's file, beside this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Text instead of the profile's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Anchor: the signer's title in the page's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_title: Option<String>,
    /// Anchor: the signer's name in the page's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_name: Option<String>,
    /// The place that was given, or that of the last signature placed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<KeptPlace>,
}

/// A place by page and room, point or corner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeptPlace {
    /// The page, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Corner or point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rect: Option<String>,
}

/// Why the store could not be used.
#[derive(Debug)]
pub enum StoreError {
    /// A file cannot be read.
    Unreadable {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// A file cannot be written or removed.
    Unwritable {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// A description is no description.
    Malformed {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        error: Box<toml::de::Error>,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::Unwritable { path, error } => {
                write!(f, "cannot write {}: {error}", path.display())
            }
            Self::Malformed { path, error } => {
                write!(f, "{}: {}", path.display(), error.message())
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } | Self::Unwritable { error, .. } => Some(error),
            Self::Malformed { error, .. } => Some(error),
        }
    }
}

/// What is kept of one certificate's visible signatures.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store of a certificate, by its SHA-256, below the folder of all; nothing is made yet.
    #[must_use]
    pub fn of_certificate(root: &Path, sha256: &[u8]) -> Self {
        Self { folder: root.join(hex::encode(sha256)) }
    }

    /// What is kept for a profile; `None` where nothing is.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], [`StoreError::Malformed`].
    pub fn get(&self, profile: Profile) -> Result<Option<Kept>, StoreError> {
        let path = self.description(profile);
        let bytes = match read_at_most(&path, MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::Unreadable { path, error }),
        };
        // What is no UTF-8 is no TOML: the replacement characters make the parser say so.
        let text = String::from_utf8_lossy(&bytes);
        let kept = toml::from_str(&text);
        kept.map(Some).map_err(|error| StoreError::Malformed { path, error: Box::new(error) })
    }

    /// Where the picture of what is kept lies.
    #[must_use]
    pub fn picture(&self, kept: &Kept) -> Option<PathBuf> {
        // A name with folders in it was not written here.
        let name = Path::new(kept.picture.as_deref()?).file_name()?;
        Some(self.folder.join(name))
    }

    /// Keeps it in place of what was kept for the profile, whole and durably; `picture`, a PNG's or JPEG's bytes, becomes
    /// its picture, and without it the one that `kept` names stays.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`]; what was kept before is then still there.
    pub fn put(
        &self,
        profile: Profile,
        mut kept: Kept,
        picture: Option<&[u8]>,
    ) -> Result<Kept, StoreError> {
        self.make_folder()?;
        let former = self.get(profile).ok().flatten().and_then(|former| former.picture);
        if let Some(bytes) = picture {
            // Named by its content: the former one stays whole until the description names this one.
            let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
            let start = digest.as_ref().get(..8).map(hex::encode).unwrap_or_default();
            let name = format!("{}-{start}.picture", profile.name());
            self.write(&self.folder.join(&name), bytes)?;
            kept.picture = Some(name);
        }
        let path = self.description(profile);
        let text = toml::to_string(&kept).map_err(|_| StoreError::Unwritable {
            path: path.clone(),
            error: io::ErrorKind::InvalidData.into(),
        })?;
        self.write(&path, text.as_bytes())?;
        if former.is_some() && former != kept.picture {
            let former = Kept { picture: former, ..Kept::default() };
            // A leftover harms nothing.
            let _ = self.picture(&former).map(fs::remove_file);
        }
        Ok(kept)
    }

    /// Forgets what is kept for a profile; true where there was something.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`].
    pub fn remove(&self, profile: Profile) -> Result<bool, StoreError> {
        let picture = self.get(profile).ok().flatten().and_then(|kept| self.picture(&kept));
        let path = self.description(profile);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::Unwritable { path, error }),
        }
        if let Some(path) = picture {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::Unwritable { path, error });
                }
                _ => {}
            }
        }
        Ok(true)
    }

    /// The largest picture that is kept: the largest that a signature shows.
    #[must_use]
    pub fn most_picture_bytes() -> u64 {
        PictureLimits::standard().bytes as u64
    }

    fn description(&self, profile: Profile) -> PathBuf {
        self.folder.join(format!("{}.toml", profile.name()))
    }

    fn make_folder(&self) -> Result<(), StoreError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        let path = self.folder.clone();
        builder.create(&self.folder).map_err(|error| StoreError::Unwritable { path, error })
    }

    /// A file that only its owner reads, whole or not at all, in place of an older one.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let unwritable = |error| StoreError::Unwritable { path: path.to_path_buf(), error };
        let mut builder = tempfile::Builder::new();
        builder.prefix(crate::output::TEMPORARY_PREFIX).suffix(".part");
        let mut file = builder.tempfile_in(&self.folder).map_err(unwritable)?;
        file.write_all(bytes).map_err(unwritable)?;
        file.as_file().sync_all().map_err(unwritable)?;
        file.persist(path).map_err(|error| unwritable(error.error))?;
        #[cfg(unix)]
        fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept {
            signer_title: Some("CHỦ TỊCH".to_owned()),
            place: Some(KeptPlace { page: Some(2), rect: Some("1,2,3,4".to_owned()), at: None }),
            ..Kept::default()
        }
    }

    #[test]
    fn what_is_kept_comes_back_by_certificate_and_profile() -> Result<(), StoreError> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::of_certificate(folder.path(), &[1; 32]);
        assert_eq!(store.get(Profile::Leader)?, None);
        let first = store.put(Profile::Leader, kept(), Some(b"one"))?;
        assert_eq!(store.get(Profile::Leader)?, Some(first.clone()));
        assert_eq!(store.get(Profile::Seal)?, None);
        assert_eq!(Store::of_certificate(folder.path(), &[2; 32]).get(Profile::Leader)?, None);
        let picture = store.picture(&first).expect("a picture");
        assert_eq!(fs::read(&picture).expect("the picture"), b"one");

        let second = store.put(Profile::Leader, kept(), Some(b"two"))?;
        assert!(!picture.exists());
        // Without a new picture the named one stays.
        let third = Kept { text: Some("{signer}".to_owned()), ..second.clone() };
        store.put(Profile::Leader, third.clone(), None)?;
        assert_eq!(store.get(Profile::Leader)?, Some(third));
        let picture = store.picture(&second).expect("a picture");
        assert_eq!(fs::read(&picture).expect("the picture"), b"two");

        assert!(store.remove(Profile::Leader)?);
        assert!(!store.remove(Profile::Leader)?);
        assert!(!picture.exists());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() -> Result<(), StoreError> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::of_certificate(&folder.path().join("new"), &[1; 32]);
        let kept = store.put(Profile::Seal, kept(), Some(b"seal"))?;
        let mode =
            |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&store.folder), 0o700);
        assert_eq!(mode(&store.description(Profile::Seal)), 0o600);
        assert_eq!(mode(&store.picture(&kept).expect("a picture")), 0o600);
        Ok(())
    }

    #[test]
    fn what_somebody_else_wrote_is_refused_and_names_no_file_elsewhere() -> Result<(), StoreError> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::of_certificate(folder.path(), &[1; 32]);
        store.put(Profile::Free, kept(), None)?;
        fs::write(store.description(Profile::Free), "colour = 1").expect("written");
        assert!(matches!(store.get(Profile::Free), Err(StoreError::Malformed { .. })));
        let elsewhere = Kept { picture: Some("../../a.png".to_owned()), ..Kept::default() };
        assert_eq!(store.picture(&elsewhere), Some(store.folder.join("a.png")));
        Ok(())
    }
}
