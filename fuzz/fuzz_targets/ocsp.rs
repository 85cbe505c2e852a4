//! An OCSP response with its answers, certificates and nonce.
#![no_main]

libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    let Ok(response) = kyso_x509::OcspResponse::from_der(der) else { return };
    let _ = response.nonce();
});
