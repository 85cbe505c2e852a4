//! The trailer, document information and catalog of a later revision (ISO 32000-2 §7.5.5, §14.3, §7.7.2).

use std::io::{Read, Seek};

use super::kind::{ChangeKind, EntryKey, Needs, Never};
use super::value::{differing, duplicate_key, entry, same};
use super::walk::{Analysis, Role, id, is_plain, text};
use crate::error::Error;
use crate::object::{Dictionary, Name, Object, Stream};

/// Trailer keys that belong to the section itself (ISO 32000-2 tables 15 and 17).
const SECTION_KEYS: [&str; 11] = [
    "Size",
    "Prev",
    "XRefStm",
    "Type",
    "W",
    "Index",
    "Length",
    "Filter",
    "DecodeParms",
    "DL",
    "ID",
];

impl<R: Read + Seek> Analysis<'_, R> {
    /// The trailer: the same catalog, encryption and first identifier; information that was only brought up to date.
    pub(super) fn trailer(&mut self) -> Result<(), Error> {
        let before = self.trailer_of(self.revision - 1).cloned();
        let after = self.trailer_of(self.revision).cloned();
        let (Some(before), Some(after)) = (before, after) else {
            return Ok(());
        };
        let after_value = Object::Dictionary(after.clone());
        if let Some(key) = duplicate_key(&after_value) {
            self.never(None, Never::DuplicateKey(key));
        }
        for key in differing(&before, &after) {
            // Entries that no reader acts on may be left out, as writers do with those that they do not know.
            let needed = ["Root", "Encrypt", "Info"].iter().any(|one| key.is(one));
            let left_out = !needed && entry(&after, &text(&key)).is_none();
            if SECTION_KEYS.iter().any(|own| key.is(own)) || key.is("Info") || left_out {
                continue;
            }
            self.never(None, Never::Trailer(key));
        }
        self.identifier(&before, &after)?;
        self.information(&before, &after)
    }

    /// The first identifier stays for the document's life (ISO 32000-2 §14.4).
    fn identifier(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        let (old, _) = self.follow(self.revision - 1, before.value("ID"))?;
        let (new, _) = self.follow(self.revision, after.value("ID"))?;
        let first =
            |value: &Object| value.as_array().and_then(|array| array.items.first().cloned());
        if let (Some(old), Some(new)) = (first(&old), first(&new))
            && !same(&old, &new)
        {
            self.never(None, Never::Trailer(Name(b"ID".to_vec())));
        }
        Ok(())
    }

    /// The document information: `/ModDate` and `/Producer` alone may change, a title or author never.
    fn information(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        let Some(pair) = self.pair(0, "Info", before.value("Info"), after.value("Info"))? else {
            return Ok(());
        };
        let empty = Dictionary { entries: Vec::new(), span: 0..0 };
        let (old, new) = match (&pair.before, &pair.after) {
            (Object::Null, Object::Null) => return Ok(()),
            (Object::Null, Object::Dictionary(new)) => (&empty, new),
            (Object::Dictionary(old), Object::Dictionary(new)) => (old, new),
            _ => {
                self.never(None, Never::Trailer(Name(b"Info".to_vec())));
                return Ok(());
            }
        };
        let mut updated = false;
        for key in differing(old, new) {
            let plain = matches!(entry(new, &text(&key)), None | Some(Object::String(_)));
            if (key.is("ModDate") || key.is("Producer")) && plain {
                updated = true;
            } else {
                self.never(Some(id(pair.holder)), Never::Information(key));
            }
        }
        if updated {
            self.entry_changed(pair.holder, EntryKey::Info);
        }
        Ok(())
    }

    pub(super) fn entry_changed(&mut self, holder: u32, key: EntryKey) {
        self.push(Some(id(holder)), None, ChangeKind::Entry { key }, None, Needs::Nothing);
    }

    /// The catalog, key by key.
    pub(super) fn catalog(&mut self, number: u32) -> Result<(), Error> {
        let before = self.at(self.revision - 1, number)?;
        let after = self.at(self.revision, number)?;
        let old = before.as_ref().and_then(|one| one.dictionary());
        let new = after.as_ref().and_then(|one| one.dictionary());
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(());
        };
        if self.changed.contains(&number) {
            self.explain(number, Role::Catalog);
        }
        for key in differing(old, new) {
            let known = ["AcroForm", "DSS", "Extensions", "Metadata", "Version"];
            if !known.iter().any(|one| key.is(one)) {
                self.never(Some(id(number)), Never::Catalog(key));
            }
        }
        if old.value("Version") != new.value("Version") {
            self.version(number, old, new);
        }
        self.form(number, old.value("AcroForm"), new.value("AcroForm"))?;
        self.security_store(number, old.value("DSS"), new.value("DSS"))?;
        self.extensions(number, old.value("Extensions"), new.value("Extensions"))?;
        self.metadata(number, old.value("Metadata"), new.value("Metadata"))
    }

    /// `/Version` may be raised.
    fn version(&mut self, number: u32, old: &Dictionary, new: &Dictionary) {
        const KNOWN: [&str; 6] = ["1.3", "1.4", "1.5", "1.6", "1.7", "2.0"];
        let rank = |dictionary: &Dictionary| {
            let name = dictionary.value("Version").and_then(Object::as_name)?;
            KNOWN.iter().position(|known| name.is(known))
        };
        match (entry(old, "Version"), rank(old), rank(new)) {
            (None, _, Some(_)) => self.entry_changed(number, EntryKey::Version),
            (Some(_), Some(from), Some(to)) if to >= from => {
                self.entry_changed(number, EntryKey::Version);
            }
            _ => self.never(Some(id(number)), Never::Catalog(Name(b"Version".to_vec()))),
        }
    }

    /// `/Extensions` names developers and levels, which readers do not act on (ISO 32000-2 §7.12).
    fn extensions(
        &mut self,
        catalog: u32,
        before: Option<&Object>,
        after: Option<&Object>,
    ) -> Result<(), Error> {
        let Some(pair) = self.pair(catalog, "Extensions", before, after)? else {
            return Ok(());
        };
        if same(&pair.before, &pair.after) {
            return Ok(());
        }
        if matches!(pair.after, Object::Dictionary(_)) && is_plain(&pair.after) {
            self.entry_changed(pair.holder, EntryKey::Extensions);
        } else {
            self.never(Some(id(pair.holder)), Never::Catalog(Name(b"Extensions".to_vec())));
        }
        Ok(())
    }

    /// `/Metadata` stays a metadata stream, whatever it says now; nothing of it is shown on a page.
    fn metadata(
        &mut self,
        catalog: u32,
        before: Option<&Object>,
        after: Option<&Object>,
    ) -> Result<(), Error> {
        let target = after.and_then(Object::as_reference).map(|id| id.number);
        let moved = before.and_then(Object::as_reference) != after.and_then(Object::as_reference);
        let changed = target.is_some_and(|number| self.changed.contains(&number));
        if !moved && !changed {
            return Ok(());
        }
        let Some(pair) = self.pair(catalog, "Metadata", before, after)? else {
            return Ok(());
        };
        let is_metadata = |value: &Object| match value {
            Object::Stream(Stream { dictionary, .. }) => {
                let is = |key: &str, name: &str| {
                    dictionary.value(key).and_then(Object::as_name).is_some_and(|one| one.is(name))
                };
                is("Type", "Metadata") && is("Subtype", "XML")
            }
            _ => false,
        };
        if is_metadata(&pair.after) && (before.is_none() || is_metadata(&pair.before)) {
            self.entry_changed(pair.holder, EntryKey::Metadata);
        } else {
            self.never(Some(id(pair.holder)), Never::Metadata);
        }
        Ok(())
    }
}
