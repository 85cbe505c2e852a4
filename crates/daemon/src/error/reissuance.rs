//! Why a request about a reissuance was refused.

use axum::http::StatusCode;
use kyso_protocol::ProblemError;
use kyso_reissue::{
    AnswerError, DateError, IllegalTransition, RequestError, RequestState, Transition,
    UnitCodeError,
};
use kyso_x509::CertificateError;
use kyso_x509::path::PathError;

use super::Told;
use crate::explain;
use crate::text::{Lang, Problem};

/// A refusal about a reissuance request.
#[derive(Debug)]
pub(crate) enum ReissuanceError {
    /// There is no such request.
    Unknown,
    /// What is wrong with a new request: all of it.
    Invalid(Vec<Wrong>),
    /// No token shows the certificate.
    CertificateUnknown { sha256: String },
    /// What was given is no certificate.
    CertificateMalformed(CertificateError),
    /// What was given is neither a SHA-256, PEM nor base64.
    CertificateForm,
    /// There is an open request for this certificate.
    Open { request: String },
    /// The request's state does not allow it.
    Illegal(IllegalTransition),
    /// An operation on this request is under way.
    Busy,
    /// Certificate and personal data of this request are not here: it was written elsewhere.
    DossierMissing,
    /// What is kept of the request does not make a request any more.
    DossierUnusable(Vec<RequestError>),
    /// The certificate is no answer to the request.
    Answer(Box<AnswerError>),
    /// The new certificate does not lead to a trust anchor.
    AnswerPath(Box<PathError>),
    /// The authority's words are empty or too long.
    RefusalText { length: usize, most: usize },
}

/// One thing that is wrong with a new request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Found by the domain's own check.
    Request(RequestError),
    /// A unit's code is none.
    UnitCode { member: &'static str, error: UnitCodeError },
    /// A date is none.
    Date { member: &'static str, error: DateError },
    /// A text is too long, in characters.
    TooLong { member: &'static str, length: usize, most: usize },
    /// A text has a control character.
    Control { member: &'static str, position: usize },
}

impl Wrong {
    fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::UnitCode { .. } => "unit-code-malformed",
            Self::Date { .. } => "date-malformed",
            Self::TooLong { .. } => "text-too-long",
            Self::Control { .. } => "text-control-character",
        }
    }

    pub(crate) fn member(&self) -> &'static str {
        match self {
            Self::Request(error) => explain::reissue::member(error),
            Self::UnitCode { member, .. }
            | Self::Date { member, .. }
            | Self::TooLong { member, .. }
            | Self::Control { member, .. } => member,
        }
    }

    fn text(&self, lang: Lang) -> String {
        match self {
            Self::Request(error) => explain::reissue::error(error, lang),
            Self::UnitCode { error, .. } => lang.pick(
                "mã đơn vị gồm 2, 3 hoặc 5 chữ số (tỉnh, huyện, xã)".to_owned(),
                error.to_string(),
            ),
            Self::Date { error: DateError::NoSuchDay { .. }, .. } => {
                lang.pick("không có ngày này trong lịch", "there is no such day").to_owned()
            }
            Self::Date { error: DateError::Form, .. } => lang
                .pick("ngày phải có dạng YYYY-MM-DD", "a date has the form YYYY-MM-DD")
                .to_owned(),
            Self::TooLong { length, most, .. } => lang.pick(
                format!("có {length} ký tự, tối đa {most}"),
                format!("{length} characters, at most {most}"),
            ),
            Self::Control { position, .. } => lang.pick(
                format!("ký tự thứ {} là ký tự điều khiển", position + 1),
                format!("character {} is a control character", position + 1),
            ),
        }
    }

    fn out(&self, lang: Lang) -> ProblemError {
        ProblemError {
            code: self.code().to_owned(),
            member: self.member().to_owned(),
            detail: self.text(lang),
        }
    }
}

impl ReissuanceError {
    /// Every single thing that is wrong, for the problem document's `errors`.
    pub(super) fn errors(&self, lang: Lang) -> Vec<ProblemError> {
        match self {
            Self::Invalid(wrongs) => wrongs.iter().map(|wrong| wrong.out(lang)).collect(),
            Self::DossierUnusable(errors) => {
                errors.iter().map(|error| Wrong::Request(error.clone()).out(lang)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The request in the way, where there is one.
    pub(super) fn instance(&self) -> Option<String> {
        match self {
            Self::Open { request } => Some(format!("/v1/reissuance-requests/{request}")),
            _ => None,
        }
    }

    pub(super) fn told(&self, lang: Lang) -> Told {
        let (status, retryable) = match self {
            Self::Unknown => (StatusCode::NOT_FOUND, false),
            Self::Open { .. } | Self::Illegal(_) => (StatusCode::CONFLICT, false),
            Self::Busy => (StatusCode::CONFLICT, true),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, false),
        };
        let (what, remedy) = lang.pick(self.vi(), self.en());
        Told { problem: Problem::new(self.code(), what, self.why(lang), remedy), status, retryable }
    }

    /// Stable code; of a request with one thing wrong, that thing's.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "request-unknown",
            Self::Invalid(wrongs) => match wrongs.as_slice() {
                [one] => one.code(),
                _ => "request-invalid",
            },
            Self::CertificateUnknown { .. } => "certificate-unknown",
            Self::CertificateMalformed(_) | Self::CertificateForm => "certificate-malformed",
            Self::Open { .. } => "request-open",
            Self::Illegal(_) => "transition-illegal",
            Self::Busy => "request-busy",
            Self::DossierMissing => "dossier-missing",
            Self::DossierUnusable(_) => "dossier-unusable",
            Self::Answer(error) => error.code(),
            Self::AnswerPath(_) => "answer-path",
            Self::RefusalText { .. } => "refusal-text",
        }
    }

    const fn vi(&self) -> (&'static str, &'static str) {
        match self {
            Self::Unknown => ("không có đề nghị này", "xem danh sách đề nghị"),
            Self::Invalid(_) => ("đề nghị chưa hợp lệ", "sửa từng mục đã nêu rồi gửi lại"),
            Self::CertificateUnknown { .. } => (
                "không thấy chứng thư này trên token nào",
                "cắm token vào, hoặc gửi chính chứng thư (PEM hoặc base64)",
            ),
            Self::CertificateMalformed(_) | Self::CertificateForm => {
                ("không đọc được chứng thư", "gửi chứng thư X.509 dạng PEM hoặc base64 của DER")
            }
            Self::Open { .. } => (
                "chứng thư này đã có một đề nghị chưa kết thúc",
                "tiếp tục hoặc rút đề nghị đó trước",
            ),
            Self::Illegal(_) => {
                ("đề nghị không ở trạng thái cho phép việc này", "xem trạng thái của đề nghị")
            }
            Self::Busy => ("đề nghị này đang được xử lý", "chờ hoặc hủy thao tác đang chạy"),
            Self::DossierMissing => (
                "hồ sơ của đề nghị này không có ở đây",
                "rút đề nghị này rồi lập đề nghị mới trên máy này",
            ),
            Self::DossierUnusable(_) => (
                "hồ sơ đã lưu không còn lập thành đề nghị được",
                "rút đề nghị này rồi lập đề nghị mới",
            ),
            Self::Answer(_) => (
                "chứng thư này không phải là câu trả lời cho đề nghị",
                "kiểm tra lại tệp nhận được; nếu cấp sai, báo cơ quan cấp chứng thư",
            ),
            Self::AnswerPath(_) => (
                "chứng thư mới không dẫn đến gốc tin cậy",
                "gửi kèm chứng thư của các cơ quan cấp (PEM); kiểm tra tệp nhận được và chứng thư gốc trong cấu hình",
            ),
            Self::RefusalText { .. } => ("lý do từ chối trống hoặc quá dài", "ghi lại lý do"),
        }
    }

    const fn en(&self) -> (&'static str, &'static str) {
        match self {
            Self::Unknown => ("there is no such request", "see the list of requests"),
            Self::Invalid(_) => {
                ("the request is not valid", "mend each thing that is named and send it again")
            }
            Self::CertificateUnknown { .. } => (
                "no token shows this certificate",
                "insert the token, or send the certificate itself (PEM or base64)",
            ),
            Self::CertificateMalformed(_) | Self::CertificateForm => (
                "the certificate cannot be read",
                "send an X.509 certificate as PEM or as base64 of its DER",
            ),
            Self::Open { .. } => (
                "there is an open request for this certificate",
                "go on with that request, or withdraw it first",
            ),
            Self::Illegal(_) => {
                ("the request's state does not allow this", "look at the request's state")
            }
            Self::Busy => (
                "an operation on this request is under way",
                "wait for that operation, or cancel it",
            ),
            Self::DossierMissing => (
                "what belongs to this request is not here",
                "withdraw this request and make a new one on this machine",
            ),
            Self::DossierUnusable(_) => (
                "what was kept does not make a request any more",
                "withdraw this request and make a new one",
            ),
            Self::Answer(_) => (
                "the certificate is no answer to this request",
                "check the file that was received; if it was issued wrongly, tell the authority",
            ),
            Self::AnswerPath(_) => (
                "the new certificate does not lead to a trust anchor",
                "send it with its issuers' certificates (PEM); check the file that was received, and the anchors in the configuration",
            ),
            Self::RefusalText { .. } => {
                ("the reason of the refusal is empty or too long", "state the reason anew")
            }
        }
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::Unknown => lang.pick("sổ nhật ký không có", "the journal has none").to_owned(),
            Self::Invalid(wrongs) => {
                let texts: Vec<String> = wrongs
                    .iter()
                    .map(|wrong| format!("{}: {}", wrong.member(), wrong.text(lang)))
                    .collect();
                texts.join("; ")
            }
            Self::CertificateUnknown { sha256 } => format!("SHA-256 {sha256}"),
            Self::CertificateMalformed(error) => error.to_string(),
            Self::CertificateForm => lang
                .pick(
                    "không phải SHA-256, PEM hay base64",
                    "it is neither a SHA-256, nor PEM, nor base64",
                )
                .to_owned(),
            Self::Open { request } => {
                lang.pick(format!("đề nghị {request}"), format!("request {request}"))
            }
            Self::Illegal(error) => {
                let from = error.from.map_or("chưa có", state_vi);
                lang.pick(
                    format!("đề nghị {from} thì không {} được", transition_vi(error.transition)),
                    error.to_string(),
                )
            }
            Self::Busy => lang
                .pick("người dùng đang được hỏi, hoặc đang ký", "the person is being asked, or it is being signed")
                .to_owned(),
            Self::DossierMissing => lang
                .pick(
                    "nhật ký có đề nghị, nhưng chứng thư và dữ liệu cá nhân nằm ở nơi đã lập",
                    "the journal has the request, but certificate and personal data are where it was made",
                )
                .to_owned(),
            Self::DossierUnusable(errors) => {
                let texts: Vec<String> =
                    errors.iter().map(|error| explain::reissue::error(error, lang)).collect();
                texts.join("; ")
            }
            Self::Answer(error) => explain::reissue::answer(error, lang),
            Self::AnswerPath(error) => explain::sign::path(error, lang).why,
            Self::RefusalText { length, most } => lang.pick(
                format!("có {length} ký tự, cần từ 1 đến {most}"),
                format!("{length} characters, 1 to {most} are needed"),
            ),
        }
    }
}

/// A request's state as a word for it.
const fn state_vi(state: RequestState) -> &'static str {
    match state {
        RequestState::Draft => "còn là bản nháp",
        RequestState::Submitted => "đã gửi",
        RequestState::Exported => "đã xuất tệp",
        RequestState::Answered => "đã có trả lời",
        RequestState::Withdrawn => "đã rút",
    }
}

/// What was to be done.
const fn transition_vi(transition: Transition) -> &'static str {
    match transition {
        Transition::Created => "lập lại",
        Transition::Submitted => "gửi",
        Transition::Exported => "xuất tệp",
        Transition::Answered => "ghi trả lời",
        Transition::Withdrawn => "rút",
    }
}
