//! The text of a page with its positions (ISO 32000-2 §9, §14.9.4).
//!
//! Content is foreign: its cost is bounded by [`Limits`](crate::Limits), forms counted as often as they are drawn. What
//! annotations show is not part of it, and characters of fonts that say no Unicode are counted, not guessed.

mod budget;
mod cmap;
mod composite;
mod encoding;
mod font;
mod font_program;
mod interpreter;
mod matrix;
mod resources;
mod simple;
mod standard_widths;
mod state;
mod words;

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::geometry::{PageGeometry, Rectangle, Rotation};
use crate::object::{Object, Reference};

pub(crate) use self::budget::Mappings;
pub(crate) use self::font::Font;
use self::interpreter::Interpreter;
pub(crate) use self::resources::Fonts;

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The text in Unicode Normalization Form C; U+FFFD for characters whose font does not say what they are.
    pub text: String,
    /// From the descent to the ascent of its font, in visible coordinates.
    pub rect: Rectangle,
    /// How its letters are turned on the page as it is shown, clockwise.
    pub rotation: Rotation,
    /// Size of the letters, in points.
    pub size: f64,
    /// Where its baseline crosses the axis at a right angle to it, in visible coordinates.
    pub(crate) baseline: f64,
}

/// The words of a page in the order of its content.
#[derive(Clone, Debug, PartialEq)]
pub struct PageText {
    /// The page's boxes, rotation and unit.
    pub geometry: PageGeometry,
    /// The words that lie on the visible page, whatever their colour and rendering mode.
    pub words: Vec<Word>,
    /// Characters whose font does not say what they are in Unicode.
    pub unreadable: usize,
    /// Streams that were passed over, damaged or with a filter that is not for text.
    pub damaged: Vec<Reference>,
}

impl<R: Read + Seek> Document<R> {
    /// The words of the page of an index, counted from 0.
    ///
    /// # Errors
    /// As [`page`](Self::page), or an exceeded limit.
    pub fn page_words(&mut self, index: usize) -> Result<PageText, Error> {
        let mut fonts = Fonts::new(self.limits());
        self.page_text(index, &mut fonts)
    }

    /// The words of a page, its fonts kept for the pages that follow.
    pub(crate) fn page_text(&mut self, index: usize, fonts: &mut Fonts) -> Result<PageText, Error> {
        let geometry = self.page_geometry(index)?;
        let page = self.page(index)?;
        let Some(dictionary) = page.value.as_dictionary() else {
            return Err(Error::WrongType { object: page.id, key: "Contents" });
        };
        let resources = self.inherited(dictionary, "Resources")?;
        let contents = match dictionary.value("Contents") {
            Some(Object::Reference(id)) => match self.resolve_object(*id)? {
                Some(object) => match object.value {
                    Object::Array(array) => array.items,
                    _ => vec![Object::Reference(*id)],
                },
                None => Vec::new(),
            },
            Some(Object::Array(array)) => array.items.clone(),
            _ => Vec::new(),
        };
        let streams: Vec<Reference> = contents.iter().filter_map(Object::as_reference).collect();
        let resources = resources.as_dictionary().cloned();
        Interpreter::new(self, fonts, geometry).page(&streams, resources)
    }
}
