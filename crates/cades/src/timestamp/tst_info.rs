//! TSTInfo (RFC 3161 §2.4.2): what a time-stamp says.

use super::error::TstInfoError;
use kyso_x509::asn1::{Asn1Error, Element, Reader, Rules, tag};
use kyso_x509::{AlgorithmIdentifier, Civil, Digest, Name, ObjectIdentifier, Time};

/// The content of a time-stamp token, as its authority signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TstInfo {
    policy: ObjectIdentifier,
    message_imprint: Digest,
    serial: Vec<u8>,
    gen_time: Time,
    gen_time_micros: u32,
    accuracy_micros: Option<u64>,
    ordering: bool,
    nonce: Option<Vec<u8>>,
    tsa: Option<Vec<u8>>,
}

impl TstInfo {
    /// Reads the DER of `TSTInfo`.
    ///
    /// # Errors
    /// When it is malformed, of another version, under a digest that is not one of ours, or with a critical
    /// extension: RFC 3161 defines none.
    pub fn from_der(der: &[u8]) -> Result<Self, TstInfoError> {
        let mut outer = Reader::new(der, Rules::Ber);
        let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
        outer.finish()?;
        let version = fields.expect(tag::INTEGER)?.small_integer()?;
        if version != 1 {
            return Err(TstInfoError::UnsupportedVersion { version });
        }
        let policy = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        let message_imprint = message_imprint(&fields.expect(tag::SEQUENCE)?)?;
        let serial = fields.expect(tag::INTEGER)?.value().to_vec();
        let (gen_time, gen_time_micros) = generalized_time(&fields.element()?)?;
        let accuracy_micros =
            fields.optional(tag::SEQUENCE)?.map(|element| accuracy(&element)).transpose()?;
        let ordering =
            fields.optional(tag::BOOLEAN)?.map_or(Ok(false), |element| element.boolean())?;
        let nonce = fields.optional(tag::INTEGER)?.map(|element| element.value().to_vec());
        let tsa = fields
            .optional(tag::context(0))?
            .map(|element| element.only_child())
            .transpose()?
            .map(|name| name.raw().to_vec());
        if let Some(extensions) = fields.optional(tag::context(1))? {
            check_extensions(&extensions)?;
        }
        fields.finish()?;
        Ok(Self {
            policy,
            message_imprint,
            serial,
            gen_time,
            gen_time_micros,
            accuracy_micros,
            ordering,
            nonce,
            tsa,
        })
    }

    /// policy: under which the authority issued the token.
    #[must_use]
    pub const fn policy(&self) -> ObjectIdentifier {
        self.policy
    }

    /// messageImprint: digest of what was stamped.
    #[must_use]
    pub const fn message_imprint(&self) -> &Digest {
        &self.message_imprint
    }

    /// serialNumber, content octets as received.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// genTime, its fraction of a second cut off.
    #[must_use]
    pub const fn gen_time(&self) -> Time {
        self.gen_time
    }

    /// The fraction of a second of genTime in microseconds, what is finer cut off: 0 to 999,999.
    #[must_use]
    pub const fn gen_time_micros(&self) -> u32 {
        self.gen_time_micros
    }

    /// accuracy: genTime may be off by this many microseconds either way; `None` where the token does not say.
    #[must_use]
    pub const fn accuracy_micros(&self) -> Option<u64> {
        self.accuracy_micros
    }

    /// ordering: tokens of this authority are ordered by genTime whatever the accuracy.
    #[must_use]
    pub const fn ordering(&self) -> bool {
        self.ordering
    }

    /// nonce, content octets as received.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// tsa: the GeneralName as received.
    #[must_use]
    pub fn tsa(&self) -> Option<&[u8]> {
        self.tsa.as_deref()
    }

    /// tsa where it is a directory name that can be read.
    #[must_use]
    pub fn tsa_name(&self) -> Option<Name> {
        let general_name = Reader::new(self.tsa.as_deref()?, Rules::Ber).element().ok()?;
        if general_name.tag() != tag::context(4) {
            return None;
        }
        Name::from_der(&general_name.only_child().ok()?.to_der().ok()?).ok()
    }
}

/// `MessageImprint ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING }`.
fn message_imprint(element: &Element<'_>) -> Result<Digest, TstInfoError> {
    let mut fields = element.children()?;
    let algorithm = AlgorithmIdentifier::from_element(&fields.expect(tag::SEQUENCE)?)?;
    let hashed = fields.expect(tag::OCTET_STRING)?.octets()?.into_owned();
    fields.finish()?;
    let algorithm = algorithm.to_digest_algorithm().map_err(TstInfoError::ImprintAlgorithm)?;
    Digest::from_bytes(algorithm, &hashed)
        .ok_or(TstInfoError::ImprintLength { algorithm, len: hashed.len() })
}

/// `Accuracy ::= SEQUENCE { seconds INTEGER OPTIONAL, millis [0] 1..999 OPTIONAL, micros [1] 1..999 OPTIONAL }`.
fn accuracy(element: &Element<'_>) -> Result<u64, Asn1Error> {
    let mut fields = element.children()?;
    let seconds = fields.optional(tag::INTEGER)?.map_or(Ok(0), |field| field.small_integer())?;
    let mut thousandth = |number| -> Result<u64, Asn1Error> {
        let Some(field) = fields.optional(tag::context_primitive(number))? else {
            return Ok(0);
        };
        let value = match field.value() {
            [low] if *low < 0x80 => u64::from(*low),
            [high, low] if *high < 0x80 => u64::from(*high) * 256 + u64::from(*low),
            _ => return Err(field.invalid()),
        };
        // Zero stands outside of the type, but some authorities write it.
        if value > 999 { Err(field.invalid()) } else { Ok(value) }
    };
    let millis = thousandth(0)?;
    let micros = thousandth(1)?;
    fields.finish()?;
    Ok(u64::from(seconds) * 1_000_000 + millis * 1_000 + micros)
}

/// `GeneralizedTime` as RFC 3161 §2.4.2 has it: `YYYYMMDDhhmmss[.s…]Z`; gives seconds and microseconds.
fn generalized_time(element: &Element<'_>) -> Result<(Time, u32), Asn1Error> {
    let invalid = || element.invalid();
    if element.tag() != tag::GENERALIZED_TIME {
        return Err(invalid());
    }
    let text = core::str::from_utf8(element.value()).map_err(|_| invalid())?;
    let text = text.strip_suffix('Z').ok_or_else(invalid)?;
    let (digits, fraction) = match text.split_once('.') {
        None => (text, ""),
        // A dot with nothing behind it is no fraction.
        Some((_, "")) => return Err(invalid()),
        Some(parts) => parts,
    };
    if digits.len() != 14 || !digits.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    let number = |range: core::ops::Range<usize>| -> Result<i64, Asn1Error> {
        digits.get(range).and_then(|part| part.parse().ok()).ok_or_else(invalid)
    };
    let civil = Civil {
        year: number(0..4)?,
        month: number(4..6)?,
        day: number(6..8)?,
        hour: number(8..10)?,
        minute: number(10..12)?,
        second: number(12..14)?,
    };
    let time = civil.to_time().ok_or_else(invalid)?;
    let micros = fraction
        .bytes()
        .chain(core::iter::repeat(b'0'))
        .take(6)
        .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Ok((time, micros))
}

/// RFC 3161 §2.4.2 defines no extension; one that is critical changes what the token means.
fn check_extensions(extensions: &Element<'_>) -> Result<(), TstInfoError> {
    for extension in extensions.children()?.rest()? {
        let mut fields = extension.children()?;
        let oid = fields.expect(tag::OBJECT_IDENTIFIER)?.oid()?;
        let critical =
            fields.optional(tag::BOOLEAN)?.map_or(Ok(false), |element| element.boolean())?;
        if critical {
            return Err(TstInfoError::CriticalExtension { oid });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kyso_x509::asn1::tlv;

    fn time(text: &str) -> Option<(i64, u32)> {
        let encoded = tlv(tag::GENERALIZED_TIME, text.as_bytes());
        let element = Reader::new(&encoded, Rules::Der).element().unwrap();
        generalized_time(&element).ok().map(|(time, micros)| (time.as_unix_seconds(), micros))
    }

    #[test]
    fn fractions_of_a_second_are_kept_to_the_microsecond() {
        assert_eq!(time("20260501000000Z"), Some((1_777_593_600, 0)));
        assert_eq!(time("20260501000000.5Z"), Some((1_777_593_600, 500_000)));
        assert_eq!(time("20260501000000.123456789Z"), Some((1_777_593_600, 123_456)));
        for wrong in [
            "20260501000000",
            "20260501000000.Z",
            "202605010000Z",
            "20260501000000,5Z",
            "20260501000000+0700",
            "20260230000000Z",
            "2026050100000é.5Z",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn accuracy_adds_up() {
        let read = |der: &[u8]| accuracy(&Reader::new(der, Rules::Der).element().unwrap()).ok();
        assert_eq!(read(&[0x30, 0x03, 0x02, 0x01, 0x01]), Some(1_000_000));
        assert_eq!(read(&[0x30, 0x07, 0x80, 0x02, 0x01, 0xf4, 0x81, 0x01, 0x64]), Some(500_100));
        assert_eq!(read(&[0x30, 0x04, 0x80, 0x02, 0x03, 0xe8]), None);
        assert_eq!(read(&[0x30, 0x00]), Some(0));
    }
}
