//! The subject for the new unit: only what names the old unit, or its province, changes.

use kyso_x509::Name;
use kyso_x509::asn1::Asn1Error;
use kyso_x509::name::{Attribute, EMAIL_ADDRESS};

use crate::date::Date;
use crate::dn::{attribute, name_of};
use crate::mapping::Mapping;
use crate::subject::{UnitMatch, match_subject};
use crate::unit::{Level, Unit};

/// A subject rewritten for a new unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The subject to ask for; not yet checked against limits.
    pub subject: Name,
    /// Names of units that exist no more and were left alone, since nobody but a person can say what stands in their
    /// place: districts, other communes.
    pub left: Vec<UnitMatch>,
}

/// Rewrites a subject: attributes keep their order, number and, where nothing in them changes, their bytes.
///
/// - A text that names `old` names `new` instead, and what stands around it stays ("TRƯỜNG THCS XÃ …").
/// - A text that names `old`'s province, where that is another than `new`'s, names the latter.
/// - A new e-mail address replaces the last one of the subject; where the subject has none, none is put in.
///
/// Official names with all diacritics are written, in capitals where the old text was so; the word for the kind is small
/// where it was small ("UBND xã …"), and a province stays without its kind where it had none (`L=Kon Tum`).
///
/// # Errors
/// When an attribute of the subject cannot be encoded again.
pub fn rewrite(
    mapping: &Mapping,
    subject: &Name,
    old: Option<&Unit>,
    new: Option<&Unit>,
    email: Option<&str>,
    date: Date,
) -> Result<Rewritten, Asn1Error> {
    let mut attributes = subject.attributes().to_vec();
    let mut left = Vec::new();
    if let (Some(old), Some(new)) = (old, new) {
        // From the end of each text, so that the spans before stay true.
        for found in match_subject(mapping, subject, date).into_iter().rev() {
            match replacement(mapping, &found, old, new) {
                Some(unit) => put(&mut attributes, &found, &unit),
                None if found.is_dissolved() => left.insert(0, found),
                None => {}
            }
        }
    }
    let last_email = attributes.iter_mut().rfind(|attribute| attribute.oid == EMAIL_ADDRESS);
    if let (Some(email), Some(last)) = (email, last_email)
        && last.text.as_deref() != Some(email)
    {
        *last = attribute(last.rdn, EMAIL_ADDRESS, email);
    }
    Ok(Rewritten { subject: name_of(&attributes)?, left })
}

/// What a match becomes; `None` where it stays.
fn replacement(mapping: &Mapping, found: &UnitMatch, old: &Unit, new: &Unit) -> Option<Unit> {
    let means = |unit: &Unit| found.candidates.iter().any(|candidate| candidate.unit == *unit);
    if means(old) {
        let one = found.candidates.len() == 1 || found.level() == Some(old.level());
        return one.then_some(*new);
    }
    if old.level() == Level::Province {
        return None;
    }
    let (from, to) = (mapping.province(old)?, mapping.province(new)?);
    let of_old = found.candidates.iter().any(|candidate| {
        candidate.unit.level() == Level::Province && candidate.unit.own_name == from.own_name
    });
    // Its old and new kind may differ though the name stayed, as of Đồng Nai.
    let stays = from.own_name == to.own_name && !found.is_dissolved();
    (of_old && !stays).then_some(to)
}

fn put(attributes: &mut [Attribute], found: &UnitMatch, unit: &Unit) {
    let Some(present) = attributes.get_mut(found.attribute) else { return };
    let Some(text) = present.text.as_deref() else { return };
    let Some(named) = text.get(found.span.clone()) else { return };
    let name = in_style_of(named, found.bare, unit);
    let text = format!("{}{name}{}", &text[..found.span.start], &text[found.span.end..]);
    if present.text.as_deref() != Some(text.as_str()) {
        *present = attribute(present.rdn, present.oid, &text);
    }
}

/// The unit's name as the old text was written.
fn in_style_of(named: &str, bare: bool, unit: &Unit) -> String {
    let name = if bare && unit.level() == Level::Province {
        unit.own_name.to_owned()
    } else {
        unit.name()
    };
    let lower = named.chars().any(char::is_lowercase);
    let begins_small = named.chars().next().is_some_and(char::is_lowercase);
    if !lower && named.chars().any(char::is_uppercase) {
        name.to_uppercase()
    } else if begins_small {
        let mut characters = name.chars();
        characters
            .next()
            .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
    } else {
        name
    }
}
