//! One rule of the policy file, and what it allows.

use std::path::PathBuf;

use jiff::Zoned;
use jiff::civil::Time;
use kyso_protocol::Lang;
use serde::Deserialize;

use crate::caller::Peer;
use crate::engine::question::Scope;

/// Why no rule allows it: what kept the rule from it that came closest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No rule is for this certificate or token.
    NoRule,
    /// Not this format.
    Format,
    /// Not this user.
    User,
    /// Not on this day.
    Day,
    /// Not at this hour.
    Hour,
    /// More items than one batch may have.
    Items {
        /// How many it may have.
        limit: usize,
    },
    /// Too many within an hour.
    Rate {
        /// How many there may be.
        limit: u64,
    },
}

impl Refusal {
    /// The refusal as a person reads it.
    pub(crate) fn text(self, lang: Lang) -> String {
        match self {
            Self::NoRule => lang
                .pick("không quy tắc nào cho chứng thư này", "no rule is for this certificate")
                .to_owned(),
            Self::Format => {
                lang.pick("không cho định dạng này", "this format is not allowed").to_owned()
            }
            Self::User => {
                lang.pick("không cho người dùng này", "this user is not allowed").to_owned()
            }
            Self::Day => lang.pick("không cho ngày này", "not on this day").to_owned(),
            Self::Hour => lang.pick("ngoài giờ cho phép", "not at this hour").to_owned(),
            Self::Items { limit } => lang.pick(
                format!("tối đa {limit} tài liệu một lượt"),
                format!("at most {limit} documents at once"),
            ),
            Self::Rate { limit } => lang.pick(
                format!("đã đủ {limit} chữ ký trong một giờ"),
                format!("{limit} signatures an hour are spent"),
            ),
        }
    }
}

/// One `[[allow]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rule {
    /// Stands in the journal with what it allowed: letters, digits and `-`.
    pub(super) name: String,
    /// SHA-256 of the certificate that may sign, hexadecimal.
    certificate: Option<String>,
    /// Or every certificate of the token with this serial number.
    token_serial: Option<String>,
    /// `pades`, `cades`; absent: both.
    formats: Option<Vec<String>>,
    /// User names or numbers; absent: whoever runs the daemon.
    users: Option<Vec<User>>,
    /// Local time, `07:00-19:00`; the end is not part of it.
    hours: Option<String>,
    /// `mon` to `sun`; absent: every day.
    days: Option<Vec<String>>,
    /// Signatures within sixty minutes.
    pub(super) most_per_hour: u64,
    /// Most documents of one batch; absent: single signatures only.
    batch_items: Option<usize>,
    /// File whose first line is the PIN.
    pub(super) pin_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum User {
    Number(u32),
    Name(String),
}

impl Rule {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !plain(&self.name) {
            return Err("name");
        }
        match (&self.certificate, &self.token_serial) {
            (Some(hash), None) if hex::decode(hash).is_ok_and(|hash| hash.len() == 32) => {}
            (None, Some(serial)) if !serial.is_empty() => {}
            (Some(_), None) => return Err("certificate"),
            _ => return Err("token-serial"),
        }
        if let Some(formats) = &self.formats
            && !formats.iter().all(|format| matches!(format.as_str(), "pades" | "cades"))
        {
            return Err("formats");
        }
        if self.hours.as_deref().is_some_and(|hours| span(hours).is_none()) {
            return Err("hours");
        }
        if let Some(days) = &self.days
            && !days.iter().all(|day| DAYS.contains(&day.as_str()))
        {
            return Err("days");
        }
        if self.pin_file.as_deref().is_some_and(|path| !path.is_absolute()) {
            return Err("pin-file");
        }
        Ok(())
    }

    /// Whether the rule allows this, but for its rate.
    pub(super) fn judge(&self, peer: &Peer, scope: &Scope, now: &Zoned) -> Result<(), Refusal> {
        let certificate = self.certificate.as_ref().is_none_or(|wanted| {
            hex::decode(wanted).is_ok_and(|wanted| wanted == scope.certificate_sha256)
        });
        let token = self.token_serial.as_ref().is_none_or(|wanted| *wanted == scope.token_serial);
        if !certificate || !token {
            return Err(Refusal::NoRule);
        }
        // A batch may make several: `cades+pades`.
        let allowed = |formats: &Vec<String>| {
            scope.format.split('+').all(|format| formats.iter().any(|one| one == format))
        };
        if self.formats.as_ref().is_some_and(|formats| !allowed(formats)) {
            return Err(Refusal::Format);
        }
        let this_user = |user: &User| match user {
            User::Number(uid) => *uid == peer.uid,
            User::Name(name) => peer.user.as_ref() == Some(name),
        };
        if self.users.as_ref().is_some_and(|users| !users.iter().any(this_user)) {
            return Err(Refusal::User);
        }
        let today = usize::try_from(now.weekday().to_monday_zero_offset()).unwrap_or(0);
        let today = DAYS.get(today).copied().unwrap_or_default();
        if self.days.as_ref().is_some_and(|days| !days.iter().any(|day| day == today)) {
            return Err(Refusal::Day);
        }
        let inside = |(from, until): (Time, Time)| {
            let time = now.time();
            // From evening until morning goes over midnight.
            if from <= until { from <= time && time < until } else { from <= time || time < until }
        };
        if self.hours.as_deref().and_then(span).is_some_and(|span| !inside(span)) {
            return Err(Refusal::Hour);
        }
        let limit = self.batch_items.unwrap_or(1);
        if scope.items > limit {
            return Err(Refusal::Items { limit });
        }
        Ok(())
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `07:00-19:00`.
fn span(text: &str) -> Option<(Time, Time)> {
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        if hour.len() != 2 || minute.len() != 2 {
            return None;
        }
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let (from, until) = text.split_once('-')?;
    Some((time(from)?, time(until)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file of one rule.
    pub(in crate::engine::policy) const RULE: &str = r#"
        [[allow]]
        name = "seal"
        token-serial = "0123"
        formats = ["pades"]
        users = ["clerk", 1000]
        hours = "07:00-19:00"
        days = ["mon", "tue", "wed", "thu", "fri"]
        most-per-hour = 3
        batch-items = 2
    "#;

    fn rule() -> Rule {
        let mut file: super::super::file::File = toml::from_str(RULE).unwrap();
        file.allow.remove(0)
    }

    fn scope() -> Scope {
        Scope {
            certificate_sha256: [1; 32],
            token_serial: "0123".into(),
            pin_pad: false,
            format: "pades".into(),
            items: 1,
        }
    }

    fn peer() -> Peer {
        Peer { uid: 1000, pid: None, user: None, program: None }
    }

    fn at(time: &str) -> Zoned {
        format!("{time}[Asia/Ho_Chi_Minh]").parse().unwrap()
    }

    #[test]
    fn a_rule_allows_what_it_says_and_nothing_else() {
        let (rule, monday) = (rule(), at("2026-11-23T07:00"));
        rule.check().unwrap();
        assert_eq!(rule.judge(&peer(), &scope(), &monday), Ok(()));
        let other = Scope { token_serial: "9".into(), ..scope() };
        assert_eq!(rule.judge(&peer(), &other, &monday), Err(Refusal::NoRule));
        let other = Scope { format: "cades".into(), ..scope() };
        assert_eq!(rule.judge(&peer(), &other, &monday), Err(Refusal::Format));
        let other = Scope { items: 3, ..scope() };
        assert_eq!(rule.judge(&peer(), &other, &monday), Err(Refusal::Items { limit: 2 }));
        let other = Peer { uid: 1001, user: Some("guest".into()), ..peer() };
        assert_eq!(rule.judge(&other, &scope(), &monday), Err(Refusal::User));
        let named = Peer { uid: 1001, user: Some("clerk".into()), ..peer() };
        assert_eq!(rule.judge(&named, &scope(), &monday), Ok(()));
        for (time, refusal) in [
            ("2026-11-22T12:00", Refusal::Day),
            ("2026-11-23T06:59", Refusal::Hour),
            ("2026-11-23T19:00", Refusal::Hour),
        ] {
            assert_eq!(rule.judge(&peer(), &scope(), &at(time)), Err(refusal), "{time}");
        }
        let night = Rule { hours: Some("22:00-05:00".into()), days: None, ..rule };
        assert_eq!(night.judge(&peer(), &scope(), &at("2026-11-23T23:00")), Ok(()));
        assert_eq!(night.judge(&peer(), &scope(), &at("2026-11-23T04:59")), Ok(()));
        let noon = night.judge(&peer(), &scope(), &at("2026-11-23T12:00"));
        assert_eq!(noon, Err(Refusal::Hour));
    }

    #[test]
    fn rules_that_say_nothing_or_too_much_are_named() {
        let wrong = |change: fn(&mut Rule)| {
            let mut rule = rule();
            change(&mut rule);
            rule.check()
        };
        assert_eq!(wrong(|rule| rule.name = "a b".into()), Err("name"));
        assert_eq!(wrong(|rule| rule.token_serial = None), Err("token-serial"));
        assert_eq!(wrong(|rule| rule.certificate = Some("00".repeat(32))), Err("token-serial"));
        assert_eq!(
            wrong(|rule| (rule.token_serial, rule.certificate) = (None, Some("00".into()))),
            Err("certificate")
        );
        assert_eq!(wrong(|rule| rule.formats = Some(vec!["xades".into()])), Err("formats"));
        assert_eq!(wrong(|rule| rule.hours = Some("7-19".into())), Err("hours"));
        assert_eq!(wrong(|rule| rule.hours = Some("07:00-24:30".into())), Err("hours"));
        assert_eq!(wrong(|rule| rule.days = Some(vec!["monday".into()])), Err("days"));
        assert_eq!(wrong(|rule| rule.pin_file = Some("pin".into())), Err("pin-file"));
        assert!(
            toml::from_str::<super::super::file::File>(&format!("{RULE}\ncolour = 1")).is_err()
        );
    }
}
