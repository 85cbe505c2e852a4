//! Pictures of handwritten signatures and of seals: PNG and JPEG as image XObjects (ISO 32000-2 §8.9).

mod jpeg;
mod jpeg_segments;
mod png;

use core::fmt;

use kyso_pades::{NewObject, Piece};

use crate::color::Colors;
use crate::object::raw;

/// What a picture may ask of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Pixels of the picture.
    pub pixels: u64,
}

impl PictureLimits {
    /// For pictures that stand on a page of an official document.
    ///
    /// Pixels: A4 at 400 dpi has 15.5 million, and a seal of 42 mm at 1200 dpi 3.9 million; with four bytes each the
    /// limit asks for 64 MiB. Bytes: every signed document carries the picture anew; a scan of a signature at 600 dpi has
    /// less than 1 MiB, so 8 MiB only stop mistakes.
    #[must_use]
    pub const fn standard() -> Self {
        Self { bytes: 8 << 20, pixels: 16 << 20 }
    }
}

/// A picture ready to be embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    resolution: Option<Resolution>,
    samples: Samples,
    mask: Mask,
}

/// Dots of a picture to a length, exactly as its file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Metre(u32, u32),
    Inch(u32, u32),
    Centimetre(u32, u32),
}

impl Resolution {
    /// Points (1/72 inch) that so many pixels take.
    fn points(self, width: u32, height: u32) -> (f64, f64) {
        let (x, y, dots_an_inch) = match self {
            Self::Metre(x, y) => (x, y, 0.0254),
            Self::Inch(x, y) => (x, y, 1.0),
            Self::Centimetre(x, y) => (x, y, 2.54),
        };
        let points =
            |pixels: u32, dots: u32| f64::from(pixels) * 72.0 / (f64::from(dots) * dots_an_inch);
        (points(width, x), points(height, y))
    }
}

/// Which colours a sample tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Gray,
    Rgb,
    Cmyk,
}

/// Encoded samples of eight bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Samples {
    pub(crate) model: Model,
    pub(crate) data: Vec<u8>,
    pub(crate) encoding: Encoding,
}

/// How samples are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Deflated rows with PNG's predictors (ISO 32000-2 §7.4.4.4).
    Rows,
    /// JPEG; Adobe's programs write CMYK upside down.
    Jpeg { inverted: bool },
}

/// What of a picture is seen through, deflated rows with PNG's predictors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mask {
    /// Nothing.
    Opaque,
    /// Each pixel wholly or not at all: one bit, 1 where nothing is painted (ISO 32000-2 §8.9.6.3).
    Stencil(Vec<u8>),
    /// By degrees: eight bits of opacity (ISO 32000-2 §11.6.5.2).
    Soft(Vec<u8>),
}

impl Picture {
    /// Reads a PNG (W3C Recommendation, third edition) or a JPEG (ITU-T T.81, T.871).
    ///
    /// Every pixel is decoded once, so that a damaged file is found here and not on the reader's screen.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn read(file: &[u8], limits: &PictureLimits) -> Result<Self, PictureError> {
        if file.len() > limits.bytes {
            return Err(PictureError::TooManyBytes { bytes: file.len(), limit: limits.bytes });
        }
        match file {
            [0x89, b'P', b'N', b'G', ..] => png::read(file, limits),
            [0xff, 0xd8, 0xff, ..] => jpeg::read(file, limits),
            _ => Err(PictureError::UnknownFormat),
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn pixels(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Width and height in points as the file's resolution says: pixels / dpi × 72.
    ///
    /// # Errors
    /// [`PictureError::NoResolution`] where the file does not say.
    pub fn real_size(&self) -> Result<(f64, f64), PictureError> {
        let resolution = self.resolution.ok_or(PictureError::NoResolution)?;
        Ok(resolution.points(self.width, self.height))
    }

    /// The greatest size of the picture's proportions within a width and a height, in points.
    #[must_use]
    pub fn size_within(&self, width: f64, height: f64) -> (f64, f64) {
        // Pixels may be oblong; without a resolution they are square.
        let (x, y) = self.real_size().unwrap_or((f64::from(self.width), f64::from(self.height)));
        let scale = (width / x).min(height / y);
        (x * scale, y * scale)
    }

    /// Whether it is seen through by degrees, which takes the transparent imaging model (ISO 32000-2 §11).
    #[must_use]
    pub const fn is_translucent(&self) -> bool {
        matches!(self.mask, Mask::Soft(_))
    }

    /// Whether it is told in CMYK, which no CIE-based space without a profile can say.
    #[must_use]
    pub const fn is_cmyk(&self) -> bool {
        matches!(self.samples.model, Model::Cmyk)
    }

    /// The image's objects, the image first, to stand from position `at` of a list of new objects.
    pub(crate) fn objects(&self, at: usize, colors: Colors) -> Vec<NewObject> {
        let space = match self.samples.model {
            Model::Gray => colors.gray(),
            Model::Rgb => colors.rgb(),
            Model::Cmyk => "/DeviceCMYK".to_owned(),
        };
        let encoding = match self.samples.encoding {
            Encoding::Rows => rows(self.samples.model.components(), 8, self.width),
            Encoding::Jpeg { inverted: false } => "/Filter /DCTDecode".to_owned(),
            Encoding::Jpeg { inverted: true } => {
                "/Decode [1 0 1 0 1 0 1 0] /Filter /DCTDecode".to_owned()
            }
        };
        let mut pieces = vec![raw(format!(
            "{} /ColorSpace {space} /BitsPerComponent 8 {encoding}",
            self.head()
        ))];
        let mut objects = Vec::with_capacity(2);
        let mask = match &self.mask {
            Mask::Opaque => None,
            Mask::Stencil(data) => {
                pieces.push(raw(" /Mask "));
                Some((format!("/ImageMask true {}", rows(1, 1, self.width)), data))
            }
            Mask::Soft(data) => {
                pieces.push(raw(" /SMask "));
                // A soft mask's samples are no colours: DeviceGray is the only space allowed (ISO 32000-2 table 143).
                let entries = "/ColorSpace /DeviceGray /BitsPerComponent 8";
                Some((format!("{entries} {}", rows(1, 8, self.width)), data))
            }
        };
        if mask.is_some() {
            pieces.push(Piece::Reference(at + 1));
        }
        pieces.push(raw(" >>"));
        objects.push(NewObject { pieces, stream: Some(self.samples.data.clone()) });
        if let Some((entries, data)) = mask {
            let pieces = vec![raw(format!("{} {entries} >>", self.head()))];
            objects.push(NewObject { pieces, stream: Some(data.clone()) });
        }
        objects
    }

    fn head(&self) -> String {
        let Self { width, height, .. } = self;
        format!("<< /Type /XObject /Subtype /Image /Width {width} /Height {height}")
    }
}

impl Model {
    const fn components(self) -> u8 {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The entries of samples as rows with predictors.
fn rows(colors: u8, bits: u8, columns: u32) -> String {
    format!(
        "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors {colors} /BitsPerComponent {bits} /Columns {columns} >>"
    )
}

/// Which format a file claims to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
        })
    }
}

/// Why a picture cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureError {
    /// It begins neither as PNG nor as JPEG.
    UnknownFormat,
    /// It begins as its format does and does not go on so.
    Damaged(PictureFormat),
    /// A JPEG of a kind that PDF's DCTDecode does not read: lossless, arithmetic, hierarchical, or of 12 bits.
    UnsupportedJpeg {
        /// The frame's marker, `0xc0` to `0xcf` (ITU-T T.81 table B.1).
        marker: u8,
        /// Bits of a sample.
        precision: u8,
        /// Components of a pixel.
        components: u8,
    },
    /// A camera's picture that viewers turn before they show it (Exif); PDF would show it as it lies.
    Turned {
        /// Exif's orientation, 2 to 8.
        orientation: u16,
    },
    /// The file is longer than the limit.
    TooManyBytes {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// The picture has more pixels than the limit.
    TooManyPixels {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// Pixels that it may have.
        limit: u64,
    },
    /// The file does not say how large a pixel is; a seal stands in its real size only.
    NoResolution,
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat => f.write_str("the picture is neither PNG nor JPEG"),
            Self::Damaged(format) => write!(f, "the {format} picture is damaged"),
            Self::UnsupportedJpeg { marker, precision, components } => write!(
                f,
                "PDF cannot show this kind of JPEG (frame {marker:#x}, {precision} bits, {components} components)"
            ),
            Self::Turned { orientation } => write!(
                f,
                "the picture does not lie upright (Exif orientation {orientation}): turn it and save it again"
            ),
            Self::TooManyBytes { bytes, limit } => {
                write!(f, "the picture has {bytes} bytes, at most {limit} are allowed")
            }
            Self::TooManyPixels { width, height, limit } => write!(
                f,
                "the picture has {width} × {height} pixels, at most {limit} in all are allowed"
            ),
            Self::NoResolution => f.write_str("the picture does not state its resolution"),
        }
    }
}

impl std::error::Error for PictureError {}

/// Refuses a picture of no or of too many pixels.
fn check_pixels(
    format: PictureFormat,
    width: u32,
    height: u32,
    limits: &PictureLimits,
) -> Result<(), PictureError> {
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged(format));
    }
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(PictureError::TooManyPixels { width, height, limit: limits.pixels });
    }
    Ok(())
}
