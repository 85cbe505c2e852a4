//! Pages of a later revision: annotations that were added, changed or removed (ISO 32000-2 table 257, `/P` 3).

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use super::form::is_visible;
use super::kind::{ChangeKind, Needs, Never};
use super::value::{differing, entry, rectangle, same};
use super::walk::{Analysis, Role, id};
use crate::error::Error;
use crate::object::{Dictionary, Name, Object};

/// Kinds of annotations that mark up and neither act nor hold files (ISO 32000-2 table 171).
const KINDS: [&str; 15] = [
    "Text",
    "FreeText",
    "Line",
    "Square",
    "Circle",
    "Polygon",
    "PolyLine",
    "Highlight",
    "Underline",
    "Squiggly",
    "StrikeOut",
    "Stamp",
    "Caret",
    "Ink",
    "Popup",
];
/// Their entries (ISO 32000-2 tables 166, 172 to 186); what acts (`/A`, `/AA`) or hides (`/OC`) is not among them.
const KEYS: [&str; 41] = [
    "Type",
    "Subtype",
    "Rect",
    "Contents",
    "P",
    "NM",
    "M",
    "F",
    "AP",
    "Border",
    "C",
    "CA",
    "ca",
    "T",
    "Popup",
    "CreationDate",
    "RC",
    "Subj",
    "IRT",
    "RT",
    "IT",
    "DA",
    "Q",
    "DS",
    "CL",
    "BE",
    "BS",
    "RD",
    "LE",
    "LL",
    "LLE",
    "Cap",
    "QuadPoints",
    "InkList",
    "L",
    "IC",
    "Vertices",
    "Name",
    "State",
    "StateModel",
    "Open",
];

impl<R: Read + Seek> Analysis<'_, R> {
    /// Pages that changed, or whose annotations did: nothing but annotations may be new.
    pub(super) fn pages(&mut self) -> Result<(), Error> {
        let mut pages: BTreeSet<u32> = BTreeSet::new();
        for number in &self.changed {
            if self.pages.contains_key(number) {
                pages.insert(*number);
                continue;
            }
            for edge in self.timeline.edges(*number) {
                let annotations = self.timeline.key(*edge).is_some_and(|key| key.is("Annots"));
                if annotations && self.pages.contains_key(&edge.holder) {
                    pages.insert(edge.holder);
                }
            }
        }
        for page in pages {
            self.page(page)?;
        }
        Ok(())
    }

    fn page(&mut self, number: u32) -> Result<(), Error> {
        let index = self.pages.get(&number).copied();
        let before = self.at(self.revision - 1, number)?;
        let after = self.at(self.revision, number)?;
        let old = before.as_ref().and_then(|one| one.dictionary());
        let new = after.as_ref().and_then(|one| one.dictionary());
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(());
        };
        if self.changed.contains(&number) {
            self.explain(number, Role::Page);
        }
        for key in differing(old, new) {
            if !key.is("Annots") {
                self.never_on(number, index, Never::Page(key));
            }
        }
        let annotations = self.pair(number, "Annots", old.value("Annots"), new.value("Annots"))?;
        let Some(annotations) = annotations else {
            return Ok(());
        };
        let Some((removed, added)) = rearranged(&annotations.before, &annotations.after) else {
            self.never_on(number, index, Never::AnnotationsRearranged);
            return Ok(());
        };
        for annotation in removed {
            self.removed(number, index, &annotation)?;
        }
        for annotation in added {
            match annotation.as_reference() {
                Some(target) => self.placed.entry(target.number).or_default().push(number),
                None => self.never_on(number, index, Never::AnnotationKind),
            }
        }
        Ok(())
    }

    /// An annotation that a page no longer has: a field's widget stays where it is.
    fn removed(&mut self, page: u32, index: Option<usize>, value: &Object) -> Result<(), Error> {
        let target = value.as_reference().map(|id| id.number);
        let (before, _) = self.follow(self.revision - 1, Some(value))?;
        let Some((subtype, visible)) = before.as_dictionary().and_then(markup) else {
            self.never_on(page, index, Never::AnnotationsRearranged);
            return Ok(());
        };
        if target.is_some_and(|number| self.fields.contains_key(&number)) {
            self.never_on(page, index, Never::AnnotationsRearranged);
            return Ok(());
        }
        if let Some(number) = target.filter(|number| self.changed.contains(number)) {
            let after = self.at(self.revision, number)?;
            if after.is_some() {
                // What is no longer on the page has no reason to change.
                return Ok(());
            }
            self.explain(number, Role::Annotation);
        }
        let kind = ChangeKind::AnnotationRemoved { subtype };
        let object = target.map_or(id(page), id);
        self.push(Some(object), index, kind, visible, Needs::Annotations);
        Ok(())
    }

    /// Annotations of before that changed, or of which the appearance did.
    fn changed_annotations(&mut self) -> Result<(), Error> {
        let mut touched: BTreeSet<u32> = BTreeSet::new();
        for number in &self.changed {
            touched.insert(*number);
            let edges = self.timeline.edges(*number).iter();
            let drawn = edges.filter(|edge| {
                let key = self.timeline.key(**edge);
                key.is_some_and(|key| ["AP", "N", "R", "D"].iter().any(|one| key.is(one)))
            });
            touched.extend(drawn.map(|edge| edge.holder));
        }
        touched.retain(|number| {
            !self.fields.contains_key(number)
                && !self.pages.contains_key(number)
                && !self.placed.contains_key(number)
        });
        for number in touched {
            let page = self.page_that_lists(number)?;
            if let Some(page) = page {
                self.changed_annotation(number, page)?;
            }
        }
        Ok(())
    }

    /// The one page that had and has an annotation.
    fn page_that_lists(&mut self, annotation: u32) -> Result<Option<u32>, Error> {
        let pages: BTreeSet<u32> = self.pages_with(annotation)?.into_iter().collect();
        let mut listing = Vec::new();
        for page in pages {
            let mut is_listed = true;
            for revision in [self.revision - 1, self.revision] {
                let found = self.at(revision, page)?;
                let list =
                    found.as_ref().and_then(|one| one.dictionary()?.value("Annots")).cloned();
                let (list, _) = self.follow(revision, list.as_ref())?;
                let items = list.as_array().map_or(&[][..], |array| &array.items);
                is_listed &= items
                    .iter()
                    .filter_map(Object::as_reference)
                    .any(|target| target.number == annotation);
            }
            if is_listed {
                listing.push(page);
            }
        }
        Ok(match listing.as_slice() {
            [page] => Some(*page),
            _ => None,
        })
    }

    /// What a change leaves of an annotation is held to what a new one is held to.
    fn changed_annotation(&mut self, number: u32, page: u32) -> Result<(), Error> {
        let index = self.pages.get(&page).copied();
        let before = self.at(self.revision - 1, number)?;
        let after = self.at(self.revision, number)?;
        let old = before.as_ref().and_then(|one| one.dictionary());
        let new = after.as_ref().and_then(|one| one.dictionary());
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(());
        };
        let (Some((subtype, was)), Some((now, visible))) = (markup(old), markup(new)) else {
            return Ok(());
        };
        if subtype != now || !KINDS.iter().any(|kind| subtype.is(kind)) {
            return Ok(());
        }
        let known = |key: &Name| {
            KEYS.iter().any(|one| key.is(one)) && !["Type", "P"].iter().any(|one| key.is(one))
        };
        if let Some(key) = differing(old, new).into_iter().find(|key| !known(key)) {
            self.never_on(number, index, Never::WidgetEntry(key));
            return Ok(());
        }
        if self.changed.contains(&number) {
            self.explain(number, Role::Annotation);
        }
        self.explain_appearance(number, new, index)?;
        let kind = ChangeKind::AnnotationChanged { subtype };
        let visible = visible.or(was);
        self.push(Some(id(number)), index, kind, visible, Needs::Annotations);
        Ok(())
    }

    /// The objects of an annotation's appearance that changed, which nothing else may use.
    fn explain_appearance(
        &mut self,
        number: u32,
        annotation: &Dictionary,
        index: Option<usize>,
    ) -> Result<(), Error> {
        let mut next: Vec<(u32, Object)> =
            annotation.value("AP").map(|value| (number, value.clone())).into_iter().collect();
        // The dictionary, its three kinds, their states.
        for _ in 0..3 {
            for (mut holder, value) in core::mem::take(&mut next) {
                let (found, target) = self.follow(self.revision, Some(&value))?;
                if let Some(target) = target {
                    if self.changed.contains(&target) {
                        if !is_appearance(&found) {
                            self.never_on(target, index, Never::AnnotationKind);
                        }
                        self.explain(target, Role::OnlyOf { holder });
                    }
                    holder = target;
                }
                if let Object::Dictionary(found) = found {
                    next.extend(found.entries.into_iter().map(|entry| (holder, entry.value)));
                }
            }
        }
        Ok(())
    }

    /// Pages that show an annotation: those that it was added to, or else those that had it.
    pub(super) fn pages_with(&mut self, annotation: u32) -> Result<Vec<u32>, Error> {
        if let Some(pages) = self.placed.get(&annotation) {
            return Ok(pages.clone());
        }
        let holders = self.timeline.edges(annotation).iter().map(|edge| edge.holder);
        let pages: Vec<u32> = holders.filter(|holder| self.pages.contains_key(holder)).collect();
        if !pages.is_empty() {
            return Ok(pages);
        }
        let widget = self.at(self.revision, annotation)?;
        let page = widget.as_ref().and_then(|one| one.dictionary()?.value("P")?.as_reference());
        Ok(page
            .map(|page| page.number)
            .filter(|page| self.pages.contains_key(page))
            .into_iter()
            .collect())
    }

    /// Annotations that were added and are no new field's widget, and those of before that changed.
    pub(super) fn annotations(&mut self) -> Result<(), Error> {
        for (number, pages) in self.placed.clone() {
            let page = pages.first().and_then(|page| self.pages.get(page)).copied();
            if pages.len() > 1
                || self.fields.contains_key(&number) && !self.new_widgets.contains(&number)
            {
                self.never_on(number, page, Never::WidgetPage);
            } else if self.new_widgets.contains(&number) {
            } else if !self.fresh.contains(&number) {
                self.never_on(number, page, Never::Reused);
            } else {
                self.annotation(number, pages.first().copied(), page)?;
            }
        }
        self.changed_annotations()
    }

    fn annotation(
        &mut self,
        number: u32,
        page: Option<u32>,
        index: Option<usize>,
    ) -> Result<(), Error> {
        let annotation = self.at(self.revision, number)?;
        let dictionary = annotation.as_ref().and_then(|one| one.dictionary());
        let subtype = dictionary.and_then(|one| one.value("Subtype")?.as_name());
        let (Some(dictionary), Some(subtype)) = (dictionary, subtype) else {
            self.never_on(number, index, Never::AnnotationKind);
            return Ok(());
        };
        if !KINDS.iter().any(|kind| subtype.is(kind)) {
            self.never_on(number, index, Never::AnnotationKind);
            return Ok(());
        }
        let is_popup = subtype.is("Popup");
        let known = |key: &Name| KEYS.iter().any(|one| key.is(one)) || is_popup && key.is("Parent");
        let empty = Dictionary { entries: Vec::new(), span: 0..0 };
        if let Some(key) = differing(&empty, dictionary).into_iter().find(|key| !known(key)) {
            self.never_on(number, index, Never::WidgetEntry(key));
            return Ok(());
        }
        let named = dictionary.value("P").and_then(Object::as_reference).map(|id| id.number);
        if named.is_some() && named != page {
            self.never_on(number, index, Never::WidgetPage);
            return Ok(());
        }
        let flags = entry(dictionary, "F").map_or(Some(0), Object::as_integer);
        let (Some(rect), Some(flags)) = (rectangle(dictionary.value("Rect")), flags) else {
            self.never_on(number, index, Never::WidgetEntry(Name(b"Rect".to_vec())));
            return Ok(());
        };
        let visible = is_visible(rect, flags).then_some(rect);
        let kind = ChangeKind::Annotation { subtype: subtype.clone() };
        self.push(Some(id(number)), index, kind, visible, Needs::Annotations);
        Ok(())
    }
}

/// The kind of an annotation that is no widget, and where it can be seen.
fn markup(annotation: &Dictionary) -> Option<(Name, Option<[f64; 4]>)> {
    let subtype = annotation.value("Subtype").and_then(Object::as_name)?;
    let flags = entry(annotation, "F").map_or(Some(0), Object::as_integer)?;
    let visible = rectangle(annotation.value("Rect")).filter(|rect| is_visible(*rect, flags));
    (!subtype.is("Widget")).then(|| (subtype.clone(), visible))
}

/// Whether a value is an appearance, or holds some: a form whose content stands in the file (ISO 32000-2 §8.10.4).
fn is_appearance(value: &Object) -> bool {
    let Object::Stream(form) = value else {
        return matches!(value, Object::Dictionary(_));
    };
    let subtype = form.dictionary.value("Subtype").and_then(Object::as_name);
    let is_elsewhere =
        ["Ref", "OPI", "PS", "OC"].iter().any(|key| entry(&form.dictionary, key).is_some());
    subtype.is_some_and(|subtype| subtype.is("Form")) && !is_elsewhere
}

/// What was left out of a list and what was appended to it; `None` where what stayed has another order.
fn rearranged(before: &Object, after: &Object) -> Option<(Vec<Object>, Vec<Object>)> {
    let items = |value: &Object| match value {
        Object::Null => Some(Vec::new()),
        Object::Array(array) => Some(array.items.clone()),
        _ => None,
    };
    let (old, new) = (items(before)?, items(after)?);
    let mut kept = new.into_iter().peekable();
    let mut removed = Vec::new();
    for item in old {
        match kept.next_if(|next| same(next, &item)) {
            Some(_) => {}
            None => removed.push(item),
        }
    }
    let added: Vec<Object> = kept.collect();
    // An item that only moved to the end was neither removed nor added.
    let moved = added.iter().any(|one| removed.iter().any(|other| same(one, other)));
    (!moved).then_some((removed, added))
}
