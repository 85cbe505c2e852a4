//! kill -9 in the midst of a batch: nothing is released without its entry, and the tree stays whole.

mod house;

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Instant;

use house::House;
use kyso_x509::DigestAlgorithm;
use serde_json::Value;

const DOCUMENTS: usize = 120;
const ROUNDS: u32 = 30;

#[test]
fn nothing_is_released_without_its_entry_whenever_the_process_is_killed() {
    let house = House::new();
    let uri = house.token("t", "rsa4096", &house.profile());
    let names: Vec<String> = (0..DOCUMENTS).map(|number| format!("{number}.pdf")).collect();
    for name in &names {
        house.pdf(name);
    }
    let batch = |out: &str| {
        std::fs::create_dir(house.path(out)).expect("the output folder");
        let mut arguments =
            vec!["sign", "--direct", "--sessions", "2", "--credential", &uri, "--out-dir", out];
        arguments.extend(names.iter().map(String::as_str));
        house.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("kyso")
    };
    // How long a whole batch takes here, to spread the kills over all of its steps.
    let started = Instant::now();
    assert!(batch("whole").wait().expect("the batch ends").success());
    let whole = started.elapsed();

    let mut interrupted = 0;
    let mut cut_short = 0;
    // Beside other work a batch takes longer than the one that was measured: go on until a kill met it at work.
    let mut round = 0;
    while round < ROUNDS || (interrupted == 0 && round < 4 * ROUNDS) {
        let out = format!("out{round}");
        let mut child = batch(&out);
        std::thread::sleep(whole * round / ROUNDS);
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");

        // Opening for writing ends what the dead process left open.
        let _ = house.kyso(["journal", "prove", "0"]);
        let report: Value = json(&house.expect(["journal", "verify", "--json"]));
        assert_eq!(report["intact"], true, "round {round}: {report:#}");
        assert_eq!(report["open"], 0, "round {round}: {report:#}");
        let released = released(&house);
        // A signature without its entry must not lie about under any name.
        let found = house.names(&out);
        assert!(found.iter().all(|name| name.ends_with(".pdf")), "round {round}: {found:?}");
        for name in &found {
            let bytes = std::fs::read(house.path(&out).join(name)).expect("a released file");
            let digest = DigestAlgorithm::Sha256.digest(&bytes);
            assert!(
                released.contains(&hex(digest.as_bytes())),
                "round {round}: {name} has no entry"
            );
        }
        let now_interrupted = report["interrupted"].as_u64().expect("a number");
        interrupted += u32::from(now_interrupted > 0);
        cut_short += u32::from(found.len() < DOCUMENTS);
        round += 1;
    }
    assert!(cut_short > 0, "no kill came in time: the test proves nothing");
    assert!(interrupted > 0, "no kill met an open intent: the test proves nothing");
}

#[test]
fn the_intents_of_a_living_process_are_left_alone() {
    let house = House::new();
    let uri = house.token("t", "rsa4096", &house.profile());
    let names: Vec<String> = (0..150).map(|number| format!("{number}.pdf")).collect();
    for name in &names {
        house.pdf(name);
    }
    std::fs::create_dir(house.path("out")).expect("out");
    let mut arguments = vec!["sign", "--direct", "--credential", &uri, "--out-dir", "out"];
    arguments.extend(names.iter().map(String::as_str));
    let mut child = house.command(arguments).stdout(Stdio::null()).spawn().expect("kyso");
    let mut seen_open = false;
    while child.try_wait().expect("its state").is_none() {
        if house.path("journal/journal.sqlite").exists() {
            let _ = house.kyso(["journal", "prove", "0"]);
            let report = house.kyso(["journal", "verify", "--json"]);
            if let Ok(report) = serde_json::from_slice::<Value>(&report.stdout) {
                assert_eq!(report["interrupted"], 0, "{report:#}");
                seen_open |= report["open"].as_u64().unwrap_or(0) > 0;
            }
        }
    }
    assert!(child.wait().expect("the batch ends").success());
    assert!(seen_open, "the batch was never seen at work: the test proves nothing");
    assert_eq!(house.names("out").len(), names.len());
}

/// SHA-256 of every file that the journal says was released.
fn released(house: &House) -> BTreeSet<String> {
    let listed = json(&house.expect(["journal", "list", "--json", "-n", "1000000"]));
    let entries = listed["entries"].as_array().expect("entries");
    entries.iter().filter_map(|entry| entry["released"].as_str().map(str::to_owned)).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
