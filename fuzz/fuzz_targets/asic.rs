//! An ASiC, OpenDocument or Office container: archive, manifests, coverage, parts, and its extension.
#![no_main]

use std::io::Cursor;

use kyso_asic::zip::DosTime;
use kyso_asic::{Container, Covers, Form, Limits};
use kyso_x509::digest::DigestAlgorithm;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let limits = Limits { total_bytes: 16 << 20, ..Limits::documents() };
    let Ok(mut container) = Container::open(Cursor::new(file), &limits) else { return };
    let _ = container.open_document();
    let _ = container.office();
    for signature in container.signatures().unwrap_or_default() {
        if let Covers::Manifest { file, manifest } = signature.covers {
            let _ = container.coverage(&file, &manifest);
        }
    }
    let Ok(extension) = container.prepare_signature(Form::Cades, DigestAlgorithm::Sha256) else {
        return;
    };
    // What was lawful stays lawful.
    let written = extension.finish(&mut container, b"signature", DosTime::FIRST, Vec::new());
    let (written, _) = written.expect("a vector takes everything");
    assert!(Container::open(Cursor::new(written), &limits).is_ok());
});
