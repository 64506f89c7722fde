//! Who may: the words that the rest of the server uses about rights.
//!
//! Nothing here knows of sockets, cookies or rows. [`policy`] turns facts into an [`Access`], as a pure
//! function; [`Guard`] fetches the facts of one thing and answers with a right or a refusal; [`Judge`] is
//! what the live engine asks before a session may do anything, without knowing how people prove who they are.

mod guard;
pub mod policy;
pub mod words;

use std::{future::Future, pin::Pin, sync::Arc};

pub use crdt_store::users::Role;
use crdt_store::{DocumentId, Epoch, LoginId, UserId};
use serde::{Deserialize, Serialize};

pub use guard::{Guard, listed};

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

/// The answer to "may this session open that document": yes, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub document: DocumentId,
    /// The lineage that the room name asked for, which is the document's present one.
    pub epoch: Epoch,
    /// Never [`Access::None`].
    pub access: Access,
    /// Whose work it is. `None` for all nameless people, who count as one.
    pub person: Option<UserId>,
    /// The name shown in presence. `None`: the client's own word counts (open mode).
    pub name: Option<String>,
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

/// Decides whether a session may open a room, and how far.
///
/// `name` is the room's name as the client wrote it, decoded once: a plain name (lineage 1) or `name@N`.
/// A token that is presented counts before anything else. Implemented by `auth`; tests have their own.
pub trait Judge: Send + Sync + 'static {
    fn judge<'a>(&'a self, who: &'a Credentials, name: &'a str) -> Judgement<'a>;
}

/// A judge that many sessions share.
pub type SharedJudge = Arc<dyn Judge>;
