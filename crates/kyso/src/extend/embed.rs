//! Which evidence a signature is given to keep: all that its verdict rests on, the anchors left out.

use kyso_cades::EmbeddedEvidence;
use kyso_validation::evidence::Evidence;
use kyso_validation::report::{RevocationFact, SignatureReport};
use kyso_x509::Certificate;

/// What of `gathered` the report rests on, and all of it that `stored` did not hold: it was fetched for this report.
///
/// What the signature holds already is found by whoever embeds.
pub(super) fn used(
    report: &SignatureReport,
    gathered: &Evidence,
    stored: &Evidence,
) -> EmbeddedEvidence {
    let mut used = EmbeddedEvidence::default();
    let paths = std::iter::once((&report.path, &report.revocation))
        .chain(report.timestamps.iter().map(|stamp| (&stamp.path, &stamp.revocation)));
    for (path, revocation) in paths {
        // EN 319 122-1 §6.3 (requirement for certificate values): the anchor need not be there, and proves nothing.
        let below_anchor = path.len().saturating_sub(1);
        path.iter().take(below_anchor).for_each(|one| add(&mut used.certificates, one));
        revocation.iter().for_each(|fact| add_status(&mut used, fact, gathered));
    }
    let fetched = |certificate: &&Certificate| !stored.certificates.contains(certificate);
    let is_anchor = |certificate: &Certificate| {
        certificate.is_self_issued() && !used.certificates.contains(certificate)
    };
    let more: Vec<_> = gathered
        .certificates
        .iter()
        .filter(fetched)
        .filter(|one| !is_anchor(one))
        .cloned()
        .collect();
    more.iter().for_each(|one| add(&mut used.certificates, one));
    let crls = gathered.crls.iter().filter(|one| !stored.crls.contains(one));
    crls.for_each(|one| add(&mut used.crls, one));
    let ocsp = gathered.ocsp.iter().filter(|one| !stored.ocsp.contains(one));
    ocsp.for_each(|one| add(&mut used.ocsp, one));
    used
}

fn add_status(used: &mut EmbeddedEvidence, fact: &RevocationFact, gathered: &Evidence) {
    let Some(source) = &fact.source else { return };
    let found = gathered.crls.iter().find(|crl| crl.sha256() == source.sha256);
    found.into_iter().for_each(|crl| add(&mut used.crls, crl));
    let found = gathered.ocsp.iter().find(|response| response.sha256() == source.sha256);
    found.into_iter().for_each(|response| add(&mut used.ocsp, response));
    if !source.signer.is_self_issued() {
        add(&mut used.certificates, &source.signer);
    }
}

fn add<T: Clone + PartialEq>(list: &mut Vec<T>, one: &T) {
    if !list.contains(one) {
        list.push(one.clone());
    }
}
