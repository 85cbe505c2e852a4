//! The page tree (ISO 32000-2 §7.7.3).

use std::collections::HashSet;
use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::limits::Limit;
use crate::object::{IndirectObject, Object, Reference};

impl<R: Read + Seek> Document<R> {
    /// The page of an index, counted from 0.
    ///
    /// # Errors
    /// [`Error::NoSuchPage`], [`Error::TreeLoop`], an exceeded limit, or as [`object`](Self::object).
    pub fn page(&mut self, index: usize) -> Result<IndirectObject, Error> {
        match self.walk_pages(Some(index), &mut |_| {})? {
            Walked::Page(page) => Ok(*page),
            Walked::Count(count) => Err(Error::NoSuchPage { index, count }),
        }
    }

    /// How many pages the tree really holds, whatever its `/Count` says.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn page_count(&mut self) -> Result<usize, Error> {
        match self.walk_pages(None, &mut |_| {})? {
            Walked::Count(count) => Ok(count),
            Walked::Page(_) => Ok(0),
        }
    }

    /// The pages' references in order.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn pages(&mut self) -> Result<Vec<Reference>, Error> {
        let mut pages = Vec::new();
        self.walk_pages(None, &mut |page| pages.push(page.id))?;
        Ok(pages)
    }

    fn walk_pages(
        &mut self,
        wanted: Option<usize>,
        visit: &mut dyn FnMut(&IndirectObject),
    ) -> Result<Walked, Error> {
        let catalog = self.catalog()?;
        let root = catalog.value.as_dictionary().and_then(|d| d.value("Pages")?.as_reference());
        let root = root.ok_or(Error::WrongType { object: catalog.id, key: "Pages" })?;
        let mut visited = HashSet::new();
        let mut pages = 0usize;
        let mut stack = vec![(root, 0usize)];
        while let Some((id, depth)) = stack.pop() {
            if !visited.insert(id.number) {
                return Err(Error::TreeLoop(id));
            }
            if visited.len() > self.limits.page_nodes {
                return Err(exceeded(Limit::PageNodes, self.limits.page_nodes));
            }
            if depth > self.limits.page_depth {
                return Err(exceeded(Limit::PageDepth, self.limits.page_depth));
            }
            let Some(node) = self.object(id)? else {
                continue;
            };
            let Some(dictionary) = node.value.as_dictionary() else {
                continue;
            };
            let Some(kids) = dictionary.value("Kids") else {
                if wanted == Some(pages) {
                    return Ok(Walked::Page(Box::new(node)));
                }
                visit(&node);
                pages += 1;
                continue;
            };
            // A subtree that ends before the page is not walked: a document of 10,000 pages costs a few objects.
            let count = dictionary.value("Count").and_then(Object::as_integer);
            let count = count.and_then(|count| usize::try_from(count).ok());
            if let (Some(wanted), Some(count)) = (wanted, count)
                && depth > 0
                && pages.saturating_add(count) <= wanted
            {
                pages += count;
                continue;
            }
            let Object::Array(kids) = self.resolve(kids)? else {
                return Err(Error::WrongType { object: id, key: "Kids" });
            };
            let kids = kids.items.iter().rev().filter_map(Object::as_reference);
            stack.extend(kids.map(|kid| (kid, depth + 1)));
        }
        Ok(Walked::Count(pages))
    }
}

enum Walked {
    Page(Box<IndirectObject>),
    Count(usize),
}

const fn exceeded(limit: Limit, maximum: usize) -> Error {
    Error::LimitExceeded { limit, maximum: maximum as u64 }
}
