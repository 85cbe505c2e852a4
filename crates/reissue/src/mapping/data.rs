//! From the embedded text (its form is described in its first lines) to units and their successors.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::later::PROVINCES;
use super::{CODES_BEGIN, Mapping, REORGANISATION};
use crate::date::Date;
use crate::unit::{Resolution, Unit, UnitCode, UnitKey, UnitKind};

/// The compact mapping; a test compares its hash, so that `expect` below speaks of a text that was read before.
pub(super) const TEXT: &str = include_str!("../../data/units-2025.txt");

const READABLE: &str = "the embedded mapping is as the tests read it";

struct Reading {
    units: Vec<Unit>,
    pairs: Vec<(UnitKey, UnitKey)>,
    resolutions: Vec<(UnitKey, Resolution)>,
}

pub(super) fn national() -> Mapping {
    let mut reading = Reading { units: Vec::new(), pairs: Vec::new(), resolutions: Vec::new() };
    reading.read();
    let Reading { mut units, pairs, mut resolutions } = reading;
    units.sort_by_key(Unit::key);
    let place = |key: UnitKey| {
        let at = units.binary_search_by_key(&key, Unit::key).expect(READABLE);
        u16::try_from(at).expect(READABLE)
    };
    let mut successors: Vec<_> =
        pairs.iter().map(|(old, new)| (place(*old), place(*new))).collect();
    successors.sort_unstable();
    let mut predecessors: Vec<_> = successors.iter().map(|(old, new)| (*new, *old)).collect();
    predecessors.sort_unstable();
    resolutions.sort_by_key(|(key, _)| *key);
    let resolutions = resolutions.into_iter().map(|(key, made)| (place(key), made)).collect();
    units.shrink_to_fit();
    Mapping { units, successors, predecessors, resolutions, names: OnceLock::new() }
}

impl Reading {
    fn read(&mut self) {
        let mut resolutions: Vec<Resolution> = Vec::new();
        // Of each new province: the resolution on its communes of 2025, which rows with a later one do not state.
        let mut of_province: HashMap<UnitCode, Resolution> = HashMap::new();
        let mut districts: HashMap<UnitCode, UnitCode> = HashMap::new();
        let mut old_provinces: HashMap<UnitCode, UnitCode> = HashMap::new();
        let groups = TEXT.lines().filter_map(|line| line.strip_prefix('@'));
        let mut group = None;
        let mut new = None;
        let mut district = None;
        let mut known: HashMap<UnitCode, UnitKey> = HashMap::new();
        for line in TEXT.lines() {
            let (mark, rest) = line.split_at(1);
            match mark {
                "#" => {}
                "R" => {
                    let (number, date) = rest.split_once('\t').expect(READABLE);
                    resolutions.push(Resolution { number, date: date.parse().expect(READABLE) });
                }
                "P" => {
                    let [old, name, new] = fields(rest);
                    let old = code(old);
                    old_provinces.insert(old, code(new));
                    self.province(old, name, CODES_BEGIN, Some(REORGANISATION.previous()));
                }
                "Q" => {
                    let (new, name) = rest.split_once('\t').expect(READABLE);
                    self.province(code(new), name, REORGANISATION, None);
                }
                "D" => {
                    let [of, province, name] = fields(rest);
                    let (of, province) = (code(of), code(province));
                    districts.insert(of, province);
                    self.old(of, kind_and_name(name), province, None);
                }
                "@" => {
                    if group.is_none() {
                        for line in groups.clone() {
                            let (province, made) = group_of(line, &resolutions);
                            if made.date < REORGANISATION {
                                of_province.insert(province, made);
                            }
                        }
                    }
                    group = Some(group_of(rest, &resolutions));
                }
                "+" => {
                    let (province, made) = group.expect(READABLE);
                    let first = of_province[&province];
                    new = Some(self.commune(rest, province, first, made));
                    district = None;
                }
                "=" => district = Some(code(rest)),
                "-" => {
                    let key = UnitKey { code: code(rest), valid_from: CODES_BEGIN };
                    self.pairs.push((key, new.expect(READABLE)));
                }
                "~" => self.pairs.push((known[&code(rest)], new.expect(READABLE))),
                _ => {
                    let (digits, name) = line.split_at(5);
                    let of = district.expect(READABLE);
                    let key = self.old(code(digits), kind_and_name(name), districts[&of], Some(of));
                    known.insert(key.code, key);
                    self.pairs.push((key, new.expect(READABLE)));
                }
            }
        }
        for (old, new) in old_provinces {
            let last = |units: &[Unit], code, from: Date| {
                let of_code = units.iter().filter(|unit| unit.code == code);
                of_code.map(Unit::key).filter(|key| key.valid_from <= from).max().expect(READABLE)
            };
            let old = last(&self.units, old, REORGANISATION.previous());
            let new = last(&self.units, new, REORGANISATION);
            self.pairs.push((old, new));
        }
    }

    /// A province in one period of the table, cut where it changed in between.
    fn province(&mut self, code: UnitCode, name: &'static str, from: Date, until: Option<Date>) {
        let (kind, own_name) = match name.split_once(' ') {
            Some(("Tỉnh", own)) => (UnitKind::Province, own),
            _ => (UnitKind::CentralCity, name.trim_start_matches("Thành phố ")),
        };
        let unit = |(kind, own_name), valid_from, valid_until| Unit {
            code,
            kind,
            own_name,
            province: code,
            district: None,
            valid_from,
            valid_until,
        };
        let within = |date: Date| from < date && until.is_none_or(|until| date <= until);
        let change =
            PROVINCES.iter().find(|change| code.to_string() == change.code && within(change.date));
        let Some(change) = change else {
            self.units.push(unit((kind, own_name), from, until));
            return;
        };
        let before = unit(change.before, from, Some(change.date.previous()));
        let after = unit(change.after, change.date, until);
        let (number, date) = change.resolution;
        self.resolutions.push((after.key(), Resolution { number, date }));
        self.pairs.push((before.key(), after.key()));
        self.units.extend([before, after]);
    }

    /// A commune or district of the time before.
    fn old(
        &mut self,
        code: UnitCode,
        (kind, own_name): (UnitKind, &'static str),
        province: UnitCode,
        district: Option<UnitCode>,
    ) -> UnitKey {
        let valid_until = Some(REORGANISATION.previous());
        let valid_from = CODES_BEGIN;
        let unit = Unit { code, kind, own_name, province, district, valid_from, valid_until };
        self.units.push(unit);
        unit.key()
    }

    /// A new commune; where its row's resolution is later than the reorganisation, that one made it a ward.
    fn commune(
        &mut self,
        text: &'static str,
        province: UnitCode,
        first: Resolution,
        made: Resolution,
    ) -> UnitKey {
        let (digits, name) = text.split_at(5);
        let (kind, own_name) = kind_and_name(name);
        let changed = made.date > REORGANISATION;
        let unit = Unit {
            code: code(digits),
            kind,
            own_name,
            province,
            district: None,
            valid_from: REORGANISATION,
            valid_until: changed.then(|| made.date.previous()),
        };
        self.units.push(unit);
        self.resolutions.push((unit.key(), first));
        if changed {
            let kind = UnitKind::Ward;
            let ward = Unit { kind, valid_from: made.date, valid_until: None, ..unit };
            self.units.push(ward);
            self.resolutions.push((ward.key(), made));
            self.pairs.push((unit.key(), ward.key()));
        }
        unit.key()
    }
}

fn group_of(line: &str, resolutions: &[Resolution]) -> (UnitCode, Resolution) {
    let (province, index) = line.split_once('\t').expect(READABLE);
    (code(province), resolutions[index.parse::<usize>().expect(READABLE)])
}

fn fields(text: &'static str) -> [&'static str; 3] {
    let (one, rest) = text.split_once('\t').expect(READABLE);
    let (two, three) = rest.split_once('\t').expect(READABLE);
    [one, two, three]
}

fn code(text: &str) -> UnitCode {
    text.parse().expect(READABLE)
}

fn kind_and_name(text: &'static str) -> (UnitKind, &'static str) {
    let (letter, name) = text.split_at(1);
    let kind = match letter {
        "x" => UnitKind::Commune,
        "p" => UnitKind::Ward,
        "t" => UnitKind::Township,
        "k" => UnitKind::SpecialZone,
        "q" => UnitKind::UrbanDistrict,
        "h" => UnitKind::RuralDistrict,
        "s" => UnitKind::Town,
        "c" => UnitKind::ProvincialCity,
        _ => unreachable!("{READABLE}"),
    };
    (kind, name)
}
