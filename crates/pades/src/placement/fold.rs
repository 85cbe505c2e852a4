//! Text as it is compared: without case, diacritics and spacing.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Without case, spacing and diacritics; `đ` counts as `d`.
pub(super) fn fold(text: &str) -> String {
    let letters = text.nfkd().filter(|&c| !is_combining_mark(c) && !c.is_whitespace());
    letters.flat_map(char::to_lowercase).map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

/// Without case and spacing.
pub(super) fn without_case(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Ranks and academic titles that stand before a name, folded and without full stops (Decree 30/2020, Annex I).
const RANKS: [&str; 25] = [
    "gs",
    "pgs",
    "ts",
    "ths",
    "tskh",
    "bs",
    "ds",
    "ks",
    "kts",
    "cn",
    "ls",
    "bsckii",
    "bscki",
    "daituong",
    "thuongtuong",
    "trungtuong",
    "thieutuong",
    "daita",
    "thuongta",
    "trungta",
    "thieuta",
    "daiuy",
    "thuonguy",
    "ong",
    "ba",
];

/// Whether a text is ranks alone: `PGS. TS.`, `Đại tá`.
pub(super) fn is_rank(text: &str) -> bool {
    let known = |part: &str| RANKS.contains(&fold(part).as_str());
    known(text) || text.split(['.', ' ']).all(|part| part.is_empty() || known(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_marks_and_spacing_do_not_count() {
        assert_eq!(fold("C H Ủ  T Ị C H"), "chutich");
        assert_eq!(fold("Đặng Thị Đào"), "dangthidao");
        assert_eq!(fold("Nguye\u{302}\u{303}n Ki\u{ea}n"), "nguyenkien");
        assert_eq!(fold("o\u{fb03}cer"), "officer");
        assert_ne!(without_case("Văn"), without_case("Vân"));
        assert!(is_rank("PGS. TS.") && is_rank("Đại tá") && is_rank("PGS.TS.") && !is_rank("Phó"));
    }
}
