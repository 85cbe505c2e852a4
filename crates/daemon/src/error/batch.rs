//! Why a batch, or a wish about one, was refused.

use axum::http::StatusCode;
use kyso_protocol::{Lang, OperationState};

use super::{ApiError, Told};
use crate::text::Problem;

/// A refusal of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BatchError {
    /// No items.
    Empty,
    /// More items than are taken.
    TooLarge { items: usize, most: usize },
    /// An item's SHA-256 is not 64 hexadecimal digits.
    Sha256Malformed { item: usize },
    /// An item names a document that is not there.
    DocumentUnknown { item: usize, document: String },
    /// A document has another SHA-256 than its item declares.
    DocumentDiffers { item: usize, document: String, sha256: String },
    /// Two items name one document.
    DocumentTwice { first: usize, second: usize },
    /// `Last-Event-ID` is no number.
    LastEventIdMalformed,
    /// There is no such batch.
    Unknown,
    /// The batch has no such item.
    ItemUnknown { item: usize },
    /// The item has no result, or none yet.
    ResultNotThere { item: usize },
    /// It has not come to rest yet since it was last asked to.
    ComingToRest,
    /// The batch has ended; nothing about it changes any more.
    Ended { state: OperationState },
    /// The token of the batch is now another one than was agreed to.
    TokenDiffers { agreed: String, found: String },
    /// Its documents, or the folder of its results, cannot be made durable.
    Undurable { kind: std::io::ErrorKind },
    /// It failed as a whole, as this says.
    AsAWhole(Box<kyso_protocol::Problem>),
    /// The module failed again and again without one signature.
    ModuleFailed { failures: u32 },
}

impl From<BatchError> for ApiError {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl BatchError {
    /// The three parts, the status, and whether the same request may succeed later.
    pub(super) fn told(&self, lang: Lang) -> Told {
        if let Self::AsAWhole(problem) = self {
            // It was told in this language already.
            let status = StatusCode::from_u16(problem.status);
            return Told {
                problem: Problem::from((**problem).clone()),
                status: status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
                retryable: problem.retryable,
            };
        }
        let (status, retryable) = match self {
            Self::Unknown | Self::ItemUnknown { .. } => (StatusCode::NOT_FOUND, false),
            Self::ResultNotThere { .. } => (StatusCode::CONFLICT, true),
            Self::Ended { .. } => (StatusCode::CONFLICT, false),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, false),
            Self::Sha256Malformed { .. } | Self::LastEventIdMalformed => {
                (StatusCode::BAD_REQUEST, false)
            }
            Self::ComingToRest => (StatusCode::CONFLICT, true),
            Self::Undurable { .. } => (StatusCode::SERVICE_UNAVAILABLE, true),
            Self::Empty
            | Self::DocumentUnknown { .. }
            | Self::DocumentDiffers { .. }
            | Self::AsAWhole(_)
            | Self::DocumentTwice { .. } => (StatusCode::UNPROCESSABLE_ENTITY, false),
            Self::TokenDiffers { .. } | Self::ModuleFailed { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, true)
            }
        };
        let (what, remedy) = lang.pick(self.vi(), self.en());
        let problem = Problem::new(self.code(), what, self.why(lang), remedy);
        Told { problem, status, retryable }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "batch-empty",
            Self::TooLarge { .. } => "batch-too-large",
            Self::Sha256Malformed { .. } => "sha256-malformed",
            Self::DocumentUnknown { .. } => "batch-document-unknown",
            Self::DocumentDiffers { .. } => "batch-document-differs",
            Self::DocumentTwice { .. } => "batch-document-twice",
            Self::LastEventIdMalformed => "last-event-id-malformed",
            Self::Unknown => "batch-unknown",
            Self::ItemUnknown { .. } => "batch-item-unknown",
            Self::ResultNotThere { .. } => "batch-result-not-there",
            Self::ComingToRest => "batch-coming-to-rest",
            Self::Ended { .. } => "batch-ended",
            Self::TokenDiffers { .. } => "other-token",
            Self::Undurable { .. } => "batch-not-durable",
            Self::AsAWhole(_) => "batch-failed",
            Self::ModuleFailed { .. } => "module-failed",
        }
    }

    const fn vi(&self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("lô không có tài liệu nào", "khai báo ít nhất một tài liệu"),
            Self::TooLarge { .. } => ("lô có quá nhiều tài liệu", "chia thành nhiều lô nhỏ hơn"),
            Self::Sha256Malformed { .. } => {
                ("giá trị SHA-256 không đúng dạng", "ghi 64 chữ số thập lục phân")
            }
            Self::DocumentUnknown { .. } => {
                ("lô nêu một tài liệu không có ở đây", "tải tài liệu lên lại rồi khai báo lô mới")
            }
            Self::DocumentDiffers { .. } => (
                "tài liệu không khớp giá trị SHA-256 đã khai báo",
                "kiểm tra xem đúng tệp chưa, tải lên lại rồi khai báo lô mới",
            ),
            Self::DocumentTwice { .. } => {
                ("một tài liệu được khai báo hai lần", "khai báo mỗi tài liệu một lần")
            }
            Self::LastEventIdMalformed => (
                "`Last-Event-ID` không phải là số",
                "gửi lại đúng mã của sự kiện cuối cùng đã nhận",
            ),
            Self::Unknown => ("không có lô này", "kiểm tra mã của lô"),
            Self::ItemUnknown { .. } => ("lô không có mục này", "mục được đánh số từ 0"),
            Self::ResultNotThere { .. } => {
                ("mục này chưa có kết quả", "xem trạng thái của mục rồi thử lại")
            }
            Self::ComingToRest => ("lô đang ký nốt mục đang dở", "chờ lô dừng hẳn rồi thử lại"),
            Self::Ended { .. } => ("lô này đã kết thúc", "khai báo lô mới cho phần còn lại"),
            Self::TokenDiffers { .. } => {
                ("trong khe là một token khác", "cắm lại đúng token đã đồng ý dùng cho lô này")
            }
            Self::Undurable { .. } => (
                "không ghi chắc được tài liệu của lô xuống đĩa",
                "kiểm tra đĩa và thư mục trạng thái rồi thử lại",
            ),
            Self::AsAWhole(_) => ("lô không ký được", "xem lý do của từng mục"),
            Self::ModuleFailed { .. } => (
                "mô-đun của token hỏng nhiều lần liên tiếp",
                "rút token ra cắm lại, kiểm tra phần mềm của nhà cung cấp rồi cho lô chạy tiếp",
            ),
        }
    }

    const fn en(&self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("the batch has no documents", "declare at least one document"),
            Self::TooLarge { .. } => {
                ("the batch has too many documents", "divide it into smaller batches")
            }
            Self::Sha256Malformed { .. } => {
                ("a SHA-256 value is malformed", "write 64 hexadecimal digits")
            }
            Self::DocumentUnknown { .. } => (
                "the batch names a document that is not here",
                "upload the document again and declare a new batch",
            ),
            Self::DocumentDiffers { .. } => (
                "a document does not have the SHA-256 that was declared",
                "check that it is the right file, upload it again and declare a new batch",
            ),
            Self::DocumentTwice { .. } => {
                ("a document is declared twice", "declare each document once")
            }
            Self::LastEventIdMalformed => {
                ("`Last-Event-ID` is no number", "send the id of the last event that was received")
            }
            Self::Unknown => ("there is no such batch", "check the batch's id"),
            Self::ItemUnknown { .. } => ("the batch has no such item", "items are numbered from 0"),
            Self::ResultNotThere { .. } => {
                ("the item has no result", "look at the item's state and try again")
            }
            Self::ComingToRest => (
                "the batch is finishing the items in hand",
                "wait until it stands still and try again",
            ),
            Self::Ended { .. } => ("the batch has ended", "declare a new batch for what is left"),
            Self::TokenDiffers { .. } => (
                "another token lies in the slot",
                "insert the very token that was agreed to for this batch",
            ),
            Self::Undurable { .. } => (
                "the batch's documents cannot be made durable",
                "check the disk and the state folder, then try again",
            ),
            Self::AsAWhole(_) => ("the batch failed", "look at each item's reason"),
            Self::ModuleFailed { .. } => (
                "the token's module failed again and again",
                "reinsert the token, check the vendor's software, then resume the batch",
            ),
        }
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::Empty => lang.pick("mục `items` rỗng", "`items` is empty").to_owned(),
            Self::TooLarge { items, most } => lang.pick(
                format!("{items} tài liệu, tối đa {most}"),
                format!("{items} documents, at most {most}"),
            ),
            Self::Sha256Malformed { item } => {
                lang.pick(format!("mục {item}"), format!("item {item}"))
            }
            Self::DocumentUnknown { item, document } => lang.pick(
                format!("mục {item}: tài liệu {}", document.escape_default()),
                format!("item {item}: document {}", document.escape_default()),
            ),
            Self::DocumentDiffers { item, document, sha256 } => lang.pick(
                format!("mục {item}: tài liệu {} có SHA-256 {sha256}", document.escape_default()),
                format!("item {item}: document {} has SHA-256 {sha256}", document.escape_default()),
            ),
            Self::DocumentTwice { first, second } => lang.pick(
                format!("mục {first} và mục {second} là cùng một tài liệu"),
                format!("items {first} and {second} are the same document"),
            ),
            Self::LastEventIdMalformed => {
                lang.pick("sự kiện được đánh số từ 1", "events are numbered from 1").to_owned()
            }
            Self::Unknown => lang
                .pick("không có, hoặc đã hết hạn lưu", "never there, or no longer kept")
                .to_owned(),
            Self::ItemUnknown { item } | Self::ResultNotThere { item } => {
                lang.pick(format!("mục {item}"), format!("item {item}"))
            }
            Self::ComingToRest => {
                lang.pick("lô vừa được yêu cầu dừng", "it was asked to stop just now").to_owned()
            }
            Self::Ended { state } => {
                // The API's own word for the state, which a program may look for.
                let state = serde_json::to_value(state).unwrap_or_default();
                let state = state.as_str().unwrap_or_default();
                lang.pick(format!("trạng thái: {state}"), format!("state: {state}"))
            }
            Self::TokenDiffers { agreed, found } => lang.pick(
                format!(
                    "số sê-ri đã đồng ý: {}; đang cắm: {}",
                    agreed.escape_default(),
                    found.escape_default()
                ),
                format!(
                    "agreed to serial number {}; inserted is {}",
                    agreed.escape_default(),
                    found.escape_default()
                ),
            ),
            Self::Undurable { kind } => kind.to_string(),
            Self::AsAWhole(problem) => problem.detail.clone(),
            Self::ModuleFailed { failures } => lang.pick(
                format!("{failures} lần liên tiếp không ký được tài liệu nào"),
                format!("{failures} times in a row without one signature"),
            ),
        }
    }
}
