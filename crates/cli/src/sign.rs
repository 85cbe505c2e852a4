//! `kyso sign`: in this process, or by the daemon.

#[cfg(unix)]
mod by_daemon;
mod direct;
mod raise;
mod status;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use kyso::password::DocumentPassword;
use kyso::sign::{PadesOptions, SignError, SignatureFormat, Task, XadesOptions};
use serde_json::json;

use crate::args::{self, Format, SignArgs, XmlKind};
use crate::desk::Desk;
use crate::out;
use crate::out::{say, tell};
use crate::password;
use crate::visible;
use kyso::visible::Visible;
use kyso_daemon::explain::{sign as sign_problem, visible as visible_problem};
use kyso_daemon::text::{Lang, Problem, unwritable};
use kyso_pades::FieldLock;
use kyso_xades::profile::{HealthCheckSigner, Profile};
use raise::Raised;

/// What became of one file.
struct Row {
    source: PathBuf,
    ended: Result<Signed, Problem>,
}

/// A signed file and its record.
struct Signed {
    path: PathBuf,
    format: String,
    entry: u64,
    /// Why its receipt was not written, where one was asked for.
    unproven: Option<Problem>,
    /// How it came to the level above B that was asked for.
    raised: Option<Raised>,
}

/// What became of all files, in their order.
struct Report {
    rows: Vec<Row>,
    /// Said already where a person reads; of interest to programs.
    warnings: Vec<String>,
}

/// Signs and gives the exit code: 0 when every file was signed, else 2.
pub(crate) fn run(desk: &Desk, mut arguments: SignArgs) -> Result<u8, Problem> {
    // The daemon holds no remote credential: what it would say is that there is none.
    arguments.direct |= desk.is_remote(arguments.credential.as_deref());
    let lang = desk.lang();
    refuse_what_is_not_there(&arguments, lang)?;
    let mut tasks = tasks(&arguments, lang)?;
    raise::refuse_what_cannot_rise(desk, &arguments)?;
    if let Some(folder) = &arguments.out_dir {
        make_folder(folder, lang)?;
    }
    let hopeless = preflight(&tasks, &arguments, lang);
    if hopeless.iter().all(Option::is_some) {
        // Nothing can be signed: nobody is asked for a PIN, and no try of it is spent.
        return Ok(report_hopeless(&tasks, &hopeless, &arguments, lang));
    }
    let mut password = None;
    let report = if arguments.direct {
        // Before the PIN: a document that does not open costs no try of it.
        password = given_password(desk, &arguments, &mut tasks)?;
        direct::sign(desk, &arguments, tasks)?
    } else {
        by_daemon(desk, &arguments, &tasks, hopeless)?
    };
    let report = raise::raise(desk, &arguments, report, password);
    Ok(report.tell(&arguments, lang))
}

/// Gives every PDF the password, if there is one.
fn given_password(
    desk: &Desk,
    arguments: &SignArgs,
    tasks: &mut [Task],
) -> Result<Option<DocumentPassword>, Problem> {
    let is_pdf = |task: &&Task| matches!(task.format, SignatureFormat::Pades(_));
    let files: Vec<_> = tasks.iter().filter(is_pdf).map(|task| task.source.clone()).collect();
    let given = password::given(desk, &arguments.password, files.iter().map(PathBuf::as_path))?;
    for task in tasks {
        if let SignatureFormat::Pades(options) = &mut task.format {
            options.password.clone_from(&given);
        }
    }
    Ok(given)
}

#[cfg(unix)]
fn by_daemon(
    desk: &Desk,
    arguments: &SignArgs,
    tasks: &[Task],
    hopeless: Vec<Option<Problem>>,
) -> Result<Report, Problem> {
    by_daemon::sign(desk, arguments, tasks, hopeless)
}

#[cfg(not(unix))]
fn by_daemon(
    desk: &Desk,
    _arguments: &SignArgs,
    _tasks: &[Task],
    _hopeless: Vec<Option<Problem>>,
) -> Result<Report, Problem> {
    Err(crate::no_daemon_here(desk.lang()))
}

impl Report {
    /// Prints it and gives the exit code.
    fn tell(&self, arguments: &SignArgs, lang: Lang) -> u8 {
        let failures = self.rows.iter().filter(|row| row.failed()).count();
        if arguments.json {
            let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
            out::json(&json!({ "signed": rows, "warnings": self.warnings }));
        } else {
            self.rows.iter().for_each(|row| row.tell(lang));
            let (count, signed) = (self.rows.len(), self.rows.len() - failures);
            if count > 1 {
                say!(
                    "{}",
                    lang.pick(
                        format!("Đã ký {signed} trên {count} tệp."),
                        format!("Signed {signed} of {count} files."),
                    )
                );
            }
        }
        if failures == 0 { 0 } else { 2 }
    }
}

impl Row {
    fn failed(&self) -> bool {
        self.ended.as_ref().map_or(true, |signed| {
            signed.unproven.is_some() || signed.raised.as_ref().is_some_and(Raised::failed)
        })
    }

    fn json(&self) -> serde_json::Value {
        match &self.ended {
            Ok(signed) => {
                let raised = signed.raised.as_ref();
                json!({
                    "file": self.source.to_string_lossy(), "output": signed.path.to_string_lossy(),
                    "format": signed.format, "journal_entry": signed.entry,
                    "receipt_error": signed.unproven.as_ref().map(Problem::json),
                    "level": raised.map_or("B", Raised::level),
                    "pending": raised.is_some_and(Raised::waits),
                    "extension_entry": raised.and_then(Raised::entry),
                    "level_error": raised.and_then(Raised::problem).map(Problem::json),
                })
            }
            Err(problem) => {
                json!({ "file": self.source.to_string_lossy(), "error": problem.json() })
            }
        }
    }

    fn tell(&self, lang: Lang) {
        match &self.ended {
            Ok(Signed { path, format, entry, unproven, raised }) => {
                let recorded = lang.pick("nhật ký", "journal entry");
                let (source, path) = (out::path(&self.source), out::path(path));
                say!("{source} → {path} ({format}, {recorded} {entry})");
                if let Some(raised) = raised {
                    raised.tell(lang);
                }
                if let Some(problem) = unproven {
                    tell!("{}", problem.shown(lang));
                }
            }
            Err(problem) => tell!("{}: {}", out::path(&self.source), problem.shown(lang)),
        }
    }
}

fn refuse_what_is_not_there(arguments: &SignArgs, lang: Lang) -> Result<(), Problem> {
    if !matches!(arguments.format, None | Some(Format::Pades | Format::Cades | Format::Xades)) {
        return Err(Problem::new(
            "format-not-there",
            lang.pick(
                "bản này chưa ký được định dạng đó",
                "this version does not sign that format",
            ),
            lang.pick("có: pades, cades, xades", "it signs: pades, cades, xades"),
            lang.pick(
                "chọn `--format pades`, `cades` hoặc `xades`",
                "choose `--format pades`, `cades` or `xades`",
            ),
        ));
    }
    let is_xml = |file: &PathBuf| is_named(file, "xml");
    let xml = arguments.format == Some(Format::Xades)
        || arguments.profile.is_some()
        || (arguments.format.is_none() && arguments.files.iter().any(is_xml));
    if xml && arguments.level != args::Level::B {
        return Err(Problem::new(
            "level-not-there",
            lang.pick(
                "bản này chưa nâng chữ ký XML lên trên mức B",
                "this version does not raise XML signatures above level B",
            ),
            lang.pick("có `--level` với tệp XML", "there is `--level` with an XML file"),
            lang.pick("bỏ `--level` với tệp XML", "leave `--level` out for XML files"),
        ));
    }
    Ok(())
}

/// What can be said of each file before the token is touched.
fn preflight(tasks: &[Task], arguments: &SignArgs, lang: Lang) -> Vec<Option<Problem>> {
    let explain = |error| Some(sign_problem::explain(&error, lang));
    tasks
        .iter()
        .map(|task| match check_task(task, arguments.force) {
            Err(error) => explain(error),
            Ok(()) if arguments.receipt && !arguments.force => {
                let path = receipt_path(&task.target);
                path.symlink_metadata().ok().and_then(|_| explain(SignError::TargetExists { path }))
            }
            Ok(()) => None,
        })
        .collect()
}

/// The document is there and the target can be made.
fn check_task(task: &Task, overwrite: bool) -> Result<(), SignError> {
    let path = task.source.clone();
    let metadata = match task.source.metadata() {
        Ok(metadata) => metadata,
        Err(error) => return Err(SignError::Unreadable { path, error }),
    };
    if !metadata.is_file() {
        return Err(SignError::NotAFile { path });
    }
    if metadata.len() == 0 {
        return Err(SignError::Empty { path });
    }
    if !overwrite && task.target.symlink_metadata().is_ok() {
        return Err(SignError::TargetExists { path: task.target.clone() });
    }
    let folder = task.target.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.unwrap_or(Path::new(".")).metadata() {
        Ok(folder) if folder.is_dir() => Ok(()),
        Ok(_) => Err(SignError::Unwritable {
            path: task.target.clone(),
            error: std::io::ErrorKind::NotADirectory.into(),
        }),
        Err(error) => Err(SignError::Unwritable { path: task.target.clone(), error }),
    }
}

fn report_hopeless(
    tasks: &[Task],
    hopeless: &[Option<Problem>],
    arguments: &SignArgs,
    lang: Lang,
) -> u8 {
    let mut rows = Vec::new();
    for (task, problem) in tasks.iter().zip(hopeless) {
        let Some(problem) = problem else { continue };
        if arguments.json {
            rows.push(json!({ "file": task.source.to_string_lossy(), "error": problem.json() }));
        } else {
            tell!("{}: {}", out::path(&task.source), problem.shown(lang));
        }
    }
    if arguments.json {
        crate::out::json(&json!({ "signed": rows, "warnings": [] }));
    }
    2
}

/// Sources, targets and formats of all files; refuses what cannot work before the token is touched.
fn tasks(arguments: &SignArgs, lang: Lang) -> Result<Vec<Task>, Problem> {
    if arguments.output.is_some() && arguments.files.len() > 1 {
        return Err(Problem::new(
            "one-output-many-files",
            lang.pick("có nhiều tệp nhưng chỉ một tên đầu ra", "several files but one output name"),
            lang.pick("`-o` chỉ dùng với một tệp", "`-o` names one file"),
            lang.pick("dùng `--out-dir` cho nhiều tệp", "use `--out-dir` for several files"),
        ));
    }
    let looks = Looks::new(arguments, lang)?;
    let mut targets: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    let mut tasks = Vec::with_capacity(arguments.files.len());
    for source in &arguments.files {
        let format = format(source, arguments, &looks);
        // A file that is not there, or is none, is told of as that.
        let is_pades = matches!(format, SignatureFormat::Pades(_));
        if looks.visible.is_some() && !is_pades && source.is_file() {
            return Err(visible_problem::no_pages(source, format.name(), lang));
        }
        let target = target(source, &format, arguments);
        if let Some(other) = targets.insert(same_name(&target), source) {
            return Err(Problem::new(
                "same-output-twice",
                lang.pick(
                    "hai tệp sẽ có cùng tên đầu ra",
                    "two files would get the same output name",
                ),
                format!("{} + {} → {}", out::path(other), out::path(source), out::path(&target)),
                lang.pick("ký riêng từng thư mục", "sign the folders one after the other"),
            ));
        }
        tasks.push(Task { source: source.clone(), name: None, target, format, operation: None });
    }
    Ok(tasks)
}

/// The target as the file system knows it: `a.pdf` and `./a.pdf` are one file.
fn same_name(target: &Path) -> PathBuf {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_path_buf())
        .join(target.file_name().unwrap_or_default())
}

/// What PDFs' signatures show, certify and lock: read once for all files.
struct Looks {
    visible: Option<Box<Visible>>,
    lock: Option<FieldLock>,
}

impl Looks {
    fn new(arguments: &SignArgs, lang: Lang) -> Result<Self, Problem> {
        let options = &arguments.visible;
        Ok(Self {
            visible: visible::visible(options, lang)?.map(Box::new),
            lock: visible::lock(options, lang)?,
        })
    }
}

fn format(source: &Path, arguments: &SignArgs, looks: &Looks) -> SignatureFormat {
    let family = match arguments.format {
        Some(format) => format,
        None if arguments.profile.is_some() => Format::Xades,
        None if arguments.detached => Format::Cades,
        None if is_pdf(source) => Format::Pades,
        None if is_named(source, "xml") => Format::Xades,
        None => Format::Cades,
    };
    if family == Format::Xades {
        SignatureFormat::Xades(XadesOptions {
            profile: arguments.profile.map(XmlKind::profile),
            facility: arguments.facility.clone(),
            bare: arguments.xmldsig,
        })
    } else if family == Format::Pades {
        SignatureFormat::Pades(PadesOptions {
            field: arguments.field.clone(),
            reason: arguments.reason.clone(),
            location: arguments.location.clone(),
            time_stamp_room: match arguments.level {
                args::Level::B => 0,
                _ => kyso::extend::STAMP_ROOM,
            },
            password: None,
            visible: looks.visible.clone(),
            certify: visible::certify(&arguments.visible),
            lock: looks.lock.clone(),
        })
    } else {
        SignatureFormat::Cades { detached: arguments.detached }
    }
}

/// Whether the file says that it is a PDF, by its first bytes or else by its name.
fn is_pdf(path: &Path) -> bool {
    path.is_file() && (is_named(path, "pdf") || begins_as_pdf(path))
}

fn is_named(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

impl XmlKind {
    pub(crate) const fn profile(self) -> Profile {
        match self {
            Self::Claims4750 => Profile::Claims4750,
            Self::Checkin => Profile::Checkin,
            Self::HealthCheckDoctor => Profile::HealthCheck(HealthCheckSigner::Doctor),
            Self::HealthCheckHospital => Profile::HealthCheck(HealthCheckSigner::Hospital),
            Self::Edxml => Profile::Edxml,
            Self::CivilStatus => Profile::CivilStatus,
            Self::Plain => Profile::Plain,
        }
    }
}

/// Whether `%PDF-` stands where readers look for it.
fn begins_as_pdf(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head));
    read.is_ok() && head.windows(5).any(|window| window == b"%PDF-")
}

fn target(source: &Path, format: &SignatureFormat, arguments: &SignArgs) -> PathBuf {
    if let Some(output) = &arguments.output {
        return output.clone();
    }
    let name = source.file_name().unwrap_or_default();
    let signed = match format {
        SignatureFormat::Pades(_) | SignatureFormat::Xades(_) if arguments.out_dir.is_some() => {
            name.to_os_string()
        }
        SignatureFormat::Xades(_) => {
            let mut signed = source.file_stem().unwrap_or_default().to_os_string();
            signed.push("-signed.xml");
            signed
        }
        SignatureFormat::Pades(_) => {
            let mut signed = source.file_stem().unwrap_or_default().to_os_string();
            signed.push("-signed.pdf");
            signed
        }
        SignatureFormat::Cades { detached } => {
            let mut signed = name.to_os_string();
            signed.push(if *detached { ".p7s" } else { ".p7m" });
            signed
        }
    };
    match &arguments.out_dir {
        Some(folder) => folder.join(signed),
        None => source.with_file_name(signed),
    }
}

/// A bar over several files, where a person looks on.
pub(crate) fn progress(count: usize, message: &'static str) -> ProgressBar {
    if count < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}, {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style).with_message(message)
}

/// Makes the folder for signed files where it is not there; not those above it, whose absence is a slip of the hand.
pub(crate) fn make_folder(folder: &Path, lang: Lang) -> Result<(), Problem> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(unwritable(folder, &error, lang))
        }
        // What is there but no folder is told of each file.
        _ => Ok(()),
    }
}

pub(crate) fn receipt_path(signed: &Path) -> PathBuf {
    let mut name = signed.file_name().unwrap_or_default().to_os_string();
    name.push(".tlog-proof");
    signed.with_file_name(name)
}
