//! A person's desk: SoftHSM of one's own, an authority, a configuration, a journal, and the built program.

#![allow(dead_code, reason = "each test file uses a part of the desk")]

#[cfg(unix)]
pub(crate) mod daemon;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kyso_testkit::{Authority, Curve, Profile, Subject, softhsm};
use tempfile::TempDir;

/// PIN of every token of the desk.
pub(crate) const PIN: &str = "247913";

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) softhsm: softhsm::Environment,
    pub(crate) authority: Authority,
    pub(crate) now: i64,
}

impl House {
    /// A desk without tokens.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the desk");
        let softhsm = softhsm::Environment::new(folder.path());
        let now = jiff::Timestamp::now().as_second();
        let year = 365 * 86_400;
        let authority =
            Authority::new(Curve::P256, now - 5 * year, now + 10 * year).expect("an authority");
        let house = Self { folder, softhsm, authority, now };
        std::fs::write(house.path("root.pem"), house.authority.root_pem()).expect("root.pem");
        kyso_testkit::write_secret(house.path("pin"), PIN);
        kyso_testkit::write_secret(house.path("so-pin"), "35791357");
        let config = format!(
            "modules = [{:?}]\ntrust = [{:?}]\njournal = {:?}\nlang = \"en\"\n",
            house.softhsm.module(),
            house.path("root.pem"),
            house.path("journal/journal.sqlite"),
        );
        std::fs::write(house.path("config.toml"), config).expect("config.toml");
        house
    }

    /// A path on the desk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with this desk's configuration and nothing of the user's own.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kyso"));
        let (name, value) = self.softhsm.variable();
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env(name, value)
            .env("KYSO_CONFIG", self.path("config.toml"))
            // No daemon of the user's own is asked.
            .env("XDG_RUNTIME_DIR", self.path("runtime"))
            // Nor is anything kept in the user's own folders.
            .env("XDG_STATE_HOME", self.path("state-home"))
            .env_remove("KYSO_JOURNAL")
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn kyso<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.command(arguments).output().expect("kyso runs")
    }

    /// Runs the program, expects exit 0 and gives its standard output.
    #[track_caller]
    pub(crate) fn expect<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let output = self.kyso(arguments);
        assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Makes a token with one key of `kind` (in the command line's words) and a certificate of `profile`;
    /// gives the credential's URI with its PIN source.
    #[track_caller]
    pub(crate) fn token(&self, label: &str, kind: &str, profile: &Profile) -> String {
        self.expect([
            "token",
            "init",
            "--label",
            label,
            "--so-pin-file",
            "so-pin",
            "--pin-file",
            "pin",
        ]);
        self.expect([
            "token",
            "generate",
            "--token",
            label,
            "--key",
            kind,
            "--pin-file",
            "pin",
            "-o",
            &format!("{label}-spki.pem"),
        ]);
        let certificate = self.issue(profile, &self.path(&format!("{label}-spki.pem")));
        let file = self.path(&format!("{label}.pem"));
        std::fs::write(&file, certificate).expect("the certificate is written");
        self.import(label, &file);
        format!("pkcs11:token={label}?pin-source=file:{}", self.path("pin").display())
    }

    /// Writes a certificate to a token.
    #[track_caller]
    pub(crate) fn import(&self, label: &str, certificate: &Path) {
        let certificate = certificate.to_str().expect("a path of the desk is UTF-8");
        self.expect([
            "token",
            "import",
            "--token",
            label,
            "--certificate",
            certificate,
            "--pin-file",
            "pin",
        ]);
    }

    /// A certificate and its issuing intermediate, PEM, for the public key in `spki`.
    pub(crate) fn issue(&self, profile: &Profile, spki: &Path) -> String {
        let pem = std::fs::read(spki).expect("the public key");
        let der = pem_body(&pem);
        let leaf = self.authority.issue(profile, &der).expect("a certificate");
        let leaf = kyso_testkit::authority::certificate_pem(&leaf);
        format!("{leaf}{}", self.authority.intermediate_pem())
    }

    /// What an ordinary official's certificate says.
    pub(crate) fn profile(&self) -> Profile {
        let day = 86_400;
        Profile::document_signing(Subject::official(), self.now - 30 * day, self.now + 365 * day)
    }

    /// A one-page PDF on the desk.
    pub(crate) fn pdf(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, kyso_testkit::pdf::one_page("Công văn số 12/UBND"))
            .expect("the PDF is written");
        path
    }

    /// Names of the files in a folder of the desk, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Output as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The DER of the first PEM block.
fn pem_body(pem: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = std::str::from_utf8(pem).expect("PEM is text");
    let body: String = text
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    base64::engine::general_purpose::STANDARD.decode(body).expect("PEM is base64")
}
