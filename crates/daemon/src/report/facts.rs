//! What a report says to a person, in order, before it becomes terminal text or a page: Circular 15/2025/TT-BKHCN wants
//! issuer, signer, managing unit, time, integrity, validity at signing and the certificate's period shown.

use kyso::indication::{FailedReason, IndeterminateReason, Indication};
use kyso::report::{
    Check, FileReport, Finding, RevocationFact, RevocationState, SignatureReport, TimestampKind,
    TimestampReport,
};
use kyso_x509::{Certificate, RevocationReason, escape_for_display};

use super::moment::moment;
use super::unit;
use crate::explain::change;
use crate::explain::verify as explain;
use crate::text::Lang;

/// Changes that a report for people lists.
const MOST_CHANGES: usize = 20;

/// A label with what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// One line each; foreign names in them cannot turn or break a line.
    pub lines: Vec<String>,
}

/// A sentence that deserves a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters.
    pub weight: Weight,
    /// The sentence.
    pub text: String,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A reason for the verdict.
    Error,
    /// What a person should know all the same.
    Warning,
    /// What is missing for a better verdict.
    Need,
}

/// What is said of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFacts {
    /// `Chữ ký Signature1 (PAdES-B-LT): TOTAL-PASSED`.
    pub title: String,
    /// Its verdict.
    pub indication: Indication,
    /// The verdict in a sentence.
    pub verdict: String,
    /// The facts in order.
    pub facts: Vec<Fact>,
    /// Errors, warnings, needs.
    pub remarks: Vec<Remark>,
}

/// The file's verdict on one line, with what it does not cover: nobody should read more into PASSED than was checked.
#[must_use]
pub fn headline(report: &FileReport, lang: Lang) -> String {
    let mut line = format!("{} — {}", short_verdict(report.indication, lang), report.indication);
    if report.indication == Indication::TotalPassed {
        let mut open: Vec<Check> = Vec::new();
        for check in report.signatures.iter().flat_map(|one| &one.not_checked) {
            if !open.contains(check) {
                open.push(*check);
            }
        }
        if !open.is_empty() {
            let not = lang.pick("CHƯA kiểm tra", "NOT checked");
            let mut policies: Vec<&str> = report.policy.iter().map(String::as_str).collect();
            for one in report.signatures.iter().filter_map(|one| one.policy.as_deref()) {
                if report.policy.is_none() && !policies.contains(&one) {
                    policies.push(one);
                }
            }
            let policies = escape_for_display(&policies.join(", ")).into_owned();
            line.push_str(&format!(" ({policies}; {not}: {})", checks(&open, lang)));
        }
    }
    line
}

/// Sources that were asked in vain, a sentence each.
#[must_use]
pub fn attempts(report: &FileReport, lang: Lang) -> Vec<String> {
    let line = |one| escape_for_display(&explain::attempt(one, lang)).into_owned();
    report.attempts.iter().map(line).collect()
}

/// `chữ ký ĐẠT`.
#[must_use]
pub fn short_verdict(indication: Indication, lang: Lang) -> &'static str {
    match indication {
        Indication::TotalPassed => lang.pick("chữ ký ĐẠT", "the signature PASSED"),
        Indication::TotalFailed(_) => lang.pick("chữ ký KHÔNG hợp lệ", "the signature FAILED"),
        Indication::Indeterminate(_) => {
            lang.pick("CHƯA kết luận được", "NO verdict is possible yet")
        }
    }
}

/// Everything that is said of one signature.
#[must_use]
pub fn signature(one: &SignatureReport, report: &FileReport, lang: Lang) -> SignatureFacts {
    let level = one.level.unwrap_or(one.format.as_str());
    let title = format!(
        "{} {} ({}): {}",
        lang.pick("Chữ ký", "Signature"),
        escape_for_display(&one.id),
        escape_for_display(level),
        one.indication
    );
    let mut facts = Facts { lang, facts: Vec::new() };
    who(&mut facts, one);
    when(&mut facts, one);
    facts.add("Tính toàn vẹn", "Integrity", integrity(one, lang));
    facts.add_all("Thay đổi sau khi ký", "Changes after signing", later_changes(one, lang));
    facts.add("Hiệu lực khi ký", "Validity at signing", validity(one, lang));
    let rows = one.revocation.iter().filter_map(|fact| revocation_line(fact, lang)).collect();
    facts.add_all("Tình trạng thu hồi", "Revocation status", rows);
    let stamps = one.timestamps.iter().map(|stamp| timestamp(stamp, lang)).collect();
    facts.add_all("Dấu thời gian", "Time-stamps", stamps);
    if let Some(algorithm) = one.algorithm {
        facts.add("Thuật toán", "Algorithm", algorithm.to_string());
    }
    if let Some(digest) = &one.content_digest {
        let text = format!("{}: {}", digest.algorithm(), hex::encode(digest.as_bytes()));
        facts.add("Mã băm nội dung ký", "Digest of what is signed", text);
    }
    if one.counter_signatures > 0 {
        facts.add(
            "Chữ ký xác nhận thêm (chỉ kiểm tra giá trị, không ảnh hưởng kết luận)",
            "Counter-signatures (values checked only, no part of the verdict)",
            one.counter_signatures.to_string(),
        );
    }
    judged_by(&mut facts, one, report);
    SignatureFacts {
        title,
        indication: one.indication,
        verdict: explain::verdict(one.indication, lang).to_owned(),
        facts: facts.facts,
        remarks: remarks(one, lang),
    }
}

struct Facts {
    lang: Lang,
    facts: Vec<Fact>,
}

impl Facts {
    fn add(&mut self, vi: &str, en: &str, line: impl Into<String>) {
        self.add_all(vi, en, vec![line.into()]);
    }

    fn add_all(&mut self, vi: &str, en: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.facts.push(Fact { label: self.lang.pick(vi, en).to_owned(), lines });
        }
    }
}

fn who(facts: &mut Facts, one: &SignatureReport) {
    let lang = facts.lang;
    let Some(signer) = &one.signer else {
        let text = lang.pick("không xác định được", "not identified");
        facts.add("Người ký", "Signer", text);
        if let Some(claimed) = &one.claimed_signer {
            let text = format!(
                "{} ({})",
                claimed.subject().display_name(),
                lang.pick(
                    "theo chứng thư nằm trong tệp, CHƯA được xác minh",
                    "claimed by the certificate inside, NOT verified",
                )
            );
            facts.add("Người ký tự xưng", "Claimed signer", text);
        }
        return;
    };
    let subject = signer.subject();
    facts.add("Người ký", "Signer", subject.display_name());
    let unit = unit::managing(subject)
        .unwrap_or_else(|| lang.pick("chứng thư không nêu", "the certificate names none").into());
    facts.add("Đơn vị quản lý", "Managing unit", unit);
    facts.add("Tên đầy đủ", "Full name", subject.to_string());
    facts.add("Cơ quan cấp", "Issuer", signer.issuer().to_string());
    facts.add("Hiệu lực chứng thư", "Certificate valid", period(signer));
    facts.add("Số sê-ri chứng thư", "Certificate serial", signer.serial_hex());
}

fn period(certificate: &Certificate) -> String {
    let validity = certificate.validity();
    format!("{} – {}", moment(validity.not_before), moment(validity.not_after))
}

/// The claimed time, and the proven one with what proves it.
fn when(facts: &mut Facts, one: &SignatureReport) {
    let lang = facts.lang;
    let claimed = match one.claimed_signing_time {
        Some(time) => format!(
            "{} ({})",
            moment(time),
            lang.pick("do người ký khai, không phải bằng chứng", "as the signer claims; no proof")
        ),
        None => lang.pick("không nêu", "not stated").to_owned(),
    };
    facts.add("Thời gian ký", "Signing time", claimed);
    let best = moment(one.best_signature_time);
    let proof = match one.best_time_stamp() {
        Some(stamp) => {
            let authority = stamp.authority.as_ref().map(|one| one.subject().display_name());
            format!(
                "{best} ({} {})",
                lang.pick("theo dấu thời gian của", "by the time-stamp of"),
                authority.unwrap_or_default()
            )
        }
        None => format!(
            "{best} ({})",
            lang.pick(
                "lúc kiểm tra; không có dấu thời gian chứng minh sớm hơn",
                "the validation time; no time-stamp proves an earlier one",
            )
        ),
    };
    facts.add("Chữ ký có từ trước", "Proven to exist at", proof);
}

fn integrity(one: &SignatureReport, lang: Lang) -> String {
    let failed = |reason| one.indication == Indication::TotalFailed(reason);
    let holds = [Check::ContentDigest, Check::SignatureValue]
        .iter()
        .all(|check| one.checked.contains(check));
    if failed(FailedReason::HashFailure) {
        lang.pick("nội dung ĐÃ BỊ THAY ĐỔI sau khi ký", "the content WAS CHANGED after signing")
    } else if failed(FailedReason::SigCryptoFailure) {
        lang.pick(
            "giá trị chữ ký KHÔNG khớp với chứng thư",
            "the signature value does NOT match the certificate",
        )
    } else if one.errors.iter().any(|error| matches!(error, Finding::ForbiddenChange(_))) {
        lang.pick(
            "phần được ký còn nguyên, nhưng sau đó tệp BỊ SỬA theo cách chữ ký không cho phép",
            "what was signed is intact, but the file WAS CHANGED later in a way that is not permitted",
        )
    } else if failed(FailedReason::FormatFailure) {
        lang.pick(
            "chữ ký sai định dạng hoặc không bao trùm tài liệu",
            "the signature is malformed or does not cover the document",
        )
    } else if !holds {
        lang.pick("CHƯA kiểm tra được", "could NOT be checked")
    } else if one.covers_whole_document == Some(false) && !one.checked.contains(&Check::WholeDocument)
    {
        lang.pick(
            "phần được ký còn nguyên; sau đó tệp có ghi thêm, phần thêm chưa được so sánh",
            "what was signed is intact; the file was added to later, which was not compared",
        )
    } else if one.covers_whole_document == Some(false) {
        lang.pick(
            "phần được ký còn nguyên; sau đó tệp có ghi thêm, đúng phạm vi cho phép",
            "what was signed is intact; the file was added to later, as far as is permitted",
        )
    } else {
        lang.pick("nội dung còn nguyên như khi ký", "the content is as it was signed")
    }
    .to_owned()
}

/// What later revisions changed; a long list is cut, and says so.
fn later_changes(one: &SignatureReport, lang: Lang) -> Vec<String> {
    let changes = one.changes.as_slice();
    let line = |change| escape_for_display(&change::change(change, lang)).into_owned();
    let mut lines: Vec<String> = changes.iter().take(MOST_CHANGES).map(line).collect();
    if changes.len() > MOST_CHANGES {
        let more = changes.len() - MOST_CHANGES;
        lines.push(format!("{} {more}", lang.pick("và thêm", "and further")));
    }
    lines
}

/// Whether the certificate was good when the signature was made, as far as that was checked.
fn validity(one: &SignatureReport, lang: Lang) -> String {
    use IndeterminateReason as I;
    let at = moment(one.best_signature_time);
    let proven = one.best_time_stamp().is_some();
    let path = one.checked.contains(&Check::CertificatePath);
    let revocation = one.checked.contains(&Check::RevocationStatus);
    let text = match one.indication {
        Indication::TotalFailed(FailedReason::Revoked) => {
            lang.pick("chứng thư ĐÃ BỊ THU HỒI", "the certificate WAS REVOKED")
        }
        Indication::TotalFailed(FailedReason::Expired) => {
            lang.pick("chứng thư ĐÃ HẾT HẠN", "the certificate HAD EXPIRED")
        }
        Indication::TotalFailed(FailedReason::NotYetValid) => {
            lang.pick("chứng thư CHƯA có hiệu lực", "the certificate was NOT YET valid")
        }
        Indication::Indeterminate(I::RevokedNoPoe | I::RevokedCaNoPoe) => lang.pick(
            "chứng thư đã bị thu hồi, không rõ ký trước hay sau",
            "revoked, and it is not known whether the signature is older",
        ),
        Indication::Indeterminate(I::OutOfBoundsNoPoe | I::OutOfBoundsNotRevoked) => lang.pick(
            "ngoài thời hạn chứng thư, không rõ ký lúc nào",
            "outside the certificate's validity, and it is not known when it was signed",
        ),
        _ if path && revocation => lang.pick(
            "chứng thư còn hiệu lực, không bị thu hồi",
            "the certificate was valid and not revoked",
        ),
        _ if path => lang.pick(
            "chứng thư trong thời hạn; tình trạng thu hồi CHƯA kiểm tra",
            "within the certificate's validity; its revocation status was NOT checked",
        ),
        _ => return lang.pick("CHƯA kết luận được", "NOT known").to_owned(),
    };
    let at_what = if proven {
        lang.pick("tại thời điểm được chứng minh", "at the proven time")
    } else {
        lang.pick("tại thời điểm kiểm tra", "at the validation time")
    };
    format!("{text} ({at_what} {at})")
}

/// The status of one certificate with its source; nothing for the anchor, which needs none.
#[must_use]
pub fn revocation_line(fact: &RevocationFact, lang: Lang) -> Option<String> {
    let state = match fact.state {
        RevocationState::Good => lang.pick("không bị thu hồi", "not revoked").to_owned(),
        RevocationState::Revoked { time, reason } => format!(
            "{} {} ({})",
            lang.pick("BỊ THU HỒI từ", "REVOKED since"),
            moment(time),
            reason_text(reason, lang)
        ),
        RevocationState::Unknown => lang.pick("CHƯA biết", "NOT known").to_owned(),
        RevocationState::NotNeeded => return None,
    };
    let mut line = format!("{}: {state}", fact.certificate.subject().display_name());
    if let Some(source) = &fact.source {
        let produced = moment(source.this_update);
        line.push_str(&format!(
            " — {} {} {}, {} {produced}",
            source.kind.as_str(),
            lang.pick("của", "of"),
            source.signer.subject().display_name(),
            lang.pick("lúc", "as of"),
        ));
        if let Some(next) = source.next_update {
            let words = lang.pick("bản kế tiếp", "next");
            line.push_str(&format!(", {words} {}", moment(next)));
        }
    }
    Some(line)
}

fn timestamp(stamp: &TimestampReport, lang: Lang) -> String {
    let time = stamp
        .time
        .map_or_else(|| lang.pick("không rõ lúc nào", "of unknown time").to_owned(), moment);
    let time = match stamp.accuracy_micros {
        Some(micros) => format!("{time} (± {} s)", seconds(micros)),
        None => time,
    };
    let authority = stamp.authority.as_ref().map_or_else(
        || lang.pick("không rõ nơi cấp", "unknown authority").to_owned(),
        |one| one.subject().display_name(),
    );
    let mut line = format!(
        "{}, {time}, {authority}: {} — {}",
        match stamp.kind {
            TimestampKind::Content => lang.pick("của nội dung", "of the content"),
            TimestampKind::Signature => lang.pick("của chữ ký", "of the signature"),
            TimestampKind::Archive => lang.pick("lưu trữ", "archive"),
            TimestampKind::Document => lang.pick("của tài liệu", "of the document"),
        },
        match stamp.indication {
            Indication::TotalPassed => lang.pick("ĐẠT", "PASSED"),
            Indication::TotalFailed(_) => lang.pick("KHÔNG hợp lệ", "FAILED"),
            Indication::Indeterminate(_) => lang.pick("CHƯA kết luận được", "NO verdict"),
        },
        match stamp.indication {
            Indication::TotalPassed => "PASSED".to_owned(),
            Indication::TotalFailed(reason) => format!("FAILED ({})", reason.as_str()),
            Indication::Indeterminate(_) => stamp.indication.to_string(),
        }
    );
    let found = stamp.errors.iter().chain(&stamp.warnings);
    let reasons: Vec<String> = found.map(|one| explain::finding(one, lang)).collect();
    if !reasons.is_empty() {
        line.push_str(&format!(" ({})", reasons.join("; ")));
    }
    line
}

/// Microseconds as seconds, with no more digits than they need.
fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Trust store, anchor, policy and time; what was checked and what not.
fn judged_by(facts: &mut Facts, one: &SignatureReport, report: &FileReport) {
    let lang = facts.lang;
    if let Some(anchor) = &one.trust_anchor {
        let anchor = anchor.subject().display_name();
        let text = match &one.trust_store {
            Some(store) => format!("{} ({anchor})", escape_for_display(store)),
            None => anchor,
        };
        facts.add("Kho tin cậy (gốc)", "Trust store (anchor)", text);
    }
    let policy = one.policy.as_deref().or(report.policy.as_deref());
    let text = format!(
        "{}, {} {}",
        policy.map_or_else(
            || lang.pick("không có", "none").to_owned(),
            |name| escape_for_display(name).into_owned()
        ),
        lang.pick("tại thời điểm", "at"),
        moment(report.validation_time)
    );
    facts.add("Chính sách", "Policy", text);
    if !one.checked.is_empty() {
        facts.add("Đã kiểm tra, đúng", "Checked, holds", checks(&one.checked, lang));
    }
    if !one.not_checked.is_empty() {
        facts.add("CHƯA kiểm tra", "NOT checked", checks(&one.not_checked, lang));
    }
}

fn checks(checks: &[Check], lang: Lang) -> String {
    checks.iter().map(|one| explain::check(*one, lang)).collect::<Vec<_>>().join(", ")
}

fn remarks(one: &SignatureReport, lang: Lang) -> Vec<Remark> {
    let mark = |weight, text: String| Remark { weight, text: escape_for_display(&text).into() };
    let errors = one.errors.iter().map(|e| mark(Weight::Error, explain::finding(e, lang)));
    let warnings = one.warnings.iter().map(|w| mark(Weight::Warning, explain::finding(w, lang)));
    let needs = one.needs.iter().map(|need| mark(Weight::Need, explain::need(need, lang)));
    errors.chain(warnings).chain(needs).collect()
}

/// Why a certificate was revoked, in words.
#[must_use]
pub fn reason_text(reason: RevocationReason, lang: Lang) -> &'static str {
    match reason {
        RevocationReason::Unspecified => lang.pick("không nêu lý do", "no reason given"),
        RevocationReason::KeyCompromise => lang.pick("lộ khóa", "key compromised"),
        RevocationReason::CaCompromise => lang.pick("lộ khóa của CA", "the CA's key compromised"),
        RevocationReason::AffiliationChanged => {
            lang.pick("thay đổi thông tin chủ thể", "affiliation changed")
        }
        RevocationReason::Superseded => lang.pick("đã cấp chứng thư thay thế", "superseded"),
        RevocationReason::CessationOfOperation => {
            lang.pick("ngừng sử dụng", "cessation of operation")
        }
        RevocationReason::CertificateHold => lang.pick("tạm dừng", "on hold"),
        RevocationReason::RemoveFromCrl => lang.pick("đã được phục hồi", "removed from the CRL"),
        RevocationReason::PrivilegeWithdrawn => lang.pick("bị rút quyền", "privilege withdrawn"),
        RevocationReason::AaCompromise => {
            lang.pick("lộ khóa của cơ quan cấp thuộc tính", "the attribute authority compromised")
        }
    }
}
