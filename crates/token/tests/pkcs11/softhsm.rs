//! What only SoftHSM lets us set up, and what needs no particular module.

use std::time::Instant;

use kyso_token::pkcs11::{AllowList, AllowedModule, KeyOptions, Pkcs11Store};
use kyso_token::{
    Curve, HashAlgorithm, Input, KeyPairSpec, KeyStore, SigningAlgorithm, TokenError,
};

use super::case::{Bench, ECDSA_SHA256, LABEL, limits, sign_and_verify};

pub(crate) fn always_authenticate_keys_sign(bench: &Bench) {
    let token = bench.token(LABEL);
    let options = KeyOptions { label: "seal".into(), always_authenticate: true };
    for key in [KeyPairSpec::Rsa { bits: 2048 }, KeyPairSpec::Ec(Curve::P256)] {
        let credential = bench.credential_with(&token, key, &options);
        let act = bench.open(&credential).unwrap();
        for algorithm in &credential.algorithms {
            sign_and_verify(act.as_ref(), &credential, *algorithm);
        }
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope
                    .spawn(|| sign_and_verify(act.as_ref(), &credential, credential.algorithms[0]));
            }
        });
        act.close().unwrap();
    }
}

/// A login that somebody left behind in this process must not let an act sign without a PIN of its own.
pub(crate) fn a_leftover_login_lets_nobody_sign(bench: &Bench) {
    use ::pkcs11::{context::Pkcs11, session::UserType};
    let credential = bench.p256();
    let context = Pkcs11::new(&bench.module).unwrap();
    let mut slots = context.get_slots_with_token().unwrap().into_iter();
    let slot = slots.find(|slot| slot.id() == credential.token.slot_id).unwrap();
    let session = context.open_ro_session(slot).unwrap();
    session.login(UserType::User, Some(&super::case::PIN.into())).unwrap();
    let prompt = super::case::Scripted::new(Some("99999999"));
    let refused = bench.store.open(&credential, &kyso_token::PinSource::Prompt, &prompt).err();
    assert!(matches!(refused, Some(TokenError::PinIncorrect { .. })), "{refused:?}");
    session.login(UserType::User, Some(&super::case::PIN.into())).unwrap();
    let act = bench.open(&credential).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
    session.login(UserType::User, Some(&super::case::PIN.into())).expect("the act logged out");
}

/// SoftHSM takes the handles of private objects away at a log-out, also from a listing in another session.
pub(crate) fn a_listing_beside_acts_is_whole(bench: &Bench) {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (credential, done) = (bench.p256(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let listings = scope.spawn(|| {
            let whole = bench.store.credentials().unwrap().len();
            while !done.load(Ordering::Relaxed) {
                assert_eq!(bench.store.credentials().map(|found| found.len()), Ok(whole));
            }
        });
        for _ in 0..60 {
            bench.open(&credential).unwrap().close().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        listings.join().unwrap();
    });
}

pub(crate) fn paths_off_the_list_are_refused_by_name(bench: &Bench) {
    let load = |list: AllowList| Pkcs11Store::new(list, limits()).modules().remove(0).err();
    let name = std::path::PathBuf::from(bench.module.file_name().unwrap());
    assert_eq!(
        load(AllowList::of_paths([name.clone()])),
        Some(TokenError::ModulePathNotAbsolute { path: name })
    );
    let gone = bench.folder.join("gone.so");
    assert_eq!(
        load(AllowList::of_paths([gone.clone()])),
        Some(TokenError::ModuleMissing { path: gone })
    );
    let path = bench.module.clone();
    let pinned = |sha256| {
        load(AllowList::new(vec![AllowedModule { path: path.clone(), sha256: Some(sha256) }]))
    };
    assert_eq!(pinned([0; 32]), Some(TokenError::ModuleDigestMismatch { path: path.clone() }));
    let digest = HashAlgorithm::Sha256.digest(&std::fs::read(&path).unwrap());
    assert_eq!(pinned(digest.try_into().unwrap()), None);

    let credential = bench.p256();
    let other = Pkcs11Store::new(AllowList::default(), limits());
    assert_eq!(other.credentials(), Ok(Vec::new()));
    let refused = other.open(&credential, &bench.pin(), &()).err();
    assert_eq!(refused, Some(TokenError::ModuleNotAllowed { path }));
}

pub(crate) fn a_library_that_is_no_module_is_named(bench: &Bench) {
    let text = bench.folder.join("text.so");
    std::fs::write(&text, "not a library").unwrap();
    let source = bench.folder.join("empty.c");
    let library = bench.folder.join("empty.so");
    std::fs::write(&source, "int kyso_nothing;\n").unwrap();
    let built = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(built.expect("cc; install a C compiler (cargo xtask setup)").success());
    let list = AllowList::of_paths([
        text.clone(),
        library.clone(),
        bench.folder.clone(),
        bench.module.clone(),
    ]);
    let mut modules = Pkcs11Store::new(list, limits()).modules();
    assert!(modules.pop().unwrap().unwrap().manufacturer.contains("SoftHSM"));
    for (module, path) in modules.into_iter().zip([text, library, bench.folder.clone()]) {
        assert_eq!(module, Err(TokenError::NotPkcs11Module { path }));
    }
}

/// A second real module beside SoftHSM: OpenSC without a reader, whose empty slot list hides nothing of the other.
pub(crate) fn two_modules_at_once(bench: &Bench) {
    let credential = bench.p256();
    let opensc = [
        "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
        "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
    ]
    .map(std::path::PathBuf::from)
    .into_iter()
    .find(|path| path.exists())
    .expect("opensc-pkcs11.so is missing; install opensc-pkcs11 (cargo xtask setup)");
    let store = Pkcs11Store::new(AllowList::of_paths([opensc, bench.module.clone()]), limits());
    assert_eq!(store.modules().iter().filter(|module| module.is_ok()).count(), 2);
    assert_eq!(store.credentials().unwrap(), vec![credential.clone()]);
    let act = store.open(&credential, &bench.pin(), &()).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
}

/// With the handle cached a signature does not search; searching 120 pairs would cost ten times the signature.
pub(crate) fn many_key_pairs_do_not_slow_signing(bench: &Bench) {
    let credential = bench.p256();
    let rate = |act: &dyn kyso_token::SigningAct| {
        let start = Instant::now();
        for _ in 0..200 {
            act.sign(ECDSA_SHA256, Input::Digest(&[7; 32])).unwrap();
        }
        start.elapsed()
    };
    let act = bench.open(&credential).unwrap();
    let few = (0..3).map(|_| rate(act.as_ref())).min().unwrap();
    act.close().unwrap();
    let token = kyso_token::TokenSelector::Label(LABEL.into());
    let key = KeyPairSpec::Ec(Curve::P256);
    for _ in 0..120 {
        let options = KeyOptions { label: "key".into(), always_authenticate: false };
        bench
            .store
            .generate_key_pair(&bench.module, &token, &bench.pin(), &(), key, &options)
            .unwrap();
    }
    let act = bench.open(&credential).unwrap();
    let many = (0..3).map(|_| rate(act.as_ref())).min().unwrap();
    act.close().unwrap();
    assert!(many < few * 4, "{many:?} with 121 pairs, {few:?} with one");
}

/// What `kyso token` does on a machine that has SoftHSM and nothing else; pkcs11-tool then sees the same objects.
pub(crate) fn a_fresh_token_from_nothing(bench: &Bench) {
    let token = bench.token(LABEL);
    let credential = bench.credential(&token, KeyPairSpec::Rsa { bits: 2048 });
    assert_eq!(credential.id.len(), 20);
    assert_eq!(credential.always_authenticate, None, "the private key is private");
    let module = bench.module.to_str().unwrap();
    let listed = kyso_testkit::peer::run(
        "pkcs11-tool",
        ["--module", module, "--login", "--pin", super::case::PIN, "--token-label", LABEL, "-O"],
    )
    .text();
    let id = hex::encode(&credential.id);
    assert_eq!(listed.matches(&id).count(), 3, "certificate, public and private key:\n{listed}");
    assert!(listed.contains("sensitive") && listed.contains("never extractable"), "{listed}");
    let act = bench.open(&credential).unwrap();
    sign_and_verify(act.as_ref(), &credential, SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256));
    act.close().unwrap();
    let long = bench.store.init_token(
        &bench.module,
        &kyso_token::TokenSelector::Uninitialized,
        &"x".repeat(33),
        &bench.so_pin(),
        &bench.pin(),
        &(),
    );
    assert_eq!(long, Err(TokenError::LabelTooLong { length: 33 }));
}
