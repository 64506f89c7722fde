//! Signing in by an identity provider: OpenID Connect, code flow with PKCE (RFC 6749, RFC 7636, OpenID Connect Core).
//!
//! [`Provider::begin`] sends the browser away; [`Provider::finish`] turns what comes back into a [`Profile`] that the
//! provider has signed for. Who that is here, [`super::entry`] decides. Why this is not a library's:
//! docs/adr/0012-own-openid-connect.md.

mod discovery;
mod jwt;
mod profile;

use reqwest::{Url, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::config::{Oidc, Secret};

use discovery::{Directory, Known, body, unreachable};
use jwt::Expected;

pub use discovery::Down;
pub use jwt::Untrue;
pub use profile::{Profile, is_address};

/// Where the provider sends people back to.
pub const CALLBACK: &str = "/auth/oidc/callback";

/// Why a sign-in did not come to an end at the provider.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Down(#[from] Down),
    #[error("the provider's token is not believed: {0}")]
    Untrue(#[from] Untrue),
    #[error("the provider refuses the code: {0}")]
    Code(String),
}

/// The secrets of one attempt, in text.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    /// SHA-256 of the verifier, in base64 (RFC 7636, S256).
    pub challenge: &'a str,
}

/// What came of a sign-in.
#[derive(Debug)]
pub struct Signed {
    pub profile: Profile,
    /// To be shown to the provider when the login ends.
    pub id_token: String,
}

/// The provider that is configured.
#[derive(Debug)]
pub struct Provider {
    settings: Oidc,
    directory: Directory,
    /// The address people type.
    site: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
}

#[derive(Deserialize)]
struct TokenError {
    error: String,
}

impl Provider {
    pub fn new(settings: Oidc, site: &str) -> Result<Self, Down> {
        let directory = Directory::new(&settings.issuer)?;
        Ok(Self { settings, directory, site: site.to_owned() })
    }

    pub fn settings(&self) -> &Oidc {
        &self.settings
    }

    /// Whether the provider can be asked: its description and its keys, for who looks after the instance.
    pub async fn check(&self, now: OffsetDateTime) -> Result<(), Down> {
        self.directory.known(now).await.map(|_| ())
    }

    /// Where to send a browser that begins.
    pub async fn begin(&self, attempt: Attempt<'_>, language: &str, now: OffsetDateTime) -> Result<Url, Down> {
        let known = self.directory.known(now).await?;
        let mut address = known.metadata.authorization_endpoint.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.callback())
            .append_pair("scope", &self.settings.scopes)
            .append_pair("state", attempt.state)
            .append_pair("nonce", attempt.nonce)
            .append_pair("code_challenge", attempt.challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("ui_locales", language);
        Ok(address)
    }

    /// Whether an answer names the provider that was asked (RFC 9207): against one that stands in for another.
    pub async fn is_from_here(&self, issuer: Option<&str>, now: OffsetDateTime) -> Result<bool, Down> {
        let known = self.directory.known(now).await?;
        Ok(match issuer {
            Some(issuer) => issuer == self.settings.issuer,
            None => !known.metadata.authorization_response_iss_parameter_supported,
        })
    }

    /// Changes the code for tokens, checks them, and asks who it is.
    pub async fn finish(
        &self,
        code: &str,
        verifier: &str,
        nonce: &str,
        now: OffsetDateTime,
    ) -> Result<Signed, Failure> {
        let mut known = self.directory.known(now).await?;
        let tokens = self.exchange(&known, code, verifier).await?;
        let mut claims = known.keys.read(&tokens.id_token);
        // The same name may stand for a new key, or no key may have a name.
        if matches!(claims, Err(Untrue::NoKey | Untrue::Signature)) {
            known = self.directory.with_new_keys(&known, now).await?;
            claims = known.keys.read(&tokens.id_token);
        }
        let claims = claims?;
        jwt::check_id_token(&claims, self.expected(now), nonce, &tokens.access_token)?;
        let told = self.userinfo(&known, &tokens.access_token, now).await?;
        if told.as_ref().is_some_and(|told| told.get("sub") != claims.get("sub")) {
            return Err(Untrue::Subject.into());
        }
        let profile = Profile::of(&claims, &told.unwrap_or_default(), self.settings.trust_email);
        Ok(Signed { profile: profile.ok_or(Untrue::Subject)?, id_token: tokens.id_token })
    }

    /// Where a browser goes so that the sign-in ends at the provider as well, if it can be told.
    pub async fn ending(&self, id_token: &str, now: OffsetDateTime) -> Result<Option<Url>, Down> {
        let known = self.directory.known(now).await?;
        let Some(mut address) = known.metadata.end_session_endpoint.clone() else { return Ok(None) };
        address
            .query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", &format!("{}/", self.site));
        Ok(Some(address))
    }

    fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.site)
    }

    fn expected(&self, now: OffsetDateTime) -> Expected<'_> {
        let Oidc { issuer, client_id, .. } = &self.settings;
        Expected { issuer, client_id, now: now.unix_timestamp() as f64 }
    }

    async fn exchange(&self, known: &Known, code: &str, verifier: &str) -> Result<Tokens, Failure> {
        let callback = self.callback();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback.as_str()),
            ("code_verifier", verifier),
        ];
        let address = &known.metadata.token_endpoint;
        let mut asking = self.directory.client().post(address.clone()).header(header::ACCEPT, "application/json");
        let methods = known.metadata.token_endpoint_auth_methods_supported.as_deref();
        let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|one| one == method));
        match &self.settings.client_secret {
            None => form.push(("client_id", &self.settings.client_id)),
            // In the body only where the header is not taken; the header is what a provider that says nothing takes.
            Some(Secret(secret)) if takes("client_secret_post") && !takes("client_secret_basic") => {
                form.push(("client_id", &self.settings.client_id));
                form.push(("client_secret", secret));
            }
            Some(Secret(secret)) => {
                asking = asking.basic_auth(form_encoded(&self.settings.client_id), Some(form_encoded(secret)));
            }
        }
        let response = asking.form(&form).send().await.map_err(|error| unreachable(address, &error))?;
        let status = response.status();
        let body = body(response).await?;
        if status.is_success() {
            let tokens = serde_json::from_slice(&body);
            return tokens.map_err(|_| Failure::Code("it answers with no ID token".to_owned()));
        }
        match serde_json::from_slice::<TokenError>(&body) {
            Ok(TokenError { error }) if error == "invalid_grant" => Err(Failure::Code(error)),
            // Whatever else is wrong is wrong with how the two know each other, not with the person.
            Ok(TokenError { error }) => {
                let word: String = error.chars().filter(char::is_ascii_graphic).take(40).collect();
                Err(Down(format!("{address} answers {}: {word}", status.as_u16())).into())
            }
            Err(_) => Err(Down(format!("{address} answers {}", status.as_u16())).into()),
        }
    }

    /// What the provider tells of the person, as JSON or as a signed token, if it tells anything.
    async fn userinfo(
        &self,
        known: &Known,
        access_token: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Map<String, Value>>, Failure> {
        let Some(address) = &known.metadata.userinfo_endpoint else { return Ok(None) };
        let asking = self.directory.client().get(address.clone()).bearer_auth(access_token);
        let response = asking.send().await.map_err(|error| unreachable(address, &error))?;
        if !response.status().is_success() {
            return Err(Down(format!("{address} answers {}", response.status().as_u16())).into());
        }
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_signed = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/jwt"));
        let body = body(response).await?;
        if !is_signed {
            return serde_json::from_slice(&body).map(Some).map_err(|_| Untrue::Malformed.into());
        }
        let token = String::from_utf8(body).map_err(|_| Untrue::Malformed)?;
        let claims = match known.keys.read(&token) {
            Err(Untrue::NoKey | Untrue::Signature) => self.directory.with_new_keys(known, now).await?.keys.read(&token),
            claims => claims,
        }?;
        jwt::check_userinfo(&claims, self.expected(now))?;
        Ok(Some(claims))
    }
}

/// Client id and secret are form-encoded before they are put together (RFC 6749, 2.3.1).
fn form_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_as_the_standard_wants() {
        assert_eq!(form_encoded("unisson:a b/é+"), "unisson%3Aa+b%2F%C3%A9%2B");
    }
}
