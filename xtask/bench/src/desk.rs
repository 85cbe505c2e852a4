//! A SoftHSM token with a key and a certificate, and what signing needs around it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use kyso::sign::{BatchOptions, Stop};
use kyso::signer::{Access, Preference, RsaScheme, Signer, Trust};
use kyso_journal::{Journal, Options};
use kyso_testkit::{Authority, Curve, Profile, Subject, softhsm};
use kyso_token::pkcs11::{AllowList, Limits, Pkcs11Store};
use kyso_token::{HashAlgorithm, PinSource};
use kyso_x509::Time;

const PIN: &str = "123456";
const TOKEN: &str = "bench";

/// Keys of the benchmark: name, pkcs11-tool's words for it, CKA_ID.
pub(crate) const KEYS: [(&str, &str, &str); 2] =
    [("rsa", "rsa:2048", "01"), ("ec", "EC:prime256v1", "02")];

/// Makes the token; its processes need [`softhsm::Environment::variable`].
pub(crate) fn make(folder: &Path) -> Result<softhsm::Environment> {
    let environment = softhsm::Environment::new(folder);
    environment.init_token(TOKEN, PIN, PIN);
    let now = jiff::Timestamp::now().as_second();
    let authority = Authority::new(Curve::P256, now - 86_400, now + 86_400 * 365)?;
    for (name, kind, id) in KEYS {
        environment.generate_key_pair(TOKEN, PIN, kind, id, name);
        let spki = environment.public_key(TOKEN, id);
        let profile = Profile::document_signing(Subject::official(), now - 3600, now + 86_400);
        let leaf = authority.issue(&profile, &spki)?;
        let file = folder.join(format!("{name}.der"));
        std::fs::write(&file, leaf)?;
        environment.write_certificate(TOKEN, PIN, &file, id, name);
    }
    kyso_testkit::write_secret(folder.join("pin"), PIN);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bare.c");
    let made = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(folder.join("bare"))
        .arg(source)
        .args(["-ldl", "-lpthread"])
        .status()
        .context("cc builds the bare loop; install gcc")?;
    if !made.success() {
        bail!("the bare loop does not compile");
    }
    Ok(environment)
}

/// Seconds that the bare loop takes for `signatures`.
pub(crate) fn bare(
    folder: &Path,
    environment: &softhsm::Environment,
    key: &str,
    threads: usize,
    signatures: usize,
) -> Result<f64> {
    let id = KEYS.iter().find(|(name, ..)| *name == key).context("a known key")?.2;
    let (name, value) = environment.variable();
    let output = Command::new(folder.join("bare"))
        .arg(environment.module())
        .args([TOKEN, PIN, id, key, &threads.to_string(), &signatures.to_string()])
        .env(name, value)
        .output()?;
    if !output.status.success() {
        bail!("the bare loop failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// Logs in with a key; only in a process that has the token's environment.
pub(crate) fn signer(folder: &Path, module: &str, key: &str) -> Result<Signer> {
    let store = Pkcs11Store::new(AllowList::of_paths([module]), Limits::interactive());
    let uri = format!("pkcs11:token={TOKEN};object={key}");
    let credential = store.find(&uri.parse()?)?;
    let pin = PinSource::File(folder.join("pin"));
    let preference = Preference { rsa: RsaScheme::Pkcs1, digest: HashAlgorithm::Sha256 };
    let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
    let access = Access::Store { store: &store, source: &pin, prompt: &() };
    Ok(Signer::open(&credential, access, preference, &Trust::default(), now)?)
}

/// A journal in `folder`.
pub(crate) fn journal(folder: &Path) -> Result<Journal> {
    let clock = || u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(0);
    Ok(Journal::open(&folder.join("journal.sqlite"), Options::new(clock)?)?)
}

pub(crate) fn options(sessions: usize) -> BatchOptions {
    BatchOptions {
        signing_time: jiff::Zoned::now(),
        requester: "bench".to_owned(),
        consent: None,
        sessions,
        overwrite: false,
        contents_size: None,
        stop: Stop::default(),
    }
}

/// Runs this program again with the token's environment and gives what it printed.
pub(crate) fn child(environment: &softhsm::Environment, arguments: &[&str]) -> Result<String> {
    let (name, value) = environment.variable();
    let output = Command::new(std::env::current_exe()?)
        .arg("--child")
        .args(arguments)
        .env(name, value)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the measured process failed: {}", arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A new empty folder.
pub(crate) fn fresh(path: PathBuf) -> Result<PathBuf> {
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}
