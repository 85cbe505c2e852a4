//! What a visible signature shows, as PDF objects; pure: no file, socket, clock or randomness.
//!
//! A [`Design`] holds a picture, a text or both, with a frame and a QR code where wanted, and
//! [`Design::compose`] gives its [`Appearance`]: a form XObject and what it refers to. Same input, same bytes.
//! A [`Profile`] is a design as Decree 30/2020 or an office's habit wants it; [`placement`] holds the rules of place
//! that need no text of the page.

mod appearance;
mod canvas;
mod color;
mod design;
mod error;
mod file;
mod font;
mod moment;
mod number;
mod object;
mod paragraph;
mod picture;
pub mod placement;
mod profile;
mod qr;
mod template;

pub use appearance::{Appearance, OutputIntent, PdfA, PdfAConflict};
pub use color::{Color, Colors};
pub use design::{Align, Area, Body, Design, Frame, PictureSize, Text, TextLine};
pub use error::DesignError;
pub use file::{page_of, write_file};
pub use font::{Face, FontDamaged, MissingGlyph, Weight};
pub use moment::Moment;
pub use number::{hexadecimal, number};
pub use object::deflated;
pub use picture::{Picture, PictureError, PictureFormat, PictureLimits};
pub use profile::{Content, Profile, Spot};
pub use qr::{HINT, LEAST_MODULE, QrCode};
pub use template::{CopyForm, Field, Missing, Template, TemplateError, Values};
