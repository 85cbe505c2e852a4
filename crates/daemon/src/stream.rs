//! A blocking writer as the body of an answer: bounded, and ended when the client goes.

use std::io::{self, Write};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

/// Bytes that go at once: few wake-ups, little memory.
const PIECE: usize = 64 * 1024;

/// Pieces under way between writer and client.
const PIECES: usize = 4;

/// A blocking writer at work on a thread of its own.
pub(crate) struct Piped<E>(Receiver<Result<Bytes, E>>);

impl<E> Piped<E>
where
    E: std::error::Error + Send + Sync + 'static,
{
    /// Begins to write. Where the client goes, the writer's next write fails with `BrokenPipe`.
    pub(crate) fn start(
        work: impl FnOnce(&mut Pieces<E>) -> Result<(), E> + Send + 'static,
    ) -> Self {
        let (sender, receiver) = channel(PIECES);
        tokio::task::spawn_blocking(move || {
            let mut pieces = Pieces { sender, held: Vec::with_capacity(PIECE) };
            // Where the client has gone, there is nobody to tell.
            let _ = match work(&mut pieces) {
                Ok(()) => pieces.send().is_ok(),
                Err(error) => pieces.sender.blocking_send(Err(error)).is_ok(),
            };
        });
        Self(receiver)
    }

    /// The body, once its first piece is there: an error before it is still an answer of its own, one after it breaks
    /// the connection off, so that nobody takes a part for the whole.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) async fn body(mut self) -> Result<Body, E> {
        let first = self.0.recv().await.transpose()?;
        let rest = ReceiverStream::new(self.0);
        Ok(Body::from_stream(stream::iter(first.map(Ok)).chain(rest)))
    }
}

/// Gathers what is written into pieces.
pub(crate) struct Pieces<E> {
    sender: Sender<Result<Bytes, E>>,
    held: Vec<u8>,
}

impl<E> Pieces<E> {
    fn send(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.held, Vec::with_capacity(PIECE));
        let sent = self.sender.blocking_send(Ok(Bytes::from(piece)));
        sent.map_err(|_gone| io::ErrorKind::BrokenPipe.into())
    }
}

impl<E> Write for Pieces<E> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() + bytes.len() > PIECE {
            self.send()?;
        }
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Nothing: pieces are sent as they fill, and the last one at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
