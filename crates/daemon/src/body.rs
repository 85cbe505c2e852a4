//! A request's body as it comes in: no larger than its route takes, no slower than a client may be.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::error::{ApiError, Plane};

/// The slowest body that is taken once the patience for a first piece is spent, in bytes a second: far below any socket of this
/// machine, and enough that a trickle does not hold a connection for hours.
const SLOWEST: u64 = 1024;

/// Most bytes that are still taken of the body of a refused request.
const MOST_REST: u64 = 256 << 10;

/// How long they may take.
const REST_PATIENCE: Duration = Duration::from_secs(1);

/// A body with its bounds.
pub(crate) struct Intake {
    body: Body,
    limit: u64,
    taken: u64,
    patience: Duration,
    /// How long the client has been waited for, in sum.
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

/// Why a body was given up.
#[derive(Debug)]
pub(crate) enum IntakeError {
    /// It is larger than this many bytes.
    TooLarge {
        /// The bound.
        limit: u64,
    },
    /// It came too slowly.
    TooSlow,
    /// The connection failed.
    Broken(axum::Error),
}

impl std::fmt::Display for IntakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body has more than {limit} bytes"),
            Self::TooSlow => f.write_str("the body came too slowly"),
            Self::Broken(error) => write!(f, "the body broke off: {error}"),
        }
    }
}

impl std::error::Error for IntakeError {}

impl Intake {
    /// A body of at most `limit` bytes, whose pieces come within `patience` of each other.
    pub(crate) fn new(body: Body, limit: u64, patience: Duration) -> Self {
        Self { body, limit, taken: 0, patience, waited: Duration::ZERO, waiting: None }
    }

    /// How long the next piece may take.
    fn grace(&self) -> Duration {
        let in_all = self.patience + Duration::from_secs(self.taken / SLOWEST);
        self.patience.min(in_all.saturating_sub(self.waited))
    }
}

impl HttpBody for Intake {
    type Data = Bytes;
    type Error = IntakeError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IntakeError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(frame) = polled else {
            let grace = self.grace();
            let (_, sleep) = self
                .waiting
                .get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(grace))));
            return sleep.as_mut().poll(context).map(|()| Some(Err(IntakeError::TooSlow)));
        };
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        Poll::Ready(match frame {
            None => None,
            Some(Err(error)) => Some(Err(IntakeError::Broken(error))),
            Some(Ok(frame)) => {
                self.taken += frame.data_ref().map_or(0, |data| data.len() as u64);
                let limit = self.limit;
                Some(if self.taken > limit {
                    Err(IntakeError::TooLarge { limit })
                } else {
                    Ok(frame)
                })
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body of which somebody else can take the rest.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Intake>>);

impl Shared {
    pub(crate) fn new(intake: Intake) -> Self {
        Self(Arc::new(Mutex::new(intake)))
    }

    fn intake(&self) -> MutexGuard<'_, Intake> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a refused request's client may still be writing, if it is little: one that writes its body after its head
    /// would meet a closed connection instead of the refusal.
    pub(crate) async fn drain(mut self) {
        if self.is_end_stream() || self.size_hint().lower() > MOST_REST {
            return;
        }
        let rest = async {
            let mut taken = 0;
            while taken <= MOST_REST
                && let Some(Ok(frame)) = self.frame().await
            {
                taken += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
        };
        // One that is slower than that meets the closed connection.
        let _ = tokio::time::timeout(REST_PATIENCE, rest).await;
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = IntakeError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IntakeError>>> {
        Pin::new(&mut *self.intake()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.intake().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.intake().size_hint()
    }
}

/// The whole body, which its bounds keep small.
///
/// # Errors
/// [`Plane::BodyTooLarge`], [`Plane::BodyTooSlow`], [`Plane::BodyBroken`].
pub(crate) async fn whole(body: Body) -> Result<Bytes, ApiError> {
    Ok(body.collect().await.map_err(refusal)?.to_bytes())
}

/// What a body's error is to the client.
pub(crate) fn refusal(error: axum::Error) -> ApiError {
    let plane = match error.into_inner().downcast::<IntakeError>() {
        Ok(intake) => match *intake {
            IntakeError::TooLarge { limit } => Plane::BodyTooLarge { limit },
            IntakeError::TooSlow => Plane::BodyTooSlow,
            IntakeError::Broken(error) => Plane::BodyBroken(error),
        },
        Err(other) => Plane::BodyBroken(axum::Error::new(other)),
    };
    plane.into()
}
