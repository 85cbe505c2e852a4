//! Who asks, as the daemon observed it: the socket's peer, not what the request claims.

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

impl Peer {
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
