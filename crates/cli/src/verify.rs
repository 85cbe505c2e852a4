//! `kyso verify`.

use std::path::{Path, PathBuf};

use kyso::indication::Indication;
use kyso::report::{Check, FileReport, SignatureReport};
use kyso::signer::Trust;
use kyso::verify::{Content, Options, Policy, verify_file};
use kyso_x509::Time;
use kyso_x509::path::TrustAnchor;
use serde_json::json;

use crate::args::VerifyArgs;
use crate::desk::Desk;
use crate::out::{self, say, tell};
use kyso_daemon::explain::sign::date;
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
                    print(&report, lang);
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

fn print(report: &FileReport, lang: Lang) {
    say!("{}: {}", out::path(&report.file), verdict(report, lang));
    for signature in &report.signatures {
        print_signature(signature, report, lang);
    }
}

/// The verdict with what it does not cover: nobody should read more into PASSED than was checked.
fn verdict(report: &FileReport, lang: Lang) -> String {
    let text = match report.indication {
        Indication::TotalPassed => lang.pick("chữ ký ĐẠT", "the signature PASSED"),
        Indication::TotalFailed(_) => lang.pick("chữ ký KHÔNG hợp lệ", "the signature FAILED"),
        Indication::Indeterminate(_) => {
            lang.pick("CHƯA kết luận được", "NO verdict is possible yet")
        }
    };
    let mut verdict = format!("{text} — {}", report.indication);
    if report.indication == Indication::TotalPassed {
        let mut open: Vec<Check> =
            report.signatures.iter().flat_map(|one| one.not_checked.iter().copied()).collect();
        open.dedup();
        let open: Vec<&str> = open.into_iter().map(|check| explain::check(check, lang)).collect();
        if !open.is_empty() {
            let not = lang.pick("CHƯA kiểm tra", "NOT checked");
            let policy = report.policy.as_deref().unwrap_or_default();
            verdict.push_str(&format!(" ({policy}; {not}: {})", open.join(", ")));
        }
    }
    verdict
}

fn print_signature(signature: &SignatureReport, report: &FileReport, lang: Lang) {
    let level = signature.level.unwrap_or(signature.format.as_str());
    say!(
        "  {} {} ({}): {}",
        lang.pick("Chữ ký", "Signature"),
        out::shown(&signature.id),
        out::shown(level),
        signature.indication
    );
    if let Some(signer) = &signature.signer {
        // What Circular 15/2025 wants shown: issuer, signer, unit, time, integrity, validity.
        let subject = signer.subject();
        let name = subject.display_name();
        say!("    {}: {name}", lang.pick("Người ký", "Signer"));
        say!("    {}: {subject}", lang.pick("Tên đầy đủ", "Full name"));
        say!("    {}: {}", lang.pick("Cơ quan cấp", "Issuer"), signer.issuer());
        let validity = signer.validity();
        say!(
            "    {}: {} – {}",
            lang.pick("Hiệu lực chứng thư", "Certificate valid"),
            date(validity.not_before),
            date(validity.not_after)
        );
    }
    if let Some(time) = signature.claimed_signing_time {
        say!(
            "    {}: {} ({})",
            lang.pick("Thời gian ký", "Signing time"),
            date(time),
            lang.pick("do người ký khai", "as the signer claims")
        );
    }
    if let Some(algorithm) = signature.algorithm {
        say!("    {}: {algorithm}", lang.pick("Thuật toán", "Algorithm"));
    }
    if signature.counter_signatures > 0 {
        say!(
            "    {}: {}",
            lang.pick("Chữ ký xác nhận thêm (chưa kiểm tra)", "Counter-signatures (not checked)"),
            signature.counter_signatures
        );
    }
    let list = |checks: &[Check]| {
        checks.iter().map(|check| explain::check(*check, lang)).collect::<Vec<_>>().join(", ")
    };
    if !signature.checked.is_empty() {
        say!(
            "    {}: {}",
            lang.pick("Đã kiểm tra, đúng", "Checked, holds"),
            list(&signature.checked)
        );
    }
    if !signature.not_checked.is_empty() {
        say!("    {}: {}", lang.pick("CHƯA kiểm tra", "NOT checked"), list(&signature.not_checked));
    }
    for error in &signature.errors {
        say!("    ✗ {}", explain::finding(error, lang));
    }
    for warning in &signature.warnings {
        say!("    ! {}", explain::finding(warning, lang));
    }
    for need in &signature.needs {
        say!("    → {}: {}", lang.pick("còn thiếu", "missing"), explain::need(need, lang));
    }
    say!(
        "    {}: {}, {} {}",
        lang.pick("Chính sách", "Policy"),
        report.policy.as_deref().unwrap_or_default(),
        lang.pick("tại thời điểm", "at"),
        date(report.validation_time)
    );
}
