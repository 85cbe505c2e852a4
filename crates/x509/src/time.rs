//! Points in time as certificates and signatures state them: whole seconds in UTC.

use crate::asn1::{Asn1Error, Element, tag, tlv};

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted; negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

/// A date and a time of day in UTC, proleptic Gregorian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, astronomical: 0 is 1 BC.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day, 1 to the month's last.
    pub day: i64,
    /// Hour, 0 to 23.
    pub hour: i64,
    /// Minute, 0 to 59.
    pub minute: i64,
    /// Second, 0 to 59.
    pub second: i64,
}

impl Time {
    /// Takes seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_unix_seconds(self) -> i64 {
        self.0
    }

    /// Reads `UTCTime` or `GeneralizedTime` as RFC 5280 §4.1.2.5 writes them: seconds present, `Z`, no fraction.
    ///
    /// # Errors
    /// When the element is no such time.
    pub fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let text = element.value();
        let digits = match (element.tag(), text) {
            (tag::UTC_TIME, [digits @ .., b'Z']) if digits.len() == 12 => digits,
            (tag::GENERALIZED_TIME, [digits @ .., b'Z']) if digits.len() == 14 => digits,
            _ => return Err(element.invalid()),
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(element.invalid());
        }
        let number = |range: &[u8]| {
            range.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        };
        let (year, rest) = if element.tag() == tag::UTC_TIME {
            // RFC 5280 §4.1.2.5.1: 50 and above is 19YY.
            let year = number(&digits[..2]);
            (if year >= 50 { 1900 + year } else { 2000 + year }, &digits[2..])
        } else {
            (number(&digits[..4]), &digits[4..])
        };
        let civil = Civil {
            year,
            month: number(&rest[..2]),
            day: number(&rest[2..4]),
            hour: number(&rest[4..6]),
            minute: number(&rest[6..8]),
            second: number(&rest[8..10]),
        };
        civil.to_time().ok_or_else(|| element.invalid())
    }

    /// DER as RFC 5280 §4.1.2.5 and RFC 5652 §11.3 demand: `UTCTime` from 1950 through 2049, else `GeneralizedTime`.
    ///
    /// `None` for a year that `GeneralizedTime` cannot write.
    #[must_use]
    pub fn to_der(self) -> Option<Vec<u8>> {
        let Civil { year, month, day, hour, minute, second } = Civil::from_time(self);
        let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
        match year {
            1950..=2049 => {
                let text = format!("{:02}{rest}", year % 100);
                Some(tlv(tag::UTC_TIME, text.as_bytes()))
            }
            0..=9999 => {
                let text = format!("{year:04}{rest}");
                Some(tlv(tag::GENERALIZED_TIME, text.as_bytes()))
            }
            _ => None,
        }
    }
}

/// RFC 3339 in UTC, such as `2026-05-01T00:00:00Z`.
impl core::fmt::Display for Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let civil = Civil::from_time(*self);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
        )
    }
}

const SECONDS_A_DAY: i64 = 86_400;
/// Days in 400 Gregorian years.
const DAYS_AN_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01: years are counted from March so that the leap day comes last.
const DAYS_TO_EPOCH: i64 = 719_468;

impl Civil {
    /// The date and time of day of a moment.
    #[must_use]
    pub fn from_time(time: Time) -> Self {
        let days = time.0.div_euclid(SECONDS_A_DAY) + DAYS_TO_EPOCH;
        let of_day = time.0.rem_euclid(SECONDS_A_DAY);
        let era = days.div_euclid(DAYS_AN_ERA);
        let day_of_era = days.rem_euclid(DAYS_AN_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }

    /// `None` when a field is out of its range, 29 February of a common year included, or the year beyond ±9999.
    #[must_use]
    pub fn to_time(&self) -> Option<Time> {
        if !(-9_999..=9_999).contains(&self.year)
            || !(1..=12).contains(&self.month)
            || !(1..=31).contains(&self.day)
            || self.hour > 23
            || self.minute > 59
            || self.second > 59
        {
            return None;
        }
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * DAYS_AN_ERA + day_of_era - DAYS_TO_EPOCH;
        let time = Time(days * SECONDS_A_DAY + self.hour * 3_600 + self.minute * 60 + self.second);
        // A day that the month does not have comes back as another date.
        (Self::from_time(time).day == self.day).then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{Reader, Rules};
    use proptest::prelude::*;

    fn read(tag: u8, text: &str) -> Option<Time> {
        let encoded = tlv(tag, text.as_bytes());
        let element = Reader::new(&encoded, Rules::Der).element().unwrap();
        Time::from_element(&element).ok()
    }

    #[test]
    fn known_dates() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Time(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(Time(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(read(tag::UTC_TIME, "000229000000Z"), Some(Time(951_782_400)));
        assert_eq!(read(tag::UTC_TIME, "500101000000Z"), Some(Time(-631_152_000)));
        assert_eq!(read(tag::GENERALIZED_TIME, "99991231235959Z"), Some(Time(253_402_300_799)));
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "010229000000Z",
            "011301000000Z",
            "010100000000Z",
            "010101240000Z",
            "0101010000Z",
            "01010100000+Z",
            "010101000000+0700",
        ] {
            assert_eq!(read(tag::UTC_TIME, text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn der_round_trips(seconds in -62_167_219_200_i64..=253_402_300_799) {
            let encoded = Time(seconds).to_der().unwrap();
            let element = Reader::new(&encoded, Rules::Der).element().unwrap();
            prop_assert_eq!(Time::from_element(&element).unwrap(), Time(seconds));
        }
    }
}
