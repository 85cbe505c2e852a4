//! A page's upright words as lines, and where a text stands alone in them.

use crate::content::{PageText, Word};
use crate::geometry::{Rectangle, Rotation};

use super::fold::{fold, is_rank, without_case};

/// Lines that one text may run over.
const LINES: usize = 6;
/// Words of ranks before a name: `PGS. TS. Đại tá`, each apart.
const RANK_WORDS: usize = 8;
/// Steps of one search on one page; a full page of text takes some 10,000.
const STEPS: usize = 2_000_000;

/// Words on one baseline, from left to right.
pub(super) struct Line<'a> {
    pub(super) words: Vec<Folded<'a>>,
}

/// A word with its folded text.
pub(super) struct Folded<'a> {
    pub(super) word: &'a Word,
    text: String,
}

/// A text that stands alone on a page: nothing beside it in its column.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) text: String,
    pub(super) rect: Rectangle,
    pub(super) size: f64,
    /// Whether diacritics agree too.
    pub(super) exact: bool,
}

/// The lines of a page from top to bottom.
pub(super) fn lines(page: &PageText) -> Vec<Line<'_>> {
    let mut words: Vec<&Word> =
        page.words.iter().filter(|word| word.rotation == Rotation::None).collect();
    words.sort_by(|a, b| b.baseline.total_cmp(&a.baseline));
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut baseline = f64::INFINITY;
    for word in words {
        let folded = Folded { word, text: fold(&word.text) };
        match lines.last_mut() {
            Some(line) if baseline - word.baseline <= 0.3 * word.size => line.words.push(folded),
            _ => {
                baseline = word.baseline;
                lines.push(Line { words: vec![folded] });
            }
        }
    }
    for line in &mut lines {
        line.words.sort_by(|a, b| a.word.rect.left.total_cmp(&b.word.rect.left));
    }
    lines
}

/// What is searched for.
pub(super) struct Search<'a> {
    folded: String,
    cased: String,
    ranks: bool,
    lines: &'a [Line<'a>],
    steps: usize,
}

impl<'a> Search<'a> {
    /// With `ranks`, a rank or academic title may stand before the text.
    pub(super) fn new(text: &str, ranks: bool, lines: &'a [Line<'a>]) -> Self {
        Self { folded: fold(text), cased: without_case(text), ranks, lines, steps: STEPS }
    }

    /// Where the text stands alone, over several lines or on one, from top to bottom.
    pub(super) fn standing_alone(&mut self) -> Vec<Occurrence> {
        let target = self.folded.clone();
        let mut found = Vec::new();
        for at in 0..self.lines.len() {
            self.continue_at(at, &target, None, 1, &mut found);
        }
        found
    }

    /// The lines that hold the text, whatever stands beside it.
    pub(super) fn mentions(&self) -> Vec<Occurrence> {
        let holds = |line: &&Line<'_>| {
            let text: String = line.words.iter().map(|word| word.text.as_str()).collect();
            !self.folded.is_empty() && text.contains(&self.folded)
        };
        self.lines.iter().filter(holds).filter_map(|line| occurrence(&line.words, false)).collect()
    }

    fn continue_at(
        &mut self,
        at: usize,
        target: &str,
        above: Option<&Occurrence>,
        depth: usize,
        found: &mut Vec<Occurrence>,
    ) {
        let lines = self.lines;
        let Some(line) = lines.get(at) else { return };
        for first in 0..line.words.len() {
            let mut rest = target;
            for last in first..line.words.len() {
                let Some(left) = self.steps.checked_sub(1) else { return };
                self.steps = left;
                let Some(word) = line.words.get(last) else { break };
                let Some(tail) = rest.strip_prefix(word.text.as_str()) else { break };
                rest = tail;
                if rest.len() == target.len() || !(rest.is_empty() || depth < LINES) {
                    continue;
                }
                let Some(mut piece) = self.alone(line, first, last, above.is_none()) else {
                    continue;
                };
                if let Some(above) = above {
                    if !follows(above, &piece) {
                        continue;
                    }
                    piece = Occurrence {
                        text: format!("{} {}", above.text, piece.text),
                        rect: union(&above.rect, &piece.rect),
                        size: piece.size,
                        exact: false,
                    };
                }
                if rest.is_empty() {
                    piece.exact = without_case(&piece.text).ends_with(&self.cased);
                    found.push(piece);
                } else {
                    for next in at + 1..(at + 4).min(lines.len()) {
                        self.continue_at(next, rest, Some(&piece), depth + 1, found);
                    }
                }
            }
        }
    }

    /// Words `first..=last` of a line if a gap parts them from what stands beside them.
    fn alone(
        &self,
        line: &Line<'_>,
        first: usize,
        last: usize,
        begins: bool,
    ) -> Option<Occurrence> {
        let words = line.words.get(first..=last)?;
        let gap = |pair: &[Folded<'_>]| match pair {
            [a, b] => b.word.rect.left - a.word.rect.right,
            _ => 0.0,
        };
        let size = words.iter().map(|word| word.word.size).fold(0.0, f64::max);
        let widest = words.windows(2).map(gap).fold(0.0, f64::max);
        // Wider than a stretched space, and than the spaces of spaced letters.
        let parted = (1.2 * size).max(1.8 * widest);
        if line.words.get(last..last + 2).is_some_and(|pair| gap(pair) < parted) {
            return None;
        }
        let mut from = first;
        while from > 0 && line.words.get(from - 1..=from).is_some_and(|pair| gap(pair) < parted) {
            from -= 1;
            if first - from > RANK_WORDS {
                return None;
            }
        }
        if from < first {
            let before = line.words.get(from..first)?;
            let text: Vec<&str> = before.iter().map(|word| word.word.text.as_str()).collect();
            if !(self.ranks && begins && is_rank(&text.join(" "))) {
                return None;
            }
        }
        occurrence(line.words.get(from..=last)?, true)
    }
}

/// Whether a piece continues, on the next line of the same column, what stands above.
fn follows(above: &Occurrence, below: &Occurrence) -> bool {
    let down = above.rect.bottom - below.rect.top;
    down > -0.6 * above.size && down < 1.0 * above.size && same_column(&above.rect, &below.rect)
}

/// Whether the middle of the narrower lies within the wider, from left to right.
pub(super) fn same_column(a: &Rectangle, b: &Rectangle) -> bool {
    let (narrow, wide) = if a.width() <= b.width() { (a, b) } else { (b, a) };
    let middle = f64::midpoint(narrow.left, narrow.right);
    wide.left <= middle && middle <= wide.right
}

fn occurrence(words: &[Folded<'_>], exact: bool) -> Option<Occurrence> {
    let (first, rest) = words.split_first()?;
    let mut found = Occurrence {
        text: first.word.text.clone(),
        rect: first.word.rect,
        size: first.word.size,
        exact,
    };
    for word in rest {
        found.text.push(' ');
        found.text.push_str(&word.word.text);
        found.rect = union(&found.rect, &word.word.rect);
        found.size = found.size.max(word.word.size);
    }
    Some(found)
}

pub(super) fn union(a: &Rectangle, b: &Rectangle) -> Rectangle {
    Rectangle {
        left: a.left.min(b.left),
        bottom: a.bottom.min(b.bottom),
        right: a.right.max(b.right),
        top: a.top.max(b.top),
    }
}
