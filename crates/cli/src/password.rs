//! The password of encrypted PDFs: from a file, from standard input, or typed at the terminal; never from an argument.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use kyso::password::{DocumentPassword, is_needed};
use kyso_daemon::text::{Lang, Problem, system};
use kyso_token::pkcs11::read_pin_file;
use kyso_token::{Pin, TokenError};
use zeroize::Zeroizing;

use crate::args::PasswordArgs;
use crate::desk::Desk;
use crate::out;
use crate::prompt;

/// Most bytes read from standard input: what a password file may have.
const MOST_BYTES: u64 = 4_096;

/// The password that the arguments name, or that a person types because one of the files opens only with one.
///
/// # Errors
/// A file or standard input that gives no password.
pub(crate) fn given<'a>(
    desk: &Desk,
    arguments: &PasswordArgs,
    files: impl IntoIterator<Item = &'a Path>,
) -> Result<Option<DocumentPassword>, Problem> {
    let lang = desk.lang();
    if let Some(file) = &arguments.password_file {
        let pin = read_pin_file(file).map_err(|error| unusable(file, &error, desk))?;
        return Ok(Some(of(&pin)));
    }
    if arguments.password_stdin {
        return first_line(lang).map(Some);
    }
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    // Nothing typed leaves the file to its error, which says what is missing.
    let locked = files.into_iter().find(|file| is_needed(file));
    let typed = locked.and_then(|file| prompt::document_password(file, lang).ok());
    Ok(typed.as_ref().map(of))
}

fn of(pin: &Pin) -> DocumentPassword {
    DocumentPassword::new(pin.expose())
}

fn first_line(lang: Lang) -> Result<DocumentPassword, Problem> {
    let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES as usize + 1));
    let read = std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut text);
    let why = match read {
        Err(error) => system(&error, lang),
        Ok(len) if len as u64 > MOST_BYTES => lang
            .pick(format!("dài hơn {MOST_BYTES} byte"), format!("longer than {MOST_BYTES} bytes")),
        Ok(_) => {
            let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                return Ok(DocumentPassword::new(line));
            }
            lang.pick("dòng đầu trống", "its first line is empty").to_owned()
        }
    };
    Err(Problem::new(
        "password-unreadable",
        lang.pick(
            "đầu vào chuẩn không có mật khẩu của PDF",
            "standard input holds no password of the PDF",
        ),
        why,
        lang.pick(
            "đưa mật khẩu vào dòng đầu, hoặc dùng `--password-file`",
            "give it in the first line, or use `--password-file`",
        ),
    ))
}

fn unusable(file: &Path, error: &TokenError, desk: &Desk) -> Problem {
    let lang = desk.lang();
    let (code, what, remedy) = match error {
        TokenError::PinFileReadableByOthers { .. } => (
            "password-file-readable-by-others",
            lang.pick("người khác đọc được tệp mật khẩu", "the password file is open to others"),
            lang.pick("chạy `chmod 600` với tệp đó", "run `chmod 600` on it"),
        ),
        TokenError::PinFileUnusable { .. } => (
            "password-file-unusable",
            lang.pick("không dùng được tệp mật khẩu", "the password file cannot be used"),
            lang.pick(
                "kiểm tra tệp và quyền đọc của nó; mật khẩu nằm ở dòng đầu",
                "check the file and its permissions; line 1 is the password",
            ),
        ),
        other => return desk.explain(other),
    };
    Problem::new(code, what, out::path(file), remedy)
}
