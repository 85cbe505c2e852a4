//! Who draws: the worker, or another program where it cannot.

use std::ffi::OsString;
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::Command;

use kyso_pades::{Document, Limits as DocumentLimits};
use zeroize::Zeroizing;

use crate::error::{Ended, FallbackFailure, FallbackReason, PreviewError};
use crate::limits::Limits;
use crate::picture::{Picture, PictureError};
use crate::process::{Failure, run};
use crate::scale::scale;
use crate::wire::{self, Answer, Refusal, Request};
use crate::worker;

/// Draws pages in processes of their own.
#[derive(Clone, Debug)]
pub struct Renderer {
    /// The program that runs [`worker::main`].
    pub program: PathBuf,
    /// What it is told first: the hidden command [`worker::COMMAND`].
    pub arguments: Vec<OsString>,
    /// Another program that takes the arguments of `pdftoppm`, by path or name.
    pub fallback: Option<PathBuf>,
    /// Limits of both.
    pub limits: Limits,
}

/// What to draw.
pub struct Order {
    /// Index of the page, from 0.
    pub page: usize,
    /// Pixels to an inch; lowered where the picture would be too large.
    pub dpi: f64,
    /// The document's password, where it has one.
    pub password: Option<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("page", &self.page)
            .field("dpi", &self.dpi)
            .finish_non_exhaustive()
    }
}

/// A drawn page.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The page upright, from edge to edge.
    pub picture: Picture,
    /// Pages of the document.
    pub pages: usize,
    /// Pixels to an inch, as it turned out.
    pub dpi: f64,
    /// Who drew it.
    pub by: By,
    /// What is missing from it.
    pub incomplete: Incomplete,
}

/// Who drew a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The built-in renderer.
    Hayro,
    /// Another program.
    Fallback {
        /// Which.
        program: PathBuf,
        /// Why it was asked.
        reason: FallbackReason,
    },
}

/// What the renderer knows that it did not draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incomplete {
    /// Text in a font that it could not read.
    pub font: bool,
    /// An image that it could not decode.
    pub image: bool,
    /// An annotation's appearance, or another part.
    pub annotation: bool,
}

impl Incomplete {
    /// Whether anything is missing.
    #[must_use]
    pub const fn any(self) -> bool {
        self.font || self.image || self.annotation
    }
}

impl Renderer {
    /// Draws a page of a document.
    ///
    /// The fallback is asked where the renderer finds no PDF, does not know the encryption, breaks down by a defect, or
    /// leaves something out; never where a limit was met, which the fallback would meet too.
    ///
    /// # Errors
    /// [`PreviewError`].
    pub fn draw<R: Read + Seek + Send>(
        &self,
        document: &mut R,
        order: &Order,
    ) -> Result<Preview, PreviewError> {
        let len = document.seek(SeekFrom::End(0)).map_err(PreviewError::Unreadable)?;
        if len > self.limits.document {
            return Err(PreviewError::TooLong { most: self.limits.document });
        }
        let drawn = self.by_worker(document, order);
        let (Some(reason), Some(program)) = (reason(&drawn), &self.fallback) else {
            return drawn;
        };
        match self.by_fallback(program, document, order, reason) {
            Ok(preview) => Ok(preview),
            // A page with a gap that is named is better than none.
            Err(_) if drawn.is_ok() => drawn,
            Err(failure) => {
                Err(PreviewError::Fallback { program: program.clone(), reason, failure })
            }
        }
    }

    fn by_worker<R: Read + Seek + Send>(
        &self,
        document: &mut R,
        order: &Order,
    ) -> Result<Preview, PreviewError> {
        document.rewind().map_err(PreviewError::Unreadable)?;
        let request = Request {
            page: order.page as u64,
            dpi: order.dpi,
            pixels: self.limits.pixels,
            side: self.limits.side,
            document: self.limits.document,
            password: order.password.as_ref().map(|text| text.to_vec()).unwrap_or_default(),
        };
        let mut first = Zeroizing::new(Vec::new());
        wire::send(&request, &mut *first).map_err(PreviewError::Unreadable)?;
        // The renderer writes no file.
        let mut command = self.worker(worker::DRAW, 0);
        let not_started = |error| PreviewError::NotStarted { program: self.program.clone(), error };
        let said =
            run(&mut command, &first, document, &self.limits).map_err(|failure| match failure {
                Failure::NotStarted(error) => not_started(error),
                Failure::Unreadable(error) => PreviewError::Unreadable(error),
                Failure::Ended(Ended::Exited { code })
                    if code == i32::from(worker::NOT_CONFINED) =>
                {
                    PreviewError::NotConfined
                }
                Failure::Ended(ended) => PreviewError::Ended(ended),
            })?;
        let mut rest = said.as_slice();
        let answer = wire::receive::<Answer>(&mut rest)
            .map_err(|_malformed| PreviewError::Ended(Ended::AnswerMalformed))?;
        let (pages, dpi, incomplete) = match answer {
            Answer::Drawn { pages, dpi, font, image, annotation } => {
                (pages, dpi, Incomplete { font, image, annotation })
            }
            Answer::Refused(refusal) => return Err(self.refused(refusal, order)),
        };
        let picture = Picture::from_png(rest, self.limits.pixels).map_err(PreviewError::Picture)?;
        let pages = usize::try_from(pages).unwrap_or(usize::MAX);
        Ok(Preview { picture, pages, dpi, by: By::Hayro, incomplete })
    }

    fn refused(&self, refusal: Refusal, order: &Order) -> PreviewError {
        match refusal {
            Refusal::NotAPdf => PreviewError::NotAPdf,
            Refusal::Password => PreviewError::Password,
            Refusal::Encryption => PreviewError::Encryption,
            Refusal::NoSuchPage { pages } => PreviewError::NoSuchPage {
                page: order.page,
                pages: usize::try_from(pages).unwrap_or(usize::MAX),
            },
            Refusal::TooLarge => PreviewError::TooLarge { pixels: self.limits.pixels },
            Refusal::TooLong => PreviewError::TooLong { most: self.limits.document },
            Refusal::Panicked | Refusal::Encoding => PreviewError::Ended(Ended::Panicked),
        }
    }

    fn by_fallback<R: Read + Seek + Send>(
        &self,
        program: &PathBuf,
        document: &mut R,
        order: &Order,
        reason: FallbackReason,
    ) -> Result<Preview, FallbackFailure> {
        if order.password.is_some() {
            return Err(FallbackFailure::PasswordExposed);
        }
        document.rewind().map_err(FallbackFailure::NotStarted)?;
        // The other program is told the size, so that it cannot choose one beyond the limits.
        let mut read = Document::open(&mut *document, DocumentLimits::standard())
            .map_err(FallbackFailure::Document)?;
        let pages = read.page_count().map_err(FallbackFailure::Document)?;
        let geometry = read.page_geometry(order.page).map_err(FallbackFailure::Document)?;
        drop(read);
        let size = scale(geometry.visible_size(), order.dpi, self.limits.pixels, self.limits.side)
            .ok_or(FallbackFailure::Picture(PictureError::Shape))?;
        let number = order.page.saturating_add(1).to_string();
        // Its resolution is of the page's own units, and it turns the page after measuring it.
        let resolution = (size.dpi * geometry.user_unit).to_string();
        let mut command = if cfg!(unix) {
            let mut command = self.worker(worker::BECOME, self.limits.answer());
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(["-png", "-cropbox", "-f", &number, "-l", &number, "-r", &resolution, "-"]);
        document.rewind().map_err(FallbackFailure::NotStarted)?;
        let png =
            run(&mut command, &[], document, &self.limits).map_err(|failure| match failure {
                Failure::NotStarted(error) | Failure::Unreadable(error) => {
                    FallbackFailure::NotStarted(error)
                }
                Failure::Ended(Ended::Exited { code }) if code == i32::from(worker::NOT_THERE) => {
                    FallbackFailure::NotStarted(std::io::ErrorKind::NotFound.into())
                }
                Failure::Ended(ended) => FallbackFailure::Ended(ended),
            })?;
        let picture =
            Picture::from_png(&png, self.limits.pixels).map_err(FallbackFailure::Picture)?;
        // A side may be rounded up or to the nearest.
        if picture.width().abs_diff(size.width) > 1 || picture.height().abs_diff(size.height) > 1 {
            return Err(FallbackFailure::Picture(PictureError::Shape));
        }
        let by = By::Fallback { program: program.clone(), reason };
        Ok(Preview { picture, pages, dpi: size.dpi, by, incomplete: Incomplete::default() })
    }

    /// This program as a worker, with its limits in its arguments and little around it.
    fn worker(&self, mode: &str, file: u64) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(mode);
        for limit in [self.limits.memory, self.limits.processor, file] {
            command.arg(limit.to_string());
        }
        if cfg!(unix) {
            command.env_clear();
            // Where another renderer is found, and where it finds fonts.
            for name in ["PATH", "HOME"] {
                if let Some(value) = std::env::var_os(name) {
                    command.env(name, value);
                }
            }
        }
        command
    }
}

/// Why another program should be asked, if it should.
fn reason(drawn: &Result<Preview, PreviewError>) -> Option<FallbackReason> {
    match drawn {
        Ok(preview) => preview.incomplete.any().then_some(FallbackReason::Incomplete),
        Err(PreviewError::NotAPdf) => Some(FallbackReason::NotAPdf),
        Err(PreviewError::Encryption) => Some(FallbackReason::Encryption),
        Err(PreviewError::Ended(ended)) if !ended.at_limit() => Some(FallbackReason::Broke),
        Err(PreviewError::Picture(_)) => Some(FallbackReason::Broke),
        Err(
            PreviewError::Unreadable(_)
            | PreviewError::TooLong { .. }
            | PreviewError::NotStarted { .. }
            | PreviewError::NotConfined
            | PreviewError::Password
            | PreviewError::NoSuchPage { .. }
            | PreviewError::TooLarge { .. }
            | PreviewError::Ended(_)
            | PreviewError::Fallback { .. },
        ) => None,
    }
}
