//! `kyso demo`: the whole story in one run, told by the very commands that a person would type.
//!
//! Each step runs this program again with the demo's own configuration, token and journal; nothing of
//! the user's own is read or written. What every command printed stands in `transcript.txt`.

mod pinentry;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use indicatif::ProgressBar;
use kyso_testkit::{Authority, Curve, Profile, Subject, softhsm};

use crate::args::DemoArgs;
use crate::out::say;
use kyso_daemon::text::{Lang, Problem};

/// A letter of a commune, made by LibreOffice.
const DOCUMENT: &[u8] = include_bytes!("../../../test-vectors/pdf/cong-van.pdf");

/// PIN of the demo's token and password of its key file; it protects nothing.
const PIN: &str = "1234567890";
const DAY: i64 = 86_400;

pub(crate) use pinentry::run as pinentry;

pub(crate) fn run(arguments: &DemoArgs, lang: Lang) -> Result<u8, Problem> {
    let folder = match &arguments.folder {
        Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
        None => fresh_folder().map_err(|error| failed(&error.to_string(), lang))?,
    };
    let mut story =
        Story::begin(folder, arguments.key_file, lang).map_err(|error| failed(&error, lang))?;
    let told = story.tell();
    // The transcript is worth most when a step failed.
    story.leave_transcript().map_err(|error| failed(&error.to_string(), lang))?;
    told.map_err(|error| failed(&error, lang))?;
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
    credential: String,
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
        let softhsm = (!key_file && softhsm::module_path().is_some())
            .then(|| softhsm::Environment::new(&folder));
        let pin = percent_encoded(&folder.join("pin.txt"));
        let credential = match &softhsm {
            Some(_) => format!("pkcs11:token=kyso-demo?pin-source=file:{pin}"),
            None => format!("file:demo-key.p12?pin-source=file:{pin}"),
        };
        let mut config = format!("journal = {:?}\n", folder.join("journal/journal.sqlite"));
        let _ = writeln!(
            config,
            "trust = [{:?}]\ncredential = {credential:?}",
            folder.join("root.pem")
        );
        if let Some(environment) = &softhsm {
            let _ = writeln!(config, "modules = [{:?}]", environment.module());
        }
        let story = Self { folder, softhsm, credential, transcript: String::new(), lang };
        story.write("config.toml", config.as_bytes())?;
        story.secret("pin.txt", PIN.as_bytes())?;
        story.secret("so-pin.txt", PIN.as_bytes())?;
        Ok(story)
    }

    fn tell(&mut self) -> Result<(), String> {
        let lang = self.lang;
        say!("kyso demo — {}\n", self.folder.display());
        self.make_token()?;
        self.sign()?;
        self.verify()?;
        self.refuse_what_was_altered()?;
        self.prove()?;
        say!();
        say!("{}", lang.pick("Xem các tệp:", "Look at the files:"));
        Ok(())
    }

    /// 1. A token with a key, and a certificate for it.
    fn make_token(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let spinner =
            self.spinner(lang.pick("Đang tạo token và khóa …", "Making a token and a key …"));
        let target: &[&str] = match self.softhsm {
            Some(_) => &["--token", "kyso-demo"],
            None => &["--file", "demo-key.p12"],
        };
        let kind = if self.softhsm.is_some() { "rsa2048" } else { "p256" };
        let mut init = vec!["token", "init", "--label", "kyso-demo", "--pin-file", "pin.txt"];
        match self.softhsm {
            Some(_) => init.extend(["--so-pin-file", "so-pin.txt"]),
            None => init.extend(["--file", "demo-key.p12"]),
        }
        self.expect(&init)?;
        let generate =
            ["token", "generate", "--key", kind, "--pin-file", "pin.txt", "-o", "public-key.pem"];
        self.expect(&[&generate[..], target].concat())?;
        self.issue_certificate()?;
        let import =
            ["token", "import", "--certificate", "certificate.pem", "--pin-file", "pin.txt"];
        self.expect(&[&import[..], target].concat())?;
        spinner.finish_and_clear();
        let place = match self.softhsm {
            Some(_) => lang.pick("token SoftHSM, khóa RSA-2048", "a SoftHSM token, RSA-2048 key"),
            None => lang.pick("tệp khóa PKCS#12, khóa P-256", "a PKCS#12 key file, P-256 key"),
        };
        self.step(1, lang.pick("Token", "Token"), place);
        self.note(lang.pick(
            "chứng thư của «Hà Văn Tý» do một CA thử nghiệm cấp",
            "a certificate of “Hà Văn Tý” from a test authority",
        ));
        Ok(())
    }

    fn issue_certificate(&self) -> Result<(), String> {
        let now = jiff::Timestamp::now().as_second();
        let authority = Authority::new(Curve::P256, now - DAY, now + 3650 * DAY)
            .map_err(|error| error.to_string())?;
        let profile =
            Profile::document_signing(Subject::official(), now - DAY / 24, now + 365 * DAY);
        let pem =
            std::fs::read(self.folder.join("public-key.pem")).map_err(|error| error.to_string())?;
        let spki = kyso_x509::pem::decode(&pem, &["PUBLIC KEY"])
            .map_err(|error| error.to_string())?
            .swap_remove(0);
        let leaf = authority.issue(&profile, &spki).map_err(|error| error.to_string())?;
        let chain = format!(
            "{}{}",
            kyso_testkit::authority::certificate_pem(&leaf),
            authority.intermediate_pem()
        );
        self.write("certificate.pem", chain.as_bytes())?;
        self.write("root.pem", authority.root_pem().as_bytes())
    }

    /// 2. A PDF and another file, signed.
    fn sign(&mut self) -> Result<(), String> {
        let lang = self.lang;
        self.write("cong-van.pdf", DOCUMENT)?;
        self.write("so-lieu.csv", "xã,số hồ sơ\nĐăk Hà,12\nNgọk Réo,7\n".as_bytes())?;
        let pades = self.expect(&["sign", "--direct", "--reason", "Ban hành", "cong-van.pdf"])?;
        self.step(2, lang.pick("Ký", "Sign"), pades.stdout.trim());
        let cades = self.expect(&["sign", "--direct", "--detached", "so-lieu.csv"])?;
        self.note(cades.stdout.trim());
        Ok(())
    }

    /// 3. Both verify.
    fn verify(&mut self) -> Result<(), String> {
        let lang = self.lang;
        for (index, file) in ["cong-van-signed.pdf", "so-lieu.csv.p7s"].into_iter().enumerate() {
            let answer = self.expect(&["verify", "--policy", "integrity-only", file])?;
            let verdict = answer.stdout.lines().next().unwrap_or_default().to_owned();
            if index == 0 {
                self.step(3, lang.pick("Kiểm tra", "Verify"), &verdict);
            } else {
                self.note(&verdict);
            }
        }
        self.note(lang.pick(
            "(không có --policy, câu trả lời là INDETERMINATE cho tới khi biết tình trạng thu hồi)",
            "(without --policy the answer is INDETERMINATE until the revocation status is known)",
        ));
        Ok(())
    }

    /// 4. A copy with one byte changed is refused.
    fn refuse_what_was_altered(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let mut altered = std::fs::read(self.folder.join("cong-van-signed.pdf"))
            .map_err(|error| error.to_string())?;
        // A byte of the page's own content, well behind the stream's beginning.
        let place = altered
            .windows(7)
            .position(|window| window == b"stream\n")
            .map(|place| place + 40)
            .ok_or("the demo's PDF has no content to alter")?;
        if let Some(byte) = altered.get_mut(place) {
            *byte ^= 1;
        }
        self.write("cong-van-altered.pdf", &altered)?;
        let answer = self.ask(&["verify", "--policy", "integrity-only", "cong-van-altered.pdf"])?;
        if answer.code != 1 {
            return Err(format!("an altered PDF was not refused: exit {}", answer.code));
        }
        let verdict = answer.stdout.lines().next().unwrap_or_default().to_owned();
        self.step(4, lang.pick("Bản bị sửa", "Altered copy"), &verdict);
        Ok(())
    }

    /// 5. The journal holds what happened and proves it.
    fn prove(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let verified = self.expect(&["journal", "verify"])?;
        let first = verified.stdout.lines().next().unwrap_or_default().to_owned();
        self.step(5, lang.pick("Nhật ký", "Journal"), &first);
        self.expect(&["journal", "prove", "1", "-o", "cong-van-signed.pdf.tlog-proof"])?;
        let receipt = self.expect(&["journal", "verify", "cong-van-signed.pdf.tlog-proof"])?;
        self.note(receipt.stdout.trim());
        self.expect(&["journal", "export", "journal-export.jsonl"])?;
        Ok(())
    }

    fn say_where(&self) {
        let lang = self.lang;
        let at = |name: &str| self.folder.join(name).display().to_string();
        say!(
            "  {:<34} {}",
            "cong-van-signed.pdf",
            lang.pick("mở bằng trình đọc PDF", "open it with a PDF viewer")
        );
        say!("    pdfsig -nocert {}", at("cong-van-signed.pdf"));
        say!(
            "  {:<34} {}",
            "so-lieu.csv.p7s",
            lang.pick("chữ ký tách rời (CAdES)", "a detached signature (CAdES)")
        );
        say!(
            "    openssl cms -verify -cades -binary -inform DER -in {} -content {} -CAfile {} -purpose any -out /dev/null",
            at("so-lieu.csv.p7s"),
            at("so-lieu.csv"),
            at("root.pem")
        );
        say!(
            "  {:<34} {}",
            "transcript.txt",
            lang.pick("mọi lệnh và câu trả lời", "every command and its answer")
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

    /// Runs a command of this program in the demo's folder.
    fn ask(&mut self, arguments: &[&str]) -> Result<Answer, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(["--lang", self.lang.pick("vi", "en")])
            .args(arguments)
            .current_dir(&self.folder)
            .env("KYSO_CONFIG", "config.toml")
            .env_remove("KYSO_JOURNAL")
            .stdin(Stdio::null());
        if let Some(environment) = &self.softhsm {
            let (name, value) = environment.variable();
            command.env(name, value);
        }
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
        let head = format!("# credential: {}\n\n", self.credential);
        std::fs::write(self.folder.join("transcript.txt"), head + &self.transcript)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// A path as it stands in a URI (RFC 3986 §2.1).
fn percent_encoded(path: &Path) -> String {
    let mut encoded = String::new();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
