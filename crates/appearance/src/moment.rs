//! A moment as a clock on the wall shows it.

use core::fmt;

use kyso_x509::{Civil, Time};

/// A signing time with its offset from UTC.
///
/// Shown as `dd.MM.yyyy HH:mm:ss +07:00`: day first as Decree 30/2020 writes dates, the zone as ISO 8601-1 §4.3.13 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    local: Civil,
    offset_minutes: i16,
}

impl Moment {
    /// Minutes that Vietnam is before UTC.
    pub const VIETNAM: i16 = 7 * 60;

    /// The moment in a zone; `None` outside the years 0 to 9999 or from a day's offset on.
    #[must_use]
    pub fn new(time: Time, offset_minutes: i16) -> Option<Self> {
        if offset_minutes.unsigned_abs() >= 24 * 60 {
            return None;
        }
        let seconds = i64::from(offset_minutes) * 60;
        let local = time.as_unix_seconds().checked_add(seconds).map(Time::from_unix_seconds)?;
        let local = Civil::from_time(local);
        (0..=9_999).contains(&local.year).then_some(Self { local, offset_minutes })
    }

    /// The day there, `dd/MM/yyyy`.
    #[must_use]
    pub fn date(&self) -> String {
        let Civil { year, month, day, .. } = self.local;
        format!("{day:02}/{month:02}/{year:04}")
    }

    /// The day there in words, as a document's date stands: Decree 30/2020 appendix I writes days below 10 and the months 1
    /// and 2 with a zero before them.
    #[must_use]
    pub fn date_in_words(&self) -> String {
        let Civil { year, month, day, .. } = self.local;
        let zero = if month <= 2 { "0" } else { "" };
        format!("ngày {day:02} tháng {zero}{month} năm {year}")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.local;
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        let (hours, minutes) = (offset / 60, offset % 60);
        write!(
            f,
            "{day:02}.{month:02}.{year:04} {hour:02}:{minute:02}:{second:02} {sign}{hours:02}:{minutes:02}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_stands_in_its_zone() {
        let time = Time::from_unix_seconds(1_772_386_205);
        let vietnam = Moment::new(time, Moment::VIETNAM).expect("a usual time");
        assert_eq!(vietnam.to_string(), "02.03.2026 00:30:05 +07:00");
        assert_eq!(vietnam.date(), "02/03/2026");
        assert_eq!(vietnam.date_in_words(), "ngày 02 tháng 3 năm 2026");
        let west = Moment::new(time, -210).expect("a usual time");
        assert_eq!(west.to_string(), "01.03.2026 14:00:05 -03:30");
        assert!(Moment::new(time, 24 * 60).is_none());
    }
}
