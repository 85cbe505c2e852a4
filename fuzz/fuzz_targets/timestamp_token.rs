//! A time-stamp token or a time-stamping authority's whole response, and its verification.
#![no_main]

libfuzzer_sys::fuzz_target!(|ber: &[u8]| {
    let _ = kyso_cades::TimeStampResponse::from_der(ber);
    if let Ok(token) = kyso_cades::TimeStampToken::from_padded_ber(ber) {
        let _ = kyso_cades::verify_token(&token, &[]);
    }
});
