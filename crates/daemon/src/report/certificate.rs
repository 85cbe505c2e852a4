//! The verdict on a certificate alone, for programs and for people.

use kyso::certificate::{CertificateReport, Reason, Usage};
use kyso_protocol::{CertificateValidation, Finding};
use kyso_validation::attempt::Attempt;
use kyso_x509::escape_for_display;
use kyso_x509::revocation::RevocationError;

use super::facts::{revocation_line, short_verdict};
use super::moment::moment;
use super::{attempt, certificate_facts, need, revocation, unit};
use crate::explain::verify as explain;
use crate::text::Lang;

/// For `kyso cert validate --json`.
#[must_use]
pub fn validation(
    file: &str,
    report: &CertificateReport,
    usage: Usage,
    attempts: &[Attempt],
    lang: Lang,
) -> CertificateValidation {
    CertificateValidation {
        file: file.to_owned(),
        certificate: certificate_facts(&report.certificate),
        indication: report.indication.as_str().to_owned(),
        sub_indication: report.indication.sub_indication().map(str::to_owned),
        usage: match usage {
            Usage::DocumentSigning => "document-signing".to_owned(),
            Usage::Any => "any".to_owned(),
        },
        policy: report.policy.clone(),
        trust_store: report.trust_store.clone(),
        validation_time: report.validation_time.to_string(),
        path: report.path.iter().map(certificate_facts).collect(),
        revocation: report.revocation.iter().map(revocation).collect(),
        revocation_checked: report.revocation_checked,
        errors: report
            .reason
            .iter()
            .map(|reason| Finding {
                code: reason.code().to_owned(),
                text: reason_text(reason, lang),
            })
            .collect(),
        needs: report.needs.iter().map(need).collect(),
        attempts: attempts.iter().map(|one| attempt(one, lang)).collect(),
    }
}

/// For a terminal; ends with a line end.
#[must_use]
pub fn text(file: &str, report: &CertificateReport, attempts: &[Attempt], lang: Lang) -> String {
    let verdict = short_verdict(report.indication, lang)
        .replace("chữ ký", "chứng thư")
        .replace("the signature", "the certificate");
    let mut text = format!("{}: {verdict} — {}", escape_for_display(file), report.indication);
    if report.reason.is_none() && !report.revocation_checked {
        let open = lang.pick("CHƯA kiểm tra: tình trạng thu hồi", "NOT checked: revocation status");
        text.push_str(&format!(" ({open})"));
    }
    text.push('\n');
    if let Some(reason) = &report.reason {
        text.push_str(&format!("  ✗ {}\n", escape_for_display(&reason_text(reason, lang))));
    }
    let subject = report.certificate.subject();
    let mut fact = |vi: &str, en: &str, value: String| {
        text.push_str(&format!("  {}: {value}\n", lang.pick(vi, en)));
    };
    fact("Chủ thể", "Subject", subject.to_string());
    if let Some(unit) = unit::managing(subject) {
        fact("Đơn vị quản lý", "Managing unit", unit);
    }
    fact("Cơ quan cấp", "Issuer", report.certificate.issuer().to_string());
    fact("Số sê-ri", "Serial", report.certificate.serial_hex());
    let validity = report.certificate.validity();
    let period = format!("{} – {}", moment(validity.not_before), moment(validity.not_after));
    fact("Hiệu lực", "Valid", period);
    for (depth, certificate) in report.path.iter().enumerate() {
        let until = moment(certificate.validity().not_after);
        let line = format!(
            "{}{} ({} {until})",
            "  ".repeat(depth),
            certificate.subject().display_name(),
            lang.pick("đến", "until")
        );
        fact("Đường dẫn", "Path", line);
    }
    for line in report.revocation.iter().filter_map(|one| revocation_line(one, lang)) {
        fact("Thu hồi", "Revocation", line);
    }
    if let Some(store) = &report.trust_store {
        fact("Kho tin cậy", "Trust store", escape_for_display(store).into_owned());
    }
    let policy = report.policy.as_deref().unwrap_or(lang.pick("không có", "none"));
    let judged = format!(
        "{}, {} {}",
        escape_for_display(policy),
        lang.pick("tại thời điểm", "at"),
        moment(report.validation_time)
    );
    fact("Chính sách", "Policy", judged);
    for need in &report.needs {
        let line = explain::need(need, lang);
        text.push_str(&format!(
            "  → {}: {}\n",
            lang.pick("còn thiếu", "missing"),
            escape_for_display(&line)
        ));
    }
    for one in attempts {
        let line = explain::attempt(one, lang);
        text.push_str(&format!("  · {}\n", escape_for_display(&line)));
    }
    text
}

/// Why a certificate does not pass, in the reader's language.
#[must_use]
pub fn reason_text(reason: &Reason, lang: Lang) -> String {
    if matches!(reason, Reason::NoTrustAnchors) {
        return explain::no_trust_anchors(lang).to_owned();
    }
    if lang == Lang::En {
        return reason.to_string();
    }
    let words = match reason {
        Reason::NoTrustAnchors => return explain::no_trust_anchors(lang).to_owned(),
        Reason::Path(error) if error.unsupported_algorithm().is_some() => {
            "bản này không tính được thuật toán của chứng thư"
        }
        Reason::Path(_) => match reason.code() {
            "issuer-unknown" => "thiếu chứng thư của cơ quan cấp",
            "expired" => "chứng thư đã hết hạn",
            "not-yet-valid" => "chứng thư chưa có hiệu lực",
            "signature-value" => "chữ ký trên chứng thư không đúng",
            "algorithm-too-weak" => "thuật toán hoặc khóa quá yếu",
            _ => "đường dẫn chứng thư không đạt",
        },
        Reason::Weak(_) => "thuật toán không còn được coi là an toàn tại thời điểm đó",
        Reason::WeakKey(_) => "chính sách không nhận loại khóa hoặc độ dài khóa này",
        Reason::Revocation(error) => match **error {
            RevocationError::Revoked { .. } => "chứng thư đã bị thu hồi",
            RevocationError::UnknownToResponder { .. } => "máy chủ OCSP không biết chứng thư này",
            RevocationError::NotFresh { .. } => "thông tin thu hồi không đủ mới",
            RevocationError::SignerStatus { .. } => {
                "chưa rõ chứng thư của nơi ký thông tin thu hồi có còn tốt"
            }
            RevocationError::NoStatus { .. } => "chưa biết tình trạng thu hồi",
            RevocationError::TooManyQuestions { .. } => {
                "phải hỏi tình trạng của quá nhiều chứng thư"
            }
        },
    };
    format!("{words} ({reason})")
}
