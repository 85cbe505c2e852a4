//! Every profile as a picture: `test-vectors/appearance/golden/`, looked at before it was kept. `KYSO_GOLDEN=write` writes
//! them anew.

#![allow(clippy::disallowed_methods, reason = "a test may do I/O")]

mod page;

use kyso_appearance::placement::seal_beside;
use kyso_appearance::{
    Colors, Content, CopyForm, HINT, Picture, PictureLimits, Profile, QrCode, Template, Values,
};
use kyso_pades::Rectangle;
use kyso_test_vectors::{bytes, path};
use page::{DEVICE, checked, keep, png_rgb, rendered, tight, values};

/// How far a picture may be from the kept one: the mean difference of a channel, of 255. Another version of FreeType
/// moves edges of letters by less; a line that is missing or elsewhere differs by more than 8.
const TOLERANCE: f64 = 2.0;

fn compare(name: &str, file: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pdf = checked(folder.path(), &format!("{name}.pdf"), file);
    keep(&pdf);
    let seen = rendered(&pdf, "100");
    let golden = path(format!("appearance/golden/{name}.png"));
    if std::env::var_os("KYSO_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::copy(pdf.with_extension("png"), &golden).expect("a picture to keep");
    }
    let kept = png_rgb(&std::fs::read(&golden).expect("a kept picture"));
    assert_eq!((seen.width, seen.height), (kept.width, kept.height), "{name}");
    let sum: u64 =
        seen.rgb.iter().zip(&kept.rgb).map(|(seen, kept)| u64::from(seen.abs_diff(*kept))).sum();
    let mean = sum as f64 / seen.rgb.len() as f64;
    assert!(mean <= TOLERANCE, "{name} differs by {mean:.2} of 255");
}

#[test]
fn profiles_look_as_they_did() {
    let limits = PictureLimits::standard();
    let leader = Picture::read(&bytes("appearance/leader.png"), &limits).expect("a picture");
    let seal = Picture::read(&bytes("appearance/seal.png"), &limits).expect("a picture");
    let note = Some("Đồng ý. Văn phòng trình Chủ tịch ký ban hành trong tuần này.");
    let values = Values { form: Some(CopyForm::SaoY), note, ..values() };
    let code = QrCode { payload: "https://kiemtra.example.vn/s/8f14e45f", hint: HINT, side: 72.0 };
    let base =
        Content { picture: None, template: None, values, room: None, qr: None, colors: DEVICE };
    for profile in Profile::ALL {
        let picture = match profile {
            Profile::Leader => Some(&leader),
            Profile::Seal => Some(&seal),
            _ => None,
        };
        let content = Content { picture, ..base };
        let appearance = profile.design(&content).and_then(|design| design.compose());
        compare(profile.name(), &tight(&appearance.expect("an appearance")));
    }
    let stamp = "Ký bởi: {signer}\nCơ quan: {organization}\nThời gian ký: {time}";
    let template = Template::parse(stamp).expect("a template");
    let both = Content {
        picture: Some(&leader),
        template: Some(&template),
        room: Some((260.0, 60.0)),
        ..base
    };
    let rows = [
        ("free-both", both),
        ("free-qr", Content { qr: Some(code), ..base }),
        (
            "free-calibrated",
            Content {
                colors: Colors::Calibrated,
                qr: Some(code),
                room: Some((340.0, 90.0)),
                ..both
            },
        ),
    ];
    for (name, content) in rows {
        let appearance = Profile::Free.design(&content).and_then(|design| design.compose());
        compare(name, &tight(&appearance.expect("an appearance")));
    }
}

/// The seal over the left third of the leader's picture, and what is under it shines through.
#[test]
fn a_seal_stands_over_the_leader() {
    let limits = PictureLimits::standard();
    let leader = Picture::read(&bytes("appearance/leader.png"), &limits).expect("a picture");
    let seal = Picture::read(&bytes("appearance/seal.png"), &limits).expect("a picture");
    let base = Content {
        picture: None,
        template: None,
        values: Values::default(),
        room: None,
        qr: None,
        colors: DEVICE,
    };
    let appearance = |profile: Profile, picture| {
        let content = Content { picture: Some(picture), ..base };
        profile.design(&content).and_then(|design| design.compose()).expect("an appearance")
    };
    let (leader, seal) = (appearance(Profile::Leader, &leader), appearance(Profile::Seal, &seal));
    let page = Rectangle { left: 0.0, bottom: 0.0, right: 300.0, top: 140.0 };
    let (width, height) = leader.size;
    let place = Rectangle { left: 120.0, bottom: 30.0, right: 120.0 + width, top: 30.0 + height };
    let seal_place = seal_beside(&page, &place, seal.size).expect("room");
    let file = page::page_of(
        &[(&leader, (place.left, place.bottom)), (&seal, (seal_place.left, seal_place.bottom))],
        (300.0, 140.0),
    );
    compare("leader-and-seal", &file);
}
