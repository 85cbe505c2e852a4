//! What reaches the terminal: foreign text cannot move the cursor, forge a line or turn the reading direction.

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something could not be written, other than to a reader who has gone.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line on standard output.
macro_rules! say {
    () => { $crate::out::line(format_args!("")) };
    ($($part:tt)*) => { $crate::out::line(format_args!($($part)*)) };
}

/// Prints a line on standard error.
macro_rules! tell {
    ($($part:tt)*) => { $crate::out::note(format_args!($($part)*)) };
}

pub(crate) use {say, tell};

/// Prints JSON for programs, whose strings are escaped by JSON's own rules.
pub(crate) fn json(value: &serde_json::Value) {
    raw(&format!("{value:#}\n"));
}

/// Prints text that is nobody's but ours: PEM, a receipt.
pub(crate) fn raw(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.store(true, Ordering::Relaxed);
    }
}

/// Writes a line to standard output; a reader who has gone (`| head`) is no error.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    raw(&(calm(&text.to_string(), true) + "\n"));
}

/// Writes a line to standard error; nobody is left to tell when that fails.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    let mut text = calm(&text.to_string(), true);
    text.push('\n');
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether standard output took everything, as far as anybody read it.
pub(crate) fn complete() -> bool {
    let flushed = std::io::stdout().lock().flush();
    let gone = flushed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
    !gone && !FAILED.load(Ordering::Relaxed)
}

/// A foreign name on one line: control characters, line ends among them, show as escapes.
pub(crate) fn shown(text: &str) -> String {
    calm(text, false)
}

/// A path on one line.
pub(crate) fn path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

/// A time of the API (RFC 3339) as a person here reads it; what is none stays as it is.
pub(crate) fn moment(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => {
            let here = at.to_zoned(jiff::tz::TimeZone::system());
            here.strftime("%d/%m/%Y %H:%M:%S %:z").to_string()
        }
        Err(_) => shown(text),
    }
}

fn calm(text: &str, line_ends: bool) -> String {
    let mut calm = String::with_capacity(text.len());
    for letter in text.chars() {
        if (letter == '\n' && line_ends) || !disturbs(letter) {
            calm.push(letter);
        } else {
            calm.extend(letter.escape_unicode());
        }
    }
    calm
}

/// Control characters (C0, DEL, C1) and those that turn the reading direction (Unicode bidi controls).
fn disturbs(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_stays_and_escapes_do_not() {
        assert_eq!(shown("Ủy ban nhân dân xã Đăk Hà"), "Ủy ban nhân dân xã Đăk Hà");
        assert_eq!(shown("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\u{a}c\\u{202e}d");
        assert_eq!(calm("one\ntwo\r", true), "one\ntwo\\u{d}");
    }
}
