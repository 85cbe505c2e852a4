//! Administrative units: codes, kinds, validity.

use crate::date::Date;
use crate::fold::{Exactness, compare, words};

/// Level of a unit in the administration; districts ended on 2025-07-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Province or city under the central government; code of two digits.
    Province,
    /// District, town or city under a province; code of three digits.
    District,
    /// Commune, ward, township or special zone; code of five digits.
    Commune,
}

impl Level {
    const fn digits(self) -> usize {
        match self {
            Self::Province => 2,
            Self::District => 3,
            Self::Commune => 5,
        }
    }
}

/// An official code. It names nothing without a date: 00004 was Phường Trúc Bạch and is Phường Ba Đình.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitCode {
    level: Level,
    number: u32,
}

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitCodeError {
    /// Neither 2 (province), 3 (district) nor 5 (commune) characters.
    Length {
        /// Characters found.
        length: usize,
    },
    /// A character that is no decimal digit.
    Digit {
        /// Its place, from 0.
        position: usize,
        /// The character.
        character: char,
    },
}

impl core::fmt::Display for UnitCodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Length { length } => write!(
                f,
                "a unit's code has 2, 3 or 5 digits (province, district, commune), not {length}"
            ),
            Self::Digit { position, character } => {
                write!(f, "character {} of a unit's code is {character:?}", position + 1)
            }
        }
    }
}

impl core::error::Error for UnitCodeError {}

impl UnitCode {
    /// Level, told by the number of digits.
    #[must_use]
    pub const fn level(self) -> Level {
        self.level
    }
}

impl core::fmt::Display for UnitCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:0width$}", self.number, width = self.level.digits())
    }
}

impl core::str::FromStr for UnitCode {
    type Err = UnitCodeError;

    fn from_str(text: &str) -> Result<Self, UnitCodeError> {
        let mut number = 0;
        let length = text.chars().count();
        let level = match length {
            2 => Level::Province,
            3 => Level::District,
            5 => Level::Commune,
            _ => return Err(UnitCodeError::Length { length }),
        };
        for (position, character) in text.chars().enumerate() {
            let Some(digit) = character.to_digit(10) else {
                return Err(UnitCodeError::Digit { position, character });
            };
            number = number * 10 + digit;
        }
        Ok(Self { level, number })
    }
}

/// What a unit is called before its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitKind {
    /// Tỉnh.
    Province,
    /// Thành phố under the central government.
    CentralCity,
    /// Quận.
    UrbanDistrict,
    /// Huyện.
    RuralDistrict,
    /// Thị xã.
    Town,
    /// Thành phố under a province, or within a city.
    ProvincialCity,
    /// Xã.
    Commune,
    /// Phường.
    Ward,
    /// Thị trấn.
    Township,
    /// Đặc khu, since 2025.
    SpecialZone,
}

impl UnitKind {
    /// The word before the name, capitalised as at the start of a name.
    #[must_use]
    pub const fn vietnamese(self) -> &'static str {
        match self {
            Self::Province => "Tỉnh",
            Self::CentralCity | Self::ProvincialCity => "Thành phố",
            Self::UrbanDistrict => "Quận",
            Self::RuralDistrict => "Huyện",
            Self::Town => "Thị xã",
            Self::Commune => "Xã",
            Self::Ward => "Phường",
            Self::Township => "Thị trấn",
            Self::SpecialZone => "Đặc khu",
        }
    }

    /// Its level.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Province | Self::CentralCity => Level::Province,
            Self::UrbanDistrict | Self::RuralDistrict | Self::Town | Self::ProvincialCity => {
                Level::District
            }
            Self::Commune | Self::Ward | Self::Township | Self::SpecialZone => Level::Commune,
        }
    }
}

/// One unit in one period; its key is (code, first day).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Official code.
    pub code: UnitCode,
    /// What it is.
    pub kind: UnitKind,
    /// Name without the kind's word, NFC: `Ba Đình`.
    pub own_name: &'static str,
    /// Code of its province in the same period; a province's own code.
    pub province: UnitCode,
    /// Code of its district, for communes before 2025-07-01.
    pub district: Option<UnitCode>,
    /// First day of the period. [`CODES_BEGIN`](crate::mapping::CODES_BEGIN) where nothing is known.
    pub valid_from: Date,
    /// Last day of the period; `None` while it lasts.
    pub valid_until: Option<Date>,
}

impl Unit {
    /// Full name, NFC: `Phường Ba Đình`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.kind.vietnamese(), self.own_name)
    }

    /// Its level.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.kind.level()
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> UnitKey {
        UnitKey { code: self.code, valid_from: self.valid_from }
    }

    /// Its period.
    #[must_use]
    pub const fn validity(&self) -> UnitValidity {
        UnitValidity { valid_from: self.valid_from, valid_until: self.valid_until }
    }

    /// True when the day lies in its period.
    #[must_use]
    pub fn is_valid_at(&self, date: Date) -> bool {
        self.valid_from <= date && self.valid_until.is_none_or(|last| date <= last)
    }

    /// True when both are called the same, kind included; hyphens and the tone mark's place do not count
    /// (Văn Miếu Quốc Tử Giám, Văn Miếu - Quốc Tử Giám).
    #[must_use]
    pub fn has_name_of(&self, other: &Self) -> bool {
        let same = || compare(&words(self.own_name), &words(other.own_name));
        self.kind.vietnamese() == other.kind.vietnamese()
            && (self.own_name == other.own_name || same() == Some(Exactness::Exact))
    }
}

/// What identifies a unit: its code and the first day of the period in which the code was its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitKey {
    /// Official code.
    pub code: UnitCode,
    /// First day of its period.
    pub valid_from: Date,
}

/// A period, both days included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnitValidity {
    /// First day.
    pub valid_from: Date,
    /// Last day; `None` while it lasts.
    pub valid_until: Option<Date>,
}

impl core::fmt::Display for UnitValidity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.valid_until {
            Some(last) => write!(f, "{} to {last}", self.valid_from),
            None => write!(f, "since {}", self.valid_from),
        }
    }
}

/// Why no unit was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitError {
    /// No unit ever had the code.
    Unknown {
        /// The code.
        code: UnitCode,
    },
    /// The code was a unit's at other times only.
    NotValidAt {
        /// The code.
        code: UnitCode,
        /// The day asked about.
        date: Date,
        /// When the code was a unit's, oldest first.
        known: Vec<UnitValidity>,
    },
}

impl core::fmt::Display for UnitError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unknown { code } => write!(f, "no unit has or had the code {code}"),
            Self::NotValidAt { code, date, known } => {
                write!(f, "{code} was no unit's code on {date}; it was one")?;
                for (index, period) in known.iter().enumerate() {
                    write!(f, "{} {period}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

impl core::error::Error for UnitError {}

/// A resolution that made a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// Number: `1656/NQ-UBTVQH15`.
    pub number: &'static str,
    /// Its day; not the day in force.
    pub date: Date,
}

/// How a unit may be stated on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitRef {
    /// A unit of the national mapping.
    Code {
        /// Official code.
        code: UnitCode,
        /// A day on which code and unit belong together, such as its first.
        date: Date,
    },
    /// Another agency, in words.
    Text(String),
}

impl From<&Unit> for UnitRef {
    fn from(unit: &Unit) -> Self {
        Self::Code { code: unit.code, date: unit.valid_from }
    }
}
