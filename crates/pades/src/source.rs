//! Random access to a file through a passed-in reader, a few blocks in memory at a time.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use crate::error::Error;
use crate::limits::Limit;

/// Bytes of one block; most objects and a small file's cross-reference lie in one.
const BLOCK_BYTES: u64 = 16 << 10;
/// Blocks kept: half a megabyte, whatever the file's length.
const BLOCKS: usize = 32;

/// A file's bytes, read as needed.
pub(crate) struct Source<R> {
    reader: R,
    len: u64,
    blocks: Vec<Block>,
    current: usize,
    clock: u64,
    parsed: u64,
    parsed_limit: u64,
}

struct Block {
    index: u64,
    bytes: Vec<u8>,
    used: u64,
}

impl<R: Read + Seek> Source<R> {
    pub(crate) fn new(mut reader: R, parsed_limit: u64) -> Result<Self, Error> {
        let len = reader.seek(SeekFrom::End(0))?;
        Ok(Self { reader, len, blocks: Vec::new(), current: 0, clock: 0, parsed: 0, parsed_limit })
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    pub(crate) fn into_reader(self) -> R {
        self.reader
    }

    /// Counts work against the document's budget.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Error> {
        self.parsed = self.parsed.saturating_add(bytes);
        if self.parsed > self.parsed_limit {
            return Err(Error::LimitExceeded {
                limit: Limit::ParsedBytes,
                maximum: self.parsed_limit,
            });
        }
        Ok(())
    }

    /// The byte at an offset; `None` behind the end.
    pub(crate) fn byte(&mut self, offset: u64) -> Result<Option<u8>, Error> {
        if offset >= self.len {
            return Ok(None);
        }
        let block = self.block(offset / BLOCK_BYTES)?;
        Ok(block.get((offset % BLOCK_BYTES) as usize).copied())
    }

    /// Replaces `out` by up to `len` bytes from an offset; fewer only at the end of the file.
    pub(crate) fn read(&mut self, offset: u64, len: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        out.clear();
        let end = offset.saturating_add(len as u64).min(self.len);
        let mut at = offset;
        while at < end {
            let block = self.block(at / BLOCK_BYTES)?;
            let from = (at % BLOCK_BYTES) as usize;
            let take = (block.len() - from).min((end - at) as usize);
            out.extend_from_slice(&block[from..from + take]);
            at += take as u64;
        }
        Ok(())
    }

    /// Offset of the first occurrence of `needle` that begins within `offset..end`.
    pub(crate) fn find(
        &mut self,
        needle: &[u8],
        offset: u64,
        end: u64,
    ) -> Result<Option<u64>, Error> {
        let mut at = offset;
        let mut window = Vec::new();
        while at < end.min(self.len) {
            let want = (end - at).min(BLOCK_BYTES) as usize;
            self.read(at, want + needle.len() - 1, &mut window)?;
            self.charge(window.len() as u64)?;
            if let Some(found) = find_in(&window, needle) {
                return Ok(Some(at + found as u64));
            }
            at += want as u64;
        }
        Ok(None)
    }

    fn block(&mut self, index: u64) -> Result<&[u8], Error> {
        let held = self.blocks.get(self.current).is_some_and(|block| block.index == index);
        if !held {
            self.clock += 1;
            self.current = match self.blocks.iter().position(|block| block.index == index) {
                Some(position) => position,
                None => self.load(index)?,
            };
            self.blocks[self.current].used = self.clock;
        }
        Ok(&self.blocks[self.current].bytes)
    }

    fn load(&mut self, index: u64) -> Result<usize, Error> {
        let start = index * BLOCK_BYTES;
        let len = BLOCK_BYTES.min(self.len - start) as usize;
        let mut bytes = vec![0; len];
        self.reader.seek(SeekFrom::Start(start))?;
        self.reader.read_exact(&mut bytes).map_err(|error| match error.kind() {
            // The file became shorter while it was read.
            ErrorKind::UnexpectedEof => Error::Io(ErrorKind::UnexpectedEof.into()),
            _ => Error::Io(error),
        })?;
        let block = Block { index, bytes, used: 0 };
        if self.blocks.len() < BLOCKS {
            self.blocks.push(block);
            return Ok(self.blocks.len() - 1);
        }
        let oldest = (0..self.blocks.len()).min_by_key(|&at| self.blocks[at].used).unwrap_or(0);
        self.blocks[oldest] = block;
        Ok(oldest)
    }
}

/// Position of the first occurrence of `needle`.
pub(crate) fn find_in(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|&byte| byte == first) {
        let at = from + at;
        if haystack[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Position of the last occurrence of `needle`.
pub(crate) fn find_last_in(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).rposition(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn blocks_join_and_stay_few() {
        let bytes: Vec<u8> = (0..2_000_000u32).map(|n| (n % 251) as u8).collect();
        let mut source = Source::new(Cursor::new(&bytes), 1 << 40).expect("a source");
        let mut window = Vec::new();
        for offset in (0..2_000_000u64).step_by(30_011) {
            source.read(offset, 40_000, &mut window).expect("a window");
            let end = (offset as usize + 40_000).min(bytes.len());
            assert_eq!(window, &bytes[offset as usize..end]);
        }
        assert!(source.blocks.len() <= BLOCKS);
        let needle = &bytes[1_900_000..1_900_100];
        assert_eq!(source.find(needle, 1_899_900, 1_900_001).expect("read"), Some(1_900_000));
        assert_eq!(source.find(needle, 1_899_900, 1_900_000).expect("read"), None);
    }
}
