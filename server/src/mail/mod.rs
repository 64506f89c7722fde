//! Letters: what they say, and how they reach a mail server.
//!
//! A feature writes a [`Letter`] in the reader's language ([`Mail::write`]) and hands it to the store's use case, whose
//! transaction puts it into the outbox; [`Mail::nudge`] afterwards spares the wait. [`sender`] takes it from there.
//! Without a mail server in the configuration nothing leaves, and nothing is lost: letters wait in the outbox until
//! they are worth nothing any more.

mod dates;
mod letter;
mod message;
mod render;
pub mod sender;
pub mod smtp;

use std::sync::{Arc, PoisonError, RwLock};

use crdt_store::{MailId, instance::Policy, mails::NewMail};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::{
    config::{Clock, Config},
    http::Language,
};

pub use letter::{Decision, Letter, MemberWord};

/// To whom a letter goes.
#[derive(Clone, Copy, Debug)]
pub struct To<'a> {
    pub email: &'a str,
    /// `fr` or `en`, as accounts have it.
    pub language: &'a str,
}

/// The letters of a node. Shared by clone.
#[derive(Clone, Debug)]
pub struct Mail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The address people type; without one no mail is configured.
    site: String,
    /// What the instance calls itself, as far as is known here.
    name: RwLock<String>,
    is_on: bool,
    clock: Clock,
    wake: Notify,
}

impl Mail {
    pub fn new(config: &Config) -> Self {
        Self(Arc::new(Inner {
            site: config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen)),
            name: RwLock::new(Policy::default().name),
            is_on: config.mail.is_some(),
            clock: config.clock,
            wake: Notify::new(),
        }))
    }

    /// Whether letters leave.
    pub fn is_on(&self) -> bool {
        self.0.is_on
    }

    /// Letters are from an instance of that name from now on.
    pub fn call_it(&self, name: &str) {
        let mut known = self.0.name.write().unwrap_or_else(PoisonError::into_inner);
        if *known != name {
            name.clone_into(&mut known);
        }
    }

    /// A page of ours, for a letter: `path` begins with a slash.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0.site)
    }

    /// Writes a letter. It is sent once a use case of the store has put it into the outbox.
    pub fn write(&self, letter: &Letter<'_>, to: To<'_>) -> NewMail {
        let language = Language::from_tag(to.language).unwrap_or_default();
        let instance = render::one_line(&self.0.name.read().unwrap_or_else(PoisonError::into_inner));
        let words = letter.words(language, &instance);
        let now = (self.0.clock)();
        NewMail {
            id: MailId::fresh(),
            recipient: to.email.to_owned(),
            language: language.tag().to_owned(),
            kind: letter.kind().to_owned(),
            subject: render::one_line(&words.subject),
            text: render::text(&words, language, &instance, &self.0.site),
            html: render::html(&words, language, &instance, &self.0.site),
            expires_at: now + letter.lasts(),
        }
    }

    /// There is a new letter in the outbox.
    pub fn nudge(&self) {
        self.0.wake.notify_one();
    }

    fn now(&self) -> OffsetDateTime {
        (self.0.clock)()
    }
}
