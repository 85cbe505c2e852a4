//! The two base64 alphabets of JOSE, read strictly: one text for one value.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Why a text is no base64 in the form that its place demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base64Error {
    /// A byte outside of the alphabet, padding or white space among them.
    InvalidByte {
        /// Its offset in bytes.
        offset: usize,
    },
    /// No number of bytes has an encoding of this length.
    InvalidLength {
        /// The length found.
        len: usize,
    },
    /// The last character carries bits that no byte holds and that are not zero.
    TrailingBits {
        /// Its offset in bytes.
        offset: usize,
    },
    /// Padding is missing, or there where none may be.
    InvalidPadding,
}

impl core::fmt::Display for Base64Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::InvalidByte { offset } => write!(f, "byte {offset} is not of the alphabet"),
            Self::InvalidLength { len } => write!(f, "{len} characters encode no bytes"),
            Self::TrailingBits { offset } => write!(f, "unused bits at offset {offset} are set"),
            Self::InvalidPadding => f.write_str("the padding is wrong"),
        }
    }
}

impl core::error::Error for Base64Error {}

/// Decodes base64url without padding (RFC 7515 §2).
///
/// # Errors
/// For every text that [`encode_url`] does not make.
pub fn decode_url(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Base64Error> {
    let text = text.as_ref();
    URL_SAFE_NO_PAD.decode(text).map_err(|error| fault(error, text.len()))
}

/// base64url without padding (RFC 7515 §2).
#[must_use]
pub fn encode_url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes base64 with padding (RFC 4648 §4), as `x5c`, `val` of a time-stamp and FHIR's `base64Binary` have it.
///
/// # Errors
/// For every text that [`encode`] does not make.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Base64Error> {
    let text = text.as_ref();
    STANDARD.decode(text).map_err(|error| fault(error, text.len()))
}

/// base64 with padding (RFC 4648 §4).
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

const fn fault(error: base64::DecodeError, len: usize) -> Base64Error {
    match error {
        base64::DecodeError::InvalidByte(offset, _) => Base64Error::InvalidByte { offset },
        base64::DecodeError::InvalidLength(_) => Base64Error::InvalidLength { len },
        base64::DecodeError::InvalidLastSymbol(offset, _) => Base64Error::TrailingBits { offset },
        base64::DecodeError::InvalidPadding => Base64Error::InvalidPadding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_one_value() {
        assert_eq!(decode_url("-_8"), Ok(vec![0xfb, 0xff]));
        assert_eq!(decode_url("-_9"), Err(Base64Error::TrailingBits { offset: 2 }));
        for wrong in ["-_8=", "+/8", "-_ 8", "-_8\n", "A"] {
            assert!(decode_url(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(decode("+/8="), Ok(vec![0xfb, 0xff]));
        for wrong in ["+/8", "-_8=", "+/9=", "+/8=\n", "+/8=="] {
            assert!(decode(wrong).is_err(), "{wrong:?}");
        }
    }
}
