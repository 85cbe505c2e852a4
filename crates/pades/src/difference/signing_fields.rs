//! Signature fields of a later revision: new ones, and those of before that were signed (ISO 32000-2 §12.7.5.5).

use std::collections::HashSet;
use std::io::{Read, Seek};
use std::rc::Rc;

use super::fields::{FieldKind, FieldNode};
use super::form::is_visible;
use super::kind::{ChangeKind, Needs, Never};
use super::value::{differing, entry, rectangle};
use super::walk::{Analysis, Role, id, is_plain};
use crate::error::Error;
use crate::object::{Dictionary, Name, Object};
use crate::signature::{SignatureKind, SubFilter};
use crate::text::decode_text;

/// Entries of a new signature field and its widget (ISO 32000-2 tables 166, 191, 226, 235). Left out is what acts
/// (`/A`, `/AA`), hides (`/OC`) or hands down (`/Parent`, but within the field itself).
const NEW_FIELD_KEYS: [&str; 22] = [
    "Type", "Subtype", "FT", "T", "TU", "TM", "V", "Rect", "F", "Ff", "P", "AP", "MK", "Lock",
    "SV", "M", "NM", "DA", "Q", "Kids", "Border", "BS",
];

/// A new field with its one widget.
struct NewField {
    number: u32,
    widget: u32,
    name: String,
    /// New fields above it, which are a part of its name, from the top.
    above: Vec<(u32, String)>,
    rect: [f64; 4],
    flags: i64,
    value: Option<Object>,
    shows: bool,
    page: Option<u32>,
}

impl<R: Read + Seek> Analysis<'_, R> {
    /// Fields that were appended to those of the form, or to those below a field of before.
    pub(super) fn new_fields(
        &mut self,
        added: &[Object],
        parent: Option<&FieldNode>,
    ) -> Result<(), Error> {
        let mut met = HashSet::new();
        for field in added {
            let number = field.as_reference().map(|id| id.number);
            let Some(number) = number.filter(|number| self.fresh.contains(number)) else {
                self.never(field.as_reference(), Never::Reused);
                continue;
            };
            if !met.insert(number) {
                self.never(Some(id(number)), Never::FieldsRearranged);
                continue;
            }
            let above = parent.map(|parent| (parent.field, parent.name.to_string()));
            match self.new_field(number, above)? {
                Ok(field) => self.take_field(field)?,
                Err(never) => self.never(Some(id(number)), never),
            }
        }
        Ok(())
    }

    /// Reads a new signature field: with its widget in it, or with one widget below it. `above` is the field that it
    /// stands below. A new field that is none itself may hold one, to give its name a first part.
    fn new_field(
        &mut self,
        number: u32,
        mut above: Option<(u32, String)>,
    ) -> Result<Result<NewField, Never>, Error> {
        let (mut path, mut number) = (Vec::new(), number);
        let (field, name) = loop {
            let field = self.at(self.revision, number)?;
            let Some(field) = field.as_ref().and_then(|one| one.dictionary()).cloned() else {
                return Ok(Err(Never::NotSignatureField));
            };
            let partial = field.value("T").and_then(Object::as_string).map(decode_text);
            let Some(partial) = partial else {
                return Ok(Err(Never::NotSignatureField));
            };
            let parent = entry(&field, "Parent").map(|one| one.as_reference().map(|id| id.number));
            if parent != above.as_ref().map(|(parent, _)| Some(*parent)) {
                return Ok(Err(Never::WidgetEntry(Name(b"Parent".to_vec()))));
            }
            let name = match &above {
                Some((_, above)) => format!("{above}.{partial}"),
                None => partial.clone(),
            };
            let is_taken = match &above {
                None => self.names.contains(&name),
                Some(_) => self.fields.values().any(|other| *other.name == *name),
            };
            if partial.is_empty() || partial.contains('.') || is_taken {
                return Ok(Err(Never::NameTaken { name }));
            }
            let kind = field.value("FT").and_then(Object::as_name);
            if kind.is_some_and(|kind| kind.is("Sig")) {
                break (field, name);
            }
            // A part of names alone: whatever it hands down would be its kid's.
            let below = entry(&field, "Kids").and_then(Object::as_array);
            let only = match below.map(|below| below.items.as_slice()) {
                Some([Object::Reference(kid)]) => kid.number,
                _ => return Ok(Err(Never::NotSignatureField)),
            };
            let is_bare = foreign_key(&field, &["T", "Kids", "Parent"]).is_none();
            let depth = name.matches('.').count();
            let is_new = self.fresh.contains(&only) && only != number;
            if !is_bare || !is_new || depth > self.document.limits.field_depth {
                return Ok(Err(Never::NotSignatureField));
            }
            path.push((number, name.clone()));
            (number, above) = (only, Some((number, name)));
        };
        let field = &field;
        let has_parent = above.is_some();
        let keys = NEW_FIELD_KEYS.iter().chain(has_parent.then_some(&"Parent"));
        if let Some(key) = foreign_key(field, &keys.copied().collect::<Vec<_>>()) {
            return Ok(Err(Never::WidgetEntry(key)));
        }
        let widget_number = match entry(field, "Kids") {
            None => number,
            Some(Object::Array(kids)) => match kids.items.as_slice() {
                [Object::Reference(kid)] if self.fresh.contains(&kid.number) => kid.number,
                _ => return Ok(Err(Never::WidgetEntry(Name(b"Kids".to_vec())))),
            },
            Some(_) => return Ok(Err(Never::WidgetEntry(Name(b"Kids".to_vec())))),
        };
        let widget = self.at(self.revision, widget_number)?;
        let Some(widget) = widget.as_ref().and_then(|one| one.dictionary()) else {
            return Ok(Err(Never::NotSignatureField));
        };
        if widget_number != number {
            let own = |key: &Name| {
                !key.is("Parent")
                    || widget.value("Parent").and_then(Object::as_reference).map(|id| id.number)
                        != Some(number)
            };
            let foreign = differing(&Dictionary { entries: Vec::new(), span: 0..0 }, widget)
                .into_iter()
                .filter(own)
                .find(|key| {
                    !NEW_FIELD_KEYS.iter().any(|known| key.is(known))
                        || ["FT", "T", "V", "Kids", "Lock", "SV"].iter().any(|other| key.is(other))
                });
            if let Some(key) = foreign {
                return Ok(Err(Never::WidgetEntry(key)));
            }
        }
        let subtype = widget.value("Subtype").and_then(Object::as_name);
        let Some(rect) =
            rectangle(widget.value("Rect")).filter(|_| subtype.is_some_and(|one| one.is("Widget")))
        else {
            return Ok(Err(Never::WidgetEntry(Name(b"Rect".to_vec()))));
        };
        if let Some(key) = ["MK", "Border", "BS"]
            .into_iter()
            .find(|key| entry(widget, key).is_some_and(|value| !is_plain(value)))
        {
            return Ok(Err(Never::WidgetEntry(Name(key.into()))));
        }
        let flags = entry(widget, "F").map_or(Some(0), Object::as_integer);
        let Some(flags) = flags else {
            return Ok(Err(Never::WidgetEntry(Name(b"F".to_vec()))));
        };
        let ink = match entry(widget, "AP") {
            None => Some(false),
            Some(appearance) => self.signature_appearance(appearance)?,
        };
        let Some(ink) = ink else {
            return Ok(Err(Never::WidgetEntry(Name(b"AP".to_vec()))));
        };
        // A background or border that a reader draws by itself.
        let coloured = entry(widget, "MK")
            .and_then(Object::as_dictionary)
            .is_some_and(|mk| mk.entries.iter().any(|entry| !entry.key.is("R")));
        Ok(Ok(NewField {
            number,
            widget: widget_number,
            name,
            above: path,
            rect,
            flags,
            value: entry(field, "V").cloned(),
            shows: ink || coloured,
            page: entry(widget, "P").and_then(Object::as_reference).map(|id| id.number),
        }))
    }

    /// Whether the appearance of a signature draws anything; `None` for one that is not plain.
    fn signature_appearance(&mut self, appearance: &Object) -> Result<Option<bool>, Error> {
        let (appearance, _) = self.follow(self.revision, Some(appearance))?;
        let Some(dictionary) = appearance.as_dictionary() else {
            return Ok(None);
        };
        if dictionary.entries.iter().any(|entry| !entry.key.is("N")) {
            return Ok(None);
        }
        let Some(Object::Reference(normal)) = entry(dictionary, "N") else {
            return Ok(Some(false).filter(|_| entry(dictionary, "N").is_none()));
        };
        let Some(form) = self.at(self.revision, normal.number)? else {
            return Ok(None);
        };
        let Object::Stream(stream) = form.value() else {
            return Ok(None);
        };
        // Content from elsewhere (ISO 32000-2 §8.10.4) is not signed.
        if ["Ref", "OPI", "PS", "OC"].iter().any(|key| entry(&stream.dictionary, key).is_some()) {
            return Ok(None);
        }
        let is_empty = form.extent.as_ref().is_some_and(|extent| extent.is_empty());
        if is_empty {
            return Ok(Some(false));
        }
        let data = match &form.extent {
            Some(extent) if extent.end - extent.start <= 64 => {
                self.document.stream_data(&form.object).ok()
            }
            _ => None,
        };
        Ok(Some(!data.is_some_and(|data| data.trim_ascii().is_empty())))
    }

    /// Enters a new field, told as what it is.
    fn take_field(&mut self, field: NewField) -> Result<(), Error> {
        let page = self.widget_page(&field)?;
        let Ok(page) = page else {
            self.never(Some(id(field.widget)), Never::WidgetPage);
            return Ok(());
        };
        let visible =
            is_visible(field.rect, field.flags).then_some(field.rect).filter(|_| page.is_some());
        let NewField { number, widget, name, above, value, .. } = field;
        let needs = Needs::Signing { field: name.clone(), is_new: true };
        match value {
            None if field.shows && visible.is_some() => {
                self.never_on(number, page, Never::UnsignedShows { field: name.clone() });
            }
            None => {
                let kind = ChangeKind::SignatureField { field: name.clone() };
                self.push(Some(id(number)), page, kind, visible, needs);
            }
            Some(value) => match self.is_own_signature(number, &value)? {
                None => self.never_on(number, page, Never::CoversNothing { field: name.clone() }),
                Some(true) if visible.is_none() => {
                    let kind = ChangeKind::DocumentTimeStamp { field: name.clone() };
                    self.push(Some(id(number)), page, kind, None, Needs::Nothing);
                }
                Some(_) => {
                    let kind = ChangeKind::Signature { field: name.clone() };
                    self.push(Some(id(number)), page, kind, visible, needs);
                }
            },
        }
        self.new_widgets.insert(widget);
        self.names.insert(above.first().map_or(&name, |(_, name)| name).clone());
        for (number, name) in above {
            let (name, kind) = (Rc::from(name), FieldKind::Unknown);
            let (widgets, is_inner) = (Vec::new(), true);
            self.fields.insert(number, FieldNode { field: number, name, kind, widgets, is_inner });
        }
        let node = FieldNode {
            field: number,
            name: Rc::from(name),
            kind: FieldKind::Signature,
            widgets: vec![widget],
            is_inner: false,
        };
        self.fields.insert(widget, FieldNode { widgets: Vec::new(), ..node.clone() });
        self.fields.insert(number, node);
        Ok(())
    }

    /// The index of the page that shows a new widget, if one does; it must be the one that the widget names.
    fn widget_page(&mut self, field: &NewField) -> Result<Result<Option<usize>, ()>, Error> {
        let pages = self.pages_with(field.widget)?;
        let page = match (pages.as_slice(), field.page) {
            ([], None) => return Ok(Ok(None)),
            ([], Some(named)) => {
                return Ok(if self.pages.contains_key(&named) { Ok(None) } else { Err(()) });
            }
            ([page], Some(named)) if *page != named => return Ok(Err(())),
            ([page], _) => *page,
            _ => return Ok(Err(())),
        };
        Ok(Ok(self.pages.get(&page).copied()))
    }

    /// Whether a value is a signature over the whole of this revision, and a time-stamp; `None` where it is not.
    fn is_own_signature(&mut self, field: u32, value: &Object) -> Result<Option<bool>, Error> {
        let Some(&index) = self.signature_of.get(&field) else {
            return Ok(None);
        };
        let Some(signature) = self.signatures.get(index) else {
            return Ok(None);
        };
        let named = value.as_reference().map(|id| id.number);
        let own = self.layout.own.get(index).copied().flatten() == Some(self.revision)
            && signature.coverage.is_ok()
            && signature.dictionary.map(|id| id.number) == named
            && named.is_none_or(|number| self.fresh.contains(&number));
        let is_stamp = signature.kind == SignatureKind::DocumentTimeStamp
            && signature.sub_filter == Some(SubFilter::EtsiRfc3161);
        Ok(own.then_some(is_stamp))
    }

    /// A signature field of before: filled once with a signature, and fixed from then on.
    pub(super) fn signed_field(&mut self, node: &FieldNode) -> Result<(), Error> {
        let name = node.name.to_string();
        let before = self.at(self.revision - 1, node.field)?;
        let after = self.at(self.revision, node.field)?;
        let old = before.as_ref().and_then(|one| one.dictionary());
        let new = after.as_ref().and_then(|one| one.dictionary());
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(());
        };
        // Whatever a signed field changes stays unexplained.
        if entry(old, "V").is_some() {
            let changed = node.widgets.iter().chain([&node.field]);
            let changed = changed.copied().find(|number| self.changed.contains(number));
            if let Some(number) = changed {
                self.explain(number, Role::Field);
                self.never(Some(id(number)), Never::SignedFieldChanged { field: name });
            }
            return Ok(());
        }
        let Some(value) = entry(new, "V").cloned() else {
            if self.changed.contains(&node.field) {
                self.explain(node.field, Role::Field);
                self.never(Some(id(node.field)), Never::UnsignedShows { field: name });
            }
            return Ok(());
        };
        let mut place = None;
        for &number in node.widgets.iter().chain([&node.field]) {
            let Some(is_own) = self.field_entries(node, number, &["V", "AP", "M"])? else {
                continue;
            };
            let widget = self.at(self.revision, number)?;
            let Some(widget) = widget.as_ref().and_then(|one| one.dictionary()) else { continue };
            if let Some(appearance) = entry(widget, "AP").filter(|_| is_own)
                && self.signature_appearance(appearance)?.is_none()
            {
                self.never(Some(id(number)), Never::WidgetEntry(Name(b"AP".to_vec())));
            }
            let flags = widget.value("F").and_then(Object::as_integer).unwrap_or(0);
            if place.is_none()
                && let Some(rect) = rectangle(widget.value("Rect"))
            {
                let page =
                    self.pages_with(number)?.first().and_then(|page| self.pages.get(page)).copied();
                let shown = is_visible(rect, flags) && entry(widget, "AP").is_some();
                place = Some((page, shown.then_some(rect)));
            }
        }
        let (page, visible) = place.unwrap_or_default();
        match self.is_own_signature(node.field, &value)? {
            None => self.never_on(node.field, page, Never::CoversNothing { field: name }),
            Some(true) if visible.is_none() => {
                let kind = ChangeKind::DocumentTimeStamp { field: name };
                self.push(Some(id(node.field)), page, kind, None, Needs::Nothing);
            }
            Some(_) => {
                let kind = ChangeKind::SignedField { field: name.clone() };
                let needs = Needs::Signing { field: name, is_new: false };
                self.push(Some(id(node.field)), page, kind, visible, needs);
            }
        }
        Ok(())
    }
}

/// A key that is not among those known.
fn foreign_key(dictionary: &Dictionary, known: &[&str]) -> Option<Name> {
    let mut keys = dictionary.entries.iter().map(|entry| &entry.key);
    keys.find(|key| !known.iter().any(|one| key.is(one))).cloned()
}
