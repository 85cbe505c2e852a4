//! Extending PDFs to B-T, B-LT and B-LTA against an infrastructure over loopback (EN 319 142-1 §6).

mod house;

use std::fs;
use std::path::{Path, PathBuf};

use house::NOW;
use house::world::{DAY, World};
use kyso::extend::{Level, Stamp, is_up_to_date};
use kyso::report::TimestampKind;
use kyso::validation::evidence::Evidence;
use kyso_pades::DocMdpPermission;
use kyso_testkit::pki::Clock;

const ROOM: usize = 16_384;
const NO_ROOM: usize = 2_048;

fn signed(world: &World, name: &str, room: usize) -> PathBuf {
    let pdf = kyso_testkit::pdf::one_page("Công văn số 12");
    written(world, name, &world.signed_pdf(&pdf, room, None))
}

fn written(world: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let file = world.path(name);
    fs::write(&file, bytes).expect("written");
    file
}

fn kinds(stamps: &[Stamp]) -> Vec<TimestampKind> {
    stamps.iter().map(|one| one.kind).collect()
}

fn level(world: &World, file: &Path, signature: usize) -> &'static str {
    let report = world.verify_at(file, NOW);
    report.signatures[signature].level.expect("a level")
}

#[test]
fn each_level_is_reached_and_kept() {
    use TimestampKind::{Document, Signature};
    for (wanted, name, room, stamps) in [
        (Level::T, "PAdES-B-T", ROOM, &[Signature][..]),
        (Level::T, "PAdES-B-T", NO_ROOM, &[Document]),
        (Level::Lt, "PAdES-B-LT", ROOM, &[Signature]),
        (Level::Lt, "PAdES-B-LT", NO_ROOM, &[Document]),
        (Level::Lta, "PAdES-B-LTA", ROOM, &[Signature, Document]),
        (Level::Lta, "PAdES-B-LTA", NO_ROOM, &[Document, Document]),
    ] {
        let world = World::new();
        let file = signed(&world, "công văn.pdf", room);
        let made = world.extend(&file, wanted).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(kinds(&made), stamps, "{name}");
        let report = world.verify_at(&file, NOW);
        assert_eq!(report.signatures.len(), 1);
        assert_eq!(report.signatures[0].level, Some(name), "{room}");
        assert_eq!(report.signatures[0].timestamps.len(), stamps.len());
        // Once more changes nothing, and no record is made of nothing.
        let before = fs::read(&file).expect("readable");
        assert_eq!(world.extend(&file, wanted).expect("up to date"), []);
        assert_eq!(fs::read(&file).expect("readable"), before);
        assert_eq!(world.codes(), ["extended"]);
    }
}

#[test]
fn what_is_raised_passes_by_the_file_alone() {
    let world = World::new();
    let file = signed(&world, "a.pdf", ROOM);
    world.extend(&file, Level::Lta).expect("LTA");
    let report = world.verify_at(&file, NOW);
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
    let kinds: Vec<_> = report.signatures[0].timestamps.iter().map(|one| one.kind).collect();
    assert!(kinds.contains(&TimestampKind::Signature) && kinds.contains(&TimestampKind::Document));
}

#[test]
fn levels_are_added_one_on_the_other() {
    let world = World::new();
    let file = signed(&world, "a.pdf", ROOM);
    world.extend(&file, Level::T).expect("T");
    assert_eq!(world.extend(&file, Level::Lt).expect("LT"), [], "no stamp is needed");
    assert_eq!(kinds(&world.extend(&file, Level::Lta).expect("LTA")), [TimestampKind::Document]);
    assert_eq!(world.codes(), ["extended"; 3]);
    assert_eq!(level(&world, &file, 0), "PAdES-B-LTA");
}

#[test]
fn of_two_signatures_both_are_raised() {
    let world = World::new();
    let first = world.signed_pdf(&kyso_testkit::pdf::one_page("hai"), ROOM, None);
    let second = world.signed_pdf(&first, ROOM, None);
    let file = written(&world, "two.pdf", &second);
    let stamps = world.extend(&file, Level::Lta).expect("LTA");
    use TimestampKind::{Document, Signature};
    assert_eq!(kinds(&stamps), [Signature, Document, Document]);
    for signature in 0..2 {
        assert_eq!(level(&world, &file, signature), "PAdES-B-LTA");
    }
}

#[test]
fn what_permits_no_change_is_raised_all_the_same() {
    let world = World::new();
    let pdf = kyso_testkit::pdf::one_page("chứng thực");
    let certified = world.signed_pdf(&pdf, ROOM, Some(DocMdpPermission::NoChanges));
    let file = written(&world, "certified.pdf", &certified);
    world.extend(&file, Level::Lta).expect("LTA");
    assert_eq!(level(&world, &file, 0), "PAdES-B-LTA");
}

#[test]
fn document_time_stamps_are_renewed_when_due() {
    let world = World::with(|mut plan| {
        plan.time_stamping = plan.time_stamping.valid(NOW - DAY, NOW + 30 * DAY);
        plan
    });
    let file = signed(&world, "a.pdf", ROOM);
    world.extend(&file, Level::Lta).expect("LTA");
    for (days, renewed) in [(0, false), (10, false), (20, true), (21, false)] {
        let now = NOW + days * DAY;
        world.server.set_clock(Clock::At(now));
        let nothing = Evidence::default();
        let options = world.options(Level::Lta, now, None, &nothing);
        assert_eq!(is_up_to_date(&file, &options).expect("judged"), !renewed, "day {days}");
        let stamps = world.extend_at(&file, Level::Lta, now).expect("extended or not due");
        assert_eq!(!stamps.is_empty(), renewed, "day {days}");
        let report = world.verify_at(&file, now);
        let count = if days < 20 { 2 } else { 3 };
        assert_eq!(report.signatures[0].timestamps.len(), count, "day {days}");
        assert_eq!(level(&world, &file, 0), "PAdES-B-LTA");
    }
}

#[test]
fn a_changed_byte_is_not_made_to_last() {
    let world = World::new();
    let file = signed(&world, "a.pdf", ROOM);
    let mut bytes = fs::read(&file).expect("readable");
    let at = bytes.windows(7).position(|window| window == b"/Parent").expect("an entry");
    bytes[at + 1] = b'Q';
    fs::write(&file, &bytes).expect("written");
    assert!(world.extend(&file, Level::Lta).is_err());
    assert_eq!(fs::read(&file).expect("readable"), bytes);
    assert!(world.codes().is_empty());
}
