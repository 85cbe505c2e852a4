//! What stands in the unsigned attributes of a CMS signer: evidence, time-stamps, hash indexes.
#![no_main]

use kyso_cades::{ContentDigests, SignedData, verify_archive_time_stamp};

libfuzzer_sys::fuzz_target!(|ber: &[u8]| {
    let Ok(signed_data) = SignedData::from_ber(ber) else { return };
    let content = signed_data.content().unwrap_or_default();
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), content);
    for (index, signer) in signed_data.signer_infos().iter().enumerate() {
        let _ = signed_data.embedded_evidence(index);
        let _ = signer.signature_policy();
        for token in signer.archive_time_stamps().into_iter().flatten() {
            let _ = verify_archive_time_stamp(&signed_data, index, &token, &digests);
        }
    }
});
