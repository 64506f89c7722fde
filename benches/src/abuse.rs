//! What people notice of somebody who floods, stops reading or knocks all the time: the letters of a swarm, with and
//! without such a client next to it.
//!
//! The abuser is a process of its own that does its worst for as long as it lives. A real one has a machine of its own:
//! here it only runs when a processor has nothing else to do (`SCHED_IDLE`; with the lowest nice value it would still
//! keep others waiting for a few milliseconds at a time). One that is busy and sends nothing shows what is left of that.
//! Documents are those of an open server.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::ValueEnum;
use crdt_store::update::lib0;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    process::{Child, Command},
    time::sleep,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    MIB,
    client::{Client, Door},
    dialect::Dialect,
    server::{Kind, Programs, Server},
    swarm::{self, Plan, Seen},
    table::{Table, median},
    typist::LetterWriter,
};

/// At once, of those who come and go or do not read.
const TASKS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Abuse {
    /// Edits as fast as they are taken, in a document of its own
    Updates,
    /// Presence as fast as it is taken, in a document of the others
    Presence,
    /// Sits in documents of the others and never reads
    Deaf,
    /// Opens documents one after another
    Documents,
    /// Shows tokens that nobody has signed
    Tokens,
    /// Connects, says hello and goes
    Knocking,
    /// Sends what is no message at all
    Junk,
    /// Uses the processors and sends nothing
    Busy,
}

impl Abuse {
    fn name(self) -> &'static str {
        match self {
            Self::Updates => "a flood of edits",
            Self::Presence => "a flood of presence, among the others",
            Self::Deaf => "readers who do not read, among the others",
            Self::Documents => "a flood of documents",
            Self::Tokens => "a flood of wrong tokens",
            Self::Knocking => "a flood of connections",
            Self::Junk => "a flood of junk",
            Self::Busy => "somebody busy who sends nothing",
        }
    }
}

/// Each abuse (of `only`, or of all) next to a quiet run, turn by turn.
pub async fn table(programs: &mut Programs, only: &[Abuse], rounds: usize, plan: Plan) -> Result<Table> {
    let abuses = if only.is_empty() { Abuse::value_variants() } else { only };
    let cases: Vec<Option<Abuse>> = std::iter::once(None).chain(abuses.iter().copied().map(Some)).collect();
    let mut runs: Vec<Vec<(Seen, f64)>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for (case, seen) in cases.iter().zip(&mut runs) {
            let run = run(programs, *case, plan).await?;
            let name = case.map_or("nobody", Abuse::name);
            eprintln!(
                "round {round}, {name}: p50 {:.2} ms, p99 {:.2} ms",
                run.0.latency_ms(0.5),
                run.0.latency_ms(0.99)
            );
            seen.push(run);
        }
    }
    let mut table = Table::new(&[
        "next to",
        "p50 ms",
        "p99 ms",
        "p99 to the quiet one",
        "acknowledged, p99 ms",
        "lost",
        "memory MiB",
        "a while after, MiB",
    ]);
    let middle = |runs: &[(Seen, f64)], of: &dyn Fn(&Seen) -> f64| median(runs.iter().map(|(seen, _)| of(seen)));
    let quiet = middle(&runs[0], &|seen| seen.latency_ms(0.99));
    for (case, runs) in cases.iter().zip(&runs) {
        let p99 = middle(runs, &|seen| seen.latency_ms(0.99));
        table.row(vec![
            case.map_or("nobody", Abuse::name).to_owned(),
            format!("{:.2}", middle(runs, &|seen| seen.latency_ms(0.5))),
            format!("{p99:.2}"),
            format!("{:.2}", p99 / quiet),
            format!("{:.1}", middle(runs, &|seen| seen.round_trip_ms(0.99))),
            runs.iter().map(|(seen, _)| seen.lost).sum::<u64>().to_string(),
            format!("{:.0}", middle(runs, &|seen| seen.memory as f64 / MIB)),
            format!("{:.0}", median(runs.iter().map(|(_, after)| after / MIB))),
        ]);
    }
    Ok(table)
}

/// The swarm next to that abuse, and the server's memory when all have been gone for a while.
async fn run(programs: &mut Programs, abuse: Option<Abuse>, plan: Plan) -> Result<(Seen, f64)> {
    let mut server = Server::start(Kind::Unisson, programs).await?;
    let abuser = abuse.map(|abuse| abuser(&server, abuse)).transpose()?;
    let seen = swarm::run(&server, None, plan).await;
    drop(abuser);
    // Rooms that nobody uses leave memory after half a minute.
    sleep(Duration::from_secs(if abuse.is_some() { 35 } else { 1 })).await;
    let after = server.usage()?.memory()?;
    server.down().await?;
    Ok((seen?, after as f64))
}

fn abuser(server: &Server, abuse: Abuse) -> Result<Child> {
    let word = abuse.to_possible_value().context("each has a name")?;
    Command::new("chrt")
        .args(["--idle", "0"])
        .arg(std::env::current_exe()?)
        .args(["abuser", &server.door("").address.to_string(), word.get_name()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("can't start the abuser")
}

/// Does its worst until it is killed; ends by itself after ten minutes.
pub async fn be(address: SocketAddr, abuse: Abuse) -> Result<()> {
    let tasks: Vec<_> = (0..TASKS).map(|number| tokio::spawn(again_and_again(address, abuse, number))).collect();
    sleep(Duration::from_secs(600)).await;
    for task in tasks {
        task.abort();
    }
    Ok(())
}

async fn again_and_again(address: SocketAddr, abuse: Abuse, number: usize) {
    for turn in 0_u64.. {
        // Whatever it was refused for, it comes again.
        if once(address, abuse, number, turn).await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn once(address: SocketAddr, abuse: Abuse, number: usize, turn: u64) -> Result<()> {
    match abuse {
        Abuse::Updates if number > 0 => std::future::pending().await,
        Abuse::Updates => {
            let door = yjs(address, &format!("flood-{turn}"));
            let mut letters = LetterWriter::new(7 + turn);
            flood(&door, || door.dialect.update(&door.name, &letters.next().1)).await
        }
        Abuse::Presence => {
            let door = yjs(address, &format!("swarm-{number}"));
            let mut clock = 0;
            flood(&door, || {
                clock += 1;
                door.dialect.awareness(&door.name, &presence(900 + number as u64, clock))
            })
            .await
        }
        Abuse::Deaf => {
            let door = yjs(address, &format!("swarm-{number}"));
            let mut sockets = Vec::new();
            for _ in 0..4 {
                sockets.push(Client::open(&door).await?.0);
            }
            std::future::pending().await
        }
        Abuse::Documents => {
            let door = collab(address, "");
            let mut client = Client::connect(&door).await?;
            for document in 0.. {
                let name = format!("{number}/{turn}/{document}");
                for frame in door.dialect.greetings(&name) {
                    client.ws.feed(Message::Binary(frame)).await?;
                }
                client.ws.flush().await?;
                client.ws.next().await.context("closed")??;
            }
            Ok(())
        }
        Abuse::Tokens => {
            let door = collab(address, "");
            flood(&door, || {
                let mut frame = door.dialect.address("swarm-1");
                frame.extend_from_slice(&[2, 0]);
                lib0::write_var_string(&mut frame, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA");
                frame.into()
            })
            .await
        }
        Abuse::Knocking => Client::open(&yjs(address, &format!("swarm-{number}"))).await.map(|_| ()),
        Abuse::Junk => {
            let door = yjs(address, &format!("swarm-{number}"));
            let mut byte = 0_u8;
            flood(&door, || {
                byte = byte.wrapping_mul(31).wrapping_add(17);
                Bytes::from(vec![byte; 1 + usize::from(byte)])
            })
            .await
        }
        Abuse::Busy => {
            for number in 0..10_000_u64 {
                std::hint::black_box(number);
            }
            tokio::task::yield_now().await;
            Ok(())
        }
    }
}

/// Sends frame after frame, and reads what comes back, until the server closes.
async fn flood(door: &Door, mut frame: impl FnMut() -> Bytes) -> Result<()> {
    let mut client = Client::connect(door).await?;
    for frame in door.dialect.greetings(&door.name) {
        client.send(frame).await?;
    }
    let (mut to, mut from) = client.ws.split();
    let sending = async {
        loop {
            for _ in 0..64 {
                to.feed(Message::Binary(frame())).await?;
            }
            to.flush().await?;
            tokio::task::yield_now().await;
        }
    };
    let reading = async { while from.next().await.is_some_and(|frame| frame.is_ok()) {} };
    tokio::select! {
        sent = sending => sent,
        () = reading => Ok(()),
    }
}

fn presence(client: u64, clock: u64) -> Vec<u8> {
    let mut entries = Vec::new();
    for number in [1, client, clock] {
        lib0::write_var_uint(&mut entries, number);
    }
    lib0::write_var_string(&mut entries, &format!(r#"{{"at":{clock}}}"#));
    entries
}

fn yjs(address: SocketAddr, name: &str) -> Door {
    Door { address, path: format!("/yjs/{name}"), name: name.to_owned(), dialect: Dialect::Yjs, answers: true }
}

fn collab(address: SocketAddr, name: &str) -> Door {
    Door { address, path: "/collab".to_owned(), name: name.to_owned(), dialect: Dialect::Hocuspocus, answers: true }
}
