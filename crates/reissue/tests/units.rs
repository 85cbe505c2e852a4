//! The embedded mapping: its counts and hash always, row by row where the public table is at hand.
#![allow(clippy::disallowed_methods, reason = "a test reads the table from a file")]

#[path = "../examples/units/encode.rs"]
mod encode;

use std::collections::BTreeSet;

use kyso_reissue::mapping::{CODES_BEGIN, REORGANISATION};
use kyso_reissue::{Date, Fate, Level, Mapping, Reason, Successors, Unit, UnitCode, UnitError};
use kyso_x509::DigestAlgorithm;

const COMPACT: &str = include_str!("../data/units-2025.txt");
const SHA256: &str = "b9841b8c54016766729f01f7c9da196f8fb94691d7bde0105ed129cf2b6dffe9";

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn code(text: &str) -> UnitCode {
    text.parse().unwrap()
}

fn before() -> Date {
    REORGANISATION.previous()
}

/// The table, where the folder of shared data is at hand.
fn table() -> Option<Vec<encode::Row>> {
    let shared = std::env::var_os("KYSO_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let path = shared.join("data/admin-units-2025.csv");
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("no {}: compared by hash only", path.display());
    }
    text.map(|text| encode::rows(&text))
}

fn of_level(level: Level, on: Date) -> Vec<Unit> {
    let units = Mapping::national().units().iter();
    units.filter(|unit| unit.level() == level && unit.is_valid_at(on)).copied().collect()
}

#[test]
fn the_text_is_the_one_that_was_read() {
    let digest = DigestAlgorithm::Sha256.digest(COMPACT.as_bytes());
    assert_eq!(hex::encode(digest.as_bytes()), SHA256);
    assert!(COMPACT.len() < 300_000);
}

#[test]
fn counts_are_those_of_the_reorganisation() {
    let mapping = Mapping::national();
    let old = of_level(Level::Commune, before());
    let new = of_level(Level::Commune, REORGANISATION);
    assert_eq!((old.len(), new.len()), (10_035, 3_321));
    assert_eq!(of_level(Level::District, before()).len(), 696);
    assert_eq!(of_level(Level::District, REORGANISATION).len(), 0);
    assert_eq!(of_level(Level::Province, before()).len(), 63);
    assert_eq!(of_level(Level::Province, REORGANISATION).len(), 34);
    assert_eq!(of_level(Level::Commune, date("2026-11-22")).len(), 3_321);
    let split = old
        .iter()
        .filter(|unit| matches!(mapping.successors(unit, REORGANISATION), Successors::Split(_)));
    assert_eq!(split.count(), 471);
    // Every new code, special zones apart, is an old one; most with another name.
    let reused = new.iter().filter(|unit| mapping.unit(unit.code, before()).is_ok());
    assert_eq!(reused.count(), 3_321 - 5);
    let pairs: usize = new.iter().map(|unit| mapping.predecessors(unit).len()).sum();
    assert_eq!(pairs, 10_602);
    for unit in mapping.units() {
        // Dates that the source states are days of the calendar.
        assert_eq!(date(&unit.valid_from.to_string()), unit.valid_from);
        assert!(unit.valid_until.is_none_or(|last| unit.valid_from <= last));
        assert!(mapping.province(unit).is_some(), "{unit:?}");
    }
}

#[test]
fn every_row_of_the_table_is_in_the_mapping() {
    let Some(rows) = table() else { return };
    assert_eq!(rows.len(), 10_602);
    assert_eq!(encode::compact(&rows), COMPACT, "made anew, it is another text");
    let mapping = Mapping::national();
    for row in &rows {
        let new = mapping.unit(code(&row[6]), REORGANISATION).unwrap();
        assert_eq!(new.name().to_lowercase(), row[7].to_lowercase());
        let province = mapping.unit(code(&row[8]), REORGANISATION).unwrap();
        assert_eq!((province.name(), province.code), (row[9].clone(), new.province));
        let resolved = date(&row[12]);
        let made =
            if resolved < REORGANISATION { new } else { mapping.unit(new.code, resolved).unwrap() };
        let resolution = mapping.resolution(&made).unwrap();
        assert_eq!((resolution.number, resolution.date), (row[11].as_str(), resolved));
        let district = mapping.unit(code(&row[2]), before()).unwrap();
        assert_eq!(district.name().to_lowercase(), row[3].to_lowercase());
        let old = if row[0].is_empty() {
            district
        } else {
            let old = mapping.unit(code(&row[0]), before()).unwrap();
            assert_eq!(old.name().to_lowercase(), row[1].to_lowercase());
            assert_eq!(mapping.district(&old), Some(district));
            old
        };
        let from = mapping.province(&old).unwrap();
        assert_eq!((from.code, from.name()), (code(&row[4]), row[5].clone()));
        assert_eq!(mapping.successors(&from, REORGANISATION), Successors::One(province));
        assert!(mapping.predecessors(&new).contains(&old));
        match mapping.successors(&old, REORGANISATION) {
            Successors::One(one) => assert_eq!((one, row[10].as_str()), (new, "whole")),
            Successors::Split(all) => {
                assert!(all.len() > 1 && all.contains(&new) && row[10] == "part");
            }
            Successors::None => panic!("{} has no successor", row[0]),
        }
    }
}

#[test]
fn every_old_commune_has_successors_of_which_a_split_never_becomes_one() {
    let mapping = Mapping::national();
    for unit in of_level(Level::Commune, before()) {
        let now = mapping.successors(&unit, REORGANISATION);
        let later = mapping.successors(&unit, date("2026-11-22"));
        match (now, later) {
            (Successors::One(now), Successors::One(later)) => assert_eq!(now.code, later.code),
            (Successors::Split(now), Successors::Split(later)) => {
                assert_eq!(now.len(), later.len());
                assert_eq!(mapping.fate(&unit, REORGANISATION), Fate::Split);
            }
            (now, later) => panic!("{unit:?}: {now:?}, {later:?}"),
        }
    }
    let islands: Vec<_> = of_level(Level::District, before())
        .into_iter()
        .filter_map(|unit| match mapping.successors(&unit, REORGANISATION) {
            Successors::One(zone) => Some(zone.name()),
            other => {
                assert_eq!(other, Successors::None);
                assert_eq!(mapping.fate(&unit, REORGANISATION), Fate::Dissolved);
                None
            }
        })
        .collect();
    assert_eq!(islands.len(), 5);
    assert!(islands.iter().all(|name| name.starts_with("Đặc khu ")), "{islands:?}");
}

#[test]
fn a_code_names_nothing_without_a_date() {
    let mapping = Mapping::national();
    let name = |on| mapping.unit(code("00004"), on).unwrap().name();
    assert_eq!(name(before()), "Phường Trúc Bạch");
    assert_eq!(name(REORGANISATION), "Phường Ba Đình");
    assert_eq!(
        mapping.unit(code("99999"), before()),
        Err(UnitError::Unknown { code: code("99999") })
    );
    // The first of the codes that nobody took over.
    let kept: BTreeSet<_> =
        of_level(Level::Commune, REORGANISATION).iter().map(|unit| unit.code).collect();
    let ended = of_level(Level::Commune, before())
        .into_iter()
        .find(|unit| !kept.contains(&unit.code))
        .unwrap();
    let error = mapping.unit(ended.code, REORGANISATION).unwrap_err();
    let expected = UnitError::NotValidAt {
        code: ended.code,
        date: REORGANISATION,
        known: vec![ended.validity()],
    };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("2004-07-08 to 2025-06-30"), "{error}");
    let early = mapping.unit(code("00004"), CODES_BEGIN.previous()).unwrap_err();
    assert!(matches!(early, UnitError::NotValidAt { known, .. } if known.len() == 2));
    // 24 was Bắc Giang, and is Bắc Ninh.
    let province = |on| mapping.unit(code("24"), on).unwrap().name();
    assert_eq!(province(before()), "Tỉnh Bắc Giang");
    assert_eq!(province(REORGANISATION), "Tỉnh Bắc Ninh");
    assert_eq!(province(date("2026-09-01")), "Thành phố Bắc Ninh");
}

#[test]
fn what_became_of_a_unit_suggests_the_reason() {
    let mapping = Mapping::national();
    let now = date("2026-11-22");
    let fates: BTreeSet<_> = of_level(Level::Commune, before())
        .iter()
        .map(|unit| format!("{:?}", mapping.fate(unit, REORGANISATION)))
        .collect();
    let all = ["Merged", "Moved", "Renamed", "Split", "Unchanged"];
    assert_eq!(fates.iter().map(String::as_str).collect::<Vec<_>>(), all);
    for unit in of_level(Level::Commune, before()) {
        let Successors::One(new) = mapping.successors(&unit, REORGANISATION) else { continue };
        let alone = mapping.predecessors(&new).len() == 1;
        let same = new.has_name_of(&unit);
        let expected = match (alone, same, mapping.keeps_name(&unit, &new)) {
            (false, ..) => Some(Reason::UnitMerged),
            (true, false, _) => Some(Reason::UnitRenamed),
            (true, true, true) => None,
            (true, true, false) => Some(Reason::UnitMoved),
        };
        assert_eq!(mapping.fate(&unit, REORGANISATION).reason(), expected, "{unit:?}");
    }
    // A commune that became a ward in 2026.
    let ward = mapping.unit(code("07294"), now).unwrap();
    assert_eq!(ward.name(), "Phường Bố Hạ");
    let commune = mapping.predecessors(&ward)[0];
    assert_eq!(commune.name(), "Xã Bố Hạ");
    assert_eq!(mapping.fate(&commune, now), Fate::Renamed);
    assert_eq!(mapping.fate(&commune, date("2026-08-03")), Fate::Current);
    let town = mapping.unit(code("07294"), before()).unwrap();
    assert_eq!(mapping.successors(&town, now), Successors::One(ward));
    assert_eq!(mapping.fate(&town, now), Fate::Merged);
    assert_eq!(mapping.resolution(&commune).unwrap().number, "1658/NQ-UBTVQH15");
    assert_eq!(mapping.resolution(&ward).unwrap().number, "388/NQ-UBTVQH16");
    let hue = mapping.unit(code("46"), date("2024-12-31")).unwrap();
    assert_eq!(hue.name(), "Tỉnh Thừa Thiên Huế");
    assert_eq!(mapping.fate(&hue, now), Fate::Renamed);
}
