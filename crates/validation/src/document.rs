//! What a PDF document brings for the long term beside a signature's own message: its security store and its
//! document time-stamps (EN 319 142-1 §5.4, §5.5).

use core::ops::Range;

use kyso_cades::{Coverage, EmbeddedEvidence, SignedData, SignerInfo, TimeStampToken};
use kyso_pades::ByteRange;
use kyso_x509::{Certificate, CertificateList, Digest, OcspResponse};

/// A document time-stamp (ISO 32000-2 §12.8.5) with the digest of what it covers.
#[derive(Clone, Debug)]
pub struct DocumentTimestamp {
    /// The field's fully qualified name.
    pub field_name: String,
    /// What it covers: all bytes up to its end but its own `/Contents`.
    pub byte_range: ByteRange,
    /// Its token.
    pub token: TimeStampToken,
    /// Digest of the byte range by the algorithm of the token's imprint.
    pub digest: Option<Digest>,
}

/// A piece of evidence in the file, and where it ends.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The piece.
    pub value: T,
    /// Where it stands in the file: a time-stamp whose byte range holds all of that covers it.
    pub data: Range<u64>,
}

/// Evidence and time-stamps of a document, each with its place.
#[derive(Clone, Debug, Default)]
pub struct DocumentSecurity {
    /// Certificates of the security store.
    pub certificates: Vec<Placed<Certificate>>,
    /// CRLs of the security store.
    pub crls: Vec<Placed<CertificateList>>,
    /// OCSP responses of the security store.
    pub ocsp: Vec<Placed<OcspResponse>>,
    /// Document time-stamps in the order of the file.
    pub timestamps: Vec<DocumentTimestamp>,
}

impl DocumentSecurity {
    /// Everything of the store and in the time-stamps, to build paths and know their status with.
    pub(crate) fn evidence(&self) -> EmbeddedEvidence {
        let mut all = self.store(None);
        for stamp in &self.timestamps {
            merge(&mut all, stamp.token.signed_data().embedded_evidence(0));
        }
        all
    }

    /// The time-stamps whose range holds that of a signature, from the newest in the file to the oldest.
    pub(crate) fn covering(&self, end: u64) -> impl Iterator<Item = &DocumentTimestamp> {
        let mut covering: Vec<_> =
            self.timestamps.iter().filter(|stamp| stamp.byte_range.end() > end).collect();
        covering.sort_by_key(|stamp| core::cmp::Reverse(stamp.byte_range.end()));
        covering.into_iter()
    }

    /// What a time-stamp covers: the signature with all in its message, the store so far, and earlier time-stamps.
    pub(crate) fn coverage(
        &self,
        stamp: &DocumentTimestamp,
        signed_data: &SignedData,
        signer: &SignerInfo,
    ) -> Coverage {
        let end = stamp.byte_range.end();
        let mut evidence = self.store(Some(&stamp.byte_range));
        merge(&mut evidence, signed_data.embedded_evidence(0));
        let mut tokens: Vec<TimeStampToken> = signer
            .signature_time_stamps()
            .into_iter()
            .chain(signer.content_time_stamps())
            .chain(signer.archive_time_stamps())
            .flatten()
            .collect();
        let earlier = self.timestamps.iter().filter(|one| one.byte_range.end() < end);
        for token in earlier.map(|one| &one.token) {
            merge(&mut evidence, token.signed_data().embedded_evidence(0));
            tokens.push(token.clone());
        }
        Coverage {
            evidence,
            tokens,
            unsigned_attributes: Vec::new(),
            uncovered_certificates: Vec::new(),
            uncovered_crls: Vec::new(),
            uncovered_attributes: Vec::new(),
        }
    }

    /// Where the last piece of the store ends; 0 without any.
    pub(crate) fn store_end(&self) -> u64 {
        let certificates = self.certificates.iter().map(|one| one.data.end);
        let crls = self.crls.iter().map(|one| one.data.end);
        let ocsp = self.ocsp.iter().map(|one| one.data.end);
        certificates.chain(crls).chain(ocsp).max().unwrap_or(0)
    }

    /// Of the store what a range holds; all of it without one.
    fn store(&self, range: Option<&ByteRange>) -> EmbeddedEvidence {
        fn within<T: Clone>(list: &[Placed<T>], range: Option<&ByteRange>) -> Vec<T> {
            let held = list.iter().filter(|one| range.is_none_or(|range| range.covers(&one.data)));
            held.map(|one| one.value.clone()).collect()
        }
        EmbeddedEvidence {
            certificates: within(&self.certificates, range),
            crls: within(&self.crls, range),
            ocsp: within(&self.ocsp, range),
        }
    }
}

/// Adds what the other holds and the first does not.
pub(crate) fn merge(all: &mut EmbeddedEvidence, other: EmbeddedEvidence) {
    fn add<T: PartialEq>(own: &mut Vec<T>, others: Vec<T>) {
        for one in others {
            if !own.contains(&one) {
                own.push(one);
            }
        }
    }
    add(&mut all.certificates, other.certificates);
    add(&mut all.crls, other.crls);
    add(&mut all.ocsp, other.ocsp);
}
