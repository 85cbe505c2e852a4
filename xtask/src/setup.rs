//! Installs what the tests and the demo need, where it may; says what to install where it may not.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, has, program, target};

/// A program or file, and the Debian package that brings it.
struct Need {
    found: fn() -> bool,
    package: &'static str,
    purpose: &'static str,
}

const NEEDS: &[Need] = &[
    Need { found: softhsm, package: "softhsm2", purpose: "a PKCS#11 token in software" },
    Need { found: || has("pkcs11-tool"), package: "opensc", purpose: "another PKCS#11 client" },
    Need { found: || has("openssl"), package: "openssl", purpose: "CMS and certificate peer" },
    Need { found: || has("pdfsig"), package: "poppler-utils", purpose: "PDF signature peer" },
    Need { found: || has("qpdf"), package: "qpdf", purpose: "PDF syntax peer" },
    Need { found: || has("xmllint"), package: "libxml2-utils", purpose: "canonical XML peer" },
    Need { found: || has("xmlsec1"), package: "xmlsec1", purpose: "XML signature peer" },
    Need { found: || has("zip"), package: "zip", purpose: "archive peer" },
    Need { found: || has("unzip"), package: "unzip", purpose: "archive peer" },
    Need { found: || has("file"), package: "file", purpose: "archive peer" },
    Need { found: || has("javac"), package: "default-jdk-headless", purpose: "XML signature peer" },
    Need { found: || has("pinentry-tty"), package: "pinentry-tty", purpose: "asks for PINs" },
    Need { found: || has("cc"), package: "gcc", purpose: "builds the faulty test module" },
    Need { found: || has("python3"), package: "python3", purpose: "runs pyHanko" },
    Need { found: python_venv, package: "python3-venv", purpose: "keeps pyHanko apart" },
    Need { found: || has("pkg-config"), package: "pkg-config", purpose: "builds kryoptic" },
    Need { found: openssl_headers, package: "libssl-dev", purpose: "builds kryoptic" },
    Need { found: libclang, package: "libclang-dev", purpose: "builds kryoptic" },
];

/// Versions of the Python peers; the baselines were measured with these.
const PYTHON_PEERS: [&str; 8] = [
    "pyHanko[pkcs11]==0.38.0",
    "pyhanko-cli==0.6.0",
    "certomancer==0.16.0",
    "openapi-spec-validator==0.9.0",
    "xsdata==26.10",
    "signxml==5.2.0",
    "jwcrypto==1.5.6",
    "lxml==6.1.3",
];

/// The second real PKCS#11 module.
const KRYOPTIC: &str = "1.5.4";

/// Everything that `cargo xtask test` needs.
pub(crate) fn everything() -> Result<()> {
    packages(NEEDS)?;
    python_peers()?;
    kryoptic()
}

/// SoftHSM for the demo; without it the demo uses the built-in PKCS#12 key store.
pub(crate) fn softhsm_if_possible() {
    if softhsm() {
        return;
    }
    if let Err(error) = packages(&NEEDS[..1]) {
        eprintln!("{error:#}\nGoing on with the built-in PKCS#12 key store.");
    }
}

fn packages(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.found)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let Some(prefix) = installer() else {
        let lines: Vec<String> =
            missing.iter().map(|need| format!("  {:<16} {}", need.package, need.purpose)).collect();
        bail!(
            "these Debian packages are missing and may not be installed by this user:\n{}\n\
             Install them with: sudo apt-get install {}",
            lines.join("\n"),
            names.join(" ")
        );
    };
    eprintln!("Installing {} …", names.join(" "));
    let apt = |arguments: &[&str]| {
        let mut words: Vec<&str> = prefix.to_vec();
        words.push("apt-get");
        words.extend_from_slice(arguments);
        program(words[0], &words[1..]).env("DEBIAN_FRONTEND", "noninteractive").quiet()
    };
    apt(&["update", "-qq"]).context("apt-get update")?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend_from_slice(&names);
    apt(&install).context("apt-get install")?;
    if let Some(need) = missing.iter().find(|need| !(need.found)()) {
        bail!("{} was installed but what it should bring is not found", need.package);
    }
    Ok(())
}

/// How packages may be installed here: as root, by password-less sudo, or not at all.
fn installer() -> Option<&'static [&'static str]> {
    if !has("apt-get") {
        return None;
    }
    let id = program("id", ["-u"]).quiet().ok()?;
    if id.trim_ascii() == b"0" {
        return Some(&[]);
    }
    let sudo = has("sudo") && program("sudo", ["-n", "true"]).quiet().is_ok();
    sudo.then_some(&["sudo", "-n"])
}

fn python_peers() -> Result<()> {
    let folder = target().join("peers");
    let venv = folder.join("venv");
    let stamp = folder.join("python-peers.txt");
    let wanted = PYTHON_PEERS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    eprintln!("Making the Python environment with pyHanko …");
    std::fs::create_dir_all(&folder)?;
    program("python3", ["-m", "venv"]).args([&venv]).quiet()?;
    program(venv.join("bin/pip"), ["install", "-q", "--disable-pip-version-check"])
        .args(PYTHON_PEERS)
        .quiet()?;
    std::fs::write(stamp, wanted)?;
    Ok(())
}

/// Builds kryoptic from crates.io; Debian 12's OpenSSL 3.0 allows its `minimal` features.
fn kryoptic() -> Result<()> {
    let folder = target().join("kryoptic");
    let module = folder.join("libkryoptic_pkcs11.so");
    if module.is_file() {
        return Ok(());
    }
    eprintln!("Building kryoptic {KRYOPTIC} (a few minutes, once) …");
    let fetch = folder.join("fetch");
    std::fs::create_dir_all(fetch.join("src"))?;
    std::fs::write(fetch.join("src/lib.rs"), "")?;
    std::fs::write(
        fetch.join("Cargo.toml"),
        format!(
            "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nkryoptic = \"={KRYOPTIC}\"\n"
        ),
    )?;
    let metadata =
        cargo(["metadata", "--format-version", "1"]).in_folder(&fetch).quiet().context("fetch")?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "kryoptic")
        .and_then(|package| package["manifest_path"].as_str())
        .context("cargo did not say where kryoptic lies")?;
    let source = folder.join("source");
    if source.exists() {
        std::fs::remove_dir_all(&source)?;
    }
    copy(Path::new(manifest).parent().context("a manifest has a folder")?, &source)?;
    // A workspace of its own: it lies below ours.
    let manifest = source.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)?;
    std::fs::write(&manifest, text + "\n[workspace]\n")?;
    let build = folder.join("build");
    cargo([
        "build",
        "--quiet",
        "--release",
        "--no-default-features",
        "--features",
        "minimal,kryoptic-lib/dynamic",
        "--target-dir",
    ])
    .args([&build])
    .in_folder(&source)
    .quiet()?;
    std::fs::copy(build.join("release/libkryoptic_pkcs11.so"), &module)?;
    std::fs::remove_dir_all(build)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn softhsm() -> bool {
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"]
        .iter()
        .any(|path| Path::new(path).is_file())
        && has("softhsm2-util")
}

fn python_venv() -> bool {
    program("python3", ["-c", "import venv, ensurepip"]).quiet_success()
}

fn openssl_headers() -> bool {
    has("pkg-config") && program("pkg-config", ["--exists", "openssl"]).quiet_success()
}

fn libclang() -> bool {
    let folders = ["/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
    let llvm = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"))
        .map(|entry| entry.path().join("lib"));
    folders.iter().map(PathBuf::from).chain(llvm).any(|folder| {
        std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libclang.so") || name.starts_with("libclang-")
        })
    })
}
