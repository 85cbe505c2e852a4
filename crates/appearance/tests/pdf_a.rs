//! What goes into PDF/A: the table of its demands, and that the calibrated spaces name no device.

mod page;

use kyso_appearance::{
    Appearance, Colors, Content, HINT, OutputIntent, PdfA, PdfAConflict, Picture, PictureLimits,
    Profile, QrCode,
};
use kyso_pades::Piece;
use kyso_test_vectors::bytes;
use page::values;

fn appearance(picture: Option<&str>, colors: Colors) -> Appearance {
    let limits = PictureLimits::standard();
    let picture = picture.map(|name| {
        Picture::read(&bytes(format!("appearance/{name}")), &limits).expect("a picture")
    });
    let qr = Some(QrCode { payload: "https://kiemtra.example.vn", hint: HINT, side: 72.0 });
    let room = Some((300.0, 100.0));
    let content =
        Content { picture: picture.as_ref(), template: None, values: values(), room, qr, colors };
    Profile::Free.design(&content).and_then(|design| design.compose()).expect("an appearance")
}

#[test]
fn each_part_takes_what_it_allows() {
    use Colors::{Calibrated, Device};
    use OutputIntent::{Cmyk, Gray, None, Rgb};
    use PdfA::{Part1, Part2OrLater};
    let soft = PdfAConflict::Transparency;
    let rows = [
        // Text only.
        (Option::None, Calibrated, Part1, None, Ok(())),
        (Option::None, Calibrated, Part2OrLater, Cmyk, Ok(())),
        (Option::None, Device, Part1, Rgb, Ok(())),
        (Option::None, Device, Part1, None, Err(PdfAConflict::DeviceColors { intent: None })),
        (
            Option::None,
            Device,
            Part2OrLater,
            Gray,
            Err(PdfAConflict::DeviceColors { intent: Gray }),
        ),
        // Soft edges.
        (Some("leader.png"), Calibrated, Part1, Rgb, Err(soft)),
        (Some("leader.png"), Device, Part1, None, Err(soft)),
        (Some("leader.png"), Calibrated, Part2OrLater, Rgb, Ok(())),
        (
            Some("leader.png"),
            Calibrated,
            Part2OrLater,
            None,
            Err(PdfAConflict::TransparencyWithoutIntent),
        ),
        // Opaque and CMYK.
        (Some("baseline.jpg"), Calibrated, Part1, None, Ok(())),
        (Some("gray.jpg"), Calibrated, Part1, None, Ok(())),
        (Some("cmyk.jpg"), Calibrated, Part1, Rgb, Err(PdfAConflict::Cmyk { intent: Rgb })),
        (Some("cmyk.jpg"), Calibrated, Part2OrLater, Cmyk, Ok(())),
    ];
    for (picture, colors, part, intent, expected) in rows {
        let appearance = appearance(picture, colors);
        let found = appearance.check_pdf_a(part, intent);
        assert_eq!(found, expected, "{picture:?} {colors:?} {part:?} {intent:?}");
        assert_eq!(appearance.uses_transparency(), picture == Some("leader.png"));
    }
}

/// Every dictionary and content stream of an opaque appearance, as text.
#[test]
fn calibrated_colours_name_no_device() {
    for picture in [None, Some("baseline.jpg"), Some("gray.jpg")] {
        let appearance = appearance(picture, Colors::Calibrated);
        for object in &appearance.objects {
            let mut text: Vec<u8> = Vec::new();
            for piece in &object.pieces {
                if let Piece::Raw(raw) = piece {
                    text.extend(raw);
                }
            }
            let text = String::from_utf8(text).expect("ASCII");
            for forbidden in ["/Device", "/SMask", "/Group", "/JPXDecode", "/LZWDecode", "/JS"] {
                assert!(!text.contains(forbidden), "{forbidden} in {text}");
            }
        }
        // The form's own content: no operator of a device space.
        let content = appearance.objects[0].stream.as_deref().expect("a form");
        let content = miniz_oxide::inflate::decompress_to_vec_zlib(content).expect("deflated");
        let content = String::from_utf8(content).expect("ASCII");
        let device = ["g", "G", "rg", "RG", "k", "K"];
        assert!(!content.split_whitespace().any(|word| device.contains(&word)), "{content}");
    }
}
