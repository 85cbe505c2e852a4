//! Why an XML document is not signed.

use std::fmt;

use kyso_xades::XmlError;
use kyso_xades::dsig::{PrepareError, SignatureError, VerifyFailure};
use kyso_xades::profile::{Profile, ProfileError};

/// Why an XML document is not signed, or not as asked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum XmlRefusal {
    /// It is no XML document within the limits.
    Unreadable(XmlError),
    /// It is not what its profile demands.
    Profile { profile: Profile, error: ProfileError },
    /// It takes two signatures, and nobody said whose this one is.
    WhoseTurn,
    /// It states another facility than the one whose documents are signed here.
    OtherFacility { expected: String, stated: String },
    /// It names other people than the signer where it says who concludes.
    OtherSigner { stated: String, signer: String },
    /// The signature that comes first is there and does not hold.
    FirstSignature(FirstSignature),
    /// The signature cannot be made.
    Prepare(PrepareError),
}

/// What is wrong with the signature that comes first.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "field names say it; each variant is documented")]
pub enum FirstSignature {
    /// It cannot be read.
    Malformed(SignatureError),
    /// It does not verify.
    Failed(VerifyFailure),
    /// It leaves an element of the document out.
    LeavesOut { element: String },
}

impl XmlRefusal {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "xml-unreadable",
            Self::Profile { .. } => "xml-profile",
            Self::WhoseTurn => "xml-whose-turn",
            Self::OtherFacility { .. } => "xml-other-facility",
            Self::OtherSigner { .. } => "xml-other-signer",
            Self::FirstSignature(_) => "xml-first-signature",
            Self::Prepare(_) => "xml-refused",
        }
    }
}

impl fmt::Display for FirstSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Failed(failure) => failure.fmt(f),
            Self::LeavesOut { element } => write!(f, "it leaves out the element {element}"),
        }
    }
}

impl fmt::Display for XmlRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Profile { profile, error } => write!(f, "{}: {error}", profile.name()),
            Self::WhoseTurn => f.write_str("a health check has two signatures"),
            Self::OtherFacility { expected, stated } => {
                write!(f, "the file is of facility {stated}, not of {expected}")
            }
            Self::OtherSigner { stated, signer } => {
                write!(f, "the file says that {stated} concludes, the certificate is of {signer}")
            }
            Self::FirstSignature(error) => write!(f, "the first signature does not hold: {error}"),
            Self::Prepare(error) => error.fmt(f),
        }
    }
}
