//! Options of `kyso appearance`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Json;

/// What to do with what is kept of visible signatures.
#[derive(Debug, Subcommand)]
pub(crate) enum AppearanceCommand {
    /// Keep what signatures of a profile show and where they stand; what is not given stays as it is
    Set(AppearanceSetArgs),
    /// List what is kept for a certificate
    List {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        json: Json,
    },
    /// Show what is kept for a certificate and a profile
    Show {
        /// leader, seal, copy, attachment, income, comment, number-and-date, free
        profile: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        json: Json,
    },
    /// Forget what is kept for a certificate and a profile
    Remove {
        /// leader, seal, copy, attachment, income, comment, number-and-date, free
        profile: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        json: Json,
    },
}

/// Which certificate's signatures.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// Certificate of this key: pkcs11:… (RFC 7512) or file:key.p12 [default: the only one there is]
    #[arg(long, value_name = "URI", conflicts_with = "certificate")]
    pub(crate) credential: Option<String>,
    /// Certificate in this file (DER or PEM, the first one)
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AppearanceSetArgs {
    /// leader, seal, copy, attachment, income, comment, number-and-date, free
    pub(crate) profile: String,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// Picture (PNG or JPEG), which is copied
    #[arg(long, value_name = "FILE")]
    pub(crate) picture: Option<PathBuf>,
    /// Text instead of the profile's own
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Page, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: Option<u32>,
    /// Corner, or LEFT,TOP in millimetres
    #[arg(long, value_name = "PLACE", conflicts_with = "rect")]
    pub(crate) at: Option<String>,
    /// Room in millimetres
    #[arg(long, value_name = "LEFT,TOP,WIDTH,HEIGHT")]
    pub(crate) rect: Option<String>,
    /// Title above the signature in the page's text
    #[arg(long, value_name = "TEXT")]
    pub(crate) signer_title: Option<String>,
    /// Name below the signature in the page's text
    #[arg(long, value_name = "TEXT")]
    pub(crate) signer_name: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}
