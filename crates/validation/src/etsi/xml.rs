//! As much XML as the report needs: elements, attributes, escaped text, two blanks a level.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Writes elements in order; what is opened is closed by [`Writer::close`] or at the end.
pub(super) struct Writer {
    text: String,
    open: Vec<String>,
}

impl Writer {
    /// With the XML declaration.
    pub(super) fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() }
    }

    /// Begins an element that holds elements.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name.to_owned());
    }

    /// Ends the innermost open element.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.text.push_str(&format!("</{name}>\n"));
        }
    }

    /// An element with text alone.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.begin(name, &[]);
        if text.is_empty() {
            self.text.push_str("/>\n");
        } else {
            self.text.push_str(&format!(">{}</{name}>\n", escaped(text)));
        }
    }

    /// An element with attributes alone.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// Closes what is open and gives the document.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.push_str(&format!("<{name}"));
        for (attribute, value) in attributes {
            self.text.push_str(&format!(" {attribute}=\"{}\"", escaped(value)));
        }
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.open.len()));
    }
}

/// Bytes as `xs:base64Binary`.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Text that can stand in an element or an attribute; what is no Char of XML 1.0 §2.2 becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        let mut xml = Writer::new();
        xml.open("a", &[("b", "\"<&>\n")]);
        xml.text("c", "]]><d>\u{0}\r\u{b}Đăk Hà");
        let text = xml.finish();
        assert!(text.contains("<a b=\"&quot;&lt;&amp;&gt;&#10;\">"), "{text}");
        assert!(text.contains("<c>]]&gt;&lt;d&gt;\u{fffd}&#13;\u{fffd}Đăk Hà</c>"), "{text}");
        assert!(text.ends_with("</a>\n"), "{text}");
    }
}
