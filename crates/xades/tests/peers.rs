//! xmlsec1, signxml and the JDK verify what we sign, and we verify what they sign, for every algorithm.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_testkit::peer::{python, run, run_with_input};
use kyso_x509::{DigestAlgorithm, SignatureAlgorithm};
use kyso_xades::algorithm::{digest_uri, signature_uri};
use kyso_xades::dsig::{
    Filter, FilterOperation, FilterPath, ObjectContent, ObjectToSign, Placement, Prefix, Transform,
    prepare, prepare_alone,
};
use kyso_xades::{C14n, Canonicalization, Limits, XmlDocument};
use std::path::{Path, PathBuf};
use support::{Pki, Signer, exclusive, verified};

const KINDS: [&str; 5] = ["rsa", "P-256", "P-384", "P-521", "ed25519"];

const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- đầu -->\n\
    <ho-so xmlns=\"urn:ho-so\" xmlns:a=\"urn:a\" xmlns:khong=\"urn:khong-dung\" xml:lang=\"vi\">\n  \
    <a:benh-nhan Id=\"bn\" b=\"2\" a:b=\"1\">Nguyễn Văn A &amp; con<!-- trong --></a:benh-nhan>\n  \
    <ngay xmlns=\"\">2026-05-01</ngay>\n  <chu-ky/>\n</ho-so>\n<!-- cuối -->\n";

/// A file that we signed, for the peers that know its algorithm.
struct Case {
    file: PathBuf,
    certificate: PathBuf,
    algorithm: SignatureAlgorithm,
    what: String,
    /// False for transforms and references that only xmlsec1 and the JDK process.
    signxml: bool,
}

fn c14n_methods() -> Vec<Canonicalization> {
    let methods = [
        C14n::Inclusive10,
        C14n::Inclusive11,
        C14n::Exclusive { prefixes: Vec::new() },
        C14n::Exclusive { prefixes: vec!["#default".to_owned(), "khong".to_owned()] },
    ];
    let each = |method: C14n| {
        [false, true].map(|comments| Canonicalization { method: method.clone(), comments })
    };
    methods.into_iter().flat_map(each).collect()
}

fn cases(pki: &Pki) -> Vec<Case> {
    let mut cases = Vec::new();
    let limits = Limits::documents();
    let document = XmlDocument::parse(DOCUMENT, &limits).unwrap();
    let root = document.tree().root_element();
    let mut add = |signer: &Signer, algorithm, what: String, signxml, bytes: Vec<u8>| {
        let file = pki.file(&format!("case-{}.xml", cases.len()));
        std::fs::write(&file, bytes).unwrap();
        let certificate = pki.file(&format!("{}.pem", signer.name));
        cases.push(Case { file, certificate, algorithm, what, signxml });
    };
    for kind in KINDS {
        let signer = pki.signer(kind);
        for algorithm in signer.algorithms.clone() {
            let bytes = signer.enveloped(algorithm, DOCUMENT);
            add(&signer, algorithm, format!("{algorithm}, enveloped"), true, bytes);
        }
        if kind != "rsa" && kind != "P-256" {
            continue;
        }
        let algorithm = signer.algorithms[0];
        let sign = |place: &Placement<'_, '_>, parameters: &_| {
            signer.finish(prepare(&document, place, parameters, &|_| None, &limits).unwrap())
        };
        for method in c14n_methods() {
            let transforms =
                vec![Transform::EnvelopedSignature, Transform::Canonicalization(method.clone())];
            let mut parameters = signer.parameters(algorithm, "", transforms);
            parameters.canonicalization = method.clone();
            parameters.prefix = Prefix::None;
            let bytes = sign(&Placement::AppendTo(root), &parameters);
            let agrees = signxml_agrees(&method);
            add(&signer, algorithm, format!("{algorithm}, {method:?}"), agrees, bytes);
            // An element, whose ancestors' namespaces and attributes count or not.
            let parameters = signer.parameters(
                algorithm,
                "#bn",
                vec![Transform::Canonicalization(method.clone())],
            );
            let bytes = sign(&Placement::AppendTo(root), &parameters);
            let agrees = signxml_agrees(&method);
            add(&signer, algorithm, format!("{algorithm}, #bn, {method:?}"), agrees, bytes);
        }
        // In its place, with the default transform.
        let parameters = signer.parameters(algorithm, "", vec![Transform::EnvelopedSignature]);
        let place = root.last_element_child().unwrap();
        let bytes = sign(&Placement::Into(place), &parameters);
        add(&signer, algorithm, format!("{algorithm}, into"), true, bytes);
        // Enveloping.
        let mut parameters = signer.parameters(algorithm, "#doi-tuong", Vec::new());
        parameters.objects.push(ObjectToSign {
            id: Some("doi-tuong".to_owned()),
            mime_type: None,
            content: ObjectContent::of_document(&document),
        });
        let bytes = signer.finish(prepare_alone(&parameters, &|_| None, &limits).unwrap());
        add(&signer, algorithm, format!("{algorithm}, enveloping"), true, bytes);
        // Base64 within.
        let mut parameters = signer.parameters(algorithm, "#doi-tuong", vec![Transform::Base64]);
        parameters.objects.push(ObjectToSign {
            id: Some("doi-tuong".to_owned()),
            mime_type: None,
            content: ObjectContent::Base64(b"%PDF-1.7 \xff".to_vec()),
        });
        let bytes = signer.finish(prepare_alone(&parameters, &|_| None, &limits).unwrap());
        add(&signer, algorithm, format!("{algorithm}, base64"), false, bytes);
        // Filters.
        let name = |local: &str| (Some("urn:ho-so".to_owned()), local.to_owned());
        for filters in [
            vec![(FilterOperation::Subtract, FilterPath::ContainingSignature)],
            vec![
                (
                    FilterOperation::Intersect,
                    FilterPath::Children(vec![
                        name("ho-so"),
                        (Some("urn:a".to_owned()), "benh-nhan".to_owned()),
                    ]),
                ),
                (FilterOperation::Union, FilterPath::Descendants(None, "ngay".to_owned())),
            ],
        ] {
            let filters =
                filters.into_iter().map(|(operation, path)| Filter { operation, path }).collect();
            let what = format!("{algorithm}, {filters:?}");
            let transforms =
                vec![Transform::Filter2(filters), Transform::Canonicalization(exclusive())];
            let parameters = signer.parameters(algorithm, "", transforms);
            let bytes = sign(&Placement::AppendTo(root), &parameters);
            add(&signer, algorithm, what, false, bytes);
        }
        let parameters = signer.parameters(algorithm, "", vec![Transform::WithoutSignatures]);
        let bytes = sign(&Placement::AppendTo(root), &parameters);
        add(&signer, algorithm, format!("{algorithm}, not(ancestor-or-self)"), false, bytes);
    }
    cases
}

/// signxml canonicalizes `SignedInfo` without the namespaces of the document around it, and keeps the comments of a
/// document that `""` leaves out; xmlsec1 and the JDK disagree with it as we do. Its schema knows no prefix list.
fn signxml_agrees(method: &Canonicalization) -> bool {
    method.method == C14n::Exclusive { prefixes: Vec::new() } && !method.comments
}

/// Exclusive canonicalization without comments, of [`c14n_methods`].
const SIGNXML: usize = 4;

fn is_sha2(digest: DigestAlgorithm) -> bool {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    matches!(digest, Sha256 | Sha384 | Sha512)
}

/// What xmlsec1 1.2 computes.
fn xmlsec_knows(algorithm: SignatureAlgorithm) -> bool {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(digest) | SignatureAlgorithm::Ecdsa(digest) => is_sha2(digest),
        _ => false,
    }
}

/// What signxml 5 computes.
fn signxml_knows(algorithm: SignatureAlgorithm) -> bool {
    algorithm != SignatureAlgorithm::Ed25519 && signature_uri(&algorithm).is_some()
}

/// What the JDK 17 computes.
fn jdk_knows(algorithm: SignatureAlgorithm) -> bool {
    !matches!(algorithm, SignatureAlgorithm::Ecdsa(digest) if !is_sha2(digest))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn peer_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

/// The answers of a peer to its commands, one a line.
fn answers(program: &Path, arguments: &[&str], commands: &[String]) -> Vec<String> {
    let said = run_with_input(program, arguments, commands.join("\n").as_bytes());
    let lines: Vec<String> = said.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), commands.len(), "{}\n{}", said.text(), said.stderr);
    lines
}

fn signxml(commands: &[String]) -> Vec<String> {
    answers(&python(), &[text(&peer_file("signxml_peer.py"))], commands)
}

/// `None` without a JDK, which only this test and the benchmark want; CI has one.
fn jdk(commands: &[String]) -> Option<Vec<String>> {
    let found = std::process::Command::new("javac").arg("-version").output().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "install a JDK (cargo xtask setup)");
        println!("skipped: there is no JDK");
        return None;
    }
    Some(answers(Path::new("java"), &[text(&peer_file("JdkPeer.java"))], commands))
}

#[test]
fn they_verify_ours() {
    let pki = Pki::new();
    let cases = cases(&pki);
    let mut counts = [0; 3];
    let ca = pki.file("ca.pem");

    for case in cases.iter().filter(|case| xmlsec_knows(case.algorithm)) {
        let arguments = [
            "--verify",
            "--trusted-pem",
            text(&ca),
            "--id-attr:Id",
            "urn:a:benh-nhan",
            text(&case.file),
        ];
        let verdict = run("xmlsec1", arguments);
        assert!(verdict.success, "xmlsec1, {}: {}", case.what, verdict.stderr);
        counts[0] += 1;
    }

    let known: Vec<&Case> =
        cases.iter().filter(|case| case.signxml && signxml_knows(case.algorithm)).collect();
    let command =
        |case: &&Case| format!("verify\t{}\t{}", text(&case.certificate), text(&case.file));
    let commands: Vec<String> = known.iter().map(command).collect();
    for (case, answer) in known.iter().zip(signxml(&commands)) {
        assert_eq!(answer, "ok", "signxml, {}", case.what);
        counts[1] += 1;
    }

    let known: Vec<&Case> = cases.iter().filter(|case| jdk_knows(case.algorithm)).collect();
    let commands: Vec<String> = known.iter().map(command).collect();
    for (case, answer) in known.iter().zip(jdk(&commands).into_iter().flatten()) {
        assert_eq!(answer, "ok", "JDK, {}: {}", case.what, text(&case.file));
        counts[2] += 1;
    }
    println!("xmlsec1, signxml and the JDK verified {counts:?} of {}", cases.len());
}

#[test]
fn they_refuse_ours_when_altered() {
    let pki = Pki::new();
    let signer = pki.signer("P-256");
    let algorithm = signer.algorithms[0];
    let bytes = signer.enveloped(algorithm, DOCUMENT);
    let altered = String::from_utf8(bytes).unwrap().replace("Nguyễn", "Trần");
    let file = pki.file("altered.xml");
    std::fs::write(&file, altered).unwrap();
    let ca = pki.file("ca.pem");
    let arguments = ["--verify", "--trusted-pem", text(&ca), text(&file)];
    assert!(!run("xmlsec1", arguments).success);
    let command = format!("verify\t{}\t{}", text(&pki.file("P-256.pem")), text(&file));
    assert_ne!(signxml(std::slice::from_ref(&command)), ["ok"]);
    if let Some(answers) = jdk(&[command]) {
        assert_ne!(answers, ["ok"]);
    }
}

/// Algorithms that have a URI of their own, with a signer each.
fn named(pki: &Pki) -> Vec<(Signer, SignatureAlgorithm, &'static str)> {
    let mut all = Vec::new();
    for kind in KINDS {
        let signer = pki.signer(kind);
        for algorithm in signer.algorithms.clone() {
            if let Some(uri) = signature_uri(&algorithm) {
                all.push((signer.clone(), algorithm, uri));
            }
        }
    }
    all
}

fn digest_for(algorithm: SignatureAlgorithm) -> &'static str {
    digest_uri(algorithm.digest_algorithm().unwrap_or(DigestAlgorithm::Sha512))
}

fn accept(file: &Path, algorithm: SignatureAlgorithm, signer: &Signer, what: &str) {
    let bytes = std::fs::read(file).unwrap();
    verified(&bytes, |signature, result| {
        let result = result.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(result.algorithm(), algorithm, "{what}");
        assert_eq!(result.certificate(), &signer.certificate, "{what}");
        assert!(result.covers(signature.document().tree().root_element()), "{what}");
    });
    let altered = String::from_utf8(bytes).unwrap().replace("Nguyễn", "Trần");
    verified(altered.as_bytes(), |_, result| assert!(result.is_err(), "{what}"));
}

#[test]
fn we_verify_theirs() {
    let pki = Pki::new();
    let named = named(&pki);
    let plain = pki.file("plain.xml");
    std::fs::write(&plain, DOCUMENT).unwrap();
    let mut counts = [0; 3];
    let methods = c14n_methods();
    // The JDK is given no prefix list here.
    let c14n_of = |index: usize| {
        let method = &methods[index % 6];
        (method.uri(), format!("{method:?}"))
    };

    // xmlsec1 fills in a template.
    for (index, (signer, algorithm, uri)) in
        named.iter().filter(|(_, algorithm, _)| xmlsec_knows(*algorithm)).enumerate()
    {
        for (round, method) in methods.iter().enumerate() {
            // Every method with the first algorithm, two with each other.
            if index > 0 && round % 4 != index % 4 {
                continue;
            }
            let prefixes = match &method.method {
                C14n::Exclusive { prefixes } if !prefixes.is_empty() => format!(
                    "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                     PrefixList=\"{}\"/>",
                    prefixes.join(" ")
                ),
                _ => String::new(),
            };
            let template = format!(
                "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\n  <SignedInfo>\n    \
                 <CanonicalizationMethod Algorithm=\"{c14n}\">{prefixes}</CanonicalizationMethod>\n    \
                 <SignatureMethod Algorithm=\"{uri}\"/>\n    <Reference URI=\"\">\n      <Transforms>\n        \
                 <Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\n        \
                 <Transform Algorithm=\"{c14n}\">{prefixes}</Transform>\n      </Transforms>\n      \
                 <DigestMethod Algorithm=\"{digest}\"/><DigestValue/>\n    </Reference>\n  </SignedInfo>\n  \
                 <SignatureValue/>\n  <KeyInfo><X509Data><X509Certificate/></X509Data></KeyInfo>\n</Signature>",
                c14n = method.uri(),
                digest = digest_for(*algorithm),
            );
            let (file, out) =
                (pki.file("template.xml"), pki.file(&format!("xmlsec-{index}-{round}.xml")));
            std::fs::write(
                &file,
                DOCUMENT.replace("<chu-ky/>", &format!("<chu-ky>{template}</chu-ky>")),
            )
            .unwrap();
            let keys = format!(
                "{},{}",
                text(&signer.key),
                text(&pki.file(&format!("{}.pem", signer.name)))
            );
            run("xmlsec1", ["--sign", "--privkey-pem", &keys, "--output", text(&out), text(&file)])
                .expect_success();
            accept(&out, *algorithm, signer, &format!("xmlsec1, {algorithm}, {method:?}"));
            counts[0] += 1;
        }
    }

    let known: Vec<_> =
        named.iter().filter(|(_, algorithm, _)| signxml_knows(*algorithm)).enumerate().collect();
    let commands: Vec<String> = known
        .iter()
        .map(|(index, (signer, algorithm, uri))| {
            format!(
                "sign\t{uri}\t{}\t{}\t{}\t{}\t{}\t{}",
                digest_for(*algorithm),
                c14n_of(SIGNXML).0,
                text(&signer.key),
                text(&pki.file(&format!("{}.pem", signer.name))),
                text(&plain),
                text(&pki.file(&format!("signxml-{index}.xml"))),
            )
        })
        .collect();
    for ((index, (signer, algorithm, _)), answer) in known.iter().zip(signxml(&commands)) {
        let what = format!("signxml, {algorithm}, {}", c14n_of(SIGNXML).1);
        assert_eq!(answer, "ok", "{what}");
        accept(&pki.file(&format!("signxml-{index}.xml")), *algorithm, signer, &what);
        counts[1] += 1;
    }

    let mut known: Vec<_> = named
        .iter()
        .filter(|(_, algorithm, _)| jdk_knows(*algorithm))
        .map(|(signer, algorithm, uri)| (signer, *algorithm, *uri))
        .collect();
    // Its parameters beside it.
    known.push((
        &named[0].0,
        SignatureAlgorithm::rsa_pss(DigestAlgorithm::Sha256),
        kyso_xades::algorithm::RSA_PSS,
    ));
    let commands: Vec<String> = known
        .iter()
        .enumerate()
        .map(|(index, (signer, algorithm, uri))| {
            let pkcs8 = pki.file(&format!("{}.der", signer.name));
            let arguments = [
                "pkcs8",
                "-topk8",
                "-nocrypt",
                "-in",
                text(&signer.key),
                "-outform",
                "DER",
                "-out",
                text(&pkcs8),
            ];
            run("openssl", arguments).expect_success();
            let kind = match signer.name.as_str() {
                "rsa" => "RSA",
                "ed25519" => "Ed25519",
                _ => "EC",
            };
            format!(
                "sign\t{uri}\t{}\t{}\t{kind}\t{}\t{}\t{}\t{}",
                digest_for(*algorithm),
                c14n_of(index).0,
                text(&pkcs8),
                text(&pki.file(&format!("{}.pem", signer.name))),
                text(&plain),
                text(&pki.file(&format!("jdk-{index}.xml"))),
            )
        })
        .collect();
    for ((index, (signer, algorithm, _)), answer) in
        known.iter().enumerate().zip(jdk(&commands).into_iter().flatten())
    {
        let what = format!("JDK, {algorithm}, {}", c14n_of(index).1);
        assert_eq!(answer, "ok", "{what}");
        accept(&pki.file(&format!("jdk-{index}.xml")), *algorithm, signer, &what);
        counts[2] += 1;
    }
    println!("we verified {counts:?} of xmlsec1, signxml and the JDK");
}
