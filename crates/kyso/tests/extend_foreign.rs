//! Extending PDFs that others signed, damaged, encrypted or stamped before (EN 319 142-1 §6), and what must stay as it
//! was whatever comes of it.

mod house;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use house::world::{DAY, World, YEAR};
use house::{Desk, NOW};
use kyso::extend::{ExtendError, Level, Stamp, is_up_to_date};
use kyso::report::TimestampKind;
use kyso::validation::evidence::Evidence;
use kyso_pades::{
    ByteRange, DocMdpPermission, Document, Limits, SigningField, SigningOptions, SubFilter,
    digest_byte_ranges,
};
use kyso_testkit::peer::{pdfsig, pyhanko, qpdf_check, run};
use kyso_testkit::pki::{Clock, Hash, Hierarchy, Keys, Plan, Route, Server};
use kyso_x509::{Digest, DigestAlgorithm};

const ROOM: usize = 16_384;
const NO_ROOM: usize = 2_048;
/// When the time-stamps end soon.
const RENEWED: i64 = NOW + 2 * YEAR + 300 * DAY;
const LEVELS: [Level; 3] = [Level::T, Level::Lt, Level::Lta];

fn written(world: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let file = world.path(name);
    fs::write(&file, bytes).expect("written");
    file
}

fn stranger() -> Hierarchy {
    let mut plan = Plan::new(NOW - YEAR, NOW + 3 * YEAR);
    plan.root = plan.root.serial(99);
    Hierarchy::new(&plan, Keys::Fresh)
}

/// With a document time-stamp whose token comes from here.
fn stamped(pdf: &[u8], token: impl FnOnce(&Digest) -> Vec<u8>) -> Vec<u8> {
    let mut document = Document::open(Cursor::new(pdf), Limits::standard()).expect("a document");
    let options = SigningOptions {
        field: SigningField::New { name: None, page: 0, rect: None },
        sub_filter: SubFilter::EtsiRfc3161,
        signing_time: None,
        name: None,
        reason: None,
        location: None,
        contact_info: None,
        appearance: &[],
        certify: None,
        lock: None,
        seed_facts: None,
        contents_size: 8_192,
    };
    let prepared = document.prepare_signature(&options).expect("prepared");
    let mut hasher = kyso_x509::Hasher::new(DigestAlgorithm::Sha256);
    hasher.update(pdf);
    let digest = prepared.digest(hasher);
    [pdf, &prepared.embed(&token(&digest)).expect("room")].concat()
}

fn by(hierarchy: &Hierarchy) -> impl FnOnce(&Digest) -> Vec<u8> {
    |digest| hierarchy.time_stamp(Hash::Sha256, digest.as_bytes(), NOW)
}

fn kinds(stamps: &[Stamp]) -> Vec<TimestampKind> {
    stamps.iter().map(|one| one.kind).collect()
}

#[track_caller]
fn assert_lasts(world: &World, file: &Path) {
    let report = world.verify_at(file, NOW);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
    for signature in &report.signatures {
        assert_eq!(signature.level, Some("PAdES-B-LTA"));
        let holds = |kind| {
            let mut stamps = signature.timestamps.iter().filter(|one| one.kind == kind);
            stamps.any(|one| one.indication.to_string() == "TOTAL-PASSED")
        };
        assert!(holds(TimestampKind::Document), "{signature:#?}");
    }
}

#[test]
fn a_time_stamp_that_proves_nothing_reaches_no_level() {
    for room in [ROOM, NO_ROOM] {
        let world = World::new();
        let signed = world.signed_pdf(&kyso_testkit::pdf::one_page("lạ"), room, None);
        let honest = written(&world, "honest.pdf", &signed);
        world.extend(&honest, Level::Lta).expect("LTA");
        let honest = fs::read(&honest).expect("readable");
        let elsewhere = DigestAlgorithm::Sha256.digest(b"another file");
        let home = world.server.hierarchy();
        for (name, bytes) in [
            ("a stranger's", stamped(&signed, by(&stranger()))),
            ("of other bytes", stamped(&signed, |_| by(home)(&elsewhere))),
            ("a stranger's behind good ones", stamped(&honest, by(&stranger()))),
        ] {
            let file = written(&world, "a.pdf", &bytes);
            for level in LEVELS {
                let stamps =
                    world.extend(&file, level).unwrap_or_else(|error| panic!("{name}: {error}"));
                if name != "a stranger's behind good ones" && level == Level::T {
                    assert_ne!(stamps, [], "{name}: {level:?} needs a time-stamp that proves");
                }
                assert!(fs::read(&file).expect("readable").starts_with(&bytes), "{name}");
                // It is not asked for again and again.
                let nothing = Evidence::default();
                let options = world.options(level, NOW, None, &nothing);
                assert!(is_up_to_date(&file, &options).expect("judged"), "{name} {level:?}");
            }
            assert_lasts(&world, &file);
        }
    }
}

#[test]
fn an_authority_that_nobody_trusts_adds_nothing() {
    for room in [ROOM, NO_ROOM] {
        let mut world = World::new();
        let other = Server::start(Clock::At(NOW), |base| {
            let mut plan = Plan::new(NOW - YEAR, NOW + 3 * YEAR).served_at(base);
            plan.root = plan.root.serial(99);
            Hierarchy::new(&plan, Keys::Fresh)
        })
        .expect("a server");
        world.authorities.addresses = vec![other.url(Route::TimeStamping)];
        let signed = world.signed_pdf(&kyso_testkit::pdf::one_page("lạ"), room, None);
        let file = written(&world, "a.pdf", &signed);
        for level in LEVELS {
            let error = world.extend(&file, level).expect_err("worth nothing");
            assert!(!error.code().is_empty());
            assert!(
                matches!(
                    error,
                    ExtendError::StampNotValid { .. } | ExtendError::EvidenceMissing { .. }
                ),
                "{error}"
            );
            assert_eq!(fs::read(&file).expect("readable"), signed);
        }
        assert_eq!(world.codes()[0], "time-stamp-not-valid");
    }
}

/// Every range of the file's signatures with its digest.
fn ranges(bytes: &[u8]) -> Vec<(ByteRange, Digest)> {
    let mut document = Document::open(Cursor::new(bytes), Limits::standard()).expect("a document");
    let signatures = document.signatures().expect("signatures");
    let ranges = signatures.iter().map(|one| one.coverage.expect("coverage").byte_range);
    let requests: Vec<_> = ranges.map(|range| (range, DigestAlgorithm::Sha256)).collect();
    let digests = digest_byte_ranges(document.reader_mut(), &requests).expect("digests");
    requests.into_iter().zip(digests).map(|((range, _), digest)| (range, digest)).collect()
}

/// Where `after` differs from `before` below the length of `before`: nowhere but in the room of its newest signature.
#[track_caller]
fn assert_kept(what: &str, before: &[u8], after: &[u8]) {
    assert!(after.len() >= before.len(), "{what}");
    let old = ranges(before);
    let newest = old.iter().max_by_key(|(range, _)| range.end()).expect("a signature").0;
    let room = newest.contents();
    let open = newest.end() == before.len() as u64;
    for (at, (one, other)) in before.iter().zip(after).enumerate() {
        let in_room = open && room.contains(&(at as u64));
        assert!(one == other || in_room, "{what}: byte {at} changed");
    }
    let new = ranges(after);
    for pair in &old {
        assert!(new.contains(pair), "{what}: a range or its digest changed");
    }
}

#[test]
fn what_was_signed_is_kept_byte_for_byte() {
    let world = World::new();
    let page = kyso_testkit::pdf::one_page("giữ nguyên");
    let mut originals = vec![
        ("one".to_owned(), world.signed_pdf(&page, ROOM, None)),
        ("no room".to_owned(), world.signed_pdf(&page, NO_ROOM, None)),
    ];
    let twice = world.signed_pdf(&originals[0].1, ROOM, None);
    originals.push(("two".to_owned(), twice));
    let twice = world.signed_pdf(&originals[1].1, NO_ROOM, None);
    originals.push(("two without room".to_owned(), twice));
    for level in
        [DocMdpPermission::NoChanges, DocMdpPermission::FormFilling, DocMdpPermission::Annotations]
    {
        let certified = world.signed_pdf(&page, ROOM, Some(level));
        originals.push((format!("certified {level:?}"), certified.clone()));
        if level != DocMdpPermission::NoChanges {
            let counter = world.signed_pdf(&certified, ROOM, None);
            originals.push((format!("certified {level:?} and signed"), counter));
        }
    }
    for name in ["hybrid", "cairo-object-streams", "libreoffice-linearized", "latex"] {
        let pdf = kyso_test_vectors::bytes(format!("pdf/{name}.pdf"));
        originals.push((name.to_owned(), world.signed_pdf(&pdf, ROOM, None)));
    }
    for (name, original) in &originals {
        let file = written(&world, "a.pdf", original);
        let sound = pdfsig::pdfsig(&file).iter().all(|one| one.valid);
        let mut before = original.clone();
        for (level, now) in
            [(Level::T, NOW), (Level::Lt, NOW), (Level::Lta, NOW), (Level::Lta, RENEWED)]
        {
            world.server.set_clock(Clock::At(now));
            world
                .extend_at(&file, level, now)
                .unwrap_or_else(|error| panic!("{name} {level:?} {now}: {error}"));
            let after = fs::read(&file).expect("readable");
            assert_kept(&format!("{name} {level:?}"), &before, &after);
            assert!(qpdf_check(&file).success, "{name} {level:?}");
            let seen = pdfsig::pdfsig(&file);
            assert!(!sound || seen.iter().take(1).all(|one| one.valid), "{name}: {seen:?}");
            before = after;
        }
        world.server.set_clock(Clock::At(NOW));
        assert!(ranges(&before).len() > ranges(original).len(), "{name} was renewed");
    }
}

#[test]
fn what_cannot_be_extended_stays_as_it_is() {
    let world = World::new();
    let page = kyso_testkit::pdf::one_page("hỏng");
    let signed = world.signed_pdf(&page, ROOM, None);
    let text = String::from_utf8_lossy(&signed).into_owned();
    let last = text.rfind("startxref").expect("a start");
    let mut broken_start = signed.clone();
    broken_start[last + 10] = b'9';
    let (clear, locked) = (written(&world, "clear.pdf", &page), world.path("locked.pdf"));
    let files = [&clear, &locked].map(|path| path.to_str().expect("UTF-8"));
    run("qpdf", ["--encrypt", "mo", "chu", "256", "--", files[0], files[1]]).expect_success();
    let locked = fs::read(locked).expect("readable");
    for (name, bytes) in [
        ("nothing", Vec::new()),
        ("no signature", page.clone()),
        ("cut in the tail", signed[..signed.len() - 12].to_vec()),
        ("cut in the contents", signed[..signed.len() * 2 / 3].to_vec()),
        ("something behind it", [&signed[..], b"\n<html>x</html>"].concat()),
        ("a wrong start", broken_start),
        ("locked", locked),
    ] {
        let file = written(&world, "a.pdf", &bytes);
        for level in LEVELS {
            let error = world.extend(&file, level).map(|stamps| kinds(&stamps));
            let Err(error) = error else { panic!("{name}: {error:?}") };
            println!("{name} {level:?}: {} {error}", error.code());
            assert_eq!(fs::read(&file).expect("readable"), bytes, "{name}");
        }
        let left: Vec<_> = fs::read_dir(world.folder.path())
            .expect("a folder")
            .flatten()
            .map(|one| one.file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(".kyso-"))
            .collect();
        assert_eq!(left, [""; 0], "{name}");
    }
}

#[test]
fn what_pyhanko_signed_is_extended_whatever_its_sub_filter() {
    let world = World::new();
    let desk = Desk::new();
    let roots = world.path("roots.pem");
    let chain = fs::read_to_string(desk.path("chain.pem")).expect("the chain");
    fs::write(&roots, &chain).expect("written");
    let input = written(&world, "in.pdf", &kyso_testkit::pdf::one_page("người khác ký"));
    for (pades, certify) in [(true, false), (true, true), (false, false), (false, true)] {
        let output = world.path("out.pdf");
        let options = pyhanko::SignOptions { pades, certify, ..pyhanko::SignOptions::default() };
        pyhanko::sign(&input, &output, &desk.path("key.p12"), "password", &options);
        let original = fs::read(&output).expect("readable");
        let before = pdfsig::pdfsig(&output);
        // Nobody here trusts the signer, so no status can be kept; a time-stamp serves whoever does.
        let stamps = world.extend(&output, Level::T).expect("T");
        assert_eq!(stamps.len(), 1, "{pades} {certify}");
        let after = fs::read(&output).expect("readable");
        assert_kept(&format!("{pades} {certify}"), &original, &after);
        assert_eq!(before[0].valid, pdfsig::pdfsig(&output)[0].valid);
        let refused = world.extend(&output, Level::Lt).expect_err("no anchors");
        println!("{pades} {certify}: {}", refused.code());
        assert_eq!(fs::read(&output).expect("readable"), after);
    }
}
