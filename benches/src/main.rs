//! `make bench`: what a delivered letter, the opening of a long document and an idle socket cost, next to a bare
//! relay and to the usual Yjs servers, in the same run.
//!
//! Servers are measured in turns (A B C A B C …), each turn a fresh process with fresh data, and the medians are
//! told with their spread. Everything is on the loopback and bounded in time and number. What was seen is in
//! `BASELINE.md`.

mod abuse;
mod client;
mod cold;
mod crowd;
mod dialect;
mod durable;
mod idle;
mod nodes;
mod pages;
mod postgres;
mod relay;
mod rights;
mod server;
mod swarm;
mod table;
mod trace;
mod typist;
mod usage;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};

use crate::{
    cold::{Opening, Shelf},
    crowd::Crowd,
    durable::Pace,
    postgres::Postgres,
    server::{Kind, Programs, Server, install_peers},
    swarm::{Plan, Seen},
    table::{Table, median, spread},
    trace::Session,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ALL: &[Kind] = &[
    Kind::Relay,
    Kind::Unisson,
    Kind::UnissonHocuspocus,
    Kind::UnissonPostgres,
    Kind::UnissonOther,
    Kind::Hocuspocus,
    Kind::HocuspocusSqlite,
    Kind::YWebsocket,
    Kind::YWebsocketLevel,
];
const MIB: f64 = (1 << 20) as f64;

#[derive(Parser)]
#[command(about = "Measures the server, next to a bare relay and to the usual Yjs servers")]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Part {
    /// CPU time, memory and latency of typed letters
    Letters,
    /// Opening a long document on a server that has just started
    Cold,
    /// Memory of idle sockets
    Idle,
    /// Edits a second that are in the database, and the wait for their acknowledgement; not part of the whole
    Durable,
    /// People who read, type and move on; not part of the whole
    Crowd,
    /// Two nodes on one PostgreSQL and one Redis; not part of the whole
    Nodes,
    /// Looking at the rights of all sessions; not part of the whole
    Rights,
    /// What pages answer at the size of an administration, on PostgreSQL; not part of the whole
    Pages,
    /// Letters next to clients who flood, knock or do not read; not part of the whole
    Abuse,
    /// Run the bare relay itself
    Relay { listen: SocketAddr },
    /// Be such a client
    Abuser { address: SocketAddr, abuse: abuse::Abuse },
}

#[derive(Args)]
struct Options {
    /// The server's binary
    #[arg(long, global = true, env = "UNISSON_BIN", default_value = "target/release/unisson")]
    unisson: PathBuf,
    /// Another build of it, measured next to the first
    #[arg(long, global = true)]
    other: Option<PathBuf>,
    /// Only these servers
    #[arg(long, global = true, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Which abuses, next to nobody; all without it
    #[arg(long, global = true, value_delimiter = ',')]
    abuses: Vec<abuse::Abuse>,
    /// Turns of each server
    #[arg(long, global = true, default_value_t = 3)]
    rounds: usize,
    #[arg(long, global = true, default_value_t = 20)]
    rooms: usize,
    /// In each room
    #[arg(long, global = true, default_value_t = 2)]
    writers: usize,
    /// In each room
    #[arg(long, global = true, default_value_t = 8)]
    readers: usize,
    /// Letters a second of each writer
    #[arg(long, global = true, default_value_t = 10.0)]
    rate: f64,
    /// Seconds before the figures count
    #[arg(long, global = true, default_value_t = 5.0)]
    warm_up: f64,
    /// Seconds that count: long enough for every document to be compacted once
    #[arg(long, global = true, default_value_t = 30.0)]
    window: f64,
    /// A recorded editing session to open, in the format of editing-traces
    #[arg(long, global = true, env = "UNISSON_TRACE")]
    trace: Option<PathBuf>,
    /// Durable edits: rooms, and letters a second in each
    #[arg(long, global = true, value_delimiter = ',', default_value = "400x5,1000x10,2000x10")]
    paces: Vec<Pace>,
    /// People of the crowd
    #[arg(long, global = true, default_value_t = 2_000)]
    people: usize,
    /// Documents of the crowd
    #[arg(long, global = true, default_value_t = 400)]
    places: usize,
    /// Idle sockets; fewer where fewer files may be open
    #[arg(long, global = true, default_value_t = 10_000)]
    sockets: usize,
    /// Idle sockets that share a document
    #[arg(long, global = true, default_value_t = 10)]
    per_room: usize,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if let Some(Part::Relay { listen }) = cli.part {
            return relay::run(listen).await;
        }
        if let Some(Part::Abuser { address, abuse }) = cli.part {
            return abuse::be(address, abuse).await;
        }
        if let Some(Part::Rights) = cli.part {
            rights::table(&[2_000, 10_000]).await?.print("The rights of all sessions of a node");
            return Ok(());
        }
        let options = cli.options;
        if let Some(Part::Pages) = cli.part {
            let [pages, decisions] = pages::tables(&options.unisson).await?;
            pages.print("Pages at 25,000 people, 2,000 communities, 200,000 documents, on PostgreSQL");
            decisions.print("Rights");
            return Ok(());
        }
        ensure!((1..=50).contains(&options.rounds), "1 to 50 rounds");
        let mut bench = Bench::prepare(options)?;
        let part = |wanted: fn(&Part) -> bool| cli.part.as_ref().is_none_or(wanted);
        match cli.part {
            Some(Part::Durable) => bench.durable().await?,
            Some(Part::Crowd) => bench.crowd().await?,
            Some(Part::Nodes) => bench.nodes().await?,
            Some(Part::Abuse) => bench.abuse().await?,
            _ => {}
        }
        if part(|part| matches!(part, Part::Letters)) {
            bench.letters().await?;
        }
        if part(|part| matches!(part, Part::Cold)) {
            bench.cold().await?;
        }
        if part(|part| matches!(part, Part::Idle)) {
            bench.idle().await?;
        }
        for (table, title) in &bench.tables {
            table.print(title);
        }
        Ok(())
    })
}

struct Bench {
    options: Options,
    programs: Programs,
    kinds: Vec<Kind>,
    /// Printed together at the end.
    tables: Vec<(Table, String)>,
}

impl Bench {
    fn prepare(options: Options) -> Result<Self> {
        let by_default = |kind: &Kind| *kind != Kind::UnissonOther || options.other.is_some();
        let wanted = |kind: &Kind| options.only.contains(kind) || options.only.is_empty() && by_default(kind);
        let mut kinds: Vec<Kind> = ALL.iter().copied().filter(wanted).collect();
        let peers = if kinds.iter().any(|kind| kind.is_peer()) {
            install_peers(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers"))
                .inspect_err(|error| eprintln!("no peers: {error:#}"))
                .ok()
        } else {
            None
        };
        let postgres = if kinds.contains(&Kind::UnissonPostgres) { Postgres::start()? } else { None };
        let unisson = std::path::absolute(&options.unisson)?;
        if kinds.iter().any(|kind| kind.is_ours()) {
            ensure!(unisson.exists(), "{} is missing: build it, or set UNISSON_BIN", unisson.display());
        }
        let other = options.other.as_ref().map(std::path::absolute).transpose()?;
        let programs = Programs { unisson, other, peers, postgres };
        kinds.retain(|kind| match programs.missing(*kind) {
            Some(why) => {
                eprintln!("{} is left out: {why}", kind.name());
                false
            }
            None => true,
        });
        Ok(Self { options, programs, kinds, tables: Vec::new() })
    }

    /// As asked for on the command line.
    fn plan(&self) -> Result<Plan> {
        let options = &self.options;
        Ok(Plan {
            rooms: options.rooms,
            writers: options.writers,
            readers: options.readers,
            away: 0,
            rate: options.rate,
            warm_up: Duration::try_from_secs_f64(options.warm_up)?,
            window: Duration::try_from_secs_f64(options.window)?,
        })
    }

    async fn durable(&mut self) -> Result<()> {
        let Plan { warm_up, window, .. } = self.plan()?;
        let ours: Vec<Kind> = self.kinds.iter().copied().filter(|kind| kind.is_ours()).collect();
        let Options { paces, rounds, .. } = &self.options;
        let table = durable::table(&mut self.programs, &ours, paces, *rounds, warm_up, window).await?;
        let title =
            format!("Durable edits: one writer a room, {} s after {} s", self.options.window, self.options.warm_up);
        self.tables.push((table, title));
        Ok(())
    }

    async fn crowd(&mut self) -> Result<()> {
        let Plan { warm_up, window, .. } = self.plan()?;
        let crowd = Crowd { people: self.options.people, rooms: self.options.places, warm_up, window };
        let table = crowd::table(&mut self.programs, &self.kinds, crowd).await?;
        let title = format!("{} people in {} documents, {} s", crowd.people, crowd.rooms, self.options.window);
        self.tables.push((table, title));
        Ok(())
    }

    async fn nodes(&mut self) -> Result<()> {
        ensure!(nodes::redis_server().is_some(), "redis-server is not installed");
        let plan = self.plan()?;
        let table = nodes::table(&mut self.programs, self.options.rounds, plan).await?;
        let title = format!(
            "Two nodes: {} rooms x ({} writers + {} readers, and as many readers at the other node), {} letters/s each",
            plan.rooms, plan.writers, plan.readers, plan.rate
        );
        self.tables.push((table, title));
        Ok(())
    }

    async fn abuse(&mut self) -> Result<()> {
        let plan = self.plan()?;
        let table = abuse::table(&mut self.programs, &self.options.abuses, self.options.rounds, plan).await?;
        self.tables
            .push((table, format!("Letters next to abusive clients: {} rooms, {} s", plan.rooms, self.options.window)));
        Ok(())
    }

    async fn letters(&mut self) -> Result<()> {
        let plan = self.plan()?;
        let options = &self.options;
        let mut seen: BTreeMap<Kind, Vec<Seen>> = BTreeMap::new();
        for round in 1..=options.rounds {
            for kind in &self.kinds {
                let mut server = Server::start(*kind, &mut self.programs).await?;
                let run = swarm::run(&server, None, plan).await;
                server.down().await?;
                let run = match run {
                    Ok(run) => run,
                    Err(error) => {
                        eprintln!("round {round}, {}: {error:#}", kind.name());
                        continue;
                    }
                };
                eprintln!(
                    "round {round}, {}: {} letters delivered ({} lost) in {:.1} s, {:.2} us each, p50 {:.2} ms, p99 {:.2} ms, {:.1} MiB",
                    kind.name(),
                    run.delivered,
                    run.lost,
                    run.window.as_secs_f64(),
                    run.cpu_per_letter_us(),
                    run.latency_ms(0.5),
                    run.latency_ms(0.99),
                    run.memory as f64 / MIB,
                );
                seen.entry(*kind).or_default().push(run);
            }
        }
        let mut table = Table::new(&[
            "server",
            "to the bare relay",
            "CPU us per letter",
            "p50 ms",
            "p99 ms",
            "acknowledged p50 ms",
            "memory MiB",
            "letters lost",
        ]);
        let cpu = |runs: &[Seen]| -> Vec<f64> { runs.iter().map(Seen::cpu_per_letter_us).collect() };
        let floor = seen.get(&Kind::Relay).map_or(f64::NAN, |runs| median(cpu(runs)));
        for (kind, runs) in &seen {
            let each = |figure: fn(&Seen) -> f64| -> Vec<f64> { runs.iter().map(figure).collect() };
            table.row(vec![
                kind.name().to_owned(),
                format!("{:.2}", median(cpu(runs)) / floor),
                spread(&cpu(runs), 2),
                spread(&each(|run| run.latency_ms(0.5)), 2),
                spread(&each(|run| run.latency_ms(0.99)), 2),
                spread(&each(|run| run.round_trip_ms(0.5)), 1),
                format!("{:.1}", median(each(|run| run.memory as f64 / MIB))),
                runs.iter().map(|run| run.lost).sum::<u64>().to_string(),
            ]);
        }
        let title = format!(
            "Letters: {} rooms x ({} writers + {} readers), {} letters/s each, {} s after {} s, medians of {} rounds",
            plan.rooms, plan.writers, plan.readers, plan.rate, options.window, options.warm_up, options.rounds
        );
        self.tables.push((table, title));
        Ok(())
    }

    async fn cold(&mut self) -> Result<()> {
        let session = Session::load(self.options.trace.as_deref())?;
        let updates = session.updates(0x1234_5678);
        let mut shelves = Vec::new();
        for kind in self.kinds.iter().filter(|kind| kind.keeps() && **kind != Kind::UnissonHocuspocus) {
            match Shelf::fill(*kind, &mut self.programs, &updates, session.end.len()).await {
                Ok(shelf) => {
                    eprintln!(
                        "{}: {} edits typed in {:.1} s",
                        kind.name(),
                        updates.len(),
                        shelf.typed_in.as_secs_f64()
                    );
                    shelves.push((*kind, shelf, Vec::new()));
                }
                Err(error) => eprintln!("{}: {error:#}", kind.name()),
            }
        }
        for round in 1..=self.options.rounds {
            for (kind, shelf, openings) in &mut shelves {
                let opening = match shelf.open().await {
                    Ok(opening) => opening,
                    Err(error) => {
                        // LevelDB's document is read after the first answer: its clients are told they have all of it.
                        eprintln!("round {round}, {}: {error:#}", kind.name());
                        continue;
                    }
                };
                eprintln!(
                    "round {round}, {}: opened in {:.1} ms, {:.1} ms of CPU, again in {:.1} ms",
                    kind.name(),
                    ms(opening.took),
                    ms(opening.cpu),
                    ms(opening.again_took)
                );
                openings.push(opening);
            }
        }
        let mut table =
            Table::new(&["server", "synced ms", "CPU ms", "a second client ms", "KB sent", "memory MiB", "typing s"]);
        for (kind, shelf, openings) in shelves.iter().filter(|(_, _, openings)| !openings.is_empty()) {
            let each = |figure: fn(&Opening) -> f64| -> Vec<f64> { openings.iter().map(figure).collect() };
            table.row(vec![
                kind.name().to_owned(),
                spread(&each(|opening| ms(opening.took)), 1),
                spread(&each(|opening| ms(opening.cpu)), 1),
                spread(&each(|opening| ms(opening.again_took)), 1),
                format!("{:.0}", median(each(|opening| opening.bytes as f64 / 1e3))),
                format!("{:.1}", median(each(|opening| opening.memory as f64 / MIB))),
                format!("{:.1}", shelf.typed_in.as_secs_f64()),
            ]);
        }
        let title = format!(
            "Cold opening: {} ({} edits, {} letters at the end), medians of {} restarts",
            session.name,
            session.edits.len(),
            session.end.chars().count(),
            self.options.rounds
        );
        self.tables.push((table, title));
        Ok(())
    }

    async fn idle(&mut self) -> Result<()> {
        let sockets = idle::sockets_allowed(self.options.sockets);
        let per_room = self.options.per_room.max(1);
        let mut table = Table::new(&["server", "KiB per socket", "all of it, MiB"]);
        let in_memory = [Kind::Relay, Kind::Unisson, Kind::UnissonHocuspocus, Kind::Hocuspocus, Kind::YWebsocket];
        for kind in self.kinds.iter().filter(|kind| in_memory.contains(kind)) {
            let mut server = Server::start(*kind, &mut self.programs).await?;
            let each = idle::run(&server, sockets, per_room).await;
            server.down().await?;
            match each {
                Ok((each, all)) => table.row(vec![
                    kind.name().to_owned(),
                    format!("{:.1}", each / 1_024.0),
                    format!("{:.0}", all as f64 / MIB),
                ]),
                Err(error) => eprintln!("{}: {error:#}", kind.name()),
            }
        }
        self.tables.push((table, format!("Idle: {sockets} sockets, {per_room} to a document")));
        Ok(())
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
