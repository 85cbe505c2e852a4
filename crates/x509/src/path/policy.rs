//! What a path must satisfy; no default, every limit with its source.

use crate::digest::DigestAlgorithm;
use const_oid::ObjectIdentifier;

/// The demands on a certification path (RFC 5280 §6.1.1 and what the purpose adds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPolicy {
    /// Purposes of which extKeyUsage, where the end entity has it, must name one; empty where any will do.
    pub purposes: Vec<ObjectIdentifier>,
    /// Whether the end entity must have extKeyUsage at all.
    pub purpose_required: bool,
    /// Whether extKeyUsage of an authority, where it has it, must name one of the purposes too. RFC 5280 gives it no
    /// meaning there; authorities that serve web servers alone are marked by it in practice.
    pub purposes_of_authorities: bool,
    /// Whether the end entity's keyUsage, where it has it, must have digitalSignature or nonRepudiation.
    pub signing_key_usage: bool,
    /// Shortest RSA modulus in bits, for every certificate but the anchor.
    pub min_rsa_bits: usize,
    /// Digests that may stand in certificates' signatures.
    pub digests: Vec<DigestAlgorithm>,
    /// Whether the anchor's own validity counts; RFC 5280 §6.1.1 leaves it out, trust lists decide it.
    pub anchor_validity: bool,
    /// user-initial-policy-set (RFC 5280 §6.1.1 (c)); empty stands for any-policy.
    pub policies: Vec<ObjectIdentifier>,
    /// initial-explicit-policy: the path must be valid for at least one of `policies` (§6.1.1 (f)).
    pub explicit_policy: bool,
    /// initial-policy-mapping-inhibit (§6.1.1 (e)).
    pub inhibit_policy_mapping: bool,
    /// initial-any-policy-inhibit (§6.1.1 (g)).
    pub inhibit_any_policy: bool,
    /// Most certificates in a path, the anchor not counted.
    pub max_path_len: usize,
    /// Most signatures checked in one search, so that crafted candidates cannot make it long.
    pub max_signature_checks: usize,
    /// Most comparisons of a name with a name constraint in one path.
    pub max_name_comparisons: usize,
    /// Most policies and policy mappings of one certificate.
    pub max_policies: usize,
}

impl PathPolicy {
    /// For a certificate that signs documents.
    ///
    /// RSA from 2048 bits and SHA-2 or SHA-3 as ETSI TS 119 312 v1.5.1 §6–7; key usage as EN 319 412-2 v2.3.1
    /// §4.3.2 (either bit, so that nonRepudiation alone is enough); purposes as RFC 9336 and practice have them.
    #[must_use]
    pub fn document_signing() -> Self {
        Self {
            purposes: vec![
                DOCUMENT_SIGNING,
                EMAIL_PROTECTION,
                CLIENT_AUTH,
                MICROSOFT_DOCUMENT_SIGNING,
                ADOBE_AUTHENTIC_DOCUMENTS,
                ANY_EXTENDED_KEY_USAGE,
            ],
            purposes_of_authorities: true,
            signing_key_usage: true,
            ..Self::any_usage()
        }
    }

    /// For a certificate that signs time-stamp tokens: extKeyUsage must be there (RFC 3161 §2.3); that it is critical
    /// and alone is checked with the token.
    #[must_use]
    pub fn time_stamping() -> Self {
        Self {
            purposes: vec![TIME_STAMPING],
            purpose_required: true,
            purposes_of_authorities: true,
            signing_key_usage: true,
            ..Self::any_usage()
        }
    }

    /// For a responder to which an authority delegated OCSP (RFC 6960 §4.2.2.2): id-kp-OCSPSigning must be named.
    #[must_use]
    pub fn ocsp_signing() -> Self {
        Self {
            purposes: vec![OCSP_SIGNING],
            purpose_required: true,
            signing_key_usage: true,
            ..Self::any_usage()
        }
    }

    /// For a certificate of whatever use, such as that of an authority or of a CRL issuer: RFC 5280 §6 alone, with
    /// the algorithms of [`Self::document_signing`].
    #[must_use]
    pub fn any_usage() -> Self {
        Self {
            purposes: Vec::new(),
            purpose_required: false,
            purposes_of_authorities: false,
            signing_key_usage: false,
            min_rsa_bits: 2048,
            digests: DigestAlgorithm::ALL
                .into_iter()
                .filter(|digest| *digest != DigestAlgorithm::Sha1ForLegacyUseOnly)
                .collect(),
            anchor_validity: true,
            policies: Vec::new(),
            explicit_policy: false,
            inhibit_policy_mapping: false,
            inhibit_any_policy: false,
            // The longest public hierarchies have four levels below the root; bridges double that.
            max_path_len: 8,
            // As many as webpki spends on one path search.
            max_signature_checks: 100,
            // As many as webpki spends on one path search.
            max_name_comparisons: 250_000,
            // Bridges of governments map a few dozen; PKITS at most four.
            max_policies: 1_000,
        }
    }
}

/// id-kp-clientAuth (RFC 5280): many certificates for persons name it alone.
pub const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// id-kp-emailProtection (RFC 5280).
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// id-kp-timeStamping (RFC 5280).
pub const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// id-kp-OCSPSigning (RFC 5280).
pub const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
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
