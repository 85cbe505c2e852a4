//! Other programs accept what is made here: real CMS messages by OpenSSL, read by pdfsig.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod build;

use std::fs;
use std::path::Path;

use build::*;

struct Signer {
    folder: tempfile::TempDir,
}

impl Signer {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let signer = Self { folder };
        let (ok, printed) = peer(
            "openssl",
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=Thu nghiem",
                "-days",
                "3650",
                "-keyout",
                &signer.path("key.pem"),
                "-out",
                &signer.path("certificate.pem"),
            ],
        );
        assert!(ok, "{printed}");
        signer
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn message(&self, covered: &[u8]) -> Vec<u8> {
        fs::write(self.path("covered"), covered).expect("a file");
        let (ok, printed) = peer(
            "openssl",
            "openssl",
            &[
                "cms",
                "-sign",
                "-cades",
                "-binary",
                "-outform",
                "DER",
                "-md",
                "sha256",
                "-in",
                &self.path("covered"),
                "-signer",
                &self.path("certificate.pem"),
                "-inkey",
                &self.path("key.pem"),
                "-out",
                &self.path("message.der"),
            ],
        );
        assert!(ok, "{printed}");
        fs::read(self.path("message.der")).expect("a message")
    }

    fn sign(&self, original: &[u8]) -> Vec<u8> {
        let mut options = options(new_field());
        options.contents_size = 4_096;
        sign_with(original, &options, |_, covered| self.message(covered))
    }
}

fn pdfsig(path: &Path) -> String {
    let path = path.to_str().expect("a path");
    peer("pdfsig", "poppler-utils", &["-nocert", path]).1
}

#[test]
fn pdfsig_finds_both_signatures_valid() {
    let signer = Signer::new();
    let path = signer.folder.path().join("signed.pdf");
    for (name, original) in variants() {
        let once = signer.sign(&original);
        fs::write(&path, &once).expect("a file");
        let printed = pdfsig(&path);
        assert!(printed.contains("Signature is Valid"), "{name}: {printed}");
        assert!(printed.contains("Total document signed"), "{name}: {printed}");
        assert!(printed.contains("ETSI.CAdES.detached"), "{name}: {printed}");

        let twice = signer.sign(&once);
        qpdf_accepts(name, &twice);
        fs::write(&path, &twice).expect("a file");
        let printed = pdfsig(&path);
        assert_eq!(printed.matches("Signature is Valid").count(), 2, "{name}: {printed}");

        let mut altered = twice;
        let at = altered.windows(4).position(|w| w == b"kyso").unwrap_or(9);
        altered[at] ^= 1;
        fs::write(&path, &altered).expect("a file");
        assert!(!pdfsig(&path).contains("Signature is Valid"), "{name}");
    }
}
