//! The extensions by which authorities constrain the paths below them: policies and names (RFC 5280 §4.2.1.4–4.2.1.5,
//! §4.2.1.10–4.2.1.11, §4.2.1.14).

use super::{
    CERTIFICATE_POLICIES, ExtensionError, Extensions, INHIBIT_ANY_POLICY, NAME_CONSTRAINTS,
    POLICY_CONSTRAINTS, POLICY_MAPPINGS,
};
use crate::asn1::{Asn1Error, Element, Reader, Rules, tag};
use crate::name::Name;
use const_oid::ObjectIdentifier;
use std::collections::{BTreeMap, BTreeSet};

/// What one certificate demands of the path it stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Constraints {
    /// policyIdentifiers of certificatePolicies; `None` where the extension is absent.
    pub(crate) policies: Option<BTreeSet<ObjectIdentifier>>,
    /// policyMappings: issuerDomainPolicy to its subjectDomainPolicies.
    pub(crate) mappings: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>>,
    /// How many policies and mappings were written.
    pub(crate) policy_count: usize,
    /// requireExplicitPolicy.
    pub(crate) require_explicit_policy: Option<u32>,
    /// inhibitPolicyMapping.
    pub(crate) inhibit_policy_mapping: Option<u32>,
    /// inhibitAnyPolicy.
    pub(crate) inhibit_any_policy: Option<u32>,
    /// permittedSubtrees and excludedSubtrees.
    pub(crate) names: Option<NameConstraints>,
}

/// nameConstraints (RFC 5280 §4.2.1.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<NamedEntity>,
    pub(crate) excluded: Vec<NamedEntity>,
}

/// The forms of a GeneralName (RFC 5280 §4.2.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameForm {
    /// otherName `[0]`.
    OtherName,
    /// rfc822Name `[1]`.
    Rfc822Name,
    /// dNSName `[2]`.
    DnsName,
    /// x400Address `[3]`.
    X400Address,
    /// directoryName `[4]`.
    DirectoryName,
    /// ediPartyName `[5]`.
    EdiPartyName,
    /// uniformResourceIdentifier `[6]`.
    UniformResourceIdentifier,
    /// iPAddress `[7]`.
    IpAddress,
    /// registeredID `[8]`.
    RegisteredId,
}

impl NameForm {
    fn from_tag(tag: u8) -> Option<Self> {
        Some(match tag {
            0xa0 => Self::OtherName,
            0x81 => Self::Rfc822Name,
            0x82 => Self::DnsName,
            0xa3 => Self::X400Address,
            0xa4 => Self::DirectoryName,
            0xa5 => Self::EdiPartyName,
            0x86 => Self::UniformResourceIdentifier,
            0x87 => Self::IpAddress,
            0x88 => Self::RegisteredId,
            _ => return None,
        })
    }
}

impl core::fmt::Display for NameForm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::OtherName => "otherName",
            Self::Rfc822Name => "rfc822Name",
            Self::DnsName => "dNSName",
            Self::X400Address => "x400Address",
            Self::DirectoryName => "directoryName",
            Self::EdiPartyName => "ediPartyName",
            Self::UniformResourceIdentifier => "uniformResourceIdentifier",
            Self::IpAddress => "iPAddress",
            Self::RegisteredId => "registeredID",
        })
    }
}

/// A name that a certificate bears, or the base of a subtree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamedEntity {
    Directory(Name),
    Other { form: NameForm, value: Vec<u8> },
}

impl NamedEntity {
    pub(crate) const fn form(&self) -> NameForm {
        match self {
            Self::Directory(_) => NameForm::DirectoryName,
            Self::Other { form, .. } => *form,
        }
    }

    fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        match NameForm::from_tag(element.tag()).ok_or_else(|| element.invalid())? {
            NameForm::DirectoryName => {
                Ok(Self::Directory(Name::from_element(&element.only_child()?)?))
            }
            form => Ok(Self::Other { form, value: element.value().to_vec() }),
        }
    }
}

/// Reads `GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName`.
pub(crate) fn named_entities(der: &[u8]) -> Result<Vec<NamedEntity>, Asn1Error> {
    let mut reader = Reader::new(der, Rules::Der);
    let names = reader.expect(tag::SEQUENCE)?.children()?.rest()?;
    reader.finish()?;
    names.iter().map(NamedEntity::from_element).collect()
}

impl Constraints {
    /// Reads what stands in the extensions.
    pub(crate) fn from_extensions(extensions: &Extensions) -> Result<Self, ExtensionError> {
        let mut constraints = Self::default();
        for extension in extensions.all() {
            let read = match extension.oid {
                CERTIFICATE_POLICIES => Self::read_policies,
                POLICY_MAPPINGS => Self::read_mappings,
                POLICY_CONSTRAINTS => Self::read_policy_constraints,
                INHIBIT_ANY_POLICY => Self::read_inhibit_any_policy,
                NAME_CONSTRAINTS => Self::read_name_constraints,
                _ => continue,
            };
            let mut reader = Reader::new(&extension.value, Rules::Der);
            read(&mut constraints, &mut reader)
                .and_then(|()| reader.finish())
                .map_err(|error| ExtensionError::Malformed { oid: extension.oid, error })?;
        }
        Ok(constraints)
    }

    /// `SEQUENCE OF PolicyInformation`; qualifiers inform people and decide nothing.
    fn read_policies(&mut self, reader: &mut Reader<'_>) -> Result<(), Asn1Error> {
        let mut policies = BTreeSet::new();
        for information in reader.expect(tag::SEQUENCE)?.children()?.rest()? {
            policies.insert(information.children()?.expect(tag::OBJECT_IDENTIFIER)?.oid()?);
            self.policy_count += 1;
        }
        self.policies = Some(policies);
        Ok(())
    }

    /// `SEQUENCE OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy }`.
    fn read_mappings(&mut self, reader: &mut Reader<'_>) -> Result<(), Asn1Error> {
        for pair in reader.expect(tag::SEQUENCE)?.children()?.rest()? {
            let mut fields = pair.children()?;
            let issuer_domain = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
            let subject_domain = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
            fields.finish()?;
            self.mappings.entry(issuer_domain).or_default().insert(subject_domain);
            self.policy_count += 1;
        }
        Ok(())
    }

    /// `SEQUENCE { requireExplicitPolicy [0] SkipCerts OPTIONAL, inhibitPolicyMapping [1] SkipCerts OPTIONAL }`.
    fn read_policy_constraints(&mut self, reader: &mut Reader<'_>) -> Result<(), Asn1Error> {
        let mut fields = reader.expect(tag::SEQUENCE)?.children()?;
        self.require_explicit_policy = skip_certs(&mut fields, 0)?;
        self.inhibit_policy_mapping = skip_certs(&mut fields, 1)?;
        fields.finish()
    }

    fn read_inhibit_any_policy(&mut self, reader: &mut Reader<'_>) -> Result<(), Asn1Error> {
        self.inhibit_any_policy = Some(reader.expect(tag::INTEGER)?.small_integer()?);
        Ok(())
    }

    /// `SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL }`.
    fn read_name_constraints(&mut self, reader: &mut Reader<'_>) -> Result<(), Asn1Error> {
        let mut fields = reader.expect(tag::SEQUENCE)?.children()?;
        let mut subtrees = |number| match fields.optional(tag::context(number))? {
            Some(list) => list.children()?.rest()?.iter().map(subtree_base).collect(),
            None => Ok(Vec::new()),
        };
        let names = NameConstraints { permitted: subtrees(0)?, excluded: subtrees(1)? };
        fields.finish()?;
        self.names = Some(names);
        Ok(())
    }
}

/// SkipCerts, an INTEGER under an implicit tag.
fn skip_certs(fields: &mut Reader<'_>, number: u8) -> Result<Option<u32>, Asn1Error> {
    let Some(element) = fields.optional(tag::context_primitive(number))? else {
        return Ok(None);
    };
    let digits = match element.value() {
        [] | [0x80..=0xff, ..] => return Err(element.invalid()),
        [0, rest @ ..] => rest,
        all => all,
    };
    if digits.len() > 4 {
        return Err(element.invalid());
    }
    Ok(Some(digits.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte))))
}

/// `GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }`; RFC 5280 has
/// minimum always zero and maximum always absent, and DER does not write a default.
fn subtree_base(subtree: &Element<'_>) -> Result<NamedEntity, Asn1Error> {
    let mut fields = subtree.children()?;
    let base = NamedEntity::from_element(&fields.element()?)?;
    fields.finish()?;
    Ok(base)
}
