//! What of a visible signature cannot be drawn: its text, its picture, its code.

use std::io::ErrorKind;
use std::path::Path;

use kyso_appearance::{
    DesignError, Field, MissingGlyph, PictureError, PictureLimits, TemplateError,
};

use super::sides;
use crate::text::{Lang, Problem, system};

/// Why a design cannot be composed.
pub(super) fn design(error: &DesignError, lang: Lang) -> Problem {
    use DesignError as E;
    let (what, why, remedy) = match error {
        E::Picture(error) => return picture(None, error, lang),
        E::Template(error) => return template(error, lang),
        E::PictureMissing => (
            lang.pick("kiểu ký này cần một ảnh", "this profile shows a picture"),
            lang.pick("chưa có ảnh nào được đưa hay được lưu", "none is given and none is kept")
                .to_owned(),
            lang.pick(
                "thêm `--picture TỆP` (PNG hoặc JPEG), hoặc lưu một lần bằng `kyso appearance set`",
                "add `--picture FILE` (PNG or JPEG), or keep one with `kyso appearance set`",
            ),
        ),
        E::TextMissing | E::NothingToShow => (
            lang.pick("không có gì để hiện", "there is nothing to show"),
            lang.pick("nội dung để trống", "the text is empty or not given").to_owned(),
            lang.pick("thêm `--note` hoặc `--text`", "add `--note` or `--text`"),
        ),
        E::Glyph(MissingGlyph(character)) => (
            lang.pick(
                "phông chữ không có một ký tự của văn bản",
                "the font lacks a character of the text",
            ),
            lang.pick(format!("ký tự {}", named(*character)), format!("it is {}", named(*character))),
            lang.pick("bỏ hoặc thay ký tự đó", "leave that character out, or replace it"),
        ),
        E::QrTooLong { bytes } => (
            lang.pick("nội dung mã QR quá dài", "the QR code's text is too long"),
            lang.pick(
                format!("{bytes} byte, không mã QR nào chứa hết"),
                format!("no QR code holds {bytes} bytes"),
            ),
            lang.pick("rút ngắn nội dung `--qr`", "shorten the text of `--qr`"),
        ),
        E::QrTooSmall { side, least } => (
            lang.pick("mã QR nhỏ quá, máy ảnh không đọc được", "the QR code would be too small to read"),
            lang.pick(
                format!("cạnh {}, cần ít nhất {}", side_of(*side), side_of(*least)),
                format!("its side is {}, and it needs {}", side_of(*side), side_of(*least)),
            ),
            lang.pick("rút ngắn nội dung `--qr`", "shorten the text of `--qr`"),
        ),
        E::QrDoesNotFit { side, room } => (
            lang.pick("mã QR không vừa chỗ dành cho chữ ký", "the QR code does not fit the room for it"),
            lang.pick(
                format!("mã rộng {} trong chỗ {}", side_of(*side), sides(*room)),
                format!("it is {} wide, the room {}", side_of(*side), sides(*room)),
            ),
            lang.pick("chừa chỗ lớn hơn bằng `--rect`", "give more room with `--rect`"),
        ),
        E::PictureDoesNotFit { picture, room } => (
            lang.pick(
                "con dấu lớn hơn chỗ dành cho nó, mà dấu thì không được co lại",
                "the seal is larger than the room for it, and it is never scaled",
            ),
            lang.pick(
                format!("dấu {}, chỗ {}", sides(*picture), sides(*room)),
                format!("it is {} large, the room {}", sides(*picture), sides(*room)),
            ),
            lang.pick(
                "chừa chỗ lớn hơn bằng `--rect`, hoặc dùng `--at` để dấu tự chiếm chỗ; kiểm tra dpi của ảnh",
                "give more room with `--rect`, or use `--at`, which takes as much as it needs; check the picture's dpi",
            ),
        ),
        E::TextDoesNotFit { minimum, room } => (
            lang.pick("nội dung không vừa chỗ dành cho chữ ký", "the text does not fit the room for it"),
            does_not_fit(*minimum, *room, lang),
            lang.pick(
                "chừa chỗ lớn hơn bằng `--rect`, hoặc rút ngắn văn bản",
                "give more room with `--rect`, or shorten the text",
            ),
        ),
        E::InvalidArea { .. } | E::InvalidTextSize { .. } => (
            lang.pick("chỗ dành cho chữ ký không hợp lệ", "the room for the signature is none"),
            error.to_string(),
            lang.pick("chọn chỗ khác bằng `--rect`", "choose another room with `--rect`"),
        ),
        E::Font(_) => (
            lang.pick("phông chữ của chương trình bị hỏng", "the program's own font is damaged"),
            error.to_string(),
            lang.pick("cài lại kyso", "install kyso again"),
        ),
    };
    Problem::new("not-visible", what, why, remedy)
}

fn named(character: char) -> String {
    let number = format!("U+{:04X}", u32::from(character));
    if character.is_control() { number } else { format!("“{character}” ({number})") }
}

fn side_of(points: f64) -> String {
    format!("{} mm", super::millimetres(points))
}

fn does_not_fit(minimum: f64, room: (f64, f64), lang: Lang) -> String {
    let wide = side_of(room.0);
    if room.1.is_infinite() {
        return lang.pick(
            format!("ở cỡ chữ {minimum} vẫn có từ rộng hơn {wide}"),
            format!("at {minimum} points a word is wider than {wide}"),
        );
    }
    let room = sides(room);
    lang.pick(
        format!("cỡ chữ nhỏ nhất {minimum} vẫn không vừa {room}"),
        format!("not even letters of {minimum} points fit into {room}"),
    )
}

/// Why a picture cannot be used.
#[must_use]
pub fn picture(path: Option<&Path>, error: &PictureError, lang: Lang) -> Problem {
    use PictureError as E;
    let mebibytes = |bytes: usize| bytes.div_ceil(1 << 20);
    let (what, why, remedy) = match error {
        E::NoResolution => (
            lang.pick(
                "không biết cỡ thật của con dấu",
                "the seal's real size is not known",
            ),
            lang.pick(
                "ảnh không ghi độ phân giải (dpi)".to_owned(),
                "the picture does not state its resolution (dpi)".to_owned(),
            ),
            lang.pick(
                "quét lại con dấu và lưu kèm dpi (ví dụ 300)",
                "scan the seal again and store its dpi (300, say)",
            ),
        ),
        E::UnknownFormat => (
            lang.pick("ảnh không phải PNG hay JPEG", "the picture is neither PNG nor JPEG"),
            lang.pick(
                "nội dung tệp không bắt đầu như PNG hay JPEG, dù tên tệp là gì".to_owned(),
                "its content begins as neither, whatever its name says".to_owned(),
            ),
            lang.pick("lưu lại ảnh dạng PNG", "save it as PNG"),
        ),
        E::Damaged(format) => (
            lang.pick("ảnh bị hỏng", "the picture is damaged"),
            lang.pick(
                format!("tệp bắt đầu như {format} nhưng phần sau sai hoặc thiếu"),
                format!("it begins as {format}, and does not go on so"),
            ),
            lang.pick("lấy lại tệp gốc, hoặc lưu lại ảnh dạng PNG", "take the original, or save it again as PNG"),
        ),
        E::Turned { .. } => (
            lang.pick("ảnh nằm nghiêng hoặc lật", "the picture lies on its side or is mirrored"),
            lang.pick(
                "máy ảnh chỉ ghi chú hướng xoay (Exif) chứ không xoay ảnh; trên trang PDF ảnh sẽ hiện sai chiều".to_owned(),
                "the camera noted how to turn it (Exif) and did not turn it; a PDF would show it as it lies".to_owned(),
            ),
            lang.pick(
                "mở ảnh, xoay cho đúng chiều rồi lưu lại (nên lưu PNG)",
                "open it, turn it upright and save it again (PNG is best)",
            ),
        ),
        E::UnsupportedJpeg { .. } => (
            lang.pick("PDF không hiện được loại JPEG này", "PDF cannot show this kind of JPEG"),
            error.to_string(),
            lang.pick("lưu lại ảnh dạng PNG", "save it as PNG"),
        ),
        E::TooManyBytes { bytes, limit } => {
            let least = mebibytes(*bytes);
            return too_long(path, Some(least), mebibytes(*limit), lang);
        }
        E::TooManyPixels { width, height, limit } => {
            let most = limit / 1_000_000;
            (
                lang.pick("ảnh có quá nhiều điểm ảnh", "the picture has too many pixels"),
                lang.pick(
                    format!("{width} × {height} điểm ảnh, nhiều nhất {most} triệu"),
                    format!("it has {width} × {height} pixels, at most {most} million are allowed"),
                ),
                lang.pick(
                    "cắt bớt phần trắng, hoặc lưu lại ở 300 dpi",
                    "cut the white away, or save it again at 300 dpi",
                ),
            )
        }
    };
    Problem::new("picture-refused", what, at(path, why), remedy)
}

fn at(path: Option<&Path>, why: String) -> String {
    path.map_or_else(|| why.clone(), |path| format!("{}: {why}", path.display()))
}

fn too_long(path: Option<&Path>, has: Option<usize>, most: usize, lang: Lang) -> Problem {
    let why = match has {
        Some(has) => lang.pick(
            format!("{has} MiB, nhiều nhất {most} MiB"),
            format!("it has {has} MiB, at most {most} MiB are allowed"),
        ),
        None => lang.pick(format!("dài hơn {most} MiB"), format!("it is longer than {most} MiB")),
    };
    Problem::new(
        "picture-refused",
        lang.pick("tệp ảnh quá lớn", "the picture's file is too large"),
        at(path, why),
        lang.pick(
            "cắt bớt phần trắng và lưu lại ở 300 dpi: một chữ ký quét chỉ cần dưới 1 MiB",
            "cut the white away and save it again at 300 dpi: a scanned signature has less than 1 MiB",
        ),
    )
}

/// A picture's file that cannot be read.
#[must_use]
pub fn picture_unreadable(path: &Path, error: &std::io::Error, lang: Lang) -> Problem {
    if error.kind() == ErrorKind::FileTooLarge {
        return too_long(Some(path), None, PictureLimits::standard().bytes >> 20, lang);
    }
    if error.kind() == ErrorKind::InvalidInput {
        return Problem::new(
            "picture-unreadable",
            lang.pick("ảnh không phải một tệp", "the picture is no file"),
            lang.pick(
                format!("{} là thư mục hoặc thiết bị", path.display()),
                format!("{} is a folder or a device", path.display()),
            ),
            lang.pick("chọn tệp PNG hoặc JPEG", "choose a PNG or JPEG file"),
        );
    }
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
    let malformed =
        lang.pick("văn bản của `--text` sai cú pháp", "the text of `--text` is not well-formed");
    let fields =
        format!("{} {}; {{{{ = {{", lang.pick("các trường:", "the fields:"), names.join(" "));
    let (what, why, remedy) = match error {
        TemplateError::NoValue(field) => (
            lang.pick(
                "thiếu một thông tin mà kiểu ký này phải có",
                "something that this profile must say is missing",
            ),
            lang.pick(
                format!("chưa có {}", meaning(*field, lang)),
                format!("there is no {}", meaning(*field, lang)),
            ),
            match field {
                Field::Number => lang.pick("thêm `--number SỐ-VÀ-KÝ-HIỆU`", "add `--number TEXT`"),
                Field::Form => lang.pick(
                    "thêm `--form sao-y` (hoặc sao-luc, trich-sao)",
                    "add `--form sao-y` (or sao-luc, trich-sao)",
                ),
                _ => lang.pick("ghi rõ văn bản bằng `--text`", "give the text with `--text`"),
            }
            .to_owned(),
        ),
        TemplateError::UnknownField { name, line } => (
            malformed,
            lang.pick(
                format!("dòng {line}: không có trường {{{name}}}"),
                format!("line {line}: there is no field {{{name}}}"),
            ),
            fields,
        ),
        TemplateError::UnmatchedBrace { line } => (
            malformed,
            lang.pick(
                format!("dòng {line}: dấu ngoặc nhọn không có cặp"),
                format!("line {line}: a brace has no partner"),
            ),
            fields,
        ),
    };
    Problem::new("text-refused", what, why, remedy)
}

/// What a field holds, in words.
fn meaning(field: Field, lang: Lang) -> String {
    let words = match field {
        Field::Number => lang.pick("số và ký hiệu văn bản", "number and symbol of the document"),
        Field::Form => lang.pick("hình thức sao", "form of the copy"),
        Field::Organization => {
            lang.pick("tên cơ quan trong chứng thư", "agency in the certificate")
        }
        Field::Signer => lang.pick("họ tên trong chứng thư", "name in the certificate"),
        Field::Time | Field::Date => lang.pick("thời gian ký", "time of signing"),
        Field::Note => lang.pick("nội dung ghi chú", "note"),
        _ => return format!("{{{}}}", field.name()),
    };
    words.to_owned()
}
