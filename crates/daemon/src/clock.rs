//! The one clock of the daemon.

use jiff::Timestamp;

/// Now.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Unix microseconds, as the journal and the daemon's own tables hold them.
pub(crate) fn unix_micros() -> u64 {
    u64::try_from(now().as_microsecond()).unwrap_or(0)
}

/// RFC 3339 in UTC, to the millisecond; what is out of range shows as the epoch.
pub(crate) fn rfc3339(unix_micros: u64) -> String {
    let micros = i64::try_from(unix_micros).unwrap_or(i64::MAX);
    let time = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
