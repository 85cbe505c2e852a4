//! `kyso sign`.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use kyso::sign::{
    BatchOptions, PadesOptions, SignError, SignResult, SignatureFormat, Stop, Task, sign_batch,
};
use kyso::signer::{PathStatus, Preference, RsaScheme, Signer, Trust};
use kyso_journal::Journal;
use kyso_token::HashAlgorithm;
use kyso_x509::Time;
use kyso_x509::path::TrustAnchor;
use serde_json::json;

use crate::args::{Format, Hash, Level, RsaPadding, SignArgs};
use crate::desk::Desk;
use crate::out::{say, tell};
use crate::{journal, out};
use kyso_daemon::explain::sign as sign_problem;
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem};

/// Signs and gives the exit code: 0 when every file was signed, else 2.
pub(crate) fn run(desk: &Desk, arguments: SignArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    refuse_what_is_not_there(&arguments, lang)?;
    let tasks = tasks(&arguments, lang)?;
    let hopeless = preflight(&tasks, &arguments, lang);
    if hopeless.iter().all(Option::is_some) {
        // Nothing can be signed: nobody is asked for a PIN, and no try of it is spent.
        return Ok(report_hopeless(&tasks, &hopeless, &arguments, lang));
    }
    // Before anybody types a PIN: a journal that cannot be written means that nothing is signed.
    let journal = desk.journal_to_sign()?;
    let signing_time = jiff::Zoned::now();
    let trust = trust(desk, &arguments)?;
    let chosen = desk.credential(arguments.credential.as_deref())?;
    let signer = chosen
        .open(
            &desk.prompt(),
            preference(&arguments),
            &trust,
            Time::from_unix_seconds(signing_time.timestamp().as_second()),
        )
        .map_err(|error| sign_problem::explain(&error, lang))?;
    let warnings = warnings(&signer, lang);
    for warning in &warnings {
        tell!("{}: {warning}", lang.pick("cảnh báo", "warning"));
    }

    let options = BatchOptions {
        signing_time,
        requester: desk.requester(),
        consent: None,
        sessions: usize::from(arguments.sessions),
        overwrite: arguments.force,
        contents_size: None,
        stop: Stop::default(),
    };
    let sources: Vec<PathBuf> = tasks.iter().map(|task| task.source.clone()).collect();
    let formats: Vec<&str> = tasks.iter().map(|task| task.format.name()).collect();
    let progress = progress(tasks.len(), lang);
    let results = sign_batch(tasks, &signer, &journal, &options, &|_, _| progress.inc(1));
    progress.finish_and_clear();
    if let Err(error) = signer.close() {
        tell!("{}: {error}", lang.pick("cảnh báo: không đăng xuất được", "warning: no log-out"));
    }
    report(&sources, &formats, &results, &journal, &arguments, &warnings, lang)
}

fn refuse_what_is_not_there(arguments: &SignArgs, lang: Lang) -> Result<(), Problem> {
    if !arguments.direct {
        return Err(Problem::new(
            "no-daemon",
            lang.pick("không có dịch vụ kyso nào đang chạy", "no kyso daemon is running"),
            lang.pick(
                "không có `--direct`, lệnh này nhờ dịch vụ ký; bản này chưa có dịch vụ",
                "without `--direct` this command asks a daemon to sign; this version has none yet",
            ),
            lang.pick(
                "thêm `--direct` để ký ngay trong lệnh này",
                "add `--direct` to sign in this process",
            ),
        ));
    }
    if !matches!(arguments.format, None | Some(Format::Pades | Format::Cades)) {
        return Err(Problem::new(
            "format-not-there",
            lang.pick(
                "bản này chưa ký được định dạng đó",
                "this version does not sign that format",
            ),
            lang.pick("có: pades, cades", "it signs: pades, cades"),
            lang.pick(
                "chọn `--format pades` hoặc `--format cades`",
                "choose `--format pades` or `cades`",
            ),
        ));
    }
    if arguments.visible.is_some() {
        return Err(Problem::new(
            "visible-not-there",
            lang.pick("bản này chưa ký hiện hình", "this version makes no visible signatures"),
            lang.pick(
                "chữ ký được ghi vào PDF nhưng không vẽ lên trang",
                "signatures go into the PDF but are not drawn on the page",
            ),
            lang.pick("bỏ `--visible`", "leave `--visible` out"),
        ));
    }
    if arguments.level != Level::B || arguments.tsa.is_some() {
        return Err(Problem::new(
            "level-not-there",
            lang.pick("bản này chỉ ký mức B", "this version signs level B only"),
            lang.pick(
                "mức T, LT, LTA cần dấu thời gian, chưa có trong bản này",
                "levels T, LT and LTA need time-stamps, which this version does not fetch yet",
            ),
            lang.pick("bỏ `--tsa`, dùng `--level B`", "leave `--tsa` out, use `--level B`"),
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
    let mut targets: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    let mut tasks = Vec::with_capacity(arguments.files.len());
    for source in &arguments.files {
        let format = format(source, arguments);
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

fn format(source: &Path, arguments: &SignArgs) -> SignatureFormat {
    let pades = match arguments.format {
        Some(format) => format == Format::Pades,
        None => !arguments.detached && is_pdf(source),
    };
    if pades {
        SignatureFormat::Pades(PadesOptions {
            field: arguments.field.clone(),
            reason: arguments.reason.clone(),
            location: arguments.location.clone(),
        })
    } else {
        SignatureFormat::Cades { detached: arguments.detached }
    }
}

/// Whether the file says that it is a PDF, by its first bytes or else by its name.
fn is_pdf(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head));
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"));
    named || (read.is_ok() && head.windows(5).any(|window| window == b"%PDF-"))
}

fn target(source: &Path, format: &SignatureFormat, arguments: &SignArgs) -> PathBuf {
    if let Some(output) = &arguments.output {
        return output.clone();
    }
    let name = source.file_name().unwrap_or_default();
    let signed = match format {
        SignatureFormat::Pades(_) if arguments.out_dir.is_some() => name.to_os_string(),
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

fn preference(arguments: &SignArgs) -> Preference {
    Preference {
        rsa: match arguments.rsa_padding {
            RsaPadding::Pss => RsaScheme::Pss,
            RsaPadding::Pkcs1 => RsaScheme::Pkcs1,
        },
        digest: match arguments.digest {
            Hash::Sha256 => HashAlgorithm::Sha256,
            Hash::Sha384 => HashAlgorithm::Sha384,
            Hash::Sha512 => HashAlgorithm::Sha512,
        },
    }
}

fn trust(desk: &Desk, arguments: &SignArgs) -> Result<Trust, Problem> {
    let lang = desk.lang();
    let anchors = files::certificates(&desk.trust(&arguments.trust), lang)?;
    let candidates = files::certificates(&desk.untrusted(&arguments.untrusted), lang)?;
    Ok(Trust {
        anchors: anchors.into_iter().map(TrustAnchor::from_certificate).collect(),
        candidates,
    })
}

/// What the signer must know (Circular 15/2025: warn where the status cannot be checked).
fn warnings(signer: &Signer, lang: Lang) -> Vec<String> {
    let mut warnings = Vec::new();
    if matches!(signer.path(), PathStatus::NoAnchors) {
        warnings.push(
            lang.pick(
                "chưa kiểm tra đường dẫn chứng thư: chưa có chứng thư gốc tin cậy (`--trust`)",
                "the certificate's path was not checked: no trust anchors are configured (`--trust`)",
            )
            .to_owned(),
        );
    }
    warnings.push(
        lang.pick(
            "chưa kiểm tra tình trạng thu hồi của chứng thư (bản này chưa có OCSP và CRL)",
            "the certificate's revocation status was not checked (no OCSP or CRL in this version)",
        )
        .to_owned(),
    );
    warnings
}

fn progress(count: usize, lang: Lang) -> ProgressBar {
    if count < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}, {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style).with_message(lang.pick("Đang ký", "Signing"))
}

fn report(
    sources: &[PathBuf],
    formats: &[&str],
    results: &[SignResult],
    journal: &Journal,
    arguments: &SignArgs,
    warnings: &[String],
    lang: Lang,
) -> Result<u8, Problem> {
    let mut failures = 0;
    let mut rows = Vec::new();
    for ((source, format), result) in sources.iter().zip(formats).zip(results) {
        match result {
            Ok(released) => {
                let (path, entry) = (&released.value().path, released.receipt().entry);
                let receipt = arguments.receipt.then(|| {
                    journal::write_receipt(
                        journal,
                        entry,
                        &receipt_path(path),
                        arguments.force,
                        lang,
                    )
                });
                let unproven = receipt.and_then(Result::err);
                failures += usize::from(unproven.is_some());
                if arguments.json {
                    rows.push(json!({
                        "file": source.to_string_lossy(), "output": path.to_string_lossy(),
                        "format": format, "journal_entry": entry,
                        "receipt_error": unproven.as_ref().map(Problem::json),
                    }));
                } else {
                    let recorded = lang.pick("nhật ký", "journal entry");
                    say!(
                        "{} → {} ({format}, {recorded} {entry})",
                        out::path(source),
                        out::path(path)
                    );
                    if let Some(problem) = unproven {
                        tell!("{}", problem.shown(lang));
                    }
                }
            }
            Err(error) => {
                failures += 1;
                let problem = sign_problem::explain(error, lang);
                if arguments.json {
                    rows.push(json!({ "file": source.to_string_lossy(), "error": problem.json() }));
                } else {
                    tell!("{}: {}", out::path(source), problem.shown(lang));
                }
            }
        }
    }
    if arguments.json {
        crate::out::json(&json!({ "signed": rows, "warnings": warnings }));
    } else if results.len() > 1 {
        let signed = results.len() - failures;
        say!(
            "{}",
            lang.pick(
                format!("Đã ký {signed} trên {} tệp.", results.len()),
                format!("Signed {signed} of {} files.", results.len()),
            )
        );
    }
    Ok(if failures == 0 { 0 } else { 2 })
}

fn receipt_path(signed: &Path) -> PathBuf {
    let mut name = signed.file_name().unwrap_or_default().to_os_string();
    name.push(".tlog-proof");
    signed.with_file_name(name)
}
