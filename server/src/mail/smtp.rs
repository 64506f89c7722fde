//! The conversation with a mail server (RFC 5321), step by step.
//!
//! The steps matter: until the message itself is sent, a failure means that nothing was accepted. After it, only the
//! server's answer tells, and where that does not come nobody knows.

use std::time::Duration;

use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail as From, Rcpt},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use crate::config::{MailServer, Tls};

const CONNECT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_secs(30);
/// A server may look at a message for a while before it answers.
const LAST_STEP: Duration = Duration::from_secs(120);

/// Nothing can be handed over just now. Says at which step, and no more than a code of what the server said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {reason}")]
pub struct NoWay {
    step: &'static str,
    reason: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    /// Not accepted; another time may do.
    NotNow(String),
    /// Not accepted, and it won't be.
    Never(String),
    /// Sent, and no answer came.
    Unknown(String),
}

/// An open conversation.
pub(super) struct Line {
    connection: AsyncSmtpConnection,
}

/// Opens a conversation: greeted, closed to others, known to the server.
pub(super) async fn open(relay: &MailServer, site: &str) -> Result<Line, NoWay> {
    let host = site.split_once("://").map_or(site, |(_, host)| host);
    let name = ClientId::Domain(host.split(':').next().unwrap_or("localhost").to_owned());
    let tls = || {
        TlsParameters::new_rustls(relay.host.clone())
            .map_err(|_| NoWay { step: "tls", reason: "the certificates of this machine can't be read".to_owned() })
    };
    let from_start = if relay.tls == Tls::Always { Some(tls()?) } else { None };
    let place = (relay.host.as_str(), relay.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(place, Some(CONNECT), &name, from_start, None);
    let mut connection = within("connect", STEP, connecting).await?;
    if relay.tls == Tls::Start {
        if !connection.can_starttls() {
            let reason = "the server offers no STARTTLS: smtps://, or smtp+plain:// in a closed network".to_owned();
            return Err(NoWay { step: "starttls", reason });
        }
        within("starttls", STEP, connection.starttls(tls()?, &name)).await?;
    }
    if let Some((user, password)) = &relay.credentials {
        let credentials = Credentials::new(user.clone(), password.0.clone());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        within("authentication", STEP, connection.auth(&mechanisms, &credentials)).await?;
    }
    Ok(Line { connection })
}

/// Whether a mail server takes letters, for who looks after it: nothing is sent.
pub async fn check(relay: &MailServer, site: &str) -> Result<(), NoWay> {
    if relay.from.parse::<Mailbox>().is_err() {
        return Err(NoWay { step: "mail.from", reason: "not an address that mail servers take".to_owned() });
    }
    open(relay, site).await?.end().await;
    Ok(())
}

async fn within<T>(
    step: &'static str,
    patience: Duration,
    asking: impl Future<Output = Result<T, Error>>,
) -> Result<T, NoWay> {
    match timeout(patience, asking).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(NoWay { step, reason: said(&error) }),
        Err(_) => Err(NoWay { step, reason: "no answer".to_owned() }),
    }
}

/// What is told of a failure: a code, or its sort. What servers say in words may hold people's addresses.
fn said(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("refused with {code}"),
        None if error.is_timeout() => "no answer".to_owned(),
        None if error.is_tls() => "no TLS, or a certificate that is not trusted".to_owned(),
        None if error.is_client() => "the server does not offer what is needed".to_owned(),
        None => "the connection failed".to_owned(),
    }
}

impl Line {
    /// Hands a message over. After anything but [`Fate::Accepted`] the line is of no use.
    pub async fn hand(&mut self, from: &Address, to: &Address, message: &[u8]) -> Fate {
        let connection = &mut self.connection;
        let steps = async {
            step("sender", connection.command(From::new(Some(from.clone()), Vec::new()))).await?;
            step("recipient", connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
            step("data", connection.command(Data)).await
        };
        if let Err(fate) = steps.await {
            return fate;
        }
        match timeout(LAST_STEP, connection.message(message)).await {
            Ok(Ok(_)) => Fate::Accepted,
            Ok(Err(error)) if error.is_permanent() => Fate::Never(format!("message: {}", said(&error))),
            Ok(Err(error)) if error.is_transient() => Fate::NotNow(format!("message: {}", said(&error))),
            Ok(Err(error)) => Fate::Unknown(format!("message: {}", said(&error))),
            Err(_) => Fate::Unknown("message: no answer".to_owned()),
        }
    }

    /// Says goodbye.
    pub async fn end(mut self) {
        let _ = timeout(STEP, self.connection.quit()).await;
    }
}

async fn step<T>(name: &str, asking: impl Future<Output = Result<T, Error>>) -> Result<(), Fate> {
    match timeout(STEP, asking).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.is_permanent() => Err(Fate::Never(format!("{name}: {}", said(&error)))),
        Ok(Err(error)) => Err(Fate::NotNow(format!("{name}: {}", said(&error)))),
        Err(_) => Err(Fate::NotNow(format!("{name}: no answer"))),
    }
}
