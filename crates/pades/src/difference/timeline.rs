//! The objects that later revisions tell of, as each revision leaves them, and who refers to them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Read, Seek};
use std::rc::Rc;

use super::kind::{Never, Stop};
use super::layout::{Later, Layout, object_end, section_end, stray_byte, stream_extent};
use super::regular::{begins_as_object, is_regular, is_regular_end};
use super::value::{duplicate_key, same, same_stream_entries};
use crate::document::Document;
use crate::error::Error;
use crate::limits::Limit;
use crate::object::{Dictionary, IndirectObject, Name, Object, Reference, references};
use crate::xref::{Section, SectionForm, XrefEntry, look_up};

/// Bytes of two streams compared at a time.
const CHUNK: usize = 64 << 10;

/// An object as a revision leaves it.
pub(crate) struct Loaded {
    pub(crate) object: IndirectObject,
    /// Where a stream's data stand; `None` also for a stream of a wrong length.
    pub(crate) extent: Option<core::ops::Range<u64>>,
    /// Whether it is a cross-reference section of the file.
    pub(crate) is_section: bool,
}

impl Loaded {
    pub(crate) const fn id(&self) -> Reference {
        self.object.id
    }

    pub(crate) const fn value(&self) -> &Object {
        &self.object.value
    }

    pub(crate) fn dictionary(&self) -> Option<&Dictionary> {
        match &self.object.value {
            Object::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }
}

/// A reference to an object of interest: by which object, and under which key (`None` within a bare array).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) holder: u32,
    pub(crate) key: Option<u32>,
}

/// A revision, and what it leaves an object as.
type Version = (usize, Option<Rc<Loaded>>);

/// Objects that later revisions list, through time.
pub(crate) struct Timeline {
    /// Revision and value, oldest first, for each number that a later revision lists; 0 is the base.
    values: HashMap<u32, Vec<Version>>,
    /// Numbers whose entry each later revision changes.
    pub(crate) listed: Vec<BTreeSet<u32>>,
    /// Who refers to them, as of the revision that is being compared.
    edges: HashMap<u32, Vec<Edge>>,
    keys: Vec<Name>,
    key_numbers: HashMap<Name, u32>,
    /// Object streams of the base and of each later revision.
    pub(crate) containers: HashMap<u32, usize>,
    /// What cannot be told apart: revision, object, reason.
    pub(crate) faults: Vec<(usize, Option<Reference>, Never)>,
}

impl Timeline {
    /// Reads every object that a later revision lists, and who refers to them in the base.
    pub(crate) fn read<R: Read + Seek>(
        document: &mut Document<R>,
        layout: &Layout,
    ) -> Result<Self, Stop> {
        let mut timeline = Self {
            values: HashMap::new(),
            listed: Vec::new(),
            edges: HashMap::new(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            containers: HashMap::new(),
            faults: Vec::new(),
        };
        let base = document.all_sections().get(layout.base..).unwrap_or_default();
        for (_, entry) in base.iter().flat_map(Section::entries) {
            if let XrefEntry::Compressed { stream, .. } = entry {
                timeline.containers.entry(stream).or_insert(0);
            }
        }
        let mut older = layout.base;
        let mut count = 0usize;
        for (index, later) in layout.later.iter().enumerate() {
            let revision = index + 1;
            document.look_as_of(later.section);
            let listed = changed_entries(document, later.section, older);
            count = count.saturating_add(listed.len());
            if count > document.limits.compared_objects {
                let maximum = document.limits.compared_objects as u64;
                return Err(Error::LimitExceeded { limit: Limit::ComparedObjects, maximum }.into());
            }
            if !is_regular(document, later, older)? || !is_regular_end(document, later)? {
                let never = Never::Irregular { offset: later.offset };
                timeline.faults.push((revision, None, never));
            }
            timeline.read_revision(document, revision, later, &listed)?;
            timeline.listed.push(listed);
            older = later.section;
        }
        document.look_as_of(layout.base);
        let numbers: Vec<u32> = timeline.values.keys().copied().collect();
        for number in numbers {
            let value = timeline.load(document, 0, number)?;
            if let Some(values) = timeline.values.get_mut(&number) {
                values.insert(0, (0, value));
            }
        }
        timeline.scan(document)?;
        Ok(timeline)
    }

    /// Reads what one revision lists and looks that nothing else stands in its bytes.
    fn read_revision<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        revision: usize,
        later: &Later,
        listed: &BTreeSet<u32>,
    ) -> Result<(), Stop> {
        let within = |offset: u64| (later.start..later.end).contains(&offset);
        let mut parts = vec![(later.startxref, later.end)];
        let section = section_end(document, later)?;
        let section =
            section.ok_or(Stop::Never(None, Never::StrayBytes { offset: later.offset }))?;
        parts.push((later.offset, section));
        let hybrid = document.visible().get(1).filter(|one| one.form == SectionForm::HybridStream);
        if let Some(offset) = hybrid.map(|stream| stream.offset) {
            if !within(offset) {
                return Err(Stop::Never(None, Never::EntryOutside { offset }));
            }
            parts.push((offset, object_end(document, offset)?.unwrap_or(offset)));
        }
        for &number in listed {
            let entry = look_up(document.visible(), number);
            let offset = match entry {
                XrefEntry::Free => None,
                XrefEntry::InFile { offset, .. } => Some(offset),
                XrefEntry::Compressed { stream, .. } => {
                    self.containers.entry(stream).or_insert(revision);
                    match look_up(document.visible(), stream) {
                        XrefEntry::InFile { offset, .. } => Some(offset),
                        _ => Some(0),
                    }
                }
            };
            let id = Reference { number, generation: 0 };
            if let Some(offset) = offset
                && !within(offset)
            {
                self.faults.push((revision, Some(id), Never::EntryOutside { offset }));
            }
            if let XrefEntry::InFile { offset, .. } = entry {
                if !begins_as_object(document, offset)? {
                    self.faults.push((revision, Some(id), Never::Irregular { offset }));
                }
                match object_end(document, offset)? {
                    Some(end) => parts.push((offset, end)),
                    None => self.faults.push((revision, Some(id), Never::Unreadable)),
                }
            }
            let value = self.load(document, revision, number)?;
            if let Some(key) = value.as_ref().and_then(|one| duplicate_key(one.value())) {
                self.faults.push((revision, Some(id), Never::DuplicateKey(key)));
            }
            if let Some(value) = &value {
                self.check_container(document, revision, value)?;
            }
            self.values.entry(number).or_default().push((revision, value));
        }
        if let Some(offset) = stray_byte(document, parts, later.start, later.end)? {
            self.faults.push((revision, None, Never::StrayBytes { offset }));
        }
        Ok(())
    }

    /// A new object stream holds nothing but what the cross-reference finds in it.
    fn check_container<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        revision: usize,
        value: &Loaded,
    ) -> Result<(), Error> {
        let typed = value.value().as_dictionary().and_then(|d| d.value("Type")?.as_name());
        if !matches!(value.value(), Object::Stream(_)) || !typed.is_some_and(|t| t.is("ObjStm")) {
            return Ok(());
        }
        let number = value.id().number;
        let hidden = match document.object_stream(number) {
            Ok(stream) => {
                let sections = document.visible();
                stream.numbers().any(|inner| {
                    !matches!(
                        look_up(sections, inner),
                        XrefEntry::Compressed { stream, .. } if stream == number
                    )
                })
            }
            Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
            Err(_) => true,
        };
        if hidden {
            self.faults.push((revision, Some(value.id()), Never::ObjectStream));
        }
        Ok(())
    }

    fn load<R: Read + Seek>(
        &mut self,
        document: &mut Document<R>,
        revision: usize,
        number: u32,
    ) -> Result<Option<Rc<Loaded>>, Error> {
        match read(document, number)? {
            Ok(value) => Ok(value),
            Err(id) => {
                self.faults.push((revision, Some(id), Never::Unreadable));
                Ok(None)
            }
        }
    }

    /// Finds in every object of the base who refers to the objects of interest.
    fn scan<R: Read + Seek>(&mut self, document: &mut Document<R>) -> Result<(), Stop> {
        let mut seen = HashSet::new();
        let mut places = Vec::new();
        for (number, _) in document.visible().iter().flat_map(Section::entries) {
            if seen.insert(number) {
                let place = match look_up(document.visible(), number) {
                    XrefEntry::Free => continue,
                    XrefEntry::InFile { offset, .. } => (offset, 0),
                    XrefEntry::Compressed { stream, index } => {
                        (u64::MAX, (u64::from(stream) << 32) | u64::from(index))
                    }
                };
                places.push((place, number));
            }
        }
        // In the order of the file, so that blocks and object streams are read once.
        places.sort_unstable();
        for (_, number) in places {
            if let Some(value) = self.load(document, 0, number)? {
                self.add_edges(&value);
            }
        }
        Ok(())
    }

    /// The value of an object as a revision leaves it; what no later revision lists is read as the base has it.
    pub(crate) fn at<R: Read + Seek>(
        &self,
        document: &mut Document<R>,
        revision: usize,
        number: u32,
    ) -> Result<Option<Rc<Loaded>>, Error> {
        match self.values.get(&number) {
            Some(values) => {
                let known = values.iter().rev().find(|(since, _)| *since <= revision);
                Ok(known.and_then(|(_, value)| value.clone()))
            }
            None => Ok(read(document, number)?.unwrap_or(None)),
        }
    }

    /// Whether two versions of an object mean the same, stream data included.
    pub(crate) fn equal<R: Read + Seek>(
        document: &mut Document<R>,
        before: &Loaded,
        after: &Loaded,
    ) -> Result<bool, Error> {
        if before.id() != after.id() {
            return Ok(false);
        }
        let (Object::Stream(one), Object::Stream(other)) = (before.value(), after.value()) else {
            return Ok(same(before.value(), after.value()));
        };
        let (Some(data), Some(new_data)) = (&before.extent, &after.extent) else {
            return Ok(false);
        };
        if !same_stream_entries(&one.dictionary, &other.dictionary)
            || data.end - data.start != new_data.end - new_data.start
        {
            return Ok(false);
        }
        let (mut here, mut there) = (Vec::new(), Vec::new());
        let mut done = 0;
        while done < data.end - data.start {
            let len = (data.end - data.start - done).min(CHUNK as u64);
            document.source.charge(2 * len)?;
            document.source.read(data.start + done, len as usize, &mut here)?;
            document.source.read(new_data.start + done, len as usize, &mut there)?;
            if here != there {
                return Ok(false);
            }
            done += len;
        }
        Ok(true)
    }

    /// Who refers to an object.
    pub(crate) fn edges(&self, number: u32) -> &[Edge] {
        self.edges.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The name of an edge's key.
    pub(crate) fn key(&self, edge: Edge) -> Option<&Name> {
        self.keys.get(edge.key? as usize)
    }

    /// Notes what an object refers to.
    pub(crate) fn add_edges(&mut self, value: &Loaded) {
        let holder = value.id().number;
        // Sections name the catalog as trailers do; the trailers are compared for themselves.
        if !value.is_section {
            self.visit(holder, None, value.value());
        }
    }

    /// Forgets what an object that is no more referred to; what it refers to now is noted anew.
    pub(crate) fn replace_edges(&mut self, before: &Loaded, after: Option<&Loaded>) {
        let holder = before.id().number;
        let mut targets = BTreeSet::new();
        references(before.value(), &mut targets);
        for target in targets {
            if let Some(edges) = self.edges.get_mut(&target) {
                edges.retain(|edge| edge.holder != holder);
            }
        }
        if let Some(after) = after {
            self.add_edges(after);
        }
    }

    fn visit(&mut self, holder: u32, key: Option<u32>, value: &Object) {
        match value {
            Object::Reference(id) if self.values.contains_key(&id.number) => {
                let edges = self.edges.entry(id.number).or_default();
                let edge = Edge { holder, key };
                // An object's own references stand together; a few of them tell most repetitions.
                if !edges.iter().rev().take(8).any(|one| *one == edge) {
                    edges.push(edge);
                }
            }
            Object::Array(array) => {
                array.items.iter().for_each(|item| self.visit(holder, key, item));
            }
            Object::Dictionary(dictionary) => self.visit_entries(holder, dictionary),
            Object::Stream(stream) => self.visit_entries(holder, &stream.dictionary),
            _ => {}
        }
    }

    fn visit_entries(&mut self, holder: u32, dictionary: &Dictionary) {
        for entry in &dictionary.entries {
            if matches!(
                entry.value,
                Object::Reference(_) | Object::Array(_) | Object::Dictionary(_)
            ) {
                let key = self.key_number(&entry.key);
                self.visit(holder, Some(key), &entry.value);
            }
        }
    }

    fn key_number(&mut self, key: &Name) -> u32 {
        if let Some(number) = self.key_numbers.get(key) {
            return *number;
        }
        let number = self.keys.len() as u32;
        self.keys.push(key.clone());
        self.key_numbers.insert(key.clone(), number);
        number
    }
}

/// The numbers that a revision lists in another way than the one before.
fn changed_entries<R: Read + Seek>(
    document: &Document<R>,
    section: usize,
    older: usize,
) -> BTreeSet<u32> {
    let sections = document.all_sections();
    let now = sections.get(section..).unwrap_or_default();
    let before = sections.get(older..).unwrap_or_default();
    let own = sections.get(section..older).unwrap_or_default();
    own.iter()
        .flat_map(Section::entries)
        .map(|(number, _)| number)
        .filter(|&number| number != 0 && look_up(now, number) != look_up(before, number))
        .collect()
}

/// An object of the revision that is looked at, or its number where it cannot be read as it stands.
fn read<R: Read + Seek>(
    document: &mut Document<R>,
    number: u32,
) -> Result<Result<Option<Rc<Loaded>>, Reference>, Error> {
    let (generation, offset) = match look_up(document.visible(), number) {
        XrefEntry::Free => return Ok(Ok(None)),
        XrefEntry::InFile { generation, offset } => (generation, Some(offset)),
        XrefEntry::Compressed { .. } => (0, None),
    };
    let id = Reference { number, generation };
    let object = match document.read_object(id) {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(Err(id)),
        Err(error @ (Error::Io(_) | Error::LimitExceeded { .. })) => return Err(error),
        Err(_) => return Ok(Err(id)),
    };
    let extent = match &object.value {
        Object::Stream(stream) => stream_extent(document, stream)?,
        _ => None,
    };
    let is_section = matches!(object.value, Object::Stream(_))
        && document.all_sections().iter().any(|section| Some(section.offset) == offset);
    Ok(Ok(Some(Rc::new(Loaded { object, extent, is_section }))))
}
