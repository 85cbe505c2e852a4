//! Why a file was not signed, in words a clerk can act on.

use kyso::sign::SignError;
use kyso::signer::PathStatus;
use kyso_x509::path::PathError;
use kyso_x509::{Name, Time};

use super::token as token_problem;
use crate::text::{Lang, Problem, system};

/// The three parts of a signing error.
pub fn explain(error: &SignError, lang: Lang) -> Problem {
    use SignError as E;
    let (vi, en): ((&str, &str), (&str, &str)) = match error {
        E::Token(error) => return token_problem::explain(error, lang),
        E::Visible(error) => return super::visible::explain(error, lang),
        E::Xml(refusal) => return super::xml::explain(refusal, lang),
        E::Certificate(error) => return path(error, lang),
        E::Unreadable { .. } | E::NotAFile { .. } | E::Empty { .. } => (
            ("không đọc được tệp cần ký", "kiểm tra tên tệp, quyền đọc và nội dung tệp"),
            ("the file to sign cannot be read", "check its name, its permissions and its content"),
        ),
        E::SourceChanged { .. } => (
            ("tệp bị thay đổi trong khi ký", "đóng chương trình đang ghi tệp rồi ký lại"),
            (
                "the file changed while it was being signed",
                "close the program that writes it, sign again",
            ),
        ),
        E::TargetExists { .. } => (
            ("tệp đầu ra đã có sẵn", "chọn tên khác bằng `-o`, hoặc thêm `--force` để thay thế"),
            ("the output file exists already", "choose another name with `-o`, or add `--force`"),
        ),
        E::Unwritable { .. } => (
            ("không ghi được tệp đã ký", "kiểm tra thư mục, quyền ghi và dung lượng đĩa"),
            (
                "the signed file cannot be written",
                "check the folder, its permissions and the disk's space",
            ),
        ),
        E::NotPublished { .. } => (
            (
                "chữ ký đã ghi nhật ký nhưng tệp không đặt được tên",
                "tệp đã ký được giữ dưới tên tạm nêu trên: kiểm tra rồi đổi tên tệp đó",
            ),
            (
                "the signature is recorded but the file could not be given its name",
                "the signed file is kept under the recovery name: look at it, then rename it",
            ),
        ),
        E::NotDurable { .. } => (
            (
                "tệp đã ký và đã phát hành, nhưng chưa chắc còn sau khi mất điện",
                "kiểm tra đĩa rồi sao lưu tệp đã ký; không cần ký lại",
            ),
            (
                "the file is signed and released, but may not survive a power cut",
                "check the disk and copy the signed file; there is no need to sign again",
            ),
        ),
        E::CertificateSyntax(_) => (
            ("không đọc được chứng thư của người ký", "chọn chứng thư khác (`kyso cert list`)"),
            ("the signer's certificate cannot be read", "choose another one (`kyso cert list`)"),
        ),
        E::EcdsaEncoding(_) => (
            ("token trả về chữ ký sai dạng", "rút token, cắm lại rồi ký lại"),
            ("the token returned a malformed signature", "reinsert the token and sign again"),
        ),
        E::Pades(error) => return super::pdf::explain(error, lang),
        E::Cades(_) => (
            ("không tạo được cấu trúc CMS", "gửi dòng lỗi này cho bộ phận hỗ trợ"),
            ("the CMS structure cannot be made", "send this message to support"),
        ),
        E::Recorder(_) | E::NotRecorded(_) => (
            (
                "không ghi được nhật ký nên không phát hành chữ ký nào",
                "kiểm tra thư mục nhật ký, quyền ghi và dung lượng đĩa; xem `kyso journal verify`",
            ),
            (
                "the journal cannot be written, so no signature was released",
                "check the journal's folder, permissions and disk space; see `kyso journal verify`",
            ),
        ),
        E::SignatureRefused(_) => (
            (
                "chữ ký mà token trả về không khớp với chứng thư",
                "không dùng token này nữa cho đến khi đơn vị cấp kiểm tra; xem `kyso cert list`",
            ),
            (
                "the token's signature does not fit the certificate",
                "do not use this token until its issuer has looked at it; see `kyso cert list`",
            ),
        ),
        E::ContentsTooSmall { .. } => (
            (
                "chữ ký không vừa chỗ đã chừa trong PDF",
                "ký lại; nếu lặp lại, gửi dòng lỗi này cho bộ phận hỗ trợ",
            ),
            (
                "the signature does not fit its room in the PDF",
                "sign again; if it recurs, send this to support",
            ),
        ),
        E::TargetIsSource { .. } => (
            ("tệp đầu ra chính là tài liệu gốc", "chọn tên khác bằng `-o` hoặc `--out-dir`"),
            (
                "the output file is the document itself",
                "choose another name with `-o` or `--out-dir`",
            ),
        ),
        E::Interrupted => (
            ("lượt ký bị ngắt", "ký lại tệp này"),
            ("the act was interrupted", "sign this file again"),
        ),
        E::Cancelled => (
            ("lượt ký đã dừng trước tệp này", "ký lại tệp này khi đã khắc phục nguyên nhân dừng"),
            (
                "the act was stopped before this file",
                "sign this file again once what stopped it is mended",
            ),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    Problem::new(error.code(), what, why(error, lang), remedy)
}

/// The facts behind the error, as the person's language says them.
fn why(error: &SignError, lang: Lang) -> String {
    use SignError as E;
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        E::Unreadable { path, error }
        | E::Unwritable { path, error }
        | E::NotPublished { path, kept: None, error }
        | E::NotDurable { path, error } => {
            format!("{}: {}", path.display(), system(error, lang))
        }
        E::NotPublished { path, kept: Some(kept), error } => {
            let (path, kept) = (path.display(), kept.display());
            format!("{path}: {}; tệp đã ký nằm ở {kept}", system(error, lang))
        }
        E::NotAFile { path } => format!("{} không phải tệp thường", path.display()),
        E::Empty { path } => format!("{} rỗng", path.display()),
        E::SourceChanged { path } => path.display().to_string(),
        E::TargetExists { path } => format!("{} đã có", path.display()),
        E::TargetIsSource { path } => format!("{} chính là tài liệu gốc", path.display()),
        E::Cancelled => "token chưa được yêu cầu ký tệp này".to_owned(),
        other => other.to_string(),
    }
}

/// What whoever signs must know where nobody was asked about the status (Circular 15/2025: warn where it cannot be
/// checked).
#[must_use]
pub fn warnings(path: &PathStatus, lang: Lang) -> Vec<String> {
    let why =
        lang.pick("chưa hỏi OCSP hay CRL trước khi ký", "no OCSP or CRL was asked before signing");
    path_warning(path, lang).into_iter().chain([status_warning(why, lang)]).collect()
}

/// The path could not be checked.
#[must_use]
pub fn path_warning(path: &PathStatus, lang: Lang) -> Option<String> {
    matches!(path, PathStatus::NoAnchors).then(|| {
        lang.pick(
            "chưa kiểm tra đường dẫn chứng thư: chưa có chứng thư gốc tin cậy (`--trust THƯ_MỤC`, `kyso trust add`)",
            "the certificate's path was not checked: no trust anchors are configured (`--trust DIR`, `kyso trust add`)",
        )
        .to_owned()
    })
}

/// The revocation status could not be checked.
#[must_use]
pub fn status_warning(why: &str, lang: Lang) -> String {
    lang.pick(
        format!("chưa kiểm tra được tình trạng thu hồi của chứng thư ({why})"),
        format!("the certificate's revocation status was not checked ({why})"),
    )
}

/// Why the certificate may not sign.
pub fn path(error: &PathError, lang: Lang) -> Problem {
    use PathError as E;
    let renew = lang.pick(
        "xin cấp lại chứng thư (Mẫu 04), hoặc chọn chứng thư khác (`kyso cert list`)",
        "ask for a new certificate (Form 04), or choose another one (`kyso cert list`)",
    );
    let other = lang.pick(
        "chọn chứng thư dùng để ký (`kyso cert list`)",
        "choose a certificate made for signing (`kyso cert list`)",
    );
    let (code, vi, en, remedy) = match error {
        E::Expired { subject, not_after, .. } => (
            "certificate-expired",
            format!("chứng thư của {} đã hết hạn {}", name(subject), date(*not_after)),
            format!("the certificate of {} expired on {}", name(subject), date(*not_after)),
            renew,
        ),
        E::NotYetValid { subject, not_before, .. } => (
            "certificate-not-yet-valid",
            format!("chứng thư của {} chỉ có hiệu lực từ {}", name(subject), date(*not_before)),
            format!(
                "the certificate of {} is valid only from {}",
                name(subject),
                date(*not_before)
            ),
            lang.pick(
                "kiểm tra đồng hồ máy tính; chờ đến ngày đó",
                "check the computer's clock; wait",
            ),
        ),
        E::NotForSigning { subject, .. }
        | E::PurposeNotAccepted { subject, .. }
        | E::PurposeMissing { subject } => (
            "certificate-not-for-signing",
            format!("chứng thư của {} không dùng để ký tài liệu", name(subject)),
            format!("the certificate of {} is not for signing documents", name(subject)),
            other,
        ),
        E::UnknownIssuer { subject, .. } => (
            "no-path",
            format!("không tìm thấy đường dẫn từ chứng thư của {} tới gốc tin cậy", name(subject)),
            format!("no path leads from the certificate of {} to a trust anchor", name(subject)),
            lang.pick(
                "thêm chứng thư trung gian bằng `--untrusted`, hoặc chứng thư gốc bằng `--trust`",
                "add the intermediate with `--untrusted`, or the root with `--trust`",
            ),
        ),
        E::WeakAlgorithm { subject, .. } | E::WeakKey { subject, .. } => (
            "certificate-weak",
            format!("chứng thư của {} dùng thuật toán hoặc khóa quá yếu", name(subject)),
            format!("the certificate of {} uses too weak an algorithm or key", name(subject)),
            renew,
        ),
        E::NameNotPermitted { subject, .. }
        | E::NameExcluded { subject, .. }
        | E::UnsupportedNameForm { subject, .. } => (
            "certificate-name-not-permitted",
            format!("tên trong chứng thư của {} nằm ngoài phạm vi được phép cấp", name(subject)),
            format!("the certificate of {} bears a name that its authority may not certify", name(subject)),
            other,
        ),
        E::PolicyNotAccepted { subject, .. } => (
            "certificate-policy-not-accepted",
            format!("chứng thư của {} không được cấp theo chính sách chứng thư yêu cầu", name(subject)),
            format!("the certificate of {} was not issued under a policy that is demanded", name(subject)),
            other,
        ),
        unsupported if unsupported.unsupported_algorithm().is_some() => (
            "certificate-algorithm-unsupported",
            "chứng thư dùng thuật toán mà chương trình không hỗ trợ, nên chưa thể kết luận".to_owned(),
            "the certificate uses an algorithm that this program does not support, so nothing is decided".to_owned(),
            other,
        ),
        _ => (
            "certificate-refused",
            "chứng thư của người ký không đạt yêu cầu".to_owned(),
            "the signer's certificate does not meet the demands".to_owned(),
            other,
        ),
    };
    Problem::new(code, lang.pick(vi, en), error.to_string(), remedy)
}

fn name(name: &Name) -> String {
    name.display_name()
}

/// A time as Vietnamese documents write it, in this machine's zone.
pub fn date(time: Time) -> String {
    match jiff::Timestamp::from_second(time.as_unix_seconds()) {
        Ok(timestamp) => timestamp
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%d/%m/%Y %H:%M:%S %:z")
            .to_string(),
        Err(_) => time.to_string(),
    }
}
