//! Programs of other people that make and judge signatures: OpenSSL, poppler's pdfsig, qpdf,
//! pyHanko, certomancer.
//!
//! A peer that is not installed panics with the command that installs it: a test that silently skipped its judge
//! would prove nothing.

pub mod certomancer;
pub mod openssl;
pub mod pdfsig;
pub mod pyhanko;

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a peer said, and whether it was content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The program exited with 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error, as text.
    pub stderr: String,
}

impl Verdict {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output of a program that was content; panics with all it said where it was not.
    #[track_caller]
    pub fn expect_success(self) -> Vec<u8> {
        assert!(self.success, "the peer refused:\n{}\n{}", self.text(), self.stderr);
        self.stdout
    }
}

/// Runs an installed program in the C locale and gives what it said; panics where it is not installed.
#[track_caller]
pub fn run<I, A>(program: impl AsRef<OsStr>, arguments: I) -> Verdict
where
    I: IntoIterator<Item = A>,
    A: AsRef<OsStr>,
{
    run_with_input(program, arguments, b"")
}

/// Like [`run`], with `input` on standard input.
#[track_caller]
pub fn run_with_input<I, A>(program: impl AsRef<OsStr>, arguments: I, input: &[u8]) -> Verdict
where
    I: IntoIterator<Item = A>,
    A: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    command.args(arguments);
    finish(command, input)
}

/// Runs `command` to its end with `input` on standard input; panics where the program is not installed.
#[track_caller]
pub fn finish(mut command: Command, input: &[u8]) -> Verdict {
    let program = command.get_program().to_string_lossy().into_owned();
    command.env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{program} is not installed; run `cargo xtask setup`")
        }
        Err(error) => panic!("{program} does not start: {error}"),
    };
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let Output { status, stdout, stderr } = std::thread::scope(|scope| {
        // A peer that stops reading early says why on its standard error; the broken pipe adds nothing.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output()
    })
    .unwrap_or_else(|error| panic!("{program} was lost: {error}"));
    Verdict {
        success: status.success(),
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// `qpdf --check`: whether the file's structure is sound, and what qpdf says.
#[track_caller]
pub fn qpdf_check(pdf: &Path) -> Verdict {
    run("qpdf", [OsStr::new("--check"), pdf.as_os_str()])
}

/// The folder of peers that are not system packages: `$KYSO_PEERS`, else the workspace's `target/peers`.
pub fn peers_folder() -> PathBuf {
    match std::env::var_os("KYSO_PEERS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers"),
    }
}

/// The Python of the peers' environment, which has pyHanko and certomancer; panics where it has not been set up.
#[track_caller]
pub fn python() -> PathBuf {
    let venv = peers_folder().join("venv");
    // Without `..` in its path: Python looks for its environment beside the path it was called by.
    let venv = venv.canonicalize().unwrap_or(venv);
    let python = [venv.join("bin/python"), venv.join("Scripts/python.exe")];
    python.into_iter().find(|path| path.exists()).unwrap_or_else(|| {
        panic!("pyHanko's environment {} is missing; run `cargo xtask setup`", venv.display())
    })
}
