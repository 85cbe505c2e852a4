//! Buttons and choices that a later revision filled in, and the wish that readers draw values anew (ISO 32000-2 §12.7.5.2,
//! §12.7.5.4, §12.7.4.3).

use std::io::{Read, Seek};

use super::fields::{FieldKind, FieldNode};
use super::fill::Value;
use super::kind::{EntryKey, Never};
use super::value::entry;
use super::walk::{Analysis, id};
use crate::error::Error;
use crate::object::{Dictionary, Name, Object};
use crate::text::decode_text;

/// Flag of a button field that keeps no value (ISO 32000-2 table 229).
const PUSH_BUTTON: i64 = 1 << 16;

/// What a button's widget shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The field's value.
    On,
    /// Nothing, and another widget may show the value.
    Off,
    /// What no reader draws from an appearance.
    Bare,
    /// Something that is not the value, or was not signed.
    Wrong,
}

impl<R: Read + Seek> Analysis<'_, R> {
    /// The widgets of a check box or of radio buttons: `/AS` names a state that the signed appearance has, and the one
    /// that is on is the value.
    pub(super) fn button_states(
        &mut self,
        node: &FieldNode,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        let mut states = Vec::with_capacity(node.widgets.len());
        for &widget in &node.widgets {
            let state = match value {
                Some(value) => self.button_state(widget, value)?,
                None => State::Wrong,
            };
            states.push((widget, state));
        }
        let is_off = value.is_some_and(|value| value.is_off());
        let is_seen = is_off || states.iter().any(|(_, state)| *state != State::Off);
        let wrong = states.iter().find(|(_, state)| *state == State::Wrong || !is_seen);
        if let Some(&(widget, _)) = wrong {
            let page = self.pages_with(widget)?.first().and_then(|page| self.pages.get(page));
            let page = page.copied();
            self.never_on(widget, page, Never::ButtonState { field: node.name.to_string() });
        }
        Ok(())
    }

    fn button_state(&mut self, widget: u32, value: &Value) -> Result<State, Error> {
        let found = self.at(self.revision, widget)?;
        let Some(dictionary) = found.as_ref().and_then(|one| one.dictionary()).cloned() else {
            return Ok(State::Wrong);
        };
        if entry(&dictionary, "AP").is_none() && entry(&dictionary, "AS").is_none() {
            return Ok(State::Bare);
        }
        let (appearance, _) = self.follow(self.revision, dictionary.value("AP"))?;
        let normal = appearance.as_dictionary().and_then(|one| one.value("N")).cloned();
        let (normal, _) = self.follow(self.revision, normal.as_ref())?;
        let Object::Dictionary(states) = normal else {
            return Ok(State::Wrong);
        };
        let is_value =
            |state: &Name| matches!(value.texts.as_slice(), [text] if state.to_string() == *text);
        let has = |name: &dyn Fn(&Name) -> bool| states.entries.iter().any(|one| name(&one.key));
        Ok(match entry(&dictionary, "AS").map(Object::as_name) {
            // Some readers take the state from the value then, others show nothing.
            None if !value.is_off() && has(&is_value) => State::Wrong,
            None => State::Off,
            Some(Some(state)) if state.is("Off") => State::Off,
            Some(Some(state)) if has(&|one| one == state) && is_value(state) => State::On,
            Some(_) => State::Wrong,
        })
    }

    /// What a choice offers and shows for its values: `/Opt`, its own or that of a field above it.
    pub(super) fn read_options(&mut self, field: u32, value: &mut Value) -> Result<(), Error> {
        let options = self.inherited(field, "Opt")?;
        let (options, _) = self.follow(self.revision, options.as_ref())?;
        for option in options.as_array().map_or(&[][..], |array| &array.items) {
            let (option, _) = self.follow(self.revision, Some(option))?;
            let text = |value: Option<&Object>| {
                value.and_then(Object::as_string).map(decode_text).unwrap_or_default()
            };
            let (exported, displayed) = match &option {
                Object::Array(pair) => (text(pair.items.first()), text(pair.items.get(1))),
                one => (text(Some(one)), text(Some(one))),
            };
            for (own, shown) in value.texts.iter().zip(&mut value.displayed) {
                if *own == exported {
                    shown.clone_from(&displayed);
                }
            }
            value.options.push(displayed);
        }
        Ok(())
    }

    /// An entry of a field, or of the next one above that has it.
    fn inherited(&mut self, field: u32, key: &str) -> Result<Option<Object>, Error> {
        let mut number = field;
        for _ in 0..=self.document.limits.field_depth {
            let found = self.at(self.revision, number)?;
            let Some(dictionary) = found.as_ref().and_then(|one| one.dictionary()) else {
                return Ok(None);
            };
            if let Some(value) = entry(dictionary, key) {
                return Ok(Some(value.clone()));
            }
            let Some(parent) = dictionary.value("Parent").and_then(Object::as_reference) else {
                return Ok(None);
            };
            number = parent.number;
        }
        Ok(None)
    }

    /// The form's dictionary in a revision.
    fn form_of(&mut self, revision: usize) -> Result<Option<Dictionary>, Error> {
        let catalog = match self.root(revision) {
            Some(number) => self.at(revision, number)?,
            None => None,
        };
        let form = catalog.as_ref().and_then(|one| one.dictionary()?.value("AcroForm")).cloned();
        let (form, _) = self.follow(revision, form.as_ref())?;
        Ok(form.as_dictionary().cloned())
    }

    /// Whether the form asks readers to draw its fields' values themselves (`/NeedAppearances`).
    pub(super) fn draws_values(&mut self, revision: usize) -> Result<bool, Error> {
        let form = self.form_of(revision)?;
        let asked = form.as_ref().and_then(|form| form.value("NeedAppearances"));
        Ok(asked == Some(&Object::Boolean(true)))
    }

    /// A form that from now on asks readers to draw values anew: writers do so that filled in what they cannot draw. It
    /// is lawful beside such a field, and where nothing that was signed looks another way then: every other field shows
    /// its value, and no button a caption.
    pub(super) fn asked_for_appearances(&mut self) -> Result<(), Error> {
        let Some(form) = self.asks else {
            return Ok(());
        };
        let mut is_lawful = self.is_filled;
        let mut nodes: Vec<FieldNode> =
            self.fields.values().filter(|node| !node.is_inner).cloned().collect();
        nodes.retain(|node| !node.widgets.is_empty());
        nodes.sort_by_key(|node| node.field);
        for node in nodes {
            if !is_lawful {
                break;
            }
            is_lawful = match node.kind {
                FieldKind::Signature => true,
                FieldKind::Button => {
                    let flags = self.inherited(node.field, "Ff")?;
                    flags.as_ref().and_then(Object::as_integer).unwrap_or(0) & PUSH_BUTTON == 0
                }
                FieldKind::Unknown => false,
                kind => {
                    let value = self.value_of(&node, kind)?;
                    let mut is_shown = true;
                    for &widget in &node.widgets {
                        is_shown &= self.shows_another(&node, widget, value.as_ref())?.is_none();
                    }
                    is_shown
                }
            };
        }
        if is_lawful {
            self.entry_changed(form, EntryKey::AcroForm);
        } else {
            self.never(Some(id(form)), Never::Form(Name(b"NeedAppearances".to_vec())));
        }
        Ok(())
    }
}

impl Value {
    /// Whether it is the state of a button that is off.
    fn is_off(&self) -> bool {
        self.texts.iter().all(|text| text.is_empty() || text == "Off")
    }
}
