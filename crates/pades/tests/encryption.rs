//! Encrypted documents are read as qpdf decrypts them, and signed so that qpdf reads the revision.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::io::Cursor;

use build::encrypted::*;
use build::*;
use kyso_pades::{
    Access, CryptMethod, DocMdpPermission, Document, Error, FieldLock, Limits, LockedFields,
    NewObject, Piece, Rectangle, Reference, SecurityData, SigningField, SigningOptions,
    copy_and_hash, digest_byte_ranges,
};
use kyso_x509::DigestAlgorithm;

/// Every way to encrypt in every form of file.
fn every_file() -> Vec<(String, Vec<u8>)> {
    let plain = rich();
    let mut files = Vec::new();
    for way in WAYS {
        for (form, arguments) in FORMS {
            let bytes = encrypt_as(&plain, USER, OWNER, &way, arguments);
            files.push((format!("{}, {form}", way.name), bytes));
        }
    }
    files
}

#[test]
fn what_is_decrypted_is_what_qpdf_decrypts() {
    for (name, bytes) in every_file() {
        let decrypted = qpdf(&bytes, &["--decrypt", "--qdf", &format!("--password={USER}")]);
        for (password, access) in [(USER, Access::User), (OWNER, Access::Owner)] {
            let mut document =
                open_with(&bytes, password).unwrap_or_else(|error| panic!("{name}: {error}"));
            let info = document.encryption().expect("encryption");
            assert_eq!(info.access, access, "{name}");
            assert!(info.permissions.are_authentic(), "{name}");
            assert_eq!(info.encrypts_metadata, !name.contains("clear metadata"), "{name}");
            assert_eq!(document.page_count().expect("pages"), 1, "{name}");
            let compared = compare(&name, &mut document, &mut open(&decrypted));
            assert!(compared.strings >= 14 && compared.streams >= 3, "{name}: {compared:?}");
            assert_eq!(document.repairs(), [], "{name}");
        }
        let outcome = Document::open(Cursor::new(&bytes), Limits::standard()).map(|_| ());
        assert!(matches!(outcome, Err(Error::PasswordNeeded)), "{name}: {outcome:?}");
        for wrong in ["", "sai", "nguoi dun", "nguoi dung ", "\u{0}"] {
            let outcome = open_with(&bytes, wrong).map(|_| ());
            assert!(matches!(outcome, Err(Error::WrongPassword)), "{name}: {outcome:?}");
        }
    }
}

#[test]
fn the_empty_user_password_is_tried() {
    for way in WAYS {
        let bytes = encrypt_as(&rich(), "", OWNER, &way, &[]);
        let mut document = open(&bytes);
        assert_eq!(document.encryption().expect("encryption").access, Access::User, "{}", way.name);
        let decrypted = qpdf(&bytes, &["--decrypt", "--qdf"]);
        compare(way.name, &mut document, &mut open(&decrypted));
        let owner = open_with(&bytes, OWNER).expect("the owner's");
        assert_eq!(owner.encryption().expect("encryption").access, Access::Owner, "{}", way.name);
    }
}

#[test]
fn cross_reference_streams_are_never_encrypted() {
    let identifier = (0..16u8).map(|at| at * 0x11).collect::<Vec<_>>();
    for way in WAYS {
        let bytes = encrypt_as(&rich(), USER, OWNER, &way, FORMS[1].1);
        let mut document = open_with(&bytes, USER).expect("opens");
        let found = (1..60).find_map(|number| {
            let object =
                document.object(Reference { number, generation: 0 }).expect("an object")?;
            let dictionary = object.value.as_dictionary()?;
            let typed = dictionary.value("Type")?.as_name()?.is("XRef");
            typed.then(|| dictionary.value("ID").cloned()).flatten()
        });
        let found = found.expect("a cross-reference stream");
        let first = found.as_array().and_then(|array| array.items.first()?.as_string());
        assert_eq!(first, Some(&identifier[..]), "{}", way.name);
    }
}

#[test]
fn methods_are_told() {
    let info = |at: usize| {
        let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[at], &[]);
        open_with(&bytes, USER).expect("opens").encryption().expect("encryption")
    };
    let told = [0, 1, 2, 3, 6, 8].map(|at| {
        let info = info(at);
        (info.version, info.revision, info.key_bits, info.strings, info.streams)
    });
    assert_eq!(
        told,
        [
            (1, 2, 40, CryptMethod::V2, CryptMethod::V2),
            (2, 3, 128, CryptMethod::V2, CryptMethod::V2),
            (4, 4, 128, CryptMethod::V2, CryptMethod::V2),
            (4, 4, 128, CryptMethod::AesV2, CryptMethod::AesV2),
            (5, 6, 256, CryptMethod::AesV3, CryptMethod::AesV3),
            (5, 5, 256, CryptMethod::AesV3, CryptMethod::AesV3),
        ]
    );
}

const SEED: [u8; 32] = [7; 32];

/// Signs with a stand-in message.
fn sign_encrypted(
    bytes: &[u8],
    password: &str,
    options: &SigningOptions<'_>,
) -> Result<Vec<u8>, Error> {
    let mut document = open_with(bytes, password)?;
    document.set_vector_seed(SEED);
    let prepared = document.prepare_signature(options)?;
    let (mut out, len) = (Vec::new(), prepared.original_len());
    let algorithm = DigestAlgorithm::Sha256;
    let hasher = copy_and_hash(document.reader_mut(), len, &mut out, algorithm).expect("a copy");
    let message = stand_in(&prepared.digest(hasher));
    out.extend(prepared.embed(&message).expect("room"));
    Ok(out)
}

/// A form XObject with strings in pieces and outside of them, and an object it refers to.
fn appearance() -> Vec<NewObject> {
    let form = vec![
        Piece::Raw(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /PieceInfo << /Title (tho) /Text "
                .to_vec(),
        ),
        Piece::String("Ký số".as_bytes().to_vec()),
        Piece::Raw(b" /Other ".to_vec()),
        Piece::Reference(1),
        Piece::Raw(b" >> >>".to_vec()),
    ];
    let stream = Some(b"q 1 0 0 rg 0 0 9 9 re f Q".to_vec());
    let other =
        vec![Piece::Raw(b"[".to_vec()), Piece::String(vec![0, 1, b'(']), Piece::Raw(b"]".to_vec())];
    vec![NewObject { pieces: form, stream }, NewObject { pieces: other, stream: None }]
}

fn check_signed(name: &str, original: &[u8], signed: &[u8], password: &str, signatures: usize) {
    assert!(signed.starts_with(original), "{name}");
    // What qpdf finds to warn of in the file as it was is not ours: its linearization ends with any revision.
    let file = tempfile::Builder::new().suffix(".pdf").tempfile().expect("a temporary file");
    std::fs::write(file.path(), signed).expect("a file");
    let path = file.path().to_str().expect("a path");
    let (ok, printed) = peer("qpdf", "qpdf", &["--check", &format!("--password={password}"), path]);
    assert!(ok && !printed.contains("WARNING"), "{name}: {printed}");
    let mut document = open_with(signed, password).expect("opens");
    let found = document.signatures().expect("signatures");
    assert_eq!(found.len(), signatures, "{name}");
    let requests: Vec<_> = found
        .iter()
        .map(|one| (one.coverage.expect("coverage").byte_range, DigestAlgorithm::Sha256))
        .collect();
    let digests = digest_byte_ranges(document.reader_mut(), &requests).expect("digests");
    for (signature, digest) in found.iter().zip(digests) {
        assert_eq!(signature.message(), Some(&stand_in(&digest)[..]), "{name}");
        assert_eq!(signature.name.as_deref(), Some("Hà Văn Tý"), "{name}");
        assert_eq!(signature.reason.as_deref(), Some("Ban hành"), "{name}");
        assert_eq!(signature.modified.as_deref(), Some(&b"D:20260301080203+07'00'"[..]), "{name}");
    }
    let decrypted = qpdf(signed, &["--decrypt", "--qdf", &format!("--password={password}")]);
    let compared = compare(name, &mut document, &mut open(&decrypted));
    assert!(compared.strings >= 14 + 8 && compared.streams >= 4, "{name}: {compared:?}");
}

#[test]
fn revisions_are_encrypted_as_qpdf_reads_them() {
    let appearance = appearance();
    let rect = Some(Rectangle { left: 10.0, bottom: 10.0, right: 90.0, top: 40.0 });
    let lock =
        FieldLock { fields: LockedFields::Include(vec!["khóa".to_owned()]), permission: None };
    for (name, bytes) in every_file() {
        let field = SigningField::New { name: Some("Lãnh đạo"), page: 0, rect };
        let new = SigningOptions {
            appearance: &appearance,
            certify: Some(DocMdpPermission::FormFilling),
            lock: Some(&lock),
            ..options(field)
        };
        let once = sign_encrypted(&bytes, OWNER, &new).unwrap_or_else(|e| panic!("{name}: {e}"));
        check_signed(&name, &bytes, &once, OWNER, 1);
        let again = sign_encrypted(&bytes, OWNER, &new).expect("signs");
        assert_eq!(once, again, "{name}: the same input gives the same file");
        let existing = options(SigningField::Existing("o ky"));
        let twice =
            sign_encrypted(&once, USER, &existing).unwrap_or_else(|e| panic!("{name}: {e}"));
        check_signed(&name, &once, &twice, USER, 2);
        let appended = &twice[bytes.len()..];
        for secret in ["Dak Ha", "(tho)", "S\u{1ed1}", "1 0 0 rg", "D:2026"] {
            let found = appended.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name}: {secret:?} is not encrypted");
        }
    }
}

#[test]
fn what_the_users_password_does_not_permit_is_refused() {
    let cases: [(&[&str], bool, bool); 6] = [
        (&["256"], true, true),
        (&["256", "--modify=none"], false, false),
        (&["256", "--modify=assembly"], false, false),
        (&["256", "--modify=form"], true, false),
        (&["256", "--modify=annotate"], true, false),
        (&["40", "--modify=n", "--annotate=n"], false, false),
    ];
    for (arguments, existing, new) in cases {
        let way = Way { name: "restricted", arguments };
        let bytes = encrypt_as(&rich(), USER, OWNER, &way, &[]);
        let outcome = |password, field| sign_encrypted(&bytes, password, &options(field));
        let fields = [(SigningField::Existing("o ky"), existing), (new_field(), new)];
        for (field, permitted) in fields {
            let refused = matches!(outcome(USER, field), Err(Error::SigningNotPermitted { .. }));
            assert_eq!(refused, !permitted, "{arguments:?} {field:?}");
            outcome(OWNER, field).expect("the owner may");
        }
    }
}

#[test]
fn aes_is_not_written_without_random_bytes() {
    let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[6], &[]);
    let outcome = open_with(&bytes, USER).expect("opens").prepare_signature(&options(new_field()));
    assert!(matches!(outcome, Err(Error::NoVectorSeed)));
}

#[test]
fn passwords_beyond_ascii_open_as_their_writers_meant_them() {
    // Precomposed and decomposed letters are one password from revision 6 on (SASLprep).
    let bytes = encrypt_as(&rich(), "mật khẩu số 1", "chủ sở hữu", &WAYS[6], &[]);
    for password in ["mật khẩu số 1", "ma\u{323}\u{302}t kha\u{302}\u{309}u so\u{302}\u{301} 1"]
    {
        let document = open_with(&bytes, password).expect("the user's");
        assert_eq!(document.encryption().expect("encryption").access, Access::User);
    }
    let owner = open_with(&bytes, "chủ sở hữu").expect("the owner's");
    assert_eq!(owner.encryption().expect("encryption").access, Access::Owner);
    assert!(matches!(open_with(&bytes, "mat khau so 1").map(|_| ()), Err(Error::WrongPassword)));
    // Before, PDFDocEncoding where it has the letters, else the bytes as given.
    for way in [0, 1, 3] {
        for password in ["café €", "mật khẩu", &"dài ".repeat(12)] {
            let bytes = encrypt_as(&rich(), password, OWNER, &WAYS[way], &[]);
            open_with(&bytes, password).unwrap_or_else(|e| panic!("{password}: {e}"));
        }
    }
    let long = "x".repeat(200);
    let bytes = encrypt_as(&rich(), &long[..127], OWNER, &WAYS[6], &[]);
    open_with(&bytes, &long).expect("127 bytes count");
}

#[test]
fn streams_with_a_crypt_filter_of_their_own_follow_it() {
    let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[3], &["--object-streams=disable"]);
    let cases = [
        ("/Filter /Crypt", true),
        (
            "/Filter [/Crypt] /DecodeParms [<< /Type /CryptFilterDecodeParms /Name /Identity >>]",
            true,
        ),
        ("/Filter /Crypt /DecodeParms << /Type /CryptFilterDecodeParms /Name /StdCF >>", false),
        ("", false),
    ];
    let plain = b"nguyen van";
    for (entries, as_it_stands) in cases {
        let appearance = [NewObject {
            pieces: vec![Piece::Raw(
                format!("<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] {entries} >>")
                    .into_bytes(),
            )],
            stream: Some(plain.to_vec()),
        }];
        let rect = Some(Rectangle { left: 10.0, bottom: 10.0, right: 90.0, top: 40.0 });
        let field = SigningField::New { name: None, page: 0, rect };
        let signing = SigningOptions { appearance: &appearance, ..options(field) };
        let signed = sign_encrypted(&bytes, USER, &signing).expect("signs");
        let stands = signed.windows(plain.len()).any(|window| window == plain);
        assert_eq!(stands, as_it_stands, "{entries}");
        // qpdf knows no default name, which is Identity (table 14).
        check_readable(&signed, plain, entries != "/Filter /Crypt");
    }
}

/// Some stream of the document holds these bytes once it is decrypted, for us and for qpdf.
fn check_readable(bytes: &[u8], wanted: &[u8], by_qpdf: bool) {
    if by_qpdf {
        let decrypted = qpdf(bytes, &["--decrypt", "--qdf", &format!("--password={USER}")]);
        assert!(decrypted.windows(wanted.len()).any(|window| window == wanted), "qpdf");
    }
    let mut document = open_with(bytes, USER).expect("opens");
    let found = (0..60).any(|number| {
        let id = Reference { number, generation: 0 };
        let object = document.object(id).expect("an object");
        object.is_some_and(|object| document.stream_data(&object).is_ok_and(|data| data == wanted))
    });
    assert!(found, "kyso");
}

#[test]
fn the_security_store_of_an_encrypted_document_is_encrypted() {
    for (name, bytes) in every_file() {
        let mut document = open_with(&bytes, USER).expect("opens");
        document.set_vector_seed(SEED);
        let certificate = b"stand-in for a certificate, which no reader here decodes".to_vec();
        let data = SecurityData {
            certificates: vec![certificate.clone()],
            signatures: vec![vec![1, 2, 3]],
            ..SecurityData::default()
        };
        let revision = document.add_security_data(&data).expect("a revision").expect("something");
        let extended = [bytes.as_slice(), &revision].concat();
        let store = open_with(&extended, OWNER).expect("opens").security_store().expect("a store");
        assert_eq!(store.certificates.len(), 1, "{name}");
        assert_eq!(store.certificates[0].value, certificate, "{name}");
        // Its place is that of all that stands in the file, which AES makes longer.
        let std::ops::Range { start, end } = store.certificates[0].data.clone();
        assert!(extended[..start as usize].ends_with(b"stream\n"), "{name}");
        assert!(extended[end as usize..].starts_with(b"\nendstream"), "{name}");
        let in_clear = revision.windows(8).any(|window| window == b"stand-in");
        assert!(!in_clear, "{name}");
        qpdf(&extended, &["--decrypt", "--qdf", &format!("--password={USER}")]);
    }
}

#[test]
fn an_integrity_code_of_an_older_revision_is_not_repeated() {
    let bytes = encrypt_as(&rich(), USER, OWNER, &WAYS[6], &["--object-streams=disable"]);
    let at = bytes.windows(9).rposition(|window| window == b"/Encrypt ").expect("an entry");
    let mut coded = bytes.clone();
    // The trailer stands behind everything that offsets lead to.
    coded.splice(at..at, *b"/AuthCode << /MACLocation /Standalone /MAC <00> >> ");
    let signed =
        sign_encrypted(&coded, USER, &options(new_field())).expect("tolerated: bit 13 is set");
    let appended = &signed[coded.len()..];
    assert!(appended.windows(8).any(|window| window == b"/Encrypt"));
    assert!(!appended.windows(9).any(|window| window == b"/AuthCode"));
}
