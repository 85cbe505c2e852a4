//! Status from CRLs: scope, deltas, indirect lists, signers, and what must tell nothing.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "shorter in tests")]

#[path = "support/mint.rs"]
mod mint;

use kyso_x509::asn1::{constructed, sequence, tag, tlv};
use kyso_x509::path::{Moment, PathPolicy, TrustAnchor};
use kyso_x509::revocation::{
    CertificateStatus, Found, Query, Rejection, StatusSource, crl_urls, find_statuses,
};
use kyso_x509::{Certificate, CertificateList, RevocationReason, RevokedEntry};
use mint::{
    Crl, Subject, certificate_issuer, day, directory_name, distinguished_name, extension, flag,
    full_name, generalized, rdn, reason_code, uri,
};
use proptest::prelude::*;

/// keyCompromise alone, and every other reason.
const COMPROMISE: [u8; 2] = [6, 0x40];
const OTHER_REASONS: [u8; 3] = [7, 0x3f, 0x80];

struct World {
    root: Subject,
    anchor: Certificate,
    person: Certificate,
}

fn world() -> World {
    world_with(Subject::new("Person", 2))
}

fn world_with(person: Subject) -> World {
    let root = Subject::authority("Root", 1);
    World { anchor: root.self_signed(), person: person.issued_by(&root), root }
}

/// A person's certificate with these `DistributionPoint`s.
fn with_points(points: &[Vec<u8>]) -> World {
    world_with(Subject::new("Person", 2).with("2.5.29.31", false, &sequence(points)))
}

impl World {
    fn ask(&self, crls: &[CertificateList], candidates: &[Certificate]) -> Found {
        self.ask_for(&self.person, crls, candidates)
    }

    fn ask_for(
        &self,
        certificate: &Certificate,
        crls: &[CertificateList],
        candidates: &[Certificate],
    ) -> Found {
        find_statuses(&Query {
            certificate,
            issuer: &self.anchor,
            candidates,
            anchors: &[TrustAnchor::from_certificate(self.anchor.clone())],
            crls,
            ocsp: &[],
            policy: &PathPolicy::any_usage(),
            moment: Moment::At(day(15)),
        })
    }

    fn status(&self, crl: &CertificateList) -> Result<CertificateStatus, Rejection> {
        only(self.ask(std::slice::from_ref(crl), &[]))
    }
}

/// The one record or the one rejection.
fn only(found: Found) -> Result<CertificateStatus, Rejection> {
    match (found.records.as_slice(), found.rejected.as_slice()) {
        ([record], []) => Ok(record.status),
        ([], [(_, rejection)]) => Err(rejection.clone()),
        other => panic!("{other:?}"),
    }
}

fn revoked(date: i64, reason: RevocationReason) -> CertificateStatus {
    CertificateStatus::Revoked(RevokedEntry {
        revocation_date: day(date),
        reason,
        invalidity_date: None,
    })
}

const GOOD: CertificateStatus = CertificateStatus::Good;

#[test]
fn a_complete_crl_of_the_issuer_tells_all() {
    let world = world();
    let good = Crl::new(10, 20).number(7).signed_by(&world.root);
    assert_eq!(world.status(&good), Ok(GOOD));
    assert_eq!((good.number(), good.base_number(), good.len()), (Some(&[7][..]), None, 0));
    let details = [reason_code(1), extension("2.5.29.24", false, &generalized(day(3)))];
    let bad = Crl::new(10, 20)
        .entry(&[0x7f], day(1), &[])
        .entry(world.person.serial(), day(5), &details)
        .signed_by(&world.root);
    assert_eq!(
        world.status(&bad),
        Ok(CertificateStatus::Revoked(RevokedEntry {
            revocation_date: day(5),
            reason: RevocationReason::KeyCompromise,
            invalidity_date: Some(day(3)),
        }))
    );
    let found = world.ask(&[good.clone(), bad.clone()], &[]);
    let record = &found.records[0];
    assert_eq!((record.this_update, record.next_update), (day(10), Some(day(20))));
    assert_eq!((&record.signer, record.signer_needs_status), (&world.anchor, false));
    assert_eq!(record.signer_path, [world.anchor.clone()]);
    assert_eq!(CertificateList::from_der(bad.as_der()), Ok(bad));
}

#[test]
fn reasons_are_numbered_as_the_standard_has_them() {
    use RevocationReason::*;
    let world = world();
    let expected = [
        Unspecified,
        KeyCompromise,
        CaCompromise,
        AffiliationChanged,
        Superseded,
        CessationOfOperation,
        CertificateHold,
        Unspecified,
        Unspecified,
        PrivilegeWithdrawn,
        AaCompromise,
        Unspecified,
    ];
    for (code, reason) in (0..).zip(expected) {
        let crl = Crl::new(10, 20).revoke(&world.person, day(5), code).signed_by(&world.root);
        // removeFromCRL has no business in a complete CRL, and says that the certificate is not revoked.
        let wanted = if code == 8 { GOOD } else { revoked(5, reason) };
        assert_eq!(world.status(&crl), Ok(wanted), "{code}");
    }
}

#[test]
fn serial_numbers_are_compared_as_integers() {
    let world = world();
    for (serial, listed, same) in [
        (&[0x02][..], &[0x00, 0x02][..], true),
        (&[0x00, 0x80], &[0x80], false),
        (&[0xff], &[0xff, 0xff], true),
        (&[0x00, 0xff], &[0xff], false),
        (&[0x01, 0x02], &[0x02], false),
    ] {
        let person = Subject::new("Person", 2).serial(serial).issued_by(&world.root);
        let crl = Crl::new(10, 20).entry(listed, day(5), &[]).signed_by(&world.root);
        let status = only(world.ask_for(&person, &[crl], &[]));
        let wanted = if same { revoked(5, RevocationReason::Unspecified) } else { GOOD };
        assert_eq!(status, Ok(wanted), "{serial:?} {listed:?}");
    }
}

#[test]
fn another_issuer_or_another_key_tells_nothing() {
    let world = world();
    let stranger = Subject::authority("Stranger", 9);
    let crl = Crl::new(10, 20).signed_by(&stranger);
    assert_eq!(world.status(&crl), Err(Rejection::OtherIssuer));
    let impostor = Subject::authority("Root", 9);
    let crl = Crl::new(10, 20).signed_by(&impostor);
    assert_eq!(world.status(&crl), Err(Rejection::SignatureInvalid));
    // A certificate with the right name and key, which nobody certified.
    let found = world.ask(&[crl], &[impostor.self_signed()]);
    assert!(matches!(only(found), Err(Rejection::SignerPath(_))));
}

#[test]
fn a_crl_issuer_with_another_key_needs_a_path_and_a_status_of_its_own() {
    let world = world();
    // cRLSign alone; the name is the issuer's.
    let other = Subject::new("Root", 3).with("2.5.29.15", true, &[3, 2, 1, 0x02]);
    let certificate = other.issued_by(&world.root);
    let crl = Crl::new(10, 20).revoke(&world.person, day(5), 4).signed_by(&other);
    assert_eq!(world.status(&crl), Err(Rejection::SignatureInvalid));
    let found = world.ask(&[crl.clone()], &[certificate.clone()]);
    assert_eq!(found.records[0].status, revoked(5, RevocationReason::Superseded));
    assert!(found.records[0].signer_needs_status);
    assert_eq!(found.records[0].signer_path, [certificate, world.anchor.clone()]);
    // digitalSignature alone.
    let other = Subject::new("Root", 3).with("2.5.29.15", true, &[3, 2, 7, 0x80]);
    let found = world.ask(&[crl.clone()], &[other.issued_by(&world.root)]);
    assert!(matches!(only(found), Err(Rejection::NotForCrlSigning { .. })));
    // Expired at the time.
    let other = Subject::new("Root", 3).valid(0, 14).issued_by(&world.root);
    assert!(matches!(only(world.ask(&[crl], &[other])), Err(Rejection::SignerPath(_))));
}

#[test]
fn an_issuer_that_may_not_sign_crls_gets_no_leave_from_a_made_up_certificate() {
    // keyCertSign alone.
    let root = Subject::authority("Root", 1).with("2.5.29.15", true, &[3, 2, 2, 0x04]);
    let world = World {
        anchor: root.self_signed(),
        person: Subject::new("Person", 2).issued_by(&root),
        root,
    };
    let crl = Crl::new(10, 20).signed_by(&world.root);
    assert!(matches!(world.status(&crl), Err(Rejection::NotForCrlSigning { .. })));
    let made_up = Subject::authority("Root", 1).issued_by(&Subject::authority("Forger", 9));
    assert!(only(world.ask(&[crl], &[made_up])).is_err());
}

#[test]
fn the_scope_of_a_crl_counts() {
    let world = world();
    let user = Crl::new(10, 20).scope(&[flag(1)]).signed_by(&world.root);
    let authorities = Crl::new(10, 20).scope(&[flag(2)]).signed_by(&world.root);
    let attributes = Crl::new(10, 20).scope(&[flag(5)]).signed_by(&world.root);
    assert_eq!(world.status(&user), Ok(GOOD));
    assert_eq!(world.status(&authorities), Err(Rejection::OnlyCaCertificates));
    assert_eq!(world.status(&attributes), Err(Rejection::OnlyAttributeCertificates));
    let authority = Subject::authority("Sub", 4).issued_by(&world.root);
    let ask =
        |crl: &CertificateList| only(world.ask_for(&authority, std::slice::from_ref(crl), &[]));
    assert_eq!(ask(&user), Err(Rejection::OnlyUserCertificates));
    assert_eq!(ask(&authorities), Ok(GOOD));
}

#[test]
fn a_distribution_point_must_match() {
    let point = |name: Vec<u8>| sequence(&[name]);
    let here = || full_name(&[uri("http://a.vn/1.crl"), uri("http://b.vn/1.crl")]);
    let world = with_points(&[point(here())]);
    let ask =
        |scope: Vec<u8>| world.status(&Crl::new(10, 20).scope(&[scope]).signed_by(&world.root));
    assert_eq!(ask(full_name(&[uri("http://b.vn/1.crl")])), Ok(GOOD));
    let other = Err(Rejection::OtherDistributionPoint);
    assert_eq!(ask(full_name(&[uri("http://b.vn/2.crl")])), other);
    // The name of the issuer stands for a certificate that has no point.
    assert_eq!(ask(full_name(&[directory_name(&world.root.name)])), Ok(GOOD));
    assert_eq!(world.status(&Crl::new(10, 20).signed_by(&world.root)), Ok(GOOD));

    // nameRelativeToCRLIssuer on one side, the full name on the other.
    let relative = |common_name: &str| {
        let content = rdn(common_name)[2..].to_vec();
        constructed(tag::context(0), &[tlv(tag::context(1), &content)])
    };
    let full = full_name(&[directory_name(&sequence(&[&world.root.name[2..], &rdn("One")]))]);
    for (point_name, scope) in [
        (relative("One"), full.clone()),
        (full, relative("One")),
        (relative("One"), relative("ONE")),
    ] {
        let world = with_points(&[point(point_name)]);
        let crl = Crl::new(10, 20).scope(&[scope]).signed_by(&world.root);
        assert_eq!(world.status(&crl), Ok(GOOD));
    }
    let world = with_points(&[point(relative("One"))]);
    let crl = Crl::new(10, 20).scope(&[relative("Two")]).signed_by(&world.root);
    assert_eq!(world.status(&crl), Err(Rejection::OtherDistributionPoint));
}

#[test]
fn crls_for_some_reasons_are_good_only_together() {
    let world = world();
    let some = |reasons: &[u8], this: i64| {
        Crl::new(this, 20 + this).scope(&[tlv(tag::context_primitive(3), reasons)])
    };
    let one = some(&COMPROMISE, 12).signed_by(&world.root);
    let rest = some(&OTHER_REASONS, 10).signed_by(&world.root);
    for alone in [&one, &rest] {
        assert!(matches!(world.status(alone), Err(Rejection::ReasonsNotCovered { .. })));
    }
    let found = world.ask(&[one.clone(), rest.clone()], &[]);
    let [record] = found.records.as_slice() else { panic!("{found:?}") };
    assert_eq!((record.status, record.this_update), (GOOD, day(10)));
    assert_eq!(record.next_update, Some(day(30)));
    assert_eq!(record.parts.len(), 1);
    // A revocation needs no company.
    let bad = some(&COMPROMISE, 10).revoke(&world.person, day(5), 1).signed_by(&world.root);
    assert_eq!(world.status(&bad), Ok(revoked(5, RevocationReason::KeyCompromise)));
}

#[test]
fn delta_crls_lie_where_certificate_and_list_say() {
    let points = |urls: &[&str]| {
        let point = |url: &&str| sequence(&[full_name(&[uri(url)])]);
        sequence(&urls.iter().map(point).collect::<Vec<_>>())
    };
    let person = Subject::new("Person", 2)
        .with("2.5.29.31", false, &points(&["http://a/full", "http://b/full"]))
        .with("2.5.29.46", false, &points(&["http://a/delta", "http://a/full"]));
    let world = world_with(person);
    assert_eq!(world.person.freshest_crl_urls(), ["http://a/delta", "http://a/full"]);
    let list = Crl::new(10, 20).with("2.5.29.46", false, &points(&["http://c/delta"]));
    let list = list.signed_by(&world.root);
    assert_eq!(list.freshest_crl_urls(), ["http://c/delta"]);
    let foreign = Crl::new(10, 20)
        .with("2.5.29.46", false, &points(&["http://d/delta"]))
        .signed_by(&Subject::authority("Other", 3));
    let own = ["http://a/full", "http://b/full", "http://a/delta"];
    assert_eq!(crl_urls(&world.person, [&foreign]), own);
    assert_eq!(
        crl_urls(&world.person, [&foreign, &list, &list]),
        [&own[..], &["http://c/delta"]].concat()
    );
    // Lists that nobody has verified name no more than anybody asks.
    let many: Vec<_> = (0..100)
        .map(|number| {
            let url = format!("http://x/{number}");
            Crl::new(10, 20).with("2.5.29.46", false, &points(&[&url])).signed_by(&world.root)
        })
        .collect();
    assert_eq!(crl_urls(&world.person, &many).len(), 16);
}

#[test]
fn a_delta_crl_changes_what_its_base_says() {
    let world = world();
    let base = Crl::new(10, 20).number(5).revoke(&world.person, day(5), 6).signed_by(&world.root);
    let statuses = |delta: Crl| {
        let found = world.ask(&[base.clone(), delta.signed_by(&world.root)], &[]);
        let rejected: Vec<_> = found.rejected.into_iter().map(|(_, reason)| reason).collect();
        (found.records.iter().map(|record| record.status).collect::<Vec<_>>(), rejected)
    };
    let held = revoked(5, RevocationReason::CertificateHold);
    let delta = || Crl::new(12, 14).number(6).delta_of(5);
    assert_eq!(statuses(delta()), (vec![held, held], vec![]));
    assert_eq!(statuses(delta().revoke(&world.person, day(11), 8)), (vec![GOOD, held], vec![]));
    let worse = revoked(11, RevocationReason::KeyCompromise);
    assert_eq!(statuses(delta().revoke(&world.person, day(11), 1)), (vec![worse, held], vec![]));
    // A base older than the delta's, a delta older than the base, another scope, no number.
    for delta in [
        Crl::new(12, 14).number(7).delta_of(6),
        Crl::new(12, 14).number(5).delta_of(5),
        delta().scope(&[flag(1)]),
        Crl::new(12, 14).delta_of(5),
    ] {
        let delta = delta.revoke(&world.person, day(11), 8);
        assert_eq!(statuses(delta), (vec![held], vec![Rejection::DeltaWithoutBase]));
    }
    // Another key.
    let delta = delta().revoke(&world.person, day(11), 8).signed_by(&Subject::authority("Root", 9));
    let found = world.ask(&[base.clone(), delta.clone()], &[]);
    assert_eq!((found.records.len(), found.rejected.len()), (1, 1));
    // Numbers of more than a byte compare as numbers; a delta alone says nothing.
    let base = Crl::new(10, 20).number(255).signed_by(&world.root);
    let delta = Crl::new(12, 14).number(256).delta_of(200).signed_by(&world.root);
    let found = world.ask(&[base, delta.clone()], &[]);
    assert!(matches!(found.records[0].source, StatusSource::Delta { .. }));
    assert_eq!(found.records[0].next_update, Some(day(14)));
    assert_eq!(world.status(&delta), Err(Rejection::DeltaWithoutBase));
}

#[test]
fn an_indirect_crl_names_the_issuer_of_each_entry() {
    let clerk = Subject::new("Clerk", 3).with("2.5.29.15", true, &[3, 2, 1, 0x02]);
    let point = sequence(&[tlv(tag::context(2), &directory_name(&clerk.name))]);
    let world = with_points(&[point]);
    let certificate = clerk.issued_by(&world.root);
    let serial = world.person.serial();
    let other = certificate_issuer(&distinguished_name("Other"));
    let root = certificate_issuer(&world.root.name);
    let ask = |crl: Crl| {
        let crl = crl.signed_by(&clerk);
        only(world.ask(&[crl], std::slice::from_ref(&certificate)))
    };
    let indirect = || Crl::new(10, 20).scope(&[flag(4)]);
    // Without certificateIssuer the entry is of the clerk's own certificates.
    assert_eq!(ask(indirect().entry(serial, day(5), &[])), Ok(GOOD));
    let yes = Ok(revoked(5, RevocationReason::Unspecified));
    assert_eq!(ask(indirect().entry(serial, day(5), &[root.clone()])), yes);
    // Carried over, until the next one.
    let over = indirect().entry(&[0x70], day(4), &[root.clone()]);
    assert_eq!(ask(over.clone().entry(serial, day(5), &[])), yes);
    assert_eq!(ask(over.clone().entry(serial, day(5), &[other.clone()])), Ok(GOOD));
    let twice = over.entry(serial, day(4), &[other]).entry(serial, day(5), &[root]);
    assert_eq!(ask(twice), yes);
    // Not marked as indirect.
    assert_eq!(ask(Crl::new(10, 20)), Err(Rejection::NotIndirect));
    // The issuer's own complete CRL still counts.
    assert_eq!(world.status(&Crl::new(10, 20).signed_by(&world.root)), Ok(GOOD));
}

#[test]
fn of_several_entries_the_gravest_counts() {
    let world = world();
    let serial = world.person.serial();
    let invalid = extension("2.5.29.24", false, &generalized(day(2)));
    // Date and reason, in the order of the list; the one that counts.
    let cases: [(&[(i64, u8)], _); 7] = [
        (&[(4, 6), (7, 1)], revoked(7, RevocationReason::KeyCompromise)),
        (&[(7, 1), (4, 6)], revoked(7, RevocationReason::KeyCompromise)),
        (&[(4, 6), (7, 8)], revoked(4, RevocationReason::CertificateHold)),
        (&[(7, 8), (4, 6)], revoked(4, RevocationReason::CertificateHold)),
        (&[(7, 8), (4, 6), (6, 4), (5, 1)], revoked(5, RevocationReason::KeyCompromise)),
        (&[(7, 1), (5, 0)], revoked(5, RevocationReason::Unspecified)),
        (&[(7, 8), (8, 8)], GOOD),
    ];
    for (entries, expected) in cases {
        let list = entries.iter().fold(Crl::new(10, 20), |list, (date, reason)| {
            list.revoke(&world.person, day(*date), *reason)
        });
        assert_eq!(world.status(&list.signed_by(&world.root)), Ok(expected), "{entries:?}");
    }
    // An invalidityDate counts as the revocation.
    let list = Crl::new(10, 20)
        .revoke(&world.person, day(5), 1)
        .entry(serial, day(7), &[reason_code(4), invalid])
        .signed_by(&world.root);
    let expected = RevokedEntry {
        revocation_date: day(7),
        reason: RevocationReason::Superseded,
        invalidity_date: Some(day(2)),
    };
    assert_eq!(world.status(&list), Ok(CertificateStatus::Revoked(expected)));
}

#[test]
fn what_is_critical_and_not_understood_spoils_the_list() {
    let world = world();
    let unknown = mint::oid("1.2.3.4");
    let expected = Err(Rejection::UnknownCriticalExtension { oid: unknown });
    let of_list = Crl::new(10, 20).with("1.2.3.4", true, &[5, 0]).signed_by(&world.root);
    assert_eq!(world.status(&of_list), expected);
    // On an entry of quite another certificate.
    let entry = [extension("1.2.3.4", true, &[5, 0])];
    let of_entry = Crl::new(10, 20).entry(&[0x55], day(5), &entry).signed_by(&world.root);
    assert_eq!(world.status(&of_entry), expected);
    let tolerable = Crl::new(10, 20).with("1.2.3.4", false, &[5, 0]).signed_by(&world.root);
    assert_eq!(world.status(&tolerable), Ok(GOOD));
}

#[test]
fn expired_certificates_on_the_list_are_told() {
    let world = world();
    let crl = Crl::new(10, 20).with("2.5.29.60", false, &generalized(day(-300)));
    let crl = crl.signed_by(&world.root);
    assert_eq!(crl.expired_certificates_since(), Some(day(-300)));
    assert_eq!(world.ask(&[crl], &[]).records[0].covers_expired_since, Some(day(-300)));
}

#[test]
fn a_weak_digest_is_refused_by_name() {
    let world = world();
    let mut policy = PathPolicy::any_usage();
    policy.digests.clear();
    let crl = Crl::new(10, 20).signed_by(&world.root);
    let found = find_statuses(&Query {
        certificate: &world.person,
        issuer: &world.anchor,
        candidates: &[],
        anchors: &[TrustAnchor::from_certificate(world.anchor.clone())],
        crls: &[crl],
        ocsp: &[],
        policy: &policy,
        moment: Moment::At(day(15)),
    });
    assert!(matches!(only(found), Err(Rejection::WeakAlgorithm { .. })));
}

#[test]
fn a_pile_of_forged_lists_costs_no_more_than_the_limit_and_hides_nothing() {
    let world = world();
    let forger = Subject::authority("Root", 9);
    let limit = PathPolicy::any_usage().max_signature_checks;
    let ask = |forgeries: usize, genuine: &[CertificateList]| {
        let forged = Crl::new(10, 20).revoke(&world.person, day(1), 1).signed_by(&forger);
        let pile = [&vec![forged; forgeries], genuine].concat();
        world.ask(&pile, &[])
    };
    let good = Crl::new(12, 20).signed_by(&world.root);
    let revoked = Crl::new(5, 20).revoke(&world.person, day(1), 1).signed_by(&world.root);
    let all = [good.clone(), revoked];
    assert_eq!((ask(limit - 1, &all).records.len()), 2);
    // The revocation lies beyond what was examined: the good statement is withheld.
    let found = ask(5_000, &all);
    assert!(found.records.is_empty());
    let wrong = found.rejected.iter().filter(|(_, why)| *why == Rejection::SignatureInvalid);
    assert_eq!(wrong.count(), limit);
    assert_eq!(found.rejected.len(), 5_002);
    // Genuine lists are not counted.
    assert_eq!(world.ask(&vec![good; 500], &[]).records.len(), 500);
}

#[test]
fn a_list_of_200_000_entries_finds_each() {
    let world = world();
    let mut crl = Crl::new(10, 20);
    let entry = |number: u32| {
        Crl::new(0, 1)
            .entry(&serial_of(number), day(i64::from(number % 9)), &[reason_code(4)])
            .entries
            .remove(0)
    };
    crl.entries = (0..200_000).map(entry).collect();
    let crl = crl.signed_by(&world.root);
    assert_eq!(crl.len(), 200_000);
    let name = world.anchor.subject();
    for number in (0..200_000).step_by(997) {
        let found = crl.find(name, &serial_of(number)).unwrap();
        assert_eq!(found.revocation_date, day(i64::from(number % 9)));
    }
    assert_eq!(crl.find(name, &serial_of(200_000)), None);
    assert_eq!(world.status(&crl), Ok(GOOD));
    let person = Subject::new("Person", 2).serial(&serial_of(77)).issued_by(&world.root);
    let status = only(world.ask_for(&person, &[crl], &[]));
    assert_eq!(status, Ok(revoked(5, RevocationReason::Superseded)));
}

/// The index sorts by hashes, and these two have the same.
#[test]
fn equal_hashes_are_not_taken_for_equal_serial_numbers() {
    let root = Subject::authority("Root", 1);
    let (one, other) = (&[0x01, 0x04, 0x3d, 0x6e][..], &[0x25, 0xd5, 0x9f, 0x2a, 0x1f][..]);
    let name = kyso_x509::Name::from_der(&root.name).unwrap();
    let crl = Crl::new(10, 20).entry(one, day(5), &[]).signed_by(&root);
    assert!(crl.find(&name, one).is_some());
    assert_eq!(crl.find(&name, other), None);
    let both = Crl::new(10, 20).entry(one, day(5), &[]).entry(other, day(6), &[]).signed_by(&root);
    for (serial, date) in [(one, day(5)), (other, day(6))] {
        assert_eq!(both.find(&name, serial).unwrap().revocation_date, date);
    }
}

/// A serial number of 16 bytes.
fn serial_of(number: u32) -> Vec<u8> {
    let mut serial = vec![0x11; 12];
    serial.extend_from_slice(&number.to_be_bytes());
    serial
}

proptest! {
    /// A list that revokes says so or nothing, whatever byte is changed.
    #[test]
    fn a_changed_byte_never_makes_a_revoked_certificate_good(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let world = world();
        let scope = [full_name(&[directory_name(&world.root.name)])];
        let crl = Crl::new(10, 20).number(3).scope(&scope).revoke(&world.person, day(5), 1);
        let mut der = crl.der(&world.root);
        let at = at.index(der.len());
        der[at] ^= change;
        if let Ok(crl) = CertificateList::from_der(&der) {
            prop_assert!(world.status(&crl).is_err(), "byte {at}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(der: Vec<u8>) {
        let _ = CertificateList::all_from_pem_or_der(&der);
    }

    /// What the index finds is what a walk through the entries finds.
    #[test]
    fn the_index_finds_what_is_there(serials in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..4), 0..40), wanted in prop::collection::vec(any::<u8>(), 1..4)) {
        let root = Subject::authority("Root", 1);
        let mut crl = Crl::new(10, 20);
        for serial in &serials {
            crl = crl.entry(serial, day(5), &[]);
        }
        let crl = crl.signed_by(&root);
        let value = |bytes: &[u8]| {
            let sign = if bytes[0] & 0x80 != 0 { -1_i64 } else { 0 };
            bytes.iter().fold(sign, |sum, byte| sum << 8 | i64::from(*byte))
        };
        let there = serials.iter().any(|serial| value(serial) == value(&wanted));
        let name = kyso_x509::Name::from_der(&root.name).unwrap();
        prop_assert_eq!(crl.find(&name, &wanted).is_some(), there);
    }
}
