//! An XML document in all canonical forms; what is written is its own canonical form.
#![no_main]

use kyso_xades::{C14n, Canonicalization, Limits, NodeSet, XmlDocument, decode};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let limits = Limits::documents();
    let Ok(text) = decode(file, &limits) else { return };
    let Ok(document) = XmlDocument::parse(text, &limits) else { return };
    let prefixes = vec!["#default".to_owned(), "a".to_owned()];
    for method in [C14n::Inclusive10, C14n::Inclusive11, C14n::Exclusive { prefixes }] {
        let method = Canonicalization { method, comments: true };
        for element in document.tree().descendants().filter(|node| node.is_element()).take(8) {
            let _ = method.bytes(&document, &NodeSet::subtree(element));
        }
        let Ok(once) = method.bytes(&document, &NodeSet::document(&document)) else { continue };
        // References in a document of the largest size may come to more than that.
        let Ok(again) = decode(&once, &limits) else { continue };
        let again = XmlDocument::parse(again, &limits).expect("a canonical form is well-formed");
        let twice = method.bytes(&again, &NodeSet::document(&again)).expect("it has a canonical form");
        assert_eq!(once, twice);
    }
});
