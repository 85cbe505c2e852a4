//! Attached signatures by others: their content is hashed as it passes, before it is known what time-stamps need.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;

use kyso::validation::evidence::Evidence;
use kyso::verify::{Options, trust_in, verify_bytes};
use kyso_cades::{
    ContentDigests, Form, SignedData, SigningParameters, TimeStampToken, oid, prepare,
};
use kyso_testkit::pki::tsp::Token;
use kyso_testkit::pki::{Entity, Hash, Key, Template};
use kyso_testkit::subject::Subject as TestSubject;
use kyso_x509::DigestAlgorithm::{self, Sha256, Sha512};
use kyso_x509::asn1::{Reader, Rules, constructed, sequence, set_of, tag};
use kyso_x509::{SignatureAlgorithm, SignatureValue, TrustAnchor};
use mint::{DAY, NEW_YEAR, Subject, day};
use p256::ecdsa::Signature;
use signature::Signer as _;

const CONTENT: &[u8] = b"the document";

fn signed(signer: &Subject) -> SignedData {
    let to_be_signed = prepare(SigningParameters {
        certificate: signer.self_signed(),
        extra_certificates: Vec::new(),
        algorithm: SignatureAlgorithm::Ecdsa(Sha256),
        content_type: oid::DATA,
        message_digest: Sha256.digest(CONTENT),
        form: Form::Cades { signing_time: Some(day(12)) },
    })
    .expect("prepared");
    let signature: Signature = signer.key.sign(to_be_signed.bytes_to_sign());
    let value = SignatureValue::from_bytes(signature.to_der().as_bytes().to_vec());
    let attached = to_be_signed.finish_attached(&value, CONTENT.len() as u64);
    let whole = [attached.prefix(), CONTENT, attached.suffix()].concat();
    SignedData::from_ber(&whole).expect("a signature")
}

/// The same with a single member of digestAlgorithms, which no signature covers.
fn announcing_one_digest(der: &[u8]) -> Vec<u8> {
    let whole = Reader::new(der, Rules::Der).element().expect("ContentInfo");
    let info = whole.children().and_then(Reader::rest).expect("its fields");
    let inner = info[1].only_child().expect("SignedData");
    let fields = inner.children().and_then(Reader::rest).expect("its fields");
    let algorithms = fields[1].children().and_then(Reader::rest).expect("digestAlgorithms");
    let mut raw: Vec<Vec<u8>> = fields.iter().map(|field| field.raw().to_vec()).collect();
    raw[1] = set_of(vec![algorithms[0].raw().to_vec()]);
    let explicit = constructed(tag::context(0), &[sequence(&raw)]);
    sequence(&[info[0].raw().to_vec(), explicit])
}

#[test]
fn an_archive_time_stamp_may_use_a_digest_that_was_not_announced() {
    let signer = Subject::new("Signer", 3);
    let signed = signed(&signer);
    let digests = ContentDigests::of_bytes(&DigestAlgorithm::ALL, CONTENT);
    let archive = signed.prepare_archive_time_stamp(0, Sha512, &digests).expect("prepared");
    let (from, to) = (NEW_YEAR, NEW_YEAR + 300 * DAY);
    let subject = TestSubject::new().common_name("Time");
    let authority = Entity::root(&Template::time_stamping(&subject, from, to), Key::seeded(9));
    let token = Token::new(Hash::Sha512, archive.imprint().as_bytes(), NEW_YEAR + 20 * DAY)
        .carrying(&authority.certificate)
        .signed_by(&authority);
    let token = TimeStampToken::from_ber(&token).expect("a token");
    let archived = archive.finish(signed, &token).expect("B-LTA").to_der().expect("held content");
    let archived = announcing_one_digest(&archived);
    let read = SignedData::from_ber(&archived).expect("a signature");
    assert_eq!(read.digest_algorithms().len(), 1);
    assert_eq!(read.content_digest_algorithms(), [Sha256, Sha512]);

    let anchors = [signer.self_signed().as_der(), &authority.certificate].map(|der| {
        TrustAnchor::from_certificate(kyso_x509::Certificate::from_der(der).expect("an anchor"))
    });
    let trust = trust_in(anchors.to_vec(), Vec::new());
    let evidence = Evidence::default();
    let options = Options {
        trust: &trust,
        evidence: &evidence,
        policy: None,
        validation_time: day(30),
        content: None,
        paths: None,
        password: None,
    };
    let report = verify_bytes(&archived, "a.p7m", &options).expect("a report");
    let archive = &report.signatures[0].timestamps[0];
    assert_eq!(archive.indication.to_string(), "TOTAL-PASSED", "{report:#?}");
}
