//! Group commit: one task writes for all rooms of the node.
//!
//! Each room hands over at most one batch at a time, and may add to it until it is taken. Whatever has gathered
//! goes in one transaction. When the database is away the same batches are tried again, with growing pauses; a
//! batch that makes the transaction fail is tried alone, so that the others land. Nobody is told "landed" before
//! the commit has returned.
//!
//! **When.** A commit has a price of its own, whatever it holds: flushing to disk, waking, and a page for each
//! document. So:
//!
//! - the first edit after a pause is committed at once;
//! - on a quiet node the next commit begins `commit_interval` after the one before: few commits, and nobody waits
//!   longer than is noticed;
//! - it begins earlier when [`ENOUGH`] documents wait, since there is little more to save: a busy node
//!   acknowledges sooner than a quiet one;
//! - but never before the last commit is as long over as [`REST`] of what it took, so that a slow disk is not
//!   asked all the time, the groups grow with the load, and others who write get their turn.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crdt_store::{
    Log, StoreError,
    log::{Batch, Entry, Outcome},
};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::room::Event;

/// A room's batch, to which it may add until the saver takes it.
#[derive(Clone, Debug)]
pub(super) struct OpenBatch(Arc<Mutex<Option<Batch>>>);

impl OpenBatch {
    pub fn new(batch: Batch) -> Self {
        Self(Arc::new(Mutex::new(Some(batch))))
    }

    /// Moves `entries` in. False: the saver has it, and they stay where they are.
    pub fn add(&self, entries: &mut Vec<Entry>) -> bool {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(batch) => {
                batch.entries.append(entries);
                true
            }
            None => false,
        }
    }

    /// Whether more can be added just now.
    pub fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn take(&self) -> Option<Batch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A room's batch, and where the outcome goes.
pub(super) struct Submission {
    pub batch: OpenBatch,
    pub room: mpsc::UnboundedSender<Event>,
}

/// The same, on its way to the database.
struct Taken {
    batch: Batch,
    room: mpsc::UnboundedSender<Event>,
}

/// The rooms' end. Holds at most one batch of each.
#[derive(Clone, Debug)]
pub(super) struct Saver {
    queue: mpsc::UnboundedSender<Submission>,
    waiting: Arc<Waiting>,
}

/// Batches that no commit has taken.
#[derive(Debug, Default)]
struct Waiting {
    count: AtomicUsize,
    enough: Notify,
}

impl Saver {
    pub fn submit(&self, submission: Submission) {
        let before = self.waiting.count.fetch_add(1, Ordering::AcqRel);
        // The saver ends after the rooms: a batch that it can't take is one of a node that has gone.
        let _ = self.queue.send(submission);
        if before + 1 == ENOUGH {
            self.waiting.enough.notify_one();
        }
    }
}

impl Waiting {
    async fn enough(&self) {
        // A word that was said of an earlier group may still be there.
        while self.count.load(Ordering::Acquire) < ENOUGH {
            self.enough.notified().await;
        }
    }
}

/// Documents for which a commit is worth its price.
const ENOUGH: usize = 16;
/// How long the saver rests after a commit, in parts of what that took.
const REST: f64 = 0.25;
const COMMIT_IN: Duration = Duration::from_secs(30);
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);
/// Documents in one transaction.
const GROUP_MAX: usize = 2_000;

/// Makes the saver and the task that runs it until `end`.
pub(super) fn saver(
    log: Log,
    interval: Duration,
    end: CancellationToken,
) -> (Saver, impl Future<Output = ()> + Send + 'static) {
    let (queue, submissions) = mpsc::unbounded_channel();
    let waiting = Arc::new(Waiting::default());
    (Saver { queue, waiting: waiting.clone() }, run(log, interval, submissions, waiting, end))
}

async fn run(
    log: Log,
    interval: Duration,
    mut submissions: mpsc::UnboundedReceiver<Submission>,
    waiting: Arc<Waiting>,
    end: CancellationToken,
) {
    let mut submitted = Vec::new();
    let (mut earliest, mut latest) = (Instant::now(), Instant::now());
    loop {
        tokio::select! {
            taken = submissions.recv_many(&mut submitted, GROUP_MAX) => {
                if taken == 0 {
                    return;
                }
            }
            () = end.cancelled() => return,
        }
        if Instant::now() < latest {
            tokio::select! {
                () = sleep_until(latest) => {}
                () = waiting.enough() => sleep_until(earliest).await,
            }
        }
        while submitted.len() < GROUP_MAX
            && let Ok(submission) = submissions.try_recv()
        {
            submitted.push(submission);
        }
        waiting.count.fetch_sub(submitted.len(), Ordering::AcqRel);
        let taken = |Submission { batch, room }: Submission| Some(Taken { batch: batch.take()?, room });
        let group: Vec<Taken> = submitted.drain(..).filter_map(taken).collect();
        let took = tokio::select! {
            took = land(&log, group) => took,
            () = end.cancelled() => return,
        };
        let over = Instant::now();
        earliest = over + took.mul_f64(REST);
        latest = (over + interval.saturating_sub(took)).max(earliest);
    }
}

/// Writes the group, however often that has to be tried. How long the last try took.
async fn land(log: &Log, group: Vec<Taken>) -> Duration {
    let mut group = group;
    let mut pause = RETRY_FIRST;
    let mut attempt = 0_u32;
    let mut started = Instant::now();
    while !group.is_empty() {
        started = Instant::now();
        let span = tracing::info_span!("log.append", documents = group.len());
        match append(log, &group).instrument(span).await {
            Ok(outcomes) => {
                metrics::histogram!("unisson_commit_seconds").record(started.elapsed().as_secs_f64());
                metrics::counter!("unisson_commits_total").increment(1);
                metrics::counter!("unisson_commit_documents_total").increment(group.len() as u64);
                for (taken, outcome) in group.drain(..).zip(outcomes) {
                    tell(&taken, outcome);
                }
            }
            Err(error) => {
                attempt += 1;
                metrics::counter!("unisson_commit_failures_total").increment(1);
                if attempt == 1 {
                    tracing::warn!(%error, documents = group.len(), "log.append failed, trying again");
                }
                if attempt > 1 && group.len() > 1 && !error.is_unreachable() {
                    group = land_alone(log, group).await;
                }
            }
        }
        if !group.is_empty() {
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_LAST);
        }
    }
    started.elapsed()
}

/// Tries each document by itself, and gives back those that fail still. Stops at the second failure in a row: then
/// it isn't the documents.
async fn land_alone(log: &Log, group: Vec<Taken>) -> Vec<Taken> {
    let mut left = Vec::new();
    let mut failed_in_a_row = 0;
    for taken in group {
        if failed_in_a_row >= 2 {
            left.push(taken);
            continue;
        }
        match append(log, std::slice::from_ref(&taken)).await {
            Ok(outcomes) => {
                failed_in_a_row = 0;
                for outcome in outcomes {
                    tell(&taken, outcome);
                }
            }
            Err(error) => {
                failed_in_a_row += 1;
                tracing::warn!(%error, document.id = %taken.batch.document, "log.append failed alone");
                left.push(taken);
            }
        }
    }
    left
}

/// A connection that has died silently is given up. What it committed after all is committed twice, which is the
/// same as once.
async fn append(log: &Log, group: &[Taken]) -> crdt_store::Result<Vec<Outcome>> {
    let appending = log.append(group.iter().map(|taken| &taken.batch));
    timeout(COMMIT_IN, appending).await.unwrap_or(Err(StoreError::TimedOut))
}

fn tell(taken: &Taken, outcome: Outcome) {
    let _ = taken.room.send(Event::Landed(outcome));
}
