//! Extending signatures to B-T, B-LT and B-LTA against an infrastructure over loopback.

mod house;

use std::fs;

use house::world::{CONTENT, DAY, World, YEAR};
use house::{NOW, Trick};
use kyso::extend::{ExtendError, Level, Options, Stamp, extend_file, is_up_to_date};
use kyso::fetch::{Fetcher, Limits, Settings};
use kyso::gather;
use kyso::report::TimestampKind;
use kyso::validation::evidence::Evidence;
use kyso_testkit::Subject;
use kyso_testkit::pki::{Clock, Entity, Fault, Key, Route, Template, hierarchy};
use kyso_x509::Time;

fn kinds(stamps: &[Stamp]) -> Vec<TimestampKind> {
    stamps.iter().map(|one| one.kind).collect()
}

#[test]
fn each_level_is_reached_and_kept() {
    use TimestampKind::{Archive, Signature};
    for (level, name, stamps) in [
        (Level::T, "CAdES-B-T", &[Signature][..]),
        (Level::Lt, "CAdES-B-LT", &[Signature]),
        (Level::Lta, "CAdES-B-LTA", &[Signature, Archive]),
    ] {
        for detached in [false, true] {
            let world = World::new();
            let file =
                world.signed_by("công văn.p7m", &[&world.server.hierarchy().signer], detached);
            assert_eq!(kinds(&world.extend(&file, level).expect("extended")), stamps);
            let report = world.verify_at(&file, NOW);
            assert_eq!(report.signatures[0].level, Some(name), "{level:?} {detached}");
            if level >= Level::Lt {
                // By the file alone, without any network, and after its signer's certificate has ended.
                assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
            }
            // Once more changes nothing, and no record is made of nothing.
            let before = fs::read(&file).expect("readable");
            assert_eq!(world.extend(&file, level).expect("up to date"), []);
            assert_eq!(fs::read(&file).expect("readable"), before);
            assert_eq!(world.codes(), ["extended"]);
        }
    }
}

#[test]
fn levels_are_added_one_on_the_other() {
    let world = World::new();
    let file = world.signed("a.p7m");
    world.extend(&file, Level::T).expect("T");
    assert_eq!(world.extend(&file, Level::Lt).expect("LT"), [], "no stamp is needed");
    assert_eq!(kinds(&world.extend(&file, Level::Lta).expect("LTA")), [TimestampKind::Archive]);
    assert_eq!(world.codes(), ["extended"; 3]);
    assert_eq!(world.verify_at(&file, NOW).indication.to_string(), "TOTAL-PASSED");
}

#[test]
fn archive_time_stamps_are_renewed_when_due() {
    // The authority's certificate ends in 30 days; renewing is due when half of that has passed.
    let world = World::with(|mut plan| {
        plan.time_stamping = plan.time_stamping.valid(NOW - DAY, NOW + 30 * DAY);
        plan
    });
    let file = world.signed("a.p7m");
    world.extend(&file, Level::Lta).expect("LTA");
    for (days, renewed) in [(0, false), (10, false), (20, true), (21, false)] {
        let now = NOW + days * DAY;
        world.server.set_clock(Clock::At(now));
        let content = Evidence::default();
        let options = world.options(Level::Lta, now, None, &content);
        assert_eq!(is_up_to_date(&file, &options).expect("judged"), !renewed, "day {days}");
        let stamps = world.extend_at(&file, Level::Lta, now).expect("extended or not due");
        assert_eq!(!stamps.is_empty(), renewed, "day {days}");
        // The newest time-stamp's own status is asked for; all that is older is in the file.
        let judging = world.options(Level::T, now, None, &content).judging;
        let gathered =
            gather::verify_file(&file, &judging, &world.fetcher, Time::from_unix_seconds(now));
        let report = gathered.expect("a report").result;
        assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "day {days}");
        assert_eq!(report.signatures[0].timestamps.len(), if days < 20 { 2 } else { 3 });
    }
}

#[test]
fn an_authority_that_misbehaves_changes_nothing() {
    let world = World::new();
    let file = world.signed("a.p7m");
    let before = fs::read(&file).expect("readable");
    for (fault, passing) in [
        (Fault::Down, true),
        (Fault::Status(500), true),
        (Fault::Garbage, false),
        (Fault::WrongNonce, false),
        (Fault::NoNonce, false),
        (Fault::OtherSubject, false),
        (Fault::Refuses, false),
    ] {
        world.server.set_fault(Route::TimeStamping, Some(fault.clone()));
        let error = world.extend(&file, Level::Lta).expect_err("no time-stamp");
        assert!(matches!(error, ExtendError::Timestamp(_)), "{fault:?}: {error}");
        assert_eq!(error.is_passing(), passing, "{fault:?}: {error}");
        assert_eq!(fs::read(&file).expect("readable"), before, "{fault:?}");
    }
    assert_eq!(world.codes(), ["no-time-stamp"; 7]);
    assert_eq!(fs::read_dir(world.folder.path()).expect("a folder").count(), 1);
    // A second authority stands in for one that is down.
    let mut world = world;
    world.server.set_fault(Route::TimeStamping, None);
    world.authorities.addresses.insert(0, world.server.url(Route::RootCrl));
    assert_eq!(world.extend(&file, Level::Lta).expect("extended").len(), 2);
}

#[test]
fn evidence_that_cannot_be_had_is_named_and_nothing_is_written() {
    let world = World::new();
    let file = world.signed("a.p7m");
    for route in [Route::Ocsp, Route::AuthorityCrl] {
        world.server.set_fault(route, Some(Fault::Status(503)));
    }
    let before = fs::read(&file).expect("readable");
    let error = world.extend(&file, Level::Lt).expect_err("no status");
    let ExtendError::EvidenceMissing { signer: 1, needs, attempts } = &error else {
        panic!("{error}");
    };
    assert!(!needs.is_empty() && !attempts.is_empty());
    assert!(error.is_passing());
    assert_eq!(fs::read(&file).expect("readable"), before);
    // Level T needs none of it.
    world.extend(&file, Level::T).expect("T");
    world.server.set_fault_everywhere(None);
    world.extend(&file, Level::Lta).expect("LTA");
}

#[test]
fn a_wrong_signature_is_not_made_to_last() {
    let world = World::new();
    let revoked = world.signed("revoked.p7m");
    world.server.revoke(&world.server.hierarchy().signer.certificate, NOW - DAY, None);
    let altered = world.signed("altered.p7m");
    let mut bytes = fs::read(&altered).expect("readable");
    let at = bytes.windows(4).position(|four| four == &CONTENT[..4]).expect("the content");
    bytes[at] ^= 1;
    fs::write(&altered, bytes).expect("written");
    // A time-stamp alone is given to whatever is not wrong; evidence is kept only where it makes the signature valid.
    let cases =
        [(altered, &[Level::T, Level::Lt, Level::Lta][..]), (revoked, &[Level::Lt, Level::Lta])];
    for (file, levels) in cases {
        let before = fs::read(&file).expect("readable");
        for level in levels {
            let error = world.extend(&file, *level).expect_err("it is wrong");
            assert!(!error.is_passing(), "{error}");
            assert!(
                matches!(error, ExtendError::Failed { .. } | ExtendError::NotValid { .. }),
                "{error:?}"
            );
            assert_eq!(fs::read(&file).expect("readable"), before);
        }
    }
}

#[test]
fn what_is_no_signed_cms_is_refused_by_name() {
    let world = World::new();
    let file = world.path("a.pdf");
    fs::write(&file, kyso_testkit::pdf::one_page("Công văn")).expect("written");
    assert!(matches!(world.extend(&file, Level::T), Err(ExtendError::Unusable(_))));
    fs::write(&file, b"not signed").expect("written");
    assert!(matches!(world.extend(&file, Level::T), Err(ExtendError::Unusable(_))));
    // The content of a detached signature must be at hand.
    let file = world.signed_by("b.p7s", &[&world.server.hierarchy().signer], true);
    fs::remove_file(world.path("content")).expect("removed");
    assert!(matches!(world.extend(&file, Level::T), Err(ExtendError::ContentMissing)));
    assert_eq!(world.codes(), [""; 0]);
}

#[test]
fn fifty_signers_come_to_their_level_together() {
    let world = World::new();
    let authority = &world.server.hierarchy().authority;
    let base = world.server.base();
    let signers: Vec<Entity> = (0..50)
        .map(|number| {
            let subject = Subject::new().country("VN").common_name(&format!("Người ký {number}"));
            let template = Template::signer(&subject, NOW - YEAR, NOW + YEAR).serial(1000 + number);
            let template = hierarchy::with_addresses(template, &base);
            authority.issue(&template, Key::seeded(u8::try_from(100 + number).expect("a byte")))
        })
        .collect();
    let signers: Vec<&Entity> = signers.iter().collect();
    let mut world = world;
    let limits = Limits { requests: 1000, ..world.fetcher.settings().limits };
    world.fetcher = Fetcher::new(Settings { limits, ..world.fetcher.settings().clone() });
    let file = world.signed_by("many.p7m", &signers, false);
    assert_eq!(world.extend(&file, Level::Lta).expect("extended").len(), 100);
    let report = world.verify_at(&file, NOW);
    assert_eq!(report.signatures.len(), 50);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    assert_eq!(world.extend(&file, Level::Lta).expect("up to date"), []);
}

#[test]
fn pem_is_read() {
    use base64::Engine as _;
    let world = World::new();
    let der = fs::read(world.signed("a.p7m")).expect("readable");
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("ASCII")).collect();
    let file = world.path("b.p7m");
    let text = format!("-----BEGIN CMS-----\n{}\n-----END CMS-----\n", lines.join("\n"));
    fs::write(&file, text).expect("written");
    world.extend(&file, Level::Lta).expect("extended");
    assert_eq!(world.verify_at(&file, NOW).indication.to_string(), "TOTAL-PASSED");
}

#[test]
fn nothing_gets_its_name_without_a_receipt() {
    for trick in
        [Trick::RefuseIntents, Trick::RefuseOutcomes, Trick::OtherIntent, Trick::NoReceipts]
    {
        let mut world = World::new();
        world.journal.trick = Some(trick);
        let file = world.signed("a.p7m");
        let before = fs::read(&file).expect("readable");
        let error = world.extend(&file, Level::T).expect_err("not recorded");
        assert!(
            matches!(error, ExtendError::Recorder(_) | ExtendError::NotRecorded),
            "{trick:?}: {error}"
        );
        assert_eq!(fs::read(&file).expect("readable"), before, "{trick:?}");
        assert_eq!(fs::read_dir(world.folder.path()).expect("a folder").count(), 1, "{trick:?}");
    }
}

#[test]
fn what_is_there_is_replaced_only_when_asked_and_stays_private() {
    let world = World::new();
    let file = world.signed("a.p7m");
    let target = world.path("b.p7m");
    fs::write(&target, b"older").expect("written");
    let evidence = Evidence::default();
    let options = Options { overwrite: false, ..world.options(Level::T, NOW, None, &evidence) };
    let refused = extend_file(&file, &target, &options, &world.journal);
    assert!(matches!(refused, Err(ExtendError::TargetExists { .. })), "{refused:?}");
    assert_eq!(fs::read(&target).expect("readable"), b"older");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("private");
        world.extend(&file, Level::T).expect("extended");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
}
