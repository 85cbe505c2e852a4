//! A journal's export, as whoever checks it offline receives it.
#![no_main]

libfuzzer_sys::fuzz_target!(|export: &[u8]| {
    let _ = kyso_journal::verify_export(export, None, None);
});
