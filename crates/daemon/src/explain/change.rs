//! What later revisions of a PDF changed, in words.

use kyso_pades::{Change, ChangeKind, Denial, DocMdpPermission, EntryKey, Finding, Needs, Never};

use crate::text::Lang;

/// A change: revision, page, what it is, and where it can be seen.
#[must_use]
pub fn change(change: &Change, lang: Lang) -> String {
    if lang == Lang::En {
        return change.to_string();
    }
    let mut text = format!("bản ghi {}", change.revision);
    if let Some(object) = change.object {
        text += &format!(", đối tượng {object}");
    }
    if let Some(page) = change.page {
        text += &format!(", trang {}", page.saturating_add(1));
    }
    text += ": ";
    text += &match &change.needs {
        Needs::Never(never) => forbidden(never),
        _ => kind(&change.kind),
    };
    if let Some([left, bottom, right, top]) = change.visible {
        text += &format!(", nhìn thấy được tại [{left} {bottom} {right} {top}]");
    }
    text
}

/// A change that a signature does not permit, and why not.
#[must_use]
pub fn finding(finding: &Finding, lang: Lang) -> String {
    if lang == Lang::En {
        return finding.to_string();
    }
    let text = change(&finding.change, lang);
    let why = match finding.denial {
        Denial::Never => return text,
        Denial::Permission(DocMdpPermission::NoChanges) => {
            "tài liệu được chứng nhận không cho phép thay đổi nào (DocMDP 1)"
        }
        Denial::Permission(DocMdpPermission::FormFilling) => {
            "tài liệu chỉ cho phép điền biểu mẫu và ký (DocMDP 2)"
        }
        Denial::Permission(DocMdpPermission::Annotations) => {
            "tài liệu chỉ cho phép điền biểu mẫu, ký và chú thích (DocMDP 3)"
        }
        Denial::NotCertified => "không có chứng nhận nào cho phép việc này (DocMDP)",
        Denial::Locked => "chữ ký đã khóa ô này (FieldMDP)",
        Denial::NewVisibleField => {
            "tài liệu được chứng nhận không nhận thêm ô ký mới nhìn thấy được"
        }
    };
    format!("{text} — {why}")
}

fn kind(kind: &ChangeKind) -> String {
    match kind {
        ChangeKind::SecurityStore => "thêm dữ liệu kiểm tra lâu dài (DSS)".to_owned(),
        ChangeKind::DocumentTimeStamp { field } => format!("dấu thời gian tài liệu «{field}»"),
        ChangeKind::Signature { field } => format!("chữ ký trong ô mới «{field}»"),
        ChangeKind::SignedField { field } => format!("chữ ký trong ô «{field}»"),
        ChangeKind::SignatureField { field } => format!("thêm ô ký «{field}»"),
        ChangeKind::FieldValue { field } => format!("điền ô «{field}»"),
        ChangeKind::Annotation { subtype } => format!("thêm chú thích /{subtype}"),
        ChangeKind::AnnotationChanged { subtype } => format!("sửa chú thích /{subtype}"),
        ChangeKind::AnnotationRemoved { subtype } => format!("bỏ chú thích /{subtype}"),
        ChangeKind::Entry { key: EntryKey::AcroForm } => "cập nhật biểu mẫu (/AcroForm)".to_owned(),
        ChangeKind::Entry { key } => format!("cập nhật /{}", key.as_str()),
        ChangeKind::Forbidden => "thay đổi không được phép".to_owned(),
    }
}

fn forbidden(never: &Never) -> String {
    let plain = match never {
        Never::Repaired => "tệp bị hỏng, mỗi phần mềm có thể đọc ra một khác",
        Never::NoRevisionEnd => "chữ ký không kết thúc ở cuối một bản ghi",
        Never::SectionOrder { offset } => {
            return format!("bảng tham chiếu tại byte {offset} không nối tiếp phần nó sửa");
        }
        Never::EntryOutside { offset } => {
            return format!("đối tượng được chỉ tới byte {offset}, ngoài bản ghi của nó");
        }
        Never::StrayBytes { offset } => {
            return format!("từ byte {offset} có dữ liệu không thuộc đối tượng nào");
        }
        Never::Irregular { offset } => {
            return format!("bảng tham chiếu tại byte {offset} có thể được đọc theo nhiều cách");
        }
        Never::Unreadable => "đối tượng không đọc được",
        Never::DuplicateKey(key) => return format!("khóa /{key} xuất hiện hai lần"),
        Never::ObjectStream => "luồng chứa đối tượng bị thay",
        Never::Unexplained { role } => {
            let role = role.as_ref().map(|role| format!(" (/{role})")).unwrap_or_default();
            return format!("đối tượng bị sửa mà không thay đổi được phép nào giải thích{role}");
        }
        Never::Shared { role } => {
            let role = role.as_ref().map(|role| format!(" (/{role})")).unwrap_or_default();
            return format!("đối tượng bị sửa còn được dùng vào việc khác{role}");
        }
        Never::Reused => "số của đối tượng đang dùng bị lấy cho việc khác",
        Never::Trailer(key) => return format!("/{key} ở cuối tệp bị sửa"),
        Never::Information(key) => return format!("/{key} trong thông tin tài liệu bị sửa"),
        Never::Catalog(key) => return format!("/{key} của tài liệu bị sửa"),
        Never::Form(key) => return format!("/{key} của biểu mẫu bị sửa"),
        Never::FieldsRearranged => "các ô của biểu mẫu bị bỏ bớt hoặc đổi thứ tự",
        Never::NotSignatureField => "ô mới không phải ô ký",
        Never::NameTaken { name } => return format!("ô mới trùng tên «{name}»"),
        Never::WidgetEntry(key) => return format!("ô hoặc chú thích mới có /{key}"),
        Never::CoversNothing { field } => {
            return format!("chữ ký «{field}» không bao trùm bản ghi của nó");
        }
        Never::SignedFieldChanged { field } => return format!("ô đã ký «{field}» bị sửa"),
        Never::FieldEntry { field, key } => return format!("/{key} của ô «{field}» bị sửa"),
        Never::UnsignedShows { field } => {
            return format!("ô ký «{field}» hiện nội dung dù chưa ký");
        }
        Never::NotItsValue { field } => {
            return format!(
                "nội dung hiện ra của ô «{field}» không phải, hoặc không nhận ra là, giá trị của nó"
            );
        }
        Never::ForeignFont { field } => {
            return format!("ô «{field}» hiện ra bằng phông chữ không nằm trong phần đã ký");
        }
        Never::ButtonState { field } => {
            return format!("nút «{field}» có trạng thái không nằm trong phần đã ký");
        }
        Never::Page(key) => return format!("/{key} của trang bị sửa"),
        Never::AnnotationsRearranged => "chú thích bị bỏ bớt hoặc đổi thứ tự",
        Never::WidgetPage => "ô nằm ở trang khác với trang nó nêu, hoặc ở hai nơi",
        Never::AnnotationKind => "loại chú thích này có thể che nội dung bất kỳ",
        Never::SecurityStore => "kho dữ liệu kiểm tra (DSS) chứa thứ không được phép",
        Never::Metadata => "siêu dữ liệu không đúng loại",
    };
    plain.to_owned()
}
