//! What went wrong with a token, in words a clerk can act on.

use kyso_token::{PinRefused, TokenError};

use crate::text::{Lang, Problem};

/// The three parts of a token's error.
pub fn explain(error: &TokenError, lang: Lang) -> Problem {
    let (vi, en) = parts(error);
    let (what, remedy) = lang.pick(vi, en);
    let why = why(error, lang);
    Problem::new(error.code(), what, why, remedy)
}

type Pair = (&'static str, &'static str);

/// What and what to do, in Vietnamese and in English.
fn parts(error: &TokenError) -> (Pair, Pair) {
    use TokenError as E;
    match error {
        E::ModulePathNotAbsolute { .. } => (
            ("đường dẫn mô-đun PKCS#11 không tuyệt đối", "ghi đường dẫn đầy đủ, bắt đầu bằng /"),
            ("the PKCS#11 module's path is not absolute", "give the full path, beginning with /"),
        ),
        E::ModuleNotAllowed { .. } => (
            (
                "mô-đun PKCS#11 không nằm trong danh sách cho phép",
                "thêm đường dẫn vào mục `modules` của tệp cấu hình nếu bạn tin nhà cung cấp",
            ),
            (
                "the PKCS#11 module is not on the allow-list",
                "add its path to `modules` in the configuration file if you trust its vendor",
            ),
        ),
        E::ModuleMissing { .. } => (
            (
                "không tìm thấy mô-đun PKCS#11",
                "cài phần mềm của nhà cung cấp token; xem `kyso doctor`",
            ),
            (
                "the PKCS#11 module is not there",
                "install the token vendor's software; `kyso doctor` shows what is found",
            ),
        ),
        E::NotPkcs11Module { .. } => (
            ("tệp này không phải mô-đun PKCS#11", "kiểm tra lại đường dẫn trong tệp cấu hình"),
            ("the file is not a PKCS#11 module", "check the path in the configuration file"),
        ),
        E::TokenNotPresent | E::UriMatchesNothing => (
            ("không thấy token hoặc chứng thư này", "cắm token vào rồi xem `kyso cert list`"),
            (
                "the token or certificate is not there",
                "insert the token, then look at `kyso cert list`",
            ),
        ),
        E::TokenRemoved { .. } => (
            ("token đã bị rút ra khi đang ký", "cắm lại token rồi ký lại các tệp còn thiếu"),
            (
                "the token was pulled out while signing",
                "insert it again and sign the files that are missing",
            ),
        ),
        E::TokenNotInitialized => (
            ("token chưa được khởi tạo", "khởi tạo bằng `kyso token init`"),
            ("the token is not initialized", "initialize it with `kyso token init`"),
        ),
        E::SessionLost { .. } => (
            ("phiên làm việc với token bị mất", "ký lại; nếu lặp lại, rút token ra và cắm lại"),
            ("the session with the token was lost", "sign again; if it recurs, reinsert the token"),
        ),
        E::TokenBusy { .. } => (
            ("một lượt ký khác đang dùng token", "chờ lượt đó xong rồi thử lại"),
            ("another signing act holds the token", "wait for it to end and try again"),
        ),
        E::PinRefused(PinRefused::Cancelled) => (
            ("bạn đã hủy nhập PIN", "chạy lại lệnh khi muốn ký"),
            ("PIN entry was cancelled", "run the command again when you want to sign"),
        ),
        E::PinRefused(PinRefused::NoPrompt) => (
            (
                "cần mã PIN nhưng không có nơi để hỏi",
                "chạy trong cửa sổ dòng lệnh, hoặc thêm `pin-source=file:…` vào URI của chứng thư",
            ),
            (
                "a PIN is needed and there is nobody to ask",
                "run in a terminal, or add `pin-source=file:…` to the credential's URI",
            ),
        ),
        E::PinRefused(PinRefused::TimedOut) => (
            ("không ai nhập PIN kịp thời", "ký lại khi bạn ở trước máy"),
            ("nobody entered the PIN in time", "sign again when you are at the desk"),
        ),
        E::PinFileUnusable { .. } => (
            ("không đọc được tệp PIN", "kiểm tra tệp và quyền đọc của nó; PIN nằm ở dòng đầu"),
            (
                "the PIN file cannot be used",
                "check the file and its permissions; line 1 is the PIN",
            ),
        ),
        E::PinFileReadableByOthers { .. } => (
            (
                "người khác đọc được tệp PIN",
                "chạy `chmod 600` với tệp đó; nếu máy có người dùng chung, hãy đổi PIN",
            ),
            (
                "the PIN file is open to others",
                "run `chmod 600` on it; where others use this machine, change the PIN too",
            ),
        ),
        E::PinSourceUnsuitable => (
            (
                "token không nhận PIN theo cách này",
                "nhập PIN trên bàn phím của đầu đọc, hoặc bỏ pin-source",
            ),
            (
                "the token does not take its PIN this way",
                "type the PIN on the reader's pad, or leave pin-source out",
            ),
        ),
        E::PinIncorrect { state } if state.locked => (
            ("PIN sai; token nay đã bị khóa", "liên hệ đơn vị cấp token để mở khóa (Mẫu 06)"),
            ("wrong PIN; the token is now locked", "have the issuer unlock the token (Form 06)"),
        ),
        E::PinIncorrect { state } if state.final_try => (
            (
                "PIN sai; chỉ còn một lần thử",
                "đừng đoán: sai thêm một lần là token bị khóa; hỏi lại PIN đúng",
            ),
            (
                "wrong PIN; one try is left",
                "do not guess: one more wrong PIN locks the token; find out the right one",
            ),
        ),
        E::PinIncorrect { .. } => (
            ("PIN sai", "nhập lại cẩn thận; token bị khóa sau vài lần sai"),
            ("wrong PIN", "type it again with care; the token locks after a few wrong ones"),
        ),
        E::PinLocked => (
            ("PIN đã bị khóa", "liên hệ đơn vị cấp token để mở khóa (Mẫu 06)"),
            ("the PIN is locked", "have the issuer unlock the token (Form 06)"),
        ),
        E::PinLength { .. } => (
            ("PIN quá ngắn hoặc quá dài", "dùng PIN có độ dài mà token chấp nhận"),
            ("the PIN is too short or too long", "use a PIN of a length that the token takes"),
        ),
        E::PinExpired => (
            ("PIN đã hết hạn", "đổi PIN bằng `kyso token pin` rồi ký lại"),
            ("the PIN has expired", "change it with `kyso token pin`, then sign again"),
        ),
        E::LastTryRefused => (
            (
                "chỉ còn một lần thử PIN và bạn chưa đồng ý dùng nó",
                "tìm lại PIN đúng rồi chạy trong cửa sổ dòng lệnh và trả lời đồng ý",
            ),
            (
                "one PIN try is left and nobody agreed to spend it",
                "find out the right PIN, run in a terminal and answer yes",
            ),
        ),
        E::KeyNotFound { .. } => (
            (
                "token không có khóa bí mật của chứng thư này",
                "chọn chứng thư khác (`kyso cert list`) hoặc nhập đúng chứng thư của khóa",
            ),
            (
                "the token has no private key for this certificate",
                "choose another certificate (`kyso cert list`) or import the key's own",
            ),
        ),
        E::CertificateKeyMismatch { .. } => (
            ("chứng thư không khớp với khóa", "nhập chứng thư được cấp cho đúng khóa này"),
            (
                "the certificate does not match the key",
                "import the certificate that was issued for this key",
            ),
        ),
        E::KeyUnsupported => (
            (
                "loại khóa hoặc độ dài khóa không được hỗ trợ",
                "dùng RSA 2048–4096, P-256, P-384, P-521 hoặc Ed25519",
            ),
            (
                "the key's type or size is not supported",
                "use RSA 2048–4096, P-256, P-384, P-521 or Ed25519",
            ),
        ),
        E::CertificateMalformed { .. } => (
            ("không đọc được chứng thư", "kiểm tra tệp: cần chứng thư X.509 dạng DER hoặc PEM"),
            ("the certificate cannot be read", "check the file: an X.509 certificate, DER or PEM"),
        ),
        E::UriMalformed { .. } => (
            (
                "URI của chứng thư không hợp lệ",
                "chép lại URI từ `kyso cert list`; ký tự `|` không được phép",
            ),
            (
                "the credential's URI is malformed",
                "copy it from `kyso cert list`; `|` is not allowed anywhere",
            ),
        ),
        E::UriAmbiguous { .. } => (
            ("có nhiều chứng thư khớp", "chép URI đầy đủ của một chứng thư từ `kyso cert list`"),
            ("several certificates match", "copy the full URI of one from `kyso cert list`"),
        ),
        E::MechanismNotOffered { .. } => (
            ("token không hỗ trợ thuật toán này", "thử `--rsa-padding pkcs1` hoặc `--digest` khác"),
            (
                "the token does not offer this algorithm",
                "try `--rsa-padding pkcs1` or another `--digest`",
            ),
        ),
        E::DeviceMemory { .. } => (
            ("token hết bộ nhớ", "đóng phần mềm khác đang dùng token rồi thử lại"),
            ("the token is out of memory", "close other programs that use it and try again"),
        ),
        E::DeviceError { .. } | E::UnexpectedLength { .. } | E::ReplyMalformed { .. } => (
            ("token gặp lỗi hoặc trả về dữ liệu vô nghĩa", "rút token, cắm lại rồi ký lại"),
            ("the token failed or returned nonsense", "reinsert the token and sign again"),
        ),
        E::CallTimedOut { .. } => (
            ("phần mềm token không trả lời", "rút token, cắm lại rồi ký lại"),
            ("the token's software does not answer", "reinsert the token and sign again"),
        ),
        E::WorkerHung { .. } => (
            (
                "phần mềm token bị treo nên kyso đã dừng nó",
                "rút token, cắm lại rồi ký lại các tệp còn thiếu",
            ),
            (
                "the token's software hung and was stopped",
                "reinsert the token, then sign the files that are missing",
            ),
        ),
        E::WorkerCrashed { .. } => (
            (
                "phần mềm token bị sập",
                "ký lại các tệp còn thiếu; nếu lặp lại, cập nhật phần mềm của nhà cung cấp token",
            ),
            (
                "the token's software crashed",
                "sign the files that are missing; if it recurs, update the token vendor's software",
            ),
        ),
        E::WorkerReplyMalformed(_) => (
            (
                "tiến trình token trả về dữ liệu vô nghĩa nên kyso đã dừng nó",
                "ký lại; nếu lặp lại, gửi dòng lỗi này cho bộ phận hỗ trợ",
            ),
            (
                "the token's process answered nonsense and was stopped",
                "sign again; if it recurs, send this to support",
            ),
        ),
        E::WorkerNotStarted { .. } => (
            ("không khởi động được tiến trình token", "cài lại kyso; xem `kyso doctor`"),
            ("the token's process does not start", "install kyso again; see `kyso doctor`"),
        ),
        E::WorkerRequestRefused(_) => (
            ("yêu cầu quá lớn đối với tiến trình token", "ký ít tài liệu hơn trong một lượt"),
            ("the request is too large for the token's process", "sign fewer documents at once"),
        ),
        E::PromptNotInWorker => (
            (
                "không hỏi được PIN tại đây",
                "chạy trong cửa sổ dòng lệnh, cài pinentry, hoặc dùng `pin-source=file:…`",
            ),
            (
                "the PIN cannot be asked for here",
                "run in a terminal, install a pinentry, or use `pin-source=file:…`",
            ),
        ),
        E::LabelTooLong { .. } => (
            ("nhãn token quá dài", "dùng nhãn tối đa 32 byte (chữ có dấu chiếm 2–3 byte)"),
            ("the token's label is too long", "use at most 32 bytes (letters with marks take 2–3)"),
        ),
        E::ModuleDigestMismatch { .. } => (
            (
                "mô-đun PKCS#11 không còn như lúc được cho phép",
                "nếu vừa cập nhật phần mềm token, nhờ quản trị viên xác nhận lại SHA-256",
            ),
            (
                "the PKCS#11 module is not the one that was allowed",
                "after an update of the vendor's software, have the administrator confirm its SHA-256",
            ),
        ),
        E::UriPinValueRefused => (
            ("URI không được chứa PIN", "dùng `pin-source=file:…` hoặc để kyso hỏi PIN"),
            ("a URI may not hold the PIN", "use `pin-source=file:…`, or let kyso ask for it"),
        ),
        E::PrivateKeyUnreadable { .. } => (
            ("không đọc được tệp khóa bí mật", "kiểm tra đường dẫn và quyền đọc của tệp"),
            ("the private key's file cannot be read", "check its path and its permissions"),
        ),
        E::PrivateKeyTooLong { .. } => (
            ("tệp khóa bí mật quá dài", "chọn tệp chỉ chứa một khóa PKCS#8"),
            (
                "the private key's file is too long",
                "name a file with one PKCS#8 key and nothing else",
            ),
        ),
        E::PrivateKeyMalformed => (
            ("không đọc được khóa bí mật", "cần PKCS#8 không mã hóa, DER hoặc PEM"),
            ("the private key cannot be read", "it must be unencrypted PKCS#8, DER or PEM"),
        ),
        E::KeyFile(_) => (
            ("không dùng được tệp khóa PKCS#12", "kiểm tra tệp và mật khẩu"),
            ("the PKCS#12 key file cannot be used", "check the file and its password"),
        ),
        E::Remote(error) => super::remote::parts(error),
        E::ActUnknown | E::DigestLength { .. } | E::MessageNeeded { .. } | E::Call { .. } => (
            ("token từ chối thao tác", "thử lại; nếu lặp lại, gửi dòng lỗi này cho bộ phận hỗ trợ"),
            ("the token refused the operation", "try again; if it recurs, send this to support"),
        ),
    }
}

/// The facts behind the error: path, function, counter, as the person's language says them.
fn why(error: &TokenError, lang: Lang) -> String {
    use TokenError as E;
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        E::ModulePathNotAbsolute { path }
        | E::ModuleNotAllowed { path }
        | E::ModuleMissing { path }
        | E::NotPkcs11Module { path }
        | E::ModuleDigestMismatch { path }
        | E::PrivateKeyUnreadable { path, .. }
        | E::PinFileUnusable { path } => path.display().to_string(),
        E::PinFileReadableByOthers { path, mode } => {
            format!("{}: quyền truy cập {mode:o}", path.display())
        }
        E::TokenNotPresent => "không khe cắm nào có token này".to_owned(),
        E::UriMatchesNothing => "không chứng thư nào khớp với URI".to_owned(),
        E::TokenRemoved { function }
        | E::SessionLost { function }
        | E::DeviceMemory { function }
        | E::DeviceError { function }
        | E::ReplyMalformed { function } => format!("khi gọi {function}"),
        E::TokenNotInitialized => "token báo chưa có nhãn và PIN".to_owned(),
        E::TokenBusy { waited } => format!("đã chờ {} ms", waited.as_millis()),
        E::PinRefused(PinRefused::Cancelled) => "chưa nhập PIN nào".to_owned(),
        E::PinRefused(PinRefused::NoPrompt) => "lệnh không chạy trong cửa sổ dòng lệnh".to_owned(),
        E::PinRefused(PinRefused::TimedOut) => "hết thời gian chờ".to_owned(),
        E::PromptNotInWorker => "không có cửa sổ dòng lệnh hay pinentry".to_owned(),
        E::PinSourceUnsuitable => "cách nhập PIN không hợp với token này".to_owned(),
        E::PinIncorrect { .. } => "token báo PIN không đúng".to_owned(),
        E::PinLocked => "token báo PIN đã bị khóa".to_owned(),
        E::PinExpired => "token đòi đổi PIN trước khi dùng".to_owned(),
        E::LastTryRefused => "token báo chỉ còn một lần thử".to_owned(),
        E::PinLength { min, max } => format!("PIN phải dài {min} đến {max} byte"),
        E::KeyNotFound { id } => format!("không có khóa bí mật với CKA_ID {}", hex::encode(id)),
        E::CertificateKeyMismatch { id } => {
            format!("khóa có CKA_ID {} là khóa khác", hex::encode(id))
        }
        E::UriMalformed { offset } => format!("sai ở byte thứ {offset}"),
        E::UriAmbiguous { matches } => format!("có {matches} chứng thư khớp với URI"),
        E::MechanismNotOffered { algorithm } => format!("thuật toán {algorithm:?}"),
        E::UnexpectedLength { expected, actual } => {
            format!("token trả về {actual} byte, đúng ra là {expected}")
        }
        E::WorkerCrashed { signal: Some(signal), .. } => {
            format!("tiến trình chết vì tín hiệu {signal}")
        }
        E::WorkerCrashed { exit_code: Some(code), .. } => {
            format!("tiến trình kết thúc với mã {code}")
        }
        E::WorkerCrashed { .. } => "tiến trình đã kết thúc".to_owned(),
        E::CallTimedOut { function, limit } | E::WorkerHung { function, limit } => {
            format!("{function} không trả lời sau {} ms", limit.as_millis())
        }
        E::PrivateKeyTooLong { limit } => format!("tệp dài hơn {limit} byte"),
        E::LabelTooLong { length } => format!("nhãn dài {length} byte, tối đa 32"),
        E::Call { function, value } => format!("{function} trả về {value}"),
        E::Remote(error) => super::remote::why(error),
        other => other.to_string(),
    }
}
