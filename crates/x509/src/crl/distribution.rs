//! Which certificates and reasons a CRL speaks of: distribution points on both sides (RFC 5280 §4.2.1.13, §5.2.5).

use crate::asn1::{Asn1Error, Element, Reader, Rules, constructed, tag};
use crate::certificate::Certificate;
use crate::extension;
use crate::name::Name;

/// Most names in one GeneralNames and most distribution points of one certificate: real ones have below ten, and
/// each is compared with each.
pub const MAX_NAMES: usize = 16;

/// A GeneralName (RFC 5280 §4.2.1.6), as far as comparing needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// directoryName, compared as names are.
    Directory(Name),
    /// Any other form, compared by its bytes.
    Other {
        /// Identifier octet, such as 0x86 for uniformResourceIdentifier.
        tag: u8,
        /// Content octets.
        value: Vec<u8>,
    },
}

impl GeneralName {
    /// The name of a directoryName.
    #[must_use]
    pub const fn directory_name(&self) -> Option<&Name> {
        match self {
            Self::Directory(name) => Some(name),
            Self::Other { .. } => None,
        }
    }
}

/// Reads the names inside a GeneralNames.
pub(crate) fn general_names(mut reader: Reader<'_>) -> Result<Vec<GeneralName>, Asn1Error> {
    let mut names = Vec::new();
    while !reader.is_empty() {
        let element = reader.element()?;
        if names.len() >= MAX_NAMES {
            return Err(element.invalid());
        }
        names.push(if element.tag() == tag::context(4) {
            GeneralName::Directory(Name::from_element(&element.only_child()?)?)
        } else {
            GeneralName::Other { tag: element.tag(), value: element.value().to_vec() }
        });
    }
    Ok(names)
}

/// A set of the reasons for which a CRL revokes, `ReasonFlags` (RFC 5280 §4.2.1.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonFlags(u16);

impl ReasonFlags {
    /// No reason.
    pub const NONE: Self = Self(0);
    /// Every reason: bits 1 to 8, bit 0 being unused.
    pub const ALL: Self = Self(0x1fe);

    /// Reads the content of a BIT STRING.
    fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let [_unused @ 0..=7, bits @ ..] = element.value() else { return Err(element.invalid()) };
        let mut flags = 0;
        for (place, byte) in bits.iter().take(2).enumerate() {
            for bit in 0..8 {
                if byte & (0x80 >> bit) != 0 {
                    flags |= 1 << (place * 8 + bit);
                }
            }
        }
        Ok(Self(flags & Self::ALL.0))
    }

    /// The reasons of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The reasons that both have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// True when every reason of the other is here too.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// `DistributionPointName ::= CHOICE { fullName [0], nameRelativeToCRLIssuer [1] }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionPointName {
    /// Names that all denote the same point.
    FullName(Vec<GeneralName>),
    /// Content octets of one RelativeDistinguishedName, to be put below the name of the CRL's issuer.
    RelativeToCrlIssuer(Vec<u8>),
}

impl DistributionPointName {
    /// Reads the content of the EXPLICIT `[0]` that holds the choice.
    fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let choice = element.only_child()?;
        if choice.tag() == tag::context(0) {
            Ok(Self::FullName(general_names(choice.children()?)?))
        } else if choice.tag() == tag::context(1) {
            choice.children()?.rest()?;
            Ok(Self::RelativeToCrlIssuer(choice.value().to_vec()))
        } else {
            Err(choice.invalid())
        }
    }

    /// The full names, where the CRL's issuer is called so.
    fn resolve(&self, crl_issuer: &Name) -> Result<Vec<GeneralName>, Asn1Error> {
        match self {
            Self::FullName(names) => Ok(names.clone()),
            Self::RelativeToCrlIssuer(rdn) => {
                let whole = Reader::new(crl_issuer.as_der(), Rules::Der).element()?;
                let last = constructed(tag::SET, &[rdn]);
                let name = constructed(tag::SEQUENCE, &[whole.value(), &last]);
                Ok(vec![GeneralName::Directory(Name::from_der(&name)?)])
            }
        }
    }
}

/// One place where a certificate says that its status is to be had (RFC 5280 §4.2.1.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoint {
    /// distributionPoint.
    pub name: Option<DistributionPointName>,
    /// reasons; `None` stands for all.
    pub reasons: Option<ReasonFlags>,
    /// cRLIssuer; empty where the certificate's issuer signs the CRL.
    pub crl_issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut fields = element.children()?;
        let name = fields.optional(tag::context(0))?;
        let reasons = fields.optional(tag::context_primitive(1))?;
        let crl_issuer = fields.optional(tag::context(2))?;
        fields.finish()?;
        Ok(Self {
            name: name.map(|name| DistributionPointName::from_element(&name)).transpose()?,
            reasons: reasons.map(|bits| ReasonFlags::from_element(&bits)).transpose()?,
            crl_issuer: crl_issuer
                .map_or(Ok(Vec::new()), |names| general_names(names.children()?))?,
        })
    }
}

/// The distribution points of a certificate; empty without the extension.
///
/// # Errors
/// When the extension is malformed or has more points than [`MAX_NAMES`].
pub fn distribution_points(certificate: &Certificate) -> Result<Vec<DistributionPoint>, Asn1Error> {
    let Some(extension) = certificate.extension(extension::CRL_DISTRIBUTION_POINTS) else {
        return Ok(Vec::new());
    };
    let mut reader = Reader::new(&extension.value, Rules::Der);
    let list = reader.expect(tag::SEQUENCE)?;
    reader.finish()?;
    let mut points = Vec::new();
    for element in list.children()?.rest()? {
        if points.len() >= MAX_NAMES {
            return Err(element.invalid());
        }
        points.push(DistributionPoint::from_element(&element)?);
    }
    Ok(points)
}

/// issuingDistributionPoint (RFC 5280 §5.2.5): the scope of a CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// distributionPoint.
    pub name: Option<DistributionPointName>,
    /// onlyContainsUserCerts.
    pub only_user_certificates: bool,
    /// onlyContainsCACerts.
    pub only_ca_certificates: bool,
    /// onlySomeReasons; `None` stands for all.
    pub only_some_reasons: Option<ReasonFlags>,
    /// indirectCRL: entries may be of certificates of other issuers.
    pub indirect: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute_certificates: bool,
}

impl IssuingDistributionPoint {
    /// Reads the content of the extension.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(der, Rules::Der);
        let mut fields = reader.expect(tag::SEQUENCE)?.children()?;
        reader.finish()?;
        let name = fields.optional(tag::context(0))?;
        let only_user_certificates = flag(&mut fields, 1)?;
        let only_ca_certificates = flag(&mut fields, 2)?;
        let reasons = fields.optional(tag::context_primitive(3))?;
        let indirect = flag(&mut fields, 4)?;
        let only_attribute_certificates = flag(&mut fields, 5)?;
        fields.finish()?;
        Ok(Self {
            name: name.map(|name| DistributionPointName::from_element(&name)).transpose()?,
            only_user_certificates,
            only_ca_certificates,
            only_some_reasons: reasons.map(|bits| ReasonFlags::from_element(&bits)).transpose()?,
            indirect,
            only_attribute_certificates,
        })
    }

    /// RFC 5280 §6.3.3 (b)(2)(i): whether this scope's name is the distribution point's.
    ///
    /// `crl_issuer` is the issuer of the CRL, `certificate_issuer` that of the certificate.
    pub(crate) fn is_named_by(
        &self,
        point: &DistributionPoint,
        crl_issuer: &Name,
        certificate_issuer: &Name,
    ) -> Result<bool, Asn1Error> {
        let Some(own) = &self.name else { return Ok(true) };
        let own = own.resolve(crl_issuer)?;
        let theirs = match &point.name {
            Some(name) => {
                // §4.2.1.13: relative to cRLIssuer where there is one, which is then a single name.
                let base = point.crl_issuer.iter().find_map(GeneralName::directory_name);
                name.resolve(base.unwrap_or(certificate_issuer))?
            }
            None => point.crl_issuer.clone(),
        };
        Ok(own.iter().any(|name| theirs.contains(name)))
    }
}

/// `[number] IMPLICIT BOOLEAN DEFAULT FALSE`.
fn flag(fields: &mut Reader<'_>, number: u8) -> Result<bool, Asn1Error> {
    match fields.optional(tag::context_primitive(number))? {
        None => Ok(false),
        Some(element) => match element.value() {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(element.invalid()),
        },
    }
}
