//! A page of a PDF as a picture: what a person sees before they agree to sign.
//!
//! A PDF is a program from a stranger, and a renderer is where such programs win or never end. So no page is drawn in the
//! caller's process: a [`Renderer`] starts the same program again as a worker ([`worker::main`]), which limits its own
//! memory, processor time and files before it reads a byte, draws by `hayro` and answers with a PNG; the caller ends it
//! when its time is up. Where `hayro` cannot, another program (`pdftoppm`) may be asked under the same limits.
//!
//! [`draw_placement`] then shows on the picture where a signature will stand, and [`draw_label`] says whose it is.

mod error;
mod limits;
mod picture;
mod placement;
mod process;
mod renderer;
mod scale;
mod wire;
pub mod worker;

pub use error::{Ended, FallbackFailure, FallbackReason, PreviewError};
pub use limits::{Caps, Limits};
pub use picture::{Color, Picture, PictureError};
pub use placement::{Disagreement, draw_label, draw_placement, placed_at};
pub use renderer::{By, Incomplete, Order, Preview, Renderer};
