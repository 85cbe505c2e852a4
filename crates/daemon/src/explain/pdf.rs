//! Why a PDF was not signed, each reason with its own remedy.

use kyso_pades::{DocMdpPermission, Error, SeedDemand};

use super::encryption;
use crate::text::{Lang, Problem};

/// The three parts of an error of a PDF that was to be signed.
#[must_use]
pub fn explain(error: &Error, lang: Lang) -> Problem {
    if let Some(problem) = encryption::explain(error, lang) {
        return problem;
    }
    // Code, then what and remedy in both languages.
    let (code, vi, en): (_, [&str; 2], [&str; 2]) = match error {
        Error::NoSuchPage { count, .. } => return no_such_page(*count, error, lang),
        Error::SeedValue { demand, .. } => return seed_value(demand, error, lang),
        Error::CertifiedNoChanges => (
            "pdf-certified",
            [
                "tệp PDF đã được chứng nhận và cấm mọi thay đổi",
                "xin bản chưa chứng nhận, hoặc ký tách rời: `--detached`",
            ],
            [
                "the PDF is certified and permits no changes",
                "ask for one that is not, or sign beside it with `--detached`",
            ],
        ),
        Error::CertificationNotFirst => (
            "certification-not-first",
            [
                "tệp đã có chữ ký nên không chứng nhận được nữa",
                "bỏ `--certify` để ký thường, hoặc chứng nhận bản chưa ai ký",
            ],
            [
                "the PDF is signed already, so it cannot be certified",
                "leave `--certify` out, or certify the document before anybody signs it",
            ],
        ),
        Error::FieldLocked(_) => (
            "field-locked",
            [
                "ô chữ ký này bị một chữ ký trước khóa",
                "chọn ô khác bằng `--field`; hoặc xin bản chưa khóa ô này",
            ],
            [
                "an earlier signature locks that field",
                "choose another with `--field`, or ask for a copy in which it is not locked",
            ],
        ),
        Error::AlreadySigned(_) => (
            "field-signed",
            [
                "ô chữ ký này đã có chữ ký",
                "chọn ô khác bằng `--field`, hoặc bỏ `--field` để tạo ô mới",
            ],
            [
                "that signature field is signed already",
                "choose another with `--field`, or leave it out",
            ],
        ),
        Error::NoWidget(_) => (
            "field-without-place",
            [
                "ô này không có một chỗ duy nhất trên trang để hiện chữ ký",
                "ký ẩn vào ô này (bỏ `--visible`), hoặc bỏ `--field` để tạo ô mới",
            ],
            [
                "that field has no single place on a page to show a signature in",
                "sign it invisibly (without `--visible`), or leave `--field` out for a new one",
            ],
        ),
        Error::NotSignatureField(_) => (
            "field-not-for-signatures",
            [
                "ô này không phải ô chữ ký",
                "chọn một ô chữ ký bằng `--field`, hoặc bỏ `--field` để tạo ô mới",
            ],
            [
                "that field is not for signatures",
                "choose a signature field with `--field`, or leave it out for a new one",
            ],
        ),
        Error::InvalidFieldName { .. } => (
            "field-name-refused",
            [
                "tên ô chữ ký không hợp lệ",
                "đặt tên khác bằng `--field`: không rỗng, không có dấu chấm",
            ],
            [
                "that cannot be a field's name",
                "choose another with `--field`: not empty, without a full stop",
            ],
        ),
        _ => (
            "pdf-refused",
            [
                "không ký được tệp PDF này",
                "mở và lưu lại bằng trình đọc PDF, hoặc ký dạng `--format cades`",
            ],
            [
                "this PDF cannot be signed",
                "open and save it with a PDF program, or sign it with `--format cades`",
            ],
        ),
    };
    let [what, remedy] = lang.pick(vi, en);
    Problem::new(code, what, why(error, lang), remedy)
}

/// The facts behind the errors that people meet, as their language says them.
fn why(error: &Error, lang: Lang) -> String {
    if lang == Lang::En {
        return error.to_string();
    }
    match error {
        Error::CertifiedNoChanges => {
            "chữ ký chứng nhận (DocMDP) đặt mức 1: không thay đổi nào".into()
        }
        Error::CertificationNotFirst => {
            "chữ ký chứng nhận phải là chữ ký đầu tiên (ISO 32000-2 §12.8.2.2)".into()
        }
        Error::FieldLocked(id) => format!("chữ ký trước (FieldMDP) khóa ô, đối tượng {id}"),
        Error::AlreadySigned(id) => format!("ô, đối tượng {id}, đã có giá trị"),
        Error::NoWidget(id) => format!("ô, đối tượng {id}, không có đúng một vùng trên trang"),
        Error::NotSignatureField(id) => format!("ô, đối tượng {id}, thuộc loại khác"),
        Error::InvalidFieldName { name } => format!("{name:?}"),
        other => other.to_string(),
    }
}

fn no_such_page(count: usize, error: &Error, lang: Lang) -> Problem {
    let why = match error {
        Error::NoSuchPage { index, count } if lang == Lang::Vi => {
            format!("không có trang {}; tệp có {count} trang", index.saturating_add(1))
        }
        other => other.to_string(),
    };
    Problem::new(
        "page-not-there",
        lang.pick("tài liệu không có trang đó", "the document has no such page"),
        why,
        match count {
            1 => lang.pick("bỏ `--page`".to_owned(), "leave `--page` out".to_owned()),
            _ => lang.pick(
                format!("chọn trang từ 1 đến {count} bằng `--page`"),
                format!("choose a page from 1 to {count} with `--page`"),
            ),
        },
    )
}

fn seed_value(demand: &SeedDemand, error: &Error, lang: Lang) -> Problem {
    let (what, remedy) = remedy(demand);
    let why = lang.pick(format!("ô chữ ký đòi {what}"), error.to_string());
    Problem::new(
        "field-demands",
        lang.pick(
            "ô chữ ký đặt điều kiện mà chữ ký này không đáp ứng",
            "the signature field makes a demand that this signature does not meet",
        ),
        why,
        lang.pick(remedy[0].clone(), remedy[1].clone()),
    )
}

/// The demand in Vietnamese, and what to do in both languages.
fn remedy(demand: &SeedDemand) -> (String, [String; 2]) {
    let elsewhere = || {
        [
            "chọn ô khác bằng `--field`, hoặc hỏi người soạn biểu mẫu".to_owned(),
            "choose another field with `--field`, or ask whoever made the form".to_owned(),
        ]
    };
    let certificate = || {
        [
            "chọn chứng thư khác bằng `--credential` (`kyso cert list`), hoặc chọn ô khác"
                .to_owned(),
            "choose another certificate with `--credential` (`kyso cert list`), or another field"
                .to_owned(),
        ]
    };
    let plain = |text: &str| text.to_owned();
    match demand {
        SeedDemand::Filter => (plain("bộ xử lý chữ ký khác"), elsewhere()),
        SeedDemand::SubFilter => (plain("cách mã hóa chữ ký khác"), elsewhere()),
        SeedDemand::Version => (plain("phiên bản tiêu chuẩn mới hơn"), elsewhere()),
        SeedDemand::LegalAttestation => (plain("một tuyên bố pháp lý"), elsewhere()),
        SeedDemand::RevocationInformation => {
            (plain("tình trạng thu hồi nằm trong chữ ký"), elsewhere())
        }
        SeedDemand::AppearanceFilter => (plain("một hình chữ ký định sẵn"), elsewhere()),
        SeedDemand::DigestMethod => (
            plain("thuật toán băm khác"),
            [plain("chọn bằng `--digest`"), plain("choose it with `--digest`")],
        ),
        SeedDemand::Reasons(reasons) if reasons.is_empty() => {
            (plain("không ghi lý do"), [plain("bỏ `--reason`"), plain("leave `--reason` out")])
        }
        SeedDemand::Reasons(reasons) => {
            let list = reasons.join("; ");
            let (vi, en) =
                (format!("chọn `--reason`: {list}"), format!("choose `--reason`: {list}"));
            (format!("một trong các lý do: {list}"), [vi, en])
        }
        SeedDemand::Certification(Some(permission)) => {
            let number = match permission {
                DocMdpPermission::NoChanges => 1,
                DocMdpPermission::FormFilling => 2,
                DocMdpPermission::Annotations => 3,
            };
            (
                format!("chữ ký chứng nhận mức {number}"),
                [format!("thêm `--certify {number}`"), format!("add `--certify {number}`")],
            )
        }
        SeedDemand::Certification(None) => (
            plain("chữ ký thường, không chứng nhận"),
            [plain("bỏ `--certify`"), plain("leave `--certify` out")],
        ),
        SeedDemand::TimeStamp(address) => {
            let tsa = address.as_deref().map(|tsa| format!(" --tsa {tsa}")).unwrap_or_default();
            (
                plain("dấu thời gian"),
                [format!("thêm `--level T{tsa}`"), format!("add `--level T{tsa}`")],
            )
        }
        // A lock of all fields is not that: the demand is one of PDF 2.0, which is not written here.
        SeedDemand::LockDocument => (plain("khóa toàn bộ tài liệu"), elsewhere()),
        SeedDemand::Subject => (plain("chứng thư của người khác"), certificate()),
        SeedDemand::Issuer => (plain("chứng thư do nơi khác cấp"), certificate()),
        SeedDemand::Policy => (plain("chứng thư theo chính sách khác"), certificate()),
        SeedDemand::SubjectName => (plain("chứng thư có chủ thể khác"), certificate()),
        SeedDemand::KeyUsage => (plain("chứng thư có mục đích khóa khác"), certificate()),
    }
}
