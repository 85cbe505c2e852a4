//! By what `kyso verify` and `kyso cert validate` judge: anchors, evidence, policy, time, exit codes.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use kyso::evidence::{Bundle, BundleError};
use kyso::fetch::Fetcher;
use kyso::indication::Indication;
use kyso::trust::Loaded;
use kyso_daemon::explain::trust as explain;
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem, system};
use kyso_validation::evidence::Evidence;
use kyso_validation::policy::Policy;
use kyso_validation::trust::Trust;
use kyso_x509::Time;

use crate::args::Judging;
use crate::desk::Desk;
use crate::out::{self, tell};

/// Exit codes by verdict; of several the worst counts: 2 before 1 before 3.
pub(crate) const PASSED: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const OPERATIONAL: u8 = 2;
pub(crate) const INDETERMINATE: u8 = 3;

/// Largest policy file: a policy has some kilobytes.
const MOST_POLICY_BYTES: u64 = 1024 * 1024;

/// Everything that the command line says about judging, read.
pub(crate) struct Judgement {
    pub(crate) trust: Trust,
    pub(crate) evidence: Evidence,
    pub(crate) policy: Option<Policy>,
    pub(crate) validation_time: Time,
    /// What evidence came from bundles, to complete reports that are made again.
    pub(crate) bundles: Vec<Bundle>,
    /// The way to what is missing; `None` where stored evidence alone counts.
    pub(crate) fetcher: Option<Fetcher>,
    /// The time of fetching, by which answers that are kept are fresh or stale.
    pub(crate) now: Time,
}

impl Judgement {
    /// Reads what the arguments name.
    pub(crate) fn of(desk: &Desk, arguments: &Judging) -> Result<Self, Problem> {
        let lang = desk.lang();
        let time = arguments.time.unwrap_or_else(jiff::Timestamp::now);
        let (folders, loose): (Vec<PathBuf>, Vec<PathBuf>) =
            arguments.evidence.iter().cloned().partition(|path| Bundle::is_at(path));
        let (mut evidence, left_out) = files::evidence(&loose, lang)?;
        say_left_out(&left_out, lang);
        let read = |folder: &PathBuf| Bundle::read(folder).map_err(|error| bundle(&error, lang));
        let bundles = folders.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        bundles.iter().for_each(|bundle| evidence.merge(&bundle.all_evidence()));
        // A verdict that is repeated rests on its own evidence, not on what was fetched since.
        let repeated = arguments.offline && !bundles.is_empty();
        let fetcher = match repeated {
            true => None,
            false => Some(desk.config().fetch.fetcher(arguments.offline, lang)?),
        };
        let loaded = loaded(desk, arguments)?;
        if !repeated {
            evidence.merge(&loaded.evidence);
        }
        Ok(Self {
            trust: loaded.trust,
            evidence,
            policy: arguments.policy.as_deref().map(|name| policy(name, lang)).transpose()?,
            validation_time: Time::from_unix_seconds(time.as_second()),
            bundles,
            fetcher,
            now: Time::from_unix_seconds(jiff::Timestamp::now().as_second()),
        })
    }
}

/// Why a bundle cannot be read or written.
pub(crate) fn bundle(error: &BundleError, lang: Lang) -> Problem {
    let (code, vi, en): (_, (&str, &str), (&str, &str)) = match error {
        BundleError::Tampered { .. } => (
            "evidence-tampered",
            ("gói chứng cứ đã bị sửa đổi", "lấy lại gói chứng cứ từ nơi đã lập"),
            ("the evidence was changed", "get the bundle again from whoever made it"),
        ),
        BundleError::NotEmpty { .. } => (
            "evidence-folder-not-empty",
            ("thư mục chứng cứ không trống", "chọn một thư mục mới"),
            ("the folder for evidence is not empty", "name a new folder"),
        ),
        _ => (
            "evidence-unreadable",
            ("không đọc hoặc ghi được gói chứng cứ", "kiểm tra đường dẫn, quyền và đĩa"),
            ("the evidence cannot be read or written", "check its path, permissions and disk"),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    Problem::new(code, what, error.to_string(), remedy)
}

/// Anchors and stores, with what the stores hold of CRLs and OCSP responses.
fn loaded(desk: &Desk, arguments: &Judging) -> Result<Loaded, Problem> {
    let lang = desk.lang();
    let problem = |error| explain::explain(&error, lang);
    let (folders, named): (Vec<PathBuf>, Vec<PathBuf>) =
        desk.trust(&arguments.trust).into_iter().partition(|path| Bundle::is_at(path));
    let mut loaded = kyso::trust::load(&named, None).map_err(problem)?;
    // Whoever names a bundle as what to trust takes its stores with their policies.
    for folder in folders {
        let bundle = Bundle::read(&folder).map_err(|error| bundle(&error, lang))?;
        loaded.trust.stores.extend(bundle.trust.stores);
        loaded.trust.candidates.extend(bundle.trust.candidates);
    }
    // What is named comes before what always lies there.
    if let Some(root) = desk.trust_stores() {
        let stores = kyso::trust::load(&[], Some(&root)).map_err(problem)?;
        loaded.trust.stores.extend(stores.trust.stores);
        loaded.trust.candidates.extend(stores.trust.candidates);
        loaded.evidence.merge(&stores.evidence);
    }
    let (candidates, left_out) = files::evidence(&desk.untrusted(&arguments.untrusted), lang)?;
    loaded.trust.candidates.extend(candidates.certificates);
    say_left_out(&left_out, lang);
    Ok(loaded)
}

/// Names the files of folders that hold nothing readable.
fn say_left_out(files: &[PathBuf], lang: Lang) {
    for file in files {
        let words = lang.pick("bỏ qua, không đọc được", "left out, unreadable");
        tell!("{words}: {}", out::path(file));
    }
}

/// A policy by its name, or from a file.
pub(crate) fn policy(name: &str, lang: Lang) -> Result<Policy, Problem> {
    if let Some(policy) = Policy::built_in(name) {
        return Ok(policy);
    }
    let path = Path::new(name);
    if !path.is_file() {
        return Err(unknown(name, lang));
    }
    let unusable = |why: String| {
        Problem::new(
            "policy-unusable",
            lang.pick("không dùng được tệp chính sách", "the policy file cannot be used"),
            format!("{}: {why}", path.display()),
            lang.pick(
                "sửa tệp; `hsm-config/policies` có các chính sách mẫu",
                "correct the file; `hsm-config/policies` holds the built-in ones as examples",
            ),
        )
    };
    let len = path.metadata().map_err(|error| unusable(system(&error, lang)))?.len();
    if len > MOST_POLICY_BYTES {
        return Err(unusable(lang.pick("tệp quá lớn", "the file is too large").to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unusable(system(&error, lang)))?;
    Policy::from_toml(&text).map_err(|error| unusable(error.to_string()))
}

fn unknown(name: &str, lang: Lang) -> Problem {
    let names = Policy::names().join("`, `");
    Problem::new(
        "policy-unknown",
        lang.pick("không có chính sách kiểm tra đó", "there is no such policy"),
        format!("--policy {name}"),
        lang.pick(
            format!("dùng `{names}`, hoặc tên một tệp chính sách (TOML)"),
            format!("use `{names}`, or name a policy file (TOML)"),
        ),
    )
}

pub(crate) const fn exit_code(indication: Indication) -> u8 {
    match indication {
        Indication::TotalPassed => PASSED,
        Indication::TotalFailed(_) => FAILED,
        Indication::Indeterminate(_) => INDETERMINATE,
    }
}

/// The indication that an exit code stands for.
pub(crate) const fn overall(code: u8) -> Option<&'static str> {
    match code {
        PASSED => Some("TOTAL-PASSED"),
        FAILED => Some("TOTAL-FAILED"),
        INDETERMINATE => Some("INDETERMINATE"),
        _ => None,
    }
}

/// The worse of two exit codes.
pub(crate) fn worse(one: u8, other: u8) -> u8 {
    let rank = |code| match code {
        OPERATIONAL => 3,
        FAILED => 2,
        INDETERMINATE => 1,
        _ => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// Prints the rows of several files: one file is one object; several stand in one object with the verdict that the exit
/// code gives.
pub(crate) fn print_rows(mut rows: Vec<serde_json::Value>, files: usize, worst: u8) {
    let value = match (files, rows.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            rows.extend(last);
            serde_json::json!({ "indication": overall(worst), "files": rows })
        }
    };
    crate::out::json(&value);
}

/// Something that turns on a terminal while files are read and sources asked.
pub(crate) fn spinner(lang: Lang) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(lang.pick("Đang kiểm tra", "Verifying"));
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}
