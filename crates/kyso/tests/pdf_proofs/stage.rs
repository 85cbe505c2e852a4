//! Signatures, security stores and document time-stamps placed by hand, honestly or not.
//!
//! The signer's authority lapses on day 100, so that from then on everything it issued must be proven to be older; the
//! time-stamping authority lives on.

use std::io::Cursor;

use kyso::report::FileReport;
use kyso::validation::evidence::Evidence;
use kyso::validation::trust::Trust;
use kyso::verify::{Options, trust_in, verify_bytes};
use kyso_cades::{Form, SigningParameters, oid, prepare};
use kyso_pades::{
    Date, DocMdpPermission, Document, Limits, SecurityData, SigningField, SigningOptions, SubFilter,
};
use kyso_testkit::Subject;
use kyso_testkit::pki::{Crl, Entity, Hash, Hierarchy, Keys, Plan, Template};
use kyso_x509::{
    Certificate, CertificateList, Digest, DigestAlgorithm, SignatureAlgorithm, SignatureValue,
    Time, TrustAnchor,
};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// When the signer signs: 2026-07-15.
pub(crate) const SIGNED: i64 = 1_784_073_600;
/// When every certificate still holds.
pub(crate) const SOON: i64 = SIGNED + 20 * DAY;
/// When the signer and its authority have expired.
pub(crate) const LATE: i64 = SIGNED + 200 * DAY;

pub(crate) struct Stage {
    /// The signer's.
    pub(crate) home: Hierarchy,
    /// The time-stamping authorities'.
    pub(crate) tower: Hierarchy,
    /// Nobody trusts it.
    pub(crate) stranger: Hierarchy,
    trust: Trust,
}

fn hierarchy(name: &str, authority_until: i64, leaves_until: i64) -> Hierarchy {
    let subject = |what: &str| {
        Subject::new().country("VN").organization(name).common_name(&format!("{name} {what}"))
    };
    let from = SIGNED - YEAR;
    let mut plan = Plan::new(from, leaves_until);
    plan.root = Template::authority(&subject("root"), from, SIGNED + 5 * YEAR);
    plan.authority = Template::authority(&subject("CA"), from, authority_until);
    plan.time_stamping = Template::time_stamping(&subject("TSA"), from, leaves_until);
    Hierarchy::new(&plan, Keys::Fresh)
}

impl Stage {
    pub(crate) fn new() -> Self {
        let home = hierarchy("home", SIGNED + 100 * DAY, SIGNED + 90 * DAY);
        let tower = hierarchy("tower", SIGNED + 4 * YEAR, SIGNED + 4 * YEAR);
        let stranger = hierarchy("stranger", SIGNED + 4 * YEAR, SIGNED + 4 * YEAR);
        let anchors = [&home, &tower];
        let anchors = anchors.map(|one| TrustAnchor::from_certificate(read(&one.root.certificate)));
        Self { home, tower, stranger, trust: trust_in(anchors.to_vec(), Vec::new()) }
    }

    /// The home authorities' names under other keys.
    pub(crate) fn impostor(&self) -> Hierarchy {
        hierarchy("home", SIGNED + 5 * YEAR, SIGNED + 4 * YEAR)
    }

    /// Signed with PAdES B-B.
    pub(crate) fn signed(&self, pdf: &[u8]) -> Vec<u8> {
        self.signed_as(pdf, SubFilter::EtsiCadesDetached, None, &[])
    }

    pub(crate) fn signed_as(
        &self,
        pdf: &[u8],
        sub_filter: SubFilter,
        certify: Option<DocMdpPermission>,
        edits: &[(&str, &str)],
    ) -> Vec<u8> {
        let signer = &self.home.signer;
        placed(pdf, sub_filter, certify, edits, |digest| {
            let to_be_signed = prepare(SigningParameters {
                certificate: read(&signer.certificate),
                extra_certificates: Vec::new(),
                algorithm: SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
                content_type: oid::DATA,
                message_digest: digest,
                form: Form::Pades,
            })
            .expect("prepared");
            let value = SignatureValue::from_bytes(signer.key.sign(to_be_signed.bytes_to_sign()));
            to_be_signed.finish_detached(&value)
        })
    }

    /// With a document time-stamp of the trusted authority.
    pub(crate) fn stamped(&self, pdf: &[u8], time: i64) -> Vec<u8> {
        stamped_by(pdf, &self.tower, time)
    }

    /// The home authority's list.
    pub(crate) fn list(&self, this_update: i64, revoked: &[(&Entity, i64)]) -> Vec<u8> {
        list(&self.home.authority, this_update, revoked)
    }

    /// With this list and the home authority in the security store.
    pub(crate) fn stored(&self, pdf: &[u8], list: Vec<u8>) -> Vec<u8> {
        stored(pdf, vec![self.home.authority.certificate.clone()], vec![list], Vec::new())
    }

    /// B-LTA: a document time-stamp, the signer's status of later, and a document time-stamp of both.
    pub(crate) fn lasting(&self) -> Vec<u8> {
        let first = self.proven();
        let stored = self.stored(&first, self.list(SIGNED + 2 * HOUR, &[]));
        self.stamped(&stored, SIGNED + 3 * HOUR)
    }

    /// B-B with a document time-stamp, an hour after signing.
    pub(crate) fn proven(&self) -> Vec<u8> {
        let signed = self.signed(&kyso_testkit::pdf::one_page("Quyết định số 5"));
        self.stamped(&signed, SIGNED + HOUR)
    }

    /// What the authorities publish at a time, the tower's list revoking some, and who is needed to read it.
    pub(crate) fn published(&self, now: i64, revoked: &[(&Entity, i64)]) -> Evidence {
        let mut evidence = Evidence::default();
        // The home root spoke of its authority while that was valid.
        let spoken = now.min(SIGNED + 50 * DAY);
        let lists = [
            list(&self.home.root, spoken, &[]),
            list(&self.tower.root, now - HOUR, &[]),
            list(&self.tower.authority, now - HOUR, revoked),
        ];
        let lists = lists.iter().map(|one| CertificateList::from_der(one).expect("a list"));
        evidence.crls = lists.collect();
        evidence.certificates.push(read(&self.tower.authority.certificate));
        evidence
    }

    /// The verdict at a time with what is published then.
    pub(crate) fn judged(&self, pdf: &[u8], now: i64) -> FileReport {
        self.judged_with(pdf, now, &self.published(now, &[]))
    }

    pub(crate) fn judged_with(&self, pdf: &[u8], now: i64, evidence: &Evidence) -> FileReport {
        let options = Options {
            trust: &self.trust,
            evidence,
            policy: None,
            validation_time: Time::from_unix_seconds(now),
            content: None,
            paths: None,
            password: None,
        };
        verify_bytes(pdf, "sample.pdf", &options).expect("a report")
    }

    #[track_caller]
    pub(crate) fn assert_passes(&self, what: &str, pdf: &[u8], now: i64) {
        let report = self.judged(pdf, now);
        assert_eq!(report.indication.to_string(), "TOTAL-PASSED", "{what}: {}", told(&report));
    }

    /// Ends in this, and not otherwise.
    #[track_caller]
    pub(crate) fn assert_ends(&self, what: &str, pdf: &[u8], now: i64, ends: &str) {
        let report = self.judged(pdf, now);
        assert_eq!(report.indication.to_string(), ends, "{what}: {}", told(&report));
    }
}

pub(crate) fn told(report: &FileReport) -> String {
    let each = report.signatures.iter().map(|one| {
        let stamps: Vec<_> = one
            .timestamps
            .iter()
            .map(|stamp| format!("{:?} {} {:?}", stamp.kind, stamp.indication, stamp.errors))
            .collect();
        format!(
            "{} {} {:?} warned {:?} stamps {stamps:?}",
            one.id, one.indication, one.errors, one.warnings
        )
    });
    each.collect::<Vec<_>>().join("\n")
}

pub(crate) fn read(der: &[u8]) -> Certificate {
    Certificate::from_der(der).expect("a certificate")
}

/// A list that holds for a day.
pub(crate) fn list(issuer: &Entity, this_update: i64, revoked: &[(&Entity, i64)]) -> Vec<u8> {
    let list = Crl::new(this_update, this_update + DAY).number(this_update as u64);
    let revoke = |list: Crl, (one, date): &(&Entity, i64)| list.revoke(one.serial(), *date, None);
    revoked.iter().fold(list, revoke).signed_by(issuer)
}

/// With these pieces in the security store.
pub(crate) fn stored(
    pdf: &[u8],
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    ocsp: Vec<Vec<u8>>,
) -> Vec<u8> {
    let mut document = Document::open(Cursor::new(pdf), Limits::standard()).expect("a document");
    let data = SecurityData { certificates, crls, ocsp, signatures: Vec::new() };
    let revision = document.add_security_data(&data).expect("taken").expect("something new");
    [pdf, &revision].concat()
}

/// With a document time-stamp of an authority.
pub(crate) fn stamped_by(pdf: &[u8], by: &Hierarchy, time: i64) -> Vec<u8> {
    placed(pdf, SubFilter::EtsiRfc3161, None, &[], |digest| token(by, digest, time))
}

pub(crate) fn token(by: &Hierarchy, digest: Digest, time: i64) -> Vec<u8> {
    by.time_stamp(Hash::Sha256, digest.as_bytes(), time)
}

/// With one more signature dictionary, changed by `edits` in its own revision before its digest is taken.
pub(crate) fn placed(
    pdf: &[u8],
    sub_filter: SubFilter,
    certify: Option<DocMdpPermission>,
    edits: &[(&str, &str)],
    message: impl FnOnce(Digest) -> Vec<u8>,
) -> Vec<u8> {
    let mut document = Document::open(Cursor::new(pdf), Limits::standard()).expect("a document");
    let options = SigningOptions {
        field: SigningField::New { name: None, page: 0, rect: None },
        signing_time: Date::from_unix(SIGNED, 7 * 60)
            .filter(|_| sub_filter != SubFilter::EtsiRfc3161),
        sub_filter,
        name: None,
        reason: None,
        location: None,
        contact_info: None,
        appearance: &[],
        certify,
        lock: None,
        seed_facts: None,
        contents_size: 8_192,
    };
    let prepared = document.prepare_signature(&options).expect("prepared");
    let contents = prepared.byte_range().contents();
    let (start, end) = (contents.start as usize, contents.end as usize);
    let mut revision = prepared.embed(&[]).expect("room");
    for (old, new) in edits {
        assert_eq!(old.len(), new.len(), "{old}");
        let at = find(&revision, old.as_bytes()).unwrap_or_else(|| panic!("no {old}"));
        revision[at..at + new.len()].copy_from_slice(new.as_bytes());
    }
    let mut file = [pdf, &revision].concat();
    let digest = DigestAlgorithm::Sha256.digest(&[&file[..start], &file[end..]].concat());
    let digits: String = message(digest).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(digits.len() < end - start, "no room");
    file[start + 1..start + 1 + digits.len()].copy_from_slice(digits.as_bytes());
    file
}

/// A revision of these objects, which keeps the file's trailer.
pub(crate) fn revised(file: &[u8], objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let from = find_last(file, b"trailer\n<<").expect("a trailer") + 10;
    let to = from + find(&file[from..], b"startxref").expect("its end");
    let trailer = std::str::from_utf8(&file[from..to]).expect("text").trim();
    let trailer = trailer.strip_suffix(">>").expect("a dictionary");
    let trailer = without(&without(trailer, "/Prev"), "/Size");
    let size =
        number_behind(file, "/Size").max(1 + objects.iter().map(|one| one.0).max().unwrap_or(0));
    let previous = number_behind(file, "startxref");
    let mut out = file.to_vec();
    let mut table = String::from("xref\n");
    for (number, text) in objects {
        table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
        out.extend(format!("{number} 0 obj\n").as_bytes());
        out.extend(text);
        out.extend(b"\nendobj\n");
    }
    let at = out.len();
    table += &format!(
        "trailer\n<< /Size {size} /Prev {previous} {trailer} >>\nstartxref\n{at}\n%%EOF\n"
    );
    out.extend(table.as_bytes());
    out
}

fn without(text: &str, key: &str) -> String {
    let Some(at) = text.find(key) else { return text.to_owned() };
    let rest = text[at + key.len()..].trim_start();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{} {rest}", &text[..at])
}

fn number_behind(file: &[u8], key: &str) -> u32 {
    let at = find_last(file, key.as_bytes()).expect("the key") + key.len();
    let digits = file[at..].trim_ascii_start();
    let len = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..len]).expect("digits").parse().expect("a number")
}

/// A stream as it stands in a file.
pub(crate) fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {entries} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

pub(crate) fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

pub(crate) fn find_last(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).rposition(|window| window == text)
}

/// Number and text of the newest object that has this in it.
pub(crate) fn newest(file: &[u8], text: &str) -> (u32, Vec<u8>) {
    let at = find_last(file, text.as_bytes()).unwrap_or_else(|| panic!("no {text}"));
    let head = find_last(&file[..at], b" 0 obj\n").expect("an object");
    let digits = file[..head].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&file[head - digits..head]).expect("digits");
    let body = &file[head + 7..];
    let end = find(body, b"\nendobj").expect("an end");
    (number.parse().expect("a number"), body[..end].to_vec())
}
