//! One document through the formats: prepared, signed, written. Format crates never see the token.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use kyso_cades::{Attached, AttachedError, Form, SigningParameters, ToBeSigned, oid};
use kyso_pades::{
    ContentsTooSmall, Date, Document, FieldPlace, PreparedSignature, SeedFacts, SigningField,
    SigningOptions, SubFilter,
};
use kyso_x509::{Digest, DigestAlgorithm, Hasher, SignatureValue, Time, VerifyError};

use super::course::Course;
use super::declare::{Content, Declared, create};
use super::finish::Written;
use super::{BatchOptions, PadesOptions, SignError, SignatureFormat, Task};
use crate::input::open_regular;
use crate::output::PendingFile;
use crate::password::open_document;
use crate::signer::Signer;
use crate::visible::Act;
use kyso_appearance::Moment;

/// Bytes reserved in `/Contents` beyond the estimate, which is an upper bound: for readers that want some padding.
const SLACK: usize = 64;

/// A document whose signed attributes wait for the token.
pub(super) struct Prepared {
    task: Task,
    content: Content,
    sha256_state: Hasher,
    content_state: Hasher,
    work: Work,
}

/// What waits for a signature value.
enum Work {
    /// A message of its own.
    Cms(ToBeSigned),
    /// A message with the revision that holds it.
    Pdf(ToBeSigned, PreparedSignature),
    /// An XML document.
    Xml(Box<kyso_xades::dsig::ToBeSigned>),
}

impl Work {
    fn bytes_to_sign(&self) -> &[u8] {
        match self {
            Self::Cms(message) | Self::Pdf(message, _) => message.bytes_to_sign(),
            Self::Xml(document) => document.bytes_to_sign(),
        }
    }

    fn verify(&self, signature: &SignatureValue) -> Result<(), VerifyError> {
        match self {
            Self::Cms(message) | Self::Pdf(message, _) => message.verify(signature),
            Self::Xml(document) => document.verify(signature),
        }
    }
}

/// A document with its signature, not on the disk yet.
pub(super) struct Signed {
    task: Task,
    content: Content,
    sha256_state: Hasher,
    signature: SignatureValue,
    work: Work,
}

impl Declared {
    /// Makes the signed attributes, for a PDF over its next revision.
    pub(super) fn prepare(
        self,
        signer: &Signer,
        options: &BatchOptions,
    ) -> Result<Prepared, SignError> {
        let later = match &self.task.format {
            SignatureFormat::Pades(pades) => pades.time_stamp_room,
            SignatureFormat::Cades { .. } | SignatureFormat::Xades(_) => 0,
        };
        let room = options.contents_size.unwrap_or(signer.contents_size() + SLACK) + later;
        self.prepare_with_room(signer, options, room)
    }

    fn prepare_with_room(
        self,
        signer: &Signer,
        options: &BatchOptions,
        room: usize,
    ) -> Result<Prepared, SignError> {
        let Self { task, mut content, content_state, sha256_state, .. } = self;
        let (revision, message_digest, form) = match &task.format {
            SignatureFormat::Pades(pades) => {
                let signing = signing_options(pades, signer, options, room);
                let act = act(pades, signer, options);
                let revision = match &mut content {
                    Content::Small(bytes) => {
                        revision(Cursor::new(bytes.as_slice()), pades, signing, Some(&act))
                    }
                    Content::Copied(pending, _) => {
                        revision(pending.file(), pades, signing, Some(&act))
                    }
                    // A PDF is never only hashed: it is parsed from the copy that was hashed.
                    Content::Hashed(_) => Err(SignError::Interrupted),
                }?;
                let digest = revision.digest(content_state.clone());
                (Some(revision), digest, Form::Pades)
            }
            SignatureFormat::Cades { .. } => {
                let seconds = options.signing_time.timestamp().as_second();
                let signing_time = Some(Time::from_unix_seconds(seconds));
                (None, content_state.clone().finish(), Form::Cades { signing_time })
            }
            SignatureFormat::Xades(xades) => {
                // A document too large to be held was refused when it was declared.
                let Content::Small(bytes) = &content else { return Err(SignError::Interrupted) };
                let document =
                    super::xml::prepare_xml(bytes, xades, signer, signing_time(options))?;
                let work = Work::Xml(Box::new(document));
                return Ok(Prepared { task, content, sha256_state, content_state, work });
            }
        };
        let to_be_signed = kyso_cades::prepare(SigningParameters {
            certificate: signer.certificate().clone(),
            extra_certificates: signer.intermediates().to_vec(),
            algorithm: signer.algorithm(),
            content_type: oid::DATA,
            message_digest,
            form,
        })
        .map_err(SignError::Cades)?;
        let work = match revision {
            Some(revision) => Work::Pdf(to_be_signed, revision),
            None => Work::Cms(to_be_signed),
        };
        Ok(Prepared { task, content, sha256_state, content_state, work })
    }
}

fn signing_options<'a>(
    pades: &'a PadesOptions,
    signer: &'a Signer,
    options: &BatchOptions,
    room: usize,
) -> SigningOptions<'a> {
    SigningOptions {
        field: SigningField::New { name: pades.field.as_deref(), page: 0, rect: None },
        sub_filter: SubFilter::EtsiCadesDetached,
        signing_time: claimed_time(options),
        name: signer.certificate().subject().common_name(),
        reason: pades.reason.as_deref(),
        location: pades.location.as_deref(),
        contact_info: None,
        appearance: &[],
        certify: pades.certify,
        lock: pades.lock.as_ref(),
        seed_facts: Some(SeedFacts {
            certificate: signer.certificate(),
            issuers: signer.intermediates(),
            digest: signer.content_digest(),
            time_stamped: pades.time_stamp_room > 0,
            revocation_embedded: false,
        }),
        contents_size: room,
    }
}

/// What a visible signature says of the act.
fn act<'a>(pades: &'a PadesOptions, signer: &'a Signer, options: &BatchOptions) -> Act<'a> {
    let minutes = options.signing_time.offset().seconds() / 60;
    let time = Time::from_unix_seconds(options.signing_time.timestamp().as_second());
    Act {
        certificate: signer.certificate(),
        time: Moment::new(time, i16::try_from(minutes).unwrap_or(0)),
        reason: pades.reason.as_deref(),
        location: pades.location.as_deref(),
    }
}

/// Prepares the revision: in the named field where the document has it, else in a new one.
///
/// Without an act, which is a trial before anybody signs, nothing is shown and a field's demands wait.
pub(super) fn revision<'a, R: Read + Seek>(
    reader: R,
    pades: &'a PadesOptions,
    signing: SigningOptions<'a>,
    act: Option<&Act<'_>>,
) -> Result<PreparedSignature, SignError> {
    placed_revision(reader, pades, signing, act).map(|(prepared, _)| prepared)
}

/// As [`revision`], with page and rectangle of what the signature shows.
pub(super) fn placed_revision<'a, R: Read + Seek>(
    reader: R,
    pades: &'a PadesOptions,
    mut signing: SigningOptions<'a>,
    act: Option<&Act<'_>>,
) -> Result<(PreparedSignature, Option<FieldPlace>), SignError> {
    let mut document = open_document(reader, pades.password.as_ref()).map_err(SignError::Pades)?;
    let existing = match pades.field.as_deref() {
        Some(name) => existing_field(&mut document, name).map_err(SignError::Pades)?,
        None => None,
    };
    if let (Some(name), Some(_)) = (pades.field.as_deref(), &existing) {
        signing.field = SigningField::Existing(name);
    }
    let placed = match (&pades.visible, act) {
        (Some(visible), Some(act)) => {
            let place = existing.flatten();
            let placed = visible.compose(&mut document, place.as_ref(), act);
            Some(placed.map_err(SignError::Visible)?)
        }
        _ => None,
    };
    let mut signing: SigningOptions<'_> = signing;
    if let Some(placed) = &placed {
        signing.appearance = &placed.appearance.objects;
        if let SigningField::New { page, rect, .. } = &mut signing.field {
            (*page, *rect) = (placed.page, Some(placed.rect));
        }
    }
    let place = placed.as_ref().map(|one| FieldPlace { page: one.page, rect: Some(one.rect) });
    let prepared = document.prepare_signature(&signing).map_err(SignError::Pades)?;
    Ok((prepared, place))
}

/// Whether the document has a field of this name, and where its widget stands if it has one.
fn existing_field<R: Read + Seek>(
    document: &mut Document<R>,
    name: &str,
) -> Result<Option<Option<FieldPlace>>, kyso_pades::Error> {
    match document.field_place(name) {
        Ok(place) => Ok(Some(Some(place))),
        Err(kyso_pades::Error::NoSuchField { .. }) => Ok(None),
        Err(kyso_pades::Error::NoWidget(_)) => Ok(Some(None)),
        Err(error) => Err(error),
    }
}

fn signing_time(options: &BatchOptions) -> Time {
    Time::from_unix_seconds(options.signing_time.timestamp().as_second())
}

/// `/M` in the signer's own zone.
fn claimed_time(options: &BatchOptions) -> Option<Date> {
    let minutes = options.signing_time.offset().seconds() / 60;
    let seconds = options.signing_time.timestamp().as_second();
    Date::from_unix(seconds, i16::try_from(minutes).unwrap_or(0))
}

impl Prepared {
    /// Asks the token; a PDF whose room proves too small is prepared and signed once more.
    pub(super) fn sign(
        self,
        signer: &Signer,
        options: &BatchOptions,
        course: &Course<'_>,
    ) -> Result<Signed, SignError> {
        let signature = ask(signer, self.bytes_to_sign(), course)?;
        self.complete(signature, signer, options, course)
    }

    /// The bytes that the token signs.
    pub(super) fn bytes_to_sign(&self) -> &[u8] {
        self.work.bytes_to_sign()
    }

    /// Takes the signature that the token made of [`Self::bytes_to_sign`].
    pub(super) fn complete(
        self,
        signature: SignatureValue,
        signer: &Signer,
        options: &BatchOptions,
        course: &Course<'_>,
    ) -> Result<Signed, SignError> {
        let attempt = self.attempt(signature);
        let Some((needed, available)) = attempt.lacks(signer) else { return Ok(attempt.signed) };
        let grown = attempt.declared().prepare_with_room(signer, options, needed + SLACK)?;
        let signature = ask(signer, grown.bytes_to_sign(), course)?;
        let again = grown.attempt(signature);
        match again.lacks(signer) {
            None => Ok(again.signed),
            Some(_) => Err(SignError::ContentsTooSmall { needed, available }),
        }
    }

    fn attempt(self, signature: SignatureValue) -> Attempt {
        let Self { task, content, sha256_state, content_state, work } = self;
        let signed = Signed { task, content, sha256_state, signature, work };
        Attempt { signed, content_state }
    }
}

/// Asks the token for one signature, unless the batch is over.
fn ask(signer: &Signer, bytes: &[u8], course: &Course<'_>) -> Result<SignatureValue, SignError> {
    course.goes_on()?;
    let answer = signer.sign(bytes);
    course.note(&answer);
    answer
}

/// A signature that may not fit its room.
struct Attempt {
    signed: Signed,
    content_state: Hasher,
}

impl Attempt {
    /// Bytes needed and bytes there, when the message does not fit.
    fn lacks(&self, signer: &Signer) -> Option<(usize, usize)> {
        let Work::Pdf(to_be_signed, revision) = &self.signed.work else { return None };
        let available = revision.contents_size();
        if available >= signer.contents_size() {
            return None;
        }
        let message = to_be_signed.clone().finish_detached(&self.signed.signature);
        (message.len() > available).then_some((message.len(), available))
    }

    fn declared(self) -> Declared {
        let Signed { task, content, sha256_state, .. } = self.signed;
        Declared {
            index: 0,
            task,
            content,
            sha256: sha256_state.clone().finish(),
            content_state: self.content_state,
            sha256_state,
        }
    }
}

impl Signed {
    /// Writes the signed file under a temporary name.
    pub(super) fn write(self, signer: &Signer, overwrite: bool) -> Result<Written, SignError> {
        // Here and not on the signing thread: the token goes on meanwhile.
        signer.check(|| self.work.verify(&self.signature))?;
        let signature_sha256 = sha256_of(self.signature.as_bytes());
        let Self { task, content, sha256_state, signature, work } = self;
        let out = Out { task, content, signature_sha256, overwrite };
        match work {
            Work::Pdf(message, revision) => {
                let message = message.finish_detached(&signature);
                out.write_pdf(&message, revision, sha256_state)
            }
            Work::Cms(message) => out.write_cms(message, &signature),
            Work::Xml(document) => {
                let bytes = document.finish(&signature).map_err(SignError::EcdsaEncoding)?;
                out.write_whole(&bytes)
            }
        }
    }
}

/// A signed document on its way to the disk.
struct Out {
    task: Task,
    content: Content,
    signature_sha256: [u8; 32],
    overwrite: bool,
}

impl Out {
    fn write_pdf(
        self,
        message: &[u8],
        revision: PreparedSignature,
        mut sha256_state: Hasher,
    ) -> Result<Written, SignError> {
        let Self { task, content, signature_sha256, overwrite } = self;
        let appended =
            revision.embed(message).map_err(|ContentsTooSmall { needed, available }| {
                SignError::ContentsTooSmall { needed, available }
            })?;
        sha256_state.update(&appended);
        let unwritable = |error| SignError::Unwritable { path: task.target.clone(), error };
        let (mut file, original_len) = match content {
            Content::Small(mut bytes) => {
                let len = bytes.len() as u64;
                let mut file = create(&task.target, overwrite)?;
                // One write for the whole file.
                bytes.extend_from_slice(&appended);
                file.file().write_all(&bytes).map_err(unwritable)?;
                return Ok(written(
                    file,
                    len + appended.len() as u64,
                    signature_sha256,
                    sha256_state,
                ));
            }
            Content::Copied(file, len) => (file, len),
            Content::Hashed(_) => return Err(SignError::Interrupted),
        };
        file.file().seek(SeekFrom::Start(original_len)).map_err(unwritable)?;
        file.file().write_all(&appended).map_err(unwritable)?;
        Ok(written(file, original_len + appended.len() as u64, signature_sha256, sha256_state))
    }

    /// A document that replaces its original as a whole.
    fn write_whole(self, bytes: &[u8]) -> Result<Written, SignError> {
        let Self { task, signature_sha256, overwrite, .. } = self;
        let mut file = create(&task.target, overwrite)?;
        let unwritable = |error| SignError::Unwritable { path: task.target.clone(), error };
        file.file().write_all(bytes).map_err(unwritable)?;
        let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
        hasher.update(bytes);
        Ok(written(file, bytes.len() as u64, signature_sha256, hasher))
    }

    fn write_cms(
        self,
        to_be_signed: ToBeSigned,
        signature: &SignatureValue,
    ) -> Result<Written, SignError> {
        let Self { task, content, signature_sha256, overwrite } = self;
        let mut file = create(&task.target, overwrite)?;
        let mut out =
            Hashing { file: &mut file, hasher: Hasher::new(DigestAlgorithm::Sha256), len: 0 };
        if matches!(task.format, SignatureFormat::Cades { detached: true }) {
            let unwritable = |error| SignError::Unwritable { path: task.target.clone(), error };
            out.write_all(&to_be_signed.finish_detached(signature)).map_err(unwritable)?;
        } else {
            match content {
                Content::Small(bytes) => {
                    let attached = to_be_signed.finish_attached(signature, bytes.len() as u64);
                    attach(&attached, &mut bytes.as_slice(), &mut out, &task)?;
                }
                Content::Hashed(len) | Content::Copied(_, len) => {
                    let mut source = open_regular(&task.source).map_err(|error| {
                        SignError::Unreadable { path: task.source.clone(), error: error.into() }
                    })?;
                    let attached = to_be_signed.finish_attached(signature, len);
                    attach(&attached, &mut source, &mut out, &task)?;
                }
            }
        }
        let Hashing { hasher, len, .. } = out;
        Ok(written(file, len, signature_sha256, hasher))
    }
}

fn attach(
    attached: &Attached,
    content: &mut impl Read,
    out: &mut impl Write,
    task: &Task,
) -> Result<(), SignError> {
    attached.write(content, out).map_err(|error| match error {
        AttachedError::Read(error) => SignError::Unreadable { path: task.source.clone(), error },
        AttachedError::Write(error) => SignError::Unwritable { path: task.target.clone(), error },
        _ => SignError::SourceChanged { path: task.source.clone() },
    })
}

fn written(file: PendingFile, len: u64, signature_sha256: [u8; 32], hasher: Hasher) -> Written {
    Written { file, len, signature_sha256, released: hasher.finish() }
}

fn sha256_of(bytes: &[u8]) -> [u8; 32] {
    let digest: Digest = DigestAlgorithm::Sha256.digest(bytes);
    super::declare::sha256(&digest)
}

/// Writes and hashes: the journal names the hash of what is on the disk.
struct Hashing<'a> {
    file: &'a mut PendingFile,
    hasher: Hasher,
    len: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.file().write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.file().flush()
    }
}
