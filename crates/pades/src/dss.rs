//! The document security store: certificates and revocation status for the long term (ISO 32000-2 §12.8.4.3,
//! EN 319 142-1 v1.2.1 §5.4.2).

use core::ops::Range;
use std::collections::HashSet;
use std::io::{Read, Seek};

use kyso_x509::{Digest, DigestAlgorithm};
use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::document::Document;
use crate::error::Error;
use crate::limits::Limit;
use crate::new_object::{NewObject, Piece};
use crate::object::{Dictionary, IndirectObject, Object, Reference};
use crate::revision::Revision;

/// Compression that takes little time; certificates hardly become smaller, lists by a third.
const COMPRESSION: u8 = 6;

/// One certificate, CRL or OCSP response of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityItem {
    /// The object that holds it.
    pub object: Reference,
    /// The value, decoded from its stream: DER, if it is what it should be.
    pub value: Vec<u8>,
    /// Where its data stand in the file, as they were received: only what covers all of them proves anything of it. Where
    /// the object begins would not do: a stream may begin within what is covered and go on behind it.
    pub data: Range<u64>,
}

/// What a document keeps for validation; nothing in it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityStore {
    /// `/Certs`.
    pub certificates: Vec<SecurityItem>,
    /// `/CRLs`.
    pub crls: Vec<SecurityItem>,
    /// `/OCSPs`.
    pub ocsp: Vec<SecurityItem>,
    /// Keys of `/VRI`: SHA-1 of the signatures' `/Contents` in upper-case hexadecimal.
    pub related: Vec<String>,
}

/// What is to be added to a document's store; what is there already is not added again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityData {
    /// Certificates in DER.
    pub certificates: Vec<Vec<u8>>,
    /// CRLs in DER.
    pub crls: Vec<Vec<u8>>,
    /// OCSPResponse values in DER.
    pub ocsp: Vec<Vec<u8>>,
    /// `/Contents` of the signatures that the data are about, padding included.
    pub signatures: Vec<Vec<u8>>,
}

/// The key of a signature in `/VRI` (ISO 32000-2 table 262): over `/Contents` with its padding.
#[must_use]
pub fn related_key(contents: &[u8]) -> String {
    let digest: Digest = DigestAlgorithm::Sha1ForLegacyUseOnly.digest(contents);
    digest.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

impl<R: Read + Seek> Document<R> {
    /// The document's security store, or an empty one.
    ///
    /// Entries of `/VRI` name what the arrays hold too; what stands in `/VRI` alone is read as well.
    ///
    /// # Errors
    /// [`Error::WrongType`] for a store that is no dictionary, an exceeded limit, or as [`object`](Self::object).
    pub fn security_store(&mut self) -> Result<SecurityStore, Error> {
        let mut store = SecurityStore::default();
        let catalog = self.catalog()?;
        let wrong = Error::WrongType { object: catalog.id, key: "DSS" };
        let Some(dictionary) = catalog.value.as_dictionary() else {
            return Err(wrong);
        };
        let dss = match self.value(dictionary, "DSS")? {
            Object::Null => return Ok(store),
            Object::Dictionary(dss) => dss,
            _ => return Err(wrong),
        };
        let mut seen = HashSet::new();
        self.items(&dss, "Certs", &mut seen, &mut store.certificates)?;
        self.items(&dss, "CRLs", &mut seen, &mut store.crls)?;
        self.items(&dss, "OCSPs", &mut seen, &mut store.ocsp)?;
        if let Object::Dictionary(related) = self.value(&dss, "VRI")? {
            for entry in &related.entries {
                store.related.push(entry.key.to_string());
                let Object::Dictionary(one) = self.resolve(&entry.value)? else {
                    continue;
                };
                self.items(&one, "Cert", &mut seen, &mut store.certificates)?;
                self.items(&one, "CRL", &mut seen, &mut store.crls)?;
                self.items(&one, "OCSP", &mut seen, &mut store.ocsp)?;
            }
        }
        Ok(store)
    }

    /// The revision that adds data to the document's store, making it where there is none; `None` where all is there.
    ///
    /// # Errors
    /// [`Error::NeedsRepair`], [`Error::CertifiedNoChanges`] never: a certification permits this (ISO 32000-2
    /// §12.8.2.2); else as [`security_store`](Self::security_store).
    pub fn add_security_data(&mut self, data: &SecurityData) -> Result<Option<Vec<u8>>, Error> {
        self.check_repairs()?;
        let store = self.security_store()?;
        let mut revision = Revision::new(self)?;
        let certificates = add_items(&mut revision, &store.certificates, &data.certificates)?;
        let crls = add_items(&mut revision, &store.crls, &data.crls)?;
        let ocsp = add_items(&mut revision, &store.ocsp, &data.ocsp)?;
        let keys: Vec<String> = data.signatures.iter().map(|one| related_key(one)).collect();
        let new_keys = keys.iter().filter(|key| !store.related.contains(key));
        let mut related = Vec::new();
        for key in new_keys {
            let id = revision.reserve();
            let text = [("Cert", &certificates), ("CRL", &crls), ("OCSP", &ocsp)]
                .into_iter()
                .filter(|(_, list)| !list.all.is_empty())
                .fold("<<".to_owned(), |text, (key, list)| {
                    format!("{text} /{key} {}", array_text(&list.all))
                });
            revision.add(id, NewObject::raw(format!("{text} >>")), &[])?;
            related.push((key.clone(), id));
        }
        let lists = [("Certs", certificates), ("CRLs", crls), ("OCSPs", ocsp)];
        if related.is_empty() && lists.iter().all(|(_, list)| list.new.is_empty()) {
            return Ok(None);
        }
        self.extend_store(&mut revision, &lists, &related)?;
        self.check_repairs()?;
        let seed = format!(
            "DSS {} {}",
            lists.iter().map(|(_, list)| list.new.len()).sum::<usize>(),
            related.len()
        );
        Ok(Some(revision.write(self, seed.as_bytes())?.bytes))
    }

    fn items(
        &mut self,
        dictionary: &Dictionary,
        key: &str,
        seen: &mut HashSet<Reference>,
        items: &mut Vec<SecurityItem>,
    ) -> Result<(), Error> {
        let Object::Array(array) = self.value(dictionary, key)? else {
            return Ok(());
        };
        for reference in array.items.iter().filter_map(Object::as_reference) {
            if !seen.insert(reference) {
                continue;
            }
            if seen.len() > self.limits.security_items {
                let maximum = self.limits.security_items as u64;
                return Err(Error::LimitExceeded { limit: Limit::SecurityItems, maximum });
            }
            let Some(object) = self.resolve_object(reference)? else {
                continue;
            };
            let Object::Stream(stream) = &object.value else {
                continue;
            };
            let start = stream.data_offset;
            // Of an encrypted stream more stands in the file than is read from it.
            let end = start.saturating_add(self.received_stream_data(&object)?.len() as u64);
            let value = self.stream_data(&object)?;
            items.push(SecurityItem { object: object.id, value, data: start..end });
        }
        Ok(())
    }

    /// Puts the new references into the store's arrays and `/VRI`.
    fn extend_store(
        &mut self,
        revision: &mut Revision,
        lists: &[(&'static str, Added)],
        related: &[(String, Reference)],
    ) -> Result<(), Error> {
        let catalog = self.catalog()?;
        let wrong = Error::WrongType { object: catalog.id, key: "DSS" };
        let Object::Dictionary(entries) = &catalog.value else {
            return Err(wrong);
        };
        if entries.occurrences("DSS") > 1 {
            return Err(Error::DuplicateKey { object: catalog.id, key: "DSS" });
        }
        let holder = match entries.value("DSS") {
            Some(Object::Dictionary(dss)) => {
                return self.extend_store_dictionary(revision, &catalog, dss, lists, related);
            }
            Some(Object::Reference(id)) => self.resolve_object(*id)?,
            None | Some(Object::Null) => None,
            Some(_) => return Err(wrong),
        };
        if let Some(holder) = holder {
            let Object::Dictionary(dss) = &holder.value else {
                return Err(wrong);
            };
            return self.extend_store_dictionary(revision, &holder, dss, lists, related);
        }
        let mut text = "<< /Type /DSS".to_owned();
        for (key, list) in lists.iter().filter(|(_, list)| !list.new.is_empty()) {
            text += &format!(" /{key} {}", array_text(&list.new));
        }
        if !related.is_empty() {
            text += &format!(" /VRI << {}>>", related_text(related));
        }
        let id = revision.reserve();
        revision.add(id, NewObject::raw(format!("{text} >>")), &[])?;
        revision.set(&catalog, entries, "DSS", &format!("{id} R"))
    }

    fn extend_store_dictionary(
        &mut self,
        revision: &mut Revision,
        holder: &IndirectObject,
        dss: &Dictionary,
        lists: &[(&'static str, Added)],
        related: &[(String, Reference)],
    ) -> Result<(), Error> {
        for (key, list) in lists.iter().filter(|(_, list)| !list.new.is_empty()) {
            revision.append_all(self, holder, dss, key, &list.new)?;
        }
        if related.is_empty() {
            return Ok(());
        }
        let key = "VRI";
        if dss.occurrences(key) > 1 {
            return Err(Error::DuplicateKey { object: holder.id, key });
        }
        let wrong = Error::WrongType { object: holder.id, key };
        let text = related_text(related).into_bytes();
        match dss.value(key) {
            Some(Object::Dictionary(old)) => {
                let end = old.span.end - 2;
                revision.replace(holder, end..end, [b" ", text.as_slice()].concat());
                Ok(())
            }
            Some(Object::Reference(id)) => match self.resolve_object(*id)? {
                Some(old) => {
                    let Object::Dictionary(dictionary) = &old.value else {
                        return Err(wrong);
                    };
                    let end = dictionary.span.end - 2;
                    revision.replace(&old, end..end, [b" ", text.as_slice()].concat());
                    Ok(())
                }
                None => revision.set(holder, dss, key, &format!("<< {}>>", related_text(related))),
            },
            None | Some(Object::Null) => {
                revision.set(holder, dss, key, &format!("<< {}>>", related_text(related)))
            }
            Some(_) => Err(wrong),
        }
    }
}

/// What became of one kind of data.
struct Added {
    /// Objects of this revision.
    new: Vec<Reference>,
    /// Those and the ones that were there and hold the same.
    all: Vec<Reference>,
}

fn add_items(
    revision: &mut Revision,
    held: &[SecurityItem],
    values: &[Vec<u8>],
) -> Result<Added, Error> {
    let mut added = Added { new: Vec::new(), all: Vec::new() };
    let mut seen: HashSet<&[u8]> = HashSet::new();
    for value in values {
        if !seen.insert(value) {
            continue;
        }
        if let Some(item) = held.iter().find(|item| item.value == *value) {
            added.all.push(item.object);
            continue;
        }
        let packed = compress_to_vec_zlib(value, COMPRESSION);
        let (text, data) = if packed.len() < value.len() {
            ("<< /Filter /FlateDecode >>", packed)
        } else {
            ("<< >>", value.clone())
        };
        let id = revision.reserve();
        let pieces = vec![Piece::Raw(text.as_bytes().to_vec())];
        revision.add(id, NewObject { pieces, stream: Some(data) }, &[])?;
        added.new.push(id);
        added.all.push(id);
    }
    Ok(added)
}

fn array_text(list: &[Reference]) -> String {
    let items: Vec<String> = list.iter().map(|id| format!("{id} R")).collect();
    format!("[{}]", items.join(" "))
}

fn related_text(related: &[(String, Reference)]) -> String {
    related.iter().map(|(key, id)| format!("/{key} {id} R ")).collect()
}
