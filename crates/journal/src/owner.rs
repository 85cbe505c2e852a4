//! Which process owns an intent, and whether it still lives.
//!
//! **Linux** names a process by pid, start time (`/proc/<pid>/stat`, field 22, clock ticks since
//! boot) and boot id, so that a pid used again is not mistaken for its former bearer. Processes
//! that share a journal must see each other in one pid namespace.
//!
//! **Elsewhere** (Windows, macOS) the standard library tells neither start time nor boot, so an
//! owner holds an exclusive lock (`LockFileEx`, `flock`) on a file beside the journal that bears
//! its random instance name in `boot`; the system drops the lock with the process, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A process, named so that it cannot be mistaken for a later one with the same pid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Owner {
    /// On Linux the kernel's boot id; elsewhere `lock-` and the process's random instance name.
    pub boot: String,
    /// Process id.
    pub pid: u32,
    /// On Linux clock ticks from boot to the process's start; elsewhere 0.
    pub started: u64,
}

/// What an owner keeps while its journal is open, so that others see it alive.
#[derive(Debug)]
pub(crate) struct Presence {
    lock: Option<(File, PathBuf)>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some((file, path)) = self.lock.take() {
            // A file left behind is harmless: nobody holds its lock.
            drop(file);
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Owner {
    /// This process.
    ///
    /// # Errors
    /// On Linux where `/proc` cannot be read; elsewhere where the system gives no randomness.
    #[cfg(target_os = "linux")]
    pub fn this_process() -> io::Result<Self> {
        let pid = std::process::id();
        let (_, started) = linux::stat(pid)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { boot: linux::boot_id()?, pid, started })
    }

    /// This process.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    #[cfg(not(target_os = "linux"))]
    pub fn this_process() -> io::Result<Self> {
        locked::this_process()
    }

    /// Shows others of the journal at `journal` that this owner lives, until dropped.
    pub(crate) fn appear(&self, journal: &Path) -> io::Result<Presence> {
        locked::appear(self, journal)
    }

    /// Whether the process still runs. What cannot be told (`/proc` unreadable) counts as alive,
    /// as a live intent must never be called interrupted.
    pub(crate) fn lives(&self, journal: &Path) -> bool {
        if self.boot.starts_with(locked::PREFIX) {
            return locked::lives(self, journal);
        }
        #[cfg(target_os = "linux")]
        return linux::lives(self);
        #[cfg(not(target_os = "linux"))]
        true
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, io};

    use super::Owner;

    pub(super) fn boot_id() -> io::Result<String> {
        Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
    }

    /// State and start time of a process; `None` where there is none with that pid.
    pub(super) fn stat(pid: u32) -> io::Result<Option<(char, u64)>> {
        let text = match fs::read(format!("/proc/{pid}/stat")) {
            Ok(text) => text,
            // ESRCH: it ended between open and read.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(3) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        // proc(5): the second field is the name in brackets and may itself hold brackets, spaces and
        // any byte; state is field 3, starttime field 22.
        let text = String::from_utf8_lossy(&text);
        let mut fields = text
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_ascii_whitespace())
            .ok_or(io::ErrorKind::InvalidData)?;
        let state = fields.next().and_then(|state| state.chars().next());
        let started = fields.nth(18).and_then(|ticks| ticks.parse().ok());
        match (state, started) {
            (Some(state), Some(started)) => Ok(Some((state, started))),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    pub(super) fn lives(owner: &Owner) -> bool {
        if boot_id().is_ok_and(|boot| boot != owner.boot) {
            return false;
        }
        match stat(owner.pid) {
            Ok(None) => false,
            // A zombie or a dead process runs no more.
            Ok(Some((state, started))) => started == owner.started && !matches!(state, 'Z' | 'X'),
            Err(_) => true,
        }
    }
}

mod locked {
    use super::*;

    pub(super) const PREFIX: &str = "lock-";

    #[cfg(any(not(target_os = "linux"), test))]
    pub(super) fn this_process() -> io::Result<Owner> {
        let mut instance = [0; 16];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut instance)
            .map_err(|_| io::ErrorKind::Unsupported)?;
        Ok(Owner {
            boot: format!("{PREFIX}{}", hex::encode(instance)),
            pid: std::process::id(),
            started: 0,
        })
    }

    /// The lock file; `None` where the instance's name is not one that this module makes.
    fn path(owner: &Owner, journal: &Path) -> Option<PathBuf> {
        let instance = owner.boot.strip_prefix(PREFIX)?;
        if instance.is_empty() || !instance.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut path = journal.as_os_str().to_owned();
        path.push(".owner-");
        path.push(instance);
        Some(path.into())
    }

    pub(super) fn appear(owner: &Owner, journal: &Path) -> io::Result<Presence> {
        let Some(path) = path(owner, journal) else {
            return Ok(Presence { lock: None });
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        // Shared, so that one process may open a journal twice; others ask for an exclusive lock.
        file.lock_shared()?;
        Ok(Presence { lock: Some((file, path)) })
    }

    pub(super) fn lives(owner: &Owner, journal: &Path) -> bool {
        let Some(path) = path(owner, journal) else {
            return true;
        };
        match OpenOptions::new().write(true).open(path) {
            Err(error) => error.kind() != io::ErrorKind::NotFound,
            Ok(file) => {
                matches!(file.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_lives_and_its_likes_do_not() {
        let journal = Path::new("/nonexistent/journal");
        let owner = Owner::this_process().unwrap();
        assert!(owner.lives(journal));
        let earlier = Owner { started: owner.started - 1, ..owner.clone() };
        assert!(!earlier.lives(journal), "same pid, other start");
        let boot = "00000000-0000-0000-0000-000000000000".to_owned();
        let other_boot = Owner { boot, ..owner };
        assert!(!other_boot.lives(journal), "another boot");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_killed_child_is_dead_even_before_it_is_reaped() {
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let (_, started) = linux::stat(child.id()).unwrap().unwrap();
        let owner = Owner { boot: linux::boot_id().unwrap(), pid: child.id(), started };
        let journal = Path::new("/nonexistent/journal");
        assert!(owner.lives(journal));
        child.kill().unwrap();
        while linux::stat(child.id()).unwrap().is_some_and(|stat| stat.0 != 'Z') {
            std::thread::yield_now();
        }
        assert!(!owner.lives(journal), "a zombie");
        child.wait().unwrap();
        assert!(!owner.lives(journal), "gone");
    }

    #[test]
    fn a_lock_shows_life() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        let owner = locked::this_process().unwrap();
        assert!(!owner.lives(&journal), "not yet there");
        let presence = owner.appear(&journal).unwrap();
        let again = owner.appear(&journal).unwrap();
        assert!(owner.lives(&journal));
        drop(again);
        drop(presence);
        assert!(!owner.lives(&journal));
    }
}
