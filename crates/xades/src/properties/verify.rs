//! Verification of a XAdES signature: as any XML signature, with the certificate that the signed properties bind.

use super::augment::{archive_imprint, signature_imprint};
use super::certificate::SigningCertificateBinding;
use super::signed::{SignedProperties, signed_properties};
use super::unsigned::{UnsignedProperty, embedded_evidence, unsigned_properties};
use crate::dsig::verify::{candidates, verify_with};
use crate::dsig::{External, Signature, VerifiedSignature, VerifyFailure};
use kyso_cades::BaselineLevel;
use kyso_cades::level::has_status;
use kyso_x509::Certificate;

/// Proof that a signature verifies and covers its signed properties; made by the verification alone.
#[derive(Clone, Debug)]
pub struct VerifiedXades<'d, 'a> {
    verified: VerifiedSignature<'d, 'a>,
    properties: Option<SignedProperties<'d, 'a>>,
    binding: SigningCertificateBinding,
}

impl<'d, 'a> VerifiedXades<'d, 'a> {
    /// The XML signature.
    #[must_use]
    pub const fn signature(&self) -> &VerifiedSignature<'d, 'a> {
        &self.verified
    }

    /// The signed properties; `None` for a signature that is no XAdES.
    #[must_use]
    pub const fn properties(&self) -> Option<&SignedProperties<'d, 'a>> {
        self.properties.as_ref()
    }

    /// How the signature is bound to the certificate.
    #[must_use]
    pub const fn signing_certificate(&self) -> SigningCertificateBinding {
        self.binding
    }
}

/// Verifies a signature: its form, the certificate that it binds, every reference, the value; then that the signed
/// properties are signed, as they stand in this signature and no other (EN 319 132-1 §4.4).
///
/// # Errors
/// A [`VerifyFailure`] is a result of verification; its [`VerifyFailure::indication`] is that of EN 319 102-1.
pub fn verify_xades<'d, 'a, 'e>(
    signature: &Signature<'d, 'a>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    extra: &[Certificate],
) -> Result<VerifiedXades<'d, 'a>, VerifyFailure> {
    // 1. Format.
    let properties = signed_properties(signature).map_err(VerifyFailure::Properties)?;
    let mut candidates = candidates(signature, extra);
    let mut bound = |ids: &[super::CertificateId]| {
        if !ids.is_empty() {
            candidates.retain(|one| ids.iter().any(|id| id.matches(one)));
        }
    };

    // 2. The signer's certificate is one of those that both properties name, where both are there.
    if let Some(properties) = &properties {
        bound(&properties.signing_certificate_v2);
        bound(&properties.signing_certificate_v1);
        let named = !properties.signing_certificate_v2.is_empty()
            || !properties.signing_certificate_v1.is_empty();
        if named && candidates.is_empty() {
            return Err(VerifyFailure::SigningCertificateMismatch);
        }
    }

    // 3. References and value.
    let verified = verify_with(signature, external, candidates)?;

    // 4. What was read as signed is what was digested: the very element, whole.
    if let Some(properties) = &properties {
        let signed = verified.references().iter().any(|reference| {
            let covered = reference.covered();
            covered.roots() == [properties.node] && covered.without().is_empty()
        });
        if !signed {
            return Err(VerifyFailure::SignedPropertiesNotCovered);
        }
    }
    let binding = properties
        .as_ref()
        .map_or(SigningCertificateBinding::Missing, |one| binding(one, verified.certificate()));
    Ok(VerifiedXades { verified, properties, binding })
}

fn binding(
    properties: &SignedProperties<'_, '_>,
    certificate: &Certificate,
) -> SigningCertificateBinding {
    let digest = |ids: &[super::CertificateId]| {
        let id = ids.iter().find(|id| id.matches(certificate))?;
        id.digest_method.clone().ok()
    };
    if let Some(algorithm) = digest(&properties.signing_certificate_v2) {
        SigningCertificateBinding::V2(algorithm)
    } else if let Some(algorithm) = digest(&properties.signing_certificate_v1) {
        SigningCertificateBinding::V1(algorithm)
    } else {
        SigningCertificateBinding::Missing
    }
}

/// The baseline level from the parts that are there and fit together (EN 319 132-1 §6); `None` below B-B.
///
/// As in CAdES, whether tokens, certificates and status hold good is for validation to say.
#[must_use]
pub fn level<'e>(
    signature: &Signature<'_, '_>,
    verified: &VerifiedXades<'_, '_>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
) -> Option<BaselineLevel> {
    // 1. B-B: bound, with a time, and the certificate in KeyInfo.
    let certificate = verified.verified.certificate();
    let embedded = signature.key_info.as_ref()?.certificates().contains(certificate);
    let timed = verified.properties.as_ref()?.signing_time.is_some();
    if !embedded || !timed || verified.binding == SigningCertificateBinding::Missing {
        return None;
    }
    // 2. B-T.
    let properties = unsigned_properties(signature).ok()?;
    let mut tokens = Vec::new();
    for (_, property) in &properties {
        if let UnsignedProperty::SignatureTimeStamp(element) = property
            && let Ok(method) = &element.canonicalization
        {
            tokens.extend(element.tokens.iter().filter(|token| {
                let stamped = token.info().message_imprint();
                signature_imprint(signature, method, stamped.algorithm())
                    .is_ok_and(|imprint| imprint == *stamped)
            }));
        }
    }
    if tokens.is_empty() {
        return Some(BaselineLevel::B);
    }
    // 3. B-LT.
    let evidence = embedded_evidence(signature).ok()?;
    let units = tokens.iter().filter_map(|token| {
        let sid = token.signed_data().signer_infos().first()?.sid();
        token.signed_data().certificates().into_iter().find(|one| sid.matches(one))
    });
    if !core::iter::once(certificate.clone()).chain(units).all(|one| has_status(&one, &evidence)) {
        return Some(BaselineLevel::T);
    }
    // 4. B-LTA.
    let archived = properties.iter().any(|(node, property)| {
        let UnsignedProperty::ArchiveTimeStamp(element) = property else {
            return false;
        };
        let Ok(method) = &element.canonicalization else {
            return false;
        };
        element.tokens.iter().any(|token| {
            let stamped = token.info().message_imprint();
            archive_imprint(signature, Some(*node), external, method, stamped.algorithm())
                .is_ok_and(|imprint| imprint == *stamped)
        })
    });
    Some(if archived { BaselineLevel::Lta } else { BaselineLevel::Lt })
}
