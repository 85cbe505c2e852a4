//! From the public table of the 2025 reorganisation to the compact text that the crate embeds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Columns of the table, in order.
pub(crate) const COLUMNS: [&str; 13] = [
    "old_code",
    "old_name",
    "old_district_code",
    "old_district",
    "old_province_code",
    "old_province",
    "new_code",
    "new_name",
    "new_province_code",
    "new_province",
    "kind",
    "resolution",
    "resolution_date",
];

/// Type words and the letter that stands for each in the compact text.
const TYPES: [(&str, char); 8] = [
    ("Xã ", 'x'),
    ("Phường ", 'p'),
    ("Thị trấn ", 't'),
    ("Đặc khu ", 'k'),
    ("Quận ", 'q'),
    ("Huyện ", 'h'),
    ("Thị xã ", 's'),
    ("Thành phố ", 'c'),
];

const HEADER: &str = "\
# Vietnam's communes before and since 1 July 2025; see README.md beside this file. Lines by their first character:
# R resolution, its date | P old province, name, new province | Q new province, name | D old district, old province, name
# @ new province and resolution (by its place among the R lines) of the communes that follow | + new commune
# = old district of the old communes that follow | digits: old commune that went to the new one above
# ~ an old commune named before, split over several | - an old district without communes that went to it
# Letters before names: x Xã, p Phường, t Thị trấn, k Đặc khu, q Quận, h Huyện, s Thị xã, c Thành phố.
";

/// One row, column by column.
pub(crate) type Row = [String; 13];

/// Reads the table: comma-separated, no quotes, one header line.
///
/// # Panics
/// When the text is no such table.
pub(crate) fn rows(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header line").split(',').collect();
    assert_eq!(header, COLUMNS, "other columns than expected");
    lines
        .map(|line| {
            assert!(!line.contains('"'), "quoted fields are not expected: {line}");
            let fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            Row::try_from(fields).unwrap_or_else(|_| panic!("not 13 fields: {line}"))
        })
        .collect()
}

/// The compact text of the table.
///
/// # Panics
/// When a row breaks a rule on which the compact form rests (see the assertions).
pub(crate) fn compact(rows: &[Row]) -> String {
    let mut resolutions = Vec::new();
    let (mut old, mut new, mut districts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut communes: BTreeMap<(&str, usize), BTreeMap<&str, Vec<&Row>>> = BTreeMap::new();
    let mut targets: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        let resolution = (row[11].as_str(), row[12].as_str());
        let place =
            resolutions.iter().position(|known| *known == resolution).unwrap_or_else(|| {
                resolutions.push(resolution);
                resolutions.len() - 1
            });
        old.insert(row[4].as_str(), (row[5].as_str(), row[8].as_str()));
        new.insert(row[8].as_str(), row[9].as_str());
        districts.insert(row[2].as_str(), (row[4].as_str(), row[3].as_str()));
        let group = communes.entry((&row[8], place)).or_default();
        group.entry(&row[6]).or_default().push(row);
        if !row[0].is_empty() {
            *targets.entry(&row[0]).or_default() += 1;
        }
    }
    for row in rows.iter().filter(|row| !row[0].is_empty()) {
        // `part` is not written down: it is what several new communes mean.
        assert_eq!(row[10] == "part", targets[row[0].as_str()] > 1, "kind of {}", row[0]);
    }
    let mut text = String::from(HEADER);
    for (number, date) in &resolutions {
        writeln!(text, "R{number}\t{date}").unwrap();
    }
    for (code, (name, successor)) in &old {
        writeln!(text, "P{code}\t{name}\t{successor}").unwrap();
    }
    for (code, name) in &new {
        writeln!(text, "Q{code}\t{name}").unwrap();
    }
    for (code, (province, name)) in &districts {
        writeln!(text, "D{code}\t{province}\t{}", typed(name)).unwrap();
    }
    let mut named = BTreeSet::new();
    for ((province, resolution), group) in &communes {
        writeln!(text, "@{province}\t{resolution}").unwrap();
        for (code, members) in group {
            writeln!(text, "+{code}{}", typed(&members[0][7])).unwrap();
            let mut district = "";
            for row in members {
                if row[0].is_empty() {
                    writeln!(text, "-{}", row[2]).unwrap();
                } else if !named.insert(&row[0]) {
                    writeln!(text, "~{}", row[0]).unwrap();
                } else {
                    if row[2] != district {
                        district = &row[2];
                        writeln!(text, "={district}").unwrap();
                    }
                    writeln!(text, "{}{}", row[0], typed(&row[1])).unwrap();
                }
            }
        }
    }
    text
}

fn typed(name: &str) -> String {
    let (word, letter) = TYPES
        .iter()
        // Some districts are written "Thành Phố", "Thị Xã".
        .find(|(word, _)| name.to_lowercase().starts_with(&word.to_lowercase()))
        .unwrap_or_else(|| panic!("a unit of no known type: {name}"));
    format!("{letter}{}", &name[word.len()..])
}
