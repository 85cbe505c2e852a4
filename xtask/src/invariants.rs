//! The invariants of ARCHITECTURE.md that a machine can check from the tree itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, root};

/// Which crates of the house each crate may build on: arrows point down only.
const ARROWS: &[(&str, &[&str])] = &[
    ("kyso-x509", &[]),
    ("kyso-cades", &["kyso-x509"]),
    ("kyso-pades", &["kyso-x509"]),
    ("kyso-xades", &["kyso-x509", "kyso-cades"]),
    ("kyso-jades", &["kyso-x509", "kyso-cades"]),
    ("kyso-appearance", &["kyso-pades", "kyso-x509"]),
    ("kyso-asic", &["kyso-xades", "kyso-x509"]),
    ("kyso-preview", &["kyso-pades"]),
    ("kyso-reissue", &["kyso-x509"]),
    ("kyso-token", &[]),
    ("kyso-validation", &["kyso-x509", "kyso-cades", "kyso-pades", "kyso-xades"]),
    (
        "kyso",
        &[
            "kyso-x509",
            "kyso-appearance",
            "kyso-cades",
            "kyso-pades",
            "kyso-xades",
            "kyso-validation",
            "kyso-token",
        ],
    ),
    ("kyso-journal", &["kyso"]),
    ("kyso-protocol", &[]),
    (
        "kyso-daemon",
        &[
            "kyso",
            "kyso-appearance",
            "kyso-cades",
            "kyso-journal",
            "kyso-pades",
            "kyso-preview",
            "kyso-protocol",
            "kyso-reissue",
            "kyso-token",
            "kyso-validation",
            "kyso-x509",
            "kyso-xades",
        ],
    ),
    ("kyso-testkit", &[]),
    (
        "kyso-cli",
        &[
            "kyso",
            "kyso-daemon",
            "kyso-preview",
            "kyso-protocol",
            "kyso-reissue",
            "kyso-journal",
            "kyso-token",
            "kyso-validation",
            "kyso-x509",
            "kyso-appearance",
            "kyso-cades",
            "kyso-pades",
            "kyso-xades",
            "kyso-testkit",
        ],
    ),
    (
        "kyso-bench",
        &[
            "kyso",
            "kyso-daemon",
            "kyso-protocol",
            "kyso-journal",
            "kyso-token",
            "kyso-validation",
            "kyso-x509",
            "kyso-cades",
            "kyso-pades",
            "kyso-appearance",
            "kyso-testkit",
        ],
    ),
    ("kyso-test-vectors", &[]),
    ("xtask", &[]),
];

/// Crates that see bytes and return values, nothing else.
const PURE: &[&str] = &[
    "x509",
    "cades",
    "pades",
    "xades",
    "jades",
    "asic",
    "appearance",
    "validation",
    "reissue",
    "protocol",
];

/// What a pure crate never names.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "SystemTime",
    "Instant",
    "SystemRandom",
    "getrandom",
    "OsRng",
    "jiff",
];

/// What would open the daemon to others than this user.
const NETWORK: &[&str] = &["TcpListener", "TcpStream", "TcpSocket", "UdpSocket"];

/// Wall clocks; no crate below `kyso` reads one.
const WALL_CLOCK: &[&str] = &["SystemTime", "jiff", "Timestamp::now", "Zoned::now"];

/// How a module would be loaded into the daemon's own process.
const IN_PROCESS_TOKENS: &[&str] = &["Pkcs11Store", "Pkcs12Store"];

/// Packages that the tree never holds: a second TLS or crypto stack, a dead PKCS#11 crate.
const BANNED: &[&str] =
    &["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "pkcs11"];

/// The one file that may call a module's function directly.
const UNSAFE_FILE: &str = "pkcs11/raw.rs";

/// Checks them all and names every breach.
pub(crate) fn check() -> Result<()> {
    let mut breaches = Vec::new();
    arrows(&mut breaches)?;
    for name in PURE {
        words(name, IMPURE, "a pure crate does no I/O and reads no clock", &mut breaches)?;
    }
    words("daemon", NETWORK, "the daemon listens on the user's socket only", &mut breaches)?;
    words("token", WALL_CLOCK, "no wall clock below `kyso`", &mut breaches)?;
    words("daemon", IN_PROCESS_TOKENS, "in the daemon a token lives in a worker", &mut breaches)?;
    words("protocol", &["axum", "hyper", "tokio"], "wire types know no transport", &mut breaches)?;
    lock_file(&mut breaches)?;
    unsafe_code(&mut breaches)?;
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("{} broken invariant(s):\n  {}", breaches.len(), breaches.join("\n  "))
}

fn arrows(breaches: &mut Vec<String>) -> Result<()> {
    let metadata = cargo(["metadata", "--format-version", "1", "--no-deps"]).quiet()?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    module_access(packages, breaches);
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(may) = allowed.get(name) else {
            breaches.push(format!("{name}: a crate without a place in the house (ARROWS)"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            let normal = dependency["kind"].is_null();
            if normal && on.starts_with("kyso") && !may.contains(&on) {
                breaches.push(format!("{name} → {on}: arrows point down only"));
            }
        }
    }
    Ok(())
}

/// Looks for words in a crate's shipped source; test modules stand last in a file and are left out.
fn words(krate: &str, words: &[&str], rule: &str, breaches: &mut Vec<String>) -> Result<()> {
    for file in sources(&root().join("crates").join(krate).join("src"))? {
        let text = std::fs::read_to_string(&file)?;
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (number, line) in shipped.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in words {
                if code.contains(word) {
                    let file = file.strip_prefix(root()).unwrap_or(&file).display();
                    breaches.push(format!("{file}:{}: `{word}`: {rule}", number + 1));
                }
            }
        }
    }
    Ok(())
}

fn lock_file(breaches: &mut Vec<String>) -> Result<()> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let count =
        |name: &str| lock.lines().filter(|line| *line == format!("name = \"{name}\"")).count();
    let der = count("der");
    if der != 1 {
        breaches.push(format!("Cargo.lock holds {der} versions of `der`, one is allowed"));
    }
    for name in BANNED {
        if count(name) != 0 {
            breaches.push(format!("Cargo.lock holds `{name}`"));
        }
    }
    Ok(())
}

/// `unsafe` is forbidden by the workspace's lints; in `token` one file may hold argued exceptions.
fn unsafe_code(breaches: &mut Vec<String>) -> Result<()> {
    let mut folders =
        vec![root().join("test-vectors"), root().join("xtask"), root().join("xtask/bench")];
    for entry in std::fs::read_dir(root().join("crates"))? {
        folders.push(entry?.path());
    }
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))?;
        let inherits = manifest.contains("[lints]\nworkspace = true");
        let denies = name == "token" && manifest.contains("unsafe_code = \"deny\"");
        if !inherits && !denies {
            breaches.push(format!("{name}: does not inherit the workspace's lints"));
        }
        for file in sources(&folder.join("src"))? {
            let excepted = file.ends_with(UNSAFE_FILE);
            let text = std::fs::read_to_string(&file)?;
            if !excepted && text.contains("(unsafe_code") && name != "xtask" {
                let file = file.strip_prefix(root()).unwrap_or(&file).display();
                breaches.push(format!("{file}: only {UNSAFE_FILE} may allow unsafe code"));
            }
        }
    }
    Ok(())
}

/// Only `token` speaks to a module: nobody else holds a key handle.
fn module_access(packages: &[serde_json::Value], breaches: &mut Vec<String>) {
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            if matches!(on, "cryptoki" | "cryptoki-sys") && name != "kyso-token" {
                breaches.push(format!("{name} → {on}: only kyso-token speaks to PKCS#11 modules"));
            }
        }
    }
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
