//! A running daemon and plain HTTP over its socket, as any client would speak it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// How long a daemon may take to start, to stop, or to finish an operation, before the run is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A person's stand-in, who agrees to all and types the PIN of the benchmark's token.
const PINENTRY: &str = "#!/bin/sh\necho OK ready\nwhile read -r word rest; do\n  case $word in\n    GETPIN) echo 'D 123456'; echo OK ;;\n    BYE) echo OK; exit 0 ;;\n    *) echo OK ;;\n  esac\ndone\n";

/// A daemon of the benchmark's own, ended when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    socket: PathBuf,
    started: Duration,
}

impl Daemon {
    /// Starts the program and waits for its first answer.
    pub(crate) fn start(folder: &Path, module: &Path, variable: (&str, &Path)) -> Result<Self> {
        let pinentry = folder.join("pinentry");
        std::fs::write(&pinentry, PINENTRY)?;
        std::fs::set_permissions(&pinentry, std::fs::Permissions::from_mode(0o700))?;
        let socket = folder.join("run/kyso.sock");
        let config = folder.join("config.toml");
        let mut text = String::new();
        let _ =
            writeln!(text, "modules = [{module:?}]\njournal = {:?}", folder.join("journal.sqlite"));
        let _ = writeln!(text, "[daemon]\nsocket = {socket:?}\nstate = {:?}", folder.join("state"));
        let _ = writeln!(text, "consent = \"pinentry\"\npinentry = {pinentry:?}");
        let _ = writeln!(text, "[daemon.log]\nlevel = \"warn\"");
        std::fs::write(&config, text)?;
        let program = std::env::current_exe()?.with_file_name("kyso");
        let begun = Instant::now();
        let child = Command::new(&program)
            .arg("--config")
            .arg(&config)
            .args(["daemon", "run"])
            .env(variable.0, variable.1)
            .env("XDG_RUNTIME_DIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} starts", program.display()))?;
        let mut daemon = Self { child, socket, started: Duration::ZERO };
        loop {
            if let Ok(mut client) = daemon.client()
                && client.get("/v1/info").is_ok()
            {
                daemon.started = begun.elapsed();
                return Ok(daemon);
            }
            if begun.elapsed() > PATIENCE || daemon.child.try_wait()?.is_some() {
                bail!("the daemon does not answer");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Time from its start to its first answer.
    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    /// A connection of its own.
    pub(crate) fn client(&self) -> Result<Client> {
        let stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    /// Memory it holds now (VmRSS), in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).context("a number of KiB")
    }

    /// Ends it and waits, so that its CPU time counts as ours.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > PATIENCE {
                self.child.kill()?;
                self.child.wait()?;
                bail!("the daemon does not stop");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// One keep-alive connection.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    pub(crate) fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        self.call("GET", path, &[], b"")
    }

    pub(crate) fn get_json(&mut self, path: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get(path)?)?)
    }

    pub(crate) fn post_json(&mut self, path: &str, key: &str, body: &Value) -> Result<Value> {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let answer = self.call("POST", path, &headers, &serde_json::to_vec(body)?)?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Uploads a document and gives its id and hash.
    pub(crate) fn upload(&mut self, name: &str, bytes: &[u8]) -> Result<(String, String)> {
        use base64::Engine as _;
        let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
        let digest = base64::engine::general_purpose::STANDARD.encode(hash.as_ref());
        let digest = format!("sha-256=:{digest}:");
        let headers =
            [("Content-Type", "application/octet-stream"), ("Content-Digest", digest.as_str())];
        let answer = self.call("POST", &format!("/v1/documents?name={name}"), &headers, bytes)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let text = |member: &str| {
            answer[member]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("{member}: {answer}"))
        };
        Ok((text("id")?, text("sha256")?))
    }

    /// Sends a request and gives the body of a good answer.
    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<u8>> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if method == "POST" {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        let (status, answer) = self.answer()?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(&answer));
        }
        Ok(answer)
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.with_context(|| format!("a status line: {line:?}"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
            chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if chunked {
            self.chunks(&mut body)?;
        }
        Ok((status, body))
    }

    /// A body in chunks (RFC 9112 §7.1), to the last, empty one.
    fn chunks(&mut self, body: &mut Vec<u8>) -> Result<()> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim_end(), 16)?;
            let begun = body.len();
            body.resize(begun + size, 0);
            self.stream.read_exact(body.get_mut(begun..).unwrap_or_default())?;
            self.stream.read_exact(&mut [0; 2])?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Waits until the resource's `state` is final, and gives it.
    pub(crate) fn wait(&mut self, path: &str, pause: Duration) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let now = self.get_json(path)?;
            match now["state"].as_str() {
                Some("succeeded") => return Ok(now),
                Some(
                    "failed" | "cancelled" | "denied" | "timed-out" | "interrupted" | "paused",
                ) => {
                    bail!("{path}: {now}")
                }
                _ if begun.elapsed() > PATIENCE => bail!("{path} does not end: {now}"),
                _ => std::thread::sleep(pause),
            }
        }
    }
}
