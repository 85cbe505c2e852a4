//! Options of `kyso preview`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::Resettable;

use super::{PasswordArgs, VisibleArgs};

/// Finest resolution that is offered: what prints in detail. The limit of pixels lowers it for large pages.
const MOST_DPI: i64 = 1200;

#[derive(Debug, Args)]
// A page and a room are of use here without a signature to be seen; what changes only the file is not.
#[command(
    mut_arg("page", |arg| arg.requires(Resettable::<clap::Id>::Reset)),
    mut_arg("rect", |arg| arg.requires(Resettable::<clap::Id>::Reset)),
    mut_arg("certify", |arg| arg.hide(true)),
    mut_arg("lock", |arg| arg.hide(true)),
)]
pub(crate) struct PreviewArgs {
    /// The PDF
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Name of the picture; - is standard output
    #[arg(short, long, value_name = "PNG")]
    pub(crate) output: PathBuf,
    /// Pixels to an inch; lowered where the picture would be too large
    #[arg(long, value_name = "N", default_value_t = 96, value_parser = clap::value_parser!(u16).range(1..=MOST_DPI))]
    pub(crate) dpi: u16,
    /// Draw a blue rectangle where the signature will stand; without --visible that is so anyway
    #[arg(long)]
    pub(crate) placement: bool,
    /// Signature field that would be filled: its page and place
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// With --visible: whose signature; no PIN is asked for a token [default: the only one there is]
    #[arg(long, value_name = "URI", requires = "visible")]
    pub(crate) credential: Option<String>,
    /// With --visible: reason in the signature's text
    #[arg(long, requires = "visible")]
    pub(crate) reason: Option<String>,
    /// With --visible: place in the signature's text
    #[arg(long, requires = "visible")]
    pub(crate) location: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) visible: VisibleArgs,
    /// Replace an existing picture
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON: pages, size, resolution, renderer, place
    #[arg(long)]
    pub(crate) json: bool,
}
