//! What a token does wrong, by name; after each fault the same process signs again.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use kyso_testkit::shim::Fault;
use kyso_token::pkcs11::KeyOptions;
use kyso_token::{
    Credential, HashAlgorithm, Input, KeyMatch, KeyPairSpec, KeyStore, PinSource, PinState,
    SigningAct, SigningAlgorithm, TokenError,
};

use super::case::{Bench, ECDSA_SHA256, LABEL, PIN, Scripted, limits, sign_and_verify, verify};

const DIGEST: Input<'static> = Input::Digest(&[7; 32]);

/// The process goes on: with the fault gone, a new act signs.
fn works(bench: &Bench, credential: &Credential) {
    bench.fault(Fault::None);
    let act = bench.open(credential).unwrap();
    sign_and_verify(act.as_ref(), credential, ECDSA_SHA256);
    act.close().unwrap();
}

pub(crate) fn counters_reach_the_prompt(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::PinCountLow);
    let prompt = Scripted::new(Some(PIN));
    bench.store.open(&credential, &PinSource::Prompt, &prompt).unwrap().close().unwrap();
    let asked = prompt.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].state, PinState { count_low: true, ..PinState::default() });
    assert_eq!(asked[0].token.label, LABEL);
    let listed = bench.store.credentials().unwrap();
    assert!(listed[0].token.user_pin.count_low);
    // The counters come back with the wrong PIN, too.
    let wrong = Scripted::new(Some("00000000"));
    let refused = bench.store.open(&credential, &PinSource::Prompt, &wrong).err();
    let Some(TokenError::PinIncorrect { state }) = refused else { panic!("{refused:?}") };
    assert!(state.count_low && !state.final_try);
    works(bench, &credential);
}

pub(crate) fn last_try_needs_a_yes(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::PinFinalTry);
    bench.calls();
    // Whatever the source of the PIN.
    assert_eq!(bench.open(&credential).err(), Some(TokenError::LastTryRefused));
    let mut prompt = Scripted::new(Some(PIN));
    let refused = bench.store.open(&credential, &PinSource::Prompt, &prompt).err();
    assert_eq!(refused, Some(TokenError::LastTryRefused));
    assert_eq!(bench.calls().of("C_Login"), 0);
    assert!(prompt.asked().is_empty());
    prompt.spend_last_try = true;
    let act = bench.store.open(&credential, &PinSource::Prompt, &prompt).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
    works(bench, &credential);
}

pub(crate) fn locked_pins_ask_nobody(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::PinLocked);
    bench.calls();
    let prompt = Scripted::new(Some(PIN));
    let refused = bench.store.open(&credential, &PinSource::Prompt, &prompt).err();
    assert_eq!(refused, Some(TokenError::PinLocked));
    assert!(prompt.asked().is_empty());
    assert_eq!(bench.calls().of("C_Login"), 0);
    // A token that shows no flag and says it at the login.
    bench.fault(Fault::LoginPinLocked);
    assert_eq!(bench.open(&credential).err(), Some(TokenError::PinLocked));
    works(bench, &credential);
}

pub(crate) fn a_pin_pad_gets_no_pin(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::PinPad);
    for source in [PinSource::ProtectedPath, PinSource::Prompt] {
        let prompt = Scripted::new(Some("a PIN that nobody may ask for"));
        let act = bench.store.open(&credential, &source, &prompt).unwrap();
        assert!(prompt.asked().is_empty());
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
        act.close().unwrap();
    }
    works(bench, &credential);
}

pub(crate) fn counters_reach_whoever_watches_a_pin_file(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::PinCountLow);
    let prompt = Scripted::new(None);
    bench.store.open(&credential, &bench.pin(), &prompt).unwrap().close().unwrap();
    let noticed = prompt.noticed();
    assert_eq!(noticed.len(), 1);
    assert!(noticed[0].state.count_low);
    assert!(prompt.asked().is_empty());
}

/// Two messages before the fault, three from it on.
const MESSAGES: [&[u8]; 5] = [b"1", b"2", b"3", b"4", b"5"];

pub(crate) fn many_at_once_keep_what_was_signed_before_the_end(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    assert!(act.sign_many(ECDSA_SHA256, &[]).is_empty());
    bench.fault_after(Fault::DeviceRemoved, 2);
    bench.calls();
    let results = act.sign_many(ECDSA_SHA256, &MESSAGES);
    assert_eq!(bench.calls().of("C_Sign"), 3, "nothing is asked of a token that is gone");
    let removed = Err(TokenError::TokenRemoved { function: Cow::Borrowed("C_Sign") });
    assert_eq!(results.len(), MESSAGES.len());
    for (message, result) in MESSAGES.iter().zip(&results[..2]) {
        verify(&credential, ECDSA_SHA256, message, result.as_ref().unwrap());
    }
    assert!(results[2..].iter().all(|result| *result == removed));
    bench.fault(Fault::None);
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST), removed, "an ended act stays ended");
    act.close().unwrap();
    works(bench, &credential);
}

pub(crate) fn many_at_once_lose_one_to_a_full_memory(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    bench.fault_after(Fault::DeviceMemoryOnce, 2);
    let results = act.sign_many(ECDSA_SHA256, &MESSAGES);
    for (at, (message, result)) in MESSAGES.iter().zip(&results).enumerate() {
        match result {
            Ok(signature) => verify(&credential, ECDSA_SHA256, message, signature),
            Err(error) => {
                let function = Cow::Borrowed("C_Sign");
                assert_eq!((at, error), (2, &TokenError::DeviceMemory { function }));
            }
        }
    }
    assert!(results[2].is_err());
    act.close().unwrap();
}

/// Each signature has the limit to itself: five of 1 s pass a limit of 3 s, and a hang is not waited for five times.
pub(crate) fn many_at_once_are_given_up_by_the_one(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    bench.fault(Fault::Hang(1_000));
    assert!(act.sign_many(ECDSA_SHA256, &MESSAGES).iter().all(Result::is_ok));
    bench.fault(Fault::Hang(20_000));
    let (start, limit) = (Instant::now(), limits().sign);
    let timed_out = Err(TokenError::CallTimedOut { function: Cow::Borrowed("C_Sign"), limit });
    assert!(act.sign_many(ECDSA_SHA256, &MESSAGES).iter().all(|result| *result == timed_out));
    assert!(start.elapsed() < limit + Duration::from_secs(2));
    drop(act);
    works(bench, &credential);
}

fn always_authenticate(bench: &Bench) -> Credential {
    let token = bench.token(LABEL);
    let options = KeyOptions { label: "key".into(), always_authenticate: true };
    bench.credential_with(&token, KeyPairSpec::Ec(kyso_token::Curve::P256), &options)
}

pub(crate) fn sessions_spend_one_try_between_them(bench: &Bench) {
    let credential = always_authenticate(bench);
    let act = bench.open(&credential).unwrap();
    bench.fault(Fault::LoginPinIncorrect(300));
    bench.calls();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let refused = act.sign(ECDSA_SHA256, DIGEST).unwrap_err();
                assert!(matches!(refused, TokenError::PinIncorrect { .. }), "{refused}");
            });
        }
    });
    assert_eq!(bench.calls().of("C_Login"), 1);
    act.close().unwrap();
    works(bench, &credential);
}

pub(crate) fn a_signature_spends_no_last_try(bench: &Bench) {
    let credential = always_authenticate(bench);
    for (fault, expected) in [
        (Fault::PinFinalTry, TokenError::LastTryRefused),
        (Fault::PinLocked, TokenError::PinLocked),
    ] {
        let act = bench.open(&credential).unwrap();
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
        bench.fault(fault);
        bench.calls();
        assert_eq!(act.sign(ECDSA_SHA256, DIGEST).as_ref(), Err(&expected));
        bench.fault(Fault::None);
        assert_eq!(act.sign(ECDSA_SHA256, DIGEST), Err(expected), "an ended act stays ended");
        assert_eq!(bench.calls().of("C_Login"), 0);
        act.close().unwrap();
    }
    works(bench, &credential);
}

/// The fault begins in the middle of an act: what was signed stays, the rest gets one error.
fn ends_the_act(bench: &Bench, fault: Fault, expected: &TokenError) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    bench.fault_after(fault, 2);
    assert!(act.sign(ECDSA_SHA256, DIGEST).is_ok());
    assert!(act.sign(ECDSA_SHA256, DIGEST).is_ok());
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST).as_ref(), Err(expected));
    bench.fault(Fault::None);
    bench.calls();
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST).as_ref(), Err(expected), "an ended act stays ended");
    assert_eq!(bench.calls().of("C_Sign"), 0);
    act.close().unwrap();
    works(bench, &credential);
}

pub(crate) fn removed_token_ends_the_act_and_the_next_works(bench: &Bench) {
    ends_the_act(
        bench,
        Fault::DeviceRemoved,
        &TokenError::TokenRemoved { function: Cow::Borrowed("C_Sign") },
    );
}

pub(crate) fn lost_session_ends_the_act_and_the_next_works(bench: &Bench) {
    ends_the_act(
        bench,
        Fault::SessionInvalid,
        &TokenError::SessionLost { function: Cow::Borrowed("C_Sign") },
    );
}

pub(crate) fn device_memory_fails_one_item(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    let function = Cow::Borrowed("C_Sign");
    for (fault, expected) in [
        (Fault::DeviceMemory, TokenError::DeviceMemory { function: function.clone() }),
        (Fault::DeviceError, TokenError::DeviceError { function }),
    ] {
        bench.fault(fault);
        assert_eq!(act.sign(ECDSA_SHA256, DIGEST), Err(expected));
        bench.fault(Fault::None);
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    }
    act.close().unwrap();
}

pub(crate) fn wrong_lengths_are_named(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    for (fault, actual) in [
        (Fault::SignatureShort, 63),
        (Fault::SignatureLong, 65),
        (Fault::SignatureEmpty, 0),
        (Fault::SignatureAbsurd, usize::MAX),
    ] {
        bench.fault(fault);
        let refused = act.sign(ECDSA_SHA256, DIGEST);
        assert_eq!(refused, Err(TokenError::UnexpectedLength { expected: 64, actual }));
        bench.fault(Fault::None);
        sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    }
    act.close().unwrap();
}

/// Signs once in each of four threads and says how long all took.
fn four_threads(act: &dyn SigningAct) -> Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| act.sign(ECDSA_SHA256, DIGEST).unwrap());
        }
    });
    start.elapsed()
}

pub(crate) fn threads_sign_at_the_same_time(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    bench.fault(Fault::Hang(600));
    let elapsed = four_threads(act.as_ref());
    assert!(elapsed < Duration::from_millis(3 * 600), "{elapsed:?} for four calls of 600 ms");
    bench.fault(Fault::None);
    act.close().unwrap();
}

pub(crate) fn a_token_with_few_sessions_serves_many_threads(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    bench.fault_after(Fault::SessionCount, 1);
    bench.calls();
    for _ in 0..20 {
        four_threads(act.as_ref());
    }
    let calls = bench.calls();
    assert_eq!(calls.of("C_Sign"), 80);
    let opened = calls.of("C_OpenSession");
    assert!(opened <= 4, "{opened} calls: refused once, not asked for each item");
    act.close().unwrap();
    works(bench, &credential);
}

pub(crate) fn a_hang_is_given_up(bench: &Bench) {
    let credential = bench.p256();
    let act = bench.open(&credential).unwrap();
    bench.fault(Fault::Hang(8_000));
    let start = Instant::now();
    let limit = limits().sign;
    let expected = Err(TokenError::CallTimedOut { function: Cow::Borrowed("C_Sign"), limit });
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST), expected);
    assert!(start.elapsed() < limit + Duration::from_secs(2));
    bench.fault(Fault::None);
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST), expected, "an ended act stays ended");
    drop(act);
    // SoftHSM holds no lock while the shim sleeps: the next act logs in beside the hung call.
    works(bench, &credential);
}

pub(crate) fn a_login_that_hangs_is_given_up(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::LoginHang(5_000));
    let expected =
        TokenError::CallTimedOut { function: Cow::Borrowed("C_Login"), limit: limits().call };
    assert_eq!(bench.open(&credential).err(), Some(expected));
    works(bench, &credential);
    // The late login comes back after this act's end and must not leave the token open.
    std::thread::sleep(Duration::from_secs(3));
    works(bench, &credential);
}

pub(crate) fn a_listing_that_hangs_is_given_up(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::SlotsHang(5_000));
    let expected =
        TokenError::CallTimedOut { function: Cow::Borrowed("C_GetSlotList"), limit: limits().call };
    assert_eq!(bench.store.credentials().err(), Some(expected));
    works(bench, &credential);
}

/// This test is itself a worker process; it starts one more, which dies of the crash.
pub(crate) fn a_crash_kills_only_its_process(bench: &Bench) {
    const ROLE: &str = "KYSO_TOKEN_CRASH";
    if std::env::var_os(ROLE).is_some() {
        let credential = bench.store.credentials().unwrap().remove(0);
        let act = bench.open(&credential).unwrap();
        bench.fault(Fault::Crash);
        let _ = act.sign(ECDSA_SHA256, DIGEST);
        unreachable!("the module aborts");
    }
    let credential = bench.p256();
    let worker = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "shim::a_crash_kills_only_its_process", "--nocapture"])
        .env(ROLE, "1")
        .output()
        .unwrap();
    assert!(!worker.status.success());
    let stderr = String::from_utf8_lossy(&worker.stderr);
    assert!(!stderr.contains("panicked"), "died of something else: {stderr}");
    works(bench, &credential);
}

pub(crate) fn hashing_tokens_get_the_message(bench: &Bench) {
    let token = bench.token(LABEL);
    bench.fault(Fault::HashOnly);
    let credential = bench.credential(&token, KeyPairSpec::Rsa { bits: 2048 });
    assert_eq!(credential.algorithms.len(), 6);
    assert_eq!(credential.needs_message, credential.algorithms);
    let act = bench.open(&credential).unwrap();
    for algorithm in &credential.algorithms {
        sign_and_verify(act.as_ref(), &credential, *algorithm);
    }
    let algorithm = SigningAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);
    assert_eq!(act.sign(algorithm, DIGEST), Err(TokenError::MessageNeeded { algorithm }));
    act.close().unwrap();
}

pub(crate) fn a_key_that_shows_nothing_proves_itself_by_its_first_signature(bench: &Bench) {
    let own = bench.p256();
    let token = kyso_token::TokenSelector::Label(LABEL.into());
    let other = bench.credential(&token, KeyPairSpec::Ec(kyso_token::Curve::P256));
    bench.fault(Fault::HidePublicKeys);
    assert_eq!(bench.of_certificate(&own.certificate).key_match, KeyMatch::Unchecked);
    let act = bench.open(&own).unwrap();
    sign_and_verify(act.as_ref(), &own, ECDSA_SHA256);
    act.close().unwrap();
    // The certificate of one key under the CKA_ID of the other.
    let forged = Credential { certificate: other.certificate.clone(), ..own.clone() };
    let expected = TokenError::CertificateKeyMismatch { id: own.id.clone() };
    let act = bench.open(&forged).unwrap();
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST).as_ref(), Err(&expected));
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST).as_ref(), Err(&expected));
    act.close().unwrap();
    works(bench, &own);
}

pub(crate) fn one_login_one_logout_and_no_search_while_signing(bench: &Bench) {
    let credential = bench.p256();
    bench.calls();
    let act = bench.open(&credential).unwrap();
    let opened = bench.calls();
    assert_eq!((opened.of("C_Login"), opened.of("C_Logout")), (1, 0));
    for _ in 0..20 {
        act.sign(ECDSA_SHA256, DIGEST).unwrap();
    }
    let signed = bench.calls();
    assert_eq!((signed.of("C_SignInit"), signed.of("C_Sign")), (20, 20));
    for function in ["C_FindObjectsInit", "C_OpenSession", "C_Login", "C_GetSlotList"] {
        assert_eq!(signed.of(function), 0, "{function}");
    }
    drop(act);
    let ended = bench.calls();
    assert_eq!((ended.of("C_Logout"), ended.of("C_CloseSession")), (1, 1));
    // An act that fails after its login logs out as well.
    let mut missing = credential.clone();
    missing.id = vec![9];
    assert!(bench.open(&missing).is_err());
    let failed = bench.calls();
    assert_eq!((failed.of("C_Login"), failed.of("C_Logout")), (1, 1));
}
