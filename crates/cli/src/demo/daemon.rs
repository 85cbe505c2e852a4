//! The demo's own daemon: a child that never outlives the demo.

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kyso_daemon::client::{self, Client, ClientError};
use kyso_daemon::text::Lang;

/// Longest path that fits into a socket's address everywhere (104 bytes on the BSDs), with its end.
const MOST_PATH_BYTES: usize = 100;

/// How long the daemon may take to answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running daemon; dropping it kills it.
pub(super) struct Daemon {
    child: Child,
    socket: PathBuf,
}

/// The socket in the demo's folder, or in the one for temporary files where that path is too long.
pub(super) fn socket(folder: &Path) -> PathBuf {
    let near = folder.join("socket/kyso.sock");
    if near.as_os_str().as_bytes().len() <= MOST_PATH_BYTES {
        return near;
    }
    std::env::temp_dir().join(format!("kyso-demo-{}", std::process::id())).join("kyso.sock")
}

/// The stand-in for pinentry: a script, because a pinentry is called without arguments.
pub(super) fn stand_in(folder: &Path, program: &Path) -> std::io::Result<()> {
    let mut script = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o700)
        .open(folder.join("pinentry"))?;
    let quoted = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"));
    writeln!(
        script,
        "#!/bin/sh\n# Stands in for the person at the desk: agrees to every question and types the demo's PIN.\n\
         cd {} && exec {} demo-pinentry",
        quoted(folder),
        quoted(program)
    )
}

impl Daemon {
    /// Starts the daemon by `command` and waits for its first answer.
    pub(super) fn start(mut command: Command, folder: &Path, lang: Lang) -> Result<Self, String> {
        let socket = socket(folder);
        if let Some(folder) = socket.parent() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let log = folder.join("daemon.log");
        let log = std::fs::File::create(&log).map_err(|error| error.to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut daemon = Self { child, socket };
        client::block_on(daemon.answers(lang)).map_err(|error| error.to_string())??;
        Ok(daemon)
    }

    async fn answers(&mut self, lang: Lang) -> Result<(), String> {
        let begun = std::time::Instant::now();
        loop {
            match Client::connect(&self.socket, lang).await {
                Ok(_) => return Ok(()),
                Err(ClientError::NotRunning { .. }) => {}
                Err(error) => return Err(error.to_string()),
            }
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("the daemon ended ({status}); see daemon.log"));
            }
            if begun.elapsed() > PATIENCE {
                return Err("the daemon does not answer; see daemon.log".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a daemon that was told to stop.
    pub(super) fn wait(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("the daemon ended with {status}")) }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = self.socket.parent() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}
