//! What every real module must do.

use std::time::{Duration, Instant};

use kyso_testkit::SoftKey;
use kyso_token::pkcs11::{AllowList, KeyOptions, Limits, Pkcs11Store};
use kyso_token::{
    Curve, HashAlgorithm, Input, KeyMatch, KeyPairSpec, KeyStore, KeyType, PinRefused, PinSource,
    Pkcs11Uri, RawSignature, Reply, Request, Service, SigningAlgorithm, TokenError, TokenSelector,
};

use super::case::{Bench, ECDSA_SHA256, LABEL, PIN, Scripted, limits, sign_and_verify, verify};

pub(crate) fn rsa_pkcs1_and_pss_verify(bench: &Bench) {
    let token = bench.token(LABEL);
    let credential = bench.credential(&token, KeyPairSpec::Rsa { bits: 2048 });
    assert_eq!(credential.key_type, KeyType::Rsa { bits: 2048 });
    assert_eq!(credential.key_match, KeyMatch::Matches);
    assert_eq!(credential.algorithms.len(), 6);
    let act = bench.open(&credential).unwrap();
    for algorithm in &credential.algorithms {
        sign_and_verify(act.as_ref(), &credential, *algorithm);
    }
    let refused = act.sign(ECDSA_SHA256, Input::Message(b""));
    assert_eq!(refused, Err(TokenError::MechanismNotOffered { algorithm: ECDSA_SHA256 }));
    act.close().unwrap();
}

pub(crate) fn larger_rsa_keys_verify(bench: &Bench) {
    let token = bench.token(LABEL);
    for bits in [3072, 4096] {
        let credential = bench.credential(&token, KeyPairSpec::Rsa { bits });
        let act = bench.open(&credential).unwrap();
        sign_and_verify(
            act.as_ref(),
            &credential,
            SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha512),
        );
        sign_and_verify(act.as_ref(), &credential, SigningAlgorithm::RsaPss(HashAlgorithm::Sha512));
        act.close().unwrap();
    }
    let pin = bench.pin();
    let small = bench.store.generate_key_pair(
        &bench.module,
        &token,
        &pin,
        &(),
        KeyPairSpec::Rsa { bits: 1024 },
        &KeyOptions::default(),
    );
    assert_eq!(small, Err(TokenError::KeyUnsupported));
}

fn curve_verifies(bench: &Bench, curve: Curve) {
    let token = bench.token(LABEL);
    let credential = bench.credential(&token, KeyPairSpec::Ec(curve));
    assert_eq!(credential.key_type, KeyType::Ec(curve));
    assert_eq!(credential.key_match, KeyMatch::Matches);
    assert_eq!(credential.algorithms.len(), 3);
    let act = bench.open(&credential).unwrap();
    for algorithm in &credential.algorithms {
        sign_and_verify(act.as_ref(), &credential, *algorithm);
    }
    let RawSignature::EcdsaFixed(bytes) = act.sign(ECDSA_SHA256, Input::Digest(&[1; 32])).unwrap()
    else {
        panic!("not ECDSA")
    };
    assert_eq!(bytes.len(), 2 * curve.field_len());
    assert_eq!(
        act.sign(ECDSA_SHA256, Input::Digest(&[1; 31])),
        Err(TokenError::DigestLength { expected: 32, actual: 31 })
    );
    act.close().unwrap();
}

pub(crate) fn p256_verifies(bench: &Bench) {
    curve_verifies(bench, Curve::P256);
}

pub(crate) fn p384_verifies(bench: &Bench) {
    curve_verifies(bench, Curve::P384);
}

pub(crate) fn p521_verifies(bench: &Bench) {
    curve_verifies(bench, Curve::P521);
}

/// Distributions build SoftHSM with and without EdDSA; where the token offers it, it must work.
pub(crate) fn ed25519_verifies_where_offered(bench: &Bench) {
    let token = bench.token(LABEL);
    let (pin, options) = (bench.pin(), KeyOptions::default());
    let made = bench.store.generate_key_pair(
        &bench.module,
        &token,
        &pin,
        &(),
        KeyPairSpec::Ed25519,
        &options,
    );
    match made {
        Ok(_) => {
            let credential = bench.credential(&token, KeyPairSpec::Ed25519);
            let act = bench.open(&credential).unwrap();
            sign_and_verify(act.as_ref(), &credential, SigningAlgorithm::Ed25519);
            assert_eq!(
                act.sign(SigningAlgorithm::Ed25519, Input::Digest(&[0; 32])),
                Err(TokenError::MessageNeeded { algorithm: SigningAlgorithm::Ed25519 })
            );
            act.close().unwrap();
        }
        Err(TokenError::Call { value, .. }) => assert_eq!(value, "CKR_MECHANISM_INVALID"),
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn wrong_pin_is_named_and_the_right_one_still_works(bench: &Bench) {
    let credential = bench.p256();
    let prompt = Scripted::new(Some("99999999"));
    let refused = bench.store.open(&credential, &PinSource::Prompt, &prompt).err();
    assert!(matches!(refused, Some(TokenError::PinIncorrect { .. })), "{refused:?}");
    assert_eq!(prompt.asked().len(), 1, "one question, one C_Login");

    let prompt = Scripted::new(None);
    let refused = bench.store.open(&credential, &PinSource::Prompt, &prompt).err();
    assert_eq!(refused, Some(TokenError::PinRefused(PinRefused::Cancelled)));
    let refused = bench.store.open(&credential, &PinSource::Prompt, &()).err();
    assert_eq!(refused, Some(TokenError::PinRefused(PinRefused::NoPrompt)));
    let refused = bench.store.open(&credential, &PinSource::ProtectedPath, &()).err();
    assert_eq!(refused, Some(TokenError::PinSourceUnsuitable));
    let path = bench.folder.join("no-such-pin");
    let refused = bench.store.open(&credential, &PinSource::File(path.clone()), &()).err();
    assert_eq!(refused, Some(TokenError::PinFileUnusable { path }));

    let prompt = Scripted::new(Some("1"));
    let refused = bench.store.open(&credential, &PinSource::Prompt, &prompt).err();
    assert!(
        matches!(refused, Some(TokenError::PinLength { .. } | TokenError::PinIncorrect { .. })),
        "{refused:?}"
    );

    let prompt = Scripted::new(Some(PIN));
    let act = bench.store.open(&credential, &PinSource::Prompt, &prompt).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
}

pub(crate) fn two_threads_sign_in_parallel(bench: &Bench) {
    let token = bench.token(LABEL);
    let credential = bench.credential(&token, KeyPairSpec::Rsa { bits: 2048 });
    let act = bench.open(&credential).unwrap();
    let algorithm = SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let (act, credential) = (act.as_ref(), &credential);
            scope.spawn(move || {
                for item in 0..10_u8 {
                    let message = [thread, item];
                    let signature = act.sign(algorithm, Input::Message(&message)).unwrap();
                    verify(credential, algorithm, &message, &signature);
                }
            });
        }
    });
    act.close().unwrap();
}

pub(crate) fn two_tokens_at_once(bench: &Bench) {
    let (first, second) = (bench.token("first"), bench.token("second"));
    let first = bench.credential(&first, KeyPairSpec::Ec(Curve::P256));
    let second = bench.credential(&second, KeyPairSpec::Ec(Curve::P256));
    assert_ne!(first.token.serial, second.token.serial);
    assert_eq!(bench.store.credentials().unwrap().len(), 2);
    let (one, two) = (bench.open(&first).unwrap(), bench.open(&second).unwrap());
    sign_and_verify(two.as_ref(), &second, ECDSA_SHA256);
    one.close().unwrap();
    sign_and_verify(two.as_ref(), &second, ECDSA_SHA256);
    two.close().unwrap();
}

pub(crate) fn a_key_without_certificate_signs_a_request(bench: &Bench) {
    let token = bench.token(LABEL);
    for key in [KeyPairSpec::Rsa { bits: 2048 }, KeyPairSpec::Ec(Curve::P384)] {
        let (pin, options) = (bench.pin(), KeyOptions::default());
        let made =
            bench.store.generate_key_pair(&bench.module, &token, &pin, &(), key, &options).unwrap();
        assert!(bench.store.credentials().unwrap().iter().all(|it| it.id != made.id));
        assert!(bench.store.public_keys(&bench.module, &token).unwrap().contains(&made));
        let act = bench.store.open_key(&bench.module, &token, &made, &pin, &()).unwrap();
        let algorithm = match key {
            KeyPairSpec::Rsa { .. } => SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256),
            _ => SigningAlgorithm::Ecdsa(HashAlgorithm::Sha384),
        };
        let signature = act.sign(algorithm, Input::Message(b"CertificationRequestInfo")).unwrap();
        act.close().unwrap();
        let certificate = bench.certify(&made.spki);
        bench
            .store
            .import_certificate(&bench.module, &token, &pin, &(), &certificate, "c")
            .unwrap();
        let credential = bench.of_certificate(&certificate);
        verify(&credential, algorithm, b"CertificationRequestInfo", &signature);
    }
}

pub(crate) fn imported_keys_sign(bench: &Bench) {
    let token = bench.token(LABEL);
    let options = KeyOptions { label: "imported".into(), always_authenticate: false };
    for (curve, ours) in
        [(kyso_testkit::Curve::P256, Curve::P256), (kyso_testkit::Curve::P384, Curve::P384)]
    {
        let key = SoftKey::generate(curve);
        let made = bench
            .store
            .import_key(&bench.module, &token, &bench.pin(), &(), &key.pkcs8_der(), &options)
            .unwrap();
        assert_eq!(made.spki, key.spki_der());
        let certificate = bench.certify(&made.spki);
        bench
            .store
            .import_certificate(&bench.module, &token, &bench.pin(), &(), &certificate, "c")
            .unwrap();
        let credential = bench.of_certificate(&certificate);
        assert_eq!(
            (credential.key_type, credential.key_match),
            (KeyType::Ec(ours), KeyMatch::Matches)
        );
        let act = bench.open(&credential).unwrap();
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
        act.close().unwrap();
    }
    let rsa = openssl_rsa(bench);
    let made =
        bench.store.import_key(&bench.module, &token, &bench.pin(), &(), &rsa, &options).unwrap();
    let certificate = bench.certify(&made.spki);
    bench
        .store
        .import_certificate(&bench.module, &token, &bench.pin(), &(), &certificate, "rsa")
        .unwrap();
    let credential = bench.of_certificate(&certificate);
    let act = bench.open(&credential).unwrap();
    sign_and_verify(act.as_ref(), &credential, SigningAlgorithm::RsaPss(HashAlgorithm::Sha256));
    act.close().unwrap();
    for garbage in [&b""[..], b"\x30\x00", &rsa[..rsa.len() - 1]] {
        let refused =
            bench.store.import_key(&bench.module, &token, &bench.pin(), &(), garbage, &options);
        assert_eq!(refused, Err(TokenError::PrivateKeyMalformed));
    }
}

/// An RSA key in PKCS#8 from OpenSSL.
fn openssl_rsa(bench: &Bench) -> Vec<u8> {
    let pem = bench.folder.join("rsa.pem");
    let pem = pem.to_str().unwrap();
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", pem]);
    openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER"])
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    kyso_testkit::peer::run("openssl", arguments.iter().copied()).expect_success()
}

pub(crate) fn certificates_find_their_key_by_number(bench: &Bench) {
    let token = bench.token(LABEL);
    // The same label throughout: only CKA_ID can tell them apart.
    let first = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    let second = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    assert_eq!(first.label, second.label);
    assert_ne!(first.id, second.id);
    for credential in [&first, &second] {
        let act = bench.open(credential).unwrap();
        sign_and_verify(act.as_ref(), credential, ECDSA_SHA256);
        act.close().unwrap();
    }
    // A certificate written twice stays one; a new one of the same key takes the old one's place.
    let write = |certificate: &[u8]| {
        bench
            .store
            .import_certificate(&bench.module, &token, &bench.pin(), &(), certificate, "c")
            .unwrap();
        bench.store.credentials().unwrap()
    };
    assert_eq!(write(&first.certificate).len(), 2);
    let profile = kyso_testkit::Profile::document_signing(
        kyso_testkit::Subject::seal(),
        1_577_836_800,
        2_208_988_800,
    );
    let spki = spki_of(&first.certificate);
    let renewed = bench.authority.issue(&profile, &spki).unwrap();
    let credentials = write(&renewed);
    assert_eq!(credentials.len(), 2);
    let found = credentials.iter().find(|it| it.id == first.id).unwrap();
    assert_eq!((&found.certificate, found.key_match), (&renewed, KeyMatch::Matches));
    // Intermediates are offered beside the leaf and are no credentials themselves.
    let intermediate = bench.authority.intermediate_der().to_vec();
    bench
        .store
        .import_certificate(&bench.module, &token, &bench.pin(), &(), &intermediate, "CA")
        .unwrap();
    let credentials = bench.store.credentials().unwrap();
    assert_eq!(credentials.len(), 2);
    assert!(credentials.iter().all(|it| it.other_certificates.contains(&intermediate)));
    // A certificate of a key that is not there has nowhere to go.
    let stranger = bench.certify(&SoftKey::generate(kyso_testkit::Curve::P256).spki_der());
    let refused =
        bench.store.import_certificate(&bench.module, &token, &bench.pin(), &(), &stranger, "x");
    assert_eq!(refused, Err(TokenError::KeyNotFound { id: Vec::new() }));
}

fn spki_of(certificate: &[u8]) -> Vec<u8> {
    use der::{Decode, Encode};
    let certificate = x509_cert::Certificate::from_der(certificate).unwrap();
    certificate.tbs_certificate().subject_public_key_info().to_der().unwrap()
}

pub(crate) fn a_certificate_over_another_key_is_refused(bench: &Bench) {
    for key in [KeyPairSpec::Ec(Curve::P256), KeyPairSpec::Rsa { bits: 2048 }] {
        let label = format!("{key:?}").chars().take(2).collect::<String>();
        let token = bench.token(&label);
        let own = bench.credential(&token, key);
        let pin = bench.pin();
        let other = bench.store.generate_key_pair(
            &bench.module,
            &token,
            &pin,
            &(),
            key,
            &KeyOptions::default(),
        );
        // The certificate of one key with the CKA_ID of the other: what a careless import leaves behind.
        let mut forged = own.clone();
        forged.certificate = bench.certify(&other.unwrap().spki);
        let refused = bench.open(&forged).err();
        assert_eq!(refused, Some(TokenError::CertificateKeyMismatch { id: own.id.clone() }));
        let mut missing = own.clone();
        missing.id = vec![1, 2, 3];
        let refused = bench.open(&missing).err();
        assert_eq!(refused, Some(TokenError::KeyNotFound { id: vec![1, 2, 3] }));
        let mut elsewhere = own.clone();
        elsewhere.token.serial = "0".into();
        assert_eq!(bench.open(&elsewhere).err(), Some(TokenError::TokenNotPresent));
        // And the token is as usable as before.
        bench.open(&own).unwrap().close().unwrap();
    }
}

pub(crate) fn pins_change_and_unblock(bench: &Bench) {
    let credential = bench.p256();
    let token = TokenSelector::Label(LABEL.into());
    let new = bench.folder.join("new-pin");
    kyso_testkit::write_secret(&new, "65432100");
    let new = PinSource::File(new);
    let change = |old: &PinSource, new: &PinSource| {
        bench.store.change_pin(&bench.module, &token, old, new, &())
    };
    change(&bench.pin(), &new).unwrap();
    assert!(matches!(bench.open(&credential).err(), Some(TokenError::PinIncorrect { .. })));
    assert!(matches!(change(&bench.pin(), &new), Err(TokenError::PinIncorrect { .. })));
    bench.store.open(&credential, &new, &()).unwrap().close().unwrap();
    bench.store.unblock_pin(&bench.module, &token, &bench.so_pin(), &bench.pin(), &()).unwrap();
    let act = bench.open(&credential).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
}

pub(crate) fn a_second_act_waits_or_is_told(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    let waited = limits().lease_wait;
    assert_eq!(bench.open(&credential).err(), Some(TokenError::TokenBusy { waited }));
    let patient = Limits { lease_wait: Duration::from_secs(5), ..limits() };
    let store = Pkcs11Store::new(AllowList::of_paths([bench.module.clone()]), patient);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let start = Instant::now();
            let act = store.open(&credential, &bench.pin(), &()).unwrap();
            (start.elapsed(), act)
        });
        std::thread::sleep(Duration::from_millis(200));
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
        // A drop lets go as a close does.
        drop(act);
        let (elapsed, act) = second.join().unwrap();
        assert!(elapsed >= Duration::from_millis(150), "{elapsed:?}");
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
        act.close().unwrap();
    });
}

pub(crate) fn everything_passes_as_messages(bench: &Bench) {
    fn cross<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }
    let service = Service::new(bench.store.clone(), Box::new(()));
    let ask = |request: Request| cross(&service.execute(cross(&request)));
    let (module, pin) = (bench.module.clone(), bench.pin());
    let Ok(Reply::Modules(modules)) = ask(Request::ListModules) else { panic!() };
    assert_eq!(modules[0].as_ref().unwrap().path, module);
    let made = ask(Request::InitToken {
        module: module.clone(),
        token: TokenSelector::Uninitialized,
        label: LABEL.into(),
        so_pin: bench.so_pin(),
        user_pin: pin.clone(),
    });
    let Ok(Reply::Token(info)) = made else { panic!("{made:?}") };
    let token = TokenSelector::Serial(info.serial.clone());
    let Ok(Reply::Slots(slots)) = ask(Request::ListSlots) else { panic!() };
    assert!(
        slots.iter().any(|slot| slot.token.as_ref().is_some_and(|it| it.serial == info.serial))
    );
    let made = ask(Request::GenerateKeyPair {
        module: module.clone(),
        token: token.clone(),
        pin: pin.clone(),
        key: KeyPairSpec::Ec(Curve::P256),
        label: "k".into(),
    });
    let Ok(Reply::Key(key)) = made else { panic!("{made:?}") };
    let certificate = bench.certify(&key.spki);
    ask(Request::ImportCertificate {
        module,
        token,
        pin: pin.clone(),
        certificate,
        label: "k".into(),
    })
    .unwrap();
    let Ok(Reply::Credentials(credentials)) = ask(Request::ListCredentials) else { panic!() };
    let credential = Box::new(credentials[0].clone());
    let Ok(Reply::Act(act)) = ask(Request::OpenAct { credential, pin }) else { panic!() };
    let digest = HashAlgorithm::Sha256.digest(b"m");
    let signed = ask(Request::SignDigest { act, algorithm: ECDSA_SHA256, digest });
    let Ok(Reply::Signature(signature)) = signed else { panic!("{signed:?}") };
    verify(&credentials[0], ECDSA_SHA256, b"m", &signature);
    assert_eq!(ask(Request::CloseAct { act }), Ok(Reply::Done));
    assert_eq!(ask(Request::CloseAct { act }), Err(TokenError::ActUnknown));
    let late = Request::SignMessage { act, algorithm: ECDSA_SHA256, message: vec![] };
    assert_eq!(ask(late), Err(TokenError::ActUnknown));
}

pub(crate) fn uris_select(bench: &Bench) {
    let token = bench.token(LABEL);
    let first = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    let second = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    for credential in [&first, &second] {
        let found = bench.store.find(&credential.uri.parse().unwrap()).unwrap();
        assert_eq!(found.certificate, credential.certificate);
    }
    let find = |text: &str| bench.store.find(&text.parse::<Pkcs11Uri>().unwrap());
    assert_eq!(find("pkcs11:token=kyso%20test"), Err(TokenError::UriAmbiguous { matches: 2 }));
    assert_eq!(find("pkcs11:token=nobody"), Err(TokenError::UriMatchesNothing));
    let off_the_list = "/usr/lib/other.so";
    assert_eq!(
        find(&format!("pkcs11:?module-path={off_the_list}")),
        Err(TokenError::ModuleNotAllowed { path: off_the_list.into() })
    );
    let mut uri: Pkcs11Uri = first.uri.parse().unwrap();
    uri.module_path = Some(bench.module.clone());
    assert_eq!(bench.store.find(&uri).unwrap().certificate, first.certificate);
}
