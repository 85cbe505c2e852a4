//! A policy as a TOML file: what may stand in it, and what is wrong with one.

mod error;
mod names;

use std::collections::BTreeMap;

use kyso_x509::{ObjectIdentifier, Time};
use serde::{Deserialize, Serialize};
use toml::Spanned;

pub use error::{PolicyError, PolicyFault};

use self::error::Place;
use super::{
    CryptographicSuites, Expiry, KeyRule, Limits, PathConstraints, Policy, RevocationConstraints,
    SignatureConstraints, TimestampConstraints,
};

impl Policy {
    /// Reads a policy; a key that it does not know is an error, and so is one that is missing.
    ///
    /// # Errors
    /// [`PolicyError`] with the line.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let file: File =
            toml::from_str(text).map_err(|error| PolicyError::from_toml(text, error))?;
        file.into_policy(Place { text })
    }

    /// The policy as a file that reads back the same.
    ///
    /// # Errors
    /// [`PolicyError::Unwritable`] where a value cannot be written as TOML, such as a time before year 0.
    pub fn to_toml(&self) -> Result<String, PolicyError> {
        toml::to_string(&File::from_policy(self))
            .map_err(|error| PolicyError::Unwritable(Box::new(error)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: Spanned<String>,
    sources: Vec<String>,
    signature: Signature,
    path: Path,
    revocation: Revocation,
    timestamps: Timestamps,
    suites: Suites,
    limits: FileLimits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Signature {
    require_signing_certificate: bool,
    require_path: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_time_as_utc: Option<Spanned<i64>>,
    rsa_pkcs1_until: Spanned<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Path {
    purposes: Vec<Spanned<String>>,
    signing_key_usage: bool,
    policies: Vec<Spanned<String>>,
    explicit_policy: bool,
    anchor_validity: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Revocation {
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<Spanned<i64>>,
    clock_skew: Spanned<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Timestamps {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_delay: Option<Spanned<i64>>,
    revocation_required: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Suites {
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ed25519: Option<Spanned<String>>,
    rsa_pkcs1: Vec<Rule>,
    rsa_pss: Vec<Rule>,
    digests: BTreeMap<Spanned<String>, Spanned<String>>,
    ecdsa: BTreeMap<Spanned<String>, Spanned<String>>,
    ml_dsa: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rule {
    min_bits: Spanned<i64>,
    until: Spanned<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileLimits {
    max_path_len: Spanned<i64>,
    max_signature_checks: Spanned<i64>,
    max_signers: Spanned<i64>,
    max_timestamps: Spanned<i64>,
    max_status_depth: Spanned<i64>,
    max_rounds: Spanned<i64>,
}

/// Longest time that a policy can speak of: a century in seconds, beyond any signature's use.
const CENTURY: i64 = 100 * 366 * 86_400;

/// Longest RSA modulus that a rule may name; verification refuses longer ones.
const LONGEST_MODULUS: i64 = 16_384;

/// Deepest chain of signers of status that a limit may allow: each step is one of recursion.
const DEEPEST_STATUS: i64 = 16;

/// Largest count that a limit may set: above it a limit is none.
const LARGEST_LIMIT: i64 = 100_000;

impl File {
    fn into_policy(self, place: Place<'_>) -> Result<Policy, PolicyError> {
        let Self { name, sources, signature, path, revocation, timestamps, suites, limits } = self;
        if !names::is_policy_name(name.get_ref()) {
            return Err(place.fault("name", &name, PolicyFault::Name));
        }
        let seconds = |key, value: Option<Spanned<i64>>| {
            value.map(|value| place.number(key, &value, 0, CENTURY)).transpose()
        };
        let count = |key, value: Spanned<i64>| -> Result<usize, PolicyError> {
            let number = place.number(key, &value, 1, LARGEST_LIMIT)?;
            usize::try_from(number).map_err(|_| place.fault(key, &value, PolicyFault::Size))
        };
        Ok(Policy {
            name: name.into_inner(),
            sources,
            signature: SignatureConstraints {
                require_signing_certificate: signature.require_signing_certificate,
                require_path: signature.require_path,
                local_time_as_utc: seconds(
                    "signature.local-time-as-utc",
                    signature.local_time_as_utc,
                )?,
                rsa_pkcs1_until: place
                    .expiry("signature.rsa-pkcs1-until", &signature.rsa_pkcs1_until)?,
            },
            path: PathConstraints {
                purposes: place.identifiers("path.purposes", &path.purposes)?,
                signing_key_usage: path.signing_key_usage,
                policies: place.identifiers("path.policies", &path.policies)?,
                explicit_policy: path.explicit_policy,
                anchor_validity: path.anchor_validity,
            },
            revocation: RevocationConstraints {
                required: revocation.required,
                max_age: seconds("revocation.max-age", revocation.max_age)?,
                clock_skew: place.number(
                    "revocation.clock-skew",
                    &revocation.clock_skew,
                    0,
                    86_400,
                )?,
            },
            timestamps: TimestampConstraints {
                max_delay: seconds("timestamps.max-delay", timestamps.max_delay)?,
                revocation_required: timestamps.revocation_required,
            },
            suites: suites.into_suites(place)?,
            limits: Limits {
                max_path_len: count("limits.max-path-len", limits.max_path_len)?,
                max_signature_checks: count(
                    "limits.max-signature-checks",
                    limits.max_signature_checks,
                )?,
                max_signers: count("limits.max-signers", limits.max_signers)?,
                max_timestamps: count("limits.max-timestamps", limits.max_timestamps)?,
                max_status_depth: usize::try_from(place.number(
                    "limits.max-status-depth",
                    &limits.max_status_depth,
                    1,
                    DEEPEST_STATUS,
                )?)
                .map_err(|_| {
                    let key = "limits.max-status-depth";
                    place.fault(key, &limits.max_status_depth, PolicyFault::Size)
                })?,
                max_rounds: count("limits.max-rounds", limits.max_rounds)?,
            },
        })
    }

    fn from_policy(policy: &Policy) -> Self {
        let number = |value: usize| unplaced(i64::try_from(value).unwrap_or(i64::MAX));
        let identifiers = |all: &[ObjectIdentifier]| {
            all.iter().map(|oid| unplaced(oid.to_string())).collect::<Vec<_>>()
        };
        Self {
            name: unplaced(policy.name.clone()),
            sources: policy.sources.clone(),
            signature: Signature {
                require_signing_certificate: policy.signature.require_signing_certificate,
                require_path: policy.signature.require_path,
                local_time_as_utc: policy.signature.local_time_as_utc.map(unplaced),
                rsa_pkcs1_until: written(policy.signature.rsa_pkcs1_until),
            },
            path: Path {
                purposes: identifiers(&policy.path.purposes),
                signing_key_usage: policy.path.signing_key_usage,
                policies: identifiers(&policy.path.policies),
                explicit_policy: policy.path.explicit_policy,
                anchor_validity: policy.path.anchor_validity,
            },
            revocation: Revocation {
                required: policy.revocation.required,
                max_age: policy.revocation.max_age.map(unplaced),
                clock_skew: unplaced(policy.revocation.clock_skew),
            },
            timestamps: Timestamps {
                max_delay: policy.timestamps.max_delay.map(unplaced),
                revocation_required: policy.timestamps.revocation_required,
            },
            suites: Suites::from_suites(&policy.suites),
            limits: FileLimits {
                max_path_len: number(policy.limits.max_path_len),
                max_signature_checks: number(policy.limits.max_signature_checks),
                max_signers: number(policy.limits.max_signers),
                max_timestamps: number(policy.limits.max_timestamps),
                max_status_depth: number(policy.limits.max_status_depth),
                max_rounds: number(policy.limits.max_rounds),
            },
        }
    }
}

impl Suites {
    fn into_suites(self, place: Place<'_>) -> Result<CryptographicSuites, PolicyError> {
        let mut digests = BTreeMap::new();
        for (name, until) in &self.digests {
            let digest = names::digest(name.get_ref())
                .ok_or_else(|| place.fault("suites.digests", name, PolicyFault::Digest))?;
            digests.insert(digest, place.expiry("suites.digests", until)?);
        }
        let mut ecdsa = Vec::new();
        for (name, until) in &self.ecdsa {
            let curve = names::curve(name.get_ref())
                .ok_or_else(|| place.fault("suites.ecdsa", name, PolicyFault::Curve))?;
            ecdsa.push((curve, place.expiry("suites.ecdsa", until)?));
        }
        let mut ml_dsa = Vec::new();
        for (name, until) in &self.ml_dsa {
            let set = names::ml_dsa(name.get_ref())
                .ok_or_else(|| place.fault("suites.ml-dsa", name, PolicyFault::ParameterSet))?;
            ml_dsa.push((set, place.expiry("suites.ml-dsa", until)?));
        }
        let ed25519 = self.ed25519.map(|until| place.expiry("suites.ed25519", &until)).transpose();
        Ok(CryptographicSuites {
            source: self.source,
            digests,
            rsa_pkcs1: rules("suites.rsa-pkcs1", &self.rsa_pkcs1, place)?,
            rsa_pss: rules("suites.rsa-pss", &self.rsa_pss, place)?,
            ecdsa,
            ed25519: ed25519?,
            ml_dsa,
        })
    }

    fn from_suites(suites: &CryptographicSuites) -> Self {
        let rules = |all: &[KeyRule]| {
            let rule = |rule: &KeyRule| Rule {
                min_bits: unplaced(i64::try_from(rule.min_bits).unwrap_or(i64::MAX)),
                until: written(rule.expiry),
            };
            all.iter().map(rule).collect()
        };
        let digests = suites.digests.iter();
        let curves = suites.ecdsa.iter();
        Self {
            source: suites.source.clone(),
            ed25519: suites.ed25519.map(written),
            rsa_pkcs1: rules(&suites.rsa_pkcs1),
            rsa_pss: rules(&suites.rsa_pss),
            digests: digests
                .map(|(digest, end)| (unplaced(digest.to_string()), written(*end)))
                .collect(),
            ecdsa: curves
                .map(|(curve, end)| (unplaced(names::of_curve(*curve)), written(*end)))
                .collect(),
            ml_dsa: suites
                .ml_dsa
                .iter()
                .map(|(set, end)| (unplaced(format!("ML-DSA-{set}")), written(*end)))
                .collect(),
        }
    }
}

fn rules(key: &'static str, all: &[Rule], place: Place<'_>) -> Result<Vec<KeyRule>, PolicyError> {
    let mut rules: Vec<KeyRule> = Vec::new();
    for rule in all {
        let bits = place.number(key, &rule.min_bits, 1, LONGEST_MODULUS)?;
        let min_bits = usize::try_from(bits)
            .map_err(|_| place.fault(key, &rule.min_bits, PolicyFault::Size))?;
        if rules.iter().any(|earlier| earlier.min_bits >= min_bits) {
            return Err(place.fault(key, &rule.min_bits, PolicyFault::Order));
        }
        rules.push(KeyRule { min_bits, expiry: place.expiry(key, &rule.until)? });
    }
    Ok(rules)
}

/// A value on its way into a file, where no place in one is known.
fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

fn written(expiry: Expiry) -> Spanned<String> {
    unplaced(match expiry {
        Expiry::At(time) => Time::to_string(&time),
        Expiry::Never => names::NEVER.to_owned(),
    })
}
