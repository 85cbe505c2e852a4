//! Time-stamping authorities: the OpenSSL program, and one of ours that also lies.

use super::{FIXED_NAMES, KeyKind, Pki, Signer, openssl, try_openssl};
use kyso_cades::{
    Attribute, Form, SigningParameters, TimeStampRequest, TimeStampToken, oid, prepare,
};
use kyso_x509::asn1::{self, Reader, Rules, tag};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, ObjectIdentifier};

/// What a time-stamping certificate must say (RFC 3161 §2.3).
pub const HONEST: &str = "keyUsage=critical,digitalSignature\n\
     extendedKeyUsage=critical,timeStamping\n\
     subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

const CONFIGURATION: &str = "[tsa]\ndefault_tsa=one\n\
     [one]\nserial=tsa.serial\ncrypto_device=builtin\nsigner_cert=tsa.pem\ncerts=ca.pem\n\
     signer_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\nother_policies=1.2.3.4.5\n\
     digests=sha256,sha384,sha512\naccuracy=secs:1,millisecs:500,microsecs:100\nordering=yes\n\
     tsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg=sha256\nclock_precision_digits=3\n";

impl Pki {
    /// An authority that the OpenSSL program runs from `authority.cnf`, and that signs for us too.
    pub fn tsa(&self) -> Signer {
        let tsa = self.tsa_named("tsa", HONEST);
        self.write("authority.cnf", CONFIGURATION.as_bytes());
        self.write("tsa.serial", b"01\n");
        tsa
    }

    /// An authority whose certificate has these extensions.
    pub fn tsa_named(&self, name: &str, extensions: &str) -> Signer {
        self.signer_with(name, KeyKind::P256, extensions)
    }

    /// What `openssl ts -reply` answers.
    pub fn openssl_reply(&self, request: &[u8]) -> Vec<u8> {
        let _held = FIXED_NAMES.lock();
        self.write("request.tsq", request);
        let arguments =
            ["ts", "-reply", "-config", "authority.cnf", "-queryfile", "request.tsq", "-out"];
        openssl(self.path(), &[&arguments[..], &["reply.tsr"]].concat());
        self.read("reply.tsr")
    }

    /// `openssl ts -verify` of a token over a digest.
    pub fn openssl_verify_token(&self, token: &[u8], imprint: &Digest) -> Result<Vec<u8>, String> {
        let _held = FIXED_NAMES.lock();
        self.write("token.der", token);
        let hex: String = imprint.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let arguments = ["ts", "-verify", "-token_in", "-in", "token.der", "-CAfile", "ca.pem"];
        let untrusted = ["-untrusted", "tsa.pem", "-digest", &hex];
        try_openssl(self.path(), &[&arguments[..], &untrusted].concat())
    }
}

pub fn request(imprint: Digest) -> TimeStampRequest {
    TimeStampRequest {
        message_imprint: imprint,
        nonce: Some(vec![0xf1, 2, 3, 4, 5, 6, 7, 8]),
        policy: None,
        cert_req: true,
    }
}

/// DER of a TSTInfo: policy, imprint and time as stated, with nothing optional.
pub fn tst_info(imprint: &Digest, gen_time: &str) -> Vec<u8> {
    let imprint = asn1::sequence(&[
        imprint.algorithm().to_algorithm_identifier().to_der(),
        asn1::tlv(tag::OCTET_STRING, imprint.as_bytes()),
    ]);
    asn1::sequence(&[
        asn1::small_integer(1),
        asn1::oid(ObjectIdentifier::new_unwrap("1.2.3.4.1")),
        imprint,
        asn1::small_integer(7),
        asn1::tlv(tag::GENERALIZED_TIME, gen_time.as_bytes()),
    ])
}

impl Signer {
    /// A token over an imprint, as an honest authority makes it.
    pub fn stamp(&self, imprint: &Digest) -> TimeStampToken {
        self.stamp_at(imprint, "20260501000001Z")
    }

    pub fn stamp_at(&self, imprint: &Digest, gen_time: &str) -> TimeStampToken {
        TimeStampToken::from_ber(&self.sign_tst_info(&tst_info(imprint, gen_time))).unwrap()
    }

    /// A token around this TSTInfo.
    pub fn sign_tst_info(&self, info: &[u8]) -> Vec<u8> {
        let algorithm = self.algorithms()[0];
        let to_be_signed = prepare(SigningParameters {
            certificate: self.certificate.clone(),
            extra_certificates: Vec::new(),
            algorithm,
            content_type: oid::TST_INFO,
            message_digest: algorithm.cms_digest_algorithm().digest(info),
            form: Form::Pades,
        })
        .unwrap();
        let value = self.sign(algorithm, to_be_signed.bytes_to_sign());
        let attached = to_be_signed.finish_attached(&value, info.len() as u64);
        [attached.prefix(), info, attached.suffix()].concat()
    }

    /// A token whose signed attributes are chosen freely, signed by this key and sid naming `sid`.
    pub fn sign_token_with(
        &self,
        info: &[u8],
        sid: &Certificate,
        embedded: &[&Certificate],
        change: impl FnOnce(&mut Vec<Attribute>),
    ) -> Vec<u8> {
        let honest = TimeStampToken::from_ber(&self.sign_tst_info(info)).unwrap();
        let signer = &honest.signed_data().signer_infos()[0];
        let mut attributes = signer.signed_attributes().unwrap().list().to_vec();
        change(&mut attributes);
        let set = asn1::set_of(
            attributes
                .iter()
                .map(|one| {
                    asn1::sequence(&[asn1::oid(one.oid), asn1::constructed(tag::SET, &one.values)])
                })
                .collect(),
        );
        let value = self.sign(self.algorithms()[0], &set);
        let mut retagged = set;
        retagged[0] = tag::context(0);
        let digest = signer.digest_algorithm().to_der();
        let signer_info = asn1::sequence(&[
            asn1::small_integer(1),
            asn1::sequence(&[
                sid.issuer().as_der().to_vec(),
                asn1::tlv(tag::INTEGER, sid.serial()),
            ]),
            digest.clone(),
            retagged,
            signer.signature_algorithm().to_der(),
            asn1::tlv(tag::OCTET_STRING, value.as_bytes()),
        ]);
        let certificates: Vec<_> = embedded.iter().map(|one| one.as_der().to_vec()).collect();
        let content = asn1::tlv(tag::context(0), &asn1::tlv(tag::OCTET_STRING, info));
        let signed_data = asn1::sequence(&[
            asn1::small_integer(3),
            asn1::tlv(tag::SET, &digest),
            asn1::sequence(&[asn1::oid(oid::TST_INFO), content]),
            asn1::constructed(tag::context(0), &certificates),
            asn1::tlv(tag::SET, &signer_info),
        ]);
        asn1::sequence(&[asn1::oid(oid::SIGNED_DATA), asn1::tlv(tag::context(0), &signed_data)])
    }
}

/// DER of `SigningCertificate`, the first version, over one certificate.
pub fn signing_certificate_v1(certificate: &Certificate) -> Vec<u8> {
    let hash = certificate.fingerprint(DigestAlgorithm::Sha1ForLegacyUseOnly);
    let id = asn1::sequence(&[asn1::tlv(tag::OCTET_STRING, hash.as_bytes())]);
    asn1::sequence(&[asn1::sequence(&[id])])
}

/// The BER of a structure with every constructed element of indefinite length.
pub fn to_indefinite(der: &[u8]) -> Vec<u8> {
    let element = Reader::new(der, Rules::Der).element().unwrap();
    if element.tag() & 0x20 == 0 {
        return der.to_vec();
    }
    let mut ber = vec![element.tag(), 0x80];
    for child in element.children().unwrap().rest().unwrap() {
        ber.extend(to_indefinite(child.raw()));
    }
    ber.extend([0, 0]);
    ber
}
