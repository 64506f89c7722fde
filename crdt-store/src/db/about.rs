//! What a database says of itself, and a copy of it, for whoever looks after it.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, SqliteConnection};
use time::OffsetDateTime;

use super::{Db, Pool};
use crate::error::{Result, StoreError};

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `PostgreSQL 17.2`, `SQLite 3.50.1`.
    pub version: String,
    /// What a server has that a file has not.
    pub server: Option<ServerFacts>,
}

/// What a server has that a file has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its clock.
    pub now: OffsetDateTime,
    /// Follows another server, and takes no writes.
    pub is_standby: bool,
    /// Connections it takes at most, and those that are open.
    pub connections_max: i64,
    /// Those of everybody.
    pub connections: i64,
}

impl Db {
    /// Connections that one node may open.
    pub fn connections_of_a_node(&self) -> Option<u32> {
        match (self.reader(), self.log_writer()) {
            (Pool::Postgres(pool), super::LogWriter::Postgres(pen)) => {
                Some(pool.options().get_max_connections() + pen.pool().options().get_max_connections())
            }
            _ => None,
        }
    }

    /// Writes all that is committed now into a new file, while the database is in use. SQLite's; false on a server,
    /// which has tools of its own.
    pub async fn copy_to(&self, path: &Path) -> Result<bool> {
        let Pool::Sqlite(pool) = self.writer() else { return Ok(false) };
        let refused = |reason: &str| StoreError::CannotOpen { path: path.to_owned(), reason: reason.to_owned() };
        if path.exists() {
            return Err(refused("it exists already"));
        }
        let shown = path.to_str().ok_or_else(|| refused("its name is not text"))?;
        // A connection of its own: the writer is not kept waiting.
        let options = pool.connect_options();
        let mut connection: SqliteConnection = options.as_ref().clone().connect().await?;
        sqlx::query("vacuum into $1").bind(shown).execute(&mut connection).await?;
        connection.close().await?;
        Ok(true)
    }

    /// Asks the database about itself.
    pub async fn about(&self) -> Result<About> {
        match self.reader() {
            Pool::Sqlite(pool) => {
                let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(pool).await?;
                Ok(About { version: format!("SQLite {version}"), server: None })
            }
            Pool::Postgres(pool) => {
                let (version, now, is_standby, connections_max, connections): (String, OffsetDateTime, bool, i64, i64) =
                    sqlx::query_as(
                        "select current_setting('server_version'), clock_timestamp(), pg_is_in_recovery(),
                            current_setting('max_connections')::bigint,
                            (select count(*) from pg_stat_activity where backend_type = 'client backend')",
                    )
                    .fetch_one(pool)
                    .await?;
                Ok(About {
                    version: format!("PostgreSQL {version}"),
                    server: Some(ServerFacts { now, is_standby, connections_max, connections }),
                })
            }
        }
    }
}
