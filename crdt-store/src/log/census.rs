//! All documents, one after the other: for whoever checks a whole database.

use super::Log;
use crate::db::on::One;
use crate::error::Result;
use crate::ids::{DocumentId, Epoch};

impl Log {
    /// Documents and their present epochs in the order of their ids, those that were deleted left out: `limit` of them,
    /// after `after`.
    pub async fn census(&self, after: Option<DocumentId>, limit: u32) -> Result<Vec<(DocumentId, Epoch)>> {
        let first = after.unwrap_or(DocumentId(uuid::Uuid::nil()));
        on!(
            self.db.reader(),
            all(DocumentId, Epoch),
            "select id, epoch from documents where id > $1 and deleted_at is null order by id limit $2",
            first,
            i64::from(limit)
        )
    }

    /// How many updates are set aside, in all documents.
    pub async fn set_aside(&self) -> Result<i64> {
        on!(self.db.reader(), one One<i64>, "select count(*) from quarantine").map(|One(count)| count)
    }
}
