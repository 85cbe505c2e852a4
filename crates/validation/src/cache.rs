//! Paths that were validated before: of use where many signatures share their issuers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kyso_x509::{Certificate, CertificateCache, CertificateList, Digest, Time};

use crate::chain::Present;
use crate::context::Context;
use crate::evidence::Evidence;
use crate::policy::Policy;
use crate::trust::Trust;

/// Remembers paths and revocation status, never verdicts on signatures; bounded.
///
/// What it holds of paths is valid for one context: asked under another, it forgets them first. A report is the same
/// with it and without it.
#[derive(Debug)]
pub struct PathCache {
    held: Mutex<Held>,
    certificates: CertificateCache,
    lists: Mutex<Lists>,
}

/// CRLs by the SHA-256 of their bytes, so that what a list remembers is not lost with each copy that a signature carries.
#[derive(Debug, Default)]
struct Lists {
    known: HashMap<Digest, CertificateList>,
    /// Of all of them together, in bytes.
    len: usize,
}

#[derive(Debug, Default)]
struct Held {
    stamp: Option<Arc<Stamp>>,
    paths: HashMap<Key, Arc<Present>>,
}

/// Everything that a result depends on besides the signature.
#[derive(Debug, PartialEq)]
struct Stamp {
    trust: Trust,
    evidence: Evidence,
    policy: Option<Policy>,
    time: Time,
}

/// Which path was asked for: of which certificate, for what, among what evidence of the signature's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) certificate: Certificate,
    pub(crate) usage: crate::chain::Usage,
    /// The trust store, by its number; `None` for all of them.
    pub(crate) store: Option<usize>,
    /// The store whose policy applies; `None` for the one that the caller named.
    pub(crate) policy: Option<usize>,
    pub(crate) embedded: Digest,
}

/// Most paths that are held; with some 10 KB each this is a modest 40 MB, and a batch has few signers.
const MAX_PATHS: usize = 4096;

/// Most certificates that are held: at the length that the cache takes at most this is 32 MB, of those in use two.
const MAX_CERTIFICATES: usize = 1024;

/// Longest CRL that is held, and of all together, in bytes: those that signatures carry have some KB; a list of hundreds
/// of thousands of entries is fetched once and lent to every call as it is.
const MAX_LIST_LEN: usize = 1024 * 1024;
const MAX_LISTS_LEN: usize = 16 * 1024 * 1024;

impl Default for PathCache {
    fn default() -> Self {
        Self::new()
    }
}

impl PathCache {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let certificates = CertificateCache::new(MAX_CERTIFICATES);
        Self { held: Mutex::default(), certificates, lists: Mutex::default() }
    }

    /// Certificates that were read before, of whatever context: what a certificate says depends on its bytes alone.
    #[must_use]
    pub const fn certificates(&self) -> &CertificateCache {
        &self.certificates
    }

    /// The list that was first seen with these bytes.
    pub(crate) fn share_list(&self, list: &CertificateList) -> CertificateList {
        let len = list.as_der().len();
        if len > MAX_LIST_LEN {
            return list.clone();
        }
        let name = list.sha256();
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = lists.known.get(&name) {
            return first.clone();
        }
        if lists.len + len > MAX_LISTS_LEN {
            *lists = Lists::default();
        }
        lists.len += len;
        lists.known.insert(name, list.clone());
        list.clone()
    }

    /// The cache for this context; whatever was found under another is forgotten.
    pub(crate) fn stamped(&self, context: &Context<'_>) -> Stamped<'_> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match &held.stamp {
            Some(stamp) if stamp.is_of(context) => Arc::clone(stamp),
            _ => {
                held.paths.clear();
                Arc::clone(held.stamp.insert(Arc::new(Stamp {
                    trust: context.trust.clone(),
                    evidence: context.evidence.clone(),
                    policy: context.policy.cloned(),
                    time: context.validation_time,
                })))
            }
        };
        Stamped { cache: self, stamp }
    }
}

impl Stamp {
    fn is_of(&self, context: &Context<'_>) -> bool {
        self.time == context.validation_time
            && self.policy.as_ref() == context.policy
            && self.trust == *context.trust
            && self.evidence == *context.evidence
    }
}

/// A cache that answers for one context only.
pub(crate) struct Stamped<'a> {
    cache: &'a PathCache,
    stamp: Arc<Stamp>,
}

impl Stamped<'_> {
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Present>> {
        let held = self.cache.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_current(&held) {
            return None;
        }
        held.paths.get(key).cloned()
    }

    pub(crate) fn keep(&self, key: Key, path: &Arc<Present>) {
        let mut held = self.cache.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have asked under another context meanwhile.
        if !self.is_current(&held) {
            return;
        }
        if held.paths.len() >= MAX_PATHS {
            held.paths.clear();
        }
        held.paths.insert(key, Arc::clone(path));
    }

    fn is_current(&self, held: &Held) -> bool {
        held.stamp.as_ref().is_some_and(|stamp| Arc::ptr_eq(stamp, &self.stamp))
    }
}
