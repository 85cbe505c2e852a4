//! The client's half of Assuan, GnuPG's line protocol, as far as a pinentry speaks it.

use std::io::Write as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use zeroize::{Zeroize as _, Zeroizing};

use super::confirm::{Over, Patience};

/// Longest line of the protocol in bytes, without its end.
pub(super) const MAX_LINE: usize = 1000;
/// Longest data of one answer in bytes: a PIN has at most 255.
const MAX_DATA: usize = 4096;
/// Lines of one answer that are read at all: comments and status lines could go on for ever.
const MAX_LINES: usize = 1000;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// `ERR`, with the code's lower half: the error without its source.
    Error(u16),
    TimedOut,
    /// The question was taken back.
    Withdrawn,
    /// The program is gone, or speaks something else.
    NoAnswer,
}

/// GPG_ERR_TIMEOUT, GPG_ERR_CANCELED, GPG_ERR_NOT_CONFIRMED and GPG_ERR_FULLY_CANCELED of libgpg-error.
pub(super) const TIMEOUT: u16 = 62;
pub(super) const CANCELED: u16 = 99;
pub(super) const NOT_CONFIRMED: u16 = 114;
pub(super) const FULLY_CANCELED: u16 = 198;

/// A running program; killed, if need be, when it is dropped.
pub(super) struct Assuan<'a> {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// Read and not yet taken; may hold a PIN.
    buffer: Zeroizing<Vec<u8>>,
    patience: Patience<'a>,
}

impl<'a> Assuan<'a> {
    /// Starts the program and waits for its greeting; all answers together must be there within `patience`.
    pub(super) fn start(command: &mut Command, patience: Patience<'a>) -> Result<Self, Failure> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| Failure::NoAnswer)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err(Failure::NoAnswer) };
        let buffer = Zeroizing::new(Vec::with_capacity(2 * MAX_LINE));
        let mut assuan = Self { child, input: Some(input), output, buffer, patience };
        assuan.answer()?;
        Ok(assuan)
    }

    /// Sends a command and waits for `OK`; gives the data that came before it.
    pub(super) fn call(&mut self, line: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if line.len() > MAX_LINE || line.contains(['\r', '\n', '\0']) {
            return Err(Failure::NoAnswer);
        }
        let input = self.input.as_mut().ok_or(Failure::NoAnswer)?;
        // Fits a pipe's buffer whole: a program that does not read cannot block us.
        writeln!(input, "{line}").map_err(|_| Failure::NoAnswer)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut data = Zeroizing::new(Vec::with_capacity(MAX_DATA));
        for _ in 0..MAX_LINES {
            let line = self.line()?;
            let (word, rest) = match line.iter().position(|byte| *byte == b' ') {
                Some(space) => (&line[..space], &line[space + 1..]),
                None => (&line[..], &line[line.len()..]),
            };
            match word {
                b"OK" => return Ok(data),
                b"ERR" => {
                    let digits = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
                    let code = std::str::from_utf8(digits).ok().and_then(|it| it.parse().ok());
                    let code: u32 = code.ok_or(Failure::NoAnswer)?;
                    return Err(Failure::Error((code & 0xFFFF) as u16));
                }
                b"D" => decode(rest, &mut data)?,
                b"S" => {}
                b"INQUIRE" => {
                    // Only ever about a PIN's quality, which is the token's business.
                    let input = self.input.as_mut().ok_or(Failure::NoAnswer)?;
                    input.write_all(b"END\n").map_err(|_| Failure::NoAnswer)?;
                }
                _ if word.first() == Some(&b'#') || line.is_empty() => {}
                _ => return Err(Failure::NoAnswer),
            }
        }
        Err(Failure::NoAnswer)
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = Zeroizing::new(self.buffer[..end].to_vec());
                self.buffer.copy_within(end + 1.., 0);
                let left = self.buffer.len() - end - 1;
                self.buffer[left..].zeroize();
                self.buffer.truncate(left);
                return Ok(line);
            }
            if self.buffer.len() > MAX_LINE {
                return Err(Failure::NoAnswer);
            }
            let timeout = self.patience.next().map_err(|over| match over {
                Over::TimedOut => Failure::TimedOut,
                Over::Withdrawn => Failure::Withdrawn,
            })?;
            match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&timeout)) {
                Ok(0) => continue,
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return Err(Failure::NoAnswer),
            }
            let mut chunk = Zeroizing::new([0_u8; MAX_LINE]);
            // The buffer never grows beyond the room it was made with, so that no copy is left behind.
            let room = self.buffer.capacity() - self.buffer.len();
            let room = room.min(MAX_LINE);
            match rustix::io::read(&self.output, &mut chunk[..room]) {
                Ok(0) => return Err(Failure::NoAnswer),
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Failure::NoAnswer),
            }
        }
    }
}

impl Drop for Assuan<'_> {
    fn drop(&mut self) {
        if let Some(mut input) = self.input.take() {
            let _ = input.write_all(b"BYE\n");
        }
        let patience = Instant::now() + Duration::from_millis(500);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > patience {
                // It hangs, or still shows a question that nobody waits for.
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Escapes what may not stand in a line.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '%' => encoded.push_str("%25"),
            '\r' => encoded.push_str("%0D"),
            '\n' => encoded.push_str("%0A"),
            letter => encoded.push(letter),
        }
    }
    encoded
}

/// Unescapes the rest of a `D` line onto `data`, which never grows beyond its room.
fn decode(mut line: &[u8], data: &mut Vec<u8>) -> Result<(), Failure> {
    while let Some((&byte, rest)) = line.split_first() {
        let byte = if byte == b'%' {
            let digits = rest.get(..2).ok_or(Failure::NoAnswer)?;
            let digits = std::str::from_utf8(digits).map_err(|_| Failure::NoAnswer)?;
            line = &rest[2..];
            u8::from_str_radix(digits, 16).map_err(|_| Failure::NoAnswer)?
        } else {
            line = rest;
            byte
        };
        if data.len() == MAX_DATA {
            return Err(Failure::NoAnswer);
        }
        data.push(byte);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_decodes_and_garbage_does_not() {
        let mut data = Vec::with_capacity(MAX_DATA);
        decode(b"12%2534%0A5", &mut data).unwrap();
        assert_eq!(data, b"12%34\n5");
        assert_eq!(decode(b"%", &mut data), Err(Failure::NoAnswer));
        assert_eq!(decode(b"%zz", &mut data), Err(Failure::NoAnswer));
        assert_eq!(decode(&[b'a'; MAX_DATA], &mut data), Err(Failure::NoAnswer));
        assert_eq!(encode("100 %\r\nsau"), "100 %25%0D%0Asau");
    }
}
