//! Cross-reference sections and what they say of objects (ISO 32000-2 §7.5.4, §7.5.8).

use crate::object::Dictionary;

/// The form of a cross-reference section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionForm {
    /// A table with a trailer.
    Table,
    /// A table whose trailer names a stream with further objects (`/XRefStm`).
    Hybrid,
    /// The stream that a hybrid section's trailer names.
    HybridStream,
    /// A cross-reference stream.
    Stream,
    /// Made by a scan of the file, because the file's own is broken.
    Rebuilt,
}

/// What a section says of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XrefEntry {
    Free,
    InFile { offset: u64, generation: u16 },
    Compressed { stream: u32, index: u32 },
}

/// An entry in 16 bytes, so that millions fit.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) number: u32,
    kind_and_generation: u32,
    value: u64,
}

impl Slot {
    pub(crate) fn new(number: u32, entry: XrefEntry) -> Self {
        let (kind_and_generation, value) = match entry {
            // Offset 0 is the header: writers that put it there mean a missing object.
            XrefEntry::Free | XrefEntry::InFile { offset: 0, .. } => (0, 0),
            XrefEntry::InFile { offset, generation } => (1 << 16 | u32::from(generation), offset),
            XrefEntry::Compressed { stream, index } => {
                (2 << 16, u64::from(stream) << 32 | u64::from(index))
            }
        };
        Self { number, kind_and_generation, value }
    }

    fn entry(self) -> XrefEntry {
        match self.kind_and_generation >> 16 {
            0 => XrefEntry::Free,
            1 => XrefEntry::InFile {
                offset: self.value,
                generation: (self.kind_and_generation & 0xffff) as u16,
            },
            _ => XrefEntry::Compressed {
                stream: (self.value >> 32) as u32,
                index: (self.value & 0xffff_ffff) as u32,
            },
        }
    }
}

/// One section of the chain.
pub(crate) struct Section {
    /// Where it begins, from the file's first byte.
    pub(crate) offset: u64,
    pub(crate) form: SectionForm,
    slots: Vec<Slot>,
    /// The trailer dictionary, or the stream's.
    pub(crate) trailer: Dictionary,
    /// The text in which the trailer's spans count.
    pub(crate) trailer_text: Vec<u8>,
}

impl Section {
    pub(crate) fn new(
        offset: u64,
        form: SectionForm,
        mut slots: Vec<Slot>,
        trailer: Dictionary,
        trailer_text: Vec<u8>,
    ) -> Self {
        // Stable, so that of several entries for a number the first of the text is found first.
        slots.sort_by_key(|slot| slot.number);
        Self { offset, form, slots, trailer, trailer_text }
    }

    pub(crate) fn entry(&self, number: u32) -> Option<XrefEntry> {
        let at = self.slots.partition_point(|slot| slot.number < number);
        self.slots.get(at).filter(|slot| slot.number == number).map(|slot| slot.entry())
    }

    /// Every entry, by number; of several for one number the first counts.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u32, XrefEntry)> {
        self.slots.iter().map(|slot| (slot.number, slot.entry()))
    }

    pub(crate) fn highest_number(&self) -> u32 {
        self.slots.last().map_or(0, |slot| slot.number)
    }
}

/// Looks an object up, newest section first.
pub(crate) fn look_up(sections: &[Section], number: u32) -> XrefEntry {
    let mut hidden = false;
    for section in sections {
        // An object that a hybrid table calls free may be in its stream, but nowhere older (§7.5.8.4).
        if hidden && section.form != SectionForm::HybridStream {
            break;
        }
        match section.entry(number) {
            Some(XrefEntry::Free) if section.form == SectionForm::Hybrid => hidden = true,
            Some(entry) => return entry,
            None => {}
        }
    }
    XrefEntry::Free
}
