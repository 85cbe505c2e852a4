//! Counter-signatures (EN 319 132-1 §5.2.7): signatures over the value of another one, among its unsigned properties.

use super::NAMESPACE;
use super::augment::{AugmentError, around};
use super::verify::{VerifiedXades, verify_xades};
use crate::c14n::{C14n, Canonicalization};
use crate::dsig::sign::prepare_between;
use crate::dsig::{
    PrepareError, ReferenceToSign, Signature, SigningParameters, ToBeSigned, Transform,
    VerifyFailure,
};
use crate::limits::Limits;
use kyso_x509::{Certificate, DigestAlgorithm};
use roxmltree::Node;

/// `Type` of the reference to the value that is counter-signed (§5.2.7.3).
pub const COUNTERSIGNED_TYPE: &str = "http://uri.etsi.org/01903#CountersignedSignature";

/// Verifies a counter-signature of a signature: by itself, and that it covers this signature's value.
///
/// # Errors
/// Why it was not verified, as a result of verification.
pub fn verify_counter_signature<'d, 'a>(
    signature: &Signature<'d, 'a>,
    counter: Node<'d, 'a>,
    extra: &[Certificate],
) -> Result<VerifiedXades<'d, 'a>, VerifyFailure> {
    let counter = Signature::read(signature.document, counter, &signature.limits)
        .map_err(VerifyFailure::CounterSignature)?;
    let verified = verify_xades(&counter, &|_| None, extra)?;
    let covered = verified.signature().references().iter().any(|reference| {
        let covered = reference.covered();
        covered.roots() == [signature.value_node] && covered.without().is_empty()
    });
    if covered { Ok(verified) } else { Err(VerifyFailure::CounterSignedValueNotCovered) }
}

/// Makes a counter-signature of a signature; its reference is added to `parameters`, and must be the first.
///
/// # Errors
/// [`AugmentError::Place`] with [`PrepareError::IdentifierNeeded`] where `SignatureValue` has no `Id` to refer to, and as
/// [`crate::dsig::prepare`].
pub fn prepare_counter_signature(
    signature: &Signature<'_, '_>,
    mut parameters: SigningParameters,
    digest: DigestAlgorithm,
    limits: &Limits,
) -> Result<ToBeSigned, AugmentError> {
    let id = signature
        .value_node
        .attribute("Id")
        .ok_or(AugmentError::Place(PrepareError::IdentifierNeeded))?;
    let reference = ReferenceToSign {
        id: None,
        uri: Some(format!("#{id}")),
        reference_type: Some(COUNTERSIGNED_TYPE.to_owned()),
        transforms: vec![Transform::Canonicalization(Canonicalization {
            method: C14n::Exclusive { prefixes: Vec::new() },
            comments: false,
        })],
        digest,
    };
    parameters.references.insert(0, reference);
    let (before, after) = around(signature)?;
    let name = "xades:CounterSignature";
    prepare_between(
        &format!("{before}<{name} xmlns:xades=\"{NAMESPACE}\">"),
        &format!("</{name}>{after}"),
        &parameters,
        &|_| None,
        limits,
    )
    .map_err(AugmentError::Place)
}
