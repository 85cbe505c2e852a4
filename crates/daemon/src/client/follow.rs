//! Following an operation or a batch to its end, over broken streams too.

use std::ops::ControlFlow;
use std::time::Duration;

use kyso_protocol::{Batch, BatchItem, Operation};

use super::events::Event;
use super::{Client, ClientError, encoded, parse};

/// Pause before a stream that ended early is opened again.
const AGAIN: Duration = Duration::from_millis(250);

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched<'a> {
    /// An operation by its id.
    Operation(&'a str),
    /// A batch by its id.
    Batch(&'a str),
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The operation as it is now.
    Operation(Box<Operation>),
    /// The batch as it is now.
    Batch(Box<Batch>),
    /// An item of the batch ended.
    Item(Box<BatchItem>),
}

impl Step {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Operation(operation) => operation.state.is_final(),
            Self::Batch(batch) => batch.state.is_final(),
            Self::Item(_) => false,
        }
    }

    fn read(watched: Watched<'_>, event: &Event) -> Result<Option<Self>, ClientError> {
        let data = event.data.as_bytes();
        Ok(match (watched, event.name.as_str()) {
            (Watched::Operation(_), _) => {
                // Events of other kinds may join; the operation itself is what is followed.
                serde_json::from_slice(data).ok().map(Box::new).map(Self::Operation)
            }
            (Watched::Batch(_), "item") => Some(Self::Item(Box::new(parse(data)?))),
            (Watched::Batch(_), "batch") => Some(Self::Batch(Box::new(parse(data)?))),
            (Watched::Batch(_), _) => None,
        })
    }
}

impl Client {
    /// Tells each step until the last one, or the one at which `told` breaks off, and gives that one.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`] where the daemon ended meanwhile; others of a call.
    pub async fn watch(
        &self,
        watched: Watched<'_>,
        mut told: impl FnMut(&Step) -> ControlFlow<()>,
    ) -> Result<Step, ClientError> {
        let target = match watched {
            Watched::Operation(id) => format!("/v1/operations/{}/events", encoded(id)),
            Watched::Batch(id) => format!("/v1/batches/{}/events", encoded(id)),
        };
        let mut last: Option<String> = None;
        loop {
            let mut events = self.events(&target, last.as_deref()).await?;
            // A stream that breaks is opened again; what cannot be read at all is the caller's.
            while let Ok(Some(event)) = events.next().await {
                if event.id.is_some() {
                    last.clone_from(&event.id);
                }
                let Some(step) = Step::read(watched, &event)? else { continue };
                if told(&step).is_break() || step.is_final() {
                    return Ok(step);
                }
            }
            let step = self.state(watched).await?;
            if told(&step).is_break() || step.is_final() {
                return Ok(step);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Where it is now.
    async fn state(&self, watched: Watched<'_>) -> Result<Step, ClientError> {
        let mut client = Self::connect(&self.socket, self.lang).await?;
        Ok(match watched {
            Watched::Operation(id) => Step::Operation(Box::new(client.operation(id).await?)),
            Watched::Batch(id) => Step::Batch(Box::new(client.batch(id).await?)),
        })
    }
}
