//! What the reading of one page, or of many pages with their fonts, may cost.

use crate::error::Error;
use crate::limits::{Limit, Limits};

/// Mappings that fonts may still bring.
pub(crate) struct Mappings {
    left: usize,
    maximum: usize,
}

impl Mappings {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self { left: limits.font_mappings, maximum: limits.font_mappings }
    }

    pub(super) fn take(&mut self, mappings: usize) -> Result<(), Error> {
        take(&mut self.left, mappings, Limit::FontMappings, self.maximum)
    }
}

/// What one page's content may still cost.
pub(super) struct PageBudget {
    bytes: usize,
    operators: usize,
    characters: usize,
}

impl PageBudget {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            bytes: limits.content_bytes,
            operators: limits.content_operators,
            characters: limits.page_characters,
        }
    }

    pub(super) fn bytes(&mut self, bytes: usize, limits: &Limits) -> Result<(), Error> {
        take(&mut self.bytes, bytes, Limit::ContentBytes, limits.content_bytes)
    }

    pub(super) fn operator(&mut self, limits: &Limits) -> Result<(), Error> {
        take(&mut self.operators, 1, Limit::ContentOperators, limits.content_operators)
    }

    pub(super) fn characters(&mut self, characters: usize, limits: &Limits) -> Result<(), Error> {
        take(&mut self.characters, characters, Limit::PageCharacters, limits.page_characters)
    }
}

fn take(left: &mut usize, amount: usize, limit: Limit, maximum: usize) -> Result<(), Error> {
    *left =
        left.checked_sub(amount).ok_or(Error::LimitExceeded { limit, maximum: maximum as u64 })?;
    Ok(())
}
