//! Start, status, reload, stop.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::house::daemon::{Connection, DaemonHouse, Options, PATIENCE};
use crate::house::text;

#[test]
fn it_starts_answers_and_stops() {
    let mut daemon = DaemonHouse::start(Options::default());
    let info = daemon.get("/v1/info");
    assert_eq!(info["name"], "kyso");
    assert_eq!(info["plane"], "native");
    assert_eq!(info["pid"], daemon.pid());
    assert_eq!(info["limits"]["batch_items"], 10_000);
    let ready = daemon.get("/readyz");
    assert_eq!(ready["status"], "ok", "{ready}");
    assert_eq!(ready["checks"].as_array().expect("checks").len(), 3);
    daemon.stop();
    assert!(!daemon.socket().exists());
}

#[test]
fn readiness_says_what_fails() {
    let daemon = DaemonHouse::start(Options::default());
    std::fs::remove_dir(daemon.state().join("documents")).expect("removed");
    let response = daemon.request("GET", "/readyz", &[], b"");
    assert_eq!(response.status, 503);
    let health = response.json();
    assert_eq!(health["status"], "failing");
    let spool =
        health["checks"].as_array().expect("checks").iter().find(|check| check["name"] == "spool");
    assert_eq!(spool.expect("the spool")["code"], "spool-unwritable");
    assert_eq!(daemon.request("GET", "/healthz", &[], b"").status, 200);
}

#[test]
fn status_and_stop_speak_to_the_daemon_that_runs() {
    let mut daemon = DaemonHouse::prepare(Options::default());
    let none = daemon.house.kyso(["daemon", "status"]);
    assert_eq!(none.status.code(), Some(3), "{}", text(&none.stderr));
    assert!(text(&none.stdout).contains("No daemon runs."));
    let none = daemon.house.kyso(["daemon", "stop"]);
    assert_eq!(none.status.code(), Some(3));

    daemon.launch();
    let said = daemon.house.expect(["daemon", "status"]);
    assert!(said.contains(&format!("process {}", daemon.pid())), "{said}");
    assert!(said.contains("journal: works"), "{said}");
    let said = daemon.house.expect(["daemon", "status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(status["running"], true);
    assert_eq!(status["ready"], true);
    assert_eq!(status["pid"], daemon.pid());
    assert_eq!(status["journal_records"], 0);
    assert!(!status["started_at"].as_str().expect("a time").is_empty());

    // A request in hand is answered before the end.
    let mut busy = daemon.connect().expect("a connection");
    let digest = crate::house::daemon::content_digest(b"0123456789");
    let headers = [("Content-Length", "10"), ("Content-Digest", &*digest)];
    busy.send("POST", "/v1/documents?name=a", &headers, b"01234").expect("half a body");
    daemon.wait_until("the request is in hand", |daemon| {
        let meters = daemon.request("GET", "/metrics", &[], b"").text();
        meters.lines().any(|line| line == "kyso_connections 2")
    });
    let mut stop = daemon
        .house
        .command(["daemon", "stop"])
        .stdout(Stdio::null())
        .spawn()
        .expect("kyso daemon stop");
    daemon.wait_until("the daemon takes nobody new", |daemon| daemon.connect().is_err());
    busy.raw(b"56789").expect("the other half");
    assert_eq!(busy.response("POST").expect("an answer").status, 201);
    assert!(stop.wait().expect("it ends").success());
    daemon.ended();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut daemon = DaemonHouse::start(Options::default());
    let mut busy = daemon.connect().expect("a connection");
    let digest = crate::house::daemon::content_digest(b"0123456789");
    let headers = [("Content-Length", "10"), ("Content-Digest", &*digest)];
    busy.send("POST", "/v1/documents?name=a", &headers, b"01234").expect("half a body");
    daemon.wait_until("the request is in hand", |daemon| {
        let meters = daemon.request("GET", "/metrics", &[], b"").text();
        meters.lines().any(|line| line == "kyso_connections 2")
    });
    daemon.signal("TERM");
    daemon.wait_until("the daemon takes nobody new", |daemon| daemon.connect().is_err());
    daemon.signal("TERM");
    daemon.ended();
    assert!(daemon.log().contains("stopped at once"), "{}", daemon.log());
}

#[test]
fn hanging_up_reads_the_configuration_again() {
    let mut daemon = DaemonHouse::start(Options::default());
    daemon.configure("[daemon.limits]\nbatch-items = 7\n");
    daemon.hang_up();
    daemon.wait_until("the new limit holds", |daemon| {
        daemon.get("/v1/info")["limits"]["batch_items"] == 7
    });
    // A bad file changes nothing, and the log says why.
    daemon.configure("no-such-key = 1\n[daemon.limits]\nbatch-items = 8\n");
    daemon.hang_up();
    daemon.wait_until("the log tells of it", |daemon| {
        daemon.log().contains("configuration refused") && daemon.log().contains("no-such-key")
    });
    assert_eq!(daemon.get("/v1/info")["limits"]["batch_items"], 7);
}

#[test]
fn systemd_may_hold_the_socket() {
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        println!("skipped: systemd-socket-activate is not installed");
        return;
    }
    let mut daemon = DaemonHouse::prepare(Options::default());
    let folder = daemon.house.path("run");
    std::fs::create_dir(&folder).expect("made");
    let run = daemon.command();
    let mut activated = Command::new("systemd-socket-activate");
    activated.arg("-l").arg(daemon.socket());
    // It hands its environment on only where it is told to.
    for (name, value) in run.get_envs() {
        if let Some(value) = value {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            activated.arg("-E").arg(format!("{name}={value}"));
        }
    }
    activated.arg(run.get_program()).args(run.get_args());
    let mut child = activated.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        daemon.wait_until("the daemon answers", |daemon| {
            daemon.try_request("GET", "/healthz", &[], b"").is_ok_and(|reply| reply.status == 200)
        });
        // It became the daemon: the socket's keeper replaced itself.
        assert_eq!(daemon.get("/v1/info")["pid"], child.id());
        daemon.house.expect(["daemon", "stop"]);
    }));
    let _ = child.kill();
    child.wait().expect("it is gone");
    answered.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // The name is its keeper's, not ours to take away.
    assert!(daemon.socket().exists());
}

#[test]
fn old_log_files_go() {
    let daemon = DaemonHouse::prepare(Options::default());
    let folder = daemon.house.path("log");
    std::fs::create_dir(&folder).expect("made");
    for day in 1..=20 {
        std::fs::write(folder.join(format!("kyso.2026-01-{day:02}.log")), "old\n")
            .expect("written");
    }
    std::fs::write(folder.join("letter.txt"), "not a log").expect("written");
    daemon.configure(&format!("[daemon.log]\nfolder = {folder:?}\nkeep = 3\njson = true\n"));
    let mut daemon = daemon;
    daemon.launch();
    daemon.stop();
    let names = daemon.house.names("log");
    let logs: Vec<&String> = names.iter().filter(|name| name.ends_with(".log")).collect();
    assert!(logs.len() <= 3, "{names:?}");
    assert!(names.contains(&"letter.txt".to_owned()), "{names:?}");
    let newest = std::fs::read_to_string(folder.join(logs.last().expect("a log"))).expect("read");
    for line in newest.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("JSON");
    }
    assert!(newest.contains("\"ready\"") && newest.contains("\"stopped\""), "{newest}");
}

#[test]
fn the_log_and_the_metrics_hold_no_names() {
    let config = "[daemon.log]\nlevel = \"trace\"\n".to_owned();
    let daemon = DaemonHouse::start(Options { config, ..Options::default() });
    daemon.upload("Mật vụ án 99.pdf", b"secret content");
    let _ = daemon.request("GET", "/v1/documents?after=ten-nguoi-dan", &[], b"");
    let _ = daemon.request("GET", "/v1/ten-nguoi-dan/99", &[], b"");
    let meters = daemon.request("GET", "/metrics", &[], b"").text();
    assert!(
        meters.contains("route=\"/v1/documents\",status=\"201\"")
            || meters.contains("status=\"201\""),
        "{meters}"
    );
    for (place, text) in [("log", daemon.log()), ("metrics", meters)] {
        for secret in ["vụ án", "M%E1", "secret content", "ten-nguoi-dan"] {
            assert!(!text.contains(secret), "{secret} is in the {place}:\n{text}");
        }
    }
}

/// From `kyso daemon run` to the first answer, and what an idle daemon holds; prints the figures.
#[test]
fn it_is_there_soon_and_stays_small() {
    let mut daemon = DaemonHouse::start(Options::default());
    daemon.kill9();
    let started = Instant::now();
    let mut child = daemon.command().stderr(Stdio::null()).spawn().expect("kyso daemon run");
    let answer = loop {
        let asked = Connection::open(&daemon.socket())
            .and_then(|mut connection| connection.request("GET", "/v1/info", &[], b""));
        if let Ok(answer) = asked {
            break answer;
        }
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_micros(500));
    };
    println!("start to first answer: {:?}", started.elapsed());
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("status");
    let resident =
        status.lines().find(|line| line.starts_with("VmRSS")).expect("a line").to_owned();
    println!("idle: {resident}");
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    assert_eq!(answer.status, 200);
    let kilobytes: u64 =
        resident.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    // Unoptimized code is larger; the release build is measured by the benchmark.
    assert!(kilobytes < 60_000, "{resident}");
}
