//! Changes of provinces outside the reorganisation of 2025; sources in `data/README.md`.

use crate::date::Date;
use crate::unit::UnitKind;

/// A province that got another kind or name, under the same code.
pub(super) struct ProvinceChange {
    /// Two digits of the code.
    pub(super) code: &'static str,
    /// First day of the new state; the resolution's day where the day in force is not known.
    pub(super) date: Date,
    /// Before it.
    pub(super) before: (UnitKind, &'static str),
    /// From it on.
    pub(super) after: (UnitKind, &'static str),
    /// Number and day of the resolution.
    pub(super) resolution: (&'static str, Date),
}

/// Oldest first.
pub(super) const PROVINCES: [ProvinceChange; 3] = [
    ProvinceChange {
        code: "46",
        date: Date::stated(2025, 1, 1),
        before: (UnitKind::Province, "Thừa Thiên Huế"),
        after: (UnitKind::CentralCity, "Huế"),
        resolution: ("175/2024/QH15", Date::stated(2024, 11, 30)),
    },
    ProvinceChange {
        code: "75",
        date: Date::stated(2026, 4, 24),
        before: (UnitKind::Province, "Đồng Nai"),
        after: (UnitKind::CentralCity, "Đồng Nai"),
        resolution: ("30/2026/QH16", Date::stated(2026, 4, 24)),
    },
    ProvinceChange {
        code: "24",
        date: Date::stated(2026, 8, 24),
        before: (UnitKind::Province, "Bắc Ninh"),
        after: (UnitKind::CentralCity, "Bắc Ninh"),
        resolution: ("39/2026/QH16", Date::stated(2026, 8, 24)),
    },
];
