//! `unisson doctor`: what is wrong with this installation, and the mend of each thing.
//!
//! It changes nothing but what opening the database changes, and looks at what `serve` would use, with the same
//! settings. A node may run meanwhile.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use crdt_store::{Db, StoreError};
use uuid::Uuid;

use crate::{
    app,
    config::{Config, Metrics},
    http::{assets, listen},
    shutdown::Shutdown,
    workers::{Answer, Job, Pool},
};

/// A database that grows into the last of this is about to stop.
const FREE_BYTES: u64 = 1024 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);
/// The clock was surely set once it is past the making of this program (2025).
const NOT_BEFORE: Duration = Duration::from_secs(1_735_689_600);

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

/// Looks at everything, in the order in which `serve` would need it.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![configuration(config)];
    findings.extend(addresses(config));
    findings.extend(database(config).await);
    findings.extend(disk(config));
    findings.push(workers(config).await);
    findings.push(client());
    findings.push(clock());
    findings
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

async fn database(config: &Config) -> Vec<Finding> {
    let db = match app::open(config).await {
        Ok(db) => db,
        Err(error) => return vec![problem("database", error.to_string(), mend_of(&error))],
    };
    let mut findings = Vec::new();
    match db.health().await {
        Ok(()) => findings.push(well("database", format!("{} answers", db.name()))),
        Err(error) => findings.push(problem("database", error.to_string(), mend_of(&error))),
    }
    match db.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            findings.push(well("tables", "as this version wants them"));
            findings.push(writable(&db).await);
        }
        Ok(pending) => findings.push(Finding::Note {
            what: "tables",
            said: format!(
                "{} migrations wait: serve applies them at its start, unisson migrate does now",
                pending.len()
            ),
        }),
        Err(error) => findings.push(problem("tables", error.to_string(), mend_of(&error))),
    }
    findings.push(match db.is_durable().await {
        Ok(true) => well("durability", "what is committed survives a power cut"),
        Ok(false) => problem(
            "durability",
            "the database may lose what it said it had written",
            "set fsync, full_page_writes and synchronous_commit to on in postgresql.conf and reload",
        ),
        Err(error) => problem("durability", error.to_string(), mend_of(&error)),
    });
    db.close().await;
    findings
}

/// Writes a word of its own, and reads it back.
async fn writable(db: &Db) -> Finding {
    const KEY: &str = "doctor";
    let word = Uuid::now_v7().into_bytes();
    let written = async {
        db.settings().set(KEY, &word).await?;
        db.settings().get(KEY).await
    };
    match written.await {
        Ok(found) if found.as_deref() == Some(&word[..]) => well("writing", "a row was written and read back"),
        Ok(_) => problem("writing", "a row that was written is not there", "look at the database's own log"),
        Err(error) => problem("writing", error.to_string(), mend_of(&error)),
    }
}

fn mend_of(error: &StoreError) -> &'static str {
    match error {
        StoreError::UnknownScheme { .. } | StoreError::BadAddress { .. } => {
            "write sqlite:PATH or postgres://USER@HOST/NAME"
        }
        StoreError::NewerDatabase { .. } | StoreError::ForeignMigration { .. } => {
            "start the version that wrote it, or a newer one"
        }
        StoreError::NotADatabase { .. } | StoreError::ForeignDatabase { .. } => {
            "name another file or database, which need not exist yet"
        }
        StoreError::ReadOnly { .. } | StoreError::CannotOpen { .. } => {
            "give this user the right to write in that folder, or name another one"
        }
        StoreError::Unreachable { .. } => "see that it runs, and that host, port, user and password are right",
        _ => "look at the database's own log",
    }
}

fn disk(config: &Config) -> Option<Finding> {
    let path = PathBuf::from(config.database.strip_prefix("sqlite:")?);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free = match rustix::fs::statvfs(folder) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => {
            let said = format!("{} can't be looked at: {error}", folder.display());
            return Some(problem("disk", said, "see that the folder exists and may be read"));
        }
    };
    let said = format!("{} MiB free in {}", free / 1024 / 1024, folder.display());
    Some(match free {
        0..FREE_BYTES => problem("disk", said, "make room, or name a database on another disk"),
        _ => well("disk", said),
    })
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

fn clock() -> Finding {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since > NOT_BEFORE => well("clock", "set"),
        _ => problem(
            "clock",
            "not set: tokens and logins would end at once",
            "set it, and keep it by NTP (timedatectl set-ntp true)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layer;

    #[tokio::test]
    async fn a_file_that_is_no_database_is_a_problem_with_a_mend() {
        let path = std::env::temp_dir().join(format!("unisson-doctor-{}.sqlite", Uuid::now_v7()));
        std::fs::write(
            &path,
            "this is a letter to a friend, long enough to fill the head of a page of a database file",
        )
        .expect("written");
        let database = Some(format!("sqlite:{}", path.display()));
        let config = Config::from_layer(Layer { database, ..Layer::default() }).expect("good");
        let findings = super::database(&config).await;
        std::fs::remove_file(&path).expect("removed");
        assert!(findings.iter().any(|finding| !finding.is_well()), "{findings:?}");
        for finding in findings {
            assert_eq!(finding.to_string().lines().count(), 1);
        }
    }
}
