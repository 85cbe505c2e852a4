//! Compares one revision with the one before it, from the trailer down along the paths that may change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{Read, Seek};
use std::rc::Rc;

use super::fields::FieldNode;
use super::fonts::Usable;
use super::kind::{Change, ChangeKind, Needs, Never};
use super::layout::Layout;
use super::timeline::{Edge, Loaded, Timeline};
use crate::content::Mappings;
use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Name, Object, Reference, references};
use crate::signature::Signature;

/// Keys under which others may refer to a field or its widget: the form, its page, structure, actions.
const FIELD_USES: [&str; 7] = ["Kids", "Fields", "Annots", "Parent", "Obj", "CO", "T"];
/// Keys under which others may refer to an annotation: its page, its pop-up and replies, structure.
const ANNOTATION_USES: [&str; 5] = ["Annots", "Popup", "Parent", "IRT", "Obj"];

/// As what an object was compared, and who may refer to it therefore.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The catalog.
    Catalog,
    /// A page: whatever refers to it, none but a page's `/Annots` is read from it.
    Page,
    /// A field or widget.
    Field,
    /// An annotation that is no field's widget: pages and other annotations refer to it.
    Annotation,
    /// Something that one object alone refers to, under one key.
    Only { holder: u32, key: &'static str },
    /// Something that one object alone refers to.
    OnlyOf { holder: u32 },
}

/// What a value that may be direct or an object of its own was and is.
pub(super) struct Pair {
    pub(super) before: Object,
    pub(super) after: Object,
    /// The object in which the value stands now.
    pub(super) holder: u32,
}

/// The comparison under way.
pub(super) struct Analysis<'a, R> {
    pub(super) document: &'a mut Document<R>,
    pub(super) timeline: Timeline,
    pub(super) layout: &'a Layout,
    pub(super) signatures: &'a [Signature],
    /// Index of the signature of each field.
    pub(super) signature_of: HashMap<u32, usize>,
    /// Pages by object number, with their index.
    pub(super) pages: HashMap<u32, usize>,
    pub(super) fields: HashMap<u32, FieldNode>,
    /// First parts of the fields' names.
    pub(super) names: HashSet<String>,
    pub(super) changes: Vec<Change>,
    /// The revision that is compared with the one before.
    pub(super) revision: usize,
    /// Objects that were there before and are another now.
    pub(super) changed: BTreeSet<u32>,
    /// Objects that this revision adds.
    pub(super) fresh: BTreeSet<u32>,
    /// Widgets of fields that this revision adds.
    pub(super) new_widgets: BTreeSet<u32>,
    /// Annotations that this revision adds to pages, and to which.
    pub(super) placed: BTreeMap<u32, Vec<u32>>,
    /// Fonts of appearances by object number, read once.
    pub(super) fonts: HashMap<u32, Usable>,
    pub(super) mappings: Mappings,
    /// Whether this revision fills in a field.
    pub(super) is_filled: bool,
    /// The object of the form that this revision lets ask for appearances.
    pub(super) asks: Option<u32>,
    explained: BTreeMap<u32, Role>,
    /// What of the base its trailers lead to, read when first asked for.
    pub(super) reachable: Option<HashSet<u32>>,
}

impl<'a, R: Read + Seek> Analysis<'a, R> {
    pub(super) fn new(
        document: &'a mut Document<R>,
        timeline: Timeline,
        layout: &'a Layout,
        signatures: &'a [Signature],
    ) -> Self {
        let mappings = Mappings::new(document.limits());
        let by_field = signatures.iter().enumerate().map(|(at, one)| (one.field.number, at));
        Self {
            document,
            timeline,
            layout,
            signatures,
            signature_of: by_field.collect(),
            pages: HashMap::new(),
            fields: HashMap::new(),
            names: HashSet::new(),
            changes: Vec::new(),
            revision: 0,
            changed: BTreeSet::new(),
            fresh: BTreeSet::new(),
            new_widgets: BTreeSet::new(),
            placed: BTreeMap::new(),
            fonts: HashMap::new(),
            mappings,
            is_filled: false,
            asks: None,
            explained: BTreeMap::new(),
            reachable: None,
        }
    }

    /// Compares all revisions, oldest first.
    pub(super) fn run(&mut self) -> Result<(), Error> {
        let Some(catalog) = self.root(0) else {
            self.revision = 1;
            self.never(None, Never::Trailer(Name(b"Root".to_vec())));
            return Ok(());
        };
        self.read_pages(catalog)?;
        self.read_fields(catalog)?;
        for revision in 1..=self.layout.later.len() {
            self.revision = revision;
            self.compare(catalog)?;
        }
        for (revision, object, never) in core::mem::take(&mut self.timeline.faults) {
            // What is wrong in the base may hide what any later revision does.
            self.revision = if revision == 0 { self.layout.later.len() } else { revision };
            self.never(object, never);
        }
        Ok(())
    }

    fn compare(&mut self, catalog: u32) -> Result<(), Error> {
        let known = self.changes.len();
        self.explained.clear();
        self.changed.clear();
        self.fresh.clear();
        self.new_widgets.clear();
        self.placed.clear();
        (self.is_filled, self.asks) = (false, None);
        let listed = self.timeline.listed.get(self.revision - 1).cloned().unwrap_or_default();
        // 1. What changed by value, and what is new: nobody knew of it before.
        for &number in &listed {
            let before = self.timeline.at(self.document, self.revision - 1, number)?;
            let after = self.timeline.at(self.document, self.revision, number)?;
            let equal = match (&before, &after) {
                (None, None) => true,
                (Some(before), Some(after)) => Timeline::equal(self.document, before, after)?,
                _ => false,
            };
            if self.timeline.containers.get(&number).is_some_and(|since| *since < self.revision) {
                if !equal {
                    self.never(Some(id(number)), Never::ObjectStream);
                }
            } else if equal {
            } else if before.is_none() && self.is_unknown(number)? {
                self.fresh.insert(number);
            } else {
                self.changed.insert(number);
            }
        }
        // 2. The paths along which something may change.
        self.trailer()?;
        self.pages()?;
        self.catalog(catalog)?;
        self.filled_fields()?;
        self.asked_for_appearances()?;
        self.annotations()?;
        // 3. Who refers to what now; the references of before count until the end of this comparison.
        for &number in &listed {
            if let Some(after) = self.timeline.at(self.document, self.revision, number)? {
                self.timeline.add_edges(&after);
            }
        }
        // 4. Everything that changed must have been met, and in no other use.
        self.check_explained()?;
        self.check_needed(known);
        for &number in &listed {
            let before = self.timeline.at(self.document, self.revision - 1, number)?;
            let after = self.timeline.at(self.document, self.revision, number)?;
            if let Some(before) = before {
                self.timeline.replace_edges(&before, after.as_deref());
            }
        }
        Ok(())
    }

    /// Entries of the catalog and metadata may change for the sake of something else, not by themselves.
    fn check_needed(&mut self, known: usize) {
        let own = self.changes.iter().skip(known);
        let mut alone = None;
        for change in own {
            match change.kind {
                ChangeKind::Entry { key } => alone = alone.or(Some((change.object, key))),
                _ => return,
            }
        }
        if let Some((object, key)) = alone {
            let role = Some(Name(key.as_str().as_bytes().to_vec()));
            self.never(object, Never::Unexplained { role });
        }
    }

    fn check_explained(&mut self) -> Result<(), Error> {
        for number in core::mem::take(&mut self.changed) {
            let edges = self.timeline.edges(number).to_vec();
            let role = self.explained.get(&number).copied();
            let Some(role) = role else {
                let before = self.timeline.at(self.document, self.revision - 1, number)?;
                let after = self.timeline.at(self.document, self.revision, number)?;
                let is_section =
                    |one: &Option<Rc<Loaded>>| one.as_ref().is_none_or(|one| one.is_section);
                let unused = edges.is_empty() && !self.in_trailer(number);
                // Nothing refers to it, or it was and is a cross-reference: nobody can tell the difference.
                if unused && (is_section(&before) && is_section(&after) || after.is_none()) {
                    continue;
                }
                let named = edges.iter().find_map(|edge| self.timeline.key(*edge)).cloned();
                let page = self.page_of(&edges);
                self.push(
                    Some(id(number)),
                    page,
                    ChangeKind::Forbidden,
                    None,
                    Needs::Never(Never::Unexplained { role: named }),
                );
                continue;
            };
            let foreign: Vec<Edge> =
                edges.iter().filter(|edge| !self.is_use(role, **edge)).copied().collect();
            for edge in foreign {
                if !self.is_orphan(edge.holder)? {
                    let named = self.timeline.key(edge).cloned();
                    self.never(Some(id(number)), Never::Shared { role: named });
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether a reference is one that an object in this role has.
    fn is_use(&self, role: Role, edge: Edge) -> bool {
        let named = |wanted: &str| self.timeline.key(edge).is_some_and(|key| key.is(wanted));
        match role {
            Role::Page => true,
            // A signature names the catalog as what its transform is about (ISO 32000-2 table 256).
            Role::Catalog => named("Data"),
            Role::Field => edge.key.is_none() || FIELD_USES.iter().any(|key| named(key)),
            Role::Annotation => edge.key.is_none() || ANNOTATION_USES.iter().any(|key| named(key)),
            Role::Only { holder, key } => {
                edge.holder == holder && (named(key) || edge.key.is_none())
            }
            Role::OnlyOf { holder } => edge.holder == holder,
        }
    }

    fn page_of(&self, edges: &[Edge]) -> Option<usize> {
        edges.iter().find_map(|edge| self.pages.get(&edge.holder)).copied()
    }

    pub(super) fn never(&mut self, object: Option<Reference>, never: Never) {
        self.push(object, None, ChangeKind::Forbidden, None, Needs::Never(never));
    }

    pub(super) fn never_on(&mut self, object: u32, page: Option<usize>, never: Never) {
        self.push(Some(id(object)), page, ChangeKind::Forbidden, None, Needs::Never(never));
    }

    pub(super) fn push(
        &mut self,
        object: Option<Reference>,
        page: Option<usize>,
        kind: ChangeKind,
        visible: Option<[f64; 4]>,
        needs: Needs,
    ) {
        // Not more than a person reads, and no more memory than the file has bytes.
        let revision = self.layout.number + self.revision;
        self.changes.push(Change { revision, object, page, visible, kind, needs });
    }

    pub(super) fn explain(&mut self, number: u32, role: Role) {
        match self.explained.get(&number) {
            Some(other) if *other != role => {
                self.never(Some(id(number)), Never::Shared { role: None });
            }
            _ => {
                self.explained.insert(number, role);
            }
        }
    }

    pub(super) fn at(&mut self, revision: usize, number: u32) -> Result<Option<Rc<Loaded>>, Error> {
        self.timeline.at(self.document, revision, number)
    }

    /// A value as of a revision, its reference followed once, and the object that it is.
    pub(super) fn follow(
        &mut self,
        revision: usize,
        value: Option<&Object>,
    ) -> Result<(Object, Option<u32>), Error> {
        match value {
            None => Ok((Object::Null, None)),
            Some(Object::Reference(target)) => {
                let found = self.at(revision, target.number)?;
                let found = found.filter(|found| found.id() == *target);
                let value = found.map_or(Object::Null, |found| found.value().clone());
                Ok((value, Some(target.number)))
            }
            Some(direct) => Ok((direct.clone(), None)),
        }
    }

    /// What a value was and is that may stand in its holder or in an object of its own, which only this holder may
    /// have; `None` where the object is one that had another use.
    pub(super) fn pair(
        &mut self,
        holder: u32,
        key: &'static str,
        before: Option<&Object>,
        after: Option<&Object>,
    ) -> Result<Option<Pair>, Error> {
        let (old, old_number) = self.follow(self.revision - 1, before)?;
        let (new, number) = self.follow(self.revision, after)?;
        if let Some(number) = number {
            if old_number == Some(number) {
                if self.changed.contains(&number) {
                    self.explain(number, Role::Only { holder, key });
                }
            } else if !self.fresh.contains(&number) {
                self.never(Some(id(number)), Never::Reused);
                return Ok(None);
            }
        }
        if matches!(new, Object::Reference(_)) {
            self.never(Some(id(holder)), Never::Unexplained { role: Some(Name(key.into())) });
            return Ok(None);
        }
        Ok(Some(Pair { before: old, after: new, holder: number.unwrap_or(holder) }))
    }

    /// The catalog's number by the trailer of a revision.
    pub(super) fn root(&self, revision: usize) -> Option<u32> {
        let trailer = self.trailer_of(revision)?;
        Some(trailer.value("Root")?.as_reference()?.number)
    }

    /// Whether the trailer of this revision or the one before refers to an object.
    fn in_trailer(&self, number: u32) -> bool {
        [self.revision - 1, self.revision].into_iter().any(|revision| {
            let mut targets = BTreeSet::new();
            if let Some(trailer) = self.trailer_of(revision) {
                references(&Object::Dictionary(trailer.clone()), &mut targets);
            }
            targets.contains(&number)
        })
    }

    pub(super) fn trailer_of(&self, revision: usize) -> Option<&Dictionary> {
        let section = match revision.checked_sub(1) {
            None => self.layout.base,
            Some(index) => self.layout.later.get(index)?.section,
        };
        self.document.all_sections().get(section).map(|section| &section.trailer)
    }

    /// Walks the page tree of the base.
    fn read_pages(&mut self, catalog: u32) -> Result<(), Error> {
        let root = self.at(0, catalog)?;
        let root = root.as_ref().and_then(|one| one.dictionary()?.value("Pages")?.as_reference());
        let mut stack: Vec<u32> = root.iter().map(|id| id.number).collect();
        let mut visited = HashSet::new();
        let mut index = 0;
        while let Some(number) = stack.pop() {
            if !visited.insert(number) {
                continue;
            }
            if visited.len() > self.document.limits.page_nodes {
                let maximum = self.document.limits.page_nodes as u64;
                return Err(Error::LimitExceeded { limit: crate::Limit::PageNodes, maximum });
            }
            let Some(node) = self.at(0, number)? else { continue };
            let Some(dictionary) = node.dictionary() else { continue };
            match dictionary.value("Kids") {
                None => {
                    self.pages.insert(number, index);
                    index += 1;
                }
                Some(kids) => {
                    let (kids, _) = self.follow(0, Some(kids))?;
                    if let Object::Array(kids) = kids {
                        let kids = kids.items.iter().rev().filter_map(Object::as_reference);
                        stack.extend(kids.map(|kid| kid.number));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A number as a reference for reports; of the rare other generations only the number is told.
pub(super) const fn id(number: u32) -> Reference {
    Reference { number, generation: 0 }
}

pub(super) fn text(key: &Name) -> String {
    String::from_utf8_lossy(&key.0).into_owned()
}

/// Whether a value holds no reference.
pub(super) fn is_plain(value: &Object) -> bool {
    match value {
        Object::Reference(_) | Object::Stream(_) => false,
        Object::Array(array) => array.items.iter().all(is_plain),
        Object::Dictionary(dictionary) => {
            dictionary.entries.iter().all(|entry| is_plain(&entry.value))
        }
        _ => true,
    }
}
