//! Attributes of a SignerInfo (RFC 5652 §5.3).

use crate::timestamp::{TimeStampToken, TokenError};
use crate::unsigned::MAX_TIME_STAMPS;
use kyso_x509::ObjectIdentifier;
use kyso_x509::asn1::{self, Asn1Error, Element, Reader, Rules, tag};
use std::borrow::Cow;
use std::sync::OnceLock;

/// `Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }`.
#[derive(Debug)]
pub struct Attribute {
    /// attrType.
    pub oid: ObjectIdentifier,
    /// Each value as received, header included.
    pub values: Vec<Vec<u8>>,
    /// Read once: several steps of validation ask for the tokens of a signature.
    tokens: OnceLock<Vec<Result<TimeStampToken, TokenError>>>,
}

impl Clone for Attribute {
    /// A copy may be given other values, so nothing is taken as read of them.
    fn clone(&self) -> Self {
        Self::new(self.oid, self.values.clone())
    }
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        // What was read of the values so far distinguishes nothing.
        self.oid == other.oid && self.values == other.values
    }
}

impl Eq for Attribute {}

impl Attribute {
    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        if element.tag() != tag::SEQUENCE {
            return Err(element.invalid());
        }
        let mut fields = element.children()?;
        let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        let values = fields.expect(tag::SET)?.children()?.rest()?;
        fields.finish()?;
        Ok(Self::new(oid, values.iter().map(|value| value.raw().to_vec()).collect()))
    }

    pub(crate) const fn new(oid: ObjectIdentifier, values: Vec<Vec<u8>>) -> Self {
        Self { oid, values, tokens: OnceLock::new() }
    }

    /// The values as time-stamp tokens, as many as a signer may have of one kind.
    pub(crate) fn tokens(&self) -> &[Result<TimeStampToken, TokenError>] {
        let read = || {
            let values = self.values.iter().take(MAX_TIME_STAMPS);
            values.map(|value| TimeStampToken::from_ber(value)).collect()
        };
        self.tokens.get_or_init(read)
    }

    /// DER of an attribute with one value.
    pub(crate) fn single_to_der(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
        asn1::sequence(&[asn1::oid(oid), asn1::tlv(tag::SET, value)])
    }
}

/// The signed attributes, together with the DER that the signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAttributes {
    der: Vec<u8>,
    list: Vec<Attribute>,
    received_as_der: bool,
}

impl SignedAttributes {
    /// Takes `[0] IMPLICIT SET OF Attribute` of a SignerInfo.
    ///
    /// RFC 5652 §5.4: the signature covers the DER of the SET OF, with its own tag. Where the received bytes are
    /// DER they are taken as they are; else their DER is made.
    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut retagged = element.raw().to_vec();
        if let Some(first) = retagged.first_mut() {
            *first = tag::SET;
        }
        let ber = Reader::new(&retagged, Rules::Ber).element()?;
        let rewritten = match ber.to_der()? {
            Cow::Borrowed(_) => None,
            Cow::Owned(der) => Some(der),
        };
        match rewritten {
            None => Self::from_der(retagged, true),
            Some(der) => Self::from_der(der, false),
        }
    }

    /// Takes the DER of the SET OF.
    pub(crate) fn from_der(der: Vec<u8>, received_as_der: bool) -> Result<Self, Asn1Error> {
        let element = Reader::new(&der, Rules::Der).expect(tag::SET)?;
        let list = element
            .children()?
            .rest()?
            .iter()
            .map(Attribute::from_element)
            .collect::<Result<Vec<_>, _>>()?;
        // RFC 5652 §5.3: SIZE (1..MAX).
        if list.is_empty() {
            return Err(element.invalid());
        }
        Ok(Self { der, list, received_as_der })
    }

    /// The bytes that the signature covers: DER with the tag of SET OF.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The attributes.
    #[must_use]
    pub fn list(&self) -> &[Attribute] {
        &self.list
    }

    /// False where a signer broke RFC 5652 §5.3 by writing the attributes in BER.
    #[must_use]
    pub const fn received_as_der(&self) -> bool {
        self.received_as_der
    }

    /// All attributes of a type; RFC 5652 §11 wants at most one of each that is defined there.
    pub fn of_type(&self, oid: ObjectIdentifier) -> impl Iterator<Item = &Attribute> {
        self.list.iter().filter(move |attribute| attribute.oid == oid)
    }
}
