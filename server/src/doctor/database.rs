//! The database: reachable, of this version, durable, in time, with room.

use std::path::{Path, PathBuf};

use crdt_store::{
    Db, StoreError,
    db::{About, ServerFacts},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Finding, note, problem, well};
use crate::{app, config::Config};

/// A database that grows into the last of this is about to stop.
const FREE_BYTES: u64 = 1024 * 1024 * 1024;
/// What clocks may differ before people are shown odd times.
const CLOCKS_DIFFER_MS: i128 = 2_000;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let db = match app::open(config).await {
        Ok(db) => db,
        Err(error) => return vec![problem("database", error.to_string(), mend_of(&error))],
    };
    let mut findings = match db.about().await {
        Ok(about) => described(config, &db, &about),
        Err(error) => vec![problem("database", error.to_string(), mend_of(&error))],
    };
    match db.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            findings.push(well("tables", "as this version wants them"));
            findings.push(writable(&db).await);
            findings.push(set_aside(&db).await);
            findings.push(letters(&db).await);
        }
        Ok(pending) => findings.push(note(
            "tables",
            format!("{} migrations wait: serve applies them at its start, unisson migrate does now", pending.len()),
        )),
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
    findings.extend(disk(config));
    findings
}

fn described(config: &Config, db: &Db, about: &About) -> Vec<Finding> {
    let mut findings = vec![well("database", format!("{} answers, {}", db.name(), about.version))];
    let Some(server) = &about.server else {
        if config.redis.is_some() {
            findings.push(problem(
                "several nodes",
                "they can't share one SQLite file",
                "name a PostgreSQL server with --database, or leave Redis out",
            ));
        }
        return findings;
    };
    if server.is_standby {
        findings.push(problem(
            "database role",
            "a standby, which takes no writes",
            "name the primary, or both hosts with target_session_attrs=read-write",
        ));
    }
    findings.push(connections(server, i64::from(db.connections_of_a_node().unwrap_or_default())));
    findings.push(clocks((config.clock)(), server.now));
    findings
}

fn connections(server: &ServerFacts, of_a_node: i64) -> Finding {
    let free = server.connections_max - server.connections;
    let said = format!("{} of {} are open; a node opens up to {of_a_node}", server.connections, server.connections_max);
    match free < of_a_node {
        true => note("database connections", format!("{said}: raise max_connections before you start another")),
        false => well("database connections", said),
    }
}

fn clocks(here: OffsetDateTime, there: OffsetDateTime) -> Finding {
    let apart = (here - there).whole_milliseconds();
    let said = format!("this machine and the database are {} ms apart", apart.abs());
    match apart.abs() > CLOCKS_DIFFER_MS {
        true => problem("clocks", said, "keep both by NTP (timedatectl set-ntp true)"),
        false => well("clocks", said),
    }
}

async fn set_aside(db: &Db) -> Finding {
    match db.log().set_aside().await {
        Ok(0) => well("quarantine", "empty"),
        Ok(count) => note(
            "quarantine",
            format!("{count} updates could not be merged and are set aside: unisson doctor --documents names theirs"),
        ),
        Err(error) => problem("quarantine", error.to_string(), mend_of(&error)),
    }
}

/// Letters of the last thirty days that may have been accepted or not.
async fn letters(db: &Db) -> Finding {
    match db.mails().uncertain().await {
        Ok(0) => well("letters", "what became of each is known"),
        Ok(count) => note(
            "letters",
            format!(
                "{count} may have been accepted or not and are not sent again: the table mails has them as uncertain, with \
                 their recipients"
            ),
        ),
        Err(error) => problem("letters", error.to_string(), mend_of(&error)),
    }
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

pub(super) fn mend_of(error: &StoreError) -> &'static str {
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

#[cfg(test)]
mod tests {
    use time::Duration;

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
        let findings = examine(&config).await;
        std::fs::remove_file(&path).expect("removed");
        assert!(findings.iter().any(|finding| !finding.is_well()), "{findings:?}");
        for finding in findings {
            assert_eq!(finding.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn clocks_that_differ_are_a_problem_and_so_says_who_is_short_of_connections() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert!(clocks(now, now + Duration::milliseconds(1_900)).is_well());
        assert!(!clocks(now, now + Duration::hours(1)).is_well());
        assert!(!clocks(now + Duration::seconds(3), now).is_well());
        let server = ServerFacts { now, is_standby: false, connections_max: 100, connections: 95 };
        assert!(matches!(connections(&server, 12), Finding::Note { .. }));
        assert!(matches!(connections(&server, 5), Finding::Well { .. }));
    }
}
