//! Damaged and dishonest encryption ends in named errors; nothing panics.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::io::Cursor;
use std::sync::LazyLock;

use build::encrypted::*;
use build::*;
use kyso_pades::{
    Document, Error, Limits, Name, Object, Password, Reference, Repair, UnsupportedEncryption,
};
use proptest::prelude::*;

/// The number of the encryption dictionary and its text.
fn encryption(bytes: &[u8]) -> (u32, String) {
    let at = bytes.windows(9).rposition(|window| window == b"/Encrypt ").expect("an entry");
    let digits = bytes[at + 9..].iter().copied().take_while(u8::is_ascii_digit).collect();
    let number = String::from_utf8(digits).expect("digits").parse().expect("a number");
    let id = Reference { number, generation: 0 };
    let mut document = open_with(bytes, USER).expect("opens");
    let object = document.object(id).expect("reads").expect("an object");
    // Every byte as a character of its own, and back.
    let span = object.value.as_dictionary().expect("a dictionary").span.clone();
    (number, object.text[span].iter().map(|&byte| char::from(byte)).collect())
}

/// The file with another encryption dictionary, as a further revision.
fn replaced(bytes: &[u8], number: u32, text: &str) -> Vec<u8> {
    let previous = last_startxref(bytes);
    let trailer = bytes.windows(8).rposition(|window| window == b"trailer ").expect("a trailer");
    let rest = &bytes[trailer + 8..];
    let end = rest.windows(9).position(|window| window == b"startxref").expect("an end");
    let entries = String::from_utf8_lossy(&rest[..end]).into_owned();
    let entries = entries.trim().trim_start_matches("<<").trim_end_matches(">>").to_owned();
    let text: Vec<u8> = text.chars().map(|character| character as u8).collect();
    let mut builder = Builder::update(bytes);
    builder.object_bytes(number, 0, &text);
    builder.table(&format!("{entries} /Prev {previous}"))
}

/// The text without an entry.
fn without(text: &str, key: &str) -> String {
    with(text, key, "null")
}

/// The text with an entry set; the last of a key counts.
fn with(text: &str, key: &str, value: &str) -> String {
    let body = text.trim_end_matches(">>");
    format!("{body} /{key} {value} >>")
}

fn name(text: &str) -> Name {
    Name(text.as_bytes().to_vec())
}

#[test]
fn damaged_dictionaries_are_refused_by_name() {
    use UnsupportedEncryption as U;
    let damaged = |key: &'static str| format!("{:?}", Error::DamagedEncryption { key });
    let unsupported = |what: U| format!("{:?}", Error::UnsupportedEncryption(what));
    let wrong = format!("{:?}", Error::WrongPassword);
    // The way, the entry, its value, the error.
    let cases: Vec<(usize, &str, &str, String)> = vec![
        (1, "Filter", "null", damaged("Filter")),
        (1, "Filter", "(Standard)", damaged("Filter")),
        (1, "Filter", "/Adobe.PubSec", unsupported(U::Handler(name("Adobe.PubSec")))),
        (1, "V", "null", unsupported(U::Version(0))),
        (1, "V", "3", unsupported(U::Version(3))),
        (1, "V", "6", unsupported(U::Version(6))),
        (1, "V", "-1", unsupported(U::Version(-1))),
        (1, "V", "/Two", damaged("V")),
        (1, "V", "4", unsupported(U::Revision(3))),
        (1, "R", "null", damaged("R")),
        (1, "R", "7", unsupported(U::Revision(7))),
        (1, "R", "99999999999", unsupported(U::Revision(99_999_999_999))),
        (1, "R", "6", unsupported(U::Revision(6))),
        (1, "Length", "99999999999", unsupported(U::KeyLength(99_999_999_999))),
        (1, "Length", "0", unsupported(U::KeyLength(0))),
        (1, "Length", "-128", unsupported(U::KeyLength(-128))),
        (1, "Length", "129", unsupported(U::KeyLength(129))),
        (1, "Length", "256", unsupported(U::KeyLength(256))),
        (1, "Length", "40", wrong.clone()),
        (1, "Length", "(128)", damaged("Length")),
        (1, "O", "null", damaged("O")),
        (1, "O", "()", damaged("O")),
        (1, "O", "<00>", damaged("O")),
        (1, "U", "null", damaged("U")),
        (1, "U", "(short)", damaged("U")),
        (1, "U", "1", damaged("U")),
        (1, "P", "null", damaged("P")),
        (1, "P", "(x)", damaged("P")),
        (1, "P", "-1", wrong.clone()),
        (0, "Length", "99999999999", "opens".into()),
        (3, "CF", "null", unsupported(U::NoSuchFilter(name("StdCF")))),
        (3, "CF", "[]", damaged("CF")),
        (3, "CF", "<< /StdCF 1 >>", damaged("CF")),
        (3, "CF", "<< /StdCF << >> >>", damaged("CF")),
        (3, "CF", "<< /StdCF << /CFM /None >> >>", unsupported(U::Method(name("None")))),
        (3, "CF", "<< /StdCF << /CFM /AESV3 >> >>", unsupported(U::Method(name("AESV3")))),
        (3, "StmF", "/Other", unsupported(U::NoSuchFilter(name("Other")))),
        (3, "StrF", "(StdCF)", damaged("CF")),
        (3, "EncryptMetadata", "false", wrong.clone()),
        (6, "OE", "null", damaged("OE")),
        (6, "UE", "<00>", damaged("UE")),
        (6, "Perms", "null", damaged("Perms")),
        (6, "O", "<0011>", damaged("O")),
        (6, "U", "<0011>", damaged("U")),
        (6, "R", "4", unsupported(U::Revision(4))),
        (6, "R", "5", wrong.clone()),
        (6, "CF", "<< /StdCF << /CFM /AESV2 >> >>", unsupported(U::Method(name("AESV2")))),
        (6, "Length", "1", "opens".into()),
    ];
    for (at, key, value, expected) in cases {
        let form = ["--object-streams=disable"];
        let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[at], &form);
        let (number, text) = encryption(&bytes);
        let text = if value == "null" { without(&text, key) } else { with(&text, key, value) };
        let changed = replaced(&bytes, number, &text);
        let outcome = match open_with(&changed, USER) {
            Ok(_) => "opens".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(outcome, expected, "{}: /{key} {value}", WAYS[at].name);
    }
}

#[test]
fn dictionaries_that_are_none_are_refused() {
    let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[3], &["--object-streams=disable"]);
    let (number, text) = encryption(&bytes);
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let itself = format!("{number} 0 R");
    let many: String = (0..100).map(|at| format!("/F{at} << /CFM /AESV2 >> ")).collect();
    for other in ["null", "[]", "(x)", "7", "<< >>", itself.as_str(), deep.as_str()] {
        let outcome = open_with(&replaced(&bytes, number, other), USER).map(|_| ());
        let named =
            matches!(outcome, Err(Error::DamagedEncryption { .. } | Error::LimitExceeded { .. }));
        assert!(named, "{other}: {outcome:?}");
    }
    let changed = replaced(&bytes, number, &with(&text, "CF", &format!("<< {many} >>")));
    let outcome = open_with(&changed, USER).map(|_| ());
    let expected = UnsupportedEncryption::TooManyFilters;
    assert!(matches!(outcome, Err(Error::UnsupportedEncryption(found)) if found == expected));
}

#[test]
fn permissions_that_the_key_does_not_confirm_permit_nothing() {
    let bytes = encrypt_as(
        &rich(),
        USER,
        OWNER,
        &Way { name: "forms", arguments: &["256", "--modify=none"] },
        &["--object-streams=disable"],
    );
    let (number, text) = encryption(&bytes);
    let changed = replaced(&bytes, number, &with(&text, "P", "-4"));
    let mut document = open_with(&changed, USER).expect("opens");
    let permissions = document.encryption().expect("encryption").permissions;
    assert!(permissions.bits() == 0xffff_fffc && !permissions.are_authentic());
    document.set_vector_seed([1; 32]);
    let outcome = document.prepare_signature(&options(new_field()));
    assert!(matches!(outcome, Err(Error::SigningNotPermitted { permissions: 0xffff_fffc })));
}

#[test]
fn trailers_that_disagree_are_refused() {
    let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[3], &["--object-streams=disable"]);
    let previous = last_startxref(&bytes);
    let revision = |bytes: &[u8], trailer: &str| {
        let mut builder = Builder::update(bytes);
        builder.object(90, "null");
        builder.table(&format!("/Size 91 /Root 1 0 R /Prev {previous} {trailer}"))
    };
    let outcome = |bytes: &[u8]| open_with(bytes, USER).map(|_| ());
    let dropped = revision(&bytes, "");
    assert!(matches!(outcome(&dropped), Err(Error::EncryptionChanged)));
    assert!(matches!(outcome(&revision(&bytes, "/Encrypt null")), Err(Error::EncryptionChanged)));
    let plain = rich();
    let previous = last_startxref(&plain);
    let mut builder = Builder::update(&plain);
    builder.object(90, "<< /Filter /Standard /V 2 /R 3 >>");
    let added = builder.table(&format!("/Size 91 /Root 1 0 R /Encrypt 90 0 R /Prev {previous}"));
    assert!(matches!(outcome(&added), Err(Error::DamagedEncryption { key: "P" })));
}

#[test]
fn what_is_no_ciphertext_is_named() {
    let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[3], &["--object-streams=disable"]);
    let mut document = open_with(&bytes, USER).expect("opens");
    let page = document.page(0).expect("a page");
    let id = page.value.as_dictionary().and_then(|d| d.value("Contents")?.as_reference());
    let id = id.expect("contents");
    for (text, good) in [("(plain text)", false), ("()", true), ("<00112233>", false)] {
        let changed = replaced(&bytes, id.number, &format!("<< /A {text} >>"));
        let mut document = open_with(&changed, USER).expect("opens");
        let outcome = document.object(id).map(|_| ());
        match good {
            true => outcome.expect("what is empty needs no decryption"),
            false => {
                assert!(matches!(outcome, Err(Error::DamagedCiphertext(found)) if found == id))
            }
        }
    }
}

#[test]
fn encrypted_files_are_repaired_but_not_signed() {
    for way in &WAYS {
        for (form, arguments) in FORMS {
            let mut bytes = encrypt_as(&rich(), USER, OWNER, way, arguments);
            let at = bytes.windows(9).rposition(|window| window == b"startxref").expect("an end");
            bytes[at] = b'x';
            let what = format!("{} {form}", way.name);
            let mut document = open_with(&bytes, USER).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(document.repairs().contains(&Repair::Rebuilt), "{what}");
            assert_eq!(document.page_count().expect("pages"), 1, "{what}");
            let outcome = document.prepare_signature(&options(new_field()));
            assert!(matches!(outcome, Err(Error::NeedsRepair(_))), "{what}");
        }
    }
}

/// Reads whatever there is; the outcome does not matter, the end does.
fn exercise(bytes: &[u8]) {
    let limits = Limits { parsed_bytes: 8 << 20, ..Limits::standard() };
    for password in [USER, OWNER, ""] {
        let password = Password::new(password);
        let Ok(mut document) =
            Document::open_encrypted(Cursor::new(bytes), limits.clone(), &password)
        else {
            continue;
        };
        document.set_vector_seed([3; 32]);
        let _ = document.page_count();
        let _ = document.signatures();
        for number in 0..40 {
            if let Ok(Some(object)) = document.object(Reference { number, generation: 0 })
                && matches!(object.value, Object::Stream(_))
            {
                let _ = document.stream_data(&object);
            }
        }
        let _ = document.prepare_signature(&options(new_field()));
    }
}

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let pairs = [(1, 0), (3, 1), (6, 0), (8, 3)];
    let make =
        |(way, form): (usize, usize)| encrypt_as(&rich(), USER, OWNER, &WAYS[way], FORMS[form].1);
    pairs.into_iter().map(make).collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn altered_files_never_panic(
        file in any::<proptest::sample::Index>(),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        near_encryption in any::<bool>(),
    ) {
        let mut bytes = FILES[file.index(FILES.len())].clone();
        let at = bytes.windows(9).position(|window| window == b"/Standard").unwrap_or(0);
        for (place, byte) in edits {
            let place = match near_encryption {
                true => (at.saturating_sub(300) + place.index(900)).min(bytes.len() - 1),
                false => place.index(bytes.len()),
            };
            bytes[place] = byte;
        }
        exercise(&bytes);
    }
}
