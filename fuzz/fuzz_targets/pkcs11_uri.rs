//! A PKCS#11 URI; what parses, prints and parses again.
#![no_main]

libfuzzer_sys::fuzz_target!(|uri: &str| {
    let Ok(parsed) = uri.parse::<kyso_token::Pkcs11Uri>() else { return };
    assert_eq!(parsed.to_string().parse(), Ok(parsed));
});
