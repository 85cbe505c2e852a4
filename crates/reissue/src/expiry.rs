//! When a person is warned that a certificate expires.

use kyso_x509::Time;

use crate::date::Date;

/// The nearest threshold passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Threshold {
    /// 90 days or fewer are left.
    Days90,
    /// 60 days or fewer are left.
    Days60,
    /// 30 days or fewer are left, the last day included.
    Days30,
    /// The last day is over.
    Expired,
}

/// Which threshold a certificate has passed on a day in Vietnam; `None` while more than 90 days are left, and for an end
/// beyond year 9999.
#[must_use]
pub fn expiry_threshold(not_after: Time, date: Date) -> Option<Threshold> {
    match days_left(not_after, date)? {
        ..0 => Some(Threshold::Expired),
        0..=30 => Some(Threshold::Days30),
        31..=60 => Some(Threshold::Days60),
        61..=90 => Some(Threshold::Days90),
        _ => None,
    }
}

/// Days from `date` to the last valid day in Vietnam; negative once it is over.
#[must_use]
pub fn days_left(not_after: Time, date: Date) -> Option<i64> {
    Date::in_vietnam(not_after).map(|last| date.days_until(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_include_their_day() {
        // 2026-12-31T16:59:59Z is the last second of that day in Vietnam.
        let not_after = Time::from_unix_seconds(1_798_736_399);
        assert_eq!(not_after.to_string(), "2026-12-31T16:59:59Z");
        for (date, expected) in [
            ("2026-10-01", None),
            ("2026-10-02", Some(Threshold::Days90)),
            ("2026-10-31", Some(Threshold::Days90)),
            ("2026-11-01", Some(Threshold::Days60)),
            ("2026-11-30", Some(Threshold::Days60)),
            ("2026-12-01", Some(Threshold::Days30)),
            ("2026-12-31", Some(Threshold::Days30)),
            ("2027-01-01", Some(Threshold::Expired)),
        ] {
            assert_eq!(expiry_threshold(not_after, date.parse().unwrap()), expected, "{date}");
        }
    }
}
