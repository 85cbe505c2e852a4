//! Units in the free text of subjects: the whole mapping as a corpus, and cases from `test-vectors/reissue`.

use kyso_reissue::mapping::REORGANISATION;
use kyso_reissue::{
    Date, Exactness, Level, Mapping, Unit, UnitMatch, dissolved_units, dn, match_subject, rewrite,
};
use kyso_x509::Name;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn old_communes() -> Vec<Unit> {
    let before = REORGANISATION.previous();
    let units = Mapping::national().units().iter();
    units.filter(|u| u.level() == Level::Commune && u.is_valid_at(before)).copied().collect()
}

fn subject(unit: &Unit, province: &str) -> Name {
    let office = format!("ỦY BAN NHÂN DÂN {}", unit.name().to_uppercase());
    dn::parse(&format!("CN=Hà Văn Tý, O={office}, L={province}, C=VN")).unwrap()
}

fn of_organisation(found: &[UnitMatch]) -> Option<&UnitMatch> {
    found.iter().find(|found| found.oid == kyso_x509::name::ORGANIZATION)
}

#[test]
fn every_old_commune_is_found_by_its_name_and_province() {
    let mapping = Mapping::national();
    let before = REORGANISATION.previous();
    let mut ambiguous = 0;
    for unit in old_communes() {
        let province = mapping.province(&unit).unwrap();
        let found = match_subject(mapping, &subject(&unit, province.own_name), before);
        let found = of_organisation(&found).unwrap_or_else(|| panic!("{unit:?} is not found"));
        assert_eq!(found.exactness, Exactness::Exact);
        assert!(found.candidates.iter().any(|candidate| candidate.unit == unit), "{unit:?}");
        if found.candidates.len() > 1 {
            ambiguous += 1;
            // Told apart by the district, and only then.
            let district = mapping.district(&unit).unwrap();
            let text = format!(
                "CN=A, OU=UBND {}, O=UBND {}, L={}, C=VN",
                unit.name(),
                district.name(),
                province.own_name
            );
            let found = match_subject(mapping, &dn::parse(&text).unwrap(), before);
            let own = found.iter().find(|found| found.level() == Some(Level::Commune)).unwrap();
            assert_eq!(own.unit().map(|one| one.unit), Some(unit), "{text}");
        }
    }
    assert!(ambiguous > 100 && ambiguous < 1_000, "{ambiguous}");
}

#[test]
fn every_new_commune_is_found_and_never_called_dissolved() {
    let mapping = Mapping::national();
    let now = date("2026-11-22");
    for unit in mapping.units().iter().filter(|u| u.level() == Level::Commune && u.is_valid_at(now))
    {
        let province = mapping.province(unit).unwrap();
        let subject = subject(unit, province.own_name);
        let found = match_subject(mapping, &subject, now);
        let one = of_organisation(&found).and_then(UnitMatch::unit).map(|one| one.unit);
        assert_eq!(one, Some(*unit));
        assert_eq!(dissolved_units(mapping, &subject, now), []);
    }
}

#[test]
fn an_old_commune_is_dissolved_unless_its_name_stands_in_its_province() {
    let mapping = Mapping::national();
    let current = mapping.units().iter().filter(|unit| unit.is_valid_at(REORGANISATION));
    let current: Vec<_> =
        current.map(|unit| (unit, mapping.province(unit).unwrap().own_name)).collect();
    for unit in old_communes() {
        let province = mapping.province(&unit).unwrap();
        let stands =
            current.iter().any(|(new, to)| *to == province.own_name && new.has_name_of(&unit));
        let found = dissolved_units(mapping, &subject(&unit, province.own_name), REORGANISATION);
        let warned = of_organisation(&found).is_some();
        let all = match_subject(mapping, &subject(&unit, province.own_name), REORGANISATION);
        if of_organisation(&all).is_some_and(|found| found.unit().is_none()) {
            // Several of that name in the province: no warning as long as one of them stands.
            let one_stands = of_organisation(&all)
                .is_some_and(|found| found.candidates.iter().any(|one| one.name_stands));
            assert_eq!(warned, !one_stands, "{unit:?}");
        } else if stands {
            assert!(!warned, "a false alarm: {unit:?}");
        } else if let kyso_reissue::Successors::One(new) = mapping.successors(&unit, REORGANISATION)
        {
            // Moved with its name: the province's attribute is what is wrong.
            assert_eq!(warned, !new.has_name_of(&unit), "{unit:?}");
            assert!(warned || !found.is_empty(), "{unit:?}");
        } else {
            assert!(warned, "{unit:?}");
        }
    }
}

/// Lines of `subject TAB date TAB attribute=unit, …` (see the folder's README).
#[test]
fn cases_of_the_vectors() {
    let mapping = Mapping::national();
    let text = String::from_utf8(kyso_test_vectors::bytes("reissue/subjects.tsv")).unwrap();
    let mut cases = 0;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [subject, on, expected] = fields.as_slice() else { panic!("not three fields: {line}") };
        let subject = dn::parse(subject).unwrap();
        let shown: Vec<String> = match_subject(mapping, &subject, date(on))
            .iter()
            .map(|found| {
                let names: Vec<String> = found
                    .candidates
                    .iter()
                    .map(|one| format!("{} {}", one.unit.code, one.unit.name()))
                    .collect();
                let mut mark = if found.is_dissolved() { "!" } else { "" }.to_owned();
                if found.exactness == Exactness::Marks {
                    mark.push('~');
                }
                format!("{}{mark}={}", dn::attribute_label(found.oid), names.join("|"))
            })
            .collect();
        assert_eq!(shown.join("; "), *expected, "{line}");
        cases += 1;
    }
    assert!(cases >= 20, "{cases}");
}

/// Tone marks put where the other school puts them: hòa, hoà.
fn other_tone_place(text: &str) -> String {
    let pairs = [
        ("òa", "oà"),
        ("óa", "oá"),
        ("ỏa", "oả"),
        ("ọa", "oạ"),
        ("ủy", "uỷ"),
        ("úy", "uý"),
        ("ùy", "uỳ"),
        ("ụy", "uỵ"),
        ("òe", "oè"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (one, other)| {
        text.replace(one, other).replace(&one.to_uppercase(), &other.to_uppercase())
    })
}

fn text_of(name: &Name) -> Vec<(String, String)> {
    let pair =
        |a: &kyso_x509::name::Attribute| (a.oid.to_string(), a.text.clone().unwrap_or_default());
    name.attributes().iter().map(pair).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matching_survives_case_form_and_tone_place(
        at in 0_usize..10_035, upper: bool, decomposed: bool, moved: bool,
    ) {
        let mapping = Mapping::national();
        let unit = old_communes()[at];
        let province = mapping.province(&unit).unwrap().name();
        let mut office = format!("Ủy ban nhân dân {}", unit.name());
        if moved {
            office = other_tone_place(&office);
        }
        if upper {
            office = office.to_uppercase();
        }
        if decomposed {
            office = office.nfd().collect();
        }
        // Not by `parse`, which would compose.
        let plain = dn::parse(&format!("CN=A, O=x, L={province}, C=VN")).unwrap();
        let rdns: Vec<Vec<u8>> = plain.attributes().iter().map(|attribute| {
            use kyso_x509::asn1::{oid, sequence, set_of, tag, tlv};
            let der = match attribute.text.as_deref() {
                Some("x") => tlv(tag::UTF8_STRING, office.as_bytes()),
                _ => attribute.der.clone(),
            };
            set_of(vec![sequence(&[oid(attribute.oid), der])])
        }).collect();
        let subject = Name::from_der(&kyso_x509::asn1::sequence(&rdns)).unwrap();
        let found = match_subject(mapping, &subject, REORGANISATION.previous());
        let found = of_organisation(&found).unwrap();
        prop_assert_eq!(found.exactness, Exactness::Exact);
        prop_assert!(found.candidates.iter().any(|one| one.unit == unit));
        prop_assert_eq!(&office[found.span.clone()].nfc().count(), &unit.name().chars().count());
    }

    #[test]
    fn rewriting_touches_only_what_names_the_unit(
        at in 0_usize..10_035, to in 0_usize..3_321, person in "[A-Za-zÀ-ỹ]{1,20}", school in "[A-Z]{1,12}",
    ) {
        let mapping = Mapping::national();
        let old = old_communes()[at];
        let new = mapping.units().iter()
            .filter(|u| u.level() == Level::Commune && u.is_valid_at(REORGANISATION))
            .nth(to).copied().unwrap();
        let (from, into) = (mapping.province(&old).unwrap(), mapping.province(&new).unwrap());
        let text = format!(
            "E=a@b.vn, CN={person}, OU=TRƯỜNG {school}, OU=UBND {}, L={}, C=VN",
            old.name().to_uppercase(), from.own_name,
        );
        let subject = dn::parse(&text).unwrap();
        let rewritten = rewrite(mapping, &subject, Some(&old), Some(&new), None, REORGANISATION.previous()).unwrap();
        let (before, after) = (text_of(&subject), text_of(&rewritten.subject));
        prop_assert_eq!(before.len(), after.len());
        for (index, (one, other)) in before.iter().zip(&after).enumerate() {
            match index {
                1 => prop_assert_eq!(&other.1, into.own_name),
                2 => prop_assert_eq!(&other.1, &format!("UBND {}", new.name().to_uppercase())),
                _ => {
                    prop_assert_eq!(one, other);
                    prop_assert_eq!(&subject.attributes()[index].der, &rewritten.subject.attributes()[index].der);
                }
            }
        }
    }
}
