//! The check-in file XML0: the state of each visit, signed as it happens.

use super::element::{Element, Facility};
use super::error::ProfileError;
use super::{Facts, INCLUSIVE, Plan, Position, Target, Without};
use crate::document::XmlDocument;

/// The root of a check-in file.
pub(super) const ROOT: &str = "CHI_TIEU_TRANG_THAI_KCB";

/// What every visit must state: its code, the patient's code and name, the facility, when the patient came.
const MANDATORY: [&str; 5] = ["MA_LK", "MA_BN", "HO_TEN", "MA_CSKCB", "NGAY_VAO"];

/// `CHI_TIEU_TRANG_THAI_KCB` to `DSACH_TRANG_THAI_KCB` are signed, the signature stands in `CHUKYDONVI`.
pub(super) fn plan(document: &XmlDocument<'_>) -> Result<Plan, ProfileError> {
    let root = Element::root(document, ROOT)?;
    let list = root.child("DSACH_TRANG_THAI_KCB")?;
    let mut facility = Facility::default();
    let mut items = 0;
    for mut visit in list.children("TRANG_THAI_KCB") {
        items += 1;
        visit.item = Some(items);
        for name in MANDATORY {
            visit.child(name)?.value()?;
        }
        visit.child("NGAY_VAO")?.date()?;
        let code = visit.child("MA_CSKCB")?;
        facility.stated(code.text(), code.place())?;
    }
    if items == 0 {
        return Err(ProfileError::Missing { element: "TRANG_THAI_KCB", within: list.place() });
    }
    let place = root.child("CHUKYDONVI")?.must_be_free()?;
    Ok(Plan {
        position: Position::Inside(place.node.id()),
        target: Target::Document,
        without: Without::Itself,
        canonicalization: INCLUSIVE,
        after: None,
        facts: Facts { facility: facility.into_code(), people: Vec::new(), items },
    })
}
