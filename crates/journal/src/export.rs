//! The export: all records in one file that is verified offline.
//!
//! JSON Lines, every line in RFC 8785's canonical form and ended by a line feed:
//!
//! ```text
//! {"checkpoint":"<signed note>","format":"kyso-journal-export@v1","vkey":"<verifier key>"}
//! {"leaf":{…}}
//! {"leaf":{…},"name":"<document name>","salt":"<32 hex digits>"}
//! {"leaf":{…},"plain":{"answer":…,"new_unit":…,"old_unit":…,"requested_subject":…},"salt":"<32 hex digits>"}
//! ```
//!
//! There is one line for each leaf of the checkpoint's tree, in order; the value of `leaf` is,
//! byte for byte, what was hashed. Names, texts and their salts, which stand
//! beside intents and reissuance records, are there only if they were asked for.

use std::io::Write;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::canonical::Object;
use crate::checkpoint::SignedCheckpoint;
use crate::error::{Damage, JournalError};
use crate::journal::{Journal, MAX_TEXT_BYTES};
use crate::record::{Plain, Salt, Side};
use crate::reissuance::ReissuanceTexts;

const FORMAT: &str = "kyso-journal-export@v1";

/// The longest line read: ten texts, each byte escaped to six at worst, and the fixed members.
pub(crate) const MAX_LINE_BYTES: usize = 10 * 6 * MAX_TEXT_BYTES + 4096;

/// What goes into an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// Whether documents' plain names, requests' plain texts and their salts go along.
    pub names: bool,
}

impl Journal {
    /// Writes all records to `out`, under a checkpoint of now, which is returned.
    ///
    /// # Errors
    /// [`JournalError::Stream`] where `out` fails, or what keeps the journal from being read.
    pub fn export(
        &self,
        out: &mut impl Write,
        options: ExportOptions,
    ) -> Result<SignedCheckpoint, JournalError> {
        let signed = self.checkpoint()?;
        let header = Header {
            checkpoint: signed.note().to_owned(),
            format: FORMAT.to_owned(),
            vkey: self.reader().verifier_key().to_string(),
        };
        let stream = |error: std::io::Error| JournalError::Stream { kind: error.kind() };
        out.write_all(&header.encode()).map_err(stream)?;
        self.reader().walk(0, signed.checkpoint().size, |row| {
            let side = match row.side().filter(|_| options.names) {
                Some(None) => {
                    let damage = Damage::Entry { index: row.sequence };
                    return Err(self.reader().store().damaged(damage));
                }
                Some(side) => side,
                None => None,
            };
            let mut line = encode(&row.leaf, side.as_ref());
            line.push(b'\n');
            out.write_all(&line).map_err(stream)
        })?;
        out.flush().map_err(stream)?;
        Ok(signed)
    }
}

/// The first line.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) checkpoint: String,
    format: String,
    pub(crate) vkey: String,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let mut line = Vec::new();
        let mut object = Object::open(&mut line);
        object.text("checkpoint", &self.checkpoint);
        object.text("format", &self.format);
        object.text("vkey", &self.vkey);
        object.close();
        line.push(b'\n');
        line
    }

    /// Reads a line without its line feed; `None` where it is not exactly as it is written.
    pub(crate) fn decode(line: &[u8]) -> Option<Self> {
        let header: Self = serde_json::from_slice(line).ok()?;
        let encoded = header.encode();
        let same = encoded.strip_suffix(b"\n") == Some(line);
        (same && header.format == FORMAT).then_some(header)
    }
}

/// Any further line.
pub(crate) struct Line<'a> {
    pub(crate) leaf: &'a str,
    pub(crate) side: Side,
}

#[derive(Deserialize)]
struct WireLine<'a> {
    #[serde(borrow)]
    leaf: &'a RawValue,
    name: Option<String>,
    #[serde(borrow)]
    plain: Option<&'a RawValue>,
    salt: Option<String>,
}

impl<'a> Line<'a> {
    /// Reads a line without its line feed; `None` where it is not exactly as it is written.
    pub(crate) fn decode(line: &'a [u8]) -> Option<Self> {
        let wire: WireLine<'a> = serde_json::from_slice(line).ok()?;
        let leaf = wire.leaf.get();
        let plain = match (wire.name, wire.plain) {
            (Some(name), None) => Some(Plain::Name(name)),
            (None, Some(texts)) => {
                Some(Plain::Texts(ReissuanceTexts::decode(texts.get().as_bytes())?))
            }
            (None, None) => None,
            (Some(_), Some(_)) => return None,
        };
        let side = match (plain, wire.salt) {
            (Some(plain), Some(salt)) => {
                let mut bytes = [0; 16];
                hex::decode_to_slice(salt, &mut bytes).ok()?;
                Some((plain, bytes))
            }
            (None, None) => None,
            _ => return None,
        };
        (encode(leaf.as_bytes(), side.as_ref()) == line).then_some(Self { leaf, side })
    }
}

fn encode(leaf: &[u8], side: Option<&(Plain, Salt)>) -> Vec<u8> {
    let mut line = Vec::with_capacity(leaf.len() + 128);
    let mut object = Object::open(&mut line);
    object.raw("leaf", leaf);
    if let Some((plain, salt)) = side {
        match plain {
            Plain::Name(name) => object.text("name", name),
            Plain::Texts(texts) => object.raw("plain", &texts.encode()),
        }
        object.hex("salt", salt);
    }
    object.close();
    line
}
