//! SoftHSM 2 with token storage of its own.

use crate::peer::{Verdict, finish};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable by which SoftHSM finds its configuration.
pub const SOFTHSM2_CONF: &str = "SOFTHSM2_CONF";

/// Where distributions put the module; `$KYSO_SOFTHSM_MODULE` comes first.
const MODULE_PATHS: [&str; 6] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// A folder with `softhsm2.conf` and token storage, apart from the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    configuration: PathBuf,
    module: PathBuf,
}

impl Environment {
    /// Writes `softhsm2.conf` and makes the token storage in `folder`, which must exist; panics where the module is
    /// not installed or the folder is not writable.
    ///
    /// SoftHSM reads its configuration when a process loads the module: give [`Environment::variable`] to the
    /// processes you start, or set it before this process loads the module first.
    #[track_caller]
    pub fn new(folder: &Path) -> Self {
        let module = module_path()
            .unwrap_or_else(|| panic!("softhsm2 is not installed; run `cargo xtask setup`"));
        let tokens = folder.join("tokens");
        std::fs::create_dir_all(&tokens)
            .unwrap_or_else(|error| panic!("{} cannot be made: {error}", tokens.display()));
        let configuration = folder.join("softhsm2.conf");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            tokens.display()
        );
        std::fs::write(&configuration, text).unwrap_or_else(|error| {
            panic!("{} cannot be written: {error}", configuration.display())
        });
        Self { configuration, module }
    }

    /// The module, an absolute path.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The configuration file.
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// The environment variable a process needs: its name and value.
    pub fn variable(&self) -> (&'static str, &Path) {
        (SOFTHSM2_CONF, &self.configuration)
    }

    /// Initialises a token in a free slot by `softhsm2-util`.
    #[track_caller]
    pub fn init_token(&self, label: &str, so_pin: &str, pin: &str) {
        self.softhsm2_util([
            "--init-token",
            "--free",
            "--label",
            label,
            "--so-pin",
            so_pin,
            "--pin",
            pin,
        ])
        .expect_success();
    }

    /// Generates a key pair by `pkcs11-tool`; `kind` is in its words (`rsa:2048`, `EC:prime256v1`), `id` in hex.
    #[track_caller]
    pub fn generate_key_pair(&self, token: &str, pin: &str, kind: &str, id: &str, label: &str) {
        self.pkcs11_tool([
            "--token-label",
            token,
            "--login",
            "--pin",
            pin,
            "--keypairgen",
            "--key-type",
            kind,
            "--id",
            id,
            "--label",
            label,
            "--usage-sign",
        ])
        .expect_success();
    }

    /// The public key of that CKA_ID, SubjectPublicKeyInfo in DER.
    #[track_caller]
    pub fn public_key(&self, token: &str, id: &str) -> Vec<u8> {
        self.pkcs11_tool(["--token-label", token, "--read-object", "--type", "pubkey", "--id", id])
            .expect_success()
    }

    /// Writes a certificate (DER file) beside its key.
    #[track_caller]
    pub fn write_certificate(&self, token: &str, pin: &str, der: &Path, id: &str, label: &str) {
        let der = der.to_str().expect("test paths are UTF-8");
        self.pkcs11_tool([
            "--token-label",
            token,
            "--login",
            "--pin",
            pin,
            "--write-object",
            der,
            "--type",
            "cert",
            "--id",
            id,
            "--label",
            label,
        ])
        .expect_success();
    }

    /// Runs `softhsm2-util` on this environment.
    #[track_caller]
    pub fn softhsm2_util<const N: usize>(&self, arguments: [&str; N]) -> Verdict {
        let mut command = Command::new("softhsm2-util");
        command.args(arguments).env(SOFTHSM2_CONF, &self.configuration);
        finish(command, b"")
    }

    /// Runs `pkcs11-tool` on this environment's module.
    #[track_caller]
    pub fn pkcs11_tool<const N: usize>(&self, arguments: [&str; N]) -> Verdict {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(&self.module).args(arguments);
        command.env(SOFTHSM2_CONF, &self.configuration);
        finish(command, b"")
    }
}

/// The installed module, if there is one: `$KYSO_SOFTHSM_MODULE`, else the first of the usual places.
pub fn module_path() -> Option<PathBuf> {
    let named = std::env::var_os("KYSO_SOFTHSM_MODULE").map(PathBuf::from);
    named.into_iter().chain(MODULE_PATHS.map(PathBuf::from)).find(|path| path.exists())
}
