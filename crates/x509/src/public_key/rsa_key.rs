//! RSA public keys, whose arithmetic is prepared only where ring does not verify.

use crate::asn1::{Asn1Error, Reader, Rules, tag};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use std::sync::OnceLock;

/// Shortest modulus in bits that is read at all, so that a policy can say why it is too short.
const MIN_BITS: usize = 1024;
/// Longest modulus in bits: ring's and RustCrypto's limit.
const MAX_BITS: usize = 8192;

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1), looked over.
pub(super) struct RsaKey {
    /// Length of the modulus.
    pub(super) bits: usize,
    /// The key ready to compute with: preparing it costs half as much as a verification.
    computing: OnceLock<Option<RsaPublicKey>>,
}

impl RsaKey {
    /// `None` where the bytes are no key, or the modulus has too few or too many bits.
    pub(super) fn from_der(bytes: &[u8]) -> Option<Self> {
        let [modulus, exponent] = integers(bytes).ok()?;
        let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        // As RustCrypto: an odd exponent from 3 to 2^33 - 1.
        let fits = match exponent {
            [one] => *one >= 3,
            [first, _, _, _, _] => *first <= 1,
            longer => longer.len() < 5,
        };
        ((MIN_BITS..=MAX_BITS).contains(&bits) && odd(modulus) && odd(exponent) && fits)
            .then(|| Self { bits, computing: OnceLock::new() })
    }

    /// The key of the same bytes.
    pub(super) fn computing(&self, bytes: &[u8]) -> Option<&RsaPublicKey> {
        self.computing.get_or_init(|| RsaPublicKey::from_pkcs1_der(bytes).ok()).as_ref()
    }
}

/// Magnitudes of modulus and exponent without leading zeros.
fn integers(bytes: &[u8]) -> Result<[&[u8]; 2], Asn1Error> {
    let mut outer = Reader::new(bytes, Rules::Der);
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
    use crate::asn1::{sequence, tlv, unsigned_integer};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_can_compute_and_the_reverse(
            len in prop::sample::select(vec![127_usize, 128, 129, 256, 1024, 1025]),
            first: u8,
            last: u8,
            exponent in proptest::collection::vec(any::<u8>(), 0..7),
            raw: bool,
        ) {
            let mut modulus = vec![0xa5; len];
            modulus[0] = first;
            modulus[len - 1] = last;
            let exponent =
                if raw { tlv(tag::INTEGER, &exponent) } else { unsigned_integer(&exponent) };
            let der = sequence(&[unsigned_integer(&modulus), exponent]);
            let read = RsaKey::from_der(&der);
            let computing = RsaPublicKey::from_pkcs1_der(&der);
            prop_assert_eq!(read.is_some(), computing.is_ok());
            if let (Some(read), Ok(computing)) = (read, computing) {
                use rsa::traits::PublicKeyParts as _;
                prop_assert_eq!(read.bits, usize::try_from(computing.n().bits()).unwrap());
                prop_assert!(read.computing(&der).is_some());
            }
        }
    }
}
