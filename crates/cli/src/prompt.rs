//! Asking for a PIN on the terminal, with the token's counters in view.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use kyso_token::{Pin, PinPrompt, PinPurpose, PinRefused, PinRequest};

use crate::out::{shown, tell};
use kyso_daemon::text::Lang;

/// The person at the terminal; answers `NoPrompt` where there is none.
pub(crate) struct Terminal {
    pub(crate) lang: Lang,
}

impl PinPrompt for Terminal {
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused> {
        if !std::io::stdin().is_terminal() {
            return Err(PinRefused::NoPrompt);
        }
        let lang = self.lang;
        let first = ask(&format!("{} ", self.question(request)))?;
        let is_new =
            matches!(request.purpose, PinPurpose::NewUser | PinPurpose::NewSecurityOfficer);
        if is_new {
            let again = ask(lang.pick("Nhập lại lần nữa: ", "Once more: "))?;
            if again.expose() != first.expose() {
                tell!("{}", lang.pick("Hai lần nhập khác nhau.", "The two differ."));
                return Err(PinRefused::Cancelled);
            }
        }
        Ok(first)
    }

    fn notice(&self, request: &PinRequest) {
        if request.state.count_low && !request.state.final_try && !request.state.locked {
            tell!(
                "{}: {}",
                shown(&request.token.label),
                self.lang.pick(
                    "lần trước PIN đã bị nhập sai; sai vài lần nữa là token bị khóa.",
                    "a wrong PIN was entered before; a few more lock the token.",
                )
            );
        }
    }

    fn confirm_last_try(&self, request: &PinRequest) -> bool {
        if !std::io::stdin().is_terminal() {
            return false;
        }
        let (question, yes) = self.lang.pick(
            (
                "CHỈ CÒN MỘT LẦN THỬ: sai nữa là token bị khóa. Gõ «đồng ý» để tiếp tục:",
                // As keyboards without Vietnamese, with precomposed and with combining letters type it.
                ["đồng ý", "đo\u{302}\u{300}ng y\u{301}", "dong y"],
            ),
            (
                "ONE TRY IS LEFT: another wrong PIN locks the token. Type «yes» to go on:",
                ["yes", "yes", "yes"],
            ),
        );
        eprint!("{} ({}) {question} ", shown(&request.token.label), shown(&request.token.serial));
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).is_ok()
            && yes.contains(&answer.trim().to_lowercase().as_str())
    }
}

impl Terminal {
    fn question(&self, request: &PinRequest) -> String {
        let what = match request.purpose {
            PinPurpose::Login => self.lang.pick("Mã PIN của token", "PIN of token"),
            PinPurpose::SecurityOfficer => {
                self.lang.pick("Mã PIN quản trị (SO) của token", "Security officer's PIN of token")
            }
            PinPurpose::NewUser => self.lang.pick("Mã PIN mới của token", "New PIN of token"),
            PinPurpose::NewSecurityOfficer => self
                .lang
                .pick("Mã PIN quản trị mới của token", "New security officer's PIN of token"),
            PinPurpose::KeyFile => self.lang.pick("Mật khẩu của tệp khóa", "Password of key file"),
            PinPurpose::OneTimePassword => {
                self.lang.pick("Mã dùng một lần (OTP) của", "One-time password of")
            }
        };
        match request.token.serial.as_str() {
            "" => format!("{what} {}:", shown(&request.token.label)),
            serial => format!("{what} {} ({}):", shown(&request.token.label), shown(serial)),
        }
    }
}

/// Asks for the password of an encrypted document.
pub(crate) fn document_password(file: &std::path::Path, lang: Lang) -> Result<Pin, PinRefused> {
    let what = lang.pick("Mật khẩu của tệp PDF", "Password of the PDF");
    ask(&format!("{what} {}: ", crate::out::path(file)))
}

fn ask(question: &str) -> Result<Pin, PinRefused> {
    let typed = rpassword::prompt_password(question).map_err(|_| PinRefused::Cancelled)?;
    if typed.is_empty() { Err(PinRefused::Cancelled) } else { Ok(Pin::new(typed)) }
}
