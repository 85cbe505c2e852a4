//! Signature values in the encoding that X.509 and CMS carry, and the conversions for ECDSA.

use crate::asn1::{self, Asn1Error, Reader, Rules, tag};

/// A signature as X.509 and CMS carry it: RSA and Ed25519 bytes, or DER `Ecdsa-Sig-Value` (RFC 3279 §2.2.3).
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureValue(Vec<u8>);

/// Why bytes are no ECDSA signature in the encoding that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaEncodingError {
    /// r‖s must be two halves of equal, positive length; at most 66 bytes each (P-521).
    FixedLength {
        /// Length found in bytes.
        len: usize,
    },
    /// The DER of `Ecdsa-Sig-Value` is malformed.
    Der(Asn1Error),
    /// r or s does not fit the length of the curve's order.
    IntegerTooLong {
        /// Length of the integer in bytes.
        len: usize,
        /// Length available in bytes.
        max: usize,
    },
}

impl core::fmt::Display for EcdsaEncodingError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::FixedLength { len } => {
                write!(f, "{len} bytes cannot be an ECDSA signature r‖s")
            }
            Self::Der(error) => write!(f, "malformed Ecdsa-Sig-Value: {error}"),
            Self::IntegerTooLong { len, max } => {
                write!(f, "ECDSA integer of {len} bytes, at most {max} fit")
            }
        }
    }
}

impl core::error::Error for EcdsaEncodingError {}

impl From<Asn1Error> for EcdsaEncodingError {
    fn from(error: Asn1Error) -> Self {
        Self::Der(error)
    }
}

impl SignatureValue {
    /// Takes an RSA or Ed25519 signature as PKCS#11 and every library gives it.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Takes an ECDSA signature r‖s, as PKCS#11 and IEEE P1363 give it.
    ///
    /// # Errors
    /// When the length cannot be that of such a signature.
    pub fn from_ecdsa_fixed(fixed: &[u8]) -> Result<Self, EcdsaEncodingError> {
        ecdsa_fixed_to_der(fixed).map(Self)
    }

    /// Takes an ECDSA signature in DER.
    ///
    /// # Errors
    /// When it is no DER `Ecdsa-Sig-Value`.
    pub fn from_ecdsa_der(der: &[u8]) -> Result<Self, EcdsaEncodingError> {
        ecdsa_integers(der)?;
        Ok(Self(der.to_vec()))
    }

    /// The bytes for the `signature` field.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for SignatureValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SignatureValue({} bytes)", self.0.len())
    }
}

/// Length in bytes of the order of P-521, the longest of our curves.
const MAX_INTEGER_LEN: usize = 66;

/// DER `Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` of r‖s.
///
/// # Errors
/// [`EcdsaEncodingError::FixedLength`] for an odd, zero or too long input.
pub fn ecdsa_fixed_to_der(fixed: &[u8]) -> Result<Vec<u8>, EcdsaEncodingError> {
    let len = fixed.len();
    if len == 0 || !len.is_multiple_of(2) || len > 2 * MAX_INTEGER_LEN {
        return Err(EcdsaEncodingError::FixedLength { len });
    }
    let (r, s) = fixed.split_at(len / 2);
    Ok(asn1::sequence(&[asn1::unsigned_integer(r), asn1::unsigned_integer(s)]))
}

/// r‖s of DER `Ecdsa-Sig-Value`, each `integer_len` bytes (32 for P-256, 48 for P-384, 66 for P-521).
///
/// # Errors
/// When the DER is malformed, an integer is negative or does not fit.
pub fn ecdsa_der_to_fixed(der: &[u8], integer_len: usize) -> Result<Vec<u8>, EcdsaEncodingError> {
    let mut fixed = Vec::with_capacity(2 * integer_len);
    for magnitude in ecdsa_integers(der)? {
        let pad = integer_len
            .checked_sub(magnitude.len())
            .ok_or(EcdsaEncodingError::IntegerTooLong { len: magnitude.len(), max: integer_len })?;
        fixed.resize(fixed.len() + pad, 0);
        fixed.extend_from_slice(magnitude);
    }
    Ok(fixed)
}

/// Magnitudes of r and s without leading zeros.
fn ecdsa_integers(der: &[u8]) -> Result<[&[u8]; 2], Asn1Error> {
    let mut outer = Reader::new(der, Rules::Der);
    let mut fields = outer.expect(tag::SEQUENCE)?.children()?;
    outer.finish()?;
    let mut magnitude = || {
        let integer = fields.expect(tag::INTEGER)?;
        match integer.value() {
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
            all @ [1..=0x7f, ..] => Ok(all),
            // Empty, negative, zero or padded.
            _ => Err(integer.invalid()),
        }
    };
    let integers = [magnitude()?, magnitude()?];
    fields.finish()?;
    Ok(integers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fixed_and_der_round_trip(
            len in prop::sample::select(vec![32_usize, 48, 66]),
            seed in proptest::collection::vec(any::<u8>(), 132),
            zeros in 0_usize..31,
        ) {
            let mut fixed = seed[..2 * len].to_vec();
            fixed[..zeros].fill(0);
            fixed[len - 1] |= 1;
            fixed[2 * len - 1] |= 1;
            let der = ecdsa_fixed_to_der(&fixed).unwrap();
            prop_assert!(SignatureValue::from_ecdsa_der(&der).is_ok());
            prop_assert_eq!(ecdsa_der_to_fixed(&der, len).unwrap(), fixed);
        }
    }

    #[test]
    fn impossible_lengths_and_integers_are_refused() {
        for len in [0, 1, 63, 134] {
            assert_eq!(
                ecdsa_fixed_to_der(&vec![1; len]),
                Err(EcdsaEncodingError::FixedLength { len })
            );
        }
        let zero = asn1::sequence(&[asn1::small_integer(0), asn1::small_integer(1)]);
        assert!(ecdsa_der_to_fixed(&zero, 32).is_err());
        let long = ecdsa_fixed_to_der(&[0xff; 132]).unwrap();
        assert_eq!(
            ecdsa_der_to_fixed(&long, 32),
            Err(EcdsaEncodingError::IntegerTooLong { len: 66, max: 32 })
        );
    }
}
