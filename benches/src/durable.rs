//! How many edits a second are in the database, and how long their writers wait for the word.
//!
//! One writer in each of many rooms, each letter a commit's worth of its own: the server and its database share the
//! machine with the writers. A letter counts when its acknowledgement came within the window.

use std::time::Duration;

use anyhow::Result;

use crate::{
    server::{Kind, Programs, Server},
    swarm::{self, Plan, Seen},
    table::{Table, spread},
    usage::Tree,
};

/// Rooms, and letters a second in each.
const PACES: &[(usize, f64)] = &[(400, 5.0), (1_000, 10.0), (2_000, 10.0)];

struct Held {
    seen: Seen,
    /// Of PostgreSQL's processes, in the same window or a little more.
    database_cpu: Duration,
}

pub async fn table(
    programs: &mut Programs,
    kinds: &[Kind],
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
    ]);
    for (rooms, rate) in PACES {
        let plan = Plan { rooms: *rooms, writers: 1, readers: 0, away: 0, rate: *rate, warm_up, window };
        let mut held: Vec<(Kind, Vec<Held>)> = kinds.iter().map(|kind| (*kind, Vec::new())).collect();
        for round in 1..=rounds {
            for (kind, runs) in &mut held {
                match run(programs, *kind, plan).await {
                    Ok(run) => {
                        eprintln!(
                            "round {round}, {}, {} a second: {:.0} acknowledged, p50 {:.1} ms, p99 {:.1} ms",
                            kind.name(),
                            *rooms as f64 * rate,
                            run.seen.acknowledged_a_second(),
                            run.seen.round_trip_ms(0.5),
                            run.seen.round_trip_ms(0.99),
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
                spread(&each(|run| run.seen.cpu.as_secs_f64() / run.seen.window.as_secs_f64()), 2),
                spread(&each(|run| run.database_cpu.as_secs_f64() / run.seen.window.as_secs_f64()), 2),
            ]);
        }
    }
    Ok(table)
}

async fn run(programs: &mut Programs, kind: Kind, plan: Plan) -> Result<Held> {
    let mut server = Server::start(kind, programs).await?;
    let database = programs.postgres.as_ref().and_then(|postgres| postgres.usage());
    let cpu = |usage: &Option<Tree>| usage.as_ref().map_or(Ok(Duration::ZERO), |usage| usage.cpu());
    // From the last socket's opening on; what the openings cost is not in it.
    let seen = swarm::run_with(&server, None, plan, || cpu(&database)).await;
    server.down().await?;
    let (seen, database_cpu) = seen?;
    Ok(Held { seen, database_cpu })
}
