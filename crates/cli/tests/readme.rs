//! README's scripts, taken from README itself and run against a daemon.

#![cfg(target_os = "linux")]

mod house;

use std::process::Command;

use house::daemon::{DaemonHouse, Options};
use house::text;

/// The fenced block that follows `<!-- run: NAME -->`.
#[track_caller]
fn script(name: &str) -> String {
    let readme = include_str!("../../../README.md");
    let marker = format!("<!-- run: {name} -->\n```");
    let (_, behind) = readme.split_once(&marker).expect("README marks the script");
    let (_, body) = behind.split_once('\n').expect("a fence is a line");
    body.split_once("\n```").expect("the fence ends").0.to_owned()
}

/// Lines that do something.
fn lines(script: &str) -> usize {
    script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("import ")).count()
}

/// A desk whose daemon listens where `$XDG_RUNTIME_DIR` says.
#[track_caller]
fn desk() -> DaemonHouse {
    let daemon = DaemonHouse::start(Options::one_token());
    let runtime = daemon.house.path("xdg");
    std::fs::create_dir(&runtime).expect("a folder");
    let folder = daemon.socket().parent().expect("a folder").to_path_buf();
    std::os::unix::fs::symlink(folder, runtime.join("kyso")).expect("a link");
    daemon.house.pdf("report.pdf");
    daemon
}

#[track_caller]
fn run(daemon: &DaemonHouse, program: &str, flag: &str, script: &str) {
    let output = Command::new(program)
        .args([flag, script])
        .current_dir(daemon.house.folder.path())
        .env("XDG_RUNTIME_DIR", daemon.house.path("xdg"))
        .output()
        .expect("the interpreter runs");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}\n{}\n{}", text(&output.stderr), daemon.log());
    assert!(said.lines().any(|line| line == "TOTAL-PASSED"), "{said}\n{}", text(&output.stderr));
    daemon.house.expect(["verify", "--policy", "integrity-only", "report-signed.pdf"]);
}

#[test]
fn ten_lines_of_curl_sign_and_verify() {
    let daemon = desk();
    let script = script("curl");
    assert_eq!(lines(&script), 10, "{script}");
    run(&daemon, "sh", "-euc", &script);
    daemon.house.expect(["journal", "verify", "report-signed.pdf.tlog-proof"]);
}

#[test]
fn ten_lines_of_python_sign_and_verify() {
    let daemon = desk();
    let script = script("python");
    assert_eq!(lines(&script), 10, "{script}");
    run(&daemon, "python3", "-c", &script);
}
