//! Signatures that a page shows: each profile, each way to place one, what a form demands, what is refused and why.

mod house;

use std::path::{Path, PathBuf};

use house::{House, text};
use kyso_pades::{Document, Limits, Rectangle};
use kyso_testkit::peer::{self, pdfsig, pyhanko};
use serde_json::Value;

const POINTS: f64 = 72.0 / 25.4;

fn vector(name: &str) -> String {
    kyso_test_vectors::path(name).to_str().expect("UTF-8").to_owned()
}

/// A desk with one token.
struct Visible {
    house: House,
    uri: String,
}

impl Visible {
    fn new() -> Self {
        let house = House::new();
        let uri = house.token("t", "p256", &house.profile());
        Self { house, uri }
    }

    fn arguments<'a>(&'a self, from: &'a str, to: &'a str, options: &[&'a str]) -> Vec<&'a str> {
        let head = ["sign", "--json", "--direct", "--credential", &self.uri, from, "-o", to];
        [&head[..], options].concat()
    }

    #[track_caller]
    fn sign(&self, from: &str, to: &str, options: &[&str]) {
        self.house.expect(self.arguments(from, to, options));
    }

    /// The error's code, in both languages; nothing is written.
    #[track_caller]
    fn refused(&self, from: &str, options: &[&str]) -> Value {
        let mut found = Vec::new();
        for lang in ["vi", "en"] {
            let out = format!("refused-{lang}.pdf");
            let all = [&self.arguments(from, &out, options)[..], &["--lang", lang]].concat();
            let output = self.house.kyso(all);
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
            let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            // What is wrong with the options is said before there is a report.
            let error = match &json["error"] {
                Value::Null => json["signed"][0]["error"].clone(),
                error => error.clone(),
            };
            for part in ["what", "why", "what_to_do"] {
                assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{said}");
            }
            assert!(!self.house.path(&out).exists(), "{options:?}: nothing is written");
            found.push(error);
        }
        assert_eq!(found[0]["code"], found[1]["code"]);
        assert_ne!(found[0]["what"], found[1]["what"], "each language has its own words");
        assert_ne!(found[0]["what_to_do"], found[1]["what_to_do"]);
        let why = found[0]["why"].as_str().unwrap_or_default();
        let english = [" the ", "there is", " does not ", "is given"];
        assert!(!english.iter().any(|word| why.contains(word)), "no Vietnamese: {why}");
        found.swap_remove(1)
    }

    #[track_caller]
    fn refused_as(&self, from: &str, options: &[&str], code: &str) -> Value {
        let error = self.refused(from, options);
        assert_eq!(error["code"], code, "{options:?}: {error:#}");
        error
    }

    /// qpdf, pdfsig, pyHanko and this program agree.
    #[track_caller]
    fn accepted(&self, name: &str, signatures: usize) {
        let path = self.house.path(name);
        let checked = peer::run("qpdf", [Path::new("--check"), &path]);
        assert!(checked.success, "{name}: qpdf: {}{}", checked.text(), checked.stderr);
        let mut seen = pdfsig::pdfsig(&path);
        seen.retain(|one| !one.lines.iter().any(|line| line.ends_with("is not signed.")));
        assert_eq!(seen.len(), signatures, "{name}: {seen:?}");
        assert!(seen.iter().all(|one| one.valid), "{name}: {seen:?}");
        assert!(seen.iter().any(|one| one.total_document), "{name}: {seen:?}");
        let said = pyhanko::validate(&path, &self.house.path("root.pem"))
            .unwrap_or_else(|complaint| panic!("{name}: pyHanko: {complaint}"));
        assert_eq!(said.len(), signatures, "{name}");
        for one in said {
            assert!(one.intact && one.valid && one.trusted && one.bottom_line, "{name}: {one:?}");
        }
        let output = self.house.kyso(["verify", "--policy", "integrity-only", name]);
        let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{name}: {all}");
    }

    /// Page and rectangle of a field in visible coordinates, and the page's visible height.
    #[track_caller]
    fn place(&self, name: &str, field: &str) -> (usize, Rectangle, f64) {
        let bytes = std::fs::read(self.house.path(name)).expect("a signed file");
        let mut document =
            Document::open(std::io::Cursor::new(bytes), Limits::standard()).expect("a PDF");
        let place = document.field_place(field).expect("its widget");
        let height = document.page_geometry(place.page).expect("a page").visible_size().1;
        (place.page, place.rect.expect("an area"), height)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.house.path(name);
        std::fs::write(&path, bytes).expect("a file of the desk");
        path
    }
}

#[track_caller]
fn assert_near(found: Rectangle, wanted: Rectangle, what: &str) {
    let differences = [
        found.left - wanted.left,
        found.bottom - wanted.bottom,
        found.right - wanted.right,
        found.top - wanted.top,
    ];
    // Coordinates are written with a few decimals.
    assert!(differences.iter().all(|one| one.abs() < 0.02), "{what}: {found:?}, not {wanted:?}");
}

/// The rectangle that LEFT,TOP,WIDTH,HEIGHT in millimetres mean on a page of this height.
fn measured([left, top, width, height]: [f64; 4], page: f64) -> Rectangle {
    let (left, upper) = (left * POINTS, page - top * POINTS);
    Rectangle { left, bottom: upper - height * POINTS, right: left + width * POINTS, top: upper }
}

/// A PDF of numbered objects, the first the catalog.
fn pdf(objects: &[String]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let (start, size) = (file.len(), objects.len() + 1);
    table += &format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.extend(table.bytes());
    file
}

fn stream(entries: &str, data: &str) -> String {
    format!("<< {entries} /Length {} >>\nstream\n{data}\nendstream", data.len())
}

/// A blank page with these entries.
fn blank(page: &str) -> Vec<u8> {
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R /Resources << >> {page} >>"),
    ])
}

/// A form with a text field and signature fields of these names and further entries.
fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let numbers: Vec<String> = (0..=fields.len()).map(|n| format!("{} 0 R", n + 4)).collect();
    let numbers = numbers.join(" ");
    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{numbers}] >> >>"),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Annots [{numbers}] >>"),
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (note) /V (a) /Rect [300 50 500 140] /F 4 /P 3 0 R >>".to_owned(),
    ];
    for (index, (name, entries)) in fields.iter().enumerate() {
        let bottom = 700 - 120 * index;
        let top = bottom + 90;
        objects.push(format!(
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T ({name}) /F 4 /P 3 0 R /Rect [60 {bottom} 260 {top}] {entries} >>"
        ));
    }
    pdf(&objects)
}

/// Words of the first page in order, without line breaks.
fn words(path: &Path) -> String {
    let out = peer::run("pdftotext", [Path::new("-layout"), path, Path::new("-")]);
    text(&out.expect_success()).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_profile_is_accepted_and_its_words_are_found() {
    let desk = Visible::new();
    let letter = vector("pdf/cong-van.pdf");
    let (leader, seal) = (vector("appearance/leader.png"), vector("appearance/seal.png"));
    let agency = "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI";
    let profiles: [(&str, &[&str], &[&str]); 9] = [
        ("leader", &["--picture", &leader, "--signer-title", "chủ tịch"], &[]),
        ("seal", &["--picture", &seal, "--at", "90,80"], &[]),
        ("copy", &["--form", "sao-y"], &["SAO Y", "+07:00"]),
        ("attachment", &["--number", "12/UBND-VP"], &["12/UBND-VP", "+07:00"]),
        (
            "income",
            &["--number", "345", "--date", "2026-03-01", "--at", "top-left"],
            &["ĐẾN", "Số: 345", "Ngày: 01"],
        ),
        (
            "comment",
            &["--note", "Đề nghị sửa Điều 3", "--rect", "20,200,80,40"],
            &["Đề nghị sửa Điều 3", "Hà Văn Tý"],
        ),
        (
            "number-and-date",
            &["--number", "77/QĐ-UBND", "--date", "2026-03-01", "--at", "30,150"],
            &["Số: 77/QĐ-UBND", "ngày 01 tháng 3 năm 2026"],
        ),
        ("free", &["--at", "20,200"], &["Ký bởi: Hà Văn Tý", "Thời gian ký:", agency]),
        (
            "free",
            &["--picture", &leader, "--text", "{signer}\n{reason}", "--rect", "20,200,80,30"],
            &["Hà Văn Tý", "Ban hành nghị quyết"],
        ),
    ];
    for (index, (profile, options, wanted)) in profiles.into_iter().enumerate() {
        let name = format!("{index}-{profile}.pdf");
        let head = ["--visible", profile, "--reason", "Ban hành nghị quyết", "--field", "Chu ky"];
        let output = desk
            .house
            .command(desk.arguments(&letter, &name, &[&head, options].concat()))
            .env("TZ", "Asia/Ho_Chi_Minh")
            .output()
            .expect("kyso runs");
        assert!(output.status.success(), "{name}: {}", text(&output.stdout));
        desk.accepted(&name, 1);
        let words = words(&desk.house.path(&name));
        for wanted in wanted {
            assert!(words.contains(wanted), "{name}: {wanted:?} is not in {words}");
        }
        let (page, ..) = desk.place(&name, "Chu ky");
        assert_eq!(page, 0);
    }
}

#[test]
fn the_rectangle_stands_where_it_was_asked_for_on_every_page() {
    let desk = Visible::new();
    let rect = [20.0, 30.0, 60.0, 20.0];
    let crop = "/MediaBox [-40 -30 700 900] /CropBox [10 20 560 810]";
    let mut pages: Vec<String> = Vec::new();
    for turn in [0, 90, 180, 270, -90, 450] {
        pages.push(format!("/MediaBox [0 0 595 842] /Rotate {turn}"));
        pages.push(format!("{crop} /Rotate {turn}"));
    }
    pages.push("/MediaBox [0 0 297.5 421] /UserUnit 2".to_owned());
    pages.push(
        "/MediaBox [10 10 300 421] /CropBox [20 50 290 400] /Rotate 90 /UserUnit 2".to_owned(),
    );
    let picture = vector("appearance/baseline.jpg");
    for (index, page) in pages.iter().enumerate() {
        desk.write("page.pdf", &blank(page));
        let name = format!("{index}.pdf");
        let options =
            ["--visible", "free", "--picture", &picture, "--rect", "20,30,60,20", "--field", "S"];
        desk.sign("page.pdf", &name, &options);
        let (_, found, height) = desk.place(&name, "S");
        let wanted = measured(rect, height);
        assert_near(found, wanted, page);
        let (ink, _) = ink(&desk, &name, height);
        assert!(
            ink.left >= wanted.left - 1.5
                && ink.right <= wanted.right + 1.5
                && ink.bottom >= wanted.bottom - 1.5
                && ink.top <= wanted.top + 1.5,
            "{page}: ink at {ink:?}, not within {wanted:?}"
        );
        // The picture is square and fits the room's height, so it stands upright and unsquashed, whatever the page's turn.
        assert!((ink.width() - ink.height()).abs() < 4.0, "{page}: {ink:?}");
        assert!((ink.height() - wanted.height()).abs() < 4.0, "{page}: {ink:?}");
    }
    desk.accepted("3.pdf", 1);
}

/// Bounds of what is not white on the first page, in visible coordinates, and the page's size in pixels.
fn ink(desk: &Visible, name: &str, height: f64) -> (Rectangle, (usize, usize)) {
    let pixels = format!("{}", height.round());
    let path = desk.house.path(name);
    let path = path.to_str().expect("UTF-8");
    let arguments =
        ["-gray", "-cropbox", "-scale-to-x", "-1", "-scale-to-y", &pixels, "-singlefile", path];
    let picture = peer::run("pdftoppm", arguments).expect_success();
    let (size, data) = pgm(&picture);
    let (width, rows) = size;
    let mut bounds = (usize::MAX, usize::MAX, 0, 0);
    for (index, value) in data.iter().enumerate() {
        if *value < 250 {
            let (x, y) = (index % width, index / width);
            bounds = (bounds.0.min(x), bounds.1.min(y), bounds.2.max(x + 1), bounds.3.max(y + 1));
        }
    }
    let scale = height / rows as f64;
    let at = |pixel: usize| pixel as f64 * scale;
    let rect = Rectangle {
        left: at(bounds.0),
        top: height - at(bounds.1),
        right: at(bounds.2),
        bottom: height - at(bounds.3),
    };
    (rect, size)
}

/// Size and samples of a binary PGM.
fn pgm(file: &[u8]) -> ((usize, usize), &[u8]) {
    let mut at = 0;
    let mut fields = Vec::new();
    while fields.len() < 4 {
        let end = at + file[at..].iter().position(u8::is_ascii_whitespace).expect("a header");
        fields.push(text(&file[at..end]));
        at = end + 1;
    }
    assert_eq!((fields[0].as_str(), fields[3].as_str()), ("P5", "255"));
    let size = (fields[1].parse().expect("a width"), fields[2].parse().expect("a height"));
    (size, &file[at..])
}

#[test]
fn the_seal_covers_the_left_third_of_the_leaders_picture_in_its_real_size() {
    let desk = Visible::new();
    let (leader, seal) = (vector("appearance/leader.png"), vector("appearance/seal.png"));
    let letter = vector("pdf/cong-van.pdf");
    let at_the_leader =
        ["--visible", "leader", "--picture", &leader, "--signer-title", "CHỦ TỊCH", "--field", "L"];
    desk.sign(&letter, "leader.pdf", &at_the_leader);
    let as_seal = ["--visible", "seal", "--picture", &seal, "--field", "D"];
    desk.sign("leader.pdf", "sealed.pdf", &as_seal);
    desk.accepted("sealed.pdf", 2);
    let (_, leader, height) = desk.place("sealed.pdf", "L");
    let (_, seal, _) = desk.place("sealed.pdf", "D");
    // 434 pixels at 300 dpi.
    assert!((seal.width() - 434.0 / 300.0 * 72.0).abs() < 0.02, "{seal:?}");
    assert!((seal.width() - seal.height()).abs() < 0.02, "{seal:?}");
    let overlap = (seal.right - leader.left) / leader.width();
    assert!((overlap - 1.0 / 3.0).abs() < 0.001, "{overlap}");
    let middle = |rect: &Rectangle| f64::midpoint(rect.bottom, rect.top);
    assert!((middle(&seal) - middle(&leader)).abs() < 0.02);
    // The title's line ends and the name's begins, measured by pdftotext, around the middle of the leader's picture.
    let bbox = peer::run("pdftotext", ["-bbox", &letter, "-"]).expect_success();
    let bbox = text(&bbox);
    let number = |word: &str, key: &str| -> f64 {
        let line = bbox.lines().rfind(|line| line.contains(&format!(">{word}<"))).expect("a word");
        let value = line.split(&format!("{key}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.expect("a coordinate").parse().expect("a number")
    };
    let (title, name) = (height - number("TỊCH", "yMax"), height - number("Tý", "yMin"));
    assert!(
        (middle(&leader) - f64::midpoint(title, name)).abs() < 3.0,
        "{leader:?}: between {title} and {name}"
    );
    // The picture is 80.3 points high, the lines are closer: it is made smaller and hides neither.
    assert!(leader.top <= title + 0.5 && leader.bottom >= name - 0.5, "{leader:?}: {title} {name}");
    let centre = f64::midpoint(number("Hà", "xMin"), number("Tý", "xMax"));
    assert!((f64::midpoint(leader.left, leader.right) - centre).abs() < 3.0, "{leader:?}");
}

#[test]
fn the_signers_name_alone_finds_the_place_and_what_is_found_is_told() {
    let desk = Visible::new();
    let leader = vector("appearance/leader.png");
    let letter = vector("pdf/cong-van.pdf");
    let head = ["--visible", "leader", "--picture", &leader];
    desk.sign(&letter, "name.pdf", &[&head[..], &["--field", "L"]].concat());
    let (_, rect, height) = desk.place("name.pdf", "L");
    assert!(height - rect.top > 200.0 && height - rect.bottom < 350.0, "{rect:?}");
    let wrong = [&head[..], &["--signer-title", "BÍ THƯ"]].concat();
    let error = desk.refused_as(&letter, &wrong, "no-signature-block");
    let why = error["why"].as_str().unwrap_or_default();
    for part in ["“BÍ THƯ”", "there is only name “Hà Văn Tý” (page 1, 144 mm from the left"]
    {
        assert!(why.contains(part), "{why}");
    }
    let nobody = [&head[..], &["--signer-name", "Nguyễn Văn Không"]].concat();
    desk.refused_as(&letter, &nobody, "no-signature-block");
    desk.house.pdf("plain.pdf");
    desk.refused_as("plain.pdf", &head, "no-signature-block");
}

/// Left edge, baseline and text.
type Line<'a> = (u32, u32, &'a str);

/// A page of lines in a standard font.
fn letter(lines: &[Line<'_>]) -> Vec<u8> {
    let content: String = lines
        .iter()
        .map(|(x, y, text)| format!("BT /F 12 Tf {x} {y} Td ({text}) Tj ET\n"))
        .collect();
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_owned(),
        stream("", &content),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ])
}

#[test]
fn of_none_or_several_places_each_is_told_where_it_is() {
    let desk = Visible::new();
    let leader = vector("appearance/leader.png");
    // The certificate's name is Hà Văn Tý; the page is written without diacritics.
    let pages: [(&str, &[Line<'_>]); 2] = [
        (
            "twins.pdf",
            &[
                (80, 300, "GIAM DOC"),
                (360, 300, "GIAM DOC"),
                (80, 200, "Ha Van Ty"),
                (360, 200, "Ha Van Ty"),
            ],
        ),
        ("mentions.pdf", &[(80, 500, "Giao ong Ha Van Ty thuc hien."), (360, 300, "GIAM DOC")]),
    ];
    for (name, lines) in pages {
        desk.write(name, &letter(lines));
    }
    let options = ["--visible", "leader", "--picture", &leader, "--signer-title", "Giám đốc"];
    let shown = |name: &str, lang: &str| {
        let all = [&desk.arguments(name, "out.pdf", &options)[..], &["--lang", lang]].concat();
        let output = desk.house.kyso(all);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let error = json["signed"][0]["error"].clone();
        (error["code"].clone(), error["why"].as_str().unwrap_or_default().to_owned())
    };
    let (code, english) = shown("twins.pdf", "en");
    assert_eq!(code, "several-signature-blocks");
    assert_eq!(
        english,
        "for title “Giám đốc” above name “Hà Văn Tý” there is \
         name “Ha Van Ty” (page 1, 28 mm from the left, 222 mm from the top); \
         name “Ha Van Ty” (page 1, 127 mm from the left, 222 mm from the top)"
    );
    let (_, vietnamese) = shown("twins.pdf", "vi");
    assert_eq!(
        vietnamese,
        "tìm chức danh “Giám đốc” ở trên họ tên “Hà Văn Tý”, thấy \
         họ tên “Ha Van Ty” (trang 1, cách mép trái 28 mm, cách mép trên 222 mm); \
         họ tên “Ha Van Ty” (trang 1, cách mép trái 127 mm, cách mép trên 222 mm)"
    );
    let (code, english) = shown("mentions.pdf", "en");
    assert_eq!(code, "no-signature-block");
    for part in ["title “GIAM DOC” (page 1, 127 mm", "name “Giao ong Ha Van Ty thuc hien.” (page 1"]
    {
        assert!(english.contains(part), "{english}");
    }
    let (_, vietnamese) = shown("mentions.pdf", "vi");
    for part in ["chức danh “GIAM DOC” (trang 1, cách mép trái 127 mm", "chỉ thấy"] {
        assert!(vietnamese.contains(part), "{vietnamese}");
    }
}

/// A blank page that says it is PDF/A of a part, with or without an output profile for RGB.
fn pdf_a(part: u8, intent: bool) -> Vec<u8> {
    let metadata = format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" \
         pdfaid:part=\"{part}\" pdfaid:conformance=\"B\"/></rdf:RDF></x:xmpmeta>"
    );
    let intents = if intent { "/OutputIntents [5 0 R]" } else { "" };
    pdf(&[
        format!("<< /Type /Catalog /Pages 2 0 R /Metadata 4 0 R {intents} >>"),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>".to_owned(),
        stream("/Type /Metadata /Subtype /XML", &metadata),
        "<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /DestOutputProfile 6 0 R >>"
            .to_owned(),
        // Only the number of its components is looked at.
        stream("/N 3", "profile"),
    ])
}

#[test]
fn nothing_is_added_to_pdf_a_that_its_part_forbids() {
    let desk = Visible::new();
    let (soft, opaque) = (vector("appearance/seal.png"), vector("appearance/baseline.jpg"));
    for (part, intent, alpha) in
        [(1, true, false), (1, false, false), (2, true, true), (2, false, false)]
    {
        let name = format!("a{part}-{intent}.pdf");
        desk.write(&name, &pdf_a(part, intent));
        let options =
            |picture| ["--visible", "free", "--picture", picture, "--rect", "20,20,40,40"];
        if alpha {
            desk.sign(&name, &format!("soft-{name}"), &options(&soft));
        } else {
            desk.refused_as(&name, &options(&soft), "pdf-a-forbids");
        }
        desk.sign(&name, &format!("opaque-{name}"), &options(&opaque));
        desk.sign(&name, &format!("text-{name}"), &["--visible", "free", "--at", "20,20"]);
        desk.accepted(&format!("text-{name}"), 1);
    }
}

#[test]
fn existing_fields_are_filled_and_their_demands_met_or_refused() {
    let desk = Visible::new();
    let seeds = [
        ("Plain", ""),
        ("Sha512", "/SV << /Type /SV /Ff 64 /DigestMethod [(SHA512)] >>"),
        ("Reason", "/SV << /Type /SV /Ff 8 /Reasons [(Sao y)] >>"),
        ("Certify", "/SV << /Type /SV /MDP << /P 2 >> >>"),
        ("Stamped", "/SV << /Type /SV /TimeStamp << /URL (http://tsa.example/) /Ff 1 >> >>"),
        ("Other", "/SV << /Type /SV /Ff 1 /Filter /Other >>"),
    ];
    desk.write("form.pdf", &form(&seeds));
    let show = |field| ["--visible", "free", "--field", field];
    desk.sign("form.pdf", "plain.pdf", &show("Plain"));
    desk.accepted("plain.pdf", 1);
    let (_, rect, _) = desk.place("plain.pdf", "Plain");
    assert_near(rect, Rectangle { left: 60.0, bottom: 700.0, right: 260.0, top: 790.0 }, "kept");
    assert!(words(&desk.house.path("plain.pdf")).contains("Hà Văn Tý"));
    desk.refused_as("plain.pdf", &show("Plain"), "field-signed");
    desk.refused_as("form.pdf", &show("note"), "field-not-for-signatures");

    let demands: [(&str, &[&str], &str); 3] = [
        ("Sha512", &["--digest", "sha512"], "--digest"),
        ("Reason", &["--reason", "Sao y"], "--reason: Sao y"),
        ("Certify", &["--certify", "2"], "--certify 2"),
    ];
    for (field, options, remedy) in demands {
        let error = desk.refused_as("form.pdf", &show(field), "field-demands");
        let told = error["what_to_do"].as_str().unwrap_or_default().replace('`', "");
        assert!(told.contains(remedy), "{field}: {told}");
        let name = format!("{field}.pdf");
        desk.sign("form.pdf", &name, &[&show(field)[..], options].concat());
        desk.accepted(&name, 1);
    }
    let error = desk.refused_as("form.pdf", &show("Stamped"), "field-demands");
    assert!(error["what_to_do"].as_str().is_some_and(|told| told.contains("--level T --tsa http")));
    desk.refused_as("form.pdf", &show("Other"), "field-demands");
}

#[test]
fn certifications_and_locks_bind_who_signs_later() {
    let desk = Visible::new();
    desk.write("form.pdf", &form(&[("A", ""), ("B", ""), ("C", "")]));
    for permission in ["1", "2", "3"] {
        let name = format!("certified-{permission}.pdf");
        desk.sign(
            "form.pdf",
            &name,
            &["--visible", "free", "--field", "A", "--certify", permission],
        );
        desk.accepted(&name, 1);
        let next = ["--visible", "free", "--field", "B"];
        if permission == "1" {
            desk.refused_as(&name, &next, "pdf-certified");
            continue;
        }
        let twice = format!("twice-{permission}.pdf");
        desk.sign(&name, &twice, &next);
        desk.accepted(&twice, 2);
        let again = [&next[..], &["--certify", "2"]].concat();
        desk.refused_as(&name, &again, "certification-not-first");
    }
    // A new field tells what it locks; the fields of the form say so themselves.
    let locks: [(&str, &[&str], &[&str]); 3] = [
        ("all", &["A", "B", "C"], &[]),
        ("only:A,C", &["A", "C"], &["B"]),
        ("but:A", &["B", "C"], &["A"]),
    ];
    for (lock, locked, open) in locks {
        let options = ["--visible", "free", "--field", "New", "--at", "120,250", "--lock", lock];
        let name = format!("locked-{}.pdf", lock.replace([':', ','], "-"));
        desk.sign("form.pdf", &name, &options);
        desk.accepted(&name, 1);
        for field in locked {
            desk.refused_as(&name, &["--visible", "free", "--field", field], "field-locked");
        }
        for field in open {
            let signed = format!("{field}-{name}");
            desk.sign(&name, &signed, &["--visible", "free", "--field", field]);
            desk.accepted(&signed, 2);
        }
    }
}

#[test]
fn bad_input_is_refused_in_three_parts_and_leaves_nothing() {
    let desk = Visible::new();
    desk.house.pdf("plain.pdf");
    desk.write("small.pdf", &blank("/MediaBox [0 0 90 90]"));
    desk.write("text.png", b"this is no picture");
    desk.write("cut.png", &kyso_test_vectors::bytes("appearance/seal.png")[..900]);
    let seal = vector("appearance/seal.png");
    let none = vector("appearance/cmyk.jpg");
    let cases: [(&str, &[&str], &str); 17] = [
        ("plain.pdf", &["--visible", "stamp"], "unknown-profile"),
        ("plain.pdf", &["--visible", "seal"], "not-visible"),
        ("plain.pdf", &["--visible", "seal", "--picture", "absent.png"], "picture-unreadable"),
        ("plain.pdf", &["--visible", "seal", "--picture", "text.png"], "picture-refused"),
        ("plain.pdf", &["--visible", "seal", "--picture", "cut.png"], "picture-refused"),
        ("plain.pdf", &["--visible", "seal", "--at", "9,9", "--picture", &none], "picture-refused"),
        ("plain.pdf", &["--visible", "seal", "--picture", &seal], "no-leader"),
        (
            "small.pdf",
            &["--visible", "seal", "--at", "0,0", "--picture", &seal],
            "larger-than-page",
        ),
        ("plain.pdf", &["--visible", "free", "--at", "9,9", "--text", "ký 😀"], "not-visible"),
        ("plain.pdf", &["--visible", "free", "--at", "9,9", "--text", "{who}"], "text-refused"),
        ("plain.pdf", &["--visible", "attachment"], "text-refused"),
        ("plain.pdf", &["--visible", "free"], "no-place"),
        ("plain.pdf", &["--visible", "free", "--at", "middle"], "place-malformed"),
        ("plain.pdf", &["--visible", "free", "--rect", "1,2,-3,4"], "place-malformed"),
        ("plain.pdf", &["--visible", "copy", "--date", "2026-02-30"], "date-malformed"),
        ("plain.pdf", &["--lock", "some"], "lock-malformed"),
        (
            "plain.pdf",
            &["--visible", "free", "--at", "9,9", "--field", "a.b"],
            "field-name-refused",
        ),
    ];
    for (file, options, code) in cases {
        desk.refused_as(file, options, code);
    }
    let beyond = ["--visible", "free", "--at", "9,9", "--page", "4"];
    let error = desk.refused_as("plain.pdf", &beyond, "page-not-there");
    let told = format!("{} {}", error["why"], error["what_to_do"]);
    assert!(told.contains("page 4") && told.contains("document has 1") && told.contains("--page"));
}

/// A JPEG whose camera noted that it lies on its side (Exif orientation 6).
fn tilted() -> Vec<u8> {
    let upright = kyso_test_vectors::bytes("appearance/baseline.jpg");
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
    [&upright[..2], &[0xff, 0xe1], &length, exif, &upright[2..]].concat()
}

#[test]
fn a_clerk_in_a_hurry_is_told_what_to_do() {
    let desk = Visible::new();
    desk.house.pdf("plain.pdf");
    desk.write("notes.txt", b"no pages");
    desk.write("tilted.jpg", &tilted());
    // A photograph by its name, which says nothing.
    desk.write("photo.png", &kyso_test_vectors::bytes("appearance/baseline.jpg"));
    let mut large = kyso_test_vectors::bytes("appearance/seal.png");
    large.resize(40 << 20, 0);
    desk.write("large.png", &large);
    let leader = vector("appearance/leader.png");
    let at = ["--visible", "free", "--at", "9,9"];
    let with = |more: &[&'static str]| [&at[..], more].concat();
    let cases: [(&str, &[&str], &str, &str, &str); 6] = [
        ("plain.pdf", &["--visible", "leader"], "not-visible", "none is kept", "appearance set"),
        ("plain.pdf", &with(&["--picture", "tilted.jpg"]), "picture-refused", "Exif", "turn it"),
        ("plain.pdf", &with(&["--picture", "large.png"]), "picture-refused", "8 MiB", "300 dpi"),
        ("notes.txt", &at, "visible-without-pages", "CAdES", "--visible"),
        ("plain.pdf", &with(&["--detached"]), "visible-without-pages", "CAdES", "--detached"),
        (
            "plain.pdf",
            &["--visible", "leader", "--page", "1", "--picture", &leader],
            "no-place",
            "--page",
            "--signer-title",
        ),
    ];
    for (file, options, code, why, remedy) in cases {
        let error = desk.refused_as(file, options, code);
        let told = |part: &str| error[part].as_str().unwrap_or_default().to_owned();
        assert!(told("why").contains(why), "{options:?}: {error:#}");
        assert!(told("what_to_do").contains(remedy), "{options:?}: {error:#}");
    }
    desk.sign("plain.pdf", "photo.pdf", &with(&["--picture", "photo.png"]));
}

#[test]
fn what_is_no_command_is_json_too_where_json_is_wanted() {
    let desk = Visible::new();
    let cases: [&[&str]; 5] = [
        &["sign", "--json", "--visble", "leader", "a.pdf"],
        &["sign", "--json", "--certify", "9", "a.pdf"],
        &["sign", "--json"],
        &["preview", "--json", "--page", "0", "-o", "a.png", "a.pdf"],
        &["appearance", "--json"],
    ];
    for arguments in cases {
        let mut whats = Vec::new();
        for lang in ["vi", "en"] {
            let output = desk.house.kyso([arguments, &["--lang", lang]].concat());
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
            let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(json["error"]["code"], "usage", "{json:#}");
            for part in ["what", "why", "what_to_do"] {
                assert!(json["error"][part].as_str().is_some_and(|text| !text.is_empty()));
            }
            whats.push(json["error"]["what"].clone());
        }
        assert_ne!(whats[0], whats[1]);
    }
    let others: [&[&str]; 3] = [
        &["preview", "--json", "none.pdf", "-o", "a.png"],
        &["appearance", "set", "--json", "stamp"],
        &["appearance", "list", "--json", "--certificate", "none.pem"],
    ];
    for arguments in others {
        let output = desk.house.kyso(arguments);
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(json["error"]["code"].is_string() && json["error"]["what_to_do"].is_string());
    }
}

#[test]
fn what_is_kept_for_a_certificate_fills_what_the_options_leave_out() {
    let desk = Visible::new();
    let house = &desk.house;
    let (leader, letter) = (vector("appearance/leader.png"), vector("pdf/cong-van.pdf"));
    let credential = ["--credential", desk.uri.as_str(), "--json"];
    let appearance = |arguments: &[&str]| -> Value {
        let said = house.expect([&["appearance"], arguments, &credential].concat());
        serde_json::from_str(&said).expect("JSON")
    };
    assert_eq!(appearance(&["list"])["appearances"], serde_json::json!([]));
    let kept = appearance(&["set", "leader", "--picture", &leader, "--signer-title", "Chủ tịch"]);
    assert_eq!(kept["signer_title"], "Chủ tịch");
    let by_file =
        house.expect(["appearance", "show", "leader", "--certificate", "t.pem", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&by_file).expect("JSON"), kept);

    // Picture and anchors come from the store; options win over it.
    desk.sign(&letter, "kept.pdf", &["--visible", "leader", "--field", "L"]);
    desk.accepted("kept.pdf", 1);
    let (_, by_text, height) = desk.place("kept.pdf", "L");
    assert!(height - by_text.top > 200.0 && height - by_text.bottom < 350.0, "{by_text:?}");
    let asked = ["--visible", "leader", "--field", "L", "--rect", "20,230,70,30"];
    desk.sign(&letter, "asked.pdf", &asked);
    let wanted = measured([20.0, 230.0, 70.0, 30.0], height);
    assert_near(desk.place("asked.pdf", "L").1, wanted, "the option");

    // The last place by hand is kept, and stands where no anchor is.
    appearance(&["set", "free", "--text", "Người ký: {signer}", "--at", "20,40", "--page", "1"]);
    desk.sign(
        &letter,
        "first.pdf",
        &["--visible", "free", "--field", "F", "--rect", "100,200,80,20"],
    );
    assert_eq!(appearance(&["show", "free"])["rect"], "100,200,80,20");
    desk.sign(&letter, "second.pdf", &["--visible", "free"]);
    assert!(words(&house.path("second.pdf")).contains("Người ký: Hà Văn Tý"));
    let listed = appearance(&["list"]);
    assert_eq!(listed["appearances"].as_array().map(Vec::len), Some(2), "{listed:#}");

    appearance(&["remove", "free"]);
    desk.refused_as(&letter, &["--visible", "free"], "no-place");
    let gone = house.kyso([&["appearance", "show", "free"], &credential[..]].concat());
    assert_eq!(gone.status.code(), Some(2), "{}", text(&gone.stderr));
    let bad = house.kyso(["appearance", "set", "free", "--at", "middle", "--certificate", "t.pem"]);
    assert_eq!(bad.status.code(), Some(2), "{}", text(&bad.stderr));
}
