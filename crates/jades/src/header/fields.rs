//! The parameters of a header one by one, each in the form that its definition demands.

use super::{Commitment, HeaderError};
use crate::algorithm::digest_from_name;
use crate::base64;
use crate::json::{Node, Value};
use crate::limits::{Limit, Limits};
use crate::name::ParameterName;
use kyso_x509::{Certificate, Civil, Digest, DigestAlgorithm, Time};
use std::collections::BTreeSet;

/// Parameters that are left alone wherever they stand: a key or an address that the message brings itself proves nothing.
pub(super) struct Fields<'n, 'a> {
    header: &'n Node<'a>,
    read: BTreeSet<&'static str>,
}

impl<'n, 'a> Fields<'n, 'a> {
    pub(super) fn new(header: &'n Node<'a>) -> Result<Self, HeaderError> {
        match header.members() {
            Some(_) => Ok(Self { header, read: BTreeSet::new() }),
            None => Err(HeaderError::NotAnObject),
        }
    }

    /// The value of a parameter, which from now on counts as read.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'n Node<'a>> {
        self.read.insert(name);
        self.header.member(name)
    }

    /// Names of the parameters that nobody took.
    pub(super) fn unread(&self) -> Vec<ParameterName> {
        let members = self.header.members().unwrap_or_default();
        let unread = members.iter().filter(|member| !self.read.contains(&*member.name));
        unread.map(|member| ParameterName::new(&member.name)).collect()
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, HeaderError> {
        let node = self.take(name);
        node.map(|node| text(node, name).map(str::to_owned)).transpose()
    }

    pub(super) fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, HeaderError> {
        match self.take(name).map(Node::value) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(HeaderError::malformed(name)),
        }
    }

    pub(super) fn critical(&mut self) -> Result<Vec<ParameterName>, HeaderError> {
        let Some(node) = self.take("crit") else { return Ok(Vec::new()) };
        let names = array(node, "crit")?;
        if names.is_empty() {
            return Err(HeaderError::CriticalEmpty);
        }
        names.iter().map(|name| text(name, "crit").map(ParameterName::new)).collect()
    }

    /// base64url of a digest: `x5t#S256` (RFC 7515 §4.1.8), `x5t` (§4.1.7).
    pub(super) fn thumbprint(&mut self, name: &'static str) -> Result<Option<Digest>, HeaderError> {
        let Some(node) = self.take(name) else { return Ok(None) };
        let algorithm = match name {
            "x5t" => DigestAlgorithm::Sha1ForLegacyUseOnly,
            _ => DigestAlgorithm::Sha256,
        };
        digest(algorithm, text(node, name)?, name).map(Some)
    }

    /// `{ "digAlg": …, "digVal": … }`: `x5t#o` (TS 119 182-1 §5.2.2.2).
    pub(super) fn digest(&mut self, name: &'static str) -> Result<Option<Digest>, HeaderError> {
        self.take(name).map(|node| digest_and_algorithm(node, name)).transpose()
    }

    /// An array of the same: `sigX5ts` (§5.2.2.3).
    pub(super) fn digests(
        &mut self,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Vec<Digest>, HeaderError> {
        let Some(node) = self.take(name) else { return Ok(Vec::new()) };
        let elements = bounded(node, name, Limit::Certificates, limits.certificates)?;
        elements.iter().map(|element| digest_and_algorithm(element, name)).collect()
    }

    /// `2026-05-01T07:00:00Z` (TS 119 182-1 §5.2.1): RFC 3339 in UTC, without fractions.
    pub(super) fn date_time(&mut self, name: &'static str) -> Result<Option<Time>, HeaderError> {
        let Some(node) = self.take(name) else { return Ok(None) };
        let time = date_time(text(node, name)?);
        time.map(Some).ok_or_else(|| HeaderError::malformed(name))
    }

    /// Seconds since 1970 (RFC 7519 §2, NumericDate); a fraction is cut off.
    pub(super) fn numeric_date(&mut self, name: &'static str) -> Result<Option<Time>, HeaderError> {
        /// 9999-12-31T23:59:59Z: milliseconds, which some write, lie beyond.
        const LAST: i64 = 253_402_300_799;
        let Value::Number(number) = (match self.take(name) {
            None => return Ok(None),
            Some(node) => node.value(),
        }) else {
            return Err(HeaderError::malformed(name));
        };
        let whole = number.split_once('.').map_or(*number, |(whole, _)| whole);
        let seconds = whole.parse().ok().filter(|seconds| (0..=LAST).contains(seconds));
        let exponent = number.contains(['e', 'E']);
        let time = seconds.filter(|_| !exponent).map(Time::from_unix_seconds);
        time.map(Some).ok_or_else(|| HeaderError::malformed(name))
    }

    pub(super) fn certificates(
        &mut self,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Vec<Certificate>, HeaderError> {
        let Some(node) = self.take(name) else { return Ok(Vec::new()) };
        let elements = bounded(node, name, Limit::Certificates, limits.certificates)?;
        let read = |(index, element)| {
            // RFC 7515 §4.1.6: base64, not base64url.
            let der = base64::decode(text(element, name)?)
                .map_err(|error| HeaderError::Base64 { name: ParameterName::new(name), error })?;
            Certificate::from_der(&der).map_err(|error| HeaderError::Certificate { index, error })
        };
        elements.iter().enumerate().map(read).collect()
    }

    pub(super) fn commitments(
        &mut self,
        name: &'static str,
    ) -> Result<Vec<Commitment>, HeaderError> {
        let Some(node) = self.take(name) else { return Ok(Vec::new()) };
        let read = |element: &Node<'_>| {
            let malformed = || HeaderError::malformed(name);
            let id = element.member("commId").ok_or_else(malformed)?;
            let description = id.member("desc").map(|node| text(node, name)).transpose()?;
            Ok(Commitment {
                id: text(id.member("id").ok_or_else(malformed)?, name)?.to_owned(),
                description: description.map(str::to_owned),
            })
        };
        array(node, name)?.iter().map(read).collect()
    }
}

/// RFC 3339 `date-time` in the one form `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn date_time(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let form = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    if bytes.len() != form.len() || !bytes.iter().zip(form).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let civil = Civil {
        year: number(0, 4)?,
        month: number(5, 7)?,
        day: number(8, 10)?,
        hour: number(11, 13)?,
        minute: number(14, 16)?,
        second: number(17, 19)?,
    };
    civil.to_time()
}

pub(super) fn text<'n>(node: &'n Node<'_>, name: &str) -> Result<&'n str, HeaderError> {
    node.as_str().ok_or_else(|| HeaderError::malformed(name))
}

pub(super) fn array<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<&'n [Node<'a>], HeaderError> {
    node.elements().ok_or_else(|| HeaderError::malformed(name))
}

/// An array of one element at least.
pub(super) fn bounded<'n, 'a>(
    node: &'n Node<'a>,
    name: &str,
    limit: Limit,
    maximum: usize,
) -> Result<&'n [Node<'a>], HeaderError> {
    let elements = array(node, name)?;
    if elements.is_empty() {
        return Err(HeaderError::malformed(name));
    }
    if elements.len() > maximum {
        return Err(HeaderError::LimitExceeded { limit, maximum });
    }
    Ok(elements)
}

pub(super) fn digest(
    algorithm: DigestAlgorithm,
    text: &str,
    name: &str,
) -> Result<Digest, HeaderError> {
    let value = base64::decode_url(text)
        .map_err(|error| HeaderError::Base64 { name: ParameterName::new(name), error })?;
    Digest::from_bytes(algorithm, &value).ok_or_else(|| HeaderError::malformed(name))
}

pub(super) fn digest_algorithm(
    node: &Node<'_>,
    name: &str,
) -> Result<DigestAlgorithm, HeaderError> {
    digest_from_name(text(node, name)?)
        .ok_or_else(|| HeaderError::UnknownDigestAlgorithm { name: ParameterName::new(name) })
}

fn digest_and_algorithm(node: &Node<'_>, name: &str) -> Result<Digest, HeaderError> {
    let malformed = || HeaderError::malformed(name);
    let algorithm = digest_algorithm(node.member("digAlg").ok_or_else(malformed)?, name)?;
    let value = node.member("digVal").ok_or_else(malformed)?;
    digest(algorithm, text(value, name)?, name)
}
