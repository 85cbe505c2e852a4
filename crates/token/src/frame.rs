//! Messages on a pipe: a length, then one message in postcard's encoding.

use std::fmt;
use std::io::Read;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest message in bytes, without its length: thousands of certificates, or a batch of signed attributes, take a
/// tenth of it.
pub(crate) const MAX_FRAME: usize = 16 << 20;

/// Bytes of the length before each message (u32, big-endian).
const LENGTH: usize = 4;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameError {
    /// The message is longer than any may be; both in bytes.
    TooLong {
        /// Its length.
        length: u64,
        /// The longest there may be.
        limit: u64,
    },
    /// The pipe ended inside a message.
    Truncated,
    /// The bytes decode to no message, or are left over after one.
    Undecodable,
    /// Reading or writing failed; the operating system's error number, where it gave one.
    Broken {
        /// `errno`.
        os_error: Option<i32>,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length, limit } => {
                write!(f, "a message of {length} bytes where {limit} are the most")
            }
            Self::Truncated => f.write_str("the pipe ended inside a message"),
            Self::Undecodable => f.write_str("the bytes are no message"),
            Self::Broken { os_error: Some(number) } => {
                write!(f, "the pipe broke: {}", std::io::Error::from_raw_os_error(*number))
            }
            Self::Broken { os_error: None } => f.write_str("the pipe broke"),
        }
    }
}

impl std::error::Error for FrameError {}

impl From<std::io::Error> for FrameError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // A reset: the other side died with bytes of ours unread.
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => {
                Self::Truncated
            }
            _ => Self::Broken { os_error: error.raw_os_error() },
        }
    }
}

/// The message with its length before it: written at once, so that no two messages mix.
pub(crate) fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut frame = postcard::to_extend(message, vec![0; LENGTH])
        // Only a path that is no UTF-8 has no encoding.
        .map_err(|_| FrameError::Undecodable)?;
    let length = frame.len() - LENGTH;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong { length: length as u64, limit: MAX_FRAME as u64 });
    }
    frame[..LENGTH].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    Ok(frame)
}

/// Reads one message; `None` where the pipe ended before it.
pub(crate) fn read<T: DeserializeOwned>(pipe: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut length = [0; LENGTH];
    let mut filled = 0;
    while filled < LENGTH {
        match pipe.read(&mut length[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(FrameError::Truncated),
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => match FrameError::from(error) {
                FrameError::Truncated if filled == 0 => return Ok(None),
                error => return Err(error),
            },
        }
    }
    let length = u32::from_be_bytes(length);
    if length as usize > MAX_FRAME {
        return Err(FrameError::TooLong { length: length.into(), limit: MAX_FRAME as u64 });
    }
    // Grows with what arrives: a length alone takes no memory.
    let mut bytes = Vec::with_capacity((length as usize).min(1 << 16));
    let read = pipe.by_ref().take(length.into()).read_to_end(&mut bytes)?;
    if read < length as usize {
        return Err(FrameError::Truncated);
    }
    match postcard::take_from_bytes(&bytes) {
        Ok((message, [])) => Ok(Some(message)),
        Ok(_) | Err(_) => Err(FrameError::Undecodable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActId, HashAlgorithm, RawSignature, Reply, Request, SigningAlgorithm, TokenError};
    use proptest::prelude::*;

    #[test]
    fn messages_come_back_and_the_end_is_no_error() {
        let request = Request::SignMany {
            act: ActId(7),
            algorithm: SigningAlgorithm::Ecdsa(HashAlgorithm::Sha256),
            messages: vec![vec![1; 300], Vec::new()],
        };
        let reply = Ok::<_, TokenError>(Reply::Signatures(vec![
            Ok(RawSignature::EcdsaFixed(vec![9; 64])),
            Err(TokenError::TokenRemoved { function: "C_Sign".into() }),
        ]));
        let mut pipe = encode(&(1_u64, &request)).unwrap();
        pipe.extend(encode(&(2_u64, &reply)).unwrap());
        let mut pipe = pipe.as_slice();
        assert_eq!(read::<(u64, Request)>(&mut pipe).unwrap(), Some((1, request)));
        let back = read::<(u64, Result<Reply, TokenError>)>(&mut pipe).unwrap();
        assert_eq!(back, Some((2, reply)));
        assert_eq!(read::<(u64, Request)>(&mut pipe), Ok(None));
    }

    #[test]
    fn what_is_no_message_says_why() {
        let frame = encode(&(1_u64, Request::ListSlots)).unwrap();
        for cut in 1..frame.len() {
            let outcome = read::<(u64, Request)>(&mut &frame[..cut]);
            assert_eq!(outcome, Err(FrameError::Truncated), "{cut}");
        }
        let mut longer = frame.clone();
        longer.push(0);
        longer[3] += 1;
        assert_eq!(read::<(u64, Request)>(&mut longer.as_slice()), Err(FrameError::Undecodable));
        let oversized = [0xFF; 8];
        let (length, limit) = (u32::MAX.into(), MAX_FRAME as u64);
        let expected = Err(FrameError::TooLong { length, limit });
        assert_eq!(read::<(u64, Request)>(&mut oversized.as_slice()), expected);
        let huge = vec![0_u8; MAX_FRAME + 1];
        assert!(matches!(encode(&huge), Err(FrameError::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value(bytes: Vec<u8>) {
            let _ = read::<(u64, Request)>(&mut bytes.as_slice());
            let mut framed = (bytes.len() as u32).to_be_bytes().to_vec();
            framed.extend(&bytes);
            let _ = read::<(u64, Result<Reply, TokenError>)>(&mut framed.as_slice());
        }
    }
}
