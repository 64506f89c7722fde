//! The identity provider that people sign in by.

use serde::Deserialize;

use super::{ConfigError, Secret, first_line, parse_truth, wrong};

const USUAL_SCOPES: &str = "openid email profile";

/// A provider that speaks OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// Its address, letter for letter as it names itself.
    pub issuer: String,
    pub client_id: String,
    /// `None`: a public client, which proves itself by PKCE alone.
    pub client_secret: Option<Secret>,
    /// What the button says.
    pub name: String,
    pub scopes: String,
    /// Whose addresses end like this, a host below included, is an agent. Empty: everybody whom the provider knows.
    pub agent_domains: Vec<String>,
    /// What all others are.
    pub others: Others,
    /// The provider checks addresses, and does not say so by `email_verified`.
    pub trust_email: bool,
}

/// What the provider's people are who are no agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// Let in only if they have an account.
    #[default]
    Refused,
    /// Get an account, and see nothing but what they are invited to.
    Outsiders,
}

impl Oidc {
    /// Whether the owner of an address is an agent.
    pub fn is_agent(&self, email: &str) -> bool {
        let Some((_, host)) = email.rsplit_once('@') else { return false };
        let host = host.to_ascii_lowercase();
        self.agent_domains.is_empty()
            || self.agent_domains.iter().any(|domain| {
                host.strip_suffix(domain.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
            })
    }
}

/// What one source says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OidcLayer {
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub name: Option<String>,
    pub scopes: Option<String>,
    pub agent_domains: Option<Vec<String>>,
    pub others: Option<String>,
    pub trust_email: Option<bool>,
}

impl OidcLayer {
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            issuer: self.issuer.or(below.issuer),
            client_id: self.client_id.or(below.client_id),
            client_secret: self.client_secret.or(below.client_secret),
            name: self.name.or(below.name),
            scopes: self.scopes.or(below.scopes),
            agent_domains: self.agent_domains.or(below.agent_domains),
            others: self.others.or(below.others),
            trust_email: self.trust_email.or(below.trust_email),
        }
    }

    /// From variables; `secret` reads one that may lie in a file.
    pub(super) fn from_variables(
        text: &dyn Fn(&str) -> Option<String>,
        secret: &dyn Fn(&'static str, &'static str) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let domains = |line: String| line.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let trust = text("UNISSON_OIDC_TRUST_EMAIL");
        Ok(Self {
            issuer: text("UNISSON_OIDC_ISSUER"),
            client_id: text("UNISSON_OIDC_CLIENT_ID"),
            client_secret: secret("UNISSON_OIDC_CLIENT_SECRET", "UNISSON_OIDC_CLIENT_SECRET_FILE")?.map(Secret),
            name: text("UNISSON_OIDC_NAME"),
            scopes: text("UNISSON_OIDC_SCOPES"),
            agent_domains: text("UNISSON_OIDC_AGENT_DOMAINS").map(domains),
            others: text("UNISSON_OIDC_OTHERS"),
            trust_email: trust.map(|value| parse_truth("UNISSON_OIDC_TRUST_EMAIL", &value)).transpose()?,
        })
    }

    /// Checks it. Without an issuer there is no provider.
    pub(super) fn check(self, public_url: Option<&str>) -> Result<Option<Oidc>, ConfigError> {
        let full = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let Some(issuer) = full(self.issuer) else {
            return match full(self.client_id) {
                Some(_) => Err(wrong("oidc.client_id", "oidc.issuer is missing: the address of the identity provider")),
                None => Ok(None),
            };
        };
        let host = host_of(&issuer)?;
        if public_url.is_none() {
            return Err(wrong("oidc", "public_url is missing: the provider sends people back to it"));
        }
        let client_id = full(self.client_id)
            .ok_or_else(|| wrong("oidc.client_id", "missing: the provider gave one to this service"))?;
        let scopes = full(self.scopes).unwrap_or_else(|| USUAL_SCOPES.to_owned());
        if !scopes.split(' ').any(|scope| scope == "openid") {
            return Err(wrong("oidc.scopes", "openid is not among them"));
        }
        let others = match full(self.others).as_deref() {
            None | Some("refused") => Others::Refused,
            Some("outsiders") => Others::Outsiders,
            Some(_) => return Err(wrong("oidc.others", "neither refused nor outsiders")),
        };
        let domains = self.agent_domains.unwrap_or_default();
        let agent_domains = domains.iter().map(|domain| domain_of(domain)).collect::<Result<_, _>>()?;
        Ok(Some(Oidc {
            name: full(self.name).unwrap_or(host),
            client_secret: self.client_secret.filter(|secret| !secret.0.is_empty()),
            trust_email: self.trust_email.unwrap_or(false),
            issuer,
            client_id,
            scopes,
            agent_domains,
            others,
        }))
    }
}

fn host_of(issuer: &str) -> Result<String, ConfigError> {
    let refused = |reason: String| wrong("oidc.issuer", reason);
    let uri: axum::http::Uri =
        issuer.parse().map_err(|error| refused(format!("not a URL: {}", first_line(&format!("{error}")))))?;
    let host = uri.host().unwrap_or_default().to_owned();
    let is_local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|at| at.is_loopback());
    match uri.scheme_str() {
        _ if host.is_empty() || uri.query().is_some() || issuer.contains('@') => {
            Err(refused("an address such as https://id.example.org/realm is expected".to_owned()))
        }
        Some("https") => Ok(host),
        Some("http") if is_local => Ok(host),
        _ => Err(refused("only https:// can be trusted, or http:// on this machine".to_owned())),
    }
}

fn domain_of(text: &str) -> Result<String, ConfigError> {
    let domain = text.trim().trim_start_matches(['@', '.']).to_ascii_lowercase();
    let is_name = |sign: u8| sign.is_ascii_alphanumeric() || matches!(sign, b'.' | b'-');
    match domain.contains('.') && domain.bytes().all(is_name) {
        true => Ok(domain),
        false => Err(wrong("oidc.agent_domains", format!("{text:?} is not a domain, such as example.org"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> OidcLayer {
        OidcLayer {
            issuer: Some("https://id.example.org/realm".to_owned()),
            client_id: Some("unisson".to_owned()),
            ..OidcLayer::default()
        }
    }

    const OURS: Option<&str> = Some("https://unisson.example.org");

    #[test]
    fn little_is_needed_and_nothing_is_no_provider() {
        assert_eq!(OidcLayer::default().check(None), Ok(None));
        let oidc = layer().check(OURS).expect("good").expect("one");
        assert_eq!((oidc.name.as_str(), oidc.scopes.as_str()), ("id.example.org", "openid email profile"));
        assert_eq!((oidc.others, oidc.trust_email, oidc.client_secret), (Others::Refused, false, None));
    }

    #[test]
    fn mistakes_are_told() {
        let mistakes = [
            OidcLayer { issuer: None, ..layer() },
            OidcLayer { client_id: None, ..layer() },
            OidcLayer { issuer: Some("http://id.example.org".to_owned()), ..layer() },
            OidcLayer { issuer: Some("id.example.org".to_owned()), ..layer() },
            OidcLayer { issuer: Some("https://me:secret@id.example.org".to_owned()), ..layer() },
            OidcLayer { scopes: Some("email".to_owned()), ..layer() },
            OidcLayer { others: Some("agents".to_owned()), ..layer() },
            OidcLayer { agent_domains: Some(vec!["gouv".to_owned()]), ..layer() },
        ];
        for mistake in mistakes {
            assert!(mistake.clone().check(OURS).is_err(), "{mistake:?}");
        }
        assert!(layer().check(None).is_err());
        assert!(OidcLayer { issuer: Some("http://127.0.0.1:9000".to_owned()), ..layer() }.check(OURS).is_ok());
    }

    #[test]
    fn an_agent_is_told_by_the_end_of_the_address() {
        let domains = Some(vec!["@Gouv.example".to_owned(), "ville.example".to_owned()]);
        let oidc = OidcLayer { agent_domains: domains, ..layer() }.check(OURS).expect("good").expect("one");
        for (email, is_agent) in [
            ("awa@gouv.example", true),
            ("awa@Interieur.GOUV.example", true),
            ("awa@notgouv.example", false),
            ("awa@gouv.example.evil.example", false),
            ("awa@evil.example@ville.example", true),
            ("awa", false),
        ] {
            assert_eq!(oidc.is_agent(email), is_agent, "{email}");
        }
        assert!(layer().check(OURS).expect("good").expect("one").is_agent("who@ever.example"));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let layer = OidcLayer { client_secret: Some(Secret("hunter2".to_owned())), ..layer() };
        assert!(!format!("{layer:?}").contains("hunter2"));
    }
}
