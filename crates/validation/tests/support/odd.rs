//! Signatures that the library does not make: with other signed attributes, without a required one, or with a value
//! over something else.
#![allow(unreachable_pub, reason = "a module of tests")]

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
        Oddity::OtherValue => {}
    }
    let mut attributes = set_of(members);
    let value: Signature = match oddity {
        Oddity::OtherValue => world.signer.key.sign(b"something else"),
        _ => world.signer.key.sign(&attributes),
    };
    attributes[0] = tag::context(0);
    let certificate = &world.certificate;
    let digest = DigestAlgorithm::Sha256.to_algorithm_identifier().to_der();
    let signer_info = sequence(&[
        asn1::small_integer(1),
        sequence(&[
            certificate.issuer().as_der().to_vec(),
            tlv(tag::INTEGER, certificate.serial()),
        ]),
        digest.clone(),
        attributes,
        algorithm.to_algorithm_identifier().to_der(),
        tlv(tag::OCTET_STRING, value.to_der().as_bytes()),
    ]);
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

fn attribute(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    sequence(&[asn1::oid(oid), tlv(tag::SET, value)])
}
