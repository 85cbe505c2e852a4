//! Refusals of consent.

use axum::http::StatusCode;

use super::Told;
use crate::engine::policy;
use crate::text::Lang;

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
    PolicyRefused(policy::Refusal),
    /// The policy file may not be used.
    PolicyUnusable(policy::PolicyFault),
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
