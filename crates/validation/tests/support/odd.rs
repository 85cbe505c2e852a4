//! Signatures that the library does not make: with other signed attributes, without a required one, or with a value
//! over something else.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use kyso_cades::{Form, SignedData, SigningParameters, TimeStampToken, oid, prepare};
use kyso_x509::asn1::{self, Reader, Rules, sequence, set_of, tag, tlv};
use kyso_x509::{DigestAlgorithm, ObjectIdentifier, SignatureAlgorithm, Time};
use p256::ecdsa::Signature;
use signature::Signer as _;

use crate::world::{CONTENT, World};

/// How a signature differs from one that the library makes.
#[derive(Clone, Debug)]
pub enum Oddity {
    /// content-time-stamp (EN 319 122-1 §5.2.8).
    ContentTimeStamp(TimeStampToken),
    /// signature-policy-identifier (EN 319 122-1 §5.2.9) with this value.
    SignaturePolicy(Vec<u8>),
    /// No signing-certificate reference.
    WithoutReference,
    /// The value is one over other bytes.
    OtherValue,
    /// A counter-signature (RFC 5652 §11.4) over the signature value, one over something else, and one by a stranger.
    CounterSigned,
}

/// A B-B signature with an oddity.
pub fn sign(world: &World, claimed: Time, oddity: &Oddity) -> SignedData {
    let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
    let plain = prepare(SigningParameters {
        certificate: world.certificate.clone(),
        extra_certificates: Vec::new(),
        algorithm,
        content_type: oid::DATA,
        message_digest: DigestAlgorithm::Sha256.digest(CONTENT),
        form: Form::Cades { signing_time: Some(claimed) },
    })
    .unwrap();
    let attributes = Reader::new(plain.bytes_to_sign(), Rules::Der).element().unwrap();
    let members = attributes.children().unwrap().rest().unwrap();
    let mut members: Vec<Vec<u8>> = members.iter().map(|one| one.raw().to_vec()).collect();
    match oddity {
        Oddity::ContentTimeStamp(token) => {
            members.push(attribute(oid::CONTENT_TIME_STAMP, token.as_received()));
        }
        Oddity::SignaturePolicy(value) => {
            members.push(attribute(oid::SIGNATURE_POLICY_IDENTIFIER, value));
        }
        Oddity::WithoutReference => {
            let reference = asn1::oid(oid::SIGNING_CERTIFICATE_V2);
            members.retain(|one| !one.windows(reference.len()).any(|part| part == reference));
        }
        Oddity::OtherValue | Oddity::CounterSigned => {}
    }
    let mut attributes = set_of(members);
    let value: Signature = match oddity {
        Oddity::OtherValue => world.signer.key.sign(b"something else"),
        _ => world.signer.key.sign(&attributes),
    };
    attributes[0] = tag::context(0);
    let certificate = &world.certificate;
    let digest = DigestAlgorithm::Sha256.to_algorithm_identifier().to_der();
    let mut fields = vec![
        asn1::small_integer(1),
        sequence(&[
            certificate.issuer().as_der().to_vec(),
            tlv(tag::INTEGER, certificate.serial()),
        ]),
        digest.clone(),
        attributes,
        algorithm.to_algorithm_identifier().to_der(),
        tlv(tag::OCTET_STRING, value.to_der().as_bytes()),
    ];
    if matches!(oddity, Oddity::CounterSigned) {
        let over = |content: &[u8], serial: &[u8]| {
            let counter = counter_signature(world, content, serial);
            attribute(oid::COUNTER_SIGNATURE, &counter)
        };
        let all = [
            over(value.to_der().as_bytes(), certificate.serial()),
            over(b"another value", certificate.serial()),
            over(value.to_der().as_bytes(), &[99]),
        ];
        fields.push(tlv(tag::context(1), &all.concat()));
    }
    let signer_info = sequence(&fields);
    let certificates = [certificate.as_der(), world.authority_certificate.as_der()].concat();
    let signed_data = sequence(&[
        asn1::small_integer(1),
        tlv(tag::SET, &digest),
        sequence(&[asn1::oid(oid::DATA)]),
        tlv(tag::context(0), &certificates),
        tlv(tag::SET, &signer_info),
    ]);
    let whole = sequence(&[asn1::oid(oid::SIGNED_DATA), tlv(tag::context(0), &signed_data)]);
    SignedData::from_ber(&whole).unwrap()
}

/// By the signer's key, under a certificate of the authority with this serial number.
fn counter_signature(world: &World, content: &[u8], serial: &[u8]) -> Vec<u8> {
    let digest = DigestAlgorithm::Sha256.digest(content);
    let stated = tlv(tag::OCTET_STRING, digest.as_bytes());
    let mut attributes = set_of(vec![attribute(oid::MESSAGE_DIGEST, &stated)]);
    let value: Signature = world.signer.key.sign(&attributes);
    attributes[0] = tag::context(0);
    let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
    sequence(&[
        asn1::small_integer(1),
        sequence(&[world.certificate.issuer().as_der().to_vec(), tlv(tag::INTEGER, serial)]),
        DigestAlgorithm::Sha256.to_algorithm_identifier().to_der(),
        attributes,
        algorithm.to_algorithm_identifier().to_der(),
        tlv(tag::OCTET_STRING, value.to_der().as_bytes()),
    ])
}

fn attribute(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[asn1::oid(oid), tlv(tag::SET, value)])
}
