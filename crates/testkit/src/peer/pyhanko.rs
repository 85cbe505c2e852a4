//! pyHanko, through scripts of ours in `crates/testkit/peers`.

use super::{finish, python};
use std::path::Path;
use std::process::Command;

/// What pyHanko says of one embedded signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The field's full name.
    pub field: String,
    /// The digest of the ranges and the signed attributes agree.
    pub intact: bool,
    /// The cryptographic signature is right and its policy allows the algorithms.
    pub valid: bool,
    /// A path to the given roots validates at the present time (revocation soft-fail, nothing fetched).
    pub trusted: bool,
    /// pyHanko's sum of it all, later changes included.
    pub bottom_line: bool,
    /// `SignatureCoverageLevel`, for example `ENTIRE_FILE` or `ENTIRE_REVISION`.
    pub coverage: String,
    /// `ModificationLevel` of what came after, for example `NONE` or `FORM_FILLING`; `None` where it could not tell.
    pub modification_level: Option<String>,
    /// The name of the digest algorithm, for example `sha256`.
    pub digest: String,
    /// The subject, as pyHanko prints it.
    pub subject: String,
    /// The /SubFilter, for example `/ETSI.CAdES.detached`.
    pub sub_filter: String,
}

/// Validates every embedded signature of `pdf` against the roots in `trust` (PEM) at the present time, in file
/// order; `Err` holds pyHanko's complaint about the file as a whole.
#[track_caller]
pub fn validate(pdf: &Path, trust: &Path) -> Result<Vec<Signature>, String> {
    validate_encrypted(pdf, trust, "")
}

/// As [`validate`], for a PDF that opens with this password.
#[track_caller]
pub fn validate_encrypted(
    pdf: &Path,
    trust: &Path,
    password: &str,
) -> Result<Vec<Signature>, String> {
    let mut command = Command::new(python());
    command.arg(script("pyhanko_validate.py")).arg(pdf).arg(trust);
    let verdict = finish(command, password.as_bytes());
    if !verdict.success {
        return Err(verdict.stderr);
    }
    let json: serde_json::Value = serde_json::from_slice(&verdict.stdout)
        .unwrap_or_else(|error| panic!("pyhanko_validate.py printed no JSON: {error}"));
    let signatures = json.as_array().expect("pyhanko_validate.py prints an array");
    Ok(signatures.iter().map(signature).collect())
}

/// A PDF for [`validate_many`].
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it opens with; empty where it is not encrypted.
    pub password: &'a str,
}

/// As [`validate_encrypted`], for many files in one process and at a moment (Unix seconds); of the certificates (PEM)
/// the self-signed ones are trusted.
#[track_caller]
pub fn validate_many(
    files: &[Judged<'_>],
    certificates: &Path,
    moment: i64,
) -> Vec<Result<Vec<Signature>, String>> {
    let list =
        files.iter().map(|one| serde_json::json!({"path": one.path, "password": one.password}));
    let task = serde_json::json!({
        "certificates": certificates,
        "moment": moment,
        "files": list.collect::<Vec<_>>(),
    });
    let mut command = Command::new(python());
    command.arg(script("pyhanko_validate_many.py"));
    let said = finish(command, task.to_string().as_bytes()).expect_success();
    let said: Vec<serde_json::Value> = serde_json::from_slice(&said)
        .unwrap_or_else(|error| panic!("pyhanko_validate_many.py printed no JSON: {error}"));
    assert_eq!(said.len(), files.len(), "one verdict for each file");
    let verdict = |one: &serde_json::Value| match one.as_array() {
        Some(signatures) => Ok(signatures.iter().map(signature).collect()),
        None => Err(one.as_str().unwrap_or_default().to_owned()),
    };
    said.iter().map(verdict).collect()
}

/// A PDF for [`judge_levels`].
#[derive(Clone, Debug)]
pub struct Leveled<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its level, `B-B` to `B-LTA`: the process by which it is judged.
    pub level: &'a str,
    /// Whether revocation may be asked for where certificates say; else the file must hold all.
    pub online: bool,
}

/// What pyHanko's validation for a level (EN 319 102-1 §§5.3, 5.5, 5.6.3) says of many files at a moment (Unix seconds), as
/// `pyhanko_levels.py` prints it; `roots` (PEM) are trusted, revocation is demanded.
#[track_caller]
pub fn judge_levels(files: &[Leveled<'_>], roots: &Path, moment: i64) -> Vec<serde_json::Value> {
    let file = |one: &Leveled<'_>| serde_json::json!({"path": one.path, "level": one.level, "online": one.online});
    let list: Vec<_> = files.iter().map(file).collect();
    let task = serde_json::json!({"roots": roots, "moment": moment, "files": list});
    let mut command = Command::new(python());
    command.arg(script("pyhanko_levels.py"));
    let said = finish(command, task.to_string().as_bytes()).expect_success();
    let said: Vec<_> = serde_json::from_slice(&said)
        .unwrap_or_else(|error| panic!("pyhanko_levels.py printed no JSON: {error}"));
    assert_eq!(said.len(), files.len(), "one verdict for each file");
    said
}

/// What [`sign_levels`] signs, and by what.
#[derive(Clone, Debug)]
pub struct LevelSigning<'a> {
    /// The signer's key, PEM.
    pub key: &'a Path,
    /// The signer's certificate, PEM.
    pub certificate: &'a Path,
    /// Trusted roots, PEM.
    pub roots: &'a Path,
    /// The address of a time-stamping authority.
    pub tsa: &'a str,
    /// The time at which certificates and revocation are judged, Unix seconds.
    pub moment: i64,
    /// Input, output and level (`B-B` to `B-LTA`).
    pub files: &'a [(&'a Path, &'a Path, &'a str)],
}

/// Has pyHanko sign at levels, with revocation information and time-stamps from where certificates and task say.
#[track_caller]
pub fn sign_levels(task: &LevelSigning<'_>) {
    let file = |(input, output, level): &(&Path, &Path, &str)| serde_json::json!({"input": input, "output": output, "level": level});
    let task = serde_json::json!({
        "key": task.key,
        "certificate": task.certificate,
        "roots": task.roots,
        "tsa": task.tsa,
        "moment": task.moment,
        "files": task.files.iter().map(file).collect::<Vec<_>>(),
    });
    let mut command = Command::new(python());
    command.arg(script("pyhanko_sign_levels.py"));
    finish(command, task.to_string().as_bytes()).expect_success();
}

/// How pyHanko shall sign.
#[derive(Clone, Debug)]
pub struct SignOptions<'a> {
    /// The field to sign; made where the document has none of that name.
    pub field: &'a str,
    /// The message digest, for example `sha256`.
    pub digest: &'a str,
    /// PAdES (`ETSI.CAdES.detached`); else `adbe.pkcs7.detached`.
    pub pades: bool,
    /// RSASSA-PSS instead of PKCS #1 v1.5 for an RSA key.
    pub prefer_pss: bool,
    /// A certification signature (DocMDP, form filling allowed).
    pub certify: bool,
    /// Where the signature shall be seen: page (0-based) and rectangle in points.
    pub visible: Option<(u32, [i32; 4])>,
}

impl Default for SignOptions<'_> {
    fn default() -> Self {
        Self {
            field: "Signature1",
            digest: "sha256",
            pades: true,
            prefer_pss: false,
            certify: false,
            visible: None,
        }
    }
}

/// Signs `input` into `output` with the key in the PKCS #12 file, as an incremental update; panics where pyHanko
/// refuses.
#[track_caller]
pub fn sign(input: &Path, output: &Path, p12: &Path, password: &str, options: &SignOptions<'_>) {
    let mut command = Command::new(python());
    command.arg(script("pyhanko_sign.py")).arg(input).arg(output).arg(p12);
    command.args(["--field", options.field, "--digest", options.digest]);
    // The password is a test's; still it goes by standard input, not by the process list.
    for (wanted, flag) in [
        (options.pades, "--pades"),
        (options.prefer_pss, "--prefer-pss"),
        (options.certify, "--certify"),
    ] {
        if wanted {
            command.arg(flag);
        }
    }
    if let Some((page, [x1, y1, x2, y2])) = options.visible {
        command.arg(format!("--visible={page},{x1},{y1},{x2},{y2}"));
    }
    finish(command, password.as_bytes()).expect_success();
}

/// As [`sign`], for a PDF that opens with `document_password`; an encrypted one stays encrypted.
#[track_caller]
pub fn sign_encrypted(
    input: &Path,
    output: &Path,
    p12: &Path,
    password: &str,
    document_password: &str,
) {
    let mut command = Command::new(python());
    command.arg(script("pyhanko_sign.py")).arg(input).arg(output).arg(p12);
    command.args(["--field", "Signature1", "--pades"]);
    finish(command, format!("{password}\n{document_password}").as_bytes()).expect_success();
}

/// Writes `input` anew, encrypted by one of the methods that `pyhanko_encrypt.py` lists.
#[track_caller]
pub fn encrypt(input: &Path, output: &Path, method: &str, user: &str, owner: &str) {
    let mut command = Command::new(python());
    command.arg(script("pyhanko_encrypt.py")).arg(input).arg(output).arg(method);
    finish(command, format!("{user}\n{owner}").as_bytes()).expect_success();
}

/// Adds an empty signature field of that name to `input`, as an incremental update.
#[track_caller]
pub fn add_field(input: &Path, output: &Path, field: &str) {
    let mut command = Command::new(python());
    command.arg(script("pyhanko_add_field.py")).arg(input).arg(output).arg(field);
    finish(command, b"").expect_success();
}

/// Adds a revision to `input` that does what `pyhanko_revise.py` calls so; `certificate` (PEM) is what the security store
/// is given.
#[track_caller]
pub fn revise(input: &Path, output: &Path, what: &str, certificate: &Path) {
    let mut command = Command::new(python());
    command.arg(script("pyhanko_revise.py")).arg(input).arg(output).arg(what).arg(certificate);
    finish(command, b"").expect_success();
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

fn signature(json: &serde_json::Value) -> Signature {
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    let flag = |key: &str| json[key].as_bool().unwrap_or_else(|| panic!("{key} in {json}"));
    Signature {
        field: text("field").expect("field"),
        intact: flag("intact"),
        valid: flag("valid"),
        trusted: flag("trusted"),
        bottom_line: flag("bottom_line"),
        coverage: text("coverage").expect("coverage"),
        modification_level: text("modification_level"),
        digest: text("digest").expect("digest"),
        subject: text("subject").expect("subject"),
        sub_filter: text("sub_filter").expect("sub_filter"),
    }
}
