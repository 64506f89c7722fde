//! Links that were mailed, each good once and for minutes: to sign in, or to connect an account with an identity.
//!
//! The secret is in the mail alone; here is its hash. A link is put in together with its letter.

use time::OffsetDateTime;

use crate::db::Db;
use crate::db::at::{At, MaybeAt, cut};
use crate::error::Result;
use crate::identities::{self, Subject};
use crate::ids::UserId;
use crate::mails::{self, NewMail};
use crate::users::{self, Role, User};

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in, in whichever browser.
    SignIn,
    /// To connect the account with an identity, in the browser that came from the provider (the hash of its cookie).
    Merge(Subject, Vec<u8>),
}

/// A link to be remembered.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// SHA-256 of its secret.
    pub secret_hash: Vec<u8>,
    /// Whose account.
    pub user_id: UserId,
    /// What for.
    pub purpose: Purpose,
    /// Where the person was going: a path of ours.
    pub return_to: String,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// What using a link came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// Its person, and where they were going.
    By(User, String),
    /// No such link, or it was used, or it has ended, or its person may not come in.
    Gone,
    /// It is good, in another browser.
    OtherBrowser,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: UserId,
    issuer: Option<String>,
    subject: Option<String>,
    browser_hash: Option<Vec<u8>>,
    return_to: String,
    #[sqlx(try_from = "At")]
    expires_at: OffsetDateTime,
    #[sqlx(try_from = "MaybeAt")]
    used_at: Option<OffsetDateTime>,
}

/// The links of an instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EmailLinks {
    db: Db,
}

impl EmailLinks {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Remembers a link and puts its letter into the outbox.
    pub async fn create(&self, link: &NewLink, letter: Option<&NewMail>) -> Result<()> {
        let now = self.db.now();
        let (word, who, browser) = match &link.purpose {
            Purpose::SignIn => ("sign-in", None, None),
            Purpose::Merge(who, browser) => ("merge", Some(who), Some(browser)),
        };
        let mut tx = self.db.begin().await?;
        on!(
            in &mut tx,
            run,
            "insert into email_links (secret_hash, user_id, purpose, issuer, subject, browser_hash, return_to,
                created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &link.secret_hash,
            link.user_id,
            word,
            who.map(|who| &who.issuer),
            who.map(|who| &who.subject),
            browser,
            &link.return_to,
            now,
            At(cut(link.expires_at))
        )?;
        if let Some(letter) = letter {
            mails::enqueue(&mut tx, now, letter).await?;
        }
        tx.commit().await
    }

    /// Uses a link, once, and with it every other of the same account. `browser_hash` is that of the browser's cookie.
    /// Somebody from outside who turns out to be known to the provider, and whose address is an agent's, becomes one with
    /// that.
    pub async fn redeem(
        &self,
        secret_hash: &[u8],
        browser_hash: Option<&[u8]>,
        is_agents: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> Result<Redeemed> {
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        // The account's row is written first: of two who come at once, with this link or another of theirs, one waits here.
        on!(
            in &mut tx,
            run,
            "update users set created_at = created_at
             where id = (select user_id from email_links where secret_hash = $1)",
            secret_hash
        )?;
        let row = on!(
            in &mut tx,
            maybe Row,
            "update email_links set used_at = used_at where secret_hash = $1
             returning user_id, issuer, subject, browser_hash, return_to, expires_at, used_at",
            secret_hash
        )?;
        let Some(row) = row.filter(|row| row.used_at.is_none() && row.expires_at > now.0) else {
            return Ok(Redeemed::Gone);
        };
        let mut user = users::get(&mut tx, row.user_id).await?;
        if user.suspended_at.is_some() {
            return Ok(Redeemed::Gone);
        }
        if row.browser_hash.is_some() && row.browser_hash.as_deref() != browser_hash {
            return Ok(Redeemed::OtherBrowser);
        }
        if let (Some(issuer), Some(subject)) = (row.issuer, row.subject) {
            let who = Subject { issuer, subject };
            identities::connect(&mut tx, now, &who, user.id, user.email.as_deref()).await?;
            if user.role == Role::Outsider && user.email.as_deref().is_some_and(is_agents) {
                user = users::give_role(&mut tx, now, &user, Role::Agent).await?;
            }
        }
        on!(
            in &mut tx,
            run,
            "update email_links set used_at = $2 where user_id = $1 and used_at is null",
            user.id,
            now
        )?;
        tx.commit().await?;
        Ok(Redeemed::By(user, row.return_to))
    }

    /// Forgets what has ended; how many.
    pub async fn delete_expired(&self) -> Result<u64> {
        on!(self.db.writer(), run, "delete from email_links where expires_at <= $1", self.db.now())
    }
}
