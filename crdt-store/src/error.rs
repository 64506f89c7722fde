//! What can go wrong with the store: one variant for each thing a caller can do
//! something about. Each message is one clear line, and holds no secret of the
//! database's address.

use std::path::PathBuf;

use crate::ids::{DocumentId, Epoch, Seq};

/// The store's result.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address names neither engine.
    #[error("the database must be `sqlite:PATH` or `postgres://…`, not `{scheme}`")]
    UnknownScheme {
        /// What stood before the colon.
        scheme: String,
    },
    /// The address begins well but cannot be understood.
    #[error("the database address cannot be understood: {reason}")]
    BadAddress {
        /// What is wrong with it, without its password.
        reason: String,
    },
    /// A newer Unisson has migrated this database.
    #[error(
        "the database {database} is from a newer version of unisson (migration {found}, this version knows {known}): run that version or a newer one"
    )]
    NewerDatabase {
        /// The file, or host and name.
        database: String,
        /// The newest migration that was applied.
        found: i64,
        /// The newest migration this version has.
        known: i64,
    },
    /// A migration that was applied is not the one this version has under its number.
    #[error("the database {database} was migrated by a different build of unisson (migration {migration} differs)")]
    ForeignMigration {
        /// The file, or host and name.
        database: String,
        /// The migration that differs.
        migration: i64,
    },
    /// A file that is no SQLite database.
    #[error("{} is not a database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database, but another program's.
    #[error("the database {database} holds tables that are not unisson's: name an empty one")]
    ForeignDatabase {
        /// The file, or host and name.
        database: String,
    },
    /// A file or its folder that may not be written.
    #[error("{} cannot be written: it, or its folder, is read-only for this user", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A file that can't be opened or made.
    #[error("{} cannot be opened: {reason}", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The database took a question and gave no answer in the time that was allowed.
    #[error("the database does not answer in time")]
    TimedOut,
    /// The database does not answer, or does not let us in.
    #[error("the database {database} cannot be reached: {source}")]
    Unreachable {
        /// Host and name.
        database: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// Something of that name or id is there already.
    #[error("already there: {constraint}")]
    Conflict {
        /// The constraint that said so, or its columns on SQLite.
        constraint: String,
    },
    /// Nothing of that name or id.
    #[error("no such {what}")]
    NotFound {
        /// The noun.
        what: &'static str,
    },
    /// Whoever asks could do it when they began, and can't any more.
    #[error("not theirs to do any more")]
    Forbidden,
    /// A value that the store does not take, whoever asks.
    #[error("{what} is not acceptable: {reason}")]
    Unacceptable {
        /// The noun.
        what: &'static str,
        /// What it lacks.
        reason: &'static str,
    },
    /// A stored row that cannot be read.
    #[error("row {seq} of document {document}, epoch {epoch}, cannot be read: {reason}")]
    CorruptRow {
        /// Whose row.
        document: DocumentId,
        /// Of which lineage.
        epoch: Epoch,
        /// Which row.
        seq: Seq,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Applying a migration failed.
    #[error("migrating the database {database} failed: {source}")]
    Migration {
        /// The file, or host and name.
        database: String,
        /// What the driver said.
        source: sqlx::migrate::MigrateError,
    },
    /// Any other refusal of the database.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The same, of the connection that writes SQLite's log.
    #[error("the database failed: {0}")]
    Log(#[source] rusqlite::Error),
}

impl StoreError {
    /// True where waiting and asking again may help: the database is away, busy,
    /// full, restarting, or undid this transaction for another's sake.
    pub fn is_transient(&self) -> bool {
        let source = match self {
            Self::Unreachable { source, .. } | Self::Database(source) => source,
            Self::Log(rusqlite::Error::SqliteFailure(error, _)) => {
                return u32::try_from(error.extended_code).is_ok_and(is_passing);
            }
            _ => return false,
        };
        match source {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
                true
            }
            sqlx::Error::Database(error) => match error.code().as_deref() {
                // PostgreSQL: connection, rollback, resources, operator, system.
                Some(code) if code.len() == 5 && code.is_ascii() => {
                    matches!(&code[..2], "08" | "40" | "53" | "57" | "58")
                }
                Some(code) => code.parse::<u32>().is_ok_and(is_passing),
                None => false,
            },
            _ => false,
        }
    }

    /// True where there was no connection, so that it does not matter what was asked.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Database(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_)) => true,
            // Starting, or shutting down, with or without a word.
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")))
            }
            _ => false,
        }
    }

    /// True where something of that name or id was there already.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

/// SQLite's primary code is the low byte: busy, locked, out of memory, I/O, full.
fn is_passing(code: u32) -> bool {
    matches!(code & 0xff, 5 | 6 | 7 | 10 | 13)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => Self::Conflict {
                constraint: inner.constraint().map_or_else(|| inner.message().to_owned(), str::to_owned),
            },
            _ => Self::Database(error),
        }
    }
}

/// A word that is none of the list's.
#[derive(Debug, thiserror::Error)]
#[error("`{word}` is not a {kind}")]
pub struct UnknownWord {
    /// The list.
    pub kind: &'static str,
    /// The word, cut to 40 characters.
    pub word: String,
}
