//! What an instance remembers of itself: keys that must be the same on every node.

use crate::db::Db;
use crate::db::on::One;
use crate::error::{Result, StoreError};

/// Settings of the instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Settings {
    db: Db,
}

impl Settings {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The value of `key`, where it is set.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let row = on!(self.db.reader(), maybe One<Vec<u8>>, "select value from settings where key = $1", key)?;
        Ok(row.map(|One(value)| value))
    }

    /// The value of `key`, which becomes `value` where it is not set yet.
    /// Of several that race, all get the same.
    pub async fn get_or_create(&self, key: &str, value: &[u8]) -> Result<Vec<u8>> {
        if let Some(there) = self.get(key).await? {
            return Ok(there);
        }
        on!(
            self.db.writer(),
            run,
            "insert into settings (key, value) values ($1, $2) on conflict (key) do nothing",
            key,
            value
        )?;
        self.get(key).await?.ok_or(StoreError::NotFound { what: "setting" })
    }

    /// Sets `key` to `value`, whatever it was.
    pub async fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        on!(
            self.db.writer(),
            run,
            "insert into settings (key, value) values ($1, $2)
             on conflict (key) do update set value = excluded.value",
            key,
            value
        )?;
        Ok(())
    }
}
