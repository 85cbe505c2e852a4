//! The socket's place in the file system: ours alone, and one daemon's at a time.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::text::{self, Lang, Problem};

/// Most bytes of a socket's path: `sun_path` holds 108 with its final zero on Linux, 104 elsewhere.
const PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Why there is no socket.
#[derive(Debug)]
pub(crate) enum SocketError {
    /// The path does not fit the system's addresses.
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its bytes.
        length: usize,
        /// Most bytes.
        limit: usize,
    },
    /// The socket's folder is a symbolic link, no folder, another user's or open to others; or the state folder is another
    /// user's, or others may write it.
    FolderUnsafe {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        fault: FolderFault,
    },
    /// Another daemon of this user runs.
    SecondDaemon {
        /// The lock that it holds.
        lock: PathBuf,
        /// Its process number, where the lock tells it.
        pid: Option<u32>,
    },
    /// Something else listens there.
    Taken {
        /// The path.
        path: PathBuf,
    },
    /// What lies there is no socket; it is left alone.
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// What systemd handed over is no listening unix socket.
    Activation(std::io::Error),
    /// The system refused.
    System {
        /// Where.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// What is wrong with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderFault {
    /// It is a symbolic link, or no folder.
    NotAFolder,
    /// It belongs to this user id.
    OwnedBy(u32),
    /// Others may enter or write it; its permission bits.
    OpenToOthers(u32),
}

impl SocketError {
    fn system(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::System { path, error }
    }

    /// The three parts.
    #[must_use]
    pub(crate) fn explain(&self, lang: Lang) -> Problem {
        let (code, what, remedy): (_, (&str, &str), (&str, &str)) = match self {
            Self::PathTooLong { .. } => (
                "socket-path-too-long",
                ("đường dẫn socket quá dài", "the socket's path is too long"),
                ("đặt `[daemon] socket` ngắn hơn", "set a shorter `[daemon] socket`"),
            ),
            Self::FolderUnsafe { .. } => (
                "socket-folder-unsafe",
                (
                    "thư mục của socket hoặc của dữ liệu không phải của riêng bạn",
                    "the folder of the socket or of the state is not yours alone",
                ),
                (
                    "dùng thư mục thật, của bạn, với quyền 0700 (chmod 700)",
                    "use a real folder of your own with mode 0700 (chmod 700)",
                ),
            ),
            Self::SecondDaemon { .. } => (
                "daemon-already-running",
                ("một dịch vụ kyso khác đang chạy", "another kyso daemon is running"),
                (
                    "hỏi nó bằng `kyso daemon status`, dừng nó bằng `kyso daemon stop`",
                    "ask it with `kyso daemon status`, stop it with `kyso daemon stop`",
                ),
            ),
            Self::Taken { .. } => (
                "socket-taken",
                (
                    "một chương trình khác đang dùng socket này",
                    "another program listens on this socket",
                ),
                (
                    "dừng chương trình đó, hoặc đặt `[daemon] socket` khác",
                    "stop that program, or set another `[daemon] socket`",
                ),
            ),
            Self::NotASocket { .. } => (
                "socket-path-not-a-socket",
                ("chỗ của socket có một tệp khác", "something else lies at the socket's place"),
                (
                    "chuyển tệp đó đi, hoặc đặt `[daemon] socket` khác",
                    "move it away, or set another `[daemon] socket`",
                ),
            ),
            Self::Activation(_) => (
                "socket-activation-failed",
                ("socket do systemd trao không dùng được", "the socket handed over cannot be used"),
                ("kiểm tra ListenStream= trong kyso.socket", "check ListenStream= in kyso.socket"),
            ),
            Self::System { .. } => (
                "socket-unusable",
                ("không mở được socket", "the socket cannot be opened"),
                ("kiểm tra thư mục và quyền", "check folder and permissions"),
            ),
        };
        let pick = |(vi, en)| lang.pick(vi, en);
        Problem::new(code, pick(what), self.why(lang), pick(remedy))
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::PathTooLong { path, length, limit } => lang.pick(
                format!("{}: {length} byte, nhiều nhất {limit}", path.display()),
                format!("{}: {length} bytes, at most {limit}", path.display()),
            ),
            Self::FolderUnsafe { folder, fault } => {
                let fault = match fault {
                    FolderFault::NotAFolder => lang
                        .pick("là liên kết hoặc không phải thư mục", "is a link, or no folder")
                        .to_owned(),
                    FolderFault::OwnedBy(uid) => lang.pick(
                        format!("thuộc người dùng có mã {uid}"),
                        format!("belongs to user id {uid}"),
                    ),
                    FolderFault::OpenToOthers(mode) => {
                        lang.pick(format!("có quyền {mode:04o}"), format!("has mode {mode:04o}"))
                    }
                };
                format!("{} {fault}", folder.display())
            }
            Self::SecondDaemon { lock, pid: Some(pid) } => lang.pick(
                format!("tiến trình {pid} giữ {}", lock.display()),
                format!("process {pid} holds {}", lock.display()),
            ),
            Self::SecondDaemon { lock, pid: None } => lang.pick(
                format!("một tiến trình giữ {}", lock.display()),
                format!("a process holds {}", lock.display()),
            ),
            Self::Taken { path } | Self::NotASocket { path } => path.display().to_string(),
            Self::Activation(error) => text::system(error, lang),
            Self::System { path, error } => {
                format!("{}: {}", path.display(), text::system(error, lang))
            }
        }
    }
}

impl std::fmt::Display for SocketError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.explain(Lang::En))
    }
}

impl std::error::Error for SocketError {}

/// A lock that this process holds until it ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock, and writes this process's number into it for people to read.
    ///
    /// # Errors
    /// [`SocketError::SecondDaemon`], [`SocketError::System`].
    pub(crate) fn take(path: &Path) -> Result<Self, SocketError> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .map_err(SocketError::system(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The number only helps a person; without it the error says the same.
                let _ = file.read_to_string(&mut text);
                let pid = text.trim().parse().ok();
                return Err(SocketError::SecondDaemon { lock: path.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(SocketError::system(path)(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(SocketError::system(path))?;
        Ok(Self(file))
    }
}

/// A bound socket; dropping it takes its name away where it is ours to take.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    /// Device and inode of the name that we made; `None` where systemd made it.
    made: Option<(u64, u64)>,
    _lock: Option<Lock>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let now =
            std::fs::symlink_metadata(&self.path).map(|found| (found.dev(), found.ino())).ok();
        if self.made.is_some() && self.made == now {
            // Nobody is left to tell; the next start replaces a name without a listener.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The socket that systemd handed over, else one at `path`.
///
/// # Errors
/// [`SocketError`].
pub(crate) fn bind(path: &Path, uid: u32) -> Result<(UnixListener, Place), SocketError> {
    let mut handed = listenfd::ListenFd::from_env();
    if handed.len() > 0 {
        let listener = handed
            .take_unix_listener(0)
            .and_then(|listener| listener.ok_or_else(|| ErrorKind::NotFound.into()))
            .map_err(SocketError::Activation)?;
        let address = listener.local_addr().map_err(SocketError::Activation)?;
        let path = address.as_pathname().map_or_else(PathBuf::new, Path::to_path_buf);
        return Ok((listener, Place { path, made: None, _lock: None }));
    }
    let length = path.as_os_str().len();
    if length > PATH_LIMIT {
        return Err(SocketError::PathTooLong { path: path.to_owned(), length, limit: PATH_LIMIT });
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    own_folder(folder, uid)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = Lock::take(Path::new(&name))?;
    clear(path)?;
    let listener = UnixListener::bind(path).map_err(SocketError::system(path))?;
    // The folder keeps others out while this is not yet done.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(SocketError::system(path))?;
    let found = std::fs::symlink_metadata(path).map_err(SocketError::system(path))?;
    let made = Some((found.dev(), found.ino()));
    Ok((listener, Place { path: path.to_owned(), made, _lock: Some(lock) }))
}

fn own_folder(folder: &Path, uid: u32) -> Result<(), SocketError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
        .map_err(SocketError::system(folder))?;
    let found = std::fs::symlink_metadata(folder).map_err(SocketError::system(folder))?;
    let mode = found.mode() & 0o7777;
    let fault = if !found.is_dir() {
        FolderFault::NotAFolder
    } else if found.uid() != uid {
        FolderFault::OwnedBy(found.uid())
    } else if mode & 0o077 != 0 {
        FolderFault::OpenToOthers(mode)
    } else {
        return Ok(());
    };
    Err(SocketError::FolderUnsafe { folder: folder.to_owned(), fault })
}

/// Whether only this user puts files into a folder: what is signed and what was signed lie in the state folder.
///
/// # Errors
/// [`SocketError::FolderUnsafe`], [`SocketError::System`].
pub(crate) fn nobody_else_writes(folder: &Path, uid: u32) -> Result<(), SocketError> {
    let found = std::fs::metadata(folder).map_err(SocketError::system(folder))?;
    let mode = found.mode() & 0o7777;
    let fault = if found.uid() != uid {
        FolderFault::OwnedBy(found.uid())
    } else if mode & 0o022 != 0 {
        FolderFault::OpenToOthers(mode)
    } else {
        return Ok(());
    };
    Err(SocketError::FolderUnsafe { folder: folder.to_owned(), fault })
}

/// Removes the name of a daemon that is gone; whoever calls holds the lock.
fn clear(path: &Path) -> Result<(), SocketError> {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SocketError::system(path)(error)),
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::NotASocket { path: path.to_owned() });
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketError::Taken { path: path.to_owned() }),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(SocketError::system(path))
        }
        Err(error) => Err(SocketError::system(path)(error)),
    }
}
