//! Character data read from the text itself, for documents with literal carriage returns.
//!
//! XML 1.0 §2.11 turns the line ends of a file into line feeds before anything else happens, while a referenced carriage
//! return stays one. The tree mixes the two up where a lone carriage return stands before a reference or at an end
//! beside one, so where the text holds any, it is asked itself.

use roxmltree::Node;

use super::escape;
use super::output::Output;

/// Writes a text node: from the tree, or from the text where a carriage return stands in it.
pub(super) fn write(text: &str, node: Node<'_, '_>, out: &mut Output<'_>) {
    let start = node.range().start;
    let source = text.get(start..end(text, node)).unwrap_or_default();
    if source.contains('\r') {
        escape::text(&read(source), out);
    } else {
        escape::text(node.text().unwrap_or_default(), out);
    }
}

/// Where a text node ends: at the next node, or at its parent's end tag, the last `</` of the parent.
fn end(text: &str, node: Node<'_, '_>) -> usize {
    if let Some(next) = node.next_sibling() {
        return next.range().start;
    }
    let start = node.range().start;
    let parent_end = node.parent().map_or(text.len(), |parent| parent.range().end);
    let rest = text.get(start..parent_end).unwrap_or_default();
    start + rest.rfind("</").unwrap_or(rest.len())
}

/// Character data with its sections and references resolved (XML 1.0 §2.7, §4.1, §4.6); the parser has accepted it.
fn read(source: &str) -> String {
    let mut value = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((data, section)) = rest.split_once("<![CDATA[") {
        references(data, &mut value);
        let (section, behind) = section.split_once("]]>").unwrap_or((section, ""));
        line_ends(section, &mut value);
        rest = behind;
    }
    references(rest, &mut value);
    value
}

fn references(data: &str, into: &mut String) {
    let mut pieces = data.split('&');
    line_ends(pieces.next().unwrap_or_default(), into);
    for piece in pieces {
        let (name, behind) = piece.split_once(';').unwrap_or((piece, ""));
        into.extend(character(name));
        line_ends(behind, into);
    }
}

/// The character of a reference without `&` and `;`.
fn character(reference: &str) -> Option<char> {
    let number = match reference {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "apos" => return Some('\''),
        "quot" => return Some('"'),
        _ => reference.strip_prefix('#')?,
    };
    let number = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    number.ok().and_then(char::from_u32)
}

/// Appends a piece of the file with every line end as one line feed.
fn line_ends(piece: &str, into: &mut String) {
    let mut lines = piece.split('\r');
    *into += lines.next().unwrap_or_default();
    for line in lines {
        into.push('\n');
        *into += line.strip_prefix('\n').unwrap_or(line);
    }
}
