//! Many people typing: rooms of writers and readers, a steady number of letters a second, evenly spread.
//!
//! Every letter is a real Yjs update in a frame of its own. A letter counts as delivered each time that
//! somebody else in its room has received it; its latency runs from just before it was written to the socket until
//! its frame was read from another one, by one clock. Some readers may sit at a second node.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use crdt_store::update::Update;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, sleep_until, timeout},
};

use crate::{
    client::{Client, Door},
    dialect::Heard,
    server::Server,
    typist::LetterWriter,
};

/// Sockets that are opened at the same time.
const OPENING: usize = 16;
/// After the last letter, for those under way to arrive.
const LAST_LETTERS: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub rooms: usize,
    pub writers: usize,
    pub readers: usize,
    /// Readers in each room at the second node.
    pub away: usize,
    /// Letters a second of each writer.
    pub rate: f64,
    pub warm_up: Duration,
    pub window: Duration,
}

impl Plan {
    /// # Errors
    /// If it is more than one machine should do to itself.
    pub fn check(&self) -> Result<()> {
        let sockets = self.rooms * self.seats();
        ensure!((1..=10_000).contains(&sockets), "1 to 10,000 sockets, not {sockets}");
        ensure!(self.rate > 0.0 && self.rate <= 1_000.0, "a rate above 0 and up to 1,000");
        ensure!(self.warm_up + self.window <= Duration::from_secs(600), "ten minutes at most");
        Ok(())
    }

    fn seats(&self) -> usize {
        self.writers + self.readers + self.away
    }

    fn letters_max(&self) -> usize {
        ((self.warm_up + self.window + Duration::from_secs(60)).as_secs_f64() * self.rate) as usize + 64
    }
}

/// What one run has shown.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Letters received by others within the window.
    pub delivered: u64,
    pub cpu: Duration,
    pub memory: u64,
    pub window: Duration,
    /// From a writer to each of the others. Sorted, in microseconds.
    pub latencies: Vec<u32>,
    /// The same three of the second node.
    pub away_delivered: u64,
    pub away_cpu: Duration,
    pub away_latencies: Vec<u32>,
    /// From a writer to the server and back: the acknowledgement, or its own letter coming back. Sorted.
    pub round_trips: Vec<u32>,
    /// Letters of the whole run that somebody never got.
    pub lost: u64,
}

impl Seen {
    pub fn cpu_per_letter_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.delivered.max(1) as f64
    }

    /// In milliseconds.
    pub fn latency_ms(&self, share: f64) -> f64 {
        at_share(&self.latencies, share)
    }

    pub fn away_cpu_per_letter_us(&self) -> f64 {
        self.away_cpu.as_secs_f64() * 1e6 / self.away_delivered.max(1) as f64
    }

    /// In milliseconds, to the second node.
    pub fn away_latency_ms(&self, share: f64) -> f64 {
        at_share(&self.away_latencies, share)
    }

    /// Acknowledged within the window, each second.
    pub fn acknowledged_a_second(&self) -> f64 {
        self.round_trips.len() as f64 / self.window.as_secs_f64()
    }

    /// In milliseconds.
    pub fn round_trip_ms(&self, share: f64) -> f64 {
        at_share(&self.round_trips, share)
    }
}

fn at_share(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).map_or(f64::NAN, |us| f64::from(*us) / 1e3)
}

/// Microseconds that one session has seen.
#[derive(Default)]
struct Times {
    is_away: bool,
    latencies: Vec<u32>,
    round_trips: Vec<u32>,
}

/// When each letter of one writer was sent, in nanoseconds since the start and never 0.
struct Sent {
    room: usize,
    at: Vec<AtomicU64>,
}

struct Shared {
    plan: Plan,
    start: Instant,
    by_client: HashMap<u64, Sent>,
    delivered: AtomicU64,
    away_delivered: AtomicU64,
    sent: AtomicU64,
    phase: watch::Receiver<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Opening,
    Warming,
    Measured,
    /// Nobody types any more.
    Quiet,
    Over,
}

/// Runs the plan against `server`, in fresh rooms, with those who are away at `other`.
pub async fn run(server: &Server, other: Option<&Server>, plan: Plan) -> Result<Seen> {
    run_with(server, other, plan, || Ok([])).await.map(|(seen, [])| seen)
}

/// The same, and how far each of `also` has moved from the window's beginning to its end: others' CPU times.
pub async fn run_with<const N: usize>(
    server: &Server,
    other: Option<&Server>,
    plan: Plan,
    also: impl Fn() -> Result<[Duration; N]>,
) -> Result<(Seen, [Duration; N])> {
    plan.check()?;
    let other = match plan.away {
        0 => None,
        _ => Some(other.context("nobody can be away without a second node")?),
    };
    let (phase, watched) = watch::channel(Phase::Opening);
    let by_client = (0..plan.rooms * plan.writers).map(|writer| {
        let at = std::iter::repeat_with(AtomicU64::default).take(plan.letters_max()).collect();
        (client_id(writer), Sent { room: writer / plan.writers, at })
    });
    let shared = Arc::new(Shared {
        plan,
        start: Instant::now(),
        by_client: by_client.collect(),
        delivered: AtomicU64::new(0),
        away_delivered: AtomicU64::new(0),
        sent: AtomicU64::new(0),
        phase: watched,
    });

    let mut sessions = JoinSet::new();
    let mut opening = JoinSet::new();
    for number in 0..plan.rooms * plan.seats() {
        if opening.len() == OPENING {
            seat(opening.join_next().await, &shared, &mut sessions)?;
        }
        let is_away = number / plan.rooms >= plan.writers + plan.readers;
        let at = other.filter(|_| is_away).unwrap_or(server);
        let door = at.door(&format!("swarm-{}", number % plan.rooms));
        opening.spawn(async move { Ok((number, Client::open(&door).await?.0, door)) });
    }
    while let Some(opened) = opening.join_next().await {
        seat(Some(opened), &shared, &mut sessions)?;
    }

    phase.send_replace(Phase::Warming);
    sleep(plan.warm_up).await;
    let usage = server.usage()?;
    let away_usage = other.map(Server::usage).transpose()?;
    let away_cpu = || away_usage.map_or(Ok(Duration::ZERO), |usage| usage.cpu());
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    phase.send_replace(Phase::Measured);
    let (cpu, cpu_away, begun) = (usage.cpu()?, away_cpu()?, Instant::now());
    let also_before = also()?;
    let (delivered, delivered_away) = (count(&shared.delivered), count(&shared.away_delivered));
    sleep(plan.window).await;
    let mut seen = Seen {
        cpu: usage.cpu()?.saturating_sub(cpu),
        delivered: count(&shared.delivered) - delivered,
        away_cpu: away_cpu()?.saturating_sub(cpu_away),
        away_delivered: count(&shared.away_delivered) - delivered_away,
        window: begun.elapsed(),
        memory: usage.memory()?,
        ..Seen::default()
    };
    let mut moved = also()?;
    for (after, before) in moved.iter_mut().zip(also_before) {
        *after = after.saturating_sub(before);
    }
    phase.send_replace(Phase::Quiet);
    let others = (plan.seats() - 1) as u64;
    let missing = || {
        let delivered = count(&shared.delivered) + count(&shared.away_delivered);
        (count(&shared.sent) * others).saturating_sub(delivered)
    };
    let all_there = timeout(LAST_LETTERS, async {
        while missing() > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    });
    let _ = all_there.await;
    seen.lost = missing();
    phase.send_replace(Phase::Over);
    while let Some(ended) = sessions.join_next().await {
        let times = ended.context("a client broke")??;
        let latencies = if times.is_away { &mut seen.away_latencies } else { &mut seen.latencies };
        latencies.extend(times.latencies);
        seen.round_trips.extend(times.round_trips);
    }
    seen.latencies.sort_unstable();
    seen.away_latencies.sort_unstable();
    seen.round_trips.sort_unstable();
    Ok((seen, moved))
}

type Opened = Result<(usize, Client, Door)>;

fn seat(
    opened: Option<Result<Opened, tokio::task::JoinError>>,
    shared: &Arc<Shared>,
    sessions: &mut JoinSet<Result<Times>>,
) -> Result<()> {
    let Some(opened) = opened else { return Ok(()) };
    let (number, client, door) = opened.context("a client broke")??;
    let plan = &shared.plan;
    let (room, seat) = (number % plan.rooms, number / plan.rooms);
    let writer = (seat < plan.writers).then(|| room * plan.writers + seat);
    let is_away = seat >= plan.writers + plan.readers;
    sessions.spawn(session(client, door, room, writer, is_away, shared.clone()));
    Ok(())
}

/// Spread over the 32 bits that Yjs draws from.
pub fn client_id(writer: usize) -> u64 {
    0x4000_0000 + writer as u64 * 0x0001_0003
}

async fn session(
    mut client: Client,
    door: Door,
    room: usize,
    writer: Option<usize>,
    is_away: bool,
    shared: Arc<Shared>,
) -> Result<Times> {
    let plan = shared.plan;
    let own = writer.map(client_id);
    let mut letters = own.map(LetterWriter::new);
    let every = Duration::from_secs_f64(1.0 / plan.rate);
    let mut phase = shared.phase.clone();
    phase.wait_for(|phase| *phase != Phase::Opening).await?;
    let offset = every.mul_f64(writer.unwrap_or(0) as f64 / (plan.rooms * plan.writers) as f64);
    let mut next = tokio::time::Instant::now() + offset;
    let mut times = Times { is_away, ..Times::default() };
    let delivered = if is_away { &shared.away_delivered } else { &shared.delivered };
    // The Hocuspocus dialect acknowledges letter by letter, without saying which.
    let mut acknowledged: u64 = 0;
    loop {
        let now = *phase.borrow_and_update();
        if now == Phase::Over {
            return Ok(times);
        }
        tokio::select! {
            heard = client.hear() => match heard? {
                Heard::Update(update) => {
                    let received = shared.start.elapsed().as_nanos() as u64;
                    let count = receive(&shared, room, own, update, received, now, &mut times)?;
                    delivered.fetch_add(count, Ordering::Relaxed);
                }
                Heard::Step1 if door.answers => client.send(door.dialect.nothing(&door.name)).await?,
                Heard::Status(true) => {
                    // The first one is for the empty step 2.
                    let sent = acknowledged.checked_sub(1).zip(own);
                    acknowledged += 1;
                    if let Some((clock, own)) = sent && now == Phase::Measured {
                        let received = shared.start.elapsed().as_nanos() as u64;
                        let at = shared.sent_at(own, clock)?;
                        times.round_trips.push(micros(received, at));
                    }
                }
                Heard::Status(false) | Heard::Denied => bail!("a letter was refused"),
                _ => {}
            },
            () = sleep_until(next), if letters.is_some() && now < Phase::Quiet => {
                next += every;
                let Some((clock, update)) = letters.as_mut().map(LetterWriter::next) else { continue };
                let frame = door.dialect.update(&door.name, &update);
                let sent = own.and_then(|own| shared.by_client.get(&own)?.at.get(clock as usize));
                sent.context("more letters than planned")?
                    .store(shared.start.elapsed().as_nanos() as u64, Ordering::Release);
                client.send(frame).await?;
                shared.sent.fetch_add(1, Ordering::Relaxed);
            }
            _ = phase.changed() => {}
        }
    }
}

/// Counts the letters of others in an update, and notes how long each was under way.
fn receive(
    shared: &Shared,
    room: usize,
    own: Option<u64>,
    update: Bytes,
    received: u64,
    phase: Phase,
    times: &mut Times,
) -> Result<u64> {
    let mut count = 0;
    for (client, clocks) in Update::parse(update)?.clients() {
        let is_own = Some(client) == own;
        let sent = shared.by_client.get(&client).context("a letter of nobody")?;
        ensure!(sent.room == room, "a letter of another room");
        for clock in clocks {
            let at = shared.sent_at(client, clock)?;
            count += u64::from(!is_own);
            if phase == Phase::Measured {
                let into = if is_own { &mut times.round_trips } else { &mut times.latencies };
                into.push(micros(received, at));
            }
        }
    }
    Ok(count)
}

fn micros(received: u64, sent: u64) -> u32 {
    u32::try_from(received.saturating_sub(sent) / 1_000).unwrap_or(u32::MAX)
}

impl Shared {
    fn sent_at(&self, client: u64, clock: u64) -> Result<u64> {
        let sent = self.by_client.get(&client).context("a letter of nobody")?;
        let at = sent.at.get(clock as usize).context("a letter that nobody typed")?.load(Ordering::Acquire);
        ensure!(at > 0, "a letter that nobody has typed yet");
        Ok(at)
    }
}
