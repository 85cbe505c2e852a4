//! What a later revision may change, as values.

use core::fmt;

use crate::error::Error;
use crate::object::{Name, Reference};
use crate::permissions::DocMdpPermission;

/// One change of a later revision, classified once for all signatures before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The revision that makes it, counted from 1, the oldest of the file.
    pub revision: usize,
    /// The object that changed or is new; `None` where it is no object that is wrong.
    pub object: Option<Reference>,
    /// The page that it touches, counted from 0.
    pub page: Option<usize>,
    /// Where on the page it can be seen, in default user space; `None` for what shows nothing new.
    pub visible: Option<[f64; 4]>,
    /// What it is.
    pub kind: ChangeKind,
    /// What must permit it.
    pub needs: Needs,
}

/// What a change is.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeKind {
    /// Certificates and revocation status were added (ISO 32000-2 §12.8.4.3).
    SecurityStore,
    /// A document time-stamp (ISO 32000-2 §12.8.5).
    DocumentTimeStamp {
        /// Its field.
        field: String,
    },
    /// A signature in a new field.
    Signature {
        /// Its field.
        field: String,
    },
    /// A signature in a field that was there before.
    SignedField {
        /// The field.
        field: String,
    },
    /// A signature field without a signature.
    SignatureField {
        /// Its name.
        field: String,
    },
    /// The value of a field, with what shows it.
    FieldValue {
        /// The field.
        field: String,
    },
    /// A new annotation.
    Annotation {
        /// Its `/Subtype`.
        subtype: Name,
    },
    /// An annotation of before that looks or says another thing now.
    AnnotationChanged {
        /// Its `/Subtype`.
        subtype: Name,
    },
    /// An annotation that was taken away.
    AnnotationRemoved {
        /// Its `/Subtype`.
        subtype: Name,
    },
    /// An entry of the catalog, the form or the trailer that other changes need.
    Entry {
        /// Which.
        key: EntryKey,
    },
    /// Something that no rule explains or permits.
    Forbidden,
}

/// An entry that may change because permitted changes need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKey {
    /// `/AcroForm` was made, or its `/SigFlags` set.
    AcroForm,
    /// `/Extensions` of the catalog.
    Extensions,
    /// `/Version` of the catalog, raised.
    Version,
    /// `/Metadata` of the catalog.
    Metadata,
    /// `/ModDate` or `/Producer` of the document information.
    Info,
}

impl EntryKey {
    /// The key as it stands in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcroForm => "AcroForm",
            Self::Extensions => "Extensions",
            Self::Version => "Version",
            Self::Metadata => "Metadata",
            Self::Info => "Info",
        }
    }
}

/// What a signature or certification must permit for a change to be lawful.
#[derive(Clone, Debug, PartialEq)]
pub enum Needs {
    /// Permitted always (ISO 32000-2 §12.8.2.2.2: security store, document time-stamps).
    Nothing,
    /// Signing.
    Signing {
        /// The signature's field.
        field: String,
        /// Whether the field is new.
        is_new: bool,
    },
    /// Filling in the form.
    FormFilling {
        /// The field filled in.
        field: String,
    },
    /// Adding, changing or removing annotations.
    Annotations,
    /// Nothing permits it.
    Never(Never),
}

/// Why nothing permits a change, or why a file's revisions cannot be told apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Never {
    /// The file had to be repaired, so programs read it differently.
    Repaired,
    /// A signature's byte range does not end where its revision does.
    NoRevisionEnd,
    /// A later cross-reference section does not follow what it changes.
    SectionOrder {
        /// Where it begins.
        offset: u64,
    },
    /// A later section names a place that is not within its own revision.
    EntryOutside {
        /// Offset named.
        offset: u64,
    },
    /// Bytes of a later revision belong to nothing that the cross-reference names.
    StrayBytes {
        /// Where they begin.
        offset: u64,
    },
    /// A later cross-reference is not written to the letter, so that others may read something else.
    Irregular {
        /// Where it begins.
        offset: u64,
    },
    /// A later object cannot be read as it stands.
    Unreadable,
    /// A dictionary holds a key twice.
    DuplicateKey(Name),
    /// An object stream was replaced under the objects that it holds.
    ObjectStream,
    /// An object changed that no permitted change explains.
    Unexplained {
        /// The key under which something refers to it, where there is one.
        role: Option<Name>,
    },
    /// A changed object is used for something else too.
    Shared {
        /// The key of the other use, where it has one.
        role: Option<Name>,
    },
    /// A number that was in use was taken for something new.
    Reused,
    /// An entry of the trailer changed.
    Trailer(Name),
    /// An entry of the document information changed.
    Information(Name),
    /// An entry of the catalog changed.
    Catalog(Name),
    /// An entry of the interactive form changed.
    Form(Name),
    /// Fields of the form were removed or put in another order.
    FieldsRearranged,
    /// A new field is not a signature field of its own.
    NotSignatureField,
    /// A new field has the name of another.
    NameTaken {
        /// The name.
        name: String,
    },
    /// A new entry of a field or widget that is not understood or harmful.
    WidgetEntry(Name),
    /// A signature covers nothing that counts, or not its own revision.
    CoversNothing {
        /// Its field.
        field: String,
    },
    /// A signed field changed.
    SignedFieldChanged {
        /// The field.
        field: String,
    },
    /// An entry of a field changed that filling in does not change.
    FieldEntry {
        /// The field.
        field: String,
        /// The entry.
        key: Name,
    },
    /// A signature field without a signature shows something.
    UnsignedShows {
        /// The field.
        field: String,
    },
    /// What a field shows is not, or not recognisably, its value.
    NotItsValue {
        /// The field.
        field: String,
    },
    /// What a field shows is in a font that came with it, of which nobody signed what its letters look like.
    ForeignFont {
        /// The field.
        field: String,
    },
    /// A state of a button that was not among those signed.
    ButtonState {
        /// The field.
        field: String,
    },
    /// An entry of a page changed.
    Page(Name),
    /// Annotations were removed or put in another order.
    AnnotationsRearranged,
    /// A field's widget stands on several pages, or on one that it does not name.
    WidgetPage,
    /// An annotation of a kind that may do or hide anything.
    AnnotationKind,
    /// The security store holds what it must not.
    SecurityStore,
    /// A stream of metadata is none.
    Metadata,
}

/// A change that a signature does not permit.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The change.
    pub change: Change,
    /// Why it is not permitted.
    pub denial: Denial,
}

/// Why a change is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Nothing permits it; the change says why.
    Never,
    /// The certification, or the field's lock, permits less (DocMDP, ISO 32000-2 §12.8.2.2).
    Permission(DocMdpPermission),
    /// No certification permits it.
    NotCertified,
    /// The signature locks the field (FieldMDP, ISO 32000-2 §12.8.2.4).
    Locked,
    /// A certified document may be signed, but not in a new field that can be seen.
    NewVisibleField,
}

impl Change {
    /// Stable code of the kind of change.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            ChangeKind::SecurityStore => "security-store",
            ChangeKind::DocumentTimeStamp { .. } => "document-time-stamp",
            ChangeKind::Signature { .. } => "signature",
            ChangeKind::SignedField { .. } => "signed-field",
            ChangeKind::SignatureField { .. } => "signature-field",
            ChangeKind::FieldValue { .. } => "field-value",
            ChangeKind::Annotation { .. } => "annotation",
            ChangeKind::AnnotationChanged { .. } => "annotation-changed",
            ChangeKind::AnnotationRemoved { .. } => "annotation-removed",
            ChangeKind::Entry { .. } => "entry",
            ChangeKind::Forbidden => "forbidden",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecurityStore => f.write_str("evidence for the long term was added"),
            Self::DocumentTimeStamp { field } => write!(f, "document time-stamp {field:?}"),
            Self::Signature { field } => write!(f, "signature in a new field {field:?}"),
            Self::SignedField { field } => write!(f, "signature in field {field:?}"),
            Self::SignatureField { field } => write!(f, "new signature field {field:?}"),
            Self::FieldValue { field } => write!(f, "field {field:?} was filled in"),
            Self::Annotation { subtype } => write!(f, "new annotation /{subtype}"),
            Self::AnnotationChanged { subtype } => write!(f, "annotation /{subtype} was changed"),
            Self::AnnotationRemoved { subtype } => write!(f, "annotation /{subtype} was removed"),
            Self::Entry { key } => write!(f, "/{} was brought up to date", key.as_str()),
            Self::Forbidden => f.write_str("forbidden change"),
        }
    }
}

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = |role: &Option<Name>, f: &mut fmt::Formatter<'_>| match role {
            Some(role) => write!(f, " (/{role})"),
            None => Ok(()),
        };
        match self {
            Self::Repaired => {
                f.write_str("the file is damaged; programs would read it differently")
            }
            Self::NoRevisionEnd => {
                f.write_str("the signature does not end where its revision does")
            }
            Self::SectionOrder { offset } => {
                write!(f, "the cross-reference at byte {offset} does not follow what it changes")
            }
            Self::EntryOutside { offset } => {
                write!(f, "it is said to be at byte {offset}, outside of its revision")
            }
            Self::Irregular { offset } => {
                write!(f, "the cross-reference at byte {offset} can be read in several ways")
            }
            Self::StrayBytes { offset } => {
                write!(f, "the bytes from {offset} on belong to nothing in the cross-reference")
            }
            Self::Unreadable => f.write_str("it cannot be read as it stands"),
            Self::DuplicateKey(key) => write!(f, "/{key} stands twice"),
            Self::ObjectStream => f.write_str("an object stream was replaced"),
            Self::Unexplained { role: of } => {
                f.write_str("it changed and no permitted change explains it")?;
                role(of, f)
            }
            Self::Shared { role: of } => {
                f.write_str("it changed and is used for something else too")?;
                role(of, f)
            }
            Self::Reused => f.write_str("its number was in use and stands for something new"),
            Self::Trailer(key) => write!(f, "/{key} of the trailer changed"),
            Self::Information(key) => write!(f, "/{key} of the document information changed"),
            Self::Catalog(key) => write!(f, "/{key} of the catalog changed"),
            Self::Form(key) => write!(f, "/{key} of the form changed"),
            Self::FieldsRearranged => f.write_str("fields were removed or put in another order"),
            Self::NotSignatureField => f.write_str("a new field is not a signature field"),
            Self::NameTaken { name } => write!(f, "a new field is named {name:?} like another"),
            Self::WidgetEntry(key) => write!(f, "a new field or annotation has /{key}"),
            Self::CoversNothing { field } => {
                write!(f, "signature {field:?} does not cover its own revision")
            }
            Self::SignedFieldChanged { field } => write!(f, "signed field {field:?} changed"),
            Self::FieldEntry { field, key } => write!(f, "/{key} of field {field:?} changed"),
            Self::UnsignedShows { field } => {
                write!(f, "signature field {field:?} shows something without a signature")
            }
            Self::NotItsValue { field } => {
                write!(f, "what field {field:?} shows is not recognisably its value")
            }
            Self::ForeignFont { field } => {
                write!(f, "what field {field:?} shows is in a font that was not signed")
            }
            Self::ButtonState { field } => {
                write!(f, "button {field:?} has a state that was not signed")
            }
            Self::Page(key) => write!(f, "/{key} of the page changed"),
            Self::AnnotationsRearranged => {
                f.write_str("annotations were removed or put in another order")
            }
            Self::WidgetPage => {
                f.write_str("a field stands on another page than it says, or twice")
            }
            Self::AnnotationKind => f.write_str("an annotation of this kind may hide anything"),
            Self::SecurityStore => f.write_str("the security store holds what it must not"),
            Self::Metadata => f.write_str("the metadata are no metadata stream"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {}", self.revision)?;
        if let Some(object) = self.object {
            write!(f, ", object {object}")?;
        }
        if let Some(page) = self.page {
            write!(f, ", page {}", page.saturating_add(1))?;
        }
        match &self.needs {
            Needs::Never(never) => write!(f, ": {never}")?,
            _ => write!(f, ": {}", self.kind)?,
        }
        if let Some([left, bottom, right, top]) = self.visible {
            write!(f, ", visible at [{left} {bottom} {right} {top}]")?;
        }
        Ok(())
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("nothing permits this"),
            Self::Permission(DocMdpPermission::NoChanges) => {
                f.write_str("the document is certified with no changes permitted (DocMDP 1)")
            }
            Self::Permission(DocMdpPermission::FormFilling) => {
                f.write_str("only form filling and signing are permitted (DocMDP 2)")
            }
            Self::Permission(DocMdpPermission::Annotations) => {
                f.write_str("only form filling, signing and annotations are permitted (DocMDP 3)")
            }
            Self::NotCertified => f.write_str("no certification permits this (DocMDP)"),
            Self::Locked => f.write_str("the signature locks this field (FieldMDP)"),
            Self::NewVisibleField => {
                f.write_str("a certified document takes no new field that can be seen")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denial {
            Denial::Never => self.change.fmt(f),
            denial => write!(f, "{}: {denial}", self.change),
        }
    }
}

/// Why an analysis stops before its end.
pub(crate) enum Stop {
    /// The reader failed or a limit was exceeded.
    Error(Error),
    /// Nothing can be compared, for this reason.
    Never(Option<Reference>, Never),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
