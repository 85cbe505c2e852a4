//! Health checks: the doctor who concludes signs first, the hospital signs over both.

use super::dossier::{self, Frame};
use super::element::{Element, is_named};
use super::error::ProfileError;
use super::{HealthCheckSigner, INCLUSIVE, Plan, Position, Target, Without};
use crate::document::XmlDocument;
use crate::limits::Limits;

/// The root of a health check.
pub(super) const ROOT: &str = "KHAMSUCKHOE";

const DOCTOR: &str = "CKS_NGUOI_KET_LUAN";
const HOSPITAL: &str = "CKS_BENH_VIEN";

/// Elements that name who concludes, as builders in use write them.
const CONCLUDES: [&str; 3] = ["NGUOI_KET_LUAN", "HO_TEN_NGUOI_KET_LUAN", "BAC_SI_KET_LUAN"];

/// Whose turn it is.
pub(super) fn next(document: &XmlDocument<'_>) -> HealthCheckSigner {
    let place = document.tree().root_element().children().find(|one| is_named(*one, "CHUKYDONVI"));
    let doctor = place.and_then(|place| place.children().find(|one| is_named(*one, DOCTOR)));
    let is_signed = |node| Element { node, item: None }.signature().is_some();
    if doctor.is_some_and(is_signed) {
        HealthCheckSigner::Hospital
    } else {
        HealthCheckSigner::Doctor
    }
}

/// The doctor's signature leaves every signature out of its digest, so that the hospital's does not spoil it; the
/// hospital's leaves out only itself, so that it covers the doctor's.
pub(super) fn plan(
    document: &XmlDocument<'_>,
    signer: HealthCheckSigner,
    limits: &Limits,
) -> Result<Plan, ProfileError> {
    let root = Element::root(document, ROOT)?;
    let mut facts = dossier::facts(root, &Frame { in_place: true, numbered: true }, limits)?;
    let names =
        root.node.descendants().filter(|node| CONCLUDES.iter().any(|name| is_named(*node, name)));
    facts.people = names.map(|node| Element { node, item: None }.text()).collect();
    facts.people.retain(|name| !name.is_empty());
    let places = root.child("CHUKYDONVI")?;
    let doctor = places.child(DOCTOR)?;
    let hospital = places.child(HOSPITAL)?;
    let (place, without, after) = match signer {
        HealthCheckSigner::Doctor => {
            // A hospital that signed before the doctor did would be broken by the doctor's signature.
            hospital.must_be_free()?;
            (doctor.must_be_free()?, Without::AllSignatures, None)
        }
        HealthCheckSigner::Hospital => {
            let first = doctor.signature();
            let Some(first) = first else {
                return Err(ProfileError::NotSignedYet { place: doctor.place() });
            };
            (hospital.must_be_free()?, Without::Itself, Some(first.id()))
        }
    };
    Ok(Plan {
        position: Position::Inside(place.node.id()),
        target: Target::Document,
        without,
        canonicalization: INCLUSIVE,
        after,
        facts,
    })
}
