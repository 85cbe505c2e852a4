//! Who asks, as the daemon observed it: the socket's peer, not what the request claims.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kyso_protocol::Lang;

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

    /// As the journal records it.
    #[must_use]
    pub fn requester(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("socket uid={}", self.uid);
        if let Some(user) = &self.user {
            let _ = write!(text, " user={}", user.escape_default());
        }
        if let Some(pid) = self.pid {
            let _ = write!(text, " pid={pid}");
        }
        if let Some(program) = &self.program {
            let _ = write!(text, " program={}", program.escape_default());
        }
        text
    }
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
