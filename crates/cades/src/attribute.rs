//! Attributes of a SignerInfo (RFC 5652 §5.3).

use kyso_x509::ObjectIdentifier;
use kyso_x509::asn1::{self, Asn1Error, Element, Reader, Rules, tag};

/// `Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// attrType.
    pub oid: ObjectIdentifier,
    /// Each value as received, header included.
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    pub(crate) fn from_element(element: &Element<'_>) -> Result<Self, Asn1Error> {
        if element.tag() != tag::SEQUENCE {
            return Err(element.invalid());
        }
        let mut fields = element.children()?;
        let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        let values = fields.expect(tag::SET)?.children()?.rest()?;
        fields.finish()?;
        Ok(Self { oid, values: values.iter().map(|value| value.raw().to_vec()).collect() })
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
        let der = ber.to_der()?;
        let received_as_der = der == retagged;
        Self::from_der(der, received_as_der)
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
