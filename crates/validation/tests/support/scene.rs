//! The cases of the table, and what each builds step by step.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use kyso_cades::{SignedData, signature_imprint};
use kyso_validation::policy::{Expiry, Policy};
use kyso_x509::asn1::{self, sequence, tag, tlv};
use kyso_x509::{Certificate, CertificateList, Digest, DigestAlgorithm, EllipticCurve};
use serde::Deserialize;
use std::sync::Arc;

use crate::mint::{self, Crl, Ocsp, Single, Subject, day};
use crate::odd::{self, Oddity};
use crate::world::{self, Precision, World, time_stamping, token_by};

const TABLE: &str = include_str!("../../../../test-vectors/validation/long-term.toml");

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// Of EN 319 102-1 v1.4.1 or the named document: what the expectation is derived from.
    pub clause: String,
    pub steps: String,
    pub at: i64,
    pub verdict: String,
    pub best: Option<i64>,
}

pub fn cases() -> Vec<Case> {
    let table: Table = toml::from_str(TABLE).unwrap();
    table.case
}

/// What a case builds step by step.
pub struct Scene {
    pub world: World,
    second: Subject,
    second_certificate: Certificate,
    pub named: Option<Policy>,
    pub signed: Option<SignedData>,
    pub content: &'static [u8],
}

impl Scene {
    pub fn of(case: &Case) -> Self {
        let mut scene = Self::new(&case.steps);
        for step in case.steps.split(';') {
            scene.step(step);
        }
        scene
    }

    /// The validity periods come before everything else, wherever they stand.
    fn new(steps: &str) -> Self {
        let mut signer = Subject::new("Signer", 3).valid(0, 100);
        let mut tsa = time_stamping("Stamps", 4).valid(0, 200);
        let mut authority = None;
        for step in steps.split(';') {
            let (verb, words) = words(step);
            match verb {
                "signer" => signer = signer.valid(number(&words, 0), number(&words, 1)),
                "tsa" => tsa = tsa.valid(number(&words, 0), number(&words, 1)),
                "authority" => authority = Some((number(&words, 0), number(&words, 1))),
                // keyEncipherment and nothing else.
                "signer-enciphers" => signer = signer.with("2.5.29.15", true, &[3, 2, 5, 0x20]),
                // A CRL issuer other than the certificate's, as its distribution point says.
                "lists-by-another" => {
                    let issuer = mint::directory_name(&list_issuer().name);
                    let point = sequence(&[tlv(tag::context(2), &issuer)]);
                    signer = signer.with("2.5.29.31", false, &sequence(&[point]));
                }
                _ => {}
            }
        }
        let mut world = World::with(signer, tsa);
        if let Some((from, to)) = authority {
            world.authority = world.authority.clone().valid(from, to);
            world.authority_certificate = world.authority.issued_by(&world.root);
        }
        let second = time_stamping("Later stamps", 5).valid(50, 600);
        let second_certificate = second.issued_by(&world.authority);
        let content = world::CONTENT;
        Self { world, second, second_certificate, named: None, signed: None, content }
    }

    fn step(&mut self, step: &str) {
        let (verb, words) = words(step);
        match verb {
            "signer" | "tsa" | "authority" | "signer-enciphers" => {}
            "lists-by-another" => {
                let certificate = list_issuer().issued_by(&self.world.root);
                self.world.evidence.certificates.push(certificate);
            }
            "policy" => self.named = Some(Policy::built_in(words[0]).unwrap()),
            "lapse" => self.suites(words[0], Some(Expiry::At(day(number(&words, 1))))),
            "refuse" => self.suites(words[0], None),
            "no-root-list" => self.world.evidence.crls.clear(),
            "no-anchors" => self.world.trust.stores[0].anchors.clear(),
            "other-anchor" => {
                let other = Subject::authority("Other root", 9).valid(0, 3000).self_signed();
                self.world.trust.stores[0].anchors =
                    vec![kyso_x509::TrustAnchor::from_certificate(other)];
            }
            "other-content" => self.content = b"another document",
            "know" if words[0].starts_with("ocsp") => self.ocsp(&words),
            "know" => {
                let list = self.list(&words);
                self.world.evidence.crls.push(list);
            }
            "embed" => {
                let list = self.list(&words);
                let signed = self.signed.take().unwrap();
                self.signed = Some(self.world.with_lists(signed, &[list]));
            }
            "sign" => self.signed = Some(self.world.sign(day(number(&words, 0)))),
            "sign-after" => {
                let imprint = DigestAlgorithm::Sha256.digest(world::CONTENT);
                let token = self.world.token(&imprint, day(number(&words, 0)));
                self.sign_oddly(&words, 1, &Oddity::ContentTimeStamp(token));
            }
            "sign-under" => {
                let value = match words[0] {
                    "named" => sequence(&[asn1::oid(mint::oid("1.2.3.4.5"))]),
                    "implied" => vec![tag::NULL, 0],
                    "malformed" => asn1::small_integer(1),
                    other => panic!("unknown signature policy {other}"),
                };
                self.sign_oddly(&words, 1, &Oddity::SignaturePolicy(value));
            }
            "sign-unbound" => self.sign_oddly(&words, 0, &Oddity::WithoutReference),
            "sign-brokenly" => self.sign_oddly(&words, 0, &Oddity::OtherValue),
            "stamp" => {
                let signed = self.signed.take().unwrap();
                self.signed = Some(self.world.stamped(signed, day(number(&words, 0))));
            }
            // With an accuracy in seconds; `stamp-in-order` promises order beside it.
            "stamp-about" | "stamp-in-order" => {
                let signed = self.signed.take().unwrap();
                let imprint = signature_imprint(&signed.signer_infos()[0], DigestAlgorithm::Sha256);
                let token = self.world.token_of(
                    &imprint,
                    day(number(&words, 0)),
                    precision(verb, &words, 1),
                );
                self.signed = Some(signed.with_signature_time_stamp(0, &token).unwrap());
            }
            "archive-about" | "archive-in-order" => {
                let signed = self.signed.take().unwrap();
                let (time, precision) = (day(number(&words, 0)), precision(verb, &words, 1));
                let world = &self.world;
                let stamp = |imprint: &Digest| world.token_of(imprint, time, precision);
                self.signed = Some(world.archived_by(signed, stamp));
            }
            "sign-after-about" => {
                let imprint = DigestAlgorithm::Sha256.digest(world::CONTENT);
                let precision = precision(verb, &words, 2);
                let token = self.world.token_of(&imprint, day(number(&words, 0)), precision);
                self.sign_oddly(&words, 1, &Oddity::ContentTimeStamp(token));
            }
            "archive" => {
                let signed = self.signed.take().unwrap();
                self.signed = Some(self.world.archived(signed, day(number(&words, 0))));
            }
            // SHA-512 throughout: by an authority of its own.
            "strong" => {
                let signed = self.signed.take().unwrap();
                let (authority, tsa) = (strong_authority(), strong_stamps());
                let issuer = authority.issued_by(&self.world.root.clone().sha512());
                let certificate = tsa.issued_by(&authority);
                let time = day(number(&words, 0));
                self.signed =
                    Some(self.world.archived_under(DigestAlgorithm::Sha512, signed, |imprint| {
                        token_by(&tsa, &certificate, &issuer, imprint, time)
                    }));
            }
            // SHA-512 over what is archived, but by the first authority, which signs with SHA-256.
            "half-strong" => {
                let signed = self.signed.take().unwrap();
                let (world, time) = (&self.world, day(number(&words, 0)));
                self.signed =
                    Some(world.archived_under(DigestAlgorithm::Sha512, signed, |imprint| {
                        world.token(imprint, time)
                    }));
            }
            "archive2" => {
                let signed = self.signed.take().unwrap();
                let (second, certificate) = (&self.second, &self.second_certificate);
                let issuer = &self.world.authority_certificate;
                self.signed = Some(self.world.archived_by(signed, |imprint| {
                    token_by(second, certificate, issuer, imprint, day(number(&words, 0)))
                }));
            }
            _ => panic!("unknown step {step}"),
        }
    }

    fn sign_oddly(&mut self, words: &[&str], at: usize, oddity: &Oddity) {
        self.signed = Some(odd::sign(&self.world, day(number(words, at)), oddity));
    }

    fn suites(&mut self, name: &str, expiry: Option<Expiry>) {
        let suites = &mut self.world.policy.suites;
        match name {
            "SHA-256" => {
                suites.digests.remove(&DigestAlgorithm::Sha256);
                suites.digests.extend(expiry.map(|one| (DigestAlgorithm::Sha256, one)));
            }
            "SHA-512" => {
                suites.digests.remove(&DigestAlgorithm::Sha512);
                suites.digests.extend(expiry.map(|one| (DigestAlgorithm::Sha512, one)));
            }
            "P-256" => {
                suites.ecdsa.retain(|(curve, _)| *curve != EllipticCurve::P256);
                suites.ecdsa.extend(expiry.map(|one| (EllipticCurve::P256, one)));
            }
            _ => panic!("unknown algorithm {name}"),
        }
        self.world.trust.stores[0].policy = Arc::new(self.world.policy.clone());
    }

    fn list(&self, words: &[&str]) -> CertificateList {
        let world = &self.world;
        let list = Crl::new(number(words, 1), number(words, 2));
        let revoke = |certificate| {
            let reason = u8::try_from(number(words, 4)).unwrap();
            list.clone().revoke(certificate, day(number(words, 3)), reason)
        };
        match words[0] {
            "nobody" => list.signed_by(&world.authority),
            // expiredCertsOnCRL since a day.
            "all-since" => {
                let since = mint::generalized(day(number(words, 3)));
                list.with("2.5.29.60", false, &since).signed_by(&world.authority)
            }
            "revoked" => revoke(&world.certificate).signed_by(&world.authority),
            // Two entries in one list.
            "revoked-twice" => {
                let reason = u8::try_from(number(words, 6)).unwrap();
                let list = list.clone().revoke(
                    &world.certificate,
                    day(number(words, 3)),
                    u8::try_from(number(words, 4)).unwrap(),
                );
                list.revoke(&world.certificate, day(number(words, 5)), reason)
                    .signed_by(&world.authority)
            }
            // invalidityDate beside the revocation.
            "invalid" => {
                let reason = mint::reason_code(u8::try_from(number(words, 4)).unwrap());
                let since = mint::generalized(day(number(words, 5)));
                let extensions = [reason, mint::extension("2.5.29.24", false, &since)];
                let serial = world.certificate.serial();
                let date = day(number(words, 3));
                list.clone().entry(serial, date, &extensions).signed_by(&world.authority)
            }
            // A complete list with its number, and what has changed since.
            "base" => list.number(1).signed_by(&world.authority),
            "base-revoked" => revoke(&world.certificate).number(1).signed_by(&world.authority),
            "delta" => list.number(2).delta_of(1).signed_by(&world.authority),
            "delta-revoked" => {
                revoke(&world.certificate).number(2).delta_of(1).signed_by(&world.authority)
            }
            "indirect" => list.scope(&[mint::flag(4)]).signed_by(&list_issuer()),
            "indirect-revoked" => {
                let reason = mint::reason_code(u8::try_from(number(words, 4)).unwrap());
                let issuer = mint::certificate_issuer(&world.authority.name);
                let serial = world.certificate.serial();
                let date = day(number(words, 3));
                let list = list.clone().entry(serial, date, &[reason, issuer]);
                list.scope(&[mint::flag(4)]).signed_by(&list_issuer())
            }
            "tsa-revoked" => revoke(&world.tsa_certificate).signed_by(&world.authority),
            "authority-revoked" => revoke(&world.authority_certificate).signed_by(&world.root),
            // Signed with SHA-512: by the authority of strong time-stamps, the root, the authority.
            "strong-nobody" => list.signed_by(&strong_authority()),
            "strong-root" => list.signed_by(&world.root.clone().sha512()),
            "nobody-512" => list.signed_by(&world.authority.clone().sha512()),
            "root-nobody" => list.signed_by(&world.root),
            // Another key under the authority's name.
            "forged" => {
                let mut forger = world.authority.clone();
                forger.key = mint::key(77);
                list.signed_by(&forger)
            }
            "foreign" => list.signed_by(&Subject::authority("Foreign", 8)),
            // onlyContainsCACerts: of another scope.
            "ca-only" => list.scope(&[mint::flag(2)]).signed_by(&world.authority),
            "user-only" => list.scope(&[mint::flag(1)]).signed_by(&world.authority),
            other => panic!("unknown list {other}"),
        }
    }

    fn ocsp(&mut self, words: &[&str]) {
        let world = &self.world;
        let issuer = &world.authority_certificate;
        let single = Single::good(&world.certificate, issuer, number(words, 1), number(words, 2));
        let nocheck = Subject::responder("Responder", 6)
            .with("1.3.6.1.5.5.7.48.1.5", false, &[5, 0])
            .valid(0, 100);
        let stranger = Subject::responder("Stranger", 7).valid(0, 100);
        let response = match words[0] {
            "ocsp-good" => Ocsp::new(single).signed_by(&world.authority),
            "ocsp-unknown" => Ocsp::new(single.unknown()).signed_by(&world.authority),
            "ocsp-revoked" => {
                let reason = u8::try_from(number(words, 4)).unwrap();
                Ocsp::new(single.revoked(day(number(words, 3)), reason)).signed_by(&world.authority)
            }
            "ocsp-delegated" => Ocsp::new(single)
                .carrying(&nocheck.issued_by(&world.authority))
                .by_key()
                .signed_by(&nocheck),
            // A responder that another authority has authorised.
            "ocsp-foreign" => {
                let foreign = Subject::authority("Foreign", 8);
                Ocsp::new(single).carrying(&stranger.issued_by(&foreign)).signed_by(&stranger)
            }
            // A certificate of the authority without the purpose of OCSP signing.
            "ocsp-unauthorised" => {
                let other = Subject::new("Not a responder", 10).valid(0, 100);
                Ocsp::new(single).carrying(&other.issued_by(&world.authority)).signed_by(&other)
            }
            other => panic!("unknown response {other}"),
        };
        self.world.evidence.ocsp.push(response);
    }
}

/// Signs with SHA-512, as its certificate is signed.
fn strong_authority() -> Subject {
    Subject::authority("Strong authority", 14).valid(0, 2000).sha512()
}

fn strong_stamps() -> Subject {
    time_stamping("Strong stamps", 13).valid(50, 600).sha512()
}

/// Signs lists for the authority.
fn list_issuer() -> Subject {
    Subject::new("Lists", 12).valid(0, 3000).with("2.5.29.15", true, &[3, 2, 1, 0x02])
}

fn precision(verb: &str, words: &[&str], at: usize) -> Precision {
    let accuracy_seconds = words[at].parse().unwrap();
    Precision { accuracy_seconds, ordering: verb.ends_with("in-order") }
}

fn words(step: &str) -> (&str, Vec<&str>) {
    let mut words = step.split_whitespace();
    (words.next().expect("a verb"), words.collect())
}

fn number(words: &[&str], at: usize) -> i64 {
    words[at].parse().unwrap()
}
