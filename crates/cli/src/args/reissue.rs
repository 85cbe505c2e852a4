//! `kyso reissue`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Json;

#[derive(Debug, Subcommand)]
pub(crate) enum ReissueCommand {
    /// Ask for a certificate to be reissued: shows what changes, asks, and submits
    Request(RequestArgs),
    /// List the requests
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Show a request with its history
    Show {
        /// The request's id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Submit a draft: the holder agrees
    Submit {
        /// The request's id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Sign the data of Form 04 and write the file for the authority
    Export {
        /// The request's id
        id: String,
        /// Name of the signed file (.p7m)
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Key that signs it, where the holder's token is lost [default: the certificate's own]
        #[arg(long, value_name = "URI")]
        credential: Option<String>,
        /// Replace an existing file
        #[arg(long)]
        force: bool,
        /// Write the journal's receipt beside it (.tlog-proof)
        #[arg(long)]
        receipt: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Look at the data of Form 04 before it is signed
    Form04 {
        /// The request's id
        id: String,
        /// As what
        #[arg(long, value_enum, default_value = "text")]
        format: FormFormat,
    },
    /// Record what the authority answered
    Answer {
        /// The request's id
        id: String,
        /// The certificate that was issued (DER or PEM)
        #[arg(value_name = "CERTIFICATE", required_unless_present = "refused")]
        certificate: Option<PathBuf>,
        /// It was refused, for this reason
        #[arg(long, value_name = "REASON", conflicts_with = "certificate")]
        refused: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Withdraw a request
    Cancel {
        /// The request's id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Find a unit's code by its name; diacritics may be left out
    Units {
        /// Words of the name, such as `xa dak ha`, or a code
        #[arg(required = true, value_name = "WORD")]
        search: Vec<String>,
        /// Show units that do not exist any more as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormFormat {
    Text,
    Json,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// The present certificate: its SHA-256, or a file (DER or PEM) [default: the only one there is]
    #[arg(long, value_name = "SHA256|FILE")]
    pub(crate) certificate: Option<String>,
    /// Take what the daemon's warning proposes; what is given here stands above it
    #[arg(long)]
    pub(crate) from_warning: bool,
    /// Why it must be reissued
    #[arg(long, value_enum, required_unless_present = "from_warning")]
    pub(crate) reason: Option<Reason>,
    /// The unit that the certificate names: CODE, CODE@YYYY-MM-DD, or words
    #[arg(long, value_name = "UNIT")]
    pub(crate) old_unit: Option<String>,
    /// The unit that it shall name: CODE, CODE@YYYY-MM-DD, or words
    #[arg(long, value_name = "UNIT")]
    pub(crate) new_unit: Option<String>,
    /// The e-mail address that it shall name
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// The subject that it shall have (RFC 4514) [default: made from the new unit and e-mail address]
    #[arg(long, value_name = "DN")]
    pub(crate) subject: Option<String>,
    /// Form 04: the directly managing agency that files the request
    #[arg(long)]
    pub(crate) agency: Option<String>,
    /// Form 04: personal identification number
    #[arg(long)]
    pub(crate) personal_number: Option<String>,
    /// Form 04: position
    #[arg(long)]
    pub(crate) position: Option<String>,
    /// Form 04: mobile phone
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// Form 04: address
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// Make a draft only
    #[arg(long)]
    pub(crate) draft: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reason {
    /// The unit became part of another
    UnitMerged,
    /// The unit has another name
    UnitRenamed,
    /// The holder, or the unit, belongs elsewhere
    UnitMoved,
    /// The official e-mail address changed
    EmailChanged,
    /// The certificate expires
    Expiring,
    /// The token is lost or broken
    TokenLost,
}
