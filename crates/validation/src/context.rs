//! With what a signature is validated: anchors, evidence, policy and time.

use kyso_x509::Time;

use crate::cache::PathCache;
use crate::evidence::Evidence;
use crate::policy::Policy;
use crate::trust::Trust;

/// The inputs of EN 319 102-1 §5.1.4 that are the same for every signature of a file or of a folder.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Anchors with their policies, and certificates that may help to build paths.
    pub trust: &'a Trust,
    /// What was gathered beside the signature.
    pub evidence: &'a Evidence,
    /// The policy; `None`: that of the store whose anchor the signer's path reaches.
    pub policy: Option<&'a Policy>,
    /// The time at which is judged: "current time" in the words of the standard.
    pub validation_time: Time,
    /// Paths that were validated under this very context before; `None` validates each anew, with the same result.
    pub paths: Option<&'a PathCache>,
}
