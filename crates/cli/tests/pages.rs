//! Whole signed pages of every profile as pictures: `test-vectors/appearance/pages/`, looked at before they were kept.
//! `KYSO_BLESS=1` writes them anew.
//!
//! Key, time and zone are fixed; two renderers draw each page.

#[path = "../../kyso/tests/house/mod.rs"]
mod desk;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use desk::{Desk, Journal};
use jiff::tz::{self, TimeZone};
use kyso::sign::{BatchOptions, PadesOptions, SignatureFormat, Task, sign_batch};
use kyso::visible::{Details, Place, Visible};
use kyso_appearance::placement::Corner;
use kyso_appearance::{CopyForm, Moment, Picture, PictureLimits, Profile, Template};
use kyso_testkit::peer;
use kyso_x509::Time;

/// Side of the squares whose mean colours are compared, in pixels of 72 dpi: less than a line of text.
const SQUARE: u32 = 8;
/// How far the mean of a channel over a square may be from the kept picture's, of 255. Another version of FreeType moves
/// edges by less; a word that is missing or a line elsewhere differs by 40 and more.
const TOLERANCE: f64 = 20.0;
/// The same between two renderers, which smooth and hint letters in their own ways.
const BETWEEN_RENDERERS: f64 = 64.0;
/// Points to a millimetre.
const MILLIMETRE: f64 = 72.0 / 25.4;

/// The signatures of one page, in their order.
struct Sheet {
    name: &'static str,
    signatures: Vec<Visible>,
}

fn picture(name: &str) -> Arc<Picture> {
    let bytes = kyso_test_vectors::bytes(format!("appearance/{name}.png"));
    Arc::new(Picture::read(&bytes, &PictureLimits::standard()).expect("a picture"))
}

fn plain(profile: Profile, place: Place) -> Visible {
    let date = Moment::new(Time::from_unix_seconds(desk::NOW), Moment::VIETNAM);
    let details = Details {
        title: None,
        number: Some("12/UBND-VP".to_owned()),
        date,
        form: Some(CopyForm::SaoY),
        note: Some("Đề nghị bổ sung căn cứ pháp lý ở đoạn thứ hai.".to_owned()),
    };
    Visible { profile, picture: None, template: None, details, place, qr: None }
}

fn at(left: f64, top: f64) -> Place {
    Place::At { page: 0, left: left * MILLIMETRE, top: top * MILLIMETRE }
}

fn sheets() -> Vec<Sheet> {
    let leader = || {
        let title = Some("Chủ tịch".to_owned());
        let place = Place::Text { title, name: None };
        Visible { picture: Some(picture("leader")), ..plain(Profile::Leader, place) }
    };
    let seal = Visible { picture: Some(picture("seal")), ..plain(Profile::Seal, Place::Profile) };
    let income = Place::Corner { page: 0, corner: Corner::BottomLeft };
    let rectangle = Place::Rectangle {
        page: 0,
        left: 30.0 * MILLIMETRE,
        top: 200.0 * MILLIMETRE,
        width: 90.0 * MILLIMETRE,
        height: 30.0 * MILLIMETRE,
    };
    let stamp = "Ký bởi: {signer}\nCơ quan: {organization}\nThời gian ký: {time}";
    let free = Visible {
        picture: Some(picture("leader")),
        template: Some(Template::parse(stamp).expect("a template")),
        ..plain(Profile::Free, rectangle)
    };
    let code = Visible {
        qr: Some("https://kiemtra.example.vn/s/8f14e45f".to_owned()),
        ..plain(Profile::Free, at(20.0, 240.0))
    };
    let one = |name, visible| Sheet { name, signatures: vec![visible] };
    vec![
        one("leader", leader()),
        Sheet { name: "seal", signatures: vec![leader(), seal] },
        one("copy", plain(Profile::Copy, Place::Profile)),
        one("attachment", plain(Profile::Attachment, Place::Profile)),
        one("income", plain(Profile::Income, income)),
        one("comment", plain(Profile::Comment, at(30.0, 200.0))),
        one("number-and-date", plain(Profile::NumberAndDate, at(30.0, 200.0))),
        one("free", plain(Profile::Free, at(30.0, 200.0))),
        Sheet { name: "free-picture-and-code", signatures: vec![free, code] },
    ]
}

/// Signs a page as often as the sheet says; gives the last file.
fn signed(desk: &Desk, sheet: &Sheet) -> PathBuf {
    let mut source = kyso_test_vectors::path("appearance/pages/cong-van.pdf");
    for (number, visible) in sheet.signatures.iter().enumerate() {
        let target = desk.path(&format!("out/{}-{number}.pdf", sheet.name));
        let options =
            PadesOptions { visible: Some(Box::new(visible.clone())), ..PadesOptions::PLAIN };
        let format = SignatureFormat::Pades(options);
        let task = Task { source, name: None, target: target.clone(), format, operation: None };
        let zone = TimeZone::fixed(tz::offset(7));
        let time = jiff::Timestamp::from_second(desk::NOW).expect("a time").to_zoned(zone);
        let options = BatchOptions { signing_time: time, ..desk.options() };
        let journal = Journal::default();
        let results = sign_batch(vec![task], &desk.signer(), &journal, &options, &|_, _| {});
        assert!(results.iter().all(Result::is_ok), "{}: {results:?}", sheet.name);
        source = target;
    }
    source
}

/// The page as pdftoppm draws it.
fn by_poppler(path: &Path) -> kyso_preview::Picture {
    let root = path.with_extension("");
    let options = ["-png", "-singlefile", "-r", "72"].map(Path::new);
    peer::run("pdftoppm", [options.as_slice(), &[path, &root]].concat()).expect_success();
    read(&root.with_extension("png"))
}

/// The page as `kyso preview` draws it.
fn by_preview(path: &Path) -> kyso_preview::Picture {
    let (target, config) = (path.with_extension("hayro.png"), path.with_extension("toml"));
    std::fs::write(&config, "").expect("a configuration of its own");
    let output = Command::new(env!("CARGO_BIN_EXE_kyso"))
        .args(["preview", "--dpi", "72", "-o"])
        .args([&target, path])
        .env("KYSO_CONFIG", config)
        .output()
        .expect("kyso runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read(&target)
}

fn read(path: &Path) -> kyso_preview::Picture {
    let png = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    kyso_preview::Picture::from_png(&png, 25_000_000).expect("a picture")
}

/// The greatest distance of a square's mean, and where it is.
fn distance(one: &kyso_preview::Picture, other: &kyso_preview::Picture) -> (f64, (u32, u32)) {
    // Renderers round half a pixel of A4 up or down.
    assert!(one.width().abs_diff(other.width()) <= 1 && one.height().abs_diff(other.height()) <= 1);
    let (mut most, mut place) = (0.0, (0, 0));
    for top in (0..one.height() - 1).step_by(SQUARE as usize) {
        for left in (0..one.width() - 1).step_by(SQUARE as usize) {
            let mut sums = [0i64; 3];
            let mut pixels = 0.0;
            for (x, y) in
                (top..top + SQUARE).flat_map(|y| (left..left + SQUARE).map(move |x| (x, y)))
            {
                let (Some(a), Some(b)) = (one.pixel(x, y), other.pixel(x, y)) else { continue };
                pixels += 1.0;
                for (sum, (a, b)) in sums.iter_mut().zip(a.0.into_iter().zip(b.0)) {
                    *sum += i64::from(a) - i64::from(b);
                }
            }
            let mean = sums.into_iter().map(|sum| sum.abs() as f64 / pixels).fold(0.0, f64::max);
            if mean > most {
                (most, place) = (mean, (left, top));
            }
        }
    }
    (most, place)
}

#[test]
fn signed_pages_look_as_they_did_to_two_renderers() {
    let desk = Desk::new();
    let bare = by_poppler(&{
        let copy = desk.path("bare.pdf");
        let letter = kyso_test_vectors::path("appearance/pages/cong-van.pdf");
        std::fs::copy(letter, &copy).expect("a copy");
        copy
    });
    let mut wrong = Vec::new();
    for sheet in sheets() {
        let path = signed(&desk, &sheet);
        let seen = by_poppler(&path);
        let golden = kyso_test_vectors::path(format!("appearance/pages/{}.png", sheet.name));
        if std::env::var_os("KYSO_BLESS").is_some() {
            std::fs::copy(path.with_extension("png"), &golden).expect("a picture to keep");
        }
        let (most, place) = distance(&seen, &read(&golden));
        let (apart, where_apart) = distance(&seen, &by_preview(&path));
        // A page without its signature would not pass.
        let (unsigned, _) = distance(&bare, &read(&golden));
        println!("{}: {most:.1}, hayro {apart:.1}, unsigned {unsigned:.1}", sheet.name);
        if most > TOLERANCE || unsigned < 2.0 * TOLERANCE {
            wrong.push(format!("{}: {most:.1} at {place:?}; {unsigned:.1} unsigned", sheet.name));
        }
        if apart > BETWEEN_RENDERERS {
            wrong.push(format!("{}: hayro differs by {apart:.1} at {where_apart:?}", sheet.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
