//! Trust stores on the disk: folders of anchors with a policy each, the pins that guard them, and the signed bundle that
//! carries them to networks without internet.
//!
//! A store is a folder `NAME/` with certificates (PEM or DER), `store.toml` and, below `evidence/`, CRLs and OCSP
//! responses. Anchors are those that `store.toml` names; every other certificate there only helps to build paths.

mod add;
mod bundle;
mod check;
mod error;
mod files;
mod import;
mod load;
mod pins;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use kyso_token::profile::TrustPin;
use kyso_validation::evidence::Evidence;
use kyso_validation::policy::Policy;
use kyso_validation::trust::Trust;
use kyso_x509::{Certificate, Time};

pub use add::{Added, Adding, Consent, add};
pub use bundle::{Bundle, BundleError, Packed, SignerTrust, pack};
pub use check::{Fault, Remark, check};
pub use error::TrustError;
pub use import::{Accepting, ImportError, Imported, import};
pub use load::{BARE_ANCHORS, load, read_policy, read_store, stores};
pub use pins::{Pinned, is_pinned, pinned_as};

/// A trust store as it lies on the disk, with every certificate that may be used.
#[derive(Clone, Debug)]
pub struct Store {
    /// Its name, which is also its folder's.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// By what signatures under its anchors are judged.
    pub policy: Arc<Policy>,
    /// The policy as `store.toml` names it: a built-in name, or a file of the folder.
    pub policy_name: String,
    /// Whether anchors must match a pin of this program.
    pub pins: bool,
    /// What its administrator wrote about it.
    pub comment: Option<String>,
    /// The bundle that was imported last.
    pub bundle: Option<InstalledBundle>,
    /// Its certificates, by the names of their files.
    pub certificates: Vec<StoreCertificate>,
    /// CRLs and OCSP responses that lie below `evidence/`; they prove nothing by being there.
    pub evidence: Evidence,
}

/// One certificate of a store.
#[derive(Clone, Debug)]
pub struct StoreCertificate {
    /// The file that holds it.
    pub file: PathBuf,
    /// The certificate.
    pub certificate: Certificate,
    /// Whether paths may end at it.
    pub role: Role,
    /// The pin that it matches.
    pub pin: Option<TrustPin>,
}

/// What a certificate of a store is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Paths may end at it.
    Anchor,
    /// It helps to build paths and proves nothing.
    Intermediate,
}

impl Role {
    /// Its name in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anchor => "anchor",
            Self::Intermediate => "intermediate",
        }
    }
}

/// Which bundle a store came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstalledBundle {
    /// When it was made, as its maker signed.
    pub made: Time,
    /// SHA-256 of its signer's certificate.
    pub signer: [u8; 32],
}

/// Everything that validation may use of stores and anchors.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Anchors with their policies, and candidates.
    pub trust: Trust,
    /// What the stores hold of CRLs and OCSP responses.
    pub evidence: Evidence,
}
