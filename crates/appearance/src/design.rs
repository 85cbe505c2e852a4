//! A design: what stands in a signature's rectangle, measured and drawn.

use kyso_pades::NewObject;

use crate::appearance::Appearance;
use crate::canvas::Canvas;
use crate::color::{Color, Colors};
use crate::error::DesignError;
use crate::font::{Face, Weight};
use crate::paragraph::{Faces, Paragraph, fit};
use crate::picture::Picture;
use crate::qr::{Modules, QrCode, QrFault};

/// Between a picture, a text and a code that stand beside each other, in points.
const GAP: f64 = 4.0;
/// Between a frame and what it holds, in points.
const PADDING: f64 = 4.0;
/// The part of the room that a picture beside a text takes at most.
const PICTURE_SHARE: f64 = 0.4;
/// Size of a QR code's hint, in points: below the body text, yet larger than a telephone number on a card.
const HINT_SIZE: f64 = 6.0;
/// The largest side of a page (ISO 32000-1 annex C.2), in points.
const LARGEST_SIDE: f64 = 14_400.0;

/// What a visible signature shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Design<'a> {
    /// The picture, the text or both.
    pub body: Body<'a>,
    /// How much room it has.
    pub area: Area,
    /// A line around it.
    pub frame: Option<Frame>,
    /// A code at its right.
    pub qr: Option<QrCode<'a>>,
    /// How colours are told.
    pub colors: Colors,
}

/// The main part of a design.
#[derive(Clone, Debug, PartialEq)]
pub enum Body<'a> {
    /// A picture, centred.
    Picture(&'a Picture, PictureSize),
    /// A text.
    Text(Text),
    /// A picture at the left of a text.
    Both(&'a Picture, Text),
}

/// How large a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureSize {
    /// As large as its resolution says, never scaled: a seal (Decree 30/2020 appendix I).
    Real,
    /// As large as the room allows, in its proportions; without a given room as large as its resolution says, and smaller
    /// only where that is too wide.
    Within,
}

/// A text and how it is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Its lines, each broken where it is too wide.
    pub lines: Vec<TextLine>,
    /// Size in points.
    pub size: f64,
    /// The least size that it may be made smaller to; the size itself where the law prescribes one.
    pub minimum: f64,
    /// Where lines begin.
    pub align: Align,
    /// Colour of its letters.
    pub color: Color,
}

/// A line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLine {
    /// Its words.
    pub text: String,
    /// Whether in bold letters.
    pub bold: bool,
}

/// Where lines stand in their room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Align {
    /// At its left.
    Left,
    /// In its middle.
    Centre,
    /// At its right.
    Right,
}

/// The room for a design.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Area {
    /// As much as it needs, at most so wide.
    Natural {
        /// In points.
        max_width: f64,
    },
    /// Exactly this much, as where a field is there already.
    Exact {
        /// In points.
        width: f64,
        /// In points.
        height: f64,
    },
}

/// A line around a design.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Its thickness in points.
    pub thickness: f64,
    /// Its colour.
    pub color: Color,
}

/// The body, measured.
struct Measured<'a> {
    picture: Option<(&'a Picture, (f64, f64))>,
    text: Option<(Paragraph, Align, Color)>,
}

impl Design<'_> {
    /// Measures and draws it. The same design gives the same bytes.
    ///
    /// # Errors
    /// [`DesignError`]: what does not fit or cannot be shown.
    pub fn compose(&self) -> Result<Appearance, DesignError> {
        let inset = self.frame.map_or(0.0, |frame| frame.thickness + PADDING);
        let (width, height) = match self.area {
            Area::Natural { max_width } => (max_width, f64::INFINITY),
            Area::Exact { width, height } => (width, height),
        };
        let sides = [width, if height.is_finite() { height } else { width }];
        if !sides.iter().all(|side| *side > 0.0 && *side <= LARGEST_SIDE) {
            return Err(DesignError::InvalidArea { width, height });
        }
        let mut faces =
            Faces { regular: Face::new(Weight::Regular)?, bold: Face::new(Weight::Bold)? };
        let room = (width - 2.0 * inset, height - 2.0 * inset);
        let code = self.qr.map(|code| Code::measure(&code, &faces, room)).transpose()?;
        let code_size = code.as_ref().map_or((0.0, 0.0), Code::size);
        let beside = if code.is_some() { code_size.0 + GAP } else { 0.0 };
        let body = self.measure(&faces, (room.0 - beside, room.1))?;
        let body_size = body.size();
        let size = match self.area {
            Area::Exact { width, height } => (width, height),
            // Rounded up to what is written, so that the form's box holds all of it.
            Area::Natural { .. } => (
                rounded_up(body_size.0 + beside + 2.0 * inset),
                rounded_up(body_size.1.max(code_size.1) + 2.0 * inset),
            ),
        };
        let mut canvas = Canvas::new(self.colors);
        if let Some(frame) = self.frame {
            canvas.frame(size, frame.thickness, frame.color);
        }
        let inner = (size.0 - 2.0 * inset, size.1 - 2.0 * inset);
        let upper = size.1 - inset;
        body.draw(&mut canvas, &mut faces, (inset, upper), (inner.0 - beside, inner.1));
        if let Some(code) = &code {
            let left = size.0 - inset - code_size.0;
            let top = upper - (inner.1 - code_size.1) / 2.0;
            code.draw(&mut canvas, &mut faces, (left, top), self.colors);
        }
        let uses_transparency = canvas.uses_transparency();
        let uses_cmyk = canvas.uses_cmyk();
        let objects: Vec<NewObject> = canvas.finish(&faces, size)?;
        let colors = self.colors;
        Ok(Appearance { objects, size, uses_transparency, uses_cmyk, colors })
    }

    fn measure(&self, faces: &Faces, room: (f64, f64)) -> Result<Measured<'_>, DesignError> {
        match &self.body {
            Body::Picture(picture, size) => {
                let size = picture_size(picture, *size, room)?;
                Ok(Measured { picture: Some((picture, size)), text: None })
            }
            Body::Text(text) => {
                Ok(Measured { picture: None, text: Some(set_text(faces, text, room)?) })
            }
            Body::Both(picture, text) => {
                let share = (room.0 * PICTURE_SHARE, room.1);
                let size = picture_size(picture, PictureSize::Within, share)?;
                let text = set_text(faces, text, (room.0 - size.0 - GAP, room.1))?;
                Ok(Measured { picture: Some((picture, size)), text: Some(text) })
            }
        }
    }
}

/// To thousandths of a point, so that a seal stays within a third of a micrometre of its real size.
fn rounded_up(side: f64) -> f64 {
    // A millionth of a point is what adding up has left.
    (side * 1000.0 - 0.001).ceil() / 1000.0
}

fn picture_size(
    picture: &Picture,
    size: PictureSize,
    room: (f64, f64),
) -> Result<(f64, f64), DesignError> {
    let picture_size = match size {
        PictureSize::Real => picture.real_size()?,
        PictureSize::Within if room.1.is_finite() => picture.size_within(room.0, room.1),
        PictureSize::Within => {
            let real = picture.real_size()?;
            if real.0 <= room.0 { real } else { picture.size_within(room.0, real.1) }
        }
    };
    // A thousandth of a point is rounding.
    let fits = picture_size.0 <= room.0 + 0.001 && picture_size.1 <= room.1 + 0.001;
    if fits {
        Ok(picture_size)
    } else {
        Err(DesignError::PictureDoesNotFit { picture: picture_size, room })
    }
}

fn set_text(
    faces: &Faces,
    text: &Text,
    room: (f64, f64),
) -> Result<(Paragraph, Align, Color), DesignError> {
    if text.lines.iter().all(|line| line.text.trim().is_empty()) {
        return Err(DesignError::NothingToShow);
    }
    let sizes = (text.size, text.minimum);
    let sound = text.minimum > 0.0 && text.minimum <= text.size && text.size <= LARGEST_SIDE;
    let does_not_fit = DesignError::TextDoesNotFit { minimum: text.minimum, room };
    if !sound {
        return Err(DesignError::InvalidTextSize { size: text.size, minimum: text.minimum });
    }
    let lines: Vec<_> = text.lines.iter().map(|line| (line.text.clone(), line.bold)).collect();
    let paragraph = fit(faces, &lines, sizes, room)?.ok_or(does_not_fit)?;
    Ok((paragraph, text.align, text.color))
}

impl<'a> Measured<'a> {
    fn size(&self) -> (f64, f64) {
        let picture = self.picture.map_or((0.0, 0.0), |(_, size)| size);
        let text =
            self.text.as_ref().map_or((0.0, 0.0), |(text, ..)| (text.width(), text.height()));
        let gap = if self.picture.is_some() && self.text.is_some() { GAP } else { 0.0 };
        (picture.0 + gap + text.0, picture.1.max(text.1))
    }

    /// Draws into a room told by its upper left corner and size.
    fn draw(
        &self,
        canvas: &mut Canvas<'a>,
        faces: &mut Faces,
        (left, top): (f64, f64),
        room: (f64, f64),
    ) {
        let mut text_left = left;
        if let Some((picture, size)) = self.picture {
            // Alone it stands in the middle, beside a text at the left.
            let x = if self.text.is_some() { left } else { left + (room.0 - size.0) / 2.0 };
            let y = top - (room.1 + size.1) / 2.0;
            canvas.picture(picture, (x, y), size);
            text_left += size.0 + GAP;
        }
        if let Some((paragraph, align, color)) = &self.text {
            let width = left + room.0 - text_left;
            let top = top - (room.1 - paragraph.height()) / 2.0;
            canvas.paragraph(faces, paragraph, (text_left, top), (width, *align), *color);
        }
    }
}

/// A code and its hint, measured.
struct Code {
    modules: Modules,
    side: f64,
    hint: Option<Paragraph>,
}

impl Code {
    fn measure(code: &QrCode<'_>, faces: &Faces, room: (f64, f64)) -> Result<Self, DesignError> {
        let modules = Modules::new(code).map_err(|fault| match fault {
            QrFault::TooLong => DesignError::QrTooLong { bytes: code.payload.len() },
            QrFault::TooSmall { least } => DesignError::QrTooSmall { side: code.side, least },
        })?;
        let does_not_fit = DesignError::QrDoesNotFit { side: code.side, room };
        let hint = if code.hint.is_empty() {
            None
        } else {
            let lines = [(code.hint.to_owned(), false)];
            let room = (code.side, room.1 - code.side);
            let hint = fit(faces, &lines, (HINT_SIZE, HINT_SIZE), room)?;
            Some(hint.ok_or(does_not_fit.clone())?)
        };
        let code = Self { modules, side: code.side, hint };
        let (width, height) = code.size();
        if width + GAP >= room.0 || height > room.1 + 0.001 {
            return Err(does_not_fit);
        }
        Ok(code)
    }

    fn size(&self) -> (f64, f64) {
        (self.side, self.side + self.hint.as_ref().map_or(0.0, Paragraph::height))
    }

    fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        faces: &mut Faces,
        (left, top): (f64, f64),
        colors: Colors,
    ) {
        canvas.drawing(&self.modules.draw(left, top - self.side, colors));
        if let Some(hint) = &self.hint {
            let place = (left, top - self.side);
            canvas.paragraph(faces, hint, place, (self.side, Align::Centre), Color::BLACK);
        }
    }
}
