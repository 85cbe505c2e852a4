//! Seed values: what a signature field demands of the signature that fills it (ISO 32000-2 §12.7.5.5, tables 237, 238).

use core::fmt;
use std::io::{Read, Seek};

use kyso_x509::{Certificate, DigestAlgorithm};

use crate::document::Document;
use crate::error::Error;
use crate::form::Field;
use crate::object::{Dictionary, Object};
use crate::permissions::DocMdpPermission;
use crate::signing::SigningOptions;
use crate::text::decode_text;

/// Bits of `/Ff` (table 237): which entries are required rather than preferred.
mod required {
    pub(super) const FILTER: i64 = 1;
    pub(super) const SUB_FILTER: i64 = 1 << 1;
    pub(super) const VERSION: i64 = 1 << 2;
    pub(super) const REASONS: i64 = 1 << 3;
    pub(super) const LEGAL_ATTESTATION: i64 = 1 << 4;
    pub(super) const ADD_REV_INFO: i64 = 1 << 5;
    pub(super) const DIGEST_METHOD: i64 = 1 << 6;
    pub(super) const LOCK_DOCUMENT: i64 = 1 << 7;
    pub(super) const APPEARANCE_FILTER: i64 = 1 << 8;
}

/// Bits of `/Ff` of a certificate seed value (table 238).
mod certificate {
    pub(super) const SUBJECT: i64 = 1;
    pub(super) const ISSUER: i64 = 1 << 1;
    pub(super) const OID: i64 = 1 << 2;
    pub(super) const SUBJECT_DN: i64 = 1 << 3;
    pub(super) const KEY_USAGE: i64 = 1 << 5;
}

/// Highest `/V` whose entries are known here: 3, of ISO 32000-2.
const KNOWN_VERSION: f64 = 3.0;

/// Who is about to sign, for what a field demands of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedFacts<'a> {
    /// The signer's certificate.
    pub certificate: &'a Certificate,
    /// Certificates above it, as far as they are at hand.
    pub issuers: &'a [Certificate],
    /// Digest of the document.
    pub digest: DigestAlgorithm,
    /// Whether a time-stamp will follow.
    pub time_stamped: bool,
    /// Whether revocation status will be kept in the signature itself (adbe-revocationInfoArchival).
    pub revocation_embedded: bool,
}

/// Which demand of a field is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeedDemand {
    /// `/Filter` names another handler.
    Filter,
    /// `/SubFilter` does not list the encoding.
    SubFilter,
    /// `/V` is of a later standard, or malformed.
    Version,
    /// `/DigestMethod` does not list the digest.
    DigestMethod,
    /// `/Reasons` permits none but these; none at all where the list is empty.
    Reasons(Vec<String>),
    /// `/MDP` wants a certification with this permission, or, where `None`, no certification.
    Certification(Option<DocMdpPermission>),
    /// `/TimeStamp` wants a time-stamp, of the authority at this address where it names one.
    TimeStamp(Option<String>),
    /// `/LegalAttestation` wants one, which is not written here.
    LegalAttestation,
    /// `/AddRevInfo` wants revocation status within the message.
    RevocationInformation,
    /// `/LockDocument` wants the document locked.
    LockDocument,
    /// `/AppearanceFilter` wants an appearance of this name.
    AppearanceFilter,
    /// `/Cert` does not list the signer's certificate.
    Subject,
    /// `/Cert` does not list an issuer of the signer's.
    Issuer,
    /// `/Cert` wants a certificate policy that the signer's does not have.
    Policy,
    /// `/Cert` wants attributes that the signer's subject does not have.
    SubjectName,
    /// `/Cert` wants a key usage that the signer's certificate does not have.
    KeyUsage,
}

impl fmt::Display for SeedDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter => f.write_str("another signature handler"),
            Self::SubFilter => f.write_str("another encoding of the signature"),
            Self::Version => f.write_str("a later version of the standard"),
            Self::DigestMethod => f.write_str("another digest"),
            Self::Reasons(reasons) if reasons.is_empty() => f.write_str("no reason"),
            Self::Reasons(reasons) => write!(f, "one of these reasons: {}", reasons.join("; ")),
            Self::Certification(Some(permission)) => {
                write!(f, "a certification with permission {}", permission.number())
            }
            Self::Certification(None) => f.write_str("no certification"),
            Self::TimeStamp(None) => f.write_str("a time-stamp"),
            Self::TimeStamp(Some(address)) => write!(f, "a time-stamp of {address}"),
            Self::LegalAttestation => f.write_str("a legal attestation"),
            Self::RevocationInformation => f.write_str("revocation status within the signature"),
            Self::LockDocument => f.write_str("that the document be locked"),
            Self::AppearanceFilter => f.write_str("a certain appearance"),
            Self::Subject => f.write_str("another signer's certificate"),
            Self::Issuer => f.write_str("a certificate of another issuer"),
            Self::Policy => f.write_str("a certificate under another policy"),
            Self::SubjectName => f.write_str("a certificate with another subject"),
            Self::KeyUsage => f.write_str("a certificate with another key usage"),
        }
    }
}

/// What a field demands, as far as somebody who signs can choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedValues {
    /// Reasons to choose from; empty where the field is silent.
    pub reasons: Vec<String>,
    /// Whether one of them is required.
    pub reason_required: bool,
    /// `/MDP`: the certification that the field wants.
    pub certify: Option<DocMdpPermission>,
    /// `/TimeStamp`: the authority's address.
    pub time_stamp: Option<String>,
    /// Whether the time-stamp is required.
    pub time_stamp_required: bool,
}

impl<R: Read + Seek> Document<R> {
    /// What a field leaves to choose; `None` where it has no seed values.
    ///
    /// # Errors
    /// [`Error::NoSuchField`], or as [`object`](Self::object).
    pub fn seed_values(&mut self, field: &str) -> Result<Option<SeedValues>, Error> {
        let mut found = None;
        self.walk_fields(|one| {
            if found.is_none() && *one.name == *field {
                found = Some(one);
            }
        })?;
        let found = found.ok_or_else(|| Error::NoSuchField { name: field.to_owned() })?;
        let Some(seed) = self.seed(&found)? else {
            return Ok(None);
        };
        let flags = self.value(&seed, "Ff")?.as_integer().unwrap_or(0);
        let reasons = self.texts(&seed, "Reasons")?;
        let time_stamp = self.time_stamp(&seed)?;
        Ok(Some(SeedValues {
            reason_required: flags & required::REASONS != 0,
            reasons: reasons.unwrap_or_default(),
            certify: self.certification(&seed)?.flatten(),
            time_stamp_required: time_stamp.as_ref().is_some_and(|(_, required)| *required),
            time_stamp: time_stamp.and_then(|(address, _)| address),
        }))
    }

    /// Refuses a signature that the field's seed values forbid.
    pub(crate) fn check_seed(
        &mut self,
        field: &Field,
        options: &SigningOptions<'_>,
    ) -> Result<(), Error> {
        let Some(seed) = self.seed(field)? else {
            return Ok(());
        };
        let id = field.object.id;
        let Some(facts) = options.seed_facts else {
            return Err(Error::FieldConstraint { field: id, key: "SV" });
        };
        match self.unmet(&seed, &facts, options)? {
            Some(demand) => Err(Error::SeedValue { field: id, demand }),
            None => Ok(()),
        }
    }

    fn seed(&mut self, field: &Field) -> Result<Option<Dictionary>, Error> {
        let Some(seed) = field.object.value.as_dictionary().and_then(|d| d.value("SV")) else {
            return Ok(None);
        };
        match self.resolve(seed)? {
            Object::Null => Ok(None),
            Object::Dictionary(seed) => Ok(Some(seed)),
            _ => Err(Error::WrongType { object: field.object.id, key: "SV" }),
        }
    }

    /// The first demand that is not met; preferences that are not required bind nobody.
    fn unmet(
        &mut self,
        seed: &Dictionary,
        facts: &SeedFacts<'_>,
        options: &SigningOptions<'_>,
    ) -> Result<Option<SeedDemand>, Error> {
        let flags = self.value(seed, "Ff")?.as_integer().unwrap_or(0);
        let wants = |bit: i64| flags & bit != 0;
        if wants(required::VERSION)
            && self.value(seed, "V")?.as_number().is_none_or(|version| version > KNOWN_VERSION)
        {
            return Ok(Some(SeedDemand::Version));
        }
        if wants(required::FILTER)
            && !self.value(seed, "Filter")?.as_name().is_none_or(|name| name.is("Adobe.PPKLite"))
        {
            return Ok(Some(SeedDemand::Filter));
        }
        if wants(required::SUB_FILTER) {
            let wanted = options.sub_filter.as_name();
            let listed = self.texts(seed, "SubFilter")?;
            if listed.is_some_and(|listed| !listed.iter().any(|one| *one == *wanted)) {
                return Ok(Some(SeedDemand::SubFilter));
            }
        }
        if wants(required::DIGEST_METHOD) {
            let listed = self.texts(seed, "DigestMethod")?;
            let own = digest_name(facts.digest);
            if listed.is_some_and(|listed| !listed.iter().any(|one| own == Some(one.as_str()))) {
                return Ok(Some(SeedDemand::DigestMethod));
            }
        }
        if wants(required::REASONS)
            && let Some(demand) = unmet_reason(self.texts(seed, "Reasons")?, options.reason)
        {
            return Ok(Some(demand));
        }
        if let Some(wanted) = self.certification(seed)?
            && wanted != options.certify
        {
            return Ok(Some(SeedDemand::Certification(wanted)));
        }
        if let Some((address, true)) = self.time_stamp(seed)?
            && !facts.time_stamped
        {
            return Ok(Some(SeedDemand::TimeStamp(address)));
        }
        if wants(required::LEGAL_ATTESTATION) && options.certify.is_some() {
            return Ok(Some(SeedDemand::LegalAttestation));
        }
        if wants(required::ADD_REV_INFO)
            && self.value(seed, "AddRevInfo")? == Object::Boolean(true)
            && !facts.revocation_embedded
        {
            return Ok(Some(SeedDemand::RevocationInformation));
        }
        if wants(required::LOCK_DOCUMENT)
            && self.value(seed, "LockDocument")?.as_name().is_some_and(|name| name.is("true"))
        {
            return Ok(Some(SeedDemand::LockDocument));
        }
        if wants(required::APPEARANCE_FILTER) {
            return Ok(Some(SeedDemand::AppearanceFilter));
        }
        match self.value(seed, "Cert")? {
            Object::Dictionary(cert) => self.unmet_certificate(&cert, facts),
            _ => Ok(None),
        }
    }

    fn unmet_certificate(
        &mut self,
        seed: &Dictionary,
        facts: &SeedFacts<'_>,
    ) -> Result<Option<SeedDemand>, Error> {
        let flags = self.value(seed, "Ff")?.as_integer().unwrap_or(0);
        let wants = |bit: i64| flags & bit != 0;
        let own = facts.certificate;
        if wants(certificate::SUBJECT)
            && let Some(listed) = self.strings(seed, "Subject")?
            && !listed.iter().any(|der| der == own.as_der())
        {
            return Ok(Some(SeedDemand::Subject));
        }
        if wants(certificate::ISSUER)
            && let Some(listed) = self.strings(seed, "Issuer")?
        {
            let mut path = core::iter::once(own).chain(facts.issuers);
            if !path.any(|one| listed.iter().any(|der| der == one.as_der())) {
                return Ok(Some(SeedDemand::Issuer));
            }
        }
        if wants(certificate::OID)
            && let Some(listed) = self.strings(seed, "OID")?
        {
            let policies = own.policies().unwrap_or_default();
            let has = |policy: &Vec<u8>| {
                policies.iter().any(|one| one.to_string().as_bytes() == policy.as_slice())
            };
            if !listed.iter().any(has) {
                return Ok(Some(SeedDemand::Policy));
            }
        }
        // Names and key usages are compared by no rule that two programs share: what is required is refused.
        if wants(certificate::SUBJECT_DN) && self.value(seed, "SubjectDN")? != Object::Null {
            return Ok(Some(SeedDemand::SubjectName));
        }
        if wants(certificate::KEY_USAGE)
            && let Some(patterns) = self.texts(seed, "KeyUsage")?
        {
            let usage = own.key_usage();
            let fits = |pattern: &String| {
                // Table 238: one character for each bit from digitalSignature on: 0 must not, 1 must, anything else may.
                pattern.chars().enumerate().all(|(bit, wanted)| {
                    let set = usage.is_some_and(|usage| usage.has_bit(bit));
                    !matches!((wanted, set), ('0', true) | ('1', false))
                })
            };
            if !patterns.iter().any(fits) {
                return Ok(Some(SeedDemand::KeyUsage));
            }
        }
        Ok(None)
    }

    /// `/MDP`: `None` where the field is silent, `Some(None)` where it wants an approval.
    fn certification(
        &mut self,
        seed: &Dictionary,
    ) -> Result<Option<Option<DocMdpPermission>>, Error> {
        let Object::Dictionary(mdp) = self.value(seed, "MDP")? else {
            return Ok(None);
        };
        Ok(match self.value(&mdp, "P")? {
            Object::Integer(0) => Some(None),
            Object::Integer(1) => Some(Some(DocMdpPermission::NoChanges)),
            Object::Integer(2) => Some(Some(DocMdpPermission::FormFilling)),
            Object::Integer(3) => Some(Some(DocMdpPermission::Annotations)),
            _ => None,
        })
    }

    /// `/TimeStamp`: the address, and whether it is required.
    fn time_stamp(&mut self, seed: &Dictionary) -> Result<Option<(Option<String>, bool)>, Error> {
        let Object::Dictionary(stamp) = self.value(seed, "TimeStamp")? else {
            return Ok(None);
        };
        let address = self.value(&stamp, "URL")?.as_string().map(decode_text);
        let required = self.value(&stamp, "Ff")?.as_integer().unwrap_or(0) & 1 != 0;
        Ok(Some((address, required)))
    }

    /// An array of names or text strings; `None` where it is absent.
    fn texts(&mut self, dictionary: &Dictionary, key: &str) -> Result<Option<Vec<String>>, Error> {
        let Object::Array(array) = self.value(dictionary, key)? else {
            return Ok(None);
        };
        let mut texts = Vec::new();
        for item in &array.items {
            match self.resolve(item)? {
                Object::Name(name) => texts.push(name.to_string()),
                Object::String(bytes) => texts.push(decode_text(&bytes)),
                _ => {}
            }
        }
        Ok(Some(texts))
    }

    /// An array of byte strings; `None` where it is absent.
    fn strings(
        &mut self,
        dictionary: &Dictionary,
        key: &str,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Object::Array(array) = self.value(dictionary, key)? else {
            return Ok(None);
        };
        let mut strings = Vec::new();
        for item in &array.items {
            if let Object::String(bytes) = self.resolve(item)? {
                strings.push(bytes);
            }
        }
        Ok(Some(strings))
    }
}

/// Table 237: a list that is absent, empty or a single full stop permits no reason.
fn unmet_reason(listed: Option<Vec<String>>, reason: Option<&str>) -> Option<SeedDemand> {
    let listed = listed.filter(|listed| listed.as_slice() != ["."]).unwrap_or_default();
    let met = match reason {
        None => listed.is_empty(),
        Some(reason) => listed.iter().any(|one| one == reason),
    };
    (!met).then_some(SeedDemand::Reasons(listed))
}

/// The digest's name in table 237; `None` for one that it does not know.
const fn digest_name(digest: DigestAlgorithm) -> Option<&'static str> {
    match digest {
        DigestAlgorithm::Sha1ForLegacyUseOnly => Some("SHA1"),
        DigestAlgorithm::Sha256 => Some("SHA256"),
        DigestAlgorithm::Sha384 => Some("SHA384"),
        DigestAlgorithm::Sha512 => Some("SHA512"),
        DigestAlgorithm::Sha3_256 => Some("SHA3-256"),
        DigestAlgorithm::Sha3_384 => Some("SHA3-384"),
        DigestAlgorithm::Sha3_512 => Some("SHA3-512"),
    }
}
