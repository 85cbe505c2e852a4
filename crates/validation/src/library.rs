//! What is at hand for one signature, and what was already found in it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use kyso_cades::EmbeddedEvidence;
use kyso_x509::path::Moment;
use kyso_x509::revocation::{Found, Query, crl_urls, find_statuses};
use kyso_x509::{
    Certificate, CertificateList, Digest, DigestAlgorithm, Hasher, OcspResponse, PathPolicy,
    TrustAnchor,
};

use crate::cache::Stamped;
use crate::context::Context;

/// A certificate, its issuer, and the anchor of their path.
type Asked = (Certificate, Certificate, Certificate);

/// Certificates, CRLs and OCSP responses that a signature brings with it and that were gathered beside it.
pub(crate) struct Library<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) candidates: Vec<Certificate>,
    crls: Vec<CertificateList>,
    ocsp: Vec<OcspResponse>,
    /// The cache of the context, with the name of all that the signature itself brings; the two name everything at
    /// hand.
    cache: Option<(Stamped<'a>, Digest)>,
    statuses: RefCell<HashMap<Asked, Arc<Found>>>,
}

impl<'a> Library<'a> {
    pub(crate) fn new(embedded: &EmbeddedEvidence, context: &'a Context<'a>) -> Self {
        let cache = context.paths.map(|cache| (cache.stamped(context), name_of(embedded)));
        let EmbeddedEvidence { certificates: mut candidates, mut crls, mut ocsp } =
            embedded.clone();
        if let Some(cache) = context.paths {
            let known = cache.certificates();
            candidates = candidates.iter().map(|one| known.share(one)).collect();
            crls = crls.iter().map(|one| cache.share_list(one)).collect();
            ocsp = ocsp.into_iter().map(|one| one.with_known_certificates(known)).collect();
        }
        candidates.extend(context.trust.candidates.iter().cloned());
        candidates.extend(context.evidence.certificates.iter().cloned());
        add_new(&mut crls, &context.evidence.crls);
        add_new(&mut ocsp, &context.evidence.ocsp);
        let statuses = RefCell::default();
        Self { context, candidates, crls, ocsp, cache, statuses }
    }

    /// The cache of the context, and the name of what the signature adds to it.
    pub(crate) fn cache(&self) -> Option<(&Stamped<'a>, Digest)> {
        self.cache.as_ref().map(|(cache, embedded)| (cache, *embedded))
    }

    /// Where CRLs for a certificate lie, delta CRLs to those at hand among them.
    pub(crate) fn crl_urls(&self, certificate: &Certificate) -> Vec<String> {
        crl_urls(certificate, &self.crls)
    }

    /// What the evidence at hand says of a certificate of a path that ends at an anchor.
    pub(crate) fn statuses(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        anchor: &TrustAnchor,
        policy: &PathPolicy,
    ) -> Arc<Found> {
        if self.crls.is_empty() && self.ocsp.is_empty() {
            return Arc::default();
        }
        let key = (certificate.clone(), issuer.clone(), anchor.certificate().clone());
        if let Some(found) = self.statuses.borrow().get(&key) {
            return Arc::clone(found);
        }
        let found = Arc::new(find_statuses(&Query {
            certificate,
            issuer,
            candidates: &self.candidates,
            anchors: core::slice::from_ref(anchor),
            crls: &self.crls,
            ocsp: &self.ocsp,
            policy,
            // Whether a signer of status was valid at the time that counts is judged with the record.
            moment: Moment::WithinAll,
        }));
        self.statuses.borrow_mut().insert(key, Arc::clone(&found));
        found
    }
}

fn add_new<T: Clone + PartialEq>(own: &mut Vec<T>, others: &[T]) {
    for other in others {
        if !own.contains(other) {
            own.push(other.clone());
        }
    }
}

/// SHA-256 over everything, each piece behind its kind and length; certificates and
/// CRLs by theirs, which they remember.
fn name_of(evidence: &EmbeddedEvidence) -> Digest {
    let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
    let mut add = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]);
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    evidence.certificates.iter().for_each(|one| add(0, one.sha256_fingerprint().as_bytes()));
    evidence.crls.iter().for_each(|one| add(1, one.sha256().as_bytes()));
    evidence.ocsp.iter().for_each(|one| add(2, one.as_der()));
    hasher.finish()
}
