//! Vietnam's XML documents: what a file of each kind must hold, where its signature stands and what it covers.
//!
//! A [`Plan`] is made from the file alone, before anybody is asked for a PIN: what is missing, repeated, malformed or at
//! odds with itself is named with its place. Whose name and which facility the file states is in its [`Facts`]; whether
//! they are the signer's is for the caller to compare.

mod civil_status;
mod dossier;
mod edxml;
mod element;
mod error;
mod health_check;
mod plain;
mod visits;

pub use edxml::{
    AgencyCode, AgencyCodeError, AgencyCodeForm, Attachment, EdxmlMessage, read_edxml,
};
pub use element::Place;
pub use error::{ProfileError, Wrong};

use roxmltree::NodeId;

use crate::c14n::{C14n, Canonicalization};
use crate::document::XmlDocument;
use crate::limits::Limits;

/// A kind of document, and whose signature of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// A health insurance claim (Decision 130/QĐ-BYT as amended by 4750 and 3176): `GIAMDINHHS`.
    Claims4750,
    /// The check-in file XML0 of the same decisions: `CHI_TIEU_TRANG_THAI_KCB`.
    Checkin,
    /// A health check (Decisions 1551 and 2062/QĐ-BYT): `KHAMSUCKHOE`, which two sign one after the other.
    HealthCheck(HealthCheckSigner),
    /// A message between agencies (QCVN 102:2016/BTTTT): `edXML`.
    Edxml,
    /// Certificates of birth and death and the insurance certificates of Circular 25/2025: `HSDLGCS`, `HSDLGBT`, `HSCHUNGTU`.
    CivilStatus,
    /// Any other document: the signature stands last in the root element and covers everything.
    Plain,
}

/// Who signs a health check: the doctor who concludes it first, then the hospital over both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthCheckSigner {
    /// The doctor who concludes: `CKS_NGUOI_KET_LUAN`.
    Doctor,
    /// The hospital: `CKS_BENH_VIEN`.
    Hospital,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 7] = [
        Self::Claims4750,
        Self::Checkin,
        Self::HealthCheck(HealthCheckSigner::Doctor),
        Self::HealthCheck(HealthCheckSigner::Hospital),
        Self::Edxml,
        Self::CivilStatus,
        Self::Plain,
    ];

    /// What the command line calls it; both signers of a health check share the first word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claims4750 => "claims-4750",
            Self::Checkin => "checkin",
            Self::HealthCheck(HealthCheckSigner::Doctor) => "health-check-doctor",
            Self::HealthCheck(HealthCheckSigner::Hospital) => "health-check-hospital",
            Self::Edxml => "edxml",
            Self::CivilStatus => "civil-status",
            Self::Plain => "plain",
        }
    }

    /// The profile of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The profile for the next signature of a document, by its root element; of a health check the doctor's as long as
    /// that is missing.
    #[must_use]
    pub fn of(document: &XmlDocument<'_>) -> Self {
        let root = document.tree().root_element();
        let name = root.tag_name();
        if name.namespace() == Some(edxml::NAMESPACE) || name.name() == edxml::ROOT {
            return Self::Edxml;
        }
        match (name.namespace().filter(|uri| !uri.is_empty()), name.name()) {
            (None, dossier::CLAIMS) => Self::Claims4750,
            (None, visits::ROOT) => Self::Checkin,
            (None, health_check::ROOT) => Self::HealthCheck(health_check::next(document)),
            (None, root) if civil_status::is_root(root) => Self::CivilStatus,
            _ => Self::Plain,
        }
    }

    /// Checks the file and says how it is signed.
    ///
    /// # Errors
    /// [`ProfileError`]: what of the file forbids signing it, with its place.
    pub fn plan(self, document: &XmlDocument<'_>, limits: &Limits) -> Result<Plan, ProfileError> {
        match self {
            Self::Claims4750 => dossier::plan_claims(document, limits),
            Self::Checkin => visits::plan(document),
            Self::HealthCheck(signer) => health_check::plan(document, signer, limits),
            Self::Edxml => edxml::plan(document),
            Self::CivilStatus => civil_status::plan(document, limits),
            Self::Plain => Ok(plain::plan(document)),
        }
    }
}

/// How a document is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the signature element stands.
    pub position: Position,
    /// What it covers.
    pub target: Target,
    /// What of the target stays outside the digest.
    pub without: Without,
    /// How the target and `SignedInfo` are canonicalized.
    pub canonicalization: Canonicalization,
    /// A signature that has to be there and to be valid first.
    pub after: Option<NodeId>,
    /// What the file says of itself.
    pub facts: Facts,
}

/// Where a signature element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The only content of this element, which is empty now.
    Inside(NodeId),
    /// The last child of this element.
    LastIn(NodeId),
}

/// What a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The whole document: `URI=""`.
    Document,
    /// The element with this identifier.
    Element(String),
}

/// What stays outside a signature's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// The signature itself, where the target holds it (the enveloped-signature transform).
    Itself,
    /// Every signature, so that later ones leave this one valid (XPath Filter 2: all `ds:Signature` subtracted).
    AllSignatures,
}

/// What a file says of itself that its signer has to agree with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Code of the facility (`MACSKCB`, `MA_CSKCB`), the same wherever the file states it.
    pub facility: Option<String>,
    /// Names of who concludes, signs or issues, by the elements that state them.
    pub people: Vec<String>,
    /// How many dossiers, visits or attachments it holds.
    pub items: usize,
}

/// Canonical XML 1.0 without comments, which the insurer's software uses.
const INCLUSIVE: Canonicalization = Canonicalization { method: C14n::Inclusive10, comments: false };
