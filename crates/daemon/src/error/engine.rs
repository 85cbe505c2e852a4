//! Refusals of the engine: credentials, consent, operations, signature requests.

use axum::http::StatusCode;
use kyso_protocol::OperationState;

use crate::error::Told;
use crate::text::{Lang, Problem};

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
            "xem các chứng thư đang có: GET /v1/certificates hoặc `kyso cert list`",
            "see the certificates that are there: GET /v1/certificates or `kyso cert list`",
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

/// Why nobody can be asked, or nobody agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsentError {
    /// The request does not say how, and neither does the configuration.
    NotSaid,
    /// The terminal is no device of the caller's own.
    TerminalRefused(TerminalFault),
    /// A display's name with letters that no display has.
    DisplayMalformed,
    /// No pinentry program is there.
    PinentryMissing,
    /// The question could not be shown.
    NoPrompt,
    /// Consent by policy was asked for and no rule allows it.
    PolicyRefused(crate::engine::policy::Refusal),
    /// The policy file may not be used.
    PolicyUnusable(crate::engine::policy::PolicyFault),
}

/// What is wrong with a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TerminalFault {
    /// Not an absolute path under /dev.
    Path,
    /// Not there.
    Missing,
    /// Not a character device.
    NotADevice,
    /// Another user's.
    NotTheCallers,
}

impl ConsentError {
    pub(crate) fn told(&self, lang: Lang) -> Told {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match self {
            Self::NotSaid => Told::new(
                unprocessable,
                "consent-not-said",
                lang.pick(
                    "chưa nói hỏi người ký bằng cách nào",
                    "how to ask the person is not said",
                ),
                lang.pick(
                    "yêu cầu không có `consent`, cấu hình cũng không có",
                    "the request has no `consent` and the configuration none either",
                ),
                lang.pick(
                    "thêm `consent` với `via`: terminal, pinentry hoặc policy",
                    "add `consent` with `via`: terminal, pinentry or policy",
                ),
            ),
            Self::TerminalRefused(fault) => Told::new(
                unprocessable,
                "consent-terminal",
                lang.pick("không hỏi được ở cửa sổ lệnh này", "this terminal cannot be asked"),
                match fault {
                    TerminalFault::Path => lang.pick(
                        "cần đường dẫn tuyệt đối dưới /dev",
                        "an absolute path under /dev is needed",
                    ),
                    TerminalFault::Missing => lang.pick("không có thiết bị này", "it is not there"),
                    TerminalFault::NotADevice => {
                        lang.pick("không phải thiết bị ký tự", "it is no character device")
                    }
                    TerminalFault::NotTheCallers => {
                        lang.pick("thiết bị của người dùng khác", "it is another user's")
                    }
                },
                lang.pick("gửi đúng kết quả của lệnh `tty`", "send what the command `tty` prints"),
            ),
            Self::DisplayMalformed => Told::new(
                StatusCode::BAD_REQUEST,
                "consent-display",
                lang.pick("tên màn hình không hợp lệ", "the display's name is malformed"),
                lang.pick("có ký tự không được phép", "it has letters that no display has"),
                lang.pick("gửi giá trị của DISPLAY", "send the value of DISPLAY"),
            ),
            Self::PinentryMissing => Told::new(
                unprocessable,
                "pinentry-missing",
                lang.pick("không có chương trình pinentry", "there is no pinentry program"),
                lang.pick(
                    "không thấy trong cấu hình và PATH của dịch vụ",
                    "neither the configuration nor the daemon's PATH has one",
                ),
                lang.pick(
                    "cài gói pinentry, hoặc ký từ cửa sổ lệnh",
                    "install the package pinentry, or sign from a terminal",
                ),
            ),
            Self::NoPrompt => Told::new(
                unprocessable,
                "consent-no-prompt",
                lang.pick("không hỏi được người ký", "the person could not be asked"),
                lang.pick(
                    "không mở được hộp thoại hoặc cửa sổ lệnh",
                    "the dialogue or the terminal does not open",
                ),
                lang.pick(
                    "kiểm tra pinentry và màn hình; xem `kyso doctor`",
                    "check pinentry and the display; see `kyso doctor`",
                ),
            )
            .retryable(),
            Self::PolicyRefused(refusal) => Told::new(
                StatusCode::FORBIDDEN,
                "policy-refused",
                lang.pick("chính sách không cho phép ký", "the policy does not allow it"),
                refusal.text(lang),
                lang.pick(
                    "hỏi người quản trị; hoặc để người ký tự xác nhận",
                    "ask the administrator; or let a person agree",
                ),
            ),
            Self::PolicyUnusable(fault) => Told::new(
                StatusCode::FORBIDDEN,
                "policy-unusable",
                lang.pick("không dùng được tệp chính sách", "the policy file cannot be used"),
                fault.to_string(),
                lang.pick(
                    "người quản trị sửa tệp, chủ sở hữu và quyền của nó",
                    "have the administrator mend the file, its owner and permissions",
                ),
            ),
        }
    }
}

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

impl Told {
    fn new(
        status: StatusCode,
        code: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { problem: Problem::new(code, what, why, remedy), status, retryable: false }
    }

    fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}
