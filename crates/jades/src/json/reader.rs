//! The walk over a JSON text (RFC 8259 §2 to §7).

use super::{JsonError, Member, Node, Value};
use crate::limits::{Limit, Limits};
use std::borrow::Cow;
use std::collections::BTreeSet;

pub(super) fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Node<'a>, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(exceeded(Limit::Bytes, limits.bytes));
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|error| JsonError::NotUtf8 { offset: error.valid_up_to() })?;
    let mut reader = Reader { text, at: 0, values: 0, limits };
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.syntax()),
    }
}

struct Reader<'a, 'l> {
    text: &'a str,
    at: usize,
    values: usize,
    limits: &'l Limits,
}

const fn exceeded(limit: Limit, maximum: usize) -> JsonError {
    JsonError::LimitExceeded { limit, maximum }
}

impl<'a> Reader<'a, '_> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, JsonError> {
        self.values = self.values.saturating_add(1);
        if self.values > self.limits.values {
            return Err(exceeded(Limit::Values, self.limits.values));
        }
        self.skip_space();
        let offset = self.at;
        let value = match self.peek().ok_or(JsonError::Truncated)? {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Value::String(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal("true", Value::Bool(true))?,
            b'f' => self.literal("false", Value::Bool(false))?,
            b'n' => self.literal("null", Value::Null)?,
            _ => return Err(self.syntax()),
        };
        Ok(Node { text: self.since(offset), offset, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        let offset = self.at;
        let depth = self.deeper(depth)?;
        let mut members: Vec<Member<'a>> = Vec::new();
        if !self.is_empty(b'}') {
            loop {
                self.skip_space();
                match self.peek().ok_or(JsonError::Truncated)? {
                    b'"' => {}
                    _ => return Err(self.syntax()),
                }
                let name = self.string()?;
                self.skip_space();
                self.expect(b':')?;
                let value = self.value(depth)?;
                members.push(Member { name, value });
                if self.ends(b'}')? {
                    break;
                }
            }
        }
        // Compared after decoding: `"\u0061"` is `"a"`.
        let names: BTreeSet<&str> = members.iter().map(|member| &*member.name).collect();
        if names.len() != members.len() {
            return Err(JsonError::DuplicateMember { offset });
        }
        Ok(Value::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        let depth = self.deeper(depth)?;
        let mut elements = Vec::new();
        if !self.is_empty(b']') {
            loop {
                elements.push(self.value(depth)?);
                if self.ends(b']')? {
                    break;
                }
            }
        }
        Ok(Value::Array(elements))
    }

    /// Steps over the bracket.
    fn deeper(&mut self, depth: usize) -> Result<usize, JsonError> {
        self.at = self.at.saturating_add(1);
        if depth >= self.limits.depth {
            return Err(exceeded(Limit::Depth, self.limits.depth));
        }
        Ok(depth.saturating_add(1))
    }

    /// Steps over the closing bracket where it comes at once.
    fn is_empty(&mut self, close: u8) -> bool {
        self.skip_space();
        let empty = self.peek() == Some(close);
        if empty {
            self.at = self.at.saturating_add(1);
        }
        empty
    }

    /// Steps over a comma or the closing bracket; true for the latter.
    fn ends(&mut self, close: u8) -> Result<bool, JsonError> {
        self.skip_space();
        let found = self.peek().ok_or(JsonError::Truncated)?;
        if found != close && found != b',' {
            return Err(self.syntax());
        }
        self.at = self.at.saturating_add(1);
        Ok(found == close)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let offset = self.at;
        self.at = self.at.saturating_add(1);
        let mut escaped = false;
        loop {
            match self.peek().ok_or(JsonError::Truncated)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at = self.at.saturating_add(2);
                }
                // RFC 8259 §7: control characters are escaped.
                0..=0x1f => return Err(self.syntax()),
                _ => self.at = self.at.saturating_add(1),
            }
        }
        self.at = self.at.saturating_add(1);
        let token = self.since(offset);
        if escaped {
            let decoded = serde_json::from_str::<String>(token);
            return decoded.map(Cow::Owned).map_err(|_| JsonError::InvalidString { offset });
        }
        let inner = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.map(Cow::Borrowed).ok_or(JsonError::InvalidString { offset })
    }

    /// `[ minus ] int [ frac ] [ exp ]` (RFC 8259 §6).
    fn number(&mut self) -> Result<Value<'a>, JsonError> {
        let offset = self.at;
        self.step_if(|byte| byte == b'-');
        if !self.step_if(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.step_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.step_if(|byte| matches!(byte, b'e' | b'E')) {
            self.step_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(Value::Number(self.since(offset)))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let offset = self.at;
        while self.step_if(|byte| byte.is_ascii_digit()) {}
        match self.peek() {
            _ if self.at > offset => Ok(()),
            None => Err(JsonError::Truncated),
            Some(_) => Err(self.syntax()),
        }
    }

    fn literal(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        word.bytes().try_for_each(|byte| self.expect(byte)).map(|()| value)
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek().ok_or(JsonError::Truncated)? != byte {
            return Err(self.syntax());
        }
        self.at = self.at.saturating_add(1);
        Ok(())
    }

    fn step_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        if found {
            self.at = self.at.saturating_add(1);
        }
        found
    }

    fn skip_space(&mut self) {
        while self.step_if(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What was stepped over since; the ends lie between characters, as all that is stepped over is ASCII but strings.
    fn since(&self, offset: usize) -> &'a str {
        self.text.get(offset..self.at).unwrap_or_default()
    }

    const fn syntax(&self) -> JsonError {
        JsonError::Syntax { offset: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits() -> Limits {
        Limits::documents()
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        let duplicate = JsonError::DuplicateMember { offset: 0 };
        assert_eq!(read(br#"{"a":1,"a":1}"#, &limits()), Err(duplicate));
        assert_eq!(read(br#"{"a":1,"\u0061":2}"#, &limits()), Err(duplicate));
        for wrong in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{,}",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "-",
            "NaN",
            "nul",
            "tru",
            "'a'",
            "\"\n\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "1 2",
            "{} x",
            "{a:1}",
            "{\"a\" 1}",
            "[1 2]",
            "\u{feff}{}",
            "\"a",
            "\"\\\"",
            "/**/1",
            "\"\\",
        ] {
            assert!(read(wrong.as_bytes(), &limits()).is_err(), "{wrong:?}");
        }
        assert_eq!(read(b"\"\xff\"", &limits()), Err(JsonError::NotUtf8 { offset: 1 }));
    }

    #[test]
    fn limits_are_kept() {
        let small = Limits { depth: 2, values: 4, bytes: 20, ..limits() };
        assert!(read(b"[[1]]", &small).is_ok());
        assert_eq!(read(b"[[[1]]]", &small), Err(exceeded(Limit::Depth, 2)));
        assert_eq!(read(b"[1,2,3,4]", &small), Err(exceeded(Limit::Values, 4)));
        assert_eq!(read(&[b' '; 21], &small), Err(exceeded(Limit::Bytes, 20)));
        let deep = "[".repeat(200_000);
        assert_eq!(read(deep.as_bytes(), &limits()), Err(exceeded(Limit::Depth, 64)));
    }

    #[test]
    fn every_value_keeps_its_text() {
        let text = r#" {"a" : [ 1.50 , "\u00e9" ], "é":{} } "#;
        let node = read(text.as_bytes(), &limits()).unwrap();
        let array = node.member("a").unwrap();
        assert_eq!(array.text(), r#"[ 1.50 , "\u00e9" ]"#);
        assert_eq!(&text[array.offset()..][..array.text().len()], array.text());
        let elements = array.elements().unwrap();
        assert_eq!(elements[0].value(), &Value::Number("1.50"));
        assert_eq!(elements[1].as_str(), Some("é"));
        assert_eq!(node.member("é").unwrap().text(), "{}");
    }

    fn same(ours: &Node<'_>, theirs: &serde_json::Value) -> bool {
        match (ours.value(), theirs) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
            (Value::Number(_), serde_json::Value::Number(_)) => true,
            (Value::String(ours), serde_json::Value::String(theirs)) => ours == theirs,
            (Value::Array(ours), serde_json::Value::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
            }
            (Value::Object(ours), serde_json::Value::Object(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().all(|one| {
                        theirs.get(&*one.name).is_some_and(|other| same(&one.value, other))
                    })
            }
            _ => false,
        }
    }

    proptest! {
        /// Whatever `serde_json` reads we read alike, but for what we refuse on purpose; whatever it refuses, we refuse.
        #[test]
        fn reads_as_serde_json_does(
            pieces in proptest::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "\"\\u00e9\"", "1", "-0", "0.5",
                    "1e3", "true", "null", " ", "\"\\ud83d\\ude00\"", "\"", "\\", "0", "é", "1E+2",
                ]),
                0..14,
            )
        ) {
            let text = pieces.concat();
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (read(text.as_bytes(), &limits()), theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{}", text),
                (Err(JsonError::DuplicateMember { .. }), _) | (Err(_), Err(_)) => {}
                // RFC 8259 §6 sets no range; we keep the digits.
                (Ok(_), Err(error)) if error.to_string().contains("out of range") => {}
                (ours, theirs) => prop_assert!(false, "{text}: {ours:?} against {theirs:?}"),
            }
        }
    }
}
