//! Opening, migrating and asking the database: SQLite or PostgreSQL behind one handle.
//!
//! SQLite: WAL, `synchronous=full`, foreign keys on, one writer connection whose
//! transactions begin immediate, several readers, and a thread that writes the log
//! (`db/scribe.rs`). PostgreSQL: one pool, and a small one of its own for the log
//! (`db/pen.rs`), so that readers never keep an append waiting.
//!
//! Statements go through `on!` (`db/on.rs`); times through `At` (`db/at.rs`).

mod about;
pub(crate) mod at;
#[macro_use]
pub(crate) mod on;
mod open;
pub(crate) mod pen;
pub(crate) mod scribe;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use time::OffsetDateTime;

use crate::error::{Result, StoreError};
use crate::{
    Attempts, Audit, Bulk, Communities, Documents, EmailLinks, Entries, Exports, Feeds, Identities, Instance,
    Invitations, Joins, Log, Logins, Mails, People, Requests, Settings, Throttles, Users,
};
pub use about::{About, ServerFacts};
use at::At;
use on::One;
use pen::Pen;
use scribe::Scribe;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Connections that read: SQLite's readers, PostgreSQL's pool. At least 1.
    pub connections: u32,
    /// How long a statement waits for a connection, or for another process's SQLite lock.
    pub patience: Duration,
    /// Where `created_at` and the like come from.
    pub clock: fn() -> OffsetDateTime,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self { connections: 8, patience: Duration::from_secs(5), clock: system_clock }
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where the store meets the clock")]
fn system_clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Which engine is behind a [`Db`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    reader: Pool,
    writer: Pool,
    log_writer: LogWriter,
    /// What to call it in messages: the file, or host and database.
    name: String,
    clock: fn() -> OffsetDateTime,
}

/// The connections of one engine.
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// What writes the log.
pub(crate) enum LogWriter {
    Sqlite(Scribe),
    Postgres(Pen),
}

/// An open transaction; rolled back when dropped.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(StoreError::from)
    }
}

impl Db {
    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match self.0.reader {
            Pool::Sqlite(_) => Engine::Sqlite,
            Pool::Postgres(_) => Engine::Postgres,
        }
    }

    /// What to call the database in a message: the file, or host and name. No secret in it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The update log.
    pub fn log(&self) -> Log {
        Log::new(self.clone())
    }

    /// What was done.
    pub fn audit(&self) -> Audit {
        Audit::new(self.clone())
    }

    /// People in lists.
    pub fn people(&self) -> People {
        People::new(self.clone())
    }

    /// Requests for communities.
    pub fn requests(&self) -> Requests {
        Requests::new(self.clone())
    }

    /// Invitations into communities.
    pub fn invitations(&self) -> Invitations {
        Invitations::new(self.clone())
    }

    /// The instance as its administrators see it.
    pub fn instance(&self) -> Instance {
        Instance::new(self.clone())
    }

    /// Who would like to join communities.
    pub fn joins(&self) -> Joins {
        Joins::new(self.clone())
    }

    /// Documents and who may reach them.
    pub fn documents(&self) -> Documents {
        Documents::new(self.clone())
    }

    /// Communities and their members.
    pub fn communities(&self) -> Communities {
        Communities::new(self.clone())
    }

    /// People.
    pub fn users(&self) -> Users {
        Users::new(self.clone())
    }

    /// Sign-ins.
    pub fn logins(&self) -> Logins {
        Logins::new(self.clone())
    }

    /// Sign-ins that are under way at an identity provider.
    pub fn attempts(&self) -> Attempts {
        Attempts::new(self.clone())
    }

    /// Who people are to identity providers.
    pub fn identities(&self) -> Identities {
        Identities::new(self.clone())
    }

    /// Links that were mailed.
    pub fn email_links(&self) -> EmailLinks {
        EmailLinks::new(self.clone())
    }

    /// How often things were done.
    pub fn throttles(&self) -> Throttles {
        Throttles::new(self.clone())
    }

    /// All that is held of one person.
    pub fn exports(&self) -> Exports {
        Exports::new(self.clone())
    }

    /// The outbox of mails.
    pub fn mails(&self) -> Mails {
        Mails::new(self.clone())
    }

    /// Administrators who look into a community.
    pub fn entries(&self) -> Entries {
        Entries::new(self.clone())
    }

    /// Many rows at once.
    pub fn bulk(&self) -> Bulk {
        Bulk::new(self.clone())
    }

    /// What a node asks for its feed.
    pub fn feeds(&self) -> Feeds {
        Feeds::new(self.clone())
    }

    /// What the instance remembers of itself.
    pub fn settings(&self) -> Settings {
        Settings::new(self.clone())
    }

    /// Asks the database for nothing, to see that it answers.
    pub async fn health(&self) -> Result<()> {
        on!(self.reader(), one One<i64>, "select cast(1 as bigint)").map(|_| ())
    }

    /// False where a committed transaction could be lost with the power:
    /// PostgreSQL with `fsync`, `full_page_writes` or `synchronous_commit` off.
    pub async fn is_durable(&self) -> Result<bool> {
        let LogWriter::Postgres(pen) = self.log_writer() else {
            return Ok(true);
        };
        let (durable,): (bool,) = sqlx::query_as(
            "select current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on'
                and current_setting('synchronous_commit') <> 'off'",
        )
        .fetch_one(pen.pool())
        .await?;
        Ok(durable)
    }

    /// Closes all connections; what runs is waited for.
    pub async fn close(&self) {
        match &self.0.log_writer {
            LogWriter::Sqlite(scribe) => scribe.close().await,
            LogWriter::Postgres(pen) => pen.close().await,
        }
        for pool in [&self.0.reader, &self.0.writer] {
            match pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        }
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.0.reader
    }

    pub(crate) fn writer(&self) -> &Pool {
        &self.0.writer
    }

    pub(crate) fn log_writer(&self) -> &LogWriter {
        &self.0.log_writer
    }

    /// Now, cut to microseconds.
    pub(crate) fn now(&self) -> At {
        At(at::cut((self.0.clock)()))
    }

    /// A transaction that writes: on SQLite it holds the one writer from the start.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self.writer() {
            Pool::Sqlite(pool) => Tx::Sqlite(pool.begin_with("begin immediate").await?),
            Pool::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that reads, and sees one moment throughout.
    pub(crate) async fn begin_read(&self) -> Result<Tx> {
        Ok(match self.reader() {
            Pool::Sqlite(pool) => Tx::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("begin isolation level repeatable read, read only").await?)
            }
        })
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.0.name).finish()
    }
}
