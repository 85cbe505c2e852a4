//! The policies that come with the program.

use super::Policy;

/// Names and texts, the default of anchors without a store of their own first.
const BUILT_IN: [(&str, &str); 4] = [
    ("vn-public-service", include_str!("../../../../hsm-config/policies/vn-public-service.toml")),
    ("vn-public-ca", include_str!("../../../../hsm-config/policies/vn-public-ca.toml")),
    ("eidas-like", include_str!("../../../../hsm-config/policies/eidas-like.toml")),
    ("integrity-only", include_str!("../../../../hsm-config/policies/integrity-only.toml")),
];

impl Policy {
    /// Name of the policy by which anchors vouch that no store gives another: revocation status is demanded.
    pub const OF_BARE_ANCHORS: &'static str = "vn-public-service";

    /// The built-in policy of that name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        // A text of ours that does not parse would be a policy that does not exist; the tests parse each.
        Self::from_toml(Self::built_in_toml(name)?).ok()
    }

    /// The text of a built-in policy, to start one's own from.
    #[must_use]
    pub fn built_in_toml(name: &str) -> Option<&'static str> {
        BUILT_IN.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// Names of the built-in policies.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        BUILT_IN.into_iter().map(|(name, _)| name).collect()
    }
}
