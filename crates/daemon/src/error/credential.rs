//! Refusals of credentials.

use axum::http::StatusCode;

use super::Told;
use crate::text::Lang;

/// Why a credential that a request names cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialError {
    /// Query attributes, a PIN or `|` in the URI: over the API they would read files or run programs.
    QueryRefused,
    /// It does not parse at this byte.
    Malformed {
        /// From the start of the text.
        offset: usize,
    },
    /// Nothing that is there fits.
    NotThere,
    /// Several fit.
    Ambiguous {
        /// How many.
        matches: usize,
    },
}

impl CredentialError {
    pub(crate) fn told(self, lang: Lang) -> Told {
        let list = lang.pick(
            "nêu một URI từ `kyso cert list` (`--credential`) hoặc GET /v1/certificates (`credential`)",
            "name one by its URI from `kyso cert list` (`--credential`) or GET /v1/certificates (`credential`)",
        );
        match self {
            Self::QueryRefused => Told::new(
                StatusCode::BAD_REQUEST,
                "credential-query",
                lang.pick(
                    "URI của chứng thư có phần không được phép qua API",
                    "the credential's URI has parts that the API does not take",
                ),
                lang.pick(
                    "`pin-source`, `module-path`, `pin-value`, `?` và `|` bị từ chối",
                    "`pin-source`, `module-path`, `pin-value`, `?` and `|` are refused",
                ),
                lang.pick(
                    "chỉ dùng thuộc tính đường dẫn (token, serial, id, object), hoặc `sha256:`",
                    "use path attributes only (token, serial, id, object), or `sha256:`",
                ),
            ),
            Self::Malformed { offset } => Told::new(
                StatusCode::BAD_REQUEST,
                "credential-malformed",
                lang.pick("không hiểu tên chứng thư", "the credential's name does not parse"),
                lang.pick(format!("sai từ byte {offset}"), format!("wrong at byte {offset}")),
                list,
            ),
            Self::NotThere => Told::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "credential-unknown",
                lang.pick("không thấy chứng thư này", "no such credential is there"),
                lang.pick(
                    "token chưa cắm, hoặc tên không khớp chứng thư nào",
                    "its token is not inserted, or the name fits no certificate",
                ),
                list,
            )
            .retryable(),
            Self::Ambiguous { matches } => Told::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "credential-ambiguous",
                lang.pick("có nhiều chứng thư phù hợp", "several credentials fit"),
                lang.pick(format!("{matches} chứng thư"), format!("{matches} credentials")),
                list,
            ),
        }
    }
}
