//! JSON Web Signatures in every serialization, their verification and augmentation, and the signatures of FHIR bundles.
#![no_main]

use kyso_jades::fhir::{SignedBundle, verify_bundle};
use kyso_jades::{Content, Jws, Limits, ProtectedHeader, level, verify};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let limits = Limits { values: 100_000, ..Limits::documents() };
    let _ = ProtectedHeader::read(file, &limits);
    for jws in Jws::read_all(file, &limits).unwrap_or_default() {
        let find = |_: &str| Some(file);
        for content in [Content::Attached, Content::Detached(file), Content::Objects(&find)] {
            if let Ok(verified) = verify(&jws, content, &[]) {
                let _ = level(&jws, &verified, &[]);
            }
        }
        for token in jws.signature_time_stamps() {
            let _ = jws.verify_signature_time_stamp(token, &[]);
        }
    }
    if let Ok(bundle) = SignedBundle::read(file, &limits) {
        let forms = bundle.canonical_forms();
        if let Ok(jws) = bundle.jws(&limits) {
            let _ = verify_bundle(&bundle, &jws, &forms, &[]);
        }
    }
});
