//! Units named in the free text of a subject: found, never guessed.

mod mention;

use core::ops::Range;

use kyso_x509::{Name, ObjectIdentifier};

use crate::date::Date;
use crate::fold::Exactness;
use crate::mapping::{Fate, Mapping, REORGANISATION, Successors};
use crate::request::Reason;
use crate::unit::{Level, Unit, UnitCode};
use mention::{Mention, Units, mentions};

/// A unit's name found in an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitMatch {
    /// Place of the attribute in [`Name::attributes`].
    pub attribute: usize,
    /// Its type.
    pub oid: ObjectIdentifier,
    /// Bytes of its text that name the unit, kind included.
    pub span: Range<usize>,
    /// True when the name stands without its kind: `L=Quảng Ngãi`.
    pub bare: bool,
    /// How far name and text agree.
    pub exactness: Exactness,
    /// The units it can mean, at least one; several where the subject does not tell.
    pub candidates: Vec<Candidate>,
}

/// A unit that a text can mean, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The unit.
    pub unit: Unit,
    /// What became of it until the day asked about.
    pub fate: Fate,
    /// The units in its place on that day.
    pub successors: Successors,
    /// True when a unit so called still stands in its place: the text needs no change for its sake.
    pub name_stands: bool,
}

impl UnitMatch {
    /// The unit, where there is no doubt.
    #[must_use]
    pub fn unit(&self) -> Option<&Candidate> {
        match self.candidates.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Level of the candidates; `None` where they are of several.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        let level = self.candidates.first()?.unit.level();
        self.candidates.iter().all(|candidate| candidate.unit.level() == level).then_some(level)
    }

    /// True when no unit that it can mean exists any more under that name.
    #[must_use]
    pub fn is_dissolved(&self) -> bool {
        self.candidates.iter().all(|candidate| !candidate.name_stands)
    }
}

/// What a person whose subject names a dissolved unit should be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Reason for the request.
    pub reason: Reason,
    /// The most specific dissolved unit.
    pub old: Unit,
    /// What became of it.
    pub fate: Fate,
    /// The unit in its place, where there is one only.
    pub new: Option<Unit>,
    /// Where it was split: the units to choose from, a person's decision.
    pub choices: Vec<Unit>,
}

/// Finds the units that a subject names. A province named in any attribute, and a district, narrow the choice among
/// equal names; what then remains is returned, all of it.
#[must_use]
pub fn match_subject(mapping: &Mapping, subject: &Name, date: Date) -> Vec<UnitMatch> {
    let found = mentions(mapping, subject);
    let places = Places::named_in(mapping, &found);
    found.into_iter().filter_map(|mention| places.settle(mapping, mention, date)).collect()
}

/// The matches whose units exist no more under that name on `date`.
#[must_use]
pub fn dissolved_units(mapping: &Mapping, subject: &Name, date: Date) -> Vec<UnitMatch> {
    let mut found = match_subject(mapping, subject, date);
    found.retain(UnitMatch::is_dissolved);
    found
}

/// A prefilled request for a subject that names a dissolved unit without doubt; `None` where it names none.
#[must_use]
pub fn suggestion(mapping: &Mapping, subject: &Name, date: Date) -> Option<Suggestion> {
    let found = match_subject(mapping, subject, date);
    if !found.iter().any(UnitMatch::is_dissolved) {
        return None;
    }
    // The holder's own unit is the most specific one that changed, even if only its province's name did.
    let changed = |candidate: &&Candidate| candidate.fate != Fate::Current;
    let own = found
        .iter()
        .filter_map(UnitMatch::unit)
        .filter(changed)
        .max_by_key(|candidate| candidate.unit.level())?;
    let (new, choices) = match &own.successors {
        Successors::One(unit) => (Some(*unit), Vec::new()),
        Successors::Split(units) => (None, units.clone()),
        Successors::None => (None, Vec::new()),
    };
    let reason = own.fate.reason().unwrap_or(Reason::UnitMoved);
    Some(Suggestion { reason, old: own.unit, fate: own.fate, new, choices })
}

/// Provinces and districts that a subject names.
struct Places {
    /// Codes, and whether of the time before the reorganisation.
    provinces: Vec<(UnitCode, bool)>,
    /// The successors of those provinces.
    successors: Vec<(UnitCode, bool)>,
    districts: Vec<UnitCode>,
}

fn is_old(unit: &Unit) -> bool {
    unit.valid_from < REORGANISATION
}

impl Places {
    fn named_in(mapping: &Mapping, found: &[Mention]) -> Self {
        let mut places =
            Self { provinces: Vec::new(), successors: Vec::new(), districts: Vec::new() };
        let named: Vec<Unit> =
            found.iter().flat_map(|mention| &mention.units).map(|(unit, _)| *unit).collect();
        for unit in mapping.units_of(Level::Province) {
            // Kinds and codes of provinces changed while their names stayed.
            let of_name =
                |named: &Unit| named.level() == Level::Province && named.own_name == unit.own_name;
            if named.iter().any(of_name) {
                places.provinces.push((unit.code, is_old(unit)));
                if let Successors::One(new) = mapping.successors(unit, REORGANISATION) {
                    places.successors.push((new.code, is_old(&new)));
                }
            }
        }
        let districts = named.iter().filter(|unit| {
            unit.level() == Level::District && places.holds(&places.provinces, unit)
        });
        places.districts = districts.map(|unit| unit.code).collect();
        places
    }

    /// True when the unit lies in one of the provinces, or none is named.
    fn holds(&self, provinces: &[(UnitCode, bool)], unit: &Unit) -> bool {
        provinces.is_empty() || provinces.contains(&(unit.province, is_old(unit)))
    }

    /// The units that a mention can mean in these places.
    fn settle(&self, mapping: &Mapping, mention: Mention, date: Date) -> Option<UnitMatch> {
        let Mention { attribute, oid, span, bare, units } = mention;
        let within = |provinces: &[(UnitCode, bool)]| -> Units {
            let holds = |(unit, _): &&(Unit, Exactness)| {
                unit.level() == Level::Province || self.holds(provinces, unit)
            };
            units.iter().filter(holds).copied().collect()
        };
        let mut units = match within(&self.provinces) {
            found if found.is_empty() => within(&self.successors),
            found => found,
        };
        // Missing marks only count where no name agrees wholly.
        let exactness = units.iter().map(|(_, exactness)| *exactness).min()?;
        units.retain(|(_, found)| *found == exactness);
        let mut units: Vec<Unit> = units.into_iter().map(|(unit, _)| unit).collect();
        let in_district =
            |unit: &Unit| unit.district.is_some_and(|code| self.districts.contains(&code));
        if units.iter().any(in_district) {
            units.retain(|unit| unit.district.is_none() || in_district(unit));
        }
        let units = latest(mapping, &units, date);
        let candidates = units.iter().map(|unit| candidate(mapping, unit, date)).collect();
        Some(UnitMatch { attribute, oid, span, bare, exactness, candidates })
    }
}

/// Of units of one level and name in provinces of one name, those that exist on `date`, else those that ended last:
/// a name that still exists in the same province is no dissolved one.
fn latest(mapping: &Mapping, units: &[Unit], date: Date) -> Vec<Unit> {
    let province = |unit: &Unit| mapping.province(unit).map(|province| province.own_name);
    let rank = |unit: &Unit| match unit.valid_until {
        _ if unit.is_valid_at(date) => (1, None),
        until => (0, until),
    };
    let outdone = |unit: &Unit| {
        units.iter().any(|other| {
            other.level() == unit.level()
                && rank(other) > rank(unit)
                && province(other) == province(unit)
        })
    };
    units.iter().filter(|unit| !outdone(unit)).copied().collect()
}

fn candidate(mapping: &Mapping, unit: &Unit, date: Date) -> Candidate {
    let successors = mapping.successors(unit, date);
    let fate = mapping.fate(unit, date);
    let name_stands = match &successors {
        Successors::One(successor) => successor.has_name_of(unit),
        Successors::Split(_) | Successors::None => false,
    };
    Candidate { unit: *unit, fate, successors, name_stands }
}
