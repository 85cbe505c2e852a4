//! pdfsig, pyHanko, qpdf and kyso over what was signed.

use std::path::PathBuf;

use kyso::password::DocumentPassword;
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::Policy;
use kyso::validation::trust::Trust;
use kyso::verify::{Options, verify_file};
use kyso_testkit::peer::pyhanko::Judged;
use kyso_testkit::peer::{self, pdfsig, pyhanko};
use kyso_x509::Time;

use super::forms::File;
use super::house::{Desk, NOW};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    Kyso,
    Pdfsig,
    Pyhanko,
    Qpdf,
}

/// A judge's objection to a file.
#[derive(Clone, Debug)]
pub(crate) struct Complaint {
    file: String,
    form: String,
    judge: Judge,
    #[allow(dead_code, reason = "printed")]
    why: String,
}

impl Complaint {
    pub(crate) fn new(file: &File, judge: Judge, why: String) -> Self {
        Self { file: file.name.clone(), form: file.form().to_owned(), judge, why }
    }

    /// File, form and program, as an exception names them.
    pub(crate) fn key(&self) -> (String, String, String) {
        let program = match self.judge {
            Judge::Kyso => "kyso",
            Judge::Pdfsig => "pdfsig",
            Judge::Pyhanko => "pyHanko",
            Judge::Qpdf => "qpdf",
        };
        (self.file.clone(), self.form.clone(), program.to_owned())
    }
}

/// A signed file and how many signatures it holds.
pub(crate) struct Produced<'a> {
    file: &'a File,
    path: PathBuf,
    signatures: usize,
}

impl<'a> Produced<'a> {
    pub(crate) fn both(file: &'a File) -> [Self; 2] {
        [
            Self { file, path: file.once(), signatures: 1 },
            Self { file, path: file.twice(), signatures: 2 },
        ]
    }

    fn password(&self) -> &'static str {
        self.file.password().unwrap_or_default()
    }
}

/// All four judges over all files, as many at once as there are processors.
pub(crate) fn ask(desk: &Desk, produced: &[Produced<'_>]) -> Vec<Complaint> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = produced.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            produced.chunks(share).map(|share| scope.spawn(move || ask_all(desk, share))).collect();
        shares.into_iter().flat_map(|share| share.join().expect("a verdict")).collect()
    })
}

fn ask_all(desk: &Desk, produced: &[Produced<'_>]) -> Vec<Complaint> {
    // What was not signed has its complaint already.
    let produced: Vec<_> = produced.iter().filter(|one| one.path.exists()).collect();
    let list: Vec<_> =
        produced.iter().map(|one| Judged { path: &one.path, password: one.password() }).collect();
    let theirs = pyhanko::validate_many(&list, &desk.path("chain.pem"), NOW);
    let mut complaints = Vec::new();
    for (one, theirs) in produced.into_iter().zip(theirs) {
        for (judge, complaint) in [
            (Judge::Kyso, kyso(one)),
            (Judge::Pdfsig, pdfsig(one)),
            (Judge::Pyhanko, pyhanko(one, theirs)),
            (Judge::Qpdf, qpdf(one)),
        ] {
            complaints.extend(complaint.map(|why| Complaint::new(one.file, judge, why)));
        }
    }
    complaints
}

fn kyso(one: &Produced<'_>) -> Option<String> {
    let policy = Policy::built_in("integrity-only").expect("a policy");
    let password = one.file.password().map(DocumentPassword::new);
    let options = Options {
        trust: &Trust::default(),
        evidence: &Evidence::default(),
        policy: Some(&policy),
        validation_time: Time::from_unix_seconds(NOW),
        content: None,
        paths: None,
        password: password.as_ref(),
    };
    let report = match verify_file(&one.path, &options) {
        Ok(report) => report,
        Err(error) => return Some(format!("{error:?}")),
    };
    let verdicts: Vec<_> = report.signatures.iter().map(|one| one.indication.to_string()).collect();
    let fine = verdicts.len() == one.signatures
        && verdicts.iter().all(|verdict| verdict == "TOTAL-PASSED");
    (!fine).then(|| format!("{verdicts:?}"))
}

fn pdfsig(one: &Produced<'_>) -> Option<String> {
    let seen = match one.password() {
        "" => pdfsig::pdfsig(&one.path),
        password => pdfsig::pdfsig_encrypted(&one.path, password),
    };
    let fine = seen.len() == one.signatures
        && seen.iter().all(|one| one.valid)
        && seen.last().is_some_and(|one| one.total_document);
    (!fine).then(|| format!("{seen:?}"))
}

fn pyhanko(one: &Produced<'_>, said: Result<Vec<pyhanko::Signature>, String>) -> Option<String> {
    let said = match said {
        Ok(said) => said,
        Err(complaint) => return Some(complaint),
    };
    let accepted = |one: &pyhanko::Signature| {
        // Nothing later, or a signature: `FORM_FILLING` covers new signature fields, `LTA_UPDATES` none.
        let level = one.modification_level.as_deref();
        let lawful = matches!(level, Some("NONE" | "LTA_UPDATES" | "FORM_FILLING"));
        one.intact && one.valid && one.trusted && one.bottom_line && lawful
    };
    let fine = said.len() == one.signatures && said.iter().all(accepted);
    (!fine).then(|| format!("{said:?}"))
}

fn qpdf(one: &Produced<'_>) -> Option<String> {
    let password = format!("--password={}", one.password());
    let said = peer::run("qpdf", ["--check", &password, one.path.to_str().expect("UTF-8")]);
    (!said.success).then(|| said.text() + &said.stderr)
}
