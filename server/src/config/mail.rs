//! The mail server that takes our letters.

use serde::Deserialize;

use super::{ConfigError, Secret, wrong};

/// Where letters are handed over, and from whom they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub credentials: Option<(String, Secret)>,
    /// `Name <address>`, or an address.
    pub from: String,
}

/// How the way to the mail server is closed to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte: `smtps://`.
    Always,
    /// After STARTTLS, without which nothing is said: `smtp://`.
    Start,
    /// Not at all, for a mail server on this machine or in a closed network: `smtp+plain://`.
    Never,
}

/// What one source says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailLayer {
    pub smtp: Option<String>,
    pub from: Option<String>,
    pub user: Option<String>,
    pub password: Option<Secret>,
}

impl MailLayer {
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            smtp: self.smtp.or(below.smtp),
            from: self.from.or(below.from),
            user: self.user.or(below.user),
            password: self.password.or(below.password),
        }
    }

    /// From variables; `secret` reads one that may lie in a file.
    pub(super) fn from_variables(
        text: &dyn Fn(&str) -> Option<String>,
        secret: &dyn Fn(&'static str, &'static str) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            smtp: text("UNISSON_MAIL_SMTP"),
            from: text("UNISSON_MAIL_FROM"),
            user: secret("UNISSON_MAIL_USER", "UNISSON_MAIL_USER_FILE")?,
            password: secret("UNISSON_MAIL_PASSWORD", "UNISSON_MAIL_PASSWORD_FILE")?.map(Secret),
        })
    }

    /// Checks it. Without an address no mail is sent.
    pub(super) fn check(self, public_url: Option<&str>) -> Result<Option<MailServer>, ConfigError> {
        let full = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let Some(smtp) = full(self.smtp) else { return Ok(None) };
        let schemes = [("smtps://", Tls::Always, 465), ("smtp://", Tls::Start, 587), ("smtp+plain://", Tls::Never, 25)];
        let known = schemes.iter().find_map(|(scheme, tls, port)| Some((smtp.strip_prefix(scheme)?, *tls, *port)));
        let Some((place, tls, usual_port)) = known else {
            return Err(wrong("mail.smtp", "an address begins with smtps://, smtp:// or smtp+plain://"));
        };
        let place = place.trim_end_matches('/');
        if place.contains(['@', '/', '?', ' ']) {
            return Err(wrong("mail.smtp", "only a host and a port: user and password have settings of their own"));
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse().map_err(|_| wrong("mail.smtp", format!("{port:?} is not a port")))?)
            }
            _ => (place, usual_port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("mail.smtp", "the host is missing"));
        }
        let from = full(self.from).ok_or_else(|| wrong("mail.from", "missing: the address that letters come from"))?;
        let address = from.rsplit_once('<').map_or(from.as_str(), |(_, rest)| rest.trim_end_matches('>'));
        let is_address = address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if !is_address || from.contains(['\r', '\n']) {
            return Err(wrong("mail.from", "not an address, such as Unisson <unisson@example.org>"));
        }
        if public_url.is_none() {
            return Err(wrong("mail", "public_url is missing: letters hold links to it"));
        }
        let credentials = match (full(self.user), self.password.filter(|password| !password.0.is_empty())) {
            (None, None) => None,
            (Some(_), Some(_)) if tls == Tls::Never && !is_local(&host) => {
                return Err(wrong("mail.smtp", "a password would travel in clear: smtps:// or smtp://"));
            }
            (Some(user), Some(password)) => Some((user, password)),
            (Some(_), None) => return Err(wrong("mail.password", "missing, and mail.user is set")),
            (None, Some(_)) => return Err(wrong("mail.user", "missing, and mail.password is set")),
        };
        Ok(Some(MailServer { host, port, tls, credentials, from }))
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|at| at.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Option<&str> = Some("https://unisson.example.org");

    fn layer(smtp: &str) -> MailLayer {
        MailLayer {
            smtp: Some(smtp.to_owned()),
            from: Some("Unisson <unisson@example.org>".to_owned()),
            ..MailLayer::default()
        }
    }

    #[test]
    fn the_scheme_says_how_the_way_is_closed() {
        assert_eq!(MailLayer::default().check(None), Ok(None));
        for (smtp, expected) in [
            ("smtps://mail.example.org", ("mail.example.org", 465, Tls::Always)),
            ("smtp://mail.example.org/", ("mail.example.org", 587, Tls::Start)),
            ("smtp://mail.example.org:2525", ("mail.example.org", 2525, Tls::Start)),
            ("smtp+plain://[::1]:1025", ("::1", 1025, Tls::Never)),
        ] {
            let mail = layer(smtp).check(OURS).expect(smtp).expect(smtp);
            assert_eq!((mail.host.as_str(), mail.port, mail.tls), expected);
        }
    }

    #[test]
    fn mistakes_are_told_without_a_password() {
        let secret = |word: &str| Some(Secret(word.to_owned()));
        let mistakes = [
            layer("mail.example.org"),
            layer("smtp://me:hunter2@mail.example.org"),
            layer("smtp://"),
            layer("smtp://mail.example.org:many"),
            MailLayer { from: None, ..layer("smtp://m") },
            MailLayer { from: Some("nobody".to_owned()), ..layer("smtp://m") },
            MailLayer { from: Some("a@b.example\r\nBcc: c@d.example".to_owned()), ..layer("smtp://m") },
            MailLayer { user: Some("me".to_owned()), ..layer("smtp://m") },
            MailLayer { password: secret("hunter2"), ..layer("smtp://m") },
            MailLayer { user: Some("me".to_owned()), password: secret("hunter2"), ..layer("smtp+plain://m") },
        ];
        for mistake in mistakes {
            let told = mistake.clone().check(OURS).expect_err("refused").to_string();
            assert!(!told.contains("hunter2") && !told.contains('\n'), "{told}");
        }
        assert!(layer("smtp://m").check(None).is_err());
    }
}
