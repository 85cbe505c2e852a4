//! A `file:` URI; what parses, prints and parses again.
#![no_main]

libfuzzer_sys::fuzz_target!(|uri: &str| {
    let Ok(parsed) = uri.parse::<kyso_token::pkcs12::KeyFileUri>() else { return };
    assert_eq!(parsed.to_string().parse(), Ok(parsed));
});
