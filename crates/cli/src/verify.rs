//! `kyso verify`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use kyso::evidence::{Bundle, BundledFile};
use kyso::gather;
use kyso::password::DocumentPassword;
use kyso::report::FileReport;
use kyso::verify::{Content, Options, verify_file};
use kyso_validation::evidence::Evidence;
use kyso_x509::{DigestAlgorithm, Hasher};
use serde_json::json;

use crate::args::VerifyArgs;
use crate::desk::Desk;
use crate::judging::{self, Judgement, OPERATIONAL, PASSED, exit_code, worse};
use crate::out::{self, tell};
use crate::password;
use kyso_daemon::explain::verify as explain;
use kyso_daemon::report;
use kyso_daemon::report::pdf::{self, VerifiedFile};
use kyso_daemon::text::{Lang, Problem, system, unwritable};

pub(crate) fn run(desk: &Desk, arguments: &VerifyArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    one_file_only(arguments, lang)?;
    let files = arguments.files.iter().map(PathBuf::as_path);
    let password = password::given(desk, &arguments.password, files)?;
    let judgement = Judgement::of(desk, &arguments.judging)?;
    let mut worst = PASSED;
    let mut rows = Vec::new();
    let mut reports = Vec::new();
    let (mut rests_on, mut bundled_files) = (Evidence::default(), Vec::new());
    for file in &arguments.files {
        let spinner = judging::spinner(lang);
        let verified = verify(file, arguments, &judgement, password.as_ref(), lang);
        spinner.finish_and_clear();
        match verified {
            Ok(Verified { report, evidence, bundled }) => {
                rests_on.merge(&evidence);
                bundled_files.extend(bundled);
                worst = worse(worst, exit_code(report.indication));
                if let Some(target) = &arguments.pdf_report {
                    write_pdf(target, file, &report, lang)?;
                }
                if arguments.judging.json {
                    rows.push(json!(report::of_file(&report, lang)));
                } else if arguments.etsi {
                    reports.push(report);
                } else {
                    out::raw(&report::text::of_file(&report, lang));
                }
            }
            Err(problem) => {
                worst = worse(worst, OPERATIONAL);
                if arguments.judging.json {
                    rows.push(json!({
                        "file": file.to_string_lossy(), "indication": null, "sub_indication": null,
                        "signatures": [], "error": problem.json(),
                    }));
                } else {
                    tell!("{}", problem.shown(lang));
                }
            }
        }
    }
    if let Some(folder) = &arguments.evidence_out {
        write_evidence(folder, &judgement, rests_on, bundled_files, lang)?;
    }
    if arguments.judging.json {
        judging::print_rows(rows, arguments.files.len(), worst);
    }
    // A report without a signature is none by the schema; what failed stands on standard error.
    if !reports.is_empty() {
        out::raw(&kyso_validation::etsi::validation_report(&reports));
    }
    Ok(worst)
}

/// A report with what it rests on.
struct Verified {
    report: FileReport,
    evidence: Evidence,
    /// The file as a bundle names it, where one is read or written.
    bundled: Option<BundledFile>,
}

fn verify(
    file: &Path,
    arguments: &VerifyArgs,
    judgement: &Judgement,
    password: Option<&DocumentPassword>,
    lang: Lang,
) -> Result<Verified, Problem> {
    let content = arguments.content.clone().or_else(|| beside(file));
    let options = Options {
        trust: &judgement.trust,
        evidence: &judgement.evidence,
        policy: judgement.policy.as_ref(),
        validation_time: judgement.validation_time,
        content: content.as_deref().map(Content::File),
        paths: None,
        password,
    };
    let explained = |error| explain::explain(&error, lang);
    let (mut report, evidence) = match &judgement.fetcher {
        Some(fetcher) => {
            let gathered =
                gather::verify_file(file, &options, fetcher, judgement.now).map_err(explained)?;
            (gathered.result, gathered.evidence)
        }
        None => (verify_file(file, &options).map_err(explained)?, judgement.evidence.clone()),
    };
    let mut bundled = None;
    if arguments.evidence_out.is_some() || !judgement.bundles.is_empty() {
        let one = BundledFile::of(&report, file, content.as_deref())
            .map_err(|error| judging::bundle(&error, lang))?;
        judgement.bundles.iter().for_each(|bundle| bundle.complete(&mut report, &one));
        bundled = Some(one);
    }
    Ok(Verified { report, evidence, bundled })
}

/// Writes what the verdicts rest on.
fn write_evidence(
    folder: &Path,
    judgement: &Judgement,
    evidence: Evidence,
    files: Vec<BundledFile>,
    lang: Lang,
) -> Result<(), Problem> {
    let bundle = Bundle {
        kyso_version: env!("CARGO_PKG_VERSION").to_owned(),
        validation_time: judgement.validation_time,
        policy: judgement.policy.clone(),
        trust: judgement.trust.clone(),
        evidence,
        files,
    };
    bundle.write(folder).map_err(|error| judging::bundle(&error, lang))
}

/// Options that mean one file are refused with several.
fn one_file_only(arguments: &VerifyArgs, lang: Lang) -> Result<(), Problem> {
    if arguments.files.len() == 1 {
        return Ok(());
    }
    let remedy = lang.pick("kiểm tra từng tệp một", "verify the files one at a time");
    if arguments.content.is_some() {
        return Err(Problem::new(
            "one-content-many-files",
            lang.pick("có nhiều tệp nhưng chỉ một nội dung", "several files but one content"),
            lang.pick("`--content` chỉ dùng với một tệp", "`--content` belongs to one file"),
            remedy,
        ));
    }
    if arguments.pdf_report.is_some() {
        return Err(Problem::new(
            "one-report-many-files",
            lang.pick("có nhiều tệp nhưng chỉ một báo cáo", "several files but one report"),
            lang.pick("`--pdf-report` chỉ dùng với một tệp", "`--pdf-report` belongs to one file"),
            remedy,
        ));
    }
    Ok(())
}

/// Writes the page beside the verdict; a file that is there is never replaced.
fn write_pdf(target: &Path, file: &Path, report: &FileReport, lang: Lang) -> Result<(), Problem> {
    let verified = fingerprint(file).map_err(|error| {
        Problem::new(
            "unreadable",
            lang.pick("không đọc được tệp", "the file cannot be read"),
            format!("{}: {}", file.display(), system(&error, lang)),
            lang.pick("kiểm tra đường dẫn và quyền đọc", "check its path and permissions"),
        )
    })?;
    let page = pdf::of_file(report, &verified, lang).map_err(|error| {
        Problem::new(
            "report-not-made",
            lang.pick("không lập được báo cáo PDF", "the PDF report cannot be made"),
            error.to_string(),
            lang.pick("cài lại kyso; dùng `--json`", "install kyso again; use `--json`"),
        )
    })?;
    let mut options = std::fs::OpenOptions::new();
    let written = options
        .write(true)
        .create_new(true)
        .open(target)
        .and_then(|mut target| std::io::Write::write_all(&mut target, &page));
    written.map_err(|error| unwritable(target, &error, lang))
}

/// SHA-256 and length of the whole file, read as a stream.
fn fingerprint(file: &Path) -> std::io::Result<VerifiedFile> {
    const PIECE: usize = 128 * 1024;
    let mut reader = std::fs::File::open(file)?;
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut piece = vec![0; PIECE];
    let mut bytes = 0_u64;
    loop {
        let len = reader.read(&mut piece)?;
        if len == 0 {
            return Ok(VerifiedFile { sha256: hasher.finish(), bytes });
        }
        bytes = bytes.saturating_add(len as u64);
        hasher.update(piece.get(..len).unwrap_or_default());
    }
}

/// The content that a detached signature's name points to: the name without `.p7s`.
pub(crate) fn beside(file: &Path) -> Option<PathBuf> {
    let detached = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("p7s"));
    Some(file.with_extension("")).filter(|content| detached && content.is_file())
}
