//! Two nodes on one PostgreSQL and one Redis: how much later a letter arrives at the other node, and what passing it
//! on costs, next to one node alone with the same people.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    server::{Folder, Kind, Programs, Server, free_port},
    swarm::{self, Plan, Seen},
    table::{Table, median, spread},
};

const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A throw-away Redis that keeps nothing.
struct Redis {
    url: String,
    _child: Child,
    _folder: Folder,
}

impl Redis {
    async fn start() -> Result<Self> {
        let folder = Folder::new("redis")?;
        let port = free_port()?;
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string(), "--dir"])
            .arg(&folder.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("redis-server is not installed")?;
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            anyhow::ensure!(Instant::now() < deadline, "redis-server does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { url: format!("redis://127.0.0.1:{port}"), _child: child, _folder: folder })
    }
}

/// `plan.readers` sit at the first node, with the writers, and as many again at the second.
pub async fn table(programs: &mut Programs, rounds: usize, plan: Plan) -> Result<Table> {
    let mut table = Table::new(&[
        "",
        "p50 ms",
        "p99 ms",
        "p50 ms, other node",
        "p99 ms, other node",
        "CPU us per letter",
        "CPU us per letter, other node",
        "to one node alone",
        "letters lost",
    ]);
    let redis = Redis::start().await?;
    let apart = Plan { away: plan.readers, ..plan };
    let (mut alone, mut both) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let mut server = Server::start(Kind::UnissonPostgres, programs).await?;
        let one = swarm::run(&server, None, plan).await;
        server.down().await?;
        alone.push(one?);
        let mut first = Server::start_with(Kind::UnissonPostgres, programs, None, &["--redis", &redis.url]).await?;
        let shared = first.database().map(str::to_owned);
        let mut second = Server::start_with(Kind::UnissonPostgres, programs, shared, &["--redis", &redis.url]).await?;
        let two = swarm::run(&first, Some(&second), apart).await;
        second.down().await?;
        first.down().await?;
        both.push(two?);
        if let (Some(one), Some(two)) = (alone.last(), both.last()) {
            eprintln!(
                "round {round}: alone p50 {:.2} ms, {:.1} us; two nodes p50 {:.2} and {:.2} ms, {:.1} and {:.1} us",
                one.latency_ms(0.5),
                one.cpu_per_letter_us(),
                two.latency_ms(0.5),
                two.away_latency_ms(0.5),
                two.cpu_per_letter_us(),
                two.away_cpu_per_letter_us(),
            );
        }
    }
    let floor = median(alone.iter().map(Seen::cpu_per_letter_us));
    for (name, runs) in [("one node alone", &alone), ("two nodes", &both)] {
        let each = |figure: fn(&Seen) -> f64| -> Vec<f64> { runs.iter().map(figure).collect() };
        table.row(vec![
            name.to_owned(),
            spread(&each(|run| run.latency_ms(0.5)), 2),
            spread(&each(|run| run.latency_ms(0.99)), 2),
            spread(&each(|run| run.away_latency_ms(0.5)), 2),
            spread(&each(|run| run.away_latency_ms(0.99)), 2),
            spread(&each(Seen::cpu_per_letter_us), 1),
            spread(&each(|run| if run.away_delivered == 0 { f64::NAN } else { run.away_cpu_per_letter_us() }), 1),
            format!("{:.2}", median(each(Seen::cpu_per_letter_us)) / floor),
            runs.iter().map(|run| run.lost).sum::<u64>().to_string(),
        ]);
    }
    Ok(table)
}

/// Where Redis is, if it is installed.
pub fn redis_server() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("redis-server"))
        .find(|file| file.exists())
}
