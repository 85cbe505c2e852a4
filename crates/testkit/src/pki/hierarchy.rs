//! One small infrastructure: a root, an authority below it, and everybody that a signature needs.

use super::certificate::{Entity, Template};
use super::crl::Crl;
use super::key::{Hash, Key};
use super::ocsp::{CertId, Response, Single, Status};
use super::tsp::Token;
use crate::subject::Subject;

/// Where the keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Fresh keys on P-256.
    Fresh,
    /// The same keys on P-256 in every run: they protect nothing.
    Fixed,
}

/// What the certificates of a [`Hierarchy`] shall say; change any before it is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The root.
    pub root: Template,
    /// The authority that issues all that follow.
    pub authority: Template,
    /// A document signer.
    pub signer: Template,
    /// The time-stamping authority.
    pub time_stamping: Template,
    /// The delegated OCSP responder.
    pub responder: Template,
    /// The issuer of indirect CRLs.
    pub crl_issuer: Template,
}

impl Plan {
    /// All certificates valid from a time to another (Unix seconds, inclusive), with no addresses in them.
    pub fn new(not_before: i64, not_after: i64) -> Self {
        let subject =
            |name: &str| Subject::new().country("VN").organization("kyso test").common_name(name);
        let (from, to) = (not_before, not_after);
        Self {
            root: Template::authority(&subject("kyso test root CA"), from, to),
            authority: Template::authority(&subject("kyso test issuing CA"), from, to),
            signer: Template::signer(&Subject::official(), from, to),
            time_stamping: Template::time_stamping(&subject("kyso test TSA"), from, to),
            responder: Template::ocsp_responder(&subject("kyso test OCSP responder"), from, to),
            crl_issuer: Template::crl_issuer(&subject("kyso test CRL issuer"), from, to),
        }
    }

    /// Puts the addresses of a [`Server`](super::server::Server) into the certificates.
    pub fn served_at(mut self, base: &str) -> Self {
        let at = |path: &str| format!("{base}{path}");
        self.authority =
            self.authority.crl_at(&at("/ca.crl")).status_at(&at("/ocsp"), &at("/ca.crt"));
        for leaf in [&mut self.signer, &mut self.time_stamping, &mut self.crl_issuer] {
            *leaf = with_addresses(leaf.clone(), base);
        }
        self
    }
}

/// Puts the addresses of a [`Server`](super::server::Server) into a certificate of its authority.
pub fn with_addresses(leaf: Template, base: &str) -> Template {
    let at = |path: &str| format!("{base}{path}");
    leaf.crl_at(&at("/sub.crl")).status_at(&at("/ocsp"), &at("/sub.crt"))
}

/// A root, an authority, and those it certified.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// The root.
    pub root: Entity,
    /// The authority that issued all that follow.
    pub authority: Entity,
    /// A document signer.
    pub signer: Entity,
    /// The time-stamping authority.
    pub time_stamping: Entity,
    /// The delegated OCSP responder.
    pub responder: Entity,
    /// The issuer of indirect CRLs.
    pub crl_issuer: Entity,
}

impl Hierarchy {
    /// Issues what the plan says.
    pub fn new(plan: &Plan, keys: Keys) -> Self {
        let key = |seed: u8| match keys {
            Keys::Fresh => Key::p256(),
            Keys::Fixed => Key::seeded(seed),
        };
        let root = Entity::root(&plan.root, key(1));
        let authority = root.issue(&plan.authority, key(2));
        Self {
            signer: authority.issue(&plan.signer, key(3)),
            time_stamping: authority.issue(&plan.time_stamping, key(4)),
            responder: authority.issue(&plan.responder, key(5)),
            crl_issuer: authority.issue(&plan.crl_issuer, key(6)),
            root,
            authority,
        }
    }

    /// The list of the authority, DER: nobody is revoked.
    pub fn crl(&self, this_update: i64, next_update: i64) -> Vec<u8> {
        Crl::new(this_update, next_update).number(1).signed_by(&self.authority)
    }

    /// The list of the root, DER: nobody is revoked.
    pub fn root_crl(&self, this_update: i64, next_update: i64) -> Vec<u8> {
        Crl::new(this_update, next_update).number(1).signed_by(&self.root)
    }

    /// OCSPResponse of the delegated responder about a certificate of the authority, DER.
    pub fn ocsp(
        &self,
        certificate: &[u8],
        status: Status,
        this_update: i64,
        next_update: i64,
    ) -> Vec<u8> {
        let id = CertId::new(certificate, &self.authority.certificate, Hash::Sha1);
        Response::new(Single::new(id, status, this_update, next_update))
            .carrying(&self.responder.certificate)
            .signed_by(&self.responder)
    }

    /// A token of the time-stamping authority with its certificate and its issuer's, DER.
    pub fn time_stamp(&self, hash: Hash, imprint: &[u8], gen_time: i64) -> Vec<u8> {
        Token::new(hash, imprint, gen_time)
            .carrying(&self.time_stamping.certificate)
            .carrying(&self.authority.certificate)
            .signed_by(&self.time_stamping)
    }
}
