//! A large file is signed in little memory; alone in its process, because the peak is the process's.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test may do I/O")]
#![cfg(target_os = "linux")]

use std::io::{self, Read, Seek, SeekFrom};

use kyso_pades::{
    Document, Limits, SigningField, SigningOptions, SubFilter, copy_and_hash, digest_byte_ranges,
};
use kyso_x509::DigestAlgorithm;

/// Bytes of the one stream: the file is a little longer than 300 MB.
const FILLING: u64 = 300_000_000;
/// 64 MB: what signing a large file may take.
const PEAK: u64 = 64_000_000;

/// A head, a long run of zeros, a tail.
struct Sparse {
    head: Vec<u8>,
    tail: Vec<u8>,
    at: u64,
}

impl Sparse {
    fn new() -> Self {
        let mut head = b"%PDF-1.7\n".to_vec();
        let mut offsets = Vec::new();
        for (number, text) in [
            (1, "<< /Type /Catalog /Pages 2 0 R >>"),
            (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
            (3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"),
        ] {
            offsets.push(head.len());
            head.extend(format!("{number} 0 obj\n{text}\nendobj\n").bytes());
        }
        offsets.push(head.len());
        head.extend(format!("4 0 obj\n<< /Length {FILLING} >>\nstream\n").bytes());
        let table = head.len() as u64 + FILLING + 18;
        let mut tail = String::from("\nendstream\nendobj\nxref\n0 5\n0000000000 65535 f \n");
        for offset in offsets {
            tail += &format!("{offset:010} 00000 n \n");
        }
        tail += &format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
        Self { head, tail: tail.into_bytes(), at: 0 }
    }

    fn len(&self) -> u64 {
        self.head.len() as u64 + FILLING + self.tail.len() as u64
    }
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let head = self.head.len() as u64;
        let part = if self.at < head {
            &self.head[self.at as usize..]
        } else if self.at < head + FILLING {
            let count = buffer.len().min((head + FILLING - self.at) as usize);
            buffer[..count].fill(0);
            self.at += count as u64;
            return Ok(count);
        } else {
            &self.tail[((self.at - head - FILLING) as usize).min(self.tail.len())..]
        };
        let count = buffer.len().min(part.len());
        buffer[..count].copy_from_slice(&part[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.len().saturating_add_signed(by),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn three_hundred_megabytes_are_signed_in_little_memory() {
    let mut document = Document::open(Sparse::new(), Limits::standard()).expect("opens");
    assert_eq!(document.repairs(), []);
    let options = SigningOptions {
        field: SigningField::New { name: None, page: 0, rect: None },
        sub_filter: SubFilter::EtsiCadesDetached,
        signing_time: None,
        name: None,
        reason: None,
        location: None,
        contact_info: None,
        appearance: &[],
        certify: None,
        lock: None,
        seed_facts: None,
        contents_size: 8_192,
    };
    let prepared = document.prepare_signature(&options).expect("prepared");
    let algorithm = DigestAlgorithm::Sha256;
    let len = prepared.original_len();
    let hasher = copy_and_hash(document.reader_mut(), len, &mut io::sink(), algorithm)
        .expect("copied and hashed");
    let digest = prepared.digest(hasher);

    let mut signed = document.into_reader();
    signed.tail.extend(prepared.embed(&[0x30, 0]).expect("room"));
    let mut document = Document::open(signed, Limits::standard()).expect("opens");
    let signature = document.signatures().expect("signatures").remove(0);
    let coverage = signature.coverage.expect("coverage");
    assert!(coverage.covers_whole_document);
    let digests = digest_byte_ranges(document.reader_mut(), &[(coverage.byte_range, algorithm)])
        .expect("digests");
    assert_eq!(digests, [digest]);
    let peak = peak_memory();
    assert!(peak < PEAK, "peak memory {peak} bytes");
}

/// The process's peak resident memory in bytes, from the kernel.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's process status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1_024
}
