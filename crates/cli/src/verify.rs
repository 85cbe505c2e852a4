//! `kyso verify`.

use std::path::{Path, PathBuf};

use kyso::indication::Indication;
use kyso::report::{Check, FileReport, Finding, Need, SignatureReport};
use kyso::signer::Trust;
use kyso::verify::{Options, Policy, VerifyFileError, verify_file};
use kyso_x509::path::TrustAnchor;
use kyso_x509::{Certificate, Time};
use serde_json::{Value, json};

use crate::args::VerifyArgs;
use crate::desk::Desk;
use crate::out::{self, say, tell};
use kyso_daemon::explain::sign::date;
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem, system};

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
        let options =
            Options { trust: &trust, policy, validation_time, content: content.as_deref() };
        match verify_file(file, &options) {
            Ok(report) => {
                worst = worse(worst, exit_code(report.indication));
                if arguments.json {
                    rows.push(file_json(&report, lang));
                } else {
                    print(&report, lang);
                }
            }
            Err(error) => {
                worst = worse(worst, OPERATIONAL);
                let problem = explain(&error, lang);
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

fn file_json(report: &FileReport, lang: Lang) -> Value {
    let signatures: Vec<Value> =
        report.signatures.iter().map(|signature| signature_json(signature, lang)).collect();
    json!({
        "file": report.file.to_string_lossy(), "format": report.format.as_str(),
        "indication": report.indication.as_str(),
        "sub_indication": report.indication.sub_indication(),
        "policy": report.policy, "validation_time": report.validation_time.to_string(),
        "signatures": signatures,
    })
}

fn signature_json(signature: &SignatureReport, lang: Lang) -> Value {
    let finding =
        |finding: &Finding| json!({ "code": finding.code(), "text": finding_text(finding, lang) });
    json!({
        "id": signature.id, "format": signature.format, "level": signature.level,
        "indication": signature.indication.as_str(),
        "sub_indication": signature.indication.sub_indication(),
        "errors": signature.errors.iter().map(finding).collect::<Vec<_>>(),
        "warnings": signature.warnings.iter().map(finding).collect::<Vec<_>>(),
        "signer": signature.signer.as_ref().map(certificate_json),
        "algorithm": signature.algorithm.map(|algorithm| algorithm.to_string()),
        "claimed_signing_time": signature.claimed_signing_time.map(|time| time.to_string()),
        "best_signature_time": signature.best_signature_time.to_string(),
        "covers_whole_document": signature.covers_whole_document,
        "changes": [], "timestamps": [],
        "counter_signatures": signature.counter_signatures,
        "trust_anchor": signature.trust_anchor.as_ref().map(certificate_json),
        "checked": signature.checked.iter().map(|check| check_code(*check)).collect::<Vec<_>>(),
        "not_checked": signature.not_checked.iter().map(|check| check_code(*check)).collect::<Vec<_>>(),
        "needs": signature.needs.iter().map(need_json).collect::<Vec<_>>(),
    })
}

fn certificate_json(certificate: &Certificate) -> Value {
    json!({
        "subject": certificate.subject().to_string(), "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial_hex(),
        "sha256": hex::encode(certificate.sha256_fingerprint().as_bytes()),
        "not_before": certificate.validity().not_before.to_string(),
        "not_after": certificate.validity().not_after.to_string(),
    })
}

fn need_json(need: &Need) -> Value {
    match need {
        Need::TrustAnchor => json!({ "kind": "trust-anchor" }),
        Need::IssuerCertificate { issuer } => {
            json!({ "kind": "issuer-certificate", "issuer": issuer })
        }
        Need::RevocationStatus { subject, sources } => {
            json!({ "kind": "revocation-status", "subject": subject, "sources": sources })
        }
        Need::Content => json!({ "kind": "content" }),
    }
}

const fn check_code(check: Check) -> &'static str {
    match check {
        Check::ByteRange => "byte-range",
        Check::ContentDigest => "content-digest",
        Check::SignatureValue => "signature-value",
        Check::SigningCertificate => "signing-certificate",
        Check::Algorithms => "algorithms",
        Check::WholeDocument => "whole-document",
        Check::CertificatePath => "certificate-path",
        Check::RevocationStatus => "revocation-status",
    }
}

fn check_text(check: Check, lang: Lang) -> &'static str {
    match check {
        Check::ByteRange => lang.pick("phạm vi được ký", "the range signed"),
        Check::ContentDigest => lang.pick("tính toàn vẹn", "the content's integrity"),
        Check::SignatureValue => lang.pick("giá trị chữ ký", "the signature value"),
        Check::SigningCertificate => {
            lang.pick("chứng thư gắn với chữ ký", "the signing certificate")
        }
        Check::Algorithms => lang.pick("thuật toán", "the algorithms"),
        Check::WholeDocument => lang.pick("ký toàn bộ tài liệu", "the whole document is signed"),
        Check::CertificatePath => lang.pick("đường dẫn chứng thư", "the certificate's path"),
        Check::RevocationStatus => lang.pick("tình trạng thu hồi", "revocation status"),
    }
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
        let open: Vec<&str> = open.into_iter().map(|check| check_text(check, lang)).collect();
        if !open.is_empty() {
            let not = lang.pick("CHƯA kiểm tra", "NOT checked");
            verdict.push_str(&format!(" ({}; {not}: {})", report.policy, open.join(", ")));
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
        checks.iter().map(|check| check_text(*check, lang)).collect::<Vec<_>>().join(", ")
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
        say!("    ✗ {}", finding_text(error, lang));
    }
    for warning in &signature.warnings {
        say!("    ! {}", finding_text(warning, lang));
    }
    for need in &signature.needs {
        say!("    → {}: {}", lang.pick("còn thiếu", "missing"), need_text(need, lang));
    }
    say!(
        "    {}: {}, {} {}",
        lang.pick("Chính sách", "Policy"),
        report.policy,
        lang.pick("tại thời điểm", "at"),
        date(report.validation_time)
    );
}

fn need_text(need: &Need, lang: Lang) -> String {
    match need {
        Need::TrustAnchor => {
            lang.pick("chứng thư gốc tin cậy (`--trust`)", "a trust anchor (`--trust`)").to_owned()
        }
        Need::IssuerCertificate { issuer } => {
            format!("{} {issuer}", lang.pick("chứng thư của", "the certificate of"))
        }
        Need::RevocationStatus { subject, sources } => {
            let mut text = format!(
                "{} {subject}",
                lang.pick("tình trạng thu hồi của", "revocation status of")
            );
            if !sources.is_empty() {
                text.push_str(&format!(" ({})", sources.join(", ")));
            }
            text
        }
        Need::Content => lang
            .pick("nội dung được ký (`--content TỆP`)", "the signed content (`--content FILE`)")
            .to_owned(),
    }
}

/// A finding in the reader's language; where Vietnamese words add nothing, the facts stand as they are.
fn finding_text(finding: &Finding, lang: Lang) -> String {
    if lang == Lang::En {
        return finding.to_string();
    }
    use kyso_cades::FailureIndication as I;
    let what = match finding {
        Finding::Signature(failure) => match failure.indication() {
            I::HashFailure => "nội dung đã bị thay đổi sau khi ký",
            I::SigCryptoFailure => "giá trị chữ ký không đúng",
            I::FormatFailure => "chữ ký sai định dạng",
            I::NoSigningCertificateFound => "không tìm thấy đúng chứng thư của người ký",
            I::CryptoConstraintsFailure => "thuật toán hoặc khóa không đạt",
            I::SignedDataNotFound => "thiếu nội dung được ký",
        },
        Finding::Message(_) | Finding::NoMessage | Finding::SignerCount { .. } => {
            "chữ ký sai định dạng"
        }
        Finding::Coverage(_) => "chữ ký không bao trùm đúng phần phải ký",
        Finding::CertificateNotBound => {
            "chữ ký không gắn với chứng thư (thiếu signing-certificate)"
        }
        Finding::WeakDigest(_) | Finding::WeakKey { .. } => "thuật toán hoặc khóa không đạt",
        Finding::Path(_) | Finding::EndEntity(_) => "chứng thư không đạt",
        Finding::NoTrustAnchors => return "chưa có chứng thư gốc tin cậy nào".to_owned(),
        Finding::RevocationUnknown => {
            return "chính sách đòi tình trạng thu hồi nhưng chưa biết (không có CRL, OCSP)"
                .to_owned();
        }
        Finding::LaterRevisions { .. } => {
            "sau chữ ký này tệp còn được ghi thêm, phần thêm chưa được so sánh"
        }
        Finding::SigningTimeInPdf => "thời gian ký nằm trong CMS, trái với PAdES",
        Finding::NoClaimedTime => return "chữ ký không nêu thời gian ký".to_owned(),
        Finding::XrefRebuilt => {
            return "bảng tham chiếu của PDF bị hỏng: phần mềm khác có thể đọc ra nội dung khác"
                .to_owned();
        }
        Finding::OtherContent => {
            return "nội dung đưa vào khác nội dung nằm trong chữ ký".to_owned();
        }
        Finding::SubFilterNotSupported { .. } => "bản này chưa kiểm tra loại chữ ký này",
    };
    format!("{what} ({finding})")
}

fn explain(error: &VerifyFileError, lang: Lang) -> Problem {
    use VerifyFileError as E;
    let (code, vi, en): (_, (&str, &str), (&str, &str)) = match error {
        E::Unreadable { .. } => (
            "unreadable",
            ("không đọc được tệp", "kiểm tra đường dẫn và quyền đọc"),
            ("the file cannot be read", "check its path and permissions"),
        ),
        E::Empty { .. } => (
            "empty",
            ("tệp rỗng", "xin lại tệp từ người gửi"),
            ("the file is empty", "ask the sender for it again"),
        ),
        E::UnknownFormat { .. } => (
            "unknown-format",
            ("không nhận ra định dạng", "bản này kiểm tra PDF và CMS (.p7s, .p7m)"),
            ("the format is not known", "this version verifies PDF and CMS (.p7s, .p7m)"),
        ),
        E::Pdf { error: kyso_pades::Error::Encrypted, .. } => (
            "pdf-encrypted",
            ("tệp PDF được mã hóa", "bản này chưa đọc PDF có mật khẩu"),
            ("the PDF is encrypted", "this version does not read PDFs with a password yet"),
        ),
        E::Pdf { .. } | E::Cms { .. } => (
            "malformed",
            ("tệp hỏng hoặc không phải tệp đã ký", "xin lại tệp từ người gửi"),
            ("the file is damaged or no signed file", "ask the sender for it again"),
        ),
        E::ContentNotApplicable { .. } => (
            "content-not-applicable",
            ("`--content` không dùng cho PDF", "bỏ `--content`: PDF tự chứa nội dung được ký"),
            ("`--content` does not apply to PDFs", "leave it out: a PDF holds its own content"),
        ),
        E::NotSigned { .. } => (
            "not-signed",
            ("tệp chưa có chữ ký nào", "ký bằng `kyso sign`, hoặc kiểm tra đúng tệp đã ký"),
            ("the file holds no signature", "sign it with `kyso sign`, or verify the signed file"),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    let why = match error {
        E::Unreadable { path, error } => format!("{}: {}", path.display(), system(error, lang)),
        E::Empty { path }
        | E::UnknownFormat { path }
        | E::NotSigned { path }
        | E::ContentNotApplicable { path }
            if lang == Lang::Vi =>
        {
            path.display().to_string()
        }
        other => other.to_string(),
    };
    Problem::new(code, what, why, remedy)
}
