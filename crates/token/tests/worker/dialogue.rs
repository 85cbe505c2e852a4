//! Prompts by themselves: consent on a terminal and in a pinentry, and pinentries that misbehave.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kyso_token::prompt::{
    Confirmation, Confirmed, Lang, Pinentry, Refused, Terminal, find_pinentry,
};
use kyso_token::{
    Pin, PinPrompt as _, PinPurpose, PinRefused, PinRequest, PinState, pkcs12::token_info,
};

use super::prompts::{pinentry, script};
use super::pty::Desk;

const LONG: Duration = Duration::from_secs(60);

fn question() -> Confirmation {
    Confirmation {
        title: "Ký 2 tài liệu?".into(),
        lines: vec!["cong-van.pdf".into(), "giả\u{202e}fdp.exe".into()],
        ok: "Ký".into(),
        cancel: "Hủy".into(),
    }
}

fn request(purpose: PinPurpose) -> PinRequest {
    let token = token_info(Path::new("/home/ty/khoa.p12"));
    PinRequest { purpose, token, state: PinState::default() }
}

fn at(desk: &Desk) -> Terminal {
    let tty = desk.path.clone();
    Terminal { tty, lang: Lang::Vi, context: Vec::new(), timeout: LONG }
}

fn meanwhile<T: Send>(ask: impl FnOnce() -> T + Send, person: impl FnOnce()) -> T {
    std::thread::scope(|scope| {
        let asking = scope.spawn(ask);
        person();
        asking.join().unwrap()
    })
}

#[test]
fn consent_on_a_terminal_is_a_typed_yes() {
    let answers = [
        ("c\n", true),
        ("Có\n", true),
        ("Y\r", true),
        ("\n", false),
        ("k\n", false),
        ("cc\n", false),
        ("c\u{3}", false),
    ];
    for (typed, yes) in answers {
        let desk = Desk::new();
        // Before the question: no answer to it.
        desk.press("c\n");
        let terminal = at(&desk);
        let answer = meanwhile(
            || terminal.confirm(&question(), LONG),
            || {
                desk.sees("Ký / Hủy [c/K]: ");
                desk.press(typed);
            },
        );
        let expected: Result<Confirmed, Refused> = answer;
        assert_eq!(expected.is_ok(), yes, "{typed:?}");
        assert!(yes || expected == Err(Refused::Denied));
        assert!(desk.screen().contains("giả\\u{202e}fdp.exe"), "{}", desk.screen());
        desk.until_it_echoes();
    }
}

#[test]
fn a_silent_or_absent_person_gives_no_consent() {
    let desk = Desk::new();
    let soon = Duration::from_millis(300);
    assert_eq!(at(&desk).confirm(&question(), soon), Err(Refused::TimedOut));
    let nobody = Terminal { tty: "/dev/null".into(), ..at(&desk) };
    assert_eq!(nobody.confirm(&question(), LONG), Err(Refused::NoPrompt));
    // Two questions at once would share what is typed.
    desk.clear();
    let terminal = at(&desk);
    let answer = meanwhile(
        || terminal.confirm(&question(), LONG),
        || {
            desk.sees("[c/K]: ");
            assert_eq!(terminal.confirm(&question(), LONG), Err(Refused::NoPrompt));
            desk.press("y\n");
        },
    );
    assert!(answer.is_ok());
    desk.until_it_echoes();
}

#[test]
fn a_new_pin_is_typed_twice() {
    for (again, taken) in [("654321\n", true), ("654322\n", false)] {
        let desk = Desk::new();
        let terminal = at(&desk);
        let pin = meanwhile(
            || terminal.pin(&request(PinPurpose::NewUser)),
            || {
                desk.sees("Mã PIN mới: ");
                desk.press("654321\n");
                desk.sees("Nhập lại lần nữa: ");
                desk.press(again);
            },
        );
        assert_eq!(pin.map(|pin| pin.expose().to_owned()).ok(), taken.then(|| "654321".into()));
    }
}

#[test]
fn a_password_has_letters_and_can_be_mended() {
    let desk = Desk::new();
    let terminal = at(&desk);
    let pin = meanwhile(
        || terminal.pin(&request(PinPurpose::KeyFile)),
        || {
            desk.sees("Mật khẩu của tệp khóa: ");
            desk.press("rubbish\u{15}Mật khẩứ\u{7f}u 2/9\n");
        },
    );
    assert_eq!(pin.ok().as_ref().map(Pin::expose), Some("Mật khẩu 2/9"));
    assert!(desk.screen().contains("Tệp khóa: khoa.p12"));
    assert!(!desk.screen().contains("Mật khẩu 2/9"));
}

fn refused(program: PathBuf) -> PinRefused {
    let soon = Duration::from_secs(1);
    let dialogue = Pinentry { timeout: soon, ..pinentry(program) };
    dialogue.pin(&request(PinPurpose::Login)).err().unwrap()
}

#[test]
fn a_pinentry_that_misbehaves_gives_no_pin() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, getpin: &str| script(folder.path(), name, getpin);
    for (name, getpin, expected) in [
        ("hangs", "exec sleep 600", PinRefused::TimedOut),
        ("garbage", "echo 'garbage'", PinRefused::NoPrompt),
        ("bytes", "head -c 5000 /dev/urandom", PinRefused::NoPrompt),
        ("long-line", "head -c 100000 /dev/zero | tr '\\0' 1", PinRefused::NoPrompt),
        ("long-data", "while :; do echo 'D 1111111111111111111111'; done", PinRefused::NoPrompt),
        ("comments", "while :; do echo '# still here'; done", PinRefused::NoPrompt),
        ("half-escape", "echo 'D 12%4'; echo OK", PinRefused::NoPrompt),
        ("no-text", "printf 'D \\377\\376\\nOK\\n'", PinRefused::Cancelled),
        ("empty", "echo OK", PinRefused::Cancelled),
        ("leaves", "exit 0", PinRefused::NoPrompt),
        ("refuses", "echo 'ERR 83886340 Something else'", PinRefused::NoPrompt),
    ] {
        let start = Instant::now();
        assert_eq!(refused(path(name, getpin)), expected, "{name}");
        assert!(start.elapsed() < LONG, "{name}");
    }
    assert_eq!(refused("/nowhere/pinentry".into()), PinRefused::NoPrompt);
    assert_eq!(refused("pinentry".into()), PinRefused::NoPrompt);
    let greeting = folder.path().join("rude");
    std::fs::write(&greeting, "#!/bin/sh\necho 'ERR 1 go away'\n").unwrap();
    assert_eq!(refused(greeting), PinRefused::NoPrompt);
}

#[test]
fn a_pinentry_gives_data_in_pieces_and_escapes() {
    let folder = tempfile::tempdir().unwrap();
    let getpin =
        "echo '# a comment'; echo 'D 12%25'; echo 'S PIN_REPEATED'; echo 'D 34%0a'; echo 'OK done'";
    let dialogue = pinentry(script(folder.path(), "pieces", getpin));
    let pin = dialogue.pin(&request(PinPurpose::Login)).ok().unwrap();
    assert_eq!(pin.expose(), "12%34\n");
    let quality = "echo 'INQUIRE QUALITY 12'; read -r end; echo \"D $end\"; echo OK";
    let dialogue = pinentry(script(folder.path(), "quality", quality));
    let pin = dialogue.pin(&request(PinPurpose::Login)).ok().unwrap();
    assert_eq!(pin.expose(), "END");
}

#[test]
fn consent_through_a_pinentry() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |name: &str, answer: &str, timeout| {
        pinentry(script(folder.path(), name, answer)).confirm(&question(), timeout)
    };
    assert!(ask("yes", "echo OK", LONG).is_ok());
    let said = std::fs::read_to_string(folder.path().join("said")).unwrap();
    assert!(
        said.contains("SETDESC Ký 2 tài liệu?%0A%0Acong-van.pdf%0Agiả\\u{202e}fdp.exe\n"),
        "{said}"
    );
    assert!(said.contains("SETOK Ký\n") && said.contains("SETCANCEL Hủy\n"));
    let no = "echo 'ERR 83886194 Not confirmed <Pinentry>'";
    assert_eq!(ask("no", no, LONG), Err(Refused::Denied));
    let closed = "echo 'ERR 83886179 Operation cancelled <Pinentry>'";
    assert_eq!(ask("closed", closed, LONG), Err(Refused::Denied));
    let soon = Duration::from_millis(300);
    assert_eq!(ask("hangs", "exec sleep 600", soon), Err(Refused::TimedOut));
    assert_eq!(ask("leaves", "exit 0", LONG), Err(Refused::NoPrompt));
    // What cannot be shown whole is not asked at all.
    let mut long = question();
    long.lines = vec!["một dòng".into(); 200];
    let yes = pinentry(script(folder.path(), "yes", "echo OK"));
    assert_eq!(yes.confirm(&long, LONG), Err(Refused::NoPrompt));
}

#[test]
fn a_pinentry_is_found_by_configuration_or_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().as_os_str();
    assert_eq!(find_pinentry(None, Some(path)), None);
    assert_eq!(find_pinentry(None, None), None);
    let curses = script(folder.path(), "pinentry-curses", "echo OK");
    assert_eq!(find_pinentry(None, Some(path)), Some(curses.clone()));
    let first = script(folder.path(), "pinentry", "echo OK");
    assert_eq!(find_pinentry(None, Some(path)), Some(first));
    assert_eq!(find_pinentry(Some(&curses), None), Some(curses));
    assert_eq!(find_pinentry(Some(Path::new("/nowhere/pinentry")), Some(path)), None);
    // The current folder is nobody's PATH.
    assert_eq!(find_pinentry(None, Some(OsStr::new(".:bin"))), None);
}

/// The real one (Debian's pinentry-tty), on a terminal of its own.
#[test]
fn the_real_pinentry_tty() {
    let program = find_pinentry(Some(Path::new("/usr/bin/pinentry-tty")), None)
        .expect("install pinentry-tty (cargo xtask setup)");
    let desk = Desk::new();
    let tty = Some((desk.path.clone(), "xterm".to_owned()));
    let dialogue = Pinentry { tty, timeout: LONG, lang: Lang::En, ..pinentry(program) };
    let pin = meanwhile(
        || dialogue.pin(&request(PinPurpose::KeyFile)),
        || {
            desk.sees("Ký 12 tài liệu, 100 %");
            desk.sees("Password of the key file:");
            desk.press("s3cret %25\n");
        },
    );
    assert_eq!(pin.ok().as_ref().map(Pin::expose), Some("s3cret %25"));
    assert!(desk.screen().contains("khoa.p12") && !desk.screen().contains("s3cret"));
    desk.clear();
    let cancelled = meanwhile(
        || dialogue.pin(&request(PinPurpose::Login)),
        || {
            desk.sees("PIN:");
            // pinentry-tty takes the end of input for a cancel.
            desk.press("\u{4}");
        },
    );
    assert!(cancelled.is_err());
    // The letters it underlines in the two labels.
    for (key, yes) in [("k", true), ("h", false)] {
        desk.clear();
        let answer = meanwhile(
            || dialogue.confirm(&question(), LONG),
            || {
                desk.sees("cong-van.pdf");
                desk.sees("[kh]? ");
                desk.press(key);
            },
        );
        assert_eq!(answer.is_ok(), yes, "{key}: {}", desk.screen());
    }
}
