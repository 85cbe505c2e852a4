//! Was the machine ours during a round? Counted from the kernel's own accounts.

use std::time::Instant;

use anyhow::{Context as _, Result};

/// A round during which other processes used more than this many cores is no figure.
pub(crate) const MOST_FOREIGN_CORES: f64 = 0.25;

/// The kernel counts in ticks of 1/100 s (USER_HZ) on every Linux architecture kyso runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time spent so far, in ticks.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    started: Instant,
    machine: u64,
    own: u64,
}

impl Watch {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self { started: Instant::now(), machine: machine()?, own: own()? })
    }

    /// CPU cores that others used since the start.
    pub(crate) fn foreign_cores(&self) -> Result<f64> {
        let machine = machine()?.saturating_sub(self.machine) as f64;
        let own = own()?.saturating_sub(self.own) as f64;
        let wall = self.started.elapsed().as_secs_f64().max(0.01);
        Ok(((machine - own) / TICKS_PER_SECOND / wall).max(0.0))
    }
}

/// Seconds of CPU time that this process and its ended children took so far: what others' work leaves as it is.
pub(crate) fn cpu_seconds() -> Result<f64> {
    Ok(own()? as f64 / TICKS_PER_SECOND)
}

/// Busy ticks of all cores: user, nice, system, irq, softirq.
fn machine() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/stat").context("/proc/stat")?;
    let line = stat.lines().next().context("a first line")?;
    let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|f| f.parse().ok()).collect();
    Ok([0, 1, 2, 5, 6].iter().filter_map(|index| fields.get(*index)).sum())
}

/// Ticks of this process and of its children that have ended.
fn own() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("/proc/self/stat")?;
    // Fields after the parenthesized name: utime, stime, cutime, cstime are numbers 14 to 17 of all.
    let after = stat.rsplit_once(')').context("a name in parentheses")?.1;
    Ok(after.split_whitespace().skip(11).take(4).filter_map(|f| f.parse::<u64>().ok()).sum())
}

/// Most memory this process ever held (VmHWM), in KiB.
pub(crate) fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("VmHWM")?;
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).context("a number of KiB")
}
