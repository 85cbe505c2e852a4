//! Work is bounded, whatever a signature piles up.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "support/world.rs"]
mod world;

use kyso_cades::SignedData;
use kyso_cades::timestamp::TokenError;
use kyso_cades::unsigned::MAX_TIME_STAMPS;
use kyso_validation::report::Finding;
use kyso_x509::Time;
use mint::day;
use world::World;

/// Beyond every limit. A chain of 1,000 is judged in the same time, but takes long to be made: each renewal hashes all before.
const LENGTH: i64 = 100;

/// So many archive time-stamps, a minute apart, each over all before it.
fn chain(world: &World, count: i64) -> SignedData {
    let stamped = world.stamped(world.sign(day(12)), day(12));
    (0..count).fold(stamped, |signed, number| {
        let time = Time::from_unix_seconds(day(12).as_unix_seconds() + number * 60);
        world.archived(signed, time)
    })
}

#[test]
fn a_long_chain_of_archives_ends_early() {
    let world = World::new();
    let list = world.nobody(13, 90);
    let world = world.knowing(list);
    let signed = chain(&world, LENGTH);
    let report = world.validate(&signed, day(20));
    // As many as are read, and the one that is too many.
    assert_eq!(report.timestamps.len(), 1 + MAX_TIME_STAMPS + 1);
    let last = &report.timestamps[0];
    assert_eq!(last.indication.to_string(), "TOTAL-FAILED (FORMAT_FAILURE)");
    let limit = MAX_TIME_STAMPS;
    let found = &last.errors[..];
    let too_many = TokenError::TooMany { limit };
    assert!(matches!(found, [Finding::TokenMalformed(error)] if *error == too_many), "{found:?}");
    assert_eq!(report.indication.to_string(), "TOTAL-PASSED");
    // A policy that takes fewer refuses them all.
    let mut few = world.policy.clone();
    few.limits.max_timestamps = MAX_TIME_STAMPS + 1;
    let report = world.validate_by(&signed, Some(&few), day(20), None);
    assert_eq!(report.indication.to_string(), "INDETERMINATE (SIG_CONSTRAINTS_FAILURE)");
    assert!(report.timestamps.is_empty());
}
