//! What is told beside a verdict and never improves it: counter-signatures, and who a signature that does not verify
//! claims to be by.

use kyso_cades::{FailureIndication, SignedData, SignerInfo, verify_counter_signature};
use kyso_x509::Certificate;

use crate::report::Finding;

/// Most counter-signatures that are verified: each costs one verification, and documents in use carry one or two.
const MAX_COUNTER_SIGNATURES: usize = 8;

/// The value of each counter-signature (RFC 5652 §11.4), and of nothing more: its certificate is not validated.
pub(crate) fn findings(
    signed_data: &SignedData,
    index: usize,
    signer: &SignerInfo,
    candidates: &[Certificate],
) -> Vec<Finding> {
    use FailureIndication as F;
    let count = signer.counter_signatures().len();
    let verify = |place: usize| {
        let number = place.saturating_add(1);
        match verify_counter_signature(signed_data, index, place, candidates) {
            Ok(verified) => Finding::CounterSignatureHolds {
                number,
                signer: verified.certificate().subject().clone(),
            },
            Err(failure) => match failure.indication() {
                F::FormatFailure | F::HashFailure | F::SigCryptoFailure => {
                    Finding::CounterSignatureInvalid { number, failure: Box::new(failure) }
                }
                F::NoSigningCertificateFound
                | F::CryptoConstraintsFailure
                | F::SignedDataNotFound => {
                    Finding::CounterSignatureUnknown { number, failure: Box::new(failure) }
                }
            },
        }
    };
    let mut found: Vec<_> = (0..count.min(MAX_COUNTER_SIGNATURES)).map(verify).collect();
    if count > MAX_COUNTER_SIGNATURES {
        found.push(Finding::TooManyCounterSignatures { limit: MAX_COUNTER_SIGNATURES });
    }
    found
}

/// The one signer whom a message names that was not even verified.
pub(crate) fn claimed_by(message: &SignedData) -> Option<Certificate> {
    match message.signer_infos() {
        [signer] => claimed_signer(signer, &message.certificates()),
        _ => None,
    }
}

/// The certificate that a signature names which does not verify: a claim. Several of that name say nothing.
pub(crate) fn claimed_signer(
    signer: &SignerInfo,
    candidates: &[Certificate],
) -> Option<Certificate> {
    let mut named = candidates.iter().filter(|one| signer.sid().matches(one));
    let first = named.next()?;
    named.all(|other| other == first).then(|| first.clone())
}
