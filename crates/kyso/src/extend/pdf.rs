//! Raising signed PDFs (EN 319 142-1 §6): time-stamps in the signatures' own room, the document security store,
//! document time-stamps.
//!
//! The work is done on a copy without a name. Revisions are appended; only the unsigned room of the newest signature
//! takes its time-stamp in place, which no signature and no later revision covers.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use kyso_cades::archive;
use kyso_cades::level::BaselineLevel;
use kyso_pades::{Document, SecurityData, SigningField, SigningOptions, SubFilter, copy_and_hash};
use kyso_validation::evidence::Evidence;
use kyso_validation::indication::Indication;
use kyso_validation::report::{FileReport, TimestampKind};
use kyso_x509::{Certificate, DigestAlgorithm, Hasher, Time};

use super::raise::{digest, refuse_failed, renewal_is_due, sha256, suites};
use super::worth::{lacks_evidence, refuse_worthless};
use super::write::{self, Written};
use super::{ExtendError, Level, Options, STAMP_ROOM, Stamp, embed};
use crate::gather::{self, Gathered};
use crate::output::PendingFile;
use crate::password::open_document;
use crate::recorder::Sha256;
use crate::timestamp::{Stamped, stamp};
use crate::verify::{PdfSignature, SignedFile};

/// Room beyond what the last token took: another one of the same authority differs by a few bytes.
const STAMP_SLACK: usize = 512;

/// A PDF whose signatures may be raised.
pub(super) struct JudgedPdf {
    /// For each signature the level that it has.
    levels: Vec<BaselineLevel>,
    /// Whether a document time-stamp is to be added at the end.
    archive: bool,
    digest: DigestAlgorithm,
    gathered: Gathered<FileReport>,
    /// SHA-256 of the first signer's certificate.
    pub(super) certificate_sha256: Sha256,
}

/// Judges the document; `None` where nothing is to be done.
pub(super) fn judge(
    signed: &SignedFile,
    options: &Options<'_>,
) -> Result<Option<JudgedPdf>, ExtendError> {
    let gathered = gather::verify(signed, &options.judging, options.fetcher, options.now);
    refuse_failed(&gathered.result)?;
    let one_level = signed.pdf_levels(&gathered.result);
    let mut levels = Vec::new();
    let mut archive = false;
    let mut weakest = None;
    let mut certificate_sha256 = None;
    for (index, report) in gathered.result.signatures.iter().enumerate() {
        let signer = index + 1;
        let Some(level) = one_level.get(index).copied().flatten() else {
            return Err(ExtendError::BelowBaseline { signer });
        };
        let policy = suites(report.policy.as_deref(), options);
        archive |= level < BaselineLevel::Lta
            || renewal_is_due(report, TimestampKind::Document, policy, options);
        levels.push(level);
        weakest = weakest.or(report.content_digest.map(|one| one.algorithm()));
        let certificate: Option<&Certificate> = report.signer.as_ref();
        certificate_sha256 =
            certificate_sha256.or(certificate.map(|one| sha256(&one.sha256_fingerprint())));
    }
    archive &= options.level == Level::Lta;
    let wanted = options.level.baseline();
    if levels.iter().all(|level| *level >= wanted) && !archive {
        return Ok(None);
    }
    let digest = match weakest {
        Some(DigestAlgorithm::Sha1ForLegacyUseOnly) | None => DigestAlgorithm::Sha256,
        Some(own) => own,
    };
    let certificate_sha256 = certificate_sha256.unwrap_or_default();
    Ok(Some(JudgedPdf { levels, archive, digest, gathered, certificate_sha256 }))
}

impl JudgedPdf {
    /// Adds what is missing to a copy without a name, and makes it durable.
    pub(super) fn raise_and_write(
        self,
        source: &Path,
        target: &Path,
        options: &Options<'_>,
    ) -> Result<Written, ExtendError> {
        let mut file = write::create(target, options.overwrite)?;
        copy(source, file.file())?;
        let mut work = Work {
            file,
            target,
            options,
            digest: self.digest,
            stamps: Vec::new(),
            tokens: Vec::new(),
            last_token: None,
        };
        let mut evidence = self.gathered.evidence;

        // 1. B-T: the sooner, the earlier the proof; nothing else is asked for before.
        if self.levels.iter().any(|level| *level < BaselineLevel::T) {
            work.stamp_signatures(&self.levels)?;
        }

        // 2. B-LT: what the verdicts rest on now, time-stamps included.
        if options.level >= Level::Lt {
            let again = work.gather(evidence)?;
            work.add_evidence(&again)?;
            evidence = again.evidence;
        }

        // 3. B-LTA: over all that is there now.
        if self.archive {
            work.stamp_document()?;
        }

        // 4. What is released must not be worse than what came.
        let after = work.gather(evidence)?;
        refuse_failed(&after.result)?;
        refuse_worthless(&after.result.signatures, &work.tokens)?;
        let Work { file, stamps, last_token, .. } = work;
        write::finish(file, stamps, last_token.map(|(name, _)| name))
    }
}

/// A copy that grows.
struct Work<'a> {
    file: PendingFile,
    target: &'a Path,
    options: &'a Options<'a>,
    digest: DigestAlgorithm,
    stamps: Vec<Stamp>,
    /// The names of their tokens.
    tokens: Vec<Sha256>,
    last_token: Option<(Sha256, usize)>,
}

impl Work<'_> {
    fn unwritable(&self, error: io::Error) -> ExtendError {
        ExtendError::Unwritable { path: self.target.to_path_buf(), error }
    }

    fn read(&mut self) -> Result<SignedFile, ExtendError> {
        self.file.file().rewind().map_err(|error| self.unwritable(error))?;
        SignedFile::of_reader(self.target, self.file.file(), self.options.judging.password)
            .map_err(ExtendError::Unusable)
    }

    fn document(&mut self) -> Result<Document<&mut File>, ExtendError> {
        open_document(self.file.file(), self.options.judging.password)
            .map_err(ExtendError::Document)
    }

    fn note(&mut self, signer: usize, kind: TimestampKind, made: &Stamped) {
        let (authority, time) = (made.authority.clone(), made.token.info().gen_time());
        self.stamps.push(Stamp { signer, kind, authority, time });
        let received = made.token.as_received();
        let name = sha256(&digest(received));
        self.tokens.push(name);
        self.last_token = Some((name, received.len()));
    }

    /// Gives the signature that covers the whole file a time-stamp of its own where its room allows; others get one
    /// of the document, which covers them all.
    fn stamp_signatures(&mut self, levels: &[BaselineLevel]) -> Result<(), ExtendError> {
        let signed = self.read()?;
        let mut left = false;
        for (index, one) in signed.pdf_signatures().enumerate() {
            if levels.get(index).is_none_or(|level| *level >= BaselineLevel::T) {
                continue;
            }
            left |= !(one.covers_whole_document && self.stamp_in_place(index, &one)?);
        }
        if left {
            self.stamp_document()?;
        }
        Ok(())
    }

    fn stamp_in_place(
        &mut self,
        index: usize,
        one: &PdfSignature<'_>,
    ) -> Result<bool, ExtendError> {
        let Some(message) = one.message.filter(|message| message.is_detached()) else {
            return Ok(false);
        };
        let Some(info) = message.signer_infos().first() else { return Ok(false) };
        let room = (one.contents.end - one.contents.start - 2) / 2;
        // A token that would not fit is not asked for.
        let own_len = one.message_bytes.len() as u64;
        if room < own_len + STAMP_ROOM as u64 / 2 {
            return Ok(false);
        }
        let imprint = archive::signature_imprint(info, self.digest);
        let options = self.options;
        let made = stamp(&imprint, options.authorities, options.fetcher)
            .map_err(ExtendError::Timestamp)?;
        let augmented = message
            .clone()
            .with_signature_time_stamp(0, &made.token)
            .map_err(|error| ExtendError::Augment { signer: index + 1, error })?;
        let Some(der) = augmented.to_der() else { return Ok(false) };
        if der.len() as u64 > room {
            return Ok(false);
        }
        let mut digits = String::with_capacity(2 * room as usize);
        der.iter().for_each(|byte| digits.push_str(&format!("{byte:02x}")));
        digits.extend(std::iter::repeat_n('0', 2 * room as usize - digits.len()));
        let start = one.contents.start + 1;
        let file = self.file.file();
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.write_all(digits.as_bytes()))
            .map_err(|error| self.unwritable(error))?;
        self.note(index, TimestampKind::Signature, &made);
        Ok(true)
    }

    /// Appends the evidence that each verdict rests on.
    fn add_evidence(&mut self, again: &Gathered<FileReport>) -> Result<(), ExtendError> {
        let mut data = SecurityData::default();
        let signed = self.read()?;
        let contents: Vec<Vec<u8>> =
            signed.pdf_signatures().map(|one| one.raw_contents.to_vec()).collect();
        for (index, report) in again.result.signatures.iter().enumerate() {
            let signer = index + 1;
            if lacks_evidence(report) {
                return Err(ExtendError::EvidenceMissing {
                    signer,
                    needs: report.needs.clone(),
                    attempts: again.attempts.clone(),
                });
            }
            if report.indication != Indication::TotalPassed {
                let indication = report.indication;
                return Err(ExtendError::NotValid { signer, indication });
            }
            let used = embed::used(report, &again.evidence, self.options.judging.evidence);
            let certificates = used.certificates.iter().map(|one| one.as_der().to_vec());
            data.certificates.extend(certificates);
            data.crls.extend(used.crls.iter().map(|one| one.as_der().to_vec()));
            data.ocsp.extend(used.ocsp.iter().map(kyso_x509::OcspResponse::to_response_der));
            data.signatures.extend(contents.get(index).cloned());
        }
        let revision = self.document()?.add_security_data(&data).map_err(ExtendError::Document)?;
        match revision {
            Some(revision) => self.append(&revision),
            None => Ok(()),
        }
    }

    /// Appends a document time-stamp; a token that does not fit is asked for again with more room.
    fn stamp_document(&mut self) -> Result<(), ExtendError> {
        let mut room = self.last_token.map_or(STAMP_ROOM, |(_, len)| len + STAMP_SLACK);
        let algorithm = self.digest;
        // The second try knows the token's length; authorities that answer ever longer are given up.
        for _ in 0..3 {
            let signing = SigningOptions {
                field: SigningField::New { name: None, page: 0, rect: None },
                sub_filter: SubFilter::EtsiRfc3161,
                signing_time: None,
                name: None,
                reason: None,
                location: None,
                contact_info: None,
                appearance: &[],
                certify: None,
                lock: None,
                seed_facts: None,
                contents_size: room,
            };
            let mut document = self.document()?;
            let prepared = document.prepare_signature(&signing).map_err(ExtendError::Document)?;
            let len = prepared.original_len();
            let hasher: Hasher =
                copy_and_hash(document.reader_mut(), len, &mut io::sink(), algorithm)
                    .map_err(|error| ExtendError::Document(error.into()))?;
            let imprint = prepared.digest(hasher);
            let options = self.options;
            let made = stamp(&imprint, options.authorities, options.fetcher)
                .map_err(ExtendError::Timestamp)?;
            match prepared.embed(made.token.as_received()) {
                Ok(revision) => {
                    self.append(&revision)?;
                    self.note(0, TimestampKind::Document, &made);
                    return Ok(());
                }
                Err(small) => room = small.needed + STAMP_SLACK,
            }
        }
        Err(ExtendError::TokenTooLong { room })
    }

    fn append(&mut self, revision: &[u8]) -> Result<(), ExtendError> {
        let file = self.file.file();
        file.seek(SeekFrom::End(0))
            .and_then(|_| file.write_all(revision))
            .map_err(|error| self.unwritable(error))
    }

    fn gather(&mut self, evidence: Evidence) -> Result<Gathered<FileReport>, ExtendError> {
        let signed = self.read()?;
        let options = self.options;
        // Time goes on while authorities answer: a time-stamp of this act must not lie in the future.
        let newest = self.stamps.iter().map(|one| one.time);
        let validation_time = newest.fold(options.judging.validation_time, Time::max);
        let judging = crate::verify::Options {
            evidence: &evidence,
            paths: None,
            validation_time,
            ..options.judging
        };
        Ok(gather::verify(&signed, &judging, options.fetcher, options.now))
    }
}

fn copy(source: &Path, to: &mut File) -> Result<(), ExtendError> {
    let unreadable = |error| ExtendError::Unreadable { path: source.to_path_buf(), error };
    let from = write::open(source)?;
    io::copy(&mut BufReader::with_capacity(128 * 1024, from), to).map_err(unreadable)?;
    Ok(())
}
