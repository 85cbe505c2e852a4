//! `kyso demo`: the whole story in one run, told by the very commands that a person would type.
//!
//! Each step runs this program again with the demo's own configuration, token, daemon and journal; nothing of
//! the user's own is written. What every command printed stands in `transcript.txt`, what the stand-in for a person was
//! asked in `questions.txt`.

mod daemon;
mod pinentry;
mod story;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use daemon::Daemon;
use indicatif::ProgressBar;
use kyso_testkit::pki::{Clock, Hierarchy, Keys, Plan, Route, Server};
use kyso_testkit::softhsm;

use crate::args::DemoArgs;
use crate::out::say;
use kyso_daemon::text::{Lang, Problem};

const DAY: i64 = 86_400;

/// PIN of the demo's token and password of its key file; it protects nothing.
const PIN: &str = "1234567890";

pub(crate) use pinentry::run as pinentry;

pub(crate) fn run(arguments: &DemoArgs, lang: Lang) -> Result<u8, Problem> {
    let folder = match &arguments.folder {
        Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
        None => fresh_folder().map_err(|error| failed(&error.to_string(), lang))?,
    };
    let mut story =
        Story::begin(folder, arguments.key_file, lang).map_err(|error| failed(&error, lang))?;
    let told = story.tell();
    let stopped = story.stop_daemon();
    // The transcript is worth most when a step failed.
    story.leave_transcript().map_err(|error| failed(&error.to_string(), lang))?;
    told.and(stopped).map_err(|error| failed(&error, lang))?;
    story.say_where();
    Ok(0)
}

fn failed(why: &str, lang: Lang) -> Problem {
    Problem::new(
        "demo-failed",
        lang.pick("bản trình diễn bị dừng", "the demo stopped"),
        why,
        lang.pick(
            "xem `kyso doctor`; thử `kyso demo --key-file` (không cần SoftHSM) hoặc `--folder THƯ-MỤC`",
            "see `kyso doctor`; try `kyso demo --key-file` (needs no SoftHSM) or `--folder DIR`",
        ),
    )
}

/// A new folder of this user alone each time; one that is there already, whoever made it, is passed over.
fn fresh_folder() -> std::io::Result<PathBuf> {
    let base = std::env::temp_dir();
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let mut number = 1;
    loop {
        let folder = match number {
            1 => base.join("kyso-demo"),
            _ => base.join(format!("kyso-demo-{number}")),
        };
        match builder.create(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 1000 => {
                number += 1;
            }
            made => return made.map(|()| folder),
        }
    }
}

struct Story {
    folder: PathBuf,
    softhsm: Option<softhsm::Environment>,
    /// Whether the key lies in a file, although SoftHSM may be installed.
    key_file: bool,
    daemon: Option<Daemon>,
    /// Authority, responder, lists and time-stamps, over loopback and for as long as the story lasts.
    services: Server,
    transcript: String,
    lang: Lang,
}

/// What a command answered.
struct Answer {
    code: i32,
    stdout: String,
}

impl Story {
    fn begin(folder: PathBuf, key_file: bool, lang: Lang) -> Result<Self, String> {
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        // With a key file too: the daemon lists the tokens of every module it finds, and shall not find the user's.
        let softhsm = softhsm::module_path().map(|_| softhsm::Environment::new(&folder));
        let key_file = key_file || softhsm.is_none();
        let now = jiff::Timestamp::now().as_second();
        let services = Server::start(Clock::System, |base| {
            let plan = Plan::new(now - DAY, now + 3650 * DAY).served_at(base);
            Hierarchy::new(&plan, Keys::Fresh)
        })
        .map_err(|error| error.to_string())?;
        let transcript = String::new();
        let story = Self { folder, softhsm, key_file, daemon: None, services, transcript, lang };
        let config = story.config();
        story.write("config.toml", config.as_bytes())?;
        story.secret("pin.txt", PIN.as_bytes())?;
        story.secret("so-pin.txt", PIN.as_bytes())?;
        Ok(story)
    }

    /// The demo's configuration.
    fn config(&self) -> String {
        let at = |name: &str| self.folder.join(name);
        let mut config = format!("journal = {:?}\n", at("journal/journal.sqlite"));
        let _ = writeln!(config, "trust = [{:?}]", at("root.pem"));
        match &self.softhsm {
            Some(environment) if !self.key_file => {
                let _ = writeln!(config, "credential = \"pkcs11:token=kyso-demo\"");
                let _ = writeln!(config, "modules = [{:?}]", environment.module());
            }
            _ => {}
        }
        // The demo's services are on this machine, where nothing is fetched from unless it is said.
        let _ = writeln!(
            config,
            "[fetch]\nnetworks = [\"127.0.0.0/8\"]\ncache = {:?}\n[timestamp]\nauthorities = [{:?}]",
            at("cache"),
            self.services.url(Route::TimeStamping),
        );
        let _ = writeln!(
            config,
            "[daemon]\nsocket = {:?}\nstate = {:?}\npinentry = {:?}",
            daemon::socket(&self.folder),
            at("daemon"),
            at("pinentry"),
        );
        if self.key_file {
            let _ = writeln!(config, "key-files = [{:?}]", at("demo-key.p12"));
        }
        config
    }

    fn say_where(&self) {
        let lang = self.lang;
        let name = |name: &str, what: &str| say!("  {name:<24} {what}");
        name(
            "cong-van-signed.pdf",
            lang.pick("mở bằng trình đọc PDF", "open it with a PDF viewer"),
        );
        name(
            "signed/",
            lang.pick("các giấy mời đã ký và biên nhận", "the signed letters and a receipt"),
        );
        name(
            "bao-cao.pdf",
            lang.pick("báo cáo kiểm tra so-lieu.csv.p7s", "the report on so-lieu.csv.p7s"),
        );
        name(
            "yeu-cau-cap-lai.p7m",
            lang.pick("yêu cầu cấp lại, có chữ ký", "the signed reissuance request"),
        );
        name(
            "questions.txt",
            lang.pick("những gì một người sẽ được hỏi", "what a person would have been asked"),
        );
        name(
            "transcript.txt",
            lang.pick("mọi lệnh và câu trả lời", "every command and its answer"),
        );
    }

    fn step(&self, number: u8, name: &str, text: &str) {
        say!("{number}. {name:<13} {text}");
    }

    fn note(&self, text: &str) {
        say!("   {:<13} {text}", "");
    }

    fn spinner(&self, message: &'static str) -> ProgressBar {
        if !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner().with_message(message);
        spinner.enable_steady_tick(std::time::Duration::from_millis(100));
        spinner
    }

    /// Runs a command that must succeed.
    fn expect(&mut self, arguments: &[&str]) -> Result<Answer, String> {
        let answer = self.ask(arguments)?;
        if answer.code == 0 {
            return Ok(answer);
        }
        Err(format!(
            "`kyso {}` ended with {}; see transcript.txt",
            arguments.join(" "),
            answer.code
        ))
    }

    /// A command of this program in the demo's folder.
    fn command(&self, arguments: &[&str]) -> Result<Command, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(["--lang", self.lang.pick("vi", "en")])
            .args(arguments)
            .current_dir(&self.folder)
            .env("KYSO_CONFIG", self.folder.join("config.toml"))
            .env_remove("KYSO_JOURNAL")
            .stdin(Stdio::null());
        if let Some(environment) = &self.softhsm {
            let (name, value) = environment.variable();
            command.env(name, value);
        }
        Ok(command)
    }

    /// Runs a command of this program.
    fn ask(&mut self, arguments: &[&str]) -> Result<Answer, String> {
        let mut command = self.command(arguments)?;
        let output = command.output().map_err(|error| error.to_string())?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let code = output.status.code().unwrap_or(-1);
        let _ = writeln!(self.transcript, "$ kyso {}", arguments.join(" "));
        let _ = writeln!(
            self.transcript,
            "{stdout}{}[exit {code}]\n",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Answer { code, stdout })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        write(&self.folder.join(name), bytes)
    }

    /// A PIN file, which others may not read.
    fn secret(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.write(name, bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = self.folder.join(name);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }

    fn leave_transcript(&self) -> std::io::Result<()> {
        std::fs::write(self.folder.join("transcript.txt"), &self.transcript)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
