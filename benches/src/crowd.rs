//! People as they are: most read, some type, now and then somebody turns to another document.
//!
//! Each person has a document open and a cursor in it. They read for a while, type a few words, read on, and
//! after some such turns open another document. Each letter moves the cursor, as editors tell it; a cursor at rest
//! is told again every 15 seconds, as the clients do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use crdt_store::update::awareness::{self, Entry};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    client::Client,
    dialect::Heard,
    server::{Kind, Programs, Server},
    swarm::client_id,
    table::Table,
    trace::Dice,
    typist::LetterWriter,
    usage::Tree,
};

/// Sockets that are opened at the same time.
const OPENING: usize = 16;
const READING_SECONDS: (usize, usize) = (15, 75);
const LETTERS: (usize, usize) = (10, 40);
const BETWEEN_LETTERS: Duration = Duration::from_millis(220);
const RENEWED_AFTER: Duration = Duration::from_secs(15);
/// One turn of so many ends in another document.
const TURNS_IN_A_DOCUMENT: usize = 4;

#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub people: usize,
    pub rooms: usize,
    pub warm_up: Duration,
    pub window: Duration,
}

#[derive(Default)]
struct Done {
    typed: AtomicU64,
    heard: AtomicU64,
    cursors: AtomicU64,
    opened: AtomicU64,
}

pub async fn table(programs: &mut Programs, kinds: &[Kind], crowd: Crowd) -> Result<Table> {
    ensure!((1..=10_000).contains(&crowd.people) && crowd.rooms > 0, "1 to 10,000 people in one room or more");
    let mut table = Table::new(&[
        "server",
        "letters a second",
        "letters heard a second",
        "cursors heard a second",
        "documents opened a second",
        "server's cores",
        "PostgreSQL's cores",
        "memory MiB",
    ]);
    for kind in kinds {
        let mut server = Server::start(*kind, programs).await?;
        let database = programs.postgres.as_ref().and_then(|postgres| postgres.usage());
        let row = run(&server, database, crowd).await;
        server.down().await?;
        match row {
            Ok(row) => table.row(row),
            Err(error) => eprintln!("{}: {error:#}", kind.name()),
        }
    }
    Ok(table)
}

async fn run(server: &Server, database: Option<Tree>, crowd: Crowd) -> Result<Vec<String>> {
    let done = Arc::new(Done::default());
    let (over, watched) = watch::channel(false);
    let mut people = JoinSet::new();
    let doors = (0..crowd.rooms).map(|room| server.door(&format!("crowd-{room}"))).collect::<Vec<_>>();
    let doors: Arc<[_]> = doors.into();
    for number in 0..crowd.people {
        let mut person = Person::new(number, doors.clone(), done.clone());
        person.open().await.with_context(|| format!("person {number}"))?;
        let mut watched = watched.clone();
        people.spawn(async move {
            tokio::select! {
                lived = person.live() => lived,
                _ = watched.wait_for(|over| *over) => Ok(()),
            }
        });
        if number % OPENING == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }
    sleep(crowd.warm_up).await;
    let cpu_of = |usage: &Option<Tree>| usage.as_ref().map_or(Ok(Duration::ZERO), |usage| usage.cpu());
    let counts = || [&done.typed, &done.heard, &done.cursors, &done.opened].map(|count| count.load(Ordering::Relaxed));
    let usage = server.usage()?;
    let (cpu, cpu_database, before, begun) = (usage.cpu()?, cpu_of(&database)?, counts(), Instant::now());
    sleep(crowd.window).await;
    let took = begun.elapsed().as_secs_f64();
    let cores = (usage.cpu()?.saturating_sub(cpu)).as_secs_f64() / took;
    let database_cores = (cpu_of(&database)?.saturating_sub(cpu_database)).as_secs_f64() / took;
    let rates = std::iter::zip(counts(), before).map(|(after, before)| (after - before) as f64 / took);
    let mut row = vec![server.kind.name().to_owned()];
    row.extend(rates.map(|rate| format!("{rate:.0}")));
    row.push(format!("{cores:.2}"));
    row.push(format!("{database_cores:.2}"));
    row.push(format!("{:.0}", usage.memory()? as f64 / (1 << 20) as f64));
    over.send_replace(true);
    while let Some(lived) = people.join_next().await {
        lived.context("a person broke")??;
    }
    Ok(row)
}

struct Person {
    number: usize,
    doors: Arc<[crate::client::Door]>,
    done: Arc<Done>,
    dice: Dice,
    seat: Option<Seat>,
    /// Documents opened so far: each has a client id of its own, as a page that is loaded anew.
    opened: usize,
}

struct Seat {
    client: Client,
    door: usize,
    writer: LetterWriter,
    id: u64,
    clock: u64,
}

impl Person {
    fn new(number: usize, doors: Arc<[crate::client::Door]>, done: Arc<Done>) -> Self {
        Self { number, doors, done, dice: Dice(number as u64), seat: None, opened: 0 }
    }

    fn between(&mut self, (least, most): (usize, usize)) -> usize {
        least + self.dice.below(most - least)
    }

    async fn open(&mut self) -> Result<()> {
        self.seat = None;
        let door = match self.opened {
            0 => self.number % self.doors.len(),
            _ => self.dice.below(self.doors.len()),
        };
        let id = client_id(self.number + self.opened * 20_011);
        self.opened += 1;
        let (client, _) = Client::open(&self.doors[door]).await?;
        self.seat = Some(Seat { client, door, writer: LetterWriter::new(id), id, clock: 0 });
        self.done.opened.fetch_add(1, Ordering::Relaxed);
        self.point(0).await
    }

    async fn live(&mut self) -> Result<()> {
        loop {
            let reading = self.between(READING_SECONDS);
            // Nobody begins where all others begin.
            let milliseconds = self.dice.below(1_000) as u64;
            self.listen_until(
                Instant::now() + Duration::from_secs(reading as u64) + Duration::from_millis(milliseconds),
            )
            .await?;
            for letter in 0..self.between(LETTERS) {
                self.type_one().await?;
                self.point(letter).await?;
                self.listen_until(Instant::now() + BETWEEN_LETTERS).await?;
            }
            if self.dice.below(TURNS_IN_A_DOCUMENT) == 0 {
                self.open().await?;
            }
        }
    }

    fn seat(&mut self) -> Result<&mut Seat> {
        self.seat.as_mut().context("nobody sits there")
    }

    async fn type_one(&mut self) -> Result<()> {
        let doors = self.doors.clone();
        let seat = self.seat()?;
        let door = &doors[seat.door];
        let letter = seat.writer.next().1;
        seat.client.send(door.dialect.update(&door.name, &letter)).await?;
        self.done.typed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Tells where the cursor is.
    async fn point(&mut self, at: usize) -> Result<()> {
        let doors = self.doors.clone();
        let number = self.number;
        let seat = self.seat()?;
        seat.clock += 1;
        let state = format!(
            r##"{{"user":{{"name":"Person {number}","color":"#30bced"}},"cursor":{{"anchor":{{"type":null,"tname":"content","item":{{"client":{id},"clock":{at}}},"assoc":0}},"head":{{"type":null,"tname":"content","item":{{"client":{id},"clock":{at}}},"assoc":0}}}}}}"##,
            id = seat.id,
        );
        let entries = awareness::encode(&[Entry { client: seat.id, clock: seat.clock, state }]);
        let door = &doors[seat.door];
        seat.client.send(door.dialect.awareness(&door.name, &entries)).await
    }

    /// Hears what comes, and tells again that one is here when it is time.
    async fn listen_until(&mut self, end: Instant) -> Result<()> {
        loop {
            let renew_at = Instant::now() + RENEWED_AFTER;
            let is_over = loop {
                let done = self.done.clone();
                let seat = self.seat()?;
                tokio::select! {
                    heard = seat.client.hear() => match heard? {
                        Heard::Update(_) => drop(done.heard.fetch_add(1, Ordering::Relaxed)),
                        Heard::Awareness => drop(done.cursors.fetch_add(1, Ordering::Relaxed)),
                        _ => {}
                    },
                    () = sleep_until(end.min(renew_at)) => break end <= renew_at,
                }
            };
            if is_over {
                return Ok(());
            }
            self.point(0).await?;
        }
    }
}
