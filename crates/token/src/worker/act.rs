//! An act in a worker, as its caller sees it.

use std::sync::Arc;
use std::time::Duration;

use super::lease::Lease;
use super::process::Worker;
use super::slot::Slot;
use crate::pkcs11::Limits;
use crate::{
    ActId, Credential, Input, RawSignature, Reply, Request, SigningAct, SigningAlgorithm,
    TokenError,
};

/// Bytes of messages sent at once; above, they go one by one.
const MAX_AT_ONCE: usize = 8 << 20;

/// One login in a worker; ends, and logs out, when it is closed or dropped.
#[derive(Debug)]
pub(super) struct WorkerAct {
    act: ActId,
    /// What can be hashed on this side, so that a long message need not cross.
    needs_message: Vec<SigningAlgorithm>,
    limits: Limits,
    slot: Arc<Slot>,
    worker: Option<Arc<Worker>>,
    lease: Option<Lease>,
}

impl WorkerAct {
    pub(super) fn new(
        act: ActId,
        credential: &Credential,
        limits: Limits,
        slot: Arc<Slot>,
        worker: Arc<Worker>,
        lease: Option<Lease>,
    ) -> Self {
        let needs_message = credential.needs_message.clone();
        Self { act, needs_message, limits, slot, worker: Some(worker), lease }
    }

    fn ask(&self, request: &Request, limit: Duration) -> Result<Reply, TokenError> {
        match &self.worker {
            Some(worker) => worker.ask(request, limit),
            None => Err(TokenError::ActUnknown),
        }
    }

    fn finish(&mut self) -> Result<(), TokenError> {
        let Some(worker) = self.worker.take() else { return Ok(()) };
        let closed = worker.ask(&Request::CloseAct { act: self.act }, self.limits.call * 4);
        // Only now may another act log in: in this worker or, where it retires, in its successor.
        drop(self.lease.take());
        self.slot.retire_if_large(&worker);
        match closed {
            Ok(_) => Ok(()),
            // A dead process has no login to end.
            Err(error) if error.ends_act() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl SigningAct for WorkerAct {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        let act = self.act;
        let request = match (input, algorithm.hash()) {
            (Input::Message(message), Some(hash)) if !self.needs_message.contains(&algorithm) => {
                Request::SignDigest { act, algorithm, digest: hash.digest(message) }
            }
            (Input::Message(message), _) => {
                Request::SignMessage { act, algorithm, message: message.to_vec() }
            }
            (Input::Digest(digest), _) => {
                Request::SignDigest { act, algorithm, digest: digest.to_vec() }
            }
        };
        // Once for a free session, once for the signature.
        match self.ask(&request, self.limits.sign * 2)? {
            Reply::Signature(signature) => Ok(signature),
            _ => Err(TokenError::ReplyMalformed { function: "C_Sign".into() }),
        }
    }

    fn sign_many(
        &self,
        algorithm: SigningAlgorithm,
        messages: &[&[u8]],
    ) -> Vec<Result<RawSignature, TokenError>> {
        if messages.is_empty() {
            return Vec::new();
        }
        if messages.iter().map(|message| message.len()).sum::<usize>() > MAX_AT_ONCE {
            return messages.iter().map(|one| self.sign(algorithm, Input::Message(one))).collect();
        }
        let owned = messages.iter().map(|message| message.to_vec()).collect();
        let request = Request::SignMany { act: self.act, algorithm, messages: owned };
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        let limit = self.limits.sign.saturating_mul(count.saturating_add(1));
        let error = match self.ask(&request, limit) {
            Ok(Reply::Signatures(results)) if results.len() == messages.len() => return results,
            Ok(_) => TokenError::ReplyMalformed { function: "C_Sign".into() },
            Err(error) => error,
        };
        messages.iter().map(|_| Err(error.clone())).collect()
    }

    fn close(mut self: Box<Self>) -> Result<(), TokenError> {
        self.finish()
    }
}

impl Drop for WorkerAct {
    fn drop(&mut self) {
        // `close` reports; a drop has nobody to report to.
        let _ = self.finish();
    }
}
