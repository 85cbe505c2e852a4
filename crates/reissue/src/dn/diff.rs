//! The difference of two subjects, attribute by attribute.

use kyso_x509::name::Attribute;
use kyso_x509::{Name, ObjectIdentifier};
use unicode_normalization::UnicodeNormalization as _;

/// Every attribute of both subjects, from the root (C first, CN and e-mail last), removed ones where they stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnDiff(pub Vec<AttributeDiff>);

/// What happens to one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeDiff {
    /// Attribute type.
    pub oid: ObjectIdentifier,
    /// What happens to it.
    pub change: Change,
}

/// What happens to a value; values are in NFC, `#` and hexadecimal DER where they are no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays, to the character (in NFC).
    Kept {
        /// The value.
        value: String,
    },
    /// Another value in its place; another case is another value.
    Changed {
        /// Present value.
        old: String,
        /// Value to be.
        new: String,
    },
    /// A new attribute.
    Added {
        /// Value to be.
        new: String,
    },
    /// The attribute goes.
    Removed {
        /// Present value.
        old: String,
    },
}

impl Change {
    /// The value before.
    #[must_use]
    pub fn old_value(&self) -> Option<&str> {
        match self {
            Self::Kept { value } => Some(value),
            Self::Changed { old, .. } | Self::Removed { old } => Some(old),
            Self::Added { .. } => None,
        }
    }

    /// The value after.
    #[must_use]
    pub fn new_value(&self) -> Option<&str> {
        match self {
            Self::Kept { value } => Some(value),
            Self::Changed { new, .. } | Self::Added { new } => Some(new),
            Self::Removed { .. } => None,
        }
    }
}

/// Cost of an attribute added or removed, and of a value changed: a change is cheaper than both.
const ADD_OR_REMOVE: usize = 2;
const CHANGE: usize = 3;

/// More attributes than this are compared place by place, to bound the work.
const MAX_ALIGNED: usize = 256;

impl DnDiff {
    /// Compares two subjects: the fewest changes that turn the one into the other without changing the order.
    #[must_use]
    pub fn between(old: &Name, new: &Name) -> Self {
        let (old, new) = (values(old), values(new));
        let (rows, columns) = (old.len(), new.len());
        if rows > MAX_ALIGNED || columns > MAX_ALIGNED {
            let gone = old.into_iter().map(|(oid, old)| (oid, Change::Removed { old }));
            let come = new.into_iter().map(|(oid, new)| (oid, Change::Added { new }));
            return Self::of(gone.chain(come));
        }
        // costs[i][j]: from old[i..] to new[j..].
        let mut costs = vec![vec![0; columns + 1]; rows + 1];
        for i in (0..=rows).rev() {
            for j in (0..=columns).rev() {
                costs[i][j] = match (old.get(i), new.get(j)) {
                    (None, None) => 0,
                    (Some(_), None) => costs[i + 1][j] + ADD_OR_REMOVE,
                    (None, Some(_)) => costs[i][j + 1] + ADD_OR_REMOVE,
                    (Some(one), Some(other)) => {
                        let apart = costs[i + 1][j].min(costs[i][j + 1]) + ADD_OR_REMOVE;
                        pairing(one, other)
                            .map_or(apart, |cost| apart.min(costs[i + 1][j + 1] + cost))
                    }
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        let mut changes = Vec::new();
        while i < rows || j < columns {
            let here = costs[i][j];
            match (old.get(i), new.get(j)) {
                (Some((oid, one)), Some((kind, other)))
                    if pairing(&old[i], &new[j])
                        .is_some_and(|cost| here == costs[i + 1][j + 1] + cost) =>
                {
                    debug_assert_eq!(oid, kind);
                    let change = if one == other {
                        Change::Kept { value: one.clone() }
                    } else {
                        Change::Changed { old: one.clone(), new: other.clone() }
                    };
                    changes.push((*oid, change));
                    (i, j) = (i + 1, j + 1);
                }
                (Some((oid, one)), _) if here == costs[i + 1][j] + ADD_OR_REMOVE => {
                    changes.push((*oid, Change::Removed { old: one.clone() }));
                    i += 1;
                }
                (_, Some((oid, other))) => {
                    changes.push((*oid, Change::Added { new: other.clone() }));
                    j += 1;
                }
                (_, None) => break,
            }
        }
        Self::of(changes)
    }

    /// True when nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// The attributes that do not stay as they are.
    pub fn changes(&self) -> impl Iterator<Item = &AttributeDiff> {
        self.0.iter().filter(|attribute| !matches!(attribute.change, Change::Kept { .. }))
    }

    fn of(changes: impl IntoIterator<Item = (ObjectIdentifier, Change)>) -> Self {
        Self(changes.into_iter().map(|(oid, change)| AttributeDiff { oid, change }).collect())
    }
}

fn pairing(one: &(ObjectIdentifier, String), other: &(ObjectIdentifier, String)) -> Option<usize> {
    match (one.0 == other.0, one.1 == other.1) {
        (true, true) => Some(0),
        (true, false) => Some(CHANGE),
        (false, _) => None,
    }
}

fn values(name: &Name) -> Vec<(ObjectIdentifier, String)> {
    name.attributes().iter().map(|attribute| (attribute.oid, value(attribute))).collect()
}

/// The value as a diff shows it.
pub(crate) fn value(attribute: &Attribute) -> String {
    match &attribute.text {
        Some(text) => text.nfc().collect(),
        None => {
            attribute.der.iter().fold(String::from("#"), |text, byte| format!("{text}{byte:02x}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dn::{attribute_label, parse};

    fn shown(old: &str, new: &str) -> Vec<String> {
        let diff = DnDiff::between(&parse(old).unwrap(), &parse(new).unwrap());
        let line = |attribute: &AttributeDiff| {
            let label = attribute_label(attribute.oid);
            match &attribute.change {
                Change::Kept { value } => format!("  {label}={value}"),
                Change::Changed { old, new } => format!("~ {label}={old} > {new}"),
                Change::Added { new } => format!("+ {label}={new}"),
                Change::Removed { old } => format!("- {label}={old}"),
            }
        };
        diff.0.iter().map(line).collect()
    }

    #[test]
    fn each_attribute_finds_its_partner_in_order() {
        assert_eq!(
            shown(
                "CN=T, OU=B, OU=A, O=X, L=Kon Tum, C=VN",
                "CN=T, OU=B, OU=A2, L=Quảng Ngãi, C=VN"
            ),
            ["  C=VN", "~ L=Kon Tum > Quảng Ngãi", "- O=X", "~ OU=A > A2", "  OU=B", "  CN=T"]
        );
        assert_eq!(shown("CN=T, C=VN", "E=a@b.vn, CN=T, C=VN")[2], "+ emailAddress=a@b.vn");
        assert_eq!(shown("OU=B, OU=A", "OU=A, OU=B").len(), 3);
        assert_eq!(shown("CN=HÀ", "CN=Hà"), ["~ CN=HÀ > Hà"]);
    }

    #[test]
    fn equal_subjects_differ_in_nothing() {
        let name = parse("CN=T, OU=A, OU=A, C=VN").unwrap();
        assert!(DnDiff::between(&name, &name).is_empty());
    }
}
