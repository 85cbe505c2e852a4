//! What `kyso trust` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Json;

/// What to do with trust stores.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Add certificates to a store; refused where they do not match their pin
    Add(TrustAddArgs),
    /// List the stores: policy, anchors, intermediates, pins, CRLs
    List(Json),
    /// Read every store again: pins, periods, permissions, duplicates, CRLs (exit 0 all is well, 1 something is wrong)
    Check(Json),
    /// Write stores and CRLs to one file and sign it, for networks without internet
    Bundle(TrustBundleArgs),
    /// Verify a bundle's signature, pins and dates, then install it
    Import(TrustImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TrustAddArgs {
    /// File with the certificates (DER or PEM)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The store [default: the pin's]
    #[arg(long, value_name = "NAME")]
    pub(crate) store: Option<String>,
    /// SHA-256 that the certificate must have, for one without a pin
    #[arg(long, value_name = "SHA256")]
    pub(crate) fingerprint: Option<String>,
    /// Policy of a store that is made now [default: vn-public-service; vn-public-ca for the store national]
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct TrustBundleArgs {
    /// Where to write it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Stores to put in [default: all]
    #[arg(long, value_name = "NAME")]
    pub(crate) store: Vec<String>,
    /// Further CRLs (DER or PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) crl: Vec<PathBuf>,
    /// Key to sign with: pkcs11:… (RFC 7512) or file:key.p12 [default: the only one there is]
    #[arg(long, value_name = "URI")]
    pub(crate) credential: Option<String>,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct TrustImportArgs {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    /// SHA-256 of the certificate that must have signed it
    #[arg(
        long,
        value_name = "SHA256",
        required_unless_present = "trust",
        conflicts_with = "trust"
    )]
    pub(crate) signer: Option<String>,
    /// Anchors that the signer's path must reach instead (files or folders, DER or PEM)
    #[arg(long, value_name = "PATH")]
    pub(crate) trust: Vec<PathBuf>,
    /// Take a bundle that is not newer than the imported one
    #[arg(long)]
    pub(crate) accept_older: bool,
    /// Take CRLs that have ended
    #[arg(long)]
    pub(crate) accept_stale: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}
