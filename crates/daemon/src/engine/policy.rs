//! Consent by the administrator's policy file, for servers where nobody sits.
//!
//! The file belongs to root and nobody else may write it or any folder above it. It is read anew for each question, so that
//! a change holds at once. What no rule allows is refused. Rates are counted from what this daemon granted and, after
//! a start, from the journal.

use std::collections::{HashMap, VecDeque};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Zoned;
use jiff::civil::Time;
use kyso_journal::{Filter, KindFilter, Reader, Record};
use kyso_protocol::Lang;
use serde::Deserialize;

use super::question::Scope;
use crate::app::App;
use crate::caller::{Caller, Peer};
use crate::error::{ApiError, ConsentError};

/// Largest policy file: thousands of rules.
const MOST_BYTES: u64 = 256 * 1024;

/// Records read at once when an hour is counted from the journal.
const PAGE: u32 = 500;

/// What the policy granted in the last hour.
#[derive(Default)]
pub(crate) struct Policy {
    granted: Mutex<HashMap<String, VecDeque<(i64, u64)>>>,
}

/// A rule allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The rule's name.
    pub(crate) name: String,
    /// Where the PIN lies; else the token asks for none, or takes it on its pad.
    pub(crate) pin_file: Option<PathBuf>,
}

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

/// Why the policy file may not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyFault {
    /// It cannot be opened or read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        kind: std::io::ErrorKind,
    },
    /// It is a link, a folder or a device.
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The file, or a folder above it, is not root's.
    NotRoots {
        /// Which.
        path: PathBuf,
    },
    /// Others than root may write the file, or a folder above it.
    OthersWrite {
        /// Which.
        path: PathBuf,
    },
    /// A folder above it is a link.
    LinkAbove {
        /// Which.
        path: PathBuf,
    },
    /// It is longer than any policy, in bytes.
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// It is no TOML, or has a key or value that is not known.
    Malformed {
        /// Byte at which, where known.
        at: Option<usize>,
    },
    /// A rule contradicts itself or lacks something.
    Rule {
        /// The rule's name.
        name: String,
        /// What.
        key: &'static str,
    },
}

impl std::fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable { path, kind } => write!(f, "{}: {kind}", path.display()),
            Self::NotAFile { path } => write!(f, "{} is not a regular file", path.display()),
            Self::NotRoots { path } => write!(f, "{} does not belong to root", path.display()),
            Self::OthersWrite { path } => {
                write!(f, "others than root may write {}", path.display())
            }
            Self::LinkAbove { path } => write!(f, "{} is a symbolic link", path.display()),
            Self::TooLong { limit } => write!(f, "the file has more than {limit} bytes"),
            Self::Malformed { at: Some(at) } => write!(f, "the file does not parse at byte {at}"),
            Self::Malformed { at: None } => f.write_str("the file does not parse"),
            Self::Rule { name, key } => write!(f, "rule {name:?}: `{key}` is wrong or missing"),
        }
    }
}

impl std::error::Error for PolicyFault {}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Rule>,
}

/// One `[[allow]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rule {
    /// Stands in the journal with what it allowed: letters, digits and `-`.
    name: String,
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
    most_per_hour: u64,
    /// Most documents of one batch; absent: single signatures only.
    batch_items: Option<usize>,
    /// File whose first line is the PIN.
    pin_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum User {
    Number(u32),
    Name(String),
}

impl Policy {
    /// Asks the file; what it grants counts from now on.
    ///
    /// # Errors
    /// [`ConsentError::PolicyUnusable`], [`ConsentError::PolicyRefused`]; the journal's.
    pub(crate) fn ask(&self, app: &App, caller: &Caller, scope: &Scope) -> Result<Grant, ApiError> {
        let rules = read(&app.settings().policy).map_err(ConsentError::PolicyUnusable)?;
        let now = Zoned::now();
        let minute = now.timestamp().as_second().div_euclid(60);
        let mut closest = Refusal::NoRule;
        for rule in &rules {
            match rule.judge(&caller.peer, scope, &now) {
                Err(Refusal::NoRule) => continue,
                Err(refusal) => {
                    closest = refusal;
                    continue;
                }
                Ok(()) => {}
            }
            if self.spend(rule, minute, scope.items as u64, app.journal.reader())? {
                return Ok(Grant { name: rule.name.clone(), pin_file: rule.pin_file.clone() });
            }
            closest = Refusal::Rate { limit: rule.most_per_hour };
        }
        Err(ConsentError::PolicyRefused(closest).into())
    }

    /// Counts these items under the rule, unless they are too many.
    fn spend(
        &self,
        rule: &Rule,
        minute: i64,
        items: u64,
        journal: &Reader,
    ) -> Result<bool, ApiError> {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if !granted.contains_key(&rule.name) {
            granted.insert(rule.name.clone(), recorded(journal, &rule.name, minute)?);
        }
        let counted = granted.entry(rule.name.clone()).or_default();
        while counted.front().is_some_and(|(at, _)| *at + 60 < minute) {
            counted.pop_front();
        }
        let spent: u64 = counted.iter().map(|(_, count)| count).sum();
        if spent.saturating_add(items) > rule.most_per_hour {
            return Ok(false);
        }
        match counted.back_mut() {
            Some((at, count)) if *at == minute => *count += items,
            _ => counted.push_back((minute, items)),
        }
        Ok(true)
    }
}

/// What the journal says was asked under this rule within the last hour, by minute.
fn recorded(journal: &Reader, name: &str, now: i64) -> Result<VecDeque<(i64, u64)>, ApiError> {
    let prefix = format!("policy {name} ");
    let mut counted: VecDeque<(i64, u64)> = VecDeque::new();
    let mut until = u64::MAX;
    loop {
        let filter =
            Filter { until, kind: KindFilter::Intents, newest_first: true, ..Filter::all(PAGE) };
        let entries = journal.entries(&filter)?;
        for entry in &entries {
            let minute = i64::try_from(entry.leaf.time / 60_000_000).unwrap_or(i64::MAX);
            if minute + 60 < now {
                return Ok(counted);
            }
            let Record::Intent(intent) = &entry.leaf.record else { continue };
            if intent.consent.as_deref().is_some_and(|consent| consent.starts_with(&prefix)) {
                match counted.front_mut() {
                    Some((at, count)) if *at == minute => *count += 1,
                    _ => counted.push_front((minute, 1)),
                }
            }
        }
        match entries.last() {
            Some(last) if entries.len() == PAGE as usize => until = last.leaf.sequence,
            _ => return Ok(counted),
        }
    }
}

impl Rule {
    fn check(&self) -> Result<(), &'static str> {
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
    fn judge(&self, peer: &Peer, scope: &Scope, now: &Zoned) -> Result<(), Refusal> {
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

/// Reads the file, once it is found that only root can have written it.
fn read(path: &Path) -> Result<Vec<Rule>, PolicyFault> {
    let text = trusted(path)?;
    let file: File = toml::from_str(&text)
        .map_err(|error| PolicyFault::Malformed { at: error.span().map(|span| span.start) })?;
    for rule in &file.allow {
        rule.check().map_err(|key| PolicyFault::Rule { name: rule.name.clone(), key })?;
    }
    Ok(file.allow)
}

/// Whether the file would be used, for whoever looks after the installation.
///
/// # Errors
/// [`PolicyFault`].
pub(crate) fn look(path: &Path) -> Result<usize, PolicyFault> {
    read(path).map(|rules| rules.len())
}

fn trusted(path: &Path) -> Result<String, PolicyFault> {
    use rustix::fs::{FileType, Mode, OFlags};
    let unreadable = |path: &Path, error: std::io::Error| PolicyFault::Unreadable {
        path: path.to_path_buf(),
        kind: error.kind(),
    };
    let writable = Mode::WGRP | Mode::WOTH;
    let judge = |path: &Path, uid: u32, mode: u32| {
        if uid != 0 {
            return Err(PolicyFault::NotRoots { path: path.to_path_buf() });
        }
        if Mode::from_raw_mode(mode).intersects(writable) {
            return Err(PolicyFault::OthersWrite { path: path.to_path_buf() });
        }
        Ok(())
    };
    for folder in path.ancestors().skip(1) {
        let status = rustix::fs::lstat(folder).map_err(|error| unreadable(folder, error.into()))?;
        if FileType::from_raw_mode(status.st_mode) == FileType::Symlink {
            return Err(PolicyFault::LinkAbove { path: folder.to_path_buf() });
        }
        judge(folder, status.st_uid, status.st_mode)?;
    }
    // The folders are root's, so that nobody swaps the file between the look and the opening.
    let status = rustix::fs::lstat(path).map_err(|error| unreadable(path, error.into()))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(PolicyFault::NotAFile { path: path.to_path_buf() });
    }
    judge(path, status.st_uid, status.st_mode)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| unreadable(path, error.into()))?;
    let mut text = String::new();
    std::fs::File::from(file)
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(path, error))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(PolicyFault::TooLong { limit: MOST_BYTES });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
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
        let mut file: File = toml::from_str(RULE).unwrap();
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
    fn the_documented_file_is_one() {
        let page = include_str!("../../../../docs/policy.md");
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        let file: File = toml::from_str(example.unwrap()).unwrap();
        assert_eq!(file.allow.len(), 1);
        for rule in &file.allow {
            assert_eq!(rule.check(), Ok(()));
        }
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
        assert!(toml::from_str::<File>(&format!("{RULE}\ncolour = 1")).is_err());
    }

    #[test]
    fn only_a_file_that_root_alone_writes_is_read() {
        use std::os::unix::fs::PermissionsExt as _;
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root makes files that belong to root");
            return;
        }
        let mode = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        // In /tmp others may write, whatever the file's own permissions.
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let path = folder.path().join("policy.toml");
        std::fs::write(&path, RULE).unwrap();
        mode(&path, 0o644);
        assert_eq!(look(&path), Err(PolicyFault::OthersWrite { path: "/tmp".into() }));

        let folder = tempfile::tempdir_in("/root").unwrap();
        let path = folder.path().join("policy.toml");
        let missing =
            PolicyFault::Unreadable { path: path.clone(), kind: std::io::ErrorKind::NotFound };
        assert_eq!(look(&path), Err(missing));
        std::fs::write(&path, RULE).unwrap();
        mode(&path, 0o644);
        assert_eq!(look(&path), Ok(1));
        for bits in [0o664, 0o646] {
            mode(&path, bits);
            assert_eq!(look(&path), Err(PolicyFault::OthersWrite { path: path.clone() }));
        }
        mode(&path, 0o644);
        std::os::unix::fs::chown(&path, Some(1000), None).unwrap();
        assert_eq!(look(&path), Err(PolicyFault::NotRoots { path: path.clone() }));
        std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        mode(folder.path(), 0o770);
        let above = PolicyFault::OthersWrite { path: folder.path().into() };
        assert_eq!(look(&path), Err(above));
        mode(folder.path(), 0o700);
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(look(&link), Err(PolicyFault::NotAFile { path: link.clone() }));
        let (real, alias) = (folder.path().join("real"), folder.path().join("alias"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &alias).unwrap();
        std::fs::copy(&path, real.join("policy.toml")).unwrap();
        let fault = PolicyFault::LinkAbove { path: alias.clone() };
        assert_eq!(look(&alias.join("policy.toml")), Err(fault));
        std::fs::write(&path, "allow = 3").unwrap();
        assert!(matches!(look(&path), Err(PolicyFault::Malformed { .. })));
        std::fs::write(&path, "x".repeat(MOST_BYTES as usize + 1)).unwrap();
        assert_eq!(look(&path), Err(PolicyFault::TooLong { limit: MOST_BYTES }));
    }
}
