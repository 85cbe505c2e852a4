//! Trust stores: anchors together with the policy by which they vouch.

use std::sync::Arc;

use kyso_x509::{Certificate, TrustAnchor};

use crate::policy::Policy;

/// Anchors that share a policy, such as those of public service or of the public CAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustStore {
    /// What reports call it.
    pub name: String,
    /// The anchors.
    pub anchors: Vec<TrustAnchor>,
    /// By what signatures under these anchors are judged, where the caller names no policy.
    pub policy: Arc<Policy>,
}

/// All that a path may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The stores; the first whose anchor a path reaches is the one that applies.
    pub stores: Vec<TrustStore>,
    /// Further certificates, untrusted.
    pub candidates: Vec<Certificate>,
}

impl Trust {
    /// Every anchor of every store.
    pub fn anchors(&self) -> impl Iterator<Item = &TrustAnchor> {
        self.stores.iter().flat_map(|store| &store.anchors)
    }

    /// The stores that vouch, with their numbers: all where the caller `named` a policy, else those whose own policy
    /// applies unnamed. A store without anchors vouches for nobody.
    pub(crate) fn vouching(&self, named: bool) -> impl Iterator<Item = (usize, &TrustStore)> {
        let stores = self.stores.iter().enumerate();
        stores.filter(move |(_, store)| {
            !store.anchors.is_empty() && (named || store.policy.applies_unnamed())
        })
    }

    /// True when there is no anchor at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors().next().is_none()
    }

    /// The store that holds an anchor.
    #[must_use]
    pub fn store_of(&self, anchor: &TrustAnchor) -> Option<&TrustStore> {
        self.stores.iter().find(|store| store.anchors.contains(anchor))
    }
}
