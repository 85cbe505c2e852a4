//! Writing an augmented structure while its content streams from the original.

use crate::attached::Attached;
use crate::content::ContentDigests;
use crate::oid;
use crate::read::{self, ReadError, ReadLimits, Trailing};
use crate::signed_data::SignedData;
use kyso_x509::asn1::{self, tag};
use kyso_x509::{Digest, DigestAlgorithm};
use std::io::{self, Read, Write};

/// Why an augmented structure was not written.
#[derive(Debug)]
pub enum RewriteError {
    /// The original could not be read again.
    Read(ReadError),
    /// The structure could not be written.
    Write(io::Error),
    /// The original is not the one that was read before.
    OriginalChanged,
}

impl core::fmt::Display for RewriteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Read(error) => write!(f, "reading the original: {error}"),
            Self::Write(error) => write!(f, "writing the signature: {error}"),
            Self::OriginalChanged => f.write_str("the original changed while it was augmented"),
        }
    }
}

impl core::error::Error for RewriteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::OriginalChanged => None,
        }
    }
}

impl SignedData {
    /// What goes before and behind content of `content_len` bytes, for a detached signature that is to become attached.
    ///
    /// `message_digest` is what [`Attached::write`] holds the content against.
    #[must_use]
    pub fn to_attached(&self, message_digest: Digest, content_len: u64) -> Attached {
        Attached::new(&self.parts(), self.content_type(), message_digest, content_len)
    }

    /// Writes this structure, encapContentInfo copied byte by byte from the original that it was read from.
    ///
    /// Memory does not grow with the content. `content` are the digests from when the original was first read; the
    /// copy is held against one of them.
    ///
    /// # Errors
    /// When reading or writing fails, or the original is another one; what was written is then void.
    pub fn rewrite(
        &self,
        original: impl Read,
        limits: &ReadLimits,
        content: &ContentDigests,
        out: &mut impl Write,
    ) -> Result<(), RewriteError> {
        let parts = self.parts();
        let (head, tail) = (parts.head(), parts.tail());
        let encapsulated_len = self.encapsulated.end.saturating_sub(self.encapsulated.start);
        let signed_data_len = head.len() as u64 + encapsulated_len + tail.len() as u64;
        let signed_data = asn1::header_bytes(tag::SEQUENCE, signed_data_len);
        let explicit_len = signed_data.len() as u64 + signed_data_len;
        let explicit = asn1::header_bytes(tag::context(0), explicit_len);
        let id = asn1::oid(oid::SIGNED_DATA);
        let whole_len = id.len() as u64 + explicit.len() as u64 + explicit_len;
        let whole = asn1::header_bytes(tag::SEQUENCE, whole_len);
        let prefix = [whole, id, explicit, signed_data, head].concat();
        out.write_all(&prefix).map_err(RewriteError::Write)?;

        // One digest is enough to see a change.
        let wanted: Vec<_> = DigestAlgorithm::ALL
            .into_iter()
            .filter(|one| content.find(*one).is_some())
            .take(1)
            .collect();
        let mut copy = Copy {
            original,
            out: &mut *out,
            range: self.encapsulated.clone(),
            position: 0,
            failure: None,
        };
        let read = read::read(&mut copy, limits, Trailing::Zeros, &wanted, None, &mut |_| {});
        if let Some(error) = copy.failure {
            return Err(RewriteError::Write(error));
        }
        let (again, digests) = read.map_err(RewriteError::Read)?;
        let same_digest =
            wanted.iter().all(|one| self.is_detached() || digests.find(*one) == content.find(*one));
        let same = again.encapsulated == self.encapsulated
            && again.content_type == self.content_type
            && again.content_len() == self.content_len()
            && same_digest;
        if !same {
            return Err(RewriteError::OriginalChanged);
        }
        out.write_all(&tail).map_err(RewriteError::Write)
    }
}

/// Reads the original and writes what of it lies in the range.
struct Copy<'a, R, W> {
    original: R,
    out: &'a mut W,
    range: core::ops::Range<u64>,
    position: u64,
    failure: Option<io::Error>,
}

impl<R: Read, W: Write> Read for Copy<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.original.read(buffer)?;
        let end = self.position + len as u64;
        let from = self.range.start.clamp(self.position, end) - self.position;
        let to = self.range.end.clamp(self.position, end) - self.position;
        // Both lie within what was read.
        let place = |offset: u64| usize::try_from(offset).unwrap_or(len);
        let wanted = buffer.get(place(from)..place(to)).unwrap_or_default();
        if let Err(error) = self.out.write_all(wanted) {
            let kind = error.kind();
            self.failure = Some(error);
            return Err(kind.into());
        }
        self.position = end;
        Ok(len)
    }
}
