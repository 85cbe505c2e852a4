//! Why the daemon could not be asked, or what it answered.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use kyso_protocol::Problem as Document;

use crate::text::{Lang, Problem, system};

/// Why a call failed.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody listens at the socket.
    NotRunning {
        /// The socket's path.
        socket: PathBuf,
    },
    /// The path does not fit into a socket's address.
    PathTooLong {
        /// The socket's path.
        socket: PathBuf,
    },
    /// The file there is no socket.
    NotASocket {
        /// Its path.
        socket: PathBuf,
    },
    /// The socket belongs to another user.
    ForeignSocket {
        /// Its path.
        socket: PathBuf,
        /// Its owner's number.
        owner: u32,
    },
    /// A process of another user listens there.
    ForeignPeer {
        /// The socket's path.
        socket: PathBuf,
        /// The process's user.
        uid: u32,
    },
    /// The system refused the connection for another reason.
    Unconnected {
        /// The socket's path.
        socket: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The daemon does not accept connections in time.
    Silent {
        /// The socket's path.
        socket: PathBuf,
    },
    /// The connection broke, or what came is not HTTP.
    Http(hyper::Error),
    /// The request cannot be written as HTTP.
    Request(hyper::http::Error),
    /// The reply broke off or is longer than a reply may be.
    Reply(Box<dyn std::error::Error + Send + Sync>),
    /// The daemon refused, and said why.
    Refused(Box<Document>),
    /// The daemon refused without saying why.
    Status {
        /// The HTTP status code.
        status: u16,
    },
    /// The reply is not the JSON that the API promises.
    NotJson(serde_json::Error),
    /// The reply is not text.
    NotText(std::string::FromUtf8Error),
    /// An event is longer than an event may be.
    EventTooLong {
        /// Most bytes.
        most: usize,
    },
    /// The document cannot be read.
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The daemon has other bytes than were sent.
    SentOtherwise {
        /// The document's path.
        path: PathBuf,
    },
    /// The result cannot be written.
    Unwritable {
        /// Its path.
        path: PathBuf,
        /// The system's reason; [`io::ErrorKind::AlreadyExists`] where nothing may be replaced.
        error: io::Error,
    },
    /// The result is not the file that the journal says was released.
    NotWhatWasReleased {
        /// Where it should have gone.
        path: PathBuf,
        /// The journal's entry.
        entry: u64,
    },
}

impl ClientError {
    /// What a failed connect means.
    pub(super) fn unconnected(socket: &Path, error: io::Error) -> Self {
        let socket = socket.to_path_buf();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                Self::NotRunning { socket }
            }
            // Before the system is asked: the address is too short for the path.
            io::ErrorKind::InvalidInput => Self::PathTooLong { socket },
            _ => Self::Unconnected { socket, error },
        }
    }

    /// The error in three parts.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> Problem {
        match self {
            Self::Refused(document) => Problem::from(document.as_ref().clone()),
            Self::NotRunning { .. } => Problem::new(
                "daemon-not-running",
                lang.pick("dịch vụ kyso chưa chạy", "the kyso daemon is not running"),
                self.why(lang),
                lang.pick(
                    "chạy `kyso daemon run` (hoặc `systemctl --user start kyso.socket`), đặt `start = true` dưới `[daemon]`, \
                     hoặc thêm `--direct` để ký ngay trong lệnh này",
                    "start it with `kyso daemon run` (or `systemctl --user start kyso.socket`), set `start = true` under \
                     `[daemon]`, or add `--direct` to sign in this process",
                ),
            ),
            Self::PathTooLong { .. } | Self::NotASocket { .. } => Problem::new(
                "daemon-socket-unusable",
                lang.pick("không dùng được socket của dịch vụ", "the daemon's socket cannot be used"),
                self.why(lang),
                lang.pick(
                    "sửa `socket` dưới `[daemon]` trong tệp cấu hình",
                    "mend `socket` under `[daemon]` in the configuration file",
                ),
            ),
            Self::ForeignSocket { .. } | Self::ForeignPeer { .. } => Problem::new(
                "daemon-foreign",
                lang.pick(
                    "socket của dịch vụ thuộc người dùng khác",
                    "the daemon's socket belongs to another user",
                ),
                self.why(lang),
                lang.pick(
                    "không gửi gì tới đó; kiểm tra `socket` dưới `[daemon]` và biến XDG_RUNTIME_DIR",
                    "nothing was sent there; check `socket` under `[daemon]` and XDG_RUNTIME_DIR",
                ),
            ),
            Self::Unconnected { .. }
            | Self::Silent { .. }
            | Self::Http(_)
            | Self::Request(_)
            | Self::Reply(_)
            | Self::Status { .. }
            | Self::NotJson(_)
            | Self::NotText(_)
            | Self::EventTooLong { .. } => Problem::new(
                "daemon-unreachable",
                lang.pick("không hỏi được dịch vụ kyso", "the kyso daemon could not be asked"),
                self.why(lang),
                lang.pick(
                    "xem `kyso daemon status` và `kyso doctor`; thử lại",
                    "see `kyso daemon status` and `kyso doctor`; try again",
                ),
            ),
            Self::Unreadable { path, error } => Problem::new(
                "document-unreadable",
                lang.pick("không đọc được tài liệu", "the document cannot be read"),
                format!("{}: {}", path.display(), system(error, lang)),
                lang.pick("kiểm tra đường dẫn và quyền đọc", "check the path and its permissions"),
            ),
            Self::SentOtherwise { .. } => Problem::new(
                "document-changed",
                lang.pick(
                    "tài liệu thay đổi trong lúc gửi",
                    "the document changed while it was sent",
                ),
                self.why(lang),
                lang.pick("thử lại khi không ai sửa tệp", "try again when nobody writes to the file"),
            ),
            Self::Unwritable { path, error } if error.kind() == io::ErrorKind::AlreadyExists => {
                Problem::new(
                    "target-exists",
                    lang.pick("đã có tệp cùng tên", "the output file exists already"),
                    path.display().to_string(),
                    lang.pick("chọn tên khác, hoặc thêm `--force`", "choose another name, or add `--force`"),
                )
            }
            Self::Unwritable { path, error } => crate::text::unwritable(path, error, lang),
            Self::NotWhatWasReleased { .. } => Problem::new(
                "result-not-released",
                lang.pick(
                    "tệp nhận được không phải tệp mà nhật ký ghi",
                    "the file that came is not the one that the journal recorded",
                ),
                self.why(lang),
                lang.pick(
                    "không dùng tệp đó; tải lại, rồi chạy `kyso journal verify`",
                    "it was thrown away; fetch it again, then run `kyso journal verify`",
                ),
            ),
        }
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::NotRunning { socket } => lang.pick(
                format!("không ai nghe ở {}", socket.display()),
                format!("nobody listens at {}", socket.display()),
            ),
            Self::PathTooLong { socket } => lang.pick(
                format!("đường dẫn quá dài cho một socket: {}", socket.display()),
                format!("the path is too long for a socket: {}", socket.display()),
            ),
            Self::NotASocket { socket } => lang.pick(
                format!("{} không phải socket", socket.display()),
                format!("{} is not a socket", socket.display()),
            ),
            Self::ForeignSocket { socket, owner: uid } | Self::ForeignPeer { socket, uid } => {
                format!("{}: uid {uid}", socket.display())
            }
            Self::Unconnected { socket, error } => {
                format!("{}: {}", socket.display(), system(error, lang))
            }
            Self::Status { status } => format!("HTTP {status}"),
            Self::NotWhatWasReleased { path, entry } => lang.pick(
                format!("{}: SHA-256 khác với mục {entry} của nhật ký", path.display()),
                format!("{}: its SHA-256 differs from journal entry {entry}", path.display()),
            ),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning { socket } => write!(f, "no daemon listens at {}", socket.display()),
            Self::PathTooLong { socket } => {
                write!(f, "{} is too long for a socket's address", socket.display())
            }
            Self::NotASocket { socket } => write!(f, "{} is not a socket", socket.display()),
            Self::ForeignSocket { socket, owner } => {
                write!(f, "the socket {} belongs to user {owner}", socket.display())
            }
            Self::ForeignPeer { socket, uid } => {
                write!(f, "a process of user {uid} listens at {}", socket.display())
            }
            Self::Unconnected { socket, error } => write!(f, "{}: {error}", socket.display()),
            Self::Silent { socket } => {
                write!(f, "the daemon at {} accepts no connection", socket.display())
            }
            Self::Http(error) => write!(f, "the connection: {error}"),
            Self::Request(error) => write!(f, "the request: {error}"),
            Self::Reply(error) => write!(f, "the reply: {error}"),
            Self::Refused(document) => write!(f, "{document}"),
            Self::Status { status } => write!(f, "HTTP status {status}"),
            Self::NotJson(error) => write!(f, "JSON: {error}"),
            Self::NotText(error) => write!(f, "the reply: {error}"),
            Self::EventTooLong { most } => write!(f, "an event of more than {most} bytes"),
            Self::Unreadable { path, error } | Self::Unwritable { path, error } => {
                write!(f, "{}: {error}", path.display())
            }
            Self::SentOtherwise { path } => {
                write!(f, "{} changed while it was sent", path.display())
            }
            Self::NotWhatWasReleased { path, entry } => {
                write!(f, "{} is not what journal entry {entry} released", path.display())
            }
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unconnected { error, .. }
            | Self::Unreadable { error, .. }
            | Self::Unwritable { error, .. } => Some(error),
            Self::Http(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Reply(error) => Some(error.as_ref()),
            Self::NotJson(error) => Some(error),
            Self::NotText(error) => Some(error),
            Self::Refused(document) => Some(document.as_ref()),
            Self::NotRunning { .. }
            | Self::PathTooLong { .. }
            | Self::NotASocket { .. }
            | Self::ForeignSocket { .. }
            | Self::ForeignPeer { .. }
            | Self::Silent { .. }
            | Self::Status { .. }
            | Self::EventTooLong { .. }
            | Self::SentOtherwise { .. }
            | Self::NotWhatWasReleased { .. } => None,
        }
    }
}

impl From<hyper::Error> for ClientError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

impl From<hyper::http::Error> for ClientError {
    fn from(error: hyper::http::Error) -> Self {
        Self::Request(error)
    }
}

impl From<serde_json::Error> for ClientError {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson(error)
    }
}
