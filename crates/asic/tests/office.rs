//! Signed OpenDocument and Office Open XML files: recognised, their signatures found, what verification needs prepared.

mod support;

use std::collections::BTreeMap;

use kyso_asic::zip::{DosTime, ZipWriter};
use kyso_asic::{AsicError, EntryName, Finding, Kind, Limits, RelationshipSelection, ShapeFault};

const ODT: &[u8] = include_bytes!("../../../test-vectors/asic/libreoffice.odt");
const DOCX: &[u8] = include_bytes!("../../../test-vectors/asic/libreoffice.docx");

const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

fn name(text: &str) -> EntryName {
    EntryName::new(text, &Limits::documents()).expect("a lawful name")
}

/// The archive with files added, or exchanged for what `change` makes of them.
fn changed(
    archive: &[u8],
    added: &[(&str, &str)],
    change: impl Fn(&str, String) -> String,
) -> Vec<u8> {
    let mut writer = ZipWriter::new(Vec::new(), DosTime::FIRST);
    for (file, content) in support::contents(archive).expect("lawful") {
        if file.ends_with('/') {
            continue;
        }
        let content = match String::from_utf8(content) {
            Ok(text) => change(&file, text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        writer.write(&name(&file), &content).expect("written");
    }
    for (file, content) in added {
        writer.write(&name(file), content.as_bytes()).expect("written");
    }
    writer.finish(b"").expect("finished").0
}

#[test]
fn an_open_document_is_recognised_with_what_its_signature_must_cover() {
    let mut plain = support::open(ODT).expect("opened");
    assert_eq!((plain.kind(), plain.findings()), (Kind::OpenDocument, &[][..]));
    let package = plain.open_document().expect("read").expect("an OpenDocument package");
    assert!(!package.document_signatures && !package.macro_signatures);
    assert_eq!(package.encrypted, [""; 0]);
    assert_eq!(package.unlisted, []);

    let signatures = "<document-signatures xmlns=\"urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0\"/>";
    let signed = changed(
        ODT,
        &[("META-INF/documentsignatures.xml", signatures), ("smuggled.xml", "<a/>")],
        |_, text| text,
    );
    let mut signed = support::open(&signed).expect("opened");
    let package = signed.open_document().expect("read").expect("an OpenDocument package");
    assert!(package.document_signatures);
    let covered: Vec<&str> = package.to_be_covered.iter().map(EntryName::as_str).collect();
    for file in ["mimetype", "content.xml", "styles.xml", "META-INF/manifest.xml", "smuggled.xml"] {
        assert!(covered.contains(&file), "{file}: {covered:?}");
    }
    assert!(!covered.contains(&"META-INF/documentsignatures.xml"));
    assert_eq!(package.unlisted, [name("smuggled.xml")]);
    assert!(signed.office().expect("read").is_none());
}

#[test]
fn encrypted_parts_of_an_open_document_are_named() {
    let encrypted = changed(ODT, &[], |file, text| {
        let entry = "<manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/>";
        let with = entry.replace("/>", "><manifest:encryption-data/></manifest:file-entry>");
        if file == "META-INF/manifest.xml" {
            assert!(text.contains(entry), "{text}");
            text.replace(entry, &with)
        } else {
            text
        }
    });
    let mut container = support::open(&encrypted).expect("opened");
    let package = container.open_document().expect("read").expect("an OpenDocument package");
    assert_eq!(package.encrypted, ["content.xml"]);
}

fn signed_docx() -> Vec<u8> {
    let relationship = |id: &str, kind: &str, target: &str| {
        format!(
            "<Relationship Id=\"{id}\" Type=\"{PACKAGE}/relationships/digital-signature/{kind}\" Target=\"{target}\"/>"
        )
    };
    let origin = relationship("rIdOrigin", "origin", "_xmlsignatures/origin.sigs");
    let of_origin = format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\">{}{}</Relationships>",
        relationship("rId1", "signature", "sig1.xml"),
        relationship("rId2", "signature", "/_xmlsignatures/sig2.xml")
    );
    let signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>";
    changed(
        DOCX,
        &[
            ("_xmlsignatures/origin.sigs", ""),
            ("_xmlsignatures/_rels/origin.sigs.rels", &of_origin),
            ("_xmlsignatures/sig1.xml", signature),
            ("_xmlsignatures/sig2.xml", signature),
            ("_xmlsignatures/unrelated.xml", signature),
        ],
        |file, text| {
            match file {
            "_rels/.rels" => text.replace("</Relationships>", &format!("{origin}</Relationships>")),
            "[Content_Types].xml" => text.replace(
                "</Types>",
                "<Default Extension=\"sigs\" ContentType=\"application/vnd.openxmlformats-package.digital-signature-origin\"/></Types>",
            ),
            _ => text,
        }
        },
    )
}

#[test]
fn signatures_of_an_office_document_are_reached_by_relationships() {
    let mut plain = support::open(DOCX).expect("opened");
    assert_eq!((plain.kind(), plain.findings()), (Kind::OfficeOpenXml, &[] as &[Finding]));
    let package = plain.office().expect("read").expect("an office package");
    assert_eq!(package.signatures, []);
    assert!(plain.open_document().expect("read").is_none());

    let mut container = support::open(&signed_docx()).expect("opened");
    let package = container.office().expect("read").expect("an office package");
    assert_eq!(
        package.signatures,
        [name("_xmlsignatures/sig1.xml"), name("_xmlsignatures/sig2.xml")]
    );
    let types: BTreeMap<&str, Option<&str>> =
        package.parts.iter().map(|(part, kind)| (part.as_str(), kind.as_deref())).collect();
    let document =
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    assert_eq!(types.get("word/document.xml"), Some(&Some(document)));
    assert_eq!(
        types.get("_xmlsignatures/origin.sigs"),
        Some(&Some("application/vnd.openxmlformats-package.digital-signature-origin"))
    );
    assert_eq!(types.get("[Content_Types].xml"), None, "it is no part");
    let referenced = |uri: &str| package.referenced_part(uri).map(EntryName::as_str);
    assert_eq!(
        referenced(&format!("/word/document.xml?ContentType={document}")),
        Some("word/document.xml")
    );
    assert_eq!(
        referenced(&format!("/WORD/document.xml?ContentType={document}")),
        Some("word/document.xml")
    );
    assert_eq!(referenced("/word/document.xml?ContentType=text/plain"), None);
    assert_eq!(referenced("/word/document.xml"), None);
    assert_eq!(referenced("/word/nothing.xml?ContentType=text/plain"), None);
}

#[test]
fn the_relationships_of_the_document_are_transformed() {
    let mut container = support::open(DOCX).expect("opened");
    let related = container.relationships("word/document.xml").expect("read");
    assert!(!related.is_empty());
    let styles = related.iter().find(|one| one.target == "styles.xml").expect("a style part");
    let selection = RelationshipSelection { ids: vec![styles.id.clone()], types: Vec::new() };
    let part = name("word/_rels/document.xml.rels");
    let transformed = container.transformed_relationships(&part, &selection).expect("transformed");
    let expected = format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"{}\" Target=\"styles.xml\" \
         TargetMode=\"Internal\" Type=\"{}\"></Relationship></Relationships>",
        styles.id, styles.kind
    );
    assert_eq!(String::from_utf8_lossy(&transformed), expected);
}

#[test]
fn malformed_office_files_are_named() {
    for (file, from, to, fault) in [
        ("_rels/.rels", "Id=\"", "Mode=\"", ShapeFault::Unexpected),
        ("_rels/.rels", "<Relationship ", "<Relation ", ShapeFault::Unexpected),
        ("_rels/.rels", "rId2", "rId1", ShapeFault::Repeated("Id")),
        ("[Content_Types].xml", "PartName=\"/", "PartName=\"", ShapeFault::Value("PartName")),
        (
            "[Content_Types].xml",
            "Extension=\"rels\"",
            "Extension=\"XML\"",
            ShapeFault::Repeated("Extension"),
        ),
        ("[Content_Types].xml", "<Types ", "<Other ", ShapeFault::Root),
    ] {
        let broken = changed(DOCX, &[], |at, text| {
            if at != file {
                return text;
            }
            assert!(text.contains(from), "{file} has no {from}: {text}");
            text.replace(from, to)
                .replace("</Types>", if to == "<Other " { "</Other>" } else { "</Types>" })
        });
        let outcome = support::open(&broken).expect("opened").office();
        match outcome {
            Err(AsicError::Shape { name, fault: found }) => {
                assert_eq!((name.as_str(), found), (file, fault), "{from} {to}");
            }
            other => panic!("{file} {from} {to}: {other:?}"),
        }
    }
}
