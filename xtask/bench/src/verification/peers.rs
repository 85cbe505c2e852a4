//! How fast others verify the same files: pyHanko in one process, the OpenSSL program file by file.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Reads FOLDER/NAME-0.p7m and so on, validates each with the same warm trust and lists, prints seconds.
const PYHANKO: &str = r#"
import asyncio, logging, pathlib, sys, time
from asn1crypto import cms
from pyhanko.keys import load_certs_from_pemder
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)
folder, name, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
roots = list(load_certs_from_pemder([str(folder / "root.der")]))
lists = [(folder / f"{number}.crl").read_bytes() for number in range(2)]
files = [(folder / f"{name}-{number}.p7m").read_bytes() for number in range(count)]
usage = KeyUsageConstraints(key_usage={"non_repudiation"})


async def main():
    context = ValidationContext(
        trust_roots=roots, crls=lists, allow_fetching=False, revocation_mode="hard-fail"
    )
    for file in files:
        signed = cms.ContentInfo.load(file)["content"]
        for certificate in signed["certificates"]:
            context.certificate_registry.register(certificate.chosen)
        status = await async_validate_cms_signature(
            signed, validation_context=context, key_usage_settings=usage
        )
        assert status.intact and status.valid and status.trusted, status.summary()


started = time.perf_counter()
asyncio.run(main())
print(time.perf_counter() - started)
"#;

/// The Python of the peers, where `cargo xtask setup` made it.
pub(crate) fn python() -> Option<PathBuf> {
    let program = kyso_testkit::peer::python();
    program.exists().then_some(program)
}

/// Seconds that pyHanko takes for each file, imports and start not counted.
pub(crate) fn pyhanko(folder: &Path, name: &str, count: usize) -> Result<f64> {
    let output = Command::new(python().context("pyHanko; run cargo xtask setup")?)
        .args(["-c", PYHANKO])
        .arg(folder)
        .args([name, &count.to_string()])
        .output()?;
    if !output.status.success() {
        bail!("pyHanko: {}", String::from_utf8_lossy(&output.stderr));
    }
    let seconds: f64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(seconds / count as f64)
}

/// Seconds that `openssl cms -verify` takes for each file, with its start: it verifies one.
pub(crate) fn openssl(folder: &Path, name: &str, count: usize) -> Result<f64> {
    let started = Instant::now();
    for number in 0..count {
        let mut command = openssl_command(folder, &format!("{name}-{number}.p7m"));
        let output = command.arg("-crl_check_all").output()?;
        if !output.status.success() {
            bail!("openssl: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    Ok(started.elapsed().as_secs_f64() / count as f64)
}

/// Seconds and the peak of memory in KiB of `openssl cms -verify` of one file.
pub(crate) fn openssl_peak(folder: &Path, file: &str) -> Result<(f64, u64)> {
    let started = Instant::now();
    let mut command = openssl_command(folder, file);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak.max(peak_kib(&child).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        bail!("openssl refuses {file}");
    }
    Ok((started.elapsed().as_secs_f64(), peak))
}

fn openssl_command(folder: &Path, file: &str) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(folder);
    command.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-in", file]);
    command.args(["-CAfile", "trust.pem", "-out", "/dev/null"]);
    command
}

fn peak_kib(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
