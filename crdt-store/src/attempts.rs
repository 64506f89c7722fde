//! Sign-ins that were begun here and go on at the identity provider.
//!
//! An attempt is of one browser, ends after minutes, and is taken once: what comes back from the provider a second
//! time, late, or by another browser finds nothing.

use time::OffsetDateTime;

use crate::db::Db;
use crate::db::at::{At, cut};
use crate::error::Result;

/// An attempt to be remembered.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// SHA-256 of the state that travels through the provider.
    pub state_hash: Vec<u8>,
    /// SHA-256 of the cookie of the browser.
    pub browser_hash: Vec<u8>,
    /// What the provider has to repeat in its token.
    pub nonce: String,
    /// What proves at the token endpoint who began (RFC 7636).
    pub verifier: String,
    /// Where the person was going: a path of ours.
    pub return_to: String,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// What is left of an attempt when the person comes back.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    /// What the provider has to repeat in its token.
    pub nonce: String,
    /// What proves at the token endpoint who began.
    pub verifier: String,
    /// Where the person was going.
    pub return_to: String,
}

/// The attempts that are under way. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Attempts {
    db: Db,
}

impl Attempts {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Remembers one.
    pub async fn create(&self, attempt: &NewAttempt) -> Result<()> {
        on!(
            self.db.writer(),
            run,
            "insert into sign_in_attempts (state_hash, browser_hash, nonce, verifier, return_to, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            &attempt.state_hash,
            &attempt.browser_hash,
            &attempt.nonce,
            &attempt.verifier,
            &attempt.return_to,
            self.db.now(),
            At(cut(attempt.expires_at))
        )?;
        Ok(())
    }

    /// Takes the attempt of that state and browser, unless it has ended.
    pub async fn take(&self, state_hash: &[u8], browser_hash: &[u8]) -> Result<Option<Attempt>> {
        on!(
            self.db.writer(),
            maybe Attempt,
            "delete from sign_in_attempts where state_hash = $1 and browser_hash = $2 and expires_at > $3
             returning nonce, verifier, return_to",
            state_hash,
            browser_hash,
            self.db.now()
        )
    }

    /// Forgets what has ended; how many.
    pub async fn delete_expired(&self) -> Result<u64> {
        on!(self.db.writer(), run, "delete from sign_in_attempts where expires_at <= $1", self.db.now())
    }
}
