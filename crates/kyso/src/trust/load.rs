//! Reading stores and bare anchors for a validation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kyso_validation::evidence::Evidence;
use kyso_validation::policy::Policy;
use kyso_validation::trust::{Trust, TrustStore};
use kyso_x509::{Certificate, CertificateList, OcspResponse, TrustAnchor, verify_certificate};

use super::store::{DESCRIPTION, Description};
use super::{Loaded, Pinned, Role, Store, StoreCertificate, TrustError, files, pinned_as};

/// What reports call anchors that lie in no store: named by `--trust` or by `trust` in the configuration.
pub const BARE_ANCHORS: &str = "anchors";

/// Extensions of certificate files.
const CERTIFICATES: &[&str] = &["pem", "crt", "cer", "der"];

/// Reads anchors and stores: each of `paths` is a file of anchors, a store's folder or a folder of anchors; below `root`
/// every folder with a `store.toml` is a store, and comes after those that `paths` name.
///
/// # Errors
/// Of the first that cannot be used: a store that is wrong is not left out in silence.
pub fn load(paths: &[PathBuf], root: Option<&Path>) -> Result<Loaded, TrustError> {
    let mut found = Vec::new();
    let mut bare = Vec::new();
    for path in paths {
        if path.is_dir() && path.join(DESCRIPTION).exists() {
            found.push(read_store(path)?);
        } else {
            bare.extend(certificates(path)?);
        }
    }
    if let Some(root) = root {
        found.extend(stores(root)?);
    }
    let mut trust = Trust::default();
    let mut evidence = Evidence::default();
    if !bare.is_empty() {
        trust.stores.push(TrustStore {
            name: BARE_ANCHORS.to_owned(),
            anchors: bare.into_iter().map(TrustAnchor::from_certificate).collect(),
            policy: Arc::new(usual()?),
        });
    }
    for store in found {
        let of_role = |role| {
            let all = store.certificates.iter();
            all.filter(move |one| one.role == role).map(|one| one.certificate.clone())
        };
        trust.candidates.extend(of_role(Role::Intermediate));
        trust.stores.push(TrustStore {
            name: store.name.clone(),
            anchors: of_role(Role::Anchor).map(TrustAnchor::from_certificate).collect(),
            policy: Arc::clone(&store.policy),
        });
        evidence.merge(&store.evidence);
    }
    Ok(Loaded { trust, evidence })
}

/// The policy of anchors without a store; built in, so that only a broken program lacks it.
fn usual() -> Result<Policy, TrustError> {
    let name = Policy::OF_BARE_ANCHORS;
    let missing = || TrustError::UnknownPolicy { path: PathBuf::new(), name: name.to_owned() };
    Policy::built_in(name).ok_or_else(missing)
}

/// Every store below a folder, by name; none where the folder is not there.
///
/// # Errors
/// Of the first that cannot be used.
pub fn stores(root: &Path) -> Result<Vec<Store>, TrustError> {
    folders(root)?.iter().map(|folder| read_store(folder)).collect()
}

/// The folders of stores below a folder, sorted.
pub(super) fn folders(root: &Path) -> Result<Vec<PathBuf>, TrustError> {
    let unreadable = |error| TrustError::Unreadable { path: root.to_path_buf(), error };
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.join(DESCRIPTION).is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    if !folders.is_empty() {
        files::guarded(root)?;
    }
    Ok(folders)
}

/// Reads one store, and refuses anchors that do not match their pins.
///
/// # Errors
/// What is wrong with its description, a file, a pin or the permissions.
pub fn read_store(folder: &Path) -> Result<Store, TrustError> {
    // `.` and `..` have no name to compare with the description's.
    let folder = std::path::absolute(folder)
        .map_err(|error| TrustError::Unreadable { path: folder.to_path_buf(), error })?;
    files::guarded(&folder)?;
    let description = Description::read(&folder)?;
    files::guarded(&folder.join(DESCRIPTION))?;
    let policy = policy_of(&folder, &description)?;
    if !policy.applies_unnamed() {
        let path = folder.join(DESCRIPTION);
        return Err(TrustError::PolicyAsksNoStatus { path, name: description.policy });
    }
    let mut all = Vec::new();
    for file in files::list(&folder, CERTIFICATES)? {
        files::guarded(&file)?;
        for certificate in certificates(&file)? {
            all.push(store_certificate(&description, file.clone(), certificate)?);
        }
    }
    for wanted in description.anchors.iter().flatten() {
        let there = |one: &StoreCertificate| {
            one.certificate.sha256_fingerprint().as_bytes() == wanted.0.as_slice()
        };
        if !all.iter().any(there) {
            let path = folder.join(DESCRIPTION);
            return Err(TrustError::AnchorMissing { path, sha256: wanted.0 });
        }
    }
    Ok(Store {
        policy: Arc::new(policy),
        policy_name: description.policy.clone(),
        pins: description.demands_pins(),
        comment: description.comment.clone(),
        bundle: description.installed_bundle(),
        certificates: all,
        evidence: evidence(&folder)?,
        name: description.name,
        folder,
    })
}

fn store_certificate(
    description: &Description,
    file: PathBuf,
    certificate: Certificate,
) -> Result<StoreCertificate, TrustError> {
    let role = match &description.anchors {
        Some(anchors) => {
            let fingerprint = certificate.sha256_fingerprint();
            let named = anchors.iter().any(|one| one.0.as_slice() == fingerprint.as_bytes());
            if named { Role::Anchor } else { Role::Intermediate }
        }
        None if is_self_signed(&certificate) => Role::Anchor,
        None => Role::Intermediate,
    };
    let pin = match pinned_as(&certificate) {
        Pinned::As(pin) => Some(pin),
        Pinned::Impostor(pin) => {
            return Err(TrustError::PinMismatch { path: file, pin: Box::new(pin), certificate });
        }
        Pinned::Unknown => None,
    };
    let own = pin.as_ref().is_some_and(|pin| pin.store == description.name);
    if role == Role::Anchor && description.demands_pins() && !own {
        let store = description.name.clone();
        return Err(TrustError::NotPinned { path: file, store, certificate });
    }
    Ok(StoreCertificate { file, certificate, role, pin })
}

pub(super) fn is_self_signed(certificate: &Certificate) -> bool {
    certificate.is_self_issued() && verify_certificate(certificate, certificate).is_ok()
}

fn policy_of(folder: &Path, description: &Description) -> Result<Policy, TrustError> {
    let name = &description.policy;
    if let Some(policy) = Policy::built_in(name) {
        return Ok(policy);
    }
    let unknown =
        || TrustError::UnknownPolicy { path: folder.join(DESCRIPTION), name: name.clone() };
    // Of this folder only: what lies elsewhere is not the store's.
    let alone = Path::new(name).file_name().is_some_and(|file| file == name.as_str());
    if !alone || !name.ends_with(".toml") || name == DESCRIPTION {
        return Err(unknown());
    }
    let path = folder.join(name);
    files::guarded(&path)?;
    read_policy(&path)
}

/// Reads a policy file.
///
/// # Errors
/// When it cannot be read, or is no policy.
pub fn read_policy(path: &Path) -> Result<Policy, TrustError> {
    let bytes = files::read(path, files::MOST_TEXT_BYTES)?;
    Policy::from_toml(&String::from_utf8_lossy(&bytes))
        .map_err(|error| TrustError::Policy { path: path.to_path_buf(), error })
}

/// The certificates of a file, or of the files of a folder.
pub(super) fn certificates(path: &Path) -> Result<Vec<Certificate>, TrustError> {
    let of_file = |file: &Path| {
        let bytes = files::read(file, files::MOST_CERTIFICATE_BYTES)?;
        Certificate::all_from_pem_or_der(&bytes)
            .map_err(|error| TrustError::Certificate { path: file.to_path_buf(), error })
    };
    if !path.is_dir() {
        return of_file(path);
    }
    let mut all = Vec::new();
    for file in files::list(path, CERTIFICATES)? {
        all.extend(of_file(&file)?);
    }
    Ok(all)
}

/// Folder of CRLs in a store: `*.crl`, DER or PEM.
pub(super) fn crl_folder(store: &Path) -> PathBuf {
    store.join("evidence").join("crls")
}

/// What lies below `evidence/`: `crls/*.crl` and `ocsp/*.ocsp`.
fn evidence(store: &Path) -> Result<Evidence, TrustError> {
    let mut evidence = Evidence::default();
    for file in files::list(&crl_folder(store), &["crl"])? {
        let bytes = files::read(&file, files::MOST_CRL_BYTES)?;
        let crls = CertificateList::all_from_pem_or_der(&bytes)
            .map_err(|error| TrustError::Crl { path: file, error })?;
        evidence.crls.extend(crls);
    }
    for file in files::list(&store.join("evidence").join("ocsp"), &["ocsp"])? {
        let bytes = files::read(&file, files::MOST_CERTIFICATE_BYTES)?;
        let response = OcspResponse::from_der(&bytes)
            .map_err(|error| TrustError::Ocsp { path: file, error })?;
        evidence.ocsp.push(response);
    }
    Ok(evidence)
}
