//! Rough handling: odd names, pipes, links, a reader who leaves early.

mod house;

use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use house::{House, text};
use serde_json::Value;

#[cfg(unix)]
#[test]
fn odd_names_neither_reach_the_terminal_raw_nor_stop_the_program() {
    use std::os::unix::ffi::OsStringExt as _;
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    let red = "e\u{1b}[31mRED\nPASSED.pdf";
    house.pdf(red);
    let said = house.expect(["sign", "--direct", "--credential", &uri, red, "-o", "red.pdf"]);
    assert!(!said.contains('\u{1b}') && said.lines().count() == 1, "{said:?}");
    let listed = house.expect(["journal", "list"]);
    assert!(!listed.contains('\u{1b}'), "{listed:?}");

    let name = std::ffi::OsString::from_vec(b"a\xff.pdf".to_vec());
    std::fs::copy(house.path("red.pdf"), house.folder.path().join(&name)).expect("a copy");
    let mut arguments: Vec<std::ffi::OsString> =
        ["sign", "--direct", "--json", "--credential", &uri].map(Into::into).to_vec();
    arguments.push(name.clone());
    let report: Value = serde_json::from_str(&house.expect(arguments)).expect("JSON");
    assert_eq!(report["signed"][0]["format"], "PAdES-B-B", "{report:#}");
    let verified = house.kyso(["verify".into(), "--json".into(), name]);
    serde_json::from_slice::<Value>(&verified.stdout).expect("JSON");
    assert_eq!(verified.status.code(), Some(3));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_at_once() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    let made = std::process::Command::new("mkfifo").arg(house.path("f.pdf")).status();
    assert!(made.expect("mkfifo runs").success());
    for arguments in
        [&["sign", "--direct", "--credential", &uri, "f.pdf"][..], &["verify", "f.pdf"]]
    {
        let mut child = house.command(arguments).stderr(Stdio::piped()).spawn().expect("kyso");
        let started = Instant::now();
        while child.try_wait().expect("its state").is_none() {
            if started.elapsed() > Duration::from_secs(20) {
                child.kill().expect("SIGKILL");
                panic!("{} hangs on a pipe", arguments[0]);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(child.wait().expect("ended").code(), Some(2), "{}", arguments[0]);
    }
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_changes_no_verdict() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    house.expect(["sign", "--direct", "--credential", &uri, "a.pdf"]);
    let mut child = house
        .command(["verify", "--policy", "integrity-only", "a-signed.pdf"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kyso");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("ended").code(), Some(0), "{said}");
    assert_eq!(said, "");
}

#[cfg(unix)]
#[test]
fn a_receipt_replaces_nothing_unasked() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    std::fs::write(house.path("victim"), b"mine").expect("victim");
    std::os::unix::fs::symlink("victim", house.path("a-signed.pdf.tlog-proof")).expect("a link");
    let sign = ["sign", "--direct", "--receipt", "--credential", &uri, "a.pdf"];
    let output = house.kyso(sign);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert_eq!(std::fs::read(house.path("victim")).expect("victim"), b"mine");
    assert!(!house.path("a-signed.pdf").exists(), "found out before signing");
    std::fs::remove_file(house.path("a-signed.pdf.tlog-proof")).expect("the link goes");
    house.expect(sign);
    house.expect(["journal", "verify", "a-signed.pdf.tlog-proof"]);
}

#[test]
fn one_output_name_twice_is_refused_before_anything_is_signed() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    let output = house.kyso(["sign", "--direct", "--credential", &uri, "a.pdf", "./a.pdf"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("same output name"), "{}", text(&output.stderr));
    assert!(!house.path("journal").exists(), "nothing was asked of the journal");
}

#[test]
fn the_configuration_means_the_same_wherever_it_is_used() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    house.pdf("a.pdf");
    house.expect(["sign", "--direct", "--credential", &uri, "a.pdf"]);
    std::fs::write(house.path("relative.toml"), "trust = [\"root.pem\"]\n").expect("relative.toml");
    // A folder that was received, with an anchor of its sender's choice.
    std::fs::create_dir(house.path("received")).expect("received");
    let other = kyso_testkit::Authority::new(
        kyso_testkit::Curve::P256,
        house.now - 1000,
        house.now + 1_000_000,
    )
    .expect("another authority");
    std::fs::write(house.path("received/root.pem"), other.root_pem()).expect("root.pem");
    let config = house.path("relative.toml");
    let output = house
        .command(["verify", "--policy", "integrity-only", "../a-signed.pdf", "--config"])
        .arg(&config)
        .current_dir(house.path("received"))
        .output()
        .expect("kyso");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    std::fs::write(&config, "lang = \"fr\"\n").expect("relative.toml");
    let output = house.kyso(["--config", "relative.toml", "token", "list"]);
    assert_eq!(output.status.code(), Some(2), "an unknown language is refused");
}

#[test]
fn a_journal_is_made_by_signing_alone() {
    let house = House::new();
    for arguments in
        [&["journal", "prove", "0"][..], &["journal", "export", "e.jsonl"], &["doctor"]]
    {
        house.kyso(arguments);
        assert!(!house.path("journal/journal.sqlite").exists(), "{arguments:?} made a journal");
    }
}
