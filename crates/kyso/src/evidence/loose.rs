//! Evidence that was handed over as files.

use std::fs;
use std::path::{Path, PathBuf};

use kyso_cades::SignedData;
use kyso_validation::evidence::Evidence;
use kyso_x509::{Certificate, CertificateList, OcspResponse};

use super::{Bundle, BundleError, MOST_FILES, read};

/// Evidence from a bundle, from a folder of files, or from one file: certificates, CRLs (DER or PEM), OCSP responses,
/// certs-only CMS. What a file is, its bytes say and not its name.
///
/// Of a folder only its own files are read, in the order of their names, and what is no evidence is passed over;
/// one file that was named must be some.
///
/// # Errors
/// [`BundleError`].
pub fn read_evidence(path: &Path) -> Result<Evidence, BundleError> {
    if !path.is_dir() {
        let bytes = read(path)?;
        return parse(&bytes).ok_or_else(|| BundleError::Unknown { path: path.to_path_buf() });
    }
    if Bundle::is_at(path) {
        return Ok(Bundle::read(path)?.all_evidence());
    }
    let io = |error| BundleError::Io { path: path.to_path_buf(), error };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let file = entry.map_err(io)?.path();
        if file.is_file() {
            files.push(file);
        }
        if files.len() > MOST_FILES {
            return Err(BundleError::TooMany { path: path.to_path_buf(), most: MOST_FILES });
        }
    }
    files.sort();
    let mut all = Evidence::default();
    for file in files {
        if let Some(more) = parse(&read(&file)?) {
            all.merge(&more);
        }
    }
    Ok(all)
}

fn parse(bytes: &[u8]) -> Option<Evidence> {
    let none = Evidence::default();
    if let Ok(crls) = CertificateList::all_from_pem_or_der(bytes) {
        return Some(Evidence { crls, ..none });
    }
    if let Ok(certificates) = Certificate::all_from_pem_or_der(bytes) {
        return Some(Evidence { certificates, ..none });
    }
    if let Ok(response) = OcspResponse::from_der(bytes) {
        return Some(Evidence { ocsp: vec![response], ..none });
    }
    let certificates = SignedData::from_ber(bytes).ok()?.certificates();
    (!certificates.is_empty()).then_some(Evidence { certificates, ..none })
}
