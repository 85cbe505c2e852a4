//! A person in front of a pinentry, the dialogue that GnuPG's programs share.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::assuan::{
    Assuan, CANCELED, FULLY_CANCELED, Failure, MAX_LINE, NOT_CONFIRMED, TIMEOUT, encode,
};
use super::confirm::{Confirmation, Confirmed, Patience, Refused};
use super::withdrawal::Standing;
use super::words::{self, Lang, calm};
use crate::{Pin, PinPrompt, PinRefused, PinRequest};

/// The programs looked for, the one that chooses by itself first.
const NAMES: [&str; 5] =
    ["pinentry", "pinentry-gnome3", "pinentry-qt", "pinentry-curses", "pinentry-tty"];

/// How much longer than the program itself we wait for it to notice that the time is over.
const GRACE: Duration = Duration::from_secs(2);

/// A pinentry program and where it shows its dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinentry {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// The terminal of those that need one, and its type (`TERM`).
    pub tty: Option<(PathBuf, String)>,
    /// `DISPLAY`, where this process's own is not the person's.
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY`, likewise.
    pub wayland_display: Option<String>,
    /// The language of the dialogue.
    pub lang: Lang,
    /// Lines shown in it, such as what will be signed.
    pub context: Vec<String>,
    /// How long the person may take for one dialogue.
    pub timeout: Duration,
}

/// The configured program, else the first pinentry on a `PATH`; only absolute folders of it count.
#[must_use]
pub fn find_pinentry(configured: Option<&Path>, path: Option<&OsStr>) -> Option<PathBuf> {
    if let Some(configured) = configured {
        return (configured.is_absolute() && executable(configured))
            .then(|| configured.to_path_buf());
    }
    let folders: Vec<_> =
        std::env::split_paths(path?).filter(|folder| folder.is_absolute()).collect();
    NAMES.iter().find_map(|name| {
        folders.iter().map(|folder| folder.join(name)).find(|program| executable(program))
    })
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

impl Pinentry {
    /// Shows the question with two buttons; closing it is a no.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::NoPrompt`] also for a text that a dialogue cannot show whole (about 900 bytes).
    pub fn confirm(&self, text: &Confirmation, timeout: Duration) -> Result<Confirmed, Refused> {
        self.confirm_unless(text, timeout, &|| false)
    }

    /// As [`Pinentry::confirm`], but the dialogue is closed as soon as `withdrawn` says so.
    ///
    /// # Errors
    /// Likewise, and [`Refused::Withdrawn`].
    pub fn confirm_unless(
        &self,
        text: &Confirmation,
        timeout: Duration,
        withdrawn: &dyn Fn() -> bool,
    ) -> Result<Confirmed, Refused> {
        let mut lines = vec![calm(&text.title), String::new()];
        lines.extend(text.lines.iter().map(|line| calm(line)));
        let asked = self.start(timeout, withdrawn).and_then(|mut dialogue| {
            set(&mut dialogue, "SETDESC", &lines.join("\n"))?;
            set(&mut dialogue, "SETOK", &text.ok)?;
            set(&mut dialogue, "SETCANCEL", &text.cancel)?;
            dialogue.call("CONFIRM")
        });
        match asked {
            Ok(_) => Ok(Confirmed::given()),
            Err(Failure::Error(NOT_CONFIRMED | CANCELED | FULLY_CANCELED)) => Err(Refused::Denied),
            Err(Failure::TimedOut | Failure::Error(TIMEOUT)) => Err(Refused::TimedOut),
            Err(Failure::Withdrawn) => Err(Refused::Withdrawn),
            Err(Failure::Error(_) | Failure::NoAnswer) => Err(Refused::NoPrompt),
        }
    }

    fn start<'a>(
        &self,
        timeout: Duration,
        withdrawn: &'a dyn Fn() -> bool,
    ) -> Result<Assuan<'a>, Failure> {
        if !self.program.is_absolute() {
            return Err(Failure::NoAnswer);
        }
        let mut command = Command::new(&self.program);
        let display = [("DISPLAY", &self.display), ("WAYLAND_DISPLAY", &self.wayland_display)];
        for (name, value) in display {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let mut dialogue = Assuan::start(
            &mut command,
            Patience::new(Instant::now() + timeout + GRACE, withdrawn),
        )?;
        if let Some((tty, kind)) = &self.tty {
            option(&mut dialogue, "ttyname", &tty.to_string_lossy())?;
            option(&mut dialogue, "ttytype", kind)?;
        }
        if let Some(display) = &self.display {
            option(&mut dialogue, "display", display)?;
        }
        let locale = self.lang.pick("vi_VN.UTF-8", "en_US.UTF-8");
        option(&mut dialogue, "lc-ctype", "C.UTF-8")?;
        option(&mut dialogue, "lc-messages", locale)?;
        optional(dialogue.call(&format!("SETTIMEOUT {}", timeout.as_secs().max(1))))?;
        optional(dialogue.call("SETTITLE kyso"))?;
        Ok(dialogue)
    }

    fn ask(
        &self,
        lines: &[String],
        question: &str,
        standing: &Standing,
    ) -> Result<Zeroizing<String>, PinRefused> {
        let withdrawn = || standing.is_withdrawn();
        let asked = self.start(self.timeout, &withdrawn).and_then(|mut dialogue| {
            set(&mut dialogue, "SETDESC", &lines.join("\n"))?;
            set(&mut dialogue, "SETPROMPT", &format!("{question}:"))?;
            set(&mut dialogue, "SETOK", self.lang.pick("Đồng ý", "OK"))?;
            set(&mut dialogue, "SETCANCEL", self.lang.pick("Hủy", "Cancel"))?;
            dialogue.call("GETPIN")
        });
        let mut bytes = asked.map_err(refused)?;
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(PinRefused::Cancelled)
            }
        }
    }
}

/// An option the program may not know.
fn option(dialogue: &mut Assuan<'_>, name: &str, value: &str) -> Result<(), Failure> {
    optional(dialogue.call(&format!("OPTION {name}={}", encode(value))))
}

fn optional(outcome: Result<Zeroizing<Vec<u8>>, Failure>) -> Result<(), Failure> {
    match outcome {
        Ok(_) | Err(Failure::Error(_)) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// A text the person must see: one that does not fit is not shown in part.
fn set(dialogue: &mut Assuan<'_>, command: &str, text: &str) -> Result<(), Failure> {
    dialogue.call(&format!("{command} {}", encode(text))).map(drop)
}

fn refused(failure: Failure) -> PinRefused {
    match failure {
        Failure::Error(CANCELED | NOT_CONFIRMED | FULLY_CANCELED) => PinRefused::Cancelled,
        Failure::TimedOut | Failure::Error(TIMEOUT) => PinRefused::TimedOut,
        Failure::Withdrawn => PinRefused::Cancelled,
        Failure::Error(_) | Failure::NoAnswer => PinRefused::NoPrompt,
    }
}

/// The lines that fit a dialogue: the token's own stand last and always stay.
fn fitting(mut lines: Vec<String>) -> Vec<String> {
    const ROOM: usize = MAX_LINE - "SETDESC ".len();
    let mut cut = false;
    while encode(&lines.join("\n")).len() + if cut { "\n…".len() } else { 0 } > ROOM
        && lines.len() > 1
    {
        lines.remove(lines.len() / 2);
        cut = true;
    }
    if cut {
        lines.insert(lines.len() / 2, "…".to_owned());
    }
    lines
}

impl PinPrompt for Pinentry {
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused> {
        let lines = fitting(words::lines(&self.context, request, self.lang));
        let question = words::question(request.purpose, self.lang);
        let standing = Standing::about(&request.token);
        let mut first = self.ask(&lines, question, &standing)?;
        if first.is_empty() {
            return Err(PinRefused::Cancelled);
        }
        if words::chosen_now(request.purpose) {
            let again = self.lang.pick("Nhập lại lần nữa", "Once more");
            if *self.ask(&lines, again, &standing)? != *first {
                return Err(PinRefused::Cancelled);
            }
        }
        Ok(Pin::new(std::mem::take(&mut *first)))
    }

    /// A dialogue of its own, before the PIN's, whose yes names what it risks.
    fn confirm_last_try(&self, request: &PinRequest) -> bool {
        let text = Confirmation {
            title: "kyso".to_owned(),
            lines: fitting(words::lines(&self.context, request, self.lang)),
            ok: self.lang.pick("Dùng lần thử cuối", "Spend the last try").to_owned(),
            cancel: self.lang.pick("Hủy", "Cancel").to_owned(),
        };
        let standing = Standing::about(&request.token);
        self.confirm_unless(&text, self.timeout, &|| standing.is_withdrawn()).is_ok()
    }
}
