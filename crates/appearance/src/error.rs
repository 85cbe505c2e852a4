//! Why a design cannot be drawn.

use core::fmt;

use crate::font::{FontDamaged, MissingGlyph};
use crate::picture::PictureError;
use crate::template::TemplateError;

/// Why there is no appearance.
#[derive(Clone, Debug, PartialEq)]
pub enum DesignError {
    /// The program's own font cannot be read.
    Font(FontDamaged),
    /// The picture has no resolution where its real size is wanted.
    Picture(PictureError),
    /// The font lacks a character of the text.
    Glyph(MissingGlyph),
    /// The template names what is not there.
    Template(TemplateError),
    /// The profile shows a picture, and none is given.
    PictureMissing,
    /// The profile shows a text of its own, and none is given.
    TextMissing,
    /// The text is empty.
    NothingToShow,
    /// The text is too long for its room at the least size.
    TextDoesNotFit {
        /// That size in points.
        minimum: f64,
        /// Width and height of the room in points; an infinite height where only the width is bounded.
        room: (f64, f64),
    },
    /// The picture, which is not scaled, is larger than its room.
    PictureDoesNotFit {
        /// Its width and height in points.
        picture: (f64, f64),
        /// Width and height of the room in points.
        room: (f64, f64),
    },
    /// More than a QR code holds at its level of error correction.
    QrTooLong {
        /// Bytes of the payload.
        bytes: usize,
    },
    /// The modules would be too small for a camera.
    QrTooSmall {
        /// The side asked for, in points.
        side: f64,
        /// The least side for this payload, in points.
        least: f64,
    },
    /// The code and its hint leave no room for the rest.
    QrDoesNotFit {
        /// The code's side in points.
        side: f64,
        /// Width and height of the room in points.
        room: (f64, f64),
    },
    /// A room without width or height, or larger than any page.
    InvalidArea {
        /// In points.
        width: f64,
        /// In points.
        height: f64,
    },
    /// A size of letters that is none, or a least one above it.
    InvalidTextSize {
        /// In points.
        size: f64,
        /// In points.
        minimum: f64,
    },
}

impl fmt::Display for DesignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = |f: &mut fmt::Formatter<'_>, (width, height): (f64, f64)| {
            write!(f, "{width:.1} × {height:.1} points")
        };
        match self {
            Self::Font(error) => error.fmt(f),
            Self::Picture(error) => error.fmt(f),
            Self::Glyph(error) => error.fmt(f),
            Self::Template(error) => error.fmt(f),
            Self::PictureMissing => f.write_str("this profile shows a picture, and none is given"),
            Self::TextMissing => f.write_str("this profile shows a text, and none is given"),
            Self::NothingToShow => f.write_str("the text is empty"),
            Self::TextDoesNotFit { minimum, room: (width, height) } if height.is_infinite() => {
                write!(f, "the text at {minimum} points is wider than {width:.1} points")
            }
            Self::TextDoesNotFit { minimum, room } => {
                write!(f, "the text at {minimum} points does not fit ")?;
                sides(f, *room)
            }
            Self::PictureDoesNotFit { picture, room } => {
                f.write_str("the picture of ")?;
                sides(f, *picture)?;
                f.write_str(" does not fit ")?;
                sides(f, *room)
            }
            Self::QrTooLong { bytes } => write!(f, "no QR code holds {bytes} bytes"),
            Self::QrTooSmall { side, least } => write!(
                f,
                "a QR code of {side:.1} points is too small to be read, it needs {least:.1}"
            ),
            Self::QrDoesNotFit { side, room } => {
                write!(f, "a QR code of {side:.1} points does not fit ")?;
                sides(f, *room)
            }
            Self::InvalidArea { width, height } => {
                write!(f, "a signature cannot be {width:.1} × {height:.1} points large")
            }
            Self::InvalidTextSize { size, minimum } => {
                write!(f, "letters of {size} points, at least {minimum}, are not possible")
            }
        }
    }
}

impl std::error::Error for DesignError {}

impl From<FontDamaged> for DesignError {
    fn from(error: FontDamaged) -> Self {
        Self::Font(error)
    }
}

impl From<PictureError> for DesignError {
    fn from(error: PictureError) -> Self {
        Self::Picture(error)
    }
}

impl From<MissingGlyph> for DesignError {
    fn from(error: MissingGlyph) -> Self {
        Self::Glyph(error)
    }
}

impl From<TemplateError> for DesignError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}
