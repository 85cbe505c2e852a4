//! `kyso extend`: signatures that last, and the files that wait for it.

mod pending;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kyso::extend::{self, ExtendError, Extended, Level, Options};
use kyso::fetch::Fetcher;
use kyso::password::DocumentPassword;
use kyso::timestamp::Authorities;
use kyso::verify::{Content, Options as Judging, VerifyFileError};
use kyso_daemon::explain::extend as explain;
use kyso_daemon::text::{Lang, Problem, system};
use kyso_journal::Journal;
use kyso_x509::Time;
use serde_json::{Value, json};

use crate::args::{ExtendArgs, ExtendLevel, Judging as JudgingArgs};
use crate::desk::Desk;
use crate::judging::Judgement;
use crate::out::{self, say, tell};
use crate::password;
use crate::sign::{make_folder, progress};
use crate::verify::beside;

pub(crate) use pending::enqueue;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days before its end at which an archive time-stamp is renewed when nothing else is said: a quarter, in which somebody looks.
pub(crate) const RENEW_BEFORE_DAYS: u16 = 90;

/// Most files below one folder: beyond, a slip of the hand is likelier than an archive.
const MOST_FILES: usize = 1_000_000;

/// Deepest nesting of folders below the one that was named.
const MOST_DEPTH: usize = 64;

/// Extends and gives the exit code: 0 when every file has its level, else 2.
pub(crate) fn run(desk: &Desk, arguments: &ExtendArgs) -> Result<u8, Problem> {
    if arguments.pending {
        return pending::run(desk, arguments);
    }
    let lang = desk.lang();
    let level = level(arguments.level.unwrap_or(ExtendLevel::T));
    let tasks = tasks(arguments, lang)?;
    if let Some(folder) = &arguments.out_dir {
        make_folder(folder, lang)?;
    }
    let judging = arguments.trusting.judging();
    let password =
        password::given(desk, &arguments.password, tasks.iter().map(|task| task.source.as_path()))?;
    let extender = Extender::open(desk, &judging, &arguments.tsa, arguments.renew_before)?
        .with_password(password);
    let bar = progress(tasks.len(), lang.pick("Đang nâng mức", "Extending"));
    let rows: Vec<Row> = tasks
        .into_iter()
        .filter_map(|task| {
            let row = extender.row(task, level);
            bar.inc(1);
            row
        })
        .collect();
    bar.finish_and_clear();
    Ok(tell_rows(&rows, arguments.trusting.json, lang))
}

/// One file to extend.
pub(crate) struct Task {
    pub(crate) source: PathBuf,
    /// Where the extended file goes; `None` for in place.
    pub(crate) target: Option<PathBuf>,
    pub(crate) content: Option<PathBuf>,
    /// Whether an existing target may be replaced.
    pub(crate) overwrite: bool,
    /// Found below a folder by a name that files without any signature have too.
    pub(crate) by_chance: bool,
}

/// What became of one file.
pub(crate) struct Row {
    file: PathBuf,
    level: Level,
    ended: Result<Reached, Problem>,
}

/// A file that has its level.
pub(crate) enum Reached {
    /// It had it.
    Already,
    /// It was extended.
    Now {
        /// Where the extended file is.
        path: PathBuf,
        /// `CAdES` or `PAdES`.
        format: &'static str,
        /// The journal's entry of the extension.
        entry: u64,
        /// The time-stamps that were added: which kind, whose, when.
        stamps: Vec<Value>,
    },
}

/// What is needed to extend files, read once.
pub(crate) struct Extender {
    judgement: Judgement,
    fetcher: Fetcher,
    pub(crate) authorities: Authorities,
    pub(crate) journal: Journal,
    renew_within: i64,
    requester: String,
    password: Option<DocumentPassword>,
    lang: Lang,
}

impl Extender {
    /// The same for PDFs that this password opens.
    pub(crate) fn with_password(self, password: Option<DocumentPassword>) -> Self {
        Self { password, ..self }
    }

    pub(crate) fn open(
        desk: &Desk,
        judging: &JudgingArgs,
        tsa: &[String],
        renew_before: u16,
    ) -> Result<Self, Problem> {
        let mut judgement = Judgement::of(desk, judging)?;
        let fetcher = match judgement.fetcher.take() {
            Some(fetcher) => fetcher,
            None => desk.config().fetch.fetcher(judging.offline, desk.lang())?,
        };
        Ok(Self {
            judgement,
            fetcher,
            authorities: desk.config().timestamp.authorities(tsa),
            // A journal that cannot be written means that nothing is changed.
            journal: desk.journal_to_sign()?,
            renew_within: i64::from(renew_before) * DAY,
            requester: desk.requester(),
            password: None,
            lang: desk.lang(),
        })
    }

    /// `None` for a file that nobody meant: it bears no signature.
    fn row(&self, task: Task, level: Level) -> Option<Row> {
        let ended = self.extend(&task, level, &self.authorities);
        if let Err(ExtendError::Unusable(VerifyFileError::NotSigned { .. })) = &ended
            && task.by_chance
        {
            return None;
        }
        let ended = ended.map_err(|error| explain::explain(&error, self.lang));
        Some(Row { file: task.source, level, ended })
    }

    /// Extends one file by these authorities.
    pub(crate) fn extend(
        &self,
        task: &Task,
        level: Level,
        authorities: &Authorities,
    ) -> Result<Reached, ExtendError> {
        let options = self.options(task, level, authorities);
        // A link stays a link: what it leads to is replaced.
        let in_place = || std::fs::canonicalize(&task.source);
        let target = match &task.target {
            Some(target) => target.clone(),
            None => in_place().unwrap_or_else(|_| task.source.clone()),
        };
        match extend::extend_file(&task.source, &target, &options, &self.journal)? {
            Extended::UpToDate => Ok(Reached::Already),
            Extended::Done(released) => Ok(Reached::Now {
                path: task.target.clone().unwrap_or_else(|| task.source.clone()),
                format: released.value().format,
                entry: released.receipt().entry,
                stamps: released.value().stamps.iter().map(stamp).collect(),
            }),
        }
    }

    /// Whether a file has its level without anything being done.
    pub(crate) fn is_up_to_date(&self, task: &Task, level: Level) -> bool {
        let options = self.options(task, level, &self.authorities);
        extend::is_up_to_date(&task.source, &options).unwrap_or(false)
    }

    fn options<'a>(
        &'a self,
        task: &'a Task,
        level: Level,
        authorities: &'a Authorities,
    ) -> Options<'a> {
        let now = Time::from_unix_seconds(jiff::Timestamp::now().as_second());
        Options {
            level,
            judging: Judging {
                trust: &self.judgement.trust,
                evidence: &self.judgement.evidence,
                policy: self.judgement.policy.as_ref(),
                validation_time: now,
                content: task.content.as_deref().map(Content::File),
                paths: None,
                password: self.password.as_ref(),
            },
            fetcher: &self.fetcher,
            authorities,
            now,
            renew_within: self.renew_within,
            requester: self.requester.clone(),
            overwrite: task.overwrite,
        }
    }
}

impl Row {
    fn json(&self) -> Value {
        let mut row = json!({ "file": self.file.to_string_lossy(), "level": self.level.as_str() });
        let more = match &self.ended {
            Ok(Reached::Already) => json!({ "result": "up-to-date" }),
            Ok(Reached::Now { path, format: _, entry, stamps }) => json!({
                "result": "extended", "output": path.to_string_lossy(), "journal_entry": entry,
                "time_stamps": stamps,
            }),
            Err(problem) => json!({ "result": "failed", "error": problem.json() }),
        };
        if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
            row.extend(more);
        }
        row
    }

    fn tell(&self, lang: Lang) {
        let (file, level) = (out::path(&self.file), self.level.as_str());
        match &self.ended {
            Ok(Reached::Already) => say!(
                "{file}: {}",
                lang.pick(
                    format!("đã ở mức {level}, chưa cần làm gì"),
                    format!("has level {level} already, nothing is due"),
                )
            ),
            Ok(Reached::Now { path, format, entry, .. }) => {
                let recorded = lang.pick("nhật ký", "journal entry");
                say!("{file} → {} ({format}-B-{level}, {recorded} {entry})", out::path(path));
            }
            Err(problem) => tell!("{file}: {}", problem.shown(lang)),
        }
    }
}

/// Prints the rows and gives the exit code.
fn tell_rows(rows: &[Row], as_json: bool, lang: Lang) -> u8 {
    let failures = rows.iter().filter(|row| row.ended.is_err()).count();
    if as_json {
        out::json(&json!({ "extended": rows.iter().map(Row::json).collect::<Vec<_>>() }));
    } else {
        rows.iter().for_each(|row| row.tell(lang));
        let (count, good) = (rows.len(), rows.len() - failures);
        if count > 1 {
            say!(
                "{}",
                lang.pick(
                    format!("{good} trên {count} tệp có đủ mức."),
                    format!("{good} of {count} files have their level."),
                )
            );
        }
    }
    if failures == 0 { 0 } else { 2 }
}

fn stamp(stamp: &extend::Stamp) -> Value {
    json!({
        "signer": stamp.signer + 1, "kind": stamp.kind.as_str(), "authority": stamp.authority,
        "time": stamp.time.to_string(),
    })
}

pub(crate) const fn level(level: ExtendLevel) -> Level {
    match level {
        ExtendLevel::T => Level::T,
        ExtendLevel::Lt => Level::Lt,
        ExtendLevel::Lta => Level::Lta,
    }
}

/// Sources and targets; refuses what cannot be meant.
fn tasks(arguments: &ExtendArgs, lang: Lang) -> Result<Vec<Task>, Problem> {
    if let Some(folder) = &arguments.recursive {
        let task = |file: PathBuf| Task { by_chance: is_pdf_by_name(&file), ..in_place(file) };
        return signed_below(folder, lang).map(|files| files.into_iter().map(task).collect());
    }
    if arguments.files.len() > 1 && (arguments.output.is_some() || arguments.content.is_some()) {
        return Err(Problem::new(
            "one-output-many-files",
            lang.pick("có nhiều tệp nhưng chỉ một tên", "several files but one name"),
            lang.pick(
                "`-o` và `--content` chỉ dùng với một tệp",
                "`-o` and `--content` belong to one file",
            ),
            lang.pick(
                "dùng `--out-dir` hoặc `--in-place` cho nhiều tệp",
                "use `--out-dir` or `--in-place` for several files",
            ),
        ));
    }
    let mut names = BTreeSet::new();
    let mut tasks = Vec::with_capacity(arguments.files.len());
    for source in &arguments.files {
        let target = match (&arguments.output, &arguments.out_dir) {
            (Some(output), _) => Some(output.clone()),
            (None, Some(folder)) => Some(folder.join(source.file_name().unwrap_or_default())),
            (None, None) if arguments.in_place => None,
            (None, None) => return Err(nowhere_to_write(lang)),
        };
        let content = arguments.content.clone().or_else(|| beside(source));
        // What is written must never take another file of the same call away.
        let written = target.as_ref().unwrap_or(source);
        let written = std::path::absolute(written).unwrap_or_else(|_| written.clone());
        if !names.insert(written) {
            return Err(Problem::new(
                "same-output-twice",
                lang.pick(
                    "hai tệp sẽ có cùng tên đầu ra",
                    "two files would get the same output name",
                ),
                out::path(source),
                lang.pick(
                    "nâng mức từng thư mục, hoặc dùng `--in-place`",
                    "extend the folders one after the other, or use `--in-place`",
                ),
            ));
        }
        let overwrite = arguments.force || target.is_none();
        tasks.push(Task { source: source.clone(), target, content, overwrite, by_chance: false });
    }
    Ok(tasks)
}

/// A file that is replaced by its extended form.
pub(crate) fn in_place(source: PathBuf) -> Task {
    let content = beside(&source);
    Task { source, target: None, content, overwrite: true, by_chance: false }
}

fn nowhere_to_write(lang: Lang) -> Problem {
    Problem::new(
        "no-output",
        lang.pick("chưa biết ghi tệp đã nâng mức ở đâu", "there is no place for the extended file"),
        lang.pick(
            "không có `-o`, `--out-dir` hay `--in-place`",
            "there is no `-o`, `--out-dir` or `--in-place`",
        ),
        lang.pick(
            "thêm `--in-place` để thay chính tệp đó, hoặc `-o TÊN`",
            "add `--in-place` to replace the file itself, or `-o NAME`",
        ),
    )
}

/// Every `*.p7m`, `*.p7s` and `*.pdf` below a folder, in the order of their names; links to folders are not followed.
fn signed_below(folder: &Path, lang: Lang) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |path: &Path, why: String| {
        Problem::new(
            "folder-unreadable",
            lang.pick("không đọc được thư mục", "the folder cannot be read"),
            format!("{}: {why}", path.display()),
            lang.pick("kiểm tra đường dẫn và quyền đọc", "check its path and permissions"),
        )
    };
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(unreadable(&folder, system(&error, lang))),
            Err(error) => {
                // One folder that is closed harms no other.
                tell!("{}", unreadable(&folder, system(&error, lang)).shown(lang));
                continue;
            }
        };
        for entry in entries.flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
                if depth < MOST_DEPTH {
                    folders.push((path, depth + 1));
                }
            } else if kind.is_ok_and(|kind| kind.is_file()) && is_signed_by_name(&path) {
                found.push(path);
            }
        }
        if found.len() > MOST_FILES {
            let why = lang.pick("quá nhiều tệp", "too many files");
            return Err(unreadable(&folder, why.to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

fn is_signed_by_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["p7m", "p7s", "pdf"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

fn is_pdf_by_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"))
}
