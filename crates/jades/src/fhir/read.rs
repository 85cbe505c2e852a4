//! Reading and verifying `Bundle.signature`.

use super::canonical::{self, NumberForm};
use super::error::{BundleFailure, FhirError, SignatureElement};
use super::{PURPOSE_SYSTEM, SIG_FORMAT, TARGET_FORMAT, commitment_id};
use crate::base64;
use crate::header::date_time;
use crate::json::Node;
use crate::jws::Jws;
use crate::limits::Limits;
use crate::verify::{Content, VerifiedJws, VerifyFailure, verify};
use kyso_x509::{Certificate, Time};

/// A code and the system it is of (`Coding`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The code system's URI.
    pub system: Option<String>,
    /// The code.
    pub code: Option<String>,
}

/// `Signature.who`: a Reference, which the signature does not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// `reference`, such as `Practitioner/17`.
    pub reference: Option<String>,
    /// `display`.
    pub display: Option<String>,
}

/// A bundle and the signature in it; nothing of it is verified.
#[derive(Clone, Debug)]
pub struct SignedBundle<'a> {
    root: Node<'a>,
    data: Vec<u8>,
    purposes: Vec<Coding>,
    when: Time,
    who: Who,
}

impl<'a> SignedBundle<'a> {
    /// Reads a bundle that has a JSON Web Signature.
    ///
    /// # Errors
    /// When it is no bundle, or its signature is none that covers it as a document.
    pub fn read(bundle: &'a [u8], limits: &Limits) -> Result<Self, FhirError> {
        let root = Node::read(bundle, limits).map_err(FhirError::Json)?;
        if root.member("resourceType").and_then(Node::as_str) != Some("Bundle") {
            return Err(FhirError::NotABundle);
        }
        let signature = root.member("signature").ok_or(FhirError::SignatureMissing)?;
        if signature.members().is_none() {
            return Err(FhirError::Malformed(SignatureElement::Signature));
        }
        if text(signature, "sigFormat", SignatureElement::SigFormat)? != SIG_FORMAT {
            return Err(FhirError::UnsupportedSignatureFormat);
        }
        if text(signature, "targetFormat", SignatureElement::TargetFormat)? != TARGET_FORMAT {
            return Err(FhirError::UnsupportedCanonicalization);
        }
        let when = instant(text(signature, "when", SignatureElement::When)?)
            .ok_or(FhirError::Malformed(SignatureElement::When))?;
        let data = base64::decode(text(signature, "data", SignatureElement::Data)?)
            .map_err(FhirError::Base64)?;
        let who = signature.member("who");
        let who = who.filter(|who| who.members().is_some());
        let who = who.ok_or(FhirError::Malformed(SignatureElement::Who))?;
        let string =
            |node: &Node<'_>, name| node.member(name).and_then(Node::as_str).map(str::to_owned);
        let who = Who { reference: string(who, "reference"), display: string(who, "display") };
        let purposes = signature.member("type").and_then(Node::elements);
        let purposes = purposes.filter(|purposes| !purposes.is_empty());
        let purposes = purposes.ok_or(FhirError::Malformed(SignatureElement::Type))?;
        let coding = |node| Coding { system: string(node, "system"), code: string(node, "code") };
        Ok(Self { purposes: purposes.iter().map(coding).collect(), root, data, when, who })
    }

    /// `Signature.data`: the JSON Web Signature.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Reads [`Self::data`].
    ///
    /// # Errors
    /// When it is no JSON Web Signature, or has a payload.
    pub fn jws(&self, limits: &Limits) -> Result<Jws<'_>, FhirError> {
        let jws = Jws::read(&self.data, limits).map_err(FhirError::Jws)?;
        if jws.payload().is_some() || jws.header().detached_objects.is_some() {
            return Err(FhirError::PayloadAttached);
        }
        Ok(jws)
    }

    /// `Signature.type`.
    #[must_use]
    pub fn purposes(&self) -> &[Coding] {
        &self.purposes
    }

    /// `Signature.when`.
    #[must_use]
    pub const fn when(&self) -> Time {
        self.when
    }

    /// `Signature.who`, as claimed.
    #[must_use]
    pub const fn who(&self) -> &Who {
        &self.who
    }
}

fn text<'n>(
    node: &'n Node<'_>,
    name: &str,
    element: SignatureElement,
) -> Result<&'n str, FhirError> {
    node.member(name).and_then(Node::as_str).ok_or(FhirError::Malformed(element))
}

/// FHIR `instant`: RFC 3339 with an offset; fractions of a second are cut off.
fn instant(text: &str) -> Option<Time> {
    let (seconds, rest) = text.split_at_checked(19)?;
    let local = date_time(&format!("{seconds}Z"))?;
    let fraction =
        rest.strip_prefix('.').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let zone = match fraction {
        Some(zone) if rest.len() == zone.len() + 1 => return None,
        Some(zone) => zone,
        None => rest,
    };
    if zone == "Z" {
        return Some(local);
    }
    let east = match zone.split_at_checked(1)? {
        ("+", _) => 1,
        ("-", _) => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number = |digits: &str, most: i64| {
        let number = digits.parse::<i64>().ok();
        number.filter(|number| digits.len() == 2 && (0..=most).contains(number))
    };
    let offset = number(hours, 14)? * 3_600 + number(minutes, 59)? * 60;
    Some(Time::from_unix_seconds(local.as_unix_seconds() - east * offset))
}

/// Proof that a bundle's signature verifies over its canonical form; made by the verification alone.
#[derive(Clone, Debug)]
pub struct VerifiedBundle<'c> {
    jws: VerifiedJws<'c>,
    numbers: NumberForm,
    purposes_signed: bool,
}

impl<'c> VerifiedBundle<'c> {
    /// The verified signature, whose payload is the canonical form: read the bundle from there.
    #[must_use]
    pub const fn jws(&self) -> &VerifiedJws<'c> {
        &self.jws
    }

    /// How the numbers were written; under [`NumberForm::Rfc8785`] zeros at a decimal's end are not covered.
    #[must_use]
    pub const fn numbers(&self) -> NumberForm {
        self.numbers
    }

    /// Whether every code of `Signature.type` is among the commitments that were signed; false where none was.
    #[must_use]
    pub const fn purposes_signed(&self) -> bool {
        self.purposes_signed
    }
}

/// The canonical forms of a bundle, one for each way of writing numbers.
#[derive(Clone, Debug)]
pub struct CanonicalForms {
    rfc8785: Result<String, FhirError>,
    as_written: Result<String, FhirError>,
}

impl SignedBundle<'_> {
    /// What [`verify_bundle`] verifies over.
    #[must_use]
    pub fn canonical_forms(&self) -> CanonicalForms {
        CanonicalForms {
            rfc8785: canonical::document(&self.root, NumberForm::Rfc8785),
            as_written: canonical::document(&self.root, NumberForm::AsWritten),
        }
    }
}

/// Verifies a bundle's signature: the value over the canonical form, then what the element says beside it.
///
/// R4 does not say how numbers are written, so both ways are tried; the verified one is told.
///
/// # Errors
/// A [`BundleFailure`] is a result of verification; its [`BundleFailure::indication`] is that of EN 319 102-1.
pub fn verify_bundle<'c>(
    bundle: &SignedBundle<'_>,
    jws: &'c Jws<'_>,
    forms: &'c CanonicalForms,
    extra_certificates: &[Certificate],
) -> Result<VerifiedBundle<'c>, BundleFailure> {
    let over = |form: &'c Result<String, FhirError>| {
        let payload = form.as_ref().map_err(|error| BundleFailure::Canonical(error.clone()))?;
        verify(jws, Content::Detached(payload.as_bytes()), extra_certificates)
            .map_err(BundleFailure::Signature)
    };
    let mut numbers = NumberForm::Rfc8785;
    let first = match over(&forms.rfc8785) {
        Err(
            BundleFailure::Signature(VerifyFailure::BadSignature) | BundleFailure::Canonical(_),
        ) => {
            numbers = NumberForm::AsWritten;
            over(&forms.as_written)
        }
        other => other,
    };
    let verified = first?;
    let header = verified.header();
    if header.signing_time.is_some_and(|time| time != bundle.when) {
        return Err(BundleFailure::WhenDiffers);
    }
    let signed = |coding: &Coding| {
        let code = coding.code.as_deref().unwrap_or_default();
        coding.system.as_deref() == Some(PURPOSE_SYSTEM)
            && header.commitments.iter().any(|one| one.id == commitment_id(code))
    };
    let purposes_signed = !header.commitments.is_empty();
    if purposes_signed && let Some(index) = bundle.purposes.iter().position(|one| !signed(one)) {
        return Err(BundleFailure::TypeDiffers { index });
    }
    Ok(VerifiedBundle { jws: verified, numbers, purposes_signed })
}
