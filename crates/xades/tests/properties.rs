//! What holds for every document.

#[path = "differential/generate.rs"]
mod generate;

use generate::Chance;
use kyso_xades::{C14n, Canonicalization, Limits, NodeSet, XmlDocument, decode};
use proptest::prelude::*;

fn methods() -> Vec<Canonicalization> {
    let prefixes = vec!["#default".to_owned(), "a".to_owned()];
    [C14n::Inclusive10, C14n::Inclusive11, C14n::Exclusive { prefixes }]
        .into_iter()
        .flat_map(|method| [false, true].map(|comments| (method.clone(), comments)))
        .map(|(method, comments)| Canonicalization { method, comments })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The canonical form of a document is its own canonical form.
    #[test]
    fn canonical_forms_are_canonical(seed in any::<u64>()) {
        let text = generate::document(&mut Chance::new(seed));
        let limits = Limits::documents();
        let document = XmlDocument::parse(&text, &limits).expect("well-formed");
        for method in methods() {
            let once = method.bytes(&document, &NodeSet::document(&document)).expect("canonical");
            let again = decode(&once, &limits).expect("UTF-8");
            let again = XmlDocument::parse(again, &limits).expect("well-formed");
            let twice = method.bytes(&again, &NodeSet::document(&again)).expect("canonical");
            prop_assert_eq!(String::from_utf8(once), String::from_utf8(twice));
        }
    }

    /// Subtrees come in document order and each once, however they were given.
    #[test]
    fn subtrees_are_a_set(seed in any::<u64>()) {
        let mut chance = Chance::new(seed);
        let text = generate::document(&mut chance);
        let document = XmlDocument::parse(&text, &Limits::documents()).expect("well-formed");
        let nodes: Vec<_> = document.tree().descendants().skip(1).collect();
        let mut some: Vec<_> = (0..4).map(|_| nodes[chance.below(nodes.len())]).collect();
        let method = Canonicalization { method: C14n::Inclusive10, comments: true };
        let sorted = method.bytes(&document, &NodeSet::subtrees(some.clone()));
        some.reverse();
        some.extend_from_within(1..3);
        let shuffled = method.bytes(&document, &NodeSet::subtrees(some.clone()));
        prop_assert_eq!(&sorted, &shuffled);
        some.sort();
        some.dedup();
        let outermost = some.iter().filter(|node| {
            node.ancestors().skip(1).all(|above| !some.contains(&above))
        });
        let apart: Vec<u8> = outermost
            .flat_map(|node| method.bytes(&document, &NodeSet::subtree(*node)).expect("canonical"))
            .collect();
        prop_assert_eq!(sorted, Ok(apart));
    }

    /// Nothing that is read makes a canonicalization fail in any way but by name, and nothing panics.
    #[test]
    fn damaged_documents_are_refused_or_written(seed in any::<u64>(), times in 1_usize..6) {
        let mut chance = Chance::new(seed);
        let mut text = generate::document(&mut chance);
        (0..times).for_each(|_| generate::damage(&mut chance, &mut text));
        if let Ok(document) = XmlDocument::parse(&text, &Limits::documents()) {
            for method in methods() {
                let _ = method.bytes(&document, &NodeSet::document(&document));
            }
        }
    }

    /// Bytes of all kinds are refused or read.
    #[test]
    fn bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let limits = Limits::documents();
        if let Ok(text) = decode(&bytes, &limits) {
            let _ = XmlDocument::parse(text, &limits);
        }
    }
}
