//! Raising signed files to the levels that last (EN 319 122-1 §6, EN 319 142-1 §6): time-stamps, validation data, archive and document
//! time-stamps.
//!
//! A signature is judged first: one that is wrong is not made to last. What is added never touches a signed byte, the
//! result is judged before it is released, and an act of its own in the journal tells which file became which.

mod embed;
mod error;
mod pdf;
mod raise;
mod worth;
mod write;

use std::path::{Path, PathBuf};

use kyso_cades::level::BaselineLevel;
use kyso_validation::report::TimestampKind;
use kyso_x509::Time;
use serde::{Deserialize, Serialize};

pub use error::ExtendError;

use crate::fetch::Fetcher;
use crate::recorder::{Intent, Outcome, Recorder, Released, Sha256};
use crate::timestamp::Authorities;
use crate::verify::{Options as Judging, SignedFile};

/// A level above B-B (EN 319 122-1 §6), each holding the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// B-T: a time-stamp proves that the signature existed.
    T,
    /// B-LT: also the certificates and revocation status that validation needs.
    #[serde(rename = "LT")]
    Lt,
    /// B-LTA: also a time-stamp over all of it, to be renewed before its algorithms or certificates lapse.
    #[serde(rename = "LTA")]
    Lta,
}

impl Level {
    /// `T`, `LT` or `LTA`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::T => "T",
            Self::Lt => "LT",
            Self::Lta => "LTA",
        }
    }

    /// The level as formats call it.
    const fn baseline(self) -> BaselineLevel {
        match self {
            Self::T => BaselineLevel::T,
            Self::Lt => BaselineLevel::Lt,
            Self::Lta => BaselineLevel::Lta,
        }
    }
}

/// How files are extended.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The level to reach.
    pub level: Level,
    /// By what the signatures are judged, before and after.
    pub judging: Judging<'a>,
    /// The way to issuers, responders and authorities.
    pub fetcher: &'a Fetcher,
    /// Who makes time-stamps.
    pub authorities: &'a Authorities,
    /// The time of the act.
    pub now: Time,
    /// An archive time-stamp is renewed when its certificates or its algorithm end within so many seconds.
    pub renew_within: i64,
    /// Who asks, as it is recorded.
    pub requester: String,
    /// Whether an existing target may be replaced.
    pub overwrite: bool,
}

/// What became of a file that could be extended.
#[derive(Debug)]
pub enum Extended {
    /// It was, and the journal says so.
    Done(Released<ExtendedFile>),
    /// Every signature has the level already, and no archive time-stamp is due.
    UpToDate,
}

/// An extended file under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedFile {
    /// Where it is.
    pub path: PathBuf,
    /// `CAdES` or `PAdES`.
    pub format: &'static str,
    /// Its length in bytes.
    pub len: u64,
    /// The time-stamps that were added, in their order.
    pub stamps: Vec<Stamp>,
}

/// A time-stamp that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Index of the signer that it is about, from 0.
    pub signer: usize,
    /// What it covers.
    pub kind: TimestampKind,
    /// The authority's address.
    pub authority: String,
    /// genTime.
    pub time: Time,
}

/// Whether every signature of a file has the level already and no archive time-stamp is due; nothing is written.
///
/// # Errors
/// [`ExtendError`], as [`extend_file`] before it writes anything.
pub fn is_up_to_date(source: &Path, options: &Options<'_>) -> Result<bool, ExtendError> {
    let judging = &options.judging;
    let signed = SignedFile::open(source, judging.content, judging.password, judging.known())
        .map_err(ExtendError::Unusable)?;
    Ok(judge(&signed, options)?.is_none())
}

/// A file that is to be extended.
enum Judged<'a> {
    Cms(Box<raise::Judged<'a>>),
    Pdf(Box<pdf::JudgedPdf>),
}

fn judge<'a>(
    signed: &'a SignedFile,
    options: &Options<'_>,
) -> Result<Option<Judged<'a>>, ExtendError> {
    Ok(match signed.cms() {
        Some((data, content)) => {
            let judged = raise::judge(signed, data, content, options)?;
            judged.map(|judged| Judged::Cms(Box::new(judged)))
        }
        None => pdf::judge(signed, options)?.map(|judged| Judged::Pdf(Box::new(judged))),
    })
}

impl Judged<'_> {
    /// SHA-256 of the first signer's certificate.
    fn certificate_sha256(&self) -> Sha256 {
        match self {
            Self::Cms(judged) => judged.certificate_sha256,
            Self::Pdf(judged) => judged.certificate_sha256,
        }
    }

    const fn format(&self) -> &'static str {
        match self {
            Self::Cms(_) => "CAdES",
            Self::Pdf(_) => "PAdES",
        }
    }

    /// The format as the journal records it.
    fn recorded(&self, level: Level) -> String {
        format!("{}-B-{} extension", self.format(), level.as_str())
    }

    /// Extends it, in a file without a name.
    fn write(
        self,
        source: &Path,
        target: &Path,
        options: &Options<'_>,
    ) -> Result<write::Written, ExtendError> {
        match self {
            Self::Cms(judged) => {
                let raised = judged.raise(options)?;
                write::write(source, target, raised, options.overwrite)
            }
            Self::Pdf(judged) => judged.raise_and_write(source, target, options),
        }
    }
}

/// Bytes that a PDF's signature reserves for a time-stamp to come: tokens with two certificates take 5 to 7 KB.
pub const STAMP_ROOM: usize = 10_240;

/// What journal records call the way in which an extension is made.
const MECHANISM: &str = "RFC 3161 time-stamp";

/// Extends every signature of a CMS file or of a PDF and writes the result as `target`, which may be the file itself.
///
/// # Errors
/// [`ExtendError`]; the file is then as it was, and nothing has the target's name that had not before.
pub fn extend_file(
    source: &Path,
    target: &Path,
    options: &Options<'_>,
    recorder: &dyn Recorder,
) -> Result<Extended, ExtendError> {
    // 1. Read and judge.
    let judging = &options.judging;
    let signed = SignedFile::open(source, judging.content, judging.password, judging.known())
        .map_err(ExtendError::Unusable)?;
    let Some(judged) = judge(&signed, options)? else { return Ok(Extended::UpToDate) };

    // 2. Say what is going to happen, durably.
    let intent = Intent {
        requester: options.requester.clone(),
        document_sha256: write::sha256_of(source)?,
        document_name: source.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        certificate_sha256: judged.certificate_sha256(),
        token_serial: String::new(),
        mechanism: MECHANISM.to_owned(),
        format: judged.recorded(options.level),
        operation: None,
        consent: None,
    };
    let ids = recorder.intend(&[intent]).map_err(ExtendError::Recorder)?;
    let [id] = ids.as_slice() else { return Err(ExtendError::NotRecorded) };

    // 3. Extend, and write without a name.
    let format = judged.format();
    let made = judged.write(source, target, options);
    let outcome = match &made {
        Ok(written) => Outcome::Extended {
            timestamp_sha256: written.last_token,
            released_sha256: written.sha256,
        },
        Err(error) => Outcome::Failed { code: error.code().to_owned() },
    };

    // 4. Record what became of it; only then does the file get its name.
    let receipts = recorder.conclude(&[(*id, outcome)]).map_err(ExtendError::Recorder)?;
    let written = made?;
    let receipt = receipts
        .into_iter()
        .next()
        .filter(|receipt| receipt.intent == *id)
        .ok_or(ExtendError::NotRecorded)?;
    write::publish(written, format, receipt).map(Extended::Done)
}
