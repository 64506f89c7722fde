//! The pool: keeps workers, hands them jobs.

use std::{path::PathBuf, time::Duration};

use crate::shutdown::Shutdown;

use super::{Answer, Job, JobError};

/// How the workers are run.
#[derive(Debug, Clone)]
pub struct WorkersConfig {
    /// The program to start, with `worker` as its argument: normally the running program itself.
    pub program: PathBuf,
    /// How many work at once.
    pub size: usize,
    /// The address space of one.
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
pub struct Pool {}

impl Pool {
    /// Starts the pool. Workers live until the node ends.
    pub fn start(_config: WorkersConfig, _shutdown: Shutdown) -> Self {
        Self {}
    }

    /// Hands a job to the next free worker and waits for its answer.
    pub async fn run(&self, _job: Job) -> Result<Answer, JobError> {
        Err(JobError::Closed)
    }
}
