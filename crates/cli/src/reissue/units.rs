//! `kyso reissue units`: a unit's code by its name.

use kyso_reissue::{Date, Mapping, Successors, Unit};
use kyso_x509::Time;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::out::{self, say, tell};
use kyso_daemon::text::Lang;

/// Most units that are shown to a person.
const MOST_SHOWN: usize = 40;

/// Prints what was found and gives the exit code: 0 where something was.
pub(super) fn search(words: &[String], all: bool, as_json: bool, lang: Lang) -> u8 {
    let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
    let today = Date::in_vietnam(now);
    let found = find(words, today.filter(|_| !all));
    if as_json {
        let rows: Vec<Value> = found.iter().map(row).collect();
        out::json(&json!({ "units": rows }));
    } else {
        for unit in found.iter().take(MOST_SHOWN) {
            print(unit, today, lang);
        }
        if found.len() > MOST_SHOWN {
            let more = found.len() - MOST_SHOWN;
            tell!(
                "{}",
                lang.pick(
                    format!("… và {more} đơn vị nữa; thêm tên tỉnh để thu hẹp."),
                    format!("… and {more} more; add the province's name to narrow it down."),
                )
            );
        }
    }
    if !found.is_empty() {
        return 0;
    }
    if !as_json {
        let none = lang.pick("Không thấy đơn vị nào như vậy.", "No such unit was found.");
        let hint = lang.pick(
            " Thêm `--all` để tìm cả đơn vị không còn tồn tại.",
            " `--all` finds units that do not exist any more as well.",
        );
        tell!("{none}{}", if all { "" } else { hint });
    }
    1
}

/// Units whose code is the word, or in whose name or province's name every word stands; of one day, or of all times.
fn find(words: &[String], on: Option<Date>) -> Vec<Unit> {
    let mapping = Mapping::national();
    let wanted: Vec<String> = words.iter().flat_map(|word| folded(word)).collect();
    let mut found: Vec<(bool, Unit)> = mapping
        .units()
        .iter()
        .filter(|unit| on.is_none_or(|day| unit.is_valid_at(day)))
        .filter_map(|unit| {
            let own = folded(&unit.name());
            let province = mapping.province(unit).map(|province| folded(&province.name()));
            let code = unit.code.to_string();
            let names = |word: &String| {
                own.contains(word) || *word == code || province.iter().flatten().any(|p| p == word)
            };
            // A province's name alone would list all of its communes.
            let own_word = wanted.iter().any(|word| own.contains(word) || *word == code);
            let fits = own_word && wanted.iter().all(names);
            fits.then(|| (own.iter().any(|word| !wanted.contains(word)), *unit))
        })
        .collect();
    found.sort_by_key(|(partly, unit)| (*partly, unit.key()));
    found.into_iter().map(|(_, unit)| unit).collect()
}

/// Words without case and marks; `đ` is `d`.
fn folded(text: &str) -> Vec<String> {
    let plain: String = text
        .nfd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'đ' { 'd' } else { letter })
        .collect();
    plain
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn print(unit: &Unit, today: Option<Date>, lang: Lang) {
    let mapping = Mapping::national();
    let province = mapping.province(unit).map(|province| province.name()).unwrap_or_default();
    let since = unit.valid_from;
    let place = if province == unit.name() { String::new() } else { format!(", {province}") };
    say!("{}@{since}  {}{place}", unit.code, unit.name());
    let (Some(last), Some(today)) = (unit.valid_until, today) else { return };
    let became = match mapping.successors(unit, today) {
        Successors::One(successor) => named(&[successor]),
        Successors::Split(successors) => named(&successors),
        Successors::None => lang.pick("không có đơn vị kế thừa", "no unit in its place").to_owned(),
    };
    let (until, now) = lang.pick(("đến hết", "nay là"), ("until", "now"));
    say!("    {until} {}; {now}: {became}", last.vietnamese());
}

fn named(units: &[Unit]) -> String {
    let names: Vec<String> = units
        .iter()
        .map(|unit| format!("{} ({}@{})", unit.name(), unit.code, unit.valid_from))
        .collect();
    names.join(" | ")
}

fn row(unit: &Unit) -> Value {
    let mapping = Mapping::national();
    json!({
        "code": unit.code.to_string(),
        "valid_from": unit.valid_from.to_string(),
        "valid_until": unit.valid_until.map(|last| last.to_string()),
        "name": unit.name(),
        "province": mapping.province(unit).map(|province| province.name()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str], all: bool) -> Vec<String> {
        let day = Date::new(2026, 1, 1).expect("a day");
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        find(&words, (!all).then_some(day))
            .iter()
            .map(|unit| format!("{} {}", unit.code, unit.name()))
            .collect()
    }

    #[test]
    fn units_are_found_without_diacritics_and_by_code() {
        assert!(
            names(&["phuong", "ba", "dinh"], false).contains(&"00004 Phường Ba Đình".to_owned())
        );
        assert_eq!(names(&["00004"], false), ["00004 Phường Ba Đình"]);
        assert_eq!(names(&["00004"], true).len(), 2, "the code was used before");
        assert_eq!(names(&["Ba Đình", "Hà Nội"], false)[0], "00004 Phường Ba Đình");
        assert_eq!(names(&["không-có-tên-này"], true), [""; 0]);
    }
}
