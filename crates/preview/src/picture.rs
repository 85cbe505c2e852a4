//! Pixels, in and out of PNG.

use std::fmt;
use std::io::Cursor;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Transformations};

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

/// An opaque picture, three bytes to a pixel, from the upper left corner.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// Why bytes are no picture that can be used.
#[derive(Debug)]
pub enum PictureError {
    /// They are no PNG, or a damaged one.
    Decoding(png::DecodingError),
    /// A PNG cannot be made of it.
    Encoding(png::EncodingError),
    /// It has more pixels than it may.
    TooLarge {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// It has no pixels, or not as many as it says.
    Shape,
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decoding(error) => error.fmt(f),
            Self::Encoding(error) => error.fmt(f),
            Self::TooLarge { width, height } => write!(f, "{width} × {height} pixels are too many"),
            Self::Shape => f.write_str("not as many pixels as it should have"),
        }
    }
}

impl std::error::Error for PictureError {}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} × {})", self.width, self.height)
    }
}

impl Picture {
    /// A picture of these pixels (red, green, blue).
    ///
    /// # Errors
    /// [`PictureError::Shape`].
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, PictureError> {
        let bytes = u64::from(width) * u64::from(height) * 3;
        if bytes == 0 || bytes != pixels.len() as u64 {
            return Err(PictureError::Shape);
        }
        Ok(Self { width, height, pixels })
    }

    /// Reads a PNG of at most so many pixels; what is transparent is taken as it would lie on white.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn from_png(bytes: &[u8], most_pixels: u32) -> Result<Self, PictureError> {
        let mut decoder = Decoder::new_with_limits(
            Cursor::new(bytes),
            png::Limits { bytes: most_pixels as usize * 8 + (1 << 20) },
        );
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let mut reader = decoder.read_info().map_err(PictureError::Decoding)?;
        let (width, height) = reader.info().size();
        if u64::from(width) * u64::from(height) > u64::from(most_pixels) {
            return Err(PictureError::TooLarge { width, height });
        }
        let size = reader.output_buffer_size().ok_or(PictureError::TooLarge { width, height })?;
        let mut raw = vec![0; size];
        let frame = reader.next_frame(&mut raw).map_err(PictureError::Decoding)?;
        raw.truncate(frame.buffer_size());
        let white = |value: u8, alpha: u8| {
            let (value, alpha) = (u16::from(value), u16::from(alpha));
            // A sum of weights of 255 in all, so at most 255.
            u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        let pixels = match frame.color_type {
            ColorType::Rgb => raw,
            ColorType::Grayscale => raw.iter().flat_map(|gray| [*gray; 3]).collect(),
            ColorType::GrayscaleAlpha => {
                let (pairs, _) = raw.as_chunks::<2>();
                pairs.iter().flat_map(|[gray, alpha]| [white(*gray, *alpha); 3]).collect()
            }
            ColorType::Rgba => {
                let (all, _) = raw.as_chunks::<4>();
                all.iter().flat_map(|[r, g, b, a]| [*r, *g, *b].map(|one| white(one, *a))).collect()
            }
            // Expanded above.
            ColorType::Indexed => return Err(PictureError::Shape),
        };
        Self::new(width, height, pixels)
    }

    /// The picture as PNG, with its resolution in it.
    ///
    /// # Errors
    /// [`PictureError::Encoding`].
    pub fn to_png(&self, dpi: f64) -> Result<Vec<u8>, PictureError> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        // PNG counts pixels to a metre.
        let per_metre = (dpi / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(PictureError::Encoding)?;
        writer.write_image_data(&self.pixels).map_err(PictureError::Encoding)?;
        writer.finish().map_err(PictureError::Encoding)?;
        Ok(bytes)
    }

    /// Width in pixels.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Red, green and blue of every pixel, row by row from the upper left.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixel at a place; `None` outside.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<Color> {
        let start = self.start(x, y)?;
        self.pixels.get(start..start + 3)?.try_into().ok().map(Color)
    }

    /// Lays a colour over a pixel, `cover` of 255 parts of it; nothing happens outside.
    pub fn blend(&mut self, x: u32, y: u32, color: Color, cover: u8) {
        let Some(start) = self.start(x, y) else { return };
        let Some(pixel) = self.pixels.get_mut(start..start + 3) else { return };
        let cover = u16::from(cover);
        for (below, above) in pixel.iter_mut().zip(color.0) {
            let mixed = (u16::from(above) * cover + u16::from(*below) * (255 - cover) + 127) / 255;
            *below = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
    }

    /// Lays a picture over this one, its upper left corner at a pixel; what falls off is not drawn.
    pub fn lay(&mut self, other: &Self, left: u32, top: u32) {
        for y in 0..other.height {
            for x in 0..other.width {
                if let (Some(color), Some(right), Some(below)) =
                    (other.pixel(x, y), left.checked_add(x), top.checked_add(y))
                {
                    self.blend(right, below, color, u8::MAX);
                }
            }
        }
    }

    fn start(&self, x: u32, y: u32) -> Option<usize> {
        (x < self.width && y < self.height)
            .then(|| (y as usize * self.width as usize + x as usize) * 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_png() {
        let pixels: Vec<u8> = (0..7 * 5 * 3).map(|value| value as u8).collect();
        let picture = Picture::new(7, 5, pixels).expect("a picture");
        let png = picture.to_png(96.0).expect("a PNG");
        assert_eq!(Picture::from_png(&png, 35).expect("read back"), picture);
        assert!(matches!(
            Picture::from_png(&png, 34),
            Err(PictureError::TooLarge { width: 7, height: 5 })
        ));
        assert!(matches!(Picture::from_png(b"PNG", 34), Err(PictureError::Decoding(_))));
    }

    #[test]
    fn colours_are_laid_over() {
        let mut picture = Picture::new(1, 1, vec![255; 3]).expect("a picture");
        picture.blend(0, 0, Color([0, 0, 255]), 51);
        assert_eq!(picture.pixel(0, 0), Some(Color([204, 204, 255])));
        picture.blend(1, 0, Color([0; 3]), 255);
        assert_eq!(picture.pixel(1, 0), None);
    }

    #[test]
    fn a_picture_is_laid_over_another_as_far_as_it_goes() {
        let mut below = Picture::new(3, 2, vec![255; 18]).expect("a picture");
        let above = Picture::new(2, 2, vec![7; 12]).expect("a picture");
        below.lay(&above, 2, 1);
        let dark: Vec<(u32, u32)> = (0..3)
            .flat_map(|x| (0..2).map(move |y| (x, y)))
            .filter(|(x, y)| below.pixel(*x, *y) == Some(Color([7; 3])))
            .collect();
        assert_eq!(dark, [(2, 1)]);
        below.lay(&above, u32::MAX, 0);
    }
}
