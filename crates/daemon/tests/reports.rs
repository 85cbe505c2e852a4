//! The reports of fixed verdicts, word for word: `test-vectors/reports/`. `KYSO_BLESS=1` writes them anew.

use std::path::{Path, PathBuf};

use kyso::indication::{FailedReason, IndeterminateReason, Indication};
use kyso::report::{
    Check, FileFormat, FileReport, Finding, Need, RevocationFact, RevocationKind, RevocationSource,
    RevocationState, SignatureReport, TimestampKind, TimestampReport,
};
use kyso_daemon::report::pdf::{self, VerifiedFile};
use kyso_daemon::report::{self, text};
use kyso_daemon::text::Lang;
use kyso_testkit::peer;
use kyso_validation::attempt::{Attempt, FetchFailure, Wanted};
use kyso_x509::{Certificate, Digest, DigestAlgorithm, RevocationReason, SignatureAlgorithm, Time};

/// 2026-07-15T02:00:00Z.
const NOW: i64 = 1_784_080_800;
const DAY: i64 = 86_400;

fn certificate(name: &str) -> Certificate {
    let pem = kyso_test_vectors::bytes(format!("reports/{name}.pem"));
    Certificate::all_from_pem_or_der(&pem).expect("a certificate").remove(0)
}

fn at(seconds: i64) -> Time {
    Time::from_unix_seconds(seconds)
}

fn digest(of: &str) -> Digest {
    DigestAlgorithm::Sha256.digest(of.as_bytes())
}

fn good(name: &str, kind: RevocationKind, signer: &str) -> RevocationFact {
    RevocationFact {
        certificate: certificate(name),
        state: RevocationState::Good,
        source: Some(RevocationSource {
            kind,
            signer: certificate(signer),
            this_update: at(NOW - 3600),
            next_update: Some(at(NOW + DAY)),
            produced_at: at(NOW - 3600),
            sha256: digest(name),
        }),
    }
}

fn anchor() -> RevocationFact {
    let certificate = certificate("root");
    RevocationFact { certificate, state: RevocationState::NotNeeded, source: None }
}

fn path(end: &str) -> Vec<Certificate> {
    [end, "ca", "root"].map(certificate).to_vec()
}

fn stamp(kind: TimestampKind, time: i64) -> TimestampReport {
    TimestampReport {
        kind,
        indication: Indication::TotalPassed,
        time: Some(at(time)),
        accuracy_micros: Some(1_000_000),
        latest: Some(at(time + 1)),
        authority: Some(certificate("tsa")),
        token_policy: Some("1.3.6.1.4.1.99999.1".parse().expect("an identifier")),
        digest_algorithm: Some(DigestAlgorithm::Sha256),
        trust_anchor: Some(certificate("root")),
        path: path("tsa"),
        revocation: vec![good("tsa", RevocationKind::Crl, "ca"), anchor()],
        errors: Vec::new(),
        warnings: Vec::new(),
        sha256: digest(&format!("token {time}")),
    }
}

/// A long-term signature to which nothing is to object.
fn passed() -> SignatureReport {
    SignatureReport {
        id: "Signature1".to_owned(),
        format: "ETSI.CAdES.detached".to_owned(),
        level: Some("PAdES-B-LT"),
        indication: Indication::TotalPassed,
        errors: Vec::new(),
        warnings: Vec::new(),
        signer: Some(certificate("signer")),
        claimed_signer: None,
        algorithm: Some(SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)),
        content_digest: Some(digest("content")),
        claimed_signing_time: Some(at(NOW - 30 * DAY)),
        best_signature_time: at(NOW - 30 * DAY + 91),
        covers_whole_document: Some(true),
        changes: kyso_pades::LaterChanges::default(),
        trust_anchor: Some(certificate("root")),
        trust_store: Some("vgca".to_owned()),
        policy: Some("vn-public-service".to_owned()),
        path: path("signer"),
        revocation: vec![
            good("signer", RevocationKind::Ocsp, "ocsp"),
            good("ca", RevocationKind::Crl, "root"),
            anchor(),
        ],
        timestamps: vec![stamp(TimestampKind::Signature, NOW - 30 * DAY + 90)],
        checked: vec![
            Check::ByteRange,
            Check::ContentDigest,
            Check::SignatureValue,
            Check::SigningCertificate,
            Check::Algorithms,
            Check::WholeDocument,
            Check::CertificatePath,
            Check::RevocationStatus,
            Check::Timestamps,
        ],
        not_checked: Vec::new(),
        needs: Vec::new(),
        counter_signatures: 0,
    }
}

/// Revoked before its content was time-stamped: the one way in which revocation is certain to come first.
fn revoked() -> SignatureReport {
    let mut one = passed();
    let finding =
        Finding::SignedAfterRevocation { time: at(NOW - 30 * DAY), revoked: at(NOW - 60 * DAY) };
    one.fail(FailedReason::Revoked, finding);
    one.id = "Signature2".to_owned();
    one.level = Some("PAdES-B-B");
    one.timestamps = vec![stamp(TimestampKind::Content, NOW - 30 * DAY)];
    one.best_signature_time = at(NOW);
    one.revocation[0].state = RevocationState::Revoked {
        time: at(NOW - 60 * DAY),
        reason: RevocationReason::AffiliationChanged,
    };
    one.checked.retain(|check| *check != Check::RevocationStatus);
    one
}

/// Nothing but the signature itself: no anchor, no status; with a field's name that would turn the line.
fn open() -> SignatureReport {
    let mut one = passed();
    one.open(IndeterminateReason::TryLater, Finding::RevocationUnknown);
    one.id = "Chữ ký\u{202e}1\u{1b}[2J\n<&>".to_owned();
    one.level = None;
    one.claimed_signing_time = None;
    one.best_signature_time = at(NOW);
    one.timestamps.clear();
    one.warnings.push(Finding::NoClaimedTime);
    one.counter_signatures = 1;
    let holds =
        Finding::CounterSignatureHolds { number: 1, signer: certificate("ca").subject().clone() };
    one.warnings.push(holds);
    one.covers_whole_document = Some(false);
    one.revocation = Vec::new();
    one.checked.truncate(5);
    one.checked.push(Check::CertificatePath);
    one.not_checked = vec![Check::WholeDocument, Check::RevocationStatus];
    one.needs = vec![
        Need::RevocationStatus {
            certificate: certificate("signer"),
            issuer: certificate("ca"),
            ocsp: vec!["http://ocsp.example.vn/".to_owned()],
            crls: vec!["http://ca.example.vn/ca.crl".to_owned()],
        },
        Need::IssuerCertificate {
            issuer: "CN=Gốc khác,C=VN".to_owned(),
            sources: vec!["http://ca.example.vn/ca.cer".to_owned()],
        },
        Need::TrustAnchor,
        Need::Content,
    ];
    one
}

/// The content is another one; nobody was identified.
fn changed() -> SignatureReport {
    let mut one = passed();
    one.fail(FailedReason::HashFailure, Finding::OtherContent);
    one.claimed_signer = one.signer.take();
    one.level = None;
    one.algorithm = None;
    one.content_digest = None;
    one.best_signature_time = at(NOW);
    one.claimed_signing_time = None;
    one.trust_anchor = None;
    one.trust_store = None;
    one.path.clear();
    one.revocation.clear();
    one.timestamps.clear();
    one.checked = vec![Check::ByteRange];
    one
}

fn file(name: &str, signatures: Vec<SignatureReport>) -> FileReport {
    let verdicts = signatures.iter().map(|one| one.indication);
    FileReport {
        file: PathBuf::from(name),
        format: FileFormat::Pdf,
        indication: verdicts.reduce(Indication::worse).expect("a signature"),
        signatures,
        policy: None,
        validation_time: at(NOW),
        attempts: Vec::new(),
    }
}

/// The cases, by the name that their files have.
fn cases() -> Vec<(&'static str, FileReport)> {
    let archive = {
        let mut one = passed();
        one.level = Some("CAdES-B-LTA");
        one.format = "CMS detached".to_owned();
        one.covers_whole_document = None;
        one.id = "1".to_owned();
        let mut late = stamp(TimestampKind::Archive, NOW - DAY);
        late.indication = Indication::Indeterminate(IndeterminateReason::TryLater);
        late.errors.push(Finding::RevocationUnknown);
        one.timestamps.push(late);
        let mut file = file("số liệu.csv.p7s", vec![one]);
        file.format = FileFormat::Cms;
        file.policy = Some("eidas-like".to_owned());
        file
    };
    let mut asked = file("giấy mời\u{202e}fdp.exe", vec![open()]);
    asked.attempts = vec![Attempt {
        wanted: Wanted::Ocsp,
        source: "http://ocsp.example.vn/".to_owned(),
        failure: FetchFailure::Status(503),
    }];
    vec![
        ("passed", file("công văn 12.pdf", vec![passed()])),
        ("revoked", file("công văn 12.pdf", vec![passed(), revoked()])),
        ("open", asked),
        ("changed", file("công văn sửa.pdf", vec![changed()])),
        ("archive", archive),
    ]
}

/// Compares with the file of that name, or writes it.
fn golden(name: &str, got: &str) {
    let path = kyso_test_vectors::path(Path::new("reports").join(name));
    if std::env::var_os("KYSO_BLESS").is_some() {
        std::fs::write(&path, got).expect("written");
        return;
    }
    let want = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(got, want, "{name}; if the change is meant: KYSO_BLESS=1");
}

#[test]
fn texts_are_these() {
    for (name, report) in cases() {
        golden(&format!("{name}.vi.txt"), &text::of_file(&report, Lang::Vi));
        golden(&format!("{name}.en.txt"), &text::of_file(&report, Lang::En));
    }
}

#[test]
fn foreign_text_moves_nothing() {
    for (name, report) in cases() {
        for lang in [Lang::Vi, Lang::En] {
            let text = text::of_file(&report, lang);
            let moves = |letter: char| {
                (letter.is_control() && letter != '\n')
                    || ('\u{202a}'..='\u{202e}').contains(&letter)
            };
            assert!(!text.contains(moves), "{name}: {text:?}");
        }
    }
}

#[test]
fn json_is_this() {
    for (name, report) in cases() {
        let value = serde_json::to_value(report::of_file(&report, Lang::En)).expect("JSON");
        golden(&format!("{name}.json"), &format!("{value:#}\n"));
    }
}

#[test]
fn xml_is_this_and_well_formed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut reports = Vec::new();
    for (name, report) in cases() {
        let xml = kyso_validation::etsi::validation_report(std::slice::from_ref(&report));
        golden(&format!("{name}.xml"), &xml);
        check_xml(folder.path(), name, &xml);
        reports.push(report);
    }
    // All in one document: no identifier twice.
    check_xml(folder.path(), "all", &kyso_validation::etsi::validation_report(&reports));
}

/// pyHanko's types, which were generated from the schema of TS 119 102-2, take it whole; every reference has its object.
fn check_xml(folder: &Path, name: &str, xml: &str) {
    const READ: &str = r#"
import sys
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
data = open(sys.argv[1], "rb").read()
strict = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True)
report = XmlParser(config=strict).from_bytes(data, ValidationReport)
assert report.signature_validation_report
assert all(one.signature_validation_status.main_indication for one in report.signature_validation_report)
tree = etree.fromstring(data)
ids = [one.get("id") for one in tree.iter() if one.get("id")]
assert len(ids) == len(set(ids)), ids
for one in tree.iter():
    for reference in (one.get("VOReference") or "").split():
        assert reference in ids, reference
"#;
    let path = folder.join(format!("{name}.xml"));
    std::fs::write(&path, xml).expect("written");
    let python = peer::python();
    let output = std::process::Command::new(python)
        .args(["-c", READ])
        .arg(&path)
        .output()
        .expect("Python of the peers: cargo xtask setup");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}\n{xml}");
}

fn page(report: &FileReport, lang: Lang) -> Vec<u8> {
    let file = VerifiedFile { sha256: digest("file"), bytes: 123_456 };
    pdf::of_file(report, &file, lang).expect("a page")
}

/// Runs a program on a file; its standard output.
fn run(program: &str, arguments: &[&str], path: &Path) -> String {
    let output = std::process::Command::new(program).args(arguments).arg(path).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `pdftotext` breaks lines where the page does.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn pages_hold_their_facts_and_fonts() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, report) in cases() {
        for lang in [Lang::Vi, Lang::En] {
            let path = folder.path().join(format!("{name}-{lang:?}.pdf"));
            let bytes = page(&report, lang);
            assert_eq!(bytes, page(&report, lang), "the same report gives the same page");
            std::fs::write(&path, bytes).expect("written");
            run("qpdf", &["--check"], &path);
            let fonts = run("pdffonts", &[], &path);
            for line in fonts.lines().skip(2) {
                let facts: Vec<&str> = line.split_whitespace().collect();
                // name, type (two words), encoding, embedded, subset, to Unicode
                assert!(line.contains("+Tinos-") && line.contains("Identity-H"), "{line}");
                assert_eq!(facts.get(4..7), Some(["yes", "yes", "yes"].as_slice()), "{line}");
            }
            let info = run("pdfinfo", &[], &path);
            assert!(info.contains("A4"), "{info}");
            if report.signatures.len() == 1 {
                assert!(
                    info.lines().any(|l| l.starts_with("Pages:") && l.ends_with(" 1")),
                    "{info}"
                );
            }
        }
    }
    let text = run_to_text(&folder.path().join("passed-Vi.pdf"));
    for fact in [
        "BÁO CÁO KIỂM TRA CHỮ KÝ SỐ",
        "Chữ ký ĐẠT — TOTAL-PASSED",
        "Hà Văn Tý",
        "TRƯỜNG TRUNG HỌC CƠ SỞ BÁN TRÚ DÂN TỘC THIỂU SỐ ĐĂK HÀ",
        "15/07/2026 09:00:00 +07:00",
        "vn-public-service",
        "trang 1/1",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
}

fn run_to_text(path: &Path) -> String {
    let target = path.with_extension("txt");
    let status = std::process::Command::new("pdftotext").args([path, &target]).status();
    assert!(status.expect("pdftotext").success());
    words(&std::fs::read_to_string(target).expect("text"))
}

#[test]
fn many_signatures_and_long_names_go_on_further_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut long = passed();
    long.id = "Ấ".repeat(3000);
    let mut signatures = vec![passed(); 11];
    signatures.push(long);
    let path = folder.path().join("many.pdf");
    std::fs::write(&path, page(&file("a.pdf", signatures), Lang::Vi)).expect("written");
    run("qpdf", &["--check"], &path);
    let text = run_to_text(&path);
    assert_eq!(text.matches("Người ký").count(), 12, "{text}");
    assert_eq!(text.matches('Ấ').count(), 3000);
    let info = run("pdfinfo", &[], &path);
    let pages: usize = info
        .lines()
        .find_map(|line| line.strip_prefix("Pages:"))
        .and_then(|count| count.trim().parse().ok())
        .expect("a count");
    assert!((6..=14).contains(&pages), "{pages}");
    assert!(text.contains(&format!("trang {pages}/{pages}")), "{text}");
}

#[test]
fn who_trusts_nobody_is_told_how_to_trust() {
    for lang in [Lang::Vi, Lang::En] {
        let text = kyso_daemon::explain::verify::finding(&Finding::NoTrustAnchors, lang);
        assert!(text.contains("--trust") && text.contains("kyso trust add"), "{text}");
    }
}
