//! A page that shows an appearance, and programs that look at it.
#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::disallowed_methods, reason = "tests write what other programs judge")]

use std::path::{Path, PathBuf};

use kyso_appearance::{Appearance, Colors, Moment, Values, write_file};
use kyso_pades::{NewObject, Piece};
use kyso_testkit::peer::run;

/// A page of a size with the appearance at a place.
pub(crate) fn page(appearance: &Appearance, size: (f64, f64), place: (f64, f64)) -> Vec<u8> {
    page_of(&[(appearance, place)], size)
}

/// A page of a size with appearances at their places, one over the other.
pub(crate) fn page_of(
    appearances: &[(&Appearance, (f64, f64))],
    (width, height): (f64, f64),
) -> Vec<u8> {
    let raw = |text: &str| Piece::Raw(text.as_bytes().to_vec());
    let value = |pieces| NewObject { pieces, stream: None };
    let mut objects = Vec::new();
    let mut resources = vec![raw(" /Resources << /XObject <<")];
    let mut content = String::new();
    for (index, (appearance, (x, y))) in appearances.iter().enumerate() {
        let at = objects.len();
        resources.extend([raw(&format!(" /A{index} ")), Piece::Reference(at)]);
        content.push_str(&format!("q 1 0 0 1 {x} {y} cm /A{index} Do Q\n"));
        // The appearance's references count from its own first object.
        objects.extend(appearance.objects.iter().cloned().map(|mut object| {
            for piece in &mut object.pieces {
                if let Piece::Reference(to) = piece {
                    *to += at;
                }
            }
            object
        }));
    }
    let first = objects.len();
    let mut page = vec![
        raw("<< /Type /Page /Parent "),
        Piece::Reference(first + 1),
        raw(&format!(" /MediaBox [0 0 {width} {height}] /Contents ")),
        Piece::Reference(first + 3),
    ];
    page.append(&mut resources);
    page.push(raw(" >> >> >>"));
    objects.extend([
        value(vec![raw("<< /Type /Catalog /Pages "), Piece::Reference(first + 1), raw(" >>")]),
        value(vec![
            raw("<< /Type /Pages /Count 1 /Kids ["),
            Piece::Reference(first + 2),
            raw("] >>"),
        ]),
        value(page),
        NewObject { pieces: vec![raw("<< >>")], stream: Some(content.into_bytes()) },
    ]);
    write_file(&objects, first, None)
}

/// A page just large enough, with a margin of 10 points.
pub(crate) fn tight(appearance: &Appearance) -> Vec<u8> {
    let (width, height) = appearance.size;
    page(appearance, (width + 20.0, height + 20.0), (10.0, 10.0))
}

/// Writes a file and has qpdf judge it.
pub(crate) fn checked(folder: &Path, name: &str, file: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, file).expect("a file in the test's own folder");
    let verdict = run("qpdf", [Path::new("--check"), &path]);
    assert!(verdict.success, "{name}: {}{}", verdict.text(), verdict.stderr);
    path
}

/// The text that pdftotext finds.
pub(crate) fn text_of(path: &Path) -> String {
    let layout = ["-enc", "UTF-8", "-raw"].map(Path::new);
    let verdict = run("pdftotext", [layout.as_slice(), &[path, Path::new("-")]].concat());
    String::from_utf8(verdict.expect_success()).expect("UTF-8 as asked")
}

/// Words apart by single spaces.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Values of a leader in Vietnam.
pub(crate) fn values() -> Values<'static> {
    let time = kyso_x509::Time::from_unix_seconds(1_772_386_205);
    let moment = Moment::new(time, Moment::VIETNAM);
    Values {
        signer: Some("Hà Văn Tý"),
        email: Some("hvty@quangngai.gov.vn"),
        organization: Some("ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI"),
        unit: Some("Văn phòng"),
        time: moment,
        date: moment,
        number: Some("123/UBND-NC"),
        ..Values::default()
    }
}

/// Device colours.
pub(crate) const DEVICE: Colors = Colors::Device;

/// Keeps a file to look at, where `KYSO_LOOK` names a folder.
pub(crate) fn keep(path: &Path) {
    if let (Some(folder), Some(name)) = (std::env::var_os("KYSO_LOOK"), path.file_name()) {
        std::fs::copy(path, Path::new(&folder).join(name)).expect("a folder to keep files in");
    }
}

/// Red, green and blue at a place, in pixels of 72 dpi from the upper left corner.
pub(crate) fn pixel(path: &Path, x: usize, y: usize) -> [u8; 3] {
    let picture = rendered(path, "72");
    let at = 3 * (y * picture.width + x);
    [picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]]
}

/// A page as pdftoppm draws it.
pub(crate) struct Rendered {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

pub(crate) fn rendered(path: &Path, dpi: &str) -> Rendered {
    let root = path.with_extension("");
    let options = ["-png", "-singlefile", "-r", dpi].map(Path::new);
    run("pdftoppm", [options.as_slice(), &[path, &root]].concat()).expect_success();
    let file = std::fs::read(root.with_extension("png")).expect("the picture");
    png_rgb(&file)
}

/// An RGB picture of 8 bits.
pub(crate) fn png_rgb(file: &[u8]) -> Rendered {
    let decoder = png::Decoder::new(std::io::Cursor::new(file));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut rgb = vec![0; reader.output_buffer_size().expect("a small picture")];
    let frame = reader.next_frame(&mut rgb).expect("a whole PNG");
    assert_eq!(frame.color_type, png::ColorType::Rgb);
    let (width, height) = (frame.width as usize, frame.height as usize);
    Rendered { width, height, rgb }
}
