//! Pages made for the preview's tests, and pictures compared.

#![allow(dead_code, reason = "each test file uses a part")]

use std::ffi::OsString;
use std::io::Cursor;
use std::path::Path;

use kyso_preview::{Limits, Order, Picture, Preview, PreviewError, Renderer, worker};

/// A PDF of these objects: the first is the catalog.
pub(crate) fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    let trailer = format!(
        "{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend_from_slice(trailer.as_bytes());
    file
}

/// A stream object; `entries` go beside its length.
pub(crate) fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
    object.extend_from_slice(data);
    object.extend_from_slice(b"\nendstream");
    object
}

/// One page with these entries (object 3) and content (object 4); further objects from 5 on.
pub(crate) fn page(entries: &str, content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R {entries} >>").into_bytes(),
        content,
    ];
    objects.extend_from_slice(more);
    document(&objects)
}

/// The built program as renderer, with limits of one's own.
pub(crate) fn renderer(limits: Limits, fallback: Option<&Path>) -> Renderer {
    Renderer {
        program: env!("CARGO_BIN_EXE_kyso").into(),
        arguments: vec![OsString::from(worker::COMMAND)],
        fallback: fallback.map(Path::to_path_buf),
        limits,
    }
}

/// Draws a page at 96 dpi with the limits that people get.
pub(crate) fn draw(pdf: &[u8], page: usize) -> Result<Preview, PreviewError> {
    draw_with(&renderer(Limits::standard(), None), pdf, page)
}

/// Draws a page at 96 dpi.
pub(crate) fn draw_with(
    renderer: &Renderer,
    pdf: &[u8],
    page: usize,
) -> Result<Preview, PreviewError> {
    renderer.draw(&mut Cursor::new(pdf), &Order { page, dpi: 96.0, password: None })
}

/// The page by pdftoppm at 96 dpi.
pub(crate) fn by_pdftoppm(pdf: &Path, page: usize, user_unit: f64) -> Picture {
    let (number, resolution) = ((page + 1).to_string(), (96.0 * user_unit).to_string());
    let path = pdf.to_str().expect("UTF-8");
    let arguments =
        ["-png", "-cropbox", "-singlefile", "-f", &number, "-l", &number, "-r", &resolution, path];
    let png = kyso_testkit::peer::run("pdftoppm", arguments);
    Picture::from_png(&png.expect_success(), u32::MAX / 16).expect("a PNG")
}

/// Side of the blocks in which pictures are compared: renderers place and smooth a letter's edges differently by up to a
/// pixel.
const BLOCK: u32 = 4;

/// Mean difference of two pictures' blocks, of 255; and how far the second is from white.
pub(crate) fn difference(one: &Picture, other: &Picture) -> (f64, f64) {
    let sizes = [(one.width(), one.height()), (other.width(), other.height())];
    let [(width, height), other_size] = sizes;
    assert!(width.abs_diff(other_size.0) <= 1 && height.abs_diff(other_size.1) <= 1, "{sizes:?}");
    let (across, down) = (width.min(other_size.0) / BLOCK, height.min(other_size.1) / BLOCK);
    let (mut sum, mut ink) = (0.0, 0.0);
    for (x, y) in (0..down).flat_map(|y| (0..across).map(move |x| (x, y))) {
        let (ours, theirs) = (block(one, x, y), block(other, x, y));
        for (a, b) in ours.into_iter().zip(theirs) {
            sum += (a - b).abs();
            ink += 255.0 - b;
        }
    }
    let count = f64::from(across * down * 3);
    (sum / count, ink / count)
}

fn block(picture: &Picture, x: u32, y: u32) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for (dx, dy) in (0..BLOCK).flat_map(|dy| (0..BLOCK).map(move |dx| (dx, dy))) {
        let pixel = picture.pixel(x * BLOCK + dx, y * BLOCK + dy).expect("a pixel");
        for (sum, value) in sums.iter_mut().zip(pixel.0) {
            *sum += f64::from(value) / f64::from(BLOCK * BLOCK);
        }
    }
    sums
}

/// Command lines of processes that have this text in theirs.
pub(crate) fn processes_with(mark: &str) -> Vec<String> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let lines = all.filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(mark)).collect()
}
