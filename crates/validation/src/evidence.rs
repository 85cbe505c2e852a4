//! Evidence that was gathered beside the signature; it proves nothing by being there.

use kyso_x509::{Certificate, CertificateList, OcspResponse};

/// Certificates and revocation status from outside the signature: stores, caches, fetched, handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Certificates of issuers, responders and time-stamping authorities.
    pub certificates: Vec<Certificate>,
    /// CRLs, complete, delta and indirect.
    pub crls: Vec<CertificateList>,
    /// OCSP responses.
    pub ocsp: Vec<OcspResponse>,
}

impl Evidence {
    /// How many pieces there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.certificates.len() + self.crls.len() + self.ocsp.len()
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds what the other holds and this one does not.
    pub fn merge(&mut self, other: &Self) {
        fn add<T: Clone + PartialEq>(own: &mut Vec<T>, others: &[T]) {
            for one in others {
                if !own.contains(one) {
                    own.push(one.clone());
                }
            }
        }
        add(&mut self.certificates, &other.certificates);
        add(&mut self.crls, &other.crls);
        add(&mut self.ocsp, &other.ocsp);
    }
}
