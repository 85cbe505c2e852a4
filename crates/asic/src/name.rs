//! Names of entries: which are lawful, which collide, which can be written to any disk.

use unicode_normalization::UnicodeNormalization as _;

use crate::limits::Limits;

/// The name of an entry, relative to the container's root, `/` between its components; checked.
///
/// It is UTF-8, holds no control character and no backslash, does not begin with `/` or a drive, and no component is
/// empty, `.` or `..`. A name of a folder ends in `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryName(Box<str>);

impl EntryName {
    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(name: &str, limits: &Limits) -> Result<Self, NameFault> {
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        if name.len() > limits.name_bytes {
            return Err(NameFault::TooLong { bytes: name.len(), allowed: limits.name_bytes });
        }
        if let Some(character) = name.chars().find(|character| character.is_control()) {
            return Err(NameFault::ControlCharacter(character));
        }
        if name.contains('\\') {
            return Err(NameFault::Backslash);
        }
        if name.starts_with('/') {
            return Err(NameFault::Absolute);
        }
        if matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
            return Err(NameFault::Drive);
        }
        let path = name.strip_suffix('/').unwrap_or(name);
        let mut depth = 0;
        for component in path.split('/') {
            depth += 1;
            match component {
                "" => return Err(NameFault::EmptyComponent),
                "." | ".." => return Err(NameFault::DotComponent),
                _ => {}
            }
        }
        if depth > limits.name_depth {
            return Err(NameFault::TooDeep { depth, allowed: limits.name_depth });
        }
        Ok(Self(name.into()))
    }

    /// For the names that the standards fix.
    pub(crate) fn fixed(name: &'static str) -> Self {
        Self(name.into())
    }

    /// For a fixed name with a number in it.
    pub(crate) fn numbered(before: &'static str, number: usize, after: &'static str) -> Self {
        Self(format!("{before}{number:03}{after}").into())
    }

    /// The name as it stands in the container.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.0.ends_with('/')
    }

    /// Whether a file of this name can be written on Windows, macOS and Linux alike, and is shown as it is written.
    ///
    /// # Errors
    /// Why not.
    pub fn portable(&self) -> Result<(), PortabilityFault> {
        let path = self.0.strip_suffix('/').unwrap_or(&self.0);
        for component in path.split('/') {
            if let Some(character) = component.chars().find(|character| reserved(*character)) {
                return Err(PortabilityFault::Character(character));
            }
            if component.ends_with(['.', ' ']) || component.starts_with(' ') {
                return Err(PortabilityFault::EdgeSpaceOrDot);
            }
            let stem = component.split('.').next().unwrap_or_default().trim_end();
            if device(stem) {
                return Err(PortabilityFault::Device);
            }
            // 255 UTF-16 units on NTFS and APFS, 255 bytes on ext4: the smallest of them.
            if component.len() > 255 {
                return Err(PortabilityFault::ComponentTooLong);
            }
        }
        Ok(())
    }

    /// The form under which names collide: case folded, in NFC, without a folder's `/`. File systems differ in what
    /// they tell apart; what any of them takes for one name counts as one.
    pub(crate) fn collision_key(&self) -> String {
        collision_key(self.0.strip_suffix('/').unwrap_or(&self.0))
    }
}

impl core::fmt::Display for EntryName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&kyso_x509::name::escape_for_display(&self.0))
    }
}

fn collision_key(path: &str) -> String {
    let upper: String = path.nfc().flat_map(char::to_uppercase).collect();
    let lower: String = upper.chars().flat_map(char::to_lowercase).collect();
    lower.nfc().collect()
}

/// What Windows reserves (Win32 naming rules), and marks that reorder the text around them.
fn reserved(character: char) -> bool {
    matches!(
        character,
        '<' | '>'
            | ':'
            | '"'
            | '|'
            | '?'
            | '*'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// Whether Windows takes a file of this stem for a device, whatever its extension.
fn device(stem: &str) -> bool {
    let upper = stem.to_ascii_uppercase();
    match upper.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        other => {
            other.strip_prefix("COM").or_else(|| other.strip_prefix("LPT")).is_some_and(|number| {
                matches!(
                    number,
                    "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
                )
            })
        }
    }
}

/// Why bytes are not the name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// It has no character.
    Empty,
    /// It is not UTF-8: readers would guess a code page, each its own.
    NotUtf8,
    /// It holds a control character, such as NUL.
    ControlCharacter(char),
    /// It holds a backslash, which is a separator on Windows.
    Backslash,
    /// It begins with `/`.
    Absolute,
    /// It begins with a drive, such as `C:`.
    Drive,
    /// Two separators follow each other.
    EmptyComponent,
    /// A component is `.` or `..`.
    DotComponent,
    /// It is longer than the limit.
    TooLong {
        /// Bytes in it.
        bytes: usize,
        /// Bytes allowed.
        allowed: usize,
    },
    /// It lies deeper than the limit.
    TooDeep {
        /// Components in it.
        depth: usize,
        /// Components allowed.
        allowed: usize,
    },
    /// A Unicode Path extra field (0x7075) gives the entry another name.
    SecondName,
}

impl core::fmt::Display for NameFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty"),
            Self::NotUtf8 => f.write_str("the name is not UTF-8"),
            Self::ControlCharacter(character) => {
                write!(f, "the name holds the control character U+{:04X}", u32::from(*character))
            }
            Self::Backslash => f.write_str("the name holds a backslash"),
            Self::Absolute => f.write_str("the name is absolute"),
            Self::Drive => f.write_str("the name begins with a drive"),
            Self::EmptyComponent => f.write_str("the name has an empty component"),
            Self::DotComponent => f.write_str("the name leads elsewhere by a component of dots"),
            Self::TooLong { bytes, allowed } => {
                write!(f, "the name has {bytes} bytes, {allowed} are allowed")
            }
            Self::TooDeep { depth, allowed } => {
                write!(f, "the name is {depth} folders deep, {allowed} are allowed")
            }
            Self::SecondName => f.write_str("an extra field gives the entry another name"),
        }
    }
}

impl core::error::Error for NameFault {}

/// Why an entry should not become a file of its name on every system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortabilityFault {
    /// Windows does not allow this character, or it reorders the text around it.
    Character(char),
    /// A component begins with a space, or ends in a space or a dot, which Windows takes away.
    EdgeSpaceOrDot,
    /// Windows takes it for a device, such as `NUL`.
    Device,
    /// A component has more than 255 bytes.
    ComponentTooLong,
}

impl core::fmt::Display for PortabilityFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Character(character) => {
                write!(f, "the name holds U+{:04X}", u32::from(*character))
            }
            Self::EdgeSpaceOrDot => f.write_str("a component ends in a space or a dot"),
            Self::Device => f.write_str("the name is that of a device"),
            Self::ComponentTooLong => f.write_str("a component has more than 255 bytes"),
        }
    }
}

impl core::error::Error for PortabilityFault {}

/// A name that is not lawful, escaped and cut so that it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownName(Box<str>);

impl ShownName {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let cut: String = text.chars().take(120).collect();
        let mut shown = kyso_x509::name::escape_for_display(&cut).into_owned();
        if cut.len() < text.len() {
            shown.push('…');
        }
        Self(shown.into())
    }
}

impl core::fmt::Display for ShownName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<EntryName, NameFault> {
        EntryName::new(text, &Limits::documents())
    }

    #[test]
    fn escapes_are_refused_by_name() {
        for (text, fault) in [
            ("", NameFault::Empty),
            ("/etc/passwd", NameFault::Absolute),
            ("../a", NameFault::DotComponent),
            ("a/../../b", NameFault::DotComponent),
            ("a/./b", NameFault::DotComponent),
            ("a//b", NameFault::EmptyComponent),
            ("a//", NameFault::EmptyComponent),
            ("a\\b", NameFault::Backslash),
            ("C:a", NameFault::Drive),
            ("c:/a", NameFault::Drive),
            ("a\0b", NameFault::ControlCharacter('\0')),
            ("a\u{85}b", NameFault::ControlCharacter('\u{85}')),
        ] {
            assert_eq!(name(text), Err(fault), "{text:?}");
        }
        assert!(matches!(name(&"a/".repeat(33)), Err(NameFault::TooDeep { depth: 33, .. })));
        assert!(matches!(name(&"a".repeat(1025)), Err(NameFault::TooLong { bytes: 1025, .. })));
        for text in ["a", "a/b", "Hồ sơ bệnh án/Phiếu số 1.xml", "thư mục/", "..a", "a..b/c..."]
        {
            assert_eq!(name(text).map(|name| name.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_some_disk_takes_for_one_name_collides() {
        let key = |text: &str| name(text).map(|name| name.collision_key());
        assert_eq!(key("HỒ SƠ.xml"), key("hồ sơ.XML"));
        assert_eq!(key("hồ sơ"), key("ho\u{302}\u{300} so\u{31b}"));
        assert_eq!(key("STRASSE"), key("straße"));
        assert_eq!(key("a/"), key("A"));
        // Marks in another order, before case is folded: U+0345 becomes a letter.
        assert_eq!(key("α\u{345}\u{301}"), key("\u{1fb4}"));
        assert_ne!(key("a"), key("b"));
    }

    #[test]
    fn names_that_windows_cannot_hold_are_not_portable() {
        let portable = |text: &str| name(text).map(|name| name.portable());
        assert_eq!(portable("a?b"), Ok(Err(PortabilityFault::Character('?'))));
        assert_eq!(portable("ab:stream"), Ok(Err(PortabilityFault::Character(':'))));
        assert_eq!(portable("d/nul.txt"), Ok(Err(PortabilityFault::Device)));
        assert_eq!(portable("COM1"), Ok(Err(PortabilityFault::Device)));
        assert_eq!(portable("a."), Ok(Err(PortabilityFault::EdgeSpaceOrDot)));
        assert_eq!(portable("fdp\u{202e}exe."), Ok(Err(PortabilityFault::Character('\u{202e}'))));
        assert_eq!(portable(&"ồ".repeat(86)), Ok(Err(PortabilityFault::ComponentTooLong)));
        assert_eq!(portable("Hồ sơ/COM10.txt"), Ok(Ok(())));
    }
}
