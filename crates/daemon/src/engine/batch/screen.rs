//! Before anybody is asked: what can never be signed fails at once, and what the question must say is gathered.

use std::collections::{BTreeSet, HashMap};

use kyso::sign::{SignatureFormat, inspect};

use super::ledger::{Facts, Ledger};
use super::round::{self, Files, ITEMS};
use crate::engine::signing;
use crate::error::ApiError;
use crate::store::items::{self, End};

/// Names of documents that the question shows.
const SHOWN: usize = 5;

/// How closely documents are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A person is asked: everything that signing would refuse shows first.
    Whole,
    /// Nobody waits for the answer: signing itself will tell.
    Format,
}

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Screened {
    /// How many documents will be signed.
    pub(super) fit: usize,
    /// How many cannot be.
    pub(super) unfit: usize,
    /// The first few names, as the client claims them.
    pub(super) names: Vec<String>,
    /// The formats that will be made, as a policy names them.
    families: BTreeSet<&'static str>,
    /// The same as a person reads them.
    made: BTreeSet<&'static str>,
}

impl Screened {
    /// The formats, as a policy judges them: all of them must be allowed.
    pub(super) fn formats(&self) -> String {
        let families: Vec<&str> = self.families.iter().copied().collect();
        families.join("+")
    }

    /// The formats as a person is told them: `CAdES-B-B attached, PAdES-B-B`.
    pub(super) fn formats_made(&self) -> String {
        let made: Vec<&str> = self.made.iter().copied().collect();
        made.join(", ")
    }
}

/// Looks at every pending document; those that cannot be signed end as failed, each recorded.
///
/// Only PDFs can be refused for what they hold; anything else was there when the batch was accepted.
///
/// # Errors
/// Of journal and tables.
pub(super) fn screen(
    ledger: &Ledger<'_>,
    files: &Files<'_>,
    look: Look,
) -> Result<Screened, ApiError> {
    let mut screened = Screened::default();
    let mut from = 0;
    loop {
        let page = items::pending(&ledger.app.store.connection(), &ledger.batch.id, from, ITEMS)?;
        let Some(last) = page.last() else { return Ok(screened) };
        from = last.number + 1;
        let asked = page.len();
        let works = files.of(page, ledger)?;
        screened.unfit += asked - works.len();
        let (mut facts, mut ended) = (HashMap::new(), Vec::new());
        for work in works {
            let looked = match (&work.format, look) {
                (SignatureFormat::Pades(_) | SignatureFormat::Xades(_), Look::Whole) => {
                    inspect(&work.source, &work.format).map(drop)
                }
                _ => Ok(()),
            };
            match looked {
                Ok(()) => {
                    screened.fit += 1;
                    screened.families.insert(signing::family(&work.format));
                    screened.made.insert(work.format.name());
                    if screened.names.len() < SHOWN {
                        screened.names.extend(work.item.name);
                    }
                }
                Err(error) => {
                    screened.unfit += 1;
                    facts.insert(work.item.number, Facts::of(&work.item, &work.format));
                    let problem = Box::new(round::problem(&error, ledger.batch.lang));
                    ended.push((work.item.number, End::Failed { entry: None, problem }));
                }
            }
        }
        if !ended.is_empty() {
            ledger.end(&facts, ended)?;
        }
    }
}
