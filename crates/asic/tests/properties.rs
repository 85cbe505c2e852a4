//! What must hold for every container: it reads back as it was made, a changed byte never changes content unseen, adding a
//! signature keeps every other entry, and no bytes make the reader panic.

mod support;

use std::io::{Cursor, Read};

use kyso_asic::zip::{Archive, Compression, DosTime, Measured, ZipWriter};
use kyso_asic::{Container, Creation, EntryName, Form, Kind, Limits, NewContainer, Target};
use kyso_x509::digest::DigestAlgorithm;
use proptest::collection::vec;
use proptest::prelude::*;

/// Names as people give them, distinct by construction.
fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let content = prop_oneof![
        vec(any::<u8>(), 0..300),
        (any::<u8>(), 0_usize..200_000).prop_map(|(byte, length)| vec![byte; length]),
    ];
    vec((prop_oneof!["[a-zđơưáếỗ]{1,12}", "[a-z ]{1,5}x/[ăâêôơư]{1,5}"], content), 1..6).prop_map(
        |files| {
            let numbered = files.into_iter().enumerate();
            numbered
                .map(|(at, (name, content))| (format!("{at} {}.bin", name.trim()), content))
                .collect()
        },
    )
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::Stored), Just(Compression::Deflated)]
}

fn name(text: &str) -> EntryName {
    EntryName::new(text, &Limits::documents()).expect("a lawful name")
}

fn archive(files: &[(String, Vec<u8>)], compression: Compression) -> Vec<u8> {
    let mut writer = ZipWriter::new(Vec::new(), DosTime::FIRST);
    for (file, content) in files {
        let measured = Measured::of(content);
        writer.copy(&name(file), measured, compression, &mut &content[..]).expect("written");
    }
    writer.finish(b"").expect("finished").0
}

fn create(
    files: &[(String, Vec<u8>)],
    form: Form,
    compression: Compression,
    signature: &[u8],
) -> Vec<u8> {
    let creation = Creation {
        extended: true,
        form,
        digest: DigestAlgorithm::Sha256,
        compression,
        modified: DosTime::FIRST,
    };
    let mut container = NewContainer::new(creation, &Limits::documents());
    for (file, content) in files {
        container.add(file, "application/octet-stream", &mut &content[..]).expect("added");
    }
    let prepared = container.prepare().expect("prepared");
    let mut open = |wanted: &EntryName| -> std::io::Result<Box<dyn Read>> {
        let found = files.iter().find(|(file, _)| file == wanted.as_str()).expect("a file");
        Ok(Box::new(Cursor::new(found.1.clone())))
    };
    prepared.finish(signature, &mut open, Vec::new()).expect("finished").0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(files in files(), compression in compression()) {
        let first = archive(&files, compression);
        prop_assert_eq!(&first, &archive(&files, compression), "the same input, other bytes");
        prop_assert_eq!(support::contents(&first).expect("ours is lawful"), files);
    }

    #[test]
    fn a_container_covers_its_files(files in files(), compression in compression()) {
        let bytes = create(&files, Form::Cades, compression, b"0");
        let mut container = support::open(&bytes).expect("opened");
        prop_assert_eq!(container.kind(), Kind::AsicE);
        prop_assert_eq!(container.findings(), &[][..]);
        let signatures = container.signatures().expect("manifests are read");
        prop_assert_eq!(signatures.len(), 1);
        let kyso_asic::Covers::Manifest { file, manifest } = &signatures[0].covers else {
            panic!("{signatures:?}")
        };
        let coverage = container.coverage(file, manifest).expect("digests");
        prop_assert!(coverage.intact());
        prop_assert_eq!(coverage.references.len(), files.len());
        prop_assert!(coverage.uncovered_data_objects.is_empty());
    }

    #[test]
    fn adding_a_signature_keeps_every_other_entry(files in files(), compression in compression()) {
        let before = create(&files, Form::Cades, compression, b"first");
        let mut container = support::open(&before).expect("opened");
        let extension =
            container.prepare_signature(Form::Cades, DigestAlgorithm::Sha512).expect("prepared");
        prop_assert!(matches!(extension.target(), Target::Manifest(_)));
        let (after, _) = extension
            .finish(&mut container, b"second", DosTime::FIRST, Vec::new())
            .expect("written");
        // Everything up to the old directory stands where it stood.
        let directory = before.len() - 22 - directory_bytes(&before);
        prop_assert_eq!(&before[..directory], &after[..directory]);
        let mut again = support::open(&after).expect("opened");
        prop_assert_eq!(again.signatures().expect("read").len(), 2);
    }

    /// Flipping any byte of a small archive gives an error or the same content under the same names.
    #[test]
    fn a_flipped_bit_is_an_error_or_changes_nothing(
        files in files().prop_map(|mut files| { files.iter_mut().for_each(|(_, c)| c.truncate(40)); files }),
        compression in compression(),
        bit in 0_u8..8,
    ) {
        let lawful = archive(&files, compression);
        for place in 0..lawful.len() {
            let mut changed = lawful.clone();
            changed[place] ^= 1 << bit;
            if let Ok(contents) = support::contents(&changed) {
                prop_assert_eq!(&contents, &files, "bit {} of byte {}", bit, place);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        files in files(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = create(&files, Form::TimeStamp, Compression::Deflated, b"token");
        for (place, value) in edits {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = exercise(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = exercise(&bytes);
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(exercise(&bytes).is_err());
    }
}

fn exercise(bytes: &[u8]) -> Result<(), kyso_asic::AsicError> {
    let mut container: Container<_> = support::open(bytes)?;
    for signature in container.signatures()? {
        if let kyso_asic::Covers::Manifest { file, manifest } = signature.covers {
            container.coverage(&file, &manifest)?;
        }
    }
    container.open_document()?;
    container.office()?;
    Ok(())
}

fn directory_bytes(archive: &[u8]) -> usize {
    let field = archive.len() - 22 + 12;
    u32::from_le_bytes(archive[field..field + 4].try_into().expect("four bytes")) as usize
}

/// A reader that gives a byte at a time sees the same.
#[test]
fn short_reads_change_nothing() {
    struct Trickle(Cursor<Vec<u8>>);
    impl Read for Trickle {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let room = out.len().min(1);
            self.0.read(&mut out[..room])
        }
    }
    impl std::io::Seek for Trickle {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }
    let content: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
    let files = [("một.bin".to_owned(), content)];
    for compression in [Compression::Stored, Compression::Deflated] {
        let source = Trickle(Cursor::new(archive(&files, compression)));
        let mut archive = Archive::open(source, &Limits::documents()).expect("opened");
        let mut bytes = Vec::new();
        let mut reader = archive.reader(&name("một.bin")).expect("found").expect("there");
        reader.read_to_end(&mut bytes).expect("read");
        assert!(bytes == files[0].1);
    }
}
