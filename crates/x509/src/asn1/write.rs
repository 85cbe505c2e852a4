//! Writing DER.

use super::tag;
use const_oid::ObjectIdentifier;

/// The identifier and definite length octets of an element whose content has `value_len` bytes.
#[must_use]
pub fn header_bytes(tag: u8, value_len: u64) -> Vec<u8> {
    let mut header = vec![tag];
    if value_len < 0x80 {
        header.extend(value_len.to_le_bytes().first());
    } else {
        let octets = value_len.to_be_bytes();
        let skip = octets.iter().take_while(|octet| **octet == 0).count();
        header.extend((0x80_usize + octets.len() - skip).to_le_bytes().first());
        header.extend_from_slice(&octets[skip..]);
    }
    header
}

/// An element in DER.
#[must_use]
pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut element = header_bytes(tag, value.len() as u64);
    element.extend_from_slice(value);
    element
}

/// A SEQUENCE of encoded elements.
#[must_use]
pub fn sequence<T: AsRef<[u8]>>(elements: &[T]) -> Vec<u8> {
    constructed(tag::SEQUENCE, elements)
}

/// A constructed element of encoded elements in the given order.
#[must_use]
pub fn constructed<T: AsRef<[u8]>>(tag: u8, elements: &[T]) -> Vec<u8> {
    let mut value = Vec::new();
    for element in elements {
        value.extend_from_slice(element.as_ref());
    }
    tlv(tag, &value)
}

/// A SET OF encoded elements, sorted as DER demands (X.690 §11.6).
#[must_use]
pub fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    constructed(tag::SET, &elements)
}

/// An OBJECT IDENTIFIER in DER.
#[must_use]
pub fn oid(value: ObjectIdentifier) -> Vec<u8> {
    tlv(tag::OBJECT_IDENTIFIER, value.as_bytes())
}

/// A small non-negative INTEGER in DER.
#[must_use]
pub fn small_integer(value: u32) -> Vec<u8> {
    unsigned_integer(&value.to_be_bytes())
}

/// A non-negative INTEGER in DER from its big-endian magnitude; leading zeros are dropped.
#[must_use]
pub fn unsigned_integer(magnitude: &[u8]) -> Vec<u8> {
    let skip = magnitude.iter().take_while(|byte| **byte == 0).count();
    let digits = &magnitude[skip..];
    let mut value = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        value.push(0);
    }
    value.extend_from_slice(digits);
    tlv(tag::INTEGER, &value)
}

/// NULL in DER.
pub const NULL: [u8; 2] = [tag::NULL, 0];
