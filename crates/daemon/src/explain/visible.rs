//! What is wrong with a visible signature, in words a clerk can act on.

mod drawing;
mod found;

use std::path::Path;

use kyso::visible::VisibleError;
use kyso::visible::store::StoreError;
use kyso_appearance::placement::LargerThanPage;
use kyso_appearance::{DesignError, PdfAConflict, Profile, Spot};

use crate::text::{Lang, Problem, system};
pub use drawing::{picture, picture_unreadable, template};

/// A length in points as people measure paper, in millimetres.
fn millimetres(points: f64) -> String {
    format!("{:.0}", points / 72.0 * 25.4)
}

/// Width and height in points, in millimetres.
fn sides((width, height): (f64, f64)) -> String {
    format!("{} × {} mm", millimetres(width), millimetres(height))
}

/// The three parts of why a signature cannot be shown.
#[must_use]
pub fn explain(error: &VisibleError, lang: Lang) -> Problem {
    use VisibleError as E;
    let (code, what, remedy) = match error {
        E::Document(error) => return super::pdf::explain(error, lang),
        E::Design(DesignError::Picture(error)) => return picture(None, error, lang),
        E::Design(DesignError::Template(error)) => return template(error, lang),
        E::Design(error) => return drawing::design(error, lang),
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
        E::NotInText { sought, found, unreadable } => {
            return found::nowhere(sought, found, *unreadable, lang);
        }
        E::SeveralInText { sought, found } => return found::several(sought, found, lang),
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
    Problem::new(code, what, why(error, lang), remedy)
}

/// The reason with its facts, in the person's words.
fn why(error: &VisibleError, lang: Lang) -> String {
    use VisibleError as E;
    match error {
        E::Larger(LargerThanPage { size, page }) => lang.pick(
            format!("hình {}, trang {}", sides(*size), sides(*page)),
            format!("it is {} large, the page {}", sides(*size), sides(*page)),
        ),
        E::PdfA { part, conflict } => {
            let conflict = match lang {
                Lang::En => conflict.to_string(),
                Lang::Vi => match conflict {
                    PdfAConflict::Transparency => {
                        "phần này cấm độ trong suốt, mà ảnh có viền mờ dần".to_owned()
                    }
                    PdfAConflict::TransparencyWithoutIntent => {
                        "tệp không có OutputIntent thì không được có độ trong suốt, mà ảnh có viền mờ dần"
                            .to_owned()
                    }
                    PdfAConflict::Cmyk { .. } => {
                        "tệp không có OutputIntent cho CMYK, mà ảnh là CMYK".to_owned()
                    }
                    PdfAConflict::DeviceColors { .. } => {
                        "tệp không có OutputIntent cho RGB".to_owned()
                    }
                },
            };
            lang.pick(
                format!("tệp là PDF/A-{part}: {conflict}"),
                format!("the document is PDF/A-{part}: {conflict}"),
            )
        }
        // It has a rule, but not on a page that is named.
        E::NoPlace { profile } if profile.spot() != Spot::Asked => lang.pick(
            format!("kiểu “{}” với `--page` thì phải nói rõ chỗ trên trang đó", profile.name()),
            format!("with `--page`, “{}” must be told where on that page", profile.name()),
        ),
        E::NoPlace { profile } => lang.pick(
            format!("kiểu “{}” không có chỗ định sẵn", profile.name()),
            format!("“{}” has no place of its own", profile.name()),
        ),
        E::NoLeader => lang.pick(
            "dấu phải trùm lên khoảng một phần ba chữ ký về bên trái, mà tệp chưa có chữ ký nào hiện trên trang".to_owned(),
            "a seal covers the left third of that person's picture, and no page shows a signature yet".to_owned(),
        ),
        E::FieldWithoutArea => lang.pick(
            "khung của ô rộng hoặc cao bằng 0".to_owned(),
            "its rectangle has no width or height".to_owned(),
        ),
        E::Document(_) | E::Design(_) | E::NotInText { .. } | E::SeveralInText { .. } => {
            error.to_string()
        }
    }
}

/// A profile that is none.
#[must_use]
pub fn unknown_profile(name: &str, lang: Lang) -> Problem {
    let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name()).collect();
    Problem::new(
        "unknown-profile",
        lang.pick("không có kiểu ký hiện hình đó", "there is no such profile"),
        format!("“{name}”"),
        format!("{} {}", lang.pick("chọn một trong:", "choose one of:"), names.join(", ")),
    )
}

/// A visible signature was asked for a file that has no pages.
#[must_use]
pub fn no_pages(path: &Path, format: &str, lang: Lang) -> Problem {
    Problem::new(
        "visible-without-pages",
        lang.pick(
            "chữ ký chỉ hiện được trên trang của tệp PDF ký theo PAdES",
            "a signature shows only on the pages of a PDF that is signed as PAdES",
        ),
        lang.pick(
            format!("{} sẽ được ký theo {format}", path.display()),
            format!("{} would be signed as {format}", path.display()),
        ),
        lang.pick(
            "bỏ `--visible`, hoặc đổi tệp đó sang PDF và bỏ `--detached`",
            "leave `--visible` out, or make a PDF of it and leave `--detached` out",
        ),
    )
}

/// A place that cannot be read.
#[must_use]
pub fn place(text: &str, lang: Lang) -> Problem {
    Problem::new(
        "place-malformed",
        lang.pick("không hiểu vị trí đặt chữ ký", "the place cannot be understood"),
        format!("“{text}”"),
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
        format!("“{text}”"),
        lang.pick("ghi NĂM-THÁNG-NGÀY, ví dụ 2026-03-01", "write YYYY-MM-DD, as in 2026-03-01"),
    )
}

/// A lock that cannot be read.
#[must_use]
pub fn lock(text: &str, lang: Lang) -> Problem {
    Problem::new(
        "lock-malformed",
        lang.pick("không hiểu cần khóa trường nào", "the fields to lock cannot be understood"),
        format!("“{text}”"),
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
