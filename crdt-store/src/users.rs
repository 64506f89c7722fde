//! People: accounts, their role on the instance and their language.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::db::Db;
use crate::db::at::{At, MaybeAt};
use crate::error::{Result, StoreError};
use crate::ids::UserId;

words! {
    /// What a person is to the instance.
    Role {
        /// Runs the instance.
        Administrator = "administrator",
        /// A civil servant.
        Agent = "agent",
        /// Someone invited from elsewhere, who sees only their communities.
        Outsider = "outsider",
    }
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    /// Their address, where they gave one.
    pub email: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// The language of their pages and mails: `fr`, `en`.
    pub language: String,
    /// When the account came into being.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Since when they may not come in.
    #[sqlx(try_from = "MaybeAt")]
    #[serde(with = "time::serde::rfc3339::option")]
    pub suspended_at: Option<OffsetDateTime>,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    /// Their address; of several accounts only one may have it.
    pub email: Option<String>,
    /// What they are to the instance.
    pub role: Role,
    /// `fr` or `en`.
    pub language: String,
}

/// The people of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Users {
    db: Db,
}

impl Users {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Makes an account. [`StoreError::Conflict`] where the id or the address is taken.
    pub async fn create(&self, user: NewUser) -> Result<User> {
        on!(
            self.db.writer(),
            one User,
            "insert into users (id, name, email, role, language, created_at)
             values ($1, $2, $3, $4, $5, $6)
             returning id, name, email, role, language, created_at, suspended_at",
            user.id,
            &user.name,
            &user.email,
            user.role,
            &user.language,
            self.db.now()
        )
    }

    /// Makes the account, or leaves it as it is where the id is there already.
    pub async fn ensure(&self, user: NewUser) -> Result<User> {
        on!(
            self.db.writer(),
            run,
            "insert into users (id, name, email, role, language, created_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do nothing",
            user.id,
            &user.name,
            &user.email,
            user.role,
            &user.language,
            self.db.now()
        )?;
        self.get(user.id).await?.ok_or(StoreError::NotFound { what: "person" })
    }

    /// The account of that id.
    pub async fn get(&self, id: UserId) -> Result<Option<User>> {
        on!(
            self.db.reader(),
            maybe User,
            "select id, name, email, role, language, created_at, suspended_at
             from users where id = $1",
            id
        )
    }

    /// Accounts in the order of their ids, from the one after `after`.
    pub async fn list(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>> {
        let after = after.map_or(uuid::Uuid::nil(), |id| id.0);
        on!(
            self.db.reader(),
            all User,
            "select id, name, email, role, language, created_at, suspended_at
             from users where id > $1 order by id limit $2",
            after,
            i64::from(limit)
        )
    }

    /// Sets the language of their pages. [`StoreError::NotFound`] where nobody is.
    pub async fn set_language(&self, id: UserId, language: &str) -> Result<User> {
        on!(
            self.db.writer(),
            maybe User,
            "update users set language = $2 where id = $1
             returning id, name, email, role, language, created_at, suspended_at",
            id,
            language
        )?
        .ok_or(StoreError::NotFound { what: "person" })
    }

    /// Locks a person out, or lets them in again.
    pub async fn set_suspended(&self, id: UserId, suspended: Suspension) -> Result<User> {
        let at = match suspended {
            Suspension::Suspended => Some(self.db.now()),
            Suspension::Lifted => None,
        };
        on!(
            self.db.writer(),
            maybe User,
            "update users set suspended_at = $2 where id = $1
             returning id, name, email, role, language, created_at, suspended_at",
            id,
            at
        )?
        .ok_or(StoreError::NotFound { what: "person" })
    }
}

/// Whether a person may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspension {
    /// They may not.
    Suspended,
    /// They may again.
    Lifted,
}
