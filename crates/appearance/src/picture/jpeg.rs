//! JPEG: embedded as it is, without what a page does not show; decoded once to know that it is whole.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::jpeg_segments::{Frame, Segments};
use super::{
    Encoding, Mask, Model, Picture, PictureError, PictureFormat, PictureLimits, Samples,
    check_pixels,
};

const DAMAGED: PictureError = PictureError::Damaged(PictureFormat::Jpeg);
/// Frames that DCTDecode reads (ISO 32000-2 §7.4.8): baseline, extended sequential and progressive, with Huffman codes.
const FRAMES: [u8; 3] = [0xc0, 0xc1, 0xc2];

pub(super) fn read(file: &[u8], limits: &PictureLimits) -> Result<Picture, PictureError> {
    let segments = Segments::read(file).ok_or(DAMAGED)?;
    let Frame { marker, precision, width, height, components } = segments.frame;
    let unsupported = PictureError::UnsupportedJpeg { marker, precision, components };
    let model = match components {
        1 => Model::Gray,
        3 => Model::Rgb,
        4 => Model::Cmyk,
        _ => return Err(unsupported),
    };
    if precision != 8 || !FRAMES.contains(&marker) {
        return Err(unsupported);
    }
    check_pixels(PictureFormat::Jpeg, width, height, limits)?;
    if segments.orientation != 1 {
        return Err(PictureError::Turned { orientation: segments.orientation });
    }
    let side = usize::try_from(width.max(height)).map_err(|_too_large| DAMAGED)?;
    let options =
        DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&segments.kept), options);
    decoder.decode().map_err(|_damaged| DAMAGED)?;
    // Adobe's programs, which alone write the marker on four components, invert them (Adobe technical note 5116 §18).
    let inverted = model == Model::Cmyk && segments.adobe;
    let encoding = Encoding::Jpeg { inverted };
    let samples = Samples { model, data: segments.kept, encoding };
    let resolution = segments.resolution;
    Ok(Picture { width, height, resolution, samples, mask: Mask::Opaque })
}
