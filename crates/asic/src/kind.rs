//! What kind of container an archive is.

use std::io::{Read, Seek};

use crate::error::AsicError;
use crate::name::EntryName;
use crate::role::Role;
use crate::zip::{Archive, Method};

/// Media type of ASiC-S (EN 319 162-1 §4.3.3.2).
pub const ASIC_S_MEDIA_TYPE: &str = "application/vnd.etsi.asic-s+zip";
/// Media type of ASiC-E (EN 319 162-1 §4.4.3.2, §4.4.4.2).
pub const ASIC_E_MEDIA_TYPE: &str = "application/vnd.etsi.asic-e+zip";
/// How the media types of OpenDocument 1.3 packages begin.
const OPEN_DOCUMENT: &str = "application/vnd.oasis.opendocument.";
/// Bytes of a media type: 255, two names of 127 (RFC 6838 §4.2) and the slash.
const MEDIA_TYPE_BYTES: u64 = 255;

/// The kind of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ASiC-S: one data object, its signatures or time-stamp beside it.
    AsicS,
    /// ASiC-E: data objects, signatures of some or all of them.
    AsicE,
    /// An OpenDocument package; its signatures are in `META-INF/documentsignatures.xml`.
    OpenDocument,
    /// An Office Open XML package; its signatures are parts below `_xmlsignatures/`.
    OfficeOpenXml,
    /// A ZIP archive without anything that would be a signature here.
    Zip,
}

/// A departure from the standard that keeps nobody from reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// There is no `mimetype` entry; the kind was found from the content.
    MediaTypeAbsent,
    /// `mimetype` is not the first entry (Annex A.1).
    MediaTypeNotFirst,
    /// `mimetype` is compressed (Annex A.1).
    MediaTypeCompressed,
    /// `mimetype` has an extra field, so that its text is not at byte 38 (Annex A.1).
    MediaTypeExtraField,
    /// `mimetype` holds more than the media type, such as a line feed.
    MediaTypeUnclean,
    /// `mimetype` names neither an ASiC nor an OpenDocument type; the kind was found from the content.
    MediaTypeOther,
    /// An ASiC-S container does not hold exactly one data object.
    NotOneDataObject,
}

impl core::fmt::Display for Finding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::MediaTypeAbsent => "no mimetype entry",
            Self::MediaTypeNotFirst => "mimetype is not the first entry",
            Self::MediaTypeCompressed => "mimetype is compressed",
            Self::MediaTypeExtraField => "mimetype has an extra field",
            Self::MediaTypeUnclean => "mimetype holds more than a media type",
            Self::MediaTypeOther => "mimetype names another type",
            Self::NotOneDataObject => "a simple container must hold exactly one data object",
        })
    }
}

/// Finds the kind of an archive, its media type, and what departs from Annex A.1.
pub(crate) fn recognise<R: Read + Seek>(
    archive: &mut Archive<R>,
) -> Result<(Kind, Option<String>, Vec<Finding>), AsicError> {
    let mut findings = Vec::new();
    let media_type = media_type(archive, &mut findings)?;
    let objects = count(archive, |role| role == Role::DataObject);
    let kind = match media_type.as_deref() {
        Some(ASIC_S_MEDIA_TYPE) => Kind::AsicS,
        Some(ASIC_E_MEDIA_TYPE) => Kind::AsicE,
        Some(other) if other.starts_with(OPEN_DOCUMENT) => Kind::OpenDocument,
        other => {
            findings.push(match other {
                None => Finding::MediaTypeAbsent,
                Some(_) => Finding::MediaTypeOther,
            });
            from_content(archive, objects)
        }
    };
    if kind == Kind::AsicS && objects != 1 {
        findings.push(Finding::NotOneDataObject);
    }
    if matches!(kind, Kind::Zip | Kind::OfficeOpenXml) {
        findings.clear();
    }
    Ok((kind, media_type, findings))
}

fn media_type<R: Read + Seek>(
    archive: &mut Archive<R>,
    findings: &mut Vec<Finding>,
) -> Result<Option<String>, AsicError> {
    let name = EntryName::fixed("mimetype");
    let Some(entry) = archive.entry(name.as_str()) else { return Ok(None) };
    if entry.header_offset() != 0 {
        findings.push(Finding::MediaTypeNotFirst);
    }
    if entry.method() != Method::Stored {
        findings.push(Finding::MediaTypeCompressed);
    }
    if entry.has_local_extra() {
        findings.push(Finding::MediaTypeExtraField);
    }
    if entry.size() > MEDIA_TYPE_BYTES {
        return Ok(Some(String::new()));
    }
    let mut bytes = Vec::new();
    if let Some(mut reader) = archive.reader(&name)? {
        reader.read_to_end(&mut bytes)?;
    }
    let text = String::from_utf8_lossy(&bytes);
    let clean = text.trim_matches(|character: char| character == '\u{feff}' || character <= ' ');
    if clean.len() != bytes.len() {
        findings.push(Finding::MediaTypeUnclean);
    }
    Ok(Some(clean.to_owned()))
}

/// The kind by comment (Annex A.1 lets it carry the media type) and by content.
fn from_content<R: Read + Seek>(archive: &Archive<R>, objects: usize) -> Kind {
    match archive.comment().strip_prefix(b"mimetype=") {
        Some(comment) if comment == ASIC_S_MEDIA_TYPE.as_bytes() => return Kind::AsicS,
        Some(comment) if comment == ASIC_E_MEDIA_TYPE.as_bytes() => return Kind::AsicE,
        _ => {}
    }
    if archive.entry("[Content_Types].xml").is_some() && archive.entry("_rels/.rels").is_some() {
        return Kind::OfficeOpenXml;
    }
    if count(archive, Role::is_manifest) > 0 {
        return Kind::AsicE;
    }
    let proofs = count(archive, Role::is_proof);
    // The fixed names of §4.3.3.2 item 4.
    let simple = [
        "META-INF/signature.p7s",
        "META-INF/signatures.xml",
        "META-INF/timestamp.tst",
        "META-INF/evidencerecord.ers",
        "META-INF/evidencerecord.xml",
    ];
    let one = simple.iter().filter(|name| archive.entry(name).is_some()).count() == 1;
    match proofs {
        0 => Kind::Zip,
        1 if one && objects == 1 => Kind::AsicS,
        _ => Kind::AsicE,
    }
}

fn count<R: Read + Seek>(archive: &Archive<R>, matches: impl Fn(Role) -> bool) -> usize {
    archive.entries().iter().filter(|entry| matches(Role::of(entry.name()))).count()
}
