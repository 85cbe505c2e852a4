//! Creating containers in two phases: files are measured, what must be signed is handed out, the container is written when
//! the signature has come back.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use kyso_x509::digest::{Digest, DigestAlgorithm, Hasher};

use crate::assemble::{AssembleError, check_proof};
use crate::kind::{ASIC_E_MEDIA_TYPE, ASIC_S_MEDIA_TYPE, Kind};
use crate::limits::{Limit, Limits};
use crate::manifest::{NewReference, write_manifest};
use crate::name::EntryName;
use crate::open_document::write_file_list;
use crate::reference::uri_from_name;
use crate::role::Role;
use crate::zip::{Compression, DosTime, Measured, ZipWriter};

/// What shall be put beside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A CAdES signature.
    Cades,
    /// XAdES signatures.
    Xades,
    /// An RFC 3161 time-stamp token and no signature.
    TimeStamp,
}

/// How a container is to be made; every choice is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Whether ASiC-E (any number of data objects) rather than ASiC-S (exactly one).
    pub extended: bool,
    /// What is put beside the data.
    pub form: Form,
    /// The digest that references and manifests state.
    pub digest: DigestAlgorithm,
    /// How data objects are written; everything else is stored.
    pub compression: Compression,
    /// The time that every entry bears.
    pub modified: DosTime,
}

/// A data object that has been read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredFile {
    /// Its name in the container.
    pub name: EntryName,
    /// Its media type.
    pub media_type: String,
    /// Its size and CRC-32.
    pub measured: Measured,
    /// Its digest by [`Creation::digest`].
    pub digest: Digest,
}

impl MeasuredFile {
    /// The URI by which XML signatures and manifests refer to it.
    #[must_use]
    pub fn uri(&self) -> String {
        uri_from_name(&self.name)
    }
}

/// What the signature or the time-stamp must cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The content of this file, detached (CAdES or a time-stamp in ASiC-S).
    DataObject(&'a MeasuredFile),
    /// These bytes, detached (CAdES or a time-stamp in ASiC-E).
    Manifest(&'a [u8]),
    /// These files, by one reference of each XML signature to each.
    References(&'a [MeasuredFile]),
}

/// A container that is being put together.
pub struct NewContainer {
    creation: Creation,
    limits: Limits,
    files: Vec<MeasuredFile>,
    names: BTreeSet<String>,
    total: u64,
}

impl NewContainer {
    /// Begins an empty container.
    #[must_use]
    pub fn new(creation: Creation, limits: &Limits) -> Self {
        let limits = limits.clone();
        Self { creation, limits, files: Vec::new(), names: BTreeSet::new(), total: 0 }
    }

    /// Reads a data object once, to its end.
    ///
    /// # Errors
    /// A name that is reserved, taken, or not fit for every system; a second file in ASiC-S; a limit; the reader's.
    pub fn add(
        &mut self,
        name: &str,
        media_type: &str,
        content: &mut dyn Read,
    ) -> Result<(), AssembleError> {
        let name = EntryName::new(name, &self.limits)
            .map_err(|fault| AssembleError::Name { name: name.into(), fault })?;
        if Role::of(&name) != Role::DataObject || reserved(&name) {
            return Err(AssembleError::ReservedName(name));
        }
        name.portable()
            .map_err(|fault| AssembleError::NotPortable { name: name.clone(), fault })?;
        if !self.names.insert(name.collision_key()) {
            return Err(AssembleError::NameTaken(name));
        }
        if !self.creation.extended && !self.files.is_empty() {
            return Err(AssembleError::SeveralDataObjects);
        }
        // Beside the files stand mimetype, two manifests and the signature.
        self.within(Limit::Entries, self.files.len() as u64 + 5, self.limits.entries)?;

        let mut hasher = Hasher::new(self.creation.digest);
        let mut crc = crc32fast::Hasher::new();
        let mut size: u64 = 0;
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = match content.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let bytes = chunk.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            crc.update(bytes);
            size += read as u64;
            self.within(Limit::EntryBytes, size, self.limits.entry_bytes)?;
        }
        self.total += size;
        self.within(Limit::TotalBytes, self.total, self.limits.total_bytes)?;
        self.files.push(MeasuredFile {
            name,
            media_type: media_type.to_owned(),
            measured: Measured { size, crc32: crc.finalize() },
            digest: hasher.finish(),
        });
        Ok(())
    }

    fn within(&self, limit: Limit, value: u64, allowed: u64) -> Result<(), AssembleError> {
        if value > allowed {
            return Err(AssembleError::LimitExceeded { limit, allowed });
        }
        Ok(())
    }

    /// Fixes the container's content but for the signature.
    ///
    /// # Errors
    /// [`AssembleError::NoDataObject`].
    pub fn prepare(self) -> Result<NewContainerToBeSigned, AssembleError> {
        if self.files.is_empty() {
            return Err(AssembleError::NoDataObject);
        }
        let Creation { extended, form, .. } = self.creation;
        let proof = if extended { numbered_proof(form, 1) } else { simple_proof(form) };
        let mut metadata = Vec::new();
        if extended {
            match form {
                Form::Cades | Form::TimeStamp => {
                    let references: Vec<NewReference<'_>> =
                        self.files.iter().map(new_reference).collect();
                    let bytes = write_manifest(&proof, media_type(form), &references);
                    metadata.push((EntryName::numbered("META-INF/ASiCManifest", 1, ".xml"), bytes));
                }
                Form::Xades => {
                    let files =
                        self.files.iter().map(|file| (&file.name, file.media_type.as_str()));
                    let bytes = write_file_list(ASIC_E_MEDIA_TYPE, files);
                    metadata.push((EntryName::fixed("META-INF/manifest.xml"), bytes));
                }
            }
        }
        let Self { creation, limits, files, .. } = self;
        Ok(NewContainerToBeSigned { creation, limits, files, metadata, proof })
    }
}

/// A container that lacks only its signature.
pub struct NewContainerToBeSigned {
    creation: Creation,
    limits: Limits,
    files: Vec<MeasuredFile>,
    metadata: Vec<(EntryName, Vec<u8>)>,
    proof: EntryName,
}

impl NewContainerToBeSigned {
    /// What the signature or the time-stamp must cover.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        match (self.creation.form, self.metadata.first(), self.files.first()) {
            (Form::Cades | Form::TimeStamp, Some((_, manifest)), _) => Target::Manifest(manifest),
            (Form::Cades | Form::TimeStamp, None, Some(file)) => Target::DataObject(file),
            _ => Target::References(&self.files),
        }
    }

    /// The kind of container it will be.
    #[must_use]
    pub fn kind(&self) -> Kind {
        if self.creation.extended { Kind::AsicE } else { Kind::AsicS }
    }

    /// The file that will hold the signature.
    #[must_use]
    pub fn signature_file(&self) -> &EntryName {
        &self.proof
    }

    /// Writes the container: `mimetype`, the data objects in the order they were added, the metadata, the signature.
    ///
    /// Each data object is read a second time, from what `open` gives. The same input makes the same bytes.
    ///
    /// # Errors
    /// A file that is no longer what was measured; a signature file of another shape; the reader's and the writer's.
    pub fn finish<W: Write>(
        self,
        signature: &[u8],
        open: &mut dyn FnMut(&EntryName) -> io::Result<Box<dyn Read>>,
        out: W,
    ) -> Result<(W, u64), AssembleError> {
        check_proof(&self.proof, signature, &self.limits)?;
        let media_type = if self.creation.extended { ASIC_E_MEDIA_TYPE } else { ASIC_S_MEDIA_TYPE };
        let mut writer = ZipWriter::new(out, self.creation.modified);
        writer.write(&EntryName::fixed("mimetype"), media_type.as_bytes())?;
        for file in &self.files {
            // The CRC-32 guards against accidents alone; the digest is what gets signed.
            let mut content =
                Digesting { content: open(&file.name)?, hasher: Hasher::new(self.creation.digest) };
            writer.copy(&file.name, file.measured, self.creation.compression, &mut content)?;
            if content.hasher.finish() != file.digest {
                return Err(AssembleError::Changed(file.name.clone()));
            }
        }
        for (name, bytes) in &self.metadata {
            writer.write(name, bytes)?;
        }
        writer.write(&self.proof, signature)?;
        Ok(writer.finish(b"")?)
    }
}

/// A reader that digests what passes.
struct Digesting {
    content: Box<dyn Read>,
    hasher: Hasher,
}

impl Read for Digesting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(out)?;
        self.hasher.update(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Names that would be read as metadata where case does not count.
fn reserved(name: &EntryName) -> bool {
    let first = name.as_str().split('/').next().unwrap_or_default();
    first.eq_ignore_ascii_case("META-INF") || name.as_str().eq_ignore_ascii_case("mimetype")
}

pub(crate) fn new_reference(file: &MeasuredFile) -> NewReference<'_> {
    let media_type = Some(file.media_type.as_str()).filter(|text| !text.is_empty());
    NewReference { name: &file.name, media_type, root_file: false, digest: file.digest }
}

/// The fixed name of the only signature of ASiC-S (EN 319 162-1 §4.3.3.2).
pub(crate) fn simple_proof(form: Form) -> EntryName {
    EntryName::fixed(match form {
        Form::Cades => "META-INF/signature.p7s",
        Form::Xades => "META-INF/signatures.xml",
        Form::TimeStamp => "META-INF/timestamp.tst",
    })
}

/// The name of a signature of ASiC-E (§4.4.3.2, §4.4.4.2).
pub(crate) fn numbered_proof(form: Form, number: usize) -> EntryName {
    match form {
        Form::Cades => EntryName::numbered("META-INF/signature", number, ".p7s"),
        Form::Xades => EntryName::numbered("META-INF/signatures", number, ".xml"),
        Form::TimeStamp => EntryName::numbered("META-INF/timestamp", number, ".tst"),
    }
}

/// The media type of a `SigReference`.
pub(crate) fn media_type(form: Form) -> &'static str {
    match form {
        Form::Cades => "application/pkcs7-signature",
        Form::Xades => "text/xml",
        Form::TimeStamp => "application/vnd.etsi.timestamp-token",
    }
}
