//! What was found of the signer's title and name in the pages' text.

use kyso::visible::{Anchor, Sought};
use kyso_pades::PlacePart;

use super::millimetres;
use crate::text::{Lang, Problem};

/// No signature block.
pub(super) fn nowhere(sought: &Sought, found: &[Anchor], unreadable: usize, lang: Lang) -> Problem {
    let looked_for = looked_for(sought, lang);
    let mut why = if found.is_empty() {
        lang.pick(
            format!(
                "không có chữ nào khớp với {looked_for} (chữ nằm nghiêng trên trang không được tìm)"
            ),
            format!("no upright text of the document is like {looked_for}"),
        )
    } else {
        lang.pick(
            format!("cần {looked_for}; chỉ thấy {}", list(found, lang)),
            format!("wanted: {looked_for}; there is only {}", list(found, lang)),
        )
    };
    if unreadable > 0 {
        why += &lang.pick(
            format!("; {unreadable} ký tự không đọc được vì phông chữ không nói đó là chữ gì"),
            format!(
                "; {unreadable} characters cannot be read, their fonts do not say what they are"
            ),
        );
    }
    Problem::new(
        "no-signature-block",
        lang.pick(
            "không tìm thấy chỗ ký theo chức danh và họ tên",
            "no place to sign was found by title and name",
        ),
        why,
        lang.pick(
            "ghi đúng chữ trên trang bằng `--signer-title`, `--signer-name`; hoặc chỉ chỗ bằng `--at TRÁI,TRÊN`, `--rect` (mm)",
            "say what the page says with `--signer-title`, `--signer-name`, or place it with `--at LEFT,TOP`, `--rect` (mm)",
        ),
    )
}

/// More than one signature block.
pub(super) fn several(sought: &Sought, found: &[Anchor], lang: Lang) -> Problem {
    let looked_for = looked_for(sought, lang);
    Problem::new(
        "several-signature-blocks",
        lang.pick(
            "có nhiều chỗ ký giống nhau, không biết chọn chỗ nào",
            "several places to sign are alike, and none is better than the others",
        ),
        lang.pick(
            format!("tìm {looked_for}, thấy {}", list(found, lang)),
            format!("for {looked_for} there is {}", list(found, lang)),
        ),
        lang.pick(
            "chỉ rõ một chỗ bằng `--at TRÁI,TRÊN` hoặc `--rect` (mm); xem trước bằng `kyso preview --placement`",
            "choose one with `--at LEFT,TOP` or `--rect` (mm); `kyso preview --placement` shows it",
        ),
    )
}

fn looked_for(sought: &Sought, lang: Lang) -> String {
    let title = |title: &str| part(PlacePart::Title, title, lang);
    let name = |name: &str| part(PlacePart::Name, name, lang);
    match (sought.title.as_deref(), sought.name.as_deref()) {
        (Some(above), Some(below)) => {
            let (above, below) = (title(above), name(below));
            lang.pick(format!("{above} ở trên {below}"), format!("{above} above {below}"))
        }
        (Some(alone), None) => title(alone),
        (None, Some(alone)) => name(alone),
        (None, None) => {
            lang.pick("không có chức danh hay họ tên nào", "neither a title nor a name").to_owned()
        }
    }
}

fn part(part: PlacePart, text: &str, lang: Lang) -> String {
    let kind = match part {
        PlacePart::Title => lang.pick("chức danh", "title"),
        PlacePart::Name => lang.pick("họ tên", "name"),
    };
    format!("{kind} “{text}”")
}

fn list(found: &[Anchor], lang: Lang) -> String {
    let places: Vec<String> = found.iter().map(|anchor| place(anchor, lang)).collect();
    places.join("; ")
}

fn place(anchor: &Anchor, lang: Lang) -> String {
    let (left, top) = (millimetres(anchor.left), millimetres(anchor.top));
    let (text, page) = (part(anchor.part, &anchor.text, lang), anchor.page.saturating_add(1));
    lang.pick(
        format!("{text} (trang {page}, cách mép trái {left} mm, cách mép trên {top} mm)"),
        format!("{text} (page {page}, {left} mm from the left, {top} mm from the top)"),
    )
}
