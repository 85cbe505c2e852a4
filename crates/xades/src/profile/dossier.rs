//! Files of dossiers: unit, list of dossiers with their parts, and a place for the signature. Claims are such files, and
//! health checks have the same frame.

use super::element::{Element, Facility};
use super::error::{ProfileError, Wrong};
use super::{Facts, INCLUSIVE, Plan, Position, Target, Without};
use crate::document::XmlDocument;
use crate::limits::Limits;

/// The root of a claims file.
pub(super) const CLAIMS: &str = "GIAMDINHHS";

/// Most kinds of parts of a dossier: XML1 to XML15 (Decision 4750/QĐ-BYT).
const PARTS: usize = 15;

/// Elements of a part that state the facility.
const CODES: [&str; 2] = ["MA_CSKCB", "MACSKCB"];

/// `THONGTINDONVI` to `THONGTINHOSO` are signed, the signature stands in `CHUKYDONVI`: enveloped over the whole document, as
/// the software in use does it, which covers nothing else.
pub(super) fn plan_claims(
    document: &XmlDocument<'_>,
    limits: &Limits,
) -> Result<Plan, ProfileError> {
    let root = Element::root(document, CLAIMS)?;
    let facts = facts(root, &Frame { in_place: false, numbered: true }, limits)?;
    let place = root.child("CHUKYDONVI")?.must_be_free()?;
    Ok(Plan {
        position: Position::Inside(place.node.id()),
        target: Target::Document,
        without: Without::Itself,
        canonicalization: INCLUSIVE,
        after: None,
        facts,
    })
}

/// What differs between files of dossiers.
pub(super) struct Frame {
    /// Parts may stand in the file as elements, not only as base64; and some builders count parts, not dossiers.
    pub(super) in_place: bool,
    /// The kinds of parts are XML1 to XML15, each once in a dossier; else they have names of their own.
    pub(super) numbered: bool,
}

/// Checks the frame and every part of every dossier.
pub(super) fn facts(
    root: Element<'_, '_>,
    frame: &Frame,
    limits: &Limits,
) -> Result<Facts, ProfileError> {
    let mut facility = Facility::default();
    let code = root.child("THONGTINDONVI")?.child("MACSKCB")?;
    facility.stated(code.value()?, code.place())?;
    let list = root.child("THONGTINHOSO")?;
    list.child("NGAYLAP")?.date()?;
    let stated = list.child("SOLUONGHOSO")?;
    let dossiers = list.child("DANHSACHHOSO")?;
    let (mut found, mut parts) = (0, 0);
    for mut dossier in dossiers.children("HOSO") {
        found += 1;
        dossier.item = Some(found);
        parts += check_dossier(dossier, frame, limits, &mut facility)?;
    }
    if found == 0 {
        return Err(ProfileError::Missing { element: "HOSO", within: dossiers.place() });
    }
    // Decision and practice count dossiers; some builders of health checks count their parts.
    let number = stated.number()?;
    if number != found && !(frame.in_place && number == parts) {
        return Err(ProfileError::Count { place: stated.place(), stated: number, found });
    }
    Ok(Facts { facility: facility.into_code(), people: Vec::new(), items: found })
}

/// Gives the number of parts.
fn check_dossier(
    dossier: Element<'_, '_>,
    frame: &Frame,
    limits: &Limits,
    facility: &mut Facility,
) -> Result<usize, ProfileError> {
    let mut seen = [false; PARTS];
    let mut parts = 0;
    for part in dossier.children("FILEHOSO") {
        parts += 1;
        let kind = part.child("LOAIHOSO")?;
        let name = kind.value()?;
        if frame.numbered {
            let number = name.strip_prefix("XML").and_then(|text| text.parse::<usize>().ok());
            match number.and_then(|number| seen.get_mut(number.checked_sub(1)?)) {
                Some(slot) if !*slot => *slot = true,
                _ => return Err(kind.wrong(Wrong::DossierKind)),
            }
        }
        let content = part.child("NOIDUNGFILE")?;
        let in_place = content.node.children().any(|child| child.is_element());
        if in_place && frame.in_place {
            for name in CODES {
                facility.stated_within(content.node, name, None, content.item)?;
            }
            continue;
        }
        let place = content.place();
        content.payload(limits, |inner| {
            let root = inner.tree().root_element();
            CODES
                .iter()
                .try_for_each(|name| facility.stated_within(root, name, Some(&place), content.item))
        })?;
    }
    match parts {
        0 => Err(ProfileError::Missing { element: "FILEHOSO", within: dossier.place() }),
        parts => Ok(parts),
    }
}
