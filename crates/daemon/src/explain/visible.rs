//! What is wrong with a visible signature, in words a clerk can act on.

use std::path::Path;

use kyso::visible::store::StoreError;
use kyso::visible::{Anchor, VisibleError};
use kyso_appearance::{DesignError, Field, PictureError, Profile, TemplateError};

use crate::text::{Lang, Problem, system};

/// The three parts of why a signature cannot be shown.
#[must_use]
pub fn explain(error: &VisibleError, lang: Lang) -> Problem {
    use VisibleError as E;
    let (code, what, remedy) = match error {
        E::Document(error) => return super::pdf::explain(error, lang),
        E::Design(DesignError::Picture(error)) => return picture(None, error, lang),
        E::Design(DesignError::Template(error)) => return template(error, lang),
        E::Design(error) => return design(error, lang),
        E::Larger(_) => (
            "larger-than-page",
            lang.pick(
                "hình chữ ký lớn hơn trang, mà con dấu thì không được co lại",
                "what the signature shows is larger than the page, and it is never scaled",
            ),
            lang.pick(
                "kiểm tra độ phân giải (dpi) của ảnh và khổ giấy; hoặc chừa chỗ bằng `--rect`",
                "check the picture's resolution (dpi) and the page's size, or give the room with `--rect`",
            ),
        ),
        E::PdfA { .. } => (
            "pdf-a-forbids",
            lang.pick(
                "tệp là PDF/A, và tiêu chuẩn đó cấm thứ sẽ được thêm vào",
                "the document is PDF/A, which forbids what would be added",
            ),
            lang.pick(
                "dùng ảnh không trong suốt (PNG nền trắng, JPEG RGB), hoặc ký ẩn",
                "use a picture without transparency (PNG on white, RGB JPEG), or sign invisibly",
            ),
        ),
        E::NotInText { found, .. } | E::SeveralInText { found } => {
            return in_text(error, found, lang);
        }
        E::NoPlace { .. } => (
            "no-place",
            lang.pick("chưa rõ đặt chữ ký ở đâu", "it is not said where the signature stands"),
            lang.pick(
                "thêm `--at góc|TRÁI,TRÊN`, `--rect TRÁI,TRÊN,RỘNG,CAO` (mm), `--field TÊN` hoặc `--signer-title CHỨC-DANH`",
                "add `--at CORNER|LEFT,TOP`, `--rect LEFT,TOP,WIDTH,HEIGHT` (mm), `--field NAME` or `--signer-title TITLE`",
            ),
        ),
        E::NoLeader => (
            "no-leader",
            lang.pick(
                "không thấy chữ ký hiện hình của người có thẩm quyền để đóng dấu lên",
                "there is no visible signature of the competent person for the seal to cover",
            ),
            lang.pick(
                "ký của người có thẩm quyền trước, hoặc chỉ rõ chỗ đóng dấu bằng `--at`",
                "have that person sign first, or say where the seal stands with `--at`",
            ),
        ),
        E::FieldWithoutArea => (
            "field-without-area",
            lang.pick("ô chữ ký không có diện tích trên trang", "the field has no area on its page"),
            lang.pick("ký ẩn vào ô đó, hoặc bỏ `--field`", "sign it invisibly, or leave `--field` out"),
        ),
    };
    Problem::new(code, what, error.to_string(), remedy)
}

/// The signer's block was not found, or more than one.
fn in_text(error: &VisibleError, found: &[Anchor], lang: Lang) -> Problem {
    let several = matches!(error, VisibleError::SeveralInText { .. });
    let (code, what) = if several {
        (
            "several-signature-blocks",
            lang.pick(
                "có nhiều chỗ ký cùng chức danh và họ tên",
                "several places have that title and name",
            ),
        )
    } else {
        (
            "no-signature-block",
            lang.pick(
                "không tìm thấy chỗ ký theo chức danh và họ tên",
                "no place to sign was found by title and name",
            ),
        )
    };
    let why = match lang {
        Lang::En => error.to_string(),
        Lang::Vi if found.is_empty() => "trang không có chữ nào khớp".to_owned(),
        Lang::Vi => {
            let places: Vec<String> = found.iter().map(vietnamese).collect();
            format!("tìm thấy: {}", places.join("; "))
        }
    };
    let remedy = lang.pick(
        "ghi đúng chữ trên trang bằng `--signer-title`, `--signer-name`; hoặc đặt bằng `--at TRÁI,TRÊN`, `--rect` (mm)",
        "say what the page says with `--signer-title`, `--signer-name`, or place it with `--at LEFT,TOP`, `--rect` (mm)",
    );
    Problem::new(code, what, why, remedy)
}

fn vietnamese(anchor: &Anchor) -> String {
    let millimetres = |points: f64| points / 72.0 * 25.4;
    let (left, top) = (millimetres(anchor.left), millimetres(anchor.top));
    format!("trang {}, {left:.0},{top:.0} mm: “{}”", anchor.page.saturating_add(1), anchor.text)
}

fn design(error: &DesignError, lang: Lang) -> Problem {
    let (what, remedy) = match error {
        DesignError::PictureMissing => (
            lang.pick("kiểu ký này cần một ảnh", "this profile shows a picture"),
            lang.pick("thêm `--picture TỆP` (PNG hoặc JPEG)", "add `--picture FILE` (PNG or JPEG)"),
        ),
        DesignError::TextMissing | DesignError::NothingToShow => (
            lang.pick("không có gì để hiện", "there is nothing to show"),
            lang.pick("thêm `--note` hoặc `--text`", "add `--note` or `--text`"),
        ),
        DesignError::Glyph(_) => (
            lang.pick(
                "phông chữ không có một ký tự của văn bản",
                "the font lacks a character of the text",
            ),
            lang.pick("bỏ hoặc thay ký tự đó", "leave that character out, or replace it"),
        ),
        DesignError::QrTooLong { .. }
        | DesignError::QrTooSmall { .. }
        | DesignError::QrDoesNotFit { .. } => (
            lang.pick("mã QR không vẽ được ở cỡ này", "the QR code cannot be drawn at this size"),
            lang.pick(
                "rút ngắn nội dung `--qr`, hoặc chừa chỗ lớn hơn",
                "shorten `--qr`, or give more room",
            ),
        ),
        _ => (
            lang.pick("nội dung không vừa chỗ dành cho chữ ký", "it does not fit the room for it"),
            lang.pick(
                "chừa chỗ lớn hơn bằng `--rect`, hoặc rút ngắn văn bản",
                "give more room with `--rect`, or shorten the text",
            ),
        ),
    };
    Problem::new("not-visible", what, error.to_string(), remedy)
}

/// Why a picture cannot be used.
#[must_use]
pub fn picture(path: Option<&Path>, error: &PictureError, lang: Lang) -> Problem {
    let (what, remedy) = match error {
        PictureError::NoResolution => (
            lang.pick(
                "ảnh không ghi độ phân giải nên không biết cỡ thật của con dấu",
                "the picture does not state its resolution, so the seal's real size is not known",
            ),
            lang.pick(
                "quét lại con dấu và lưu kèm dpi (ví dụ 300)",
                "scan the seal again and store its dpi (300, say)",
            ),
        ),
        PictureError::UnknownFormat => (
            lang.pick("ảnh không phải PNG hay JPEG", "the picture is neither PNG nor JPEG"),
            lang.pick("lưu lại ảnh dạng PNG", "save it as PNG"),
        ),
        _ => (
            lang.pick("không dùng được ảnh này", "this picture cannot be used"),
            lang.pick(
                "lưu lại ảnh dạng PNG, cỡ vừa phải",
                "save it again as PNG, of a moderate size",
            ),
        ),
    };
    let why = match path {
        Some(path) => format!("{}: {error}", path.display()),
        None => error.to_string(),
    };
    Problem::new("picture-refused", what, why, remedy)
}

/// A picture's file that cannot be read.
#[must_use]
pub fn picture_unreadable(path: &Path, error: &std::io::Error, lang: Lang) -> Problem {
    Problem::new(
        "picture-unreadable",
        lang.pick("không đọc được tệp ảnh", "the picture's file cannot be read"),
        format!("{}: {}", path.display(), system(error, lang)),
        lang.pick("kiểm tra đường dẫn và quyền đọc", "check its path and permissions"),
    )
}

/// What is wrong with a text with fields.
#[must_use]
pub fn template(error: &TemplateError, lang: Lang) -> Problem {
    let names: Vec<String> =
        Field::ALL.iter().map(|field| format!("{{{}}}", field.name())).collect();
    let (what, remedy) = match error {
        TemplateError::NoValue(field) => (
            lang.pick(
                "thiếu một thông tin mà kiểu ký này phải có",
                "something that this profile must say is missing",
            ),
            match field {
                Field::Number => lang.pick("thêm `--number SỐ-VÀ-KÝ-HIỆU`", "add `--number TEXT`"),
                Field::Form => lang.pick(
                    "thêm `--form sao-y|sao-luc|trich-sao`",
                    "add `--form sao-y|sao-luc|trich-sao`",
                ),
                _ => lang.pick("ghi rõ văn bản bằng `--text`", "give the text with `--text`"),
            }
            .to_owned(),
        ),
        _ => (
            lang.pick(
                "văn bản của `--text` sai cú pháp",
                "the text of `--text` is not well-formed",
            ),
            format!("{} {}; {{{{ = {{", lang.pick("các trường:", "the fields:"), names.join(" ")),
        ),
    };
    Problem::new("text-refused", what, error.to_string(), remedy)
}

/// A profile that is none.
#[must_use]
pub fn unknown_profile(name: &str, lang: Lang) -> Problem {
    let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name()).collect();
    Problem::new(
        "unknown-profile",
        lang.pick("không có kiểu ký hiện hình đó", "there is no such profile"),
        format!("--visible {name}"),
        format!("{} {}", lang.pick("chọn một trong:", "choose one of:"), names.join(", ")),
    )
}

/// A place that cannot be read.
#[must_use]
pub fn place(text: &str, lang: Lang) -> Problem {
    Problem::new(
        "place-malformed",
        lang.pick("không hiểu vị trí đặt chữ ký", "the place cannot be understood"),
        text,
        lang.pick(
            "`--at top-right`, `--at TRÁI,TRÊN` hoặc `--rect TRÁI,TRÊN,RỘNG,CAO`, tính bằng mm từ góc trên trái, ví dụ `--rect 110,220,60,25`",
            "`--at top-right`, `--at LEFT,TOP` or `--rect LEFT,TOP,WIDTH,HEIGHT` in millimetres from the upper left corner, as in `--rect 110,220,60,25`",
        ),
    )
}

/// A date that is none.
#[must_use]
pub fn date(text: &str, lang: Lang) -> Problem {
    Problem::new(
        "date-malformed",
        lang.pick("không phải một ngày", "this is no date"),
        text,
        lang.pick("ghi NĂM-THÁNG-NGÀY, ví dụ 2026-03-01", "write YYYY-MM-DD, as in 2026-03-01"),
    )
}

/// A lock that cannot be read.
#[must_use]
pub fn lock(text: &str, lang: Lang) -> Problem {
    Problem::new(
        "lock-malformed",
        lang.pick("không hiểu cần khóa trường nào", "the fields to lock cannot be understood"),
        text,
        lang.pick(
            "`--lock all`, `--lock only:TÊN,…` hoặc `--lock but:TÊN,…`",
            "`--lock all`, `--lock only:NAME,…` or `--lock but:NAME,…`",
        ),
    )
}

/// What is kept of visible signatures cannot be read or written.
#[must_use]
pub fn store(error: &StoreError, lang: Lang) -> Problem {
    let (code, what, remedy) = match error {
        StoreError::Unreadable { .. } => (
            "appearance-unreadable",
            lang.pick("không đọc được mẫu chữ ký đã lưu", "what is kept cannot be read"),
            lang.pick("kiểm tra quyền đọc tệp đó", "check the file's permissions"),
        ),
        StoreError::Unwritable { .. } => (
            "appearance-unwritable",
            lang.pick("không ghi được mẫu chữ ký", "it cannot be kept"),
            lang.pick(
                "kiểm tra quyền ghi thư mục và dung lượng đĩa",
                "check the folder's permissions and the disk's space",
            ),
        ),
        StoreError::Malformed { .. } => (
            "appearance-malformed",
            lang.pick("mẫu chữ ký đã lưu bị hỏng", "what is kept is damaged"),
            lang.pick(
                "xóa bằng `kyso appearance remove`, rồi lưu lại bằng `kyso appearance set`",
                "forget it with `kyso appearance remove`, then keep it anew with `kyso appearance set`",
            ),
        ),
    };
    let why = match (error, lang) {
        (
            StoreError::Unreadable { path, error } | StoreError::Unwritable { path, error },
            Lang::Vi,
        ) => {
            format!("{}: {}", path.display(), system(error, lang))
        }
        _ => error.to_string(),
    };
    Problem::new(code, what, why, remedy)
}

/// There is no folder to keep it in.
#[must_use]
pub fn store_nowhere(lang: Lang) -> Problem {
    Problem::new(
        "appearance-nowhere",
        lang.pick("không biết lưu mẫu chữ ký ở đâu", "there is no place to keep it"),
        lang.pick("biến HOME không được đặt", "HOME is not set"),
        lang.pick("đặt XDG_STATE_HOME hoặc HOME", "set XDG_STATE_HOME or HOME"),
    )
}

/// Nothing is kept for a certificate and profile.
#[must_use]
pub fn nothing_kept(profile: &str, lang: Lang) -> Problem {
    Problem::new(
        "appearance-not-kept",
        lang.pick("chưa lưu mẫu chữ ký đó", "nothing is kept for that profile"),
        profile,
        lang.pick(
            "xem `kyso appearance list`; lưu bằng `kyso appearance set`",
            "see `kyso appearance list`; keep it with `kyso appearance set`",
        ),
    )
}

/// A file without a certificate.
#[must_use]
pub fn no_certificate(path: &Path, lang: Lang) -> Problem {
    Problem::new(
        "no-certificate",
        lang.pick("tệp không có chứng thư nào", "the file holds no certificate"),
        path.display().to_string(),
        lang.pick("chọn tệp DER hoặc PEM của chứng thư", "choose a certificate's DER or PEM file"),
    )
}
