//! A CMS signature judged by the whole engine in a fixed world: two anchors, one list, one policy, one time.
#![no_main]

use std::sync::{Arc, LazyLock};

use kyso_cades::{ContentDigests, SignedData};
use kyso_validation::evidence::Evidence;
use kyso_validation::policy::Policy;
use kyso_validation::trust::{Trust, TrustStore};
use kyso_validation::{Context, validate_cms_signer};
use kyso_x509::{Certificate, CertificateList, Time, TrustAnchor};

/// Anchors of the reports' made-up authority and of the long-term table's, whose signatures make good seeds.
static WORLD: LazyLock<Option<(Trust, Evidence)>> = LazyLock::new(|| {
    let read = |pem: &[u8]| Certificate::all_from_pem_or_der(pem).ok();
    let mut anchors = read(include_bytes!("../../test-vectors/reports/root.pem"))?;
    anchors.extend(read(include_bytes!("../world/root.pem"))?);
    let crls = CertificateList::all_from_pem_or_der(include_bytes!("../world/root-list.pem")).ok()?;
    let store = TrustStore {
        name: "fixed".to_owned(),
        anchors: anchors.into_iter().map(TrustAnchor::from_certificate).collect(),
        policy: Arc::new(Policy::built_in("vn-public-service")?),
    };
    let candidates = [
        &include_bytes!("../../test-vectors/reports/ca.pem")[..],
        include_bytes!("../../test-vectors/reports/signer.pem"),
        include_bytes!("../../test-vectors/reports/tsa.pem"),
    ];
    let candidates = candidates.into_iter().filter_map(read).flatten().collect();
    Some((Trust { stores: vec![store], candidates }, Evidence { crls, ..Evidence::default() }))
});

libfuzzer_sys::fuzz_target!(|ber: &[u8]| {
    let Some((trust, evidence)) = &*WORLD else { return };
    let Ok(signed_data) = SignedData::from_padded_ber(ber) else { return };
    let content = signed_data.content().unwrap_or_default();
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), content);
    let validation_time = Time::from_unix_seconds(1_771_156_800);
    let context = Context { trust, evidence, policy: None, validation_time, paths: None };
    for index in 0..signed_data.signer_infos().len().min(4) {
        let _ = validate_cms_signer(&signed_data, index, Some(&digests), &context);
    }
});
