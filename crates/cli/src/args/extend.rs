//! `kyso extend` and `kyso timestamp`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Judging, PasswordArgs};

#[derive(Debug, Args)]
pub(crate) struct ExtendArgs {
    /// Signed files (CMS: .p7m, .p7s)
    #[arg(required_unless_present_any = ["recursive", "pending"], value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Level to reach
    #[arg(long, value_enum, ignore_case = true, required_unless_present = "pending")]
    pub(crate) level: Option<ExtendLevel>,
    /// Name of the extended file (one file only)
    #[arg(short, long, value_name = "OUT", conflicts_with_all = ["out_dir", "in_place"])]
    pub(crate) output: Option<PathBuf>,
    /// Folder for the extended files; made where it is not there
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Replace the files themselves, each when its extended form is complete on the disk
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Extend every *.p7m, *.p7s and signed *.pdf below a folder, in place
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "output", "out_dir", "content"])]
    pub(crate) recursive: Option<PathBuf>,
    /// Content of a detached signature [default: the file's name without .p7s]
    #[arg(long, value_name = "FILE")]
    pub(crate) content: Option<PathBuf>,
    /// Time-stamping authority; repeated, they are asked in this order [default: the configuration's]
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,
    /// Renew archive time-stamps whose certificates or algorithm end within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16))]
    pub(crate) renew_before: u16,
    /// Extend the files that wait because no authority answered when they were signed
    #[arg(long, conflicts_with_all = ["files", "recursive", "output", "out_dir", "in_place", "content", "level"])]
    pub(crate) pending: bool,
    /// With --pending: only list them
    #[arg(long, requires = "pending")]
    pub(crate) list: bool,
    /// With --pending: take a file off the list; the file itself stays as it is
    #[arg(long, value_name = "FILE", requires = "pending", conflicts_with = "list")]
    pub(crate) forget: Option<PathBuf>,
    /// Replace existing output files
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) trusting: Trusting,
}

/// By what signatures are judged before and after; the time is now.
#[derive(Debug, Args)]
pub(crate) struct Trusting {
    /// Trust anchors: a file or folder of certificates (DER or PEM), or a trust store's folder
    #[arg(long, value_name = "PATH")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates for the path (files or folders, DER or PEM)
    #[arg(long, value_name = "PATH")]
    pub(crate) untrusted: Vec<PathBuf>,
    /// Stored evidence: certificates, CRLs, OCSP responses (files or folders)
    #[arg(long, value_name = "PATH")]
    pub(crate) evidence: Vec<PathBuf>,
    /// Policy by name or file [default: that of the trust store that anchors the chain]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) policy: Option<String>,
    /// Fetch no evidence: use what is stored; time-stamps cannot be had either
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Trusting {
    /// As judging takes it.
    pub(crate) fn judging(&self) -> Judging {
        Judging {
            trust: self.trust.clone(),
            untrusted: self.untrusted.clone(),
            evidence: self.evidence.clone(),
            time: None,
            policy: self.policy.clone(),
            offline: self.offline,
            json: self.json,
        }
    }
}

/// A level above B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum ExtendLevel {
    /// A time-stamp proves that the signature existed
    T,
    /// Also the certificates and revocation status that validation needs
    Lt,
    /// Also a time-stamp over all of it, to be renewed before it lapses
    Lta,
}

#[derive(Debug, Args)]
pub(crate) struct TimestampArgs {
    /// Files to time-stamp
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Name of the time-stamp token (one file only) [default: the file's name with .tst]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Time-stamping authority; repeated, they are asked in this order [default: the configuration's]
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,
    /// Replace existing output files
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
