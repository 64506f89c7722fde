//! A document's lineage (S12) and its freezing.

use bytes::Bytes;

use super::{Entry, Log, append};
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch};

/// Whether a document takes updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// It takes none for the time being.
    Frozen,
    /// It takes them again.
    Thawed,
}

impl Log {
    /// Begins a new lineage, which holds `seed` as its row 1, or nothing. Appends to the old
    /// one are [`Outcome::WrongEpoch`](super::Outcome::WrongEpoch) from then on; its rows stay
    /// and can be loaded.
    ///
    /// Compare-and-set on the epoch: `None` where `from` is not the current one, so that of
    /// two who begin one at once only one does. The new epoch otherwise.
    pub async fn start_epoch(&self, document: DocumentId, from: Epoch, seed: Option<Bytes>) -> Result<Option<Epoch>> {
        let epoch = from + 1;
        let size = seed.as_ref().map_or(0, Bytes::len);
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let rows = on!(
            in &mut tx,
            run,
            "update documents
             set epoch = $3, head_seq = $4, snapshot_seq = 0, size_bytes = $5, updated_at = $6, updated_hour = $7
             where id = $1 and epoch = $2 and deleted_at is null",
            document,
            from,
            epoch,
            i64::from(seed.is_some()),
            i64::try_from(size).unwrap_or(i64::MAX),
            now,
            now.hour()
        )?;
        if rows == 0 {
            return Ok(None);
        }
        on!(in &mut tx, run, "delete from tails where document_id = $1", document)?;
        if let Some(seed) = seed {
            append::seed_row(&mut tx, document, epoch, Entry::by_server(seed), now).await?;
        }
        tx.commit().await?;
        Ok(Some(epoch))
    }

    /// Stops or allows appends to a document. [`StoreError::NotFound`] where there is none.
    pub async fn freeze(&self, document: DocumentId, freeze: Freeze) -> Result<()> {
        let at = match freeze {
            Freeze::Frozen => Some(self.db.now()),
            Freeze::Thawed => None,
        };
        let rows = on!(self.db.writer(), run, "update documents set frozen_at = $2 where id = $1", document, at)?;
        match rows {
            0 => Err(StoreError::NotFound { what: "document" }),
            _ => Ok(()),
        }
    }
}
