//! Hashes what signatures cover, in one pass over the file.

use std::io::{self, Read, Seek, SeekFrom, Write};

use kyso_x509::{Digest, DigestAlgorithm, Hasher};

use crate::byte_range::ByteRange;

/// Bytes read at once: they stay in the processor's cache while each hasher takes them.
const CHUNK: usize = 64 << 10;

/// Digests of several signatures' ranges, each by its algorithm, in the order asked for.
///
/// The file is read once, from its start to the last range's end. What several signatures share, everything
/// before the first `/Contents`, is hashed once for each algorithm.
///
/// # Errors
/// The reader's failure, and `UnexpectedEof` where the file is shorter than a range.
pub fn digest_byte_ranges<R: Read + Seek>(
    reader: &mut R,
    requests: &[(ByteRange, DigestAlgorithm)],
) -> io::Result<Vec<Digest>> {
    let mut hashing: Vec<Hashing> = requests.iter().map(Hashing::new).collect();
    // By where the shared part ends, so that each takes it over in turn.
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|&at| requests[at].0.contents().start);
    let mut shared: Vec<Shared> = Vec::new();
    for at in order {
        let algorithm = requests[at].1;
        match shared.iter_mut().find(|shared| shared.hasher.algorithm() == algorithm) {
            Some(shared) => shared.members.push(at),
            None => {
                shared.push(Shared { hasher: Hasher::new(algorithm), members: vec![at], next: 0 })
            }
        }
    }

    let end = requests.iter().map(|(range, _)| range.end()).max().unwrap_or(0);
    reader.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; CHUNK];
    let mut position = 0u64;
    while position < end {
        let want = (end - position).min(CHUNK as u64) as usize;
        let chunk = &mut buffer[..want];
        reader.read_exact(chunk)?;
        for shared in &mut shared {
            shared.take(chunk, position, &mut hashing);
        }
        for hashing in &mut hashing {
            hashing.take(chunk, position);
        }
        position += want as u64;
    }
    Ok(hashing.into_iter().map(|hashing| hashing.hasher.finish()).collect())
}

/// Copies the first `len` bytes and hashes them on the way.
///
/// # Errors
/// The reader's or writer's failure, and `UnexpectedEof` where there are fewer bytes.
pub fn copy_and_hash<R: Read + Seek, W: Write>(
    reader: &mut R,
    len: u64,
    out: &mut W,
    algorithm: DigestAlgorithm,
) -> io::Result<Hasher> {
    let mut hasher = Hasher::new(algorithm);
    reader.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; CHUNK.min(usize::try_from(len).unwrap_or(CHUNK))];
    let mut left = len;
    while left > 0 {
        let want = left.min(buffer.len() as u64) as usize;
        let chunk = &mut buffer[..want];
        reader.read_exact(chunk)?;
        hasher.update(chunk);
        out.write_all(chunk)?;
        left -= want as u64;
    }
    Ok(hasher)
}

/// The part before `/Contents` that the signatures of one algorithm have in common.
struct Shared {
    hasher: Hasher,
    members: Vec<usize>,
    next: usize,
}

impl Shared {
    fn take(&mut self, chunk: &[u8], position: u64, hashing: &mut [Hashing]) {
        let mut from = 0;
        while let Some(&member) = self.members.get(self.next) {
            let member = &mut hashing[member];
            let until = (member.range.contents().start - position).min(chunk.len() as u64) as usize;
            self.hasher.update(&chunk[from..until]);
            from = until;
            if position + until as u64 != member.range.contents().start {
                return;
            }
            member.hasher = self.hasher.clone();
            self.next += 1;
        }
    }
}

struct Hashing {
    range: ByteRange,
    hasher: Hasher,
}

impl Hashing {
    fn new(&(range, algorithm): &(ByteRange, DigestAlgorithm)) -> Self {
        Self { range, hasher: Hasher::new(algorithm) }
    }

    /// Takes what the chunk has of the second range.
    fn take(&mut self, chunk: &[u8], position: u64) {
        let chunk_end = position + chunk.len() as u64;
        let from = self.range.contents().end.max(position);
        let until = self.range.end().min(chunk_end);
        if from < until {
            self.hasher.update(&chunk[(from - position) as usize..(until - position) as usize]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn one_pass_gives_what_separate_passes_give(
            cuts in proptest::collection::vec((0u64..200_000, 0u64..200_000, 0u64..200_000, 0usize..7), 1..6),
        ) {
            let bytes: Vec<u8> = (0..200_000u32).map(|n| (n * 7 % 253) as u8).collect();
            let requests: Vec<_> = cuts.into_iter().map(|(a, b, c, algorithm)| {
                let mut cut = [a, b, c];
                cut.sort_unstable();
                (ByteRange::new(cut[0]..cut[1], cut[2]), DigestAlgorithm::ALL[algorithm])
            }).collect();
            let together = digest_byte_ranges(&mut Cursor::new(&bytes), &requests).expect("digests");
            for ((range, algorithm), digest) in requests.iter().zip(together) {
                let [_, a, b, c] = range.numbers().map(|n| n as usize);
                let covered = [&bytes[..a], &bytes[b..b + c]].concat();
                prop_assert_eq!(digest, algorithm.digest(&covered));
            }
        }
    }
}
