//! Digest algorithms (FIPS 180-4, FIPS 202) and incremental hashing.

use const_oid::ObjectIdentifier;
use sha3::Digest as _;

/// A digest algorithm that a signature or a certificate can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    /// SHA-1 (FIPS 180-4); collisions are practical, so only a policy that allows a past accepts it.
    Sha1ForLegacyUseOnly,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA3-256 (FIPS 202).
    Sha3_256,
    /// SHA3-384 (FIPS 202).
    Sha3_384,
    /// SHA3-512 (FIPS 202).
    Sha3_512,
}

impl DigestAlgorithm {
    /// Every algorithm, weakest first.
    pub const ALL: [Self; 7] = [
        Self::Sha1ForLegacyUseOnly,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Object identifier (RFC 5754 §2, RFC 8702 §3.1, RFC 3370 §2.1).
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1ForLegacyUseOnly => const { ObjectIdentifier::new_unwrap("1.3.14.3.2.26") },
            Self::Sha256 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1") },
            Self::Sha384 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2") },
            Self::Sha512 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3") },
            Self::Sha3_256 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.8") },
            Self::Sha3_384 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.9") },
            Self::Sha3_512 => const { ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.10") },
        }
    }

    /// The algorithm that an object identifier names, if it is one of ours.
    #[must_use]
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.oid() == oid)
    }

    /// Length of the digest in bytes.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha1ForLegacyUseOnly => 20,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    /// Digest of bytes that are all in memory.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }
}

impl core::fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Sha1ForLegacyUseOnly => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
        })
    }
}

/// A digest value together with the algorithm that made it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    bytes: [u8; 64],
}

impl Digest {
    /// Takes a digest computed elsewhere; `None` when its length does not fit the algorithm.
    #[must_use]
    pub fn from_bytes(algorithm: DigestAlgorithm, value: &[u8]) -> Option<Self> {
        if value.len() != algorithm.output_len() {
            return None;
        }
        let mut bytes = [0; 64];
        bytes[..value.len()].copy_from_slice(value);
        Some(Self { algorithm, bytes })
    }

    /// The algorithm that made this value.
    #[must_use]
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The value, [`DigestAlgorithm::output_len`] bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.output_len()]
    }
}

impl core::fmt::Debug for Digest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:", self.algorithm)?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An incremental digest computation.
#[derive(Clone)]
pub struct Hasher {
    algorithm: DigestAlgorithm,
    state: State,
}

#[derive(Clone)]
enum State {
    Ring(ring::digest::Context),
    Sha3_256(sha3::Sha3_256),
    Sha3_384(sha3::Sha3_384),
    Sha3_512(sha3::Sha3_512),
}

impl Hasher {
    /// Starts a computation.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
        let state = match algorithm {
            DigestAlgorithm::Sha1ForLegacyUseOnly => {
                State::Ring(Context::new(&SHA1_FOR_LEGACY_USE_ONLY))
            }
            DigestAlgorithm::Sha256 => State::Ring(Context::new(&SHA256)),
            DigestAlgorithm::Sha384 => State::Ring(Context::new(&SHA384)),
            DigestAlgorithm::Sha512 => State::Ring(Context::new(&SHA512)),
            DigestAlgorithm::Sha3_256 => State::Sha3_256(sha3::Sha3_256::new()),
            DigestAlgorithm::Sha3_384 => State::Sha3_384(sha3::Sha3_384::new()),
            DigestAlgorithm::Sha3_512 => State::Sha3_512(sha3::Sha3_512::new()),
        };
        Self { algorithm, state }
    }

    /// The algorithm in use.
    #[must_use]
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Ring(context) => context.update(bytes),
            State::Sha3_256(state) => state.update(bytes),
            State::Sha3_384(state) => state.update(bytes),
            State::Sha3_512(state) => state.update(bytes),
        }
    }

    /// Ends the computation.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 64];
        let target = &mut bytes[..self.algorithm.output_len()];
        match self.state {
            State::Ring(context) => target.copy_from_slice(context.finish().as_ref()),
            State::Sha3_256(state) => target.copy_from_slice(&state.finalize()),
            State::Sha3_384(state) => target.copy_from_slice(&state.finalize()),
            State::Sha3_512(state) => target.copy_from_slice(&state.finalize()),
        }
        Digest { algorithm: self.algorithm, bytes }
    }
}
