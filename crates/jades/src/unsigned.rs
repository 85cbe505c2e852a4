//! Unsigned properties: `etsiU` (ETSI TS 119 182-1 v1.2.1 §5.3.1) and the time-stamps in it (§5.3.4).

mod augment;

pub use augment::{AugmentError, add_signature_time_stamp};

use crate::base64::{self, Base64Error};
use crate::json::{JsonError, Node};
use crate::limits::{Limit, Limits};
use crate::name::ParameterName;
use kyso_cades::TimeStampToken;
use kyso_cades::timestamp::TokenError;

/// How the elements of `etsiU` are written down; one array has one form (§5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incorporation {
    /// Strings: base64url of each element's JSON text.
    Base64Url,
    /// JSON objects, which a later archive time-stamp needs canonicalized.
    Clear,
}

/// One element of `etsiU`.
#[derive(Clone, Debug)]
pub struct UnsignedProperty {
    /// The name of its one member, such as `sigTst`.
    pub name: ParameterName,
    /// How it is written down.
    pub incorporation: Incorporation,
    /// Its time-stamp tokens, where it is `sigTst`.
    pub tokens: Vec<Result<TimeStampToken, UnsignedTokenError>>,
}

/// Why `etsiU` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsignedError {
    /// It is no array.
    NotAnArray,
    /// An element is neither a string nor an object with one member.
    Malformed {
        /// Its place, from 0.
        index: usize,
    },
    /// Strings and objects stand in one array.
    MixedIncorporation,
    /// An element is no base64url.
    Base64 {
        /// Its place, from 0.
        index: usize,
        /// What is wrong.
        error: Base64Error,
    },
    /// The text of an element is no JSON.
    Json {
        /// Its place, from 0.
        index: usize,
        /// What is wrong.
        error: JsonError,
    },
    /// There is more than is read.
    LimitExceeded {
        /// Which limit.
        limit: Limit,
        /// Its value.
        maximum: usize,
    },
}

/// Why an element of `tstTokens` (§5.4.3.3) gives no time-stamp token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsignedTokenError {
    /// It is no object with `val`.
    Malformed,
    /// `type` or `encoding` says that it is no token of RFC 3161 in DER.
    UnsupportedType,
    /// `val` is no base64.
    Base64(Base64Error),
    /// The token is malformed.
    Token(TokenError),
}

impl core::fmt::Display for UnsignedError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotAnArray => f.write_str("etsiU is no array"),
            Self::Malformed { index } => write!(f, "element {index} of etsiU is malformed"),
            Self::MixedIncorporation => f.write_str("etsiU mixes strings and objects"),
            Self::Base64 { index, error } => write!(f, "element {index} of etsiU: {error}"),
            Self::Json { index, error } => write!(f, "element {index} of etsiU: {error}"),
            Self::LimitExceeded { limit, maximum } => {
                write!(f, "too many {limit}: at most {maximum} are read")
            }
        }
    }
}

impl core::error::Error for UnsignedError {}

impl core::fmt::Display for UnsignedTokenError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Malformed => f.write_str("the time-stamp has no value"),
            Self::UnsupportedType => f.write_str("the time-stamp is of an unsupported type"),
            Self::Base64(error) => write!(f, "time-stamp: {error}"),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for UnsignedTokenError {}

/// The member of the unprotected header.
const ETSI_U: &str = "etsiU";
/// Time-stamps over the signature (§5.3.4).
const SIG_TST: &str = "sigTst";

/// Reads the elements of `etsiU`; there are none where it is not there.
pub(crate) fn read(
    unprotected: &Node<'_>,
    limits: &Limits,
) -> Result<Vec<UnsignedProperty>, UnsignedError> {
    let Some(array) = unprotected.member(ETSI_U) else { return Ok(Vec::new()) };
    let elements = array.elements().ok_or(UnsignedError::NotAnArray)?;
    if elements.len() > limits.unsigned {
        return Err(exceeded(limits));
    }
    let strings = elements.iter().filter(|element| element.as_str().is_some()).count();
    if strings != 0 && strings != elements.len() {
        return Err(UnsignedError::MixedIncorporation);
    }
    let read = |(index, element): (usize, &Node<'_>)| match element.as_str() {
        None => property(element, Incorporation::Clear, index, limits),
        Some(text) => {
            let json =
                base64::decode_url(text).map_err(|error| UnsignedError::Base64 { index, error })?;
            let node =
                Node::read(&json, limits).map_err(|error| UnsignedError::Json { index, error })?;
            property(&node, Incorporation::Base64Url, index, limits)
        }
    };
    elements.iter().enumerate().map(read).collect()
}

const fn exceeded(limits: &Limits) -> UnsignedError {
    UnsignedError::LimitExceeded { limit: Limit::Unsigned, maximum: limits.unsigned }
}

fn property(
    node: &Node<'_>,
    incorporation: Incorporation,
    index: usize,
    limits: &Limits,
) -> Result<UnsignedProperty, UnsignedError> {
    let Some([only]) = node.members() else {
        return Err(UnsignedError::Malformed { index });
    };
    let mut tokens = Vec::new();
    if only.name == SIG_TST {
        let found = only.value.member("tstTokens").and_then(Node::elements);
        let found = found.ok_or(UnsignedError::Malformed { index })?;
        if found.len() > limits.unsigned {
            return Err(exceeded(limits));
        }
        tokens.extend(found.iter().map(token));
    }
    Ok(UnsignedProperty { name: ParameterName::new(&only.name), incorporation, tokens })
}

/// `{ "type"?, "encoding"?, "specRef"?, "val" }` (§5.4.3.3): by default a token of RFC 3161 in DER.
fn token(node: &Node<'_>) -> Result<TimeStampToken, UnsignedTokenError> {
    let value = node.member("val").and_then(Node::as_str).ok_or(UnsignedTokenError::Malformed)?;
    let says = |name: &str, usual: &[&str]| {
        node.member(name).is_none_or(|node| node.as_str().is_some_and(|text| usual.contains(&text)))
    };
    if !says("type", &["RFC3161"])
        || !says("encoding", &["DER", "http://uri.etsi.org/01903/v1.2.2#DER"])
    {
        return Err(UnsignedTokenError::UnsupportedType);
    }
    let der = base64::decode(value).map_err(UnsignedTokenError::Base64)?;
    TimeStampToken::from_ber(&der).map_err(UnsignedTokenError::Token)
}
