//! Refusals about operations.

use axum::http::StatusCode;
use kyso_protocol::OperationState;

use super::Told;
use crate::text::Lang;

/// What is wrong with a request about an operation, or with the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationError {
    /// There is none of this id, or not any more.
    Unknown,
    /// It has ended; nothing can be cancelled.
    Ended {
        /// How.
        state: OperationState,
    },
    /// It has not ended; there is no result yet.
    NotDone {
        /// Where it is.
        state: OperationState,
    },
    /// It ended without a result.
    NoResult {
        /// How it ended.
        state: OperationState,
    },
    /// Its result was deleted.
    ResultGone,
    /// The filter is no state.
    StateUnknown,
    /// Too many are under way.
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// It is under way already.
    UnderWay,
    /// The daemon is about to end.
    Ending,
    /// A fault of the daemon itself.
    Fault,
}

impl OperationError {
    pub(crate) fn told(self, lang: Lang) -> Told {
        match self {
            Self::Unknown => Told::new(
                StatusCode::NOT_FOUND,
                "operation-unknown",
                lang.pick("không có thao tác này", "there is no such operation"),
                lang.pick(
                    "sai mã, hoặc đã quá hạn lưu",
                    "the id is wrong, or it was kept long enough",
                ),
                lang.pick("xem GET /v1/operations", "see GET /v1/operations"),
            ),
            Self::Ended { state } => Told::new(
                StatusCode::CONFLICT,
                "operation-ended",
                lang.pick("thao tác đã kết thúc", "the operation has ended"),
                word(state),
                lang.pick("không còn gì để hủy", "there is nothing left to cancel"),
            ),
            Self::NotDone { state } => Told::new(
                StatusCode::CONFLICT,
                "operation-not-done",
                lang.pick("thao tác chưa xong", "the operation is not done"),
                word(state),
                lang.pick("chờ qua /events rồi tải lại", "wait by /events, then fetch again"),
            )
            .retryable(),
            Self::NoResult { state } => Told::new(
                StatusCode::CONFLICT,
                "operation-without-result",
                lang.pick("thao tác không có kết quả", "the operation has no result"),
                word(state),
                lang.pick("xem `problem` của thao tác", "see the operation's `problem`"),
            ),
            Self::ResultGone => Told::new(
                StatusCode::GONE,
                "result-gone",
                lang.pick("kết quả không còn", "the result is gone"),
                lang.pick("đã quá hạn lưu hoặc bị xóa", "it was kept long enough, or deleted"),
                lang.pick("ký lại nếu còn cần", "sign again if it is still needed"),
            ),
            Self::StateUnknown => Told::new(
                StatusCode::BAD_REQUEST,
                "operation-state-unknown",
                lang.pick("không có trạng thái này", "there is no such state"),
                lang.pick("tham số `state` sai", "the parameter `state` is wrong"),
                lang.pick("xem /openapi.json", "see /openapi.json"),
            ),
            Self::TooMany { limit } => Told::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-operations",
                lang.pick("có quá nhiều thao tác đang chờ", "too many operations are under way"),
                lang.pick(format!("tối đa {limit}"), format!("at most {limit}")),
                lang.pick("chờ vài thao tác xong rồi gửi lại", "wait until some have ended"),
            )
            .retryable(),
            Self::UnderWay => Told::new(
                StatusCode::CONFLICT,
                "operation-under-way",
                lang.pick("thao tác đang chạy", "the operation is under way"),
                lang.pick("đang có việc làm dở", "it has work to do now"),
                lang.pick("xem GET /v1/operations/{id}", "see GET /v1/operations/{id}"),
            ),
            Self::Ending => Told::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "daemon-ending",
                lang.pick("dịch vụ sắp dừng", "the daemon is about to end"),
                lang.pick("không nhận thêm việc", "it takes no new work"),
                lang.pick("gửi lại sau khi dịch vụ khởi động", "send it again when it is back"),
            )
            .retryable(),
            Self::Fault => Told::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "daemon-fault",
                lang.pick("lỗi của chính dịch vụ", "a fault of the daemon itself"),
                lang.pick("chi tiết nằm trong nhật ký dịch vụ", "the daemon's log says more"),
                lang.pick("gửi nhật ký dịch vụ cho bộ phận hỗ trợ", "send its log to support"),
            ),
        }
    }
}

fn word(state: OperationState) -> String {
    crate::store::operations::word(&state)
}
