//! Is the process alive, is the node ready: for load balancers and supervisors.
//!
//! A node without its bus is ready: people on it write and save, only those on other nodes see it later. A node
//! without its database or its workers is not, and one that drains isn't either.

use std::time::Duration;

use axum::{Json, extract::State as Shared, http::StatusCode};
use serde::Serialize;

use crate::{
    bus::Link,
    state::State,
    workers::{Answer, Job},
};

/// A part that takes longer than this to say that it is well is not.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the figures are told how the parts are.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// `GET /healthz`: the process runs.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Ok,
    Failing,
    /// Not configured.
    Unused,
}

impl Part {
    fn of(well: bool) -> Self {
        if well { Self::Ok } else { Self::Failing }
    }
}

/// What `/readyz` says of each part.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    /// Send people here.
    ready: bool,
    /// Ready, and a part that it can do without is failing.
    degraded: bool,
    draining: bool,
    database: Part,
    redis: Part,
    workers: Part,
}

/// `GET /readyz`: the node takes work. 503 while it drains, or while a part is failing that it needs.
pub(super) async fn ready(Shared(state): Shared<State>) -> (StatusCode, Json<Readiness>) {
    let readiness = look(&state).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn look(state: &State) -> Readiness {
    let database = in_time(async { state.db().health().await.is_ok() });
    let workers = in_time(async {
        matches!(state.workers().run(Job::Check { parts: Vec::new() }).await, Ok(Answer::Fault(None)))
    });
    let (database, workers) = tokio::join!(database, workers);
    let redis = match state.rooms().link() {
        Link::Alone => Part::Unused,
        link => Part::of(link == Link::Connected),
    };
    let draining = state.shutdown().is_draining();
    let ready = !draining && database == Part::Ok && workers == Part::Ok;
    Readiness { ready, degraded: ready && redis == Part::Failing, draining, database, redis, workers }
}

async fn in_time(check: impl Future<Output = bool>) -> Part {
    Part::of(tokio::time::timeout(PATIENCE, check).await.unwrap_or(false))
}

/// Keeps the figures of the parts, until the node ends: an alert has to ring when nobody writes, too.
pub(super) async fn watch(state: State) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = state.shutdown().ended() => return,
            _ = every.tick() => {
                let found = look(&state).await;
                let parts = [("database", found.database), ("redis", found.redis), ("workers", found.workers)];
                for (part, state) in parts {
                    if state != Part::Unused {
                        metrics::gauge!("unisson_part_up", "part" => part).set(f64::from(u8::from(state == Part::Ok)));
                    }
                }
            }
        }
    }
}
