//! Certificates and stored evidence from files and folders.

use std::path::{Path, PathBuf};

use kyso_validation::evidence::Evidence;
use kyso_x509::{Certificate, CertificateError, CertificateList, OcspResponse};

use crate::text::{Lang, Problem, system};

/// Largest certificate file: a few thousand certificates.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Largest file of stored evidence: the largest CRLs of public CAs have tens of megabytes.
const MOST_EVIDENCE_BYTES: u64 = 128 * 1024 * 1024;

/// Names of certificate files in a folder.
const CERTIFICATES: [&str; 4] = ["pem", "crt", "cer", "der"];

/// Names of evidence files in a folder.
const EVIDENCE: [&str; 7] = ["pem", "crt", "cer", "der", "crl", "ocsp", "ors"];

/// All certificates of files and folders (DER or PEM; of a folder `*.pem`, `*.crt`, `*.cer`, `*.der`).
pub fn certificates(paths: &[PathBuf], lang: Lang) -> Result<Vec<Certificate>, Problem> {
    let mut found = Vec::new();
    for path in files(paths, &CERTIFICATES, lang)? {
        found.extend(read(&path, lang)?);
    }
    Ok(found)
}

/// Certificates, CRLs and OCSP responses of files and folders, told apart by what they hold (DER or PEM; of a folder
/// also `*.crl`, `*.ocsp`, `*.ors`).
///
/// Such files prove nothing by being there, so one in a folder that holds nothing readable is left out and named in the
/// second value; one that is named itself is an error.
pub fn evidence(paths: &[PathBuf], lang: Lang) -> Result<(Evidence, Vec<PathBuf>), Problem> {
    let mut found = Evidence::default();
    let mut left_out = Vec::new();
    for path in files(paths, &EVIDENCE, lang)? {
        let bytes = bytes(&path, MOST_EVIDENCE_BYTES, lang)?;
        let certificates = Certificate::all_from_pem_or_der(&bytes);
        let crls = CertificateList::all_from_pem_or_der(&bytes);
        let ocsp = OcspResponse::from_der(&bytes);
        if certificates.is_err() && crls.is_err() && ocsp.is_err() {
            if paths.contains(&path) {
                return Err(no_evidence(&path, lang));
            }
            left_out.push(path);
            continue;
        }
        found.certificates.extend(certificates.unwrap_or_default());
        found.crls.extend(crls.unwrap_or_default());
        found.ocsp.extend(ocsp);
    }
    Ok((found, left_out))
}

/// The files among paths, and those of folders that have one of these extensions, in the order of their names.
fn files(paths: &[PathBuf], extensions: &[&str], lang: Lang) -> Result<Vec<PathBuf>, Problem> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path)
                .map_err(|error| unreadable(path, &system(&error, lang), lang))?;
            let mut files: Vec<PathBuf> = entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|file| named(file, extensions))
                .collect();
            files.sort();
            found.extend(files);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn bytes(path: &Path, most: u64, lang: Lang) -> Result<Vec<u8>, Problem> {
    let len = path.metadata().map_err(|error| unreadable(path, &system(&error, lang), lang))?.len();
    if len > most {
        let why = lang.pick("tệp quá lớn", "the file is too large");
        return Err(unreadable(path, why, lang));
    }
    std::fs::read(path).map_err(|error| unreadable(path, &system(&error, lang), lang))
}

fn read(path: &Path, lang: Lang) -> Result<Vec<Certificate>, Problem> {
    Certificate::all_from_pem_or_der(&bytes(path, MOST_BYTES, lang)?)
        .map_err(|error| unreadable(path, &malformed(&error, lang), lang))
}

fn no_evidence(path: &Path, lang: Lang) -> Problem {
    Problem::new(
        "evidence-unreadable",
        lang.pick("không đọc được tệp chứng cứ", "a file of stored evidence cannot be read"),
        format!(
            "{}: {}",
            path.display(),
            lang.pick(
                "không phải chứng thư, CRL hay câu trả lời OCSP",
                "neither certificate, CRL nor OCSP response",
            )
        ),
        lang.pick(
            "bỏ tệp này ra, hoặc tải lại chứng cứ; dạng DER hoặc PEM",
            "leave the file out, or fetch the evidence again; DER or PEM",
        ),
    )
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

fn named(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
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
