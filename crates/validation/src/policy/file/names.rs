//! How a policy file spells algorithms and times.

use kyso_x509::{Civil, DigestAlgorithm, EllipticCurve, Time};

/// An end that is not known.
pub(super) const NEVER: &str = "never";

/// Longest name of a policy: it becomes a file's name.
const LONGEST_NAME: usize = 64;

/// Curves by the names of SEC 2 (NIST's) and RFC 5639, whose object identifiers say which is which.
const CURVES: [(&str, &str); 5] = [
    ("P-256", "1.2.840.10045.3.1.7"),
    ("P-384", "1.3.132.0.34"),
    ("P-521", "1.3.132.0.35"),
    ("brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7"),
    ("brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11"),
];

/// Letters of ASCII, digits, `-`, `_` and `.` between them.
pub(super) fn is_policy_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.len() <= LONGEST_NAME
        && name.bytes().all(plain)
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}

pub(super) fn digest(name: &str) -> Option<DigestAlgorithm> {
    DigestAlgorithm::ALL.into_iter().find(|digest| digest.to_string() == name)
}

pub(super) fn curve(name: &str) -> Option<EllipticCurve> {
    let (_, oid) = CURVES.into_iter().find(|(known, _)| *known == name)?;
    EllipticCurve::ALL.into_iter().find(|curve| curve.oid().to_string() == oid)
}

pub(super) fn of_curve(curve: EllipticCurve) -> String {
    let oid = curve.oid().to_string();
    let known = CURVES.into_iter().find(|(_, known)| *known == oid);
    known.map_or(oid, |(name, _)| name.to_owned())
}

pub(super) fn ml_dsa(name: &str) -> Option<u16> {
    // The parameter sets of FIPS 204 §4.
    [44, 65, 87].into_iter().find(|set| format!("ML-DSA-{set}") == name)
}

/// RFC 3339 in UTC with whole seconds, such as `2028-12-31T23:59:59Z`.
pub(super) fn time(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let part = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    };
    let civil = Civil {
        year: part(0, 4)?,
        month: part(5, 7)?,
        day: part(8, 10)?,
        hour: part(11, 13)?,
        minute: part(14, 16)?,
        second: part(17, 19)?,
    };
    // Only the one spelling that `Time` writes itself.
    civil.to_time().filter(|time| time.to_string() == text)
}
