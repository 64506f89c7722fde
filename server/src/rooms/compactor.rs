//! Keeps logs short: snapshots from what has gathered, by worker processes, of open and closed documents alike.
//!
//! A compaction merges exactly the rows it has read, checks the result against them, and swaps it in by
//! compare-and-set: any node may do it, and twice does no harm. A row that no worker can merge is found by
//! bisection and put in quarantine; the rest of the document opens.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use crdt_store::{
    DocumentId, Epoch, Log, Seq,
    log::Stored,
    update::{Index, Update},
};
use dashmap::DashSet;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{contents::stored_parts, opening::numbers, registry::Registry, room::Compacted};
use crate::workers::{Answer, Job, JobError, Pool, find_bad};

type Key = (DocumentId, Epoch);

/// Where rooms say that it is time. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Compactor {
    queue: mpsc::Sender<Key>,
    queued: Arc<DashSet<Key>>,
}

/// Documents that wait. When full, the sweep finds what was not taken.
const QUEUE_MAX: usize = 4_096;
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const SWEEP_DOCUMENTS: u32 = 50;
const SWEEP_ROWS: u32 = 5_000;
/// Rows under a fresh snapshot stay so long for whoever is reading them.
const SWEEP_KEEP: Duration = Duration::from_secs(60);

impl Compactor {
    pub fn new() -> (Self, mpsc::Receiver<Key>) {
        let (queue, due) = mpsc::channel(QUEUE_MAX);
        (Self { queue, queued: Arc::default() }, due)
    }

    /// The document has gathered enough. Saying it again does nothing.
    pub fn due(&self, document: DocumentId, epoch: Epoch) {
        if self.queued.insert((document, epoch)) && self.queue.try_send((document, epoch)).is_err() {
            self.queued.remove(&(document, epoch));
        }
    }
}

/// Works until `end`: what rooms ask for at once, what nobody has open now and then.
pub(super) async fn run(
    compactor: Compactor,
    mut due: mpsc::Receiver<Key>,
    log: Log,
    workers: Pool,
    registry: Registry,
    min_rows: u64,
    end: CancellationToken,
) {
    let work = Work { log, workers, registry };
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            Some(key) = due.recv() => {
                work.compact(key).await;
                compactor.queued.remove(&key);
                metrics::gauge!("unisson_compactions_waiting").set(compactor.queued.len() as f64);
            }
            _ = sweep.tick() => work.sweep(min_rows).await,
        }
    }
}

struct Work {
    log: Log,
    workers: Pool,
    registry: Registry,
}

impl Work {
    async fn sweep(&self, min_rows: u64) {
        let min_rows = u32::try_from(min_rows).unwrap_or(u32::MAX);
        match self.log.due_for_compaction(min_rows, SWEEP_DOCUMENTS).await {
            Ok(due) => {
                for key in due {
                    self.compact(key).await;
                }
            }
            Err(error) => tracing::warn!(%error, "log.due_for_compaction failed"),
        }
        if let Err(error) = self.log.sweep(SWEEP_KEEP, SWEEP_ROWS).await {
            tracing::warn!(%error, "log.sweep failed");
        }
    }

    /// One document. What goes wrong is logged, and tried again when the document is due again.
    async fn compact(&self, key: Key) {
        let started = Instant::now();
        let span = tracing::info_span!("log.compact", document.id = %key.0);
        match self.try_compact(key).instrument(span).await {
            Ok(true) => {
                metrics::counter!("unisson_compactions_total").increment(1);
                metrics::histogram!("unisson_compaction_seconds").record(started.elapsed());
                tracing::debug!(document.id = %key.0, ms = started.elapsed().as_millis() as u64, "log.compact");
            }
            Ok(false) => {}
            Err(error) => {
                metrics::counter!("unisson_compaction_failures_total").increment(1);
                tracing::warn!(%error, document.id = %key.0, "log.compact failed");
            }
        }
    }

    async fn try_compact(&self, (document, epoch): Key) -> anyhow::Result<bool> {
        let stored = self.log.load(document, epoch).await?;
        if stored.rows.is_empty() || stored.epoch != epoch {
            return Ok(false);
        }
        let (snapshot, tail) = stored_parts(&stored);
        let parts: Vec<Bytes> = snapshot.into_iter().chain(tail).collect();
        let compacted = match self.workers.run(Job::Compact { parts: parts.clone() }).await {
            Ok(Answer::Compacted(compacted)) => compacted,
            Ok(_) => anyhow::bail!("a worker answered another question"),
            Err(error @ (JobError::Crashed | JobError::TimedOut | JobError::Refused(_))) => {
                tracing::error!(%error, document.id = %document, "a document can't be merged, looking for the row");
                self.quarantine((document, epoch), &stored, parts).await?;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let index = verified(&parts, &compacted.parts)?;
        let expected = stored.snapshot.as_ref().map(|snapshot| snapshot.seq);
        let seq = last_seq(&stored);
        let snapshot_bytes = compacted.parts.iter().map(Bytes::len).sum();
        let swapped =
            self.log.store_snapshot(document, epoch, expected, seq, index.encode().into(), compacted.parts).await?;
        if swapped {
            let deletes = index.deletes().clone();
            self.registry.compacted(document, epoch, Compacted { seq, snapshot_bytes, deletes });
        }
        Ok(swapped)
    }

    /// Finds the one update at fault and puts it aside; whoever has the document open is to come again.
    async fn quarantine(&self, (document, epoch): Key, stored: &Stored, parts: Vec<Bytes>) -> anyhow::Result<()> {
        let Some(bad) = find_bad(&self.workers, parts).await? else {
            anyhow::bail!("each update can be merged, and all of them can't");
        };
        let snapshot_parts = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.parts.len());
        let Some(bad) = bad.checked_sub(snapshot_parts) else {
            anyhow::bail!("part {bad} of the snapshot can't be merged");
        };
        let Some((seq, number)) = place_of(stored, bad) else {
            anyhow::bail!("no row holds update {bad}");
        };
        self.log.quarantine(document, epoch, seq, number, "can't be merged").await?;
        metrics::counter!("unisson_quarantined_total").increment(1);
        tracing::error!(document.id = %document, seq, entry = number, "an update is in quarantine");
        self.registry.reset(document, epoch);
        Ok(())
    }
}

/// The row, and the place in it, of the `nth` update that was loaded.
fn place_of(stored: &Stored, nth: usize) -> Option<(Seq, u32)> {
    let mut loaded = stored.rows.iter().flat_map(|row| numbers(stored, row).map(move |number| (row.seq, number)));
    loaded.nth(nth)
}

fn last_seq(stored: &Stored) -> Seq {
    stored.rows.last().map_or(stored.head_seq, |row| row.seq)
}

/// The index of the result, which holds each structure that the rows bring and deletes at least what they delete.
/// It is read from the bytes that will be stored: a worker's word for them is not enough.
fn verified(parts: &[Bytes], compacted: &[Bytes]) -> anyhow::Result<Index> {
    let index = index_of(parts)?;
    let compacted = index_of(compacted)?;
    anyhow::ensure!(
        index.state_vector() == compacted.state_vector(),
        "the compacted document has another state vector"
    );
    anyhow::ensure!(compacted.deletes().covers(index.deletes()), "the compacted document lacks deletes");
    Ok(compacted)
}

fn index_of(parts: &[Bytes]) -> anyhow::Result<Index> {
    let mut index = Index::new();
    for part in parts {
        index.absorb(&Update::parse(part.clone())?)?;
    }
    Ok(index)
}
