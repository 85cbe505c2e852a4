//! Reads unit names out of attribute texts: a word for the kind, then the longest name of that kind.

use core::ops::Range;
use std::sync::OnceLock;

use kyso_x509::name::{LOCALITY, STATE_OR_PROVINCE};
use kyso_x509::{Name, ObjectIdentifier};

use crate::fold::{Exactness, Word, words};
use crate::mapping::Mapping;
use crate::name_index::MAX_WORDS;
use crate::unit::{Level, Unit, UnitKind};

/// A text that names at least one unit somewhere in the country.
pub(super) struct Mention {
    pub(super) attribute: usize,
    pub(super) oid: ObjectIdentifier,
    pub(super) span: Range<usize>,
    pub(super) bare: bool,
    pub(super) units: Units,
}

/// Units of a name, with how far it agrees.
pub(super) type Units = Vec<(Unit, Exactness)>;

const CITIES: &[UnitKind] = &[UnitKind::CentralCity, UnitKind::ProvincialCity];

/// Words for a kind; longer ones first, since "thị xã" ends in "xã".
const KIND_WORDS: [(&str, &[UnitKind]); 17] = [
    ("thành phố", CITIES),
    ("thành ủy", CITIES),
    ("thị xã", &[UnitKind::Town]),
    ("thị ủy", &[UnitKind::Town]),
    ("thị trấn", &[UnitKind::Township]),
    ("đặc khu", &[UnitKind::SpecialZone]),
    ("tỉnh", &[UnitKind::Province]),
    ("quận", &[UnitKind::UrbanDistrict]),
    ("huyện", &[UnitKind::RuralDistrict]),
    ("phường", &[UnitKind::Ward]),
    ("xã", &[UnitKind::Commune]),
    ("tp", CITIES),
    ("tx", &[UnitKind::Town]),
    ("p", &[UnitKind::Ward]),
    ("q", &[UnitKind::UrbanDistrict]),
    ("h", &[UnitKind::RuralDistrict]),
    ("x", &[UnitKind::Commune]),
];

/// Words that may stand between kind and name: Huyện ủy Đăk Hà, Tỉnh đoàn Kon Tum, huyện đảo Cồn Cỏ.
const BETWEEN: [&str; 3] = ["ủy", "đoàn", "đảo"];

/// In "bảo hiểm xã hội", "thương binh và xã hội" no commune is meant.
const SOCIETY: &str = "hội";
const BEFORE_SOCIETY: [&str; 5] = ["hiểm", "và", "sách", "sinh", "kinh tế"];

struct Vocabulary {
    kinds: Vec<(Vec<Word>, &'static [UnitKind])>,
    between: Vec<Word>,
    society: Vec<Word>,
    before_society: Vec<Word>,
}

fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
    let last = |texts: &[&str]| texts.iter().filter_map(|text| words(text).pop()).collect();
    VOCABULARY.get_or_init(|| Vocabulary {
        kinds: KIND_WORDS.iter().map(|(text, kinds)| (words(text), *kinds)).collect(),
        between: last(&BETWEEN),
        society: last(&[SOCIETY]),
        before_society: last(&BEFORE_SOCIETY),
    })
}

/// Every mention, attribute by attribute, from the root.
pub(super) fn mentions(mapping: &Mapping, subject: &Name) -> Vec<Mention> {
    let mut found = Vec::new();
    for (index, attribute) in subject.attributes().iter().enumerate() {
        let Some(text) = &attribute.text else { continue };
        let words = words(text);
        let before = found.len();
        let mut at = 0;
        while at < words.len() {
            let Some((span, units, next)) = typed_at(mapping, &words, at) else {
                at += 1;
                continue;
            };
            found.push(Mention { attribute: index, oid: attribute.oid, span, bare: false, units });
            at = next;
        }
        let place = attribute.oid == LOCALITY || attribute.oid == STATE_OR_PROVINCE;
        if place && found.len() == before && words.len() <= MAX_WORDS {
            found.extend(bare_province(mapping, index, attribute.oid, &words));
        }
    }
    found
}

/// The unit named from a word on, and the word after it.
fn typed_at(mapping: &Mapping, words: &[Word], at: usize) -> Option<(Range<usize>, Units, usize)> {
    let (kinds, start) = kind_at(words, at)?;
    // "Xã Uy Nỗ", "Phường Đoàn Kết" are names of their own.
    let second = words.get(start).filter(|word| is_any(&vocabulary().between, word));
    for start in [Some(start), second.map(|_| start + 1)].into_iter().flatten() {
        let longest = words.len().min(start + MAX_WORDS);
        for end in (start + 1..=longest).rev() {
            // A longer name that we do not know must not be taken for a shorter one that we do.
            let ends = words.get(end).is_none_or(|next| next.boundary_before)
                || kind_at(words, end).is_some();
            if !ends {
                continue;
            }
            let of_name = mapping.names().find(mapping.units(), &words[start..end]);
            let units: Vec<_> = of_name.filter(|(unit, _)| kinds.contains(&unit.kind)).collect();
            if !units.is_empty() {
                let span = words[at].span.start..words[end - 1].span.end;
                return Some((span, units, end));
            }
        }
    }
    None
}

fn is_any(list: &[Word], word: &Word) -> bool {
    list.iter().any(|known| word.is(known))
}

/// The kinds that the words at a place stand for, and the word after them.
fn kind_at(words: &[Word], at: usize) -> Option<(&'static [UnitKind], usize)> {
    let vocabulary = vocabulary();
    let (kind, kinds) = vocabulary.kinds.iter().find(|(kind, _)| {
        words[at..].len() >= kind.len() && words[at..].iter().zip(kind).all(|(word, k)| word.is(k))
    })?;
    let next = at + kind.len();
    if let [letter] = kind.as_slice()
        && letter.plain.len() == 1
        && !words[at].dotted
    {
        return None;
    }
    let society = words.get(next).is_some_and(|word| is_any(&vocabulary.society, word));
    if society && at > 0 && is_any(&vocabulary.before_society, &words[at - 1]) {
        return None;
    }
    Some((kinds, next))
}

/// A place attribute that is a province's own name and nothing else.
fn bare_province(
    mapping: &Mapping,
    attribute: usize,
    oid: ObjectIdentifier,
    words: &[Word],
) -> Option<Mention> {
    let span = words.first()?.span.start..words.last()?.span.end;
    let found = mapping.names().find(mapping.units(), words);
    let units: Vec<_> = found.filter(|(unit, _)| unit.level() == Level::Province).collect();
    (!units.is_empty()).then_some(Mention { attribute, oid, span, bare: true, units })
}
