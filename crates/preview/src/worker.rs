//! The worker's side: limits first, then the page.

#[cfg(unix)]
mod confine;
mod draw;

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;

use crate::wire::{self, Answer, Refusal, Request};

/// The hidden command by which the program starts itself; its arguments go to [`main`].
pub const COMMAND: &str = "preview-worker";

/// First argument: draw the page that standard input asks for.
pub(crate) const DRAW: &str = "draw";
/// First argument: become another program under the limits.
pub(crate) const BECOME: &str = "become";

/// Exit codes of `sysexits.h`.
const USAGE: u8 = 64;
pub(crate) const NOT_CONFINED: u8 = 71;
const BROKEN_PIPE: u8 = 74;
/// The other program is not there.
pub(crate) const NOT_THERE: u8 = 127;

/// Stack of the thread that draws, counted against the memory limit only where it is touched: objects nest.
const STACK: usize = 64 << 20;

/// The worker process from start to exit.
///
/// Arguments: `draw` or `become`, bytes of memory, seconds of processor time, bytes of any file written; after `become`
/// a program and its arguments. The limits hold before a byte of standard input is read.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let mode = arguments.next().unwrap_or_default();
    let mut number = || arguments.next()?.to_str()?.parse::<u64>().ok();
    let (Some(memory), Some(processor), Some(file)) = (number(), number(), number()) else {
        return stop(USAGE, "the preview's worker is started by kyso itself");
    };
    #[cfg(unix)]
    if confine::confine(memory, processor, file).is_err() {
        return stop(NOT_CONFINED, "the preview's worker could not limit itself");
    }
    #[cfg(not(unix))]
    let _ = (memory, processor, file);
    if mode == DRAW {
        return draw_one();
    }
    #[cfg(unix)]
    if mode == BECOME
        && let Some(program) = arguments.next()
    {
        use std::os::unix::process::CommandExt as _;
        let error = std::process::Command::new(program).args(arguments).exec();
        return stop(NOT_THERE, &error.to_string());
    }
    stop(USAGE, "the preview's worker is started by kyso itself")
}

fn stop(code: u8, why: &str) -> ExitCode {
    eprintln!("kyso: {why}");
    ExitCode::from(code)
}

/// One request, one answer.
fn draw_one() -> ExitCode {
    let mut input = io::stdin().lock();
    let Ok(request) = wire::receive::<Request>(&mut input) else {
        return stop(USAGE, "the preview's worker is started by kyso itself");
    };
    let mut document = Vec::new();
    if input.take(request.document.saturating_add(1)).read_to_end(&mut document).is_err() {
        return ExitCode::from(BROKEN_PIPE);
    }
    // What a panic says names the renderer's lines, which nobody reads.
    std::panic::set_hook(Box::new(|_| {}));
    let drawn = if document.len() as u64 > request.document {
        Err(Refusal::TooLong)
    } else {
        on_large_stack(request, document)
    };
    let (answer, png) = match drawn {
        Ok((answer, png)) => (answer, png),
        Err(refusal) => (Answer::Refused(refusal), Vec::new()),
    };
    let mut output = io::stdout().lock();
    let sent = wire::send(&answer, &mut output)
        .and_then(|()| output.write_all(&png))
        .and_then(|()| output.flush());
    if sent.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN_PIPE) }
}

fn on_large_stack(request: Request, document: Vec<u8>) -> Result<(Answer, Vec<u8>), Refusal> {
    let (result, drawn) = sync_channel(1);
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let _ = result.send(draw::draw(&request, document));
    });
    // A thread that panics sends nothing.
    if thread.is_err() {
        Err(Refusal::Panicked)
    } else {
        drawn.recv().map_err(|_| Refusal::Panicked)?
    }
}
