//! Certificates, algorithms, digests, path checks and revocation status; pure: no file, socket, clock or randomness.

pub mod algorithm;
pub mod asn1;
pub mod certificate;
pub mod crl;
pub mod digest;
pub mod extension;
pub mod name;
pub mod ocsp;
pub mod path;
pub mod pem;
pub mod public_key;
pub mod revocation;
pub mod signature_value;
pub mod time;

pub use algorithm::{AlgorithmError, AlgorithmIdentifier, SignatureAlgorithm};
pub use certificate::{Certificate, CertificateCache, CertificateError, MAX_CACHED_LEN, Validity};
pub use const_oid::ObjectIdentifier;
pub use crl::{CertificateList, CrlError, RevocationReason, RevokedEntry};
pub use digest::{Digest, DigestAlgorithm, Hasher};
pub use extension::{BasicConstraints, Extension, ExtensionError, KeyUsage, NameForm};
pub use name::{Name, escape_for_display};
pub use ocsp::{OcspError, OcspResponse};
pub use path::{
    Moment, PathError, PathPolicy, SearchFailure, TrustAnchor, ValidatedPath, check_end_entity,
    search_path, validate_path, verify_certificate,
};
pub use pem::PemError;
pub use public_key::{
    EllipticCurve, MlDsaParameters, PublicKey, PublicKeyAlgorithm, PublicKeyError, VerifyError,
};
pub use signature_value::{
    EcdsaEncodingError, SignatureValue, ecdsa_der_to_fixed, ecdsa_fixed_to_der,
};
pub use time::{Civil, Time};
