//! `kyso sign` by the daemon: the same files, JSON, receipts and exit codes as with `--direct`.

#![cfg(target_os = "linux")]

mod house;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::process::{Child, Output, Stdio};

use house::daemon::{DaemonHouse, Options};
use house::{PIN, text};
use kyso_testkit::shim::Fault;
use serde_json::Value;

/// The members of JSON, each by its path; rows of a list count as one.
fn shape(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    walk(value, &format!("{path}.{name}"), found);
                }
            }
            Value::Array(rows) => {
                rows.iter().for_each(|row| walk(row, &format!("{path}[]"), found))
            }
            _ => {
                found.insert(path.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(value, "", &mut found);
    found
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr))
    })
}

#[track_caller]
fn assert_three_parts(output: &Output, what: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{what}: {said}");
    for part in ["error: ", "why: ", "what to do: "] {
        assert!(said.contains(part), "{what}: no `{part}` in: {said}");
    }
}

/// Questions of one kind that the person was asked.
fn asked(daemon: &DaemonHouse, kind: &str) -> usize {
    daemon.questions().iter().filter(|line| line.starts_with(kind)).count()
}

/// What is warned of, without the reasons in brackets.
fn warnings(signed: &Value) -> Vec<String> {
    let texts = signed["warnings"].as_array().expect("warnings").iter();
    let texts = texts.map(|one| one.as_str().expect("a text"));
    texts.map(|one| one.split(" (").next().unwrap_or(one).to_owned()).collect()
}

#[test]
fn one_file_comes_out_as_with_direct() {
    let daemon = DaemonHouse::start(Options::one_token());
    let house = &daemon.house;
    let direct_uri = format!("pkcs11:token=t?pin-source=file:{}", house.path("pin").display());
    for (name, more, signed) in [
        ("a.pdf", &["--reason", "Ban hành"][..], "a-signed.pdf"),
        ("b.csv", &[], "b.csv.p7m"),
        ("c.csv", &["--detached"], "c.csv.p7s"),
    ] {
        match name {
            "a.pdf" => drop(house.pdf(name)),
            "b.csv" => std::fs::write(house.path(name), "xã,số hồ sơ\n").expect("a document"),
            _ => std::fs::write(house.path(name), vec![b'x'; 3 << 20]).expect("a large document"),
        }
        let by_daemon = [&["sign", "--json", "--receipt", name][..], more].concat();
        let output = house.kyso(&by_daemon);
        assert!(output.status.success(), "{}\n{}", text(&output.stderr), daemon.log());
        let by_daemon = json(&output);
        house.expect(["verify", "--policy", "integrity-only", signed]);
        house.expect(["journal", "verify", &format!("{signed}.tlog-proof")]);
        let out = format!("direct-{signed}");
        let direct = [
            "sign",
            "--direct",
            "--json",
            "--receipt",
            "--credential",
            &direct_uri,
            "-o",
            &out,
            name,
        ];
        let direct = json(&house.kyso([&direct[..], more].concat()));
        assert_eq!(shape(&by_daemon), shape(&direct), "{by_daemon:#}\n{direct:#}");
        assert_eq!(by_daemon["signed"][0]["format"], direct["signed"][0]["format"]);
        // Both say that the status is not known; --direct asked for it and says what is missing.
        assert_eq!(warnings(&by_daemon), warnings(&direct), "{by_daemon:#}\n{direct:#}");
        // The entry is the outcome of the daemon's own intent.
        let entry = by_daemon["signed"][0]["journal_entry"].to_string();
        let record: Value =
            serde_json::from_str(&house.expect(["journal", "show", "--json", &entry]))
                .expect("JSON");
        assert_eq!(record["result"], "signed", "{record:#}");
    }
    assert_eq!(asked(&daemon, "CONFIRM"), 3);
    assert_eq!(asked(&daemon, "GETPIN"), 3);
    let report: Value =
        serde_json::from_str(&house.expect(["journal", "verify", "--json"])).expect("JSON");
    assert_eq!((&report["intact"], &report["signed"]), (&true.into(), &6.into()), "{report:#}");
    // What takes room is taken back as soon as it is not needed.
    let documents = daemon.get("/v1/documents");
    let left = documents["documents"].as_array().expect("documents");
    assert!(left.iter().all(|document| document["name"] != "c.csv"), "{documents:#}");
}

#[test]
fn many_files_are_one_question_and_a_bad_one_harms_no_other() {
    let daemon = DaemonHouse::start(Options::one_token());
    let house = &daemon.house;
    house.pdf("a.pdf");
    std::fs::write(house.path("b.csv"), "xã,số\n").expect("b.csv");
    std::fs::write(house.path("broken.pdf"), b"%PDF-1.7\nnothing of the kind\n")
        .expect("broken.pdf");
    std::fs::write(house.path("named.pdf"), b"no PDF at all\n").expect("named.pdf");
    house.pdf("z.pdf");
    let files = ["a.pdf", "b.csv", "broken.pdf", "named.pdf", "absent.pdf", "z.pdf"];
    let sign = [&["sign", "--json", "--receipt", "--out-dir", "out"][..], &files].concat();
    let output = house.kyso(&sign);
    assert_eq!(output.status.code(), Some(2), "{}\n{}", text(&output.stderr), daemon.log());
    let report = json(&output);
    let rows = report["signed"].as_array().expect("rows");
    let told: Vec<_> = rows.iter().map(|row| row["file"].as_str().expect("a file")).collect();
    assert_eq!(told, files, "rows are in the order of the files");
    let signed: Vec<bool> = rows.iter().map(|row| row["output"].is_string()).collect();
    assert_eq!(signed, [true, true, false, false, false, true], "{report:#}");
    for row in rows.iter().filter(|row| row["output"].is_null()) {
        for part in ["code", "what", "why", "what_to_do"] {
            assert!(row["error"][part].as_str().is_some_and(|part| !part.is_empty()), "{row:#}");
        }
    }
    assert_eq!(
        house.names("out"),
        [
            "a.pdf",
            "a.pdf.tlog-proof",
            "b.csv.p7m",
            "b.csv.p7m.tlog-proof",
            "z.pdf",
            "z.pdf.tlog-proof"
        ]
    );
    for file in ["out/a.pdf", "out/b.csv.p7m", "out/z.pdf"] {
        house.expect(["verify", "--policy", "integrity-only", file]);
        house.expect(["journal", "verify", &format!("{file}.tlog-proof")]);
    }
    assert_eq!((asked(&daemon, "CONFIRM"), asked(&daemon, "GETPIN")), (1, 1));
    let question = daemon.questions().join("\n");
    assert!(question.contains("Format: CAdES-B-B attached, PAdES-B-B"), "{question}");

    // Nothing is replaced unasked, and that is found out before anybody is asked.
    let again = house.kyso(["sign", "--out-dir", "out", "a.pdf", "z.pdf"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(asked(&daemon, "CONFIRM"), 1);
    house.expect(["sign", "--force", "--out-dir", "out", "a.pdf", "z.pdf"]);
    assert_eq!(asked(&daemon, "CONFIRM"), 2);
}

#[test]
fn a_batch_can_be_looked_at_and_fetched_from_another_terminal() {
    let daemon = DaemonHouse::start(Options::one_token());
    let house = &daemon.house;
    let mut names: Vec<String> = (0..25).map(|number| format!("{number:02}.pdf")).collect();
    names.iter().for_each(|name| drop(house.pdf(name)));
    names.push("--out-dir=out".to_owned());
    let output = house.kyso(["sign".to_owned()].into_iter().chain(names));
    assert!(output.status.success(), "{}\n{}", text(&output.stderr), daemon.log());
    assert!(text(&output.stdout).contains("Signed 25 of 25 files."), "{}", text(&output.stdout));

    let list: Value =
        serde_json::from_str(&house.expect(["batch", "list", "--json"])).expect("JSON");
    let id = list["batches"][0]["id"].as_str().expect("an id").to_owned();
    assert!(text(&output.stderr).contains(&format!("kyso batch show {id}")));
    let shown: Value =
        serde_json::from_str(&house.expect(["batch", "show", "--json", &id])).expect("JSON");
    assert_eq!(shown["counts"]["signed"], 25, "{shown:#}");
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(25));
    assert!(house.expect(["batch", "show", &id]).contains("25 of 25 signed"));
    let fetch = ["batch", "fetch", &id, "--out-dir", "fetched", "--receipt"];
    let said = house.expect(fetch);
    assert_eq!(said.lines().count(), 25, "{said}");
    assert_eq!(house.names("fetched").len(), 50, "25 files, 25 receipts");
    assert_eq!(house.kyso(fetch).status.code(), Some(2), "nothing is replaced unasked");
    assert_three_parts(&house.kyso(["batch", "show", "no-such-batch"]), "an unknown batch");
}

#[test]
fn a_result_that_is_not_what_the_journal_released_is_not_taken() {
    let daemon = DaemonHouse::start(Options::one_token());
    let house = &daemon.house;
    house.pdf("a.pdf");
    house.pdf("b.pdf");
    std::fs::create_dir(house.path("out")).expect("out");
    std::fs::create_dir(house.path("fetched")).expect("fetched");
    house.expect(["sign", "--out-dir", "out", "a.pdf", "b.pdf"]);
    let list: Value =
        serde_json::from_str(&house.expect(["batch", "list", "--json"])).expect("JSON");
    let id = list["batches"][0]["id"].as_str().expect("an id").to_owned();
    let kept = daemon.state().join("results").join(&id).join("0");
    let mut bytes = std::fs::read(&kept).expect("the result at the daemon");
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(&kept, bytes).expect("altered");
    let output = house.kyso(["batch", "fetch", &id, "--out-dir", "fetched", "--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    let fetched = json(&output);
    assert!(fetched["fetched"][0]["error"]["code"].is_string(), "{fetched:#}");
    assert_eq!(house.names("fetched"), ["0001-b.pdf"], "the altered one is not there");
}

/// A daemon whose RSA-4096 token answers through the shim, and `kyso sign` of 80 files under way: at least one is signed.
fn long_batch() -> (DaemonHouse, Child, String) {
    let mut daemon = DaemonHouse::start(Options {
        tokens: vec![("t", "rsa4096")],
        shim: true,
        ..Options::default()
    });
    let names: Vec<String> = (0..80).map(|number| format!("{number:02}.csv")).collect();
    for name in &names {
        std::fs::write(daemon.house.path(name), name).expect("a document");
    }
    std::fs::create_dir(daemon.house.path("out")).expect("out");
    let arguments = ["sign", "--out-dir", "out"].map(str::to_owned).into_iter().chain(names);
    let child = daemon.house.command(arguments).stderr(Stdio::piped()).spawn().expect("kyso");
    let mut id = String::new();
    daemon.wait_until("one is signed", |daemon| {
        let operations = daemon.get("/v1/operations");
        let Some(found) = operations[0]["id"].as_str() else { return false };
        found.clone_into(&mut id);
        daemon.get(&format!("/v1/batches/{id}"))["counts"]["signed"].as_u64() > Some(0)
    });
    (daemon, child, id)
}

/// Waits for the program's end; its exit code and what it said.
fn ended(daemon: &mut DaemonHouse, mut child: Child) -> (Option<i32>, String) {
    daemon.wait_until("kyso ends", |_| child.try_wait().expect("its state").is_some());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    (child.wait().expect("ended").code(), said)
}

#[test]
fn a_pulled_token_is_waited_for_and_named() {
    let (mut daemon, child, id) = long_batch();
    daemon.fault(Fault::Pulled, 0);
    daemon.wait_for_state(&format!("/v1/batches/{id}"), &["paused"]);
    let shown = daemon.house.expect(["batch", "show", &id]);
    assert!(shown.contains("insert the same token again"), "{shown}");
    daemon.fault(Fault::None, 0);
    let (code, said) = ended(&mut daemon, child);
    assert_eq!(code, Some(0), "{said}\n{}", daemon.log());
    assert!(said.contains("The token was removed"), "{said}");
    assert_eq!(daemon.house.names("out").len(), 80);
}

#[test]
fn a_batch_outlives_its_daemon_and_is_resumed_and_fetched() {
    let (mut daemon, child, id) = long_batch();
    daemon.kill9();
    let (code, said) = ended(&mut daemon, child);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("what to do: "), "{said}");
    daemon.launch();
    let shown = daemon.house.expect(["batch", "show", &id]);
    assert!(shown.contains("paused") && shown.contains("kyso batch resume"), "{shown}");
    let output = daemon.house.kyso(["batch", "resume", &id]);
    assert!(output.status.success(), "{}\n{}", text(&output.stderr), daemon.log());
    assert!(text(&output.stdout).contains("80 of 80 signed"), "{}", text(&output.stdout));
    daemon.house.expect(["batch", "fetch", &id, "--out-dir", "out"]);
    let names = daemon.house.names("out");
    assert_eq!(names.len(), 80, "{names:?}");
    assert_eq!(names[79], "0079-79.csv.p7m");
    let report: Value =
        serde_json::from_str(&daemon.house.expect(["journal", "verify", "--json"])).expect("JSON");
    assert_eq!(report["intact"], true, "{report:#}");
}

#[test]
fn a_no_a_wrong_pin_and_silence_sign_nothing() {
    let daemon = DaemonHouse::start(Options {
        config: "[daemon.limits]\nperson-seconds = 2\n".to_owned(),
        ..Options::one_token()
    });
    let house = &daemon.house;
    house.pdf("a.pdf");
    house.pdf("b.pdf");
    std::fs::create_dir(house.path("out")).expect("out");
    for (confirm, pin) in [("deny", PIN), ("hang", PIN), ("accept", "cancel")] {
        daemon.answer(confirm, pin);
        for files in [&["a.pdf"][..], &["a.pdf", "b.pdf"]] {
            let arguments = [&["sign", "--out-dir", "out"][..], files].concat();
            let output = house.kyso(&arguments);
            assert_three_parts(&output, &format!("{confirm} {pin} {files:?}"));
            assert!(house.names("out").is_empty(), "{:?}", house.names("out"));
        }
    }
    daemon.answer("accept", PIN);
    house.expect(["sign", "--out-dir", "out", "a.pdf", "b.pdf"]);
    let report: Value =
        serde_json::from_str(&house.expect(["journal", "verify", "--json"])).expect("JSON");
    assert_eq!((&report["intact"], &report["signed"]), (&true.into(), &2.into()), "{report:#}");
    assert!(report["intents"].as_u64() > Some(2), "what was denied is in the journal: {report:#}");
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(sent.expect("kill").success());
}

#[test]
fn ctrl_c_withdraws_the_question() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    daemon.house.pdf("a.pdf");
    daemon.house.pdf("b.pdf");
    for (round, files) in [&["a.pdf"][..], &["a.pdf", "b.pdf"]].into_iter().enumerate() {
        daemon.answer("hang", PIN);
        let arguments = [&["sign"][..], files].concat();
        let mut child =
            daemon.house.command(arguments).stderr(Stdio::piped()).spawn().expect("kyso");
        daemon.wait_until("the person is asked", |house| asked(house, "CONFIRM") == round + 1);
        interrupt(&child);
        daemon.wait_until("kyso leaves", |_| child.try_wait().expect("its state").is_some());
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert_eq!(child.wait().expect("ended").code(), Some(2), "{said}");
        assert!(said.contains("Cancelling") && said.contains("what to do: "), "{said}");
        assert!(!daemon.house.path("a-signed.pdf").exists());
    }
    daemon.answer("accept", PIN);
    daemon.house.expect(["sign", "a.pdf"]);
}

#[test]
fn a_second_ctrl_c_leaves_it_to_the_daemon_and_a_killed_client_too() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    daemon.house.pdf("a.pdf");
    daemon.house.pdf("b.pdf");
    daemon.answer("accept", "hang");
    let mut child = daemon.house.command(["sign", "a.pdf", "b.pdf"]).spawn().expect("kyso");
    daemon.wait_until("the PIN is asked for", |house| asked(house, "GETPIN") == 1);
    let list: Value =
        serde_json::from_str(&daemon.house.expect(["batch", "list", "--json"])).expect("JSON");
    let id = list["batches"][0]["id"].as_str().expect("an id").to_owned();
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    let batch = daemon.get(&format!("/v1/batches/{id}"));
    assert!(
        !["cancelled", "failed"].contains(&batch["state"].as_str().expect("a state")),
        "{batch:#}"
    );
    let said = daemon.house.expect(["batch", "cancel", &id]);
    assert!(said.contains(&id), "{said}");
    daemon.wait_for_end(&format!("/v1/batches/{id}"));
}

#[test]
fn without_a_daemon_it_says_what_to_do() {
    let daemon = DaemonHouse::prepare(Options::one_token());
    daemon.house.pdf("a.pdf");
    for arguments in
        [&["sign", "a.pdf"][..], &["batch", "list"], &["reissue", "list"], &["batch", "show", "x"]]
    {
        let output = daemon.house.kyso(arguments);
        assert_three_parts(&output, &arguments.join(" "));
        let said = text(&output.stderr);
        assert!(said.contains("kyso daemon run") && said.contains("--direct"), "{said}");
    }
    // A socket whose daemon was killed is nobody's either.
    let mut daemon = daemon;
    daemon.launch();
    daemon.kill9();
    assert!(daemon.socket().exists());
    assert_three_parts(&daemon.house.kyso(["sign", "a.pdf"]), "a stale socket");
}

#[test]
fn it_starts_the_daemon_where_the_configuration_says_so() {
    let daemon = DaemonHouse::prepare(Options {
        config: "start = true\n".to_owned(),
        ..Options::one_token()
    });
    let house = &daemon.house;
    house.pdf("a.pdf");
    let mut sign = daemon.command();
    // The environment of the daemon's own command, which the one that starts it hands down.
    let environment: Vec<_> = sign
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
        .collect();
    sign = house.command(["sign", "a.pdf"]);
    for (name, value) in environment {
        match value {
            Some(value) => sign.env(name, value),
            None => sign.env_remove(name),
        };
    }
    let output = sign.output().expect("kyso");
    let stopped = house.kyso(["daemon", "stop"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(stopped.status.success(), "it ran on: {}", text(&stopped.stderr));
    house.expect(["verify", "--policy", "integrity-only", "a-signed.pdf"]);
    assert_eq!(house.kyso(["daemon", "status"]).status.code(), Some(3), "and is gone");

    // One that cannot start says why.
    daemon.configure("start = true\n[daemon.limits]\nconnections = 5\n");
    std::fs::remove_dir_all(daemon.state()).expect("the state goes");
    std::fs::write(daemon.state(), b"a file in its place").expect("a file");
    let output = house.kyso(["sign", "--force", "a.pdf"]);
    assert_three_parts(&output, "a daemon that cannot start");
}

#[test]
fn what_belongs_to_direct_is_refused_by_name() {
    let daemon = DaemonHouse::start(Options::one_token());
    let house = &daemon.house;
    house.pdf("a.pdf");
    let pin = format!("pkcs11:token=t?pin-source=file:{}", house.path("pin").display());
    let module = format!("pkcs11:token=t?module-path={}", house.softhsm.module().display());
    for arguments in [
        &["--credential", &pin][..],
        &["--credential", &module],
        &["--credential", "file:key.p12"],
        &["--trust", "root.pem"],
        &["--untrusted", "root.pem"],
        &["--sessions", "4"],
    ] {
        let output = house.kyso([&["sign", "a.pdf"][..], arguments].concat());
        assert_three_parts(&output, &arguments.join(" "));
        assert!(text(&output.stderr).contains("--direct"), "{}", text(&output.stderr));
    }
    let output = house.kyso(["--journal", "other.sqlite", "sign", "a.pdf"]);
    assert_three_parts(&output, "another journal");
    assert!(!house.path("other.sqlite").exists());
    let journal = house.path("journal/journal.sqlite");
    house.expect(["--journal", journal.to_str().expect("UTF-8"), "sign", "a.pdf"]);
    assert_eq!(asked(&daemon, "CONFIRM"), 1, "the others asked nobody");
}

#[test]
fn a_listed_key_file_signs() {
    let daemon = DaemonHouse::prepare(Options {
        config: "key-files = [\"key.p12\"]\n".to_owned(),
        ..Options::default()
    });
    let house = &daemon.house;
    house.expect(["token", "init", "--file", "key.p12", "--label", "k", "--pin-file", "pin"]);
    house.expect(["token", "generate", "--file", "key.p12", "--pin-file", "pin", "-o", "spki.pem"]);
    let certificate = house.issue(&house.profile(), &house.path("spki.pem"));
    std::fs::write(house.path("certificate.pem"), certificate).expect("certificate.pem");
    house.expect([
        "token",
        "import",
        "--file",
        "key.p12",
        "--certificate",
        "certificate.pem",
        "--pin-file",
        "pin",
    ]);
    std::fs::copy(house.path("key.p12"), house.path("other.p12")).expect("a copy");
    let mut daemon = daemon;
    daemon.launch();
    let house = &daemon.house;
    house.pdf("a.pdf");
    house.expect(["sign", "--credential", "file:key.p12", "a.pdf"]);
    house.expect(["verify", "--policy", "integrity-only", "a-signed.pdf"]);
    let output = house.kyso(["sign", "--force", "--credential", "file:other.p12", "a.pdf"]);
    assert_three_parts(&output, "a key file that is not listed");
    assert!(text(&output.stderr).contains("key-files"), "{}", text(&output.stderr));
}

#[test]
fn another_users_socket_is_not_spoken_to() {
    if !rustix::process::getuid().is_root() {
        println!("skipped: needs root, to give a socket away");
        return;
    }
    let daemon = DaemonHouse::start(Options::default());
    daemon.house.pdf("a.pdf");
    std::os::unix::fs::chown(daemon.socket(), Some(65_534), None)
        .expect("the socket is given away");
    let output = daemon.house.kyso(["sign", "a.pdf"]);
    assert_three_parts(&output, "a foreign socket");
    assert!(text(&output.stderr).contains("another user"), "{}", text(&output.stderr));
    std::os::unix::fs::chown(daemon.socket(), Some(0), None).expect("and taken back");
}

#[test]
fn on_a_terminal_the_daemon_asks_there() {
    let mut daemon = DaemonHouse::start(Options::one_token());
    daemon.house.pdf("a.pdf");
    // `script` gives the program a terminal and passes our input on to it.
    let program = format!("'{}' sign a.pdf", env!("CARGO_BIN_EXE_kyso"));
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &program, "/dev/null"]).current_dir(daemon.house.folder.path());
    for (name, value) in daemon.house.command([""; 0]).get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: needs `script` (util-linux)");
        return;
    };
    let mut output = child.stdout.take().expect("piped");
    let mut input = child.stdin.take().expect("piped");
    let (sender, seen) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = output.read(&mut piece) {
            let _ = sender.send(text(&piece[..read]));
        }
    });
    let mut said = String::new();
    for (question, answer) in [("Sign this document?", "y\n"), ("PIN", &*format!("{PIN}\n"))] {
        daemon.wait_until(question, |_| {
            said.extend(seen.try_iter());
            said.contains(question)
        });
        // The prompt flushes what was typed before it and lets the lines above it stand for a moment.
        std::thread::sleep(std::time::Duration::from_secs(1));
        input.write_all(answer.as_bytes()).expect("typed");
        said.clear();
    }
    daemon.wait_until("it ends", |_| child.try_wait().expect("its state").is_some());
    said.extend(seen.try_iter());
    assert!(child.wait().expect("ended").success(), "{said}");
    assert!(!said.contains(PIN), "the PIN is not echoed: {said}");
    assert_eq!(daemon.questions(), [""; 0], "pinentry is not used");
    daemon.house.expect(["verify", "--policy", "integrity-only", "a-signed.pdf"]);
}

/// Names of the members that a schema, with those it refers to, lets into a request.
fn members(
    document: &Value,
    schema: &Value,
    seen: &mut BTreeSet<String>,
    found: &mut BTreeSet<String>,
) {
    if let Some(name) = schema["$ref"].as_str() {
        if seen.insert(name.to_owned()) {
            let pointer = name.trim_start_matches('#');
            members(document, document.pointer(pointer).expect("a schema"), seen, found);
        }
        return;
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        members(document, member, seen, found);
    }
    for way in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[way].as_array().into_iter().flatten() {
            members(document, schema, seen, found);
        }
    }
    if schema["items"].is_object() {
        members(document, &schema["items"], seen, found);
    }
}

#[test]
fn the_api_takes_no_pin() {
    let daemon = DaemonHouse::start(Options::one_token());
    let document = daemon.get("/openapi.json");
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    for methods in document["paths"].as_object().expect("paths").values() {
        for operation in methods.as_object().expect("methods").values() {
            let contents = operation["requestBody"]["content"].as_object();
            for content in contents.into_iter().flat_map(|contents| contents.values()) {
                members(&document, &content["schema"], &mut seen, &mut found);
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                found.extend(parameter["name"].as_str().map(str::to_owned));
            }
        }
    }
    assert!(found.contains("credential") && found.contains("consent"), "{found:?}");
    let suspects =
        ["pin", "password", "passphrase", "secret", "pin-source", "pin_source", "module-path"];
    for name in &found {
        assert!(!suspects.contains(&&*name.to_lowercase()), "{name} in {found:?}");
    }

    // Nor does it let one pass that it does not describe.
    let uploaded = daemon.upload("a.csv", b"x");
    let id = uploaded["id"].as_str().expect("an id");
    for request in [
        serde_json::json!({ "document": id, "pin": PIN }),
        serde_json::json!({ "document": id, "consent": { "via": "policy", "pin": PIN } }),
        serde_json::json!({ "document": id, "credential": "pkcs11:token=t?pin-value=247913" }),
        serde_json::json!({ "document": id, "credential": "pkcs11:token=t?pin-source=file:/x" }),
        serde_json::json!({ "document": id, "credential": "pkcs11:token=t?module-path=/x.so" }),
        serde_json::json!({ "document": id, "credential": "pkcs11:token=t?pin-source=|sh" }),
    ] {
        let refused = daemon.post("/v1/signatures", &request);
        assert!([400, 422].contains(&refused.status), "{} {request}", refused.status);
        assert!(!refused.text().contains(PIN), "{}", refused.text());
    }
    assert_eq!(daemon.questions(), [""; 0]);
    assert!(!daemon.log().contains(PIN));
}
