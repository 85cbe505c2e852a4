//! Signatures that must not verify: altered bytes, and structures that say something else than was signed.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{
    Attribute, ContentDigests, FailureIndication, Form, SignatureLevel, SignaturePolicyError,
    SignaturePolicyIdentifier, SignedData, SigningParameters, VerifiedSignature, VerifyFailure,
    oid, prepare, verify_counter_signature, verify_signer,
};
use kyso_x509::asn1::{self, Reader, Rules, tag};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, ObjectIdentifier, SignatureAlgorithm};
use proptest::prelude::*;
use std::sync::LazyLock;
use support::{KeyKind, Pki, SIGNING_TIME, Signer, openssl};

const CONTENT: &[u8] = b"Pay one million to the bearer.";

fn verify(cms: &[u8], content: &[u8]) -> Result<VerifiedSignature, VerifyFailure> {
    let signed_data = SignedData::from_ber(cms).unwrap();
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), content);
    verify_signer(&signed_data, 0, &digests, &[])
}

fn indication(cms: &[u8], content: &[u8]) -> FailureIndication {
    verify(cms, content).unwrap_err().indication()
}

/// A SignerInfo taken apart, to be put together as an attacker likes.
#[derive(Clone)]
struct Forgery {
    content_type: ObjectIdentifier,
    certificates: Vec<Vec<u8>>,
    sid: Vec<u8>,
    digest_algorithm: Vec<u8>,
    signed_attributes: Option<Vec<u8>>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    unsigned_attributes: Vec<Vec<u8>>,
}

impl Forgery {
    fn of(cms: &[u8]) -> Self {
        let signed_data = SignedData::from_ber(cms).unwrap();
        let signer = &signed_data.signer_infos()[0];
        let element = Reader::new(signer.as_received(), Rules::Der).element().unwrap();
        let fields = element.children().unwrap().rest().unwrap();
        Self {
            content_type: signed_data.content_type(),
            certificates: signed_data.raw_certificates().to_vec(),
            sid: fields[1].raw().to_vec(),
            digest_algorithm: signer.digest_algorithm().to_der(),
            signed_attributes: signer
                .signed_attributes()
                .map(|attributes| attributes.as_der().to_vec()),
            signature_algorithm: signer.signature_algorithm().to_der(),
            signature: signer.signature().to_vec(),
            unsigned_attributes: Vec::new(),
        }
    }

    /// Signs these attributes honestly.
    fn with_attributes(mut self, signer: &Signer, attributes: Vec<Vec<u8>>) -> Self {
        let set = asn1::set_of(attributes);
        let value = signer.sign(signer.algorithms()[0], &set);
        self.signature = value.as_bytes().to_vec();
        self.signed_attributes = Some(set);
        self
    }

    fn signer_info(&self) -> Vec<u8> {
        let mut fields =
            vec![asn1::small_integer(1), self.sid.clone(), self.digest_algorithm.clone()];
        if let Some(attributes) = &self.signed_attributes {
            let mut retagged = attributes.clone();
            retagged[0] = tag::context(0);
            fields.push(retagged);
        }
        fields.push(self.signature_algorithm.clone());
        fields.push(asn1::tlv(tag::OCTET_STRING, &self.signature));
        if !self.unsigned_attributes.is_empty() {
            fields.push(asn1::constructed(tag::context(1), &self.unsigned_attributes));
        }
        asn1::sequence(&fields)
    }

    fn to_cms(&self) -> Vec<u8> {
        let signed_data = asn1::sequence(&[
            asn1::small_integer(1),
            asn1::tlv(tag::SET, &self.digest_algorithm),
            asn1::sequence(&[asn1::oid(self.content_type)]),
            asn1::constructed(tag::context(0), &self.certificates),
            asn1::tlv(tag::SET, &self.signer_info()),
        ]);
        asn1::sequence(&[asn1::oid(oid::SIGNED_DATA), asn1::tlv(tag::context(0), &signed_data)])
    }
}

fn attribute(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    asn1::sequence(&[asn1::oid(oid), asn1::tlv(tag::SET, value)])
}

fn content_type(oid: ObjectIdentifier) -> Vec<u8> {
    attribute(oid::CONTENT_TYPE, &asn1::oid(oid))
}

fn message_digest(digest: &Digest) -> Vec<u8> {
    attribute(oid::MESSAGE_DIGEST, &asn1::tlv(tag::OCTET_STRING, digest.as_bytes()))
}

fn honest_attributes(cms: &[u8]) -> Vec<Attribute> {
    let signed_data = SignedData::from_ber(cms).unwrap();
    let attributes = signed_data.signer_infos()[0].signed_attributes().unwrap();
    attributes.list().to_vec()
}

fn to_der(attributes: &[Attribute]) -> Vec<Vec<u8>> {
    attributes.iter().map(|one| attribute(one.oid, &one.values[0])).collect()
}

struct Fixture {
    pki: Pki,
    signer: Signer,
    cms: Vec<u8>,
}

static P256: LazyLock<Fixture> = LazyLock::new(|| {
    let pki = Pki::new();
    let signer = pki.signer("p256", KeyKind::P256);
    let cms = signer.detached(CONTENT);
    Fixture { pki, signer, cms }
});

/// The range of bytes of `part` in `whole`.
fn range_of(whole: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let start = whole.windows(part.len()).position(|window| window == part);
    let start = start.unwrap();
    start..start + part.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_flipped_bit_of_the_content_is_a_hash_failure(
        position in 0..CONTENT.len(),
        bit in 0..8_u8,
    ) {
        let mut content = CONTENT.to_vec();
        content[position] ^= 1 << bit;
        prop_assert_eq!(indication(&P256.cms, &content), FailureIndication::HashFailure);
    }

    #[test]
    fn any_flipped_bit_of_the_signer_info_verifies_nothing(seed: usize, bit in 0..8_u8) {
        let signed_data = SignedData::from_ber(&P256.cms).unwrap();
        let range = range_of(&P256.cms, signed_data.signer_infos()[0].as_received());
        let mut cms = P256.cms.clone();
        let position = range.start + seed % range.len();
        cms[position] ^= 1 << bit;
        if let Ok(signed_data) = SignedData::from_ber(&cms) {
            // Both of the digests that a flip can turn the algorithm into are on offer.
            let digests = ContentDigests::of_bytes(&DigestAlgorithm::ALL, CONTENT);
            match verify_signer(&signed_data, 0, &digests, &[]) {
                Err(_) => {}
                // The version number and the case of letters in the issuer's name are covered by nothing.
                Ok(verified) => {
                    let untouched = SignedData::from_ber(&P256.cms).unwrap();
                    let (one, other) =
                        (&untouched.signer_infos()[0], &signed_data.signer_infos()[0]);
                    prop_assert_eq!(one.signed_attributes(), other.signed_attributes());
                    prop_assert_eq!(one.signature(), other.signature());
                    prop_assert_eq!(verified.certificate(), &P256.signer.certificate);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = SignedData::from_ber(&bytes);
        let _ = Certificate::from_der(&bytes);
    }

    #[test]
    fn damaged_structures_do_not_panic(seed: usize, value: u8, cut in 0..2_usize) {
        let mut cms = P256.cms.clone();
        let position = seed % cms.len();
        cms[position] = value;
        if cut == 1 {
            cms.truncate(position);
        }
        if let Ok(signed_data) = SignedData::from_ber(&cms) {
            let digests = ContentDigests::of_bytes(&DigestAlgorithm::ALL, CONTENT);
            let _ = verify_signer(&signed_data, 0, &digests, &[]);
        }
    }
}

#[test]
fn every_flipped_byte_of_attributes_and_value_is_refused() {
    let signed_data = SignedData::from_ber(&P256.cms).unwrap();
    let signer = &signed_data.signer_infos()[0];
    // The header of the attributes is retagged when hashed, so only what is inside is searched for.
    let attributes = &signer.signed_attributes().unwrap().as_der()[3..];
    for part in [attributes, signer.signature()] {
        for position in range_of(&P256.cms, part) {
            let mut cms = P256.cms.clone();
            cms[position] ^= 0x01;
            if let Ok(signed_data) = SignedData::from_ber(&cms) {
                let digests = ContentDigests::of_bytes(&DigestAlgorithm::ALL, CONTENT);
                assert!(verify_signer(&signed_data, 0, &digests, &[]).is_err(), "byte {position}");
            }
        }
    }
}

#[test]
fn signed_attributes_presented_as_content() {
    // The signature really covers these bytes, but the signer signed another document.
    let mut forgery = Forgery::of(&P256.cms);
    let content = forgery.signed_attributes.take().unwrap();
    assert_eq!(
        verify(&forgery.to_cms(), &content).unwrap_err(),
        VerifyFailure::ContentResemblesSignedAttributes
    );
    // Where only a digest came, nobody could see that.
    let signed_data = SignedData::from_ber(&forgery.to_cms()).unwrap();
    let digests = ContentDigests::from_digests(vec![DigestAlgorithm::Sha256.digest(&content)]);
    let failure = verify_signer(&signed_data, 0, &digests, &[]).unwrap_err();
    assert_eq!(failure, VerifyFailure::ContentNotInspected);
    assert_eq!(failure.indication(), FailureIndication::FormatFailure);
    // OpenSSL takes it.
    P256.pki.write("forged.p7s", &forgery.to_cms());
    P256.pki.write("forged.bin", &content);
    let arguments = [
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "forged.p7s",
        "-content",
        "forged.bin",
        "-CAfile",
        "ca.pem",
        "-purpose",
        "any",
    ];
    openssl(P256.pki.path(), &arguments);
}

#[test]
fn bare_content_of_another_type_needs_attributes() {
    let mut forgery = Forgery::of(&P256.cms);
    let value = P256.signer.sign(P256.signer.algorithms()[0], CONTENT);
    forgery.signature = value.as_bytes().to_vec();
    forgery.signed_attributes = None;
    let verified = verify(&forgery.to_cms(), CONTENT).unwrap();
    assert_eq!(verified.level(), SignatureLevel::Cms);
    assert!(!verified.has_signed_attributes());
    // id-ct-TSTInfo.
    forgery.content_type = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
    assert_eq!(
        verify(&forgery.to_cms(), CONTENT).unwrap_err(),
        VerifyFailure::SignedAttributesRequired { content_type: forgery.content_type }
    );
}

#[test]
fn attributes_missing_doubled_or_of_another_content_type() {
    let honest = Forgery::of(&P256.cms);
    let digest = DigestAlgorithm::Sha256.digest(CONTENT);
    let forge = |attributes: Vec<Vec<u8>>| {
        let forgery = honest.clone().with_attributes(&P256.signer, attributes);
        verify(&forgery.to_cms(), CONTENT)
    };
    assert_eq!(
        forge(vec![message_digest(&digest)]).unwrap_err(),
        VerifyFailure::MissingAttribute { oid: oid::CONTENT_TYPE }
    );
    assert_eq!(
        forge(vec![content_type(oid::DATA)]).unwrap_err(),
        VerifyFailure::MissingAttribute { oid: oid::MESSAGE_DIGEST }
    );
    assert_eq!(
        forge(vec![content_type(oid::SIGNED_DATA), message_digest(&digest)]).unwrap_err(),
        VerifyFailure::ContentTypeMismatch { attribute: oid::SIGNED_DATA, encapsulated: oid::DATA }
    );
    let other = DigestAlgorithm::Sha256.digest(b"other");
    assert_eq!(
        forge(vec![content_type(oid::DATA), message_digest(&digest), message_digest(&other)])
            .unwrap_err(),
        VerifyFailure::NotSingleValued { oid: oid::MESSAGE_DIGEST }
    );
    // Without the binding it verifies, as what it is.
    let verified = forge(vec![content_type(oid::DATA), message_digest(&digest)]).unwrap();
    assert_eq!(verified.level(), SignatureLevel::Cms);
}

#[test]
fn another_certificate_with_the_same_key_is_not_the_signer() {
    let Fixture { pki, cms, .. } = &*P256;
    let twin = pki.certify("twin", "p256", KeyKind::P256);
    // The attacker has sid name the twin, whose key verifies the value.
    let mut forgery = Forgery::of(cms);
    forgery.certificates = vec![twin.certificate.as_der().to_vec()];
    forgery.sid = asn1::sequence(&[
        twin.certificate.issuer().as_der().to_vec(),
        asn1::tlv(tag::INTEGER, twin.certificate.serial()),
    ]);
    let failure = verify(&forgery.to_cms(), CONTENT).unwrap_err();
    assert!(matches!(failure, VerifyFailure::SigningCertificateMismatch { .. }));
    assert_eq!(failure.indication(), FailureIndication::NoSigningCertificateFound);
    // Without the binding it passes as bare CMS, which no policy for advanced signatures accepts.
    let attributes: Vec<_> = honest_attributes(cms)
        .into_iter()
        .filter(|attribute| attribute.oid != oid::SIGNING_CERTIFICATE_V2)
        .collect();
    let unbound = forgery.with_attributes(&P256.signer, to_der(&attributes));
    let verified = verify(&unbound.to_cms(), CONTENT).unwrap();
    assert_eq!(verified.level(), SignatureLevel::Cms);
}

#[test]
fn algorithm_fields_must_agree() {
    let honest = Forgery::of(&P256.cms);
    // digestAlgorithm is not that of the signature.
    let mut forgery = honest.clone();
    forgery.digest_algorithm = DigestAlgorithm::Sha512.to_algorithm_identifier().to_der();
    assert_eq!(
        verify(&forgery.to_cms(), CONTENT).unwrap_err(),
        VerifyFailure::AlgorithmsDisagree {
            stated: DigestAlgorithm::Sha512,
            required: DigestAlgorithm::Sha256
        }
    );
    // Both are changed together: RFC 6211's attribute still says what was signed.
    let sha512 = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha512);
    forgery.signature_algorithm = sha512.to_algorithm_identifier().to_der();
    assert_eq!(
        verify(&forgery.to_cms(), CONTENT).unwrap_err(),
        VerifyFailure::AlgorithmProtectionMismatch
    );
    // An algorithm of another kind of key.
    let mut forgery = honest.clone();
    let attributes: Vec<_> = honest_attributes(&P256.cms)
        .into_iter()
        .filter(|attribute| attribute.oid != oid::CMS_ALGORITHM_PROTECTION)
        .collect();
    forgery = forgery.with_attributes(&P256.signer, to_der(&attributes));
    let rsa = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
    forgery.signature_algorithm = rsa.to_algorithm_identifier().to_der();
    assert_eq!(indication(&forgery.to_cms(), CONTENT), FailureIndication::SigCryptoFailure);
    // Something that is no signature algorithm: HMAC with SHA-256.
    let hmac = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
    forgery.signature_algorithm = asn1::sequence(&[asn1::oid(hmac)]);
    assert_eq!(indication(&forgery.to_cms(), CONTENT), FailureIndication::CryptoConstraintsFailure);
}

#[test]
fn weakened_pss_parameters_are_refused() {
    let signer = P256.pki.signer("rsa", KeyKind::Rsa);
    let algorithm = SignatureAlgorithm::rsa_pss(DigestAlgorithm::Sha256);
    let to_be_signed = signer.prepare_for(algorithm, CONTENT);
    let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let cms = to_be_signed.finish_detached(&value);
    verify(&cms, CONTENT).unwrap();
    let weak = [
        SignatureAlgorithm::RsaPss {
            digest: DigestAlgorithm::Sha256,
            mgf1_digest: DigestAlgorithm::Sha1ForLegacyUseOnly,
            salt_len: 32,
        },
        SignatureAlgorithm::RsaPss {
            digest: DigestAlgorithm::Sha256,
            mgf1_digest: DigestAlgorithm::Sha256,
            salt_len: 0,
        },
    ];
    for algorithm in weak {
        let mut forgery = Forgery::of(&cms);
        forgery.signature_algorithm = algorithm.to_algorithm_identifier().to_der();
        assert_eq!(
            verify(&forgery.to_cms(), CONTENT).unwrap_err(),
            VerifyFailure::AlgorithmProtectionMismatch
        );
    }
}

#[test]
fn attributes_in_ber_are_hashed_as_der() {
    // A signer that wrote the attributes unsorted and padded, over the DER that RFC 5652 demands.
    let honest = Forgery::of(&P256.cms);
    let der = honest.signed_attributes.clone().unwrap();
    let element = Reader::new(&der, Rules::Der).element().unwrap();
    let mut attributes: Vec<_> = element.children().unwrap().rest().unwrap();
    attributes.reverse();
    let mut value: Vec<u8> = attributes.iter().flat_map(|one| one.raw()).copied().collect();
    value.splice(0..0, [tag::SET, 0x83, 0, 0, 0]);
    let len = u16::try_from(value.len() - 5).unwrap().to_be_bytes();
    value[3..5].copy_from_slice(&len);
    let mut forgery = honest;
    forgery.signed_attributes = Some(value);
    let cms = forgery.to_cms();
    let signed_data = SignedData::from_ber(&cms).unwrap();
    let attributes = signed_data.signer_infos()[0].signed_attributes().unwrap();
    assert!(!attributes.received_as_der());
    assert_eq!(attributes.as_der(), der);
    verify(&cms, CONTENT).unwrap();
}

#[test]
fn counter_signatures_are_recognised_and_verified() {
    let signer = P256.pki.signer("witness", KeyKind::P256);
    let mut forgery = Forgery::of(&P256.cms);
    let counter = |content: &[u8]| {
        let mut part = Forgery::of(&signer.detached(CONTENT));
        let digest = DigestAlgorithm::Sha256.digest(content);
        part = part.with_attributes(&signer, vec![message_digest(&digest)]);
        part.signer_info()
    };
    forgery.certificates.push(signer.certificate.as_der().to_vec());
    forgery.unsigned_attributes = vec![
        attribute(oid::COUNTER_SIGNATURE, &counter(&forgery.signature)),
        attribute(oid::COUNTER_SIGNATURE, &counter(b"another signature")),
        attribute(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1"), &asn1::NULL),
    ];
    let cms = forgery.to_cms();
    verify(&cms, CONTENT).unwrap();
    let signed_data = SignedData::from_ber(&cms).unwrap();
    let parent = &signed_data.signer_infos()[0];
    assert_eq!(parent.unsigned_attributes().len(), 3);
    assert_eq!(parent.counter_signatures().len(), 2);
    let verified = verify_counter_signature(&signed_data, 0, 0, &[]).unwrap();
    assert_eq!(verified.certificate(), &signer.certificate);
    assert_eq!(
        verify_counter_signature(&signed_data, 0, 1, &[]).unwrap_err().indication(),
        FailureIndication::HashFailure
    );
}

#[test]
fn trailing_bytes_are_padding_only_where_they_may_be() {
    let mut padded = P256.cms.clone();
    padded.extend([0; 100]);
    assert!(SignedData::from_ber(&padded).is_err());
    assert_eq!(SignedData::from_padded_ber(&padded), SignedData::from_ber(&P256.cms));
    padded.push(1);
    assert!(SignedData::from_padded_ber(&padded).is_err());
}

#[test]
fn pades_form_has_no_signing_time_and_no_more_than_it_may() {
    let algorithm = P256.signer.algorithms()[0];
    let to_be_signed = prepare(SigningParameters {
        certificate: P256.signer.certificate.clone(),
        extra_certificates: vec![P256.pki.ca.clone()],
        algorithm,
        content_type: oid::DATA,
        message_digest: DigestAlgorithm::Sha256.digest(CONTENT),
        form: Form::Pades,
    })
    .unwrap();
    let value = P256.signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let cms = to_be_signed.finish_detached(&value);
    let mut found: Vec<_> = honest_attributes(&cms).iter().map(|one| one.oid).collect();
    found.sort();
    let mut expected = vec![oid::CONTENT_TYPE, oid::MESSAGE_DIGEST, oid::SIGNING_CERTIFICATE_V2];
    expected.sort();
    assert_eq!(found, expected);
    let verified = verify(&cms, CONTENT).unwrap();
    assert_eq!(verified.level(), SignatureLevel::CadesEBes);
    assert_eq!(verified.signing_time(), None);
    assert_eq!(SignedData::from_ber(&cms).unwrap().certificates().len(), 2);
}

#[test]
fn what_does_not_fit_is_not_prepared() {
    use kyso_cades::PrepareError;
    let parameters = |algorithm, digest| SigningParameters {
        certificate: P256.signer.certificate.clone(),
        extra_certificates: Vec::new(),
        algorithm,
        content_type: oid::DATA,
        message_digest: digest,
        form: Form::Cades { signing_time: Some(SIGNING_TIME) },
    };
    let sha256 = DigestAlgorithm::Sha256.digest(CONTENT);
    let rsa = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
    assert!(matches!(prepare(parameters(rsa, sha256)), Err(PrepareError::AlgorithmMismatch(_))));
    let sha1 = DigestAlgorithm::Sha1ForLegacyUseOnly;
    assert!(matches!(
        prepare(parameters(SignatureAlgorithm::Ecdsa(sha1), sha1.digest(CONTENT))),
        Err(PrepareError::WeakDigest { .. })
    ));
    let sha384 = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384);
    assert!(matches!(
        prepare(parameters(sha384, sha256)),
        Err(PrepareError::DigestMismatch { .. })
    ));
}

#[test]
fn ed25519_signs_the_attributes_themselves() {
    let signer = P256.pki.signer("ed", KeyKind::Ed25519);
    let algorithm = SignatureAlgorithm::Ed25519;
    let to_be_signed = signer.prepare_for(algorithm, CONTENT);
    assert_eq!(to_be_signed.digest(), None);
    let cms = signer.detached(CONTENT);
    let verified = verify(&cms, CONTENT).unwrap();
    assert_eq!(verified.message_digest().algorithm(), DigestAlgorithm::Sha512);
    assert_eq!(indication(&cms, b"another"), FailureIndication::HashFailure);
    // RFC 8419 §3.1: no other digest, and over bare content no digest at all.
    let mut forgery = Forgery::of(&cms);
    forgery.digest_algorithm = DigestAlgorithm::Sha256.to_algorithm_identifier().to_der();
    assert_eq!(indication(&forgery.to_cms(), CONTENT), FailureIndication::SigCryptoFailure);
    let mut forgery = Forgery::of(&cms);
    forgery.signed_attributes = None;
    assert!(matches!(
        verify(&forgery.to_cms(), CONTENT),
        Err(VerifyFailure::UnsupportedCombination { .. })
    ));
}

/// The signature with one more signed attribute.
fn with_signed_attribute(oid: ObjectIdentifier, value: &[u8]) -> SignedData {
    let mut attributes = to_der(&honest_attributes(&P256.cms));
    attributes.push(attribute(oid, value));
    let forgery = Forgery::of(&P256.cms).with_attributes(&P256.signer, attributes);
    SignedData::from_ber(&forgery.to_cms()).unwrap()
}

#[test]
fn the_signature_policy_is_read_and_changes_nothing_else() {
    let read = |value: &[u8]| {
        let signed_data = with_signed_attribute(oid::SIGNATURE_POLICY_IDENTIFIER, value);
        let digests = ContentDigests::of_bytes(&DigestAlgorithm::ALL, CONTENT);
        verify_signer(&signed_data, 0, &digests, &[]).unwrap();
        signed_data.signer_infos()[0].signature_policy()
    };
    let id = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1");
    let digest = DigestAlgorithm::Sha256.digest(b"the policy");
    let hash = |value: &[u8]| {
        asn1::sequence(&[
            DigestAlgorithm::Sha256.to_algorithm_identifier().to_der(),
            asn1::tlv(tag::OCTET_STRING, value),
        ])
    };
    let uri = asn1::sequence(&[asn1::sequence(&[
        asn1::oid(oid::SIGNATURE_POLICY_URI),
        asn1::tlv(tag::IA5_STRING, b"https://example.vn/policy.pdf"),
    ])]);
    let named = |digest, uri: Option<&str>| {
        Ok(Some(SignaturePolicyIdentifier::Named { oid: id, digest, uri: uri.map(str::to_owned) }))
    };
    assert_eq!(
        read(&asn1::sequence(&[asn1::oid(id), hash(digest.as_bytes()), uri])),
        named(Some(Ok(digest)), Some("https://example.vn/policy.pdf"))
    );
    assert_eq!(read(&asn1::sequence(&[asn1::oid(id), hash(&[0; 32])])), named(None, None));
    assert_eq!(read(&asn1::sequence(&[asn1::oid(id)])), named(None, None));
    assert_eq!(read(&asn1::NULL), Ok(Some(SignaturePolicyIdentifier::Implied)));
    assert_eq!(
        read(&asn1::sequence(&[asn1::oid(id), hash(b"short")])),
        Err(SignaturePolicyError::DigestLength { len: 5 })
    );
    let two = [asn1::NULL.to_vec(), asn1::NULL.to_vec()].concat();
    assert_eq!(read(&two), Err(SignaturePolicyError::NotSingleValued));
    let none = SignedData::from_ber(&P256.cms).unwrap();
    assert_eq!(none.signer_infos()[0].signature_policy(), Ok(None));
}

#[test]
fn what_the_signer_commits_to_is_read() {
    let approval = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.6.5");
    let value = asn1::sequence(&[asn1::oid(approval)]);
    let signed_data = with_signed_attribute(oid::COMMITMENT_TYPE, &value);
    assert_eq!(signed_data.signer_infos()[0].commitment_types(), vec![approval]);
}

#[test]
fn a_content_time_stamp_asks_for_its_own_digest_of_the_content() {
    let tsa = P256.pki.tsa();
    let imprint = DigestAlgorithm::Sha512.digest(CONTENT);
    let token = tsa.stamp(&imprint);
    let signed_data = with_signed_attribute(oid::CONTENT_TIME_STAMP, token.as_received());
    let algorithms = signed_data.content_digest_algorithms();
    assert_eq!(algorithms, vec![DigestAlgorithm::Sha256, DigestAlgorithm::Sha512]);
    let digests = ContentDigests::of_bytes(&algorithms, CONTENT);
    verify_signer(&signed_data, 0, &digests, &[]).unwrap();
    let tokens = signed_data.signer_infos()[0].content_time_stamps();
    assert_eq!(tokens, vec![Ok(token.clone())]);
    assert_eq!(digests.find(DigestAlgorithm::Sha512), Some(token.info().message_imprint()));
    assert!(signed_data.embedded_evidence(0).certificates.contains(&tsa.certificate));
}
