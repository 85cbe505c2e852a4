//! Starting a daemon that outlives whoever starts it.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use kyso_protocol::Lang;

use super::{Client, ClientError};
use crate::text::Problem;

/// How often a starting daemon is asked whether it is there.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Most of a failed start's last words that is told.
const MOST_WORDS: u64 = 4096;

/// How the daemon is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long it may take until it answers.
    pub patience: Duration,
}

/// Why no daemon came up.
#[derive(Debug)]
pub enum StartError {
    /// The program cannot be run.
    Spawn(io::Error),
    /// It ended at once.
    Ended {
        /// How.
        status: ExitStatus,
        /// What it said.
        words: String,
    },
    /// It did not answer in time.
    Late {
        /// The time it had.
        patience: Duration,
    },
    /// It answers, but not as ours.
    Client(ClientError),
}

impl Start {
    /// Starts the daemon with no terminal and no open pipe to the caller, and connects when it answers. A daemon
    /// that somebody else started meanwhile serves as well.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn connect(&self, socket: &Path, lang: Lang) -> Result<Client, StartError> {
        let mut words = tempfile::tempfile().map_err(StartError::Spawn)?;
        let last_words = words.try_clone().map_err(StartError::Spawn)?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(last_words)
            .spawn()
            .map_err(StartError::Spawn)?;
        let begun = Instant::now();
        loop {
            match Client::connect(socket, lang).await {
                Err(ClientError::NotRunning { .. }) => {}
                Ok(client) => return Ok(client),
                Err(error) => return Err(StartError::Client(error)),
            }
            if let Some(status) = child.try_wait().map_err(StartError::Spawn)? {
                // Two callers may have started one each: the second one ends, the first one serves.
                return match Client::connect(socket, lang).await {
                    Ok(client) => Ok(client),
                    Err(_) => Err(StartError::Ended { status, words: read(&mut words) }),
                };
            }
            if begun.elapsed() > self.patience {
                give_up(child);
                return Err(StartError::Late { patience: self.patience });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

/// A daemon that never answered must not appear later, when nobody expects it.
fn give_up(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn read(words: &mut std::fs::File) -> String {
    let mut bytes = Vec::new();
    let _ = words.rewind().and_then(|()| words.take(MOST_WORDS).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

impl StartError {
    /// The error in three parts.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> Problem {
        if let Self::Client(error) = self {
            return error.explain(lang);
        }
        Problem::new(
            "daemon-not-started",
            lang.pick("không khởi động được dịch vụ kyso", "the kyso daemon could not be started"),
            self.to_string(),
            lang.pick(
                "chạy `kyso daemon run` để xem lỗi, hoặc thêm `--direct` để ký ngay trong lệnh này",
                "run `kyso daemon run` to see why, or add `--direct` to sign in this process",
            ),
        )
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spawn(error) => write!(f, "{error}"),
            Self::Ended { status, words } if words.is_empty() => write!(f, "it ended: {status}"),
            Self::Ended { status, words } => write!(f, "it ended ({status}): {words}"),
            Self::Late { patience } => {
                write!(f, "it did not answer within {} s", patience.as_secs())
            }
            Self::Client(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Spawn(error) => Some(error),
            Self::Client(error) => Some(error),
            Self::Ended { .. } | Self::Late { .. } => None,
        }
    }
}
