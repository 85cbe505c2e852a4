//! Why an encrypted PDF was not opened or not signed.

use kyso_pades::{Error, UnsupportedEncryption};

use crate::text::{Lang, Problem};

/// The three parts of what encryption has to do with; `None` for every other error.
pub(super) fn explain(error: &Error, lang: Lang) -> Option<Problem> {
    // Code, then what, why and remedy in both languages.
    let (code, vi, en): (_, [String; 3], [String; 3]) = match error {
        Error::PasswordNeeded => (
            "pdf-password-needed",
            [
                "tệp PDF được mã hóa và cần mật khẩu".into(),
                "tệp không mở được bằng mật khẩu trống".into(),
                "đưa mật khẩu bằng `--password-file` hoặc `--password-stdin`; khi ký, thêm `--direct`"
                    .into(),
            ],
            [
                "the PDF is encrypted and needs a password".into(),
                "it does not open with the empty password".into(),
                "give it with `--password-file` or `--password-stdin`; to sign, add `--direct`".into(),
            ],
        ),
        Error::WrongPassword => (
            "pdf-password-wrong",
            [
                "mật khẩu của tệp PDF không đúng".into(),
                "đây không phải mật khẩu mở tệp, cũng không phải mật khẩu của chủ sở hữu".into(),
                "kiểm tra dấu, chữ hoa và khoảng trắng; hỏi lại người gửi".into(),
            ],
            [
                "the password of the PDF is wrong".into(),
                "it is neither the one that opens the file nor the owner's".into(),
                "look at accents, capitals and spaces; ask the sender".into(),
            ],
        ),
        Error::UnsupportedEncryption(what) => {
            let (vi, en) = unsupported(what);
            (
                "pdf-encryption-unsupported",
                [
                    "tệp PDF được mã hóa theo cách mà bản này không đọc được".into(),
                    vi,
                    "xin bản không mã hóa, hoặc mã hóa bằng mật khẩu (AES-128, AES-256)".into(),
                ],
                [
                    "the PDF is encrypted in a way that this version does not read".into(),
                    en,
                    "ask for one that is not, or that a password encrypts (AES-128, AES-256)".into(),
                ],
            )
        }
        Error::DamagedEncryption { .. } | Error::EncryptionChanged | Error::DamagedCiphertext(_) => (
            "pdf-encryption-damaged",
            [
                "phần mã hóa của tệp PDF bị hỏng hoặc bị sửa".into(),
                error.to_string(),
                "xin lại tệp gốc từ người gửi".into(),
            ],
            [
                "the encryption of the PDF is damaged or was changed".into(),
                error.to_string(),
                "ask the sender for the original".into(),
            ],
        ),
        Error::SigningNotPermitted { permissions } => (
            "pdf-signing-not-permitted",
            [
                "tệp PDF không cho phép ký bằng mật khẩu này".into(),
                format!("quyền của người dùng là 0x{permissions:08x}"),
                "dùng mật khẩu của chủ sở hữu, ký vào ô có sẵn bằng `--field`, hoặc xin bản cho phép ký"
                    .into(),
            ],
            [
                "the PDF does not permit signing with this password".into(),
                format!("the user's permissions are 0x{permissions:08x}"),
                "use the owner's password, sign an existing field with `--field`, or ask for a copy \
                 that permits it"
                    .into(),
            ],
        ),
        Error::IntegrityCodeDemanded => (
            "pdf-integrity-code-demanded",
            [
                "tệp PDF mã hóa này đòi mã toàn vẹn cho mọi phần thêm vào".into(),
                "bản này chưa tạo mã toàn vẹn theo ISO/TS 32004 (PDF MAC)".into(),
                "xin bản mã hóa không có PDF MAC, hoặc ký tách rời: `--detached`".into(),
            ],
            [
                "the encrypted PDF demands an integrity code of whatever is added".into(),
                "this version makes no codes of ISO/TS 32004 (PDF MAC)".into(),
                "ask for a copy without PDF MAC, or sign beside it with `--detached`".into(),
            ],
        ),
        Error::NoVectorSeed => (
            "no-random-bytes",
            [
                "không lấy được số ngẫu nhiên để mã hóa phần thêm vào PDF".into(),
                "hệ điều hành không trả về byte ngẫu nhiên nào".into(),
                "khởi động lại máy rồi ký lại".into(),
            ],
            [
                "there are no random numbers to encrypt the addition to the PDF with".into(),
                "the operating system gave no random bytes".into(),
                "restart the machine, then sign again".into(),
            ],
        ),
        _ => return None,
    };
    let [what, why, remedy] = lang.pick(vi, en);
    Some(Problem::new(code, what, why, remedy))
}

fn unsupported(what: &UnsupportedEncryption) -> (String, String) {
    use UnsupportedEncryption as U;
    let en = format!("it uses {what}");
    let vi = match what {
        U::Handler(name) if name.to_string().starts_with("Adobe.Pub") => {
            format!("tệp được mã hóa cho chứng thư của người nhận ({name})")
        }
        U::Handler(name) => format!("bộ xử lý mã hóa {name}"),
        U::Version(version) => format!("phiên bản mã hóa {version}"),
        U::Revision(revision) => format!("bản mã hóa {revision}"),
        U::KeyLength(bits) => format!("khóa dài {bits} bit"),
        U::Method(name) => format!("phương thức {name}"),
        U::NoSuchFilter(name) => format!("bộ lọc mã hóa {name} không có trong tệp"),
        U::TooManyFilters => "quá nhiều bộ lọc mã hóa".to_owned(),
    };
    (vi, en)
}
