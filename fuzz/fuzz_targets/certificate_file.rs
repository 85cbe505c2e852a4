//! A file of certificates, PEM or DER.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let _ = kyso_x509::Certificate::all_from_pem_or_der(file);
});
