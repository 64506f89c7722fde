//! Who may: the words that the rest of the server uses about rights.
//!
//! Nothing here knows of sockets, cookies or rows. [`policy`] turns facts into an [`Access`], as a pure
//! function; [`Guard`] fetches the facts of one thing and answers with a right or a refusal; [`Judge`] is
//! what the live engine asks before a session may do anything, and again while it lasts, without knowing how people
//! prove who they are. Both times [`standing`] says what follows from the facts.

mod guard;
mod memory;
pub mod policy;
mod standing;
pub mod words;

use std::{future::Future, pin::Pin, sync::Arc};

pub use crdt_store::users::Role;
use crdt_store::{DocumentId, Epoch, LoginId, UserId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use guard::{Guard, knows_community, listed, may_open};
pub use standing::standing;

/// What a person may do with a thing, each level holding those below it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// The thing does not exist for this person.
    #[default]
    None,
    Read,
    Comment,
    Write,
    Manage,
}

impl Access {
    /// The name used on the wire and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Comment => "comment",
            Self::Write => "write",
            Self::Manage => "manage",
        }
    }

    /// Whether updates of the text are taken from a session with this access.
    pub fn may_write(self) -> bool {
        self >= Self::Write
    }
}

/// How somebody came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A cookie login of a person with an account.
    Login(LoginId),
    /// A signed token, which names one document and one access.
    Token,
    /// Nobody in particular, on a server that is open to all who reach it.
    Open,
}

/// Whoever is behind a request or a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub id: Option<UserId>,
    pub name: String,
    pub role: Role,
    pub language: String,
    pub means: Means,
}

/// Who is where, and on what ground: all that is looked at again for as long as a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    pub document: DocumentId,
    /// The lineage that the room name asked for, which was the document's present one.
    pub epoch: Epoch,
    /// Whose work it is. `None` for all nameless people, who count as one.
    pub person: Option<UserId>,
    pub ground: Ground,
}

/// The answer to "may this session open that document": yes, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub footing: Footing,
    /// Never [`Access::None`].
    pub access: Access,
    /// The name shown in presence. `None`: the client's own word counts (open mode).
    pub name: Option<String>,
}

/// On what a right rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ground {
    /// A signed token, how far it goes, and when it is over. Its bearer is asked for another at `renew_at`.
    Token { access: Access, renew_at: OffsetDateTime, ends_at: OffsetDateTime },
    /// A login, and the rights of its person.
    Login(LoginId),
    /// A server that is open to all who reach it; and the login of whoever has one.
    Open(Option<LoginId>),
}

/// What a footing comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Never [`Access::None`].
    pub access: Access,
    /// The token is about to end: its bearer may bring another.
    pub renew: bool,
}

/// The answer "no", and what the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the document does not exist, or not for this person")]
    NotFound,
    #[error("this person may not open the document")]
    Forbidden,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid")]
    BadToken,
    #[error("the login is over")]
    SignedOut,
    #[error("the document has a newer lineage")]
    OldEpoch,
    #[error("the server can't look at its database just now")]
    Unavailable,
}

impl Denied {
    /// The word on the wire. Clients show or act on it, so it stays the same.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Forbidden => "permission-denied",
            Self::Expired => "token-expired",
            Self::BadToken => "token-invalid",
            Self::SignedOut => "signed-out",
            Self::OldEpoch => "old-epoch",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether asking again later, with the same credentials, can succeed.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

/// What a socket brought to prove who it is.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The cookie login of the request that opened the socket, whose Origin was checked.
    pub login: Option<Principal>,
    /// A signed token, from the query or from a dialect's own message.
    pub token: Option<String>,
}

pub type Judgement<'a> = Pin<Box<dyn Future<Output = Result<Grant, Denied>> + Send + 'a>>;

/// Nobody's right could be looked at again. That says nothing about any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rights can't be looked up just now")]
pub struct CantTell;

/// One answer for each, in their order.
pub type Standings<'a> = Pin<Box<dyn Future<Output = Result<Vec<Result<Standing, Denied>>, CantTell>> + Send + 'a>>;

/// Decides whether a session may open a room, and how far.
///
/// `name` is the room's name as the client wrote it, decoded once: a plain name (lineage 1) or `name@N`.
/// A token that is presented counts before anything else. Implemented by `auth`; tests have their own.
pub trait Judge: Send + Sync + 'static {
    fn judge<'a>(&'a self, who: &'a Credentials, name: &'a str) -> Judgement<'a>;

    /// What the rights of sessions come to now, by the rule by which they were let in.
    fn judge_again<'a>(&'a self, footings: &'a [Footing]) -> Standings<'a>;
}

/// A judge that many sessions share.
pub type SharedJudge = Arc<dyn Judge>;
