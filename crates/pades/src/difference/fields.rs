//! The fields of a form and how a later revision may touch them.

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::rc::Rc;

use super::kind::Never;
use super::value::{differing, entry, number_of};
use super::walk::{Analysis, Role, id};
use crate::error::Error;
use crate::limits::Limit;
use crate::object::{Dictionary, Name, Object, Reference};
use crate::text::decode_text;

/// What rounding to a byte makes of a colour's component.
const ROUNDED: f64 = 1.01 / 255.0;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Signature,
    Text,
    Choice,
    Button,
    Unknown,
}

/// A node of the field tree of the revision compared so far.
#[derive(Clone)]
pub(super) struct FieldNode {
    /// The node that bears the field's name: itself, or the field whose widget it is.
    pub(super) field: u32,
    pub(super) name: Rc<str>,
    pub(super) kind: FieldKind,
    /// For the node that bears the name: its widgets, itself where it is its own.
    pub(super) widgets: Vec<u32>,
    /// Whether fields stand below it.
    pub(super) is_inner: bool,
}

impl<R: Read + Seek> Analysis<'_, R> {
    /// Fields of before whose nodes changed.
    pub(super) fn filled_fields(&mut self) -> Result<(), Error> {
        let touched: BTreeSet<u32> = self
            .changed
            .iter()
            .filter_map(|number| self.fields.get(number))
            .map(|node| node.field)
            .collect();
        // What a widget shows may stand in objects of its own.
        let shown: BTreeSet<u32> = self
            .changed
            .iter()
            .flat_map(|number| self.timeline.edges(*number))
            .filter(|edge| {
                let key = self.timeline.key(**edge);
                key.is_some_and(|key| ["AP", "N", "Kids"].iter().any(|one| key.is(one)))
            })
            .filter_map(|edge| self.fields.get(&edge.holder))
            .map(|node| node.field)
            .collect();
        for field in touched.union(&shown) {
            let Some(node) = self.fields.get(field).cloned() else { continue };
            match node.kind {
                _ if node.is_inner => self.inner_field(&node)?,
                FieldKind::Signature => self.signed_field(&node)?,
                kind => self.filled_field(&node, kind)?,
            }
        }
        Ok(())
    }

    /// A field that others stand below: signature fields may be appended to those.
    fn inner_field(&mut self, node: &FieldNode) -> Result<(), Error> {
        let before = self.at(self.revision - 1, node.field)?;
        let after = self.at(self.revision, node.field)?;
        let old = before.as_ref().and_then(|one| one.dictionary());
        let new = after.as_ref().and_then(|one| one.dictionary());
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(());
        };
        self.field_entries(node, node.field, &["Kids"])?;
        let kids = self.pair(node.field, "Kids", old.value("Kids"), new.value("Kids"))?;
        let Some(kids) = kids else {
            return Ok(());
        };
        // A value of its own would be handed down to them.
        let added = self.appended(&kids.before, &kids.after);
        let added = added.filter(|added| added.is_empty() || entry(new, "V").is_none());
        match added {
            Some(added) => self.new_fields(&added, Some(node)),
            None => {
                self.never(Some(id(kids.holder)), Never::FieldsRearranged);
                Ok(())
            }
        }
    }

    /// Takes a node of a field where no entry but these changed; says whether it changed at all.
    pub(super) fn field_entries(
        &mut self,
        node: &FieldNode,
        number: u32,
        allowed: &[&str],
    ) -> Result<Option<bool>, Error> {
        if !self.changed.contains(&number) {
            return Ok(Some(false));
        }
        let before = self.at(self.revision - 1, number)?;
        let after = self.at(self.revision, number)?;
        let old = before.as_ref().and_then(|one| one.dictionary());
        let new = after.as_ref().and_then(|one| one.dictionary());
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(None);
        };
        self.explain(number, Role::Field);
        for key in differing(old, new) {
            if !allowed.iter().any(|one| key.is(one)) && !is_looks_alone(node.kind, &key, old, new)
            {
                let field = node.name.to_string();
                self.never(Some(id(number)), Never::FieldEntry { field, key });
            }
        }
        Ok(Some(true))
    }

    /// Walks the field tree of the base.
    pub(super) fn read_fields(&mut self, catalog: u32) -> Result<(), Error> {
        let root = self.at(0, catalog)?;
        let form = root.as_ref().and_then(|one| one.dictionary()?.value("AcroForm")).cloned();
        let (form, _) = self.follow(0, form.as_ref())?;
        let fields = form.as_dictionary().and_then(|form| form.value("Fields")).cloned();
        let (fields, _) = self.follow(0, fields.as_ref())?;
        let kids = |value: &Object| -> Vec<Reference> {
            let items = value.as_array().map_or(&[][..], |array| &array.items);
            items.iter().filter_map(Object::as_reference).collect()
        };
        let top: Rc<str> = Rc::from("");
        let mut stack: Vec<(Reference, usize, u32, Rc<str>, FieldKind)> = kids(&fields)
            .into_iter()
            .map(|id| (id, 0, id.number, Rc::clone(&top), FieldKind::Unknown))
            .collect();
        while let Some((target, depth, parent, above, inherited)) = stack.pop() {
            let number = target.number;
            if self.fields.contains_key(&number) {
                continue;
            }
            let maximum = self.document.limits.field_nodes;
            if self.fields.len() >= maximum || depth > self.document.limits.field_depth {
                let maximum = maximum as u64;
                return Err(Error::LimitExceeded { limit: Limit::FieldNodes, maximum });
            }
            let Some(node) = self.at(0, number)? else { continue };
            let Some(dictionary) = node.dictionary() else { continue };
            let (partial, _) = self.follow(0, dictionary.value("T"))?;
            let (kind, _) = self.follow(0, dictionary.value("FT"))?;
            let (below, _) = self.follow(0, dictionary.value("Kids"))?;
            let kind = kind.as_name().map_or(inherited, kind_of);
            let (field, name) = match partial.as_string().map(decode_text) {
                Some(partial) if above.is_empty() => (number, Rc::from(partial)),
                Some(partial) => (number, Rc::from(format!("{above}.{partial}"))),
                None => (parent, above),
            };
            self.document.source.charge(name.len() as u64)?;
            if depth == 0 {
                self.names.insert(name.to_string());
            }
            if field != number
                && let Some(named) = self.fields.get_mut(&field)
            {
                named.widgets.push(number);
                named.widgets.retain(|widget| *widget != field);
            }
            if field == number
                && parent != number
                && let Some(above) = self.fields.get_mut(&parent)
            {
                above.is_inner = true;
            }
            let widgets = if field == number { vec![number] } else { Vec::new() };
            let node = FieldNode { field, name: Rc::clone(&name), kind, widgets, is_inner: false };
            self.fields.insert(number, node);
            stack.extend(
                kids(&below).into_iter().map(|kid| (kid, depth + 1, field, Rc::clone(&name), kind)),
            );
        }
        Ok(())
    }
}

fn kind_of(name: &Name) -> FieldKind {
    match name.0.as_slice() {
        b"Sig" => FieldKind::Signature,
        b"Tx" => FieldKind::Text,
        b"Ch" => FieldKind::Choice,
        b"Btn" => FieldKind::Button,
        _ => FieldKind::Unknown,
    }
}

/// Whether of a widget's characteristics (ISO 32000-2 table 192) only colours were rounded, as writers do that keep
/// them in bytes, or a button with an appearance lost the caption that the appearance draws.
fn is_looks_alone(kind: FieldKind, key: &Name, old: &Dictionary, new: &Dictionary) -> bool {
    let of = |widget: &Dictionary| entry(widget, "MK").and_then(Object::as_dictionary).cloned();
    let (true, Some(before), Some(after)) = (key.is("MK"), of(old), of(new)) else {
        return false;
    };
    let is_rounded = |before: Option<&Object>, after: Option<&Object>| {
        let colour = |value: Option<&Object>| -> Option<Vec<f64>> {
            value?.as_array()?.items.iter().map(number_of).collect()
        };
        match (colour(before), colour(after)) {
            (Some(before), Some(after)) => {
                before.len() == after.len()
                    && before.iter().zip(&after).all(|(one, other)| (one - other).abs() <= ROUNDED)
            }
            _ => false,
        }
    };
    differing(&before, &after).iter().all(|key| match key.0.as_slice() {
        b"BG" => is_rounded(entry(&before, "BG"), entry(&after, "BG")),
        b"BC" => is_rounded(entry(&before, "BC"), entry(&after, "BC")),
        b"CA" => {
            let is_drawn = entry(old, "AP").is_some() && entry(new, "AP").is_some();
            kind == FieldKind::Button && is_drawn && entry(&after, "CA").is_none()
        }
        _ => false,
    })
}
