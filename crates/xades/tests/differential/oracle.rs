//! libxml2 as a judge, and the documents put before it.
#![allow(clippy::disallowed_types, reason = "a test asks another program")]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use kyso_testkit::peer;

/// Who canonicalizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The system's libxml2, by its C functions.
    System,
    /// The libxml2 within lxml; whole documents only.
    Lxml,
}

/// One canonicalization of a document; the numbers are those of elements in document order, -1 is the document.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) engine: Engine,
    pub(crate) method: kyso_xades::Canonicalization,
    pub(crate) apexes: Vec<i32>,
    pub(crate) without: Vec<i32>,
}

/// A process that answers jobs.
pub(crate) struct Oracle {
    process: Child,
    pub(crate) requests: Option<ChildStdin>,
    pub(crate) answers: Option<ChildStdout>,
}

impl Oracle {
    /// Starts it; panics where Python, lxml or libxml2 is not installed.
    pub(crate) fn start() -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/libxml2_oracle.py");
        let mut process = Command::new(peer::python())
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // libxml2 says there what it refuses; the answer says so too.
            .stderr(Stdio::null())
            .spawn()
            .expect("the peers' Python starts");
        let requests = process.stdin.take();
        let mut answers = process.stdout.take();
        let greeting = answers.as_mut().and_then(number);
        assert!(greeting.is_some(), "libxml2 or lxml is not installed; run `cargo xtask setup`");
        Self { process, requests, answers }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.requests = None;
        self.answers = None;
        let _ = self.process.wait();
    }
}

/// Sends a document with its jobs.
pub(crate) fn ask(requests: &mut ChildStdin, text: &str, jobs: &[Job]) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut put = |number: usize| bytes.extend((number as i32).to_le_bytes());
    put(text.len());
    bytes.extend(text.as_bytes());
    let mut put = |number: i32| bytes.extend(number.to_le_bytes());
    put(jobs.len() as i32);
    for job in jobs {
        let (mode, prefixes) = match &job.method.method {
            kyso_xades::C14n::Inclusive10 => (0, &[][..]),
            kyso_xades::C14n::Exclusive { prefixes } => (1, &prefixes[..]),
            kyso_xades::C14n::Inclusive11 => (2, &[][..]),
        };
        let mut put = |number: i32| bytes.extend(number.to_le_bytes());
        put(i32::from(job.engine == Engine::Lxml));
        put(mode);
        put(i32::from(job.method.comments));
        put(prefixes.len() as i32);
        for prefix in prefixes {
            bytes.extend((prefix.len() as i32).to_le_bytes());
            bytes.extend(prefix.as_bytes());
        }
        for indexes in [&job.apexes, &job.without] {
            bytes.extend((indexes.len() as i32).to_le_bytes());
            bytes.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
        }
    }
    requests.write_all(&bytes)
}

/// The answer to one job.
#[derive(PartialEq, Eq)]
pub(crate) enum Answer {
    /// The canonical form.
    Canonical(Vec<u8>),
    /// The document is not read.
    NotRead,
    /// The document is read and has no canonical form.
    NoForm,
}

/// The answer to the next job.
pub(crate) fn answer(answers: &mut ChildStdout) -> Answer {
    let length = match number(answers).expect("the oracle answers") {
        u32::MAX => return Answer::NotRead,
        0xffff_fffe => return Answer::NoForm,
        length => length,
    };
    let mut bytes = vec![0; length as usize];
    answers.read_exact(&mut bytes).expect("the oracle answers in full");
    Answer::Canonical(bytes)
}

fn number(answers: &mut ChildStdout) -> Option<u32> {
    let mut bytes = [0; 4];
    answers.read_exact(&mut bytes).ok()?;
    Some(u32::from_le_bytes(bytes))
}
