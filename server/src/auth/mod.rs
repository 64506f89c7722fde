//! Who is it: an identity provider, links in mails, cookie logins and signed tokens, and the judgement of sockets.
//!
//! People come in by [`entry`] (from the provider), by [`email`] (a mailed link) or as a demo person; all three end in
//! [`Auth::sign_in`], which makes a login.
//! [`Auth`] is one per node. Features ask it through the extractors [`Who`] and [`MaybeWho`]; the live engine
//! through [`crate::access::Judge`], which it implements; `documents::socket` asks [`Auth::socket_login`] once
//! per socket. Secrets are made by the operating system's generator and stored only as hashes.

mod email;
mod entry;
mod judge;
mod login;
pub mod oidc;
mod person;
mod return_to;
pub mod room;
mod seal;
mod secret;
pub mod token;

use std::sync::Arc;

use crdt_store::{Db, StoreError};
use ring::rand::{SecureRandom, SystemRandom};

pub use email::Used;
pub use entry::{Answer, Ended, Refusal};
pub use login::{COOKIE, ForeignOrigin};
pub use oidc::is_address;
pub use person::{MaybeWho, Who};
pub use return_to::ReturnTo;

use crate::{
    access::Guard,
    config::{Clock, Config},
    http::origin::Origins,
};

/// Where the key of tokens lies in the database's settings.
const TOKEN_KEY: &str = "token_key";

/// Why the node can't tell who is who.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the operating system gives no random numbers")]
    NoRandomness,
    #[error(transparent)]
    Provider(#[from] oidc::Down),
    #[error("the token key in the database's settings is too short to be one")]
    BadKey,
}

/// Shared by clone.
#[derive(Clone, Debug)]
pub struct Auth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    guard: Guard,
    key: token::TokenKey,
    origins: Origins,
    random: SystemRandom,
    clock: Clock,
    demo: bool,
    open: bool,
    secure: bool,
    provider: Option<oidc::Provider>,
}

impl Auth {
    /// Reads the key of tokens from the database, or makes one.
    pub async fn open(config: &Config, db: &Db) -> Result<Self, AuthError> {
        Ok(Self(Arc::new(Inner {
            db: db.clone(),
            guard: Guard::new(db.clone(), config.clock),
            key: token_key(db).await?,
            origins: Origins::new(config.public_url.as_deref()),
            random: SystemRandom::new(),
            clock: config.clock,
            demo: config.demo,
            open: config.open,
            secure: config.is_secure(),
            provider: provider(config)?,
        })))
    }

    /// Whether demo people may sign in with one press.
    pub fn is_demo(&self) -> bool {
        self.0.demo
    }

    /// Knows which pages are our own.
    pub fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Signs and verifies tokens.
    pub fn token_key(&self) -> &token::TokenKey {
        &self.0.key
    }

    /// Looks up rights.
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// The identity provider, where one is configured.
    pub fn provider(&self) -> Option<&oidc::Provider> {
        self.0.provider.as_ref()
    }

    /// What the store counts something by, so that it holds no address: a mark of these words.
    pub fn throttle_key(&self, words: &[&str]) -> Vec<u8> {
        self.0.key.mark(words)
    }

    fn now(&self) -> time::OffsetDateTime {
        (self.0.clock)()
    }
}

fn provider(config: &Config) -> Result<Option<oidc::Provider>, oidc::Down> {
    let (Some(settings), Some(site)) = (&config.oidc, &config.public_url) else { return Ok(None) };
    oidc::Provider::new(settings.clone(), site).map(Some)
}

/// The key of tokens; of several nodes that start at once, all get the same.
pub async fn token_key(db: &Db) -> Result<token::TokenKey, AuthError> {
    let mut fresh = [0_u8; 32];
    SystemRandom::new().fill(&mut fresh).map_err(|_| AuthError::NoRandomness)?;
    let bytes = db.settings().get_or_create(TOKEN_KEY, &fresh).await?;
    token::TokenKey::new(&bytes).ok_or(AuthError::BadKey)
}
