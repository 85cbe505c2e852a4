//! Every XML signature of a document: reading, references, values, and what is said to be covered.
#![no_main]

use kyso_xades::dsig::{Signature, signatures, verify_references, verify_signature};
use kyso_xades::{Limits, XmlDocument, decode};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let limits = Limits { digested: 1 << 20, references: 16, ..Limits::documents() };
    let Ok(text) = decode(file, &limits) else { return };
    let Ok(document) = XmlDocument::parse(text, &limits) else { return };
    for node in signatures(&document).into_iter().take(4) {
        let Ok(signature) = Signature::read(&document, node, &limits) else { continue };
        let references = &signature.signed_info.references;
        for verified in verify_references(&signature, references, &|_| None).into_iter().flatten() {
            // What was verified can be had again, byte for byte.
            assert!(verified.octets(None).is_ok());
            for root in verified.covered().roots() {
                assert!(verified.covered().contains(*root));
            }
        }
        let _ = verify_signature(&signature, &|_| None, &[]);
    }
});
