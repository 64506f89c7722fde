//! What a provider says of itself (OpenID Connect Discovery), and its keys: fetched once, refreshed, kept while it is
//! away.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use reqwest::{Client, Response, Url, header};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use time::OffsetDateTime;

use super::jwt::Keys;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);
const BODY_BYTES: usize = 1 << 20;
/// As old as a description may be before it is asked for again.
const FRESH: time::Duration = time::Duration::hours(1);
/// And as old as it may be while the provider does not answer.
const STALE: time::Duration = time::Duration::hours(24);
/// Between two tries then.
const AGAIN: time::Duration = time::Duration::minutes(1);

/// The provider can't be asked, or makes no sense. Holds nothing that a person sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Down(pub(super) String);

/// A provider's description.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    pub issuer: String,
    #[serde(deserialize_with = "address")]
    pub authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    pub token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    pub jwks_uri: Url,
    #[serde(default, deserialize_with = "maybe_address")]
    pub userinfo_endpoint: Option<Url>,
    #[serde(default, deserialize_with = "maybe_address")]
    pub end_session_endpoint: Option<Url>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Its answers name it (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

fn address<'a, D: Deserializer<'a>>(from: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

fn maybe_address<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| Url::parse(&text)).transpose().map_err(serde::de::Error::custom)
}

/// All that is known of a provider.
#[derive(Debug)]
pub(super) struct Known {
    pub metadata: Metadata,
    pub keys: Keys,
    fetched_at: OffsetDateTime,
    look_again_at: OffsetDateTime,
}

/// Asks a provider, and remembers what it said.
#[derive(Debug)]
pub(super) struct Directory {
    issuer: String,
    client: Client,
    known: RwLock<Option<Arc<Known>>>,
}

impl Directory {
    pub fn new(issuer: &str) -> Result<Self, Down> {
        // One provider of cryptography in the whole process; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("unisson/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Down(format!("no client for the identity provider: {}", innermost(&error))))?;
        Ok(Self { issuer: issuer.to_owned(), client, known: RwLock::new(None) })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What is known, asked for where it is not fresh any more.
    pub async fn known(&self, now: OffsetDateTime) -> Result<Arc<Known>, Down> {
        let there = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = &there
            && now < known.look_again_at
        {
            return Ok(known.clone());
        }
        match (self.fetch(now).await, there) {
            (Ok(known), _) => Ok(self.remember(known)),
            (Err(error), Some(old)) if now - old.fetched_at < STALE => {
                tracing::warn!(%error, "the identity provider is not asked again for a minute: what it said before counts");
                let metadata = old.metadata.clone();
                let keys = Keys::clone(&old.keys);
                Ok(self.remember(Known { metadata, keys, fetched_at: old.fetched_at, look_again_at: now + AGAIN }))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// What is known with keys of this moment: the provider may have begun to sign with another one.
    pub async fn with_new_keys(&self, known: &Known, now: OffsetDateTime) -> Result<Arc<Known>, Down> {
        let keys = self.get(&known.metadata.jwks_uri).await?;
        let metadata = known.metadata.clone();
        Ok(self.remember(Known { metadata, keys, fetched_at: known.fetched_at, look_again_at: now + FRESH }))
    }

    fn remember(&self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        known
    }

    async fn fetch(&self, now: OffsetDateTime) -> Result<Known, Down> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|_| Down(format!("{address} is not an address")))?;
        let metadata: Metadata = self.get(&address).await?;
        if metadata.issuer != self.issuer {
            return Err(Down(format!("{address} describes another issuer than oidc.issuer: {:?}", metadata.issuer)));
        }
        let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        let optional = [&metadata.userinfo_endpoint, &metadata.end_session_endpoint].into_iter().flatten();
        for endpoint in endpoints.into_iter().chain(optional) {
            if endpoint.scheme() != address.scheme() && endpoint.scheme() != "https" {
                return Err(Down(format!("{address} names an address without TLS: {endpoint}")));
            }
        }
        let keys = self.get(&metadata.jwks_uri).await?;
        Ok(Known { metadata, keys, fetched_at: now, look_again_at: now + FRESH })
    }

    async fn get<T: DeserializeOwned>(&self, address: &Url) -> Result<T, Down> {
        let asking = self.client.get(address.clone()).header(header::ACCEPT, "application/json");
        let response = asking.send().await.map_err(|error| unreachable(address, &error))?;
        if !response.status().is_success() {
            return Err(Down(format!("{address} answers {}", response.status().as_u16())));
        }
        let body = body(response).await?;
        serde_json::from_slice(&body).map_err(|_| Down(format!("what {address} answers is not what was asked for")))
    }
}

pub(super) fn unreachable(address: &Url, error: &reqwest::Error) -> Down {
    Down(format!("{address} does not answer: {}", innermost(error)))
}

/// The body of an answer, up to a limit.
pub(super) async fn body(mut response: Response) -> Result<Vec<u8>, Down> {
    let cut = |error: reqwest::Error| Down(format!("an answer of the provider broke off: {}", innermost(&error)));
    let mut whole = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(cut)? {
        if whole.len() + piece.len() > BODY_BYTES {
            return Err(Down("an answer of the provider is too large".to_owned()));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// The reason without the address, which may hold a code.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().chars().take(200).collect()
}
