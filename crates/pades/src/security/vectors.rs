//! Initialization vectors from random bytes that the caller draws.

use kyso_x509::DigestAlgorithm;
use zeroize::Zeroizing;

use crate::error::Error;

/// A source of initialization vectors: SHA-256 over a random seed and a counter, so that none is foreseen or repeats.
#[derive(Default)]
pub(crate) struct Vectors {
    seed: Option<Zeroizing<[u8; 32]>>,
    drawn: u64,
}

impl Vectors {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { seed: Some(Zeroizing::new(seed)), drawn: 0 }
    }

    pub(super) fn next(&mut self) -> Result<[u8; 16], Error> {
        let seed = self.seed.as_ref().ok_or(Error::NoVectorSeed)?;
        self.drawn += 1;
        let mut input = Zeroizing::new(Vec::with_capacity(40));
        input.extend_from_slice(seed.as_slice());
        input.extend(self.drawn.to_be_bytes());
        let digest = DigestAlgorithm::Sha256.digest(&input);
        let mut vector = [0; 16];
        vector.iter_mut().zip(digest.as_bytes()).for_each(|(byte, &drawn)| *byte = drawn);
        Ok(vector)
    }
}
