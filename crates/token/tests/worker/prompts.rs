//! A worker that asks the person itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kyso_testkit::shim::Fault;
use kyso_token::prompt::{Lang, Pinentry, Terminal};
use kyso_token::worker::{Bounds, WorkerStore};
use kyso_token::{Credential, KeyStore as _, PinRefused, PinSource, SigningAct, TokenError};
use rustix::process::{Pid, Signal, kill_process};

use super::pty::Desk;
use super::rig::{bounds, module, only_pid, store, store_with};
use crate::case::{Bench, ECDSA_SHA256, LABEL, PIN, limits, sign_and_verify};

fn terminal(desk: &Desk) -> Terminal {
    Terminal {
        tty: desk.path.clone(),
        lang: Lang::Vi,
        context: vec!["Ký 12 tài liệu".into(), "đánh lừa\u{1b}[2J".into()],
        timeout: Duration::from_secs(60),
    }
}

type Opened = Result<Box<dyn SigningAct>, TokenError>;

/// Opens an act while somebody sits at the desk.
fn at_desk(
    store: &WorkerStore,
    credential: &Credential,
    source: &PinSource,
    person: impl FnOnce(),
) -> Opened {
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| store.open(credential, source, &()));
        person();
        opening.join().unwrap()
    })
}

pub(crate) fn a_worker_asks_at_the_terminal(bench: &Bench) {
    let credential = bench.p256();
    let (store, desk) = (store(bench), Desk::new());
    let source = PinSource::Terminal(Box::new(terminal(&desk)));
    bench.calls();
    // Typed before anybody asked: no answer to the question.
    desk.press("00000000\n");
    let act = at_desk(&store, &credential, &source, || {
        desk.sees("Mã PIN: ");
        assert!(!desk.echoes());
        desk.press("999\u{7f}\u{7f}\u{7f}");
        desk.press(&format!("{PIN}\n"));
    });
    let act = act.unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
    let screen = desk.screen();
    for shown in ["Ký 12 tài liệu", "đánh lừa\\u{1b}[2J", LABEL, &credential.token.serial] {
        assert!(screen.contains(shown), "{shown}: {screen:?}");
    }
    assert!(!screen.contains(PIN) && !screen.contains("\u{1b}"), "{screen:?}");
    desk.until_it_echoes();
    assert_eq!(bench.calls().of("C_Login"), 1);
}

pub(crate) fn a_wrong_pin_is_not_tried_again(bench: &Bench) {
    let credential = bench.p256();
    let (store, desk) = (store(bench), Desk::new());
    let source = PinSource::Terminal(Box::new(terminal(&desk)));
    bench.calls();
    let refused = at_desk(&store, &credential, &source, || {
        desk.sees("Mã PIN: ");
        desk.press("99999999\n");
    });
    assert!(matches!(refused.err(), Some(TokenError::PinIncorrect { .. })));
    assert_eq!(bench.calls().of("C_Login"), 1);
    assert_eq!(desk.screen().matches("Mã PIN").count(), 1);
    // Too short for this token: no try is spent.
    desk.clear();
    let refused = at_desk(&store, &credential, &source, || {
        desk.sees("Mã PIN: ");
        desk.press("1\n");
    });
    assert!(matches!(refused.err(), Some(TokenError::PinLength { .. })));
    assert_eq!(bench.calls().of("C_Login"), 0);
    desk.until_it_echoes();
}

pub(crate) fn a_terminal_cancels_and_times_out(bench: &Bench) {
    let credential = bench.p256();
    let bounds = Bounds { prompt: Duration::from_secs(2), ..bounds() };
    let store = store_with(vec![module(&bench.module)], limits(), bounds);
    bench.calls();
    for key in ["\u{3}", "\u{4}", "\u{1b}", "\n"] {
        let desk = Desk::new();
        let source = PinSource::Terminal(Box::new(terminal(&desk)));
        let refused = at_desk(&store, &credential, &source, || {
            desk.sees("Mã PIN: ");
            desk.press(key);
        });
        let cancelled = TokenError::PinRefused(PinRefused::Cancelled);
        assert_eq!(refused.err(), Some(cancelled), "{key:?}");
        desk.until_it_echoes();
    }
    // The store's bound holds where the source's own is longer.
    let desk = Desk::new();
    let source = PinSource::Terminal(Box::new(terminal(&desk)));
    let late = TokenError::PinRefused(PinRefused::TimedOut);
    assert_eq!(store.open(&credential, &source, &()).err(), Some(late));
    desk.until_it_echoes();
    // A file, a device that is no terminal, a terminal that is not there.
    let file = bench.folder.join("file");
    std::fs::write(&file, "").unwrap();
    let link = bench.folder.join("link");
    std::os::unix::fs::symlink(&desk.path, &link).unwrap();
    for path in [&file, &link, Path::new("/dev/null"), Path::new("/dev/pts/999999")] {
        let nobody = Terminal { tty: path.to_path_buf(), ..terminal(&desk) };
        let refused = store.open(&credential, &PinSource::Terminal(Box::new(nobody)), &()).err();
        assert_eq!(refused, Some(TokenError::PinRefused(PinRefused::NoPrompt)), "{path:?}");
    }
    assert_eq!(bench.calls().of("C_Login"), 0);
    assert_eq!(store.counters().starts, 1, "no refusal costs the worker");
}

pub(crate) fn a_killed_worker_leaves_the_terminal_as_it_was(bench: &Bench) {
    let credential = bench.p256();
    let (store, desk) = (store(bench), Desk::new());
    let source = PinSource::Terminal(Box::new(terminal(&desk)));
    let refused = at_desk(&store, &credential, &source, || {
        desk.sees("Mã PIN: ");
        assert!(!desk.echoes());
        let pid = Pid::from_raw(only_pid(&store).try_into().unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
    });
    let killed = TokenError::WorkerCrashed { signal: Some(9), exit_code: None };
    assert_eq!(refused.err(), Some(killed));
    desk.until_it_echoes();
}

pub(crate) fn the_last_try_needs_a_typed_word(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    bench.fault(Fault::PinFinalTry);
    bench.calls();
    for (word, spent) in [("ok", false), ("", false), ("dong y", true), ("Đồng ý", true)] {
        let desk = Desk::new();
        let source = PinSource::Terminal(Box::new(terminal(&desk)));
        let opened = at_desk(&store, &credential, &source, || {
            desk.sees("CHỈ CÒN MỘT LẦN THỬ");
            desk.sees("để tiếp tục: ");
            desk.press(&format!("{word}\n"));
            if spent {
                desk.sees("Mã PIN: ");
                desk.press(&format!("{PIN}\n"));
            }
        });
        match opened {
            Ok(act) => assert!(spent && act.close().is_ok(), "{word}"),
            Err(error) => assert!(!spent && error == TokenError::LastTryRefused, "{word}: {error}"),
        }
    }
    assert_eq!(bench.calls().of("C_Login"), 2);
}

/// A pinentry that says these lines to GETPIN.
pub(crate) fn script(folder: &Path, name: &str, getpin: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    let log = folder.join("said");
    let text = format!(
        "#!/bin/sh\necho 'OK Pleased to meet you'\nwhile read -r line; do\n  echo \"$line\" >> {log:?}\n  \
         case \"$line\" in\n    GETPIN|CONFIRM) {getpin} ;;\n    BYE) echo OK; exit 0 ;;\n    \
         'OPTION lc-messages'*) echo 'ERR 83886254 Unknown option <Pinentry>' ;;\n    *) echo OK ;;\n  esac\ndone\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

pub(crate) fn pinentry(program: PathBuf) -> Pinentry {
    Pinentry {
        program,
        tty: None,
        display: None,
        wayland_display: None,
        lang: Lang::Vi,
        context: vec!["Ký 12 tài liệu, 100 %".into()],
        timeout: Duration::from_secs(30),
    }
}

pub(crate) fn a_worker_asks_through_a_pinentry(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    bench.calls();
    let opened = |name: &str, getpin: &str| {
        let dialogue = pinentry(script(&bench.folder, name, getpin));
        store.open(&credential, &PinSource::Pinentry(Box::new(dialogue)), &())
    };
    let act = opened("accepts", &format!("echo 'S status'; echo 'D {PIN}'; echo OK")).unwrap();
    sign_and_verify(act.as_ref(), &credential, ECDSA_SHA256);
    act.close().unwrap();
    let said = std::fs::read_to_string(bench.folder.join("said")).unwrap();
    let shown = said.lines().find(|line| line.starts_with("SETDESC ")).unwrap();
    for words in ["Ký 12 tài liệu, 100 %25%0A", LABEL, &credential.token.serial] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let refused = |error| Some(TokenError::PinRefused(error));
    let cancel = "echo 'ERR 83886179 Operation cancelled <Pinentry>'";
    assert_eq!(opened("cancels", cancel).err(), refused(PinRefused::Cancelled));
    let late = "echo 'ERR 83886142 Timeout <Pinentry>'";
    assert_eq!(opened("is-late", late).err(), refused(PinRefused::TimedOut));
    assert_eq!(bench.calls().of("C_Login"), 1);
    let wrong = opened("mistypes", "echo 'D 99999999'; echo OK").err();
    assert!(matches!(wrong, Some(TokenError::PinIncorrect { .. })), "{wrong:?}");
    assert_eq!(bench.calls().of("C_Login"), 1, "no retry");
    assert_eq!(store.counters().starts, 1);
}

pub(crate) fn a_prompt_of_this_process_is_refused(bench: &Bench) {
    let credential = bench.p256();
    let store = store(bench);
    bench.calls();
    let refused = store.open(&credential, &PinSource::Prompt, &()).err();
    assert_eq!(refused, Some(TokenError::PromptNotInWorker));
    assert_eq!(bench.calls().of("C_Login"), 0);
}
