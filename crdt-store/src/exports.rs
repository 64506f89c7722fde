//! All that the tables hold of one person, for themselves: one moment, told whole.

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::communities::MemberRole;
use crate::db::Db;
use crate::db::at::{At, MaybeAt};
use crate::error::Result;
use crate::identities::Identity;
use crate::ids::{DocumentId, UserId};
use crate::users::{self, User};

/// What is held of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The account.
    pub account: User,
    /// Who they are to identity providers.
    pub identities: Vec<Identity>,
    /// Where they are signed in.
    pub logins: Vec<SignedIn>,
    /// Communities they belong to, or have belonged to for a time.
    pub memberships: Vec<Membership>,
    /// Documents they made.
    pub documents: Vec<Made>,
    /// Documents that name them.
    pub shares: Vec<Share>,
    /// Documents they have looked at lately.
    pub visits: Vec<Visited>,
    /// Communities they asked for.
    pub requests: Vec<Asked>,
    /// What they wrote about requests.
    pub request_messages: Vec<Said>,
    /// Communities they asked to join.
    pub join_requests: Vec<AskedToJoin>,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct SignedIn {
    /// When.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last used.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen_at: OffsetDateTime,
    /// What the browser called itself.
    pub user_agent: Option<String>,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Membership {
    /// The community's name in addresses.
    pub community: String,
    /// Its name.
    pub name: String,
    /// As what.
    pub role: MemberRole,
    /// Since when.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub joined_at: OffsetDateTime,
    /// Until when.
    #[sqlx(try_from = "MaybeAt")]
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
}

/// A document they made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Made {
    /// Its id.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// The community it belongs to.
    pub community: Option<String>,
    /// When it was made.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last written in.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// When it was deleted.
    #[sqlx(try_from = "MaybeAt")]
    #[serde(with = "time::serde::rfc3339::option")]
    pub deleted_at: Option<OffsetDateTime>,
}

/// A document that names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Share {
    /// Its id.
    pub document: DocumentId,
    /// How far they may go.
    pub access: String,
    /// Since when.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A document they looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Visited {
    /// Its id.
    pub document: DocumentId,
    /// When they last did.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
}

/// A community they asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Asked {
    /// The request's number, once it was sent.
    pub number: Option<String>,
    /// The name they wished for.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// What became of it.
    pub state: String,
    /// The reason they were given.
    pub reason: Option<String>,
    /// When it was begun.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A message about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Said {
    /// The request.
    pub request: Uuid,
    /// What they wrote.
    pub text: String,
    /// When.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A community they asked to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct AskedToJoin {
    /// The community's name.
    pub community: String,
    /// What they wrote.
    pub message: String,
    /// What became of it.
    pub state: String,
    /// The reason they were given.
    pub reason: Option<String>,
    /// When.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// People's own data. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Exports {
    db: Db,
}

impl Exports {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// What is held of a person. [`crate::StoreError::NotFound`] where nobody is.
    pub async fn of(&self, user: UserId) -> Result<Export> {
        let mut tx = self.db.begin_read().await?;
        let tx = &mut tx;
        let account = users::get(tx, user).await?;
        let identities = on!(
            in tx,
            all Identity,
            "select issuer, subject, email, created_at, last_used_at from identities
             where user_id = $1 order by created_at, issuer, subject",
            user
        )?;
        let logins = on!(
            in tx,
            all SignedIn,
            "select created_at, last_seen_at, user_agent from logins where user_id = $1 order by created_at, id",
            user
        )?;
        let memberships = on!(
            in tx,
            all Membership,
            "select c.slug as community, c.name, m.role, m.joined_at, m.expires_at
             from memberships m join communities c on c.id = m.community_id
             where m.user_id = $1 order by m.joined_at, c.id",
            user
        )?;
        let documents = on!(
            in tx,
            all Made,
            "select d.id, d.title, c.slug as community, d.created_at, d.updated_at, d.deleted_at
             from documents d left join communities c on c.id = d.community_id
             where d.created_by = $1 order by d.created_at, d.id",
            user
        )?;
        let shares = on!(
            in tx,
            all Share,
            "select document_id as document, access, created_at from document_shares
             where user_id = $1 order by created_at, document_id",
            user
        )?;
        let visits = on!(
            in tx,
            all Visited,
            "select document_id as document, seen_at from document_visits
             where user_id = $1 order by seen_at, document_id",
            user
        )?;
        let requests = on!(
            in tx,
            all Asked,
            "select number, name, purpose, state, reason, created_at from community_requests
             where requester_id = $1 order by created_at, id",
            user
        )?;
        let request_messages = on!(
            in tx,
            all Said,
            "select request_id as request, text, created_at from request_messages
             where author_id = $1 order by created_at, id",
            user
        )?;
        let join_requests = on!(
            in tx,
            all AskedToJoin,
            "select c.name as community, j.message, j.state, j.reason, j.created_at
             from join_requests j join communities c on c.id = j.community_id
             where j.user_id = $1 order by j.created_at, j.id",
            user
        )?;
        Ok(Export {
            account,
            identities,
            logins,
            memberships,
            documents,
            shares,
            visits,
            requests,
            request_messages,
            join_requests,
        })
    }
}
