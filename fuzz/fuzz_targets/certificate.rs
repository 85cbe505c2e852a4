//! A certificate, its extensions and its public key.
#![no_main]

libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    let Ok(certificate) = kyso_x509::Certificate::from_der(der) else { return };
    let _ = certificate.public_key();
});
