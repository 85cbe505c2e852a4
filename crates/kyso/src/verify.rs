//! Verifying signed files, on the disk or in memory: read what the file holds once, then let the engine judge it by
//! anchors, evidence, policy and time as often as evidence is added.

mod xml;

use std::fmt;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kyso_cades::level::BaselineLevel;
use kyso_cades::{
    ContentDigests, ContentHasher, ReadError, ReadLimits, SignedData, SignedDataError,
    TimeStampToken, read_signed_data, read_signed_data_with,
};
use kyso_pades::{
    ByteRange, Comparison, Coverage, Document, Repair, SecurityItem, SecurityStore, Signature,
    SignatureKind, SubFilter, digest_byte_ranges,
};
use kyso_validation::document::{DocumentSecurity, DocumentTimestamp, Placed};
use kyso_validation::evidence::Evidence;
use kyso_validation::indication::{FailedReason, IndeterminateReason, Indication};
use kyso_validation::policy::Policy;
use kyso_validation::report::{FileFormat, FileReport, Finding, SignatureReport};
use kyso_validation::trust::{Trust, TrustStore};
use kyso_validation::{Context, PathCache, pdf_level, validate_cms_signer, validate_pdf_signature};
use kyso_x509::{
    Certificate, CertificateCache, CertificateList, Digest, DigestAlgorithm, OcspResponse, Time,
    TrustAnchor,
};

use crate::input::{open_regular, open_regular_sized};
use crate::password::{DocumentPassword, open_document};
use xml::XmlFile;

/// The content of a CMS signature that does not hold it, or does not alone.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// In a file, which is read as a stream.
    File(&'a Path),
    /// In memory.
    Bytes(&'a [u8]),
}

/// Trust from bare anchors, which no store gives a policy: signatures under them are judged by that of
/// [`Policy::OF_BARE_ANCHORS`].
#[must_use]
pub fn trust_in(anchors: Vec<TrustAnchor>, candidates: Vec<Certificate>) -> Trust {
    let policy = Policy::built_in(Policy::OF_BARE_ANCHORS).filter(|_| !anchors.is_empty());
    let store =
        |policy| TrustStore { name: BARE_ANCHORS.to_owned(), anchors, policy: Arc::new(policy) };
    Trust { stores: policy.map(store).into_iter().collect(), candidates }
}

/// What reports call anchors that were given without a store.
const BARE_ANCHORS: &str = "anchors";

/// With what a file is verified.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Anchors with their policies, and further certificates; read once and lent to every call.
    pub trust: &'a Trust,
    /// What was gathered beside the file.
    pub evidence: &'a Evidence,
    /// The policy; `None`: that of the store whose anchor each signer's path reaches.
    pub policy: Option<&'a Policy>,
    /// The time at which is judged.
    pub validation_time: Time,
    /// The content of a CMS signature; an attached signature must hold the same.
    pub content: Option<Content<'a>>,
    /// Paths that were validated before under the same trust, evidence, policy and time.
    pub paths: Option<&'a PathCache>,
    /// What encrypted PDFs are opened with; `None`: the empty password.
    pub password: Option<&'a DocumentPassword>,
}

impl Options<'_> {
    /// Certificates that were read before, for [`SignedFile::open`].
    #[must_use]
    pub fn known(&self) -> Option<&CertificateCache> {
        self.paths.map(PathCache::certificates)
    }

    /// What the engine is given.
    #[must_use]
    pub const fn context(&self) -> Context<'_> {
        Context {
            trust: self.trust,
            evidence: self.evidence,
            policy: self.policy,
            validation_time: self.validation_time,
            paths: self.paths,
        }
    }
}

/// Why nothing can be said about a file.
#[derive(Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum VerifyFileError {
    /// The file, or its detached content, cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// The file has no bytes.
    Empty { path: PathBuf },
    /// The file is neither a PDF nor an XML document nor a CMS structure.
    UnknownFormat { path: PathBuf },
    /// The PDF cannot be read, or exceeds a limit.
    Pdf { path: PathBuf, error: kyso_pades::Error },
    /// The CMS structure cannot be read, or exceeds a limit.
    Cms { path: PathBuf, error: SignedDataError },
    /// The XML document cannot be read, or exceeds a limit.
    Xml { path: PathBuf, error: kyso_xades::XmlError },
    /// There is no signature in the file.
    NotSigned { path: PathBuf },
    /// Content was given for a PDF, which is its signatures' content itself.
    ContentNotApplicable { path: PathBuf },
}

impl fmt::Display for VerifyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::Empty { path } => write!(f, "{} is empty", path.display()),
            Self::UnknownFormat { path } => {
                write!(f, "{} is neither a PDF nor XML nor a CMS signature", path.display())
            }
            Self::Pdf { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Cms { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Xml { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NotSigned { path } => write!(f, "{} holds no signature", path.display()),
            Self::ContentNotApplicable { path } => {
                write!(f, "{} is a PDF, which has no content beside it", path.display())
            }
        }
    }
}

impl std::error::Error for VerifyFileError {}

/// Bytes in which `%PDF-` may stand (ISO 32000-2 Annex I: readers accept the first 1024).
const PDF_HEADER_WITHIN: u64 = 1024;

/// First byte of a CMS file in DER or BER.
const SEQUENCE: u8 = 0x30;

/// Start of a CMS file in PEM.
const PEM_BEGIN: &[u8] = b"-----BEGIN";

/// Bytes by which content is told from signed attributes.
const CONTENT_START: u64 = 32;

/// Most memory for reading ahead in a CMS file.
const READ_AHEAD: u64 = 128 * 1024;

/// Largest file that is read at once, before anything is known of it: most signatures are, with what surrounds them.
const MOST_SMALL_BYTES: u64 = 64 * 1024;

/// Largest PEM file: base64 is decoded in memory.
const MOST_PEM_BYTES: u64 = 64 * 1024 * 1024;

/// Verifies every signature of a file.
///
/// # Errors
/// [`VerifyFileError`] where the file cannot be read as a signed file at all; a bad signature is a
/// result, not an error.
pub fn verify_file(path: &Path, options: &Options<'_>) -> Result<FileReport, VerifyFileError> {
    let file = SignedFile::open(path, options.content, options.password, options.known())?;
    Ok(file.judge(&options.context()))
}

/// Verifies every signature of a file that is all in memory; `name` is what the report calls it.
///
/// Nothing is written to the disk, and read from it only where [`Options::content`] is a file.
///
/// # Errors
/// As [`verify_file`]; the paths in them are `name`.
pub fn verify_bytes(
    signed: &[u8],
    name: &str,
    options: &Options<'_>,
) -> Result<FileReport, VerifyFileError> {
    let Options { content, password, .. } = *options;
    let file = SignedFile::of_bytes(signed, name, content, password, options.known())?;
    Ok(file.judge(&options.context()))
}

/// A signed file that was read once: its signatures and the digests of what they cover, not its content.
#[derive(Debug)]
pub struct SignedFile {
    path: PathBuf,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    Pdf {
        signatures: Vec<Found>,
        security: Box<DocumentSecurity>,
        revisions: Option<Comparison>,
        rebuilt: bool,
    },
    Cms {
        signed_data: Box<SignedData>,
        content: Option<ContentDigests>,
        differs: bool,
    },
    Xml(XmlFile),
}

/// What extending a PDF's signature needs to know of it.
pub(crate) struct PdfSignature<'a> {
    pub(crate) covers_whole_document: bool,
    /// Where `/Contents` stands in the file, its angle brackets included.
    pub(crate) contents: std::ops::Range<u64>,
    /// `/Contents` with its padding.
    pub(crate) raw_contents: &'a [u8],
    /// The message without padding.
    pub(crate) message_bytes: &'a [u8],
    pub(crate) message: Option<&'a SignedData>,
}

/// A PDF's signature with its message parsed and the digests of its byte range.
#[derive(Clone, Debug)]
struct Found {
    signature: Signature,
    message: Option<Result<SignedData, SignedDataError>>,
    content: ContentDigests,
}

impl SignedFile {
    /// Reads a file; `content` is that of a CMS signature, `password` that of an encrypted PDF, `known` are
    /// certificates that were read before.
    ///
    /// # Errors
    /// As [`verify_file`].
    pub fn open(
        path: &Path,
        content: Option<Content<'_>>,
        password: Option<&DocumentPassword>,
        known: Option<&CertificateCache>,
    ) -> Result<Self, VerifyFileError> {
        let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
        let (mut file, len) = open_regular_sized(path).map_err(|error| unreadable(error.into()))?;
        if len > MOST_SMALL_BYTES {
            return Self::read(path, file, content, password, known);
        }
        // A file that grew meanwhile is read like any long one.
        let mut whole = Vec::with_capacity(len as usize + 1);
        let limit = MOST_SMALL_BYTES + 1;
        (&mut file).take(limit).read_to_end(&mut whole).map_err(unreadable)?;
        if whole.len() as u64 == limit {
            return Self::read(path, file, content, password, known);
        }
        Self::read(path, Cursor::new(whole.as_slice()), content, password, known)
    }

    /// Reads what is all in memory; `name` is what reports call it.
    ///
    /// # Errors
    /// As [`verify_bytes`].
    pub fn of_bytes(
        signed: &[u8],
        name: &str,
        content: Option<Content<'_>>,
        password: Option<&DocumentPassword>,
        known: Option<&CertificateCache>,
    ) -> Result<Self, VerifyFileError> {
        Self::read(Path::new(name), Cursor::new(signed), content, password, known)
    }

    fn read<R: Read + Seek>(
        path: &Path,
        mut file: R,
        content: Option<Content<'_>>,
        password: Option<&DocumentPassword>,
        known: Option<&CertificateCache>,
    ) -> Result<Self, VerifyFileError> {
        let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
        let mut head = Vec::with_capacity(PDF_HEADER_WITHIN as usize);
        file.rewind().map_err(unreadable)?;
        (&mut file).take(PDF_HEADER_WITHIN).read_to_end(&mut head).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let Some(first) = head.first() else {
            return Err(VerifyFileError::Empty { path: path.to_path_buf() });
        };
        // What begins as CMS is CMS, whatever it holds: an attached signature may be that of a PDF.
        let begins_as_cms = *first == SEQUENCE || head.starts_with(PEM_BEGIN);
        let is_pdf = !begins_as_cms && head.windows(5).any(|window| window == b"%PDF-");
        let parts = if is_pdf {
            if content.is_some() {
                return Err(VerifyFileError::ContentNotApplicable { path: path.to_path_buf() });
            }
            pdf(path, file, password)?
        } else if xml::begins_as_xml(&head) {
            Parts::Xml(XmlFile::read(path, file, content)?)
        } else {
            cms(path, file, &head, content, known)?
        };
        let count = match &parts {
            Parts::Pdf { signatures, .. } => signatures.len(),
            Parts::Cms { signed_data, .. } => signed_data.signer_infos().len(),
            Parts::Xml(xml) => xml.signatures,
        };
        if count == 0 {
            return Err(VerifyFileError::NotSigned { path: path.to_path_buf() });
        }
        Ok(Self { path: path.to_path_buf(), parts })
    }

    /// Reads a file that is open; `name` is what reports call it.
    pub(crate) fn of_reader<R: Read + Seek>(
        name: &Path,
        reader: R,
        password: Option<&DocumentPassword>,
    ) -> Result<Self, VerifyFileError> {
        Self::read(name, reader, None, password, None)
    }

    /// The level of each signature of a PDF without the time-stamps that prove nothing by the report; `None` for one that
    /// covers nothing or holds no message.
    pub(crate) fn pdf_levels(&self, report: &FileReport) -> Vec<Option<BaselineLevel>> {
        let Parts::Pdf { signatures, security, .. } = &self.parts else { return Vec::new() };
        let level = |(found, report): (&Found, &SignatureReport)| {
            let coverage = found.signature.coverage.as_ref().ok()?;
            let message = found.message.as_ref()?.as_ref().ok()?;
            let worthless = report.worthless_timestamps();
            Some(pdf_level(message, security, coverage.byte_range.end(), &worthless))
        };
        signatures.iter().zip(&report.signatures).map(level).collect()
    }

    /// The signatures of a PDF, in the order of the report.
    pub(crate) fn pdf_signatures(&self) -> impl Iterator<Item = PdfSignature<'_>> {
        let found: &[Found] = match &self.parts {
            Parts::Pdf { signatures, .. } => signatures,
            Parts::Cms { .. } | Parts::Xml(_) => &[],
        };
        found.iter().map(move |found| {
            let coverage = found.signature.coverage.as_ref().ok();
            let message = found.message.as_ref().and_then(|message| message.as_ref().ok());
            PdfSignature {
                covers_whole_document: coverage.is_some_and(|one| one.covers_whole_document),
                contents: coverage.map(|one| one.byte_range.contents()).unwrap_or_default(),
                raw_contents: &found.signature.contents,
                message_bytes: found.signature.message().unwrap_or_default(),
                message,
            }
        })
    }

    /// The structure of a CMS file with the digests of its content, where the content is at hand; none of a PDF.
    pub(crate) fn cms(&self) -> Option<(&SignedData, Option<&ContentDigests>)> {
        match &self.parts {
            Parts::Pdf { .. } | Parts::Xml(_) => None,
            Parts::Cms { signed_data, content, .. } => Some((signed_data, content.as_ref())),
        }
    }

    /// The same file with its CMS structure augmented; a PDF as it is.
    pub(crate) fn with_signed_data(&self, signed_data: SignedData) -> Self {
        let parts = match &self.parts {
            Parts::Pdf { signatures, security, revisions, rebuilt } => Parts::Pdf {
                signatures: signatures.clone(),
                security: security.clone(),
                revisions: revisions.clone(),
                rebuilt: *rebuilt,
            },
            Parts::Cms { content, differs, .. } => Parts::Cms {
                signed_data: Box::new(signed_data),
                content: content.clone(),
                differs: *differs,
            },
            Parts::Xml(xml) => Parts::Xml(xml.clone()),
        };
        Self { path: self.path.clone(), parts }
    }

    /// What its signatures are worth; a function of the file, the anchors, the evidence, the policy and the time.
    #[must_use]
    pub fn judge(&self, context: &Context<'_>) -> FileReport {
        let (format, signatures) = match &self.parts {
            Parts::Pdf { signatures, security, revisions, rebuilt } => {
                let revisions = revisions.as_ref();
                let judge = |one: &Found| judge_pdf(one, security, revisions, *rebuilt, context);
                (FileFormat::Pdf, signatures.iter().map(judge).collect::<Vec<_>>())
            }
            Parts::Cms { signed_data, content, differs } => {
                let judge = |index| {
                    let content = content.as_ref();
                    let mut report = validate_cms_signer(signed_data, index, content, context);
                    if *differs {
                        report.fail(FailedReason::HashFailure, Finding::OtherContent);
                    }
                    report
                };
                (FileFormat::Cms, (0..signed_data.signer_infos().len()).map(judge).collect())
            }
            Parts::Xml(xml) => (FileFormat::Xml, xml.judge(context)),
        };
        let verdicts = signatures.iter().map(|signature| signature.indication);
        FileReport {
            file: self.path.clone(),
            format,
            // There is at least one: a file without was refused.
            indication: verdicts.reduce(Indication::worse).unwrap_or(NOT_SIGNED),
            signatures,
            policy: context.policy.map(|policy| policy.name.clone()),
            validation_time: context.validation_time,
            attempts: Vec::new(),
        }
    }
}

/// The verdict on no signature at all, which never arises.
const NOT_SIGNED: Indication = Indication::Indeterminate(IndeterminateReason::SignedDataNotFound);

fn judge_pdf(
    found: &Found,
    security: &DocumentSecurity,
    revisions: Option<&Comparison>,
    rebuilt: bool,
    context: &Context<'_>,
) -> SignatureReport {
    let message = match &found.message {
        None => None,
        Some(Ok(message)) => Some(Ok(message)),
        Some(Err(error)) => Some(Err(*error)),
    };
    let Found { signature, content, .. } = found;
    let mut report =
        validate_pdf_signature(signature, message, content, security, revisions, context);
    if rebuilt {
        // Objects that a scan found may be others than another program finds.
        report.open(IndeterminateReason::SigConstraintsFailure, Finding::XrefRebuilt);
    }
    report
}

fn pdf<R: Read + Seek>(
    path: &Path,
    file: R,
    password: Option<&DocumentPassword>,
) -> Result<Parts, VerifyFileError> {
    let refused = |error| VerifyFileError::Pdf { path: path.to_path_buf(), error };
    let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
    let mut document = open_document(file, password).map_err(refused)?;
    let all = document.signatures().map_err(refused)?;
    let mut security = security_of(&mut document).map_err(refused)?;
    let revisions = match document.compare_revisions(&all) {
        Ok(revisions) => Some(revisions),
        // Too much to compare: what was appended stays open.
        Err(kyso_pades::Error::LimitExceeded { .. }) => None,
        Err(error) => return Err(refused(error)),
    };
    // Document time-stamps prove something of the signatures before them; without any, they are all there is to judge.
    // What calls itself one and is not read as one gets a verdict of its own: nothing is hidden by its name.
    let only_stamps = all.iter().all(|one| read_stamp(one).is_some());
    let (stamps, signatures): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| !only_stamps && read_stamp(one).is_some());
    let found: Vec<_> = signatures
        .into_iter()
        .map(|signature| {
            let message = signature.message().map(SignedData::from_ber);
            (signature, message)
        })
        .collect();
    let rebuilt = document.repairs().contains(&Repair::Rebuilt);
    // One pass over the file for the ranges of all signatures, each by the digests that its message names.
    let mut requests = Vec::new();
    let mut owners = Vec::new();
    for (index, (signature, message)) in found.iter().enumerate() {
        let (Ok(Coverage { byte_range, .. }), Some(Ok(message))) = (&signature.coverage, message)
        else {
            continue;
        };
        let mut algorithms = message.content_digest_algorithms();
        if let Some((_, _, token)) = read_stamp(signature) {
            algorithms.push(token.info().message_imprint().algorithm());
        }
        if signature.sub_filter == Some(SubFilter::AdbePkcs7Sha1) {
            algorithms.push(DigestAlgorithm::Sha1ForLegacyUseOnly);
        }
        for algorithm in algorithms {
            requests.push((*byte_range, algorithm));
            owners.push(index);
        }
    }
    for (field_name, byte_range, token) in stamps.iter().filter_map(read_stamp) {
        requests.push((byte_range, token.info().message_imprint().algorithm()));
        security.timestamps.push(DocumentTimestamp { field_name, byte_range, token, digest: None });
    }
    let digests = digest_byte_ranges(document.reader_mut(), &requests).map_err(unreadable)?;
    let mut of_stamps = digests.iter().skip(owners.len());
    for stamp in &mut security.timestamps {
        stamp.digest = of_stamps.next().copied();
    }
    let start = content_start(document.reader_mut()).map_err(unreadable)?;
    let signatures = found.into_iter().enumerate().map(|(index, (signature, message))| {
        let own = owners.iter().zip(&digests).filter(|(owner, _)| **owner == index);
        let digests = own.map(|(_, digest)| *digest).collect();
        let content = match &signature.coverage {
            Ok(coverage) => content_of(&coverage.byte_range, digests, &start),
            Err(_) => ContentDigests::from_digests(digests),
        };
        Found { signature, message, content }
    });
    Ok(Parts::Pdf {
        signatures: signatures.collect(),
        security: Box::new(security),
        revisions,
        rebuilt,
    })
}

/// A document time-stamp (ISO 32000-2 §12.8.5): by type and sub-filter, with a byte range and a token.
fn read_stamp(signature: &Signature) -> Option<(String, ByteRange, TimeStampToken)> {
    let named = signature.kind == SignatureKind::DocumentTimeStamp
        && signature.sub_filter == Some(SubFilter::EtsiRfc3161);
    let coverage = signature.coverage.as_ref().ok().filter(|_| named)?;
    let token = TimeStampToken::from_ber(signature.message()?).ok()?;
    Some((signature.field_name.clone(), coverage.byte_range, token))
}

/// The document's security store, of which what cannot be read is passed over: it proves nothing.
fn security_of<R: Read + Seek>(
    document: &mut Document<R>,
) -> Result<DocumentSecurity, kyso_pades::Error> {
    fn read<T, E>(
        items: Vec<SecurityItem>,
        from: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Vec<Placed<T>> {
        let placed =
            |item: SecurityItem| Some(Placed { value: from(&item.value).ok()?, data: item.data });
        items.into_iter().filter_map(placed).collect()
    }
    let store = match document.security_store() {
        Ok(store) => store,
        Err(limit @ (kyso_pades::Error::LimitExceeded { .. } | kyso_pades::Error::Io(_))) => {
            return Err(limit);
        }
        Err(_) => SecurityStore::default(),
    };
    Ok(DocumentSecurity {
        certificates: read(store.certificates, Certificate::from_der),
        crls: read(store.crls, CertificateList::from_der),
        ocsp: read(store.ocsp, OcspResponse::from_der),
        timestamps: Vec::new(),
    })
}

/// The file's first bytes.
fn content_start(file: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.rewind()?;
    file.take(CONTENT_START).read_to_end(&mut start)?;
    Ok(start)
}

/// The digests of a range together with how it begins, without which a signature that has no signed
/// attributes is refused.
fn content_of(range: &ByteRange, digests: Vec<Digest>, start: &[u8]) -> ContentDigests {
    let [_, first, _, second] = range.numbers();
    if first < CONTENT_START {
        return ContentDigests::from_digests(digests);
    }
    ContentDigests::from_digests_and_start(digests, start, first + second)
}

fn cms(
    path: &Path,
    file: impl Read + Seek,
    head: &[u8],
    content: Option<Content<'_>>,
    known: Option<&CertificateCache>,
) -> Result<Parts, VerifyFileError> {
    let (signed_data, embedded) = read_cms(path, file, head, known)?;
    let given = match content {
        Some(content) => Some(hash_content(content, &signed_data)?),
        None => None,
    };
    let (content, differs) = if signed_data.is_detached() {
        (given, false)
    } else {
        let differs = given.is_some_and(|given| differ(&signed_data, &given, &embedded));
        (Some(embedded), differs)
    };
    Ok(Parts::Cms { signed_data: Box::new(signed_data), content, differs })
}

fn read_cms(
    path: &Path,
    mut file: impl Read + Seek,
    head: &[u8],
    known: Option<&CertificateCache>,
) -> Result<(SignedData, ContentDigests), VerifyFileError> {
    let explain = |error| match error {
        ReadError::Io(error) => VerifyFileError::Unreadable { path: path.to_path_buf(), error },
        ReadError::SignedData(error) => VerifyFileError::Cms { path: path.to_path_buf(), error },
    };
    if head.starts_with(PEM_BEGIN) {
        let der = pem_body(path, file)?;
        return read_and_hash(Cursor::new(der), known).map_err(explain);
    }
    // A CMS file begins with a SEQUENCE; anything else deserves a plainer answer than a DER error.
    if head.first() != Some(&SEQUENCE) {
        return Err(VerifyFileError::UnknownFormat { path: path.to_path_buf() });
    }
    let len = length(&mut file).map_err(|error| explain(ReadError::Io(error)))?;
    if len <= MOST_SMALL_BYTES {
        return read_and_hash(file, known).map_err(explain);
    }
    let file = BufReader::with_capacity(len.min(READ_AHEAD) as usize, file);
    read_and_hash(file, known).map_err(explain)
}

/// Reads a message and computes every digest of its content that its signers and their time-stamps need.
fn read_and_hash(
    mut reader: impl Read + Seek,
    known: Option<&CertificateCache>,
) -> Result<(SignedData, ContentDigests), ReadError> {
    let limits = ReadLimits::document();
    let pass = &mut |_: &[u8]| {};
    let (signed_data, digests) = match known {
        Some(known) => read_signed_data_with(&mut reader, &limits, known, pass)?,
        None => read_signed_data(&mut reader, &limits, pass)?,
    };
    let needed = signed_data.content_digest_algorithms();
    if signed_data.is_detached() || needed.iter().all(|one| digests.find(*one).is_some()) {
        return Ok((signed_data, digests));
    }
    // Time-stamps stand behind the content and may use digests that nothing before it announced: a second pass.
    reader.rewind().map_err(ReadError::Io)?;
    let mut hasher = ContentHasher::new(&needed);
    let (_, again) = read_signed_data(reader, &limits, &mut |bytes| hasher.update(bytes))?;
    // Of a file that was changed meanwhile the first pass alone counts.
    let digests = if again == digests { hasher.finish() } else { digests };
    Ok((signed_data, digests))
}

/// The DER in a PEM file (RFC 7468 §8, label CMS or PKCS7).
fn pem_body(path: &Path, mut file: impl Read + Seek) -> Result<Vec<u8>, VerifyFileError> {
    let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
    let unknown = || VerifyFileError::UnknownFormat { path: path.to_path_buf() };
    if length(&mut file).map_err(unreadable)? > MOST_PEM_BYTES {
        return Err(unknown());
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(unreadable)?;
    let blocks = kyso_x509::pem::decode(&text, &["CMS", "PKCS7"]);
    blocks.ok().and_then(|blocks| blocks.into_iter().next()).ok_or_else(unknown)
}

/// The DER in a file that is PEM; `None` for any other.
pub(crate) fn pem_body_of(path: &Path) -> Result<Option<Vec<u8>>, VerifyFileError> {
    let unreadable = |error| VerifyFileError::Unreadable { path: path.to_path_buf(), error };
    let mut file = open_regular(path).map_err(|error| unreadable(error.into()))?;
    let mut head = Vec::new();
    (&mut file).take(PEM_BEGIN.len() as u64).read_to_end(&mut head).map_err(unreadable)?;
    if head == PEM_BEGIN { pem_body(path, file).map(Some) } else { Ok(None) }
}

/// The file's length; leaves it at its beginning.
fn length(file: &mut impl Seek) -> io::Result<u64> {
    let len = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    Ok(len)
}

/// Whether the content that was given is another one than the signature holds.
fn differ(signed_data: &SignedData, given: &ContentDigests, embedded: &ContentDigests) -> bool {
    let mut algorithms = signed_data.content_digest_algorithms().into_iter();
    algorithms.any(|algorithm| given.find(algorithm) != embedded.find(algorithm))
}

fn hash_content(
    content: Content<'_>,
    signed_data: &SignedData,
) -> Result<ContentDigests, VerifyFileError> {
    let algorithms: Vec<DigestAlgorithm> = signed_data.content_digest_algorithms();
    let path = match content {
        Content::File(path) => path,
        Content::Bytes(bytes) => return Ok(ContentDigests::of_bytes(&algorithms, bytes)),
    };
    open_regular(path)
        .map_err(io::Error::from)
        .and_then(|mut file| ContentDigests::of_reader(&algorithms, &mut file))
        .map_err(|error| VerifyFileError::Unreadable { path: path.to_path_buf(), error })
}
