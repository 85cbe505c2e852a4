//! A document as it would look signed, before anybody signs.

use std::io::{Read, Seek};

use kyso_pades::{FieldPlace, SeedFacts, SigningField, SigningOptions, SubFilter};

use super::document::placed_revision;
use super::{PadesOptions, SignError};
use crate::visible::Act;

/// Room for the message that never comes.
const ROOM: usize = 64;

/// What signing would add to a document.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The bytes that would follow the document's own: a revision with an empty signature.
    pub appended: Vec<u8>,
    /// Where the signature would show, where it shows at all.
    pub place: Option<FieldPlace>,
}

/// Prepares the revision that signing would prepare, and keeps it in memory; nothing is signed, no key is needed.
///
/// # Errors
/// As [`sign_batch`](super::sign_batch) has for the document and for what the signature shows.
pub fn rehearse<R: Read + Seek>(
    reader: R,
    pades: &PadesOptions,
    act: &Act<'_>,
    seed_facts: SeedFacts<'_>,
) -> Result<Rehearsal, SignError> {
    let signing = SigningOptions {
        field: SigningField::New { name: pades.field.as_deref(), page: 0, rect: None },
        sub_filter: SubFilter::EtsiCadesDetached,
        signing_time: None,
        name: None,
        reason: pades.reason.as_deref(),
        location: pades.location.as_deref(),
        contact_info: None,
        appearance: &[],
        certify: pades.certify,
        lock: pades.lock.as_ref(),
        seed_facts: Some(seed_facts),
        contents_size: ROOM,
    };
    let (prepared, place) = placed_revision(reader, pades, signing, Some(act))?;
    // An empty message fits every room.
    let appended = prepared.embed(&[]).map_err(|_| SignError::Interrupted)?;
    Ok(Rehearsal { appended, place })
}
