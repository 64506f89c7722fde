//! The end of a node, in order.
//!
//! One [`Shutdown`] goes through the whole house. Long-lived tasks are started with [`Shutdown::spawn`], so
//! that the end can wait for them, and look at [`Shutdown::ended`]. There are two moments: *drain* (readiness
//! false, nothing new is accepted, sockets are closed in slices, what is queued is written) and *end* (tasks stop).

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Shared by clone: all clones are the same shutdown.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    drain: CancellationToken,
    end: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the node to drain and stop. Returns at once; a second call changes nothing.
    pub fn start(&self) {
        self.drain.cancel();
    }

    /// Whether the node is on its way out.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Resolves when the node begins to drain.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// Resolves when long-lived tasks are to stop: after the rooms have drained.
    pub async fn ended(&self) {
        self.end.cancelled().await;
    }

    /// A token that is cancelled when tasks are to stop, for `select!` and for child tokens.
    pub fn end_token(&self) -> CancellationToken {
        self.end.clone()
    }

    /// Starts a task that the end of the node waits for.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Tells all tasks to stop and waits for them, at most for `patience`. Says whether all had stopped.
    pub async fn finish(&self, patience: Duration) -> bool {
        self.drain.cancel();
        self.end.cancel();
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_its_tasks() {
        let shutdown = Shutdown::new();
        let inner = shutdown.clone();
        let task = shutdown.spawn(async move {
            inner.ended().await;
            7
        });
        assert!(!shutdown.is_draining());
        shutdown.start();
        assert!(shutdown.is_draining());
        assert!(shutdown.finish(Duration::from_secs(5)).await);
        assert_eq!(task.await.expect("the task ends"), 7);
    }

    #[tokio::test]
    async fn a_task_that_does_not_stop_is_reported() {
        let shutdown = Shutdown::new();
        let task = shutdown.spawn(std::future::pending::<()>());
        assert!(!shutdown.finish(Duration::from_millis(5)).await);
        task.abort();
    }
}
