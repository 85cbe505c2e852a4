//! Canonical forms against libxml2's, by its C functions and by lxml: generated documents in all modes.

mod generate;
mod oracle;

use generate::Chance;
use kyso_xades::{C14n, Canonicalization, Limits, NodeSet, XmlDocument, roxmltree};
use oracle::{Answer, Engine, Job, Oracle};

/// Documents compared.
const DOCUMENTS: u64 = 5_000;

/// Damaged documents tried.
const DAMAGED: u64 = 20_000;

#[test]
fn canonical_forms_are_those_of_libxml2() {
    let mut oracle = Oracle::start();
    let mut requests = oracle.requests.take().expect("requests");
    let answers = oracle.answers.take().expect("answers");
    std::thread::scope(|scope| {
        // Dropped before the thread is waited for: a failed comparison ends the oracle too.
        let mut answers = answers;
        scope.spawn(move || {
            for seed in 0..DOCUMENTS {
                let (text, jobs) = case(seed);
                // An oracle that stops listening is noticed where its answers are read.
                if oracle::ask(&mut requests, &text, &jobs).is_err() {
                    return;
                }
            }
        });
        let mut compared = 0_u64;
        for seed in 0..DOCUMENTS {
            let (text, jobs) = case(seed);
            let document = XmlDocument::parse(&text, &Limits::documents())
                .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text:?}"));
            for job in &jobs {
                let Answer::Canonical(theirs) = oracle::answer(&mut answers) else {
                    panic!("seed {seed}: refused by libxml2\n{text:?}");
                };
                let ours = canonical(&document, job);
                assert!(
                    ours == theirs,
                    "seed {seed}: {job:?}\n{text:?}\nours:   {:?}\ntheirs: {:?}",
                    String::from_utf8_lossy(&ours),
                    String::from_utf8_lossy(&theirs)
                );
                compared += 1;
            }
        }
        println!("{compared} canonical forms of {DOCUMENTS} documents are the same");
    });
}

/// Damaged documents: whatever is still read here, libxml2 reads too, and alike. A document that two programs read
/// differently is what an attacker wants.
#[test]
fn what_is_accepted_libxml2_reads_alike() {
    let mut oracle = Oracle::start();
    let mut requests = oracle.requests.take().expect("requests");
    let mut answers = oracle.answers.take().expect("answers");
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    for seed in 0..DAMAGED {
        let mut chance = Chance::new(seed);
        let mut text = generate::document(&mut chance);
        (0..=chance.below(2)).for_each(|_| generate::damage(&mut chance, &mut text));
        let Ok(document) = XmlDocument::parse(&text, &Limits::documents()) else {
            refused += 1;
            continue;
        };
        // libxml2 2.9 keeps an ampersand in a namespace as `&#38;`.
        let ampersand = |node: roxmltree::Node<'_, '_>| {
            node.namespaces().any(|namespace| namespace.uri().contains('&'))
        };
        if document.tree().descendants().any(ampersand) {
            continue;
        }
        // Version 1.1 differs from 1.0 in what an apex inherits alone, and libxml2 drops an empty `xml:base` there.
        let jobs: Vec<Job> = methods(&mut chance)
            .into_iter()
            .filter(|method| method.method != C14n::Inclusive11)
            .map(|method| Job { engine: Engine::System, method, apexes: vec![-1], without: vec![] })
            .collect();
        oracle::ask(&mut requests, &text, &jobs).expect("the oracle listens");
        for job in &jobs {
            let theirs = match oracle::answer(&mut answers) {
                Answer::Canonical(theirs) => Some(theirs),
                Answer::NotRead => panic!("seed {seed}: not read by libxml2\n{text:?}"),
                // libxml2 also refuses namespaces that are no URI by RFC 3986.
                Answer::NoForm => continue,
            };
            let ours = job.method.bytes(&document, &NodeSet::document(&document)).ok();
            assert!(
                ours == theirs,
                "seed {seed}: {job:?}\n{text:?}\nours:   {:?}\ntheirs: {:?}",
                ours.as_deref().map(String::from_utf8_lossy),
                theirs.as_deref().map(String::from_utf8_lossy)
            );
        }
        accepted += 1;
    }
    println!("{accepted} damaged documents are read alike, {refused} are refused");
}

fn canonical(document: &XmlDocument<'_>, job: &Job) -> Vec<u8> {
    let elements: Vec<_> = document.tree().descendants().filter(|node| node.is_element()).collect();
    let node = |index: &i32| match usize::try_from(*index) {
        Ok(index) => elements[index],
        Err(_) => document.tree().root(),
    };
    let mut nodes = NodeSet::subtrees(job.apexes.iter().map(node).collect());
    for index in &job.without {
        nodes = nodes.without(node(index).id());
    }
    job.method.bytes(document, &nodes).expect("a canonical form")
}

/// A document, and what is compared of it: the whole, a subtree, and subtrees less others, each in all six modes.
fn case(seed: u64) -> (String, Vec<Job>) {
    let mut chance = Chance::new(seed);
    let text = generate::document(&mut chance);
    let tree = roxmltree::Document::parse(&text).expect("generated documents are well-formed");
    let elements = tree.descendants().filter(|node| node.is_element()).count();
    let any = |chance: &mut Chance| chance.below(elements) as i32;
    let subtree = vec![any(&mut chance)];
    let some: Vec<i32> = (0..=chance.below(3)).map(|_| any(&mut chance)).collect();
    let left_out: Vec<i32> = (0..=chance.below(3)).map(|_| any(&mut chance)).collect();
    let whole = vec![-1];
    // libxml2 takes what follows a document element that is left out for what precedes it; Canonical XML 1.0 §2.3 does
    // not. No signature leaves it out.
    let below: Vec<i32> = left_out.iter().copied().filter(|index| *index > 0).collect();
    let sets =
        [(whole.clone(), vec![]), (subtree, vec![]), (some, left_out), (whole.clone(), below)];
    let mut jobs = Vec::new();
    for (apexes, without) in sets {
        for method in methods(&mut chance) {
            let (apexes, without) = (apexes.clone(), without.clone());
            jobs.push(Job { engine: Engine::System, method, apexes, without });
        }
    }
    for mut method in methods(&mut chance) {
        if let C14n::Exclusive { prefixes } = &mut method.method {
            // lxml drops prefixes that are no name of the document, `#default` among them.
            prefixes.retain(|prefix| prefix != "#default");
        }
        // lxml offers no version 1.1.
        if method.method != C14n::Inclusive11 {
            let apexes = whole.clone();
            jobs.push(Job { engine: Engine::Lxml, method, apexes, without: vec![] });
        }
    }
    (text, jobs)
}

fn methods(chance: &mut Chance) -> Vec<Canonicalization> {
    let prefixes = (0..chance.below(4))
        .map(|_| chance.pick(&["#default", "a", "b", "ds", "tên", "xml", "unknown"]).to_owned())
        .collect();
    [C14n::Inclusive10, C14n::Inclusive11, C14n::Exclusive { prefixes }]
        .into_iter()
        .flat_map(|method| [false, true].map(|comments| (method.clone(), comments)))
        .map(|(method, comments)| Canonicalization { method, comments })
        .collect()
}
