//! Builds small PDFs in every cross-reference form, signs them with a stand-in message, asks peers.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod encrypted;

use std::fmt::Write as _;
use std::io::Cursor;
use std::process::Command;

use kyso_pades::{
    ByteRange, Date, Document, Limits, SigningField, SigningOptions, SubFilter, copy_and_hash,
    digest_byte_ranges,
};
use kyso_x509::{Digest, DigestAlgorithm};

/// A file under construction: objects are written as they are added, their offsets kept.
pub(crate) struct Builder {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    /// Offsets count from here.
    pub(crate) base: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Free,
    At(usize),
    Within(u32, u32),
}

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) generation: u16,
    pub(crate) place: Place,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self::after(b"")
    }

    pub(crate) fn after(junk: &[u8]) -> Self {
        let bytes = [junk, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"].concat();
        Self { bytes, entries: Vec::new(), base: junk.len() }
    }

    /// A further revision of a file.
    pub(crate) fn update(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), entries: Vec::new(), base: 0 }
    }

    pub(crate) fn offset(&self) -> usize {
        self.bytes.len() - self.base
    }

    pub(crate) fn object(&mut self, number: u32, text: &str) -> &mut Self {
        self.object_bytes(number, 0, text.as_bytes())
    }

    pub(crate) fn object_bytes(&mut self, number: u32, generation: u16, text: &[u8]) -> &mut Self {
        let place = Place::At(self.offset());
        self.entries.push(Entry { number, generation, place });
        self.bytes.extend(format!("{number} {generation} obj\n").bytes());
        self.bytes.extend(text);
        self.bytes.extend(b"\nendobj\n");
        self
    }

    pub(crate) fn stream(&mut self, number: u32, dictionary: &str, data: &[u8]) -> &mut Self {
        let mut text = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
        text.extend(data);
        text.extend(b"\nendstream");
        self.object_bytes(number, 0, &text)
    }

    /// An object stream with these objects, whose entries it adds.
    pub(crate) fn object_stream(&mut self, number: u32, objects: &[(u32, &str)]) -> &mut Self {
        let (mut head, mut body) = (String::new(), String::new());
        for (index, (inner, text)) in objects.iter().enumerate() {
            write!(head, "{inner} {} ", body.len()).expect("a string");
            body += text;
            body += "\n";
            self.entries.push(Entry {
                number: *inner,
                generation: 0,
                place: Place::Within(number, index as u32),
            });
        }
        let data = miniz_oxide::deflate::compress_to_vec_zlib((head.clone() + &body).as_bytes(), 6);
        let dictionary = format!(
            "/Type /ObjStm /N {} /First {} /Filter /FlateDecode",
            objects.len(),
            head.len()
        );
        self.stream(number, &dictionary, &data)
    }

    fn size(&self) -> u32 {
        self.entries.iter().map(|entry| entry.number + 1).max().unwrap_or(1)
    }

    fn sorted(&self) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        entries.sort_by_key(|entry| entry.number);
        entries
    }

    /// Ends the revision with a table; objects in object streams are left out of it as free.
    pub(crate) fn table(&mut self, trailer: &str) -> Vec<u8> {
        let at = self.offset();
        let mut text = String::from("xref\n");
        if !trailer.contains("/Prev") {
            text += "0 1\n0000000000 65535 f \n";
        }
        for entry in self.sorted() {
            let (offset, kind) = match entry.place {
                Place::At(offset) => (offset, 'n'),
                _ => (0, 'f'),
            };
            let generation = entry.generation;
            write!(text, "{} 1\n{offset:010} {generation:05} {kind} \n", entry.number)
                .expect("a string");
        }
        // A further revision says the size itself: that of the whole document.
        let size = match trailer.contains("/Size") {
            true => String::new(),
            false => format!("/Size {}", self.size()),
        };
        write!(text, "trailer\n<< {size} {trailer} >>\nstartxref\n{at}\n%%EOF\n")
            .expect("a string");
        self.bytes.extend(text.bytes());
        std::mem::take(&mut self.bytes)
    }

    /// Writes a cross-reference stream of this number with all entries and returns its offset.
    pub(crate) fn xref_stream(&mut self, number: u32, dictionary: &str) -> usize {
        let at = self.offset();
        self.entries.push(Entry { number, generation: 0, place: Place::At(at) });
        let (mut index, mut data) = (String::new(), Vec::new());
        if !dictionary.contains("/Prev") {
            index += "0 1 ";
            data.extend([0, 0, 0, 0, 0, 0xff, 0xff]);
        }
        for entry in self.sorted() {
            write!(index, "{} 1 ", entry.number).expect("a string");
            let (kind, second, third) = match entry.place {
                Place::Free => (0, 0, 0xffff),
                Place::At(offset) => (1, offset as u32, entry.generation),
                Place::Within(stream, index) => (2, stream, index as u16),
            };
            data.push(kind);
            data.extend(second.to_be_bytes());
            data.extend(third.to_be_bytes());
        }
        // The PNG "up" predictor, as most writers use it.
        let mut rows = Vec::new();
        let mut above = [0u8; 7];
        for row in data.chunks(7) {
            rows.push(2);
            rows.extend(row.iter().zip(above).map(|(now, up)| now.wrapping_sub(up)));
            above.copy_from_slice(row);
        }
        let data = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6);
        let size = self.size();
        let dictionary = format!(
            "/Type /XRef /Size {size} /W [1 4 2] /Index [{index}] {dictionary} /Filter /FlateDecode \
             /DecodeParms << /Predictor 12 /Columns 7 >>"
        );
        self.stream(number, &dictionary, &data);
        self.entries.pop();
        at
    }

    /// Ends the revision with a cross-reference stream.
    pub(crate) fn finish_stream(&mut self, number: u32, dictionary: &str) -> Vec<u8> {
        let at = self.xref_stream(number, dictionary);
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").bytes());
        std::mem::take(&mut self.bytes)
    }
}

const CONTENT: &[u8] = b"BT /F1 24 Tf 72 720 Td (kyso) Tj ET";
const PAGES: &str = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
const FONT: &str = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >> >> >>";
const ID: &str = "/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]";

pub(crate) fn page(more: &str) -> String {
    format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources {FONT} {more} >>"
    )
}

/// One page with what the catalog, the page and further objects hold, ended by a table.
pub(crate) fn classic_with(catalog: &str, page_more: &str, more: &[(u32, &str)]) -> Vec<u8> {
    let mut builder = Builder::new();
    fill(&mut builder, catalog, page_more);
    for (number, text) in more {
        builder.object(*number, text);
    }
    builder.table(&format!("/Root 1 0 R {ID}"))
}

fn fill(builder: &mut Builder, catalog: &str, page_more: &str) {
    builder
        .object(1, &format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"))
        .object(2, PAGES)
        .object(3, &page(page_more))
        .stream(4, "", CONTENT);
}

pub(crate) fn classic() -> Vec<u8> {
    classic_with("", "", &[])
}

/// Catalog, page tree and page in an object stream; a cross-reference stream.
pub(crate) fn streams() -> Vec<u8> {
    let mut builder = Builder::new();
    builder.stream(4, "", CONTENT);
    builder
        .object_stream(5, &[(1, "<< /Type /Catalog /Pages 2 0 R >>"), (2, PAGES), (3, &page(""))]);
    builder.finish_stream(6, &format!("/Root 1 0 R {ID}"))
}

/// A table for old readers and a stream with the form, which they do not see.
pub(crate) fn hybrid() -> Vec<u8> {
    let mut builder = Builder::new();
    fill(&mut builder, "/AcroForm 5 0 R", "");
    let plain = builder.entries.clone();
    builder.entries.clear();
    builder.object_stream(6, &[(5, "<< /Fields [ ] /DA (/Helv 0 Tf 0 g) >>")]);
    let stream = builder.xref_stream(7, "/Prev 0");
    let hidden = builder.entries.clone();
    builder.entries = plain;
    builder.entries.extend(hidden.iter().map(|entry| Entry { place: Place::Free, ..*entry }));
    builder.entries.push(Entry { number: 7, generation: 0, place: Place::Free });
    builder.table(&format!("/Root 1 0 R /XRefStm {stream} {ID}"))
}

/// Bytes before the header; offsets count from the header.
pub(crate) fn junk_before() -> Vec<u8> {
    let mut builder = Builder::after(b"HTTP/1.1 200 OK\r\n\r\n");
    fill(&mut builder, "", "");
    builder.table(&format!("/Root 1 0 R {ID}"))
}

/// A second revision that replaces the page.
pub(crate) fn incremental() -> Vec<u8> {
    let first = classic();
    let previous = last_startxref(&first);
    let mut builder = Builder::update(&first);
    builder.object(3, &page("/Rotate 90"));
    builder.table(&format!("/Size 5 /Prev {previous} /Root 1 0 R {ID}"))
}

/// Nested fields: `person.signature` is an empty signature field that inherits its type.
pub(crate) fn nested_form() -> Vec<u8> {
    classic_with(
        "/AcroForm 5 0 R",
        "/Annots [8 0 R]",
        &[
            (5, "<< /Fields 6 0 R /SigFlags 1 >>"),
            (6, "[ 7 0 R ]"),
            (7, "<< /T (person) /FT /Sig /Kids [8 0 R] >>"),
            (
                8,
                "<< /T (signature) /Parent 7 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /F 4 /P 3 0 R >>",
            ),
        ],
    )
}

pub(crate) fn variants() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("classic", classic()),
        ("streams", streams()),
        ("hybrid", hybrid()),
        ("junk before the header", junk_before()),
        ("incremental", incremental()),
        ("nested form", nested_form()),
    ]
}

pub(crate) fn last_startxref(bytes: &[u8]) -> usize {
    let at = bytes.windows(9).rposition(|window| window == b"startxref").expect("a startxref");
    let text: Vec<u8> = bytes[at + 10..].iter().copied().take_while(u8::is_ascii_digit).collect();
    String::from_utf8(text).expect("digits").parse().expect("a number")
}

pub(crate) type Memory<'a> = Document<Cursor<&'a [u8]>>;

pub(crate) fn open(bytes: &[u8]) -> Memory<'_> {
    Document::open(Cursor::new(bytes), Limits::standard()).expect("a document")
}

/// A stand-in for a CMS message: a SEQUENCE with the digest.
pub(crate) fn stand_in(digest: &Digest) -> Vec<u8> {
    let value = digest.as_bytes();
    let len = value.len() as u8;
    [&[0x30, len + 2, 4, len], value].concat()
}

pub(crate) fn options(field: SigningField<'_>) -> SigningOptions<'_> {
    SigningOptions {
        field,
        sub_filter: SubFilter::EtsiCadesDetached,
        signing_time: Date::from_unix(1_772_326_923, 7 * 60),
        name: Some("Hà Văn Tý"),
        reason: Some("Ban hành"),
        location: Some("Dak Ha (Quang Ngai)"),
        contact_info: None,
        appearance: &[],
        certify: None,
        lock: None,
        seed_facts: None,
        contents_size: 64,
    }
}

pub(crate) fn new_field<'a>() -> SigningField<'a> {
    SigningField::New { name: None, page: 0, rect: None }
}

/// The signed file; the message is made from the digest.
pub(crate) fn sign_with(
    bytes: &[u8],
    options: &SigningOptions<'_>,
    message: impl FnOnce(&Digest, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut document = open(bytes);
    let prepared = document.prepare_signature(options).expect("a prepared signature");
    let mut out = Vec::new();
    let algorithm = DigestAlgorithm::Sha256;
    let len = prepared.original_len();
    let hasher = copy_and_hash(document.reader_mut(), len, &mut out, algorithm).expect("a copy");
    let digest = prepared.digest(hasher);
    let range = prepared.byte_range();
    let empty = prepared.clone().embed(&[]).expect("room for nothing");
    let mut covered = [out.as_slice(), &empty].concat();
    covered.drain(range.contents().start as usize..range.contents().end as usize);
    let message = message(&digest, &covered);
    out.extend(prepared.embed(&message).expect("room"));
    out
}

pub(crate) fn sign(bytes: &[u8], options: &SigningOptions<'_>) -> Vec<u8> {
    sign_with(bytes, options, |digest, _| stand_in(digest))
}

/// Checks every signature as a verifier would; the stand-in holds the digest it must have.
pub(crate) fn verify(bytes: &[u8]) -> Result<Vec<ByteRange>, String> {
    let mut document = Document::open(Cursor::new(bytes), Limits::standard())
        .map_err(|error| error.to_string())?;
    let signatures = document.signatures().map_err(|error| error.to_string())?;
    let mut requests = Vec::new();
    for signature in &signatures {
        let coverage = signature.coverage.map_err(|failure| failure.to_string())?;
        requests.push((coverage.byte_range, DigestAlgorithm::Sha256));
    }
    let digests =
        digest_byte_ranges(document.reader_mut(), &requests).map_err(|e| e.to_string())?;
    for (signature, digest) in signatures.iter().zip(digests) {
        if signature.message() != Some(&stand_in(&digest)) {
            return Err(format!("{}: another digest", signature.field_name));
        }
    }
    Ok(requests.into_iter().map(|(range, _)| range).collect())
}

/// Runs a peer program and gives its status and all it printed.
pub(crate) fn peer(program: &str, package: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
        panic!("{program}: {error}; install {package} (cargo xtask setup)")
    });
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

/// Demands that qpdf finds neither error nor warning.
pub(crate) fn qpdf_accepts(name: &str, bytes: &[u8]) {
    let file = tempfile::Builder::new().suffix(".pdf").tempfile().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("a written file");
    let path = file.path().to_str().expect("a path");
    let (ok, printed) = peer("qpdf", "qpdf", &["--check", path]);
    assert!(ok && !printed.contains("WARNING"), "{name}: {printed}");
}
