//! A small public key infrastructure with a clock of days, and signatures of every level made in it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use kyso_cades::evidence::EmbeddedEvidence;
use kyso_cades::{
    ContentDigests, Form, SignedData, SigningParameters, TimeStampToken, oid, prepare,
    signature_imprint,
};
use kyso_validation::evidence::Evidence;
use kyso_validation::policy::Policy;
use kyso_validation::report::SignatureReport;
use kyso_validation::trust::{Trust, TrustStore};
use kyso_validation::{Context, PathCache, validate_cms_signer};
use kyso_x509::asn1::{self, sequence, tag, tlv};
use kyso_x509::{
    Certificate, CertificateList, Civil, Digest, DigestAlgorithm, SignatureAlgorithm,
    SignatureValue, Time, TrustAnchor,
};
use std::sync::Arc;

use crate::mint::{Crl, Subject, day};

pub const CONTENT: &[u8] = b"the document";
pub const DIGESTS: [DigestAlgorithm; 3] =
    [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512, DigestAlgorithm::Sha1ForLegacyUseOnly];

/// Root, authority, signer and time-stamping authority; days count from 1 January 2026.
pub struct World {
    pub root: Subject,
    pub authority: Subject,
    pub signer: Subject,
    pub tsa: Subject,
    pub root_certificate: Certificate,
    pub authority_certificate: Certificate,
    pub certificate: Certificate,
    pub tsa_certificate: Certificate,
    pub policy: Policy,
    pub trust: Trust,
    pub evidence: Evidence,
}

impl World {
    /// The signer's certificate lives from day 0 to 100, that of the time-stamping authority to 200.
    pub fn new() -> Self {
        Self::with(
            Subject::new("Signer", 3).valid(0, 100),
            time_stamping("Stamps", 4).valid(0, 200),
        )
    }

    pub fn with(signer: Subject, tsa: Subject) -> Self {
        let root = Subject::authority("Root", 1).valid(0, 3000);
        let authority = Subject::authority("Authority", 2).valid(0, 2000);
        let root_certificate = root.self_signed();
        let policy = Policy::built_in("vn-public-service").unwrap();
        let stores = vec![TrustStore {
            name: "test".to_owned(),
            anchors: vec![TrustAnchor::from_certificate(root_certificate.clone())],
            policy: Arc::new(policy.clone()),
        }];
        let world = Self {
            authority_certificate: authority.issued_by(&root),
            certificate: signer.issued_by(&authority),
            tsa_certificate: tsa.issued_by(&authority),
            root_certificate,
            root,
            authority,
            signer,
            tsa,
            policy,
            trust: Trust { stores, candidates: Vec::new() },
            evidence: Evidence::default(),
        };
        // The root says for all time that it has revoked nothing.
        let list = Crl::new(0, 3000).signed_by(&world.root);
        world.knowing(list)
    }

    pub fn knowing(mut self, list: CertificateList) -> Self {
        self.evidence.crls.push(list);
        self
    }

    /// A list of the authority that names nobody.
    pub fn nobody(&self, this: i64, next: i64) -> CertificateList {
        Crl::new(this, next).signed_by(&self.authority)
    }

    /// A list of the authority that names the signer as revoked.
    pub fn revoked(&self, this: i64, next: i64, since: i64, reason: u8) -> CertificateList {
        Crl::new(this, next)
            .revoke(&self.certificate, day(since), reason)
            .signed_by(&self.authority)
    }

    /// Level B-B, claimed at a time.
    pub fn sign(&self, claimed: Time) -> SignedData {
        let issuers = vec![self.authority_certificate.clone()];
        let der = self.signed(Form::Cades { signing_time: Some(claimed) }, issuers);
        SignedData::from_ber(&der).unwrap()
    }

    /// As many signatures in use: the issuer is not embedded.
    pub fn sign_without_issuer(&self, claimed: Time) -> SignedData {
        let der = self.signed(Form::Cades { signing_time: Some(claimed) }, Vec::new());
        SignedData::from_ber(&der).unwrap()
    }

    fn signed(&self, form: Form, extra_certificates: Vec<Certificate>) -> Vec<u8> {
        let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
        let to_be_signed = prepare(SigningParameters {
            certificate: self.certificate.clone(),
            extra_certificates,
            algorithm,
            content_type: oid::DATA,
            message_digest: DigestAlgorithm::Sha256.digest(CONTENT),
            form,
        })
        .unwrap();
        let value = value(&self.signer, to_be_signed.bytes_to_sign());
        to_be_signed.finish_detached(&value)
    }

    /// A token over an imprint at a time, by the authority of this world.
    pub fn token(&self, imprint: &Digest, time: Time) -> TimeStampToken {
        token_by(&self.tsa, &self.tsa_certificate, &self.authority_certificate, imprint, time)
    }

    /// Level B-T.
    pub fn stamped(&self, signed: SignedData, time: Time) -> SignedData {
        let imprint = signature_imprint(&signed.signer_infos()[0], DigestAlgorithm::Sha256);
        signed.with_signature_time_stamp(0, &self.token(&imprint, time)).unwrap()
    }

    /// A token that knows the time as exactly as it says.
    pub fn token_of(&self, imprint: &Digest, time: Time, precision: Precision) -> TimeStampToken {
        let info = tst_info(imprint, time, Some(precision));
        token_about(&self.tsa, &self.tsa_certificate, &self.authority_certificate, &info)
    }

    /// Level B-LT.
    pub fn with_lists(&self, signed: SignedData, lists: &[CertificateList]) -> SignedData {
        let evidence = EmbeddedEvidence { crls: lists.to_vec(), ..EmbeddedEvidence::default() };
        signed.with_validation_data(0, &evidence).unwrap()
    }

    /// With all of the evidence of this world inside.
    pub fn with_embedded(&self, signed: SignedData) -> SignedData {
        let Evidence { certificates, crls, ocsp } = self.evidence.clone();
        signed.with_validation_data(0, &EmbeddedEvidence { certificates, crls, ocsp }).unwrap()
    }

    /// Level B-LTA, or renewed.
    pub fn archived(&self, signed: SignedData, time: Time) -> SignedData {
        self.archived_by(signed, |imprint| self.token(imprint, time))
    }

    /// Renewed under another digest.
    pub fn archived_under(
        &self,
        digest: DigestAlgorithm,
        signed: SignedData,
        stamp: impl FnOnce(&Digest) -> TimeStampToken,
    ) -> SignedData {
        let prepared = signed.prepare_archive_time_stamp(0, digest, &content()).unwrap();
        let token = stamp(prepared.imprint());
        prepared.finish(signed, &token).unwrap()
    }

    pub fn archived_by(
        &self,
        signed: SignedData,
        stamp: impl FnOnce(&Digest) -> TimeStampToken,
    ) -> SignedData {
        self.archived_under(DigestAlgorithm::Sha256, signed, stamp)
    }

    pub fn validate(&self, signed: &SignedData, time: Time) -> SignatureReport {
        self.validate_by(signed, None, time, None)
    }

    pub fn validate_by(
        &self,
        signed: &SignedData,
        policy: Option<&Policy>,
        validation_time: Time,
        paths: Option<&PathCache>,
    ) -> SignatureReport {
        // As from the file: everything is read again.
        let Self { trust, evidence, .. } = self;
        let context = Context { trust, evidence, policy, validation_time, paths };
        validate_cms_signer(signed, 0, Some(&content()), &context)
    }

    /// Indication and sub-indication as one text.
    pub fn verdict(&self, signed: &SignedData, time: Time) -> String {
        self.validate(signed, time).indication.to_string()
    }
}

pub fn content() -> ContentDigests {
    ContentDigests::of_bytes(&DIGESTS, CONTENT)
}

/// A time-stamping authority's certificate to be (RFC 3161 §2.3).
pub fn time_stamping(name: &str, seed: u8) -> Subject {
    let purposes = sequence(&[asn1::oid(crate::mint::oid("1.3.6.1.5.5.7.3.8"))]);
    Subject::new(name, seed).with("2.5.29.37", true, &purposes)
}

pub fn token_by(
    tsa: &Subject,
    certificate: &Certificate,
    issuer: &Certificate,
    imprint: &Digest,
    time: Time,
) -> TimeStampToken {
    token_about(tsa, certificate, issuer, &tst_info(imprint, time, None))
}

/// How exactly a token says that it knows the time.
#[derive(Clone, Copy)]
pub struct Precision {
    pub accuracy_seconds: u32,
    pub ordering: bool,
}

pub fn token_about(
    tsa: &Subject,
    certificate: &Certificate,
    issuer: &Certificate,
    info: &[u8],
) -> TimeStampToken {
    let digest = if tsa.sha512 { DigestAlgorithm::Sha512 } else { DigestAlgorithm::Sha256 };
    let to_be_signed = prepare(SigningParameters {
        certificate: certificate.clone(),
        extra_certificates: vec![issuer.clone()],
        algorithm: SignatureAlgorithm::Ecdsa(digest),
        content_type: oid::TST_INFO,
        message_digest: digest.digest(info),
        form: Form::Pades,
    })
    .unwrap();
    let value = value(tsa, to_be_signed.bytes_to_sign());
    let attached = to_be_signed.finish_attached(&value, info.len() as u64);
    TimeStampToken::from_ber(&[attached.prefix(), info, attached.suffix()].concat()).unwrap()
}

fn value(signer: &Subject, bytes: &[u8]) -> SignatureValue {
    let signature = signer.sign(bytes);
    SignatureValue::from_bytes(signature.to_der().as_bytes().to_vec())
}

pub fn tst_info(imprint: &Digest, time: Time, precision: Option<Precision>) -> Vec<u8> {
    let civil = Civil::from_time(time);
    let time = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
    );
    let mut fields = vec![
        asn1::small_integer(1),
        asn1::oid(crate::mint::oid("1.2.3.4.1")),
        sequence(&[
            imprint.algorithm().to_algorithm_identifier().to_der(),
            tlv(tag::OCTET_STRING, imprint.as_bytes()),
        ]),
        asn1::small_integer(7),
        tlv(tag::GENERALIZED_TIME, time.as_bytes()),
    ];
    if let Some(Precision { accuracy_seconds, ordering }) = precision {
        fields.push(sequence(&[asn1::small_integer(accuracy_seconds)]));
        if ordering {
            fields.push(tlv(tag::BOOLEAN, &[0xff]));
        }
    }
    sequence(&fields)
}
