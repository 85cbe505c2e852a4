//! The worker's side: from the pipe to the service and back.

use std::ffi::OsString;
use std::io::{BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use super::confine::{confine, limit_data, pipe};
use super::setup::{Setup, Source, VERSION};
use crate::frame;
use crate::lock::lock;
use crate::pkcs11::{AllowList, Pkcs11Store};
use crate::pkcs12::Pkcs12Store;
use crate::prompt;
use crate::{FrameError, Reply, Request, Service, TokenError};

/// Most requests executed at once; one more thread always reads, so that the parent's end is seen.
const MAX_THREADS: usize = 64;

/// Exit codes of `sysexits.h`.
const USAGE: u8 = 64;
const OS_ERROR: u8 = 71;
const PROTOCOL: u8 = 76;

/// The worker process from start to exit: what the hidden command `kyso token-worker` is.
///
/// Takes no arguments; the first message on the pipe at standard input says what to serve. Returns when the pipe ends,
/// which it also does when the parent is killed; acts that are still open are logged out.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    if arguments.into_iter().next().is_some() {
        return stop(USAGE, &"the token worker takes no arguments");
    }
    let pipe = match pipe() {
        Ok(pipe) => pipe,
        Err(rustix::io::Errno::NOTSOCK) => {
            return stop(USAGE, &"the token worker is started by kyso itself");
        }
        Err(error) => return stop(OS_ERROR, &error),
    };
    if let Err(error) = confine() {
        return stop(OS_ERROR, &error);
    }
    // A thread that panics would leave its caller waiting; the parent knows what to make of a worker that died.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        prompt::restore_terminals();
        std::process::abort();
    }));
    let mut reader = BufReader::new(pipe);
    let setup = match frame::read::<Setup>(&mut reader) {
        Ok(Some(setup)) => setup,
        // The parent was gone before it could say anything.
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => return stop(PROTOCOL, &error),
    };
    if setup.version != VERSION {
        return stop(
            PROTOCOL,
            &"the token worker is of another version than the program that started it",
        );
    }
    if let Err(error) = limit_data(setup.bounds.data) {
        return stop(OS_ERROR, &error);
    }
    let answer = setup.bounds.answer;
    let service = Arc::new(service(setup));
    let outcome = run(service.clone(), reader);
    // From here on the process ends, whatever a module does at its logout or in its exit handlers.
    std::thread::spawn(move || {
        std::thread::sleep(answer);
        let _ = kill_process(getpid(), Signal::KILL);
    });
    prompt::restore_terminals();
    service.close_all();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(PROTOCOL, &error),
    }
}

fn stop(code: u8, why: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("kyso: {why}");
    ExitCode::from(code)
}

/// The service over what the setup names; the allow-list is checked in the store, at each load.
fn service(setup: Setup) -> Service {
    let (mut modules, mut files) = (Vec::new(), Vec::new());
    for source in setup.sources {
        match source {
            Source::Module(module) => modules.push(module),
            Source::KeyFile(path) => files.push(path),
        }
    }
    if modules.is_empty() {
        return Service::of_key_files(Pkcs12Store::new(files), Box::new(()));
    }
    Service::new(Pkcs11Store::new(AllowList::new(modules), setup.limits), Box::new(()))
}

/// Executes requests from the stream until it ends, many at once; each answer carries its request's number.
///
/// # Errors
/// [`FrameError`] where what arrives is no message, or no answer can be written.
pub fn serve(service: Service, stream: UnixStream) -> Result<(), FrameError> {
    run(Arc::new(service), BufReader::new(stream))
}

fn run(service: Arc<Service>, reader: BufReader<UnixStream>) -> Result<(), FrameError> {
    let writer = Mutex::new(reader.get_ref().try_clone()?);
    let (end, ended) = sync_channel(1);
    let desk = Arc::new(Desk {
        service,
        reader: Mutex::new(reader),
        writer,
        waiting: AtomicUsize::new(0),
        threads: AtomicUsize::new(0),
        end,
    });
    if !desk.hire() {
        return Err(FrameError::Broken { os_error: None });
    }
    // Fails only where every thread is gone, and the last one leaves a word.
    ended.recv().unwrap_or(Ok(()))
}

/// Threads take turns at reading: the one that has read a request executes it while the next one reads.
struct Desk {
    service: Arc<Service>,
    reader: Mutex<BufReader<UnixStream>>,
    writer: Mutex<UnixStream>,
    /// Threads that read or wait for their turn.
    waiting: AtomicUsize,
    threads: AtomicUsize,
    end: SyncSender<Result<(), FrameError>>,
}

impl Desk {
    /// Starts another thread, where there may be one.
    fn hire(self: &Arc<Self>) -> bool {
        if self.threads.fetch_add(1, Ordering::AcqRel) >= MAX_THREADS {
            self.threads.fetch_sub(1, Ordering::AcqRel);
            return false;
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let desk = self.clone();
        let hired = std::thread::Builder::new()
            .name("kyso-worker".into())
            .spawn(move || desk.end_with(desk.work()))
            .is_ok();
        if !hired {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            self.threads.fetch_sub(1, Ordering::AcqRel);
        }
        hired
    }

    /// The first to end speaks for all; the process ends with it.
    fn end_with(&self, outcome: Result<(), FrameError>) {
        let _ = self.end.try_send(outcome);
    }

    fn work(self: &Arc<Self>) -> Result<(), FrameError> {
        loop {
            let read = frame::read::<(u64, Request)>(&mut *lock(&self.reader))?;
            let Some((number, request)) = read else { return Ok(()) };
            // A thread that finds nobody behind it hires one, or stays to read: the parent's end must be seen.
            let alone = self.waiting.fetch_sub(1, Ordering::AcqRel) == 1;
            let reply = if alone && request != Request::Ping && !self.hire() {
                Err(TokenError::TokenBusy { waited: Duration::ZERO })
            } else {
                self.service.execute(request)
            };
            self.waiting.fetch_add(1, Ordering::AcqRel);
            self.answer(number, &reply)?;
        }
    }

    fn answer(&self, number: u64, reply: &Result<Reply, TokenError>) -> Result<(), FrameError> {
        let frame = match frame::encode(&(number, reply)) {
            Ok(frame) => frame,
            Err(error) => {
                let refused = Err::<Reply, _>(TokenError::WorkerRequestRefused(error));
                frame::encode(&(number, refused))?
            }
        };
        Ok(lock(&self.writer).write_all(&frame)?)
    }
}
