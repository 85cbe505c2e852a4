//! PNG: decoded to eight bits, colours and opacity apart, and written as rows that PDF reads.

use std::io::Cursor;

use png::{
    BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Limits, Transformations, Unit,
};

use super::{
    Encoding, Mask, Model, Picture, PictureError, PictureFormat, PictureLimits, Resolution,
    Samples, check_pixels,
};

const DAMAGED: PictureError = PictureError::Damaged(PictureFormat::Png);
/// Bytes of a decoded pixel at most: 16 bits each of red, green, blue and opacity.
const PIXEL_BYTES: u64 = 8;

/// Reads a whole PNG; of an animation the still picture that stands for it.
///
/// Every kind becomes grey or RGB of 8 bits: palettes and single transparent colours are expanded, of 16 bits the upper
/// 8 remain, interlaced rows come in order. Colour profiles are not followed: samples count as sRGB.
pub(super) fn read(file: &[u8], limits: &PictureLimits) -> Result<Picture, PictureError> {
    let bytes = limits.pixels.saturating_mul(PIXEL_BYTES);
    let limit = Limits { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) };
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), limit);
    decoder.set_transformations(Transformations::normalize_to_color8());
    // Text and profiles are not used; without them a small file cannot unfold into a large one.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(|_damaged| DAMAGED)?;
    let (width, height) = info.size();
    check_pixels(PictureFormat::Png, width, height, limits)?;
    let mut reader = decoder.read_info().map_err(|_damaged| DAMAGED)?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(DAMAGED)?];
    let frame = reader.next_frame(&mut pixels).map_err(|_damaged| DAMAGED)?;
    if (frame.width, frame.height, frame.bit_depth) != (width, height, BitDepth::Eight) {
        return Err(DAMAGED);
    }
    pixels.truncate(frame.buffer_size());
    // The rest, to its end, so that a file cut short is found.
    reader.finish().map_err(|_damaged| DAMAGED)?;
    let resolution = reader.info().pixel_dims.and_then(|dims| match dims.unit {
        Unit::Meter if dims.xppu > 0 && dims.yppu > 0 => {
            Some(Resolution::Metre(dims.xppu, dims.yppu))
        }
        _ => None,
    });
    let (model, colors, opacity) = match frame.color_type {
        ColorType::Grayscale => (Model::Gray, pixels, None),
        ColorType::Rgb => (Model::Rgb, pixels, None),
        ColorType::GrayscaleAlpha => split(&pixels, Model::Gray),
        ColorType::Rgba => split(&pixels, Model::Rgb),
        ColorType::Indexed => return Err(DAMAGED),
    };
    let kind = match model {
        Model::Gray => ColorType::Grayscale,
        Model::Rgb | Model::Cmyk => ColorType::Rgb,
    };
    let data = rows(width, height, kind, BitDepth::Eight, &colors)?;
    let mask = match opacity {
        None => Mask::Opaque,
        Some(opacity) => mask(width, height, &opacity)?,
    };
    let samples = Samples { model, data, encoding: Encoding::Rows };
    Ok(Picture { width, height, resolution, samples, mask })
}

/// Colours and opacity of pixels that hold both.
fn split(pixels: &[u8], model: Model) -> (Model, Vec<u8>, Option<Vec<u8>>) {
    let components = usize::from(model.components());
    let mut colors = Vec::with_capacity(pixels.len());
    let mut opacity = Vec::with_capacity(pixels.len() / (components + 1));
    for pixel in pixels.chunks_exact(components + 1) {
        let (color, alpha) = pixel.split_at(components);
        colors.extend_from_slice(color);
        opacity.extend_from_slice(alpha);
    }
    (model, colors, Some(opacity))
}

/// The least that says the same: nothing, one bit, or eight.
fn mask(width: u32, height: u32, opacity: &[u8]) -> Result<Mask, PictureError> {
    if opacity.iter().all(|&value| value == u8::MAX) {
        return Ok(Mask::Opaque);
    }
    if opacity.iter().any(|&value| !matches!(value, 0 | u8::MAX)) {
        let data = rows(width, height, ColorType::Grayscale, BitDepth::Eight, opacity)?;
        return Ok(Mask::Soft(data));
    }
    // A set bit is not painted (ISO 32000-2 §8.9.6.3 with the usual /Decode).
    let row = usize::try_from(width).map_err(|_too_wide| DAMAGED)?;
    let bits: Vec<u8> = opacity
        .chunks(row)
        .flat_map(|row| row.chunks(8))
        .map(|eight| {
            (0..8).zip(eight).fold(0, |byte, (at, &value)| byte | u8::from(value == 0) << (7 - at))
        })
        .collect();
    Ok(Mask::Stencil(rows(width, height, ColorType::Grayscale, BitDepth::One, &bits)?))
}

/// Deflated rows with predictors: a PNG's image data are just that.
fn rows(
    width: u32,
    height: u32,
    color: ColorType,
    depth: BitDepth,
    samples: &[u8],
) -> Result<Vec<u8>, PictureError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(Compression::Balanced);
    // Neighbouring bits say nothing about each other.
    let filter = if depth == BitDepth::One { Filter::NoFilter } else { Filter::Adaptive };
    encoder.set_filter(filter);
    let mut writer = encoder.write_header().map_err(|_refused| DAMAGED)?;
    writer.write_image_data(samples).map_err(|_refused| DAMAGED)?;
    writer.finish().map_err(|_refused| DAMAGED)?;
    image_data(&file).ok_or(DAMAGED)
}

/// What the `IDAT` chunks hold (PNG §11.2.3): after the signature, length, type, data and checksum each.
fn image_data(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.get(8..)?;
    let mut data = Vec::with_capacity(rest.len());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (chunk, after) = after.split_at_checked(length)?;
        if kind == b"IDAT" {
            data.extend_from_slice(chunk);
        }
        rest = after.get(4..)?;
    }
    Some(data)
}
