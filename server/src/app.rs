//! The roof: a node put together, started and stopped.
//!
//! [`serve`] is behind `unisson serve` and behind every node of a test, as many as one likes in one process. It
//! binds before anything else, so that a busy port is told in one line and nothing has happened yet.

mod feed;
mod health;
mod router;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use crdt_store::{Db, DbOptions, StoreError};
use tokio::{net::TcpListener, task::JoinHandle};

pub use router::open_api;

use crate::{
    auth::{Auth, AuthError},
    bus::redis::{BadAddress, Redis},
    bus::{Bus, local::Local},
    communities,
    config::{Config, Metrics},
    http::{listen, upgrade::Budgets},
    live::Live,
    mail::{self, Mail},
    rooms::{Registry, Settings},
    seed::{self, SeedError},
    shutdown::Shutdown,
    state::{Parts, State},
    telemetry,
    workers::{Pool, WorkersConfig},
};

/// Jobs that wait for a worker before more are turned away.
const JOBS_WAITING: usize = 1024;
/// What remains of a drain for tasks to stop, once the rooms are written.
const LAST_TASKS: Duration = Duration::from_secs(4);

/// Why a node did not start. One line each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the address {address} is in use: another program listens there, or another unisson does")]
    Busy { address: SocketAddr },
    #[error("can't listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("the running program can't be found, for its workers: {0}")]
    Program(io::Error),
    #[error(transparent)]
    Redis(#[from] BadAddress),
    #[error("the description of the API can't be written: {0}")]
    Api(#[from] serde_json::Error),
}

/// A node at work.
#[derive(Debug)]
pub struct Running {
    /// Where it listens; the port is the real one.
    pub addr: SocketAddr,
    pub metrics_addr: Option<SocketAddr>,
    /// Ends when the node has stopped: `true` if all that was accepted is in the database.
    pub join: JoinHandle<bool>,
}

/// Starts a node and returns once it answers.
pub async fn serve(config: Config, shutdown: Shutdown) -> Result<Running, StartError> {
    let listener = bind(config.listen)?;
    let (metrics_listener, metrics_busy) = match config.metrics {
        Metrics::Off => (None, None),
        Metrics::At(address) => (Some(bind(address)?), None),
        // Nobody asked for it by name, so a second node on this machine does without.
        Metrics::Usual(address) => match bind(address) {
            Ok(listener) => (Some(listener), None),
            Err(error) => (None, Some(error)),
        },
    };
    let addr = local(&listener, config.listen)?;
    let metrics_addr = metrics_listener.as_ref().map(|listener| local(listener, config.listen)).transpose()?;

    let db = open(&config).await?;
    let migrated = db.migrate().await?;
    if config.demo {
        seed::plant(&db, (config.clock)()).await?;
    }
    let figures = telemetry::figures();
    let auth = Auth::open(&config, &db).await?;
    let workers = Pool::start(workers_config(&config)?, shutdown.clone());
    let bus = bus(&config, &shutdown)?;
    let live = Live::start(&db, bus.clone(), auth.guard(), &shutdown);
    let rooms = Registry::start(room_settings(&config), &db, workers.clone(), bus, shutdown.clone());
    rooms.watch_rights(Arc::new(auth.clone()));
    let budgets = Budgets::new(rooms.settings().strangers_bytes, rooms.settings().incoming_bytes);
    let mail = Mail::new(&config);
    shutdown.spawn(mail::sender::run(mail.clone(), db.clone(), config.mail.clone(), shutdown.clone()));
    let state = State::new(Parts { config, db, auth, rooms, live, mail, workers, shutdown: shutdown.clone(), budgets });
    let app = router::public(&state)?;

    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = state.db().name(),
        migrations = migrated,
        demo = state.config().demo,
        open = state.config().open,
        "listening on {}",
        state.config().origin(listen::reachable(addr))
    );
    if let Some(error) = metrics_busy {
        tracing::warn!(error = %error, "metrics are not served: name a free address by --metrics-listen");
    }
    shutdown.spawn(ended_swept(state.auth().clone(), state.db().clone(), shutdown.clone()));
    shutdown.spawn(health::watch(state.clone()));
    shutdown.spawn(communities::activity::watch(state.clone()));
    let serving = tokio::spawn(listen::serve(listener, app, shutdown.clone()));
    if let (Some(listener), Some(figures)) = (metrics_listener, figures) {
        shutdown.spawn(figures_kept(figures.clone(), shutdown.clone()));
        tokio::spawn(listen::serve(listener, router::metrics(figures), shutdown));
    }
    let join = tokio::spawn(stop(state, serving));
    Ok(Running { addr, metrics_addr, join })
}

/// Waits for the drain, and ends the node in order.
async fn stop(state: State, serving: JoinHandle<()>) -> bool {
    let shutdown = state.shutdown();
    shutdown.draining().await;
    let patience = state.config().drain_for;
    tracing::info!(patience_ms = patience.as_millis() as u64, "draining");
    let began = tokio::time::Instant::now();
    let written = state.rooms().drain(patience).await;
    let stopped = shutdown.finish(patience.saturating_sub(began.elapsed()).max(LAST_TASKS)).await;
    if serving.await.is_err() {
        tracing::error!("the serving loop had failed");
    }
    state.db().close().await;
    match (written, stopped) {
        (true, true) => tracing::info!(took_ms = began.elapsed().as_millis() as u64, "stopped"),
        _ => tracing::error!(written, stopped, "stopped with something unfinished"),
    }
    written
}

/// What carries words to the other nodes, if there are any.
fn bus(config: &Config, shutdown: &Shutdown) -> Result<Arc<dyn Bus>, BadAddress> {
    let Some(url) = &config.redis else { return Ok(Arc::new(Local)) };
    let (redis, talking) = Redis::new(url, shutdown.end_token())?;
    shutdown.spawn(talking);
    Ok(Arc::new(redis))
}

/// Opens the database that the configuration names; migrates nothing.
pub async fn open(config: &Config) -> Result<Db, StoreError> {
    let options = DbOptions { clock: config.clock, ..DbOptions::default() };
    Db::open(&config.database, options).await
}

/// How the configuration wants its workers.
pub fn workers_config(config: &Config) -> Result<WorkersConfig, StartError> {
    let own = || std::env::current_exe().map_err(StartError::Program);
    let named = config.workers.program.clone();
    Ok(WorkersConfig {
        program: if named == PathBuf::new() { own()? } else { named },
        size: config.workers.count(),
        memory_bytes: config.workers.memory_bytes,
        job_timeout: Duration::from_millis(config.workers.job_timeout_ms),
        jobs_before_recycle: config.workers.jobs_before_recycle,
        queue: JOBS_WAITING,
    })
}

fn room_settings(config: &Config) -> Settings {
    let limits = &config.limits;
    Settings {
        document_bytes: limits.document_bytes,
        update_bytes: limits.update_bytes,
        awareness_bytes: limits.awareness_bytes,
        documents_per_socket: limits.documents_per_socket,
        chatter_per_second: limits.chatter_per_second,
        edits_per_second: limits.edits_per_second,
        sockets_per_person: limits.sockets_per_person,
        sockets_per_address: limits.sockets_per_address,
        idle_after: Duration::from_millis(limits.idle_room_ms),
        ..Settings::default()
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    listen::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::Busy { address },
        _ => StartError::Listen { address, source },
    })
}

fn local(listener: &TcpListener, wanted: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { address: wanted, source })
}

/// Logins that have ended, and what people saw so long ago that it tells nothing, are removed now and then, by every node;
/// twice does no harm.
async fn ended_swept(auth: Auth, db: Db, shutdown: Shutdown) {
    let mut every = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            () = shutdown.ended() => return,
            _ = every.tick() => {
                match auth.sweep().await {
                    Ok(swept) => tracing::debug!(swept, "ended logins were removed"),
                    Err(error) => tracing::warn!(error = %error, "ended logins could not be removed"),
                }
                if let Err(error) = db.documents().forget_visits().await {
                    tracing::warn!(error = %error, "what people saw long ago could not be forgotten");
                }
            }
        }
    }
}

/// Histograms are kept small even if nobody reads them, and the process's own figures fresh.
async fn figures_kept(figures: metrics_exporter_prometheus::PrometheusHandle, shutdown: Shutdown) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            () = shutdown.ended() => return,
            _ = every.tick() => {
                telemetry::look_at_process();
                figures.run_upkeep();
            }
        }
    }
}
