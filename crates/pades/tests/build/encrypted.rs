//! Encrypts documents with qpdf in every way it knows, and compares what two documents hold.

use std::collections::HashSet;
use std::io::Cursor;

use kyso_pades::{Dictionary, Document, Error, Limits, Object, Password, Reference};

use super::{Builder, Memory, page, peer};

pub(crate) const USER: &str = "nguoi dung";
pub(crate) const OWNER: &str = "chu so huu";

/// One way to encrypt: its name, and what follows `--encrypt USER OWNER`.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
}

const fn way(name: &'static str, arguments: &'static [&'static str]) -> Way {
    Way { name, arguments }
}

pub(crate) const WAYS: [Way; 9] = [
    way("RC4 40", &["40"]),
    way("RC4 128", &["128", "--use-aes=n"]),
    way("RC4 128 crypt filter", &["128", "--use-aes=n", "--force-V4"]),
    way("AES 128", &["128", "--use-aes=y"]),
    way("AES 128 clear metadata", &["128", "--use-aes=y", "--cleartext-metadata"]),
    way("RC4 128 clear metadata", &["128", "--use-aes=n", "--cleartext-metadata"]),
    way("AES 256", &["256"]),
    way("AES 256 clear metadata", &["256", "--cleartext-metadata"]),
    way("AES 256 R5", &["256", "--force-R5"]),
];

/// Further arguments that change the form of the file.
pub(crate) const FORMS: [(&str, &[&str]); 4] = [
    ("table", &["--object-streams=disable"]),
    ("object streams", &["--object-streams=generate"]),
    ("linearized", &["--linearize", "--object-streams=disable"]),
    ("linearized object streams", &["--linearize", "--object-streams=generate"]),
];

/// A document with strings and streams of every kind that encryption treats apart.
pub(crate) fn rich() -> Vec<u8> {
    let mut builder = Builder::new();
    let xmp = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><title>So 12/QD</title></x:xmpmeta>"#;
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&[b'q'; 3_000], 6);
    builder
        .object(
            1,
            "<< /Type /Catalog /Pages 2 0 R /AcroForm 5 0 R /Metadata 8 0 R /Lang (vi) \
             /Names << /EmbeddedFiles << /Names [(phu luc.txt) 9 0 R] >> >> /PieceInfo 11 0 R >>",
        )
        .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        .object(3, &page("/Annots [6 0 R 7 0 R]"))
        .stream(4, "", b"BT /F1 24 Tf 72 720 Td (kyso) Tj ET")
        .object(5, "<< /Fields [6 0 R] /DA (/Helv 0 Tf 0 g) /DR << >> >>")
        .object(
            6,
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (o ky) /TU (\\376\\377\\000K\\000\\375) \
             /Rect [0 0 0 0] /F 4 /P 3 0 R >>",
        )
        .object(7, "<< /Type /Annot /Subtype /Text /Rect [9 9 9 9] /Contents (ghi chu) /P 3 0 R >>")
        .stream(8, "/Type /Metadata /Subtype /XML", xmp)
        .object(9, "<< /Type /Filespec /F (phu luc.txt) /EF << /F 10 0 R >> >>")
        .stream(10, "/Type /EmbeddedFile /Filter /FlateDecode", &packed)
        .object(11, "<< /Strings [(a) (\\(b\\)) <> <00ff> [(sau) << /Sau (hon) >>]] /Empty () >>");
    builder.table(
        "/Root 1 0 R /ID [<00112233445566778899aabbccddeeff> <ffeeddccbbaa99887766554433221100>]",
    )
}

/// What qpdf makes of a file.
pub(crate) fn qpdf(bytes: &[u8], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (from, to) = (path("from.pdf"), path("to.pdf"));
    std::fs::write(&from, bytes).expect("a file");
    let all = [arguments, &[&from, &to]].concat();
    let (ok, printed) = peer("qpdf", "qpdf", &all);
    assert!(ok, "{arguments:?}: {printed}");
    std::fs::read(&to).expect("a file")
}

pub(crate) fn encrypt_as(
    bytes: &[u8],
    user: &str,
    owner: &str,
    way: &Way,
    form: &[&str],
) -> Vec<u8> {
    let head = ["--allow-weak-crypto", "--encrypt", user, owner];
    qpdf(bytes, &[&head, way.arguments, &["--"], form].concat())
}

pub(crate) fn open_with<'a>(bytes: &'a [u8], password: &str) -> Result<Memory<'a>, Error> {
    Document::open_encrypted(Cursor::new(bytes), Limits::standard(), &Password::new(password))
}

/// What was compared, so that a test can demand that it was not nothing.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Compared {
    pub(crate) strings: usize,
    pub(crate) streams: usize,
}

/// Compares two documents object by object from their catalogs on, whatever the numbers.
pub(crate) fn compare(name: &str, one: &mut Memory<'_>, other: &mut Memory<'_>) -> Compared {
    let (a, b) = (one.catalog().expect("a catalog"), other.catalog().expect("a catalog"));
    let mut walk = Walk { name, seen: HashSet::new(), compared: Compared::default() };
    walk.same(one, &Object::Reference(a.id), other, &Object::Reference(b.id));
    walk.compared
}

struct Walk<'a> {
    name: &'a str,
    seen: HashSet<(Reference, Reference)>,
    compared: Compared,
}

impl Walk<'_> {
    fn same(&mut self, one: &mut Memory<'_>, a: &Object, other: &mut Memory<'_>, b: &Object) {
        let name = self.name;
        let (a_object, b_object) = (indirect(one, a), indirect(other, b));
        if let (Object::Reference(a), Object::Reference(b)) = (a, b)
            && !self.seen.insert((*a, *b))
        {
            return;
        }
        let a = a_object.as_ref().map_or(a, |object| &object.value);
        let b = b_object.as_ref().map_or(b, |object| &object.value);
        match (a, b) {
            (Object::String(x), Object::String(y)) => {
                assert_eq!(x, y, "{name}");
                self.compared.strings += 1;
            }
            (Object::Array(x), Object::Array(y)) => {
                assert_eq!(x.items.len(), y.items.len(), "{name}");
                for (x, y) in x.items.iter().zip(&y.items) {
                    self.same(one, x, other, y);
                }
            }
            (Object::Dictionary(x), Object::Dictionary(y)) => self.entries(one, x, other, y),
            (Object::Stream(x), Object::Stream(y)) => {
                self.entries(one, &x.dictionary, other, &y.dictionary);
                let object = |object: Option<kyso_pades::IndirectObject>| object.expect("a stream");
                let x = one.stream_data(&object(a_object)).expect("data");
                let y = other.stream_data(&object(b_object)).expect("data");
                // qpdf ends content streams with a line end.
                assert_eq!(x.trim_ascii_end(), y.trim_ascii_end(), "{name}");
                self.compared.streams += 1;
            }
            (a, b) => assert_eq!(a, b, "{name}"),
        }
    }

    fn entries(
        &mut self,
        one: &mut Memory<'_>,
        a: &Dictionary,
        other: &mut Memory<'_>,
        b: &Dictionary,
    ) {
        let ignored = ["Length", "Filter", "DecodeParms"];
        let keys = |dictionary: &Dictionary| {
            let keys = dictionary.entries.iter().map(|entry| entry.key.to_string());
            let mut keys: Vec<_> = keys.filter(|key| !ignored.contains(&key.as_str())).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(a), keys(b), "{}", self.name);
        for key in keys(a) {
            let (x, y) = (a.value(&key).expect("a value"), b.value(&key).expect("a value"));
            self.same(one, &x.clone(), other, &y.clone());
        }
    }
}

fn indirect(document: &mut Memory<'_>, value: &Object) -> Option<kyso_pades::IndirectObject> {
    document.resolve_object(value.as_reference()?).expect("an object")
}
