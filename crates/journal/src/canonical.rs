//! RFC 8785 (JSON Canonicalization Scheme), restricted to objects, text and unsigned integers.
//!
//! Keys are ASCII and written by the caller in sorted order (§3.2.3); text is escaped by §3.2.2.2;
//! integers stay within the 2^53 − 1 that §3.2.2.3 can carry without loss.

/// The largest integer that an IEEE 754 double carries exactly (RFC 7493 §2.2).
pub(crate) const MAX_INTEGER: u64 = (1 << 53) - 1;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes one JSON object; keys must come sorted.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    last_key: Option<&'static str>,
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, last_key: None }
    }

    fn key(&mut self, key: &'static str) {
        debug_assert!(self.last_key.is_none_or(|last| last < key), "keys sorted");
        if self.last_key.is_some() {
            self.out.push(b',');
        }
        self.last_key = Some(key);
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(crate) fn text(&mut self, key: &'static str, value: &str) {
        self.key(key);
        escape(self.out, value);
    }

    /// Absent members are left out, so that leaves from before the member existed stay as they were.
    pub(crate) fn optional_text(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    pub(crate) fn hex(&mut self, key: &'static str, value: &[u8]) {
        self.key(key);
        self.out.push(b'"');
        for byte in value {
            self.out.push(HEX[usize::from(byte >> 4)]);
            self.out.push(HEX[usize::from(byte & 15)]);
        }
        self.out.push(b'"');
    }

    pub(crate) fn optional_hex(&mut self, key: &'static str, value: Option<&[u8; 32]>) {
        if let Some(value) = value {
            self.hex(key, value);
        }
    }

    pub(crate) fn integer(&mut self, key: &'static str, value: u64) {
        self.key(key);
        self.out.extend_from_slice(value.to_string().as_bytes());
    }

    /// A value that is canonical JSON already.
    pub(crate) fn raw(&mut self, key: &'static str, value: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(value);
    }

    pub(crate) fn object(&mut self, key: &'static str, fill: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        let mut inner = Object::open(self.out);
        fill(&mut inner);
        inner.close();
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// A text as it stands between its quotation marks.
pub(crate) fn escaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    escape(&mut out, text);
    out[1..out.len() - 1].to_vec()
}

fn escape(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_written_as_serde_json_writes_it(a in any::<String>(), n in 0..=MAX_INTEGER) {
            let mut out = Vec::new();
            let mut object = Object::open(&mut out);
            object.text("a", &a);
            object.integer("n", n);
            object.close();
            let map = BTreeMap::from([
                ("a", serde_json::Value::from(a.as_str())),
                ("n", serde_json::Value::from(n)),
            ]);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&map).unwrap());
        }
    }

    #[test]
    fn escapes_follow_rfc_8785() {
        let mut out = Vec::new();
        escape(&mut out, "\u{0}\u{8}\t\n\u{c}\r\u{1f}\"\\/\u{7f}é");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"\\u0000\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\u{7f}é\""
        );
    }
}
