//! What a page may cost.

use std::time::Duration;

/// Bounds of one page's drawing, each of which a hostile document meets before the machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest document in bytes; the renderer holds it in memory, so it takes part in [`memory`](Self::memory).
    pub document: u64,
    /// Most pixels of the picture; a finer resolution is lowered to it.
    pub pixels: u32,
    /// Longest side of the picture in pixels; the renderer counts in 16 bits.
    pub side: u32,
    /// Address space of the worker in bytes.
    pub memory: u64,
    /// Processor time of the worker in whole seconds.
    pub processor: u64,
    /// Time by the clock from start to end.
    pub time: Duration,
}

impl Limits {
    /// Limits for a person who waits for the page.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            // Scanned dossiers of provinces reach tens of megabytes; a quarter of the memory below is left for it.
            document: 256 << 20,
            // An A4 page at 500 dpi has 24 million, an A0 plan at 120 dpi 22 million.
            pixels: 25_000_000,
            side: 16_384,
            // The document, the picture three times over (layers of transparency) and decoded images beside it.
            memory: 1 << 30,
            // The slowest honest page of the sample set takes a tenth of a second; an unoptimized build fifty times that.
            processor: 15,
            time: Duration::from_secs(20),
        }
    }

    /// Most bytes of an answer: pixels that nothing compresses, and what stands around them.
    pub(crate) const fn answer(&self) -> u64 {
        self.pixels as u64 * 4 + (1 << 20)
    }
}

/// Which of the limits the system keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caps {
    /// All of them.
    All,
    /// All but memory: the system does not count a process's address space against a limit.
    NotMemory,
    /// The clock's alone: the system knows no limits that a process sets itself.
    ClockOnly,
}

impl Caps {
    /// What the system that this program was built for keeps.
    #[must_use]
    pub const fn here() -> Self {
        if cfg!(target_os = "linux") {
            Self::All
        } else if cfg!(unix) {
            Self::NotMemory
        } else {
            Self::ClockOnly
        }
    }
}
