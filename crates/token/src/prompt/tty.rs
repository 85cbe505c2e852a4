//! A terminal opened for one question, and put back as it was.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::Terminal;
use super::confirm::{Over, Patience};
use crate::lock::lock;

/// How long the lines above a question stand before the question itself: nobody reads them faster, and a key pressed
/// before can take that long through the system on a busy machine.
const SETTLE: Duration = Duration::from_millis(250);

/// Longest answer in bytes; a PIN has at most 255.
const MAX_ANSWER: usize = 1024;

/// Why a line was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// Ctrl-C, Ctrl-D or Escape.
    Cancelled,
    TimedOut,
    /// The question was taken back.
    Withdrawn,
    /// The terminal went away.
    Gone,
}

/// Whether what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echo {
    On,
    Off,
}

/// An open terminal in the state the question needs; the old state comes back when it is dropped.
pub(super) struct Tty {
    file: OwnedFd,
    path: PathBuf,
}

/// Terminals that are not as they were found: what an exit in the middle of a question puts back.
static CHANGED: OnceLock<Mutex<HashMap<PathBuf, Termios>>> = OnceLock::new();

/// Gives all terminals their state back, for a process that ends while questions are open.
pub fn restore_terminals() {
    for (path, termios) in std::mem::take(&mut *lock(CHANGED.get_or_init(Mutex::default))) {
        if let Ok(file) = open(&path) {
            // The terminal may be gone, and then there is nothing to restore.
            let _ = tcsetattr(&file, OptionalActions::Flush, &termios);
        }
    }
}

/// A terminal's state before a question that another process asks there.
#[derive(Clone, Debug)]
pub struct TerminalState {
    path: PathBuf,
    termios: Termios,
}

impl TerminalState {
    /// The state as it is now; `None` where it is no terminal of this user.
    #[must_use]
    pub fn of(terminal: &Terminal) -> Option<Self> {
        let termios = tcgetattr(open(&terminal.tty).ok()?).ok()?;
        Some(Self { path: terminal.tty.clone(), termios })
    }

    /// Puts it back, after the process that asked has died over the question.
    pub fn restore(&self) {
        if let Ok(file) = open(&self.path) {
            let _ = tcsetattr(&file, OptionalActions::Flush, &self.termios);
        }
    }
}

/// Opens a terminal that belongs to this user and to nobody's trick: a character device, no link, never ours to be
/// controlled by.
fn open(path: &Path) -> Result<OwnedFd, Errno> {
    let flags =
        OFlags::RDWR | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    let status = rustix::fs::fstat(&file)?;
    let ours = status.st_uid == rustix::process::geteuid().as_raw();
    let device = FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice;
    if !device || !rustix::termios::isatty(&file) {
        return Err(Errno::NOTTY);
    }
    if ours { Ok(file) } else { Err(Errno::PERM) }
}

impl Tty {
    /// Opens it, throws away what was typed ahead and turns off echo, lines and signals: what is typed from here on is
    /// the answer, byte by byte.
    pub(super) fn ask(path: &Path) -> Result<Self, Errno> {
        let file = open(path)?;
        let before = tcgetattr(&file)?;
        {
            let mut changed = lock(CHANGED.get_or_init(Mutex::default));
            if changed.contains_key(path) {
                // Another question stands there: two at once would share what is typed.
                return Err(Errno::BUSY);
            }
            changed.insert(path.to_path_buf(), before.clone());
        }
        let tty = Self { file, path: path.to_path_buf() };
        let mut during = before;
        during.local_modes &=
            !(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(&tty.file, OptionalActions::Flush, &during)?;
        Ok(tty)
    }

    /// Shows lines, then throws away whatever was typed until now, then puts the question and takes one line.
    pub(super) fn question(
        &self,
        lines: &str,
        question: &str,
        echo: Echo,
        patience: Patience<'_>,
    ) -> Result<Zeroizing<String>, NoLine> {
        self.write(lines, patience)?;
        std::thread::sleep(SETTLE);
        tcflush(&self.file, QueueSelector::IFlush).map_err(|_| NoLine::Gone)?;
        self.write(question, patience)?;
        self.line(echo, patience)
    }

    /// Writes all of it, waiting at most as long as `patience` for a terminal that is stopped.
    pub(super) fn write(&self, text: &str, patience: Patience<'_>) -> Result<(), NoLine> {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            match rustix::io::write(&self.file, left) {
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT, patience)?,
                Err(Errno::INTR) => {}
                Err(_) => return Err(NoLine::Gone),
            }
        }
        Ok(())
    }

    /// One line, without its end, as the person leaves it.
    fn line(&self, echo: Echo, patience: Patience<'_>) -> Result<Zeroizing<String>, NoLine> {
        // The whole room at once: a buffer that grew would leave copies behind.
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
        loop {
            match self.byte(patience)? {
                b'\r' | b'\n' => break,
                // Ctrl-C, Ctrl-D, Escape.
                0x03 | 0x04 | 0x1B => return Err(NoLine::Cancelled),
                // Backspace and delete take a whole character.
                0x08 | 0x7F => {
                    let kept = line.iter().rposition(|byte| byte & 0xC0 != 0x80).unwrap_or(0);
                    if !line.is_empty() && echo == Echo::On {
                        self.write("\u{8} \u{8}", patience)?;
                    }
                    line.get_mut(kept..).unwrap_or_default().zeroize();
                    line.truncate(kept);
                }
                // Ctrl-U.
                0x15 => {
                    line.zeroize();
                    line.reserve_exact(MAX_ANSWER);
                }
                byte if line.len() < MAX_ANSWER && !byte.is_ascii_control() => {
                    line.push(byte);
                    if echo == Echo::On {
                        rustix::io::write(&self.file, &[byte]).map_err(|_| NoLine::Gone)?;
                    }
                }
                _ => {}
            }
        }
        self.write("\r\n", patience)?;
        match String::from_utf8(std::mem::take(&mut *line)) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(NoLine::Cancelled)
            }
        }
    }

    fn byte(&self, patience: Patience<'_>) -> Result<u8, NoLine> {
        let mut byte = Zeroizing::new([0_u8; 1]);
        loop {
            self.wait(PollFlags::IN, patience)?;
            match rustix::io::read(&self.file, &mut byte[..]) {
                Ok(1) => return Ok(byte[0]),
                Err(Errno::AGAIN | Errno::INTR) => {}
                // Nothing more will come: the terminal hung up.
                Ok(_) | Err(_) => return Err(NoLine::Gone),
            }
        }
    }

    fn wait(&self, what: PollFlags, patience: Patience<'_>) -> Result<(), NoLine> {
        loop {
            let left = patience.next().map_err(|over| match over {
                Over::TimedOut => NoLine::TimedOut,
                Over::Withdrawn => NoLine::Withdrawn,
            })?;
            match poll(&mut [PollFd::new(&self.file, what)], Some(&left)) {
                Ok(0) => {}
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(NoLine::Gone),
            }
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if let Some(before) = lock(CHANGED.get_or_init(Mutex::default)).remove(&self.path) {
            // Flush: what was typed after the answer was no answer to whatever comes next.
            let _ = tcsetattr(&self.file, OptionalActions::Flush, &before);
        }
    }
}
