//! Verifying signed files: gather what the file holds, then judge it by policy and time.

mod judge;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use kyso_cades::{
    ContentDigests, ReadError, ReadLimits, SignedData, SignedDataError, read_signed_data,
};
use kyso_pades::{Coverage, Date, Document, Limits, Signature, SubFilter, digest_byte_ranges};
use kyso_x509::{DigestAlgorithm, Time};

use crate::indication::Indication;
use crate::report::{FileFormat, FileReport, SignatureReport};
use crate::signer::Trust;
use judge::{Judge, Presented};

/// By what a signature is judged; there is no default, the caller names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Path to an anchor and revocation status are demanded. Circular 15/2025/TT-BKHCN: OCSP and CRL.
    RevocationRequired,
    /// Digest, value and signing certificate; the path where anchors are given; no revocation status.
    IntegrityOnly,
}

impl Policy {
    /// The policy's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RevocationRequired => "revocation-required",
            Self::IntegrityOnly => "integrity-only",
        }
    }

    /// The policy of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::RevocationRequired, Self::IntegrityOnly].into_iter().find(|one| one.name() == name)
    }
}

/// With what a file is verified.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Anchors and further certificates.
    pub trust: &'a Trust,
    /// The policy.
    pub policy: Policy,
    /// The time at which certificates must be valid.
    pub validation_time: Time,
    /// The content of a detached CMS signature.
    pub content: Option<&'a Path>,
}

/// Why nothing can be said about a file.
#[derive(Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum VerifyFileError {
    /// The file, or its detached content, cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// The file has no bytes.
    Empty { path: PathBuf },
    /// The file is neither a PDF nor a CMS structure.
    UnknownFormat { path: PathBuf },
    /// The PDF cannot be read, or exceeds a limit.
    Pdf { path: PathBuf, error: kyso_pades::Error },
    /// The CMS structure cannot be read, or exceeds a limit.
    Cms { path: PathBuf, error: SignedDataError },
    /// There is no signature in the file.
    NotSigned { path: PathBuf },
}

impl fmt::Display for VerifyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::Empty { path } => write!(f, "{} is empty", path.display()),
            Self::UnknownFormat { path } => {
                write!(f, "{} is neither a PDF nor a CMS signature", path.display())
            }
            Self::Pdf { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Cms { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NotSigned { path } => write!(f, "{} holds no signature", path.display()),
        }
    }
}

impl std::error::Error for VerifyFileError {}

/// Bytes in which `%PDF-` may stand (ISO 32000-2 Annex I: readers accept the first 1024).
const PDF_HEADER_WITHIN: u64 = 1024;

/// Largest PEM file: base64 is decoded in memory.
const MOST_PEM_BYTES: u64 = 64 * 1024 * 1024;

/// Verifies every signature of a file.
///
/// # Errors
/// [`VerifyFileError`] where the file cannot be read as a signed file at all; a bad signature is a
/// result, not an error.
pub fn verify_file(path: &Path, options: &Options<'_>) -> Result<FileReport, VerifyFileError> {
    let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut head = Vec::new();
    (&mut file).take(PDF_HEADER_WITHIN).read_to_end(&mut head).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if head.is_empty() {
        return Err(VerifyFileError::Empty { path: path.to_path_buf() });
    }
    let judge = Judge { options };
    let (format, signatures) = if head.windows(5).any(|window| window == b"%PDF-") {
        (FileFormat::Pdf, pdf(path, file, &judge)?)
    } else {
        (FileFormat::Cms, cms(path, file, &head, &judge)?)
    };
    let Some(indication) =
        signatures.iter().map(|signature| signature.indication).reduce(Indication::worse)
    else {
        return Err(VerifyFileError::NotSigned { path: path.to_path_buf() });
    };
    Ok(FileReport {
        file: path.to_path_buf(),
        format,
        indication,
        signatures,
        policy: options.policy.name(),
        validation_time: options.validation_time,
    })
}

/// A PDF's signature with its message parsed.
struct Found {
    signature: Signature,
    message: Option<Result<SignedData, SignedDataError>>,
}

fn pdf(
    path: &Path,
    file: File,
    judge: &Judge<'_>,
) -> Result<Vec<SignatureReport>, VerifyFileError> {
    let refused = |error| VerifyFileError::Pdf { path: path.to_path_buf(), error };
    let mut document = Document::open(file, Limits::standard()).map_err(refused)?;
    let found: Vec<Found> = document
        .signatures()
        .map_err(refused)?
        .into_iter()
        .map(|signature| {
            let message = signature.message().map(SignedData::from_ber);
            Found { signature, message }
        })
        .collect();
    // One pass over the file for the ranges of all signatures, each by the digests that its message names.
    let mut requests = Vec::new();
    let mut owners = Vec::new();
    for (index, one) in found.iter().enumerate() {
        let (Ok(Coverage { byte_range, .. }), Some(Ok(message))) =
            (&one.signature.coverage, &one.message)
        else {
            continue;
        };
        for algorithm in message.content_digest_algorithms() {
            requests.push((*byte_range, algorithm));
            owners.push(index);
        }
    }
    let digests = digest_byte_ranges(document.reader_mut(), &requests)
        .map_err(|error| VerifyFileError::Unreadable { path: path.to_path_buf(), error })?;
    let reports = found.into_iter().enumerate().map(|(index, one)| {
        let own = owners.iter().zip(&digests).filter(|(owner, _)| **owner == index);
        let content = ContentDigests::from_digests(own.map(|(_, digest)| *digest).collect());
        judge.pdf_signature(one.signature, one.message, &content)
    });
    Ok(reports.collect())
}

fn cms(
    path: &Path,
    file: File,
    head: &[u8],
    judge: &Judge<'_>,
) -> Result<Vec<SignatureReport>, VerifyFileError> {
    let (signed_data, embedded) = read_cms(path, file, head)?;
    let content = if signed_data.is_detached() {
        match judge.options.content {
            Some(content) => Some(hash_content(content, &signed_data)?),
            None => None,
        }
    } else {
        Some(embedded)
    };
    let presented = Presented { signed_data: &signed_data, content: content.as_ref() };
    Ok((0..signed_data.signer_infos().len())
        .map(|index| judge.cms_signer(&presented, index))
        .collect())
}

fn read_cms(
    path: &Path,
    file: File,
    head: &[u8],
) -> Result<(SignedData, ContentDigests), VerifyFileError> {
    let explain = |error| match error {
        ReadError::Io(error) => VerifyFileError::Unreadable { path: path.to_path_buf(), error },
        ReadError::SignedData(error) => VerifyFileError::Cms { path: path.to_path_buf(), error },
    };
    let limits = ReadLimits::document();
    if head.starts_with(b"-----BEGIN") {
        let der = pem_body(path, file)?;
        return read_signed_data(der.as_slice(), &limits, &mut |_| {}).map_err(explain);
    }
    // A CMS file begins with a SEQUENCE; anything else deserves a plainer answer than a DER error.
    if head.first() != Some(&0x30) {
        return Err(VerifyFileError::UnknownFormat { path: path.to_path_buf() });
    }
    read_signed_data(BufReader::with_capacity(128 * 1024, file), &limits, &mut |_| {})
        .map_err(explain)
}

/// The DER in a PEM file (RFC 7468 §8, label CMS or PKCS7).
fn pem_body(path: &Path, mut file: File) -> Result<Vec<u8>, VerifyFileError> {
    let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
    let unknown = || VerifyFileError::UnknownFormat { path: path.to_path_buf() };
    if file.seek(SeekFrom::End(0)).map_err(unreadable)? > MOST_PEM_BYTES {
        return Err(unknown());
    }
    file.rewind().map_err(unreadable)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    let body: String = text
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .map(str::trim)
        .collect();
    base64::engine::general_purpose::STANDARD.decode(body).map_err(|_| unknown())
}

fn hash_content(path: &Path, signed_data: &SignedData) -> Result<ContentDigests, VerifyFileError> {
    let algorithms: Vec<DigestAlgorithm> = signed_data.content_digest_algorithms();
    File::open(path)
        .and_then(|mut file| ContentDigests::of_reader(&algorithms, &mut file))
        .map_err(|error| VerifyFileError::Unreadable { path: path.to_path_buf(), error })
}

/// `/M` as a time.
fn claimed_time(signature: &Signature) -> Option<Time> {
    let date = Date::parse(signature.modified.as_deref()?)?;
    Some(Time::from_unix_seconds(date.to_unix()))
}

/// The sub-filter's name as it stands in the file.
fn sub_filter_name(sub_filter: Option<&SubFilter>) -> String {
    match sub_filter {
        Some(SubFilter::EtsiCadesDetached) => "ETSI.CAdES.detached".to_owned(),
        Some(SubFilter::EtsiRfc3161) => "ETSI.RFC3161".to_owned(),
        Some(SubFilter::AdbePkcs7Detached) => "adbe.pkcs7.detached".to_owned(),
        Some(SubFilter::AdbePkcs7Sha1) => "adbe.pkcs7.sha1".to_owned(),
        Some(SubFilter::AdbeX509RsaSha1) => "adbe.x509.rsa_sha1".to_owned(),
        Some(other) => format!("{other:?}"),
        None => "(none)".to_owned(),
    }
}
