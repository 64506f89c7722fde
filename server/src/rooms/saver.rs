//! Group commit: one task writes for all rooms of the node.
//!
//! Each room hands over at most one batch at a time. Whatever has gathered while the previous commit ran goes
//! in one transaction, documents sorted by id. When the database is away the same batches are tried again, with
//! growing pauses; a batch that makes the transaction fail is tried alone, so that the others land. Nobody is
//! told "landed" before the commit has returned.

use std::time::Duration;

use crdt_store::{
    DocumentId, Log,
    log::{Batch, Outcome},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::room::Event;

/// A room's batch, and where the outcome goes.
pub(super) struct Submission {
    pub batch: Batch,
    pub room: mpsc::UnboundedSender<Event>,
}

/// The rooms' end. Holds at most one batch of each.
#[derive(Clone, Debug)]
pub(super) struct Saver {
    queue: mpsc::UnboundedSender<Submission>,
}

impl Saver {
    pub fn submit(&self, submission: Submission) {
        // The saver ends after the rooms: a batch that it can't take is one of a node that has gone.
        let _ = self.queue.send(submission);
    }
}

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
    (Saver { queue }, run(log, interval, submissions, end))
}

async fn run(
    log: Log,
    interval: Duration,
    mut submissions: mpsc::UnboundedReceiver<Submission>,
    end: CancellationToken,
) {
    let mut group = Vec::new();
    let mut next_commit = Instant::now();
    loop {
        tokio::select! {
            taken = submissions.recv_many(&mut group, GROUP_MAX) => {
                if taken == 0 {
                    return;
                }
            }
            () = end.cancelled() => return,
        }
        // The first letter after a pause is written at once; a busy node writes in a steady beat.
        if Instant::now() < next_commit {
            sleep_until(next_commit).await;
            while group.len() < GROUP_MAX
                && let Ok(submission) = submissions.try_recv()
            {
                group.push(submission);
            }
        }
        next_commit = Instant::now() + interval;
        group.sort_by_key(|submission| submission.batch.document);
        tokio::select! {
            () = land(&log, std::mem::take(&mut group)) => {}
            () = end.cancelled() => return,
        }
    }
}

/// Writes the group, however long it takes.
async fn land(log: &Log, group: Vec<Submission>) {
    let mut group = group;
    let mut pause = RETRY_FIRST;
    let mut attempt = 0_u32;
    while !group.is_empty() {
        let started = Instant::now();
        let span = tracing::info_span!("log.append", documents = group.len());
        match append(log, &group).instrument(span).await {
            Ok(outcomes) => {
                metrics::histogram!("unisson_commit_seconds").record(started.elapsed().as_secs_f64());
                metrics::counter!("unisson_commits_total").increment(1);
                metrics::counter!("unisson_commit_documents_total").increment(group.len() as u64);
                for (submission, outcome) in group.drain(..).zip(outcomes) {
                    tell(&submission, outcome);
                }
                return;
            }
            Err(error) => {
                attempt += 1;
                metrics::counter!("unisson_commit_failures_total").increment(1);
                if attempt == 1 {
                    tracing::warn!(%error, documents = group.len(), "log.append failed, trying again");
                }
                if attempt > 1 && group.len() > 1 {
                    group = land_alone(log, group).await;
                }
            }
        }
        if !group.is_empty() {
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_LAST);
        }
    }
}

/// Tries each document by itself, and gives back those that fail still. Stops at the second failure in a row: then
/// it isn't the documents.
async fn land_alone(log: &Log, group: Vec<Submission>) -> Vec<Submission> {
    let mut left = Vec::new();
    let mut failed_in_a_row = 0;
    for submission in group {
        if failed_in_a_row >= 2 {
            left.push(submission);
            continue;
        }
        match append(log, std::slice::from_ref(&submission)).await {
            Ok(outcomes) => {
                failed_in_a_row = 0;
                for outcome in outcomes {
                    tell(&submission, outcome);
                }
            }
            Err(error) => {
                failed_in_a_row += 1;
                tracing::warn!(%error, document.id = %submission.batch.document, "log.append failed alone");
                left.push(submission);
            }
        }
    }
    left
}

async fn append(log: &Log, group: &[Submission]) -> crdt_store::Result<Vec<Outcome>> {
    let batches: Vec<Batch> = group.iter().map(|submission| submission.batch.clone()).collect();
    debug_assert!(batches.is_sorted_by_key(|batch: &Batch| -> DocumentId { batch.document }));
    log.append(batches).await
}

fn tell(submission: &Submission, outcome: Outcome) {
    let _ = submission.room.send(Event::Landed(outcome));
}
