//! Keys and certificates made by the OpenSSL program.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use kyso_x509::Certificate;
use std::path::Path;
use std::process::Command;

/// Runs OpenSSL in a folder and gives what it printed.
pub fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("install openssl (cargo xtask setup)");
    assert!(
        output.status.success(),
        "openssl {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A folder of keys and certificates.
pub struct Pki {
    folder: tempfile::TempDir,
}

/// What a certificate authority's certificate says of itself.
pub const CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                      subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
/// What a signer's certificate says of itself.
pub const LEAF: &str = "keyUsage=critical,digitalSignature,nonRepudiation\n\
                        subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
pub const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

impl Pki {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    /// Makes `NAME.key`.
    pub fn key(&self, name: &str, options: &[&str]) {
        let file = format!("{name}.key");
        let mut arguments = vec!["genpkey", "-out", &file];
        arguments.extend(options);
        openssl(self.path(), &arguments);
    }

    /// A self-signed certificate authority with a P-256 key of its own, `NAME.pem`.
    pub fn root(&self, name: &str, common_name: &str) -> Certificate {
        self.key(name, P256);
        self.issue(name, common_name, name, CA, &[])
    }

    /// An end entity or authority with a P-256 key of its own.
    pub fn issued(&self, name: &str, issuer: &str, extensions: &str) -> Certificate {
        self.key(name, P256);
        self.issue(name, name, issuer, extensions, &[])
    }

    /// Certifies the key `NAME.key` under a common name, by `ISSUER.key`.
    pub fn issue(
        &self,
        name: &str,
        common_name: &str,
        issuer: &str,
        extensions: &str,
        options: &[&str],
    ) -> Certificate {
        self.write("extensions.cnf", extensions.as_bytes());
        let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
        let (certificate, subject) = (format!("{name}.pem"), format!("/O=Thử/CN={common_name}"));
        let (issuer_key, issuer_certificate) = (format!("{issuer}.key"), format!("{issuer}.pem"));
        openssl(
            self.path(),
            &["req", "-new", "-utf8", "-key", &key, "-subj", &subject, "-out", &request],
        );
        let mut arguments = vec![
            "x509",
            "-req",
            "-in",
            &request,
            "-out",
            &certificate,
            "-extfile",
            "extensions.cnf",
        ];
        if name == issuer {
            arguments.extend(["-signkey", &issuer_key]);
        } else {
            arguments.extend(["-CA", &issuer_certificate, "-CAkey", &issuer_key]);
        }
        if !options.contains(&"-days") {
            arguments.extend(["-days", "100"]);
        }
        arguments.extend(options);
        openssl(self.path(), &arguments);
        Certificate::all_from_pem_or_der(&self.read(&certificate)).unwrap().remove(0)
    }
}
