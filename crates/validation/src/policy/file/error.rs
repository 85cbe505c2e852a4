//! What is wrong with a policy file, and where.

use core::fmt;

use kyso_x509::{ObjectIdentifier, Time};
use toml::Spanned;

use super::super::Expiry;
use super::names;

/// Why a text is no policy.
#[derive(Debug)]
pub enum PolicyError {
    /// It is not TOML, a key is missing or unknown, or a value is of the wrong kind.
    Toml {
        /// The line, from 1; `None` where a whole table is missing.
        line: Option<usize>,
        /// What the parser says, which names the key.
        error: Box<toml::de::Error>,
    },
    /// A value that the key cannot have.
    Value {
        /// The key's path, such as `suites.digests`.
        key: &'static str,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: PolicyFault,
    },
    /// A policy that cannot be written as TOML.
    Unwritable(Box<toml::ser::Error>),
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// A name is of ASCII letters, digits, `-`, `_` and `.`, 64 at most.
    Name,
    /// Neither `never` nor RFC 3339 in UTC with whole seconds.
    Time,
    /// No object identifier in dotted form.
    ObjectIdentifier,
    /// No digest that this version knows.
    Digest,
    /// No curve that this version knows.
    Curve,
    /// No parameter set of ML-DSA.
    ParameterSet,
    /// A number outside its bounds, which are included.
    Range {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
        /// What stands there.
        found: i64,
    },
    /// A number that this machine cannot hold.
    Size,
    /// Key rules stand shortest modulus first, each length once.
    Order,
}

impl PolicyError {
    pub(super) fn from_toml(text: &str, error: toml::de::Error) -> Self {
        Self::Toml {
            line: error.span().map(|span| line_of(text, span.start)),
            error: Box::new(error),
        }
    }

    /// The line, from 1, where one is known.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Toml { line, .. } => *line,
            Self::Value { line, .. } => Some(*line),
            Self::Unwritable(_) => None,
        }
    }
}

/// The file's text, by which a byte becomes a line.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
}

impl Place<'_> {
    pub(super) fn fault<T>(
        self,
        key: &'static str,
        value: &Spanned<T>,
        fault: PolicyFault,
    ) -> PolicyError {
        PolicyError::Value { key, line: line_of(self.text, value.span().start), fault }
    }

    pub(super) fn number(
        self,
        key: &'static str,
        value: &Spanned<i64>,
        least: i64,
        most: i64,
    ) -> Result<i64, PolicyError> {
        let found = *value.get_ref();
        if (least..=most).contains(&found) {
            return Ok(found);
        }
        Err(self.fault(key, value, PolicyFault::Range { least, most, found }))
    }

    pub(super) fn expiry(
        self,
        key: &'static str,
        value: &Spanned<String>,
    ) -> Result<Expiry, PolicyError> {
        let text = value.get_ref();
        if text == names::NEVER {
            return Ok(Expiry::Never);
        }
        let time: Option<Time> = names::time(text);
        time.map(Expiry::At).ok_or_else(|| self.fault(key, value, PolicyFault::Time))
    }

    pub(super) fn identifiers(
        self,
        key: &'static str,
        all: &[Spanned<String>],
    ) -> Result<Vec<ObjectIdentifier>, PolicyError> {
        let read = |one: &Spanned<String>| {
            ObjectIdentifier::new(one.get_ref())
                .map_err(|_| self.fault(key, one, PolicyFault::ObjectIdentifier))
        };
        all.iter().map(read).collect()
    }
}

fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml { line: Some(line), error } => {
                write!(f, "line {line}: {}", error.message())
            }
            Self::Toml { line: None, error } => f.write_str(error.message()),
            Self::Value { key, line, fault } => write!(f, "line {line}: {key}: {fault}"),
            Self::Unwritable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PolicyError {}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => {
                f.write_str("a name has ASCII letters, digits, `-`, `_` and `.`, 64 at most")
            }
            Self::Time => f.write_str("neither `never` nor a time such as 2028-12-31T23:59:59Z"),
            Self::ObjectIdentifier => f.write_str("no object identifier"),
            Self::Digest => f.write_str("no digest that this version knows"),
            Self::Curve => f.write_str("no curve that this version knows"),
            Self::ParameterSet => f.write_str("no parameter set of ML-DSA"),
            Self::Range { least, most, found } => {
                write!(f, "{found} is not between {least} and {most}")
            }
            Self::Size => f.write_str("too large for this machine"),
            Self::Order => f.write_str("key rules stand shortest modulus first, each length once"),
        }
    }
}
