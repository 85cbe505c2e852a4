//! `kyso verify`.

use std::path::{Path, PathBuf};

use kyso::indication::Indication;
use kyso::signer::Trust;
use kyso::verify::{Content, Options, Policy, verify_file};
use kyso_x509::Time;
use kyso_x509::path::TrustAnchor;
use serde_json::json;

use crate::args::VerifyArgs;
use crate::desk::Desk;
use crate::out::{self, tell};
use kyso_daemon::explain::verify as explain;
use kyso_daemon::text::{Lang, Problem};
use kyso_daemon::{files, report};

/// Exit codes by verdict; of several the worst counts: 2 before 1 before 3.
const PASSED: u8 = 0;
const FAILED: u8 = 1;
const OPERATIONAL: u8 = 2;
const INDETERMINATE: u8 = 3;

pub(crate) fn run(desk: &Desk, arguments: &VerifyArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    if arguments.etsi {
        return Err(Problem::new(
            "etsi-not-there",
            lang.pick("bản này chưa có báo cáo ETSI", "this version makes no ETSI report"),
            lang.pick(
                "báo cáo XML của TS 119 102-2 sẽ có cùng kiểm tra thu hồi",
                "the XML report of TS 119 102-2 comes with revocation checking",
            ),
            lang.pick("dùng `--json`", "use `--json`"),
        ));
    }
    let policy = policy(arguments.policy.as_deref(), lang)?;
    if arguments.content.is_some() && arguments.files.len() > 1 {
        return Err(Problem::new(
            "one-content-many-files",
            lang.pick("có nhiều tệp nhưng chỉ một nội dung", "several files but one content"),
            lang.pick("`--content` chỉ dùng với một tệp", "`--content` belongs to one file"),
            lang.pick("kiểm tra từng tệp một", "verify the files one at a time"),
        ));
    }
    let anchors = files::certificates(&desk.trust(&arguments.trust), lang)?;
    let candidates = files::certificates(&desk.untrusted(&arguments.untrusted), lang)?;
    let trust = Trust {
        anchors: anchors.into_iter().map(TrustAnchor::from_certificate).collect(),
        candidates,
    };
    let time = arguments.time.unwrap_or_else(jiff::Timestamp::now);
    let validation_time = Time::from_unix_seconds(time.as_second());
    let mut worst = PASSED;
    let mut rows = Vec::new();
    for file in &arguments.files {
        let content = arguments.content.clone().or_else(|| beside(file));
        let options = Options {
            trust: &trust,
            policy,
            validation_time,
            content: content.as_deref().map(Content::File),
        };
        match verify_file(file, &options) {
            Ok(report) => {
                worst = worse(worst, exit_code(report.indication));
                if arguments.json {
                    rows.push(json!(report::of_file(&report, lang)));
                } else {
                    out::raw(&report::text::of_file(&report, lang));
                }
            }
            Err(error) => {
                worst = worse(worst, OPERATIONAL);
                let problem = explain::explain(&error, lang);
                if arguments.json {
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
    if arguments.json {
        // One file is one object; several stand in one object with the verdict that the exit code gives.
        let one = arguments.files.len() == 1;
        let value = match (one, rows.pop()) {
            (true, Some(only)) => only,
            (_, last) => {
                rows.extend(last);
                json!({ "indication": overall(worst), "files": rows })
            }
        };
        crate::out::json(&value);
    }
    Ok(worst)
}

fn policy(name: Option<&str>, lang: Lang) -> Result<Policy, Problem> {
    let Some(name) = name else { return Ok(Policy::RevocationRequired) };
    Policy::from_name(name).ok_or_else(|| {
        Problem::new(
            "policy-unknown",
            lang.pick("không có chính sách kiểm tra đó", "there is no such policy"),
            format!("--policy {name}"),
            lang.pick(
                "dùng `integrity-only` hoặc `revocation-required`; bản này chưa đọc tệp chính sách",
                "use `integrity-only` or `revocation-required`; this version reads no policy files yet",
            ),
        )
    })
}

/// The content that a detached signature's name points to: the name without `.p7s`.
fn beside(file: &Path) -> Option<PathBuf> {
    let detached = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("p7s"));
    Some(file.with_extension("")).filter(|content| detached && content.is_file())
}

const fn exit_code(indication: Indication) -> u8 {
    match indication {
        Indication::TotalPassed => PASSED,
        Indication::TotalFailed(_) => FAILED,
        Indication::Indeterminate(_) => INDETERMINATE,
    }
}

const fn overall(code: u8) -> Option<&'static str> {
    match code {
        PASSED => Some("TOTAL-PASSED"),
        FAILED => Some("TOTAL-FAILED"),
        INDETERMINATE => Some("INDETERMINATE"),
        _ => None,
    }
}

fn worse(one: u8, other: u8) -> u8 {
    let rank = |code| match code {
        OPERATIONAL => 3,
        FAILED => 2,
        INDETERMINATE => 1,
        _ => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}
