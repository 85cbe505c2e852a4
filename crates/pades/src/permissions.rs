//! Whether earlier signatures permit another (ISO 32000-2 §12.8.2).

use std::collections::HashSet;
use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::form::Field;
use crate::new_object::Piece;
use crate::object::{Dictionary, IndirectObject, Name, Object, Reference};
use crate::revision::Revision;
use crate::text::{decode_text, encode_text};

/// What a certification signature permits afterwards (ISO 32000-2 table 257).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocMdpPermission {
    /// P=1, and any value that is none of the three: nothing.
    NoChanges,
    /// P=2, the default: filling in forms and signing.
    FormFilling,
    /// P=3: annotations too.
    Annotations,
}

impl DocMdpPermission {
    /// The value of `/P`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::NoChanges => 1,
            Self::FormFilling => 2,
            Self::Annotations => 3,
        }
    }
}

/// Which fields a signature locks (ISO 32000-2 tables 236 and 259).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockedFields {
    /// All of them.
    All,
    /// These and those below them, by fully qualified name.
    Include(Vec<String>),
    /// All but these and those below them.
    Exclude(Vec<String>),
}

/// What a field locks once it is signed (ISO 32000-2 table 236).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLock {
    /// The fields.
    pub fields: LockedFields,
    /// `/P`: what the document permits from then on.
    pub permission: Option<DocMdpPermission>,
}

impl FieldLock {
    /// The dictionary of a `/Lock` or of FieldMDP parameters, which differ in type and version.
    pub(crate) fn pieces(&self, kind: &str) -> Vec<Piece> {
        let mut text = format!("<< /Type /{kind}");
        if kind == "TransformParams" {
            text += " /V /1.2";
        }
        let (action, names): (_, &[String]) = match &self.fields {
            LockedFields::All => ("All", &[]),
            LockedFields::Include(names) => ("Include", names),
            LockedFields::Exclude(names) => ("Exclude", names),
        };
        text += &format!(" /Action /{action}");
        if let Some(permission) = self.permission {
            text += &format!(" /P {}", permission.number());
        }
        if names.is_empty() && self.fields == LockedFields::All {
            return vec![Piece::Raw(format!("{text} >>").into_bytes())];
        }
        let mut pieces = vec![Piece::Raw(format!("{text} /Fields [").into_bytes())];
        for name in names {
            pieces.push(Piece::String(encode_text(name)));
            pieces.push(Piece::Raw(b" ".to_vec()));
        }
        pieces.push(Piece::Raw(b"] >>".to_vec()));
        pieces
    }
}

/// `/Reference` of a signature dictionary (ISO 32000-2 table 256) for what it certifies and locks.
pub(crate) fn signature_references(
    certify: Option<DocMdpPermission>,
    lock: Option<&FieldLock>,
    catalog: Reference,
) -> Vec<Piece> {
    if certify.is_none() && lock.is_none() {
        return Vec::new();
    }
    let mut pieces = vec![Piece::Raw(b" /Reference [".to_vec())];
    if let Some(permission) = certify {
        let text = format!(
            "<< /Type /SigRef /TransformMethod /DocMDP \
             /TransformParams << /Type /TransformParams /V /1.2 /P {} >> >> ",
            permission.number()
        );
        pieces.push(Piece::Raw(text.into_bytes()));
    }
    if let Some(lock) = lock {
        let text = format!(
            "<< /Type /SigRef /TransformMethod /FieldMDP /Data {catalog} R /TransformParams "
        );
        pieces.push(Piece::Raw(text.into_bytes()));
        pieces.extend(lock.pieces("TransformParams"));
        pieces.push(Piece::Raw(b" >> ".to_vec()));
    }
    pieces.push(Piece::Raw(b"]".to_vec()));
    pieces
}

/// What signing must know of the form.
pub(crate) struct Survey {
    /// Whether any field is signed.
    pub(crate) is_signed: bool,
    /// The field of the wanted name.
    pub(crate) existing: Option<Field>,
    /// First parts of all fields' names.
    pub(crate) top_names: HashSet<String>,
}

/// A transform among a signature's references (table 256).
struct Transform {
    method: Name,
    parameters: Option<Dictionary>,
}

impl<R: Read + Seek> Document<R> {
    /// Finds the wanted field and refuses what would break an earlier signature or sign a doubtful file.
    ///
    /// A document time-stamp is no change that a certification could forbid (ISO 32000-2 §12.8.2.2.2).
    pub(crate) fn survey(
        &mut self,
        wanted: Option<&str>,
        is_time_stamp: bool,
    ) -> Result<Survey, Error> {
        self.check_repairs()?;
        let mut survey = Survey { is_signed: false, existing: None, top_names: HashSet::new() };
        let (mut signatures, mut locks) = (Vec::new(), Vec::new());
        self.walk_fields(|field| {
            let top = field.name.split('.').next().unwrap_or_default();
            if !survey.top_names.contains(top) {
                survey.top_names.insert(top.to_owned());
            }
            if field.is_signature()
                && let Some(value) = &field.value
            {
                signatures.push(value.clone());
                let lock = field.object.value.as_dictionary().and_then(|d| d.value("Lock"));
                locks.extend(lock.cloned());
            }
            if survey.existing.is_none() && wanted == Some(&*field.name) {
                survey.existing = Some(field);
            }
        })?;
        let catalog = self.catalog()?;
        if let Some(catalog) = catalog.value.as_dictionary() {
            let permissions = self.value(catalog, "Perms")?;
            signatures.extend(permissions.as_dictionary().and_then(|d| d.value("DocMDP")).cloned());
        }
        if let Some(field) = &survey.existing {
            check_existing(field)?;
        }
        survey.is_signed = !signatures.is_empty();
        if is_time_stamp {
            return Ok(survey);
        }
        for lock in locks {
            let lock = self.resolve(&lock)?;
            if let Some(lock) = lock.as_dictionary()
                && self.value(lock, "P")? == Object::Integer(1)
            {
                return Err(Error::CertifiedNoChanges);
            }
        }
        for signature in signatures {
            self.check_signature(&signature, survey.existing.as_ref())?;
        }
        Ok(survey)
    }

    fn check_signature(&mut self, signature: &Object, field: Option<&Field>) -> Result<(), Error> {
        let signature = self.resolve(signature)?;
        let Some(signature) = signature.as_dictionary() else {
            return Ok(());
        };
        if self.doc_mdp(signature)? == Some(DocMdpPermission::NoChanges) {
            return Err(Error::CertifiedNoChanges);
        }
        let Some(field) = field else {
            return Ok(());
        };
        for transform in self.transforms(signature)? {
            if transform.method.is("FieldMDP")
                && self.locks(transform.parameters.as_ref(), &field.name)?
            {
                return Err(Error::FieldLocked(field.object.id));
            }
        }
        Ok(())
    }

    /// Names the signature as the document's certification in the catalog (ISO 32000-2 §12.8.6).
    pub(crate) fn certify(
        &mut self,
        revision: &mut Revision,
        catalog: &IndirectObject,
        signature: Reference,
    ) -> Result<(), Error> {
        let Object::Dictionary(entries) = &catalog.value else {
            return Err(Error::WrongType { object: catalog.id, key: "Perms" });
        };
        match self.value(entries, "Perms")? {
            Object::Null => {
                let permissions = format!("<< /DocMDP {signature} R >>");
                revision.set(catalog, entries, "Perms", &permissions)
            }
            // Usage rights or another's certification: adding to either would change what they cover.
            _ => Err(Error::CertificationNotFirst),
        }
    }

    /// What an existing field locks when it is signed; what is not understood locks everything.
    pub(crate) fn field_lock(&mut self, field: &Field) -> Result<Option<FieldLock>, Error> {
        let Some(lock) = field.object.value.as_dictionary().and_then(|d| d.value("Lock")) else {
            return Ok(None);
        };
        let lock = match self.resolve(lock)? {
            Object::Null => return Ok(None),
            Object::Dictionary(lock) => lock,
            _ => return Err(Error::WrongType { object: field.object.id, key: "Lock" }),
        };
        let mut names = Vec::new();
        if let Object::Array(fields) = self.value(&lock, "Fields")? {
            for name in &fields.items {
                let name = self.resolve(name)?;
                names.extend(name.as_string().map(decode_text));
            }
        }
        let fields = match self.value(&lock, "Action")?.as_name() {
            Some(action) if action.is("Include") => LockedFields::Include(names),
            Some(action) if action.is("Exclude") => LockedFields::Exclude(names),
            _ => LockedFields::All,
        };
        let permission = match self.value(&lock, "P")? {
            Object::Null => None,
            Object::Integer(2) => Some(DocMdpPermission::FormFilling),
            Object::Integer(3) => Some(DocMdpPermission::Annotations),
            _ => Some(DocMdpPermission::NoChanges),
        };
        Ok(Some(FieldLock { fields, permission }))
    }

    /// Whether FieldMDP parameters (table 259) cover a field; what is not understood does.
    fn locks(&mut self, parameters: Option<&Dictionary>, name: &str) -> Result<bool, Error> {
        let Some(parameters) = parameters else {
            return Ok(true);
        };
        let action = self.value(parameters, "Action")?;
        let mut named = false;
        if let Object::Array(fields) = self.value(parameters, "Fields")? {
            for field in &fields.items {
                let field = self.resolve(field)?;
                let field = field.as_string().map(decode_text).unwrap_or_default();
                // A field named here stands for those below it too.
                named |= name
                    .strip_prefix(field.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            }
        }
        Ok(match action.as_name() {
            Some(action) if action.is("Include") => named,
            Some(action) if action.is("Exclude") => !named,
            _ => true,
        })
    }

    /// The strictest permission of the DocMDP transforms among a signature's references.
    pub(crate) fn doc_mdp(
        &mut self,
        signature: &Dictionary,
    ) -> Result<Option<DocMdpPermission>, Error> {
        let mut strictest = None;
        for transform in self.transforms(signature)? {
            if !transform.method.is("DocMDP") {
                continue;
            }
            let permission = match &transform.parameters {
                Some(parameters) => self.value(parameters, "P")?,
                None => Object::Null,
            };
            let permission = match permission {
                Object::Null | Object::Integer(2) => DocMdpPermission::FormFilling,
                Object::Integer(3) => DocMdpPermission::Annotations,
                _ => DocMdpPermission::NoChanges,
            };
            strictest = Some(strictest.map_or(permission, |other| permission.min(other)));
        }
        Ok(strictest)
    }

    fn transforms(&mut self, signature: &Dictionary) -> Result<Vec<Transform>, Error> {
        let Object::Array(references) = self.value(signature, "Reference")? else {
            return Ok(Vec::new());
        };
        let mut transforms = Vec::new();
        for reference in &references.items {
            let reference = self.resolve(reference)?;
            let Some(reference) = reference.as_dictionary() else {
                continue;
            };
            if let Object::Name(method) = self.value(reference, "TransformMethod")? {
                let parameters = self.value(reference, "TransformParams")?;
                let parameters = parameters.as_dictionary().cloned();
                transforms.push(Transform { method, parameters });
            }
        }
        Ok(transforms)
    }
}

fn check_existing(field: &Field) -> Result<(), Error> {
    let id = field.object.id;
    if !field.is_signature() {
        return Err(Error::NotSignatureField(id));
    }
    if field.value.is_some() {
        return Err(Error::AlreadySigned(id));
    }
    Ok(())
}
