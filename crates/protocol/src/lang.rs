//! The two languages of every message.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language that kyso speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Tiếng Việt.
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The text in this language.
    pub fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// The language's tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The first language of an `Accept-Language` value (RFC 9110 §12.5.4) that kyso speaks; weights are honoured.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(u32, Self)> = None;
        for range in header.split(',').take(32) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(Some(1000), thousandths);
            let primary = tag.split('-').next().unwrap_or_default();
            let Ok(lang) = primary.to_ascii_lowercase().parse() else { continue };
            let Some(weight) = weight.filter(|weight| *weight > 0) else { continue };
            if best.is_none_or(|(heaviest, _)| weight > heaviest) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }
}

/// A weight of at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !digits(fraction) {
        return None;
    }
    let padded: u32 = format!("{fraction:0<3}").parse().ok()?;
    Some(if whole == "1" { 1000 } else { padded })
}

/// Not one of kyso's languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLang;

impl fmt::Display for UnknownLang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vi or en")
    }
}

impl std::error::Error for UnknownLang {}

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        match text {
            "vi" => Ok(Self::Vi),
            "en" => Ok(Self::En),
            _ => Err(UnknownLang),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_is_weighed() {
        for (header, lang) in [
            ("vi", Some(Lang::Vi)),
            ("vi-VN,vi;q=0.9,en;q=0.8", Some(Lang::Vi)),
            ("en-GB, vi;q=0.5", Some(Lang::En)),
            ("en;q=0.2, vi;q=0.7", Some(Lang::Vi)),
            ("fr, de;q=0.3", None),
            ("fr, en;q=0.3", Some(Lang::En)),
            ("vi;q=0, en;q=0.1", Some(Lang::En)),
            ("vi;q=2, en;q=0.1", Some(Lang::En)),
            ("", None),
        ] {
            assert_eq!(Lang::accepted(header), lang, "{header}");
        }
    }
}
