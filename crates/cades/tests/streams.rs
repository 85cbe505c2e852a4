//! Attached content streams both ways in flat memory; hostile streams are refused early.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]

mod support;

use kyso_cades::{
    BerWriter, ContentDigests, ReadError, ReadLimits, SignedData, SignedDataError, oid,
    read_signed_data, read_signed_data_with, signature_imprint, verify_signer,
};
use kyso_x509::{CertificateCache, DigestAlgorithm};
use std::cell::Cell;
use std::io::{self, Read, Write};
use support::{KeyKind, Pki};

/// Longer than the memory allowed, so that holding it once would show; the release build takes more.
const LONG: u64 = if cfg!(debug_assertions) { 96 << 20 } else { 1 << 30 };

/// Most resident memory of this process in KiB.
const MOST_MEMORY: u64 = 48 * 1024;

/// Pseudo-random bytes, the same each time.
struct Generated {
    left: u64,
    state: u64,
}

impl Generated {
    fn new(len: u64) -> Self {
        Self { left: len, state: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        for chunk in buffer[..len].chunks_mut(8) {
            self.state = self.state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            chunk.copy_from_slice(&self.state.to_be_bytes()[..chunk.len()]);
        }
        self.left -= len as u64;
        Ok(len)
    }
}

/// Feeds what is written straight into a digest of the whole, holding nothing.
struct Pipe<'a> {
    len: &'a Cell<u64>,
    largest: &'a Cell<usize>,
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len.set(self.len.get() + bytes.len() as u64);
        self.largest.set(self.largest.get().max(bytes.len()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Peak resident memory of this process in KiB.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn long_content_streams_in_flat_memory() {
    let pki = Pki::new();
    let signer = pki.signer("p256", KeyKind::P256);
    let algorithm = signer.algorithms()[0];
    let digest_algorithm = algorithm.cms_digest_algorithm();

    // Length known: hash, sign, write around a second reading, read back.
    let digests =
        ContentDigests::of_reader(&[digest_algorithm], &mut Generated::new(LONG)).unwrap();
    let digest = *digests.find(digest_algorithm).unwrap();
    let to_be_signed = signer.prepare(algorithm, digest);
    let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let attached = to_be_signed.finish_attached(&value, LONG);
    let (len, largest) = (Cell::new(0), Cell::new(0));
    let mut pipe = Pipe { len: &len, largest: &largest };
    attached.write(&mut Generated::new(LONG), &mut pipe).unwrap();
    assert_eq!(len.get(), attached.total_len());
    assert!(largest.get() <= 64 * 1024);
    let der = attached.prefix().chain(Generated::new(LONG)).chain(attached.suffix());
    let (signed_data, digests) =
        read_signed_data(der, &ReadLimits::document(), &mut |_| {}).unwrap();
    assert_eq!(signed_data.content_len(), Some(LONG));
    verify_signer(&signed_data, 0, &digests, &[]).unwrap();

    // Augmented to B-LTA: one more pass, which copies the content.
    let tsa = pki.tsa();
    let imprint = signature_imprint(&signed_data.signer_infos()[0], digest_algorithm);
    let augmented = signed_data.with_signature_time_stamp(0, &tsa.stamp(&imprint)).unwrap();
    let archive = augmented.prepare_archive_time_stamp(0, digest_algorithm, &digests).unwrap();
    let token = tsa.stamp(archive.imprint());
    let augmented = archive.finish(augmented, &token).unwrap();
    let before = len.replace(0);
    let der = attached.prefix().chain(Generated::new(LONG)).chain(attached.suffix());
    let mut pipe = Pipe { len: &len, largest: &largest };
    augmented.rewrite(der, &ReadLimits::document(), &digests, &mut pipe).unwrap();
    assert!(len.get() > before && len.get() < before + 16 * 1024);
    assert!(largest.get() <= 64 * 1024);

    // Length unknown: one pass.
    let pipe = Pipe { len: &len, largest: &largest };
    let mut writer = BerWriter::start(pipe, digest_algorithm, oid::DATA).unwrap();
    io::copy(&mut Generated::new(LONG), &mut writer).unwrap();
    let written = writer.end_content().unwrap();
    assert_eq!(written.digest(), &digest);
    assert!(largest.get() <= 64 * 1024);

    if let Some(peak) = peak_memory() {
        assert!(peak < MOST_MEMORY, "{peak} KiB");
    }
}

#[test]
fn a_stream_in_pieces_of_any_length_is_read_as_a_whole() {
    /// Gives at most so many bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(buffer.len());
            self.0.read(&mut buffer[..len])
        }
    }
    let pki = Pki::new();
    let signer = pki.signer("p256", KeyKind::P256);
    let algorithm = signer.algorithms()[0];
    let limits = ReadLimits::document();
    let known = CertificateCache::new(4);
    for len in [0, 4_000, 4_096, 16_384, 65_536, 100_000] {
        let mut content = vec![0; len];
        Generated::new(len as u64).read_exact(&mut content).unwrap();
        let to_be_signed = signer.prepare_for(algorithm, &content);
        let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
        let attached = to_be_signed.finish_attached(&value, len as u64);
        let whole = [attached.prefix(), &content, attached.suffix()].concat();
        let mut passed = Vec::new();
        let mut keep = |bytes: &[u8]| passed.extend_from_slice(bytes);
        let expected = read_signed_data(&whole[..], &limits, &mut keep).unwrap();
        assert_eq!(passed, content);
        for piece in [7, 4_095, 4_096, 5_000, 70_000] {
            passed.clear();
            let mut keep = |bytes: &[u8]| passed.extend_from_slice(bytes);
            let reader = Pieces(&whole, piece);
            let found = read_signed_data_with(reader, &limits, &known, &mut keep).unwrap();
            assert_eq!(found, expected, "{len} in pieces of {piece}");
            assert_eq!(passed, content);
            // The certificates are the ones that were read first.
            for certificate in found.0.certificates() {
                let first = known.read(certificate.as_der()).unwrap();
                assert_eq!(first.as_der().as_ptr(), certificate.as_der().as_ptr());
            }
        }
    }
}

#[test]
fn content_that_changes_between_the_passes_is_refused() {
    let pki = Pki::new();
    let signer = pki.signer("p256", KeyKind::P256);
    let algorithm = signer.algorithms()[0];
    let to_be_signed = signer.prepare_for(algorithm, b"before");
    let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let attached = to_be_signed.finish_attached(&value, 6);
    for changed in [&b"befor"[..], b"before!", b"Before"] {
        assert!(attached.write(&mut &changed[..], &mut Vec::new()).is_err());
    }
    attached.write(&mut &b"before"[..], &mut Vec::new()).unwrap();
}

#[test]
fn hostile_streams_end_at_their_limits() {
    let read = |bytes: &[u8]| {
        let limits = ReadLimits { max_envelope_len: 4096, max_members: 8 };
        match read_signed_data(bytes, &limits, &mut |_| {}) {
            Err(ReadError::SignedData(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    // A set of digest algorithms that claims four gigabytes.
    let head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01";
    let mut giant = head.to_vec();
    giant.extend(b"\x31\x84\xff\xff\xff\xff");
    assert_eq!(read(&giant), SignedDataError::TooLong { limit: 4096 });
    // Two million open arrays where that set should be, and inside the content.
    for opening in [&b"\x31\x80"[..], b"\x31\x00\x30\x80\x06\x01\x2a\xa0\x80"] {
        let mut bomb = head.to_vec();
        bomb.extend(opening);
        bomb.extend([0x24, 0x80].repeat(2_000_000));
        assert!(matches!(
            read(&bomb),
            SignedDataError::Asn1(error)
                if error.kind == kyso_x509::asn1::Asn1ErrorKind::TooDeep
        ));
    }
    // More members than is sensible.
    let mut many = head.to_vec();
    many.extend(b"\x31\x80");
    many.extend(b"\x30\x03\x06\x01\x2a".repeat(9));
    many.extend([0, 0]);
    assert_eq!(read(&many), SignedDataError::TooMany { limit: 8 });
}

#[test]
fn truncation_at_any_byte_is_an_error() {
    let pki = Pki::new();
    let signer = pki.signer("p256", KeyKind::P256);
    let mut writer = BerWriter::start(Vec::new(), DigestAlgorithm::Sha256, oid::DATA).unwrap();
    writer.write_all(b"some content").unwrap();
    let written = writer.end_content().unwrap();
    let algorithm = signer.algorithms()[0];
    let to_be_signed = signer.prepare(algorithm, *written.digest());
    let value = signer.sign(algorithm, to_be_signed.bytes_to_sign());
    let ber = written.finish(&to_be_signed.finish(&value)).unwrap();
    SignedData::from_ber(&ber).unwrap();
    for len in 0..ber.len() {
        assert!(SignedData::from_ber(&ber[..len]).is_err(), "{len}");
    }
}

#[test]
fn a_detached_signature_alone_has_no_content_not_even_an_empty_one() {
    let pki = Pki::new();
    let cms = pki.signer("p256", KeyKind::P256).detached(b"");
    let (signed_data, digests) =
        read_signed_data(cms.as_slice(), &ReadLimits::document(), &mut |_| {}).unwrap();
    assert!(signed_data.is_detached());
    assert_eq!(
        verify_signer(&signed_data, 0, &digests, &[]).unwrap_err().indication(),
        kyso_cades::FailureIndication::SignedDataNotFound
    );
    let digests = ContentDigests::of_bytes(&signed_data.content_digest_algorithms(), b"");
    verify_signer(&signed_data, 0, &digests, &[]).unwrap();
}
