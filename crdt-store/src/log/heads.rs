//! How far the logs of many documents have come, in one question: what a node asks of the rooms it has open, so
//! that nothing that another node wrote stays unknown.

use super::Log;
use crate::db::Pool;
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq};

/// How far a document's log has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The lineage that is written now.
    pub epoch: Epoch,
    /// Its last row.
    pub seq: Seq,
}

impl Log {
    /// The heads of those of the documents that are there still.
    pub async fn heads(&self, documents: &[DocumentId]) -> Result<Vec<(DocumentId, Head)>> {
        let rows: Vec<(DocumentId, Epoch, Seq)> = match self.db.reader() {
            Pool::Sqlite(pool) => {
                let ids: Vec<_> = documents.iter().map(|document| document.0.simple()).collect();
                let ids = serde_json::to_string(&ids)
                    .map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))?;
                sqlx::query_as(
                    "select id, epoch, head_seq from documents
                     where id in (select unhex(value) from json_each($1)) and deleted_at is null",
                )
                .bind(ids)
                .fetch_all(pool)
                .await?
            }
            Pool::Postgres(pool) => {
                let ids: Vec<_> = documents.iter().map(|document| document.0).collect();
                sqlx::query_as("select id, epoch, head_seq from documents where id = any($1) and deleted_at is null")
                    .bind(ids)
                    .fetch_all(pool)
                    .await?
            }
        };
        Ok(rows.into_iter().map(|(document, epoch, seq)| (document, Head { epoch, seq })).collect())
    }
}
