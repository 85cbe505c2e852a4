//! The interactive form's fields (ISO 32000-2 §12.7.3, §12.7.4).

use std::collections::HashSet;
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::document::Document;
use crate::error::Error;
use crate::limits::Limit;
use crate::object::{IndirectObject, Name, Object, Reference};
use crate::text::decode_text;

/// A field as the tree walk meets it.
pub(crate) struct Field {
    pub(crate) object: IndirectObject,
    /// Fully qualified name.
    pub(crate) name: Arc<str>,
    /// `/FT`, its own or inherited.
    pub(crate) kind: Option<Name>,
    /// `/V`, its own or inherited from a node without `/FT`; references are not followed.
    pub(crate) value: Option<Object>,
}

impl Field {
    pub(crate) fn is_signature(&self) -> bool {
        self.kind.as_ref().is_some_and(|kind| kind.is("Sig"))
    }
}

/// A signature field, signed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureField {
    /// The field.
    pub field: Reference,
    /// Fully qualified name.
    pub name: String,
    /// Whether it has a value.
    pub is_signed: bool,
}

struct Node {
    id: Reference,
    depth: usize,
    parent: Arc<str>,
    kind: Option<Name>,
    value: Option<Object>,
}

impl<R: Read + Seek> Document<R> {
    /// Every signature field, in the order of the field tree.
    ///
    /// # Errors
    /// An exceeded limit, or as [`object`](Self::object).
    pub fn signature_fields(&mut self) -> Result<Vec<SignatureField>, Error> {
        let mut found = Vec::new();
        self.walk_fields(|field| {
            if field.is_signature() {
                found.push(SignatureField {
                    field: field.object.id,
                    name: field.name.to_string(),
                    is_signed: field.value.is_some(),
                });
            }
        })?;
        Ok(found)
    }

    /// Visits every field; a node met again, as some writers list one twice, is passed over.
    pub(crate) fn walk_fields(&mut self, mut visit: impl FnMut(Field)) -> Result<(), Error> {
        let catalog = self.catalog()?;
        let Some(form) = catalog.value.as_dictionary().and_then(|d| d.value("AcroForm")) else {
            return Ok(());
        };
        let form = self.resolve(form)?;
        let Some(form) = form.as_dictionary() else {
            return Ok(());
        };
        let Object::Array(fields) = self.value(form, "Fields")? else {
            return Ok(());
        };
        let top: Arc<str> = Arc::from("");
        let roots = fields.items.iter().rev().filter_map(Object::as_reference);
        let mut stack: Vec<Node> = roots
            .map(|id| Node { id, depth: 0, parent: Arc::clone(&top), kind: None, value: None })
            .collect();
        let mut visited = HashSet::new();
        while let Some(node) = stack.pop() {
            if !visited.insert(node.id.number) {
                continue;
            }
            if visited.len() > self.limits.field_nodes {
                return Err(exceeded(Limit::FieldNodes, self.limits.field_nodes));
            }
            if node.depth > self.limits.field_depth {
                return Err(exceeded(Limit::FieldDepth, self.limits.field_depth));
            }
            self.visit_field(node, &mut stack, &mut visit)?;
        }
        Ok(())
    }

    fn visit_field(
        &mut self,
        node: Node,
        stack: &mut Vec<Node>,
        visit: &mut impl FnMut(Field),
    ) -> Result<(), Error> {
        let Some(object) = self.resolve_object(node.id)? else {
            return Ok(());
        };
        let Object::Dictionary(dictionary) = &object.value else {
            return Ok(());
        };
        let partial = self.value(dictionary, "T")?;
        let kind = match self.value(dictionary, "FT")? {
            Object::Name(kind) => Some(kind),
            _ => node.kind,
        };
        let own_value = dictionary.value("V").filter(|value| **value != Object::Null).cloned();
        let kids = self.value(dictionary, "Kids")?;
        let has_name = matches!(partial, Object::String(_));
        let is_field = has_name || node.depth == 0 || own_value.is_some();
        let name = match partial {
            Object::String(partial) if node.parent.is_empty() => Arc::from(decode_text(&partial)),
            Object::String(partial) => {
                Arc::from(format!("{}.{}", node.parent, decode_text(&partial)))
            }
            _ => node.parent,
        };
        self.source.charge(name.len() as u64)?;
        let value = match own_value.or(node.value) {
            Some(Object::Reference(id)) if self.resolve_object(id)?.is_none() => None,
            value => value,
        };
        // A value is told once: by the node where its type is known.
        let handed_down = if kind.is_none() { value.clone() } else { None };
        if let Object::Array(kids) = kids {
            let kids = kids.items.iter().rev().filter_map(Object::as_reference);
            stack.extend(kids.map(|id| Node {
                id,
                depth: node.depth + 1,
                parent: Arc::clone(&name),
                kind: kind.clone(),
                value: handed_down.clone(),
            }));
        }
        if is_field {
            visit(Field { object, name, kind, value });
        }
        Ok(())
    }
}

const fn exceeded(limit: Limit, maximum: usize) -> Error {
    Error::LimitExceeded { limit, maximum: maximum as u64 }
}
