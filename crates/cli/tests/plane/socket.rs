//! The socket's place, and who may come to it.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::house::daemon::{DaemonHouse, Options, PATIENCE};
use crate::house::text;

/// Runs a daemon that is expected to refuse its start; gives what it says.
#[track_caller]
fn refused(daemon: &DaemonHouse) -> String {
    let mut child = daemon.command().stderr(Stdio::piped()).spawn().expect("kyso daemon run");
    let end = Instant::now() + PATIENCE;
    while child.try_wait().expect("its state").is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    // One that runs after all must not outlive the test.
    let _ = child.kill();
    let output = child.wait_with_output().expect("its words");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    text(&output.stderr)
}

/// Puts the socket elsewhere in the configuration.
fn move_socket(daemon: &DaemonHouse, to: &Path) {
    let config = std::fs::read_to_string(daemon.house.path("config.toml")).expect("config.toml");
    let config = config.replace(&format!("{:?}", daemon.socket()), &format!("{to:?}"));
    std::fs::write(daemon.house.path("config.toml"), config).expect("config.toml");
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn socket_and_folders_are_the_users_alone() {
    let daemon = DaemonHouse::start(Options::default());
    assert_eq!(mode(&daemon.socket()), 0o600);
    assert_eq!(mode(daemon.socket().parent().expect("a folder")), 0o700);
    for name in ["", "documents", "results"] {
        assert_eq!(mode(&daemon.state().join(name)), 0o700, "{name}");
    }
    for name in ["daemon.sqlite", "daemon.lock"] {
        assert_eq!(mode(&daemon.state().join(name)), 0o600, "{name}");
    }
    // No memory image of a process through which PINs may pass, and nothing to inherit a looser mask.
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).expect("limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("status");
    assert!(status.contains("Umask:\t0077"), "{status}");
}

#[test]
fn a_path_that_does_not_fit_is_named_before_anything_is_made() {
    let daemon = DaemonHouse::prepare(Options::default());
    let long = daemon.house.path(&"s".repeat(150)).join("kyso.sock");
    move_socket(&daemon, &long);
    let said = refused(&daemon);
    assert!(said.contains("the socket's path is too long"), "{said}");
    assert!(said.contains("at most 107"), "{said}");
    assert!(!long.parent().expect("a folder").exists());
}

#[test]
fn a_folder_that_others_can_reach_is_refused() {
    let daemon = DaemonHouse::prepare(Options::default());
    let folder = daemon.house.path("run");
    std::fs::create_dir(&folder).expect("made");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("opened");
    let said = refused(&daemon);
    assert!(said.contains("not yours alone") && said.contains("mode 0755"), "{said}");

    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("closed");
    let link = daemon.house.path("link");
    symlink(&folder, &link).expect("linked");
    move_socket(&daemon, &link.join("kyso.sock"));
    let said = refused(&daemon);
    assert!(said.contains("is a link"), "{said}");
}

#[test]
fn a_state_folder_that_others_write_is_refused() {
    let daemon = DaemonHouse::prepare(Options::default());
    let folder = daemon.state();
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o770)).expect("opened");
    let said = refused(&daemon);
    assert!(said.contains("not yours alone") && said.contains("mode 0770"), "{said}");
    assert!(
        std::fs::read_dir(&folder).expect("a folder").next().is_none(),
        "nothing is made there"
    );
}

#[test]
fn what_lies_at_the_sockets_place_is_left_alone() {
    let daemon = DaemonHouse::prepare(Options::default());
    let folder = daemon.house.path("run");
    std::fs::create_dir(&folder).expect("made");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("closed");
    std::fs::write(daemon.socket(), b"a letter").expect("written");
    let said = refused(&daemon);
    assert!(said.contains("something else lies at the socket's place"), "{said}");
    assert_eq!(std::fs::read(daemon.socket()).expect("still there"), b"a letter");

    std::fs::remove_file(daemon.socket()).expect("removed");
    let other = UnixListener::bind(daemon.socket()).expect("another program's socket");
    let said = refused(&daemon);
    assert!(said.contains("another program listens on this socket"), "{said}");
    assert!(daemon.socket().exists());
    drop(other);
}

#[test]
fn a_stale_socket_is_replaced() {
    let mut daemon = DaemonHouse::start(Options::default());
    daemon.kill9();
    assert!(
        std::fs::symlink_metadata(daemon.socket()).expect("it is left").file_type().is_socket()
    );
    daemon.launch();
    assert_eq!(daemon.get("/v1/info")["pid"], daemon.pid());
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let daemon = DaemonHouse::start(Options::default());
    let said = refused(&daemon);
    assert!(said.contains("another kyso daemon is running"), "{said}");
    assert!(said.contains(&format!("process {}", daemon.pid())), "{said}");
    assert!(said.contains("kyso daemon status"), "{said}");
    assert_eq!(daemon.get("/v1/info")["pid"], daemon.pid());
    // Another socket does not make two daemons of one state folder either.
    move_socket(&daemon, &daemon.house.path("run2/kyso.sock"));
    let said = refused(&daemon);
    assert!(said.contains("another kyso daemon is running"), "{said}");
}

#[test]
fn another_user_gets_421_on_every_route() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    let daemon = DaemonHouse::start(Options::default());
    // Doors that are closed in life stand open here, so that the daemon's own check is what answers.
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("opened");
    };
    open(daemon.house.folder.path(), 0o755);
    open(daemon.socket().parent().expect("a folder"), 0o755);
    open(&daemon.socket(), 0o666);
    for (method, path) in [
        ("GET", "/v1/info"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/v1/documents"),
        ("POST", "/v1/documents?name=a"),
        ("POST", "/v1/signatures"),
        ("GET", "/v1/nothing"),
    ] {
        let output = as_nobody(&daemon, method, path);
        let said = text(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", text(&output.stderr));
        assert!(said.starts_with("HTTP/1.1 421"), "{method} {path}: {said}");
        assert!(said.contains("\"code\":\"other-user\""), "{said}");
        assert!(said.to_lowercase().contains("connection: close"), "{said}");
    }
    assert_eq!(daemon.get("/v1/documents")["total_size"], 0);
}

fn as_nobody(daemon: &DaemonHouse, method: &str, path: &str) -> Output {
    Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .args(["curl", "-sS", "-i", "-m", "30", "-X", method, "--unix-socket"])
        .arg(daemon.socket())
        .arg(format!("http://localhost{path}"))
        .stdin(Stdio::null())
        .output()
        .expect("setpriv and curl")
}
