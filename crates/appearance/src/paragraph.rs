//! Lines that fit: broken between words, and made smaller down to a stated size.

use crate::font::{Face, MissingGlyph};

/// Distance between baselines, as a part of the size: capitals of Vietnamese carry two marks.
pub(crate) const LEADING: f64 = 1.23;
/// From a line's top to its baseline, as a part of the size: the tallest letters, `Ẫ` and `Ổ`, end below it.
pub(crate) const BASELINE: f64 = 0.95;
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
/// The outer error is a character without glyph; the inner `None` says that it fits at no size.
pub(crate) fn fit(
    faces: &Faces,
    lines: &[(String, bool)],
    (size, minimum): (f64, f64),
    (width, height): (f64, f64),
) -> Result<Option<Paragraph>, MissingGlyph> {
    let mut composed = Vec::with_capacity(lines.len());
    for (text, bold) in lines {
        composed.push((faces.of(*bold).compose(text)?, *bold));
    }
    let mut size = size;
    loop {
        let mut set = Some(Vec::new());
        for (text, bold) in &composed {
            let broken = wrap(faces.of(*bold), text, *bold, size, width);
            match (&mut set, broken) {
                (Some(set), Some(mut broken)) => set.append(&mut broken),
                _ => set = None,
            }
        }
        let paragraph = set.map(|lines| Paragraph { lines, size });
        // A thousandth of a point is rounding.
        let fits = paragraph.filter(|paragraph| paragraph.height() <= height + 0.001);
        if fits.is_some() {
            return Ok(fits);
        }
        if size <= minimum {
            return Ok(None);
        }
        size = (size - STEP).max(minimum);
    }
}

/// Lines no wider than the width; words that are wider alone break anywhere, and `None` where one letter is too wide.
fn wrap(face: &Face, text: &str, bold: bool, size: f64, width: f64) -> Option<Vec<SetLine>> {
    let measured = |text: &str| face.width(text, size);
    let fits = |measured: f64| measured <= width + 0.001;
    let space = measured(" ");
    let mut lines = Vec::new();
    let mut line = SetLine { text: String::new(), bold, width: 0.0 };
    let empty = || SetLine { text: String::new(), bold, width: 0.0 };
    // A no-break space holds words together, so only plain spaces part them.
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word_width = measured(word);
        if line.text.is_empty() && fits(word_width) {
            line.text.push_str(word);
            line.width = word_width;
            continue;
        }
        if !line.text.is_empty() && fits(line.width + space + word_width) {
            line.text.push(' ');
            line.text.push_str(word);
            line.width += space + word_width;
            continue;
        }
        if !line.text.is_empty() {
            lines.push(core::mem::replace(&mut line, empty()));
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
