//! Codes of agencies (Decision 20/2020/QĐ-TTg), in the form of that decision and in the one before it.

use core::fmt;

/// A code of an agency: its groups from the highest level down, whatever the form it was written in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgencyCode {
    groups: Vec<String>,
    form: AgencyCodeForm,
}

/// The form of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgencyCodeForm {
    /// Decision 20/2020/QĐ-TTg: `H26.2.15`, the highest level first, in force since 15 September 2020.
    Current,
    /// QCVN 102:2016/BTTTT: `015.02.00.H26`, four groups, the highest level last; replaced by the decision, still met.
    Legacy,
}

/// Why a text is no code of an agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgencyCodeError {
    /// It is empty or longer than 35 characters.
    Length(usize),
    /// A character is none of `A` to `Z`, `0` to `9` and the dot.
    Character(char),
    /// A group between dots is empty.
    EmptyGroup,
    /// No group begins with the letter of a first level.
    NoFirstLevel,
}

/// Longest code (Decision 20/2020/QĐ-TTg).
const LONGEST: usize = 35;

impl AgencyCode {
    /// Reads a code in either form.
    ///
    /// # Errors
    /// [`AgencyCodeError`].
    pub fn parse(text: &str) -> Result<Self, AgencyCodeError> {
        let length = text.chars().count();
        if length == 0 || length > LONGEST {
            return Err(AgencyCodeError::Length(length));
        }
        let is_foreign = |one: &char| !matches!(one, 'A'..='Z' | '0'..='9' | '.');
        if let Some(foreign) = text.chars().find(is_foreign) {
            return Err(AgencyCodeError::Character(foreign));
        }
        let mut groups: Vec<String> = text.split('.').map(str::to_owned).collect();
        if groups.iter().any(String::is_empty) {
            return Err(AgencyCodeError::EmptyGroup);
        }
        let is_first = |group: Option<&String>| {
            group.is_some_and(|group| group.starts_with(|one: char| one.is_ascii_uppercase()))
        };
        if is_first(groups.first()) {
            return Ok(Self { groups, form: AgencyCodeForm::Current });
        }
        if is_first(groups.last()) {
            groups.reverse();
            // `000` and `00` say that there is no such level; a level below them does not exist.
            while groups.last().is_some_and(|group| group.bytes().all(|byte| byte == b'0')) {
                groups.pop();
            }
            return Ok(Self { groups, form: AgencyCodeForm::Legacy });
        }
        Err(AgencyCodeError::NoFirstLevel)
    }

    /// Its groups from the first level down; a legacy code without its empty levels.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// The form that it was written in.
    #[must_use]
    pub const fn form(&self) -> AgencyCodeForm {
        self.form
    }

    /// The ministry or province: its first group.
    #[must_use]
    pub fn first_level(&self) -> &str {
        self.groups.first().map_or("", String::as_str)
    }
}

impl fmt::Display for AgencyCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "{length} characters, 1 to {LONGEST} are allowed"),
            Self::Character(one) => write!(f, "{one:?} is none of A–Z, 0–9 and the dot"),
            Self::EmptyGroup => f.write_str("nothing stands between two dots"),
            Self::NoFirstLevel => f.write_str("no group begins with the letter of a first level"),
        }
    }
}

impl core::error::Error for AgencyCodeError {}

#[cfg(test)]
mod tests {
    use super::{AgencyCode, AgencyCodeError, AgencyCodeForm};

    #[test]
    fn both_forms_name_the_same_levels() {
        let current = AgencyCode::parse("H41").expect("a code");
        let legacy = AgencyCode::parse("000.00.00.H41").expect("a code");
        assert_eq!((current.groups(), current.form()), (legacy.groups(), AgencyCodeForm::Current));
        assert_eq!((legacy.first_level(), legacy.form()), ("H41", AgencyCodeForm::Legacy));
        let deep = AgencyCode::parse("015.02.00.H26").expect("a code");
        assert_eq!(deep.groups(), ["H26", "00", "02", "015"]);
        assert_eq!(AgencyCode::parse("G09.12.3").expect("a code").groups(), ["G09", "12", "3"]);
    }

    #[test]
    fn what_is_no_code() {
        for (text, error) in [
            ("", AgencyCodeError::Length(0)),
            ("H123456789.123456789.123456789.123456", AgencyCodeError::Length(37)),
            ("h41", AgencyCodeError::Character('h')),
            ("H41..1", AgencyCodeError::EmptyGroup),
            ("000.00", AgencyCodeError::NoFirstLevel),
        ] {
            assert_eq!(AgencyCode::parse(text), Err(error), "{text}");
        }
    }
}
