//! What a path must satisfy; no default, every limit with its source.

use crate::digest::DigestAlgorithm;
use const_oid::ObjectIdentifier;

/// The demands on a certification path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPolicy {
    /// Purposes of which extKeyUsage, where the end entity has it, must name one.
    pub purposes: &'static [ObjectIdentifier],
    /// Shortest RSA modulus in bits, for every certificate but the anchor.
    pub min_rsa_bits: usize,
    /// Digests that may stand in certificates' signatures.
    pub digests: Vec<DigestAlgorithm>,
    /// Whether the anchor's own validity counts; RFC 5280 §6.1.1 leaves it out, trust lists decide it.
    pub anchor_validity: bool,
    /// Most certificates in a path, the anchor not counted.
    pub max_path_len: usize,
    /// Most signatures verified in one search, so that crafted candidates cannot make it long.
    pub max_signature_checks: usize,
}

impl PathPolicy {
    /// For a certificate that signs documents.
    ///
    /// RSA from 2048 bits and SHA-2 or SHA-3 as ETSI TS 119 312 v1.5.1 §6–7; key usage as EN 319 412-2 v2.3.1
    /// §4.3.2 (either bit, so that nonRepudiation alone is enough); purposes as RFC 9336 and practice have them.
    #[must_use]
    pub fn document_signing() -> Self {
        Self {
            purposes: &[
                DOCUMENT_SIGNING,
                EMAIL_PROTECTION,
                CLIENT_AUTH,
                MICROSOFT_DOCUMENT_SIGNING,
                ADOBE_AUTHENTIC_DOCUMENTS,
                ANY_EXTENDED_KEY_USAGE,
            ],
            min_rsa_bits: 2048,
            digests: DigestAlgorithm::ALL
                .into_iter()
                .filter(|digest| *digest != DigestAlgorithm::Sha1ForLegacyUseOnly)
                .collect(),
            anchor_validity: true,
            // The longest public hierarchies have four levels below the root; bridges double that.
            max_path_len: 8,
            // As many as webpki spends on one path search.
            max_signature_checks: 100,
        }
    }
}

/// id-kp-clientAuth (RFC 5280): many certificates for persons name it alone.
pub const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// id-kp-emailProtection (RFC 5280).
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// id-kp-documentSigning (RFC 9336).
pub const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
/// Microsoft's document signing.
pub const MICROSOFT_DOCUMENT_SIGNING: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.12");
/// Adobe's Authentic Documents Trust.
pub const ADOBE_AUTHENTIC_DOCUMENTS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.5");
/// anyExtendedKeyUsage (RFC 5280).
pub const ANY_EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
