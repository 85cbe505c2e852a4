//! Writes PDFs and revisions of them byte by byte, honestly or not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How objects and their places are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A cross-reference table and a trailer.
    Table,
    /// A cross-reference stream.
    Stream,
    /// A cross-reference stream, and every object that is no stream in an object stream.
    Packed,
    /// A table of nothing, whose trailer names a stream that lists the objects (ISO 32000-2 §7.5.8.4).
    Hybrid,
}

/// Where a cross-reference says that an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Free,
    At { offset: usize, generation: u16 },
    In { stream: u32, index: usize },
}

/// Objects of a revision and how they are told.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    objects: Vec<(u32, u16, Vec<u8>)>,
    places: BTreeMap<u32, Place>,
    root: u32,
    info: u32,
    previous: Option<usize>,
    form: Form,
    trailer: String,
}

/// A revision's bytes in three parts, of which an attacker may leave out some.
pub(crate) struct Parts {
    pub(crate) body: Vec<u8>,
    pub(crate) references: Vec<u8>,
    pub(crate) trailer: Vec<u8>,
}

impl Parts {
    pub(crate) fn after(&self, file: &[u8]) -> Vec<u8> {
        [file, &self.body, &self.references, &self.trailer].concat()
    }
}

impl Revision {
    pub(crate) fn new() -> Self {
        Self {
            objects: Vec::new(),
            places: BTreeMap::new(),
            root: 1,
            info: 6,
            previous: None,
            form: Form::Table,
            trailer: String::new(),
        }
    }

    pub(crate) fn object(self, number: u32, text: impl AsRef<[u8]>) -> Self {
        self.generation(number, 0, text)
    }

    pub(crate) fn generation(
        mut self,
        number: u32,
        generation: u16,
        text: impl AsRef<[u8]>,
    ) -> Self {
        self.objects.push((number, generation, text.as_ref().to_vec()));
        self
    }

    pub(crate) fn stream(self, number: u32, entries: &str, data: impl AsRef<[u8]>) -> Self {
        self.object(number, stream(entries, data.as_ref()))
    }

    /// An entry of the cross-reference to which nothing is written.
    pub(crate) fn place(mut self, number: u32, place: Place) -> Self {
        self.places.insert(number, place);
        self
    }

    pub(crate) fn free(self, number: u32) -> Self {
        self.place(number, Place::Free)
    }

    pub(crate) fn root(mut self, root: u32) -> Self {
        self.root = root;
        self
    }

    pub(crate) fn info(mut self, info: u32) -> Self {
        self.info = info;
        self
    }

    pub(crate) fn previous(mut self, previous: usize) -> Self {
        self.previous = Some(previous);
        self
    }

    pub(crate) fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Further entries of the trailer.
    pub(crate) fn trailer(mut self, entries: &str) -> Self {
        self.trailer += entries;
        self
    }

    pub(crate) fn after(&self, file: &[u8]) -> Vec<u8> {
        self.parts(file).after(file)
    }

    pub(crate) fn parts(&self, file: &[u8]) -> Parts {
        let mut body = Vec::new();
        let mut places = self.places.clone();
        let is_first = start(file).is_none();
        if is_first {
            places.insert(0, Place::Free);
        }
        let highest = places.keys().chain(self.objects.iter().map(|(number, ..)| number));
        let own = highest.max().map_or(1, |highest| highest + 1);
        let mut size = own.max(size(file));
        let packs = self.form == Form::Packed;
        let mut packed: Vec<(u32, &[u8])> = Vec::new();
        for (number, generation, text) in &self.objects {
            if packs && *generation == 0 && !text.ends_with(b"endstream") {
                packed.push((*number, text));
                continue;
            }
            let offset = file.len() + body.len();
            places.insert(*number, Place::At { offset, generation: *generation });
            write_object(&mut body, *number, *generation, text);
        }
        if !packed.is_empty() {
            let (offset, number) = (file.len() + body.len(), size);
            places.insert(number, Place::At { offset, generation: 0 });
            size += 1;
            for (index, (inner, _)) in packed.iter().enumerate() {
                places.insert(*inner, Place::In { stream: number, index });
            }
            write_object(&mut body, number, 0, &object_stream(&packed));
        }
        let mut entries = format!("/Root {} 0 R /Info {} 0 R", self.root, self.info);
        if let Some(previous) = self.previous.or_else(|| start(file)) {
            write!(entries, " /Prev {previous}").expect("written");
        }
        if let Some(identifier) = identifier(file) {
            entries += &identifier;
        }
        entries += &self.trailer;
        let at = file.len() + body.len();
        match self.form {
            Form::Table => {
                let references = table(&places);
                let trailer = end(&format!("trailer\n<< /Size {size} {entries} >>\n"), at);
                Parts { body, references, trailer }
            }
            Form::Stream | Form::Packed => {
                places.insert(size, Place::At { offset: at, generation: 0 });
                let references = reference_stream(size, &places, size + 1, &entries);
                Parts { body, references, trailer: end("", at) }
            }
            Form::Hybrid => {
                let mut references = reference_stream(size, &places, size + 1, "");
                let table_at = at + references.len();
                references.extend(b"xref\n0 0\n");
                let text = format!("trailer\n<< /Size {} {entries} /XRefStm {at} >>\n", size + 1);
                Parts { body, references, trailer: end(&text, table_at) }
            }
        }
    }
}

pub(crate) fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {entries} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

pub(crate) fn write_object(out: &mut Vec<u8>, number: u32, generation: u16, text: &[u8]) {
    out.extend(format!("{number} {generation} obj\n").as_bytes());
    out.extend(text);
    out.extend(b"\nendobj\n");
}

pub(crate) fn object_stream(objects: &[(u32, &[u8])]) -> Vec<u8> {
    let (mut head, mut data) = (String::new(), Vec::new());
    for (number, text) in objects {
        write!(head, "{number} {} ", data.len()).expect("written");
        data.extend_from_slice(text);
        data.push(b'\n');
    }
    let entries = format!("/Type /ObjStm /N {} /First {}", objects.len(), head.len());
    stream(&entries, &[head.as_bytes(), &data].concat())
}

pub(crate) fn table(places: &BTreeMap<u32, Place>) -> Vec<u8> {
    let mut text = "xref\n".to_owned();
    for (number, place) in places {
        let entry = match place {
            Place::Free => "0000000000 65535 f".to_owned(),
            Place::At { offset, generation } => format!("{offset:010} {generation:05} n"),
            Place::In { .. } => panic!("a table names no object streams"),
        };
        writeln!(text, "{number} 1\n{entry} ").expect("written");
    }
    text.into_bytes()
}

fn reference_stream(
    number: u32,
    places: &BTreeMap<u32, Place>,
    size: u32,
    entries: &str,
) -> Vec<u8> {
    let (mut index, mut data) = (String::new(), Vec::new());
    for (number, place) in places {
        write!(index, "{number} 1 ").expect("written");
        let (kind, second, third) = match *place {
            Place::Free => (0, 0, u16::MAX),
            Place::At { offset, generation } => (1, offset as u32, generation),
            Place::In { stream, index } => (2, stream, index as u16),
        };
        data.push(kind);
        data.extend(second.to_be_bytes());
        data.extend(third.to_be_bytes());
    }
    let entries = format!("/Type /XRef /W [1 4 2] /Index [{index}] /Size {size} {entries}");
    let mut out = Vec::new();
    write_object(&mut out, number, 0, &stream(&entries, &data));
    out
}

pub(crate) fn end(trailer: &str, at: usize) -> Vec<u8> {
    format!("{trailer}startxref\n{at}\n%%EOF\n").into_bytes()
}

pub(crate) fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

pub(crate) fn find_last(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).rposition(|window| window == text)
}

/// Where the last cross-reference section is.
pub(crate) fn start(file: &[u8]) -> Option<usize> {
    let at = find_last(file, b"startxref")?;
    Some(number(&file[at + 9..]))
}

/// The largest size that any trailer tells.
fn size(file: &[u8]) -> u32 {
    let mut size = 1;
    for at in 0..file.len() {
        if file[at..].starts_with(b"/Size ") {
            size = size.max(number(&file[at + 6..]) as u32);
        }
    }
    size
}

fn identifier(file: &[u8]) -> Option<String> {
    let at = find_last(file, b"/ID")?;
    let len = file[at..].iter().position(|byte| *byte == b']')?;
    let text = std::str::from_utf8(&file[at..=at + len]).ok()?;
    Some(format!(" {text}"))
}

pub(crate) fn number(text: &[u8]) -> usize {
    let text = text.trim_ascii_start();
    let len = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    std::str::from_utf8(&text[..len]).expect("digits").parse().expect("a number")
}

/// Replaces the first occurrence by as many bytes.
pub(crate) fn overwritten(file: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert!(new.len() <= old.len(), "no room");
    let at = find(file, old).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(old)));
    let mut file = file.to_vec();
    file[at..at + old.len()].fill(b' ');
    file[at..at + new.len()].copy_from_slice(new);
    file
}

/// An object's newest text, of a file whose objects stand outside of object streams.
pub(crate) fn newest(file: &[u8], object: u32) -> Vec<u8> {
    let head = format!("\n{object} 0 obj");
    let at = find_last(file, head.as_bytes()).unwrap_or_else(|| panic!("no object {object}"));
    let rest = &file[at + head.len()..];
    rest[..find(rest, b"endobj").expect("an end")].trim_ascii().to_vec()
}

/// An object's newest text with some of it replaced.
pub(crate) fn edited(file: &[u8], object: u32, old: &str, new: &str) -> Vec<u8> {
    let text = newest(file, object);
    let at = find(&text, old.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{object}: no {old}: {}", String::from_utf8_lossy(&text)));
    [&text[..at], new.as_bytes(), &text[at + old.len()..]].concat()
}

/// The number of the object whose newest text has this in it.
pub(crate) fn holder(file: &[u8], text: &str) -> u32 {
    let at = find_last(file, text.as_bytes()).unwrap_or_else(|| panic!("no {text}"));
    let head = find_last(&file[..at], b" 0 obj").expect("an object");
    let digits = file[..head].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    number(&file[head - digits..]) as u32
}
