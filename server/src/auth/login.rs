//! Cookie logins: 32 random bytes in a cookie that scripts can't read, and their SHA-256 in the database.
//!
//! A login ends [`IDLE`] after it was last used and [`ABSOLUTE`] after it was made. Signing in always makes a new
//! secret and ends the login that the browser came with, so a planted cookie is worth nothing.

use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crdt_store::{
    LoginId, StoreError,
    logins::{Login, NewLogin},
    users::User,
};
use ring::{digest, rand::SecureRandom};
use time::Duration;

use super::{Auth, AuthError};
use crate::{
    access::{Means, Principal},
    http::origin::Origin,
};

/// The cookie's name.
pub const COOKIE: &str = "unisson_login";

const SECRET_BYTES: usize = 32;
const IDLE: Duration = Duration::days(7);
const ABSOLUTE: Duration = Duration::days(30);
/// A login in use is noted down at most this often.
const TOUCH_EVERY: Duration = Duration::minutes(10);
const USER_AGENT_CHARS: usize = 200;

/// A socket that another site's page opened in this person's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the socket was opened by another site's page")]
pub struct ForeignOrigin;

impl Auth {
    /// Signs a person in: the cookie to set. `headers` are the request's.
    pub async fn sign_in(&self, user: &User, headers: &HeaderMap) -> Result<Cookie<'static>, AuthError> {
        let mut secret = [0_u8; SECRET_BYTES];
        self.0.random.fill(&mut secret).map_err(|_| AuthError::NoRandomness)?;
        self.sign_out(headers).await?;
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let login = NewLogin {
            id: LoginId::fresh(),
            user_id: user.id,
            secret_hash: hash(&secret),
            expires_at: self.now() + IDLE,
            user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_CHARS).collect()),
        };
        self.0.db.logins().create(login).await?;
        metrics::counter!("unisson_logins_total").increment(1);
        Ok(self.cookie(URL_SAFE_NO_PAD.encode(secret), ABSOLUTE))
    }

    /// Ends the login that the request came with, if any: the cookie that clears it.
    pub async fn sign_out(&self, headers: &HeaderMap) -> Result<Cookie<'static>, StoreError> {
        if let Some(hash) = secret_hash(headers)
            && let Some((login, _)) = self.0.db.logins().by_secret_hash(&hash).await?
        {
            self.0.db.logins().delete(login.id).await?;
        }
        Ok(self.cookie(String::new(), Duration::ZERO))
    }

    /// Whoever is signed in by the request's cookie.
    pub async fn principal(&self, headers: &HeaderMap) -> Result<Option<Principal>, StoreError> {
        let Some(hash) = secret_hash(headers) else { return Ok(None) };
        let Some((login, user)) = self.0.db.logins().by_secret_hash(&hash).await? else { return Ok(None) };
        if !self.keep(&login).await {
            return Ok(None);
        }
        Ok(Some(Principal {
            id: Some(user.id),
            name: user.name,
            role: user.role,
            language: user.language,
            means: Means::Login(login.id),
        }))
    }

    /// Like [`Auth::principal`], for a socket: the cookie counts only if the page that opened it is our own, or
    /// if no browser is behind it.
    pub async fn socket_login(
        &self,
        headers: &HeaderMap,
    ) -> Result<Result<Option<Principal>, ForeignOrigin>, StoreError> {
        if self.0.origins.of(headers) == Origin::Foreign {
            // Without a cookie there is nothing to borrow: such a page brings a token, or the server is open.
            let borrowed = CookieJar::from_headers(headers).get(COOKIE).is_some();
            return Ok(if borrowed { Err(ForeignOrigin) } else { Ok(None) });
        }
        self.principal(headers).await.map(Ok)
    }

    /// Tells the bearers of one login cookie from those of another, without asking the database. Like
    /// [`Auth::socket_login`], it refuses a page of another site that borrows a cookie.
    pub fn socket_mark(&self, headers: &HeaderMap) -> Result<Option<Vec<u8>>, ForeignOrigin> {
        let mark = secret_hash(headers);
        match self.0.origins.of(headers) {
            Origin::Foreign if CookieJar::from_headers(headers).get(COOKIE).is_some() => Err(ForeignOrigin),
            _ => Ok(mark),
        }
    }

    /// Removes logins that have ended; how many.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.0.db.logins().delete_expired().await
    }

    /// Lengthens a login in use, within its absolute end. False once that is over.
    async fn keep(&self, login: &Login) -> bool {
        let now = self.now();
        let end = login.created_at + ABSOLUTE;
        if now >= end {
            return false;
        }
        if now - login.last_seen_at >= TOUCH_EVERY {
            // A login that can't be lengthened just now is still a login.
            if let Err(error) = self.0.db.logins().touch(login.id, (now + IDLE).min(end)).await {
                tracing::warn!(error = %error, "a login in use could not be noted down");
            }
        }
        true
    }

    fn cookie(&self, value: String, max_age: Duration) -> Cookie<'static> {
        Cookie::build((COOKIE, value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.0.secure)
            .max_age(max_age)
            .build()
    }
}

fn secret_hash(headers: &HeaderMap) -> Option<Vec<u8>> {
    let jar = CookieJar::from_headers(headers);
    let secret = URL_SAFE_NO_PAD.decode(jar.get(COOKIE)?.value()).ok()?;
    (secret.len() == SECRET_BYTES).then(|| hash(&secret))
}

fn hash(secret: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret).as_ref().to_vec()
}
