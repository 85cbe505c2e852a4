//! The parent's side: one worker process, the calls in flight to it, and its end.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::setup::{Setup, Spawn};
use super::slot::Tally;
use crate::frame;
use crate::lock::lock;
use crate::{FrameError, Reply, Request, TokenError};

type Answer = Result<Reply, TokenError>;

/// A running worker; the last of its holders to go asks it to exit.
#[derive(Debug)]
pub(super) struct Worker(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pid: u32,
    process: Mutex<Child>,
    writer: Mutex<UnixStream>,
    calls: Mutex<Calls>,
    next: AtomicU64,
    /// Asked to exit: its end is no crash.
    leaving: AtomicBool,
    answer: Duration,
    tally: Arc<Tally>,
}

/// Who waits for what, and why nobody will wait again.
#[derive(Debug)]
struct Calls {
    waiting: HashMap<u64, SyncSender<Answer>>,
    last: Instant,
    /// Why it was killed, known before it is dead.
    verdict: Option<TokenError>,
    /// Dead: what every further call gets.
    ended: Option<TokenError>,
}

impl Worker {
    /// Starts the process and tells it what to serve; `at_rest` is asked after each `idle` without an answer.
    pub(super) fn start(
        spawn: &Spawn,
        setup: &Setup,
        tally: &Arc<Tally>,
        at_rest: impl Fn(&Arc<Inner>) + Send + 'static,
    ) -> Result<Self, TokenError> {
        let failed = |error: &std::io::Error| TokenError::WorkerNotStarted {
            program: spawn.program.clone(),
            os_error: error.raw_os_error(),
        };
        let greeting = frame::encode(setup).map_err(TokenError::WorkerRequestRefused)?;
        let (ours, theirs) = UnixStream::pair().map_err(|error| failed(&error))?;
        let answer = setup.bounds.answer;
        let ready = ours.set_write_timeout(Some(answer)).and_then(|()| ours.try_clone());
        let reader = ready.map_err(|error| failed(&error))?;
        let process = Command::new(&spawn.program)
            .args(&spawn.arguments)
            .envs(spawn.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| failed(&error))?;
        tally.starts.fetch_add(1, Ordering::Relaxed);
        let calls =
            Calls { waiting: HashMap::new(), last: Instant::now(), verdict: None, ended: None };
        let inner = Arc::new(Inner {
            pid: process.id(),
            process: Mutex::new(process),
            writer: Mutex::new(ours),
            calls: Mutex::new(calls),
            next: AtomicU64::new(1),
            leaving: AtomicBool::new(false),
            answer,
            tally: tally.clone(),
        });
        let worker = Self(inner.clone());
        let idle = setup.bounds.idle;
        std::thread::Builder::new()
            .name("kyso-worker-answers".into())
            .spawn(move || inner.listen(BufReader::new(reader), idle, at_rest))
            .map_err(|error| failed(&error))?;
        // A worker that is dead already shows in the first answer.
        let _ = worker.0.write(&greeting);
        Ok(worker)
    }

    /// Sends a request and waits for its answer, at most `limit`; a worker that does not even answer a ping is not
    /// waited for that long.
    pub(super) fn ask(&self, request: &Request, limit: Duration) -> Answer {
        self.0.ask(request, limit)
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Whether it still takes calls.
    pub(super) fn alive(&self) -> bool {
        let calls = lock(&self.0.calls);
        calls.ended.is_none() && calls.verdict.is_none()
    }

    pub(super) fn is(&self, inner: &Arc<Inner>) -> bool {
        Arc::ptr_eq(&self.0, inner)
    }

    /// Bytes of memory it holds (`/proc/PID/statm`); `None` where the system does not tell.
    pub(super) fn resident(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", self.pid())).ok()?;
        let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.leaving.store(true, Ordering::Release);
        // It sees the pipe end, logs out and exits; the listening thread sees that and reaps it.
        let _ = lock(&self.0.writer).shutdown(std::net::Shutdown::Write);
    }
}

impl Inner {
    /// When the last answer came or the last request went; `None` while any is under way.
    pub(super) fn at_rest_since(&self) -> Option<Instant> {
        let calls = lock(&self.calls);
        calls.waiting.is_empty().then_some(calls.last)
    }

    fn ask(&self, request: &Request, limit: Duration) -> Answer {
        let deadline = Instant::now() + limit;
        let (number, answer) = self.send(request)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match answer.recv_timeout(left.min(self.answer)) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(self.why_ended()),
                Err(RecvTimeoutError::Timeout) if left > self.answer && self.responds() => {}
                Err(RecvTimeoutError::Timeout) => {
                    let function = Cow::Borrowed(request.function());
                    let hung = TokenError::WorkerHung { function, limit: limit - left };
                    self.kill(hung.clone());
                    // The listening thread hands out the verdict as soon as the process is gone.
                    let outcome = answer.recv_timeout(self.answer);
                    lock(&self.calls).waiting.remove(&number);
                    return outcome.unwrap_or(Err(hung));
                }
            }
        }
    }

    /// Whether the worker answers at all, be it that a module keeps some of its threads.
    fn responds(&self) -> bool {
        match self.send(&Request::Ping) {
            Ok((number, answer)) => {
                let outcome = answer.recv_timeout(self.answer);
                lock(&self.calls).waiting.remove(&number);
                // Disconnected: it is dead, and the call itself gets the reason.
                !matches!(outcome, Err(RecvTimeoutError::Timeout))
            }
            Err(_) => true,
        }
    }

    fn send(&self, request: &Request) -> Result<(u64, Receiver<Answer>), TokenError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let frame = frame::encode(&(number, request)).map_err(TokenError::WorkerRequestRefused)?;
        let (sender, answer) = sync_channel(1);
        let mut calls = lock(&self.calls);
        if let Some(error) = calls.ended.as_ref().or(calls.verdict.as_ref()) {
            return Err(error.clone());
        }
        calls.waiting.insert(number, sender);
        calls.last = Instant::now();
        drop(calls);
        match self.write(&frame) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                // Half a message may be on its way: nothing more can be said to this worker.
                let function = Cow::Borrowed(request.function());
                self.kill(TokenError::WorkerHung { function, limit: self.answer });
            }
            // The pipe is closed: the listening thread knows by now, or will at once, what became of the process.
            Err(_) => {}
        }
        Ok((number, answer))
    }

    fn write(&self, frame: &[u8]) -> std::io::Result<()> {
        lock(&self.writer).write_all(frame)
    }

    /// Kills the process and what it started; the first verdict stands.
    pub(super) fn kill(&self, verdict: TokenError) {
        {
            let mut calls = lock(&self.calls);
            if calls.ended.is_some() || calls.verdict.is_some() {
                return;
            }
            calls.verdict = Some(verdict);
        }
        self.tally.kills.fetch_add(1, Ordering::Relaxed);
        self.end_by_force();
    }

    /// The lock keeps the number from being reaped, and so from being another process's, in between.
    fn end_by_force(&self) {
        let mut process = lock(&self.process);
        if matches!(process.try_wait(), Ok(Some(_))) {
            return;
        }
        // Its own group, once it is confined: a pinentry goes with it.
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = process.kill();
    }

    fn why_ended(&self) -> TokenError {
        let calls = lock(&self.calls);
        let unknown = TokenError::WorkerCrashed { signal: None, exit_code: None };
        calls.ended.clone().or(calls.verdict.clone()).unwrap_or(unknown)
    }

    /// The thread that hands out answers until the pipe ends, then reaps the process and tells who still waits.
    fn listen(
        self: Arc<Self>,
        mut pipe: BufReader<UnixStream>,
        idle: Duration,
        at_rest: impl Fn(&Arc<Self>),
    ) {
        loop {
            if pipe.buffer().is_empty() && !self.readable(pipe.get_ref(), idle) {
                at_rest(&self);
                continue;
            }
            match frame::read::<(u64, Answer)>(&mut pipe) {
                Ok(Some((number, answer))) => self.hand_out(number, answer),
                Ok(None) => break,
                // It died in the middle of an answer: how, says its exit status.
                Err(FrameError::Truncated) => break,
                Err(error) => {
                    self.kill(TokenError::WorkerReplyMalformed(error));
                    break;
                }
            }
        }
        let status = self.reap();
        let mut calls = lock(&self.calls);
        let crashed = TokenError::WorkerCrashed {
            signal: status.and_then(|status| status.signal()),
            exit_code: status.and_then(|status| status.code()),
        };
        if calls.verdict.is_none() && !self.leaving.load(Ordering::Acquire) {
            self.tally.crashes.fetch_add(1, Ordering::Relaxed);
        }
        let error = calls.verdict.clone().unwrap_or(crashed);
        for waiting in std::mem::take(&mut calls.waiting).into_values() {
            let _ = waiting.try_send(Err(error.clone()));
        }
        calls.ended = Some(error);
    }

    /// Waits for the pipe; `false` after `idle`.
    fn readable(&self, pipe: &UnixStream, idle: Duration) -> bool {
        let rested = self.at_rest_since().map_or(Duration::ZERO, |since| since.elapsed());
        // An act that is open and rests is looked at now and then.
        let left = idle.saturating_sub(rested).max(idle / 4).max(Duration::from_millis(10));
        let Ok(timeout) = Timespec::try_from(left) else { return true };
        match poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => ready != 0,
            Err(rustix::io::Errno::INTR) => false,
            // Reading will tell what is wrong.
            Err(_) => true,
        }
    }

    fn hand_out(&self, number: u64, mut answer: Answer) {
        let hung = hung(&mut answer);
        let waiting = {
            let mut calls = lock(&self.calls);
            calls.last = Instant::now();
            calls.waiting.remove(&number)
        };
        if let Some(verdict) = hung {
            // A thread is stuck in the module for good: the process goes, and with it every other call.
            self.kill(verdict);
        }
        if let Some(waiting) = waiting {
            // Fails only where the caller has given up, and then nobody wants it.
            let _ = waiting.try_send(answer);
        }
    }

    /// Waits for the exit, forcing it after a while.
    fn reap(&self) -> Option<ExitStatus> {
        let patience = Instant::now() + self.answer;
        let mut pause = Duration::from_millis(1);
        let mut forced = false;
        loop {
            match lock(&self.process).try_wait() {
                Ok(None) => {}
                Ok(status) => return status,
                Err(_) => return None,
            }
            let late = Instant::now().saturating_duration_since(patience);
            if late > Duration::ZERO && !forced {
                forced = true;
                self.end_by_force();
            } else if late > self.answer {
                // In a driver's uninterruptible sleep: whoever waits is told now; the kernel ends it when it wakes.
                return None;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

/// A call that timed out inside the worker, as the parent names it: with the process gone, not only the call.
fn hung(answer: &mut Answer) -> Option<TokenError> {
    fn rename(error: &mut TokenError) -> Option<TokenError> {
        let TokenError::CallTimedOut { function, limit } = error else { return None };
        *error = TokenError::WorkerHung { function: std::mem::take(function), limit: *limit };
        Some(error.clone())
    }
    match answer {
        Err(error) => rename(error),
        Ok(Reply::Signatures(results)) => {
            let errors = results.iter_mut().filter_map(|result| result.as_mut().err());
            // Every one is renamed, the first is the verdict.
            errors.filter_map(rename).reduce(|first, _| first)
        }
        Ok(Reply::Modules(modules)) => {
            let errors = modules.iter_mut().filter_map(|module| module.as_mut().err());
            errors.filter_map(rename).reduce(|first, _| first)
        }
        Ok(_) => None,
    }
}
