//! What the authority sends back, held against what was asked for.

use kyso_x509::{Certificate, Name, Time};
use unicode_normalization::UnicodeNormalization as _;

use crate::dn::{Change, DnDiff};

/// What comes back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A new certificate.
    Issued(Certificate),
    /// A refusal.
    Refused {
        /// Why, as far as it is stated.
        code: Refusal,
        /// The authority's words.
        text: String,
    },
}

/// Why an authority refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Data or papers are missing.
    Incomplete,
    /// The holder does not agree with the personnel record.
    HolderMismatch,
    /// The unit, or the holder's place in it, is not confirmed.
    UnitNotConfirmed,
    /// The agency may not file for this holder, or the authority may not decide.
    NotCompetent,
    /// A certificate for it exists already.
    Duplicate,
    /// The present certificate is revoked or expired.
    CertificateNotValid,
    /// The authority gave words only.
    Unstated,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 7] = [
        Self::Incomplete,
        Self::HolderMismatch,
        Self::UnitNotConfirmed,
        Self::NotCompetent,
        Self::Duplicate,
        Self::CertificateNotValid,
        Self::Unstated,
    ];

    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::HolderMismatch => "holder-mismatch",
            Self::UnitNotConfirmed => "unit-not-confirmed",
            Self::NotCompetent => "not-competent",
            Self::Duplicate => "duplicate",
            Self::CertificateNotValid => "certificate-not-valid",
            Self::Unstated => "unstated",
        }
    }
}

/// A certificate that answers the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerCheck {
    /// How its subject agrees with the one asked for.
    pub subject: SubjectAgreement,
    /// Whether it is for the present key.
    pub key: AnsweredKey,
    /// Present subject against the issued one.
    pub diff: DnDiff,
    /// What a person should look at.
    pub warnings: Vec<AnswerWarning>,
}

/// How the issued subject agrees with the one asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectAgreement {
    /// To the character, in NFC.
    Exact,
    /// But for case and spaces (RFC 5280 §7.1).
    Equivalent,
}

/// The key of the issued certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnsweredKey {
    /// The present key: it goes into the present token.
    Same,
    /// Another key: it belongs to another token or key pair.
    New,
}

/// What a person should look at in an answer that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerWarning {
    /// Another issuer than before.
    IssuerChanged {
        /// Issuer of the present certificate.
        before: Name,
        /// Issuer of the new one.
        now: Name,
    },
    /// Not valid yet; authorities date certificates ahead.
    NotYetValid {
        /// First valid second.
        not_before: Time,
    },
    /// It ends no later than the present one.
    EndsNoLater {
        /// Last valid second of the new certificate.
        not_after: Time,
    },
}

/// Why a certificate is no answer to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// It is the present certificate.
    SameCertificate,
    /// It is a certificate authority's.
    CertificateAuthority,
    /// It is another holder's, or was issued with another content.
    SubjectDiffers {
        /// The subject asked for against the issued one.
        diff: DnDiff,
    },
    /// It is over.
    Expired {
        /// Last valid second.
        not_after: Time,
        /// The time of the check.
        time: Time,
    },
}

impl AnswerError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SameCertificate => "answer-same-certificate",
            Self::CertificateAuthority => "answer-certificate-authority",
            Self::SubjectDiffers { .. } => "answer-subject-differs",
            Self::Expired { .. } => "answer-expired",
        }
    }
}

impl core::fmt::Display for AnswerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::SameCertificate => f.write_str("this is the present certificate, not a new one"),
            Self::CertificateAuthority => {
                f.write_str("this is the certificate of an authority, not of the holder")
            }
            Self::SubjectDiffers { diff } => {
                f.write_str("the certificate's subject is not the one asked for:")?;
                for attribute in diff.changes() {
                    let label = crate::dn::attribute_label(attribute.oid);
                    let shown = |value: Option<&str>| {
                        kyso_x509::escape_for_display(value.unwrap_or("(none)")).into_owned()
                    };
                    let (asked, issued) =
                        (attribute.change.old_value(), attribute.change.new_value());
                    write!(f, " {label} {} instead of {};", shown(issued), shown(asked))?;
                }
                Ok(())
            }
            Self::Expired { not_after, time } => {
                write!(f, "the certificate ended at {not_after}, it is {time}")
            }
        }
    }
}

impl core::error::Error for AnswerError {}

/// Holds an issued certificate against the request. Its signature and path are for the caller to validate.
///
/// # Errors
/// When it is no answer: the first reason in the order of [`AnswerError`].
pub fn check_answer(
    present: &Certificate,
    requested: &Name,
    issued: &Certificate,
    time: Time,
) -> Result<AnswerCheck, AnswerError> {
    if present == issued {
        return Err(AnswerError::SameCertificate);
    }
    if issued.is_certificate_authority() {
        return Err(AnswerError::CertificateAuthority);
    }
    let against_request = DnDiff::between(requested, issued.subject());
    let subject = if against_request.is_empty() {
        SubjectAgreement::Exact
    } else if against_request.0.iter().all(|attribute| is_equivalent(&attribute.change)) {
        SubjectAgreement::Equivalent
    } else {
        return Err(AnswerError::SubjectDiffers { diff: against_request });
    };
    let (before, now) = (present.validity(), issued.validity());
    if now.not_after < time {
        return Err(AnswerError::Expired { not_after: now.not_after, time });
    }
    let mut warnings = Vec::new();
    if present.issuer() != issued.issuer() {
        warnings.push(AnswerWarning::IssuerChanged {
            before: present.issuer().clone(),
            now: issued.issuer().clone(),
        });
    }
    if now.not_before > time {
        warnings.push(AnswerWarning::NotYetValid { not_before: now.not_before });
    }
    if now.not_after <= before.not_after {
        warnings.push(AnswerWarning::EndsNoLater { not_after: now.not_after });
    }
    let same_key = present.spki_der() == issued.spki_der();
    Ok(AnswerCheck {
        subject,
        key: if same_key { AnsweredKey::Same } else { AnsweredKey::New },
        diff: DnDiff::between(present.subject(), issued.subject()),
        warnings,
    })
}

/// RFC 5280 §7.1 after NFC: without case, outer and doubled spaces.
fn is_equivalent(change: &Change) -> bool {
    let folded = |text: &str| {
        let text: String = text.nfc().flat_map(char::to_lowercase).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    match change {
        Change::Kept { .. } => true,
        Change::Changed { old, new } => folded(old) == folded(new),
        Change::Added { .. } | Change::Removed { .. } => false,
    }
}
