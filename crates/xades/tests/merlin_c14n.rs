//! The canonical forms that come with merlin's C14N set (optional material), where the node set is whole subtrees; the
//! others of the set pick single attributes and namespaces by XPath, which is refused by name.

#![allow(clippy::disallowed_methods, reason = "a test may do I/O")]

use kyso_xades::{Canonicalization, Limits, NodeSet, XmlDocument, c14n};
use std::path::PathBuf;

#[test]
fn canonical_forms_are_those_of_the_set() {
    let shared = match std::env::var_os("KYSO_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = shared.join("vectors/xmldsig/merlin-c14n-three");
    let Ok(text) = std::fs::read_to_string(folder.join("signature.xml")) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let document = XmlDocument::parse(&text, &Limits::documents()).expect("well-formed");
    let named = |name: (&'static str, &'static str)| {
        let found = document.tree().descendants().find(|node| node.has_tag_name(name));
        NodeSet::subtree(found.expect(name.1))
    };
    let something = named(("http://example.org/bar", "Something"));
    let signed_info = named(("http://www.w3.org/2000/09/xmldsig#", "SignedInfo"));
    let cases = [
        ("c14n-0.txt", &something, c14n::INCLUSIVE_10, &[][..]),
        ("c14n-9.txt", &something, c14n::EXCLUSIVE, &[]),
        ("c14n-18.txt", &something, c14n::EXCLUSIVE, &["#default"]),
        ("c14n-27.txt", &signed_info, c14n::INCLUSIVE_10, &[]),
    ];
    for (file, nodes, uri, prefixes) in cases {
        let mut method = Canonicalization::from_uri(uri).expect("known");
        if let c14n::C14n::Exclusive { prefixes: listed } = &mut method.method {
            listed.extend(prefixes.iter().map(|prefix| (*prefix).to_owned()));
        }
        let expected = std::fs::read(folder.join(file)).expect(file);
        let ours = method.bytes(&document, nodes).expect(file);
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&expected), "{file}");
    }
}
