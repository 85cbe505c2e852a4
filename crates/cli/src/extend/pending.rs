//! `kyso extend --pending`: the files that were signed while no authority answered.

use std::io::ErrorKind;
use std::path::Path;

use kyso::extend::{ExtendError, Level};
use kyso::pending::{Entry, Pending, Queue, QueueError};
use kyso::timestamp::Authorities;
use kyso_daemon::config::default_pending;
use kyso_daemon::explain::extend as explain;
use kyso_daemon::text::{Lang, Problem};
use kyso_x509::Time;
use serde_json::{Value, json};

use super::{Extender, Reached, Task};
use crate::args::ExtendArgs;
use crate::desk::Desk;
use crate::out::{self, say, tell};
use crate::password;
use crate::sign::progress;

/// Works, lists or shortens the queue.
pub(super) fn run(desk: &Desk, arguments: &ExtendArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let queue = open(lang)?;
    let as_json = arguments.trusting.json;
    if let Some(file) = &arguments.forget {
        return forget(&queue, file, as_json, lang);
    }
    let problem = |error: QueueError| explain::queue(&error, lang);
    if arguments.list {
        return Ok(list(&queue.list().map_err(problem)?, as_json, lang));
    }
    let _working = queue.work().map_err(problem)?;
    let entries = queue.list().map_err(problem)?;
    if entries.is_empty() {
        if as_json {
            out::json(&json!({ "pending": [] }));
        } else {
            say!("{}", lang.pick("Không có tệp nào đang chờ.", "No file waits."));
        }
        return Ok(0);
    }
    let judging = arguments.trusting.judging();
    let password = password::given(desk, &arguments.password, [])?;
    let extender = Extender::open(desk, &judging, &arguments.tsa, arguments.renew_before)?
        .with_password(password);
    let named = !arguments.tsa.is_empty();
    let bar = progress(entries.len(), lang.pick("Đang nâng mức", "Extending"));
    let mut rows = Vec::new();
    for Entry { path, pending } in entries {
        rows.push(match pending {
            Ok(pending) => work(&queue, &extender, &pending, named, lang),
            Err(error) => Row {
                file: path.to_string_lossy().into_owned(),
                level: None,
                ended: Err(explain::queue(&error, lang)),
            },
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(tell_rows(&rows, as_json, lang))
}

/// Puts a signed file into the queue, durably.
pub(crate) fn enqueue(
    file: &Path,
    level: Level,
    content: Option<&Path>,
    authorities: &[String],
    reason: &ExtendError,
    lang: Lang,
) -> Result<(), Problem> {
    let problem = |error: QueueError| explain::queue(&error, lang);
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
    let pending = Pending::of_file(file, level, now).map_err(problem)?;
    let pending = Pending {
        content: content.map(absolute),
        authorities: authorities.to_vec(),
        last_error: Some(reason.code().to_owned()),
        ..pending
    };
    open(lang)?.put(&pending).map_err(problem)
}

fn open(lang: Lang) -> Result<Queue, Problem> {
    let folder = default_pending().ok_or_else(|| explain::queue_nowhere(lang))?;
    Queue::open(&folder).map_err(|error| explain::queue(&error, lang))
}

struct Row {
    file: String,
    level: Option<Level>,
    ended: Result<Reached, Problem>,
}

/// Extends one file that waits; it leaves the queue only when it has its level.
fn work(queue: &Queue, extender: &Extender, pending: &Pending, named: bool, lang: Lang) -> Row {
    let ended = extend(extender, pending, named, lang);
    let kept = match &ended {
        Ok(_) => queue.remove(&pending.file).map(drop),
        Err(problem) => queue.put(&Pending {
            attempts: pending.attempts.saturating_add(1),
            last_error: Some(problem.code.to_string()),
            ..pending.clone()
        }),
    };
    if let Err(error) = kept {
        // The file is as it should be; only the list is not.
        tell!("{}", explain::queue(&error, lang).shown(lang));
    }
    Row { file: pending.file.to_string_lossy().into_owned(), level: Some(pending.level), ended }
}

fn extend(
    extender: &Extender,
    pending: &Pending,
    named: bool,
    lang: Lang,
) -> Result<Reached, Problem> {
    let task = Task {
        source: pending.file.clone(),
        target: None,
        content: pending.content.clone(),
        overwrite: true,
        by_chance: false,
    };
    match pending.is_unchanged() {
        Ok(true) => {}
        // Extended before, by hand or by an act that was cut off before it could say so.
        Ok(false) if extender.is_up_to_date(&task, pending.level) => return Ok(Reached::Already),
        Ok(false) => return Err(explain::changed(&pending.file, lang)),
        Err(QueueError::Unreadable { error, .. }) if error.kind() == ErrorKind::NotFound => {
            return Err(explain::moved(&pending.file, &error, lang));
        }
        Err(error) => return Err(explain::queue(&error, lang)),
    }
    // Whom the call names counts most, then whom the signer named, then the configuration.
    let own =
        Authorities { addresses: pending.authorities.clone(), policy: extender.authorities.policy };
    let authorities = if named || own.addresses.is_empty() { &extender.authorities } else { &own };
    extender
        .extend(&task, pending.level, authorities)
        .map_err(|error| explain::explain(&error, lang))
}

fn tell_rows(rows: &[Row], as_json: bool, lang: Lang) -> u8 {
    let failures = rows.iter().filter(|row| row.ended.is_err()).count();
    if as_json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        out::json(&json!({ "pending": rows }));
    } else {
        rows.iter().for_each(|row| row.tell(lang));
        let done = rows.len() - failures;
        say!(
            "{}",
            lang.pick(
                format!("{done} tệp đã có đủ mức, {failures} tệp còn chờ."),
                format!("{done} file(s) have their level, {failures} still wait."),
            )
        );
    }
    if failures == 0 { 0 } else { 2 }
}

impl Row {
    fn json(&self) -> Value {
        let level = self.level.map(Level::as_str);
        match &self.ended {
            Ok(Reached::Already) => json!({
                "file": self.file, "level": level, "pending": false, "result": "up-to-date",
            }),
            Ok(Reached::Now { path, format: _, entry, stamps }) => json!({
                "file": self.file, "level": level, "pending": false, "result": "extended",
                "output": path.to_string_lossy(), "journal_entry": entry, "time_stamps": stamps,
            }),
            Err(problem) => json!({
                "file": self.file, "level": level, "pending": true, "result": "failed",
                "error": problem.json(),
            }),
        }
    }

    fn tell(&self, lang: Lang) {
        let (file, level) = (out::shown(&self.file), self.level.map_or("?", Level::as_str));
        match &self.ended {
            Ok(Reached::Already) => say!(
                "{file}: {}",
                lang.pick(format!("đã ở mức {level}"), format!("has level {level} already"))
            ),
            Ok(Reached::Now { format, entry, .. }) => {
                let recorded = lang.pick("nhật ký", "journal entry");
                say!("{file} ({format}-B-{level}, {recorded} {entry})");
            }
            Err(problem) => tell!("{file}: {}", problem.shown(lang)),
        }
    }
}

fn list(entries: &[Entry], as_json: bool, lang: Lang) -> u8 {
    let damaged = entries.iter().any(|entry| entry.pending.is_err());
    if as_json {
        let rows = entries.iter().map(|entry| match &entry.pending {
            Ok(pending) => json!({
                "file": pending.file.to_string_lossy(), "level": pending.level.as_str(),
                "queued_at": moment(pending.queued_at), "attempts": pending.attempts,
                "last_error": pending.last_error,
            }),
            Err(error) => json!({
                "file": null, "entry": entry.path.to_string_lossy(),
                "error": explain::queue(error, lang).json(),
            }),
        });
        out::json(&json!({ "pending": rows.collect::<Vec<_>>() }));
        return if damaged { 2 } else { 0 };
    }
    if entries.is_empty() {
        say!("{}", lang.pick("Không có tệp nào đang chờ.", "No file waits."));
    }
    for entry in entries {
        match &entry.pending {
            Ok(pending) => {
                let (file, level) = (out::path(&pending.file), pending.level.as_str());
                let since = out::moment(&moment(pending.queued_at));
                let why = out::shown(pending.last_error.as_deref().unwrap_or_default());
                let tries = pending.attempts;
                say!(
                    "{file}: {}",
                    lang.pick(
                        format!("chờ lên mức {level} từ {since}, đã thử lại {tries} lần, {why}"),
                        format!(
                            "waits for level {level} since {since}, tried again {tries} time(s), {why}"
                        ),
                    )
                );
            }
            Err(error) => tell!("{}", explain::queue(error, lang).shown(lang)),
        }
    }
    if damaged { 2 } else { 0 }
}

fn moment(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .map_or_else(|_| unix_seconds.to_string(), |at| at.to_string())
}

fn forget(queue: &Queue, file: &Path, as_json: bool, lang: Lang) -> Result<u8, Problem> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    match queue.remove(&absolute) {
        Ok(true) if as_json => {
            out::json(&json!({ "forgotten": absolute.to_string_lossy() }));
            Ok(0)
        }
        Ok(true) => {
            say!(
                "{}: {}",
                out::path(&absolute),
                lang.pick("không chờ nữa; tệp để nguyên", "waits no more; the file is as it was")
            );
            Ok(0)
        }
        Ok(false) => Err(explain::not_waiting(&absolute, lang)),
        Err(error) => Err(explain::queue(&error, lang)),
    }
}
