//! Why an XML document was not signed, in words a clinic's clerk can act on.

use kyso::sign::{FirstSignature, XmlRefusal};
use kyso_xades::profile::{Profile, ProfileError, Wrong};
use kyso_xades::{Limit, XmlError};

use crate::text::{Lang, Problem};

/// The three parts.
pub(super) fn explain(refusal: &XmlRefusal, lang: Lang) -> Problem {
    let (vi, en): ((&str, &str), (&str, &str)) = match refusal {
        XmlRefusal::Unreadable(XmlError::ForeignEncoding(_) | XmlError::NotUtf8 { .. }) => (
            ("tệp XML không ở bảng mã UTF-8", "xuất lại tệp ở bảng mã UTF-8 rồi ký"),
            ("the XML file is not in UTF-8", "export it in UTF-8 again, then sign"),
        ),
        XmlRefusal::Unreadable(XmlError::DocumentType(_)) => (
            (
                "tệp XML có khai báo DOCTYPE, không được phép vì có thể che giấu nội dung",
                "xuất lại tệp không có dòng DOCTYPE rồi ký",
            ),
            (
                "the XML file has a document type declaration, which could hide content",
                "export it without the DOCTYPE line, then sign",
            ),
        ),
        XmlRefusal::Unreadable(_) => (
            ("không đọc được tệp XML", "kiểm tra tệp, hoặc xuất lại từ phần mềm đã tạo ra tệp"),
            ("the XML file cannot be read", "check it, or export it again from its program"),
        ),
        XmlRefusal::Profile { error: ProfileError::AlreadySigned { .. }, .. } => (
            ("chỗ dành cho chữ ký đã có nội dung", "tệp đã được ký: kiểm tra bằng `kyso verify`"),
            ("the place for the signature is taken", "the file is signed: see `kyso verify`"),
        ),
        XmlRefusal::Profile { error: ProfileError::NotSignedYet { .. }, .. } => (
            (
                "bác sĩ kết luận chưa ký, bệnh viện chưa được ký trước",
                "để bác sĩ ký trước: `kyso sign --profile health-check-doctor`",
            ),
            (
                "the doctor who concludes has not signed yet; the hospital may not sign first",
                "let the doctor sign first: `kyso sign --profile health-check-doctor`",
            ),
        ),
        XmlRefusal::Profile { error: ProfileError::OtherRoot { .. }, .. } => (
            ("tệp không thuộc loại hồ sơ đã chọn", "chọn đúng `--profile`, hoặc bỏ tùy chọn này"),
            ("the file is not of the chosen kind", "choose another `--profile`, or none"),
        ),
        XmlRefusal::Profile { .. } => (
            (
                "hồ sơ thiếu hoặc sai nội dung bắt buộc nên chưa ký",
                "sửa chỗ nêu trên trong phần mềm đã tạo tệp, xuất lại rồi ký",
            ),
            (
                "the file lacks what is mandatory or states it wrongly, so it was not signed",
                "mend that place in the program that made the file, export it and sign again",
            ),
        ),
        XmlRefusal::WhoseTurn => (
            (
                "giấy khám sức khỏe có hai chữ ký: cần nói rõ ai đang ký",
                "thêm `--profile health-check-doctor` (bác sĩ) hoặc `--profile health-check-hospital` (bệnh viện)",
            ),
            (
                "a health check has two signatures: say whose this is",
                "add `--profile health-check-doctor` or `--profile health-check-hospital`",
            ),
        ),
        XmlRefusal::OtherFacility { .. } => (
            (
                "tệp của cơ sở khám chữa bệnh khác",
                "kiểm tra tệp; mã cơ sở được phép ký nằm ở `--facility` hoặc cấu hình",
            ),
            (
                "the file is of another facility",
                "check the file; whose files are signed here is said by `--facility`",
            ),
        ),
        XmlRefusal::OtherSigner { .. } => (
            (
                "người ký không phải người kết luận ghi trong tệp",
                "chọn chứng thư của người kết luận, hoặc sửa tên trong phần mềm rồi xuất lại",
            ),
            (
                "the signer is not the one who concludes according to the file",
                "choose the certificate of that person, or correct the file and export it again",
            ),
        ),
        XmlRefusal::FirstSignature(_) => (
            (
                "chữ ký thứ nhất trong tệp không hợp lệ nên không ký chồng lên",
                "để người ký thứ nhất ký lại trên tệp xuất mới; xem `kyso verify`",
            ),
            (
                "the first signature in the file does not hold, so nothing is signed over it",
                "let the first signer sign a fresh file again; see `kyso verify`",
            ),
        ),
        XmlRefusal::Prepare(_) => (
            ("không tạo được chữ ký XML", "gửi dòng lỗi này cho bộ phận hỗ trợ"),
            ("the XML signature cannot be made", "send this message to support"),
        ),
    };
    let (what, remedy) = lang.pick(vi, en);
    Problem::new(refusal.code(), what, why(refusal, lang), remedy)
}

fn why(refusal: &XmlRefusal, lang: Lang) -> String {
    if lang == Lang::En {
        return refusal.to_string();
    }
    match refusal {
        XmlRefusal::Unreadable(error) => xml(error),
        XmlRefusal::Profile { profile, error } => format!("{}: {}", name(*profile), place(error)),
        XmlRefusal::OtherFacility { expected, stated } => {
            format!("tệp ghi mã cơ sở {stated}, ở đây chỉ ký cho {expected}")
        }
        XmlRefusal::OtherSigner { stated, signer } => {
            format!("tệp ghi người kết luận là {stated}, chứng thư của {signer}")
        }
        XmlRefusal::FirstSignature(FirstSignature::LeavesOut { element }) => {
            format!("chữ ký thứ nhất không bao trùm phần tử {element}")
        }
        XmlRefusal::WhoseTurn => "tệp KHAMSUCKHOE".to_owned(),
        other => other.to_string(),
    }
}

fn name(profile: Profile) -> &'static str {
    match profile {
        Profile::Claims4750 => "hồ sơ thanh toán BHYT (GIAMDINHHS)",
        Profile::Checkin => "tệp check-in XML0 (CHI_TIEU_TRANG_THAI_KCB)",
        Profile::HealthCheck(_) => "giấy khám sức khỏe (KHAMSUCKHOE)",
        Profile::Edxml => "văn bản liên thông (edXML)",
        Profile::CivilStatus => "giấy chứng sinh, báo tử, chứng từ BHXH",
        Profile::Plain => "tệp XML",
    }
}

fn place(error: &ProfileError) -> String {
    use ProfileError as E;
    let at = |place: &kyso_xades::profile::Place| {
        let kyso_xades::Position { line, column } = place.position;
        let item = place.item.map_or_else(String::new, |item| format!(", hồ sơ thứ {item}"));
        format!("dòng {line}, cột {column}{item}, {}", place.element)
    };
    match error {
        E::OtherRoot { expected, .. } => format!("phần tử gốc không phải {expected}"),
        E::Missing { element, within } => format!("{}: thiếu {element}", at(within)),
        E::Repeated { place } => format!("{}: xuất hiện nhiều lần", at(place)),
        E::Empty { place } => format!("{}: để trống", at(place)),
        E::Value { place, wrong } => {
            let wrong = match wrong {
                Wrong::Date => "không phải ngày giờ dạng yyyyMMdd hoặc yyyyMMddHHmm",
                Wrong::Number => "không phải số nguyên",
                Wrong::DossierKind => "loại hồ sơ không được phép ở đây hoặc bị lặp",
                Wrong::AgencyCode => "không phải mã định danh cơ quan",
                Wrong::DocumentId => "không có dạng OrganId,YYYY/MM/DD,số/ký hiệu",
            };
            format!("{}: {wrong}", at(place))
        }
        E::Count { place, stated, found } => {
            format!("{}: ghi {stated} hồ sơ, trong tệp có {found}", at(place))
        }
        E::Base64 { place } => format!("{}: base64 hỏng", at(place)),
        E::Payload { place, error } => {
            format!("{}: nội dung bên trong không đọc được ({})", at(place), xml(error))
        }
        E::Facilities { place, one, other } => {
            format!("{}: mã cơ sở {other}, chỗ khác lại là {one}", at(place))
        }
        E::AlreadySigned { place } | E::NotSignedYet { place } => at(place),
        E::Attachment { place, content_id } => {
            format!("{}: tệp đính kèm {content_id} không khớp với danh mục", at(place))
        }
    }
}

fn xml(error: &XmlError) -> String {
    let at = |position: &kyso_xades::Position| {
        format!("dòng {}, cột {}", position.line, position.column)
    };
    match error {
        XmlError::NotUtf8 { offset } => format!("byte thứ {offset} không phải UTF-8"),
        XmlError::ForeignEncoding(encoding) => format!("bảng mã khác UTF-8: {encoding}"),
        XmlError::DocumentType(position) => format!("{}: DOCTYPE", at(position)),
        XmlError::NotWellFormed { fault, position } => format!("{}: {fault}", at(position)),
        XmlError::LimitExceeded { limit: Limit::Bytes, maximum } => {
            format!("tệp lớn hơn {} MiB", maximum >> 20)
        }
        other => other.to_string(),
    }
}
