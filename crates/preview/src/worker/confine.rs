//! What the worker gives up before it reads anything.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files open at once: three streams, and what another renderer opens for its fonts.
const FILES: u64 = 64;

/// Bounds memory, processor time, files and core dumps, for this process and whatever it becomes.
///
/// # Errors
/// The system's: a worker that cannot be confined must not run.
pub(super) fn confine(memory: u64, processor: u64, file: u64) -> Result<(), Errno> {
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Fsize, file, file)?;
    lower(Resource::Nofile, FILES, FILES)?;
    // The first signal ends it; the second, a second later, is for whoever caught that.
    lower(Resource::Cpu, processor, processor.saturating_add(1))?;
    let memory = lower(Resource::As, memory, memory);
    // Elsewhere the limit is refused or not kept, which `Caps::here` says.
    if cfg!(target_os = "linux") {
        memory?;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{
            DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal,
        };
        // Whoever started it is the only one to want the picture.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The password passes through this memory.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// Limits are lowered, never raised.
fn lower(resource: Resource, current: u64, maximum: u64) -> Result<(), Errno> {
    let old = getrlimit(resource);
    let bounded = |wanted: u64| Some(old.maximum.map_or(wanted, |most| most.min(wanted)));
    setrlimit(resource, Rlimit { current: bounded(current), maximum: bounded(maximum) })
}
