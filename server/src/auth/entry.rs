//! Whom an identity provider has sent, and whether they are let in.
//!
//! An attempt belongs to one browser (a cookie that is made for it) and is good once. An account is found by issuer and
//! subject. Who is new gets an account by the address that the provider vouches for; where an account has that address
//! already, its owner confirms by a mailed link, in the same browser, before the two are connected.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crdt_store::{
    StoreError, UserId,
    attempts::NewAttempt,
    email_links::Purpose,
    identities::{Met, Subject},
    users::{NewUser, Role, User, UserChange},
};
use ring::{digest, rand::SecureRandom};
use time::Duration;

use super::{
    Auth, AuthError,
    login::hash,
    oidc::{Attempt, Failure, Profile, Provider, Signed},
    return_to::ReturnTo,
};
use crate::{
    config::Others,
    http::Language,
    mail::{Letter, Mail, To},
};

/// Tells one browser from another while it signs in.
const COOKIE: &str = "unisson_attempt";
const COOKIE_BYTES: usize = 32;
/// As long as a person takes at the provider, or until they have read their mail.
const LASTS: Duration = Duration::minutes(15);
/// Merges that are mailed for one address within [`LASTS`].
const MERGES: i64 = 5;
const LANGUAGE: Language = Language::Fr;

/// Why somebody is not let in, as the sign-in page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The person, or the provider, said no.
    ProviderRefused,
    /// The provider can't be reached, or makes no sense.
    ProviderDown,
    /// The attempt is over, was used, or is another browser's.
    StateUnknown,
    /// What the provider signed does not hold.
    TokenInvalid,
    /// The account is suspended.
    NotAllowed,
    /// The provider knows them, and they have no account here and get none.
    NoAccount,
    /// The provider does not vouch for an address.
    EmailUnverified,
    /// An account has the address: a link is on its way to confirm it.
    MergeSent,
    /// An account has the address, and no link can be sent.
    MergeUnavailable,
    /// Too many have come from their address.
    TooOften,
    /// Our own database is away.
    Unavailable,
}

impl Refusal {
    pub fn code(self) -> &'static str {
        match self {
            Self::ProviderRefused => "provider-refused",
            Self::ProviderDown => "provider-down",
            Self::StateUnknown => "state-unknown",
            Self::TokenInvalid => "token-invalid",
            Self::NotAllowed => "not-allowed",
            Self::NoAccount => "no-account",
            Self::EmailUnverified => "email-unverified",
            Self::MergeSent => "merge-sent",
            Self::MergeUnavailable => "merge-unavailable",
            Self::TooOften => "too-often",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        tracing::warn!(error = %failure, "a sign-in failed at the identity provider");
        match failure {
            Failure::Down(_) => Self::ProviderDown,
            Failure::Untrue(_) | Failure::Code(_) => Self::TokenInvalid,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a sign-in failed in the store");
        Self::Unavailable
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        tracing::error!(%error, "a sign-in failed");
        Self::Unavailable
    }
}

/// What the provider sent back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    pub iss: Option<String>,
}

/// How a sign-in ended, and where the person was going.
#[derive(Debug)]
pub struct Ended {
    pub return_to: ReturnTo,
    /// The login cookie, or why there is none.
    pub outcome: Result<Cookie<'static>, Refusal>,
}

impl Auth {
    /// Begins a sign-in at the provider: where to go, and the cookie of the browser.
    pub async fn begin(
        &self,
        provider: &Provider,
        headers: &HeaderMap,
        return_to: &ReturnTo,
    ) -> Result<(String, Cookie<'static>), Refusal> {
        let (state, nonce, verifier) = (self.word()?, self.word()?, self.word()?);
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let language = Language::accepted(headers).unwrap_or(LANGUAGE).tag();
        let attempt = Attempt { state: &state, nonce: &nonce, challenge: &challenge };
        let address = provider.begin(attempt, language, self.now()).await.map_err(Failure::Down)?;
        // Several tabs of one browser are several attempts.
        let browser = match browser(headers) {
            Some(browser) => browser,
            None => self.random::<COOKIE_BYTES>()?.to_vec(),
        };
        let attempt = NewAttempt {
            state_hash: hash(state.as_bytes()),
            browser_hash: hash(&browser),
            nonce,
            verifier,
            return_to: return_to.as_str().to_owned(),
            expires_at: self.now() + LASTS,
        };
        self.0.db.attempts().create(&attempt).await?;
        Ok((address.into(), self.browser_cookie(&browser)))
    }

    /// Ends a sign-in that comes back from the provider.
    pub async fn finish(&self, provider: &Provider, mail: &Mail, headers: &HeaderMap, answer: &Answer) -> Ended {
        let mut ended = Ended { return_to: ReturnTo::default(), outcome: Err(Refusal::StateUnknown) };
        ended.outcome = self.entered(provider, mail, headers, answer, &mut ended.return_to).await;
        ended
    }

    async fn entered(
        &self,
        provider: &Provider,
        mail: &Mail,
        headers: &HeaderMap,
        answer: &Answer,
        return_to: &mut ReturnTo,
    ) -> Result<Cookie<'static>, Refusal> {
        let (Some(state), Some(browser)) = (&answer.state, browser(headers)) else {
            return Err(Refusal::StateUnknown);
        };
        let attempt = self.0.db.attempts().take(&hash(state.as_bytes()), &hash(&browser)).await?;
        let attempt = attempt.ok_or(Refusal::StateUnknown)?;
        *return_to = ReturnTo::new(Some(&attempt.return_to));
        let now = self.now();
        if !provider.is_from_here(answer.iss.as_deref(), now).await.map_err(Failure::Down)? {
            tracing::warn!("an answer to a sign-in names another issuer");
            return Err(Refusal::TokenInvalid);
        }
        match (answer.error.as_deref(), &answer.code) {
            (Some("server_error" | "temporarily_unavailable"), _) => Err(Refusal::ProviderDown),
            (Some(_), _) | (None, None) => Err(Refusal::ProviderRefused),
            (None, Some(code)) => {
                let Signed { profile, id_token } =
                    provider.finish(code, &attempt.verifier, &attempt.nonce, now).await?;
                let user = self.account(provider, mail, headers, &profile, &browser, return_to).await?;
                match self.sign_in_by_provider(&user, headers, &id_token).await {
                    // Suspended a moment ago.
                    Err(AuthError::Store(StoreError::NotFound { .. })) => Err(Refusal::NotAllowed),
                    signed_in => Ok(signed_in?),
                }
            }
        }
    }

    /// The account of somebody the provider has signed for.
    async fn account(
        &self,
        provider: &Provider,
        mail: &Mail,
        headers: &HeaderMap,
        profile: &Profile,
        browser: &[u8],
        return_to: &ReturnTo,
    ) -> Result<User, Refusal> {
        let who = Subject { issuer: provider.settings().issuer.clone(), subject: profile.subject.clone() };
        let identities = self.0.db.identities();
        let meet = || identities.meet(&who, profile.email.as_deref(), profile.verified_email());
        let met = match meet().await? {
            Met::Nobody => match self.newcomer(provider, headers, profile, &who).await {
                // The same person came twice at once.
                Err(NewcomerError::Store(error)) if error.is_conflict() => meet().await?,
                Err(NewcomerError::Store(error)) => return Err(error.into()),
                Err(NewcomerError::Refused(refusal)) => return Err(refusal),
                Ok(user) => Met::Known(user),
            },
            met => met,
        };
        match met {
            Met::Known(user) | Met::SameAddress(user) if user.suspended_at.is_some() => Err(Refusal::NotAllowed),
            Met::Known(user) => Ok(user),
            Met::SameAddress(user) => Err(self.ask_to_merge(provider, mail, &user, who, browser, return_to).await?),
            Met::Nobody => Err(Refusal::EmailUnverified),
        }
    }

    async fn newcomer(
        &self,
        provider: &Provider,
        headers: &HeaderMap,
        profile: &Profile,
        who: &Subject,
    ) -> Result<User, NewcomerError> {
        let email = profile.verified_email().ok_or(NewcomerError::Refused(Refusal::EmailUnverified))?;
        let role = match (provider.settings().is_agent(email), provider.settings().others) {
            (true, _) => Role::Agent,
            (false, Others::Outsiders) => Role::Outsider,
            (false, Others::Refused) => return Err(NewcomerError::Refused(Refusal::NoAccount)),
        };
        let local = email.split('@').next().unwrap_or_default();
        let user = NewUser {
            id: UserId::fresh(),
            name: profile.name.clone().unwrap_or_else(|| local.to_owned()),
            email: Some(email.to_owned()),
            role,
            language: Language::accepted(headers).unwrap_or(LANGUAGE).tag().to_owned(),
        };
        let user = self.0.db.identities().create(who, &user).await.map_err(NewcomerError::Store)?;
        if profile.service.is_none() {
            return Ok(user);
        }
        let change = UserChange { service: Some(profile.service.clone()), ..UserChange::default() };
        self.0.db.users().change(user.id, &change).await.map_err(NewcomerError::Store)
    }

    async fn ask_to_merge(
        &self,
        provider: &Provider,
        mail: &Mail,
        user: &User,
        who: Subject,
        browser: &[u8],
        return_to: &ReturnTo,
    ) -> Result<Refusal, Refusal> {
        let Some(email) = user.email.as_deref().filter(|_| mail.is_on()) else {
            return Ok(Refusal::MergeUnavailable);
        };
        let key = self.throttle_key(&["merge", email]);
        if self.0.db.throttles().count(&key, LASTS).await? <= MERGES {
            let name = &provider.settings().name;
            let letter = |link: &str| {
                mail.write(&Letter::Merge { provider: name, link }, To { email, language: &user.language })
            };
            let purpose = Purpose::Merge(who, hash(browser));
            self.mail_link(mail, user.id, purpose, return_to, letter).await?;
        }
        Ok(Refusal::MergeSent)
    }

    /// The hash of the cookie of a browser that is signing in.
    pub(super) fn browser_hash(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        browser(headers).map(|browser| hash(&browser))
    }

    /// 32 random bytes in 43 letters.
    pub(super) fn word(&self) -> Result<String, AuthError> {
        Ok(URL_SAFE_NO_PAD.encode(self.random::<32>()?))
    }

    pub(super) fn random<const N: usize>(&self) -> Result<[u8; N], AuthError> {
        let mut bytes = [0_u8; N];
        self.0.random.fill(&mut bytes).map_err(|_| AuthError::NoRandomness)?;
        Ok(bytes)
    }

    fn browser_cookie(&self, browser: &[u8]) -> Cookie<'static> {
        Cookie::build((COOKIE, URL_SAFE_NO_PAD.encode(browser)))
            .path("/auth")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.0.secure)
            // Beyond the last link that could be mailed for it.
            .max_age(LASTS * 2)
            .build()
    }
}

enum NewcomerError {
    Refused(Refusal),
    Store(StoreError),
}

fn browser(headers: &HeaderMap) -> Option<Vec<u8>> {
    let jar = CookieJar::from_headers(headers);
    URL_SAFE_NO_PAD.decode(jar.get(COOKIE)?.value()).ok().filter(|bytes| bytes.len() == COOKIE_BYTES)
}
