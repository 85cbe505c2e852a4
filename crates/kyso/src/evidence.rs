//! Evidence on the disk: bundles that reproduce a report, and loose files that were handed over.
//!
//! A bundle is a folder with everything that a verdict rested on beside the signed file. It vouches for nothing: its
//! anchors and policies count only where the person who replays it names the bundle as what to trust.

mod loose;
mod manifest;

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kyso_validation::attempt::Attempt;
use kyso_validation::evidence::Evidence;
use kyso_validation::policy::{Policy, PolicyError};
use kyso_validation::report::FileReport;
use kyso_validation::trust::{Trust, TrustStore};
use kyso_x509::ocsp::OcspError;
use kyso_x509::{
    Certificate, CertificateList, Digest, DigestAlgorithm, Hasher, OcspResponse, Time, TrustAnchor,
};

use crate::input::open_regular;

pub use loose::read_evidence;

use manifest::{File, Manifest, Store};

/// Everything that verdicts on some files rested on, beside the files themselves.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The program's version that made it.
    pub kyso_version: String,
    /// The time at which was judged.
    pub validation_time: Time,
    /// The policy that the caller named; `None` where each signature was judged by that of its store.
    pub policy: Option<Policy>,
    /// Anchors with their policies, and further certificates.
    pub trust: Trust,
    /// What was gathered.
    pub evidence: Evidence,
    /// The files that were judged.
    pub files: Vec<BundledFile>,
}

/// A file that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledFile {
    /// Its name as it was given.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// SHA-256 of the content that was given beside it.
    pub content_sha256: Option<Digest>,
    /// Sources that had nothing when it was judged.
    pub attempts: Vec<Attempt>,
}

impl BundledFile {
    /// A file that was judged, with the content that was given beside it, as its report names it.
    ///
    /// # Errors
    /// [`BundleError::Io`] where one cannot be read again.
    pub fn of(
        report: &FileReport,
        path: &Path,
        content: Option<&Path>,
    ) -> Result<Self, BundleError> {
        Ok(Self {
            name: report.file.to_string_lossy().into_owned(),
            sha256: sha256(path)?,
            content_sha256: content.map(sha256).transpose()?,
            attempts: report.attempts.clone(),
        })
    }
}

/// SHA-256 of a file, however long.
fn sha256(path: &Path) -> Result<Digest, BundleError> {
    let io = |error| BundleError::Io { path: path.to_path_buf(), error };
    let mut file = open_regular(path).map_err(|error| io(error.into()))?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut piece = vec![0; 128 * 1024];
    loop {
        match file.read(&mut piece).map_err(io)? {
            0 => return Ok(hasher.finish()),
            len => hasher.update(piece.get(..len).unwrap_or_default()),
        }
    }
}

/// Why there is no bundle.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum BundleError {
    /// A file or folder cannot be read or written.
    Io { path: PathBuf, error: io::Error },
    /// The folder exists and is not empty: evidence of two verdicts is never mixed.
    NotEmpty { path: PathBuf },
    /// A file is longer than evidence is.
    TooLarge { path: PathBuf, most: u64 },
    /// The manifest is none, or of another form.
    Manifest { path: PathBuf, error: serde_json::Error },
    /// The manifest is of a form that this version does not read.
    Version { path: PathBuf, version: u32 },
    /// A time in the manifest is none.
    Time { path: PathBuf },
    /// A digest in the manifest is none.
    Name { path: PathBuf },
    /// A file's bytes are not those that the manifest names: it was changed.
    Tampered { path: PathBuf },
    /// A certificate is none.
    Certificate { path: PathBuf, error: kyso_x509::CertificateError },
    /// A CRL is none.
    Crl { path: PathBuf, error: kyso_x509::crl::CrlError },
    /// An OCSP response is none.
    Ocsp { path: PathBuf, error: OcspError },
    /// A policy is none.
    Policy { path: PathBuf, error: PolicyError },
    /// A policy cannot be written as a file.
    PolicyUnwritable { name: String, error: PolicyError },
    /// A loose file is neither a certificate nor a CRL nor an OCSP response.
    Unknown { path: PathBuf },
    /// More files than one gathering has.
    TooMany { path: PathBuf, most: usize },
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NotEmpty { path } => write!(f, "{} is not empty", path.display()),
            Self::TooLarge { path, most } => {
                write!(f, "{} is longer than {most} bytes", path.display())
            }
            Self::Manifest { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Version { path, version } => {
                write!(f, "{}: form {version} of bundles is not known", path.display())
            }
            Self::Time { path } => write!(f, "{}: a time is malformed", path.display()),
            Self::Name { path } => write!(f, "{}: a digest is malformed", path.display()),
            Self::Tampered { path } => {
                write!(f, "{} is not the file that the manifest names", path.display())
            }
            Self::Certificate { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Crl { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Ocsp { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Policy { path, error } => write!(f, "{}: {error}", path.display()),
            Self::PolicyUnwritable { name, error } => write!(f, "policy {name}: {error}"),
            Self::Unknown { path } => {
                write!(f, "{} is no certificate, CRL or OCSP response", path.display())
            }
            Self::TooMany { path, most } => {
                write!(f, "{} holds more than {most} files", path.display())
            }
        }
    }
}

impl std::error::Error for BundleError {}

/// Name of the manifest; a folder that holds it is a bundle.
pub const MANIFEST: &str = "manifest.json";

/// Longest single file: the longest CRL that is fetched.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Most files: a thousand signatures with ten certificates, CRLs and responses each.
const MOST_FILES: usize = 10_000;

/// Longest evidence altogether: four of the longest CRLs, which are all read into memory.
const MOST_TOTAL_BYTES: u64 = 256 * 1024 * 1024;

/// Folders of the bundle; a member's name is its digest, so that no name can lead elsewhere.
const CERTIFICATES: &str = "certificates";
const CRLS: &str = "crls";
const OCSP: &str = "ocsp";
const POLICIES: &str = "policies";

impl Bundle {
    /// True where the folder holds a bundle.
    #[must_use]
    pub fn is_at(folder: &Path) -> bool {
        folder.join(MANIFEST).is_file()
    }

    /// Writes the bundle as a new folder, or into an empty one; the manifest comes last, so that a folder that was
    /// not finished is no bundle.
    ///
    /// # Errors
    /// [`BundleError::NotEmpty`], and what the file system refuses.
    pub fn write(&self, folder: &Path) -> Result<(), BundleError> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |error| BundleError::Io { path, error }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        if fs::read_dir(folder).map_err(io(folder))?.next().is_some() {
            return Err(BundleError::NotEmpty { path: folder.to_path_buf() });
        }
        let members = Members { folder, left: Cell::new(MOST_TOTAL_BYTES) };
        let certificates = |list: &[Certificate]| {
            list.iter()
                .map(|one| members.write(CERTIFICATES, one.as_der()))
                .collect::<Result<Vec<_>, _>>()
        };
        let mut stores = Vec::new();
        for store in &self.trust.stores {
            let anchors: Vec<Certificate> =
                store.anchors.iter().map(|anchor| anchor.certificate().clone()).collect();
            stores.push(Store {
                name: store.name.clone(),
                policy: members.write_policy(&store.policy)?,
                anchors: certificates(&anchors)?,
            });
        }
        let policy = match &self.policy {
            Some(policy) => Some(members.write_policy(policy)?),
            None => None,
        };
        let Evidence { crls, ocsp, .. } = &self.evidence;
        let write_all = |kind, ders: Vec<&[u8]>| {
            ders.into_iter().map(|der| members.write(kind, der)).collect::<Result<Vec<_>, _>>()
        };
        let manifest = Manifest {
            form: manifest::FORM.to_owned(),
            version: manifest::VERSION,
            kyso: self.kyso_version.clone(),
            validation_time: self.validation_time.to_string(),
            policy,
            stores,
            candidates: certificates(&self.trust.candidates)?,
            certificates: certificates(&self.evidence.certificates)?,
            crls: write_all(CRLS, crls.iter().map(CertificateList::as_der).collect())?,
            ocsp: write_all(OCSP, ocsp.iter().map(OcspResponse::as_der).collect())?,
            files: self.files.iter().map(File::of).collect(),
        };
        let path = folder.join(MANIFEST);
        let text = manifest
            .to_json()
            .map_err(|error| BundleError::Manifest { path: path.clone(), error })?;
        write_new(&path, text.as_bytes())
    }

    /// Reads a bundle; every file must have the digest that the manifest names.
    ///
    /// # Errors
    /// [`BundleError`] with the file that is not as it should be.
    pub fn read(folder: &Path) -> Result<Self, BundleError> {
        let path = folder.join(MANIFEST);
        let manifest = Manifest::parse(&path, &read(&path)?)?;
        let most = manifest.members();
        if most > MOST_FILES {
            return Err(BundleError::TooMany { path, most: MOST_FILES });
        }
        let members = Members { folder, left: Cell::new(MOST_TOTAL_BYTES) };
        let certificates = |names: &[String]| {
            names.iter().map(|name| members.certificate(name)).collect::<Result<Vec<_>, _>>()
        };
        let mut stores = Vec::new();
        for store in &manifest.stores {
            let anchors = certificates(&store.anchors)?;
            stores.push(TrustStore {
                name: store.name.clone(),
                anchors: anchors.into_iter().map(TrustAnchor::from_certificate).collect(),
                policy: Arc::new(members.policy(&store.policy)?),
            });
        }
        let policy = match &manifest.policy {
            Some(name) => Some(members.policy(name)?),
            None => None,
        };
        let validation_time = manifest::time(&manifest.validation_time)
            .ok_or_else(|| BundleError::Time { path: path.clone() })?;
        let crl = |name: &String| {
            let (path, der) = members.read(CRLS, name)?;
            CertificateList::from_der(&der).map_err(|error| BundleError::Crl { path, error })
        };
        let ocsp = |name: &String| {
            let (path, der) = members.read(OCSP, name)?;
            OcspResponse::from_der(&der).map_err(|error| BundleError::Ocsp { path, error })
        };
        let file =
            |file: &File| file.parse().ok_or_else(|| BundleError::Name { path: path.clone() });
        Ok(Self {
            kyso_version: manifest.kyso.clone(),
            validation_time,
            policy,
            trust: Trust { stores, candidates: certificates(&manifest.candidates)? },
            evidence: Evidence {
                certificates: certificates(&manifest.certificates)?,
                crls: manifest.crls.iter().map(crl).collect::<Result<_, _>>()?,
                ocsp: manifest.ocsp.iter().map(ocsp).collect::<Result<_, _>>()?,
            },
            files: manifest.files.iter().map(file).collect::<Result<_, _>>()?,
        })
    }

    /// The evidence with the candidates of the trust that was used: what a replay is given beside its own trust.
    #[must_use]
    pub fn all_evidence(&self) -> Evidence {
        let mut all = self.evidence.clone();
        all.merge(&Evidence { certificates: self.trust.candidates.clone(), ..Evidence::default() });
        all
    }

    /// Completes a report that was made anew from this evidence by what only the first judging could know: the name
    /// as it was given, and which sources had nothing. A file that is not of this bundle stays as it is.
    pub fn complete(&self, report: &mut FileReport, file: &BundledFile) {
        let same = |one: &&BundledFile| {
            one.sha256 == file.sha256 && one.content_sha256 == file.content_sha256
        };
        if let Some(file) = self.files.iter().find(same) {
            report.file = PathBuf::from(&file.name);
            report.attempts.clone_from(&file.attempts);
        }
    }
}

/// The folder's files, each named by its digest.
struct Members<'a> {
    folder: &'a Path,
    /// Bytes that may still be read: a manifest may name one long file any number of times.
    left: Cell<u64>,
}

impl Members<'_> {
    fn write(&self, kind: &str, bytes: &[u8]) -> Result<String, BundleError> {
        let name = manifest::hex(&DigestAlgorithm::Sha256.digest(bytes));
        let folder = self.folder.join(kind);
        fs::create_dir_all(&folder)
            .map_err(|error| BundleError::Io { path: folder.clone(), error })?;
        let path = folder.join(&name);
        // What several lists name is there once.
        if !path.exists() {
            write_new(&path, bytes)?;
        }
        Ok(name)
    }

    fn write_policy(&self, policy: &Policy) -> Result<String, BundleError> {
        let text = policy
            .to_toml()
            .map_err(|error| BundleError::PolicyUnwritable { name: policy.name.clone(), error })?;
        self.write(POLICIES, text.as_bytes())
    }

    /// A member's bytes, which have the digest that is its name.
    fn read(&self, kind: &str, name: &str) -> Result<(PathBuf, Vec<u8>), BundleError> {
        let digest = manifest::digest(name)
            .ok_or_else(|| BundleError::Name { path: self.folder.join(MANIFEST) })?;
        let path = self.folder.join(kind).join(manifest::hex(&digest));
        let bytes = read(&path)?;
        let Some(left) = self.left.get().checked_sub(bytes.len() as u64) else {
            return Err(BundleError::TooLarge { path, most: MOST_TOTAL_BYTES });
        };
        self.left.set(left);
        if DigestAlgorithm::Sha256.digest(&bytes) == digest {
            Ok((path, bytes))
        } else {
            Err(BundleError::Tampered { path })
        }
    }

    fn certificate(&self, name: &str) -> Result<Certificate, BundleError> {
        let (path, der) = self.read(CERTIFICATES, name)?;
        Certificate::from_der(&der).map_err(|error| BundleError::Certificate { path, error })
    }

    fn policy(&self, name: &str) -> Result<Policy, BundleError> {
        let (path, text) = self.read(POLICIES, name)?;
        // Bytes that are no text are no TOML either, and say so at the place of the first of them.
        Policy::from_toml(&String::from_utf8_lossy(&text))
            .map_err(|error| BundleError::Policy { path, error })
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), BundleError> {
    let written =
        fs::File::options().write(true).create_new(true).open(path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
    written.map_err(|error| BundleError::Io { path: path.to_path_buf(), error })
}

/// A file's bytes, bounded.
fn read(path: &Path) -> Result<Vec<u8>, BundleError> {
    let io = |error| BundleError::Io { path: path.to_path_buf(), error };
    let file = open_regular(path).map_err(|error| io(error.into()))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(BundleError::TooLarge { path: path.to_path_buf(), most: MOST_BYTES });
    }
    Ok(bytes)
}
