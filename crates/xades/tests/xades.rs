//! XAdES at every baseline level, written and read; signed properties that are not the signature's own; signxml as judge.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{BaselineLevel, EmbeddedEvidence, Form, TimeStampToken, oid};
use kyso_testkit::peer::{python, run, run_with_input};
use kyso_x509::asn1::{self, tag};
use kyso_x509::{CertificateList, Digest, DigestAlgorithm, ObjectIdentifier, Time};
use kyso_xades::dsig::{
    FailureIndication, Placement, Signature, SignatureError, Transform, VerifyFailure, prepare,
    signatures,
};
use kyso_xades::properties::{
    AugmentError, PropertiesToSign, SigningCertificateBinding, UnsignedProperty, archive_imprint,
    level, prepare_counter_signature, qualify, signature_imprint, unsigned_properties,
    verify_counter_signature, verify_xades, with_archive_time_stamp, with_signature_time_stamp,
    with_validation_data,
};
use kyso_xades::{Limits, XmlDocument, decode};
use std::path::Path;
use support::{Pki, Signer, exclusive};

const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ho-so xmlns=\"urn:ho-so\">\n  \
    <benh-nhan>Nguyễn Văn A</benh-nhan>\n</ho-so>\n";

/// 2026-05-01T00:00:00Z.
const SIGNING_TIME: Time = Time::from_unix_seconds(1_777_593_600);

fn sign(signer: &Signer) -> Vec<u8> {
    let limits = Limits::documents();
    let document = XmlDocument::parse(DOCUMENT, &limits).unwrap();
    let transforms = vec![Transform::EnvelopedSignature, Transform::Canonicalization(exclusive())];
    let mut parameters = signer.parameters(signer.algorithms[0], "", transforms);
    parameters.references[0].id = Some("tai-lieu".to_owned());
    parameters.value_id = Some("gia-tri".to_owned());
    let properties = PropertiesToSign {
        signing_time: SIGNING_TIME,
        digest: DigestAlgorithm::Sha256,
        mime_types: vec![("tai-lieu".to_owned(), "text/xml".to_owned())],
        claimed_roles: vec!["Bác sĩ <điều trị>".to_owned()],
        city: Some("Hà Nội".to_owned()),
        country: Some("Việt Nam".to_owned()),
        commitment: Some("http://uri.etsi.org/01903/v1.2.2#ProofOfApproval".to_owned()),
    };
    qualify(&mut parameters, &properties).unwrap();
    let place = Placement::AppendTo(document.tree().root_element());
    signer.finish(prepare(&document, &place, &parameters, &|_| None, &limits).unwrap())
}

/// Reads the document and gives its first signature.
fn with<R>(bytes: &[u8], check: impl FnOnce(&Signature<'_, '_>) -> R) -> R {
    let limits = Limits::documents();
    let document = XmlDocument::parse(decode(bytes, &limits).unwrap(), &limits).unwrap();
    let signature = Signature::read(&document, signatures(&document)[0], &limits).unwrap();
    check(&signature)
}

fn level_of(bytes: &[u8]) -> Option<BaselineLevel> {
    with(bytes, |signature| {
        let verified = verify_xades(signature, &|_| None, &[]).unwrap();
        level(signature, &verified, &|_| None)
    })
}

fn failure(bytes: &str) -> VerifyFailure {
    with(bytes.as_bytes(), |signature| verify_xades(signature, &|_| None, &[]).unwrap_err())
}

/// A token over an imprint.
fn stamp(tsa: &Signer, imprint: &Digest) -> TimeStampToken {
    let hashed = asn1::sequence(&[
        imprint.algorithm().to_algorithm_identifier().to_der(),
        asn1::tlv(tag::OCTET_STRING, imprint.as_bytes()),
    ]);
    let info = asn1::sequence(&[
        asn1::small_integer(1),
        asn1::oid(ObjectIdentifier::new_unwrap("1.2.3.4.1")),
        hashed,
        asn1::small_integer(7),
        asn1::tlv(tag::GENERALIZED_TIME, b"20260501000001Z"),
    ]);
    let algorithm = tsa.algorithms[0];
    let to_be_signed = kyso_cades::prepare(kyso_cades::SigningParameters {
        certificate: tsa.certificate.clone(),
        extra_certificates: Vec::new(),
        algorithm,
        content_type: oid::TST_INFO,
        message_digest: algorithm.cms_digest_algorithm().digest(&info),
        form: Form::Pades,
    })
    .unwrap();
    let value = tsa.sign(algorithm, to_be_signed.bytes_to_sign());
    let attached = to_be_signed.finish_attached(&value, info.len() as u64);
    TimeStampToken::from_ber(&[attached.prefix(), &info, attached.suffix()].concat()).unwrap()
}

/// The authority's CRL.
fn crl(pki: &Pki) -> CertificateList {
    let text = |name: &str| pki.file(name).to_str().unwrap().to_owned();
    std::fs::write(pki.file("index.txt"), "").unwrap();
    let configuration = format!(
        "[ca]\ndefault_ca=one\n[one]\ndatabase={}\ndefault_md=sha256\ndefault_crl_days=30\n",
        text("index.txt")
    );
    std::fs::write(pki.file("crl.cnf"), configuration).unwrap();
    let (conf, key, cert, out) = (text("crl.cnf"), text("ca.key"), text("ca.pem"), text("ca.crl"));
    let arguments =
        ["ca", "-gencrl", "-config", &conf, "-keyfile", &key, "-cert", &cert, "-out", &out];
    run("openssl", arguments).expect_success();
    CertificateList::all_from_pem_or_der(&std::fs::read(out).unwrap()).unwrap().remove(0)
}

#[test]
fn level_b_is_written_and_read() {
    let pki = Pki::new();
    for kind in ["rsa", "P-256"] {
        let signer = pki.signer(kind);
        let bytes = sign(&signer);
        with(&bytes, |signature| {
            let verified = verify_xades(signature, &|_| None, &[]).unwrap();
            assert_eq!(
                verified.signing_certificate(),
                SigningCertificateBinding::V2(DigestAlgorithm::Sha256)
            );
            let properties = verified.properties().unwrap();
            assert_eq!(properties.signing_time, Some(SIGNING_TIME));
            assert_eq!(properties.claimed_roles, ["Bác sĩ <điều trị>"]);
            assert_eq!(properties.production_place[0].1, "Hà Nội");
            let format = &properties.data_object_formats[0];
            assert_eq!(format.object_reference, "#tai-lieu");
            assert_eq!(format.mime_type.as_deref(), Some("text/xml"));
            assert!(properties.commitments[0].identifier.ends_with("ProofOfApproval"));
            assert!(verified.signature().covers(signature.document().tree().root_element()));
        });
        assert_eq!(level_of(&bytes), Some(BaselineLevel::B));
    }
}

/// Answers of signxml to one command.
fn signxml(command: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/signxml_peer.py");
    run_with_input(python(), [script.as_os_str()], command.as_bytes()).text().trim().to_owned()
}

#[test]
fn signxml_reads_ours_and_we_read_its() {
    let pki = Pki::new();
    let signer = pki.signer("rsa");
    let file = |name: &str| pki.file(name).to_str().unwrap().to_owned();
    std::fs::write(pki.file("ours.xml"), sign(&signer)).unwrap();
    let answer = signxml(&format!("verify-xades\t{}\t{}", file("rsa.pem"), file("ours.xml")));
    assert_eq!(answer, "ok");
    // It digests properties without the namespaces of the document around them.
    std::fs::write(pki.file("plain.xml"), DOCUMENT.replace(" xmlns=\"urn:ho-so\"", "")).unwrap();
    let answer = signxml(&format!(
        "sign-xades\t{}\t{}\t{}\t{}",
        file("rsa.key"),
        file("rsa.pem"),
        file("plain.xml"),
        file("theirs.xml")
    ));
    assert_eq!(answer, "ok");
    let theirs = std::fs::read(pki.file("theirs.xml")).unwrap();
    with(&theirs, |signature| {
        let verified = verify_xades(signature, &|_| None, &[]).unwrap();
        let properties = verified.properties().unwrap();
        assert_eq!(properties.claimed_roles, ["bác sĩ"]);
        assert!(properties.signing_time.is_some());
        assert_eq!(properties.data_object_formats[0].description.as_deref(), Some("hồ sơ"));
        assert_eq!(level(signature, &verified, &|_| None), Some(BaselineLevel::B));
    });
}

#[test]
fn another_certificate_of_the_same_key_does_not_stand_in() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let other = pki.certify("other", &signer.key, signer.algorithms.clone());
    let text = String::from_utf8(sign(&signer)).unwrap();
    let base64 = |signer: &Signer| {
        let pem = signer.certificate.to_pem();
        pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()
    };
    let swapped = text.replace(&base64(&signer), &base64(&other));
    assert_ne!(swapped, text);
    let found = failure(&swapped);
    assert_eq!(found, VerifyFailure::SigningCertificateMismatch);
    assert_eq!(found.indication(), FailureIndication::NoSigningCertificateFound);
}

#[test]
fn only_the_properties_that_were_signed_are_read() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let text = String::from_utf8(sign(&signer)).unwrap();
    let start = text.find("<xades:SignedProperties").unwrap();
    let end = text.find("</xades:SignedProperties>").unwrap() + "</xades:SignedProperties>".len();
    let original = &text[start..end];
    let forged =
        original.replace("chu-ky-signed-properties", "khac").replace("2026-05-01", "2020-05-01");
    // The original elsewhere, so that the reference still finds it.
    let aside = format!(
        "<ds:Object><x:a xmlns:x=\"urn:x\" xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\">{original}</x:a></ds:Object>"
    );
    let wrapped = text
        .replace(original, &forged)
        .replace("</ds:Signature>", &format!("{aside}</ds:Signature>"));
    assert_eq!(failure(&wrapped), VerifyFailure::SignedPropertiesNotCovered);
    assert_eq!(failure(&wrapped).indication(), FailureIndication::FormatFailure);
    // Twice, or of another signature.
    let object_start = text.find("<ds:Object>").unwrap();
    let object_end = text.find("</ds:Object>").unwrap() + "</ds:Object>".len();
    let object = &text[object_start..object_end];
    let twice = text.replace(
        object,
        &format!("{}{object}", object.replace("chu-ky-signed-properties", "khac")),
    );
    assert!(matches!(
        failure(&twice),
        VerifyFailure::Properties(SignatureError::UnexpectedContent(_))
    ));
    let foreign = text.replace("Target=\"#chu-ky\"", "Target=\"#khac\"");
    assert!(matches!(
        failure(&foreign),
        VerifyFailure::Properties(SignatureError::InvalidValue(_))
    ));
    // Changed where they are.
    let changed = text.replace("2026-05-01", "2020-05-01");
    assert_eq!(failure(&changed).indication(), FailureIndication::HashFailure);
}

#[test]
fn time_stamps_and_validation_data_make_the_higher_levels() {
    let pki = Pki::new();
    let signer = pki.signer("rsa");
    let tsa = pki.signer("P-384");
    let none = |_: Option<&str>| None;
    let method = exclusive();
    let b = sign(&signer);

    // T: about this signature and no other.
    let imprint = with(&b, |one| signature_imprint(one, &method, DigestAlgorithm::Sha256).unwrap());
    let token = stamp(&tsa, &imprint);
    let t = with(&b, |one| with_signature_time_stamp(one, &method, &token).unwrap());
    assert_eq!(level_of(&t), Some(BaselineLevel::T));
    let foreign = stamp(&tsa, &DigestAlgorithm::Sha256.digest(b"other"));
    let refused = with(&b, |one| with_signature_time_stamp(one, &method, &foreign).unwrap_err());
    assert_eq!(refused, AugmentError::ImprintMismatch { required: imprint });

    // LT: the status of the signer and of the time-stamping unit.
    let evidence = EmbeddedEvidence {
        certificates: vec![pki.ca.clone(), tsa.certificate.clone()],
        crls: vec![crl(&pki)],
        ocsp: Vec::new(),
    };
    let lt = with(&t, |one| with_validation_data(one, &evidence).unwrap());
    assert_eq!(level_of(&lt), Some(BaselineLevel::Lt));

    // LTA, and what a second archive time-stamp needs.
    let stamp_archive = |bytes: &[u8]| {
        with(bytes, |one| {
            let imprint =
                archive_imprint(one, None, &none, &method, DigestAlgorithm::Sha512).unwrap();
            with_archive_time_stamp(one, &none, &method, &stamp(&tsa, &imprint)).unwrap()
        })
    };
    let lta = stamp_archive(&lt);
    assert_eq!(level_of(&lta), Some(BaselineLevel::Lta));
    let more = with(&lta, |one| with_validation_data(one, &evidence).unwrap());
    let again = stamp_archive(&more);
    assert_eq!(level_of(&again), Some(BaselineLevel::Lta));
    let text = String::from_utf8(again).unwrap();
    assert_eq!(text.matches("<xades141:ArchiveTimeStamp").count(), 2);
    assert_eq!(text.matches("<xades141:TimeStampValidationData").count(), 1);

    // Every byte that was there is there still, in its order.
    let mut rest = text.as_str();
    for piece in String::from_utf8(b).unwrap().split("</xades:QualifyingProperties>") {
        let at = rest.find(piece).unwrap();
        rest = &rest[at + piece.len()..];
    }
    // An archive time-stamp covers the values before it: without them it is about something else.
    let values_start = text.find("<xades:CertificateValues").unwrap();
    let values_end =
        text.find("</xades:CertificateValues>").unwrap() + "</xades:CertificateValues>".len();
    let without = format!("{}{}", &text[..values_start], &text[values_end..]);
    assert_ne!(level_of(without.as_bytes()), Some(BaselineLevel::Lta));
}

#[test]
fn a_counter_signature_is_about_this_value() {
    let pki = Pki::new();
    let (signer, second) = (pki.signer("P-256"), pki.signer("P-384"));
    let bytes = sign(&signer);
    let mut parameters = second.parameters(second.algorithms[0], "", Vec::new());
    parameters.references.clear();
    parameters.id = Some("chu-ky-2".to_owned());
    let properties = PropertiesToSign {
        signing_time: SIGNING_TIME,
        digest: DigestAlgorithm::Sha384,
        mime_types: Vec::new(),
        claimed_roles: Vec::new(),
        city: None,
        country: None,
        commitment: None,
    };
    qualify(&mut parameters, &properties).unwrap();
    let counter_signed = with(&bytes, |signature| {
        let limits = Limits::documents();
        let prepared =
            prepare_counter_signature(signature, parameters, DigestAlgorithm::Sha384, &limits);
        second.finish(prepared.unwrap())
    });
    let counter = |bytes: &[u8]| {
        with(bytes, |signature| {
            assert!(verify_xades(signature, &|_| None, &[]).is_ok());
            let properties = unsigned_properties(signature).unwrap();
            let [(_, UnsignedProperty::CounterSignature(node))] = properties.as_slice() else {
                panic!("{properties:?}");
            };
            verify_counter_signature(signature, *node, &[])
                .map(|verified| verified.signature().certificate().clone())
        })
    };
    assert_eq!(counter(&counter_signed), Ok(second.certificate.clone()));
    // The same counter-signature at another signature of the same signer.
    let text = String::from_utf8(counter_signed).unwrap();
    let start = text.find("<xades:UnsignedProperties").unwrap();
    let end =
        text.find("</xades:UnsignedProperties>").unwrap() + "</xades:UnsignedProperties>".len();
    let other = String::from_utf8(sign(&signer)).unwrap();
    let end_tag = "</xades:QualifyingProperties>";
    let moved = other.replace(end_tag, &format!("{}{end_tag}", &text[start..end]));
    let found = counter(moved.as_bytes()).unwrap_err();
    assert_eq!(found.indication(), FailureIndication::HashFailure);
    // With the value that it is about beside it, under the identifier that it names.
    let value = text.find("<ds:SignatureValue").unwrap();
    let value_end = text.find("</ds:SignatureValue>").unwrap() + "</ds:SignatureValue>".len();
    let aside = format!("<ds:Object>{}</ds:Object></ds:Signature>", &text[value..value_end]);
    let at = moved.rfind("</ds:Signature>").unwrap();
    let wrapped = format!("{}{aside}{}", &moved[..at], &moved[at + "</ds:Signature>".len()..]);
    let wrapped = wrapped.replacen("Id=\"gia-tri\"", "Id=\"gia-tri-khac\"", 1);
    let found = with(wrapped.as_bytes(), |signature| {
        let properties = unsigned_properties(signature).unwrap();
        let Some((_, UnsignedProperty::CounterSignature(node))) = properties.first() else {
            panic!("{properties:?}");
        };
        verify_counter_signature(signature, *node, &[]).map(|_| ()).unwrap_err()
    });
    assert_eq!(found, VerifyFailure::CounterSignedValueNotCovered);
}
