//! What a worker process gives up before it loads anything.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};

/// Takes the pipe from standard input and puts `/dev/null` there, so that a module finds nothing to read or to answer on.
///
/// # Errors
/// `ENOTSOCK` where standard input is no socket: nobody started us as a worker. Else the system's.
pub(super) fn pipe() -> Result<UnixStream, Errno> {
    let input = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let status = rustix::fs::fstat(&input)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Socket {
        return Err(Errno::NOTSOCK);
    }
    let null = null()?;
    rustix::stdio::dup2_stdin(&null)?;
    // What a module prints goes nowhere: standard output belongs to whoever started our parent.
    rustix::stdio::dup2_stdout(&null)?;
    Ok(UnixStream::from(input))
}

fn null() -> Result<OwnedFd, Errno> {
    rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}

/// Leaves the terminal's session, so that its Ctrl-C ends the parent's work and not ours, and leaves no memory behind.
///
/// # Errors
/// The system's: a worker that cannot be confined must not run.
pub(super) fn confine() -> Result<(), Errno> {
    match rustix::process::setsid() {
        // Already the leader of a group of its own.
        Ok(_) | Err(Errno::PERM) => {}
        Err(error) => return Err(error),
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)?;
    // Also keeps other processes of this user from reading the PIN out of memory.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Bounds what a leaking module can take from the machine.
///
/// # Errors
/// The system's.
pub(super) fn limit_data(bytes: u64) -> Result<(), Errno> {
    let old = rustix::process::getrlimit(Resource::Data);
    let bytes = old.maximum.map_or(bytes, |most| most.min(bytes));
    let new = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    rustix::process::setrlimit(Resource::Data, new)
}
