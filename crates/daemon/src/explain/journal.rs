//! What went wrong with the journal, in words a clerk can act on.

use std::path::Path;

use kyso_journal::JournalError;

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
