//! The interactive form of a later revision (ISO 32000-2 §12.7.3).

use std::io::{Read, Seek};

use super::fields::FieldKind;
use super::kind::{EntryKey, Never};
use super::value::{differing, entry, same};
use super::walk::{Analysis, Pair, id, text};
use crate::error::Error;
use crate::object::{Dictionary, Name, Object};

/// `/SigFlags`: SignaturesExist and AppendOnly.
const SIGNATURE_FLAGS: i64 = 3;
/// Annotation flags (ISO 32000-2 table 167).
const HIDDEN: i64 = 2;
const PRINT: i64 = 4;
const NO_VIEW: i64 = 32;
const TOGGLE_NO_VIEW: i64 = 256;

impl<R: Read + Seek> Analysis<'_, R> {
    /// `/AcroForm`: fields are appended, signature flags set; all else stays.
    pub(super) fn form(
        &mut self,
        catalog: u32,
        before: Option<&Object>,
        after: Option<&Object>,
    ) -> Result<(), Error> {
        let Some(pair) = self.pair(catalog, "AcroForm", before, after)? else {
            return Ok(());
        };
        let empty = Dictionary { entries: Vec::new(), span: 0..0 };
        let Pair { before, after, holder } = pair;
        let (old, new) = match (&before, &after) {
            (Object::Null, Object::Null) => return Ok(()),
            (Object::Null, Object::Dictionary(new)) => (&empty, new),
            (Object::Dictionary(old), Object::Dictionary(new)) => (old, new),
            _ => {
                self.never(Some(id(catalog)), Never::Catalog(Name(b"AcroForm".to_vec())));
                return Ok(());
            }
        };
        let bare = self.fields.values().all(|node| node.kind == FieldKind::Signature);
        let mut updated = false;
        for key in differing(old, new) {
            let name = text(&key);
            let value = entry(new, &name);
            let allowed = match name.as_str() {
                "Fields" => continue,
                "SigFlags" => {
                    let flags = |form: &Dictionary| {
                        form.value("SigFlags").and_then(Object::as_integer).unwrap_or(0)
                    };
                    flags(new) & !SIGNATURE_FLAGS == 0 && flags(new) & flags(old) == flags(old)
                }
                // Defaults for text fields mean something only where there is one.
                "DR" | "DA" => entry(old, &name).is_none() && bare,
                "NeedAppearances" if value == Some(&Object::Boolean(true)) => {
                    self.asks = Some(holder);
                    continue;
                }
                "NeedAppearances" => {
                    value.is_none_or(|value| *value == Object::Boolean(false))
                        && entry(old, &name).is_none_or(|value| *value == Object::Boolean(false))
                }
                _ => false,
            };
            if allowed {
                updated = true;
            } else {
                self.never(Some(id(holder)), Never::Form(key));
            }
        }
        if updated {
            self.entry_changed(holder, EntryKey::AcroForm);
        }
        let (old, new) = (old.value("Fields").cloned(), new.value("Fields").cloned());
        let Some(fields) = self.pair(holder, "Fields", old.as_ref(), new.as_ref())? else {
            return Ok(());
        };
        let added = self.appended(&fields.before, &fields.after);
        let Some(added) = added else {
            self.never(Some(id(fields.holder)), Never::FieldsRearranged);
            return Ok(());
        };
        self.new_fields(&added, None)
    }

    /// What was appended to an array that otherwise stays; `None` where it did not.
    pub(super) fn appended(&self, before: &Object, after: &Object) -> Option<Vec<Object>> {
        let items = |value: &Object| match value {
            Object::Null => Some(Vec::new()),
            Object::Array(array) => Some(array.items.clone()),
            _ => None,
        };
        let (old, mut new) = (items(before)?, items(after)?);
        if new.len() < old.len() || !old.iter().zip(&new).all(|(one, other)| same(one, other)) {
            return None;
        }
        Some(new.split_off(old.len()))
    }
}

/// Whether an annotation of this rectangle and these flags can be seen, on a screen or on paper.
pub(super) fn is_visible([left, bottom, right, top]: [f64; 4], flags: i64) -> bool {
    let has_area = right > left && top > bottom;
    let never_viewed = flags & NO_VIEW != 0 && flags & (PRINT | TOGGLE_NO_VIEW) == 0;
    has_area && flags & HIDDEN == 0 && !never_viewed
}
