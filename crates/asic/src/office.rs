//! Office Open XML packages (ECMA-376 part 2, Open Packaging Conventions): parts, relationships, where the signatures are,
//! and the relationships transform that they use.

use std::io::{Read, Seek};

use roxmltree::Node;

use crate::container::Container;
use crate::error::{AsicError, ShapeFault};
use crate::kind::Kind;
use crate::name::EntryName;
use crate::reference::name_from_uri;
use crate::role::Role;
use crate::xml::{attribute, elements, is, push_attribute_value, with_document};

/// Namespace of `[Content_Types].xml` (§10.1.2.2).
const CONTENT_TYPES: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
/// Namespace of relationships parts (§9.3.2).
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
/// Relationship from the package to the digital signature origin part (§13.2.1).
const SIGNATURE_ORIGIN: &str =
    "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin";
/// Relationship from the origin to a signature part (§13.2.2).
const SIGNATURE: &str =
    "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/signature";
/// URI of the relationships transform (§13.2.4.26).
pub const RELATIONSHIPS_TRANSFORM: &str =
    "http://schemas.openxmlformats.org/package/2006/RelationshipTransform";

/// What an Office Open XML package holds for whoever verifies its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficePackage {
    /// Every part and its content type; `None` where `[Content_Types].xml` has none for it.
    pub parts: Vec<(EntryName, Option<String>)>,
    /// The signature parts, reached as §13.2 says: from the package to the origin part, and from that to each.
    pub signatures: Vec<EntryName>,
}

impl OfficePackage {
    /// The part and its stated content type that a signature's `Manifest` refers to:
    /// `/word/document.xml?ContentType=application/…` (§13.2.4.15). `None` when there is no such part or it has another
    /// type.
    #[must_use]
    pub fn referenced_part(&self, uri: &str) -> Option<&EntryName> {
        let (path, stated) = uri.split_once("?ContentType=")?;
        let (name, content_type) = self.part(path.strip_prefix('/')?)?;
        (content_type == Some(stated)).then_some(name)
    }

    /// Part names are equal when only the case of ASCII letters differs (§9.1.1.4); none of the entries collide so.
    fn part(&self, name: &str) -> Option<(&EntryName, Option<&str>)> {
        let decoded = name_from_uri(name, &crate::Limits::documents()).ok()?;
        let (name, content_type) = self
            .parts
            .iter()
            .find(|(part, _)| part.as_str().eq_ignore_ascii_case(decoded.as_str()))?;
        Some((name, content_type.as_deref()))
    }
}

/// One relationship (§9.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// `Id`, unique in its part.
    pub id: String,
    /// `Type`.
    pub kind: String,
    /// `Target` as written.
    pub target: String,
    /// `TargetMode` is `External`.
    pub external: bool,
}

/// What a relationships transform keeps (§13.2.4.24): relationships by identifier or by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationshipSelection {
    /// `SourceId` values.
    pub ids: Vec<String>,
    /// `SourceType` values.
    pub types: Vec<String>,
}

impl<R: Read + Seek> Container<R> {
    /// What an Office Open XML package holds; `None` when it is another kind of container.
    ///
    /// # Errors
    /// Content types or relationships that are malformed.
    pub fn office(&mut self) -> Result<Option<OfficePackage>, AsicError> {
        if self.kind() != Kind::OfficeOpenXml {
            return Ok(None);
        }
        let name = EntryName::fixed("[Content_Types].xml");
        let bytes = self.read(&name)?;
        let xml = self.limits().xml.clone();
        let types = with_document(&name, &bytes, &xml, ContentTypes::read)?;
        let parts = self
            .entries()
            .iter()
            .map(|entry| entry.name().clone())
            .filter(|part| *part != name && Role::of(part) != Role::Folder)
            .map(|part| (part.clone(), types.of(part.as_str())))
            .collect();
        let mut package = OfficePackage { parts, signatures: Vec::new() };
        let mut signatures = Vec::new();
        for origin in self.targets(&package, "", SIGNATURE_ORIGIN)? {
            signatures.extend(self.targets(&package, origin.as_str(), SIGNATURE)?);
        }
        package.signatures = signatures;
        Ok(Some(package))
    }

    /// The relationships of a part, or of the package when `source` is empty; none when it has no relationships part.
    ///
    /// # Errors
    /// A relationships part that is malformed.
    pub fn relationships(&mut self, source: &str) -> Result<Vec<Relationship>, AsicError> {
        // §9.3.3: `_rels/NAME.rels` beside the part.
        let (folder, file) = source.rsplit_once('/').unwrap_or(("", source));
        let slash = if folder.is_empty() { "" } else { "/" };
        let part = format!("{folder}{slash}_rels/{file}.rels");
        let Some(name) = self.entry(&part).map(|entry| entry.name().clone()) else {
            return Ok(Vec::new());
        };
        let bytes = self.read(&name)?;
        let xml = self.limits().xml.clone();
        with_document(&name, &bytes, &xml, read_relationships)
    }

    /// The bytes that a relationships transform and the canonicalization behind it give (§13.2.4.26).
    ///
    /// # Errors
    /// [`AsicError::NoSuchEntry`]; a relationships part that is malformed, or has more than relationships in it:
    /// versioning instructions are not processed.
    pub fn transformed_relationships(
        &mut self,
        part: &EntryName,
        selection: &RelationshipSelection,
    ) -> Result<Vec<u8>, AsicError> {
        let bytes = self.read(part)?;
        let xml = self.limits().xml.clone();
        let relationships = with_document(part, &bytes, &xml, read_relationships)?;
        Ok(transform(relationships, selection))
    }

    fn targets(
        &mut self,
        package: &OfficePackage,
        source: &str,
        kind: &str,
    ) -> Result<Vec<EntryName>, AsicError> {
        let related = self.relationships(source)?;
        let targets = related.iter().filter(|related| related.kind == kind && !related.external);
        Ok(targets
            .filter_map(|related| resolve(source, &related.target))
            .filter_map(|target| package.part(&target).map(|(name, _)| name.clone()))
            .collect())
    }
}

struct ContentTypes {
    /// By extension, lower case.
    defaults: Vec<(String, String)>,
    /// By part name without the first `/`, lower case.
    overrides: Vec<(String, String)>,
}

impl ContentTypes {
    fn read(root: Node<'_, '_>) -> Result<Self, ShapeFault> {
        if !is(root, CONTENT_TYPES, "Types") {
            return Err(ShapeFault::Root);
        }
        let mut types = Self { defaults: Vec::new(), overrides: Vec::new() };
        for node in elements(root)? {
            let content_type = attribute(node, "ContentType")?.to_owned();
            if is(node, CONTENT_TYPES, "Default") {
                let extension = attribute(node, "Extension")?.to_ascii_lowercase();
                types.defaults.push((extension, content_type));
            } else if is(node, CONTENT_TYPES, "Override") {
                let part = attribute(node, "PartName")?;
                let part = part.strip_prefix('/').ok_or(ShapeFault::Value("PartName"))?;
                types.overrides.push((part.to_ascii_lowercase(), content_type));
            } else {
                return Err(ShapeFault::Unexpected);
            }
        }
        for (list, what) in [(&types.defaults, "Extension"), (&types.overrides, "PartName")] {
            let mut keys: Vec<&str> = list.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            if keys.windows(2).any(|pair| matches!(pair, [one, two] if one == two)) {
                return Err(ShapeFault::Repeated(what));
            }
        }
        Ok(types)
    }

    /// §10.1.2.4: an override, or the default of the extension.
    fn of(&self, part: &str) -> Option<String> {
        let part = part.to_ascii_lowercase();
        let extension = part.rsplit_once('.').map(|(_, extension)| extension);
        let find = |list: &[(String, String)], key: &str| {
            list.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
        };
        find(&self.overrides, &part).or_else(|| find(&self.defaults, extension?))
    }
}

fn read_relationships(root: Node<'_, '_>) -> Result<Vec<Relationship>, ShapeFault> {
    if !is(root, RELATIONSHIPS, "Relationships") {
        return Err(ShapeFault::Root);
    }
    if root.attributes().len() != 0 {
        return Err(ShapeFault::Unexpected);
    }
    let mut relationships: Vec<Relationship> = Vec::new();
    for node in elements(root)? {
        if !is(node, RELATIONSHIPS, "Relationship") {
            return Err(ShapeFault::Unexpected);
        }
        let known = ["Id", "Type", "Target", "TargetMode"];
        let foreign = node
            .attributes()
            .any(|attribute| attribute.namespace().is_some() || !known.contains(&attribute.name()));
        if foreign {
            return Err(ShapeFault::Unexpected);
        }
        let external = match node.attribute("TargetMode") {
            None | Some("Internal") => false,
            Some("External") => true,
            Some(_) => return Err(ShapeFault::Value("TargetMode")),
        };
        relationships.push(Relationship {
            id: attribute(node, "Id")?.to_owned(),
            kind: attribute(node, "Type")?.to_owned(),
            target: attribute(node, "Target")?.to_owned(),
            external,
        });
    }
    let mut ids: Vec<&str> = relationships.iter().map(|related| related.id.as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| matches!(pair, [one, two] if one == two)) {
        return Err(ShapeFault::Repeated("Id"));
    }
    Ok(relationships)
}

/// The relationships transform (§13.2.4.26), its outcome already canonical.
fn transform(mut relationships: Vec<Relationship>, selection: &RelationshipSelection) -> Vec<u8> {
    // Step 2: sort by Id, keep what the selection names.
    relationships.sort_by(|one, two| one.id.cmp(&two.id));
    relationships.retain(|related| {
        selection.ids.contains(&related.id) || selection.types.contains(&related.kind)
    });
    // Step 3: no text, no content, TargetMode always there; attributes in canonical order.
    let mut xml = format!("<Relationships xmlns=\"{RELATIONSHIPS}\">");
    for related in &relationships {
        let mode = if related.external { "External" } else { "Internal" };
        xml.push_str("<Relationship");
        for (name, value) in [
            ("Id", related.id.as_str()),
            ("Target", &related.target),
            ("TargetMode", mode),
            ("Type", &related.kind),
        ] {
            xml.push(' ');
            xml.push_str(name);
            xml.push_str("=\"");
            push_attribute_value(&mut xml, value);
            xml.push('"');
        }
        xml.push_str("></Relationship>");
    }
    xml.push_str("</Relationships>");
    xml.into_bytes()
}

/// A relationship's target as a path from the root (RFC 3986 §5.2); `None` when it leads out of the package.
fn resolve(source: &str, target: &str) -> Option<String> {
    let mut path: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => {
            source.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').collect())
        }
    };
    for segment in target.strip_prefix('/').unwrap_or(target).split('/') {
        match segment {
            "." => {}
            ".." => {
                path.pop()?;
            }
            other => path.push(other),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_within_the_package() {
        for (source, target, path) in [
            ("", "word/document.xml", Some("word/document.xml")),
            ("word/document.xml", "media/a.png", Some("word/media/a.png")),
            ("word/document.xml", "../docProps/core.xml", Some("docProps/core.xml")),
            ("word/document.xml", "/docProps/./core.xml", Some("docProps/core.xml")),
            ("word/document.xml", "../../x", None),
        ] {
            assert_eq!(resolve(source, target).as_deref(), path, "{source} {target}");
        }
    }

    #[test]
    fn the_transform_sorts_selects_and_completes() {
        let related = |id: &str, kind: &str, target: &str, external| Relationship {
            id: id.into(),
            kind: kind.into(),
            target: target.into(),
            external,
        };
        let relationships = vec![
            related("rId2", "urn:b", "b&\"<>.xml", false),
            related("rId10", "urn:c", "http://c/", true),
            related("rId1", "urn:a", "a.xml", false),
        ];
        let selection =
            RelationshipSelection { ids: vec!["rId2".into()], types: vec!["urn:c".into()] };
        let expected = concat!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
            "<Relationship Id=\"rId10\" Target=\"http://c/\" TargetMode=\"External\" Type=\"urn:c\"></Relationship>",
            "<Relationship Id=\"rId2\" Target=\"b&amp;&quot;&lt;>.xml\" TargetMode=\"Internal\" Type=\"urn:b\">",
            "</Relationship></Relationships>"
        );
        assert_eq!(String::from_utf8_lossy(&transform(relationships, &selection)), expected);
    }
}
