//! Signed files by many signers under one authority, each another document, and the bare verifications in them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use kyso::validation::evidence::Evidence;
use kyso::validation::indication::Indication;
use kyso::validation::policy::Policy;
use kyso::validation::trust::{Trust, TrustStore};
use kyso::verify::{Options, verify_bytes};
use kyso_cades::evidence::EmbeddedEvidence;
use kyso_cades::{
    Form, SignedData, SigningParameters, TimeStampToken, ToBeSigned, oid, prepare,
    signature_imprint,
};
use kyso_testkit::Subject;
use kyso_testkit::peer::openssl;
use kyso_testkit::pki::certificate::Facts;
use kyso_testkit::pki::ocsp::{CertId, Response, Single, Status};
use kyso_testkit::pki::{Entity, Hash, Hierarchy, Key, Keys, Plan, Template};
use kyso_x509::asn1::{Reader, Rules};
use kyso_x509::{
    Certificate, CertificateList, Digest, DigestAlgorithm, OcspResponse, SignatureAlgorithm,
    SignatureValue, Time, TrustAnchor, pem,
};
use ring::signature::{self, VerificationAlgorithm};

const DAY: i64 = 86_400;

/// The policy of all figures: a path, revocation status, and algorithms are demanded.
const POLICY: &str = "vn-public-service";

/// Keys of the signers; their authorities are on P-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa2048,
    P256,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::P256 => "P-256",
        }
    }

    const fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa2048 => SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256),
            Self::P256 => SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
        }
    }

    fn key(self) -> Key {
        match self {
            Self::Rsa2048 => Key::rsa(&openssl::pkcs8_der(&openssl::rsa_key_pem(2048))),
            Self::P256 => Key::p256(),
        }
    }
}

/// An authority, its signers, and what is known of them.
pub(crate) struct World {
    kind: Kind,
    hierarchy: Hierarchy,
    signers: Vec<(Entity, Certificate)>,
    pub(crate) known: Known,
}

/// What a verifier knows beforehand.
pub(crate) struct Known {
    trust: Trust,
    /// The lists of both authorities.
    pub(crate) lists: Evidence,
    now: i64,
}

/// A signed file, and the one verification that nobody can spare.
pub(crate) struct Sample {
    pub(crate) file: Vec<u8>,
    bare: Bare,
}

struct Bare {
    kind: Kind,
    key: Vec<u8>,
    message: Vec<u8>,
    value: Vec<u8>,
}

impl World {
    pub(crate) fn new(kind: Kind, signers: usize) -> Result<Self> {
        let now = jiff::Timestamp::now().as_second();
        let (from, to) = (now - 30 * DAY, now + 365 * DAY);
        let hierarchy = Hierarchy::new(&Plan::new(from, to), Keys::Fresh);
        let signers = (0..signers)
            .map(|number| {
                let name = Subject::official().common_name(&format!("Người ký số {number}"));
                let entity =
                    hierarchy.authority.issue(&Template::signer(&name, from, to), kind.key());
                let own = Certificate::from_der(&entity.certificate)?;
                Ok((entity, own))
            })
            .collect::<Result<Vec<_>>>()?;
        let (this, next) = (now - DAY / 24, now + DAY);
        let lists = [hierarchy.crl(this, next), hierarchy.root_crl(this, next)];
        let known =
            Known::new(&hierarchy.root.certificate, &hierarchy.authority.certificate, &lists, now)?;
        Ok(Self { kind, hierarchy, signers, known })
    }

    fn prepare(&self, signer: usize, digest: Digest) -> Result<(&Entity, ToBeSigned)> {
        let signing_time = Some(Time::from_unix_seconds(self.known.now - 600));
        self.prepare_form(signer, digest, Form::Cades { signing_time })
    }

    fn prepare_form(
        &self,
        signer: usize,
        digest: Digest,
        form: Form,
    ) -> Result<(&Entity, ToBeSigned)> {
        let (entity, certificate) =
            self.signers.get(signer % self.signers.len()).context("a signer")?;
        let to_be_signed = prepare(SigningParameters {
            certificate: certificate.clone(),
            extra_certificates: self.known.trust.candidates.clone(),
            algorithm: self.kind.algorithm(),
            content_type: oid::DATA,
            message_digest: digest,
            form,
        })?;
        Ok((entity, to_be_signed))
    }

    /// Level B-B, attached: a small table of its own number.
    pub(crate) fn basic(&self, number: usize) -> Result<Sample> {
        let content = content(number);
        let digest = DigestAlgorithm::Sha256.digest(&content);
        let (entity, to_be_signed) = self.prepare(number, digest)?;
        let message = to_be_signed.bytes_to_sign().to_vec();
        let value = entity.key.sign(&message);
        let attached = to_be_signed.finish_attached(&wrapped(&value), content.len() as u64);
        let file = [attached.prefix(), &content, attached.suffix()].concat();
        let key = public_key(&entity.certificate)?;
        Ok(Sample { file, bare: Bare { kind: self.kind, key, message, value } })
    }

    /// Level B-LT: a time-stamp, an OCSP response and CRLs of its own.
    pub(crate) fn long_term(&self, number: usize) -> Result<Sample> {
        let Sample { file, bare } = self.basic(number)?;
        let signed = SignedData::from_ber(&file)?;
        let info = signed.signer_infos().first().context("a signer")?;
        let imprint = signature_imprint(info, DigestAlgorithm::Sha256);
        let stamped = self.known.now - 500 + (number % 200) as i64;
        let token = self.hierarchy.time_stamp(Hash::Sha256, imprint.as_bytes(), stamped);
        let signed = signed.with_signature_time_stamp(0, &TimeStampToken::from_ber(&token)?)?;
        let response = self.status(number, 200, number as u64)?;
        let evidence = EmbeddedEvidence {
            certificates: Vec::new(),
            crls: self.known.lists.crls.clone(),
            ocsp: vec![OcspResponse::from_der(&response)?],
        };
        let signed = signed.with_validation_data(0, &evidence)?;
        Ok(Sample { file: signed.to_der().context("content is held")?, bare })
    }

    /// When its people sign.
    pub(crate) const fn signing_time(&self) -> i64 {
        self.known.now - 600
    }

    /// The message of a PDF's signature.
    pub(crate) fn pdf_message(&self, signer: usize, digest: Digest) -> Result<Vec<u8>> {
        let (entity, to_be_signed) = self.prepare_form(signer, digest, Form::Pades)?;
        let value = wrapped(&entity.key.sign(to_be_signed.bytes_to_sign()));
        Ok(to_be_signed.finish_detached(&value))
    }

    /// The same with a time-stamp over its signature.
    pub(crate) fn stamped(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signed = SignedData::from_ber(message)?;
        let info = signed.signer_infos().first().context("a signer")?;
        let imprint = signature_imprint(info, DigestAlgorithm::Sha256);
        let token = TimeStampToken::from_ber(&self.time_stamp(&imprint, 500))?;
        signed.with_signature_time_stamp(0, &token)?.to_der().context("content is outside")
    }

    /// A token over a digest, made so many seconds ago.
    pub(crate) fn time_stamp(&self, digest: &Digest, ago: i64) -> Vec<u8> {
        self.hierarchy.time_stamp(Hash::Sha256, digest.as_bytes(), self.known.now - ago)
    }

    /// A signer's OCSP response of so many seconds ago, with a nonce, as a fresh answer has.
    pub(crate) fn status(&self, signer: usize, ago: i64, nonce: u64) -> Result<Vec<u8>> {
        let (signer, _) = self.signers.get(signer % self.signers.len()).context("a signer")?;
        let id =
            CertId::new(&signer.certificate, &self.hierarchy.authority.certificate, Hash::Sha1);
        let (this, next) = (self.known.now - ago, self.known.now + DAY);
        Ok(Response::new(Single::new(id, Status::Good, this, next))
            .nonce(&nonce.to_be_bytes())
            .carrying(&self.hierarchy.responder.certificate)
            .signed_by(&self.hierarchy.responder))
    }

    /// Certificates of the authorities below the root, as a security store keeps them.
    pub(crate) fn authorities(&self) -> Vec<Vec<u8>> {
        let of = &self.hierarchy;
        [&of.authority, &of.time_stamping, &of.responder].map(|one| one.certificate.clone()).into()
    }

    /// One structure with so many signers beside each other.
    pub(crate) fn parallel(&self, signers: usize) -> Result<Vec<u8>> {
        let mut file = self.basic(0)?.file;
        for number in 1..signers {
            let digest = DigestAlgorithm::Sha256.digest(&content(0));
            let (entity, to_be_signed) = self.prepare(number, digest)?;
            let value = wrapped(&entity.key.sign(to_be_signed.bytes_to_sign()));
            file = SignedData::from_ber(&file)?.with_signer(&to_be_signed.finish(&value))?;
        }
        Ok(file)
    }

    /// What goes before and behind a content that is too large to hold.
    pub(crate) fn around(&self, digest: Digest, len: u64) -> Result<(Vec<u8>, Vec<u8>)> {
        let (entity, to_be_signed) = self.prepare(0, digest)?;
        let value = wrapped(&entity.key.sign(to_be_signed.bytes_to_sign()));
        let attached = to_be_signed.finish_attached(&value, len);
        Ok((attached.prefix().to_vec(), attached.suffix().to_vec()))
    }

    /// A CRL of the authority with so many entries, none of them a signer's, and the last one's serial number.
    pub(crate) fn large_list(&self, entries: usize) -> (Vec<u8>, Vec<u8>) {
        let mut list =
            kyso_testkit::pki::Crl::new(self.known.now - DAY / 24, self.known.now + DAY).number(2);
        let mut last = Vec::new();
        for number in 0..entries as u64 {
            // Sixteen octets, as public authorities give out.
            last = [&[0x10; 8][..], &number.to_be_bytes()].concat();
            list = list.revoke(&last, self.known.now - 10 * DAY, None);
        }
        (list.signed_by(&self.hierarchy.authority), last)
    }
}

impl Known {
    fn new(root: &[u8], authority: &[u8], lists: &[Vec<u8>], now: i64) -> Result<Self> {
        let stores = vec![TrustStore {
            name: "bench".to_owned(),
            anchors: vec![TrustAnchor::from_certificate(Certificate::from_der(root)?)],
            policy: Arc::new(Policy::built_in(POLICY).context("a built-in policy")?),
        }];
        // As `kyso trust bundle` leaves it: the authorities' certificates lie with the anchors.
        let trust = Trust { stores, candidates: vec![Certificate::from_der(authority)?] };
        let crls = lists.iter().map(|list| CertificateList::from_der(list));
        let lists = Evidence { crls: crls.collect::<Result<_, _>>()?, ..Evidence::default() };
        Ok(Self { trust, lists, now })
    }

    /// With no cache of any kind beside the trust and this evidence.
    pub(crate) const fn options<'a>(&'a self, evidence: &'a Evidence) -> Options<'a> {
        let validation_time = Time::from_unix_seconds(self.now);
        let trust = &self.trust;
        Options {
            trust,
            evidence,
            policy: None,
            validation_time,
            content: None,
            paths: None,
            password: None,
        }
    }

    /// Puts it into a folder, for a process of its own and for peers.
    pub(crate) fn save(&self, folder: &Path) -> Result<()> {
        // The OpenSSL program takes lists from the file of its anchors.
        let mut trust = String::new();
        for anchor in self.trust.anchors() {
            std::fs::write(folder.join("root.der"), anchor.certificate().as_der())?;
            trust.push_str(&anchor.certificate().to_pem());
        }
        for authority in &self.trust.candidates {
            std::fs::write(folder.join("authority.der"), authority.as_der())?;
        }
        for (number, list) in self.lists.crls.iter().enumerate() {
            std::fs::write(folder.join(format!("{number}.crl")), list.as_der())?;
            trust.push_str(&pem::encode("X509 CRL", list.as_der()));
        }
        std::fs::write(folder.join("trust.pem"), trust)?;
        Ok(std::fs::write(folder.join("now"), self.now.to_string())?)
    }

    /// What [`save`](Self::save) left there.
    pub(crate) fn load(folder: &Path) -> Result<Self> {
        let read = |name: &str| std::fs::read(folder.join(name));
        let now = std::fs::read_to_string(folder.join("now"))?.parse()?;
        let lists = [read("0.crl")?, read("1.crl")?];
        Self::new(&read("root.der")?, &read("authority.der")?, &lists, now)
    }
}

impl Sample {
    /// The signature over the signed attributes, and nothing else.
    pub(crate) fn verify_bare(&self) -> Result<()> {
        let Bare { kind, key, message, value } = &self.bare;
        let algorithm: &dyn VerificationAlgorithm = match kind {
            Kind::Rsa2048 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Kind::P256 => &signature::ECDSA_P256_SHA256_ASN1,
        };
        let key = signature::UnparsedPublicKey::new(algorithm, key);
        key.verify(message, value).ok().context("the bare signature verifies")
    }

    /// Refuses to measure anything but a full validation that passes.
    pub(crate) fn expect_passed(&self, options: &Options<'_>, level: &str) -> Result<()> {
        let report = verify_bytes(&self.file, "sample", options)?;
        let found = report.signatures.first().and_then(|signature| signature.level);
        if report.indication != Indication::TotalPassed || found != Some(level) {
            bail!("a sample of level {level} is {found:?} and ends as {report:#?}");
        }
        Ok(())
    }
}

/// A small document that no other sample holds.
fn content(number: usize) -> Vec<u8> {
    format!("xã,số\nĐăk Hà,{number}\n").into_bytes()
}

fn wrapped(value: &[u8]) -> SignatureValue {
    SignatureValue::from_bytes(value.to_vec())
}

/// The key's bits in a certificate, as ring takes them.
fn public_key(certificate: &[u8]) -> Result<Vec<u8>> {
    let facts = Facts::of(certificate).context("a certificate")?;
    let fields = Reader::new(facts.spki, Rules::Der).element()?.children()?.rest()?;
    let bits = fields.get(1).context("subjectPublicKey")?.value();
    Ok(bits.get(1..).unwrap_or_default().to_vec())
}
