//! Equality of values, whatever their text.

use std::collections::BTreeMap;

use crate::object::{Dictionary, Name, Object};

/// Whether two values mean the same; references are equal where they name the same object.
pub(crate) fn same(one: &Object, other: &Object) -> bool {
    match (one, other) {
        (Object::Array(one), Object::Array(other)) => {
            one.items.len() == other.items.len()
                && one.items.iter().zip(&other.items).all(|(one, other)| same(one, other))
        }
        (Object::Dictionary(one), Object::Dictionary(other)) => same_entries(one, other),
        // A stream's data are compared where they are read.
        (Object::Stream(one), Object::Stream(other)) => {
            same_entries(&one.dictionary, &other.dictionary)
        }
        (Object::Integer(whole), Object::Real(real))
        | (Object::Real(real), Object::Integer(whole)) => *whole as f64 == *real,
        (one, other) => one == other,
    }
}

/// Whether two dictionaries hold the same; a null entry is none (ISO 32000-2 §7.3.7).
fn same_entries(one: &Dictionary, other: &Dictionary) -> bool {
    let (one, other) = (entries(one), entries(other));
    one.len() == other.len()
        && one.iter().all(|(key, value)| other.get(key).is_some_and(|also| same(value, also)))
}

/// Whether two streams' dictionaries hold the same; how the length is told does not matter.
pub(crate) fn same_stream_entries(one: &Dictionary, other: &Dictionary) -> bool {
    differing(one, other).iter().all(|key| key.is("Length"))
}

/// The entries by key, of several the last, without those that are null.
fn entries(dictionary: &Dictionary) -> BTreeMap<&[u8], &Object> {
    let all = dictionary.entries.iter().map(|entry| (entry.key.0.as_slice(), &entry.value));
    let mut entries: BTreeMap<_, _> = all.collect();
    entries.retain(|_, value| **value != Object::Null);
    entries
}

/// The value of a key, absent and null being the same.
pub(crate) fn entry<'a>(dictionary: &'a Dictionary, key: &str) -> Option<&'a Object> {
    dictionary.value(key).filter(|value| **value != Object::Null)
}

/// The keys under which two dictionaries differ.
pub(crate) fn differing(before: &Dictionary, after: &Dictionary) -> Vec<Name> {
    let (before, after) = (entries(before), entries(after));
    let changed =
        before.iter().filter(|(key, value)| after.get(*key).is_none_or(|now| !same(value, now)));
    let added = after.iter().filter(|(key, _)| !before.contains_key(*key));
    changed.chain(added).map(|(key, _)| Name(key.to_vec())).collect()
}

/// A key that a dictionary within the value holds twice.
pub(crate) fn duplicate_key(value: &Object) -> Option<Name> {
    let dictionary = match value {
        Object::Array(array) => return array.items.iter().find_map(duplicate_key),
        Object::Dictionary(dictionary) => dictionary,
        Object::Stream(stream) => &stream.dictionary,
        _ => return None,
    };
    let mut keys: Vec<&Name> = dictionary.entries.iter().map(|entry| &entry.key).collect();
    keys.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let twice = keys.windows(2).find(|pair| matches!(pair, [one, other] if one == other));
    if let Some([one, _]) = twice {
        return Some((*one).clone());
    }
    dictionary.entries.iter().find_map(|entry| duplicate_key(&entry.value))
}

/// The four numbers of a rectangle, left, bottom, right, top.
pub(crate) fn rectangle(value: Option<&Object>) -> Option<[f64; 4]> {
    let items = &value?.as_array()?.items;
    let mut numbers = [0.0; 4];
    if items.len() != numbers.len() {
        return None;
    }
    for (number, item) in numbers.iter_mut().zip(items) {
        *number = number_of(item)?;
    }
    let [a, b, c, d] = numbers;
    Some([a.min(c), b.min(d), a.max(c), b.max(d)])
}

/// A number, whole or not.
pub(crate) fn number_of(value: &Object) -> Option<f64> {
    match value {
        Object::Integer(whole) => Some(*whole as f64),
        Object::Real(real) => Some(*real),
        _ => None,
    }
}
