//! Composite fonts: codes of one to four bytes (ISO 32000-2 §9.7).

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::{Array, Dictionary, Object};

use super::budget::Mappings;
use super::cmap::{CMap, number};

/// A Type 0 font with its descendant.
pub(super) struct Composite {
    codes: Codes,
    vertical: bool,
    default_width: f64,
    widths: Vec<Widths>,
    /// `/DW2`: height of the horizontal origin over the vertical one's, and the vertical advance, in ems.
    vertical_metrics: (f64, f64),
}

/// How strings become codes and codes CIDs.
enum Codes {
    /// Two bytes a code, the CID itself.
    Identity,
    /// Two bytes a code, UTF-16; what CIDs they have is not kept, so the widths are the default ones.
    Unicode,
    Map(CMap),
}

/// Widths of the CIDs from `low` on.
struct Widths {
    low: u32,
    high: u32,
    each: Vec<f64>,
}

impl Composite {
    /// Reads a Type 0 font; the descendant's font descriptor is given back beside it.
    pub(super) fn read<R: Read + Seek>(
        document: &mut Document<R>,
        dictionary: &Dictionary,
        mappings: &mut Mappings,
    ) -> Result<(Self, Dictionary), Error> {
        let empty = || Dictionary { entries: Vec::new(), span: 0..0 };
        let (codes, vertical) = Codes::read(document, dictionary, mappings)?;
        let descendants = document.value(dictionary, "DescendantFonts")?;
        let descendant = descendants.as_array().and_then(|array| array.items.first());
        let descendant = match descendant {
            Some(descendant) => document.resolve(descendant)?,
            None => descendants,
        };
        let descendant = match descendant {
            Object::Dictionary(descendant) => descendant,
            _ => empty(),
        };
        let descriptor = match document.value(&descendant, "FontDescriptor")? {
            Object::Dictionary(descriptor) => descriptor,
            _ => empty(),
        };
        let default_width = document.value(&descendant, "DW")?.as_number().unwrap_or(1000.0);
        let widths = match document.value(&descendant, "W")? {
            Object::Array(array) => widths(document, &array, mappings)?,
            _ => Vec::new(),
        };
        let vertical_metrics = match document.value(&descendant, "DW2")? {
            Object::Array(array) => match array.items.as_slice() {
                [height, advance] => (height.as_number(), advance.as_number()),
                _ => (None, None),
            },
            _ => (None, None),
        };
        let (height, advance) = vertical_metrics;
        Ok((
            Self {
                codes,
                vertical,
                default_width: default_width / 1000.0,
                widths,
                vertical_metrics: (
                    height.unwrap_or(880.0) / 1000.0,
                    advance.unwrap_or(-1000.0) / 1000.0,
                ),
            },
            descriptor,
        ))
    }

    pub(super) const fn is_vertical(&self) -> bool {
        self.vertical
    }

    pub(super) fn next_code(&self, string: &[u8]) -> (u32, usize) {
        match &self.codes {
            Codes::Map(map) => map.next_code(string),
            Codes::Unicode => match *string {
                // A pair of surrogates.
                [high @ 0xd8..=0xdb, b, low @ 0xdc..=0xdf, d, ..] => {
                    (number(&[high, b, low, d]), 4)
                }
                _ => two_bytes(string),
            },
            Codes::Identity => two_bytes(string),
        }
    }

    /// The text of a code where the encoding itself says it, appended.
    pub(super) fn text(&self, code: u32, out: &mut String) -> bool {
        let Codes::Unicode = self.codes else {
            return false;
        };
        let character = match code {
            0..=0xffff => char::from_u32(code),
            _ => char::from_u32(0x1_0000 + ((code >> 16 & 0x3ff) << 10 | code & 0x3ff)),
        };
        out.extend(character);
        character.is_some()
    }

    pub(super) fn cid(&self, code: u32) -> u32 {
        match &self.codes {
            Codes::Identity => code,
            Codes::Unicode => u32::MAX,
            Codes::Map(map) => map.cid(code),
        }
    }

    /// Advance in ems, and in vertical writing the way from its origin to the horizontal one.
    pub(super) fn metrics(&self, cid: u32) -> (f64, Option<(f64, f64)>) {
        let behind = self.widths.partition_point(|range| range.low <= cid);
        let before = self.widths.get(..behind).unwrap_or_default();
        let range = before.last().filter(|range| cid <= range.high);
        let width = range.and_then(|range| match range.each.as_slice() {
            [one] => Some(*one),
            each => each.get(usize::try_from(cid - range.low).ok()?).copied(),
        });
        let width = width.unwrap_or(self.default_width);
        if self.vertical {
            let (height, advance) = self.vertical_metrics;
            (advance, Some((-width / 2.0, -height)))
        } else {
            (width, None)
        }
    }
}

impl Codes {
    fn read<R: Read + Seek>(
        document: &mut Document<R>,
        dictionary: &Dictionary,
        mappings: &mut Mappings,
    ) -> Result<(Self, bool), Error> {
        let encoding = match dictionary.value("Encoding") {
            Some(Object::Reference(id)) => match document.resolve_object(*id)? {
                Some(object) if matches!(object.value, Object::Stream(_)) => {
                    let text = document.stream_data(&object)?;
                    let limits = document.limits().clone();
                    let vertical = object.value.as_dictionary().and_then(|d| d.value("WMode"));
                    let vertical = vertical.and_then(Object::as_integer) == Some(1);
                    let map = CMap::read(&text, &limits, mappings)?;
                    return Ok((Self::Map(map), vertical));
                }
                Some(object) => object.value,
                None => Object::Null,
            },
            Some(value) => value.clone(),
            None => Object::Null,
        };
        let name = encoding.as_name().map(ToString::to_string).unwrap_or_default();
        let vertical = name.ends_with("-V");
        let unicode = name.contains("UCS2-") || name.contains("UTF16-");
        Ok((if unicode { Self::Unicode } else { Self::Identity }, vertical))
    }
}

fn two_bytes(string: &[u8]) -> (u32, usize) {
    let len = string.len().clamp(1, 2);
    (number(string.get(..len).unwrap_or(string)), len)
}

/// The `/W` array: `first [w1 w2 …]` or `first last w` (§9.7.4.3).
fn widths<R: Read + Seek>(
    document: &mut Document<R>,
    array: &Array,
    mappings: &mut Mappings,
) -> Result<Vec<Widths>, Error> {
    let mut out: Vec<Widths> = Vec::new();
    let mut items = array.items.iter();
    while let Some(low) = items.next() {
        let low = document.resolve(low)?.as_integer().and_then(|n| u32::try_from(n).ok());
        let Some(second) = items.next() else { break };
        let second = document.resolve(second)?;
        let (high, each): (_, Vec<f64>) = match second {
            Object::Array(list) => {
                let widths = list.items.iter().map(|w| w.as_number().unwrap_or(0.0) / 1000.0);
                let each: Vec<f64> = widths.collect();
                let count = u32::try_from(each.len()).unwrap_or(0);
                match (low, count.checked_sub(1)) {
                    (Some(low), Some(steps)) => (low.checked_add(steps), each),
                    _ => continue,
                }
            }
            other => {
                let Some(width) = items.next() else { break };
                let width = document.resolve(width)?.as_number().unwrap_or(0.0) / 1000.0;
                (other.as_integer().and_then(|n| u32::try_from(n).ok()), vec![width])
            }
        };
        mappings.take(1 + each.len() / 4)?;
        if let (Some(low), Some(high)) = (low, high)
            && low <= high
        {
            out.push(Widths { low, high, each });
        }
    }
    out.sort_by_key(|range| range.low);
    Ok(out)
}
