//! Pictures: what goes in comes out, and what cannot is named.

#![allow(clippy::disallowed_methods, reason = "a test may do I/O")]

mod page;
mod raw_png;

use std::io::Cursor;
use std::path::Path;

use kyso_appearance::{
    Area, Body, Colors, Design, DesignError, Picture, PictureError, PictureFormat, PictureLimits,
    PictureSize,
};
use kyso_test_vectors::bytes;
use kyso_testkit::peer::run;
use page::{checked, keep, tight};
use proptest::prelude::*;
use raw_png::{Kind, RawPng};

fn read(file: &[u8]) -> Result<Picture, PictureError> {
    Picture::read(file, &PictureLimits::standard())
}

fn design(picture: &Picture, colors: Colors) -> Design<'_> {
    let area = Area::Exact { width: 100.0, height: 100.0 };
    Design {
        body: Body::Picture(picture, PictureSize::Within),
        area,
        frame: None,
        qr: None,
        colors,
    }
}

/// Eight-bit samples of a PNG as its own decoder gives them.
fn decoded(file: &[u8]) -> (usize, Vec<u8>) {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let frame = reader.next_frame(&mut pixels).expect("a whole PNG");
    pixels.truncate(frame.buffer_size());
    (frame.color_type.samples(), pixels)
}

/// The images of a file, as pdfimages writes them.
fn images(folder: &Path, file: &Path) -> Vec<Vec<u8>> {
    let root = folder.join("image");
    run("pdfimages", [Path::new("-png"), file, &root]).expect_success();
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the test's own folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .collect();
    names.sort();
    names.iter().map(|name| std::fs::read(name).expect("a picture")).collect()
}

/// Colours as RGB and opacity of a PNG, and of what pdfimages found.
fn rgba(samples: usize, pixels: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let colors = if samples > 2 { 3 } else { 1 };
    let color = pixels.chunks(samples).flat_map(|pixel| match pixel[..colors] {
        [gray] => [gray; 3],
        [red, green, blue] => [red, green, blue],
        _ => unreachable!("one or three"),
    });
    let alpha = samples.is_multiple_of(2);
    let alpha = alpha.then(|| pixels.chunks(samples).map(|pixel| pixel[colors]).collect());
    (color.collect(), alpha)
}

fn any_png() -> impl Strategy<Value = RawPng> {
    let kinds = prop_oneof![
        (0u8..5).prop_map(|power| Kind::Gray(1 << power)),
        prop_oneof![Just(8u8), Just(16)].prop_map(Kind::Rgb),
        (0u8..4).prop_map(|power| Kind::Palette(1 << power)),
        prop_oneof![Just(8u8), Just(16)].prop_map(Kind::GrayAlpha),
        prop_oneof![Just(8u8), Just(16)].prop_map(Kind::Rgba),
    ];
    let alpha = prop_oneof![Just(None), Just(Some(false)), Just(Some(true))];
    (kinds, 1u32..20, 1u32..20, any::<bool>(), any::<bool>(), alpha, any::<u64>()).prop_map(
        |(kind, width, height, interlaced, transparent, hard, seed)| RawPng {
            kind,
            width,
            height,
            interlaced,
            transparent,
            hard_alpha: hard,
            seed,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever the kind of PNG, a reader of PDF sees the pixels that a reader of PNG sees.
    #[test]
    fn pixels_are_the_same(png in any_png()) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = png.write();
        let picture = read(&file).expect("a sound picture");
        prop_assert_eq!(picture.pixels(), (png.width, png.height));
        let appearance = design(&picture, Colors::Device).compose().expect("an appearance");
        let path = checked(folder.path(), "page.pdf", &tight(&appearance));
        let images = images(folder.path(), &path);
        let (samples, pixels) = decoded(&file);
        let (color, alpha) = rgba(samples, &pixels);
        let (found_samples, found) = decoded(&images[0]);
        prop_assert_eq!(rgba(found_samples, &found).0, color);
        let alpha = alpha.filter(|alpha| alpha.iter().any(|&value| value != 255));
        let soft = alpha.iter().flatten().any(|&value| !matches!(value, 0 | 255));
        prop_assert_eq!(appearance.uses_transparency(), soft);
        prop_assert_eq!(images.len(), if alpha.is_some() { 2 } else { 1 });
        if let Some(alpha) = alpha {
            let (samples, mask) = decoded(&images[1]);
            prop_assert_eq!(samples, 1);
            prop_assert_eq!(mask, alpha);
        }
    }

    /// A file cut short or altered gives an error or a picture, never a panic; cut short, always an error.
    #[test]
    fn damage_is_found(png in any_png(), cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
        let file = png.write();
        let short = &file[..cut.index(file.len())];
        let error = read(short).expect_err("a file cut short");
        prop_assert!(matches!(error, PictureError::Damaged(PictureFormat::Png) | PictureError::UnknownFormat));
        let mut altered = file.clone();
        altered[flip.index(file.len())] ^= 0x10;
        let _ = read(&altered);
    }
}

#[test]
fn jpegs_stand_as_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The name, whether CMYK, its real size where it says so.
    let density = Some((104.4, 104.4));
    let rows = [
        ("baseline", false, density),
        ("gray", false, density),
        ("progressive", false, density),
        ("cmyk", true, None),
        ("ycck", true, density),
    ];
    for (name, cmyk, size) in rows {
        let file = bytes(format!("appearance/{name}.jpg"));
        let picture = read(&file).expect("a sound picture");
        assert_eq!(picture.pixels(), (87, 87), "{name}");
        assert_eq!((picture.is_cmyk(), picture.is_translucent()), (cmyk, false), "{name}");
        assert_eq!(picture.real_size().ok(), size, "{name}");
        let appearance = design(&picture, Colors::Device).compose().expect("an appearance");
        let path = checked(folder.path(), &format!("{name}.pdf"), &tight(&appearance));
        keep(&path);
        // The middle of the star is red or dark, the ground beside it white: also where CMYK is told upside down. A JPEG
        // of so few pixels blurs, so the bounds are wide.
        let ([red, green, blue], ground) = (page::pixel(&path, 60, 60), page::pixel(&path, 60, 37));
        assert!(green < 130 && blue < 130, "{name}: {red} {green} {blue}");
        assert!(name == "gray" || red > green + 50, "{name}: {red} {green} {blue}");
        assert!(ground.iter().all(|&value| value > 220), "{name}: {ground:?}");
    }
}

#[test]
fn hard_edges_need_no_transparency() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // An opaque and a transparent pixel, both of the same red.
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[200, 0, 0, 255, 200, 0, 0, 0]).expect("two pixels");
    writer.finish().expect("an end");
    let picture = read(&file).expect("a sound picture");
    for colors in [Colors::Device, Colors::Calibrated] {
        let appearance = design(&picture, colors).compose().expect("an appearance");
        assert!(!appearance.uses_transparency());
        let path = checked(folder.path(), "page.pdf", &tight(&appearance));
        let [left, right] = [30, 90].map(|x| page::pixel(&path, x, 60));
        assert!(left[0].abs_diff(200) < 4 && left[1] < 40 && left[2] < 40, "{colors:?} {left:?}");
        assert_eq!(right, [255; 3], "{colors:?}");
    }
}

#[test]
fn a_camera_tells_nothing_of_itself() {
    let file = bytes("appearance/baseline.jpg");
    // A comment and an Exif segment after SOI, as cameras write them.
    let (soi, rest) = file.split_at(2);
    let extra = b"\xff\xfe\x00\x08secret\xff\xe1\x00\x0eExif\0\0nowhere"[..].to_vec();
    let with = [soi, &extra[..10], b"\xff\xe1\x00\x0dExif\0\0where", rest].concat();
    assert_eq!(read(&with).expect("a sound picture"), read(&file).expect("a sound picture"));
}

#[test]
fn a_picture_on_its_side_is_refused() {
    let file = bytes("appearance/baseline.jpg");
    let (soi, rest) = file.split_at(2);
    let with = |tiff: &[u8]| {
        let length = (2 + 6 + tiff.len() as u16).to_be_bytes();
        [soi, b"\xff\xe1", &length, b"Exif\0\0", tiff, rest].concat()
    };
    // One directory of one entry: orientation, one short.
    let little = |value| {
        [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[value, 0, 0, 0]].concat()
    };
    let big = |value| {
        [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".as_slice(), &[0, value, 0, 0]].concat()
    };
    for orientation in 2..=8 {
        let turned = Err(PictureError::Turned { orientation: orientation.into() });
        assert_eq!(read(&with(&little(orientation))), turned);
        assert_eq!(read(&with(&big(orientation))), turned);
    }
    assert!(read(&with(&big(1))).is_ok());
    // Nonsense tells nothing.
    for cut in 0..little(6).len() {
        let _ = read(&with(&little(6)[..cut]));
    }
}

#[test]
fn a_resolution_gives_the_real_size() {
    let seal = read(&bytes("appearance/seal.png")).expect("a sound picture");
    let (width, height) = seal.real_size().expect("300 dpi");
    // 434 pixels at 11,811 to the metre.
    assert!((width - 434.0 / 11_811.0 / 0.0254 * 72.0).abs() < 1e-9 && width == height);
    let body = Body::Picture(&seal, PictureSize::Real);
    let area = Area::Natural { max_width: 595.0 };
    let design = Design { body, area, frame: None, qr: None, colors: Colors::Device };
    let size = design.compose().expect("an appearance").size;
    assert!(size.0 >= width && size.0 - width < 0.001, "{size:?}");

    let room = Area::Exact { width: 100.0, height: 200.0 };
    let refused = Design { area: room, ..design }.compose();
    let picture = (width, height);
    assert_eq!(refused, Err(DesignError::PictureDoesNotFit { picture, room: (100.0, 200.0) }));
}

#[test]
fn what_cannot_be_shown_has_a_name() {
    let limits = PictureLimits::standard();
    let seal = bytes("appearance/seal.png");
    let jpeg = bytes("appearance/baseline.jpg");
    assert_eq!(read(b"GIF89a"), Err(PictureError::UnknownFormat));
    assert_eq!(read(b""), Err(PictureError::UnknownFormat));
    let few = PictureLimits { bytes: 1000, ..limits };
    let bytes = PictureError::TooManyBytes { bytes: seal.len(), limit: 1000 };
    assert_eq!(Picture::read(&seal, &few), Err(bytes));
    let few = PictureLimits { pixels: 5000, ..limits };
    let pixels = |side| PictureError::TooManyPixels { width: side, height: side, limit: 5000 };
    assert_eq!(Picture::read(&seal, &few), Err(pixels(434)));
    assert_eq!(Picture::read(&jpeg, &few), Err(pixels(87)));
    for cut in [3, 20, 200, jpeg.len() / 2, jpeg.len() - 1] {
        assert_eq!(read(&jpeg[..cut]), Err(PictureError::Damaged(PictureFormat::Jpeg)), "{cut}");
    }
    let sof = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame");
    let mut arithmetic = jpeg.clone();
    arithmetic[sof + 1] = 0xc9;
    let unsupported = PictureError::UnsupportedJpeg { marker: 0xc9, precision: 8, components: 3 };
    assert_eq!(read(&arithmetic), Err(unsupported));
    let no_density = read(&RawPng::small().write()).expect("a sound picture");
    assert_eq!(no_density.real_size(), Err(PictureError::NoResolution));
    let body = Body::Picture(&no_density, PictureSize::Real);
    let area = Area::Natural { max_width: 595.0 };
    let design = Design { body, area, frame: None, qr: None, colors: Colors::Device };
    assert_eq!(design.compose(), Err(DesignError::Picture(PictureError::NoResolution)));
}

#[test]
fn a_bomb_ends_within_the_limits() {
    // 4096 × 4096 pixels of one colour in a few kilobytes are allowed; one row more is not.
    let bomb = RawPng { kind: Kind::Gray(1), width: 4096, height: 4097, ..RawPng::small() };
    let limit = PictureLimits::standard().pixels;
    let refused = PictureError::TooManyPixels { width: 4096, height: 4097, limit };
    assert_eq!(read(&bomb.header_only()), Err(refused));
}
