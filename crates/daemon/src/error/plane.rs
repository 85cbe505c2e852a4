//! Refusals of the plane itself: who may ask, how a request must look, what it may cost.

use axum::http::StatusCode;

use super::Told;
use crate::text::{Lang, Problem};

/// Why a request did not come to its handler, or could not be read by it.
#[derive(Debug)]
pub(crate) enum Plane {
    /// The peer is another user.
    OtherUser {
        /// User id of the peer.
        uid: u32,
    },
    /// A header says that a browser asks.
    Browser {
        /// The header.
        header: &'static str,
    },
    /// `Host` is not this daemon.
    ForeignHost,
    /// Nothing lives at this path.
    NoSuchRoute,
    /// What lives at this path does not know the method.
    MethodNotAllowed,
    /// The content type is not one the route takes.
    MediaType {
        /// Those it takes.
        accepted: &'static [&'static str],
    },
    /// A body where none belongs.
    BodyUnexpected,
    /// The body is larger than the route takes.
    BodyTooLarge {
        /// Most bytes taken.
        limit: u64,
    },
    /// The body came too slowly.
    BodyTooSlow,
    /// The body ended before it was whole, or was no HTTP.
    BodyBroken(axum::Error),
    /// The body is no JSON.
    JsonMalformed(serde_json::Error),
    /// The JSON is not what the route takes.
    JsonInvalid(serde_json::Error),
    /// The query is not what the route takes.
    QueryInvalid(axum::extract::rejection::QueryRejection),
    /// The resource does not exist (any more).
    NotFound,
    /// The daemon is about to stop and takes nothing new.
    Stopping,
    /// A defect: the handler panicked.
    Defect,
}

impl Plane {
    pub(super) fn told(&self, lang: Lang) -> Told {
        use StatusCode as S;
        let (code, status, retryable, vi, en): (_, _, _, Texts, Texts) = match self {
            Self::OtherUser { .. } => (
                "other-user",
                S::MISDIRECTED_REQUEST,
                false,
                (
                    "dịch vụ này thuộc người dùng khác",
                    "dùng dịch vụ của chính bạn: `kyso daemon run`",
                ),
                ("this daemon serves another user", "use your own daemon: `kyso daemon run`"),
            ),
            Self::Browser { .. } => (
                "browser-refused",
                S::FORBIDDEN,
                false,
                (
                    "socket này không phục vụ trình duyệt",
                    "gọi từ chương trình của máy, không gửi các tiêu đề của trình duyệt",
                ),
                (
                    "this socket does not serve browsers",
                    "call from a program of this machine, without a browser's headers",
                ),
            ),
            Self::ForeignHost => (
                "host-refused",
                S::MISDIRECTED_REQUEST,
                false,
                ("yêu cầu gửi cho máy chủ khác", "dùng `Host: localhost`"),
                ("the request is for another host", "use `Host: localhost`"),
            ),
            Self::NoSuchRoute => (
                "route-unknown",
                S::NOT_FOUND,
                false,
                ("không có địa chỉ này", "xem các địa chỉ ở /openapi.json"),
                ("there is nothing at this path", "the paths are listed in /openapi.json"),
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                false,
                ("địa chỉ này không nhận phương thức đó", "xem các phương thức ở /openapi.json"),
                ("this path does not take that method", "the methods are listed in /openapi.json"),
            ),
            Self::MediaType { .. } => (
                "media-type-unsupported",
                S::UNSUPPORTED_MEDIA_TYPE,
                false,
                ("không nhận kiểu nội dung này", "gửi `Content-Type` được nhận"),
                ("the content type is not taken here", "send a `Content-Type` that is taken"),
            ),
            Self::BodyUnexpected => (
                "body-unexpected",
                S::BAD_REQUEST,
                false,
                ("yêu cầu này không được có nội dung", "bỏ nội dung của yêu cầu"),
                ("this request takes no body", "leave the body out"),
            ),
            Self::BodyTooLarge { .. } => (
                "body-too-large",
                S::PAYLOAD_TOO_LARGE,
                false,
                ("nội dung quá lớn", "gửi ít hơn, hoặc nâng giới hạn trong [daemon.limits]"),
                ("the body is too large", "send less, or raise the limit in [daemon.limits]"),
            ),
            Self::BodyTooSlow => (
                "body-too-slow",
                S::REQUEST_TIMEOUT,
                true,
                ("nội dung đến quá chậm", "gửi lại yêu cầu"),
                ("the body came too slowly", "send the request again"),
            ),
            Self::BodyBroken(_) => (
                "body-broken",
                S::BAD_REQUEST,
                true,
                ("nội dung đến không đủ", "gửi lại yêu cầu"),
                ("the body did not arrive whole", "send the request again"),
            ),
            Self::JsonMalformed(_) => (
                "json-malformed",
                S::BAD_REQUEST,
                false,
                ("nội dung không phải JSON", "sửa JSON của yêu cầu"),
                ("the body is not JSON", "mend the request's JSON"),
            ),
            Self::JsonInvalid(_) => (
                "request-invalid",
                S::UNPROCESSABLE_ENTITY,
                false,
                ("JSON không đúng dạng của yêu cầu này", "so với /openapi.json"),
                ("the JSON is not what this request takes", "compare it with /openapi.json"),
            ),
            Self::QueryInvalid(_) => (
                "query-invalid",
                S::BAD_REQUEST,
                false,
                ("tham số của địa chỉ không đúng", "so với /openapi.json"),
                (
                    "the query parameters are not what this path takes",
                    "compare them with /openapi.json",
                ),
            ),
            Self::NotFound => (
                "not-found",
                S::NOT_FOUND,
                false,
                ("không có tài nguyên này", "kiểm tra mã; dữ liệu cũ bị xóa sau thời hạn lưu"),
                (
                    "there is no such resource",
                    "check the id; old ones are deleted after the retention time",
                ),
            ),
            Self::Stopping => (
                "stopping",
                S::SERVICE_UNAVAILABLE,
                true,
                ("dịch vụ đang dừng", "thử lại khi dịch vụ chạy lại"),
                ("the daemon is stopping", "try again when it runs again"),
            ),
            Self::Defect => (
                "defect",
                S::INTERNAL_SERVER_ERROR,
                false,
                ("kyso có lỗi", "báo lỗi này kèm nhật ký vận hành"),
                ("a defect of kyso", "report it, with the daemon's log"),
            ),
        };
        let (what, remedy) = lang.pick(vi, en);
        Told { problem: Problem::new(code, what, self.why(lang), remedy), status, retryable }
    }

    fn why(&self, lang: Lang) -> String {
        match self {
            Self::OtherUser { uid } => lang.pick(
                format!("bên gọi có mã người dùng {uid}"),
                format!("the caller's user id is {uid}"),
            ),
            Self::Browser { header } => {
                lang.pick(format!("có tiêu đề `{header}`"), format!("there is a header `{header}`"))
            }
            Self::ForeignHost => lang.pick(
                "`Host` phải là localhost, kyso hoặc để trống".to_owned(),
                "`Host` must be localhost, kyso or empty".to_owned(),
            ),
            Self::NoSuchRoute | Self::NotFound => {
                lang.pick("không tìm thấy", "it was not found").to_owned()
            }
            Self::MethodNotAllowed => {
                lang.pick("phương thức không có ở đây", "the method is not there").to_owned()
            }
            Self::MediaType { accepted } => {
                format!("{}: {}", lang.pick("được nhận", "taken"), accepted.join(", "))
            }
            Self::BodyUnexpected => {
                lang.pick("yêu cầu có nội dung", "the request has a body").to_owned()
            }
            Self::BodyTooLarge { limit } => lang.pick(
                format!("nhiều nhất {limit} byte"),
                format!("at most {limit} bytes are taken"),
            ),
            Self::BodyTooSlow => lang
                .pick(
                    "bên gọi ngừng gửi hoặc gửi nhỏ giọt",
                    "the caller stopped sending or trickled",
                )
                .to_owned(),
            Self::BodyBroken(error) => error.to_string(),
            Self::JsonMalformed(error) | Self::JsonInvalid(error) => error.to_string(),
            Self::QueryInvalid(rejection) => rejection.body_text(),
            Self::Stopping => lang.pick("đã nhận lệnh dừng", "it was told to stop").to_owned(),
            Self::Defect => lang
                .pick(
                    "chương trình gặp tình huống không lường trước",
                    "the program met a case it does not know",
                )
                .to_owned(),
        }
    }
}

type Texts = (&'static str, &'static str);
