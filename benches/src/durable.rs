//! How many edits a second are in the database, and how long their writers wait for the word.
//!
//! One writer in each of many rooms, each letter a commit's worth of its own: the server and its database share the
//! machine with the writers. A letter counts when its acknowledgement came within the window.

use std::{str::FromStr, time::Duration};

use anyhow::Result;

use crate::{
    server::{Kind, Programs, Server},
    swarm::{self, Plan, Seen},
    table::{Table, spread},
    usage::Tree,
};

/// So many rooms, and letters a second in each.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    rooms: usize,
    rate: f64,
}

impl FromStr for Pace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = || {
            let (rooms, rate) = text.split_once('x')?;
            Some(Self { rooms: rooms.parse().ok()?, rate: rate.parse().ok()? })
        };
        numbers().ok_or("rooms and letters a second in each: 400x5")
    }
}

struct Held {
    seen: Seen,
    /// Of PostgreSQL's processes.
    database_cpu: Duration,
    /// Of the writers themselves: where they are slow, so is all that they measure.
    writers_cpu: Duration,
    /// From the server's start on, and how long one took.
    commits: f64,
    commit_ms: f64,
}

pub async fn table(
    programs: &mut Programs,
    kinds: &[Kind],
    paces: &[Pace],
    rounds: usize,
    warm_up: Duration,
    window: Duration,
) -> Result<Table> {
    let mut table = Table::new(&[
        "server",
        "asked for, a second",
        "acknowledged a second",
        "p50 ms",
        "p99 ms",
        "server's cores",
        "PostgreSQL's cores",
        "writers' cores",
        "a commit, ms",
    ]);
    for Pace { rooms, rate } in paces {
        let plan = Plan { rooms: *rooms, writers: 1, readers: 0, away: 0, rate: *rate, warm_up, window };
        let mut held: Vec<(Kind, Vec<Held>)> = kinds.iter().map(|kind| (*kind, Vec::new())).collect();
        for round in 1..=rounds {
            for (kind, runs) in &mut held {
                match run(programs, *kind, plan).await {
                    Ok(run) => {
                        eprintln!(
                            "round {round}, {}, {} a second: {:.0} acknowledged, p50 {:.1} ms, p99 {:.1} ms, {} commits",
                            kind.name(),
                            *rooms as f64 * rate,
                            run.seen.acknowledged_a_second(),
                            run.seen.round_trip_ms(0.5),
                            run.seen.round_trip_ms(0.99),
                            run.commits,
                        );
                        runs.push(run);
                    }
                    Err(error) => eprintln!("round {round}, {}: {error:#}", kind.name()),
                }
            }
        }
        for (kind, runs) in &held {
            let each = |figure: fn(&Held) -> f64| -> Vec<f64> { runs.iter().map(figure).collect() };
            table.row(vec![
                kind.name().to_owned(),
                format!("{:.0}", *rooms as f64 * rate),
                spread(&each(|run| run.seen.acknowledged_a_second()), 0),
                spread(&each(|run| run.seen.round_trip_ms(0.5)), 1),
                spread(&each(|run| run.seen.round_trip_ms(0.99)), 1),
                spread(&each(|run| run.cores(run.seen.cpu)), 2),
                spread(&each(|run| run.cores(run.database_cpu)), 2),
                spread(&each(|run| run.cores(run.writers_cpu)), 2),
                spread(&each(|run| run.commit_ms), 1),
            ]);
        }
    }
    Ok(table)
}

impl Held {
    fn cores(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() / self.seen.window.as_secs_f64()
    }
}

async fn run(programs: &mut Programs, kind: Kind, plan: Plan) -> Result<Held> {
    let mut server = Server::start(kind, programs).await?;
    let database = programs.postgres.as_ref().and_then(|postgres| postgres.usage());
    let others = || {
        let database = database.map_or(Ok(Duration::ZERO), Tree::cpu)?;
        Ok([database, Tree::own_cpu()?])
    };
    // What the openings cost is not in it.
    let seen = swarm::run_with(&server, None, plan, others).await;
    let commits = server.counted("unisson_commit_seconds_count").await.unwrap_or(f64::NAN);
    let seconds = server.counted("unisson_commit_seconds_sum").await.unwrap_or(f64::NAN);
    server.down().await?;
    let (seen, [database_cpu, writers_cpu]) = seen?;
    Ok(Held { seen, database_cpu, writers_cpu, commits, commit_ms: seconds * 1e3 / commits })
}
