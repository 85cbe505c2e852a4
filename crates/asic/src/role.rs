//! What an entry is in a container, by its name (ETSI EN 319 162-1 v1.1.1 §4.3.3.2, §4.4.3.2, §4.4.4.2, Annex A.7).

use crate::name::EntryName;

/// The folder of everything that is about the data.
pub(crate) const META_INF: &str = "META-INF/";

/// What an entry is. Names are matched as the standard writes them, case included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `mimetype` (Annex A.1).
    MediaType,
    /// A file outside `META-INF/`: what signatures are about.
    DataObject,
    /// A folder, which has no content of its own.
    Folder,
    /// `META-INF/*signature*.p7s`: CAdES.
    CadesSignature,
    /// `META-INF/*signatures*.xml`: XAdES signatures; `documentsignatures.xml` and `macrosignatures.xml` of OpenDocument
    /// are among them.
    XadesSignatures,
    /// `META-INF/*timestamp*.tst`: an RFC 3161 time-stamp token.
    TimeStamp,
    /// `META-INF/*evidencerecord*.ers` or `.xml` (RFC 4998, RFC 6283).
    EvidenceRecord,
    /// `META-INF/*ASiCManifest*.xml`: what a CAdES signature or time-stamp covers.
    Manifest,
    /// `META-INF/*ASiCArchiveManifest*.xml` (Annex A.7): what an archive time-stamp covers.
    ArchiveManifest,
    /// `META-INF/*ASiCEvidenceRecordManifest*.xml`.
    EvidenceRecordManifest,
    /// `META-INF/manifest.xml`: the file list of OpenDocument packages.
    OpenDocumentManifest,
    /// Another file of `META-INF/`, such as `container.xml`.
    OtherMetadata,
    /// A name that fits several of the patterns above: readers would choose differently.
    Ambiguous,
}

impl Role {
    /// The role of an entry of this name.
    #[must_use]
    pub fn of(name: &EntryName) -> Self {
        let text = name.as_str();
        if name.is_folder() {
            return Self::Folder;
        }
        if text == "mimetype" {
            return Self::MediaType;
        }
        let Some(file) = text.strip_prefix(META_INF) else { return Self::DataObject };
        // The patterns have no further separator.
        if file.contains('/') {
            return Self::OtherMetadata;
        }
        if file == "manifest.xml" {
            return Self::OpenDocumentManifest;
        }
        let mut roles = PATTERNS
            .iter()
            .filter(|(token, extension, _)| file.contains(token) && file.ends_with(extension))
            .map(|(_, _, role)| *role);
        match (roles.next(), roles.next()) {
            (None, _) => Self::OtherMetadata,
            (Some(role), None) => role,
            (Some(_), Some(_)) => Self::Ambiguous,
        }
    }

    /// Whether the entry proves something about others: a signature, a time-stamp or an evidence record.
    #[must_use]
    pub fn is_proof(self) -> bool {
        matches!(
            self,
            Self::CadesSignature | Self::XadesSignatures | Self::TimeStamp | Self::EvidenceRecord
        )
    }

    /// Whether the entry lists references with digests.
    #[must_use]
    pub fn is_manifest(self) -> bool {
        matches!(self, Self::Manifest | Self::ArchiveManifest | Self::EvidenceRecordManifest)
    }
}

/// What a name in `META-INF/` contains, how it ends, and what it then is.
const PATTERNS: &[(&str, &str, Role)] = &[
    ("signature", ".p7s", Role::CadesSignature),
    ("signatures", ".xml", Role::XadesSignatures),
    ("timestamp", ".tst", Role::TimeStamp),
    ("evidencerecord", ".ers", Role::EvidenceRecord),
    ("evidencerecord", ".xml", Role::EvidenceRecord),
    ("ASiCManifest", ".xml", Role::Manifest),
    ("ASiCArchiveManifest", ".xml", Role::ArchiveManifest),
    ("ASiCEvidenceRecordManifest", ".xml", Role::EvidenceRecordManifest),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn names_have_the_roles_that_the_standard_gives_them() {
        for (name, role) in [
            ("mimetype", Role::MediaType),
            ("mimetype.txt", Role::DataObject),
            ("hồ sơ/phiếu.xml", Role::DataObject),
            ("META-INF/", Role::Folder),
            ("META-INF/signature.p7s", Role::CadesSignature),
            ("META-INF/mysignature7.p7s", Role::CadesSignature),
            ("META-INF/signatures.xml", Role::XadesSignatures),
            ("META-INF/signatures001.xml", Role::XadesSignatures),
            ("META-INF/documentsignatures.xml", Role::XadesSignatures),
            ("META-INF/signature.xml", Role::OtherMetadata),
            ("META-INF/timestamp.tst", Role::TimeStamp),
            ("META-INF/evidencerecord1.ers", Role::EvidenceRecord),
            ("META-INF/evidencerecord.xml", Role::EvidenceRecord),
            ("META-INF/ASiCManifest.xml", Role::Manifest),
            ("META-INF/ASiCManifest12.xml", Role::Manifest),
            ("META-INF/asicmanifest.xml", Role::OtherMetadata),
            ("META-INF/ASiCArchiveManifest.xml", Role::ArchiveManifest),
            ("META-INF/ASiCEvidenceRecordManifest1.xml", Role::EvidenceRecordManifest),
            ("META-INF/ASiCManifestASiCArchiveManifest.xml", Role::Ambiguous),
            ("META-INF/signatures-ASiCManifest.xml", Role::Ambiguous),
            ("META-INF/manifest.xml", Role::OpenDocumentManifest),
            ("META-INF/below/signature.p7s", Role::OtherMetadata),
            ("meta-inf/signature.p7s", Role::DataObject),
            ("signature.p7s", Role::DataObject),
        ] {
            let parsed = EntryName::new(name, &Limits::documents());
            assert_eq!(parsed.map(|name| Role::of(&name)), Ok(role), "{name}");
        }
    }
}
