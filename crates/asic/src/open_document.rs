//! OpenDocument packages (ODF 1.3 part 2): the file list, and what their signatures must cover.

use std::io::{Read, Seek};

use crate::container::Container;
use crate::error::{AsicError, ShapeFault};
use crate::kind::Kind;
use crate::name::EntryName;
use crate::xml::{elements, is, push_attribute_value, with_document};

/// Namespace of `META-INF/manifest.xml` (ODF 1.3 part 2 §4.2).
const MANIFEST: &str = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";
/// The file list (§3.2).
const FILE_LIST: &str = "META-INF/manifest.xml";
/// The signatures of the document (§3.5).
const DOCUMENT_SIGNATURES: &str = "META-INF/documentsignatures.xml";
/// The signatures of its macros.
const MACRO_SIGNATURES: &str = "META-INF/macrosignatures.xml";

/// What an OpenDocument package holds for whoever verifies its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDocumentPackage {
    /// Whether `META-INF/documentsignatures.xml` is there.
    pub document_signatures: bool,
    /// Whether `META-INF/macrosignatures.xml` is there.
    pub macro_signatures: bool,
    /// The files that a signature of the document must refer to: every file of the package but the signature files
    /// (ODF 1.3 part 2 §5.2), so that none can be added or exchanged.
    pub to_be_covered: Vec<EntryName>,
    /// Files that the file list says are encrypted; their signed form is the encrypted one.
    pub encrypted: Vec<String>,
    /// Files that the file list does not have, other than `mimetype` and those of `META-INF/`.
    pub unlisted: Vec<EntryName>,
}

impl<R: Read + Seek> Container<R> {
    /// What an OpenDocument package holds; `None` when it is another kind of container.
    ///
    /// # Errors
    /// A file list that is missing or malformed.
    pub fn open_document(&mut self) -> Result<Option<OpenDocumentPackage>, AsicError> {
        if self.kind() != Kind::OpenDocument {
            return Ok(None);
        }
        let listed = self.file_list()?;
        let files = || self.entries().iter().map(|entry| entry.name()).filter(|n| !n.is_folder());
        let signature =
            |name: &EntryName| matches!(name.as_str(), DOCUMENT_SIGNATURES | MACRO_SIGNATURES);
        let to_be_covered = files().filter(|name| !signature(name)).cloned().collect();
        let unlisted = files()
            .filter(|name| name.as_str() != "mimetype" && !name.as_str().starts_with("META-INF/"))
            .filter(|name| !listed.iter().any(|file| file.path == name.as_str()))
            .cloned()
            .collect();
        let encrypted = listed.iter().filter(|file| file.encrypted).map(|file| file.path.clone());
        Ok(Some(OpenDocumentPackage {
            document_signatures: self.entry(DOCUMENT_SIGNATURES).is_some(),
            macro_signatures: self.entry(MACRO_SIGNATURES).is_some(),
            to_be_covered,
            encrypted: encrypted.collect(),
            unlisted,
        }))
    }
}

/// An entry of `META-INF/manifest.xml`.
pub(crate) struct ListedFile {
    /// `full-path`.
    pub(crate) path: String,
    /// `media-type`.
    pub(crate) media_type: String,
    /// It has `encryption-data`.
    encrypted: bool,
}

impl<R: Read + Seek> Container<R> {
    /// Reads `META-INF/manifest.xml` (ODF 1.3 part 2 §4).
    pub(crate) fn file_list(&mut self) -> Result<Vec<ListedFile>, AsicError> {
        let name = EntryName::fixed(FILE_LIST);
        let bytes = self.read(&name)?;
        with_document(&name, &bytes, &self.limits().xml, |root| {
            if !is(root, MANIFEST, "manifest") {
                return Err(ShapeFault::Root);
            }
            let mut listed = Vec::new();
            for node in elements(root)?.into_iter().filter(|node| is(*node, MANIFEST, "file-entry"))
            {
                let path = node.attribute((MANIFEST, "full-path"));
                let media_type = node.attribute((MANIFEST, "media-type")).unwrap_or_default();
                let encrypted =
                    elements(node)?.iter().any(|child| is(*child, MANIFEST, "encryption-data"));
                listed.push(ListedFile {
                    path: path.ok_or(ShapeFault::Missing("full-path"))?.to_owned(),
                    media_type: media_type.to_owned(),
                    encrypted,
                });
            }
            Ok(listed)
        })
    }
}

/// Writes `META-INF/manifest.xml` (ODF 1.2 part 3 §4) for ASiC-E, whose readers often ask for it.
pub(crate) fn write_file_list<'a>(
    media_type: &str,
    files: impl Iterator<Item = (&'a EntryName, &'a str)>,
) -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str("<manifest:manifest xmlns:manifest=\"");
    xml.push_str(MANIFEST);
    xml.push_str("\" manifest:version=\"1.2\">");
    let mut entry = |path: &str, media_type: &str| {
        xml.push_str("<manifest:file-entry manifest:full-path=\"");
        push_attribute_value(&mut xml, path);
        xml.push_str("\" manifest:media-type=\"");
        push_attribute_value(&mut xml, media_type);
        xml.push_str("\"/>");
    };
    entry("/", media_type);
    for (name, media_type) in files {
        entry(name.as_str(), media_type);
    }
    xml.push_str("</manifest:manifest>\n");
    xml.into_bytes()
}
