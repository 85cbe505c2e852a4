//! Verification (XML Signature 1.1 §3.2): references first, then the value; what was digested comes back.

use super::failure::{ReferenceFailure, VerifyFailure};
use super::reference::Reference;
use super::signature::Signature;
use super::transform::{Chain, Covered, DEFAULT, Target};
use crate::document::XmlDocument;
use crate::limits::Limits;
use kyso_x509::{
    Certificate, Digest, DigestAlgorithm, Hasher, PublicKey, PublicKeyAlgorithm,
    SignatureAlgorithm, ecdsa_fixed_to_der,
};
use roxmltree::Node;

/// Data outside of the document, as the caller has it.
#[derive(Clone, Copy, Debug)]
pub enum External<'e> {
    /// The octets.
    Octets(&'e [u8]),
    /// Their digests, computed elsewhere; enough where the reference has no transforms.
    Digests(&'e [Digest]),
}

/// A reference whose digest holds, and what it covers.
#[derive(Clone, Debug)]
pub struct VerifiedReference<'d, 'a> {
    document: &'d XmlDocument<'a>,
    signature: Node<'d, 'a>,
    limits: Limits,
    reference: Reference<'d, 'a>,
    digest: Digest,
    covered: Covered<'d, 'a>,
}

impl<'d, 'a> VerifiedReference<'d, 'a> {
    /// The reference.
    #[must_use]
    pub const fn reference(&self) -> &Reference<'d, 'a> {
        &self.reference
    }

    /// The digest that holds.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The nodes whose canonical form was digested; none for external data and for what was decoded from text.
    #[must_use]
    pub const fn covered(&self) -> &Covered<'d, 'a> {
        &self.covered
    }

    /// The signature whose reference it is.
    pub(crate) const fn signature_node(&self) -> Node<'d, 'a> {
        self.signature
    }

    /// True where the data is not in the document.
    #[must_use]
    pub fn is_external(&self) -> bool {
        Target::of(self.reference.uri).is_external()
    }

    /// Writes the octets that were digested; those of external data are made from `external` and checked again.
    ///
    /// # Errors
    /// [`ReferenceFailure::SignedDataNotFound`] for external data that is not given, and
    /// [`ReferenceFailure::DigestMismatch`] where it is other data than was verified.
    pub fn octets(&self, external: Option<&[u8]>) -> Result<Vec<u8>, ReferenceFailure> {
        let chain = Chain {
            document: self.document,
            signature: self.signature,
            limits: &self.limits,
            last: DEFAULT,
        };
        let mut octets = Vec::new();
        let add = &mut |bytes: &[u8]| octets.extend_from_slice(bytes);
        chain.run(&self.reference, external, &mut 0, add)?;
        let computed = self.digest.algorithm().digest(&octets);
        if computed == self.digest {
            Ok(octets)
        } else {
            Err(ReferenceFailure::DigestMismatch { computed })
        }
    }
}

/// Proof that a signature's value and all of its references verify under the key of a certificate; made by the
/// verification alone, and saying nothing about trust in the certificate.
#[derive(Clone, Debug)]
pub struct VerifiedSignature<'d, 'a> {
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    references: Vec<VerifiedReference<'d, 'a>>,
}

impl<'d, 'a> VerifiedSignature<'d, 'a> {
    /// The certificate whose key verified the value.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The signature algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Every reference of `SignedInfo`, in its order.
    #[must_use]
    pub fn references(&self) -> &[VerifiedReference<'d, 'a>] {
        &self.references
    }

    /// True when one of the references digested the element with everything below it; of what was taken out, the
    /// signature itself does not count.
    #[must_use]
    pub fn covers(&self, node: Node<'d, 'a>) -> bool {
        self.references.iter().any(|reference| {
            let covered = reference.covered();
            covered.contains(node)
                && covered.without().iter().all(|taken| {
                    *taken == reference.signature || !taken.ancestors().any(|one| one == node)
                })
        })
    }
}

/// Verifies each reference of a list (§3.2.1), whose signature this is.
///
/// `external` gives the data of a URI that is not in the document, or that is absent.
#[must_use]
pub fn verify_references<'d, 'a, 'e>(
    signature: &Signature<'d, 'a>,
    references: &[Reference<'d, 'a>],
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
) -> Vec<Result<VerifiedReference<'d, 'a>, ReferenceFailure>> {
    let mut digested = 0_usize;
    references
        .iter()
        .map(|reference| {
            let maximum = signature.limits.digested;
            if digested > maximum {
                return Err(ReferenceFailure::DigestedLimit { maximum });
            }
            verify_reference(signature, reference, external, &mut digested)
        })
        .collect()
}

fn verify_reference<'d, 'a, 'e>(
    signature: &Signature<'d, 'a>,
    reference: &Reference<'d, 'a>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    digested: &mut usize,
) -> Result<VerifiedReference<'d, 'a>, ReferenceFailure> {
    let algorithm = *reference
        .digest_method
        .as_ref()
        .map_err(|error| ReferenceFailure::DigestMethod(error.clone()))?;
    let given = if Target::of(reference.uri).is_external() {
        Some(external(reference.uri).ok_or(ReferenceFailure::SignedDataNotFound)?)
    } else {
        None
    };
    let (digest, covered) = match given {
        Some(External::Digests(digests)) if reference.transforms.is_empty() => {
            let digest = digests.iter().find(|digest| digest.algorithm() == algorithm);
            (*digest.ok_or(ReferenceFailure::ExternalDigestMissing)?, Covered::default())
        }
        Some(External::Digests(_)) => return Err(ReferenceFailure::ExternalDigestMissing),
        Some(External::Octets(octets)) => {
            digest_of(signature, reference, algorithm, Some(octets), digested)?
        }
        None => digest_of(signature, reference, algorithm, None, digested)?,
    };
    if digest.as_bytes() != reference.digest_value {
        return Err(ReferenceFailure::DigestMismatch { computed: digest });
    }
    Ok(VerifiedReference {
        document: signature.document,
        signature: signature.node,
        limits: signature.limits.clone(),
        reference: reference.clone(),
        digest,
        covered,
    })
}

/// The digest of what a reference leads to, whatever `DigestValue` says.
pub(crate) fn digest_of<'d, 'a>(
    signature: &Signature<'d, 'a>,
    reference: &Reference<'d, 'a>,
    algorithm: DigestAlgorithm,
    external: Option<&[u8]>,
    digested: &mut usize,
) -> Result<(Digest, Covered<'d, 'a>), ReferenceFailure> {
    let chain = Chain {
        document: signature.document,
        signature: signature.node,
        limits: &signature.limits,
        last: DEFAULT,
    };
    let mut hasher = Hasher::new(algorithm);
    let mut octets = 0_usize;
    let covered = chain.run(reference, external, digested, &mut |bytes| {
        octets = octets.saturating_add(bytes.len());
        hasher.update(bytes);
    })?;
    *digested = digested.saturating_add(octets);
    Ok((hasher.finish(), covered))
}

/// Verifies the value over the canonical `SignedInfo` under a key (§3.2.2).
///
/// # Errors
/// Why it was not verified.
pub fn verify_value(signature: &Signature<'_, '_>, key: &PublicKey) -> Result<(), VerifyFailure> {
    let octets = signature.signed_octets()?;
    verify_octets(signature, &octets, key)
}

fn verify_octets(
    signature: &Signature<'_, '_>,
    octets: &[u8],
    key: &PublicKey,
) -> Result<(), VerifyFailure> {
    let algorithm = signature
        .signed_info
        .signature_method
        .as_ref()
        .map_err(|error| VerifyFailure::SignatureMethod(error.clone()))?;
    key.check_fit(algorithm)?;
    match key.algorithm() {
        // §6.4.3: r‖s, each as long as the curve's order.
        PublicKeyAlgorithm::Ec(curve) => {
            if signature.value.len() != 2 * curve.integer_len() {
                return Err(VerifyFailure::BadSignature);
            }
            let der =
                ecdsa_fixed_to_der(&signature.value).map_err(|_| VerifyFailure::BadSignature)?;
            key.verify(algorithm, octets, &der)?;
        }
        _ => key.verify(algorithm, octets, &signature.value)?,
    }
    Ok(())
}

/// Most certificates whose key is tried on a signature; an honest one names its certificate or embeds a short path.
const MAX_CANDIDATES: usize = 4;

/// Verifies a signature: the signer's certificate, every reference, the value.
///
/// The certificate is the embedded one, or one of `extra`, that `KeyInfo` names and whose key verifies the value.
///
/// # Errors
/// A [`VerifyFailure`] is a result of verification; its [`VerifyFailure::indication`] is that of EN 319 102-1.
pub fn verify_signature<'d, 'a, 'e>(
    signature: &Signature<'d, 'a>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    extra: &[Certificate],
) -> Result<VerifiedSignature<'d, 'a>, VerifyFailure> {
    verify_with(signature, external, candidates(signature, extra))
}

/// Certificates that may be the signer's, the likeliest first.
pub(crate) fn candidates(signature: &Signature<'_, '_>, extra: &[Certificate]) -> Vec<Certificate> {
    let Some(info) = &signature.key_info else {
        return extra.to_vec();
    };
    let mut found = info.certificates();
    for certificate in extra {
        match found.iter_mut().find(|known| *known == certificate) {
            // The caller's may remember its key and its hash.
            Some(known) => *known = certificate.clone(),
            None => found.push(certificate.clone()),
        }
    }
    // Named ones first, then those that issued none of the others.
    let issuers: Vec<bool> = found
        .iter()
        .map(|one| found.iter().any(|other| other != one && other.issuer() == one.subject()))
        .collect();
    let mut ranked: Vec<_> = found.into_iter().zip(issuers).collect();
    ranked.sort_by_key(|(certificate, issuer)| {
        (core::cmp::Reverse(info.names(certificate)), *issuer)
    });
    ranked.into_iter().map(|(certificate, _)| certificate).collect()
}

/// As [`verify_signature`], with the certificates to try.
pub(crate) fn verify_with<'d, 'a, 'e>(
    signature: &Signature<'d, 'a>,
    external: &dyn Fn(Option<&str>) -> Option<External<'e>>,
    mut candidates: Vec<Certificate>,
) -> Result<VerifiedSignature<'d, 'a>, VerifyFailure> {
    // 1. Format: the algorithms.
    let algorithm = *signature
        .signed_info
        .signature_method
        .as_ref()
        .map_err(|error| VerifyFailure::SignatureMethod(error.clone()))?;
    let octets = signature.signed_octets()?;

    // 2. The signer's certificate.
    candidates.truncate(MAX_CANDIDATES);
    if candidates.is_empty() {
        return Err(VerifyFailure::SigningCertificateNotFound);
    }

    // 3. The references.
    let mut references = Vec::new();
    let results = verify_references(signature, &signature.signed_info.references, external);
    for (index, result) in results.into_iter().enumerate() {
        references.push(result.map_err(|failure| VerifyFailure::Reference { index, failure })?);
    }

    // 4. The cryptographic value.
    let mut failure = VerifyFailure::SigningCertificateNotFound;
    for certificate in candidates {
        let verified = match certificate.borrowed_public_key() {
            Ok(key) => verify_octets(signature, &octets, key),
            Err(error) => Err(VerifyFailure::UnusableKey(error)),
        };
        match verified {
            Ok(()) => {
                check_key_values(signature, &certificate)?;
                return Ok(VerifiedSignature { certificate, algorithm, references });
            }
            Err(error) => {
                // A wrong value says more than a key of another kind.
                if failure != VerifyFailure::BadSignature {
                    failure = error;
                }
            }
        }
    }
    Err(failure)
}

/// §4.5: whatever KeyInfo says must be about the same key.
fn check_key_values(
    signature: &Signature<'_, '_>,
    certificate: &Certificate,
) -> Result<(), VerifyFailure> {
    let values = signature.key_info.iter().flat_map(|info| &info.key_values);
    for value in values {
        if !value.may_be(certificate) {
            return Err(VerifyFailure::KeyValueMismatch);
        }
    }
    Ok(())
}
