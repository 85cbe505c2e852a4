//! What goes to the worker and comes back: a length, a message, and the bytes it announces.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// Longest message in bytes: a request with a password of 4 KiB, the longest that is read, and what stands around it.
const MOST: u32 = 8 << 10;

/// Page to draw; the document follows until the end of the stream.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    /// Index of the page.
    pub(crate) page: u64,
    /// Pixels to an inch.
    pub(crate) dpi: f64,
    /// Most pixels of the picture.
    pub(crate) pixels: u32,
    /// Longest side in pixels.
    pub(crate) side: u32,
    /// Longest document in bytes.
    pub(crate) document: u64,
    /// The document's password, empty for none.
    pub(crate) password: Vec<u8>,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

/// What the worker says; after [`Drawn`](Self::Drawn) the PNG follows until the end of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The page, drawn at this resolution.
    Drawn {
        /// Pages of the document.
        pages: u64,
        /// Pixels to an inch, lowered where the picture would be too large.
        dpi: f64,
        /// Whether a font could not be read.
        font: bool,
        /// Whether an image could not be decoded.
        image: bool,
        /// Whether an annotation has an appearance that could not be drawn.
        annotation: bool,
    },
    /// It is not drawn.
    Refused(Refusal),
}

/// Why the worker draws nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// The renderer finds no PDF in it.
    NotAPdf,
    /// It opens with a password that was not given, or not this one.
    Password,
    /// It is encrypted in a way that the renderer does not know.
    Encryption,
    /// The document has fewer pages.
    NoSuchPage {
        /// Pages that it has.
        pages: u64,
    },
    /// Even one pixel to an inch would be too many.
    TooLarge,
    /// The document is longer than the limit.
    TooLong,
    /// The renderer panicked: a defect of its own.
    Panicked,
    /// The picture cannot be encoded.
    Encoding,
}

/// Writes a message and its length.
pub(crate) fn send(message: &impl Serialize, to: &mut impl Write) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map(Zeroizing::new).map_err(io::Error::other)?;
    let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= MOST);
    let len = len.ok_or(io::ErrorKind::InvalidInput)?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(&bytes)
}

/// Reads a message.
pub(crate) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if len > MOST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Zeroizing::new(vec![0; len as usize]);
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(|_malformed| io::ErrorKind::InvalidData.into())
}
