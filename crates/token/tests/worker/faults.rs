//! What a module does wrong costs its own process, and is named.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use kyso_testkit::shim::{Calls, Fault};
use kyso_token::worker::Bounds;
use kyso_token::{
    Credential, Curve, Input, KeyPairSpec, KeyStore as _, SigningAct, TokenError, TokenSelector,
};
use rustix::process::{Pid, Signal, kill_process};

use super::rig::{bounds, module, only_pid, open, runs, store, store_with, until};
use crate::case::{Bench, ECDSA_SHA256, LABEL, limits, sign_and_verify, verify};

const DIGEST: Input<'static> = Input::Digest(&[7; 32]);

fn works(store: &kyso_token::worker::WorkerStore, bench: &Bench, credential: &Credential) {
    bench.fault(Fault::None);
    let act = open(store, bench, credential).unwrap();
    sign_and_verify(act.as_ref(), credential, ECDSA_SHA256);
    act.close().unwrap();
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

pub(crate) fn a_crash_costs_its_act_and_nothing_else(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    let act = open(&store, bench, &credential).unwrap();
    let first = only_pid(&store);
    bench.fault_after(Fault::Crash, 1);
    assert!(act.sign(ECDSA_SHA256, DIGEST).is_ok());
    // SIGABRT
    let crashed = TokenError::WorkerCrashed { signal: Some(6), exit_code: None };
    assert_eq!((crashed.code(), crashed.ends_act()), ("worker-crashed", true));
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST), Err(crashed.clone()));
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST), Err(crashed.clone()), "an ended act stays ended");
    let many = act.sign_many(ECDSA_SHA256, &[b"1", b"2"]);
    assert_eq!(many, [Err(crashed.clone()), Err(crashed)]);
    assert!(!runs(first));
    act.close().unwrap();
    works(&store, bench, &credential);
    assert_ne!(only_pid(&store), first);
    let counters = store.counters();
    assert_eq!((counters.starts, counters.crashes, counters.kills), (2, 1, 0));
}

pub(crate) fn a_hang_ends_every_call_of_its_worker(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    let act = open(&store, bench, &credential).unwrap();
    let first = only_pid(&store);
    bench.fault(Fault::Hang(600_000));
    let start = Instant::now();
    let hung = TokenError::WorkerHung { function: Cow::Borrowed("C_Sign"), limit: limits().sign };
    assert_eq!((hung.code(), hung.ends_act()), ("worker-hung", true));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(act.sign(ECDSA_SHA256, DIGEST), Err(hung.clone())));
        }
    });
    assert!(start.elapsed() < Duration::from_secs(60), "nobody waits for ten minutes");
    until("the hung worker is gone", || !runs(first));
    act.close().unwrap();
    works(&store, bench, &credential);
    assert_ne!(only_pid(&store), first);
    let counters = store.counters();
    assert_eq!((counters.starts, counters.crashes, counters.kills), (2, 0, 1));
}

pub(crate) fn a_frozen_worker_is_noticed(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    let act = open(&store, bench, &credential).unwrap();
    let first = only_pid(&store);
    signal(first, Signal::STOP);
    // One thread after the other stops.
    until("the worker is frozen", || {
        let threads = std::fs::read_dir(format!("/proc/{first}/task")).unwrap();
        threads.flatten().all(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('T')
        })
    });
    let refused = act.sign(ECDSA_SHA256, DIGEST);
    let Err(TokenError::WorkerHung { function, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(function, "C_Sign");
    until("the frozen worker is gone", || !runs(first));
    drop(act);
    works(&store, bench, &credential);
}

pub(crate) fn a_leak_retires_the_worker_after_its_act(bench: &Bench) {
    let credential = bench.p256();
    let bounds = Bounds { resident: 160 << 20, ..bounds() };
    let store = store_with(vec![module(&bench.module)], limits(), bounds);
    let act = open(&store, bench, &credential).unwrap();
    act.close().unwrap();
    let first = only_pid(&store);
    let act = open(&store, bench, &credential).unwrap();
    assert_eq!(only_pid(&store), first, "a small worker stays");
    bench.fault(Fault::Leak(64));
    for _ in 0..3 {
        assert!(act.sign(ECDSA_SHA256, DIGEST).is_ok());
    }
    assert!(store.status()[0].resident.unwrap() > 160 << 20);
    act.close().unwrap();
    assert!(store.pids().is_empty());
    until("the large worker is gone", || !runs(first));
    works(&store, bench, &credential);
    let counters = store.counters();
    assert_eq!((counters.starts, counters.crashes, counters.retired), (2, 0, 1));
}

pub(crate) fn a_leak_within_an_act_meets_the_limit(bench: &Bench) {
    let credential = bench.p256();
    let bounds = Bounds { data: 512 << 20, ..bounds() };
    let store = store_with(vec![module(&bench.module)], limits(), bounds);
    let act = open(&store, bench, &credential).unwrap();
    bench.fault(Fault::Leak(64));
    let results: Vec<_> = (0..10).map(|_| act.sign(ECDSA_SHA256, DIGEST)).collect();
    assert!(results[0].is_ok());
    let full = Err(TokenError::DeviceMemory { function: Cow::Borrowed("C_Sign") });
    assert!(results.contains(&full), "{results:?}");
    act.close().unwrap();
    works(&store, bench, &credential);
}

pub(crate) fn noise_on_standard_output_disturbs_nobody(bench: &Bench) {
    let credential = bench.p256();
    bench.fault(Fault::Noise);
    let store = store(bench);
    assert_eq!(store.credentials().unwrap()[0].certificate, credential.certificate);
    let act = open(&store, bench, &credential).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
    assert_eq!(store.counters().starts, 1);
}

pub(crate) fn one_module_hangs_and_crashes_while_the_other_signs(bench: &Bench) {
    // Two tokens, one through the shim, one through SoftHSM itself.
    let token = bench.token("faulty");
    let faulty = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    let token = bench.token("sound");
    let sound = bench.credential(&token, KeyPairSpec::Ec(Curve::P256));
    let softhsm = kyso_testkit::softhsm::module_path().unwrap();
    let sound = Credential { module: softhsm.clone(), ..sound };
    let store = store_with(vec![module(&bench.module), module(softhsm)], limits(), bounds());
    let act = open(&store, bench, &sound).unwrap();
    let sound_pid = only_pid(&store);
    for fault in [Fault::Hang(600_000), Fault::Crash] {
        bench.fault(Fault::None);
        let bad = open(&store, bench, &faulty).unwrap();
        bench.fault(fault);
        std::thread::scope(|scope| {
            let failing = scope.spawn(|| bad.sign(ECDSA_SHA256, DIGEST).unwrap_err());
            while !failing.is_finished() {
                sign_and_verify(act.as_ref(), &sound, ECDSA_SHA256);
            }
            assert!(failing.join().unwrap().ends_act());
        });
        sign_and_verify(act.as_ref(), &sound, ECDSA_SHA256);
    }
    act.close().unwrap();
    assert!(store.pids().contains(&sound_pid), "never touched");
    bench.fault(Fault::None);
    works(&store, bench, &faulty);
}

pub(crate) fn a_listing_answers_while_a_signature_is_under_way(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    let act = open(&store, bench, &credential).unwrap();
    bench.fault(Fault::Hang(2_000));
    std::thread::scope(|scope| {
        let signing = scope.spawn(|| act.sign(ECDSA_SHA256, DIGEST).unwrap());
        until("C_Sign is under way", || Calls::read(&bench.folder.join("calls")).of("C_Sign") > 0);
        assert_eq!(store.credentials().unwrap().len(), 1);
        assert!(!signing.is_finished(), "the listing waited for the signature");
        let signature = signing.join().unwrap();
        assert_eq!(signature.as_bytes().len(), 64);
    });
    act.close().unwrap();
}

/// Runs this very case once more as a parent with an open act, kills that parent and watches its worker.
fn orphan(bench: &Bench, case: &str, fault: Fault) {
    const ROLE: &str = "KYSO_TOKEN_TEST_PARENT";
    let note = bench.folder.join("worker-pid");
    if std::env::var_os(ROLE).is_some() {
        let store = store(bench);
        let credential = store.credentials().unwrap().remove(0);
        let act = open(&store, bench, &credential).unwrap();
        act.sign(ECDSA_SHA256, DIGEST).unwrap();
        let next = note.with_extension("next");
        std::fs::write(&next, only_pid(&store).to_string()).unwrap();
        std::fs::rename(next, &note).unwrap();
        loop {
            // Where the case hangs, it is killed in here.
            let _ = act.sign(ECDSA_SHA256, DIGEST);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    bench.p256();
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", case, "--nocapture"])
        .env(ROLE, "1")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the parent has a worker", || note.exists());
    let pid: u32 = std::fs::read_to_string(&note).unwrap().parse().unwrap();
    assert!(runs(pid));
    bench.calls();
    bench.fault(fault);
    let log = bench.folder.join("calls");
    until("the fault is met", || Calls::read(&log).of_process("C_Sign", pid) > 0);
    parent.kill().unwrap();
    parent.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while runs(pid) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    // This process, which must exit, has the library loaded as well.
    bench.fault(Fault::None);
    assert!(!runs(pid), "the worker outlives its parent");
    if fault == Fault::None {
        assert_eq!(bench.calls().of_process("C_Logout", pid), 1);
    }
}

pub(crate) fn a_killed_parent_leaves_no_worker(bench: &Bench) {
    orphan(bench, "faults::a_killed_parent_leaves_no_worker", Fault::None);
}

pub(crate) fn a_killed_parent_leaves_no_hung_worker(bench: &Bench) {
    orphan(bench, "faults::a_killed_parent_leaves_no_hung_worker", Fault::Hang(600_000));
}

pub(crate) fn a_killed_parent_leaves_no_worker_that_cannot_exit(bench: &Bench) {
    let case = "faults::a_killed_parent_leaves_no_worker_that_cannot_exit";
    orphan(bench, case, Fault::ExitHang(600_000));
}

pub(crate) fn a_pulled_token_ends_the_act_and_comes_back(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    let act: Box<dyn SigningAct> = open(&store, bench, &credential).unwrap();
    bench.fault_after(Fault::Pulled, 0);
    let removed = Err(TokenError::TokenRemoved { function: Cow::Borrowed("C_Sign") });
    assert_eq!(act.sign(ECDSA_SHA256, DIGEST), removed);
    act.close().unwrap();
    assert_eq!(open(&store, bench, &credential).err(), Some(TokenError::TokenNotPresent));
    assert!(store.credentials().unwrap().is_empty());
    works(&store, bench, &credential);
    let token = TokenSelector::Label(LABEL.into());
    assert_eq!(bench.store.public_keys(&bench.module, &token).unwrap().len(), 1);
    let act = open(&store, bench, &credential).unwrap();
    for (message, signature) in [b"1", b"2"].iter().zip(act.sign_many(ECDSA_SHA256, &[b"1", b"2"]))
    {
        verify(&credential, ECDSA_SHA256, *message, &signature.unwrap());
    }
    act.close().unwrap();
}
