//! Refusals around `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use axum::http::StatusCode;

use super::Told;
use crate::text::{Lang, Problem};

/// Why a key was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// The header is absent.
    Missing,
    /// It is neither a structured-field string nor a token, or too long.
    Malformed {
        /// Most letters of a key.
        limit: usize,
    },
    /// The key was used for another request.
    Reused,
    /// The request with this key is still being handled.
    InFlight,
}

impl KeyRefusal {
    pub(super) fn told(self, lang: Lang) -> Told {
        use StatusCode as S;
        let (code, status, retryable, vi, en) = match self {
            Self::Missing => (
                "idempotency-key-missing",
                S::BAD_REQUEST,
                false,
                (
                    "thiếu `Idempotency-Key`",
                    "gửi một khóa mới (như UUID) cho mỗi yêu cầu, và đúng khóa đó khi gửi lại",
                ),
                (
                    "`Idempotency-Key` is missing",
                    "send a new key (such as a UUID) with each request, and the same one when you repeat it",
                ),
            ),
            Self::Malformed { .. } => (
                "idempotency-key-malformed",
                S::BAD_REQUEST,
                false,
                ("`Idempotency-Key` sai cú pháp", "gửi một UUID trong dấu nháy kép"),
                ("`Idempotency-Key` is malformed", "send a UUID in double quotes"),
            ),
            Self::Reused => (
                "idempotency-key-reused",
                S::UNPROCESSABLE_ENTITY,
                false,
                ("khóa này đã dùng cho yêu cầu khác", "dùng khóa mới cho yêu cầu mới"),
                ("this key was used for another request", "use a new key for a new request"),
            ),
            Self::InFlight => (
                "idempotency-in-flight",
                S::CONFLICT,
                true,
                ("yêu cầu với khóa này đang được xử lý", "chờ rồi gửi lại đúng yêu cầu đó"),
                (
                    "the request with this key is being handled",
                    "wait, then send the same request again",
                ),
            ),
        };
        let why = match self {
            Self::Missing => lang
                .pick(
                    "phương thức này tạo ra việc không được làm hai lần",
                    "this request makes something that must not be made twice",
                )
                .to_owned(),
            Self::Malformed { limit } => lang.pick(
                format!("khóa là một chuỗi RFC 8941 hoặc một từ, nhiều nhất {limit} ký tự"),
                format!("a key is an RFC 8941 string or a bare token of at most {limit} letters"),
            ),
            Self::Reused => lang
                .pick("nội dung khác với lần trước", "the body is not that of the first time")
                .to_owned(),
            Self::InFlight => lang
                .pick("lần gửi đầu chưa có câu trả lời", "the first one has no answer yet")
                .to_owned(),
        };
        let (what, remedy): (&str, &str) = lang.pick(vi, en);
        Told { problem: Problem::new(code, what, why, remedy), status, retryable }
    }
}
