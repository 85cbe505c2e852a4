//! `kyso daemon`: run, status, stop.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use kyso_daemon::Start;
use kyso_daemon::text::{self, Lang, Problem, locale};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value, json};

use crate::args::Cli;
use crate::desk::Desk;
use crate::out::{self, say, shown, tell};

/// Exit code where no daemon runs.
const NONE_RUNS: u8 = 3;
/// How long the daemon may take for an answer about itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an act in hand may take before `stop` gives up waiting; the daemon's own bound is a little below.
const FAREWELL: Duration = Duration::from_secs(70);
/// Most bytes of an answer about itself.
const MOST: u64 = 4 << 20;

/// Runs the daemon in this process; `detached`, in a session of its own, which no closing terminal ends.
pub(crate) fn run(cli: &Cli, detached: bool) -> Result<u8, (Problem, Lang)> {
    if detached {
        // Refused only to the leader of a process group, and that one was started by a person.
        let _ = rustix::process::setsid();
    }
    let first = cli.lang.unwrap_or_else(locale);
    let program = std::env::current_exe().map_err(|error| {
        let problem = Problem::new(
            "program-unknown",
            first
                .pick("không biết chương trình này nằm ở đâu", "the program's own path is unknown"),
            text::system(&error, first),
            first.pick("cài lại kyso", "install kyso again"),
        );
        (problem, first)
    })?;
    let start =
        Start { config: cli.config.clone(), journal: cli.journal.clone(), lang: cli.lang, program };
    kyso_daemon::run(&start)?;
    Ok(0)
}

/// Says how the daemon is.
pub(crate) fn status(desk: &Desk, as_json: bool) -> Result<u8, Problem> {
    let lang = desk.lang();
    let socket = desk.socket()?;
    let Some(daemon) = Daemon::find(&socket, lang)? else {
        if as_json {
            out::json(&json!({ "running": false, "socket": socket.to_string_lossy() }));
        } else {
            say!("{}", lang.pick("Không có dịch vụ nào chạy.", "No daemon runs."));
            say!("  socket: {}", out::path(&socket));
        }
        return Ok(NONE_RUNS);
    };
    let info = daemon.json("/v1/info")?;
    let health = daemon.json("/readyz")?;
    let meters = daemon.get("/metrics")?;
    let entries = sample(&meters, "kyso_journal_records");
    let tokens = daemon.json("/v1/tokens").ok();
    let certificates = daemon.json("/v1/certificates").ok();
    let warnings = warnings(certificates.as_ref());
    let ready = health["status"] == "ok";
    if as_json {
        out::json(&json!({
            "running": true,
            "ready": ready,
            "socket": socket.to_string_lossy(),
            "pid": info["pid"],
            "version": info["version"],
            "started_at": info["started_at"],
            "consent": info["consent"],
            "journal_records": entries,
            "journal_key": info["journal_key"],
            "checks": health["checks"],
            "tokens": tokens.as_ref().map(|list| list["tokens"].clone()),
            "workers": sample(&meters, "kyso_workers"),
            "warnings": warnings,
        }));
        return Ok(u8::from(!ready));
    }
    let words = |value: &Value| shown(value.as_str().unwrap_or("?"));
    let pid = &info["pid"];
    let version = words(&info["version"]);
    let since = out::moment(info["started_at"].as_str().unwrap_or("?"));
    say!(
        "{}",
        lang.pick(
            format!("Dịch vụ kyso {version} đang chạy: tiến trình {pid}, từ {since}"),
            format!("The kyso daemon {version} runs: process {pid}, since {since}"),
        )
    );
    say!("  socket: {}", out::path(&socket));
    if let Some(entries) = entries {
        say!("  {}: {entries}", lang.pick("số bản ghi nhật ký", "journal records"));
    }
    for check in health["checks"].as_array().into_iter().flatten() {
        let name = check_name(check["name"].as_str().unwrap_or("?"), lang);
        match check["code"].as_str() {
            None => say!("  {name}: {}", lang.pick("tốt", "works")),
            Some(code) => say!("  {name}: {} ({})", lang.pick("LỖI", "FAILS"), shown(code)),
        }
    }
    let listed = tokens.iter().flat_map(|list| list["tokens"].as_array()).flatten();
    // A blank token has neither name nor number.
    for token in listed.filter(|token| token["initialized"] == true) {
        let busy = if token["busy"] == true { lang.pick(" (đang ký)", " (signing)") } else { "" };
        say!("  token: {} {}{busy}", words(&token["label"]), words(&token["serial"]));
    }
    for warning in &warnings {
        say!("  {}: {}", lang.pick("cảnh báo", "warning"), shown(warning));
    }
    Ok(u8::from(!ready))
}

/// Stops the daemon and waits until it is gone.
pub(crate) fn stop(desk: &Desk) -> Result<u8, Problem> {
    let lang = desk.lang();
    let socket = desk.socket()?;
    let Some(daemon) = Daemon::find(&socket, lang)? else {
        tell!("{}", lang.pick("Không có dịch vụ nào chạy.", "No daemon runs."));
        return Ok(NONE_RUNS);
    };
    let failed = |error: rustix::io::Errno| daemon.silent(&std::io::Error::from(error));
    let pid = daemon.pid()?;
    // A number alone may be another process's by now; one that still answers under it, once it is held, is not.
    let held = pidfd_open(pid, PidfdFlags::empty()).map_err(failed)?;
    if daemon.pid()? != pid {
        return Err(daemon.silent(&ErrorKind::ConnectionReset.into()));
    }
    pidfd_send_signal(&held, Signal::TERM).map_err(failed)?;
    let mut gone = [rustix::event::PollFd::new(&held, rustix::event::PollFlags::IN)];
    let patience = rustix::event::Timespec {
        tv_sec: i64::try_from(FAREWELL.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: 0,
    };
    let ended = rustix::event::poll(&mut gone, Some(&patience)).map_err(failed)?;
    if ended == 0 {
        return Err(daemon.silent(&ErrorKind::TimedOut.into()));
    }
    say!("{}", lang.pick("Dịch vụ đã dừng.", "The daemon has stopped."));
    Ok(0)
}

/// A daemon that answers.
struct Daemon<'a> {
    socket: &'a Path,
    lang: Lang,
}

impl<'a> Daemon<'a> {
    /// The daemon at this socket; `None` where nobody listens.
    fn find(socket: &'a Path, lang: Lang) -> Result<Option<Self>, Problem> {
        let daemon = Self { socket, lang };
        match daemon.ask("/healthz") {
            Ok(_) => Ok(Some(daemon)),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
            {
                Ok(None)
            }
            Err(error) => Err(daemon.silent(&error)),
        }
    }

    fn pid(&self) -> Result<Pid, Problem> {
        let info = self.json("/v1/info")?;
        let pid = info["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).ok_or_else(|| self.silent(&ErrorKind::InvalidData.into()))
    }

    fn json(&self, path: &str) -> Result<Value, Problem> {
        let text = self.get(path)?;
        serde_json::from_str(&text).map_err(|error| self.silent(&error.into()))
    }

    fn get(&self, path: &str) -> Result<String, Problem> {
        self.ask(path).map_err(|error| self.silent(&error))
    }

    /// One request on a connection of its own; the body, whatever the status.
    fn ask(&self, path: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let lang = self.lang.tag();
        // HTTP/1.0: the answer is neither chunked nor kept alive.
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept-Language: {lang}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
        let body = end.map(|end| answer.split_off(end + 4)).ok_or(ErrorKind::UnexpectedEof)?;
        String::from_utf8(body).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
    }

    fn silent(&self, error: &std::io::Error) -> Problem {
        Problem::new(
            "daemon-silent",
            self.lang.pick("dịch vụ không trả lời", "the daemon does not answer"),
            format!("{}: {}", self.socket.display(), text::system(error, self.lang)),
            self.lang.pick("xem nhật ký vận hành của dịch vụ", "look at the daemon's log"),
        )
    }
}

/// What `/readyz` looks at, in words.
fn check_name(name: &str, lang: Lang) -> String {
    let (vi, en) = match name {
        "journal" => ("nhật ký", "journal"),
        "store" => ("các bảng", "tables"),
        "spool" => ("chỗ cho tài liệu", "room for documents"),
        "policy" => ("tệp chính sách", "policy file"),
        other => return shown(other),
    };
    lang.pick(vi, en).to_owned()
}

/// One unlabelled sample of a Prometheus text.
fn sample(meters: &str, name: &str) -> Option<u64> {
    let line = meters.lines().find(|line| line.split(' ').next() == Some(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn warnings(certificates: Option<&Value>) -> Vec<String> {
    let listed = certificates.and_then(|list| list["certificates"].as_array());
    let all = listed.into_iter().flatten().flat_map(|certificate| {
        let warnings = certificate["warnings"].as_array().cloned().unwrap_or_default();
        warnings.into_iter().map(|warning| {
            let name = certificate["display_name"].as_str().unwrap_or_default();
            format!("{name}: {}", warning["text"].as_str().unwrap_or_default())
        })
    });
    all.collect()
}
