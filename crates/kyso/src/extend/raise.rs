//! From level to level, one signer after the other.

use kyso_cades::{BaselineLevel, ContentDigests, SignedData, archive, level, verify_signer};
use kyso_validation::evidence::Evidence;
use kyso_validation::indication::Indication;
use kyso_validation::policy::{CryptographicSuites, Expiry};
use kyso_validation::report::{FileReport, Need, SignatureReport, TimestampKind, Worth};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, Time};

use super::worth::{lacks_evidence, proven_level, refuse_worthless};
use super::{ExtendError, Level, Options, Stamp, embed};
use crate::gather::{self, Gathered};
use crate::recorder::Sha256;
use crate::timestamp::{Stamped, stamp};
use crate::verify::SignedFile;

/// A file whose signatures may be extended.
pub(super) struct Judged<'a> {
    signed: &'a SignedFile,
    signed_data: SignedData,
    content: ContentDigests,
    signers: Vec<Signer>,
    gathered: Gathered<FileReport>,
    /// SHA-256 of the first signer's certificate.
    pub(super) certificate_sha256: Sha256,
}

/// One signer before anything was added.
struct Signer {
    certificate: Certificate,
    level: BaselineLevel,
    /// Whether an archive time-stamp is to be added.
    archive: bool,
    digest: DigestAlgorithm,
}

/// An extended structure that waits to be written.
pub(super) struct Raised {
    pub(super) signed_data: SignedData,
    pub(super) content: ContentDigests,
    pub(super) stamps: Vec<Stamp>,
    pub(super) last_token: Option<Sha256>,
}

/// Judges the file; `None` where nothing is to be done.
pub(super) fn judge<'a>(
    signed: &'a SignedFile,
    signed_data: &SignedData,
    content: Option<&ContentDigests>,
    options: &Options<'_>,
) -> Result<Option<Judged<'a>>, ExtendError> {
    let content = content.ok_or(ExtendError::ContentMissing)?;
    let gathered = gather::verify(signed, &options.judging, options.fetcher, options.now);
    refuse_failed(&gathered.result)?;
    let mut signers = Vec::new();
    for (index, report) in gathered.result.signatures.iter().enumerate() {
        if report.needs.contains(&Need::Content) {
            return Err(ExtendError::ContentMissing);
        }
        let below = ExtendError::BelowBaseline { signer: index + 1 };
        let extra = &options.judging.trust.candidates;
        let Ok(verified) = verify_signer(signed_data, index, content, extra) else {
            return Err(ExtendError::NotValid { signer: index + 1, indication: report.indication });
        };
        let level = level(signed_data, index, &verified, content).ok_or(below)?;
        let level = proven_level(level, report);
        let due = level < BaselineLevel::Lta
            || renewal_is_due(
                report,
                TimestampKind::Archive,
                suites(report.policy.as_deref(), options),
                options,
            );
        signers.push(Signer {
            certificate: verified.certificate().clone(),
            level,
            archive: options.level == Level::Lta && due,
            digest: strong(verified.algorithm().cms_digest_algorithm(), content),
        });
    }
    let wanted = options.level.baseline();
    if signers.iter().all(|signer| signer.level >= wanted && !signer.archive) {
        return Ok(None);
    }
    let certificate_sha256 = signers
        .first()
        .map(|one| sha256(&one.certificate.sha256_fingerprint()))
        .unwrap_or_default();
    Ok(Some(Judged {
        signed,
        signed_data: signed_data.clone(),
        content: content.clone(),
        signers,
        gathered,
        certificate_sha256,
    }))
}

/// The signer's own digest, which was computed of the content, unless it is too weak to last.
fn strong(own: DigestAlgorithm, content: &ContentDigests) -> DigestAlgorithm {
    if own != DigestAlgorithm::Sha1ForLegacyUseOnly {
        return own;
    }
    let better = DigestAlgorithm::ALL.into_iter().rev();
    better.into_iter().find(|one| content.find(*one).is_some()).unwrap_or(own)
}

/// The suites of the policy that a signature was judged by.
pub(super) fn suites<'a>(
    policy: Option<&str>,
    options: &Options<'a>,
) -> Option<&'a CryptographicSuites> {
    let judging = &options.judging;
    let stores = judging.trust.stores.iter().map(|store| &*store.policy);
    let named = judging.policy.into_iter().chain(stores).find(|one| Some(&*one.name) == policy);
    named.map(|policy| &policy.suites)
}

/// Whether the newest archive time-stamp ends soon: a certificate of its path, or its digest.
///
/// One that ends soon from the start is renewed when half of its time has passed, not at every call.
pub(super) fn renewal_is_due(
    report: &SignatureReport,
    kind: TimestampKind,
    suites: Option<&CryptographicSuites>,
    options: &Options<'_>,
) -> bool {
    let archives = report.timestamps.iter().filter(|one| one.kind == kind);
    let archives = archives.filter(|one| report.worth(one) != Worth::Nothing);
    let Some(newest) = archives.max_by_key(|one| one.time) else { return true };
    let digest = newest.digest_algorithm.zip(suites);
    let digest = digest.and_then(|(digest, suites)| match suites.digests.get(&digest)? {
        Expiry::At(end) => Some(*end),
        Expiry::Never => None,
    });
    let certificates = newest.path.iter().chain(&newest.authority);
    let ends = certificates.map(|one| one.validity().not_after).chain(digest);
    let (Some(end), Some(made)) = (ends.min(), newest.time) else { return true };
    let (end, made) = (end.as_unix_seconds(), made.as_unix_seconds());
    let before = options.renew_within.min(end.saturating_sub(made) / 2);
    options.now.as_unix_seconds() >= end.saturating_sub(before)
}

pub(super) fn refuse_failed(report: &FileReport) -> Result<(), ExtendError> {
    let failed = |(index, indication): (usize, Indication)| match indication {
        Indication::TotalFailed(_) => Err(ExtendError::Failed { signer: index + 1, indication }),
        _ => Ok(()),
    };
    report.signatures.iter().map(|one| one.indication).enumerate().try_for_each(failed)
}

impl Judged<'_> {
    /// Adds what is missing, signer by signer.
    pub(super) fn raise(self, options: &Options<'_>) -> Result<Raised, ExtendError> {
        let Self { signed, mut signed_data, content, signers, gathered, .. } = self;
        let mut stamps = Vec::new();
        let mut tokens = Vec::new();
        let mut note = |signer: usize, kind: TimestampKind, made: &Stamped| {
            let (authority, time) = (made.authority.clone(), made.token.info().gen_time());
            stamps.push(Stamp { signer, kind, authority, time });
            tokens.push(sha256(&digest(made.token.as_received())));
        };

        // 1. B-T: the sooner, the earlier the proof; nothing else is asked for before.
        for (index, signer) in signers.iter().enumerate() {
            if signer.level >= BaselineLevel::T {
                continue;
            }
            let Some(info) = signed_data.signer_infos().get(index) else { continue };
            let imprint = archive::signature_imprint(info, signer.digest);
            let made = stamp(&imprint, options.authorities, options.fetcher)
                .map_err(ExtendError::Timestamp)?;
            signed_data = signed_data
                .with_signature_time_stamp(index, &made.token)
                .map_err(|error| ExtendError::Augment { signer: index + 1, error })?;
            note(index, TimestampKind::Signature, &made);
        }

        // 2. B-LT: what the verdict rests on now, time-stamps included.
        if options.level >= Level::Lt {
            let again = regather(signed, &signed_data, gathered.evidence, options);
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
                let evidence = embed::used(report, &again.evidence, options.judging.evidence);
                signed_data = signed_data
                    .with_validation_data(index, &evidence)
                    .map_err(|error| ExtendError::Augment { signer, error })?;
            }
        }

        // 3. B-LTA: over all that is there now.
        for (index, signer) in signers.iter().enumerate().filter(|(_, signer)| signer.archive) {
            let not_augmented = |error| ExtendError::Augment { signer: index + 1, error };
            let prepared = signed_data
                .prepare_archive_time_stamp(index, signer.digest, &content)
                .map_err(not_augmented)?;
            let made = stamp(prepared.imprint(), options.authorities, options.fetcher)
                .map_err(ExtendError::Timestamp)?;
            signed_data = prepared.finish(signed_data, &made.token).map_err(not_augmented)?;
            note(index, TimestampKind::Archive, &made);
        }

        // 4. What is released must not be worse than what came.
        let evidence = options.judging.evidence.clone();
        let after = regather(signed, &signed_data, evidence, options);
        refuse_failed(&after.result)?;
        refuse_worthless(&after.result.signatures, &tokens)?;
        Ok(Raised { signed_data, content, stamps, last_token: tokens.last().copied() })
    }
}

fn regather(
    signed: &SignedFile,
    signed_data: &SignedData,
    evidence: Evidence,
    options: &Options<'_>,
) -> Gathered<FileReport> {
    let signed = signed.with_signed_data(signed_data.clone());
    // Time goes on while authorities answer: a time-stamp of this act must not lie in the future.
    let validation_time = latest(&signed, options.judging.validation_time);
    let judging = crate::verify::Options {
        evidence: &evidence,
        paths: None,
        validation_time,
        ..options.judging
    };
    gather::verify(&signed, &judging, options.fetcher, options.now)
}

/// The time of judging, or that of the newest time-stamp of this file where it is later.
fn latest(signed: &SignedFile, time: Time) -> Time {
    let infos = signed.cms().map(|(data, _)| data.signer_infos()).unwrap_or_default();
    let tokens = infos.iter().flat_map(|info| {
        info.signature_time_stamps().into_iter().chain(info.archive_time_stamps()).flatten()
    });
    tokens.map(|token| token.info().gen_time()).fold(time, Time::max)
}

pub(super) fn digest(bytes: &[u8]) -> Digest {
    DigestAlgorithm::Sha256.digest(bytes)
}

/// The 32 bytes of a SHA-256 value.
pub(super) fn sha256(digest: &Digest) -> Sha256 {
    digest.as_bytes().try_into().unwrap_or_default()
}
