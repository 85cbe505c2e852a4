//! Times as a Vietnamese reader expects them, the same on every machine: a report that is replayed shows the same words.

use kyso_x509::Time;
use kyso_x509::time::Civil;

/// Vietnam's offset from UTC in seconds, all year (Decision 134/2002/QĐ-TTg: time zone 7).
const VIETNAM: i64 = 7 * 3600;

/// `dd/mm/yyyy hh:mm:ss +07:00`, whatever the machine's zone is.
#[must_use]
pub fn moment(time: Time) -> String {
    let there =
        Civil::from_time(Time::from_unix_seconds(time.as_unix_seconds().saturating_add(VIETNAM)));
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02} +07:00",
        there.day, there.month, there.year, there.hour, there.minute, there.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_may_change_with_the_zone() {
        assert_eq!(moment(Time::from_unix_seconds(0)), "01/01/1970 07:00:00 +07:00");
        // 2026-12-31T17:00:00Z
        assert_eq!(moment(Time::from_unix_seconds(1_798_736_400)), "01/01/2027 00:00:00 +07:00");
    }
}
