//! A CRL, its scope and the entry of a serial number.
#![no_main]

libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    let Ok(crl) = kyso_x509::CertificateList::from_der(der) else { return };
    let _ = crl.find(crl.issuer(), &[1]);
});
