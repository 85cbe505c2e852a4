//! Files that appear whole or not at all: no name while they grow, flush, then the final name.
//!
//! On Linux a growing file has no name (O_TMPFILE): nobody can open it and nothing is left of it when
//! the process is killed. Where a file system lacks that, it has a name of ours and only its owner may
//! read it; [`sweep`] removes what killed processes left.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::NamedTempFile;

/// Start of every temporary name; the number of the process that made the file follows.
pub const TEMPORARY_PREFIX: &str = ".kyso-";

/// End of every temporary name.
const TEMPORARY_SUFFIX: &str = ".part";

/// Start of the name of a file whose outcome is recorded but which could not be given its own name.
pub const RECOVERY_PREFIX: &str = ".kyso-unpublished-";

/// A complete or growing file that does not have its final name yet; dropping it removes it.
#[derive(Debug)]
pub struct PendingFile {
    place: Place,
    target: PathBuf,
    overwrite: bool,
    /// Of the file that is replaced; `None`: those of a new document.
    permissions: Option<std::fs::Permissions>,
}

#[derive(Debug)]
enum Place {
    /// Without any name; gone when it is closed.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(NamedTempFile),
}

/// A complete file that could not be given its name.
#[derive(Debug)]
pub struct Unpublished {
    /// Why.
    pub error: io::Error,
    /// Where the file is kept; `None` where that failed too.
    pub kept: Option<PathBuf>,
}

impl PendingFile {
    /// Creates the file in the folder of `target`, so that naming it stays in one file system.
    ///
    /// # Errors
    /// Of the file system; [`io::ErrorKind::AlreadyExists`] when `target` exists and may not be
    /// replaced, so that the answer comes before a PIN is asked for.
    pub fn create(target: &Path, overwrite: bool) -> io::Result<Self> {
        if !overwrite && target.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Self::create_unchecked(target, overwrite)
    }

    /// As [`create`](Self::create), for a target that was looked at already; publishing still replaces nothing unasked.
    pub(crate) fn create_unchecked(target: &Path, overwrite: bool) -> io::Result<Self> {
        let place = Place::in_folder(folder_of(target))?;
        Ok(Self { place, target: target.to_path_buf(), overwrite, permissions: None })
    }

    /// Gives the file the permissions of the one that it replaces.
    ///
    /// # Errors
    /// Of the file system.
    pub fn keep_permissions(&mut self, permissions: std::fs::Permissions) -> io::Result<()> {
        self.file().set_permissions(permissions.clone())?;
        self.permissions = Some(permissions);
        Ok(())
    }

    /// The open file.
    pub fn file(&mut self) -> &mut File {
        match &mut self.place {
            #[cfg(target_os = "linux")]
            Place::Unnamed(file) => file,
            Place::Named(file) => file.as_file_mut(),
        }
    }

    fn as_file(&self) -> &File {
        match &self.place {
            #[cfg(target_os = "linux")]
            Place::Unnamed(file) => file,
            Place::Named(file) => file.as_file(),
        }
    }

    /// The final name.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the file its final name, or removes it; call only after [`flush`].
    ///
    /// # Errors
    /// Of the file system; [`io::ErrorKind::AlreadyExists`] when the name was taken meanwhile.
    pub fn publish(self) -> io::Result<()> {
        self.publish_or_keep().map_err(|Unpublished { error, kept }| {
            if let Some(kept) = kept {
                // The caller wants the file under its name or not at all; a leftover harms nothing.
                let _ = std::fs::remove_file(kept);
            }
            error
        })
    }

    /// Gives the file its final name, or else keeps it under a recovery name beside it; call only
    /// after [`flush`] and after the file's outcome is recorded.
    ///
    /// # Errors
    /// [`Unpublished`]; of kind [`io::ErrorKind::AlreadyExists`] when the name was taken meanwhile.
    pub fn publish_or_keep(self) -> Result<(), Unpublished> {
        let Self { place, target, overwrite, permissions } = self;
        match place {
            #[cfg(target_os = "linux")]
            Place::Unnamed(file) => publish_unnamed(&file, &target, overwrite),
            Place::Named(file) => publish_named(file, &target, overwrite, permissions.is_some()),
        }
    }
}

impl Place {
    fn in_folder(folder: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed_in(folder) {
            return Ok(Self::Unnamed(file));
        }
        Self::named_in(folder)
    }

    /// Readable by its owner alone, which is what tempfile gives.
    fn named_in(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(&format!("{TEMPORARY_PREFIX}{}-", std::process::id()))
            .suffix(TEMPORARY_SUFFIX)
            .tempfile_in(folder)?;
        // Held until the file is closed, so that nobody sweeps it: a process number means nothing
        // to another machine or container. Where locks are not to be had, the sweep leaves it too.
        #[cfg(unix)]
        let _ = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        Ok(Self::Named(file))
    }
}

/// A file without a name; none where the file system has no such thing or `/proc` is missing.
#[cfg(target_os = "linux")]
fn unnamed_in(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    static PROC: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    if !PROC.get_or_init(|| Path::new("/proc/self/fd").is_dir()) {
        return None;
    }
    // The signed file is an ordinary document: the user's umask decides who reads it once it has a name.
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
}

#[cfg(target_os = "linux")]
fn publish_unnamed(file: &File, target: &Path, overwrite: bool) -> Result<(), Unpublished> {
    let Err(error) = link(file, target) else { return Ok(()) };
    let kept = keep(target, |name| link(file, name));
    let taken = error.kind() == io::ErrorKind::AlreadyExists;
    match kept {
        // A link replaces nothing, a rename does: the recovery name is the step between.
        Some(name) if overwrite && taken => {
            std::fs::rename(&name, target).map_err(|error| Unpublished { error, kept: Some(name) })
        }
        kept => Err(Unpublished { error, kept }),
    }
}

#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd as _;
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open.as_str(), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

fn publish_named(
    file: NamedTempFile,
    target: &Path,
    overwrite: bool,
    has_permissions: bool,
) -> Result<(), Unpublished> {
    let readable = if has_permissions { Ok(()) } else { open_to_readers(file.as_file()) };
    let published = match readable {
        Err(error) => Err(tempfile::PersistError { error, file }),
        Ok(()) if overwrite => file.persist(target),
        Ok(()) => file.persist_noclobber(target),
    };
    let Err(tempfile::PersistError { error, file }) = published else { return Ok(()) };
    let mut file = Some(file);
    let kept = keep(target, |name| {
        let Some(left) = file.take() else { return Err(io::ErrorKind::NotFound.into()) };
        left.persist_noclobber(name).map(drop).map_err(
            |tempfile::PersistError { error, file: left }| {
                file = Some(left);
                error
            },
        )
    });
    Err(Unpublished { error, kept })
}

/// Gives the mode that a new document has: the user's umask decides who reads it.
#[cfg(unix)]
fn open_to_readers(file: &File) -> io::Result<()> {
    use rustix::fs::Mode;
    static UMASK: std::sync::OnceLock<Mode> = std::sync::OnceLock::new();
    let umask = UMASK.get_or_init(|| {
        // It can be read only by setting it; what another thread creates meanwhile is just more private.
        let umask = rustix::process::umask(Mode::from_raw_mode(0o077));
        rustix::process::umask(umask);
        umask
    });
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(0o666).difference(*umask))?)
}

/// On Windows a new file has the folder's access list from the start.
#[cfg(not(unix))]
fn open_to_readers(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Names the file by `give`, which replaces nothing, with the first recovery name that is free.
fn keep(target: &Path, mut give: impl FnMut(&Path) -> io::Result<()>) -> Option<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut name = OsString::from(format!("{RECOVERY_PREFIX}{}-{number}", std::process::id()));
        if let Some(extension) = target.extension() {
            name.push(".");
            name.push(extension);
        }
        let path = folder_of(target).join(name);
        match give(&path) {
            Ok(()) => return Some(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => return None,
        }
    }
    None
}

/// Removes the temporary files of processes that no longer run from the folders of `targets`.
///
/// What cannot be listed or removed stays: it holds up nobody.
pub fn sweep<'a>(targets: impl IntoIterator<Item = &'a Path>) {
    for folder in folders(targets) {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten() {
            if maker_of(&entry.file_name()).is_some_and(|pid| !is_running(pid)) {
                remove_if_abandoned(&entry.path());
            }
        }
    }
}

/// The process in a temporary name.
fn maker_of(name: &OsStr) -> Option<i32> {
    let middle = name.to_str()?.strip_prefix(TEMPORARY_PREFIX)?.strip_suffix(TEMPORARY_SUFFIX)?;
    middle.split_once('-')?.0.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(unix)]
fn is_running(pid: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    Pid::from_raw(pid).is_none_or(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// On Windows an open temporary file cannot be removed, so trying harms nobody.
#[cfg(not(unix))]
fn is_running(_pid: i32) -> bool {
    false
}

/// Removes the file unless somebody, perhaps on another machine, holds its lock.
#[cfg(unix)]
fn remove_if_abandoned(path: &Path) {
    use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = open(path, flags, Mode::empty()) else { return };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(not(unix))]
fn remove_if_abandoned(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// Makes the contents of several files durable with one flush of each file system they lie on.
///
/// # Errors
/// Of the first flush that fails; nothing of the group may then be released.
pub fn flush<'a>(files: impl IntoIterator<Item = &'a PendingFile>) -> io::Result<()> {
    let files: Vec<&PendingFile> = files.into_iter().collect();
    if let [only] = files[..] {
        return only.as_file().sync_data();
    }
    flush_many(&files)
}

#[cfg(target_os = "linux")]
fn flush_many(files: &[&PendingFile]) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let mut flushed = Vec::new();
    for pending in files {
        let file = pending.as_file();
        let device = file.metadata()?.dev();
        if !flushed.contains(&device) {
            rustix::fs::syncfs(file)?;
            flushed.push(device);
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn flush_many(files: &[&PendingFile]) -> io::Result<()> {
    files.iter().try_for_each(|pending| pending.as_file().sync_data())
}

/// Makes new names in the folders of `targets` durable.
///
/// # Errors
/// Of the file system.
pub fn flush_names<'a>(targets: impl IntoIterator<Item = &'a Path>) -> io::Result<()> {
    folders(targets).into_iter().try_for_each(flush_folder)
}

/// The folders of `targets`, each once.
fn folders<'a>(targets: impl IntoIterator<Item = &'a Path>) -> Vec<&'a Path> {
    let mut folders: Vec<&Path> = targets.into_iter().map(folder_of).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no flush of a folder; NTFS journals the rename itself.
#[cfg(not(unix))]
fn flush_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn nothing_is_seen_before_publishing_and_nothing_is_left_after_dropping() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("a.pdf");
        let mut pending = PendingFile::create(&target, false)?;
        pending.file().write_all(b"signed")?;
        assert!(!target.exists());
        flush([&pending])?;
        pending.publish()?;
        assert_eq!(std::fs::read(&target)?, b"signed");

        drop(PendingFile::create(&folder.path().join("b.pdf"), false)?);
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    fn names(folder: &Path) -> io::Result<Vec<OsString>> {
        folder.read_dir()?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_growing_file_has_no_name() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        if unnamed_in(folder.path()).is_none() {
            return Ok(());
        }
        let target = folder.path().join("a.pdf");
        let mut pending = PendingFile::create(&target, false)?;
        pending.file().write_all(b"signed")?;
        assert_eq!(names(folder.path())?, [""; 0]);
        pending.publish()?;
        assert_eq!(names(folder.path())?, ["a.pdf"]);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_named_file_is_private_until_it_is_published() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("a.pdf");
        let place = Place::named_in(folder.path())?;
        let pending =
            PendingFile { place, target: target.clone(), overwrite: false, permissions: None };
        let mode = |file: &File| file.metadata().map(|data| data.permissions().mode() & 0o777);
        assert_eq!(mode(pending.as_file())?, 0o600);
        pending.publish()?;
        let ordinary = mode(&File::create(folder.path().join("ordinary"))?)?;
        assert_eq!(mode(&File::open(target)?)?, ordinary);
        Ok(())
    }

    #[test]
    fn what_cannot_be_named_is_kept_when_asked_for() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("a.pdf");
        let places: [fn(&Path) -> io::Result<Place>; 2] = [Place::in_folder, Place::named_in];
        for place in places {
            let place = place(folder.path())?;
            let mut pending =
                PendingFile { place, target: target.clone(), overwrite: false, permissions: None };
            pending.file().write_all(b"signed")?;
            std::fs::write(&target, b"older")?;
            let Unpublished { error, kept } =
                pending.publish_or_keep().expect_err("the name is taken");
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            let kept = kept.expect("there is room for it");
            assert_eq!(std::fs::read(&kept)?, b"signed");
            assert_eq!(kept.extension(), target.extension());
            assert_eq!(std::fs::read(&target)?, b"older");
            std::fs::remove_file(kept)?;
            assert_eq!(names(folder.path())?, ["a.pdf"]);
        }
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn only_what_dead_processes_left_is_swept() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let mut child = std::process::Command::new("true").spawn()?;
        child.wait()?;
        let (dead, alive) = (child.id(), std::process::id());
        let mut left = vec![
            format!(".kyso-{alive}-abc.part"),
            format!(".kyso-{dead}-abc.pdf"),
            format!(".kyso-unpublished-{dead}-1.pdf"),
            ".kyso-x-abc.part".to_owned(),
        ];
        for name in &left {
            std::fs::write(folder.path().join(name), b"")?;
        }
        let locked = folder.path().join(format!(".kyso-{dead}-locked.part"));
        let elsewhere = File::create(&locked)?;
        rustix::fs::flock(&elsewhere, rustix::fs::FlockOperation::LockExclusive)?;
        left.push(format!(".kyso-{dead}-locked.part"));
        std::fs::write(folder.path().join(format!(".kyso-{dead}-abc.part")), b"signed")?;
        sweep([folder.path().join("a.pdf").as_path(), folder.path().join("b.pdf").as_path()]);
        let found = names(folder.path())?;
        let mut found: Vec<_> = found.iter().filter_map(|name| name.to_str()).collect();
        found.sort_unstable();
        left.sort();
        assert_eq!(found, left);
        Ok(())
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_asked() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("a.pdf");
        let pending = PendingFile::create(&target, false)?;
        std::fs::write(&target, b"older")?;
        let refused = PendingFile::create(&target, false).expect_err("the name is taken");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        let refused = pending.publish().expect_err("the name was taken meanwhile");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        PendingFile::create(&target, true)?.publish()?;
        assert_eq!(std::fs::read(&target)?, b"");
        Ok(())
    }
}
