//! A CMS SignedData in BER, as a PDF's /Contents brings it.
#![no_main]

libfuzzer_sys::fuzz_target!(|ber: &[u8]| {
    let _ = kyso_cades::SignedData::from_padded_ber(ber);
});
