//! The way to the sink: short pieces are gathered, long ones go through.

/// Bytes gathered before the sink sees them: enough that a digest spends its time digesting.
const GATHERED: usize = 32 << 10;

pub(super) struct Output<'s> {
    sink: &'s mut dyn FnMut(&[u8]),
    gathered: Vec<u8>,
}

impl<'s> Output<'s> {
    pub(super) fn new(sink: &'s mut dyn FnMut(&[u8])) -> Self {
        Self { sink, gathered: Vec::with_capacity(GATHERED) }
    }

    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.len() <= self.gathered.capacity() - self.gathered.len() {
            self.gathered.extend_from_slice(bytes);
        } else {
            self.push_large(bytes);
        }
    }

    #[cold]
    fn push_large(&mut self, bytes: &[u8]) {
        self.flush();
        if bytes.len() < GATHERED {
            self.gathered.extend_from_slice(bytes);
        } else {
            (self.sink)(bytes);
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.gathered.is_empty() {
            (self.sink)(&self.gathered);
            self.gathered.clear();
        }
    }
}
