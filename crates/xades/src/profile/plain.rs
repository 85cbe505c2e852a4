//! Any document: the signature stands last in the root element and covers all but itself.

use super::{Facts, INCLUSIVE, Plan, Position, Target, Without};
use crate::document::XmlDocument;

pub(super) fn plan(document: &XmlDocument<'_>) -> Plan {
    Plan {
        position: Position::LastIn(document.tree().root_element().id()),
        target: Target::Document,
        without: Without::Itself,
        canonicalization: INCLUSIVE,
        after: None,
        facts: Facts::default(),
    }
}
