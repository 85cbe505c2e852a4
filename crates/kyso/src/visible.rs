//! What a signature shows on a page, composed for each document: its place, its room, what PDF/A permits.

pub mod store;

use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;

use kyso_appearance::placement::{
    CORNER_MARGIN, Corner, LargerThanPage, at_corner, between_lines, into_page, seal_beside,
};
use kyso_appearance::{
    Appearance, Colors, Content, CopyForm, DesignError, HINT, Moment, OutputIntent, PdfA,
    PdfAConflict, Picture, Profile, QrCode, Spot, Template, Values,
};
use kyso_pades::{
    Document, FieldPlace, FoundText, PdfAClaim, PlacePart, PlacementError, Rectangle, find_place,
};
use kyso_x509::Certificate;
use kyso_x509::name::{ORGANIZATION, ORGANIZATIONAL_UNIT, TITLE};

/// Side of a QR code in points, where the payload needs no more: 25 mm.
const QR_SIDE: f64 = 70.87;

/// The least part of its size to which a leader's picture is made smaller where title and name stand close: below it a
/// signature can no longer be told from a stroke, and it covers parts of both lines instead.
const LEAST_SCALE: f64 = 0.5;

/// What a visible signature shows and where.
#[derive(Clone, Debug)]
pub struct Visible {
    /// The kind.
    pub profile: Profile,
    /// A picture: handwritten signature or seal.
    pub picture: Option<Arc<Picture>>,
    /// A text instead of the profile's own.
    pub template: Option<Template>,
    /// What the certificate and the act do not say.
    pub details: Details,
    /// Where it stands.
    pub place: Place,
    /// What a QR code beside it says.
    pub qr: Option<String>,
}

/// Values of a template's fields that only a person knows.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The signer's office; else that of the certificate.
    pub title: Option<String>,
    /// The document's number and symbol.
    pub number: Option<String>,
    /// The document's date; else that of signing.
    pub date: Option<Moment>,
    /// The form of a copy.
    pub form: Option<CopyForm>,
    /// A free text.
    pub note: Option<String>,
}

/// Where a visible signature stands that fills no existing field.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Where the profile's own rule puts it.
    Profile,
    /// Where the profile's own rule puts it, on this page instead of the first, counted from 0.
    ProfileOnPage {
        /// The page.
        page: usize,
    },
    /// In a room on a page, counted from 0; in points from the visible page's upper left corner, as people measure paper.
    Rectangle {
        /// The page.
        page: usize,
        /// From the left edge.
        left: f64,
        /// From the upper edge.
        top: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
    },
    /// In its natural size with its upper left corner at a point of a page, counted from 0.
    At {
        /// The page.
        page: usize,
        /// From the left edge in points.
        left: f64,
        /// From the upper edge in points.
        top: f64,
    },
    /// At a corner of a page, counted from 0.
    Corner {
        /// The page.
        page: usize,
        /// The corner.
        corner: Corner,
    },
    /// Between the line of the signer's title and that of the name in the document's text, in its natural size; a leader's
    /// picture smaller where the two stand closer.
    Text {
        /// The title; where absent, the name alone says where.
        title: Option<String>,
        /// The name; where absent, that of the certificate.
        name: Option<String>,
    },
}

/// A text of the page that may say where a signature belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// What it was looked for as.
    pub part: PlacePart,
    /// The page, counted from 0.
    pub page: usize,
    /// As the page shows it.
    pub text: String,
    /// Its upper left corner from the left edge of the visible page, in points.
    pub left: f64,
    /// And from the upper edge.
    pub top: f64,
}

/// What was looked for in the pages' text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The signer's title.
    pub title: Option<String>,
    /// The signer's name.
    pub name: Option<String>,
}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.title, &self.name) {
            (Some(title), Some(name)) => write!(f, "title “{title}” above name “{name}”"),
            (Some(title), None) => write!(f, "title “{title}”"),
            (None, Some(name)) => write!(f, "name “{name}”"),
            (None, None) => f.write_str("neither title nor name"),
        }
    }
}

/// Points to a millimetre.
const MILLIMETRE: f64 = 72.0 / 25.4;

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, text, left, top, .. } = self;
        let (page, left, top) = (page.saturating_add(1), left / MILLIMETRE, top / MILLIMETRE);
        write!(
            f,
            "“{text}” on page {page}, {left:.0} mm from the left and {top:.0} mm from the top"
        )
    }
}

fn list(anchors: &[Anchor], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, anchor) in anchors.iter().enumerate() {
        write!(f, "{} {anchor}", if index == 0 { ":" } else { ";" })?;
    }
    Ok(())
}

/// Why a visible signature cannot be made.
#[derive(Debug)]
pub enum VisibleError {
    /// The document cannot be read for it.
    Document(kyso_pades::Error),
    /// What it should show cannot be drawn.
    Design(DesignError),
    /// It is larger than the page.
    Larger(LargerThanPage),
    /// The document is PDF/A, and its part forbids what would be added.
    PdfA {
        /// The part of ISO 19005.
        part: u8,
        /// What it forbids.
        conflict: PdfAConflict,
    },
    /// The signer's title and name stand nowhere in the text as a signature block.
    NotInText {
        /// What was looked for.
        sought: Sought,
        /// Where one of them stands, the last first.
        found: Vec<Anchor>,
        /// Characters whose fonts do not say what they are: the texts may stand there all the same.
        unreadable: usize,
    },
    /// Several signature blocks with the signer's title and name are equally good.
    SeveralInText {
        /// What was looked for.
        sought: Sought,
        /// Where they are.
        found: Vec<Anchor>,
    },
    /// The profile has no place of its own, and none was given.
    NoPlace {
        /// The profile.
        profile: Profile,
    },
    /// A seal covers part of a leader's visible signature, and there is none in the document.
    NoLeader,
    /// The existing field has no area to show anything in.
    FieldWithoutArea,
}

impl fmt::Display for VisibleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(error) => error.fmt(f),
            Self::Design(error) => error.fmt(f),
            Self::Larger(error) => error.fmt(f),
            Self::NotInText { sought, found, unreadable } => {
                write!(f, "no signature block with {sought}; found")?;
                if found.is_empty() {
                    f.write_str(" nothing like it")?;
                }
                list(found, f)?;
                match unreadable {
                    0 => Ok(()),
                    count => write!(f, "; {count} characters cannot be read"),
                }
            }
            Self::SeveralInText { sought, found } => {
                write!(f, "several signature blocks with {sought} are equally good")?;
                list(found, f)
            }
            Self::PdfA { part, conflict } => write!(f, "the document is PDF/A-{part}: {conflict}"),
            Self::NoPlace { profile } => {
                write!(f, "a {:?} signature has no place of its own", profile.name())
            }
            Self::NoLeader => {
                f.write_str("no visible signature of a leader is there for the seal to cover")
            }
            Self::FieldWithoutArea => f.write_str("the field has no area on its page"),
        }
    }
}

impl std::error::Error for VisibleError {}

impl From<kyso_pades::Error> for VisibleError {
    fn from(error: kyso_pades::Error) -> Self {
        Self::Document(error)
    }
}

/// Who signs and when, for the fields of a text.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// The signer's certificate.
    pub certificate: &'a Certificate,
    /// The signing time where the signer is.
    pub time: Option<Moment>,
    /// `/Reason`.
    pub reason: Option<&'a str>,
    /// `/Location`.
    pub location: Option<&'a str>,
}

/// What a signature shows in one document.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The page, counted from 0.
    pub page: usize,
    /// Its rectangle in visible coordinates.
    pub rect: Rectangle,
    /// What stands there.
    pub appearance: Appearance,
}

impl Visible {
    /// Composes it for a document; `field` is the existing field that the signature fills.
    ///
    /// # Errors
    /// [`VisibleError`].
    pub fn compose<R: Read + Seek>(
        &self,
        document: &mut Document<R>,
        field: Option<&FieldPlace>,
        act: &Act<'_>,
    ) -> Result<Placed, VisibleError> {
        let claim = document.pdf_a()?;
        let room = match (field, &self.place) {
            (Some(field), _) => {
                let rect = field.rect.ok_or(VisibleError::FieldWithoutArea)?;
                Some((rect.width(), rect.height()))
            }
            (None, Place::Rectangle { width, height, .. }) => Some((*width, *height)),
            (None, _) => None,
        };
        let appearance = self.draw(room, claim, act)?;
        check_pdf_a(&appearance, claim)?;
        if let Some(field) = field {
            let rect = field.rect.ok_or(VisibleError::FieldWithoutArea)?;
            return Ok(Placed { page: field.page, rect, appearance });
        }
        let Found { page, rect, between } = self.find(document, appearance.size, act)?;
        match between.filter(|between| *between < rect.height()) {
            Some(between) if self.profile == Profile::Leader => {
                // Smaller, so that it hides neither title nor name; the seal alone has a size of its own.
                let scale = (between / rect.height()).max(LEAST_SCALE);
                let rect = about_middle(&rect, scale);
                let appearance = self.draw(Some((rect.width(), rect.height())), claim, act)?;
                Ok(Placed { page, rect, appearance })
            }
            _ => Ok(Placed { page, rect, appearance }),
        }
    }

    fn draw(
        &self,
        room: Option<(f64, f64)>,
        claim: Option<PdfAClaim>,
        act: &Act<'_>,
    ) -> Result<Appearance, VisibleError> {
        let subject = act.certificate.subject();
        let serial = hex::encode(act.certificate.serial());
        let email = act.certificate.email();
        let details = &self.details;
        let values = Values {
            signer: subject.common_name(),
            title: details.title.as_deref().or_else(|| subject.find(TITLE)),
            email: email.as_deref(),
            unit: subject.find(ORGANIZATIONAL_UNIT),
            organization: subject.find(ORGANIZATION),
            time: act.time,
            reason: act.reason,
            location: act.location,
            serial: Some(&serial),
            number: details.number.as_deref(),
            date: details.date.or(act.time),
            form: details.form,
            note: details.note.as_deref(),
        };
        // An output profile for RGB explains device colours; any other PDF/A wants calibrated ones.
        let colors = match claim {
            Some(PdfAClaim { output_components, .. }) if output_components != Some(3) => {
                Colors::Calibrated
            }
            _ => Colors::Device,
        };
        let qr = self.qr.as_deref().map(|payload| QrCode { payload, hint: HINT, side: QR_SIDE });
        let content = Content {
            picture: self.picture.as_deref(),
            template: self.template.as_ref(),
            values,
            room,
            qr,
            colors,
        };
        let design = self.profile.design(&content).map_err(VisibleError::Design)?;
        design.compose().map_err(VisibleError::Design)
    }

    /// Page and rectangle for something of a size that has no field yet.
    fn find<R: Read + Seek>(
        &self,
        document: &mut Document<R>,
        size: (f64, f64),
        act: &Act<'_>,
    ) -> Result<Found, VisibleError> {
        let larger = VisibleError::Larger;
        let page = match &self.place {
            Place::Text { title, name } => {
                let signer = act.certificate.subject().common_name();
                let (title, name) = (title.as_deref(), name.as_deref().or(signer));
                return in_text(document, size, title, name);
            }
            Place::Profile => match self.profile.spot() {
                // A page words a title otherwise than the certificate; the name is the same.
                Spot::BetweenTitleAndName => {
                    let name = act.certificate.subject().common_name();
                    return in_text(document, size, self.details.title.as_deref(), name);
                }
                _ => 0,
            },
            Place::ProfileOnPage { page }
            | Place::Rectangle { page, .. }
            | Place::At { page, .. }
            | Place::Corner { page, .. } => *page,
        };
        let visible = document.page_geometry(page)?.visible();
        let from_top = |left: f64, top: f64, (width, height): (f64, f64)| {
            let upper = visible.top - top;
            let wanted =
                Rectangle { left, bottom: upper - height, right: left + width, top: upper };
            into_page(&visible, &wanted)
        };
        let rect = match (&self.place, self.profile.spot()) {
            (Place::Rectangle { left, top, width, height, .. }, _) => {
                from_top(*left, *top, (*width, *height))
            }
            (Place::At { left, top, .. }, _) => from_top(*left, *top, size),
            (Place::Corner { corner, .. }, _) => at_corner(&visible, size, *corner, CORNER_MARGIN),
            (_, Spot::FirstPage(corner)) => at_corner(&visible, size, corner, CORNER_MARGIN),
            (_, Spot::BesideLeader) => {
                let (page, leader) = last_visible(document)?.ok_or(VisibleError::NoLeader)?;
                let visible = document.page_geometry(page)?.visible();
                let rect = seal_beside(&visible, &leader, size).map_err(larger)?;
                return Ok(Found { page, rect, between: None });
            }
            (_, Spot::BetweenTitleAndName | Spot::Asked) => {
                return Err(VisibleError::NoPlace { profile: self.profile });
            }
        };
        Ok(Found { page, rect: rect.map_err(larger)?, between: None })
    }
}

/// Page and rectangle of a signature.
struct Found {
    page: usize,
    rect: Rectangle,
    /// The free height between title and name, where both say where it stands.
    between: Option<f64>,
}

/// A rectangle scaled about its middle.
fn about_middle(rect: &Rectangle, scale: f64) -> Rectangle {
    let (x, y) = (f64::midpoint(rect.left, rect.right), f64::midpoint(rect.bottom, rect.top));
    let (width, height) = (rect.width() * scale / 2.0, rect.height() * scale / 2.0);
    Rectangle { left: x - width, bottom: y - height, right: x + width, top: y + height }
}

/// Between title and name in the document's text.
///
/// A title that the certificate or the act names may be worded otherwise on the page, so where title and name together
/// are nowhere, nothing else is tried: whoever signs sees what was found and says it exactly.
fn in_text<R: Read + Seek>(
    document: &mut Document<R>,
    size: (f64, f64),
    title: Option<&str>,
    name: Option<&str>,
) -> Result<Found, VisibleError> {
    let sought = || Sought { title: title.map(str::to_owned), name: name.map(str::to_owned) };
    let found = match find_place(document, title, name) {
        Ok(found) => found,
        Err(PlacementError::Document(error)) => return Err(error.into()),
        Err(PlacementError::NothingAsked) => {
            let (sought, found) = (sought(), Vec::new());
            return Err(VisibleError::NotInText { sought, found, unreadable: 0 });
        }
        Err(PlacementError::NotFound { found, unreadable }) => {
            let (sought, found) = (sought(), anchors(document, found)?);
            return Err(VisibleError::NotInText { sought, found, unreadable });
        }
        Err(PlacementError::Ambiguous { found }) => {
            let (sought, found) = (sought(), anchors(document, found)?);
            return Err(VisibleError::SeveralInText { sought, found });
        }
    };
    let visible = document.page_geometry(found.page)?.visible();
    let mut between = None;
    let rect = match (&found.title, &found.name) {
        (Some(title), Some(name)) if name.rect.top <= title.rect.bottom => {
            let title = Rectangle { bottom: found.space.top, ..title.rect };
            let name = Rectangle { top: found.space.bottom, ..name.rect };
            between = Some(found.space.height());
            between_lines(&visible, &title, &name, size)
        }
        _ => {
            let (x, y) = found.centre;
            let (width, height) = size;
            let (left, bottom) = (x - width / 2.0, y - height / 2.0);
            let wanted = Rectangle { left, bottom, right: left + width, top: bottom + height };
            into_page(&visible, &wanted)
        }
    };
    Ok(Found { page: found.page, rect: rect.map_err(VisibleError::Larger)?, between })
}

/// What was found, measured as people measure paper.
fn anchors<R: Read + Seek>(
    document: &mut Document<R>,
    found: Vec<FoundText>,
) -> Result<Vec<Anchor>, VisibleError> {
    let measure = |FoundText { part, page, text, rect }: FoundText| {
        let visible = document.page_geometry(page)?.visible();
        let (left, top) = (rect.left - visible.left, visible.top - rect.top);
        Ok(Anchor { part, page, text, left, top })
    };
    found.into_iter().map(measure).collect()
}

/// The newest signed field that shows something: what a seal stands beside.
fn last_visible<R: Read + Seek>(
    document: &mut Document<R>,
) -> Result<Option<(usize, Rectangle)>, VisibleError> {
    let mut signed: Vec<_> = document.signatures()?;
    signed.retain(|one| one.coverage.is_ok());
    signed.sort_by_key(|one| one.coverage.as_ref().map_or(0, |coverage| coverage.byte_range.end()));
    for one in signed.iter().rev() {
        match document.field_place(&one.field_name) {
            Ok(FieldPlace { page, rect: Some(rect) }) => return Ok(Some((page, rect))),
            Ok(_) | Err(kyso_pades::Error::NoWidget(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn check_pdf_a(appearance: &Appearance, claim: Option<PdfAClaim>) -> Result<(), VisibleError> {
    let Some(PdfAClaim { part, output_components }) = claim else { return Ok(()) };
    let of = if part == 1 { PdfA::Part1 } else { PdfA::Part2OrLater };
    let intent = match output_components {
        Some(1) => OutputIntent::Gray,
        Some(3) => OutputIntent::Rgb,
        Some(4) => OutputIntent::Cmyk,
        _ => OutputIntent::None,
    };
    let refused = |conflict| VisibleError::PdfA { part, conflict };
    appearance.check_pdf_a(of, intent).map_err(refused)
}
