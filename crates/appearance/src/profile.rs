//! The kinds of visible signatures that offices know, as designs.

use crate::color::{Color, Colors};
use crate::design::{Align, Area, Body, Design, Frame, PictureSize, Text, TextLine};
use crate::error::DesignError;
use crate::picture::Picture;
use crate::placement::Corner;
use crate::qr::QrCode;
use crate::template::{Missing, Template, Values};

/// Size of copies' and attachments' text (Decree 30/2020 appendix I), in points.
const SMALL: f64 = 10.0;
/// Size of a document's number and date (Decree 30/2020 appendix I), in points.
const NUMBER: f64 = 13.0;
/// The least size that texts without a prescribed one are made smaller to: letters of 6 points can still be read on paper.
const LEAST: f64 = 6.0;
/// Widths at which texts break where no room is given: a third of A4's width, and two fifths for names of agencies.
const NARROW: f64 = 200.0;
const WIDE: f64 = 240.0;
/// The received stamp of an office, 50 × 35 mm, in points.
const RECEIVED_STAMP: (f64, f64) = (141.73, 99.21);
/// The largest side of a picture without a given room: A4's width.
const PAGE_WIDTH: f64 = 595.28;

/// The usual stamp of a public-service signature.
const STAMP: &str =
    "Ký bởi: {signer}\nEmail: {email}\nCơ quan: {organization}\nThời gian ký: {time}";
const COPY: &str = "{form}\n{organization}\n{time}";
const ATTACHMENT: &str = "{number}\n{time}";
const RECEIVED: [(&str, bool); 4] =
    [("{organization}", true), ("ĐẾN", true), ("Số: {number}", false), ("Ngày: {date}", false)];
const COMMENT: &str = "{note}\n{signer}\n{time}";
const NUMBER_AND_DATE: &str = "Số: {number}\n{date-in-words}";

/// A kind of visible signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The competent person: the picture of the handwritten signature between title and name.
    Leader,
    /// The agency: its seal in its real size, over the left third of the leader's picture.
    Seal,
    /// A copy: its form, the copying agency and the time, at the top right of page 1.
    Copy,
    /// An attachment in a file of its own: number and symbol of the document and the time, at the top right of page 1.
    Attachment,
    /// A document that came in: the receiving agency, the number it got and the day.
    Income,
    /// A comment on a draft: a note, who wrote it and when.
    Comment,
    /// Number and date of issue.
    NumberAndDate,
    /// Picture, text or both as the caller likes.
    Free,
}

/// Where a profile's signature stands when nobody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// Between the signer's title and name in the page's text.
    BetweenTitleAndName,
    /// Over the left third of the leader's picture.
    BesideLeader,
    /// At a corner of page 1.
    FirstPage(Corner),
    /// Only a person can say.
    Asked,
}

/// What a profile is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Content<'a> {
    /// The picture.
    pub picture: Option<&'a Picture>,
    /// A text instead of the profile's own, set in one weight.
    pub template: Option<&'a Template>,
    /// What the fields say.
    pub values: Values<'a>,
    /// Width and height of the room in points, as where a field is there already; as much as is needed where absent.
    pub room: Option<(f64, f64)>,
    /// A code at the right.
    pub qr: Option<QrCode<'a>>,
    /// How colours are told.
    pub colors: Colors,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 8] = [
        Self::Leader,
        Self::Seal,
        Self::Copy,
        Self::Attachment,
        Self::Income,
        Self::Comment,
        Self::NumberAndDate,
        Self::Free,
    ];

    /// Its name in commands and settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Seal => "seal",
            Self::Copy => "copy",
            Self::Attachment => "attachment",
            Self::Income => "income",
            Self::Comment => "comment",
            Self::NumberAndDate => "number-and-date",
            Self::Free => "free",
        }
    }

    /// The profile of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Where its signature stands when nobody says otherwise.
    #[must_use]
    pub const fn spot(self) -> Spot {
        match self {
            Self::Leader => Spot::BetweenTitleAndName,
            Self::Seal => Spot::BesideLeader,
            Self::Copy | Self::Attachment => Spot::FirstPage(Corner::TopRight),
            Self::Income | Self::Comment | Self::NumberAndDate | Self::Free => Spot::Asked,
        }
    }

    /// The design of this profile.
    ///
    /// # Errors
    /// [`DesignError::PictureMissing`], [`DesignError::TextMissing`], [`DesignError::Template`].
    pub fn design<'a>(self, content: &Content<'a>) -> Result<Design<'a>, DesignError> {
        let picture = || content.picture.ok_or(DesignError::PictureMissing);
        let lines = |own: &str, missing| lines(content, &[(own, false)], missing);
        let black = |lines, size, minimum| Text {
            lines,
            size,
            minimum,
            align: Align::Left,
            color: Color::BLACK,
        };
        let (body, max_width) = match self {
            Self::Leader => (Body::Picture(picture()?, PictureSize::Within), PAGE_WIDTH),
            Self::Seal => (Body::Picture(picture()?, PictureSize::Real), PAGE_WIDTH),
            Self::Copy => (Body::Text(black(lines(COPY, Missing::Refuse)?, SMALL, SMALL)), WIDE),
            Self::Attachment => {
                (Body::Text(black(lines(ATTACHMENT, Missing::Refuse)?, SMALL, SMALL)), WIDE)
            }
            Self::Income => return self.received(content),
            Self::Comment => {
                let note = content.values.note.is_some_and(|note| !note.trim().is_empty());
                if !note && content.template.is_none() {
                    return Err(DesignError::TextMissing);
                }
                (Body::Text(black(lines(COMMENT, Missing::LeaveOut)?, NUMBER, LEAST)), NARROW)
            }
            Self::NumberAndDate => {
                let lines = lines(NUMBER_AND_DATE, Missing::LeaveOut)?;
                (Body::Text(black(lines, NUMBER, NUMBER)), WIDE)
            }
            Self::Free => (free(content)?, WIDE),
        };
        let area = area(content, Area::Natural { max_width: widened(max_width, content) });
        Ok(Design { body, area, frame: None, qr: content.qr, colors: content.colors })
    }

    /// The received stamp, in a frame of its usual size.
    fn received<'a>(self, content: &Content<'a>) -> Result<Design<'a>, DesignError> {
        let lines = lines(content, &RECEIVED, Missing::Refuse)?;
        let text =
            Text { lines, size: NUMBER, minimum: LEAST, align: Align::Centre, color: Color::RED };
        let (width, height) = RECEIVED_STAMP;
        let width = widened(width, content);
        Ok(Design {
            body: Body::Text(text),
            area: area(content, Area::Exact { width, height }),
            frame: Some(Frame { thickness: 1.0, color: Color::RED }),
            qr: content.qr,
            colors: content.colors,
        })
    }
}

/// A picture, a text, both; without either the usual stamp.
fn free<'a>(content: &Content<'a>) -> Result<Body<'a>, DesignError> {
    if let (Some(picture), None) = (content.picture, content.template) {
        return Ok(Body::Picture(picture, PictureSize::Within));
    }
    let lines = lines(content, &[(STAMP, false)], Missing::LeaveOut)?;
    let text = Text { lines, size: SMALL, minimum: LEAST, align: Align::Left, color: Color::BLACK };
    Ok(match content.picture {
        Some(picture) => Body::Both(picture, text),
        None => Body::Text(text),
    })
}

/// The lines of the caller's template, or of the profile's own.
fn lines(
    content: &Content<'_>,
    own: &[(&str, bool)],
    missing: Missing,
) -> Result<Vec<TextLine>, DesignError> {
    let line = |bold: bool| move |text: String| TextLine { text, bold };
    if let Some(template) = content.template {
        let filled = template.fill(&content.values, missing)?;
        return Ok(filled.into_iter().map(line(false)).collect());
    }
    let mut lines = Vec::new();
    for (text, bold) in own {
        let filled = Template::parse(text)?.fill(&content.values, missing)?;
        lines.extend(filled.into_iter().map(line(*bold)));
    }
    Ok(lines)
}

fn area(content: &Content<'_>, natural: Area) -> Area {
    content.room.map_or(natural, |(width, height)| Area::Exact { width, height })
}

/// A code stands beside the text, not in its place.
fn widened(width: f64, content: &Content<'_>) -> f64 {
    width + content.qr.map_or(0.0, |code| code.side)
}
