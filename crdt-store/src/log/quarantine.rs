//! Updates that cannot be applied: set aside one by one, their bytes kept (S6).
//!
//! A quarantined update stays in its row; [`Log::load`] leaves it out and reports it.

use bytes::Bytes;
use time::OffsetDateTime;

use super::{Entry, Log, Quarantined, entry};
use crate::db::Tx;
use crate::db::at::At;
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq, UserId};

#[derive(sqlx::FromRow)]
struct Stored {
    document_id: DocumentId,
    epoch: Epoch,
    seq: Seq,
    entry_no: i32,
    reason: String,
    bytes: Vec<u8>,
    person_id: Option<UserId>,
    #[sqlx(try_from = "At")]
    created_at: OffsetDateTime,
}

impl From<Stored> for Quarantined {
    fn from(stored: Stored) -> Self {
        Self {
            document: stored.document_id,
            epoch: stored.epoch,
            seq: stored.seq,
            entry_no: u32::try_from(stored.entry_no).unwrap_or(0),
            reason: stored.reason,
            bytes: Bytes::from(stored.bytes),
            person: stored.person_id,
            created_at: stored.created_at,
        }
    }
}

impl Log {
    /// Sets one update of a row aside. Its place counts all entries of the row as stored,
    /// those already quarantined too. Twice does no harm; what was released goes back in.
    /// Of a row that can't be read as one, place 0 stands for all of it.
    ///
    /// [`StoreError::NotFound`] where there is no such row or entry.
    pub async fn quarantine(
        &self,
        document: DocumentId,
        epoch: Epoch,
        seq: Seq,
        entry_no: u32,
        reason: &str,
    ) -> Result<()> {
        let missing = StoreError::NotFound { what: "update" };
        let mut tx = self.db.begin().await?;
        let row = on!(
            in &mut tx,
            maybe One<Vec<u8>>,
            "select payload from updates where document_id = $1 and epoch = $2 and seq = $3",
            document,
            epoch,
            seq
        )?;
        let Some(One(payload)) = row else {
            return Err(missing);
        };
        let payload = Bytes::from(payload);
        let entries = entry::decode(&payload).unwrap_or_else(|_| vec![Entry::by_server(payload.clone())]);
        let (Some(entry), Ok(place)) = (entries.get(entry_no as usize), i32::try_from(entry_no)) else {
            return Err(missing);
        };
        on!(
            in &mut tx,
            run,
            "insert into quarantine (document_id, epoch, seq, entry_no, reason, bytes, person_id, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (document_id, epoch, seq, entry_no)
             do update set reason = excluded.reason, released_at = null",
            document,
            epoch,
            seq,
            place,
            reason,
            entry.bytes.as_ref(),
            entry.person,
            self.db.now()
        )?;
        tx.commit().await
    }

    /// What is set aside of a document, in the order of the log.
    pub async fn quarantined(&self, document: DocumentId) -> Result<Vec<Quarantined>> {
        let mut tx = self.db.begin_read().await?;
        let quarantined = self.quarantined_in(&mut tx, document, None).await?;
        tx.commit().await?;
        Ok(quarantined)
    }

    /// What is set aside of all documents, the oldest first: the administrator's list.
    pub async fn all_quarantined(&self, limit: u32) -> Result<Vec<Quarantined>> {
        let stored = on!(
            self.db.reader(),
            all Stored,
            "select document_id, epoch, seq, entry_no, reason, bytes, person_id, created_at
             from quarantine where released_at is null
             order by created_at, document_id, seq, entry_no limit $1",
            i64::from(limit)
        )?;
        Ok(stored.into_iter().map(Quarantined::from).collect())
    }

    /// Lets an update back in; true where it was set aside. Where its row is swept by now,
    /// the caller appends [`Quarantined::bytes`] anew.
    pub async fn release(&self, document: DocumentId, epoch: Epoch, seq: Seq, entry_no: u32) -> Result<bool> {
        let Ok(place) = i32::try_from(entry_no) else {
            return Ok(false);
        };
        let rows = on!(
            self.db.writer(),
            run,
            "update quarantine set released_at = $5
             where document_id = $1 and epoch = $2 and seq = $3 and entry_no = $4
                and released_at is null",
            document,
            epoch,
            seq,
            place,
            self.db.now()
        )?;
        Ok(rows > 0)
    }

    pub(super) async fn quarantined_in(
        &self,
        tx: &mut Tx,
        document: DocumentId,
        epoch: Option<Epoch>,
    ) -> Result<Vec<Quarantined>> {
        let (from, to) = match epoch {
            Some(epoch) => (epoch, epoch),
            None => (0, Epoch::MAX),
        };
        let stored = on!(
            in tx,
            all Stored,
            "select document_id, epoch, seq, entry_no, reason, bytes, person_id, created_at
             from quarantine
             where document_id = $1 and epoch >= $2 and epoch <= $3 and released_at is null
             order by epoch, seq, entry_no",
            document,
            from,
            to
        )?;
        Ok(stored.into_iter().map(Quarantined::from).collect())
    }
}
