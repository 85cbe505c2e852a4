//! Holding a manifest against the container (ETSI EN 319 162-1 v1.1.1 Annex A.4): which files are as they were, which are
//! not, which it does not speak of.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use kyso_x509::digest::Digest;

use crate::container::Container;
use crate::error::AsicError;
use crate::manifest::{Manifest, ReferenceDigest};
use crate::name::EntryName;
use crate::reference::ReferenceFault;
use crate::role::Role;

/// What a manifest covers of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The outcome of each reference, in the manifest's order.
    pub references: Vec<ReferenceOutcome>,
    /// Data objects that no reference names: nothing is said about them.
    pub uncovered_data_objects: Vec<EntryName>,
    /// Files of `META-INF/` that no reference names, other than the manifest and its signature; an archive manifest
    /// (Annex A.7) is expected to name them, another is not.
    pub uncovered_metadata: Vec<EntryName>,
}

impl Coverage {
    /// Whether every reference was verified.
    #[must_use]
    pub fn intact(&self) -> bool {
        self.references.iter().all(|outcome| matches!(outcome, ReferenceOutcome::Verified { .. }))
    }
}

/// The outcome of one reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceOutcome {
    /// The file is what the digest says.
    Verified {
        /// The file.
        name: EntryName,
        /// The digest that both have.
        digest: Digest,
    },
    /// The file has another digest.
    Differs {
        /// The file.
        name: EntryName,
        /// The digest stated.
        stated: Digest,
        /// The digest found.
        found: Digest,
    },
    /// There is no such file.
    Missing {
        /// Its name.
        name: EntryName,
    },
    /// The digest algorithm is none of ours.
    UnknownDigest {
        /// The file.
        name: EntryName,
        /// The algorithm's URI.
        method: String,
    },
    /// The reference names no entry.
    Unlawful {
        /// Its URI.
        uri: String,
        /// What is wrong with it.
        fault: ReferenceFault,
    },
}

impl<R: Read + Seek> Container<R> {
    /// The data objects that are not among `covered`: for XML signatures, whose references say what they cover.
    #[must_use]
    pub fn uncovered_data_objects(&self, covered: &BTreeSet<EntryName>) -> Vec<EntryName> {
        let names = self.data_objects().map(|entry| entry.name());
        names.filter(|name| !covered.contains(name)).cloned().collect()
    }

    /// Computes the digests of what a manifest refers to, and finds what it does not refer to.
    ///
    /// # Errors
    /// Data that are not what the headers state.
    pub fn coverage(
        &mut self,
        file: &EntryName,
        manifest: &Manifest,
    ) -> Result<Coverage, AsicError> {
        let mut named: BTreeSet<EntryName> = BTreeSet::new();
        let mut references = Vec::new();
        for reference in manifest.references() {
            let name = match &reference.name {
                Ok(name) => name.clone(),
                Err(fault) => {
                    let uri = reference.uri.clone();
                    references.push(ReferenceOutcome::Unlawful { uri, fault: *fault });
                    continue;
                }
            };
            named.insert(name.clone());
            references.push(match &reference.digest {
                _ if self.entry(name.as_str()).is_none() => ReferenceOutcome::Missing { name },
                ReferenceDigest::Unknown(method) => {
                    ReferenceOutcome::UnknownDigest { name, method: method.clone() }
                }
                ReferenceDigest::Known(stated) => {
                    let found = self.digest(&name, stated.algorithm())?;
                    if found == *stated {
                        ReferenceOutcome::Verified { name, digest: found }
                    } else {
                        ReferenceOutcome::Differs { name, stated: *stated, found }
                    }
                }
            });
        }
        named.insert(file.clone());
        if let Ok(signature) = manifest.signature() {
            named.insert(signature.clone());
        }
        let mut coverage = Coverage {
            references,
            uncovered_data_objects: Vec::new(),
            uncovered_metadata: Vec::new(),
        };
        for entry in self.entries().iter().filter(|entry| !named.contains(entry.name())) {
            match Role::of(entry.name()) {
                Role::DataObject => coverage.uncovered_data_objects.push(entry.name().clone()),
                Role::MediaType | Role::Folder => {}
                _ => coverage.uncovered_metadata.push(entry.name().clone()),
            }
        }
        Ok(coverage)
    }
}
