//! Length of a BER value (X.690 §8.1), to tell a message from the padding behind it.

/// Depth of indefinite lengths followed: CMS nests fewer than 20 levels.
const NESTING: usize = 64;

/// Length of the SEQUENCE that the bytes begin with, identifier and length included.
pub(crate) fn message_len(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&0x30) {
        return None;
    }
    let mut at = 0;
    let mut open = 0usize;
    loop {
        let (header, length) = header(bytes.get(at..)?)?;
        at += header;
        match length {
            Some(length) => at = at.checked_add(length).filter(|&end| end <= bytes.len())?,
            None if open < NESTING => open += 1,
            None => return None,
        }
        // End-of-contents octets close the innermost indefinite length.
        while open > 0 && bytes.get(at..)?.starts_with(&[0, 0]) {
            at += 2;
            open -= 1;
        }
        if open == 0 {
            return Some(at);
        }
    }
}

/// Bytes of identifier and length, and the content's length; `None` for the indefinite form.
fn header(bytes: &[u8]) -> Option<(usize, Option<usize>)> {
    let mut at = 1;
    if bytes.first()? & 0x1f == 0x1f {
        while bytes.get(at)? & 0x80 != 0 {
            at += 1;
        }
        at += 1;
    }
    let first = *bytes.get(at)?;
    at += 1;
    match first {
        0..=0x7f => Some((at, Some(usize::from(first)))),
        // Only a constructed value may have the indefinite form (§8.1.3.2).
        0x80 if bytes[0] & 0x20 != 0 => Some((at, None)),
        0x80 => None,
        _ => {
            let octets = bytes.get(at..at + usize::from(first & 0x7f))?;
            at += octets.len();
            let length = octets.iter().try_fold(0usize, |value, &octet| {
                Some(value.checked_mul(256)? | usize::from(octet))
            })?;
            Some((at, Some(length)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::message_len;

    #[test]
    fn both_forms_end_before_the_padding() {
        assert_eq!(message_len(&[0x30, 3, 2, 1, 5, 0, 0, 0]), Some(5));
        assert_eq!(message_len(&[0x30, 0x81, 3, 2, 1, 5, 0]), Some(6));
        let indefinite = [0x30, 0x80, 0xa0, 0x80, 2, 1, 0, 0, 0, 4, 1, 9, 0, 0, 0, 0, 0];
        assert_eq!(message_len(&indefinite), Some(14));
        assert_eq!(message_len(&[0x30, 0x80, 0, 0, 0]), Some(4));
    }

    #[test]
    fn what_is_no_message_has_no_length() {
        for bytes in [&[][..], &[0; 8], &[0x30, 5, 1], &[0x30, 0x80, 2, 1, 0], &[0x30, 0xff]] {
            assert_eq!(message_len(bytes), None, "{bytes:?}");
        }
        assert_eq!(message_len(&[0x30, 0x80].repeat(100_000)), None);
    }
}
