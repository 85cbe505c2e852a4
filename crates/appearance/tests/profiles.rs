//! Every profile with a text, drawn, judged by qpdf, read back by pdftotext.

mod page;

use kyso_appearance::{Content, CopyForm, HINT, Profile, QrCode, Values};
use page::{DEVICE, checked, keep, text_of, tight, values, words};

fn content(values: Values<'static>) -> Content<'static> {
    Content { picture: None, template: None, values, room: None, qr: None, colors: DEVICE }
}

#[test]
fn texts_of_profiles_are_found() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let agency = "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI";
    let time = "02.03.2026 00:30:05 +07:00";
    let expected = [
        (Profile::Copy, format!("SAO Y {agency} {time}")),
        (Profile::Attachment, format!("123/UBND-NC {time}")),
        (Profile::Income, format!("{agency} ĐẾN Số: 123/UBND-NC Ngày: 02/03/2026")),
        (Profile::Comment, format!("Đồng ý. Trình Chủ tịch ký. Hà Văn Tý {time}")),
        (Profile::NumberAndDate, "Số: 123/UBND-NC ngày 02 tháng 3 năm 2026".to_owned()),
        (
            Profile::Free,
            format!(
                "Ký bởi: Hà Văn Tý Email: hvty@quangngai.gov.vn Cơ quan: {agency} Thời gian ký: {time}"
            ),
        ),
    ];
    let code = QrCode { payload: "https://kiemtra.example.vn/s/8f14e45f", hint: HINT, side: 72.0 };
    let note = Some("Đồng ý.\nTrình Chủ tịch ký.");
    let values = Values { form: Some(CopyForm::SaoY), note, ..values() };
    for (profile, expected) in expected {
        for qr in [None, Some(code)] {
            let content = Content { qr, ..content(values) };
            let design = profile.design(&content).expect("a design");
            let appearance = design.compose().expect("an appearance");
            let name = format!("{}{}.pdf", profile.name(), if qr.is_some() { "-qr" } else { "" });
            let file = tight(&appearance);
            assert!(file.len() < 12_000, "{name} has {} bytes", file.len());
            let path = checked(folder.path(), &name, &file);
            keep(&path);
            let hint = if qr.is_some() { format!(" {HINT}") } else { String::new() };
            assert_eq!(words(&text_of(&path)), format!("{expected}{hint}"), "{name}");
            assert_eq!(design.compose().expect("an appearance"), appearance, "the same again");
        }
    }
}
