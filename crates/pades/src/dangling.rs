//! References to objects that a file does not have (ISO 32000-2 §7.3.10).

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::{Object, Reference, references};
use crate::xref::{Section, XrefEntry, look_up};

/// `/SigFlags`: SignaturesExist (ISO 32000-2 table 225).
const SIGNATURES_EXIST: i64 = 1;

impl<R: Read + Seek> Document<R> {
    /// Whether the form says that the file has signatures; every signer sets the flag.
    pub(crate) fn is_said_to_be_signed(&mut self) -> bool {
        let Ok(catalog) = self.catalog() else {
            return false;
        };
        let form = catalog.value.as_dictionary().and_then(|catalog| catalog.value("AcroForm"));
        let form = form.cloned().map(|form| self.resolve(&form));
        let Some(Ok(Object::Dictionary(form))) = form else {
            return false;
        };
        let flags = form.value("SigFlags").cloned().map(|flags| self.resolve(&flags));
        matches!(flags, Some(Ok(Object::Integer(flags))) if flags & SIGNATURES_EXIST != 0)
    }

    /// The numbers from `first` on that an object or a trailer of the file refers to. Objects that cannot be read refer
    /// to nothing.
    pub(crate) fn numbers_referred_to(&mut self, first: u32) -> Result<BTreeSet<u32>, Error> {
        let mut targets = BTreeSet::new();
        let mut places = BTreeSet::new();
        for section in self.visible() {
            references(&Object::Dictionary(section.trailer.clone()), &mut targets);
        }
        for (number, _) in self.visible().iter().flat_map(Section::entries) {
            let place = match look_up(self.visible(), number) {
                XrefEntry::Free => continue,
                XrefEntry::InFile { generation, offset } => (offset, 0, number, generation),
                XrefEntry::Compressed { stream, index } => {
                    (u64::MAX, u64::from(stream) << 32 | u64::from(index), number, 0)
                }
            };
            places.insert(place);
        }
        targets.retain(|target| *target >= first);
        // In the order of the file, so that blocks and object streams are read once.
        for (_, _, number, generation) in places {
            match self.read_object(Reference { number, generation }) {
                Ok(Some(object)) => {
                    let mut own = BTreeSet::new();
                    references(&object.value, &mut own);
                    targets.extend(own.range(first..));
                }
                Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        Ok(targets)
    }
}
