//! certomancer, an infrastructure by other people: certificates, CRLs, OCSP responses and time-stamps, through a
//! script and an architecture of ours in `crates/testkit/peers`.

use super::{finish, openssl, python};
use crate::soft_key::{Curve, SoftKey};
use std::path::{Path, PathBuf};
use std::process::Command;

/// certomancer with the architecture of `peers/certomancer.yml`: `root` certifies `issuing`, which certifies
/// `signer`, `revoked` (since 2026-06-01T00:00:00Z, keyCompromise), `tsa` and `responder`.
#[derive(Debug)]
pub struct Certomancer {
    keys: PathBuf,
    signer: SoftKey,
    revoked: SoftKey,
}

impl Certomancer {
    /// Puts keys into the folder: RSA of 2048 bits for the authorities, P-256 for the signers.
    #[track_caller]
    pub fn new(folder: &Path) -> Self {
        let write = |name: &str, pem: String| {
            crate::write_secret(folder.join(format!("{name}.key.pem")), pem);
        };
        for name in ["root", "issuing", "tsa"] {
            write(name, openssl::rsa_key_pem(2048));
        }
        let [signer, revoked, responder] = [(); 3].map(|()| SoftKey::generate(Curve::P256));
        for (name, key) in [("signer", &signer), ("revoked", &revoked), ("responder", &responder)] {
            write(name, key.pkcs8_pem());
        }
        Self { keys: folder.to_owned(), signer, revoked }
    }

    /// The key of `signer`.
    pub fn signer_key(&self) -> &SoftKey {
        &self.signer
    }

    /// The key of `revoked`.
    pub fn revoked_key(&self) -> &SoftKey {
        &self.revoked
    }

    /// A certificate, DER.
    #[track_caller]
    pub fn certificate(&self, label: &str) -> Vec<u8> {
        self.make("certificate", label, None, b"")
    }

    /// The CRL of `root` or `issuing` that was current at a time (Unix seconds), DER.
    #[track_caller]
    pub fn crl(&self, label: &str, time: i64) -> Vec<u8> {
        self.make("crl", label, Some(time), b"")
    }

    /// What the responder of `issuing` answers to an OCSPRequest at a time (Unix seconds): OCSPResponse, DER.
    #[track_caller]
    pub fn ocsp(&self, request: &[u8], time: i64) -> Vec<u8> {
        self.make("ocsp", "issuing", Some(time), request)
    }

    /// What the time-stamping authority answers to a TimeStampReq at a time (Unix seconds): TimeStampResp, DER.
    #[track_caller]
    pub fn time_stamp(&self, request: &[u8], time: i64) -> Vec<u8> {
        self.make("time-stamp", "tsa", Some(time), request)
    }

    #[track_caller]
    fn make(&self, kind: &str, label: &str, time: Option<i64>, request: &[u8]) -> Vec<u8> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/certomancer_make.py");
        let mut command = Command::new(python());
        command.arg(script).arg(&self.keys).args([kind, label]);
        command.args(time.map(|time| time.to_string()));
        finish(command, request).expect_success()
    }
}
