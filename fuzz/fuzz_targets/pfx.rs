//! A PKCS#12 key file, with a password that is wrong or right.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let _ = kyso_token::pkcs12::KeyFile::read(file, &kyso_token::Pin::new("p".to_owned()));
});
