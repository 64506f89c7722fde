//! Snapshots: what is due for one, storing it by compare-and-set, and sweeping (S5).
//!
//! A snapshot is swapped in only where the one it was made from still stands, so any node
//! may compact and twice does no harm. The rows it covers are deleted later, in slices,
//! never in its own transaction.

use std::time::Duration;

use bytes::Bytes;

use super::attributions::Ledger;
use super::{Log, Row, load};
use crate::db::Tx;
use crate::db::at::At;
use crate::db::on::One;
use crate::error::Result;
use crate::ids::{DocumentId, Epoch, Seq};

/// Documents that one call of [`Log::sweep`] looks at.
const SWEPT_DOCUMENTS: i64 = 64;

impl Log {
    /// Documents, open or not, whose log has `min_rows` rows or more after its snapshot:
    /// those with the longest tails first, at most `limit`.
    pub async fn due_for_compaction(&self, min_rows: u32, limit: u32) -> Result<Vec<(DocumentId, Epoch)>> {
        // `tails` notes lengths when they pass a power of two.
        let min_rows = min_rows.max(1);
        let noted = 1i64 << min_rows.ilog2();
        on!(
            self.db.reader(),
            all(DocumentId, Epoch),
            "select d.id, d.epoch
             from tails t join documents d on d.id = t.document_id and d.epoch = t.epoch
             where t.rows_count >= $1 and d.head_seq - d.snapshot_seq >= $2 and d.deleted_at is null
             order by t.rows_count desc, t.document_id desc
             limit $3",
            noted,
            i64::from(min_rows),
            i64::from(limit)
        )
    }

    /// Puts a snapshot in the place of the one of `expected` (`None`: of none). False, and
    /// nothing is changed, where another stands there by now, where the document has another
    /// epoch, or its log doesn't reach `seq`.
    ///
    /// `parts` are V1 updates that together are the state after row `seq`, each applying after
    /// those before it; `index` is that state's encoded index. Who wrote what the covered rows
    /// hold is condensed in the same transaction.
    pub async fn store_snapshot(
        &self,
        document: DocumentId,
        epoch: Epoch,
        expected: Option<Seq>,
        seq: Seq,
        index: Bytes,
        parts: Vec<Bytes>,
    ) -> Result<bool> {
        // Rows never change, and those after the standing snapshot are never swept: they can
        // be read before the transaction, which would keep others waiting.
        let covered = self.covered(document, epoch, expected.unwrap_or(0), seq).await?;
        let size: usize = parts.iter().map(Bytes::len).sum();
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let now = self.db.now();

        let mut tx = self.db.begin().await?;
        let replaced = on!(
            in &mut tx,
            maybe (Seq, i64),
            "select seq, size_bytes from snapshots where document_id = $1 and epoch = $2",
            document,
            epoch
        )?;
        if replaced.map(|(seq, _)| seq) != expected || expected.is_some_and(|old| old >= seq) {
            return Ok(false);
        }
        let parts_count = i32::try_from(parts.len()).unwrap_or(i32::MAX);
        let swapped = match expected {
            Some(old) => on!(
                in &mut tx,
                run,
                "update snapshots set seq = $4, index_bytes = $5, parts_count = $6, size_bytes = $7, created_at = $8
                 where document_id = $1 and epoch = $2 and seq = $3",
                document,
                epoch,
                old,
                seq,
                index.as_ref(),
                parts_count,
                size,
                now
            )?,
            None => on!(
                in &mut tx,
                run,
                "insert into snapshots (document_id, epoch, seq, index_bytes, parts_count, size_bytes, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (document_id, epoch) do nothing",
                document,
                epoch,
                seq,
                index.as_ref(),
                parts_count,
                size,
                now
            )?,
        };
        if swapped == 0 {
            return Ok(false);
        }
        write_parts(&mut tx, document, epoch, &parts).await?;
        let mut ledger = Ledger::read(&mut tx, document, epoch).await?;
        for row in &covered.rows {
            for entry in &row.entries {
                ledger.add_entry(entry);
            }
        }
        ledger.write(&mut tx, document, epoch).await?;
        on!(
            in &mut tx,
            run,
            "insert into sweeps (document_id, epoch, up_to_seq, created_at) values ($1, $2, $3, $4)
             on conflict (document_id, epoch)
             do update set up_to_seq = excluded.up_to_seq, created_at = excluded.created_at",
            document,
            epoch,
            seq,
            now
        )?;
        // The document's own row comes last: appends wait for its lock.
        let smaller = size - replaced.map_or(0, |(_, size)| size) - covered.bytes;
        let tail = on!(
            in &mut tx,
            maybe One<Seq>,
            "update documents
             set snapshot_seq = $3,
                 size_bytes = case when size_bytes + $4 < 0 then 0 else size_bytes + $4 end
             where id = $1 and epoch = $2 and head_seq >= $3
             returning head_seq - snapshot_seq",
            document,
            epoch,
            seq,
            smaller
        )?;
        let Some(One(tail)) = tail else {
            return Ok(false);
        };
        note_tail(&mut tx, document, epoch, tail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes up to `limit` rows that a snapshot covers, of closed documents too; how many.
    /// Those of a snapshot that landed less than `keep` ago stay for a while, for whoever
    /// reads on from a seq.
    pub async fn sweep(&self, keep: Duration, limit: u32) -> Result<u64> {
        let At(now) = self.db.now();
        let waiting = on!(
            self.db.reader(),
            all(DocumentId, Epoch, Seq),
            "select document_id, epoch, up_to_seq from sweeps
             where created_at <= $1 order by created_at limit $2",
            At(now - keep),
            SWEPT_DOCUMENTS
        )?;
        let mut swept = 0;
        for (document, epoch, up_to) in waiting {
            let left = u64::from(limit).saturating_sub(swept);
            if left == 0 {
                break;
            }
            let rows = on!(
                self.db.writer(),
                run,
                "delete from updates
                 where document_id = $1 and epoch = $2 and seq in (
                    select u.seq from updates u
                    join snapshots s on s.document_id = u.document_id and s.epoch = u.epoch
                    where u.document_id = $1 and u.epoch = $2 and u.seq <= $3 and u.seq <= s.seq
                    order by u.seq limit $4)",
                document,
                epoch,
                up_to,
                i64::try_from(left).unwrap_or(i64::MAX)
            )?;
            swept += rows;
            if rows < left {
                on!(
                    self.db.writer(),
                    run,
                    "delete from sweeps where document_id = $1 and epoch = $2 and up_to_seq = $3",
                    document,
                    epoch,
                    up_to
                )?;
            }
        }
        Ok(swept)
    }

    async fn covered(&self, document: DocumentId, epoch: Epoch, after: Seq, up_to: Seq) -> Result<Covered> {
        let mut tx = self.db.begin_read().await?;
        let quarantined = self.quarantined_in(&mut tx, document, Some(epoch)).await?;
        let rows = load::read_rows(&mut tx, document, epoch, after, up_to, &quarantined).await?;
        tx.commit().await?;
        let kept: usize = rows.iter().flat_map(|row| &row.entries).map(|entry| entry.bytes.len()).sum();
        let left_out: usize = quarantined
            .iter()
            .filter(|entry| entry.seq > after && entry.seq <= up_to)
            .map(|entry| entry.bytes.len())
            .sum();
        Ok(Covered { rows, bytes: i64::try_from(kept + left_out).unwrap_or(i64::MAX) })
    }
}

/// The rows that a snapshot newly covers.
struct Covered {
    rows: Vec<Row>,
    /// Of their updates, quarantined ones included.
    bytes: i64,
}

async fn write_parts(tx: &mut Tx, document: DocumentId, epoch: Epoch, parts: &[Bytes]) -> Result<()> {
    on!(
        in tx,
        run,
        "delete from snapshot_parts where document_id = $1 and epoch = $2",
        document,
        epoch
    )?;
    for (no, part) in (0i32..).zip(parts) {
        on!(
            in tx,
            run,
            "insert into snapshot_parts (document_id, epoch, part_no, bytes) values ($1, $2, $3, $4)",
            document,
            epoch,
            no,
            part.as_ref()
        )?;
    }
    Ok(())
}

/// Writes down how long the tail is after a snapshot, cut to a power of two.
async fn note_tail(tx: &mut Tx, document: DocumentId, epoch: Epoch, tail: Seq) -> Result<()> {
    match u64::try_from(tail).ok().and_then(u64::checked_ilog2) {
        None => on!(in tx, run, "delete from tails where document_id = $1", document)?,
        Some(power) => on!(
            in tx,
            run,
            "insert into tails (document_id, epoch, rows_count) values ($1, $2, $3)
             on conflict (document_id)
             do update set epoch = excluded.epoch, rows_count = excluded.rows_count",
            document,
            epoch,
            1i64 << power.min(62)
        )?,
    };
    Ok(())
}
