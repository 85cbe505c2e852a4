//! Refusals of signature requests.

use axum::http::StatusCode;

use super::Told;
use crate::text::Lang;

/// Why a signature request cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestError {
    /// There is no such document.
    DocumentUnknown {
        /// The id asked for.
        id: String,
    },
    /// The document's bytes are not those that came.
    DocumentChanged,
    /// A level that needs what is not there.
    LevelNotSupported {
        /// The level asked for.
        level: String,
    },
    /// An option that the format does not have.
    OptionUnfit {
        /// Its name.
        option: &'static str,
        /// The format.
        format: &'static str,
    },
    /// A text of the options is too long, in bytes.
    TextTooLong {
        /// Which.
        option: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl RequestError {
    pub(crate) fn told(&self, lang: Lang) -> Told {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match self {
            Self::DocumentUnknown { id } => Told::new(
                StatusCode::NOT_FOUND,
                "document-unknown",
                lang.pick("không có tài liệu này", "there is no such document"),
                format!("{:.64}", id.escape_default()),
                lang.pick("gửi lại bằng POST /v1/documents", "send it by POST /v1/documents"),
            ),
            Self::DocumentChanged => Told::new(
                StatusCode::CONFLICT,
                "document-changed",
                lang.pick(
                    "tài liệu không còn là bản đã được đồng ý ký",
                    "the document is not the one that was agreed to",
                ),
                lang.pick("mã băm đã khác", "its hash is another"),
                lang.pick("gửi lại tài liệu rồi ký lại", "send the document again, then sign"),
            ),
            Self::LevelNotSupported { level } => Told::new(
                unprocessable,
                "level-not-supported",
                lang.pick("chưa ký được ở mức này", "this level is not there"),
                lang.pick(
                    format!("`{:.32}`: các mức cao hơn cần dấu thời gian", level.escape_default()),
                    format!("`{:.32}`: higher levels need time-stamps", level.escape_default()),
                ),
                lang.pick("dùng `B-B`", "use `B-B`"),
            ),
            Self::OptionUnfit { option, format } => Told::new(
                unprocessable,
                "option-unfit",
                lang.pick("tùy chọn không hợp với định dạng", "an option does not fit the format"),
                format!("`{option}`, {format}"),
                lang.pick(
                    "bỏ tùy chọn hoặc đổi `format`",
                    "leave it out or choose another `format`",
                ),
            ),
            Self::TextTooLong { option, limit } => Told::new(
                unprocessable,
                "text-too-long",
                lang.pick("một đoạn chữ quá dài", "a text is too long"),
                lang.pick(
                    format!("`{option}` dài hơn {limit} byte"),
                    format!("`{option}` has more than {limit} bytes"),
                ),
                lang.pick("rút ngắn lại", "shorten it"),
            ),
        }
    }
}
