//! PDFs of eight producers in every form that qpdf gives them: signed twice, and judged by pdfsig, pyHanko, qpdf and us.
//!
//! `KYSO_BLESS=1` writes the table of results, `test-vectors/pdf/corpus/RESULTS.md`, anew.

#[path = "corpus/forms.rs"]
mod forms;
mod house;
#[path = "corpus/judges.rs"]
mod judges;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use forms::{FORMS, File, ORIGINALS, PRODUCERS};
use house::{Desk, Journal};
use judges::{Complaint, Judge, Produced};
use kyso::password::DocumentPassword;
use kyso::sign::{PadesOptions, SignatureFormat, Task, sign_batch};
use kyso::visible::{Details, Place, Visible};
use kyso_appearance::placement::Corner;
use kyso_appearance::{CopyForm, Picture, PictureLimits, Profile};
use serde::Deserialize;

/// A judge that does not accept a file, and why that is right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    file: String,
    form: String,
    program: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exception: Vec<Exception>,
}

#[test]
fn every_producers_pdf_is_signed_in_every_form() {
    let desk = Desk::new();
    let files = forms::derive(&desk.path("out"));
    assert!(files.len() >= 120, "{}", files.len());
    let once = sign(&desk, &files, |file| (file.path.clone(), None));
    let pictures = Pictures::read();
    let twice = sign(&desk, &files, |file| {
        let page = file.number % file.pages;
        (file.once(), Some(pictures.visible(Profile::ALL[file.number % Profile::ALL.len()], page)))
    });
    let mut complaints: Vec<Complaint> = [once, twice].concat();
    let produced: Vec<Produced> = files.iter().flat_map(Produced::both).collect();
    complaints.extend(judges::ask(&desk, &produced));

    // None of the judges accepts whatever comes.
    let changed = files[0].once();
    let mut bytes = fs::read(&changed).expect("readable");
    let at = bytes.windows(7).position(|window| window == b"/Parent").expect("an entry");
    bytes[at + 1] = b'Q';
    fs::write(&changed, bytes).expect("written");
    let seen = judges::ask(&desk, &Produced::both(&files[0])[..1]);
    let seen: Vec<_> = seen.iter().map(|one| one.key().2).collect();
    assert_eq!(seen, ["kyso", "pdfsig", "pyHanko"]);

    let list = include_str!("../../../test-vectors/pdf/corpus/exceptions.toml");
    let list: Exceptions = toml::from_str(list).expect("exceptions.toml");
    assert!(list.exception.iter().all(|one| !one.reason.is_empty()));
    let key = |one: &Exception| (one.file.clone(), one.form.clone(), one.program.clone());
    let excepted: BTreeSet<_> = list.exception.iter().map(key).collect();
    let found: BTreeSet<_> = complaints.iter().map(Complaint::key).collect();
    let unexpected: Vec<_> =
        complaints.iter().filter(|one| !excepted.contains(&one.key())).collect();
    assert!(unexpected.is_empty(), "{}: {unexpected:#?}", unexpected.len());
    let vanished: Vec<_> = excepted.difference(&found).collect();
    assert!(vanished.is_empty(), "take them off the list: {vanished:#?}");

    let mut table = table(&files, &found);
    for Exception { file, form, program, reason } in &list.exception {
        table += &format!("\n- {file}, {form}: not by {program}; {reason}.\n");
    }
    let kept = kyso_test_vectors::path("pdf/corpus/RESULTS.md");
    if std::env::var_os("KYSO_BLESS").is_some() {
        fs::write(&kept, &table).expect("written");
    }
    println!("{table}");
    let kept = fs::read_to_string(&kept).unwrap_or_default();
    assert_eq!(table, kept, "if the change is meant: KYSO_BLESS=1");
}

/// Signs each file from the one that `of` names, in one batch; what is signed keeps its original as a prefix.
fn sign(
    desk: &Desk,
    files: &[File],
    of: impl Fn(&File) -> (PathBuf, Option<Visible>),
) -> Vec<Complaint> {
    let task = |file: &File| {
        let (source, visible) = of(file);
        let target = if visible.is_some() { file.twice() } else { file.once() };
        let password = file.password().map(DocumentPassword::new);
        let options =
            PadesOptions { password, visible: visible.map(Box::new), ..PadesOptions::PLAIN };
        let format = SignatureFormat::Pades(options);
        Task { source, name: None, target, format, operation: None }
    };
    let tasks: Vec<Task> = files.iter().map(task).collect();
    let pairs: Vec<_> = tasks.iter().map(|one| (one.source.clone(), one.target.clone())).collect();
    let journal = Journal::default();
    let results = sign_batch(tasks, &desk.signer(), &journal, &desk.options(), &|_, _| {});
    assert_eq!(results.len(), files.len());
    let mut complaints = Vec::new();
    for ((file, result), (source, target)) in files.iter().zip(results).zip(pairs) {
        match result {
            Ok(_) => {
                let (before, after) = (fs::read(source).unwrap(), fs::read(target).unwrap());
                assert!(after.starts_with(&before), "{} {}", file.name, file.form());
            }
            Err(error) => {
                complaints.push(Complaint::new(file, Judge::Kyso, format!("signing: {error:?}")));
            }
        }
    }
    complaints
}

/// What the visible profiles show.
struct Pictures {
    leader: Arc<Picture>,
    seal: Arc<Picture>,
}

impl Pictures {
    fn read() -> Self {
        let read = |name: &str| {
            let bytes = kyso_test_vectors::bytes(format!("appearance/{name}"));
            Arc::new(Picture::read(&bytes, &PictureLimits::standard()).expect("a picture"))
        };
        Self { leader: read("leader.png"), seal: read("seal.png") }
    }

    fn visible(&self, profile: Profile, page: usize) -> Visible {
        let picture = match profile {
            Profile::Leader => Some(Arc::clone(&self.leader)),
            Profile::Seal => Some(Arc::clone(&self.seal)),
            _ => None,
        };
        let details = Details {
            number: Some("12/QĐ-UBND".to_owned()),
            form: Some(CopyForm::SaoY),
            note: Some("Đồng ý".to_owned()),
            ..Details::default()
        };
        let place = Place::Corner { page, corner: Corner::BottomRight };
        Visible { profile, picture, template: None, details, place, qr: None }
    }
}

/// Producer by form: files on which all four judges agree, of how many.
fn table(files: &[File], complaints: &BTreeSet<(String, String, String)>) -> String {
    let mut cells: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for file in files {
        let (accepted, all) = cells.entry((file.producer, file.form())).or_default();
        let fine =
            |(name, form, _): &(String, String, String)| *name != file.name || form != file.form();
        *accepted += usize::from(complaints.iter().all(fine));
        *all += 1;
    }
    let forms: Vec<&str> = FORMS.iter().map(|form| form.name).collect();
    let mut text = format!(
        "# Eight producers, every form\n\n{} originals in {} forms, {} files. Each is signed invisibly, and again visibly; \
         a cell counts the files of which\nboth results are accepted by pdfsig, pyHanko, qpdf and kyso, of all. \
         `KYSO_BLESS=1 cargo test -p kyso --test producers` writes it.\n\n",
        ORIGINALS.len(),
        forms.len(),
        files.len(),
    );
    text += &format!("| producer | {} |\n|---|{}\n", forms.join(" | "), "---|".repeat(forms.len()));
    for producer in PRODUCERS {
        text += &format!("| {producer} |");
        for form in &forms {
            match cells.get(&(*producer, *form)) {
                Some((accepted, all)) => text += &format!(" {accepted}/{all} |"),
                None => text += " – |",
            }
        }
        text += "\n";
    }
    text
}
