//! Pages of a later revision: what was added to their annotations.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use super::form::is_visible;
use super::kind::{ChangeKind, Needs, Never};
use super::value::{differing, entry, rectangle};
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
        let Some(added) = self.appended(&annotations.before, &annotations.after) else {
            self.never_on(number, index, Never::AnnotationsRearranged);
            return Ok(());
        };
        for annotation in added {
            match annotation.as_reference() {
                Some(target) => self.placed.entry(target.number).or_default().push(number),
                None => self.never_on(number, index, Never::AnnotationKind),
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

    /// Annotations that were added and are no new field's widget.
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
        Ok(())
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
