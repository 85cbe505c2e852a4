//! `kyso verify` and `kyso cert validate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PasswordArgs;

/// By what is judged: anchors, evidence, policy, time.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// Trust anchors: a file or folder of certificates (DER or PEM), a trust store's folder, or a folder that
    /// --evidence-out wrote
    #[arg(long, value_name = "PATH")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates for the path (files or folders, DER or PEM)
    #[arg(long, value_name = "PATH")]
    pub(crate) untrusted: Vec<PathBuf>,
    /// Stored evidence: certificates, CRLs, OCSP responses (files or folders), or a folder that --evidence-out wrote
    #[arg(long, value_name = "PATH")]
    pub(crate) evidence: Vec<PathBuf>,
    /// Validation time (RFC 3339) [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub(crate) time: Option<jiff::Timestamp>,
    /// Policy by name or file [default: that of the trust store that anchors the chain]; `integrity-only` demands
    /// neither revocation status nor, without --trust, a path
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) policy: Option<String>,
    /// Fetch nothing: use stored evidence only, and list what is missing
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Signed files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Content of a detached signature [default: the file's name without .p7s]
    #[arg(long, value_name = "FILE")]
    pub(crate) content: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Write everything that the verdict rests on to a new folder, from which --evidence repeats it
    #[arg(long, value_name = "DIR")]
    pub(crate) evidence_out: Option<PathBuf>,
    /// Print the report of ETSI TS 119 102-2 (XML)
    #[arg(long, conflicts_with = "json")]
    pub(crate) etsi: bool,
    /// Write the report as PDF, to hand over (one file only)
    #[arg(long, value_name = "OUT.pdf")]
    pub(crate) pdf_report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CertValidateArgs {
    /// Certificates (DER or PEM): of each file the first is validated, the others may help to build its path
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// For what the certificate is to be used
    #[arg(long, value_enum, default_value = "document-signing")]
    pub(crate) usage: CertUsage,
}

/// For what a certificate is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CertUsage {
    /// It signs documents
    DocumentSigning,
    /// Whatever it says
    Any,
}
