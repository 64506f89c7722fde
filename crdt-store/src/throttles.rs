//! How often something was done within a window of time: asking for a link, inviting.
//!
//! All nodes count together. What is counted is named by a hash, so that the table says nothing of people or machines.

use time::Duration;

use crate::db::Db;
use crate::db::at::{At, cut};
use crate::db::on::One;
use crate::error::Result;

/// The counts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Throttles {
    db: Db,
}

impl Throttles {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Counts one more and says how many it makes since the window began, this one included. The window begins with
    /// the first.
    pub async fn count(&self, key_hash: &[u8], window: Duration) -> Result<i64> {
        let now = self.db.now();
        let One(count) = on!(
            self.db.writer(),
            one One<i64>,
            "insert into throttles (key_hash, count, expires_at) values ($1, 1, $3)
             on conflict (key_hash) do update set
                count = case when throttles.expires_at <= $2 then 1 else throttles.count + 1 end,
                expires_at = case when throttles.expires_at <= $2 then excluded.expires_at
                    else throttles.expires_at end
             returning count",
            key_hash,
            now,
            At(cut(now.0 + window))
        )?;
        Ok(count)
    }

    /// Forgets windows that are over; how many.
    pub async fn delete_expired(&self) -> Result<u64> {
        on!(self.db.writer(), run, "delete from throttles where expires_at <= $1", self.db.now())
    }
}
