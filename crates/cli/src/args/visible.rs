//! Options of what a PDF's signature shows and what it certifies or locks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What a PDF's signature shows, and where.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Visible PDF signatures")]
pub(crate) struct VisibleArgs {
    /// Show the signature on a page: leader, seal, copy, attachment, income, comment, number-and-date, free
    #[arg(long, value_name = "PROFILE")]
    pub(crate) visible: Option<String>,
    /// Picture (PNG or JPEG): the handwritten signature, the seal
    #[arg(long, value_name = "FILE", requires = "visible")]
    pub(crate) picture: Option<PathBuf>,
    /// Text instead of the profile's own, with fields: {signer} {email} {organization} {unit} {title} {time} {date}
    /// {number} {reason} {location} {serial} {form} {note}
    #[arg(long, value_name = "TEXT", requires = "visible")]
    pub(crate) text: Option<String>,
    /// Page, counted from 1 [default: 1]
    #[arg(long, value_name = "N", requires = "visible", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: Option<u32>,
    /// Corner (top-left, top-right, bottom-left, bottom-right), or LEFT,TOP in millimetres from the page's upper left corner
    #[arg(long, value_name = "PLACE", requires = "visible", conflicts_with = "rect")]
    pub(crate) at: Option<String>,
    /// Room in millimetres from the page's upper left corner
    #[arg(long, value_name = "LEFT,TOP,WIDTH,HEIGHT", requires = "visible")]
    pub(crate) rect: Option<String>,
    /// Place it between the line of this title and the line of --signer-name in the page's text
    #[arg(long, value_name = "TEXT", requires = "visible")]
    pub(crate) signer_title: Option<String>,
    /// The name below the title [default: the certificate's]
    #[arg(long, value_name = "TEXT", requires = "visible")]
    pub(crate) signer_name: Option<String>,
    /// Number and symbol of the document, for {number}
    #[arg(long, value_name = "TEXT", requires = "visible")]
    pub(crate) number: Option<String>,
    /// Date of the document, for {date} [default: that of signing]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "visible")]
    pub(crate) date: Option<String>,
    /// Form of a copy, for {form}
    #[arg(long, value_enum, requires = "visible")]
    pub(crate) form: Option<Form>,
    /// Free text, for {note}
    #[arg(long, value_name = "TEXT", requires = "visible")]
    pub(crate) note: Option<String>,
    /// QR code with this text beside it
    #[arg(long, value_name = "TEXT", requires = "visible")]
    pub(crate) qr: Option<String>,
    /// Certify: 1 permits no change, 2 form filling and signing, 3 comments too; must be the first signature
    #[arg(long, value_name = "1|2|3", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) certify: Option<u8>,
    /// Lock form fields by this signature: all, only:NAME,…, or but:NAME,…
    #[arg(long, value_name = "FIELDS")]
    pub(crate) lock: Option<String>,
}

/// The forms of a copy (Decree 30/2020, article 25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// SAO Y
    SaoY,
    /// SAO LỤC
    SaoLuc,
    /// TRÍCH SAO
    TrichSao,
}

impl VisibleArgs {
    /// The first option given that only this process can honour.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            ("--visible", self.visible.is_some()),
            ("--certify", self.certify.is_some()),
            ("--lock", self.lock.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}
