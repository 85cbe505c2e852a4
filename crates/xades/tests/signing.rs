//! What we sign we verify: every algorithm, every place, and the document's own text kept byte for byte.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_x509::{DigestAlgorithm, SignatureAlgorithm};
use kyso_xades::dsig::{
    External, Filter, FilterOperation, FilterPath, ObjectContent, ObjectToSign, Placement, Prefix,
    PrepareError, ReferenceFailure, ReferenceToSign, Signature, Transform, VerifyFailure, prepare,
    prepare_alone, signatures, verify_signature,
};
use kyso_xades::{Limits, XmlDocument, XmlError, decode};
use support::{Pki, exclusive, inclusive, verified};

const SHA256_RSA: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);

/// A claims file as §4 of the decision has it, with comments, instructions and Windows line ends.
const CLAIMS: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<?kiem tra?>\r\n<!-- Hồ sơ -->\r\n\
    <GIAMDINHHS xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xml:lang='vi'>\r\n  \
    <THONGTINDONVI Id=\"don-vi\"><MACSKCB>01001</MACSKCB></THONGTINDONVI>\r\n  \
    <THONGTINHOSO xml:id='ho-so'><NGAYLAP>20260501</NGAYLAP><!-- bình luận --><SOLUONGHOSO>1</SOLUONGHOSO>\
    <DANHSACHHOSO><HOSO a='1 &amp; 2' xsi:nil='true'>Nguyễn &lt;Văn&gt; A &#13;</HOSO></DANHSACHHOSO></THONGTINHOSO>\r\n  \
    <CHUKYDONVI  />\r\n</GIAMDINHHS>\r\n<!-- cuối -->";

fn limits() -> Limits {
    Limits::documents()
}

#[test]
fn every_algorithm() {
    let pki = Pki::new();
    let mut count = 0;
    for kind in ["rsa", "P-256", "P-384", "P-521", "ed25519"] {
        let signer = pki.signer(kind);
        for algorithm in signer.algorithms.clone() {
            let bytes = signer.enveloped(algorithm, CLAIMS);
            verified(&bytes, |_, result| {
                let result = result.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
                assert_eq!(result.algorithm(), algorithm);
                assert_eq!(result.certificate(), &signer.certificate);
            });
            // A byte of the value, of the content, and of SignedInfo.
            let text = String::from_utf8(bytes).unwrap();
            let other = text.replace("<MACSKCB>01001", "<MACSKCB>01002");
            verified(other.as_bytes(), |_, result| {
                assert!(matches!(
                    result.unwrap_err(),
                    VerifyFailure::Reference {
                        index: 0,
                        failure: ReferenceFailure::DigestMismatch { .. }
                    }
                ));
            });
            let other = text.replace("<ds:Reference URI=\"\">", "<ds:Reference URI=\"\" Id=\"x\">");
            verified(other.as_bytes(), |_, result| {
                assert_eq!(result.unwrap_err(), VerifyFailure::BadSignature);
            });
            count += 1;
        }
    }
    assert_eq!(count, 17);
}

#[test]
fn the_text_is_kept_and_the_empty_place_is_opened() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let algorithm = signer.algorithms[0];
    let document = XmlDocument::parse(CLAIMS, &limits()).unwrap();
    let place = document.tree().descendants().find(|n| n.has_tag_name("CHUKYDONVI")).unwrap();
    let mut parameters = signer.parameters(algorithm, "", vec![Transform::EnvelopedSignature]);
    parameters.prefix = Prefix::None;
    parameters.canonicalization = inclusive();
    parameters.subject_name = true;
    let prepared =
        prepare(&document, &Placement::Into(place), &parameters, &|_| None, &limits()).unwrap();
    let bytes = signer.finish(prepared);
    let text = decode(&bytes, &limits()).unwrap();
    let (before, after) = CLAIMS.split_once("<CHUKYDONVI  />").unwrap();
    let inner = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .and_then(|inner| inner.strip_prefix("<CHUKYDONVI  >"))
        .and_then(|inner| inner.strip_suffix("</CHUKYDONVI>"))
        .unwrap();
    assert!(inner.starts_with("<Signature xmlns=") && inner.ends_with("</Signature>"));
    assert!(inner.contains("<X509SubjectName>CN="));
    // All but the signature is covered, comments beside it not.
    let signed = XmlDocument::parse(text, &limits()).unwrap();
    let signature = Signature::read(&signed, signatures(&signed)[0], &limits()).unwrap();
    let result = verify_signature(&signature, &|_| None, &[]).unwrap();
    let reference = &result.references()[0];
    assert!(result.covers(signed.tree().root_element()));
    assert!(!reference.covered().contains(signature.node()));
    let octets = String::from_utf8(reference.octets(None).unwrap()).unwrap();
    assert!(octets.contains("<CHUKYDONVI></CHUKYDONVI>") && !octets.contains("bình luận"));

    // The place is taken now, and text is no place either.
    let place = signed.tree().descendants().find(|n| n.has_tag_name("CHUKYDONVI")).unwrap();
    let again = prepare(&signed, &Placement::Into(place), &parameters, &|_| None, &limits());
    assert_eq!(again.unwrap_err(), PrepareError::PlaceTaken);
    let comment = document.tree().descendants().find(|n| n.is_comment()).unwrap();
    let again = prepare(&document, &Placement::Into(comment), &parameters, &|_| None, &limits());
    assert_eq!(again.unwrap_err(), PrepareError::NotAnElement);
    // A node of another document is none of this one.
    let again = prepare(&document, &Placement::AppendTo(place), &parameters, &|_| None, &limits());
    assert_eq!(again.unwrap_err(), PrepareError::Xml(XmlError::ForeignNode));
}

#[test]
fn several_references_to_elements_and_external_data() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let algorithm = signer.algorithms[0];
    let document = XmlDocument::parse(CLAIMS, &limits()).unwrap();
    let mut parameters = signer.parameters(algorithm, "#don-vi", Vec::new());
    let reference = |uri: Option<&str>, transforms| ReferenceToSign {
        id: None,
        uri: uri.map(str::to_owned),
        reference_type: None,
        transforms,
        digest: DigestAlgorithm::Sha3_256,
    };
    parameters.references.extend([
        reference(Some("#xpointer(id('ho-so'))"), vec![Transform::Canonicalization(inclusive())]),
        reference(Some("kết quả.bin"), Vec::new()),
        reference(Some("ho so.b64"), vec![Transform::Base64]),
        reference(None, vec![Transform::Canonicalization(exclusive())]),
    ]);
    let data = |uri: Option<&str>| match uri {
        Some("kết quả.bin") => Some(External::Octets(b"\x00\x01")),
        Some("ho so.b64") => Some(External::Octets(b"AAE=\n")),
        None => Some(External::Octets(b"<r b='2' a='1'/>")),
        _ => None,
    };
    let place = Placement::AppendTo(document.tree().root_element());
    let prepared = prepare(&document, &place, &parameters, &data, &limits()).unwrap();
    let bytes = signer.finish(prepared);

    let signed = XmlDocument::parse(decode(&bytes, &limits()).unwrap(), &limits()).unwrap();
    let signature = Signature::read(&signed, signatures(&signed)[0], &limits()).unwrap();
    let result = verify_signature(&signature, &data, &[]).unwrap();
    let find = |name: &str| signed.tree().descendants().find(|n| n.has_tag_name(name)).unwrap();
    assert!(result.covers(find("THONGTINDONVI")) && result.covers(find("HOSO")));
    assert!(!result.covers(find("CHUKYDONVI")) && !result.covers(find("GIAMDINHHS")));
    let external: Vec<bool> = result.references().iter().map(|one| one.is_external()).collect();
    assert_eq!(external, [false, false, true, true, true]);
    assert_eq!(result.references()[3].octets(Some(b"AAE=")), Ok(vec![0, 1]));
    assert_eq!(
        result.references()[4].octets(Some(b"<r a='1' b='2'/>")).unwrap(),
        b"<r a=\"1\" b=\"2\"></r>"
    );
    assert!(result.references()[4].octets(Some(b"<r a='1'/>")).is_err());
    // Digests computed elsewhere are enough where nothing is transformed.
    let digests = [DigestAlgorithm::Sha3_256.digest(b"\x00\x01")];
    let with_digests = |uri: Option<&str>| match uri {
        Some("kết quả.bin") => Some(External::Digests(&digests)),
        other => data(other),
    };
    assert!(verify_signature(&signature, &with_digests, &[]).is_ok());
    // Without the data nothing is known.
    let missing = verify_signature(&signature, &|_| None, &[]).unwrap_err();
    let failure = ReferenceFailure::SignedDataNotFound;
    assert_eq!(missing, VerifyFailure::Reference { index: 2, failure });
}

#[test]
fn enveloping_documents_octets_and_text() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let algorithm = signer.algorithms[0];
    let document = XmlDocument::parse(CLAIMS, &limits()).unwrap();
    let mut parameters = signer.parameters(algorithm, "#tai-lieu", Vec::new());
    parameters.references.push(ReferenceToSign {
        id: None,
        uri: Some("#anh".to_owned()),
        reference_type: Some("http://www.w3.org/2000/09/xmldsig#Object".to_owned()),
        transforms: vec![Transform::Base64],
        digest: DigestAlgorithm::Sha256,
    });
    let object = |id: &str, content| ObjectToSign {
        id: Some(id.to_owned()),
        mime_type: Some("application/octet-stream".to_owned()),
        content,
    };
    parameters.objects = vec![
        object("tai-lieu", ObjectContent::of_document(&document)),
        object("anh", ObjectContent::Base64(vec![1, 2, 3, 255])),
        object("ghi-chu", ObjectContent::Text("<ghi chú> & \"khác\"\r\n".to_owned())),
    ];
    let bytes = signer.finish(prepare_alone(&parameters, &|_| None, &limits()).unwrap());
    verified(&bytes, |signature, result| {
        let result = result.unwrap();
        assert_eq!(signature.objects.len(), 3);
        assert_eq!(result.references()[1].octets(None), Ok(vec![1, 2, 3, 255]));
        assert!(result.covers(signature.objects[0].node));
        // The text of the base64 is digested decoded: its element is not covered, nor is the third object.
        assert!(!result.covers(signature.objects[1].node));
        assert!(!result.covers(signature.objects[2].node));
        assert_eq!(signature.objects[2].node.text(), Some("<ghi chú> & \"khác\"\r\n"));
    });
    // Its namespace would become that of the document's unprefixed elements.
    parameters.prefix = Prefix::None;
    assert_eq!(
        prepare_alone(&parameters, &|_| None, &limits()).unwrap_err(),
        PrepareError::PrefixNeeded
    );
}

#[test]
fn filters_select_what_they_say() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let algorithm = signer.algorithms[0];
    let document = XmlDocument::parse(CLAIMS, &limits()).unwrap();
    let children = |names: &[&str]| {
        FilterPath::Children(names.iter().map(|name| (None, (*name).to_owned())).collect())
    };
    let filter = |operation, path| Filter { operation, path };
    let filters = vec![
        filter(FilterOperation::Intersect, children(&["GIAMDINHHS", "THONGTINDONVI"])),
        filter(FilterOperation::Union, FilterPath::Id("ho-so".to_owned())),
        filter(FilterOperation::Subtract, FilterPath::ContainingSignature),
        filter(FilterOperation::Subtract, FilterPath::Descendants(None, "NGAYLAP".to_owned())),
    ];
    let parameters = signer.parameters(algorithm, "", vec![Transform::Filter2(filters.clone())]);
    let place = Placement::AppendTo(document.tree().root_element());
    let prepared = prepare(&document, &place, &parameters, &|_| None, &limits()).unwrap();
    let bytes = signer.finish(prepared);
    verified(&bytes, |signature, result| {
        assert_eq!(
            signature.signed_info.references[0].transforms[0],
            Ok(Transform::Filter2(filters))
        );
        let result = result.unwrap();
        let find = |name: &str| {
            signature.document().tree().descendants().find(|n| n.has_tag_name(name)).unwrap()
        };
        assert!(result.covers(find("THONGTINDONVI")) && result.covers(find("HOSO")));
        assert!(!result.covers(find("THONGTINHOSO")) && !result.covers(find("NGAYLAP")));
        let octets = String::from_utf8(result.references()[0].octets(None).unwrap()).unwrap();
        assert!(octets.starts_with("<THONGTINDONVI") && octets.ends_with("</THONGTINHOSO>"));
        assert!(!octets.contains("NGAYLAP"));
    });
    // A union into what was taken out is more than subtrees less subtrees.
    let nested = vec![
        filter(FilterOperation::Subtract, FilterPath::Id("ho-so".to_owned())),
        filter(FilterOperation::Union, FilterPath::Descendants(None, "HOSO".to_owned())),
    ];
    let parameters = signer.parameters(algorithm, "", vec![Transform::Filter2(nested)]);
    let failure = prepare(&document, &place, &parameters, &|_| None, &limits()).unwrap_err();
    assert!(matches!(
        failure,
        PrepareError::Reference { index: 0, failure: ReferenceFailure::Transform(_) }
    ));
}

#[test]
fn what_does_not_fit_is_refused() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let algorithm = signer.algorithms[0];
    let document = XmlDocument::parse(CLAIMS, &limits()).unwrap();
    let place = Placement::AppendTo(document.tree().root_element());
    let attempt = |parameters: &_| {
        prepare(&document, &place, parameters, &|_| None, &limits()).map(|_| ()).unwrap_err()
    };
    // The digest would cover itself.
    let own = signer.parameters(algorithm, "", vec![Transform::Canonicalization(inclusive())]);
    assert_eq!(attempt(&own), PrepareError::ReferenceCoversItself { index: 0 });
    let own = signer.parameters(algorithm, "#chu-ky", Vec::new());
    assert_eq!(attempt(&own), PrepareError::ReferenceCoversItself { index: 0 });
    // Nobody has it.
    let unknown = signer.parameters(algorithm, "#khong-co", Vec::new());
    let failure = ReferenceFailure::Xml(XmlError::UnknownId);
    assert_eq!(attempt(&unknown), PrepareError::Reference { index: 0, failure });
    let unknown = signer.parameters(algorithm, "khong-co.xml", Vec::new());
    let failure = ReferenceFailure::SignedDataNotFound;
    assert_eq!(attempt(&unknown), PrepareError::Reference { index: 0, failure });
    // The identifier is there already.
    let mut twice = signer.parameters(algorithm, "#don-vi", Vec::new());
    twice.id = Some("don-vi".to_owned());
    let failure = ReferenceFailure::Xml(XmlError::DuplicateId);
    assert_eq!(attempt(&twice), PrepareError::Reference { index: 0, failure });
    // Nothing to sign, and with what.
    let mut nothing = signer.parameters(algorithm, "", Vec::new());
    nothing.references.clear();
    assert_eq!(attempt(&nothing), PrepareError::NoReference);
    let digest = DigestAlgorithm::Sha1ForLegacyUseOnly;
    let mut weak = signer.parameters(algorithm, "", vec![Transform::EnvelopedSignature]);
    weak.references[0].digest = digest;
    assert_eq!(attempt(&weak), PrepareError::WeakDigest { digest });
    let other = signer.parameters(SHA256_RSA, "", vec![Transform::EnvelopedSignature]);
    assert!(matches!(attempt(&other), PrepareError::AlgorithmMismatch(_)));
    // Markup that leaves its place.
    let mut markup = signer.parameters(algorithm, "", vec![Transform::EnvelopedSignature]);
    markup.objects.push(ObjectToSign {
        id: None,
        mime_type: None,
        content: ObjectContent::Markup("</ds:Object></ds:Signature><x>".to_owned()),
    });
    assert!(matches!(attempt(&markup), PrepareError::Xml(_)));
}
