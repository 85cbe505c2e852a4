//! Fields of the signed form that a later revision filled in: what they show must be their value.

use std::io::{Read, Seek};

use unicode_normalization::UnicodeNormalization;

use super::appearance::{Shown, Unread, luminance, shown_text};
use super::fields::{FieldKind, FieldNode};
use super::form::is_visible;
use super::kind::{ChangeKind, Needs, Never};
use super::value::{entry, number_of, rectangle};
use super::walk::{Analysis, Role, id};
use crate::error::Error;
use crate::object::{Dictionary, IndirectObject, Name, Object, Stream};
use crate::text::decode_text;

/// Difference of luminance that writers' rounding of colours may make.
const ROUNDED: f64 = 0.02;

/// A field's value.
#[derive(Debug)]
pub(super) struct Value {
    /// Each of its strings or names as text: a choice may have several, none is the empty value.
    pub(super) texts: Vec<String>,
    /// For each of them what is shown for it: itself, or what a choice's `/Opt` says.
    pub(super) displayed: Vec<String>,
    /// All that a choice shows, in its order.
    pub(super) options: Vec<String>,
}

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
        let value = self.value_of(node, kind)?;
        if kind == FieldKind::Button {
            self.button_states(node, value.as_ref())?;
        } else {
            for &widget in &node.widgets {
                if let Some(never) = self.shows_another(node, widget, value.as_ref())? {
                    let page = self.page_index(widget)?;
                    self.never_on(widget, page, never);
                }
            }
        }
        if self.changes.len() == before_never {
            let place = self.place_of(node)?;
            let kind = ChangeKind::FieldValue { field: field.clone() };
            let needs = Needs::FormFilling { field };
            self.push(Some(id(node.field)), place.0, kind, place.1, needs);
            self.is_filled = true;
        }
        Ok(())
    }

    /// The field's value now; `None` for what is no value of its kind.
    pub(super) fn value_of(
        &mut self,
        node: &FieldNode,
        kind: FieldKind,
    ) -> Result<Option<Value>, Error> {
        let field = self.at(self.revision, node.field)?;
        let value = field.as_ref().and_then(|one| one.dictionary()?.value("V")).cloned();
        let text = |value: &Object| match value {
            Object::String(text) => Some(decode_text(text)),
            Object::Name(name) => Some(name.to_string()),
            _ => None,
        };
        let texts: Option<Vec<String>> = match &value {
            None | Some(Object::Null) => Some(Vec::new()),
            Some(Object::Array(several)) if kind == FieldKind::Choice => {
                several.items.iter().map(text).collect()
            }
            Some(one) => text(one).map(|one| vec![one]),
        };
        let Some(texts) = texts else {
            return Ok(None);
        };
        let displayed = texts.clone();
        let mut value = Value { texts, displayed, options: Vec::new() };
        if kind == FieldKind::Choice {
            self.read_options(node.field, &mut value)?;
        }
        Ok(Some(value))
    }

    fn page_index(&mut self, widget: u32) -> Result<Option<usize>, Error> {
        Ok(self.pages_with(widget)?.first().and_then(|page| self.pages.get(page)).copied())
    }

    /// The first place where the field can be seen.
    fn place_of(&mut self, node: &FieldNode) -> Result<(Option<usize>, Option<[f64; 4]>), Error> {
        let mut place = (None, None);
        for &widget in &node.widgets {
            place.0 = self.page_index(widget)?;
            let found = self.at(self.revision, widget)?;
            let Some(dictionary) = found.as_ref().and_then(|one| one.dictionary()) else {
                continue;
            };
            let flags = dictionary.value("F").and_then(Object::as_integer).unwrap_or(0);
            place.1 = rectangle(dictionary.value("Rect")).filter(|rect| is_visible(*rect, flags));
            if place.1.is_some() {
                break;
            }
        }
        Ok(place)
    }

    /// Why what a text or choice widget shows is not its field's value; `None` where it is.
    pub(super) fn shows_another(
        &mut self,
        node: &FieldNode,
        widget: u32,
        value: Option<&Value>,
    ) -> Result<Option<Never>, Error> {
        let field = || node.name.to_string();
        let Some(value) = value else {
            return Ok(Some(Never::NotItsValue { field: field() }));
        };
        let found = self.at(self.revision, widget)?;
        let before = self.at(self.revision - 1, widget)?;
        let dictionary = found.as_ref().and_then(|one| one.dictionary());
        let old = before.as_ref().and_then(|one| one.dictionary());
        let Some(dictionary) = dictionary else {
            return Ok(Some(Never::NotItsValue { field: field() }));
        };
        if entry(dictionary, "AP").is_none() {
            // Nothing is drawn: readers draw the value themselves, as they did before or are told to.
            let had = old.is_some_and(|old| entry(old, "AP").is_some());
            let drawn = !had || self.draws_values(self.revision)?;
            return Ok((!drawn).then(|| Never::NotItsValue { field: field() }));
        }
        let shown = match self.appearance(widget, dictionary, self.revision)? {
            Ok(shown) => shown,
            Err(Unread::Foreign) => return Ok(Some(Never::ForeignFont { field: field() })),
            Err(Unread::Content) => return Ok(Some(Never::NotItsValue { field: field() })),
        };
        let is_good = value.is_shown(&shown)
            && match shown.background {
                Some(now) => self.had_background(widget, dictionary, old, now)?,
                None => true,
            };
        Ok((!is_good).then(|| Never::NotItsValue { field: field() }))
    }

    /// Whether a background was there before: in what the widget showed, or where that was nothing by its `/MK`.
    fn had_background(
        &mut self,
        widget: u32,
        now: &Dictionary,
        old: Option<&Dictionary>,
        luminance_now: f64,
    ) -> Result<bool, Error> {
        let before = match old.filter(|old| entry(old, "AP").is_some()) {
            Some(old) => match self.appearance(widget, old, self.revision - 1)? {
                Ok(shown) => shown.background,
                Err(_) => None,
            },
            None => {
                let characteristics = entry(now, "MK").and_then(Object::as_dictionary);
                let colour = characteristics.and_then(|mk| entry(mk, "BG")?.as_array());
                let colour: Vec<f64> = colour
                    .map(|colour| colour.items.iter().filter_map(number_of).collect())
                    .unwrap_or_default();
                luminance(&colour)
            }
        };
        Ok(before.is_some_and(|before| (before - luminance_now).abs() <= ROUNDED))
    }

    /// What a widget shows in a revision.
    fn appearance(
        &mut self,
        widget: u32,
        dictionary: &Dictionary,
        revision: usize,
    ) -> Result<Result<Shown, Unread>, Error> {
        const CONTENT: Result<Result<Shown, Unread>, Error> = Ok(Err(Unread::Content));
        let (appearance, number) = self.follow(revision, dictionary.value("AP"))?;
        let is_now = revision == self.revision;
        let mut holder = widget;
        if let Some(number) = number {
            holder = number;
            if is_now && self.changed.contains(&number) {
                self.explain(number, Role::Only { holder: widget, key: "AP" });
            }
        }
        let Some(appearance) = appearance.as_dictionary() else {
            return CONTENT;
        };
        let only_normal = appearance.entries.iter().all(|entry| entry.key.is("N"));
        let Some(normal) =
            entry(appearance, "N").and_then(Object::as_reference).filter(|_| only_normal)
        else {
            return CONTENT;
        };
        if is_now && self.changed.contains(&normal.number) {
            self.explain(normal.number, Role::Only { holder, key: "N" });
        }
        let Some(form) = self.at(revision, normal.number)? else {
            return CONTENT;
        };
        let Object::Stream(Stream { dictionary: entries, .. }) = form.value() else {
            return CONTENT;
        };
        // A viewer that takes it for something else than a form, or reads other data, shows no value.
        let named = |key, name: &str| {
            entries.value(key).and_then(Object::as_name).map(|found| found.is(name))
        };
        if form.object.id.generation != normal.generation
            || named("Subtype", "Form") != Some(true)
            || named("Type", "XObject") == Some(false)
            || !self.has_its_length(&form.object, entries)?
        {
            return CONTENT;
        }
        let (Some(rect), Some(bbox)) =
            (rectangle(dictionary.value("Rect")), rectangle(entries.value("BBox")))
        else {
            return CONTENT;
        };
        // The form is shown as it is, not scaled or turned: its box is the widget's, to a point.
        let fits = (bbox[2] - bbox[0]) - (rect[2] - rect[0]) <= 1.0
            && (bbox[3] - bbox[1]) - (rect[3] - rect[1]) <= 1.0;
        if !fits || !entries.entries.iter().all(|entry| is_plain_entry(&entry.key, &entry.value)) {
            return CONTENT;
        }
        let Some(fonts) = self.fonts_of(entries)? else {
            return CONTENT;
        };
        let data = match self.document.stream_data(&form.object) {
            Ok(data) => data,
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
            Err(_) => return CONTENT,
        };
        Ok(shown_text(&data, bbox, &fonts, &self.document.limits))
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
}

impl Value {
    /// Whether an appearance shows it: as text, or as the options of a list of which the chosen ones are marked.
    fn is_shown(&self, shown: &Shown) -> bool {
        let text = squeezed(&shown.text());
        let is_marked = shown.lines.iter().any(|line| line.is_marked);
        let joined = |texts: &[String]| squeezed(&texts.concat());
        if !is_marked && (text == joined(&self.texts) || text == joined(&self.displayed)) {
            return true;
        }
        !self.options.is_empty() && self.is_marked_in(shown)
    }

    /// Whether the lines are options that follow each other and exactly the chosen ones are marked.
    fn is_marked_in(&self, shown: &Shown) -> bool {
        let lines: Vec<String> = shown.lines.iter().map(|line| squeezed(&line.text)).collect();
        let options: Vec<String> = self.options.iter().map(|one| squeezed(one)).collect();
        let chosen: Vec<String> = self.displayed.iter().map(|one| squeezed(one)).collect();
        let follow = !lines.is_empty() && options.windows(lines.len()).any(|part| part == lines);
        let marks = shown.lines.iter().zip(&lines);
        let exactly = marks.clone().all(|(line, text)| line.is_marked == chosen.contains(text));
        // Chosen options that the list does not show have no mark.
        follow && exactly && (chosen.is_empty() || marks.clone().any(|(line, _)| line.is_marked))
    }
}

/// Whether an entry of a form is one that shows it as it is.
fn is_plain_entry(key: &Name, value: &Object) -> bool {
    const PLAIN: [&str; 8] =
        ["Type", "Subtype", "FormType", "BBox", "Resources", "Length", "Filter", "DecodeParms"];
    if key.is("Matrix") {
        let items = value.as_array().map_or(&[][..], |array| &array.items);
        let matrix: Vec<f64> = items.iter().filter_map(number_of).collect();
        return matrix == [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    }
    PLAIN.iter().any(|one| key.is(one))
}

/// Text without white space: lines are broken and words set apart by moving, not by characters. Composed, and with the
/// quotation marks that the standard encoding has in the place of those of ASCII.
fn squeezed(text: &str) -> String {
    let composed = text.nfc().filter(|c| !c.is_whitespace());
    composed
        .map(|c| match c {
            '\u{2018}' => '`',
            '\u{2019}' => '\'',
            other => other,
        })
        .collect()
}
