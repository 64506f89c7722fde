//! Opening a document, and reading on from a seq. Somebody waits for it: each question to the database is one more
//! way there and back.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Log, Quarantined, Row, Since, Snapshot, Stored, entry};
use crate::db::Tx;
use crate::db::at::MaybeAt;
use crate::db::on::One;
use crate::error::{Result, StoreError};
use crate::ids::{DocumentId, Epoch, Seq};

/// Of a document: its epoch, its last row, whether it is frozen; of the epoch asked for: its snapshot's seq and
/// index, whether anything is quarantined.
type Facts = (Epoch, Seq, MaybeAt, Option<Seq>, Option<Vec<u8>>, bool);

impl Log {
    /// Everything of a document and epoch, as it is at one moment: the snapshot, all rows
    /// after it without a gap, and what is quarantined, which the rows leave out.
    ///
    /// [`StoreError::NotFound`] where there is no such document, or it never had that epoch.
    pub async fn load(&self, document: DocumentId, epoch: Epoch) -> Result<Stored> {
        let mut tx = self.db.begin_read().await?;
        let facts = on!(
            in &mut tx,
            maybe Facts,
            "select d.epoch, d.head_seq, d.frozen_at, s.seq, s.index_bytes,
                exists (
                    select 1 from quarantine q
                    where q.document_id = d.id and q.epoch = $2 and q.released_at is null
                )
             from documents d left join snapshots s on s.document_id = d.id and s.epoch = $2
             where d.id = $1",
            document,
            epoch
        )?;
        let Some((current, head_seq, frozen_at, snapshot, index, has_quarantined)) =
            facts.filter(|facts| facts.0 >= epoch)
        else {
            return Err(StoreError::NotFound { what: "document" });
        };
        let after = snapshot.unwrap_or(0);
        let snapshot = match snapshot.zip(index) {
            Some((seq, index)) => {
                let parts = read_parts(&mut tx, document, epoch).await?;
                Some(Snapshot { seq, index: Bytes::from(index), parts })
            }
            None => None,
        };
        let quarantined = match has_quarantined {
            true => self.quarantined_in(&mut tx, document, Some(epoch)).await?,
            false => Vec::new(),
        };
        let rows = read_rows(&mut tx, document, epoch, after, Seq::MAX, &quarantined).await?;
        // It has written nothing: its end is not waited for.
        drop(tx);

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
        drop(tx);
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

async fn read_parts(tx: &mut Tx, document: DocumentId, epoch: Epoch) -> Result<Vec<Bytes>> {
    let parts = on!(
        in tx,
        all One<Vec<u8>>,
        "select bytes from snapshot_parts where document_id = $1 and epoch = $2 order by part_no",
        document,
        epoch
    )?;
    Ok(parts.into_iter().map(|One(part)| Bytes::from(part)).collect())
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
