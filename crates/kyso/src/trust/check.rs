//! Looking through all stores: what is wrong, and what will be.

use std::path::{Path, PathBuf};

use kyso_x509::{Certificate, CertificateList, Time};

use super::load::{folders, read_store};
use super::{Role, Store, TrustError, files};

/// Days before its end at which an authority's certificate is spoken of: a new root takes months to arrange.
const SOON_CERTIFICATE: i64 = 180 * 86_400;

/// Time before its nextUpdate at which a CRL is spoken of: a bundle has to travel.
const SOON_CRL: i64 = 2 * 86_400;

/// What is to be said of the stores.
#[derive(Debug)]
pub struct Remark {
    /// The store's folder.
    pub folder: PathBuf,
    /// What it is.
    pub fault: Fault,
    /// Whether something does not work, or could be abused; else it is good to know.
    pub grave: bool,
}

/// One thing about a store.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum Fault {
    /// The store cannot be used.
    Unusable(TrustError),
    /// It has no anchor.
    NoAnchor,
    /// A certificate's validity has ended.
    Expired { certificate: Certificate },
    /// A certificate's validity ends soon.
    ExpiresSoon { certificate: Certificate },
    /// A certificate's validity has not begun.
    NotYetValid { certificate: Certificate },
    /// The group may write a file or folder.
    GroupWrites { path: PathBuf },
    /// A certificate lies there twice.
    Duplicate { certificate: Certificate, files: [PathBuf; 2] },
    /// Another store has the same anchor: only the first one's policy applies.
    SharedAnchor { certificate: Certificate, other: String },
    /// An anchor has no pin; only its administrator vouches for it.
    WithoutPin { certificate: Certificate },
    /// A CRL's nextUpdate has passed.
    CrlStale { crl: CertificateList },
    /// A CRL's nextUpdate is near.
    CrlEndsSoon { crl: CertificateList },
}

/// Reads every store below `root` again: pins, periods, permissions, duplicates, CRLs. Gives the usable stores and the remarks.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn check(root: &Path, now: Time) -> Result<(Vec<Store>, Vec<Remark>), TrustError> {
    let mut stores: Vec<Store> = Vec::new();
    let mut remarks = Vec::new();
    for folder in folders(root)? {
        let mut remark = |fault, grave| {
            remarks.push(Remark { folder: folder.clone(), fault, grave });
        };
        match read_store(&folder) {
            Err(error) => remark(Fault::Unusable(error), true),
            Ok(store) => {
                one(&store, &stores, now, &mut remark)?;
                stores.push(store);
            }
        }
    }
    Ok((stores, remarks))
}

fn one(
    store: &Store,
    earlier: &[Store],
    now: Time,
    remark: &mut dyn FnMut(Fault, bool),
) -> Result<(), TrustError> {
    let anchors = |store: &Store| {
        let all = store.certificates.iter().filter(|one| one.role == Role::Anchor);
        all.map(|one| one.certificate.clone()).collect::<Vec<_>>()
    };
    if anchors(store).is_empty() {
        remark(Fault::NoAnchor, true);
    }
    for (index, one) in store.certificates.iter().enumerate() {
        let certificate = || one.certificate.clone();
        let validity = one.certificate.validity();
        if validity.not_after < now {
            remark(Fault::Expired { certificate: certificate() }, true);
        } else if validity.not_before > now {
            remark(Fault::NotYetValid { certificate: certificate() }, true);
        } else if validity.not_after.as_unix_seconds() < now.as_unix_seconds() + SOON_CERTIFICATE {
            remark(Fault::ExpiresSoon { certificate: certificate() }, false);
        }
        let mut before = store.certificates.iter().take(index);
        if let Some(twin) = before.find(|twin| twin.certificate == one.certificate) {
            let files = [twin.file.clone(), one.file.clone()];
            remark(Fault::Duplicate { certificate: certificate(), files }, false);
        }
        if one.role == Role::Anchor {
            if let Some(other) =
                earlier.iter().find(|other| anchors(other).contains(&one.certificate))
            {
                let other = other.name.clone();
                remark(Fault::SharedAnchor { certificate: certificate(), other }, true);
            }
            if one.pin.is_none() {
                remark(Fault::WithoutPin { certificate: certificate() }, false);
            }
        }
    }
    let mut paths: Vec<&Path> = vec![&store.folder];
    paths.extend(store.certificates.iter().map(|one| one.file.as_path()));
    paths.dedup();
    for path in paths {
        if files::writers(path)? == files::Writers::Group {
            remark(Fault::GroupWrites { path: path.to_path_buf() }, false);
        }
    }
    for crl in &store.evidence.crls {
        let Some(next) = crl.next_update() else { continue };
        if next < now {
            remark(Fault::CrlStale { crl: crl.clone() }, true);
        } else if next.as_unix_seconds() < now.as_unix_seconds() + SOON_CRL {
            remark(Fault::CrlEndsSoon { crl: crl.clone() }, false);
        }
    }
    Ok(())
}
