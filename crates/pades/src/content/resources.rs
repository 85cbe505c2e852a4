//! The named resources of a content stream (ISO 32000-2 §7.8.3), and the fonts read so far.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::document::Document;
use crate::error::Error;
use crate::limits::Limits;
use crate::object::{Dictionary, Object, Reference};

use super::budget::Mappings;
use super::font::Font;

/// Fonts by their objects, kept from page to page.
pub(crate) struct Fonts {
    mappings: Mappings,
    by_reference: HashMap<Reference, Option<Arc<Font>>>,
}

impl Fonts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { mappings: Mappings::new(limits), by_reference: HashMap::new() }
    }

    /// The font that a value names or is; `None` where it cannot be read.
    fn font<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        value: &Object,
    ) -> Result<Option<Arc<Font>>, Error> {
        if let Object::Reference(id) = value
            && let Some(known) = self.by_reference.get(id)
        {
            return Ok(known.clone());
        }
        let resolved = or_nothing(document.resolve(value))?.unwrap_or(Object::Null);
        let font = match &resolved {
            Object::Dictionary(dictionary) => {
                or_nothing(Font::read(document, dictionary, &mut self.mappings))?.map(Arc::new)
            }
            _ => None,
        };
        if let Object::Reference(id) = value {
            self.mappings.take(1)?;
            self.by_reference.insert(*id, font.clone());
        }
        Ok(font)
    }
}

/// What is damaged is passed over; limits and the reader's failures are not.
pub(super) fn or_nothing<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error @ (Error::LimitExceeded { .. } | Error::Io(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The resources of one content stream, by name.
pub(super) struct Resources {
    dictionary: Dictionary,
    fonts: Names,
    x_objects: Names,
    properties: Names,
    loaded: HashMap<Vec<u8>, Option<Arc<Font>>>,
}

/// The entries of one kind of resource, read when first asked for.
type Names = Option<HashMap<Vec<u8>, Object>>;

impl Resources {
    pub(super) fn new(dictionary: Option<Dictionary>) -> Self {
        let dictionary = dictionary.unwrap_or(Dictionary { entries: Vec::new(), span: 0..0 });
        Self { dictionary, fonts: None, x_objects: None, properties: None, loaded: HashMap::new() }
    }

    pub(super) fn font<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        fonts: &mut Fonts,
        name: &[u8],
    ) -> Result<Option<Arc<Font>>, Error> {
        if let Some(font) = self.loaded.get(name) {
            return Ok(font.clone());
        }
        let value = find(document, &self.dictionary, "Font", &mut self.fonts, name)?;
        let font = match value {
            Some(value) => fonts.font(document, &value)?,
            None => None,
        };
        self.loaded.insert(name.to_vec(), font.clone());
        Ok(font)
    }

    /// The reference that a name of `/XObject` stands for.
    pub(super) fn x_object<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        name: &[u8],
    ) -> Result<Option<Reference>, Error> {
        let value = find(document, &self.dictionary, "XObject", &mut self.x_objects, name)?;
        Ok(value.and_then(|value| value.as_reference()))
    }

    /// The property list of a name of `/Properties`.
    pub(super) fn property_list<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        name: &[u8],
    ) -> Result<Option<Object>, Error> {
        match find(document, &self.dictionary, "Properties", &mut self.properties, name)? {
            Some(value) => or_nothing(document.resolve(&value)),
            None => Ok(None),
        }
    }
}

fn find<R: Read + Seek>(
    document: &mut Document<R>,
    dictionary: &Dictionary,
    kind: &str,
    names: &mut Names,
    name: &[u8],
) -> Result<Option<Object>, Error> {
    let names = match names {
        Some(names) => names,
        None => {
            let value = or_nothing(document.value(dictionary, kind))?;
            let entries = match value {
                Some(Object::Dictionary(entries)) => entries.entries,
                _ => Vec::new(),
            };
            // Of a name that stands twice the last counts, as everywhere.
            names.insert(entries.into_iter().map(|entry| (entry.key.0, entry.value)).collect())
        }
    };
    Ok(names.get(name).cloned())
}
