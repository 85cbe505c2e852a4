//! Characters with their places become words.
//!
//! Space characters and gaps end words. First characters are joined as the content shows them; then what stands side by
//! side on one baseline, for writers that show a word's parts in other orders or fonts.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::geometry::{Rectangle, Rotation};

use super::Word;
use super::matrix::Matrix;

/// Gap that still belongs to a word, in sizes of its letters: the narrowest spaces are 0.2 wide, kerning stays under 0.05.
const GAP: f64 = 0.12;
/// Overlap that still is one word: kerning and slanted letters.
const OVERLAP: f64 = -0.2;
/// Difference of baselines within a word, in sizes.
const BASELINE: f64 = 0.05;
/// Distance under which the same text counts as printed twice to look bold, in sizes.
const PRINTED_TWICE: f64 = 0.1;

/// A character as it is shown.
pub(super) struct Glyph<'a> {
    pub(super) text: &'a str,
    /// From ems to visible coordinates, the origin at the character's.
    pub(super) em: Matrix,
    pub(super) advance: f64,
    pub(super) vertical_origin: Option<(f64, f64)>,
    pub(super) ascent: f64,
    pub(super) descent: f64,
    /// Of the letters, in ems.
    pub(super) size: f64,
}

/// Part of a word on one baseline; `start`, `end` and `baseline` in coordinates turned so that it runs rightwards.
#[derive(Clone)]
struct Run {
    text: String,
    rect: Rectangle,
    rotation: Rotation,
    start: f64,
    end: f64,
    baseline: f64,
    size: f64,
    space_before: bool,
    space_after: bool,
    /// Start and text length of the last character, and where the one before ends.
    last: (f64, usize),
    before_last: f64,
}

/// Text that stands for what is shown meanwhile (§14.9.4).
struct Replacement {
    text: String,
    shown: Option<Run>,
}

/// Collects a page's characters.
pub(super) struct WordBuilder {
    visible: Rectangle,
    current: Option<Run>,
    runs: Vec<Run>,
    after_space: bool,
    replacement: Option<Replacement>,
}

impl WordBuilder {
    pub(super) const fn new(visible: Rectangle) -> Self {
        Self { visible, current: None, runs: Vec::new(), after_space: false, replacement: None }
    }

    pub(super) fn glyph(&mut self, glyph: &Glyph<'_>) {
        let Some(run) = run_of(glyph) else { return };
        match &mut self.replacement {
            Some(replacement) => match &mut replacement.shown {
                Some(shown) => {
                    shown.rect = union(&shown.rect, &run.rect);
                    shown.start = shown.start.min(run.start);
                    shown.end = shown.end.max(run.end);
                }
                None => replacement.shown = Some(run),
            },
            None => self.push(run),
        }
    }

    /// What is shown from here on stands for `text`; `false` where that is so already.
    pub(super) fn begin_replacement(&mut self, text: &str) -> bool {
        if self.replacement.is_some() {
            return false;
        }
        self.replacement = Some(Replacement { text: text.to_owned(), shown: None });
        true
    }

    pub(super) fn end_replacement(&mut self) {
        let Some(Replacement { text, shown: Some(shown) }) = self.replacement.take() else {
            return;
        };
        // The place is shared out among the characters evenly.
        let count = text.chars().count();
        let step = (shown.end - shown.start) / count.max(1) as f64;
        for (at, character) in text.chars().enumerate() {
            let start = shown.start + step * at as f64;
            let end = start + step;
            let rect = along(&shown.rect, shown.rotation, start, end);
            let text = character.to_string();
            self.push(Run { text, rect, start, end, ..shown.clone() });
        }
    }

    fn push(&mut self, mut run: Run) {
        if run.text.chars().all(char::is_whitespace) {
            if let Some(mut current) = self.current.take() {
                current.space_after = true;
                self.runs.push(current);
            }
            self.after_space = true;
            return;
        }
        run.text.retain(|c| !c.is_control() && !c.is_whitespace());
        let (x, y) = centre(&run.rect);
        let Rectangle { left, bottom, right, top } = self.visible;
        if !((left..=right).contains(&x) && (bottom..=top).contains(&y)) {
            return;
        }
        run.space_before = self.after_space;
        self.after_space = false;
        run.last = (run.start, run.text.len());
        run.before_last = run.start;
        if let Some(current) = &mut self.current {
            if !run.space_before && current.takes_accent(&run) {
                return;
            }
            if !run.space_before {
                current.gives_accent(&mut run);
            }
        }
        self.current.take_if(|current| current.text.is_empty());
        if let Some(current) = &mut self.current {
            let marks = run.text.chars().all(is_combining_mark);
            let same_line = current.same_line(&run);
            if same_line && current.repeats_last(&run) {
                return;
            }
            let gap = (run.start - current.end) / run.size;
            if same_line && !run.space_before && (OVERLAP..=GAP).contains(&gap)
                || marks && current.rotation == run.rotation && gap.abs() < 1.0
            {
                current.join(run);
                return;
            }
        }
        self.runs.extend(self.current.replace(run));
    }

    /// The words, in the order in which their first parts were shown.
    pub(super) fn finish(mut self) -> Vec<Word> {
        self.end_replacement();
        self.runs.extend(self.current.take());
        let mut words = join_neighbours(self.runs);
        words.retain(|(_, run)| !run.text.is_empty());
        words.sort_by_key(|(order, _)| *order);
        words.into_iter().map(|(_, run)| run.into_word()).collect()
    }
}

impl Run {
    fn same_line(&self, other: &Self) -> bool {
        self.rotation == other.rotation
            && (self.size - other.size).abs() <= 0.2 * self.size
            && (self.baseline - other.baseline).abs() <= (BASELINE * self.size).max(0.5)
    }

    /// Whether another character prints this run's last one again.
    fn repeats_last(&self, other: &Self) -> bool {
        let (start, len) = self.last;
        let last = self.text.len().checked_sub(len).and_then(|from| self.text.get(from..));
        (start - other.start).abs() < PRINTED_TWICE * self.size && last == Some(&*other.text)
    }

    /// Where an accent drawn over this run's last character is put behind it as a mark.
    fn takes_accent(&mut self, accent: &Self) -> bool {
        let (start, _) = self.last;
        let middle = f64::midpoint(accent.start, accent.end);
        match mark(&accent.text) {
            Some(mark) if self.is_near(accent) && start < middle && middle < self.end => {
                self.text.push(mark);
                self.last.1 += mark.len_utf8();
                true
            }
            _ => false,
        }
    }

    /// Where this run's last character is an accent and `base` is drawn under it, `base` gets it as a mark.
    fn gives_accent(&mut self, base: &mut Self) {
        let (start, len) = self.last;
        let Some(from) = self.text.len().checked_sub(len) else { return };
        let accent = self.text.get(from..).and_then(mark);
        let middle = f64::midpoint(start, self.end);
        if let Some(mark) = accent
            && self.is_near(base)
            && base.start < middle
            && middle < base.end
        {
            self.text.truncate(from);
            self.end = self.before_last;
            self.last = (self.end, 0);
            // A dotless letter has its dot to make room.
            if base.text == "\u{131}" {
                base.text.replace_range(.., "i");
            }
            base.text.push(mark);
            base.last.1 = base.text.len();
        }
    }

    fn is_near(&self, other: &Self) -> bool {
        self.rotation == other.rotation && (self.baseline - other.baseline).abs() <= self.size
    }

    fn join(&mut self, other: Self) {
        self.before_last = self.end;
        self.last = (other.start, other.text.len());
        self.text.push_str(&other.text);
        self.rect = union(&self.rect, &other.rect);
        self.end = self.end.max(other.end);
        self.space_after = other.space_after;
    }

    fn into_word(self) -> Word {
        let text = self.text.chars().flat_map(|c| {
            let (one, ligature) = match c {
                '\u{fb00}'..='\u{fb06}' => (None, Some(c)),
                _ => (Some(c), None),
            };
            one.into_iter().chain(ligature.into_iter().nfkc())
        });
        let text: String = text.nfc().collect();
        Word {
            text,
            rect: self.rect,
            rotation: self.rotation,
            size: self.size,
            baseline: self.baseline,
        }
    }
}

/// Joins what stands side by side on one baseline, and drops what is printed twice.
fn join_neighbours(runs: Vec<Run>) -> Vec<(usize, Run)> {
    let mut runs: Vec<(usize, Run)> = runs.into_iter().enumerate().collect();
    runs.sort_by(|(_, a), (_, b)| {
        let turn = a.rotation.degrees().cmp(&b.rotation.degrees());
        turn.then(a.baseline.total_cmp(&b.baseline))
    });
    let mut words: Vec<(usize, Run)> = Vec::with_capacity(runs.len());
    let mut rest = runs.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut line = vec![first];
        while let Some(next) =
            rest.next_if(|next| line.first().is_some_and(|first| first.1.same_line(&next.1)))
        {
            line.push(next);
        }
        line.sort_by(|(_, a), (_, b)| a.start.total_cmp(&b.start));
        let begin = words.len();
        for (order, run) in line {
            let last = if words.len() > begin { words.last_mut() } else { None };
            let Some((last_order, last)) = last else {
                words.push((order, run));
                continue;
            };
            let near = PRINTED_TWICE * last.size;
            if (last.start - run.start).abs() < near && last.text == run.text {
                continue;
            }
            let gap = (run.start - last.end) / run.size;
            if !last.space_after && !run.space_before && (OVERLAP..=GAP).contains(&gap) {
                *last_order = (*last_order).min(order);
                last.join(run);
            } else {
                words.push((order, run));
            }
        }
    }
    words
}

fn run_of(glyph: &Glyph<'_>) -> Option<Run> {
    let (x, y) = glyph.vertical_origin.unwrap_or((0.0, 0.0));
    let advance = if glyph.vertical_origin.is_some() { -2.0 * x } else { glyph.advance };
    let from = glyph.em.point(x, y);
    let to = glyph.em.point(x + advance, y);
    let along_x = glyph.em.vector(1.0, 0.0);
    let up = glyph.em.vector(0.0, 1.0);
    let size = up.0.hypot(up.1) * glyph.size;
    if !(size.is_finite() && size > 0.0) {
        return None;
    }
    let rotation = match along_x {
        (dx, dy) if dx.abs() >= dy.abs() => {
            if dx >= 0.0 {
                Rotation::None
            } else {
                Rotation::Half
            }
        }
        (_, dy) if dy < 0.0 => Rotation::Quarter,
        _ => Rotation::ThreeQuarters,
    };
    let corner = |(px, py): (f64, f64), height: f64| (px + up.0 * height, py + up.1 * height);
    let corners = [
        corner(from, glyph.ascent),
        corner(from, glyph.descent),
        corner(to, glyph.ascent),
        corner(to, glyph.descent),
    ];
    let mut rect = Rectangle::between(from.0, from.1, to.0, to.1);
    for (px, py) in corners {
        rect = union(&rect, &Rectangle::between(px, py, px, py));
    }
    if ![rect.left, rect.bottom, rect.right, rect.top].iter().all(|edge| edge.is_finite()) {
        return None;
    }
    let turned = |(px, py): (f64, f64)| match rotation {
        Rotation::None => (px, py),
        Rotation::Quarter => (-py, px),
        Rotation::Half => (-px, -py),
        Rotation::ThreeQuarters => (py, -px),
    };
    let (start, baseline) = turned(from);
    let (end, _) = turned(to);
    Some(Run {
        text: glyph.text.to_owned(),
        rect,
        rotation,
        start: start.min(end),
        end: start.max(end),
        baseline,
        size,
        space_before: false,
        space_after: false,
        last: (start, glyph.text.len()),
        before_last: start,
    })
}

/// The combining mark of an accent that stands alone, as TeX draws them.
fn mark(accent: &str) -> Option<char> {
    let mut characters = accent.chars();
    let mark = match (characters.next()?, characters.next()) {
        ('`', None) => '\u{300}',
        ('\u{b4}', None) => '\u{301}',
        ('^' | '\u{2c6}', None) => '\u{302}',
        ('~' | '\u{2dc}', None) => '\u{303}',
        ('\u{af}', None) => '\u{304}',
        ('\u{2d8}', None) => '\u{306}',
        ('\u{2d9}', None) => '\u{307}',
        ('\u{a8}', None) => '\u{308}',
        ('\u{2da}', None) => '\u{30a}',
        ('\u{2dd}', None) => '\u{30b}',
        ('\u{2c7}', None) => '\u{30c}',
        ('\u{b8}', None) => '\u{327}',
        ('\u{2db}', None) => '\u{328}',
        _ => return None,
    };
    Some(mark)
}

/// The part of a rectangle between two coordinates along the text.
fn along(rect: &Rectangle, rotation: Rotation, start: f64, end: f64) -> Rectangle {
    match rotation {
        Rotation::None => Rectangle { left: start, right: end, ..*rect },
        Rotation::Half => Rectangle { left: -end, right: -start, ..*rect },
        Rotation::Quarter => Rectangle { bottom: -end, top: -start, ..*rect },
        Rotation::ThreeQuarters => Rectangle { bottom: start, top: end, ..*rect },
    }
}

fn centre(rect: &Rectangle) -> (f64, f64) {
    (f64::midpoint(rect.left, rect.right), f64::midpoint(rect.bottom, rect.top))
}

fn union(a: &Rectangle, b: &Rectangle) -> Rectangle {
    Rectangle {
        left: a.left.min(b.left),
        bottom: a.bottom.min(b.bottom),
        right: a.right.max(b.right),
        top: a.top.max(b.top),
    }
}
