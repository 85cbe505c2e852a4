//! Where a signature belongs: between the line of the signer's title and that of the name (Decree 30/2020, Annex I).
//!
//! A title or name counts where it stands alone in its column, so that the same words in running text or in the list of
//! receivers do not. Case, diacritics, spacing and line breaks do not matter, but where a name with the same diacritics
//! stands in the document, no other one is taken for it.

mod fold;
mod lines;

use core::fmt;
use std::io::{Read, Seek};

use crate::content::Fonts;
use crate::document::Document;
use crate::error::Error;
use crate::geometry::Rectangle;

use self::lines::{Line, Occurrence, Search, lines, same_column, union};

/// Greatest height between title and name, in points: a signature and a seal take 150.
const REACH: f64 = 300.0;
/// Height of the place where only one of title and name bounds it, in points.
const HEIGHT: f64 = 80.0;
/// Free height that makes a place for a signature, in sizes of the name's letters.
const FREE: f64 = 2.0;
/// Lines that may stand between title and name beside the free place: the rest of a title, a rank.
const BETWEEN: usize = 3;
/// Occurrences on one page that are weighed, the lowest ones: a list of all officials of a ministry has fewer.
const WEIGHED: usize = 1_000;
/// What an error lists at most.
const LISTED: usize = 20;

/// What a text was looked for as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacePart {
    /// The signer's title.
    Title,
    /// The signer's name.
    Name,
}

/// A text that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundText {
    /// What it was looked for as.
    pub part: PlacePart,
    /// The page's index, counted from 0.
    pub page: usize,
    /// The text as the page shows it.
    pub text: String,
    /// Where it stands, in visible coordinates.
    pub rect: Rectangle,
}

/// The place of a signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The page's index, counted from 0.
    pub page: usize,
    /// The middle of the signature, in visible coordinates.
    pub centre: (f64, f64),
    /// The free place between title and name, as wide as the wider of them, in visible coordinates.
    pub space: Rectangle,
    /// The title above it.
    pub title: Option<FoundText>,
    /// The name below it.
    pub name: Option<FoundText>,
}

/// Why there is no one place.
#[derive(Debug)]
pub enum PlacementError {
    /// Neither a title nor a name was given.
    NothingAsked,
    /// The texts stand nowhere as a signature block.
    NotFound {
        /// Where one of them stands, up to 20 places, the last first.
        found: Vec<FoundText>,
        /// Characters whose fonts do not say what they are: the texts may stand there all the same.
        unreadable: usize,
    },
    /// Several places are equally good.
    Ambiguous {
        /// The names or titles at these places.
        found: Vec<FoundText>,
    },
    /// A page cannot be read.
    Document(Error),
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingAsked => f.write_str("neither a title nor a name was given"),
            Self::NotFound { found, .. } => {
                write!(f, "no signature block was found; the texts stand at {} places", found.len())
            }
            Self::Ambiguous { found } => write!(f, "{} places are equally good", found.len()),
            Self::Document(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PlacementError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Document(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for PlacementError {
    fn from(error: Error) -> Self {
        Self::Document(error)
    }
}

/// A signature block on one page.
struct Block {
    page: usize,
    title: Option<Occurrence>,
    name: Option<Occurrence>,
    space: Rectangle,
}

/// Finds the place of a signature by the signer's title, name or both; of several the last in the document.
///
/// # Errors
/// [`PlacementError`], with what was found.
pub fn find_place<R: Read + Seek>(
    document: &mut Document<R>,
    title: Option<&str>,
    name: Option<&str>,
) -> Result<Placement, PlacementError> {
    let title = title.filter(|text| !fold::fold(text).is_empty());
    let name = name.filter(|text| !fold::fold(text).is_empty());
    if title.is_none() && name.is_none() {
        return Err(PlacementError::NothingAsked);
    }
    let mut fonts = Fonts::new(document.limits());
    let mut found = Vec::new();
    let mut unreadable = 0usize;
    let mut inexact: Option<Vec<Block>> = None;
    for page in (0..document.page_count()?).rev() {
        let text = document.page_text(page, &mut fonts)?;
        unreadable = unreadable.saturating_add(text.unreadable);
        let lines = lines(&text);
        let blocks = blocks(page, &lines, title, name);
        let (exact, other): (Vec<Block>, Vec<Block>) =
            blocks.into_iter().partition(|block| block.sought().exact);
        if !exact.is_empty() {
            return last_of(exact);
        }
        if !other.is_empty() && inexact.is_none() {
            inexact = Some(other);
        }
        for (part, wanted) in [(PlacePart::Title, title), (PlacePart::Name, name)] {
            let mentions = wanted.map(|wanted| Search::new(wanted, false, &lines).mentions());
            for mention in mentions.into_iter().flatten().rev() {
                if found.len() < LISTED {
                    found.push(FoundText { part, page, text: mention.text, rect: mention.rect });
                }
            }
        }
    }
    match inexact {
        Some(blocks) => last_of(blocks),
        None => Err(PlacementError::NotFound { found, unreadable }),
    }
}

/// The lowest block of a page, unless another one stands beside it.
fn last_of(mut blocks: Vec<Block>) -> Result<Placement, PlacementError> {
    blocks.sort_by(|a, b| a.sought().rect.top.total_cmp(&b.sought().rect.top));
    let beside = |block: &Block, lowest: &Block| {
        block.sought().rect.bottom < lowest.sought().rect.top.max(lowest.space.top)
    };
    let several = match blocks.as_slice() {
        [lowest, others @ ..] => others.iter().filter(|other| beside(other, lowest)).count(),
        [] => 0,
    };
    if several > 0 {
        let found = blocks.iter().take(several + 1).map(Block::found).collect();
        return Err(PlacementError::Ambiguous { found });
    }
    match blocks.into_iter().next() {
        Some(block) => Ok(block.placement()),
        None => Err(PlacementError::NotFound { found: Vec::new(), unreadable: 0 }),
    }
}

impl Block {
    /// The name, or the title where no name was asked for; every block has one.
    fn sought(&self) -> &Occurrence {
        const NOWHERE: &Occurrence = &Occurrence {
            text: String::new(),
            rect: Rectangle { left: 0.0, bottom: 0.0, right: 0.0, top: 0.0 },
            size: 0.0,
            exact: false,
        };
        self.name.as_ref().or(self.title.as_ref()).unwrap_or(NOWHERE)
    }

    fn found(&self) -> FoundText {
        let part = if self.name.is_some() { PlacePart::Name } else { PlacePart::Title };
        let Occurrence { text, rect, .. } = self.sought().clone();
        FoundText { part, page: self.page, text, rect }
    }

    fn placement(self) -> Placement {
        let page = self.page;
        let found = |part, occurrence: Option<Occurrence>| {
            occurrence.map(|Occurrence { text, rect, .. }| FoundText { part, page, text, rect })
        };
        let space = self.space;
        Placement {
            page,
            centre: (
                f64::midpoint(space.left, space.right),
                f64::midpoint(space.bottom, space.top),
            ),
            space,
            title: found(PlacePart::Title, self.title),
            name: found(PlacePart::Name, self.name),
        }
    }
}

fn blocks(page: usize, lines: &[Line<'_>], title: Option<&str>, name: Option<&str>) -> Vec<Block> {
    let occurrences = |text: Option<&str>, ranks| {
        let mut all =
            text.map(|text| Search::new(text, ranks, lines).standing_alone()).unwrap_or_default();
        all.drain(..all.len().saturating_sub(WEIGHED));
        all
    };
    let titles = occurrences(title, false);
    let names = occurrences(name, true);
    let mut blocks = Vec::new();
    if name.is_none() {
        for title in titles {
            let bounds = Rectangle {
                bottom: title.rect.bottom - HEIGHT,
                top: title.rect.bottom,
                ..title.rect
            };
            if let Some(space) = free(lines, &bounds, title.size).pop_top(title.rect.bottom) {
                blocks.push(Block { page, title: Some(title), name: None, space });
            }
        }
        return blocks;
    }
    for name in names {
        if title.is_none() {
            let bounds =
                Rectangle { bottom: name.rect.top, top: name.rect.top + HEIGHT, ..name.rect };
            if let Some(space) = free(lines, &bounds, name.size).pop_bottom(name.rect.top) {
                blocks.push(Block { page, title: None, name: Some(name), space });
            }
            continue;
        }
        // The nearest title above in the same column.
        let nearest = titles
            .iter()
            .filter(|title| {
                let up = title.rect.bottom - name.rect.top;
                up > -0.5 * name.size && up < REACH && same_column(&title.rect, &name.rect)
            })
            .min_by(|a, b| a.rect.bottom.total_cmp(&b.rect.bottom));
        let Some(title) = nearest else { continue };
        let bounds = Rectangle {
            bottom: name.rect.top,
            top: title.rect.bottom.max(name.rect.top),
            ..union(&title.rect, &name.rect)
        };
        let free = free(lines, &bounds, name.size);
        let space = match free.places.as_slice() {
            _ if free.lines == 0 => Some(bounds),
            [one] if free.lines <= BETWEEN => Some(*one),
            _ => None,
        };
        if let Some(space) = space {
            blocks.push(Block { page, title: Some(title.clone()), name: Some(name), space });
        }
    }
    blocks
}

/// What is free between two heights of a column.
struct Free {
    /// Lines of text in between.
    lines: usize,
    /// Heights without text that are high enough to sign in, from top to bottom.
    places: Vec<Rectangle>,
}

impl Free {
    fn pop_top(mut self, top: f64) -> Option<Rectangle> {
        self.places.drain(..).find(|place| place.top >= top)
    }

    fn pop_bottom(mut self, bottom: f64) -> Option<Rectangle> {
        self.places.pop().filter(|place| place.bottom <= bottom)
    }
}

fn free(lines: &[Line<'_>], bounds: &Rectangle, size: f64) -> Free {
    let mut places = Vec::new();
    let mut between = 0;
    let mut top = bounds.top;
    let mut take = |top: f64, bottom: f64| {
        if top - bottom >= FREE * size {
            places.push(Rectangle { top, bottom, ..*bounds });
        }
    };
    for line in lines {
        let within = line.words.iter().map(|word| &word.word.rect).filter(|rect| {
            let middle = f64::midpoint(rect.bottom, rect.top);
            rect.left < bounds.right
                && rect.right > bounds.left
                && bounds.bottom < middle
                && middle < bounds.top
        });
        if let Some(row) = within.copied().reduce(|a, b| union(&a, &b)) {
            between += 1;
            take(top, row.top);
            top = top.min(row.bottom);
        }
    }
    take(top, bounds.bottom);
    Free { lines: between, places }
}
