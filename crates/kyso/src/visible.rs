//! What a signature shows on a page, composed for each document: its place, its room, what PDF/A permits.

use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;

use kyso_appearance::placement::{
    CORNER_MARGIN, Corner, LargerThanPage, at_corner, into_page, seal_beside,
};
use kyso_appearance::{
    Appearance, Colors, Content, CopyForm, DesignError, HINT, Moment, OutputIntent, PdfA,
    PdfAConflict, Picture, Profile, QrCode, Spot, Template, Values,
};
use kyso_pades::{Document, FieldPlace, PdfAClaim, Rectangle};
use kyso_x509::Certificate;
use kyso_x509::name::{ORGANIZATION, ORGANIZATIONAL_UNIT, TITLE};

/// Side of a QR code in points, where the payload needs no more: 25 mm.
const QR_SIDE: f64 = 70.87;

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
        let (page, rect) = self.find(document, appearance.size)?;
        Ok(Placed { page, rect, appearance })
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
    ) -> Result<(usize, Rectangle), VisibleError> {
        let larger = VisibleError::Larger;
        let page = match self.place {
            Place::Profile => 0,
            Place::ProfileOnPage { page }
            | Place::Rectangle { page, .. }
            | Place::At { page, .. }
            | Place::Corner { page, .. } => page,
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
            (Place::Profile | Place::ProfileOnPage { .. }, Spot::FirstPage(corner)) => {
                at_corner(&visible, size, corner, CORNER_MARGIN)
            }
            (Place::Profile | Place::ProfileOnPage { .. }, Spot::BesideLeader) => {
                let (page, leader) = last_visible(document)?.ok_or(VisibleError::NoLeader)?;
                let visible = document.page_geometry(page)?.visible();
                return Ok((page, seal_beside(&visible, &leader, size).map_err(larger)?));
            }
            (
                Place::Profile | Place::ProfileOnPage { .. },
                Spot::BetweenTitleAndName | Spot::Asked,
            ) => return Err(VisibleError::NoPlace { profile: self.profile }),
        };
        Ok((page, rect.map_err(larger)?))
    }
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
