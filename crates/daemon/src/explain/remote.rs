//! What went wrong with a remote signing service, in words a clerk can act on.

use kyso_token::remote::{ErrorCode, RemoteError, TransportError, UserAgentError};

type Pair = (&'static str, &'static str);

/// What and what to do, in Vietnamese and in English.
pub(super) fn parts(error: &RemoteError) -> (Pair, Pair) {
    use RemoteError as E;
    match error {
        E::Transport(_, TransportError::Offline) => (
            ("dịch vụ ký từ xa cần mạng", "bỏ `fetch.offline` trong tệp cấu hình rồi ký lại"),
            (
                "the remote signing service needs the network",
                "take `fetch.offline` out of the configuration, then sign again",
            ),
        ),
        E::Transport(_, TransportError::Tls) | E::NotTls => (
            (
                "kết nối tới dịch vụ ký từ xa không an toàn",
                "kiểm tra địa chỉ https và chứng thư của máy chủ; đừng bỏ qua bước kiểm tra này",
            ),
            (
                "the connection to the remote signing service is not secure",
                "check its https address and the server's certificate; do not work around this",
            ),
        ),
        E::Transport(..) => (
            ("không kết nối được tới dịch vụ ký từ xa", "kiểm tra mạng và proxy rồi ký lại"),
            (
                "the remote signing service cannot be reached",
                "check the network and the proxy, then sign again",
            ),
        ),
        E::Refused(_, ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable)
        | E::Status(_, 500..) => (
            ("dịch vụ ký từ xa đang gặp sự cố", "chờ vài phút rồi ký lại các tệp còn thiếu"),
            (
                "the remote signing service has a failure of its own",
                "wait some minutes, then sign the files that are missing",
            ),
        ),
        E::Refused(_, ErrorCode::AccessDenied) => (
            (
                "yêu cầu ký đã bị từ chối ở dịch vụ",
                "ký lại và đồng ý trên thiết bị nếu bạn muốn ký",
            ),
            (
                "the request was denied at the service",
                "sign again, and agree on your device if you want to sign",
            ),
        ),
        E::Refused(_, ErrorCode::InvalidOtp) => (
            ("mã dùng một lần sai hoặc đã hết hạn", "ký lại với mã mới"),
            ("the one-time password is wrong or has run out", "sign again with a new one"),
        ),
        E::Refused(
            _,
            ErrorCode::InvalidClient
            | ErrorCode::UnauthorizedClient
            | ErrorCode::InvalidScope
            | ErrorCode::UnsupportedGrant,
        ) => (
            (
                "dịch vụ ký từ xa không chấp nhận phần mềm này",
                "kiểm tra `client-id`, `client-secret-file` và `scope` trong tệp cấu hình",
            ),
            (
                "the remote signing service does not accept this program",
                "check `client-id`, `client-secret-file` and `scope` in the configuration file",
            ),
        ),
        E::Refused(..) | E::Status(..) => (
            (
                "dịch vụ ký từ xa từ chối yêu cầu",
                "đăng nhập và ký lại; nếu lặp lại, gửi dòng lỗi này cho nhà cung cấp dịch vụ",
            ),
            (
                "the remote signing service refused the request",
                "log in and sign again; if it recurs, send this to the service's provider",
            ),
        ),
        E::AnswerMalformed(_) | E::SignatureCount { .. } | E::TooMany { .. } => (
            (
                "dịch vụ ký từ xa trả về dữ liệu vô nghĩa",
                "thử lại; nếu lặp lại, gửi dòng lỗi này cho nhà cung cấp dịch vụ",
            ),
            (
                "the remote signing service answered nonsense",
                "try again; if it recurs, send this to the service's provider",
            ),
        ),
        E::MethodMissing(_) | E::LoginUnsupported | E::AuthorizationUnsupported => (
            (
                "kyso chưa hỗ trợ cách làm việc của dịch vụ này",
                "kiểm tra `login` trong tệp cấu hình; hỏi nhà cung cấp về CSC API v2",
            ),
            (
                "the service works in a way that kyso does not know",
                "check `login` in the configuration file; ask the provider about CSC API v2",
            ),
        ),
        E::UserAgent(_) => (
            ("chưa đăng nhập xong ở trang của dịch vụ", "chạy lại lệnh và mở trang được chỉ ra"),
            (
                "the login on the service's page was not finished",
                "run the command again and open the page that it names",
            ),
        ),
        E::ServiceUnknown => (
            ("dịch vụ ký từ xa này chưa được cấu hình", "thêm mục `[[remote]]` vào tệp cấu hình"),
            (
                "this remote signing service is not configured",
                "add a `[[remote]]` table to the configuration file",
            ),
        ),
        E::KeyDisabled | E::CertificateNotValid => (
            (
                "dịch vụ không cho ký bằng chứng thư này",
                "hỏi nhà cung cấp vì sao khóa hoặc chứng thư bị ngừng",
            ),
            (
                "the service does not let this certificate sign",
                "ask the provider why the key or the certificate is disabled",
            ),
        ),
        E::CertificateChanged => (
            ("dịch vụ vừa đổi chứng thư", "xem `kyso cert list` rồi chọn lại chứng thư"),
            (
                "the service has changed the certificate",
                "look at `kyso cert list` and choose again",
            ),
        ),
        E::AuthorizationPending => (
            ("không ai đồng ý ký kịp thời", "ký lại và đồng ý trên thiết bị của bạn"),
            ("nobody agreed in time", "sign again and agree on your device"),
        ),
        E::SignatureWrong => (
            (
                "chữ ký do dịch vụ trả về là sai nên đã bị bỏ",
                "đừng dùng dịch vụ này cho đến khi nhà cung cấp giải thích",
            ),
            (
                "the signature that the service returned is wrong and was dropped",
                "do not use this service until its provider has explained it",
            ),
        ),
        E::NoRandomness => (
            ("hệ thống không cho số ngẫu nhiên", "khởi động lại máy rồi thử lại"),
            ("the system gives no random bytes", "restart the machine and try again"),
        ),
    }
}

/// The facts behind the error in Vietnamese: method, code, number.
pub(super) fn why(error: &RemoteError) -> String {
    use RemoteError as E;
    match error {
        E::Transport(method, failure) => format!("{}: {}", method.path(), way(*failure)),
        E::Refused(method, code) => format!("{}: dịch vụ trả lời {}", method.path(), code.as_str()),
        E::Status(method, status) => format!("{}: HTTP {status}", method.path()),
        E::AnswerMalformed(method) => format!("{}: không đọc được câu trả lời", method.path()),
        E::MethodMissing(method) => format!("dịch vụ không có {}", method.path()),
        E::NotTls => "địa chỉ của dịch vụ không phải https".to_owned(),
        E::LoginUnsupported => "dịch vụ không có cách đăng nhập đã cấu hình".to_owned(),
        E::UserAgent(UserAgentError::Nobody) => "không có ai để mở trang".to_owned(),
        E::UserAgent(UserAgentError::NoPort) => "không mở được cổng trên 127.0.0.1".to_owned(),
        E::UserAgent(UserAgentError::TimedOut) => "trình duyệt không quay lại kịp thời".to_owned(),
        E::ServiceUnknown => "không mục `[[remote]]` nào có địa chỉ này".to_owned(),
        E::TooMany { most } => format!("dịch vụ liệt kê hơn {most} mục"),
        E::KeyDisabled => "dịch vụ báo khóa đã bị ngừng".to_owned(),
        E::CertificateNotValid => "dịch vụ báo chứng thư không còn hiệu lực".to_owned(),
        E::CertificateChanged => "chứng thư không còn là chứng thư đã chọn".to_owned(),
        E::AuthorizationUnsupported => "cách cho phép ký của dịch vụ chưa được hỗ trợ".to_owned(),
        E::AuthorizationPending => "hết thời gian chờ đồng ý".to_owned(),
        E::SignatureCount { expected, actual } => {
            format!("dịch vụ trả về {actual} chữ ký cho {expected} giá trị băm")
        }
        E::SignatureWrong => "chữ ký không khớp với chứng thư".to_owned(),
        E::NoRandomness => "không có số ngẫu nhiên".to_owned(),
    }
}

const fn way(failure: TransportError) -> &'static str {
    match failure {
        TransportError::Offline => "không dùng mạng",
        TransportError::AddressMalformed => "địa chỉ không hợp lệ",
        TransportError::NameNotFound => "không tìm thấy tên máy chủ",
        TransportError::ConnectionFailed => "không kết nối được, hoặc kết nối bị ngắt",
        TransportError::Tls => "chứng thư TLS của máy chủ không được chấp nhận",
        TransportError::Proxy => "proxy từ chối",
        TransportError::TimedOut => "quá thời gian chờ",
        TransportError::TooLarge => "câu trả lời quá dài",
        TransportError::NotHttp => "câu trả lời không phải HTTP",
    }
}
