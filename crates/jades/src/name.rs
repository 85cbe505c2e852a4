//! Names of header parameters and members as errors carry them.

use kyso_x509::escape_for_display;

/// The name of a header parameter or member, cut to what an error should carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterName(Box<str>);

/// Characters kept of a stranger's name: the longest registered ones have some twenty.
const MAX_LEN: usize = 64;

impl ParameterName {
    /// Takes a name; what is beyond 64 characters is left out.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.chars().take(MAX_LEN).collect())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for ParameterName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", escape_for_display(&self.0))
    }
}
