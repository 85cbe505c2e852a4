//! One pass over the text before the parser sees it: limits, and what the parser would let through.
//!
//! The parser behind the tree accepts some texts that other processors refuse or read otherwise (references to
//! surrogates, `a:xmlns` as a declaration of the default namespace, two declarations of it, a prefix declared as nothing,
//! a processing instruction named `xml`). Documents that two programs read differently are what signature wrapping is
//! made of, so they are refused here.

use super::declaration::is_space;
use crate::error::{Fault, Position, XmlError};
use crate::limits::{Limit, Limits};

/// What the pass found.
pub(super) struct Survey {
    /// Where start tags stand that declare namespaces, in document order.
    pub(super) declaring: Vec<u32>,
    /// The text holds a literal carriage return.
    pub(super) carriage_returns: bool,
}

/// Reads `text` from `start`, which is behind the XML declaration.
pub(super) fn survey(text: &str, start: usize, limits: &Limits) -> Result<Survey, XmlError> {
    // The parser reserves a node for every `<` and an attribute for every `=`, wherever they stand.
    let count = |wanted: u8| text.bytes().filter(|byte| *byte == wanted).count();
    if count(b'<') / 2 > limits.nodes || count(b'=') / 2 > limits.nodes {
        return Err(exceeded(Limit::Nodes, limits.nodes));
    }
    let mut surveyor = Surveyor {
        text,
        limits,
        nodes: 1,
        namespace_slots: 0,
        in_force: Vec::new(),
        declaring: Vec::new(),
    };
    surveyor.run(start)?;
    Ok(Survey { declaring: surveyor.declaring, carriage_returns: text.as_bytes().contains(&b'\r') })
}

struct Surveyor<'t, 'l> {
    text: &'t str,
    limits: &'l Limits,
    nodes: usize,
    /// Namespaces copied to elements that declare some, as the tree keeps them.
    namespace_slots: usize,
    /// Declarations in force within each open element.
    in_force: Vec<usize>,
    declaring: Vec<u32>,
}

impl Surveyor<'_, '_> {
    fn run(&mut self, start: usize) -> Result<(), XmlError> {
        let mut at = start;
        loop {
            let open = self.find_byte(at, '<');
            let end = open.unwrap_or(self.text.len());
            if end > at {
                self.node()?;
                self.references(at, end)?;
            }
            let Some(open) = open else { return Ok(()) };
            at = match self.byte(open + 1) {
                Some(b'!') => self.declaration(open)?,
                Some(b'?') => self.instruction(open)?,
                Some(b'/') => self.end_tag(open)?,
                _ => self.start_tag(open)?,
            };
        }
    }

    /// A comment or a CDATA section; gives where it ends.
    fn declaration(&mut self, open: usize) -> Result<usize, XmlError> {
        let rest = self.text.get(open..).unwrap_or_default();
        let (opening, closing) = if rest.starts_with("<!--") {
            ("<!--", "-->")
        } else if rest.starts_with("<![CDATA[") {
            ("<![CDATA[", "]]>")
        } else if rest.starts_with("<!DOCTYPE") {
            return Err(XmlError::DocumentType(Position::of(self.text, open)));
        } else {
            return Err(self.fault(Fault::Syntax, open));
        };
        self.node()?;
        self.closed(open, open + opening.len(), closing)
    }

    /// A processing instruction (XML 1.0 §2.6), whose target is a name other than `xml` in any case.
    fn instruction(&mut self, open: usize) -> Result<usize, XmlError> {
        self.node()?;
        let name = open + 2;
        let end = self.closed(open, name, "?>")?;
        let inside = self.text.get(name..end - 2).unwrap_or_default();
        let target = inside.split([' ', '\t', '\n', '\r']).next().unwrap_or_default();
        // The parser takes white space behind the target for granted.
        if !target.chars().all(is_name_char) || target.eq_ignore_ascii_case("xml") {
            return Err(self.fault(Fault::InvalidName, name));
        }
        Ok(end)
    }

    fn end_tag(&mut self, open: usize) -> Result<usize, XmlError> {
        if self.in_force.pop().is_none() {
            return Err(self.fault(Fault::MismatchedTag, open));
        }
        if self.byte(open + 2) == Some(b':') {
            return Err(self.fault(Fault::InvalidName, open + 2));
        }
        match self.find_byte(open + 2, '>') {
            Some(end) => Ok(end + 1),
            None => Err(self.fault(Fault::Unclosed, open)),
        }
    }

    fn start_tag(&mut self, open: usize) -> Result<usize, XmlError> {
        self.node()?;
        if self.in_force.len() >= self.limits.depth {
            return Err(exceeded(Limit::Depth, self.limits.depth));
        }
        let mut at = self.name(open + 1)?;
        let (mut attributes, mut declared, mut default_declared) = (0_usize, 0_usize, false);
        let open_ended = loop {
            at = self.skip_space(at);
            match self.byte(at) {
                Some(b'>') => break true,
                Some(b'/') if self.byte(at + 1) == Some(b'>') => break false,
                Some(_) => {}
                None => return Err(self.fault(Fault::Unclosed, open)),
            }
            attributes += 1;
            if attributes > self.limits.attributes {
                return Err(exceeded(Limit::Attributes, self.limits.attributes));
            }
            let name = at;
            let name_end = self.name(at)?;
            let value = self.value_start(name_end)?;
            at = self.value_end(value)?;
            let declares = self.declares(name, name_end, value == at)?;
            if declares == Some(Declares::Default)
                && core::mem::replace(&mut default_declared, true)
            {
                return Err(self.fault(Fault::DuplicateAttribute, name));
            }
            declared += usize::from(declares.is_some());
            at += 1;
        };
        self.declared(open, declared, open_ended)?;
        Ok(if open_ended { at + 1 } else { at + 2 })
    }

    /// Counts the declarations of one start tag.
    fn declared(&mut self, open: usize, declared: usize, open_ended: bool) -> Result<(), XmlError> {
        let in_force = self.in_force.last().copied().unwrap_or_default() + declared;
        if in_force > self.limits.namespaces {
            return Err(exceeded(Limit::Namespaces, self.limits.namespaces));
        }
        if declared > 0 {
            self.declaring.push(u32::try_from(open).unwrap_or(u32::MAX));
            self.namespace_slots += in_force;
            if self.namespace_slots > self.limits.nodes {
                return Err(exceeded(Limit::Nodes, self.limits.nodes));
            }
        }
        if open_ended {
            self.in_force.push(in_force);
        }
        Ok(())
    }

    /// What the attribute named by these bytes declares (Namespaces in XML 1.0 §3).
    fn declares(
        &self,
        name: usize,
        end: usize,
        empty_value: bool,
    ) -> Result<Option<Declares>, XmlError> {
        let qualified = self.text.get(name..end).unwrap_or_default();
        match qualified.split_once(':') {
            None if qualified == "xmlns" => Ok(Some(Declares::Default)),
            None => Ok(None),
            Some(("xmlns", "xmlns")) => Err(self.fault(Fault::ForbiddenDeclaration, name)),
            Some(("xmlns", _)) if empty_value => Err(self.fault(Fault::ForbiddenDeclaration, name)),
            Some(("xmlns", _)) => Ok(Some(Declares::Prefix)),
            Some((_, "xmlns")) => Err(self.fault(Fault::InvalidName, name)),
            Some(_) => Ok(None),
        }
    }

    /// Where the name that begins at `at` ends; the parser checks its characters.
    fn name(&self, at: usize) -> Result<usize, XmlError> {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'=' | b'/' | b'>' | b'<');
        match rest.iter().position(ends) {
            None => Err(self.fault(Fault::Unclosed, at)),
            Some(length) if length == 0 || rest.first() == Some(&b':') => {
                Err(self.fault(Fault::InvalidName, at))
            }
            Some(length) => Ok(at + length),
        }
    }

    /// The first byte of the value behind `=` and a quotation mark.
    fn value_start(&self, name_end: usize) -> Result<usize, XmlError> {
        let equals = self.skip_space(name_end);
        let quote = self.skip_space(equals + 1);
        if self.byte(equals) == Some(b'=') && matches!(self.byte(quote), Some(b'"' | b'\'')) {
            return Ok(quote + 1);
        }
        Err(self.fault(Fault::Syntax, equals))
    }

    /// The quotation mark behind the value that begins at `start`.
    fn value_end(&self, start: usize) -> Result<usize, XmlError> {
        let mark = if self.byte(start - 1) == Some(b'"') { '"' } else { '\'' };
        let Some(end) = self.find_byte(start, mark) else {
            return Err(self.fault(Fault::Unclosed, start));
        };
        let value = self.text.as_bytes().get(start..end).unwrap_or_default();
        if value.contains(&b'<') {
            return Err(self.fault(Fault::Syntax, start));
        }
        self.references(start, end)?;
        Ok(end)
    }

    /// Numeric character references must be to characters (XML 1.0 §4.1); the rest is the parser's.
    fn references(&self, start: usize, end: usize) -> Result<(), XmlError> {
        let text = self.text.get(start..end).unwrap_or_default();
        if !text.as_bytes().contains(&b'&') {
            return Ok(());
        }
        for (at, _) in text.match_indices("&#") {
            let reference = text.get(at + 2..).unwrap_or_default();
            let digits = reference.split(';').next().unwrap_or_default();
            let number = match digits.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            if number.ok().and_then(char::from_u32).is_none() {
                return Err(self.fault(Fault::InvalidReference, start + at));
            }
        }
        Ok(())
    }

    /// The byte behind `closing`, which must follow `from`.
    fn closed(&self, open: usize, from: usize, closing: &str) -> Result<usize, XmlError> {
        match self.text.get(from..).and_then(|rest| rest.find(closing)) {
            Some(length) => Ok(from + length + closing.len()),
            None => Err(self.fault(Fault::Unclosed, open)),
        }
    }

    fn node(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(exceeded(Limit::Nodes, self.limits.nodes));
        }
        Ok(())
    }

    fn skip_space(&self, from: usize) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_space(**byte)).count()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The next of an ASCII character, which the standard library looks for many bytes at a time.
    fn find_byte(&self, from: usize, wanted: char) -> Option<usize> {
        Some(from + self.text.get(from..)?.find(wanted)?)
    }

    fn fault(&self, fault: Fault, at: usize) -> XmlError {
        XmlError::NotWellFormed { fault, position: Position::of(self.text, at) }
    }
}

/// A character of a name (XML 1.0 §2.3, fifth edition), the colon left out as Namespaces in XML §7 wants it.
fn is_name_char(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-' | '.' | '\u{b7}' | '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{203f}'..='\u{2040}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// What an attribute named `xmlns…` declares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declares {
    Default,
    Prefix,
}

fn exceeded(limit: Limit, maximum: usize) -> XmlError {
    XmlError::LimitExceeded { limit, maximum }
}
