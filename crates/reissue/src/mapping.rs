//! The national mapping: which unit had a code when, and what became of it.
//!
//! Made once, when it is first asked for, from 283 KB of embedded text: 1.3 MB of memory with the index of names.

mod data;
mod later;

use std::sync::OnceLock;

use crate::date::Date;
use crate::name_index::NameIndex;
use crate::unit::{Level, Resolution, Unit, UnitCode, UnitError, UnitKey};

/// The day on which the new communes and provinces began and the district level ended.
///
/// Resolution 203/2025/QH15 of 16 June 2025 (the Constitution names two levels of local government from 1 July 2025), Law on
/// the Organisation of Local Government 72/2025/QH15, Resolution 202/2025/QH15 of 12 June 2025 (provinces), and for the communes
/// of each province a resolution of the National Assembly's Standing Committee of 16 June 2025 (1654 to
/// 1687/NQ-UBTVQH15), in force from their day and at work from 1 July 2025; island districts became special zones by the same.
pub const REORGANISATION: Date = Date::stated(2025, 7, 1);

/// First day of every unit of which nothing earlier is known: Decision 124/2004/QĐ-TTg, which introduced the codes.
pub const CODES_BEGIN: Date = Date::stated(2004, 7, 8);

/// All units of all levels, with their predecessors and successors.
pub struct Mapping {
    /// Sorted by code, then first day.
    units: Vec<Unit>,
    /// Places in `units`: (old, new), sorted.
    successors: Vec<(u16, u16)>,
    /// Places in `units`: (new, old), sorted.
    predecessors: Vec<(u16, u16)>,
    /// Place in `units` and the resolution that made the unit, sorted by place.
    resolutions: Vec<(u16, Resolution)>,
    names: OnceLock<NameIndex>,
}

/// The units that took over from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Successors {
    /// All of it went to one unit; to itself, while it exists.
    One(Unit),
    /// It was split over several: a person decides for each holder.
    Split(Vec<Unit>),
    /// It has none: its level ended.
    None,
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It exists.
    Current,
    /// It alone became a new unit of the same name in a province of the same name.
    Unchanged,
    /// It alone became a unit of another name, or of another kind.
    Renamed,
    /// It alone became a unit of the same name in another province.
    Moved,
    /// Several became one, which may have kept the name.
    Merged,
    /// It went to several units.
    Split,
    /// It ended without a successor.
    Dissolved,
}

impl Mapping {
    /// The mapping of the whole country.
    #[must_use]
    pub fn national() -> &'static Self {
        static NATIONAL: OnceLock<Mapping> = OnceLock::new();
        NATIONAL.get_or_init(data::national)
    }

    /// The unit that has a code on a day.
    ///
    /// # Errors
    /// When no unit ever had it, or none on that day.
    pub fn unit(&self, code: UnitCode, date: Date) -> Result<Unit, UnitError> {
        let periods = self.periods(code);
        match periods.iter().find(|unit| unit.is_valid_at(date)) {
            Some(unit) => Ok(*unit),
            None if periods.is_empty() => Err(UnitError::Unknown { code }),
            None => {
                let known = periods.iter().map(Unit::validity).collect();
                Err(UnitError::NotValidAt { code, date, known })
            }
        }
    }

    /// The unit of a key.
    #[must_use]
    pub fn unit_of_key(&self, key: UnitKey) -> Option<Unit> {
        self.place(key).map(|place| self.units[usize::from(place)])
    }

    /// Every unit that had the code, oldest first.
    #[must_use]
    pub fn periods(&self, code: UnitCode) -> &[Unit] {
        let start = self.units.partition_point(|unit| unit.code < code);
        let end = self.units.partition_point(|unit| unit.code <= code);
        &self.units[start..end]
    }

    /// Every unit, by code, then first day.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Every unit of a level, by code, then first day.
    #[must_use]
    pub fn units_of(&self, level: Level) -> &[Unit] {
        let start = self.units.partition_point(|unit| unit.code.level() < level);
        let end = self.units.partition_point(|unit| unit.code.level() <= level);
        &self.units[start..end]
    }

    /// The unit's province in its own period; itself, if it is one.
    #[must_use]
    pub fn province(&self, unit: &Unit) -> Option<Unit> {
        if unit.level() == Level::Province {
            return Some(*unit);
        }
        // Of a province that changed within the period, its last state then.
        let last = unit.valid_until;
        let periods = self.periods(unit.province);
        periods
            .iter()
            .rev()
            .find(|province| last.is_none_or(|last| province.valid_from <= last))
            .copied()
    }

    /// The commune's district in its own period.
    #[must_use]
    pub fn district(&self, unit: &Unit) -> Option<Unit> {
        let last = unit.valid_until?;
        self.unit(unit.district?, last).ok()
    }

    /// The units that exist on `date` in place of this one, oldest step first.
    #[must_use]
    pub fn successors(&self, unit: &Unit, date: Date) -> Successors {
        let mut found = Vec::new();
        let mut ahead = vec![*unit];
        while let Some(unit) = ahead.pop() {
            if unit.valid_until.is_none_or(|last| date <= last) {
                found.push(unit);
            } else {
                ahead.extend(self.next(&self.successors, unit.key()));
            }
        }
        found.sort_by_key(Unit::key);
        found.dedup();
        match found.as_slice() {
            [] => Successors::None,
            [one] => Successors::One(*one),
            _ => Successors::Split(found),
        }
    }

    /// The units that this one took over from in its first day's change, by code.
    #[must_use]
    pub fn predecessors(&self, unit: &Unit) -> Vec<Unit> {
        self.next(&self.predecessors, unit.key()).collect()
    }

    /// The resolution that made the unit, where the mapping states it.
    #[must_use]
    pub fn resolution(&self, unit: &Unit) -> Option<Resolution> {
        let place = self.place(unit.key())?;
        let at = self.resolutions.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.resolutions.get(at).map(|(_, resolution)| *resolution)
    }

    /// What became of a unit until `date`.
    #[must_use]
    pub fn fate(&self, unit: &Unit, date: Date) -> Fate {
        let successor = match self.successors(unit, date) {
            Successors::None => return Fate::Dissolved,
            Successors::Split(_) => return Fate::Split,
            Successors::One(successor) if successor == *unit => return Fate::Current,
            Successors::One(successor) => successor,
        };
        if self.ancestors(&successor, unit).len() > 1 {
            Fate::Merged
        } else if !successor.has_name_of(unit) {
            Fate::Renamed
        } else if self.keeps_name(unit, &successor) {
            Fate::Unchanged
        } else {
            Fate::Moved
        }
    }

    /// True when the successor is called the same in a province of the same own name: what names the unit stays true.
    #[must_use]
    pub fn keeps_name(&self, unit: &Unit, successor: &Unit) -> bool {
        let province = |unit: &Unit| self.province(unit).map(|province| province.own_name);
        successor.has_name_of(unit) && province(unit) == province(successor)
    }

    pub(crate) fn names(&self) -> &NameIndex {
        self.names.get_or_init(|| NameIndex::of(&self.units))
    }

    /// Every unit of `like`'s period that `unit` goes back to.
    fn ancestors(&self, unit: &Unit, like: &Unit) -> Vec<Unit> {
        let mut found = Vec::new();
        let mut behind = vec![*unit];
        while let Some(unit) = behind.pop() {
            if unit.valid_from <= like.valid_from {
                found.push(unit);
            } else {
                behind.extend(self.next(&self.predecessors, unit.key()));
            }
        }
        found
    }

    fn next<'a>(&'a self, pairs: &'a [(u16, u16)], key: UnitKey) -> impl Iterator<Item = Unit> {
        let range = self.place(key).map_or(0..0, |place| {
            let start = pairs.partition_point(|(from, _)| *from < place);
            let end = pairs.partition_point(|(from, _)| *from <= place);
            start..end
        });
        pairs[range].iter().map(|(_, to)| self.units[usize::from(*to)])
    }

    fn place(&self, key: UnitKey) -> Option<u16> {
        let at = self.units.binary_search_by_key(&key, Unit::key).ok()?;
        u16::try_from(at).ok()
    }
}
