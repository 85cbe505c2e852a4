//! The attributes of an element in canonical order, with those that an apex inherits.

use std::borrow::Cow;

use roxmltree::{Attribute, NS_XML_URI, Node};

use super::{C14n, base, names};

/// An attribute as it is sorted and written.
pub(super) struct CanonicalAttribute<'d> {
    /// Its namespace's URI, empty where it has none: the first key of the order.
    pub(super) uri: &'d str,
    /// Its local name: the second key.
    pub(super) local: &'d str,
    pub(super) prefix: &'d str,
    pub(super) name: &'d str,
    pub(super) value: Cow<'d, str>,
}

/// Appends the attributes that the element itself has.
pub(super) fn own<'d>(text: &'d str, node: Node<'d, 'd>, into: &mut Vec<CanonicalAttribute<'d>>) {
    into.extend(node.attributes().map(|attribute| canonical(text, attribute)));
}

/// Appends what the apex of an inclusive canonicalization takes over from its omitted ancestors, whose own attributes
/// are already in `into` (Canonical XML 1.0 and 1.1 §2.4).
pub(super) fn inherited<'d>(
    text: &'d str,
    apex: Node<'d, 'd>,
    method: &C14n,
    into: &mut Vec<CanonicalAttribute<'d>>,
) {
    let simple = |attribute: &Attribute<'_, '_>| match method {
        C14n::Inclusive10 => true,
        C14n::Inclusive11 => matches!(attribute.name(), "lang" | "space"),
        C14n::Exclusive { .. } => false,
    };
    for ancestor in apex.ancestors().skip(1) {
        for attribute in ancestor.attributes().filter(is_xml).filter(simple) {
            let nearer = |have: &CanonicalAttribute<'_>| {
                have.uri == NS_XML_URI && have.local == attribute.name()
            };
            if !into.iter().any(nearer) {
                into.push(canonical(text, attribute));
            }
        }
    }
    if *method == C14n::Inclusive11 {
        joined_base(text, apex, into);
    }
}

/// Canonical XML 1.1 §2.4: the `xml:base` of omitted ancestors, joined with the element's own from within outwards.
fn joined_base<'d>(text: &'d str, apex: Node<'d, 'd>, into: &mut Vec<CanonicalAttribute<'d>>) {
    let mut omitted =
        apex.ancestors().skip(1).filter_map(|above| above.attribute_node((NS_XML_URI, "base")));
    let Some(nearest) = omitted.next() else { return };
    let own = into.iter().position(|have| have.uri == NS_XML_URI && have.local == "base");
    let mut fixed = match own {
        Some(at) => {
            let own = into.swap_remove(at);
            let joined = base::join(nearest.value(), &own.value);
            CanonicalAttribute { value: Cow::Owned(joined), ..own }
        }
        None => canonical(text, nearest),
    };
    for outer in omitted {
        fixed.value = Cow::Owned(base::join(outer.value(), &fixed.value));
    }
    if !fixed.value.is_empty() {
        into.push(fixed);
    }
}

fn is_xml(attribute: &Attribute<'_, '_>) -> bool {
    attribute.namespace() == Some(NS_XML_URI)
}

fn canonical<'d>(text: &'d str, attribute: Attribute<'d, 'd>) -> CanonicalAttribute<'d> {
    let qualified = names::attribute(text, attribute);
    CanonicalAttribute {
        uri: attribute.namespace().unwrap_or_default(),
        local: attribute.name(),
        prefix: qualified.prefix,
        name: qualified.name,
        value: Cow::Borrowed(attribute.value()),
    }
}
