//! The content of a text field's appearance (ISO 32000-2 §12.7.4.3): text alone, read for what it says.

use super::value::number_of;
use crate::lexer::{Lexer, is_regular};
use crate::limits::Limits;
use crate::object::Object;

/// Operators that may stand in it besides those that show text: state, colour, position, marks, a clip.
const HARMLESS: [&[u8]; 27] = [
    b"q", b"Q", b"BT", b"ET", b"Tf", b"Td", b"TD", b"Tm", b"T*", b"TL", b"Tc", b"Tw", b"Tz", b"Ts",
    b"g", b"G", b"rg", b"RG", b"k", b"K", b"BMC", b"EMC", b"re", b"W", b"W*", b"n", b"Tr",
];

/// What an appearance shows.
pub(super) struct Shown {
    /// The characters in the order in which they are shown.
    pub(super) text: String,
}

/// Reads content that shows text within a box and does nothing else; `None` for any other content.
pub(super) fn shown_text(content: &[u8], bbox: [f64; 4], limits: &Limits) -> Option<Shown> {
    let mut lexer = Lexer::new(content, limits);
    let mut operands: Vec<Object> = Vec::new();
    let mut text = Vec::new();
    let mut state = State::new();
    loop {
        lexer.skip_white_space();
        let rest = content.get(lexer.position()..)?;
        let Some(&first) = rest.first() else {
            break;
        };
        if first.is_ascii_alphabetic() || matches!(first, b'\'' | b'"') {
            let len = rest.iter().take_while(|byte| is_regular(**byte)).count().max(1);
            let operator = rest.get(..len)?;
            if !lexer.literal(operator) {
                return None;
            }
            state.apply(operator, &operands, bbox, &mut text)?;
            operands.clear();
        } else {
            operands.push(lexer.value().ok()?);
            if operands.len() > 512 {
                return None;
            }
        }
    }
    // Codes beyond ASCII mean different characters in different fonts.
    let text = text.is_ascii().then(|| String::from_utf8(text).ok())??;
    operands.is_empty().then_some(Shown { text })
}

/// Where text is shown, as far as it must be known to see that it can be seen.
struct State {
    line: [f64; 2],
    leading: f64,
    size: f64,
    saved: usize,
    in_text: bool,
}

impl State {
    const fn new() -> Self {
        Self { line: [0.0; 2], leading: 0.0, size: 0.0, saved: 0, in_text: false }
    }

    fn apply(
        &mut self,
        operator: &[u8],
        operands: &[Object],
        bbox: [f64; 4],
        text: &mut Vec<u8>,
    ) -> Option<()> {
        let numbers: Vec<f64> = operands.iter().filter_map(number_of).collect();
        match (operator, numbers.as_slice()) {
            (b"q", []) => self.saved += 1,
            (b"Q", []) => self.saved = self.saved.checked_sub(1)?,
            (b"BT", []) if !self.in_text => (self.in_text, self.line) = (true, [0.0; 2]),
            (b"ET", []) if self.in_text => self.in_text = false,
            (b"Tf", [size]) if *size > 0.0 => self.size = *size,
            (b"TL", [leading]) => self.leading = *leading,
            (b"Td", [x, y]) => self.move_by(*x, *y),
            (b"TD", [x, y]) => {
                self.leading = -y;
                self.move_by(*x, *y);
            }
            (b"T*", []) => self.move_by(0.0, -self.leading),
            // Neither turned nor scaled: what is shown stays in its place and of its size.
            (b"Tm", [a, b, c, d, x, y]) if [*a, *b, *c, *d] == [1.0, 0.0, 0.0, 1.0] => {
                self.line = [*x, *y];
            }
            // Text that is filled, not hidden or a clip.
            (b"Tr", [mode]) if *mode == 0.0 => {}
            (b"Tz", [scale]) if *scale >= 25.0 => {}
            (b"Ts", [rise]) if rise.abs() <= 4.0 => {}
            (b"Tc" | b"Tw", [space]) if space.abs() <= 20.0 => {}
            // The clip is the field's own box or lies close within it.
            (b"re", [x, y, width, height]) => {
                let covers = *x <= bbox[0] + 4.0
                    && *y <= bbox[1] + 4.0
                    && x + width >= bbox[2] - 4.0
                    && y + height >= bbox[3] - 4.0;
                covers.then_some(())?;
            }
            (b"g" | b"G" | b"rg" | b"RG" | b"k" | b"K", colour) => {
                // Near white is for hiding.
                let light = match colour {
                    [gray] => *gray,
                    [red, green, blue] => red.min(*green).min(*blue),
                    [cyan, magenta, yellow, black] => {
                        1.0 - cyan.max(*magenta).max(*yellow).max(*black)
                    }
                    _ => return None,
                };
                (light <= 0.75).then_some(())?;
            }
            (b"W" | b"W*" | b"n" | b"EMC", []) => {}
            (b"BMC", []) => {
                operands.first()?.as_name()?;
            }
            (b"Tj", []) => self.show(operands.first()?.as_string()?, bbox, text)?,
            (b"'", []) => {
                self.move_by(0.0, -self.leading);
                self.show(operands.first()?.as_string()?, bbox, text)?;
            }
            (b"TJ", []) => {
                for item in &operands.first()?.as_array()?.items {
                    match item {
                        Object::String(part) => self.show(part, bbox, text)?,
                        other => (number_of(other)?.abs() <= 1_000.0).then_some(())?,
                    }
                }
            }
            _ => return None,
        }
        let known = HARMLESS.contains(&operator) || matches!(operator, b"Tj" | b"TJ" | b"'");
        known.then_some(())
    }

    fn move_by(&mut self, x: f64, y: f64) {
        self.line = [self.line[0] + x, self.line[1] + y];
    }

    /// Text is shown from within the box, in a size that can be read.
    fn show(
        &self,
        part: &[u8],
        [left, bottom, right, top]: [f64; 4],
        text: &mut Vec<u8>,
    ) -> Option<()> {
        let [x, y] = self.line;
        let inside =
            self.in_text && x >= left - 1.0 && x < right && y > bottom - self.size && y < top;
        (inside && self.size >= 3.0 && self.size <= (top - bottom).max(3.0) * 2.0).then_some(())?;
        text.extend(part);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Option<String> {
        shown_text(content.as_bytes(), [0.0, 0.0, 100.0, 20.0], &Limits::standard())
            .map(|one| one.text)
    }

    #[test]
    fn plain_text_is_read() {
        let content =
            "/Tx BMC q 1 1 98 18 re W n BT /Helv 12 Tf 0 g 2 5.5 Td (100 000) Tj ET Q EMC";
        assert_eq!(read(content).as_deref(), Some("100 000"));
        let lines = "BT /F 8 Tf 9 TL 2 12 Td [(a) -20 (b)] TJ (c) ' ET";
        assert_eq!(read(lines).as_deref(), Some("abc"));
        assert_eq!(read("").as_deref(), Some(""));
    }

    #[test]
    fn everything_else_is_refused() {
        for content in [
            "/Im Do",
            "q 0 0 100 20 re f Q",
            "BT /F 12 Tf 3 Tr 2 5 Td (x) Tj ET",
            "BT /F 12 Tf 1 g 2 5 Td (x) Tj ET",
            "BT /F 12 Tf 2 500 Td (x) Tj ET",
            "BT /F 0.1 Tf 2 5 Td (x) Tj ET",
            "BT /F 12 Tf 0 1 -1 0 2 5 Tm (x) Tj ET",
            "BT /F 12 Tf 2 5 Td (\\301) Tj ET",
            "1 0 0 1 500 0 cm BT /F 12 Tf 2 5 Td (x) Tj ET",
            "0 0 1 1 re W n BT /F 12 Tf 2 5 Td (x) Tj ET",
            "BI /W 1 ID x EI",
            "/P gs BT /F 12 Tf 2 5 Td (x) Tj ET",
            "BT /F 12 Tf 2 5 Td (x) Tj ET 5",
            "(x) Tj",
        ] {
            assert_eq!(read(content), None, "{content}");
        }
    }
}
