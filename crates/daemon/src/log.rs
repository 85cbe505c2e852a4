//! Where the log goes: standard error, or one file a day of which a bounded number stays.

use std::path::PathBuf;

use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::Log;
use crate::spool::private_folder;
use crate::text::{self, Lang, Problem};

/// Why there is no log.
#[derive(Debug)]
pub(crate) enum LogError {
    /// `level` is no filter.
    Level(ParseError),
    /// The folder cannot be made.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The first file cannot be made.
    File(InitError),
    /// The process has a log already.
    Twice(TryInitError),
}

impl LogError {
    /// The three parts.
    #[must_use]
    pub(crate) fn explain(&self, lang: Lang) -> Problem {
        let why = match self {
            Self::Level(error) => error.to_string(),
            Self::Folder { folder, error } => {
                format!("{}: {}", folder.display(), text::system(error, lang))
            }
            Self::File(error) => error.to_string(),
            Self::Twice(error) => error.to_string(),
        };
        Problem::new(
            "log-unusable",
            lang.pick("không mở được nhật ký vận hành", "the daemon's log cannot be opened"),
            why,
            lang.pick("sửa bảng [daemon.log]", "mend the table [daemon.log]"),
        )
    }
}

/// Opens the log of this process.
///
/// # Errors
/// [`LogError`].
pub(crate) fn open(log: &Log) -> Result<(), LogError> {
    let filter = EnvFilter::builder().parse(&log.level).map_err(LogError::Level)?;
    let build = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    let opened = match (&log.folder, log.json) {
        (None, false) => build.with_ansi(false).with_writer(std::io::stderr).finish().try_init(),
        (None, true) => build.json().with_writer(std::io::stderr).finish().try_init(),
        (Some(folder), json) => {
            private_folder(folder)
                .map_err(|error| LogError::Folder { folder: folder.clone(), error })?;
            let appender = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix("kyso")
                .filename_suffix("log")
                .max_log_files(log.keep.max(1))
                .build(folder)
                .map_err(LogError::File)?;
            let build = build.with_ansi(false);
            if json {
                build.json().with_writer(std::sync::Mutex::new(appender)).finish().try_init()
            } else {
                build.with_writer(std::sync::Mutex::new(appender)).finish().try_init()
            }
        }
    };
    opened.map_err(LogError::Twice)
}
