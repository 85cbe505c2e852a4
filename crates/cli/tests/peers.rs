//! What kyso signs, others accept; what others sign, kyso accepts. Every algorithm, every producer.

mod house;

use std::path::Path;

use house::{House, text};
use kyso_testkit::peer::{self, openssl, pdfsig, pyhanko};
use serde_json::Value;

/// A key in the command line's words, and further arguments of `kyso sign`.
const ALGORITHMS: &[(&str, &[&str])] = &[
    ("rsa2048", &["--rsa-padding", "pkcs1"]),
    ("rsa2048", &["--rsa-padding", "pss"]),
    ("rsa3072", &["--rsa-padding", "pss", "--digest", "sha384"]),
    ("p256", &[]),
    ("p384", &[]),
];

/// A peer that refuses a good file by a policy of its own: the file's name, and the reason.
///
/// pyHanko's reader allows hybrid cross-references only when strict reading is off, because two readings of one
/// file are a way to forge; kyso reads the tables as ISO 32000-2 §7.5.8.4 orders and keeps both in step.
const PYHANKO_REFUSES: &[(&str, &str)] = &[("hybrid.pdf", "hybrid cross-reference")];

#[test]
fn peers_accept_what_we_sign_with_every_algorithm() {
    let house = House::new();
    std::fs::write(house.path("so-lieu.csv"), "xã,số hồ sơ\nĐăk Hà,12\n").expect("so-lieu.csv");
    for (index, (key, arguments)) in ALGORITHMS.iter().enumerate() {
        let label = format!("t{index}");
        let uri = house.token(&label, key, &house.profile());
        house.pdf("a.pdf");
        let sign = |more: &[&str]| {
            let mut all = vec!["sign", "--direct", "--force", "--credential", &uri];
            all.extend(*arguments);
            all.extend(more);
            house.expect(all)
        };
        sign(&["a.pdf", "-o", "a-signed.pdf"]);
        assert_pdf_accepted(&house, "a-signed.pdf", 1);
        sign(&["so-lieu.csv", "-o", "attached.p7m"]);
        sign(&["--detached", "so-lieu.csv", "-o", "detached.p7s"]);
        let root = house.path("root.pem");
        let attached = openssl::cms_verify(&house.path("attached.p7m"), None, &root);
        assert!(attached.success, "{key} attached: {}", attached.stderr);
        assert_eq!(attached.stdout, std::fs::read(house.path("so-lieu.csv")).expect("content"));
        let content = house.path("so-lieu.csv");
        let detached = openssl::cms_verify(&house.path("detached.p7s"), Some(&content), &root);
        assert!(detached.success, "{key} detached: {}", detached.stderr);
        for file in ["a-signed.pdf", "attached.p7m"] {
            assert_eq!(verdict(&house, &[file]), ("TOTAL-PASSED".into(), 0), "{key} {file}");
        }
        let content = ["--content", "so-lieu.csv", "detached.p7s"];
        assert_eq!(verdict(&house, &content), ("TOTAL-PASSED".into(), 0), "{key} detached");
    }
}

#[test]
fn peers_accept_our_signature_on_every_producers_pdf() {
    let house = House::new();
    let uri = house.token("t", "p256", &house.profile());
    let files = kyso_test_vectors::files("pdf", "pdf");
    assert!(files.len() >= 12, "four producers, each in three forms; found {}", files.len());
    let mut refusals = Vec::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let original = std::fs::read(&file).expect("a vector");
        let path = file.to_str().expect("UTF-8");
        house.expect(["sign", "--direct", "--credential", &uri, path, "-o", &name]);
        let signed = std::fs::read(house.path(&name)).expect("the signed file");
        assert!(signed.starts_with(&original), "{name}: the original is not a prefix");
        let refused = PYHANKO_REFUSES.iter().any(|(refused, _)| *refused == name);
        if refused {
            let said = pyhanko::validate(&house.path(&name), &house.path("root.pem"));
            let accepted = said.is_ok_and(|all| all.iter().all(|one| one.bottom_line));
            assert!(!accepted, "{name}: pyHanko accepts it now; take it off the list");
            refusals.push(name.clone());
            assert_qpdf_and_pdfsig(&house, &name, 1);
        } else {
            assert_pdf_accepted(&house, &name, 1);
        }
        assert_eq!(verdict(&house, &[&name]), ("TOTAL-PASSED".into(), 0), "{name}");

        // A second signature keeps the first.
        let twice = format!("twice-{name}");
        house.expect(["sign", "--direct", "--credential", &uri, &name, "-o", &twice]);
        let again = std::fs::read(house.path(&twice)).expect("the file signed twice");
        assert!(again.starts_with(&signed), "{name}: the first signature's file is not a prefix");
        if !refused {
            assert_pdf_accepted(&house, &twice, 2);
        }
    }
    assert_eq!(refusals.len(), PYHANKO_REFUSES.len(), "every listed exception was met");
}

#[test]
fn we_fill_fields_that_others_made_and_others_sign_after_us() {
    let house = House::new();
    let uri = house.token("t", "rsa2048", &house.profile());
    house.pdf("plain.pdf");
    pyhanko::add_field(&house.path("plain.pdf"), &house.path("field.pdf"), "LanhDao");
    house.expect([
        "sign",
        "--direct",
        "--credential",
        &uri,
        "--field",
        "LanhDao",
        "field.pdf",
        "-o",
        "ours.pdf",
    ]);
    assert_pdf_accepted(&house, "ours.pdf", 1);
    let report = report(&house, &["ours.pdf"]).0;
    assert_eq!(report["signatures"][0]["id"], "LanhDao");

    key_file(&house, "theirs.p12", "rsa:2048");
    let options = pyhanko::SignOptions { field: "VanThu", ..pyhanko::SignOptions::default() };
    pyhanko::sign(
        &house.path("ours.pdf"),
        &house.path("both.pdf"),
        &house.path("theirs.p12"),
        house::PIN,
        &options,
    );
    assert_pdf_accepted(&house, "both.pdf", 2);
    let (report, code) = self::report(&house, &["both.pdf"]);
    // Another's signature in a new field is a lawful change after ours.
    assert_eq!((report["indication"].as_str(), code), (Some("TOTAL-PASSED"), 0), "{report:#}");
    let changes = report["signatures"][0]["changes"].as_array().expect("changes");
    assert!(changes.iter().any(|change| change["code"] == "signature"), "{report:#}");
    assert_eq!(report["signatures"][1]["changes"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["signatures"][1]["indication"], "TOTAL-PASSED", "{report:#}");
}

#[test]
fn we_accept_what_pyhanko_signs() {
    let house = House::new();
    house.pdf("a.pdf");
    for (kind, pss) in
        [("rsa:2048", false), ("rsa:2048", true), ("ec:P-256", false), ("ec:P-384", false)]
    {
        key_file(&house, "theirs.p12", kind);
        let options = pyhanko::SignOptions { prefer_pss: pss, ..pyhanko::SignOptions::default() };
        pyhanko::sign(
            &house.path("a.pdf"),
            &house.path("b.pdf"),
            &house.path("theirs.p12"),
            house::PIN,
            &options,
        );
        let (report, code) = report(&house, &["b.pdf"]);
        assert_eq!(
            (report["indication"].as_str(), code),
            (Some("TOTAL-PASSED"), 0),
            "{kind} {report:#}"
        );
        assert_eq!(report["signatures"][0]["level"], "PAdES-B-B", "{kind} {report:#}");
    }
}

#[test]
fn we_accept_what_openssl_signs() {
    let house = House::new();
    std::fs::write(house.path("content"), b"noi dung").expect("content");
    for (kind, pss) in
        [("rsa:2048", false), ("rsa:2048", true), ("ec:P-256", false), ("ec:P-384", false)]
    {
        let (key, certificate) = key_and_certificate(&house, kind);
        for (detached, stream) in [(true, false), (false, false), (false, true)] {
            if stream && pss {
                // OpenSSL 3.0 cannot stream with key options: "illegal zero content".
                continue;
            }
            let mut arguments = vec![
                "cms",
                "-sign",
                "-cades",
                "-binary",
                "-md",
                "sha256",
                "-in",
                "content",
                "-outform",
                "DER",
                "-signer",
                &certificate,
                "-inkey",
                &key,
                "-certfile",
                "chain.pem",
                "-out",
                "theirs.cms",
            ];
            if !detached {
                arguments.push("-nodetach");
            }
            if stream {
                // BER of indefinite length.
                arguments.push("-stream");
            }
            if pss {
                arguments.extend([
                    "-keyopt",
                    "rsa_padding_mode:pss",
                    "-keyopt",
                    "rsa_pss_saltlen:32",
                ]);
            }
            let made = std::process::Command::new("openssl")
                .args(&arguments)
                .current_dir(house.folder.path())
                .output()
                .expect("openssl runs; install it with `cargo xtask setup`");
            assert!(made.status.success(), "{kind}: {}", text(&made.stderr));
            let mut ours = vec!["theirs.cms"];
            if detached {
                ours.extend(["--content", "content"]);
            }
            let (report, code) = report(&house, &ours);
            assert_eq!(
                (report["indication"].as_str(), code),
                (Some("TOTAL-PASSED"), 0),
                "{kind} {report:#}"
            );
            assert_eq!(report["signatures"][0]["level"], "CAdES-B-B");
        }
    }
}

/// Valid for pdfsig and qpdf, intact and trusted for pyHanko.
#[track_caller]
fn assert_pdf_accepted(house: &House, name: &str, signatures: usize) {
    assert_qpdf_and_pdfsig(house, name, signatures);
    let said = pyhanko::validate(&house.path(name), &house.path("root.pem"))
        .unwrap_or_else(|complaint| panic!("{name}: pyHanko: {complaint}"));
    assert_eq!(said.len(), signatures, "{name}");
    for one in said {
        assert!(one.intact && one.valid && one.trusted && one.bottom_line, "{name}: {one:?}");
    }
}

#[track_caller]
fn assert_qpdf_and_pdfsig(house: &House, name: &str, signatures: usize) {
    let path = house.path(name);
    let checked = peer::qpdf_check(&path);
    assert!(checked.success, "{name}: qpdf: {}{}", checked.text(), checked.stderr);
    let seen = pdfsig::pdfsig(&path);
    assert_eq!(seen.len(), signatures, "{name}: {seen:?}");
    assert!(seen.iter().all(|one| one.valid), "{name}: {seen:?}");
    assert!(seen.last().is_some_and(|one| one.total_document), "{name}: {seen:?}");
}

fn verdict(house: &House, arguments: &[&str]) -> (String, i32) {
    let (report, code) = report(house, arguments);
    (report["indication"].as_str().unwrap_or_default().to_owned(), code)
}

#[track_caller]
fn report(house: &House, arguments: &[&str]) -> (Value, i32) {
    let mut all = vec!["verify", "--json", "--policy", "integrity-only"];
    all.extend(arguments);
    let output = house.kyso(all);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr))
    });
    (json, output.status.code().unwrap_or(-1))
}

/// A key made by OpenSSL and a certificate for it by the desk's authority: names of the two files.
fn key_and_certificate(house: &House, kind: &str) -> (String, String) {
    let (family, parameter) = kind.split_once(':').expect("family:parameter");
    let option = match family {
        "rsa" => format!("rsa_keygen_bits:{parameter}"),
        _ => format!("ec_paramgen_curve:{parameter}"),
    };
    let algorithm = if family == "rsa" { "RSA" } else { "EC" };
    let key = house.path("theirs-key.pem");
    peer::run(
        "openssl",
        ["genpkey", "-algorithm", algorithm, "-pkeyopt", &option, "-out", path(&key)],
    )
    .expect_success();
    let pem = std::fs::read_to_string(&key).expect("the key");
    let leaf = house.authority.issue(&house.profile(), &openssl::spki_der(&pem)).expect("a leaf");
    let certificate = house.path("theirs-cert.pem");
    std::fs::write(&certificate, kyso_testkit::authority::certificate_pem(&leaf)).expect("written");
    std::fs::write(house.path("chain.pem"), house.authority.intermediate_pem()).expect("written");
    (path(&key).to_owned(), path(&certificate).to_owned())
}

/// A PKCS#12 file by OpenSSL.
fn key_file(house: &House, name: &str, kind: &str) {
    let (key, certificate) = key_and_certificate(house, kind);
    let (out, chain) = (house.path(name), house.path("chain.pem"));
    let password = format!("pass:{}", house::PIN);
    peer::run(
        "openssl",
        [
            "pkcs12",
            "-export",
            "-inkey",
            &key,
            "-in",
            &certificate,
            "-certfile",
            path(&chain),
            "-passout",
            &password,
            "-out",
            path(&out),
        ],
    )
    .expect_success();
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of the desk is UTF-8")
}
