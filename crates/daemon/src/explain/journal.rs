//! The journal in words: its records, and what went wrong with it.

use std::path::Path;

use kyso::recorder::Outcome;
use kyso_journal::{
    AttemptEnd, Entry, JournalError, Record, ReissuanceState, ReissuanceStep, ReissuanceTransition,
};

use crate::text::{Lang, Problem};

/// The three parts of a journal's error.
pub fn explain(error: &JournalError, path: &Path, lang: Lang) -> Problem {
    use JournalError as E;
    let (code, vi, en): (_, (&str, &str), (&str, &str)) = match error {
        E::NotAJournal { .. } => (
            "journal-missing",
            (
                "chưa có nhật ký ở đó",
                "ký lần đầu để tạo nhật ký, hoặc chỉ đúng tệp bằng `--journal`",
            ),
            (
                "there is no journal there",
                "sign something first, or name the right file with `--journal`",
            ),
        ),
        E::Inaccessible { .. } | E::ReadOnly { .. } | E::Full { .. } | E::DeviceFailed { .. } => (
            "journal-unwritable",
            (
                "không ghi được nhật ký, nên không ký",
                "kiểm tra thư mục, quyền ghi và dung lượng đĩa",
            ),
            (
                "the journal cannot be written, so nothing is signed",
                "check its folder, permissions and the disk's space",
            ),
        ),
        E::Locked { .. } => (
            "journal-locked",
            ("chương trình khác đang giữ nhật ký", "chờ một lát rồi thử lại"),
            ("another program holds the journal", "wait a moment and try again"),
        ),
        E::NewerSchema { .. } => (
            "journal-newer",
            ("nhật ký do bản kyso mới hơn tạo ra", "cập nhật kyso"),
            ("the journal was written by a newer kyso", "update kyso"),
        ),
        E::NoSuchEntry { .. } => (
            "no-such-entry",
            ("không có mục đó trong nhật ký", "xem `kyso journal list`"),
            ("the journal has no such entry", "see `kyso journal list`"),
        ),
        E::IllegalStep { .. } => (
            "reissuance-step-refused",
            (
                "yêu cầu cấp lại không ở trạng thái cho phép bước này",
                "xem trạng thái của yêu cầu rồi chọn bước phù hợp",
            ),
            (
                "the reissuance request is not in a state that permits this step",
                "look at the request's state and choose a step that fits",
            ),
        ),
        E::Damaged { .. }
        | E::KeyMissing { .. }
        | E::KeyMismatch { .. }
        | E::Sqlite { .. }
        | E::NotOpen(_)
        | E::TextTooLong { .. }
        | E::TimeOutOfRange { .. }
        | E::NoRandomness
        | E::Abandoned
        | E::Stream { .. } => (
            "journal-damaged",
            (
                "nhật ký hỏng hoặc không khớp khóa của nó",
                "giữ nguyên các tệp, xem `kyso journal verify`, báo người phụ trách",
            ),
            (
                "the journal is damaged or does not fit its key",
                "leave its files as they are, see `kyso journal verify`, tell the person in charge",
            ),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    let place =
        if path.as_os_str().is_empty() { String::new() } else { format!("{}: ", path.display()) };
    Problem::new(code, what, format!("{place}{error}"), remedy)
}

/// One record in one line.
#[must_use]
pub fn summary(entry: &Entry, lang: Lang) -> String {
    match &entry.leaf.record {
        Record::Intent(intent) => {
            let document =
                entry.name.clone().unwrap_or_else(|| hex::encode(intent.document_sha256));
            format!("{}: {document}, {}", lang.pick("yêu cầu ký", "intent"), intent.format)
        }
        Record::Outcome { intent, outcome } => {
            let result = match outcome {
                Outcome::Signed { .. } => lang.pick("đã ký", "signed").to_owned(),
                Outcome::Extended { .. } => lang.pick("đã nâng mức", "extended").to_owned(),
                Outcome::Failed { code } => {
                    format!("{}: {code}", lang.pick("không ký được", "failed"))
                }
                Outcome::Cancelled => lang.pick("đã hủy", "cancelled").to_owned(),
            };
            format!("{} {intent}: {result}", lang.pick("kết quả của", "outcome of"))
        }
        Record::Interrupted { intent } => {
            format!(
                "{} {intent}: {}",
                lang.pick("kết quả của", "outcome of"),
                lang.pick("bị ngắt", "interrupted")
            )
        }
        Record::Reissuance(step) => {
            let what = lang.pick("đề nghị cấp lại chứng thư", "reissuance request");
            format!(
                "{what} {}: {} → {}",
                step.request,
                self::step(step.step, lang),
                state(step.state, lang)
            )
        }
        Record::Opaque { kind } => kind.clone(),
    }
}

/// What happened to a reissuance request.
fn step(step: ReissuanceStep, lang: Lang) -> String {
    match step {
        ReissuanceStep::Done(transition) => self::transition(transition, lang).to_owned(),
        ReissuanceStep::Attempted { transition, end } => {
            let end = match end {
                AttemptEnd::Denied => lang.pick("từ chối", "denied"),
                AttemptEnd::Cancelled => lang.pick("hủy", "cancelled"),
                AttemptEnd::TimedOut => lang.pick("quá thời hạn", "timed out"),
                AttemptEnd::Failed => lang.pick("không thành công", "failed"),
            };
            format!("{} ({end})", self::transition(transition, lang))
        }
    }
}

fn transition(transition: ReissuanceTransition, lang: Lang) -> &'static str {
    match transition {
        ReissuanceTransition::Created => lang.pick("lập", "create"),
        ReissuanceTransition::Submitted => lang.pick("gửi", "submit"),
        ReissuanceTransition::Exported => lang.pick("xuất hồ sơ", "export"),
        ReissuanceTransition::Answered => lang.pick("nhận trả lời", "answer"),
        ReissuanceTransition::Withdrawn => lang.pick("rút", "withdraw"),
    }
}

/// Where a reissuance request is.
fn state(state: ReissuanceState, lang: Lang) -> &'static str {
    match state {
        ReissuanceState::Draft => lang.pick("bản nháp", "draft"),
        ReissuanceState::Submitted => lang.pick("đã gửi", "submitted"),
        ReissuanceState::Exported => lang.pick("đã xuất hồ sơ", "exported"),
        ReissuanceState::Answered => lang.pick("đã có trả lời", "answered"),
        ReissuanceState::Withdrawn => lang.pick("đã rút", "withdrawn"),
    }
}
