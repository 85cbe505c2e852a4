//! A stand-in for pinentry: it agrees to every question and types the demo's PIN.
//!
//! It speaks as much Assuan (GnuPG's pinentry protocol) as is asked of it and writes each question to `questions.txt`
//! in its working folder, so that a reader of the demo sees what a person would have been asked. The PIN that it types
//! opens nothing but the demo's token.

use std::io::{BufRead as _, Write as _};

use kyso_daemon::text::Problem;

/// Where the questions are kept.
const QUESTIONS: &str = "questions.txt";

/// Answers until the caller says goodbye or goes.
pub(crate) fn run() -> Result<u8, Problem> {
    let mut asked = Asked::default();
    let mut stdout = std::io::stdout().lock();
    // A caller who has gone needs no answer.
    let _ = writeln!(stdout, "OK the demo's stand-in answers");
    let _ = stdout.flush();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let (command, value) = line.split_once(' ').unwrap_or((&line, ""));
        match command {
            "SETTITLE" => asked.title = unescaped(value),
            "SETDESC" => asked.text = unescaped(value),
            "SETERROR" => asked.error = unescaped(value),
            "CONFIRM" => asked.keep("agrees"),
            "GETPIN" => {
                asked.keep("types the demo's PIN");
                let _ = writeln!(stdout, "D {}", super::PIN);
            }
            _ => {}
        }
        let _ = writeln!(stdout, "OK");
        let _ = stdout.flush();
        if command == "BYE" {
            break;
        }
    }
    Ok(0)
}

#[derive(Default)]
struct Asked {
    title: String,
    text: String,
    error: String,
}

impl Asked {
    /// Adds the question and its answer to the list.
    fn keep(&mut self, answer: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(QUESTIONS);
        let Self { title, text, error } = std::mem::take(self);
        let question: Vec<String> = [title, error, text]
            .into_iter()
            .filter(|part| !part.is_empty())
            .flat_map(|part| part.lines().map(|line| format!("| {line}\n")).collect::<Vec<_>>())
            .collect();
        if let Ok(mut file) = file {
            // The demo goes on without its list.
            let _ = write!(
                file,
                "{}  -> the stand-in {answer} (in real life, a person answers here)\n\n",
                question.concat()
            );
        }
    }
}

/// Percent-escapes of the protocol undone.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescaped("K%C3%BD %0A 100%25 %zz %2"), "Ký \n 100% %zz %2");
    }
}
