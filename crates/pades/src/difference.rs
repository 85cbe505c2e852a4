//! What later revisions changed of what was signed (ISO 32000-2 §12.8.2, §7.5.6).
//!
//! Every incremental revision behind the oldest signature is compared with the one before it, object by object and by
//! value. Only changes along known paths are understood: the catalog, its form, security store and metadata, fields,
//! pages' annotations. Each change is classified once; then each signature, and the certification before it, says which
//! of the later ones it permits. Whatever is not understood is forbidden.

mod annotations;
mod appearance;
mod buttons;
mod catalog;
mod fields;
mod fill;
mod fonts;
mod form;
mod kind;
mod layout;
mod permit;
mod reach;
mod regular;
mod signing_fields;
mod store;
mod timeline;
mod value;
mod walk;

pub use kind::{Change, ChangeKind, Denial, EntryKey, Finding, Needs, Never};

use std::io::{Read, Seek};
use std::sync::Arc;

use crate::document::Document;
use crate::error::Error;
use crate::object::Reference;
use crate::signature::Signature;
use kind::Stop;
use layout::layout;
use permit::Rules;
use timeline::Timeline;
use walk::Analysis;

/// The later revisions of a document, compared once for all its signatures.
#[derive(Clone, Debug)]
pub struct Comparison {
    signatures: Vec<Place>,
}

/// A signature's place among the revisions and what it permits afterwards.
#[derive(Clone, Debug)]
struct Place {
    field: Reference,
    /// Its revision by the number that changes count; `None` where it ends no revision.
    revision: Option<usize>,
    rules: Rules,
    /// The changes of the revisions from some point before it on, in their order; signatures share them.
    changes: Arc<[Change]>,
}

/// The changes that follow a signature: a shared part of all.
#[derive(Clone, Debug, Default)]
pub struct LaterChanges {
    changes: Arc<[Change]>,
    from: usize,
}

impl LaterChanges {
    /// The changes, in the order of revisions.
    #[must_use]
    pub fn as_slice(&self) -> &[Change] {
        self.changes.get(self.from..).unwrap_or_default()
    }
}

impl Comparison {
    /// The changes that follow a signature, in the order of revisions.
    #[must_use]
    pub fn changes_after(&self, signature: &Signature) -> LaterChanges {
        let Some(place) = self.place(signature) else {
            return LaterChanges::default();
        };
        let revision = place.revision.unwrap_or(0);
        let from = place.changes.partition_point(|change| change.revision <= revision);
        LaterChanges { changes: Arc::clone(&place.changes), from }
    }

    /// The changes after a signature's revision that it and the certification before it do not permit; empty where all
    /// that follows it is lawful.
    #[must_use]
    pub fn judge(&self, signature: &Signature) -> Vec<Finding> {
        let stray = |never| {
            let needs = Needs::Never(never);
            let kind = ChangeKind::Forbidden;
            let (object, page, visible) = (Some(signature.field), None, None);
            let change = Change { revision: 0, object, page, visible, kind, needs };
            vec![Finding { change, denial: Denial::Never }]
        };
        let Some(place) = self.place(signature) else {
            return stray(Never::NoRevisionEnd);
        };
        let Some(revision) = place.revision else {
            return stray(Never::NoRevisionEnd);
        };
        let earlier =
            self.signatures.iter().filter(|one| one.revision.is_some_and(|at| at <= revision));
        let certified = earlier.filter_map(|one| one.rules.certified).min();
        let mut findings = Vec::new();
        for change in self.changes_after(signature).as_slice() {
            if let Err(denial) = place.rules.permit(certified, change) {
                findings.push(Finding { change: change.clone(), denial });
            }
        }
        findings
    }

    fn place(&self, signature: &Signature) -> Option<&Place> {
        self.signatures.iter().find(|place| place.field == signature.field)
    }
}

impl<R: Read + Seek> Document<R> {
    /// Compares every revision behind the oldest of the signatures with the one before it.
    ///
    /// `signatures` are all that [`signatures`](Self::signatures) gave.
    ///
    /// # Errors
    /// An exceeded limit or the reader's failure: nothing is known then. What cannot be compared for any other reason
    /// is a change that nothing permits.
    pub fn compare_revisions(&mut self, signatures: &[Signature]) -> Result<Comparison, Error> {
        let outcome = self.compare(signatures);
        self.look_as_of(0);
        match outcome {
            Ok(comparison) => Ok(comparison),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Never(object, never)) => Ok(refused(signatures, object, never)),
        }
    }

    fn compare(&mut self, signatures: &[Signature]) -> Result<Comparison, Stop> {
        let rules = self.rules_of(signatures)?;
        let places = signatures.iter().zip(rules);
        let places = places.map(|(one, rules)| Place {
            field: one.field,
            revision: None,
            rules,
            changes: Arc::new([]),
        });
        let mut places: Vec<Place> = places.collect();
        let mut from = 0;
        // What a forbidden change did may mislead about later ones: signatures behind it are compared afresh.
        while let Some(layout) = layout(self, signatures, from)? {
            if layout::stray_byte(self, Vec::new(), layout.end, self.file_len())?.is_some() {
                return Err(Stop::Never(None, Never::StrayBytes { offset: layout.end }));
            }
            let mut changes = Vec::new();
            if !layout.later.is_empty() {
                let timeline = Timeline::read(self, &layout)?;
                let mut analysis = Analysis::new(self, timeline, &layout, signatures);
                analysis.run()?;
                changes = analysis.changes;
                changes.sort_by_key(|change| change.revision);
            }
            let forbidden = changes.iter().find(|one| matches!(one.needs, Needs::Never(_)));
            let forbidden = forbidden.map(|change| change.revision);
            let changes: Arc<[Change]> = changes.into();
            let mut next: Option<u64> = None;
            for ((place, own), signature) in places.iter_mut().zip(&layout.own).zip(signatures) {
                let end = signature.coverage.as_ref().map_or(0, |one| one.byte_range.end());
                let Some(own) = own.filter(|_| end >= from).map(|own| layout.number + own) else {
                    continue;
                };
                if forbidden.is_none_or(|revision| own < revision) {
                    place.revision = Some(own);
                    place.changes = Arc::clone(&changes);
                } else {
                    next = Some(next.map_or(end, |other| other.min(end)));
                }
            }
            match next {
                Some(next) if next > from => from = next,
                _ => break,
            }
        }
        Ok(Comparison { signatures: places })
    }
}

/// A comparison in which nothing stands but why it could not be made.
fn refused(signatures: &[Signature], object: Option<Reference>, never: Never) -> Comparison {
    let change = Change {
        revision: 1,
        object,
        page: None,
        visible: None,
        kind: ChangeKind::Forbidden,
        needs: Needs::Never(never),
    };
    let changes: Arc<[Change]> = Arc::new([change]);
    let place = |one: &Signature| Place {
        field: one.field,
        // A signature over all that there is has nothing behind it.
        revision: Some(match &one.coverage {
            Ok(coverage) if coverage.covers_whole_document => 1,
            _ => 0,
        }),
        rules: Rules::default(),
        changes: Arc::clone(&changes),
    };
    Comparison { signatures: signatures.iter().map(place).collect() }
}
