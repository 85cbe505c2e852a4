//! The table of attacks on PDFs: `test-vectors/attacks/pdf.toml`, whose README says what its fields mean.

#[path = "attack_pdf/bombs.rs"]
mod bombs;
#[path = "attack_pdf/file.rs"]
mod file;
#[path = "attack_pdf/forms.rs"]
mod forms;
#[path = "attack_pdf/honest.rs"]
mod honest;
#[path = "attack_pdf/lawful.rs"]
mod lawful;
#[path = "attack_pdf/letter.rs"]
mod letter;
#[path = "../../x509/tests/support/mint.rs"]
mod mint;
#[path = "attack_pdf/mutants.rs"]
mod mutants;
#[path = "attack_pdf/readings.rs"]
mod readings;
#[path = "attack_pdf/revisions.rs"]
mod revisions;
#[path = "attack_pdf/stage.rs"]
mod stage;
#[path = "../../validation/tests/support/world.rs"]
mod world;
#[path = "attack_pdf/wrapping.rs"]
mod wrapping;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kyso::verify::{Options, VerifyFileError, verify_bytes};
use serde::Deserialize;

use mint::day;
use stage::Stage;

const TABLE: &str = include_str!("../../../test-vectors/attacks/pdf.toml");

/// What an unreadable file ends in; the program's exit code is 2 then.
const OPERATIONAL: &str = "operational error";

/// Far above what any sample takes in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Table {
    attack: Vec<Attack>,
    honest: Vec<Honest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Honest {
    clause: String,
    sample: String,
    ends: String,
    /// Part of a warning that must be given.
    told: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    class: String,
    /// What the expectation is derived from.
    clause: String,
    sample: String,
    ends: String,
    /// Part of a finding or an error that must be among the reasons.
    because: String,
    twin: String,
    twin_ends: String,
}

struct Ending {
    verdict: String,
    reasons: Vec<String>,
    /// What else is told: warnings, and every later change.
    told: Vec<String>,
}

/// The verdict on the whole file on day 13.
fn ending(stage: &Stage, bytes: &[u8]) -> Ending {
    let options = Options {
        trust: &stage.world.trust,
        evidence: &stage.world.evidence,
        policy: None,
        validation_time: day(13),
        content: None,
        paths: None,
        password: None,
    };
    match verify_bytes(bytes, "sample.pdf", &options) {
        Ok(report) => {
            let told = |one: &kyso::report::Finding| format!("{} {one:?}", one.code());
            let errors = report.signatures.iter().flat_map(|one| &one.errors);
            let warnings = report.signatures.iter().flat_map(|one| &one.warnings);
            let changes = report.signatures.iter().flat_map(|one| one.changes.as_slice());
            let changes = changes.map(|one| format!("{one:?}"));
            Ending {
                verdict: report.indication.to_string(),
                reasons: errors.map(told).collect(),
                told: warnings.map(told).chain(changes).collect(),
            }
        }
        Err(VerifyFileError::Pdf { error, .. }) => Ending {
            verdict: OPERATIONAL.to_owned(),
            reasons: vec![format!("{error:?}")],
            told: Vec::new(),
        },
        Err(error @ VerifyFileError::NotSigned { .. }) => Ending {
            verdict: OPERATIONAL.to_owned(),
            reasons: vec![format!("{error:?}")],
            told: Vec::new(),
        },
        Err(other) => panic!("{other}"),
    }
}

fn make(name: &str, stage: &Stage) -> Vec<u8> {
    let made = honest::make(name, stage)
        .or_else(|| lawful::make(name, stage))
        .or_else(|| wrapping::make(name, stage))
        .or_else(|| bombs::make(name, stage))
        .or_else(|| forms::make(name, stage))
        .or_else(|| readings::make(name, stage))
        .or_else(|| revisions::make(name, stage));
    made.unwrap_or_else(|| panic!("no sample {name}"))
}

#[test]
fn every_attack_and_its_twin_end_as_the_table_says() {
    let Table { attack: attacks, .. } = toml::from_str(TABLE).expect("the table");
    let names: BTreeSet<_> = attacks.iter().map(|one| one.sample.as_str()).collect();
    assert_eq!(names.len(), attacks.len(), "a sample comes twice");
    let stage = Stage::new();
    let mut wrong = Vec::new();
    let mut twins: BTreeMap<&str, Ending> = BTreeMap::new();
    for attack in &attacks {
        let Attack { class, clause, sample, ends, because, twin, twin_ends } = attack;
        assert!(!class.is_empty() && !clause.is_empty(), "{sample}");
        assert_ne!(ends, "TOTAL-PASSED", "{sample}: an attack never passes");
        let bytes = make(sample, &stage);
        let started = Instant::now();
        let ending = self::ending(&stage, &bytes);
        let took = started.elapsed();
        println!("{class} | {sample} | {} | {took:.1?} | {:?}", ending.verdict, ending.reasons);
        let is_told = ending.reasons.iter().any(|one| one.contains(because.as_str()));
        if ending.verdict != *ends || !is_told {
            let Ending { verdict, reasons, told } = ending;
            wrong.push(format!("{sample}: {verdict} because of {reasons:?}, told {told:?}"));
        }
        if took > LONGEST {
            wrong.push(format!("{sample}: took {took:?}"));
        }
        let ending = twins.entry(twin).or_insert_with(|| self::ending(&stage, &make(twin, &stage)));
        if ending.verdict != *twin_ends {
            let Ending { verdict, reasons, .. } = ending;
            wrong.push(format!("{twin}, twin of {sample}: {verdict}: {reasons:?}"));
        }
    }
    for (twin, ending) in &twins {
        println!("twin | {twin} | {} | {:?}", ending.verdict, ending.told);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
    println!("{} attacks and {} twins end as the table says", attacks.len(), twins.len());
}

#[test]
fn every_honest_file_ends_as_the_table_says() {
    let Table { honest, .. } = toml::from_str(TABLE).expect("the table");
    let names: BTreeSet<_> = honest.iter().map(|one| one.sample.as_str()).collect();
    assert_eq!(names.len(), honest.len(), "a sample comes twice");
    let stage = Stage::new();
    let mut wrong = Vec::new();
    for Honest { clause, sample, ends, told } in &honest {
        assert!(!clause.is_empty(), "{sample}");
        let Ending { verdict, reasons, told: others } = ending(&stage, &make(sample, &stage));
        println!("honest | {sample} | {verdict} | {others:?}");
        if verdict != *ends || !(told.is_empty() || others.iter().any(|one| one.contains(told))) {
            wrong.push(format!("{sample}: {verdict} because of {reasons:?}, told {others:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), honest.len(), wrong.join("\n"));
    println!("{} honest files end as the table says", honest.len());
}

type Mutants = fn(&[u8], u32) -> Vec<(String, Vec<u8>)>;

/// No such change is lawful, whatever the certification permits.
fn none_passes(stage: &Stage, file: &[u8], mutants: Mutants, but: &[u32]) -> usize {
    let (mut count, mut passed) = (0, Vec::new());
    for object in mutants::REACHABLE[..mutants::MET].iter().filter(|one| !but.contains(one)) {
        for (what, bytes) in mutants(file, *object) {
            count += 1;
            if ending(stage, &bytes).verdict == "TOTAL-PASSED" {
                passed.push(format!("{object}: {what}"));
            }
        }
    }
    assert!(passed.is_empty(), "{} of {count}:\n{}", passed.len(), passed.join("\n"));
    count
}

#[test]
fn no_small_change_passes() {
    let stage = Stage::new();
    let [first, second, third] = &stage.certified;
    // Who may fill in a field may show its value a little larger or elsewhere in its place, and who may change
    // annotations what the note says and shows.
    let files: [(_, &[u32]); 5] = [
        (&stage.signed, &[]),
        (&stage.visible, &[]),
        (first, &[]),
        (second, &[8, 9]),
        (third, &[8, 9, 17, 21]),
    ];
    let count: usize =
        files.iter().map(|(one, but)| none_passes(&stage, one, mutants::tokens, but)).sum();
    assert!(count > 1_000, "{count}");
    println!("{count} small changes");
}

#[test]
fn no_object_passes_in_the_place_of_another() {
    let stage = Stage::new();
    let [_, second, third] = &stage.certified;
    let files: [(_, &[u32]); 3] = [(&stage.signed, &[]), (second, &[]), (third, &[21])];
    let count: usize =
        files.iter().map(|(one, but)| none_passes(&stage, one, mutants::swaps, but)).sum();
    assert!(count > 1_000, "{count}");
    println!("{count} objects in the place of others");
}
