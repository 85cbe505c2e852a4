//! Lines that fit: broken between words, and made smaller down to a stated size.

use crate::font::{Face, MissingGlyph};

/// Distance between baselines, as a part of the size: capitals of Vietnamese carry two marks.
pub(crate) const LEADING: f64 = 1.23;
/// From a line's top to its baseline, as a part of the size: the tallest letters, `Ẫ` and `Ổ`, end below it.
pub(crate) const BASELINE: f64 = 0.95;
/// Holds words together.
const NO_BREAK: char = '\u{a0}';
/// Steps in which a text is made smaller, in points.
const STEP: f64 = 0.25;

/// A line as it will be set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetLine {
    pub(crate) text: String,
    pub(crate) bold: bool,
    pub(crate) width: f64,
}

/// A text broken into lines.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Paragraph {
    pub(crate) lines: Vec<SetLine>,
    pub(crate) size: f64,
}

impl Paragraph {
    pub(crate) fn width(&self) -> f64 {
        self.lines.iter().map(|line| line.width).fold(0.0, f64::max)
    }

    pub(crate) fn height(&self) -> f64 {
        self.lines.len() as f64 * self.size * LEADING
    }
}

/// The two weights that lines are measured with.
pub(crate) struct Faces {
    pub(crate) regular: Face,
    pub(crate) bold: Face,
}

impl Faces {
    pub(crate) const fn of(&self, bold: bool) -> &Face {
        if bold { &self.bold } else { &self.regular }
    }
}

/// Breaks lines at a width in points, at the greatest size from `size` down to `minimum` whose lines fit the height.
///
/// Words break only where no size keeps them whole. The outer error is a character without glyph; the inner `None` says
/// that it fits at no size.
pub(crate) fn fit(
    faces: &Faces,
    lines: &[(String, bool)],
    (size, minimum): (f64, f64),
    room: (f64, f64),
) -> Result<Option<Paragraph>, MissingGlyph> {
    let mut composed = Vec::with_capacity(lines.len());
    for (text, bold) in lines {
        composed.push((faces.of(*bold).compose(text)?, *bold));
    }
    for words in [Words::Whole, Words::Broken] {
        let mut size = size;
        loop {
            let fits = fit_at(faces, &composed, words, size, room);
            if fits.is_some() {
                return Ok(fits);
            }
            if size <= minimum {
                break;
            }
            size = (size - STEP).max(minimum);
        }
    }
    Ok(None)
}

/// What may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// Lines between words, where no no-break space forbids it.
    Whole,
    /// Words, too, where they are wider than the room.
    Broken,
}

fn fit_at(
    faces: &Faces,
    lines: &[(String, bool)],
    words: Words,
    size: f64,
    (width, height): (f64, f64),
) -> Option<Paragraph> {
    let mut paragraph = Paragraph { lines: Vec::new(), size };
    for (text, bold) in lines {
        let mut broken = wrap(faces.of(*bold), text, *bold, words, (size, width))?;
        paragraph.lines.append(&mut broken);
        // Early, so that a long text does not break again and again for nothing. A thousandth of a point is rounding.
        if paragraph.height() > height + 0.001 {
            return None;
        }
    }
    Some(paragraph)
}

/// Lines no wider than the width; `None` where a word, or even a letter, is wider.
fn wrap(
    face: &Face,
    text: &str,
    bold: bool,
    words: Words,
    (size, width): (f64, f64),
) -> Option<Vec<SetLine>> {
    let measured = |text: &str| face.width(text, size);
    let fits = |measured: f64| measured <= width + 0.001;
    let space = measured(" ");
    let mut lines = Vec::new();
    let mut line = SetLine { text: String::new(), bold, width: 0.0 };
    let empty = || SetLine { text: String::new(), bold, width: 0.0 };
    let parts = |letter: char| letter == ' ' || (words == Words::Broken && letter == NO_BREAK);
    for word in text.split(parts).filter(|word| !word.is_empty()) {
        // No-break spaces have done their work; a search looks for plain ones.
        let word = word.replace(NO_BREAK, " ");
        let word_width = measured(&word);
        if line.text.is_empty() && fits(word_width) {
            line.text.push_str(&word);
            line.width = word_width;
            continue;
        }
        if !line.text.is_empty() && fits(line.width + space + word_width) {
            line.text.push(' ');
            line.text.push_str(&word);
            line.width += space + word_width;
            continue;
        }
        if !line.text.is_empty() {
            lines.push(core::mem::replace(&mut line, empty()));
        }
        if fits(word_width) {
            line = SetLine { text: word, bold, width: word_width };
            continue;
        }
        if words == Words::Whole {
            return None;
        }
        for letter in word.chars() {
            let letter_width = measured(letter.encode_utf8(&mut [0; 4]));
            if !fits(letter_width) {
                return None;
            }
            if !fits(line.width + letter_width) {
                lines.push(core::mem::replace(&mut line, empty()));
            }
            line.text.push(letter);
            line.width += letter_width;
        }
    }
    // A line without words stays as an empty one.
    lines.push(line);
    Some(lines)
}
