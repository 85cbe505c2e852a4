//! Containers as the standard describes them: kinds, what each signature covers, what is refused when they are made.

mod support;

use std::io::{self, Cursor, Read};

use kyso_asic::zip::{Compression, DosTime, ZipWriter};
use kyso_asic::{
    AssembleError, Covers, Creation, EntryName, ExtractError, Finding, Form, Kind, Limits,
    NewContainer, NewContainerToBeSigned, NothingCovered, PortabilityFault, ReferenceOutcome, Role,
    ShapeFault, Target, XADES_SIGNATURES,
};
use kyso_x509::digest::DigestAlgorithm;

const VIETNAMESE: &str = "Hồ sơ/Phiếu số 1.xml";
const XADES: &[u8] = br#"<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></asic:XAdESSignatures>"#;

fn creation(extended: bool, form: Form) -> Creation {
    Creation {
        extended,
        form,
        digest: DigestAlgorithm::Sha256,
        compression: Compression::Deflated,
        modified: DosTime::FIRST,
    }
}

fn prepared(extended: bool, form: Form, files: &[(&str, &[u8])]) -> NewContainerToBeSigned {
    let mut container = NewContainer::new(creation(extended, form), &Limits::documents());
    for (name, content) in files {
        container.add(name, "text/plain", &mut &content[..]).expect("added");
    }
    container.prepare().expect("prepared")
}

fn opener(files: &[(&str, &[u8])]) -> impl FnMut(&EntryName) -> io::Result<Box<dyn Read>> {
    let files: Vec<(String, Vec<u8>)> =
        files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
    move |wanted| {
        let content = files.iter().find(|(name, _)| name == wanted.as_str()).expect("a file");
        Ok(Box::new(Cursor::new(content.1.clone())))
    }
}

fn create(extended: bool, form: Form, files: &[(&str, &[u8])], signature: &[u8]) -> Vec<u8> {
    let prepared = prepared(extended, form, files);
    prepared.finish(signature, &mut opener(files), Vec::new()).expect("written").0
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Vec::new(), DosTime::FIRST);
    for (name, content) in files {
        let name = EntryName::new(name, &Limits::documents()).expect("a name");
        writer.write(&name, content).expect("written");
    }
    writer.finish(b"").expect("finished").0
}

fn names(bytes: &[u8]) -> Vec<String> {
    let container = support::open(bytes).expect("opened");
    container.entries().iter().map(|entry| entry.name().as_str().to_owned()).collect()
}

#[test]
fn a_simple_container_with_cades_covers_its_data_object() {
    let files = [(VIETNAMESE, "nội dung".as_bytes())];
    let to_sign = prepared(false, Form::Cades, &files);
    let Target::DataObject(object) = to_sign.target() else { panic!("a data object") };
    assert_eq!(object.digest, DigestAlgorithm::Sha256.digest(files[0].1));
    assert_eq!(object.uri(), "H%E1%BB%93%20s%C6%A1/Phi%E1%BA%BFu%20s%E1%BB%91%201.xml");
    let bytes = create(false, Form::Cades, &files, b"0\x03cms");
    assert_eq!(names(&bytes), ["mimetype", VIETNAMESE, "META-INF/signature.p7s"]);
    // Annex A.1: the media type is legible from byte 38 on.
    assert_eq!(&bytes[..4], b"PK\x03\x04");
    assert_eq!(&bytes[30..69], b"mimetypeapplication/vnd.etsi.asic-s+zip");
    let mut container = support::open(&bytes).expect("opened");
    assert_eq!((container.kind(), container.findings()), (Kind::AsicS, &[][..]));
    let signatures = container.signatures().expect("read");
    assert_eq!(signatures.len(), 1);
    assert_eq!(signatures[0].role, Role::CadesSignature);
    assert!(
        matches!(&signatures[0].covers, Covers::DataObject(name) if name.as_str() == VIETNAMESE)
    );
    assert_eq!(container.read(&signatures[0].file).expect("read"), b"0\x03cms");
}

#[test]
fn an_extended_container_with_xades_lists_its_references_and_files() {
    let files = [("a.txt", &b"a"[..]), (VIETNAMESE, b"b")];
    let to_sign = prepared(true, Form::Xades, &files);
    let Target::References(references) = to_sign.target() else { panic!("references") };
    assert_eq!(references.len(), 2);
    let bytes = create(true, Form::Xades, &files, XADES);
    let expected =
        ["mimetype", "a.txt", VIETNAMESE, "META-INF/manifest.xml", "META-INF/signatures001.xml"];
    assert_eq!(names(&bytes), expected);
    let mut container = support::open(&bytes).expect("opened");
    assert_eq!(container.kind(), Kind::AsicE);
    let signatures = container.signatures().expect("read");
    assert!(matches!(&signatures[..], [one] if one.covers == Covers::OwnReferences));
    let list = container
        .read(&EntryName::new("META-INF/manifest.xml", &Limits::documents()).expect("a name"));
    assert!(String::from_utf8(list.expect("read")).expect("UTF-8").contains(VIETNAMESE));
}

#[test]
fn a_signature_file_must_hold_xades_signatures() {
    let files = [("a.txt", &b"a"[..])];
    for (signature, fault) in [
        (&b""[..], ShapeFault::Missing("Signature")),
        (XADES_SIGNATURES.as_bytes(), ShapeFault::Missing("Signature")),
        (b"<a/>", ShapeFault::Root),
        (
            br#"<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"><Signature/></asic:XAdESSignatures>"#,
            ShapeFault::Unexpected,
        ),
    ] {
        let outcome =
            prepared(true, Form::Xades, &files).finish(signature, &mut opener(&files), Vec::new());
        assert!(matches!(outcome, Err(AssembleError::Proof(found)) if found == fault));
    }
    let bomb = br#"<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>"#;
    let outcome = prepared(true, Form::Xades, &files).finish(bomb, &mut opener(&files), Vec::new());
    assert!(matches!(outcome, Err(AssembleError::ProofXml(_))));
}

#[test]
fn a_changed_file_is_named_by_its_coverage() {
    let files = [("a.txt", &b"a"[..]), ("b.txt", b"b")];
    let bytes = create(true, Form::Cades, &files, b"cms");
    let mut container = support::open(&bytes).expect("opened");
    let manifest =
        EntryName::new("META-INF/ASiCManifest001.xml", &Limits::documents()).expect("a name");
    let manifest = container.read(&manifest).expect("read");
    // The same manifest over one file changed, one gone, one more.
    let bytes = zip(&[
        ("a.txt", b"changed"),
        ("c.txt", b"c"),
        ("META-INF/ASiCManifest001.xml", &manifest),
        ("META-INF/signature001.p7s", b"cms"),
        ("META-INF/signature002.p7s", b"cms"),
    ]);
    let mut container = support::open(&bytes).expect("opened");
    assert_eq!(
        (container.kind(), container.findings()),
        (Kind::AsicE, &[Finding::MediaTypeAbsent][..])
    );
    let signatures = container.signatures().expect("read");
    let Covers::Manifest { file, manifest } = &signatures[0].covers else {
        panic!("{signatures:?}")
    };
    let coverage = container.coverage(file, manifest).expect("computed");
    assert!(!coverage.intact());
    assert!(
        matches!(&coverage.references[0], ReferenceOutcome::Differs { name, .. } if name.as_str() == "a.txt")
    );
    assert!(
        matches!(&coverage.references[1], ReferenceOutcome::Missing { name } if name.as_str() == "b.txt")
    );
    let text = |names: &[EntryName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(text(&coverage.uncovered_data_objects), ["c.txt"]);
    assert_eq!(text(&coverage.uncovered_metadata), ["META-INF/signature002.p7s"]);
    assert_eq!(signatures[1].covers, Covers::Nothing(NothingCovered::NoManifest));
}

#[test]
fn two_manifests_for_one_signature_cover_nothing() {
    let bytes = create(true, Form::Cades, &[("a.txt", b"a")], b"cms");
    let mut container = support::open(&bytes).expect("opened");
    let name =
        EntryName::new("META-INF/ASiCManifest001.xml", &Limits::documents()).expect("a name");
    let manifest = container.read(&name).expect("read");
    let bytes = zip(&[
        ("a.txt", b"a"),
        ("META-INF/ASiCManifest001.xml", &manifest),
        ("META-INF/ASiCManifest002.xml", &manifest),
        ("META-INF/signature001.p7s", b"cms"),
    ]);
    let signatures = support::open(&bytes).expect("opened").signatures().expect("read");
    assert_eq!(signatures[0].covers, Covers::Nothing(NothingCovered::SeveralManifests));
}

#[test]
fn a_manifest_in_a_simple_container_covers_nothing() {
    let bytes = create(true, Form::Cades, &[("a.txt", b"a")], b"cms");
    let mut container = support::open(&bytes).expect("opened");
    let name =
        EntryName::new("META-INF/ASiCManifest001.xml", &Limits::documents()).expect("a name");
    let manifest = container.read(&name).expect("read");
    let bytes = zip(&[
        ("mimetype", b"application/vnd.etsi.asic-s+zip"),
        ("a.txt", b"a"),
        ("META-INF/ASiCManifest001.xml", &manifest),
        ("META-INF/signature001.p7s", b"cms"),
    ]);
    let signatures = support::open(&bytes).expect("opened").signatures().expect("read");
    assert_eq!(signatures[0].covers, Covers::Nothing(NothingCovered::ManifestInSimple));
}

#[test]
fn a_second_signature_keeps_the_media_types() {
    for (form, proof) in [(Form::Cades, &b"cms"[..]), (Form::Xades, XADES)] {
        let bytes = create(true, form, &[("a.txt", b"a")], proof);
        let mut container = support::open(&bytes).expect("opened");
        let extension =
            container.prepare_signature(form, DigestAlgorithm::Sha384).expect("prepared");
        match extension.target() {
            Target::Manifest(manifest) => {
                let text = String::from_utf8_lossy(manifest);
                assert!(text.contains("MimeType=\"text/plain\""), "{text}");
                assert!(text.contains("#sha384"), "{text}");
            }
            Target::References(files) => assert_eq!(files[0].media_type, "text/plain"),
            Target::DataObject(file) => panic!("{file:?}"),
        }
    }
}

#[test]
fn names_that_a_container_must_not_take_are_refused() {
    let mut container = NewContainer::new(creation(true, Form::Cades), &Limits::documents());
    let mut add = |name: &str| container.add(name, "", &mut &b"x"[..]);
    assert!(matches!(add("../a"), Err(AssembleError::Name { .. })));
    assert!(matches!(add("mimetype"), Err(AssembleError::ReservedName(_))));
    assert!(matches!(add("MIMETYPE"), Err(AssembleError::ReservedName(_))));
    assert!(matches!(add("META-INF/signature001.p7s"), Err(AssembleError::ReservedName(_))));
    assert!(matches!(add("meta-inf/x"), Err(AssembleError::ReservedName(_))));
    assert!(matches!(add("folder/"), Err(AssembleError::ReservedName(_))));
    assert!(matches!(
        add("nul"),
        Err(AssembleError::NotPortable { fault: PortabilityFault::Device, .. })
    ));
    assert!(add("a.txt").is_ok());
    assert!(matches!(add("A.TXT"), Err(AssembleError::NameTaken(_))));
    let mut simple = NewContainer::new(creation(false, Form::Cades), &Limits::documents());
    assert!(simple.add("a", "", &mut &b"x"[..]).is_ok());
    assert!(matches!(simple.add("b", "", &mut &b"x"[..]), Err(AssembleError::SeveralDataObjects)));
    let empty = NewContainer::new(creation(true, Form::Cades), &Limits::documents());
    assert!(matches!(empty.prepare(), Err(AssembleError::NoDataObject)));
}

#[test]
fn a_file_that_changes_between_the_phases_is_named() {
    let files = [("a.txt", &b"before"[..])];
    for later in [&b"behind"[..], b"before and more", b"be"] {
        let outcome = prepared(true, Form::Cades, &files).finish(
            b"cms",
            &mut opener(&[("a.txt", later)]),
            Vec::new(),
        );
        assert!(matches!(outcome, Err(AssembleError::Changed(name)) if name.as_str() == "a.txt"));
    }
}

/// CRC-32 is no proof: a file exchanged for another of the same length and CRC-32 is found by its digest.
#[test]
fn a_file_of_the_same_crc_is_named() {
    let mut seen = std::collections::HashMap::new();
    let (before, after) = (0_u32..)
        .find_map(|number| {
            let digest = DigestAlgorithm::Sha256.digest(&number.to_le_bytes());
            let content = digest.as_bytes()[..8].to_vec();
            let other = seen.insert(crc32fast::hash(&content), content.clone())?;
            (other != content).then_some((other, content))
        })
        .expect("the birthday paradox");
    let files = [("a.txt", &before[..])];
    let outcome = prepared(true, Form::Cades, &files).finish(
        b"cms",
        &mut opener(&[("a.txt", &after)]),
        Vec::new(),
    );
    assert!(matches!(outcome, Err(AssembleError::Changed(name)) if name.as_str() == "a.txt"));
}

#[test]
fn a_simple_container_takes_its_second_signature_in_the_same_file() {
    let bytes = create(false, Form::Cades, &[("a.txt", b"a")], b"one signer");
    let mut container = support::open(&bytes).expect("opened");
    let extension =
        container.prepare_signature(Form::Cades, DigestAlgorithm::Sha256).expect("prepared");
    assert!(extension.replaces());
    assert!(
        matches!(extension.target(), Target::DataObject(object) if object.digest == DigestAlgorithm::Sha256.digest(b"a"))
    );
    let (bytes, _) = extension
        .finish(&mut container, b"two signers", DosTime::FIRST, Vec::new())
        .expect("written");
    assert_eq!(names(&bytes), ["mimetype", "a.txt", "META-INF/signature.p7s"]);
    let mut container = support::open(&bytes).expect("opened");
    let file = container.signatures().expect("read").remove(0).file;
    assert_eq!(container.read(&file).expect("read"), b"two signers");
    for form in [Form::Xades, Form::TimeStamp] {
        let outcome = container.prepare_signature(form, DigestAlgorithm::Sha256).map(|_| ());
        assert!(matches!(outcome, Err(AssembleError::OtherForm(_))), "{form:?}");
    }
}

#[test]
fn an_extension_belongs_to_the_container_it_was_prepared_for() {
    let mut one =
        support::open(&create(true, Form::Cades, &[("a.txt", b"a")], b"x")).expect("opened");
    let mut other =
        support::open(&create(true, Form::Cades, &[("a.txt", b"b")], b"x")).expect("opened");
    let extension = one.prepare_signature(Form::Cades, DigestAlgorithm::Sha256).expect("prepared");
    let outcome = extension.finish(&mut other, b"y", DosTime::FIRST, Vec::new());
    assert!(matches!(outcome, Err(AssembleError::OtherContainer)));
    let plain = zip(&[("a.txt", b"a")]);
    let outcome = support::open(&plain)
        .expect("opened")
        .prepare_signature(Form::Cades, DigestAlgorithm::Sha256)
        .map(|_| ());
    assert!(matches!(outcome, Err(AssembleError::NotExtensible(Kind::Zip))));
}

/// Annex A.7: the newest archive manifest has the fixed name, the one before is renamed and referred to as `Rootfile`.
#[test]
fn archive_time_stamps_follow_each_other() {
    let mut bytes = create(true, Form::Cades, &[("a.txt", b"a")], b"cms");
    for round in 0..3 {
        let mut container = support::open(&bytes).expect("opened");
        let extension =
            container.prepare_archive_time_stamp(DigestAlgorithm::Sha512).expect("prepared");
        let token = format!("token {round}");
        bytes = extension
            .finish(&mut container, token.as_bytes(), DosTime::FIRST, Vec::new())
            .expect("written")
            .0;
    }
    let mut container = support::open(&bytes).expect("opened");
    let signatures = container.signatures().expect("read");
    assert_eq!(signatures.len(), 4);
    let mut newest = None;
    for signature in signatures {
        let Covers::Manifest { file, manifest } = signature.covers else { panic!("a manifest") };
        let coverage = container.coverage(&file, &manifest).expect("computed");
        // The renaming leaves the older archive manifests' references to their predecessors as they were: they name the
        // place it has now.
        assert!(coverage.intact(), "{file}: {coverage:?}");
        assert!(coverage.uncovered_data_objects.is_empty());
        if file.as_str() == "META-INF/ASiCArchiveManifest.xml" {
            newest = Some((manifest, coverage));
        }
    }
    let (manifest, coverage) = newest.expect("the fixed name");
    assert!(coverage.uncovered_metadata.is_empty(), "{coverage:?}");
    let roots: Vec<_> =
        manifest.references().iter().filter(|reference| reference.root_file).collect();
    assert!(matches!(&roots[..], [root] if root.uri == "META-INF/ASiCArchiveManifest002.xml"));
}

#[test]
fn an_augmented_signature_replaces_the_one_before() {
    let bytes = create(true, Form::Xades, &[("a.txt", b"a")], XADES);
    let mut container = support::open(&bytes).expect("opened");
    let file = container.signatures().expect("read").remove(0).file;
    let longer = [XADES, b"\n"].concat();
    let (after, length) =
        container.replace(&file, &longer, DosTime::FIRST, Vec::new()).expect("written");
    assert_eq!(after.len() as u64, length);
    assert_eq!(support::open(&after).expect("opened").read(&file).expect("read"), longer);
    let data = EntryName::new("a.txt", &Limits::documents()).expect("a name");
    assert!(matches!(
        container.replace(&data, XADES, DosTime::FIRST, Vec::new()),
        Err(AssembleError::NotAProof(_))
    ));
}

#[test]
fn extraction_checks_every_name_before_the_first_file() {
    let bytes = zip(&[("a.txt", b"a"), ("con.txt", b"b"), ("META-INF/signature.p7s", b"s")]);
    let mut container = support::open(&bytes).expect("opened");
    assert!(matches!(
        container.extract().map(|_| ()),
        Err(ExtractError::Name { fault: PortabilityFault::Device, .. })
    ));
    let bytes = create(true, Form::Cades, &[("a.txt", b"a"), (VIETNAMESE, b"b")], b"s");
    let mut container = support::open(&bytes).expect("opened");
    let mut extraction = container.extract().expect("lawful");
    let mut files = Vec::new();
    while let Some((name, mut reader)) = extraction.next_file().expect("opened") {
        let mut content = String::new();
        reader.read_to_string(&mut content).expect("read");
        files.push((name.as_str().to_owned(), content));
    }
    assert_eq!(files, [("a.txt".into(), "a".into()), (VIETNAMESE.into(), "b".to_owned())]);
}

#[test]
fn departures_from_the_standard_are_found_and_read_past() {
    let finding = |files: &[(&str, &[u8])]| {
        let container = support::open(&zip(files)).expect("opened");
        (container.kind(), container.findings().to_vec())
    };
    let asic_s = b"application/vnd.etsi.asic-s+zip";
    let signature = ("META-INF/signature.p7s", &b"x"[..]);
    assert_eq!(
        finding(&[("a", b"a"), ("mimetype", asic_s), signature]),
        (Kind::AsicS, vec![Finding::MediaTypeNotFirst])
    );
    assert_eq!(
        finding(&[("mimetype", b"application/vnd.etsi.asic-s+zip\n"), ("a", b"a"), signature]),
        (Kind::AsicS, vec![Finding::MediaTypeUnclean])
    );
    assert_eq!(
        finding(&[("mimetype", asic_s), ("a", b"a"), ("b", b"b"), signature]),
        (Kind::AsicS, vec![Finding::NotOneDataObject])
    );
    assert_eq!(
        finding(&[("mimetype", b"application/pdf"), ("a.pdf", b"a"), signature]),
        (Kind::AsicS, vec![Finding::MediaTypeOther])
    );
    assert_eq!(
        finding(&[("a", b"a"), ("b", b"b"), signature]),
        (Kind::AsicE, vec![Finding::MediaTypeAbsent])
    );
    assert_eq!(finding(&[("a", b"a"), ("b", b"b")]), (Kind::Zip, vec![]));
    assert_eq!(finding(&[]), (Kind::Zip, vec![]));
    let several = zip(&[("mimetype", asic_s), ("a", b"a"), ("b", b"b"), signature]);
    let signatures = support::open(&several).expect("opened").signatures().expect("read");
    assert_eq!(signatures[0].covers, Covers::Nothing(NothingCovered::SeveralDataObjects));
}

#[test]
fn a_name_with_two_meanings_is_refused() {
    let bytes = zip(&[("a", b"a"), ("META-INF/ASiCManifestASiCArchiveManifest.xml", b"<a/>")]);
    assert!(matches!(support::open(&bytes), Err(kyso_asic::AsicError::AmbiguousRole(_))));
}
