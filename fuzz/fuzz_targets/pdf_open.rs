//! A PDF: cross-references, page tree, form, signatures.
#![no_main]

use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let limits = kyso_pades::Limits::standard();
    let Ok(mut document) = kyso_pades::Document::open(Cursor::new(file), limits) else { return };
    let _ = document.page_count();
    let _ = document.signature_fields();
    let _ = document.signatures();
});
