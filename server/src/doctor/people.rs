//! What people need to come in: the identity provider and the mail server.

use super::{Finding, note, problem, well};
use crate::{auth::oidc::Provider, config::Config, mail::smtp};

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(provider(config).await);
    findings.extend(mail(config).await);
    if findings.is_empty() && !config.demo && !config.open {
        findings.push(note(
            "sign-in",
            "neither oidc.issuer nor mail.smtp is set: people come in only by a link of `unisson account --link`",
        ));
    }
    findings
}

async fn provider(config: &Config) -> Option<Finding> {
    let (settings, site) = (config.oidc.as_ref()?, config.public_url.as_deref()?);
    let mend = "see that the node reaches the provider (HTTPS_PROXY is heeded, its certificate has to be trusted by this \
                machine), and that oidc.issuer is letter for letter what it calls itself";
    let found = match Provider::new(settings.clone(), site) {
        Ok(provider) => provider.check((config.clock)()).await,
        Err(error) => Err(error),
    };
    Some(match found {
        Ok(()) => well("identity provider", format!("{} describes itself and has keys", settings.issuer)),
        Err(error) => problem("identity provider", error.to_string(), mend),
    })
}

async fn mail(config: &Config) -> Option<Finding> {
    let (relay, site) = (config.mail.as_ref()?, config.public_url.as_deref()?);
    let place = format!("{}:{}", relay.host, relay.port);
    Some(match smtp::check(relay, site).await {
        Ok(()) => well("mail server", format!("{place} takes letters of {}", relay.from)),
        Err(error) => problem(
            "mail server",
            format!("{place}: {error}"),
            "see that the node reaches it, and that scheme, port, user and password are what it expects",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layer, MailLayer, OidcLayer};

    #[tokio::test]
    async fn who_can_not_be_reached_is_told() {
        // A port of this machine that nobody listens on.
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address");
        let config = Config::from_layer(Layer {
            public_url: Some("https://unisson.example".to_owned()),
            oidc: Some(OidcLayer {
                issuer: Some(format!("http://{nobody}")),
                client_id: Some("unisson".to_owned()),
                ..OidcLayer::default()
            }),
            mail: Some(MailLayer {
                smtp: Some(format!("smtp+plain://{nobody}")),
                from: Some("Unisson <unisson@example.org>".to_owned()),
                ..MailLayer::default()
            }),
            ..Layer::default()
        })
        .expect("good");
        let findings = examine(&config).await;
        assert_eq!(findings.len(), 2);
        assert!(findings.iter().all(|finding| !finding.is_well()), "{findings:?}");
        let nothing = examine(&Config::from_layer(Layer::default()).expect("good")).await;
        assert!(matches!(nothing[..], [Finding::Note { .. }]));
    }
}
