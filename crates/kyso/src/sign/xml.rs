//! XML documents: checked by their profile, then signed in their place.

use kyso_x509::{DigestAlgorithm, Time};
use kyso_xades::dsig::{
    External, Filter, FilterOperation, FilterPath, NAMESPACE, Placement, Prefix, ReferenceToSign,
    Signature, SigningParameters, ToBeSigned, Transform, prepare, verify_signature,
};
use kyso_xades::profile::{Facts, Plan, Position, Profile, Target, Without};
use kyso_xades::properties::{PropertiesToSign, qualify};
use kyso_xades::roxmltree::Node;
use kyso_xades::{Limits, XmlDocument, decode};
use unicode_normalization::UnicodeNormalization as _;

use super::error::{FirstSignature, XmlRefusal};
use super::{SignError, XadesOptions};
use crate::signer::Signer;

/// Bounds on the documents that are signed; the same as for those that are verified.
pub(super) fn limits() -> Limits {
    Limits::documents()
}

/// The document exceeds the limit.
pub(super) fn too_large() -> SignError {
    let maximum = limits().bytes;
    unreadable(kyso_xades::XmlError::LimitExceeded { limit: kyso_xades::Limit::Bytes, maximum })
}

/// Checks the document by its profile and prepares its signature.
pub(super) fn prepare_xml(
    bytes: &[u8],
    options: &XadesOptions,
    signer: &Signer,
    signing_time: Time,
) -> Result<ToBeSigned, SignError> {
    let limits = limits();
    let text = decode(bytes, &limits).map_err(unreadable)?;
    let document = XmlDocument::parse(text, &limits).map_err(unreadable)?;
    let plan = plan(&document, options, signer.certificate().subject().common_name())?;
    let root = || document.tree().root_element();
    let node = |id| document.tree().get_node(id).unwrap_or_else(root);
    let placement = match plan.position {
        Position::Inside(id) => Placement::Into(node(id)),
        Position::LastIn(id) => Placement::AppendTo(node(id)),
    };
    let digest = signer.content_digest();
    let mut transforms = vec![match plan.without {
        Without::Itself => Transform::EnvelopedSignature,
        Without::AllSignatures => Transform::Filter2(vec![Filter {
            operation: FilterOperation::Subtract,
            path: FilterPath::Descendants(Some(NAMESPACE.to_owned()), "Signature".to_owned()),
        }]),
    }];
    transforms.push(Transform::Canonicalization(plan.canonicalization.clone()));
    let uri = match &plan.target {
        Target::Document => String::new(),
        Target::Element(id) => {
            transforms.remove(0);
            format!("#{id}")
        }
    };
    // Made from what is signed, so no two signatures of a document share it.
    let id = (!options.bare).then(|| format!("kyso-{}", short(bytes)));
    let mut parameters = SigningParameters {
        prefix: Prefix::None,
        id,
        value_id: None,
        canonicalization: plan.canonicalization,
        algorithm: signer.algorithm(),
        certificate: signer.certificate().clone(),
        extra_certificates: signer.intermediates().to_vec(),
        subject_name: true,
        references: vec![ReferenceToSign {
            id: None,
            uri: Some(uri),
            reference_type: None,
            transforms,
            digest,
        }],
        objects: Vec::new(),
    };
    let refused = |error| SignError::Xml(Box::new(XmlRefusal::Prepare(error)));
    if !options.bare {
        let properties = PropertiesToSign {
            signing_time,
            digest,
            mime_types: Vec::new(),
            claimed_roles: Vec::new(),
            city: None,
            country: None,
            commitment: None,
        };
        qualify(&mut parameters, &properties).map_err(refused)?;
    }
    let nothing = |_: Option<&str>| None::<External<'_>>;
    prepare(&document, &placement, &parameters, &nothing, &limits).map_err(refused)
}

/// The first bytes of the document's SHA-256, in hexadecimal digits.
fn short(bytes: &[u8]) -> String {
    let digest = DigestAlgorithm::Sha256.digest(bytes);
    digest.as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What can be said of a document before anybody is asked for a key: all but whether the signer is the one it names.
pub(super) fn inspect_xml(bytes: &[u8], options: &XadesOptions) -> Result<Facts, SignError> {
    let limits = limits();
    let text = decode(bytes, &limits).map_err(unreadable)?;
    let document = XmlDocument::parse(text, &limits).map_err(unreadable)?;
    plan(&document, options, None).map(|plan| plan.facts)
}

fn plan(
    document: &XmlDocument<'_>,
    options: &XadesOptions,
    signer: Option<&str>,
) -> Result<Plan, SignError> {
    let refused = |refusal| SignError::Xml(Box::new(refusal));
    let profile = match options.profile {
        Some(profile) => profile,
        // Whoever is first at the file must not sign as the other.
        None => match Profile::of(document) {
            Profile::HealthCheck(_) => return Err(refused(XmlRefusal::WhoseTurn)),
            profile => profile,
        },
    };
    let limits = limits();
    let plan = profile
        .plan(document, &limits)
        .map_err(|error| refused(XmlRefusal::Profile { profile, error }))?;
    if let (Some(expected), Some(stated)) = (&options.facility, &plan.facts.facility)
        && expected != stated
    {
        let (expected, stated) = (expected.clone(), stated.clone());
        return Err(refused(XmlRefusal::OtherFacility { expected, stated }));
    }
    if let Some(signer) = signer
        && profile == Profile::HealthCheck(kyso_xades::profile::HealthCheckSigner::Doctor)
        && !plan.facts.people.is_empty()
        && !plan.facts.people.iter().any(|name| same_name(name, signer))
    {
        let (stated, signer) = (plan.facts.people.join(", "), signer.to_owned());
        return Err(refused(XmlRefusal::OtherSigner { stated, signer }));
    }
    // The second signature says that the first holds.
    if let Some(first) = plan.after.and_then(|id| document.tree().get_node(id)) {
        holds(document, first, &limits)
            .map_err(|error| refused(XmlRefusal::FirstSignature(error)))?;
    }
    Ok(plan)
}

/// That the first signature's value and digests hold and that it leaves nothing out; trust is the verifier's question.
fn holds(
    document: &XmlDocument<'_>,
    node: Node<'_, '_>,
    limits: &Limits,
) -> Result<(), FirstSignature> {
    let signature = Signature::read(document, node, limits).map_err(FirstSignature::Malformed)?;
    let nothing = |_: Option<&str>| None::<External<'_>>;
    let verified = verify_signature(&signature, &nothing, &[]).map_err(FirstSignature::Failed)?;
    match verified.uncovered(document) {
        Some(outside) => {
            let element = outside.tag_name().name().to_owned();
            Err(FirstSignature::LeavesOut { element })
        }
        None => Ok(()),
    }
}

/// Whether two spellings name one person: letter case, spacing and titles before the name (`BS. `) do not matter, the
/// marks on letters do.
fn same_name(stated: &str, signer: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split_whitespace()
            .filter(|word| !word.ends_with('.'))
            .map(|word| word.nfc().collect::<String>().to_lowercase())
            .collect()
    };
    words(stated) == words(signer)
}

fn unreadable(error: kyso_xades::XmlError) -> SignError {
    SignError::Xml(Box::new(XmlRefusal::Unreadable(error)))
}

#[cfg(test)]
mod tests {
    use super::same_name;

    #[test]
    fn names() {
        assert!(same_name("BS. HÀ  VĂN TÝ", "Hà Văn Tý"));
        assert!(same_name("Hà Văn Ty\u{301}", "Hà Văn Tý"));
        assert!(!same_name("Hà Văn Ty", "Hà Văn Tý"));
        assert!(!same_name("Hà Văn", "Hà Văn Tý"));
    }
}
