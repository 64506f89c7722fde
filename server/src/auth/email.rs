//! Signing in by a link in a mail, for people whom no provider knows.
//!
//! The link's secret stands behind the `#` of its address, so that no log of a server or a proxy holds it, and only its
//! hash is kept. Whoever asks for a link gets the same answer, whether there is such an account or not.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::Cookie;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crdt_store::{
    StoreError, UserId,
    email_links::{NewLink, Purpose, Redeemed},
    mails::NewMail,
    users::{NewUser, Role, User},
};
use time::Duration;

use super::{Auth, AuthError, login::hash, oidc::is_address, return_to::ReturnTo};
use crate::{
    http::Language,
    mail::{Letter, Mail, To},
};

/// How long a link is good.
const LASTS: Duration = Duration::minutes(15);
/// Links that are mailed to one address within that time.
const LINKS: i64 = 5;
/// The page that a link opens; what follows the `#` stays in the browser.
const PAGE: &str = "/sign-in/link#";

/// What using a link came to.
#[derive(Debug)]
pub enum Used {
    /// Signed in: the login cookie, and where they were going.
    In(Cookie<'static>, ReturnTo),
    /// Used, over, or never there.
    Gone,
    /// To be used in the browser that came from the provider.
    OtherBrowser,
}

impl Auth {
    /// Mails what somebody needs who asks for a link: the link, or a word that they sign in by the provider. Nothing to an
    /// address without an account, to who is suspended, or beyond the limit.
    pub async fn mail_sign_in(&self, mail: &Mail, email: &str, return_to: &ReturnTo) -> Result<(), AuthError> {
        let Some(user) = self.0.db.users().by_email(email).await? else { return Ok(()) };
        let Some(email) = user.email.as_deref().filter(|_| user.suspended_at.is_none()) else { return Ok(()) };
        if self.0.db.throttles().count(&self.throttle_key(&["link", email]), LASTS).await? > LINKS {
            return Ok(());
        }
        let to = To { email, language: &user.language };
        if let Some(provider) = self.provider()
            && self.0.db.identities().has(user.id, &provider.settings().issuer).await?
        {
            let page = mail.page("/sign-in");
            let letter = Letter::UseProvider { provider: &provider.settings().name, page: &page };
            self.0.db.mails().put(&mail.write(&letter, to)).await?;
            mail.nudge();
            return Ok(());
        }
        let letter = |link: &str| mail.write(&Letter::SignIn { link }, to);
        self.mail_link(mail, user.id, Purpose::SignIn, return_to, letter).await
    }

    /// Makes a link and puts its letter into the outbox.
    pub(super) async fn mail_link(
        &self,
        mail: &Mail,
        user: UserId,
        purpose: Purpose,
        return_to: &ReturnTo,
        letter: impl FnOnce(&str) -> NewMail,
    ) -> Result<(), AuthError> {
        let (link, secret) = self.link(user, purpose, return_to)?;
        let letter = letter(&mail.page(&format!("{PAGE}{secret}")));
        self.0.db.email_links().create(&link, Some(&letter)).await?;
        mail.nudge();
        Ok(())
    }

    /// A link to sign in with that is mailed to nobody: for whoever has the command line.
    pub async fn link_for(&self, user: UserId) -> Result<String, AuthError> {
        let (link, secret) = self.link(user, Purpose::SignIn, &ReturnTo::default())?;
        self.0.db.email_links().create(&link, None).await?;
        Ok(format!("{PAGE}{secret}"))
    }

    fn link(&self, user_id: UserId, purpose: Purpose, return_to: &ReturnTo) -> Result<(NewLink, String), AuthError> {
        let secret = self.random::<32>()?;
        let link = NewLink {
            secret_hash: hash(&secret),
            user_id,
            purpose,
            return_to: return_to.as_str().to_owned(),
            expires_at: self.now() + LASTS,
        };
        Ok((link, URL_SAFE_NO_PAD.encode(secret)))
    }

    /// Uses a link: signs in, and connects account and identity where it is for that.
    pub async fn redeem(&self, secret: &str, headers: &HeaderMap) -> Result<Used, AuthError> {
        let Some(secret) = URL_SAFE_NO_PAD.decode(secret).ok().filter(|secret| secret.len() == 32) else {
            return Ok(Used::Gone);
        };
        let browser = self.browser_hash(headers);
        let is_agents = |email: &str| self.provider().is_some_and(|provider| provider.settings().is_agent(email));
        let redeemed = self.0.db.email_links().redeem(&hash(&secret), browser.as_deref(), &is_agents).await;
        let (user, return_to) = match redeemed {
            Ok(Redeemed::By(user, return_to)) => (user, return_to),
            Ok(Redeemed::OtherBrowser) => return Ok(Used::OtherBrowser),
            // The identity was connected by another link meanwhile.
            Err(StoreError::Conflict { .. }) | Ok(Redeemed::Gone) => return Ok(Used::Gone),
            Err(error) => return Err(error.into()),
        };
        match self.sign_in(&user, headers).await {
            // Suspended a moment ago.
            Err(AuthError::Store(StoreError::NotFound { .. })) => Ok(Used::Gone),
            signed_in => Ok(Used::In(signed_in?, ReturnTo::new(Some(&return_to)))),
        }
    }

    /// What somebody of that address becomes here who has no account yet: an agent where the configuration names the
    /// domain, else an outsider.
    pub fn role_for_email(&self, email: &str) -> Role {
        let named = self.provider().map(|provider| provider.settings()).filter(|named| !named.agent_domains.is_empty());
        match named.is_some_and(|settings| settings.is_agent(email)) {
            true => Role::Agent,
            false => Role::Outsider,
        }
    }

    /// The account of an address, made where there is none: for who has proven that the address is theirs, as by an
    /// invitation. `name`: what is known of it; else the part before the `@`.
    pub async fn account_for_email(
        &self,
        email: &str,
        name: Option<&str>,
        language: Language,
    ) -> Result<User, AuthError> {
        if !is_address(email.trim()) {
            return Err(StoreError::Unacceptable { what: "email", reason: "not an address" }.into());
        }
        let local = email.trim().split('@').next().unwrap_or_default();
        let user = NewUser {
            id: UserId::fresh(),
            name: name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(local).to_owned(),
            email: Some(email.to_owned()),
            role: self.role_for_email(email),
            language: language.tag().to_owned(),
        };
        Ok(self.0.db.users().for_email(user).await?)
    }
}
