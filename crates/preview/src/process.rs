//! A process that is given bytes, watched, and ended with everything that it started.

use std::io::{self, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::error::Ended;
use crate::limits::Limits;

/// Bytes kept of what a process complains.
const COMPLAINT: u64 = 4 << 10;

/// How often the end of a process is looked for that has closed its output: what remains is its exit.
const EXIT_STEP: Duration = Duration::from_millis(2);

/// Piece of a document that is written at once.
const PIECE: usize = 64 << 10;

/// Why a process gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    NotStarted(io::Error),
    Unreadable(io::Error),
    Ended(Ended),
}

/// Runs a process: writes `first` and the document to its input, and returns what it said when it exited with 0.
pub(crate) fn run<R: Read + Send>(
    command: &mut Command,
    first: &[u8],
    document: &mut R,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // A group of its own, so that its end is the end of what it started.
        command.process_group(0);
    }
    let deadline = Instant::now() + limits.time;
    let mut running = Running { child: command.spawn().map_err(Failure::NotStarted)?, over: false };
    let (Some(input), Some(output), Some(complaints)) =
        (running.child.stdin.take(), running.child.stdout.take(), running.child.stderr.take())
    else {
        return Err(Failure::NotStarted(io::ErrorKind::BrokenPipe.into()));
    };
    let most = limits.answer();
    std::thread::scope(|scope| {
        let feeding = scope.spawn(move || feed(input, first, document));
        let complaining = scope.spawn(move || {
            let mut text = Vec::new();
            let mut complaints = complaints;
            let _ = complaints.by_ref().take(COMPLAINT).read_to_end(&mut text);
            // More of it must not stop the process.
            let _ = io::copy(&mut complaints, &mut io::sink());
            text
        });
        let (sender, said) = sync_channel(1);
        scope.spawn(move || {
            let mut answer = Vec::new();
            let read = output.take(most.saturating_add(1)).read_to_end(&mut answer);
            let _ = sender.send(read.map(|_| answer));
        });
        let left = deadline.saturating_duration_since(Instant::now());
        let ended = match said.recv_timeout(left) {
            Err(RecvTimeoutError::Timeout) => Err(Ended::TimedOut { after: limits.time }),
            Err(RecvTimeoutError::Disconnected) | Ok(Err(_)) => Err(Ended::AnswerMalformed),
            Ok(Ok(answer)) if answer.len() as u64 > most => Err(Ended::AnswerTooLong { most }),
            Ok(Ok(answer)) => running
                .wait(deadline)
                .map(|()| answer)
                .ok_or(Ended::TimedOut { after: limits.time }),
        };
        // Before anybody waits for the threads: their pipes end with the processes that hold them.
        let status = running.end();
        let fed = feeding.join();
        let complaint = complaining.join().unwrap_or_default();
        let answer = ended.map_err(Failure::Ended)?;
        // A process that answered needs no more of the document.
        if let Ok(Err(error)) = fed {
            return Err(Failure::Unreadable(error));
        }
        let status = status.map_err(Failure::NotStarted)?;
        if status.success() {
            Ok(answer)
        } else {
            Err(Failure::Ended(why(status, &complaint, limits)))
        }
    })
}

/// Writes until the process has had enough; the error is the document's.
fn feed<R: Read>(mut input: ChildStdin, first: &[u8], document: &mut R) -> io::Result<()> {
    if input.write_all(first).is_err() {
        return Ok(());
    }
    let mut piece = vec![0; PIECE];
    loop {
        match document.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(len) => {
                if input.write_all(piece.get(..len).unwrap_or_default()).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a bad end means.
fn why(status: ExitStatus, complaint: &[u8], limits: &Limits) -> Ended {
    let says = |text: &str| complaint.windows(text.len()).any(|part| part == text.as_bytes());
    // The words of the standard library, which then aborts.
    if says("memory allocation of") {
        return Ended::OutOfMemory { bytes: limits.memory };
    }
    if says("has overflowed its stack") {
        return Ended::TooDeep;
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            let processor = rustix::process::Signal::XCPU.as_raw();
            return if signal == processor {
                Ended::ProcessorTime { seconds: limits.processor }
            } else {
                Ended::Signal { signal }
            };
        }
    }
    Ended::Exited { code: status.code().unwrap_or(-1) }
}

/// A process that does not outlive its caller's interest.
struct Running {
    child: Child,
    over: bool,
}

impl Running {
    /// Waits for its exit, without taking its number from the system's table; `None` when time is up.
    fn wait(&mut self, deadline: Instant) -> Option<()> {
        while !self.exited() {
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(EXIT_STEP);
        }
        Some(())
    }

    #[cfg(unix)]
    fn exited(&mut self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // An error means that there is nothing to wait for.
        !matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), options), Ok(None))
    }

    #[cfg(not(unix))]
    fn exited(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it and its group, and takes its status.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.over = true;
        // Its number is its own until it is waited for below.
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.child.kill();
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.end();
        }
    }
}
