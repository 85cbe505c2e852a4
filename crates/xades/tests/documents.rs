//! Documents of the tables in `test-vectors/xml`, and the large ones: what is refused, and canonical forms.

use kyso_xades::{
    C14n, Canonicalization, Encoding, Limit, Limits, NodeSet, XmlDocument, XmlError, decode,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table<T> {
    case: Vec<T>,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    document: String,
    error: String,
    fault: Option<String>,
    at: Option<[u32; 2]>,
}

#[derive(Deserialize)]
struct Canonical {
    name: String,
    document: String,
    apex: Option<String>,
    without: Option<String>,
    method: String,
    #[serde(default)]
    prefixes: Vec<String>,
    canonical: String,
}

fn table<T: for<'de> Deserialize<'de>>(file: &str) -> Vec<T> {
    let bytes = kyso_test_vectors::bytes(format!("xml/{file}"));
    let text = String::from_utf8(bytes).expect("UTF-8");
    toml::from_str::<Table<T>>(&text).expect("the table's form").case
}

/// Reads as the program does: bytes to text, text to document.
fn read(bytes: &[u8]) -> Result<(), XmlError> {
    let limits = Limits::documents();
    XmlDocument::parse(decode(bytes, &limits)?, &limits).map(drop)
}

fn exceeded(result: Result<(), XmlError>) -> Limit {
    match result {
        Err(XmlError::LimitExceeded { limit, .. }) => limit,
        other => panic!("not refused for a limit: {other:?}"),
    }
}

#[test]
fn the_table_of_refused_documents() {
    let cases: Vec<Refused> = table("refused.toml");
    for case in &cases {
        let name = &case.name;
        let error = read(case.document.as_bytes()).expect_err(name);
        let shown = format!("{error:?}");
        assert!(shown.starts_with(case.error.as_str()), "{name}: {shown}");
        if let Some(fault) = &case.fault {
            assert!(shown.contains(&format!("fault: {fault},")), "{name}: {shown}");
        }
        if let Some([line, column]) = case.at {
            let place = format!("Position {{ line: {line}, column: {column} }}");
            assert!(shown.contains(&place), "{name}: {shown}");
        }
    }
    assert!(cases.len() > 50);
}

#[test]
fn the_table_of_canonical_forms() {
    let cases: Vec<Canonical> = table("canonical.toml");
    for case in &cases {
        let name = &case.name;
        let document = XmlDocument::parse(&case.document, &Limits::documents()).expect(name);
        let mut method = Canonicalization::from_uri(&case.method).expect(name);
        assert_eq!(method.uri(), case.method);
        if let C14n::Exclusive { prefixes } = &mut method.method {
            prefixes.clone_from(&case.prefixes);
        }
        let mut nodes = match &case.apex {
            Some(id) => NodeSet::subtree(document.by_id(id).expect(name)),
            None => NodeSet::document(&document),
        };
        if let Some(id) = &case.without {
            nodes = nodes.without(document.by_id(id).expect(name).id());
        }
        let canonical = method.bytes(&document, &nodes).expect(name);
        assert_eq!(String::from_utf8(canonical).expect(name), case.canonical, "{name}");
    }
}

#[test]
fn other_encodings_are_named() {
    let utf16 = |text: &str, mark: bool, little: bool| -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    };
    let refused = |bytes: &[u8]| match read(bytes) {
        Err(XmlError::ForeignEncoding(encoding)) => encoding,
        other => panic!("{other:?}"),
    };
    for mark in [false, true] {
        assert_eq!(refused(&utf16("<a/>", mark, true)), Encoding::Utf16Le);
        assert_eq!(refused(&utf16("<?xml version='1.0'?><a/>", mark, false)), Encoding::Utf16Be);
    }
    assert_eq!(refused(b"\xff\xfe\0\0<\0\0\0"), Encoding::Utf32);
    assert_eq!(refused(b"\0\0\0<\0\0\0a"), Encoding::Utf32);
    assert_eq!(refused(b"\x4c\x6f\xa7\x94\x93"), Encoding::Ebcdic);
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
    assert_eq!(refused(latin), Encoding::Declared { start: 30, end: 40 });
    assert_eq!(read(b"<a>\xe9</a>"), Err(XmlError::NotUtf8 { offset: 3 }));
    assert_eq!(read("\u{feff}<?xml version='1.0' encoding='utf-8'?><a>é</a>".as_bytes()), Ok(()));
}

#[test]
fn deep_documents_are_refused_before_the_parser_sees_them() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(exceeded(read(nested(200_000).as_bytes())), Limit::Depth);
    assert_eq!(exceeded(read("<a b='>'>".repeat(200_000).as_bytes())), Limit::Depth);
    assert_eq!(exceeded(read(nested(257).as_bytes())), Limit::Depth);
    assert_eq!(read(nested(256).as_bytes()), Ok(()));
    let deepest = format!("{}<b/>{}", "<a>".repeat(255), "</a>".repeat(255));
    assert_eq!(read(deepest.as_bytes()), Ok(()));
    assert_eq!(exceeded(read(deepest.replace("<b/>", "<b><c/></b>").as_bytes())), Limit::Depth);
    // What only looks like elements.
    let comment = format!("<a><!--{}--><![CDATA[{}]]></a>", "<a>".repeat(300), "<a>".repeat(300));
    assert_eq!(read(comment.as_bytes()), Ok(()));
}

#[test]
fn large_documents_are_refused() {
    let limits = Limits { bytes: 100, nodes: 10, attributes: 3, ..Limits::documents() };
    let read =
        |text: &str| XmlDocument::parse(decode(text.as_bytes(), &limits)?, &limits).map(drop);
    assert_eq!(exceeded(read(&format!("<a>{}</a>", "x".repeat(94)))), Limit::Bytes);
    assert_eq!(read(&format!("<a>{}</a>", "x".repeat(93))), Ok(()));
    // The document, eight elements and a text are ten nodes.
    assert_eq!(read("<a><b/><b/><b/><b/><b/><b/><b/>x</a>"), Ok(()));
    assert_eq!(exceeded(read("<a><b/><b/><b/><b/><b/><b/><b/>x<b/></a>")), Limit::Nodes);
    assert_eq!(exceeded(read("<a><?b?><!---->x<?b?><!---->x<?b?><!---->x</a>")), Limit::Nodes);
    assert_eq!(exceeded(read(&format!("<a><![CDATA[{}]]></a>", "<".repeat(30)))), Limit::Nodes);
    assert_eq!(exceeded(read(&format!("<a>{}</a>", "=".repeat(30)))), Limit::Nodes);
    assert_eq!(read("<a b='' c='' xmlns=''/>"), Ok(()));
    assert_eq!(exceeded(read("<a b='' c='' d='' xmlns=''/>")), Limit::Attributes);
}

#[test]
fn namespaces_that_multiply_are_refused() {
    let limits = Limits { namespaces: 8, attributes: 8, nodes: 1_000, ..Limits::documents() };
    let read = |text: &str| XmlDocument::parse(text, &limits).map(drop);
    let declarations = |from: usize, to: usize| -> String {
        (from..to).map(|number| format!(" xmlns:p{number}='urn:p'")).collect()
    };
    let nested = format!("<a{}><b{}/></a>", declarations(0, 4), declarations(4, 8));
    assert_eq!(read(&nested), Ok(()));
    let nested = format!("<a{}><b{}/></a>", declarations(0, 4), declarations(4, 9));
    assert_eq!(exceeded(read(&nested)), Limit::Namespaces);
    // Each child's declaration makes the tree copy those of its parent.
    let copied = format!("<a{}>{}</a>", declarations(0, 7), "<b xmlns:q='urn:q'/>".repeat(200));
    assert_eq!(exceeded(read(&copied)), Limit::Nodes);
}

#[test]
fn an_identifier_names_one_element() {
    let wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let text = format!(
        "<r xmlns:w='{wsu}' xmlns:o='urn:o' Id='1'><a ID='2'/><b id='3'/><c xml:id='4'/><d w:Id='5'/>\
         <e o:Id='6'/><f iD='7'/><g Id='8' xml:id='8'/><h Id='9'/><i id='9'/><j Id=' 1'/></r>"
    );
    let document = XmlDocument::parse(&text, &Limits::documents()).expect("well-formed");
    let name = |id: &str| document.by_id(id).map(|node| node.tag_name().name().to_owned());
    for (id, expected) in [("1", "r"), ("2", "a"), ("3", "b"), ("4", "c"), ("5", "d"), ("8", "g")] {
        assert_eq!(name(id).as_deref(), Ok(expected), "{id}");
    }
    for id in ["6", "7", "", "10"] {
        assert_eq!(name(id), Err(XmlError::UnknownId), "{id}");
    }
    assert_eq!(name("9"), Err(XmlError::DuplicateId));
}

#[test]
fn relative_namespaces_have_no_canonical_form() {
    let text = "<r>\n<a xmlns:p='relative'/><b Id='b' xmlns='urn:b'/></r>";
    let document = XmlDocument::parse(text, &Limits::documents()).expect("well-formed");
    for method in [C14n::Inclusive10, C14n::Inclusive11, C14n::Exclusive { prefixes: vec![] }] {
        let method = Canonicalization { method, comments: false };
        let whole = method.bytes(&document, &NodeSet::document(&document));
        assert!(matches!(whole, Err(XmlError::RelativeNamespace(at)) if at.line == 2), "{whole:?}");
        let subtree = NodeSet::subtree(document.by_id("b").expect("b"));
        assert!(method.bytes(&document, &subtree).is_ok());
    }
}

#[test]
fn nodes_of_another_document_are_refused() {
    let document = |text| XmlDocument::parse(text, &Limits::documents()).expect("well-formed");
    let (ours, other) = (document("<a/>"), document("<b/>"));
    let method = Canonicalization { method: C14n::Inclusive10, comments: false };
    assert_eq!(method.bytes(&ours, &NodeSet::document(&other)), Err(XmlError::ForeignNode));
}
