//! Opening a document, and reading on from a seq.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Log, Quarantined, Row, Since, Snapshot, Stored, entry};
use crate::db::Tx;
use crate::db::at::MaybeAt;
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq};

impl Log {
    /// Everything of a document and epoch, as it is at one moment: the snapshot, all rows
    /// after it without a gap, and what is quarantined, which the rows leave out.
    ///
    /// [`StoreError::NotFound`] where there is no such document, or it never had that epoch.
    pub async fn load(&self, document: DocumentId, epoch: Epoch) -> Result<Stored> {
        let mut tx = self.db.begin_read().await?;
        let facts = on!(
            in &mut tx,
            maybe (Epoch, Seq, MaybeAt),
            "select epoch, head_seq, frozen_at from documents where id = $1",
            document
        )?;
        let Some((current, head_seq, frozen_at)) = facts.filter(|facts| facts.0 >= epoch) else {
            return Err(StoreError::NotFound { what: "document" });
        };
        let snapshot = read_snapshot(&mut tx, document, epoch).await?;
        let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        let quarantined = self.quarantined_in(&mut tx, document, Some(epoch)).await?;
        let rows = read_rows(&mut tx, document, epoch, after, Seq::MAX, &quarantined).await?;
        tx.commit().await?;

        let last = rows.last().map_or(after, |row| row.seq);
        let head_seq = if current == epoch { head_seq } else { last };
        if let Some(seq) = gap(after, &rows, head_seq) {
            return Err(StoreError::CorruptRow { document, epoch, seq, reason: "it is missing" });
        }
        Ok(Stored { epoch, head_seq, frozen: frozen_at.0.is_some() || current != epoch, snapshot, rows, quarantined })
    }

    /// The rows after `after`, for who has a document up to there.
    pub async fn since(&self, document: DocumentId, epoch: Epoch, after: Seq) -> Result<Since> {
        let mut tx = self.db.begin_read().await?;
        let facts = on!(
            in &mut tx,
            maybe (Epoch, Seq),
            "select epoch, head_seq from documents where id = $1",
            document
        )?;
        let Some((current, head_seq)) = facts.filter(|facts| facts.0 >= epoch) else {
            return Err(StoreError::NotFound { what: "document" });
        };
        let quarantined = self.quarantined_in(&mut tx, document, Some(epoch)).await?;
        let rows = read_rows(&mut tx, document, epoch, after, Seq::MAX, &quarantined).await?;
        tx.commit().await?;
        let head_seq = if current == epoch { head_seq } else { rows.last().map_or(after, |row| row.seq) };
        Ok(match gap(after, &rows, head_seq) {
            Some(_) => Since::Swept,
            None => Since::Rows(rows),
        })
    }
}

/// The first seq that is missing between `after` and `head`.
fn gap(after: Seq, rows: &[Row], head: Seq) -> Option<Seq> {
    let mut next = after + 1;
    for row in rows {
        if row.seq != next {
            return Some(next);
        }
        next += 1;
    }
    (next <= head).then_some(next)
}

async fn read_snapshot(tx: &mut Tx, document: DocumentId, epoch: Epoch) -> Result<Option<Snapshot>> {
    let head = on!(
        in tx,
        maybe (Seq, Vec<u8>),
        "select seq, index_bytes from snapshots where document_id = $1 and epoch = $2",
        document,
        epoch
    )?;
    let Some((seq, index)) = head else {
        return Ok(None);
    };
    let parts = on!(
        in tx,
        all One<Vec<u8>>,
        "select bytes from snapshot_parts where document_id = $1 and epoch = $2 order by part_no",
        document,
        epoch
    )?;
    Ok(Some(Snapshot {
        seq,
        index: Bytes::from(index),
        parts: parts.into_iter().map(|One(part)| Bytes::from(part)).collect(),
    }))
}

/// The rows of `after < seq <= up_to`, without what is quarantined. A row that can't be read and was set aside
/// as a whole has no entries.
pub(super) async fn read_rows(
    tx: &mut Tx,
    document: DocumentId,
    epoch: Epoch,
    after: Seq,
    up_to: Seq,
    quarantined: &[Quarantined],
) -> Result<Vec<Row>> {
    let stored = on!(
        in tx,
        all (Seq, Vec<u8>),
        "select seq, payload from updates
         where document_id = $1 and epoch = $2 and seq > $3 and seq <= $4 order by seq",
        document,
        epoch,
        after,
        up_to
    )?;
    let mut left_out: BTreeMap<Seq, Vec<u32>> = BTreeMap::new();
    for entry in quarantined {
        left_out.entry(entry.seq).or_default().push(entry.entry_no);
    }
    let mut rows = Vec::with_capacity(stored.len());
    for (seq, payload) in stored {
        let mut entries = match entry::decode(&Bytes::from(payload)) {
            Ok(entries) => entries,
            Err(_) if left_out.get(&seq).is_some_and(|left_out| left_out.contains(&0)) => Vec::new(),
            Err(reason) => return Err(StoreError::CorruptRow { document, epoch, seq, reason }),
        };
        if let Some(left_out) = left_out.get(&seq) {
            let mut no = 0;
            entries.retain(|_| {
                let kept = !left_out.contains(&no);
                no += 1;
                kept
            });
        }
        rows.push(Row { seq, entries });
    }
    Ok(rows)
}
