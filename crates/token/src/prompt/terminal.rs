//! A person at a terminal, named by its device.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::confirm::{Confirmation, Confirmed, Patience, Refused};
use super::tty::{Echo, NoLine, Tty};
use super::withdrawal::Standing;
use super::words::{self, Lang, calm};
use crate::{Pin, PinPrompt, PinRefused, PinRequest};

/// A terminal device, such as the one that the command which asks was started in.
///
/// It must belong to this user. Nothing that was typed before the question counts; Ctrl-C, Ctrl-D and Escape cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Absolute path of the device itself (`/dev/pts/3`), not of a link to it.
    pub tty: PathBuf,
    /// The language of the question.
    pub lang: Lang,
    /// Lines shown above it, such as what will be signed.
    pub context: Vec<String>,
    /// How long the person may take.
    pub timeout: Duration,
}

impl Terminal {
    /// Shows the question and takes a typed yes; nothing, or anything else, is a no.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn confirm(&self, text: &Confirmation, timeout: Duration) -> Result<Confirmed, Refused> {
        self.confirm_unless(text, timeout, &|| false)
    }

    /// As [`Terminal::confirm`], but the question is given up, and crossed out, as soon as `withdrawn` says so.
    ///
    /// # Errors
    /// Likewise, and [`Refused::Withdrawn`].
    pub fn confirm_unless(
        &self,
        text: &Confirmation,
        timeout: Duration,
        withdrawn: &dyn Fn() -> bool,
    ) -> Result<Confirmed, Refused> {
        let patience = Patience::new(Instant::now() + timeout, withdrawn);
        let tty = Tty::ask(&self.tty).map_err(|_| Refused::NoPrompt)?;
        let mut shown = format!("\r\n{}\r\n", calm(&text.title));
        for line in &text.lines {
            shown += &format!("  {}\r\n", calm(line));
        }
        let (yes, keys) =
            self.lang.pick((&["c", "co", "có", "y"][..], "c/K"), (&["y", "yes"][..], "y/N"));
        let question = format!("{} / {} [{keys}]: ", calm(&text.ok), calm(&text.cancel));
        let answer = tty.question(&shown, &question, Echo::On, patience);
        match answer {
            Ok(answer) if yes.contains(&answer.trim().to_lowercase().as_str()) => {
                Ok(Confirmed::given())
            }
            Ok(_) | Err(NoLine::Cancelled) => Err(Refused::Denied),
            Err(NoLine::TimedOut) => Err(Refused::TimedOut),
            Err(NoLine::Withdrawn) => {
                let soon = Patience::new(Instant::now() + Duration::from_secs(1), &|| false);
                let note = self.lang.pick("(đã rút lại)", "(withdrawn)");
                // A terminal that is gone needs no note.
                let _ = tty.write(&format!(" {note}\r\n"), soon);
                Err(Refused::Withdrawn)
            }
            Err(NoLine::Gone) => Err(Refused::NoPrompt),
        }
    }

    /// Shows lines, then asks for one; `None` where the terminal cannot be asked.
    fn ask(
        &self,
        lines: &[String],
        question: &str,
        echo: Echo,
        standing: &Standing,
    ) -> Result<Zeroizing<String>, PinRefused> {
        let withdrawn = || standing.is_withdrawn();
        let patience = Patience::new(Instant::now() + self.timeout, &withdrawn);
        let tty = Tty::ask(&self.tty).map_err(|_| PinRefused::NoPrompt)?;
        let mut shown = String::from("\r\n");
        for line in lines {
            shown += line;
            shown += "\r\n";
        }
        let answer = tty.question(&shown, &format!("{question}: "), echo, patience);
        answer.map_err(|error| match error {
            NoLine::Cancelled | NoLine::Withdrawn => PinRefused::Cancelled,
            NoLine::TimedOut => PinRefused::TimedOut,
            NoLine::Gone => PinRefused::NoPrompt,
        })
    }
}

impl PinPrompt for Terminal {
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused> {
        let lines = words::lines(&self.context, request, self.lang);
        let question = words::question(request.purpose, self.lang);
        let standing = Standing::about(&request.token);
        let mut first = self.ask(&lines, question, Echo::Off, &standing)?;
        if first.is_empty() {
            return Err(PinRefused::Cancelled);
        }
        if words::chosen_now(request.purpose) {
            let again = self.lang.pick("Nhập lại lần nữa", "Once more");
            if *self.ask(&[], again, Echo::Off, &standing)? != *first {
                return Err(PinRefused::Cancelled);
            }
        }
        Ok(Pin::new(std::mem::take(&mut *first)))
    }

    fn notice(&self, request: &PinRequest) {
        if !request.token.protected_authentication_path {
            return;
        }
        let mut shown = String::from("\r\n");
        for line in words::lines(&self.context, request, self.lang) {
            shown += &line;
            shown += "\r\n";
        }
        shown += self.lang.pick(
            "Nhập PIN trên bàn phím của đầu đọc.\r\n",
            "Type the PIN on the reader's pad.\r\n",
        );
        if let Ok(tty) = Tty::ask(&self.tty) {
            // A terminal that is gone takes nothing from the pad's own question.
            let _ = tty
                .write(&shown, Patience::new(Instant::now() + Duration::from_secs(1), &|| false));
        }
    }

    fn confirm_last_try(&self, request: &PinRequest) -> bool {
        let lines = words::lines(&self.context, request, self.lang);
        let (word, accepted) = words::last_try_word(self.lang);
        let question = match self.lang {
            Lang::Vi => format!("Gõ «{word}» để tiếp tục"),
            Lang::En => format!("Type «{word}» to go on"),
        };
        self.ask(&lines, &question, Echo::On, &Standing::about(&request.token))
            .is_ok_and(|answer| accepted.contains(&answer.trim().to_lowercase().as_str()))
    }
}
