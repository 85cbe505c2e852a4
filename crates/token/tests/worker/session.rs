//! What a worker store does when nothing goes wrong, and what it refuses.

use std::time::Duration;

use kyso_testkit::shim::Fault;
use kyso_token::pkcs11::{AllowedModule, Limits};
use kyso_token::pkcs12::{KeyFile, KeyFileUri};
use kyso_token::worker::{Bounds, Source};
use kyso_token::{
    ActId, Credential, Curve, HashAlgorithm, Input, KeyPairSpec, KeyStore as _, PinSource,
    Pkcs11Uri, Reply, Request, Service, SigningAlgorithm, SlotInfo, TokenError, TokenSelector,
};

use super::rig::{bounds, module, only_pid, open, runs, store, store_with, until};
use crate::case::{Bench, ECDSA_SHA256, LABEL, PIN, SO_PIN, limits, sign_and_verify, verify};

const RSA: SigningAlgorithm = SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);

/// SoftHSM numbers the slot of a new token anew in the next process, and lists objects in no order.
fn slotless(mut credentials: Vec<Credential>) -> Vec<Credential> {
    credentials.iter_mut().for_each(|it| it.token.slot_id = 0);
    credentials.sort_by(|one, other| one.certificate.cmp(&other.certificate));
    credentials
}

pub(crate) fn the_same_as_in_this_process(bench: &Bench) {
    let token = bench.token(LABEL);
    let rsa = bench.credential(&token, KeyPairSpec::Rsa { bits: 2048 });
    let ec = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    let store = store(bench);
    assert!(store.pids().is_empty(), "nothing is started before it is needed");
    assert_eq!(store.modules(), bench.store.modules());
    let labels = |slots: Vec<SlotInfo>| -> Vec<_> {
        slots.into_iter().map(|slot| slot.token.map(|token| (token.label, token.serial))).collect()
    };
    let slots = store.slots().unwrap();
    let slot = slots[0].slot_id;
    assert_eq!(labels(slots), labels(bench.store.slots().unwrap()));
    let credentials = store.credentials().unwrap();
    assert_eq!(slotless(credentials), slotless(bench.store.credentials().unwrap()));
    let mechanisms = store.mechanisms(&bench.module, slot).unwrap();
    assert!(mechanisms.contains(&"CKM_ECDSA".to_owned()));
    assert_eq!(Ok(mechanisms), bench.store.mechanisms(&bench.module, rsa.token.slot_id));
    let mut uri: Pkcs11Uri = ec.uri.parse().unwrap();
    assert_eq!(store.find(&uri).unwrap().certificate, ec.certificate);
    uri.module_path = Some(bench.module.clone());
    assert_eq!(store.find(&uri).unwrap().certificate, ec.certificate);
    uri.module_path = Some("/elsewhere.so".into());
    let path = "/elsewhere.so".into();
    assert_eq!(store.find(&uri), Err(TokenError::ModuleNotAllowed { path }));

    // PKCS#1 v1.5 is deterministic: the very same bytes.
    let messages: Vec<Vec<u8>> = (0..100_u8).map(|byte| vec![byte; 200]).collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let here = bench.open(&rsa).unwrap();
    let expected = here.sign_many(RSA, &messages);
    let one = here.sign(RSA, Input::Message(b"one")).unwrap();
    here.close().unwrap();
    let act = open(&store, bench, &rsa).unwrap();
    assert_eq!(act.sign_many(RSA, &messages), expected);
    assert_eq!(act.sign(RSA, Input::Message(b"one")), Ok(one));
    let refused = act.sign(ECDSA_SHA256, Input::Message(b""));
    assert_eq!(refused, Err(TokenError::MechanismNotOffered { algorithm: ECDSA_SHA256 }));
    act.close().unwrap();

    let act = open(&store, bench, &ec).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    sign_and_verify(act.as_ref(), &ec, ECDSA_SHA256);
                }
            });
        }
    });
    for (message, signature) in messages.iter().zip(act.sign_many(ECDSA_SHA256, &messages)) {
        verify(&ec, ECDSA_SHA256, message, &signature.unwrap());
    }
    // Longer than any message on the pipe: hashed on this side.
    let long = vec![7; 20 << 20];
    let signature = act.sign(ECDSA_SHA256, Input::Message(&long)).unwrap();
    verify(&ec, ECDSA_SHA256, &long, &signature);
    let signatures = act.sign_many(ECDSA_SHA256, &[&long, b"short"]);
    verify(&ec, ECDSA_SHA256, &long, signatures[0].as_ref().unwrap());
    verify(&ec, ECDSA_SHA256, b"short", signatures[1].as_ref().unwrap());
    act.close().unwrap();
    assert_eq!(store.counters().starts, 1);
}

pub(crate) fn one_act_at_a_time_and_each_with_its_own_login(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    let first = open(&store, bench, &credential).unwrap();
    bench.calls();
    let busy = open(&store, bench, &credential).err();
    assert_eq!(busy, Some(TokenError::TokenBusy { waited: limits().lease_wait }));
    assert_eq!(bench.calls().of("C_Login"), 0, "nobody is asked for a PIN that cannot be used");
    // One that waits long enough gets it when the first ends, on a login of its own.
    let patient = Limits { lease_wait: Duration::from_secs(30), ..limits() };
    let waiting = store_with(vec![module(&bench.module)], patient, bounds());
    let first_of_two = open(&waiting, bench, &credential).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| open(&waiting, bench, &credential).unwrap());
        std::thread::sleep(Duration::from_millis(200));
        assert!(!second.is_finished());
        first_of_two.close().unwrap();
        let second = second.join().unwrap();
        sign_and_verify(second.as_ref(), &credential, ECDSA_SHA256);
        second.close().unwrap();
    });
    let calls = bench.calls();
    assert_eq!((calls.of("C_Login"), calls.of("C_Logout")), (2, 2));
    drop(first);
    assert_eq!(bench.calls().of("C_Logout"), 1);
    open(&store, bench, &credential).unwrap().close().unwrap();
    assert_eq!(bench.calls().of("C_Login"), 1);
}

pub(crate) fn key_files_sign_in_a_worker(bench: &Bench) {
    let key = kyso_testkit::SoftKey::generate(kyso_testkit::Curve::P256);
    let certificate = bench.certify(&key.spki_der());
    let path = bench.folder.join("key.p12");
    let password = kyso_token::Pin::new(PIN.to_owned());
    let mut file = KeyFile::new();
    file.import_key(&key.pkcs8_der(), "key").unwrap();
    file.add_certificate(&certificate).unwrap();
    file.create(&path, &password).unwrap();
    let sources = vec![Source::KeyFile(path.clone()), module(&bench.module)];
    let store = store_with(sources, limits(), bounds());
    let credential = store.credentials().unwrap().remove(0);
    assert_eq!((&credential.certificate, &credential.module), (&certificate, &path));
    let act = open(&store, bench, &credential).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
    let uri: KeyFileUri = credential.uri.parse().unwrap();
    let (found, act) = store.open_key_file(&uri, &bench.pin()).unwrap();
    assert_eq!(found.certificate, certificate);
    sign_and_verify(act.as_ref(), &found, ECDSA_SHA256);
    act.close().unwrap();
    let wrong = store.open(&credential, &PinSource::File(bench.folder.join("so-pin")), &()).err();
    assert!(matches!(wrong, Some(TokenError::PinIncorrect { .. })), "{wrong:?}");
    let other = KeyFileUri { path: bench.folder.join("other.p12"), key: None, pin_source: None };
    let refused = store.open_key_file(&other, &bench.pin()).err();
    assert_eq!(refused, Some(TokenError::ModuleNotAllowed { path: other.path }));
    assert_eq!(store.modules().len(), 1, "a key file is no module");
}

pub(crate) fn a_token_is_set_up_through_a_worker(bench: &Bench) {
    let store = store(bench);
    let module = bench.module.clone();
    let so_pin = PinSource::File(bench.folder.join("so-pin"));
    let made = store.execute(Request::InitToken {
        module: module.clone(),
        token: TokenSelector::Uninitialized,
        label: LABEL.into(),
        so_pin,
        user_pin: bench.pin(),
    });
    assert!(matches!(made, Ok(Reply::Token(_))), "{made:?}");
    let made = store.execute(Request::GenerateKeyPair {
        module,
        token: TokenSelector::Label(LABEL.into()),
        pin: bench.pin(),
        key: KeyPairSpec::Ec(Curve::P256),
        label: "key".into(),
    });
    assert!(matches!(made, Ok(Reply::Key(_))), "{made:?}");
    let elsewhere = Request::ListMechanisms { module: "/elsewhere.so".into(), slot_id: 0 };
    let refused = TokenError::ModuleNotAllowed { path: "/elsewhere.so".into() };
    assert_eq!(store.execute(elsewhere), Err(refused));
}

pub(crate) fn paths_and_digests_are_checked_by_the_worker(bench: &Bench) {
    let credential = bench.p256();
    let bytes = std::fs::read(&bench.module).unwrap();
    let right: [u8; 32] = HashAlgorithm::Sha256.digest(&bytes).try_into().unwrap();
    let pinned = |sha256| {
        let path = bench.module.clone();
        let module = Source::Module(AllowedModule { path, sha256: Some(sha256) });
        store_with(vec![module], limits(), bounds())
    };
    let path = bench.module.clone();
    let store = pinned(right);
    assert_eq!(slotless(store.credentials().unwrap()), slotless(vec![credential.clone()]));
    let changed = TokenError::ModuleDigestMismatch { path };
    let store = pinned([0; 32]);
    assert_eq!(store.credentials(), Err(changed.clone()));
    assert_eq!(open(&store, bench, &credential).err(), Some(changed));
    let elsewhere = Credential { module: "/elsewhere.so".into(), ..credential };
    let refused = open(&store, bench, &elsewhere).err();
    assert_eq!(refused, Some(TokenError::ModuleNotAllowed { path: "/elsewhere.so".into() }));
    let relative = store_with(vec![module("shim.so")], limits(), bounds());
    let path = "shim.so".into();
    assert_eq!(relative.credentials(), Err(TokenError::ModulePathNotAbsolute { path }));
}

pub(crate) fn two_names_of_a_module_share_a_process(bench: &Bench) {
    let credential = bench.p256();
    let link = bench.folder.join("alias.so");
    std::os::unix::fs::symlink(&bench.module, &link).unwrap();
    let store = store_with(vec![module(&bench.module), module(&link)], limits(), bounds());
    let act = open(&store, bench, &credential).unwrap();
    let alias = Credential { module: link, ..credential.clone() };
    assert!(matches!(open(&store, bench, &alias).err(), Some(TokenError::TokenBusy { .. })));
    act.close().unwrap();
    open(&store, bench, &alias).unwrap().close().unwrap();
    assert_eq!(store.counters().starts, 1);
}

pub(crate) fn a_token_behind_two_modules_has_one_login(bench: &Bench) {
    let credential = bench.p256();
    let softhsm = kyso_testkit::softhsm::module_path().unwrap();
    let store = store_with(vec![module(&bench.module), module(&softhsm)], limits(), bounds());
    let direct = Credential { module: softhsm, ..credential.clone() };
    let act = open(&store, bench, &direct).unwrap();
    bench.calls();
    assert!(matches!(open(&store, bench, &credential).err(), Some(TokenError::TokenBusy { .. })));
    assert_eq!(bench.calls().of("C_Login"), 0);
    act.close().unwrap();
    open(&store, bench, &credential).unwrap().close().unwrap();
    assert_eq!(bench.calls().of("C_Login"), 1);
}

pub(crate) fn an_idle_worker_ends_and_a_needed_one_does_not(bench: &Bench) {
    let credential = bench.p256();
    let bounds = Bounds { idle: Duration::from_millis(300), ..bounds() };
    let store = store_with(vec![module(&bench.module)], limits(), bounds);
    let act = open(&store, bench, &credential).unwrap();
    let first = only_pid(&store);
    std::thread::sleep(Duration::from_millis(1_200));
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    assert_eq!(only_pid(&store), first, "an open act needs its worker");
    act.close().unwrap();
    until("the idle worker is gone", || store.pids().is_empty() && !runs(first));
    assert_eq!(store.credentials().unwrap().len(), 1);
    let second = store.pids();
    let counters = store.counters();
    assert_eq!((counters.starts, counters.crashes, counters.kills), (2, 0, 0));
    assert!(counters.idle >= 1);
    drop(store);
    for pid in second {
        until("a worker does not outlive its store", || !runs(pid));
    }
}

pub(crate) fn another_token_in_the_slot_is_not_asked(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    bench.fault(Fault::OtherToken);
    bench.calls();
    assert_eq!(open(&store, bench, &credential).err(), Some(TokenError::TokenNotPresent));
    assert_eq!(bench.calls().of("C_Login"), 0);
    assert_eq!(store.credentials().unwrap()[0].token.serial, "another token");
    bench.fault(Fault::None);
    open(&store, bench, &credential).unwrap().close().unwrap();
}

pub(crate) fn no_pin_is_in_any_message_log_or_process(bench: &Bench) {
    let credential = bench.p256();
    // Every message of a session, as it would go over the pipe.
    let service = Service::new(bench.store.clone(), Box::new(()));
    let open_act = Request::OpenAct { credential: Box::new(credential.clone()), pin: bench.pin() };
    let act = ActId(1);
    let messages = vec![b"1".to_vec(), b"2".to_vec()];
    let mut said = Vec::new();
    for request in [
        Request::Ping,
        Request::ListModules,
        Request::ListSlots,
        Request::ListCredentials,
        open_act,
        Request::SignDigest { act, algorithm: ECDSA_SHA256, digest: vec![1; 32] },
        Request::SignMessage { act, algorithm: ECDSA_SHA256, message: b"1".to_vec() },
        Request::SignMany { act, algorithm: ECDSA_SHA256, messages },
        Request::CloseAct { act },
        Request::OpenAct {
            credential: Box::new(credential.clone()),
            pin: PinSource::File(bench.folder.join("so-pin")),
        },
    ] {
        said.extend(serde_json::to_vec(&request).unwrap());
        let reply = service.execute(request);
        said.extend(format!("{reply:?}").into_bytes());
        said.extend(serde_json::to_vec(&reply).unwrap());
    }
    let holds = |bytes: &[u8], secret: &str| {
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    };
    let store = store(bench);
    let act = open(&store, bench, &credential).unwrap();
    let pid = only_pid(&store);
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let log = std::fs::read(bench.folder.join("calls")).unwrap();
    assert!(!cmdline.is_empty() && !log.is_empty() && said.len() > 1_000);
    for secret in [PIN, SO_PIN] {
        for (place, bytes) in [("messages", &said), ("cmdline", &cmdline), ("log", &log)] {
            assert!(!holds(bytes, secret), "a PIN in the {place}");
        }
    }
    // The bench sets the pad's PIN for the shim; nothing else may name it.
    if let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) {
        let pad = format!("{}={PIN}", kyso_testkit::shim::PAD_PIN);
        for variable in environment.split(|byte| *byte == 0) {
            assert!(!holds(variable, PIN) || variable == pad.as_bytes());
        }
    }
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let (soft, hard) = (core.split_whitespace().nth(4), core.split_whitespace().nth(5));
    assert_eq!((soft, hard), (Some("0"), Some("0")), "{core}");
    act.close().unwrap();
}
