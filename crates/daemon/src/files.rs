//! Certificates from files and folders.

use std::path::{Path, PathBuf};

use kyso_x509::{Certificate, CertificateError};

use crate::text::{Lang, Problem, system};

/// Largest certificate file: a few thousand certificates.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// All certificates of files and folders (DER or PEM; of a folder `*.pem`, `*.crt`, `*.cer`, `*.der`).
pub fn certificates(paths: &[PathBuf], lang: Lang) -> Result<Vec<Certificate>, Problem> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path)
                .map_err(|error| unreadable(path, &system(&error, lang), lang))?;
            let mut files: Vec<PathBuf> =
                entries.flatten().map(|entry| entry.path()).filter(|file| named(file)).collect();
            files.sort();
            for file in files {
                found.extend(read(&file, lang)?);
            }
        } else {
            found.extend(read(path, lang)?);
        }
    }
    Ok(found)
}

fn read(path: &Path, lang: Lang) -> Result<Vec<Certificate>, Problem> {
    let len = path.metadata().map_err(|error| unreadable(path, &system(&error, lang), lang))?.len();
    if len > MOST_BYTES {
        let why = lang.pick("tệp quá lớn", "the file is too large");
        return Err(unreadable(path, why, lang));
    }
    let bytes =
        std::fs::read(path).map_err(|error| unreadable(path, &system(&error, lang), lang))?;
    Certificate::all_from_pem_or_der(&bytes)
        .map_err(|error| unreadable(path, &malformed(&error, lang), lang))
}

/// Why bytes are no certificates.
fn malformed(error: &CertificateError, lang: Lang) -> String {
    let vi = match error {
        CertificateError::Missing => "không có chứng thư nào trong tệp".to_owned(),
        CertificateError::Pem { offset } => format!("khối PEM ở byte {offset} hỏng"),
        CertificateError::Der(_) | CertificateError::Extension(_) => {
            format!("chứng thư hỏng ({error})")
        }
    };
    lang.pick(vi, error.to_string())
}

fn named(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "pem" | "crt" | "cer" | "der"))
}

fn unreadable(path: &Path, why: &str, lang: Lang) -> Problem {
    Problem::new(
        "certificate-file-unreadable",
        lang.pick("không đọc được tệp chứng thư", "a certificate file cannot be read"),
        format!("{}: {why}", path.display()),
        lang.pick(
            "kiểm tra đường dẫn; tệp phải chứa chứng thư X.509 dạng PEM hoặc DER",
            "check the path; the file must hold X.509 certificates, PEM or DER",
        ),
    )
}
