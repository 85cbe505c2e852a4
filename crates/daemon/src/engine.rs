//! What the daemon does on request: operations, consent, leases on tokens, signatures.
//!
//! An operation has a durable row before it is answered with 202 and a thread of its own until it ends. The journal is the
//! truth: an intent is durable before anybody is asked, its outcome before anything is released, and both before the
//! row says so. All of this blocks and never runs on the async threads.

pub(crate) mod batch;
pub(crate) mod consent;
mod handle;
pub(crate) mod operations;
pub(crate) mod policy;
pub(crate) mod question;
pub(crate) mod queue;
pub(crate) mod record;
pub(crate) mod recovery;
pub(crate) mod restart;
pub(crate) mod signing;
pub(crate) mod transition;

use std::sync::Arc;

use crate::app::App;
use crate::settings::Settings;
use crate::tokens::Tokens;

/// The engine's part of the daemon's state.
pub(crate) struct Engine {
    tokens: Tokens,
    operations: operations::Operations,
    batches: batch::Batches,
    policy: policy::Policy,
    questions: Arc<queue::Queue<consent::Spot>>,
}

impl Engine {
    /// An engine at rest.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            tokens: Tokens::new(settings),
            operations: operations::Operations::default(),
            batches: batch::Batches::default(),
            policy: policy::Policy::default(),
            questions: Arc::default(),
        }
    }
}

impl App {
    /// Tokens and key files.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.engine.tokens
    }

    /// Operations under way.
    pub(crate) fn operations(&self) -> &operations::Operations {
        &self.engine.operations
    }

    /// Batches under way.
    pub(crate) fn batches(&self) -> &batch::Batches {
        &self.engine.batches
    }

    /// Consent without a person.
    pub(crate) fn policy(&self) -> &policy::Policy {
        &self.engine.policy
    }

    /// Who waits for a person's attention, by the terminal or display.
    pub(crate) fn questions(&self) -> &Arc<queue::Queue<consent::Spot>> {
        &self.engine.questions
    }
}

/// How many rules the administrator's policy file has, if it may be used at all.
///
/// # Errors
/// Why it may not.
pub fn policy_rules(
    path: &std::path::Path,
    lang: kyso_protocol::Lang,
) -> Result<usize, crate::text::Problem> {
    policy::look(path).map_err(|fault| {
        let refusal =
            crate::error::ApiError::from(crate::error::ConsentError::PolicyUnusable(fault));
        crate::text::Problem::from(refusal.document(lang))
    })
}
