//! The thread that writes the log of an SQLite file.
//!
//! The hot path of the whole server. sqlx hands each statement, the beginning, the end and the
//! return of a connection to a thread and waits for it each time, and sends the rows back one by
//! one: those wakes cost more than SQLite's own work. Here a thread with a connection of its own is
//! told once per commit and answers once. Its statements are prepared once.
//!
//! The thread begins with the first append and ends when the database is closed. What writes beside
//! it (sqlx's one writer) waits for SQLite's lock as another process would. A connection that can't
//! go back to where it was before a failed commit is closed, and the next append opens another.
//! Caller: `log/append.rs`.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::at::At;
use crate::error::{Result, StoreError};
use crate::ids::{Epoch, Seq};
use crate::log::{Line, Outcome};

/// Whoever comes when so many wait, waits as well.
const JOBS_MAX: usize = 8;

/// Everything that is committed together.
struct Job {
    lines: Vec<Line>,
    now: At,
    answer: oneshot::Sender<rusqlite::Result<Vec<Outcome>>>,
}

/// How the connection is opened.
#[derive(Clone)]
pub(crate) struct Desk {
    pub path: PathBuf,
    /// How long it waits for another's lock.
    pub patience: Duration,
    /// The same as of the other writer's.
    pub pragmas: &'static [(&'static str, &'static str)],
}

/// The thread, as its callers see it.
pub(crate) struct Scribe {
    desk: Desk,
    thread: Mutex<State>,
}

enum State {
    NotYet,
    Running { jobs: mpsc::Sender<Job>, thread: thread::JoinHandle<()> },
    Closed,
}

impl Scribe {
    pub fn new(desk: Desk) -> Self {
        Self { desk, thread: Mutex::new(State::NotYet) }
    }

    /// Commits the lines in one transaction. Once the thread has them it goes on to the end even when nobody waits
    /// any more.
    pub async fn append(&self, lines: Vec<Line>, now: At) -> Result<Vec<Outcome>> {
        let jobs = self.jobs()?;
        let (answer, answered) = oneshot::channel();
        let crashed = || StoreError::Database(sqlx::Error::WorkerCrashed);
        jobs.send(Job { lines, now, answer }).await.map_err(|_| crashed())?;
        answered.await.map_err(|_| crashed())?.map_err(StoreError::Log)
    }

    /// The way to the thread, which is started if there is none.
    fn jobs(&self) -> Result<mpsc::Sender<Job>> {
        let mut state = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Closed => return Err(StoreError::Database(sqlx::Error::PoolClosed)),
            State::Running { jobs, .. } if !jobs.is_closed() => return Ok(jobs.clone()),
            State::Running { .. } | State::NotYet => {}
        }
        let (jobs, work) = mpsc::channel(JOBS_MAX);
        let desk = self.desk.clone();
        let thread = thread::Builder::new().name("sqlite-log".to_owned()).spawn(move || run(&desk, work));
        let thread = thread.map_err(|error| StoreError::Database(sqlx::Error::Io(error)))?;
        *state = State::Running { jobs: jobs.clone(), thread };
        Ok(jobs)
    }

    /// Waits for what is being written, and closes the connection.
    pub async fn close(&self) {
        let state = std::mem::replace(&mut *self.thread.lock().unwrap_or_else(PoisonError::into_inner), State::Closed);
        if let State::Running { jobs, thread } = state {
            drop(jobs);
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn run(desk: &Desk, mut jobs: mpsc::Receiver<Job>) {
    let mut open: Option<Connection> = None;
    while let Some(Job { lines, now, answer }) = jobs.blocking_recv() {
        let outcomes = match open.take().map_or_else(|| connect(desk), Ok) {
            Ok(connection) => {
                let outcomes = commit(&connection, &lines, now);
                let is_well = outcomes.is_ok() || connection.is_autocommit();
                if is_well {
                    open = Some(connection);
                }
                outcomes
            }
            Err(error) => Err(error),
        };
        let _ = answer.send(outcomes);
    }
}

fn connect(desk: &Desk) -> rusqlite::Result<Connection> {
    let Desk { path, patience, pragmas } = desk;
    let connection = open(path)?;
    connection.busy_timeout(*patience)?;
    for (name, value) in *pragmas {
        // Some answer with the new value, some with nothing.
        connection.pragma_update_and_check(None, name, value, |_| Ok(())).optional()?;
    }
    Ok(connection)
}

/// The file is there: whoever opened the database has made it.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn commit(connection: &Connection, lines: &[Line], now: At) -> rusqlite::Result<Vec<Outcome>> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    run("begin immediate")?;
    let written = lines.iter().map(|line| land(connection, line, now)).collect::<rusqlite::Result<_>>();
    match written.and_then(|outcomes| run("commit").map(|_| outcomes)) {
        Ok(outcomes) => Ok(outcomes),
        Err(error) => {
            // Some failures have undone it already. What is still open then is seen by the caller.
            let _ = run("rollback");
            Err(error)
        }
    }
}

struct Facts {
    row: i64,
    epoch: Epoch,
    is_frozen: bool,
    head: Seq,
    snapshot: Seq,
    hour: i64,
}

/// Moves one document and writes its row, inside the open transaction.
fn land(connection: &Connection, line: &Line, now: At) -> rusqlite::Result<Outcome> {
    let document = line.document.0.as_bytes();
    let facts = connection
        .prepare_cached(
            "select rowid, epoch, frozen_at is not null, head_seq, snapshot_seq, updated_hour
             from documents where id = ?1 and deleted_at is null",
        )?
        .query_row([document], |row| {
            Ok(Facts {
                row: row.get(0)?,
                epoch: row.get(1)?,
                is_frozen: row.get(2)?,
                head: row.get(3)?,
                snapshot: row.get(4)?,
                hour: row.get(5)?,
            })
        })
        .optional()?;
    let Some(facts) = facts else { return Ok(Outcome::Gone) };
    if facts.epoch != line.epoch {
        return Ok(Outcome::WrongEpoch);
    }
    if facts.is_frozen {
        return Ok(Outcome::Frozen);
    }
    let seq = facts.head + 1;
    connection
        .prepare_cached(
            "update documents
             set head_seq = ?2, size_bytes = size_bytes + ?3, updated_by = coalesce(?4, updated_by), updated_at = ?5
             where rowid = ?1",
        )?
        .execute(params![facts.row, seq, line.size, line.person.map(|person| *person.0.as_bytes()), now.micros()])?;
    connection
        .prepare_cached(
            "insert into updates (document_id, epoch, seq, payload, created_at) values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![document, line.epoch, seq, line.payload, now.micros()])?;
    // Seldom: once an hour, and when a tail passes a power of two.
    if facts.hour != now.hour() {
        connection
            .prepare_cached("update documents set updated_hour = ?2 where rowid = ?1")?
            .execute(params![facts.row, now.hour()])?;
    }
    let tail = seq - facts.snapshot;
    if u64::try_from(tail).is_ok_and(u64::is_power_of_two) {
        connection
            .prepare_cached(
                "insert into tails (document_id, epoch, rows_count) values (?1, ?2, ?3)
                 on conflict (document_id)
                 do update set epoch = excluded.epoch, rows_count = excluded.rows_count",
            )?
            .execute(params![document, line.epoch, tail])?;
    }
    Ok(Outcome::Landed(seq))
}
