//! `SignatureMethod`, `CanonicalizationMethod` and `DigestMethod` (XML Signature 1.1 §4.4, §6.1, RFC 9231 §2.3.9).

use super::element::{Children, attribute, position, trimmed};
use super::error::SignatureError;
use super::{NAMESPACE, element};
use crate::algorithm::{
    self, AlgorithmUri, MGF1, RSA_PSS, XmlAlgorithmError, digest_algorithm, refused_or_unknown,
};
use crate::c14n::{C14n, Canonicalization};
use kyso_x509::{DigestAlgorithm, SignatureAlgorithm};
use roxmltree::Node;

/// The namespace of `InclusiveNamespaces`, which is also the URI of Exclusive XML Canonicalization.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The namespace of `RSAPSSParams`.
pub(crate) const MORE: &str = "http://www.w3.org/2007/05/xmldsig-more#";

/// What an element names, if it is one of ours; the element itself must be well-formed.
type Named<T> = Result<Result<T, XmlAlgorithmError>, SignatureError>;

/// The digest of a `DigestMethod`.
pub(crate) fn digest_method(node: Node<'_, '_>) -> Named<DigestAlgorithm> {
    let uri = attribute(node, "Algorithm")?;
    Children::of(node)?.finish()?;
    Ok(digest_algorithm(uri))
}

/// The signature algorithm of a `SignatureMethod`.
pub(crate) fn signature_method(node: Node<'_, '_>) -> Named<SignatureAlgorithm> {
    let uri = attribute(node, "Algorithm")?;
    let mut children = Children::of(node)?;
    if uri == RSA_PSS {
        let parameters = children.optional(MORE, "RSAPSSParams");
        children.finish()?;
        return match parameters {
            Some(parameters) => rsa_pss(parameters),
            // All of them have defaults.
            None => Ok(Ok(SignatureAlgorithm::rsa_pss(DigestAlgorithm::Sha256))),
        };
    }
    let named = algorithm::signature_algorithm(uri);
    if named.is_ok() {
        children.finish()?;
    }
    Ok(named)
}

/// `RSAPSSParams`: digest, mask generation function, salt length and trailer field, each with a default.
fn rsa_pss(node: Node<'_, '_>) -> Named<SignatureAlgorithm> {
    let invalid = || Ok(Err(XmlAlgorithmError::InvalidParameters(AlgorithmUri::new(RSA_PSS))));
    let mut children = Children::of(node)?;
    let digest = match children.optional(NAMESPACE, "DigestMethod") {
        None => DigestAlgorithm::Sha256,
        Some(method) => match digest_method(method)? {
            Ok(digest) => digest,
            Err(error) => return Ok(Err(error)),
        },
    };
    let mut mgf1_digest = DigestAlgorithm::Sha256;
    if let Some(function) = children.optional(MORE, "MaskGenerationFunction") {
        if function.attribute("Algorithm").is_some_and(|uri| uri != MGF1) {
            return invalid();
        }
        let mut inner = Children::of(function)?;
        if let Some(method) = inner.optional(NAMESPACE, "DigestMethod") {
            mgf1_digest = match digest_method(method)? {
                Ok(digest) => digest,
                Err(error) => return Ok(Err(error)),
            };
        }
        inner.finish()?;
    }
    let salt_len = match children.optional(MORE, "SaltLength") {
        None => u32::try_from(digest.output_len()).ok(),
        Some(length) => trimmed(length)?.parse().ok(),
    };
    if let Some(trailer) = children.optional(MORE, "TrailerField")
        && trimmed(trailer)? != "1"
    {
        return invalid();
    }
    children.finish()?;
    match salt_len {
        Some(salt_len) => Ok(Ok(SignatureAlgorithm::RsaPss { digest, mgf1_digest, salt_len })),
        None => invalid(),
    }
}

/// The canonicalization of a `CanonicalizationMethod` or `Transform`; `None` where the URI names none.
pub(crate) fn canonicalization(
    node: Node<'_, '_>,
) -> Result<Option<Canonicalization>, SignatureError> {
    let Some(mut named) = Canonicalization::from_uri(attribute(node, "Algorithm")?) else {
        return Ok(None);
    };
    let mut children = Children::of(node)?;
    if let C14n::Exclusive { prefixes } = &mut named.method
        && let Some(inclusive) = children.optional(EXCLUSIVE, "InclusiveNamespaces")
    {
        let list = inclusive.attribute("PrefixList").unwrap_or_default();
        *prefixes = list
            .split(element::is_xml_space)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        Children::of(inclusive)?.finish()?;
    }
    children.finish()?;
    Ok(Some(named))
}

/// As [`canonicalization`] for `CanonicalizationMethod`, which must name one.
pub(crate) fn canonicalization_method(node: Node<'_, '_>) -> Named<Canonicalization> {
    Ok(match canonicalization(node)? {
        Some(canonicalization) => Ok(canonicalization),
        None => Err(refused_or_unknown(attribute(node, "Algorithm")?)),
    })
}

/// A `xs:integer` of a certificate's serial number: decimal digits.
pub(crate) fn decimal(node: Node<'_, '_>) -> Result<String, SignatureError> {
    let text = trimmed(node)?;
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::InvalidValue(position(node)));
    }
    let significant = digits.trim_start_matches('0');
    Ok(if significant.is_empty() { "0".to_owned() } else { significant.to_owned() })
}
