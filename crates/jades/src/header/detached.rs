//! `sigD` (ETSI TS 119 182-1 v1.2.1 §5.2.8): data objects that are signed where they are.

use super::HeaderError;
use super::fields::{array, bounded, digest, digest_algorithm, text};
use crate::json::Node;
use crate::limits::{Limit, Limits};
use kyso_x509::Digest;
use std::collections::BTreeSet;

/// How the data objects get under the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetachedMechanism {
    /// ObjectIdByURI (§5.2.8.3.2): the payload is made up of the objects, one behind the other.
    ObjectIdByUri,
    /// ObjectIdByURIHash (§5.2.8.3.3): the header holds their digests, and the payload is empty.
    ObjectIdByUriHash,
}

impl DetachedMechanism {
    /// The value of `mId`.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::ObjectIdByUri => "http://uri.etsi.org/19182/ObjectIdByURI",
            Self::ObjectIdByUriHash => "http://uri.etsi.org/19182/ObjectIdByURIHash",
        }
    }
}

/// One data object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedObject {
    /// Its element of `pars`: a URI reference, as it was written.
    pub uri: String,
    /// Its element of `hashV`, of the object in the form that `b64` says; ObjectIdByURIHash alone has it.
    pub digest: Option<Digest>,
    /// Its element of `ctys`: a media type.
    pub content_type: Option<String>,
}

/// What `sigD` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedObjects {
    /// The mechanism.
    pub mechanism: DetachedMechanism,
    /// The objects in their order, one at least; no two have the same URI.
    pub objects: Vec<DetachedObject>,
}

/// `mId` of the mechanism HttpHeaders (§5.2.8.2).
const HTTP_HEADERS: &str = "http://uri.etsi.org/19182/HttpHeaders";
const NAME: &str = "sigD";

pub(super) fn read(node: &Node<'_>, limits: &Limits) -> Result<DetachedObjects, HeaderError> {
    let malformed = || HeaderError::malformed(NAME);
    let members = node.members().ok_or_else(malformed)?;
    // A member that we do not know may say how the objects are to be found: §5.2.8.1 lists them all.
    let known = ["mId", "pars", "hashM", "hashV", "ctys"];
    if members.iter().any(|member| !known.contains(&&*member.name)) {
        return Err(malformed());
    }
    let mechanism = match text(node.member("mId").ok_or_else(malformed)?, NAME)? {
        HTTP_HEADERS => return Err(HeaderError::HttpHeadersMechanism),
        uri => [DetachedMechanism::ObjectIdByUri, DetachedMechanism::ObjectIdByUriHash]
            .into_iter()
            .find(|mechanism| mechanism.uri() == uri)
            .ok_or(HeaderError::UnknownMechanism)?,
    };
    let uris = node.member("pars").ok_or_else(malformed)?;
    let uris = bounded(uris, NAME, Limit::Objects, limits.objects)?;
    let of_each = |name: &str| match node.member(name).map(|node| array(node, NAME)).transpose()? {
        Some(elements) if elements.len() != uris.len() => Err(malformed()),
        found => Ok(found),
    };
    let types = of_each("ctys")?;
    let values = of_each("hashV")?;
    let algorithm = node.member("hashM").map(|node| digest_algorithm(node, NAME)).transpose()?;
    let hashed = mechanism == DetachedMechanism::ObjectIdByUriHash;
    if values.is_some() != hashed || algorithm.is_some() != hashed {
        return Err(malformed());
    }
    let mut seen = BTreeSet::new();
    let mut objects = Vec::with_capacity(uris.len());
    for (index, uri) in uris.iter().enumerate() {
        let uri = text(uri, NAME)?;
        if !seen.insert(uri) {
            return Err(malformed());
        }
        let value = values.and_then(|values| values.get(index)).zip(algorithm);
        let content_type = types.and_then(|types| types.get(index));
        objects.push(DetachedObject {
            uri: uri.to_owned(),
            digest: value
                .map(|(value, algorithm)| digest(algorithm, text(value, NAME)?, NAME))
                .transpose()?,
            content_type: content_type
                .map(|content_type| text(content_type, NAME).map(str::to_owned))
                .transpose()?,
        });
    }
    Ok(DetachedObjects { mechanism, objects })
}
