//! The protected header of a new signature.

use super::{Form, Payload, PrepareError, SigningParameters};
use crate::algorithm::digest_name;
use crate::base64;
use crate::header::{Commitment, DetachedMechanism};
use crate::json::quoted;
use crate::verify::object_digest;
use kyso_x509::{Certificate, Civil, DigestAlgorithm, Time};
use std::collections::BTreeSet;

/// The JSON text: the parameters of RFC 7515, then those of TS 119 182-1 §5.2, `crit` last.
pub(super) fn write(parameters: &SigningParameters<'_>) -> Result<String, PrepareError> {
    let SigningParameters { certificate, issuers, payload, base64_payload, .. } = parameters;
    let mut header = Object::default();
    let mut critical = Vec::new();
    header.add("alg", &quoted(parameters.algorithm.name()));
    if let Some(content_type) = &parameters.content_type {
        if matches!(payload, Payload::Objects { .. }) {
            return Err(PrepareError::ContentTypeBesideObjects);
        }
        header.add("cty", &quoted(content_type));
    }
    let (name, digest) = thumbprint(certificate, parameters.certificate_digest)?;
    header.add(name, &digest);
    let chain = core::iter::once(certificate).chain(issuers);
    header.add("x5c", &array(chain.map(|one| quoted(&base64::encode(one.as_der())))));
    if let Form::Jades { signing_time, commitments } = &parameters.form {
        header.add("sigT", &quoted(&date_time(*signing_time)?));
        if !commitments.is_empty() {
            header.add("srCms", &array(commitments.iter().map(commitment)));
        }
    }
    if let Payload::Objects { digest, objects } = payload {
        if parameters.form == Form::Jws {
            return Err(PrepareError::ObjectsWithoutJades);
        }
        header.add("sigD", &detached(*digest, objects, !base64_payload)?);
        critical.push("sigD");
    }
    if !base64_payload {
        header.add("b64", "false");
        critical.push("b64");
    }
    if !critical.is_empty() {
        header.add("crit", &array(critical.into_iter().map(quoted)));
    }
    Ok(header.finish())
}

fn name_of(algorithm: DigestAlgorithm) -> Result<&'static str, PrepareError> {
    digest_name(algorithm).ok_or(PrepareError::DigestUnavailable { algorithm })
}

/// `x5t#S256` (RFC 7515 §4.1.8), or `x5t#o` (TS 119 182-1 §5.2.2.2), which is for every other digest.
fn thumbprint(
    certificate: &Certificate,
    algorithm: DigestAlgorithm,
) -> Result<(&'static str, String), PrepareError> {
    let value = quoted(&base64::encode_url(certificate.fingerprint(algorithm).as_bytes()));
    if algorithm == DigestAlgorithm::Sha256 {
        return Ok(("x5t#S256", value));
    }
    let mut object = Object::default();
    object.add("digAlg", &quoted(name_of(algorithm)?));
    object.add("digVal", &value);
    Ok(("x5t#o", object.finish()))
}

/// RFC 3339 in UTC (TS 119 182-1 §5.2.1).
fn date_time(time: Time) -> Result<String, PrepareError> {
    match Civil::from_time(time).year {
        0..=9999 => Ok(time.to_string()),
        _ => Err(PrepareError::TimeOutOfRange { time }),
    }
}

fn commitment(commitment: &Commitment) -> String {
    let mut id = Object::default();
    id.add("id", &quoted(&commitment.id));
    if let Some(description) = &commitment.description {
        id.add("desc", &quoted(description));
    }
    let mut object = Object::default();
    object.add("commId", &id.finish());
    object.finish()
}

/// `sigD` with the mechanism ObjectIdByURIHash (TS 119 182-1 §5.2.8.3.3).
fn detached(
    algorithm: DigestAlgorithm,
    objects: &[(&str, Option<&str>, &[u8])],
    unencoded: bool,
) -> Result<String, PrepareError> {
    if objects.is_empty() {
        return Err(PrepareError::NoObjects);
    }
    let mut seen = BTreeSet::new();
    if let Some(index) = objects.iter().position(|(uri, ..)| !seen.insert(*uri)) {
        return Err(PrepareError::RepeatedObject { index });
    }
    let mut object = Object::default();
    object.add("mId", &quoted(DetachedMechanism::ObjectIdByUriHash.uri()));
    object.add("pars", &array(objects.iter().map(|(uri, ..)| quoted(uri))));
    object.add("hashM", &quoted(name_of(algorithm)?));
    let digest = |octets| object_digest(algorithm, octets, unencoded);
    let values = objects.iter().map(|(_, _, octets)| digest(octets));
    object.add("hashV", &array(values.map(|value| quoted(&base64::encode_url(value.as_bytes())))));
    // All of them or none: the arrays run side by side.
    if objects.iter().any(|(_, content_type, _)| content_type.is_some()) {
        let types = objects.iter().map(|(_, content_type, _)| content_type.unwrap_or_default());
        object.add("ctys", &array(types.map(quoted)));
    }
    Ok(object.finish())
}

/// A JSON object under construction; values are JSON texts.
#[derive(Default)]
struct Object(String);

impl Object {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(value);
    }

    fn finish(self) -> String {
        self.0 + "}"
    }
}

fn array(elements: impl Iterator<Item = String>) -> String {
    let elements: Vec<String> = elements.collect();
    format!("[{}]", elements.join(","))
}
