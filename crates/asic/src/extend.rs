//! Extending containers: a signature is added, or one is replaced by its augmented form, while every other entry stays
//! byte for byte as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};

use kyso_x509::digest::DigestAlgorithm;

use crate::assemble::{AssembleError, check_proof};
use crate::container::Container;
use crate::create::{
    Form, MeasuredFile, Target, media_type, new_reference, numbered_proof, simple_proof,
};
use crate::error::AsicError;
use crate::kind::Kind;
use crate::manifest::{NewReference, write_manifest};
use crate::name::EntryName;
use crate::role::Role;
use crate::zip::{DosTime, Entry, Measured, ZipWriter};

/// The name that Annex A.7 item 1 gives the newest archive manifest.
const ARCHIVE_MANIFEST: &str = "META-INF/ASiCArchiveManifest.xml";

/// A container and what is to be put into it, once the signature or the time-stamp is there.
pub struct Extension {
    files: Vec<MeasuredFile>,
    manifest: Option<(EntryName, Vec<u8>)>,
    proof: EntryName,
    /// The proof's file is there already and is written anew.
    replaces: bool,
    /// The archive manifest that gets another name.
    renamed: Option<(EntryName, EntryName, Vec<u8>)>,
    fingerprint: Fingerprint,
}

/// By what a container is known again: its entries, their places and their CRC-32.
type Fingerprint = Vec<(EntryName, u64, u64, u32)>;

impl<R: Read + Seek> Container<R> {
    /// Prepares a signature or time-stamp over every data object.
    ///
    /// In ASiC-S the file that holds the signatures is written anew: with the one that is there (read it by
    /// [`Container::read`]) and the new one in it. In ASiC-E a new file is added.
    ///
    /// # Errors
    /// A kind that takes no signatures; signatures of another form; a file whose data are damaged.
    pub fn prepare_signature(
        &mut self,
        form: Form,
        digest: DigestAlgorithm,
    ) -> Result<Extension, AssembleError> {
        let extended = match self.kind() {
            Kind::AsicE => true,
            Kind::AsicS => false,
            kind @ (Kind::OpenDocument | Kind::OfficeOpenXml | Kind::Zip) => {
                return Err(AssembleError::NotExtensible(kind));
            }
        };
        self.check_form(form, false)?;
        let names: Vec<EntryName> = self.data_objects().map(|entry| entry.name().clone()).collect();
        match names.as_slice() {
            [] => return Err(AssembleError::NoDataObject),
            [_, _, ..] if !extended => return Err(AssembleError::SeveralDataObjects),
            _ => {}
        }
        let media_types = self.stated_media_types()?;
        let mut files = Vec::new();
        for name in names {
            let digest = self.digest(&name, digest)?;
            let media_type = media_types.get(name.as_str()).cloned().unwrap_or_default();
            let measured = self.entry(name.as_str()).map(measured);
            let measured = measured.ok_or_else(|| AssembleError::NameTaken(name.clone()))?;
            files.push(MeasuredFile { name, media_type, measured, digest });
        }
        let number = self.free_number(|number| {
            let manifest = EntryName::numbered("META-INF/ASiCManifest", number, ".xml");
            vec![numbered_proof(form, number), manifest]
        });
        let proof = if extended { numbered_proof(form, number) } else { simple_proof(form) };
        let manifest = (extended && form != Form::Xades).then(|| {
            let references: Vec<NewReference<'_>> = files.iter().map(new_reference).collect();
            let bytes = write_manifest(&proof, media_type(form), &references);
            (EntryName::numbered("META-INF/ASiCManifest", number, ".xml"), bytes)
        });
        let replaces = !extended && self.entry(proof.as_str()).is_some();
        let fingerprint = self.fingerprint();
        Ok(Extension { files, manifest, proof, replaces, renamed: None, fingerprint })
    }

    /// Prepares an archive time-stamp over all data objects, signatures, time-stamps and manifests (Annex A.7), for
    /// containers with CAdES signatures or time-stamps; XAdES signatures carry archive time-stamps of their own.
    ///
    /// What validates the newest time-stamp should be put into its token first, by [`Container::replace`].
    ///
    /// # Errors
    /// As [`Container::prepare_signature`].
    pub fn prepare_archive_time_stamp(
        &mut self,
        digest: DigestAlgorithm,
    ) -> Result<Extension, AssembleError> {
        let kind = self.kind();
        if !matches!(kind, Kind::AsicE | Kind::AsicS) {
            return Err(AssembleError::NotExtensible(kind));
        }
        self.check_form(Form::TimeStamp, true)?;
        // The newest archive manifest bears the fixed name; the one before it makes room (item 2).
        let renamed = match self.entry(ARCHIVE_MANIFEST) {
            None => None,
            Some(_) => {
                let name = EntryName::fixed(ARCHIVE_MANIFEST);
                let archived =
                    |number| EntryName::numbered("META-INF/ASiCArchiveManifest", number, ".xml");
                let number = self.free_number(|number| vec![archived(number)]);
                let bytes = self.read(&name)?;
                Some((name, archived(number), bytes))
            }
        };
        let covered: Vec<EntryName> = self
            .entries()
            .iter()
            .map(|entry| entry.name().clone())
            .filter(|name| {
                let role = Role::of(name);
                role == Role::DataObject || role.is_proof() || role.is_manifest()
            })
            .collect();
        let mut digests = Vec::new();
        for name in covered {
            let digest = self.digest(&name, digest)?;
            let (name, root_file) = match &renamed {
                Some((old, new, _)) if *old == name => (new.clone(), true),
                _ => (name, false),
            };
            digests.push((name, root_file, digest));
        }
        let references: Vec<NewReference<'_>> = digests
            .iter()
            .map(|(name, root_file, digest)| NewReference {
                name,
                media_type: None,
                root_file: *root_file,
                digest: *digest,
            })
            .collect();
        if references.is_empty() {
            return Err(AssembleError::NoDataObject);
        }
        let number = self.free_number(|number| vec![numbered_proof(Form::TimeStamp, number)]);
        let proof = numbered_proof(Form::TimeStamp, number);
        let bytes = write_manifest(&proof, media_type(Form::TimeStamp), &references);
        Ok(Extension {
            files: Vec::new(),
            manifest: Some((EntryName::fixed(ARCHIVE_MANIFEST), bytes)),
            proof,
            replaces: false,
            renamed,
            fingerprint: self.fingerprint(),
        })
    }

    /// Writes the container with another content of one signature or time-stamp file: an augmented one.
    ///
    /// # Errors
    /// A file that is none; content that such a file cannot hold; the reader's and the writer's.
    pub fn replace<W: Write>(
        &mut self,
        file: &EntryName,
        proof: &[u8],
        modified: DosTime,
        out: W,
    ) -> Result<(W, u64), AssembleError> {
        if self.entry(file.as_str()).is_none() || !Role::of(file).is_proof() {
            return Err(AssembleError::NotAProof(file.clone()));
        }
        check_proof(file, proof, self.limits())?;
        self.rewrite(&[file], &[(file, proof)], modified, out)
    }

    /// Copies every entry but `without` as it is, in its order, and writes `with` behind them.
    fn rewrite<W: Write>(
        &mut self,
        without: &[&EntryName],
        with: &[(&EntryName, &[u8])],
        modified: DosTime,
        out: W,
    ) -> Result<(W, u64), AssembleError> {
        let mut kept: Vec<Entry> = self
            .entries()
            .iter()
            .filter(|entry| !without.contains(&entry.name()))
            .cloned()
            .collect();
        kept.sort_by_key(Entry::header_offset);
        let comment = self.archive().comment().to_vec();
        let mut writer = ZipWriter::new(out, modified);
        for entry in &kept {
            writer.keep(self.archive(), entry)?;
        }
        for (name, bytes) in with {
            writer.write(name, bytes)?;
        }
        Ok(writer.finish(&comment)?)
    }

    /// What the container says its files are: in its file list, in its manifests.
    fn stated_media_types(&mut self) -> Result<BTreeMap<String, String>, AsicError> {
        let mut stated = BTreeMap::new();
        if self.entry("META-INF/manifest.xml").is_some() {
            for file in self.file_list()? {
                stated.insert(file.path, file.media_type);
            }
        }
        let manifests: Vec<EntryName> = self
            .entries()
            .iter()
            .map(|entry| entry.name().clone())
            .filter(|name| Role::of(name) == Role::Manifest)
            .collect();
        for file in manifests {
            for reference in self.manifest(&file)?.references() {
                if let (Ok(name), Some(media_type)) = (&reference.name, &reference.media_type) {
                    stated.insert(name.as_str().to_owned(), media_type.clone());
                }
            }
        }
        Ok(stated)
    }

    /// A container holds CAdES signatures and time-stamps, or XAdES signatures (EN 319 162-1 §4.4.3, §4.4.4); a simple
    /// one holds one of the three (§4.3.3.2), and archive time-stamps beside CAdES or a time-stamp.
    fn check_form(&self, form: Form, archive: bool) -> Result<(), AssembleError> {
        let simple = self.kind() == Kind::AsicS;
        for entry in self.entries() {
            let fits = match Role::of(entry.name()) {
                Role::XadesSignatures => form == Form::Xades,
                Role::CadesSignature if simple && !archive => form == Form::Cades,
                Role::CadesSignature => form != Form::Xades,
                Role::TimeStamp if simple && !archive => form == Form::TimeStamp,
                Role::TimeStamp | Role::EvidenceRecord => form != Form::Xades,
                _ => true,
            };
            if !fits {
                return Err(AssembleError::OtherForm(entry.name().clone()));
            }
        }
        Ok(())
    }

    /// The least number from 1 whose names no entry has.
    fn free_number(&self, names: impl Fn(usize) -> Vec<EntryName>) -> usize {
        let taken: BTreeSet<String> =
            self.entries().iter().map(|entry| entry.name().collision_key()).collect();
        let free = |number: &usize| {
            names(*number).iter().all(|name| !taken.contains(&name.collision_key()))
        };
        // Among one number more than there are entries, one is free.
        (1..=taken.len() + 1).find(free).unwrap_or(taken.len() + 1)
    }

    fn fingerprint(&self) -> Fingerprint {
        let known = |entry: &Entry| {
            (entry.name().clone(), entry.header_offset(), entry.size(), entry.crc32())
        };
        self.entries().iter().map(known).collect()
    }
}

impl Extension {
    /// What the signature or the time-stamp must cover.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        match (&self.manifest, self.files.first()) {
            (Some((_, manifest)), _) => Target::Manifest(manifest),
            (None, Some(file)) if Role::of(&self.proof) != Role::XadesSignatures => {
                Target::DataObject(file)
            }
            _ => Target::References(&self.files),
        }
    }

    /// The file that will hold the signature.
    #[must_use]
    pub fn signature_file(&self) -> &EntryName {
        &self.proof
    }

    /// Whether that file is there already, so that its new content must keep the signatures of the old one.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// Writes the container that was prepared, with the signature: every other entry stays as it is, and without a
    /// replaced or renamed file they stay where they are too.
    ///
    /// # Errors
    /// Another container; a signature file of another shape; the reader's and the writer's.
    pub fn finish<R: Read + Seek, W: Write>(
        self,
        container: &mut Container<R>,
        signature: &[u8],
        modified: DosTime,
        out: W,
    ) -> Result<(W, u64), AssembleError> {
        if container.fingerprint() != self.fingerprint {
            return Err(AssembleError::OtherContainer);
        }
        check_proof(&self.proof, signature, container.limits())?;
        let mut without = Vec::new();
        let mut with: Vec<(&EntryName, &[u8])> = Vec::new();
        if self.replaces {
            without.push(&self.proof);
        }
        if let Some((old, new, bytes)) = &self.renamed {
            without.push(old);
            with.push((new, bytes));
        }
        if let Some((name, bytes)) = &self.manifest {
            with.push((name, bytes));
        }
        with.push((&self.proof, signature));
        container.rewrite(&without, &with, modified, out)
    }
}

fn measured(entry: &Entry) -> Measured {
    Measured { size: entry.size(), crc32: entry.crc32() }
}
