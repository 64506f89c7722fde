//! Opening and migrating, and each refusal as one clear line.
//!
//! Nothing of a database is changed before it is known to be ours, or empty.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::on::One;
use super::pen::Pen;
use super::scribe::{Desk, Scribe};
use super::{Db, DbOptions, Inner, LogWriter, Pool};
use crate::error::{Result, StoreError};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// "Unis", set in the file's header by the first migration.
const APPLICATION_ID: i64 = 1_433_299_315;

/// SQLite's code for a lock that somebody else holds.
const BUSY: u32 = 5;

/// The WAL is folded into the file at this many pages of 4 KiB: documents that are being written
/// touch the same pages in each commit, and are folded once for many.
const WAL_PAGES: &str = "8000";

/// What the WAL is cut to after it grew beyond.
const WAL_BYTES: &str = "67108864";

/// Of the connection that writes the log; the file is in WAL mode already.
const LOG_PRAGMAS: &[(&str, &str)] = &[
    ("synchronous", "full"),
    ("foreign_keys", "on"),
    ("temp_store", "memory"),
    ("wal_autocheckpoint", WAL_PAGES),
    ("journal_size_limit", WAL_BYTES),
];

/// Between two tries to make a file WAL.
const WAL_RETRY: Duration = Duration::from_millis(20);

/// Connections that PostgreSQL's pool holds ready: one that has to be made first costs a new process over there,
/// and one that was just given back is not at hand at once.
const READY_CONNECTIONS: u32 = 3;

/// Connections of PostgreSQL's pool for the log: one commits while another loads the next batch.
const LOG_CONNECTIONS: u32 = 2;

/// A commit is tried again anyway: it does not wait long for a connection, whose own tries pause for a fifth of this,
/// so that a server which comes back is met at once.
const LOG_PATIENCE: Duration = Duration::from_secs(3);

impl Db {
    /// Opens `sqlite:PATH` (made with its folder where it is absent) or `postgres://…`.
    ///
    /// Refuses a file that is no database or another program's, a read-only place, and a
    /// database of a newer version, each with its own [`StoreError`]. Migrates nothing.
    pub async fn open(address: &str, options: DbOptions) -> Result<Self> {
        let Some((scheme, rest)) = address.split_once(':') else {
            return Err(StoreError::UnknownScheme { scheme: address.chars().take(20).collect() });
        };
        let db = match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.starts_with(":memory:") || path.contains('\0') {
                    return Err(StoreError::BadAddress {
                        reason: "`sqlite:` is followed by the path of a file".to_owned(),
                    });
                }
                open_sqlite(Path::new(path), &options).await?
            }
            "postgres" | "postgresql" => open_postgres(address, &options).await?,
            other => {
                return Err(StoreError::UnknownScheme { scheme: other.chars().take(20).collect() });
            }
        };
        if let Err(refusal) = db.refuse_newer().await {
            db.close().await;
            return Err(refusal);
        }
        Ok(db)
    }

    /// Brings the tables to this version's; how many migrations that took.
    /// Several processes may do it at once.
    pub async fn migrate(&self) -> Result<usize> {
        let pending = self.pending_migrations().await?.len();
        match self.writer() {
            // sqlx takes no lock on SQLite: the second of two would find the first one's tables in its way.
            Pool::Sqlite(pool) => {
                let mut tx = pool.begin_with("begin immediate").await?;
                match SQLITE.run_direct(None, &mut *tx, false).await {
                    Ok(()) => tx.commit().await.map_err(MigrateError::from),
                    failed => failed,
                }
            }
            Pool::Postgres(pool) => POSTGRES.run(pool).await,
        }
        .map_err(|source| match source {
            MigrateError::VersionMismatch(migration) => {
                StoreError::ForeignMigration { database: self.name().to_owned(), migration }
            }
            source => StoreError::Migration { database: self.name().to_owned(), source },
        })?;
        Ok(pending)
    }

    /// The numbers of the migrations that this version has and the database has not.
    pub async fn pending_migrations(&self) -> Result<Vec<i64>> {
        let applied = self.applied_migrations().await?;
        let known = match self.writer() {
            Pool::Sqlite(_) => &SQLITE,
            Pool::Postgres(_) => &POSTGRES,
        };
        Ok(known.iter().map(|migration| migration.version).filter(|version| !applied.contains(version)).collect())
    }

    async fn applied_migrations(&self) -> Result<Vec<i64>> {
        let there = match self.reader() {
            Pool::Sqlite(pool) => {
                sqlx::query_scalar::<_, i64>("select count(*) from sqlite_schema where name = '_sqlx_migrations'")
                    .fetch_one(pool)
                    .await?
            }
            Pool::Postgres(pool) => {
                sqlx::query_scalar::<_, i64>(
                    "select count(*) from pg_class where oid = to_regclass('_sqlx_migrations')",
                )
                .fetch_one(pool)
                .await?
            }
        };
        if there == 0 {
            return Ok(Vec::new());
        }
        let rows = on!(self.reader(), all One<i64>, "select version from _sqlx_migrations order by version")?;
        Ok(rows.into_iter().map(|One(version)| version).collect())
    }

    async fn refuse_newer(&self) -> Result<()> {
        let known = match self.writer() {
            Pool::Sqlite(_) => &SQLITE,
            Pool::Postgres(_) => &POSTGRES,
        };
        let newest = known.iter().map(|migration| migration.version).max().unwrap_or(0);
        let found = self.applied_migrations().await?.last().copied().unwrap_or(0);
        if found > newest {
            return Err(StoreError::NewerDatabase { database: self.name().to_owned(), found, known: newest });
        }
        Ok(())
    }
}

async fn open_sqlite(path: &Path, options: &DbOptions) -> Result<Db> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| file_refusal(path, &error))?;
    }
    let base = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(options.patience)
        // What a statement of many rows keeps for undoing itself would be a file of its own.
        .pragma("temp_store", "memory")
        .disable_statement_logging();
    probe_sqlite(path, &base).await?;

    let writing = base
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .pragma("journal_size_limit", WAL_BYTES);
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(options.patience)
    };
    // SQLite does not wait for its lock when a file becomes WAL, which two who open a new one both ask.
    let mut left = options.patience.as_millis() / WAL_RETRY.as_millis();
    let writer = loop {
        match pool(1).connect_with(writing.clone()).await {
            Ok(writer) => break writer,
            Err(error) if left > 0 && sqlite_code(&error) == Some(BUSY) => {
                left -= 1;
                tokio::time::sleep(WAL_RETRY).await;
            }
            Err(error) => return Err(sqlite_refusal(path, error)),
        }
    };
    let reader = pool(options.connections.max(1))
        .connect_with(base.pragma("query_only", "on"))
        .await
        .map_err(|error| sqlite_refusal(path, error))?;
    Ok(Db(Arc::new(Inner {
        reader: Pool::Sqlite(reader),
        log_writer: LogWriter::Sqlite(Scribe::new(Desk {
            path: path.to_owned(),
            patience: options.patience,
            pragmas: LOG_PRAGMAS,
        })),
        writer: Pool::Sqlite(writer),
        name: path.display().to_string(),
        clock: options.clock,
    })))
}

/// Looks at the file before anything of it is changed: ours or empty, and writable.
async fn probe_sqlite(path: &Path, base: &SqliteConnectOptions) -> Result<()> {
    let refusal = |error| sqlite_refusal(path, error);
    let mut probe: SqliteConnection = base.connect().await.map_err(refusal)?;
    let application: i64 = sqlx::query_scalar("pragma application_id").fetch_one(&mut probe).await.map_err(refusal)?;
    let objects: i64 =
        sqlx::query_scalar("select count(*) from sqlite_schema").fetch_one(&mut probe).await.map_err(refusal)?;
    // The migration table comes before the first migration sets the mark.
    let ours: i64 = sqlx::query_scalar("select count(*) from sqlite_schema where tbl_name <> '_sqlx_migrations'")
        .fetch_one(&mut probe)
        .await
        .map_err(refusal)?;
    if objects > 0 && ours > 0 && application != APPLICATION_ID {
        return Err(StoreError::ForeignDatabase { database: path.display().to_string() });
    }
    // Takes the write lock and lets it go: says now what the first commit would say.
    sqlx::query("begin immediate").execute(&mut probe).await.map_err(refusal)?;
    sqlx::query("rollback").execute(&mut probe).await.map_err(refusal)?;
    probe.close().await.map_err(refusal)
}

fn file_refusal(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { path: path.to_owned() }
        }
        _ => StoreError::CannotOpen { path: path.to_owned(), reason: error.to_string() },
    }
}

/// SQLite's primary code, the low byte of the extended one.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

/// What SQLite says at opening, as refusals.
fn sqlite_refusal(path: &Path, error: sqlx::Error) -> StoreError {
    let code = sqlite_code(&error);
    let path: PathBuf = path.to_owned();
    match code {
        Some(26) => StoreError::NotADatabase { path },
        Some(BUSY) => StoreError::CannotOpen { path, reason: "another process holds it locked".to_owned() },
        Some(3 | 8 | 23) => StoreError::ReadOnly { path },
        Some(14) => match std::fs::OpenOptions::new().append(true).open(&path) {
            // The file can be written, so it is the folder that may not be.
            Ok(_) => StoreError::ReadOnly { path },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let folder = path.parent().map(Path::to_owned).unwrap_or_default();
                if folder.as_os_str().is_empty() || folder.is_dir() {
                    StoreError::ReadOnly { path }
                } else {
                    file_refusal(&path, &error)
                }
            }
            Err(error) => file_refusal(&path, &error),
        },
        _ => StoreError::CannotOpen { path, reason: error.to_string() },
    }
}

async fn open_postgres(address: &str, options: &DbOptions) -> Result<Db> {
    let connect = PgConnectOptions::from_str(address)
        .map_err(|_| StoreError::BadAddress {
            reason: "expected `postgres://USER:PASSWORD@HOST:PORT/DATABASE`".to_owned(),
        })?
        .application_name("unisson")
        .options([("synchronous_commit", "on")])
        .disable_statement_logging();
    let name = format!(
        "{} at {}:{}",
        connect.get_database().unwrap_or_else(|| connect.get_username()),
        connect.get_host(),
        connect.get_port(),
    );
    let unreachable = |source| StoreError::Unreachable { database: name.clone(), source };
    let pool = |connections: u32, patience: Duration| {
        PgPoolOptions::new()
            .max_connections(connections)
            .idle_timeout(Duration::from_secs(600))
            .acquire_timeout(patience)
            .test_before_acquire(false)
    };
    let most = options.connections.max(2);
    let main = pool(most, options.patience)
        .min_connections(most.min(READY_CONNECTIONS))
        .connect_with(connect.clone())
        .await
        .map_err(unreachable)?;
    let log_writer = pool(LOG_CONNECTIONS, options.patience.min(LOG_PATIENCE)).connect_lazy_with(connect);
    Ok(Db(Arc::new(Inner {
        reader: Pool::Postgres(main.clone()),
        writer: Pool::Postgres(main),
        log_writer: LogWriter::Postgres(Pen::new(log_writer)),
        name,
        clock: options.clock,
    })))
}
