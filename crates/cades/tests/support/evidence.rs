//! CRLs and OCSP responses made by the OpenSSL program.

use super::{FIXED_NAMES, Pki, openssl};
use kyso_x509::{Certificate, CertificateList, DigestAlgorithm, OcspResponse, ocsp};

impl Pki {
    /// Tells the OpenSSL program of the certificates that the authority gave out.
    fn write_index(&self, certificates: &[&Certificate]) {
        let lines: String = certificates
            .iter()
            .map(|one| {
                let serial = one.serial_hex().to_uppercase();
                format!("V\t360101000000Z\t\t{serial}\tunknown\t/CN=somebody\n")
            })
            .collect();
        self.write("index.txt", lines.as_bytes());
        let configuration = "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\ndefault_md=sha256\n";
        self.write("revocation.cnf", configuration.as_bytes());
    }

    /// A CRL of the certificate authority, empty.
    pub fn crl(&self) -> CertificateList {
        let _held = FIXED_NAMES.lock();
        self.write_index(&[]);
        let arguments =
            ["ca", "-gencrl", "-config", "revocation.cnf", "-keyfile", "ca.key", "-cert"];
        let output = ["ca.pem", "-crldays", "30", "-out", "crl.pem"];
        openssl(self.path(), &[&arguments[..], &output].concat());
        openssl(self.path(), &["crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der"]);
        CertificateList::from_der(&self.read("crl.der")).unwrap()
    }

    /// An OCSP response of the certificate authority itself: good.
    pub fn ocsp(&self, certificate: &Certificate) -> OcspResponse {
        let _held = FIXED_NAMES.lock();
        self.write_index(&[certificate]);
        let request = ocsp::request(certificate, &self.ca, DigestAlgorithm::Sha256, None);
        self.write("ocsp.req", &request);
        let arguments = ["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem"];
        let output =
            ["-rkey", "ca.key", "-reqin", "ocsp.req", "-respout", "ocsp.resp", "-ndays", "7"];
        openssl(self.path(), &[&arguments[..], &output].concat());
        OcspResponse::from_der(&self.read("ocsp.resp")).unwrap()
    }
}
