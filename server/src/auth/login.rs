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
use ring::digest;
use time::Duration;

use super::{Auth, AuthError, seal};
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
/// For the provider to say where a sign-in is ended.
const PROVIDER_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);
const USER_AGENT_CHARS: usize = 200;

/// A socket that another site's page opened in this person's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the socket was opened by another site's page")]
pub struct ForeignOrigin;

impl Auth {
    /// Signs a person in: the cookie to set. `headers` are the request's.
    pub async fn sign_in(&self, user: &User, headers: &HeaderMap) -> Result<Cookie<'static>, AuthError> {
        self.signed_in(user, headers, None).await
    }

    /// Signs a person in who comes from the identity provider, with the token that is shown there in the end.
    pub(super) async fn sign_in_by_provider(
        &self,
        user: &User,
        headers: &HeaderMap,
        id_token: &str,
    ) -> Result<Cookie<'static>, AuthError> {
        self.signed_in(user, headers, Some(id_token)).await
    }

    async fn signed_in(
        &self,
        user: &User,
        headers: &HeaderMap,
        id_token: Option<&str>,
    ) -> Result<Cookie<'static>, AuthError> {
        let secret = self.random::<SECRET_BYTES>()?;
        let id_token = id_token.map(|token| seal::seal(&secret, token, &self.0.random)).transpose()?;
        self.sign_out(headers).await?;
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let login = NewLogin {
            id: LoginId::fresh(),
            user_id: user.id,
            secret_hash: hash(&secret),
            expires_at: self.now() + IDLE,
            user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_CHARS).collect()),
        };
        self.0.db.logins().create_by_provider(login, id_token.as_deref()).await?;
        metrics::counter!("unisson_logins_total").increment(1);
        Ok(self.cookie(URL_SAFE_NO_PAD.encode(secret), ABSOLUTE))
    }

    /// Ends the login that the request came with, here and at the provider: the cookie that clears it, and where the
    /// browser goes so that the sign-in ends there as well.
    pub async fn end(&self, headers: &HeaderMap) -> Result<(Cookie<'static>, Option<String>), StoreError> {
        let mut address = None;
        if let (Some(provider), Some(secret)) = (self.provider(), secret(headers))
            && let Some((login, _)) = self.0.db.logins().by_secret_hash(&hash(&secret)).await?
            && let Some(sealed) = self.0.db.logins().id_token(login.id).await?
            && let Some(token) = seal::open(&secret, &sealed)
        {
            // Ending here does not wait for a provider that is away.
            address = match tokio::time::timeout(PROVIDER_PATIENCE, provider.ending(&token, self.now())).await {
                Ok(Ok(address)) => address.map(String::from),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a sign-in could not be ended at the identity provider");
                    None
                }
                Err(_) => None,
            };
        }
        Ok((self.sign_out(headers).await?, address))
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

    /// Removes logins, attempts, links and counts that have ended; how many.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let db = &self.0.db;
        let signing_in = db.attempts().delete_expired().await? + db.email_links().delete_expired().await?;
        Ok(signing_in + db.throttles().delete_expired().await? + db.logins().delete_expired().await?)
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

fn secret(headers: &HeaderMap) -> Option<Vec<u8>> {
    let jar = CookieJar::from_headers(headers);
    let secret = URL_SAFE_NO_PAD.decode(jar.get(COOKIE)?.value()).ok()?;
    (secret.len() == SECRET_BYTES).then_some(secret)
}

fn secret_hash(headers: &HeaderMap) -> Option<Vec<u8>> {
    secret(headers).map(|secret| hash(&secret))
}

pub(super) fn hash(secret: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use crdt_store::{
        Db, DbOptions, UserId,
        users::{NewUser, Role},
    };
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::config::{Config, Layer};

    static AHEAD_SECONDS: AtomicI64 = AtomicI64::new(0);

    fn clock() -> OffsetDateTime {
        OffsetDateTime::now_utc() + Duration::seconds(AHEAD_SECONDS.load(Ordering::Relaxed))
    }

    fn wait(for_long: Duration) {
        AHEAD_SECONDS.fetch_add(for_long.whole_seconds(), Ordering::Relaxed);
    }

    #[tokio::test]
    async fn a_login_ends_a_week_after_it_was_used_and_a_month_after_it_was_made() {
        let file = std::env::temp_dir().join(format!("unisson-login-{}.sqlite", Uuid::now_v7()));
        let database = format!("sqlite:{}", file.display());
        let db = Db::open(&database, DbOptions { clock, ..DbOptions::default() }).await.unwrap();
        db.migrate().await.unwrap();
        let layer = Layer { database: Some(database), ..Layer::default() };
        let config = Config { clock, ..Config::from_layer(layer).unwrap() };
        let auth = Auth::open(&config, &db).await.unwrap();
        let new = NewUser {
            id: UserId::fresh(),
            name: "Awa".to_owned(),
            email: None,
            role: Role::Agent,
            language: "fr".to_owned(),
        };
        let awa = db.users().create(new).await.unwrap();
        let bearing = |cookie: &Cookie<'_>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, format!("{}={}", cookie.name(), cookie.value()).parse().unwrap());
            headers
        };
        let is_in = async |headers: &HeaderMap| auth.principal(headers).await.unwrap().is_some();

        let idle = bearing(&auth.sign_in(&awa, &HeaderMap::new()).await.unwrap());
        let used = bearing(&auth.sign_in(&awa, &HeaderMap::new()).await.unwrap());
        for week in 1..=4 {
            wait(Duration::days(7) - Duration::hours(1));
            assert!(is_in(&used).await, "week {week}");
        }
        assert!(!is_in(&idle).await, "nobody has used it for a week");
        wait(Duration::days(2) + Duration::hours(3));
        assert!(is_in(&used).await, "in the last hours of its month");
        wait(Duration::hours(2));
        assert!(!is_in(&used).await, "a month is over, however much it was used");

        let first = bearing(&auth.sign_in(&awa, &HeaderMap::new()).await.unwrap());
        let second = bearing(&auth.sign_in(&awa, &first).await.unwrap());
        assert_ne!(first[header::COOKIE], second[header::COOKIE]);
        assert!(!is_in(&first).await && is_in(&second).await, "signing in ends what the browser came with");
        assert_eq!(auth.sweep().await.unwrap(), 2);
        db.close().await;
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
    }
}
