//! The protected header: what RFC 7515 §4.1, RFC 7797 §3 and ETSI TS 119 182-1 v1.2.1 §5.1–5.2 put under the signature.

mod detached;
mod error;
mod fields;

pub use detached::{DetachedMechanism, DetachedObject, DetachedObjects};
pub use error::HeaderError;

pub(crate) use self::fields::date_time;

use self::fields::Fields;
use crate::algorithm::{AlgorithmRefusal, JwsAlgorithm};
use crate::json::Node;
use crate::limits::Limits;
use crate::name::ParameterName;
use kyso_x509::{Certificate, Digest, Time};

/// What the signer stated about the signature; only what verifies under it is worth anything.
#[derive(Clone, Debug)]
pub struct ProtectedHeader {
    /// `alg` (RFC 7515 §4.1.1); the certificate's key decides whether it is allowed.
    pub algorithm: Result<JwsAlgorithm, AlgorithmRefusal>,
    /// `b64` is false (RFC 7797 §3): the payload is signed as it is.
    pub unencoded_payload: bool,
    /// `crit` (RFC 7515 §4.1.11): every name in it is one that we obey.
    pub critical: Vec<ParameterName>,
    /// `typ` (RFC 7515 §4.1.9): media type of the whole.
    pub media_type: Option<String>,
    /// `cty` (RFC 7515 §4.1.10): media type of the payload.
    pub content_type: Option<String>,
    /// `kid` (RFC 7515 §4.1.4): a hint that nothing here follows.
    pub key_identifier: Option<String>,
    /// `x5c` (RFC 7515 §4.1.6): the signing certificate first.
    pub certificates: Vec<Certificate>,
    /// Digests of the signing certificate: `x5t#S256`, `x5t#o`, the first of `sigX5ts`, `x5t`; all must be its.
    pub thumbprints: Vec<Digest>,
    /// The other digests of `sigX5ts`, of certificates of the path.
    pub path_thumbprints: Vec<Digest>,
    /// `sigT` (TS 119 182-1 §5.2.1) or `iat` (§5.1.11): the time that the signer claims.
    pub signing_time: Option<Time>,
    /// `srCms` (§5.2.3): what the signer commits to.
    pub commitments: Vec<Commitment>,
    /// `sigD` (§5.2.8): data objects outside of the signature.
    pub detached_objects: Option<DetachedObjects>,
    /// Names of the parameters that nobody here looked at, `jwk`, `jku` and `x5u` among them.
    pub unread: Vec<ParameterName>,
}

/// One element of `srCms` (TS 119 182-1 §5.2.3), such as approval or authorship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// `id` of `commId`: a URI, of an object identifier `urn:oid:…` (§5.4.1).
    pub id: String,
    /// `desc` of `commId`.
    pub description: Option<String>,
}

/// Parameters that may stand in `crit`: extensions of RFC 7515 whose rules we follow.
const OBEYED: [&str; 8] = ["b64", "sigT", "iat", "x5t#o", "sigX5ts", "x5ts", "srCms", "sigD"];

/// Parameters that RFC 7515 and RFC 7518 define, which `crit` must not name (RFC 7515 §4.1.11).
const REGISTERED: [&str; 20] = [
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc",
    "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c",
];

impl ProtectedHeader {
    /// Reads the JSON text of a header.
    ///
    /// # Errors
    /// When it is no JSON object, a parameter that we know is malformed, or `crit` demands what we do not do.
    pub fn read(json: &[u8], limits: &Limits) -> Result<Self, HeaderError> {
        let node = Node::read(json, limits).map_err(HeaderError::Json)?;
        let mut fields = Fields::new(&node)?;
        let algorithm = fields.text("alg")?.ok_or_else(|| HeaderError::missing("alg"))?;
        let unencoded_payload = fields.boolean("b64")? == Some(false);
        let has_b64 = node.member("b64").is_some();
        let mut thumbprints = Vec::new();
        thumbprints.extend(fields.thumbprint("x5t#S256")?);
        thumbprints.extend(fields.digest("x5t#o")?);
        let mut path = fields.digests("sigX5ts", limits)?;
        // Version 1.2.1 of TS 119 182-1 took the prefix away.
        let renamed = fields.digests("x5ts", limits)?;
        if !path.is_empty() && !renamed.is_empty() {
            return Err(HeaderError::conflict("sigX5ts", "x5ts"));
        }
        path.extend(renamed);
        let mut path = path.into_iter();
        thumbprints.extend(path.next());
        thumbprints.extend(fields.thumbprint("x5t")?);
        let signing_time = match (fields.date_time("sigT")?, fields.numeric_date("iat")?) {
            (Some(_), Some(_)) => return Err(HeaderError::conflict("sigT", "iat")),
            (sig_t, iat) => sig_t.or(iat),
        };
        let header = Self {
            algorithm: JwsAlgorithm::from_name(&algorithm),
            unencoded_payload,
            critical: fields.critical()?,
            media_type: fields.text("typ")?,
            content_type: fields.text("cty")?,
            key_identifier: fields.text("kid")?,
            certificates: fields.certificates("x5c", limits)?,
            thumbprints,
            path_thumbprints: path.collect(),
            signing_time,
            commitments: fields.commitments("srCms")?,
            detached_objects: fields
                .take("sigD")
                .map(|sig_d| detached::read(sig_d, limits))
                .transpose()?,
            unread: fields.unread(),
        };
        header.check_critical(&node, has_b64)?;
        if header.detached_objects.is_some() && header.content_type.is_some() {
            // TS 119 182-1 §5.1.3: the types of data objects stand in sigD.
            return Err(HeaderError::conflict("sigD", "cty"));
        }
        Ok(header)
    }

    /// RFC 7515 §4.1.11, RFC 7797 §6, TS 119 182-1 §5.1.9.
    fn check_critical(&self, node: &Node<'_>, has_b64: bool) -> Result<(), HeaderError> {
        for (index, name) in self.critical.iter().enumerate() {
            let text = name.as_str();
            let name = || name.clone();
            if REGISTERED.contains(&text) {
                return Err(HeaderError::CriticalRegistered { name: name() });
            }
            if !OBEYED.contains(&text) {
                return Err(HeaderError::CriticalNotUnderstood { name: name() });
            }
            if node.member(text).is_none() {
                return Err(HeaderError::CriticalAbsent { name: name() });
            }
            if self.critical.iter().take(index).any(|earlier| earlier.as_str() == text) {
                return Err(HeaderError::CriticalRepeated { name: name() });
            }
        }
        // A reader that does not know these would take another payload for the signed one.
        for (name, present) in [("b64", has_b64), ("sigD", self.detached_objects.is_some())] {
            if present && !self.critical.iter().any(|critical| critical.as_str() == name) {
                return Err(HeaderError::NotCritical { name: ParameterName::new(name) });
            }
        }
        Ok(())
    }
}
