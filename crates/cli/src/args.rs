//! The command line: a contract that others script against.

mod appearance;
mod batch;
mod extend;
mod preview;
mod reissue;
mod trust;
mod verify;
mod visible;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use kyso_daemon::text::Lang;

pub(crate) use appearance::{AppearanceCommand, AppearanceSetArgs, Whose};
pub(crate) use batch::BatchCommand;
pub(crate) use extend::{ExtendArgs, ExtendLevel, TimestampArgs};
pub(crate) use preview::PreviewArgs;
pub(crate) use reissue::{FormFormat, Reason, ReissueCommand, RequestArgs};
pub(crate) use trust::{TrustAddArgs, TrustBundleArgs, TrustCommand, TrustImportArgs};
pub(crate) use verify::{CertUsage, CertValidateArgs, Judging, VerifyArgs};
pub(crate) use visible::{Form, VisibleArgs};

/// Sign and verify documents with PKCS#11 tokens; every signature is recorded in a journal.
///
/// Ký số và kiểm tra chữ ký số; mỗi chữ ký đều được ghi vào nhật ký.
#[derive(Debug, Parser)]
#[command(name = "kyso", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Language of messages (vi or en); else the locale's
    #[arg(long, global = true)]
    pub(crate) lang: Option<Lang>,
    /// Configuration file [default: $XDG_CONFIG_HOME/kyso/config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "KYSO_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Journal to write and read [default: $XDG_STATE_HOME/kyso/journal.sqlite]
    #[arg(long, global = true, value_name = "FILE", env = "KYSO_JOURNAL")]
    pub(crate) journal: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell the whole story in one run: token, signatures, verification, journal
    Demo(DemoArgs),
    /// Tokens and key files: list, initialize, make and import keys, change PINs
    #[command(subcommand)]
    Token(TokenCommand),
    /// Certificates on tokens and in key files
    #[command(subcommand)]
    Cert(CertCommand),
    /// Sign documents: by the daemon, or with --direct in this process
    Sign(Box<SignArgs>),
    /// Visible signatures: keep what those of a certificate show and where they stand
    #[command(subcommand)]
    Appearance(AppearanceCommand),
    /// Batches of signatures at the daemon
    #[command(subcommand)]
    Batch(BatchCommand),
    /// Ask for a certificate to be reissued, because the unit changed or it expires
    #[command(subcommand)]
    Reissue(ReissueCommand),
    /// Show a page of a PDF as a picture, and where a signature will stand on it
    Preview(PreviewArgs),
    /// Verify signed documents (exit 0 TOTAL-PASSED, 1 TOTAL-FAILED, 3 INDETERMINATE, 2 error)
    Verify(VerifyArgs),
    /// Add time-stamps and evidence to signed files, so that they last (exit 0 every file has its level, else 2)
    Extend(ExtendArgs),
    /// Have files time-stamped (RFC 3161): a token beside each
    Timestamp(TimestampArgs),
    /// Trust stores: anchors with a policy each, their pins, bundles for networks without internet
    #[command(subcommand)]
    Trust(TrustCommand),
    /// The record of every signature
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Try the PKCS#11 modules, the journal and the trust store, and say in plain words what is found
    Doctor(DoctorArgs),
    /// The local daemon: run it, ask how it is, stop it
    #[cfg(unix)]
    #[command(subcommand)]
    Daemon(DaemonCommand),
    /// A PKCS#11 module in a process of its own; started by kyso itself
    #[cfg(unix)]
    #[command(hide = true)]
    TokenWorker,
    /// A page of a PDF in a process of its own, with limits; started by kyso itself
    #[command(hide = true, disable_help_flag = true)]
    PreviewWorker {
        /// What to draw with, and the limits
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// A stand-in for pinentry that agrees and types the demo's PIN
    #[cfg(unix)]
    #[command(hide = true)]
    DemoPinentry,
}

/// What to do with the daemon.
#[cfg(unix)]
#[derive(Debug, Subcommand)]
pub(crate) enum DaemonCommand {
    /// Serve the user's socket in the foreground, until SIGTERM; SIGHUP reads the configuration again
    Run {
        /// Stay in the foreground, which is what it always does
        #[arg(long)]
        foreground: bool,
        /// Leave the caller's terminal and session: how other commands start it
        #[arg(long, hide = true, conflicts_with = "foreground")]
        detached: bool,
    },
    /// Say whether it runs, and how it is (exit 0 it works, 1 it fails, 3 none runs, 2 error)
    Status(Json),
    /// Stop it: acts finish the document in hand, batches pause
    Stop,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder for the demo's files [default: kyso-demo in the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Use the built-in PKCS#12 key store even where SoftHSM is installed
    #[arg(long)]
    pub(crate) key_file: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List modules, slots and tokens
    List(Json),
    /// Initialize a token (erases it), or create a key file
    Init {
        #[command(flatten)]
        target: TokenTarget,
        /// Label of the new token, at most 32 bytes
        #[arg(long)]
        label: String,
        /// File that holds the security officer's PIN
        #[arg(long, value_name = "FILE")]
        so_pin_file: Option<PathBuf>,
        /// File that holds the new user PIN
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
        /// Erase a token that is already initialized
        #[arg(long)]
        erase: bool,
    },
    /// Make a key pair on a token or in a key file, and print its public key
    Generate {
        #[command(flatten)]
        target: TokenTarget,
        /// Kind of key
        #[arg(long, value_enum, default_value = "p256")]
        key: KeyKind,
        /// Label of the key
        #[arg(long, default_value = "kyso")]
        label: String,
        /// File that holds the user PIN
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
        /// Where to write the public key (SubjectPublicKeyInfo, PEM) [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write a certificate or a private key to a token or a key file
    Import {
        #[command(flatten)]
        target: TokenTarget,
        /// Certificates (DER or PEM); the one that matches a key is bound to it
        #[arg(long, value_name = "FILE", required_unless_present = "private_key")]
        certificate: Option<PathBuf>,
        /// Private key (PKCS#8, unencrypted, DER or PEM)
        #[arg(long, value_name = "FILE")]
        private_key: Option<PathBuf>,
        /// Label of the objects
        #[arg(long, default_value = "kyso")]
        label: String,
        /// File that holds the user PIN
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
    },
    /// Change the PIN, or unblock it as security officer
    Pin {
        #[command(flatten)]
        target: TokenTarget,
        /// Set a new PIN as security officer
        #[arg(long)]
        unblock: bool,
        /// File that holds the present PIN (with --unblock: the security officer's)
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
        /// File that holds the new PIN
        #[arg(long, value_name = "FILE")]
        new_pin_file: Option<PathBuf>,
    },
}

/// Which token or key file an administrative command means.
#[derive(Clone, Debug, Args)]
pub(crate) struct TokenTarget {
    /// Key file (PKCS#12) instead of a token
    #[arg(long, value_name = "FILE", conflicts_with_all = ["module", "token", "serial", "slot"])]
    pub(crate) file: Option<PathBuf>,
    /// Absolute path of the PKCS#11 module [default: the only allowed one that is installed]
    #[arg(long, value_name = "PATH")]
    pub(crate) module: Option<PathBuf>,
    /// Token by its label
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["serial", "slot"])]
    pub(crate) token: Option<String>,
    /// Token by its serial number
    #[arg(long, value_name = "SERIAL", conflicts_with = "slot")]
    pub(crate) serial: Option<String>,
    /// Token by its slot
    #[arg(long, value_name = "NUMBER")]
    pub(crate) slot: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeyKind {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    P521,
    Ed25519,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// List the certificates that can sign, with the URI that names each
    List {
        #[command(flatten)]
        json: Json,
        /// Log in at remote services where a person must, and list what they hold
        #[arg(long)]
        remote: bool,
        /// Key files to look into as well
        #[arg(long, value_name = "FILE")]
        file: Vec<PathBuf>,
        /// File that holds the key files' password
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
    },
    /// Validate certificates: path and revocation status (exit codes as `verify`)
    Validate(CertValidateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Pades,
    Cades,
    Xades,
    Jades,
    AsicS,
    AsicE,
}

/// Kinds of XML documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum XmlKind {
    /// Health insurance claims: GIAMDINHHS (Decision 4750/QĐ-BYT)
    #[value(name = "claims-4750")]
    Claims4750,
    /// Check-in file XML0: CHI_TIEU_TRANG_THAI_KCB
    Checkin,
    /// Health check (KHAMSUCKHOE): the doctor who concludes, first
    HealthCheckDoctor,
    /// Health check (KHAMSUCKHOE): the hospital, over the doctor's
    HealthCheckHospital,
    /// Message between agencies: edXML (QCVN 102:2016/BTTTT)
    Edxml,
    /// Certificates of birth and death, packages of certificates: HSDLGCS, HSDLGBT, HSCHUNGTU
    CivilStatus,
    /// Any other document: the signature stands last in the root element
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Level {
    B,
    T,
    Lt,
    Lta,
}

/// Which RSA signature scheme; EC keys have one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RsaPadding {
    /// RSASSA-PSS (Circular 15/2025)
    Pss,
    /// RSASSA-PKCS1-v1_5, which deployed VGCA documents use
    Pkcs1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Files to sign
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Name of the signed file (one file only)
    #[arg(short, long, value_name = "OUT", conflicts_with = "out_dir")]
    pub(crate) output: Option<PathBuf>,
    /// Folder for the signed files; made where it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Signature format [default: pades for PDF, xades for XML, else cades]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Baseline level
    #[arg(long, value_enum, default_value = "B", ignore_case = true)]
    pub(crate) level: Level,
    /// CAdES: leave the content outside the signature
    #[arg(long)]
    pub(crate) detached: bool,
    /// XML: kind of document, which says what it must hold, where the signature stands and what it covers [default: by its
    /// root element]
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) profile: Option<XmlKind>,
    /// XML: a bare XML signature without the properties of XAdES, for readers that know none of them
    #[arg(long)]
    pub(crate) xmldsig: bool,
    /// XML: code of the medical facility whose files are signed; another's are refused
    #[arg(long, value_name = "CODE")]
    pub(crate) facility: Option<String>,
    /// Key to sign with: pkcs11:… (RFC 7512) or file:key.p12 [default: the only one there is]
    #[arg(long, value_name = "URI")]
    pub(crate) credential: Option<String>,
    /// Sign in this process; else the daemon signs and asks the person
    #[arg(long)]
    pub(crate) direct: bool,
    /// Time-stamping authority for level T and above; repeated, they are asked in this order [default: the
    /// configuration's]
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,
    /// Levels above B: where no authority answers, count a file that waits in the queue as done
    #[arg(long)]
    pub(crate) pending: bool,
    /// PAdES: existing empty signature field to fill, or name of the new one
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// PAdES: reason shown by viewers
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// PAdES: place shown by viewers
    #[arg(long)]
    pub(crate) location: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) visible: VisibleArgs,
    /// Trust anchors (files or folders, DER or PEM) that the signer's path must reach
    #[arg(long, value_name = "PATH")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates for the path (files or folders, DER or PEM)
    #[arg(long, value_name = "PATH")]
    pub(crate) untrusted: Vec<PathBuf>,
    /// RSA keys: signature scheme
    #[arg(long, value_enum, default_value = "pss")]
    pub(crate) rsa_padding: RsaPadding,
    /// Digest algorithm
    #[arg(long, value_enum, default_value = "sha256")]
    pub(crate) digest: Hash,
    /// Parallel sessions with the token
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub(crate) sessions: u16,
    /// Replace existing output files
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the journal's receipt beside each signed file (.tlog-proof)
    #[arg(long)]
    pub(crate) receipt: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the password of encrypted PDFs comes from; a person at a terminal is asked where none of them is given.
#[derive(Debug, Default, Args)]
pub(crate) struct PasswordArgs {
    /// Encrypted PDFs: file whose first line is the owner's or user's password
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Encrypted PDFs: read the password from the first line of standard input
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// List entries
    List {
        #[command(flatten)]
        json: Json,
        /// Show the last N entries
        #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
        last: u64,
    },
    /// Show one entry
    Show {
        /// Entry's index
        entry: u64,
        #[command(flatten)]
        json: Json,
    },
    /// Write an entry's inclusion receipt (C2SP tlog-proof@v1)
    Prove {
        /// Entry's index
        entry: u64,
        /// Where to write it [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write a bundle that verifies offline
    Export {
        /// Where to write it
        #[arg(value_name = "FILE")]
        output: PathBuf,
        /// Include document names
        #[arg(long)]
        with_names: bool,
    },
    /// Verify this journal, an exported bundle, or a receipt
    Verify {
        /// Exported bundle or receipt [default: this journal itself]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Verifier key that must have signed (name+hash+key)
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
        /// Earlier checkpoint that must be a part of this history
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) json: Json,
}
