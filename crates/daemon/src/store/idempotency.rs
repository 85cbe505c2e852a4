//! Idempotency keys: what each stands for, and how it was answered.

use rusqlite::{OptionalExtension as _, params};
use uuid::Uuid;

use super::{Store, StoreError};

/// A stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What is known of a key when a request with it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Nothing; the key is now bound to this body and to the id of what the request makes.
    New(Uuid),
    /// A request with this key and body began and was never answered: the daemon ended, or failed.
    Unanswered(Uuid),
    /// It was answered.
    Answered(Reply),
    /// It was used with another body.
    OtherBody,
}

impl Store {
    /// Binds a key to a body; durable before the request is handled.
    pub(crate) fn begin_key(
        &self,
        key: &str,
        body: &[u8; 32],
        now: u64,
    ) -> Result<Begun, StoreError> {
        self.transaction(|transaction| {
            let known = transaction
                .prepare_cached(
                    "SELECT body, resource, status, location, response FROM idempotency WHERE key = ?1",
                )?
                .query_row([key], |row| {
                    let status: Option<u16> = row.get(2)?;
                    let reply = match status {
                        Some(status) => {
                            Some(Reply { status, location: row.get(3)?, body: row.get(4)? })
                        }
                        None => None,
                    };
                    Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, String>(1)?, reply))
                })
                .optional()?;
            match known {
                Some((known, _, _)) if known != *body => Ok(Begun::OtherBody),
                Some((_, _, Some(reply))) => Ok(Begun::Answered(reply)),
                Some((_, resource, None)) => {
                    let id = Uuid::parse_str(&resource).map_err(|error| {
                        rusqlite::Error::FromSqlConversionFailure(
                            1,
                            rusqlite::types::Type::Text,
                            Box::new(error),
                        )
                    })?;
                    Ok(Begun::Unanswered(id))
                }
                None => {
                    let resource = Uuid::now_v7();
                    transaction.execute(
                        "INSERT INTO idempotency (key, body, resource, created_at) VALUES (?1, ?2, ?3, ?4)",
                        params![key, body, resource.to_string(), now],
                    )?;
                    Ok(Begun::New(resource))
                }
            }
        })
    }

    /// Keeps the answer, before it is given.
    pub(crate) fn answer_key(&self, key: &str, reply: &Reply) -> Result<(), StoreError> {
        self.transaction(|transaction| {
            transaction.execute(
                "UPDATE idempotency SET status = ?2, location = ?3, response = ?4 WHERE key = ?1",
                params![key, reply.status, reply.location, reply.body],
            )?;
            Ok(())
        })
    }

    /// Forgets a key whose request made nothing.
    pub(crate) fn release_key(&self, key: &str) -> Result<(), StoreError> {
        self.transaction(|transaction| {
            transaction.execute("DELETE FROM idempotency WHERE key = ?1", [key])?;
            Ok(())
        })
    }

    /// Forgets the keys that came before `time`.
    pub(crate) fn expire_keys(&self, time: u64) -> Result<usize, StoreError> {
        self.light_transaction(|transaction| {
            Ok(transaction.execute("DELETE FROM idempotency WHERE created_at < ?1", [time])?)
        })
    }
}
