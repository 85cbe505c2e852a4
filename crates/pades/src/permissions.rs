//! Whether earlier signatures permit another (ISO 32000-2 §12.8.2).

use std::collections::HashSet;
use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::form::Field;
use crate::object::{Dictionary, Name, Object};
use crate::text::decode_text;

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

/// What signing must know of the form.
pub(crate) struct Survey {
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
    pub(crate) fn survey(&mut self, wanted: Option<&str>) -> Result<Survey, Error> {
        self.check_repairs()?;
        let mut survey = Survey { existing: None, top_names: HashSet::new() };
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
        for lock in locks {
            let lock = self.resolve(&lock)?;
            if let Some(lock) = lock.as_dictionary()
                && self.value(lock, "P")? == Object::Integer(1)
            {
                return Err(Error::CertifiedNoChanges);
            }
        }
        let catalog = self.catalog()?;
        if let Some(catalog) = catalog.value.as_dictionary() {
            let permissions = self.value(catalog, "Perms")?;
            signatures.extend(permissions.as_dictionary().and_then(|d| d.value("DocMDP")).cloned());
        }
        if let Some(field) = &survey.existing {
            check_existing(field)?;
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
    if let Some(dictionary) = field.object.value.as_dictionary() {
        for key in ["Lock", "SV"] {
            if dictionary.value(key).is_some_and(|value| *value != Object::Null) {
                return Err(Error::FieldConstraint { field: id, key });
            }
        }
    }
    Ok(())
}
