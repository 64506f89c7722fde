//! The pool: keeps workers, hands them jobs, buries and replaces them.
//!
//! A job waits for one of `size` places, in order; more than `queue` waiting jobs are turned away with
//! [`JobError::Busy`]. A job that was begun is finished even if nobody waits for its answer any more: killing
//! its worker would cost the next one more than it saves.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, oneshot};

use super::{
    Answer, Job, JobError,
    process::{Cause, DYING_TIMEOUT, Worker},
};
use crate::shutdown::Shutdown;

/// Deaths in a row that are not waited for: finding the one bad update of a document takes several.
const FREE_DEATHS: u32 = 16;

/// The longest wait before a dead worker is replaced.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// How the workers are run.
#[derive(Debug, Clone)]
pub struct WorkersConfig {
    /// The program to start, with `worker` as its argument: normally the running program itself.
    pub program: PathBuf,
    /// How many work at once.
    pub size: usize,
    /// What one may have in writable memory, its large stack of 256 MiB included.
    pub memory_bytes: u64,
    /// How long a job may take before its worker is killed.
    pub job_timeout: Duration,
    /// A worker is replaced after so many jobs.
    pub jobs_before_recycle: u32,
    /// How many jobs may wait; beyond that they are turned away.
    pub queue: usize,
}

/// Shared by clone.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: WorkersConfig,
    shutdown: Shutdown,
    /// One permit for each worker that may be busy.
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Worker>>,
    waiting: AtomicUsize,
    /// Since the last job that went well.
    deaths_in_a_row: AtomicU32,
}

impl Pool {
    /// Starts the pool. Its workers start in the background, and live until the node ends.
    pub fn start(config: WorkersConfig, shutdown: Shutdown) -> Self {
        let inner = Arc::new(Inner {
            places: Arc::new(Semaphore::new(config.size.max(1))),
            idle: Mutex::new(Vec::new()),
            waiting: AtomicUsize::new(0),
            deaths_in_a_row: AtomicU32::new(0),
            shutdown: shutdown.clone(),
            config,
        });
        let keeper = inner.clone();
        shutdown.spawn(async move {
            tokio::select! {
                () = keeper.shutdown.ended() => {}
                () = keeper.warm_up() => keeper.shutdown.ended().await,
            }
            keeper.places.close();
            keeper.idle().clear();
        });
        Self(inner)
    }

    /// Hands a job to the next free worker and waits for its answer.
    pub async fn run(&self, job: Job) -> Result<Answer, JobError> {
        let kind = job.kind();
        let (sender, receiver) = oneshot::channel();
        let waiting = self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let queued = Queued(self.0.clone());
        queued.report(waiting + 1);
        if waiting >= self.0.config.queue + self.0.places.available_permits() {
            drop(queued);
            metrics::counter!("unisson_worker_jobs_total", "kind" => kind, "outcome" => JobError::Busy.code())
                .increment(1);
            return Err(JobError::Busy);
        }
        let inner = self.0.clone();
        let ended = self.0.shutdown.end_token();
        self.0.shutdown.spawn(async move {
            let answer = tokio::select! {
                () = ended.cancelled() => Err(JobError::Closed),
                answer = inner.do_job(&job, queued) => answer,
            };
            let outcome = answer.as_ref().map_or_else(JobError::code, |_| "done");
            metrics::counter!("unisson_worker_jobs_total", "kind" => kind, "outcome" => outcome).increment(1);
            let _ = sender.send(answer);
        });
        receiver.await.unwrap_or(Err(JobError::Closed))
    }
}

/// A job that has not begun.
struct Queued(Arc<Inner>);

impl Queued {
    fn report(&self, waiting: usize) {
        metrics::gauge!("unisson_worker_jobs_waiting").set(waiting as f64);
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let before = self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.report(before.saturating_sub(1));
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn warm_up(&self) {
        for _ in 0..self.config.size {
            let Ok(_place) = self.places.acquire().await else { return };
            // A job that came first may have brought its worker.
            if self.idle().len() > self.places.available_permits() {
                continue;
            }
            match self.start_worker().await {
                Ok(worker) => self.idle().push(worker),
                Err(_) => return,
            }
        }
    }

    async fn start_worker(&self) -> Result<Worker, JobError> {
        match Worker::start(&self.config.program, self.config.memory_bytes).await {
            Ok(worker) => {
                metrics::counter!("unisson_worker_starts_total").increment(1);
                Ok(worker)
            }
            Err(error) => {
                self.deaths_in_a_row.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "no worker can be started");
                Err(JobError::Unavailable)
            }
        }
    }

    async fn do_job(&self, job: &Job, queued: Queued) -> Result<Answer, JobError> {
        let place = self.places.acquire().await;
        drop(queued);
        let Ok(_place) = place else { return Err(JobError::Closed) };
        let mut worker = self.next_worker().await?;
        let begun = Instant::now();
        let answer = worker.ask(job, self.config.job_timeout).await;
        metrics::histogram!("unisson_worker_job_seconds", "kind" => job.kind()).record(begun.elapsed().as_secs_f64());
        match answer {
            Ok(_) | Err(JobError::Refused(_)) => {
                self.deaths_in_a_row.store(0, Ordering::Relaxed);
                self.keep_or_recycle(worker);
                answer
            }
            Err(error) => Err(self.bury(worker, job, error).await),
        }
    }

    async fn next_worker(&self) -> Result<Worker, JobError> {
        loop {
            let Some(mut worker) = self.idle().pop() else { break };
            if worker.is_alive() {
                return Ok(worker);
            }
        }
        let deaths = self.deaths_in_a_row.load(Ordering::Relaxed).saturating_sub(FREE_DEATHS);
        if deaths > 0 {
            tokio::time::sleep(MAX_BACKOFF.min(Duration::from_millis(50) * (1 << deaths.min(6)))).await;
        }
        self.start_worker().await
    }

    /// A worker that has done its share, or grown (yrs leaks what sub-documents hold), makes room for a fresh one.
    fn keep_or_recycle(&self, worker: Worker) {
        let grown = worker.resident_bytes().is_some_and(|bytes| bytes > self.config.memory_bytes / 2);
        let mut idle = self.idle();
        // At the end of the node the places are closed before the idle are let go: what comes later is let go here.
        if !grown && worker.jobs_done() < self.config.jobs_before_recycle && !self.places.is_closed() {
            idle.push(worker);
        }
    }

    async fn bury(&self, worker: Worker, job: &Job, error: JobError) -> JobError {
        let moment = if error == JobError::TimedOut { Duration::ZERO } else { DYING_TIMEOUT };
        let cause = worker.bury(moment).await;
        self.deaths_in_a_row.fetch_add(1, Ordering::Relaxed);
        let error = match cause {
            Cause::OutOfMemory => JobError::OutOfMemory,
            _ => error,
        };
        metrics::counter!("unisson_worker_deaths_total", "cause" => error.code()).increment(1);
        tracing::warn!(job = job.kind(), outcome = error.code(), %cause, "a worker died");
        error
    }
}
