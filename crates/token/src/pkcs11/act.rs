//! One login and its pool of sessions, the key's handle cached.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use pkcs11::session::{Session, UserType};
use pkcs11::slot::Slot;

use super::failure::failure;
use super::limits::{Limits, Step, within};
use super::login::{Secret, login};
use super::mechanism::{Offered, Plan};
use super::module::Lease;
use super::proof::Proof;
use super::scan::private_key;
use super::worker::{ContextLogin, Job, Key, Reply, Worker};
use crate::lock::lock;
use crate::public_key::PublicKey;
use crate::{Input, KeyMatch, KeyType, RawSignature, SigningAct, SigningAlgorithm, TokenError};

/// An open act; ends, and logs out, when it is closed or dropped.
pub(super) struct Act {
    key: Arc<Key>,
    plans: Vec<(SigningAlgorithm, Plan)>,
    /// Where nothing could be compared at login.
    proof: Option<Proof>,
    /// Whether there is a login to end: a token may need none.
    logged_in: bool,
    limits: Limits,
    pool: Mutex<Pool>,
    returned: Condvar,
    lease: Option<Lease>,
}

struct Pool {
    idle: Vec<Worker>,
    /// Sessions that exist or are being opened.
    open: usize,
    /// Most there may be; falls when the token says CKR_SESSION_COUNT.
    most: usize,
    /// Why the act is over.
    ended: Option<TokenError>,
}

impl Act {
    /// Logs in and finds the key: everything of an act that may fail early.
    pub(super) fn open(
        lease: Lease,
        slot: Slot,
        id: Vec<u8>,
        public: PublicKey,
        secret: Option<Secret>,
        limits: Limits,
    ) -> Result<Self, TokenError> {
        let module = lease.module.clone();
        let (key_type, signature_len) = (public.key_type(), public.signature_len());
        let logged_in = secret.is_some();
        // Only at a pad does the module wait for a person; whoever is to be asked next waits for this as well.
        let most = match &secret {
            Some(Secret::ProtectedPath) => limits.login,
            Some(Secret::Pin(_)) | None => limits.call,
        };
        let inner = module.clone();
        let proof = Proof::new(public.clone(), id.clone());
        let log_in = move |step: &Step| {
            step.at("C_OpenSession");
            let session = inner.context.open_ro_session(slot).map_err(failure)?;
            if let Some(secret) = &secret {
                step.at("C_Login");
                login(&inner, slot, &session, UserType::User, secret)?;
            }
            step.at("C_FindObjects");
            let found = private_key(&session, &limits, &id, &public).and_then(|key| {
                step.at("C_GetMechanismList");
                Ok((key, Offered::read(&inner.context, slot, key_type)?))
            });
            match found {
                Ok((key, offered)) => Ok((session, key, offered, secret)),
                Err(error) => {
                    step.at("C_Logout");
                    // The first error is the one that matters; closing the session follows anyway.
                    let _ = session.logout();
                    Err(error)
                }
            }
        };
        let (session, found, offered, secret) = within(&module.hung, &limits, most, log_in)?;
        let algorithms = offered.algorithms(key_type).0;
        let plans = algorithms
            .into_iter()
            .filter_map(|it| Some((it, offered.plan(it, key_type)?)))
            .collect();
        let key = Arc::new(Key {
            module,
            slot,
            handle: found.handle,
            key_type,
            signature_len,
            secret: Mutex::new(secret.filter(|_| found.always_authenticate).map(Arc::new)),
            always_authenticate: found.always_authenticate,
            context: Mutex::new(ContextLogin::Untried),
        });
        let pool = Pool { idle: Vec::new(), open: 1, most: limits.sessions.max(1), ended: None };
        let mut act = Self {
            key,
            plans,
            proof: (found.key_match == KeyMatch::Unchecked).then_some(proof),
            logged_in,
            limits,
            pool: Mutex::new(pool),
            returned: Condvar::new(),
            lease: Some(lease),
        };
        let first = Worker::start(&act.key, session)?;
        act.pool.get_mut().unwrap_or_else(PoisonError::into_inner).idle.push(first);
        Ok(act)
    }

    /// An idle session, a new one, or the next that comes back.
    fn check_out(&self) -> Result<Worker, TokenError> {
        let deadline = Instant::now() + self.limits.sign;
        let mut pool = lock(&self.pool);
        loop {
            if let Some(error) = &pool.ended {
                return Err(error.clone());
            }
            if let Some(worker) = pool.idle.pop() {
                return Ok(worker);
            }
            if pool.open < pool.most {
                pool.open += 1;
                drop(pool);
                let opened =
                    self.open_session().and_then(|session| Worker::start(&self.key, session));
                let error = match opened {
                    Ok(worker) => return Ok(worker),
                    Err(error) => error,
                };
                pool = lock(&self.pool);
                pool.open -= 1;
                if pool.open == 0 || error.ends_act() {
                    self.note(&mut pool, &error);
                    return Err(error);
                }
                // The token has no more sessions to give; those that are open go round.
                pool.most = pool.open;
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TokenError::TokenBusy { waited: self.limits.sign });
            }
            pool = self.returned.wait_timeout(pool, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn open_session(&self) -> Result<Session, TokenError> {
        let (module, slot) = (self.key.module.clone(), self.key.slot);
        within(&self.key.module.hung, &self.limits, self.limits.call, move |step| {
            step.at("C_OpenSession");
            module.context.open_ro_session(slot).map_err(failure)
        })
    }

    /// Remembers the error that ends the act and wakes those who wait for a session.
    fn note(&self, pool: &mut Pool, error: &TokenError) {
        if error.ends_act() && pool.ended.is_none() {
            pool.ended = Some(error.clone());
            self.returned.notify_all();
        }
    }

    /// Logs out, waits for the sessions to close, then lets go of the token.
    fn finish(&mut self) -> Result<(), TokenError> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        lock(&self.key.secret).take();
        let pool = self.pool.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (workers, ended) = (std::mem::take(&mut pool.idle), pool.ended.take());
        let logged_out = match workers.first() {
            _ if !self.logged_in => Ok(()),
            Some(worker) => worker.ask(Job::Logout, "C_Logout", self.limits.call).map(drop),
            None => self.open_session().and_then(|session| {
                within(&self.key.module.hung, &self.limits, self.limits.call, move |step| {
                    step.at("C_Logout");
                    session.logout().map_err(failure)
                })
            }),
        };
        for worker in workers {
            worker.end(self.limits.call);
        }
        drop(lease);
        // After a lost session or a removed token there is nothing to log out of.
        if ended.is_some() { Ok(()) } else { logged_out }
    }
}

impl Act {
    fn plan(&self, algorithm: SigningAlgorithm) -> Result<&Plan, TokenError> {
        let found = self.plans.iter().find(|(planned, _)| *planned == algorithm);
        found.map(|(_, plan)| plan).ok_or(TokenError::MechanismNotOffered { algorithm })
    }

    /// Has one session sign everything, then gives it back.
    fn ask(&self, plan: Plan, data: Vec<Vec<u8>>) -> Result<Reply, TokenError> {
        let worker = self.check_out()?;
        let reply = worker.ask(Job::Sign { plan, data }, "C_Sign", self.limits.sign);
        let mut pool = lock(&self.pool);
        match &reply {
            // Its thread hangs, or died: the session is not to be asked again.
            Err(error) => {
                pool.open -= 1;
                self.note(&mut pool, error);
            }
            Ok(results) => {
                for error in results.iter().filter_map(|result| result.as_ref().err()) {
                    self.note(&mut pool, error);
                }
                pool.idle.push(worker);
            }
        }
        drop(pool);
        self.returned.notify_one();
        reply
    }

    /// The bytes as a signature of the key's kind, compared with the certificate where that is still due.
    fn signature(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
        bytes: Result<Vec<u8>, TokenError>,
    ) -> Result<RawSignature, TokenError> {
        let bytes = bytes?;
        if let Some(proof) = &self.proof
            && let Err(error) = proof.check(algorithm, input, &bytes)
        {
            self.note(&mut lock(&self.pool), &error);
            return Err(error);
        }
        Ok(match self.key.key_type {
            KeyType::Rsa { .. } => RawSignature::Rsa(bytes),
            KeyType::Ec(_) => RawSignature::EcdsaFixed(bytes),
            KeyType::Ed25519 => RawSignature::Ed25519(bytes),
        })
    }
}

impl SigningAct for Act {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        let plan = *self.plan(algorithm)?;
        let data = plan.data(algorithm, self.key.key_type, input)?;
        let only = self.ask(plan, vec![data])?.pop();
        let missing = TokenError::ReplyMalformed { function: "C_Sign".into() };
        self.signature(algorithm, input, only.unwrap_or(Err(missing)))
    }

    fn sign_many(
        &self,
        algorithm: SigningAlgorithm,
        messages: &[&[u8]],
    ) -> Vec<Result<RawSignature, TokenError>> {
        let data = |message: &&[u8]| {
            self.plan(algorithm)?.data(algorithm, self.key.key_type, Input::Message(message))
        };
        let asked = self.plan(algorithm).copied().and_then(|plan| {
            let data = messages.iter().map(data).collect::<Result<Vec<_>, _>>()?;
            self.ask(plan, data)
        });
        match asked {
            Err(error) => messages.iter().map(|_| Err(error.clone())).collect(),
            Ok(replies) => messages
                .iter()
                .zip(replies)
                .map(|(message, bytes)| self.signature(algorithm, Input::Message(message), bytes))
                .collect(),
        }
    }

    fn close(mut self: Box<Self>) -> Result<(), TokenError> {
        self.finish()
    }
}

impl Drop for Act {
    fn drop(&mut self) {
        // `close` reports; a drop has nobody to report to.
        let _ = self.finish();
    }
}
