//! Augmentation to B-T, B-LT and B-LTA, its renewal, and what an archive time-stamp no longer covers once it changed.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{
    ArchiveFailure, AugmentError, BaselineLevel, ContentDigests, EmbeddedEvidence, IndexedKind,
    LegacyArchive, ReadLimits, RevocationValues, RewriteError, SignedData, TimeStampResponse,
    TimeStampToken, VerifiedSignature, archive_coverage, archive_imprint, level, oid,
    read_signed_data, signature_imprint, verify_archive_time_stamp, verify_signer, verify_token,
};
use kyso_x509::DigestAlgorithm::{Sha256, Sha512};
use kyso_x509::asn1::{self, Reader, Rules, tag};
use kyso_x509::{Certificate, DigestAlgorithm, ObjectIdentifier};
use proptest::prelude::*;
use std::ops::Range;
use std::process::Command;
use std::sync::LazyLock;
use support::tsa::{request, to_indefinite};
use support::{KeyKind, Pki, Signer, openssl};

const CONTENT: &[u8] = b"The hospital buys two hundred beds.";

struct Fixture {
    pki: Pki,
    signer: Signer,
    tsa: Signer,
    evidence: EmbeddedEvidence,
    basic: SignedData,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let pki = Pki::new();
    let signer = pki.signer("p256", KeyKind::P256);
    let tsa = pki.tsa();
    let evidence = EmbeddedEvidence {
        certificates: vec![pki.ca.clone(), tsa.certificate.clone()],
        crls: vec![pki.crl()],
        ocsp: vec![pki.ocsp(&signer.certificate)],
    };
    let basic = SignedData::from_ber(&signer.detached(CONTENT)).unwrap();
    Fixture { pki, signer, tsa, evidence, basic }
});

fn digests() -> ContentDigests {
    ContentDigests::of_bytes(&DigestAlgorithm::ALL, CONTENT)
}

fn stamped(signed_data: SignedData, index: usize) -> SignedData {
    let imprint = signature_imprint(&signed_data.signer_infos()[index], Sha256);
    let token = FIXTURE.tsa.stamp_at(&imprint, "20260501000001Z");
    signed_data.with_signature_time_stamp(index, &token).unwrap()
}

fn archived(signed_data: SignedData, index: usize, algorithm: DigestAlgorithm) -> SignedData {
    let archive = signed_data.prepare_archive_time_stamp(index, algorithm, &digests()).unwrap();
    let token = FIXTURE.tsa.stamp_at(archive.imprint(), "20260501000002Z");
    archive.finish(signed_data, &token).unwrap()
}

fn lt(signed_data: SignedData, index: usize) -> SignedData {
    stamped(signed_data, index).with_validation_data(index, &FIXTURE.evidence).unwrap()
}

fn reread(signed_data: &SignedData) -> SignedData {
    SignedData::from_ber(&signed_data.to_der().unwrap()).unwrap()
}

fn verified(signed_data: &SignedData, index: usize) -> VerifiedSignature {
    verify_signer(signed_data, index, &digests(), &[]).unwrap()
}

fn level_of(signed_data: &SignedData, index: usize) -> Option<BaselineLevel> {
    level(signed_data, index, &verified(signed_data, index), &digests())
}

fn archive_of(signed_data: &SignedData, index: usize) -> TimeStampToken {
    signed_data.signer_infos()[index].archive_time_stamps().pop().unwrap().unwrap()
}

/// The archive time-stamp of B-LTA, its renewal and one under another digest, each level by the way.
static LTA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let lta = archived(lt(FIXTURE.basic.clone(), 0), 0, Sha256);
    lta.to_der().unwrap()
});

#[test]
fn each_step_is_the_level_that_it_makes() {
    let Fixture { pki, basic, evidence, .. } = &*FIXTURE;
    assert_eq!(level_of(basic, 0), Some(BaselineLevel::B));
    let t = reread(&stamped(basic.clone(), 0));
    assert_eq!(level_of(&t, 0), Some(BaselineLevel::T));
    let lt = reread(&t.with_validation_data(0, evidence).unwrap());
    assert_eq!(level_of(&lt, 0), Some(BaselineLevel::Lt));
    assert_eq!(lt.version(), 5);
    let lta = reread(&archived(lt.clone(), 0, Sha256));
    assert_eq!(level_of(&lta, 0), Some(BaselineLevel::Lta));
    let renewed = reread(&archived(lta.clone(), 0, Sha512));
    assert_eq!(level_of(&renewed, 0), Some(BaselineLevel::Lta));
    // Without status of the authority that stamped it is not B-LT.
    let part = EmbeddedEvidence { crls: Vec::new(), ..evidence.clone() };
    let partial = reread(&stamped(basic.clone(), 0).with_validation_data(0, &part).unwrap());
    assert_eq!(level_of(&partial, 0), Some(BaselineLevel::T));

    // The signature is what it was, for us and for OpenSSL.
    pki.write("content.bin", CONTENT);
    for (name, augmented) in [("lt", &lt), ("lta", &lta), ("renewed", &renewed)] {
        let (was, is) = (&basic.signer_infos()[0], &augmented.signer_infos()[0]);
        assert_eq!(was.signed_attributes(), is.signed_attributes());
        assert_eq!(was.signature(), is.signature());
        let file = format!("{name}.p7s");
        pki.write(&file, &augmented.to_der().unwrap());
        pki.openssl_verify(&file, Some("content.bin")).unwrap();
        let arguments = ["cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", &file];
        let text = String::from_utf8(openssl(pki.path(), &arguments)).unwrap();
        assert!(text.contains("id-smime-aa-timeStampToken"), "{text}");
    }
    let tokens = renewed.signer_infos()[0].archive_time_stamps();
    assert_eq!(tokens.len(), 2);
    for token in tokens {
        // The hash index beside it leaves the token's own signature alone.
        verify_token(&token.unwrap(), &[]).unwrap();
    }
}

#[test]
fn evidence_is_embedded_once_and_found_again() {
    let Fixture { pki, evidence, signer, tsa, .. } = &*FIXTURE;
    let lt = reread(&lt(FIXTURE.basic.clone(), 0));
    let found = lt.embedded_evidence(0);
    for certificate in [&signer.certificate, &tsa.certificate, &pki.ca] {
        assert!(found.certificates.contains(certificate), "{certificate:?}");
    }
    assert_eq!(found.crls, evidence.crls);
    assert_eq!(found.ocsp, evidence.ocsp);
    assert_eq!(lt.ocsp_responses(), evidence.ocsp);
    // The authority's certificate was in its token already.
    assert!(!lt.certificates().contains(&tsa.certificate));
    let again = lt.clone().with_validation_data(0, evidence).unwrap();
    assert_eq!(again.to_der(), lt.to_der());
}

/// What pyHanko and asn1crypto make of a signature; see the script.
fn oracle(name: &str, signed_data: &SignedData) -> String {
    let pki = &FIXTURE.pki;
    let (signature, content) = (format!("{name}.p7s"), format!("{name}.bin"));
    pki.write(&signature, &signed_data.to_der().unwrap());
    pki.write(&content, CONTENT);
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/venv/bin/python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/archive_oracle.py");
    let output = Command::new(python)
        .args([script, &signature, &content])
        .current_dir(pki.path())
        .output()
        .expect("make the foreign peers (cargo xtask setup)");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_foreign_program_computes_the_same_archive_imprints() {
    let renewed = archived(SignedData::from_ber(&LTA).unwrap(), 0, Sha512);
    // Signer, CA | CRL, OCSP | signature time-stamp, then also the first archive time-stamp.
    assert_eq!(oracle("renewed-twice", &renewed), "sha256 [2, 2, 1]\nsha512 [2, 2, 2]\n");
}

#[test]
fn a_foreign_authority_takes_a_signature_to_b_lta() {
    let Fixture { pki, basic, evidence, .. } = &*FIXTURE;
    let stamp = |imprint| {
        let asked = request(imprint);
        let reply = pki.openssl_reply(&asked.to_der());
        let response = TimeStampResponse::from_der(&reply).unwrap();
        asked.check(response.token()).unwrap();
        response.token().clone()
    };
    let imprint = signature_imprint(&basic.signer_infos()[0], Sha512);
    let t = basic.clone().with_signature_time_stamp(0, &stamp(imprint)).unwrap();
    let lt = t.with_validation_data(0, evidence).unwrap();
    let archive = lt.prepare_archive_time_stamp(0, Sha256, &digests()).unwrap();
    let token = stamp(*archive.imprint());
    let lta = reread(&archive.finish(lt, &token).unwrap());
    assert_eq!(level_of(&lta, 0), Some(BaselineLevel::Lta));
    // This authority embeds the CA's certificate in its tokens, so it is not added again.
    assert_eq!(oracle("foreign", &lta), "sha256 [1, 2, 1]\n");
}

#[test]
fn evidence_in_unsigned_attributes_is_found() {
    let Fixture { pki, basic, evidence, .. } = &*FIXTURE;
    let explicit =
        |number, members: &[&[u8]]| asn1::tlv(tag::context(number), &asn1::sequence(members));
    let (crl, response) = (&evidence.crls[0], &evidence.ocsp[0]);
    let certificates = asn1::sequence(&[pki.ca.as_der()]);
    let stated = with_attribute(basic, oid::CERTIFICATE_VALUES, &certificates);
    assert_eq!(stated.signer_infos()[0].certificate_values(), vec![pki.ca.clone()]);
    assert!(stated.embedded_evidence(0).certificates.contains(&pki.ca));
    // A counter-signature brings its own.
    let countered = with_attribute(
        basic,
        oid::COUNTER_SIGNATURE,
        with_attribute(basic, oid::CERTIFICATE_VALUES, &certificates).signer_infos()[0]
            .as_received(),
    );
    assert!(countered.embedded_evidence(0).certificates.contains(&pki.ca));
    // ocspVals are BasicOCSPResponses; one that cannot be read hides no other.
    let revocation = asn1::sequence(&[
        explicit(0, &[b"\x30\x00", crl.as_der()]),
        explicit(1, &[response.basic_der()]),
    ]);
    let stated = with_attribute(basic, oid::REVOCATION_VALUES, &revocation);
    let found = stated.embedded_evidence(0);
    assert_eq!(found.crls, evidence.crls);
    assert_eq!(found.ocsp.len(), 1);
    assert_eq!(found.ocsp[0].basic_der(), response.basic_der());
    // It is not added a second time.
    let again = stated.with_validation_data(0, evidence).unwrap();
    assert_eq!(again.raw_crls().len(), 0);
    for malformed in [&b"\x04\x00"[..], b"\x30\x02\xa0\x00", b"\x30\x04\xa0\x02\x05\x00"] {
        let stated = with_attribute(basic, oid::REVOCATION_VALUES, malformed);
        assert_eq!(stated.signer_infos()[0].revocation_values(), RevocationValues::default());
    }
}

#[test]
fn an_archive_time_stamp_covers_what_was_there_and_names_what_came_later() {
    let Fixture { pki, tsa, evidence, .. } = &*FIXTURE;
    let lta = SignedData::from_ber(&LTA).unwrap();
    let token = archive_of(&lta, 0);
    let coverage = verify_archive_time_stamp(&lta, 0, &token, &digests()).unwrap();
    assert!(coverage.is_complete());
    assert_eq!(coverage.evidence.crls, evidence.crls);
    assert_eq!(coverage.evidence.ocsp, evidence.ocsp);
    // In the covered signature time-stamp.
    assert!(coverage.evidence.certificates.contains(&tsa.certificate));
    assert_eq!(coverage.tokens.len(), 1);
    assert_eq!(
        archive_imprint(&lta, 0, &token, &digests()).unwrap(),
        *token.info().message_imprint()
    );

    let stranger = pki.signer("stranger", KeyKind::P256);
    let later = EmbeddedEvidence {
        certificates: vec![stranger.certificate.clone()],
        crls: vec![pki.crl()],
        ocsp: vec![pki.ocsp(&stranger.certificate)],
    };
    let grown = stamped(lta.with_validation_data(0, &later).unwrap(), 0);
    let grown = reread(&grown);
    let coverage = verify_archive_time_stamp(&grown, 0, &token, &digests()).unwrap();
    assert!(!coverage.is_complete());
    assert!(!coverage.evidence.certificates.contains(&stranger.certificate));
    assert_eq!(coverage.evidence.ocsp, evidence.ocsp);
    assert_eq!(coverage.uncovered_certificates, vec![2]);
    assert!(!coverage.uncovered_crls.is_empty());
    let [attribute] = coverage.uncovered_attributes.as_slice() else {
        panic!("{:?}", coverage.uncovered_attributes);
    };
    assert_eq!((attribute.oid, attribute.attribute), (oid::SIGNATURE_TIME_STAMP, 2));

    // Renewal covers all of it, the first archive time-stamp included.
    let renewed = reread(&archived(grown, 0, Sha256));
    let coverage =
        verify_archive_time_stamp(&renewed, 0, &archive_of(&renewed, 0), &digests()).unwrap();
    assert!(coverage.is_complete());
    assert!(coverage.tokens.contains(&token));
    verify_archive_time_stamp(&renewed, 0, &token, &digests()).unwrap();
}

#[test]
fn other_content_or_another_signer_is_not_what_was_archived() {
    let lta = SignedData::from_ber(&LTA).unwrap();
    let token = archive_of(&lta, 0);
    let other = ContentDigests::of_bytes(&[Sha256], b"something else");
    assert!(matches!(
        verify_archive_time_stamp(&lta, 0, &token, &other),
        Err(ArchiveFailure::ImprintMismatch { .. })
    ));
    let none = ContentDigests::from_digests(Vec::new());
    assert_eq!(
        verify_archive_time_stamp(&lta, 0, &token, &none),
        Err(ArchiveFailure::ContentDigestMissing { algorithm: Sha256 })
    );
    assert_eq!(
        archive_coverage(&lta, 1, &token),
        Err(ArchiveFailure::NoSuchSigner { index: 1, count: 1 })
    );
    // A signature time-stamp has no index.
    let plain = lta.signer_infos()[0].signature_time_stamps().remove(0).unwrap();
    assert_eq!(archive_coverage(&lta, 0, &plain), Err(ArchiveFailure::HashIndexMissing));
}

/// The structure with some of its parts left out or changed.
fn without(signed_data: &SignedData, certificate: Option<usize>, crl: Option<usize>) -> SignedData {
    let members = |all: &[Vec<u8>], left_out: Option<usize>| -> Vec<Vec<u8>> {
        let kept = all.iter().enumerate().filter(|(place, _)| Some(*place) != left_out);
        kept.map(|(_, member)| member.clone()).collect()
    };
    let inner = asn1::sequence(&[
        asn1::small_integer(5),
        asn1::set_of(vec![Sha256.to_algorithm_identifier().to_der()]),
        asn1::sequence(&[asn1::oid(oid::DATA)]),
        asn1::constructed(tag::context(0), &members(signed_data.raw_certificates(), certificate)),
        asn1::constructed(tag::context(1), &members(signed_data.raw_crls(), crl)),
        asn1::tlv(tag::SET, signed_data.signer_infos()[0].as_received()),
    ]);
    let ber = asn1::sequence(&[asn1::oid(oid::SIGNED_DATA), asn1::tlv(tag::context(0), &inner)]);
    SignedData::from_ber(&ber).unwrap()
}

#[test]
fn what_was_archived_and_is_gone_is_missed() {
    let lta = SignedData::from_ber(&LTA).unwrap();
    let token = archive_of(&lta, 0);
    verify_archive_time_stamp(&without(&lta, None, None), 0, &token, &digests()).unwrap();
    assert_eq!(
        archive_coverage(&without(&lta, Some(1), None), 0, &token),
        Err(ArchiveFailure::MemberMissing { kind: IndexedKind::Certificate, position: 1 })
    );
    assert_eq!(
        archive_coverage(&without(&lta, None, Some(0)), 0, &token),
        Err(ArchiveFailure::MemberMissing { kind: IndexedKind::RevocationInfo, position: 0 })
    );
    // The same archive time-stamp on a signature with another signature time-stamp.
    let imprint = signature_imprint(&FIXTURE.basic.signer_infos()[0], Sha256);
    let other = FIXTURE.tsa.stamp_at(&imprint, "20260501000009Z");
    let other = FIXTURE.basic.clone().with_signature_time_stamp(0, &other).unwrap();
    let other = other.with_validation_data(0, &FIXTURE.evidence).unwrap();
    assert_eq!(
        archive_coverage(&other, 0, &token),
        Err(ArchiveFailure::MemberMissing {
            kind: IndexedKind::UnsignedAttributeValue,
            position: 0
        })
    );
}

/// The signature with one more unsigned attribute.
fn with_attribute(signed_data: &SignedData, oid: ObjectIdentifier, value: &[u8]) -> SignedData {
    let attribute = asn1::sequence(&[asn1::oid(oid), asn1::tlv(tag::SET, value)]);
    let received = signed_data.signer_infos()[0].as_received();
    let fields = Reader::new(received, Rules::Der).element().unwrap().children().unwrap();
    let mut fields: Vec<_> =
        fields.rest().unwrap().iter().map(|field| field.raw().to_vec()).collect();
    fields.push(asn1::tlv(tag::context(1), &attribute));
    let inner = asn1::sequence(&[
        asn1::small_integer(1),
        asn1::set_of(vec![Sha256.to_algorithm_identifier().to_der()]),
        asn1::sequence(&[asn1::oid(oid::DATA)]),
        asn1::constructed(tag::context(0), signed_data.raw_certificates()),
        asn1::tlv(tag::SET, &asn1::sequence(&fields)),
    ]);
    let ber = asn1::sequence(&[asn1::oid(oid::SIGNED_DATA), asn1::tlv(tag::context(0), &inner)]);
    SignedData::from_ber(&ber).unwrap()
}

#[test]
fn older_archive_forms_are_recognised_and_not_broken() {
    let Fixture { basic, tsa, evidence, .. } = &*FIXTURE;
    let imprint = signature_imprint(&basic.signer_infos()[0], Sha256);
    let token = tsa.stamp(&imprint);
    for (oid, form) in [
        (oid::ARCHIVE_TIME_STAMP_V1, LegacyArchive::V1),
        (oid::ARCHIVE_TIME_STAMP_V2, LegacyArchive::V2),
        (oid::LONG_TERM_VALIDATION, LegacyArchive::LongTermValidation),
    ] {
        let old = with_attribute(basic, oid, token.as_received());
        assert_eq!(old.signer_infos()[0].legacy_archives(), vec![form]);
        let refused = AugmentError::LegacyArchive(form);
        assert_eq!(old.clone().with_validation_data(0, evidence).unwrap_err(), refused);
        assert_eq!(old.clone().with_signature_time_stamp(0, &token).unwrap_err(), refused);
        // §5.5.3 lets archive-time-stamp-v3 be added still.
        archived(old, 0, Sha256);
    }
}

/// The token with these bytes, which its authority's signature does not cover, replaced.
fn patched(token: &TimeStampToken, from: &[u8], to: &[u8]) -> TimeStampToken {
    let mut ber = token.as_received().to_vec();
    let at = ber.windows(from.len()).rposition(|window| window == from).unwrap();
    ber.splice(at..at + from.len(), to.iter().copied());
    let patched = TimeStampToken::from_ber(&ber).unwrap();
    verify_token(&patched, &[]).unwrap();
    patched
}

#[test]
fn a_hash_index_that_is_not_as_it_must_be_is_refused_by_name() {
    let lta = SignedData::from_ber(&LTA).unwrap();
    let honest = archive_of(&lta, 0);
    let coverage = |token: &TimeStampToken| archive_coverage(&lta, 0, token).unwrap_err();
    // Of the version before.
    let v3 = oid::ATS_HASH_INDEX_V3.as_bytes();
    let v2 = oid::ATS_HASH_INDEX_V2;
    let old = patched(&honest, v3, v2.as_bytes());
    assert_eq!(coverage(&old), ArchiveFailure::LegacyHashIndex { oid: v2 });
    // Under another digest than the imprint: a weak one could then be chosen for what is covered.
    let (sha256, sha512) = (Sha256.oid(), Sha512.oid());
    let weak = patched(&honest, sha256.as_bytes(), sha512.as_bytes());
    assert_eq!(
        coverage(&weak),
        ArchiveFailure::AlgorithmMismatch { index: Sha512, imprint: Sha256 }
    );
    let mut unknown = sha256.as_bytes().to_vec();
    unknown[8] = 0x7f;
    let unknown = patched(&honest, sha256.as_bytes(), &unknown);
    assert!(matches!(coverage(&unknown), ArchiveFailure::UnsupportedAlgorithm(_)));
    // No list at all: SEQUENCE instead of OBJECT IDENTIFIER inside the algorithm.
    let malformed = patched(&honest, &asn1::oid(sha256), &asn1::tlv(0x30, sha256.as_bytes()));
    assert!(matches!(coverage(&malformed), ArchiveFailure::MalformedHashIndex(_)));
}

#[test]
fn only_so_many_time_stamps_are_looked_at() {
    use kyso_cades::{timestamp::TokenError, unsigned::MAX_TIME_STAMPS};
    let mut many = FIXTURE.basic.clone();
    let imprint = signature_imprint(&many.signer_infos()[0], Sha256);
    let token = FIXTURE.tsa.stamp(&imprint);
    for _ in 0..MAX_TIME_STAMPS + 5 {
        many = many.with_signature_time_stamp(0, &token).unwrap();
    }
    let tokens = many.signer_infos()[0].signature_time_stamps();
    assert_eq!(tokens.len(), MAX_TIME_STAMPS + 1);
    let limit = MAX_TIME_STAMPS;
    assert_eq!(tokens.last(), Some(&Err(TokenError::TooMany { limit })));
}

#[test]
fn tokens_about_something_else_are_refused() {
    let Fixture { basic, tsa, evidence, .. } = &*FIXTURE;
    let other = tsa.stamp(&Sha256.digest(b"something else"));
    assert!(matches!(
        basic.clone().with_signature_time_stamp(0, &other),
        Err(AugmentError::ImprintMismatch { .. })
    ));
    let prepare = || basic.prepare_archive_time_stamp(0, Sha256, &digests()).unwrap();
    assert!(matches!(
        prepare().finish(basic.clone(), &other),
        Err(AugmentError::ImprintMismatch { .. })
    ));
    // Something was added between asking and finishing.
    let token = tsa.stamp(prepare().imprint());
    let grown = basic.clone().with_validation_data(0, evidence).unwrap();
    assert_eq!(prepare().finish(grown, &token), Err(AugmentError::ChangedMeanwhile));
    assert!(matches!(
        basic.clone().with_signature_time_stamp(1, &token),
        Err(AugmentError::NoSuchSigner { index: 1, count: 1 })
    ));
    // A signature time-stamp that is not about this signature makes no B-T.
    let foreign = with_attribute(basic, oid::SIGNATURE_TIME_STAMP, other.as_received());
    assert_eq!(level_of(&foreign, 0), Some(BaselineLevel::B));
}

#[test]
fn a_signature_can_be_time_stamped_before_it_is_written() {
    let Fixture { signer, tsa, .. } = &*FIXTURE;
    let algorithm = signer.algorithms()[0];
    let to_be_signed = signer.prepare_for(algorithm, CONTENT);
    let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let finished = to_be_signed.finish(&value);
    let token = tsa.stamp(&finished.signature_imprint(Sha256).unwrap());
    let t = finished.clone().with_signature_time_stamp(&token).unwrap();
    let t = SignedData::from_ber(&t.to_detached()).unwrap();
    assert_eq!(level_of(&t, 0), Some(BaselineLevel::T));
    let other = tsa.stamp(&Sha256.digest(b"other"));
    assert!(matches!(
        finished.with_signature_time_stamp(&other),
        Err(AugmentError::ImprintMismatch { .. })
    ));
}

#[test]
fn signers_are_augmented_one_by_one() {
    let Fixture { pki, basic, .. } = &*FIXTURE;
    let second = pki.signer("rsa", KeyKind::Rsa);
    let algorithm = second.algorithms()[1];
    let to_be_signed = second.prepare_for(algorithm, CONTENT);
    let value = second.sign(algorithm, to_be_signed.bytes_to_sign());
    // The second signer comes when the first is at B-LTA already: a parallel signature breaks nothing.
    let first = SignedData::from_ber(&LTA).unwrap();
    let two = SignedData::from_ber(&first.with_signer(&to_be_signed.finish(&value)).unwrap());
    let two = two.unwrap();
    assert_eq!(level_of(&two, 0), Some(BaselineLevel::Lta));
    assert_eq!(level_of(&two, 1), Some(BaselineLevel::B));
    let more = EmbeddedEvidence {
        certificates: Vec::new(),
        crls: Vec::new(),
        ocsp: vec![pki.ocsp(&second.certificate)],
    };
    let two = stamped(two, 1).with_validation_data(1, &more).unwrap();
    let two = reread(&archived(two, 1, Sha512));
    assert_eq!(level_of(&two, 0), Some(BaselineLevel::Lta));
    assert_eq!(level_of(&two, 1), Some(BaselineLevel::Lta));
    assert_eq!(two.signer_infos()[0].as_received(), first.signer_infos()[0].as_received());
    assert_ne!(basic.signer_infos().len(), two.signer_infos().len());
    pki.write("two.p7s", &two.to_der().unwrap());
    pki.write("content.bin", CONTENT);
    pki.openssl_verify("two.p7s", Some("content.bin")).unwrap();
}

#[test]
fn ber_stays_as_it_was_received_where_it_is_covered() {
    let Fixture { pki, basic, .. } = &*FIXTURE;
    // Everything of indefinite length, the signed attributes too, which are then hashed as DER; only the certificate
    // is as X.509 demands it.
    let mut ber = to_indefinite(&basic.to_der().unwrap());
    let certificate = to_indefinite(&basic.raw_certificates()[0]);
    let at = ber.windows(certificate.len()).position(|window| window == certificate).unwrap();
    ber.splice(at..at + certificate.len(), basic.raw_certificates()[0].clone());
    let received = SignedData::from_ber(&ber).unwrap();
    verified(&received, 0);
    let signer = received.signer_infos()[0].as_received().to_vec();
    let lta = reread(&archived(lt(received, 0), 0, Sha256));
    assert_eq!(level_of(&lta, 0), Some(BaselineLevel::Lta));
    // Identifier and length of the sequence change, version to signature do not.
    let covered = &signer[2..signer.len() - 2];
    let augmented = lta.signer_infos()[0].as_received();
    assert!(augmented.windows(covered.len()).any(|window| window == covered));
    // OpenSSL refuses signed attributes in BER, before as after.
    pki.write("content.bin", CONTENT);
    for (name, cms) in [("ber.p7s", ber), ("ber-lta.p7s", lta.to_der().unwrap())] {
        pki.write(name, &cms);
        pki.openssl_verify(name, Some("content.bin")).unwrap_err();
    }
}

#[test]
fn attached_content_is_copied_from_the_original() {
    let Fixture { signer, .. } = &*FIXTURE;
    let algorithm = signer.algorithms()[0];
    let to_be_signed = signer.prepare_for(algorithm, CONTENT);
    let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let attached = to_be_signed.finish_attached(&value, CONTENT.len() as u64);
    let der = [attached.prefix(), CONTENT, attached.suffix()].concat();
    for original in [der.clone(), to_indefinite_outside(&der)] {
        let limits = ReadLimits::document();
        let (read, content) = read_signed_data(&original[..], &limits, &mut |_| {}).unwrap();
        assert_eq!(read.to_der(), None);
        let lta = archived(lt(read, 0), 0, Sha256);
        let mut written = Vec::new();
        lta.rewrite(&original[..], &limits, &content, &mut written).unwrap();
        let again = SignedData::from_ber(&written).unwrap();
        assert_eq!(again.content(), Some(CONTENT));
        assert_eq!(level_of(&again, 0), Some(BaselineLevel::Lta));
        // In memory it comes to the same.
        let held = SignedData::from_ber(&written).unwrap().to_der().unwrap();
        let held = SignedData::from_ber(&held).unwrap();
        assert_eq!(level_of(&held, 0), Some(BaselineLevel::Lta));

        let mut changed = original.clone();
        let at = changed.windows(CONTENT.len()).position(|one| one == CONTENT).unwrap();
        changed[at] ^= 1;
        let refused = lta.rewrite(&changed[..], &limits, &content, &mut Vec::new());
        assert!(matches!(refused, Err(RewriteError::OriginalChanged)));
        let refused = lta.rewrite(&original[..50], &limits, &content, &mut Vec::new());
        assert!(matches!(refused, Err(RewriteError::Read(_))));
    }
    // Augmented while detached, then written around the content.
    let detached = SignedData::from_ber(&LTA).unwrap();
    let attached = detached.to_attached(Sha256.digest(CONTENT), CONTENT.len() as u64);
    let mut written = Vec::new();
    attached.write(&mut &CONTENT[..], &mut written).unwrap();
    assert_eq!(level_of(&SignedData::from_ber(&written).unwrap(), 0), Some(BaselineLevel::Lta));
    let mut written = Vec::new();
    detached.rewrite(&LTA[..], &ReadLimits::document(), &digests(), &mut written).unwrap();
    assert_eq!(written, *LTA);
}

/// ContentInfo, SignedData and encapContentInfo of indefinite length, everything else as it is.
fn to_indefinite_outside(der: &[u8]) -> Vec<u8> {
    let children = |der: &[u8]| -> Vec<Vec<u8>> {
        let element = Reader::new(der, Rules::Der).element().unwrap();
        element.children().unwrap().rest().unwrap().iter().map(|one| one.raw().to_vec()).collect()
    };
    let indefinite = |tag: u8, members: &[Vec<u8>]| -> Vec<u8> {
        [&[tag, 0x80], members.concat().as_slice(), &[0, 0]].concat()
    };
    let content_info = children(der);
    let explicit = children(&content_info[1]);
    let mut signed_data = children(&explicit[0]);
    signed_data[2] = to_indefinite(&signed_data[2]);
    let inner = indefinite(tag::SEQUENCE, &signed_data);
    indefinite(tag::SEQUENCE, &[content_info[0].clone(), indefinite(tag::context(0), &[inner])])
}

/// Everything that the archive time-stamp covers: from the certificates to the last attribute before it.
fn covered_range() -> Range<usize> {
    let lta = SignedData::from_ber(&LTA).unwrap();
    let find = |part: &[u8]| LTA.windows(part.len()).position(|window| window == part).unwrap();
    let start = find(&lta.raw_certificates()[0]);
    let token = archive_of(&lta, 0);
    // The attribute's own header: SEQUENCE, type and SET.
    start..find(token.as_received()) - 4 - 8 - 4
}

#[test]
fn every_flipped_byte_that_is_covered_breaks_the_archive_time_stamp() {
    let honest = archive_of(&SignedData::from_ber(&LTA).unwrap(), 0);
    let mut broken = 0;
    for position in covered_range() {
        let mut cms = LTA.clone();
        cms[position] ^= 0x01;
        let Ok(signed_data) = SignedData::from_ber(&cms) else { continue };
        let Some(signer) = signed_data.signer_infos().first() else { continue };
        // A flipped header may hide the attribute; the token itself is not touched.
        assert!(signer.archive_time_stamps().into_iter().flatten().all(|token| token == honest));
        let result = verify_archive_time_stamp(&signed_data, 0, &honest, &digests());
        assert!(result.is_err(), "byte {position}");
        broken += 1;
    }
    assert!(broken > 1000, "{broken}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn damaged_structures_do_not_panic(seed: usize, value: u8, cut in 0..4_usize) {
        let mut cms = LTA.clone();
        let position = seed % cms.len();
        cms[position] = value;
        if cut == 0 {
            cms.truncate(position);
        }
        if let Ok(signed_data) = SignedData::from_ber(&cms) {
            for index in 0..signed_data.signer_infos().len() {
                let _ = signed_data.embedded_evidence(index);
                for token in signed_data.signer_infos()[index].archive_time_stamps().into_iter().flatten() {
                    let _ = verify_archive_time_stamp(&signed_data, index, &token, &digests());
                }
                if let Ok(verified) = verify_signer(&signed_data, index, &digests(), &[]) {
                    let _ = level(&signed_data, index, &verified, &digests());
                }
                let _ = signed_data.clone().with_validation_data(index, &FIXTURE.evidence);
            }
        }
    }

    #[test]
    fn augmentation_keeps_every_signed_byte(
        content in proptest::collection::vec(any::<u8>(), 0..2000),
        steps in proptest::collection::vec(0..3_u8, 0..5),
    ) {
        let Fixture { signer, evidence, tsa, .. } = &*FIXTURE;
        let algorithm = signer.algorithms()[0];
        let digests = ContentDigests::of_bytes(&DigestAlgorithm::ALL, &content);
        let to_be_signed = signer.prepare_for(algorithm, &content);
        let covered = to_be_signed.bytes_to_sign().to_vec();
        let value = signer.sign(algorithm, &covered);
        let basic = to_be_signed.finish_detached(&value);
        let mut signed_data = SignedData::from_ber(&basic).unwrap();
        let mut archives: Vec<TimeStampToken> = Vec::new();
        for step in steps {
            signed_data = match step {
                0 => stamped(signed_data, 0),
                1 => signed_data.with_validation_data(0, evidence).unwrap(),
                _ => {
                    let archive =
                        signed_data.prepare_archive_time_stamp(0, Sha256, &digests).unwrap();
                    let token = tsa.stamp(archive.imprint());
                    let signed_data = archive.finish(signed_data, &token).unwrap();
                    archives.push(archive_of(&signed_data, 0));
                    signed_data
                }
            };
            let read = reread(&signed_data);
            let info = &read.signer_infos()[0];
            prop_assert_eq!(info.signed_attributes().unwrap().as_der(), &covered[..]);
            prop_assert_eq!(info.signature(), value.as_bytes());
            verify_signer(&read, 0, &digests, &[]).unwrap();
            for archive in &archives {
                verify_archive_time_stamp(&read, 0, archive, &digests).unwrap();
            }
        }
    }
}

#[test]
fn unreadable_members_are_kept_and_covered() {
    let mut with_strange = FIXTURE.basic.clone();
    let strange = asn1::tlv(tag::context(3), b"\x06\x01\x2a\x05\x00");
    let parts = asn1::sequence(&[
        asn1::small_integer(5),
        asn1::set_of(vec![Sha256.to_algorithm_identifier().to_der()]),
        asn1::sequence(&[asn1::oid(oid::DATA)]),
        asn1::constructed(
            tag::context(0),
            &[with_strange.raw_certificates()[0].clone(), strange.clone()],
        ),
        asn1::tlv(tag::SET, with_strange.signer_infos()[0].as_received()),
    ]);
    let ber = asn1::sequence(&[asn1::oid(oid::SIGNED_DATA), asn1::tlv(tag::context(0), &parts)]);
    with_strange = SignedData::from_ber(&ber).unwrap();
    let readable: Vec<Certificate> = with_strange.certificates();
    assert_eq!(readable.len(), 1);
    let lta = reread(&archived(lt(with_strange, 0), 0, Sha256));
    assert_eq!(lta.raw_certificates()[1], strange);
    let coverage = archive_coverage(&lta, 0, &archive_of(&lta, 0)).unwrap();
    assert!(coverage.is_complete());
}
