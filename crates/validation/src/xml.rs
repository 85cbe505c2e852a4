//! XML signatures and XAdES: what the signature says, as [`crate::evaluation`] takes it, and what of the document it
//! leaves uncovered.

use kyso_cades::{BaselineLevel, EmbeddedEvidence, SigningCertificateBinding, TimeStampToken};
use kyso_x509::{CertificateList, Digest, ObjectIdentifier};
use kyso_xades::dsig::{
    External, FailureIndication, Signature, VerifiedSignature, VerifyFailure, signatures,
};
use kyso_xades::properties::{
    self, SignaturePolicy, SigningCertificateBinding as Binding, TimeStampElement,
    UnsignedProperty, VerifiedXades, archive_imprint, embedded_evidence, signature_imprint,
    unsigned_properties, verify_xades,
};
use kyso_xades::roxmltree::Node;
use kyso_xades::{Limits, Position, XmlDocument};

use crate::context::Context;
use crate::document::merge;
use crate::evaluation::{self, Named};
use crate::indication::{FailedReason, IndeterminateReason, Indication};
use crate::library::Library;
use crate::poe::name_of;
use crate::report::{Check, Finding, Need, SignatureReport, TimestampKind};
use crate::target::{Attached, Covered, Imprint, Target, Timestamps};

/// Gives the data of a reference's URI that is not in the document.
pub type ExternalData<'f> = dyn Fn(Option<&str>) -> Option<External<'f>> + 'f;

/// Validates a signature of an XML document, the `index`-th that [`xml_signatures`] counts.
///
/// A signature that leaves something of the document uncovered is INDETERMINATE (SIGNED_DATA_NOT_FOUND): what a reader
/// takes for signed may be what nobody signed.
#[must_use]
pub fn validate_xml_signature(
    document: &XmlDocument<'_>,
    index: usize,
    limits: &Limits,
    external: &ExternalData<'_>,
    context: &Context<'_>,
) -> SignatureReport {
    let number = index.saturating_add(1).to_string();
    let node = own_signatures(document).nth(index);
    let id = node.and_then(|node| node.attribute("Id")).map_or(number, str::to_owned);
    let mut report = SignatureReport::blank(id, "XMLDSig".to_owned(), context.validation_time);
    let Some(node) = node else {
        report.open(IndeterminateReason::SignedDataNotFound, Finding::NoMessage);
        return report;
    };
    // 1. Format checking (§5.2.2).
    let signature = match Signature::read(document, node, limits) {
        Ok(signature) => signature,
        Err(error) => {
            report.fail(FailedReason::FormatFailure, Finding::XmlMalformed(error));
            return report;
        }
    };
    // 2. Signing certificate and value (§5.2.3, §5.2.7).
    let unsigned = match unsigned_properties(&signature) {
        Ok(unsigned) => unsigned,
        Err(error) => {
            report.fail(FailedReason::FormatFailure, Finding::XmlMalformed(error));
            return report;
        }
    };
    let evidence = embedded(&signature);
    let library = Library::new(&evidence, context);
    let is_counter =
        |one: &&(Node<'_, '_>, _)| matches!(one.1, UnsignedProperty::CounterSignature(_));
    report.counter_signatures = unsigned.iter().filter(is_counter).count();
    let xades = match verify_xades(&signature, external, &library.candidates) {
        Ok(verified) => verified,
        Err(failure) => {
            let indication = failure_indication(&failure);
            if indication == Indication::Indeterminate(IndeterminateReason::SignedDataNotFound) {
                report.needs.push(Need::Content);
            }
            report.indication = report.indication.worse(indication);
            report.errors.push(Finding::XmlSignature(Box::new(failure)));
            return report;
        }
    };
    let verified = xades.signature();
    report.checked.extend([Check::ContentDigest, Check::SignatureValue]);
    report.signer = Some(verified.certificate().clone());
    report.algorithm = Some(verified.algorithm());
    report.content_digest = verified.references().first().map(|one| *one.digest());
    report.claimed_signing_time = xades.properties().and_then(|one| one.signing_time);
    report.level = Some(level(&signature, &xades, external));
    if xades.properties().is_some() {
        report.format = "XAdES".to_owned();
    }
    cover(verified, document, &mut report);
    let timestamps = XmlTimestamps { signature: &signature, unsigned: &unsigned, external };
    let target = Target {
        certificate: verified.certificate(),
        algorithm: verified.algorithm(),
        name: name_of(&signature.value),
        digests: verified.references().iter().map(|one| one.digest().algorithm()).collect(),
        binding: match xades.signing_certificate() {
            Binding::Missing => SigningCertificateBinding::Missing,
            // Either version states its digest here, which counts like any other.
            Binding::V1(digest) | Binding::V2(digest) => SigningCertificateBinding::V2(digest),
        },
        policy: xades.properties().and_then(|one| named(one.policy.as_ref()?)),
        timestamps: &timestamps,
    };
    evaluation::run(&target, &library, &mut report);
    report
}

/// What the signature really is (EN 319 132-1 v1.2.1 §6).
fn level(
    signature: &Signature<'_, '_>,
    xades: &VerifiedXades<'_, '_>,
    external: &ExternalData<'_>,
) -> &'static str {
    match properties::level(signature, xades, external) {
        Some(BaselineLevel::B) => "XAdES-B-B",
        Some(BaselineLevel::T) => "XAdES-B-T",
        Some(BaselineLevel::Lt) => "XAdES-B-LT",
        Some(BaselineLevel::Lta) => "XAdES-B-LTA",
        None if xades.properties().is_some() => "XAdES",
        None => "XMLDSig",
    }
}

/// A signature policy, which is known by an object identifier or not at all.
fn named(policy: &SignaturePolicy) -> Option<Named> {
    let SignaturePolicy::Identified { identifier, .. } = policy else { return None };
    let oid = identifier.strip_prefix("urn:oid:").and_then(|oid| ObjectIdentifier::new(oid).ok());
    Some(oid.map_or(Named::Malformed, Named::Policy))
}

/// How many signatures a document holds.
#[must_use]
pub fn xml_signatures(document: &XmlDocument<'_>) -> usize {
    own_signatures(document).count()
}

/// The signatures of a document; those that counter-sign one of them belong to it.
fn own_signatures<'d, 'a>(document: &'d XmlDocument<'a>) -> impl Iterator<Item = Node<'d, 'a>> {
    let counters = (properties::NAMESPACE, "CounterSignature");
    let is_own = move |node: &Node<'_, '_>| !node.ancestors().any(|one| one.has_tag_name(counters));
    signatures(document).into_iter().filter(is_own)
}

/// That nothing of the document stands outside the signature.
fn cover<'d, 'a>(
    verified: &VerifiedSignature<'d, 'a>,
    document: &'d XmlDocument<'a>,
    report: &mut SignatureReport,
) {
    let outside = verified.uncovered(document);
    report.covers_whole_document = Some(outside.is_none());
    let Some(outside) = outside else {
        report.checked.push(Check::WholeDocument);
        return;
    };
    report.not_checked.push(Check::WholeDocument);
    let finding = Finding::XmlNotCovered {
        element: outside.tag_name().name().to_owned(),
        position: Position::of(document.text(), outside.range().start),
    };
    report.open(IndeterminateReason::SignedDataNotFound, finding);
}

/// What `KeyInfo` and the unsigned properties hold.
fn embedded(signature: &Signature<'_, '_>) -> EmbeddedEvidence {
    let mut all = embedded_evidence(signature).unwrap_or_default();
    if let Some(info) = &signature.key_info {
        let lists = info.x509.iter().flat_map(|data| &data.crls);
        merge(
            &mut all,
            EmbeddedEvidence {
                certificates: info.certificates(),
                // What cannot be read proves nothing.
                crls: lists.filter_map(|der| CertificateList::from_der(der).ok()).collect(),
                ocsp: Vec::new(),
            },
        );
    }
    all
}

fn failure_indication(failure: &VerifyFailure) -> Indication {
    use FailureIndication as F;
    use IndeterminateReason as I;
    match failure.indication() {
        F::FormatFailure => Indication::TotalFailed(FailedReason::FormatFailure),
        F::HashFailure => Indication::TotalFailed(FailedReason::HashFailure),
        F::SigCryptoFailure => Indication::TotalFailed(FailedReason::SigCryptoFailure),
        F::NoSigningCertificateFound => Indication::Indeterminate(I::NoSigningCertificateFound),
        F::CryptoConstraintsFailure => Indication::Indeterminate(I::CryptoConstraintsFailure),
        F::SignedDataNotFound => Indication::Indeterminate(I::SignedDataNotFound),
    }
}

/// The time-stamps among the unsigned properties.
struct XmlTimestamps<'s, 'f, 'd, 'a> {
    signature: &'s Signature<'d, 'a>,
    unsigned: &'s [(Node<'d, 'a>, UnsignedProperty<'d, 'a>)],
    external: &'s ExternalData<'f>,
}

impl<'d, 'a> XmlTimestamps<'_, '_, 'd, 'a> {
    fn elements(&self) -> impl Iterator<Item = (usize, TimestampKind, &TimeStampElement)> {
        self.unsigned.iter().enumerate().filter_map(|(place, (_, property))| match property {
            UnsignedProperty::ArchiveTimeStamp(element) => {
                Some((place, TimestampKind::Archive, element))
            }
            UnsignedProperty::SignatureTimeStamp(element) => {
                Some((place, TimestampKind::Signature, element))
            }
            _ => None,
        })
    }

    /// Whether the token is about what stands there; `node` is the archive time-stamp itself.
    fn imprint(
        &self,
        node: Option<Node<'d, 'a>>,
        element: &TimeStampElement,
        token: &TimeStampToken,
    ) -> Imprint {
        let algorithm = token.info().message_imprint().algorithm();
        let Ok(method) = &element.canonicalization else { return Imprint::Unknown };
        let covered = match node {
            None => signature_imprint(self.signature, method, algorithm).ok(),
            Some(node) => {
                archive_imprint(self.signature, Some(node), self.external, method, algorithm).ok()
            }
        };
        Imprint::compare(covered.as_ref(), token)
    }

    /// The evidence and the time-stamps before this place, and the certificates of `KeyInfo`.
    fn covered(&self, place: usize) -> Covered {
        let mut covered = Covered { evidence: EmbeddedEvidence::default(), tokens: Vec::new() };
        if let Some(info) = &self.signature.key_info {
            covered.evidence.certificates = info.certificates();
        }
        for (_, property) in self.unsigned.iter().take(place) {
            match property {
                UnsignedProperty::ValidationData(evidence) => {
                    merge(&mut covered.evidence, evidence.clone());
                }
                UnsignedProperty::SignatureTimeStamp(element)
                | UnsignedProperty::ArchiveTimeStamp(element) => {
                    for token in &element.tokens {
                        merge(&mut covered.evidence, token.signed_data().embedded_evidence(0));
                        covered.tokens.push(token.clone());
                    }
                }
                UnsignedProperty::CounterSignature(_) | UnsignedProperty::Other => {}
            }
        }
        covered
    }
}

impl Timestamps for XmlTimestamps<'_, '_, '_, '_> {
    fn count(&self) -> usize {
        self.elements().map(|(_, _, element)| element.tokens.len()).sum()
    }

    fn outermost_first(&self) -> Vec<Attached> {
        let mut all: Vec<(TimestampKind, usize, &TimeStampElement, &TimeStampToken)> = Vec::new();
        for (place, kind, element) in self.elements() {
            all.extend(element.tokens.iter().map(|token| (kind, place, element, token)));
        }
        // §5.6.3.4 steps 4 to 6: archive time-stamps from the newest, then those of the signature.
        all.sort_by_key(|(kind, _, _, token)| {
            let made = (token.info().gen_time(), token.info().gen_time_micros());
            (*kind != TimestampKind::Archive, core::cmp::Reverse(made))
        });
        all.into_iter()
            .map(|(kind, place, element, token)| {
                let archive = kind == TimestampKind::Archive;
                let node = self.unsigned.get(place).map(|(node, _)| *node).filter(|_| archive);
                Attached {
                    kind,
                    token: Ok(token.clone()),
                    imprint: self.imprint(node, element, token),
                    coverage: archive.then(|| self.covered(place)),
                }
            })
            .collect()
    }

    fn with_the_signature(&self) -> Vec<Digest> {
        Vec::new()
    }
}
