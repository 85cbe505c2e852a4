//! The eight classic ways to wrap a signed element, and other ways to have one thing verified and another one read.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_xades::dsig::{
    FailureIndication, Placement, ReferenceFailure, Signature, SignatureError, Transform,
    VerifyFailure, prepare, signatures, verify_signature,
};
use kyso_xades::roxmltree::Node;
use kyso_xades::{Limit, Limits, RefusedAlgorithm, XmlAlgorithmError, XmlDocument, XmlError};
use proptest::prelude::*;
use std::sync::LazyLock;
use support::{Pki, exclusive, inclusive};

/// A record of one element, signed in itself: the text, the signature, and the element without it.
struct Signed {
    text: String,
    signature: String,
    element: String,
}

/// Enveloped: the signature stands in the element, and the transform takes it out.
static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    sign(vec![Transform::EnvelopedSignature, Transform::Canonicalization(exclusive())])
});

/// Detached: the signature stands beside the element.
static BESIDE: LazyLock<Signed> =
    LazyLock::new(|| sign(vec![Transform::Canonicalization(exclusive())]));

fn sign(transforms: Vec<Transform>) -> Signed {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let limits = Limits::documents();
    let element = "<benh-an Id=\"ba-1\"><ten>Nguyễn Văn A</ten><thuoc>500 mg</thuoc></benh-an>";
    let text = format!("<ho-so><kham>{element}</kham></ho-so>");
    let document = XmlDocument::parse(&text, &limits).unwrap();
    let node = document.by_id("ba-1").unwrap();
    let place = if transforms.contains(&Transform::EnvelopedSignature) {
        Placement::AppendTo(node)
    } else {
        Placement::AppendTo(document.tree().root_element())
    };
    let parameters = signer.parameters(signer.algorithms[0], "#ba-1", transforms);
    let bytes = signer.finish(prepare(&document, &place, &parameters, &|_| None, &limits).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    let start = text.find("<ds:Signature ").unwrap();
    let end = text.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    Signed { signature: text[start..end].to_owned(), element: element.to_owned(), text }
}

/// The forged element with an identifier attribute, and something in it.
fn forged(identifier: &str, inside: &str) -> String {
    format!("<benh-an {identifier}><ten>Trần Thị B</ten><thuoc>5 g</thuoc>{inside}</benh-an>")
}

/// The signature with an object that holds this.
fn with_object(signature: &str, inside: &str) -> String {
    let object = format!("<ds:Object>{inside}</ds:Object></ds:Signature>");
    signature.replace("</ds:Signature>", &object)
}

/// The eight arrangements of a forged element, the element that was signed, and the signature.
fn arrangements(signed: &Signed, identifier: &str) -> Vec<(&'static str, String)> {
    let Signed { signature, element, .. } = signed;
    let with_signature = element.replace("</benh-an>", &format!("{signature}</benh-an>"));
    let kham = |inside: String| format!("<ho-so><kham>{inside}</kham></ho-so>");
    vec![
        (
            "the original in the signature of the forged",
            kham(forged(identifier, &with_object(signature, element))),
        ),
        (
            "signature, original, forged beside each other",
            kham(format!("{signature}{element}{}", forged(identifier, ""))),
        ),
        ("forged before the original", kham(format!("{}{with_signature}", forged(identifier, "")))),
        ("the original within the forged", kham(forged(identifier, &with_signature))),
        (
            "the original at the end of the document",
            format!("<ho-so><kham>{}</kham>{element}</ho-so>", forged(identifier, signature)),
        ),
        (
            "the original in an object beside the forged",
            kham(format!("{}{}", forged(identifier, ""), with_object(signature, element))),
        ),
        (
            "the original where anything may stand",
            kham(format!("{}<mo-rong>{with_signature}</mo-rong>", forged(identifier, ""))),
        ),
        (
            "forged and signature in an object",
            kham(format!(
                "{}<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{with_signature}</ds:Object>",
                forged(identifier, "")
            )),
        ),
    ]
}

/// What an application finds by its path: the first `benh-an` of `kham`.
fn what_is_read<'d, 'a>(document: &'d XmlDocument<'a>) -> Node<'d, 'a> {
    document.tree().descendants().find(|node| node.has_tag_name("benh-an")).unwrap()
}

#[test]
fn the_element_that_was_signed_comes_back_and_no_other() {
    let limits = Limits::documents();
    let document = XmlDocument::parse(&SIGNED.text, &limits).unwrap();
    let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
    let verified = verify_signature(&signature, &|_| None, &[]).unwrap();
    assert!(verified.covers(what_is_read(&document)));
    let honest = verified.references()[0].octets(None).unwrap();
    assert_eq!(honest, SIGNED.element.as_bytes());

    // An arrangement moves the signature out of the element, or into it: with one of the two signatures it verifies.
    let mut verifying = [0; 8];
    for signed in [&*SIGNED, &*BESIDE] {
        for (index, (what, text)) in arrangements(signed, "Id=\"ba-2\"").into_iter().enumerate() {
            let document = XmlDocument::parse(&text, &limits).unwrap();
            let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
            let verified = match verify_signature(&signature, &|_| None, &[]) {
                Ok(verified) => verified,
                Err(VerifyFailure::Reference {
                    failure: ReferenceFailure::DigestMismatch { .. },
                    ..
                }) => continue,
                Err(error) => panic!("{what}: {error}"),
            };
            verifying[index] += 1;
            let forged = document.by_id("ba-2").unwrap();
            let original = document.by_id("ba-1").unwrap();
            assert!(!verified.covers(forged), "{what}");
            assert!(!verified.covers(document.tree().root_element()), "{what}");
            assert!(verified.covers(original), "{what}");
            for child in
                forged.children().filter(|child| !child.descendants().any(|one| one == original))
            {
                assert!(!verified.covers(child), "{what}");
            }
            assert_eq!(verified.references()[0].covered().roots(), [original], "{what}");
            assert_eq!(verified.references()[0].octets(None).unwrap(), honest, "{what}");
        }
    }
    assert!(verifying.iter().all(|count| *count > 0), "{verifying:?}");
}

#[test]
fn an_identifier_of_two_elements_is_nobodys() {
    let limits = Limits::documents();
    let utility =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let utility = format!("xmlns:u=\"{utility}\" u:Id=\"ba-1\"");
    for identifier in ["Id=\"ba-1\"", "ID=\"ba-1\"", "id=\"ba-1\"", "xml:id=\"ba-1\"", &utility] {
        for (what, text) in arrangements(&SIGNED, identifier) {
            let document = XmlDocument::parse(&text, &limits).unwrap();
            let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
            let failure = verify_signature(&signature, &|_| None, &[]).unwrap_err();
            let duplicate = ReferenceFailure::Xml(XmlError::DuplicateId);
            assert_eq!(
                failure,
                VerifyFailure::Reference { index: 0, failure: duplicate },
                "{what}"
            );
            assert_eq!(failure.indication(), FailureIndication::FormatFailure);
        }
    }
}

/// The failure of the signed text with one part replaced.
fn failure(from: &str, to: &str) -> Result<VerifyFailure, SignatureError> {
    assert!(SIGNED.text.contains(from), "{from}");
    let text = SIGNED.text.replacen(from, to, 1);
    let limits = Limits::documents();
    let document = XmlDocument::parse(&text, &limits).unwrap();
    let signature = Signature::read(&document, signatures(&document)[0], &limits)?;
    Ok(verify_signature(&signature, &|_| None, &[]).unwrap_err())
}

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

#[test]
fn nothing_is_fetched_and_nothing_is_run() {
    for uri in [
        "file:///etc/passwd",
        "http://example.com/a.xml",
        "a.xml#ba-1",
        "#xpointer(//benh-an)",
        "#xpointer(id('ba-1')/ten)",
    ] {
        let failure = failure("URI=\"#ba-1\"", &format!("URI=\"{uri}\"")).unwrap();
        assert_eq!(failure.indication(), FailureIndication::SignedDataNotFound, "{uri}");
    }
    for (uri, refused) in [
        ("http://www.w3.org/TR/1999/REC-xslt-19991116", Some(RefusedAlgorithm::Xslt)),
        ("http://www.w3.org/2010/xml-c14n2", Some(RefusedAlgorithm::CanonicalXml2)),
        ("urn:khong-biet", None),
    ] {
        let failure = failure(ENVELOPED, uri).unwrap();
        match (failure, refused) {
            (
                VerifyFailure::Reference {
                    failure: ReferenceFailure::Transform(XmlAlgorithmError::Refused(found)),
                    ..
                },
                Some(refused),
            ) => assert_eq!(found, refused),
            (
                VerifyFailure::Reference {
                    failure: ReferenceFailure::Transform(XmlAlgorithmError::Unknown(found)),
                    ..
                },
                None,
            ) => assert_eq!(found.as_str(), uri),
            (other, _) => panic!("{uri}: {other}"),
        }
    }
    // XPath that is not one of the fixed forms.
    let transform = format!("<ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>");
    for expression in
        ["count(//*) > 0", "true()", "not(ancestor-or-self::Signature)", "//ds:Signature"]
    {
        let xpath = format!(
            "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">\
             <ds:XPath>{}</ds:XPath></ds:Transform>",
            expression.replace('>', "&gt;")
        );
        assert_eq!(
            failure(&transform, &xpath).unwrap(),
            VerifyFailure::Reference {
                index: 0,
                failure: ReferenceFailure::Transform(XmlAlgorithmError::Refused(
                    RefusedAlgorithm::XPath
                )),
            },
            "{expression}"
        );
    }
}

#[test]
fn what_the_schema_does_not_have_is_refused() {
    for (from, to) in [
        // Comments and instructions, which canonicalization drops, within values.
        ("<ds:DigestValue>", "<ds:DigestValue><!-- a -->"),
        ("<ds:DigestValue>", "<ds:DigestValue><?a b?>"),
        ("<ds:SignatureValue>", "<ds:SignatureValue><b/>"),
        // Elements and text where none are.
        ("<ds:SignedInfo>", "<ds:SignedInfo><ds:Reference/>"),
        ("<ds:SignedInfo>", "<ds:SignedInfo>a"),
        ("</ds:SignedInfo>", "<a/></ds:SignedInfo>"),
        ("</ds:Transforms>", "<a/></ds:Transforms>"),
        ("</ds:Reference>", "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>"),
        ("</ds:Signature>", "<a/></ds:Signature>"),
        ("</ds:KeyInfo>", "</ds:KeyInfo><ds:KeyInfo/>"),
        ("</ds:X509Data>", "<ds:X509Certificat/></ds:X509Data>"),
        // Values.
        ("<ds:DigestValue>", "<ds:DigestValue>-"),
        ("=</ds:DigestValue>", "</ds:DigestValue>"),
        (" Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"", ""),
    ] {
        let error = failure(from, to);
        assert!(error.is_err(), "{to}: {error:?}");
    }
    let second =
        SIGNED.text.replacen("<ds:SignatureValue>", "<ds:SignedInfo/><ds:SignatureValue>", 1);
    let document = XmlDocument::parse(&second, &Limits::documents()).unwrap();
    let node = signatures(&document)[0];
    assert!(matches!(
        Signature::read(&document, node, &Limits::documents()),
        Err(SignatureError::WrongElement { expected: "SignatureValue", .. })
    ));
    // Another element, and an element of another document.
    let other = XmlDocument::parse(&SIGNED.text, &Limits::documents()).unwrap();
    assert!(matches!(
        Signature::read(&document, document.tree().root_element(), &Limits::documents()),
        Err(SignatureError::WrongElement { expected: "Signature", .. })
    ));
    assert_eq!(
        Signature::read(&document, signatures(&other)[0], &Limits::documents()).unwrap_err(),
        SignatureError::Xml(XmlError::ForeignNode)
    );
}

#[test]
fn values_of_another_form_do_not_verify() {
    // DER where r‖s belongs, and a value that is too short.
    for value in ["MEUCIQDx", "AAAA"] {
        let from = SIGNED.text.split("<ds:SignatureValue>").nth(1).unwrap();
        let from = from.split('<').next().unwrap();
        assert_eq!(failure(from, value).unwrap(), VerifyFailure::BadSignature);
    }
    // A bare key that is another one, and one of another kind.
    let rsa = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>\
               </ds:RSAKeyValue></ds:KeyValue>";
    let point = format!("BA{}=", "A".repeat(85));
    let ec = format!(
        "<ds:KeyValue><e:ECKeyValue xmlns:e=\"http://www.w3.org/2009/xmldsig11#\">\
         <e:NamedCurve URI=\"urn:oid:1.2.840.10045.3.1.7\"/><e:PublicKey>{point}</e:PublicKey>\
         </e:ECKeyValue></ds:KeyValue>"
    );
    for key in [rsa, &ec] {
        let found = failure("<ds:KeyInfo>", &format!("<ds:KeyInfo>{key}")).unwrap();
        assert_eq!(found, VerifyFailure::KeyValueMismatch);
    }
    // No certificate at all: a key name proves nothing.
    let start = SIGNED.text.find("<ds:X509Data>").unwrap();
    let end = SIGNED.text.find("</ds:X509Data>").unwrap() + "</ds:X509Data>".len();
    let found = failure(&SIGNED.text[start..end], "<ds:KeyName>Nguyễn</ds:KeyName>").unwrap();
    assert_eq!(found, VerifyFailure::SigningCertificateNotFound);
}

#[test]
fn work_is_bounded() {
    let limits = Limits { references: 3, transforms: 2, digested: 1_000, ..Limits::documents() };
    let read = |text: &str| {
        let document = XmlDocument::parse(text, &limits).unwrap();
        Signature::read(&document, signatures(&document)[0], &limits).map(|_| ()).unwrap_err()
    };
    let reference =
        "<ds:Reference URI=\"\"><ds:DigestMethod Algorithm=\"a\"/><ds:DigestValue/></ds:Reference>";
    let many = SIGNED.text.replacen(
        "</ds:SignedInfo>",
        &format!("{}</ds:SignedInfo>", reference.repeat(3)),
        1,
    );
    assert_eq!(
        read(&many),
        SignatureError::Xml(XmlError::LimitExceeded { limit: Limit::References, maximum: 3 })
    );
    let transform = "<ds:Transform Algorithm=\"a\"/>";
    let many = SIGNED.text.replacen("</ds:Transforms>", &format!("{transform}</ds:Transforms>"), 1);
    assert_eq!(
        read(&many),
        SignatureError::Xml(XmlError::LimitExceeded { limit: Limit::Transforms, maximum: 2 })
    );

    // Digesting a large document again and again.
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let text = format!("<r>{}</r>", "a".repeat(600));
    let document = XmlDocument::parse(&text, &limits).unwrap();
    let transforms = vec![Transform::EnvelopedSignature, Transform::Canonicalization(inclusive())];
    let mut parameters = signer.parameters(signer.algorithms[0], "", transforms);
    parameters.references = vec![parameters.references[0].clone(); 3];
    let place = Placement::AppendTo(document.tree().root_element());
    let bytes = signer
        .finish(prepare(&document, &place, &parameters, &|_| None, &Limits::documents()).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    let document = XmlDocument::parse(&text, &limits).unwrap();
    let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
    assert_eq!(
        verify_signature(&signature, &|_| None, &[]).unwrap_err(),
        VerifyFailure::Reference {
            index: 2,
            failure: ReferenceFailure::DigestedLimit { maximum: 1_000 }
        }
    );
}

proptest! {
    /// Whatever one byte becomes: the signature does not verify, or what it covers is what was signed.
    #[test]
    fn a_changed_byte_verifies_nothing_else(at in 0_usize..1 << 16, byte in any::<u8>()) {
        let mut bytes = SIGNED.text.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let limits = Limits::documents();
        if let Ok(text) = std::str::from_utf8(&bytes)
            && let Ok(document) = XmlDocument::parse(text, &limits)
            && let Some(node) = signatures(&document).first()
            && let Ok(signature) = Signature::read(&document, *node, &limits)
            && let Ok(verified) = verify_signature(&signature, &|_| None, &[])
        {
            prop_assert_eq!(verified.references().len(), 1);
            prop_assert_eq!(verified.references()[0].octets(None).unwrap(), SIGNED.element.as_bytes());
        }
    }
}
