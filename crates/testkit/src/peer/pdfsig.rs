//! poppler's `pdfsig`.

use super::{Verdict, run};
use std::ffi::OsStr;
use std::path::Path;

/// What pdfsig says of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// "Signature Field Name", where printed.
    pub field: Option<String>,
    /// "Signer Certificate Common Name", where printed.
    pub common_name: Option<String>,
    /// "Signature is Valid." of the line "Signature Validation".
    pub valid: bool,
    /// "Total document signed": nothing was appended behind this signature.
    pub total_document: bool,
    /// All lines of this signature, trimmed.
    pub lines: Vec<String>,
}

/// Runs `pdfsig -nocert` (certificates are not judged: pdfsig knows only NSS's own store), in file order.
#[track_caller]
pub fn pdfsig(pdf: &Path) -> Vec<Signature> {
    let Verdict { stdout, .. } = run("pdfsig", [OsStr::new("-nocert"), pdf.as_os_str()]);
    parse(&String::from_utf8_lossy(&stdout))
}

/// As [`pdfsig`], for a PDF that opens with this user's password.
#[track_caller]
pub fn pdfsig_encrypted(pdf: &Path, password: &str) -> Vec<Signature> {
    let arguments =
        [OsStr::new("-nocert"), OsStr::new("-upw"), OsStr::new(password), pdf.as_os_str()];
    parse(&String::from_utf8_lossy(&run("pdfsig", arguments).stdout))
}

fn parse(report: &str) -> Vec<Signature> {
    let mut signatures = Vec::new();
    for line in report.lines() {
        if line.starts_with("Signature #") {
            signatures.push(Signature {
                field: None,
                common_name: None,
                valid: false,
                total_document: false,
                lines: Vec::new(),
            });
            continue;
        }
        let Some(signature) = signatures.last_mut() else {
            continue;
        };
        let line = line.trim().trim_start_matches("- ");
        if let Some(field) = line.strip_prefix("Signature Field Name: ") {
            signature.field = Some(field.to_owned());
        } else if let Some(name) = line.strip_prefix("Signer Certificate Common Name: ") {
            signature.common_name = Some(name.to_owned());
        } else if line == "Signature Validation: Signature is Valid." {
            signature.valid = true;
        } else if line == "Total document signed" {
            signature.total_document = true;
        }
        signature.lines.push(line.to_owned());
    }
    signatures
}
