//! Mails that wait to be sent: the outbox.
//!
//! A letter is put in by the transaction of what it tells of ([`enqueue`]), so that there is never the one without the
//! other. A sender takes one at a time ([`Mails::claim`]) and says what became of it ([`Mails::settle`]). A mail whose
//! sender died in between may have been accepted or not: it becomes `uncertain` and is not sent again by itself, so
//! that nobody gets a letter twice. Several nodes may send.
//!
//! What a letter says is emptied once it is past sending, for it may hold the secret of a link.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::db::at::{At, MaybeAt, cut};
use crate::db::{Db, Tx};
use crate::error::Result;
use crate::ids::MailId;

words! {
    /// What has become of a mail.
    MailState {
        /// Waits for its time.
        Queued = "queued",
        /// Some node is handing it over.
        Handing = "handing",
        /// A mail server has accepted it.
        Sent = "sent",
        /// Was refused, or was not accepted for too long.
        Failed = "failed",
        /// Was being handed over when its node died, or the mail server went silent.
        Uncertain = "uncertain",
    }
}

/// A letter to be sent, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Its id.
    pub id: MailId,
    /// The address.
    pub recipient: String,
    /// `fr` or `en`.
    pub language: String,
    /// What it is about, for figures and questions: `sign-in`, `invitation`…
    pub kind: String,
    /// The line above it.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// From when on it is worth nothing.
    pub expires_at: OffsetDateTime,
}

/// A letter that was taken out, to be handed over.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mail {
    /// Its id.
    pub id: MailId,
    /// The address.
    pub recipient: String,
    /// `fr` or `en`.
    pub language: String,
    /// What it is about.
    pub kind: String,
    /// The line above it.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The how many-eth time it is tried, from 1.
    pub attempts: i32,
    /// When it was put in.
    #[sqlx(try_from = "At")]
    pub created_at: OffsetDateTime,
}

/// What became of handing a mail over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// Accepted.
    Sent,
    /// Not accepted, for certain: to be tried again then.
    Later(OffsetDateTime, String),
    /// Refused for good.
    Failed(String),
    /// Nobody knows.
    Uncertain(String),
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// How many are due.
    pub count: i64,
    /// Since when the first of them is due.
    #[sqlx(try_from = "MaybeAt")]
    pub since: Option<OffsetDateTime>,
}

/// Puts a letter into the outbox within a use case.
pub(crate) async fn enqueue(tx: &mut Tx, now: At, mail: &NewMail) -> Result<()> {
    on!(
        in tx,
        run,
        "insert into mails (id, recipient, language, kind, subject, text, html, state, attempts, due_at,
            expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, $8, $9, $8)",
        mail.id,
        &mail.recipient,
        &mail.language,
        &mail.kind,
        &mail.subject,
        &mail.text,
        &mail.html,
        now,
        At(cut(mail.expires_at))
    )?;
    Ok(())
}

/// The outbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mails {
    db: Db,
}

impl Mails {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Puts a letter in that belongs to nothing else.
    pub async fn put(&self, mail: &NewMail) -> Result<()> {
        let mut tx = self.db.begin().await?;
        enqueue(&mut tx, self.db.now(), mail).await?;
        tx.commit().await
    }

    /// Takes the mail out that is due longest. `None` where none is, or another node was faster.
    pub async fn claim(&self, node: Uuid) -> Result<Option<Mail>> {
        on!(
            self.db.writer(),
            maybe Mail,
            "update mails set state = 'handing', attempts = attempts + 1, claimed_by = $1, claimed_at = $2
             where state = 'queued' and id = (
                select id from mails where state = 'queued' and due_at <= $2 and expires_at > $2
                order by due_at, id limit 1)
             returning id, recipient, language, kind, subject, text, html, attempts, created_at",
            node,
            self.db.now()
        )
    }

    /// Notes what became of a mail that `node` took out. False where it was not the node's any more.
    pub async fn settle(&self, id: MailId, node: Uuid, handed: &Handed) -> Result<bool> {
        let now = self.db.now();
        if let Handed::Later(due_at, error) = handed {
            let rows = on!(
                self.db.writer(),
                run,
                "update mails set state = 'queued', due_at = $3, error = $4, claimed_by = null, claimed_at = null,
                    settled_at = null
                 where id = $1 and claimed_by = $2 and state = 'handing'",
                id,
                node,
                At(cut(*due_at)),
                error
            )?;
            return Ok(rows > 0);
        }
        let (state, error) = match handed {
            Handed::Sent | Handed::Later(..) => (MailState::Sent, None),
            Handed::Failed(error) => (MailState::Failed, Some(error)),
            Handed::Uncertain(error) => (MailState::Uncertain, Some(error)),
        };
        // Somebody may have given the node up for dead meanwhile: what it knows counts all the same.
        let rows = on!(
            self.db.writer(),
            run,
            "update mails set state = $3, error = $4, settled_at = $5, text = '', html = ''
             where id = $1 and claimed_by = $2 and state in ('handing', 'uncertain')",
            id,
            node,
            state,
            error,
            now
        )?;
        Ok(rows > 0)
    }

    /// Mails that were taken out before `before` and never settled become uncertain; how many.
    pub async fn give_up(&self, before: OffsetDateTime) -> Result<u64> {
        on!(
            self.db.writer(),
            run,
            "update mails set state = 'uncertain', error = 'its node went away', settled_at = $2, text = '', html = ''
             where state = 'handing' and claimed_at < $1",
            At(cut(before)),
            self.db.now()
        )
    }

    /// Mails that are worth nothing any more fail; how many.
    pub async fn expire(&self) -> Result<u64> {
        on!(
            self.db.writer(),
            run,
            "update mails set state = 'failed', error = coalesce(error, 'was not sent in time'), settled_at = $1,
                text = '', html = ''
             where state = 'queued' and due_at <= $1 and expires_at <= $1",
            self.db.now()
        )
    }

    /// What is due, worth sending, and not taken out.
    pub async fn waiting(&self) -> Result<Waiting> {
        on!(
            self.db.reader(),
            one Waiting,
            "select count(*) as count, min(due_at) as since from mails
             where state = 'queued' and due_at <= $1 and expires_at > $1",
            self.db.now()
        )
    }

    /// How many, of those that are remembered, were accepted or not without anybody knowing.
    pub async fn uncertain(&self) -> Result<i64> {
        let row = on!(
            self.db.reader(),
            one crate::db::on::One<i64>,
            "select count(*) from mails where state = 'uncertain' and settled_at is not null"
        )?;
        Ok(row.0)
    }

    /// What has become of a mail, while it is remembered.
    pub async fn state(&self, id: MailId) -> Result<Option<MailState>> {
        let row = on!(
            self.db.reader(),
            maybe crate::db::on::One<MailState>,
            "select state from mails where id = $1",
            id
        )?;
        Ok(row.map(|row| row.0))
    }

    /// Forgets what was settled before `before`; how many.
    pub async fn forget(&self, before: OffsetDateTime) -> Result<u64> {
        on!(self.db.writer(), run, "delete from mails where settled_at < $1", At(cut(before)))
    }
}
