//! Gathering what a verdict needs, and bundles that reproduce it.

#[path = "../../x509/tests/support/mint.rs"]
mod mint;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use kyso::evidence::{Bundle, BundleError, BundledFile, read_evidence};
use kyso::fetch::{FetchFailure, Fetcher, Settings, Wanted};
use kyso::gather;
use kyso::validation::attempt::Attempt;
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::{Policy, RevocationConstraints};
use kyso::validation::trust::{Trust, TrustStore};
use kyso::verify::{Options, trust_in, verify_file};
use kyso_cades::{Form, SigningParameters, oid, prepare};
use kyso_x509::asn1::{self, sequence};
use kyso_x509::{Certificate, DigestAlgorithm, SignatureAlgorithm, SignatureValue, TrustAnchor};
use mint::{Crl, Ocsp, Single, Subject, day};
use p256::ecdsa::{Signature, SigningKey};
use server::{Server, fetcher, ok, raw, settings};
use signature::Signer as _;

/// What the server gives at each path; nothing else is there.
type Pages = Arc<OnceLock<Vec<(&'static str, Vec<u8>)>>>;

/// A signed file without its issuer's certificate and without any status, and a server that has both.
struct World {
    folder: tempfile::TempDir,
    server: Server,
    trust: Trust,
    file: PathBuf,
}

const CONTENT: &[u8] = b"the document";

impl World {
    /// `broken` are the paths that answer with an error.
    fn new(broken: &'static [&'static str]) -> Self {
        let pages: Pages = Pages::default();
        let held = Arc::clone(&pages);
        let server = Server::start(move |asked, stream| {
            let path = asked.line.split(' ').nth(1).unwrap_or_default();
            let page = held.get().into_iter().flatten().find(|(name, _)| path.starts_with(name));
            match page {
                Some((name, content)) if !broken.contains(name) => ok(stream, content),
                _ => raw(stream, b"HTTP/1.1 404 No\r\n\r\n"),
            }
        });
        let base = &server.base;
        let root = Subject::authority("Root", 1).valid(0, 3000);
        let anchor = root.self_signed();
        let authority = with_sources(
            Subject::authority("Authority", 2).valid(0, 2000),
            base,
            "/root.crl",
            None,
        );
        let issuer = authority.issued_by(&root);
        let signer = with_sources(
            Subject::new("Signer", 3).valid(0, 100),
            base,
            "/authority.crl",
            Some("/authority.crt"),
        );
        let certificate = signer.issued_by(&authority);
        let response = Ocsp::new(Single::good(&certificate, &issuer, 12, 20)).signed_by(&authority);
        let point = sequence(&[mint::full_name(&[mint::uri(&format!("{base}/delta.crl"))])]);
        let complete = Crl::new(11, 20).number(5).with("2.5.29.46", false, &sequence(&[point]));
        let delta = Crl::new(12, 14).number(6).delta_of(5);
        let made = vec![
            ("/authority.crt", issuer.as_der().to_vec()),
            ("/authority.crl", complete.signed_by(&authority).as_der().to_vec()),
            ("/delta.crl", delta.signed_by(&authority).as_der().to_vec()),
            ("/root.crl", Crl::new(12, 40).signed_by(&root).as_der().to_vec()),
            ("/ocsp", response.as_der().to_vec()),
        ];
        pages.set(made).expect("set once");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("công văn.p7m");
        fs::write(&file, sign(&certificate, &signer.key)).expect("written");
        fs::write(folder.path().join("content"), CONTENT).expect("written");
        let trust = trust_in(vec![TrustAnchor::from_certificate(anchor)], Vec::new());
        Self { folder, server, trust, file }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn verify(&self, fetcher: &Fetcher) -> gather::Gathered<kyso::report::FileReport> {
        let content = self.path("content");
        let evidence = Evidence::default();
        let options = options(&self.trust, &evidence, &content);
        gather::verify_file(&self.file, &options, fetcher, day(13)).expect("a report")
    }

    fn bundle(&self, gathered: &gather::Gathered<kyso::report::FileReport>) -> Bundle {
        let file = BundledFile::of(&gathered.result, &self.file, Some(&self.path("content")));
        Bundle {
            kyso_version: "0.1.0".to_owned(),
            validation_time: day(13),
            policy: None,
            trust: self.trust.clone(),
            evidence: gathered.evidence.clone(),
            files: vec![file.expect("a file")],
        }
    }
}

fn options<'a>(trust: &'a Trust, evidence: &'a Evidence, content: &'a Path) -> Options<'a> {
    Options {
        trust,
        evidence,
        policy: None,
        validation_time: day(13),
        content: Some(kyso::verify::Content::File(content)),
        paths: None,
        password: None,
    }
}

/// Names the server's CRL, and its OCSP responder and issuer where there is one.
fn with_sources(subject: Subject, base: &str, crl: &str, issuer: Option<&str>) -> Subject {
    let point = sequence(&[mint::full_name(&[mint::uri(&format!("{base}{crl}"))])]);
    let subject = subject.with("2.5.29.31", false, &sequence(&[point]));
    let Some(issuer) = issuer else { return subject };
    let access = |method: &str, path: &str| {
        sequence(&[asn1::oid(mint::oid(method)), mint::uri(&format!("{base}{path}"))])
    };
    let both = [access("1.3.6.1.5.5.7.48.1", "/ocsp"), access("1.3.6.1.5.5.7.48.2", issuer)];
    subject.with("1.3.6.1.5.5.7.1.1", false, &sequence(&both))
}

fn sign(certificate: &Certificate, key: &SigningKey) -> Vec<u8> {
    let to_be_signed = prepare(SigningParameters {
        certificate: certificate.clone(),
        extra_certificates: Vec::new(),
        algorithm: SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
        content_type: oid::DATA,
        message_digest: DigestAlgorithm::Sha256.digest(CONTENT),
        form: Form::Cades { signing_time: Some(day(12)) },
    })
    .expect("prepared");
    let signature: Signature = key.sign(to_be_signed.bytes_to_sign());
    to_be_signed
        .finish_detached(&SignatureValue::from_bytes(signature.to_der().as_bytes().to_vec()))
}

#[test]
fn what_is_missing_is_fetched_round_by_round() {
    let world = World::new(&[]);
    let gathered = world.verify(&fetcher());
    assert_eq!(gathered.result.indication.to_string(), "TOTAL-PASSED", "{:#?}", gathered.result);
    assert_eq!(gathered.attempts, []);
    let Evidence { certificates, crls, ocsp } = &gathered.evidence;
    assert_eq!((certificates.len(), crls.len(), ocsp.len()), (1, 1, 1));
    // Nothing was asked twice, and no CRL where a response was enough.
    let lines = world.server.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    // What was gathered is enough without a network.
    let content = world.path("content");
    let again = verify_file(&world.file, &options(&world.trust, &gathered.evidence, &content));
    assert_eq!(format!("{:?}", again.expect("a report")), format!("{:?}", gathered.result));
}

#[test]
fn a_crl_serves_where_no_responder_answers() {
    let world = World::new(&["/ocsp"]);
    let gathered = world.verify(&fetcher());
    assert_eq!(gathered.result.indication.to_string(), "TOTAL-PASSED");
    assert_eq!((gathered.evidence.crls.len(), gathered.evidence.ocsp.len()), (2, 0));
    assert_eq!(gathered.attempts, [], "nothing is missing");
}

#[test]
fn a_delta_crl_is_fetched_where_the_complete_one_is_too_old() {
    let world = World::new(&["/ocsp"]);
    let built_in = Policy::built_in(Policy::OF_BARE_ANCHORS).expect("built in");
    let revocation = RevocationConstraints { max_age: Some(86_400), ..built_in.revocation };
    let policy = Policy { revocation, ..built_in };
    let content = world.path("content");
    let evidence = Evidence::default();
    let options = Options { policy: Some(&policy), ..options(&world.trust, &evidence, &content) };
    let gathered =
        gather::verify_file(&world.file, &options, &fetcher(), day(13)).expect("a report");
    assert_eq!(gathered.result.indication.to_string(), "TOTAL-PASSED", "{:#?}", gathered.result);
    let deltas = gathered.evidence.crls.iter().filter(|list| list.base_number().is_some()).count();
    assert_eq!((gathered.evidence.crls.len(), deltas), (3, 1));
}

#[test]
fn what_stays_missing_says_who_was_asked() {
    let world = World::new(&["/ocsp", "/authority.crl"]);
    let gathered = world.verify(&fetcher());
    assert_eq!(gathered.result.indication.to_string(), "INDETERMINATE (TRY_LATER)");
    let base = &world.server.base;
    let attempt = |wanted, path: &str| Attempt {
        wanted,
        source: format!("{base}{path}"),
        failure: FetchFailure::Status(404),
    };
    let expected = [attempt(Wanted::Ocsp, "/ocsp"), attempt(Wanted::Crl, "/authority.crl")];
    assert_eq!(gathered.attempts, expected);
    assert_eq!(gathered.result.attempts, expected);
    assert!(!gathered.result.signatures[0].needs.is_empty());
    let offline = Fetcher::new(Settings { online: false, ..settings(None) });
    let asked = world.server.asked().len();
    let gathered = world.verify(&offline);
    assert_eq!(gathered.attempts.len(), 1);
    assert_eq!(gathered.attempts[0].failure, FetchFailure::Offline);
    assert_eq!(world.server.asked().len(), asked);
}

#[test]
fn a_bundle_reproduces_the_report() {
    for broken in [&[][..], &["/ocsp", "/authority.crl"]] {
        let world = World::new(broken);
        let gathered = world.verify(&fetcher());
        let bundle = world.bundle(&gathered);
        let folder = world.path("evidence");
        bundle.write(&folder).expect("written");
        assert!(matches!(bundle.write(&folder), Err(BundleError::NotEmpty { .. })));
        let read = Bundle::read(&folder).expect("a bundle");
        assert_eq!(read.files, bundle.files);
        let names = |trust: &Trust| -> Vec<(String, Policy)> {
            let one = |store: &TrustStore| (store.name.clone(), (*store.policy).clone());
            trust.stores.iter().map(one).collect()
        };
        assert_eq!(names(&read.trust), names(&bundle.trust));
        let evidence = read_evidence(&folder).expect("evidence");
        assert_eq!(evidence, gathered.evidence);
        // Under one's own anchors, and under those of the bundle where a person names it as trust.
        for trust in [&world.trust, &read.trust] {
            let content = world.path("content");
            let mut again =
                verify_file(&world.file, &options(trust, &evidence, &content)).expect("a report");
            let file = BundledFile::of(&again, &world.file, Some(&content)).expect("a file");
            read.complete(&mut again, &file);
            assert_eq!(format!("{again:?}"), format!("{:?}", gathered.result));
        }
    }
}

#[test]
fn one_long_file_named_often_is_read_a_few_times() {
    let world = World::new(&[]);
    let gathered = world.verify(&fetcher());
    let folder = world.path("evidence");
    world.bundle(&gathered).write(&folder).expect("written");
    // A list with a long extension that nobody knows: 20 MiB, and named twenty times.
    let root = Subject::authority("Root", 1).valid(0, 3000);
    let long = Crl::new(10, 40).with("1.2.3.4", false, &vec![5; 20 << 20]).signed_by(&root);
    let name: String = long.sha256().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(folder.join("crls").join(&name), long.as_der()).expect("written");
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    json["crls"] = vec![name; 20].into();
    fs::write(&manifest, json.to_string()).expect("written");
    assert!(matches!(Bundle::read(&folder), Err(BundleError::TooLarge { .. })));
}

#[test]
fn a_bundle_that_was_changed_is_refused_by_name() {
    let world = World::new(&[]);
    let gathered = world.verify(&fetcher());
    let folder = world.path("evidence");
    world.bundle(&gathered).write(&folder).expect("written");
    for kind in ["certificates", "crls", "ocsp", "policies"] {
        for entry in fs::read_dir(folder.join(kind)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let whole = fs::read(&path).expect("a member");
            let mut changed = whole.clone();
            changed[whole.len() / 2] ^= 1;
            fs::write(&path, &changed).expect("written");
            let refused = Bundle::read(&folder);
            assert!(
                matches!(&refused, Err(BundleError::Tampered { path: named }) if *named == path),
                "{refused:?}"
            );
            fs::remove_file(&path).expect("removed");
            assert!(matches!(Bundle::read(&folder), Err(BundleError::Io { .. })));
            fs::write(&path, &whole).expect("written");
        }
    }
    assert!(Bundle::read(&folder).is_ok());
    // No name in the manifest leads out of the folder.
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let name = fs::read_dir(folder.join("crls"))
        .expect("a folder")
        .next()
        .expect("a list")
        .expect("an entry");
    let name = name.file_name().into_string().expect("a name");
    for other in ["../../content", "/etc/passwd", "", &name.to_uppercase(), &name[2..]] {
        fs::write(&manifest, text.replace(&name, other)).expect("written");
        assert!(matches!(Bundle::read(&folder), Err(BundleError::Name { .. })), "{other}");
    }
    for (from, to) in [("\"version\": 1", "\"version\": 2"), ("kyso-evidence", "other")] {
        fs::write(&manifest, text.replace(from, to)).expect("written");
        assert!(matches!(Bundle::read(&folder), Err(BundleError::Version { .. })), "{to}");
    }
    fs::write(&manifest, text.replace("\"version\"", "\"x\": 0, \"version\"")).expect("written");
    assert!(matches!(Bundle::read(&folder), Err(BundleError::Manifest { .. })));
}

#[test]
fn loose_files_are_evidence_by_what_they_hold() {
    let world = World::new(&[]);
    let gathered = world.verify(&fetcher());
    let folder = world.path("loose");
    fs::create_dir(&folder).expect("a folder");
    let Evidence { certificates, crls, ocsp } = &gathered.evidence;
    fs::write(folder.join("a"), certificates[0].to_pem()).expect("written");
    fs::write(folder.join("b.txt"), crls[0].as_der()).expect("written");
    fs::write(folder.join("c.crl"), ocsp[0].as_der()).expect("written");
    fs::write(folder.join("readme"), "not evidence").expect("written");
    assert_eq!(read_evidence(&folder).expect("evidence"), gathered.evidence);
    let refused = read_evidence(&folder.join("readme"));
    assert!(matches!(refused, Err(BundleError::Unknown { .. })));
}
