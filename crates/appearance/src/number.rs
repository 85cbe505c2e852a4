//! Numbers as a content stream and a dictionary write them.

/// A number with three decimals at most: a third of a micrometre in points.
#[must_use]
pub fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if matches!(text, "" | "-0") { "0".to_owned() } else { text.to_owned() }
}

/// Bytes as a hexadecimal string `<…>` (ISO 32000-2 §7.3.4.3), in a content stream only: elsewhere a string is a
/// [`Piece`](kyso_pades::Piece) of its own, because an encrypted document encrypts it.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2 + 2);
    out.push('<');
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push('>');
    out
}
