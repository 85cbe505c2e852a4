//! Which baseline level is really there (EN 319 122-1 §6).

use crate::archive::{signature_imprint, verify_archive_time_stamp};
use crate::content::ContentDigests;
use crate::evidence::EmbeddedEvidence;
use crate::signed_data::SignedData;
use crate::signer_info::SignerInfo;
use crate::timestamp::TimeStampToken;
use crate::verify::{SignatureLevel, VerifiedSignature};
use kyso_x509::Certificate;

/// The baseline levels, each including those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BaselineLevel {
    /// B-B.
    B,
    /// B-T: a signature-time-stamp.
    T,
    /// B-LT: the validation data.
    Lt,
    /// B-LTA: an archive time-stamp.
    Lta,
}

impl core::fmt::Display for BaselineLevel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::B => "B-B",
            Self::T => "B-T",
            Self::Lt => "B-LT",
            Self::Lta => "B-LTA",
        })
    }
}

/// The level of one signer from the parts that are there and fit together.
///
/// B-T wants a signature-time-stamp about this signature; B-LT the revocation status of every certificate on the way
/// up from signer and time-stamping units, as far as issuers are embedded; B-LTA an archive-time-stamp-v3 about this
/// signature and content that covers a signature-time-stamp. Whether tokens, certificates and status hold good is for
/// validation to say: a level is about what the signature brings with it. `None` below B-B.
#[must_use]
pub fn level(
    signed_data: &SignedData,
    index: usize,
    verified: &VerifiedSignature,
    content: &ContentDigests,
) -> Option<BaselineLevel> {
    level_with(signed_data, index, verified, content, &signed_data.embedded_evidence(index))
}

/// As [`level`], for a caller that has what [`SignedData::embedded_evidence`] gives for this signer.
#[must_use]
pub fn level_with(
    signed_data: &SignedData,
    index: usize,
    verified: &VerifiedSignature,
    content: &ContentDigests,
    evidence: &EmbeddedEvidence,
) -> Option<BaselineLevel> {
    let signer = signed_data.signer_infos().get(index)?;
    // 1. B-B is the ground of all.
    if verified.level() != SignatureLevel::CadesBB {
        return None;
    }
    // 2. B-T.
    let tokens = tokens_about(signer);
    if tokens.is_empty() {
        return Some(BaselineLevel::B);
    }
    // 3. B-LT.
    let complete = core::iter::once(verified.certificate().clone())
        .chain(tokens.iter().filter_map(time_stamping_certificate))
        .all(|certificate| has_status(&certificate, evidence));
    if !complete {
        return Some(BaselineLevel::T);
    }
    // 4. B-LTA.
    let archived = signer.archive_time_stamps().into_iter().flatten().any(|archive| {
        verify_archive_time_stamp(signed_data, index, &archive, content)
            .is_ok_and(|coverage| tokens.iter().any(|token| coverage.tokens.contains(token)))
    });
    Some(if archived { BaselineLevel::Lta } else { BaselineLevel::Lt })
}

/// The signature-time-stamps that are about this signature.
fn tokens_about(signer: &SignerInfo) -> Vec<TimeStampToken> {
    let is_about = |token: &TimeStampToken| {
        let stamped = token.info().message_imprint();
        signature_imprint(signer, stamped.algorithm()) == *stamped
    };
    signer.signature_time_stamps().into_iter().flatten().filter(is_about).collect()
}

/// The certificate that the token's signer names, where it is embedded in the token.
fn time_stamping_certificate(token: &TimeStampToken) -> Option<Certificate> {
    let sid = token.signed_data().signer_infos().first()?.sid();
    token.signed_data().certificates().into_iter().find(|certificate| sid.matches(certificate))
}

/// Longest way up that is followed; paths in use have at most half a dozen certificates.
const MAX_PATH_LEN: usize = 10;

/// True when each certificate from this one up to a self-issued one, or one whose issuer is not embedded, has a CRL
/// or an OCSP response about it.
#[must_use]
pub fn has_status(certificate: &Certificate, evidence: &EmbeddedEvidence) -> bool {
    let mut current = certificate.clone();
    for _ in 0..MAX_PATH_LEN {
        if current.is_self_issued() {
            return true;
        }
        let issued = |issuer: &&Certificate| {
            issuer.subject() == current.issuer()
                && current
                    .authority_key_identifier()
                    .is_none_or(|key| issuer.subject_key_identifier().is_none_or(|own| own == key))
        };
        let issuer = evidence.certificates.iter().find(issued);
        let by_crl = evidence.crls.iter().any(|crl| crl.issuer() == current.issuer());
        let by_ocsp =
            evidence.ocsp.iter().flat_map(|response| response.responses()).any(|single| {
                match issuer {
                    Some(issuer) => single.certificate.is(&current, issuer),
                    // The anchor need not be embedded; its key then cannot be compared.
                    None => single.certificate.serial == current.serial(),
                }
            });
        if !by_crl && !by_ocsp {
            return false;
        }
        match issuer {
            Some(issuer) => current = issuer.clone(),
            None => return true,
        }
    }
    false
}
