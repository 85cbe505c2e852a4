//! Calendar days, as Vietnam counts them.

use kyso_x509::{Civil, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Seconds that Vietnam's clocks are ahead of UTC, all year.
const VIETNAM_OFFSET_SECONDS: i64 = 7 * 3_600;
const SECONDS_A_DAY: i64 = 86_400;

/// A calendar day; laws, forms and codes are dated by days. Text form: ISO 8601, `2025-07-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Why a text or three numbers are no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateError {
    /// Not of the form `YYYY-MM-DD`.
    Form,
    /// No such day in the calendar.
    NoSuchDay {
        /// Year as stated.
        year: u16,
        /// Month as stated.
        month: u8,
        /// Day as stated.
        day: u8,
    },
}

impl core::fmt::Display for DateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Form => f.write_str("a date has the form YYYY-MM-DD"),
            Self::NoSuchDay { year, month, day } => {
                write!(f, "{year:04}-{month:02}-{day:02} is no day of the calendar")
            }
        }
    }
}

impl core::error::Error for DateError {}

impl Date {
    /// A day that the source code states; whether it exists is checked by the crate's tests.
    pub(crate) const fn stated(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// Takes year (0 to 9999), month and day.
    ///
    /// # Errors
    /// When the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        let date = Self { year, month, day };
        match date.civil().to_time() {
            Some(_) => Ok(date),
            None => Err(DateError::NoSuchDay { year, month, day }),
        }
    }

    /// The day in Vietnam (UTC+7) at a moment; `None` beyond the years 0 to 9999.
    #[must_use]
    pub fn in_vietnam(time: Time) -> Option<Self> {
        let local = time.as_unix_seconds().checked_add(VIETNAM_OFFSET_SECONDS)?;
        Self::of_unix_seconds(local)
    }

    fn of_unix_seconds(seconds: i64) -> Option<Self> {
        let civil = Civil::from_time(Time::from_unix_seconds(seconds));
        let year = u16::try_from(civil.year).ok().filter(|year| *year <= 9_999)?;
        Some(Self {
            year,
            month: u8::try_from(civil.month).ok()?,
            day: u8::try_from(civil.day).ok()?,
        })
    }

    /// Days from this day to the other; negative when that was earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        other.days() - self.days()
    }

    /// The day before; the first day of year 0 stays.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::of_unix_seconds((self.days() - 1) * SECONDS_A_DAY).unwrap_or(self)
    }

    /// `01/07/2025`, as Vietnamese forms write it.
    #[must_use]
    pub fn vietnamese(self) -> String {
        format!("{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }

    fn civil(self) -> Civil {
        Civil {
            year: self.year.into(),
            month: self.month.into(),
            day: self.day.into(),
            hour: 0,
            minute: 0,
            second: 0,
        }
    }

    /// Days since 1970-01-01.
    fn days(self) -> i64 {
        // Every value was checked when it was made.
        self.civil().to_time().map_or(0, |time| time.as_unix_seconds().div_euclid(SECONDS_A_DAY))
    }
}

impl core::fmt::Display for Date {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl core::str::FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        let [_, _, _, _, b'-', _, _, b'-', _, _] = bytes else { return Err(DateError::Form) };
        let number = |range: core::ops::Range<usize>| {
            bytes[range].iter().try_fold(0_u16, |sum, digit| match digit {
                b'0'..=b'9' => Ok(sum * 10 + u16::from(digit - b'0')),
                _ => Err(DateError::Form),
            })
        };
        let part = |range| number(range).map(|value| value.to_le_bytes()[0]);
        Self::new(number(0..4)?, part(5..7)?, part(8..10)?)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_vietnam() {
        // 17:00 UTC is midnight in Hanoi.
        let eve = Time::from_unix_seconds(1_751_302_799);
        assert_eq!(eve.to_string(), "2025-06-30T16:59:59Z");
        assert_eq!(Date::in_vietnam(eve).unwrap().to_string(), "2025-06-30");
        let midnight = Time::from_unix_seconds(1_751_302_800);
        assert_eq!(Date::in_vietnam(midnight).unwrap().vietnamese(), "01/07/2025");
        assert_eq!(Date::in_vietnam(Time::from_unix_seconds(i64::MAX)), None);
    }

    #[test]
    fn only_days_of_the_calendar() {
        assert_eq!(
            "2025-02-29".parse::<Date>(),
            Err(DateError::NoSuchDay { year: 2025, month: 2, day: 29 })
        );
        for text in ["2025-7-01", "2025/07/01", "20250701", "", "2025-07-0x", "２025-07-01"] {
            assert_eq!(text.parse::<Date>(), Err(DateError::Form), "{text}");
        }
        let day: Date = "2025-07-01".parse().unwrap();
        assert_eq!(day.previous().to_string(), "2025-06-30");
        assert_eq!(day.previous().days_until(day), 1);
        assert_eq!(serde_json::to_string(&day).unwrap(), "\"2025-07-01\"");
        assert_eq!(serde_json::from_str::<Date>("\"2025-07-01\"").unwrap(), day);
        assert!(serde_json::from_str::<Date>("\"2025-13-01\"").is_err());
    }
}
