//! A receipt with its proof and its checkpoint's note.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = text.parse::<kyso_journal::Receipt>();
});
