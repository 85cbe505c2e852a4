//! Consent by the administrator's policy file, for servers where nobody sits.
//!
//! The file belongs to root and nobody else may write it or any folder above it. It is read anew for each question, so that
//! a change holds at once. What no rule allows is refused. Rates are counted from what this daemon granted and, after
//! a start, from the journal.

mod file;
mod rule;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Zoned;
use kyso_journal::{Filter, KindFilter, Reader, Record};

use rule::Rule;

use super::question::Scope;
use crate::app::App;
use crate::caller::Caller;
use crate::error::{ApiError, ConsentError};

pub(crate) use file::{PolicyFault, look};
pub(crate) use rule::Refusal;

/// Records read at once when an hour is counted from the journal.
const PAGE: u32 = 500;

/// What the policy granted in the last hour.
#[derive(Default)]
pub(crate) struct Policy {
    granted: Mutex<HashMap<String, VecDeque<(i64, u64)>>>,
}

/// A rule allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The rule's name.
    pub(crate) name: String,
    /// Where the PIN lies; else the token asks for none, or takes it on its pad.
    pub(crate) pin_file: Option<PathBuf>,
}

impl Policy {
    /// Asks the file; what it grants counts from now on.
    ///
    /// # Errors
    /// [`ConsentError::PolicyUnusable`], [`ConsentError::PolicyRefused`]; the journal's.
    pub(crate) fn ask(&self, app: &App, caller: &Caller, scope: &Scope) -> Result<Grant, ApiError> {
        let rules = file::read(&app.settings().policy).map_err(ConsentError::PolicyUnusable)?;
        let now = Zoned::now();
        let minute = now.timestamp().as_second().div_euclid(60);
        let mut closest = Refusal::NoRule;
        for rule in &rules {
            match rule.judge(&caller.peer, scope, &now) {
                Err(Refusal::NoRule) => continue,
                Err(refusal) => {
                    closest = refusal;
                    continue;
                }
                Ok(()) => {}
            }
            if self.spend(rule, minute, scope.items as u64, app.journal.reader())? {
                return Ok(Grant { name: rule.name.clone(), pin_file: rule.pin_file.clone() });
            }
            closest = Refusal::Rate { limit: rule.most_per_hour };
        }
        Err(ConsentError::PolicyRefused(closest).into())
    }

    /// Counts these items under the rule, unless they are too many.
    fn spend(
        &self,
        rule: &Rule,
        minute: i64,
        items: u64,
        journal: &Reader,
    ) -> Result<bool, ApiError> {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if !granted.contains_key(&rule.name) {
            granted.insert(rule.name.clone(), recorded(journal, &rule.name, minute)?);
        }
        let counted = granted.entry(rule.name.clone()).or_default();
        while counted.front().is_some_and(|(at, _)| *at + 60 < minute) {
            counted.pop_front();
        }
        let spent: u64 = counted.iter().map(|(_, count)| count).sum();
        if spent.saturating_add(items) > rule.most_per_hour {
            return Ok(false);
        }
        match counted.back_mut() {
            Some((at, count)) if *at == minute => *count += items,
            _ => counted.push_back((minute, items)),
        }
        Ok(true)
    }
}

/// What the journal says was asked under this rule within the last hour, by minute.
fn recorded(journal: &Reader, name: &str, now: i64) -> Result<VecDeque<(i64, u64)>, ApiError> {
    let prefix = format!("policy {name} ");
    let mut counted: VecDeque<(i64, u64)> = VecDeque::new();
    let mut until = u64::MAX;
    loop {
        let filter =
            Filter { until, kind: KindFilter::Intents, newest_first: true, ..Filter::all(PAGE) };
        let entries = journal.entries(&filter)?;
        for entry in &entries {
            let minute = i64::try_from(entry.leaf.time / 60_000_000).unwrap_or(i64::MAX);
            if minute + 60 < now {
                return Ok(counted);
            }
            let Record::Intent(intent) = &entry.leaf.record else { continue };
            if intent.consent.as_deref().is_some_and(|consent| consent.starts_with(&prefix)) {
                match counted.front_mut() {
                    Some((at, count)) if *at == minute => *count += 1,
                    _ => counted.push_front((minute, 1)),
                }
            }
        }
        match entries.last() {
            Some(last) if entries.len() == PAGE as usize => until = last.leaf.sequence,
            _ => return Ok(counted),
        }
    }
}
