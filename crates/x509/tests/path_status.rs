//! Whole paths against the status information at hand: freshness, suspension, signers that vouch for each other.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "shorter in tests")]

#[path = "support/mint.rs"]
mod mint;

use kyso_x509::asn1::{sequence, tag, tlv};
use kyso_x509::path::{PathPolicy, TrustAnchor, validate_path};
use kyso_x509::revocation::{Freshness, RevocationError, StatusEvidence, StatusRecord, check_path};
use kyso_x509::{Certificate, CertificateList, OcspResponse, Time};
use mint::{Crl, Ocsp, Single, Subject, day, directory_name, flag, generalized};

/// Root, an authority below it, and a person.
struct World {
    root: Subject,
    sub: Subject,
    anchor: Certificate,
    authority: Certificate,
    person: Certificate,
}

fn world() -> World {
    world_with(Subject::new("Person", 3))
}

fn world_with(person: Subject) -> World {
    let (root, sub) = (Subject::authority("Root", 1), Subject::authority("Sub", 2));
    World {
        anchor: root.self_signed(),
        authority: sub.issued_by(&root),
        person: person.issued_by(&sub),
        root,
        sub,
    }
}

/// What became of the check, without its details.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Good(usize),
    Revoked(Time),
    NotFresh,
    NoStatus,
    SignerStatus,
    Unknown,
    TooMany,
}

fn outcome(result: Result<Vec<StatusRecord>, RevocationError>) -> Outcome {
    match result {
        Ok(records) => Outcome::Good(records.len()),
        Err(RevocationError::Revoked { entry, .. }) => Outcome::Revoked(entry.revocation_date),
        Err(RevocationError::NotFresh { .. }) => Outcome::NotFresh,
        Err(RevocationError::NoStatus { .. }) => Outcome::NoStatus,
        Err(RevocationError::SignerStatus { .. }) => Outcome::SignerStatus,
        Err(RevocationError::UnknownToResponder { .. }) => Outcome::Unknown,
        Err(RevocationError::TooManyQuestions { .. }) => Outcome::TooMany,
    }
}

impl World {
    fn check(
        &self,
        crls: &[CertificateList],
        ocsp: &[OcspResponse],
        more: &[Certificate],
        freshness: Freshness,
        time: Time,
    ) -> Outcome {
        let policy = PathPolicy::any_usage();
        let anchors = [TrustAnchor::from_certificate(self.anchor.clone())];
        let certificates = [&[self.authority.clone()], more].concat();
        let path = validate_path(&self.person, &certificates, &anchors, &policy, time).unwrap();
        let evidence = StatusEvidence { certificates: &certificates, crls, ocsp };
        outcome(check_path(&path, evidence, &policy, freshness, time))
    }

    fn plain(&self, crls: &[CertificateList], ocsp: &[OcspResponse]) -> Outcome {
        self.check(crls, ocsp, &[], Freshness::next_update(), day(15))
    }

    fn of_root(&self) -> CertificateList {
        Crl::new(10, 20).signed_by(&self.root)
    }
}

#[test]
fn every_certificate_below_the_anchor_needs_a_status() {
    let world = world();
    let of_sub = Crl::new(10, 20).signed_by(&world.sub);
    assert_eq!(world.plain(&[world.of_root(), of_sub.clone()], &[]), Outcome::Good(2));
    assert_eq!(world.plain(&[of_sub.clone()], &[]), Outcome::NoStatus);
    assert_eq!(world.plain(&[world.of_root()], &[]), Outcome::NoStatus);
    let revoked = Crl::new(10, 20).revoke(&world.authority, day(9), 2).signed_by(&world.root);
    assert_eq!(world.plain(&[revoked, of_sub], &[]), Outcome::Revoked(day(9)));
    let ocsp = Ocsp::new(Single::good(&world.person, &world.authority, 14, 16));
    assert_eq!(world.plain(&[world.of_root()], &[ocsp.signed_by(&world.sub)]), Outcome::Good(2));
    let unknown = Single::good(&world.person, &world.authority, 14, 16).unknown();
    let unknown = Ocsp::new(unknown).signed_by(&world.sub);
    assert_eq!(world.plain(&[world.of_root()], &[unknown]), Outcome::Unknown);
}

#[test]
fn statements_are_fresh_from_this_update_to_next_update_or_for_their_age() {
    let world = world();
    let at = |this: i64, next: Option<i64>, freshness: Freshness| {
        let mut crl = Crl::new(this, 0);
        crl.next_update = next.map(day);
        let crls = [Crl::new(0, 300).signed_by(&world.root), crl.signed_by(&world.sub)];
        world.check(&crls, &[], &[], freshness, day(15))
    };
    let plain = Freshness::next_update();
    let week = Freshness { max_age_seconds: Some(30 * mint::DAY), ..plain };
    let later = Freshness { later_statements: true, ..plain };
    for (this, next, freshness, expected) in [
        (15, Some(15), plain, Outcome::Good(2)),
        (14, Some(14), plain, Outcome::NotFresh),
        (16, Some(20), plain, Outcome::NotFresh),
        (14, None, plain, Outcome::NotFresh),
        (14, None, week, Outcome::Good(2)),
        (-16, None, week, Outcome::NotFresh),
        (14, Some(14), week, Outcome::NotFresh),
        (16, Some(20), later, Outcome::Good(2)),
        // The person's certificate has expired on day 300 and may have left the list.
        (301, Some(400), later, Outcome::NotFresh),
    ] {
        assert_eq!(at(this, next, freshness), expected, "{this} {next:?} {freshness:?}");
    }
    let kept = Crl::new(301, 400).with("2.5.29.60", false, &generalized(day(0)));
    let crls = [Crl::new(0, 300).signed_by(&world.root), kept.signed_by(&world.sub)];
    assert_eq!(world.check(&crls, &[], &[], later, day(15)), Outcome::Good(2));
}

#[test]
fn clocks_may_differ_by_the_skew_and_no_more() {
    let world = world();
    let ask = |this: Time, next: Time, max_age: Option<i64>| {
        let mut crl = Crl::new(0, 0);
        (crl.this_update, crl.next_update) = (this, Some(next));
        let crls = [Crl::new(15, 300).signed_by(&world.root), crl.signed_by(&world.sub)];
        let freshness = Freshness {
            max_age_seconds: max_age,
            clock_skew_seconds: 300,
            ..Freshness::next_update()
        };
        world.check(&crls, &[], &[], freshness, day(15))
    };
    let at = |seconds: i64| Time::from_unix_seconds(day(15).as_unix_seconds() + seconds);
    assert_eq!(ask(at(300), day(20), None), Outcome::Good(2));
    assert_eq!(ask(at(301), day(20), None), Outcome::NotFresh);
    assert_eq!(ask(day(10), at(-300), None), Outcome::Good(2));
    assert_eq!(ask(day(10), at(-301), None), Outcome::NotFresh);
    assert_eq!(ask(at(-700), day(20), Some(400)), Outcome::Good(2));
    assert_eq!(ask(at(-701), day(20), Some(400)), Outcome::NotFresh);
}

#[test]
fn a_revocation_stays_and_a_suspension_ends() {
    let world = world();
    let ask = |old: Crl, good: i64| {
        let newer = Ocsp::new(Single::good(&world.person, &world.authority, good, 20));
        world.plain(&[world.of_root(), old.signed_by(&world.sub)], &[newer.signed_by(&world.sub)])
    };
    let list = |reason| Crl::new(10, 20).revoke(&world.person, day(9), reason);
    assert_eq!(ask(list(1), 12), Outcome::Revoked(day(9)));
    assert_eq!(ask(list(6), 12), Outcome::Good(2));
    assert_eq!(ask(list(6), 9), Outcome::Revoked(day(9)));
    // A list that is not fresh any more still tells of a revocation, and no longer of a suspension.
    let stale = |reason| Crl::new(8, 9).revoke(&world.person, day(7), reason);
    assert_eq!(ask(stale(1), 12), Outcome::Revoked(day(7)));
    assert_eq!(ask(stale(6), 12), Outcome::Good(2));
}

#[test]
fn a_later_revocation_is_none_at_the_time() {
    let world = world();
    let later = Freshness { later_statements: true, ..Freshness::next_update() };
    for (date, expected) in [(14, Outcome::Revoked(day(14))), (17, Outcome::Good(2))] {
        let list = Crl::new(18, 30).revoke(&world.person, day(date), 1).signed_by(&world.sub);
        let crls = [world.of_root(), list];
        assert_eq!(world.check(&crls, &[], &[], later, day(15)), expected);
    }
}

#[test]
fn a_responder_without_nocheck_needs_a_status_too() {
    let world = world();
    let responder = Subject::responder("Responder", 4);
    let free = responder.clone().with("1.3.6.1.5.5.7.48.1.5", false, &[5, 0]);
    let ask = |responder: &Subject, of_sub: Option<Crl>| {
        let certificate = responder.issued_by(&world.sub);
        let single = Single::good(&world.person, &world.authority, 14, 16);
        let response = Ocsp::new(single).carrying(&certificate).signed_by(responder);
        let lists = of_sub.map(|list| list.revoke(&certificate, day(11), 1).signed_by(&world.sub));
        let crls: Vec<_> = [world.of_root()].into_iter().chain(lists).collect();
        world.plain(&crls, &[response])
    };
    assert_eq!(ask(&free, None), Outcome::Good(2));
    assert_eq!(ask(&responder, None), Outcome::SignerStatus);
    // Here the list itself tells of the person, while the responder is revoked by it.
    assert_eq!(ask(&responder, Some(Crl::new(10, 20))), Outcome::Good(2));
    assert_eq!(ask(&responder, Some(Crl::new(10, 12))), Outcome::SignerStatus);
}

/// A CRL issuer under the root, to which the person's certificate points.
fn clerk(seed: u8, points_to: &Subject) -> Subject {
    let point = sequence(&[tlv(tag::context(2), &directory_name(&points_to.name))]);
    Subject::new(&format!("Clerk {seed}"), seed).with("2.5.29.15", true, &[3, 2, 1, 0x02]).with(
        "2.5.29.31",
        false,
        &sequence(&[point]),
    )
}

#[test]
fn signers_that_vouch_for_each_other_alone_are_not_believed() {
    let name = |seed: u8| Subject::new(&format!("Clerk {seed}"), seed);
    let person = |points_to: &Subject| {
        let point = sequence(&[tlv(tag::context(2), &directory_name(&points_to.name))]);
        world_with(Subject::new("Person", 3).with("2.5.29.31", false, &sequence(&[point])))
    };
    let indirect = || Crl::new(10, 20).scope(&[flag(4)]);
    // One that its own certificate names for itself.
    let alone = clerk(10, &name(10));
    let world = person(&alone);
    let certificate = alone.issued_by(&world.root);
    let crls = [world.of_root(), indirect().signed_by(&alone)];
    let check = |world: &World, crls: &[CertificateList], more: &[Certificate]| {
        world.check(crls, &[], more, Freshness::next_update(), day(15))
    };
    assert_eq!(check(&world, &crls, &[certificate.clone()]), Outcome::Good(2));
    // The root's list covers the clerk too; without it nobody but the clerk does.
    let of_authority = Single::good(&world.authority, &world.anchor, 14, 16);
    let of_authority = Ocsp::new(of_authority).signed_by(&world.root);
    let own = [indirect().signed_by(&alone)];
    let ask = |crls: &[CertificateList], more: &[Certificate]| {
        let ocsp = [of_authority.clone()];
        world.check(crls, &ocsp, more, Freshness::next_update(), day(15))
    };
    assert_eq!(ask(&own, &[certificate]), Outcome::Good(2));
    // Two that name each other.
    let (one, two) = (clerk(10, &name(11)), clerk(11, &name(10)));
    let certificates = [one.issued_by(&world.root), two.issued_by(&world.root)];
    let both = [indirect().signed_by(&one), indirect().signed_by(&two)];
    assert_eq!(ask(&both, &certificates), Outcome::SignerStatus);
    // A long row of them ends somewhere.
    let row: Vec<_> = (10..90).map(|seed| clerk(seed, &name(seed + 1))).collect();
    let certificates: Vec<_> = row.iter().map(|clerk| clerk.issued_by(&world.root)).collect();
    let crls: Vec<_> = row.iter().map(|clerk| indirect().signed_by(clerk)).collect();
    assert_eq!(ask(&crls, &certificates), Outcome::TooMany);
}

#[test]
fn a_key_for_crls_alone_does_not_vouch_for_itself_unasked() {
    let world = world();
    let mut other = Subject::new("Sub", 5).with("2.5.29.15", true, &[3, 2, 1, 0x02]);
    other.serial = vec![0x66];
    let certificate = other.issued_by(&world.sub);
    let by_other = Crl::new(10, 20).signed_by(&other);
    let check = |crls: &[CertificateList]| {
        let freshness = Freshness::next_update();
        world.check(crls, &[], &[certificate.clone()], freshness, day(15))
    };
    assert_eq!(check(&[world.of_root(), by_other.clone()]), Outcome::SignerStatus);
    // What the authority's own key says of that certificate decides.
    let own = Crl::new(10, 20).signed_by(&world.sub);
    assert_eq!(check(&[world.of_root(), by_other, own]), Outcome::Good(2));
}
