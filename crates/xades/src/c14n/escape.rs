//! How characters are written (Canonical XML 1.0 §2.3).

use super::output::Output;

/// Bytes looked at together; where none needs a reference they are copied as they are.
const BLOCK: usize = 64;

/// Character data: `&`, `<`, `>` and carriage returns become references.
pub(super) fn text(text: &str, out: &mut Output<'_>) {
    escaped(text.as_bytes(), out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// An attribute's value: `&`, `<`, quotation marks, tabs, line feeds and carriage returns become references.
pub(super) fn attribute(value: &str, out: &mut Output<'_>) {
    escaped(value.as_bytes(), out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// The value of a comment or a processing instruction, whose line ends the tree keeps as they stand in the file.
pub(super) fn unescaped(value: &str, out: &mut Output<'_>) {
    let mut pieces = value.split('\r');
    out.push(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        // XML 1.0 §2.11: a carriage return with the line feed behind it, or alone, is one line feed.
        out.push(b"\n");
        out.push(piece.strip_prefix('\n').unwrap_or(piece).as_bytes());
    }
}

#[inline]
fn escaped(bytes: &[u8], out: &mut Output<'_>, reference: impl Fn(u8) -> Option<&'static [u8]>) {
    // Where the bytes begin that are still to be copied, and where the block begins that is looked at.
    let (mut from, mut block_start) = (0, 0);
    for block in bytes.chunks(BLOCK) {
        let special = block.iter().fold(false, |some, byte| some | reference(*byte).is_some());
        if special {
            for (at, byte) in block.iter().enumerate() {
                let Some(reference) = reference(*byte) else { continue };
                out.push(bytes.get(from..block_start + at).unwrap_or_default());
                out.push(reference);
                from = block_start + at + 1;
            }
        }
        block_start += block.len();
    }
    out.push(bytes.get(from..).unwrap_or_default());
}
