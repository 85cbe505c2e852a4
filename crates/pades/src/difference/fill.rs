//! Fields of the signed form that a later revision filled in: what they show must be their value.

use std::io::{Read, Seek};

use super::appearance::{Shown, shown_text};
use super::form::{FieldKind, FieldNode, is_visible};
use super::kind::{ChangeKind, Needs, Never};
use super::value::{entry, rectangle};
use super::walk::{Analysis, Role, id};
use crate::error::Error;
use crate::object::{Dictionary, IndirectObject, Object, Stream};
use crate::text::decode_text;

impl<R: Read + Seek> Analysis<'_, R> {
    /// A text, choice or button field: its value, and with it what its widgets show.
    pub(super) fn filled_field(&mut self, node: &FieldNode, kind: FieldKind) -> Result<(), Error> {
        let allowed: &[&str] = match kind {
            FieldKind::Text => &["V", "AP", "M"],
            FieldKind::Choice => &["V", "AP", "M", "I", "TI"],
            FieldKind::Button => &["V", "AS", "M"],
            _ => &[],
        };
        let field = node.name.to_string();
        let before_never = self.changes.len();
        let mut numbers = node.widgets.clone();
        if !numbers.contains(&node.field) {
            numbers.push(node.field);
        }
        for number in numbers {
            self.field_entries(node, number, allowed)?;
        }
        let value = self.value_of(node)?;
        let mut place = (None, None);
        for &widget in &node.widgets {
            let good = match kind {
                FieldKind::Button => self.button_state(widget, &value)?,
                _ => self.shows_value(widget, &value)?,
            };
            if !good {
                let page = self.page_index(widget)?;
                let never = match kind {
                    FieldKind::Button => Never::ButtonState { field: field.clone() },
                    _ => Never::NotItsValue { field: field.clone() },
                };
                self.never_on(widget, page, never);
            }
            if place.1.is_none() {
                place = self.place(widget)?;
            }
        }
        if self.changes.len() == before_never {
            let kind = ChangeKind::FieldValue { field: field.clone() };
            let needs = Needs::FormFilling { field };
            self.push(Some(id(node.field)), place.0, kind, place.1, needs);
        }
        Ok(())
    }

    /// The field's value now; its string or name as text, `None` for what is neither.
    fn value_of(&mut self, node: &FieldNode) -> Result<Option<String>, Error> {
        let field = self.at(self.revision, node.field)?;
        let value = field.as_ref().and_then(|one| one.dictionary()?.value("V")).cloned();
        Ok(match value {
            None | Some(Object::Null) => Some(String::new()),
            Some(Object::String(text)) => Some(decode_text(&text)),
            Some(Object::Name(name)) => Some(name.to_string()),
            Some(_) => None,
        })
    }

    fn page_index(&mut self, widget: u32) -> Result<Option<usize>, Error> {
        Ok(self.pages_with(widget)?.first().and_then(|page| self.pages.get(page)).copied())
    }

    fn place(&mut self, widget: u32) -> Result<(Option<usize>, Option<[f64; 4]>), Error> {
        let page = self.page_index(widget)?;
        let found = self.at(self.revision, widget)?;
        let Some(dictionary) = found.as_ref().and_then(|one| one.dictionary()) else {
            return Ok((page, None));
        };
        let flags = dictionary.value("F").and_then(Object::as_integer).unwrap_or(0);
        let rect = rectangle(dictionary.value("Rect")).filter(|rect| is_visible(*rect, flags));
        Ok((page, rect))
    }

    /// `/AS` names a state that the signed appearance has; the state that is on is the value.
    fn button_state(&mut self, widget: u32, value: &Option<String>) -> Result<bool, Error> {
        let Some(value) = value else {
            return Ok(false);
        };
        let found = self.at(self.revision, widget)?;
        let Some(dictionary) = found.as_ref().and_then(|one| one.dictionary()) else {
            return Ok(false);
        };
        let state = match entry(dictionary, "AS") {
            None => return Ok(entry(dictionary, "AP").is_none()),
            Some(state) => match state.as_name() {
                Some(state) => state.clone(),
                None => return Ok(false),
            },
        };
        let (appearance, _) = self.follow(self.revision, dictionary.value("AP"))?;
        let normal = appearance.as_dictionary().and_then(|one| one.value("N")).cloned();
        let (normal, _) = self.follow(self.revision, normal.as_ref())?;
        let Object::Dictionary(states) = normal else {
            return Ok(false);
        };
        let is_off = state.is("Off");
        let known = states.entries.iter().any(|entry| entry.key == state);
        Ok(is_off || known && state.to_string() == *value)
    }

    /// Whether what a text or choice widget shows is its field's value, in the fonts of the signed form.
    fn shows_value(&mut self, widget: u32, value: &Option<String>) -> Result<bool, Error> {
        let Some(value) = value else {
            return Ok(false);
        };
        let found = self.at(self.revision, widget)?;
        let Some(dictionary) = found.as_ref().and_then(|one| one.dictionary()).cloned() else {
            return Ok(false);
        };
        let Some(appearance) = entry(&dictionary, "AP") else {
            // Nothing was drawn: readers draw the value themselves.
            let before = self.at(self.revision - 1, widget)?;
            let had = before
                .as_ref()
                .and_then(|one| one.dictionary())
                .is_some_and(|one| entry(one, "AP").is_some());
            return Ok(!had);
        };
        let (appearance, number) = self.follow(self.revision, Some(appearance))?;
        let mut holder = widget;
        if let Some(number) = number {
            holder = number;
            if self.changed.contains(&number) {
                self.explain(number, Role::Only { holder: widget, key: "AP" });
            }
        }
        let Some(appearance) = appearance.as_dictionary() else {
            return Ok(false);
        };
        let only_normal = appearance.entries.iter().all(|entry| entry.key.is("N"));
        let Some(normal) =
            entry(appearance, "N").and_then(Object::as_reference).filter(|_| only_normal)
        else {
            return Ok(false);
        };
        if self.changed.contains(&normal.number) {
            self.explain(normal.number, Role::Only { holder, key: "N" });
        }
        let Some(form) = self.at(self.revision, normal.number)? else {
            return Ok(false);
        };
        let Object::Stream(Stream { dictionary: form_entries, .. }) = form.value() else {
            return Ok(false);
        };
        // A viewer that takes it for something else than a form, or reads other data, shows no value.
        let named = |key, name: &str| {
            form_entries.value(key).and_then(Object::as_name).map(|found| found.is(name))
        };
        if form.object.id.generation != normal.generation
            || named("Subtype", "Form") != Some(true)
            || named("Type", "XObject") == Some(false)
            || !self.has_its_length(&form.object, form_entries)?
        {
            return Ok(false);
        }
        let (Some(rect), Some(bbox)) =
            (rectangle(dictionary.value("Rect")), rectangle(form_entries.value("BBox")))
        else {
            return Ok(false);
        };
        // The form is shown as it is, not scaled or turned: its box is the widget's, to a point.
        let fits = (bbox[2] - bbox[0]) - (rect[2] - rect[0]) <= 1.0
            && (bbox[3] - bbox[1]) - (rect[3] - rect[1]) <= 1.0;
        let plain = form_entries.entries.iter().all(|entry| {
            ["Type", "Subtype", "FormType", "BBox", "Resources", "Length", "Filter", "DecodeParms"]
                .iter()
                .any(|key| entry.key.is(key))
        });
        if !fits || !plain || !self.only_form_fonts(form_entries)? {
            return Ok(false);
        }
        let data = match self.document.stream_data(&form.object) {
            Ok(data) => data,
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
            Err(_) => return Ok(false),
        };
        Ok(match shown_text(&data, bbox, &self.document.limits) {
            Some(Shown { text, .. }) => squeezed(&text) == squeezed(value),
            None => false,
        })
    }

    /// Whether a stream's `/Length` is that of its data.
    fn has_its_length(
        &mut self,
        stream: &IndirectObject,
        entries: &Dictionary,
    ) -> Result<bool, Error> {
        if self.document.encryption().is_some() {
            // What is read is shorter than what stands there; a wrong length would not decrypt to a text.
            return Ok(true);
        }
        let (length, _) = self.follow(self.revision, entries.value("Length"))?;
        let data = match self.document.encoded_stream_data(stream) {
            Ok(data) => data.len() as u64,
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
            Err(_) => return Ok(false),
        };
        Ok(length.as_integer().and_then(|length| u64::try_from(length).ok()) == Some(data))
    }

    /// Whether a form uses no resources but fonts that the signed form's `/DR` has under the same names, of which the
    /// codes are plain letters.
    fn only_form_fonts(&mut self, form: &Dictionary) -> Result<bool, Error> {
        let (resources, _) = self.follow(self.revision, form.value("Resources"))?;
        let resources = match &resources {
            Object::Null => return Ok(true),
            Object::Dictionary(resources) => resources,
            _ => return Ok(false),
        };
        if resources.entries.iter().any(|entry| !entry.key.is("Font") && !entry.key.is("ProcSet")) {
            return Ok(false);
        }
        let (fonts, _) = self.follow(self.revision, resources.value("Font"))?;
        let Object::Dictionary(fonts) = fonts else {
            return Ok(matches!(fonts, Object::Null));
        };
        let signed = self.form_fonts()?;
        for font in &fonts.entries {
            let known = signed.as_ref().and_then(|signed| {
                signed.entries.iter().find(|one| one.key == font.key && one.value == font.value)
            });
            if known.is_none() {
                return Ok(false);
            }
            let (font, _) = self.follow(self.revision, Some(&font.value))?;
            if !self.is_simple_font(&font)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `/Font` of the signed form's `/DR`.
    fn form_fonts(&mut self) -> Result<Option<Dictionary>, Error> {
        let mut value = self.base_catalog()?;
        for key in ["AcroForm", "DR", "Font"] {
            let next = value.as_dictionary().and_then(|one| one.value(key)).cloned();
            value = self.follow(0, next.as_ref())?.0;
        }
        Ok(match value {
            Object::Dictionary(fonts) => Some(fonts),
            _ => None,
        })
    }

    /// Whether the codes of printable ASCII show those characters: a simple font with one of the named encodings, of
    /// which nothing within ASCII is another.
    fn is_simple_font(&mut self, font: &Object) -> Result<bool, Error> {
        let Object::Dictionary(font) = font else {
            return Ok(false);
        };
        let subtype = font.value("Subtype").and_then(Object::as_name);
        if !subtype.is_some_and(|one| one.is("Type1") || one.is("TrueType")) {
            return Ok(false);
        }
        let (encoding, _) = self.follow(self.revision, font.value("Encoding"))?;
        let differences = match &encoding {
            Object::Null | Object::Name(_) => return Ok(true),
            Object::Dictionary(encoding) => encoding.value("Differences").cloned(),
            _ => return Ok(false),
        };
        let (differences, _) = self.follow(self.revision, differences.as_ref())?;
        let mut code = 0;
        for item in differences.as_array().map_or(&[][..], |array| &array.items) {
            match item {
                Object::Integer(next) => code = *next,
                _ if (32..127).contains(&code) => return Ok(false),
                _ => code += 1,
            }
        }
        Ok(true)
    }
}

/// Text without white space: lines are broken and words set apart by moving, not by characters.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
