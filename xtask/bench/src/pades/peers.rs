//! How fast pyHanko signs and validates the same files, in one warm process.

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use kyso_testkit::softhsm;

pub(super) use crate::verification::peers::python;

/// Signs FOLDER/N.pdf in memory by the token's RSA key, with room reserved so that nothing is signed twice.
const SIGN: &str = r#"
import io, pathlib, sys, time
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import pkcs11, signers
from pyhanko.sign.fields import SigSeedSubFilter

folder, module, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
session = pkcs11.open_pkcs11_session(
    module, token_criteria=TokenCriteria(label="bench"), user_pin="123456"
)
signer = pkcs11.PKCS11Signer(session, cert_label="rsa", key_label="rsa")
files = [(folder / f"{number}.pdf").read_bytes() for number in range(count)]


def sign(file):
    out = io.BytesIO()
    meta = signers.PdfSignatureMetadata(
        field_name="Sig1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    signers.PdfSigner(meta, signer).sign_pdf(writer, output=out, bytes_reserved=8192)


sign(files[0])
started, busy = time.perf_counter(), time.process_time()
for file in files:
    sign(file)
print((time.perf_counter() - started) / count, (time.process_time() - busy) / count)
"#;

/// Validates FOLDER/lt-N.pdf by what each file holds, at the time of its time-stamp, with its policy on differences.
const VALIDATE: &str = r#"
import io, logging, pathlib, sys, time
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

logging.disable(logging.CRITICAL)
folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
roots = list(load_certs_from_pemder([str(folder / "root.der")]))
files = [(folder / f"lt-{number}.pdf").read_bytes() for number in range(count)]


def validate(file):
    reader = PdfFileReader(io.BytesIO(file))
    signature = reader.embedded_regular_signatures[0]
    signature.compute_integrity_info()
    token = next(extract_tst_data_iter(signature.signer_info, signed=False))
    moment = token["encap_content_info"]["content"].parsed["gen_time"].native
    store = DocumentSecurityStore.read_dss(reader)
    context = store.as_validation_context(
        dict(trust_roots=roots, moment=moment, allow_fetching=False, revocation_mode="hard-fail")
    )
    status = validate_pdf_signature(signature, context)
    assert status.valid and status.intact and status.trusted, status.summary()
    assert status.timestamp_validity.trusted, status.summary()


validate(files[0])
started, busy = time.perf_counter(), time.process_time()
for file in files:
    validate(file)
print((time.perf_counter() - started) / count, (time.process_time() - busy) / count)
"#;

/// What one file costs in seconds.
#[derive(Clone, Copy)]
pub(super) struct Each {
    /// By the clock.
    pub(super) wall: f64,
    /// Of CPU time, which a busy machine leaves much as it is.
    pub(super) cpu: f64,
}

impl Each {
    /// Two figures, as processes of the benchmark print them.
    pub(super) fn read(text: &str) -> Result<Self> {
        let (wall, cpu) = text.trim().split_once(' ').context("two figures")?;
        Ok(Self { wall: wall.parse()?, cpu: cpu.parse()? })
    }
}

impl fmt::Display for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}/s (CPU {:.2} ms)", 1.0 / self.wall, self.cpu * 1e3)
    }
}

/// Seconds that pyHanko takes to sign each file.
pub(super) fn sign(
    folder: &Path,
    environment: &softhsm::Environment,
    count: usize,
) -> Result<Each> {
    let (name, value) = environment.variable();
    let mut command = command(SIGN, folder)?;
    command.env(name, value).arg(environment.module()).arg(count.to_string());
    seconds(command)
}

/// Seconds that pyHanko takes to validate each file.
pub(super) fn validate(folder: &Path, count: usize) -> Result<Each> {
    let mut command = command(VALIDATE, folder)?;
    command.arg(count.to_string());
    seconds(command)
}

fn command(script: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new(python().context("pyHanko; run cargo xtask setup")?);
    command.args(["-c", script]).arg(folder);
    Ok(command)
}

fn seconds(mut command: Command) -> Result<Each> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("pyHanko: {}", String::from_utf8_lossy(&output.stderr));
    }
    Each::read(&String::from_utf8_lossy(&output.stdout))
}
