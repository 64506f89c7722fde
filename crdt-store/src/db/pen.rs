//! PostgreSQL's connection for the log, kept between two commits.
//!
//! A pool asks the server for a sign of life each time a connection comes back to it: one more
//! round trip for each commit. This one stays out. A connection that failed is not kept; the
//! pool looks at it and opens another. Caller: `log/append.rs`.

use std::sync::{Mutex, PoisonError};

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

pub(crate) struct Pen {
    pool: PgPool,
    kept: Mutex<Option<PoolConnection<Postgres>>>,
}

impl Pen {
    pub fn new(pool: PgPool) -> Self {
        Self { pool, kept: Mutex::default() }
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The one that is kept, or another while that one writes.
    pub async fn take(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        match kept {
            Some(connection) => Ok(connection),
            None => self.pool.acquire().await,
        }
    }

    /// A connection that is in order and has no transaction open.
    pub fn put_back(&self, connection: PoolConnection<Postgres>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() && !self.pool.is_closed() {
            *kept = Some(connection);
        }
    }

    pub async fn close(&self) {
        let closing = self.pool.close();
        drop(self.kept.lock().unwrap_or_else(PoisonError::into_inner).take());
        closing.await;
    }
}
