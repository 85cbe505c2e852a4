//! What a signature permits afterwards (ISO 32000-2 §12.8.2.2, §12.8.2.4, table 236).

use std::io::{Read, Seek};

use super::kind::{Change, Denial, Needs};
use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Object};
use crate::permissions::DocMdpPermission;
use crate::signature::Signature;
use crate::text::decode_text;

/// What one signature permits.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// Of a certification: what the document permits from then on.
    pub(super) certified: Option<DocMdpPermission>,
    /// `/P` of a lock.
    locked_to: Option<DocMdpPermission>,
    locks: Vec<Lock>,
}

#[derive(Clone, Debug)]
enum Lock {
    All,
    Include(Vec<String>),
    Exclude(Vec<String>),
}

impl Rules {
    /// Whether a change is lawful after this signature in a document certified so.
    pub(super) fn permit(
        &self,
        certified: Option<DocMdpPermission>,
        change: &Change,
    ) -> Result<(), Denial> {
        use DocMdpPermission as P;
        if let Needs::Never(_) = change.needs {
            return Err(Denial::Never);
        }
        if change.needs == Needs::Nothing {
            return Ok(());
        }
        // A lock takes away, it grants nothing that the certification does not.
        if self.locked_to == Some(P::NoChanges) || certified == Some(P::NoChanges) {
            return Err(Denial::Permission(P::NoChanges));
        }
        match &change.needs {
            Needs::Nothing | Needs::Never(_) => Ok(()),
            Needs::Signing { is_new: true, .. } => match certified.or(self.locked_to) {
                Some(_) if change.visible.is_some() => Err(Denial::NewVisibleField),
                _ => Ok(()),
            },
            Needs::Signing { field, .. } if self.locks(field) => Err(Denial::Locked),
            Needs::Signing { .. } => Ok(()),
            Needs::FormFilling { field } => match certified {
                None => Err(Denial::NotCertified),
                Some(_) if self.locks(field) => Err(Denial::Locked),
                Some(_) => Ok(()),
            },
            Needs::Annotations => match (certified, self.locked_to) {
                (None, _) => Err(Denial::NotCertified),
                (Some(P::Annotations), None | Some(P::Annotations)) => Ok(()),
                _ => Err(Denial::Permission(P::FormFilling)),
            },
        }
    }

    fn locks(&self, name: &str) -> bool {
        let within = |fields: &[String]| {
            fields.iter().any(|field| {
                // A field named here stands for those below it too.
                name.strip_prefix(field.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        self.locks.iter().any(|lock| match lock {
            Lock::All => true,
            Lock::Include(fields) => within(fields),
            Lock::Exclude(fields) => !within(fields),
        })
    }
}

impl<R: Read + Seek> Document<R> {
    /// What each signature permits, by its own references and its field's lock.
    pub(super) fn rules_of(&mut self, signatures: &[Signature]) -> Result<Vec<Rules>, Error> {
        let mut all = Vec::with_capacity(signatures.len());
        for signature in signatures {
            let mut rules = Rules { certified: signature.doc_mdp, ..Rules::default() };
            let field = self.dictionary_of(&Object::Reference(signature.field))?;
            if let Some(lock) = field.as_ref().and_then(|field| field.value("Lock")) {
                let lock = self.dictionary_of(lock)?;
                self.add_lock(lock.as_ref(), &mut rules)?;
            }
            let value = match (signature.dictionary, &field) {
                (Some(id), _) => self.dictionary_of(&Object::Reference(id))?,
                (None, Some(field)) => match field.value("V") {
                    Some(value) => self.dictionary_of(value)?,
                    None => None,
                },
                (None, None) => None,
            };
            let references = match value.as_ref().and_then(|value| value.value("Reference")) {
                Some(references) => self.plain_value(references)?,
                None => Object::Null,
            };
            let items = references.as_array().map_or(&[][..], |array| &array.items);
            for item in items {
                let Some(item) = self.dictionary_of(item)? else { continue };
                let method = match item.value("TransformMethod") {
                    Some(method) => self.plain_value(method)?,
                    None => Object::Null,
                };
                if method.as_name().is_some_and(|method| method.is("FieldMDP")) {
                    let parameters = match item.value("TransformParams") {
                        Some(parameters) => self.dictionary_of(parameters)?,
                        None => None,
                    };
                    self.add_lock(parameters.as_ref(), &mut rules)?;
                }
            }
            all.push(rules);
        }
        Ok(all)
    }

    /// What is not understood of a lock locks everything.
    fn add_lock(&mut self, lock: Option<&Dictionary>, rules: &mut Rules) -> Result<(), Error> {
        let Some(lock) = lock else {
            rules.locks.push(Lock::All);
            return Ok(());
        };
        let mut names = Vec::new();
        if let Some(fields) = lock.value("Fields") {
            let fields = self.plain_value(fields)?;
            for field in fields.as_array().map_or(&[][..], |array| &array.items) {
                names.extend(self.plain_value(field)?.as_string().map(decode_text));
            }
        }
        let action = match lock.value("Action") {
            Some(action) => self.plain_value(action)?,
            None => Object::Null,
        };
        rules.locks.push(match action.as_name() {
            Some(action) if action.is("Include") => Lock::Include(names),
            Some(action) if action.is("Exclude") => Lock::Exclude(names),
            _ => Lock::All,
        });
        let permission = match lock.value("P") {
            Some(permission) => self.plain_value(permission)?,
            None => Object::Null,
        };
        let permission = match permission {
            Object::Null => return Ok(()),
            Object::Integer(2) => DocMdpPermission::FormFilling,
            Object::Integer(3) => DocMdpPermission::Annotations,
            _ => DocMdpPermission::NoChanges,
        };
        rules.locked_to = Some(rules.locked_to.map_or(permission, |other| other.min(permission)));
        Ok(())
    }

    fn dictionary_of(&mut self, value: &Object) -> Result<Option<Dictionary>, Error> {
        Ok(match self.plain_value(value)? {
            Object::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        })
    }

    /// A value, its reference followed once; unreadable is null, and no scan of the file mends it.
    fn plain_value(&mut self, value: &Object) -> Result<Object, Error> {
        let Object::Reference(id) = value else {
            return Ok(value.clone());
        };
        match self.read_object(*id) {
            Ok(found) => Ok(found.map_or(Object::Null, |found| found.value)),
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => Err(error),
            Err(_) => Ok(Object::Null),
        }
    }
}
