//! Augmentation of a signature to the levels B-T, B-LT and B-LTA (EN 319 122-1 §5.3 to §5.5, §6).
//!
//! Each step takes a [`SignedData`] and gives another; [`SignedData::to_der`] or [`SignedData::rewrite`] writes it.
//! Every byte that a signature or a time-stamp covers is copied as it was received, and what is new stands behind
//! what was there.

use crate::archive::{self, ArchiveFailure, HashIndex};
use crate::attribute::Attribute;
use crate::content::ContentDigests;
use crate::evidence::EmbeddedEvidence;
use crate::oid;
use crate::signed_data::{RevocationInfo, SignedData};
use crate::signer_info::SignerInfo;
use crate::timestamp::TimeStampToken;
use crate::unsigned::LegacyArchive;
use kyso_x509::asn1::Asn1Error;
use kyso_x509::{Digest, DigestAlgorithm};

/// Why a signature cannot be augmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AugmentError {
    /// There is no signer of this index.
    NoSuchSigner {
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The token is about something else.
    ImprintMismatch {
        /// What it should be about.
        required: Digest,
    },
    /// An archive time-stamp of an older form is there, which what is new would break (§5.5.3).
    LegacyArchive(LegacyArchive),
    /// What an archive time-stamp would cover cannot be told.
    Archive(ArchiveFailure),
    /// A token to carry the hash index must have one signer.
    TokenSignerCount {
        /// How many it has.
        count: usize,
    },
    /// The token carries a hash index already.
    TokenHasHashIndex,
    /// The signature was augmented otherwise since the archive time-stamp was asked for.
    ChangedMeanwhile,
    /// A signer's part cannot be taken apart; one that was read can.
    Asn1(Asn1Error),
}

impl core::fmt::Display for AugmentError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoSuchSigner { index, count } => {
                write!(f, "there is no signer {index}, only {count}")
            }
            Self::ImprintMismatch { .. } => {
                f.write_str("the time-stamp is about something else than this signature")
            }
            Self::LegacyArchive(form) => {
                write!(f, "the signature has {form}, which an addition would break")
            }
            Self::Archive(failure) => failure.fmt(f),
            Self::TokenSignerCount { count } => {
                write!(f, "a time-stamp token has one signer, this one has {count}")
            }
            Self::TokenHasHashIndex => f.write_str("the time-stamp token has a hash index already"),
            Self::ChangedMeanwhile => {
                f.write_str("the signature changed since its archive time-stamp was asked for")
            }
            Self::Asn1(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AugmentError {}

impl From<ArchiveFailure> for AugmentError {
    fn from(failure: ArchiveFailure) -> Self {
        match failure {
            ArchiveFailure::NoSuchSigner { index, count } => Self::NoSuchSigner { index, count },
            other => Self::Archive(other),
        }
    }
}

impl SignedData {
    /// Adds a signature-time-stamp (§5.3), whose imprint is [`archive::signature_imprint`]: level B-T.
    ///
    /// The token's own signature is the caller's to verify.
    ///
    /// # Errors
    /// When the token is about something else, or an archive time-stamp of an older form stands in the way.
    pub fn with_signature_time_stamp(
        self,
        index: usize,
        token: &TimeStampToken,
    ) -> Result<Self, AugmentError> {
        let signer = archive::signer(&self, index)?;
        check_legacy(core::slice::from_ref(signer))?;
        let stamped = *token.info().message_imprint();
        let required = archive::signature_imprint(signer, stamped.algorithm());
        if required != stamped {
            return Err(AugmentError::ImprintMismatch { required });
        }
        self.with_token(index, oid::SIGNATURE_TIME_STAMP, token.as_received())
    }

    /// Adds validation data for one signer to `certificates` and `crls` (§5.4, §5.5.3): level B-LT.
    ///
    /// What the signer has already, be it in a time-stamp token, is not added again. OCSP responses go into `crls` as
    /// RFC 5940 has them.
    ///
    /// # Errors
    /// When any signer has an archive time-stamp of an older form, which covers `certificates` and `crls` as a whole.
    pub fn with_validation_data(
        mut self,
        index: usize,
        evidence: &EmbeddedEvidence,
    ) -> Result<Self, AugmentError> {
        archive::signer(&self, index)?;
        check_legacy(self.signer_infos())?;
        let present = self.embedded_evidence(index);
        for certificate in &evidence.certificates {
            let raw = certificate.as_der();
            if !present.certificates.contains(certificate)
                && !self.certificates.iter().any(|member| member == raw)
            {
                self.certificates.push(raw.to_vec());
                self.readable_certificates.push(certificate.clone());
            }
        }
        let crls = evidence.crls.iter().filter(|crl| !present.crls.contains(crl));
        let is_present = |response: &&kyso_x509::OcspResponse| {
            present.ocsp.iter().any(|one| one.basic_der() == response.basic_der())
        };
        let responses = evidence.ocsp.iter().filter(|response| !is_present(response));
        let new = crls
            .map(|crl| RevocationInfo::Crl(crl.clone()))
            .chain(responses.map(|response| RevocationInfo::Ocsp(response.clone())));
        for info in new {
            let raw = info.to_der();
            if self.crls.contains(&raw) {
                continue;
            }
            if matches!(info, RevocationInfo::Ocsp(_)) {
                // RFC 5652 §5.1: `other` in crls makes it version 5.
                self.version = self.version.max(5);
            }
            self.crls.push(raw);
            self.revocation.push(info);
        }
        Ok(self)
    }

    /// What an archive-time-stamp-v3 of one signer has to be about (§5.5.3), everything that is there now included.
    ///
    /// `content` must hold the content's digest under `algorithm`. A second one renews the first.
    ///
    /// # Errors
    /// When there is no such signer, or the content's digest is missing.
    pub fn prepare_archive_time_stamp(
        &self,
        index: usize,
        algorithm: DigestAlgorithm,
        content: &ContentDigests,
    ) -> Result<ArchiveToBeStamped, AugmentError> {
        let signer = archive::signer(self, index)?;
        let hash_index = HashIndex::over(self, signer, algorithm);
        let imprint = archive::imprint(self, signer, &hash_index, content)?;
        Ok(ArchiveToBeStamped { index, imprint, hash_index })
    }

    /// Adds an unsigned attribute that holds a token; each token has an attribute of its own (§5.5.3 demands it).
    fn with_token(
        mut self,
        index: usize,
        oid: kyso_x509::ObjectIdentifier,
        token: &[u8],
    ) -> Result<Self, AugmentError> {
        let attribute = Attribute::single_to_der(oid, token);
        let count = self.signer_infos.len();
        let signer =
            self.signer_infos.get_mut(index).ok_or(AugmentError::NoSuchSigner { index, count })?;
        *signer = signer.with_unsigned_attribute(&attribute).map_err(AugmentError::Asn1)?;
        Ok(self)
    }
}

/// An archive-time-stamp-v3 that lacks only its token.
pub struct ArchiveToBeStamped {
    index: usize,
    imprint: Digest,
    hash_index: HashIndex,
}

impl ArchiveToBeStamped {
    /// What the token has to be about.
    #[must_use]
    pub const fn imprint(&self) -> &Digest {
        &self.imprint
    }

    /// Adds the token, with the hash index among its unsigned attributes, to the structure that it was prepared from.
    ///
    /// The token's own signature is the caller's to verify.
    ///
    /// # Errors
    /// When the token is about something else, cannot carry a hash index, or the structure is not as it was.
    pub fn finish(
        self,
        mut signed_data: SignedData,
        token: &TimeStampToken,
    ) -> Result<SignedData, AugmentError> {
        let signer = archive::signer(&signed_data, self.index)?;
        let algorithm = self.hash_index.algorithm();
        let now = HashIndex::over(&signed_data, signer, algorithm);
        if now.as_received() != self.hash_index.as_received() {
            return Err(AugmentError::ChangedMeanwhile);
        }
        let stamped = *token.info().message_imprint();
        if stamped != self.imprint {
            return Err(AugmentError::ImprintMismatch { required: self.imprint });
        }
        let token = with_hash_index(token, &self.hash_index)?;
        // §5.5.3, step 2: the content's digest under this algorithm will be needed.
        let named = |identifier: &kyso_x509::AlgorithmIdentifier| {
            identifier.to_digest_algorithm() == Ok(algorithm)
        };
        if !signed_data.digest_algorithms.iter().any(named) {
            signed_data.digest_algorithms.push(algorithm.to_algorithm_identifier());
        }
        signed_data.with_token(self.index, oid::ARCHIVE_TIME_STAMP_V3, &token)
    }
}

/// The token with the hash index as an unsigned attribute of its signer; what its signature covers stays as it is.
fn with_hash_index(
    token: &TimeStampToken,
    hash_index: &HashIndex,
) -> Result<Vec<u8>, AugmentError> {
    let mut signed_data = token.signed_data().clone();
    let count = signed_data.signer_infos.len();
    let [signer] = signed_data.signer_infos.as_mut_slice() else {
        return Err(AugmentError::TokenSignerCount { count });
    };
    let indexes = [oid::ATS_HASH_INDEX_V1, oid::ATS_HASH_INDEX_V2, oid::ATS_HASH_INDEX_V3];
    if signer.unsigned_attributes().iter().any(|attribute| indexes.contains(&attribute.oid)) {
        return Err(AugmentError::TokenHasHashIndex);
    }
    let attribute = Attribute::single_to_der(oid::ATS_HASH_INDEX_V3, hash_index.as_received());
    *signer = signer.with_unsigned_attribute(&attribute).map_err(AugmentError::Asn1)?;
    // The content of a token is held: without it the token would not have been read.
    signed_data.to_der().ok_or(AugmentError::TokenSignerCount { count })
}

/// §5.5.3: older archive time-stamps cover sets as a whole, to which nothing can be added.
fn check_legacy(signers: &[SignerInfo]) -> Result<(), AugmentError> {
    match signers.iter().flat_map(SignerInfo::legacy_archives).next() {
        None => Ok(()),
        Some(form) => Err(AugmentError::LegacyArchive(form)),
    }
}
