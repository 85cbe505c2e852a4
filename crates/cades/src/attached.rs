//! Attached signatures whose content streams from reader to writer.

use crate::content::ContentHasher;
use crate::oid;
use crate::sign::FinishedSigner;
use crate::signed_data::Parts;
use kyso_x509::asn1::{self, tag};
use kyso_x509::{Digest, DigestAlgorithm, Hasher, ObjectIdentifier};
use std::io::{self, Read, Write};

/// What surrounds content of known length in an attached signature in DER.
#[derive(Clone, Debug)]
pub struct Attached {
    prefix: Vec<u8>,
    suffix: Vec<u8>,
    content_len: u64,
    message_digest: Digest,
}

/// Why an attached signature was not written.
#[derive(Debug)]
pub enum AttachedError {
    /// The content could not be read.
    Read(io::Error),
    /// The structure could not be written.
    Write(io::Error),
    /// The content has another length than when it was signed.
    LengthChanged {
        /// Length signed, in bytes.
        signed: u64,
        /// Length read; the content may be longer still.
        read: u64,
    },
    /// The content has another digest than when it was signed.
    ContentChanged,
    /// The signer signed under another digest than the one that the header announces.
    DigestAlgorithmMismatch {
        /// Algorithm announced.
        announced: DigestAlgorithm,
        /// Algorithm signed.
        signed: DigestAlgorithm,
    },
    /// The signer signed another content type than the one that the header announces.
    ContentTypeMismatch {
        /// Type announced.
        announced: ObjectIdentifier,
        /// Type signed.
        signed: ObjectIdentifier,
    },
}

impl core::fmt::Display for AttachedError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Read(error) => write!(f, "reading the content: {error}"),
            Self::Write(error) => write!(f, "writing the signature: {error}"),
            Self::LengthChanged { signed, read } => write!(
                f,
                "the content changed while it was signed: {signed} bytes signed, {read} read"
            ),
            Self::ContentChanged => f.write_str("the content changed while it was signed"),
            Self::DigestAlgorithmMismatch { announced, signed } => {
                write!(f, "{announced} was announced, {signed} was signed")
            }
            Self::ContentTypeMismatch { announced, signed } => {
                write!(f, "content type {announced} was announced, {signed} was signed")
            }
        }
    }
}

impl core::error::Error for AttachedError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read(error) | Self::Write(error) => Some(error),
            _ => None,
        }
    }
}

/// Pieces in which content is copied.
const PIECE_LEN: usize = 64 * 1024;

impl Attached {
    pub(crate) fn new(
        parts: &Parts,
        content_type: ObjectIdentifier,
        message_digest: Digest,
        content_len: u64,
    ) -> Self {
        let content_type = asn1::oid(content_type);
        let octets = asn1::header_bytes(tag::OCTET_STRING, content_len);
        let octets_len = octets.len() as u64 + content_len;
        let explicit = asn1::header_bytes(tag::context(0), octets_len);
        let encapsulated_len = content_type.len() as u64 + explicit.len() as u64 + octets_len;
        let encapsulated = asn1::header_bytes(tag::SEQUENCE, encapsulated_len);
        let head = parts.head();
        let suffix = parts.tail();
        let signed_data_len =
            head.len() as u64 + encapsulated.len() as u64 + encapsulated_len + suffix.len() as u64;
        let signed_data = asn1::header_bytes(tag::SEQUENCE, signed_data_len);
        let outer_len = signed_data.len() as u64 + signed_data_len;
        let outer = asn1::header_bytes(tag::context(0), outer_len);
        let id = asn1::oid(oid::SIGNED_DATA);
        let whole_len = id.len() as u64 + outer.len() as u64 + outer_len;
        let whole = asn1::header_bytes(tag::SEQUENCE, whole_len);
        Self {
            prefix: [
                whole,
                id,
                outer,
                signed_data,
                head,
                encapsulated,
                content_type,
                explicit,
                octets,
            ]
            .concat(),
            suffix,
            content_len,
            message_digest,
        }
    }

    /// What goes before the content.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// What goes behind the content.
    #[must_use]
    pub fn suffix(&self) -> &[u8] {
        &self.suffix
    }

    /// Length in bytes of the whole, content included.
    #[must_use]
    pub const fn total_len(&self) -> u64 {
        self.prefix.len() as u64 + self.content_len + self.suffix.len() as u64
    }

    /// Writes the whole, reading the content a second time and checking that it is what was signed.
    ///
    /// # Errors
    /// When reading or writing fails, or the content changed meanwhile; what was written is then void.
    pub fn write(
        &self,
        content: &mut impl Read,
        out: &mut impl Write,
    ) -> Result<(), AttachedError> {
        out.write_all(&self.prefix).map_err(AttachedError::Write)?;
        let mut hasher = ContentHasher::new(&[self.message_digest.algorithm()]);
        let mut buffer = vec![0; PIECE_LEN];
        loop {
            let len = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(AttachedError::Read(error)),
            };
            hasher.update(&buffer[..len]);
            if hasher.len() > self.content_len {
                break;
            }
            out.write_all(&buffer[..len]).map_err(AttachedError::Write)?;
        }
        if hasher.len() != self.content_len {
            return Err(AttachedError::LengthChanged {
                signed: self.content_len,
                read: hasher.len(),
            });
        }
        if hasher.finish().find(self.message_digest.algorithm()) != Some(&self.message_digest) {
            return Err(AttachedError::ContentChanged);
        }
        out.write_all(&self.suffix).map_err(AttachedError::Write)
    }
}

/// Writes an attached signature in one pass over content of unknown length: BER with indefinite lengths.
///
/// Content goes in through [`Write`]; [`Self::end_content`] gives its digest, which is then signed.
pub struct BerWriter<W: Write> {
    out: W,
    hasher: Hasher,
    content_type: ObjectIdentifier,
    piece: Vec<u8>,
}

/// Content that is written and waits for its signature.
pub struct ContentWritten<W: Write> {
    out: W,
    digest: Digest,
    content_type: ObjectIdentifier,
}

/// Indefinite length, and the octets that end it.
const INDEFINITE: u8 = 0x80;
const END_OF_CONTENTS: [u8; 2] = [0, 0];
/// A constructed OCTET STRING.
const SPLIT_OCTET_STRING: u8 = 0x24;

impl<W: Write> BerWriter<W> {
    /// Writes what goes before the content.
    ///
    /// # Errors
    /// The writer's.
    pub fn start(
        mut out: W,
        digest_algorithm: DigestAlgorithm,
        content_type: ObjectIdentifier,
    ) -> io::Result<Self> {
        let head = Parts {
            // RFC 5652 §5.1, for signers named by issuer and serial number.
            version: if content_type == oid::DATA { 1 } else { 3 },
            digest_algorithms: vec![digest_algorithm.to_algorithm_identifier().to_der()],
            certificates: Vec::new(),
            crls: Vec::new(),
            signer_infos: Vec::new(),
        }
        .head();
        out.write_all(&[tag::SEQUENCE, INDEFINITE])?;
        out.write_all(&asn1::oid(oid::SIGNED_DATA))?;
        out.write_all(&[tag::context(0), INDEFINITE, tag::SEQUENCE, INDEFINITE])?;
        out.write_all(&head)?;
        out.write_all(&[tag::SEQUENCE, INDEFINITE])?;
        out.write_all(&asn1::oid(content_type))?;
        out.write_all(&[tag::context(0), INDEFINITE, SPLIT_OCTET_STRING, INDEFINITE])?;
        Ok(Self {
            out,
            hasher: Hasher::new(digest_algorithm),
            content_type,
            piece: Vec::with_capacity(PIECE_LEN),
        })
    }

    fn write_piece(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            let header = asn1::header_bytes(tag::OCTET_STRING, self.piece.len() as u64);
            self.out.write_all(&header)?;
            self.out.write_all(&self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }

    /// Ends the content.
    ///
    /// # Errors
    /// The writer's.
    pub fn end_content(mut self) -> io::Result<ContentWritten<W>> {
        self.write_piece()?;
        // The string, its [0] and encapContentInfo.
        self.out.write_all(&END_OF_CONTENTS.repeat(3))?;
        Ok(ContentWritten {
            out: self.out,
            digest: self.hasher.finish(),
            content_type: self.content_type,
        })
    }
}

impl<W: Write> Write for BerWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() >= PIECE_LEN {
            self.write_piece()?;
        }
        let len = bytes.len().min(PIECE_LEN - self.piece.len());
        self.piece.extend_from_slice(&bytes[..len]);
        self.hasher.update(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_piece()?;
        self.out.flush()
    }
}

impl<W: Write> ContentWritten<W> {
    /// Digest of the content, for [`crate::SigningParameters::message_digest`].
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Writes what goes behind the content and gives the writer back.
    ///
    /// # Errors
    /// When the signer signed something else, or writing fails; what was written is then void.
    pub fn finish(mut self, signer: &FinishedSigner) -> Result<W, AttachedError> {
        if signer.content_type() != self.content_type {
            return Err(AttachedError::ContentTypeMismatch {
                announced: self.content_type,
                signed: signer.content_type(),
            });
        }
        if signer.message_digest().algorithm() != self.digest.algorithm() {
            return Err(AttachedError::DigestAlgorithmMismatch {
                announced: self.digest.algorithm(),
                signed: signer.message_digest().algorithm(),
            });
        }
        if *signer.message_digest() != self.digest {
            return Err(AttachedError::ContentChanged);
        }
        let mut tail = signer.parts().tail();
        // SignedData, its [0] and ContentInfo.
        tail.extend(END_OF_CONTENTS.repeat(3));
        self.out.write_all(&tail).map_err(AttachedError::Write)?;
        Ok(self.out)
    }
}
