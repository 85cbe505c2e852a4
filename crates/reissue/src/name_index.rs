//! From the words of a name to the units that bear it.

use crate::fold::{Exactness, Word, compare, words};
use crate::unit::Unit;

/// Longest own name in words, with room to spare.
pub(crate) const MAX_WORDS: usize = 8;

/// Hash of each unit's own name without case and marks, and the unit's place; sorted.
pub(crate) struct NameIndex(Vec<(u32, u16)>);

impl NameIndex {
    pub(crate) fn of(units: &[Unit]) -> Self {
        let mut entries: Vec<(u32, u16)> = (0_u16..)
            .zip(units)
            .map(|(place, unit)| (hash(&words(unit.own_name)), place))
            .collect();
        entries.sort_unstable();
        Self(entries)
    }

    /// Units whose own name these words are, with how far they agree.
    pub(crate) fn find<'a>(
        &'a self,
        units: &'a [Unit],
        name: &'a [Word],
    ) -> impl Iterator<Item = (Unit, Exactness)> {
        let hash = hash(name);
        let start = self.0.partition_point(|(known, _)| *known < hash);
        self.0[start..].iter().take_while(move |(known, _)| *known == hash).filter_map(
            move |(_, place)| {
                let unit = units.get(usize::from(*place))?;
                compare(&words(unit.own_name), name).map(|exactness| (*unit, exactness))
            },
        )
    }
}

/// FNV-1a over the words without marks; equal hashes are compared in full.
fn hash(words: &[Word]) -> u32 {
    let bytes = words.iter().flat_map(|word| word.plain.bytes().chain([b' ']));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
