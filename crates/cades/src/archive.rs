//! What time-stamps inside a signature cover: imprints, and the ats-hash-index-v3 (EN 319 122-1 §5.3, §5.5.2, §5.5.3).

mod coverage;
mod failure;
mod hash_index;

pub use coverage::{Coverage, CoveredAttribute};
pub use failure::{ArchiveFailure, IndexedKind};
pub(crate) use hash_index::HashIndex;

use crate::content::ContentDigests;
use crate::signed_data::SignedData;
use crate::signer_info::SignerInfo;
use crate::timestamp::TimeStampToken;
use kyso_x509::{Digest, DigestAlgorithm, Hasher, asn1};

/// Imprint of a signature-time-stamp (§5.3): digest of the signature value, without tag and length.
#[must_use]
pub fn signature_imprint(signer: &SignerInfo, algorithm: DigestAlgorithm) -> Digest {
    algorithm.digest(signer.signature())
}

/// Imprint that an archive-time-stamp-v3 of one signer must have (§5.5.3), after its hash index was validated (§5.5.2).
///
/// `content` must hold the content's digest under the token's algorithm.
///
/// # Errors
/// When the hash index is missing, of another version, malformed or about something that is not there, or the
/// content's digest is missing.
pub fn archive_imprint(
    signed_data: &SignedData,
    index: usize,
    token: &TimeStampToken,
    content: &ContentDigests,
) -> Result<Digest, ArchiveFailure> {
    let signer = signer(signed_data, index)?;
    let hash_index = HashIndex::of_token(token)?;
    hash_index.check_members(signed_data, signer)?;
    imprint(signed_data, signer, &hash_index, content)
}

/// What an archive-time-stamp-v3 covers beside the signature itself, and what it does not.
///
/// Nothing is said about the imprint: without the content this is what can be known.
///
/// # Errors
/// When the hash index is missing, of another version, malformed or about something that is not there.
pub fn archive_coverage(
    signed_data: &SignedData,
    index: usize,
    token: &TimeStampToken,
) -> Result<Coverage, ArchiveFailure> {
    let signer = signer(signed_data, index)?;
    let hash_index = HashIndex::of_token(token)?;
    hash_index.check_members(signed_data, signer)?;
    Ok(Coverage::new(signed_data, signer, &hash_index, token))
}

/// Checks hash index and imprint of an archive-time-stamp-v3; the token's own signature is [`crate::verify_token`]'s.
///
/// # Errors
/// As [`archive_imprint`], and when the imprint is another one.
pub fn verify_archive_time_stamp(
    signed_data: &SignedData,
    index: usize,
    token: &TimeStampToken,
    content: &ContentDigests,
) -> Result<Coverage, ArchiveFailure> {
    let signer = signer(signed_data, index)?;
    let hash_index = HashIndex::of_token(token)?;
    hash_index.check_members(signed_data, signer)?;
    let computed = imprint(signed_data, signer, &hash_index, content)?;
    if computed != *token.info().message_imprint() {
        return Err(ArchiveFailure::ImprintMismatch { computed });
    }
    Ok(Coverage::new(signed_data, signer, &hash_index, token))
}

pub(crate) fn signer(
    signed_data: &SignedData,
    index: usize,
) -> Result<&SignerInfo, ArchiveFailure> {
    let signers = signed_data.signer_infos();
    signers.get(index).ok_or(ArchiveFailure::NoSuchSigner { index, count: signers.len() })
}

/// §5.5.3, the four parts of the imprint's input.
pub(crate) fn imprint(
    signed_data: &SignedData,
    signer: &SignerInfo,
    hash_index: &HashIndex,
    content: &ContentDigests,
) -> Result<Digest, ArchiveFailure> {
    let algorithm = hash_index.algorithm();
    let mut hasher = Hasher::new(algorithm);
    // 1. eContentType.
    hasher.update(&asn1::oid(signed_data.content_type()));
    // 2. The digest of the content that the message-digest attribute is about, under the imprint's algorithm.
    let digest =
        content.find(algorithm).ok_or(ArchiveFailure::ContentDigestMissing { algorithm })?;
    hasher.update(digest.as_bytes());
    // 3. version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm and signature.
    hasher.update(signer.fields_as_received());
    // 4. The ATSHashIndexV3.
    hasher.update(hash_index.as_received());
    Ok(hasher.finish())
}
