//! The document security store of a later revision (ISO 32000-2 §12.8.4.3).

use std::io::{Read, Seek};

use super::kind::{ChangeKind, Needs, Never};
use super::value::entry;
use super::walk::{Analysis, Role, id};
use crate::error::Error;
use crate::object::{Dictionary, Object};

/// Entries of the store, and of what it says of one signature (tables 261 and 262).
const STORE_KEYS: [&str; 5] = ["Type", "Certs", "CRLs", "OCSPs", "VRI"];
const RELATED_KEYS: [&str; 6] = ["Type", "Cert", "CRL", "OCSP", "TU", "TS"];
/// Entries of a stream that holds one piece of evidence.
const STREAM_KEYS: [&str; 5] = ["Type", "Length", "Filter", "DecodeParms", "DL"];

impl<R: Read + Seek> Analysis<'_, R> {
    /// `/DSS`: dictionaries and arrays of streams, of which none is shown; any of them may be new.
    pub(super) fn security_store(
        &mut self,
        catalog: u32,
        before: Option<&Object>,
        after: Option<&Object>,
    ) -> Result<(), Error> {
        if before.is_none() && after.is_none() {
            return Ok(());
        }
        let told = self.changes.len();
        let Some(pair) = self.pair(catalog, "DSS", before, after)? else {
            return Ok(());
        };
        let store = match &pair.after {
            Object::Dictionary(store) => store,
            // What proves something may be missing; it is not what was signed.
            Object::Null => return self.store_changed(told, pair.holder),
            _ => return self.refuse_store(pair.holder),
        };
        if has_other_keys(store, &STORE_KEYS) {
            return self.refuse_store(pair.holder);
        }
        let holder = pair.holder;
        let touched = before != after || self.touches(holder);
        let mut any = touched;
        for key in ["Certs", "CRLs", "OCSPs"] {
            any |= self.evidence(holder, store.value(key), touched)?;
        }
        any |= self.related(holder, store.value("VRI"), touched)?;
        if any {
            self.store_changed(told, holder)?;
        }
        Ok(())
    }

    fn store_changed(&mut self, told: usize, holder: u32) -> Result<(), Error> {
        // Once a revision, and not beside what is wrong with it.
        if self.changes.len() == told {
            self.push(Some(id(holder)), None, ChangeKind::SecurityStore, None, Needs::Nothing);
        }
        Ok(())
    }

    fn refuse_store(&mut self, holder: u32) -> Result<(), Error> {
        self.never(Some(id(holder)), Never::SecurityStore);
        Ok(())
    }

    fn touches(&self, number: u32) -> bool {
        self.changed.contains(&number) || self.fresh.contains(&number)
    }

    /// An array of evidence, itself or by reference; says whether anything in it is new.
    fn evidence(
        &mut self,
        holder: u32,
        value: Option<&Object>,
        touched: bool,
    ) -> Result<bool, Error> {
        let (array, number) = self.follow(self.revision, value)?;
        let touched = match number {
            Some(number) if self.changed.contains(&number) => {
                self.explain(number, Role::OnlyOf { holder });
                true
            }
            Some(number) if self.fresh.contains(&number) => true,
            Some(_) => touched,
            None => touched,
        };
        if !touched {
            return Ok(false);
        }
        let items = match &array {
            Object::Null => return Ok(true),
            Object::Array(array) => &array.items,
            _ => {
                self.refuse_store(holder)?;
                return Ok(true);
            }
        };
        for item in items {
            self.piece(holder, item)?;
        }
        Ok(true)
    }

    /// One piece of evidence: a stream, which if it is new holds nothing but data.
    fn piece(&mut self, holder: u32, item: &Object) -> Result<(), Error> {
        let Some(target) = item.as_reference() else {
            return self.refuse_store(holder);
        };
        if !self.fresh.contains(&target.number) {
            return Ok(());
        }
        let piece = self.at(self.revision, target.number)?;
        match piece.as_ref().map(|one| one.value()) {
            Some(Object::Stream(stream)) if !has_other_keys(&stream.dictionary, &STREAM_KEYS) => {
                Ok(())
            }
            _ => self.refuse_store(target.number),
        }
    }

    /// `/VRI`: for each signature a dictionary of evidence.
    fn related(
        &mut self,
        holder: u32,
        value: Option<&Object>,
        touched: bool,
    ) -> Result<bool, Error> {
        let (related, number) = self.follow(self.revision, value)?;
        let mut any = touched;
        let mut inner = holder;
        if let Some(number) = number {
            inner = number;
            if self.changed.contains(&number) {
                self.explain(number, Role::OnlyOf { holder });
            }
            any |= self.touches(number);
        }
        let entries = match &related {
            Object::Null => return Ok(any),
            Object::Dictionary(related) => &related.entries,
            _ => {
                self.refuse_store(holder)?;
                return Ok(true);
            }
        };
        for one in entries {
            // What no later revision lists is as it was.
            let target = one.value.as_reference().map(|id| id.number);
            let touched = match target {
                Some(number) => self.touches(number),
                None => any,
            };
            if !touched {
                continue;
            }
            let (value, number) = self.follow(self.revision, Some(&one.value))?;
            let holder_of_one = number.unwrap_or(inner);
            if let Some(number) = number.filter(|number| self.changed.contains(number)) {
                self.explain(number, Role::OnlyOf { holder: inner });
            }
            any = true;
            let Object::Dictionary(value) = &value else {
                self.refuse_store(holder_of_one)?;
                continue;
            };
            if has_other_keys(value, &RELATED_KEYS) {
                self.refuse_store(holder_of_one)?;
                continue;
            }
            for key in ["Cert", "CRL", "OCSP"] {
                self.evidence(holder_of_one, value.value(key), true)?;
            }
            if let Some(stamp) = entry(value, "TS") {
                self.piece(holder_of_one, stamp)?;
            }
        }
        Ok(any)
    }
}

fn has_other_keys(dictionary: &Dictionary, known: &[&str]) -> bool {
    dictionary.entries.iter().any(|entry| !known.iter().any(|one| entry.key.is(one)))
}
