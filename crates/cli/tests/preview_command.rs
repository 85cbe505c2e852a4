//! `kyso preview` as a person types it.

mod house;
mod shown;

use house::{House, text};
use kyso_preview::{Color, Picture};
use serde_json::Value;
use shown::{page, stream};

#[test]
fn a_page_is_written_and_described() {
    let house = House::new();
    house.pdf("a.pdf");
    let report = house.expect(["preview", "a.pdf", "-o", "a.png", "--dpi", "72", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let picture = read(&house, "a.png");
    assert_eq!((picture.width(), picture.height()), (595, 842));
    for (key, value) in [("width", 595), ("height", 842), ("page", 1), ("pages", 1)] {
        assert_eq!(report[key], value, "{report:#}");
    }
    assert_eq!(report["renderer"], "hayro");
    assert!(picture.pixels().iter().any(|value| *value < 100), "text is black");

    let again = house.kyso(["preview", "a.pdf", "-o", "a.png"]);
    assert_eq!(again.status.code(), Some(2), "no picture is replaced unasked");
    house.expect(["preview", "a.pdf", "-o", "a.png", "--force"]);

    let piped = house.kyso(["preview", "a.pdf", "-o", "-"]);
    assert!(piped.status.success());
    assert_eq!(Picture::from_png(&piped.stdout, 25_000_000).expect("a PNG").width(), 793);
}

#[test]
fn every_refusal_has_three_parts_in_both_languages() {
    let house = House::new();
    house.pdf("a.pdf");
    std::fs::write(house.path("b.pdf"), b"no PDF at all").expect("written");
    let huge = page("/MediaBox [0 0 100000000 100000000]", stream("", b""), &[]);
    std::fs::write(house.path("huge.pdf"), huge).expect("written");
    let cases: [(&[&str], &str, &str); 6] = [
        (&["a.pdf", "--page", "9"], "there is no such page", "không có trang này"),
        (&["b.pdf"], "the file is no PDF, or a damaged one", "tệp không phải PDF, hoặc bị hỏng"),
        (&["huge.pdf"], "the page is too large to be shown", "trang quá lớn để xem trước"),
        (&["gone.pdf"], "the file cannot be read", "không đọc được tệp"),
        (&["a.pdf", "--field", "None"], "", ""),
        (&["a.pdf", "--placement"], "it is not said where", "chưa rõ đặt chữ ký ở đâu"),
    ];
    for (arguments, en, vi) in cases {
        for (lang, what, headings) in [
            ("en", en, ["error: ", "why: ", "what to do: "]),
            ("vi", vi, ["lỗi: ", "vì sao: ", "cách xử lý: "]),
        ] {
            let mut all = vec!["preview", "--lang", lang, "-o", "out.png"];
            all.extend(arguments);
            let output = house.kyso(&all);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains(what), "{arguments:?}: {said}");
            for heading in headings {
                assert!(said.contains(heading), "{arguments:?}: {said}");
            }
            assert!(!house.path("out.png").exists(), "{arguments:?}");
            all.push("--json");
            let output = house.kyso(&all);
            let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert!(json["error"]["what"].as_str().is_some_and(|told| told.contains(what)));
        }
    }
}

#[test]
fn a_password_opens_an_encrypted_document_for_the_renderer_only() {
    let house = House::new();
    house.pdf("a.pdf");
    kyso_testkit::write_secret(house.path("password"), "mật khẩu 1");
    kyso_testkit::write_secret(house.path("wrong"), "another");
    let clear = house.path("a.pdf");
    for (bits, name) in [("256", "aes256.pdf"), ("128", "aes128.pdf")] {
        let password = if bits == "256" { "mật khẩu 1" } else { "secret" };
        kyso_testkit::write_secret(house.path("password"), password);
        let locked = house.path(name);
        let mut arguments = vec!["--encrypt", password, password, bits];
        if bits == "128" {
            arguments.push("--use-aes=y");
        }
        arguments.extend(["--", clear.to_str().expect("UTF-8"), locked.to_str().expect("UTF-8")]);
        kyso_testkit::peer::run("qpdf", arguments).expect_success();
        house.expect([
            "preview",
            name,
            "-o",
            "locked.png",
            "--password-file",
            "password",
            "--force",
        ]);
        house.expect(["preview", "a.pdf", "-o", "clear.png", "--force"]);
        assert_eq!(read(&house, "locked.png"), read(&house, "clear.png"), "{bits}");
        for more in [&[][..], &["--password-file", "wrong"]] {
            let mut all = vec!["preview", name, "-o", "no.png"];
            all.extend(more);
            let refused = house.kyso(all);
            assert_eq!(refused.status.code(), Some(2));
            assert!(text(&refused.stderr).contains("password"), "{}", text(&refused.stderr));
        }
    }
}

#[test]
fn the_signature_is_shown_where_it_will_stand() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    for (name, rotate) in [("upright.pdf", 0), ("turned.pdf", 90)] {
        let entries = format!("/MediaBox [0 0 595 842] /Rotate {rotate}");
        std::fs::write(house.path(name), page(&entries, stream("", b""), &[])).expect("written");
        let show = |picture: &str, more: &[&str]| -> Value {
            let mut all = vec!["preview", name, "-o", picture, "--dpi", "72", "--json", "--force"];
            all.extend(more);
            serde_json::from_str(&house.expect(all)).expect("JSON")
        };
        let visible = [
            "--visible",
            "free",
            "--text",
            "Ký bởi {signer}",
            "--rect",
            "30,40,80,30",
            "--credential",
            &uri,
        ];
        let report = show("seen.png", &visible);
        let rect = &report["placement"];
        let [left, bottom, right, top] =
            ["left", "bottom", "right", "top"].map(|key| rect[key].as_f64().expect("a number"));
        let height = f64::from(if rotate == 0 { 842 } else { 595 });
        assert!((left - 85.04).abs() < 0.1 && (height - top - 113.39).abs() < 0.1, "{report:#}");
        let (mut inside, mut outside) = (0, 0);
        let picture = read(&house, "seen.png");
        for y in 0..picture.height() {
            for x in 0..picture.width() {
                let dark = picture.pixel(x, y).is_some_and(|Color([red, ..])| red < 128);
                let (across, up) = (f64::from(x) + 0.5, height - f64::from(y) - 0.5);
                let within = (left - 1.0..=right + 1.0).contains(&across)
                    && (bottom - 1.0..=top + 1.0).contains(&up);
                inside += u32::from(dark && within);
                outside += u32::from(dark && !within);
            }
        }
        assert!(inside > 50 && outside == 0, "{name}: {inside} inside, {outside} outside");

        // The same place, framed.
        let mut framed = visible.to_vec();
        framed.push("--placement");
        show("framed.png", &framed);
        let framed = read(&house, "framed.png");
        let (x, y) = (left.round() as u32, (height - top).round() as u32);
        let Some(Color([red, _, blue])) = framed.pixel(x, y) else { panic!("outside") };
        assert!(red < 80 && blue > 150, "{name}: {red} {blue}");

        // And the signed file looks as it was shown.
        let mut sign = vec!["sign", "--direct", "--force", name, "-o", "signed.pdf"];
        sign.extend(visible);
        house.expect(sign);
        house.expect(["preview", "signed.pdf", "-o", "signed.png", "--dpi", "72", "--force"]);
        assert_eq!(read(&house, "signed.png"), picture, "{name}");
    }
    assert!(text(&house.kyso(["journal", "list"]).stdout).lines().count() > 0);
}

#[test]
fn what_is_kept_for_the_certificate_is_shown_and_the_place_says_whose_it_is() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    let vector = |name: &str| kyso_test_vectors::path(name).to_str().expect("UTF-8").to_owned();
    let (letter, leader) = (vector("pdf/cong-van.pdf"), vector("appearance/leader.png"));
    let plain = ["preview", &letter, "--dpi", "96", "--visible", "leader", "--credential", &uri];
    let draw = |name: &str, more: &[&str]| -> Picture {
        house.expect([&plain[..], &["-o", name], more].concat());
        read(&house, name)
    };
    let bare = house.kyso([&plain[..], &["-o", "none.png"]].concat());
    assert_eq!(bare.status.code(), Some(2), "no picture is given and none is kept");

    let set = ["appearance", "set", "leader", "--credential", &uri];
    house.expect([&set[..], &["--picture", &leader, "--signer-title", "Chủ tịch"]].concat());
    let kept = draw("kept.png", &[]);
    let given = draw("given.png", &["--picture", &leader, "--signer-title", "CHỦ TỊCH"]);
    assert_eq!(kept, given, "as if the options were given");
    // And the signed file looks as it was shown.
    let sign = ["sign", "--direct", "--credential", &uri, "--visible", "leader", &letter];
    house.expect([&sign[..], &["-o", "signed.pdf"]].concat());
    house.expect(["preview", "signed.pdf", "-o", "signed.png"]);
    assert_eq!(read(&house, "signed.png"), kept);

    // The rectangle and its label, in two languages, are all that is added.
    let mut labels = Vec::new();
    for lang in ["vi", "en"] {
        let name = format!("labelled-{lang}.png");
        let labelled = draw(&name, &["--placement", "--lang", lang]);
        let changed = (0..labelled.height())
            .flat_map(|y| (0..labelled.width()).map(move |x| (x, y)))
            .filter(|(x, y)| labelled.pixel(*x, *y) != kept.pixel(*x, *y));
        let (mut top, mut bottom, mut left, mut right) = (u32::MAX, 0, u32::MAX, 0);
        for (x, y) in changed {
            (top, bottom) = (top.min(y), bottom.max(y));
            (left, right) = (left.min(x), right.max(x));
        }
        assert!(right - left > 60 && bottom - top > 50, "{lang}: {left} {top} {right} {bottom}");
        labels.push(labelled);
    }
    assert_ne!(labels[0], labels[1], "a label is in the person's language");
    // A place without a signature is labelled too.
    let rect = ["preview", &letter, "-o", "rect.png", "--placement", "--rect", "100,200,60,25"];
    house.expect(rect);
}

#[test]
fn a_configured_fallback_is_used_and_named() {
    let house = House::new();
    let config = std::fs::read_to_string(house.path("config.toml")).expect("the configuration");
    std::fs::write(house.path("config.toml"), config + "[preview]\nfallback = \"pdftoppm\"\n")
        .expect("written");
    house.pdf("a.pdf");
    // What the renderer says that it left out: an image that is none.
    let image = stream(
        "/Type /XObject /Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceRGB \
         /Filter /JPXDecode",
        b"no image",
    );
    let entries = "/MediaBox [0 0 99 99] /Resources << /XObject << /I 5 0 R >> >>";
    let pdf = page(entries, stream("", b"9 0 0 9 9 9 cm /I Do"), &[image]);
    std::fs::write(house.path("gap.pdf"), pdf).expect("written");
    for (name, renderer) in [("a.pdf", "hayro"), ("gap.pdf", "pdftoppm")] {
        let report = house.expect(["preview", name, "-o", "x.png", "--json", "--force"]);
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["renderer"], renderer, "{report:#}");
    }
}

fn read(house: &House, name: &str) -> Picture {
    let png = std::fs::read(house.path(name)).expect("a picture");
    Picture::from_png(&png, 25_000_000).expect("a PNG")
}
