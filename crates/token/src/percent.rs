//! Percent-encoding (RFC 3986 §2.1).

/// Decodes `%XX`; the error is the byte offset of a `%` that encodes nothing, or of a byte in `refused`, encoded or not.
pub(crate) fn decode(text: &str, refused: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().enumerate();
    while let Some((at, byte)) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = text.get(at + 1..at + 3).ok_or(at)?;
                rest.nth(1);
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).map_err(|_| at)?;
                byte[0]
            }
            byte => byte,
        };
        if refused.contains(&byte) {
            return Err(at);
        }
        bytes.push(byte);
    }
    Ok(bytes)
}

/// Encodes all but the unreserved characters (RFC 3986 §2.3).
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
