//! The merlin interoperability sets (optional material): the RSA file verifies; the other methods are refused by name, and
//! every reference whose data and transforms are at hand has the digest that it states.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

use kyso_xades::dsig::{
    ReferenceFailure, Signature, VerifyFailure, signatures, verify_references, verify_value,
};
use kyso_xades::{Limits, RefusedAlgorithm, XmlAlgorithmError, XmlDocument, XmlError, decode};
use std::path::PathBuf;

fn folder(set: &str) -> Option<PathBuf> {
    let shared = match std::env::var_os("KYSO_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = shared.join("vectors/xmldsig").join(set);
    if folder.is_dir() {
        Some(folder)
    } else {
        println!("skipped: {} is not there", folder.display());
        None
    }
}

/// How the references of a file came out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    matched: usize,
    /// The data is not in the set.
    missing: usize,
    xpath: usize,
    xslt: usize,
}

fn count(signature: &Signature<'_, '_>, name: &str) -> Count {
    let mut count = Count::default();
    let manifests = signature.objects.iter().flat_map(|object| &object.manifests);
    let lists = core::iter::once(&signature.signed_info.references)
        .chain(manifests.map(|manifest| &manifest.references));
    for list in lists {
        for (reference, result) in list.iter().zip(verify_references(signature, list, &|_| None)) {
            let refused =
                |algorithm| Err(ReferenceFailure::Transform(XmlAlgorithmError::Refused(algorithm)));
            match result.map(|_| ()) {
                Ok(()) => count.matched += 1,
                Err(ReferenceFailure::SignedDataNotFound) => count.missing += 1,
                other if other == refused(RefusedAlgorithm::XPath) => count.xpath += 1,
                other if other == refused(RefusedAlgorithm::Xslt) => count.xslt += 1,
                other => panic!("{name} {:?}: {other:?}", reference.uri),
            }
        }
    }
    count
}

#[test]
fn twenty_three() {
    let Some(folder) = folder("merlin-xmldsig-twenty-three") else { return };
    let limits = Limits::documents();
    // Beside them there is signature.xml, below.
    let expected = [
        ("enveloped-dsa", 1, 0),
        ("enveloping-b64-dsa", 1, 0),
        ("enveloping-dsa", 1, 0),
        ("enveloping-hmac-sha1-40", 1, 0),
        ("enveloping-hmac-sha1", 1, 0),
        ("enveloping-rsa", 1, 0),
        ("external-b64-dsa", 0, 1),
        ("external-dsa", 0, 1),
        ("keyname", 0, 1),
        ("retrievalmethod-rawx509crt", 0, 1),
        ("x509-crt-crl", 0, 1),
        ("x509-crt", 0, 1),
        ("x509-is", 0, 1),
        ("x509-ski", 0, 1),
        ("x509-sn", 0, 1),
    ];
    for (name, matched, missing) in expected {
        let bytes = std::fs::read(folder.join(format!("signature-{name}.xml"))).unwrap();
        let document = XmlDocument::parse(decode(&bytes, &limits).unwrap(), &limits).unwrap();
        let node = signatures(&document)[0];
        let signature = Signature::read(&document, node, &limits).unwrap();
        let found = count(&signature, name);
        assert_eq!(found, Count { matched, missing, ..Count::default() }, "{name}");
        let method = &signature.signed_info.signature_method;
        if name == "enveloping-rsa" {
            let value = &signature.key_info.as_ref().unwrap().key_values[0];
            assert_eq!(verify_value(&signature, &value.public_key().unwrap()), Ok(()));
        } else {
            let refused =
                if name.contains("hmac") { RefusedAlgorithm::Hmac } else { RefusedAlgorithm::Dsa };
            assert_eq!(*method, Err(XmlAlgorithmError::Refused(refused)), "{name}");
            let failure = kyso_xades::dsig::verify_signature(&signature, &|_| None, &[]);
            assert_eq!(
                failure.unwrap_err(),
                VerifyFailure::SignatureMethod(XmlAlgorithmError::Refused(refused))
            );
        }
    }
}

#[test]
fn the_large_signature_without_its_document_type() {
    let Some(folder) = folder("merlin-xmldsig-twenty-three") else { return };
    let limits = Limits::documents();
    let text = std::fs::read_to_string(folder.join("signature.xml")).unwrap();
    assert!(matches!(XmlDocument::parse(&text, &limits), Err(XmlError::DocumentType(_))));
    // No canonical form has the document type, and Id is an identifier here without it.
    let start = text.find("<!DOCTYPE").unwrap();
    let end = start + text[start..].find("]>").unwrap() + 2;
    let cut = format!("{}{}", &text[..start], &text[end..]);
    let document = XmlDocument::parse(&cut, &limits).unwrap();
    let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
    let found = count(&signature, "signature.xml");
    println!("signature.xml: {found:?}");
    assert_eq!(found, Count { matched: 15, missing: 3, xpath: 2, xslt: 1 });
}

#[test]
fn canonicalization_sets() {
    let limits = Limits::documents();
    for (set, file, expected) in [
        ("merlin-exc-c14n-one", "exc-signature.xml", Count { matched: 4, ..Count::default() }),
        ("merlin-c14n-three", "signature.xml", Count { xpath: 27, ..Count::default() }),
    ] {
        let Some(folder) = folder(set) else { return };
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let document = XmlDocument::parse(decode(&bytes, &limits).unwrap(), &limits).unwrap();
        let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
        let refused = XmlAlgorithmError::Refused(RefusedAlgorithm::Dsa);
        assert_eq!(signature.signed_info.signature_method, Err(refused), "{set}");
        let found = count(&signature, set);
        println!("{set}: {found:?}");
        assert_eq!(found, expected, "{set}");
    }
}
