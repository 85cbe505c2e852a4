//! Why a verdict is what it is.

use std::fmt;

use kyso_cades::{
    ArchiveFailure, LegacyArchive, SignedDataError, TokenFailure, VerifyFailure,
    timestamp::TokenError,
};
use kyso_pades::CoverageFailure;
use kyso_x509::path::PathError;
use kyso_x509::{
    DigestAlgorithm, Name, ObjectIdentifier, RevocationReason, SignatureAlgorithm, Time,
};

use kyso_xades::Position;
use kyso_xades::dsig::{SignatureError, VerifyFailure as XmlFailure};

use super::TimestampKind;

/// One reason for a verdict.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The signature does not cover what it must.
    Coverage(CoverageFailure),
    /// `/Contents` holds no message.
    NoMessage,
    /// The message is malformed.
    Message(SignedDataError),
    /// A PDF signature must have exactly one signer.
    SignerCount {
        /// How many there are.
        count: usize,
    },
    /// The signature was not verified.
    Signature(VerifyFailure),
    /// The XML signature cannot be read.
    XmlMalformed(SignatureError),
    /// The XML signature was not verified.
    XmlSignature(Box<XmlFailure>),
    /// An element of the XML document stands outside of what is signed.
    XmlNotCovered {
        /// Its local name.
        element: String,
        /// Where it begins.
        position: Position,
    },
    /// No attribute binds the signature to the signer's certificate: no advanced signature.
    CertificateNotBound,
    /// The digest is too weak for today.
    WeakDigest(DigestAlgorithm),
    /// The signer's key is too short for today.
    WeakKey {
        /// Length in bits.
        bits: usize,
    },
    /// No path holds.
    Path(Box<PathError>),
    /// There is no trust anchor at all.
    NoTrustAnchors,
    /// Revocation status is demanded and not known.
    RevocationUnknown,
    /// A later revision changes what the signature does not permit to change.
    ForbiddenChange(Box<kyso_pades::Finding>),
    /// Something was appended after this signature, and it was too much to compare with what was signed.
    LaterRevisions {
        /// Cross-reference sections behind the signature.
        sections: usize,
    },
    /// A PDF's signature must not state the time in its attributes too.
    SigningTimeInPdf,
    /// The PDF does not say when it was signed.
    NoClaimedTime,
    /// The document bears a time-stamp alone: nobody signed it.
    OnlyTimestamp,
    /// It calls itself a document time-stamp, which only one sub-filter is (ISO 32000-2 table 255).
    NoTimestamp {
        /// The name of its sub-filter.
        name: String,
    },
    /// The sub-filter is one that this version does not verify.
    SubFilterNotSupported {
        /// Its name.
        name: String,
    },
    /// The signer's certificate itself, checked without a path.
    EndEntity(Box<PathError>),
    /// The PDF's cross-reference is broken: its objects were found by a scan, and another program may
    /// find others.
    XrefRebuilt,
    /// The content that was given is not the content that the signature holds.
    OtherContent,
    /// A certificate of the path was revoked.
    Revoked {
        /// Its subject.
        subject: Name,
        /// Since when: revocationDate, or invalidityDate where that is earlier.
        time: Time,
        /// reasonCode.
        reason: RevocationReason,
    },
    /// A certificate of the path is suspended, and may return.
    OnHold {
        /// Its subject.
        subject: Name,
        /// Since when.
        time: Time,
    },
    /// No usable revocation status of a certificate of the path is at hand.
    StatusUnknown {
        /// Its subject.
        subject: Name,
    },
    /// The newest revocation status of a certificate is too old for the time at which it is used.
    StatusStale {
        /// Its subject.
        subject: Name,
        /// thisUpdate of the newest.
        this_update: Time,
    },
    /// Who signed the revocation status of a certificate was not valid at the time at which it is used.
    StatusSignerOutOfBounds {
        /// The certificate's subject.
        subject: Name,
        /// Subject of the signer of the status.
        signer: Name,
    },
    /// The policy's suites do not name the algorithm, or no key so short.
    AlgorithmRefused {
        /// What it protects.
        material: Material,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The algorithm has lapsed, and nothing proves that what it protects is older.
    AlgorithmLapsed {
        /// What it protects.
        material: Material,
        /// The algorithm.
        algorithm: Algorithm,
        /// When it was last held to be strong.
        end: Time,
    },
    /// The signature is proven to be older than its certificate.
    OlderThanCertificate {
        /// The proven time.
        time: Time,
        /// notBefore.
        not_before: Time,
    },
    /// A content time-stamp proves that the signature was made after its certificate had expired.
    SignedAfterExpiry {
        /// The content time-stamp.
        time: Time,
        /// notAfter.
        not_after: Time,
    },
    /// A content time-stamp proves that the signature was made after its certificate had been revoked.
    SignedAfterRevocation {
        /// The content time-stamp.
        time: Time,
        /// When the certificate was revoked.
        revoked: Time,
    },
    /// The path is known to have been in order up to a time only, and the signature is not proven to be so old.
    NotProvenUntil {
        /// Up to when (EN 319 102-1 §5.6.2.2: control-time).
        control_time: Time,
    },
    /// What is at hand does not show that a certificate was in order in the past (EN 319 102-1 §5.6.2.1).
    PastNotProven {
        /// Its subject.
        subject: Name,
    },
    /// A time-stamp token cannot be read.
    TokenMalformed(TokenError),
    /// A time-stamp token does not verify.
    Token(Box<TokenFailure>),
    /// A time-stamp is about something else than what it is attached to.
    TimestampImprint,
    /// The digest that a time-stamp is over cannot be computed from what is at hand.
    TimestampImprintUnknown,
    /// An archive time-stamp cannot be checked: its hash index does not fit.
    Archive(Box<ArchiveFailure>),
    /// A counter-signature's value verifies (RFC 5652 §11.4); its certificate is not validated.
    CounterSignatureHolds {
        /// Its number from 1.
        number: usize,
        /// Subject of the certificate under which it verifies.
        signer: Name,
    },
    /// A counter-signature is wrong.
    CounterSignatureInvalid {
        /// Its number from 1.
        number: usize,
        /// Why.
        failure: Box<VerifyFailure>,
    },
    /// A counter-signature could not be verified.
    CounterSignatureUnknown {
        /// Its number from 1.
        number: usize,
        /// Why.
        failure: Box<VerifyFailure>,
    },
    /// There are more counter-signatures than are verified.
    TooManyCounterSignatures {
        /// How many are.
        limit: usize,
    },
    /// A time-stamp proves nothing here; its own report says why.
    TimestampNotValid {
        /// What it covers.
        kind: TimestampKind,
    },
    /// A time-stamp covers another one that states a later time.
    TimestampOrder {
        /// The covering one.
        outer: TimestampKind,
        /// Its time.
        outer_time: Time,
        /// The covered one.
        inner: TimestampKind,
        /// Its time.
        inner_time: Time,
    },
    /// The signature was time-stamped later after its claimed time than the policy allows, or claims no time.
    TimestampDelay {
        /// The claimed time.
        claimed: Option<Time>,
        /// The proven time.
        proven: Time,
    },
    /// The claimed time is ahead of the proven one by just the difference between local time and UTC.
    LocalTimeAsUtc {
        /// The claimed time.
        claimed: Time,
        /// The proven time.
        proven: Time,
    },
    /// The claimed time is after the proven one.
    ClaimedAfterProven {
        /// The claimed time.
        claimed: Time,
        /// The proven time.
        proven: Time,
    },
    /// The signature names a signature policy that is not at hand.
    SignaturePolicy {
        /// sigPolicyId.
        policy: ObjectIdentifier,
    },
    /// signature-policy-identifier cannot be read.
    SignaturePolicyMalformed,
    /// There are more signers than the policy's limit.
    TooManySigners {
        /// The limit.
        limit: usize,
    },
    /// There are more time-stamps than the policy's limit.
    TooManyTimestamps {
        /// The limit.
        limit: usize,
    },
    /// An archive time-stamp of an older form, which is not validated here.
    LegacyArchive(LegacyArchive),
    /// The time-stamp's name of its authority is not that of the certificate that signed it.
    AuthorityName,
}

/// What an algorithm protects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// The signed content, by its digest.
    Content,
    /// The signature value.
    Signature,
    /// The reference to the signer's certificate.
    SigningCertificate,
    /// What a time-stamp is over, by its imprint.
    Imprint,
    /// A certificate of this subject.
    Certificate(Name),
    /// A CRL or an OCSP response signed by this subject.
    RevocationStatus(Name),
}

/// An algorithm in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// A digest.
    Digest(DigestAlgorithm),
    /// A signature under a key of so many bits.
    Signature {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// Length of the key.
        bits: usize,
    },
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content => f.write_str("the content's digest"),
            Self::Signature => f.write_str("the signature"),
            Self::SigningCertificate => f.write_str("the reference to the signer's certificate"),
            Self::Imprint => f.write_str("the time-stamp's imprint"),
            Self::Certificate(subject) => write!(f, "the certificate of [{subject}]"),
            Self::RevocationStatus(signer) => write!(f, "the revocation status by [{signer}]"),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Signature { algorithm, bits } => write!(f, "{algorithm} with {bits} bits"),
        }
    }
}

impl Finding {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Coverage(_) => "coverage",
            Self::NoMessage => "no-message",
            Self::Message(_) => "message-malformed",
            Self::SignerCount { .. } => "signer-count",
            Self::Signature(failure) => signature_code(failure),
            Self::XmlMalformed(_) => "xml-malformed",
            Self::XmlSignature(_) => "xml-signature",
            Self::XmlNotCovered { .. } => "xml-not-covered",
            Self::CertificateNotBound => "certificate-not-bound",
            Self::WeakDigest(_) => "weak-digest",
            Self::WeakKey { .. } => "weak-key",
            Self::Path(_) => "path",
            Self::NoTrustAnchors => "no-trust-anchors",
            Self::RevocationUnknown => "revocation-unknown",
            Self::ForbiddenChange(_) => "forbidden-change",
            Self::LaterRevisions { .. } => "later-revisions",
            Self::SigningTimeInPdf => "signing-time-in-pdf",
            Self::NoClaimedTime => "no-claimed-time",
            Self::OnlyTimestamp => "only-timestamp",
            Self::NoTimestamp { .. } => "no-time-stamp",
            Self::SubFilterNotSupported { .. } => "sub-filter-not-supported",
            Self::EndEntity(_) => "certificate",
            Self::XrefRebuilt => "xref-rebuilt",
            Self::OtherContent => "content-differs",
            Self::Revoked { .. } => "revoked",
            Self::OnHold { .. } => "on-hold",
            Self::StatusUnknown { .. } => "revocation-unknown",
            Self::StatusStale { .. } => "revocation-stale",
            Self::StatusSignerOutOfBounds { .. } => "revocation-out-of-bounds",
            Self::AlgorithmRefused { algorithm, .. } => match algorithm {
                Algorithm::Digest(_) => "weak-digest",
                Algorithm::Signature { .. } => "weak-algorithm",
            },
            Self::AlgorithmLapsed { .. } => "algorithm-lapsed",
            Self::OlderThanCertificate { .. } => "older-than-certificate",
            Self::SignedAfterExpiry { .. } => "signed-after-expiry",
            Self::SignedAfterRevocation { .. } => "signed-after-revocation",
            Self::NotProvenUntil { .. } => "not-proven-until",
            Self::PastNotProven { .. } => "past-not-proven",
            Self::TokenMalformed(_) => "timestamp-malformed",
            Self::Token(_) => "timestamp-token",
            Self::TimestampImprint => "timestamp-imprint",
            Self::TimestampImprintUnknown => "timestamp-imprint-unknown",
            Self::Archive(_) => "archive-index",
            Self::CounterSignatureHolds { .. } => "counter-signature-holds",
            Self::CounterSignatureInvalid { .. } => "counter-signature-invalid",
            Self::CounterSignatureUnknown { .. } => "counter-signature-unknown",
            Self::TooManyCounterSignatures { .. } => "too-many-counter-signatures",
            Self::TimestampNotValid { .. } => "timestamp-not-valid",
            Self::TimestampOrder { .. } => "timestamp-order",
            Self::TimestampDelay { .. } => "timestamp-delay",
            Self::LocalTimeAsUtc { .. } => "local-time-as-utc",
            Self::ClaimedAfterProven { .. } => "claimed-after-proven",
            Self::SignaturePolicy { .. } => "signature-policy",
            Self::SignaturePolicyMalformed => "signature-policy-malformed",
            Self::TooManySigners { .. } => "too-many-signers",
            Self::TooManyTimestamps { .. } => "too-many-timestamps",
            Self::LegacyArchive(_) => "legacy-archive",
            Self::AuthorityName => "authority-name",
        }
    }
}

fn signature_code(failure: &VerifyFailure) -> &'static str {
    use kyso_cades::FailureIndication as I;
    match failure.indication() {
        I::FormatFailure => "signature-format",
        I::HashFailure => "content-changed",
        I::SigCryptoFailure => "signature-value",
        I::NoSigningCertificateFound => "no-signing-certificate",
        I::CryptoConstraintsFailure => "algorithm-not-supported",
        I::SignedDataNotFound => "content-missing",
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coverage(failure) => failure.fmt(f),
            Self::NoMessage => f.write_str("/Contents holds no CMS message"),
            Self::Message(error) => error.fmt(f),
            Self::SignerCount { count } => {
                write!(f, "a PDF signature has one signer, this one has {count}")
            }
            Self::Signature(failure) => failure.fmt(f),
            Self::XmlMalformed(error) => error.fmt(f),
            Self::XmlSignature(failure) => failure.fmt(f),
            Self::XmlNotCovered { element, position } => {
                write!(f, "{position}: the element {element} stands outside of what is signed")
            }
            Self::CertificateNotBound => f.write_str(
                "no signing-certificate attribute: the value verifies, but nothing binds it to this certificate",
            ),
            Self::WeakDigest(digest) => write!(f, "{digest} is too weak"),
            Self::WeakKey { bits } => write!(f, "an RSA key of {bits} bits is too short"),
            Self::Path(error) | Self::EndEntity(error) => error.fmt(f),
            Self::NoTrustAnchors => f.write_str("no trust anchors were given"),
            Self::RevocationUnknown => {
                f.write_str("revocation status is demanded and not known: no CRL or OCSP response")
            }
            Self::ForbiddenChange(finding) => finding.fmt(f),
            Self::LaterRevisions { sections } => write!(
                f,
                "{sections} later revision(s) follow this signature, too large to be compared with what was signed",
            ),
            Self::SigningTimeInPdf => {
                f.write_str("the message states a signing-time, which PAdES leaves to /M")
            }
            Self::XrefRebuilt => f.write_str(
                "the cross-reference is broken: other programs may find other objects in this file",
            ),
            Self::OtherContent => {
                f.write_str("the given content is not the content that the signature holds")
            }
            Self::NoClaimedTime => f.write_str("the signature does not say when it was made"),
            Self::Revoked { subject, time, reason } => {
                write!(f, "the certificate of [{subject}] was revoked at {time} ({reason:?})")
            }
            Self::OnHold { subject, time } => {
                write!(f, "the certificate of [{subject}] is suspended since {time}")
            }
            Self::StatusUnknown { subject } => {
                write!(f, "no usable revocation status of the certificate of [{subject}]")
            }
            Self::StatusStale { subject, this_update } => write!(
                f,
                "the newest revocation status of the certificate of [{subject}] is of {this_update}, too old",
            ),
            Self::StatusSignerOutOfBounds { subject, signer } => write!(
                f,
                "the certificate of [{signer}], who signed the revocation status of [{subject}], is not valid",
            ),
            Self::AlgorithmRefused { material, algorithm } => {
                write!(f, "{algorithm}, which protects {material}, is too weak")
            }
            Self::AlgorithmLapsed { material, algorithm, end } => write!(
                f,
                "{algorithm}, which protects {material}, was strong until {end}, and nothing proves that it is older",
            ),
            Self::OlderThanCertificate { time, not_before } => write!(
                f,
                "the signature existed at {time}, before its certificate was valid from {not_before}",
            ),
            Self::SignedAfterExpiry { time, not_after } => write!(
                f,
                "the content was time-stamped at {time}, after the certificate had expired at {not_after}",
            ),
            Self::SignedAfterRevocation { time, revoked } => write!(
                f,
                "the content was time-stamped at {time}, after the certificate was revoked at {revoked}",
            ),
            Self::NotProvenUntil { control_time } => write!(
                f,
                "the path was in order until {control_time}, and nothing proves that the signature is so old",
            ),
            Self::PastNotProven { subject } => write!(
                f,
                "what is at hand does not show that the certificate of [{subject}] was in order in the past",
            ),
            Self::TokenMalformed(error) => error.fmt(f),
            Self::Token(failure) => failure.fmt(f),
            Self::TimestampImprint => {
                f.write_str("the time-stamp is about something else than what it is attached to")
            }
            Self::TimestampImprintUnknown => {
                f.write_str("what the time-stamp is over cannot be computed from what is at hand")
            }
            Self::Archive(failure) => failure.fmt(f),
            Self::CounterSignatureHolds { number, signer } => write!(
                f,
                "counter-signature {number}: its value verifies under the certificate of {}, which is not validated",
                signer.display_name()
            ),
            Self::CounterSignatureInvalid { number, failure } => {
                write!(f, "counter-signature {number} is wrong: {failure}")
            }
            Self::CounterSignatureUnknown { number, failure } => {
                write!(f, "counter-signature {number} cannot be verified: {failure}")
            }
            Self::TooManyCounterSignatures { limit } => {
                write!(f, "only the first {limit} counter-signatures were verified")
            }
            Self::TimestampNotValid { kind } => {
                write!(f, "a {} proves nothing", kind.as_str())
            }
            Self::TimestampOrder { outer, outer_time, inner, inner_time } => write!(
                f,
                "the {} of {outer_time} covers the {} of {inner_time}",
                outer.as_str(),
                inner.as_str(),
            ),
            Self::TimestampDelay { claimed: Some(claimed), proven } => {
                write!(f, "the signature claims {claimed} and is proven at {proven}, too late")
            }
            Self::TimestampDelay { claimed: None, proven } => {
                write!(f, "the signature claims no time to compare with the proven {proven}")
            }
            Self::LocalTimeAsUtc { claimed, proven } => write!(
                f,
                "the claimed time {claimed} is local time written as UTC; proven is {proven}",
            ),
            Self::ClaimedAfterProven { claimed, proven } => {
                write!(f, "the claimed time {claimed} is after the proven {proven}")
            }
            Self::SignaturePolicy { policy } => {
                write!(f, "the signature names the policy {policy}, which is not at hand")
            }
            Self::SignaturePolicyMalformed => {
                f.write_str("the signature names a policy in a form that cannot be read")
            }
            Self::TooManySigners { limit } => write!(f, "there are more than {limit} signers"),
            Self::TooManyTimestamps { limit } => {
                write!(f, "there are more than {limit} time-stamps")
            }
            Self::LegacyArchive(form) => write!(f, "{form} is not validated"),
            Self::AuthorityName => f.write_str(
                "the name of the authority in the time-stamp is not that of its certificate",
            ),
            Self::OnlyTimestamp => f.write_str(
                "a time-stamp of the document, whose own verdict stands with the time-stamps; nobody signed",
            ),
            Self::NoTimestamp { name } => {
                write!(f, "it calls itself a document time-stamp, but its sub-filter is {name}")
            }
            Self::SubFilterNotSupported { name } => {
                write!(f, "signatures of sub-filter {name} are not verified by this version")
            }
        }
    }
}
