//! `unisson doctor`: what is wrong with this installation, and the mend of each thing.
//!
//! It changes nothing but what opening the database changes, and looks at what `serve` would use, with the same
//! settings. A node may run meanwhile; [`running`] asks that one how it is, and [`documents`] reads every document
//! through.

mod database;
pub mod documents;
mod machine;
mod people;
pub mod running;

use std::{fmt, time::Duration};

use bytes::Bytes;

use crate::{
    app,
    bus::redis::check,
    config::{Config, Metrics},
    http::{assets, listen},
    shutdown::Shutdown,
    workers::{Answer, Job, Pool},
};

const PATIENCE: Duration = Duration::from_secs(10);
/// Longer, and people on different nodes notice.
const SLOW_BUS: Duration = Duration::from_millis(20);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Well {
        what: &'static str,
        said: String,
    },
    /// Works, and is worth knowing.
    Note {
        what: &'static str,
        said: String,
    },
    Problem {
        what: &'static str,
        said: String,
        mend: String,
    },
}

impl Finding {
    /// Whether a node could start and work with this.
    pub fn is_well(&self) -> bool {
        !matches!(self, Self::Problem { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well { what, said } => write!(out, "ok       {what}: {said}"),
            Self::Note { what, said } => write!(out, "note     {what}: {said}"),
            Self::Problem { what, said, mend } => write!(out, "PROBLEM  {what}: {said}. Mend: {mend}"),
        }
    }
}

fn well(what: &'static str, said: impl Into<String>) -> Finding {
    Finding::Well { what, said: said.into() }
}

fn problem(what: &'static str, said: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding::Problem { what, said: said.into(), mend: mend.into() }
}

fn note(what: &'static str, said: impl Into<String>) -> Finding {
    Finding::Note { what, said: said.into() }
}

/// Looks at everything, in the order in which `serve` would need it.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![configuration(config)];
    findings.extend(machine::public_address(config).await);
    findings.extend(addresses(config));
    findings.extend(database::examine(config).await);
    findings.extend(bus(config).await);
    findings.extend(people::examine(config).await);
    findings.push(workers(config).await);
    findings.push(client());
    findings.extend(machine::examine(config));
    findings
}

/// Redis, where the node is one of several.
async fn bus(config: &Config) -> Option<Finding> {
    let url = config.redis.as_deref()?;
    Some(match tokio::time::timeout(PATIENCE, check(url)).await {
        Ok(Ok(health)) => {
            let said = format!(
                "version {}, heard what was published after {:.1} ms, when full: {}",
                health.version,
                health.round_trip.as_secs_f64() * 1000.0,
                health.when_full
            );
            match health.round_trip > SLOW_BUS {
                true => note("redis", format!("{said}. That is slow: put it into the same network as the nodes")),
                false => well("redis", said),
            }
        }
        Ok(Err(error)) => problem("redis", error, "see that it runs, and that host, port, user and password are right"),
        Err(_) => problem("redis", "no answer", "see that it runs, and that nothing between keeps packets back"),
    })
}

fn configuration(config: &Config) -> Finding {
    let mut said = format!("listens on {}", config.listen);
    for (on, word) in [(config.demo, "demo"), (config.open, "open to all who reach it")] {
        if on {
            said.push_str(", ");
            said.push_str(word);
        }
    }
    let public = !config.listen.ip().is_loopback();
    if public && !config.is_secure() {
        let said = format!(
            "{said}: cookies travel in clear unless a proxy with TLS stands in front; then say its address by --public-url https://…"
        );
        return Finding::Note { what: "configuration", said };
    }
    well("configuration", said)
}

fn addresses(config: &Config) -> Vec<Finding> {
    let metrics = match config.metrics {
        Metrics::Off => None,
        Metrics::Usual(address) | Metrics::At(address) => Some(("metrics address", address)),
    };
    let mut findings = Vec::new();
    for (what, address) in [Some(("address", config.listen)), metrics].into_iter().flatten() {
        findings.push(match listen::bind(address) {
            Ok(_) => well(what, format!("{address} is free")),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::Note {
                what,
                said: format!("{address} is in use: by a running node, or by another program (ss -ltnp tells which)"),
            },
            Err(error) => problem(
                what,
                format!("{address} can't be listened on: {error}"),
                "name an address of this machine and a port above 1023",
            ),
        });
    }
    findings
}

async fn workers(config: &Config) -> Finding {
    let settings = match app::workers_config(config) {
        Ok(settings) => settings,
        Err(error) => return problem("workers", error.to_string(), "start unisson by its full path"),
    };
    let shutdown = Shutdown::new();
    let pool = Pool::start(settings, shutdown.clone());
    let empty = Bytes::from_static(&[0, 0]);
    let answer = tokio::time::timeout(PATIENCE, pool.run(Job::Check { parts: vec![empty] })).await;
    shutdown.finish(PATIENCE).await;
    match answer {
        Ok(Ok(Answer::Fault(None))) => well("workers", "one was started and answered"),
        Ok(Ok(_)) => problem("workers", "one gave a wrong answer", "install the program again"),
        Ok(Err(error)) => problem(
            "workers",
            format!("one failed: {error}"),
            "see that this user may start processes, and that workers.memory_bytes is at least 1 GiB",
        ),
        Err(_) => problem("workers", "one did not answer", "see how busy this machine is"),
    }
}

fn client() -> Finding {
    match assets::is_client_built() {
        true => well("pages", "built"),
        false => problem(
            "pages",
            "the client was not built into this program",
            "make build (or npm ci and npm run build in web-client, then cargo build)",
        ),
    }
}
