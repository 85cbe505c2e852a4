//! Who asks, as the daemon observed it: the socket's peer, not what the request claims.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kyso_protocol::Lang;

use crate::engine::question::short;

/// Most bytes of a user's or program's name in a record, before they are escaped.
const MOST_WORD: usize = 384;

/// The process at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// User id, from the socket (SO_PEERCRED).
    pub uid: u32,
    /// Process id, where the system tells it.
    pub pid: Option<u32>,
    /// The user's name, where the system knows one.
    pub user: Option<String>,
    /// The program's path, where it can be seen.
    pub program: Option<String>,
}

/// Names of users, each looked up once.
#[derive(Debug, Default)]
pub(crate) struct Users(Mutex<HashMap<u32, Option<String>>>);

impl Users {
    fn name(&self, uid: u32) -> Option<String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(uid).or_insert_with(|| user_name(uid)).clone()
    }
}

/// The name in `/etc/passwd`; a directory service's users have their number only.
fn user_name(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

impl Peer {
    /// The process behind a socket's credentials, as far as the system shows it.
    pub(crate) fn observed(uid: u32, pid: Option<u32>, users: &Users) -> Self {
        let program = pid
            .and_then(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).ok())
            .map(|path| path.to_string_lossy().into_owned());
        Self { uid, pid, user: users.name(uid), program }
    }

    /// As the journal records it: words with no space in them, and never longer than a record takes.
    #[must_use]
    pub fn requester(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("socket uid={}", self.uid);
        if let Some(user) = &self.user {
            let _ = write!(text, " user={}", word(user));
        }
        if let Some(pid) = self.pid {
            let _ = write!(text, " pid={pid}");
        }
        if let Some(program) = &self.program {
            let _ = write!(text, " program={}", word(program));
        }
        text
    }
}

/// A text as one word: what could pass for another part of the record is escaped, a long one loses its middle.
///
/// A path has up to 4096 bytes, of which each may take five when escaped; a record takes 4096 in all.
fn word(text: &str) -> String {
    short(text, MOST_WORD).escape_default().to_string().replace(' ', r"\u{20}")
}

/// One request's caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    /// Language of the answer: `Accept-Language`, else the configuration's.
    pub(crate) lang: Lang,
    /// Id of what the request makes: under an `Idempotency-Key` it is the same one each time the request comes.
    pub(crate) allocated: uuid::Uuid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requester_fits_its_record_and_is_not_taken_for_another() {
        let peer = |program: &str| Peer {
            uid: 1000,
            pid: Some(7),
            user: Some("an".into()),
            program: Some(program.into()),
        };
        assert_eq!(
            peer("/usr/bin/kyso").requester(),
            "socket uid=1000 user=an pid=7 program=/usr/bin/kyso"
        );
        let forged = peer("/tmp/x uid=0 program=/usr/bin/kyso\n").requester();
        assert_eq!(forged.split_whitespace().count(), 5, "{forged}");
        for letter in ["\u{1}", " ", "ế", "a"] {
            let long = peer(&letter.repeat(4095 / letter.len())).requester();
            assert!(long.len() <= kyso_journal::MAX_TEXT_BYTES, "{} of {letter:?}", long.len());
        }
    }
}
