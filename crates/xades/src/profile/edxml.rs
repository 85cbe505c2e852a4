//! Messages between agencies (QCVN 102:2016/BTTTT): who sends what to whom, the attachments, the place of a signature.
//!
//! Builders in use qualify some elements and not others, so elements are found by their local name in the namespace of the
//! regulation or in none.

mod agency;

pub use agency::{AgencyCode, AgencyCodeError, AgencyCodeForm};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Node, NodeId};

use super::element::Place;
use super::error::{ProfileError, Wrong};
use super::{Facts, Plan, Position, Target, Without};
use crate::c14n::{C14n, Canonicalization};
use crate::document::XmlDocument;

use crate::error;

/// The namespace of the regulation.
pub(super) const NAMESPACE: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";
/// The root of a message.
pub(super) const ROOT: &str = "edXML";

/// A message with its attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdxmlMessage {
    /// `DocumentId`, `OrganId,YYYY/MM/DD,number/notation`; empty where the message has none.
    pub document_id: String,
    /// `Subject`.
    pub subject: String,
    /// Who sends: name and code.
    pub from: Vec<Agency>,
    /// Who receives.
    pub to: Vec<Agency>,
    /// The attachments, in the order of the file.
    pub attachments: Vec<Attachment>,
    /// The element `DigitalSignature`.
    pub place: Option<NodeId>,
    /// The signature in it.
    pub signature: Option<NodeId>,
}

/// An agency as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// `OrganId` as it stands.
    pub code: String,
    /// What the code says, where it is one.
    pub parsed: Result<AgencyCode, AgencyCodeError>,
    /// `OrganName`.
    pub name: String,
}

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// `ContentId` without `cid:`.
    pub content_id: String,
    /// `AttachmentName`: what the sender calls it, no path to write to.
    pub name: String,
    /// `ContentType`.
    pub content_type: String,
    /// Its bytes. Some builders put a ZIP with the file in it here.
    pub content: Vec<u8>,
}

/// Exclusive canonicalization, as messages that are signed have it.
const EXCLUSIVE: Canonicalization =
    Canonicalization { method: C14n::Exclusive { prefixes: Vec::new() }, comments: false };

/// The envelope's signature stands in `DigitalSignature` and covers the whole message with its attachments.
pub(super) fn plan(document: &XmlDocument<'_>) -> Result<Plan, ProfileError> {
    let message = read_edxml(document)?;
    let root = document.tree().root_element();
    let node = |id| document.tree().get_node(id);
    let Some(place) = message.place.and_then(node) else {
        return Err(ProfileError::Missing {
            element: "DigitalSignature",
            within: Place::of(root, None),
        });
    };
    if place.children().any(|child| child.is_element()) || !text(place).is_empty() {
        return Err(ProfileError::AlreadySigned { place: Place::of(place, None) });
    }
    let header = header(document)?;
    for agency in message.from.iter().chain(&message.to) {
        if agency.parsed.is_err() {
            let wrong = Wrong::AgencyCode;
            return Err(ProfileError::Value { place: Place::of(header, None), wrong });
        }
    }
    if !is_document_id(&message.document_id) {
        let message = required(header, "MessageHeader")?;
        let id = find(message, "DocumentId").unwrap_or(message);
        let wrong = Wrong::DocumentId;
        return Err(ProfileError::Value { place: Place::of(id, None), wrong });
    }
    Ok(Plan {
        position: Position::Inside(place.id()),
        target: Target::Document,
        without: Without::Itself,
        canonicalization: EXCLUSIVE,
        after: None,
        facts: Facts { facility: None, people: Vec::new(), items: message.attachments.len() },
    })
}

/// Reads a message; every reference of its manifest has its attachment and every attachment its reference.
///
/// # Errors
/// [`ProfileError`] where the frame is missing or an attachment cannot be decoded.
pub fn read_edxml(document: &XmlDocument<'_>) -> Result<EdxmlMessage, ProfileError> {
    let header = header(document)?;
    let root = document.tree().root_element();
    let message = required(header, "MessageHeader")?;
    let agencies = |name: &'static str| -> Vec<Agency> {
        all(message, name)
            .map(|node| {
                let code = find(node, "OrganId").map(text).unwrap_or_default();
                let parsed = AgencyCode::parse(&code);
                let name = find(node, "OrganName").map(text).unwrap_or_default();
                Agency { code, parsed, name }
            })
            .collect()
    };
    let place = find(header, "DigitalSignature");
    let signature = place.and_then(|place| {
        place.descendants().find(|node| node.has_tag_name((crate::dsig::NAMESPACE, "Signature")))
    });
    Ok(EdxmlMessage {
        document_id: find(message, "DocumentId").map(text).unwrap_or_default(),
        subject: find(message, "Subject").map(text).unwrap_or_default(),
        from: agencies("From"),
        to: agencies("To"),
        attachments: attachments(root)?,
        place: place.map(|node| node.id()),
        signature: signature.map(|node| node.id()),
    })
}

fn attachments(root: Node<'_, '_>) -> Result<Vec<Attachment>, ProfileError> {
    let mut found: Vec<(Place, Attachment)> = Vec::new();
    for (index, node) in
        all(root, "AttachmentEncoded").flat_map(|list| all(list, "Attachment")).enumerate()
    {
        let item = Some(index.saturating_add(1));
        let place = Place::of(node, item);
        let value = |name| find(node, name).map(text).unwrap_or_default();
        let encoded = find(node, "ContentTransferEncoded").ok_or_else(|| {
            ProfileError::Missing { element: "ContentTransferEncoded", within: place.clone() }
        })?;
        let mut digits = text(encoded);
        digits.retain(|character| !character.is_ascii_whitespace());
        let content = STANDARD
            .decode(digits)
            .map_err(|_| ProfileError::Base64 { place: Place::of(encoded, item) })?;
        let content_id = without_scheme(&value("ContentId")).to_owned();
        let attachment = Attachment {
            content_id,
            name: value("AttachmentName"),
            content_type: value("ContentType"),
            content,
        };
        if found.iter().any(|(_, other)| other.content_id == attachment.content_id) {
            return Err(ProfileError::Repeated { place });
        }
        found.push((place, attachment));
    }
    // The body says which attachments there are; what it does not name nobody reads, and what it names must be there.
    let references = references(root);
    for (place, content_id) in &references {
        let there = found.iter().any(|(_, attachment)| attachment.content_id == *content_id);
        if !there || references.iter().filter(|(_, other)| other == content_id).count() > 1 {
            let (place, content_id) = (place.clone(), content_id.clone());
            return Err(ProfileError::Attachment { place, content_id });
        }
    }
    for (place, Attachment { content_id, .. }) in &found {
        if !references.iter().any(|(_, other)| other == content_id) {
            let (place, content_id) = (place.clone(), content_id.clone());
            return Err(ProfileError::Attachment { place, content_id });
        }
    }
    Ok(found.into_iter().map(|(_, attachment)| attachment).collect())
}

/// `edXMLBody/edXMLManifest/Reference` with what it refers to: its link, or the `ContentId` within.
fn references(root: Node<'_, '_>) -> Vec<(Place, String)> {
    let envelope = find(root, "edXMLEnvelope");
    let manifest =
        envelope.and_then(|one| find(one, "edXMLBody")).and_then(|one| find(one, "edXMLManifest"));
    let references = manifest.into_iter().flat_map(|manifest| all(manifest, "Reference"));
    references
        .map(|node| {
            let link = node.attributes().find(|attribute| attribute.name() == "href");
            let target = match link {
                Some(link) => link.value().to_owned(),
                None => find(node, "ContentId").map(text).unwrap_or_default(),
            };
            (Place::of(node, None), without_scheme(target.trim()).to_owned())
        })
        .collect()
}

fn without_scheme(target: &str) -> &str {
    target.strip_prefix("cid:").unwrap_or(target)
}

fn header<'d>(document: &'d XmlDocument<'_>) -> Result<Node<'d, 'd>, ProfileError> {
    let root = document.tree().root_element();
    if !is(root, ROOT) {
        let position = error::Position::of(document.text(), root.range().start);
        return Err(ProfileError::OtherRoot { expected: ROOT, position });
    }
    required(required(root, "edXMLEnvelope")?, "edXMLHeader")
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    let tag = node.tag_name();
    node.is_element()
        && tag.name() == name
        && matches!(tag.namespace(), None | Some("" | NAMESPACE))
}

fn all<'d, 'a>(parent: Node<'d, 'a>, name: &'static str) -> impl Iterator<Item = Node<'d, 'a>> {
    parent.children().filter(move |child| is(*child, name))
}

fn find<'d, 'a>(parent: Node<'d, 'a>, name: &'static str) -> Option<Node<'d, 'a>> {
    all(parent, name).next()
}

/// The only child of this name.
fn required<'d, 'a>(
    parent: Node<'d, 'a>,
    name: &'static str,
) -> Result<Node<'d, 'a>, ProfileError> {
    let mut found = all(parent, name);
    let Some(first) = found.next() else {
        let within = Place::of(parent, None);
        return Err(ProfileError::Missing { element: name, within });
    };
    match found.next() {
        Some(second) => Err(ProfileError::Repeated { place: Place::of(second, None) }),
        None => Ok(first),
    }
}

fn text(node: Node<'_, '_>) -> String {
    let mut all = String::new();
    for part in node.descendants().filter(Node::is_text) {
        all.push_str(part.text().unwrap_or_default());
    }
    all.trim().to_owned()
}

/// `OrganId,YYYY/MM/DD,number/notation`.
fn is_document_id(id: &str) -> bool {
    let mut parts = id.splitn(3, ',');
    let (Some(organ), Some(date), Some(number)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let shape = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'/',
            _ => byte.is_ascii_digit(),
        });
    AgencyCode::parse(organ).is_ok() && shape && number.contains('/')
}

#[cfg(test)]
mod tests {
    use super::is_document_id;

    #[test]
    fn document_ids() {
        assert!(is_document_id("000.00.00.H41,2019/08/30,77/VPCP-TTĐT"));
        assert!(is_document_id("H41.1.2,2026/11/23,12/QĐ-UBND"));
        for bad in
            ["", "H41,2026/11/23", "H41,2026-11-23,1/A", "h 41,2026/11/23,1/A", "H41,2026/11/23,1"]
        {
            assert!(!is_document_id(bad), "{bad}");
        }
    }
}
