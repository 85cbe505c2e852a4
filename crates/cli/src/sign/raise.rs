//! `kyso sign --level T|LT|LTA`: what was signed and released at level B is extended, as an act of its own.
//!
//! A signature is never lost to an authority that does not answer: the file then stays at level B and waits.

use kyso::extend::{ExtendError, Level};
use kyso::password::DocumentPassword;
use kyso::timestamp::TimestampError;
use kyso_daemon::explain::extend as explain;
use kyso_daemon::text::{Lang, Problem};

use super::{Report, Row, Signed, receipt_path};
use crate::args::{self, SignArgs};
use crate::desk::Desk;
use crate::extend::{Extender, RENEW_BEFORE_DAYS, Reached, Task, enqueue};
use crate::journal;
use crate::out::{say, tell};

/// How a signed file came to the level that was asked for.
pub(super) enum Raised {
    /// It has it.
    Done {
        level: Level,
        /// The journal's entry of the extension.
        entry: Option<u64>,
    },
    /// It stays at level B and waits in the queue.
    Waits {
        problem: Problem,
        /// Whether the caller takes that as done.
        accepted: bool,
    },
    /// It stays at level B, and waiting would not help.
    Failed(Problem),
}

impl Raised {
    pub(super) fn failed(&self) -> bool {
        match self {
            Self::Done { .. } => false,
            Self::Waits { accepted, .. } => !accepted,
            Self::Failed(_) => true,
        }
    }

    pub(super) fn level(&self) -> &'static str {
        match self {
            Self::Done { level, .. } => level.as_str(),
            Self::Waits { .. } | Self::Failed(_) => "B",
        }
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Waits { .. })
    }

    pub(super) fn entry(&self) -> Option<u64> {
        match self {
            Self::Done { entry, .. } => *entry,
            Self::Waits { .. } | Self::Failed(_) => None,
        }
    }

    pub(super) fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Done { .. } => None,
            Self::Waits { problem, .. } | Self::Failed(problem) => Some(problem),
        }
    }

    pub(super) fn tell(&self, lang: Lang) {
        match self {
            Self::Done { level, entry } => {
                let entry = entry.map_or_else(String::new, |entry| {
                    format!(", {} {entry}", lang.pick("nhật ký", "journal entry"))
                });
                say!(
                    "  {} B-{}{entry}",
                    lang.pick("đã nâng lên", "extended to"),
                    level.as_str()
                );
            }
            Self::Waits { accepted: true, .. } => say!(
                "  {}",
                lang.pick(
                    "đang chờ dấu thời gian; khi có mạng chạy `kyso extend --pending`",
                    "waits for its time-stamp; run `kyso extend --pending` once the network is back",
                )
            ),
            Self::Waits { problem, accepted: false } | Self::Failed(problem) => {
                tell!("{}", problem.shown(lang));
            }
        }
    }
}

/// Refuses, before anybody types a PIN, what could not come to its level anyway.
pub(super) fn refuse_what_cannot_rise(desk: &Desk, arguments: &SignArgs) -> Result<(), Problem> {
    let lang = desk.lang();
    if level(arguments).is_none() {
        let unused = arguments.pending || !arguments.tsa.is_empty();
        return if unused { Err(level_missing(lang)) } else { Ok(()) };
    }
    if desk.config().timestamp.authorities(&arguments.tsa).addresses.is_empty() {
        return Err(explain::no_authority(lang));
    }
    Ok(())
}

fn level_missing(lang: Lang) -> Problem {
    Problem::new(
        "level-missing",
        lang.pick("mức B không cần dấu thời gian", "level B takes no time-stamp"),
        lang.pick(
            "có `--tsa` hoặc `--pending` mà không có `--level`",
            "there is `--tsa` or `--pending` but no `--level`",
        ),
        lang.pick("thêm `--level T`, `LT` hoặc `LTA`", "add `--level T`, `LT` or `LTA`"),
    )
}

fn level(arguments: &SignArgs) -> Option<Level> {
    match arguments.level {
        args::Level::B => None,
        args::Level::T => Some(Level::T),
        args::Level::Lt => Some(Level::Lt),
        args::Level::Lta => Some(Level::Lta),
    }
}

/// Extends what was signed, each file for itself.
pub(super) fn raise(
    desk: &Desk,
    arguments: &SignArgs,
    mut report: Report,
    password: Option<DocumentPassword>,
) -> Report {
    let Some(level) = level(arguments) else { return report };
    if report.rows.iter().all(|row| row.ended.is_err()) {
        return report;
    }
    let lang = desk.lang();
    let judging = args::Judging {
        trust: arguments.trust.clone(),
        untrusted: arguments.untrusted.clone(),
        evidence: Vec::new(),
        time: None,
        policy: None,
        offline: false,
        json: arguments.json,
    };
    let extender = Extender::open(desk, &judging, &arguments.tsa, RENEW_BEFORE_DAYS)
        .map(|extender| extender.with_password(password));
    for Row { source, ended } in &mut report.rows {
        let Ok(signed) = ended else { continue };
        let raised = match &extender {
            Ok(extender) => {
                let detached = arguments.detached.then(|| source.clone());
                let task = Task {
                    source: signed.path.clone(),
                    target: None,
                    content: detached,
                    overwrite: true,
                    by_chance: false,
                };
                let raising = Raising { desk, arguments, extender, level };
                raising.one(&task, signed)
            }
            Err(problem) => Raised::Failed(still_at_b(problem, lang)),
        };
        signed.raised = Some(raised);
    }
    report
}

struct Raising<'a> {
    desk: &'a Desk,
    arguments: &'a SignArgs,
    extender: &'a Extender,
    level: Level,
}

impl Raising<'_> {
    fn one(&self, task: &Task, signed: &mut Signed) -> Raised {
        let lang = self.desk.lang();
        match self.extender.extend(task, self.level, &self.extender.authorities) {
            Ok(Reached::Already) => Raised::Done { level: self.level, entry: None },
            Ok(Reached::Now { entry, .. }) => {
                // The receipt beside the file shall be that of the file as it is now.
                if self.arguments.receipt && signed.unproven.is_none() {
                    let place = receipt_path(&signed.path);
                    let journal = &self.extender.journal;
                    signed.unproven =
                        journal::write_receipt(journal, entry, &place, true, lang).err();
                }
                Raised::Done { level: self.level, entry: Some(entry) }
            }
            Err(error) if may_wait(&error) => self.wait(task, &error),
            Err(error) => Raised::Failed(still_at_b(&explain::explain(&error, lang), lang)),
        }
    }

    fn wait(&self, task: &Task, error: &ExtendError) -> Raised {
        let lang = self.desk.lang();
        let (content, tsa) = (task.content.as_deref(), &self.arguments.tsa);
        match enqueue(&task.source, self.level, content, tsa, error, lang) {
            Ok(()) => {
                let reason = explain::explain(error, lang);
                Raised::Waits {
                    problem: explain::waits(&reason, self.level.as_str(), lang),
                    accepted: self.arguments.pending || self.desk.config().timestamp.queue,
                }
            }
            Err(problem) => Raised::Failed(still_at_b(&problem, lang)),
        }
    }
}

/// Whether the queue may help: what is missing is elsewhere, and so may be there later.
fn may_wait(error: &ExtendError) -> bool {
    error.is_passing()
        || matches!(error, ExtendError::Timestamp(TimestampError::NoneAnswered { .. }))
}

/// The signature is there; only its level is not.
fn still_at_b(problem: &Problem, lang: Lang) -> Problem {
    Problem::new(
        problem.code.clone(),
        lang.pick(
            format!("tệp đã ký, nhưng chỉ ở mức B: {}", problem.what),
            format!("the file is signed, but at level B only: {}", problem.what),
        ),
        problem.why.clone(),
        lang.pick(
            format!("{}; rồi chạy `kyso extend --in-place`, không cần ký lại", problem.remedy),
            format!(
                "{}; then run `kyso extend --in-place`, there is no need to sign again",
                problem.remedy
            ),
        ),
    )
}
