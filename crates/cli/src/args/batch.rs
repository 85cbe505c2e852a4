//! `kyso batch`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Json;

#[derive(Debug, Subcommand)]
pub(crate) enum BatchCommand {
    /// List the batches that the daemon knows
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Show where a batch is, and what became of its items
    Show {
        /// The batch's id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Pause a batch behind the item in hand
    Pause {
        /// The batch's id
        id: String,
    },
    /// Go on with a paused batch; the PIN is asked for again
    Resume {
        /// The batch's id
        id: String,
    },
    /// Withdraw what is not signed yet
    Cancel {
        /// The batch's id
        id: String,
    },
    /// Fetch the signed files of a batch
    Fetch {
        /// The batch's id
        id: String,
        /// Folder for the signed files
        #[arg(long, value_name = "DIR")]
        out_dir: PathBuf,
        /// Replace existing files
        #[arg(long)]
        force: bool,
        /// Write the journal's receipt beside each signed file (.tlog-proof)
        #[arg(long)]
        receipt: bool,
        #[command(flatten)]
        json: Json,
    },
}
