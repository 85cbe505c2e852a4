//! Adding a certificate to a store: never without a pin, a fingerprint or a person's word.

use std::path::{Path, PathBuf};

use kyso_validation::policy::Policy;
use kyso_x509::{Certificate, PathError, verify_certificate};

use super::load::{certificates, is_self_signed, read_store};
use super::store::{DESCRIPTION, Description, Fingerprint, check_name, file_name, usual_policy};
use super::{Pinned, Role, Store, TrustError, files, is_pinned, pinned_as};

/// What shall be added where.
#[derive(Clone, Copy, Debug)]
pub struct Adding<'a> {
    /// Folder of the stores.
    pub root: &'a Path,
    /// The file with the certificates.
    pub file: &'a Path,
    /// The store; else the pin's.
    pub store: Option<&'a str>,
    /// Name of a built-in policy for a store that is made now; else the usual one.
    pub policy: Option<&'a str>,
    /// SHA-256 that the file's only certificate must have.
    pub fingerprint: Option<[u8; 32]>,
}

/// A person's word for certificates that no pin is about.
pub trait Consent {
    /// Whether this certificate may become part of this store.
    fn agrees(&self, certificate: &Certificate, role: Role, store: &str) -> bool;
}

/// Nobody is asked.
impl Consent for () {
    fn agrees(&self, _: &Certificate, _: Role, _: &str) -> bool {
        false
    }
}

/// What became of one certificate.
#[derive(Clone, Debug)]
pub struct Added {
    /// The certificate.
    pub certificate: Certificate,
    /// The store.
    pub store: String,
    /// What it is good for there.
    pub role: Role,
    /// Whether a pin is about it.
    pub pinned: bool,
    /// The file that holds it.
    pub file: PathBuf,
    /// Whether it was there already.
    pub was_there: bool,
}

/// A certificate that was found fit.
struct Fit {
    certificate: Certificate,
    store: String,
    role: Role,
    pinned: bool,
}

/// Adds the certificates of a file to a store, which is made where it is not there; all of them or none.
///
/// # Errors
/// [`TrustError::PinMismatch`] above all; nothing has been written then.
pub fn add(adding: &Adding<'_>, consent: &dyn Consent) -> Result<Vec<Added>, TrustError> {
    let found = certificates(adding.file)?;
    if let Some(given) = adding.fingerprint {
        let all = found.iter().map(Certificate::sha256_fingerprint);
        if let Some(found) = all.into_iter().find(|one| one.as_bytes() != given.as_slice()) {
            let path = adding.file.to_path_buf();
            return Err(TrustError::OtherFingerprint { path, given, found: Box::new(found) });
        }
    }
    if let Some(name) = adding.policy {
        let (path, name) = (adding.file.to_path_buf(), name.to_owned());
        match Policy::built_in(&name) {
            None => return Err(TrustError::UnknownPolicy { path, name }),
            Some(policy) if !policy.applies_unnamed() => {
                return Err(TrustError::PolicyAsksNoStatus { path, name });
            }
            Some(_) => {}
        }
    }
    // A person may take long to answer; nobody waits for that.
    let fit = fit(adding, found, consent)?;
    let _held = files::hold(adding.root)?;
    let mut added = Vec::new();
    for one in fit {
        added.push(write(adding, one)?);
    }
    Ok(added)
}

fn fit(
    adding: &Adding<'_>,
    found: Vec<Certificate>,
    consent: &dyn Consent,
) -> Result<Vec<Fit>, TrustError> {
    let mut fit: Vec<Fit> = Vec::new();
    for certificate in found {
        let path = || adding.file.to_path_buf();
        let pin = match pinned_as(&certificate) {
            Pinned::As(pin) => Some(pin),
            Pinned::Impostor(pin) => {
                let pin = Box::new(pin);
                return Err(TrustError::PinMismatch { path: path(), pin, certificate });
            }
            Pinned::Unknown => None,
        };
        let store = match (adding.store, &pin) {
            (Some(store), Some(pin)) if store != pin.store => {
                let (pin, store) = (Box::new(pin.clone()), store.to_owned());
                return Err(TrustError::OtherStore { path: path(), pin, store });
            }
            (Some(store), _) => store.to_owned(),
            (None, Some(pin)) => pin.store.clone(),
            (None, None) => return Err(TrustError::WhichStore { path: path(), certificate }),
        };
        check_name(&store)?;
        if !certificate.is_certificate_authority() {
            return Err(TrustError::NotAnAuthority { path: path(), certificate });
        }
        let role = if is_self_signed(&certificate) { Role::Anchor } else { Role::Intermediate };
        let pinned = pin.is_some();
        if !pinned && is_pinned(&store) {
            match role {
                Role::Anchor => {
                    return Err(TrustError::NotPinned { path: path(), store, certificate });
                }
                Role::Intermediate => issued_here(adding, &store, &certificate, &fit)?,
            }
        } else if !pinned
            && adding.fingerprint.is_none()
            && !consent.agrees(&certificate, role, &store)
        {
            return Err(TrustError::Unconfirmed { path: path(), certificate });
        }
        fit.push(Fit { certificate, store, role, pinned });
    }
    Ok(fit)
}

/// An intermediate without a pin comes into a pinned store on the word of one that is there.
fn issued_here(
    adding: &Adding<'_>,
    store: &str,
    certificate: &Certificate,
    fit: &[Fit],
) -> Result<(), TrustError> {
    let there: Vec<Certificate> = match existing(adding.root, store)? {
        Some(store) => store.certificates.into_iter().map(|one| one.certificate).collect(),
        None => Vec::new(),
    };
    let beside = fit.iter().filter(|one| one.store == store).map(|one| &one.certificate);
    let mut last: Option<Box<PathError>> = None;
    for issuer in there.iter().chain(beside) {
        if issuer.subject() != certificate.issuer() || !issuer.is_certificate_authority() {
            continue;
        }
        match verify_certificate(certificate, issuer) {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(Box::new(error)),
        }
    }
    Err(TrustError::NotIssuedHere {
        path: adding.file.to_path_buf(),
        certificate: certificate.clone(),
        error: last,
    })
}

/// The store as it is, if it is there.
pub(super) fn existing(root: &Path, store: &str) -> Result<Option<Store>, TrustError> {
    let folder = root.join(store);
    if folder.join(DESCRIPTION).exists() { read_store(&folder).map(Some) } else { Ok(None) }
}

fn write(adding: &Adding<'_>, fit: Fit) -> Result<Added, TrustError> {
    let Fit { certificate, store, role, pinned } = fit;
    let folder = adding.root.join(&store);
    // Read again while it is held: somebody may have changed it since.
    let known = existing(adding.root, &store)?;
    if let Some(one) = known
        .iter()
        .flat_map(|store| &store.certificates)
        .find(|one| one.certificate == certificate && one.role == role)
    {
        let file = one.file.clone();
        return Ok(Added { certificate, store, role, pinned, file, was_there: true });
    }
    files::folder(&folder)?;
    let file = place(&folder, &certificate)?;
    let mut description = match known {
        Some(_) => Description::read(&folder)?,
        None => Description::new(&store, adding.policy.unwrap_or(usual_policy(&store))),
    };
    if let Some(anchors) = &mut description.anchors
        && role == Role::Anchor
    {
        let fingerprint = fingerprint(&certificate);
        if !anchors.contains(&fingerprint) {
            anchors.push(fingerprint);
        }
    }
    // Last, so that no description names an anchor that is not there.
    description.write(&folder)?;
    Ok(Added { certificate, store, role, pinned, file, was_there: false })
}

/// Writes a certificate's file.
pub(super) fn place(folder: &Path, certificate: &Certificate) -> Result<PathBuf, TrustError> {
    let file = folder.join(file_name(certificate));
    files::write(&file, certificate.to_pem().as_bytes())?;
    Ok(file)
}

pub(super) fn fingerprint(certificate: &Certificate) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(certificate.sha256_fingerprint().as_bytes()).for_each(|(to, from)| {
        *to = *from;
    });
    Fingerprint(bytes)
}
