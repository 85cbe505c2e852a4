//! The content of a text or choice field's appearance (ISO 32000-2 §12.7.4.3): a background, a border and text alone,
//! read for what it says.
//!
//! Text counts where it can be seen: inside the box, in its order, of a size and against a background that let it be
//! read. What could hide text, or draw letters that are no text, is refused.

mod paint;

use super::fonts::Usable;
use super::value::number_of;
use crate::lexer::{Lexer, is_regular};
use crate::limits::Limits;
use crate::object::{Name, Object};
pub(super) use paint::luminance;
use paint::{Band, Paint};

/// Share of the size by which text may begin before the end of what stands left of it: widths of fonts that do not say
/// them are guessed, and pairs of letters are kerned.
const OVERLAP: f64 = 0.35;
/// Share of the size within which two texts stand on one line.
const SAME_LINE: f64 = 0.3;
/// Height of letters above the baseline, as a share of the size.
const LETTERS: f64 = 0.65;
/// Greatest move within a string, in thousandths of the size: a cell of a comb field.
const LARGEST_MOVE: f64 = 10_000.0;
/// Saved graphics states: of an honest appearance 3 at most.
const SAVED: usize = 16;

/// What an appearance shows.
#[derive(Debug)]
pub(super) struct Shown {
    /// The lines from the top to the bottom.
    pub(super) lines: Vec<Line>,
    /// Luminance of the background; `None` where what lies below the box is seen.
    pub(super) background: Option<f64>,
}

/// A line of text.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its characters in the order in which they stand.
    pub(super) text: String,
    /// Whether it stands on a band of its own, as a chosen option of a list does.
    pub(super) is_marked: bool,
    /// Heights between which its letters stand.
    letters: [f64; 2],
    /// Bands painted before it.
    bands: usize,
}

/// Why an appearance is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It does more than to show text, or hides some.
    Content,
    /// It is shown in a font that came with it.
    Foreign,
}

impl Shown {
    /// All its text.
    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Reads content that shows text within a box and does nothing else.
pub(super) fn shown_text(
    content: &[u8],
    bbox: [f64; 4],
    fonts: &[(Name, Usable)],
    limits: &Limits,
) -> Result<Shown, Unread> {
    let mut lexer = Lexer::new(content, limits);
    let mut operands: Vec<Object> = Vec::new();
    let mut reader = Reader {
        bbox,
        fonts,
        paint: Paint::new(bbox),
        text: TextState::new(),
        saved: Vec::new(),
        origin: None,
        place: [0.0; 2],
        end: None,
        lines: Vec::new(),
    };
    loop {
        lexer.skip_white_space();
        let rest = content.get(lexer.position()..).ok_or(Unread::Content)?;
        let Some(&first) = rest.first() else {
            break;
        };
        if first.is_ascii_alphabetic() || matches!(first, b'\'' | b'"') {
            let len = rest.iter().take_while(|byte| is_regular(**byte)).count().max(1);
            let operator = rest.get(..len).ok_or(Unread::Content)?;
            if !lexer.literal(operator) {
                return Err(Unread::Content);
            }
            reader.apply(operator, &operands)?;
            operands.clear();
        } else {
            operands.push(lexer.value().map_err(|_| Unread::Content)?);
            if operands.len() > 512 {
                return Err(Unread::Content);
            }
        }
    }
    if !operands.is_empty() {
        return Err(Unread::Content);
    }
    let lines = reader.lines;
    let carries = |band: &Band| lines.iter().any(|line| line.is_marked && band.holds(line.letters));
    if !reader.paint.bands.iter().all(|band| band.is_whole || carries(band)) {
        return Err(Unread::Content);
    }
    let whole = reader.paint.bands.iter().rfind(|band| band.is_whole);
    let background = whole.map(|band| band.luminance);
    Ok(Shown { lines, background })
}

struct Reader<'a> {
    bbox: [f64; 4],
    fonts: &'a [(Name, Usable)],
    paint: Paint,
    text: TextState,
    saved: Vec<(TextState, f64)>,
    /// Where the line begins; `None` outside of text objects.
    origin: Option<[f64; 2]>,
    /// Where the next character stands.
    place: [f64; 2],
    /// Where the last one ended.
    end: Option<[f64; 2]>,
    lines: Vec<Line>,
}

/// The text state (§9.3.1).
#[derive(Clone)]
struct TextState {
    font: Option<Usable>,
    size: f64,
    leading: f64,
    character_spacing: f64,
    word_spacing: f64,
    scaling: f64,
}

impl TextState {
    const fn new() -> Self {
        Self {
            font: None,
            size: 0.0,
            leading: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scaling: 1.0,
        }
    }
}

impl Reader<'_> {
    fn apply(&mut self, operator: &[u8], operands: &[Object]) -> Result<(), Unread> {
        let known = self.state(operator, operands) || self.paint(operator, operands);
        if known { Ok(()) } else { self.show_operator(operator, operands) }
    }

    /// State, positions and marks; `false` for any other operator or operands.
    fn state(&mut self, operator: &[u8], operands: &[Object]) -> bool {
        let numbers: Vec<f64> = operands.iter().filter_map(number_of).collect();
        match (operator, numbers.as_slice()) {
            (b"q", []) if self.saved.len() < SAVED => {
                self.saved.push((self.text.clone(), self.paint.colour));
            }
            (b"Q", []) => match self.saved.pop() {
                Some((text, colour)) => (self.text, self.paint.colour) = (text, colour),
                None => return false,
            },
            (b"BT", []) if self.origin.is_none() => self.move_to([0.0; 2]),
            (b"ET", []) if self.origin.is_some() => self.origin = None,
            (b"Tf", [size]) if *size > 0.0 => {
                let name = operands.first().and_then(Object::as_name);
                let font = name.and_then(|name| self.fonts.iter().rfind(|one| one.0 == *name));
                self.text.font = font.map(|(_, font)| font.clone());
                self.text.size = *size;
            }
            (b"TL", [leading]) => self.text.leading = *leading,
            (b"Td", [x, y]) => return self.move_by(*x, *y),
            (b"TD", [x, y]) => {
                self.text.leading = -y;
                return self.move_by(*x, *y);
            }
            (b"T*", []) => return self.move_by(0.0, -self.text.leading),
            // Neither turned nor scaled: what is shown stays in its place and of its size.
            (b"Tm", [a, b, c, d, x, y])
                if [*a, *b, *c, *d] == [1.0, 0.0, 0.0, 1.0] && self.origin.is_some() =>
            {
                self.move_to([*x, *y]);
            }
            // Text that is filled, not hidden or a clip.
            (b"Tr", [mode]) if *mode == 0.0 => {}
            (b"Tz", [scale]) if (25.0..=400.0).contains(scale) => {
                self.text.scaling = scale / 100.0;
            }
            (b"Ts", [rise]) if rise.abs() <= 4.0 => {}
            (b"Tc", [space]) if space.abs() <= 20.0 => self.text.character_spacing = *space,
            (b"Tw", [space]) if space.abs() <= 20.0 => self.text.word_spacing = *space,
            (b"BMC", []) => return matches!(operands, [Object::Name(_)]),
            (b"EMC", []) => {}
            _ => return false,
        }
        true
    }

    /// Colours, backgrounds, borders and clips.
    fn paint(&mut self, operator: &[u8], operands: &[Object]) -> bool {
        let numbers: Option<Vec<f64>> = operands.iter().map(number_of).collect();
        let Some(numbers) = numbers else {
            return false;
        };
        let paint = &mut self.paint;
        match (operator, numbers.as_slice()) {
            (b"g" | b"rg" | b"k", colour) => match luminance(colour) {
                Some(luminance) => paint.colour = luminance,
                None => return false,
            },
            // Of borders alone.
            (b"G" | b"RG" | b"K", colour) => return luminance(colour).is_some(),
            (b"w", [width]) => paint.width = *width,
            (b"J" | b"j" | b"M", [_]) => {}
            (b"re", [x, y, width, height]) => return paint.rectangle(*x, *y, *width, *height),
            (b"W" | b"W*", []) => paint.clips = true,
            (b"n", []) => return paint.end_path(),
            (b"f" | b"F", []) => return paint.fill(false) && self.spares_text(),
            (b"f*", []) => return paint.fill(true) && self.spares_text(),
            // Strokes over text could strike it out or complete it to another.
            (b"S" | b"s", []) => return paint.stroke() && self.lines.is_empty(),
            _ => return false,
        }
        true
    }

    /// Whether no band covers text that was there before it.
    fn spares_text(&self) -> bool {
        self.lines.iter().all(|line| {
            let later = self.paint.bands.get(line.bands..).unwrap_or_default();
            later.iter().all(|band| band.is_apart_from(line.letters))
        })
    }

    fn show_operator(&mut self, operator: &[u8], operands: &[Object]) -> Result<(), Unread> {
        match (operator, operands) {
            (b"Tj", [Object::String(text)]) => self.show(text),
            (b"'", [Object::String(text)]) if self.move_by(0.0, -self.text.leading) => {
                self.show(text)
            }
            (b"TJ", [Object::Array(items)]) => {
                for item in &items.items {
                    match (item, number_of(item)) {
                        (Object::String(part), _) => self.show(part)?,
                        (_, Some(back)) if back.abs() <= LARGEST_MOVE => {
                            self.place[0] -= back / 1_000.0 * self.text.size * self.text.scaling;
                        }
                        _ => return Err(Unread::Content),
                    }
                }
                Ok(())
            }
            _ => Err(Unread::Content),
        }
    }

    fn move_to(&mut self, place: [f64; 2]) {
        (self.origin, self.place) = (Some(place), place);
    }

    fn move_by(&mut self, x: f64, y: f64) -> bool {
        let Some([left, baseline]) = self.origin else {
            return false;
        };
        self.move_to([left + x, baseline + y]);
        true
    }

    /// Text is shown from within the box, behind or below what was shown before, in a size and against a background
    /// that let it be read.
    fn show(&mut self, part: &[u8]) -> Result<(), Unread> {
        let [left, bottom, right, top] = self.bbox;
        let [x, y] = self.place;
        let size = self.text.size;
        let font = match &self.text.font {
            Some(Usable::Font(font)) => font.clone(),
            Some(Usable::Foreign) => return Err(Unread::Foreign),
            Some(Usable::Unknown) | None => return Err(Unread::Content),
        };
        let inside = self.origin.is_some()
            && x >= left - 1.0
            && x < right
            && y >= bottom - 0.5 * size
            && y + 0.4 * size <= top;
        let readable = size >= 3.0 && size <= (top - bottom).max(3.0) * 2.0;
        let letters = [y, y + LETTERS * size];
        let shade = self.paint.shade(letters).ok_or(Unread::Content)?;
        if !inside || !readable || !shade.contrasts(self.paint.colour) {
            return Err(Unread::Content);
        }
        let follows = match self.end {
            None => false,
            Some([_, before]) if (before - y).abs() > SAME_LINE * size => {
                if y > before {
                    return Err(Unread::Content);
                }
                false
            }
            Some([end, _]) if x < end - OVERLAP * size => return Err(Unread::Content),
            Some(_) => true,
        };
        if !follows {
            let (is_marked, bands) = (shade.is_band, self.paint.bands.len());
            self.lines.push(Line { text: String::new(), is_marked, letters, bands });
        }
        let line = self.lines.last_mut().ok_or(Unread::Content)?;
        let mut rest = part;
        while !rest.is_empty() {
            let character = font.next(rest, &mut line.text).ok_or(Unread::Content)?;
            rest = rest.get(character.len.max(1)..).unwrap_or_default();
            let word = if character.is_space { self.text.word_spacing } else { 0.0 };
            let step = character.advance * size + self.text.character_spacing + word;
            // Letters that run backwards or upon each other show another text.
            if step < 0.0 || character.advance > 0.0 && step <= 0.0 {
                return Err(Unread::Content);
            }
            self.place[0] += step * self.text.scaling;
        }
        self.end = Some(self.place);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
