//! The peers themselves work here: pyHanko signs the small PDF, and pyHanko, pdfsig and qpdf judge it.

use kyso_testkit::peer::{self, openssl, pdfsig, pyhanko};
use kyso_testkit::softhsm::Environment;
use kyso_testkit::{Authority, Curve, Profile, SoftKey, Subject, authority, pdf};
use std::fs;
use std::path::{Path, PathBuf};

// 2026-01-01, 2046-01-01: pyHanko validates at the present time.
const BEGIN: i64 = 1_767_225_600;
const END: i64 = 2_398_377_600;

/// A PKCS #12 file by OpenSSL with the password "thử", and the root's PEM beside it.
fn key_file(folder: &Path, key_pem: &str, spki: &[u8]) -> (PathBuf, PathBuf) {
    let authority = Authority::new(Curve::P256, BEGIN, END).unwrap();
    let profile = Profile::document_signing(Subject::official(), BEGIN, END - 1);
    let leaf = authority.issue(&profile, spki).unwrap();
    let (key, leaf_file, ca) = (folder.join("k.pem"), folder.join("l.pem"), folder.join("ca.pem"));
    let (p12, root) = (folder.join("key.p12"), folder.join("root.pem"));
    fs::write(&key, key_pem).unwrap();
    fs::write(&leaf_file, authority::certificate_pem(&leaf)).unwrap();
    fs::write(&ca, authority.intermediate_pem()).unwrap();
    fs::write(&root, authority.root_pem()).unwrap();
    let [key, leaf_file, ca, out] =
        [&key, &leaf_file, &ca, &p12].map(|path| path.to_str().unwrap());
    peer::run(
        "openssl",
        [
            "pkcs12",
            "-export",
            "-inkey",
            key,
            "-in",
            leaf_file,
            "-certfile",
            ca,
            "-out",
            out,
            "-passout",
            "pass:thu",
        ],
    )
    .expect_success();
    (p12, root)
}

#[test]
fn the_small_pdf_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.pdf");
    fs::write(&file, pdf::one_page("Quyết định (số 12) \\ Hà Văn Tý")).unwrap();
    let said = peer::qpdf_check(&file);
    assert!(said.success && said.stderr.is_empty(), "{said:?}");
    let info = peer::run("pdfinfo", [&file]).text();
    assert!(info.contains("Quyết định (số 12) \\ Hà Văn Tý"), "{info}");
}

#[test]
fn pyhanko_signs_twice_and_the_judges_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = SoftKey::generate(Curve::P256);
    let (p12, root) = key_file(folder.path(), &key.pkcs8_pem(), &key.spki_der());
    fs::write(path("plain.pdf"), pdf::one_page("Quyết định")).unwrap();

    pyhanko::add_field(&path("plain.pdf"), &path("field.pdf"), "Leader");
    let first = pyhanko::SignOptions { field: "Leader", ..Default::default() };
    pyhanko::sign(&path("field.pdf"), &path("one.pdf"), &p12, "thu", &first);
    let second = pyhanko::SignOptions {
        field: "Seal",
        visible: Some((0, [72, 72, 200, 140])),
        ..Default::default()
    };
    pyhanko::sign(&path("one.pdf"), &path("two.pdf"), &p12, "thu", &second);

    let verdicts = pyhanko::validate(&path("two.pdf"), &root).unwrap();
    assert_eq!(verdicts.len(), 2);
    for verdict in &verdicts {
        assert!(
            verdict.intact && verdict.valid && verdict.trusted && verdict.bottom_line,
            "{verdict:?}"
        );
        assert_eq!(verdict.sub_filter, "/ETSI.CAdES.detached");
    }
    assert_eq!(verdicts[0].field, "Leader");
    assert_eq!(verdicts[0].coverage, "ENTIRE_REVISION");
    assert_eq!(verdicts[1].coverage, "ENTIRE_FILE");

    let report = pdfsig::pdfsig(&path("two.pdf"));
    assert!(report.iter().all(|signature| signature.valid), "{report:#?}");
    let total: Vec<bool> = report.iter().map(|signature| signature.total_document).collect();
    assert_eq!(total, [false, true], "{report:#?}");

    let mut altered = fs::read(path("two.pdf")).unwrap();
    let at = altered.windows(10).position(|window| window == b"72 770 Td ").unwrap();
    altered[at] = b'8';
    fs::write(path("altered.pdf"), altered).unwrap();
    assert!(pyhanko::validate(&path("altered.pdf"), &root).unwrap().iter().all(|v| !v.intact));
    assert!(pdfsig::pdfsig(&path("altered.pdf")).iter().all(|signature| !signature.valid));

    let (_, stranger) = key_file(folder.path(), &key.pkcs8_pem(), &key.spki_der());
    let verdicts = pyhanko::validate(&path("two.pdf"), &stranger).unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.intact && !verdict.trusted), "{verdicts:?}");
}

#[test]
fn openssl_agrees_with_itself_about_cms() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = openssl::rsa_key_pem(2048);
    let (_, root) = key_file(folder.path(), &key, &openssl::spki_der(&key));
    fs::write(path("content"), "nội dung").unwrap();
    let (content, key, leaf, ca, out) =
        (path("content"), path("k.pem"), path("l.pem"), path("ca.pem"), path("content.p7s"));
    peer::run(
        "openssl",
        [
            "cms",
            "-sign",
            "-cades",
            "-binary",
            "-in",
            &content,
            "-signer",
            &leaf,
            "-inkey",
            &key,
            "-certfile",
            &ca,
            "-outform",
            "DER",
            "-out",
            &out,
        ],
    )
    .expect_success();
    let [content, out] = [content, out].map(PathBuf::from);
    assert!(openssl::cms_verify(&out, Some(&content), &root).success);
    fs::write(&content, "nội dunh").unwrap();
    assert!(!openssl::cms_verify(&out, Some(&content), &root).success);
}

#[test]
fn softhsm_lives_in_its_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let softhsm = Environment::new(folder.path());
    softhsm.init_token("Văn thư", "12345678", "1234");
    softhsm.generate_key_pair("Văn thư", "1234", "EC:prime256v1", "01", "ký");
    let spki = softhsm.public_key("Văn thư", "01");
    let authority = Authority::new(Curve::P384, BEGIN, END).unwrap();
    let profile = Profile::document_signing(Subject::seal(), BEGIN, END - 1);
    let leaf = folder.path().join("leaf.der");
    fs::write(&leaf, authority.issue(&profile, &spki).unwrap()).unwrap();
    softhsm.write_certificate("Văn thư", "1234", &leaf, "01", "ký");
    let listed = softhsm.pkcs11_tool(["--token-label", "Văn thư", "--list-objects"]).text();
    assert!(listed.contains("Certificate Object"), "{listed}");
}
