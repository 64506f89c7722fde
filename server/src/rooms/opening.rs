//! Opening a document: from the log to an index, leaving out what can't be.
//!
//! A stored update that can't be read, or lacks what it builds on since that was set aside, goes into quarantine
//! one by one; the rest of the document opens.

use bytes::Bytes;
use crdt_store::{
    DocumentId, Epoch, Log, Result, Seq, StoreError,
    log::{Attribution, Row, Stored},
    update::{Index, Update},
};

/// Rows of one document that can't be read as rows, before it is given up.
const CORRUPT_ROWS_MAX: usize = 1_000;

/// A document as a room needs it.
pub(super) struct Opened {
    pub stored: Stored,
    pub index: Index,
    pub attributions: Vec<Attribution>,
}

/// Reads the document, and sets aside what stands in the way.
pub(super) async fn open(log: &Log, document: DocumentId, epoch: Epoch) -> Result<Opened> {
    let mut stored = load(log, document, epoch).await?;
    let (index, faults) = index_of(document, &mut stored);
    for (seq, number, reason) in faults {
        tracing::error!(document.id = %document, seq, entry = number, reason, "a stored update is set aside");
        metrics::counter!("unisson_quarantined_total").increment(1);
        log.quarantine(document, epoch, seq, number, &reason).await?;
    }
    let attributions = log.attributions_of(document, &stored).await?;
    Ok(Opened { stored, index, attributions })
}

async fn load(log: &Log, document: DocumentId, epoch: Epoch) -> Result<Stored> {
    for _ in 0..CORRUPT_ROWS_MAX {
        match log.load(document, epoch).await {
            Err(StoreError::CorruptRow { seq, reason, .. }) => {
                tracing::error!(document.id = %document, seq, reason, "a row is set aside");
                metrics::counter!("unisson_quarantined_total").increment(1);
                log.quarantine(document, epoch, seq, 0, reason).await?;
            }
            loaded => return loaded,
        }
    }
    log.load(document, epoch).await
}

type Fault = (Seq, u32, String);

/// The index of what is stored. What it can't take is taken out of `stored`, and told.
fn index_of(document: DocumentId, stored: &mut Stored) -> (Index, Vec<Fault>) {
    let mut index = match &stored.snapshot {
        Some(snapshot) => Index::decode(&snapshot.index).unwrap_or_else(|error| {
            tracing::error!(%error, document.id = %document, "a snapshot's index can't be read, reading its parts");
            let mut index = Index::new();
            for part in &snapshot.parts {
                if let Err(reason) = absorb(&mut index, part) {
                    tracing::error!(document.id = %document, reason, "a part of a snapshot can't be read");
                }
            }
            index
        }),
        None => Index::new(),
    };
    let mut faults = Vec::new();
    let mut rows = std::mem::take(&mut stored.rows);
    for row in &mut rows {
        let mut numbers = numbers(stored, row).collect::<Vec<_>>().into_iter();
        let seq = row.seq;
        row.entries.retain(|entry| {
            let number = numbers.next().unwrap_or_default();
            match absorb(&mut index, &entry.bytes) {
                Ok(()) => true,
                Err(reason) => {
                    faults.push((seq, number, reason));
                    false
                }
            }
        });
    }
    stored.rows = rows;
    (index, faults)
}

fn absorb(index: &mut Index, bytes: &Bytes) -> std::result::Result<(), String> {
    let update = Update::parse(bytes.clone()).map_err(|error| error.to_string())?;
    index.absorb(&update).map_err(|error| error.to_string())
}

/// The places in a row of its loaded entries: what is in quarantine was left out, and counts.
pub(super) fn numbers(stored: &Stored, row: &Row) -> impl Iterator<Item = u32> {
    let seq = row.seq;
    let aside: Vec<u32> = stored.quarantined.iter().filter(|out| out.seq == seq).map(|out| out.entry_no).collect();
    (0_u32..).filter(move |number| !aside.contains(number)).take(row.entries.len())
}
