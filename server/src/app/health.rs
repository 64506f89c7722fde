//! Is the process alive, is the node ready: for load balancers and supervisors.

use std::time::Duration;

use axum::{Json, extract::State as Shared, http::StatusCode};
use serde::Serialize;

use crate::{
    state::State,
    workers::{Answer, Job},
};

/// A part that takes longer than this to say that it is well is not.
const PATIENCE: Duration = Duration::from_secs(3);

/// `GET /healthz`: the process runs.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Ok,
    Failing,
}

/// What `/readyz` says of each part.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    ready: bool,
    draining: bool,
    database: Part,
    workers: Part,
}

/// `GET /readyz`: the node takes work. 503 while it drains, or while a part is failing.
pub(super) async fn ready(Shared(state): Shared<State>) -> (StatusCode, Json<Readiness>) {
    let database = part(async { state.db().health().await.is_ok() });
    let workers =
        part(async { matches!(state.workers().run(Job::Check { parts: Vec::new() }).await, Ok(Answer::Fault(None))) });
    let (database, workers) = tokio::join!(database, workers);
    let draining = state.shutdown().is_draining();
    let ready = !draining && database == Part::Ok && workers == Part::Ok;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, draining, database, workers }))
}

async fn part(check: impl Future<Output = bool>) -> Part {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(true) => Part::Ok,
        Ok(false) | Err(_) => Part::Failing,
    }
}
