//! The policy file: read only where root alone can have written it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::rule::Rule;

/// Largest policy file: thousands of rules.
const MOST_BYTES: u64 = 256 * 1024;

/// Why the policy file may not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyFault {
    /// It cannot be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        kind: std::io::ErrorKind,
    },
    /// It is a link, a folder or a device.
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The file, or a folder above it, is not root's.
    NotRoots {
        /// Which.
        path: PathBuf,
    },
    /// Others than root may write the file, or a folder above it.
    OthersWrite {
        /// Which.
        path: PathBuf,
    },
    /// A folder above it is a link.
    LinkAbove {
        /// Which.
        path: PathBuf,
    },
    /// It is longer than any policy, in bytes.
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// It is no TOML, or has a key or value that is not known.
    Malformed {
        /// Byte at which, where known.
        at: Option<usize>,
    },
    /// A rule contradicts itself or lacks something.
    Rule {
        /// The rule's name.
        name: String,
        /// What.
        key: &'static str,
    },
}

impl std::fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable { path, kind } => write!(f, "{}: {kind}", path.display()),
            Self::NotAFile { path } => write!(f, "{} is not a regular file", path.display()),
            Self::NotRoots { path } => write!(f, "{} does not belong to root", path.display()),
            Self::OthersWrite { path } => {
                write!(f, "others than root may write {}", path.display())
            }
            Self::LinkAbove { path } => write!(f, "{} is a symbolic link", path.display()),
            Self::TooLong { limit } => write!(f, "the file has more than {limit} bytes"),
            Self::Malformed { at: Some(at) } => write!(f, "the file does not parse at byte {at}"),
            Self::Malformed { at: None } => f.write_str("the file does not parse"),
            Self::Rule { name, key } => write!(f, "rule {name:?}: `{key}` is wrong or missing"),
        }
    }
}

impl std::error::Error for PolicyFault {}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) allow: Vec<Rule>,
}

/// Reads the file, once it is found that only root can have written it.
pub(super) fn read(path: &Path) -> Result<Vec<Rule>, PolicyFault> {
    let text = trusted(path)?;
    let file: File = toml::from_str(&text)
        .map_err(|error| PolicyFault::Malformed { at: error.span().map(|span| span.start) })?;
    for rule in &file.allow {
        rule.check().map_err(|key| PolicyFault::Rule { name: rule.name.clone(), key })?;
    }
    Ok(file.allow)
}

/// Whether the file would be used, for whoever looks after the installation.
///
/// # Errors
/// [`PolicyFault`].
pub(crate) fn look(path: &Path) -> Result<usize, PolicyFault> {
    read(path).map(|rules| rules.len())
}

fn trusted(path: &Path) -> Result<String, PolicyFault> {
    use rustix::fs::{FileType, Mode, OFlags};
    let unreadable = |path: &Path, error: std::io::Error| PolicyFault::Unreadable {
        path: path.to_path_buf(),
        kind: error.kind(),
    };
    let writable = Mode::WGRP | Mode::WOTH;
    let judge = |path: &Path, uid: u32, mode: u32| {
        if uid != 0 {
            return Err(PolicyFault::NotRoots { path: path.to_path_buf() });
        }
        if Mode::from_raw_mode(mode).intersects(writable) {
            return Err(PolicyFault::OthersWrite { path: path.to_path_buf() });
        }
        Ok(())
    };
    for folder in path.ancestors().skip(1) {
        let status = rustix::fs::lstat(folder).map_err(|error| unreadable(folder, error.into()))?;
        if FileType::from_raw_mode(status.st_mode) == FileType::Symlink {
            return Err(PolicyFault::LinkAbove { path: folder.to_path_buf() });
        }
        judge(folder, status.st_uid, status.st_mode)?;
    }
    // The folders are root's, so that nobody swaps the file between the look and the opening.
    let status = rustix::fs::lstat(path).map_err(|error| unreadable(path, error.into()))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(PolicyFault::NotAFile { path: path.to_path_buf() });
    }
    judge(path, status.st_uid, status.st_mode)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| unreadable(path, error.into()))?;
    let mut text = String::new();
    std::fs::File::from(file)
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(path, error))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(PolicyFault::TooLong { limit: MOST_BYTES });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::rule::tests::RULE;
    use super::*;

    #[test]
    fn the_documented_file_is_one() {
        let page = include_str!("../../../../../docs/policy.md");
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        let file: File = toml::from_str(example.unwrap()).unwrap();
        assert_eq!(file.allow.len(), 1);
        for rule in &file.allow {
            assert_eq!(rule.check(), Ok(()));
        }
    }

    #[test]
    fn only_a_file_that_root_alone_writes_is_read() {
        use std::os::unix::fs::PermissionsExt as _;
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root makes files that belong to root");
            return;
        }
        let mode = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        // In /tmp others may write, whatever the file's own permissions.
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let path = folder.path().join("policy.toml");
        std::fs::write(&path, RULE).unwrap();
        mode(&path, 0o644);
        assert_eq!(look(&path), Err(PolicyFault::OthersWrite { path: "/tmp".into() }));

        let folder = tempfile::tempdir_in("/root").unwrap();
        let path = folder.path().join("policy.toml");
        let missing =
            PolicyFault::Unreadable { path: path.clone(), kind: std::io::ErrorKind::NotFound };
        assert_eq!(look(&path), Err(missing));
        std::fs::write(&path, RULE).unwrap();
        mode(&path, 0o644);
        assert_eq!(look(&path), Ok(1));
        for bits in [0o664, 0o646] {
            mode(&path, bits);
            assert_eq!(look(&path), Err(PolicyFault::OthersWrite { path: path.clone() }));
        }
        mode(&path, 0o644);
        std::os::unix::fs::chown(&path, Some(1000), None).unwrap();
        assert_eq!(look(&path), Err(PolicyFault::NotRoots { path: path.clone() }));
        std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        mode(folder.path(), 0o770);
        let above = PolicyFault::OthersWrite { path: folder.path().into() };
        assert_eq!(look(&path), Err(above));
        mode(folder.path(), 0o700);
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(look(&link), Err(PolicyFault::NotAFile { path: link.clone() }));
        let (real, alias) = (folder.path().join("real"), folder.path().join("alias"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &alias).unwrap();
        std::fs::copy(&path, real.join("policy.toml")).unwrap();
        let fault = PolicyFault::LinkAbove { path: alias.clone() };
        assert_eq!(look(&alias.join("policy.toml")), Err(fault));
        std::fs::write(&path, "allow = 3").unwrap();
        assert!(matches!(look(&path), Err(PolicyFault::Malformed { .. })));
        std::fs::write(&path, "x".repeat(MOST_BYTES as usize + 1)).unwrap();
        assert_eq!(look(&path), Err(PolicyFault::TooLong { limit: MOST_BYTES }));
    }
}
