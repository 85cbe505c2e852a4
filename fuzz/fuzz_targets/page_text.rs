//! The text of a PDF's pages, and the place of a signature in it.
#![no_main]

use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let limits = kyso_pades::Limits::standard();
    let Ok(mut document) = kyso_pades::Document::open(Cursor::new(file), limits) else { return };
    let _ = kyso_pades::find_place(&mut document, Some("Chủ tịch"), Some("Nguyễn Văn Thịnh"));
});
