//! A key at a remote service signs by the command line, and other programs verify what it signed.
#![cfg(unix)]

mod house;

use std::process::Command;

use house::{House, text};
use kyso_testkit::csc::{self, Authorization, Fault, Plan};
use serde_json::Value;

/// A desk whose configuration names a running service with an RSA key.
struct Remote {
    house: House,
    service: csc::Service,
}

impl Remote {
    fn start(authorization: Authorization) -> Self {
        let house = House::new();
        let openssl = |arguments: &[&str]| {
            let mut command = Command::new("openssl");
            let output = command.args(arguments).current_dir(house.folder.path()).output();
            assert!(output.expect("openssl is installed").status.success(), "{arguments:?}");
        };
        openssl(&[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
            "key.pem",
        ]);
        openssl(&["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "spki.der"]);
        let spki = std::fs::read(house.path("spki.der")).expect("the public key");
        let leaf = house.authority.issue(&house.profile(), &spki).expect("a certificate");
        let service = csc::Service::start(Plan {
            key: house.path("key.pem"),
            chain: vec![leaf, house.authority.intermediate_der().to_vec()],
            algo: vec!["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"],
            authorization,
            multisign: 2,
        });
        kyso_testkit::write_secret(house.path("secret"), csc::CLIENT_SECRET);
        kyso_testkit::write_secret(house.path("remote-pin"), csc::PIN);
        let config = format!(
            "[[remote]]\nname = \"Dịch vụ thử\"\nurl = {:?}\nclient-id = {:?}\n\
             client-secret-file = \"secret\"\nlogin = \"program\"\n",
            service.base(),
            csc::CLIENT_ID,
        );
        std::fs::write(house.path("remote.toml"), config).expect("the configuration");
        Self { house, service }
    }

    fn uri(&self) -> String {
        let pin = self.house.path("remote-pin");
        format!("csc:{}?pin-source=file:{}", self.service.base(), pin.display())
    }

    fn sign(&self, more: &[&str]) -> std::process::Output {
        let uri = self.uri();
        let mut all = vec!["--config", "remote.toml", "sign", "--credential", &uri];
        all.extend(more);
        self.house.kyso(all)
    }
}

#[test]
fn pdfs_and_cms_are_signed_and_others_verify_them() {
    let remote = Remote::start(Authorization::Pin);
    let house = &remote.house;
    for name in ["a.pdf", "b.pdf", "c.pdf"] {
        house.pdf(name);
    }
    let listed = house.expect(["--config", "remote.toml", "cert", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let mut uris = listed["certificates"].as_array().expect("a list").iter();
    assert!(
        uris.any(|one| one["uri"]
            .as_str()
            .is_some_and(|uri| uri.starts_with("csc:http://127.0.0.1:"))),
        "{listed:#}"
    );

    let signed = remote.sign(&["--direct", "a.pdf", "b.pdf", "c.pdf"]);
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    // Three documents, two hashes at most in one request.
    let calls = remote.service.calls();
    assert_eq!(calls.iter().filter(|call| *call == "signatures/signHash").count(), 2, "{calls:?}");
    for name in ["a-signed.pdf", "b-signed.pdf", "c-signed.pdf"] {
        house.expect(["verify", "--policy", "integrity-only", name]);
        let checked = Command::new("pdfsig").arg("-nocert").arg(house.path(name)).output();
        let said = text(&checked.expect("pdfsig is installed").stdout);
        assert!(said.contains("Signature is Valid"), "{said}");
    }

    // Without --direct it is the same: no daemon holds a remote key.
    std::fs::write(house.path("note.txt"), "ghi chú").expect("a file");
    let signed = remote.sign(&["--rsa-padding", "pkcs1", "note.txt", "-o", "note.p7s"]);
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    let verified = Command::new("openssl")
        .args(["cms", "-verify", "-binary", "-inform", "DER", "-in", "note.p7s"])
        .args(["-content", "note.txt", "-CAfile", "root.pem", "-purpose", "any"])
        .current_dir(house.folder.path())
        .output()
        .expect("openssl is installed");
    assert!(verified.status.success(), "{}", text(&verified.stderr));
}

#[test]
fn a_wrong_signature_is_released_nowhere() {
    let remote = Remote::start(Authorization::Pin);
    remote.house.pdf("a.pdf");
    remote.service.fault(Fault::WrongSignature);
    let refused = remote.sign(&["--direct", "--json", "a.pdf"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stdout).contains("remote-signature-wrong"), "{}", text(&refused.stdout));
    assert!(!remote.house.path("a-signed.pdf").exists());
    let elsewhere = ["sign", "--credential", "csc:https://elsewhere.example/csc/v2", "a.pdf"];
    let unknown = remote.house.kyso(elsewhere);
    assert!(text(&unknown.stderr).contains("[[remote]]"), "{}", text(&unknown.stderr));
}
