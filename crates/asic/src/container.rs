//! A container: its data objects, its signatures, and what each of them covers.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use kyso_x509::digest::{Digest, DigestAlgorithm, Hasher};

use crate::error::AsicError;
use crate::kind::{Finding, Kind, recognise};
use crate::limits::{Limit, Limits};
use crate::manifest::Manifest;
use crate::name::EntryName;
use crate::role::Role;
use crate::zip::{Archive, Entry, EntryReader, ZipError};

/// An opened container. Its records agree with each other; its data are verified as they are read.
#[derive(Debug)]
pub struct Container<R> {
    archive: Archive<R>,
    kind: Kind,
    media_type: Option<String>,
    findings: Vec<Finding>,
    limits: Limits,
    /// Digests already computed: however many manifests refer to a file, it is read once for each algorithm.
    digests: BTreeMap<(EntryName, DigestAlgorithm), Digest>,
}

/// A signature, time-stamp or evidence record of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSignature {
    /// Its file.
    pub file: EntryName,
    /// What it is; [`Role::is_proof`] holds.
    pub role: Role,
    /// What it covers.
    pub covers: Covers,
}

/// What a signature or time-stamp covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covers {
    /// The content of this data object (EN 319 162-1 §4.3.3.2).
    DataObject(EntryName),
    /// This manifest's bytes, and by its digests what it refers to (§4.4.4.2, Annex A.7).
    Manifest {
        /// The manifest's file.
        file: EntryName,
        /// The manifest.
        manifest: Manifest,
    },
    /// What the references within the XML signatures say (§4.4.3.2, §4.3.3.2).
    OwnReferences,
    /// Nothing that could be found.
    Nothing(NothingCovered),
}

/// Why a signature covers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NothingCovered {
    /// No manifest names it.
    NoManifest,
    /// Several manifests name it: which one it covers would be the reader's choice.
    SeveralManifests,
    /// A manifest names the signature of a simple container, which covers the data object: it cannot cover both.
    ManifestInSimple,
    /// The simple container has no data object.
    NoDataObject,
    /// The simple container has several data objects.
    SeveralDataObjects,
}

impl<R: Read + Seek> Container<R> {
    /// Opens a container.
    ///
    /// # Errors
    /// An archive that is malformed, ambiguous or beyond a limit.
    pub fn open(source: R, limits: &Limits) -> Result<Self, AsicError> {
        let mut archive = Archive::open(source, limits)?;
        let mut proofs = 0_usize;
        for entry in archive.entries() {
            let role = Role::of(entry.name());
            if role == Role::Ambiguous {
                return Err(AsicError::AmbiguousRole(entry.name().clone()));
            }
            proofs += usize::from(role.is_proof() || role.is_manifest());
        }
        if proofs > limits.signatures {
            let allowed = limits.signatures as u64;
            return Err(AsicError::LimitExceeded { limit: Limit::Signatures, allowed });
        }
        let (kind, media_type, findings) = recognise(&mut archive)?;
        let limits = limits.clone();
        Ok(Self { archive, kind, media_type, findings, limits, digests: BTreeMap::new() })
    }

    /// The kind of container.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text of `mimetype`, white space around it left out; empty when it is too long to be a media type.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// Departures from the standard that keep nobody from reading.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The bounds it was opened with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Every entry, in the directory's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.archive.entries()
    }

    /// The entry of this name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.archive.entry(name)
    }

    /// The files outside `META-INF/`, `mimetype` apart: what signatures are about.
    pub fn data_objects(&self) -> impl Iterator<Item = &Entry> {
        self.with_role(|role| role == Role::DataObject)
    }

    fn with_role(&self, matches: impl Fn(Role) -> bool) -> impl Iterator<Item = &Entry> {
        self.archive.entries().iter().filter(move |entry| matches(Role::of(entry.name())))
    }

    /// A reader of an entry's content.
    ///
    /// # Errors
    /// [`AsicError::NoSuchEntry`]; the passed-in reader's.
    pub fn reader(&mut self, name: &EntryName) -> Result<EntryReader<'_, R>, AsicError> {
        let reader = self.archive.reader(name)?;
        reader.ok_or_else(|| AsicError::NoSuchEntry(name.clone()))
    }

    /// The content of a small entry, verified; at most [`Limits::whole_bytes`].
    ///
    /// # Errors
    /// [`AsicError::NoSuchEntry`]; one that is too large; data that are not what the headers state.
    pub fn read(&mut self, name: &EntryName) -> Result<Vec<u8>, AsicError> {
        let allowed = self.limits.whole_bytes as u64;
        self.read_up_to(name, allowed)
    }

    /// The content of an entry, verified; at most `allowed` bytes.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub fn read_up_to(&mut self, name: &EntryName, allowed: u64) -> Result<Vec<u8>, AsicError> {
        let entry = self.archive.entry(name.as_str());
        let size = entry.ok_or_else(|| AsicError::NoSuchEntry(name.clone()))?.size();
        if size > allowed {
            return Err(AsicError::Zip(ZipError::LimitExceeded {
                limit: Limit::WholeBytes,
                value: size,
                allowed,
                name: Some(name.clone()),
            }));
        }
        let mut bytes = Vec::new();
        self.reader(name)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The digest of an entry's content.
    ///
    /// # Errors
    /// [`AsicError::NoSuchEntry`]; data that are not what the headers state.
    pub fn digest(
        &mut self,
        name: &EntryName,
        algorithm: DigestAlgorithm,
    ) -> Result<Digest, AsicError> {
        let key = (name.clone(), algorithm);
        if let Some(digest) = self.digests.get(&key) {
            return Ok(*digest);
        }
        let mut hasher = Hasher::new(algorithm);
        let mut reader = self.reader(name)?;
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = reader.fill(&mut chunk)?;
            if read == 0 {
                break;
            }
            hasher.update(chunk.get(..read).unwrap_or_default());
        }
        let digest = hasher.finish();
        self.digests.insert(key, digest);
        Ok(digest)
    }

    /// Reads the manifest in this file.
    ///
    /// # Errors
    /// As [`Container::read`] and [`Manifest::read`].
    pub fn manifest(&mut self, file: &EntryName) -> Result<Manifest, AsicError> {
        let bytes = self.read(file)?;
        Manifest::read(file, bytes, &self.limits)
    }

    /// Every signature, time-stamp and evidence record in the directory's order, with what it covers.
    ///
    /// # Errors
    /// A manifest that cannot be read: then nobody can say what is covered.
    pub fn signatures(&mut self) -> Result<Vec<ContainerSignature>, AsicError> {
        let names = |container: &Self, matches: fn(Role) -> bool| -> Vec<EntryName> {
            container.with_role(matches).map(|entry| entry.name().clone()).collect()
        };
        let mut manifests = Vec::new();
        for file in names(self, Role::is_manifest) {
            let manifest = self.manifest(&file)?;
            manifests.push((file, manifest));
        }
        let objects: Vec<EntryName> =
            self.data_objects().map(|entry| entry.name().clone()).collect();
        let proofs = names(self, Role::is_proof);
        let signatures = proofs.into_iter().map(|file| {
            let role = Role::of(&file);
            let covers = self.covers(&file, role, &manifests, &objects);
            ContainerSignature { file, role, covers }
        });
        Ok(signatures.collect())
    }

    fn covers(
        &self,
        file: &EntryName,
        role: Role,
        manifests: &[(EntryName, Manifest)],
        objects: &[EntryName],
    ) -> Covers {
        if role == Role::XadesSignatures {
            return Covers::OwnReferences;
        }
        let mut naming = manifests.iter().filter(|(_, manifest)| manifest.signature() == Ok(file));
        match (naming.next(), naming.next()) {
            // Archive time-stamps alone have manifests there (§4.3.3.2, Annex A.7).
            (Some(_), _) if self.kind == Kind::AsicS && role == Role::CadesSignature => {
                Covers::Nothing(NothingCovered::ManifestInSimple)
            }
            (Some((file, manifest)), None) => {
                Covers::Manifest { file: file.clone(), manifest: manifest.clone() }
            }
            (Some(_), Some(_)) => Covers::Nothing(NothingCovered::SeveralManifests),
            (None, _) if self.kind != Kind::AsicS => Covers::Nothing(NothingCovered::NoManifest),
            (None, _) => match objects {
                [] => Covers::Nothing(NothingCovered::NoDataObject),
                [object] => Covers::DataObject(object.clone()),
                [_, _, ..] => Covers::Nothing(NothingCovered::SeveralDataObjects),
            },
        }
    }

    pub(crate) fn archive(&mut self) -> &mut Archive<R> {
        &mut self.archive
    }
}
