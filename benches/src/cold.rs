//! Opening a long document on a server that has just started: from the TCP connection to the whole of the step 2,
//! for a client that has nothing.
//!
//! The document is an editing session typed letter by letter through the server under test, kept and merged as that
//! server does it by itself; then the server is restarted before each opening. The pages of its files are in the
//! system's cache: what is measured is the server, not the disk.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Door},
    dialect::Heard,
    server::{Kind, Programs, Server},
    typist::LetterWriter,
    usage::Tree,
};

const DOCUMENT: &str = "paper";
/// All of it acknowledged.
const TYPING_TIMEOUT: Duration = Duration::from_secs(600);
const COMPACTION_TIMEOUT: Duration = Duration::from_secs(15);
const SLOW_LETTERS: usize = 540;
/// A peer that stores some seconds after the last edit has done so by then.
const STORED_AFTER: Duration = Duration::from_secs(4);
/// No CPU time for so long: what comes with the start is over.
const QUIET_FOR: Duration = Duration::from_millis(300);
/// LevelDB is behind by minutes after 260,000 edits.
const QUIET_TIMEOUT: Duration = Duration::from_secs(240);
/// What is left to do when the client has everything still counts.
const AFTERWARDS: Duration = Duration::from_millis(20);

/// One opening.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub took: Duration,
    pub cpu: Duration,
    /// A second client right after it.
    pub again_took: Duration,
    pub bytes: usize,
    pub memory: u64,
}

/// A server that keeps the document.
pub struct Shelf {
    server: Server,
    /// Letters at the end: no answer is shorter.
    letters: usize,
    /// How long the typing took, until the last acknowledgement.
    pub typed_in: Duration,
}

impl Shelf {
    pub async fn fill(kind: Kind, programs: &mut Programs, updates: &[Bytes], letters: usize) -> Result<Self> {
        let mut server = Server::start(kind, programs).await?;
        let typed_in = write(&server.door(DOCUMENT), updates).await?;
        if kind.is_ours() {
            // Rows enough for the log of a closed document to be merged, which happens after a start.
            type_slowly(&server.door(DOCUMENT), SLOW_LETTERS).await?;
            server.down().await?;
            server.up().await?;
            let compacted = timeout(COMPACTION_TIMEOUT, async {
                while server.counted("unisson_compactions_total").await? < 1.0 {
                    sleep(Duration::from_millis(200)).await;
                }
                Ok::<(), anyhow::Error>(())
            });
            if compacted.await.is_err() {
                eprintln!("{}: the server found nothing to compact after its start", kind.name());
            }
        } else {
            sleep(STORED_AFTER).await;
        }
        quiet(server.usage()?).await?;
        Ok(Self { server, letters, typed_in })
    }

    /// Restarts the server and opens the document.
    pub async fn open(&mut self) -> Result<Opening> {
        self.server.down().await?;
        self.server.up().await?;
        let usage = self.server.usage()?;
        quiet(usage).await?;
        let before = usage.fine_cpu()?;
        let door = self.server.door(DOCUMENT);
        let (_client, opened) = Client::open(&door).await?;
        sleep(AFTERWARDS).await;
        let cpu = usage.fine_cpu()?.saturating_sub(before);
        ensure!(opened.bytes >= self.letters, "only {} bytes of the document came", opened.bytes);
        let (_other, again) = Client::open(&door).await?;
        Ok(Opening { took: opened.took, cpu, again_took: again.took, bytes: opened.bytes, memory: usage.memory()? })
    }
}

/// Sends every update in a frame of its own and waits until each is acknowledged or comes back.
async fn write(door: &Door, updates: &[Bytes]) -> Result<Duration> {
    let started = Instant::now();
    let (client, _) = Client::open(door).await?;
    let (mut sink, mut stream) = client.ws.split();
    let (dialect, expected) = (door.dialect, updates.len());
    let hearing = tokio::spawn(async move {
        let mut acknowledged = 0;
        while acknowledged < expected {
            let frame = match stream.next().await.context("the server closed the socket")?? {
                Message::Binary(frame) => frame,
                Message::Close(frame) => bail!("the server closed the socket: {frame:?}"),
                _ => continue,
            };
            match dialect.read(&frame)? {
                Heard::Update(_) | Heard::Status(true) => acknowledged += 1,
                Heard::Status(false) | Heard::Denied => bail!("an edit was refused"),
                _ => {}
            }
        }
        Ok(stream)
    });
    for some in updates.chunks(64) {
        for update in some {
            sink.feed(Message::Binary(dialect.update(&door.name, update))).await?;
        }
        sink.flush().await?;
    }
    let heard = timeout(TYPING_TIMEOUT, hearing).await.context("not every edit is acknowledged")?;
    drop(heard.context("the listener broke")??);
    let took = started.elapsed();
    sink.close().await?;
    Ok(took)
}

/// Types letters one at a time, each acknowledged before the next: each is a row of the log.
async fn type_slowly(door: &Door, count: usize) -> Result<()> {
    let (mut client, _) = Client::open(door).await?;
    let mut writer = LetterWriter::new(0x7fff_0001);
    for _ in 0..count {
        client.send(door.dialect.update(&door.name, &writer.next().1)).await?;
        let acknowledged = timeout(TYPING_TIMEOUT, async {
            while !matches!(client.hear().await?, Heard::Update(_) | Heard::Status(true)) {}
            Ok::<(), anyhow::Error>(())
        });
        acknowledged.await.context("a letter is not acknowledged")??;
    }
    Ok(())
}

/// Waits until a server has nothing to do.
pub async fn quiet(usage: Tree) -> Result<()> {
    let deadline = Instant::now() + QUIET_TIMEOUT;
    let mut before = usage.fine_cpu()?;
    loop {
        sleep(QUIET_FOR).await;
        let now = usage.fine_cpu()?;
        // Timers that come and go cost a little even then.
        if now.saturating_sub(before) < QUIET_FOR / 100 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the server is never at rest");
        before = now;
    }
}
