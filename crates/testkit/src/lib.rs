//! What the demo and the tests need around the product: a certificate authority, the programs of other
//! people that judge our files, a SoftHSM of one's own, a small PDF, and a faulty PKCS#11 shim.
//!
//! Nothing here may reach a release's trust: every authority names itself "kyso test", lives in memory and is
//! forgotten with the process. The crate knows no other crate of the house, so that it can vouch for all of them.

pub mod authority;
pub mod clinic;
pub mod csc;
pub mod pdf;
pub mod peer;
pub mod pki;
pub mod profile;
pub mod shim;
pub mod soft_key;
pub mod softhsm;
pub mod subject;

pub use authority::{Authority, IssueError};
pub use clinic::Clinic;
pub use profile::Profile;
pub use soft_key::{Curve, SoftKey};
pub use subject::Subject;

/// Writes a file that its owner alone may read, as PIN files must be.
///
/// # Panics
/// Where the file system refuses.
#[track_caller]
pub fn write_secret(path: impl AsRef<std::path::Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    let written = std::fs::write(path, bytes);
    #[cfg(unix)]
    let written = written.and_then(|()| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, mode)
    });
    written.unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}
