//! Refusals of documents.

use axum::http::StatusCode;

use super::Told;
use crate::text::{self, Lang, Problem};

/// Why a document was not taken, given or deleted.
#[derive(Debug)]
pub(crate) enum DocumentRefusal {
    /// `?name=` is empty, too long, or has a separator or a control character.
    NameUnusable {
        /// Most bytes of a name.
        limit: usize,
    },
    /// `Content-Digest` is absent, or names no algorithm that is known.
    DigestMissing,
    /// `Content-Digest` is not what RFC 9530 says.
    DigestMalformed,
    /// The bytes that came have another digest.
    DigestMismatch {
        /// `sha-256` or `sha-512`.
        algorithm: &'static str,
    },
    /// All documents and results together would be more than is allowed.
    SpoolFull {
        /// Most bytes together.
        limit: u64,
    },
    /// The file system failed; a full disk among that.
    Disk(std::io::Error),
    /// An operation still needs it.
    InUse,
}

impl DocumentRefusal {
    pub(super) fn told(&self, lang: Lang) -> Told {
        use StatusCode as S;
        let (code, status, retryable, vi, en): (_, _, _, Texts, Texts) = match self {
            Self::NameUnusable { .. } => (
                "document-name-unusable",
                S::BAD_REQUEST,
                false,
                ("tên tài liệu không dùng được", "gửi `?name=` là một tên tệp"),
                ("the document's name cannot be used", "send a file name as `?name=`"),
            ),
            Self::DigestMissing => (
                "digest-missing",
                S::BAD_REQUEST,
                false,
                ("thiếu `Content-Digest`", "gửi `Content-Digest: sha-256=:…:` (RFC 9530)"),
                ("`Content-Digest` is missing", "send `Content-Digest: sha-256=:…:` (RFC 9530)"),
            ),
            Self::DigestMalformed => (
                "digest-malformed",
                S::BAD_REQUEST,
                false,
                ("`Content-Digest` sai cú pháp", "gửi `Content-Digest: sha-256=:…:` (RFC 9530)"),
                ("`Content-Digest` is malformed", "send `Content-Digest: sha-256=:…:` (RFC 9530)"),
            ),
            Self::DigestMismatch { .. } => (
                "digest-mismatch",
                S::UNPROCESSABLE_ENTITY,
                true,
                ("nội dung đến khác với mã băm đã khai", "gửi lại tài liệu"),
                ("what arrived is not what its digest says", "send the document again"),
            ),
            Self::SpoolFull { .. } => (
                "spool-full",
                S::INSUFFICIENT_STORAGE,
                true,
                (
                    "dịch vụ đang giữ quá nhiều tài liệu",
                    "xóa tài liệu đã xong, hoặc nâng spool-bytes",
                ),
                (
                    "the daemon holds too many bytes",
                    "delete documents that are done, or raise spool-bytes",
                ),
            ),
            Self::Disk(error) if full(error) => (
                "disk-full",
                S::INSUFFICIENT_STORAGE,
                true,
                ("đĩa đã đầy", "giải phóng dung lượng rồi gửi lại"),
                ("the disk is full", "make room, then send it again"),
            ),
            Self::Disk(_) => (
                "spool-unwritable",
                S::SERVICE_UNAVAILABLE,
                true,
                ("không ghi hoặc đọc được tài liệu", "kiểm tra thư mục trạng thái của dịch vụ"),
                ("a document cannot be written or read", "check the daemon's state folder"),
            ),
            Self::InUse => (
                "document-in-use",
                S::CONFLICT,
                true,
                ("tài liệu đang được dùng", "chờ hoặc hủy thao tác dùng nó"),
                ("the document is in use", "wait for the operation that uses it, or cancel it"),
            ),
        };
        let (what, remedy) = lang.pick(vi, en);
        Told { problem: Problem::new(code, what, self.why(lang), remedy), status, retryable }
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::NameUnusable { limit } => lang.pick(
                format!("tên có từ 1 đến {limit} byte, không có / \\ và ký tự điều khiển"),
                format!("a name has 1 to {limit} bytes, no / \\ and no control characters"),
            ),
            Self::DigestMissing => {
                lang.pick("cần sha-256 hoặc sha-512", "sha-256 or sha-512 is needed").to_owned()
            }
            Self::DigestMalformed => lang
                .pick("không đúng dạng thuật-toán=:base64:", "it is not algorithm=:base64:")
                .to_owned(),
            Self::DigestMismatch { algorithm } => lang.pick(
                format!("{algorithm} tính được khác với giá trị đã khai"),
                format!("the {algorithm} of the bytes differs from the one declared"),
            ),
            Self::SpoolFull { limit } => lang.pick(
                format!("nhiều nhất {limit} byte cho mọi tài liệu và kết quả"),
                format!("at most {limit} bytes of documents and results are held"),
            ),
            Self::Disk(error) => text::system(error, lang),
            Self::InUse => lang
                .pick("một thao tác chưa xong cần nó", "an unfinished operation needs it")
                .to_owned(),
        }
    }
}

fn full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(error.kind(), K::StorageFull | K::QuotaExceeded | K::FileTooLarge)
}

type Texts = (&'static str, &'static str);
