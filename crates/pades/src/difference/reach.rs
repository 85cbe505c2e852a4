//! What of the signed revision its trailers lead to (ISO 32000-2 §7.5.5).
//!
//! An object that nothing leads to is shown nowhere, so what it refers to is not shared by it. It stays so: whatever a
//! later revision lets lead to it is itself a change that must be permitted.

use std::collections::{BTreeSet, HashSet};
use std::io::{Read, Seek};

use super::walk::Analysis;
use crate::error::Error;
use crate::object::{Object, references};

impl<R: Read + Seek> Analysis<'_, R> {
    /// Whether an object of the base is one that nothing leads to. The base is walked once, and only where somebody
    /// asks: a document without such objects costs nothing.
    pub(super) fn is_orphan(&mut self, number: u32) -> Result<bool, Error> {
        if number == 0 || self.at(0, number)?.is_none() {
            return Ok(false);
        }
        let reachable = match self.reachable.take() {
            Some(reachable) => reachable,
            None => self.reach()?,
        };
        let is_orphan = !reachable.contains(&number);
        self.reachable = Some(reachable);
        Ok(is_orphan)
    }

    /// Whether nobody who counts knows of a number so far.
    pub(super) fn is_unknown(&mut self, number: u32) -> Result<bool, Error> {
        for edge in self.timeline.edges(number).to_vec() {
            if !self.is_orphan(edge.holder)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn reach(&mut self) -> Result<HashSet<u32>, Error> {
        let mut targets = BTreeSet::new();
        for section in self.document.all_sections().get(self.layout.base..).unwrap_or_default() {
            references(&Object::Dictionary(section.trailer.clone()), &mut targets);
        }
        let mut next: Vec<u32> = targets.into_iter().collect();
        let mut reachable: HashSet<u32> = next.iter().copied().collect();
        while let Some(number) = next.pop() {
            let Some(found) = self.at(0, number)? else { continue };
            let mut targets = BTreeSet::new();
            references(found.value(), &mut targets);
            next.extend(targets.into_iter().filter(|target| reachable.insert(*target)));
        }
        Ok(reachable)
    }
}
