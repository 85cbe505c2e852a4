//! Certificates that go to the insurance portal: of birth, of death, and those of Circular 25/2025/TT-BYT.

use super::dossier::{self, Frame};
use super::element::{Element, Facility};
use super::error::ProfileError;
use super::{Facts, INCLUSIVE, Plan, Position, Target, Without};
use crate::document::XmlDocument;
use crate::limits::Limits;

/// A certificate of death, a certificate of birth, and packages of other certificates: root and signed element.
const KINDS: [(&str, &str); 3] =
    [("HSDLGBT", "GIAYBAOTU"), ("HSDLGCS", "GIAYCHUNGSINH"), (PACKAGE, "THONGTINHOSO")];

const PACKAGE: &str = "HSCHUNGTU";

/// Packages hold certificates in base64, named CT03, CT04 and so on.
const FRAME: Frame = Frame { in_place: false, numbered: false };

pub(super) fn is_root(name: &str) -> bool {
    KINDS.iter().any(|(root, _)| *root == name)
}

/// The signature covers the certificate by its `Id`, or without one the whole document, and stands in `CHUKYDONVI`. Of a
/// package it covers the whole document: who issued it stands beside the element with the `Id`.
pub(super) fn plan(document: &XmlDocument<'_>, limits: &Limits) -> Result<Plan, ProfileError> {
    let name = document.tree().root_element().tag_name().name();
    let kind = KINDS.iter().find(|(root, _)| *root == name);
    let (root, content) = kind.copied().unwrap_or(("HSDLGCS", "GIAYCHUNGSINH"));
    let root = Element::root(document, root)?;
    let content = root.child(content)?;
    let facts =
        if name == PACKAGE { dossier::facts(root, &FRAME, limits)? } else { certificate(content)? };
    let target = match content.node.attribute("Id") {
        Some(id) if !id.is_empty() && name != PACKAGE => Target::Element(id.to_owned()),
        _ => Target::Document,
    };
    // Packages are often built without the element for the signature.
    let position = match root.optional("CHUKYDONVI")? {
        Some(place) => Position::Inside(place.must_be_free()?.node.id()),
        None => Position::LastIn(root.node.id()),
    };
    Ok(Plan {
        position,
        target,
        without: Without::Itself,
        canonicalization: INCLUSIVE,
        after: None,
        facts,
    })
}

fn certificate(content: Element<'_, '_>) -> Result<Facts, ProfileError> {
    let mut facility = Facility::default();
    facility.stated_within(content.node, "MACSKCB", None, None)?;
    Ok(Facts { facility: facility.into_code(), people: Vec::new(), items: 1 })
}
