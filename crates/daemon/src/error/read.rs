//! Why something cannot be read or verified.

use axum::http::StatusCode;
use kyso::verify::VerifyFileError;
use kyso_journal::{NoteError, VerifierKey};

use super::Told;
use crate::explain;
use crate::text::{Lang, Problem};

/// A refusal to read or to verify.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// More records at once than are given, or none.
    LimitOutOfRange { limit: u32, most: u32 },
    /// The index of a record is no number.
    IndexMalformed,
    /// The journal has no such record.
    NoSuchEntry { index: u64, size: u64 },
    /// The verifier key is malformed.
    KeyMalformed(NoteError),
    /// The verifier key is another journal's.
    OtherKey { found: Box<VerifierKey> },
    /// There is no such policy.
    PolicyUnknown,
    /// The time is not RFC 3339.
    TimeMalformed(jiff::Error),
    /// Neither a body nor a document was given, or both.
    NothingToVerify { both: bool },
    /// The document to verify, or the content, is not there.
    DocumentUnknown { member: &'static str },
    /// The signed file cannot be verified at all.
    Verify(Box<VerifyFileError>),
}

impl ReadError {
    pub(super) fn told(&self, lang: Lang) -> Told {
        use StatusCode as S;
        let (code, status, vi, en): (_, _, (&str, &str), (&str, &str)) = match self {
            Self::Verify(error) => {
                return Told {
                    problem: explain::verify::explain(error, lang),
                    status: S::UNPROCESSABLE_ENTITY,
                    retryable: false,
                };
            }
            Self::LimitOutOfRange { .. } => (
                "limit-out-of-range",
                S::BAD_REQUEST,
                ("số mục yêu cầu ngoài giới hạn", "đọc nhiều lần, tiếp từ `next`"),
                ("the limit is out of range", "read several times, going on from `next`"),
            ),
            Self::IndexMalformed => (
                "index-malformed",
                S::BAD_REQUEST,
                ("số thứ tự của mục không hợp lệ", "mục được đánh số từ 0"),
                ("the index of the record is no number", "records are numbered from 0"),
            ),
            Self::NoSuchEntry { .. } => (
                "no-such-entry",
                S::NOT_FOUND,
                ("nhật ký không có mục này", "xem `/v1/journal/entries`"),
                ("the journal has no such entry", "see `/v1/journal/entries`"),
            ),
            Self::KeyMalformed(_) => (
                "verifier-key-malformed",
                S::BAD_REQUEST,
                ("khóa kiểm tra không hợp lệ", "chép lại `journal_key` của `/v1/info`"),
                ("the verifier key is malformed", "copy `journal_key` of `/v1/info`"),
            ),
            Self::OtherKey { .. } => (
                "journal-of-another-key",
                S::UNPROCESSABLE_ENTITY,
                ("đây là nhật ký của khóa khác", "kiểm tra xem đúng nhật ký chưa"),
                ("this is another key's journal", "check that it is the right journal"),
            ),
            Self::PolicyUnknown => (
                "policy-unknown",
                S::BAD_REQUEST,
                (
                    "không có chính sách kiểm tra đó",
                    "dùng `vn-public-service`, `vn-public-ca`, `eidas-like` hoặc `integrity-only`",
                ),
                (
                    "there is no such policy",
                    "use `vn-public-service`, `vn-public-ca`, `eidas-like` or `integrity-only`",
                ),
            ),
            Self::TimeMalformed(_) => (
                "time-malformed",
                S::BAD_REQUEST,
                ("thời điểm không đúng dạng", "ghi theo RFC 3339, như 2026-07-01T09:00:00+07:00"),
                ("the time is malformed", "write it as RFC 3339 says: 2026-07-01T09:00:00+07:00"),
            ),
            Self::NothingToVerify { .. } => (
                "nothing-to-verify",
                S::BAD_REQUEST,
                (
                    "cần đúng một tệp để kiểm tra",
                    "gửi tệp trong thân yêu cầu, hoặc nêu `?document=`",
                ),
                (
                    "exactly one file is verified",
                    "send the file as the body, or name it by `?document=`",
                ),
            ),
            Self::DocumentUnknown { .. } => (
                "document-unknown",
                S::UNPROCESSABLE_ENTITY,
                ("tài liệu nêu ra không có ở đây", "tải tài liệu lên lại"),
                ("a document that is named is not here", "upload the document again"),
            ),
        };
        let (what, remedy) = lang.pick(vi, en);
        Told { problem: Problem::new(code, what, self.why(lang), remedy), status, retryable: false }
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::LimitOutOfRange { limit, most } => {
                lang.pick(format!("{limit}, tối đa {most}"), format!("{limit}, at most {most}"))
            }
            Self::IndexMalformed => lang.pick("cần một số", "a number is needed").to_owned(),
            Self::NoSuchEntry { index, size } => lang.pick(
                format!("mục {index}, nhật ký có {size} mục"),
                format!("entry {index}, the journal has {size}"),
            ),
            Self::KeyMalformed(error) => error.to_string(),
            Self::OtherKey { found } => found.to_string(),
            Self::PolicyUnknown => "?policy=".to_owned(),
            Self::TimeMalformed(error) => error.to_string(),
            Self::NothingToVerify { both: true } => lang
                .pick("có cả thân yêu cầu và `document`", "there are a body and `document`")
                .to_owned(),
            Self::NothingToVerify { both: false } => lang
                .pick(
                    "thân yêu cầu rỗng, cũng không có `document`",
                    "the body is empty, and there is no `document`",
                )
                .to_owned(),
            Self::DocumentUnknown { member } => format!("?{member}="),
            Self::Verify(error) => error.to_string(),
        }
    }
}
