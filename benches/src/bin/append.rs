//! How many rows a second the log takes, and how long one waits: as the saver uses it.
//!
//! `append ADDRESS [--writers 200] [--seconds 5] [--bytes 60]`
//!
//! Each writer has a document of its own, hands in one update, waits until it has landed, and
//! hands in the next. One saver commits whatever gathered while its previous commit ran.

use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use crdt_store::documents::{NewDocument, Sharing};
use crdt_store::log::{Batch, Entry, Outcome};
use crdt_store::{Db, DbOptions, DocumentId};
use tokio::sync::{mpsc, oneshot};

#[derive(Parser)]
struct Asked {
    /// `sqlite:PATH` or `postgres://…`; what it writes there stays.
    address: String,
    /// Documents that are written at the same time.
    #[arg(long, default_value_t = 200)]
    writers: usize,
    /// How long.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Of each update.
    #[arg(long, default_value_t = 60)]
    bytes: usize,
}

struct Handed {
    document: DocumentId,
    landed: oneshot::Sender<()>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = Asked::parse();
    let db = Db::open(&asked.address, DbOptions::default()).await?;
    db.migrate().await?;
    anyhow::ensure!(db.is_durable().await?, "fsync is off: the figures would be of nothing");

    let mut documents = Vec::with_capacity(asked.writers);
    for _ in 0..asked.writers {
        let made = db
            .documents()
            .create(NewDocument {
                id: DocumentId::fresh(),
                name: None,
                title: "bench".to_owned(),
                community_id: None,
                visibility: Sharing::Link,
                created_by: None,
                seed: None,
            })
            .await?;
        documents.push(made.into_document().id);
    }

    let update = Bytes::from(vec![7; asked.bytes]);
    let (sender, mut receiver) = mpsc::channel::<Handed>(asked.writers);
    let saver = tokio::spawn({
        let log = db.log();
        async move {
            let mut commits = 0u64;
            let mut gathered = Vec::new();
            while receiver.recv_many(&mut gathered, usize::MAX).await > 0 {
                gathered.sort_by_key(|handed| handed.document);
                let batches: Vec<Batch> = gathered
                    .iter()
                    .map(|handed| Batch {
                        document: handed.document,
                        epoch: 1,
                        entries: vec![Entry::by_server(update.clone())],
                    })
                    .collect();
                let outcomes = log.append(batches).await?;
                anyhow::ensure!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Landed(_))));
                commits += 1;
                for handed in gathered.drain(..) {
                    let _ = handed.landed.send(());
                }
            }
            anyhow::Ok(commits)
        }
    });

    let begun = Instant::now();
    let end = begun + Duration::from_secs(asked.seconds);
    let mut writers = tokio::task::JoinSet::new();
    for document in documents {
        let sender = sender.clone();
        writers.spawn(async move {
            let mut waits = Vec::new();
            while Instant::now() < end {
                let handed_at = Instant::now();
                let (landed, heard) = oneshot::channel();
                if sender.send(Handed { document, landed }).await.is_err() || heard.await.is_err() {
                    break;
                }
                waits.push(handed_at.elapsed());
            }
            waits
        });
    }
    drop(sender);
    let mut waits: Vec<Duration> = writers.join_all().await.into_iter().flatten().collect();
    let took = begun.elapsed().as_secs_f64();
    let commits = saver.await??;
    waits.sort();
    let at = |share: f64| {
        let place = (waits.len() as f64 * share) as usize;
        waits.get(place).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    };
    println!(
        "{:?}: {} writers, {:.0} rows/s, {:.0} commits/s, wait p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        db.engine(),
        asked.writers,
        waits.len() as f64 / took,
        commits as f64 / took,
        at(0.5),
        at(0.99),
        at(1.0 - f64::EPSILON),
    );
    db.close().await;
    Ok(())
}
