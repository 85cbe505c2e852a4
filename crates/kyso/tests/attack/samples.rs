//! The samples that the table names.

use std::fs;
use std::path::Path;

use kyso_cades::oid;
use kyso_testkit::peer;
use kyso_x509::asn1::{self, sequence, tag};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, ObjectIdentifier, SignatureAlgorithm};

use crate::message::{self, Key, Keys, Message, attribute, content_type, message_digest};
use crate::mint::{self, Crl, Ocsp, Single, Subject, day};
use crate::world::{CONTENT, World, time_stamping};

const ECDSA: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
const RSA: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);

/// A signed file, its content, and the world in which it is judged.
pub(crate) struct Sample {
    pub(crate) world: World,
    pub(crate) bytes: Vec<u8>,
    pub(crate) content: Vec<u8>,
    /// Day of the validation.
    pub(crate) at: i64,
}

/// A world whose authority has said on day 10 that it revoked nobody.
pub(crate) fn world() -> World {
    let world = World::new();
    let list = world.nobody(10, 20);
    world.knowing(list)
}

/// An honest message of the world's signer with the issuer inside.
pub(crate) fn message(world: &World) -> Message {
    let key = Key::P256(world.signer.key.clone());
    let mut message = Message::honest(key, &world.certificate, ECDSA, CONTENT);
    message.more_certificates.push(world.authority_certificate.as_der().to_vec());
    message
}

fn judged(world: World, bytes: Vec<u8>) -> Sample {
    Sample { world, bytes, content: CONTENT.to_vec(), at: 13 }
}

/// A message that is changed and then signed.
fn changed(change: impl FnOnce(&World, Message) -> Message) -> Sample {
    let world = world();
    let bytes = change(&world, message(&world)).to_cms();
    judged(world, bytes)
}

/// An honest message in a world with other evidence.
fn with_status(evidence: impl FnOnce(&mut World)) -> Sample {
    let mut world = World::new();
    evidence(&mut world);
    let bytes = message(&world).to_cms();
    judged(world, bytes)
}

fn rsa(
    keys: &Keys,
    bits: u32,
    algorithm: SignatureAlgorithm,
    options: &'static [&'static str],
) -> (World, Message) {
    let world = world();
    let certificate = keys.certificate(bits, &world.authority);
    let key = Key::Rsa(keys.file(bits), options);
    let mut message = Message::honest(key, &certificate, algorithm, CONTENT);
    message.more_certificates.push(world.authority_certificate.as_der().to_vec());
    (world, message)
}

fn signed_by_rsa(
    keys: &Keys,
    bits: u32,
    algorithm: SignatureAlgorithm,
    options: &'static [&'static str],
) -> Sample {
    let (world, message) = rsa(keys, bits, algorithm, options);
    let bytes = message.to_cms();
    judged(world, bytes)
}

const fn pss(mgf1_digest: DigestAlgorithm, salt_len: u32) -> SignatureAlgorithm {
    SignatureAlgorithm::RsaPss { digest: DigestAlgorithm::Sha256, mgf1_digest, salt_len }
}

/// What `openssl dgst -sha256` is told to sign with RSASSA-PSS.
const PSS: &[&str] =
    &["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
const PSS_WITHOUT_SALT: &[&str] =
    &["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:0"];
const PSS_MGF1_SHA1: &[&str] = &[
    "-sha256",
    "-sigopt",
    "rsa_padding_mode:pss",
    "-sigopt",
    "rsa_pss_saltlen:32",
    "-sigopt",
    "rsa_mgf1_md:sha1",
];

pub(crate) fn make(name: &str, keys: &Keys) -> Sample {
    const SHA1: DigestAlgorithm = DigestAlgorithm::Sha1ForLegacyUseOnly;
    const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;
    match name {
        "honest" => changed(|_, message| message),
        // What was signed about another document is shown as the document.
        "attributes-as-content" => {
            let world = world();
            let mut message = message(&world);
            let content = message.attributes_der();
            let value = message.key.sign(&content);
            message.attributes = None;
            let bytes = message.to_cms_with(&value);
            Sample { world, bytes, content, at: 13 }
        }
        "content-type-missing" => changed(|_, message| message.without(oid::CONTENT_TYPE)),
        "content-type-differs" => changed(|_, message| {
            message.without(oid::CONTENT_TYPE).with(content_type(oid::SIGNED_DATA))
        }),
        "message-digest-missing" => changed(|_, message| message.without(oid::MESSAGE_DIGEST)),
        "message-digest-differs" => changed(|_, message| {
            let digest = SHA256.digest(b"another document");
            message.without(oid::MESSAGE_DIGEST).with(message_digest(digest.as_bytes()))
        }),
        "message-digest-doubled" => changed(|_, message| {
            message.with(message_digest(SHA256.digest(b"another document").as_bytes()))
        }),
        "noattr" => changed(|_, message| Message { attributes: None, ..message }),
        "openssl-noattr" => by_openssl(keys, "-noattr"),
        "openssl-cades" => by_openssl(keys, "-cades"),
        "certificate-unbound" => changed(|_, message| message.without(oid::SIGNING_CERTIFICATE_V2)),
        // Another certificate of the same key stands in sid and in the message.
        "certificate-substituted" => changed(|world, message| {
            let certificate =
                Subject::new("Director", 3).valid(0, 100).serial(&[42]).issued_by(&world.authority);
            Message { certificate, ..message }
        }),
        // The same issuer and serial: only the hash of the whole certificate tells them apart.
        "certificate-reissued" => changed(|world, message| {
            let certificate = Subject::new("Director", 3).valid(0, 100).issued_by(&world.authority);
            Message { certificate, ..message }
        }),
        "digest-disagrees" => changed(|_, message| {
            let sha512 = DigestAlgorithm::Sha512;
            let digest = message_digest(sha512.digest(CONTENT).as_bytes());
            let message = message.without(oid::MESSAGE_DIGEST).with(digest);
            let digest_algorithm = sha512.to_algorithm_identifier().to_der();
            Message { digest_algorithm, ..message }
        }),
        "hmac" => changed(|_, message| {
            let hmac = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
            Message { signature_algorithm: sequence(&[asn1::oid(hmac)]), ..message }
        }),
        "rsa-named-for-p256" => changed(|_, message| {
            let signature_algorithm = RSA.to_algorithm_identifier().to_der();
            Message { signature_algorithm, ..message }
        }),
        "protection-agrees" => {
            changed(|_, message| message.with(message::algorithm_protection(SHA256, ECDSA)))
        }
        "protection-differs" => changed(|_, message| {
            let sha512 = DigestAlgorithm::Sha512;
            let algorithm = SignatureAlgorithm::Ecdsa(sha512);
            message.with(message::algorithm_protection(sha512, algorithm))
        }),
        "pss" => signed_by_rsa(keys, 2048, pss(SHA256, 32), PSS),
        "pss-without-salt" => signed_by_rsa(keys, 2048, pss(SHA256, 0), PSS_WITHOUT_SALT),
        "pss-mgf1-sha1" => signed_by_rsa(keys, 2048, pss(SHA1, 32), PSS_MGF1_SHA1),
        "pss-salt-substituted" => substituted(keys, pss(SHA256, 0)),
        "pss-mgf1-substituted" => substituted(keys, pss(DigestAlgorithm::Sha512, 32)),
        "rsa-2048" => signed_by_rsa(keys, 2048, RSA, &["-sha256"]),
        "rsa-1024" => signed_by_rsa(keys, 1024, RSA, &["-sha256"]),
        "rsa-sha1" => signed_by_rsa(keys, 2048, SignatureAlgorithm::RsaPkcs1(SHA1), &["-sha1"]),
        "rsa-md5" => {
            let (world, message) = rsa(keys, 2048, RSA, &["-md5"]);
            let digest = peer::run_with_input("openssl", ["dgst", "-md5", "-binary"], CONTENT);
            let digest = message_digest(&digest.expect_success());
            let named = |id| sequence(&[asn1::oid(mint::oid(id)), vec![tag::NULL, 0]]);
            let message = Message {
                digest_algorithm: named("1.2.840.113549.2.5"),
                signature_algorithm: named("1.2.840.113549.1.1.4"),
                ..message.without(oid::MESSAGE_DIGEST).with(digest)
            };
            let bytes = message.to_cms();
            judged(world, bytes)
        }
        "time-stamp-order" => stamped_twice(14, 15),
        "time-stamp-disorder" => stamped_twice(15, 14),
        "time-stamp-purpose" => revoked_after(time_stamping("Stamps", 4)),
        "time-stamp-purpose-not-critical" => {
            let purposes = sequence(&[asn1::oid(mint::oid("1.3.6.1.5.5.7.3.8"))]);
            revoked_after(Subject::new("Stamps", 4).with("2.5.29.37", false, &purposes))
        }
        "time-stamp-purpose-not-alone" => {
            let purposes = ["1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"];
            let purposes = sequence(&purposes.map(|one| asn1::oid(mint::oid(one))));
            revoked_after(Subject::new("Stamps", 4).with("2.5.29.37", true, &purposes))
        }
        "time-stamp-of-another" => {
            let other = SHA256.digest(b"another signature");
            stamped_over(&other)
        }
        _ => status(name).or_else(|| bulk(name)).unwrap_or_else(|| panic!("no sample {name}")),
    }
}

fn status(name: &str) -> Option<Sample> {
    let responder =
        || Subject::responder("Responder", 6).with("1.3.6.1.5.5.7.48.1.5", false, &[5, 0]);
    let single = |world: &World, this, next| {
        Single::good(&world.certificate, &world.authority_certificate, this, next)
    };
    let list = |list: Crl| {
        with_status(move |world| world.evidence.crls.push(list.signed_by(&world.authority)))
    };
    let say = |this, next| {
        with_status(move |world| {
            let response = Ocsp::new(single(world, this, next)).signed_by(&world.authority);
            world.evidence.ocsp.push(response);
        })
    };
    Some(match name {
        "ocsp" => say(12, 14),
        "ocsp-stale" => say(2, 3),
        "ocsp-delegated" => with_status(|world| {
            let certificate = responder().issued_by(&world.authority);
            let response = Ocsp::new(single(world, 12, 14)).carrying(&certificate);
            world.evidence.ocsp.push(response.signed_by(&responder()));
        }),
        "ocsp-foreign" => with_status(|world| {
            let certificate = responder().issued_by(&Subject::authority("Foreign", 8));
            let response = Ocsp::new(single(world, 12, 14)).carrying(&certificate);
            world.evidence.ocsp.push(response.signed_by(&responder()));
        }),
        // The responder of another authority under the same anchor.
        "ocsp-of-a-sibling" => with_status(|world| {
            let sibling = Subject::authority("Sibling", 8);
            let certificate = responder().issued_by(&sibling);
            let response = Ocsp::new(single(world, 12, 14)).carrying(&certificate);
            world.evidence.certificates.push(sibling.issued_by(&world.root));
            world.evidence.ocsp.push(response.signed_by(&responder()));
        }),
        // And that of one which another key makes an authority of the same name.
        "ocsp-of-a-double" => with_status(|world| {
            let double = Subject::authority("Authority", 8);
            let certificate = responder().issued_by(&double);
            let response = Ocsp::new(single(world, 12, 14)).carrying(&certificate);
            world.evidence.certificates.push(double.issued_by(&world.root));
            world.evidence.ocsp.push(response.signed_by(&responder()));
        }),
        "ocsp-without-purpose" => with_status(|world| {
            let plain = Subject::new("Not a responder", 10);
            let response =
                Ocsp::new(single(world, 12, 14)).carrying(&plain.issued_by(&world.authority));
            world.evidence.ocsp.push(response.signed_by(&plain));
        }),
        // The same serial, of another issuer.
        "ocsp-of-a-namesake" => with_status(|world| {
            let root = &world.root_certificate;
            let single = Single::good(&world.certificate, root, 12, 14);
            world.evidence.ocsp.push(Ocsp::new(single).signed_by(&world.authority));
        }),
        "crl" => list(Crl::new(10, 20)),
        "crl-stale" => list(Crl::new(1, 3)),
        "crl-user-scope" => list(Crl::new(10, 20).scope(&[mint::flag(1)])),
        "crl-authority-scope" => list(Crl::new(10, 20).scope(&[mint::flag(2)])),
        "crl-attribute-scope" => list(Crl::new(10, 20).scope(&[mint::flag(5)])),
        "crl-by-another-key" => with_status(|world| {
            let forger = Subject::authority("Authority", 9);
            world.evidence.crls.push(Crl::new(10, 20).signed_by(&forger));
        }),
        "crl-by-another-issuer" => with_status(|world| {
            let other = Subject::authority("Foreign", 8);
            world.evidence.crls.push(Crl::new(10, 20).signed_by(&other));
        }),
        _ => return None,
    })
}

fn bulk(name: &str) -> Option<Sample> {
    let number: &[u8] = &[0x7a, 0x7b, 0x7c, 0x7d];
    let crowd = |subject: &str, issuer: &Subject, count: u32| {
        let one = Subject::authority(subject, 11).serial(number).issued_by(issuer);
        changed(|_, mut message| {
            message.more_certificates.extend((0..count).map(|at| renumbered(&one, number, at)));
            message
        })
    };
    let root = Subject::authority("Root", 1);
    let broken = |bytes: Vec<u8>| judged(world(), bytes);
    Some(match name {
        "certificates-20" => crowd("Useless", &root, 20),
        "certificates-10000" => crowd("Useless", &root, 10_000),
        // Each could be the signer's issuer by its name, and leads to the anchor by its issuer's.
        "namesakes-20" => crowd("Authority", &root, 20),
        "namesakes-500" => crowd("Authority", &root, 500),
        "namesakes-10000" => crowd("Authority", &root, 10_000),
        // Each could be the issuer of every other.
        "mesh-500" => crowd("Authority", &Subject::authority("Authority", 11), 500),
        "mesh-10000" => crowd("Authority", &Subject::authority("Authority", 11), 10_000),
        "nested-20" => nested_attribute(20),
        "nested-200" => nested_attribute(200),
        "nested-indefinite-200" => changed(|_, mut message| {
            let deep = [&[0x30, 0x80].repeat(200)[..], &[0; 400]].concat();
            message.unsigned.push(attribute(mint::oid("1.2.3.4.5.6"), &deep));
            message
        }),
        "nested-signed-200" => changed(|_, message| {
            // Where a reader must look: signing-certificate-v2.
            let deep = attribute(oid::SIGNING_CERTIFICATE_V2, &nested(200));
            message.without(oid::SIGNING_CERTIFICATE_V2).with(deep)
        }),
        "nested-file-200" => broken(nested(200)),
        "nested-file-indefinite" => broken([0x30, 0x80].repeat(200_000)),
        "length-4-gib" => {
            let honest = changed(|_, message| message).bytes;
            // All is as it should be but the outermost length.
            broken([&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &honest[4..]].concat())
        }
        "length-of-length" => broken([&[0x30, 0xff][..], &[0xff; 127]].concat()),
        // An attribute that claims 4 GiB less one within a SET of eight octets.
        "length-inside" => changed(|_, mut message| {
            message.unsigned.push(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0, 0]);
            message
        }),
        "truncated" => {
            let mut sample = changed(|_, message| message);
            sample.bytes.truncate(sample.bytes.len() / 2);
            sample
        }
        _ => return None,
    })
}

/// The same certificate under another number: its signature is wrong then, as a useless one's may be.
fn renumbered(one: &Certificate, number: &[u8], at: u32) -> Vec<u8> {
    let mut der = one.as_der().to_vec();
    let place = der.windows(number.len()).position(|part| part == number).expect("the number");
    der[place..place + 4].copy_from_slice(&(0x0100_0000 + at).to_be_bytes());
    der
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(asn1::small_integer(1), |inner, _| sequence(&[inner]))
}

/// A deep value in an unsigned attribute that nobody knows.
fn nested_attribute(depth: usize) -> Sample {
    changed(|_, mut message| {
        message.unsigned.push(attribute(mint::oid("1.2.3.4.5.6"), &nested(depth)));
        message
    })
}

/// An honest RSASSA-PSS signature whose message says other parameters.
fn substituted(keys: &Keys, stated: SignatureAlgorithm) -> Sample {
    let honest = pss(DigestAlgorithm::Sha256, 32);
    let (world, mut message) = rsa(keys, 2048, honest, PSS);
    message.signature_algorithm = stated.to_algorithm_identifier().to_der();
    let bytes = message.to_cms();
    judged(world, bytes)
}

/// Level B-LTA, stamped and archived on these days.
fn stamped_twice(stamp: i64, archive: i64) -> Sample {
    let world = world();
    let signed = world.with_embedded(world.stamped(world.sign(day(12)), day(stamp)));
    let bytes = world.archived(signed, day(archive)).to_der().expect("the structure");
    Sample { world, bytes, content: CONTENT.to_vec(), at: 16 }
}

/// Signed and stamped on days 12 and 13; the signer's certificate was revoked on day 14.
fn revoked_after(tsa: Subject) -> Sample {
    let world = World::with(Subject::new("Signer", 3).valid(0, 100), tsa.valid(0, 200));
    let list = world.revoked(15, 25, 14, 1);
    let world = world.knowing(list);
    let signed = world.stamped(world.sign(day(12)), day(13));
    let bytes = signed.to_der().expect("the structure");
    Sample { world, bytes, content: CONTENT.to_vec(), at: 16 }
}

/// As [`revoked_after`], with an honest authority's token over something else.
fn stamped_over(imprint: &Digest) -> Sample {
    let mut sample = revoked_after(time_stamping("Stamps", 4));
    let token = sample.world.token(imprint, day(13));
    let mut message = message(&sample.world);
    message.unsigned.push(attribute(oid::SIGNATURE_TIME_STAMP, token.as_received()));
    sample.bytes = message.to_cms();
    sample
}

/// What `openssl cms -sign` makes with an option.
fn by_openssl(keys: &Keys, option: &str) -> Sample {
    let world = world();
    let certificate = keys.certificate(2048, &world.authority);
    let folder = keys.folder.path();
    let write = |name: &str, label: &str, der: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, kyso_x509::pem::encode(label, der)).expect("written");
        path
    };
    let signer = write("signer.pem", "CERTIFICATE", certificate.as_der());
    let issuer = write("issuer.pem", "CERTIFICATE", world.authority_certificate.as_der());
    let key = keys.file(2048);
    let arguments: [&dyn AsRef<Path>; 11] = [
        &"cms",
        &"-sign",
        &"-binary",
        &option,
        &"-outform",
        &"DER",
        &"-signer",
        &signer,
        &"-inkey",
        &key,
        &"-certfile",
    ];
    let mut arguments: Vec<_> = arguments.iter().map(|one| one.as_ref().as_os_str()).collect();
    arguments.push(issuer.as_os_str());
    let bytes = peer::run_with_input("openssl", arguments, CONTENT).expect_success();
    judged(world, bytes)
}
