//! Who somebody is to an identity provider: an account is found by issuer and subject, and by nothing else.
//!
//! An address that the provider vouches for leads to an account only after its owner has confirmed it by mail
//! ([`crate::email_links`]).

use serde::Serialize;
use time::OffsetDateTime;

use crate::db::at::At;
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::UserId;
use crate::users::{self, NewUser, User};

/// Somebody as a provider names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The provider.
    pub issuer: String,
    /// Its name for the person, which never changes.
    pub subject: String,
}

/// An identity of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Its name for the person.
    pub subject: String,
    /// The address that it gave last.
    pub email: Option<String>,
    /// When the two were connected.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the person last came by it.
    #[sqlx(try_from = "At")]
    #[serde(with = "time::serde::rfc3339")]
    pub last_used_at: OffsetDateTime,
}

/// Whom a subject turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// The account it is connected with.
    Known(User),
    /// Nobody yet, and this account has the address.
    SameAddress(User),
    /// Nobody.
    Nobody,
}

/// The identities of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Identities {
    db: Db,
}

impl Identities {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Whom a provider has just sent, with the address that it gave. `verified`: the address it vouches for.
    pub async fn meet(&self, who: &Subject, email: Option<&str>, verified: Option<&str>) -> Result<Met> {
        let mut tx = self.db.begin().await?;
        let known = on!(
            in &mut tx,
            maybe crate::db::on::One<UserId>,
            "update identities set last_used_at = $3, email = coalesce($4, email)
             where issuer = $1 and subject = $2 returning user_id",
            &who.issuer,
            &who.subject,
            self.db.now(),
            email
        )?;
        if let Some(crate::db::on::One(id)) = known {
            let user = users::get(&mut tx, id).await?;
            tx.commit().await?;
            return Ok(Met::Known(user));
        }
        drop(tx);
        let Some(email) = verified else { return Ok(Met::Nobody) };
        let user = self.db.users().by_email(email).await?;
        Ok(user.map_or(Met::Nobody, Met::SameAddress))
    }

    /// Makes an account with an identity. [`crate::StoreError::Conflict`] where either is there already.
    pub async fn create(&self, who: &Subject, user: &NewUser) -> Result<User> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let made = users::create(&mut tx, now, user).await?;
        connect(&mut tx, now, who, made.id, made.email.as_deref()).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Whether an account is connected with that provider.
    pub async fn has(&self, user: UserId, issuer: &str) -> Result<bool> {
        let found = on!(
            self.db.reader(),
            maybe crate::db::on::One<String>,
            "select subject from identities where user_id = $1 and issuer = $2 limit 1",
            user,
            issuer
        )?;
        Ok(found.is_some())
    }

    /// The identities of an account: a handful.
    pub async fn of(&self, user: UserId) -> Result<Vec<Identity>> {
        on!(
            self.db.reader(),
            all Identity,
            "select issuer, subject, email, created_at, last_used_at from identities
             where user_id = $1 order by created_at, issuer, subject limit 100",
            user
        )
    }
}

/// Connects an account with an identity within a use case.
pub(crate) async fn connect(tx: &mut Tx, now: At, who: &Subject, user: UserId, email: Option<&str>) -> Result<()> {
    on!(
        in tx,
        run,
        "insert into identities (issuer, subject, user_id, email, created_at, last_used_at)
         values ($1, $2, $3, $4, $5, $5)",
        &who.issuer,
        &who.subject,
        user,
        email,
        now
    )?;
    Ok(())
}
