//! Installing a bundle: everything is checked before anything is written.

use std::path::Path;

use kyso_validation::policy::Policy;
use kyso_x509::{Certificate, CertificateList, PublicKeyError, Time};

use super::add::{existing, fingerprint, place};
use super::bundle::{Bundle, BundledPolicy, BundledStore};
use super::error::hex;
use super::load::crl_folder;
use super::store::{BundleMark, Description, Made, check_name};
use super::{Pinned, Role, TrustError, files, is_pinned, pinned_as};

/// What the caller takes although it is refused otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepting {
    /// A bundle that is not newer than the one that was imported last.
    pub older: bool,
    /// CRLs whose nextUpdate has passed.
    pub stale: bool,
}

/// What an import did to one store, or why it left everything as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The store.
    pub store: String,
    /// Certificates that were not there before.
    pub new_certificates: usize,
    /// CRLs that were not there before.
    pub new_crls: usize,
    /// CRLs that newer ones of the same scope replaced.
    pub replaced_crls: usize,
}

/// Why a good bundle is not installed.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum ImportError {
    /// A store was imported from a bundle that is as new or newer.
    Older { store: String, installed: Time, made: Time },
    /// A CRL's nextUpdate has passed.
    Stale { store: String, crl: CertificateList },
    /// A CRL is not signed by any certificate of its store.
    CrlNotIssuedHere { store: String, crl: CertificateList },
    /// The store would use another policy from now on.
    OtherPolicy { store: String, installed: String, bundled: String },
    /// A certificate or the store itself is refused.
    Trust(Box<TrustError>),
}

impl From<TrustError> for ImportError {
    fn from(error: TrustError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Older { store, installed, made } => {
                write!(f, "store {store} is of {installed}, this bundle of {made}")
            }
            Self::Stale { store, crl } => write!(
                f,
                "store {store}: the CRL of {} ended at {}",
                crl.issuer(),
                crl.next_update().map(|next| next.to_string()).unwrap_or_default(),
            ),
            Self::CrlNotIssuedHere { store, crl } => {
                write!(f, "store {store}: no certificate there signed the CRL of {}", crl.issuer())
            }
            Self::OtherPolicy { store, installed, bundled } => {
                write!(f, "store {store} has policy {installed}, the bundle brings {bundled}")
            }
            Self::Trust(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {}

/// Name of a store's own policy where it came from a bundle.
const OWN_POLICY: &str = "policy.toml";

/// Installs a bundle's stores below `root`: certificates join those that are there, CRLs replace older ones of the same
/// issuer and scope. A kill in between leaves certificates and CRLs that were all found good.
///
/// # Errors
/// [`ImportError`]; nothing has been written then, unless a file could not be.
pub fn import(
    root: &Path,
    bundle: &Bundle,
    accepting: Accepting,
    now: Time,
) -> Result<Vec<Imported>, ImportError> {
    let _held = files::hold(root)?;
    for store in &bundle.stores {
        check(root, bundle, store, accepting, now)?;
    }
    let mut imported = Vec::new();
    for store in &bundle.stores {
        imported.push(install(root, bundle, store)?);
    }
    Ok(imported)
}

fn check(
    root: &Path,
    bundle: &Bundle,
    store: &BundledStore,
    accepting: Accepting,
    now: Time,
) -> Result<(), ImportError> {
    check_name(&store.name)?;
    let asks = match &store.policy {
        BundledPolicy::BuiltIn(name) => {
            Policy::built_in(name).is_some_and(|policy| policy.applies_unnamed())
        }
        BundledPolicy::Own(policy) => policy.applies_unnamed(),
    };
    if !asks {
        let name = match &store.policy {
            BundledPolicy::BuiltIn(name) => name.clone(),
            BundledPolicy::Own(policy) => policy.name.clone(),
        };
        let path = Path::new(&store.name).to_path_buf();
        return Err(TrustError::PolicyAsksNoStatus { path, name }.into());
    }
    let known = existing(root, &store.name)?;
    let name = || store.name.clone();
    if let Some(known) = &known {
        if let Some(installed) = known.bundle
            && installed.made >= bundle.made
            && !accepting.older
        {
            let installed = installed.made;
            return Err(ImportError::Older { store: name(), installed, made: bundle.made });
        }
        let same = match &store.policy {
            BundledPolicy::BuiltIn(policy) => *policy == known.policy_name,
            BundledPolicy::Own(policy) => **policy == *known.policy,
        };
        if !same {
            let bundled = match &store.policy {
                BundledPolicy::BuiltIn(policy) => policy.clone(),
                BundledPolicy::Own(policy) => policy.name.clone(),
            };
            let installed = known.policy.name.clone();
            return Err(ImportError::OtherPolicy { store: name(), installed, bundled });
        }
    }
    for (role, certificate) in &store.certificates {
        pinned(store, *role, certificate)?;
    }
    let there = known.iter().flat_map(|store| &store.certificates).map(|one| &one.certificate);
    let all: Vec<&Certificate> =
        there.chain(store.certificates.iter().map(|(_, certificate)| certificate)).collect();
    for crl in &store.crls {
        if crl.next_update().is_some_and(|next| next < now) && !accepting.stale {
            return Err(ImportError::Stale { store: name(), crl: crl.clone() });
        }
        if !all.iter().any(|issuer| signed_by(crl, issuer)) {
            return Err(ImportError::CrlNotIssuedHere { store: name(), crl: crl.clone() });
        }
    }
    Ok(())
}

fn pinned(store: &BundledStore, role: Role, certificate: &Certificate) -> Result<(), TrustError> {
    let path = || Path::new(&store.name).to_path_buf();
    let own = match pinned_as(certificate) {
        Pinned::Impostor(pin) => {
            let certificate = certificate.clone();
            return Err(TrustError::PinMismatch { path: path(), pin: Box::new(pin), certificate });
        }
        Pinned::As(pin) => pin.store == store.name,
        Pinned::Unknown => false,
    };
    if role == Role::Anchor && is_pinned(&store.name) && !own {
        let (store, certificate) = (store.name.clone(), certificate.clone());
        return Err(TrustError::NotPinned { path: path(), store, certificate });
    }
    if !certificate.is_certificate_authority() {
        let certificate = certificate.clone();
        return Err(TrustError::NotAnAuthority { path: path(), certificate });
    }
    Ok(())
}

/// Whether a certificate of the list's issuer name signed it. Whose status it may tell is validation's question.
fn signed_by(crl: &CertificateList, issuer: &Certificate) -> bool {
    use kyso_x509::SignatureAlgorithm;
    if issuer.subject() != crl.issuer() {
        return false;
    }
    let key: Result<_, PublicKeyError> = issuer.public_key();
    let algorithm = SignatureAlgorithm::from_algorithm_identifier(crl.signature_algorithm());
    let (Ok(key), Ok(algorithm)) = (key, algorithm) else { return false };
    key.verify(&algorithm, crl.tbs_der(), crl.signature()).is_ok()
}

fn install(root: &Path, bundle: &Bundle, store: &BundledStore) -> Result<Imported, TrustError> {
    let folder = root.join(&store.name);
    let known = existing(root, &store.name)?;
    let mut imported =
        Imported { store: store.name.clone(), new_certificates: 0, new_crls: 0, replaced_crls: 0 };
    files::folder(&folder)?;
    let mut description = match &known {
        Some(_) => Description::read(&folder)?,
        None => {
            let policy = match &store.policy {
                BundledPolicy::BuiltIn(name) => name.as_str(),
                BundledPolicy::Own(_) => OWN_POLICY,
            };
            let mut description = Description::new(&store.name, policy);
            description.comment.clone_from(&store.comment);
            description
        }
    };
    if known.is_none()
        && let BundledPolicy::Own(policy) = &store.policy
    {
        let path = folder.join(OWN_POLICY);
        let text =
            policy.to_toml().map_err(|error| TrustError::Policy { path: path.clone(), error })?;
        files::write(&path, text.as_bytes())?;
    }
    for (role, certificate) in &store.certificates {
        let mut held = known.iter().flat_map(|store| &store.certificates);
        if !held.any(|one| one.certificate == *certificate) {
            place(&folder, certificate)?;
            imported.new_certificates += 1;
        }
        let fingerprint = fingerprint(certificate);
        // Where the description leaves the anchors to their own signatures, it goes on doing so.
        if let Some(anchors) = &mut description.anchors
            && *role == Role::Anchor
            && !anchors.contains(&fingerprint)
        {
            anchors.push(fingerprint);
        }
    }
    lists(&folder, store, &mut imported)?;
    let signer = fingerprint(&bundle.signer);
    description.bundle = Some(BundleMark { made: Made(bundle.made), signer });
    // Last: only a store that is whole says from which bundle it is.
    description.write(&folder)?;
    Ok(imported)
}

/// Writes the CRLs, then takes away what they replace.
fn lists(folder: &Path, store: &BundledStore, imported: &mut Imported) -> Result<(), TrustError> {
    if store.crls.is_empty() {
        return Ok(());
    }
    let evidence = crl_folder(folder);
    files::folder(&evidence)?;
    for crl in &store.crls {
        let path = evidence.join(format!("{}.crl", hex(crl.sha256().as_bytes()).to_lowercase()));
        if !path.exists() {
            files::write(&path, crl.as_der())?;
            imported.new_crls += 1;
        }
    }
    for path in files::list(&evidence, &["crl"])? {
        let bytes = files::read(&path, files::MOST_CRL_BYTES)?;
        // What cannot be read is not ours to take away; loading names it.
        let Ok(held) = CertificateList::all_from_pem_or_der(&bytes) else { continue };
        let replaced = |held: &CertificateList| {
            store
                .crls
                .iter()
                .any(|new| same_scope(new, held) && new.this_update() > held.this_update())
        };
        if !held.is_empty() && held.iter().all(replaced) {
            std::fs::remove_file(&path)
                .map_err(|error| TrustError::Unwritable { path: path.clone(), error })?;
            imported.replaced_crls += 1;
        }
    }
    Ok(())
}

/// Two lists of one issuer, key and distribution point, both complete or both delta.
fn same_scope(one: &CertificateList, other: &CertificateList) -> bool {
    one.issuer() == other.issuer()
        && one.base_number().is_some() == other.base_number().is_some()
        && one.authority_key_identifier() == other.authority_key_identifier()
        && one.issuing_distribution_point() == other.issuing_distribution_point()
}
